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
#define PDDGPU_POOL_MAGAZINE_CHUNKS	256	/* of each kind that are put in, at most */

/**
 * struct pddgpu_pool_stack - chunks of one kind
 */
struct pddgpu_pool_stack {
	/** @first: lru of the first page of the last one put in, each leads to the next */
	struct list_head *first;
	/** @num: how many there are */
	unsigned int num;
};

/**
 * struct pddgpu_pool_magazine - small free chunks of a processor
 */
struct pddgpu_pool_magazine {
	/** @lock: protects the rest; taken by other processors to empty it */
	spinlock_t lock;
	/** @num_pages: pages of all chunks, and of those that are being cleaned */
	u32 num_pages;
	/** @stacks: the chunks */
	struct pddgpu_pool_stack stacks[PDDGPU_POOL_NUM_CACHING][PDDGPU_POOL_MAGAZINE_ORDERS]
				       [PDDGPU_POOL_NUM_CONTENTS];
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
 * @zero: only a clean one will do; otherwise it is the last resort
 *
 * Return: its first page, or NULL: there is none, of this order or at all.
 */
struct page *pddgpu_pool_magazine_take(struct pddgpu_pool *pool, enum ttm_caching caching,
				       unsigned int order, bool zero);

/**
 * pddgpu_pool_magazine_refill() - Get a small chunk, and more for this processor's magazine
 * @pool: the pool
 * @caching: its caching mode
 * @order: its order, any
 * @best: contents that are preferred
 *
 * A larger chunk of the pool's node is carved up for it, see pddgpu_pool_heap_carve().
 *
 * Return: its first page, or NULL: there is none, or none of this order is kept.
 */
struct page *pddgpu_pool_magazine_refill(struct pddgpu_pool *pool, enum ttm_caching caching,
					 unsigned int order, enum pddgpu_pool_contents best);

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
 * pddgpu_pool_magazine_take_dirty() - Take dirty chunks out of a magazine, to clean them
 * @pool: the pool
 * @cpu: of which processor
 * @caching: their caching mode
 * @chunks: filled in: their first pages
 * @max: how many chunks there is room for
 *
 * Return: the number of chunks, 0 if there are none.
 */
unsigned int pddgpu_pool_magazine_take_dirty(struct pddgpu_pool *pool, int cpu,
					     enum ttm_caching caching, struct page **chunks,
					     unsigned int max);

/**
 * pddgpu_pool_magazine_put_cleaned() - Take chunks back that were to be cleaned
 * @pool: the pool
 * @cpu: the processor
 * @chunks: first pages, from pddgpu_pool_magazine_take_dirty(), and clean now
 * @num: how many there are
 *
 * What there is no room for goes to the heap.
 */
void pddgpu_pool_magazine_put_cleaned(struct pddgpu_pool *pool, int cpu, struct page **chunks,
				      unsigned int num);

/**
 * pddgpu_pool_magazine_chunks() - What is in all magazines, of one kind
 * @pool: the pool
 * @caching: with what caching mode
 * @order: of what order, any
 * @contents: of what contents
 *
 * Return: chunks.
 */
u32 pddgpu_pool_magazine_chunks(struct pddgpu_pool *pool, enum ttm_caching caching,
				unsigned int order, enum pddgpu_pool_contents contents);

/**
 * pddgpu_pool_magazine_pages() - What is in all magazines
 * @pool: the pool
 *
 * Return: pages.
 */
u32 pddgpu_pool_magazine_pages(struct pddgpu_pool *pool);

#endif
