// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "../../pddgpu_vram_mgr.h"
#include "pddgpu_kunit_helpers.h"

#define VRAM_SIZE	SZ_32M
#define VRAM_VISIBLE	SZ_8M

/* A card that clears when it is told to, one job at a time */
struct clean_test {
	struct pddgpu_kunit *kunit;
	struct pddgpu_vram_mgr mgr;
	/* The job: its fence, a reference, and what it was given */
	struct dma_fence *fence;
	struct dma_fence *after;
	atomic_t *claim;
	u64 bytes;
	unsigned int jobs;
	/* What pddgpu_vram_clear_fn returns instead of a fence, unless 0 */
	int err;
	struct delayed_work finish;
};

static DEFINE_SPINLOCK(clean_fence_lock);

static const char *clean_fence_name(struct dma_fence *fence)
{
	return "kunit";
}

static const struct dma_fence_ops clean_fence_ops = {
	.get_driver_name = clean_fence_name,
	.get_timeline_name = clean_fence_name,
};

static struct dma_fence *clean_new_fence(void)
{
	struct dma_fence *fence = kzalloc(sizeof(*fence), GFP_KERNEL);

	if (fence)
		dma_fence_init(fence, &clean_fence_ops, &clean_fence_lock,
			       dma_fence_context_alloc(1), 1);

	return fence;
}

static struct dma_fence *clean_blocks(struct pddgpu_vram_mgr *mgr, struct list_head *blocks,
				      struct dma_fence *after, atomic_t *claim)
{
	struct clean_test *t = container_of(mgr, struct clean_test, mgr);
	struct gpu_buddy_block *block;

	if (t->err)
		return ERR_PTR(t->err);

	t->bytes = 0;
	list_for_each_entry(block, blocks, link)
		t->bytes += pddgpu_vram_block_size(block);
	t->after = after;
	t->claim = claim;
	t->fence = clean_new_fence();
	if (!t->fence)
		return ERR_PTR(-ENOMEM);
	WRITE_ONCE(t->jobs, t->jobs + 1);

	return dma_fence_get(t->fence);
}

/* The job begins.  Returns whether it may. */
static bool clean_claim(struct clean_test *t)
{
	return !atomic_xchg(t->claim, 1);
}

/* The job ends.  The worker may have begun the next before this returns. */
static void clean_signal(struct clean_test *t, int err)
{
	struct dma_fence *fence = t->fence;

	t->fence = NULL;
	if (err)
		dma_fence_set_error(fence, err);
	dma_fence_signal(fence);
	dma_fence_put(fence);
}

/* Waits for the worker, who has nobody else to wait for */
static void clean_wait_for_job(struct kunit *test, unsigned int jobs)
{
	struct clean_test *t = test->priv;

	for (int ms = 0; ms < 30000 && READ_ONCE(t->jobs) < jobs; ms++)
		fsleep(USEC_PER_MSEC);
	KUNIT_ASSERT_EQ(test, READ_ONCE(t->jobs), jobs);
	/* It has the lock until it knows of the job. */
	mutex_lock(&t->mgr.cleaner.lock);
	mutex_unlock(&t->mgr.cleaner.lock);
}

static u64 clean_bytes(struct kunit *test, const char *key)
{
	struct clean_test *t = test->priv;

	return pddgpu_kunit_debug_value(test, &t->mgr.base, key);
}

static void clean_all(struct kunit *test)
{
	struct clean_test *t = test->priv;

	for (unsigned int jobs = 1; clean_bytes(test, "free_clear") < VRAM_SIZE; jobs++) {
		clean_wait_for_job(test, jobs);
		KUNIT_EXPECT_TRUE(test, clean_claim(t));
		clean_signal(t, 0);
		flush_delayed_work(&t->mgr.cleaner.work);
	}
}

static struct ttm_resource *clean_get(struct kunit *test, u64 size)
{
	struct ttm_place place = { .mem_type = TTM_PL_VRAM };
	struct clean_test *t = test->priv;
	struct ttm_resource *res = NULL;

	KUNIT_ASSERT_EQ(test, pddgpu_kunit_place_alloc(test, &t->mgr.base, size, 0, &place, &res),
			0);
	return res;
}

static void clean_put(struct kunit *test, struct ttm_resource *res)
{
	struct clean_test *t = test->priv;

	pddgpu_kunit_place_free(&t->mgr.base, res);
}

static u64 clean_clear_bytes(struct ttm_resource *res)
{
	struct gpu_buddy_block *block;
	u64 bytes = 0;

	list_for_each_entry(block, &to_pddgpu_vram_resource(res)->blocks, link)
		if (gpu_buddy_block_is_clear(block))
			bytes += pddgpu_vram_block_size(block);

	return bytes;
}

static void free_memory_becomes_clear(struct kunit *test)
{
	struct clean_test *t = test->priv;
	struct ttm_resource *res;
	unsigned int jobs;

	pddgpu_vram_start_cleaning(&t->mgr, clean_blocks);
	clean_all(test);
	KUNIT_EXPECT_EQ(test, clean_bytes(test, "free"), VRAM_SIZE);
	KUNIT_EXPECT_EQ(test, clean_bytes(test, "cleaned"), VRAM_SIZE);
	KUNIT_EXPECT_EQ(test, clean_bytes(test, "cleaning"), 0);
	/* Pieces of some MiB have grown together again. */
	KUNIT_EXPECT_EQ(test, clean_bytes(test, "largest_free_block"), SZ_16M);
	KUNIT_EXPECT_LE(test, t->bytes, SZ_8M);

	res = clean_get(test, SZ_4M);
	KUNIT_EXPECT_EQ(test, clean_clear_bytes(res), SZ_4M);
	jobs = t->jobs;
	clean_put(test, res);
	/* What somebody had is not clear any more, and is made so again. */
	clean_wait_for_job(test, jobs + 1);
	KUNIT_EXPECT_EQ(test, t->bytes, SZ_4M);
	KUNIT_EXPECT_EQ(test, clean_bytes(test, "free_clear"), VRAM_SIZE - SZ_4M);
	KUNIT_EXPECT_EQ(test, clean_bytes(test, "used"), 0);
}

/* Clear blocks for who wants zeroes, as long as there are any */
static void new_buffer_gets_clear_blocks(struct kunit *test)
{
	struct clean_test *t = test->priv;
	struct ttm_resource *dirty, *res;

	pddgpu_vram_start_cleaning(&t->mgr, clean_blocks);
	clean_all(test);
	t->err = -EIO;
	dirty = clean_get(test, SZ_8M);
	clean_put(test, dirty);

	res = clean_get(test, SZ_16M);
	KUNIT_EXPECT_EQ(test, clean_clear_bytes(res), SZ_16M);
	dirty = clean_get(test, SZ_16M);
	KUNIT_EXPECT_EQ(test, clean_clear_bytes(dirty), SZ_8M);
	clean_put(test, dirty);
	clean_put(test, res);
}

static void failed_clear_is_dirty(struct kunit *test)
{
	struct clean_test *t = test->priv;

	pddgpu_vram_start_cleaning(&t->mgr, clean_blocks);
	clean_wait_for_job(test, 1);
	KUNIT_EXPECT_TRUE(test, clean_claim(t));
	clean_signal(t, -EIO);
	clean_wait_for_job(test, 2);
	KUNIT_EXPECT_EQ(test, clean_bytes(test, "free_clear"), 0);
	KUNIT_EXPECT_EQ(test, clean_bytes(test, "cleaned"), 0);
}

/* All of VRAM can be had at any time, and a job that was given up does not touch it. */
static void job_in_the_queue_is_given_up(struct kunit *test)
{
	struct clean_test *t = test->priv;
	struct ttm_resource *res;

	pddgpu_vram_start_cleaning(&t->mgr, clean_blocks);
	clean_wait_for_job(test, 1);
	KUNIT_EXPECT_EQ(test, clean_bytes(test, "cleaning"), t->bytes);

	res = clean_get(test, VRAM_SIZE);
	KUNIT_EXPECT_FALSE(test, clean_claim(t));
	KUNIT_EXPECT_EQ(test, clean_bytes(test, "cleaning"), 0);
	clean_put(test, res);

	/* As long as it is in the queue there is no other, for which it might be taken. */
	fsleep(50 * USEC_PER_MSEC);
	KUNIT_EXPECT_EQ(test, t->jobs, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(t->claim), 1);
	clean_signal(t, -ECANCELED);
	clean_wait_for_job(test, 2);
	KUNIT_EXPECT_EQ(test, clean_bytes(test, "free_clear"), 0);
}

static void clean_finish(struct work_struct *work)
{
	clean_signal(container_of(work, struct clean_test, finish.work), 0);
}

/* ... and who needs the memory waits for one that has begun. */
static void job_that_runs_is_waited_for(struct kunit *test)
{
	struct clean_test *t = test->priv;
	struct dma_fence *fence;
	struct ttm_resource *res;
	u64 bytes;

	pddgpu_vram_start_cleaning(&t->mgr, clean_blocks);
	clean_wait_for_job(test, 1);
	bytes = t->bytes;
	fence = dma_fence_get(t->fence);
	KUNIT_EXPECT_TRUE(test, clean_claim(t));
	schedule_delayed_work(&t->finish, msecs_to_jiffies(20));

	res = clean_get(test, VRAM_SIZE);
	KUNIT_EXPECT_TRUE(test, dma_fence_is_signaled(fence));
	/* Its work was not for nothing. */
	KUNIT_EXPECT_EQ(test, clean_clear_bytes(res), bytes);
	flush_delayed_work(&t->finish);
	dma_fence_put(fence);
	clean_put(test, res);
}

/* A move that reads the memory, and has yet to run */
static void clear_comes_after_moves(struct kunit *test)
{
	struct clean_test *t = test->priv;
	struct dma_fence *move = clean_new_fence();

	KUNIT_ASSERT_NOT_NULL(test, move);
	t->mgr.base.move = move;
	pddgpu_vram_start_cleaning(&t->mgr, clean_blocks);
	clean_wait_for_job(test, 1);
	KUNIT_EXPECT_PTR_EQ(test, t->after, move);
	dma_fence_signal(move);
}

static void nothing_is_lost_without_an_engine(struct kunit *test)
{
	struct clean_test *t = test->priv;
	struct ttm_resource *res;

	t->err = -ENODEV;
	pddgpu_vram_start_cleaning(&t->mgr, clean_blocks);
	flush_delayed_work(&t->mgr.cleaner.work);
	res = clean_get(test, VRAM_SIZE);
	KUNIT_EXPECT_EQ(test, clean_clear_bytes(res), 0);
	clean_put(test, res);
	flush_delayed_work(&t->mgr.cleaner.work);
	KUNIT_EXPECT_EQ(test, t->jobs, 0);
	KUNIT_EXPECT_EQ(test, clean_bytes(test, "cleaning"), 0);
}

/* Clear blocks of all sizes between used ones, which rebalances the allocator's trees */
static void everything_is_forgotten(struct kunit *test)
{
	struct ttm_resource *held[128];
	struct clean_test *t = test->priv;
	unsigned int i;

	pddgpu_vram_start_cleaning(&t->mgr, clean_blocks);
	clean_all(test);
	for (i = 0; i < ARRAY_SIZE(held); i++)
		held[i] = clean_get(test, (i % 7 + 1) * SZ_16K);
	pddgpu_vram_stop_cleaning(&t->mgr);
	for (i = 0; i < ARRAY_SIZE(held); i += 2)
		clean_put(test, held[i]);
	KUNIT_EXPECT_GT(test, clean_bytes(test, "free_clear"), 0);

	pddgpu_vram_mgr_forget_cleared(&t->mgr);
	KUNIT_EXPECT_EQ(test, clean_bytes(test, "free_clear"), 0);
	for (i = 1; i < ARRAY_SIZE(held); i += 2)
		clean_put(test, held[i]);
	held[0] = clean_get(test, VRAM_SIZE);
	KUNIT_EXPECT_EQ(test, clean_clear_bytes(held[0]), 0);
	clean_put(test, held[0]);
	KUNIT_EXPECT_EQ(test, clean_bytes(test, "largest_free_block"), SZ_16M);
}

static int clean_test_init(struct kunit *test)
{
	struct clean_test *t;

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	t->kunit = pddgpu_kunit_alloc(test);
	INIT_DELAYED_WORK(&t->finish, clean_finish);
	KUNIT_ASSERT_EQ(test, pddgpu_vram_mgr_init(&t->mgr, &t->kunit->ttm, VRAM_SIZE,
						   VRAM_VISIBLE), 0);
	test->priv = t;
	return 0;
}

static void clean_test_exit(struct kunit *test)
{
	struct clean_test *t = test->priv;

	if (!t)
		return;

	cancel_delayed_work_sync(&t->finish);
	/* A job that has begun is waited for; and when it has ended there may be another. */
	if (t->fence)
		clean_signal(t, -ECANCELED);
	pddgpu_vram_stop_cleaning(&t->mgr);
	if (t->fence)
		clean_signal(t, -ECANCELED);
	pddgpu_kunit_place_free_all(&t->mgr.base);
	pddgpu_vram_mgr_fini(&t->mgr, &t->kunit->ttm);
}

static struct kunit_case clean_tests[] = {
	KUNIT_CASE(free_memory_becomes_clear),
	KUNIT_CASE(new_buffer_gets_clear_blocks),
	KUNIT_CASE(failed_clear_is_dirty),
	KUNIT_CASE(job_in_the_queue_is_given_up),
	KUNIT_CASE(job_that_runs_is_waited_for),
	KUNIT_CASE(clear_comes_after_moves),
	KUNIT_CASE(nothing_is_lost_without_an_engine),
	KUNIT_CASE(everything_is_forgotten),
	{}
};

static struct kunit_suite clean_suite = {
	.name = "pddgpu_vram_clean",
	.init = clean_test_init,
	.exit = clean_test_exit,
	.test_cases = clean_tests,
};

kunit_test_suite(clean_suite);
