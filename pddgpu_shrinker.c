// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/gfp.h>
#include <linux/shrinker.h>
#include <linux/swap.h>

#include <drm/drm_managed.h>
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
 * They are dropped there, too, instead of moved (see pddgpu_ttm.c).
 */

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

static unsigned long pddgpu_shrinker_count(struct shrinker *base, struct shrink_control *sc)
{
	struct pddgpu_shrinker *shrinker = base->private_data;

	return READ_ONCE(shrinker->purgeable.count) ?: SHRINK_EMPTY;
}

static unsigned long pddgpu_shrinker_scan(struct shrinker *base, struct shrink_control *sc)
{
	struct pddgpu_shrinker *shrinker = base->private_data;
	struct pddgpu_device *pdev = container_of(shrinker, struct pddgpu_device, shrinker);
	unsigned long freed, remaining = 0;

	/* The last reference to a buffer may be dropped here, see vram_lock_to_divide(). */
	if (!(sc->gfp_mask & __GFP_FS))
		return SHRINK_STOP;

	freed = drm_gem_lru_scan(&shrinker->purgeable, sc->nr_to_scan, &remaining,
				 pddgpu_shrinker_purge);
	/* They are in no LRU of reclaim's, so it would think that it got nowhere. */
	mm_account_reclaimed_pages(pddgpu_pool_release(&pdev->pool, freed));

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

	shrinker->base = shrinker_alloc(0, "drm-pddgpu:%s", dev_name(pdev->drm.dev));
	if (!shrinker->base)
		return -ENOMEM;

	shrinker->base->count_objects = pddgpu_shrinker_count;
	shrinker->base->scan_objects = pddgpu_shrinker_scan;
	shrinker->base->private_data = shrinker;
	shrinker_register(shrinker->base);

	return 0;
}

void pddgpu_shrinker_fini(struct pddgpu_device *pdev)
{
	shrinker_free(pdev->shrinker.base);
}
