// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/visibility.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include <drm/drm_print.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_device.h>
#include <drm/ttm/ttm_placement.h>

#include "pddgpu_gtt_mgr.h"
#include "pddgpu_inject.h"
#include "pddgpu_map.h"

/**
 * DOC: GTT manager
 *
 * Two things are handed out under the name of TTM_PL_TT.  The budget limits how
 * much system memory buffers hold in all; a temporary placement, which TTM makes
 * for a moment half-way between VRAM and system memory, may exceed it, or
 * eviction could not proceed when it is needed most.  The aperture is the address
 * range that the GART maps for the kernel's own use of the engines: only a place
 * with &ttm_place.lpfn set gets a range of it.
 */

static u64 gtt_aperture_end(const struct pddgpu_gtt_mgr *mgr)
{
	return mgr->first + mgr->num_pages;
}

/* -E2BIG spares TTM from evicting everything for what can never fit */
static int gtt_check_size(struct pddgpu_gtt_mgr *mgr, struct ttm_buffer_object *bo,
			  const struct ttm_place *place)
{
	u64 start = max_t(u64, place->fpfn, mgr->first);
	u64 end = min_t(u64, place->lpfn, gtt_aperture_end(mgr));

	if (!(place->flags & TTM_PL_FLAG_TEMPORARY) && bo->base.size > mgr->base.size)
		return -E2BIG;
	if (place->lpfn && (start >= end || PFN_UP(bo->base.size) > end - start))
		return -E2BIG;

	return 0;
}

static bool gtt_over_budget(struct ttm_resource_manager *man, const struct ttm_place *place)
{
	return !(place->flags & TTM_PL_FLAG_TEMPORARY) &&
	       ttm_resource_manager_usage(man) > man->size;
}

static int gtt_insert(struct pddgpu_gtt_mgr *mgr, struct ttm_buffer_object *bo,
		      const struct ttm_place *place, struct pddgpu_gtt_resource *gres)
{
	int err;

	spin_lock(&mgr->lock);
	err = drm_mm_insert_node_in_range(&mgr->mm, &gres->node, PFN_UP(bo->base.size),
					  bo->page_alignment, 0, place->fpfn, place->lpfn,
					  DRM_MM_INSERT_BEST);
	spin_unlock(&mgr->lock);
	if (!err)
		gres->base.start = gres->node.start;

	return err;
}

static int pddgpu_gtt_mgr_alloc(struct ttm_resource_manager *man, struct ttm_buffer_object *bo,
				const struct ttm_place *place, struct ttm_resource **res)
{
	struct pddgpu_gtt_mgr *mgr = to_pddgpu_gtt_mgr(man);
	struct pddgpu_gtt_resource *gres;
	int err;

	err = gtt_check_size(mgr, bo, place);
	if (err)
		return err;

	gres = kzalloc(sizeof(*gres), GFP_KERNEL);
	if (!gres)
		return -ENOMEM;

	/* Counted before the check, so that two who race cannot both slip in */
	ttm_resource_init(bo, place, &gres->base);
	gres->base.start = PDDGPU_GTT_NO_ADDR;
	if (gtt_over_budget(man, place) || pddgpu_inject(PDDGPU_INJECT_GTT))
		err = -ENOSPC;
	else if (place->lpfn)
		err = gtt_insert(mgr, bo, place, gres);
	if (err)
		goto err_fini;

	*res = &gres->base;
	return 0;

err_fini:
	ttm_resource_fini(man, &gres->base);
	kfree(gres);
	return err;
}

static void pddgpu_gtt_mgr_free(struct ttm_resource_manager *man, struct ttm_resource *res)
{
	struct pddgpu_gtt_resource *gres = to_pddgpu_gtt_resource(res);
	struct pddgpu_gtt_mgr *mgr = to_pddgpu_gtt_mgr(man);

	if (pddgpu_gtt_resource_has_addr(res)) {
		spin_lock(&mgr->lock);
		drm_mm_remove_node(&gres->node);
		spin_unlock(&mgr->lock);
	}

	ttm_resource_fini(man, res);
	kfree(gres);
}

static bool pddgpu_gtt_mgr_intersects(struct ttm_resource_manager *man, struct ttm_resource *res,
				      const struct ttm_place *place, size_t size)
{
	const struct drm_mm_node *node = &to_pddgpu_gtt_resource(res)->node;

	/*
	 * Evicting a buffer without an address helps one that wants an address
	 * only if it is the budget that is short.  A reading of the usage that is
	 * out of date costs one eviction more or less.
	 */
	if (!place->lpfn)
		return true;
	if (!pddgpu_gtt_resource_has_addr(res))
		return READ_ONCE(man->usage) + size > man->size;

	return node->start < place->lpfn && node->start + node->size > place->fpfn;
}

static bool pddgpu_gtt_mgr_compatible(struct ttm_resource_manager *man, struct ttm_resource *res,
				      const struct ttm_place *place, size_t size)
{
	const struct drm_mm_node *node = &to_pddgpu_gtt_resource(res)->node;

	if (!place->lpfn)
		return true;
	if (!pddgpu_gtt_resource_has_addr(res))
		return false;

	return node->start >= place->fpfn && node->start + node->size <= place->lpfn;
}

static void pddgpu_gtt_mgr_debug(struct ttm_resource_manager *man, struct drm_printer *p)
{
	struct pddgpu_gtt_mgr *mgr = to_pddgpu_gtt_mgr(man);
	u64 start, end, free = 0, largest = 0, holes = 0;
	struct drm_mm_node *node;

	spin_lock(&mgr->lock);
	drm_mm_for_each_hole(node, &mgr->mm, start, end) {
		free += end - start;
		largest = max(largest, end - start);
		holes++;
	}
	spin_unlock(&mgr->lock);

	drm_printf(p, "  aperture_first_page: %llu\n", mgr->first);
	drm_printf(p, "  aperture_pages: %llu\n", mgr->num_pages);
	drm_printf(p, "  aperture_used_pages: %llu\n", mgr->num_pages - free);
	drm_printf(p, "  aperture_holes: %llu\n", holes);
	drm_printf(p, "  aperture_largest_hole_pages: %llu\n", largest);
}

static void gtt_map_hole(struct pddgpu_map *map, u64 first, u64 end)
{
	struct pddgpu_map_block line = {
		.start = first << PAGE_SHIFT,
		.size = (end - first) << PAGE_SHIFT,
	};

	if (line.size)
		pddgpu_map_add(map, &line);
}

static void gtt_map_node(struct pddgpu_gtt_mgr *mgr, struct pddgpu_map *map,
			 struct drm_mm_node *node)
{
	struct pddgpu_gtt_resource *gres = container_of(node, struct pddgpu_gtt_resource, node);
	struct pddgpu_map_block line = {
		.start = node->start << PAGE_SHIFT,
		.size = node->size << PAGE_SHIFT,
		.state = PDDGPU_MAP_USED,
	};

	pddgpu_map_own(&line, &mgr->base, &gres->base);
	pddgpu_map_add(map, &line);
}

static void gtt_map_locked(struct pddgpu_gtt_mgr *mgr, struct pddgpu_map *map)
{
	u64 start, end, used = mgr->num_pages, pos = mgr->first;
	struct drm_mm_node *node;

	lockdep_assert_held(&mgr->lock);

	drm_mm_for_each_hole(node, &mgr->mm, start, end)
		used -= end - start;
	map->used = used << PAGE_SHIFT;
	map->visible_used = map->used;

	drm_mm_for_each_node(node, &mgr->mm) {
		gtt_map_hole(map, pos, node->start);
		gtt_map_node(mgr, map, node);
		pos = node->start + node->size;
	}
	gtt_map_hole(map, pos, gtt_aperture_end(mgr));
}

void pddgpu_gtt_mgr_map(struct ttm_resource_manager *man, struct pddgpu_map *map)
{
	struct pddgpu_gtt_mgr *mgr = to_pddgpu_gtt_mgr(man);

	map->name = "gtt";
	map->start = mgr->first << PAGE_SHIFT;
	map->end = gtt_aperture_end(mgr) << PAGE_SHIFT;
	map->visible = map->end;

	spin_lock(&mgr->lock);
	gtt_map_locked(mgr, map);
	spin_unlock(&mgr->lock);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_gtt_mgr_map);

static const struct ttm_resource_manager_func pddgpu_gtt_mgr_func = {
	.alloc = pddgpu_gtt_mgr_alloc,
	.free = pddgpu_gtt_mgr_free,
	.intersects = pddgpu_gtt_mgr_intersects,
	.compatible = pddgpu_gtt_mgr_compatible,
	.debug = pddgpu_gtt_mgr_debug,
};

int pddgpu_gtt_mgr_init(struct pddgpu_gtt_mgr *mgr, struct ttm_device *bdev, u64 size, u64 first,
			u64 num_pages)
{
	if (!size || !num_pages)
		return -EINVAL;

	spin_lock_init(&mgr->lock);
	drm_mm_init(&mgr->mm, first, num_pages);
	mgr->first = first;
	mgr->num_pages = num_pages;
	mgr->base.func = &pddgpu_gtt_mgr_func;
	mgr->base.use_tt = true;

	ttm_resource_manager_init(&mgr->base, bdev, size);
	ttm_set_driver_manager(bdev, TTM_PL_TT, &mgr->base);
	ttm_resource_manager_set_used(&mgr->base, true);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_gtt_mgr_init);

void pddgpu_gtt_mgr_fini(struct pddgpu_gtt_mgr *mgr, struct ttm_device *bdev)
{
	ttm_resource_manager_set_used(&mgr->base, false);
	/* Whoever still holds an address will give it back to this manager: leak it rather */
	if (WARN_ON(ttm_resource_manager_evict_all(bdev, &mgr->base)))
		return;

	drm_mm_takedown(&mgr->mm);
	ttm_resource_manager_cleanup(&mgr->base);
	ttm_set_driver_manager(bdev, TTM_PL_TT, NULL);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_gtt_mgr_fini);

bool pddgpu_gtt_resource_has_addr(struct ttm_resource *res)
{
	return res->start != PDDGPU_GTT_NO_ADDR;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_gtt_resource_has_addr);
