// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * More buffers than VRAM: what moves, what comes back, and that no byte is lost.
 * Each buffer holds chunks that begin with its own number and theirs, so that a
 * page in the wrong place shows.
 */
#include "test.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define COPY		DRM_PDDGPU_ENGINE_COPY
#define COMPUTE		DRM_PDDGPU_ENGINE_COMPUTE
#define CHUNK		(64 * KIB)
#define BO_SIZE		(16 * MIB)
#define CHUNKS		(BO_SIZE / CHUNK)

/* A set of buffers that are written and checked as a whole. */
struct set {
	struct pdd_client c;
	struct pdd_ib ib;
	struct pdd_bo sums;		/* CRCs, as the card computes them */
	struct pdd_bo *bos;
	u64 count;
	u32 salt;			/* tells sets apart */
};

static void set_init(struct set *s, u64 bytes, u32 salt)
{
	test_client(&s->c);
	s->count = bytes / BO_SIZE;
	s->bos = calloc(s->count, sizeof(*s->bos));
	s->salt = salt;
	s->ib = test_ib(&s->c, CHUNKS * 8);
	s->sums = test_bo(&s->c, s->count * 4, GTT);
}

static void set_create(struct set *s, u32 domains, u32 flags, u32 vm_id)
{
	for (u64 i = 0; i < s->count; i++) {
		struct drm_pddgpu_gem_create create = {
			.size = BO_SIZE, .domains = domains, .flags = flags, .vm_id = vm_id,
		};
		struct pdd_bo *bo = &s->bos[i];

		CHECK_OK(pdd_ioctl(s->c.dev.fd, DRM_IOCTL_PDDGPU_GEM_CREATE, &create));
		*bo = (struct pdd_bo){ create.handle, create.size, pdd_va(&s->c, BO_SIZE), NULL };
		CHECK_OK(pdd_bind(&s->c, bo, 0, bo->va, BO_SIZE, 0));
	}
}

static u32 filler(const struct set *s, u64 i)
{
	return pddgpu_hash32(s->salt + i);
}

static void chunk_tag(const struct set *s, u64 i, u64 chunk, u32 tag[2])
{
	tag[0] = s->salt << 16 | i;
	tag[1] = chunk;
}

/* The CRC of a whole buffer, worked out from one dword and the chunks' tags. */
static u32 expected_crc(const struct set *s, u64 i)
{
	static struct crc_shift over_rest, over_chunk;
	u32 word = filler(s, i), rest, sum = 0;

	if (!over_rest.table[0][1]) {
		crc_shift_init(&over_rest, CHUNK - 8);
		crc_shift_init(&over_chunk, CHUNK);
	}
	rest = crc32_repeat(crc32(0, &word, 4), 4, (CHUNK - 8) / 4);
	for (u64 chunk = 0; chunk < CHUNKS; chunk++) {
		u32 tag[2];

		chunk_tag(s, i, chunk, tag);
		sum = crc_append(&over_chunk, sum,
				 crc_append(&over_rest, crc32(0, tag, 8), rest));
	}
	return sum;
}

/* Writes one buffer with the card; a private buffer needs no list. */
static void set_write(struct set *s, u64 i, bool list)
{
	struct drm_pddgpu_cs_bo use = { s->bos[i].handle, DRM_PDDGPU_CS_BO_WRITE };

	pdd_fill(&s->ib, s->bos[i].va, BO_SIZE, filler(s, i));
	for (u64 chunk = 0; chunk < CHUNKS; chunk++) {
		u32 tag[2];

		chunk_tag(s, i, chunk, tag);
		pdd_write(&s->ib, s->bos[i].va + chunk * CHUNK, tag, 2);
	}
	CHECK_OK(pdd_run(&s->c, i & 1 ? COPY : COMPUTE, &s->ib, &use, list));
}

static void set_check_gpu(struct set *s, u64 i, bool list)
{
	struct drm_pddgpu_cs_bo use = { s->bos[i].handle, 0 };

	pdd_crc32(&s->ib, s->bos[i].va, BO_SIZE, s->sums.va + 4 * i);
	CHECK_OK(pdd_run(&s->c, COMPUTE, &s->ib, &use, list));
	CHECK_EQ(((u32 *)s->sums.map)[i], expected_crc(s, i));
}

/* Every chunk's tag and one page in sixteen, through mmap. */
static void set_check_cpu(struct set *s, u64 i)
{
	CHECK_OK(pdd_bo_map(&s->c.dev, &s->bos[i]));
	for (u64 chunk = 0; chunk < CHUNKS; chunk++) {
		u32 *have = s->bos[i].map + chunk * CHUNK, want[2];

		chunk_tag(s, i, chunk, want);
		CHECK_EQ(have[0], want[0]);
		CHECK_EQ(have[1], want[1]);
		test_check_words(have + 2, PDD_PAGE - 8, filler(s, i));
	}
	pdd_bo_unmap(&s->bos[i]);
}

struct kind {
	u32 domains;
	u32 flags;
	bool private;
};

/* 200 % of VRAM, or what GTT leaves of that: as all of it is bound. */
static u64 too_much(const struct pdd_dev *dev)
{
	u64 vram = dev->info.vram_size, gtt = dev->info.gtt_size / 2;

	return vram + (gtt < vram ? gtt : vram);
}

/* More than VRAM: written by both engines, checked by card and CPU. */
static void overcommit(const void *arg)
{
	const struct kind *kind = arg;
	struct drm_pddgpu_info_memory before, after;
	struct pdd_dev dev;
	struct set s;

	CHECK_OK(pdd_open(&dev, 0));
	set_init(&s, too_much(&dev), 1);
	before = test_memory(&dev);
	set_create(&s, kind->domains, kind->flags, kind->private ? s.c.vm : 0);
	for (u64 i = 0; i < s.count; i++)
		set_write(&s, i, !kind->private);
	after = test_memory(&dev);
	CHECK(after.evictions > before.evictions);
	CHECK(after.moved_to_gtt > before.moved_to_gtt);
	CHECK(after.vram_used <= dev.info.vram_size);
	CHECK(after.vram_used + after.gtt_used >= before.vram_used + before.gtt_used +
	      s.count * BO_SIZE);
	for (u64 i = 0; i < s.count; i++)
		set_check_gpu(&s, i, !kind->private);
	for (u64 i = 0; i < s.count && !(kind->flags & DRM_PDDGPU_GEM_NO_CPU_ACCESS); i++)
		set_check_cpu(&s, i);
}

/* More than VRAM, written and read by the CPU alone. */
static void overcommit_cpu(const void *arg)
{
	struct pdd_dev dev;
	struct set s;

	(void)arg;
	CHECK_OK(pdd_open(&dev, 0));
	set_init(&s, too_much(&dev), 2);
	set_create(&s, VRAM, 0, 0);
	for (u64 i = 0; i < s.count; i++) {
		CHECK_OK(pdd_bo_map(&s.c.dev, &s.bos[i]));
		for (u64 chunk = 0; chunk < CHUNKS; chunk++)
			chunk_tag(&s, i, chunk, s.bos[i].map + chunk * CHUNK);
	}
	for (u64 i = 0; i < s.count; i++)
		for (u64 chunk = 0; chunk < CHUNKS; chunk++) {
			u32 *have = s.bos[i].map + chunk * CHUNK, want[2];

			chunk_tag(&s, i, chunk, want);
			CHECK_EQ(have[0], want[0]);
			CHECK_EQ(have[1], want[1]);
			CHECK_EQ(have[2], 0);
		}
}

/* More visible VRAM than there is. */
static void overcommit_visible(const void *arg)
{
	struct pdd_dev dev;
	struct set s;

	(void)arg;
	CHECK_OK(pdd_open(&dev, 0));
	set_init(&s, 2 * dev.info.vram_visible, 3);
	set_create(&s, VRAM, DRM_PDDGPU_GEM_CPU_ACCESS_REQUIRED, 0);
	for (u64 i = 0; i < s.count; i++)
		set_write(&s, i, true);
	CHECK(test_memory(&dev).vram_visible_used <= dev.info.vram_visible);
	for (u64 i = 0; i < s.count; i++) {
		set_check_gpu(&s, i, true);
		set_check_cpu(&s, i);
	}
}

static u32 placement(struct set *s, const struct pdd_bo *bo)
{
	struct drm_pddgpu_gem_info info;

	CHECK_OK(pdd_bo_info(&s->c.dev, bo, &info));
	return info.placement;
}

/* Pushes everything else out of VRAM. */
static void set_press(struct set *s, u32 salt)
{
	set_init(s, s->c.dev.info.vram_size, salt);
	set_create(s, VRAM, 0, 0);
	for (u64 i = 0; i < s->count; i++)
		set_write(s, i, true);
}

/* What was moved out comes back when a job names it. */
static void comes_back(const void *arg)
{
	struct set victim, press;

	(void)arg;
	set_init(&victim, 4 * BO_SIZE, 4);
	set_create(&victim, VRAM, 0, 0);
	for (u64 i = 0; i < victim.count; i++)
		set_write(&victim, i, true);
	press = victim;
	set_press(&press, 5);
	for (u64 i = 0; i < victim.count; i++)
		CHECK_EQ(placement(&victim, &victim.bos[i]), GTT);
	for (u64 i = 0; i < victim.count; i++) {
		set_check_gpu(&victim, i, true);
		CHECK_EQ(placement(&victim, &victim.bos[i]), VRAM);
		set_check_cpu(&victim, i);
	}
}

/* A job reaches what is bound, wherever it was moved, without naming it. */
static void unlisted_is_reached(const void *arg)
{
	struct set victim, press;

	(void)arg;
	set_init(&victim, 4 * BO_SIZE, 6);
	set_create(&victim, VRAM, 0, 0);
	for (u64 i = 0; i < victim.count; i++)
		set_write(&victim, i, true);
	press = victim;
	set_press(&press, 7);
	for (u64 i = 0; i < victim.count; i++) {
		CHECK_EQ(placement(&victim, &victim.bos[i]), GTT);
		set_check_gpu(&victim, i, false);
	}
	for (u64 i = 0; i < victim.count; i++)
		set_write(&victim, i, false);
	for (u64 i = 0; i < victim.count; i++)
		set_check_cpu(&victim, i);
}

static int submit_all(struct set *s)
{
	struct drm_pddgpu_cs_bo *list = calloc(s->count, sizeof(*list));

	for (u64 i = 0; i < s->count; i++)
		list[i].handle = s->bos[i].handle;
	pdd_nop(&s->ib, 0);
	return pdd_run(&s->c, COMPUTE, &s->ib, list, s->count);
}

/* One job that needs more VRAM than there is cannot run, and harms nobody. */
static void one_job_too_large(const void *arg)
{
	struct pdd_dev dev;
	struct set s;

	(void)arg;
	CHECK_OK(pdd_open(&dev, 0));
	set_init(&s, dev.info.vram_size + 4 * BO_SIZE, 8);
	set_create(&s, VRAM, 0, 0);
	set_write(&s, 0, true);
	CHECK_RET(submit_all(&s), -ENOSPC);
	set_check_gpu(&s, 0, true);
	test_check_alive(0);
}

/* The same job with buffers that make do with GTT runs. */
static void one_job_makes_do(const void *arg)
{
	struct pdd_dev dev;
	struct set s;

	(void)arg;
	CHECK_OK(pdd_open(&dev, 0));
	set_init(&s, dev.info.vram_size + 4 * BO_SIZE, 9);
	set_create(&s, VRAM | GTT, 0, 0);
	set_write(&s, 0, true);
	CHECK_OK(submit_all(&s));
	set_check_gpu(&s, 0, true);
}

/* VRAM full of movable buffers still gives a large contiguous block. */
static void makes_room_contiguous(const void *arg)
{
	struct drm_pddgpu_gem_info info;
	struct pdd_dev dev;
	struct pdd_bo bo;
	struct set s;

	(void)arg;
	CHECK_OK(pdd_open(&dev, 0));
	s.c.dev = dev;
	set_press(&s, 10);
	CHECK_OK(pdd_bo_create(&dev, dev.info.vram_size / 8, VRAM, DRM_PDDGPU_GEM_VRAM_CONTIGUOUS,
			       &bo));
	CHECK_OK(pdd_bo_info(&dev, &bo, &info));
	CHECK_EQ(info.placement, VRAM);
	CHECK_EQ(info.blocks, 1);
	for (u64 i = 0; i < s.count; i++)
		set_check_gpu(&s, i, true);
}

/* One of several clients that together need half as much again as there is VRAM. */
static void run_client(u64 bytes, u32 number)
{
	u64 seed = test_options.seed + number;
	struct set s;

	set_init(&s, bytes, 20 + number);
	set_create(&s, VRAM, 0, 0);
	for (u64 i = 0; i < s.count; i++)
		set_write(&s, i, true);
	for (int round = 0; round < 60; round++) {
		u64 i = random_next(&seed) % s.count;

		if (random_next(&seed) & 1)
			set_write(&s, i, true);
		else
			set_check_gpu(&s, i, true);
	}
	for (u64 i = 0; i < s.count; i++)
		set_check_gpu(&s, i, true);
	for (u64 i = 0; i < s.count; i += 4)
		set_check_cpu(&s, i);
}

static void three_clients(const void *arg)
{
	struct pdd_dev dev;
	pid_t pids[3];

	(void)arg;
	CHECK_OK(pdd_open(&dev, 0));
	for (u32 i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = test_fork();
		if (!pids[i]) {
			run_client(dev.info.vram_size / 2, i);
			_exit(0);
		}
	}
	for (u32 i = 0; i < ARRAY_SIZE(pids); i++)
		test_join(pids[i]);
}

static u64 count_swapped(struct set *s)
{
	u64 n = 0;

	for (u64 i = 0; i < s->count; i++)
		n += placement(s, &s->bos[i]) == DRM_PDDGPU_DOMAIN_CPU;
	return n;
}

static void limit_pages(u64 bytes)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", bytes / PDD_PAGE);
	CHECK_OK(write_text(PAGES_LIMIT, text));
}

static void press_gtt(struct set *s, u64 bytes, u32 salt)
{
	set_init(s, bytes, salt);
	set_create(s, GTT, 0, 0);
	for (u64 i = 0; i < s->count; i++)
		set_write(s, i, true);
}

/* One client's pages go to make room for another's, and come back unharmed. */
static void swap_out(u64 limit)
{
	struct set victim, press;

	set_init(&victim, limit, 30);
	set_create(&victim, GTT, 0, 0);
	for (u64 i = 0; i < victim.count; i++)
		set_write(&victim, i, true);
	CHECK_EQ(count_swapped(&victim), 0);
	limit_pages(limit);
	press_gtt(&press, limit / 2, 31);
	CHECK(count_swapped(&victim) > 0);
	for (u64 i = 0; i < victim.count; i++)
		set_check_cpu(&victim, i);
	for (u64 i = 0; i < victim.count; i++)
		set_check_gpu(&victim, i, true);
	for (u64 i = 0; i < press.count; i++)
		set_check_gpu(&press, i, true);
}

static void swap(const void *arg)
{
	(void)arg;
	swap_out(128 * MIB);
}

/* From VRAM, to which they come back by way of GTT, where the engine reaches them. */
static void swap_from_vram(const void *arg)
{
	struct set victim, vram, gtt;

	(void)arg;
	set_init(&victim, 3 * BO_SIZE, 32);
	set_create(&victim, VRAM, 0, 0);
	for (u64 i = 0; i < victim.count; i++)
		set_write(&victim, i, true);
	vram = victim;
	set_press(&vram, 33);
	limit_pages(victim.count * BO_SIZE);
	press_gtt(&gtt, victim.count * BO_SIZE, 34);
	CHECK_EQ(count_swapped(&victim), victim.count);
	for (u64 i = 0; i < victim.count; i++) {
		set_check_gpu(&victim, i, true);
		CHECK_EQ(placement(&victim, &victim.bos[i]), VRAM);
	}
	for (u64 i = 0; i < gtt.count; i++)
		set_check_gpu(&gtt, i, true);
}

/* More than card and system have: that ends with an error, and the system goes on. */
static void more_than_memory(const void *arg)
{
	const struct kind *kind = arg;
	struct pdd_bo *bos, first;
	struct pdd_dev dev;
	struct sysinfo si;
	u64 max, num = 0;
	int ret = 0;
	u32 *map;

	CHECK_OK(pdd_open(&dev, 0));
	CHECK_OK(sysinfo(&si));
	CHECK_OK(pdd_bo_create(&dev, BO_SIZE, kind->domains, kind->flags, &first));
	CHECK_OK(pdd_bo_map(&dev, &first));
	map = first.map;
	map[0] = 0x12345678;
	max = (dev.info.vram_size + 2 * (u64)si.totalram * si.mem_unit) / BO_SIZE;
	bos = calloc(max, sizeof(*bos));
	while (!ret && num < max)
		ret = pdd_bo_create(&dev, BO_SIZE, kind->domains, kind->flags, &bos[num++]);
	CHECK(ret == -ENOMEM || (ret == -ENOSPC && kind->domains == VRAM));
	for (u64 i = 0; i + 1 < num; i++)
		pdd_bo_free(&dev, &bos[i]);
	CHECK_EQ(map[0], 0x12345678);
	CHECK_EQ(map[BO_SIZE / 4 - 1], 0);
}

/* Memory for the CPU comes when it is touched, and then there is but one way to say no. */
static void touch_too_much(u64 bytes)
{
	struct pdd_dev dev;
	struct pdd_bo bo;

	CHECK_OK(pdd_open(&dev, 0));
	for (u64 done = 0; done < bytes; done += BO_SIZE) {
		CHECK_OK(pdd_bo_create(&dev, BO_SIZE, DRM_PDDGPU_DOMAIN_CPU, 0, &bo));
		CHECK_OK(pdd_bo_map(&dev, &bo));
		*(u32 *)bo.map = 1;
	}
}

static void more_than_memory_cpu(const void *arg)
{
	struct sysinfo si;
	pid_t pid;

	(void)arg;
	CHECK_OK(sysinfo(&si));
	pid = test_fork();
	if (!pid) {
		touch_too_much((u64)si.totalram * si.mem_unit);
		_exit(0);
	}
	CHECK_EQ(test_wait(pid), 128 + SIGBUS);
}

static const struct kind gtt = { GTT, 0, false };
static const struct kind uswc = { GTT, DRM_PDDGPU_GEM_GTT_USWC, false };
static const struct kind vram = { VRAM, 0, false };
static const struct kind either = { VRAM | GTT, 0, false };
static const struct kind private = { VRAM, 0, true };
static const struct kind no_cpu = { VRAM, DRM_PDDGPU_GEM_NO_CPU_ACCESS, false };

static const struct test tests[] = {
	{ .name = "evict.overcommit_vram", .run = overcommit, .arg = &vram, .timeout = 120 },
	{ .name = "evict.overcommit_vram_or_gtt", .run = overcommit, .arg = &either,
	  .timeout = 120 },
	{ .name = "evict.overcommit_private", .run = overcommit, .arg = &private, .timeout = 120 },
	{ .name = "evict.overcommit_no_cpu_access", .run = overcommit, .arg = &no_cpu,
	  .timeout = 120 },
	{ .name = "evict.overcommit_cpu", .run = overcommit_cpu, .timeout = 120 },
	{ .name = "evict.overcommit_visible", .run = overcommit_visible, .timeout = 120 },
	{ .name = "evict.comes_back", .run = comes_back, .timeout = 60 },
	{ .name = "evict.unlisted_is_reached", .run = unlisted_is_reached, .timeout = 60 },
	{ .name = "evict.one_job_too_large", .run = one_job_too_large, .timeout = 60 },
	{ .name = "evict.one_job_makes_do", .run = one_job_makes_do, .timeout = 60 },
	{ .name = "evict.makes_room_contiguous", .run = makes_room_contiguous, .timeout = 60 },
	{ .name = "evict.three_clients", .run = three_clients, .timeout = 120 },
	{ .name = "evict.swap", .run = swap, .timeout = 60 },
	{ .name = "evict.swap_from_vram", .run = swap_from_vram, .timeout = 60 },
	{ .name = "evict.more_than_memory_cpu", .run = more_than_memory_cpu, .timeout = 120 },
	{ .name = "evict.more_than_memory_vram", .run = more_than_memory, .arg = &vram,
	  .timeout = 120 },
	{ .name = "evict.more_than_memory_gtt", .run = more_than_memory, .arg = &gtt,
	  .timeout = 120 },
	{ .name = "evict.more_than_memory_uswc", .run = more_than_memory, .arg = &uswc,
	  .timeout = 120 },
};

TEST_GROUP(evict_tests, tests);
