// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/visibility.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>

#include "pddgpu_vram_clean.h"
#include "pddgpu_vram_mgr.h"

/**
 * DOC: Clearing VRAM
 *
 * A client must not see what another left in VRAM, nor should it have to wait until
 * that is cleared.  So the copy engine clears what is free, some MiB at a time, in
 * jobs that give way to all others, and the manager keeps clear and dirty blocks
 * apart.  A buffer that comes without contents gets clear ones while there are any.
 *
 * Blocks that are being cleared are in no allocator.  Whoever finds too little memory
 * calls them back: a job that has not begun is given up, and one that has takes
 * hardly longer than an eviction would.  After that the cleaner rests for a while.
 *
 * A job is followed by the next when its fence signals, so no thread waits.  What
 * was moved out of VRAM may still be read there by a job that is to come: a clear
 * waits for all moves that the manager knows of.
 */

/* Long enough that memory which is freed and allocated, over and over, is left alone */
static int vram_clean_delay = 10;

module_param(vram_clean_delay, int, 0644);
MODULE_PARM_DESC(vram_clean_delay,
		 "Milliseconds until freed VRAM is cleared in the background; negative: never (default 10)");

/* What one job clears: who calls it back waits for that */
#define VRAM_CLEAN_BYTES	SZ_8M

static void vram_clean_signalled(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	struct pddgpu_vram_cleaner *cleaner = container_of(cb, struct pddgpu_vram_cleaner, cb);

	mod_delayed_work(system_freezable_wq, &cleaner->work, 0);
}

/* The moves out of VRAM that the manager has handed memory on for */
static struct dma_fence *vram_clean_after(struct pddgpu_vram_mgr *mgr)
{
	struct dma_fence *fence;

	spin_lock(&mgr->base.move_lock);
	fence = dma_fence_get(mgr->base.move);
	spin_unlock(&mgr->base.move_lock);

	return fence;
}

static struct dma_fence *vram_clean_push(struct pddgpu_vram_mgr *mgr)
{
	struct pddgpu_vram_cleaner *cleaner = &mgr->cleaner;
	struct dma_fence *after = vram_clean_after(mgr), *fence;

	atomic_set(&cleaner->claim, 0);
	fence = cleaner->clear(mgr, &cleaner->blocks, after, &cleaner->claim);
	dma_fence_put(after);

	return fence;
}

/* Or waits to be woken, if all is clear or there is nobody to do it */
static void vram_clean_begin(struct pddgpu_vram_mgr *mgr)
{
	struct pddgpu_vram_cleaner *cleaner = &mgr->cleaner;
	struct dma_fence *fence;

	lockdep_assert_held(&cleaner->lock);

	if (READ_ONCE(vram_clean_delay) < 0 ||
	    !pddgpu_vram_mgr_take_dirty(mgr, &cleaner->pos, VRAM_CLEAN_BYTES, &cleaner->blocks))
		return;

	fence = vram_clean_push(mgr);
	if (IS_ERR(fence)) {
		pddgpu_vram_mgr_put_cleaned(mgr, &cleaner->blocks, false);
		return;
	}

	cleaner->fence = fence;
	if (dma_fence_add_callback(fence, &cleaner->cb, vram_clean_signalled))
		mod_delayed_work(system_freezable_wq, &cleaner->work, 0);
}

/* The job has ended.  What was called back meanwhile is gone already. */
static void vram_clean_end(struct pddgpu_vram_mgr *mgr)
{
	struct pddgpu_vram_cleaner *cleaner = &mgr->cleaner;

	lockdep_assert_held(&cleaner->lock);

	pddgpu_vram_mgr_put_cleaned(mgr, &cleaner->blocks,
				    dma_fence_get_status(cleaner->fence) > 0);
	dma_fence_put(cleaner->fence);
	cleaner->fence = NULL;
}

/* Only one job at a time: a second would let a first one run that was given up. */
static void vram_clean_work(struct work_struct *work)
{
	struct pddgpu_vram_mgr *mgr = container_of(work, struct pddgpu_vram_mgr, cleaner.work.work);
	struct pddgpu_vram_cleaner *cleaner = &mgr->cleaner;

	mutex_lock(&cleaner->lock);
	if (cleaner->fence && dma_fence_is_signaled(cleaner->fence))
		vram_clean_end(mgr);
	if (cleaner->rest)
		pddgpu_vram_wake_cleaner(mgr);
	else if (!cleaner->fence)
		vram_clean_begin(mgr);
	cleaner->rest = false;
	mutex_unlock(&cleaner->lock);
}

void pddgpu_vram_wake_cleaner(struct pddgpu_vram_mgr *mgr)
{
	int delay = READ_ONCE(vram_clean_delay);

	if (delay >= 0)
		queue_delayed_work(system_freezable_wq, &mgr->cleaner.work,
				   msecs_to_jiffies(delay));
}

void pddgpu_vram_recall(struct pddgpu_vram_mgr *mgr)
{
	struct pddgpu_vram_cleaner *cleaner = &mgr->cleaner;
	bool cleared = false;

	mutex_lock(&cleaner->lock);
	if (!list_empty(&cleaner->blocks)) {
		if (atomic_xchg(&cleaner->claim, 1)) {
			dma_fence_wait(cleaner->fence, false);
			cleared = dma_fence_get_status(cleaner->fence) > 0;
		}
		pddgpu_vram_mgr_put_cleaned(mgr, &cleaner->blocks, cleared);
		cleaner->rest = true;
	}
	mutex_unlock(&cleaner->lock);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_vram_recall);

void pddgpu_vram_cleaner_init(struct pddgpu_vram_mgr *mgr)
{
	struct pddgpu_vram_cleaner *cleaner = &mgr->cleaner;

	mutex_init(&cleaner->lock);
	INIT_LIST_HEAD(&cleaner->blocks);
	INIT_DELAYED_WORK(&cleaner->work, vram_clean_work);
	disable_delayed_work(&cleaner->work);
}

void pddgpu_vram_start_cleaning(struct pddgpu_vram_mgr *mgr, pddgpu_vram_clear_fn clear)
{
	mgr->cleaner.clear = clear;
	enable_delayed_work(&mgr->cleaner.work);
	pddgpu_vram_wake_cleaner(mgr);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_vram_start_cleaning);

void pddgpu_vram_stop_cleaning(struct pddgpu_vram_mgr *mgr)
{
	struct pddgpu_vram_cleaner *cleaner = &mgr->cleaner;

	disable_delayed_work_sync(&cleaner->work);
	pddgpu_vram_recall(mgr);

	mutex_lock(&cleaner->lock);
	if (cleaner->fence)
		dma_fence_remove_callback(cleaner->fence, &cleaner->cb);
	dma_fence_put(cleaner->fence);
	cleaner->fence = NULL;
	mutex_unlock(&cleaner->lock);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_vram_stop_cleaning);
