/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_GTT_MGR_H_
#define _PDDGPU_GTT_MGR_H_

#include <linux/container_of.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include <drm/drm_mm.h>
#include <drm/ttm/ttm_resource.h>

struct pddgpu_map;
struct ttm_device;

/**
 * struct pddgpu_gtt_mgr - TTM_PL_TT: a budget of system memory, and the GTT
 * aperture for the few that need an address there
 */
struct pddgpu_gtt_mgr {
	/** @base: TTM's part; its size is the budget in bytes */
	struct ttm_resource_manager base;
	/** @lock: protects @mm; held for one drm_mm call, or while a dump looks at all of it */
	spinlock_t lock;
	/** @mm: the aperture, in pages */
	struct drm_mm mm;
	/** @first: first aperture page that is handed out; constant */
	u64 first;
	/** @num_pages: aperture pages that are handed out; constant */
	u64 num_pages;
};

/**
 * struct pddgpu_gtt_resource - a placement in GTT
 */
struct pddgpu_gtt_resource {
	/** @base: TTM's part; @base.start is the aperture page or PDDGPU_GTT_NO_ADDR */
	struct ttm_resource base;
	/** @node: the aperture range, in pages; not allocated if none was asked for */
	struct drm_mm_node node;
};

/*
 * The manager answers -ENOSPC when budget or aperture is short (TTM evicts or goes
 * to the next place), and -E2BIG, which ends the validation, when the buffer is
 * larger than either could ever hold.
 */

/* ttm_resource.start of a placement without an aperture address */
#define PDDGPU_GTT_NO_ADDR ((unsigned long)-1)

#define to_pddgpu_gtt_mgr(man) container_of(man, struct pddgpu_gtt_mgr, base)
#define to_pddgpu_gtt_resource(res) container_of(res, struct pddgpu_gtt_resource, base)

/**
 * pddgpu_gtt_mgr_init() - Start managing GTT and register with TTM
 * @mgr: the manager, zeroed
 * @bdev: the TTM device
 * @size: budget of system memory, bytes, not 0
 * @first: first aperture page to hand out
 * @num_pages: aperture pages to hand out, not 0
 *
 * Return: 0, -EINVAL for a zero size.
 */
int pddgpu_gtt_mgr_init(struct pddgpu_gtt_mgr *mgr, struct ttm_device *bdev, u64 size,
			u64 first, u64 num_pages);

/**
 * pddgpu_gtt_mgr_fini() - Unregister and free the manager
 * @mgr: the manager
 * @bdev: the TTM device
 */
void pddgpu_gtt_mgr_fini(struct pddgpu_gtt_mgr *mgr, struct ttm_device *bdev);

/**
 * pddgpu_gtt_mgr_map() - Draw who has what of the aperture
 * @man: &pddgpu_gtt_mgr.base
 * @map: see pddgpu_map_fn
 */
void pddgpu_gtt_mgr_map(struct ttm_resource_manager *man, struct pddgpu_map *map);

/**
 * pddgpu_gtt_resource_has_addr() - Whether a placement has an aperture address
 * @res: a resource of this manager
 *
 * Return: true if so; @res->start is the aperture page then.
 */
bool pddgpu_gtt_resource_has_addr(struct ttm_resource *res);

#endif
