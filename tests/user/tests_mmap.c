// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The CPU's view of buffers: mmap() on the DRM file. */
#include "test.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define BIG_BO	(16 * MIB)

static u64 mmap_offset(struct pdd_client *c, const struct pdd_bo *bo)
{
	struct drm_pddgpu_gem_mmap arg = { .handle = bo->handle };

	CHECK_OK(pdd_ioctl(c->dev.fd, DRM_IOCTL_PDDGPU_GEM_MMAP, &arg));
	return arg.offset;
}

/* True if touching the address kills a process. */
static bool touch_kills(volatile void *address)
{
	pid_t pid = test_fork();
	int status;

	if (!pid) {
		static const struct rlimit no_core;

		setrlimit(RLIMIT_CORE, &no_core);
		*(volatile char *)address = 1;
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) &&
	       (WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGBUS);
}

struct kind {
	u32 domains;
	u32 flags;
};

/* What is written through one mapping is there in the next, and for the card. */
static void write_read(const void *arg)
{
	const struct kind *kind = arg;
	struct pdd_client c;
	struct pdd_bo bo;
	u32 crc;

	test_client(&c);
	CHECK_OK(pdd_bo_new(&c, 3 * MIB + PDD_PAGE, kind->domains, kind->flags, &bo));
	CHECK_OK(pdd_bo_map(&c.dev, &bo));
	test_check_words(bo.map, bo.size, 0);
	test_pattern(bo.map, bo.size, 1);
	crc = crc32(0, bo.map, bo.size);
	pdd_bo_unmap(&bo);
	CHECK_EQ(test_gpu_crc(&c, &bo), crc);
	CHECK_OK(pdd_bo_map(&c.dev, &bo));
	test_check_pattern(bo.map, bo.size, 1);
}

/* What the card writes the CPU reads, without another word to the kernel. */
static void gpu_writes(const void *arg)
{
	const struct kind *kind = arg;
	struct pdd_client c;
	struct pdd_bo bo;
	struct pdd_ib ib;

	test_client(&c);
	CHECK_OK(pdd_bo_new(&c, MIB, kind->domains, kind->flags, &bo));
	CHECK_OK(pdd_bo_map(&c.dev, &bo));
	test_pattern(bo.map, bo.size, 2);
	ib = test_ib(&c, 16);
	pdd_fill(&ib, bo.va, bo.size, 0xfeedf00d);
	CHECK_OK(pdd_run(&c, DRM_PDDGPU_ENGINE_COPY, &ib, NULL, 0));
	test_check_words(bo.map, bo.size, 0xfeedf00d);
}

/* More VRAM than the aperture shows, every page touched, and every page right. */
static void beyond_aperture(const void *arg)
{
	struct pdd_client c;
	struct pdd_bo *bos;
	u64 count;

	(void)arg;
	test_client(&c);
	count = (c.dev.info.vram_visible + 64 * MIB) / BIG_BO;
	CHECK(count * BIG_BO > c.dev.info.vram_visible);
	CHECK(count * BIG_BO < c.dev.info.vram_size);
	bos = calloc(count, sizeof(*bos));
	for (u64 i = 0; i < count; i++) {
		bos[i] = test_bo(&c, BIG_BO, VRAM);
		for (u64 page = 0; page < BIG_BO; page += PDD_PAGE)
			*(u64 *)(bos[i].map + page) = i << 32 | page;
	}
	for (u64 i = 0; i < count; i++)
		for (u64 page = 0; page < BIG_BO; page += PDD_PAGE)
			CHECK_EQ(*(u64 *)(bos[i].map + page), i << 32 | page);
}

/* Buffers that the CPU never sees take invisible VRAM, and come to light when it looks. */
static void invisible_vram(const void *arg)
{
	const u32 engine = DRM_PDDGPU_ENGINE_COPY;
	struct pdd_client c;
	struct pdd_ib ib;
	u64 invisible, count;
	struct pdd_bo *bos;

	(void)arg;
	test_client(&c);
	invisible = c.dev.info.vram_size - c.dev.info.vram_visible;
	count = invisible / 2 / BIG_BO;
	CHECK(count > 0);
	bos = calloc(count, sizeof(*bos));
	ib = test_ib(&c, 16);
	for (u64 i = 0; i < count; i++) {
		struct drm_pddgpu_cs_bo use = { .flags = DRM_PDDGPU_CS_BO_WRITE };

		CHECK_OK(pdd_bo_new(&c, BIG_BO, VRAM, 0, &bos[i]));
		use.handle = bos[i].handle;
		pdd_fill(&ib, bos[i].va, BIG_BO, 0x1000 + i);
		CHECK_OK(pdd_run(&c, engine, &ib, &use, 1));
	}
	for (u64 i = 0; i < count; i++) {
		CHECK_OK(pdd_bo_map(&c.dev, &bos[i]));
		for (u64 page = 0; page < BIG_BO; page += PDD_PAGE)
			test_check_words(bos[i].map + page, 64, 0x1000 + i);
	}
}

static void partial_munmap(const void *arg)
{
	struct pdd_client c;
	struct pdd_bo bo;

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, 4 * MIB, VRAM);
	test_pattern(bo.map, bo.size, 3);
	CHECK_OK(munmap(bo.map + MIB, 2 * MIB));
	CHECK(touch_kills(bo.map + MIB));
	CHECK(touch_kills(bo.map + 3 * MIB - 1));
	CHECK(!touch_kills(bo.map + 3 * MIB));
	((u8 *)bo.map)[3 * MIB] = 0;
	CHECK_OK(munmap(bo.map, MIB));
	CHECK_OK(munmap(bo.map + 3 * MIB, MIB));
	CHECK_OK(pdd_bo_map(&c.dev, &bo));
	((u8 *)bo.map)[3 * MIB] = 0;
	for (u64 at = 0; at < 4 * MIB; at += MIB) {
		u64 seed = 3, have, want = 0;

		for (u64 i = 0; i <= at / 8; i++)
			want = random_next(&seed);
		have = *(u64 *)(bo.map + at);
		CHECK_EQ(have & ~0xffULL, want & ~0xffULL);
	}
}

/* A mapping may not grow past its buffer. */
static void mremap_cannot_grow(const void *arg)
{
	struct pdd_client c;
	struct pdd_bo bo;

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, MIB, VRAM);
	CHECK(mremap(bo.map, MIB, 2 * MIB, MREMAP_MAYMOVE) == MAP_FAILED);
	test_pattern(bo.map, MIB, 4);
	test_check_pattern(bo.map, MIB, 4);
}

/* It may move, and still shows the same bytes. */
static void mremap_moves(const void *arg)
{
	struct pdd_client c;
	struct pdd_bo bo;
	void *to, *moved;

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, BIG_BO, VRAM);
	test_pattern(bo.map, BIG_BO, 5);
	to = mmap(NULL, BIG_BO, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(to != MAP_FAILED);
	moved = mremap(bo.map, BIG_BO, BIG_BO, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	CHECK(moved == to);
	test_check_pattern(moved, BIG_BO, 5);
	CHECK(touch_kills(bo.map));
}

/* Parent and child of a fork share the buffer, not copies of it. */
static void survives_fork(const void *arg)
{
	struct pdd_client c;
	struct pdd_bo bo;
	pid_t pid;

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, BIG_BO, VRAM);
	test_pattern(bo.map, BIG_BO, 6);
	pid = test_fork();
	if (!pid) {
		test_check_pattern(bo.map, BIG_BO, 6);
		test_pattern(bo.map, BIG_BO, 7);
		_exit(0);
	}
	test_join(pid);
	test_check_pattern(bo.map, BIG_BO, 7);
}

/* A mapping keeps the buffer when its handle, and even the file, are closed. */
static void survives_close(const void *arg)
{
	struct drm_pddgpu_info_memory before;
	struct pdd_dev watcher;
	struct pdd_client c;
	struct pdd_bo bo;

	(void)arg;
	CHECK_OK(pdd_open(&watcher, 0));
	before = test_memory(&watcher);
	test_client(&c);
	bo = test_bo(&c, MIB, VRAM);
	test_pattern(bo.map, MIB, 8);
	CHECK_OK(drmCloseBufferHandle(c.dev.fd, bo.handle));
	test_check_pattern(bo.map, MIB, 8);
	pdd_client_close(&c);
	test_check_pattern(bo.map, MIB, 8);
	CHECK(test_memory(&watcher).vram_used >= before.vram_used + MIB);
	pdd_bo_unmap(&bo);
	test_settle(&watcher, &before);
}

static void private_mapping_is_refused(const void *arg)
{
	struct pdd_client c;
	struct pdd_bo bo;

	(void)arg;
	test_client(&c);
	CHECK_OK(pdd_bo_create(&c.dev, MIB, VRAM, 0, &bo));
	CHECK(mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE, c.dev.fd,
		   mmap_offset(&c, &bo)) == MAP_FAILED);
	CHECK_EQ(errno, EINVAL);
}

static void too_long_is_refused(const void *arg)
{
	struct pdd_client c;
	struct pdd_bo bo;

	(void)arg;
	test_client(&c);
	CHECK_OK(pdd_bo_create(&c.dev, MIB, VRAM, 0, &bo));
	CHECK(mmap(NULL, MIB + PDD_PAGE, PROT_READ, MAP_SHARED, c.dev.fd,
		   mmap_offset(&c, &bo)) == MAP_FAILED);
	CHECK_EQ(errno, EINVAL);
}

static void unknown_offset_is_refused(const void *arg)
{
	struct pdd_client c;
	struct pdd_bo bo;

	(void)arg;
	test_client(&c);
	CHECK_OK(pdd_bo_create(&c.dev, MIB, VRAM, 0, &bo));
	CHECK(mmap(NULL, PDD_PAGE, PROT_READ, MAP_SHARED, c.dev.fd,
		   mmap_offset(&c, &bo) + 64 * GIB) == MAP_FAILED);
	CHECK_EQ(errno, EINVAL);
	CHECK(mmap(NULL, PDD_PAGE, PROT_READ, MAP_SHARED, c.dev.fd, 0) == MAP_FAILED);
	CHECK_EQ(errno, EINVAL);
}

static void no_cpu_access_is_refused(const void *arg)
{
	struct drm_pddgpu_gem_mmap map = { .offset = 0x5a };
	struct pdd_client c;
	struct pdd_bo bo;

	(void)arg;
	test_client(&c);
	CHECK_OK(pdd_bo_create(&c.dev, MIB, VRAM, DRM_PDDGPU_GEM_NO_CPU_ACCESS, &bo));
	map.handle = bo.handle;
	CHECK_RET(pdd_ioctl(c.dev.fd, DRM_IOCTL_PDDGPU_GEM_MMAP, &map), -EINVAL);
	CHECK_EQ(map.offset, 0x5a);
}

/* Offsets can be guessed: it is between those of buffers that came before and after. */
static void no_cpu_access_by_offset(const void *arg)
{
	struct drm_pddgpu_gem_mmap at[3] = { 0 };
	struct pdd_bo bos[3];
	struct pdd_client c;
	u32 worked = 0;

	(void)arg;
	test_client(&c);
	for (u32 i = 0; i < 3; i++) {
		CHECK_OK(pdd_bo_create(&c.dev, PDD_PAGE, VRAM,
				       i == 1 ? DRM_PDDGPU_GEM_NO_CPU_ACCESS : 0, &bos[i]));
		at[i].handle = bos[i].handle;
		if (i != 1)
			CHECK_OK(pdd_ioctl(c.dev.fd, DRM_IOCTL_PDDGPU_GEM_MMAP, &at[i]));
	}
	/* Each has a page; other clients may have the next ones, but not this file's right. */
	for (u64 offset = at[0].offset - 64 * PDD_PAGE; offset < at[2].offset + 64 * PDD_PAGE;
	     offset += PDD_PAGE)
		worked += mmap(NULL, PDD_PAGE, PROT_READ, MAP_SHARED, c.dev.fd, offset) !=
			  MAP_FAILED;
	CHECK_EQ(worked, 2);
}

/* A read-only mapping cannot be written, and mprotect() can change that. */
static void protection(const void *arg)
{
	struct pdd_client c;
	struct pdd_bo bo;
	void *map;

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, BIG_BO, VRAM);
	test_pattern(bo.map, BIG_BO, 9);
	map = mmap(NULL, BIG_BO, PROT_READ, MAP_SHARED, c.dev.fd, mmap_offset(&c, &bo));
	CHECK(map != MAP_FAILED);
	test_check_pattern(map, BIG_BO, 9);
	CHECK(touch_kills(map));
	CHECK_OK(mprotect(map, BIG_BO, PROT_READ | PROT_WRITE));
	test_pattern(map, BIG_BO, 10);
	test_check_pattern(bo.map, BIG_BO, 10);
}

/* The kernel itself can copy from and to a mapping, pages not yet touched included. */
static void system_calls(const void *arg)
{
	static u8 page[PDD_PAGE];
	const u64 *size = arg;
	struct pdd_client c;
	struct pdd_bo src, dst;
	int fds[2];

	test_client(&c);
	src = test_bo(&c, *size, VRAM);
	dst = test_bo(&c, *size, VRAM);
	CHECK_OK(pipe(fds));
	test_pattern(page, sizeof(page), 11);
	for (u64 at = 0; at < 16 * PDD_PAGE; at += PDD_PAGE) {
		CHECK_EQ(write(fds[1], page, PDD_PAGE), PDD_PAGE);
		CHECK_EQ(read(fds[0], src.map + at, PDD_PAGE), PDD_PAGE);
		CHECK_EQ(write(fds[1], src.map + at, PDD_PAGE), PDD_PAGE);
		CHECK_EQ(read(fds[0], dst.map + at, PDD_PAGE), PDD_PAGE);
		test_check_pattern(dst.map + at, PDD_PAGE, 11);
	}
}

/* The mapping follows the buffer from domain to domain. */
static void follows_moves(const void *arg)
{
	struct drm_pddgpu_cs_bo use = { 0 };
	struct pdd_client c;
	struct pdd_bo bo;
	struct pdd_ib ib;

	(void)arg;
	test_client(&c);
	CHECK_OK(pdd_bo_new(&c, 4 * MIB, DRM_PDDGPU_DOMAIN_CPU | VRAM, 0, &bo));
	CHECK_OK(pdd_bo_map(&c.dev, &bo));
	ib = test_ib(&c, 16);
	use.handle = bo.handle;
	for (int round = 0; round < 4; round++) {
		test_pattern(bo.map, bo.size, round);
		pdd_nop(&ib, 0);
		CHECK_OK(pdd_run(&c, DRM_PDDGPU_ENGINE_COPY, &ib, &use, 1));
		test_check_pattern(bo.map, bo.size, round);
	}
}

/* Bytes of page tables that this process has */
static u64 page_tables(void)
{
	char *text = read_text("/proc/self/status");
	u64 kib;

	CHECK(text);
	kib = test_number(text, "VmPTE");
	free(text);
	return kib << 10;
}

static u64 faults(void)
{
	struct rusage usage;

	CHECK_OK(getrusage(RUSAGE_SELF, &usage));
	return usage.ru_minflt + usage.ru_majflt;
}

static void touch_all(const struct pdd_bo *bo)
{
	for (u64 page = 0; page < bo->size; page += PDD_PAGE)
		*(volatile u64 *)(bo->map + page) = page;
}

/* Whoever walks through a buffer faults once in 2 MiB, not at each page, or each 16. */
static void few_faults(const void *arg)
{
	const struct kind *kind = arg;
	struct pdd_client c;
	struct pdd_bo bo;
	u64 before;

	test_client(&c);
	CHECK_OK(pdd_bo_new(&c, BIG_BO, kind->domains, kind->flags, &bo));
	CHECK_OK(pdd_bo_map(&c.dev, &bo));
	touch_all(&bo);
	pdd_bo_unmap(&bo);
	CHECK_OK(pdd_bo_map(&c.dev, &bo));
	before = faults();
	touch_all(&bo);
	CHECK_EQ(faults() - before, BIG_BO / (2 * MIB));
}

/* It needs no page tables where the memory is large blocks, which most of it is. */
static void few_page_tables(const void *arg)
{
	const struct kind *kind = arg;
	struct pdd_client c;
	struct pdd_bo bo;
	u64 before;

	test_client(&c);
	CHECK_OK(pdd_bo_new(&c, BIG_BO, kind->domains, kind->flags, &bo));
	CHECK_OK(pdd_bo_map(&c.dev, &bo));
	CHECK_EQ((uintptr_t)bo.map % (2 * MIB), 0);
	before = page_tables();
	touch_all(&bo);
	CHECK(page_tables() - before < BIG_BO / (2 * MIB) * PDD_PAGE / 2);
	pdd_bo_unmap(&bo);
}

static const u64 small = 16 * PDD_PAGE, large = BIG_BO;
static const struct kind vram = { VRAM, 0 };
static const struct kind vram_visible = { VRAM, DRM_PDDGPU_GEM_CPU_ACCESS_REQUIRED };
static const struct kind gtt = { GTT, 0 };
static const struct kind gtt_uswc = { GTT, DRM_PDDGPU_GEM_GTT_USWC };
static const struct kind either = { VRAM | GTT, 0 };

static const struct test tests[] = {
	{ .name = "mmap.write_read_vram", .run = write_read, .arg = &vram },
	{ .name = "mmap.write_read_vram_visible", .run = write_read, .arg = &vram_visible },
	{ .name = "mmap.write_read_gtt", .run = write_read, .arg = &gtt },
	{ .name = "mmap.write_read_gtt_uswc", .run = write_read, .arg = &gtt_uswc },
	{ .name = "mmap.write_read_vram_or_gtt", .run = write_read, .arg = &either },
	{ .name = "mmap.gpu_writes_vram", .run = gpu_writes, .arg = &vram },
	{ .name = "mmap.gpu_writes_gtt", .run = gpu_writes, .arg = &gtt },
	{ .name = "mmap.gpu_writes_gtt_uswc", .run = gpu_writes, .arg = &gtt_uswc },
	{ .name = "mmap.beyond_aperture", .run = beyond_aperture, .timeout = 60 },
	{ .name = "mmap.invisible_vram", .run = invisible_vram, .timeout = 60 },
	{ .name = "mmap.partial_munmap", .run = partial_munmap },
	{ .name = "mmap.mremap_cannot_grow", .run = mremap_cannot_grow },
	{ .name = "mmap.mremap_moves", .run = mremap_moves },
	{ .name = "mmap.survives_fork", .run = survives_fork },
	{ .name = "mmap.survives_close", .run = survives_close },
	{ .name = "mmap.private_mapping_is_refused", .run = private_mapping_is_refused },
	{ .name = "mmap.too_long_is_refused", .run = too_long_is_refused },
	{ .name = "mmap.unknown_offset_is_refused", .run = unknown_offset_is_refused },
	{ .name = "mmap.no_cpu_access_is_refused", .run = no_cpu_access_is_refused },
	{ .name = "mmap.no_cpu_access_by_offset", .run = no_cpu_access_by_offset },
	{ .name = "mmap.protection", .run = protection },
	{ .name = "mmap.system_calls", .run = system_calls, .arg = &small },
	{ .name = "mmap.system_calls_large", .run = system_calls, .arg = &large },
	{ .name = "mmap.follows_moves", .run = follows_moves },
	{ .name = "mmap.few_faults_vram", .run = few_faults, .arg = &vram },
	{ .name = "mmap.few_faults_gtt", .run = few_faults, .arg = &gtt },
	{ .name = "mmap.few_faults_gtt_uswc", .run = few_faults, .arg = &gtt_uswc },
	{ .name = "mmap.few_page_tables_vram", .run = few_page_tables, .arg = &vram },
	{ .name = "mmap.few_page_tables_gtt", .run = few_page_tables, .arg = &gtt },
	{ .name = "mmap.few_page_tables_gtt_uswc", .run = few_page_tables, .arg = &gtt_uswc },
};

TEST_GROUP(mmap_tests, tests);
