/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_RING_H_
#define _PDDGPU_RING_H_

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include <drm/gpu_scheduler.h>

#include "include/pddgpu_regs.h"

struct drm_printer;
struct pddgpu_bo;
struct pddgpu_device;
struct pddgpu_fence;
struct pddgpu_job;

/*
 * A job takes one slot of fixed size: SET_VMID, INDIRECT, FENCE and padding.
 * The scheduler's credits keep more than PDDGPU_RING_JOBS from being in flight,
 * so a ring that is twice that long never overflows and nobody reads RPTR.
 */
#define PDDGPU_RING_SLOT_DWORDS	16
#define PDDGPU_RING_SLOTS	256
#define PDDGPU_RING_JOBS	(PDDGPU_RING_SLOTS / 2)
#define PDDGPU_RING_DWORDS	(PDDGPU_RING_SLOTS * PDDGPU_RING_SLOT_DWORDS)

/* VMIDs 1..15 are shared out: copy gets 1-7, compute 8-14. */
#define PDDGPU_RING_VMIDS	7

/**
 * struct pddgpu_ring_vmid - what a VMID of a ring was last set to
 *
 * An engine runs its ring in order and has VMIDs of its own, so a SET_VMID in
 * the stream is all it takes to reuse one.
 */
struct pddgpu_ring_vmid {
	/** @root: VMID base that was loaded, 0 if none */
	u64 root;
	/** @pt_seq: page-table sequence that was current then, see struct pddgpu_job */
	u64 pt_seq;
	/** @used: ring seqno of the last job that used it */
	u64 used;
};

/**
 * struct pddgpu_writeback - what the card writes back, a page an engine
 */
struct pddgpu_writeback {
	/** @seqno: value of the last FENCE */
	u64 seqno;
	/** @pad: keeps the array off the hot cache line */
	u64 pad[7];
	/** @status: PDDGPU_ERR_* of a job, at its seqno modulo PDDGPU_RING_SLOTS */
	u32 status[PDDGPU_RING_SLOTS];
};

/**
 * struct pddgpu_ring - an engine's ring, its fences and its scheduler
 */
struct pddgpu_ring {
	/** @pdev: the card */
	struct pddgpu_device *pdev;
	/** @engine: PDDGPU_ENGINE_* */
	u32 engine;
	/** @name: for logs and fences, constant */
	const char *name;

	/** @bo: pinned GTT memory: the ring, then a page of struct pddgpu_writeback */
	struct pddgpu_bo *bo;
	/** @addr: VMID 0 address of the ring */
	u64 addr;
	/** @cpu: CPU mapping of the ring */
	u32 *cpu;
	/** @wb_addr: VMID 0 address of @wb */
	u64 wb_addr;
	/** @wb: CPU mapping of the writeback page */
	struct pddgpu_writeback *wb;

	/** @sched: feeds the ring; its one thread alone emits */
	struct drm_gpu_scheduler sched;
	/** @slot: next slot to fill; scheduler thread, or reset with it stopped */
	u32 slot;
	/** @seqno: last one emitted; as @slot */
	u64 seqno;
	/** @vmids: what the ring's VMIDs hold; as @slot */
	struct pddgpu_ring_vmid vmids[PDDGPU_RING_VMIDS];

	/** @fence_context: dma_fence context of the ring's fences */
	u64 fence_context;
	/** @fence_lock: protects @fences, and is the lock of the fences */
	spinlock_t fence_lock;
	/** @fences: struct pddgpu_fence not yet signalled, oldest first */
	struct list_head fences;

	/** @resets: engine resets so far; reset path writes, debugfs reads */
	u64 resets;
};

/**
 * pddgpu_ring_init() - Allocate a ring and start its engine and scheduler
 * @ring: the ring, zeroed
 * @pdev: the card; GART, buffer objects and interrupts are up
 * @engine: PDDGPU_ENGINE_*
 *
 * Return: 0 or the error of allocating memory or starting the scheduler.
 */
int pddgpu_ring_init(struct pddgpu_ring *ring, struct pddgpu_device *pdev, u32 engine);

/**
 * pddgpu_ring_fini() - Stop scheduler and engine and free the ring
 * @ring: the ring; the card may be gone
 *
 * Every fence of the ring is signalled, with -ENODEV if the job never ran.
 */
void pddgpu_ring_fini(struct pddgpu_ring *ring);

/**
 * pddgpu_ring_test() - See that the engine runs and interrupts
 * @ring: the ring
 *
 * Return: 0, -ETIMEDOUT if a fence did not come back within a second, -EIO if
 * it came back wrong.
 */
int pddgpu_ring_test(struct pddgpu_ring *ring);

/**
 * pddgpu_ring_emit() - Put a job on the ring and ring the doorbell
 * @ring: the ring
 * @job: the job; its hardware fence has its seqno
 *
 * Caller is the scheduler thread, or the reset path with that stopped, between
 * drm_dev_enter() and drm_dev_exit().  Cannot fail.
 */
void pddgpu_ring_emit(struct pddgpu_ring *ring, struct pddgpu_job *job);

/**
 * pddgpu_ring_process() - Signal the fences that the card has passed
 * @ring: the ring
 *
 * Any context that may take @ring->fence_lock; the interrupt handler's work.
 *
 * Return: true if a fence was signalled.
 */
bool pddgpu_ring_process(struct pddgpu_ring *ring);

/**
 * pddgpu_ring_reset() - Stop the engine and start it with an empty ring
 * @ring: the ring, its scheduler stopped
 *
 * The caller emits again what should still run.
 *
 * Return: 0, or -ETIMEDOUT if the engine does not stop within a second.
 */
int pddgpu_ring_reset(struct pddgpu_ring *ring);

/**
 * pddgpu_ring_print() - State of ring and fences
 * @ring: the ring
 * @p: where to; registers are read if the card is there
 */
void pddgpu_ring_print(struct pddgpu_ring *ring, struct drm_printer *p);

#endif
