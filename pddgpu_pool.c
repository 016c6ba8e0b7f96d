// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/visibility.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/shrinker.h>

#include <drm/drm_print.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_tt.h>

#include "pddgpu_pool.h"
#include "pddgpu_pool_chunk.h"

/**
 * DOC: Page pool
 *
 * System pages for buffers come in chunks of 2^order pages, the largest that fit
 * first.  A chunk that a buffer gives back stays in the pool with its caching
 * attributes, on a list for its caching mode and order, until a buffer takes it,
 * the limit (the page_pool_size parameter) is exceeded, or reclaim asks for it.
 * It goes back to the system write-back cached, as it came.
 *
 * A chunk that was handed out is dirty: it holds a client's data.  It is cleared
 * when it is handed out again to someone who needs zeroes (%TTM_TT_FLAG_ZERO_ALLOC,
 * which TTM sets for all but the buffers that a move fills to the last byte), and
 * not when it is freed, so a buffer's owner never waits for a clear that nobody
 * needs.
 *
 * Populating a &struct ttm_tt takes three steps: gather chunks, prepare them (change
 * attributes, clear), map them for DMA.  &struct pool_alloc says how far it got, so
 * there is one way back from any failure: pool_undo().
 *
 * Should attributes not change back, then neither the system nor another buffer may
 * have the pages.  They stay on a list of their own and are tried again whenever
 * the pool gives pages back.
 *
 * Locking: a spinlock a list, held for list operations only, never two at once.
 * Attributes are changed and pages are freed with no lock held, so the shrinker
 * waits for nobody and needs no trylock.
 */

/* Pages given back, or chunks moved, between two looks at who else waits: a 2 MiB block */
#define POOL_RELEASE	BIT(PDDGPU_POOL_MAX_ORDER)

/* Where a run of chunks came from, and so where it goes if populating fails */
enum pool_source {
	POOL_FROM_DIRTY = PDDGPU_POOL_DIRTY,
	POOL_FROM_CLEAN = PDDGPU_POOL_CLEAN,
	POOL_FROM_SYSTEM,
	POOL_NUM_SOURCES,
};

/* Chunks of one order and source that follow each other in the ttm_tt */
struct pool_segment {
	u32 first;		/* page */
	u32 num_pages;
	u8 order;
	u8 source;		/* enum pool_source */
	bool converted;		/* new pages that may have other attributes than write-back */
};

/* How far populating a ttm_tt got */
struct pool_alloc {
	struct pddgpu_pool *pool;
	struct ttm_tt *tt;
	const struct ttm_operation_ctx *ctx;
	gfp_t gfp;
	u32 filled;			/* pages gathered */
	u32 mapped;			/* of which have DMA addresses */
	unsigned int num_segments;
	struct pool_segment segments[PDDGPU_POOL_NUM_ORDERS * POOL_NUM_SOURCES];
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

/* --- Lists of free chunks --- */

static void pool_account_free(struct pddgpu_pool *pool, long num_pages)
{
	atomic_long_add(num_pages, &pool->free);
	atomic_long_add(num_pages, &pool_all_free);
}

/* Add @num chunks, the first ones to be taken */
static void pool_put_chunks(struct pddgpu_pool *pool, enum ttm_caching caching,
			    unsigned int order, enum pddgpu_pool_contents contents,
			    struct list_head *chunks, unsigned long num)
{
	struct pddgpu_pool_list *list = &pool->lists[caching][order];

	spin_lock(&list->lock);
	list_splice_init(chunks, &list->chunks[contents]);
	WRITE_ONCE(list->num[contents], list->num[contents] + num);
	spin_unlock(&list->lock);

	pool_account_free(pool, num << order);
}

/*
 * Move up to @max chunks to @chunks and return how many there were; no more than
 * POOL_RELEASE, as others wait for the lock.
 */
static unsigned long pool_take_chunks(struct pddgpu_pool *pool, enum ttm_caching caching,
				      unsigned int order, enum pddgpu_pool_contents contents,
				      struct list_head *chunks, unsigned long max)
{
	struct pddgpu_pool_list *list = &pool->lists[caching][order];
	struct list_head *last;
	unsigned long num, i;

	/* Most lists are empty most of the time: a stale look costs one chunk more or less */
	if (!max || !READ_ONCE(list->num[contents]))
		return 0;

	spin_lock(&list->lock);
	num = min3(list->num[contents], max, POOL_RELEASE);
	last = &list->chunks[contents];
	for (i = 0; i < num; i++)
		last = last->next;
	list_cut_position(chunks, &list->chunks[contents], last);
	WRITE_ONCE(list->num[contents], list->num[contents] - num);
	spin_unlock(&list->lock);

	pool_account_free(pool, -(long)(num << order));
	return num;
}

static void pool_free_chunks(struct pddgpu_pool *pool, struct list_head *chunks,
			     unsigned int order)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, chunks, lru) {
		list_del(&page->lru);
		pddgpu_pool_chunk_free(&pool->backend, page, order);
	}
}

/* Give up to @max chunks of one list back to the system; return the pages given back */
static unsigned long pool_release_chunks(struct pddgpu_pool *pool, enum ttm_caching caching,
					 unsigned int order, enum pddgpu_pool_contents contents,
					 unsigned long max)
{
	unsigned long num;
	LIST_HEAD(chunks);

	num = pool_take_chunks(pool, caching, order, contents, &chunks, max);
	if (!num)
		return 0;

	if (caching != ttm_cached) {
		if (pddgpu_pool_chunk_restore_all(&chunks, order)) {
			pool_put_chunks(pool, caching, order, PDDGPU_POOL_STUCK, &chunks, num);
			return 0;
		}
		atomic_long_add(num << order, &pool->stats.restored);
	}
	pool_free_chunks(pool, &chunks, order);

	return num << order;
}

/* Up to a 2 MiB block: small chunks before large ones, dirty before clean, cached first */
static unsigned long pool_release_some(struct pddgpu_pool *pool, unsigned long num_pages)
{
	unsigned int order, contents;
	unsigned long freed;
	int caching;

	num_pages = min(num_pages, POOL_RELEASE);
	for (order = 0; order < PDDGPU_POOL_NUM_ORDERS; order++)
		for (contents = 0; contents < PDDGPU_POOL_NUM_CONTENTS; contents++)
			for (caching = PDDGPU_POOL_NUM_CACHING - 1; caching >= 0; caching--) {
				freed = pool_release_chunks(pool, caching, order, contents,
							    DIV_ROUND_UP(num_pages, BIT(order)));
				if (freed)
					return freed;
			}

	return 0;
}

/* Give pages back to the system until it is @num_pages or none are left */
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

/* --- The limit --- */

static long pool_limit(void)
{
	long limit = READ_ONCE(page_pool_size);

	return limit < 0 ? totalram_pages() / 2 : limit;
}

/* The excess is looked at again after each block, so that two who trim share the work */
static void pool_trim(struct pddgpu_pool *pool)
{
	unsigned long freed;
	long excess;

	while ((excess = atomic_long_read(&pool_all_free) - pool_limit()) > 0) {
		freed = pool_release_some(pool, excess);
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

	return atomic_long_read(&pool->free) ?: SHRINK_EMPTY;
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

static void pool_fill(struct pool_alloc *alloc, struct page *page, unsigned int order)
{
	struct page **pages = &alloc->tt->pages[alloc->filled];
	unsigned int i;

	for (i = 0; i < BIT(order); i++)
		pages[i] = page + i;
	alloc->filled += BIT(order);
}

/* Note where the pages filled in since @first came from */
static void pool_add_segment(struct pool_alloc *alloc, u32 first, unsigned int order,
			     enum pool_source source)
{
	if (alloc->filled == first)
		return;

	alloc->segments[alloc->num_segments++] = (struct pool_segment) {
		.first = first,
		.num_pages = alloc->filled - first,
		.order = order,
		.source = source,
	};
}

static u32 pool_missing(const struct pool_alloc *alloc)
{
	return alloc->tt->num_pages - alloc->filled;
}

static bool pool_wants_zero(const struct pool_alloc *alloc)
{
	return alloc->tt->page_flags & TTM_TT_FLAG_ZERO_ALLOC;
}

static void pool_gather_free(struct pool_alloc *alloc, unsigned int order,
			     enum pddgpu_pool_contents contents)
{
	u32 first = alloc->filled;
	struct page *page;
	LIST_HEAD(chunks);

	while (pool_take_chunks(alloc->pool, alloc->tt->caching, order, contents, &chunks,
				pool_missing(alloc) >> order))
		list_for_each_entry(page, &chunks, lru)
			pool_fill(alloc, page, order);
	pool_add_segment(alloc, first, order, (enum pool_source)contents);
}

static int pool_gather_new(struct pool_alloc *alloc, unsigned int order)
{
	u32 first = alloc->filled;
	struct page *page;
	int err = 0;

	while (pool_missing(alloc) >> order) {
		if (alloc->ctx->interruptible && signal_pending(current)) {
			err = -ERESTARTSYS;
			break;
		}
		page = pddgpu_pool_chunk_alloc(&alloc->pool->backend, alloc->gfp, order);
		if (!page) {
			err = order ? 0 : -ENOMEM;
			break;
		}
		pool_fill(alloc, page, order);
	}

	pool_add_segment(alloc, first, order, POOL_FROM_SYSTEM);
	return err;
}

/* Chunks with the right contents first; from the system before smaller ones from the pool */
static int pool_gather(struct pool_alloc *alloc)
{
	enum pddgpu_pool_contents best = PDDGPU_POOL_DIRTY, other = PDDGPU_POOL_CLEAN;
	unsigned int order;
	int err;

	if (pool_wants_zero(alloc))
		swap(best, other);

	for (order = alloc->pool->backend.max_order; pool_missing(alloc); order--) {
		if (!(pool_missing(alloc) >> order))
			continue;
		pool_gather_free(alloc, order, best);
		pool_gather_free(alloc, order, other);
		err = pool_gather_new(alloc, order);
		if (err)
			return err;
	}

	return 0;
}

/* --- Step two: attributes and contents --- */

static int pool_convert(struct pool_alloc *alloc, struct pool_segment *seg)
{
	struct page **pages = &alloc->tt->pages[seg->first];

	if (alloc->tt->caching == ttm_cached)
		return 0;

	/* A failure leaves some of them changed */
	seg->converted = true;
	if (pddgpu_pool_chunk_set_caching(pages, seg->num_pages, alloc->tt->caching))
		return -ENOMEM;

	return 0;
}

static void pool_clear(struct pool_alloc *alloc, struct pool_segment *seg)
{
	u32 i;

	for (i = 0; i < seg->num_pages; i += BIT(seg->order))
		pddgpu_pool_chunk_clear(alloc->tt->pages[seg->first + i], seg->order);
	atomic_long_add(seg->num_pages, &alloc->pool->stats.cleared);
	seg->source = POOL_FROM_CLEAN;
}

static int pool_prepare(struct pool_alloc *alloc)
{
	struct pool_segment *seg;
	int err;

	for (seg = alloc->segments; seg < alloc->segments + alloc->num_segments; seg++) {
		if (seg->source == POOL_FROM_SYSTEM) {
			err = pool_convert(alloc, seg);
			if (err)
				return err;
		} else if (seg->source == POOL_FROM_DIRTY && pool_wants_zero(alloc)) {
			pool_clear(alloc, seg);
		}
	}

	return 0;
}

/* --- Step three: map for DMA --- */

static int pool_map(struct pool_alloc *alloc)
{
	const struct pddgpu_pool_backend *backend = &alloc->pool->backend;
	struct ttm_tt *tt = alloc->tt;
	unsigned int order, i;
	dma_addr_t addr;
	int err;

	if (!tt->dma_address)
		return 0;

	while (alloc->mapped < tt->num_pages) {
		struct page *page = tt->pages[alloc->mapped];

		order = pddgpu_pool_chunk_order(backend, page);
		err = pddgpu_pool_chunk_map(backend, page, order, &addr);
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
		order = pddgpu_pool_chunk_order(&pool->backend, tt->pages[i]);
		pddgpu_pool_chunk_unmap(&pool->backend, tt->dma_address[i], order);
	}
}

/* --- The end of populating, and the way back --- */

static unsigned long pool_segment_chunks(const struct pool_segment *seg)
{
	return seg->num_pages >> seg->order;
}

static void pool_commit(struct pool_alloc *alloc)
{
	struct pddgpu_pool *pool = alloc->pool;
	enum ttm_caching caching = alloc->tt->caching;
	struct pool_segment *seg;

	for (seg = alloc->segments; seg < alloc->segments + alloc->num_segments; seg++) {
		unsigned long num = pool_segment_chunks(seg);

		atomic_long_add(num, &pool->out[caching][seg->order]);
		if (seg->source == POOL_FROM_SYSTEM)
			atomic_long_add(num, &pool->stats.misses);
		else
			atomic_long_add(num, &pool->stats.hits);
		if (seg->converted)
			atomic_long_add(seg->num_pages, &pool->stats.converted);
	}
}

static void pool_segment_list(const struct pool_alloc *alloc, const struct pool_segment *seg,
			      struct list_head *chunks)
{
	u32 i;

	for (i = 0; i < seg->num_pages; i += BIT(seg->order))
		list_add_tail(&alloc->tt->pages[seg->first + i]->lru, chunks);
}

static void pool_undo_segment(struct pool_alloc *alloc, const struct pool_segment *seg)
{
	enum pddgpu_pool_contents contents = (enum pddgpu_pool_contents)seg->source;
	struct page **pages = &alloc->tt->pages[seg->first];
	bool stuck = seg->converted &&
		pddgpu_pool_chunk_set_caching(pages, seg->num_pages, ttm_cached);
	LIST_HEAD(chunks);

	pool_segment_list(alloc, seg, &chunks);
	if (seg->source == POOL_FROM_SYSTEM && !stuck)
		pool_free_chunks(alloc->pool, &chunks, seg->order);
	else
		pool_put_chunks(alloc->pool, alloc->tt->caching, seg->order,
				stuck ? PDDGPU_POOL_STUCK : contents, &chunks,
				pool_segment_chunks(seg));
}

/* Whatever step failed, and wherever in it */
static void pool_undo(struct pool_alloc *alloc)
{
	struct pool_segment *seg;

	pool_unmap(alloc->pool, alloc->tt, alloc->mapped);
	for (seg = alloc->segments; seg < alloc->segments + alloc->num_segments; seg++)
		pool_undo_segment(alloc, seg);
	memset(alloc->tt->pages, 0, alloc->filled * sizeof(*alloc->tt->pages));
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
		.tt = tt,
		.ctx = ctx,
		.gfp = pool_tt_gfp(tt),
	};
	int err;

	if (!tt->num_pages || (tt->dma_address && !pool->backend.dev))
		return -EINVAL;

	err = pool_gather(&alloc);
	if (!err)
		err = pool_prepare(&alloc);
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

/* The chunks of one order from page @first on; return how many pages they are */
static u32 pool_free_run(struct pddgpu_pool *pool, struct ttm_tt *tt, u32 first)
{
	const struct pddgpu_pool_backend *backend = &pool->backend;
	unsigned int order = pddgpu_pool_chunk_order(backend, tt->pages[first]);
	LIST_HEAD(chunks);
	u32 i = first;

	do {
		list_add_tail(&tt->pages[i]->lru, &chunks);
		i += BIT(order);
	} while (i < tt->num_pages && pddgpu_pool_chunk_order(backend, tt->pages[i]) == order);

	atomic_long_sub((i - first) >> order, &pool->out[tt->caching][order]);
	pool_put_chunks(pool, tt->caching, order, PDDGPU_POOL_DIRTY, &chunks,
			(i - first) >> order);
	return i - first;
}

void pddgpu_pool_free(struct pddgpu_pool *pool, struct ttm_tt *tt)
{
	u32 i;

	if (tt->dma_address)
		pool_unmap(pool, tt, tt->num_pages);
	for (i = 0; i < tt->num_pages; )
		i += pool_free_run(pool, tt, i);
	memset(tt->pages, 0, tt->num_pages * sizeof(*tt->pages));
	pool_trim(pool);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_free);

/* --- Start, end, state --- */

static void pool_lists_init(struct pddgpu_pool *pool)
{
	unsigned int caching, order, contents;

	for (caching = 0; caching < PDDGPU_POOL_NUM_CACHING; caching++)
		for (order = 0; order < PDDGPU_POOL_NUM_ORDERS; order++) {
			struct pddgpu_pool_list *list = &pool->lists[caching][order];

			spin_lock_init(&list->lock);
			for (contents = 0; contents < PDDGPU_POOL_NUM_CONTENTS; contents++)
				INIT_LIST_HEAD(&list->chunks[contents]);
		}
}

int pddgpu_pool_init(struct pddgpu_pool *pool, struct device *dev, unsigned int flags)
{
	int err;

	err = pddgpu_pool_backend_init(&pool->backend, dev, flags);
	if (err)
		return err;

	pool_lists_init(pool);

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
			num_pages += atomic_long_read(&pool->out[caching][order]) << order;

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
	WARN_ON(atomic_long_read(&pool->free));
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_fini);

u64 pddgpu_pool_bytes(struct pddgpu_pool *pool)
{
	return (u64)atomic_long_read(&pool->free) << PAGE_SHIFT;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_bytes);

static unsigned long pool_stuck_pages(struct pddgpu_pool *pool)
{
	unsigned long num_pages = 0;
	unsigned int caching, order;

	for (caching = 0; caching < PDDGPU_POOL_NUM_CACHING; caching++)
		for (order = 0; order < PDDGPU_POOL_NUM_ORDERS; order++)
			num_pages += READ_ONCE(pool->lists[caching][order].num[PDDGPU_POOL_STUCK])
				     << order;

	return num_pages;
}

static void pool_print_list(struct pddgpu_pool *pool, enum ttm_caching caching, unsigned int order,
			    struct drm_printer *p)
{
	struct pddgpu_pool_list *list = &pool->lists[caching][order];
	unsigned long dirty, clean, out;

	spin_lock(&list->lock);
	dirty = list->num[PDDGPU_POOL_DIRTY];
	clean = list->num[PDDGPU_POOL_CLEAN];
	spin_unlock(&list->lock);
	out = atomic_long_read(&pool->out[caching][order]);

	if (dirty || clean || out)
		drm_printf(p, "%s_order_%u: dirty %lu clean %lu out %lu\n",
			   pool_caching_names[caching], order, dirty, clean, out);
}

void pddgpu_pool_print(struct pddgpu_pool *pool, struct drm_printer *p)
{
	struct pddgpu_pool_stats *stats = &pool->stats;
	unsigned int caching, order;

	drm_printf(p, "backend: %s\n",
		   pool->backend.flags & PDDGPU_POOL_DMA_ALLOC ? "dma_alloc" : "alloc_pages");
	drm_printf(p, "free_pages: %ld\n", atomic_long_read(&pool->free));
	drm_printf(p, "free_pages_all_pools: %ld\n", atomic_long_read(&pool_all_free));
	drm_printf(p, "limit_pages_all_pools: %ld\n", pool_limit());
	drm_printf(p, "out_pages: %lu\n", pool_out_pages(pool, 0));
	drm_printf(p, "out_pages_in_2m_chunks: %lu\n",
		   pool_out_pages(pool, PDDGPU_POOL_MAX_ORDER));
	drm_printf(p, "stuck_pages: %lu\n", pool_stuck_pages(pool));
	drm_printf(p, "hits: %ld\n", atomic_long_read(&stats->hits));
	drm_printf(p, "misses: %ld\n", atomic_long_read(&stats->misses));
	drm_printf(p, "cleared_pages: %ld\n", atomic_long_read(&stats->cleared));
	drm_printf(p, "converted_pages: %ld\n", atomic_long_read(&stats->converted));
	drm_printf(p, "restored_pages: %ld\n", atomic_long_read(&stats->restored));
	drm_printf(p, "trimmed_pages: %ld\n", atomic_long_read(&stats->trimmed));
	drm_printf(p, "shrinker_calls: %ld\n", atomic_long_read(&stats->shrinker_calls));
	drm_printf(p, "shrinker_pages: %ld\n", atomic_long_read(&stats->shrinker_pages));

	for (caching = 0; caching < PDDGPU_POOL_NUM_CACHING; caching++)
		for (order = 0; order < PDDGPU_POOL_NUM_ORDERS; order++)
			pool_print_list(pool, caching, order, p);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_print);
