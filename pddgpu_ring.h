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
struct pddgpu_fence;
struct pddgpu_job;
struct pddgpu_timeline;

/*
 * A job takes one slot of fixed size: SET_VMID, SET_ONCHIP, INDIRECT, FENCE and
 * padding; one of the kernel INDIRECT, FENCE, and a WAIT for its success.
 * The scheduler's credits keep more than PDDGPU_RING_JOBS from being in flight,
 * so a ring that is twice that long never overflows and nobody reads RPTR.
 */
#define PDDGPU_RING_SLOT_DWORDS	32
#define PDDGPU_RING_SLOTS	256
#define PDDGPU_RING_JOBS	(PDDGPU_RING_SLOTS / 2)
#define PDDGPU_RING_DWORDS	(PDDGPU_RING_SLOTS * PDDGPU_RING_SLOT_DWORDS)

/* VMIDs 1..15 are shared out: copy gets 1-7, compute 8-14. */
#define PDDGPU_RING_VMIDS	7

/**
 * struct pddgpu_ring_vmid - what a VMID of a ring was last set to
 *
 * An engine runs its ring in order and has VMIDs of its own, so a SET_VMID in
 * the stream, and a SET_ONCHIP, is all it takes to reuse one.
 */
struct pddgpu_ring_vmid {
	/** @root: VMID base that was loaded, 0 if none */
	u64 root;
	/** @pt_seq: page-table sequence that was current then, see struct pddgpu_job */
	u64 pt_seq;
	/** @windows: its windows of the on-chip heaps, PDDGPU_ONCHIP_WINDOW_* */
	u32 windows[PDDGPU_NUM_ONCHIP];
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
 * struct pddgpu_ring_stop - where an engine is, or was when it was stopped
 */
struct pddgpu_ring_stop {
	/** @rptr: PDDGPU_ENGINE_RING_RPTR */
	u32 rptr;
	/** @status: PDDGPU_ENGINE_STATUS */
	u32 status;
};

/**
 * enum pddgpu_ring_fate - how far a job came before its engine was stopped
 */
enum pddgpu_ring_fate {
	/** @PDDGPU_RING_FATE_WAITING: not begun: it can be emitted again */
	PDDGPU_RING_FATE_WAITING,
	/** @PDDGPU_RING_FATE_STARTED: cut off in the middle */
	PDDGPU_RING_FATE_STARTED,
	/** @PDDGPU_RING_FATE_RAN: all of it ran, though its fence has not told */
	PDDGPU_RING_FATE_RAN,
};

/**
 * struct pddgpu_ring_progress - what an engine has done so far
 */
struct pddgpu_ring_progress {
	/** @passed: it has gone beyond the job; all else is 0 then */
	bool passed;
	/** @rptr: dwords of the ring */
	u64 rptr;
	/** @ib_rptr: dwords of the command buffer */
	u64 ib_rptr;
	/** @packets: PDDGPU_STAT_PACKETS */
	u64 packets;
	/** @bytes_read: PDDGPU_STAT_BYTES_READ */
	u64 bytes_read;
	/** @bytes_written: PDDGPU_STAT_BYTES_WRITTEN */
	u64 bytes_written;
};

/**
 * struct pddgpu_watch - what the heartbeat knows of an engine; heartbeat only
 */
struct pddgpu_watch {
	/** @seqno: the job that was to end next */
	u64 seqno;
	/** @progress: how far it was */
	struct pddgpu_ring_progress progress;
	/** @since: when it was first seen, jiffies */
	unsigned long since;
	/** @next: when to look again, jiffies */
	unsigned long next;
	/** @stalled: looks in a row that have shown no progress */
	u32 stalled;
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

	/** @stop: where the engine was at the last reset; by &pddgpu_device.reset_lock */
	struct pddgpu_ring_stop stop;
	/** @watch: what the heartbeat saw last, see struct pddgpu_watch */
	struct pddgpu_watch watch;
	/** @resets: engine resets so far; reset path writes, debugfs reads */
	u64 resets;
};

/**
 * pddgpu_ring_init() - Allocate a ring and start its scheduler
 * @ring: the ring, zeroed
 * @pdev: the card; GART and buffer objects are up
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
 * Return: fences signalled, or -EREMOTEIO if none was because a kernel job failed
 * and holds up the engine.
 */
int pddgpu_ring_process(struct pddgpu_ring *ring);

/**
 * pddgpu_ring_look() - See what an engine is doing
 * @ring: the ring; device entered
 * @stop: filled in
 */
void pddgpu_ring_look(struct pddgpu_ring *ring, struct pddgpu_ring_stop *stop);

/**
 * pddgpu_ring_get_progress() - See how far an engine is with a job
 * @ring: the ring; device entered
 * @slot: &pddgpu_fence.slot of the job
 * @progress: filled in; the same as last time if nothing has happened since
 *
 * May sleep.
 */
void pddgpu_ring_get_progress(struct pddgpu_ring *ring, u32 slot,
			      struct pddgpu_ring_progress *progress);

/**
 * pddgpu_ring_get_fate() - Tell how far a job came before its engine was stopped
 * @stop: where the engine was
 * @fence: of the job, which has not signalled; of one on this ring
 *
 * Return: PDDGPU_RING_FATE_*; _STARTED if the engine said nothing sensible.
 */
enum pddgpu_ring_fate pddgpu_ring_get_fate(const struct pddgpu_ring_stop *stop,
					   const struct pddgpu_fence *fence);

/**
 * pddgpu_ring_quiesce() - Let an engine finish, and stop it where it can be started again
 * @ring: the ring, its scheduler stopped; device entered
 * @ms: how long to wait for what is on the ring
 * @stop: filled in: where the engine stopped, or goes on inside of a job
 */
void pddgpu_ring_quiesce(struct pddgpu_ring *ring, u32 ms, struct pddgpu_ring_stop *stop);

/**
 * pddgpu_ring_reset() - Stop the engine and start it with an empty ring
 * @ring: the ring, its scheduler stopped; device entered
 *
 * Signals what the engine still finished.  The caller emits again what should
 * still run.
 *
 * Return: 0, -ETIMEDOUT if the engine does not stop, or does not run after that,
 * -ENODEV if the card does not answer.
 */
int pddgpu_ring_reset(struct pddgpu_ring *ring);

/**
 * pddgpu_ring_copy() - Copy a little past the scheduler, and wait
 * @ring: the ring, empty, its scheduler stopped; device entered
 * @src: VMID 0 address
 * @dst: VMID 0 address; the ranges do not overlap
 * @bytes: how many, not 0
 *
 * Return: 0, or -ETIMEDOUT if the engine has not done it within 200 ms.
 */
int pddgpu_ring_copy(struct pddgpu_ring *ring, u64 src, u64 dst, u64 bytes);

/**
 * pddgpu_ring_restart() - Start an engine after a reset of the card
 * @ring: the ring, its scheduler stopped; device entered
 *
 * Otherwise as pddgpu_ring_reset().
 *
 * Return: 0, or -ETIMEDOUT if the engine does not run.
 */
int pddgpu_ring_restart(struct pddgpu_ring *ring);

/**
 * pddgpu_ring_fail() - Give up all fences of a ring, now and in future
 * @ring: the ring; its engine is stopped or cut off from memory
 * @error: negative errno for them
 */
void pddgpu_ring_fail(struct pddgpu_ring *ring, int error);

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
