/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_POOL_CLEAN_H_
#define _PDDGPU_POOL_CLEAN_H_

#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include <drm/ttm/ttm_caching.h>

struct page;
struct pddgpu_pool;

#define PDDGPU_POOL_CLEAN_CHUNKS	64	/* cleaned at once, at most */

/**
 * struct pddgpu_pool_span - free pages, as a device sees them
 */
struct pddgpu_pool_span {
	/** @addr: DMA address of the first, from pddgpu_pool_backend_map() */
	dma_addr_t addr;
	/** @num_pages: how many follow each other, not 0 */
	u32 num_pages;
};

/**
 * typedef pddgpu_pool_clear_fn - Have a device clear pages that nobody has
 * @pool: the pool
 * @caching: what the pages are
 * @spans: the pages, mapped for DMA
 * @num_spans: how many spans
 *
 * May sleep, uninterruptibly, for some tenths of a second as a rule and some seconds
 * if the device is in trouble.  To be called with no lock held, and not by who
 * reclaims memory.
 *
 * Return: 0 when all pages hold zeroes, or an error: -ENODEV if there is nobody to do
 * it, -EBUSY if the device has better things to do, -EIO and others if it failed.
 * Their contents are unknown then.  Either way nobody writes to them any more.
 */
typedef int (*pddgpu_pool_clear_fn)(struct pddgpu_pool *pool, enum ttm_caching caching,
				    const struct pddgpu_pool_span *spans,
				    unsigned int num_spans);

/**
 * struct pddgpu_pool_cleaner - makes dirty pages clean in the background
 */
struct pddgpu_pool_cleaner {
	/** @wq: where @work runs, or NULL: nothing is cleaned in the background */
	struct workqueue_struct *wq;
	/** @work: cleans for a while */
	struct delayed_work work;
	/** @clear: clears in the CPU's place, or NULL; constant once @wq is set */
	pddgpu_pool_clear_fn clear;
	/** @lock: held by who cleans, no other lock held */
	struct mutex lock;
	/** @chunks: first pages of what is being cleaned, by @lock */
	struct page *chunks[PDDGPU_POOL_CLEAN_CHUNKS];
	/** @spans: the same for @clear, by @lock */
	struct pddgpu_pool_span spans[PDDGPU_POOL_CLEAN_CHUNKS];
};

/**
 * pddgpu_pool_cleaner_init() - Prepare for pddgpu_pool_clean()
 * @pool: the pool
 */
void pddgpu_pool_cleaner_init(struct pddgpu_pool *pool);

/**
 * pddgpu_pool_start_cleaning() - Clean pages in the background from now on
 * @pool: the pool, that nobody uses yet
 * @clear: clears pages in the CPU's place, or NULL; what it fails at, the CPU does
 *
 * Return: 0 or -ENOMEM.
 */
int pddgpu_pool_start_cleaning(struct pddgpu_pool *pool, pddgpu_pool_clear_fn clear);

/**
 * pddgpu_pool_stop_cleaning() - Clean no more, and wait for what is under way
 * @pool: the pool; stays usable
 *
 * To be called before the device that pages are mapped for goes away.  May be called
 * again, or without pddgpu_pool_start_cleaning().
 */
void pddgpu_pool_stop_cleaning(struct pddgpu_pool *pool);

/**
 * pddgpu_pool_cleaner_fini() - Undo pddgpu_pool_start_cleaning(), if it was called
 * @pool: the pool
 */
void pddgpu_pool_cleaner_fini(struct pddgpu_pool *pool);

/**
 * pddgpu_pool_wake_cleaner() - There are dirty pages
 * @pool: the pool
 *
 * They are cleaned some milliseconds later (the page_pool_clean_delay parameter).
 */
void pddgpu_pool_wake_cleaner(struct pddgpu_pool *pool);

/**
 * pddgpu_pool_clean() - Clean all free pages now
 * @pool: the pool
 *
 * May sleep.
 */
void pddgpu_pool_clean(struct pddgpu_pool *pool);

#endif
