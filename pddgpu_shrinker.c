// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/shrinker.h>
#include <linux/sizes.h>
#include <linux/swap.h>

#include <drm/drm_managed.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_tt.h>

#include "pddgpu_bo.h"
#include "pddgpu_device.h"
#include "pddgpu_pool_reclaim.h"
#include "pddgpu_shrinker.h"
#include "pddgpu_ttm.h"

/**
 * DOC: Buffers that nobody needs
 *
 * A client that keeps buffers for later says so (GEM_MADVISE), and reclaim drops the
 * contents of those that no job uses, the one first that was used longest ago.  Their
 * pages go to the pool, and whole blocks at once from there to the system.
 *
 * On the card the same buffers are the first that TTM comes to when it looks for room.
 * They are dropped there, too, instead of moved, and so they are when TTM would swap
 * them out (see pddgpu_ttm.c).
 */

/**
 * DOC: Buffers that are swapped out
 *
 * When there is swap space, reclaim has idle buffers swapped out as well, those that
 * were used longest ago first.  TTM does that: it copies a buffer to pages of shared
 * memory, which the kernel writes to the swap device like any others, and frees its
 * own.  That takes as many pages as the buffer has before it gives any back.  Reclaim
 * is allowed the last pages of the machine, but not to use them up for that, so a
 * worker does it who is allowed what everybody is.  Who is in reclaim, unless that
 * is the kernel's own thread, waits for a buffer to be swapped out, but no longer than
 * PDDGPU_SHRINKER_PATIENCE: the worker may be in reclaim itself.
 */

#define PDDGPU_SHRINKER_PATIENCE	(HZ / 10)

/* --- What nobody needs -------------------------------------------------- */

static bool pddgpu_shrinker_has_pages(const struct pddgpu_bo *bo)
{
	return bo->tbo.ttm && ttm_tt_is_populated(bo->tbo.ttm);
}

/*
 * Not by drm_gem_lru_remove(), which looks without a lock in which list it is: while
 * it is being scanned that is one on the scan's stack, or none for a moment.
 */
void pddgpu_shrinker_forget(struct pddgpu_bo *bo)
{
	if (!bo->tracked)
		return;

	drm_gem_lru_move_tail(&ttm_to_pddgpu(bo->tbo.bdev)->shrinker.rest, &bo->tbo.base);
	bo->tracked = false;
}

void pddgpu_shrinker_track(struct pddgpu_bo *bo)
{
	struct pddgpu_device *pdev = ttm_to_pddgpu(bo->tbo.bdev);

	dma_resv_assert_held(bo->tbo.base.resv);

	if (!bo->purgeable || !pddgpu_shrinker_has_pages(bo)) {
		pddgpu_shrinker_forget(bo);
		return;
	}

	drm_gem_lru_move_tail(&pdev->shrinker.purgeable, &bo->tbo.base);
	bo->tracked = true;
}

/* What is put back to the list here would be met again by the same scan, for ever. */
static bool pddgpu_shrinker_purge(struct drm_gem_object *obj)
{
	struct pddgpu_bo *bo = gem_to_pddgpu_bo(obj);
	bool had_pages = pddgpu_shrinker_has_pages(bo);

	if (had_pages && pddgpu_ttm_purge(bo))
		return false;

	pddgpu_shrinker_forget(bo);

	return had_pages;
}

/* --- What is swapped out ------------------------------------------------ */

void pddgpu_shrinker_account(struct pddgpu_device *pdev, long num_pages)
{
	atomic_long_add(num_pages, &pdev->shrinker.populated);
}

/* Pages of one buffer, or 0 if none can go */
static long pddgpu_shrinker_swap_one(struct pddgpu_device *pdev)
{
	struct ttm_operation_ctx ctx = { .no_wait_gpu = true };
	int swapped;

	swapped = ttm_device_swapout(&pdev->ttm, &ctx,
				     GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	if (swapped <= 0)
		return 0;

	pddgpu_pool_release(&pdev->pool, swapped);
	return swapped;
}

static void pddgpu_shrinker_swap_work(struct work_struct *work)
{
	struct pddgpu_shrinker *shrinker = container_of(work, struct pddgpu_shrinker, swap_work);
	struct pddgpu_device *pdev = container_of(shrinker, struct pddgpu_device, shrinker);
	long swapped;

	do {
		swapped = pddgpu_shrinker_swap_one(pdev);
		atomic_long_add(swapped, &shrinker->swapped);
		atomic_inc(&shrinker->tries);
		wake_up_all(&shrinker->wait);
	} while (swapped && atomic_long_sub_return(swapped, &shrinker->wanted) > 0);
}

static unsigned long pddgpu_shrinker_swappable(struct pddgpu_shrinker *shrinker, gfp_t gfp)
{
	const gfp_t needed = __GFP_IO | __GFP_FS;

	if ((gfp & needed) != needed || current_work() == &shrinker->swap_work)
		return 0;

	return max(0L, min(atomic_long_read(&shrinker->populated), get_nr_swap_pages()));
}

static unsigned long pddgpu_shrinker_swap(struct pddgpu_shrinker *shrinker, unsigned long num_pages)
{
	long before = atomic_long_read(&shrinker->swapped);
	int tries = atomic_read(&shrinker->tries);

	atomic_long_set(&shrinker->wanted, num_pages);
	queue_work(system_unbound_wq, &shrinker->swap_work);
	if (current_is_kswapd())
		return 0;

	wait_event_timeout(shrinker->wait, atomic_read(&shrinker->tries) != tries,
			   PDDGPU_SHRINKER_PATIENCE);

	return atomic_long_read(&shrinker->swapped) - before;
}

/* --- The kernel's interface --------------------------------------------- */

static unsigned long pddgpu_shrinker_count(struct shrinker *base, struct shrink_control *sc)
{
	struct pddgpu_shrinker *shrinker = base->private_data;
	unsigned long num_pages = READ_ONCE(shrinker->purgeable.count);

	/* Some may be counted twice, which makes them go a little sooner. */
	num_pages += pddgpu_shrinker_swappable(shrinker, sc->gfp_mask);

	return num_pages ?: SHRINK_EMPTY;
}

static unsigned long pddgpu_shrinker_scan(struct shrinker *base, struct shrink_control *sc)
{
	struct pddgpu_shrinker *shrinker = base->private_data;
	struct pddgpu_device *pdev = container_of(shrinker, struct pddgpu_device, shrinker);
	unsigned long freed, given, remaining = 0;

	freed = drm_gem_lru_scan(&shrinker->purgeable, sc->nr_to_scan, &remaining,
				 pddgpu_shrinker_purge);
	given = pddgpu_pool_release(&pdev->pool, freed);
	if (!freed && pddgpu_shrinker_swappable(shrinker, sc->gfp_mask)) {
		freed = pddgpu_shrinker_swap(shrinker, sc->nr_to_scan);
		given = freed;
	}
	/* They are in no LRU of reclaim's, so it would think that it got nowhere. */
	mm_account_reclaimed_pages(given);

	return freed ?: SHRINK_STOP;
}

int pddgpu_shrinker_init(struct pddgpu_device *pdev)
{
	struct pddgpu_shrinker *shrinker = &pdev->shrinker;
	int ret;

	/* Buffers that are still being taken apart come here after pddgpu_shrinker_fini(). */
	ret = drmm_mutex_init(&pdev->drm, &shrinker->lock);
	if (ret)
		return ret;

	drm_gem_lru_init(&shrinker->purgeable, &shrinker->lock);
	drm_gem_lru_init(&shrinker->rest, &shrinker->lock);
	INIT_WORK(&shrinker->swap_work, pddgpu_shrinker_swap_work);
	init_waitqueue_head(&shrinker->wait);

	shrinker->base = shrinker_alloc(0, "drm-pddgpu:%s", dev_name(pdev->drm.dev));
	if (!shrinker->base)
		return -ENOMEM;

	shrinker->base->count_objects = pddgpu_shrinker_count;
	shrinker->base->scan_objects = pddgpu_shrinker_scan;
	shrinker->base->batch = SZ_2M >> PAGE_SHIFT;
	shrinker->base->private_data = shrinker;
	shrinker_register(shrinker->base);

	return 0;
}

void pddgpu_shrinker_fini(struct pddgpu_device *pdev)
{
	shrinker_free(pdev->shrinker.base);
	cancel_work_sync(&pdev->shrinker.swap_work);
}
