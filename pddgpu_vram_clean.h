/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_VRAM_CLEAN_H_
#define _PDDGPU_VRAM_CLEAN_H_

#include <linux/atomic.h>
#include <linux/dma-fence.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct pddgpu_vram_mgr;

#define PDDGPU_VRAM_CLEAN_BLOCKS	256	/* cleared at once, at most */

/**
 * typedef pddgpu_vram_clear_fn - Have the card clear VRAM that nobody has
 * @mgr: the manager
 * @blocks: struct gpu_buddy_block that are not clear, no more than
 *	    PDDGPU_VRAM_CLEAN_BLOCKS and 8 MiB; stay the caller's
 * @after: what must be over before, or NULL
 * @claim: 0; raised by the job when it begins.  If somebody else was first, it does
 *	   nothing.  Stays there until the job has ended.
 *
 * May sleep, with the cleaner's lock held.
 *
 * Return: a reference to the fence of the job, which tells how it went; or an
 * ERR_PTR: -ENODEV or -EIO when the engine cannot be used, -ENOMEM.
 */
typedef struct dma_fence *(*pddgpu_vram_clear_fn)(struct pddgpu_vram_mgr *mgr,
						  struct list_head *blocks,
						  struct dma_fence *after, atomic_t *claim);

/**
 * struct pddgpu_vram_cleaner - clears free VRAM in the background
 */
struct pddgpu_vram_cleaner {
	/** @lock: held by who begins, ends or gives up a job; taken before the manager's */
	struct mutex lock;
	/** @clear: who clears; constant once @work is enabled */
	pddgpu_vram_clear_fn clear;
	/** @work: ends one job and begins the next */
	struct delayed_work work;
	/** @blocks: what the last job clears, or empty if it was given up; by @lock */
	struct list_head blocks;
	/** @fence: of the last job, or NULL; by @lock */
	struct dma_fence *fence;
	/** @cb: calls @work when @fence signals */
	struct dma_fence_cb cb;
	/** @claim: see pddgpu_vram_clear_fn */
	atomic_t claim;
	/** @pos: where in VRAM to look for more, bytes; by @lock */
	u64 pos;
	/** @rest: somebody was short of memory, so leave it alone for a while; by @lock */
	bool rest;
};

/**
 * pddgpu_vram_cleaner_init() - Prepare, but do not begin
 * @mgr: the manager
 */
void pddgpu_vram_cleaner_init(struct pddgpu_vram_mgr *mgr);

/**
 * pddgpu_vram_start_cleaning() - Clear what is free from now on
 * @mgr: the manager
 * @clear: clears VRAM
 */
void pddgpu_vram_start_cleaning(struct pddgpu_vram_mgr *mgr, pddgpu_vram_clear_fn clear);

/**
 * pddgpu_vram_stop_cleaning() - Clear no more, and wait for what is under way
 * @mgr: the manager; stays usable
 *
 * To be called when all fences of the card are signalled, or before the first start.
 * May be called again.
 */
void pddgpu_vram_stop_cleaning(struct pddgpu_vram_mgr *mgr);

/**
 * pddgpu_vram_wake_cleaner() - There is free memory that holds something
 * @mgr: the manager
 *
 * It is cleared some milliseconds later (the vram_clean_delay parameter).
 */
void pddgpu_vram_wake_cleaner(struct pddgpu_vram_mgr *mgr);

/**
 * pddgpu_vram_recall() - Have all free memory back in the allocators
 * @mgr: the manager; its lock is not held
 *
 * Waits, uninterruptibly, for a job that clears just now, and gives up one that has
 * not begun.
 */
void pddgpu_vram_recall(struct pddgpu_vram_mgr *mgr);

#endif
