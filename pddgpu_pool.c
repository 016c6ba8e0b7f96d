// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/visibility.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/slab.h>
#include <linux/sched/signal.h>

#include <drm/drm_print.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_tt.h>

#include "pddgpu_pool.h"
#include "pddgpu_pool_backend.h"
#include "pddgpu_pool_block.h"
#include "pddgpu_pool_reclaim.h"
#include "pddgpu_trace.h"

/**
 * DOC: Page pool
 *
 * System pages for buffers come in chunks of 2^order pages, the largest that fit
 * first.  Chunks are parts of blocks of 2 MiB, which the pool gets from the system,
 * and changes the caching attributes of, as a whole: once for hundreds of small
 * buffers, and without splitting the kernel's own mapping.  A chunk that a buffer
 * gives back stays in the pool with its attributes until a buffer takes it.  Blocks
 * can go back to the system only as a whole, so small buffers come from blocks that
 * are in use already, as long as there are any.
 *
 * Where memory is too fragmented for a block, there is a block for each chunk.
 * It is never waited for 2 MiB on behalf of a buffer that wants less.  Cached pages
 * need no change of attributes, so there blocks are smaller.
 *
 * A chunk that was handed out is dirty: it holds a client's data.  It is cleared
 * when it is handed out again to someone who needs zeroes (%TTM_TT_FLAG_ZERO_ALLOC,
 * which TTM sets for all but the buffers that a move fills to the last byte), and
 * not when it is freed, so a buffer's owner never waits for a clear that nobody
 * needs: most often it has been cleaned in the background by then, see below.  Nor
 * is a new block cleared for the sake of a small part of it, unless the
 * system does so anyhow (init_on_alloc).
 *
 * Populating a &struct ttm_tt takes three steps: gather chunks, clear them, map them
 * for DMA.  &struct pool_alloc says how far it got, so there is one way back from
 * any failure: pool_undo().  Blocks that came for this buffer go back then.
 *
 * Memory of the device's NUMA node comes first, whatever the size of the chunks, and
 * nobody's memory is reclaimed there as long as another node has some.
 *
 * Locking: a spinlock for each caching mode of each node, held to move chunks only,
 * never two at once, and one for each processor's magazine, outside of it.
 */

/*
 * The least order of a block of cached pages, 256 KiB.  Nothing is gained there from
 * 2 MiB, but it takes as long to ask for a page as for some.
 */
#define POOL_CACHED_ORDER	6U

/* How far populating a ttm_tt got */
struct pool_alloc {
	struct pddgpu_pool *pool;
	struct ttm_tt *tt;
	const struct ttm_operation_ctx *ctx;
	gfp_t gfp;
	int nid;			/* that memory should be from */
	bool local;			/* and no other */
	u32 filled;			/* pages gathered */
	u32 mapped;			/* of which have DMA addresses */
	unsigned long chunks;		/* gathered */
	unsigned long fresh;		/* of which are from new blocks */
	bool fragmented;		/* there was no whole block to be had */
	bool emptied;			/* magazines were emptied for it */
};

static const char * const pool_caching_names[PDDGPU_POOL_NUM_CACHING] = {
	[ttm_uncached] = "uncached",
	[ttm_write_combined] = "write_combined",
	[ttm_cached] = "cached",
};

/* --- Blocks from the system --- */

/* What the pool keeps may have the DMA addresses that are wanted */
static int pool_get_memory(struct pddgpu_pool *pool, gfp_t gfp, unsigned int order,
			   struct pddgpu_pool_memory *mem)
{
	int err;

	do {
		err = pddgpu_pool_backend_alloc(&pool->backend, gfp, order, mem);
	} while (err == -ENOSPC && pddgpu_pool_release(pool, BIT(order)));

	return err;
}

static struct pddgpu_pool_block *pool_get_block(struct pool_alloc *alloc, gfp_t gfp,
						unsigned int order)
{
	struct pddgpu_pool *pool = alloc->pool;
	struct pddgpu_pool_block *block;

	block = pddgpu_pool_block_create(order);
	if (!block)
		return NULL;
	if (pool_get_memory(pool, gfp, order, &block->mem)) {
		kfree(block);
		return NULL;
	}
	block->heap = pddgpu_pool_heap(pool, page_to_nid(block->mem.page), alloc->tt->caching);

	return block;
}

/* A failure leaves some pages changed */
static int pool_convert(struct pddgpu_pool *pool, struct pddgpu_pool_block *block)
{
	enum ttm_caching caching = block->heap->caching;

	if (caching == ttm_cached)
		return 0;

	atomic_long_inc(&pool->stats.conversions);
	atomic_long_add(BIT(block->mem.order), &pool->stats.converted);
	trace_pddgpu_pool_convert(pddgpu_pool_name(pool), block->heap->nid, caching,
				  BIT(block->mem.order));
	if (!pddgpu_pool_backend_set_caching(&block->mem, caching))
		return 0;

	pddgpu_pool_free_block(pool, block);
	return -ENOMEM;
}

/* --- Populating, step one: gather chunks --- */

static u32 pool_missing(const struct pool_alloc *alloc)
{
	return alloc->tt->num_pages - alloc->filled;
}

static bool pool_wants_zero(const struct pool_alloc *alloc)
{
	return alloc->tt->page_flags & TTM_TT_FLAG_ZERO_ALLOC;
}

static enum pddgpu_pool_contents pool_best(const struct pool_alloc *alloc)
{
	return pool_wants_zero(alloc) ? PDDGPU_POOL_CLEAN : PDDGPU_POOL_DIRTY;
}

/* What one buffer is too large for is of no use to the next small one */
static bool pool_is_small(u32 num_pages)
{
	return num_pages < BIT(PDDGPU_POOL_MAGAZINE_ORDERS);
}

static gfp_t pool_tt_gfp(const struct ttm_tt *tt)
{
	/* Who wants too much is told so, before the system kills somebody else for it */
	gfp_t gfp = GFP_USER | __GFP_RETRY_MAYFAIL | __GFP_NOWARN;

	if (tt->caching == ttm_cached)
		gfp |= __GFP_HIGHMEM; /* has no kernel mapping whose attributes could change */
	if (tt->page_flags & TTM_TT_FLAG_ZERO_ALLOC)
		gfp |= __GFP_ZERO;

	return gfp;
}

/* Chunks of a larger block are better cleared one by one, when there is need to */
static gfp_t pool_block_gfp(const struct pool_alloc *alloc, unsigned int block_order,
			    unsigned int order)
{
	/* Nor may 2 MiB be waited for, and others' pages reclaimed, if less will do */
	return block_order > order ? alloc->gfp & ~(__GFP_ZERO | __GFP_DIRECT_RECLAIM) :
				     alloc->gfp;
}

static int pool_add_block(struct pool_alloc *alloc, gfp_t gfp, struct pddgpu_pool_block *block)
{
	bool clean = gfp & __GFP_ZERO || want_init_on_alloc(gfp);
	struct pddgpu_pool_heap *heap = block->heap;
	int err;

	err = pool_convert(alloc->pool, block);
	if (err)
		return err;

	pddgpu_pool_account(heap, BIT(block->mem.order));
	pddgpu_pool_heap_add(block, clean ? PDDGPU_POOL_CLEAN : PDDGPU_POOL_DIRTY);
	if (!clean)
		pddgpu_pool_wake_cleaner(alloc->pool);
	/* dma_alloc_attrs() need not care what node it is asked for */
	return alloc->local && heap->nid != alloc->nid ? -ENOSPC : 0;
}

/* The order of the block that a chunk of @order shall come from */
static unsigned int pool_block_order(const struct pool_alloc *alloc, unsigned int order)
{
	unsigned int max_order = alloc->pool->backend.max_order;

	if (alloc->fragmented)
		return order;
	if (alloc->tt->caching == ttm_cached)
		return max(order, min(alloc->pool->cached_order, max_order));

	return max_order;
}

/*
 * Get a block that chunks of @order can be taken from.  -ENOSPC if smaller ones, or
 * those of another node, may do.
 */
static int pool_refill(struct pool_alloc *alloc, unsigned int order)
{
	unsigned int block_order = pool_block_order(alloc, order);
	gfp_t gfp = pool_block_gfp(alloc, block_order, order);
	struct pddgpu_pool_block *block;

	block = pool_get_block(alloc, gfp, block_order);
	if (!block && block_order > order) {
		alloc->fragmented = true;
		gfp = alloc->gfp;
		block = pool_get_block(alloc, gfp, order);
	}
	if (!block) {
		alloc->fragmented = true;
		return order || alloc->local ? -ENOSPC : -ENOMEM;
	}

	return pool_add_block(alloc, gfp, block);
}

static unsigned long pool_take(struct pool_alloc *alloc, int nid, unsigned int order)
{
	struct pddgpu_pool_heap *heap = pddgpu_pool_heap(alloc->pool, nid, alloc->tt->caching);
	unsigned long num;

	num = pddgpu_pool_heap_take(heap, order,
				    pool_best(alloc), &alloc->tt->pages[alloc->filled],
				    pool_missing(alloc) >> order, &alloc->fresh);
	pddgpu_pool_account(heap, -(long)(num << order));
	alloc->filled += num << order;
	alloc->chunks += num;
	return num;
}

static bool pool_take_page(struct pool_alloc *alloc, struct page *page, unsigned int order)
{
	if (!page)
		return false;

	pddgpu_pool_account(pddgpu_pool_chunk_block(page)->heap, -(long)BIT(order));
	pddgpu_pool_chunk_fill(page, order, &alloc->tt->pages[alloc->filled]);
	alloc->filled += BIT(order);
	alloc->chunks++;
	return true;
}

static bool pool_take_recent(struct pool_alloc *alloc, unsigned int order, bool zero)
{
	return pool_take_page(alloc, pddgpu_pool_magazine_take(alloc->pool, alloc->tt->caching,
							       order, zero), order);
}

/* Who wants little will be followed by others of the kind */
static bool pool_take_carved(struct pool_alloc *alloc, unsigned int order)
{
	if (!pool_is_small(alloc->tt->num_pages))
		return false;

	return pool_take_page(alloc, pddgpu_pool_magazine_refill(alloc->pool, alloc->tt->caching,
								 order, pool_best(alloc)), order);
}

static bool pool_gather_remote(struct pool_alloc *alloc, unsigned int order)
{
	int nid;

	for_each_online_node(nid)
		if (pool_take(alloc, nid, order))
			return true;

	return false;
}

static bool pool_gather_free(struct pool_alloc *alloc, unsigned int order)
{
	bool zero = pool_wants_zero(alloc);

	return pool_take_recent(alloc, order, zero) ||
	       pool_take_carved(alloc, order) ||
	       pool_take(alloc, alloc->nid, order) ||
	       (zero && pool_take_recent(alloc, order, false)) ||
	       (!alloc->local && pool_gather_remote(alloc, order));
}

static u32 pool_magazine_pages(struct pddgpu_pool *pool, enum ttm_caching caching,
			       enum pddgpu_pool_contents contents)
{
	unsigned int order;
	u32 num_pages = 0;

	for (order = 0; order < PDDGPU_POOL_MAGAZINE_ORDERS; order++)
		num_pages += pddgpu_pool_magazine_chunks(pool, caching, order, contents) << order;

	return num_pages;
}

/* What is in magazines may be the parts of a chunk, once a buffer; true if it was worth it */
static bool pool_empty_magazines(struct pool_alloc *alloc, unsigned int order)
{
	enum ttm_caching caching = alloc->tt->caching;

	if (alloc->emptied || pool_magazine_pages(alloc->pool, caching, PDDGPU_POOL_DIRTY) +
	    pool_magazine_pages(alloc->pool, caching, PDDGPU_POOL_CLEAN) < BIT(order))
		return false;

	alloc->emptied = true;
	return pddgpu_pool_magazines_empty(alloc->pool);
}

static int pool_gather_order(struct pool_alloc *alloc, unsigned int order)
{
	int err;

	while (pool_missing(alloc) >> order) {
		if (pool_gather_free(alloc, order) || pool_empty_magazines(alloc, order))
			continue;
		if (alloc->ctx->interruptible && signal_pending(current))
			return -ERESTARTSYS;
		err = pool_refill(alloc, order);
		if (err)
			return err == -ENOSPC ? 0 : err;
	}

	return 0;
}

/* From the system before smaller ones from the pool */
static int pool_gather_orders(struct pool_alloc *alloc)
{
	int order = min_t(int, ilog2(alloc->tt->num_pages), alloc->pool->backend.max_order), err;

	alloc->fragmented = false;
	for (; order >= 0 && pool_missing(alloc); order--) {
		err = pool_gather_order(alloc, order);
		if (err)
			return err;
	}

	return 0;
}

/* What the card's own node has to spare, before anything else */
static int pool_gather_local(struct pool_alloc *alloc)
{
	gfp_t gfp = alloc->gfp;
	int err;

	alloc->gfp = (gfp | __GFP_THISNODE) & ~__GFP_DIRECT_RECLAIM;
	alloc->local = true;
	err = pool_gather_orders(alloc);
	alloc->gfp = gfp;
	alloc->local = false;

	return err;
}

/* Most often this is all there is to do for a small buffer */
static bool pool_gather_recent(struct pool_alloc *alloc)
{
	u32 num_pages = alloc->tt->num_pages;

	return pool_is_small(num_pages) && is_power_of_2(num_pages) &&
	       pool_take_recent(alloc, ilog2(num_pages), pool_wants_zero(alloc));
}

static int pool_gather(struct pool_alloc *alloc)
{
	int err = 0;

	if (pool_gather_recent(alloc))
		return 0;

	alloc->gfp = pool_tt_gfp(alloc->tt);
	alloc->nid = pddgpu_pool_nid(alloc->pool);
	if (nr_online_nodes > 1)
		err = pool_gather_local(alloc);

	return err ?: pool_gather_orders(alloc);
}

/* --- Step two: clear --- */

static void pool_clear(struct pool_alloc *alloc)
{
	struct page **pages = alloc->tt->pages;
	unsigned int order;
	u32 i;

	for (i = 0; i < alloc->filled; i += BIT(order)) {
		order = pddgpu_pool_chunk_order(pages[i]);
		if (pddgpu_pool_chunk_is_clean(pages[i]))
			continue;
		pddgpu_pool_chunk_clear(pages[i]);
		atomic_long_add(BIT(order), &alloc->pool->stats.cleared);
	}
}

/* --- Step three: map for DMA --- */

static int pool_map(struct pool_alloc *alloc)
{
	struct ttm_tt *tt = alloc->tt;
	unsigned int order, i;
	dma_addr_t addr;
	int err;

	if (!tt->dma_address)
		return 0;

	while (alloc->mapped < tt->num_pages) {
		struct page *page = tt->pages[alloc->mapped];

		order = pddgpu_pool_chunk_order(page);
		err = pddgpu_pool_backend_map(&alloc->pool->backend,
					      &pddgpu_pool_chunk_block(page)->mem, page, order,
					      &addr);
		if (err)
			return err;
		for (i = 0; i < BIT(order); i++)
			tt->dma_address[alloc->mapped + i] = addr + i * PAGE_SIZE;
		alloc->mapped += BIT(order);
	}

	return 0;
}

static void pool_unmap(struct pddgpu_pool *pool, struct ttm_tt *tt, u32 num_pages)
{
	unsigned int order;
	u32 i;

	for (i = 0; i < num_pages; i += BIT(order)) {
		order = pddgpu_pool_chunk_order(tt->pages[i]);
		pddgpu_pool_backend_unmap(&pool->backend, tt->dma_address[i], order);
	}
}

/* --- The end of populating, and the way back --- */

static void pool_commit(struct pool_alloc *alloc)
{
	struct page **pages = alloc->tt->pages;
	struct pddgpu_pool *pool = alloc->pool;
	u32 i;

	atomic_long_add(alloc->chunks - alloc->fresh, &pool->stats.hits);
	if (alloc->chunks > alloc->fresh)
		trace_pddgpu_pool_hit(pddgpu_pool_name(pool), alloc->tt->caching,
				      alloc->chunks - alloc->fresh, alloc->filled);
	if (!alloc->fresh)
		return;

	atomic_long_add(alloc->fresh, &pool->stats.misses);
	trace_pddgpu_pool_miss(pddgpu_pool_name(pool), alloc->tt->caching, alloc->fresh,
			       alloc->filled);

	for (i = 0; i < alloc->filled; i += BIT(pddgpu_pool_chunk_order(pages[i])))
		WRITE_ONCE(pddgpu_pool_chunk_block(pages[i])->fresh, false);
}

/* Take back what nobody had; blocks that came for it go back to the system */
static void pool_unput(struct pddgpu_pool *pool, struct page **pages, u32 num_pages)
{
	struct pddgpu_pool_heap *heap;
	LIST_HEAD(blocks);
	u32 done, num;

	for (done = 0; done < num_pages; done += num) {
		heap = pddgpu_pool_chunk_block(pages[done])->heap;
		num = pddgpu_pool_heap_unput(heap, &pages[done], num_pages - done, &blocks);
		pddgpu_pool_account(heap, num);
	}
	pddgpu_pool_free_blocks(pool, &blocks);
}

/* Whatever step failed, and wherever in it */
static void pool_undo(struct pool_alloc *alloc)
{
	struct ttm_tt *tt = alloc->tt;

	pool_unmap(alloc->pool, tt, alloc->mapped);
	pool_unput(alloc->pool, tt->pages, alloc->filled);
	memset(tt->pages, 0, alloc->filled * sizeof(*tt->pages));
	/* The limit may have come down while the pool's own chunks were away */
	pddgpu_pool_trim_nodes(alloc->pool);
}

int pddgpu_pool_alloc(struct pddgpu_pool *pool, struct ttm_tt *tt, struct ttm_operation_ctx *ctx)
{
	struct pool_alloc alloc = {
		.pool = pool,
		.tt = tt,
		.ctx = ctx,
	};
	int err;

	if (!tt->num_pages || (tt->dma_address && !pool->backend.dev))
		return -EINVAL;

	err = pool_gather(&alloc);
	if (!err && pool_wants_zero(&alloc))
		pool_clear(&alloc);
	if (!err)
		err = pool_map(&alloc);
	if (err) {
		pool_undo(&alloc);
		return err;
	}

	pool_commit(&alloc);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_alloc);

/* --- Unpopulating --- */

/* A page of another pool in the hands of this one's heap is mapped for nobody knows whom */
static bool pool_owns(struct pddgpu_pool *pool, const struct ttm_tt *tt)
{
	u32 i;

	for (i = 0; i < tt->num_pages; i += BIT(pddgpu_pool_chunk_order(tt->pages[i])))
		if (pddgpu_pool_chunk_block(tt->pages[i])->heap->pool != pool)
			return false;

	return true;
}

/* Return how many pages that were: a chunk, or many */
static u32 pool_put(struct pddgpu_pool *pool, struct pddgpu_pool_heap *heap,
		    struct page **pages, u32 num_pages)
{
	/* Once it is in a magazine, anybody may have it */
	unsigned int order = pddgpu_pool_chunk_order(pages[0]);

	if (pool_is_small(num_pages) && pddgpu_pool_magazine_put(pool, pages[0]))
		return BIT(order);

	return pddgpu_pool_heap_put(heap, pages, num_pages);
}

int pddgpu_pool_free(struct pddgpu_pool *pool, struct ttm_tt *tt)
{
	struct pddgpu_pool_heap *heap;
	u32 done, num;

	if (!pool_owns(pool, tt))
		return -EINVAL;

	if (tt->dma_address)
		pool_unmap(pool, tt, tt->num_pages);
	for (done = 0; done < tt->num_pages; done += num) {
		heap = pddgpu_pool_chunk_block(tt->pages[done])->heap;
		num = pool_put(pool, heap, &tt->pages[done], tt->num_pages - done);
		pddgpu_pool_account(heap, num);
		pddgpu_pool_trim(pool, heap->nid);
	}
	pddgpu_pool_wake_cleaner(pool);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_free);

/* --- Start, end, state --- */

static int pool_create_heaps(struct pddgpu_pool *pool)
{
	unsigned int i;

	pool->num_heaps = nr_node_ids * PDDGPU_POOL_NUM_CACHING;
	pool->heaps = kvcalloc(pool->num_heaps, sizeof(*pool->heaps), GFP_KERNEL);
	if (!pool->heaps)
		return -ENOMEM;

	for (i = 0; i < pool->num_heaps; i++)
		pddgpu_pool_heap_init(&pool->heaps[i], pool, i / PDDGPU_POOL_NUM_CACHING,
				      i % PDDGPU_POOL_NUM_CACHING);
	return 0;
}

int pddgpu_pool_init(struct pddgpu_pool *pool, struct device *dev, unsigned int flags)
{
	int err;

	err = pddgpu_pool_backend_init(&pool->backend, dev, flags);
	if (err)
		return err;

	pool->cached_order = POOL_CACHED_ORDER;
	pddgpu_pool_cleaner_init(pool);
	err = pool_create_heaps(pool);
	if (err)
		return err;

	err = pddgpu_pool_reclaim_init(pool);
	if (err)
		kvfree(pool->heaps);

	return err;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_init);

int pddgpu_pool_start(struct pddgpu_pool *pool, pddgpu_pool_clear_fn clear)
{
	int err;

	err = pddgpu_pool_magazines_init(pool);
	if (err)
		return err;

	return pddgpu_pool_start_cleaning(pool, clear);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_start);

static unsigned long pool_out_pages(struct pddgpu_pool *pool, unsigned int min_order)
{
	unsigned long num_pages = 0;
	unsigned int i, order;

	for (i = 0; i < pool->num_heaps; i++)
		for (order = min_order; order < PDDGPU_POOL_NUM_ORDERS; order++)
			num_pages += READ_ONCE(pool->heaps[i].out[order]) << order;

	return num_pages;
}

/* Pages of all heaps that no buffer has */
struct pool_pages {
	unsigned long free;		/* in whole blocks or not */
	unsigned long whole;		/* of which are in whole blocks */
	unsigned long cleaning;
	unsigned long stuck;
};

static struct pool_pages pool_count(struct pddgpu_pool *pool)
{
	struct pool_pages pages = {};
	unsigned int i;

	for (i = 0; i < pool->num_heaps; i++) {
		pages.free += READ_ONCE(pool->heaps[i].num_free);
		pages.whole += READ_ONCE(pool->heaps[i].num_whole);
		pages.cleaning += READ_ONCE(pool->heaps[i].num_cleaning);
		pages.stuck += READ_ONCE(pool->heaps[i].num_stuck);
	}

	return pages;
}

static unsigned long pool_free_pages(struct pddgpu_pool *pool)
{
	struct pool_pages pages = pool_count(pool);

	return pages.free + pages.cleaning + pages.stuck + pddgpu_pool_magazine_pages(pool);
}

void pddgpu_pool_empty(struct pddgpu_pool *pool)
{
	pddgpu_pool_release(pool, ULONG_MAX);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_empty);

void pddgpu_pool_fini(struct pddgpu_pool *pool)
{
	pddgpu_pool_cleaner_fini(pool);
	pddgpu_pool_magazines_empty(pool);
	WARN_ON(pool_out_pages(pool, 0));

	pddgpu_pool_reclaim_fini(pool);
	pddgpu_pool_empty(pool);
	/* Attributes that could not be put back: these pages are lost, not misused */
	WARN_ON(pool_free_pages(pool));
	pddgpu_pool_magazines_fini(pool);
	kvfree(pool->heaps);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_fini);

u64 pddgpu_pool_bytes(struct pddgpu_pool *pool)
{
	return (u64)pool_free_pages(pool) << PAGE_SHIFT;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_bytes);

static unsigned long heap_contents_pages(struct pddgpu_pool_heap *heap,
					 enum pddgpu_pool_contents contents)
{
	unsigned long num_pages = 0;
	unsigned int order;

	spin_lock(&heap->lock);
	for (order = 0; order < PDDGPU_POOL_NUM_ORDERS; order++)
		num_pages += (heap->num[order][PDDGPU_POOL_PART][contents] +
			      heap->num[order][PDDGPU_POOL_WHOLE][contents]) << order;
	spin_unlock(&heap->lock);

	return num_pages;
}

static unsigned long pool_contents_pages(struct pddgpu_pool *pool,
					 enum pddgpu_pool_contents contents)
{
	unsigned long num_pages = 0;
	unsigned int i;

	for (i = 0; i < pool->num_heaps; i++)
		num_pages += heap_contents_pages(&pool->heaps[i], contents);

	return num_pages;
}

/* Of a heap; they are of the pool's own node */
static u32 heap_magazine_chunks(struct pddgpu_pool_heap *heap, unsigned int order)
{
	if (heap->nid != pddgpu_pool_nid(heap->pool))
		return 0;

	return pddgpu_pool_magazine_chunks(heap->pool, heap->caching, order, PDDGPU_POOL_DIRTY) +
	       pddgpu_pool_magazine_chunks(heap->pool, heap->caching, order, PDDGPU_POOL_CLEAN);
}

static u32 pool_magazine_clean_pages(struct pddgpu_pool *pool)
{
	unsigned int caching;
	u32 num_pages = 0;

	for (caching = 0; caching < PDDGPU_POOL_NUM_CACHING; caching++)
		num_pages += pool_magazine_pages(pool, caching, PDDGPU_POOL_CLEAN);

	return num_pages;
}

static void pool_print_order(struct pddgpu_pool_heap *heap, unsigned int order,
			     struct drm_printer *p)
{
	unsigned long num[PDDGPU_POOL_NUM_CONTENTS], out;
	u32 magazine = heap_magazine_chunks(heap, order);
	unsigned int i;

	spin_lock(&heap->lock);
	for (i = 0; i < PDDGPU_POOL_NUM_CONTENTS; i++)
		num[i] = heap->num[order][PDDGPU_POOL_PART][i] +
			 heap->num[order][PDDGPU_POOL_WHOLE][i];
	out = heap->out[order];
	spin_unlock(&heap->lock);

	if (num[PDDGPU_POOL_DIRTY] || num[PDDGPU_POOL_CLEAN] || out)
		drm_printf(p, "node %d %s_order_%u: dirty %lu clean %lu out %lu magazines %u\n",
			   heap->nid, pool_caching_names[heap->caching], order,
			   num[PDDGPU_POOL_DIRTY], num[PDDGPU_POOL_CLEAN], out - magazine,
			   magazine);
}

static void pool_print_heap(struct pddgpu_pool_heap *heap, struct drm_printer *p)
{
	unsigned long large, small = 0, pages = 0, num_free, num_whole, splits, merges;
	const char *name = pool_caching_names[heap->caching];
	unsigned int order;

	spin_lock(&heap->lock);
	for (order = 0; order < PDDGPU_POOL_NUM_ORDERS; order++) {
		small += heap->blocks[order];
		pages += heap->blocks[order] << order;
	}
	large = heap->blocks[PDDGPU_POOL_MAX_ORDER];
	num_free = heap->num_free;
	num_whole = heap->num_whole;
	splits = heap->splits;
	merges = heap->merges;
	spin_unlock(&heap->lock);

	drm_printf(p, "node %d %s_blocks: large %lu small %lu pages %lu", heap->nid, name, large,
		   small - large, pages);
	drm_printf(p, " free_pages %lu whole_pages %lu\n", num_free, num_whole);
	drm_printf(p, "node %d %s_chunks: splits %lu merges %lu\n", heap->nid, name, splits,
		   merges);
	for (order = 0; order < PDDGPU_POOL_NUM_ORDERS; order++)
		pool_print_order(heap, order, p);
}

static void pool_print_node(struct pddgpu_pool *pool, int nid, struct drm_printer *p)
{
	unsigned int caching;

	drm_printf(p, "node %d free_pages_all_pools: %ld\n", nid, pddgpu_pool_all_free(nid));
	drm_printf(p, "node %d limit_pages_all_pools: %ld\n", nid, pddgpu_pool_limit(nid));
	for (caching = 0; caching < PDDGPU_POOL_NUM_CACHING; caching++)
		pool_print_heap(pddgpu_pool_heap(pool, nid, caching), p);
}

/* How much of what is free cannot go back to the system, being parts of blocks */
static unsigned long pool_fragmentation(unsigned long num_free, unsigned long num_whole)
{
	return num_free > num_whole ? (num_free - num_whole) * 100 / num_free : 0;
}

void pddgpu_pool_print(struct pddgpu_pool *pool, struct drm_printer *p)
{
	unsigned long num_free = pool_free_pages(pool);
	struct pool_pages pages = pool_count(pool);
	unsigned long num_whole = pages.whole + pages.stuck;
	struct pddgpu_pool_stats *stats = &pool->stats;
	u32 clean = pool_magazine_clean_pages(pool);
	int nid;

	pddgpu_pool_backend_print(&pool->backend, p);
	drm_printf(p, "free_pages: %lu\n", num_free);
	drm_printf(p, "whole_free_pages: %lu\n", num_whole);
	drm_printf(p, "fragmentation_percent: %lu\n", pool_fragmentation(num_free, num_whole));
	drm_printf(p, "out_pages: %lu\n",
		   pool_out_pages(pool, 0) - pddgpu_pool_magazine_pages(pool));
	drm_printf(p, "out_pages_in_2m_chunks: %lu\n",
		   pool_out_pages(pool, PDDGPU_POOL_MAX_ORDER));
	drm_printf(p, "stuck_pages: %lu\n", pages.stuck);
	drm_printf(p, "hits: %ld\n", atomic_long_read(&stats->hits));
	drm_printf(p, "misses: %ld\n", atomic_long_read(&stats->misses));
	drm_printf(p, "clean_pages: %lu\n",
		   pool_contents_pages(pool, PDDGPU_POOL_CLEAN) + clean);
	drm_printf(p, "dirty_pages: %lu\n", pool_contents_pages(pool, PDDGPU_POOL_DIRTY) +
		   pages.cleaning + pddgpu_pool_magazine_pages(pool) - clean);
	drm_printf(p, "magazine_pages: %u\n", pddgpu_pool_magazine_pages(pool));
	drm_printf(p, "cleared_pages: %ld\n", atomic_long_read(&stats->cleared));
	drm_printf(p, "cleaned_by_engine_pages: %ld\n",
		   atomic_long_read(&stats->cleaned_by_engine));
	drm_printf(p, "cleaned_by_cpu_pages: %ld\n", atomic_long_read(&stats->cleaned_by_cpu));
	drm_printf(p, "conversions: %ld\n", atomic_long_read(&stats->conversions));
	drm_printf(p, "converted_pages: %ld\n", atomic_long_read(&stats->converted));
	drm_printf(p, "restored_pages: %ld\n", atomic_long_read(&stats->restored));
	drm_printf(p, "trimmed_pages: %ld\n", atomic_long_read(&stats->trimmed));
	drm_printf(p, "shrinker_calls: %ld\n", atomic_long_read(&stats->shrinker_calls));
	drm_printf(p, "shrinker_pages: %ld\n", atomic_long_read(&stats->shrinker_pages));

	for_each_online_node(nid)
		pool_print_node(pool, nid, p);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_print);
