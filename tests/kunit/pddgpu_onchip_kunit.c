// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/test.h>
#include <linux/bitfield.h>
#include <linux/sizes.h>

#include <uapi/drm/pddgpu_drm.h>

#include "../../pddgpu_onchip.h"
#include "../../pddgpu_res_cursor.h"
#include "pddgpu_kunit_helpers.h"

#define ONCHIP_GDS_PAGES	8
#define ONCHIP_OA_PAGES		3

struct onchip_test {
	struct pddgpu_kunit *kunit;
	struct pddgpu_onchip onchip;
};

static struct ttm_resource_manager *onchip_man(struct kunit *test, u32 heap)
{
	struct onchip_test *t = test->priv;

	return pddgpu_onchip_manager(&t->onchip, heap);
}

static int onchip_alloc(struct kunit *test, u32 heap, u64 pages, struct ttm_resource **res)
{
	const struct ttm_place place = { .mem_type = PDDGPU_PL_ONCHIP(heap) };

	return pddgpu_kunit_place_alloc(test, onchip_man(test, heap), pages * SZ_4K, 0, &place,
					res);
}

static void onchip_expect_window(struct kunit *test, struct ttm_resource *res, u32 base, u32 pages)
{
	u32 window = pddgpu_onchip_window(res);

	KUNIT_EXPECT_EQ(test, FIELD_GET(PDDGPU_ONCHIP_WINDOW_BASE, window), base);
	KUNIT_EXPECT_EQ(test, FIELD_GET(PDDGPU_ONCHIP_WINDOW_PAGES, window), pages);
}

static void domains_name_heaps(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, pddgpu_onchip_heap_of(DRM_PDDGPU_DOMAIN_GDS), PDDGPU_ONCHIP_GDS);
	KUNIT_EXPECT_EQ(test, pddgpu_onchip_heap_of(DRM_PDDGPU_DOMAIN_GWS), PDDGPU_ONCHIP_GWS);
	KUNIT_EXPECT_EQ(test, pddgpu_onchip_heap_of(DRM_PDDGPU_DOMAIN_OA), PDDGPU_ONCHIP_OA);
	KUNIT_EXPECT_EQ(test, pddgpu_onchip_heap_of(DRM_PDDGPU_DOMAIN_VRAM |
						    DRM_PDDGPU_DOMAIN_GTT), PDDGPU_NUM_ONCHIP);
	KUNIT_EXPECT_EQ(test, pddgpu_onchip_heap_of(0), PDDGPU_NUM_ONCHIP);
}

static void a_missing_heap_has_no_manager(struct kunit *test)
{
	struct onchip_test *t = test->priv;

	KUNIT_EXPECT_NULL(test, onchip_man(test, PDDGPU_ONCHIP_GWS));
	KUNIT_EXPECT_EQ(test, pddgpu_onchip_size(&t->onchip, PDDGPU_ONCHIP_GWS), 0);
	KUNIT_EXPECT_EQ(test, pddgpu_onchip_usage(&t->onchip, PDDGPU_ONCHIP_GWS), 0);
	KUNIT_EXPECT_EQ(test, pddgpu_onchip_size(&t->onchip, PDDGPU_ONCHIP_OA),
			ONCHIP_OA_PAGES * SZ_4K);
}

/* Two that adjoin, and the second is where the first ends */
static void windows_and_addresses_agree(struct kunit *test)
{
	struct ttm_resource *one, *two;

	KUNIT_ASSERT_EQ(test, onchip_alloc(test, PDDGPU_ONCHIP_GDS, 3, &one), 0);
	KUNIT_ASSERT_EQ(test, onchip_alloc(test, PDDGPU_ONCHIP_GDS, 5, &two), 0);
	onchip_expect_window(test, one, one->start, 3);
	onchip_expect_window(test, two, two->start, 5);
	KUNIT_EXPECT_EQ(test, one->start + two->start, one->start ? 5 : 3);
	KUNIT_EXPECT_EQ(test, pddgpu_onchip_addr(one),
			PDDGPU_ONCHIP_START(PDDGPU_ONCHIP_GDS) + one->start * SZ_4K);
	KUNIT_EXPECT_TRUE(test, pddgpu_onchip_holds(one));
	pddgpu_kunit_place_free(onchip_man(test, PDDGPU_ONCHIP_GDS), one);
	pddgpu_kunit_place_free(onchip_man(test, PDDGPU_ONCHIP_GDS), two);
}

static void heaps_have_addresses_of_their_own(struct kunit *test)
{
	struct ttm_resource *gds, *oa;

	KUNIT_ASSERT_EQ(test, onchip_alloc(test, PDDGPU_ONCHIP_GDS, ONCHIP_GDS_PAGES, &gds), 0);
	KUNIT_ASSERT_EQ(test, onchip_alloc(test, PDDGPU_ONCHIP_OA, ONCHIP_OA_PAGES, &oa), 0);
	KUNIT_EXPECT_EQ(test, pddgpu_onchip_addr(gds), PDDGPU_ONCHIP_START(PDDGPU_ONCHIP_GDS));
	KUNIT_EXPECT_EQ(test, pddgpu_onchip_addr(oa), PDDGPU_ONCHIP_START(PDDGPU_ONCHIP_OA));
	onchip_expect_window(test, oa, 0, ONCHIP_OA_PAGES);
	pddgpu_kunit_place_free(onchip_man(test, PDDGPU_ONCHIP_GDS), gds);
	pddgpu_kunit_place_free(onchip_man(test, PDDGPU_ONCHIP_OA), oa);
}

static void a_full_heap_returns_enospc(struct kunit *test)
{
	struct onchip_test *t = test->priv;
	struct ttm_resource *res, *none;

	KUNIT_ASSERT_EQ(test, onchip_alloc(test, PDDGPU_ONCHIP_OA, 2, &res), 0);
	KUNIT_EXPECT_EQ(test, onchip_alloc(test, PDDGPU_ONCHIP_OA, 2, &none), -ENOSPC);
	KUNIT_EXPECT_EQ(test, pddgpu_onchip_usage(&t->onchip, PDDGPU_ONCHIP_OA), 2 * SZ_4K);
	KUNIT_EXPECT_EQ(test, pddgpu_onchip_usage(&t->onchip, PDDGPU_ONCHIP_GDS), 0);
	pddgpu_kunit_place_free(onchip_man(test, PDDGPU_ONCHIP_OA), res);
	KUNIT_EXPECT_EQ(test, pddgpu_onchip_usage(&t->onchip, PDDGPU_ONCHIP_OA), 0);
}

/* A buffer in a heap is one run, wherever the walk begins. */
static void cursor_walks_a_heap(struct kunit *test)
{
	struct ttm_resource *before, *res;
	struct pddgpu_res_cursor cur;
	u64 addr;

	KUNIT_ASSERT_EQ(test, onchip_alloc(test, PDDGPU_ONCHIP_GDS, 1, &before), 0);
	KUNIT_ASSERT_EQ(test, onchip_alloc(test, PDDGPU_ONCHIP_GDS, 4, &res), 0);
	addr = pddgpu_onchip_addr(res);
	KUNIT_EXPECT_TRUE(test, pddgpu_res_on_card(res));

	pddgpu_res_first(res, NULL, 0, 4 * SZ_4K, &cur);
	KUNIT_EXPECT_FALSE(test, cur.system);
	KUNIT_EXPECT_EQ(test, cur.addr, addr);
	KUNIT_EXPECT_EQ(test, cur.size, 4 * SZ_4K);

	pddgpu_res_first(res, NULL, SZ_4K + 8, SZ_4K, &cur);
	KUNIT_EXPECT_EQ(test, cur.addr, addr + SZ_4K + 8);
	KUNIT_EXPECT_EQ(test, cur.size, SZ_4K);
	pddgpu_res_next(&cur, 100);
	KUNIT_EXPECT_EQ(test, cur.addr, addr + SZ_4K + 108);
	KUNIT_EXPECT_EQ(test, cur.remaining, SZ_4K - 100);
	pddgpu_res_next(&cur, SZ_4K - 100);
	KUNIT_EXPECT_EQ(test, cur.remaining, 0);

	pddgpu_kunit_place_free(onchip_man(test, PDDGPU_ONCHIP_GDS), before);
	pddgpu_kunit_place_free(onchip_man(test, PDDGPU_ONCHIP_GDS), res);
}

static int onchip_init(struct kunit *test)
{
	struct onchip_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->kunit = pddgpu_kunit_alloc(test);
	t->onchip.pages[PDDGPU_ONCHIP_GDS] = ONCHIP_GDS_PAGES;
	t->onchip.pages[PDDGPU_ONCHIP_OA] = ONCHIP_OA_PAGES;
	KUNIT_ASSERT_EQ(test, pddgpu_onchip_init(&t->onchip, &t->kunit->ttm), 0);
	test->priv = t;

	return 0;
}

static void onchip_exit(struct kunit *test)
{
	struct onchip_test *t = test->priv;

	if (!t)
		return;
	pddgpu_kunit_place_free_all(onchip_man(test, PDDGPU_ONCHIP_GDS));
	pddgpu_onchip_fini(&t->onchip);
}

static struct kunit_case onchip_cases[] = {
	KUNIT_CASE(domains_name_heaps),
	KUNIT_CASE(a_missing_heap_has_no_manager),
	KUNIT_CASE(windows_and_addresses_agree),
	KUNIT_CASE(heaps_have_addresses_of_their_own),
	KUNIT_CASE(a_full_heap_returns_enospc),
	KUNIT_CASE(cursor_walks_a_heap),
	{}
};

static struct kunit_suite onchip_suite = {
	.name = "pddgpu_onchip",
	.init = onchip_init,
	.exit = onchip_exit,
	.test_cases = onchip_cases,
};

kunit_test_suite(onchip_suite);
