// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A machine with a swap device that is short of memory: idle buffers go there, those
 * that were used longest ago first, and come back as they were.
 *
 * The device is zram, which keeps nothing of a page that is one word all over, as all
 * pages here are.
 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <unistd.h>

#define COPY		DRM_PDDGPU_ENGINE_COPY
#define ZRAM_SIZE	(1024 * MIB)
#define BO_SIZE		(8 * MIB)
#define MAX_BOS		256

/* As mkswap writes it, version 1 */
struct swap_header {
	char boot[1024];
	u32 version;
	u32 last_page;
	u32 num_bad_pages;
	char rest[PDD_PAGE - 1024 - 3 * sizeof(u32) - 10];
	char magic[10];
};

static void swap_on(void)
{
	struct swap_header header = {
		.version = 1,
		.last_page = ZRAM_SIZE / PDD_PAGE - 1,
	};
	char size[32];
	FILE *file;

	/* Unless it is built in */
	CHECK_EQ(system("modprobe -q zram; test -b " TEST_SWAP), 0);
	snprintf(size, sizeof(size), "%llu", ZRAM_SIZE);
	CHECK_OK(write_text("/sys/block/zram0/reset", "1"));
	CHECK_OK(write_text("/sys/block/zram0/disksize", size));
	memcpy(header.magic, "SWAPSPACE2", sizeof(header.magic));
	file = fopen(TEST_SWAP, "r+");
	CHECK(file);
	CHECK_EQ(fwrite(&header, sizeof(header), 1, file), 1);
	CHECK_OK(fclose(file));
	CHECK_OK(swapon(TEST_SWAP, 0));
}

struct hoard {
	struct pdd_client c;
	struct pdd_bo bos[MAX_BOS];
	u32 num;
};

static void fill(const struct pdd_bo *bo, u64 seed)
{
	u64 *words = bo->map;

	for (u64 i = 0; i < bo->size / 8; i++)
		words[i] = seed + i / (PDD_PAGE / 8);
}

static void check_filled(const struct pdd_bo *bo, u64 seed)
{
	const u64 *words = bo->map;

	for (u64 i = 0; i < bo->size / 8; i++)
		if (words[i] != seed + i / (PDD_PAGE / 8))
			FAIL("word %llu is %#llx", i, words[i]);
}

static void hoard_take(struct hoard *h, u64 bytes)
{
	for (u64 done = 0; done < bytes; done += BO_SIZE, h->num++) {
		CHECK(h->num < MAX_BOS);
		h->bos[h->num] = test_bo(&h->c, BO_SIZE, GTT);
		fill(&h->bos[h->num], (u64)h->num << 32);
	}
}

static u32 placement(struct hoard *h, u32 i)
{
	struct drm_pddgpu_gem_info info;

	CHECK_OK(pdd_bo_info(&h->c.dev, &h->bos[i], &info));
	return info.placement;
}

static void drop_caches(void)
{
	CHECK_OK(write_text("/proc/sys/vm/drop_caches", "2"));
}

static u64 resident(struct hoard *h)
{
	return test_memory(&h->c.dev).gtt_used;
}

/* A process needs more than there is, and gets it, for good; who had it has lost nothing. */
static void gives_way(const void *arg)
{
	static struct hoard h;
	u64 dead = test_oom_kills(), need, before;
	pid_t pid;

	(void)arg;
	swap_on();
	test_client(&h.c);
	hoard_take(&h, h.c.dev.info.gtt_size / 4 * 3);
	before = resident(&h);
	need = test_kib("/proc/meminfo", "MemAvailable") + (u64)h.num * BO_SIZE / 2;
	pid = test_fork();
	if (!pid) {
		CHECK_OK(mlockall(MCL_FUTURE));
		test_use_memory(need, TEST_ANY_NODE);
		_exit(0);
	}
	CHECK_EQ(test_wait(pid), 0);
	CHECK_EQ(test_oom_kills(), dead);
	CHECK(before - resident(&h) >= (u64)h.num * BO_SIZE / 4);
	for (u32 i = 0; i < h.num; i += 2)
		check_filled(&h.bos[i], (u64)i << 32);
	for (u32 i = 1; i < h.num; i += 2)
		test_gpu_crc(&h.c, &h.bos[i]);
	for (u32 i = 1; i < h.num; i += 2)
		check_filled(&h.bos[i], (u64)i << 32);
}

/* What a job may use stays where it is, and the rest comes back where it was. */
static void busy_stays(const void *arg)
{
	static struct hoard h;
	struct pdd_client other;
	struct pdd_bo gate, bo;

	(void)arg;
	swap_on();
	test_client(&h.c);
	test_client(&other);
	hoard_take(&h, 64 * MIB);
	bo = test_bo(&other, BO_SIZE, GTT);
	fill(&bo, 1);
	gate = test_gate(&h.c, h.c.ctx, COPY, NULL);
	drop_caches();
	for (u32 i = 0; i < h.num; i++)
		CHECK_EQ(placement(&h, i), GTT);
	test_gate_open(&gate);
	CHECK_OK(pdd_bo_wait(&h.c.dev, &gate, DRM_PDDGPU_GEM_WAIT_WRITE, PDD_WAIT_NS));
	check_filled(&bo, 1);
	for (u32 i = 0; i < h.num; i++)
		check_filled(&h.bos[i], (u64)i << 32);
}

/* Nobody needs the first half; that goes before anything is swapped out. */
static void purges_first(const void *arg)
{
	static struct hoard h;
	struct drm_pddgpu_info_memory before, after;
	u64 dead = test_oom_kills(), need;
	pid_t pid;

	(void)arg;
	swap_on();
	test_client(&h.c);
	hoard_take(&h, h.c.dev.info.gtt_size / 2);
	for (u32 i = h.num / 2; i < h.num; i++)
		CHECK_EQ(pdd_bo_madvise(&h.c.dev, &h.bos[i], DRM_PDDGPU_MADV_DONTNEED), 1);
	before = test_memory(&h.c.dev);
	need = test_kib("/proc/meminfo", "MemAvailable") + (u64)h.num * BO_SIZE / 8;
	pid = test_fork();
	if (!pid) {
		CHECK_OK(mlockall(MCL_FUTURE));
		test_use_memory(need, TEST_ANY_NODE);
		_exit(0);
	}
	CHECK_EQ(test_wait(pid), 0);
	CHECK_EQ(test_oom_kills(), dead);
	after = test_memory(&h.c.dev);
	CHECK(after.purged - before.purged >= (u64)h.num * BO_SIZE / 16);
	if (after.gtt_used != before.gtt_used - (after.purged - before.purged))
		CHECK_EQ(after.purged - before.purged, (u64)(h.num - h.num / 2) * BO_SIZE);
	for (u32 i = 0; i < h.num / 2; i++)
		check_filled(&h.bos[i], (u64)i << 32);
}

/* Copies of buffers that stay in memory would help nobody. */
static void not_without_a_device(const void *arg)
{
	static struct hoard h;

	(void)arg;
	CHECK_EQ(test_kib("/proc/meminfo", "SwapTotal"), 0);
	test_client(&h.c);
	hoard_take(&h, 64 * MIB);
	drop_caches();
	for (u32 i = 0; i < h.num; i++)
		CHECK_EQ(placement(&h, i), GTT);
}

/* A part of it all has to go: none that was used just now, as long as there are others. */
static void oldest_first(const void *arg)
{
	static struct hoard h;
	u32 old = 0, recent = 0, half;
	struct pdd_ib ib;

	(void)arg;
	swap_on();
	test_enter_cgroups(NULL);
	test_client(&h.c);
	hoard_take(&h, 256 * MIB);
	half = h.num / 2;
	ib = test_ib(&h.c, 16);
	for (u32 i = 0; i < half; i++) {
		pdd_ib_reset(&ib);
		pdd_nop(&ib, 1);
		CHECK_OK(pdd_run(&h.c, COPY, &ib,
				 &(struct drm_pddgpu_cs_bo){ .handle = h.bos[i].handle }, 1));
	}
	CHECK_OK(write_text(TEST_CGROUPS "/memory.reclaim", "64M"));
	for (u32 i = 0; i < half; i++)
		recent += placement(&h, i) != GTT;
	for (u32 i = half; i < h.num; i++)
		old += placement(&h, i) != GTT;
	CHECK(old > 0);
	if (recent && old < h.num - half)
		FAIL("of %u old buffers %u are swapped out, but %u new ones", half, old, recent);
	for (u32 i = 0; i < h.num; i++)
		check_filled(&h.bos[i], (u64)i << 32);
}

static const struct test tests[] = {
	{ .name = "swap.gives_way", .run = gives_way, .timeout = 60 },
	{ .name = "swap.busy_stays", .run = busy_stays },
	{ .name = "swap.purges_first", .run = purges_first, .timeout = 60 },
	{ .name = "swap.not_without_a_device", .run = not_without_a_device },
	{ .name = "swap.oldest_first", .run = oldest_first },
};

TEST_GROUP(swap_tests, tests);
