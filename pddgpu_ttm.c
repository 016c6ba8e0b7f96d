// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/swap.h>

#include <drm/drm_cache.h>
#include <drm/drm_drv.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_tt.h>

#include "include/uapi/drm/pddgpu_drm.h"
#include "pddgpu_bo.h"
#include "pddgpu_device.h"
#include "pddgpu_res_cursor.h"
#include "pddgpu_shrinker.h"
#include "pddgpu_trace.h"
#include "pddgpu_ttm.h"
#include "pddgpu_vm.h"

/**
 * DOC: moves
 *
 * ================  ==================================================
 * from, to          how
 * ================  ==================================================
 * nothing, VRAM     cleared by the copy engine, as far as it is not clear yet
 * nothing, GTT      pages from the pool, zeroed there
 * VRAM, VRAM        copy engine
 * VRAM, GTT         copy engine
 * GTT, VRAM         copy engine
 * GTT, system       the GPU gives up its claim, once it is idle; no copy
 * system, GTT       swapped in if need be; no copy
 * VRAM, system      through GTT, as the engine reaches no other pages
 * system, VRAM      through GTT
 * ================  ==================================================
 *
 * An on-chip heap is to moves what invisible VRAM is, except that all of it is cleared.
 *
 * The copy engine's moves are pipelined: the new place is used by jobs queued
 * behind the move's fence at once, and the old one freed when it signals.  An
 * eviction makes nobody wait either: the manager hands the memory on together
 * with the fence.  Without an engine, that is before it is started and after the
 * card has wedged, the CPU copies what it can reach.  A buffer in memory that it
 * cannot reach is lost, and so is one with a move or clear under way when the card
 * wedged: touching it through a mapping is a SIGBUS, for its memory may hold what
 * another client left there.
 */

/* The part of the system's memory that buffers leave alone, and how many pages at most */
#define PDDGPU_TTM_RESERVE_SHARE	16
#define PDDGPU_TTM_RESERVE_MAX		(SZ_256M >> PAGE_SHIFT)

static bool pddgpu_ttm_on_card(const struct ttm_resource *res)
{
	return res && pddgpu_res_on_card(res);
}

/* --- System pages ------------------------------------------------------ */

/*
 * TTM also asks on behalf of ghosts, which it gives an empty ttm_tt in place of
 * memory that somebody else needs.
 */
static struct ttm_tt *pddgpu_ttm_tt_create(struct ttm_buffer_object *tbo, u32 page_flags)
{
	enum ttm_caching caching = ttm_cached;
	struct ttm_tt *tt = kzalloc_obj(*tt);

	if (!tt)
		return NULL;

	if (pddgpu_bo_is_ours(tbo) && to_pddgpu_bo(tbo)->flags & DRM_PDDGPU_GEM_GTT_USWC)
		caching = ttm_write_combined;
	/* TTM asks for zeroes on behalf of users only; our own rings want them too. */
	if (tbo->type == ttm_bo_type_kernel)
		page_flags |= TTM_TT_FLAG_ZERO_ALLOC;

	if (ttm_sg_tt_init(tt, tbo, page_flags, caching)) {
		kfree(tt);
		return NULL;
	}

	return tt;
}

static void pddgpu_ttm_tt_destroy(struct ttm_device *bdev, struct ttm_tt *tt)
{
	ttm_tt_fini(tt);
	kfree(tt);
}

/*
 * Whether the system can spare as many pages, now that TTM has swapped out what
 * it could.  Without it, clients who want more than there is would have the
 * system kill others: no process is charged for pages of buffers, nor for those
 * that they are swapped out to.  Concurrent callers may both be told yes; that is
 * what the reserve is for.
 */
static bool pddgpu_ttm_has_room(struct pddgpu_device *pdev, u64 num_pages)
{
	u64 available = si_mem_available() + max(get_nr_swap_pages(), 0L) +
			(pddgpu_pool_bytes(&pdev->pool) >> PAGE_SHIFT);
	u64 reserve = min_t(u64, totalram_pages() / PDDGPU_TTM_RESERVE_SHARE,
			    PDDGPU_TTM_RESERVE_MAX);

	return num_pages + reserve <= available;
}

/* Pages come mapped for DMA, which a card that is gone must not have. */
static int pddgpu_ttm_tt_populate(struct ttm_device *bdev, struct ttm_tt *tt,
				  struct ttm_operation_ctx *ctx)
{
	struct pddgpu_device *pdev = ttm_to_pddgpu(bdev);
	int idx, ret;

	if (!drm_dev_enter(&pdev->drm, &idx))
		return -ENODEV;

	if (pddgpu_ttm_has_room(pdev, tt->num_pages))
		ret = pddgpu_pool_alloc(&pdev->pool, tt, ctx);
	else
		ret = -ENOMEM;
	drm_dev_exit(idx);

	return ret;
}

static void pddgpu_ttm_tt_unpopulate(struct ttm_device *bdev, struct ttm_tt *tt)
{
	struct pddgpu_device *pdev = ttm_to_pddgpu(bdev);

	drm_WARN_ON(&pdev->drm, pddgpu_pool_free(&pdev->pool, tt));
}

static int pddgpu_ttm_clear_pages(struct pddgpu_pool *pool, enum ttm_caching caching,
				  const struct pddgpu_pool_span *spans, unsigned int num_spans)
{
	struct pddgpu_device *pdev = container_of(pool, struct pddgpu_device, pool);

	return pddgpu_copy_clear_pages(pdev, caching, spans, num_spans);
}

/* --- VRAM that is free ------------------------------------------------- */

static struct dma_fence *pddgpu_ttm_clear_blocks(struct pddgpu_vram_mgr *mgr,
						 struct list_head *blocks,
						 struct dma_fence *after, atomic_t *claim)
{
	struct pddgpu_device *pdev = container_of(mgr, struct pddgpu_device, vram_mgr);

	return pddgpu_copy_clear_blocks(pdev, blocks, after, claim);
}

void pddgpu_ttm_start_cleaning(struct pddgpu_device *pdev)
{
	pddgpu_vram_start_cleaning(&pdev->vram_mgr, pddgpu_ttm_clear_blocks);
}

/* --- Eviction ---------------------------------------------------------- */

static const struct ttm_place pddgpu_ttm_evict_card_places[] = {
	{ .mem_type = TTM_PL_TT },
	/* GTT is full and nothing in it can go: a hop through it takes no budget. */
	{ .mem_type = TTM_PL_SYSTEM, .flags = TTM_PL_FLAG_FALLBACK },
};

/* From GTT, and what the budget of GTT could never hold */
static const struct ttm_place pddgpu_ttm_evict_place = { .mem_type = TTM_PL_SYSTEM };

/* One that is busy is moved: evicting is not to wait. */
static bool pddgpu_ttm_is_purgeable(struct ttm_buffer_object *tbo)
{
	return pddgpu_bo_is_ours(tbo) && to_pddgpu_bo(tbo)->purgeable && !tbo->pin_count &&
	       dma_resv_test_signaled(tbo->base.resv, DMA_RESV_USAGE_BOOKKEEP);
}

/*
 * Given no place to go, TTM frees the memory, contents and all, and tells nobody.  Who
 * needs them must not take zeroes for them.
 */
static void pddgpu_ttm_forget(struct pddgpu_bo *bo)
{
	struct pddgpu_device *pdev = ttm_to_pddgpu(bo->tbo.bdev);

	pddgpu_vm_bo_moved(bo);
	ttm_bo_unmap_virtual(&bo->tbo);
	if (bo->purgeable) {
		bo->purged = true;
		atomic64_add(bo->tbo.base.size, &pdev->stats.purged);
	} else {
		bo->lost = true;
	}
}

int pddgpu_ttm_purge(struct pddgpu_bo *bo)
{
	struct ttm_operation_ctx ctx = { .no_wait_gpu = true };
	struct ttm_placement nowhere = {};

	if (!pddgpu_ttm_is_purgeable(&bo->tbo))
		return -EBUSY;

	pddgpu_ttm_forget(bo);

	return ttm_bo_validate(&bo->tbo, &nowhere, &ctx);
}

/*
 * TTM asks before it moves a buffer off the card, which takes pages; out of GTT,
 * which leads to swapping it out; and before it does so.  A copy is made for that,
 * which without a swap device stays in memory.
 */
static bool pddgpu_ttm_eviction_valuable(struct ttm_buffer_object *tbo,
					 const struct ttm_place *place)
{
	if (!tbo->deleted && !pddgpu_ttm_is_purgeable(tbo) &&
	    !pddgpu_ttm_has_room(ttm_to_pddgpu(tbo->bdev), PFN_UP(tbo->base.size)))
		return false;

	return ttm_bo_eviction_valuable(tbo, place);
}

/* The CPU copies contiguous memory only, see ttm_kmap_iter_linear_io_init(). */
static bool pddgpu_ttm_cpu_copyable(struct ttm_resource *res)
{
	return !pddgpu_ttm_on_card(res) ||
		(res->mem_type == TTM_PL_VRAM && pddgpu_vram_resource_is_visible(res) &&
		 pddgpu_vram_resource_num_blocks(res) == 1);
}

/* From system memory nobody evicts but pddgpu_ttm_unplug(). */
static bool pddgpu_ttm_contents_lost(struct pddgpu_device *pdev, struct ttm_resource *res)
{
	return drm_dev_is_unplugged(&pdev->drm) || res->mem_type == TTM_PL_SYSTEM ||
		(READ_ONCE(pdev->wedged) && !pddgpu_ttm_cpu_copyable(res));
}

/* Or nowhere, see pddgpu_ttm_forget().  A ghost's contents nobody wants. */
static void pddgpu_ttm_evict_flags(struct ttm_buffer_object *tbo, struct ttm_placement *placement)
{
	struct pddgpu_device *pdev = ttm_to_pddgpu(tbo->bdev);

	placement->num_placement = 0;
	if (!pddgpu_bo_is_ours(tbo))
		return;

	if (pddgpu_ttm_contents_lost(pdev, tbo->resource) || pddgpu_ttm_is_purgeable(tbo)) {
		pddgpu_ttm_forget(to_pddgpu_bo(tbo));
	} else if (pddgpu_ttm_on_card(tbo->resource) && tbo->base.size <= pdev->gtt_mgr.base.size) {
		placement->num_placement = ARRAY_SIZE(pddgpu_ttm_evict_card_places);
		placement->placement = pddgpu_ttm_evict_card_places;
	} else {
		placement->num_placement = 1;
		placement->placement = &pddgpu_ttm_evict_place;
	}
}

/* --- Moves ------------------------------------------------------------- */

static void pddgpu_ttm_unbind(struct pddgpu_device *pdev, struct ttm_resource *res)
{
	if (res && res->mem_type == TTM_PL_TT && pddgpu_gtt_resource_has_addr(res))
		pddgpu_gart_unbind(pdev, res->start, PFN_UP(res->size));
}

/* The memory of a buffer or of a ghost is about to be freed. */
static void pddgpu_ttm_delete_mem_notify(struct ttm_buffer_object *tbo)
{
	pddgpu_ttm_unbind(ttm_to_pddgpu(tbo->bdev), tbo->resource);
}

/*
 * Between GTT and system memory, where the pages stay what they are.  Out of GTT
 * they may be swapped out or lose their aperture address, so no job may be left.
 */
static int pddgpu_ttm_move_system(struct ttm_buffer_object *tbo, struct ttm_operation_ctx *ctx,
				  struct ttm_resource *new)
{
	struct pddgpu_device *pdev = ttm_to_pddgpu(tbo->bdev);
	int ret;

	if (tbo->resource && tbo->resource->mem_type == TTM_PL_TT) {
		ret = ttm_bo_wait_ctx(tbo, ctx);
		if (ret)
			return ret;
	}

	pddgpu_ttm_unbind(pdev, tbo->resource);
	ttm_bo_move_null(tbo, new);
	if (new->mem_type == TTM_PL_TT && pddgpu_gtt_resource_has_addr(new))
		pddgpu_gart_bind(pdev, new->start, tbo->ttm);

	return 0;
}

/* Whether the CPU has to stand in for the copy engine */
static bool pddgpu_ttm_no_engine(const struct dma_fence *fence)
{
	return fence == ERR_PTR(-ENODEV) || fence == ERR_PTR(-EIO);
}

static int pddgpu_ttm_clear_cpu(struct ttm_buffer_object *tbo, struct ttm_operation_ctx *ctx,
				struct ttm_resource *new)
{
	struct pddgpu_device *pdev = ttm_to_pddgpu(tbo->bdev);
	struct pddgpu_res_cursor cur;
	int ret;

	if (new->mem_type != TTM_PL_VRAM || !pddgpu_vram_resource_is_visible(new))
		return -EIO;

	ret = ttm_bo_wait_ctx(tbo, ctx);
	if (ret)
		return ret;

	for (pddgpu_res_first(new, NULL, 0, tbo->base.size, &cur); cur.remaining;
	     pddgpu_res_next(&cur, cur.size))
		memset_io(pdev->vram.io + cur.addr, 0, cur.size);

	return 0;
}

/* A first place on the card, which somebody else may have used before */
static int pddgpu_ttm_move_clear(struct ttm_buffer_object *tbo, struct ttm_operation_ctx *ctx,
				 struct ttm_resource *new)
{
	struct dma_fence *fence = pddgpu_copy_clear(tbo, new);
	int ret = 0;

	if (pddgpu_ttm_no_engine(fence))
		ret = pddgpu_ttm_clear_cpu(tbo, ctx, new);
	else if (IS_ERR(fence))
		ret = PTR_ERR(fence);
	if (ret)
		return ret;

	if (!IS_ERR_OR_NULL(fence)) {
		dma_resv_add_fence(tbo->base.resv, fence, DMA_RESV_USAGE_KERNEL);
		pddgpu_bo_set_moved(to_pddgpu_bo(tbo), fence);
		dma_fence_put(fence);
	}
	ttm_bo_move_null(tbo, new);

	return 0;
}

static int pddgpu_ttm_copy_cpu(struct ttm_buffer_object *tbo, struct ttm_operation_ctx *ctx,
			       struct ttm_resource *new)
{
	int ret;

	if (!pddgpu_ttm_cpu_copyable(tbo->resource) || !pddgpu_ttm_cpu_copyable(new))
		return -EIO;

	ret = ttm_bo_wait_ctx(tbo, ctx);
	if (ret)
		return ret;

	return ttm_bo_move_memcpy(tbo, ctx, new);
}

static int pddgpu_ttm_move_copy(struct ttm_buffer_object *tbo, bool evict,
				struct ttm_operation_ctx *ctx, struct ttm_resource *new)
{
	struct dma_fence *fence = pddgpu_copy_move(tbo, new);
	int ret;

	if (pddgpu_ttm_no_engine(fence))
		return pddgpu_ttm_copy_cpu(tbo, ctx, new);
	if (IS_ERR(fence))
		return PTR_ERR(fence);

	ret = ttm_bo_move_accel_cleanup(tbo, fence, evict, true, new);
	/* The caller frees @new, which the engine is writing. */
	if (ret)
		dma_fence_wait(fence, false);
	else
		pddgpu_bo_set_moved(to_pddgpu_bo(tbo), fence);
	dma_fence_put(fence);

	return ret;
}

static bool pddgpu_ttm_needs_hop(const struct ttm_resource *old, const struct ttm_resource *new)
{
	return old->mem_type == TTM_PL_SYSTEM || new->mem_type == TTM_PL_SYSTEM;
}

static int pddgpu_ttm_move_card(struct ttm_buffer_object *tbo, bool evict,
				struct ttm_operation_ctx *ctx, struct ttm_resource *new,
				struct ttm_place *hop)
{
	struct pddgpu_device *pdev = ttm_to_pddgpu(tbo->bdev);
	int idx, ret;

	if (pddgpu_vram_bo_has_contents(tbo) && pddgpu_ttm_needs_hop(tbo->resource, new)) {
		*hop = (struct ttm_place) {
			.mem_type = TTM_PL_TT,
			.flags = TTM_PL_FLAG_TEMPORARY,
		};
		return -EMULTIHOP;
	}

	if (!drm_dev_enter(&pdev->drm, &idx))
		return -ENODEV;

	if (pddgpu_vram_bo_has_contents(tbo))
		ret = pddgpu_ttm_move_copy(tbo, evict, ctx, new);
	else
		ret = pddgpu_ttm_move_clear(tbo, ctx, new);
	drm_dev_exit(idx);

	return ret;
}

static void pddgpu_ttm_account(struct ttm_buffer_object *tbo, u32 from, bool had_contents,
			       bool evict)
{
	struct pddgpu_device *pdev = ttm_to_pddgpu(tbo->bdev);
	u32 to = tbo->resource->mem_type;

	trace_pddgpu_bo_move(dev_name(pdev->drm.dev), from, to, tbo->resource->start,
			     tbo->base.size, evict);

	if (to == TTM_PL_VRAM && had_contents)
		atomic64_add(tbo->base.size, &pdev->stats.moved_to_vram);
	if (from == TTM_PL_VRAM && to == TTM_PL_TT)
		atomic64_add(tbo->base.size, &pdev->stats.moved_to_gtt);
	if (evict)
		atomic64_inc(&pdev->stats.evictions);
}

/*
 * The one long function of TTM's interface, made short: what is in no GPU page
 * table afterwards is in none from here on, whether the move succeeds or not.
 */
static int pddgpu_ttm_move(struct ttm_buffer_object *tbo, bool evict,
			   struct ttm_operation_ctx *ctx, struct ttm_resource *new,
			   struct ttm_place *hop)
{
	u32 from = tbo->resource ? tbo->resource->mem_type : TTM_PL_SYSTEM;
	bool had_contents = pddgpu_vram_bo_has_contents(tbo);
	int ret;

	if (tbo->resource && pddgpu_bo_is_ours(tbo))
		pddgpu_vm_bo_moved(to_pddgpu_bo(tbo));

	if (pddgpu_ttm_on_card(tbo->resource) || pddgpu_ttm_on_card(new))
		ret = pddgpu_ttm_move_card(tbo, evict, ctx, new, hop);
	else
		ret = pddgpu_ttm_move_system(tbo, ctx, new);
	if (!ret)
		pddgpu_ttm_account(tbo, from, had_contents, evict);

	return ret;
}

/* --- CPU access -------------------------------------------------------- */

static int pddgpu_ttm_io_mem_reserve(struct ttm_device *bdev, struct ttm_resource *res)
{
	struct pddgpu_device *pdev = ttm_to_pddgpu(bdev);
	u64 offset = (u64)res->start << PAGE_SHIFT;

	if (!pddgpu_res_on_card(res))
		return 0;
	if (res->mem_type != TTM_PL_VRAM || !pddgpu_vram_resource_is_visible(res))
		return -EINVAL;

	res->bus.offset = pdev->vram.base + offset;
	if (pddgpu_vram_resource_num_blocks(res) == 1)
		res->bus.addr = (__force void *)pdev->vram.io + offset;
	res->bus.is_iomem = true;
	res->bus.caching = ttm_write_combined;

	return 0;
}

static void pddgpu_ttm_access_vram(struct pddgpu_device *pdev, struct ttm_resource *res,
				   unsigned long offset, void *buf, int len, int write)
{
	struct pddgpu_res_cursor cur;

	for (pddgpu_res_first(res, NULL, offset, len, &cur); cur.remaining;
	     pddgpu_res_next(&cur, cur.size)) {
		if (write)
			memcpy_toio(pdev->vram.io + cur.addr, buf, cur.size);
		else
			memcpy_fromio(buf, pdev->vram.io + cur.addr, cur.size);
		buf += cur.size;
	}
}

/* One page, or the part of it that is asked for: the caller comes back for more. */
static int pddgpu_ttm_access_page(struct ttm_buffer_object *tbo, unsigned long offset,
				  void *buf, int len, int write)
{
	struct ttm_bo_kmap_obj map;
	bool is_iomem;
	void *page;
	int ret;

	ret = ttm_bo_kmap(tbo, offset >> PAGE_SHIFT, 1, &map);
	if (ret)
		return ret;

	page = ttm_kmap_obj_virtual(&map, &is_iomem) + offset_in_page(offset);
	len = min_t(int, len, PAGE_SIZE - offset_in_page(offset));
	if (write)
		memcpy(page, buf, len);
	else
		memcpy(buf, page, len);
	ttm_bo_kunmap(&map);

	return len;
}

static int pddgpu_ttm_wait_moves(struct ttm_buffer_object *tbo)
{
	long ret = dma_resv_wait_timeout(tbo->base.resv, DMA_RESV_USAGE_KERNEL, true,
					 MAX_SCHEDULE_TIMEOUT);

	return ret < 0 ? ret : 0;
}

/*
 * A debugger looks at a buffer through its mapping.  It gets what the process
 * would get: the buffer where the CPU can reach it, once moves are over.
 */
static int pddgpu_ttm_access_memory(struct ttm_buffer_object *tbo, unsigned long offset,
				    void *buf, int len, int write)
{
	struct pddgpu_device *pdev = ttm_to_pddgpu(tbo->bdev);
	struct ttm_operation_ctx ctx = { .interruptible = true };
	int idx, ret;

	if (!drm_dev_enter(&pdev->drm, &idx))
		return -ENODEV;

	ret = pddgpu_bo_validate_visible(to_pddgpu_bo(tbo), &ctx);
	if (!ret)
		ret = pddgpu_ttm_wait_moves(tbo);
	if (!ret && pddgpu_bo_is_lost(to_pddgpu_bo(tbo)))
		ret = -EIO;
	if (!ret && pddgpu_ttm_on_card(tbo->resource)) {
		pddgpu_ttm_access_vram(pdev, tbo->resource, offset, buf, len, write);
		ret = len;
	} else if (!ret) {
		ret = pddgpu_ttm_access_page(tbo, offset, buf, len, write);
	}
	drm_dev_exit(idx);

	return ret;
}

static const struct ttm_device_funcs pddgpu_ttm_funcs = {
	.ttm_tt_create = pddgpu_ttm_tt_create,
	.ttm_tt_populate = pddgpu_ttm_tt_populate,
	.ttm_tt_unpopulate = pddgpu_ttm_tt_unpopulate,
	.ttm_tt_destroy = pddgpu_ttm_tt_destroy,
	.eviction_valuable = pddgpu_ttm_eviction_valuable,
	.evict_flags = pddgpu_ttm_evict_flags,
	.move = pddgpu_ttm_move,
	.delete_mem_notify = pddgpu_ttm_delete_mem_notify,
	.io_mem_reserve = pddgpu_ttm_io_mem_reserve,
	.access_memory = pddgpu_ttm_access_memory,
};

/* --- Up and down ------------------------------------------------------- */

static u64 pddgpu_ttm_gtt_size(struct pddgpu_device *pdev)
{
	struct sysinfo si;

	si_meminfo(&si);

	return round_down(min((u64)si.totalram * si.mem_unit / 2, pdev->pool.backend.dma_limit),
			  PAGE_SIZE);
}

static int pddgpu_ttm_init_managers(struct pddgpu_device *pdev)
{
	u64 first = PDDGPU_GART_WINDOW_PAGES;
	int ret;

	ret = pddgpu_vram_mgr_init(&pdev->vram_mgr, &pdev->ttm, pdev->vram.size,
				   pdev->vram.visible);
	if (ret)
		return ret;

	ret = pddgpu_gtt_mgr_init(&pdev->gtt_mgr, &pdev->ttm, pddgpu_ttm_gtt_size(pdev), first,
				  PDDGPU_GART_PAGES - first);
	if (ret)
		goto err_vram;

	ret = pddgpu_onchip_init(&pdev->onchip, &pdev->ttm);
	if (ret)
		goto err_gtt;

	return 0;

err_gtt:
	pddgpu_gtt_mgr_fini(&pdev->gtt_mgr, &pdev->ttm);
err_vram:
	pddgpu_vram_mgr_fini(&pdev->vram_mgr, &pdev->ttm);

	return ret;
}

static void pddgpu_ttm_fini_managers(struct pddgpu_device *pdev)
{
	pddgpu_onchip_fini(&pdev->onchip);
	pddgpu_gtt_mgr_fini(&pdev->gtt_mgr, &pdev->ttm);
	pddgpu_vram_mgr_fini(&pdev->vram_mgr, &pdev->ttm);
}

static void pddgpu_ttm_fini(struct drm_device *drm, void *arg)
{
	struct pddgpu_device *pdev = arg;

	pddgpu_shrinker_fini(pdev);
	pddgpu_ttm_fini_managers(pdev);
	ttm_device_fini(&pdev->ttm);
	pddgpu_pool_fini(&pdev->pool);
}

/*
 * Buffers are used by card and CPU at the same time, so what is copied when it is
 * mapped and unmapped is of no use to them.  The kernel copies for a device that
 * reaches too little memory, that is not trusted, or because of swiotlb=force.
 */
static bool pddgpu_ttm_needs_dma_alloc(struct device *dev, unsigned int dma_bits)
{
	return drm_need_swiotlb(dma_bits) || dma_max_mapping_size(dev) < SIZE_MAX;
}

int pddgpu_ttm_init(struct pddgpu_device *pdev)
{
	struct drm_device *drm = &pdev->drm;
	unsigned int dma_bits = fls64(dma_get_mask(drm->dev));
	bool dma_alloc = pddgpu_ttm_needs_dma_alloc(drm->dev, dma_bits);
	bool dma32 = dma_bits <= 32;
	int ret;

	ret = pddgpu_pool_init(&pdev->pool, drm->dev,
			       (dma_alloc ? PDDGPU_POOL_DMA_ALLOC : 0) |
			       (dma32 ? PDDGPU_POOL_DMA32 : 0));
	if (ret)
		return ret;

	ret = pddgpu_pool_start(&pdev->pool, pddgpu_ttm_clear_pages);
	if (ret)
		goto err_pool_fini;

	ret = ttm_device_init(&pdev->ttm, &pddgpu_ttm_funcs, drm->dev,
			      drm->anon_inode->i_mapping, drm->vma_offset_manager,
			      dma_alloc, dma32);
	if (ret)
		goto err_pool_fini;

	ret = pddgpu_ttm_init_managers(pdev);
	if (ret)
		goto err_device_fini;

	ret = pddgpu_shrinker_init(pdev);
	if (ret)
		goto err_managers_fini;

	return drmm_add_action_or_reset(drm, pddgpu_ttm_fini, pdev);

err_managers_fini:
	pddgpu_ttm_fini_managers(pdev);
err_device_fini:
	ttm_device_fini(&pdev->ttm);
err_pool_fini:
	pddgpu_pool_fini(&pdev->pool);

	return ret;
}

/*
 * ttm_device_clear_dma_mappings() frees pages under users who hold the lock.
 * Evicting is the same with the lock held: pddgpu_ttm_evict_flags() leaves no
 * place to go to.  What is on the card holds no system memory, so it may stay.
 */
void pddgpu_ttm_unplug(struct pddgpu_device *pdev)
{
	static const u32 mem_types[] = { TTM_PL_TT, TTM_PL_SYSTEM };
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(mem_types); i++) {
		ret = ttm_resource_manager_evict_all(&pdev->ttm,
						     ttm_manager_type(&pdev->ttm, mem_types[i]));
		drm_WARN_ON(&pdev->drm, ret);
	}
	pddgpu_pool_stop_cleaning(&pdev->pool);
	pddgpu_pool_empty(&pdev->pool);
}
