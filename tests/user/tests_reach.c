// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What command buffers cannot reach: what only the kernel has an address of, what
 * lies behind the end of a buffer, other command buffers, and the state of the
 * engines that other clients' jobs find.
 */
#include "test.h"

#include <pthread.h>
#include <string.h>

#define COPY		DRM_PDDGPU_ENGINE_COPY
#define COMPUTE		DRM_PDDGPU_ENGINE_COMPUTE
#define ROUNDS		40
#define RACES		300

/* --- The kernel's addresses -------------------------------------------- */

static u64 pair(struct pdd_client *c, u32 lo)
{
	volatile u32 *reg = test_registers(&c->dev);

	return reg[lo / 4] | (u64)reg[lo / 4 + 1] << 32;
}

static u64 ring_copy(struct pdd_client *c)
{
	return pair(c, PDDGPU_REG_ENGINE(COPY) + PDDGPU_ENGINE_RING_BASE_LO);
}

static u64 ring_compute(struct pdd_client *c)
{
	return pair(c, PDDGPU_REG_ENGINE(COMPUTE) + PDDGPU_ENGINE_RING_BASE_LO);
}

static u64 fault_ring(struct pdd_client *c)
{
	return pair(c, PDDGPU_REG_FAULT_BASE_LO);
}

static u64 gart_table(struct pdd_client *c)
{
	return pair(c, PDDGPU_REG_GART_BASE_LO);
}

/* The root of the client's own page table, after a job of its own. */
static u64 page_table(struct pdd_client *c)
{
	struct pdd_ib ib = test_ib(c, 16);

	pdd_nop(&ib, 0);
	CHECK_OK(pdd_run(c, COPY, &ib, NULL, 0));
	for (u32 v = 1; v < PDDGPU_NUM_VMIDS; v++) {
		u64 base = pair(c, PDDGPU_REG_VMID_BASE_LO(v));

		if (base & PDDGPU_VMID_BASE_VALID)
			return base & PDDGPU_VMID_BASE_ADDR;
	}
	FAIL("no VMID has a page table");
}

static u64 vram_start(struct pdd_client *c)
{
	(void)c;
	return 0;
}

static u64 vram_end(struct pdd_client *c)
{
	return c->dev.info.vram_size - PDD_PAGE;
}

static u64 gart_start(struct pdd_client *c)
{
	(void)c;
	return PDDGPU_GART_START;
}

/* Where x86 takes interrupt messages. */
static u64 msi(struct pdd_client *c)
{
	(void)c;
	return 0xfee00000;
}

/* The client's own buffer, with bits above those that tables look at. */
static u64 beyond_va(struct pdd_client *c)
{
	return test_bo(c, PDD_PAGE, VRAM).va | 1ULL << PDDGPU_VA_BITS;
}

enum access { READ, WRITE, ATOMIC, WAIT, FETCH };

struct kernel_row {
	u64 (*address)(struct pdd_client *c);
	enum access access;
	u32 engine;
};

static void emit_access(struct pdd_ib *ib, enum access access, u64 address, u64 own)
{
	switch (access) {
	case READ:
		pdd_copy(ib, address, own, 8);
		break;
	case WRITE:
		pdd_write32(ib, address, 0);
		break;
	case ATOMIC:
		pdd_atomic(ib, PDDGPU_ATOMIC_XCHG, address, 0, 0, own);
		break;
	default:
		pdd_wait(ib, PDDGPU_WAIT_NE, address, 0, 0);
	}
}

/* The ioctl refuses what no address space could hold, and the MMU the rest. */
static void fetch_from(struct pdd_client *c, u32 engine, struct pdd_ib *ib, u64 address)
{
	ib->bo.va = address;
	pdd_nop(ib, 0);
	if (address < c->dev.info.va_start || address >= c->dev.info.va_end)
		CHECK_RET(pdd_submit(c, engine, ib, NULL), -EINVAL);
	else
		test_job_fault(c, engine, ib, PDDGPU_ERR_UNMAPPED);
}

static void kernel_address(const void *arg)
{
	const struct kernel_row *row = arg;
	struct pdd_client c;
	struct pdd_bo own;
	struct pdd_ib ib;
	u64 address;

	test_client(&c);
	own = test_bo(&c, PDD_PAGE, GTT);
	ib = test_ib(&c, 16);
	address = row->address(&c);
	if (row->access == FETCH) {
		fetch_from(&c, row->engine, &ib, address);
	} else {
		emit_access(&ib, row->access, address, own.va);
		test_job_fault(&c, row->engine, &ib, PDDGPU_ERR_UNMAPPED);
	}
	test_check_words(own.map, PDD_PAGE, 0);
	test_check_alive(0);
}

/* An address that is the kernel's in VMID 0 may be the client's own in its address space. */
static void own_buffer_there(const void *arg)
{
	u64 (*const addresses[])(struct pdd_client *c) = { ring_copy, ring_compute, fault_ring };

	(void)arg;
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++)
		for (u32 engine = 0; engine < PDDGPU_NUM_ENGINES; engine++) {
			struct pdd_client c;
			struct pdd_bo bo;
			struct pdd_ib ib;
			u64 va;

			test_client(&c);
			va = addresses[i](&c);
			bo = test_bo(&c, PDD_PAGE, VRAM);
			ib = test_ib(&c, 16);
			CHECK_OK(pdd_bind(&c, &bo, 0, va, PDD_PAGE, 0));
			pdd_fill(&ib, va, PDD_PAGE, 0xbad);
			CHECK_OK(pdd_run(&c, engine, &ib, NULL, 0));
			test_check_words(bo.map, PDD_PAGE, 0xbad);
			pdd_client_close(&c);
			test_check_alive(0);
		}
}

/* --- The end of a buffer ----------------------------------------------- */

struct end_row {
	u64 size;
	u32 domain;
	u32 engine;
};

/* A neighbour on each side in memory; behind the last page there is nothing, before it zeroes. */
static void end_of_buffer(const void *arg)
{
	const struct end_row *row = arg;
	const u64 size = round_up_to(row->size, PDD_PAGE);
	struct pdd_client c, neighbour;
	struct pdd_bo bos[3], out;
	struct pdd_ib ib;

	test_client(&c);
	test_client(&neighbour);
	out = test_bo(&c, PDD_PAGE, GTT);
	ib = test_ib(&c, 16);
	for (u32 i = 0; i < 3; i++) {
		bos[i] = test_bo(i == 1 ? &c : &neighbour, row->size, row->domain);
		CHECK_EQ(bos[i].size, size);
		if (i != 1)
			memset(bos[i].map, 0x5a, size);
	}
	test_check_words(bos[1].map, size, 0);
	pdd_copy(&ib, bos[1].va + size, out.va, 4);
	test_job_fault(&c, row->engine, &ib, PDDGPU_ERR_UNMAPPED);
	pdd_fill(&ib, bos[1].va + size - 8, 16, 6);
	test_job_fault(&c, row->engine, &ib, PDDGPU_ERR_UNMAPPED);
	test_check_words(out.map, PDD_PAGE, 0);
	for (u32 i = 0; i < 3; i += 2)
		test_check_words(bos[i].map, size, 0x5a5a5a5a);
}

/* --- Command buffers that change while they run ------------------------- */

/* The first packet makes the second one a privileged one. */
static void overwrites_itself(const void *arg)
{
	const u32 engine = *(const u32 *)arg;
	const u32 evil[] = {
		PDDGPU_PKT(PDDGPU_OP_WRITE_PTE, 0, PDDGPU_WRITE_PTE_COUNT),
		0, 0, 0, 0, 0, 0, 1,
	};
	struct pdd_client c;
	struct pdd_bo bo;
	struct pdd_ib ib;
	u32 next;

	test_client(&c);
	bo = test_bo(&c, PDD_PAGE, VRAM);
	ib = test_ib(&c, 64);
	for (int i = 0; i < ROUNDS; i++) {
		next = 1 + 2 + ARRAY_SIZE(evil);
		pdd_write(&ib, ib.bo.va + next * 4, evil, ARRAY_SIZE(evil));
		for (u32 n = 0; n < ARRAY_SIZE(evil); n++)
			pdd_emit(&ib, 0);
		pdd_write32(&ib, bo.va, 1);
		test_job_fault(&c, engine, &ib, PDDGPU_ERR_PRIVILEGE);
		CHECK_EQ(*(u32 *)bo.map, 0);
	}
}

struct scribbler {
	volatile u32 *header;
	volatile int stop;
};

/* Now it is a FILL, and now it is a packet that only the kernel may use. */
static void *scribble(void *arg)
{
	const u32 evil[] = {
		PDDGPU_PKT(PDDGPU_OP_FILL, 0, PDDGPU_FILL_COUNT),
		PDDGPU_PKT(PDDGPU_OP_TLB_FLUSH, 0, PDDGPU_TLB_FLUSH_COUNT),
		PDDGPU_PKT(PDDGPU_OP_FENCE, 0, PDDGPU_FENCE_COUNT),
		PDDGPU_PKT(PDDGPU_OP_WRITE_PTE, 0, PDDGPU_WRITE_PTE_COUNT),
		PDDGPU_PKT(PDDGPU_OP_SET_VMID, 1, PDDGPU_SET_VMID_COUNT),
		PDDGPU_PKT(PDDGPU_OP_INDIRECT, 0, PDDGPU_INDIRECT_COUNT),
		~0u,
	};
	struct scribbler *s = arg;

	for (u32 i = 0; !s->stop; i++)
		*s->header = evil[i & 1 ? 0 : i / 2 % ARRAY_SIZE(evil)];
	return NULL;
}

/* A command buffer that a CPU keeps changing does what it may, or fails, and that is all. */
static void overwritten_by_cpu(const void *arg)
{
	const u32 engine = *(const u32 *)arg;
	struct scribbler s = { 0 };
	struct pdd_client c, bystander;
	struct pdd_bo bo, other;
	pthread_t thread;
	struct pdd_ib ib;
	u32 failed = 0;

	test_client(&c);
	test_client(&bystander);
	bo = test_bo(&c, PDD_PAGE, GTT);
	other = test_bo(&bystander, MIB, VRAM);
	test_pattern(other.map, MIB, 8);
	ib = test_ib(&c, 16);
	pdd_fill(&ib, bo.va, PDD_PAGE, 9);
	s.header = ib.dw;
	CHECK_EQ(pthread_create(&thread, NULL, scribble, &s), 0);
	for (u32 i = 0; i < RACES; i++) {
		u32 out;

		CHECK_OK(pdd_submit_out(&c, engine, &ib, NULL, 0, &out));
		failed += pdd_finish(&c.dev, out) < 0;
	}
	s.stop = 1;
	pthread_join(thread, NULL);
	/* The race was one. */
	CHECK(failed > 0 && failed < RACES);
	test_check_words(bo.map, PDD_PAGE, 9);
	CHECK_EQ(test_gpu_crc(&bystander, &other), crc32(0, other.map, MIB));
	test_check_alive(0);
}

/* --- State of the engines ----------------------------------------------- */

/* Jobs that fail and jobs of another client take turns: each gets what is its own. */
static void status_is_ones_own(const void *arg)
{
	const u32 engine = *(const u32 *)arg;
	struct drm_pddgpu_ctx_query query;
	struct pdd_client clients[2];
	u32 outs[ROUNDS][2];
	struct pdd_ib ibs[2];
	struct pdd_bo bo;

	for (u32 i = 0; i < 2; i++) {
		test_client(&clients[i]);
		ibs[i] = test_ib(&clients[i], 16);
	}
	bo = test_bo(&clients[1], PDD_PAGE, GTT);
	pdd_packet(&ibs[0], 0xee, 0, NULL, 0);
	pdd_atomic(&ibs[1], PDDGPU_ATOMIC_ADD, bo.va, 1, 0, 0);
	for (u32 n = 0; n < ROUNDS; n++)
		for (u32 i = 0; i < 2; i++)
			CHECK_OK(pdd_submit_out(&clients[i], engine, &ibs[i], NULL, 0, &outs[n][i]));
	for (u32 n = 0; n < ROUNDS; n++) {
		CHECK_RET(pdd_finish(&clients[0].dev, outs[n][0]), -EINVAL);
		CHECK_OK(pdd_finish(&clients[1].dev, outs[n][1]));
	}
	CHECK_EQ(*(u64 *)bo.map, ROUNDS);
	CHECK_OK(pdd_ctx_query(&clients[0], clients[0].ctx, &query));
	CHECK_EQ(query.faults, ROUNDS);
	CHECK_OK(pdd_ctx_query(&clients[1], clients[1].ctx, &query));
	CHECK_EQ(query.faults, 0);
	CHECK_EQ(query.last_error, 0);
}

static const u32 on_copy = COPY, on_compute = COMPUTE;

#define KERNEL(address_, access_, what_)				\
	{ .name = "isolation.no_" what_ "_of_" #address_ "_copy", .run = kernel_address, \
	  .arg = &(const struct kernel_row){ address_, access_, COPY } }, \
	{ .name = "isolation.no_" what_ "_of_" #address_ "_compute", .run = kernel_address, \
	  .arg = &(const struct kernel_row){ address_, access_, COMPUTE } }
#define KERNEL_ALL(address_)						\
	KERNEL(address_, READ, "read"), KERNEL(address_, WRITE, "write"), \
	KERNEL(address_, ATOMIC, "atomic"), KERNEL(address_, WAIT, "wait"), \
	KERNEL(address_, FETCH, "fetch")

#define END(name_, size_)						\
	{ .name = "isolation.end_of_buffer_" name_ "_vram", .run = end_of_buffer, \
	  .arg = &(const struct end_row){ size_, VRAM, COPY } },	\
	{ .name = "isolation.end_of_buffer_" name_ "_gtt", .run = end_of_buffer, \
	  .arg = &(const struct end_row){ size_, GTT, COMPUTE } }

#define BOTH(name_)							\
	{ .name = "isolation." #name_ "_copy", .run = name_, .arg = &on_copy }, \
	{ .name = "isolation." #name_ "_compute", .run = name_, .arg = &on_compute }

static const struct test tests[] = {
	KERNEL_ALL(ring_copy), KERNEL_ALL(ring_compute), KERNEL_ALL(fault_ring),
	KERNEL_ALL(gart_table), KERNEL_ALL(page_table), KERNEL_ALL(vram_start),
	KERNEL_ALL(vram_end), KERNEL_ALL(gart_start), KERNEL_ALL(msi), KERNEL_ALL(beyond_va),
	{ .name = "isolation.own_buffer_there", .run = own_buffer_there },
	END("1", 1), END("4k", PDD_PAGE), END("12k", 3 * PDD_PAGE),
	END("less_than_2m", PDD_LARGE_PAGE - PDD_PAGE), END("2m", PDD_LARGE_PAGE),
	END("more_than_2m", PDD_LARGE_PAGE + 1),
	BOTH(overwrites_itself), BOTH(overwritten_by_cpu), BOTH(status_is_ones_own),
};

TEST_GROUP(reach_tests, tests);
