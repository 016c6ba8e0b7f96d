/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_ONCHIP_H_
#define _PDDGPU_ONCHIP_H_

#include <linux/types.h>

#include <drm/ttm/ttm_placement.h>
#include <drm/ttm/ttm_resource.h>

#include "include/pddgpu_regs.h"

struct ttm_device;

/* TTM's number of a heap (PDDGPU_ONCHIP_*), and the domain of its buffers, of the uAPI */
#define PDDGPU_PL_ONCHIP(heap)		(TTM_PL_PRIV + (heap))
#define PDDGPU_DOMAIN_ONCHIP(heap)	(DRM_PDDGPU_DOMAIN_GDS << (heap))
#define PDDGPU_DOMAINS_ONCHIP \
	(DRM_PDDGPU_DOMAIN_GDS | DRM_PDDGPU_DOMAIN_GWS | DRM_PDDGPU_DOMAIN_OA)

/**
 * struct pddgpu_onchip - the on-chip heaps; constant
 */
struct pddgpu_onchip {
	/** @bdev: the TTM device that has a manager for each heap */
	struct ttm_device *bdev;
	/** @pages: size of each heap, 0 if there is none */
	u32 pages[PDDGPU_NUM_ONCHIP];
};

/**
 * pddgpu_onchip_init() - Start managing the heaps and register with TTM
 * @onchip: the heaps, @pages filled in
 * @bdev: the TTM device
 *
 * Return: 0 or -ENOMEM.
 */
int pddgpu_onchip_init(struct pddgpu_onchip *onchip, struct ttm_device *bdev);

/**
 * pddgpu_onchip_fini() - Unregister and free the managers
 * @onchip: the heaps
 */
void pddgpu_onchip_fini(struct pddgpu_onchip *onchip);

/**
 * pddgpu_onchip_manager() - TTM's manager of a heap
 * @onchip: the heaps
 * @heap: PDDGPU_ONCHIP_*
 *
 * Return: the manager, or NULL if the card does not have the heap.
 */
struct ttm_resource_manager *pddgpu_onchip_manager(struct pddgpu_onchip *onchip, u32 heap);

/**
 * pddgpu_onchip_size() - Size of a heap
 * @onchip: the heaps
 * @heap: PDDGPU_ONCHIP_*
 *
 * Return: bytes, 0 if the card does not have it.
 */
u64 pddgpu_onchip_size(const struct pddgpu_onchip *onchip, u32 heap);

/**
 * pddgpu_onchip_usage() - How much of a heap is in use
 * @onchip: the heaps
 * @heap: PDDGPU_ONCHIP_*
 *
 * Return: bytes.
 */
u64 pddgpu_onchip_usage(struct pddgpu_onchip *onchip, u32 heap);

/**
 * pddgpu_onchip_evict_all() - Move what is in the heaps to GTT
 * @onchip: the heaps
 *
 * Return: 0 or the error of the first eviction that failed.
 */
int pddgpu_onchip_evict_all(struct pddgpu_onchip *onchip);

/**
 * pddgpu_onchip_heap_of() - Which heap a buffer belongs in
 * @domains: DRM_PDDGPU_DOMAIN_* of GEM_CREATE
 *
 * Return: PDDGPU_ONCHIP_*, or PDDGPU_NUM_ONCHIP if none.
 */
u32 pddgpu_onchip_heap_of(u32 domains);

/**
 * pddgpu_onchip_name() - Name of a heap
 * @heap: PDDGPU_ONCHIP_*
 *
 * Return: in small letters.
 */
const char *pddgpu_onchip_name(u32 heap);

/**
 * pddgpu_onchip_holds() - Whether a placement is in a heap
 * @res: any placement
 *
 * Return: true if so.
 */
static inline bool pddgpu_onchip_holds(const struct ttm_resource *res)
{
	return res->mem_type >= PDDGPU_PL_ONCHIP(0) &&
	       res->mem_type < PDDGPU_PL_ONCHIP(PDDGPU_NUM_ONCHIP);
}

/**
 * pddgpu_onchip_addr() - Where the kernel's jobs find a placement
 * @res: a placement in a heap
 *
 * Return: VMID 0 address of its first byte.
 */
u64 pddgpu_onchip_addr(const struct ttm_resource *res);

/**
 * pddgpu_onchip_window() - What a job sees of its heap if it may use a placement
 * @res: a placement in a heap
 *
 * Return: PDDGPU_ONCHIP_WINDOW_*.
 */
u32 pddgpu_onchip_window(const struct ttm_resource *res);

#endif
