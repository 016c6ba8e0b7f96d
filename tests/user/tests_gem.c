// SPDX-License-Identifier: GPL-2.0 OR MIT
/* GEM_CREATE, GEM_INFO, GEM_WAIT: buffers and where they are. */
#include "test.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT_MANY	2000

static void create_rounds_up(const void *arg)
{
	struct pdd_client c;
	struct pdd_bo bo;

	(void)arg;
	test_client(&c);
	CHECK_OK(pdd_bo_create(&c.dev, 1, GTT, 0, &bo));
	CHECK_EQ(bo.size, PDD_PAGE);
	CHECK_OK(pdd_bo_create(&c.dev, 5 * PDD_PAGE - 1, VRAM, 0, &bo));
	CHECK_EQ(bo.size, 5 * PDD_PAGE);
}

/* GEM_INFO gives back what GEM_CREATE was told. */
static void info_tells_creation(const void *arg)
{
	struct drm_pddgpu_gem_create create = {
		.size = 3 * PDD_PAGE,
		.domains = VRAM | GTT,
		.flags = DRM_PDDGPU_GEM_CPU_ACCESS_REQUIRED | DRM_PDDGPU_GEM_GTT_USWC |
			 DRM_PDDGPU_GEM_VRAM_CLEARED,
	};
	struct drm_pddgpu_gem_info info = { 0 };
	struct pdd_client c;

	(void)arg;
	test_client(&c);
	create.vm_id = c.vm;
	CHECK_OK(pdd_ioctl(c.dev.fd, DRM_IOCTL_PDDGPU_GEM_CREATE, &create));
	info.handle = create.handle;
	CHECK_OK(pdd_ioctl(c.dev.fd, DRM_IOCTL_PDDGPU_GEM_INFO, &info));
	CHECK_EQ(info.size, 3 * PDD_PAGE);
	CHECK_EQ(info.flags, create.flags);
	CHECK_EQ(info.domains, VRAM | GTT);
	CHECK_EQ(info.vm_id, c.vm);
}

/* What can never be where it would rather be is in the other domain, or nowhere. */
static void fits_one_domain(const void *arg)
{
	struct drm_pddgpu_gem_info info;
	struct pdd_client c;
	struct pdd_bo bo;

	(void)arg;
	test_client(&c);
	CHECK_OK(pdd_bo_create(&c.dev, c.dev.info.vram_visible + PDD_PAGE, VRAM | GTT,
			       DRM_PDDGPU_GEM_CPU_ACCESS_REQUIRED, &bo));
	CHECK_OK(pdd_bo_info(&c.dev, &bo, &info));
	CHECK_EQ(info.placement, GTT);
	CHECK(c.dev.info.gtt_size > c.dev.info.vram_size);
	CHECK_RET(pdd_bo_create(&c.dev, c.dev.info.gtt_size + PDD_PAGE, VRAM | GTT, 0, &bo),
		  -E2BIG);
}

/* With room everywhere, a buffer is where it would rather be. */
static void placement(const void *arg)
{
	static const struct { u32 domains, place; } rows[] = {
		{ DRM_PDDGPU_DOMAIN_CPU, DRM_PDDGPU_DOMAIN_CPU },
		{ GTT, GTT },
		{ VRAM, VRAM },
		{ VRAM | GTT, VRAM },
	};
	struct pdd_client c;

	(void)arg;
	test_client(&c);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct drm_pddgpu_gem_info info;
		struct pdd_bo bo;

		CHECK_OK(pdd_bo_create(&c.dev, MIB, rows[i].domains, 0, &bo));
		CHECK_OK(pdd_bo_info(&c.dev, &bo, &info));
		CHECK_EQ(info.placement, rows[i].place);
		CHECK_EQ(!info.blocks, rows[i].place != VRAM);
	}
}

static void contiguous(const void *arg)
{
	static const u64 sizes[] = { PDD_PAGE, 3 * PDD_PAGE, 3 * MIB, 5 * MIB + PDD_PAGE };
	struct pdd_client c;

	(void)arg;
	test_client(&c);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct drm_pddgpu_gem_info info;
		struct pdd_bo bo;

		CHECK_OK(pdd_bo_create(&c.dev, sizes[i], VRAM, DRM_PDDGPU_GEM_VRAM_CONTIGUOUS,
				       &bo));
		CHECK_OK(pdd_bo_info(&c.dev, &bo, &info));
		CHECK_EQ(info.placement, VRAM);
		CHECK_EQ(info.blocks, 1);
	}
}

/* VRAM aligned to 2 MiB is reached through large pages, even a small buffer's first one. */
static void alignment(const void *arg)
{
	struct drm_pddgpu_info_engine before[PDDGPU_NUM_ENGINES], after[PDDGPU_NUM_ENGINES];
	struct drm_pddgpu_gem_create create = {
		.size = PDD_LARGE_PAGE,
		.alignment = PDD_LARGE_PAGE,
		.domains = VRAM,
		.flags = DRM_PDDGPU_GEM_VRAM_CONTIGUOUS,
	};
	struct pdd_client c;
	struct pdd_bo odd, bo;
	struct pdd_ib ib;

	(void)arg;
	test_client(&c);
	CHECK_OK(pdd_bo_create(&c.dev, PDD_PAGE, VRAM, 0, &odd));
	CHECK_OK(pdd_ioctl(c.dev.fd, DRM_IOCTL_PDDGPU_GEM_CREATE, &create));
	bo = (struct pdd_bo){ create.handle, create.size, pdd_va(&c, create.size), NULL };
	CHECK_OK(pdd_bind(&c, &bo, 0, bo.va, bo.size, 0));
	ib = test_ib(&c, 16);
	CHECK_OK(pdd_engines(&c.dev, before));
	pdd_fill(&ib, bo.va, bo.size, 1);
	CHECK_OK(pdd_run(&c, DRM_PDDGPU_ENGINE_COMPUTE, &ib, NULL, 0));
	CHECK_OK(pdd_engines(&c.dev, after));
	CHECK_EQ(after[DRM_PDDGPU_ENGINE_COMPUTE].tlb_misses_2m -
		 before[DRM_PDDGPU_ENGINE_COMPUTE].tlb_misses_2m, 1);
}

static void cpu_access_required_is_visible(const void *arg)
{
	struct drm_pddgpu_info_memory before, after;
	struct pdd_client c;
	struct pdd_bo bo;

	(void)arg;
	test_client(&c);
	before = test_memory(&c.dev);
	CHECK_OK(pdd_bo_create(&c.dev, 4 * MIB, VRAM, DRM_PDDGPU_GEM_CPU_ACCESS_REQUIRED, &bo));
	after = test_memory(&c.dev);
	CHECK_EQ(after.vram_visible_used - before.vram_visible_used, 4 * MIB);
}

static void no_cpu_access_is_invisible(const void *arg)
{
	struct drm_pddgpu_info_memory before, after;
	struct pdd_client c;
	struct pdd_bo bo;

	(void)arg;
	test_client(&c);
	before = test_memory(&c.dev);
	CHECK(c.dev.info.vram_visible < c.dev.info.vram_size);
	CHECK_OK(pdd_bo_create(&c.dev, 4 * MIB, VRAM, DRM_PDDGPU_GEM_NO_CPU_ACCESS, &bo));
	after = test_memory(&c.dev);
	CHECK_EQ(after.vram_visible_used, before.vram_visible_used);
	CHECK_EQ(after.vram_used - before.vram_used, 4 * MIB);
}

/* Small buffers, in number, and everything back when they are gone. */
static void create_many(const void *arg)
{
	static struct pdd_bo bos[COUNT_MANY];
	const u32 count = test_count(COUNT_MANY);
	struct drm_pddgpu_info_memory before, after;
	struct pdd_client c;

	(void)arg;
	test_client(&c);
	before = test_memory(&c.dev);
	for (u32 i = 0; i < count; i++)
		CHECK_OK(pdd_bo_create(&c.dev, PDD_PAGE, i & 1 ? VRAM : GTT, 0, &bos[i]));
	after = test_memory(&c.dev);
	CHECK_EQ(after.vram_used - before.vram_used, count / 2 * PDD_PAGE);
	CHECK_EQ(after.gtt_used - before.gtt_used, count / 2 * PDD_PAGE);
	for (u32 i = 0; i < count; i++)
		pdd_bo_free(&c.dev, &bos[i]);
	test_settle(&c.dev, &before);
}

static void close_unknown(const void *arg)
{
	struct pdd_client c;
	struct pdd_bo bo;

	(void)arg;
	test_client(&c);
	CHECK_OK(pdd_bo_create(&c.dev, PDD_PAGE, GTT, 0, &bo));
	CHECK_OK(drmCloseBufferHandle(c.dev.fd, bo.handle));
	CHECK(drmCloseBufferHandle(c.dev.fd, bo.handle) && errno == EINVAL);
}

static void private_is_not_exported(const void *arg)
{
	struct drm_pddgpu_gem_create create = { .size = PDD_PAGE, .domains = GTT };
	struct pdd_client c;
	int fd;

	(void)arg;
	test_client(&c);
	create.vm_id = c.vm;
	CHECK_OK(pdd_ioctl(c.dev.fd, DRM_IOCTL_PDDGPU_GEM_CREATE, &create));
	CHECK(drmPrimeHandleToFD(c.dev.fd, create.handle, DRM_CLOEXEC, &fd));
}

static void wait_idle(const void *arg)
{
	struct pdd_client c;
	struct pdd_bo bo;

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, PDD_PAGE, GTT);
	CHECK_OK(pdd_bo_wait(&c.dev, &bo, 0, 1000000000));
	CHECK_OK(pdd_bo_wait(&c.dev, &bo, DRM_PDDGPU_GEM_WAIT_WRITE, 1000000000));
	CHECK_OK(pdd_bo_wait(&c.dev, &bo, 0, 0));
}

/* A blocked job keeps its buffer busy, for as long as the caller will wait, and no longer. */
static void wait_times_out(const void *arg)
{
	struct drm_pddgpu_cs_bo use = { .flags = DRM_PDDGPU_CS_BO_WRITE };
	struct pdd_client c;
	struct pdd_bo bo, gate;
	u64 start;

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, PDD_PAGE, GTT);
	use.handle = bo.handle;
	gate = test_gate(&c, c.ctx, DRM_PDDGPU_ENGINE_COMPUTE,
			 &(struct pdd_use){ .bos = &use, .num_bos = 1 });
	CHECK_RET(pdd_bo_wait(&c.dev, &bo, 0, 0), -ETIME);
	start = now_ns();
	CHECK_RET(pdd_bo_wait(&c.dev, &bo, 0, 200000000), -ETIME);
	/* The kernel counts ticks, which come late and in bursts on a busy machine. */
	CHECK(now_ns() - start >= 150000000);
	CHECK(now_ns() - start < test_late_ns(1500000000));
	test_gate_open(&gate);
	CHECK_OK(pdd_bo_wait(&c.dev, &bo, 0, PDD_WAIT_NS));
}

/* Readers do not bar a reader, but they bar a writer. */
static void wait_for_readers(const void *arg)
{
	struct drm_pddgpu_cs_bo use = { 0 };
	struct pdd_client c;
	struct pdd_bo bo, gate;

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, PDD_PAGE, GTT);
	use.handle = bo.handle;
	gate = test_gate(&c, c.ctx, DRM_PDDGPU_ENGINE_COMPUTE,
			 &(struct pdd_use){ .bos = &use, .num_bos = 1 });
	CHECK_OK(pdd_bo_wait(&c.dev, &bo, 0, 0));
	CHECK_RET(pdd_bo_wait(&c.dev, &bo, DRM_PDDGPU_GEM_WAIT_WRITE, 0), -ETIME);
	test_gate_open(&gate);
	CHECK_OK(pdd_bo_wait(&c.dev, &bo, DRM_PDDGPU_GEM_WAIT_WRITE, PDD_WAIT_NS));
}

/* What is too much is too much at once, whatever buffers of others have yet to go. */
static void no_room_waits_for_nobody(const void *arg)
{
	const u64 end = now_ns() + test_late_ns(3000000000ULL);
	struct pdd_bo bo, gate, all;
	struct pdd_client c;
	struct pdd_dev dev;
	bool ended;
	pid_t pid;

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, MIB, GTT);
	gate = test_gate(&c, c.ctx, DRM_PDDGPU_ENGINE_COMPUTE, NULL);
	CHECK_OK(pdd_unbind(&c, bo.va, bo.size));
	pdd_bo_free(&c.dev, &bo);
	pid = test_fork();
	if (!pid) {
		CHECK_OK(pdd_open(&dev, 0));
		CHECK_RET(pdd_bo_create(&dev, dev.info.vram_size, VRAM, 0, &all), -ENOSPC);
		_exit(0);
	}
	do {
		siginfo_t info = { 0 };

		sleep_ms(10);
		CHECK_OK(waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT));
		ended = info.si_pid;
	} while (!ended && now_ns() < end);
	test_gate_open(&gate);
	CHECK(ended);
	test_join(pid);
}

static const struct test tests[] = {
	{ .name = "gem.create_rounds_up", .run = create_rounds_up },
	{ .name = "gem.info_tells_creation", .run = info_tells_creation },
	{ .name = "gem.placement", .run = placement },
	{ .name = "gem.fits_one_domain", .run = fits_one_domain },
	{ .name = "gem.contiguous", .run = contiguous },
	{ .name = "gem.alignment", .run = alignment },
	{ .name = "gem.cpu_access_required_is_visible", .run = cpu_access_required_is_visible },
	{ .name = "gem.no_cpu_access_is_invisible", .run = no_cpu_access_is_invisible },
	{ .name = "gem.create_many", .run = create_many },
	{ .name = "gem.no_room_waits_for_nobody", .run = no_room_waits_for_nobody },
	{ .name = "gem.close_unknown", .run = close_unknown },
	{ .name = "gem.private_is_not_exported", .run = private_is_not_exported },
	{ .name = "gem.wait_idle", .run = wait_idle },
	{ .name = "gem.wait_times_out", .run = wait_times_out },
	{ .name = "gem.wait_for_readers", .run = wait_for_readers },
};

TEST_GROUP(gem_tests, tests);
