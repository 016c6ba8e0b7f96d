/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_POOL_RECLAIM_H_
#define _PDDGPU_POOL_RECLAIM_H_

#include <linux/kconfig.h>
#include <linux/types.h>

struct list_head;
struct pddgpu_pool;
struct pddgpu_pool_block;
struct pddgpu_pool_heap;

/**
 * pddgpu_pool_reclaim_init() - Let the limit and reclaim have pages of a pool
 * @pool: the pool, its heaps ready
 *
 * Return: 0 or -ENOMEM.
 */
int pddgpu_pool_reclaim_init(struct pddgpu_pool *pool);

/**
 * pddgpu_pool_reclaim_fini() - Undo pddgpu_pool_reclaim_init()
 * @pool: the pool; its free pages stay
 */
void pddgpu_pool_reclaim_fini(struct pddgpu_pool *pool);

/**
 * pddgpu_pool_account() - Tell the limit of pages that are free now
 * @heap: where they are
 * @num_pages: how many, or as a negative number, how many no longer are
 */
void pddgpu_pool_account(const struct pddgpu_pool_heap *heap, long num_pages);

/**
 * pddgpu_pool_all_free() - What counts towards the limit
 * @nid: the node
 *
 * Return: free pages of all pools on @nid.
 */
long pddgpu_pool_all_free(int nid);

/**
 * pddgpu_pool_limit() - The page_pool_size parameter as a number of pages
 * @nid: the node
 *
 * Return: how many free pages the pools may keep on @nid.
 */
long pddgpu_pool_limit(int nid);

/**
 * pddgpu_pool_trim() - Give pages back until the limit is kept, or this pool has none
 * @pool: the pool
 * @nid: the node
 *
 * May sleep.
 */
void pddgpu_pool_trim(struct pddgpu_pool *pool, int nid);

/**
 * pddgpu_pool_trim_nodes() - pddgpu_pool_trim() for each node
 * @pool: the pool
 */
void pddgpu_pool_trim_nodes(struct pddgpu_pool *pool);

/**
 * pddgpu_pool_release() - Give whole blocks back to the system, of whatever node
 * @pool: the pool
 * @num_pages: how much is enough
 *
 * May sleep.
 *
 * Return: how many pages were given back, 0 if there was no whole block.
 */
unsigned long pddgpu_pool_release(struct pddgpu_pool *pool, unsigned long num_pages);

/**
 * pddgpu_pool_free_block() - Give a block back to the system
 * @pool: where it is from
 * @block: in no heap, and not counted by pddgpu_pool_account(); if its attributes
 *         cannot be put back it goes to its heap, stuck
 *
 * May sleep.
 *
 * Return: true if it was given back.
 */
bool pddgpu_pool_free_block(struct pddgpu_pool *pool, struct pddgpu_pool_block *block);

/**
 * pddgpu_pool_free_blocks() - Give blocks back to the system
 * @pool: where they are from
 * @blocks: their first pages, by their lru, in no heap but counted by
 *          pddgpu_pool_account(); those with attributes that cannot be put back go
 *          to their heap again, the list is left as it is
 *
 * May sleep.
 *
 * Return: how many pages were given back.
 */
unsigned long pddgpu_pool_free_blocks(struct pddgpu_pool *pool, struct list_head *blocks);

#if IS_ENABLED(CONFIG_KUNIT)
/* Set the page_pool_size parameter; returns what it was */
long pddgpu_pool_set_limit(long num_pages);
#endif

#endif
