// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Two processes: what is one's own stays one's own, in life and in death. */
#include "test.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define COPY		DRM_PDDGPU_ENGINE_COPY
#define COMPUTE		DRM_PDDGPU_ENGINE_COMPUTE
#define BO_SIZE		(16 * MIB)
#define KILLS		5
#define SMALL_BOS	160
#define CLEAN_DELAY	"/sys/module/pddgpu/parameters/page_pool_clean_delay"
#define POOL_SIZE	"/sys/module/pddgpu/parameters/page_pool_size"

/* What the victim tells the attacker, and how they take turns. */
struct shared {
	volatile int ready;
	volatile int done;
	u32 handle;
	u32 vm;
	u32 ctx;
	u64 offset;
	u64 va;
};

/* A process that owns a buffer with a pattern, and finds it intact in the end. */
static void victim(struct shared *sh)
{
	struct drm_pddgpu_gem_mmap map = { 0 };
	struct pdd_client c;
	struct pdd_bo bo;

	test_client(&c);
	/* Numbers that the attacker will not have for anything of its own. */
	for (int i = 0; i < 50; i++) {
		CHECK_OK(pdd_bo_create(&c.dev, PDD_PAGE, GTT, 0, &bo));
		CHECK_OK(pdd_ctx_create(&c, &c.ctx));
	}
	for (int i = 0; i < 50; i++) {
		struct drm_pddgpu_vm_create vm = { 0 };

		CHECK_OK(pdd_ioctl(c.dev.fd, DRM_IOCTL_PDDGPU_VM_CREATE, &vm));
		c.vm = vm.vm_id;
	}
	c.va = 1ULL << 44;
	bo = test_bo(&c, MIB, VRAM);
	test_pattern(bo.map, MIB, 1);
	map.handle = bo.handle;
	CHECK_OK(pdd_ioctl(c.dev.fd, DRM_IOCTL_PDDGPU_GEM_MMAP, &map));
	sh->handle = bo.handle;
	sh->vm = c.vm;
	sh->ctx = c.ctx;
	sh->offset = map.offset;
	sh->va = bo.va;
	sh->ready = 1;
	while (!sh->done)
		sleep_ms(5);
	test_check_pattern(bo.map, MIB, 1);
	CHECK_OK(pdd_ctx_create(&c, &c.ctx));
	CHECK_EQ(test_gpu_crc(&c, &bo), crc32(0, bo.map, MIB));
}

/* Runs an attack while the victim looks after its buffer. */
static void with_victim(void (*attack)(struct pdd_client *c, const struct shared *sh))
{
	struct shared *sh = mmap(NULL, PDD_PAGE, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct pdd_client c;
	pid_t pid;

	CHECK(sh != MAP_FAILED);
	pid = test_fork();
	if (!pid) {
		victim(sh);
		_exit(0);
	}
	while (!sh->ready) {
		int status;

		if (waitpid(pid, &status, WNOHANG))
			FAIL("the victim ended by itself");
		sleep_ms(5);
	}
	test_client(&c);
	attack(&c, sh);
	sh->done = 1;
	test_join(pid);
}

static void attack_handle(struct pdd_client *c, const struct shared *sh)
{
	struct drm_pddgpu_gem_info info = { .handle = sh->handle };
	struct drm_pddgpu_gem_mmap map = { .handle = sh->handle };
	struct drm_pddgpu_gem_wait wait = { .handle = sh->handle };
	struct drm_pddgpu_cs_bo use = { .handle = sh->handle };
	struct pdd_bo bo = { .handle = sh->handle };
	struct pdd_ib ib = test_ib(c, 16);
	int fd;

	CHECK_RET(pdd_ioctl(c->dev.fd, DRM_IOCTL_PDDGPU_GEM_INFO, &info), -ENOENT);
	CHECK_RET(pdd_ioctl(c->dev.fd, DRM_IOCTL_PDDGPU_GEM_MMAP, &map), -ENOENT);
	CHECK_RET(pdd_ioctl(c->dev.fd, DRM_IOCTL_PDDGPU_GEM_WAIT, &wait), -ENOENT);
	CHECK_RET(pdd_bind(c, &bo, 0, pdd_va(c, MIB), MIB, 0), -ENOENT);
	pdd_nop(&ib, 0);
	CHECK_RET(pdd_run(c, COPY, &ib, &use, 1), -ENOENT);
	CHECK(drmCloseBufferHandle(c->dev.fd, sh->handle));
	CHECK(drmPrimeHandleToFD(c->dev.fd, sh->handle, 0, &fd));
}

static void attack_ids(struct pdd_client *c, const struct shared *sh)
{
	struct drm_pddgpu_vm_destroy vm = { .vm_id = sh->vm };
	struct drm_pddgpu_ctx_destroy ctx = { .ctx_id = sh->ctx };
	struct drm_pddgpu_ctx_create create = { .vm_id = sh->vm };
	struct pdd_ib ib = test_ib(c, 16);
	struct drm_pddgpu_ctx_query query;

	CHECK_RET(pdd_ioctl(c->dev.fd, DRM_IOCTL_PDDGPU_VM_DESTROY, &vm), -ENOENT);
	CHECK_RET(pdd_ioctl(c->dev.fd, DRM_IOCTL_PDDGPU_CTX_DESTROY, &ctx), -ENOENT);
	CHECK_RET(pdd_ioctl(c->dev.fd, DRM_IOCTL_PDDGPU_CTX_CREATE, &create), -ENOENT);
	CHECK_RET(pdd_ctx_query(c, sh->ctx, &query), -ENOENT);
	pdd_nop(&ib, 0);
	CHECK_RET(pdd_submit_ctx(c, sh->ctx, COPY, &ib, NULL), -ENOENT);
}

static void attack_mmap(struct pdd_client *c, const struct shared *sh)
{
	CHECK(mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_SHARED, c->dev.fd, sh->offset) ==
	      MAP_FAILED);
	CHECK_EQ(errno, EACCES);
	CHECK(mmap(NULL, PDD_PAGE, PROT_READ, MAP_SHARED, c->dev.fd, sh->offset + MIB - PDD_PAGE)
	      == MAP_FAILED);
}

static void attack_address(struct pdd_client *c, const struct shared *sh)
{
	struct pdd_bo out = test_bo(c, MIB, GTT);
	struct pdd_ib ib = test_ib(c, 32);

	for (u32 engine = 0; engine < PDDGPU_NUM_ENGINES; engine++) {
		pdd_copy(&ib, sh->va, out.va, MIB);
		test_job_fault(c, engine, &ib, PDDGPU_ERR_UNMAPPED);
		pdd_fill(&ib, sh->va, MIB, 0);
		test_job_fault(c, engine, &ib, PDDGPU_ERR_UNMAPPED);
	}
	test_check_words(out.map, MIB, 0);
}

struct attack {
	void (*run)(struct pdd_client *c, const struct shared *sh);
};

static void isolated(const void *arg)
{
	with_victim(((const struct attack *)arg)->run);
}

/* --- Fresh memory ----------------------------------------------------- */

struct fresh {
	u32 domains;
	u32 flags;
	u32 percent_of_vram;
};

static void fill_all(const struct fresh *fresh, u64 count, u32 value)
{
	struct pdd_client c;
	struct pdd_ib ib;

	test_client(&c);
	ib = test_ib(&c, 16);
	for (u64 i = 0; i < count; i++) {
		struct pdd_bo bo;

		CHECK_OK(pdd_bo_new(&c, BO_SIZE, fresh->domains, fresh->flags, &bo));
		pdd_fill(&ib, bo.va, BO_SIZE, value);
		CHECK_OK(pdd_run(&c, COMPUTE, &ib, NULL, 0));
	}
}

/* The same amount again, by another process: nothing of the first is seen. */
static void expect_zeroes(const struct fresh *fresh, u64 count)
{
	const u32 byte = 0, crc = crc32_repeat(crc32(0, &byte, 1), 1, BO_SIZE);
	struct pdd_client c;

	test_client(&c);
	for (u64 i = 0; i < count; i++) {
		struct pdd_bo bo;

		CHECK_OK(pdd_bo_new(&c, BO_SIZE, fresh->domains, fresh->flags, &bo));
		CHECK_EQ(test_gpu_crc(&c, &bo), crc);
		if (i % 8 || fresh->flags & DRM_PDDGPU_GEM_NO_CPU_ACCESS)
			continue;
		CHECK_OK(pdd_bo_map(&c.dev, &bo));
		test_check_words(bo.map, BO_SIZE, 0);
		pdd_bo_unmap(&bo);
	}
}

static void fresh_memory(const void *arg)
{
	const struct fresh *fresh = arg;
	struct pdd_dev dev;
	u64 count;
	pid_t pid;

	CHECK_OK(pdd_open(&dev, 0));
	count = dev.info.vram_size / 100 * fresh->percent_of_vram / BO_SIZE;
	CHECK(count > 0);
	pid = test_fork();
	if (!pid) {
		fill_all(fresh, count, 0x5ec3e700);
		_exit(0);
	}
	test_join(pid);
	expect_zeroes(fresh, count);
}

/* A page of the CPU's, read through mmap before the card has ever seen it. */
static void fresh_memory_cpu(const void *arg)
{
	const u32 domains[] = { VRAM, GTT, DRM_PDDGPU_DOMAIN_CPU };
	struct pdd_client c;

	(void)arg;
	test_client(&c);
	for (int round = 0; round < 6; round++) {
		struct pdd_bo bo;

		CHECK_OK(pdd_bo_create(&c.dev, 4 * MIB, domains[round % 3], 0, &bo));
		CHECK_OK(pdd_bo_map(&c.dev, &bo));
		test_check_words(bo.map, bo.size, 0);
		test_pattern(bo.map, bo.size, round);
		pdd_bo_free(&c.dev, &bo);
	}
}

/*
 * Small ones, from chunks that each processor keeps, and back into a block that stays
 * in use, while nobody cleans anything: what was used must be known to be dirty.
 */
static void fresh_small(const void *arg)
{
	const struct fresh *fresh = arg;
	static struct pdd_bo bos[SMALL_BOS];
	struct pdd_client c;

	test_client(&c);
	CHECK_OK(write_text(CLEAN_DELAY, "-1"));
	for (u32 round = 0; round < 2; round++) {
		for (u32 i = 0; i < SMALL_BOS; i++) {
			CHECK_OK(pdd_bo_create(&c.dev, PDD_PAGE << i % 5, fresh->domains,
					       fresh->flags, &bos[i]));
			CHECK_OK(pdd_bo_map(&c.dev, &bos[i]));
			test_check_words(bos[i].map, bos[i].size, 0);
			test_pattern(bos[i].map, bos[i].size, i);
		}
		for (u32 i = 0; i < SMALL_BOS; i++)
			if (i % 16)
				pdd_bo_free(&c.dev, &bos[i]);
		/* Processors keep nothing any more, but the pool what is left of blocks. */
		CHECK_OK(write_text(POOL_SIZE, "0"));
	}
}

/* All that GEM_CREATE can be asked for, of which there are a few hundred combinations. */
static struct drm_pddgpu_gem_create any_buffer(const struct pdd_client *c, u64 *seed)
{
	const u32 domains[] = { VRAM, GTT, VRAM | GTT, DRM_PDDGPU_DOMAIN_CPU | GTT };
	const u32 both = DRM_PDDGPU_GEM_CPU_ACCESS_REQUIRED | DRM_PDDGPU_GEM_NO_CPU_ACCESS;
	struct drm_pddgpu_gem_create create = {
		.size = 1 + random_next(seed) % (random_next(seed) & 1 ? 4 * MIB : 64 * KIB),
		.alignment = random_next(seed) & 1 ? PDD_PAGE << random_next(seed) % 8 : 0,
		.domains = domains[random_next(seed) % ARRAY_SIZE(domains)],
		.flags = random_next(seed) & DRM_PDDGPU_GEM_FLAGS_MASK,
		.vm_id = random_next(seed) & 1 ? c->vm : 0,
	};

	if ((create.flags & both) == both)
		create.flags &= ~both;
	return create;
}

/* Every byte of it is zero, for the CPU or for the card; then it gets a mark. */
static void check_and_mark(struct pdd_client *c, struct pdd_bo *bo, bool by_cpu, struct pdd_ib *ib)
{
	const u32 byte = 0;

	if (by_cpu) {
		CHECK_OK(pdd_bo_map(&c->dev, bo));
		test_check_words(bo->map, bo->size, 0);
	} else {
		CHECK_EQ(test_gpu_crc(c, bo), crc32_repeat(crc32(0, &byte, 1), 1, bo->size));
	}
	pdd_fill(ib, bo->va, bo->size, 0x5ec3e700);
	CHECK_OK(pdd_run(c, COMPUTE, ib, NULL, 0));
}

/* Two clients make, mark and free buffers of all kinds, and never see the other's marks. */
static void fresh_of_all_kinds(const void *arg)
{
	u64 seed = test_options.seed * 1000003 + *(const u32 *)arg;
	struct pdd_bo bos[2][24] = { 0 };
	struct pdd_client clients[2];
	struct pdd_ib ibs[2];

	for (u32 i = 0; i < 2; i++) {
		test_client(&clients[i]);
		ibs[i] = test_ib(&clients[i], 16);
	}
	for (u32 n = 0; n < 200; n++) {
		struct pdd_client *c = &clients[n & 1];
		struct drm_pddgpu_gem_create create = any_buffer(c, &seed);
		struct pdd_bo *bo = &bos[n & 1][random_next(&seed) % ARRAY_SIZE(bos[0])];
		bool no_cpu = create.flags & DRM_PDDGPU_GEM_NO_CPU_ACCESS;

		if (bo->handle) {
			CHECK_OK(pdd_unbind(c, bo->va, bo->size));
			pdd_bo_free(&c->dev, bo);
		}
		CHECK_OK(pdd_ioctl(c->dev.fd, DRM_IOCTL_PDDGPU_GEM_CREATE, &create));
		*bo = (struct pdd_bo){ create.handle, create.size, pdd_va(c, create.size), NULL };
		CHECK_OK(pdd_bind(c, bo, 0, bo->va, bo->size, 0));
		check_and_mark(c, bo, !no_cpu && random_next(&seed) & 1, &ibs[n & 1]);
	}
}

/* --- Sudden death ----------------------------------------------------- */

/* Keeps both engines and the memory manager busy for ever. */
static void busy_client(volatile int *started)
{
	struct drm_pddgpu_cs_bo list[2];
	struct pdd_client c;
	struct pdd_bo bos[4];
	struct pdd_ib ibs[2];

	test_client(&c);
	for (u32 i = 0; i < 4; i++) {
		bos[i] = test_bo(&c, 8 * MIB, i & 1 ? VRAM : GTT);
		*(u32 *)bos[i].map = i;
	}
	for (u32 e = 0; e < 2; e++) {
		ibs[e] = test_ib(&c, 16);
		pdd_copy(&ibs[e], bos[e].va, bos[e + 2].va, 8 * MIB);
	}
	for (u32 i = 0;; i++) {
		list[0] = (struct drm_pddgpu_cs_bo){ bos[i & 1].handle, 0 };
		list[1] = (struct drm_pddgpu_cs_bo){ bos[(i & 1) + 2].handle,
						     DRM_PDDGPU_CS_BO_WRITE };
		CHECK_OK(pdd_submit(&c, i & 1, &ibs[i & 1],
				    &(struct pdd_use){ .bos = list, .num_bos = 2 }));
		*started = 1;
	}
}

static void killed_client_leaves_nothing(const void *arg)
{
	volatile int *started = mmap(NULL, PDD_PAGE, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct drm_pddgpu_info_memory before;
	struct pdd_dev dev;

	(void)arg;
	CHECK_OK(pdd_open(&dev, 0));
	before = test_memory(&dev);
	for (int i = 0; i < KILLS; i++) {
		pid_t pid;

		*started = 0;
		pid = test_fork();
		if (!pid)
			busy_client(started);
		for (int ms = 0; !*started && ms < 10000; ms++)
			sleep_ms(1);
		CHECK(*started);
		sleep_ms(17 * i);
		CHECK_OK(kill(pid, SIGKILL));
		CHECK_EQ(test_wait(pid), 128 + SIGKILL);
		test_settle(&dev, &before);
	}
	test_check_alive(0);
}

static const struct attack by_handle = { attack_handle }, by_ids = { attack_ids },
	by_mmap = { attack_mmap }, by_address = { attack_address };
static const u32 first = 1, second = 2;
static const struct fresh fresh_vram = { VRAM, 0, 75 };
static const struct fresh fresh_invisible = { VRAM, DRM_PDDGPU_GEM_NO_CPU_ACCESS, 75 };
static const struct fresh fresh_gtt = { GTT, 0, 25 };
static const struct fresh fresh_uswc = { GTT, DRM_PDDGPU_GEM_GTT_USWC, 25 };

static const struct test tests[] = {
	{ .name = "isolation.handle", .run = isolated, .arg = &by_handle },
	{ .name = "isolation.vm_and_ctx_ids", .run = isolated, .arg = &by_ids },
	{ .name = "isolation.mmap_offset", .run = isolated, .arg = &by_mmap },
	{ .name = "isolation.gpu_address", .run = isolated, .arg = &by_address },
	{ .name = "isolation.fresh_vram", .run = fresh_memory, .arg = &fresh_vram, .timeout = 90 },
	{ .name = "isolation.fresh_invisible_vram", .run = fresh_memory, .arg = &fresh_invisible,
	  .timeout = 90 },
	{ .name = "isolation.fresh_gtt", .run = fresh_memory, .arg = &fresh_gtt, .timeout = 90 },
	{ .name = "isolation.fresh_gtt_uswc", .run = fresh_memory, .arg = &fresh_uswc,
	  .timeout = 90 },
	{ .name = "isolation.fresh_small_gtt", .run = fresh_small, .arg = &fresh_gtt },
	{ .name = "isolation.fresh_small_gtt_uswc", .run = fresh_small, .arg = &fresh_uswc },
	{ .name = "isolation.fresh_memory_cpu", .run = fresh_memory_cpu },
	{ .name = "isolation.fresh_of_all_kinds_1", .run = fresh_of_all_kinds, .arg = &first,
	  .timeout = 60 },
	{ .name = "isolation.fresh_of_all_kinds_2", .run = fresh_of_all_kinds, .arg = &second,
	  .timeout = 60 },
	{ .name = "isolation.killed_client_leaves_nothing", .run = killed_client_leaves_nothing,
	  .timeout = 60 },
};

TEST_GROUP(isolation_tests, tests);
