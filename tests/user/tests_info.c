// SPDX-License-Identifier: GPL-2.0 OR MIT
/* DRM_IOCTL_PDDGPU_INFO: what the driver says of the card. */
#include "test.h"

#include <string.h>

static void version(const void *arg)
{
	struct pdd_client c;
	drmVersionPtr v;
	uint64_t cap;

	(void)arg;
	test_client(&c);
	v = drmGetVersion(c.dev.fd);
	CHECK(v && !strcmp(v->name, "pddgpu"));
	CHECK(v->version_major >= 1 || v->version_minor >= 1);
	CHECK(*v->desc);
	drmFreeVersion(v);
	CHECK_OK(drmGetCap(c.dev.fd, DRM_CAP_SYNCOBJ, &cap));
	CHECK_EQ(cap, 1);
	CHECK_OK(drmGetCap(c.dev.fd, DRM_CAP_SYNCOBJ_TIMELINE, &cap));
	CHECK_EQ(cap, 1);
}

static void device(const void *arg)
{
	struct pdd_client c;
	struct drm_pddgpu_info_device *i = &c.dev.info;

	(void)arg;
	test_client(&c);
	CHECK(i->hw_version >> 16 >= 1);
	CHECK_EQ(i->num_engines, PDDGPU_NUM_ENGINES);
	CHECK_EQ(i->page_size, PDD_PAGE);
	CHECK_EQ(i->large_page_size, PDD_LARGE_PAGE);
	CHECK(i->vram_size && i->vram_size % PDD_PAGE == 0);
	CHECK(i->vram_visible && i->vram_visible <= i->vram_size);
	CHECK(i->gtt_size && i->gtt_size % PDD_PAGE == 0);
	CHECK(i->va_start && i->va_start % PDD_PAGE == 0);
	CHECK(i->va_end > i->va_start && i->va_end <= 1ULL << PDDGPU_VA_BITS);
	CHECK(i->max_ib_dwords && i->max_ib_dwords <= PDDGPU_INDIRECT_MAX_DWORDS);
	CHECK_EQ(i->pad, 0);
}

/* What the driver says must be what the hardware says. */
static void device_matches_registers(const void *arg)
{
	struct pdd_client c;
	volatile u32 *reg;

	(void)arg;
	test_client(&c);
	reg = test_registers(&c.dev);
	CHECK_EQ(reg[PDDGPU_REG_ID / 4], PDDGPU_ID_MAGIC);
	CHECK_EQ(reg[PDDGPU_REG_VERSION / 4], c.dev.info.hw_version);
	CHECK_EQ(reg[PDDGPU_REG_VRAM_SIZE_LO / 4] | (u64)reg[PDDGPU_REG_VRAM_SIZE_HI / 4] << 32,
		 c.dev.info.vram_size);
	CHECK_EQ(reg[PDDGPU_REG_APERTURE_SIZE_LO / 4] |
		 (u64)reg[PDDGPU_REG_APERTURE_SIZE_HI / 4] << 32, c.dev.info.vram_visible);
}

/* With size 0 only the size comes back, whatever the pointer. */
static void size_only(const void *arg)
{
	static const struct { u32 query, size; } rows[] = {
		{ DRM_PDDGPU_INFO_DEVICE, sizeof(struct drm_pddgpu_info_device) },
		{ DRM_PDDGPU_INFO_MEMORY, sizeof(struct drm_pddgpu_info_memory) },
		{ DRM_PDDGPU_INFO_ENGINES,
		  PDDGPU_NUM_ENGINES * sizeof(struct drm_pddgpu_info_engine) },
	};
	struct pdd_client c;

	(void)arg;
	test_client(&c);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct drm_pddgpu_info info = { .query = rows[i].query, .data = 1 };

		CHECK_OK(pdd_ioctl(c.dev.fd, DRM_IOCTL_PDDGPU_INFO, &info));
		CHECK_EQ(info.size, rows[i].size);
	}
}

/* An old program knows less than the kernel: it gets what it has room for. */
static void short_buffer(const void *arg)
{
	struct drm_pddgpu_info_device answer;
	struct drm_pddgpu_info info = {
		.query = DRM_PDDGPU_INFO_DEVICE,
		.size = 16,
		.data = (uintptr_t)&answer,
	};
	struct pdd_client c;

	(void)arg;
	test_client(&c);
	memset(&answer, 0x5a, sizeof(answer));
	CHECK_OK(pdd_ioctl(c.dev.fd, DRM_IOCTL_PDDGPU_INFO, &info));
	CHECK_EQ(info.size, sizeof(answer));
	CHECK(!memcmp(&answer, &c.dev.info, 16));
	test_check_words((char *)&answer + 16, sizeof(answer) - 16, 0x5a5a5a5a);
}

/* A new program knows more: the rest of its buffer stays as it was. */
static void long_buffer(const void *arg)
{
	u8 answer[512];
	struct drm_pddgpu_info info = {
		.query = DRM_PDDGPU_INFO_DEVICE,
		.size = sizeof(answer),
		.data = (uintptr_t)answer,
	};
	struct pdd_client c;

	(void)arg;
	test_client(&c);
	memset(answer, 0x5a, sizeof(answer));
	CHECK_OK(pdd_ioctl(c.dev.fd, DRM_IOCTL_PDDGPU_INFO, &info));
	CHECK_EQ(info.size, sizeof(c.dev.info));
	CHECK(!memcmp(answer, &c.dev.info, info.size));
	test_check_words(answer + info.size, sizeof(answer) - info.size, 0x5a5a5a5a);
}

/* The figures fit each other, with buffers of every kind about. */
static void memory_adds_up(const void *arg)
{
	const u32 flags[] = { 0, DRM_PDDGPU_GEM_CPU_ACCESS_REQUIRED, DRM_PDDGPU_GEM_NO_CPU_ACCESS };
	struct drm_pddgpu_info_memory mem;
	struct drm_pddgpu_info_device *i;
	struct pdd_client c;
	struct pdd_bo bo;

	(void)arg;
	test_client(&c);
	i = &c.dev.info;
	for (u32 round = 0; round < 9; round++) {
		mem = test_memory(&c.dev);
		CHECK(mem.vram_visible_used <= mem.vram_used);
		CHECK(mem.vram_used <= i->vram_size);
		CHECK(mem.vram_visible_used <= i->vram_visible);
		CHECK(mem.vram_used - mem.vram_visible_used <= i->vram_size - i->vram_visible);
		CHECK(mem.gtt_used <= i->gtt_size);
		CHECK_OK(pdd_bo_create(&c.dev, 3 * MIB, round % 2 ? GTT : VRAM, flags[round % 3],
				       &bo));
	}
}

static void memory_counts_vram(const void *arg)
{
	struct drm_pddgpu_info_memory before, after;
	struct pdd_client c;
	struct pdd_bo bo;

	(void)arg;
	test_client(&c);
	before = test_memory(&c.dev);
	CHECK_OK(pdd_bo_create(&c.dev, 8 * MIB, VRAM, DRM_PDDGPU_GEM_CPU_ACCESS_REQUIRED, &bo));
	after = test_memory(&c.dev);
	CHECK_EQ(after.vram_used - before.vram_used, 8 * MIB);
	CHECK_EQ(after.vram_visible_used - before.vram_visible_used, 8 * MIB);
	CHECK_EQ(after.gtt_used, before.gtt_used);
	CHECK(after.cleared - before.cleared <= 8 * MIB);
	pdd_bo_free(&c.dev, &bo);
	test_settle(&c.dev, &before);
}

static void memory_counts_gtt(const void *arg)
{
	struct drm_pddgpu_info_memory before, after;
	struct pdd_client c;
	struct pdd_bo bo;

	(void)arg;
	test_client(&c);
	before = test_memory(&c.dev);
	CHECK_OK(pdd_bo_create(&c.dev, 8 * MIB, GTT, 0, &bo));
	after = test_memory(&c.dev);
	CHECK_EQ(after.gtt_used - before.gtt_used, 8 * MIB);
	CHECK_EQ(after.vram_used, before.vram_used);
	pdd_bo_free(&c.dev, &bo);
	test_settle(&c.dev, &before);
}

/* Counters of an engine, before and after one job whose packets are known. */
static void engines_count(const void *arg)
{
	struct drm_pddgpu_info_engine before[PDDGPU_NUM_ENGINES], after[PDDGPU_NUM_ENGINES];
	const u32 engine = DRM_PDDGPU_ENGINE_COMPUTE;
	struct pdd_client c;
	struct pdd_bo bo;
	struct pdd_ib ib;

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, 2 * MIB, GTT);
	ib = test_ib(&c, 16);
	CHECK_OK(pdd_engines(&c.dev, before));
	pdd_copy(&ib, bo.va, bo.va + MIB, MIB);
	CHECK_OK(pdd_run(&c, engine, &ib, NULL, 0));
	CHECK_OK(pdd_engines(&c.dev, after));
	CHECK_EQ(after[engine].jobs - before[engine].jobs, 1);
	CHECK(after[engine].packets - before[engine].packets >= 1);
	CHECK_EQ(after[engine].bytes_read - before[engine].bytes_read, MIB);
	CHECK_EQ(after[engine].bytes_written - before[engine].bytes_written, MIB);
	CHECK(after[engine].busy_ns > before[engine].busy_ns);
	CHECK(after[engine].tlb_misses_4k + after[engine].tlb_misses_2m >
	      before[engine].tlb_misses_4k + before[engine].tlb_misses_2m);
	CHECK_EQ(after[engine].faults, before[engine].faults);
	CHECK(after[engine].irqs > before[engine].irqs);
}

static const struct test tests[] = {
	{ .name = "info.version", .run = version },
	{ .name = "info.device", .run = device },
	{ .name = "info.device_matches_registers", .run = device_matches_registers },
	{ .name = "info.size_only", .run = size_only },
	{ .name = "info.short_buffer", .run = short_buffer },
	{ .name = "info.long_buffer", .run = long_buffer },
	{ .name = "info.memory_adds_up", .run = memory_adds_up },
	{ .name = "info.memory_counts_vram", .run = memory_counts_vram },
	{ .name = "info.memory_counts_gtt", .run = memory_counts_gtt },
	{ .name = "info.engines_count", .run = engines_count },
};

TEST_GROUP(info_tests, tests);
