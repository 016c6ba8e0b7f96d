/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_POOL_H_
#define _PDDGPU_POOL_H_

#include <linux/list.h>
#include <linux/mmzone.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include <drm/ttm/ttm_caching.h>

struct device;
struct drm_printer;
struct ttm_operation_ctx;
struct ttm_tt;

#define PDDGPU_POOL_NUM_CACHING		3	/* enum ttm_caching */
#define PDDGPU_POOL_NUM_ORDERS		(MAX_PAGE_ORDER + 1)

/* Flags of pddgpu_pool_init() */
#define PDDGPU_POOL_DMA_ALLOC		BIT(0)	/* dma_alloc_attrs(), not alloc_pages() */
#define PDDGPU_POOL_DMA32		BIT(1)	/* pages below 4 GiB */

/**
 * struct pddgpu_pool - free system pages of one device
 */
struct pddgpu_pool {
	/** @dev: device that pages are mapped for, or NULL */
	struct device *dev;
	/** @flags: PDDGPU_POOL_* */
	unsigned int flags;
};

/**
 * pddgpu_pool_init() - Start a pool
 * @pool: the pool, zeroed
 * @dev: device that the pages are mapped for, or NULL: no DMA addresses (tests)
 * @flags: PDDGPU_POOL_*
 *
 * Return: 0, -EINVAL for unknown flags or DMA_ALLOC without a device, -ENOMEM.
 */
int pddgpu_pool_init(struct pddgpu_pool *pool, struct device *dev, unsigned int flags);

/**
 * pddgpu_pool_fini() - Give all pages back to the system
 * @pool: the pool; nothing is handed out any more
 */
void pddgpu_pool_fini(struct pddgpu_pool *pool);

/**
 * pddgpu_pool_alloc() - Populate a ttm_tt
 * @pool: the pool
 * @tt: filled in: pages, and DMA addresses if @tt has room for them; its caching
 *      mode and TTM_TT_FLAG_ZERO_ALLOC tell what is wanted
 * @ctx: how to wait and whether high-order allocation may retry
 *
 * On failure nothing is allocated, mapped or changed.
 *
 * Return: 0, -ENOMEM, -EFAULT if a page cannot be mapped for DMA, -EINTR when
 * interrupted in a way @ctx allows.
 */
int pddgpu_pool_alloc(struct pddgpu_pool *pool, struct ttm_tt *tt, struct ttm_operation_ctx *ctx);

/**
 * pddgpu_pool_free() - Take the pages of a ttm_tt back
 * @pool: the pool they came from
 * @tt: its page array is cleared
 */
void pddgpu_pool_free(struct pddgpu_pool *pool, struct ttm_tt *tt);

/**
 * pddgpu_pool_bytes() - Free memory that the pool keeps
 * @pool: the pool
 *
 * Return: bytes.
 */
u64 pddgpu_pool_bytes(struct pddgpu_pool *pool);

/**
 * pddgpu_pool_print() - Pages by caching mode and order, hits, misses, shrinks
 * @pool: the pool
 * @p: where to
 */
void pddgpu_pool_print(struct pddgpu_pool *pool, struct drm_printer *p);

#endif
