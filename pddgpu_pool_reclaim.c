// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/visibility.h>
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/sched.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/swap.h>

#include "pddgpu_pool.h"
#include "pddgpu_pool_magazine.h"
#include "pddgpu_pool_reclaim.h"
#include "pddgpu_trace.h"

/**
 * DOC: Giving memory back
 *
 * When all of a block is free, and the limit (the page_pool_size parameter) is
 * exceeded or reclaim asks, the block goes back to the system, write-back cached, as
 * it came.  What is free of a block that is partly in use has to stay.  Both the
 * limit and reclaim look at one NUMA node at a time: that another one has memory to
 * spare helps nobody.
 *
 * Should attributes not change back, then neither the system nor another buffer may
 * have the block.  It is stuck, and tried again whenever the pool gives pages back.
 *
 * Above the limit a little more is given back than the excess, so that not every
 * buffer that is freed has to: up to an eighth of the limit, and never more than a
 * 2 MiB block.
 *
 * Attributes are changed and pages are freed with no lock held, so the shrinker
 * waits for nobody and needs no trylock.
 */

/* Pages given back between two looks at who else waits: a 2 MiB block */
#define POOL_RELEASE	BIT(PDDGPU_POOL_MAX_ORDER)

/* All pools, for a change of the limit; pool_all_lock is outermost */
static LIST_HEAD(pool_all);
static DEFINE_MUTEX(pool_all_lock);
/* Free pages of all pools, by node */
static atomic_long_t pool_all_free[MAX_NUMNODES];

static long page_pool_size = -1;

void pddgpu_pool_account(const struct pddgpu_pool_heap *heap, long num_pages)
{
	atomic_long_add(num_pages, &pool_all_free[heap->nid]);
}

/* --- Blocks --- */

bool pddgpu_pool_free_block(struct pddgpu_pool *pool, struct pddgpu_pool_block *block)
{
	unsigned long num_pages = BIT(block->mem.order);

	if (block->heap->caching != ttm_cached) {
		if (pddgpu_pool_backend_set_caching(&block->mem, ttm_cached)) {
			pddgpu_pool_account(block->heap, num_pages);
			pddgpu_pool_heap_add_stuck(block);
			return false;
		}
		trace_pddgpu_pool_convert(pddgpu_pool_name(pool), block->heap->nid, ttm_cached,
					  num_pages);
		atomic_long_inc(&pool->stats.conversions);
		atomic_long_add(num_pages, &pool->stats.restored);
	}

	set_page_private(block->mem.page, 0);
	pddgpu_pool_backend_free(&pool->backend, &block->mem);
	kfree(block);
	return true;
}

unsigned long pddgpu_pool_free_blocks(struct pddgpu_pool *pool, struct list_head *blocks)
{
	struct pddgpu_pool_block *block;
	unsigned long freed = 0, num_pages;
	struct page *page, *next;

	list_for_each_entry_safe(page, next, blocks, lru) {
		list_del(&page->lru);
		block = pddgpu_pool_chunk_block(page);
		num_pages = BIT(block->mem.order);
		pddgpu_pool_account(block->heap, -(long)num_pages);
		if (pddgpu_pool_free_block(pool, block))
			freed += num_pages;
	}

	return freed;
}

/* Whole blocks of one kind, up to @max pages, but at least one */
static unsigned long pool_release_blocks(struct pddgpu_pool *pool, struct pddgpu_pool_heap *heap,
					 unsigned int order, enum pddgpu_pool_contents contents,
					 unsigned long max)
{
	LIST_HEAD(blocks);

	if (!pddgpu_pool_heap_take_blocks(heap, order, contents, max(max >> order, 1UL), &blocks))
		return 0;

	return pddgpu_pool_free_blocks(pool, &blocks);
}

/* Those whose attributes could not be put back last time */
static unsigned long pool_release_stuck(struct pddgpu_pool *pool, int nid)
{
	unsigned long freed = 0;
	int caching;

	for (caching = 0; caching < PDDGPU_POOL_NUM_CACHING; caching++) {
		LIST_HEAD(blocks);

		pddgpu_pool_heap_take_stuck(pddgpu_pool_heap(pool, nid, caching), &blocks);
		freed += pddgpu_pool_free_blocks(pool, &blocks);
	}

	return freed;
}

/* Orders of which there are whole blocks on a node, as a mask; mixed ones may have any */
static unsigned long pool_whole_orders(struct pddgpu_pool *pool, int nid)
{
	unsigned long orders = 0;
	unsigned int caching;

	for (caching = 0; caching < PDDGPU_POOL_NUM_CACHING; caching++)
		orders |= pddgpu_pool_heap_whole_orders(pddgpu_pool_heap(pool, nid, caching));

	return orders;
}

/* Up to 2 MiB, or a block: small blocks before large ones, dirty before clean, cached first */
static unsigned long pool_release_some(struct pddgpu_pool *pool, int nid, unsigned long num_pages)
{
	unsigned long orders = pool_whole_orders(pool, nid), freed;
	unsigned int order, contents;
	int caching;

	num_pages = min(num_pages, POOL_RELEASE);
	for_each_set_bit(order, &orders, PDDGPU_POOL_NUM_ORDERS)
		for (contents = 0; contents < PDDGPU_POOL_NUM_CONTENTS; contents++)
			for (caching = PDDGPU_POOL_NUM_CACHING - 1; caching >= 0; caching--) {
				freed = pool_release_blocks(pool,
							    pddgpu_pool_heap(pool, nid, caching),
							    order, contents, num_pages);
				if (freed)
					return freed;
			}

	return pool_release_stuck(pool, nid);
}

/* Give pages of a node back until it is @num_pages or no whole block is left */
static unsigned long pool_release(struct pddgpu_pool *pool, int nid, unsigned long num_pages)
{
	unsigned long freed = 0, some;

	pddgpu_pool_magazines_empty(pool);
	while (freed < num_pages) {
		some = pool_release_some(pool, nid, num_pages - freed);
		if (!some)
			break;
		freed += some;
		cond_resched();
	}

	return freed;
}

unsigned long pddgpu_pool_release(struct pddgpu_pool *pool, unsigned long num_pages)
{
	unsigned long freed = 0;
	int nid;

	for_each_node(nid)
		if (freed < num_pages)
			freed += pool_release(pool, nid, num_pages - freed);

	return freed;
}

/* What giving back may get at; of what magazines have nobody knows before they are empty */
static unsigned long pool_whole_pages(struct pddgpu_pool *pool, int nid)
{
	unsigned long num_pages = 0;
	unsigned int caching;

	for (caching = 0; caching < PDDGPU_POOL_NUM_CACHING; caching++) {
		struct pddgpu_pool_heap *heap = pddgpu_pool_heap(pool, nid, caching);

		num_pages += READ_ONCE(heap->num_whole) + READ_ONCE(heap->num_stuck);
	}
	if (nid == pddgpu_pool_nid(pool))
		num_pages += pddgpu_pool_magazine_pages(pool);

	return num_pages;
}

/* --- The limit --- */

long pddgpu_pool_limit(int nid)
{
	long limit = READ_ONCE(page_pool_size);

	return limit < 0 ? node_present_pages(nid) / 2 : limit;
}

long pddgpu_pool_all_free(int nid)
{
	return atomic_long_read(&pool_all_free[nid]);
}

static long pool_excess(int nid)
{
	return pddgpu_pool_all_free(nid) - pddgpu_pool_limit(nid);
}

/*
 * A little below the limit, but in all no more than the excess and a 2 MiB block.  The
 * excess is looked at again after each one, so that two who trim share the work.
 */
static void pool_trim_excess(struct pddgpu_pool *pool, int nid)
{
	long slack = min_t(long, pddgpu_pool_limit(nid) / 8, POOL_RELEASE), excess;
	unsigned long freed;

	while ((excess = pool_excess(nid)) > 0) {
		freed = pool_release_some(pool, nid, excess + slack);
		if (!freed && pddgpu_pool_magazines_empty(pool))
			continue;
		if (!freed)
			break;
		atomic_long_add(freed, &pool->stats.trimmed);
		cond_resched();
	}
}

/* Each buffer that is freed asks, and hardly ever is there anything to do */
void pddgpu_pool_trim(struct pddgpu_pool *pool, int nid)
{
	if (pool_excess(nid) > 0)
		pool_trim_excess(pool, nid);
}

void pddgpu_pool_trim_nodes(struct pddgpu_pool *pool)
{
	int nid;

	for_each_node(nid)
		pddgpu_pool_trim(pool, nid);
}

static void pool_trim_all(void)
{
	struct pddgpu_pool *pool;

	mutex_lock(&pool_all_lock);
	list_for_each_entry(pool, &pool_all, link)
		pddgpu_pool_trim_nodes(pool);
	mutex_unlock(&pool_all_lock);
}

VISIBLE_IF_KUNIT long pddgpu_pool_set_limit(long num_pages)
{
	long old = xchg(&page_pool_size, num_pages);

	pool_trim_all();
	return old;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_set_limit);

static int pool_size_param_set(const char *val, const struct kernel_param *kp)
{
	long num_pages;
	int err;

	err = kstrtol(val, 0, &num_pages);
	if (err)
		return err;

	pddgpu_pool_set_limit(num_pages);
	return 0;
}

static const struct kernel_param_ops pool_size_param_ops = {
	.set = pool_size_param_set,
	.get = param_get_long,
};

module_param_cb(page_pool_size, &pool_size_param_ops, &page_pool_size, 0644);
MODULE_PARM_DESC(page_pool_size,
		 "Free pages that the pools may keep on each NUMA node; negative: half of its memory (default)");

/* --- The shrinker --- */

static unsigned long pool_shrink_count(struct shrinker *shrink, struct shrink_control *sc)
{
	struct pddgpu_pool *pool = shrink->private_data;

	return pool_whole_pages(pool, sc->nid) ?: SHRINK_EMPTY;
}

static unsigned long pool_shrink_scan(struct shrinker *shrink, struct shrink_control *sc)
{
	struct pddgpu_pool *pool = shrink->private_data;
	unsigned long freed;

	freed = pool_release(pool, sc->nid, sc->nr_to_scan);
	atomic_long_inc(&pool->stats.shrinker_calls);
	atomic_long_add(freed, &pool->stats.shrinker_pages);
	trace_pddgpu_pool_shrink(pddgpu_pool_name(pool), sc->nid, sc->nr_to_scan, freed);
	sc->nr_scanned = freed;
	/* They are in no LRU, so reclaim would think that it got nowhere */
	mm_account_reclaimed_pages(freed);

	return freed ?: SHRINK_STOP;
}

static int pool_shrinker_init(struct pddgpu_pool *pool)
{
	pool->shrinker = shrinker_alloc(SHRINKER_NUMA_AWARE, "drm-pddgpu_pool");
	if (!pool->shrinker)
		return -ENOMEM;

	pool->shrinker->count_objects = pool_shrink_count;
	pool->shrinker->scan_objects = pool_shrink_scan;
	pool->shrinker->batch = POOL_RELEASE;
	pool->shrinker->private_data = pool;
	shrinker_register(pool->shrinker);
	return 0;
}

/* --- Start and end --- */

int pddgpu_pool_reclaim_init(struct pddgpu_pool *pool)
{
	int err;

	err = pool_shrinker_init(pool);
	if (err)
		return err;

	mutex_lock(&pool_all_lock);
	list_add_tail(&pool->link, &pool_all);
	mutex_unlock(&pool_all_lock);
	return 0;
}

void pddgpu_pool_reclaim_fini(struct pddgpu_pool *pool)
{
	mutex_lock(&pool_all_lock);
	list_del(&pool->link);
	mutex_unlock(&pool_all_lock);

	shrinker_free(pool->shrinker);
}
