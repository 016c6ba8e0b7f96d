/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_RES_CURSOR_H_
#define _PDDGPU_RES_CURSOR_H_

#include <linux/types.h>

#include "pddgpu_onchip.h"

struct ttm_resource;
struct ttm_tt;

/**
 * struct pddgpu_res_cursor - walks the memory of a placement run by run
 *
 * One cursor for VRAM blocks, on-chip heaps and system pages, so that nobody who
 * copies, clears or maps has to know which it has.  Each step is the longest run that
 * is contiguous for the card.
 */
struct pddgpu_res_cursor {
	/** @addr: where the run starts: VMID 0 address, or DMA address */
	u64 addr;
	/** @size: bytes left in the run, at most @remaining */
	u64 size;
	/** @remaining: bytes left to walk in all; 0 when done */
	u64 remaining;
	/** @system: @addr is a DMA address */
	bool system;
	/** @offset: offset of @addr in the buffer, bytes */
	u64 offset;
	/** @tt: the system pages walked, else NULL */
	struct ttm_tt *tt;
	/** @node: the last VRAM block of the run (struct gpu_buddy_block), else NULL */
	void *node;
};

/**
 * pddgpu_res_on_card() - Tell the card's memory from the system's
 * @res: any placement
 *
 * Return: true if it is in VRAM or in an on-chip heap: it has no pages, and needs the copy
 * engine, or the aperture, to be filled or looked at.
 */
static inline bool pddgpu_res_on_card(const struct ttm_resource *res)
{
	return res->mem_type == TTM_PL_VRAM || pddgpu_onchip_holds(res);
}

/**
 * pddgpu_res_first() - Start a walk
 * @res: a placement on the card, or in GTT or system memory
 * @tt: the populated pages with DMA addresses of one that is not on the card, else
 *      ignored
 * @start: first byte of the buffer to walk
 * @size: bytes to walk, not 0; @start + @size is within the buffer
 * @cur: the cursor, on its first run afterwards
 *
 * The caller keeps placement and pages in place, e.g. by the reservation.
 */
void pddgpu_res_first(struct ttm_resource *res, struct ttm_tt *tt, u64 start, u64 size,
		      struct pddgpu_res_cursor *cur);

/**
 * pddgpu_res_next() - Step forward
 * @cur: the cursor
 * @size: bytes to step, at most @cur->size
 */
void pddgpu_res_next(struct pddgpu_res_cursor *cur, u64 size);

#endif
