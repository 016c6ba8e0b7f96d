// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * VRAM that buffers leave is cleared in the background, so that the next one need
 * not wait for it; but nobody gets what is not clear, nor less than there is.
 */
#include "test.h"

#include <stdlib.h>

#define COPY		DRM_PDDGPU_ENGINE_COPY
#define BO_SIZE		(16 * MIB)
#define CLEAR_NS	20000000000ULL
#define SECRET		0x5ec2e7
#define PARAMETER	"/sys/module/pddgpu/parameters/vram_clean_delay"

/* What the manager says, in bytes */
struct numbers {
	u64 free;
	u64 clear;
	u64 cleaning;
	u64 cleaned;
};

static struct numbers numbers(const struct pdd_dev *dev)
{
	struct numbers n;
	char path[128], *text;

	CHECK_OK(pdd_debugfs(dev, "vram", path, sizeof(path)));
	text = read_text(path);
	CHECK(text);
	n = (struct numbers) {
		.free = test_number(text, "free"),
		.clear = test_number(text, "free_clear"),
		.cleaning = test_number(text, "cleaning"),
		.cleaned = test_number(text, "cleaned"),
	};
	free(text);
	return n;
}

static struct numbers wait_until_clear(const struct pdd_dev *dev)
{
	const u64 end = now_ns() + test_late_ns(CLEAR_NS);
	struct numbers n;

	while (n = numbers(dev), n.cleaning || n.clear != n.free) {
		if (now_ns() > end)
			FAIL("of %llu bytes no more than %llu are clear", n.free, n.clear);
		sleep_ms(5);
	}
	return n;
}

/* The most that one buffer can have, but for what page tables may want */
static u64 most_of(const struct numbers *n)
{
	return (n->free - 2 * MIB) / MIB * MIB;
}

/* A buffer full of what nobody else may see */
static struct pdd_bo secret(struct pdd_client *c, u64 size)
{
	struct pdd_ib ib = test_ib(c, 16);
	struct pdd_bo bo;

	CHECK_OK(pdd_bo_new(c, size, VRAM, 0, &bo));
	pdd_fill(&ib, bo.va, bo.size, SECRET);
	CHECK_OK(pdd_run(c, COPY, &ib, &(struct drm_pddgpu_cs_bo) {
		.handle = bo.handle, .flags = DRM_PDDGPU_CS_BO_WRITE }, 1));
	pdd_ib_free(c, &ib);
	return bo;
}

static void forget(struct pdd_client *c, struct pdd_bo *bo)
{
	CHECK_OK(pdd_unbind(c, bo->va, bo->size));
	pdd_bo_free(&c->dev, bo);
}

static u64 cleared_on_demand(struct pdd_client *c)
{
	return test_memory(&c->dev).cleared;
}

/* Whether a part of a buffer, at most BO_SIZE, holds zeroes; where the CPU does not reach, too */
static void check_part(struct pdd_client *c, const struct pdd_bo *bo, u64 offset,
		       const struct pdd_bo *copy)
{
	const struct drm_pddgpu_cs_bo list[] = {
		{ .handle = bo->handle },
		{ .handle = copy->handle, .flags = DRM_PDDGPU_CS_BO_WRITE },
	};
	u64 bytes = bo->size - offset < copy->size ? bo->size - offset : copy->size;
	struct pdd_ib ib = test_ib(c, 16);

	pdd_copy(&ib, bo->va + offset, copy->va, bytes);
	CHECK_OK(pdd_run(c, COPY, &ib, list, ARRAY_SIZE(list)));
	test_check_words(copy->map, bytes, 0);
	pdd_ib_free(c, &ib);
}

/* Whether a new buffer holds zeroes.  Returns how many bytes of it were cleared for that. */
static u64 check_next_buffer(struct pdd_client *c, u64 size)
{
	struct pdd_bo copy = test_bo(c, BO_SIZE, GTT), bo;
	u64 before = cleared_on_demand(c), cleared;

	CHECK_OK(pdd_bo_new(c, size, VRAM, 0, &bo));
	cleared = cleared_on_demand(c) - before;
	for (u64 offset = 0; offset < size; offset += copy.size)
		check_part(c, &bo, offset, &copy);
	forget(c, &bo);
	forget(c, &copy);
	return cleared;
}

static void cleared_in_the_background(const void *arg)
{
	struct pdd_client c;
	struct pdd_bo bo;
	struct numbers before, after;

	(void)arg;
	test_client(&c);
	before = wait_until_clear(&c.dev);
	bo = secret(&c, most_of(&before));
	forget(&c, &bo);
	after = wait_until_clear(&c.dev);
	CHECK(after.cleaned - before.cleaned >= most_of(&before));
	CHECK_EQ(check_next_buffer(&c, most_of(&before)), 0);
}

static void cleared_on_allocation(const void *arg)
{
	struct numbers before, after;
	struct pdd_client c;
	struct pdd_bo bo;
	u64 cleared;

	(void)arg;
	test_client(&c);
	before = wait_until_clear(&c.dev);
	bo = secret(&c, most_of(&before));
	CHECK_OK(write_text(PARAMETER, "-1"));
	forget(&c, &bo);
	/* Hardly anything is clear, and nobody changes that. */
	cleared = check_next_buffer(&c, BO_SIZE);
	after = numbers(&c.dev);
	CHECK_OK(write_text(PARAMETER, "10"));
	CHECK(cleared >= BO_SIZE - 8 * MIB);
	CHECK_EQ(after.cleaned, before.cleaned);
}

/* A buffer that needs all that is free gets it, however much is being cleared. */
static void all_of_it_while_cleared(const void *arg)
{
	struct drm_pddgpu_info_memory before, after;
	struct numbers all;
	struct pdd_client c;
	struct pdd_bo bo;

	(void)arg;
	test_client(&c);
	all = wait_until_clear(&c.dev);
	before = test_memory(&c.dev);
	for (u32 i = 0; i < 20; i++) {
		CHECK_OK(pdd_bo_create(&c.dev, most_of(&all), VRAM, 0, &bo));
		pdd_bo_free(&c.dev, &bo);
		sleep_ms(i);
	}
	after = test_memory(&c.dev);
	CHECK_EQ(after.evictions, before.evictions);
	wait_until_clear(&c.dev);
}

/* Frees what the engine is to clear and stops it dead there, when it has no other work. */
static void hang_a_clear(struct pdd_client *c, u64 size)
{
	volatile u32 *hang = &test_registers(&c->dev)[PDDGPU_REG_INJECT_HANG / 4];
	struct pdd_bo bo = secret(c, size);
	struct pdd_ib ib = test_ib(c, 16);

	CHECK_OK(pdd_unbind(c, bo.va, bo.size));
	pdd_nop(&ib, 0);
	CHECK_OK(pdd_run(c, COPY, &ib, NULL, 0));
	test_wait_for_cleaners(&c->dev);
	*hang = BIT(COPY);
	pdd_bo_free(&c->dev, &bo);
	while (*hang)
		sleep_ms(1);
	pdd_ib_free(c, &ib);
}

/* What an engine that stops dead has left undone nobody takes for clear. */
static void hung_clear_is_not_trusted(const void *arg)
{
	struct numbers before;
	struct pdd_client c;

	(void)arg;
	test_client(&c);
	before = wait_until_clear(&c.dev);
	/* Somebody calls it back, ... */
	hang_a_clear(&c, most_of(&before));
	check_next_buffer(&c, most_of(&before));
	/* ... or nobody does. */
	wait_until_clear(&c.dev);
	hang_a_clear(&c, most_of(&before));
	wait_until_clear(&c.dev);
	check_next_buffer(&c, most_of(&before));
	test_check_alive(0);
}

/* VRAM may forget while the machine sleeps, and so does who knows what is clear. */
static void forgotten_over_sleep(const void *arg)
{
	struct numbers before, after;
	struct pdd_client c;
	struct pdd_bo bo;

	(void)arg;
	test_client(&c);
	before = wait_until_clear(&c.dev);
	bo = secret(&c, most_of(&before));
	forget(&c, &bo);
	before = wait_until_clear(&c.dev);
	CHECK_OK(test_suspend());
	after = wait_until_clear(&c.dev);
	CHECK(after.cleaned - before.cleaned >= most_of(&before));
	check_next_buffer(&c, most_of(&before));
	test_check_alive(0);
}

#define VRAM_TEST(name_) { .name = "vram." #name_, .run = name_, .timeout = 90 }

static const struct test tests[] = {
	VRAM_TEST(cleared_in_the_background),
	VRAM_TEST(cleared_on_allocation),
	VRAM_TEST(all_of_it_while_cleared),
	VRAM_TEST(hung_clear_is_not_trusted),
	VRAM_TEST(forgotten_over_sleep),
};

TEST_GROUP(vram_tests, tests);
