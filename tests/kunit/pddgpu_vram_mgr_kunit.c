// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/bitmap.h>
#include <linux/sizes.h>

#include "../../pddgpu_vram_mgr.h"
#include "pddgpu_kunit_helpers.h"

#define VRAM_SIZE	SZ_64M
/* In the middle of a 2 MiB block, so that regions are not made of large ones alone */
#define VRAM_VISIBLE	(SZ_16M + SZ_1M + SZ_4K)
#define VRAM_PAGES	(VRAM_SIZE / SZ_4K)

struct vram_test {
	struct pddgpu_kunit *kunit;
	struct pddgpu_vram_mgr mgr;
	struct ttm_resource *held[VRAM_PAGES];
	/* That VRAM is made of when nothing of it is used */
	unsigned int num_blocks;
	/* For the stub: how many calls succeed before one fails, and how it fails */
	unsigned int good_calls;
	int err;
};

static u64 vram_avail(struct vram_test *t)
{
	return t->mgr.regions[PDDGPU_VRAM_VISIBLE].mm.avail +
	       t->mgr.regions[PDDGPU_VRAM_INVISIBLE].mm.avail;
}

static int vram_try(struct kunit *test, u64 size, u64 align, u64 start, u64 end, u32 flags,
		    struct ttm_resource **res)
{
	struct ttm_place place = {
		.fpfn = start >> PAGE_SHIFT,
		.lpfn = end >> PAGE_SHIFT,
		.mem_type = TTM_PL_VRAM,
		.flags = flags,
	};
	struct vram_test *t = test->priv;

	return pddgpu_kunit_place_alloc(test, &t->mgr.base, size, align, &place, res);
}

static struct ttm_resource *vram_get(struct kunit *test, u64 size, u64 align, u64 start, u64 end,
				     u32 flags)
{
	struct ttm_resource *res = NULL;

	KUNIT_ASSERT_EQ(test, vram_try(test, size, align, start, end, flags, &res), 0);
	return res;
}

static void vram_put(struct kunit *test, struct ttm_resource *res)
{
	struct vram_test *t = test->priv;

	pddgpu_kunit_place_free(&t->mgr.base, res);
}

static struct gpu_buddy_block *vram_first(struct ttm_resource *res)
{
	return list_first_entry(&to_pddgpu_vram_resource(res)->blocks, struct gpu_buddy_block,
				link);
}

static u64 vram_start(struct ttm_resource *res)
{
	return gpu_buddy_block_offset(vram_first(res));
}

/* Take all of VRAM in pieces of @size: held[i] is the piece at i * @size */
static void vram_fill(struct kunit *test, u64 size)
{
	struct vram_test *t = test->priv;
	u64 i;

	for (i = 0; i < VRAM_SIZE / size; i++)
		t->held[i] = vram_get(test, size, 0, i * size, (i + 1) * size, 0);
}

static void vram_release(struct kunit *test, unsigned int i)
{
	struct vram_test *t = test->priv;

	vram_put(test, t->held[i]);
	t->held[i] = NULL;
}

static void vram_release_all(struct kunit *test)
{
	struct vram_test *t = test->priv;
	unsigned int i;

	for (i = 0; i < VRAM_PAGES; i++)
		if (t->held[i])
			vram_release(test, i);
}

/* The blocks that all of VRAM is made of, which is free */
static unsigned int vram_count_blocks(struct kunit *test)
{
	struct ttm_resource *res = vram_get(test, VRAM_SIZE, VRAM_SIZE, 0, 0,
					    TTM_PL_FLAG_CONTIGUOUS);
	unsigned int num = list_count_nodes(&to_pddgpu_vram_resource(res)->blocks);

	KUNIT_EXPECT_EQ(test, pddgpu_vram_resource_num_blocks(res), 1);
	vram_put(test, res);

	return num;
}

/* As after init: nothing counted, and blocks as large as they were */
static void vram_expect_pristine(struct kunit *test)
{
	struct vram_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, ttm_resource_manager_usage(&t->mgr.base), 0);
	KUNIT_EXPECT_EQ(test, vram_avail(t), VRAM_SIZE);
	KUNIT_EXPECT_EQ(test, pddgpu_vram_mgr_visible_used(&t->mgr), 0);
	KUNIT_EXPECT_EQ(test, vram_count_blocks(test), t->num_blocks);
}

static void exhaustion_returns_enospc(struct kunit *test)
{
	struct vram_test *t = test->priv;
	struct ttm_resource *res;

	vram_fill(test, SZ_1M);
	KUNIT_EXPECT_EQ(test, ttm_resource_manager_usage(&t->mgr.base), VRAM_SIZE);
	KUNIT_EXPECT_EQ(test, vram_avail(t), 0);
	KUNIT_EXPECT_EQ(test, vram_try(test, SZ_4K, 0, 0, 0, 0, &res), -ENOSPC);
	KUNIT_EXPECT_EQ(test, vram_try(test, SZ_4K, 0, 0, 0, TTM_PL_FLAG_CONTIGUOUS, &res),
			-ENOSPC);

	vram_release(test, 5);
	res = vram_get(test, SZ_1M, 0, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, vram_start(res), 5 * SZ_1M);
	vram_put(test, res);

	vram_release_all(test);
	vram_expect_pristine(test);
}

static void impossible_returns_e2big(struct kunit *test)
{
	struct ttm_resource *res;

	vram_fill(test, SZ_2M);
	KUNIT_EXPECT_EQ(test, vram_try(test, VRAM_SIZE + SZ_4K, 0, 0, 0, 0, &res), -E2BIG);
	KUNIT_EXPECT_EQ(test, vram_try(test, SZ_8K, 0, SZ_4K, SZ_8K, 0, &res), -E2BIG);
	KUNIT_EXPECT_EQ(test, vram_try(test, SZ_4K, 0, VRAM_SIZE, 0, 0, &res), -E2BIG);
	/* The range holds no aligned address that leaves room enough */
	KUNIT_EXPECT_EQ(test, vram_try(test, SZ_4K, SZ_2M, SZ_4K, SZ_2M, 0, &res), -E2BIG);
	vram_release_all(test);
	vram_expect_pristine(test);
}

static void odd_alignment_returns_einval(struct kunit *test)
{
	struct ttm_resource *res;

	KUNIT_EXPECT_EQ(test, vram_try(test, SZ_4K, 3 * SZ_4K, 0, 0, 0, &res), -EINVAL);
	KUNIT_EXPECT_EQ(test, vram_try(test, 0, 0, 0, 0, 0, &res), -EINVAL);
	vram_expect_pristine(test);
}

struct vram_range_case {
	const char *desc;
	u64 start, end, size, align;
	u32 flags;
};

static const struct vram_range_case vram_range_cases[] = {
	{ "first_page", 0, SZ_4K, SZ_4K },
	{ "last_page", VRAM_SIZE - SZ_4K, VRAM_SIZE, SZ_4K },
	{ "end_beyond_vram", VRAM_SIZE - SZ_4K, VRAM_SIZE + SZ_1M, SZ_4K },
	{ "no_end", VRAM_SIZE - SZ_8K, 0, SZ_8K },
	{ "whole_odd_range", 3 * SZ_4K, 10 * SZ_4K, 7 * SZ_4K },
	{ "whole_odd_range_aligned", SZ_8K, 5 * SZ_4K, 3 * SZ_4K, SZ_8K },
	{ "whole_large_range_off_2m", SZ_4K, SZ_4K + SZ_2M, SZ_2M },
	{ "inside_odd_range", 3 * SZ_4K, 10 * SZ_4K, 6 * SZ_4K },
	{ "inside_odd_range_aligned", 3 * SZ_4K, 12 * SZ_4K, 6 * SZ_4K, SZ_8K },
	{ "contiguous_inside_odd_range", 3 * SZ_4K, 10 * SZ_4K, 6 * SZ_4K, 0,
	  TTM_PL_FLAG_CONTIGUOUS },
	{ "contiguous_aligned_above_size", SZ_4K, SZ_8M, SZ_4K, SZ_2M, TTM_PL_FLAG_CONTIGUOUS },
	{ "contiguous_not_a_power_of_two", 0, 0, 5 * SZ_1M, SZ_64K, TTM_PL_FLAG_CONTIGUOUS },
	{ "contiguous_most_of_vram", 0, 0, 33 * SZ_1M, SZ_1M, TTM_PL_FLAG_CONTIGUOUS },
	{ "contiguous_topdown", 0, SZ_16M - SZ_4K, 5 * SZ_1M, 0,
	  TTM_PL_FLAG_CONTIGUOUS | TTM_PL_FLAG_TOPDOWN },
	{ "across_visible", VRAM_VISIBLE - SZ_8K, VRAM_VISIBLE + SZ_4K, 3 * SZ_4K },
	{ "tail", 0, 0, SZ_4M + SZ_4K },
	{ "tail_aligned", 0, 0, SZ_4M + 3 * SZ_4K, SZ_64K },
	{ "aligned_above_large", SZ_4K, 0, 3 * SZ_4M, SZ_4M },
	{ "topdown", 0, 0, SZ_1M + SZ_4K, 0, TTM_PL_FLAG_TOPDOWN },
};

KUNIT_ARRAY_PARAM_DESC(vram_range, vram_range_cases, desc);

/* Blocks inside the range, in buffer order, aligned in VRAM and in the buffer, no byte too many */
static void vram_check_blocks(struct kunit *test, struct ttm_resource *res,
			      const struct vram_range_case *c)
{
	u64 align = max_t(u64, c->align, SZ_4K), end = c->end ?: VRAM_SIZE, total = 0, run_end = 0;
	struct gpu_buddy_block *block;

	list_for_each_entry(block, &to_pddgpu_vram_resource(res)->blocks, link) {
		u64 offset = gpu_buddy_block_offset(block), size = pddgpu_vram_block_size(block);

		KUNIT_EXPECT_GE(test, offset, c->start);
		KUNIT_EXPECT_LE(test, offset + size, end);
		if (offset != run_end || !total) {
			KUNIT_EXPECT_TRUE(test, IS_ALIGNED(offset, align));
			KUNIT_EXPECT_TRUE(test, IS_ALIGNED(total, align));
		}
		run_end = offset + size;
		total += size;
	}
	KUNIT_EXPECT_EQ(test, total, c->size);
	KUNIT_EXPECT_EQ(test, (u64)res->start << PAGE_SHIFT, vram_start(res));
	if (c->flags & TTM_PL_FLAG_CONTIGUOUS)
		KUNIT_EXPECT_EQ(test, pddgpu_vram_resource_num_blocks(res), 1);
}

static void range_is_honoured(struct kunit *test)
{
	const struct vram_range_case *c = test->param_value;
	struct vram_test *t = test->priv;
	struct ttm_resource *res;

	res = vram_get(test, c->size, c->align, c->start, c->end, c->flags);
	vram_check_blocks(test, res, c);
	KUNIT_EXPECT_EQ(test, vram_avail(t), VRAM_SIZE - c->size);
	KUNIT_EXPECT_EQ(test, ttm_resource_manager_usage(&t->mgr.base), c->size);
	vram_put(test, res);
	vram_expect_pristine(test);
}

static void full_range_returns_enospc(struct kunit *test)
{
	struct ttm_resource *res, *next;

	res = vram_get(test, SZ_8K, 0, SZ_4K, 4 * SZ_4K, 0);
	next = vram_get(test, SZ_4K, 0, SZ_4K, 4 * SZ_4K, 0);
	KUNIT_EXPECT_EQ(test, vram_try(test, SZ_4K, 0, SZ_4K, 4 * SZ_4K, 0, &res), -ENOSPC);
	vram_put(test, res);
	vram_put(test, next);
	vram_expect_pristine(test);
}

/* Free neighbours that are no buddies add up to a run that the buddy allocator does not see */
static void contiguous_joins_neighbours(struct kunit *test)
{
	struct ttm_resource *res;

	vram_fill(test, SZ_1M);
	vram_release(test, 1);
	vram_release(test, 2);
	vram_release(test, 31);
	vram_release(test, 32);
	vram_release(test, 33);

	res = vram_get(test, SZ_2M, 0, 0, 0, TTM_PL_FLAG_CONTIGUOUS | TTM_PL_FLAG_TOPDOWN);
	KUNIT_EXPECT_EQ(test, vram_start(res), 32 * SZ_1M);
	vram_put(test, res);

	res = vram_get(test, 3 * SZ_1M, 0, 0, 0, TTM_PL_FLAG_CONTIGUOUS);
	KUNIT_EXPECT_EQ(test, vram_start(res), 31 * SZ_1M);
	KUNIT_EXPECT_EQ(test, pddgpu_vram_resource_num_blocks(res), 1);

	/* What is left is free, but no 2 MiB of it aligned to more than 1 MiB */
	KUNIT_EXPECT_EQ(test, vram_try(test, SZ_2M, SZ_2M, 0, 0, TTM_PL_FLAG_CONTIGUOUS, &res),
			-ENOSPC);
	vram_put(test, res);
	res = vram_get(test, SZ_2M, SZ_1M, 0, SZ_4M, TTM_PL_FLAG_CONTIGUOUS);
	KUNIT_EXPECT_EQ(test, vram_start(res), SZ_1M);
	vram_put(test, res);
	vram_release_all(test);
	vram_expect_pristine(test);
}

/* Every other page free: enough for a buffer in pieces, for no contiguous one */
static void fragments_serve_scattered_only(struct kunit *test)
{
	struct ttm_resource *res;
	unsigned int i;

	vram_fill(test, SZ_4K);
	for (i = 0; i < VRAM_PAGES; i += 2)
		vram_release(test, i);

	KUNIT_EXPECT_EQ(test, vram_try(test, SZ_8K, 0, 0, 0, TTM_PL_FLAG_CONTIGUOUS, &res),
			-ENOSPC);
	KUNIT_EXPECT_EQ(test, vram_try(test, SZ_8K, SZ_8K, SZ_4K, 0, 0, &res), -ENOSPC);
	res = vram_get(test, SZ_2M + SZ_4K, 0, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, pddgpu_vram_resource_num_blocks(res), SZ_2M / SZ_4K + 1);
	KUNIT_EXPECT_FALSE(test, res->placement & TTM_PL_FLAG_CONTIGUOUS);
	vram_put(test, res);
	vram_release_all(test);
	vram_expect_pristine(test);
}

/* Large blocks at multiples of 2 MiB in VRAM and in the buffer, as page tables want them */
static void large_blocks_come_first(struct kunit *test)
{
	struct gpu_buddy_block *block;
	struct ttm_resource *res;
	u64 large = 0, total = 0;

	vram_fill(test, SZ_1M);
	/* Two whole 2 MiB blocks, and ten of 1 MiB */
	vram_release(test, 50);
	vram_release(test, 51);
	vram_release(test, 40);
	vram_release(test, 41);
	for (unsigned int i = 13; i < 33; i += 2)
		vram_release(test, i);

	res = vram_get(test, SZ_4M + SZ_2M + SZ_4K, 0, 0, 0, 0);
	list_for_each_entry(block, &to_pddgpu_vram_resource(res)->blocks, link) {
		u64 size = pddgpu_vram_block_size(block);

		if (size >= SZ_2M) {
			KUNIT_EXPECT_TRUE(test, IS_ALIGNED(gpu_buddy_block_offset(block), SZ_2M));
			KUNIT_EXPECT_TRUE(test, IS_ALIGNED(total, SZ_2M));
			large += size;
		}
		total += size;
	}
	KUNIT_EXPECT_EQ(test, large, SZ_4M);
	vram_put(test, res);
	vram_release_all(test);
	vram_expect_pristine(test);
}

static void neighbours_are_kept_together(struct kunit *test)
{
	struct ttm_resource *res;

	vram_fill(test, SZ_4K);
	vram_release(test, 1);
	vram_release(test, 2);
	vram_release(test, 3);

	res = vram_get(test, 3 * SZ_4K, 0, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, vram_start(res), SZ_4K);
	KUNIT_EXPECT_EQ(test, pddgpu_vram_resource_num_blocks(res), 1);
	/* One piece by luck is as good as one by demand */
	KUNIT_EXPECT_TRUE(test, res->placement & TTM_PL_FLAG_CONTIGUOUS);
	vram_put(test, res);
	vram_release_all(test);
	vram_expect_pristine(test);
}

static void topdown_takes_the_top(struct kunit *test)
{
	struct ttm_resource *res;

	res = vram_get(test, SZ_4K, 0, 0, 0, TTM_PL_FLAG_TOPDOWN);
	KUNIT_EXPECT_EQ(test, vram_start(res), VRAM_SIZE - SZ_4K);
	vram_put(test, res);
	vram_expect_pristine(test);
}

/* One block of the invisible region; if none is free there, of the other */
static void contiguous_topdown_takes_the_top(struct kunit *test)
{
	const u32 flags = TTM_PL_FLAG_CONTIGUOUS | TTM_PL_FLAG_TOPDOWN;
	struct vram_test *t = test->priv;
	struct ttm_resource *res, *odd;

	res = vram_get(test, SZ_2M, 0, 0, 0, flags);
	KUNIT_EXPECT_EQ(test, vram_start(res), VRAM_SIZE - SZ_2M);
	/* Part of the highest block that holds it, of which the rest is free again */
	odd = vram_get(test, SZ_2M + SZ_1M, 0, 0, 0, flags);
	KUNIT_EXPECT_EQ(test, pddgpu_vram_resource_num_blocks(odd), 1);
	KUNIT_EXPECT_GE(test, vram_start(odd), VRAM_SIZE - SZ_8M);
	KUNIT_EXPECT_EQ(test, vram_avail(t), VRAM_SIZE - SZ_4M - SZ_1M);
	vram_put(test, odd);
	vram_put(test, res);

	t->held[0] = vram_get(test, VRAM_SIZE - VRAM_VISIBLE, 0, VRAM_VISIBLE, 0, 0);
	res = vram_get(test, SZ_1M, 0, 0, 0, flags);
	KUNIT_EXPECT_EQ(test, vram_start(res), SZ_16M);
	KUNIT_EXPECT_EQ(test, pddgpu_vram_mgr_visible_used(&t->mgr), SZ_1M);
	vram_put(test, res);
	vram_release_all(test);
	vram_expect_pristine(test);
}

/* The pages at the end of the one region and the start of the other, and one run lower down */
static void vram_fill_but_seam(struct kunit *test)
{
	vram_fill(test, SZ_1M);
	vram_release(test, 3);
	vram_release(test, 4);
	vram_release(test, 16);
	vram_release(test, 17);
	vram_release(test, 18);
}

/* A run that begins in one allocator and ends in the other is one piece all the same */
static void contiguous_topdown_joins_regions(struct kunit *test)
{
	const u32 flags = TTM_PL_FLAG_CONTIGUOUS | TTM_PL_FLAG_TOPDOWN;
	struct vram_test *t = test->priv;
	struct ttm_resource *res, *low;
	u64 visible;

	vram_fill_but_seam(test);
	visible = pddgpu_vram_mgr_visible_used(&t->mgr);
	low = vram_get(test, SZ_2M, 0, 0, 0, TTM_PL_FLAG_CONTIGUOUS);
	KUNIT_EXPECT_EQ(test, vram_start(low), 3 * SZ_1M);
	vram_put(test, low);

	res = vram_get(test, SZ_2M, 0, 0, 0, flags);
	KUNIT_EXPECT_EQ(test, vram_start(res), 17 * SZ_1M);
	KUNIT_EXPECT_EQ(test, pddgpu_vram_resource_num_blocks(res), 1);
	KUNIT_EXPECT_TRUE(test, res->placement & TTM_PL_FLAG_CONTIGUOUS);
	KUNIT_EXPECT_FALSE(test, pddgpu_vram_resource_is_visible(res));
	KUNIT_EXPECT_EQ(test, pddgpu_vram_mgr_visible_used(&t->mgr),
			visible + VRAM_VISIBLE - 17 * SZ_1M);
	/* Not higher than allowed */
	low = vram_get(test, SZ_2M, 0, 0, VRAM_VISIBLE, flags);
	KUNIT_EXPECT_EQ(test, vram_start(low), 3 * SZ_1M);
	vram_put(test, low);
	vram_put(test, res);
	vram_release_all(test);
	vram_expect_pristine(test);
}

static void visible_counts_parts_of_buffers(struct kunit *test)
{
	struct ttm_resource *below, *across, *above;
	struct vram_test *t = test->priv;

	across = vram_get(test, SZ_2M, 0, SZ_16M, SZ_16M + SZ_2M, 0);
	KUNIT_EXPECT_EQ(test, pddgpu_vram_mgr_visible_used(&t->mgr), SZ_1M + SZ_4K);
	KUNIT_EXPECT_FALSE(test, pddgpu_vram_resource_is_visible(across));

	below = vram_get(test, SZ_8K, 0, 0, SZ_16M, 0);
	KUNIT_EXPECT_EQ(test, pddgpu_vram_mgr_visible_used(&t->mgr), SZ_1M + SZ_4K + SZ_8K);
	KUNIT_EXPECT_TRUE(test, pddgpu_vram_resource_is_visible(below));

	above = vram_get(test, SZ_8K, 0, SZ_32M, 0, 0);
	KUNIT_EXPECT_EQ(test, pddgpu_vram_mgr_visible_used(&t->mgr), SZ_1M + SZ_4K + SZ_8K);
	KUNIT_EXPECT_FALSE(test, pddgpu_vram_resource_is_visible(above));

	vram_put(test, across);
	KUNIT_EXPECT_EQ(test, pddgpu_vram_mgr_visible_used(&t->mgr), SZ_8K);
	vram_put(test, below);
	vram_put(test, above);
	vram_expect_pristine(test);
}

/* What the CPU can reach is left to those who need it, until there is nothing else */
static void invisible_is_taken_first(struct kunit *test)
{
	u64 invisible = VRAM_SIZE - VRAM_VISIBLE;
	struct vram_test *t = test->priv;
	struct ttm_resource *res, *rest;

	res = vram_get(test, invisible - SZ_1M, 0, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, pddgpu_vram_mgr_visible_used(&t->mgr), 0);
	/* Room in one region is preferred to room in both ... */
	rest = vram_get(test, SZ_2M, 0, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, pddgpu_vram_mgr_visible_used(&t->mgr), SZ_2M);
	vram_put(test, rest);
	/* ... and if there is none, all of the invisible one is used, with no byte left over. */
	rest = vram_get(test, VRAM_VISIBLE + SZ_1M, 0, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, pddgpu_vram_mgr_visible_used(&t->mgr), VRAM_VISIBLE);
	KUNIT_EXPECT_EQ(test, vram_avail(t), 0);

	vram_put(test, rest);
	vram_put(test, res);
	vram_expect_pristine(test);
}

/* Large blocks of both regions before small ones of either */
static void spanning_buffer_has_large_blocks(struct kunit *test)
{
	struct gpu_buddy_block *block;
	struct vram_test *t = test->priv;
	struct ttm_resource *res;
	u64 large = 0;

	/* 8 MiB left in the invisible region, one of them in pieces of 1 MiB at most */
	t->held[0] = vram_get(test, VRAM_SIZE - SZ_32M, 0, SZ_32M, 0, 0);
	t->held[1] = vram_get(test, SZ_4M + SZ_1M, 0, SZ_16M + SZ_2M, SZ_16M + SZ_8M - SZ_1M, 0);

	res = vram_get(test, SZ_16M + SZ_4M, 0, 0, 0, 0);
	list_for_each_entry(block, &to_pddgpu_vram_resource(res)->blocks, link)
		if (pddgpu_vram_block_size(block) >= SZ_2M)
			large += pddgpu_vram_block_size(block);
	KUNIT_EXPECT_EQ(test, large, SZ_16M + SZ_4M);

	vram_put(test, res);
	vram_release_all(test);
	vram_expect_pristine(test);
}

static void reserve_bad_range_returns_einval(struct kunit *test)
{
	struct vram_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, pddgpu_vram_mgr_reserve(&t->mgr, SZ_2K, SZ_4K), -EINVAL);
	KUNIT_EXPECT_EQ(test, pddgpu_vram_mgr_reserve(&t->mgr, SZ_4K, SZ_2K), -EINVAL);
	KUNIT_EXPECT_EQ(test, pddgpu_vram_mgr_reserve(&t->mgr, SZ_4K, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, pddgpu_vram_mgr_reserve(&t->mgr, VRAM_SIZE, SZ_4K), -EINVAL);
	KUNIT_EXPECT_EQ(test, pddgpu_vram_mgr_reserve(&t->mgr, SZ_4K, VRAM_SIZE), -EINVAL);
	/* Whose end wraps round to 0 */
	KUNIT_EXPECT_EQ(test, pddgpu_vram_mgr_reserve(&t->mgr, SZ_4K, -(u64)SZ_4K), -EINVAL);
	vram_expect_pristine(test);
}

static void reserve_overlapping_returns_ebusy(struct kunit *test)
{
	struct vram_test *t = test->priv;
	struct ttm_resource *res;

	res = vram_get(test, SZ_4K, 0, SZ_1M, SZ_1M + SZ_4K, 0);
	KUNIT_EXPECT_EQ(test, pddgpu_vram_mgr_reserve(&t->mgr, 0, SZ_2M), -EBUSY);
	KUNIT_EXPECT_EQ(test, vram_avail(t), VRAM_SIZE - SZ_4K);
	KUNIT_EXPECT_EQ(test, t->mgr.reserved_size, 0);
	KUNIT_EXPECT_EQ(test, pddgpu_vram_mgr_visible_used(&t->mgr), SZ_4K);
	vram_put(test, res);
	vram_expect_pristine(test);

	KUNIT_EXPECT_EQ(test, pddgpu_vram_mgr_reserve(&t->mgr, SZ_1M, SZ_8K), 0);
	KUNIT_EXPECT_EQ(test, pddgpu_vram_mgr_reserve(&t->mgr, SZ_1M + SZ_4K, SZ_8K), -EBUSY);
	KUNIT_EXPECT_EQ(test, t->mgr.reserved_size, SZ_8K);
}

static void reserved_is_never_handed_out(struct kunit *test)
{
	u64 start = VRAM_VISIBLE - SZ_4K;
	struct vram_test *t = test->priv;
	struct ttm_resource *low, *high, *res;

	KUNIT_ASSERT_EQ(test, pddgpu_vram_mgr_reserve(&t->mgr, start, SZ_8K), 0);
	KUNIT_EXPECT_EQ(test, pddgpu_vram_mgr_visible_used(&t->mgr), 0);

	low = vram_get(test, start, 0, 0, start, 0);
	high = vram_get(test, VRAM_SIZE - start - SZ_8K, 0, start + SZ_8K, 0, 0);
	KUNIT_EXPECT_EQ(test, vram_try(test, SZ_4K, 0, 0, 0, 0, &res), -ENOSPC);
	KUNIT_EXPECT_EQ(test, vram_try(test, SZ_4K, 0, start, start + SZ_4K, 0, &res), -ENOSPC);
	KUNIT_EXPECT_EQ(test, pddgpu_vram_mgr_visible_used(&t->mgr), VRAM_VISIBLE - SZ_4K);
	vram_put(test, low);
	vram_put(test, high);
	KUNIT_EXPECT_EQ(test, vram_avail(t), VRAM_SIZE - SZ_8K);
	KUNIT_EXPECT_EQ(test, pddgpu_vram_mgr_visible_used(&t->mgr), 0);
}

static int vram_failing_buddy_alloc(struct gpu_buddy *mm, u64 start, u64 end, u64 size,
				    u64 min_block, struct list_head *blocks, unsigned long flags)
{
	struct vram_test *t = kunit_get_current_test()->priv;

	if (!t->good_calls)
		return t->err;
	t->good_calls--;

	return gpu_buddy_alloc_blocks(mm, start, end, size, min_block, blocks, flags);
}

static void failures_leave_nothing_behind(struct kunit *test)
{
	struct vram_test *t = test->priv;
	struct ttm_resource *res = NULL;

	kunit_activate_static_stub(test, pddgpu_vram_mgr_buddy_alloc, vram_failing_buddy_alloc);

	for (t->err = -ENOMEM; t->err; t->err = t->err == -ENOMEM ? -ENOSPC : 0) {
		/* 2 MiB in large blocks works, the tail does not */
		for (unsigned int calls = 0; calls < 2; calls++) {
			t->good_calls = calls;
			KUNIT_EXPECT_EQ(test, vram_try(test, SZ_2M + SZ_4K, 0, 0, 0, 0, &res),
					t->err);
			KUNIT_EXPECT_NULL(test, res);
			KUNIT_EXPECT_EQ(test, vram_avail(t), VRAM_SIZE);
		}
		t->good_calls = 0;
		KUNIT_EXPECT_EQ(test, vram_try(test, SZ_2M, 0, 0, 0, TTM_PL_FLAG_CONTIGUOUS, &res),
				t->err);
		KUNIT_EXPECT_EQ(test, pddgpu_vram_mgr_reserve(&t->mgr, 0, SZ_4K),
				t->err == -ENOSPC ? -EBUSY : t->err);
		KUNIT_EXPECT_EQ(test, t->mgr.reserved_size, 0);
	}

	kunit_deactivate_static_stub(test, pddgpu_vram_mgr_buddy_alloc);
	vram_expect_pristine(test);
}

/* The first region gives its part of a run, and the second one does not */
static void half_a_run_is_given_back(struct kunit *test)
{
	struct vram_test *t = test->priv;
	struct ttm_resource *res = NULL;
	u64 avail, visible;
	unsigned int calls;
	int err;

	vram_fill_but_seam(test);
	avail = vram_avail(t);
	visible = pddgpu_vram_mgr_visible_used(&t->mgr);
	kunit_activate_static_stub(test, pddgpu_vram_mgr_buddy_alloc, vram_failing_buddy_alloc);
	t->err = -ENOMEM;
	for (calls = 0; ; calls++) {
		t->good_calls = calls;
		err = vram_try(test, 3 * SZ_1M, 0, 0, 0,
			       TTM_PL_FLAG_CONTIGUOUS | TTM_PL_FLAG_TOPDOWN, &res);
		if (!err)
			break;
		KUNIT_ASSERT_EQ(test, err, -ENOMEM);
		KUNIT_EXPECT_EQ(test, vram_avail(t), avail);
		KUNIT_EXPECT_EQ(test, pddgpu_vram_mgr_visible_used(&t->mgr), visible);
	}
	/* For a block of the visible region, and then a part of each */
	KUNIT_EXPECT_EQ(test, calls, 3);
	KUNIT_EXPECT_EQ(test, vram_start(res), SZ_16M);
	kunit_deactivate_static_stub(test, pddgpu_vram_mgr_buddy_alloc);
	vram_put(test, res);
	vram_release_all(test);
	vram_expect_pristine(test);
}

static void place_is_compared_by_block(struct kunit *test)
{
	struct ttm_place place = { .mem_type = TTM_PL_VRAM, .fpfn = 0, .lpfn = 0 };
	struct vram_test *t = test->priv;
	struct ttm_resource_manager *man = &t->mgr.base;
	struct ttm_resource *res;

	/* Two pages with a hole of one between them */
	vram_fill(test, SZ_4K);
	vram_release(test, 10);
	vram_release(test, 12);
	res = vram_get(test, SZ_8K, 0, 0, 0, 0);

	KUNIT_EXPECT_TRUE(test, man->func->intersects(man, res, &place, SZ_4K));
	KUNIT_EXPECT_TRUE(test, man->func->compatible(man, res, &place, SZ_8K));
	place.flags = TTM_PL_FLAG_CONTIGUOUS;
	KUNIT_EXPECT_FALSE(test, man->func->compatible(man, res, &place, SZ_8K));
	place = (struct ttm_place) { .fpfn = 11, .lpfn = 12 };
	KUNIT_EXPECT_FALSE(test, man->func->intersects(man, res, &place, SZ_4K));
	place = (struct ttm_place) { .fpfn = 12 };
	KUNIT_EXPECT_TRUE(test, man->func->intersects(man, res, &place, SZ_4K));
	KUNIT_EXPECT_FALSE(test, man->func->compatible(man, res, &place, SZ_8K));
	place = (struct ttm_place) { .fpfn = 13 };
	KUNIT_EXPECT_FALSE(test, man->func->intersects(man, res, &place, SZ_4K));
	place = (struct ttm_place) { .lpfn = 10 };
	KUNIT_EXPECT_FALSE(test, man->func->intersects(man, res, &place, SZ_4K));
	place = (struct ttm_place) { .fpfn = 10, .lpfn = 13 };
	KUNIT_EXPECT_TRUE(test, man->func->compatible(man, res, &place, SZ_8K));
	place = (struct ttm_place) { .fpfn = 10, .lpfn = 12 };
	KUNIT_EXPECT_FALSE(test, man->func->compatible(man, res, &place, SZ_8K));

	vram_put(test, res);
	vram_release_all(test);
	vram_expect_pristine(test);
}

static void debug_dump_adds_up(struct kunit *test)
{
	struct vram_test *t = test->priv;
	struct ttm_resource_manager *man = &t->mgr.base;

	KUNIT_EXPECT_EQ(test, pddgpu_kunit_debug_value(test, man, "fragmentation_permille"), 0);
	KUNIT_EXPECT_EQ(test, pddgpu_kunit_debug_value(test, man, "free_blocks_32768k"), 1);

	vram_fill(test, SZ_1M);
	vram_release(test, 1);
	vram_release(test, 2);
	vram_release(test, 3);
	vram_release(test, 60);

	KUNIT_EXPECT_EQ(test, pddgpu_kunit_debug_value(test, man, "used"), 60 * SZ_1M);
	KUNIT_EXPECT_EQ(test, pddgpu_kunit_debug_value(test, man, "usage"), 60 * SZ_1M);
	KUNIT_EXPECT_EQ(test, pddgpu_kunit_debug_value(test, man, "free"), SZ_4M);
	KUNIT_EXPECT_EQ(test, pddgpu_kunit_debug_value(test, man, "free_blocks_1024k"), 2);
	KUNIT_EXPECT_EQ(test, pddgpu_kunit_debug_value(test, man, "free_blocks_2048k"), 1);
	KUNIT_EXPECT_EQ(test, pddgpu_kunit_debug_value(test, man, "largest_free_block"), SZ_2M);
	KUNIT_EXPECT_EQ(test, pddgpu_kunit_debug_value(test, man, "largest_free_run"), 3 * SZ_1M);
	KUNIT_EXPECT_EQ(test, pddgpu_kunit_debug_value(test, man, "fragmentation_permille"), 250);
	KUNIT_EXPECT_EQ(test, pddgpu_kunit_debug_value(test, man, "visible_used"),
			VRAM_VISIBLE - 3 * SZ_1M);
	KUNIT_EXPECT_EQ(test, pddgpu_kunit_debug_value(test, man, "reserved"), 0);
	KUNIT_ASSERT_EQ(test, pddgpu_vram_mgr_reserve(&t->mgr, SZ_1M, SZ_1M), 0);
	KUNIT_EXPECT_EQ(test, pddgpu_kunit_debug_value(test, man, "reserved"), SZ_1M);
	KUNIT_EXPECT_EQ(test, pddgpu_kunit_debug_value(test, man, "used"), 60 * SZ_1M);

	vram_release_all(test);
}

static const struct pddgpu_map_block *vram_map_at(const struct pddgpu_map *map, u64 addr)
{
	const struct pddgpu_map_block *block = map->blocks;

	while (block->start + block->size <= addr)
		block++;

	return block;
}

static void map_names_every_state(struct kunit *test)
{
	struct vram_test *t = test->priv;
	struct pddgpu_map map;
	LIST_HEAD(cleaning);
	u64 pos = SZ_4M;

	t->held[0] = vram_get(test, SZ_64K, 0, 0, SZ_64K, 0);
	t->held[1] = vram_get(test, SZ_64K, 0, SZ_64K, SZ_128K, 0);
	t->held[1]->bo->pin_count = 1;
	KUNIT_ASSERT_EQ(test, pddgpu_vram_mgr_reserve(&t->mgr, SZ_1M, SZ_1M), 0);
	KUNIT_ASSERT_EQ(test, pddgpu_vram_mgr_take_dirty(&t->mgr, &pos, SZ_2M, &cleaning), SZ_2M);
	pddgpu_vram_mgr_put_cleaned(&t->mgr, &cleaning, true);
	KUNIT_ASSERT_EQ(test, pddgpu_vram_mgr_take_dirty(&t->mgr, &pos, SZ_1M, &cleaning), SZ_1M);

	pddgpu_kunit_map(test, &t->mgr.base, pddgpu_vram_mgr_map, &map);
	KUNIT_EXPECT_EQ(test, vram_map_at(&map, 0)->state, PDDGPU_MAP_USED);
	KUNIT_EXPECT_FALSE(test, vram_map_at(&map, 0)->pinned);
	KUNIT_EXPECT_EQ(test, vram_map_at(&map, SZ_64K)->state, PDDGPU_MAP_USED);
	KUNIT_EXPECT_TRUE(test, vram_map_at(&map, SZ_64K)->pinned);
	KUNIT_EXPECT_EQ(test, vram_map_at(&map, SZ_1M)->state, PDDGPU_MAP_RESERVED);
	KUNIT_EXPECT_TRUE(test, vram_map_at(&map, SZ_1M)->pinned);
	KUNIT_EXPECT_EQ(test, vram_map_at(&map, SZ_4M)->state, PDDGPU_MAP_FREE);
	KUNIT_EXPECT_TRUE(test, vram_map_at(&map, SZ_4M)->clear);
	KUNIT_EXPECT_EQ(test, vram_map_at(&map, SZ_4M + SZ_2M)->state, PDDGPU_MAP_CLEANING);
	KUNIT_EXPECT_EQ(test, vram_map_at(&map, SZ_32M)->state, PDDGPU_MAP_FREE);
	KUNIT_EXPECT_FALSE(test, vram_map_at(&map, SZ_32M)->clear);
	KUNIT_EXPECT_TRUE(test, vram_map_at(&map, SZ_32M)->dirty);
	pddgpu_map_free(&map);

	pddgpu_vram_mgr_put_cleaned(&t->mgr, &cleaning, false);
	vram_release_all(test);
}

/* More blocks than there is room for at first */
static void map_of_many_blocks_is_whole(struct kunit *test)
{
	struct vram_test *t = test->priv;
	struct pddgpu_map map;

	vram_fill(test, SZ_4K);
	pddgpu_kunit_map(test, &t->mgr.base, pddgpu_vram_mgr_map, &map);
	KUNIT_EXPECT_EQ(test, map.count, VRAM_PAGES);
	KUNIT_EXPECT_EQ(test, map.used, VRAM_SIZE);
	pddgpu_map_free(&map);
	vram_release_all(test);
}

/* A size of several powers of two, so that the allocator has several trees */
static void odd_size_is_used_up(struct kunit *test)
{
	u64 size = SZ_16M + SZ_2M + 3 * SZ_4K;
	struct vram_test *t = test->priv;
	struct ttm_resource *res, *rest;

	pddgpu_vram_mgr_fini(&t->mgr, &t->kunit->ttm);
	memset(&t->mgr, 0, sizeof(t->mgr));
	KUNIT_ASSERT_EQ(test, pddgpu_vram_mgr_init(&t->mgr, &t->kunit->ttm, size, size), 0);

	res = vram_get(test, size, 0, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, pddgpu_vram_resource_num_blocks(res), 1);
	vram_put(test, res);
	/* Across the seam of two trees */
	res = vram_get(test, SZ_16M + SZ_4K, 0, 0, 0, TTM_PL_FLAG_CONTIGUOUS);
	KUNIT_EXPECT_EQ(test, vram_avail(t), SZ_2M + SZ_8K);
	rest = vram_get(test, SZ_2M + SZ_8K, 0, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, pddgpu_vram_mgr_visible_used(&t->mgr), size);
	vram_put(test, rest);
	vram_put(test, res);
	KUNIT_EXPECT_EQ(test, vram_avail(t), size);
}

static void init_bad_size_returns_einval(struct kunit *test)
{
	struct vram_test *t = test->priv;
	struct pddgpu_vram_mgr *mgr;

	mgr = kunit_kzalloc(test, sizeof(*mgr), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, mgr);
	KUNIT_EXPECT_EQ(test, pddgpu_vram_mgr_init(mgr, &t->kunit->ttm, 0, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, pddgpu_vram_mgr_init(mgr, &t->kunit->ttm, SZ_2K, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, pddgpu_vram_mgr_init(mgr, &t->kunit->ttm, SZ_4K, SZ_8K), -EINVAL);
	KUNIT_EXPECT_EQ(test, pddgpu_vram_mgr_init(mgr, &t->kunit->ttm, SZ_4K, SZ_2K), -EINVAL);
	KUNIT_EXPECT_PTR_EQ(test, ttm_manager_type(&t->kunit->ttm, TTM_PL_VRAM), &t->mgr.base);
}

/* Claim the pages of a buffer, or give them up; none may have two owners */
static void vram_claim(struct kunit *test, unsigned long *owned, struct ttm_resource *res,
		       bool claim)
{
	struct gpu_buddy_block *block;

	list_for_each_entry(block, &to_pddgpu_vram_resource(res)->blocks, link) {
		unsigned int first = gpu_buddy_block_offset(block) / SZ_4K;
		unsigned int num = pddgpu_vram_block_size(block) / SZ_4K;

		if (claim) {
			KUNIT_EXPECT_EQ(test, find_next_bit(owned, first + num, first),
					first + num);
			bitmap_set(owned, first, num);
		} else {
			bitmap_clear(owned, first, num);
		}
	}
}

/* 4 KiB to 4 MiB, as many small ones as large ones */
static u64 vram_random_size(struct rnd_state *rnd)
{
	u32 max = 1 << (prandom_u32_state(rnd) % 11);

	return (1 + prandom_u32_state(rnd) % max) * SZ_4K;
}

static void churn_keeps_count(struct kunit *test)
{
	static const u32 flags[] = { 0, TTM_PL_FLAG_CONTIGUOUS, TTM_PL_FLAG_TOPDOWN };
	struct vram_test *t = test->priv;
	unsigned int failed = 0, step;
	struct pddgpu_map map;
	unsigned long *owned;
	struct rnd_state rnd;

	owned = kunit_kcalloc(test, BITS_TO_LONGS(VRAM_PAGES), sizeof(long), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, owned);
	pddgpu_kunit_seed(test, &rnd);

	for (step = 0; step < pddgpu_kunit_steps(20000); step++) {
		unsigned int slot = prandom_u32_state(&rnd) % 128;
		struct vram_range_case c = { .align = SZ_4K << (prandom_u32_state(&rnd) % 5) };
		int err;

		if (t->held[slot]) {
			vram_claim(test, owned, t->held[slot], false);
			vram_release(test, slot);
			continue;
		}
		c.size = vram_random_size(&rnd);
		c.flags = flags[prandom_u32_state(&rnd) % ARRAY_SIZE(flags)];
		if (prandom_u32_state(&rnd) & 1)
			c.end = VRAM_VISIBLE;
		err = vram_try(test, c.size, c.align, c.start, c.end, c.flags, &t->held[slot]);
		if (err) {
			KUNIT_EXPECT_EQ(test, err, -ENOSPC);
			failed++;
			continue;
		}
		vram_check_blocks(test, t->held[slot], &c);
		vram_claim(test, owned, t->held[slot], true);
		KUNIT_EXPECT_EQ(test, ttm_resource_manager_usage(&t->mgr.base),
				(u64)bitmap_weight(owned, VRAM_PAGES) * SZ_4K);
		KUNIT_EXPECT_EQ(test, pddgpu_vram_mgr_visible_used(&t->mgr),
				(u64)bitmap_weight(owned, VRAM_VISIBLE / SZ_4K) * SZ_4K);
		if (step % 64)
			continue;
		pddgpu_kunit_map(test, &t->mgr.base, pddgpu_vram_mgr_map, &map);
		KUNIT_EXPECT_EQ(test, map.used, (u64)bitmap_weight(owned, VRAM_PAGES) * SZ_4K);
		pddgpu_map_free(&map);
	}

	/* Neither idle nor stuck */
	KUNIT_EXPECT_GT(test, failed, 0);
	KUNIT_EXPECT_LT(test, failed, step / 4);
	vram_release_all(test);
	vram_expect_pristine(test);
}

static int vram_test_init(struct kunit *test)
{
	struct vram_test *t;

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	t->kunit = pddgpu_kunit_alloc(test);
	KUNIT_ASSERT_EQ(test, pddgpu_vram_mgr_init(&t->mgr, &t->kunit->ttm, VRAM_SIZE,
						   VRAM_VISIBLE), 0);
	test->priv = t;
	t->num_blocks = vram_count_blocks(test);
	return 0;
}

static void vram_test_exit(struct kunit *test)
{
	struct vram_test *t = test->priv;

	if (!t)
		return;

	pddgpu_kunit_place_free_all(&t->mgr.base);
	pddgpu_vram_mgr_fini(&t->mgr, &t->kunit->ttm);
	KUNIT_EXPECT_PTR_EQ(test, ttm_manager_type(&t->kunit->ttm, TTM_PL_VRAM), NULL);
}

static struct kunit_case vram_tests[] = {
	KUNIT_CASE(exhaustion_returns_enospc),
	KUNIT_CASE(impossible_returns_e2big),
	KUNIT_CASE(odd_alignment_returns_einval),
	KUNIT_CASE_PARAM(range_is_honoured, vram_range_gen_params),
	KUNIT_CASE(full_range_returns_enospc),
	KUNIT_CASE(contiguous_joins_neighbours),
	KUNIT_CASE(fragments_serve_scattered_only),
	KUNIT_CASE(large_blocks_come_first),
	KUNIT_CASE(neighbours_are_kept_together),
	KUNIT_CASE(topdown_takes_the_top),
	KUNIT_CASE(contiguous_topdown_takes_the_top),
	KUNIT_CASE(contiguous_topdown_joins_regions),
	KUNIT_CASE(visible_counts_parts_of_buffers),
	KUNIT_CASE(invisible_is_taken_first),
	KUNIT_CASE(spanning_buffer_has_large_blocks),
	KUNIT_CASE(reserve_bad_range_returns_einval),
	KUNIT_CASE(reserve_overlapping_returns_ebusy),
	KUNIT_CASE(reserved_is_never_handed_out),
	KUNIT_CASE(failures_leave_nothing_behind),
	KUNIT_CASE(half_a_run_is_given_back),
	KUNIT_CASE(place_is_compared_by_block),
	KUNIT_CASE(debug_dump_adds_up),
	KUNIT_CASE(map_names_every_state),
	KUNIT_CASE(map_of_many_blocks_is_whole),
	KUNIT_CASE(odd_size_is_used_up),
	KUNIT_CASE(init_bad_size_returns_einval),
	KUNIT_CASE(churn_keeps_count),
	{}
};

static struct kunit_suite vram_suite = {
	.name = "pddgpu_vram_mgr",
	.init = vram_test_init,
	.exit = vram_test_exit,
	.test_cases = vram_tests,
};

kunit_test_suite(vram_suite);
