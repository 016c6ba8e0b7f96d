// SPDX-License-Identifier: GPL-2.0 OR MIT
/* VM_CREATE, VM_DESTROY, VM_BIND: what a job sees at an address. */
#include "test.h"

#include <stdlib.h>
#include <unistd.h>

#define COPY		DRM_PDDGPU_ENGINE_COPY
#define COMPUTE		DRM_PDDGPU_ENGINE_COMPUTE
#define MAX_VMS		64 /* of a client */
#define MANY_VMS	40 /* well above the 15 VMIDs of the card */

/* Reads one dword through the card. */
static u32 gpu_read(struct pdd_client *c, u64 va)
{
	struct pdd_bo out = test_bo(c, PDD_PAGE, GTT);
	struct pdd_ib ib = test_ib(c, 16);

	pdd_copy(&ib, va, out.va, 4);
	CHECK_OK(pdd_run(c, COPY, &ib, NULL, 0));
	return *(u32 *)out.map;
}

static void gpu_write(struct pdd_client *c, u64 va, u32 value)
{
	struct pdd_ib ib = test_ib(c, 16);

	pdd_write32(&ib, va, value);
	CHECK_OK(pdd_run(c, COMPUTE, &ib, NULL, 0));
}

static void expect_read_fault(struct pdd_client *c, u64 va)
{
	struct pdd_bo out = test_bo(c, PDD_PAGE, GTT);
	struct pdd_ib ib = test_ib(c, 16);

	pdd_copy(&ib, va, out.va, 4);
	test_job_fault(c, COPY, &ib, PDDGPU_ERR_UNMAPPED);
}

static void create_destroy(const void *arg)
{
	struct drm_pddgpu_vm_create a = { 0 }, b = { 0 };
	struct drm_pddgpu_vm_destroy destroy = { 0 };
	struct pdd_client c;

	(void)arg;
	test_client(&c);
	CHECK_OK(pdd_ioctl(c.dev.fd, DRM_IOCTL_PDDGPU_VM_CREATE, &a));
	CHECK_OK(pdd_ioctl(c.dev.fd, DRM_IOCTL_PDDGPU_VM_CREATE, &b));
	CHECK(a.vm_id && b.vm_id && a.vm_id != b.vm_id);
	destroy.vm_id = a.vm_id;
	CHECK_OK(pdd_ioctl(c.dev.fd, DRM_IOCTL_PDDGPU_VM_DESTROY, &destroy));
	CHECK_RET(pdd_ioctl(c.dev.fd, DRM_IOCTL_PDDGPU_VM_DESTROY, &destroy), -ENOENT);
	destroy.vm_id = b.vm_id;
	CHECK_OK(pdd_ioctl(c.dev.fd, DRM_IOCTL_PDDGPU_VM_DESTROY, &destroy));
}

/* A mapping shows the part of the buffer that it was told to. */
static void bind_offset(const void *arg)
{
	struct pdd_client c;
	struct pdd_bo bo;
	u64 va;

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, 8 * PDD_PAGE, VRAM);
	for (u32 page = 0; page < 8; page++)
		*(u32 *)(bo.map + page * PDD_PAGE) = 100 + page;
	va = pdd_va(&c, MIB);
	CHECK_OK(pdd_bind(&c, &bo, 3 * PDD_PAGE, va, 2 * PDD_PAGE, 0));
	CHECK_EQ(gpu_read(&c, va), 103);
	CHECK_EQ(gpu_read(&c, va + PDD_PAGE), 104);
	expect_read_fault(&c, va + 2 * PDD_PAGE);
	expect_read_fault(&c, va - 4);
}

static void unbind(const void *arg)
{
	struct pdd_client c;
	struct pdd_bo bo;

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, 4 * MIB, VRAM);
	*(u32 *)bo.map = 7;
	CHECK_EQ(gpu_read(&c, bo.va), 7);
	CHECK_OK(pdd_unbind(&c, bo.va, bo.size));
	expect_read_fault(&c, bo.va);
	expect_read_fault(&c, bo.va + 4 * MIB - 4);
	CHECK_OK(pdd_bind(&c, &bo, 0, bo.va, bo.size, 0));
	CHECK_EQ(gpu_read(&c, bo.va), 7);
}

/* A hole in the middle splits a mapping, large pages included. */
static void unbind_middle(const void *arg)
{
	struct pdd_client c;
	struct pdd_bo bo;

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, 8 * MIB, VRAM);
	for (u64 at = 0; at < bo.size; at += MIB)
		*(u32 *)(bo.map + at) = 50 + at / MIB;
	CHECK_OK(pdd_unbind(&c, bo.va + 3 * MIB, 2 * MIB));
	CHECK_EQ(gpu_read(&c, bo.va), 50);
	CHECK_EQ(gpu_read(&c, bo.va + 2 * MIB), 52);
	expect_read_fault(&c, bo.va + 3 * MIB);
	expect_read_fault(&c, bo.va + 5 * MIB - 4);
	CHECK_EQ(gpu_read(&c, bo.va + 5 * MIB), 55);
	CHECK_EQ(gpu_read(&c, bo.va + 7 * MIB), 57);
}

/* Unmapping what was never mapped is no error. */
static void unbind_nothing(const void *arg)
{
	struct pdd_client c;

	(void)arg;
	test_client(&c);
	CHECK_OK(pdd_unbind(&c, pdd_va(&c, 64 * MIB), 64 * MIB));
	test_check_alive(0);
}

/* A MAP over a MAP: the new buffer is seen, the old one keeps its bytes. */
static void rebind(const void *arg)
{
	struct pdd_client c;
	struct pdd_bo a, b;

	(void)arg;
	test_client(&c);
	a = test_bo(&c, 2 * MIB, VRAM);
	b = test_bo(&c, PDD_PAGE, GTT);
	*(u32 *)(a.map + MIB) = 1;
	*(u32 *)(a.map + MIB + PDD_PAGE) = 2;
	*(u32 *)b.map = 3;
	CHECK_OK(pdd_bind(&c, &b, 0, a.va + MIB, PDD_PAGE, 0));
	CHECK_EQ(gpu_read(&c, a.va + MIB), 3);
	CHECK_EQ(gpu_read(&c, a.va + MIB + PDD_PAGE), 2);
	gpu_write(&c, a.va + MIB, 4);
	CHECK_EQ(*(u32 *)b.map, 4);
	CHECK_EQ(*(u32 *)(a.map + MIB), 1);
}

/* One buffer, seen at two addresses and from two address spaces. */
static void alias(const void *arg)
{
	struct drm_pddgpu_vm_create vm = { 0 };
	struct pdd_client c, other;
	struct pdd_bo bo;
	u64 va;

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, MIB, VRAM);
	va = pdd_va(&c, MIB);
	CHECK_OK(pdd_bind(&c, &bo, 0, va, MIB, 0));
	gpu_write(&c, va, 11);
	CHECK_EQ(gpu_read(&c, bo.va), 11);

	other = c;
	CHECK_OK(pdd_ioctl(c.dev.fd, DRM_IOCTL_PDDGPU_VM_CREATE, &vm));
	other.vm = vm.vm_id;
	CHECK_OK(pdd_ctx_create(&other, &other.ctx));
	va = pdd_va(&other, MIB);
	CHECK_OK(pdd_bind(&other, &bo, 0, va, MIB, 0));
	CHECK_EQ(gpu_read(&other, va), 11);
	gpu_write(&other, va, 12);
	CHECK_EQ(gpu_read(&c, bo.va), 12);
}

static void readonly(const void *arg)
{
	struct pdd_client c;
	struct pdd_bo bo;
	struct pdd_ib ib;
	u64 va;

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, 4 * MIB, VRAM);
	test_pattern(bo.map, bo.size, 1);
	va = pdd_va(&c, bo.size);
	CHECK_OK(pdd_bind(&c, &bo, 0, va, bo.size, DRM_PDDGPU_VM_BIND_READONLY));
	CHECK_EQ(gpu_read(&c, va), *(u32 *)bo.map);
	ib = test_ib(&c, 16);
	pdd_fill(&ib, va + MIB, MIB, 0);
	test_job_fault(&c, COPY, &ib, PDDGPU_ERR_PERMISSION);
	pdd_write32(&ib, va + bo.size - 4, 0);
	test_job_fault(&c, COMPUTE, &ib, PDDGPU_ERR_PERMISSION);
	test_check_pattern(bo.map, bo.size, 1);
}

static struct drm_pddgpu_info_engine misses_of_fill(struct pdd_client *c, u64 va, u64 size)
{
	struct drm_pddgpu_info_engine before[PDDGPU_NUM_ENGINES], after[PDDGPU_NUM_ENGINES];
	struct pdd_ib ib = test_ib(c, 16);

	CHECK_OK(pdd_engines(&c->dev, before));
	pdd_fill(&ib, va, size, 0x11111111);
	CHECK_OK(pdd_run(c, COMPUTE, &ib, NULL, 0));
	CHECK_OK(pdd_engines(&c->dev, after));
	after[COMPUTE].tlb_misses_4k -= before[COMPUTE].tlb_misses_4k;
	after[COMPUTE].tlb_misses_2m -= before[COMPUTE].tlb_misses_2m;
	return after[COMPUTE];
}

/* Large pages where they fit, none where they are not wanted; the bytes are the same. */
static void page_sizes(const void *arg)
{
	struct drm_pddgpu_info_engine large, small;
	struct pdd_client c;
	struct pdd_bo bo;
	u64 va;

	(void)arg;
	test_client(&c);
	CHECK_OK(pdd_bo_new(&c, 8 * MIB, VRAM, DRM_PDDGPU_GEM_VRAM_CONTIGUOUS, &bo));
	CHECK_OK(pdd_bo_map(&c.dev, &bo));
	va = pdd_va(&c, bo.size);
	CHECK_OK(pdd_bind(&c, &bo, 0, va, bo.size, DRM_PDDGPU_VM_BIND_SMALL_PAGES));
	large = misses_of_fill(&c, bo.va, bo.size);
	test_check_words(bo.map, bo.size, 0x11111111);
	small = misses_of_fill(&c, va, bo.size);
	CHECK_EQ(large.tlb_misses_2m, 4);
	CHECK_EQ(small.tlb_misses_2m, 0);
	CHECK(small.tlb_misses_4k >= bo.size / PDD_PAGE);
	CHECK(large.tlb_misses_4k < 16);
}

/* Neither an unaligned address nor a half large page may be rounded to a whole one. */
static void unaligned_large(const void *arg)
{
	struct pdd_client c;
	struct pdd_bo bo;
	u64 va;

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, 6 * MIB, VRAM);
	for (u64 page = 0; page < bo.size; page += PDD_PAGE)
		*(u32 *)(bo.map + page) = page;
	va = pdd_va(&c, 8 * MIB) + PDD_PAGE;
	CHECK_OK(pdd_bind(&c, &bo, 0, va, bo.size, 0));
	CHECK_EQ(gpu_read(&c, va), 0);
	CHECK_EQ(gpu_read(&c, va + 2 * MIB), 2 * MIB);
	CHECK_EQ(gpu_read(&c, va + 6 * MIB - PDD_PAGE), 6 * MIB - PDD_PAGE);
	expect_read_fault(&c, va - 4);
	expect_read_fault(&c, va + 6 * MIB);
	va = pdd_va(&c, 8 * MIB);
	CHECK_OK(pdd_bind(&c, &bo, PDD_PAGE, va, 5 * MIB, 0));
	CHECK_EQ(gpu_read(&c, va + 4 * MIB), 4 * MIB + PDD_PAGE);
	expect_read_fault(&c, va + 5 * MIB);
}

/* The lowest and the highest addresses there are. */
static void edges(const void *arg)
{
	struct pdd_client c;
	struct pdd_bo bo;

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, PDD_PAGE, VRAM);
	CHECK_OK(pdd_bind(&c, &bo, 0, c.dev.info.va_start, PDD_PAGE, 0));
	CHECK_OK(pdd_bind(&c, &bo, 0, c.dev.info.va_end - PDD_PAGE, PDD_PAGE, 0));
	gpu_write(&c, c.dev.info.va_start, 21);
	CHECK_EQ(gpu_read(&c, c.dev.info.va_end - PDD_PAGE), 21);
	gpu_write(&c, c.dev.info.va_end - 4, 22);
	CHECK_EQ(((u32 *)bo.map)[PDD_PAGE / 4 - 1], 22);
}

/* Many changes in one call; each page shows another part of the buffer. */
static void many_ops(const void *arg)
{
	static struct drm_pddgpu_vm_bind_op ops[DRM_PDDGPU_VM_BIND_MAX_OPS];
	const u32 count = ARRAY_SIZE(ops);
	struct drm_pddgpu_vm_bind bind = {
		.num_ops = count,
		.op_stride = sizeof(*ops),
		.ops = (uintptr_t)ops,
	};
	struct pdd_bo src, dst;
	struct pdd_client c;
	struct pdd_ib ib;

	(void)arg;
	test_client(&c);
	src = test_bo(&c, count * PDD_PAGE, VRAM);
	dst = test_bo(&c, count * PDD_PAGE, GTT);
	bind.vm_id = c.vm;
	for (u32 i = 0; i < count; i++) {
		*(u32 *)(src.map + i * PDD_PAGE) = i;
		ops[i] = (struct drm_pddgpu_vm_bind_op){
			.handle = src.handle,
			.bo_offset = (count - 1 - i) * PDD_PAGE,
			.addr = (1ULL << 40) + i * PDD_PAGE,
			.range = PDD_PAGE,
		};
	}
	CHECK_OK(pdd_ioctl(c.dev.fd, DRM_IOCTL_PDDGPU_VM_BIND, &bind));
	CHECK_EQ(bind.num_done, count);
	ib = test_ib(&c, 16);
	pdd_copy(&ib, 1ULL << 40, dst.va, count * PDD_PAGE);
	CHECK_OK(pdd_run(&c, COPY, &ib, NULL, 0));
	for (u32 i = 0; i < count; i++)
		CHECK_EQ(*(u32 *)(dst.map + i * PDD_PAGE), count - 1 - i);
}

/* What came before the operation that fails holds, the rest was not tried. */
static void failure_in_the_middle(const void *arg)
{
	struct drm_pddgpu_vm_bind_op ops[3];
	struct drm_pddgpu_vm_bind bind = {
		.num_ops = 3,
		.op_stride = sizeof(*ops),
		.ops = (uintptr_t)ops,
	};
	struct pdd_client c;
	struct pdd_bo bo;
	u64 va;

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, PDD_PAGE, VRAM);
	va = pdd_va(&c, MIB);
	for (u32 i = 0; i < 3; i++)
		ops[i] = (struct drm_pddgpu_vm_bind_op){
			.handle = bo.handle,
			.addr = va + i * PDD_PAGE,
			.range = PDD_PAGE,
		};
	ops[1].handle = 0xdead;
	bind.vm_id = c.vm;
	CHECK_RET(pdd_ioctl(c.dev.fd, DRM_IOCTL_PDDGPU_VM_BIND, &bind), -ENOENT);
	CHECK_EQ(bind.num_done, 1);
	*(u32 *)bo.map = 31;
	CHECK_EQ(gpu_read(&c, va), 31);
	expect_read_fault(&c, va + PDD_PAGE);
	expect_read_fault(&c, va + 2 * PDD_PAGE);
}

/* A newer program's larger structure works as long as the rest of it is zero. */
static void larger_stride(const void *arg)
{
	struct { struct drm_pddgpu_vm_bind_op op; u64 future; } ops[2] = { 0 };
	struct drm_pddgpu_vm_bind bind = {
		.num_ops = 2,
		.op_stride = sizeof(ops[0]),
		.ops = (uintptr_t)ops,
	};
	struct pdd_client c;
	struct pdd_bo bo;

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, 2 * PDD_PAGE, VRAM);
	for (u32 i = 0; i < 2; i++)
		ops[i].op = (struct drm_pddgpu_vm_bind_op){
			.handle = bo.handle,
			.bo_offset = i * PDD_PAGE,
			.addr = (1ULL << 41) + i * PDD_PAGE,
			.range = PDD_PAGE,
		};
	bind.vm_id = c.vm;
	CHECK_OK(pdd_ioctl(c.dev.fd, DRM_IOCTL_PDDGPU_VM_BIND, &bind));
	*(u32 *)(bo.map + PDD_PAGE) = 41;
	CHECK_EQ(gpu_read(&c, (1ULL << 41) + PDD_PAGE), 41);
}

/* A bind comes after the work before it, even if that work has yet to begin. */
static void bind_waits_for_jobs(const void *arg)
{
	struct pdd_bo a, b, gate;
	struct pdd_client c;
	struct pdd_ib ib;
	pid_t pid;
	u32 out;
	u64 va;

	(void)arg;
	test_client(&c);
	a = test_bo(&c, PDD_PAGE, VRAM);
	b = test_bo(&c, PDD_PAGE, VRAM);
	va = pdd_va(&c, PDD_PAGE);
	CHECK_OK(pdd_bind(&c, &a, 0, va, PDD_PAGE, 0));
	ib = test_ib(&c, 16);
	pdd_write32(&ib, va, 51);
	gate = test_gate(&c, c.ctx, COMPUTE, NULL);
	CHECK_OK(pdd_submit_out(&c, COMPUTE, &ib, NULL, 0, &out));
	pid = test_fork();
	if (!pid) {
		sleep_ms(200);
		test_gate_open(&gate);
		_exit(0);
	}
	CHECK_OK(pdd_bind(&c, &b, 0, va, PDD_PAGE, 0));
	CHECK_OK(pdd_finish(&c.dev, out));
	test_join(pid);
	CHECK_EQ(*(u32 *)a.map, 51);
	CHECK_EQ(*(u32 *)b.map, 0);
	gpu_write(&c, va, 52);
	CHECK_EQ(*(u32 *)a.map, 51);
	CHECK_EQ(*(u32 *)b.map, 52);
}

/* A context keeps the address space that it was made for. */
static void destroy_keeps_context(const void *arg)
{
	struct drm_pddgpu_vm_destroy destroy = { 0 };
	struct pdd_bo gate;
	struct pdd_client c;
	struct pdd_ib ib;
	u32 out;

	(void)arg;
	test_client(&c);
	ib = test_ib(&c, 16);
	pdd_nop(&ib, 3);
	gate = test_gate(&c, c.ctx, COMPUTE, NULL);
	CHECK_OK(pdd_submit_out(&c, COMPUTE, &ib, NULL, 0, &out));
	destroy.vm_id = c.vm;
	test_gate_open(&gate);
	CHECK_OK(pdd_ioctl(c.dev.fd, DRM_IOCTL_PDDGPU_VM_DESTROY, &destroy));
	CHECK_OK(pdd_finish(&c.dev, out));
	CHECK_RET(pdd_bind(&c, &gate, 0, gate.va, gate.size, 0), -ENOENT);
	test_check_alive(0);
}

/* A private buffer is mapped in its own address space, and listed there, and nowhere else. */
static void private_buffer(const void *arg)
{
	struct drm_pddgpu_gem_create create = { .size = MIB, .domains = VRAM };
	struct drm_pddgpu_vm_create vm = { 0 };
	struct drm_pddgpu_cs_bo use = { 0 };
	struct pdd_client c, other;
	struct pdd_bo bo;
	struct pdd_ib ib;

	(void)arg;
	test_client(&c);
	create.vm_id = c.vm;
	CHECK_OK(pdd_ioctl(c.dev.fd, DRM_IOCTL_PDDGPU_GEM_CREATE, &create));
	bo = (struct pdd_bo){ create.handle, create.size, pdd_va(&c, create.size), NULL };
	CHECK_OK(pdd_bind(&c, &bo, 0, bo.va, bo.size, 0));
	gpu_write(&c, bo.va, 61);
	CHECK_OK(pdd_bo_map(&c.dev, &bo));
	CHECK_EQ(*(u32 *)bo.map, 61);
	other = c;
	CHECK_OK(pdd_ioctl(c.dev.fd, DRM_IOCTL_PDDGPU_VM_CREATE, &vm));
	other.vm = vm.vm_id;
	CHECK_RET(pdd_bind(&other, &bo, 0, bo.va, bo.size, 0), -EINVAL);
	CHECK_OK(pdd_ctx_create(&other, &other.ctx));
	ib = test_ib(&other, 16);
	pdd_nop(&ib, 0);
	CHECK_OK(pdd_run(&other, COMPUTE, &ib, NULL, 0));
	pdd_nop(&ib, 0);
	use.handle = bo.handle;
	CHECK_RET(pdd_run(&other, COMPUTE, &ib, &use, 1), -EINVAL);
}

/* More address spaces than VMIDs, all at work at the same addresses. */
static void more_than_vmids(const void *arg)
{
	static struct pdd_client clients[MANY_VMS];
	static struct pdd_bo bos[MANY_VMS];
	static struct pdd_ib ibs[MANY_VMS];
	static u32 outs[MANY_VMS];

	(void)arg;
	for (u32 i = 0; i < MANY_VMS; i++) {
		test_client(&clients[i]);
		bos[i] = test_bo(&clients[i], PDD_PAGE, i & 1 ? VRAM : GTT);
		ibs[i] = test_ib(&clients[i], 64);
		CHECK_EQ(bos[i].va, bos[0].va);
	}
	for (u32 round = 1; round <= 5; round++) {
		for (u32 i = 0; i < MANY_VMS; i++) {
			pdd_ib_reset(&ibs[i]);
			pdd_atomic(&ibs[i], PDDGPU_ATOMIC_ADD, bos[i].va, i + 1, 0, 0);
			CHECK_OK(pdd_submit_out(&clients[i], i & 2 ? COPY : COMPUTE, &ibs[i], NULL,
						0, &outs[i]));
		}
		for (u32 i = 0; i < MANY_VMS; i++) {
			CHECK_OK(pdd_finish(&clients[i].dev, outs[i]));
			CHECK_EQ(*(u64 *)bos[i].map, (u64)round * (i + 1));
		}
	}
}

static void use_address_space(u32 i)
{
	const u64 va = (u64)(i + 1) << 42;
	struct pdd_client c;
	struct pdd_bo bo;

	test_client(&c);
	bo = test_bo(&c, 3 * MIB, i & 1 ? VRAM : GTT);
	CHECK_OK(pdd_bind(&c, &bo, 0, va, bo.size, 0));
	gpu_write(&c, va + bo.size - 4, i);
	CHECK_EQ(gpu_read(&c, bo.va + bo.size - 4), i);
}

/* Address spaces come and go, and take their page tables with them. */
static void churn(const void *arg)
{
	const u32 count = test_count(30);
	struct drm_pddgpu_info_memory before;
	struct pdd_dev watcher;

	(void)arg;
	CHECK_OK(pdd_open(&watcher, 0));
	before = test_memory(&watcher);
	for (u32 i = 0; i < count; i++) {
		pid_t pid = test_fork();

		if (!pid) {
			use_address_space(i);
			_exit(0);
		}
		test_join(pid);
	}
	test_settle(&watcher, &before);
}

/* As many as a client may have, one more, and one instead of another. */
static void too_many(const void *arg)
{
	struct drm_pddgpu_vm_create create = { 0 };
	struct drm_pddgpu_vm_destroy destroy = { 0 };
	struct pdd_client c;

	(void)arg;
	test_client(&c); /* which has one */
	for (u32 i = 1; i < MAX_VMS; i++)
		CHECK_OK(pdd_ioctl(c.dev.fd, DRM_IOCTL_PDDGPU_VM_CREATE, &create));
	destroy.vm_id = create.vm_id;
	CHECK_RET(pdd_ioctl(c.dev.fd, DRM_IOCTL_PDDGPU_VM_CREATE, &create), -ENOSPC);
	CHECK_OK(pdd_ioctl(c.dev.fd, DRM_IOCTL_PDDGPU_VM_DESTROY, &destroy));
	CHECK_OK(pdd_ioctl(c.dev.fd, DRM_IOCTL_PDDGPU_VM_CREATE, &create));
}

/* Its pages are nowhere that the card could reach. */
static void bind_system(const void *arg)
{
	struct pdd_client c;
	struct pdd_bo bo;

	(void)arg;
	test_client(&c);
	CHECK_OK(pdd_bo_create(&c.dev, PDD_PAGE, DRM_PDDGPU_DOMAIN_CPU, 0, &bo));
	CHECK_RET(pdd_bind(&c, &bo, 0, pdd_va(&c, PDD_PAGE), PDD_PAGE, 0), -EINVAL);
}

static const struct test tests[] = {
	{ .name = "vm.create_destroy", .run = create_destroy },
	{ .name = "vm.too_many", .run = too_many },
	{ .name = "vm.bind_system", .run = bind_system },
	{ .name = "vm.bind_offset", .run = bind_offset },
	{ .name = "vm.unbind", .run = unbind },
	{ .name = "vm.unbind_middle", .run = unbind_middle },
	{ .name = "vm.unbind_nothing", .run = unbind_nothing },
	{ .name = "vm.rebind", .run = rebind },
	{ .name = "vm.alias", .run = alias },
	{ .name = "vm.readonly", .run = readonly },
	{ .name = "vm.page_sizes", .run = page_sizes },
	{ .name = "vm.unaligned_large", .run = unaligned_large },
	{ .name = "vm.edges", .run = edges },
	{ .name = "vm.many_ops", .run = many_ops },
	{ .name = "vm.failure_in_the_middle", .run = failure_in_the_middle },
	{ .name = "vm.larger_stride", .run = larger_stride },
	{ .name = "vm.bind_waits_for_jobs", .run = bind_waits_for_jobs },
	{ .name = "vm.destroy_keeps_context", .run = destroy_keeps_context },
	{ .name = "vm.private_buffer", .run = private_buffer },
	{ .name = "vm.more_than_vmids", .run = more_than_vmids },
	{ .name = "vm.churn", .run = churn },
};

TEST_GROUP(vm_tests, tests);
