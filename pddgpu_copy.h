/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_COPY_H_
#define _PDDGPU_COPY_H_

#include <linux/atomic.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include <drm/drm_suballoc.h>
#include <drm/gpu_scheduler.h>
#include <drm/ttm/ttm_caching.h>

struct dma_fence;
struct list_head;
struct pddgpu_bo;
struct pddgpu_device;
struct pddgpu_pool_span;
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
	/** @clear_entity: queue of clears that nobody waits for, behind all others */
	struct drm_sched_entity clear_entity;
	/** @clear_lock: held while pages are cleared; nothing is held when it is taken */
	struct mutex clear_lock;
	/** @clear_last: fence of the last job of @clear_entity, or NULL; by @clear_lock */
	struct dma_fence *clear_last;
	/** @clear_claim: that of this job, see &pddgpu_job.claim */
	atomic_t clear_claim;
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
 * @dst: destination on the card, or in TT with @bo's ttm populated; one of the two
 *       is on the card
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
 * pddgpu_copy_clear() - Fill a placement on the card with zeroes
 * @bo: the buffer, reserved; the engine waits for its KERNEL fences, which cover
 *      the previous owner of the memory
 * @dst: placement on the card; blocks of VRAM that are clear are left out
 *
 * Return: as pddgpu_copy_move(), or NULL if all of it is clear.
 */
struct dma_fence *pddgpu_copy_clear(struct ttm_buffer_object *bo, struct ttm_resource *dst);

/**
 * pddgpu_copy_clear_blocks() - Fill VRAM with zeroes that no buffer has
 * @pdev: the card
 * @blocks: struct gpu_buddy_block that are not clear
 * @after: what must be over before, or NULL
 * @claim: see &pddgpu_job.claim
 *
 * In one job that gives way to all others and is not run again if it fails.  See
 * pddgpu_vram_clear_fn for what it can be given.
 *
 * Return: as pddgpu_copy_move().
 */
struct dma_fence *pddgpu_copy_clear_blocks(struct pddgpu_device *pdev, struct list_head *blocks,
					   struct dma_fence *after, atomic_t *claim);

/**
 * pddgpu_copy_clear_pages() - Fill system pages with zeroes that no buffer has
 * @pdev: the card
 * @caching: what the pages are
 * @spans: the pages, mapped for DMA
 * @num_spans: how many spans
 *
 * For work in the background: sleeps until it is done, one job after the other, and
 * does not insist.  Jobs of others go first, and if they leave the engine no time, or
 * it stands still, the rest is left undone.  See pddgpu_pool_clear_fn for who may call
 * it.
 *
 * Return: 0 when all pages hold zeroes; -EBUSY if the engine has no time, -ENODEV or
 * -EIO when it cannot be used (see &pddgpu_copy.ready), -EIO or -EFAULT if it hung or
 * failed, -ENOMEM.  Either way the engine has done with the pages.
 */
int pddgpu_copy_clear_pages(struct pddgpu_device *pdev, enum ttm_caching caching,
			    const struct pddgpu_pool_span *spans, unsigned int num_spans);

#endif
