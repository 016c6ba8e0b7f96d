// SPDX-License-Identifier: GPL-2.0 OR MIT
/* DRM_IOCTL_PDDGPU_CS: what runs when, and how one learns that it has. */
#include "test.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#define COPY		DRM_PDDGPU_ENGINE_COPY
#define COMPUTE		DRM_PDDGPU_ENGINE_COMPUTE
#define WRITE		DRM_PDDGPU_CS_BO_WRITE
#define SIGNAL		DRM_PDDGPU_SYNC_SIGNAL
#define BLOCKED_NS	150000000ULL /* long enough to see that nothing happens */

static struct pdd_use use_bos(const struct drm_pddgpu_cs_bo *bos, u32 n)
{
	return (struct pdd_use){ .bos = bos, .num_bos = n };
}

static struct pdd_use use_syncs(const struct drm_pddgpu_sync *syncs, u32 n)
{
	return (struct pdd_use){ .syncs = syncs, .num_syncs = n };
}

/* The syncobj is signalled when the job has ended, not before. */
static void sync_out(const void *arg)
{
	struct drm_pddgpu_sync sync = { .flags = SIGNAL };
	struct pdd_use use = use_syncs(&sync, 1);
	struct pdd_client c;
	struct pdd_bo gate;

	(void)arg;
	test_client(&c);
	sync.handle = pdd_syncobj(&c.dev);
	gate = test_gate(&c, c.ctx, COMPUTE, &use);
	CHECK_RET(pdd_syncobj_wait(&c.dev, sync.handle, BLOCKED_NS), -ETIME);
	CHECK_EQ(pdd_syncobj_status(&c.dev, sync.handle), 0);
	test_gate_open(&gate);
	CHECK_OK(pdd_syncobj_wait(&c.dev, sync.handle, PDD_WAIT_NS));
	CHECK_EQ(pdd_syncobj_status(&c.dev, sync.handle), 1);
}

/* A job waits for the syncobj of another one, on the other engine. */
static void sync_in(const void *arg)
{
	struct drm_pddgpu_sync out = { .flags = SIGNAL }, in[2] = { 0 };
	struct pdd_use use_out = use_syncs(&out, 1), use_in = use_syncs(in, 2);
	struct pdd_client c;
	struct pdd_bo gate, bo;
	struct pdd_ib ib;

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, PDD_PAGE, GTT);
	out.handle = pdd_syncobj(&c.dev);
	in[0].handle = out.handle;
	in[1] = (struct drm_pddgpu_sync){ .handle = pdd_syncobj(&c.dev), .flags = SIGNAL };
	ib = test_ib(&c, 16);
	pdd_write32(&ib, bo.va, 5);
	gate = test_gate(&c, c.ctx, COMPUTE, &use_out);
	CHECK_OK(pdd_submit(&c, COPY, &ib, &use_in));
	CHECK_RET(pdd_syncobj_wait(&c.dev, in[1].handle, BLOCKED_NS), -ETIME);
	CHECK_EQ(*(u32 *)bo.map, 0);
	test_gate_open(&gate);
	CHECK_OK(pdd_syncobj_wait(&c.dev, in[1].handle, PDD_WAIT_NS));
	CHECK_EQ(*(u32 *)bo.map, 5);
}

/* One syncobj, waited for and then signalled by the same job. */
static void sync_in_and_out(const void *arg)
{
	struct drm_pddgpu_sync syncs[2] = { { .flags = 0 }, { .flags = SIGNAL } };
	struct pdd_use use = use_syncs(syncs, 2);
	struct pdd_client c;
	struct pdd_bo bo;
	struct pdd_ib ib;
	u32 handle;

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, PDD_PAGE, GTT);
	ib = test_ib(&c, 16);
	CHECK_OK(drmSyncobjCreate(c.dev.fd, DRM_SYNCOBJ_CREATE_SIGNALED, &handle));
	syncs[0].handle = syncs[1].handle = handle;
	pdd_atomic(&ib, PDDGPU_ATOMIC_ADD, bo.va, 1, 0, 0);
	for (int i = 0; i < 20; i++)
		CHECK_OK(pdd_submit(&c, i & 1, &ib, &use));
	CHECK_OK(pdd_syncobj_wait(&c.dev, handle, PDD_WAIT_NS));
	CHECK_EQ(*(u64 *)bo.map, 20);
}

/* Points of one timeline order a chain of jobs over both engines. */
static void timeline(const void *arg)
{
	struct drm_pddgpu_sync syncs[2] = { { .flags = SIGNAL } };
	struct pdd_bo bo, gate;
	struct pdd_client c;
	struct pdd_ib ib[9];
	uint64_t point;
	u32 handle;

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, PDD_PAGE, GTT);
	handle = pdd_syncobj(&c.dev);
	syncs[0].handle = handle;
	syncs[0].point = 1;
	for (u32 i = 1; i < 9; i++)
		ib[i] = test_ib(&c, 32);
	gate = test_gate(&c, c.ctx, COPY, &(struct pdd_use){ .syncs = syncs, .num_syncs = 1 });
	for (u32 i = 1; i < 9; i++) {
		pdd_copy(&ib[i], bo.va + 4 * (i - 1), bo.va + 4 * i, 4);
		syncs[0] = (struct drm_pddgpu_sync){ handle, 0, i };
		syncs[1] = (struct drm_pddgpu_sync){ handle, SIGNAL, i + 1 };
		CHECK_OK(pdd_submit(&c, i & 1 ? COMPUTE : COPY, &ib[i],
				    &(struct pdd_use){ .syncs = syncs, .num_syncs = 2 }));
	}
	point = 9;
	CHECK_RET(drmSyncobjTimelineWait(c.dev.fd, &handle, &point, 1, now_ns() + BLOCKED_NS, 0,
					 NULL), -ETIME);
	CHECK_OK(drmSyncobjQuery(c.dev.fd, &handle, &point, 1));
	CHECK_EQ(point, 0);
	*(u32 *)bo.map = 99;
	test_gate_open(&gate);
	point = 9;
	CHECK_OK(drmSyncobjTimelineWait(c.dev.fd, &handle, &point, 1, now_ns() + PDD_WAIT_NS, 0,
					NULL));
	CHECK_EQ(((u32 *)bo.map)[8], 99);
	CHECK_OK(drmSyncobjQuery(c.dev.fd, &handle, &point, 1));
	CHECK_EQ(point, 9);
}

/* The CPU can hold back a job with a timeline, and let it go. */
static void timeline_from_cpu(const void *arg)
{
	struct drm_pddgpu_sync sync = { .point = 7 };
	struct pdd_use use = use_syncs(&sync, 1);
	struct pdd_client c;
	struct pdd_ib ib;
	uint64_t point = 7;

	(void)arg;
	test_client(&c);
	ib = test_ib(&c, 16);
	pdd_nop(&ib, 0);
	sync.handle = pdd_syncobj(&c.dev);
	CHECK_RET(pdd_submit(&c, COPY, &ib, &use), -EINVAL);
	CHECK_OK(drmSyncobjTimelineSignal(c.dev.fd, &sync.handle, &point, 1));
	CHECK_OK(pdd_submit(&c, COPY, &ib, &use));
}

/* A job's fence can leave the process as a sync file. */
static void sync_file(const void *arg)
{
	struct drm_pddgpu_sync sync = { .flags = SIGNAL };
	struct pdd_use use = use_syncs(&sync, 1);
	struct pollfd p = { .events = POLLIN };
	struct pdd_client c;
	struct pdd_bo gate;

	(void)arg;
	test_client(&c);
	sync.handle = pdd_syncobj(&c.dev);
	gate = test_gate(&c, c.ctx, COPY, &use);
	CHECK_OK(drmSyncobjExportSyncFile(c.dev.fd, sync.handle, &p.fd));
	CHECK_EQ(poll(&p, 1, BLOCKED_NS / 1000000), 0);
	test_gate_open(&gate);
	CHECK_EQ(poll(&p, 1, PDD_WAIT_NS / 1000000), 1);
}

/* As many syncobjs as the list may hold. */
static void many_syncs(const void *arg)
{
	static struct drm_pddgpu_sync syncs[DRM_PDDGPU_CS_MAX_SYNCS];
	struct pdd_use use = use_syncs(syncs, ARRAY_SIZE(syncs));
	struct pdd_client c;
	struct pdd_ib ib;

	(void)arg;
	test_client(&c);
	ib = test_ib(&c, 16);
	pdd_nop(&ib, 0);
	for (u32 i = 0; i < ARRAY_SIZE(syncs); i++)
		syncs[i] = (struct drm_pddgpu_sync){ pdd_syncobj(&c.dev), SIGNAL, 0 };
	CHECK_OK(pdd_submit(&c, COPY, &ib, &use));
	for (u32 i = 0; i < ARRAY_SIZE(syncs); i++)
		CHECK_OK(pdd_syncobj_wait(&c.dev, syncs[i].handle, PDD_WAIT_NS));
}

/*
 * Implicit sync: a writer on one engine is blocked; a reader on another engine
 * and context that lists the buffer waits, one that does not list it runs.
 */
static void implicit_write_read(const void *arg)
{
	struct drm_pddgpu_cs_bo writes = { .flags = WRITE }, reads = { 0 };
	struct pdd_use use = use_bos(&writes, 1);
	struct drm_pddgpu_sync out = { .flags = SIGNAL };
	struct pdd_bo bo, gate, copy, other;
	struct pdd_ib write, read, free_job;
	struct pdd_client c;
	u32 ctx;

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, PDD_PAGE, VRAM);
	copy = test_bo(&c, PDD_PAGE, GTT);
	other = test_bo(&c, PDD_PAGE, GTT);
	CHECK_OK(pdd_ctx_create(&c, &ctx));
	writes.handle = reads.handle = bo.handle;
	out.handle = pdd_syncobj(&c.dev);
	write = test_ib(&c, 16);
	pdd_write32(&write, bo.va, 123);
	read = test_ib(&c, 16);
	pdd_copy(&read, bo.va, copy.va, 4);
	free_job = test_ib(&c, 16);
	pdd_write32(&free_job, other.va, 1);

	gate = test_gate(&c, c.ctx, COMPUTE, &use);
	CHECK_OK(pdd_submit(&c, COMPUTE, &write, &use));
	CHECK_OK(pdd_submit_ctx(&c, ctx, COPY, &read,
				&(struct pdd_use){ &reads, 1, &out, 1 }));
	CHECK_RET(pdd_syncobj_wait(&c.dev, out.handle, BLOCKED_NS), -ETIME);
	CHECK_OK(pdd_run(&c, COPY, &free_job, NULL, 0));
	CHECK_EQ(*(u32 *)other.map, 1);
	CHECK_EQ(*(u32 *)copy.map, 0);

	test_gate_open(&gate);
	CHECK_OK(pdd_syncobj_wait(&c.dev, out.handle, PDD_WAIT_NS));
	CHECK_EQ(*(u32 *)copy.map, 123);
}

/* A writer waits for the readers before it. */
static void implicit_read_write(const void *arg)
{
	struct drm_pddgpu_cs_bo writes = { .flags = WRITE }, reads = { 0 };
	struct pdd_use use = use_bos(&reads, 1);
	struct pdd_bo bo, gate, copy;
	struct pdd_ib write, read;
	struct pdd_client c;
	u32 ctx, out;

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, PDD_PAGE, VRAM);
	copy = test_bo(&c, PDD_PAGE, GTT);
	*(u32 *)bo.map = 1;
	writes.handle = reads.handle = bo.handle;
	CHECK_OK(pdd_ctx_create(&c, &ctx));
	read = test_ib(&c, 16);
	pdd_copy(&read, bo.va, copy.va, 4);
	write = test_ib(&c, 16);
	pdd_write32(&write, bo.va, 2);
	gate = test_gate(&c, ctx, COPY, &use);
	CHECK_OK(pdd_submit_ctx(&c, ctx, COPY, &read, &use));
	CHECK_OK(pdd_submit_out(&c, COMPUTE, &write, &writes, 1, &out));
	CHECK_RET(pdd_syncobj_wait(&c.dev, out, BLOCKED_NS), -ETIME);
	test_gate_open(&gate);
	CHECK_OK(pdd_finish(&c.dev, out));
	CHECK_OK(pdd_bo_wait(&c.dev, &bo, DRM_PDDGPU_GEM_WAIT_WRITE, PDD_WAIT_NS));
	CHECK_EQ(*(u32 *)copy.map, 1);
	CHECK_EQ(*(u32 *)bo.map, 2);
}

/* Readers do not wait for one another. */
static void implicit_read_read(const void *arg)
{
	struct drm_pddgpu_cs_bo reads = { 0 };
	struct pdd_use use = use_bos(&reads, 1);
	struct pdd_bo bo, gate;
	struct pdd_client c;
	struct pdd_ib ib;

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, PDD_PAGE, VRAM);
	reads.handle = bo.handle;
	ib = test_ib(&c, 16);
	pdd_nop(&ib, 0);
	gate = test_gate(&c, c.ctx, COMPUTE, &use);
	CHECK_OK(pdd_run(&c, COPY, &ib, &reads, 1));
	test_gate_open(&gate);
}

/* A chain of dependent jobs that alternates between engines, contexts and buffers. */
static void implicit_chain(const void *arg)
{
	static struct pdd_ib ibs[64];
	struct drm_pddgpu_cs_bo list[2];
	struct pdd_client c;
	struct pdd_bo bos[4];
	u32 ctxs[3];

	(void)arg;
	test_client(&c);
	for (u32 i = 0; i < 4; i++)
		bos[i] = test_bo(&c, 256 * KIB, i & 1 ? VRAM : GTT);
	for (u32 i = 0; i < 3; i++)
		CHECK_OK(pdd_ctx_create(&c, &ctxs[i]));
	test_pattern(bos[0].map, bos[0].size, test_options.seed);
	for (u32 i = 0; i < ARRAY_SIZE(ibs); i++) {
		struct pdd_bo *src = &bos[i % 4], *dst = &bos[(i + 1) % 4];

		ibs[i] = test_ib(&c, 32);
		pdd_copy(&ibs[i], src->va, dst->va, src->size);
		pdd_fill(&ibs[i], src->va, src->size, i);
		list[0] = (struct drm_pddgpu_cs_bo){ src->handle, WRITE };
		list[1] = (struct drm_pddgpu_cs_bo){ dst->handle, WRITE };
		CHECK_OK(pdd_submit_ctx(&c, ctxs[i % 3], i & 1, &ibs[i],
					&(struct pdd_use){ .bos = list, .num_bos = 2 }));
	}
	CHECK_OK(pdd_bo_wait(&c.dev, &bos[0], 0, PDD_WAIT_NS));
	test_check_pattern(bos[0].map, bos[0].size, test_options.seed);
	test_check_words(bos[3].map, bos[3].size, 63);
}

/* An engine that is held does not hold the other one. */
static void engines_are_independent(const void *arg)
{
	const u32 *held = arg;
	struct pdd_client c;
	struct pdd_bo gate, bo;
	struct pdd_ib ib;

	test_client(&c);
	bo = test_bo(&c, PDD_PAGE, GTT);
	ib = test_ib(&c, 16);
	gate = test_gate(&c, c.ctx, *held, NULL);
	pdd_write32(&ib, bo.va, 9);
	CHECK_OK(pdd_run(&c, !*held, &ib, NULL, 0));
	CHECK_EQ(*(u32 *)bo.map, 9);
	test_gate_open(&gate);
}

/* The bound buffer is reached whether listed or not. */
static void unlisted_is_reached(const void *arg)
{
	struct pdd_client c;
	struct pdd_bo vram, gtt;
	struct pdd_ib ib;

	(void)arg;
	test_client(&c);
	vram = test_bo(&c, MIB, VRAM);
	gtt = test_bo(&c, MIB, GTT);
	test_pattern(gtt.map, MIB, 1);
	ib = test_ib(&c, 16);
	pdd_copy(&ib, gtt.va, vram.va, MIB);
	CHECK_OK(pdd_run(&c, COPY, &ib, NULL, 0));
	test_check_pattern(vram.map, MIB, 1);
}

/* Listing a buffer that prefers VRAM brings it there. */
static void listing_places(const void *arg)
{
	struct drm_pddgpu_cs_bo use = { 0 };
	struct drm_pddgpu_gem_info info;
	struct pdd_client c;
	struct pdd_bo bo;
	struct pdd_ib ib;

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, MIB, DRM_PDDGPU_DOMAIN_CPU | GTT);
	use.handle = bo.handle;
	test_pattern(bo.map, MIB, 1);
	ib = test_ib(&c, 16);
	pdd_nop(&ib, 0);
	CHECK_OK(pdd_run(&c, COPY, &ib, &use, 1));
	CHECK_OK(pdd_bo_info(&c.dev, &bo, &info));
	CHECK_EQ(info.placement, GTT);
	CHECK_EQ(test_gpu_crc(&c, &bo), crc32(0, bo.map, MIB));
}

/* A command buffer may start anywhere in a buffer, in VRAM as well. */
static void ib_inside_vram(const void *arg)
{
	struct pdd_client c;
	struct pdd_bo out;
	struct pdd_ib ib, at;

	(void)arg;
	test_client(&c);
	out = test_bo(&c, PDD_PAGE, GTT);
	ib = (struct pdd_ib){ .bo = test_bo(&c, MIB, VRAM), .room = MIB / 4 };
	ib.dw = ib.bo.map;
	at = ib;
	at.bo.va += 4092;
	at.dw += 1023;
	pdd_write32(&at, out.va, 17);
	CHECK_OK(pdd_run(&c, COMPUTE, &at, NULL, 0));
	CHECK_EQ(*(u32 *)out.map, 17);
}

/* The longest command buffer there may be. */
static void longest_ib(const void *arg)
{
	struct pdd_client c;
	struct pdd_bo out;
	struct pdd_ib ib;

	(void)arg;
	test_client(&c);
	out = test_bo(&c, PDD_PAGE, GTT);
	ib = test_ib(&c, c.dev.info.max_ib_dwords);
	while (ib.n + 4 < c.dev.info.max_ib_dwords)
		pdd_emit(&ib, 0);
	pdd_write32(&ib, out.va, 18);
	CHECK_EQ(ib.n, c.dev.info.max_ib_dwords);
	CHECK_OK(pdd_run(&c, COMPUTE, &ib, NULL, 0));
	CHECK_EQ(*(u32 *)out.map, 18);
}

/* More jobs than the ring holds, from one context on each engine. */
static void many_jobs(const void *arg)
{
	const u32 count = test_count(3000);
	struct drm_pddgpu_cs_bo list[2];
	struct pdd_client c;
	struct pdd_bo bos[2];
	struct pdd_ib ibs[2];

	(void)arg;
	test_client(&c);
	for (u32 e = 0; e < 2; e++) {
		bos[e] = test_bo(&c, PDD_PAGE, GTT);
		ibs[e] = test_ib(&c, 16);
		pdd_atomic(&ibs[e], PDDGPU_ATOMIC_ADD, bos[e].va, 1, 0, 0);
		list[e] = (struct drm_pddgpu_cs_bo){ bos[e].handle, WRITE };
	}
	for (u32 i = 0; i < count; i++)
		CHECK_OK(pdd_submit(&c, i & 1, &ibs[i & 1],
				    &(struct pdd_use){ .bos = &list[i & 1], .num_bos = 1 }));
	for (u32 e = 0; e < 2; e++) {
		CHECK_OK(pdd_bo_wait(&c.dev, &bos[e], DRM_PDDGPU_GEM_WAIT_WRITE, PDD_WAIT_NS));
		CHECK_EQ(*(u64 *)bos[e].map, count / 2);
	}
}

/* A list with many buffers. */
static void many_bos(const void *arg)
{
	static struct drm_pddgpu_cs_bo list[1000];
	static struct pdd_bo bos[ARRAY_SIZE(list)];
	const u32 count = test_count(ARRAY_SIZE(list));
	struct pdd_client c;
	struct pdd_ib ib;

	(void)arg;
	test_client(&c);
	ib = test_ib(&c, 4 * count);
	for (u32 i = 0; i < count; i++) {
		CHECK_OK(pdd_bo_new(&c, PDD_PAGE, i & 1 ? VRAM : GTT, 0, &bos[i]));
		list[i] = (struct drm_pddgpu_cs_bo){ bos[i].handle, WRITE };
		pdd_write32(&ib, bos[i].va, i);
	}
	CHECK_OK(pdd_run(&c, COPY, &ib, list, count));
	for (u32 i = 0; i < count; i++) {
		CHECK_OK(pdd_bo_map(&c.dev, &bos[i]));
		CHECK_EQ(*(u32 *)bos[i].map, i);
	}
}

/* Larger structures of a newer program work as long as the rest of them is zero. */
static void larger_strides(const void *arg)
{
	struct { struct drm_pddgpu_cs_bo bo; u64 future; } bos[2] = { 0 };
	struct { struct drm_pddgpu_sync sync; u64 future; } syncs[2] = { 0 };
	struct drm_pddgpu_cs cs = {
		.bos = (uintptr_t)bos,
		.num_bos = 2,
		.bo_stride = sizeof(bos[0]),
		.syncs = (uintptr_t)syncs,
		.num_syncs = 2,
		.sync_stride = sizeof(syncs[0]),
	};
	struct pdd_client c;
	struct pdd_bo a, b;
	struct pdd_ib ib;

	(void)arg;
	test_client(&c);
	a = test_bo(&c, PDD_PAGE, GTT);
	b = test_bo(&c, PDD_PAGE, VRAM);
	ib = test_ib(&c, 16);
	pdd_write32(&ib, b.va, 19);
	bos[0].bo.handle = a.handle;
	bos[1].bo = (struct drm_pddgpu_cs_bo){ b.handle, WRITE };
	for (u32 i = 0; i < 2; i++)
		syncs[i].sync = (struct drm_pddgpu_sync){ pdd_syncobj(&c.dev), SIGNAL, 0 };
	cs.ctx_id = c.ctx;
	cs.engine = COPY;
	cs.ib_addr = ib.bo.va;
	cs.ib_dwords = ib.n;
	CHECK_OK(pdd_ioctl(c.dev.fd, DRM_IOCTL_PDDGPU_CS, &cs));
	CHECK_OK(pdd_syncobj_wait(&c.dev, syncs[1].sync.handle, PDD_WAIT_NS));
	CHECK_EQ(*(u32 *)b.map, 19);
}

/* A WAIT packet lets go as soon as the CPU writes what it waits for. */
static void wait_released_by_cpu(const void *arg)
{
	const u32 *domain = arg;
	struct drm_pddgpu_sync out = { .flags = SIGNAL };
	struct pdd_client c;
	struct pdd_bo bo;
	struct pdd_ib ib;

	test_client(&c);
	bo = test_bo(&c, PDD_PAGE, *domain);
	ib = test_ib(&c, 32);
	out.handle = pdd_syncobj(&c.dev);
	pdd_wait(&ib, PDDGPU_WAIT_GE, bo.va, 0x30, 0xf0);
	pdd_write32(&ib, bo.va + 4, 1);
	/* Where the CPU reaches it, before the job holds it where it is. */
	*(volatile u32 *)bo.map = 0xf2f;
	CHECK_OK(pdd_submit(&c, COMPUTE, &ib, &(struct pdd_use){ .syncs = &out, .num_syncs = 1 }));
	CHECK_RET(pdd_syncobj_wait(&c.dev, out.handle, BLOCKED_NS), -ETIME);
	CHECK_EQ(((u32 *)bo.map)[1], 0);
	*(volatile u32 *)bo.map = 0x30;
	CHECK_OK(pdd_syncobj_wait(&c.dev, out.handle, PDD_WAIT_NS));
	CHECK_EQ(((u32 *)bo.map)[1], 1);
}

/* A failed dependency neither blocks the job behind it nor fails it silently. */
static void after_a_failed_job(const void *arg)
{
	struct drm_pddgpu_sync sync = { .flags = SIGNAL }, in = { 0 };
	struct pdd_client c;
	struct pdd_ib bad, good;
	struct pdd_bo bo;
	u32 ctx;

	(void)arg;
	test_client(&c);
	CHECK_OK(pdd_ctx_create(&c, &ctx));
	bo = test_bo(&c, PDD_PAGE, GTT);
	bad = test_ib(&c, 16);
	good = test_ib(&c, 16);
	sync.handle = in.handle = pdd_syncobj(&c.dev);
	pdd_packet(&bad, 0xee, 0, NULL, 0);
	CHECK_OK(pdd_submit(&c, COMPUTE, &bad,
			    &(struct pdd_use){ .syncs = &sync, .num_syncs = 1 }));
	pdd_write32(&good, bo.va, 20);
	CHECK_OK(pdd_submit_ctx(&c, ctx, COPY, &good, &(struct pdd_use){
		.bos = &(struct drm_pddgpu_cs_bo){ bo.handle, WRITE },
		.num_bos = 1,
		.syncs = &in,
		.num_syncs = 1,
	}));
	CHECK_OK(pdd_bo_wait(&c.dev, &bo, 0, PDD_WAIT_NS));
	CHECK_EQ(*(u32 *)bo.map, 20);
	CHECK(pdd_syncobj_status(&c.dev, sync.handle) < 0);
}

static const u32 copy = COPY, compute = COMPUTE, vram = VRAM, gtt = GTT;

static const struct test tests[] = {
	{ .name = "cs.sync_out", .run = sync_out },
	{ .name = "cs.sync_in", .run = sync_in },
	{ .name = "cs.sync_in_and_out", .run = sync_in_and_out },
	{ .name = "cs.timeline", .run = timeline },
	{ .name = "cs.timeline_from_cpu", .run = timeline_from_cpu },
	{ .name = "cs.sync_file", .run = sync_file },
	{ .name = "cs.many_syncs", .run = many_syncs },
	{ .name = "cs.implicit_write_read", .run = implicit_write_read },
	{ .name = "cs.implicit_read_write", .run = implicit_read_write },
	{ .name = "cs.implicit_read_read", .run = implicit_read_read },
	{ .name = "cs.implicit_chain", .run = implicit_chain },
	{ .name = "cs.compute_runs_while_copy_is_held", .run = engines_are_independent,
	  .arg = &copy },
	{ .name = "cs.copy_runs_while_compute_is_held", .run = engines_are_independent,
	  .arg = &compute },
	{ .name = "cs.unlisted_is_reached", .run = unlisted_is_reached },
	{ .name = "cs.listing_places", .run = listing_places },
	{ .name = "cs.ib_inside_vram", .run = ib_inside_vram },
	{ .name = "cs.longest_ib", .run = longest_ib },
	{ .name = "cs.many_jobs", .run = many_jobs },
	{ .name = "cs.many_bos", .run = many_bos },
	{ .name = "cs.larger_strides", .run = larger_strides },
	{ .name = "cs.wait_released_by_cpu_in_gtt", .run = wait_released_by_cpu, .arg = &gtt },
	{ .name = "cs.wait_released_by_cpu_in_vram", .run = wait_released_by_cpu, .arg = &vram },
	{ .name = "cs.after_a_failed_job", .run = after_a_failed_job },
};

TEST_GROUP(cs_tests, tests);
