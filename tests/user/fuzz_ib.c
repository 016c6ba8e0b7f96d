// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Command buffers of pddgpu-fuzz: right, nearly right, and noise. */
#include "fuzz.h"

#include <string.h>

#define MAX_PACKETS	10

/* A command buffer being written */
struct stream {
	struct fuzz *f;
	const struct fuzz_vm *vm;
	u32 *dw;
	u32 n;
	u32 room;
	bool hangs;
};

u64 fuzz_address(struct fuzz *f, const struct fuzz_vm *vm, u64 *room)
{
	u32 i = fuzz_below(f, FUZZ_BINDS);
	u64 range = vm ? vm->ranges[i] : 0, at;

	*room = PDD_PAGE;
	if (!range || fuzz_chance(f, 20))
		return fuzz_chance(f, 4) ? fuzz_odd(f) : FUZZ_IB_VA + 4 * fuzz_below(f, 3000);
	switch (fuzz_below(f, 6)) {
	case 0: at = 0; break;
	case 1: at = range - 8 * (1 + fuzz_below(f, 8)); break;
	case 2: at = PDD_PAGE * fuzz_below(f, range / PDD_PAGE + 1) - 8 * fuzz_below(f, 2); break;
	default: at = fuzz_below(f, range) & ~7ULL;
	}
	*room = at < range ? range - at : 0;
	return vm->binds[i] + at + (fuzz_chance(f, 40) ? 1 + fuzz_below(f, 7) : 0);
}

static void emit(struct stream *s, u32 dword)
{
	if (s->n < s->room)
		s->dw[s->n++] = dword;
}

static void emit64(struct stream *s, u64 value)
{
	emit(s, (u32)value);
	emit(s, value >> 32);
}

static void emit_address(struct stream *s, u64 *room)
{
	u64 unused;

	emit64(s, fuzz_address(s->f, s->vm, room ? room : &unused));
}

/* Mostly little, sometimes all the room there is, sometimes more. */
static u64 random_bytes(struct fuzz *f, u64 room)
{
	switch (fuzz_below(f, 16)) {
	case 0: return room;
	case 1: return room + 4;
	case 2: return fuzz_odd(f);
	case 3: return room / 2 & ~3ULL;
	default: return 4 * (1 + fuzz_below(f, room / 8 < 2048 ? room / 8 + 1 : 2048));
	}
}

static void header(struct stream *s, u32 op, u32 flags, u32 count)
{
	emit(s, PDDGPU_PKT(op, flags, count));
}

static void put_nop(struct stream *s)
{
	u32 count = (u32)fuzz_below(s->f, 8);

	header(s, PDDGPU_OP_NOP, 0, count);
	while (count--)
		emit(s, (u32)fuzz_u64(s->f));
}

static void put_write(struct stream *s)
{
	u32 count = 1 + (u32)fuzz_below(s->f, 8);

	header(s, PDDGPU_OP_WRITE, 0, 2 + count);
	emit_address(s, NULL);
	while (count--)
		emit(s, (u32)fuzz_u64(s->f));
}

static void put_fill(struct stream *s)
{
	u64 room;

	header(s, PDDGPU_OP_FILL, 0, PDDGPU_FILL_COUNT);
	emit_address(s, &room);
	emit64(s, random_bytes(s->f, room));
	emit(s, (u32)fuzz_u64(s->f));
}

static void put_copy(struct stream *s)
{
	u64 a, b;

	header(s, PDDGPU_OP_COPY, 0, PDDGPU_COPY_COUNT);
	emit_address(s, &a);
	emit_address(s, &b);
	emit64(s, random_bytes(s->f, a < b ? a : b));
}

static void put_copy_rect(struct stream *s)
{
	u32 row = 4 * (1 + (u32)fuzz_below(s->f, 64));

	header(s, PDDGPU_OP_COPY_RECT, 0, PDDGPU_COPY_RECT_COUNT);
	emit_address(s, NULL);
	emit_address(s, NULL);
	emit(s, row + 4 * (u32)fuzz_below(s->f, 64));
	emit(s, row + 4 * (u32)fuzz_below(s->f, 64));
	emit(s, row);
	emit(s, 1 + (u32)fuzz_below(s->f, 64));
}

/* True at once whatever is there, or by intent never. */
static void put_wait(struct stream *s)
{
	const u32 hangs = fuzz_options.hangs;
	bool never = hangs && fuzz_chance(s->f, hangs);

	header(s, PDDGPU_OP_WAIT, never ? PDDGPU_WAIT_NE :
	       fuzz_chance(s->f, 2) ? PDDGPU_WAIT_EQ : PDDGPU_WAIT_GE, PDDGPU_WAIT_COUNT);
	emit_address(s, NULL);
	emit(s, 0);
	emit(s, 0);
	s->hangs |= never;
}

static void put_atomic(struct stream *s)
{
	u32 op = (u32)fuzz_below(s->f, 8);

	header(s, PDDGPU_OP_ATOMIC, op, PDDGPU_ATOMIC_COUNT);
	emit_address(s, NULL);
	emit64(s, fuzz_u64(s->f));
	emit64(s, op == PDDGPU_ATOMIC_CMPXCHG ? fuzz_u64(s->f) : 0);
	if (fuzz_chance(s->f, 2))
		emit_address(s, NULL);
	else
		emit64(s, 0);
}

static void put_timestamp(struct stream *s)
{
	header(s, PDDGPU_OP_TIMESTAMP, 0, PDDGPU_TIMESTAMP_COUNT);
	emit_address(s, NULL);
}

/* What jobs list of a heap is mostly a few pages, if anything. */
static u32 random_onchip(struct fuzz *f)
{
	return fuzz_chance(f, 20) ? (u32)fuzz_odd(f) : 4 * (u32)fuzz_below(f, 3 * PDD_PAGE / 4);
}

static void put_onchip_copy(struct stream *s)
{
	header(s, PDDGPU_OP_ONCHIP_COPY, (u32)fuzz_below(s->f, 8), PDDGPU_ONCHIP_COPY_COUNT);
	emit(s, random_onchip(s->f));
	emit(s, random_onchip(s->f));
	emit_address(s, NULL);
}

/* With more participants, or another turn, they would wait for ever. */
static void put_onchip_barrier(struct stream *s)
{
	header(s, PDDGPU_OP_ONCHIP_BARRIER, 0, PDDGPU_ONCHIP_BARRIER_COUNT);
	emit(s, (u32)fuzz_below(s->f, 3));
	emit(s, 1);
}

static void put_map(struct stream *s)
{
	u32 function = (u32)fuzz_below(s->f, 5);
	u64 room;

	header(s, PDDGPU_OP_MAP, function, PDDGPU_MAP_COUNT);
	if (function == PDDGPU_MAP_IOTA)
		emit64(s, 0);
	else
		emit_address(s, NULL);
	if (function < PDDGPU_MAP_HASH)
		emit_address(s, NULL);
	else
		emit64(s, 0);
	emit_address(s, &room);
	emit64(s, random_bytes(s->f, room) / 4);
	emit(s, (u32)fuzz_u64(s->f));
}

static void put_crc32(struct stream *s)
{
	u64 room;

	header(s, PDDGPU_OP_CRC32, 0, PDDGPU_CRC32_COUNT);
	emit_address(s, &room);
	emit64(s, random_bytes(s->f, room));
	emit_address(s, NULL);
}

static void put_mandelbrot(struct stream *s)
{
	u32 width = 1 + (u32)fuzz_below(s->f, 64);

	header(s, PDDGPU_OP_MANDELBROT, 0, PDDGPU_MANDELBROT_COUNT);
	emit_address(s, NULL);
	emit(s, width * 4 + 4 * (u32)fuzz_below(s->f, 8));
	emit(s, width);
	emit(s, 1 + (u32)fuzz_below(s->f, 32));
	for (int i = 0; i < 3; i++)
		emit(s, (u32)fuzz_u64(s->f));
	emit(s, 1 + (u32)fuzz_below(s->f, 32));
}

static const struct {
	void (*put)(struct stream *s);
	u32 weight;
} packets[] = {
	{ put_nop, 2 }, { put_write, 6 }, { put_fill, 6 }, { put_copy, 6 }, { put_copy_rect, 3 },
	{ put_wait, 4 }, { put_atomic, 3 }, { put_timestamp, 1 }, { put_map, 3 },
	{ put_onchip_copy, 4 }, { put_onchip_barrier, 2 },
	{ put_crc32, 3 }, { put_mandelbrot, 1 },
};

static void put_valid(struct stream *s)
{
	u32 total = 0, at;

	for (size_t i = 0; i < ARRAY_SIZE(packets); i++)
		total += packets[i].weight;
	at = (u32)fuzz_below(s->f, total);
	for (size_t i = 0; i < ARRAY_SIZE(packets); i++) {
		if (at < packets[i].weight) {
			packets[i].put(s);
			return;
		}
		at -= packets[i].weight;
	}
}

/*
 * A packet that exists, the kernel's own included, with anything in it.  Not WAIT,
 * which would hang too often, nor MANDELBROT, which takes its time.
 */
static void put_random_operands(struct stream *s)
{
	static const struct { u8 op, count; } known[] = {
		{ PDDGPU_OP_FILL, PDDGPU_FILL_COUNT }, { PDDGPU_OP_COPY, PDDGPU_COPY_COUNT },
		{ PDDGPU_OP_COPY_RECT, PDDGPU_COPY_RECT_COUNT },
		{ PDDGPU_OP_FENCE, PDDGPU_FENCE_COUNT }, { PDDGPU_OP_ATOMIC, PDDGPU_ATOMIC_COUNT },
		{ PDDGPU_OP_TLB_FLUSH, PDDGPU_TLB_FLUSH_COUNT },
		{ PDDGPU_OP_INDIRECT, PDDGPU_INDIRECT_COUNT },
		{ PDDGPU_OP_SET_VMID, PDDGPU_SET_VMID_COUNT },
		{ PDDGPU_OP_SET_ONCHIP, PDDGPU_SET_ONCHIP_COUNT },
		{ PDDGPU_OP_ONCHIP_COPY, PDDGPU_ONCHIP_COPY_COUNT },
		{ PDDGPU_OP_WRITE_PTE, PDDGPU_WRITE_PTE_COUNT },
		{ PDDGPU_OP_TIMESTAMP, PDDGPU_TIMESTAMP_COUNT },
		{ PDDGPU_OP_MAP, PDDGPU_MAP_COUNT }, { PDDGPU_OP_CRC32, PDDGPU_CRC32_COUNT },
	};
	u32 i = (u32)fuzz_below(s->f, ARRAY_SIZE(known));
	u32 count = known[i].count + (fuzz_chance(s->f, 8) ? fuzz_chance(s->f, 2) ? 1 : -1 : 0);

	header(s, known[i].op, fuzz_chance(s->f, 4) ? (u32)fuzz_odd(s->f) & 0xff : 0, count);
	while (count-- && s->n < s->room)
		emit(s, (u32)fuzz_odd(s->f));
}

static void put_noise(struct stream *s)
{
	u32 dword = (u32)fuzz_u64(s->f);

	emit(s, dword >> 24 == PDDGPU_OP_WAIT || dword >> 24 == PDDGPU_OP_MANDELBROT ?
	     ~dword : dword);
}

u32 fuzz_ib_fill(struct fuzz *f, const struct fuzz_vm *vm, u32 *dw, u32 room, bool *hangs)
{
	struct stream s = { .f = f, .vm = vm, .dw = dw, .room = room };
	u32 packets_left = 1 + (u32)fuzz_below(f, MAX_PACKETS);

	if (fuzz_chance(f, 20))
		packets_left = room;
	while (packets_left-- && s.n < room) {
		u64 kind = fuzz_below(f, 40);

		if (!kind)
			put_noise(&s);
		else if (kind < 3)
			put_random_operands(&s);
		else
			put_valid(&s);
	}
	*hangs = s.hangs;
	return s.n;
}
