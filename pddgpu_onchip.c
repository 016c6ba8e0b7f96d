// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/visibility.h>
#include <linux/bitfield.h>
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/mm.h>

#include <drm/ttm/ttm_device.h>
#include <drm/ttm/ttm_range_manager.h>

#include "include/uapi/drm/pddgpu_drm.h"
#include "pddgpu_onchip.h"

/**
 * DOC: on-chip heaps
 *
 * GDS, GWS and OA are small memories in the card that have no address in a
 * process's page table.  Each is a place of its own to TTM, with TTM's range
 * manager behind it: a buffer is a run of pages, for a window of a VMID is one.
 * A buffer belongs in one heap and in nothing else.
 *
 * A job gets what it lists: the ring gives its VMID a window of each heap, which is
 * where the buffer of the heap is when the job is submitted, and nothing of the heaps
 * that it lists no buffer of.  So there can be but one of each, and all of a heap can be
 * evicted for the job that needs it, unless others hold locks.
 *
 * All else is as for VRAM: the copy engine, which sees the heaps at addresses of VMID 0,
 * clears a buffer that is new, saves one that is evicted to GTT behind the jobs that
 * use it, and brings it back for the next job that lists it.
 */

static const char * const pddgpu_onchip_names[PDDGPU_NUM_ONCHIP] = {
	[PDDGPU_ONCHIP_GDS] = "gds",
	[PDDGPU_ONCHIP_GWS] = "gws",
	[PDDGPU_ONCHIP_OA] = "oa",
};

int pddgpu_onchip_init(struct pddgpu_onchip *onchip, struct ttm_device *bdev)
{
	static_assert(PDDGPU_PL_ONCHIP(PDDGPU_NUM_ONCHIP) <= TTM_NUM_MEM_TYPES);
	static_assert(PDDGPU_DOMAIN_ONCHIP(PDDGPU_ONCHIP_GWS) == DRM_PDDGPU_DOMAIN_GWS);
	static_assert(PDDGPU_DOMAIN_ONCHIP(PDDGPU_ONCHIP_OA) == DRM_PDDGPU_DOMAIN_OA);
	static_assert(PDDGPU_ONCHIP_PAGE == PAGE_SIZE);

	onchip->bdev = bdev;
	for (u32 h = 0; h < PDDGPU_NUM_ONCHIP; h++) {
		int ret = 0;

		if (onchip->pages[h])
			ret = ttm_range_man_init(bdev, PDDGPU_PL_ONCHIP(h), false,
						 onchip->pages[h]);
		if (ret) {
			pddgpu_onchip_fini(onchip);
			return ret;
		}
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_onchip_init);

void pddgpu_onchip_fini(struct pddgpu_onchip *onchip)
{
	for (u32 h = 0; h < PDDGPU_NUM_ONCHIP; h++)
		if (pddgpu_onchip_manager(onchip, h))
			WARN_ON(ttm_range_man_fini(onchip->bdev, PDDGPU_PL_ONCHIP(h)));
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_onchip_fini);

struct ttm_resource_manager *pddgpu_onchip_manager(struct pddgpu_onchip *onchip, u32 heap)
{
	return ttm_manager_type(onchip->bdev, PDDGPU_PL_ONCHIP(heap));
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_onchip_manager);

u64 pddgpu_onchip_size(const struct pddgpu_onchip *onchip, u32 heap)
{
	return (u64)onchip->pages[heap] << PAGE_SHIFT;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_onchip_size);

u64 pddgpu_onchip_usage(struct pddgpu_onchip *onchip, u32 heap)
{
	struct ttm_resource_manager *man = pddgpu_onchip_manager(onchip, heap);

	return man ? ttm_resource_manager_usage(man) : 0;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_onchip_usage);

int pddgpu_onchip_evict_all(struct pddgpu_onchip *onchip)
{
	for (u32 h = 0; h < PDDGPU_NUM_ONCHIP; h++) {
		struct ttm_resource_manager *man = pddgpu_onchip_manager(onchip, h);
		int ret = man ? ttm_resource_manager_evict_all(onchip->bdev, man) : 0;

		if (ret)
			return ret;
	}
	return 0;
}

u32 pddgpu_onchip_heap_of(u32 domains)
{
	u32 heaps = domains & PDDGPU_DOMAINS_ONCHIP;

	return heaps ? __ffs(heaps) - __ffs(DRM_PDDGPU_DOMAIN_GDS) : PDDGPU_NUM_ONCHIP;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_onchip_heap_of);

const char *pddgpu_onchip_name(u32 heap)
{
	return pddgpu_onchip_names[heap];
}

u64 pddgpu_onchip_addr(const struct ttm_resource *res)
{
	return PDDGPU_ONCHIP_START(res->mem_type - PDDGPU_PL_ONCHIP(0)) +
		((u64)res->start << PAGE_SHIFT);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_onchip_addr);

u32 pddgpu_onchip_window(const struct ttm_resource *res)
{
	return FIELD_PREP(PDDGPU_ONCHIP_WINDOW_BASE, res->start) |
	       FIELD_PREP(PDDGPU_ONCHIP_WINDOW_PAGES, PFN_UP(res->size));
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_onchip_window);
