/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_FENCE_H_
#define _PDDGPU_FENCE_H_

#include <linux/dma-fence.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct pddgpu_job;

/**
 * struct pddgpu_timeline - the order in which an engine finishes jobs
 *
 * Fences can be held by anyone for ever, long after ring and card are gone.
 * So what a fence needs lives here, in memory that its fences keep, and not in
 * the ring.
 */
struct pddgpu_timeline {
	/** @ref: of the ring and of each fence armed */
	struct kref ref;
	/** @rcu: lets readers under RCU finish before the memory goes */
	struct rcu_head rcu;
	/** @name: of the engine; constant, not owned */
	const char *name;
	/** @context: dma_fence context; constant */
	u64 context;
	/** @lock: protects all below, and is the lock of the fences; taken in interrupts */
	spinlock_t lock;
	/** @pending: struct pddgpu_fence not yet signalled, oldest first, a reference each */
	struct list_head pending;
	/** @emitted: seqno of the youngest fence armed */
	u64 emitted;
	/** @completed: seqno of the youngest fence that ended in its turn */
	u64 completed;
	/** @error: not 0: no more fences, the card is wedged or gone */
	int error;
};

/**
 * struct pddgpu_fence - signals when the card has passed a job
 */
struct pddgpu_fence {
	/** @base: the fence; initialised by pddgpu_fence_arm(), must come first */
	struct dma_fence base;
	/** @timeline: a reference once armed, NULL before */
	struct pddgpu_timeline *timeline;
	/** @job: the job, valid while @link is listed; NULL for a ring test */
	struct pddgpu_job *job;
	/** @slot: where on the ring its packets are; set when they are put there */
	u32 slot;
	/** @ib_end: dwords of the slot up to the end of its INDIRECT, 0 without one; as @slot */
	u32 ib_end;
	/** @link: in &pddgpu_timeline.pending; by its lock */
	struct list_head link;
};

/**
 * pddgpu_timeline_create() - Make an empty timeline
 * @name: constant string, shown by fences
 *
 * Return: the timeline with one reference, or NULL if out of memory.
 */
struct pddgpu_timeline *pddgpu_timeline_create(const char *name);

/**
 * pddgpu_timeline_put() - Drop a reference
 * @timeline: the timeline
 */
void pddgpu_timeline_put(struct pddgpu_timeline *timeline);

/*
 * The status of a job that has not ended.  The driver puts it there, and no card
 * stores it.
 */
#define PDDGPU_STATUS_PENDING	U32_MAX

/**
 * pddgpu_timeline_advance() - Signal the fences that the card has passed
 * @timeline: the timeline
 * @status: PDDGPU_ERR_* of a job, or PDDGPU_STATUS_PENDING, at its seqno modulo
 *          PDDGPU_RING_SLOTS
 *
 * In order: up to the first one that is pending, or that is of a kernel job which
 * failed and must not, see pddgpu_job_must_succeed().  Any context.
 *
 * Return: fences signalled, or -EREMOTEIO if none was because a kernel job failed.
 */
int pddgpu_timeline_advance(struct pddgpu_timeline *timeline, const u32 *status);

/**
 * struct pddgpu_timeline_head - the fence that is to signal next
 */
struct pddgpu_timeline_head {
	/** @seqno: its number */
	u64 seqno;
	/** @slot: see &pddgpu_fence.slot */
	u32 slot;
	/** @user: it stands for a user's job */
	bool user;
};

/**
 * pddgpu_timeline_get_head() - See which fence is to signal next
 * @timeline: the timeline
 * @head: filled in
 *
 * Return: false if there is none.
 */
bool pddgpu_timeline_get_head(struct pddgpu_timeline *timeline,
			      struct pddgpu_timeline_head *head);

/**
 * pddgpu_timeline_next_job() - Walk over the jobs whose fences have not signalled
 * @timeline: the timeline; its scheduler is stopped, so that no job is freed
 * @seqno: number of the one before, 0 for the first
 *
 * Return: the oldest that is younger, or NULL.
 */
struct pddgpu_job *pddgpu_timeline_next_job(struct pddgpu_timeline *timeline, u64 seqno);

/**
 * pddgpu_timeline_fail() - Signal every fence with an error, and refuse new ones
 * @timeline: the timeline
 * @error: negative errno; the first one stays
 *
 * The engine must have been stopped: what a signalled fence protects is free.
 */
void pddgpu_timeline_fail(struct pddgpu_timeline *timeline, int error);

/**
 * pddgpu_fence_alloc() - Make a fence that is not yet on a timeline
 *
 * Return: the fence, for pddgpu_fence_put(), or NULL if out of memory.
 */
struct pddgpu_fence *pddgpu_fence_alloc(void);

/**
 * pddgpu_fence_put() - Drop the reference that pddgpu_fence_alloc() gave
 * @fence: the fence, armed or not, or NULL
 */
void pddgpu_fence_put(struct pddgpu_fence *fence);

/**
 * pddgpu_fence_arm() - Give a fence the next seqno of a timeline
 * @fence: a fence that was never armed
 * @timeline: the timeline
 * @job: the job it stands for, or NULL
 * @status: as for pddgpu_timeline_advance(), which may be called at any time: the
 *          word of this fence becomes PDDGPU_STATUS_PENDING
 *
 * Return: 0, or the error of a timeline that failed; the fence is unarmed then.
 */
int pddgpu_fence_arm(struct pddgpu_fence *fence, struct pddgpu_timeline *timeline,
		     struct pddgpu_job *job, u32 *status);

/**
 * pddgpu_fence_report() - Signal one fence out of turn, with what the card said of it
 * @fence: an armed fence whose job the engine no longer runs
 * @status: PDDGPU_ERR_*; without effect if it has been signalled
 */
void pddgpu_fence_report(struct pddgpu_fence *fence, u32 status);

/**
 * pddgpu_fence_finish() - Signal one fence out of turn
 * @fence: an armed fence whose job the engine no longer runs
 * @error: 0 or negative errno; without effect if it has been signalled
 */
void pddgpu_fence_finish(struct pddgpu_fence *fence, int error);

#endif
