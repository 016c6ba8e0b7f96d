// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * GEM_MADVISE: buffers whose contents nobody needs give their memory to others, and
 * nobody else loses anything.
 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define COPY		DRM_PDDGPU_ENGINE_COPY
#define DONTNEED	DRM_PDDGPU_MADV_DONTNEED
#define WILLNEED	DRM_PDDGPU_MADV_WILLNEED
#define BO_SIZE		(8 * MIB)
#define MAX_BOS		256
#define IDLE_NS		1000000000ULL
#define PIECES		128

/* Has each shrinker give what it can */
static void drop_caches(void)
{
	CHECK_OK(write_text("/proc/sys/vm/drop_caches", "2"));
}

static void advise(struct pdd_client *c, const struct pdd_bo *bo, u32 madv, int want)
{
	int retained = pdd_bo_madvise(&c->dev, bo, madv);

	if (retained != want)
		FAIL("GEM_MADVISE says %d, not %d", retained, want);
}

static u64 purged(struct pdd_client *c)
{
	return test_memory(&c->dev).purged;
}

/* Has buffers dropped, which is when the last jobs in their address space are done */
static void drop(struct pdd_client *c, u64 want)
{
	const u64 end = now_ns() + test_late_ns(IDLE_NS);
	u64 before = purged(c);

	do {
		drop_caches();
	} while (purged(c) == before && now_ns() < end);
	CHECK_EQ(purged(c) - before, want);
}

static struct pdd_bo patterned(struct pdd_client *c, u32 domains, u64 seed)
{
	struct pdd_bo bo = test_bo(c, BO_SIZE, domains);

	test_pattern(bo.map, bo.size, seed);
	return bo;
}

/* The card reads all of a buffer that has an address. */
static void check_zero_gpu(struct pdd_client *c, const struct pdd_bo *bo)
{
	struct pdd_bo zero = test_bo(c, bo->size, GTT);
	u32 want = test_gpu_crc(c, &zero);

	CHECK_EQ(test_gpu_crc(c, bo), want);
	pdd_unbind(c, zero.va, zero.size);
	pdd_bo_free(&c->dev, &zero);
}

/* Who changes his mind in time has lost nothing, and who needs his buffer loses it never. */
static void retained(const void *arg)
{
	struct pdd_client c;
	struct pdd_bo bo;

	(void)arg;
	test_client(&c);
	bo = patterned(&c, GTT, 1);
	advise(&c, &bo, DONTNEED, 1);
	advise(&c, &bo, DONTNEED, 1);
	advise(&c, &bo, WILLNEED, 1);
	drop_caches();
	advise(&c, &bo, WILLNEED, 1);
	test_check_pattern(bo.map, bo.size, 1);
}

struct kind {
	u32 domains;
	u32 flags;
	bool private;
};

/* A buffer in GTT, wherever it may go, full of a pattern */
static struct pdd_bo of_kind(struct pdd_client *c, const struct kind *kind, u64 seed)
{
	struct drm_pddgpu_gem_create create = {
		.size = BO_SIZE,
		.domains = kind->domains,
		.flags = kind->flags,
		.vm_id = kind->private ? c->vm : 0,
	};
	struct pdd_bo bo = { .size = BO_SIZE };

	CHECK_OK(pdd_ioctl(c->dev.fd, DRM_IOCTL_PDDGPU_GEM_CREATE, &create));
	bo.handle = create.handle;
	/* What jobs never reach has no address. */
	if (kind->domains & (GTT | VRAM)) {
		bo.va = pdd_va(c, bo.size);
		CHECK_OK(pdd_bind(c, &bo, 0, bo.va, bo.size, 0));
	}
	CHECK_OK(pdd_bo_map(&c->dev, &bo));
	test_pattern(bo.map, bo.size, seed);
	return bo;
}

/*
 * Memory that is asked for comes from buffers that nobody needs, and they are as new:
 * for the CPU through a mapping that it had, and for jobs where they were bound.
 */
static void dropped(const void *arg)
{
	const struct kind *kind = arg;
	struct drm_pddgpu_info_memory before, after;
	struct pdd_bo bo, needed;
	struct pdd_client c;

	test_client(&c);
	needed = of_kind(&c, kind, 1);
	bo = of_kind(&c, kind, 2);
	if (bo.va)
		CHECK(test_gpu_crc(&c, &bo) != test_gpu_crc(&c, &needed));
	before = test_memory(&c.dev);
	advise(&c, &bo, DONTNEED, 1);
	drop(&c, BO_SIZE);
	after = test_memory(&c.dev);
	if (kind->domains == GTT)
		CHECK_EQ(before.gtt_used - after.gtt_used, BO_SIZE);
	test_check_words(bo.map, bo.size, 0);
	if (bo.va)
		check_zero_gpu(&c, &bo);
	test_pattern(bo.map, bo.size, 3);
	advise(&c, &bo, WILLNEED, 0);
	advise(&c, &bo, WILLNEED, 1);
	drop_caches();
	test_check_pattern(bo.map, bo.size, 3);
	test_check_pattern(needed.map, needed.size, 1);
}

/* Given up before it was touched, and touched then: it has pages all the same. */
static void dropped_early(const void *arg)
{
	struct pdd_client c;
	struct pdd_bo bo;

	(void)arg;
	test_client(&c);
	CHECK_OK(pdd_bo_create(&c.dev, BO_SIZE, DRM_PDDGPU_DOMAIN_CPU, 0, &bo));
	CHECK_OK(pdd_bo_map(&c.dev, &bo));
	advise(&c, &bo, DONTNEED, 1);
	test_pattern(bo.map, bo.size, 1);
	drop(&c, BO_SIZE);
	test_check_words(bo.map, bo.size, 0);
	advise(&c, &bo, WILLNEED, 0);
}

/* Used again in spite of the advice, and dropped again, by a job first and then by the CPU. */
static void dropped_again(const void *arg)
{
	struct pdd_client c;
	struct pdd_bo bo;
	u64 before;

	(void)arg;
	test_client(&c);
	bo = patterned(&c, GTT, 1);
	advise(&c, &bo, DONTNEED, 1);
	drop(&c, BO_SIZE);
	/* There is nothing left to drop. */
	before = purged(&c);
	drop_caches();
	CHECK_EQ(purged(&c), before);
	check_zero_gpu(&c, &bo);
	drop(&c, BO_SIZE);
	test_pattern(bo.map, bo.size, 2);
	drop(&c, BO_SIZE);
	test_check_words(bo.map, bo.size, 0);
	advise(&c, &bo, WILLNEED, 0);
}

/* What a job uses stays until it is done; a buffer that is only bound, too. */
static void busy(const void *arg)
{
	struct pdd_bo bo, gate;
	struct pdd_client c;

	(void)arg;
	test_client(&c);
	bo = patterned(&c, GTT, 1);
	gate = test_gate(&c, c.ctx, COPY, NULL);
	advise(&c, &bo, DONTNEED, 1);
	drop_caches();
	test_check_pattern(bo.map, bo.size, 1);
	advise(&c, &bo, DONTNEED, 1);
	test_gate_open(&gate);
	CHECK_OK(pdd_bo_wait(&c.dev, &gate, DRM_PDDGPU_GEM_WAIT_WRITE, PDD_WAIT_NS));
	drop(&c, BO_SIZE);
	advise(&c, &bo, WILLNEED, 0);
}

/* On a full card they make room first, and without being moved, though used last. */
static void makes_room(const void *arg)
{
	struct drm_pddgpu_info_memory before, after;
	struct drm_pddgpu_gem_info info;
	struct pdd_bo bos[2 * PIECES];
	struct pdd_client c;
	struct pdd_ib ib;
	const u64 half = PIECES / 2;
	u64 size, fresh;
	u32 num = 0;

	(void)arg;
	test_client(&c);
	size = c.dev.info.vram_size / PIECES;
	while (num < half)
		CHECK_OK(pdd_bo_new(&c, size, VRAM, 0, &bos[num++]));
	while (num < half + half / 2) {
		CHECK_OK(pdd_bo_new(&c, size, VRAM, 0, &bos[num]));
		advise(&c, &bos[num++], DONTNEED, 1);
	}
	ib = test_ib(&c, 16);
	pdd_nop(&ib, 0);
	/* When it is done, so is all that was before it: clears, and page tables. */
	CHECK_OK(pdd_run(&c, COPY, &ib, NULL, 0));
	test_wait_for_cleaners(&c.dev);
	before = test_memory(&c.dev);
	/* A quarter is free, a quarter is not needed. */
	for (fresh = 0; fresh < half - 4; fresh++)
		CHECK_OK(pdd_bo_create(&c.dev, size, VRAM, 0, &bos[num + fresh]));
	after = test_memory(&c.dev);
	CHECK_EQ(after.moved_to_gtt - before.moved_to_gtt, 0);
	CHECK(after.purged - before.purged >= (half / 2 - 8) * size);
	for (u32 i = 0; i < half; i++) {
		CHECK_OK(pdd_bo_info(&c.dev, &bos[i], &info));
		CHECK_EQ(info.placement, VRAM);
		advise(&c, &bos[i], WILLNEED, 1);
	}
}

/* A process needs more memory than there is without them, and nobody is killed for it. */
static void gives_way(const void *arg)
{
	static struct pdd_bo bos[MAX_BOS];
	u64 dead = test_oom_kills(), before, held = 0, need, seed = 0;
	struct pdd_bo needed;
	struct pdd_client c;
	pid_t pid;

	(void)arg;
	test_client(&c);
	needed = patterned(&c, GTT, 1000);
	while (held < c.dev.info.gtt_size / 4 * 3) {
		CHECK(seed < MAX_BOS);
		CHECK_OK(pdd_bo_create(&c.dev, BO_SIZE, GTT, 0, &bos[seed]));
		advise(&c, &bos[seed++], DONTNEED, 1);
		held += BO_SIZE;
	}
	before = purged(&c);
	need = test_kib("/proc/meminfo", "MemAvailable") + held / 2;
	pid = test_fork();
	if (!pid) {
		test_use_memory(need, TEST_ANY_NODE);
		_exit(0);
	}
	CHECK_EQ(test_wait(pid), 0);
	CHECK_EQ(test_oom_kills(), dead);
	CHECK(purged(&c) - before >= held / 4);
	test_check_pattern(needed.map, needed.size, 1000);
}

static const struct kind gtt = { .domains = GTT };
static const struct kind uswc = { .domains = GTT, .flags = DRM_PDDGPU_GEM_GTT_USWC };
static const struct kind cpu = { .domains = DRM_PDDGPU_DOMAIN_CPU };
static const struct kind private = { .domains = GTT, .private = true };

static const struct test tests[] = {
	{ .name = "madvise.retained", .run = retained },
	{ .name = "madvise.dropped", .run = dropped, .arg = &gtt },
	{ .name = "madvise.dropped_uswc", .run = dropped, .arg = &uswc },
	{ .name = "madvise.dropped_cpu", .run = dropped, .arg = &cpu },
	{ .name = "madvise.dropped_private", .run = dropped, .arg = &private },
	{ .name = "madvise.dropped_early", .run = dropped_early },
	{ .name = "madvise.dropped_again", .run = dropped_again },
	{ .name = "madvise.busy", .run = busy },
	{ .name = "madvise.makes_room", .run = makes_room, .timeout = 60 },
	{ .name = "madvise.gives_way", .run = gives_way, .timeout = 60 },
};

TEST_GROUP(madvise_tests, tests);
