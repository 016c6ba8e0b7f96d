/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_BO_H_
#define _PDDGPU_BO_H_

#include <linux/container_of.h>
#include <linux/iosys-map.h>
#include <linux/types.h>

#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_placement.h>

struct dma_fence;
struct dma_resv;
struct drm_gem_object;
struct pddgpu_device;

/* The better part of VRAM, all of VRAM, GTT, system memory; or an on-chip heap alone */
#define PDDGPU_BO_MAX_PLACES	4

/**
 * struct pddgpu_bo - a buffer object: TTM's, with what GEM_CREATE said of it
 */
struct pddgpu_bo {
	/** @tbo: TTM buffer object, which holds the GEM object */
	struct ttm_buffer_object tbo;
	/** @domains: DRM_PDDGPU_DOMAIN_*; constant */
	u32 domains;
	/** @flags: DRM_PDDGPU_GEM_*; constant */
	u32 flags;
	/** @alignment: bytes, 0 if any; constant */
	u64 alignment;
	/** @vm_id: id of the only address space that may map it, 0 if any; constant */
	u32 vm_id;
	/** @client_id: &drm_file.client_id of the only file with handles, 0 if any; constant */
	u64 client_id;
	/**
	 * @vm_resv: object whose reservation the buffer shares, a reference, or
	 * NULL: the resv object of the address space it is private to.
	 */
	struct drm_gem_object *vm_resv;
	/** @places: storage for @placement; by the reservation */
	struct ttm_place places[PDDGPU_BO_MAX_PLACES];
	/** @placement: what the last validation asked for; by the reservation */
	struct ttm_placement placement;
	/** @listed: by the CS that holds the reservation: others make room first */
	bool listed;
	/** @cpu_faulted: the CPU touched it in VRAM, visible is preferred; by the reservation */
	bool cpu_faulted;
	/** @purgeable: nobody needs its contents; as @cpu_faulted */
	bool purgeable;
	/** @purged: it has lost them, see struct drm_pddgpu_gem_madvise; as @cpu_faulted */
	bool purged;
	/** @tracked: in &pddgpu_shrinker.purgeable, or a scan has it; as @cpu_faulted */
	bool tracked;
	/** @moved: last move or clear by the copy engine, a reference, or NULL; as @cpu_faulted */
	struct dma_fence *moved;
	/** @lost: an earlier one failed, or there was nobody to move it; as @cpu_faulted */
	bool lost;
	/** @map: CPU mapping of a buffer of pddgpu_bo_create_pinned(); constant */
	struct iosys_map map;
};

#define to_pddgpu_bo(ttm_bo) container_of(ttm_bo, struct pddgpu_bo, tbo)
#define gem_to_pddgpu_bo(gem) container_of(gem, struct pddgpu_bo, tbo.base)

/**
 * struct pddgpu_bo_params - what kind of buffer to create
 */
struct pddgpu_bo_params {
	/** @size: bytes, a non-zero multiple of 4 KiB */
	u64 size;
	/** @alignment: of its VRAM address, bytes, 0 or a power of two */
	u64 alignment;
	/** @domains: DRM_PDDGPU_DOMAIN_* */
	u32 domains;
	/** @flags: DRM_PDDGPU_GEM_* */
	u32 flags;
	/** @vm_id: see struct pddgpu_bo */
	u32 vm_id;
	/** @client_id: see struct pddgpu_bo */
	u64 client_id;
	/** @vm_resv: see struct pddgpu_bo; not locked by the caller */
	struct drm_gem_object *vm_resv;
	/** @kernel: no user will see it (ttm_bo_type_kernel) */
	bool kernel;
};

/**
 * pddgpu_bo_create() - Create a buffer in its preferred domain, cleared
 * @pdev: the card
 * @params: what kind
 *
 * Others are evicted to make room on the card.  A buffer in an on-chip heap goes there
 * later if that is not possible now.
 *
 * Return: the buffer, unreserved, with one GEM reference for the caller; or an
 * ERR_PTR: -ENOSPC if VRAM is full, -ENOMEM, -EINTR-like.
 */
struct pddgpu_bo *pddgpu_bo_create(struct pddgpu_device *pdev,
				   const struct pddgpu_bo_params *params);

/**
 * pddgpu_bo_create_pinned() - Create memory for the driver's own use
 * @pdev: the card
 * @size: bytes, a non-zero multiple of 4 KiB
 * @domain: DRM_PDDGPU_DOMAIN_GTT (with an aperture address, cached) or
 *          DRM_PDDGPU_DOMAIN_VRAM (contiguous and visible)
 * @addr: set to the VMID 0 address
 * @cpu: set to a CPU mapping if not NULL; VRAM is write-combined I/O memory
 *
 * The memory is zeroed.
 *
 * Return: the buffer, pinned, or an ERR_PTR as pddgpu_bo_create().
 */
struct pddgpu_bo *pddgpu_bo_create_pinned(struct pddgpu_device *pdev, u64 size, u32 domain,
					  u64 *addr, void **cpu);

/**
 * pddgpu_bo_free_pinned() - Undo pddgpu_bo_create_pinned()
 * @bo: the buffer, or NULL
 */
void pddgpu_bo_free_pinned(struct pddgpu_bo *bo);

/**
 * pddgpu_bo_validate() - Bring a buffer to where a job can use it
 * @bo: the buffer, reserved
 * @domains: DRM_PDDGPU_DOMAIN_* to try, best first as the card ranks them; for
 *           a listed buffer &pddgpu_bo.domains, else GTT | VRAM: wherever it is,
 *           so long as the GPU reaches it
 * @ctx: how to wait, and whose reservation may be evicted
 *
 * Others are evicted to make room in VRAM only if @domains is VRAM alone.  A
 * buffer that does not have VRAM among its own domains is not moved there.  GTT
 * stands in for DRM_PDDGPU_DOMAIN_CPU, which no job reaches.  A pinned buffer is
 * left where it is, if that is one of @domains.
 *
 * Return: 0, -ENOSPC if VRAM was demanded and is full, -ENOMEM, -EINTR-like.
 */
int pddgpu_bo_validate(struct pddgpu_bo *bo, u32 domains, struct ttm_operation_ctx *ctx);

/**
 * pddgpu_bo_validate_visible() - Bring a buffer to where the CPU can reach it
 * @bo: the buffer, reserved
 * @ctx: how to wait
 *
 * Visible VRAM if there is room, GTT otherwise.
 *
 * Return: as pddgpu_bo_validate().
 */
int pddgpu_bo_validate_visible(struct pddgpu_bo *bo, struct ttm_operation_ctx *ctx);

/**
 * pddgpu_bo_advise() - Say whether the contents of a buffer are needed
 * @bo: the buffer, reserved
 * @needed: if not, they may go at any time while it is idle
 *
 * Return: false if they have gone since they were needed last.
 */
bool pddgpu_bo_advise(struct pddgpu_bo *bo, bool needed);

/**
 * pddgpu_bo_placement() - Where a buffer is
 * @bo: the buffer, reserved
 *
 * Return: DRM_PDDGPU_DOMAIN_*; _CPU if it has no memory.
 */
u32 pddgpu_bo_placement(struct pddgpu_bo *bo);

/**
 * pddgpu_bo_is_visible() - Whether the CPU can reach a buffer where it is
 * @bo: the buffer, reserved
 *
 * Return: true if so.
 */
bool pddgpu_bo_is_visible(struct pddgpu_bo *bo);

/**
 * pddgpu_bo_set_moved() - Note that the copy engine fills in a buffer
 * @bo: the buffer, reserved
 * @fence: of the move or clear
 */
void pddgpu_bo_set_moved(struct pddgpu_bo *bo, struct dma_fence *fence);

/**
 * pddgpu_bo_is_lost() - Whether a buffer may hold what is not its own
 * @bo: the buffer, reserved, its KERNEL fences signalled
 *
 * If the copy engine has failed to move or clear it, its memory may still hold
 * what another client left there, and must not be shown to anybody.  If there was no
 * engine to move it, what it held is gone.
 *
 * Return: true if so, for ever.
 */
bool pddgpu_bo_is_lost(struct pddgpu_bo *bo);

/**
 * pddgpu_bo_is_ours() - Tell our buffers from TTM's ghosts
 * @tbo: any TTM buffer object
 *
 * Return: true if to_pddgpu_bo() is valid.
 */
bool pddgpu_bo_is_ours(struct ttm_buffer_object *tbo);

/**
 * pddgpu_bo_error() - TTM's error for a placement, made to say what is full
 * @domains: DRM_PDDGPU_DOMAIN_* that were tried
 * @err: TTM's error
 *
 * Return: -ENOSPC for -ENOMEM if only memory of the card was tried, else @err.
 */
int pddgpu_bo_error(u32 domains, int err);

#endif
