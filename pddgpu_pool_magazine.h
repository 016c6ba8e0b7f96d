/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_POOL_MAGAZINE_H_
#define _PDDGPU_POOL_MAGAZINE_H_

#include <linux/spinlock.h>
#include <linux/types.h>

#include <drm/ttm/ttm_caching.h>

#include "pddgpu_pool_block.h"

struct page;
struct pddgpu_pool;

#define PDDGPU_POOL_MAGAZINE_ORDERS	5	/* chunks of up to 64 KiB */
#define PDDGPU_POOL_MAGAZINE_CHUNKS	16	/* of each order, at most */

/**
 * struct pddgpu_pool_magazine - small dirty chunks that a processor has freed
 */
struct pddgpu_pool_magazine {
	/** @lock: protects the rest; taken by other processors to empty it */
	spinlock_t lock;
	/** @num_pages: pages of all chunks */
	u32 num_pages;
	/** @num: chunks, by caching mode and order */
	u8 num[PDDGPU_POOL_NUM_CACHING][PDDGPU_POOL_MAGAZINE_ORDERS];
	/** @chunks: their first pages */
	struct page *chunks[PDDGPU_POOL_NUM_CACHING][PDDGPU_POOL_MAGAZINE_ORDERS]
			   [PDDGPU_POOL_MAGAZINE_CHUNKS];
};

/**
 * pddgpu_pool_magazines_init() - Give each processor a magazine
 * @pool: the pool, that nobody uses yet
 *
 * Return: 0, to be undone by pddgpu_pool_magazines_fini(), or -ENOMEM.
 */
int pddgpu_pool_magazines_init(struct pddgpu_pool *pool);

/**
 * pddgpu_pool_magazines_fini() - Take the magazines away
 * @pool: the pool; the magazines are empty, or there are none
 */
void pddgpu_pool_magazines_fini(struct pddgpu_pool *pool);

/**
 * pddgpu_pool_magazine_take() - Get a small chunk out of this processor's magazine
 * @pool: the pool
 * @caching: its caching mode
 * @order: its order, any
 *
 * Return: its first page, or NULL: there is none, of this order or at all.
 */
struct page *pddgpu_pool_magazine_take(struct pddgpu_pool *pool, enum ttm_caching caching,
				       unsigned int order);

/**
 * pddgpu_pool_magazine_put() - Put a chunk into this processor's magazine
 * @pool: the pool
 * @page: its first page; handed out, and dirty from now on
 *
 * Return: false if it is too large or from another node, or there is no room for it:
 * it is the caller's still.
 */
bool pddgpu_pool_magazine_put(struct pddgpu_pool *pool, struct page *page);

/**
 * pddgpu_pool_magazines_empty() - Put what is in all magazines into the heaps
 * @pool: the pool
 *
 * Return: how many pages that were.
 */
u32 pddgpu_pool_magazines_empty(struct pddgpu_pool *pool);

/**
 * pddgpu_pool_magazine_chunks() - What is in all magazines, of one kind
 * @pool: the pool
 * @caching: with what caching mode
 * @order: of what order, any
 *
 * Return: chunks.
 */
u32 pddgpu_pool_magazine_chunks(struct pddgpu_pool *pool, enum ttm_caching caching,
				unsigned int order);

/**
 * pddgpu_pool_magazine_pages() - What is in all magazines
 * @pool: the pool
 *
 * Return: pages.
 */
u32 pddgpu_pool_magazine_pages(struct pddgpu_pool *pool);

#endif
