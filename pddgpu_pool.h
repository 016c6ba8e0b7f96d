/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_POOL_H_
#define _PDDGPU_POOL_H_

#include <linux/atomic.h>
#include <linux/device.h>
#include <linux/list.h>
#include <linux/topology.h>
#include <linux/types.h>

#include "pddgpu_pool_backend.h"
#include "pddgpu_pool_block.h"
#include "pddgpu_pool_clean.h"
#include "pddgpu_pool_magazine.h"

struct drm_printer;
struct shrinker;
struct ttm_operation_ctx;
struct ttm_tt;

/**
 * struct pddgpu_pool_stats - whole-life counters of a pool
 */
struct pddgpu_pool_stats {
	/** @hits: chunks that were free */
	atomic_long_t hits;
	/** @misses: chunks that the system was asked for memory for */
	atomic_long_t misses;
	/** @cleared: pages that the CPU cleared because a dirty chunk was reused */
	atomic_long_t cleared;
	/** @cleaned_by_cpu: pages that the CPU cleared in the background */
	atomic_long_t cleaned_by_cpu;
	/** @cleaned_by_engine: pages that the device cleared in the background */
	atomic_long_t cleaned_by_engine;
	/** @conversions: calls that changed caching attributes, either way */
	atomic_long_t conversions;
	/** @converted: pages whose caching attributes were changed from write-back */
	atomic_long_t converted;
	/** @restored: pages that were put back to write-back */
	atomic_long_t restored;
	/** @trimmed: pages given back because of the limit */
	atomic_long_t trimmed;
	/** @shrinker_calls: times that reclaim asked for pages */
	atomic_long_t shrinker_calls;
	/** @shrinker_pages: pages given back to reclaim */
	atomic_long_t shrinker_pages;
};

/**
 * struct pddgpu_pool - free system pages of one device
 */
struct pddgpu_pool {
	/** @backend: where memory comes from, and whom it is mapped for; constant */
	struct pddgpu_pool_backend backend;
	/** @heaps: blocks by node and enum ttm_caching, see pddgpu_pool_heap() */
	struct pddgpu_pool_heap *heaps;
	/** @num_heaps: how many @heaps there are */
	unsigned int num_heaps;
	/** @cached_order: least order of a block of cached pages, if there is such a block */
	unsigned int cached_order;
	/** @magazines: small chunks that were freed last, by processor, or NULL */
	struct pddgpu_pool_magazine __percpu *magazines;
	/** @cleaner: makes dirty pages clean */
	struct pddgpu_pool_cleaner cleaner;
	/** @stats: counters */
	struct pddgpu_pool_stats stats;
	/** @shrinker: gives pages back under memory pressure */
	struct shrinker *shrinker;
	/** @link: in the list of all pools, by that list's lock */
	struct list_head link;
};

/**
 * pddgpu_pool_heap() - The blocks of one kind
 * @pool: the pool
 * @nid: of what node
 * @caching: with what caching mode
 *
 * Return: the heap.
 */
static inline struct pddgpu_pool_heap *pddgpu_pool_heap(struct pddgpu_pool *pool, int nid,
							enum ttm_caching caching)
{
	return &pool->heaps[nid * PDDGPU_POOL_NUM_CACHING + caching];
}

/**
 * pddgpu_pool_name() - Whose pool it is, for tracepoints
 * @pool: the pool
 *
 * Return: the name of its device.
 */
static inline const char *pddgpu_pool_name(const struct pddgpu_pool *pool)
{
	return pool->backend.dev ? dev_name(pool->backend.dev) : "none";
}

/**
 * pddgpu_pool_nid() - Where memory should be from
 * @pool: the pool
 *
 * Return: the node of its device, or that of the caller's processor.
 */
static inline int pddgpu_pool_nid(const struct pddgpu_pool *pool)
{
	return pool->backend.nid == NUMA_NO_NODE ? numa_mem_id() : pool->backend.nid;
}

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
 * pddgpu_pool_start() - Give a pool its magazines, and have it clean pages
 * @pool: the pool, that nobody uses yet; without this call, it does neither
 * @clear: as for pddgpu_pool_start_cleaning()
 *
 * Return: 0 or -ENOMEM.
 */
int pddgpu_pool_start(struct pddgpu_pool *pool, pddgpu_pool_clear_fn clear);

/**
 * pddgpu_pool_fini() - Give all pages back to the system
 * @pool: the pool; nothing is handed out any more
 */
void pddgpu_pool_fini(struct pddgpu_pool *pool);

/**
 * pddgpu_pool_empty() - Give all blocks that are free back to the system
 * @pool: the pool, usable as before
 *
 * Free pages of blocks that a buffer has a part of stay.
 *
 * Before the device goes away: what dma_alloc_attrs() gave cannot be freed later.
 */
void pddgpu_pool_empty(struct pddgpu_pool *pool);

/**
 * pddgpu_pool_alloc() - Populate a ttm_tt
 * @pool: the pool
 * @tt: filled in: pages, and DMA addresses if @tt has room for them; its caching
 *      mode and TTM_TT_FLAG_ZERO_ALLOC tell what is wanted
 * @ctx: how to wait
 *
 * On failure nothing is allocated, mapped or changed.
 *
 * Return: 0, -ENOMEM if there are no pages, or a page cannot be mapped for DMA or
 * have its attributes changed, -ERESTARTSYS when interrupted in a way @ctx allows,
 * -EINVAL if @tt is empty or wants DMA addresses and the pool has no device.
 */
int pddgpu_pool_alloc(struct pddgpu_pool *pool, struct ttm_tt *tt, struct ttm_operation_ctx *ctx);

/**
 * pddgpu_pool_free() - Take the pages of a ttm_tt back
 * @pool: the pool they came from
 * @tt: its pages are no longer its own
 *
 * May sleep.
 *
 * Return: 0, or -EINVAL if a page is another pool's: then nothing is done.
 */
int pddgpu_pool_free(struct pddgpu_pool *pool, struct ttm_tt *tt);

/**
 * pddgpu_pool_bytes() - Free memory that the pool keeps
 * @pool: the pool
 *
 * That in blocks which are partly in use is included.
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
