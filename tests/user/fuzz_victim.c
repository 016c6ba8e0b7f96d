// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The victim of pddgpu-fuzz: a client that does nothing wrong, beside others that
 * do nothing else.  What is in its buffers stays, its jobs compute what they
 * should and never fail, and what it gets anew is zero.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"

#define COPY		DRM_PDDGPU_ENGINE_COPY
#define COMPUTE		DRM_PDDGPU_ENGINE_COMPUTE
#define KEPT		5
#define KEPT_SIZE	(256 * KIB)
#define FRESH_MAX	64

/* What a victim looks after */
struct victim {
	struct pdd_client c;
	struct pdd_ib ib;
	struct pdd_bo sum;		/* where the card puts a CRC */
	struct pdd_bo kept[KEPT];
	u64 seeds[KEPT];
	u64 rng;
	u64 num_fresh;
};

static u64 next(struct victim *v)
{
	return random_next(&v->rng);
}

static struct drm_pddgpu_cs_bo use(const struct pdd_bo *bo, u32 flags)
{
	return (struct drm_pddgpu_cs_bo){ .handle = bo->handle, .flags = flags };
}

static void fill_pattern(struct victim *v, u32 i)
{
	v->seeds[i] = next(v);
	test_pattern(v->kept[i].map, KEPT_SIZE, v->seeds[i]);
}

static void victim_init(struct victim *v, unsigned int card)
{
	static const struct { u32 domains, flags; } kinds[KEPT] = {
		{ VRAM, 0 }, { VRAM, DRM_PDDGPU_GEM_CPU_ACCESS_REQUIRED }, { GTT, 0 },
		{ VRAM | GTT, DRM_PDDGPU_GEM_VRAM_CONTIGUOUS }, { GTT, DRM_PDDGPU_GEM_GTT_USWC },
	};

	v->rng = fuzz_options.seed ^ card;
	CHECK_OK(pdd_client_open(&v->c, card));
	CHECK_OK(pdd_ib_init(&v->c, 64, &v->ib));
	v->sum = test_bo(&v->c, PDD_PAGE, GTT);
	for (u32 i = 0; i < KEPT; i++) {
		CHECK_OK(pdd_bo_new(&v->c, KEPT_SIZE, kinds[i].domains, kinds[i].flags,
				    &v->kept[i]));
		CHECK_OK(pdd_bo_map(&v->c.dev, &v->kept[i]));
		fill_pattern(v, i);
	}
}

/* As test_gpu_crc(), without asking for memory, which others may have all of */
static u32 gpu_crc(struct victim *v, const struct pdd_bo *bo)
{
	const struct drm_pddgpu_cs_bo list[] = {
		use(bo, 0), use(&v->sum, DRM_PDDGPU_CS_BO_WRITE),
	};

	pdd_crc32(&v->ib, bo->va, bo->size, v->sum.va);
	CHECK_OK(pdd_run(&v->c, COMPUTE, &v->ib, list, ARRAY_SIZE(list)));
	return *(u32 *)v->sum.map;
}

/* By the CPU */
static void look(struct victim *v)
{
	u32 i = next(v) % KEPT;

	test_check_pattern(v->kept[i].map, KEPT_SIZE, v->seeds[i]);
	if (next(v) % 4 == 0)
		fill_pattern(v, i);
}

/* By the card, from one into another, and the sums of both */
static void copy_and_sum(struct victim *v)
{
	u32 from = next(v) % KEPT, to = (from + 1 + next(v) % (KEPT - 1)) % KEPT;
	struct drm_pddgpu_cs_bo list[] = {
		use(&v->kept[from], 0), use(&v->kept[to], DRM_PDDGPU_CS_BO_WRITE),
	};

	pdd_copy(&v->ib, v->kept[from].va, v->kept[to].va, KEPT_SIZE);
	CHECK_OK(pdd_run(&v->c, next(v) % 2 ? COPY : COMPUTE, &v->ib, list, ARRAY_SIZE(list)));
	v->seeds[to] = v->seeds[from];
	test_check_pattern(v->kept[to].map, KEPT_SIZE, v->seeds[to]);
	CHECK_EQ(gpu_crc(v, &v->kept[to]), crc32(0, v->kept[from].map, KEPT_SIZE));
}

/*
 * Zeroes to the CPU or to the card, then a secret that nobody else shall find; unless
 * the others have all the memory just now.
 */
static void fresh(struct victim *v)
{
	static const u32 domains[] = { VRAM, GTT, VRAM | GTT };
	u64 size = PDD_PAGE * (1 + next(v) % FRESH_MAX);
	struct pdd_bo bo;
	int ret;

	ret = pdd_bo_new(&v->c, size, domains[next(v) % 3], 0, &bo);
	if (ret == -ENOMEM || ret == -ENOSPC)
		return;
	CHECK_OK(ret);
	v->num_fresh++;
	if (next(v) % 2) {
		void *zero = calloc(1, size);

		CHECK_EQ(gpu_crc(v, &bo), crc32(0, zero, size));
		free(zero);
	}
	CHECK_OK(pdd_bo_map(&v->c.dev, &bo));
	test_check_words(bo.map, size, 0);
	test_pattern(bo.map, size, next(v));
	CHECK_OK(pdd_unbind(&v->c, bo.va, bo.size));
	pdd_bo_free(&v->c.dev, &bo);
}

static void unblemished(struct victim *v)
{
	struct drm_pddgpu_ctx_query query;

	CHECK_OK(pdd_ctx_query(&v->c, v->c.ctx, &query));
	if (query.flags || query.faults)
		FAIL("the victim's context has flags %#x, %llu faults, error %u", query.flags,
		     query.faults, query.last_error);
}

static void pause_if_told(void)
{
	if (!fuzz_shared->quiet)
		return;
	fuzz_shared->paused++;
	while (fuzz_shared->quiet && !fuzz_shared->stop)
		sleep_ms(2);
	fuzz_shared->paused--;
}

void fuzz_victim(unsigned int card)
{
	static struct victim v;

	victim_init(&v, card);
	while (!fuzz_shared->stop) {
		look(&v);
		copy_and_sum(&v);
		fresh(&v);
		unblemished(&v);
		fuzz_shared->rounds++;
		pause_if_told();
		sleep_ms(5);
	}
	for (u32 i = 0; i < KEPT; i++)
		test_check_pattern(v.kept[i].map, KEPT_SIZE, v.seeds[i]);
	CHECK(v.num_fresh > 0);
}
