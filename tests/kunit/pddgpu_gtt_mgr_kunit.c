// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/test.h>
#include <linux/sizes.h>

#include "../../pddgpu_gtt_mgr.h"
#include "pddgpu_kunit_helpers.h"

#define GTT_BUDGET	SZ_16M
/* The copy engine's windows are below the aperture that is handed out */
#define GTT_FIRST	64
#define GTT_PAGES	1024
#define GTT_END		(GTT_FIRST + GTT_PAGES)

struct gtt_test {
	struct pddgpu_kunit *kunit;
	struct pddgpu_gtt_mgr mgr;
	struct ttm_resource *held[GTT_PAGES];
};

static int gtt_try(struct kunit *test, u64 size, u64 align, unsigned int fpfn, unsigned int lpfn,
		   u32 flags, struct ttm_resource **res)
{
	struct ttm_place place = {
		.fpfn = fpfn,
		.lpfn = lpfn,
		.mem_type = TTM_PL_TT,
		.flags = flags,
	};
	struct gtt_test *t = test->priv;

	return pddgpu_kunit_place_alloc(test, &t->mgr.base, size, align, &place, res);
}

static struct ttm_resource *gtt_get(struct kunit *test, u64 size, u64 align, unsigned int fpfn,
				    unsigned int lpfn)
{
	struct ttm_resource *res = NULL;

	KUNIT_ASSERT_EQ(test, gtt_try(test, size, align, fpfn, lpfn, 0, &res), 0);
	return res;
}

static void gtt_put(struct kunit *test, struct ttm_resource *res)
{
	struct gtt_test *t = test->priv;

	pddgpu_kunit_place_free(&t->mgr.base, res);
}

static u64 gtt_used_pages(struct kunit *test)
{
	struct gtt_test *t = test->priv;

	return pddgpu_kunit_debug_value(test, &t->mgr.base, "aperture_used_pages");
}

static void gtt_expect_pristine(struct kunit *test)
{
	struct gtt_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, ttm_resource_manager_usage(&t->mgr.base), 0);
	KUNIT_EXPECT_EQ(test, gtt_used_pages(test), 0);
	KUNIT_EXPECT_EQ(test, pddgpu_kunit_debug_value(test, &t->mgr.base, "aperture_holes"), 1);
}

static void no_range_takes_no_address(struct kunit *test)
{
	struct gtt_test *t = test->priv;
	struct ttm_resource *res;

	res = gtt_get(test, SZ_8M, 0, 0, 0);
	KUNIT_EXPECT_FALSE(test, pddgpu_gtt_resource_has_addr(res));
	KUNIT_EXPECT_EQ(test, res->start, PDDGPU_GTT_NO_ADDR);
	KUNIT_EXPECT_EQ(test, gtt_used_pages(test), 0);
	KUNIT_EXPECT_EQ(test, ttm_resource_manager_usage(&t->mgr.base), SZ_8M);
	gtt_put(test, res);
	gtt_expect_pristine(test);
}

struct gtt_range_case {
	const char *desc;
	unsigned int fpfn, lpfn, pages, align_pages, start;
};

static const struct gtt_range_case gtt_range_cases[] = {
	{ "whole_aperture", 0, GTT_END, GTT_PAGES, 0, GTT_FIRST },
	{ "lpfn_beyond_the_end", 0, 1 << 20, GTT_PAGES, 0, GTT_FIRST },
	{ "first_page", GTT_FIRST, GTT_FIRST + 1, 1, 0, GTT_FIRST },
	{ "last_page", GTT_END - 1, GTT_END, 1, 0, GTT_END - 1 },
	{ "exact_range", 100, 107, 7, 0, 100 },
	{ "aligned", 65, GTT_END, 3, 64, 128 },
};

KUNIT_ARRAY_PARAM_DESC(gtt_range, gtt_range_cases, desc);

static void range_is_honoured(struct kunit *test)
{
	const struct gtt_range_case *c = test->param_value;
	struct ttm_resource *res;

	res = gtt_get(test, (u64)c->pages << PAGE_SHIFT, (u64)c->align_pages << PAGE_SHIFT,
		      c->fpfn, c->lpfn);
	KUNIT_EXPECT_TRUE(test, pddgpu_gtt_resource_has_addr(res));
	KUNIT_EXPECT_EQ(test, res->start, c->start);
	KUNIT_EXPECT_EQ(test, gtt_used_pages(test), c->pages);
	gtt_put(test, res);
	gtt_expect_pristine(test);
}

static void impossible_returns_e2big(struct kunit *test)
{
	struct ttm_resource *res;

	KUNIT_EXPECT_EQ(test, gtt_try(test, GTT_BUDGET + SZ_4K, 0, 0, 0, 0, &res), -E2BIG);
	KUNIT_EXPECT_EQ(test, gtt_try(test, (GTT_PAGES + 1) * SZ_4K, 0, 0, GTT_END, 0, &res),
			-E2BIG);
	KUNIT_EXPECT_EQ(test, gtt_try(test, SZ_8K, 0, 100, 101, 0, &res), -E2BIG);
	KUNIT_EXPECT_EQ(test, gtt_try(test, SZ_4K, 0, 0, GTT_FIRST, 0, &res), -E2BIG);
	KUNIT_EXPECT_EQ(test, gtt_try(test, SZ_4K, 0, GTT_END, GTT_END + 1, 0, &res), -E2BIG);
	gtt_expect_pristine(test);
}

static void budget_is_exact(struct kunit *test)
{
	struct ttm_resource *big, *last, *res = NULL;
	struct gtt_test *t = test->priv;

	big = gtt_get(test, GTT_BUDGET - SZ_4K, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, gtt_try(test, SZ_8K, 0, 0, 0, 0, &res), -ENOSPC);
	last = gtt_get(test, SZ_4K, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, ttm_resource_manager_usage(&t->mgr.base), GTT_BUDGET);
	KUNIT_EXPECT_EQ(test, gtt_try(test, SZ_4K, 0, 0, 0, 0, &res), -ENOSPC);
	KUNIT_EXPECT_EQ(test, gtt_try(test, SZ_4K, 0, 0, GTT_END, 0, &res), -ENOSPC);
	KUNIT_EXPECT_NULL(test, res);
	KUNIT_EXPECT_EQ(test, ttm_resource_manager_usage(&t->mgr.base), GTT_BUDGET);
	gtt_put(test, big);
	gtt_put(test, last);
	gtt_expect_pristine(test);
}

/* Or eviction could not get through GTT when GTT is full */
static void temporary_may_exceed_budget(struct kunit *test)
{
	struct ttm_resource *full, *hop;
	struct gtt_test *t = test->priv;

	full = gtt_get(test, GTT_BUDGET, 0, 0, 0);
	KUNIT_ASSERT_EQ(test, gtt_try(test, GTT_BUDGET + SZ_4K, 0, 0, 0, TTM_PL_FLAG_TEMPORARY,
				      &hop), 0);
	KUNIT_EXPECT_EQ(test, ttm_resource_manager_usage(&t->mgr.base), 2 * GTT_BUDGET + SZ_4K);
	gtt_put(test, hop);
	gtt_put(test, full);
	gtt_expect_pristine(test);
}

static void exhausted_aperture_returns_enospc(struct kunit *test)
{
	struct gtt_test *t = test->priv;
	struct ttm_resource *res = NULL;
	unsigned int i;

	for (i = 0; i < GTT_PAGES; i++)
		t->held[i] = gtt_get(test, SZ_4K, 0, 0, GTT_END);
	KUNIT_EXPECT_EQ(test, gtt_try(test, SZ_4K, 0, 0, GTT_END, 0, &res), -ENOSPC);
	KUNIT_EXPECT_NULL(test, res);
	KUNIT_EXPECT_EQ(test, ttm_resource_manager_usage(&t->mgr.base), GTT_PAGES * SZ_4K);

	/* Every other page: space, but in no piece of two */
	for (i = 0; i < GTT_PAGES; i += 2)
		gtt_put(test, t->held[i]);
	KUNIT_EXPECT_EQ(test, gtt_used_pages(test), GTT_PAGES / 2);
	KUNIT_EXPECT_EQ(test, gtt_try(test, SZ_8K, 0, 0, GTT_END, 0, &res), -ENOSPC);
	res = gtt_get(test, SZ_8K, 0, 0, 0);
	gtt_put(test, res);

	for (i = 1; i < GTT_PAGES; i += 2)
		gtt_put(test, t->held[i]);
	gtt_expect_pristine(test);
}

static void smallest_hole_is_used(struct kunit *test)
{
	struct ttm_resource *a, *b, *hole, *res;

	/* a at 64..73, a hole of 3 pages, b up to the last 50 pages */
	a = gtt_get(test, 10 * SZ_4K, 0, 64, 74);
	hole = gtt_get(test, 3 * SZ_4K, 0, 74, 77);
	b = gtt_get(test, (GTT_END - 50 - 77) * SZ_4K, 0, 77, GTT_END - 50);
	gtt_put(test, hole);

	res = gtt_get(test, SZ_8K, 0, 0, GTT_END);
	KUNIT_EXPECT_GE(test, res->start, 74);
	KUNIT_EXPECT_LT(test, res->start, 77);
	gtt_put(test, res);
	gtt_put(test, a);
	gtt_put(test, b);
	gtt_expect_pristine(test);
}

static void place_is_compared_by_address(struct kunit *test)
{
	struct ttm_place anywhere = { .mem_type = TTM_PL_TT };
	struct ttm_place range = { .fpfn = 100, .lpfn = 110 };
	struct gtt_test *t = test->priv;
	struct ttm_resource_manager *man = &t->mgr.base;
	struct ttm_resource *plain, *in, *across, *out;

	plain = gtt_get(test, SZ_4K, 0, 0, 0);
	in = gtt_get(test, SZ_8K, 0, 100, 102);
	across = gtt_get(test, SZ_8K, 0, 109, 111);
	out = gtt_get(test, SZ_8K, 0, 111, 113);

	KUNIT_EXPECT_TRUE(test, man->func->compatible(man, plain, &anywhere, SZ_4K));
	KUNIT_EXPECT_TRUE(test, man->func->compatible(man, in, &anywhere, SZ_8K));
	KUNIT_EXPECT_FALSE(test, man->func->compatible(man, plain, &range, SZ_4K));
	KUNIT_EXPECT_TRUE(test, man->func->compatible(man, in, &range, SZ_8K));
	KUNIT_EXPECT_FALSE(test, man->func->compatible(man, across, &range, SZ_8K));
	KUNIT_EXPECT_FALSE(test, man->func->compatible(man, out, &range, SZ_8K));

	KUNIT_EXPECT_TRUE(test, man->func->intersects(man, plain, &anywhere, SZ_4K));
	KUNIT_EXPECT_FALSE(test, man->func->intersects(man, plain, &range, SZ_4K));
	KUNIT_EXPECT_TRUE(test, man->func->intersects(man, in, &range, SZ_4K));
	KUNIT_EXPECT_TRUE(test, man->func->intersects(man, across, &range, SZ_4K));
	KUNIT_EXPECT_FALSE(test, man->func->intersects(man, out, &range, SZ_4K));
	/* When the budget is short, a buffer without an address is worth evicting too */
	KUNIT_EXPECT_TRUE(test, man->func->intersects(man, plain, &range, GTT_BUDGET));

	gtt_put(test, plain);
	gtt_put(test, in);
	gtt_put(test, across);
	gtt_put(test, out);
	gtt_expect_pristine(test);
}

static void init_bad_size_returns_einval(struct kunit *test)
{
	struct gtt_test *t = test->priv;
	struct pddgpu_gtt_mgr *mgr;

	mgr = kunit_kzalloc(test, sizeof(*mgr), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, mgr);
	KUNIT_EXPECT_EQ(test, pddgpu_gtt_mgr_init(mgr, &t->kunit->ttm, 0, 0, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, pddgpu_gtt_mgr_init(mgr, &t->kunit->ttm, SZ_4K, 0, 0), -EINVAL);
	KUNIT_EXPECT_PTR_EQ(test, ttm_manager_type(&t->kunit->ttm, TTM_PL_TT), &t->mgr.base);
}

static void churn_keeps_count(struct kunit *test)
{
	struct gtt_test *t = test->priv;
	u64 usage = 0, pages = 0;
	unsigned int failed = 0, step;
	struct pddgpu_map map;
	struct rnd_state rnd;

	pddgpu_kunit_seed(test, &rnd);
	for (step = 0; step < pddgpu_kunit_steps(10000); step++) {
		struct ttm_resource **res = &t->held[prandom_u32_state(&rnd) % 128];
		u32 num = 1 + prandom_u32_state(&rnd) % 64;
		bool addr = prandom_u32_state(&rnd) & 1;
		int err;

		if (*res) {
			usage -= (*res)->size;
			if (pddgpu_gtt_resource_has_addr(*res))
				pages -= (*res)->size >> PAGE_SHIFT;
			gtt_put(test, *res);
			*res = NULL;
			continue;
		}
		err = gtt_try(test, num * SZ_4K, SZ_4K << prandom_u32_state(&rnd) % 4, 0,
			      addr ? GTT_END : 0, 0, res);
		if (err) {
			KUNIT_EXPECT_EQ(test, err, -ENOSPC);
			failed++;
			continue;
		}
		usage += num * SZ_4K;
		pages += addr ? num : 0;
		KUNIT_EXPECT_EQ(test, ttm_resource_manager_usage(&t->mgr.base), usage);
		if (step % 64)
			continue;
		pddgpu_kunit_map(test, &t->mgr.base, pddgpu_gtt_mgr_map, &map);
		KUNIT_EXPECT_EQ(test, map.used, pages * SZ_4K);
		pddgpu_map_free(&map);
	}

	KUNIT_EXPECT_EQ(test, gtt_used_pages(test), pages);
	/* Neither idle nor stuck */
	KUNIT_EXPECT_GT(test, failed, 0);
	KUNIT_EXPECT_LT(test, failed, step / 2);
	for (step = 0; step < 128; step++)
		if (t->held[step])
			gtt_put(test, t->held[step]);
	gtt_expect_pristine(test);
}

static int gtt_test_init(struct kunit *test)
{
	struct gtt_test *t;

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	t->kunit = pddgpu_kunit_alloc(test);
	KUNIT_ASSERT_EQ(test, pddgpu_gtt_mgr_init(&t->mgr, &t->kunit->ttm, GTT_BUDGET, GTT_FIRST,
						  GTT_PAGES), 0);
	test->priv = t;
	return 0;
}

static void gtt_test_exit(struct kunit *test)
{
	struct gtt_test *t = test->priv;

	if (!t)
		return;

	pddgpu_kunit_place_free_all(&t->mgr.base);
	pddgpu_gtt_mgr_fini(&t->mgr, &t->kunit->ttm);
	KUNIT_EXPECT_PTR_EQ(test, ttm_manager_type(&t->kunit->ttm, TTM_PL_TT), NULL);
}

static struct kunit_case gtt_tests[] = {
	KUNIT_CASE(no_range_takes_no_address),
	KUNIT_CASE_PARAM(range_is_honoured, gtt_range_gen_params),
	KUNIT_CASE(impossible_returns_e2big),
	KUNIT_CASE(budget_is_exact),
	KUNIT_CASE(temporary_may_exceed_budget),
	KUNIT_CASE(exhausted_aperture_returns_enospc),
	KUNIT_CASE(smallest_hole_is_used),
	KUNIT_CASE(place_is_compared_by_address),
	KUNIT_CASE(init_bad_size_returns_einval),
	KUNIT_CASE(churn_keeps_count),
	{}
};

static struct kunit_suite gtt_suite = {
	.name = "pddgpu_gtt_mgr",
	.init = gtt_test_init,
	.exit = gtt_test_exit,
	.test_cases = gtt_tests,
};

kunit_test_suite(gtt_suite);
