// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Interrupts that never come: jobs end all the same, somewhat later. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#define COPY		DRM_PDDGPU_ENGINE_COPY
#define COMPUTE		DRM_PDDGPU_ENGINE_COMPUTE
#define LATE_NS		1000000000ULL	/* a lost interrupt is made up for before that */
#define BEAT_MS		1000		/* and so is that of a fault */

struct row {
	u32 engine;
	u32 lost;
};

static volatile u32 *lose_switch(struct pdd_client *c)
{
	return &test_registers(&c->dev)[PDDGPU_REG_INJECT_LOSE_IRQ / 4];
}

/* Each job ends well and in time, though its interrupt is lost; nobody is banned. */
static void lost(const void *arg)
{
	const struct row *row = arg;
	struct drm_pddgpu_ctx_query query;
	struct pdd_client c;
	volatile u32 *lose;
	struct pdd_bo bo;
	struct pdd_ib ib;

	test_client(&c);
	bo = test_bo(&c, PDD_PAGE, GTT);
	ib = test_ib(&c, 16);
	lose = lose_switch(&c);
	*lose = row->lost;
	for (u32 i = 1; *lose; i++) {
		u64 start = now_ns();

		pdd_atomic(&ib, PDDGPU_ATOMIC_ADD, bo.va, 1, 0, 0);
		CHECK_OK(pdd_run(&c, row->engine, &ib, NULL, 0));
		CHECK(now_ns() - start < test_late_ns(LATE_NS));
		CHECK_EQ(*(u64 *)bo.map, i);
		CHECK(i <= row->lost);
	}
	CHECK_OK(pdd_ctx_query(&c, c.ctx, &query));
	CHECK_EQ(query.flags, 0);
	CHECK_EQ(query.faults, 0);
	test_check_alive(0);
}

/* The interrupt of a move is lost while a fault of the CPU waits for it. */
static void lost_by_a_move(const void *arg)
{
	struct pdd_client c;
	volatile u32 *lose;
	struct pdd_bo bo;

	(void)arg;
	test_client(&c);
	lose = lose_switch(&c);
	*lose = 1;
	bo = test_bo(&c, 4 * MIB, VRAM);
	test_check_words(bo.map, bo.size, 0);
	CHECK_EQ(*lose, 0);
	test_pattern(bo.map, bo.size, 1);
	CHECK_EQ(test_gpu_crc(&c, &bo), crc32(0, bo.map, bo.size));
}

static u64 faults_seen(const struct pdd_dev *dev)
{
	char path[256];
	const char *line;
	char *text;
	u64 count;

	CHECK_OK(pdd_debugfs(dev, "rings", path, sizeof(path)));
	text = read_text(path);
	CHECK(text);
	line = strstr(text, "faults: ");
	CHECK(line);
	count = strtoull(line + strlen("faults: "), NULL, 10);
	free(text);
	return count;
}

/* A fault's interrupt is lost: the job's error and the record are seen all the same. */
static void lost_by_a_fault(const void *arg)
{
	struct pdd_client c;
	volatile u32 *lose;
	struct pdd_ib ib;
	u64 seen;

	(void)arg;
	test_client(&c);
	ib = test_ib(&c, 16);
	lose = lose_switch(&c);
	seen = faults_seen(&c.dev);
	*lose = 1;
	pdd_packet(&ib, 0xee, 0, NULL, 0);
	test_job_fault(&c, COMPUTE, &ib, PDDGPU_ERR_OPCODE);
	CHECK_EQ(*lose, 0);
	for (int ms = 0; ms < BEAT_MS && faults_seen(&c.dev) == seen; ms += 10)
		sleep_ms(10);
	CHECK_EQ(faults_seen(&c.dev), seen + 1);
}

/* Interrupts are what one waits for, not a timer: a thousand jobs are quick. */
static void not_by_polling(const void *arg)
{
	struct drm_pddgpu_info_engine before[PDDGPU_NUM_ENGINES], after[PDDGPU_NUM_ENGINES];
	struct pdd_client c;
	struct pdd_ib ib;
	u64 start;

	(void)arg;
	test_client(&c);
	ib = test_ib(&c, 16);
	CHECK_OK(pdd_engines(&c.dev, before));
	start = now_ns();
	for (int i = 0; i < 200; i++) {
		pdd_nop(&ib, 0);
		CHECK_OK(pdd_run(&c, COMPUTE, &ib, NULL, 0));
	}
	CHECK(now_ns() - start < test_late_ns(200 * 20000000ULL));
	CHECK_OK(pdd_engines(&c.dev, after));
	CHECK(after[COMPUTE].irqs - before[COMPUTE].irqs >= 200);
}

static const struct row one_copy = { COPY, 1 }, one_compute = { COMPUTE, 1 },
	many_copy = { COPY, 5 }, many_compute = { COMPUTE, 5 };

static const struct test tests[] = {
	{ .name = "irq.lost_copy", .run = lost, .arg = &one_copy },
	{ .name = "irq.lost_compute", .run = lost, .arg = &one_compute },
	{ .name = "irq.lost_often_copy", .run = lost, .arg = &many_copy, .timeout = 60 },
	{ .name = "irq.lost_often_compute", .run = lost, .arg = &many_compute, .timeout = 60 },
	{ .name = "irq.lost_by_a_move", .run = lost_by_a_move },
	{ .name = "irq.lost_by_a_fault", .run = lost_by_a_fault },
	{ .name = "irq.not_by_polling", .run = not_by_polling },
};

TEST_GROUP(irq_tests, tests);
