// SPDX-License-Identifier: GPL-2.0 OR MIT
/* CTX_CREATE, CTX_DESTROY, CTX_QUERY: queues and how they fare. */
#include "test.h"

#define COPY		DRM_PDDGPU_ENGINE_COPY
#define COMPUTE		DRM_PDDGPU_ENGINE_COMPUTE
#define MAX_CTXS	256 /* of a client */
#define MANY_CTXS	200

static void ctx_destroy(struct pdd_client *c, u32 ctx)
{
	struct drm_pddgpu_ctx_destroy destroy = { .ctx_id = ctx };

	CHECK_OK(pdd_ioctl(c->dev.fd, DRM_IOCTL_PDDGPU_CTX_DESTROY, &destroy));
}

static void create_destroy(const void *arg)
{
	struct drm_pddgpu_ctx_query query;
	struct pdd_client c;
	u32 ctx;

	(void)arg;
	test_client(&c);
	CHECK_OK(pdd_ctx_create(&c, &ctx));
	CHECK(ctx && ctx != c.ctx);
	CHECK_OK(pdd_ctx_query(&c, ctx, &query));
	ctx_destroy(&c, ctx);
	CHECK_RET(pdd_ctx_query(&c, ctx, &query), -ENOENT);
}

static void query_of_new(const void *arg)
{
	struct drm_pddgpu_ctx_query query;
	struct pdd_client c;

	(void)arg;
	test_client(&c);
	CHECK_OK(pdd_ctx_query(&c, c.ctx, &query));
	CHECK_EQ(query.flags, 0);
	CHECK_EQ(query.faults, 0);
	CHECK_EQ(query.last_error, PDDGPU_ERR_NONE);
}

/* Each failed job counts, the last one's error is told; a neighbour knows nothing of it. */
static void query_counts_faults(const void *arg)
{
	struct drm_pddgpu_ctx_query query;
	struct pdd_client c;
	struct pdd_ib ib;
	u32 other;

	(void)arg;
	test_client(&c);
	CHECK_OK(pdd_ctx_create(&c, &other));
	ib = test_ib(&c, 16);
	pdd_packet(&ib, 0xee, 0, NULL, 0);
	CHECK(pdd_run(&c, COPY, &ib, NULL, 0));
	pdd_write32(&ib, pdd_va(&c, PDD_PAGE), 1);
	CHECK(pdd_run(&c, COMPUTE, &ib, NULL, 0));
	CHECK_OK(pdd_ctx_query(&c, c.ctx, &query));
	CHECK_EQ(query.flags, DRM_PDDGPU_CTX_FAULTED);
	CHECK_EQ(query.faults, 2);
	CHECK_EQ(query.last_error, PDDGPU_ERR_UNMAPPED);
	CHECK_OK(pdd_ctx_query(&c, other, &query));
	CHECK_EQ(query.flags, 0);
	CHECK_EQ(query.faults, 0);
}

/* Jobs of one context and engine run in the order in which they came. */
static void runs_in_order(const void *arg)
{
	struct pdd_bo bo, big;
	struct pdd_client c;
	struct pdd_ib ibs[8];
	u32 outs[8];

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, PDD_PAGE, GTT);
	big = test_bo(&c, 16 * MIB, VRAM);
	for (u32 i = 0; i < 8; i++) {
		ibs[i] = test_ib(&c, 64);
		/* The early ones are slow, and each leaves what the one before left. */
		pdd_copy(&ibs[i], bo.va + 4 * i, bo.va + 4 * i + 4, 4);
		pdd_fill(&ibs[i], big.va, big.size >> i, i);
		pdd_atomic(&ibs[i], PDDGPU_ATOMIC_ADD, bo.va + 8 * (i / 2 + 1) + 512, 1, 0, 0);
	}
	*(u32 *)bo.map = 77;
	for (u32 i = 0; i < 8; i++)
		CHECK_OK(pdd_submit_out(&c, COPY, &ibs[i], NULL, 0, &outs[i]));
	for (u32 i = 0; i < 8; i++)
		CHECK_OK(pdd_finish(&c.dev, outs[i]));
	CHECK_EQ(((u32 *)bo.map)[8], 77);
	CHECK_EQ(*(u32 *)big.map, 7);
}

/* With jobs queued and on the engine, destroying a context loses no memory and no fence. */
static void destroy_busy(const void *arg)
{
	struct pdd_client c;
	struct pdd_bo gate;
	struct pdd_ib ib;
	u32 ctx, out;
	int ret;

	(void)arg;
	test_client(&c);
	CHECK_OK(pdd_ctx_create(&c, &ctx));
	ib = test_ib(&c, 16);
	pdd_nop(&ib, 0);
	gate = test_gate(&c, c.ctx, COMPUTE, NULL);
	for (int i = 0; i < 10; i++)
		CHECK_OK(pdd_submit_ctx(&c, ctx, COMPUTE, &ib, NULL));
	CHECK_OK(pdd_submit_out(&c, COMPUTE, &ib, NULL, 0, &out));
	test_gate_open(&gate);
	ctx_destroy(&c, ctx);
	ctx_destroy(&c, c.ctx);
	ret = pdd_finish(&c.dev, out);
	CHECK(ret != -ETIME);
	test_check_alive(0);
}

static void many(const void *arg)
{
	static struct pdd_ib ibs[MANY_CTXS];
	static u32 ctxs[MANY_CTXS];
	const u32 count = test_count(MANY_CTXS);
	struct pdd_client c;
	struct pdd_bo bo;

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, count * 8, GTT);
	for (u32 i = 0; i < count; i++) {
		CHECK_OK(pdd_ctx_create(&c, &ctxs[i]));
		ibs[i] = test_ib(&c, 16);
		pdd_atomic(&ibs[i], PDDGPU_ATOMIC_XCHG, bo.va + 8 * i, i + 1, 0, 0);
		CHECK_OK(pdd_submit_ctx(&c, ctxs[i], i & 1, &ibs[i], &(struct pdd_use){
			.bos = &(struct drm_pddgpu_cs_bo){ bo.handle, DRM_PDDGPU_CS_BO_WRITE },
			.num_bos = 1,
		}));
	}
	CHECK_OK(pdd_bo_wait(&c.dev, &bo, 0, PDD_WAIT_NS));
	for (u32 i = 0; i < count; i++) {
		CHECK_EQ(((u64 *)bo.map)[i], i + 1);
		ctx_destroy(&c, ctxs[i]);
	}
}

/* As many as a client may have, one more, and one instead of another. */
static void too_many(const void *arg)
{
	struct pdd_client c;
	u32 ctx, none;

	(void)arg;
	test_client(&c); /* which has one */
	for (u32 i = 1; i < MAX_CTXS; i++)
		CHECK_OK(pdd_ctx_create(&c, &ctx));
	CHECK_RET(pdd_ctx_create(&c, &none), -ENOSPC);
	ctx_destroy(&c, ctx);
	CHECK_OK(pdd_ctx_create(&c, &ctx));
}

static const struct test tests[] = {
	{ .name = "ctx.create_destroy", .run = create_destroy },
	{ .name = "ctx.too_many", .run = too_many },
	{ .name = "ctx.query_of_new", .run = query_of_new },
	{ .name = "ctx.query_counts_faults", .run = query_counts_faults },
	{ .name = "ctx.runs_in_order", .run = runs_in_order },
	{ .name = "ctx.destroy_busy", .run = destroy_busy },
	{ .name = "ctx.many", .run = many },
};

TEST_GROUP(ctx_tests, tests);
