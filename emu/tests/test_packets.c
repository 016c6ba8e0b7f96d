// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What each packet does, and each operand that it refuses. */
#include <stdlib.h>
#include <string.h>

#include "rig.h"

#define A	RIG_DATA
#define B	(RIG_DATA + 2 * MIB)
#define C	(RIG_DATA + 4 * MIB)

static uint32_t *vram32(struct rig *rig, uint64_t at)
{
	return (uint32_t *)(rig->card->vram + at);
}

static uint64_t *vram64(struct rig *rig, uint64_t at)
{
	return (uint64_t *)(rig->card->vram + at);
}

/* Bytes that differ from one another for a long way. */
static void pattern(struct rig *rig, uint64_t at, size_t size)
{
	for (size_t i = 0; i < size; i++)
		rig->card->vram[at + i] = (uint8_t)(i * 7 + i / 251);
}

/* Runs a packet that must be refused: the engine halts, nothing is stored. */
static void expect_halt(struct rig *rig, unsigned int e, int err, const uint32_t *words,
			size_t count)
{
	assert_int_equal(rig_run(rig, e, words, count), -err);
	assert_int_equal(FIELD_GET(PDDGPU_FAULT_ERROR, rig_take_fault(rig).info), err);
	rig_reset_engine(rig, e);
}

#define REFUSED(e, err, ...)	expect_halt(rig, e, PDDGPU_ERR_##err, WORDS(__VA_ARGS__))
#define RUN(e, ...)		assert_int_equal(rig_run(rig, e, WORDS(__VA_ARGS__)), 0)

static void nop(void **state)
{
	struct rig *rig = *state;

	RUN(COPY, 0, 0, PDDGPU_PKT(PDDGPU_OP_NOP, 0, 3), ~0U, ~0U, ~0U, 0);
	REFUSED(COPY, OPERAND, PDDGPU_PKT(PDDGPU_OP_NOP, 1, 0));
}

static void write_words(void **state)
{
	struct rig *rig = *state;

	RUN(COPY, PDDGPU_PKT(PDDGPU_OP_WRITE, 0, 5), LOHI(A + 4), 1, 2, 3);
	assert_int_equal(vram32(rig, A)[0], 0);
	assert_int_equal(vram32(rig, A)[1], 1);
	assert_int_equal(vram32(rig, A)[3], 3);
	assert_int_equal(vram32(rig, A)[4], 0);
	assert_int_equal(rig_stat(rig, COPY, PDDGPU_STAT_BYTES_WRITTEN), 12);
	REFUSED(COPY, OPERAND, PDDGPU_PKT(PDDGPU_OP_WRITE, 0, 3), LOHI(A + 2), 1);
	REFUSED(COPY, OPERAND, PDDGPU_PKT(PDDGPU_OP_WRITE, 4, 3), LOHI(A), 1);
	REFUSED(COPY, LENGTH, PDDGPU_PKT(PDDGPU_OP_WRITE, 0, 2), LOHI(A));
	REFUSED(COPY, UNMAPPED, PDDGPU_PKT(PDDGPU_OP_WRITE, 0, 3), LOHI(RIG_VRAM), 1);
	REFUSED(COPY, UNMAPPED, PDDGPU_PKT(PDDGPU_OP_WRITE, 0, 4), LOHI(-4ULL), 1, 2);
}

static void fill(void **state)
{
	struct rig *rig = *state;

	RUN(COPY, PDDGPU_PKT(PDDGPU_OP_FILL, 0, 5), LOHI(A + 4), LOHI(MIB), 0xabcd1234);
	assert_int_equal(vram32(rig, A)[0], 0);
	for (size_t i = 1; i <= MIB / 4; i++)
		assert_int_equal(vram32(rig, A)[i], 0xabcd1234);
	assert_int_equal(vram32(rig, A)[1 + MIB / 4], 0);
	assert_int_equal(rig_stat(rig, COPY, PDDGPU_STAT_BYTES_WRITTEN), MIB);
	RUN(COPY, PDDGPU_PKT(PDDGPU_OP_FILL, 0, 5), LOHI(A), LOHI(0), 1);
	REFUSED(COPY, OPERAND, PDDGPU_PKT(PDDGPU_OP_FILL, 0, 5), LOHI(A + 1), LOHI(4), 1);
	REFUSED(COPY, OPERAND, PDDGPU_PKT(PDDGPU_OP_FILL, 0, 5), LOHI(A), LOHI(6), 1);
	REFUSED(COPY, LENGTH, PDDGPU_PKT(PDDGPU_OP_FILL, 0, 4), LOHI(A), LOHI(4));
	REFUSED(COPY, UNMAPPED, PDDGPU_PKT(PDDGPU_OP_FILL, 0, 5), LOHI(A), LOHI(-8ULL), 1);
	assert_int_equal(vram32(rig, A)[0], 0);
}

static void copy(void **state)
{
	struct rig *rig = *state;

	pattern(rig, A, MIB + 100);
	RUN(COPY, PDDGPU_PKT(PDDGPU_OP_COPY, 0, 6), LOHI(A + 3), LOHI(B + 5), LOHI(MIB + 1));
	assert_memory_equal(rig->card->vram + B + 5, rig->card->vram + A + 3, MIB + 1);
	assert_int_equal(rig->card->vram[B + 4], 0);
	assert_int_equal(rig->card->vram[B + 5 + MIB + 1], 0);
	assert_int_equal(rig_stat(rig, COPY, PDDGPU_STAT_BYTES_READ), MIB + 1);
	assert_int_equal(rig_stat(rig, COPY, PDDGPU_STAT_BYTES_WRITTEN), MIB + 1);
	RUN(COPY, PDDGPU_PKT(PDDGPU_OP_COPY, 0, 6), LOHI(A), LOHI(A), LOHI(0));
	REFUSED(COPY, OPERAND, PDDGPU_PKT(PDDGPU_OP_COPY, 0, 6), LOHI(A), LOHI(A), LOHI(1));
	REFUSED(COPY, OPERAND, PDDGPU_PKT(PDDGPU_OP_COPY, 0, 6), LOHI(A), LOHI(A + 9), LOHI(10));
	REFUSED(COPY, OPERAND, PDDGPU_PKT(PDDGPU_OP_COPY, 0, 6), LOHI(A + 9), LOHI(A), LOHI(10));
	RUN(COPY, PDDGPU_PKT(PDDGPU_OP_COPY, 0, 6), LOHI(A), LOHI(A + 10), LOHI(10));
	REFUSED(COPY, UNMAPPED, PDDGPU_PKT(PDDGPU_OP_COPY, 0, 6), LOHI(A), LOHI(~0ULL), LOHI(2));
	REFUSED(COPY, LENGTH, PDDGPU_PKT(PDDGPU_OP_COPY, 0, 7), LOHI(A), LOHI(B), LOHI(2), 0);
}

/* Scattered small pages, so that runs of source and target end at odd places. */
static void copy_between_scattered_pages(void **state)
{
	struct rig *rig = *state;
	uint8_t *expect = malloc(64 * 0x1000);
	const uint64_t from = 0x10000000, to = 0x20000000;

	assert_non_null(expect);
	rig_map_ib(rig, 1);
	for (uint64_t i = 0; i < 64; i++) {
		uint64_t page = A + (i * 37 % 64) * 0x1000;

		rig_map(rig, 1, from + i * 0x1000, 0, page | PTE_RW);
		rig_map(rig, 1, to + i * 0x1000, 0,
			(RIG_GUEST_BUS + (63 - i) * 0x1000) | PTE_RW | PDDGPU_PTE_SYSTEM);
	}
	pattern(rig, A, 64 * 0x1000);
	for (uint64_t i = 0; i < 64; i++)
		memcpy(expect + i * 0x1000, rig->card->vram + A + (i * 37 % 64) * 0x1000, 0x1000);
	assert_int_equal(rig_run_ib(rig, COPY, 1,
				    WORDS(PDDGPU_PKT(PDDGPU_OP_COPY, 0, 6), LOHI(from + 77),
					  LOHI(to + 1000), LOHI(62 * 0x1000))), 0);
	for (uint64_t i = 0; i < 62 * 0x1000; i++) {
		uint64_t at = 1000 + i;

		assert_int_equal(rig->guest[(63 - at / 0x1000) * 0x1000 + at % 0x1000],
				 expect[77 + i]);
	}
	free(expect);
}

static void copy_rect(void **state)
{
	struct rig *rig = *state;

	pattern(rig, A, MIB);
	RUN(COPY, PDDGPU_PKT(PDDGPU_OP_COPY_RECT, 0, 8), LOHI(A + 1), LOHI(B + 2), 5000, 333, 300,
	    200);
	for (size_t y = 0; y < 200; y++) {
		assert_memory_equal(rig->card->vram + B + 2 + y * 333,
				    rig->card->vram + A + 1 + y * 5000, 300);
		assert_int_equal(rig->card->vram[B + 2 + y * 333 + 300], 0);
	}
	assert_int_equal(rig_stat(rig, COPY, PDDGPU_STAT_BYTES_READ), 300 * 200);
	RUN(COPY, PDDGPU_PKT(PDDGPU_OP_COPY_RECT, 0, 8), LOHI(A), LOHI(B), 0, 0, 0, ~0U);
	RUN(COPY, PDDGPU_PKT(PDDGPU_OP_COPY_RECT, 0, 8), LOHI(A), LOHI(B), 10, 10, 10, 0);
	REFUSED(COPY, OPERAND, PDDGPU_PKT(PDDGPU_OP_COPY_RECT, 0, 8), LOHI(A), LOHI(B), 9, 10, 10,
		1);
	REFUSED(COPY, OPERAND, PDDGPU_PKT(PDDGPU_OP_COPY_RECT, 0, 8), LOHI(A), LOHI(B), 10, 9, 10,
		1);
	vram32(rig, B)[0] = 0;
	REFUSED(COPY, UNMAPPED, PDDGPU_PKT(PDDGPU_OP_COPY_RECT, 0, 8), LOHI(A), LOHI(B), ~0U, 10,
		10, ~0U);
	assert_int_equal(vram32(rig, B)[0], 0);
}

static void atomic(void **state)
{
	static const struct {
		unsigned int function;
		uint64_t old, operand, compare, new;
	} cases[] = {
		{ PDDGPU_ATOMIC_ADD, ~0ULL, 3, 0, 2 },
		{ PDDGPU_ATOMIC_AND, 0xff00ff00ff00ULL, 0xf0f0f0f0f0fULL, 0, 0xf000f000f00ULL },
		{ PDDGPU_ATOMIC_OR, 1ULL << 63, 5, 0, 5 | 1ULL << 63 },
		{ PDDGPU_ATOMIC_XOR, 0xff, 0xf0f, 0, 0xff0 },
		{ PDDGPU_ATOMIC_XCHG, 5, 1ULL << 40, 0, 1ULL << 40 },
		{ PDDGPU_ATOMIC_CMPXCHG, 5, 9, 5, 9 },
		{ PDDGPU_ATOMIC_CMPXCHG, 5, 9, 6, 5 },
		{ PDDGPU_ATOMIC_UMIN, 1ULL << 63, 7, 0, 7 },
		{ PDDGPU_ATOMIC_UMIN, 6, 7, 0, 6 },
		{ PDDGPU_ATOMIC_UMAX, 1ULL << 63, 7, 0, 1ULL << 63 },
		{ PDDGPU_ATOMIC_UMAX, 6, 7, 0, 7 },
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		*vram64(rig, A) = cases[i].old;
		RUN(COPY, PDDGPU_PKT(PDDGPU_OP_ATOMIC, cases[i].function, 8), LOHI(A),
		    LOHI(cases[i].operand), LOHI(cases[i].compare), LOHI(B));
		assert_true(*vram64(rig, A) == cases[i].new);
		assert_true(*vram64(rig, B) == cases[i].old);
	}
}

static void atomic_refusals(void **state)
{
	struct rig *rig = *state;

	*vram64(rig, 0) = 0;
	RUN(COPY, PDDGPU_PKT(PDDGPU_OP_ATOMIC, PDDGPU_ATOMIC_ADD, 8), LOHI(A), LOHI(5), LOHI(0),
	    LOHI(0));
	assert_true(*vram64(rig, A) == 5);
	REFUSED(COPY, OPERAND, PDDGPU_PKT(PDDGPU_OP_ATOMIC, 0, 8), LOHI(A + 4), LOHI(5), 0, 0,
		0, 0);
	REFUSED(COPY, OPERAND, PDDGPU_PKT(PDDGPU_OP_ATOMIC, 0, 8), LOHI(A), LOHI(5), 0, 0,
		LOHI(B + 4));
	REFUSED(COPY, OPERAND, PDDGPU_PKT(PDDGPU_OP_ATOMIC, 0, 8), LOHI(A), LOHI(5), 1, 0, 0, 0);
	REFUSED(COPY, OPERAND, PDDGPU_PKT(PDDGPU_OP_ATOMIC, 8, 8), LOHI(A), LOHI(5), 0, 0, 0, 0);
	REFUSED(COPY, UNMAPPED, PDDGPU_PKT(PDDGPU_OP_ATOMIC, 0, 8), LOHI(A), LOHI(5), 0, 0,
		LOHI(RIG_VRAM));
	assert_true(*vram64(rig, A) == 5);
}

static void atomic_needs_both_permissions(void **state)
{
	struct rig *rig = *state;
	uint64_t leaf = rig_map(rig, 1, A, 0, A | PDDGPU_PTE_VALID | PDDGPU_PTE_WRITE);

	rig_map_ib(rig, 1);
	assert_int_equal(rig_run_ib(rig, COPY, 1, WORDS(PDDGPU_PKT(PDDGPU_OP_ATOMIC, 0, 8),
							LOHI(A), 1, 0, 0, 0, 0, 0)),
			 PDDGPU_ERR_PERMISSION);
	*rig_entry(rig, leaf) = A | PDDGPU_PTE_VALID | PDDGPU_PTE_READ;
	rig_write(rig, PDDGPU_REG_TLB_INVALIDATE, BIT(1));
	assert_int_equal(rig_run_ib(rig, COPY, 1, WORDS(PDDGPU_PKT(PDDGPU_OP_ATOMIC, 0, 8),
							LOHI(A), 1, 0, 0, 0, 0, 0)),
			 PDDGPU_ERR_PERMISSION);
	assert_true(*vram64(rig, A) == 0);
}

/* Both engines add to one word; none of the additions may be lost. */
static void atomics_of_both_engines(void **state)
{
	struct rig *rig = *state;
	uint32_t words[9 * 200];

	for (size_t i = 0; i < 200; i++)
		memcpy(words + 9 * i, WORDS(PDDGPU_PKT(PDDGPU_OP_ATOMIC, PDDGPU_ATOMIC_ADD, 8),
					    LOHI(A), 1, 0, 0, 0, 0, 0) * sizeof(uint32_t));
	for (int round = 0; round < 20; round++) {
		rig_push(rig, COMPUTE, words, ARRAY_SIZE(words));
		rig_kick(rig, COMPUTE);
		assert_int_equal(rig_run(rig, COPY, words, ARRAY_SIZE(words)), 0);
		assert_int_equal(rig_fence(rig, COMPUTE), 0);
	}
	assert_int_equal(*vram64(rig, A), 2 * 20 * 200);
}

static void wait_compares(void **state)
{
	static const struct {
		unsigned int compare;
		uint32_t memory, reference, mask;
	} cases[] = {
		{ PDDGPU_WAIT_EQ, 0x1234, 0xff34, 0xff },
		{ PDDGPU_WAIT_NE, 0x1234, 0x1235, 0xff },
		{ PDDGPU_WAIT_GE, 0x80000000, 0x7fffffff, ~0U },
		{ PDDGPU_WAIT_GE, 5, 5, ~0U },
		{ PDDGPU_WAIT_LT, 0x7fffffff, 0x80000000, ~0U },
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		vram32(rig, A)[0] = cases[i].memory;
		RUN(COPY, PDDGPU_PKT(PDDGPU_OP_WAIT, cases[i].compare, 4), LOHI(A),
		    cases[i].reference, cases[i].mask);
	}
	REFUSED(COPY, OPERAND, PDDGPU_PKT(PDDGPU_OP_WAIT, 4, 4), LOHI(A), 0, 0);
	REFUSED(COPY, OPERAND, PDDGPU_PKT(PDDGPU_OP_WAIT, 0, 4), LOHI(A + 2), 0, 0);
	REFUSED(COPY, UNMAPPED, PDDGPU_PKT(PDDGPU_OP_WAIT, 0, 4), LOHI(RIG_VRAM), 0, 0);
}

static void wait_for_the_other_engine(void **state)
{
	struct rig *rig = *state;

	rig_push(rig, COPY, WORDS(PDDGPU_PKT(PDDGPU_OP_WAIT, PDDGPU_WAIT_EQ, 4), LOHI(A), 1, 1,
				  PDDGPU_PKT(PDDGPU_OP_COPY, 0, 6), LOHI(B), LOHI(C), LOHI(4)));
	rig_kick(rig, COPY);
	RUN(COMPUTE, PDDGPU_PKT(PDDGPU_OP_WRITE, 0, 3), LOHI(B), 77,
	    PDDGPU_PKT(PDDGPU_OP_WRITE, 0, 3), LOHI(A), 1);
	assert_int_equal(rig_fence(rig, COPY), 0);
	assert_int_equal(vram32(rig, C)[0], 77);
}

static void write_pte(void **state)
{
	struct rig *rig = *state;

	RUN(COPY, PDDGPU_PKT(PDDGPU_OP_WRITE_PTE, 0, 7), LOHI(A), LOHI(0x100000007ULL),
	    LOHI(0x1000), 100000);
	for (uint64_t i = 0; i < 100000; i++)
		assert_true(vram64(rig, A)[i] == 0x100000007ULL + i * 0x1000);
	assert_true(vram64(rig, A)[100000] == 0);
	REFUSED(COPY, OPERAND, PDDGPU_PKT(PDDGPU_OP_WRITE_PTE, 0, 7), LOHI(A + 4), 0, 0, 0, 0, 1);
	REFUSED(COPY, OPERAND, PDDGPU_PKT(PDDGPU_OP_WRITE_PTE, 0, 7), LOHI(A), 0, 0, 0, 0, 0);
	REFUSED(COPY, OPERAND, PDDGPU_PKT(PDDGPU_OP_WRITE_PTE, 0, 7), LOHI(A), 0, 0, 0, 0,
		PDDGPU_WRITE_PTE_MAX + 1);
}

static void timestamp(void **state)
{
	struct rig *rig = *state;
	uint64_t before = card_timestamp(rig->card);

	RUN(COPY, PDDGPU_PKT(PDDGPU_OP_TIMESTAMP, 0, 2), LOHI(A));
	assert_true(*vram64(rig, A) > before);
	assert_true(*vram64(rig, A) < card_timestamp(rig->card));
	REFUSED(COPY, OPERAND, PDDGPU_PKT(PDDGPU_OP_TIMESTAMP, 0, 2), LOHI(A + 4));
}

static void tlb_flush_and_set_vmid_refusals(void **state)
{
	struct rig *rig = *state;

	REFUSED(COPY, OPERAND, PDDGPU_PKT(PDDGPU_OP_TLB_FLUSH, 0, 1), 0x10000);
	REFUSED(COPY, OPERAND, PDDGPU_PKT(PDDGPU_OP_SET_VMID, 0, 2), LOHI(0));
	REFUSED(COPY, OPERAND, PDDGPU_PKT(PDDGPU_OP_SET_VMID, 16, 2), LOHI(0));
	REFUSED(COPY, OPERAND, PDDGPU_PKT(PDDGPU_OP_SET_VMID, 1, 2), LOHI(2));
	REFUSED(COPY, OPERAND, PDDGPU_PKT(PDDGPU_OP_SET_VMID, 1, 2), LOHI(1ULL << 48));
}

/* --- Compute ------------------------------------------------------------ */

static uint32_t map_expect(unsigned int function, uint32_t a, uint32_t b, uint32_t s, uint32_t i)
{
	switch (function) {
	case PDDGPU_MAP_ADD:
		return a + b;
	case PDDGPU_MAP_XOR:
		return a ^ b;
	case PDDGPU_MAP_MULADD:
		return a * s + b;
	case PDDGPU_MAP_HASH:
		return pddgpu_hash32(a ^ s);
	default:
		return pddgpu_hash32(s + i);
	}
}

static void map(void **state)
{
	struct rig *rig = *state;
	const uint32_t words = 300001, scalar = 0x9e3779b9;

	for (unsigned int f = PDDGPU_MAP_ADD; f <= PDDGPU_MAP_IOTA; f++) {
		uint64_t a = f == PDDGPU_MAP_IOTA ? 0 : A, b = f > PDDGPU_MAP_MULADD ? 0 : B + 4;

		pattern(rig, A, 4 * words);
		pattern(rig, B, 4 * words);
		RUN(COMPUTE, PDDGPU_PKT(PDDGPU_OP_MAP, f, 9), LOHI(a), LOHI(b), LOHI(C),
		    LOHI(words), scalar);
		for (uint32_t i = 0; i < words; i++)
			assert_int_equal(vram32(rig, C)[i],
					 map_expect(f, vram32(rig, A)[i], vram32(rig, B + 4)[i],
						    scalar, i));
		assert_int_equal(vram32(rig, C)[words], 0);
	}
}

static void map_in_place(void **state)
{
	struct rig *rig = *state;

	for (uint32_t i = 0; i < 1000; i++)
		vram32(rig, A)[i] = i;
	RUN(COMPUTE, PDDGPU_PKT(PDDGPU_OP_MAP, PDDGPU_MAP_ADD, 9), LOHI(A), LOHI(A), LOHI(A),
	    LOHI(1000), 0);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(vram32(rig, A)[i], 2 * i);
}

static void map_refusals(void **state)
{
	struct rig *rig = *state;
	uint32_t good[] = { PDDGPU_PKT(PDDGPU_OP_MAP, PDDGPU_MAP_HASH, 9), LOHI(A), 0, 0, LOHI(C),
			    LOHI(4), 0 };
	static const struct {
		size_t index;
		uint32_t value;
	} broken[] = {
		{ 0, PDDGPU_PKT(PDDGPU_OP_MAP, 5, 9) },
		{ 1, LO(A + 1) }, { 3, 4 }, { 4, 1 }, { 5, LO(C + 2) }, { 7, 0 }, { 8, 2 },
	};

	RUN(COMPUTE, PDDGPU_PKT(PDDGPU_OP_MAP, PDDGPU_MAP_HASH, 9), LOHI(A), 0, 0, LOHI(C),
	    LOHI(4), 0);
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		uint32_t words[ARRAY_SIZE(good)];

		memcpy(words, good, sizeof(good));
		words[broken[i].index] = broken[i].value;
		expect_halt(rig, COMPUTE, PDDGPU_ERR_OPERAND, words, ARRAY_SIZE(words));
	}
	REFUSED(COMPUTE, OPERAND, PDDGPU_PKT(PDDGPU_OP_MAP, PDDGPU_MAP_IOTA, 9), LOHI(A), 0, 0,
		LOHI(C), LOHI(4), 0);
}

/* Bit by bit, as the standard defines it. */
static uint32_t crc_slowly(const uint8_t *data, size_t size)
{
	uint32_t crc = ~0U;

	for (size_t i = 0; i < size; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static void crc32(void **state)
{
	struct rig *rig = *state;

	memcpy(rig->card->vram + A, "123456789", 9);
	RUN(COMPUTE, PDDGPU_PKT(PDDGPU_OP_CRC32, 0, 6), LOHI(A), LOHI(9), LOHI(C));
	assert_int_equal(vram32(rig, C)[0], 0xcbf43926);
	pattern(rig, A, MIB);
	RUN(COMPUTE, PDDGPU_PKT(PDDGPU_OP_CRC32, 0, 6), LOHI(A + 5), LOHI(777777), LOHI(C));
	assert_int_equal(vram32(rig, C)[0], crc_slowly(rig->card->vram + A + 5, 777777));
	REFUSED(COMPUTE, OPERAND, PDDGPU_PKT(PDDGPU_OP_CRC32, 0, 6), LOHI(A), LOHI(0), LOHI(C));
	REFUSED(COMPUTE, OPERAND, PDDGPU_PKT(PDDGPU_OP_CRC32, 0, 6), LOHI(A), LOHI(4),
		LOHI(C + 1));
	REFUSED(COMPUTE, OPERAND, PDDGPU_PKT(PDDGPU_OP_CRC32, 0, 6), LOHI(A),
		LOHI((1ULL << 40) + 1), LOHI(C));
}

static void mandelbrot(void **state)
{
	struct rig *rig = *state;
	const int32_t one = 1 << 28;

	/* -2 .. 1.5 in steps of 1/2, -1 .. 1: by hand. */
	RUN(COMPUTE, PDDGPU_PKT(PDDGPU_OP_MANDELBROT, 0, 9), LOHI(A), 64, 8, 5,
	    (uint32_t)(-2 * one), (uint32_t)-one, (uint32_t)(one / 2), 100);
	/* c = 0, -1, -2 and -i stay; c = 1: 0 1 2 5, so three steps; c = 1.5: 0 1.5 3.75 */
	assert_int_equal(vram32(rig, A + 2 * 64)[4], 0);
	assert_int_equal(vram32(rig, A + 2 * 64)[2], 0);
	assert_int_equal(vram32(rig, A + 2 * 64)[0], 0);
	assert_int_equal(vram32(rig, A)[4], 0);
	assert_int_equal(vram32(rig, A + 2 * 64)[6], 15 << 16 | 9 << 8 | 27);
	assert_int_equal(vram32(rig, A + 2 * 64)[7], 10 << 16 | 6 << 8 | 18);
	assert_int_equal(vram32(rig, A)[8], 0);
	assert_int_equal(vram32(rig, A + 5 * 64)[7], 0);
	assert_int_equal(rig_stat(rig, COMPUTE, PDDGPU_STAT_BYTES_WRITTEN), 4 * 8 * 5);
}

static void mandelbrot_refusals(void **state)
{
	struct rig *rig = *state;
	const uint32_t good[] = { PDDGPU_PKT(PDDGPU_OP_MANDELBROT, 0, 9), LOHI(A), 64, 16, 4, 0, 0,
				  1, 10 };
	static const struct {
		size_t index;
		uint32_t value;
	} broken[] = {
		{ 1, LO(A + 2) }, { 3, 60 }, { 3, 66 }, { 4, 0 }, { 4, 16385 }, { 5, 0 },
		{ 5, 16385 }, { 9, 0 }, { 9, 65536 },
	};

	assert_int_equal(rig_run(rig, COMPUTE, good, ARRAY_SIZE(good)), 0);
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		uint32_t words[ARRAY_SIZE(good)];

		memcpy(words, good, sizeof(good));
		words[broken[i].index] = broken[i].value;
		expect_halt(rig, COMPUTE, PDDGPU_ERR_OPERAND, words, ARRAY_SIZE(words));
	}
}

/* Random numbers over the whole range of Q4.28 must not overflow (UBSan tells). */
static void mandelbrot_of_any_numbers(void **state)
{
	struct rig *rig = *state;

	for (uint32_t i = 0; i < 200; i++)
		RUN(COMPUTE, PDDGPU_PKT(PDDGPU_OP_MANDELBROT, 0, 9), LOHI(A), 64, 16, 4,
		    pddgpu_hash32(3 * i), pddgpu_hash32(3 * i + 1), pddgpu_hash32(3 * i + 2), 50);
	RUN(COMPUTE, PDDGPU_PKT(PDDGPU_OP_MANDELBROT, 0, 9), LOHI(A), 64, 16, 4,
	    0x80000000, 0x80000000, 0x80000000, 50);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nop),
		TEST(write_words),
		TEST(fill),
		TEST(copy),
		TEST(copy_between_scattered_pages),
		TEST(copy_rect),
		TEST(atomic),
		TEST(atomic_refusals),
		TEST(atomic_needs_both_permissions),
		TEST(atomics_of_both_engines),
		TEST(wait_compares),
		TEST(wait_for_the_other_engine),
		TEST(write_pte),
		TEST(timestamp),
		TEST(tlb_flush_and_set_vmid_refusals),
		TEST(map),
		TEST(map_in_place),
		TEST(map_refusals),
		TEST(crc32),
		TEST(mandelbrot),
		TEST(mandelbrot_refusals),
		TEST(mandelbrot_of_any_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
