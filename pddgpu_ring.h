/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_RING_H_
#define _PDDGPU_RING_H_

#include <linux/mutex.h>
#include <linux/types.h>

#include <drm/gpu_scheduler.h>

#include "include/pddgpu_regs.h"

struct drm_printer;
struct pddgpu_bo;
struct pddgpu_device;
struct pddgpu_job;
struct pddgpu_timeline;

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
	/** @pad: keeps the rest off the hot cache line */
	u64 pad[6];
	/** @scratch: a ring test writes here */
	u32 scratch[2];
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

	/**
	 * @bo: pinned GTT memory: the ring, then a page of struct
	 * pddgpu_writeback; NULL after unplug
	 */
	struct pddgpu_bo *bo;
	/** @addr: VMID 0 address of the ring */
	u64 addr;
	/** @cpu: CPU mapping of the ring: little-endian dwords, as the CPU's are */
	u32 *cpu;
	/** @wb_addr: VMID 0 address of @wb */
	u64 wb_addr;
	/** @wb: CPU mapping of the writeback page */
	struct pddgpu_writeback *wb;

	/** @sched: feeds the ring; its one thread alone emits */
	struct drm_gpu_scheduler sched;
	/** @push_lock: keeps arming and pushing of a job together; innermost mutex */
	struct mutex push_lock;
	/** @slot: next slot to fill; scheduler thread, or reset with it stopped */
	u32 slot;
	/** @vmids: what the ring's VMIDs hold; as @slot */
	struct pddgpu_ring_vmid vmids[PDDGPU_RING_VMIDS];
	/** @timeline: its fences, a reference */
	struct pddgpu_timeline *timeline;

	/** @resets: engine resets so far; reset path writes, debugfs reads */
	u64 resets;
};

/**
 * pddgpu_ring_init() - Allocate a ring and start its scheduler
 * @ring: the ring, zeroed
 * @pdev: the card; GART, buffer objects and @pdev->reset_wq are up
 * @engine: PDDGPU_ENGINE_*
 *
 * The scheduler is reachable from open files and lives as long as @pdev->drm.
 *
 * Return: 0 or the error of allocating memory or starting the scheduler.
 */
int pddgpu_ring_init(struct pddgpu_ring *ring, struct pddgpu_device *pdev, u32 engine);

/**
 * pddgpu_ring_start() - Start the engine with an empty ring
 * @ring: the ring; its engine is in the state that a reset leaves, the device
 *        entered
 */
void pddgpu_ring_start(struct pddgpu_ring *ring);

/**
 * pddgpu_ring_fini() - Free what the card used
 * @ring: the ring; its engine is stopped, nobody can enter the device, and
 *        pddgpu_ring_fail() has been called
 *
 * The scheduler goes on and fails all it is given.
 */
void pddgpu_ring_fini(struct pddgpu_ring *ring);

/**
 * pddgpu_ring_test() - See that the engine runs and interrupts
 * @ring: the ring; no job was pushed to it yet
 *
 * Return: 0, -ETIMEDOUT if a fence did not come back within a second, -EIO if
 * the engine did something else than it was told, -ENOMEM.
 */
int pddgpu_ring_test(struct pddgpu_ring *ring);

/**
 * pddgpu_ring_emit() - Put a job on the ring and ring the doorbell
 * @ring: the ring
 * @job: the job; its hardware fence is armed.  Of one that is cancelled only the
 *       fence is put there
 *
 * Caller is the scheduler thread, or the reset path with that stopped, between
 * drm_dev_enter() and drm_dev_exit().  Cannot fail.
 */
void pddgpu_ring_emit(struct pddgpu_ring *ring, struct pddgpu_job *job);

/**
 * pddgpu_ring_process() - Signal the fences that the card has passed
 * @ring: the ring; its memory is there: caller is the interrupt handler or has
 *        entered the device
 *
 * Reads memory only, no register.
 *
 * Return: true if a fence was signalled.
 */
bool pddgpu_ring_process(struct pddgpu_ring *ring);

/**
 * pddgpu_ring_reset() - Stop the engine and start it with an empty ring
 * @ring: the ring, its scheduler stopped; device entered
 *
 * Signals what the engine still finished.  The caller emits again what should
 * still run.
 *
 * Return: 0, -ETIMEDOUT if the engine does not stop within a second, -EIO if
 * the card does not answer.
 */
int pddgpu_ring_reset(struct pddgpu_ring *ring);

/**
 * pddgpu_ring_fail() - Give up all fences of a ring, now and in future
 * @ring: the ring; its engine is stopped or cut off from memory
 * @error: negative errno for them
 */
void pddgpu_ring_fail(struct pddgpu_ring *ring, int error);

/**
 * pddgpu_ring_is_busy() - See whether jobs are in flight
 * @ring: the ring
 *
 * Return: true if a fence has not been signalled.
 */
bool pddgpu_ring_is_busy(struct pddgpu_ring *ring);

/**
 * pddgpu_ring_halted() - See whether an error in the ring stopped the engine
 * @ring: the ring; device entered
 *
 * Return: true if so; logged.
 */
bool pddgpu_ring_halted(struct pddgpu_ring *ring);

/**
 * pddgpu_ring_print() - State of ring and fences
 * @ring: the ring
 * @p: where to; ring and registers are read if the card is there
 */
void pddgpu_ring_print(struct pddgpu_ring *ring, struct drm_printer *p);

#endif
