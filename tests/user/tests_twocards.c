// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Two cards in one machine.  A machine with one fails these tests. */
#include "test.h"

#include <string.h>
#include <unistd.h>

#define COPY		DRM_PDDGPU_ENGINE_COPY
#define COMPUTE		DRM_PDDGPU_ENGINE_COMPUTE

static void open_both(struct pdd_client c[2])
{
	unsigned int cards = pdd_count();

	if (cards < 2)
		FAIL("this test needs two cards, and there are %u", cards);
	for (u32 i = 0; i < 2; i++)
		CHECK_OK(pdd_client_open(&c[i], i));
}

static void are_two(const void *arg)
{
	struct pdd_client c[2];

	(void)arg;
	open_both(c);
	CHECK(strcmp(c[0].dev.pci, c[1].dev.pci));
	CHECK(c[0].dev.minor != c[1].dev.minor);
	test_check_alive(0);
	test_check_alive(1);
}

/* Memory of one is no business of the other. */
static void memory_is_apart(const void *arg)
{
	struct drm_pddgpu_info_memory before, after;
	struct pdd_client c[2];
	struct pdd_bo bo;

	(void)arg;
	open_both(c);
	before = test_memory(&c[1].dev);
	bo = test_bo(&c[0], 8 * MIB, VRAM);
	test_pattern(bo.map, bo.size, 1);
	after = test_memory(&c[1].dev);
	CHECK_EQ(after.vram_used, before.vram_used);
	CHECK_EQ(after.gtt_used, before.gtt_used);
	CHECK_EQ(after.cleared, before.cleared);
}

/* Handles, ids and offsets of one mean nothing to the other. */
static void names_are_apart(const void *arg)
{
	struct drm_pddgpu_gem_info info = { 0 };
	struct pdd_client c[2];
	struct pdd_bo bo;

	(void)arg;
	open_both(c);
	for (int i = 0; i < 20; i++)
		CHECK_OK(pdd_bo_create(&c[0].dev, PDD_PAGE, GTT, 0, &bo));
	info.handle = bo.handle;
	CHECK_RET(pdd_ioctl(c[1].dev.fd, DRM_IOCTL_PDDGPU_GEM_INFO, &info), -ENOENT);
}

/* The same addresses, other bytes; jobs on all four engines at once. */
static void work_at_once(const void *arg)
{
	struct pdd_bo src[2], dst[2][PDDGPU_NUM_ENGINES];
	struct pdd_ib ib[2][PDDGPU_NUM_ENGINES];
	u32 out[2][PDDGPU_NUM_ENGINES];
	struct pdd_client c[2];

	(void)arg;
	open_both(c);
	for (u32 i = 0; i < 2; i++) {
		src[i] = test_bo(&c[i], 4 * MIB, VRAM);
		test_pattern(src[i].map, src[i].size, i);
		for (u32 e = 0; e < PDDGPU_NUM_ENGINES; e++) {
			dst[i][e] = test_bo(&c[i], 4 * MIB, e ? VRAM : GTT);
			ib[i][e] = test_ib(&c[i], 16);
			pdd_copy(&ib[i][e], src[i].va, dst[i][e].va, 4 * MIB);
		}
	}
	CHECK_EQ(src[0].va, src[1].va);
	for (u32 i = 0; i < 4; i++)
		CHECK_OK(pdd_submit_out(&c[i & 1], i >> 1, &ib[i & 1][i >> 1], NULL, 0,
					&out[i & 1][i >> 1]));
	for (u32 i = 0; i < 4; i++)
		CHECK_OK(pdd_finish(&c[i & 1].dev, out[i & 1][i >> 1]));
	for (u32 i = 0; i < 4; i++)
		test_check_pattern(dst[i & 1][i >> 1].map, 4 * MIB, i & 1);
}

/* One card hangs; the other one's jobs are as quick as ever. */
static void hang_is_apart(const void *arg)
{
	struct pdd_client c[2];
	struct pdd_bo gate;
	struct pdd_ib ib;
	u64 start;

	(void)arg;
	open_both(c);
	gate = test_gate(&c[0], c[0].ctx, COMPUTE, NULL);
	ib = test_ib(&c[1], 16);
	start = now_ns();
	for (int i = 0; i < 20; i++) {
		pdd_nop(&ib, 0);
		CHECK_OK(pdd_run(&c[1], COMPUTE, &ib, NULL, 0));
	}
	CHECK(now_ns() - start < test_late_ns(1500000000));
	test_gate_open(&gate);
	test_check_alive(0);
}

/* A syncobj orders work across the cards. */
static void sync_across(const void *arg)
{
	struct drm_pddgpu_sync out = { .flags = DRM_PDDGPU_SYNC_SIGNAL }, in = { 0 };
	struct drm_pddgpu_sync done = { .flags = DRM_PDDGPU_SYNC_SIGNAL };
	struct drm_pddgpu_sync waits[2];
	struct pdd_client c[2];
	struct pdd_bo gate, bo;
	struct pdd_ib ib;
	int fd;

	(void)arg;
	open_both(c);
	bo = test_bo(&c[1], PDD_PAGE, GTT);
	out.handle = pdd_syncobj(&c[0].dev);
	gate = test_gate(&c[0], c[0].ctx, COPY, &(struct pdd_use){ .syncs = &out, .num_syncs = 1 });
	CHECK_OK(drmSyncobjHandleToFD(c[0].dev.fd, out.handle, &fd));
	CHECK_OK(drmSyncobjFDToHandle(c[1].dev.fd, fd, &in.handle));
	done.handle = pdd_syncobj(&c[1].dev);
	waits[0] = in;
	waits[1] = done;
	ib = test_ib(&c[1], 16);
	pdd_write32(&ib, bo.va, 6);
	CHECK_OK(pdd_submit(&c[1], COMPUTE, &ib, &(struct pdd_use){ .syncs = waits,
								     .num_syncs = 2 }));
	CHECK_RET(pdd_syncobj_wait(&c[1].dev, done.handle, 150000000), -ETIME);
	CHECK_EQ(*(u32 *)bo.map, 0);
	test_gate_open(&gate);
	CHECK_OK(pdd_syncobj_wait(&c[1].dev, done.handle, PDD_WAIT_NS));
	CHECK_EQ(*(u32 *)bo.map, 6);
}

static const struct test tests[] = {
	{ .name = "twocards.are_two", .run = are_two },
	{ .name = "twocards.memory_is_apart", .run = memory_is_apart },
	{ .name = "twocards.names_are_apart", .run = names_are_apart },
	{ .name = "twocards.work_at_once", .run = work_at_once },
	{ .name = "twocards.hang_is_apart", .run = hang_is_apart },
	{ .name = "twocards.sync_across", .run = sync_across },
};

TEST_GROUP(twocards_tests, tests);
