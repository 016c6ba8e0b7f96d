/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_PEEK_H_
#define _PDDGPU_PEEK_H_

#include <linux/types.h>

struct pddgpu_bo;
struct pddgpu_device;

/**
 * struct pddgpu_peek - where memory of the card is gathered to be looked at
 */
struct pddgpu_peek {
	/** @pdev: the card */
	struct pddgpu_device *pdev;
	/** @bo: pinned GTT memory */
	struct pddgpu_bo *bo;
	/** @addr: its VMID 0 address */
	u64 addr;
	/** @cpu: its CPU mapping */
	void *cpu;
};

/**
 * pddgpu_peek_init() - Make room for what will be looked at
 * @peek: filled in, for pddgpu_peek_fini()
 * @pdev: the card; the caller has entered the device and stays until
 *        pddgpu_peek_fini()
 * @size: bytes, not 0
 *
 * Return: 0 or the error of pddgpu_bo_create_pinned().
 */
int pddgpu_peek_init(struct pddgpu_peek *peek, struct pddgpu_device *pdev, u64 size);

/**
 * pddgpu_peek_fini() - Give the room back
 * @peek: from pddgpu_peek_init()
 */
void pddgpu_peek_fini(struct pddgpu_peek *peek);

/**
 * pddgpu_peek_card() - Read memory of the card
 * @peek: where to
 * @at: offset in @peek->cpu, bytes
 * @addr: VMID 0 address, of VRAM or of an on-chip heap
 * @bytes: how many; both ranges are within bounds
 *
 * What the aperture does not show is fetched by a job of the copy engine, which
 * is waited for: the caller holds nothing that a fence could be waiting for.
 *
 * Return: 0, or the error of that job: -ENOMEM, -ENODEV, -EIO if wedged.
 */
int pddgpu_peek_card(struct pddgpu_peek *peek, u64 at, u64 addr, u64 bytes);

/**
 * pddgpu_peek_bo() - Read a buffer, wherever it is
 * @peek: where to, from its first byte on; zeroed, or what is missing stays as it was
 * @bo: the buffer, not reserved; a private one not even by another of its address space
 * @pos: offset in it, bytes
 * @bytes: how many; both ranges are within bounds
 *
 * Waits for moves.  Moves nothing itself, except that pages come back from swap.
 *
 * Return: 0, -EINTR-like, or as pddgpu_peek_card().
 */
int pddgpu_peek_bo(struct pddgpu_peek *peek, struct pddgpu_bo *bo, u64 pos, u64 bytes);

#endif
