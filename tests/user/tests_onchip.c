// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * On-chip heaps: buffers in them come and go, are cleared, evicted and brought back
 * with all they hold, and no job sees more of them than what it lists.
 */
#include "test.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define COPY		DRM_PDDGPU_ENGINE_COPY
#define COMPUTE		DRM_PDDGPU_ENGINE_COMPUTE
#define GDS		PDDGPU_ONCHIP_GDS
#define GWS		PDDGPU_ONCHIP_GWS
#define OA		PDDGPU_ONCHIP_OA
#define NUM_HEAPS	PDDGPU_NUM_ONCHIP
#define NO_FLAGS	DRM_PDDGPU_GEM_NO_CPU_ACCESS
#define TO_MEMORY	PDDGPU_ONCHIP_COPY_TO_MEMORY
#define ROUNDS		100
#define CROWD		4
#define SETTLE_NS	5000000000ULL

static const u32 domain_of[NUM_HEAPS] = {
	[GDS] = DRM_PDDGPU_DOMAIN_GDS,
	[GWS] = DRM_PDDGPU_DOMAIN_GWS,
	[OA] = DRM_PDDGPU_DOMAIN_OA,
};
static const char *const name_of[NUM_HEAPS] = { [GDS] = "gds", [GWS] = "gws", [OA] = "oa" };

/* A client with room for all of any heap, a command buffer, and buffers in heaps. */
struct user {
	struct pdd_client c;
	struct pdd_bo memory;
	struct pdd_ib ib;
};

static u64 heap_size(const struct pdd_dev *dev, u32 heap)
{
	return heap == GDS ? dev->info.gds_size :
	       heap == GWS ? dev->info.gws_size : dev->info.oa_size;
}

static u64 heap_used(struct pdd_dev *dev, u32 heap)
{
	struct drm_pddgpu_info_memory mem = test_memory(dev);

	return heap == GDS ? mem.gds_used : heap == GWS ? mem.gws_used : mem.oa_used;
}

/* Who has closed its last handle gives memory back a moment later. */
static void wait_for_used(struct pdd_dev *dev, u32 heap, u64 used)
{
	const u64 end = now_ns() + test_late_ns(SETTLE_NS);

	while (heap_used(dev, heap) != used) {
		if (now_ns() > end)
			FAIL("%s: %llu bytes in use, not %llu", name_of[heap],
			     heap_used(dev, heap), used);
		sleep_ms(5);
	}
}

static void user_init(struct user *u)
{
	u64 most = 0;

	test_client(&u->c);
	for (u32 h = 0; h < NUM_HEAPS; h++) {
		u64 size = heap_size(&u->c.dev, h);

		CHECK(size >= 4 * PDD_PAGE);
		most = size > most ? size : most;
	}
	u->memory = test_bo(&u->c, most, GTT);
	u->ib = test_ib(&u->c, 64);
}

static struct pdd_bo heap_bo(struct user *u, u32 heap, u64 size)
{
	struct pdd_bo bo;

	CHECK_OK(pdd_bo_create(&u->c.dev, size, domain_of[heap], 0, &bo));
	return bo;
}

static u32 placement(struct user *u, const struct pdd_bo *bo)
{
	struct drm_pddgpu_gem_info info;

	CHECK_OK(pdd_bo_info(&u->c.dev, bo, &info));
	return info.placement;
}

/* A job that copies all of a buffer from or to the memory of its user */
static void copy_all(struct user *u, u32 engine, u32 flags, const struct pdd_bo *bo)
{
	const struct drm_pddgpu_cs_bo list[] = {
		{ .handle = bo->handle, .flags = DRM_PDDGPU_CS_BO_WRITE },
		{ .handle = u->memory.handle, .flags = DRM_PDDGPU_CS_BO_WRITE },
	};

	pdd_onchip_copy(&u->ib, flags, 0, bo->size, u->memory.va);
	CHECK_OK(pdd_run(&u->c, engine, &u->ib, list, 2));
}

static void fill_bo(struct user *u, u32 heap, const struct pdd_bo *bo, u64 seed)
{
	test_pattern(u->memory.map, bo->size, seed);
	copy_all(u, seed & 1, heap, bo);
}

static void check_bo(struct user *u, u32 heap, const struct pdd_bo *bo, u64 seed)
{
	memset(u->memory.map, 0x5a, bo->size);
	copy_all(u, seed & 1, heap | TO_MEMORY, bo);
	test_check_pattern(u->memory.map, bo->size, seed);
}

/* --- Buffers ----------------------------------------------------------- */

static void sizes(const void *arg)
{
	struct pdd_client c;
	volatile u32 *regs;

	(void)arg;
	test_client(&c);
	regs = test_registers(&c.dev);
	for (u32 h = 0; h < NUM_HEAPS; h++) {
		u64 size = heap_size(&c.dev, h);

		CHECK(size);
		CHECK_EQ(size, regs[PDDGPU_REG_ONCHIP_PAGES(h) / 4] * PDD_PAGE);
		CHECK_EQ(heap_used(&c.dev, h), 0);
	}
}

/* What a buffer in a heap can do, and what it cannot. */
static void create(const void *arg)
{
	struct drm_pddgpu_gem_info info;
	struct pdd_bo bo, none;
	struct user u;

	(void)arg;
	user_init(&u);
	for (u32 h = 0; h < NUM_HEAPS; h++) {
		u64 size = heap_size(&u.c.dev, h);

		bo = heap_bo(&u, h, 1);
		CHECK_EQ(bo.size, PDD_PAGE);
		CHECK_EQ(heap_used(&u.c.dev, h), PDD_PAGE);
		CHECK_OK(pdd_bo_info(&u.c.dev, &bo, &info));
		CHECK_EQ(info.domains, domain_of[h]);
		CHECK_EQ(info.placement, domain_of[h]);
		CHECK_EQ(info.flags, NO_FLAGS);
		CHECK_EQ(info.blocks, 0);
		CHECK_RET(pdd_bo_map(&u.c.dev, &bo), -EINVAL);
		CHECK_RET(pdd_bind(&u.c, &bo, 0, pdd_va(&u.c, PDD_PAGE), PDD_PAGE, 0), -EINVAL);
		CHECK_OK(pdd_bo_wait(&u.c.dev, &bo, DRM_PDDGPU_GEM_WAIT_WRITE, PDD_WAIT_NS));
		pdd_bo_free(&u.c.dev, &bo);
		wait_for_used(&u.c.dev, h, 0);

		CHECK_OK(pdd_bo_create(&u.c.dev, size, domain_of[h], NO_FLAGS, &bo));
		CHECK_EQ(heap_used(&u.c.dev, h), size);
		CHECK_RET(pdd_bo_create(&u.c.dev, size + 1, domain_of[h], 0, &none), -E2BIG);
		CHECK_RET(pdd_bo_create(&u.c.dev, ~0ULL, domain_of[h], 0, &none), -E2BIG);
		CHECK_RET(pdd_bo_create(&u.c.dev, 1, domain_of[h] | GTT, 0, &none), -EINVAL);
		CHECK_RET(pdd_bo_create(&u.c.dev, 1, domain_of[h] | domain_of[(h + 1) % 3], 0,
					&none), -EINVAL);
		CHECK_RET(pdd_bo_create(&u.c.dev, 1, domain_of[h],
					DRM_PDDGPU_GEM_CPU_ACCESS_REQUIRED, &none), -EINVAL);
		CHECK_RET(pdd_bo_create(&u.c.dev, 1, domain_of[h], DRM_PDDGPU_GEM_GTT_USWC,
					&none), -EINVAL);
		CHECK_EQ(heap_used(&u.c.dev, h), size);
		pdd_bo_free(&u.c.dev, &bo);
		wait_for_used(&u.c.dev, h, 0);
	}
}

/* A card that lacks a heap says so, and does all else. */
static void missing(const void *arg)
{
	struct pdd_client c;
	struct pdd_bo bo;

	(void)arg;
	test_client(&c);
	for (u32 h = 0; h < NUM_HEAPS; h++) {
		CHECK_EQ(heap_used(&c.dev, h), 0);
		CHECK_RET(pdd_bo_create(&c.dev, 1, domain_of[h], 0, &bo),
			  heap_size(&c.dev, h) ? 0 : -EOPNOTSUPP);
	}
	test_check_alive(0);
	CHECK_OK(test_suspend());
	test_check_alive(0);
}

/* Whoever comes next finds zeroes, in all of the heap. */
static void fresh_is_zero(const void *arg)
{
	struct user u;
	pid_t pid;

	(void)arg;
	for (u32 h = 0; h < NUM_HEAPS; h++) {
		struct pdd_bo bo;

		pid = test_fork();
		if (!pid) {
			user_init(&u);
			bo = heap_bo(&u, h, heap_size(&u.c.dev, h));
			fill_bo(&u, h, &bo, 11 + h);
			_exit(0);
		}
		test_join(pid);
		user_init(&u);
		bo = heap_bo(&u, h, heap_size(&u.c.dev, h));
		copy_all(&u, COMPUTE, h | TO_MEMORY, &bo);
		test_check_words(u.memory.map, bo.size, 0);
		pdd_client_close(&u.c);
	}
}

/* --- Windows ------------------------------------------------------------ */

static void expect_fault(struct user *u, u32 engine, const struct pdd_bo *list, u32 num)
{
	struct drm_pddgpu_cs_bo bos[NUM_HEAPS];
	struct drm_pddgpu_ctx_query before, after;

	for (u32 i = 0; i < num; i++)
		bos[i] = (struct drm_pddgpu_cs_bo){ list[i].handle, DRM_PDDGPU_CS_BO_WRITE };
	CHECK_OK(pdd_ctx_query(&u->c, u->c.ctx, &before));
	CHECK_RET(pdd_run(&u->c, engine, &u->ib, bos, num), -EFAULT);
	CHECK_OK(pdd_ctx_query(&u->c, u->c.ctx, &after));
	CHECK_EQ(after.faults, before.faults + 1);
	CHECK_EQ(after.last_error, PDDGPU_ERR_WINDOW);
	CHECK_EQ(after.flags, DRM_PDDGPU_CTX_FAULTED);
}

/* Another client's buffers lie before and behind one page, which is all that a job gets. */
static void window_is_enforced(const void *arg)
{
	struct pdd_bo before[NUM_HEAPS], mine[NUM_HEAPS], behind[NUM_HEAPS];
	struct user victim, u;

	(void)arg;
	user_init(&victim);
	user_init(&u);
	for (u32 h = 0; h < NUM_HEAPS; h++) {
		before[h] = heap_bo(&victim, h, PDD_PAGE);
		mine[h] = heap_bo(&u, h, PDD_PAGE);
		behind[h] = heap_bo(&victim, h, 2 * PDD_PAGE);
		fill_bo(&victim, h, &before[h], 20 + h);
		fill_bo(&u, h, &mine[h], 30 + h);
		fill_bo(&victim, h, &behind[h], 40 + h);
	}
	memset(u.memory.map, 0xee, u.memory.size);
	for (u32 h = 0; h < NUM_HEAPS; h++) {
		const u32 outside[][2] = {
			{ PDD_PAGE, 4 }, { PDD_PAGE - 4, 8 }, { 0, PDD_PAGE + 4 },
			{ -4u, 4 }, { -(u32)PDD_PAGE, PDD_PAGE }, { 0, -4u },
		};

		for (u32 i = 0; i < 2 * ARRAY_SIZE(outside); i++) {
			const u32 *range = outside[i / 2];

			pdd_onchip_copy(&u.ib, h | (i & 1 ? TO_MEMORY : 0), range[0], range[1],
					u.memory.va);
			expect_fault(&u, i / 2 & 1, mine, NUM_HEAPS);
		}
	}
	pdd_barrier(&u.ib, 1, 1);
	expect_fault(&u, COPY, mine, NUM_HEAPS);
	pdd_append(&u.ib, 1, 0, 1, u.memory.va);
	expect_fault(&u, COMPUTE, mine, NUM_HEAPS);
	test_check_words(u.memory.map, u.memory.size, 0xeeeeeeee);
	for (u32 h = 0; h < NUM_HEAPS; h++) {
		check_bo(&victim, h, &before[h], 20 + h);
		check_bo(&u, h, &mine[h], 30 + h);
		check_bo(&victim, h, &behind[h], 40 + h);
	}
}

/* What one job was given, the next does not have, of the same context and address space. */
static void unlisted(const void *arg)
{
	struct pdd_bo bo[NUM_HEAPS];
	struct user u;

	(void)arg;
	user_init(&u);
	for (u32 h = 0; h < NUM_HEAPS; h++)
		bo[h] = heap_bo(&u, h, 2 * PDD_PAGE);
	for (u32 h = 0; h < NUM_HEAPS; h++) {
		fill_bo(&u, h, &bo[h], 1 + 2 * h);
		pdd_onchip_copy(&u.ib, h, 0, 4, u.memory.va);
		expect_fault(&u, COMPUTE, NULL, 0);
		/* Another heap's buffer is none of this heap. */
		pdd_onchip_copy(&u.ib, h, 0, 4, u.memory.va);
		expect_fault(&u, COMPUTE, &bo[(h + 1) % NUM_HEAPS], 1);
		check_bo(&u, h, &bo[h], 1 + 2 * h);
	}
}

static void one_of_a_heap(const void *arg)
{
	struct pdd_bo bo[NUM_HEAPS], more;
	struct user u;

	(void)arg;
	user_init(&u);
	for (u32 h = 0; h < NUM_HEAPS; h++)
		bo[h] = heap_bo(&u, h, PDD_PAGE);
	for (u32 h = 0; h < NUM_HEAPS; h++) {
		struct drm_pddgpu_cs_bo list[] = {
			{ .handle = bo[GDS].handle }, { .handle = bo[GWS].handle },
			{ .handle = bo[OA].handle }, { 0 },
		};

		more = heap_bo(&u, h, PDD_PAGE);
		list[3].handle = more.handle;
		pdd_nop(&u.ib, 0);
		CHECK_RET(pdd_run(&u.c, COPY, &u.ib, list, 4), -EINVAL);
		list[h].handle = u.memory.handle;
		pdd_ib_reset(&u.ib);
		pdd_nop(&u.ib, 0);
		CHECK_OK(pdd_run(&u.c, COPY, &u.ib, list, 4));
	}
}

/* --- Eviction ----------------------------------------------------------- */

/* Four times what fits, by one client: each is there when a job asks for it. */
static void evicted_and_back(const void *arg)
{
	struct drm_pddgpu_info_memory mem;
	struct user u;

	(void)arg;
	user_init(&u);
	for (u32 h = 0; h < NUM_HEAPS; h++) {
		u64 size = heap_size(&u.c.dev, h) / 2;
		struct pdd_bo bos[8];
		u32 in = 0;

		mem = test_memory(&u.c.dev);
		for (u32 i = 0; i < 8; i++) {
			bos[i] = heap_bo(&u, h, size);
			fill_bo(&u, h, &bos[i], 100 * h + i);
		}
		CHECK(test_memory(&u.c.dev).evictions >= mem.evictions + 6);
		for (u32 i = 0; i < 8; i++) {
			in += placement(&u, &bos[i]) == domain_of[h];
			CHECK(placement(&u, &bos[i]) & (domain_of[h] | GTT));
		}
		CHECK_EQ(in, 2);
		CHECK_EQ(heap_used(&u.c.dev, h), 2 * size);
		for (u32 round = 0; round < 3; round++)
			for (u32 i = 0; i < 8; i++) {
				check_bo(&u, h, &bos[i], 100 * h + i);
				CHECK_EQ(placement(&u, &bos[i]), domain_of[h]);
			}
		for (u32 i = 0; i < 8; i++)
			pdd_bo_free(&u.c.dev, &bos[i]);
		wait_for_used(&u.c.dev, h, 0);
	}
}

/* Pages that are free, but not next to one another, are made so. */
static void holes(const void *arg)
{
	struct user u;

	(void)arg;
	user_init(&u);
	for (u32 h = 0; h < NUM_HEAPS; h++) {
		u32 pages = heap_size(&u.c.dev, h) / PDD_PAGE;
		struct pdd_bo *bos = calloc(pages, sizeof(*bos)), large;

		for (u32 i = 0; i < pages; i++) {
			bos[i] = heap_bo(&u, h, PDD_PAGE);
			fill_bo(&u, h, &bos[i], 7 * h + i);
		}
		for (u32 i = 0; i < pages; i += 2)
			pdd_bo_free(&u.c.dev, &bos[i]);
		large = heap_bo(&u, h, pages / 2 * PDD_PAGE);
		fill_bo(&u, h, &large, 99);
		for (u32 i = 1; i < pages; i += 2) {
			check_bo(&u, h, &bos[i], 7 * h + i);
			pdd_bo_free(&u.c.dev, &bos[i]);
		}
		check_bo(&u, h, &large, 99);
		pdd_bo_free(&u.c.dev, &large);
		free(bos);
	}
}

/* Each wants all of each heap for every job. */
static void member(u32 nth)
{
	struct pdd_bo bo[NUM_HEAPS];
	struct user u;

	user_init(&u);
	for (u32 h = 0; h < NUM_HEAPS; h++) {
		bo[h] = heap_bo(&u, h, heap_size(&u.c.dev, h));
		copy_all(&u, COPY, h | TO_MEMORY, &bo[h]);
		test_check_words(u.memory.map, bo[h].size, 0);
		fill_bo(&u, h, &bo[h], nth << 8);
	}
	for (u32 round = 0; round < test_count(20); round++)
		for (u32 h = 0; h < NUM_HEAPS; h++) {
			check_bo(&u, h, &bo[h], nth << 8 | round);
			fill_bo(&u, h, &bo[h], nth << 8 | (round + 1));
		}
}

static void clients_take_turns(const void *arg)
{
	pid_t pids[CROWD];

	(void)arg;
	for (u32 i = 0; i < CROWD; i++) {
		pids[i] = test_fork();
		if (!pids[i]) {
			member(i + 1);
			_exit(0);
		}
	}
	for (u32 i = 0; i < CROWD; i++)
		test_join(pids[i]);
}

/*
 * Others take the heap away from a job that has yet to run, and nobody waits for it
 * before it has: not who submits, only the engine.
 */
static void nobody_waits_for_eviction(const void *arg)
{
	struct drm_pddgpu_cs_bo list[2];
	struct pdd_bo bo, other, gate;
	struct user busy, u;
	struct pdd_use use = { .bos = list, .num_bos = 1 };
	u32 out, late;

	(void)arg;
	user_init(&busy);
	user_init(&u);
	bo = heap_bo(&busy, GDS, heap_size(&u.c.dev, GDS));
	fill_bo(&busy, GDS, &bo, 1);
	list[0] = (struct drm_pddgpu_cs_bo){ bo.handle, DRM_PDDGPU_CS_BO_WRITE };
	list[1] = (struct drm_pddgpu_cs_bo){ busy.memory.handle, DRM_PDDGPU_CS_BO_WRITE };
	gate = test_gate(&busy.c, busy.c.ctx, COMPUTE, &use);
	test_pattern(busy.memory.map, bo.size, 2);
	pdd_onchip_copy(&busy.ib, GDS, 0, bo.size, busy.memory.va);
	CHECK_OK(pdd_submit_out(&busy.c, COMPUTE, &busy.ib, list, 2, &late));

	/* Whoever waited would do so for ever, as the gate is closed. */
	other = heap_bo(&u, GDS, bo.size);
	list[0] = (struct drm_pddgpu_cs_bo){ other.handle, DRM_PDDGPU_CS_BO_WRITE };
	test_pattern(u.memory.map, other.size, 3);
	pdd_onchip_copy(&u.ib, GDS, 0, other.size, u.memory.va);
	CHECK_OK(pdd_submit_out(&u.c, COPY, &u.ib, list, 1, &out));
	CHECK_EQ(placement(&u, &other), domain_of[GDS]);
	CHECK_EQ(placement(&busy, &bo), GTT);
	CHECK_EQ(pdd_syncobj_status(&u.c.dev, out), 0);
	CHECK_EQ(pdd_syncobj_status(&busy.c.dev, late), 0);
	test_gate_open(&gate);
	CHECK_OK(pdd_finish(&busy.c.dev, late));
	CHECK_OK(pdd_finish(&u.c.dev, out));
	pdd_ib_reset(&busy.ib);
	pdd_ib_reset(&u.ib);
	check_bo(&busy, GDS, &bo, 2);
	check_bo(&u, GDS, &other, 3);
}

static void private_buffers(const void *arg)
{
	struct user u;

	(void)arg;
	user_init(&u);
	for (u32 h = 0; h < NUM_HEAPS; h++) {
		struct pdd_bo bos[3];

		for (u32 i = 0; i < 3; i++) {
			struct drm_pddgpu_gem_create args = {
				.size = heap_size(&u.c.dev, h) / 2, .domains = domain_of[h],
				.vm_id = u.c.vm,
			};

			CHECK_OK(pdd_ioctl(u.c.dev.fd, DRM_IOCTL_PDDGPU_GEM_CREATE, &args));
			bos[i] = (struct pdd_bo){ .handle = args.handle, .size = args.size };
			fill_bo(&u, h, &bos[i], i);
		}
		for (u32 i = 0; i < 6; i++)
			check_bo(&u, h, &bos[i % 3], i % 3);
	}
}

/* What nobody needs is dropped where others would be evicted, and comes back empty. */
static void unneeded(const void *arg)
{
	struct user u;

	(void)arg;
	user_init(&u);
	for (u32 h = 0; h < NUM_HEAPS; h++) {
		struct pdd_bo bo = heap_bo(&u, h, 2 * PDD_PAGE), all;

		fill_bo(&u, h, &bo, h);
		CHECK_OK(pdd_bo_wait(&u.c.dev, &bo, DRM_PDDGPU_GEM_WAIT_WRITE, PDD_WAIT_NS));
		CHECK_EQ(pdd_bo_madvise(&u.c.dev, &bo, DRM_PDDGPU_MADV_DONTNEED), 1);
		all = heap_bo(&u, h, heap_size(&u.c.dev, h));
		CHECK_EQ(placement(&u, &all), domain_of[h]);
		CHECK_EQ(placement(&u, &bo), DRM_PDDGPU_DOMAIN_CPU);
		CHECK_EQ(pdd_bo_madvise(&u.c.dev, &bo, DRM_PDDGPU_MADV_WILLNEED), 0);
		copy_all(&u, COPY, h | TO_MEMORY, &bo);
		test_check_words(u.memory.map, bo.size, 0);
	}
}

/* --- Engines together --------------------------------------------------- */

/*
 * Both jobs must get to their engines.  The copy engine is also who moves memory and
 * writes page tables, so the job that waits on it comes last.
 */
static void run_both(struct user *u, const struct pdd_ib ibs[PDDGPU_NUM_ENGINES],
		     const struct pdd_bo *bo)
{
	const struct drm_pddgpu_cs_bo list = { .handle = bo->handle };
	u32 compute, copy;

	/* The host may let one of them wait for the other. */
	test_job_limits(TEST_NEVER_MS, TEST_NEVER_MS);
	CHECK_OK(pdd_submit_out(&u->c, COMPUTE, &ibs[COMPUTE], &list, 1, &compute));
	CHECK_OK(pdd_submit_out(&u->c, COPY, &ibs[COPY], &list, 1, &copy));
	CHECK_OK(pdd_finish(&u->c.dev, compute));
	CHECK_OK(pdd_finish(&u->c.dev, copy));
}

/*
 * Jobs of both engines write their round, meet, and find the other's round: one that
 * came through too early, or too late, waits for ever for what is gone.
 */
static void barrier_between_jobs(const void *arg)
{
	struct pdd_ib ibs[PDDGPU_NUM_ENGINES];
	struct pdd_bo bo;
	struct user u;

	(void)arg;
	user_init(&u);
	bo = heap_bo(&u, GWS, 2 * PDD_PAGE);
	for (u32 e = 0; e < PDDGPU_NUM_ENGINES; e++) {
		ibs[e] = test_ib(&u.c, 20 * ROUNDS);
		for (u32 i = 1; i <= ROUNDS; i++) {
			pdd_write32(&ibs[e], u.memory.va + 8 * e, i);
			pdd_barrier(&ibs[e], 1, 2);
			pdd_wait(&ibs[e], PDDGPU_WAIT_EQ, u.memory.va + 8 * !e, i, ~0u);
			pdd_barrier(&ibs[e], 1, 2);
		}
	}
	run_both(&u, ibs, &bo);
	copy_all(&u, COPY, GWS | TO_MEMORY, &bo);
	CHECK_EQ(((u32 *)u.memory.map)[PDD_PAGE / 4], 0);
	CHECK_EQ(((u32 *)u.memory.map)[PDD_PAGE / 4 + 1], 2 * ROUNDS);
}

/* Even turns are the copy engine's, odd ones the compute engine's, which is there first. */
static void append_in_order(const void *arg)
{
	struct pdd_ib ibs[PDDGPU_NUM_ENGINES];
	struct pdd_bo bo;
	struct user u;
	u32 sum = 0;

	(void)arg;
	user_init(&u);
	bo = heap_bo(&u, OA, 3 * PDD_PAGE);
	for (u32 e = 0; e < PDDGPU_NUM_ENGINES; e++) {
		ibs[e] = test_ib(&u.c, 6 * ROUNDS);
		for (u32 i = 0; i < ROUNDS; i++) {
			u32 turn = 2 * i + (e == COMPUTE);

			pdd_append(&ibs[e], 2, turn, turn + 3, u.memory.va + 4 * turn);
		}
	}
	run_both(&u, ibs, &bo);
	for (u32 turn = 0; turn < 2 * ROUNDS; turn++) {
		CHECK_EQ(((u32 *)u.memory.map)[turn], sum);
		sum += turn + 3;
	}
	copy_all(&u, COPY, OA | TO_MEMORY, &bo);
	CHECK_EQ(((u32 *)u.memory.map)[2 * PDD_PAGE / 4], 2 * ROUNDS);
	CHECK_EQ(((u32 *)u.memory.map)[2 * PDD_PAGE / 4 + 1], sum);
}

/* A counter goes on where it was after it has been to GTT and back between two jobs. */
static void append_across_eviction(const void *arg)
{
	struct drm_pddgpu_cs_bo list;
	struct pdd_bo bo, other;
	struct user u, rival;

	(void)arg;
	user_init(&u);
	user_init(&rival);
	bo = heap_bo(&u, OA, PDD_PAGE);
	list = (struct drm_pddgpu_cs_bo){ bo.handle, DRM_PDDGPU_CS_BO_WRITE };
	for (u32 turn = 0; turn < 5; turn++) {
		pdd_append(&u.ib, 0, turn, 10, u.memory.va);
		CHECK_OK(pdd_run(&u.c, turn & 1, &u.ib, &list, 1));
		CHECK_EQ(*(u32 *)u.memory.map, 10 * turn);
		other = heap_bo(&rival, OA, heap_size(&u.c.dev, OA));
		fill_bo(&rival, OA, &other, turn);
		CHECK_EQ(placement(&u, &bo), GTT);
		pdd_bo_free(&rival.c.dev, &other);
	}
}

/* --- When things go wrong ----------------------------------------------- */

/* Nobody comes to the barrier: one context is lost, and nothing of anybody else's. */
static void lonely_barrier(const void *arg)
{
	struct pdd_bo bo[NUM_HEAPS], lonely;
	struct drm_pddgpu_ctx_query query;
	struct drm_pddgpu_cs_bo list;
	struct user victim, u;
	u32 out;

	(void)arg;
	user_init(&victim);
	user_init(&u);
	for (u32 h = 0; h < NUM_HEAPS; h++) {
		bo[h] = heap_bo(&victim, h, 2 * PDD_PAGE);
		fill_bo(&victim, h, &bo[h], h + 60);
	}
	lonely = heap_bo(&u, GWS, PDD_PAGE);
	list = (struct drm_pddgpu_cs_bo){ .handle = lonely.handle };
	pdd_barrier(&u.ib, 0, 2);
	CHECK_OK(pdd_submit_out(&u.c, COMPUTE, &u.ib, &list, 1, &out));
	CHECK_RET(pdd_finish(&u.c.dev, out), -ETIME);
	CHECK_OK(pdd_ctx_query(&u.c, u.c.ctx, &query));
	CHECK_EQ(query.flags & DRM_PDDGPU_CTX_BANNED, DRM_PDDGPU_CTX_BANNED);
	for (u32 h = 0; h < NUM_HEAPS; h++)
		check_bo(&victim, h, &bo[h], h + 60);
	/* It has come all the same, and the program can set it back. */
	CHECK_OK(pdd_ctx_create(&u.c, &u.c.ctx));
	pdd_ib_reset(&u.ib);
	copy_all(&u, COPY, GWS | TO_MEMORY, &lonely);
	CHECK_EQ(*(u32 *)u.memory.map, 1);
	memset(u.memory.map, 0, PDD_PAGE);
	copy_all(&u, COPY, GWS, &lonely);
	pdd_barrier(&u.ib, 0, 1);
	CHECK_OK(pdd_run(&u.c, COMPUTE, &u.ib, &list, 1));
}

/* Orders a reset of the function, which takes away all windows. */
static void reset_function(const struct pdd_dev *dev)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", dev->pci);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_EQ(write(fd, "1", 1), 1);
	close(fd);
}

static void survives(void (*what)(const struct pdd_dev *dev))
{
	struct pdd_bo in[NUM_HEAPS], out[NUM_HEAPS];
	struct user u;

	user_init(&u);
	for (u32 h = 0; h < NUM_HEAPS; h++) {
		u64 size = heap_size(&u.c.dev, h);

		out[h] = heap_bo(&u, h, size);
		fill_bo(&u, h, &out[h], 70 + h);
		in[h] = heap_bo(&u, h, size / 2);
		fill_bo(&u, h, &in[h], 80 + h);
		CHECK_EQ(placement(&u, &out[h]), GTT);
	}
	for (u32 round = 0; round < 3; round++) {
		what(&u.c.dev);
		for (u32 h = 0; h < NUM_HEAPS; h++) {
			check_bo(&u, h, &in[h], 80 + h);
			check_bo(&u, h, &out[h], 70 + h);
			check_bo(&u, h, &in[h], 80 + h);
		}
	}
	test_check_alive(0);
}

static void reset(const void *arg)
{
	(void)arg;
	survives(reset_function);
}

static void sleep_and_wake(const struct pdd_dev *dev)
{
	struct pdd_dev other = *dev;

	CHECK_OK(test_suspend());
	for (u32 h = 0; h < NUM_HEAPS; h++)
		CHECK_EQ(heap_used(&other, h), 0);
}

static void suspend(const void *arg)
{
	(void)arg;
	survives(sleep_and_wake);
}

/* --- Seeing it ---------------------------------------------------------- */

static void fdinfo_and_debugfs(const void *arg)
{
	char path[128], want[80], *text;
	struct user u;

	(void)arg;
	user_init(&u);
	for (u32 h = 0; h < NUM_HEAPS; h++) {
		struct pdd_bo bo = heap_bo(&u, h, 3 * PDD_PAGE);

		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", u.c.dev.fd);
		text = read_text(path);
		CHECK(text);
		snprintf(want, sizeof(want), "drm-resident-%s:\t12 KiB", name_of[h]);
		if (!strstr(text, want))
			FAIL("there is no \"%s\" in \"%s\"", want, text);
		free(text);

		CHECK_OK(pdd_debugfs(&u.c.dev, name_of[h], path, sizeof(path)));
		text = read_text(path);
		CHECK(text);
		CHECK_EQ(test_number(text, "size"), heap_size(&u.c.dev, h) / PDD_PAGE);
		CHECK_EQ(test_number(text, "usage"), 3 * PDD_PAGE);
		free(text);

		CHECK_OK(pdd_debugfs(&u.c.dev, "buffers", path, sizeof(path)));
		text = read_text(path);
		CHECK(text);
		snprintf(want, sizeof(want), "handle %u size=12288 in=%s-invisible ", bo.handle,
			 name_of[h]);
		if (!strstr(text, want))
			FAIL("there is no \"%s\" in \"%s\"", want, text);
		free(text);
	}
}

/* Our own number, as "buffers" has it */
static u64 client_number(const struct pdd_dev *dev)
{
	char path[128], *text, *line;
	u64 id = 0, last = 0;
	int pid;

	CHECK_OK(pdd_debugfs(dev, "buffers", path, sizeof(path)));
	text = read_text(path);
	CHECK(text);
	for (line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (sscanf(line, "client %llu pid %d", &id, &pid) == 2 && pid == getpid())
			last = id;
	}
	free(text);
	CHECK(last);
	return last;
}

/* The contents of a buffer in a heap, which the copy engine fetches */
static void dump(const void *arg)
{
	static char bytes[4 * PDD_PAGE] __attribute__((aligned(8)));
	char path[128], text[48];
	struct user u;
	int fd;

	(void)arg;
	user_init(&u);
	for (u32 h = 0; h < NUM_HEAPS; h++) {
		struct pdd_bo bo = heap_bo(&u, h, sizeof(bytes));
		size_t got = 0;
		ssize_t n;

		fill_bo(&u, h, &bo, 90 + h);
		CHECK_OK(pdd_debugfs(&u.c.dev, "bo", path, sizeof(path)));
		fd = open(path, O_RDWR | O_CLOEXEC);
		CHECK(fd >= 0);
		n = snprintf(text, sizeof(text), "%llu %u", client_number(&u.c.dev), bo.handle);
		CHECK_EQ(write(fd, text, n), n);
		while (got < sizeof(bytes) && (n = read(fd, bytes + got, sizeof(bytes) - got)) > 0)
			got += n;
		CHECK_EQ(got, sizeof(bytes));
		test_check_pattern(bytes, sizeof(bytes), 90 + h);
		CHECK_EQ(placement(&u, &bo), domain_of[h]);
		close(fd);
	}
}

static const struct test tests[] = {
	{ .name = "onchip.sizes", .run = sizes },
	{ .name = "onchip.create", .run = create },
	{ .name = "onchip.missing", .run = missing },
	{ .name = "onchip.fresh_is_zero", .run = fresh_is_zero },
	{ .name = "onchip.window_is_enforced", .run = window_is_enforced },
	{ .name = "onchip.unlisted", .run = unlisted },
	{ .name = "onchip.one_of_a_heap", .run = one_of_a_heap },
	{ .name = "onchip.evicted_and_back", .run = evicted_and_back },
	{ .name = "onchip.holes", .run = holes },
	{ .name = "onchip.clients_take_turns", .run = clients_take_turns, .timeout = 60 },
	{ .name = "onchip.nobody_waits_for_eviction", .run = nobody_waits_for_eviction },
	{ .name = "onchip.private_buffers", .run = private_buffers },
	{ .name = "onchip.unneeded", .run = unneeded },
	{ .name = "onchip.barrier_between_jobs", .run = barrier_between_jobs },
	{ .name = "onchip.append_in_order", .run = append_in_order },
	{ .name = "onchip.append_across_eviction", .run = append_across_eviction },
	{ .name = "onchip.lonely_barrier", .run = lonely_barrier },
	{ .name = "onchip.reset", .run = reset },
	{ .name = "onchip.suspend", .run = suspend },
	{ .name = "onchip.fdinfo_and_debugfs", .run = fdinfo_and_debugfs },
	{ .name = "onchip.dump", .run = dump },
};

TEST_GROUP(onchip_tests, tests);
