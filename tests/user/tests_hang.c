// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Jobs that never end: the guilty one is stopped, nobody else loses anything. */
#include "test.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define COPY		DRM_PDDGPU_ENGINE_COPY
#define COMPUTE		DRM_PDDGPU_ENGINE_COMPUTE
#define KILL_NS		1500000000ULL	/* 1 s for a hung job, and some for a slow machine */
#define BEHIND		20		/* jobs of another client behind the hung one */

/* Submits a WAIT that nobody will satisfy, with a syncobj that its job signals. */
static u32 hang(struct pdd_client *c, u32 engine)
{
	struct pdd_bo never = test_bo(c, PDD_PAGE, GTT);
	struct pdd_ib ib = test_ib(c, 16);
	u32 out;

	pdd_wait(&ib, PDDGPU_WAIT_EQ, never.va, 1, ~0u);
	CHECK_OK(pdd_submit_out(c, engine, &ib, NULL, 0, &out));
	return out;
}

static void expect_killed(struct pdd_client *c, u32 out)
{
	int status;

	CHECK_OK(pdd_syncobj_wait(&c->dev, out, test_late_ns(KILL_NS)));
	status = pdd_syncobj_status(&c->dev, out);
	if (status >= 0)
		FAIL("the fence of a hung job ends with status %d", status);
}

static void expect_banned(struct pdd_client *c, u32 ctx)
{
	struct drm_pddgpu_ctx_query query;
	struct pdd_ib ib = test_ib(c, 16);

	CHECK_OK(pdd_ctx_query(c, ctx, &query));
	CHECK(query.flags & DRM_PDDGPU_CTX_BANNED);
	pdd_nop(&ib, 0);
	for (u32 engine = 0; engine < PDDGPU_NUM_ENGINES; engine++)
		CHECK_RET(pdd_submit_ctx(c, ctx, engine, &ib, NULL), -ECANCELED);
}

/* The job is stopped, its context banned; the client may start afresh. */
static void guilty_is_banned(const void *arg)
{
	const u32 engine = *(const u32 *)arg;
	struct pdd_client c;
	struct pdd_bo bo;
	struct pdd_ib ib;

	test_client(&c);
	bo = test_bo(&c, PDD_PAGE, VRAM);
	expect_killed(&c, hang(&c, engine));
	expect_banned(&c, c.ctx);
	CHECK_OK(pdd_ctx_create(&c, &c.ctx));
	ib = test_ib(&c, 16);
	pdd_write32(&ib, bo.va, 3);
	CHECK_OK(pdd_run(&c, engine, &ib, NULL, 0));
	CHECK_EQ(*(u32 *)bo.map, 3);
	test_check_alive(0);
}

/* What the guilty context had queued ends with an error, too. */
static void guilty_queue_is_cancelled(const void *arg)
{
	const u32 engine = *(const u32 *)arg;
	struct pdd_client c;
	struct pdd_ib ib;
	struct pdd_bo bo;
	u32 outs[5], out;

	test_client(&c);
	bo = test_bo(&c, PDD_PAGE, GTT);
	ib = test_ib(&c, 16);
	pdd_write32(&ib, bo.va, 4);
	out = hang(&c, engine);
	for (size_t i = 0; i < ARRAY_SIZE(outs); i++)
		CHECK_OK(pdd_submit_out(&c, engine, &ib, NULL, 0, &outs[i]));
	expect_killed(&c, out);
	for (size_t i = 0; i < ARRAY_SIZE(outs); i++)
		expect_killed(&c, outs[i]);
	CHECK_EQ(*(u32 *)bo.map, 0);
}

/* Jobs of another client behind the hung one, on its engine, all run and are right. */
static void others_are_unharmed(const void *arg)
{
	const u32 engine = *(const u32 *)arg;
	struct pdd_client guilty, c;
	struct drm_pddgpu_ctx_query query;
	struct pdd_ib ibs[BEHIND];
	struct pdd_bo bo;
	u32 outs[BEHIND];
	u32 out;

	test_client(&guilty);
	test_client(&c);
	bo = test_bo(&c, (BEHIND + 1) * PDD_PAGE, VRAM);
	test_pattern(bo.map, PDD_PAGE, 5);
	out = hang(&guilty, engine);
	for (u32 i = 0; i < BEHIND; i++) {
		ibs[i] = test_ib(&c, 16);
		pdd_copy(&ibs[i], bo.va + i * PDD_PAGE, bo.va + (i + 1) * PDD_PAGE, PDD_PAGE);
		CHECK_OK(pdd_submit_out(&c, engine, &ibs[i], NULL, 0, &outs[i]));
	}
	expect_killed(&guilty, out);
	for (u32 i = 0; i < BEHIND; i++)
		CHECK_OK(pdd_finish(&c.dev, outs[i]));
	for (u32 i = 0; i <= BEHIND; i++)
		test_check_pattern(bo.map + i * PDD_PAGE, PDD_PAGE, 5);
	CHECK_OK(pdd_ctx_query(&c, c.ctx, &query));
	CHECK_EQ(query.flags, 0);
	CHECK_EQ(query.faults, 0);
}

/* While a job has one engine for as long as it likes, the other one does not even notice. */
static void other_engine_goes_on(const void *arg)
{
	const u32 engine = *(const u32 *)arg;
	struct pdd_client holder, c;
	struct pdd_ib holds, ib;
	struct pdd_bo gate, bo;
	u32 out;

	test_client(&holder);
	test_client(&c);
	test_job_limits(TEST_NEVER_MS, TEST_NEVER_MS);
	gate = test_bo(&holder, PDD_PAGE, GTT);
	bo = test_bo(&c, PDD_PAGE, GTT);
	holds = test_ib(&holder, 16);
	ib = test_ib(&c, 16);
	pdd_wait(&holds, PDDGPU_WAIT_EQ, gate.va, 1, ~0u);
	CHECK_OK(pdd_submit_out(&holder, engine, &holds, NULL, 0, &out));
	for (int i = 0; i < 10; i++) {
		pdd_atomic(&ib, PDDGPU_ATOMIC_ADD, bo.va, 1, 0, 0);
		CHECK_OK(pdd_run(&c, !engine, &ib, NULL, 0));
	}
	CHECK_EQ(pdd_syncobj_status(&holder.dev, out), 0);
	CHECK_EQ(*(u64 *)bo.map, 10);
	test_gate_open(&gate);
	CHECK_OK(pdd_finish(&holder.dev, out));
}

/* The engine hangs inside a packet, as real ones do, not in a polite WAIT. */
static void injected(const void *arg)
{
	struct pdd_client c;
	struct pdd_ib ib;

	test_client(&c);
	ib = test_ib(&c, 32);
	expect_killed(&c, test_hang(&c, *(const u32 *)arg, &ib));
	CHECK_EQ(test_registers(&c.dev)[PDDGPU_REG_INJECT_HANG / 4], 0);
	test_check_alive(0);
}

/* The kernel's own work on the copy engine waits behind a hung job, and is done. */
static void kernel_work_survives(const void *arg)
{
	struct pdd_client guilty, c;
	struct pdd_bo bos[4];
	u32 out;

	(void)arg;
	test_client(&guilty);
	test_client(&c);
	out = hang(&guilty, COPY);
	for (size_t i = 0; i < ARRAY_SIZE(bos); i++) {
		CHECK_OK(pdd_bo_new(&c, 4 * MIB, i & 1 ? VRAM : GTT, 0, &bos[i]));
		CHECK_OK(pdd_bo_map(&c.dev, &bos[i]));
		test_check_words(bos[i].map, bos[i].size, 0);
		test_pattern(bos[i].map, bos[i].size, i);
	}
	expect_killed(&guilty, out);
	for (size_t i = 0; i < ARRAY_SIZE(bos); i++)
		CHECK_EQ(test_gpu_crc(&c, &bos[i]), crc32(0, bos[i].map, bos[i].size));
}

/* Once is luck. */
static void again_and_again(const void *arg)
{
	(void)arg;
	for (u32 i = 0; i < 6; i++) {
		struct pdd_client c;

		test_client(&c);
		expect_killed(&c, hang(&c, i & 1));
		expect_banned(&c, c.ctx);
		pdd_client_close(&c);
		test_check_alive(0);
	}
}

/* Both engines hang at once, by different clients. */
static void both_engines(const void *arg)
{
	struct pdd_client a, b;
	u32 out_a, out_b;

	(void)arg;
	test_client(&a);
	test_client(&b);
	out_a = hang(&a, COPY);
	out_b = hang(&b, COMPUTE);
	expect_killed(&a, out_a);
	expect_killed(&b, out_b);
	expect_banned(&a, a.ctx);
	expect_banned(&b, b.ctx);
	test_check_alive(0);
}

/* The hung client is killed by a signal before its job is: nothing is left of either. */
static void killed_while_hung(const void *arg)
{
	struct drm_pddgpu_info_memory before;
	struct pdd_dev dev;
	pid_t pid;

	CHECK_OK(pdd_open(&dev, 0));
	before = test_memory(&dev);
	pid = test_fork();
	if (!pid) {
		struct pdd_client c;

		test_client(&c);
		hang(&c, *(const u32 *)arg);
		raise(SIGKILL);
	}
	CHECK_EQ(test_wait(pid), 128 + SIGKILL);
	test_settle(&dev, &before);
	test_check_alive(0);
}

/* A long job is not a hung one: an engine that makes progress is left alone. */
static void long_job_is_not_hung(const void *arg)
{
	struct pdd_client c;
	struct pdd_bo bo;
	struct pdd_ib ib;

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, 16 * MIB, VRAM);
	ib = test_ib(&c, 1024);
	for (u32 i = 0; i < 100; i++)
		pdd_fill(&ib, bo.va, bo.size, i);
	CHECK_OK(pdd_run(&c, COMPUTE, &ib, NULL, 0));
	test_check_words(bo.map, bo.size, 99);
}

/* --- Jobs that never come to an end ------------------------------------ */

#define MAX_MS		1500	/* what a job may take, for the purpose */
#define PACKET_MS	20
#define LONG_PACKETS	33	/* of a job that is longer than no progress may be, but not too long */
#define ENDLESS		4000	/* packets of one that gets on, and on */

static void slow_down(struct pdd_client *c, u32 packet_ms)
{
	test_registers(&c->dev)[PDDGPU_REG_INJECT_SLOW / 4] = packet_ms * 1000;
}

static struct pdd_ib slow_ib(struct pdd_client *c, u32 packets, u64 va)
{
	struct pdd_ib ib = test_ib(c, packets + 8);

	for (u32 i = 0; i < packets; i++)
		pdd_nop(&ib, 0);
	pdd_atomic(&ib, PDDGPU_ATOMIC_ADD, va, 1, 0, 0);
	return ib;
}

/*
 * A job that does one packet after the other is no hung one, and yet it cannot have
 * the engine for ever.  One that takes its time gets it, and so do those behind both.
 */
static void too_long(const void *arg)
{
	const u32 engine = *(const u32 *)arg;
	struct pdd_ib endless, slow, behind;
	struct pdd_client guilty, c;
	struct pdd_bo never, word;
	u32 out, out_behind;
	u64 start;

	test_client(&guilty);
	test_client(&c);
	test_job_limits(0, MAX_MS);
	never = test_bo(&guilty, PDD_PAGE, GTT);
	word = test_bo(&c, PDD_PAGE, GTT);
	endless = slow_ib(&guilty, ENDLESS, never.va);
	slow = slow_ib(&c, LONG_PACKETS, word.va);
	behind = slow_ib(&c, 0, word.va);
	slow_down(&c, PACKET_MS);

	start = now_ns();
	CHECK_OK(pdd_run(&c, engine, &slow, NULL, 0));
	CHECK(now_ns() - start > LONG_PACKETS * PACKET_MS * 1000000ULL);
	CHECK_EQ(*(u64 *)word.map, 1);

	start = now_ns();
	CHECK_OK(pdd_submit_out(&guilty, engine, &endless, NULL, 0, &out));
	CHECK_OK(pdd_submit_out(&c, engine, &behind, NULL, 0, &out_behind));
	CHECK_OK(pdd_syncobj_wait(&guilty.dev, out, MAX_MS * 1000000ULL + test_late_ns(KILL_NS)));
	CHECK(now_ns() - start > MAX_MS * 1000000ULL);
	slow_down(&c, 0);
	CHECK_EQ(pdd_syncobj_status(&guilty.dev, out), (u64)-ETIME);
	expect_banned(&guilty, guilty.ctx);
	CHECK_EQ(*(u64 *)never.map, 0);
	CHECK_OK(pdd_finish(&c.dev, out_behind));
	CHECK_EQ(*(u64 *)word.map, 2);
	test_check_alive(0);
}

/*
 * A job of a context that was banned meanwhile goes to its ring behind one that is slow.
 * Returns its fence, and that of the slow one.
 */
static u32 cancel_behind(struct pdd_client *c, u32 engine, const struct pdd_bo *bo, u32 *running)
{
	struct drm_pddgpu_sync syncs[2] = { { .flags = 0 }, { .flags = DRM_PDDGPU_SYNC_SIGNAL } };
	const struct pdd_use use = { .syncs = syncs, .num_syncs = ARRAY_SIZE(syncs) };
	struct pdd_ib never, runs, ib;

	never = test_ib(c, 16);
	runs = slow_ib(c, ENDLESS, bo->va);
	ib = test_ib(c, 16);
	pdd_wait(&never, PDDGPU_WAIT_EQ, bo->va + 8, 1, ~0u);
	pdd_nop(&ib, 0);
	syncs[1].handle = pdd_syncobj(&c->dev);

	slow_down(c, PACKET_MS);
	CHECK_OK(pdd_submit_out(c, !engine, &runs, NULL, 0, running));
	CHECK_OK(pdd_submit_out(c, engine, &never, NULL, 0, &syncs[0].handle));
	CHECK_OK(pdd_submit(c, !engine, &ib, &use));
	expect_killed(c, syncs[0].handle);
	CHECK_RET(pdd_syncobj_wait(&c->dev, syncs[1].handle, 200000000), -ETIME);
	CHECK_EQ(pdd_syncobj_status(&c->dev, *running), 0);
	return syncs[1].handle;
}

/*
 * A job that is cancelled ends no sooner than the one before it in its queue, which
 * runs: whoever waits for the later one may take back what the earlier one uses.  The
 * one that runs does not notice that the hung one is reset, for a reset of the card
 * would cut it off.
 */
static void cancelled_in_turn(const void *arg)
{
	struct pdd_client c;
	struct pdd_bo bo;
	u32 running, out;

	test_client(&c);
	test_job_limits(0, TEST_NEVER_MS);
	bo = test_bo(&c, PDD_PAGE, GTT);
	out = cancel_behind(&c, *(const u32 *)arg, &bo, &running);
	slow_down(&c, 0);
	CHECK_OK(pdd_finish(&c.dev, running));
	CHECK_EQ(*(u64 *)bo.map, 1);
	expect_killed(&c, out);
}

/* The slow one is cut off by a reset; the other one stays what it is. */
static void cancelled_in_reset(const void *arg)
{
	char path[PATH_MAX];
	struct pdd_client c;
	struct pdd_bo bo;
	u32 running, out;

	test_client(&c);
	test_job_limits(0, TEST_NEVER_MS);
	bo = test_bo(&c, PDD_PAGE, GTT);
	out = cancel_behind(&c, *(const u32 *)arg, &bo, &running);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", c.dev.pci);
	CHECK_OK(write_text(path, "1"));
	CHECK_RET(pdd_finish(&c.dev, running), -EIO);
	CHECK_RET(pdd_finish(&c.dev, out), -ECANCELED);
	CHECK_EQ(*(u64 *)bo.map, 0);
	test_check_alive(0);
}

static const u32 on_copy = COPY, on_compute = COMPUTE;

#define BOTH(name_, run_)						\
	{ .name = "hang." name_ "_copy", .run = run_, .arg = &on_copy },	\
	{ .name = "hang." name_ "_compute", .run = run_, .arg = &on_compute }

/* They load the driver anew. */
#define BOTH_LIMITED(name_, run_)					\
	{ .name = "hang." name_ "_copy", .run = run_, .arg = &on_copy,	\
	  .changes_cards = true },					\
	{ .name = "hang." name_ "_compute", .run = run_, .arg = &on_compute, \
	  .changes_cards = true }

static const struct test tests[] = {
	BOTH("guilty_is_banned", guilty_is_banned),
	BOTH("guilty_queue_is_cancelled", guilty_queue_is_cancelled),
	BOTH("others_are_unharmed", others_are_unharmed),
	BOTH("injected", injected),
	BOTH("killed_while_hung", killed_while_hung),
	{ .name = "hang.kernel_work_survives", .run = kernel_work_survives },
	{ .name = "hang.both_engines", .run = both_engines },
	{ .name = "hang.again_and_again", .run = again_and_again, .timeout = 60 },
	{ .name = "hang.long_job_is_not_hung", .run = long_job_is_not_hung },
	BOTH_LIMITED("other_engine_goes_on", other_engine_goes_on),
	BOTH_LIMITED("too_long", too_long),
	BOTH_LIMITED("cancelled_in_turn", cancelled_in_turn),
	BOTH_LIMITED("cancelled_in_reset", cancelled_in_reset),
};

TEST_GROUP(hang_tests, tests);
