/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_SHRINKER_H_
#define _PDDGPU_SHRINKER_H_

#include <linux/mutex.h>

#include <drm/drm_gem.h>

struct pddgpu_bo;
struct pddgpu_device;
struct shrinker;

/**
 * struct pddgpu_shrinker - gives memory of buffers to a system that is short of it
 */
struct pddgpu_shrinker {
	/** @base: the kernel's, or NULL before pddgpu_shrinker_init() */
	struct shrinker *base;
	/** @lock: of the lists; inside reservations, and reclaim takes it */
	struct mutex lock;
	/**
	 * @purgeable: buffers with pages whose contents nobody needs, oldest first; some
	 * may have lost their pages in other ways
	 */
	struct drm_gem_lru purgeable;
	/** @rest: buffers that were there once, and are not any more */
	struct drm_gem_lru rest;
};

/**
 * pddgpu_shrinker_init() - Let reclaim have memory of buffers
 * @pdev: the card, TTM and pool ready
 *
 * Return: 0 or -ENOMEM.
 */
int pddgpu_shrinker_init(struct pddgpu_device *pdev);

/**
 * pddgpu_shrinker_fini() - Undo pddgpu_shrinker_init()
 * @pdev: the card, with TTM and pool
 */
void pddgpu_shrinker_fini(struct pddgpu_device *pdev);

/**
 * pddgpu_shrinker_track() - Note that a buffer has been placed, used, or given advice
 * @bo: the buffer, reserved
 */
void pddgpu_shrinker_track(struct pddgpu_bo *bo);

/**
 * pddgpu_shrinker_forget() - Take a buffer out of the list of those nobody needs
 * @bo: the buffer, reserved or about to be freed; it need not be there
 */
void pddgpu_shrinker_forget(struct pddgpu_bo *bo);

#endif
