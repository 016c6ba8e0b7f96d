// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/visibility.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/sched/signal.h>
#include <linux/shrinker.h>

#include <drm/drm_print.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_tt.h>

#include "pddgpu_pool.h"
#include "pddgpu_pool_backend.h"
#include "pddgpu_pool_block.h"

/**
 * DOC: Page pool
 *
 * System pages for buffers come in chunks of 2^order pages, the largest that fit
 * first.  Chunks are parts of blocks of 2 MiB, which the pool gets from the system,
 * and changes the caching attributes of, as a whole: once for hundreds of small
 * buffers, and without splitting the kernel's own mapping.  A chunk that a buffer
 * gives back stays in the pool with its attributes until a buffer takes it.  When
 * all of a block is free, and the limit (the page_pool_size parameter) is exceeded
 * or reclaim asks, the block goes back to the system, write-back cached, as it came.
 * What is free of a block that is partly in use has to stay: so small buffers come
 * from blocks that are in use already, as long as there are any.
 *
 * Where memory is too fragmented for a block, there is a block for each chunk.
 * It is never waited for 2 MiB on behalf of a buffer that wants less.  Cached pages
 * need no change of attributes, so there, too, a block is no larger than what was
 * missing.
 *
 * A chunk that was handed out is dirty: it holds a client's data.  It is cleared
 * when it is handed out again to someone who needs zeroes (%TTM_TT_FLAG_ZERO_ALLOC,
 * which TTM sets for all but the buffers that a move fills to the last byte), and
 * not when it is freed, so a buffer's owner never waits for a clear that nobody
 * needs.  Nor is a new block cleared for the sake of a small part of it, unless the
 * system does so anyhow (init_on_alloc).
 *
 * Populating a &struct ttm_tt takes three steps: gather chunks, clear them, map them
 * for DMA.  &struct pool_alloc says how far it got, so there is one way back from
 * any failure: pool_undo().  Blocks that came for this buffer go back then.
 *
 * Should attributes not change back, then neither the system nor another buffer may
 * have the block.  It is stuck, and tried again whenever the pool gives pages back.
 *
 * Above the limit a little more is given back than the excess, so that not every
 * buffer that is freed has to: up to an eighth of the limit, and never more than a
 * 2 MiB block.
 *
 * Locking: a spinlock a caching mode, held to move chunks only, never two at once.
 * Attributes are changed and pages are freed with no lock held, so the shrinker
 * waits for nobody and needs no trylock.
 */

/* Pages given back between two looks at who else waits: a 2 MiB block */
#define POOL_RELEASE	BIT(PDDGPU_POOL_MAX_ORDER)

/* How far populating a ttm_tt got */
struct pool_alloc {
	struct pddgpu_pool *pool;
	struct pddgpu_pool_heap *heap;
	struct ttm_tt *tt;
	const struct ttm_operation_ctx *ctx;
	gfp_t gfp;
	u32 filled;			/* pages gathered */
	u32 mapped;			/* of which have DMA addresses */
	unsigned long chunks;		/* gathered */
	unsigned long fresh;		/* of which are from new blocks */
	bool fragmented;		/* there was no whole block to be had */
};

/* All pools, for a change of the limit; pool_all_lock is outermost */
static LIST_HEAD(pool_all);
static DEFINE_MUTEX(pool_all_lock);
/* Free pages of all pools */
static atomic_long_t pool_all_free;

static long page_pool_size = -1;

static const char * const pool_caching_names[PDDGPU_POOL_NUM_CACHING] = {
	[ttm_uncached] = "uncached",
	[ttm_write_combined] = "write_combined",
	[ttm_cached] = "cached",
};

/* --- Blocks from the system and back --- */

/* Put its attributes back and free it, or keep it for another try */
static bool pool_free_block(struct pddgpu_pool *pool, enum ttm_caching caching,
			    struct pddgpu_pool_block *block)
{
	unsigned long num_pages = BIT(block->mem.order);

	if (caching != ttm_cached) {
		if (pddgpu_pool_backend_set_caching(&block->mem, ttm_cached)) {
			pddgpu_pool_heap_add_stuck(&pool->heaps[caching], block);
			atomic_long_add(num_pages, &pool_all_free);
			return false;
		}
		atomic_long_inc(&pool->stats.conversions);
		atomic_long_add(num_pages, &pool->stats.restored);
	}

	set_page_private(block->mem.page, 0);
	pddgpu_pool_backend_free(&pool->backend, &block->mem);
	kfree(block);
	return true;
}

/* Return how many pages were given back */
static unsigned long pool_free_blocks(struct pddgpu_pool *pool, enum ttm_caching caching,
				      struct list_head *blocks)
{
	struct pddgpu_pool_block *block;
	unsigned long freed = 0, num_pages;
	struct page *page, *next;

	list_for_each_entry_safe(page, next, blocks, lru) {
		list_del(&page->lru);
		block = pddgpu_pool_chunk_block(page);
		num_pages = BIT(block->mem.order);
		atomic_long_sub(num_pages, &pool_all_free);
		if (pool_free_block(pool, caching, block))
			freed += num_pages;
	}

	return freed;
}

static struct pddgpu_pool_block *pool_get_block(struct pddgpu_pool *pool, gfp_t gfp,
						unsigned int order)
{
	struct pddgpu_pool_block *block;

	block = pddgpu_pool_block_create(order);
	if (!block)
		return NULL;
	if (pddgpu_pool_backend_alloc(&pool->backend, gfp, order, &block->mem)) {
		kfree(block);
		return NULL;
	}

	return block;
}

/* A failure leaves some pages changed */
static int pool_convert(struct pddgpu_pool *pool, enum ttm_caching caching,
			struct pddgpu_pool_block *block)
{
	if (caching == ttm_cached)
		return 0;

	atomic_long_inc(&pool->stats.conversions);
	atomic_long_add(BIT(block->mem.order), &pool->stats.converted);
	if (!pddgpu_pool_backend_set_caching(&block->mem, caching))
		return 0;

	pool_free_block(pool, caching, block);
	return -ENOMEM;
}

/* --- Giving pages back --- */

/* Whole blocks of one kind, up to @max pages, but at least one */
static unsigned long pool_release_blocks(struct pddgpu_pool *pool, enum ttm_caching caching,
					 unsigned int order, enum pddgpu_pool_contents contents,
					 unsigned long max)
{
	LIST_HEAD(blocks);

	if (!pddgpu_pool_heap_take_blocks(&pool->heaps[caching], order, contents,
					  max(max >> order, 1UL), &blocks))
		return 0;

	return pool_free_blocks(pool, caching, &blocks);
}

/* Those whose attributes could not be put back last time */
static unsigned long pool_release_stuck(struct pddgpu_pool *pool)
{
	unsigned long freed = 0;
	int caching;

	for (caching = 0; caching < PDDGPU_POOL_NUM_CACHING; caching++) {
		LIST_HEAD(blocks);

		pddgpu_pool_heap_take_stuck(&pool->heaps[caching], &blocks);
		freed += pool_free_blocks(pool, caching, &blocks);
	}

	return freed;
}

/* Up to 2 MiB, or a block: small blocks before large ones, dirty before clean, cached first */
static unsigned long pool_release_some(struct pddgpu_pool *pool, unsigned long num_pages)
{
	unsigned int order, contents;
	unsigned long freed;
	int caching;

	num_pages = min(num_pages, POOL_RELEASE);
	for (order = 0; order < PDDGPU_POOL_NUM_ORDERS; order++)
		for (contents = 0; contents < PDDGPU_POOL_NUM_CONTENTS; contents++)
			for (caching = PDDGPU_POOL_NUM_CACHING - 1; caching >= 0; caching--) {
				freed = pool_release_blocks(pool, caching, order, contents,
							    num_pages);
				if (freed)
					return freed;
			}

	return pool_release_stuck(pool);
}

/* Give pages back to the system until it is @num_pages or no whole block is left */
static unsigned long pool_release(struct pddgpu_pool *pool, unsigned long num_pages)
{
	unsigned long freed = 0, some;

	while (freed < num_pages) {
		some = pool_release_some(pool, num_pages - freed);
		if (!some)
			break;
		freed += some;
		cond_resched();
	}

	return freed;
}

static unsigned long pool_free_pages(struct pddgpu_pool *pool)
{
	unsigned long num_pages = 0;
	unsigned int caching;

	for (caching = 0; caching < PDDGPU_POOL_NUM_CACHING; caching++)
		num_pages += READ_ONCE(pool->heaps[caching].num_free) +
			     READ_ONCE(pool->heaps[caching].num_stuck);

	return num_pages;
}

/* What giving back may get at */
static unsigned long pool_whole_pages(struct pddgpu_pool *pool)
{
	unsigned long num_pages = 0;
	unsigned int caching;

	for (caching = 0; caching < PDDGPU_POOL_NUM_CACHING; caching++)
		num_pages += READ_ONCE(pool->heaps[caching].num_whole) +
			     READ_ONCE(pool->heaps[caching].num_stuck);

	return num_pages;
}

/* --- The limit --- */

static long pool_limit(void)
{
	long limit = READ_ONCE(page_pool_size);

	return limit < 0 ? totalram_pages() / 2 : limit;
}

/*
 * A little below the limit, but in all no more than the excess and a 2 MiB block.  The
 * excess is looked at again after each one, so that two who trim share the work.
 */
static void pool_trim(struct pddgpu_pool *pool)
{
	long limit = pool_limit(), slack = min_t(long, limit / 8, POOL_RELEASE), excess;
	unsigned long freed;

	while ((excess = atomic_long_read(&pool_all_free) - limit) > 0) {
		freed = pool_release_some(pool, excess + slack);
		if (!freed)
			break;
		atomic_long_add(freed, &pool->stats.trimmed);
		cond_resched();
	}
}

static void pool_trim_all(void)
{
	struct pddgpu_pool *pool;

	mutex_lock(&pool_all_lock);
	list_for_each_entry(pool, &pool_all, link)
		pool_trim(pool);
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
		 "Free pages that the pools may keep in all; negative: half of memory (default)");

/* --- The shrinker --- */

static unsigned long pool_shrink_count(struct shrinker *shrink, struct shrink_control *sc)
{
	struct pddgpu_pool *pool = shrink->private_data;

	return pool_whole_pages(pool) ?: SHRINK_EMPTY;
}

static unsigned long pool_shrink_scan(struct shrinker *shrink, struct shrink_control *sc)
{
	struct pddgpu_pool *pool = shrink->private_data;
	unsigned long freed;

	freed = pool_release(pool, sc->nr_to_scan);
	atomic_long_inc(&pool->stats.shrinker_calls);
	atomic_long_add(freed, &pool->stats.shrinker_pages);
	sc->nr_scanned = freed;

	return freed ?: SHRINK_STOP;
}

static int pool_shrinker_init(struct pddgpu_pool *pool)
{
	pool->shrinker = shrinker_alloc(0, "drm-pddgpu_pool");
	if (!pool->shrinker)
		return -ENOMEM;

	pool->shrinker->count_objects = pool_shrink_count;
	pool->shrinker->scan_objects = pool_shrink_scan;
	pool->shrinker->batch = POOL_RELEASE;
	pool->shrinker->private_data = pool;
	shrinker_register(pool->shrinker);
	return 0;
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
	int err;

	err = pool_convert(alloc->pool, alloc->tt->caching, block);
	if (err)
		return err;

	atomic_long_add(BIT(block->mem.order), &pool_all_free);
	pddgpu_pool_heap_add(alloc->heap, block, clean ? PDDGPU_POOL_CLEAN : PDDGPU_POOL_DIRTY);
	return 0;
}

/* The order of the block that a chunk of @order shall come from */
static unsigned int pool_block_order(const struct pool_alloc *alloc, unsigned int order)
{
	if (alloc->fragmented || alloc->tt->caching == ttm_cached)
		return order;

	return alloc->pool->backend.max_order;
}

/* Get a block that chunks of @order can be taken from; -ENOSPC if smaller ones may do */
static int pool_refill(struct pool_alloc *alloc, unsigned int order)
{
	unsigned int block_order = pool_block_order(alloc, order);
	gfp_t gfp = pool_block_gfp(alloc, block_order, order);
	struct pddgpu_pool_block *block;

	block = pool_get_block(alloc->pool, gfp, block_order);
	if (!block && block_order > order) {
		alloc->fragmented = true;
		gfp = alloc->gfp;
		block = pool_get_block(alloc->pool, gfp, order);
	}
	if (!block) {
		alloc->fragmented = true;
		return order ? -ENOSPC : -ENOMEM;
	}

	return pool_add_block(alloc, gfp, block);
}

static unsigned long pool_gather_free(struct pool_alloc *alloc, unsigned int order)
{
	unsigned long num;

	num = pddgpu_pool_heap_take(alloc->heap, order,
				    pool_wants_zero(alloc) ? PDDGPU_POOL_CLEAN : PDDGPU_POOL_DIRTY,
				    &alloc->tt->pages[alloc->filled], pool_missing(alloc) >> order,
				    &alloc->fresh);
	atomic_long_sub(num << order, &pool_all_free);
	alloc->filled += num << order;
	alloc->chunks += num;
	return num;
}

static int pool_gather_order(struct pool_alloc *alloc, unsigned int order)
{
	int err;

	while (pool_missing(alloc) >> order) {
		if (pool_gather_free(alloc, order))
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
static int pool_gather(struct pool_alloc *alloc)
{
	unsigned int order;
	int err;

	for (order = alloc->pool->backend.max_order; pool_missing(alloc); order--) {
		err = pool_gather_order(alloc, order);
		if (err)
			return err;
	}

	return 0;
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
	atomic_long_add(alloc->fresh, &pool->stats.misses);
	if (!alloc->fresh)
		return;

	for (i = 0; i < alloc->filled; i += BIT(pddgpu_pool_chunk_order(pages[i])))
		WRITE_ONCE(pddgpu_pool_chunk_block(pages[i])->fresh, false);
}

/* Whatever step failed, and wherever in it */
static void pool_undo(struct pool_alloc *alloc)
{
	struct ttm_tt *tt = alloc->tt;
	LIST_HEAD(blocks);

	pool_unmap(alloc->pool, tt, alloc->mapped);
	atomic_long_add(alloc->filled, &pool_all_free);
	pddgpu_pool_heap_unput(alloc->heap, tt->pages, alloc->filled, &blocks);
	pool_free_blocks(alloc->pool, tt->caching, &blocks);
	memset(tt->pages, 0, alloc->filled * sizeof(*tt->pages));
	/* The limit may have come down while the pool's own chunks were away */
	pool_trim(alloc->pool);
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

int pddgpu_pool_alloc(struct pddgpu_pool *pool, struct ttm_tt *tt, struct ttm_operation_ctx *ctx)
{
	struct pool_alloc alloc = {
		.pool = pool,
		.heap = &pool->heaps[tt->caching],
		.tt = tt,
		.ctx = ctx,
		.gfp = pool_tt_gfp(tt),
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

void pddgpu_pool_free(struct pddgpu_pool *pool, struct ttm_tt *tt)
{
	if (tt->dma_address)
		pool_unmap(pool, tt, tt->num_pages);
	atomic_long_add(tt->num_pages, &pool_all_free);
	pddgpu_pool_heap_put(&pool->heaps[tt->caching], tt->pages, tt->num_pages);
	memset(tt->pages, 0, tt->num_pages * sizeof(*tt->pages));
	pool_trim(pool);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_free);

/* --- Start, end, state --- */

int pddgpu_pool_init(struct pddgpu_pool *pool, struct device *dev, unsigned int flags)
{
	unsigned int caching;
	int err;

	err = pddgpu_pool_backend_init(&pool->backend, dev, flags);
	if (err)
		return err;

	for (caching = 0; caching < PDDGPU_POOL_NUM_CACHING; caching++)
		pddgpu_pool_heap_init(&pool->heaps[caching]);

	err = pool_shrinker_init(pool);
	if (err)
		return err;

	mutex_lock(&pool_all_lock);
	list_add_tail(&pool->link, &pool_all);
	mutex_unlock(&pool_all_lock);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_init);

static unsigned long pool_out_pages(struct pddgpu_pool *pool, unsigned int min_order)
{
	unsigned long num_pages = 0;
	unsigned int caching, order;

	for (caching = 0; caching < PDDGPU_POOL_NUM_CACHING; caching++)
		for (order = min_order; order < PDDGPU_POOL_NUM_ORDERS; order++)
			num_pages += READ_ONCE(pool->heaps[caching].out[order]) << order;

	return num_pages;
}

void pddgpu_pool_empty(struct pddgpu_pool *pool)
{
	pool_release(pool, ULONG_MAX);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_empty);

void pddgpu_pool_fini(struct pddgpu_pool *pool)
{
	WARN_ON(pool_out_pages(pool, 0));

	mutex_lock(&pool_all_lock);
	list_del(&pool->link);
	mutex_unlock(&pool_all_lock);

	shrinker_free(pool->shrinker);
	pddgpu_pool_empty(pool);
	/* Attributes that could not be put back: these pages are lost, not misused */
	WARN_ON(pool_free_pages(pool));
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_fini);

u64 pddgpu_pool_bytes(struct pddgpu_pool *pool)
{
	return (u64)pool_free_pages(pool) << PAGE_SHIFT;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_bytes);

static void pool_print_order(struct pddgpu_pool *pool, enum ttm_caching caching,
			     unsigned int order, struct drm_printer *p)
{
	struct pddgpu_pool_heap *heap = &pool->heaps[caching];
	unsigned long num[PDDGPU_POOL_NUM_CONTENTS], out;
	unsigned int i;

	spin_lock(&heap->lock);
	for (i = 0; i < PDDGPU_POOL_NUM_CONTENTS; i++)
		num[i] = heap->num[order][PDDGPU_POOL_PART][i] +
			 heap->num[order][PDDGPU_POOL_WHOLE][i];
	out = heap->out[order];
	spin_unlock(&heap->lock);

	if (num[PDDGPU_POOL_DIRTY] || num[PDDGPU_POOL_CLEAN] || out)
		drm_printf(p, "%s_order_%u: dirty %lu clean %lu out %lu\n",
			   pool_caching_names[caching], order, num[PDDGPU_POOL_DIRTY],
			   num[PDDGPU_POOL_CLEAN], out);
}

static void pool_print_heap(struct pddgpu_pool *pool, enum ttm_caching caching,
			    struct drm_printer *p)
{
	struct pddgpu_pool_heap *heap = &pool->heaps[caching];
	unsigned long large, small = 0, num_free, num_whole, splits, merges;
	const char *name = pool_caching_names[caching];
	unsigned int order;

	spin_lock(&heap->lock);
	for (order = 0; order < PDDGPU_POOL_MAX_ORDER; order++)
		small += heap->blocks[order];
	large = heap->blocks[PDDGPU_POOL_MAX_ORDER];
	num_free = heap->num_free;
	num_whole = heap->num_whole;
	splits = heap->splits;
	merges = heap->merges;
	spin_unlock(&heap->lock);

	drm_printf(p, "%s_blocks: large %lu small %lu free_pages %lu whole_pages %lu\n", name,
		   large, small, num_free, num_whole);
	drm_printf(p, "%s_chunks: splits %lu merges %lu\n", name, splits, merges);
	for (order = 0; order < PDDGPU_POOL_NUM_ORDERS; order++)
		pool_print_order(pool, caching, order, p);
}

static unsigned long pool_stuck_pages(struct pddgpu_pool *pool)
{
	unsigned long num_pages = 0;
	unsigned int caching;

	for (caching = 0; caching < PDDGPU_POOL_NUM_CACHING; caching++)
		num_pages += READ_ONCE(pool->heaps[caching].num_stuck);

	return num_pages;
}

void pddgpu_pool_print(struct pddgpu_pool *pool, struct drm_printer *p)
{
	struct pddgpu_pool_stats *stats = &pool->stats;
	unsigned int caching;

	drm_printf(p, "backend: %s\n",
		   pool->backend.flags & PDDGPU_POOL_DMA_ALLOC ? "dma_alloc" : "alloc_pages");
	drm_printf(p, "free_pages: %lu\n", pool_free_pages(pool));
	drm_printf(p, "whole_free_pages: %lu\n", pool_whole_pages(pool));
	drm_printf(p, "free_pages_all_pools: %ld\n", atomic_long_read(&pool_all_free));
	drm_printf(p, "limit_pages_all_pools: %ld\n", pool_limit());
	drm_printf(p, "out_pages: %lu\n", pool_out_pages(pool, 0));
	drm_printf(p, "out_pages_in_2m_chunks: %lu\n",
		   pool_out_pages(pool, PDDGPU_POOL_MAX_ORDER));
	drm_printf(p, "stuck_pages: %lu\n", pool_stuck_pages(pool));
	drm_printf(p, "hits: %ld\n", atomic_long_read(&stats->hits));
	drm_printf(p, "misses: %ld\n", atomic_long_read(&stats->misses));
	drm_printf(p, "cleared_pages: %ld\n", atomic_long_read(&stats->cleared));
	drm_printf(p, "conversions: %ld\n", atomic_long_read(&stats->conversions));
	drm_printf(p, "converted_pages: %ld\n", atomic_long_read(&stats->converted));
	drm_printf(p, "restored_pages: %ld\n", atomic_long_read(&stats->restored));
	drm_printf(p, "trimmed_pages: %ld\n", atomic_long_read(&stats->trimmed));
	drm_printf(p, "shrinker_calls: %ld\n", atomic_long_read(&stats->shrinker_calls));
	drm_printf(p, "shrinker_pages: %ld\n", atomic_long_read(&stats->shrinker_pages));

	for (caching = 0; caching < PDDGPU_POOL_NUM_CACHING; caching++)
		pool_print_heap(pool, caching, p);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_print);
