// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Command buffers that are wrong.  A row takes a packet that works, spoils one
 * dword of it, and expects the job to end with the error that the hardware
 * manual names, its fence to carry an error, the context to count it, and the
 * next job to work.  Then come whole command buffers of random numbers.
 */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#define COPY		DRM_PDDGPU_ENGINE_COPY
#define COMPUTE		DRM_PDDGPU_ENGINE_COMPUTE
#define MAX_PAYLOAD	10
#define HEADER		(-1)		/* the dword that a row spoils */
#define NO_HI		0x00001000	/* high half of an address where nothing is bound */
#define BEYOND_HI	0x00010000	/* the same, beyond the address space */

/*
 * A packet that works: A, B and D stand for the low halves of the addresses of
 * three buffers, in the places that the masks name; the high halves follow.
 */
struct good {
	u32 engine;
	u32 op;
	u32 flags;
	u32 count;
	u32 payload[MAX_PAYLOAD];
	u32 a, b, d;			/* bits: which payload dwords */
	bool privileged;		/* never works in a command buffer */
};

static const struct good nop = { .op = PDDGPU_OP_NOP, .count = 2 };
static const struct good write = {
	.op = PDDGPU_OP_WRITE, .count = 4, .d = BIT(0), .payload = { [2] = 7, [3] = 8 },
};
static const struct good fill = {
	.op = PDDGPU_OP_FILL, .count = 5, .d = BIT(0), .payload = { [2] = 64, [4] = 9 },
};
static const struct good copy = {
	.op = PDDGPU_OP_COPY, .count = 6, .a = BIT(0), .d = BIT(2), .payload = { [4] = 64 },
};
static const struct good rect = {
	.op = PDDGPU_OP_COPY_RECT, .count = 8, .a = BIT(0), .d = BIT(2),
	.payload = { [4] = 64, [5] = 64, [6] = 32, [7] = 4 },
};
static const struct good wait = {
	.op = PDDGPU_OP_WAIT, .count = 4, .d = BIT(0), .payload = { [2] = 0, [3] = 0 },
};
static const struct good atomic = {
	.op = PDDGPU_OP_ATOMIC, .count = 8, .d = BIT(0), .a = BIT(6), .payload = { [2] = 1 },
};
static const struct good stamp = {
	.op = PDDGPU_OP_TIMESTAMP, .count = 2, .d = BIT(0),
};
static const struct good map = {
	.engine = COMPUTE, .op = PDDGPU_OP_MAP, .count = 9, .a = BIT(0), .b = BIT(2), .d = BIT(4),
	.payload = { [6] = 16, [8] = 3 },
};
static const struct good hash = {
	.engine = COMPUTE, .op = PDDGPU_OP_MAP, .flags = PDDGPU_MAP_HASH, .count = 9, .a = BIT(0),
	.d = BIT(4), .payload = { [6] = 16, [8] = 3 },
};
static const struct good crc = {
	.engine = COMPUTE, .op = PDDGPU_OP_CRC32, .count = 6, .a = BIT(0), .d = BIT(4),
	.payload = { [2] = 64 },
};
static const struct good mandelbrot = {
	.engine = COMPUTE, .op = PDDGPU_OP_MANDELBROT, .count = 9, .d = BIT(0),
	.payload = { [2] = 64, [3] = 16, [4] = 8, [7] = 1 << 24, [8] = 5 },
};
static const struct good map_on_copy = {
	.engine = COPY, .op = PDDGPU_OP_MAP, .count = 9, .a = BIT(0), .b = BIT(2), .d = BIT(4),
	.payload = { [6] = 16 }, .privileged = true,
};
static const struct good crc_on_copy = {
	.engine = COPY, .op = PDDGPU_OP_CRC32, .count = 6, .a = BIT(0), .d = BIT(4),
	.payload = { [2] = 64 }, .privileged = true,
};
static const struct good mandelbrot_on_copy = {
	.engine = COPY, .op = PDDGPU_OP_MANDELBROT, .count = 9, .d = BIT(0),
	.payload = { [2] = 64, [3] = 16, [4] = 8, [8] = 5 }, .privileged = true,
};
static const struct good fence = {
	.op = PDDGPU_OP_FENCE, .count = 6, .a = BIT(0), .d = BIT(4), .payload = { [2] = 1 },
	.privileged = true,
};
static const struct good indirect = {
	.op = PDDGPU_OP_INDIRECT, .count = 3, .a = BIT(0), .payload = { [2] = 4 },
	.privileged = true,
};
static const struct good set_vmid = {
	.op = PDDGPU_OP_SET_VMID, .count = 2, .payload = { 1 }, .privileged = true,
};
static const struct good set_onchip = {
	.op = PDDGPU_OP_SET_ONCHIP, .count = 3, .privileged = true,
};
/* Without a buffer of a heap in its list a job has no window of it. */
static const struct good onchip_copy = {
	.op = PDDGPU_OP_ONCHIP_COPY, .count = 4, .d = BIT(2),
};
static const struct good onchip_append = {
	.op = PDDGPU_OP_ONCHIP_APPEND, .count = 5, .d = BIT(3), .privileged = true,
};
static const struct good onchip_barrier = {
	.op = PDDGPU_OP_ONCHIP_BARRIER, .count = 2, .payload = { [1] = 1 }, .privileged = true,
};
static const struct good tlb_flush = {
	.op = PDDGPU_OP_TLB_FLUSH, .count = 1, .payload = { 0xffff }, .privileged = true,
};
static const struct good write_pte = {
	.op = PDDGPU_OP_WRITE_PTE, .count = 7, .d = BIT(0), .payload = { [2] = 5, [6] = 1 },
	.privileged = true,
};

struct row {
	const struct good *good;
	u32 engine;			/* beside that of the packet */
	int dword;			/* payload index, or HEADER */
	u32 add;			/* to its value */
	u32 error;			/* PDDGPU_ERR_* */
};

/* Three buffers with known contents, and a command buffer. */
struct rig {
	struct pdd_client c;
	struct pdd_bo a, b, d;
	struct pdd_ib ib;
};

static void rig_init(struct rig *r)
{
	test_client(&r->c);
	r->a = test_bo(&r->c, PDD_PAGE, GTT);
	r->b = test_bo(&r->c, PDD_PAGE, VRAM);
	r->d = test_bo(&r->c, PDD_PAGE, VRAM);
	test_pattern(r->a.map, PDD_PAGE, 1);
	test_pattern(r->b.map, PDD_PAGE, 2);
	r->ib = test_ib(&r->c, 4096);
}

static void put_address(u32 *payload, u32 mask, u64 address)
{
	for (int i = 0; mask; i++, mask >>= 1)
		if (mask & 1) {
			payload[i] = (u32)address;
			payload[i + 1] = address >> 32;
		}
}

/* Appends the packet, with one dword spoilt unless @add is 0. */
static void emit_packet(struct rig *r, const struct good *good, int dword, u32 add)
{
	u32 payload[MAX_PAYLOAD];
	u32 header = PDDGPU_PKT(good->op, good->flags, good->count);

	memcpy(payload, good->payload, sizeof(payload));
	put_address(payload, good->a, r->a.va);
	put_address(payload, good->b, r->b.va);
	put_address(payload, good->d, r->d.va);
	if (dword == HEADER)
		header += add;
	else
		payload[dword] += add;
	pdd_emit(&r->ib, header);
	for (u32 i = 0; i < good->count; i++)
		pdd_emit(&r->ib, payload[i]);
}

/* Nothing was stored: none of these errors is one of memory half-way through. */
static void check_untouched(struct rig *r)
{
	test_check_pattern(r->a.map, PDD_PAGE, 1);
	test_check_pattern(r->b.map, PDD_PAGE, 2);
	test_check_words(r->d.map, PDD_PAGE, 0);
}

static void bad_packet(const void *arg)
{
	const struct row *row = arg;
	const u32 engine = row->engine | row->good->engine;
	struct rig r;

	rig_init(&r);
	emit_packet(&r, row->good, row->dword, row->add);
	test_job_fault(&r.c, engine, &r.ib, row->error);
	check_untouched(&r);
	if (row->good->privileged)
		return;
	emit_packet(&r, row->good, HEADER, 0);
	CHECK_OK(pdd_run(&r.c, engine, &r.ib, NULL, 0));
}

/* What comes before the bad packet counts, what comes after it does not. */
static void stops_at_the_error(const void *arg)
{
	struct rig r;

	rig_init(&r);
	pdd_write32(&r.ib, r.d.va, 1);
	pdd_packet(&r.ib, 0xee, 0, NULL, 0);
	pdd_write32(&r.ib, r.d.va, 2);
	test_job_fault(&r.c, *(const u32 *)arg, &r.ib, PDDGPU_ERR_OPCODE);
	CHECK_EQ(*(u32 *)r.d.map, 1);
}

/* A packet that leaves its mapping half-way ends there, having stored nothing beyond. */
static void runs_off_the_mapping(const void *arg)
{
	struct pdd_bo next;
	struct rig r;

	rig_init(&r);
	next = test_bo(&r.c, PDD_PAGE, VRAM);
	pdd_fill(&r.ib, r.d.va + PDD_PAGE / 2, 64 * MIB, 0x77);
	test_job_fault(&r.c, *(const u32 *)arg, &r.ib, PDDGPU_ERR_UNMAPPED);
	test_check_words(r.d.map, PDD_PAGE / 2, 0);
	test_check_words(next.map, PDD_PAGE, 0);
}

/* The command buffer itself is not there. */
static void ib_unmapped(const void *arg)
{
	struct rig r;
	u64 va;

	rig_init(&r);
	va = r.ib.bo.va;
	pdd_nop(&r.ib, 0);
	r.ib.bo.va = pdd_va(&r.c, PDD_PAGE);
	test_job_fault(&r.c, *(const u32 *)arg, &r.ib, PDDGPU_ERR_UNMAPPED);
	r.ib.bo.va = va;
	pdd_nop(&r.ib, 0);
	CHECK_OK(pdd_run(&r.c, *(const u32 *)arg, &r.ib, NULL, 0));
}

/* The last packet says it is longer than the command buffer. */
static void past_the_end(const void *arg)
{
	struct rig r;

	rig_init(&r);
	pdd_write32(&r.ib, r.d.va, 1);
	r.ib.n--;
	test_job_fault(&r.c, *(const u32 *)arg, &r.ib, PDDGPU_ERR_LENGTH);
	check_untouched(&r);
}

/* --- Random command buffers ------------------------------------------- */

struct random_row {
	u32 engine;
	u32 number;			/* which of them */
	bool plausible;			/* packets that exist, on memory that may */
};

static const u32 plausible_ops[][2] = {
	{ PDDGPU_OP_WRITE, 3 }, { PDDGPU_OP_FILL, PDDGPU_FILL_COUNT },
	{ PDDGPU_OP_COPY, PDDGPU_COPY_COUNT }, { PDDGPU_OP_COPY_RECT, PDDGPU_COPY_RECT_COUNT },
	{ PDDGPU_OP_ATOMIC, PDDGPU_ATOMIC_COUNT }, { PDDGPU_OP_TIMESTAMP, PDDGPU_TIMESTAMP_COUNT },
	{ PDDGPU_OP_TLB_FLUSH, 1 }, { PDDGPU_OP_WRITE_PTE, PDDGPU_WRITE_PTE_COUNT },
	{ PDDGPU_OP_FENCE, PDDGPU_FENCE_COUNT }, { PDDGPU_OP_INDIRECT, PDDGPU_INDIRECT_COUNT },
	{ PDDGPU_OP_SET_VMID, PDDGPU_SET_VMID_COUNT }, { PDDGPU_OP_MAP, PDDGPU_MAP_COUNT },
	{ PDDGPU_OP_SET_ONCHIP, PDDGPU_SET_ONCHIP_COUNT },
	{ PDDGPU_OP_ONCHIP_COPY, PDDGPU_ONCHIP_COPY_COUNT },
	{ PDDGPU_OP_ONCHIP_BARRIER, PDDGPU_ONCHIP_BARRIER_COUNT },
	{ PDDGPU_OP_ONCHIP_APPEND, PDDGPU_ONCHIP_APPEND_COUNT },
	{ PDDGPU_OP_CRC32, PDDGPU_CRC32_COUNT }, { PDDGPU_OP_MANDELBROT, PDDGPU_MANDELBROT_COUNT },
};

/* A payload dword: often a part of an address, or a small number. */
static u32 plausible_dword(struct rig *r, u64 *seed)
{
	u64 value = random_next(seed);

	switch (value >> 60) {
	case 0 ... 4:
		return r->d.va + (value & 0xff8);
	case 5 ... 9:
		return 0;
	case 10 ... 12:
		return value & 0x7c;
	case 13:
		return value & 0xffff;
	default:
		return (u32)value;
	}
}

static void emit_random(struct rig *r, const struct random_row *row, u64 *seed)
{
	const u32 *op = plausible_ops[random_next(seed) % ARRAY_SIZE(plausible_ops)];

	if (!row->plausible) {
		while (r->ib.n < 256)
			pdd_emit(&r->ib, (u32)random_next(seed));
		return;
	}
	pdd_emit(&r->ib, PDDGPU_PKT(op[0], random_next(seed) % 6, op[1]));
	for (u32 i = 0; i < op[1]; i++)
		pdd_emit(&r->ib, plausible_dword(r, seed));
}

/* The attacker's jobs end, one way or another, and soon. */
static void attack(struct rig *r, const struct random_row *row)
{
	u64 seed = test_options.seed * 1000003 + row->number;

	for (u32 job = 0; job < test_count(200); job++) {
		for (int packet = 0; packet < 5; packet++)
			emit_random(r, row, &seed);
		CHECK(pdd_run(&r->c, row->engine, &r->ib, NULL, 0) != -ETIME);
	}
}

/* Another client's memory is as it was, and its jobs work. */
static void random_bytes(const void *arg)
{
	struct pdd_client bystander;
	struct pdd_bo vram, gtt;
	struct rig r;

	test_client(&bystander);
	vram = test_bo(&bystander, MIB, VRAM);
	gtt = test_bo(&bystander, MIB, GTT);
	test_pattern(vram.map, MIB, 3);
	test_pattern(gtt.map, MIB, 4);
	rig_init(&r);
	attack(&r, arg);
	test_check_pattern(vram.map, MIB, 3);
	test_check_pattern(gtt.map, MIB, 4);
	CHECK_EQ(test_gpu_crc(&bystander, &vram), crc32(0, vram.map, MIB));
	CHECK_EQ(test_gpu_crc(&bystander, &gtt), crc32(0, gtt.map, MIB));
	test_check_alive(0);
}

/* --- The rows --------------------------------------------------------- */

static const u32 on_copy = COPY, on_compute = COMPUTE;

#define BAD_ON(engine_, name_, good_, dword_, add_, error_) {		\
	.name = "badinput.packet." name_,				\
	.run = bad_packet,						\
	.arg = &(const struct row){ &good_, engine_, dword_, add_, PDDGPU_ERR_##error_ }, \
}
#define BAD(name_, good_, dword_, add_, error_)				\
	BAD_ON(0, name_, good_, dword_, add_, error_)
#define FLAG(n)		((u32)(n) << 16)
#define PRIVILEGED(name_, good_, flag_)					\
	BAD_ON(COPY, "privileged_" name_ "_copy", good_, HEADER, flag_, PRIVILEGE), \
	BAD_ON(COMPUTE, "privileged_" name_ "_compute", good_, HEADER, flag_, PRIVILEGE)
#define VMID(name_, good_, n)	PRIVILEGED(name_ #n, good_, FLAG(n))
#define FOR_EACH_VMID(name_, good_)					\
	VMID(name_, good_, 1), VMID(name_, good_, 2), VMID(name_, good_, 3), \
	VMID(name_, good_, 4), VMID(name_, good_, 5), VMID(name_, good_, 6), \
	VMID(name_, good_, 7), VMID(name_, good_, 8), VMID(name_, good_, 9), \
	VMID(name_, good_, 10), VMID(name_, good_, 11), VMID(name_, good_, 12), \
	VMID(name_, good_, 13), VMID(name_, good_, 14), VMID(name_, good_, 15)
#define FEWER		(~0u)		/* one payload dword less */

#define BOTH(name_, run_)						\
	{ .name = "badinput." name_ "_copy", .run = run_, .arg = &on_copy }, \
	{ .name = "badinput." name_ "_compute", .run = run_, .arg = &on_compute }

#define RANDOM(kind, plausible_, n)					\
	{ .name = "badinput." kind "_copy_" #n, .run = random_bytes, .timeout = 60, \
	  .arg = &(const struct random_row){ COPY, n, plausible_ } },	\
	{ .name = "badinput." kind "_compute_" #n, .run = random_bytes, .timeout = 60, \
	  .arg = &(const struct random_row){ COMPUTE, n, plausible_ } }

static const struct test tests[] = {
	BAD("opcode_unknown", nop, HEADER, 0xeeu << 24, OPCODE),
	BAD("opcode_after_last", nop, HEADER, 0x11u << 24, OPCODE),
	BAD("map_on_copy_engine", map_on_copy, HEADER, 0, OPCODE),
	BAD("crc32_on_copy_engine", crc_on_copy, HEADER, 0, OPCODE),
	BAD("mandelbrot_on_copy_engine", mandelbrot_on_copy, HEADER, 0, OPCODE),

	PRIVILEGED("fence", fence, 0), PRIVILEGED("fence_irq", fence, FLAG(PDDGPU_FENCE_FLAG_IRQ)),
	PRIVILEGED("tlb_flush", tlb_flush, 0), PRIVILEGED("write_pte", write_pte, 0),
	PRIVILEGED("indirect_kernel", indirect, 0), FOR_EACH_VMID("indirect_", indirect),
	PRIVILEGED("set_onchip", set_onchip, 0), FOR_EACH_VMID("set_onchip_", set_onchip),
	PRIVILEGED("set_vmid_kernel", set_vmid, 0), FOR_EACH_VMID("set_vmid_", set_vmid),

	BAD("nop_too_long", nop, HEADER, 1, LENGTH),
	BAD("fill_short", fill, HEADER, FEWER, LENGTH),
	BAD("copy_short", copy, HEADER, FEWER, LENGTH),
	BAD("copy_rect_short", rect, HEADER, FEWER, LENGTH),
	BAD("wait_short", wait, HEADER, FEWER, LENGTH),
	BAD("atomic_short", atomic, HEADER, FEWER, LENGTH),
	BAD("timestamp_short", stamp, HEADER, FEWER, LENGTH),
	BAD("onchip_copy_short", onchip_copy, HEADER, FEWER, LENGTH),
	BAD("onchip_barrier_short", onchip_barrier, HEADER, FEWER, LENGTH),
	BAD("onchip_append_short", onchip_append, HEADER, FEWER, LENGTH),
	BAD("map_short", map, HEADER, FEWER, LENGTH),
	BAD("crc32_short", crc, HEADER, FEWER, LENGTH),
	BAD("mandelbrot_short", mandelbrot, HEADER, FEWER, LENGTH),
	BAD("write_without_data", write, HEADER, 0xfffffffe, LENGTH),

	BAD("write_flags", write, HEADER, FLAG(1), OPERAND),
	BAD("fill_flags", fill, HEADER, FLAG(0x80), OPERAND),
	BAD("copy_flags", copy, HEADER, FLAG(1), OPERAND),
	BAD("copy_rect_flags", rect, HEADER, FLAG(1), OPERAND),
	BAD("wait_compare_unknown", wait, HEADER, FLAG(4), OPERAND),
	BAD("atomic_unknown", atomic, HEADER, FLAG(8), OPERAND),
	BAD("timestamp_flags", stamp, HEADER, FLAG(1), OPERAND),
	BAD("onchip_copy_flags", onchip_copy, HEADER, FLAG(8), OPERAND),
	BAD("onchip_copy_heap_unknown", onchip_copy, HEADER, FLAG(PDDGPU_NUM_ONCHIP), OPERAND),
	BAD("onchip_barrier_flags", onchip_barrier, HEADER, FLAG(1), OPERAND),
	BAD("onchip_append_flags", onchip_append, HEADER, FLAG(1), OPERAND),
	BAD("map_function_unknown", map, HEADER, FLAG(5), OPERAND),
	BAD("crc32_flags", crc, HEADER, FLAG(1), OPERAND),
	BAD("mandelbrot_flags", mandelbrot, HEADER, FLAG(1), OPERAND),

	BAD("write_misaligned", write, 0, 2, OPERAND),
	BAD("fill_misaligned", fill, 0, 1, OPERAND),
	BAD("fill_odd_size", fill, 2, 2, OPERAND),
	BAD("wait_misaligned", wait, 0, 2, OPERAND),
	BAD("atomic_misaligned", atomic, 0, 4, OPERAND),
	BAD("atomic_old_misaligned", atomic, 6, 4, OPERAND),
	BAD("timestamp_misaligned", stamp, 0, 4, OPERAND),
	BAD("onchip_copy_misaligned", onchip_copy, 2, 2, OPERAND),
	BAD("onchip_copy_offset_misaligned", onchip_copy, 0, 2, OPERAND),
	BAD("onchip_copy_odd_size", onchip_copy, 1, 1, OPERAND),
	BAD("onchip_copy_unlisted", onchip_copy, 1, 4, WINDOW),
	BAD("onchip_copy_unlisted_offset", onchip_copy, 0, 4, WINDOW),
	BAD("onchip_barrier_nobody", onchip_barrier, 1, ~0u, OPERAND),
	BAD("onchip_barrier_unlisted", onchip_barrier, HEADER, 0, WINDOW),
	BAD("onchip_append_unlisted", onchip_append, HEADER, 0, WINDOW),
	BAD("map_a_misaligned", map, 0, 2, OPERAND),
	BAD("map_b_misaligned", map, 2, 2, OPERAND),
	BAD("map_d_misaligned", map, 4, 2, OPERAND),
	BAD("map_no_words", map, 6, (u32)-16, OPERAND),
	BAD("map_too_many_words", map, 7, 2, OPERAND),
	BAD("map_source_it_has_not", hash, 2, 64, OPERAND),
	BAD("crc32_no_bytes", crc, 2, (u32)-64, OPERAND),
	BAD("crc32_too_many_bytes", crc, 3, 0x200, OPERAND),
	BAD("crc32_misaligned", crc, 4, 2, OPERAND),
	BAD("copy_overlaps", copy, 5, 0x7fffffff, OPERAND),
	BAD("copy_rect_source_pitch", rect, 4, (u32)-33, OPERAND),
	BAD("copy_rect_destination_pitch", rect, 5, (u32)-33, OPERAND),
	BAD("mandelbrot_misaligned", mandelbrot, 0, 2, OPERAND),
	BAD("mandelbrot_odd_pitch", mandelbrot, 2, 2, OPERAND),
	BAD("mandelbrot_small_pitch", mandelbrot, 2, (u32)-4, OPERAND),
	BAD("mandelbrot_no_width", mandelbrot, 3, (u32)-16, OPERAND),
	BAD("mandelbrot_no_height", mandelbrot, 4, (u32)-8, OPERAND),
	BAD("mandelbrot_high", mandelbrot, 4, 16384, OPERAND),
	BAD("mandelbrot_no_iterations", mandelbrot, 8, (u32)-5, OPERAND),
	BAD("mandelbrot_many_iterations", mandelbrot, 8, 65536, OPERAND),

	BAD("write_unmapped", write, 1, NO_HI, UNMAPPED),
	BAD("write_beyond_addresses", write, 1, BEYOND_HI, UNMAPPED),
	BAD("fill_unmapped", fill, 1, NO_HI, UNMAPPED),
	BAD("copy_source_unmapped", copy, 1, NO_HI, UNMAPPED),
	BAD("copy_destination_unmapped", copy, 3, NO_HI, UNMAPPED),
	BAD("copy_source_beyond_addresses", copy, 1, BEYOND_HI, UNMAPPED),
	BAD("fill_size_huge", fill, 3, 0x7fffffff, UNMAPPED),
	BAD("copy_rect_source_unmapped", rect, 1, NO_HI, UNMAPPED),
	BAD("copy_rect_destination_unmapped", rect, 3, NO_HI, UNMAPPED),
	BAD("wait_unmapped", wait, 1, NO_HI, UNMAPPED),
	BAD("atomic_unmapped", atomic, 1, NO_HI, UNMAPPED),
	BAD("timestamp_unmapped", stamp, 1, NO_HI, UNMAPPED),
	BAD("map_a_unmapped", map, 1, NO_HI, UNMAPPED),
	BAD("map_b_unmapped", map, 3, NO_HI, UNMAPPED),
	BAD("map_d_unmapped", map, 5, NO_HI, UNMAPPED),
	BAD("crc32_source_unmapped", crc, 1, NO_HI, UNMAPPED),
	BAD("crc32_destination_unmapped", crc, 5, NO_HI, UNMAPPED),
	BAD("mandelbrot_unmapped", mandelbrot, 1, NO_HI, UNMAPPED),

	BOTH("packet.stops_at_the_error", stops_at_the_error),
	BOTH("packet.runs_off_the_mapping", runs_off_the_mapping),
	BOTH("packet.past_the_end", past_the_end),
	BOTH("ib_unmapped", ib_unmapped),

	RANDOM("random_bytes", false, 1), RANDOM("random_bytes", false, 2),
	RANDOM("random_bytes", false, 3), RANDOM("random_bytes", false, 4),
	RANDOM("random_packets", true, 1), RANDOM("random_packets", true, 2),
	RANDOM("random_packets", true, 3), RANDOM("random_packets", true, 4),
};

TEST_GROUP(badpacket_tests, tests);
