// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/test.h>

#include "../../include/pddgpu_regs.h"
#include "../../pddgpu_fence.h"
#include "../../pddgpu_ring.h"

/* A timeline, and what the card would store */
struct fence_test {
	struct pddgpu_timeline *timeline;
	u32 status[PDDGPU_RING_SLOTS];
};

static int fence_init(struct kunit *test)
{
	struct fence_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->timeline = pddgpu_timeline_create("kunit");
	KUNIT_ASSERT_NOT_NULL(test, t->timeline);
	test->priv = t;
	return 0;
}

static void fence_exit(struct kunit *test)
{
	struct fence_test *t = test->priv;

	if (!t)
		return;
	pddgpu_timeline_fail(t->timeline, -ENODEV);
	pddgpu_timeline_put(t->timeline);
}

static void fence_put(void *fence)
{
	pddgpu_fence_put(fence);
}

static struct pddgpu_fence *fence_new(struct kunit *test)
{
	struct pddgpu_fence *fence = pddgpu_fence_alloc();

	KUNIT_ASSERT_NOT_NULL(test, fence);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, fence_put, fence), 0);
	return fence;
}

static struct pddgpu_fence *fence_armed(struct kunit *test)
{
	struct fence_test *t = test->priv;
	struct pddgpu_fence *fence = fence_new(test);

	KUNIT_ASSERT_EQ(test, pddgpu_fence_arm(fence, t->timeline, NULL, t->status), 0);
	return fence;
}

static u32 *fence_word(struct kunit *test, struct pddgpu_fence *fence)
{
	struct fence_test *t = test->priv;

	return &t->status[fence->base.seqno % PDDGPU_RING_SLOTS];
}

static int fence_advance(struct kunit *test)
{
	struct fence_test *t = test->priv;

	return pddgpu_timeline_advance(t->timeline, t->status);
}

/* Its slot in memory says that all is well: so ended the job that had it before. */
static void stale_word_signals_nothing(struct kunit *test)
{
	struct pddgpu_fence *fence = fence_armed(test);

	KUNIT_EXPECT_EQ(test, fence_advance(test), 0);
	KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(&fence->base));

	*fence_word(test, fence) = PDDGPU_ERR_NONE;
	KUNIT_EXPECT_EQ(test, fence_advance(test), 1);
	KUNIT_EXPECT_TRUE(test, dma_fence_is_signaled(&fence->base));
	KUNIT_EXPECT_EQ(test, fence->base.error, 0);
}

/* All the way round the ring of words, and once more */
static void words_are_used_again(struct kunit *test)
{
	for (u32 i = 0; i < 2 * PDDGPU_RING_SLOTS; i++) {
		struct pddgpu_fence *fence = fence_armed(test);

		KUNIT_ASSERT_EQ(test, fence_advance(test), 0);
		*fence_word(test, fence) = PDDGPU_ERR_NONE;
		KUNIT_ASSERT_EQ(test, fence_advance(test), 1);
	}
}

/* A card that claims to have passed the second job has not run the first. */
static void order_is_kept(struct kunit *test)
{
	struct pddgpu_fence *first = fence_armed(test), *second = fence_armed(test);

	*fence_word(test, second) = PDDGPU_ERR_NONE;
	KUNIT_EXPECT_EQ(test, fence_advance(test), 0);
	KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(&second->base));

	*fence_word(test, first) = PDDGPU_ERR_NONE;
	KUNIT_EXPECT_EQ(test, fence_advance(test), 2);
	KUNIT_EXPECT_TRUE(test, dma_fence_is_signaled(&second->base));
}

struct error_case {
	u32 status;
	int error;
};

static const struct error_case error_cases[] = {
	{ PDDGPU_ERR_OPCODE, -EINVAL },
	{ PDDGPU_ERR_PRIVILEGE, -EINVAL },
	{ PDDGPU_ERR_UNMAPPED, -EFAULT },
	{ PDDGPU_ERR_BUS, -EFAULT },
	{ 0x12345678, -EINVAL },
};

static void error_desc(const struct error_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%#x", c->status);
}

KUNIT_ARRAY_PARAM(error, error_cases, error_desc);

/* Nothing that the card says but "none" is a success. */
static void error_is_passed_on(struct kunit *test)
{
	const struct error_case *c = test->param_value;
	struct pddgpu_fence *fence = fence_armed(test);

	*fence_word(test, fence) = c->status;
	KUNIT_EXPECT_EQ(test, fence_advance(test), 1);
	KUNIT_EXPECT_EQ(test, fence->base.error, c->error);
}

static void failed_timeline_refuses(struct kunit *test)
{
	struct fence_test *t = test->priv;
	struct pddgpu_fence *before = fence_armed(test), *after = fence_new(test);

	pddgpu_timeline_fail(t->timeline, -EIO);
	KUNIT_EXPECT_TRUE(test, dma_fence_is_signaled(&before->base));
	KUNIT_EXPECT_EQ(test, before->base.error, -EIO);
	KUNIT_EXPECT_EQ(test, pddgpu_fence_arm(after, t->timeline, NULL, t->status), -EIO);

	/* The first reason stays. */
	pddgpu_timeline_fail(t->timeline, -ENODEV);
	KUNIT_EXPECT_EQ(test, pddgpu_fence_arm(after, t->timeline, NULL, t->status), -EIO);
}

static struct kunit_case fence_cases[] = {
	KUNIT_CASE(stale_word_signals_nothing),
	KUNIT_CASE(words_are_used_again),
	KUNIT_CASE(order_is_kept),
	KUNIT_CASE_PARAM(error_is_passed_on, error_gen_params),
	KUNIT_CASE(failed_timeline_refuses),
	{ }
};

static struct kunit_suite fence_suite = {
	.name = "pddgpu_fence",
	.init = fence_init,
	.exit = fence_exit,
	.test_cases = fence_cases,
};

kunit_test_suite(fence_suite);
