// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Cards that lie, storm or do not stop: who loses what, and how the card comes back. */
#include "test.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define COPY		DRM_PDDGPU_ENGINE_COPY
#define COMPUTE		DRM_PDDGPU_ENGINE_COMPUTE
#define SOON_NS		1500000000ULL	/* 1 s for fences of what is lost, and some for a slow machine */
#define JOBS		8
#define RESETS		100
#define RESET_CLIENTS	4

struct row {
	u32 engine;
	u32 order;
};

static volatile u32 *reg(struct pdd_client *c, u32 offset)
{
	return &test_registers(&c->dev)[offset / 4];
}

/* Adds 1 to a word, which shows a job that runs twice. */
static u32 submit_add(struct pdd_client *c, u32 engine, struct pdd_ib *ib, u64 va)
{
	u32 out;

	pdd_ib_reset(ib);
	pdd_atomic(ib, PDDGPU_ATOMIC_ADD, va, 1, 0, 0);
	CHECK_OK(pdd_submit_out(c, engine, ib, NULL, 0, &out));
	return out;
}

static u32 ctx_flags(struct pdd_client *c)
{
	struct drm_pddgpu_ctx_query query;

	CHECK_OK(pdd_ctx_query(c, c->ctx, &query));
	return query.flags;
}

static int status_soon(struct pdd_client *c, u32 out)
{
	CHECK_OK(pdd_syncobj_wait(&c->dev, out, test_late_ns(SOON_NS)));
	return pdd_syncobj_status(&c->dev, out);
}

/* --- Fences that lie --------------------------------------------------- */

/*
 * The fences of some jobs are wrong.  Each job runs once, none is reported before it
 * has run, and nobody is banned; whether a job without a fence is lost is told.
 */
static void fence_lies(const void *arg)
{
	const struct row *row = arg;
	bool stuck = row->order == PDDGPU_INJECT_FENCE_STUCK;
	struct pdd_ib ibs[JOBS];
	struct pdd_client c;
	struct pdd_bo bo;
	u32 outs[JOBS];

	test_client(&c);
	bo = test_bo(&c, PDD_PAGE, GTT);
	for (u32 i = 0; i < JOBS; i++)
		ibs[i] = test_ib(&c, 16);
	CHECK_EQ(status_soon(&c, submit_add(&c, row->engine, &ibs[0], bo.va)), 1);
	*reg(&c, PDDGPU_REG_INJECT_FENCE) = row->order | 2 << 8;
	for (u32 i = 0; i < JOBS; i++)
		outs[i] = submit_add(&c, row->engine, &ibs[i], bo.va + 8 * i + 8);
	for (u32 i = 0; i < JOBS; i++) {
		int status = status_soon(&c, outs[i]);

		if (status != (stuck && i < 2 ? -EIO : 1))
			FAIL("job %u ends with %d", i, status);
		CHECK_EQ(((volatile u64 *)bo.map)[i + 1], 1);
	}
	CHECK_EQ(*reg(&c, PDDGPU_REG_INJECT_FENCE) >> 8, 0);
	CHECK_EQ(ctx_flags(&c) & DRM_PDDGPU_CTX_BANNED, 0);
	for (u32 i = 0; i < JOBS; i++)
		CHECK_EQ(((u64 *)bo.map)[i + 1], 1);
	test_check_alive(0);
}

/* A fence that comes early does not make a job that hangs look done. */
static void fence_too_early(const void *arg)
{
	const u32 engine = *(const u32 *)arg;
	struct pdd_ib first, hangs;
	struct pdd_client c;
	struct pdd_bo bo;
	u32 one, two;

	test_client(&c);
	bo = test_bo(&c, PDD_PAGE, GTT);
	first = test_ib(&c, 16);
	hangs = test_ib(&c, 16);
	pdd_wait(&hangs, PDDGPU_WAIT_EQ, bo.va + 8, 1, ~0u);
	*reg(&c, PDDGPU_REG_INJECT_FENCE) = PDDGPU_INJECT_FENCE_EARLY | 1 << 8;
	one = submit_add(&c, engine, &first, bo.va);
	CHECK_OK(pdd_submit_out(&c, engine, &hangs, NULL, 0, &two));
	CHECK_EQ(status_soon(&c, one), 1);
	CHECK_EQ(status_soon(&c, two), (u64)-ETIME);
	CHECK(ctx_flags(&c) & DRM_PDDGPU_CTX_BANNED);
	test_check_alive(0);
}

/* --- Interrupts that do not end ---------------------------------------- */

static u64 irqs_of_driver(void)
{
	char *text = read_text("/proc/interrupts"), *line, *next;
	u64 sum = 0;

	CHECK(text);
	for (line = strtok_r(text, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
		char *p = strchr(line, ':');

		if (!p || !strstr(line, "pddgpu-"))
			continue;
		for (p++; *p; ) {
			char *end;

			sum += strtoull(p, &end, 10);
			if (end == p)
				break;
			p = end;
		}
	}
	free(text);
	return sum;
}

/* The storm is cut off, jobs run through it, and interrupts are back after it. */
static void storm(const void *arg)
{
	struct pdd_client c;
	struct pdd_ib ib;
	struct pdd_bo bo;
	u64 before, start;
	u32 n = 0;

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, PDD_PAGE, GTT);
	ib = test_ib(&c, 16);
	before = irqs_of_driver();
	*reg(&c, PDDGPU_REG_INJECT_STORM_IRQ) = 3000;
	start = now_ns();
	while (now_ns() - start < 3000000000ULL) {
		u32 out = submit_add(&c, n & 1, &ib, bo.va);

		CHECK_EQ(status_soon(&c, out), 1);
		CHECK_EQ(*(volatile u64 *)bo.map, ++n);
		sleep_ms(10);
	}
	/* A few hundred a vector and second, not as many as the card can send. */
	CHECK(irqs_of_driver() - before < 10000);
	sleep_ms(1500);
	before = irqs_of_driver();
	for (u32 i = 0; i < 50; i++)
		CHECK_EQ(status_soon(&c, submit_add(&c, i & 1, &ib, bo.va)), 1);
	CHECK(irqs_of_driver() - before >= 50);
	CHECK_EQ(ctx_flags(&c), 0);
}

/* On an idle card, too: the processors are not kept busy by it. */
static void storm_idle(const void *arg)
{
	struct pdd_client c;
	u64 before;

	(void)arg;
	test_client(&c);
	before = irqs_of_driver();
	*reg(&c, PDDGPU_REG_INJECT_STORM_IRQ) = 2000;
	sleep_ms(2500);
	CHECK(irqs_of_driver() - before < 10000);
	test_check_alive(0);
}

/* --- Engines that do not stop ------------------------------------------ */

static char *reset_path(const struct pdd_dev *dev)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", dev->pci);
	return path;
}

/*
 * An engine that hangs and ignores its reset takes a reset of the function.  Buffers
 * in VRAM survive, the guilty one is banned, what was queued behind it runs once.
 */
static void function_reset(const void *arg)
{
	const u32 engine = *(const u32 *)arg;
	struct pdd_client guilty, c;
	struct pdd_bo vram, word, never;
	struct pdd_ib hangs, ibs[JOBS];
	u32 out, outs[JOBS];

	test_client(&guilty);
	test_client(&c);
	vram = test_bo(&c, 8 * MIB, VRAM);
	word = test_bo(&c, PDD_PAGE, GTT);
	test_pattern(vram.map, vram.size, 7);
	never = test_bo(&guilty, PDD_PAGE, GTT);
	hangs = test_ib(&guilty, 16);
	pdd_wait(&hangs, PDDGPU_WAIT_EQ, never.va, 1, ~0u);
	for (u32 i = 0; i < JOBS; i++)
		ibs[i] = test_ib(&c, 16);
	CHECK_EQ(status_soon(&c, submit_add(&c, engine, &ibs[0], word.va + 512)), 1);

	*reg(&c, PDDGPU_REG_INJECT_STUCK_RESET) = BIT(engine);
	CHECK_OK(pdd_submit_out(&guilty, engine, &hangs, NULL, 0, &out));
	for (u32 i = 0; i < JOBS; i++)
		outs[i] = submit_add(&c, i & 2 ? engine : !engine, &ibs[i], word.va + 8 * i);
	CHECK_OK(pdd_syncobj_wait(&guilty.dev, out, test_late_ns(SOON_NS)));
	CHECK_EQ(pdd_syncobj_status(&guilty.dev, out), (u64)-ETIME);
	CHECK(ctx_flags(&guilty) & DRM_PDDGPU_CTX_BANNED);
	for (u32 i = 0; i < JOBS; i++) {
		CHECK_EQ(status_soon(&c, outs[i]), 1);
		CHECK_EQ(((volatile u64 *)word.map)[i], 1);
	}
	CHECK_EQ(ctx_flags(&c), 0);
	CHECK_EQ(*reg(&c, PDDGPU_REG_INJECT_STUCK_RESET), 0);
	test_check_pattern(vram.map, vram.size, 7);
	CHECK_EQ(test_gpu_crc(&c, &vram), crc32(0, vram.map, vram.size));
	test_check_alive(0);
}

/* --- Resets that somebody orders --------------------------------------- */

/*
 * Counts with jobs that each depend on all before: what is lost, run twice or run
 * out of turn shows.  What the CPU writes to VRAM meanwhile is not lost either.
 */
static void count_through_resets(u32 seed, int stop)
{
	struct pdd_client c;
	struct pdd_bo words[2], cpu;
	struct pdd_ib ibs[4];
	u32 outs[4] = { 0 };
	u64 n = 0;
	char byte;

	test_client(&c);
	words[0] = test_bo(&c, PDD_PAGE, VRAM);
	words[1] = test_bo(&c, PDD_PAGE, GTT);
	cpu = test_bo(&c, MIB, VRAM);
	for (u32 i = 0; i < ARRAY_SIZE(ibs); i++)
		ibs[i] = test_ib(&c, 32);
	for (; read(stop, &byte, 1) < 0; n++) {
		struct pdd_ib *ib = &ibs[n % ARRAY_SIZE(ibs)];
		u32 *out = &outs[n % ARRAY_SIZE(ibs)];
		u64 va = words[n & 1].va;

		if (*out)
			CHECK_OK(pdd_finish(&c.dev, *out));
		pdd_ib_reset(ib);
		/* Only if it is what the job before left: CMPXCHG n / 2 -> n / 2 + 1. */
		pdd_atomic(ib, PDDGPU_ATOMIC_CMPXCHG, va, n / 2 + 1, n / 2, va + 64);
		pdd_atomic(ib, PDDGPU_ATOMIC_ADD, va + 128, 1, 0, 0);
		CHECK_OK(pdd_submit_out(&c, seed & 1, ib, NULL, 0, out));
		((volatile u64 *)cpu.map)[n % (MIB / 8)] = n;
	}
	for (u32 i = 0; i < ARRAY_SIZE(outs); i++)
		if (outs[i])
			CHECK_OK(pdd_finish(&c.dev, outs[i]));
	for (u32 i = 0; i < 2; i++) {
		CHECK_EQ(((u64 *)words[i].map)[0], (n + !i) / 2);
		CHECK_EQ(((u64 *)words[i].map)[16], (n + !i) / 2);
	}
	for (u64 i = n > MIB / 8 ? n - MIB / 8 : 0; i < n; i++)
		CHECK_EQ(((u64 *)cpu.map)[i % (MIB / 8)], i);
	CHECK_EQ(ctx_flags(&c), 0);
	_exit(0);
}

/* Clients that count, each a process, until a pipe is closed */
struct counters {
	pid_t pids[RESET_CLIENTS];
	int stop;
};

static void counters_start(struct counters *counters)
{
	int stop[2];

	CHECK_OK(pipe2(stop, O_NONBLOCK));
	for (u32 i = 0; i < RESET_CLIENTS; i++) {
		counters->pids[i] = test_fork();
		if (!counters->pids[i]) {
			close(stop[1]);
			count_through_resets(i, stop[0]);
		}
	}
	close(stop[0]);
	counters->stop = stop[1];
}

static void counters_stop(struct counters *counters)
{
	close(counters->stop);
	for (u32 i = 0; i < RESET_CLIENTS; i++)
		test_join(counters->pids[i]);
}

static void ordered(const void *arg)
{
	struct counters counters;
	struct pdd_dev dev;

	(void)arg;
	CHECK_OK(pdd_open(&dev, 0));
	counters_start(&counters);
	for (int i = 0; i < RESETS; i++) {
		CHECK_OK(write_text(reset_path(&dev), "1"));
		sleep_ms(i % 7 * 5);
	}
	counters_stop(&counters);
	test_check_alive(0);
}

/* A job that is longer than anybody waits for is cut off, and says so. */
static void ordered_while_hung(const void *arg)
{
	const u32 engine = *(const u32 *)arg;
	struct pdd_client c;
	struct pdd_bo gate, word;
	struct pdd_ib waits, ib;
	u32 hung, out;

	test_client(&c);
	test_job_limits(TEST_NEVER_MS, TEST_NEVER_MS);
	gate = test_bo(&c, PDD_PAGE, GTT);
	word = test_bo(&c, PDD_PAGE, GTT);
	waits = test_ib(&c, 16);
	ib = test_ib(&c, 16);
	pdd_write32(&waits, gate.va + 8, 1);
	pdd_wait(&waits, PDDGPU_WAIT_EQ, gate.va, 1, ~0u);
	CHECK_OK(pdd_submit_out(&c, engine, &waits, NULL, 0, &hung));
	out = submit_add(&c, engine, &ib, word.va);
	while (!((volatile u32 *)gate.map)[2])
		sleep_ms(1);
	CHECK_OK(write_text(reset_path(&c.dev), "1"));
	CHECK_EQ(pdd_syncobj_status(&c.dev, hung), (u64)-EIO);
	CHECK_EQ(status_soon(&c, out), 1);
	CHECK_EQ(*(u64 *)word.map, 1);
	CHECK_EQ(ctx_flags(&c) & DRM_PDDGPU_CTX_BANNED, 0);
	test_check_alive(0);
}

/* --- Sleep ------------------------------------------------------------- */

#define SLEEP_BOS	14
#define SLEEP_BO_SIZE	(16 * MIB)
#define SLEEPS		2
#define RESERVE_SHARE	16	/* of the system's memory that the driver leaves alone */
#define SLEEP_S		8	/* an alarm that comes before the machine sleeps wakes nobody */

/* Suspends to RAM for some seconds; VRAM forgets all, as it does without power. */
static int sleep_deeply(struct pdd_client *c)
{
	char seconds[32], *now;

	now = read_text("/sys/class/rtc/rtc0/since_epoch");
	if (!now)
		FAIL("the machine has no clock to wake it up");
	snprintf(seconds, sizeof(seconds), "%lu", strtoul(now, NULL, 10) + SLEEP_S);
	free(now);
	CHECK_OK(write_text("/sys/class/rtc/rtc0/wakealarm", "0"));
	CHECK_OK(write_text("/sys/class/rtc/rtc0/wakealarm", seconds));
	CHECK_OK(write_text("/sys/power/mem_sleep", "deep"));
	*reg(c, PDDGPU_REG_INJECT_FORGET) = 1;
	return write_text("/sys/power/state", "mem");
}

/* Whether VRAM did forget: QEMU does not reset the card at every wake-up. */
static bool has_forgotten(struct pdd_client *c)
{
	volatile u32 *forget = reg(c, PDDGPU_REG_INJECT_FORGET);
	bool forgotten = !*forget;

	*forget = 0;
	return forgotten;
}

/* Fills buffers with numbers that differ from one to the next; tells their sums. */
static void fill_vram(struct pdd_client *c, struct pdd_bo *bos, u32 *sums)
{
	struct pdd_ib ib = test_ib(c, 32);

	for (u32 i = 0; i < SLEEP_BOS; i++) {
		struct drm_pddgpu_cs_bo one = { .flags = DRM_PDDGPU_CS_BO_WRITE };
		struct pdd_map map = { .words = SLEEP_BO_SIZE / 4, .scalar = i << 24 };

		CHECK_OK(pdd_bo_new(c, SLEEP_BO_SIZE, VRAM, 0, &bos[i]));
		one.handle = bos[i].handle;
		map.dst = bos[i].va;
		pdd_map(&ib, PDDGPU_MAP_IOTA, &map);
		CHECK_OK(pdd_run(c, COMPUTE, &ib, &one, 1));
		sums[i] = test_gpu_crc(c, &bos[i]);
	}
}

static u64 free_vram(struct pdd_client *c)
{
	char path[128], *text;
	u64 bytes;

	CHECK_OK(pdd_debugfs(&c->dev, "vram", path, sizeof(path)));
	text = read_text(path);
	CHECK(text);
	bytes = test_number(text, "free");
	free(text);
	return bytes;
}

/* Takes what is left, in pieces that become smaller. */
static void fill_rest(struct pdd_client *c)
{
	struct pdd_bo bo;

	/* What is being cleared is not free. */
	test_wait_for_cleaners(&c->dev);
	for (u64 size = SLEEP_BO_SIZE; size >= 64 * KIB; size /= 2)
		while (free_vram(c) >= size)
			CHECK_OK(pdd_bo_create(&c->dev, size, VRAM, 0, &bo));
}

static void check_vram(struct pdd_client *c, const struct pdd_bo *bos, const u32 *sums)
{
	for (u32 i = 0; i < SLEEP_BOS; i++)
		CHECK_EQ(test_gpu_crc(c, &bos[i]), sums[i]);
}

static u32 count_in_vram(struct pdd_client *c, const struct pdd_bo *bos)
{
	struct drm_pddgpu_gem_info info;
	u32 n = 0;

	for (u32 i = 0; i < SLEEP_BOS; i++) {
		CHECK_OK(pdd_bo_info(&c->dev, &bos[i], &info));
		n += info.placement == VRAM;
	}
	return n;
}

/* VRAM is full of buffers; after each sleep all hold what they held, and all works. */
static void sleep_full(const void *arg)
{
	struct pdd_bo bos[SLEEP_BOS];
	u32 sums[SLEEP_BOS];
	struct pdd_client c;
	u32 forgotten = 0;

	(void)arg;
	test_client(&c);
	fill_vram(&c, bos, sums);
	fill_rest(&c);
	CHECK(free_vram(&c) < 64 * KIB);
	CHECK_EQ(count_in_vram(&c, bos), SLEEP_BOS);
	for (int i = 0; i < SLEEPS; i++) {
		CHECK_OK(sleep_deeply(&c));
		forgotten += has_forgotten(&c);
		check_vram(&c, bos, sums);
		test_check_alive(0);
	}
	CHECK(forgotten > 0);
}

/* Clients are at work when the machine goes to sleep, and do not notice. */
static void sleep_busy(const void *arg)
{
	struct counters counters;
	struct pdd_client c;

	(void)arg;
	test_client(&c);
	counters_start(&counters);
	for (int i = 0; i < SLEEPS; i++) {
		sleep_ms(300);
		CHECK_OK(sleep_deeply(&c));
		has_forgotten(&c);
	}
	sleep_ms(300);
	counters_stop(&counters);
	test_check_alive(0);
}

/* What buffers can be made of. */
static u64 free_memory(struct pdd_dev *dev)
{
	char *text = read_text("/proc/meminfo");
	u64 bytes;

	CHECK(text);
	bytes = test_number(text, "MemAvailable") * KIB + test_memory(dev).pool_bytes;
	free(text);
	return bytes;
}

/*
 * The system has memory for some of the buffers, but not for all.  The machine stays
 * awake, nothing is lost, and as soon as there is room it can go to sleep.
 */
static void sleep_no_memory(const void *arg)
{
	struct pdd_bo bos[SLEEP_BOS];
	u32 sums[SLEEP_BOS];
	struct pdd_client c;
	struct sysinfo si;
	u64 left, size;
	void *hog;

	(void)arg;
	test_client(&c);
	fill_vram(&c, bos, sums);
	CHECK_OK(sysinfo(&si));
	left = (u64)si.totalram * si.mem_unit / RESERVE_SHARE + 4 * SLEEP_BO_SIZE;
	CHECK(free_memory(&c.dev) > left);
	size = free_memory(&c.dev) - left;
	hog = mmap(NULL, size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	CHECK(hog != MAP_FAILED);
	CHECK_RET(test_suspend(), -ENOMEM);
	/* It was on its way, and everybody is where he was found. */
	CHECK(count_in_vram(&c, bos) > 0);
	CHECK(count_in_vram(&c, bos) < SLEEP_BOS);
	check_vram(&c, bos, sums);
	CHECK_EQ(count_in_vram(&c, bos), SLEEP_BOS);
	test_check_alive(0);
	munmap(hog, size);
	CHECK_OK(test_suspend());
	CHECK_EQ(count_in_vram(&c, bos), 0);
	check_vram(&c, bos, sums);
	test_check_alive(0);
}

static const u32 on_copy = COPY, on_compute = COMPUTE;

#define LIES(name_, mode_)						\
	{ .name = "reset.fence_" name_ "_copy", .run = fence_lies,	\
	  .arg = &(const struct row){ COPY, mode_ } },			\
	{ .name = "reset.fence_" name_ "_compute", .run = fence_lies,	\
	  .arg = &(const struct row){ COMPUTE, mode_ } }
#define BOTH(name_, run_)						\
	{ .name = "reset." name_ "_copy", .run = run_, .arg = &on_copy },	\
	{ .name = "reset." name_ "_compute", .run = run_, .arg = &on_compute }

static const struct test tests[] = {
	LIES("stuck", PDDGPU_INJECT_FENCE_STUCK),
	LIES("future", PDDGPU_INJECT_FENCE_FUTURE),
	LIES("early", PDDGPU_INJECT_FENCE_EARLY),
	LIES("past", PDDGPU_INJECT_FENCE_PAST),
	BOTH("fence_too_early", fence_too_early),
	{ .name = "reset.storm", .run = storm },
	{ .name = "reset.storm_idle", .run = storm_idle },
	BOTH("function", function_reset),
	{ .name = "reset.ordered_x100", .run = ordered, .timeout = 120 },
	{ .name = "reset.ordered_while_hung_copy", .run = ordered_while_hung, .arg = &on_copy,
	  .changes_cards = true },
	{ .name = "reset.ordered_while_hung_compute", .run = ordered_while_hung,
	  .arg = &on_compute, .changes_cards = true },
	{ .name = "sleep.no_memory", .run = sleep_no_memory, .timeout = 60 },
	{ .name = "sleep.full", .run = sleep_full, .timeout = 120 },
	{ .name = "sleep.busy", .run = sleep_busy, .timeout = 120 },
};

TEST_GROUP(reset_tests, tests);
