// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>

#include "pddgpu_pool.h"
#include "pddgpu_pool_magazine.h"

/**
 * DOC: Magazines
 *
 * Small buffers come and go often, and on many processors at once.  Each processor
 * keeps the last few small chunks that were freed on it, as they are: neither merged
 * nor cleaned, and likely in its cache.  Who needs no zeroes gets them first, with
 * no heap's lock to wait for.
 *
 * The cleaner empties them before it starts, as does reclaim, so nothing stays in
 * them for long.  They have only chunks of the pool's node.
 */

static struct pddgpu_pool_magazine *magazine_of_cpu(struct pddgpu_pool *pool)
{
	/* A lock protects it, so it matters little which processor's it is */
	return raw_cpu_ptr(pool->magazines);
}

int pddgpu_pool_magazines_init(struct pddgpu_pool *pool)
{
	int cpu;

	pool->magazines = alloc_percpu(struct pddgpu_pool_magazine);
	if (!pool->magazines)
		return -ENOMEM;

	for_each_possible_cpu(cpu)
		spin_lock_init(&per_cpu_ptr(pool->magazines, cpu)->lock);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_magazines_init);

void pddgpu_pool_magazines_fini(struct pddgpu_pool *pool)
{
	free_percpu(pool->magazines);
	pool->magazines = NULL;
}

struct page *pddgpu_pool_magazine_take(struct pddgpu_pool *pool, enum ttm_caching caching,
				       unsigned int order)
{
	struct pddgpu_pool_magazine *magazine;
	struct page *page = NULL;
	u8 *num;

	if (order >= PDDGPU_POOL_MAGAZINE_ORDERS || !pool->magazines)
		return NULL;

	magazine = magazine_of_cpu(pool);
	num = &magazine->num[caching][order];
	spin_lock(&magazine->lock);
	if (*num) {
		WRITE_ONCE(*num, *num - 1);
		page = magazine->chunks[caching][order][*num];
		WRITE_ONCE(magazine->num_pages, magazine->num_pages - BIT(order));
	}
	spin_unlock(&magazine->lock);

	return page;
}

bool pddgpu_pool_magazine_put(struct pddgpu_pool *pool, struct page *page)
{
	struct pddgpu_pool_heap *heap = pddgpu_pool_chunk_block(page)->heap;
	unsigned int order = pddgpu_pool_chunk_order(page);
	struct pddgpu_pool_magazine *magazine;
	bool room;
	u8 *num;

	KUNIT_STATIC_STUB_REDIRECT(pddgpu_pool_magazine_put, pool, page);

	if (order >= PDDGPU_POOL_MAGAZINE_ORDERS || !pool->magazines ||
	    heap->nid != pddgpu_pool_nid(pool))
		return false;

	magazine = magazine_of_cpu(pool);
	num = &magazine->num[heap->caching][order];
	spin_lock(&magazine->lock);
	room = *num < PDDGPU_POOL_MAGAZINE_CHUNKS;
	if (room) {
		pddgpu_pool_chunk_set(page, PDDGPU_POOL_DIRTY);
		magazine->chunks[heap->caching][order][*num] = page;
		WRITE_ONCE(*num, *num + 1);
		WRITE_ONCE(magazine->num_pages, magazine->num_pages + BIT(order));
	}
	spin_unlock(&magazine->lock);

	return room;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_magazine_put);

/* To where it came from, for a processor's node may not be that of all it has freed */
static void magazine_empty_chunks(struct page **chunks, u8 *num)
{
	while (*num) {
		struct page *page = chunks[*num - 1];

		WRITE_ONCE(*num, *num - 1);
		pddgpu_pool_heap_put(pddgpu_pool_chunk_block(page)->heap, &page,
				     BIT(pddgpu_pool_chunk_order(page)));
	}
}

static u32 magazine_empty(struct pddgpu_pool_magazine *magazine)
{
	unsigned int caching, order;
	u32 num_pages;

	if (!READ_ONCE(magazine->num_pages))
		return 0;

	spin_lock(&magazine->lock);
	num_pages = magazine->num_pages;
	for (caching = 0; caching < PDDGPU_POOL_NUM_CACHING; caching++)
		for (order = 0; order < PDDGPU_POOL_MAGAZINE_ORDERS; order++)
			magazine_empty_chunks(magazine->chunks[caching][order],
					      &magazine->num[caching][order]);
	WRITE_ONCE(magazine->num_pages, 0);
	spin_unlock(&magazine->lock);

	return num_pages;
}

u32 pddgpu_pool_magazines_empty(struct pddgpu_pool *pool)
{
	u32 num_pages = 0;
	int cpu;

	if (!pool->magazines)
		return 0;

	for_each_possible_cpu(cpu)
		num_pages += magazine_empty(per_cpu_ptr(pool->magazines, cpu));

	return num_pages;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_magazines_empty);

u32 pddgpu_pool_magazine_chunks(struct pddgpu_pool *pool, enum ttm_caching caching,
				unsigned int order)
{
	u32 num = 0;
	int cpu;

	if (!pool->magazines || order >= PDDGPU_POOL_MAGAZINE_ORDERS)
		return 0;

	for_each_possible_cpu(cpu)
		num += READ_ONCE(per_cpu_ptr(pool->magazines, cpu)->num[caching][order]);

	return num;
}

u32 pddgpu_pool_magazine_pages(struct pddgpu_pool *pool)
{
	u32 num_pages = 0;
	int cpu;

	if (!pool->magazines)
		return 0;

	for_each_possible_cpu(cpu)
		num_pages += READ_ONCE(per_cpu_ptr(pool->magazines, cpu)->num_pages);

	return num_pages;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_magazine_pages);
