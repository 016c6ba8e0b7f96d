/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_COPY_H_
#define _PDDGPU_COPY_H_

#include <linux/types.h>

#include <drm/drm_suballoc.h>
#include <drm/gpu_scheduler.h>

struct dma_fence;
struct pddgpu_bo;
struct pddgpu_device;
struct ttm_buffer_object;
struct ttm_resource;

/**
 * struct pddgpu_copy - the kernel's own use of the copy engine
 */
struct pddgpu_copy {
	/** @entity: queue of moves and clears */
	struct drm_sched_entity entity;
	/** @ib_bo: pinned GTT memory that kernel command buffers share */
	struct pddgpu_bo *ib_bo;
	/** @ib_addr: its VMID 0 address */
	u64 ib_addr;
	/** @ib_cpu: its CPU mapping */
	u32 *ib_cpu;
	/** @ibs: hands it out; frees what a fence has passed */
	struct drm_suballoc_manager ibs;
	/** @ready: moves and clears may use the engine; false before and after */
	bool ready;
};

/**
 * pddgpu_copy_init() - Prepare kernel jobs
 * @pdev: the card; the copy engine's ring is up
 *
 * Return: 0 or the error of the allocation.
 */
int pddgpu_copy_init(struct pddgpu_device *pdev);

/**
 * pddgpu_copy_fini() - Stop accepting kernel jobs and free what they used
 * @pdev: the card; all its fences are signalled
 */
void pddgpu_copy_fini(struct pddgpu_device *pdev);

/**
 * pddgpu_copy_move() - Copy a buffer between two placements
 * @bo: the buffer, reserved; its resource and ttm are the source
 * @dst: destination in VRAM, or in TT with @bo's ttm populated; one of the two
 *       is in VRAM
 *
 * The engine waits for all fences of @bo's reservation object.  System pages
 * with an aperture address are bound already; those without go through a copy
 * window.
 *
 * Return: the fence of the move, a reference, or an ERR_PTR with nothing under
 * way: -ENODEV or -EIO when the engine cannot be used (see
 * &pddgpu_copy.ready), -ENOMEM.
 */
struct dma_fence *pddgpu_copy_move(struct ttm_buffer_object *bo, struct ttm_resource *dst);

/**
 * pddgpu_copy_clear() - Fill a VRAM placement with zeroes
 * @bo: the buffer, reserved; the engine waits for its KERNEL fences, which cover
 *      the previous owner of the memory
 * @dst: placement in VRAM
 *
 * Return: as pddgpu_copy_move().
 */
struct dma_fence *pddgpu_copy_clear(struct ttm_buffer_object *bo, struct ttm_resource *dst);

#endif
