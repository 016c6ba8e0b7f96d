// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Pages that buffers leave to the pool are cleared in the background: by the copy
 * engine as long as it has nothing better to do, else by the CPU.
 */
#include "test.h"

#include <stdlib.h>

#define COPY		DRM_PDDGPU_ENGINE_COPY
#define BO_SIZE		(16 * MIB)
#define BO_PAGES	(BO_SIZE / PDD_PAGE)
#define CLEAN_NS	10000000000ULL
#define SLEEPS		4
#define JOBS		192		/* half as many again as the scheduler puts on a ring */

/* What the pool has done since the driver was loaded, in pages, and what it has. */
struct numbers {
	u64 dirty;
	u64 by_engine;
	u64 by_cpu;
	u64 by_caller;
	u64 misses;
};

static struct numbers numbers(const struct pdd_dev *dev)
{
	struct numbers n;
	char path[128], *text;

	CHECK_OK(pdd_debugfs(dev, "pool", path, sizeof(path)));
	text = read_text(path);
	CHECK(text);
	n = (struct numbers) {
		.dirty = test_number(text, "dirty_pages"),
		.by_engine = test_number(text, "cleaned_by_engine_pages"),
		.by_cpu = test_number(text, "cleaned_by_cpu_pages"),
		.by_caller = test_number(text, "cleared_pages"),
		.misses = test_number(text, "misses"),
	};
	free(text);
	return n;
}

static struct numbers wait_until_clean(const struct pdd_dev *dev)
{
	const u64 end = now_ns() + test_late_ns(CLEAN_NS);
	struct numbers n;

	while ((n = numbers(dev)).dirty) {
		if (now_ns() > end)
			FAIL("%llu pages are still dirty", n.dirty);
		sleep_ms(5);
	}
	return n;
}

/* Not bound, so that no engine hears of it. */
static struct pdd_bo buffer(struct pdd_dev *dev, u32 flags)
{
	struct pdd_bo bo;

	CHECK_OK(pdd_bo_create(dev, BO_SIZE, GTT, flags, &bo));
	CHECK_OK(pdd_bo_map(dev, &bo));
	return bo;
}

/* A buffer full of what nobody else may see. */
static struct pdd_bo secret(struct pdd_dev *dev, u32 flags)
{
	struct pdd_bo bo = buffer(dev, flags);

	test_pattern(bo.map, bo.size, now_ns());
	return bo;
}

/* Somebody else gets the pages, as they are. */
static void check_next_buffer(struct pdd_dev *dev, u32 flags, const struct numbers *clean)
{
	struct pdd_bo bo = buffer(dev, flags);
	struct numbers n;

	test_check_words(bo.map, bo.size, 0);
	n = numbers(dev);
	CHECK_EQ(n.misses, clean->misses);
	CHECK_EQ(n.by_caller, clean->by_caller);
	pdd_bo_free(dev, &bo);
}

static void by_engine(const void *arg)
{
	const u32 flags = *(const u32 *)arg;
	struct numbers before, after;
	struct pdd_client c;
	struct pdd_bo bo;

	test_client(&c);
	bo = secret(&c.dev, flags);
	before = wait_until_clean(&c.dev);
	pdd_bo_free(&c.dev, &bo);
	after = wait_until_clean(&c.dev);
	CHECK(after.by_engine - before.by_engine >= BO_PAGES);
	CHECK_EQ(after.by_cpu, before.by_cpu);
	check_next_buffer(&c.dev, flags, &after);
}

/* The engine stops dead in the clear, which is left to the CPU; nothing is lost. */
static void while_hung(const void *arg)
{
	const u32 flags = *(const u32 *)arg;
	struct numbers before, after;
	volatile u32 *hang;
	struct pdd_client c;
	struct pdd_bo bo;

	test_client(&c);
	hang = &test_registers(&c.dev)[PDDGPU_REG_INJECT_HANG / 4];
	bo = secret(&c.dev, flags);
	before = wait_until_clean(&c.dev);
	*hang = BIT(COPY);
	pdd_bo_free(&c.dev, &bo);
	after = wait_until_clean(&c.dev);
	CHECK_EQ(*hang, 0);
	CHECK(after.by_cpu > before.by_cpu);
	CHECK(after.by_engine + after.by_cpu - before.by_engine - before.by_cpu >= BO_PAGES);
	check_next_buffer(&c.dev, flags, &after);
	test_check_alive(0);
}

/* A bus error, too: the card stays in use, and its other jobs do not notice. */
static void while_bus_fails(const void *arg)
{
	const u32 flags = *(const u32 *)arg;
	struct numbers before, after;
	volatile u32 *fail;
	struct pdd_client c;
	struct pdd_bo bo;

	test_client(&c);
	fail = &test_registers(&c.dev)[PDDGPU_REG_INJECT_DMA_ERROR / 4];
	bo = secret(&c.dev, flags);
	before = wait_until_clean(&c.dev);
	*fail = 1;
	pdd_bo_free(&c.dev, &bo);
	after = wait_until_clean(&c.dev);
	CHECK_EQ(*fail, 0);
	CHECK(after.by_engine + after.by_cpu - before.by_engine - before.by_cpu >= BO_PAGES);
	check_next_buffer(&c.dev, flags, &after);
	test_check_alive(0);
}

/*
 * Clients go first, and if they leave the engine no time the CPU does the work.  A job
 * that waits for the CPU holds the engine, and those behind it fill the ring.
 */
static void while_busy(const void *arg)
{
	const u32 flags = *(const u32 *)arg;
	struct numbers before, after;
	struct pdd_ib holds, ib;
	struct pdd_client c;
	struct pdd_bo gate, bo;
	u32 held, last;

	test_client(&c);
	test_job_limits(TEST_NEVER_MS, TEST_NEVER_MS);
	gate = test_bo(&c, PDD_PAGE, GTT);
	holds = test_ib(&c, 16);
	ib = test_ib(&c, 16);
	pdd_wait(&holds, PDDGPU_WAIT_EQ, gate.va, 1, ~0u);
	pdd_nop(&ib, 0);
	bo = secret(&c.dev, flags);
	before = wait_until_clean(&c.dev);
	CHECK_OK(pdd_submit_out(&c, COPY, &holds, NULL, 0, &held));
	for (u32 i = 0; i < JOBS; i++)
		CHECK_OK(pdd_submit(&c, COPY, &ib, NULL));
	CHECK_OK(pdd_submit_out(&c, COPY, &ib, NULL, 0, &last));
	pdd_bo_free(&c.dev, &bo);
	after = wait_until_clean(&c.dev);
	CHECK_EQ(pdd_syncobj_status(&c.dev, held), 0);
	CHECK(after.by_cpu - before.by_cpu >= BO_PAGES);
	check_next_buffer(&c.dev, flags, &after);
	test_gate_open(&gate);
	CHECK_OK(pdd_finish(&c.dev, last));
	/* What was given up is out of the queue now, and the engine clears again. */
	bo = secret(&c.dev, flags);
	before = wait_until_clean(&c.dev);
	pdd_bo_free(&c.dev, &bo);
	after = wait_until_clean(&c.dev);
	CHECK(after.by_engine - before.by_engine >= BO_PAGES);
}

/* The machine goes to sleep with work to do, wakes up, and does it. */
static void over_sleep(const void *arg)
{
	const u32 flags = *(const u32 *)arg;
	struct numbers before, after;
	struct pdd_client c;
	struct pdd_bo bo;

	test_client(&c);
	for (u32 i = 0; i < SLEEPS; i++) {
		bo = secret(&c.dev, flags);
		before = wait_until_clean(&c.dev);
		pdd_bo_free(&c.dev, &bo);
		CHECK_OK(test_suspend());
		after = wait_until_clean(&c.dev);
		CHECK(after.by_engine + after.by_cpu - before.by_engine - before.by_cpu >=
		      BO_PAGES);
		check_next_buffer(&c.dev, flags, &after);
		test_check_alive(0);
	}
}

static const u32 cached;
static const u32 uswc = DRM_PDDGPU_GEM_GTT_USWC;

#define CLEAN(name_, run_)						\
	{ .name = "pool.cleaned_" name_, .run = run_, .arg = &uswc, .timeout = 60 }

static const struct test tests[] = {
	CLEAN("by_engine", by_engine),
	{ .name = "pool.cleaned_by_engine_cached", .run = by_engine, .arg = &cached },
	CLEAN("while_hung", while_hung),
	CLEAN("while_bus_fails", while_bus_fails),
	{ .name = "pool.cleaned_while_busy", .run = while_busy, .arg = &uswc, .timeout = 60,
	  .changes_cards = true },
	CLEAN("over_sleep", over_sleep),
};

TEST_GROUP(clean_tests, tests);
