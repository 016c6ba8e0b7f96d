// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/shrinker.h>
#include <linux/sizes.h>
#include <linux/xarray.h>

#include <drm/drm_print.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_tt.h>

#include "../../pddgpu_pool.h"
#include "../../pddgpu_pool_reclaim.h"
#include "pddgpu_kunit_helpers.h"

#define POOL_DUMP_SIZE	8192
#define POOL_MAX_TTS	16
#define POOL_BLOCK	BIT(PDDGPU_POOL_MAX_ORDER)	/* pages */

/*
 * What the pool does to pages, as the system sees it.  The stubs keep the books, so
 * attributes are checked where none can be changed, and fail where they are told to.
 */
struct pool_test {
	struct pddgpu_kunit *kunit;
	struct pddgpu_pool pool;
	bool pool_up;
	/* enum ttm_caching of each page that is not write-back, by pfn */
	struct xarray attrs;
	long blocks;		/* allocated and not freed */
	long conversions;	/* calls that change attributes */
	long asked[PDDGPU_POOL_NUM_ORDERS];	/* allocations of an order, tried */
	long mapped;		/* chunks mapped for DMA */
	long device_cleared;	/* pages that the fake device has cleared */
	gfp_t gfp[PDDGPU_POOL_NUM_ORDERS];	/* of the last allocation of an order */
	unsigned int max_order;	/* larger ones fail */
	/* Calls of any kind that succeed before one fails; negative: none fails */
	int countdown;
	bool fail_restore;	/* what puts attributes back fails */
	struct ttm_tt *tts[POOL_MAX_TTS];
};

static struct ttm_operation_ctx pool_ctx;

static struct pool_test *pool_current(void)
{
	return kunit_get_current_test()->priv;
}

static bool pool_fails(struct pool_test *t)
{
	return !t->countdown || (t->countdown > 0 && !--t->countdown);
}

/* --- The stubs --- */

static int stub_alloc(struct pddgpu_pool_backend *backend, gfp_t gfp,
		      unsigned int order, struct pddgpu_pool_memory *mem)
{
	struct pool_test *t = pool_current();

	t->gfp[order] = gfp;
	t->asked[order]++;
	if (order > t->max_order || pool_fails(t))
		return -ENOMEM;

	mem->page = alloc_pages(gfp | __GFP_NOWARN, order);
	if (!mem->page)
		return -ENOMEM;
	mem->order = order;
	t->blocks++;
	return 0;
}

static void stub_free(struct pddgpu_pool_backend *backend,
		      const struct pddgpu_pool_memory *mem)
{
	struct pool_test *t = pool_current();
	unsigned int i;

	for (i = 0; i < BIT(mem->order); i++) {
		KUNIT_EXPECT_NULL(kunit_get_current_test(),
				  xa_load(&t->attrs, page_to_pfn(mem->page + i)));
		KUNIT_EXPECT_EQ(kunit_get_current_test(), page_private(mem->page + i), 0);
	}
	__free_pages(mem->page, mem->order);
	t->blocks--;
}

static void pool_set_attr(struct pool_test *t, struct page *page, enum ttm_caching caching)
{
	if (caching == ttm_cached)
		xa_erase(&t->attrs, page_to_pfn(page));
	else
		xa_store(&t->attrs, page_to_pfn(page), xa_mk_value(caching), GFP_KERNEL);
}

/* A failure leaves half of the pages changed, as the real one may */
static int stub_set_caching(const struct pddgpu_pool_memory *mem, enum ttm_caching caching)
{
	struct pool_test *t = pool_current();
	bool fail = caching == ttm_cached ? t->fail_restore : pool_fails(t);
	unsigned int i;

	t->conversions++;
	for (i = 0; i < BIT(mem->order) / (fail ? 2 : 1); i++)
		pool_set_attr(t, mem->page + i, caching);

	return fail ? -EINVAL : 0;
}

static int stub_map(struct pddgpu_pool_backend *backend,
		    const struct pddgpu_pool_memory *mem, struct page *page,
		    unsigned int order, dma_addr_t *addr)
{
	struct pool_test *t = pool_current();

	KUNIT_EXPECT_GE(kunit_get_current_test(), page - mem->page, 0);
	KUNIT_EXPECT_LE(kunit_get_current_test(), page - mem->page + BIT(order), BIT(mem->order));
	if (pool_fails(t))
		return -ENOMEM;
	*addr = page_to_phys(page);
	t->mapped++;
	return 0;
}

static void stub_unmap(struct pddgpu_pool_backend *backend, dma_addr_t addr,
		       unsigned int order)
{
	KUNIT_EXPECT_EQ(kunit_get_current_test(),
			pddgpu_pool_chunk_order(pfn_to_page(PHYS_PFN(addr))), order);
	pool_current()->mapped--;
}

static void pool_stub(struct kunit *test)
{
	kunit_activate_static_stub(test, pddgpu_pool_backend_alloc, stub_alloc);
	kunit_activate_static_stub(test, pddgpu_pool_backend_free, stub_free);
	kunit_activate_static_stub(test, pddgpu_pool_backend_set_caching, stub_set_caching);
	kunit_activate_static_stub(test, pddgpu_pool_backend_map, stub_map);
	kunit_activate_static_stub(test, pddgpu_pool_backend_unmap, stub_unmap);
}

/* --- Pools and page arrays --- */

static struct pddgpu_pool *pool_start(struct kunit *test, unsigned int flags)
{
	struct pool_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, pddgpu_pool_init(&t->pool, t->kunit->dev, flags), 0);
	t->pool_up = true;
	/* So that what is asked for is what was missing, but for the tests of larger blocks */
	t->pool.cached_order = 0;
	return &t->pool;
}

/* A pool whose books the stubs keep */
static struct pddgpu_pool *pool_start_stubbed(struct kunit *test, unsigned int flags)
{
	pool_stub(test);
	return pool_start(test, flags);
}

static void pool_stop(struct kunit *test)
{
	struct pool_test *t = test->priv;

	if (!t->pool_up)
		return;
	pddgpu_pool_fini(&t->pool);
	t->pool_up = false;
	KUNIT_EXPECT_EQ(test, t->blocks, 0);
	KUNIT_EXPECT_EQ(test, t->mapped, 0);
	KUNIT_EXPECT_TRUE(test, xa_empty(&t->attrs));
}

static struct ttm_tt *pool_tt(struct kunit *test, u32 num_pages, enum ttm_caching caching,
			      u32 flags)
{
	struct ttm_tt *tt;

	tt = kunit_kzalloc(test, sizeof(*tt), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, tt);
	tt->pages = kunit_kcalloc(test, num_pages, sizeof(*tt->pages), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, tt->pages);
	tt->dma_address = kunit_kcalloc(test, num_pages, sizeof(*tt->dma_address), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, tt->dma_address);
	tt->num_pages = num_pages;
	tt->caching = caching;
	tt->page_flags = flags;
	return tt;
}

static struct ttm_tt *pool_get(struct kunit *test, u32 num_pages, enum ttm_caching caching,
			       u32 flags)
{
	struct ttm_tt *tt = pool_tt(test, num_pages, caching, flags);
	struct pool_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, pddgpu_pool_alloc(&t->pool, tt, &pool_ctx), 0);
	return tt;
}

static void pool_put(struct kunit *test, struct ttm_tt *tt)
{
	struct pool_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, pddgpu_pool_free(&t->pool, tt), 0);
}

/* Put a chunk of each of @orders into the pool, dirty */
static void pool_stock(struct kunit *test, enum ttm_caching caching, unsigned long orders)
{
	struct ttm_tt *tts[PDDGPU_POOL_NUM_ORDERS] = {};
	unsigned int order;

	for (order = 0; order < PDDGPU_POOL_NUM_ORDERS; order++)
		if (orders & BIT(order))
			tts[order] = pool_get(test, BIT(order), caching, 0);
	for (order = 0; order < PDDGPU_POOL_NUM_ORDERS; order++)
		if (tts[order])
			pool_put(test, tts[order]);
}

static bool pool_is(struct ttm_tt *tt, u8 value)
{
	u32 i;

	for (i = 0; i < tt->num_pages; i++) {
		void *data = kmap_local_page(tt->pages[i]);
		bool same = !memchr_inv(data, value, PAGE_SIZE);

		kunmap_local(data);
		if (!same)
			return false;
	}

	return true;
}

static void pool_fill_with(struct ttm_tt *tt, u8 value)
{
	u32 i;

	for (i = 0; i < tt->num_pages; i++)
		memset_page(tt->pages[i], 0, value, PAGE_SIZE);
}

static bool pool_has_attr(struct kunit *test, struct ttm_tt *tt, enum ttm_caching caching)
{
	struct pool_test *t = test->priv;
	u32 i;

	for (i = 0; i < tt->num_pages; i++)
		if (xa_load(&t->attrs, page_to_pfn(tt->pages[i])) != xa_mk_value(caching))
			return false;

	return true;
}

static struct pddgpu_pool_heap *pool_heap(struct pddgpu_pool *pool, enum ttm_caching caching)
{
	return pddgpu_pool_heap(pool, numa_mem_id(), caching);
}

static unsigned long pool_num(struct pddgpu_pool *pool, enum ttm_caching caching,
			      unsigned int order, enum pddgpu_pool_contents contents)
{
	struct pddgpu_pool_heap *heap = pool_heap(pool, caching);

	return heap->num[order][PDDGPU_POOL_PART][contents] +
	       heap->num[order][PDDGPU_POOL_WHOLE][contents];
}

static unsigned long pool_listed(struct pddgpu_pool *pool, enum ttm_caching caching,
				 unsigned int order)
{
	return pool_num(pool, caching, order, PDDGPU_POOL_DIRTY) +
	       pool_num(pool, caching, order, PDDGPU_POOL_CLEAN);
}

static unsigned long pool_out(struct pddgpu_pool *pool, enum ttm_caching caching,
			      unsigned int order)
{
	return pool_heap(pool, caching)->out[order];
}

static u64 pool_free_pages(struct pddgpu_pool *pool)
{
	return pddgpu_pool_bytes(pool) >> PAGE_SHIFT;
}

static unsigned long pool_shrink(struct pddgpu_pool *pool, unsigned long num_pages)
{
	struct shrink_control sc = { .gfp_mask = GFP_KERNEL, .nr_to_scan = num_pages };

	return pool->shrinker->scan_objects(pool->shrinker, &sc);
}

static unsigned long pool_shrinkable(struct pddgpu_pool *pool)
{
	struct shrink_control sc = { .gfp_mask = GFP_KERNEL };

	return pool->shrinker->count_objects(pool->shrinker, &sc);
}

/* --- Tests --- */

static void init_bad_arguments_return_einval(struct kunit *test)
{
	struct pool_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, pddgpu_pool_init(&t->pool, t->kunit->dev, BIT(2)), -EINVAL);
	KUNIT_EXPECT_EQ(test, pddgpu_pool_init(&t->pool, NULL, PDDGPU_POOL_DMA_ALLOC), -EINVAL);
}

static void largest_orders_come_first(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);
	u32 num_pages = 2 * BIT(PDDGPU_POOL_MAX_ORDER) + 7;
	struct pool_test *t = test->priv;
	struct ttm_tt *tt;
	u32 i;

	tt = pool_get(test, num_pages, ttm_cached, 0);
	KUNIT_EXPECT_EQ(test, t->blocks, 5);
	KUNIT_EXPECT_EQ(test, pool_out(pool, ttm_cached, PDDGPU_POOL_MAX_ORDER), 2);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, pool_out(pool, ttm_cached, i), 1);
	/* Aligned in the buffer as the GPU's page tables like it */
	KUNIT_EXPECT_EQ(test, pddgpu_pool_chunk_order(tt->pages[0]), PDDGPU_POOL_MAX_ORDER);
	KUNIT_EXPECT_EQ(test, pddgpu_pool_chunk_order(tt->pages[num_pages - 1]), 0);
	for (i = 1; i < BIT(PDDGPU_POOL_MAX_ORDER); i++)
		KUNIT_EXPECT_PTR_EQ(test, tt->pages[i], tt->pages[0] + i);
	pool_put(test, tt);
}

static void small_orders_do_when_large_ones_are_gone(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);
	struct pool_test *t = test->priv;
	struct ttm_tt *tt;

	t->max_order = 2;
	tt = pool_get(test, 67, ttm_write_combined, 0);
	KUNIT_EXPECT_EQ(test, pool_out(pool, ttm_write_combined, 2), 16);
	KUNIT_EXPECT_EQ(test, pool_out(pool, ttm_write_combined, 1), 1);
	KUNIT_EXPECT_EQ(test, pool_out(pool, ttm_write_combined, 0), 1);
	pool_put(test, tt);
}

/* As for a device that reaches memory through bounce buffers of 32 KiB */
static void chunks_are_no_larger_than_a_mapping(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);
	struct ttm_tt *tt;

	KUNIT_EXPECT_EQ(test, pool->backend.max_order, PDDGPU_POOL_MAX_ORDER);
	pool->backend.max_order = 3;
	tt = pool_get(test, 67, ttm_cached, 0);
	KUNIT_EXPECT_EQ(test, pool_out(pool, ttm_cached, 3), 8);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->stats.misses), 10);
	pool_put(test, tt);
}

static void only_worthwhile_orders_reclaim(struct kunit *test)
{
	struct pool_test *t = test->priv;
	unsigned int order;

	pool_start_stubbed(test, 0);
	pool_put(test, pool_get(test, BIT(PDDGPU_POOL_NUM_ORDERS) - 1, ttm_cached, 0));

	KUNIT_EXPECT_TRUE(test, t->gfp[0] & __GFP_DIRECT_RECLAIM);
	KUNIT_EXPECT_FALSE(test, t->gfp[0] & __GFP_NORETRY);
	KUNIT_EXPECT_TRUE(test, t->gfp[PDDGPU_POOL_MAX_ORDER] & __GFP_DIRECT_RECLAIM);
	for (order = 1; order <= PDDGPU_POOL_MAX_ORDER; order++) {
		KUNIT_EXPECT_TRUE(test, t->gfp[order] & __GFP_NORETRY);
		KUNIT_EXPECT_TRUE(test, t->gfp[order] & __GFP_NOWARN);
		KUNIT_EXPECT_FALSE(test, t->gfp[order] & __GFP_COMP);
		if (order < PDDGPU_POOL_MAX_ORDER)
			KUNIT_EXPECT_FALSE(test, t->gfp[order] & __GFP_DIRECT_RECLAIM);
	}
}

static void retry_mayfail_is_for_single_pages(struct kunit *test)
{
	struct ttm_operation_ctx ctx = {};
	struct ttm_tt *tt = pool_tt(test, 3, ttm_cached, 0);
	struct pool_test *t = test->priv;

	pool_start_stubbed(test, 0);
	KUNIT_ASSERT_EQ(test, pddgpu_pool_alloc(&t->pool, tt, &ctx), 0);
	KUNIT_EXPECT_TRUE(test, t->gfp[0] & __GFP_RETRY_MAYFAIL);
	KUNIT_EXPECT_FALSE(test, t->gfp[1] & __GFP_RETRY_MAYFAIL);
	pool_put(test, tt);
}

static void dma32_asks_for_low_pages(struct kunit *test)
{
	struct pool_test *t = test->priv;

	pool_start_stubbed(test, PDDGPU_POOL_DMA32);
	pool_put(test, pool_get(test, 3, ttm_cached, 0));
	KUNIT_EXPECT_TRUE(test, t->gfp[0] & __GFP_DMA32);
	KUNIT_EXPECT_TRUE(test, t->gfp[1] & __GFP_DMA32);
	KUNIT_EXPECT_FALSE(test, t->gfp[0] & __GFP_HIGHMEM);
}

/* Attributes of a page without a kernel mapping could not be changed */
static void uncached_needs_mapped_pages(struct kunit *test)
{
	struct pool_test *t = test->priv;

	pool_start_stubbed(test, 0);
	pool_put(test, pool_get(test, 1, ttm_cached, 0));
	KUNIT_EXPECT_TRUE(test, t->gfp[0] & __GFP_HIGHMEM);
	pool_put(test, pool_get(test, 1, ttm_uncached, 0));
	KUNIT_EXPECT_EQ(test, t->asked[PDDGPU_POOL_MAX_ORDER], 1);
	KUNIT_EXPECT_FALSE(test, t->gfp[PDDGPU_POOL_MAX_ORDER] & __GFP_HIGHMEM);
}

static void freed_chunks_are_reused(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);
	struct pool_test *t = test->priv;
	struct ttm_tt *tt;

	pool_put(test, pool_get(test, 7, ttm_write_combined, 0));
	KUNIT_EXPECT_EQ(test, pool_free_pages(pool), POOL_BLOCK);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->stats.hits), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->stats.misses), 3);

	tt = pool_get(test, 7, ttm_write_combined, 0);
	KUNIT_EXPECT_EQ(test, pool_free_pages(pool), POOL_BLOCK - 7);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->stats.hits), 3);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->stats.misses), 3);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->stats.converted), POOL_BLOCK);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->stats.cleared), 0);
	KUNIT_EXPECT_EQ(test, t->blocks, 1);
	pool_put(test, tt);
}

/* One call for many buffers, and one more when the block goes back */
static void small_buffers_share_a_block(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);
	struct pddgpu_pool_heap *heap = pool_heap(pool, ttm_write_combined);
	struct pool_test *t = test->priv;
	unsigned int i, j;

	for (i = 0; i < POOL_MAX_TTS; i++) {
		t->tts[i] = pool_get(test, 1 + i, ttm_write_combined, 0);
		KUNIT_EXPECT_TRUE(test, pool_has_attr(test, t->tts[i], ttm_write_combined));
		for (j = 0; j <= i; j += BIT(pddgpu_pool_chunk_order(t->tts[i]->pages[j])))
			KUNIT_EXPECT_LE(test, j + BIT(pddgpu_pool_chunk_order(t->tts[i]->pages[j])),
					1 + i);
	}
	KUNIT_EXPECT_EQ(test, t->conversions, 1);
	KUNIT_EXPECT_EQ(test, t->blocks, 1);
	KUNIT_EXPECT_EQ(test, t->asked[PDDGPU_POOL_MAX_ORDER], 1);
	KUNIT_EXPECT_GT(test, heap->splits, 0);

	/* Every other one first, so that there is nothing to merge with until the end */
	for (i = 0; i < POOL_MAX_TTS; i += 2)
		pool_put(test, t->tts[i]);
	KUNIT_EXPECT_EQ(test, heap->num_whole, 0);
	for (i = 1; i < POOL_MAX_TTS; i += 2)
		pool_put(test, t->tts[i]);
	KUNIT_EXPECT_EQ(test, pool_listed(pool, ttm_write_combined, PDDGPU_POOL_MAX_ORDER), 1);
	KUNIT_EXPECT_EQ(test, heap->num_whole, POOL_BLOCK);
	KUNIT_EXPECT_EQ(test, heap->splits, heap->merges);
	KUNIT_EXPECT_EQ(test, t->conversions, 1);

	pddgpu_pool_empty(pool);
	KUNIT_EXPECT_EQ(test, t->conversions, 2);
	KUNIT_EXPECT_EQ(test, t->blocks, 0);
}

/* It is asked for once, and reclaimed for as little as was missing */
static void small_cached_buffers_share_a_block(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);
	struct pool_test *t = test->priv;
	unsigned int i;

	pool->cached_order = 6;
	for (i = 0; i < 4; i++)
		t->tts[i] = pool_get(test, 16, ttm_cached, 0);
	KUNIT_EXPECT_EQ(test, t->blocks, 1);
	KUNIT_EXPECT_EQ(test, t->asked[6], 1);
	KUNIT_EXPECT_FALSE(test, t->gfp[6] & __GFP_DIRECT_RECLAIM);

	t->max_order = 5;
	pool_put(test, pool_get(test, 1, ttm_cached, 0));
	KUNIT_EXPECT_EQ(test, t->asked[6], 2);
	KUNIT_EXPECT_EQ(test, t->asked[0], 1);
	KUNIT_EXPECT_TRUE(test, t->gfp[0] & __GFP_DIRECT_RECLAIM);
	for (i = 0; i < 4; i++)
		pool_put(test, t->tts[i]);
}

static void whole_blocks_stay_whole(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);
	struct pddgpu_pool_heap *heap = pool_heap(pool, ttm_uncached);
	struct ttm_tt *small, *large, *other;

	large = pool_get(test, POOL_BLOCK, ttm_uncached, 0);
	small = pool_get(test, 1, ttm_uncached, 0);
	pool_put(test, large);
	KUNIT_EXPECT_EQ(test, heap->num_whole, POOL_BLOCK);
	other = pool_get(test, POOL_BLOCK / 2, ttm_uncached, 0);
	KUNIT_EXPECT_EQ(test, heap->num_whole, POOL_BLOCK);
	KUNIT_EXPECT_PTR_EQ(test, pddgpu_pool_chunk_block(other->pages[0]),
			    pddgpu_pool_chunk_block(small->pages[0]));
	pool_put(test, other);
	pool_put(test, small);
}

/* What is free of a block in use can go nowhere, and is not promised either */
static void only_whole_blocks_go_back(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);
	struct pool_test *t = test->priv;
	struct ttm_tt *tt;

	tt = pool_get(test, 1, ttm_write_combined, 0);
	KUNIT_EXPECT_EQ(test, pool_free_pages(pool), POOL_BLOCK - 1);
	KUNIT_EXPECT_EQ(test, pool_shrinkable(pool), SHRINK_EMPTY);
	KUNIT_EXPECT_EQ(test, pool_shrink(pool, 1), SHRINK_STOP);
	pddgpu_pool_set_limit(0);
	KUNIT_EXPECT_EQ(test, t->blocks, 1);
	pddgpu_pool_set_limit(-1);

	pool_put(test, tt);
	KUNIT_EXPECT_EQ(test, pool_shrinkable(pool), POOL_BLOCK);
	KUNIT_EXPECT_EQ(test, pool_shrink(pool, 1), POOL_BLOCK);
	KUNIT_EXPECT_EQ(test, t->blocks, 0);
}

/* Half of a block is clean, for whom that matters; all of it is worth more than that */
static void contents_keep_halves_apart(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);
	struct pddgpu_pool_heap *heap = pool_heap(pool, ttm_write_combined);
	struct ttm_tt *tt = pool_tt(test, 1, ttm_write_combined, TTM_TT_FLAG_ZERO_ALLOC);
	struct pool_test *t = test->priv;
	struct ttm_tt *held;

	held = pool_get(test, 2, ttm_write_combined, 0);
	t->countdown = 0; /* the DMA map, after a page was cleared */
	KUNIT_ASSERT_EQ(test, pddgpu_pool_alloc(pool, tt, &pool_ctx), -ENOMEM);
	t->countdown = -1;
	KUNIT_EXPECT_EQ(test, heap->num[0][PDDGPU_POOL_PART][PDDGPU_POOL_CLEAN], 1);
	KUNIT_EXPECT_EQ(test, heap->num[0][PDDGPU_POOL_PART][PDDGPU_POOL_DIRTY], 1);
	KUNIT_EXPECT_EQ(test, pool_free_pages(pool), POOL_BLOCK - 2);

	KUNIT_ASSERT_EQ(test, pddgpu_pool_alloc(pool, tt, &pool_ctx), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->stats.cleared), 1);
	KUNIT_ASSERT_EQ(test, pddgpu_pool_free(pool, tt), 0);
	t->countdown = 0;
	KUNIT_ASSERT_EQ(test, pddgpu_pool_alloc(pool, tt, &pool_ctx), -ENOMEM);
	t->countdown = -1;
	pool_put(test, held);
	KUNIT_EXPECT_EQ(test, heap->num_whole, POOL_BLOCK);
	KUNIT_EXPECT_EQ(test, heap->num[0][PDDGPU_POOL_PART][PDDGPU_POOL_CLEAN], 1);
	KUNIT_EXPECT_GT(test, heap->splits, heap->merges);

	/* Who needs a whole block gets it all the same */
	pool_put(test, pool_get(test, POOL_BLOCK, ttm_write_combined, 0));
	KUNIT_EXPECT_EQ(test, t->blocks, 1);
	KUNIT_EXPECT_EQ(test, heap->num_whole, POOL_BLOCK);
	KUNIT_EXPECT_EQ(test, heap->splits, heap->merges);
}

/* Mixed blocks are whole ones: for the shrinker, and until a part is taken */
static void mixed_blocks_go_back(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);
	struct pddgpu_pool_heap *heap = pool_heap(pool, ttm_write_combined);
	struct pool_test *t = test->priv;
	struct ttm_tt *held;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		pool_put(test, pool_get(test, 3, ttm_write_combined, 0));
		pddgpu_pool_clean(pool);
		pool_put(test, pool_get(test, 3, ttm_write_combined, 0));
		KUNIT_EXPECT_EQ(test, pool_shrinkable(pool), POOL_BLOCK);
		held = pool_get(test, 1, ttm_write_combined, 0);
		KUNIT_EXPECT_EQ(test, heap->num_whole, 0);
		KUNIT_EXPECT_EQ(test, pool_shrink(pool, 1), SHRINK_STOP);
		pool_put(test, held);

		KUNIT_EXPECT_EQ(test, heap->num_whole, POOL_BLOCK);
		KUNIT_EXPECT_EQ(test, pool_shrink(pool, 1), POOL_BLOCK);
		KUNIT_EXPECT_EQ(test, t->blocks, 0);
		KUNIT_EXPECT_EQ(test, heap->num_whole, 0);
	}
}

/* Nor is a whole block, however much of it is free, a larger one */
static void small_mixed_blocks_stay_small(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);
	struct pddgpu_pool_heap *heap = pool_heap(pool, ttm_write_combined);
	struct pool_test *t = test->priv;

	t->max_order = 3;
	pool_put(test, pool_get(test, 8, ttm_write_combined, 0));
	pddgpu_pool_clean(pool);
	pool_put(test, pool_get(test, 1, ttm_write_combined, 0));
	KUNIT_EXPECT_FALSE(test, list_empty(&heap->mixed));

	t->max_order = PDDGPU_POOL_MAX_ORDER;
	pool_put(test, pool_get(test, POOL_BLOCK, ttm_write_combined, 0));
	KUNIT_EXPECT_EQ(test, t->blocks, 2);
	KUNIT_EXPECT_FALSE(test, list_empty(&heap->mixed));
	KUNIT_EXPECT_EQ(test, heap->num_whole, POOL_BLOCK + 8);
}

/* One try for a buffer, not one for each of its chunks, and nobody waits for it */
static void fragmented_memory_is_not_fought(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);
	struct pool_test *t = test->priv;
	struct ttm_tt *tt;
	u32 i;

	t->max_order = 3;
	tt = pool_get(test, 100, ttm_write_combined, 0);
	KUNIT_EXPECT_EQ(test, t->asked[PDDGPU_POOL_MAX_ORDER], 1);
	KUNIT_EXPECT_FALSE(test, t->gfp[PDDGPU_POOL_MAX_ORDER] & __GFP_DIRECT_RECLAIM);
	KUNIT_EXPECT_EQ(test, pool_out(pool, ttm_write_combined, 3), 12);
	KUNIT_EXPECT_EQ(test, t->blocks, 13);
	KUNIT_EXPECT_TRUE(test, pool_has_attr(test, tt, ttm_write_combined));
	pool_put(test, tt);

	/* Small blocks are divided as well, and go back one by one */
	tt = pool_get(test, 1, ttm_write_combined, 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->stats.hits), 1);
	KUNIT_EXPECT_EQ(test, pool_shrink(pool, 8), 8);
	KUNIT_EXPECT_EQ(test, t->blocks, 12);
	for (i = pool_shrinkable(pool); i; i -= pool_shrink(pool, 1))
		;
	KUNIT_EXPECT_EQ(test, t->blocks, 1);
	pool_put(test, tt);
}

static void caching_modes_are_kept_apart(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);
	struct pool_test *t = test->priv;
	struct ttm_tt *tts[PDDGPU_POOL_NUM_CACHING];
	unsigned int caching, other;

	for (caching = 0; caching < PDDGPU_POOL_NUM_CACHING; caching++) {
		tts[caching] = pool_get(test, POOL_BLOCK, caching, 0);
		KUNIT_EXPECT_PTR_EQ(test, xa_load(&t->attrs, page_to_pfn(tts[caching]->pages[0])),
				    caching == ttm_cached ? NULL : xa_mk_value(caching));
	}
	for (caching = 0; caching < PDDGPU_POOL_NUM_CACHING; caching++) {
		pool_put(test, tts[caching]);
		for (other = 0; other < PDDGPU_POOL_NUM_CACHING; other++)
			KUNIT_EXPECT_EQ(test, pool_listed(pool, other, PDDGPU_POOL_MAX_ORDER),
					other <= caching);
	}
	/* In the pool they stay as they are */
	KUNIT_EXPECT_FALSE(test, xa_empty(&t->attrs));
	tts[0] = pool_get(test, 1, ttm_write_combined, 0);
	KUNIT_EXPECT_EQ(test, pool_listed(pool, ttm_write_combined, PDDGPU_POOL_MAX_ORDER), 0);
	KUNIT_EXPECT_EQ(test, pool_listed(pool, ttm_uncached, PDDGPU_POOL_MAX_ORDER), 1);
	KUNIT_EXPECT_EQ(test, pool_listed(pool, ttm_cached, PDDGPU_POOL_MAX_ORDER), 1);
	pool_put(test, tts[0]);
}

static void zeroes_are_for_who_asks(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);
	struct pool_test *t = test->priv;
	struct ttm_tt *tt;

	tt = pool_get(test, 7, ttm_write_combined, 0);
	KUNIT_EXPECT_FALSE(test, t->gfp[PDDGPU_POOL_MAX_ORDER] & __GFP_ZERO);
	pool_fill_with(tt, 0xa5);
	pool_put(test, tt);

	tt = pool_get(test, 7, ttm_write_combined, 0);
	KUNIT_EXPECT_TRUE(test, pool_is(tt, 0xa5));
	pool_put(test, tt);

	tt = pool_get(test, 7, ttm_write_combined, TTM_TT_FLAG_ZERO_ALLOC);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->stats.misses), 3);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->stats.cleared), 7);
	KUNIT_EXPECT_TRUE(test, pool_is(tt, 0));
	pool_put(test, tt);
}

static void new_pages_are_zeroed_by_the_system(struct kunit *test)
{
	struct pool_test *t = test->priv;
	struct ttm_tt *tt;

	pool_start_stubbed(test, 0);
	tt = pool_get(test, 7, ttm_cached, TTM_TT_FLAG_ZERO_ALLOC);
	KUNIT_EXPECT_TRUE(test, t->gfp[0] & t->gfp[1] & t->gfp[2] & __GFP_ZERO);
	KUNIT_EXPECT_TRUE(test, pool_is(tt, 0));
	pool_put(test, tt);
}

/* A chunk that was cleared for a buffer that then failed is clean, and taken first */
static void clean_chunks_serve_who_needs_zeroes(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);
	struct ttm_tt *tt = pool_tt(test, 1, ttm_cached, TTM_TT_FLAG_ZERO_ALLOC);
	struct pool_test *t = test->priv;

	pool_put(test, pool_get(test, 1, ttm_cached, 0));
	t->countdown = 0; /* the DMA map */
	KUNIT_ASSERT_EQ(test, pddgpu_pool_alloc(pool, tt, &pool_ctx), -ENOMEM);
	KUNIT_EXPECT_EQ(test, pool_num(pool, ttm_cached, 0, PDDGPU_POOL_CLEAN), 1);
	KUNIT_EXPECT_EQ(test, pool_num(pool, ttm_cached, 0, PDDGPU_POOL_DIRTY), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->stats.cleared), 1);
	t->countdown = -1;

	/* One dirty one beside it */
	t->tts[0] = pool_get(test, 1, ttm_cached, 0);
	t->tts[1] = pool_get(test, 1, ttm_cached, 0);
	pool_put(test, t->tts[0]);
	t->countdown = 0;
	KUNIT_ASSERT_EQ(test, pddgpu_pool_alloc(pool, tt, &pool_ctx), -ENOMEM);
	t->countdown = -1;
	pool_put(test, t->tts[1]);
	KUNIT_EXPECT_EQ(test, pool_num(pool, ttm_cached, 0, PDDGPU_POOL_CLEAN), 1);
	KUNIT_EXPECT_EQ(test, pool_num(pool, ttm_cached, 0, PDDGPU_POOL_DIRTY), 1);

	KUNIT_ASSERT_EQ(test, pddgpu_pool_alloc(pool, tt, &pool_ctx), 0);
	KUNIT_EXPECT_EQ(test, pool_num(pool, ttm_cached, 0, PDDGPU_POOL_CLEAN), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->stats.cleared), 2);
	KUNIT_EXPECT_TRUE(test, pool_is(tt, 0));
	pool_put(test, tt);
}

/* --- Cleaning --- */

/* A device that clears what it is told to, or leaves a mess */
static int fake_clear(struct pddgpu_pool *pool, enum ttm_caching caching,
		      const struct pddgpu_pool_span *spans, unsigned int num_spans)
{
	struct pool_test *t = pool_current();
	u8 value = pool_fails(t) ? 0x5a : 0;
	unsigned int i, j;

	for (i = 0; i < num_spans; i++)
		for (j = 0; j < spans[i].num_pages; j++) {
			struct page *page = pfn_to_page(PHYS_PFN(spans[i].addr) + j);
			void *attr = xa_load(&t->attrs, page_to_pfn(page));

			KUNIT_EXPECT_PTR_EQ(kunit_get_current_test(), attr,
					    caching == ttm_cached ? NULL : xa_mk_value(caching));
			memset_page(page, 0, value, PAGE_SIZE);
			t->device_cleared += !value;
		}

	return value ? -EIO : 0;
}

static void pool_put_filled(struct kunit *test, struct ttm_tt *tt)
{
	pool_fill_with(tt, 0xa5);
	pool_put(test, tt);
}

/* What was cleaned, by whom, and that nobody else has to clear it */
static void expect_cleaned(struct kunit *test, long by_cpu, long by_engine)
{
	struct pool_test *t = test->priv;
	struct pddgpu_pool_stats *stats = &t->pool.stats;
	struct ttm_tt *tt;

	KUNIT_EXPECT_EQ(test, atomic_long_read(&stats->cleaned_by_cpu), by_cpu);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&stats->cleaned_by_engine), by_engine);
	KUNIT_EXPECT_EQ(test, t->device_cleared, by_engine);
	KUNIT_EXPECT_EQ(test, t->mapped, 0);

	tt = pool_get(test, 2 * POOL_BLOCK, ttm_write_combined, TTM_TT_FLAG_ZERO_ALLOC);
	KUNIT_EXPECT_TRUE(test, pool_is(tt, 0));
	KUNIT_EXPECT_EQ(test, atomic_long_read(&stats->cleared), 0);
	pool_put(test, tt);
}

static void cleaner_cleans_by_cpu(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);

	pool_put_filled(test, pool_get(test, 2 * POOL_BLOCK, ttm_write_combined, 0));
	pddgpu_pool_clean(pool);
	pddgpu_pool_clean(pool);
	expect_cleaned(test, 2 * POOL_BLOCK, 0);
}

static void cleaner_cleans_by_device(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);

	pool->cleaner.clear = fake_clear;
	pool_put_filled(test, pool_get(test, 2 * POOL_BLOCK, ttm_write_combined, 0));
	pddgpu_pool_clean(pool);
	expect_cleaned(test, 0, 2 * POOL_BLOCK);
}

/* Neither a mapping that fails nor a device does harm; the CPU takes over */
static void cleaner_survives_failure(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);
	struct pool_test *t = test->priv;

	pool->cleaner.clear = fake_clear;
	pool_put_filled(test, pool_get(test, 2 * POOL_BLOCK, ttm_write_combined, 0));
	t->countdown = 3; /* the mapping of the second block */
	pddgpu_pool_clean(pool);
	t->countdown = -1;
	expect_cleaned(test, POOL_BLOCK, POOL_BLOCK);
}

static void cleaner_repairs_what_the_device_left(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);
	struct pool_test *t = test->priv;

	pool->cleaner.clear = fake_clear;
	pool_put_filled(test, pool_get(test, 2 * POOL_BLOCK, ttm_write_combined, 0));
	t->countdown = 4; /* the second clear */
	pddgpu_pool_clean(pool);
	t->countdown = -1;
	expect_cleaned(test, POOL_BLOCK, POOL_BLOCK);
}

/* One page of a clean block: no more than that is cleaned, and the block whole again */
static void cleaner_cleans_no_more_than_was_used(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);
	struct pddgpu_pool_stats *stats = &pool->stats;

	pool_put(test, pool_get(test, POOL_BLOCK, ttm_write_combined, 0));
	pddgpu_pool_clean(pool);
	pool_put_filled(test, pool_get(test, 1, ttm_write_combined, 0));
	pddgpu_pool_clean(pool);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&stats->cleaned_by_cpu), POOL_BLOCK + 1);
	KUNIT_EXPECT_EQ(test, pool_num(pool, ttm_write_combined, PDDGPU_POOL_MAX_ORDER,
				       PDDGPU_POOL_CLEAN), 1);
}

/* A buffer that comes meanwhile gets other pages, and the books are in order */
static int clear_and_populate(struct pddgpu_pool *pool, enum ttm_caching caching,
			      const struct pddgpu_pool_span *spans, unsigned int num_spans)
{
	struct kunit *test = kunit_get_current_test();
	struct pool_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, pool_free_pages(pool), 2 * POOL_BLOCK);
	KUNIT_EXPECT_EQ(test, pool_shrinkable(pool), POOL_BLOCK);
	t->tts[0] = pool_get(test, POOL_BLOCK, ttm_write_combined, TTM_TT_FLAG_ZERO_ALLOC);
	KUNIT_EXPECT_PTR_NE(test, t->tts[0]->pages[0], pfn_to_page(PHYS_PFN(spans[0].addr)));
	pool_fill_with(t->tts[0], 1);
	KUNIT_EXPECT_EQ(test, pool_free_pages(pool), POOL_BLOCK);
	return fake_clear(pool, caching, spans, num_spans);
}

static void cleaner_is_in_nobodys_way(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);
	struct pool_test *t = test->priv;

	pool_put_filled(test, pool_get(test, 2 * POOL_BLOCK, ttm_write_combined, 0));
	pool->cleaner.clear = clear_and_populate;
	pddgpu_pool_clean(pool);
	KUNIT_EXPECT_TRUE(test, pool_is(t->tts[0], 1));
	KUNIT_EXPECT_EQ(test, t->blocks, 2);
	pool_put(test, t->tts[0]);
}

/* Nor does what is being cleaned escape a limit that comes meanwhile */
static int clear_and_limit(struct pddgpu_pool *pool, enum ttm_caching caching,
			   const struct pddgpu_pool_span *spans, unsigned int num_spans)
{
	struct kunit *test = kunit_get_current_test();

	pddgpu_pool_set_limit(0);
	KUNIT_EXPECT_EQ(test, pool_free_pages(pool), POOL_BLOCK);
	return fake_clear(pool, caching, spans, num_spans);
}

static void cleaner_keeps_the_limit(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);

	pool_put_filled(test, pool_get(test, 2 * POOL_BLOCK, ttm_write_combined, 0));
	pool->cleaner.clear = clear_and_limit;
	pddgpu_pool_clean(pool);
	KUNIT_EXPECT_EQ(test, pool_free_pages(pool), 0);
}

static bool pool_is_clean(struct pddgpu_pool *pool)
{
	unsigned long deadline = jiffies + 10 * HZ;
	struct pddgpu_pool_heap *heap = pool_heap(pool, ttm_cached);

	while (READ_ONCE(heap->orders[PDDGPU_POOL_WHOLE][PDDGPU_POOL_DIRTY]) ||
	       READ_ONCE(heap->num_cleaning)) {
		if (time_after(jiffies, deadline))
			return false;
		usleep_range(1000, 2000);
	}

	return true;
}

/* No stubs: they are this task's own */
static void cleaner_works_in_the_background(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start(test, 0);

	KUNIT_ASSERT_EQ(test, pddgpu_pool_start_cleaning(pool, NULL), 0);
	pool_put_filled(test, pool_get(test, 70, ttm_cached, 0));
	KUNIT_EXPECT_TRUE(test, pool_is_clean(pool));
	KUNIT_EXPECT_GE(test, atomic_long_read(&pool->stats.cleaned_by_cpu), 70);

	pddgpu_pool_stop_cleaning(pool);
	pddgpu_pool_stop_cleaning(pool);
	pool_put_filled(test, pool_get(test, 70, ttm_cached, 0));
	msleep(50);
	KUNIT_EXPECT_GT(test, pool_num(pool, ttm_cached, 1, PDDGPU_POOL_DIRTY), 0);
}

/* --- Magazines --- */

static struct pddgpu_pool *pool_start_with_magazines(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);

	KUNIT_ASSERT_EQ(test, pddgpu_pool_magazines_init(pool), 0);
	return pool;
}

/* On one processor, whichever it is, and never to who needs zeroes as they are */
static void magazines_keep_what_was_freed_last(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_with_magazines(test);
	struct pddgpu_pool_heap *heap = pool_heap(pool, ttm_write_combined);
	struct page *last;
	struct ttm_tt *tt;

	migrate_disable();
	tt = pool_get(test, 7, ttm_write_combined, 0);
	last = tt->pages[4];
	pool_put_filled(test, tt);
	KUNIT_EXPECT_EQ(test, pddgpu_pool_magazine_pages(pool), 7);
	KUNIT_EXPECT_EQ(test, pool_free_pages(pool), POOL_BLOCK);
	KUNIT_EXPECT_EQ(test, heap->num_free, POOL_BLOCK - 7);

	tt = pool_get(test, 2, ttm_write_combined, 0);
	KUNIT_EXPECT_PTR_EQ(test, tt->pages[0], last);
	KUNIT_EXPECT_PTR_EQ(test, tt->pages[1], last + 1);
	KUNIT_EXPECT_EQ(test, pddgpu_pool_magazine_pages(pool), 5);
	pool_put(test, tt);

	tt = pool_get(test, POOL_BLOCK - 7, ttm_write_combined, 0);
	pool_put(test, pool_get(test, 3, ttm_cached, 0));
	/* The last of the large buffer's pages was one of the seven */
	KUNIT_EXPECT_EQ(test, pddgpu_pool_magazine_pages(pool), 9);
	pool_put(test, tt);
	migrate_enable();
}

static void magazines_serve_who_needs_zeroes_last(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_with_magazines(test);
	struct ttm_tt *rest, *tt;

	migrate_disable();
	rest = pool_get(test, POOL_BLOCK - 1, ttm_write_combined, 0);
	pool_put_filled(test, pool_get(test, 1, ttm_write_combined, 0));
	tt = pool_get(test, 1, ttm_write_combined, TTM_TT_FLAG_ZERO_ALLOC);
	KUNIT_EXPECT_TRUE(test, pool_is(tt, 0));
	KUNIT_EXPECT_EQ(test, pool_shrinkable(pool), SHRINK_EMPTY);
	KUNIT_EXPECT_EQ(test, pddgpu_pool_magazine_pages(pool), 0);
	pool_put(test, tt);
	pool_put(test, rest);
	migrate_enable();
}

static struct ttm_tt **pool_get_many(struct kunit *test, unsigned int num, u32 num_pages)
{
	struct ttm_tt **tts = kunit_kcalloc(test, num, sizeof(*tts), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, tts);
	for (i = 0; i < num; i++)
		tts[i] = pool_get(test, num_pages, ttm_write_combined, 0);

	return tts;
}

static void pool_put_many(struct kunit *test, struct ttm_tt **tts, unsigned int num)
{
	while (num--)
		pool_put_filled(test, *tts++);
}

/* What a magazine has no room for, and large buffers, go to the heap */
static void magazines_have_an_end(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_with_magazines(test);
	struct ttm_tt **tts;

	migrate_disable();
	tts = pool_get_many(test, PDDGPU_POOL_MAGAZINE_CHUNKS + 1, 1);
	pool_put_many(test, tts, PDDGPU_POOL_MAGAZINE_CHUNKS + 1);
	KUNIT_EXPECT_EQ(test, pddgpu_pool_magazine_pages(pool), PDDGPU_POOL_MAGAZINE_CHUNKS);
	pool_put(test, pool_get(test, BIT(PDDGPU_POOL_MAGAZINE_ORDERS), ttm_write_combined, 0));
	KUNIT_EXPECT_EQ(test, pddgpu_pool_magazine_pages(pool), PDDGPU_POOL_MAGAZINE_CHUNKS);
	KUNIT_EXPECT_EQ(test, pool_free_pages(pool), POOL_BLOCK);
	migrate_enable();
}

/* One larger chunk serves several small buffers, but no large one */
static void magazines_are_filled_by_carving(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_with_magazines(test);
	struct pddgpu_pool_heap *heap = pool_heap(pool, ttm_write_combined);
	struct ttm_tt **tts, *large;

	migrate_disable();
	pool_put_filled(test, pool_get(test, POOL_BLOCK, ttm_write_combined, 0));
	large = pool_get(test, BIT(PDDGPU_POOL_MAGAZINE_ORDERS) + 1, ttm_write_combined, 0);
	KUNIT_EXPECT_EQ(test, pddgpu_pool_magazine_pages(pool), 0);
	pool_put(test, large);

	tts = pool_get_many(test, 3, 1);
	KUNIT_EXPECT_EQ(test, heap->num_free, POOL_BLOCK - PDDGPU_POOL_CARVE);
	KUNIT_EXPECT_EQ(test, pddgpu_pool_magazine_pages(pool), PDDGPU_POOL_CARVE - 3);
	KUNIT_EXPECT_PTR_EQ(test, tts[2]->pages[0], tts[0]->pages[0] + 2);
	KUNIT_EXPECT_EQ(test, pool_out(pool, ttm_write_combined, 0), PDDGPU_POOL_CARVE);
	pool_put_many(test, tts, 3);

	pddgpu_pool_magazines_empty(pool);
	KUNIT_EXPECT_EQ(test, heap->num_whole, POOL_BLOCK);
	KUNIT_EXPECT_EQ(test, pool_out(pool, ttm_write_combined, 0), 0);
	migrate_enable();
}

/* What was put in side by side is merged as if it had come one by one */
static void magazines_give_back_runs(struct kunit *test)
{
	static const unsigned long listed[] = { 2, 2, 2, 2, 2, 0, 1, 1, 1, 0 };
	struct pddgpu_pool *pool = pool_start_with_magazines(test);
	struct pddgpu_pool_heap *heap = pool_heap(pool, ttm_write_combined);
	struct ttm_tt **tts;
	unsigned int i;

	migrate_disable();
	pool_put(test, pool_get(test, POOL_BLOCK, ttm_write_combined, 0));
	tts = pool_get_many(test, 64, 1);
	pool_put_many(test, tts, 21);
	pool_put_many(test, tts + 22, 10);
	for (i = 63; i >= 32; i--)
		if (i != 40)
			pool_put(test, tts[i]);
	pddgpu_pool_magazines_empty(pool);
	for (i = 0; i < ARRAY_SIZE(listed); i++)
		KUNIT_EXPECT_EQ_MSG(test, pool_listed(pool, ttm_write_combined, i), listed[i],
				    "order %u", i);
	KUNIT_EXPECT_EQ(test, heap->num_free, POOL_BLOCK - 2);

	pool_put(test, tts[21]);
	pool_put(test, tts[40]);
	pddgpu_pool_magazines_empty(pool);
	KUNIT_EXPECT_EQ(test, heap->num_whole, POOL_BLOCK);
	KUNIT_EXPECT_EQ(test, heap->splits, heap->merges);
	migrate_enable();
}

static unsigned long pool_dirty_pages(struct pddgpu_pool *pool, enum ttm_caching caching)
{
	unsigned long num_pages = 0;
	unsigned int order;

	for (order = 0; order < PDDGPU_POOL_NUM_ORDERS; order++)
		num_pages += pool_num(pool, caching, order, PDDGPU_POOL_DIRTY) << order;

	return num_pages;
}

/* A clean block, the pages of which were used and cleaned again one by one, but for one */
static void pool_mix_block(struct kunit *test, unsigned int dirty)
{
	struct pool_test *t = test->priv;
	struct pddgpu_pool *pool = &t->pool;
	struct ttm_tt **tts;
	unsigned int i;

	pddgpu_pool_clean(pool);
	KUNIT_EXPECT_EQ(test, pool_dirty_pages(pool, ttm_write_combined), 0);
	tts = pool_get_many(test, 32, 1);
	for (i = 0; i < 32; i++)
		if (i != dirty)
			pool_put_filled(test, tts[i]);
	pddgpu_pool_clean(pool);
	pool_put_filled(test, tts[dirty]);
	pddgpu_pool_magazines_empty(pool);
}

/* What was used makes none of its neighbours dirty, nor do they make it clean */
static void magazines_leave_mixed_blocks_mixed(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_with_magazines(test);
	struct pddgpu_pool_heap *heap = pool_heap(pool, ttm_write_combined);
	struct pddgpu_pool_stats *stats = &pool->stats;
	struct ttm_tt *tt;
	long cleaned;

	migrate_disable();
	pool_put_filled(test, pool_get(test, POOL_BLOCK, ttm_write_combined, 0));
	pool_mix_block(test, 13);
	KUNIT_EXPECT_EQ(test, pool_dirty_pages(pool, ttm_write_combined), 1);
	KUNIT_EXPECT_EQ(test, heap->num_free, POOL_BLOCK);
	KUNIT_EXPECT_EQ(test, heap->num_whole, POOL_BLOCK);

	cleaned = atomic_long_read(&stats->cleaned_by_cpu);
	pddgpu_pool_clean(pool);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&stats->cleaned_by_cpu), cleaned + 1);
	KUNIT_EXPECT_EQ(test, pool_num(pool, ttm_write_combined, PDDGPU_POOL_MAX_ORDER,
				       PDDGPU_POOL_CLEAN), 1);
	KUNIT_EXPECT_EQ(test, heap->splits, heap->merges);

	/* Taken as a whole it is dirty */
	pool_mix_block(test, 16);
	tt = pool_get(test, POOL_BLOCK, ttm_write_combined, TTM_TT_FLAG_ZERO_ALLOC);
	KUNIT_EXPECT_TRUE(test, pool_is(tt, 0));
	KUNIT_EXPECT_EQ(test, atomic_long_read(&stats->cleared), POOL_BLOCK);
	pool_put(test, tt);
	migrate_enable();
}

/* A buffer that fails still gives back all that came for it */
static void magazines_have_nothing_fresh(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_with_magazines(test);
	struct ttm_tt *tt = pool_tt(test, 3, ttm_write_combined, 0);
	struct pool_test *t = test->priv;

	t->countdown = 3; /* a block, its conversion, and then the DMA map */
	KUNIT_EXPECT_EQ(test, pddgpu_pool_alloc(pool, tt, &pool_ctx), -ENOMEM);
	t->countdown = -1;
	KUNIT_EXPECT_EQ(test, pddgpu_pool_magazine_pages(pool), 0);
	KUNIT_EXPECT_EQ(test, t->blocks, 0);
}

/* By the CPU or the device; then they are for who needs zeroes, if somebody has to choose */
static void magazines_are_cleaned(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_with_magazines(test);
	struct pddgpu_pool_stats *stats = &pool->stats;
	struct ttm_tt *tt, *rest;

	migrate_disable();
	tt = pool_get(test, 7, ttm_write_combined, 0);
	rest = pool_get(test, POOL_BLOCK - 7, ttm_write_combined, 0);
	pool_put_filled(test, tt);
	pddgpu_pool_clean(pool);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&stats->cleaned_by_cpu), 7);
	KUNIT_EXPECT_EQ(test, pddgpu_pool_magazine_pages(pool), 7);
	tt = pool_get(test, 7, ttm_write_combined, TTM_TT_FLAG_ZERO_ALLOC);
	KUNIT_EXPECT_TRUE(test, pool_is(tt, 0));
	KUNIT_EXPECT_EQ(test, pddgpu_pool_magazine_pages(pool), 0);

	pool->cleaner.clear = fake_clear;
	pool_put_filled(test, tt);
	pddgpu_pool_clean(pool);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&stats->cleaned_by_engine), 7);
	tt = pool_get(test, 3, ttm_write_combined, TTM_TT_FLAG_ZERO_ALLOC);
	KUNIT_EXPECT_TRUE(test, pool_is(tt, 0));
	pool_put_filled(test, tt);
	tt = pool_get(test, 3, ttm_write_combined, 0);
	KUNIT_EXPECT_TRUE(test, pool_is(tt, 0xa5));
	KUNIT_EXPECT_EQ(test, atomic_long_read(&stats->cleared), 0);
	pool_put(test, tt);
	pool_put(test, rest);
	migrate_enable();
}

/* What is cleaned has to fit in again */
static void magazines_of_clean_chunks_have_an_end(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_with_magazines(test);
	const unsigned int num = PDDGPU_POOL_MAGAZINE_CHUNKS;
	struct ttm_tt **tts;

	migrate_disable();
	tts = pool_get_many(test, num + 3, 1);
	pool_put_many(test, tts, num);
	pddgpu_pool_clean(pool);
	KUNIT_EXPECT_EQ(test, pddgpu_pool_magazine_pages(pool), num);
	pool_put_many(test, tts + num, 3);
	KUNIT_EXPECT_EQ(test, pddgpu_pool_magazine_pages(pool), num + 3);
	pddgpu_pool_clean(pool);
	KUNIT_EXPECT_EQ(test, pddgpu_pool_magazine_pages(pool), num);
	KUNIT_EXPECT_EQ(test, pool_free_pages(pool), POOL_BLOCK);
	migrate_enable();
}

/* The parts of a block make a block, with nobody else's help */
static void magazines_are_emptied_before_the_system_is_asked(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_with_magazines(test);
	struct pool_test *t = test->priv;
	struct ttm_tt **tts;

	migrate_disable();
	tts = pool_get_many(test, POOL_BLOCK / 16, 16);
	pool_put_many(test, tts, POOL_BLOCK / 16);
	KUNIT_EXPECT_EQ(test, pddgpu_pool_magazine_pages(pool), POOL_BLOCK);
	KUNIT_EXPECT_EQ(test, pool_shrinkable(pool), POOL_BLOCK);
	pool_put(test, pool_get(test, POOL_BLOCK, ttm_write_combined, 0));
	KUNIT_EXPECT_EQ(test, pddgpu_pool_magazine_pages(pool), 0);
	KUNIT_EXPECT_EQ(test, t->blocks, 1);
	migrate_enable();
}

/* Neither a limit nor reclaim is stopped by a chunk in a magazine */
static void magazines_are_emptied(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_with_magazines(test);
	struct pool_test *t = test->priv;

	pool_put(test, pool_get(test, 3, ttm_write_combined, 0));
	KUNIT_EXPECT_EQ(test, pool_shrink(pool, 1), POOL_BLOCK);
	KUNIT_EXPECT_EQ(test, t->blocks, 0);

	pool_put(test, pool_get(test, 3, ttm_write_combined, 0));
	pddgpu_pool_set_limit(0);
	KUNIT_EXPECT_EQ(test, t->blocks, 0);
}

/* Reclaim comes in between */
static bool put_and_empty(struct pddgpu_pool *pool, struct page *page)
{
	struct kunit *test = kunit_get_current_test();
	bool room;

	kunit_deactivate_static_stub(test, pddgpu_pool_magazine_put);
	room = pddgpu_pool_magazine_put(pool, page);
	pddgpu_pool_magazines_empty(pool);
	kunit_activate_static_stub(test, pddgpu_pool_magazine_put, put_and_empty);
	return room;
}

/* What is in a magazine is not its last owner's any more */
static void magazines_are_emptied_at_any_time(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_with_magazines(test);
	struct ttm_tt *tt = pool_get(test, 7, ttm_write_combined, 0);

	kunit_activate_static_stub(test, pddgpu_pool_magazine_put, put_and_empty);
	pool_put(test, tt);
	KUNIT_EXPECT_EQ(test, pool_free_pages(pool), POOL_BLOCK);
	KUNIT_EXPECT_EQ(test, pool_heap(pool, ttm_write_combined)->num_whole, POOL_BLOCK);
}

/* --- The limit and reclaim --- */

static void limit_frees_the_excess_only(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);
	struct ttm_tt *small, *medium, *large;

	pddgpu_pool_set_limit(40);
	small = pool_get(test, 31, ttm_cached, 0);
	medium = pool_get(test, 16, ttm_cached, 0);
	large = pool_get(test, 64, ttm_cached, 0);
	pool_put(test, small);
	KUNIT_EXPECT_EQ(test, pool_free_pages(pool), 31);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->stats.trimmed), 0);

	/* 7 are too many, and small chunks go first */
	pool_put(test, medium);
	KUNIT_EXPECT_EQ(test, pool_free_pages(pool), 40);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->stats.trimmed), 7);
	KUNIT_EXPECT_EQ(test, pool_listed(pool, ttm_cached, 0), 0);

	/* Not all of the large chunk is too much, but it goes as a whole */
	pool_put(test, large);
	KUNIT_EXPECT_LE(test, pool_free_pages(pool), 40);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->stats.trimmed), 7 + 40 + 64);
}

/* A block that is too much by a page goes, and none after it */
static void limit_frees_no_more_than_a_block(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);
	struct ttm_tt *large, *small;

	pddgpu_pool_set_limit(4 * POOL_BLOCK);
	large = pool_get(test, 4 * POOL_BLOCK, ttm_write_combined, 0);
	small = pool_get(test, 100, ttm_write_combined, 0);
	pool_put(test, large);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->stats.trimmed), POOL_BLOCK);
	KUNIT_EXPECT_EQ(test, pool_free_pages(pool), 4 * POOL_BLOCK - 100);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->stats.restored), POOL_BLOCK);
	pool_put(test, small);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->stats.trimmed), POOL_BLOCK);
	KUNIT_EXPECT_EQ(test, pool_free_pages(pool), 4 * POOL_BLOCK);
}

/* Small blocks make room for the next few buffers, too */
static void limit_leaves_some_slack(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);
	struct pool_test *t = test->priv;

	pddgpu_pool_set_limit(800);
	t->max_order = 0;
	pool_put(test, pool_get(test, 801, ttm_cached, 0));
	KUNIT_EXPECT_EQ(test, pool_free_pages(pool), 700);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->stats.trimmed), 101);
}

static void limit_takes_effect_when_written(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);
	struct pool_test *t = test->priv;

	pool_put(test, pool_get(test, 31, ttm_uncached, 0));
	pddgpu_pool_set_limit(15);
	KUNIT_EXPECT_LE(test, pool_free_pages(pool), 15);
	pddgpu_pool_set_limit(0);
	KUNIT_EXPECT_EQ(test, pool_free_pages(pool), 0);
	KUNIT_EXPECT_EQ(test, t->blocks, 0);
	pool_put(test, pool_get(test, 31, ttm_uncached, 0));
	KUNIT_EXPECT_EQ(test, t->blocks, 0);
}

/* The limit is one for all pools, and one that is full leaves nothing to the next */
static void limit_is_shared_by_pools(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0), *second;
	struct ttm_tt *tt = pool_tt(test, 8, ttm_cached, 0);

	second = kunit_kzalloc(test, sizeof(*second), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, second);
	KUNIT_ASSERT_EQ(test, pddgpu_pool_init(second, NULL, 0), 0);
	tt->dma_address = NULL;

	pddgpu_pool_set_limit(10);
	pool_put(test, pool_get(test, 8, ttm_cached, 0));
	KUNIT_ASSERT_EQ(test, pddgpu_pool_alloc(second, tt, &pool_ctx), 0);
	KUNIT_ASSERT_EQ(test, pddgpu_pool_free(second, tt), 0);
	KUNIT_EXPECT_LE(test, pool_free_pages(pool) + pool_free_pages(second), 10);
	KUNIT_EXPECT_EQ(test, pool_free_pages(pool), 8);
	pddgpu_pool_fini(second);
}

/* Whichever of its pages it is */
static void foreign_page_is_refused(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0), *second;
	struct ttm_tt *tt = pool_tt(test, 3, ttm_cached, 0), *own;
	struct pool_test *t = test->priv;

	second = kunit_kzalloc(test, sizeof(*second), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, second);
	KUNIT_ASSERT_EQ(test, pddgpu_pool_init(second, NULL, 0), 0);
	second->cached_order = 0;
	tt->dma_address = NULL;
	KUNIT_ASSERT_EQ(test, pddgpu_pool_alloc(second, tt, &pool_ctx), 0);
	own = pool_get(test, 3, ttm_cached, 0);

	KUNIT_EXPECT_EQ(test, pddgpu_pool_free(pool, tt), -EINVAL);
	swap(tt->pages[2], own->pages[2]);
	KUNIT_EXPECT_EQ(test, pddgpu_pool_free(pool, own), -EINVAL);
	KUNIT_EXPECT_EQ(test, pddgpu_pool_free(second, tt), -EINVAL);
	KUNIT_EXPECT_EQ(test, t->mapped, 2);
	KUNIT_EXPECT_EQ(test, pool_free_pages(pool) + pool_free_pages(second), 0);

	swap(tt->pages[2], own->pages[2]);
	pool_put(test, own);
	KUNIT_EXPECT_EQ(test, pddgpu_pool_free(second, tt), 0);
	pddgpu_pool_fini(second);
}

static void shrinker_gives_pages_back(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);
	struct pool_test *t = test->priv;
	unsigned long freed, before;

	KUNIT_EXPECT_EQ(test, pool_shrinkable(pool), SHRINK_EMPTY);
	KUNIT_EXPECT_EQ(test, pool_shrink(pool, 1), SHRINK_STOP);

	pool_stock(test, ttm_write_combined, GENMASK(PDDGPU_POOL_MAX_ORDER, 0));
	pool_stock(test, ttm_cached, BIT(0) | BIT(3));
	while ((before = pool_free_pages(pool))) {
		KUNIT_EXPECT_EQ(test, pool_shrinkable(pool), before);
		freed = pool_shrink(pool, 5);
		KUNIT_ASSERT_NE(test, freed, SHRINK_STOP);
		KUNIT_EXPECT_GE(test, freed, min(before, 5UL));
		/* No more than asked for but for the last chunk */
		KUNIT_EXPECT_LT(test, freed, 5 + BIT(PDDGPU_POOL_MAX_ORDER));
		KUNIT_EXPECT_EQ(test, pool_free_pages(pool), before - freed);
	}
	KUNIT_EXPECT_EQ(test, t->blocks, 0);
	KUNIT_EXPECT_TRUE(test, xa_empty(&t->attrs));
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->stats.shrinker_pages),
			2 * POOL_BLOCK + 9);
}

static void empty_gives_everything_back(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);
	struct pool_test *t = test->priv;
	struct ttm_tt *tt;

	tt = pool_get(test, 3, ttm_write_combined, 0);
	pool_stock(test, ttm_write_combined, GENMASK(PDDGPU_POOL_MAX_ORDER, 0));
	pool_stock(test, ttm_cached, BIT(0) | BIT(PDDGPU_POOL_MAX_ORDER));
	pddgpu_pool_empty(pool);
	/* All but the rest of the block in use */
	KUNIT_EXPECT_EQ(test, pool_free_pages(pool), POOL_BLOCK - 3);
	KUNIT_EXPECT_EQ(test, t->blocks, 1);

	/* And goes on */
	pool_put(test, tt);
	KUNIT_EXPECT_EQ(test, pool_free_pages(pool), POOL_BLOCK);
}

/* Pages that cannot be put back to write-back stay, the others go */
static void shrinker_survives_failure(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);
	struct pool_test *t = test->priv;

	pool_stock(test, ttm_write_combined, BIT(0) | BIT(7));
	pool_stock(test, ttm_cached, BIT(2));
	t->fail_restore = true;
	KUNIT_EXPECT_EQ(test, pool_shrink(pool, 1000), 4);
	KUNIT_EXPECT_EQ(test, pool_shrink(pool, 1000), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, pool_free_pages(pool), POOL_BLOCK);
	KUNIT_EXPECT_EQ(test, t->blocks, 1);

	t->fail_restore = false;
	KUNIT_EXPECT_EQ(test, pool_shrink(pool, 1000), POOL_BLOCK);
}

/* A failure leaves some changed: whoever comes next must not get such a mixture */
static void stuck_chunks_are_not_reused(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);
	struct pool_test *t = test->priv;
	struct ttm_tt *tt;

	pool_stock(test, ttm_write_combined, BIT(3));
	t->fail_restore = true;
	KUNIT_EXPECT_EQ(test, pool_shrink(pool, 8), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, pool_free_pages(pool), POOL_BLOCK);
	KUNIT_EXPECT_EQ(test, pool_listed(pool, ttm_write_combined, PDDGPU_POOL_MAX_ORDER), 0);

	tt = pool_get(test, 8, ttm_write_combined, 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->stats.hits), 0);
	KUNIT_EXPECT_TRUE(test, pool_has_attr(test, tt, ttm_write_combined));
	pool_put(test, tt);

	t->fail_restore = false;
	KUNIT_EXPECT_EQ(test, pool_shrink(pool, 2 * POOL_BLOCK), 2 * POOL_BLOCK);
	KUNIT_EXPECT_TRUE(test, xa_empty(&t->attrs));
}

/* Populating fails, and so does the way back: the pages stay until it works out */
static void undo_that_fails_keeps_pages(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);
	struct ttm_tt *tt = pool_tt(test, 1 + 8, ttm_uncached, 0);
	struct pool_test *t = test->priv;

	t->countdown = 3; /* a block, its conversion, and then the DMA map */
	t->fail_restore = true;
	KUNIT_EXPECT_EQ(test, pddgpu_pool_alloc(pool, tt, &pool_ctx), -ENOMEM);
	t->countdown = -1;
	KUNIT_EXPECT_EQ(test, t->blocks, 1);
	KUNIT_EXPECT_EQ(test, t->mapped, 0);
	KUNIT_EXPECT_EQ(test, pool_free_pages(pool), POOL_BLOCK);
	KUNIT_EXPECT_FALSE(test, xa_empty(&t->attrs));
	KUNIT_EXPECT_EQ(test, pool_listed(pool, ttm_uncached, PDDGPU_POOL_MAX_ORDER), 0);
	KUNIT_EXPECT_EQ(test, pool_heap(pool, ttm_uncached)->num_stuck, POOL_BLOCK);

	t->fail_restore = false;
	pddgpu_pool_empty(pool);
	KUNIT_EXPECT_EQ(test, t->blocks, 0);
	KUNIT_EXPECT_TRUE(test, xa_empty(&t->attrs));
}

/* Each call that can fail does so in turn; every time all is as it was */
static void partial_failure_changes_nothing(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);
	struct ttm_tt *tt = pool_tt(test, 2 * BIT(PDDGPU_POOL_MAX_ORDER) + 64 + 7,
				    ttm_write_combined, TTM_TT_FLAG_ZERO_ALLOC);
	u64 free = POOL_BLOCK - 1;
	unsigned int failed = 0, fail_at, pfns;
	struct pool_test *t = test->priv;
	struct ttm_tt *held;
	unsigned long index;
	void *attr;
	u32 i;
	int err;

	/* Some of it is in the pool, beside what comes from the system */
	held = pool_get(test, 1, ttm_write_combined, 0);
	for (fail_at = 1; ; fail_at++) {
		t->countdown = fail_at;
		err = pddgpu_pool_alloc(pool, tt, &pool_ctx);
		t->countdown = -1;
		if (!err)
			break;
		failed++;

		KUNIT_EXPECT_EQ(test, err, -ENOMEM);
		KUNIT_EXPECT_EQ(test, t->blocks, 1);
		KUNIT_EXPECT_EQ(test, t->mapped, 1);
		KUNIT_EXPECT_EQ(test, pool_free_pages(pool), free);
		KUNIT_EXPECT_EQ(test, pool_heap(pool, ttm_write_combined)->num_free, free);
		KUNIT_EXPECT_EQ(test, pool_heap(pool, ttm_write_combined)->num_whole, 0);
		KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->stats.hits), 0);
		KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->stats.misses), 1);
		for (i = 0; i < PDDGPU_POOL_NUM_ORDERS; i++)
			KUNIT_EXPECT_EQ(test, pool_out(pool, ttm_write_combined, i), !i);
		for (i = 0; i < tt->num_pages; i++)
			KUNIT_ASSERT_NULL(test, tt->pages[i]);
		/* The block of the pool is the only one with other attributes */
		pfns = 0;
		xa_for_each(&t->attrs, index, attr)
			pfns++;
		KUNIT_EXPECT_EQ(test, pfns, POOL_BLOCK);
	}

	/* Blocks, their conversions, DMA maps: all had their turn */
	KUNIT_EXPECT_GT(test, failed, 8);
	KUNIT_EXPECT_TRUE(test, pool_is(tt, 0));
	KUNIT_EXPECT_EQ(test, pool_free_pages(pool), free - 64 - 7);
	pool_put(test, tt);
	pool_put(test, held);
}

/* Out of memory half-way, not by chance but for good */
static void exhausted_system_returns_enomem(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);
	struct ttm_tt *tt = pool_tt(test, 2 * POOL_BLOCK, ttm_uncached, 0);
	struct pool_test *t = test->priv;

	pool_stock(test, ttm_uncached, BIT(5));
	t->max_order = 0;
	t->countdown = 20;
	KUNIT_EXPECT_EQ(test, pddgpu_pool_alloc(pool, tt, &pool_ctx), -ENOMEM);
	t->countdown = -1;
	KUNIT_EXPECT_EQ(test, t->blocks, 1);
	KUNIT_EXPECT_EQ(test, pool_free_pages(pool), POOL_BLOCK);
}

static void signal_interrupts_if_allowed(struct kunit *test)
{
	struct ttm_operation_ctx ctx = { .interruptible = true };
	struct pddgpu_pool *pool = pool_start_stubbed(test, 0);
	struct ttm_tt *tt = pool_tt(test, 40, ttm_cached, 0);
	struct pool_test *t = test->priv;

	pool_stock(test, ttm_cached, BIT(5));
	set_thread_flag(TIF_SIGPENDING);
	KUNIT_EXPECT_EQ(test, pddgpu_pool_alloc(pool, tt, &ctx), -ERESTARTSYS);
	KUNIT_EXPECT_EQ(test, t->blocks, 1);
	KUNIT_EXPECT_EQ(test, pool_free_pages(pool), 32);
	ctx.interruptible = false;
	KUNIT_EXPECT_EQ(test, pddgpu_pool_alloc(pool, tt, &ctx), 0);
	clear_thread_flag(TIF_SIGPENDING);
	pool_put(test, tt);
}

static void bad_tt_returns_einval(struct kunit *test)
{
	struct pool_test *t = test->priv;
	struct ttm_tt *tt = pool_tt(test, 1, ttm_cached, 0);

	KUNIT_ASSERT_EQ(test, pddgpu_pool_init(&t->pool, NULL, 0), 0);
	t->pool_up = true;
	KUNIT_EXPECT_EQ(test, pddgpu_pool_alloc(&t->pool, tt, &pool_ctx), -EINVAL);
	tt->dma_address = NULL;
	tt->num_pages = 0;
	KUNIT_EXPECT_EQ(test, pddgpu_pool_alloc(&t->pool, tt, &pool_ctx), -EINVAL);
	KUNIT_EXPECT_EQ(test, pool_free_pages(&t->pool), 0);
}

struct pool_backend_case {
	const char *desc;
	unsigned int flags;
};

static const struct pool_backend_case pool_backend_cases[] = {
	{ "alloc_pages", 0 },
	{ "alloc_pages_dma32", PDDGPU_POOL_DMA32 },
	{ "dma_alloc", PDDGPU_POOL_DMA_ALLOC },
};

KUNIT_ARRAY_PARAM_DESC(pool_backend, pool_backend_cases, desc);

/* The real thing: pages of the system, mapped for a device */
static void backend_round_trip(struct kunit *test)
{
	const struct pool_backend_case *c = test->param_value;
	struct pddgpu_pool *pool = pool_start(test, c->flags);
	u32 num_pages = BIT(PDDGPU_POOL_MAX_ORDER) + 5, i;
	struct ttm_tt *tt;

	tt = pool_get(test, num_pages, ttm_write_combined, TTM_TT_FLAG_ZERO_ALLOC);
	KUNIT_EXPECT_TRUE(test, pool_is(tt, 0));
	for (i = 0; i < num_pages; i++) {
		KUNIT_ASSERT_NOT_NULL(test, tt->pages[i]);
		KUNIT_EXPECT_FALSE(test, dma_mapping_error(pool->backend.dev, tt->dma_address[i]));
		KUNIT_EXPECT_EQ(test, tt->dma_address[i], page_to_phys(tt->pages[i]));
	}
	pool_fill_with(tt, 0x5a);
	pool_put(test, tt);
	KUNIT_EXPECT_EQ(test, pool_free_pages(pool), 2 * POOL_BLOCK);

	tt = pool_get(test, num_pages, ttm_write_combined, TTM_TT_FLAG_ZERO_ALLOC);
	KUNIT_EXPECT_EQ(test, pool_free_pages(pool), 2 * POOL_BLOCK - num_pages);
	KUNIT_EXPECT_TRUE(test, pool_is(tt, 0));
	pool_put(test, tt);
	KUNIT_EXPECT_EQ(test, pool_shrink(pool, num_pages), 2 * POOL_BLOCK);
}

static char *pool_dump(struct kunit *test)
{
	struct drm_print_iterator iter = { .remain = POOL_DUMP_SIZE - 1 };
	struct drm_printer p = drm_coredump_printer(&iter);
	struct pool_test *t = test->priv;

	iter.data = kunit_kzalloc(test, POOL_DUMP_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, iter.data);
	pddgpu_pool_print(&t->pool, &p);

	return iter.data;
}

static void dump_adds_up(struct kunit *test)
{
	struct ttm_tt *tt;
	char *dump;

	pool_start_stubbed(test, 0);
	pddgpu_pool_set_limit(1000);
	tt = pool_get(test, BIT(PDDGPU_POOL_MAX_ORDER) + 4, ttm_write_combined, 0);
	pool_put(test, pool_get(test, 3, ttm_cached, 0));
	dump = pool_dump(test);
	KUNIT_EXPECT_EQ(test, pddgpu_kunit_value_of(dump, "free_pages"),
			POOL_BLOCK - 4 + 3);
	KUNIT_EXPECT_EQ(test, pddgpu_kunit_value_of(dump, "whole_free_pages"), 3);
	KUNIT_EXPECT_EQ(test, pddgpu_kunit_value_of(dump, "conversions"), 2);
	KUNIT_EXPECT_EQ(test, pddgpu_kunit_value_of(dump, "node 0 limit_pages_all_pools"),
			1000);
	KUNIT_EXPECT_EQ(test, pddgpu_kunit_value_of(dump, "out_pages"),
			BIT(PDDGPU_POOL_MAX_ORDER) + 4);
	KUNIT_EXPECT_EQ(test, pddgpu_kunit_value_of(dump, "out_pages_in_2m_chunks"),
			BIT(PDDGPU_POOL_MAX_ORDER));
	KUNIT_EXPECT_EQ(test, pddgpu_kunit_value_of(dump, "misses"), 4);
	KUNIT_EXPECT_NOT_NULL(test, strstr(dump, "\nnode 0 cached_order_1: dirty 1 clean 0 "));
	KUNIT_EXPECT_NOT_NULL(test,
			      strstr(dump, "\nnode 0 write_combined_order_2: dirty 1 clean 0 "));
	pool_put(test, tt);
}

/* Owner's mark in each page; nobody may find another's, or lose its own */
static void churn_leaks_nothing(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start_with_magazines(test);
	struct pool_test *t = test->priv;
	struct rnd_state rnd;
	unsigned int step;

	pool->cleaner.clear = fake_clear;
	pddgpu_kunit_seed(test, &rnd);
	for (step = 0; step < pddgpu_kunit_steps(4000); step++) {
		u32 slot = prandom_u32_state(&rnd) % POOL_MAX_TTS;
		struct ttm_tt *tt = t->tts[slot];
		u32 num_pages = 1 + prandom_u32_state(&rnd) % (1 << prandom_u32_state(&rnd) % 9);

		if (tt) {
			KUNIT_EXPECT_TRUE(test, pool_is(tt, slot + 1));
			pool_put(test, tt);
			t->tts[slot] = NULL;
			continue;
		}
		t->max_order = prandom_u32_state(&rnd) % PDDGPU_POOL_NUM_ORDERS;
		if (!(step % 64))
			pddgpu_pool_set_limit(prandom_u32_state(&rnd) % 2048);
		t->countdown = step % 3 ? -1 : prandom_u32_state(&rnd) % 20;
		if (!(step % 50))
			pddgpu_pool_clean(pool);
		if (!(step % 100))
			pool_shrink(pool, prandom_u32_state(&rnd) % 300);
		t->countdown = prandom_u32_state(&rnd) % 4 ? -1 : prandom_u32_state(&rnd) % 20;
		tt = pool_tt(test, num_pages, prandom_u32_state(&rnd) % PDDGPU_POOL_NUM_CACHING,
			     TTM_TT_FLAG_ZERO_ALLOC);
		if (pddgpu_pool_alloc(pool, tt, &pool_ctx))
			continue;
		KUNIT_EXPECT_TRUE(test, pool_is(tt, 0));
		pool_fill_with(tt, slot + 1);
		t->tts[slot] = tt;
	}
	t->countdown = -1;

	for (step = 0; step < POOL_MAX_TTS; step++)
		if (t->tts[step])
			pool_put(test, t->tts[step]);
	KUNIT_EXPECT_GT(test, atomic_long_read(&pool->stats.hits), 0);
	KUNIT_EXPECT_GT(test, atomic_long_read(&pool->stats.trimmed), 0);
	KUNIT_EXPECT_GT(test, t->device_cleared, 0);
}

/* --- DMA addresses, of which there are few; the rest is the real thing --- */

/* Those of bounce buffers, where the system has the device use them; or the least */
static unsigned int dma_few(struct kunit *test, u32 num_pages)
{
	struct pool_test *t = test->priv;
	struct pddgpu_pool_backend *backend = &t->pool.backend;

	if (backend->dma_limit == U64_MAX)
		backend->dma_limit = 4 * num_pages * PAGE_SIZE;

	return backend->dma_limit / (num_pages * PAGE_SIZE);
}

static u64 dma_used(struct kunit *test)
{
	struct pool_test *t = test->priv;

	return atomic64_read(t->pool.backend.dma_used);
}

static void dma_addresses_run_out(struct kunit *test)
{
	const struct pool_backend_case *c = test->param_value;
	struct pddgpu_pool *pool = pool_start(test, c->flags);
	unsigned int num = dma_few(test, 16), i;
	struct ttm_tt **tts, *more;
	char line[80];

	tts = kunit_kcalloc(test, num, sizeof(*tts), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, tts);
	for (i = 0; i < num; i++)
		tts[i] = pool_get(test, 16, ttm_cached, TTM_TT_FLAG_ZERO_ALLOC);
	KUNIT_EXPECT_EQ(test, dma_used(test), num * 16 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, atomic_read(&pool->backend.dma_told), 0);
	snprintf(line, sizeof(line), "\ndma_addresses: used %llu of %llu bytes\n", dma_used(test),
		 pool->backend.dma_limit);
	KUNIT_EXPECT_NOT_NULL(test, strstr(pool_dump(test), line));

	more = pool_tt(test, 1, ttm_cached, 0);
	KUNIT_EXPECT_EQ(test, pddgpu_pool_alloc(pool, more, &pool_ctx), -ENOMEM);
	KUNIT_EXPECT_EQ(test, atomic_read(&pool->backend.dma_told), 1);
	KUNIT_EXPECT_EQ(test, dma_used(test), num * 16 * PAGE_SIZE);

	pool_put(test, tts[0]);
	KUNIT_EXPECT_EQ(test, pddgpu_pool_alloc(pool, more, &pool_ctx), 0);
	KUNIT_EXPECT_LE(test, dma_used(test), pool->backend.dma_limit);
	pool_put(test, more);
	for (i = 1; i < num; i++)
		pool_put(test, tts[i]);
	pool_stop(test);
	KUNIT_EXPECT_EQ(test, dma_used(test), 0);
}

/* The last of its chunks has none */
static void dma_addresses_are_given_back_by_failure(struct kunit *test)
{
	const struct pool_backend_case *c = test->param_value;
	struct pddgpu_pool *pool = pool_start(test, c->flags);
	unsigned int num = dma_few(test, 16);
	struct ttm_tt *tt = pool_tt(test, 16 * num + 1, ttm_write_combined, 0);

	KUNIT_EXPECT_EQ(test, pddgpu_pool_alloc(pool, tt, &pool_ctx), -ENOMEM);
	KUNIT_EXPECT_EQ(test, dma_used(test), 0);
	KUNIT_EXPECT_EQ(test, pool_free_pages(pool), 0);

	tt = pool_get(test, 16 * num, ttm_write_combined, 0);
	KUNIT_EXPECT_EQ(test, dma_used(test), 16 * num * PAGE_SIZE);
	pool_put(test, tt);
}

/* What is free has addresses, too, where they come with memory */
static void dma_addresses_of_free_blocks_are_used(struct kunit *test)
{
	struct pddgpu_pool *pool = pool_start(test, PDDGPU_POOL_DMA_ALLOC);
	unsigned int num = dma_few(test, POOL_BLOCK);

	pool_put(test, pool_get(test, num * POOL_BLOCK, ttm_cached, 0));
	KUNIT_EXPECT_EQ(test, pool_free_pages(pool), num * POOL_BLOCK);
	pool_put(test, pool_get(test, POOL_BLOCK + 1, ttm_write_combined, 0));
	KUNIT_EXPECT_EQ(test, pool_free_pages(pool), num * POOL_BLOCK);
	KUNIT_EXPECT_EQ(test, dma_used(test), num * POOL_BLOCK * PAGE_SIZE);
}

static int pool_test_init(struct kunit *test)
{
	struct pool_test *t;

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	t->kunit = pddgpu_kunit_alloc(test);
	t->max_order = PDDGPU_POOL_MAX_ORDER;
	t->countdown = -1;
	xa_init(&t->attrs);
	test->priv = t;
	return 0;
}

static void pool_test_exit(struct kunit *test)
{
	struct pool_test *t = test->priv;

	if (!t)
		return;

	pool_stop(test);
	pddgpu_pool_set_limit(-1);
	xa_destroy(&t->attrs);
}

static struct kunit_case pool_tests[] = {
	KUNIT_CASE(init_bad_arguments_return_einval),
	KUNIT_CASE(largest_orders_come_first),
	KUNIT_CASE(small_orders_do_when_large_ones_are_gone),
	KUNIT_CASE(chunks_are_no_larger_than_a_mapping),
	KUNIT_CASE(only_worthwhile_orders_reclaim),
	KUNIT_CASE(retry_mayfail_is_for_single_pages),
	KUNIT_CASE(dma32_asks_for_low_pages),
	KUNIT_CASE(uncached_needs_mapped_pages),
	KUNIT_CASE(freed_chunks_are_reused),
	KUNIT_CASE(small_buffers_share_a_block),
	KUNIT_CASE(small_cached_buffers_share_a_block),
	KUNIT_CASE(whole_blocks_stay_whole),
	KUNIT_CASE(only_whole_blocks_go_back),
	KUNIT_CASE(contents_keep_halves_apart),
	KUNIT_CASE(mixed_blocks_go_back),
	KUNIT_CASE(small_mixed_blocks_stay_small),
	KUNIT_CASE(fragmented_memory_is_not_fought),
	KUNIT_CASE(caching_modes_are_kept_apart),
	KUNIT_CASE(zeroes_are_for_who_asks),
	KUNIT_CASE(new_pages_are_zeroed_by_the_system),
	KUNIT_CASE(clean_chunks_serve_who_needs_zeroes),
	KUNIT_CASE(cleaner_cleans_by_cpu),
	KUNIT_CASE(cleaner_cleans_by_device),
	KUNIT_CASE(cleaner_survives_failure),
	KUNIT_CASE(cleaner_repairs_what_the_device_left),
	KUNIT_CASE(cleaner_cleans_no_more_than_was_used),
	KUNIT_CASE(cleaner_is_in_nobodys_way),
	KUNIT_CASE(cleaner_keeps_the_limit),
	KUNIT_CASE(cleaner_works_in_the_background),
	KUNIT_CASE(magazines_keep_what_was_freed_last),
	KUNIT_CASE(magazines_serve_who_needs_zeroes_last),
	KUNIT_CASE(magazines_have_an_end),
	KUNIT_CASE(magazines_are_filled_by_carving),
	KUNIT_CASE(magazines_give_back_runs),
	KUNIT_CASE(magazines_leave_mixed_blocks_mixed),
	KUNIT_CASE(magazines_have_nothing_fresh),
	KUNIT_CASE(magazines_are_cleaned),
	KUNIT_CASE(magazines_of_clean_chunks_have_an_end),
	KUNIT_CASE(magazines_are_emptied_before_the_system_is_asked),
	KUNIT_CASE(magazines_are_emptied),
	KUNIT_CASE(magazines_are_emptied_at_any_time),
	KUNIT_CASE(limit_frees_the_excess_only),
	KUNIT_CASE(limit_frees_no_more_than_a_block),
	KUNIT_CASE(limit_leaves_some_slack),
	KUNIT_CASE(limit_takes_effect_when_written),
	KUNIT_CASE(limit_is_shared_by_pools),
	KUNIT_CASE(foreign_page_is_refused),
	KUNIT_CASE(shrinker_gives_pages_back),
	KUNIT_CASE(empty_gives_everything_back),
	KUNIT_CASE(shrinker_survives_failure),
	KUNIT_CASE(stuck_chunks_are_not_reused),
	KUNIT_CASE(undo_that_fails_keeps_pages),
	KUNIT_CASE(partial_failure_changes_nothing),
	KUNIT_CASE(exhausted_system_returns_enomem),
	KUNIT_CASE(signal_interrupts_if_allowed),
	KUNIT_CASE(bad_tt_returns_einval),
	KUNIT_CASE_PARAM(backend_round_trip, pool_backend_gen_params),
	KUNIT_CASE(dump_adds_up),
	KUNIT_CASE(churn_leaks_nothing),
	KUNIT_CASE_PARAM(dma_addresses_run_out, pool_backend_gen_params),
	KUNIT_CASE_PARAM(dma_addresses_are_given_back_by_failure, pool_backend_gen_params),
	KUNIT_CASE(dma_addresses_of_free_blocks_are_used),
	{}
};

static struct kunit_suite pool_suite = {
	.name = "pddgpu_pool",
	.init = pool_test_init,
	.exit = pool_test_exit,
	.test_cases = pool_tests,
};

kunit_test_suite(pool_suite);
