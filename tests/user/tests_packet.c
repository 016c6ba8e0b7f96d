// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Each packet does what the hardware manual says, on each engine that has it. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#define COPY		DRM_PDDGPU_ENGINE_COPY
#define COMPUTE		DRM_PDDGPU_ENGINE_COMPUTE

/* Two buffers, one in each domain, and a command buffer. */
struct rig {
	struct pdd_client c;
	struct pdd_bo vram;
	struct pdd_bo gtt;
	struct pdd_ib ib;
};

static void rig_init(struct rig *r, u64 size)
{
	test_client(&r->c);
	r->vram = test_bo(&r->c, size, VRAM);
	r->gtt = test_bo(&r->c, size, GTT);
	r->ib = test_ib(&r->c, 1024);
}

static void rig_run(struct rig *r, u32 engine)
{
	const struct drm_pddgpu_cs_bo list[] = {
		{ r->vram.handle, DRM_PDDGPU_CS_BO_WRITE },
		{ r->gtt.handle, DRM_PDDGPU_CS_BO_WRITE },
	};

	CHECK_OK(pdd_run(&r->c, engine, &r->ib, list, 2));
}

static void nop(const void *arg)
{
	struct rig r;

	rig_init(&r, PDD_PAGE);
	pdd_emit(&r.ib, 0);
	pdd_nop(&r.ib, 500);
	pdd_write32(&r.ib, r.gtt.va, 1);
	rig_run(&r, *(const u32 *)arg);
	CHECK_EQ(*(u32 *)r.gtt.map, 1);
}

static void write(const void *arg)
{
	u32 values[300];
	struct rig r;

	rig_init(&r, MIB);
	test_pattern(values, sizeof(values), 1);
	pdd_write(&r.ib, r.vram.va + 8, values, 300);
	pdd_write(&r.ib, r.gtt.va + PDD_PAGE - 8, values, 300);
	rig_run(&r, *(const u32 *)arg);
	CHECK_EQ(((u32 *)r.vram.map)[1], 0);
	CHECK(!memcmp(r.vram.map + 8, values, sizeof(values)));
	CHECK_EQ(((u32 *)r.vram.map)[302], 0);
	CHECK(!memcmp(r.gtt.map + PDD_PAGE - 8, values, sizeof(values)));
	CHECK_EQ(((u32 *)r.gtt.map)[1024 - 3], 0);
	CHECK_EQ(((u32 *)r.gtt.map)[1024 - 2 + 300], 0);
}

static void fill(const void *arg)
{
	struct rig r;

	rig_init(&r, 4 * MIB);
	pdd_fill(&r.ib, r.vram.va + 4, 3 * MIB + 8, 0xabcd0123);
	pdd_fill(&r.ib, r.gtt.va + PDD_PAGE - 4, 8, 0x55);
	rig_run(&r, *(const u32 *)arg);
	CHECK_EQ(*(u32 *)r.vram.map, 0);
	test_check_words(r.vram.map + 4, 3 * MIB + 8, 0xabcd0123);
	test_check_words(r.vram.map + 3 * MIB + 12, MIB - 12, 0);
	CHECK_EQ(((u32 *)r.gtt.map)[1022], 0);
	test_check_words(r.gtt.map + PDD_PAGE - 4, 8, 0x55);
	CHECK_EQ(((u32 *)r.gtt.map)[1025], 0);
}

/* COPY takes any alignment of either end, and any length. */
static void copy(const void *arg)
{
	static const struct { u64 src, dst, bytes; } rows[] = {
		{ 0, 0, 4 * MIB - 16 }, { 1, 6, 1 }, { 3, 4093, 4099 }, { 4095, 1, 2 },
		{ 2 * MIB - 5, 7, 11 }, { 13, 2 * MIB - 1, MIB + 1 },
	};
	struct rig r;
	u8 *before;

	rig_init(&r, 4 * MIB);
	before = malloc(4 * MIB);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		test_pattern(r.vram.map, r.vram.size, i);
		test_pattern(before, 4 * MIB, i);
		test_pattern(r.gtt.map, r.gtt.size, ~i);
		pdd_copy(&r.ib, r.vram.va + rows[i].src, r.gtt.va + rows[i].dst, rows[i].bytes);
		rig_run(&r, *(const u32 *)arg);
		CHECK(!memcmp(r.gtt.map + rows[i].dst, before + rows[i].src, rows[i].bytes));
		test_pattern(before, 4 * MIB, ~i);
		CHECK(!memcmp(r.gtt.map, before, rows[i].dst));
		CHECK(!memcmp(r.gtt.map + rows[i].dst + rows[i].bytes,
			      before + rows[i].dst + rows[i].bytes,
			      4 * MIB - rows[i].dst - rows[i].bytes));
	}
}

static void copy_rect(const void *arg)
{
	struct pdd_rect rect = { .src_pitch = 1000, .dst_pitch = 700, .row_bytes = 333, .rows = 50 };
	struct rig r;

	rig_init(&r, MIB);
	test_pattern(r.vram.map, MIB, 1);
	rect.src = r.vram.va + 17;
	rect.dst = r.gtt.va + 29;
	pdd_copy_rect(&r.ib, &rect);
	rig_run(&r, *(const u32 *)arg);
	test_check_words(r.gtt.map, 28, 0);
	for (u32 row = 0; row < rect.rows; row++) {
		u8 *dst = r.gtt.map + 29 + row * rect.dst_pitch;

		CHECK(!memcmp(dst, r.vram.map + 17 + row * rect.src_pitch, rect.row_bytes));
		for (u32 i = rect.row_bytes; i < rect.dst_pitch; i++)
			CHECK_EQ(dst[i], 0);
	}
}

static void atomic(const void *arg)
{
	static const struct { u32 op; u64 start, operand, compare, end; } rows[] = {
		{ PDDGPU_ATOMIC_ADD, 0xffffffffULL, 2, 0, 0x100000001ULL },
		{ PDDGPU_ATOMIC_ADD, ~0ULL, 1, 0, 0 },
		{ PDDGPU_ATOMIC_AND, 0xff00ff00ff00ff00ULL, 0x0ff00ff00ff00ff0ULL, 0,
		  0x0f000f000f000f00ULL },
		{ PDDGPU_ATOMIC_OR, 0xf0ULL << 32, 0x0f, 0, 0xf00000000fULL },
		{ PDDGPU_ATOMIC_XOR, 0xffff, 0xff00ff, 0, 0xffff00 },
		{ PDDGPU_ATOMIC_XCHG, 1, 0x123456789abcdefULL, 0, 0x123456789abcdefULL },
		{ PDDGPU_ATOMIC_CMPXCHG, 5, 9, 5, 9 },
		{ PDDGPU_ATOMIC_CMPXCHG, 5, 9, 6, 5 },
		{ PDDGPU_ATOMIC_UMIN, 1ULL << 63, 7, 0, 7 },
		{ PDDGPU_ATOMIC_UMAX, 1ULL << 63, 7, 0, 1ULL << 63 },
	};
	u64 *vram, *gtt;
	struct rig r;

	rig_init(&r, PDD_PAGE);
	vram = r.vram.map;
	gtt = r.gtt.map;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		vram[i] = rows[i].start;
		pdd_atomic(&r.ib, rows[i].op, r.vram.va + 8 * i, rows[i].operand, rows[i].compare,
			   r.gtt.va + 8 * i);
	}
	rig_run(&r, *(const u32 *)arg);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CHECK_EQ(vram[i], rows[i].end);
		CHECK_EQ(gtt[i], rows[i].start);
	}
	CHECK_EQ(gtt[ARRAY_SIZE(rows)], 0);
}

/* Both engines add to one word; nothing is lost. */
static void atomic_is_atomic(const void *arg)
{
	struct pdd_ib ibs[2];
	struct rig r;
	u32 outs[2];

	(void)arg;
	rig_init(&r, PDD_PAGE);
	for (u32 e = 0; e < 2; e++) {
		ibs[e] = test_ib(&r.c, 90000);
		for (int i = 0; i < 10000; i++)
			pdd_atomic(&ibs[e], PDDGPU_ATOMIC_ADD, r.gtt.va, 1, 0, 0);
	}
	for (u32 e = 0; e < 2; e++)
		CHECK_OK(pdd_submit_out(&r.c, e, &ibs[e], NULL, 0, &outs[e]));
	for (u32 e = 0; e < 2; e++)
		CHECK_OK(pdd_finish(&r.c.dev, outs[e]));
	CHECK_EQ(*(u64 *)r.gtt.map, 20000);
}

/* WAITs that are satisfied already, one for each comparison and its edge. */
static void wait(const void *arg)
{
	struct rig r;

	rig_init(&r, PDD_PAGE);
	*(u32 *)r.gtt.map = 0x80000010;
	pdd_wait(&r.ib, PDDGPU_WAIT_EQ, r.gtt.va, 0x80000010, ~0u);
	pdd_wait(&r.ib, PDDGPU_WAIT_EQ, r.gtt.va, 0xffff, 0);
	pdd_wait(&r.ib, PDDGPU_WAIT_NE, r.gtt.va, 0x80000011, ~0u);
	pdd_wait(&r.ib, PDDGPU_WAIT_GE, r.gtt.va, 0x80000010, ~0u);
	pdd_wait(&r.ib, PDDGPU_WAIT_GE, r.gtt.va, 0x7fffffff, ~0u);
	pdd_wait(&r.ib, PDDGPU_WAIT_LT, r.gtt.va, 0x80000011, ~0u);
	pdd_write32(&r.ib, r.gtt.va + 4, 1);
	rig_run(&r, *(const u32 *)arg);
	CHECK_EQ(((u32 *)r.gtt.map)[1], 1);
}

static void timestamp(const void *arg)
{
	u64 *times, start, elapsed;
	struct rig r;

	rig_init(&r, PDD_PAGE);
	pdd_timestamp(&r.ib, r.gtt.va);
	rig_run(&r, *(const u32 *)arg);
	start = now_ns();
	sleep_ms(50);
	pdd_timestamp(&r.ib, r.gtt.va + 8);
	rig_run(&r, *(const u32 *)arg);
	elapsed = now_ns() - start;
	times = r.gtt.map;
	CHECK(times[0] && times[1] > times[0]);
	/* The clocks of an emulated machine agree only roughly. */
	CHECK(times[1] - times[0] >= 25000000);
	CHECK(times[1] - times[0] <= 4 * elapsed + 200000000);
}

static u32 map_one(u32 function, u32 a, u32 b, u32 scalar, u32 index)
{
	switch (function) {
	case PDDGPU_MAP_ADD:
		return a + b;
	case PDDGPU_MAP_XOR:
		return a ^ b;
	case PDDGPU_MAP_MULADD:
		return a * scalar + b;
	case PDDGPU_MAP_HASH:
		return pddgpu_hash32(a ^ scalar);
	default:
		return pddgpu_hash32(scalar + index);
	}
}

struct map_row {
	u32 function;
	bool has_a;
	bool has_b;
};

static void map(const void *arg)
{
	const struct map_row *row = arg;
	const u32 words = 70001, scalar = 0x9e3779b1;
	struct pdd_map op = { .words = words, .scalar = scalar };
	u32 *a, *b, *out;
	struct rig r;

	rig_init(&r, MIB);
	test_pattern(r.vram.map, MIB, row->function);
	a = r.vram.map + 4;
	b = r.vram.map + MIB / 2;
	out = r.gtt.map + 8;
	op.a = row->has_a ? r.vram.va + 4 : 0;
	op.b = row->has_b ? r.vram.va + MIB / 2 : 0;
	op.dst = r.gtt.va + 8;
	pdd_map(&r.ib, row->function, &op);
	rig_run(&r, COMPUTE);
	for (u32 i = 0; i < words; i++)
		CHECK_EQ(out[i], map_one(row->function, a[i], b[i], scalar, i));
	CHECK_EQ(out[words], 0);
	CHECK_EQ(out[-1], 0);
}

static void crc(const void *arg)
{
	static const struct { u64 at, bytes; } rows[] = {
		{ 0, 1 }, { 0, 4 * MIB }, { 4, 4095 }, { 2 * MIB - 4, 9 }, { 4096, 65537 },
	};
	struct rig r;

	(void)arg;
	rig_init(&r, 4 * MIB);
	test_pattern(r.vram.map, r.vram.size, 1);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		pdd_crc32(&r.ib, r.vram.va + rows[i].at, rows[i].bytes, r.gtt.va + 4 * i);
	rig_run(&r, COMPUTE);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		CHECK_EQ(((u32 *)r.gtt.map)[i],
			 crc32(0, r.vram.map + rows[i].at, rows[i].bytes));
}

/* The pixel at a point of the plane, as the hardware manual defines it. */
static u32 mandelbrot_pixel(s64 re, s64 im, u32 iterations)
{
	const s64 two = 2LL << 28, four = 4LL << 56;
	s64 x = 0, y = 0;
	u32 n = 0;

	while (n < iterations && x >= -two && x <= two && y >= -two && y <= two &&
	       x * x + y * y <= four) {
		s64 next = ((x * x - y * y) >> 28) + re;

		y = ((2 * x * y) >> 28) + im;
		x = next;
		n++;
	}
	return n == iterations ? 0 : (5 * n & 0xff) << 16 | (3 * n & 0xff) << 8 | (9 * n & 0xff);
}

static void mandelbrot(const void *arg)
{
	struct pdd_mandelbrot m = {
		.pitch = 65 * 4 + 12,
		.width = 64,
		.height = 65,
		.left = -2u << 28,
		.top = -2u << 28,
		.step = (1u << 28) / 16 + 12345,
		.iterations = 100,
	};
	struct rig r;

	(void)arg;
	rig_init(&r, MIB);
	m.dst = r.vram.va;
	pdd_mandelbrot(&r.ib, &m);
	rig_run(&r, COMPUTE);
	for (u32 y = 0; y < m.height; y++) {
		u32 *row = r.vram.map + y * m.pitch;

		for (u32 x = 0; x < m.width; x++)
			CHECK_EQ(row[x], mandelbrot_pixel((int)(m.left + x * m.step),
							  (int)(m.top + y * m.step),
							  m.iterations));
		test_check_words(row + m.width, m.pitch - m.width * 4, 0);
	}
}

static const u32 on_copy = COPY, on_compute = COMPUTE;
static const struct map_row map_add = { PDDGPU_MAP_ADD, true, true };
static const struct map_row map_xor = { PDDGPU_MAP_XOR, true, true };
static const struct map_row map_muladd = { PDDGPU_MAP_MULADD, true, true };
static const struct map_row map_hash = { PDDGPU_MAP_HASH, true, false };
static const struct map_row map_iota = { PDDGPU_MAP_IOTA, false, false };

static const struct test tests[] = {
	{ .name = "cs.packet.nop_copy", .run = nop, .arg = &on_copy },
	{ .name = "cs.packet.nop_compute", .run = nop, .arg = &on_compute },
	{ .name = "cs.packet.write_copy", .run = write, .arg = &on_copy },
	{ .name = "cs.packet.write_compute", .run = write, .arg = &on_compute },
	{ .name = "cs.packet.fill_copy", .run = fill, .arg = &on_copy },
	{ .name = "cs.packet.fill_compute", .run = fill, .arg = &on_compute },
	{ .name = "cs.packet.copy_copy", .run = copy, .arg = &on_copy },
	{ .name = "cs.packet.copy_compute", .run = copy, .arg = &on_compute },
	{ .name = "cs.packet.copy_rect_copy", .run = copy_rect, .arg = &on_copy },
	{ .name = "cs.packet.copy_rect_compute", .run = copy_rect, .arg = &on_compute },
	{ .name = "cs.packet.atomic_copy", .run = atomic, .arg = &on_copy },
	{ .name = "cs.packet.atomic_compute", .run = atomic, .arg = &on_compute },
	{ .name = "cs.packet.atomic_is_atomic", .run = atomic_is_atomic },
	{ .name = "cs.packet.wait_copy", .run = wait, .arg = &on_copy },
	{ .name = "cs.packet.wait_compute", .run = wait, .arg = &on_compute },
	{ .name = "cs.packet.timestamp_copy", .run = timestamp, .arg = &on_copy },
	{ .name = "cs.packet.timestamp_compute", .run = timestamp, .arg = &on_compute },
	{ .name = "cs.packet.map_add", .run = map, .arg = &map_add },
	{ .name = "cs.packet.map_xor", .run = map, .arg = &map_xor },
	{ .name = "cs.packet.map_muladd", .run = map, .arg = &map_muladd },
	{ .name = "cs.packet.map_hash", .run = map, .arg = &map_hash },
	{ .name = "cs.packet.map_iota", .run = map, .arg = &map_iota },
	{ .name = "cs.packet.crc32", .run = crc },
	{ .name = "cs.packet.mandelbrot", .run = mandelbrot },
};

TEST_GROUP(packet_tests, tests);
