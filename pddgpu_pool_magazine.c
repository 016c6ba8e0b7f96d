// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>

#include "pddgpu_pool.h"
#include "pddgpu_pool_magazine.h"

/**
 * DOC: Magazines
 *
 * Small buffers come and go often, and on many processors at once.  Each processor
 * keeps small chunks of its own, those freed last on top, and likely in its cache.  To
 * split and merge takes far longer than to push and pop, and there is no heap's lock
 * to wait for.  An empty magazine is not filled chunk by chunk, but by carving up one
 * larger chunk, so that the next buffers find the rest.
 *
 * Dirty chunks and clean ones are on stacks of their own.  Who needs zeroes gets clean
 * ones only, and takes dirty ones when the heap has nothing either; who does not leaves
 * the clean ones for last.  The cleaner cleans chunks where they are.
 *
 * In a magazine nothing is merged, and 2 MiB of which one page is there can neither go
 * back to the system nor to a large buffer.  So magazines are emptied before anybody
 * has to do without: by reclaim and the limit, and before the system is asked for
 * memory that they might have.  They have only chunks of the pool's node.
 */

/* Chunks that are moved to a heap before somebody else may have the lock */
#define MAGAZINE_BATCH		16U

/* --- Stacks: what a list_head's checks cost would be as much as all the rest --- */

static void stack_push(struct pddgpu_pool_stack *stack, struct page *page)
{
	page->lru.next = stack->first;
	stack->first = &page->lru;
	WRITE_ONCE(stack->num, stack->num + 1);
}

static struct page *stack_pop(struct pddgpu_pool_stack *stack)
{
	struct page *page;

	if (!stack->num)
		return NULL;

	page = list_entry(stack->first, struct page, lru);
	stack->first = page->lru.next;
	WRITE_ONCE(stack->num, stack->num - 1);
	return page;
}

/* --- Start and end --- */

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

/* --- Taking and putting --- */

static void magazine_account(struct pddgpu_pool_magazine *magazine, int num_pages)
{
	WRITE_ONCE(magazine->num_pages, magazine->num_pages + num_pages);
}

static struct pddgpu_pool_stack *magazine_stack(struct pddgpu_pool_magazine *magazine,
						const struct page *page)
{
	return &magazine->stacks[pddgpu_pool_chunk_block(page)->heap->caching]
				[pddgpu_pool_chunk_order(page)]
				[pddgpu_pool_chunk_is_clean(page) ? PDDGPU_POOL_CLEAN :
								    PDDGPU_POOL_DIRTY];
}

static bool pool_has_magazines(const struct pddgpu_pool *pool, unsigned int order)
{
	return order < PDDGPU_POOL_MAGAZINE_ORDERS && pool->magazines;
}

struct page *pddgpu_pool_magazine_take(struct pddgpu_pool *pool, enum ttm_caching caching,
				       unsigned int order, bool zero)
{
	struct pddgpu_pool_magazine *magazine;
	struct pddgpu_pool_stack *stacks;
	struct page *page = NULL;

	if (!pool_has_magazines(pool, order))
		return NULL;

	magazine = magazine_of_cpu(pool);
	stacks = magazine->stacks[caching][order];
	spin_lock(&magazine->lock);
	if (!zero)
		page = stack_pop(&stacks[PDDGPU_POOL_DIRTY]);
	if (!page)
		page = stack_pop(&stacks[PDDGPU_POOL_CLEAN]);
	if (page)
		magazine_account(magazine, -(int)BIT(order));
	spin_unlock(&magazine->lock);

	return page;
}

struct page *pddgpu_pool_magazine_refill(struct pddgpu_pool *pool, enum ttm_caching caching,
					 unsigned int order, enum pddgpu_pool_contents best)
{
	struct page *chunks[PDDGPU_POOL_CARVE];
	struct pddgpu_pool_magazine *magazine;
	unsigned int num;

	if (!pool_has_magazines(pool, order))
		return NULL;
	num = pddgpu_pool_heap_carve(pddgpu_pool_heap(pool, pddgpu_pool_nid(pool), caching), order,
				     best, chunks);
	if (!num)
		return NULL;

	/* The first one is taken, the second one shall be next */
	magazine = magazine_of_cpu(pool);
	spin_lock(&magazine->lock);
	while (--num) {
		stack_push(magazine_stack(magazine, chunks[num]), chunks[num]);
		magazine_account(magazine, BIT(order));
	}
	spin_unlock(&magazine->lock);

	return chunks[0];
}

bool pddgpu_pool_magazine_put(struct pddgpu_pool *pool, struct page *page)
{
	struct pddgpu_pool_heap *heap = pddgpu_pool_chunk_block(page)->heap;
	unsigned int order = pddgpu_pool_chunk_order(page);
	struct pddgpu_pool_magazine *magazine;
	struct pddgpu_pool_stack *stack;
	bool room;

	KUNIT_STATIC_STUB_REDIRECT(pddgpu_pool_magazine_put, pool, page);

	if (!pool_has_magazines(pool, order) || heap->nid != pddgpu_pool_nid(pool))
		return false;

	magazine = magazine_of_cpu(pool);
	stack = &magazine->stacks[heap->caching][order][PDDGPU_POOL_DIRTY];
	spin_lock(&magazine->lock);
	room = stack->num < PDDGPU_POOL_MAGAZINE_CHUNKS;
	if (room) {
		pddgpu_pool_chunk_set_dirty(page);
		stack_push(stack, page);
		magazine_account(magazine, BIT(order));
	}
	spin_unlock(&magazine->lock);

	return room;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_magazine_put);

/* --- Cleaning --- */

unsigned int pddgpu_pool_magazine_take_dirty(struct pddgpu_pool *pool, int cpu,
					     enum ttm_caching caching, struct page **chunks,
					     unsigned int max)
{
	struct pddgpu_pool_magazine *magazine = per_cpu_ptr(pool->magazines, cpu);
	unsigned int order, num = 0;
	struct page *page;

	if (!READ_ONCE(magazine->num_pages))
		return 0;

	spin_lock(&magazine->lock);
	for (order = 0; order < PDDGPU_POOL_MAGAZINE_ORDERS; order++)
		while (num < max) {
			page = stack_pop(&magazine->stacks[caching][order][PDDGPU_POOL_DIRTY]);
			if (!page)
				break;
			chunks[num++] = page;
		}
	spin_unlock(&magazine->lock);

	return num;
}

void pddgpu_pool_magazine_put_cleaned(struct pddgpu_pool *pool, int cpu, struct page **chunks,
				      unsigned int num)
{
	struct pddgpu_pool_magazine *magazine = per_cpu_ptr(pool->magazines, cpu);
	struct pddgpu_pool_stack *stack;

	spin_lock(&magazine->lock);
	while (num--) {
		stack = magazine_stack(magazine, chunks[num]);
		if (stack->num < PDDGPU_POOL_MAGAZINE_CHUNKS) {
			stack_push(stack, chunks[num]);
			continue;
		}
		magazine_account(magazine, -(int)BIT(pddgpu_pool_chunk_order(chunks[num])));
		pddgpu_pool_heap_put_back(pddgpu_pool_chunk_block(chunks[num])->heap,
					  &chunks[num], 1);
	}
	spin_unlock(&magazine->lock);
}

/* --- Emptying --- */

/* Of one heap each time, for a processor's node may not be that of all it has freed */
static unsigned int stack_pop_some(struct pddgpu_pool_stack *stack, struct page **chunks,
				   unsigned int max, struct pddgpu_pool_heap **heap)
{
	struct page *page;
	unsigned int num;

	for (num = 0; num < max && stack->num; num++) {
		page = list_entry(stack->first, struct page, lru);
		if (num && pddgpu_pool_chunk_block(page)->heap != *heap)
			break;
		*heap = pddgpu_pool_chunk_block(page)->heap;
		chunks[num] = stack_pop(stack);
	}

	return num;
}

static unsigned int magazine_empty_some(struct pddgpu_pool_magazine *magazine,
					struct pddgpu_pool_stack *stack, unsigned int max,
					unsigned int order)
{
	struct page *chunks[MAGAZINE_BATCH];
	struct pddgpu_pool_heap *heap;
	unsigned int num;

	spin_lock(&magazine->lock);
	num = stack_pop_some(stack, chunks, min(max, MAGAZINE_BATCH), &heap);
	if (num)
		pddgpu_pool_heap_put_back(heap, chunks, num);
	magazine_account(magazine, -(int)(num << order));
	spin_unlock(&magazine->lock);

	return num;
}

/* No more than there was at first, should somebody put in more all the time */
static u32 magazine_empty_stack(struct pddgpu_pool_magazine *magazine,
				struct pddgpu_pool_stack *stack, unsigned int order)
{
	unsigned int left = READ_ONCE(stack->num), num;
	u32 num_pages = 0;

	for (; left; left -= num) {
		num = magazine_empty_some(magazine, stack, left, order);
		if (!num)
			break;
		num_pages += num << order;
	}

	return num_pages;
}

static u32 magazine_empty(struct pddgpu_pool_magazine *magazine)
{
	unsigned int caching, order, contents;
	u32 num_pages = 0;

	if (!READ_ONCE(magazine->num_pages))
		return 0;

	for (caching = 0; caching < PDDGPU_POOL_NUM_CACHING; caching++)
		for (order = 0; order < PDDGPU_POOL_MAGAZINE_ORDERS; order++)
			for (contents = 0; contents < PDDGPU_POOL_NUM_CONTENTS; contents++)
				num_pages += magazine_empty_stack(magazine,
						&magazine->stacks[caching][order][contents],
						order);

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

/* --- State --- */

u32 pddgpu_pool_magazine_chunks(struct pddgpu_pool *pool, enum ttm_caching caching,
				unsigned int order, enum pddgpu_pool_contents contents)
{
	u32 num = 0;
	int cpu;

	if (!pool_has_magazines(pool, order))
		return 0;

	for_each_possible_cpu(cpu)
		num += READ_ONCE(per_cpu_ptr(pool->magazines, cpu)->
				 stacks[caching][order][contents].num);

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
