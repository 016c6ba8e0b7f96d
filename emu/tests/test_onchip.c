// SPDX-License-Identifier: GPL-2.0 OR MIT
/* On-chip heaps: what VMIDs see of them, and the packets that use them. */
#include <string.h>
#include <unistd.h>

#include "rig.h"

#define GDS		PDDGPU_ONCHIP_GDS
#define GWS		PDDGPU_ONCHIP_GWS
#define OA		PDDGPU_ONCHIP_OA
#define PAGE		PDDGPU_ONCHIP_PAGE
#define STORE		PDDGPU_ONCHIP_COPY_TO_MEMORY
#define VMID(e)		(1 + (e))
/* Command buffers of both engines; one page of data and one that cannot be written */
#define IB(e)		(RIG_IB + PAGE * (e))
#define DATA		RIG_DATA
#define READ_ONLY	(RIG_DATA + PAGE)
#define ROUNDS		60

#define WINDOW(base, pages) \
	(uint32_t)(FIELD_PREP(PDDGPU_ONCHIP_WINDOW_BASE, base) | \
		   FIELD_PREP(PDDGPU_ONCHIP_WINDOW_PAGES, pages))
#define SET_ONCHIP(v, gds, gws, oa) PDDGPU_PKT(PDDGPU_OP_SET_ONCHIP, v, 3), gds, gws, oa
#define ONCHIP_COPY(flags, offset, bytes, va) \
	PDDGPU_PKT(PDDGPU_OP_ONCHIP_COPY, flags, 4), offset, bytes, LOHI(va)
#define BARRIER(at, participants) PDDGPU_PKT(PDDGPU_OP_ONCHIP_BARRIER, 0, 2), at, participants
#define APPEND(at, turn, amount, va) \
	PDDGPU_PKT(PDDGPU_OP_ONCHIP_APPEND, 0, 5), at, turn, amount, LOHI(va)

static uint32_t *vram32(struct rig *rig, uint64_t at)
{
	return (uint32_t *)(rig->card->vram + at);
}

static uint32_t *heap32(struct rig *rig, unsigned int heap, uint64_t at)
{
	return (uint32_t *)(rig->card->onchip.heap[heap] + at);
}

/* A VMID an engine, which sees its command buffer and both pages */
static int setup(void **state)
{
	struct rig *rig;

	rig_setup(state);
	rig = *state;
	for (unsigned int e = 0; e < PDDGPU_NUM_ENGINES; e++) {
		rig_map(rig, VMID(e), IB(e), 0, IB(e) | PDDGPU_PTE_VALID | PDDGPU_PTE_READ);
		rig_map(rig, VMID(e), DATA, 0, DATA | PTE_RW);
		rig_map(rig, VMID(e), READ_ONLY, 0,
			READ_ONLY | PDDGPU_PTE_VALID | PDDGPU_PTE_READ);
	}
	return 0;
}

static void set_windows(struct rig *rig, uint32_t gds, uint32_t gws, uint32_t oa)
{
	for (unsigned int e = 0; e < PDDGPU_NUM_ENGINES; e++)
		assert_int_equal(rig_run(rig, e, WORDS(SET_ONCHIP(VMID(e), gds, gws, oa))), 0);
}

/* Without waiting for it: a fence is for the caller to add. */
static void push_ib(struct rig *rig, unsigned int e, const uint32_t *words, size_t count)
{
	memcpy(rig->card->vram + IB(e), words, count * sizeof(*words));
	rig_push(rig, e, WORDS(PDDGPU_PKT(PDDGPU_OP_INDIRECT, VMID(e), PDDGPU_INDIRECT_COUNT),
			       LOHI(IB(e)), (uint32_t)count));
	rig_kick(rig, e);
}

static int run_ib(struct rig *rig, unsigned int e, const uint32_t *words, size_t count)
{
	push_ib(rig, e, words, count);
	return rig_fence(rig, e);
}

#define RUN(e, ...)	assert_int_equal(run_ib(rig, e, WORDS(__VA_ARGS__)), 0)

/* Each engine refuses it: nothing is stored, and the record names the offset. */
static void expect_error(struct rig *rig, int err, uint64_t address, const uint32_t *words,
			 size_t count)
{
	for (unsigned int e = 0; e < PDDGPU_NUM_ENGINES; e++) {
		struct pddgpu_fault_record record;

		assert_int_equal(run_ib(rig, e, words, count), err);
		record = rig_take_fault(rig);
		assert_int_equal(FIELD_GET(PDDGPU_FAULT_ERROR, record.info), err);
		assert_int_equal(FIELD_GET(PDDGPU_FAULT_VMID, record.info), VMID(e));
		assert_int_equal(FIELD_GET(PDDGPU_FAULT_OPCODE, record.info), words[0] >> 24);
		assert_int_equal(record.address, address);
	}
}

#define REFUSED(err, at, ...)	expect_error(rig, PDDGPU_ERR_##err, at, WORDS(__VA_ARGS__))

/* --- Heaps -------------------------------------------------------------- */

static void the_kernel_sees_all_of_each_heap(void **state)
{
	struct rig *rig = *state;

	for (unsigned int h = 0; h < PDDGPU_NUM_ONCHIP; h++) {
		uint64_t bytes = rig->card->onchip.pages[h] * (uint64_t)PAGE;
		uint64_t start = PDDGPU_ONCHIP_START(h);

		assert_int_equal(rig_run(rig, COPY, WORDS(PDDGPU_PKT(PDDGPU_OP_FILL, 0, 5),
							  LOHI(start), LOHI(bytes), 7 + h)), 0);
		assert_int_equal(rig_run(rig, COMPUTE,
					 WORDS(PDDGPU_PKT(PDDGPU_OP_COPY, 0, 6), LOHI(start),
					       LOHI(DATA), LOHI(bytes))), 0);
		for (uint64_t i = 0; i < bytes / 4; i++) {
			assert_int_equal(*heap32(rig, h, 4 * i), 7 + h);
			assert_int_equal(*vram32(rig, DATA + 4 * i), 7 + h);
		}
		assert_int_equal(rig_run(rig, COPY,
					 WORDS(PDDGPU_PKT(PDDGPU_OP_FILL, 0, 5),
					       LOHI(start + bytes - 4), LOHI(8), 1)),
				 -PDDGPU_ERR_UNMAPPED);
		assert_int_equal(rig_take_fault(rig).address, start + bytes);
		rig_reset_engine(rig, COPY);
	}
}

static void nobody_else_has_those_addresses(void **state)
{
	struct rig *rig = *state;
	uint64_t va = PDDGPU_ONCHIP_START(GDS);

	set_windows(rig, WINDOW(0, 8), 0, 0);
	assert_int_equal(run_ib(rig, COPY, WORDS(PDDGPU_PKT(PDDGPU_OP_WRITE, 0, 3), LOHI(va), 1)),
			 PDDGPU_ERR_UNMAPPED);
	/* A leaf has VRAM addresses or bus addresses. */
	rig_map(rig, VMID(COPY), va, 0, va | PTE_RW);
	assert_int_equal(run_ib(rig, COPY, WORDS(PDDGPU_PKT(PDDGPU_OP_WRITE, 0, 3), LOHI(va), 1)),
			 PDDGPU_ERR_TABLE);
	assert_int_equal(*heap32(rig, GDS, 0), 0);
}

static void windows_show_in_registers(void **state)
{
	struct rig *rig = *state;

	for (unsigned int h = 0; h < PDDGPU_NUM_ONCHIP; h++)
		assert_int_equal(rig_read(rig, PDDGPU_REG_ONCHIP_WINDOW(15, h)), 0);
	assert_int_equal(rig_run(rig, COPY, WORDS(SET_ONCHIP(15, WINDOW(1, 7), WINDOW(4, 0),
							     WINDOW(3, 1)))), 0);
	assert_int_equal(rig_read(rig, PDDGPU_REG_ONCHIP_WINDOW(15, GDS)), WINDOW(1, 7));
	assert_int_equal(rig_read(rig, PDDGPU_REG_ONCHIP_WINDOW(15, GWS)), WINDOW(4, 0));
	assert_int_equal(rig_read(rig, PDDGPU_REG_ONCHIP_WINDOW(15, OA)), WINDOW(3, 1));
	assert_int_equal(rig_read(rig, PDDGPU_REG_ONCHIP_WINDOW(14, GDS)), 0);
	/* Whoever gets the VMID next does not get them. */
	assert_int_equal(rig_run(rig, COPY, WORDS(PDDGPU_PKT(PDDGPU_OP_SET_VMID, 15, 2),
						  LOHI(0))), 0);
	for (unsigned int h = 0; h < PDDGPU_NUM_ONCHIP; h++)
		assert_int_equal(rig_read(rig, PDDGPU_REG_ONCHIP_WINDOW(15, h)), 0);
}

static void bad_windows_halt_the_ring(void **state)
{
	static const uint32_t bad[][4] = {
		{ SET_ONCHIP(0, 0, 0, 0) },
		{ SET_ONCHIP(1, WINDOW(0, 9), 0, 0) },
		{ SET_ONCHIP(1, WINDOW(9, 0), 0, 0) },
		{ SET_ONCHIP(1, WINDOW(1, 8), 0, 0) },
		{ SET_ONCHIP(1, WINDOW(0, 1), WINDOW(4, 1), 0) },
		{ SET_ONCHIP(1, WINDOW(0, 1), 0, WINDOW(0xffff, 0xffff)) },
		{ SET_ONCHIP(17, 0, 0, 0) },
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(rig_run(rig, COPY, bad[i], 4), -PDDGPU_ERR_OPERAND);
		rig_reset_engine(rig, COPY);
		assert_int_equal(rig_read(rig, PDDGPU_REG_ONCHIP_WINDOW(1, GDS)), 0);
		rig_take_fault(rig);
	}
}

static void resets_take_windows_and_leave_contents(void **state)
{
	struct rig *rig = *state;

	set_windows(rig, WINDOW(0, 1), WINDOW(0, 1), WINDOW(0, 1));
	*heap32(rig, GDS, 0) = 5;
	rig_reset_engine(rig, COPY);
	assert_int_equal(rig_read(rig, PDDGPU_REG_ONCHIP_WINDOW(VMID(COPY), GDS)), WINDOW(0, 1));
	rig_write(rig, PDDGPU_REG_RESET, PDDGPU_RESET_MAGIC);
	for (unsigned int h = 0; h < PDDGPU_NUM_ONCHIP; h++)
		assert_int_equal(rig_read(rig, PDDGPU_REG_ONCHIP_WINDOW(VMID(COPY), h)), 0);
	card_function_reset(rig->card);
	assert_int_equal(*heap32(rig, GDS, 0), 5);
	rig_write(rig, PDDGPU_REG_INJECT_FORGET, 1);
	card_function_reset(rig->card);
	for (unsigned int h = 0; h < PDDGPU_NUM_ONCHIP; h++)
		assert_true(*heap32(rig, h, 0) != *heap32(rig, h, 4));
}

static void a_card_may_have_no_heaps(void **state)
{
	const struct card_options options = {
		.vram_size = RIG_VRAM, .aperture_size = RIG_APERTURE, .dma_bits = 40,
	};
	struct rig rig = { .card = card_create(&options) };

	(void)state;
	assert_non_null(rig.card);
	rig_bring_up(&rig);
	for (unsigned int h = 0; h < PDDGPU_NUM_ONCHIP; h++)
		assert_int_equal(rig_read(&rig, PDDGPU_REG_ONCHIP_PAGES(h)), 0);
	assert_int_equal(rig_run(&rig, COPY, WORDS(SET_ONCHIP(1, 0, 0, 0))), 0);
	assert_int_equal(rig_run(&rig, COPY, WORDS(PDDGPU_PKT(PDDGPU_OP_FILL, 0, 5),
						   LOHI(PDDGPU_ONCHIP_START(GDS)), LOHI(4), 1)),
			 -PDDGPU_ERR_UNMAPPED);
	rig_reset_engine(&rig, COPY);
	assert_int_equal(rig_run(&rig, COPY, WORDS(SET_ONCHIP(1, WINDOW(0, 1), 0, 0))),
			 -PDDGPU_ERR_OPERAND);
	card_destroy(rig.card);
}

/* --- Scratch ------------------------------------------------------------ */

static void copies_go_both_ways(void **state)
{
	struct rig *rig = *state;

	set_windows(rig, WINDOW(2, 2), WINDOW(1, 2), WINDOW(2, 2));
	for (unsigned int h = 0; h < PDDGPU_NUM_ONCHIP; h++) {
		for (uint32_t i = 0; i < 16; i++)
			vram32(rig, DATA)[i] = 100 * h + i;
		RUN(COPY, ONCHIP_COPY(h, PAGE - 32, 64, DATA));
		RUN(COMPUTE, ONCHIP_COPY(h | STORE, PAGE - 28, 56, DATA + 0x100));
		assert_memory_equal(heap32(rig, h, (h == GWS ? 2 : 3) * PAGE - 32),
				    vram32(rig, DATA), 64);
		assert_memory_equal(vram32(rig, DATA + 0x100), vram32(rig, DATA + 4), 56);
		assert_int_equal(*vram32(rig, DATA + 0x100 + 56), 0);
	}
	assert_int_equal(rig_stat(rig, COPY, PDDGPU_STAT_BYTES_READ), 3 * 64);
	assert_int_equal(rig_stat(rig, COMPUTE, PDDGPU_STAT_BYTES_WRITTEN), 3 * 56);
}

static void copies_stay_in_the_window(void **state)
{
	struct rig *rig = *state;

	set_windows(rig, WINDOW(2, 2), WINDOW(1, 1), 0);
	memset(vram32(rig, DATA), 0xff, PAGE);
	REFUSED(WINDOW, 2 * PAGE - 4, ONCHIP_COPY(GDS, 2 * PAGE - 4, 8, DATA));
	REFUSED(WINDOW, 2 * PAGE, ONCHIP_COPY(GDS, 2 * PAGE, 4, DATA));
	REFUSED(WINDOW, 0xfffffffc, ONCHIP_COPY(GDS, 0xfffffffc, 8, DATA));
	REFUSED(WINDOW, 0, ONCHIP_COPY(GDS, 0, 0xfffffffc, DATA));
	REFUSED(WINDOW, PAGE, ONCHIP_COPY(GWS, PAGE, 4, DATA));
	REFUSED(WINDOW, 0, ONCHIP_COPY(OA, 0, 4, DATA));
	REFUSED(WINDOW, 0, ONCHIP_COPY(OA | STORE, 0, 4, DATA));
	for (unsigned int h = 0; h < PDDGPU_NUM_ONCHIP; h++)
		for (uint64_t i = 0; i < rig->card->onchip.pages[h] * PAGE; i += 4)
			assert_int_equal(*heap32(rig, h, i), 0);
	RUN(COPY, ONCHIP_COPY(GDS | STORE, 2 * PAGE, 0, DATA));
	RUN(COPY, ONCHIP_COPY(GDS, 2 * PAGE - 4, 4, DATA));
	assert_int_equal(*heap32(rig, GDS, 4 * PAGE - 4), ~0U);
}

static void copies_with_bad_operands(void **state)
{
	struct rig *rig = *state;

	set_windows(rig, WINDOW(0, 8), WINDOW(0, 4), WINDOW(0, 4));
	REFUSED(OPERAND, 0, ONCHIP_COPY(3, 0, 4, DATA));
	REFUSED(OPERAND, 0, ONCHIP_COPY(GDS, 2, 4, DATA));
	REFUSED(OPERAND, 0, ONCHIP_COPY(GDS, 0, 6, DATA));
	REFUSED(OPERAND, 0, ONCHIP_COPY(GDS, 0, 4, DATA + 1));
	REFUSED(OPERAND, 0, ONCHIP_COPY(8, 0, 4, DATA));
	REFUSED(LENGTH, 0, PDDGPU_PKT(PDDGPU_OP_ONCHIP_COPY, 0, 3), 0, 4, DATA);
	REFUSED(UNMAPPED, 1ULL << 48, ONCHIP_COPY(GDS, 0, 8, (1ULL << 48) - 4));
	REFUSED(UNMAPPED, 0x10000000, ONCHIP_COPY(GDS, 0, 4, 0x10000000));
	REFUSED(PERMISSION, READ_ONLY, ONCHIP_COPY(GDS | STORE, 0, 4, READ_ONLY));
	RUN(COPY, ONCHIP_COPY(GDS, 0, 4, READ_ONLY));
}

/* --- Barriers ----------------------------------------------------------- */

/* One engine has come to a barrier, and goes on waiting there. */
static void wait_for_one(const uint32_t *arrived)
{
	while (__atomic_load_n(arrived, __ATOMIC_ACQUIRE) != 1)
		usleep(100);
}

static void a_barrier_waits_for_all(void **state)
{
	struct rig *rig = *state;

	set_windows(rig, 0, WINDOW(1, 2), 0);
	push_ib(rig, COPY, WORDS(BARRIER(1, 2), PDDGPU_PKT(PDDGPU_OP_WRITE, 0, 3), LOHI(DATA), 1));
	wait_for_one(heap32(rig, GWS, 2 * PAGE));
	usleep(20000);
	assert_int_equal(*vram32(rig, DATA), 0);
	RUN(COMPUTE, BARRIER(1, 2));
	assert_int_equal(rig_fence(rig, COPY), 0);
	assert_int_equal(*vram32(rig, DATA), 1);
	assert_int_equal(heap32(rig, GWS, 2 * PAGE)[0], 0);
	assert_int_equal(heap32(rig, GWS, 2 * PAGE)[1], 1);
	/* Alone one waits for nobody. */
	RUN(COMPUTE, BARRIER(1, 1), BARRIER(0, 1));
	assert_int_equal(heap32(rig, GWS, 2 * PAGE)[1], 2);
}

/* Each writes its round, meets the other, and finds the other's round there. */
static void engines_keep_step(void **state)
{
	uint32_t words[ROUNDS * 15];
	struct rig *rig = *state;

	set_windows(rig, 0, WINDOW(3, 1), 0);
	for (unsigned int e = 0; e < PDDGPU_NUM_ENGINES; e++) {
		uint64_t mine = DATA + 8 * e, other = DATA + 8 * !e;
		size_t n = 0;

		for (uint32_t i = 1; i <= ROUNDS; i++) {
			const uint32_t round[] = {
				PDDGPU_PKT(PDDGPU_OP_WRITE, 0, 3), LOHI(mine), i, BARRIER(0, 2),
				/* Hangs if it is not there yet */
				PDDGPU_PKT(PDDGPU_OP_WAIT, PDDGPU_WAIT_EQ, 4), LOHI(other), i, ~0U,
				BARRIER(0, 2),
			};

			memcpy(words + n, round, sizeof(round));
			n += ARRAY_SIZE(round);
		}
		push_ib(rig, e, words, n);
	}
	for (unsigned int e = 0; e < PDDGPU_NUM_ENGINES; e++)
		assert_int_equal(rig_fence(rig, e), 0);
	assert_int_equal(heap32(rig, GWS, 3 * PAGE)[0], 0);
	assert_int_equal(heap32(rig, GWS, 3 * PAGE)[1], 2 * ROUNDS);
}

static void barriers_with_bad_operands(void **state)
{
	struct rig *rig = *state;

	set_windows(rig, WINDOW(0, 8), WINDOW(1, 2), WINDOW(0, 4));
	REFUSED(OPERAND, 0, BARRIER(0, 0));
	REFUSED(WINDOW, 2 * PAGE, BARRIER(2, 1));
	REFUSED(WINDOW, 0xffffffffULL * PAGE, BARRIER(0xffffffff, 1));
	REFUSED(OPERAND, 0, PDDGPU_PKT(PDDGPU_OP_ONCHIP_BARRIER, 1, 2), 0, 1);
	for (uint64_t i = 0; i < 4 * PAGE; i += 4)
		assert_int_equal(*heap32(rig, GWS, i), 0);
	/* Whatever a program has left there, numbers wrap. */
	heap32(rig, GWS, PAGE)[0] = ~0U;
	heap32(rig, GWS, PAGE)[1] = ~0U;
	RUN(COPY, BARRIER(0, ~0U));
	assert_int_equal(heap32(rig, GWS, PAGE)[0], 0);
	assert_int_equal(heap32(rig, GWS, PAGE)[1], 0);
}

static void a_reset_ends_a_barrier(void **state)
{
	struct rig *rig = *state;

	set_windows(rig, 0, WINDOW(0, 1), 0);
	push_ib(rig, COMPUTE, WORDS(BARRIER(0, 2)));
	wait_for_one(heap32(rig, GWS, 0));
	rig_reset_engine(rig, COMPUTE);
	/* It has come all the same. */
	assert_int_equal(*heap32(rig, GWS, 0), 1);
	RUN(COPY, BARRIER(0, 2));
}

/* --- Ordered append ----------------------------------------------------- */

static void appends_take_turns(void **state)
{
	struct rig *rig = *state;

	set_windows(rig, 0, 0, WINDOW(1, 3));
	push_ib(rig, COPY, WORDS(APPEND(2, 1, 30, DATA)));
	usleep(20000);
	assert_int_equal(*vram32(rig, DATA), 0);
	*vram32(rig, DATA + 4) = 77;
	RUN(COMPUTE, APPEND(2, 0, 12, DATA + 4));
	assert_int_equal(*vram32(rig, DATA + 4), 0);
	assert_int_equal(rig_fence(rig, COPY), 0);
	assert_int_equal(*vram32(rig, DATA), 12);
	assert_int_equal(heap32(rig, OA, 3 * PAGE)[0], 2);
	assert_int_equal(heap32(rig, OA, 3 * PAGE)[1], 42);
}

/* Even turns on one engine and odd ones on the other come out in order. */
static void engines_append_in_order(void **state)
{
	uint32_t words[ROUNDS / 2 * 6];
	struct rig *rig = *state;
	uint32_t sum = 0;

	set_windows(rig, 0, 0, WINDOW(0, 1));
	for (unsigned int e = 0; e < PDDGPU_NUM_ENGINES; e++) {
		for (uint32_t i = 0; i < ROUNDS / 2; i++) {
			uint32_t turn = 2 * i + e;
			const uint32_t append[] = { APPEND(0, turn, turn * turn, DATA + 4 * turn) };

			memcpy(words + i * ARRAY_SIZE(append), append, sizeof(append));
		}
		push_ib(rig, e, words, ARRAY_SIZE(words));
	}
	for (unsigned int e = 0; e < PDDGPU_NUM_ENGINES; e++)
		assert_int_equal(rig_fence(rig, e), 0);
	for (uint32_t turn = 0; turn < ROUNDS; turn++) {
		assert_int_equal(vram32(rig, DATA)[turn], sum);
		sum += turn * turn;
	}
}

static void appends_with_bad_operands(void **state)
{
	struct rig *rig = *state;

	set_windows(rig, WINDOW(0, 8), WINDOW(0, 4), WINDOW(1, 2));
	REFUSED(WINDOW, 2 * PAGE, APPEND(2, 0, 1, DATA));
	REFUSED(OPERAND, 0, APPEND(0, 0, 1, DATA + 2));
	REFUSED(UNMAPPED, 0x10000000, APPEND(0, 0, 1, 0x10000000));
	REFUSED(PERMISSION, READ_ONLY, APPEND(0, 0, 1, READ_ONLY));
	REFUSED(OPERAND, 0, PDDGPU_PKT(PDDGPU_OP_ONCHIP_APPEND, 1, 5), 0, 0, 1, LOHI(DATA));
	for (uint64_t i = 0; i < 4 * PAGE; i += 4)
		assert_int_equal(*heap32(rig, OA, i), 0);
}

static void a_reset_ends_an_append(void **state)
{
	struct rig *rig = *state;

	set_windows(rig, 0, 0, WINDOW(0, 1));
	push_ib(rig, COPY, WORDS(APPEND(0, 5, 1, DATA)));
	usleep(10000);
	rig_reset_engine(rig, COPY);
	assert_int_equal(heap32(rig, OA, 0)[0], 0);
	assert_int_equal(heap32(rig, OA, 0)[1], 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_kernel_sees_all_of_each_heap),
		TEST(nobody_else_has_those_addresses),
		TEST(windows_show_in_registers),
		TEST(bad_windows_halt_the_ring),
		TEST(resets_take_windows_and_leave_contents),
		cmocka_unit_test(a_card_may_have_no_heaps),
		TEST(copies_go_both_ways),
		TEST(copies_stay_in_the_window),
		TEST(copies_with_bad_operands),
		TEST(a_barrier_waits_for_all),
		TEST(engines_keep_step),
		TEST(barriers_with_bad_operands),
		TEST(a_reset_ends_a_barrier),
		TEST(appends_take_turns),
		TEST(engines_append_in_order),
		TEST(appends_with_bad_operands),
		TEST(a_reset_ends_an_append),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
