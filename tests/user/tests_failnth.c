// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Every ioctl with every failure in turn: see test_nth.h. */
#include "test_nth.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COPY	DRM_PDDGPU_ENGINE_COPY
#define COMPUTE	DRM_PDDGPU_ENGINE_COMPUTE
/* Pages of three orders */
#define BO_SIZE	(128 * KIB + 3 * PDD_PAGE)
#define MARK	0x6d61726b
#define OTHER	0x0ffe7e57

/* Fails unless the first and the last page are zero. */
static void check_zero(const struct pdd_bo *bo)
{
	test_check_words(bo->map, PDD_PAGE, 0);
	test_check_words(bo->map + bo->size - PDD_PAGE, PDD_PAGE, 0);
}

/* A buffer as the call wants it, mapped, with a mark in its first and last dword. */
static void make_bo(struct nth_state *s, struct pdd_bo *bo, u64 size, u32 mark)
{
	CHECK_OK(pdd_bo_create(&s->c.dev, size, s->call->domains, s->call->bo_flags, bo));
	CHECK_OK(pdd_bo_map(&s->c.dev, bo));
	((u32 *)bo->map)[0] = mark;
	((u32 *)bo->map)[size / 4 - 1] = mark;
}

static void check_mark(const struct pdd_bo *bo, u32 mark)
{
	CHECK_EQ(((u32 *)bo->map)[0], mark);
	CHECK_EQ(((u32 *)bo->map)[bo->size / 4 - 1], mark);
}

static void prepare_bo(struct nth_state *s)
{
	make_bo(s, &s->bo, BO_SIZE, MARK);
}

static void failed_bo(struct nth_state *s)
{
	check_mark(&s->bo, MARK);
}

static void clean_bo(struct nth_state *s)
{
	pdd_bo_free(&s->c.dev, &s->bo);
}

/* --- GEM_CREATE and what asks about buffers ------------------------------ */

/* Leaves chunks in the pool, dirty ones, that the buffer may be made of. */
static void prepare_warm(struct nth_state *s)
{
	prepare_bo(s);
	clean_bo(s);
}

static int run_create(struct nth_state *s)
{
	return nth_create(s, BO_SIZE, 0);
}

static int run_create_private(struct nth_state *s)
{
	return nth_create(s, BO_SIZE, s->c.vm);
}

static void check_create(struct nth_state *s)
{
	struct drm_pddgpu_gem_info info;

	CHECK_OK(pdd_bo_info(&s->c.dev, &s->bo, &info));
	CHECK_EQ(info.size, BO_SIZE);
	CHECK_EQ(info.domains, s->call->domains);
	if (s->call->bo_flags & DRM_PDDGPU_GEM_NO_CPU_ACCESS)
		return;
	CHECK_OK(pdd_bo_map(&s->c.dev, &s->bo));
	check_zero(&s->bo);
}

/* It takes more than one job to clear it: the first may be under way when there is no second. */
#define LARGE_SIZE	(96 * MIB)

static int run_create_large(struct nth_state *s)
{
	return nth_create(s, LARGE_SIZE, 0);
}

static void check_create_large(struct nth_state *s)
{
	CHECK_EQ(s->bo.size, LARGE_SIZE);
	CHECK_OK(pdd_bo_wait(&s->c.dev, &s->bo, DRM_PDDGPU_GEM_WAIT_WRITE, PDD_WAIT_NS));
}

static int run_gem_mmap(struct nth_state *s)
{
	struct drm_pddgpu_gem_mmap arg = { .handle = s->bo.handle };

	return nth_ioctl(s, DRM_IOCTL_PDDGPU_GEM_MMAP, &arg);
}

static int run_gem_info(struct nth_state *s)
{
	struct drm_pddgpu_gem_info arg = { .handle = s->bo.handle };

	return nth_ioctl(s, DRM_IOCTL_PDDGPU_GEM_INFO, &arg);
}

static int run_gem_wait(struct nth_state *s)
{
	struct drm_pddgpu_gem_wait arg = {
		.handle = s->bo.handle,
		.flags = DRM_PDDGPU_GEM_WAIT_WRITE,
		.timeout_ns = now_ns() + PDD_WAIT_NS,
	};

	return nth_ioctl(s, DRM_IOCTL_PDDGPU_GEM_WAIT, &arg);
}

static int run_gem_madvise(struct nth_state *s)
{
	struct drm_pddgpu_gem_madvise arg = {
		.handle = s->bo.handle,
		.madv = DRM_PDDGPU_MADV_DONTNEED,
	};

	return nth_ioctl(s, DRM_IOCTL_PDDGPU_GEM_MADVISE, &arg);
}

static int run_gem_close(struct nth_state *s)
{
	struct drm_gem_close arg = { .handle = s->bo.handle };

	return nth_ioctl(s, DRM_IOCTL_GEM_CLOSE, &arg);
}

static void clean_closed(struct nth_state *s)
{
	pdd_bo_unmap(&s->bo);
}

/* There is no exporting yet: that must not change because memory is short. */
static int run_prime(struct nth_state *s)
{
	struct drm_prime_handle arg = { .handle = s->bo.handle, .fd = -1 };
	int ret = nth_ioctl(s, DRM_IOCTL_PRIME_HANDLE_TO_FD, &arg);

	return ret == -EOPNOTSUPP ? 0 : ret ? ret : -EPROTO;
}

/* --- INFO and queries ---------------------------------------------------- */

static int run_info(struct nth_state *s, u32 query, void *answer, u32 size)
{
	struct drm_pddgpu_info arg = {
		.query = query,
		.size = size,
		.data = (uintptr_t)answer,
	};

	return nth_ioctl(s, DRM_IOCTL_PDDGPU_INFO, &arg);
}

static int run_info_device(struct nth_state *s)
{
	struct drm_pddgpu_info_device answer;

	return run_info(s, DRM_PDDGPU_INFO_DEVICE, &answer, sizeof(answer));
}

static int run_info_memory(struct nth_state *s)
{
	struct drm_pddgpu_info_memory answer;

	return run_info(s, DRM_PDDGPU_INFO_MEMORY, &answer, sizeof(answer));
}

static int run_info_engines(struct nth_state *s)
{
	struct drm_pddgpu_info_engine answer[PDDGPU_NUM_ENGINES];

	return run_info(s, DRM_PDDGPU_INFO_ENGINES, answer, sizeof(answer));
}

static int run_ctx_query(struct nth_state *s)
{
	struct drm_pddgpu_ctx_query arg = { .ctx_id = s->c.ctx };

	return nth_ioctl(s, DRM_IOCTL_PDDGPU_CTX_QUERY, &arg);
}

/* --- Address spaces and contexts ----------------------------------------- */

static int run_vm_create(struct nth_state *s)
{
	struct drm_pddgpu_vm_create arg = { 0 };
	int ret = nth_ioctl(s, DRM_IOCTL_PDDGPU_VM_CREATE, &arg);

	s->id = arg.vm_id;
	return ret;
}

static int run_vm_destroy(struct nth_state *s)
{
	struct drm_pddgpu_vm_destroy arg = { .vm_id = s->id };

	return nth_ioctl(s, DRM_IOCTL_PDDGPU_VM_DESTROY, &arg);
}

static void clean_vm(struct nth_state *s)
{
	CHECK_OK(run_vm_destroy(s));
}

/* An address space with something in it. */
static void prepare_vm(struct nth_state *s)
{
	struct pdd_client c = s->c;

	CHECK_OK(run_vm_create(s));
	c.vm = s->id;
	prepare_bo(s);
	CHECK_OK(pdd_bind(&c, &s->bo, 0, PDD_LARGE_PAGE, BO_SIZE, 0));
}

static int run_ctx_create(struct nth_state *s)
{
	struct drm_pddgpu_ctx_create arg = { .vm_id = s->c.vm };
	int ret = nth_ioctl(s, DRM_IOCTL_PDDGPU_CTX_CREATE, &arg);

	s->id = arg.ctx_id;
	return ret;
}

static int run_ctx_destroy(struct nth_state *s)
{
	struct drm_pddgpu_ctx_destroy arg = { .ctx_id = s->id };

	return nth_ioctl(s, DRM_IOCTL_PDDGPU_CTX_DESTROY, &arg);
}

static void prepare_ctx(struct nth_state *s)
{
	CHECK_OK(run_ctx_create(s));
}

static void check_ctx(struct nth_state *s)
{
	const struct drm_pddgpu_cs_bo bo = { .handle = s->ib.bo.handle };
	const struct pdd_use use = { .bos = &bo, .num_bos = 1 };

	pdd_nop(&s->ib, 0);
	CHECK_OK(pdd_submit_ctx(&s->c, s->id, COMPUTE, &s->ib, &use));
	CHECK_OK(pdd_bo_wait(&s->c.dev, &s->ib.bo, DRM_PDDGPU_GEM_WAIT_WRITE, PDD_WAIT_NS));
	pdd_ib_reset(&s->ib);
}

static void clean_ctx(struct nth_state *s)
{
	CHECK_OK(run_ctx_destroy(s));
}

/* --- VM_BIND -------------------------------------------------------------- */

/* What the card reads at an address; an unmapped one fails with -EFAULT. */
static int peek(struct nth_state *s, u64 va, u32 *value)
{
	struct drm_pddgpu_cs_bo use = { s->word.handle, DRM_PDDGPU_CS_BO_WRITE };
	int ret;

	pdd_copy(&s->ib, va, s->word.va, 4);
	ret = pdd_run(&s->c, COMPUTE, &s->ib, &use, 1);
	*value = *(u32 *)s->word.map;
	return ret;
}

static void check_peek(struct nth_state *s, u64 va, u32 want)
{
	u32 value;

	CHECK_OK(peek(s, va, &value));
	CHECK_EQ(value, want);
}

static void check_unmapped(struct nth_state *s, u64 va)
{
	u32 value;

	CHECK_RET(peek(s, va, &value), -EFAULT);
}

static int run_bind(struct nth_state *s, const struct drm_pddgpu_vm_bind_op *ops, u32 num,
		    u32 *done)
{
	struct drm_pddgpu_vm_bind bind = {
		.vm_id = s->c.vm,
		.num_ops = num,
		.op_stride = sizeof(*ops),
		.ops = (uintptr_t)ops,
	};
	int ret = nth_ioctl(s, DRM_IOCTL_PDDGPU_VM_BIND, &bind);

	*done = bind.num_done;
	return ret;
}

static struct drm_pddgpu_vm_bind_op op_map(const struct pdd_bo *bo, u64 va, u32 flags)
{
	return (struct drm_pddgpu_vm_bind_op) {
		.op = DRM_PDDGPU_VM_BIND_OP_MAP,
		.flags = flags,
		.handle = bo->handle,
		.addr = va,
		.range = bo->size,
	};
}

static struct drm_pddgpu_vm_bind_op op_unmap(u64 va, u64 range)
{
	return (struct drm_pddgpu_vm_bind_op) {
		.op = DRM_PDDGPU_VM_BIND_OP_UNMAP,
		.addr = va,
		.range = range,
	};
}

static int run_one_op(struct nth_state *s, struct drm_pddgpu_vm_bind_op op)
{
	u32 done;
	int ret = run_bind(s, &op, 1, &done);

	/* A result that could not be copied out says nothing. */
	if (ret != -EFAULT && done != !ret)
		FAIL("gives %s and says that %u operations hold", test_errno(ret), done);
	return ret;
}

static void prepare_bind(struct nth_state *s)
{
	make_bo(s, &s->bo, 4 * MIB, MARK);
	s->bo.va = pdd_va(&s->c, 4 * MIB);
}

static int run_bind_map(struct nth_state *s)
{
	return run_one_op(s, op_map(&s->bo, s->bo.va, 0));
}

static int run_bind_small(struct nth_state *s)
{
	return run_one_op(s, op_map(&s->bo, s->bo.va, DRM_PDDGPU_VM_BIND_SMALL_PAGES |
				    DRM_PDDGPU_VM_BIND_READONLY));
}

static void failed_bind_map(struct nth_state *s)
{
	check_unmapped(s, s->bo.va);
	check_mark(&s->bo, MARK);
}

static void check_bind_map(struct nth_state *s)
{
	check_peek(s, s->bo.va, MARK);
	check_peek(s, s->bo.va + 4 * MIB - 4, MARK);
}

static void clean_bind(struct nth_state *s)
{
	CHECK_OK(pdd_unbind(&s->c, s->bo.va, 4 * MIB));
	clean_bo(s);
}

static void prepare_unmap(struct nth_state *s)
{
	prepare_bind(s);
	CHECK_OK(pdd_bind(&s->c, &s->bo, 0, s->bo.va, 4 * MIB, 0));
}

static int run_unmap(struct nth_state *s)
{
	return run_one_op(s, op_unmap(s->bo.va, 4 * MIB));
}

static void check_unmap(struct nth_state *s)
{
	check_unmapped(s, s->bo.va);
	check_unmapped(s, s->bo.va + 4 * MIB - 4);
}

/* Cuts a mapping in two, and large pages into small ones. */
static int run_unmap_middle(struct nth_state *s)
{
	return run_one_op(s, op_unmap(s->bo.va + MIB, 2 * MIB));
}

static void check_unmap_middle(struct nth_state *s)
{
	check_bind_map(s);
	check_unmapped(s, s->bo.va + MIB);
	check_unmapped(s, s->bo.va + 3 * MIB - 4);
}

static void prepare_replace(struct nth_state *s)
{
	prepare_unmap(s);
	make_bo(s, &s->other, 2 * MIB, OTHER);
}

static int run_replace(struct nth_state *s)
{
	return run_one_op(s, op_map(&s->other, s->bo.va + MIB, 0));
}

static void failed_replace(struct nth_state *s)
{
	check_bind_map(s);
	check_peek(s, s->bo.va + MIB, 0);
}

static void check_replace(struct nth_state *s)
{
	check_bind_map(s);
	check_peek(s, s->bo.va + MIB, OTHER);
	check_peek(s, s->bo.va + 3 * MIB - 4, OTHER);
}

static void clean_replace(struct nth_state *s)
{
	clean_bind(s);
	pdd_bo_free(&s->c.dev, &s->other);
}

/* Several operations at once, gone on with where they stopped. */
static int run_bind_list(struct nth_state *s)
{
	const struct drm_pddgpu_vm_bind_op ops[] = {
		op_map(&s->bo, s->bo.va, 0),
		op_unmap(s->bo.va + MIB, 2 * MIB),
		op_map(&s->other, s->bo.va + MIB, 0),
	};
	u32 done;
	int ret = run_bind(s, ops + s->id, ARRAY_SIZE(ops) - s->id, &done);

	if (ret != -EFAULT)
		s->id += done;
	return ret;
}

static void failed_bind_list(struct nth_state *s)
{
	if (s->id)
		check_bind_map(s);
	else
		check_unmapped(s, s->bo.va);
	if (s->id < 2)
		return;
	check_unmapped(s, s->bo.va + MIB);
}

static void prepare_bind_list(struct nth_state *s)
{
	prepare_bind(s);
	make_bo(s, &s->other, 2 * MIB, OTHER);
	s->id = 0;
}

/* --- CS ------------------------------------------------------------------- */

/* The job copies the buffer's first dword; a mark of its own shows whether it ran. */
static void prepare_cs(struct nth_state *s)
{
	prepare_bo(s);
	s->bo.va = pdd_va(&s->c, BO_SIZE);
	CHECK_OK(pdd_bind(&s->c, &s->bo, 0, s->bo.va, BO_SIZE, 0));
	s->id = pdd_syncobj(&s->c.dev);
	CHECK(s->id);
	pdd_copy(&s->ib, s->bo.va, s->word.va, 4);
	*(u32 *)s->word.map = OTHER;
}

static int run_cs(struct nth_state *s)
{
	const struct drm_pddgpu_sync sync = { .handle = s->id, .flags = DRM_PDDGPU_SYNC_SIGNAL };

	return nth_submit(s, &sync, 1);
}

/* Nothing ran, and nothing will signal. */
static void failed_cs(struct nth_state *s)
{
	CHECK(pdd_syncobj_status(&s->c.dev, s->id) == -EINVAL);
	check_mark(&s->bo, MARK);
	CHECK_EQ(*(u32 *)s->word.map, OTHER);
}

static void check_cs(struct nth_state *s)
{
	CHECK_OK(pdd_syncobj_wait(&s->c.dev, s->id, PDD_WAIT_NS));
	CHECK_EQ(pdd_syncobj_status(&s->c.dev, s->id), 1);
	CHECK_EQ(*(u32 *)s->word.map, MARK);
	check_mark(&s->bo, MARK);
}

static void clean_cs(struct nth_state *s)
{
	pdd_ib_reset(&s->ib);
	CHECK_OK(drmSyncobjDestroy(s->c.dev.fd, s->id));
	CHECK_OK(pdd_unbind(&s->c, s->bo.va, BO_SIZE));
	clean_bo(s);
}

/* Waits for two fences, one of a timeline, and signals a point of that. */
static void prepare_cs_syncs(struct nth_state *s)
{
	struct drm_pddgpu_sync signal = { .flags = DRM_PDDGPU_SYNC_SIGNAL, .point = 1 };
	const struct pdd_use use = { .syncs = &signal, .num_syncs = 1 };
	struct pdd_ib ib = test_ib(&s->c, 8);

	prepare_cs(s);
	signal.handle = s->id;
	pdd_nop(&ib, 0);
	CHECK_OK(pdd_submit(&s->c, COPY, &ib, &use));
	s->other = ib.bo;
}

static int run_cs_syncs(struct nth_state *s)
{
	const struct drm_pddgpu_sync syncs[] = {
		{ .handle = s->id, .point = 1 },
		{ .handle = s->id, .flags = DRM_PDDGPU_SYNC_SIGNAL, .point = 2 },
		{ .handle = s->id, .flags = DRM_PDDGPU_SYNC_SIGNAL, .point = 3 },
	};

	return nth_submit(s, syncs, ARRAY_SIZE(syncs));
}

static int wait_point(struct nth_state *s, uint64_t point, s64 timeout)
{
	return drmSyncobjTimelineWait(s->c.dev.fd, &s->id, &point, 1, timeout, 0, NULL);
}

static void failed_cs_syncs(struct nth_state *s)
{
	CHECK_RET(wait_point(s, 2, 0), -EINVAL);
	check_mark(&s->bo, MARK);
	CHECK_EQ(*(u32 *)s->word.map, OTHER);
}

static void check_cs_syncs(struct nth_state *s)
{
	CHECK_OK(wait_point(s, 3, now_ns() + PDD_WAIT_NS));
	CHECK_EQ(*(u32 *)s->word.map, MARK);
	check_mark(&s->bo, MARK);
}

static void clean_cs_syncs(struct nth_state *s)
{
	clean_cs(s);
	CHECK_OK(pdd_unbind(&s->c, s->other.va, s->other.size));
	pdd_bo_free(&s->c.dev, &s->other);
}

/* --- On-chip heaps -------------------------------------------------------- */

static int run_create_onchip(struct nth_state *s)
{
	return nth_create(s, s->c.dev.info.gds_size, 0);
}

static void check_create_onchip(struct nth_state *s)
{
	struct drm_pddgpu_gem_info info;

	CHECK_OK(pdd_bo_info(&s->c.dev, &s->bo, &info));
	CHECK_EQ(info.size, s->c.dev.info.gds_size);
	CHECK_EQ(info.domains, s->call->domains);
}

/* A buffer of all of the heap gets a mark, and is evicted by another one. */
static void prepare_onchip(struct nth_state *s)
{
	u64 size = s->c.dev.info.gds_size;
	struct drm_pddgpu_cs_bo list[2];

	CHECK_OK(pdd_bo_create(&s->c.dev, size, s->call->domains, 0, &s->bo));
	list[0] = (struct drm_pddgpu_cs_bo){ s->bo.handle, DRM_PDDGPU_CS_BO_WRITE };
	list[1] = (struct drm_pddgpu_cs_bo){ .handle = s->word.handle };
	*(u32 *)s->word.map = MARK;
	pdd_onchip_copy(&s->ib, PDDGPU_ONCHIP_GDS, size - 4, 4, s->word.va);
	CHECK_OK(pdd_run(&s->c, COMPUTE, &s->ib, list, 2));
	CHECK_OK(pdd_bo_create(&s->c.dev, size, s->call->domains, 0, &s->other));
	s->id = pdd_syncobj(&s->c.dev);
	CHECK(s->id);
	*(u32 *)s->word.map = OTHER;
	pdd_onchip_copy(&s->ib, PDDGPU_ONCHIP_GDS | PDDGPU_ONCHIP_COPY_TO_MEMORY, size - 4, 4,
			s->word.va);
}

static void failed_cs_onchip(struct nth_state *s)
{
	CHECK(pdd_syncobj_status(&s->c.dev, s->id) == -EINVAL);
	CHECK_EQ(*(u32 *)s->word.map, OTHER);
}

static void check_cs_onchip(struct nth_state *s)
{
	CHECK_OK(pdd_syncobj_wait(&s->c.dev, s->id, PDD_WAIT_NS));
	CHECK_EQ(pdd_syncobj_status(&s->c.dev, s->id), 1);
	CHECK_EQ(*(u32 *)s->word.map, MARK);
}

static void clean_cs_onchip(struct nth_state *s)
{
	pdd_ib_reset(&s->ib);
	CHECK_OK(drmSyncobjDestroy(s->c.dev.fd, s->id));
	pdd_bo_free(&s->c.dev, &s->other);
	clean_bo(s);
}

/* --- The tests ------------------------------------------------------------ */

/* VRAM alone: whatever memory it is that runs out, TTM says the same. */
#define FULL	.errors = { ENOSPC }

#define CREATE(what, d, f, ...) \
	NTH_TEST("gem_create_" what, .run = run_create, .check = check_create, \
		 .clean = clean_bo, .domains = (d), .bo_flags = (f), ##__VA_ARGS__)

/* A query of a buffer that is there before and after. */
#define QUERY(what, r, d) \
	NTH_TEST(what, .prepare = prepare_bo, .run = (r), .failed = failed_bo, \
		 .clean = clean_bo, .domains = (d))

#define BIND(what, p, r, f, c, u, d, ...) \
	NTH_TEST("vm_bind_" what, .prepare = (p), .run = (r), .failed = (f), .check = (c), \
		 .clean = (u), .domains = (d), ##__VA_ARGS__)

#define CS(what, p, r, f, c, u, d) \
	NTH_TEST(what, .prepare = (p), .run = (r), .failed = (f), .check = (c), .clean = (u), \
		 .domains = (d))

static const struct test tests[] = {
	CREATE("vram", VRAM, 0, FULL),
	CREATE("vram_visible", VRAM, DRM_PDDGPU_GEM_CPU_ACCESS_REQUIRED, FULL),
	CREATE("vram_no_cpu", VRAM, DRM_PDDGPU_GEM_NO_CPU_ACCESS, FULL),
	CREATE("vram_contiguous", VRAM, DRM_PDDGPU_GEM_VRAM_CONTIGUOUS, FULL),
	CREATE("vram_or_gtt", VRAM | GTT, 0),
	CREATE("gtt", GTT, 0, .flags = NTH_COLD),
	CREATE("gtt_uswc", GTT, DRM_PDDGPU_GEM_GTT_USWC, .flags = NTH_COLD),
	CREATE("gtt_warm", GTT, 0, .prepare = prepare_warm),
	CREATE("gtt_uswc_warm", GTT, DRM_PDDGPU_GEM_GTT_USWC, .prepare = prepare_warm),
	CREATE("cpu", DRM_PDDGPU_DOMAIN_CPU, 0),
	NTH_TEST("gem_create_private", .run = run_create_private, .check = check_create,
		 .clean = clean_bo, .domains = VRAM, FULL),
	NTH_TEST("gem_create_large", .run = run_create_large, .check = check_create_large,
		 .clean = clean_bo, .domains = VRAM, .bo_flags = DRM_PDDGPU_GEM_NO_CPU_ACCESS,
		 FULL),
	NTH_TEST("gem_create_onchip", .run = run_create_onchip, .check = check_create_onchip,
		 .clean = clean_bo, .domains = DRM_PDDGPU_DOMAIN_GDS, FULL),
	QUERY("gem_mmap", run_gem_mmap, GTT),
	QUERY("gem_info", run_gem_info, VRAM),
	QUERY("gem_wait", run_gem_wait, VRAM),
	QUERY("gem_madvise", run_gem_madvise, GTT),
	QUERY("prime_handle_to_fd", run_prime, GTT),
	NTH_TEST("gem_close", .prepare = prepare_bo, .run = run_gem_close, .failed = failed_bo,
		 .clean = clean_closed, .domains = VRAM),
	NTH_TEST("gem_close_gtt_uswc", .prepare = prepare_bo, .run = run_gem_close,
		 .failed = failed_bo, .clean = clean_closed, .domains = GTT,
		 .bo_flags = DRM_PDDGPU_GEM_GTT_USWC),
	NTH_TEST("info_device", .run = run_info_device),
	NTH_TEST("info_memory", .run = run_info_memory),
	NTH_TEST("info_engines", .run = run_info_engines),
	NTH_TEST("vm_create", .run = run_vm_create, .clean = clean_vm, FULL),
	NTH_TEST("vm_destroy", .prepare = prepare_vm, .run = run_vm_destroy, .failed = failed_bo,
		 .clean = clean_bo, .domains = VRAM),
	NTH_TEST("ctx_create", .run = run_ctx_create, .check = check_ctx, .clean = clean_ctx),
	NTH_TEST("ctx_destroy", .prepare = prepare_ctx, .run = run_ctx_destroy),
	NTH_TEST("ctx_query", .run = run_ctx_query),
	BIND("map_vram", prepare_bind, run_bind_map, failed_bind_map, check_bind_map, clean_bind,
	     VRAM, FULL),
	BIND("map_gtt", prepare_bind, run_bind_map, failed_bind_map, check_bind_map, clean_bind,
	     GTT, FULL),
	BIND("map_small_pages", prepare_bind, run_bind_small, failed_bind_map, check_bind_map,
	     clean_bind, VRAM, FULL),
	BIND("unmap", prepare_unmap, run_unmap, check_bind_map, check_unmap, clean_bo, VRAM),
	BIND("unmap_middle", prepare_unmap, run_unmap_middle, check_bind_map, check_unmap_middle,
	     clean_bind, VRAM),
	BIND("replace", prepare_replace, run_replace, failed_replace, check_replace,
	     clean_replace, VRAM, FULL),
	BIND("replace_gtt", prepare_replace, run_replace, failed_replace, check_replace,
	     clean_replace, GTT, FULL),
	BIND("list", prepare_bind_list, run_bind_list, failed_bind_list, check_replace,
	     clean_replace, VRAM, FULL),
	CS("cs", prepare_cs, run_cs, failed_cs, check_cs, clean_cs, VRAM),
	CS("cs_gtt", prepare_cs, run_cs, failed_cs, check_cs, clean_cs, GTT),
	CS("cs_syncs", prepare_cs_syncs, run_cs_syncs, failed_cs_syncs, check_cs_syncs,
	   clean_cs_syncs, VRAM),
	NTH_TEST("cs_onchip", .prepare = prepare_onchip, .run = run_cs,
		 .failed = failed_cs_onchip, .check = check_cs_onchip, .clean = clean_cs_onchip,
		 .domains = DRM_PDDGPU_DOMAIN_GDS, FULL),
};

TEST_GROUP(failnth_tests, tests);
