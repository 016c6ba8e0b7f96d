// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/delay.h>
#include <linux/dma-fence.h>
#include <linux/slab.h>

#include <drm/drm_gem.h>
#include <drm/ttm/ttm_tt.h>

#include "include/uapi/drm/pddgpu_drm.h"
#include "pddgpu_bo.h"
#include "pddgpu_device.h"
#include "pddgpu_gem.h"
#include "pddgpu_shrinker.h"

/* How long to wait at most before there is no room, each time twice as long as before */
#define PDDGPU_BO_RETRY_MS	32

/*
 * Who is evicted first, as TTM has it: what nobody needs, and page tables last, since
 * without those every job of the address space waits.
 */
enum {
	PDDGPU_BO_PRIORITY_PURGEABLE,
	PDDGPU_BO_PRIORITY_USER,
	PDDGPU_BO_PRIORITY_KERNEL,
};

static void pddgpu_bo_destroy(struct ttm_buffer_object *tbo)
{
	struct pddgpu_bo *bo = to_pddgpu_bo(tbo);

	pddgpu_shrinker_forget(bo);
	drm_gem_object_release(&tbo->base);
	dma_fence_put(bo->moved);
	if (bo->vm_resv)
		drm_gem_object_put(bo->vm_resv);
	kfree(bo);
}

bool pddgpu_bo_is_ours(struct ttm_buffer_object *tbo)
{
	return tbo->destroy == pddgpu_bo_destroy;
}

u32 pddgpu_bo_placement(struct pddgpu_bo *bo)
{
	struct ttm_resource *res = bo->tbo.resource;

	dma_resv_assert_held(bo->tbo.base.resv);

	switch (res ? res->mem_type : TTM_PL_SYSTEM) {
	case TTM_PL_VRAM:
		return DRM_PDDGPU_DOMAIN_VRAM;
	case TTM_PL_TT:
		return DRM_PDDGPU_DOMAIN_GTT;
	case TTM_PL_SYSTEM:
		return DRM_PDDGPU_DOMAIN_CPU;
	default:
		return PDDGPU_DOMAIN_ONCHIP(res->mem_type - PDDGPU_PL_ONCHIP(0));
	}
}

bool pddgpu_bo_is_visible(struct pddgpu_bo *bo)
{
	struct ttm_resource *res = bo->tbo.resource;

	dma_resv_assert_held(bo->tbo.base.resv);
	if (!res)
		return false;

	return !pddgpu_res_on_card(res) ||
		(res->mem_type == TTM_PL_VRAM && pddgpu_vram_resource_is_visible(res));
}

bool pddgpu_bo_is_lost(struct pddgpu_bo *bo)
{
	dma_resv_assert_held(bo->tbo.base.resv);

	return bo->lost || (bo->moved && dma_fence_get_status(bo->moved) < 0);
}

void pddgpu_bo_set_moved(struct pddgpu_bo *bo, struct dma_fence *fence)
{
	bo->lost = pddgpu_bo_is_lost(bo);
	dma_fence_put(bo->moved);
	bo->moved = dma_fence_get(fence);
}

int pddgpu_bo_error(u32 domains, int err)
{
	bool on_card = domains == DRM_PDDGPU_DOMAIN_VRAM || domains & PDDGPU_DOMAINS_ONCHIP;

	return err == -ENOMEM && on_card ? -ENOSPC : err;
}

/* Append to what the next validation tries; without fpfn and lpfn, anywhere. */
static struct ttm_place *pddgpu_bo_add_place(struct pddgpu_bo *bo, u32 mem_type, u32 flags)
{
	struct ttm_place *place = &bo->places[bo->placement.num_placement++];

	*place = (struct ttm_place) { .mem_type = mem_type, .flags = flags };

	return place;
}

/* Whether VRAM from @start up to @end could hold it: TTM gives up at a place that cannot */
static bool pddgpu_bo_fits(struct pddgpu_bo *bo, u64 start, u64 end)
{
	start = round_up(start, max_t(u64, bo->alignment, PAGE_SIZE));

	return start < end && bo->tbo.base.size <= end - start;
}

/*
 * Visible VRAM is scarce, so what the CPU has shown no interest in goes to the
 * rest if there is room without evicting anybody.
 */
static void pddgpu_bo_add_vram(struct pddgpu_bo *bo, u32 flags)
{
	struct pddgpu_device *pdev = ttm_to_pddgpu(bo->tbo.bdev);
	u64 visible = pdev->vram.visible;
	u32 desired = flags | TTM_PL_FLAG_DESIRED;

	if (bo->flags & DRM_PDDGPU_GEM_CPU_ACCESS_REQUIRED) {
		pddgpu_bo_add_place(bo, TTM_PL_VRAM, flags)->lpfn = visible >> PAGE_SHIFT;
		return;
	}

	if (bo->cpu_faulted && pddgpu_bo_fits(bo, 0, visible))
		pddgpu_bo_add_place(bo, TTM_PL_VRAM, desired)->lpfn = visible >> PAGE_SHIFT;
	else if (!bo->cpu_faulted && pddgpu_bo_fits(bo, visible, pdev->vram.size))
		pddgpu_bo_add_place(bo, TTM_PL_VRAM, desired)->fpfn = visible >> PAGE_SHIFT;
	pddgpu_bo_add_place(bo, TTM_PL_VRAM, flags);
}

static u32 pddgpu_bo_contiguous(const struct pddgpu_bo *bo)
{
	return bo->flags & DRM_PDDGPU_GEM_VRAM_CONTIGUOUS ? TTM_PL_FLAG_CONTIGUOUS : 0;
}

/*
 * What is left of @domains when those are gone that could never hold the buffer.
 * If that is all of them, the managers shall say so.
 */
static u32 pddgpu_bo_fitting_domains(struct pddgpu_bo *bo, u32 domains)
{
	struct pddgpu_device *pdev = ttm_to_pddgpu(bo->tbo.bdev);
	bool cpu_access = bo->flags & DRM_PDDGPU_GEM_CPU_ACCESS_REQUIRED;
	u32 fitting = domains;

	if (!pddgpu_bo_fits(bo, 0, cpu_access ? pdev->vram.visible : pdev->vram.size))
		fitting &= ~DRM_PDDGPU_DOMAIN_VRAM;
	if (bo->tbo.base.size > pdev->gtt_mgr.base.size)
		fitting &= ~DRM_PDDGPU_DOMAIN_GTT;

	return fitting ? fitting : domains;
}

/*
 * TTM tries the places in turn: first those not marked FALLBACK, evicting
 * nobody, then those not marked DESIRED, evicting others.  @vram_flags says what
 * VRAM is marked with if there is a choice.
 *
 * A buffer that is in GTT although it belongs in VRAM alone stays there if it may
 * (@domains is wider than its own).  One that belongs in both comes back to VRAM.
 */
static void pddgpu_bo_set_places(struct pddgpu_bo *bo, u32 domains, u32 vram_flags)
{
	u32 contiguous = pddgpu_bo_contiguous(bo);
	u32 gtt_flags = 0;

	bo->placement.num_placement = 0;
	bo->placement.placement = bo->places;

	if (domains & PDDGPU_DOMAINS_ONCHIP) {
		pddgpu_bo_add_place(bo, PDDGPU_PL_ONCHIP(pddgpu_onchip_heap_of(domains)), 0);
		return;
	}

	domains = pddgpu_bo_fitting_domains(bo, domains);
	if (domains == DRM_PDDGPU_DOMAIN_VRAM) {
		pddgpu_bo_add_vram(bo, contiguous);
	} else if (domains & bo->domains & DRM_PDDGPU_DOMAIN_VRAM) {
		pddgpu_bo_add_vram(bo, contiguous | vram_flags);
		if (bo->domains != DRM_PDDGPU_DOMAIN_VRAM)
			gtt_flags = TTM_PL_FLAG_FALLBACK;
	}

	if (domains & DRM_PDDGPU_DOMAIN_GTT)
		pddgpu_bo_add_place(bo, TTM_PL_TT, gtt_flags);
	if (domains & DRM_PDDGPU_DOMAIN_CPU)
		pddgpu_bo_add_place(bo, TTM_PL_SYSTEM,
				    bo->placement.num_placement ? TTM_PL_FLAG_FALLBACK : 0);
}

static struct pddgpu_bo *pddgpu_bo_alloc(struct pddgpu_device *pdev,
					 const struct pddgpu_bo_params *params)
{
	struct pddgpu_bo *bo = kzalloc_obj(*bo);

	if (!bo)
		return NULL;

	drm_gem_private_object_init(&pdev->drm, &bo->tbo.base, params->size);
	bo->tbo.base.funcs = &pddgpu_gem_funcs;
	bo->tbo.bdev = &pdev->ttm;
	bo->tbo.priority = params->kernel ? PDDGPU_BO_PRIORITY_KERNEL : PDDGPU_BO_PRIORITY_USER;
	bo->domains = params->domains;
	bo->flags = params->flags;
	bo->alignment = params->alignment;
	bo->vm_id = params->vm_id;
	bo->client_id = params->client_id;
	bo->vm_resv = params->vm_resv;
	if (bo->vm_resv)
		drm_gem_object_get(bo->vm_resv);

	pddgpu_bo_set_places(bo, bo->domains, 0);
	/* Jobs of others may have all of the heap just now: its own will bring it there. */
	if (bo->domains & PDDGPU_DOMAINS_ONCHIP)
		pddgpu_bo_add_place(bo, TTM_PL_SYSTEM, TTM_PL_FLAG_FALLBACK);

	return bo;
}

/* On success @bo is reserved, on failure it is gone. */
static int pddgpu_bo_init_reserved(struct pddgpu_bo *bo, bool kernel, bool interruptible)
{
	struct dma_resv *resv = bo->vm_resv ? bo->vm_resv->resv : NULL;
	/* Buffers of an address space share a lock; they make room for each other. */
	struct ttm_operation_ctx ctx = {
		.interruptible = interruptible,
		.resv = resv,
		.allow_res_evict = !!resv,
	};

	return ttm_bo_init_reserved(bo->tbo.bdev, &bo->tbo,
				    kernel ? ttm_bo_type_kernel : ttm_bo_type_device,
				    &bo->placement, bo->alignment >> PAGE_SHIFT, &ctx,
				    NULL, resv, pddgpu_bo_destroy);
}

static struct pddgpu_bo *pddgpu_bo_try_create(struct pddgpu_device *pdev,
					      const struct pddgpu_bo_params *params)
{
	struct dma_resv *vm_resv = params->vm_resv ? params->vm_resv->resv : NULL;
	struct pddgpu_bo *bo;
	int ret;

	if (vm_resv) {
		ret = dma_resv_lock_interruptible(vm_resv, NULL);
		if (ret)
			return ERR_PTR(ret);
	}

	bo = pddgpu_bo_alloc(pdev, params);
	if (!bo) {
		ret = -ENOMEM;
		goto out_unlock;
	}

	ret = pddgpu_bo_init_reserved(bo, params->kernel, true);
	if (!ret && !vm_resv)
		ttm_bo_unreserve(&bo->tbo);
	ret = pddgpu_bo_error(params->domains, ret);

out_unlock:
	if (vm_resv)
		dma_resv_unlock(vm_resv);

	return ret ? ERR_PTR(ret) : bo;
}

/*
 * Memory may be on its way back, from buffers that are gone but for their last jobs.
 * TTM waits for those unless it meets them while they are taken apart: without a
 * ticket it passes over whatever is locked.  That does not take long.  To flush TTM's
 * queue would be to wait for everybody's last jobs, and not to be killed meanwhile.
 */
struct pddgpu_bo *pddgpu_bo_create(struct pddgpu_device *pdev,
				   const struct pddgpu_bo_params *params)
{
	struct pddgpu_bo *bo = pddgpu_bo_try_create(pdev, params);
	unsigned int ms;

	for (ms = 1; bo == ERR_PTR(-ENOSPC) && ms <= PDDGPU_BO_RETRY_MS; ms *= 2) {
		if (msleep_interruptible(ms))
			return ERR_PTR(-ERESTARTSYS);
		bo = pddgpu_bo_try_create(pdev, params);
	}

	return bo;
}

static u64 pddgpu_bo_kernel_addr(struct pddgpu_bo *bo)
{
	struct ttm_resource *res = bo->tbo.resource;
	u64 base = res->mem_type == TTM_PL_TT ? PDDGPU_GART_START : 0;

	return base + ((u64)res->start << PAGE_SHIFT);
}

/* A clear by the copy engine must be over before the CPU writes. */
static int pddgpu_bo_map_pinned(struct pddgpu_bo *bo, void **cpu)
{
	struct ttm_operation_ctx ctx = {};
	int ret;

	ret = ttm_bo_wait_ctx(&bo->tbo, &ctx);
	if (ret || !cpu)
		return ret;

	ret = ttm_bo_vmap(&bo->tbo, &bo->map);
	if (!ret)
		*cpu = bo->map.vaddr;

	return ret;
}

struct pddgpu_bo *pddgpu_bo_create_pinned(struct pddgpu_device *pdev, u64 size, u32 domain,
					  u64 *addr, void **cpu)
{
	const struct pddgpu_bo_params params = {
		.size = size,
		.domains = domain,
		.flags = DRM_PDDGPU_GEM_CPU_ACCESS_REQUIRED | DRM_PDDGPU_GEM_VRAM_CONTIGUOUS,
	};
	struct pddgpu_bo *bo;
	int ret;

	bo = pddgpu_bo_alloc(pdev, &params);
	if (!bo)
		return ERR_PTR(-ENOMEM);

	/* A limit is what asks the GTT manager for an address. */
	if (domain == DRM_PDDGPU_DOMAIN_GTT)
		bo->places[0].lpfn = PDDGPU_GART_PAGES;

	ret = pddgpu_bo_init_reserved(bo, true, false);
	if (ret)
		return ERR_PTR(pddgpu_bo_error(domain, ret));

	ret = pddgpu_bo_map_pinned(bo, cpu);
	if (!ret) {
		*addr = pddgpu_bo_kernel_addr(bo);
		ttm_bo_pin(&bo->tbo);
	}
	ttm_bo_unreserve(&bo->tbo);
	if (ret) {
		drm_gem_object_put(&bo->tbo.base);
		return ERR_PTR(ret);
	}

	return bo;
}

void pddgpu_bo_free_pinned(struct pddgpu_bo *bo)
{
	if (!bo)
		return;

	dma_resv_lock(bo->tbo.base.resv, NULL);
	ttm_bo_vunmap(&bo->tbo, &bo->map);
	ttm_bo_unpin(&bo->tbo);
	dma_resv_unlock(bo->tbo.base.resv);
	drm_gem_object_put(&bo->tbo.base);
}

/* Who is used is evicted last: unlocking a reservation alone does not tell TTM. */
static int pddgpu_bo_place(struct pddgpu_bo *bo, struct ttm_operation_ctx *ctx)
{
	int ret;

	ret = ttm_bo_validate(&bo->tbo, &bo->placement, ctx);
	if (ret)
		return ret;

	ttm_bo_move_to_lru_tail_unlocked(&bo->tbo);
	pddgpu_shrinker_track(bo);

	return 0;
}

int pddgpu_bo_validate(struct pddgpu_bo *bo, u32 domains, struct ttm_operation_ctx *ctx)
{
	dma_resv_assert_held(bo->tbo.base.resv);

	if (domains & DRM_PDDGPU_DOMAIN_CPU)
		domains = (domains & ~DRM_PDDGPU_DOMAIN_CPU) | DRM_PDDGPU_DOMAIN_GTT;
	/* TTM would try for the best of them and refuse. */
	if (bo->tbo.pin_count && domains & pddgpu_bo_placement(bo))
		return 0;
	pddgpu_bo_set_places(bo, domains, TTM_PL_FLAG_DESIRED);

	return pddgpu_bo_error(domains, pddgpu_bo_place(bo, ctx));
}

int pddgpu_bo_validate_visible(struct pddgpu_bo *bo, struct ttm_operation_ctx *ctx)
{
	struct pddgpu_device *pdev = ttm_to_pddgpu(bo->tbo.bdev);
	u64 visible = pdev->vram.visible;

	if (pddgpu_bo_is_visible(bo))
		return 0;

	/* Nobody is evicted from the aperture: if all fault, GTT serves them better. */
	bo->placement.num_placement = 0;
	bo->placement.placement = bo->places;
	if (bo->domains & DRM_PDDGPU_DOMAIN_VRAM && pddgpu_bo_fits(bo, 0, visible))
		pddgpu_bo_add_place(bo, TTM_PL_VRAM, pddgpu_bo_contiguous(bo) |
				    TTM_PL_FLAG_DESIRED)->lpfn = visible >> PAGE_SHIFT;
	if (bo->tbo.base.size <= pdev->gtt_mgr.base.size)
		pddgpu_bo_add_place(bo, TTM_PL_TT, 0);
	pddgpu_bo_add_place(bo, TTM_PL_SYSTEM, TTM_PL_FLAG_FALLBACK);

	return pddgpu_bo_place(bo, ctx);
}

bool pddgpu_bo_advise(struct pddgpu_bo *bo, bool needed)
{
	bool retained = !bo->purged;

	dma_resv_assert_held(bo->tbo.base.resv);

	bo->purgeable = !needed;
	bo->purged = bo->purged && !needed;
	bo->tbo.priority = needed ? PDDGPU_BO_PRIORITY_USER : PDDGPU_BO_PRIORITY_PURGEABLE;
	/* To the list of its priority */
	ttm_bo_move_to_lru_tail_unlocked(&bo->tbo);
	pddgpu_shrinker_track(bo);

	return retained;
}
