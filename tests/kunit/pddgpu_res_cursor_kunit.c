// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/test.h>
#include <linux/minmax.h>
#include <linux/sizes.h>

#include <drm/ttm/ttm_tt.h>

#include "../../pddgpu_res_cursor.h"
#include "../../pddgpu_vram_mgr.h"
#include "pddgpu_kunit_helpers.h"

#define CURSOR_VRAM	SZ_4M
#define CURSOR_PAGES	256

struct cursor_test {
	struct pddgpu_kunit *kunit;
	struct pddgpu_vram_mgr mgr;
	struct ttm_resource *vram;
	struct ttm_resource gtt;
	struct ttm_tt tt;
	/* Where each page of the buffer is, worked out without the cursor */
	u64 expected[CURSOR_PAGES];
	u32 num_pages;
};

static u64 cursor_expected(struct cursor_test *t, u64 offset)
{
	return t->expected[offset >> PAGE_SHIFT] + offset_in_page(offset);
}

/* The run goes on as far as the memory does */
static u64 cursor_expected_run(struct cursor_test *t, u64 offset, u64 remaining)
{
	u64 run = PAGE_SIZE - offset_in_page(offset);

	while (run < remaining &&
	       cursor_expected(t, offset + run) == cursor_expected(t, offset) + run)
		run += PAGE_SIZE;

	return min(run, remaining);
}

static void cursor_check(struct kunit *test, struct pddgpu_res_cursor *cur, u64 offset,
			 u64 remaining)
{
	struct cursor_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, cur->offset, offset);
	KUNIT_EXPECT_EQ(test, cur->remaining, remaining);
	KUNIT_EXPECT_EQ(test, cur->addr, cursor_expected(t, offset));
	KUNIT_EXPECT_EQ(test, cur->size, cursor_expected_run(t, offset, remaining));
}

static void cursor_start(struct cursor_test *t, u64 start, u64 size, struct pddgpu_res_cursor *cur)
{
	pddgpu_res_first(t->vram ?: &t->gtt, t->vram ? NULL : &t->tt, start, size, cur);
}

/* Run by run from @start on */
static void cursor_walk(struct kunit *test, u64 start, u64 size)
{
	struct cursor_test *t = test->priv;
	struct pddgpu_res_cursor cur;
	u64 done = 0;

	cursor_start(t, start, size, &cur);
	KUNIT_EXPECT_EQ(test, cur.system, !t->vram);
	while (cur.remaining) {
		cursor_check(test, &cur, start + done, size - done);
		KUNIT_ASSERT_GT(test, cur.size, 0);
		KUNIT_ASSERT_LE(test, done + cur.size, size);
		done += cur.size;
		pddgpu_res_next(&cur, cur.size);
	}
	KUNIT_EXPECT_EQ(test, done, size);
}

static void cursor_reserve(struct kunit *test, u32 first, u32 end)
{
	struct cursor_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, pddgpu_vram_mgr_reserve(&t->mgr, first * SZ_4K,
						      (end - first) * SZ_4K), 0);
}

/* A buffer of all free pages of a fragmented VRAM: runs of 1, 2 and many pages */
static void cursor_make_vram(struct kunit *test)
{
	static const struct { u32 first, num; } free[] = {
		{ 1, 1 }, { 3, 2 }, { 7, 2 }, { 13, 7 }, { 63, 66 }, { 500, 24 },
	};
	struct ttm_place place = { .mem_type = TTM_PL_VRAM };
	struct cursor_test *t = test->priv;
	struct gpu_buddy_block *block;
	u32 next = 0, i, j;

	for (i = 0; i < ARRAY_SIZE(free); i++) {
		cursor_reserve(test, next, free[i].first);
		next = free[i].first + free[i].num;
		t->num_pages += free[i].num;
	}
	cursor_reserve(test, next, CURSOR_VRAM / SZ_4K);
	KUNIT_ASSERT_EQ(test, pddgpu_kunit_place_alloc(test, &t->mgr.base, t->num_pages * SZ_4K, 0,
						       &place, &t->vram), 0);
	/* The runs, and no two of them touch */
	KUNIT_EXPECT_EQ(test, pddgpu_vram_resource_num_blocks(t->vram), ARRAY_SIZE(free));

	i = 0;
	list_for_each_entry(block, &to_pddgpu_vram_resource(t->vram)->blocks, link)
		for (j = 0; j < pddgpu_vram_block_size(block) / SZ_4K; j++)
			t->expected[i++] = gpu_buddy_block_offset(block) + j * SZ_4K;
	KUNIT_ASSERT_EQ(test, i, t->num_pages);
}

/* Runs of 1 to 4 pages, upwards and backwards */
static void cursor_make_system(struct kunit *test)
{
	struct cursor_test *t = test->priv;
	u32 i;

	t->num_pages = CURSOR_PAGES;
	t->gtt.mem_type = TTM_PL_TT;
	t->tt.num_pages = CURSOR_PAGES;
	t->tt.dma_address = kunit_kcalloc(test, CURSOR_PAGES, sizeof(dma_addr_t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->tt.dma_address);
	for (i = 0; i < CURSOR_PAGES; i++) {
		/* A quarter downwards, then a quarter each in runs of 2, 3 and 4 */
		u32 run = i / (1 + i / 64);

		t->expected[i] = i < 64 ? SZ_1G - i * SZ_4K : SZ_1G + (u64)(run * 100 + i) * SZ_4K;
		t->tt.dma_address[i] = t->expected[i];
	}
}

struct cursor_case {
	const char *desc;
	void (*make)(struct kunit *test);
};

static const struct cursor_case cursor_cases[] = {
	{ "vram", cursor_make_vram },
	{ "system", cursor_make_system },
};

KUNIT_ARRAY_PARAM_DESC(cursor, cursor_cases, desc);

static u64 cursor_make(struct kunit *test)
{
	const struct cursor_case *c = test->param_value;
	struct cursor_test *t = test->priv;

	c->make(test);
	return t->num_pages * SZ_4K;
}

static void whole_buffer(struct kunit *test)
{
	u64 size = cursor_make(test);

	cursor_walk(test, 0, size);
}

static void single_bytes(struct kunit *test)
{
	u64 size = cursor_make(test);

	cursor_walk(test, 0, 1);
	cursor_walk(test, size - 1, 1);
	cursor_walk(test, SZ_4K - 1, 1);
	cursor_walk(test, SZ_4K - 1, 2);
	cursor_walk(test, 5 * SZ_4K + 17, 1);
}

static void each_page_to_the_end(struct kunit *test)
{
	u64 size = cursor_make(test), start;

	for (start = 0; start < size; start += SZ_4K) {
		cursor_walk(test, start, size - start);
		cursor_walk(test, start, SZ_4K);
	}
}

static void random_ranges(struct kunit *test)
{
	u64 size = cursor_make(test);
	struct rnd_state rnd;
	unsigned int i;

	pddgpu_kunit_seed(test, &rnd);
	for (i = 0; i < 2000; i++) {
		u64 start = prandom_u32_state(&rnd) % size;

		cursor_walk(test, start, 1 + prandom_u32_state(&rnd) % (size - start));
	}
}

/* Steps shorter than the runs, as whoever has a smaller window takes */
static void random_steps(struct kunit *test)
{
	u64 size = cursor_make(test), done, step;
	struct cursor_test *t = test->priv;
	struct pddgpu_res_cursor cur;
	struct rnd_state rnd;
	unsigned int i;

	pddgpu_kunit_seed(test, &rnd);
	for (i = 0; i < 100; i++) {
		done = 0;
		cursor_start(t, 0, size, &cur);
		while (cur.remaining) {
			cursor_check(test, &cur, done, size - done);
			KUNIT_ASSERT_GT(test, cur.size, 0);
			step = min(cur.size, 1ULL + prandom_u32_state(&rnd) % SZ_64K);
			done += step;
			pddgpu_res_next(&cur, step);
		}
		KUNIT_EXPECT_EQ(test, done, size);
	}
}

static int cursor_test_init(struct kunit *test)
{
	struct cursor_test *t;

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	t->kunit = pddgpu_kunit_alloc(test);
	KUNIT_ASSERT_EQ(test, pddgpu_vram_mgr_init(&t->mgr, &t->kunit->ttm, CURSOR_VRAM, 0), 0);
	test->priv = t;
	return 0;
}

static void cursor_test_exit(struct kunit *test)
{
	struct cursor_test *t = test->priv;

	if (!t)
		return;

	pddgpu_kunit_place_free_all(&t->mgr.base);
	pddgpu_vram_mgr_fini(&t->mgr, &t->kunit->ttm);
}

static struct kunit_case cursor_tests[] = {
	KUNIT_CASE_PARAM(whole_buffer, cursor_gen_params),
	KUNIT_CASE_PARAM(single_bytes, cursor_gen_params),
	KUNIT_CASE_PARAM(each_page_to_the_end, cursor_gen_params),
	KUNIT_CASE_PARAM(random_ranges, cursor_gen_params),
	KUNIT_CASE_PARAM(random_steps, cursor_gen_params),
	{}
};

static struct kunit_suite cursor_suite = {
	.name = "pddgpu_res_cursor",
	.init = cursor_test_init,
	.exit = cursor_test_exit,
	.test_cases = cursor_tests,
};

kunit_test_suite(cursor_suite);
