// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/visibility.h>
#include <linux/bits.h>
#include <linux/highmem.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "pddgpu_pool_block.h"

/**
 * DOC: Blocks of the pool
 *
 * A block is what the system gave in one piece: 2 MiB as a rule, and less where that
 * is too much for the device, or where memory is too fragmented.  All of it has the
 * caching attributes of the heap that it is in, changed once when it came, and it
 * goes back to the system as a whole, when all of it is free.
 *
 * In between it is divided by a buddy allocator into chunks of 2^order pages: a
 * chunk that is too large is halved, and two free halves become one again.  A
 * block's map has a byte for each page that a chunk starts at: its order, its
 * contents, and whether it is free.  The private field of that page leads to the
 * block.  Positions are counted from the block's first page, as dma_alloc_attrs()
 * does not promise natural alignment.
 *
 * Halves are merged if they have the same contents, so that what is clean stays so.
 * A block that is free as a whole, but of mixed contents, is merged, and dirty then,
 * only when it is needed as a whole before the cleaner has made all of it clean.
 */

/* Chunks between two looks at who else waits for the lock */
#define HEAP_BATCH	512UL

static unsigned int block_index(const struct pddgpu_pool_block *block, const struct page *page)
{
	return page - block->mem.page;
}

static u8 map_value(unsigned int order, enum pddgpu_pool_contents contents)
{
	u8 clean = contents == PDDGPU_POOL_CLEAN ? PDDGPU_POOL_MAP_CLEAN : 0;

	return PDDGPU_POOL_MAP_CHUNK | clean | order;
}

static enum pddgpu_pool_contents map_contents(u8 value)
{
	return value & PDDGPU_POOL_MAP_CLEAN ? PDDGPU_POOL_CLEAN : PDDGPU_POOL_DIRTY;
}

static void block_set_chunk(struct pddgpu_pool_block *block, unsigned int i, u8 value)
{
	set_page_private(block->mem.page + i, (unsigned long)block);
	WRITE_ONCE(block->map[i], value);
}

static void block_clear_chunk(struct pddgpu_pool_block *block, unsigned int i)
{
	set_page_private(block->mem.page + i, 0);
	WRITE_ONCE(block->map[i], 0);
}

struct pddgpu_pool_block *pddgpu_pool_block_create(unsigned int order)
{
	struct pddgpu_pool_block *block;

	block = kzalloc(struct_size(block, map, BIT(order)), GFP_KERNEL);
	if (!block)
		return NULL;

	block->fresh = true;
	INIT_LIST_HEAD(&block->link);
	return block;
}

/* --- Chunks --- */

/* Eight at a time, for this is most of what populating a large buffer takes */
void pddgpu_pool_chunk_fill(struct page *page, unsigned int order, struct page **pages)
{
	struct page **end = pages + BIT(order);

	for (; end - pages >= 8; pages += 8, page += 8) {
		pages[0] = page;
		pages[1] = page + 1;
		pages[2] = page + 2;
		pages[3] = page + 3;
		pages[4] = page + 4;
		pages[5] = page + 5;
		pages[6] = page + 6;
		pages[7] = page + 7;
	}
	while (pages < end)
		*pages++ = page++;
}

/* In one run if it can be: the larger it is, the faster */
static void chunk_clear(struct page *page, unsigned int order)
{
	unsigned int i;

	if (!PageHighMem(page)) {
		memset(page_address(page), 0, PAGE_SIZE << order);
		return;
	}
	for (i = 0; i < BIT(order); i++)
		clear_highpage(page + i);
}

void pddgpu_pool_chunk_clear(struct page *page)
{
	chunk_clear(page, pddgpu_pool_chunk_order(page));
	pddgpu_pool_chunk_set_clean(page);
	cond_resched();
}

/* --- Lists of free chunks --- */

static enum pddgpu_pool_share block_share(const struct pddgpu_pool_block *block,
					  unsigned int order)
{
	return order == block->mem.order ? PDDGPU_POOL_WHOLE : PDDGPU_POOL_PART;
}

/* For those who read without the lock, and may be told an old number */
static void heap_count(unsigned long *counter, long num)
{
	WRITE_ONCE(*counter, *counter + num);
}

/* The last to come back is the first to go out, as it may be in a CPU's cache */
static void heap_link(struct pddgpu_pool_heap *heap, struct pddgpu_pool_block *block,
		      unsigned int i, unsigned int order, enum pddgpu_pool_contents contents)
{
	enum pddgpu_pool_share share = block_share(block, order);

	block_set_chunk(block, i, PDDGPU_POOL_MAP_FREE | map_value(order, contents));
	list_add(&block->mem.page[i].lru, &heap->chunks[order][share][contents]);
	heap->num[order][share][contents]++;
	WRITE_ONCE(heap->orders[share][contents], heap->orders[share][contents] | BIT(order));
	if (share == PDDGPU_POOL_WHOLE)
		heap_count(&heap->num_whole, BIT(order));
}

static void heap_unlink(struct pddgpu_pool_heap *heap, struct pddgpu_pool_block *block,
			unsigned int i)
{
	unsigned int order = block->map[i] & PDDGPU_POOL_MAP_ORDER;
	enum pddgpu_pool_contents contents = map_contents(block->map[i]);
	enum pddgpu_pool_share share = block_share(block, order);

	list_del(&block->mem.page[i].lru);
	if (!--heap->num[order][share][contents])
		WRITE_ONCE(heap->orders[share][contents],
			   heap->orders[share][contents] & ~BIT(order));
	if (share == PDDGPU_POOL_WHOLE)
		heap_count(&heap->num_whole, -(long)BIT(order));
	block_clear_chunk(block, i);
}

/* Mixed blocks are whole ones, too */
static void heap_add_mixed(struct pddgpu_pool_heap *heap, struct pddgpu_pool_block *block)
{
	list_add(&block->link, &heap->mixed);
	heap_count(&heap->num_whole, BIT(block->mem.order));
}

static void heap_del_mixed(struct pddgpu_pool_heap *heap, struct pddgpu_pool_block *block)
{
	if (list_empty(&block->link))
		return;

	list_del_init(&block->link);
	heap_count(&heap->num_whole, -(long)BIT(block->mem.order));
}

static void heap_account_free(struct pddgpu_pool_heap *heap, struct pddgpu_pool_block *block,
			      int num_pages)
{
	block->num_free += num_pages;
	heap_count(&heap->num_free, num_pages);
}

void pddgpu_pool_heap_init(struct pddgpu_pool_heap *heap, struct pddgpu_pool *pool, int nid,
			   enum ttm_caching caching)
{
	unsigned int order, share, contents;

	heap->pool = pool;
	heap->nid = nid;
	heap->caching = caching;
	spin_lock_init(&heap->lock);
	INIT_LIST_HEAD(&heap->mixed);
	INIT_LIST_HEAD(&heap->stuck);
	for (order = 0; order < PDDGPU_POOL_NUM_ORDERS; order++)
		for (share = 0; share < PDDGPU_POOL_NUM_SHARES; share++)
			for (contents = 0; contents < PDDGPU_POOL_NUM_CONTENTS; contents++)
				INIT_LIST_HEAD(&heap->chunks[order][share][contents]);
}

/* Make a mixed block one chunk */
static void heap_merge_mixed(struct pddgpu_pool_heap *heap, struct pddgpu_pool_block *block)
{
	unsigned int i, order;

	heap_del_mixed(heap, block);
	for (i = 0; i < BIT(block->mem.order); i += BIT(order)) {
		order = block->map[i] & PDDGPU_POOL_MAP_ORDER;
		heap_unlink(heap, block, i);
		heap->merges++;
	}
	heap->merges--; /* n chunks take n - 1 */
	heap_link(heap, block, 0, block->mem.order, PDDGPU_POOL_DIRTY);
}

/* --- Handing out --- */

static struct page *heap_find_share(struct pddgpu_pool_heap *heap, unsigned int min_order,
				    enum pddgpu_pool_share share, enum pddgpu_pool_contents best)
{
	enum pddgpu_pool_contents other = best == PDDGPU_POOL_CLEAN ? PDDGPU_POOL_DIRTY :
								     PDDGPU_POOL_CLEAN;
	unsigned long orders = heap->orders[share][best] | heap->orders[share][other];
	unsigned int order;

	orders &= GENMASK(PDDGPU_POOL_MAX_ORDER, min_order);
	if (!orders)
		return NULL;

	order = __ffs(orders);
	return list_first_entry(&heap->chunks[order][share]
				[heap->orders[share][best] & BIT(order) ? best : other],
				struct page, lru);
}

static struct page *heap_find_mixed(struct pddgpu_pool_heap *heap, unsigned int min_order)
{
	struct pddgpu_pool_block *block;

	list_for_each_entry(block, &heap->mixed, link) {
		if (block->mem.order < min_order)
			continue;
		heap_merge_mixed(heap, block);
		return block->mem.page;
	}

	return NULL;
}

static struct page *heap_find(struct pddgpu_pool_heap *heap, unsigned int min_order,
			      enum pddgpu_pool_contents best)
{
	return heap_find_share(heap, min_order, PDDGPU_POOL_PART, best) ?:
	       heap_find_share(heap, min_order, PDDGPU_POOL_WHOLE, best) ?:
	       heap_find_mixed(heap, min_order);
}

/* Make a free chunk one of @order that is not */
static void heap_take_chunk(struct pddgpu_pool_heap *heap, struct page *page, unsigned int order)
{
	struct pddgpu_pool_block *block = pddgpu_pool_chunk_block(page);
	unsigned int i = block_index(block, page);
	u8 value = block->map[i];
	unsigned int size = value & PDDGPU_POOL_MAP_ORDER;

	heap_del_mixed(heap, block);
	heap_unlink(heap, block, i);
	while (size > order) {
		size--;
		heap_link(heap, block, i + BIT(size), size, map_contents(value));
		heap->splits++;
	}
	block_set_chunk(block, i, map_value(order, map_contents(value)));
	heap_account_free(heap, block, -(int)BIT(order));
}

unsigned long pddgpu_pool_heap_take(struct pddgpu_pool_heap *heap, unsigned int order,
				    enum pddgpu_pool_contents best, struct page **pages,
				    unsigned long max, unsigned long *num_fresh)
{
	struct page *page;
	unsigned long num;

	max = min(max, HEAP_BATCH >> min(order, 6U));
	spin_lock(&heap->lock);
	for (num = 0; num < max; num++) {
		page = heap_find(heap, order, best);
		if (!page)
			break;
		heap_take_chunk(heap, page, order);
		heap_count(&heap->out[order], 1);
		*num_fresh += READ_ONCE(pddgpu_pool_chunk_block(page)->fresh);
		pddgpu_pool_chunk_fill(page, order, pages);
		pages += BIT(order);
	}
	spin_unlock(&heap->lock);

	return num;
}

static unsigned int heap_carve_chunk(struct pddgpu_pool_heap *heap, struct page *page,
				     unsigned int order, struct page **chunks)
{
	struct pddgpu_pool_block *block = pddgpu_pool_chunk_block(page);
	unsigned int i = block_index(block, page), num, size;
	u8 value = block->map[i];

	size = min(value & PDDGPU_POOL_MAP_ORDER, order + ilog2(PDDGPU_POOL_CARVE));
	heap_take_chunk(heap, page, size);
	for (num = 0; num < BIT(size - order); num++, i += BIT(order)) {
		block_set_chunk(block, i, map_value(order, map_contents(value)));
		chunks[num] = block->mem.page + i;
	}
	heap->splits += num - 1;
	heap_count(&heap->out[order], num);

	return num;
}

unsigned int pddgpu_pool_heap_carve(struct pddgpu_pool_heap *heap, unsigned int order,
				    enum pddgpu_pool_contents best, struct page **chunks)
{
	unsigned int num = 0;
	struct page *page;

	spin_lock(&heap->lock);
	page = heap_find(heap, order, best);
	if (page && !READ_ONCE(pddgpu_pool_chunk_block(page)->fresh))
		num = heap_carve_chunk(heap, page, order, chunks);
	spin_unlock(&heap->lock);

	return num;
}

/* --- Taking back --- */

static bool block_has_free(const struct pddgpu_pool_block *block, unsigned int i,
			   unsigned int order, enum pddgpu_pool_contents contents)
{
	return READ_ONCE(block->map[i]) == (PDDGPU_POOL_MAP_FREE | map_value(order, contents));
}

/* Pages that are no chunk any more become a free one */
static void heap_put_part(struct pddgpu_pool_heap *heap, struct pddgpu_pool_block *block,
			  unsigned int i, unsigned int order, enum pddgpu_pool_contents contents)
{
	unsigned int buddy;

	heap_account_free(heap, block, BIT(order));
	for (; order < block->mem.order; order++) {
		buddy = i ^ BIT(order);
		if (!block_has_free(block, buddy, order, contents))
			break;
		heap_unlink(heap, block, buddy);
		heap->merges++;
		i &= ~BIT(order);
	}
	heap_link(heap, block, i, order, contents);
	if (order < block->mem.order && block->num_free == BIT(block->mem.order))
		heap_add_mixed(heap, block);
}

static void heap_put_chunk(struct pddgpu_pool_heap *heap, struct pddgpu_pool_block *block,
			   unsigned int i, enum pddgpu_pool_contents contents)
{
	unsigned int order = block->map[i] & PDDGPU_POOL_MAP_ORDER;

	block_clear_chunk(block, i);
	heap_put_part(heap, block, i, order, contents);
}

/* A whole block that leaves the heap */
static void heap_remove(struct pddgpu_pool_heap *heap, struct pddgpu_pool_block *block,
			struct list_head *blocks)
{
	if (!list_empty(&block->link))
		heap_merge_mixed(heap, block);
	heap_unlink(heap, block, 0);
	heap_account_free(heap, block, -(int)BIT(block->mem.order));
	heap->blocks[block->mem.order]--;
	set_page_private(block->mem.page, (unsigned long)block);
	list_add_tail(&block->mem.page->lru, blocks);
}

/* Without @fresh somebody had the chunks */
static u32 heap_put_run(struct pddgpu_pool_heap *heap, struct page **pages, u32 num_pages,
			struct list_head *fresh)
{
	struct pddgpu_pool_block *block;
	unsigned int i, order;
	u32 done = 0;
	u8 value;

	spin_lock(&heap->lock);
	for (i = 0; i < HEAP_BATCH && done < num_pages; i++) {
		block = pddgpu_pool_chunk_block(pages[done]);
		if (block->heap != heap)
			break;
		value = *pddgpu_pool_chunk_value(pages[done]);
		order = value & PDDGPU_POOL_MAP_ORDER;
		heap_count(&heap->out[order], -1);
		heap_put_chunk(heap, block, block_index(block, pages[done]),
			       fresh ? map_contents(value) : PDDGPU_POOL_DIRTY);
		if (fresh && READ_ONCE(block->fresh) && block->num_free == BIT(block->mem.order))
			heap_remove(heap, block, fresh);
		done += BIT(order);
	}
	spin_unlock(&heap->lock);

	return done;
}

u32 pddgpu_pool_heap_put(struct pddgpu_pool_heap *heap, struct page **pages, u32 num_pages)
{
	return heap_put_run(heap, pages, num_pages, NULL);
}

u32 pddgpu_pool_heap_unput(struct pddgpu_pool_heap *heap, struct page **pages, u32 num_pages,
			   struct list_head *fresh)
{
	return heap_put_run(heap, pages, num_pages, fresh);
}

/* As the map has them */
static void heap_put_back(struct pddgpu_pool_heap *heap, struct page *page)
{
	struct pddgpu_pool_block *block = pddgpu_pool_chunk_block(page);

	heap_put_chunk(heap, block, block_index(block, page),
		       map_contents(*pddgpu_pool_chunk_value(page)));
}

/* How many chunks there are side by side, each @step pages behind the last */
static unsigned int chunks_in_run(struct page **chunks, unsigned int num, long step)
{
	struct pddgpu_pool_block *block = pddgpu_pool_chunk_block(chunks[0]);
	unsigned int i;

	for (i = 1; i < num && chunks[i] == chunks[i - 1] + step; i++)
		if (pddgpu_pool_chunk_block(chunks[i]) != block)
			break;

	return i;
}

/* In as few parts as their positions allow, rather than one by one, to be merged then */
static void heap_put_back_run(struct pddgpu_pool_heap *heap, struct page *first, unsigned int num)
{
	struct pddgpu_pool_block *block = pddgpu_pool_chunk_block(first);
	unsigned int i = block_index(block, first), end = i, order, size;
	u8 value = block->map[i];

	order = value & PDDGPU_POOL_MAP_ORDER;
	heap_count(&heap->out[order], -(long)num);
	heap->merges += num;
	for (; num; num--, end += BIT(order))
		block_clear_chunk(block, end);
	for (; i < end; i += BIT(size)) {
		size = min_t(unsigned int, __ffs(i | BIT(block->mem.order)), __fls(end - i));
		heap_put_part(heap, block, i, size, map_contents(value));
		heap->merges--; /* n chunks take n - 1 */
	}
}

void pddgpu_pool_heap_put_back(struct pddgpu_pool_heap *heap, struct page **chunks,
			       unsigned int num)
{
	unsigned int run;
	long step;

	spin_lock(&heap->lock);
	for (; num; chunks += run, num -= run) {
		step = BIT(pddgpu_pool_chunk_order(chunks[0]));
		run = chunks_in_run(chunks, num, -step);
		if (run == 1)
			run = chunks_in_run(chunks, num, step);
		heap_put_back_run(heap, min(chunks[0], chunks[run - 1]), run);
	}
	spin_unlock(&heap->lock);
}

/* --- Cleaning --- */

static struct page *heap_find_dirty(struct pddgpu_pool_heap *heap)
{
	unsigned long part = heap->orders[PDDGPU_POOL_PART][PDDGPU_POOL_DIRTY];
	unsigned long whole = heap->orders[PDDGPU_POOL_WHOLE][PDDGPU_POOL_DIRTY];
	unsigned int order;

	if (!(part | whole))
		return NULL;

	order = __fls(part | whole);
	return list_first_entry(&heap->chunks[order][whole & BIT(order) ? PDDGPU_POOL_WHOLE :
							PDDGPU_POOL_PART][PDDGPU_POOL_DIRTY],
				struct page, lru);
}

unsigned int pddgpu_pool_heap_take_dirty(struct pddgpu_pool_heap *heap, struct page **chunks,
					 unsigned int max, u32 max_pages)
{
	unsigned int num, order;
	u32 num_pages = 0;

	spin_lock(&heap->lock);
	for (num = 0; num < max && num_pages < max_pages; num++) {
		chunks[num] = heap_find_dirty(heap);
		if (!chunks[num])
			break;
		order = pddgpu_pool_chunk_order(chunks[num]);
		heap_take_chunk(heap, chunks[num], order);
		num_pages += BIT(order);
	}
	heap_count(&heap->num_cleaning, num_pages);
	spin_unlock(&heap->lock);

	return num;
}

void pddgpu_pool_heap_put_cleaned(struct pddgpu_pool_heap *heap, struct page **chunks,
				  unsigned int num)
{
	unsigned int i;

	spin_lock(&heap->lock);
	for (i = 0; i < num; i++) {
		heap_count(&heap->num_cleaning, -(long)BIT(pddgpu_pool_chunk_order(chunks[i])));
		heap_put_back(heap, chunks[i]);
	}
	spin_unlock(&heap->lock);
}

/* --- Blocks that come and go --- */

void pddgpu_pool_heap_add(struct pddgpu_pool_block *block, enum pddgpu_pool_contents contents)
{
	struct pddgpu_pool_heap *heap = block->heap;

	spin_lock(&heap->lock);
	heap_link(heap, block, 0, block->mem.order, contents);
	heap_account_free(heap, block, BIT(block->mem.order));
	heap->blocks[block->mem.order]++;
	spin_unlock(&heap->lock);
}

void pddgpu_pool_heap_add_stuck(struct pddgpu_pool_block *block)
{
	struct pddgpu_pool_heap *heap = block->heap;

	set_page_private(block->mem.page, (unsigned long)block);
	spin_lock(&heap->lock);
	list_add(&block->mem.page->lru, &heap->stuck);
	heap_count(&heap->num_stuck, BIT(block->mem.order));
	heap->blocks[block->mem.order]++;
	spin_unlock(&heap->lock);
}

void pddgpu_pool_heap_take_stuck(struct pddgpu_pool_heap *heap, struct list_head *blocks)
{
	struct page *page;

	if (!READ_ONCE(heap->num_stuck))
		return;

	spin_lock(&heap->lock);
	list_for_each_entry(page, &heap->stuck, lru)
		heap->blocks[pddgpu_pool_chunk_block(page)->mem.order]--;
	list_splice_tail_init(&heap->stuck, blocks);
	WRITE_ONCE(heap->num_stuck, 0);
	spin_unlock(&heap->lock);
}

unsigned long pddgpu_pool_heap_whole_orders(const struct pddgpu_pool_heap *heap)
{
	if (!list_empty(&heap->mixed))
		return GENMASK(PDDGPU_POOL_MAX_ORDER, 0);

	return READ_ONCE(heap->orders[PDDGPU_POOL_WHOLE][PDDGPU_POOL_DIRTY]) |
	       READ_ONCE(heap->orders[PDDGPU_POOL_WHOLE][PDDGPU_POOL_CLEAN]);
}

/* They count as dirty */
static void heap_merge_some_mixed(struct pddgpu_pool_heap *heap, unsigned long max)
{
	struct pddgpu_pool_block *block, *next;

	list_for_each_entry_safe(block, next, &heap->mixed, link) {
		if (!max--)
			break;
		heap_merge_mixed(heap, block);
	}
}

unsigned long pddgpu_pool_heap_take_blocks(struct pddgpu_pool_heap *heap, unsigned int order,
					   enum pddgpu_pool_contents contents, unsigned long max,
					   struct list_head *blocks)
{
	struct list_head *list = &heap->chunks[order][PDDGPU_POOL_WHOLE][contents];
	unsigned long num;
	struct page *page;

	/* A stale look costs a block more or less */
	if (!(READ_ONCE(heap->orders[PDDGPU_POOL_WHOLE][contents]) & BIT(order)) &&
	    list_empty(&heap->mixed))
		return 0;

	spin_lock(&heap->lock);
	if (contents == PDDGPU_POOL_DIRTY)
		heap_merge_some_mixed(heap, max);
	for (num = 0; num < max && !list_empty(list); num++) {
		page = list_last_entry(list, struct page, lru);
		heap_remove(heap, pddgpu_pool_chunk_block(page), blocks);
	}
	spin_unlock(&heap->lock);

	return num;
}
