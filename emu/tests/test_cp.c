// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The command processor: rings, command buffers, privilege, errors. */
#include <string.h>

#include "rig.h"

#define VMID		2
#define ENGINE(e, reg)	(PDDGPU_REG_ENGINE(e) + PDDGPU_ENGINE_##reg)
#define A		RIG_DATA

static int setup(void **state)
{
	int ret = rig_setup(state);

	rig_map_ib(*state, VMID);
	return ret;
}

static void expect_fault(struct rig *rig, unsigned int e, unsigned int vmid, uint32_t op, int err)
{
	struct pddgpu_fault_record r = rig_take_fault(rig);

	assert_true(r.info & PDDGPU_FAULT_VALID);
	assert_int_equal(FIELD_GET(PDDGPU_FAULT_ENGINE, r.info), e);
	assert_int_equal(FIELD_GET(PDDGPU_FAULT_VMID, r.info), vmid);
	assert_int_equal(FIELD_GET(PDDGPU_FAULT_OPCODE, r.info), op);
	assert_int_equal(FIELD_GET(PDDGPU_FAULT_ERROR, r.info), err);
	assert_int_equal(rig_num_faults(rig), 0);
}

/* --- Rings -------------------------------------------------------------- */

static void packets_wrap_round_the_ring(void **state)
{
	struct rig *rig = *state;

	/* 11 + 7 dwords a round, which do not divide the ring's size. */
	for (uint32_t i = 0; i < 3 * RIG_RING_SIZE / 4 / 18; i++) {
		assert_int_equal(rig_run(rig, COPY,
					 WORDS(PDDGPU_PKT(PDDGPU_OP_WRITE, 0, 10), LOHI(A),
					       i, i, i, i, i, i, i, i + 1)), 0);
		assert_int_equal(*(uint32_t *)(rig->card->vram + A + 28), i + 1);
	}
	assert_int_equal(rig_read(rig, ENGINE(COPY, RING_RPTR)), rig->wptr[COPY]);
}

static void a_ring_behind_the_gart(void **state)
{
	struct rig *rig = *state;
	const uint32_t words[] = { PDDGPU_PKT(PDDGPU_OP_WRITE, 0, 3), LOHI(A), 99 };

	for (uint64_t i = 0; i < 4; i++)
		*rig_entry(rig, RIG_GART + 8 * i) = (RIG_GUEST_BUS + i * 0x1000) | PTE_RW |
						    PDDGPU_PTE_SYSTEM;
	memcpy(rig->guest, words, sizeof(words));
	rig_write(rig, ENGINE(COPY, CTRL), 0);
	rig_write64(rig, ENGINE(COPY, RING_BASE_LO), PDDGPU_GART_START);
	rig_write(rig, ENGINE(COPY, CTRL), PDDGPU_ENGINE_CTRL_ENABLE);
	rig_write(rig, PDDGPU_REG_DOORBELL(COPY), 4);
	rig_wait_reg(rig, ENGINE(COPY, RING_RPTR), ~0U, 4);
	assert_int_equal(*(uint32_t *)(rig->card->vram + A), 99);
}

static void a_packet_beyond_the_write_pointer(void **state)
{
	struct rig *rig = *state;

	rig_push(rig, COPY, WORDS(0, PDDGPU_PKT(PDDGPU_OP_WRITE, 0, 3), LOHI(A)));
	rig_kick(rig, COPY);
	rig_wait_reg(rig, ENGINE(COPY, STATUS), ~0U, PDDGPU_ENGINE_STATUS_HALTED |
		     PDDGPU_ERR_LENGTH << 8);
	assert_int_equal(rig_read(rig, ENGINE(COPY, RING_RPTR)), 1);
	expect_fault(rig, COPY, 0, PDDGPU_OP_WRITE, PDDGPU_ERR_LENGTH);
}

static void an_error_in_the_ring_halts(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(rig_run(rig, COPY, WORDS(0, 0, 0xff000000)), -PDDGPU_ERR_OPCODE);
	assert_int_equal(rig_read(rig, ENGINE(COPY, RING_RPTR)), 2);
	assert_int_equal(rig_take_irqs(rig, PDDGPU_IRQ_FAULT), 1);
	expect_fault(rig, COPY, 0, 0xff, PDDGPU_ERR_OPCODE);
	assert_int_equal(rig_fence(rig, COPY), -PDDGPU_ERR_OPCODE);
	assert_int_equal(rig_fence(rig, COMPUTE), 0);
	rig_reset_engine(rig, COPY);
	assert_int_equal(rig_read(rig, ENGINE(COPY, STATUS)), 0);
	assert_int_equal(rig_read(rig, ENGINE(COPY, RING_SIZE)), RIG_RING_SIZE);
	assert_int_equal(rig_fence(rig, COPY), 0);
}

static void a_ring_outside_memory_halts(void **state)
{
	struct rig *rig = *state;

	rig_write(rig, ENGINE(COPY, CTRL), 0);
	rig_write64(rig, ENGINE(COPY, RING_BASE_LO), RIG_VRAM);
	rig_write(rig, ENGINE(COPY, CTRL), PDDGPU_ENGINE_CTRL_ENABLE);
	rig_write(rig, PDDGPU_REG_DOORBELL(COPY), 4);
	rig_wait_reg(rig, ENGINE(COPY, STATUS), ~0U, PDDGPU_ENGINE_STATUS_HALTED |
		     PDDGPU_ERR_UNMAPPED << 8);
	assert_true(rig_take_fault(rig).address == RIG_VRAM);
}

/* --- What each opcode and privilege lets through ------------------------ */

static void unknown_opcodes(void **state)
{
	struct rig *rig = *state;
	static const uint8_t known[] = { 0x0, 0x1, 0x2, 0x3, 0x4, 0x5, 0x6, 0x7, 0x8, 0x9, 0xa,
					 0xb, 0xc, 0xd, 0xe, 0xf, 0x10, 0x20, 0x21, 0x22 };

	for (uint32_t op = 0; op < 256; op++) {
		if (memchr(known, (int)op, sizeof(known)))
			continue;
		assert_int_equal(rig_run_ib(rig, COMPUTE, VMID, WORDS(op << 24)),
				 PDDGPU_ERR_OPCODE);
		expect_fault(rig, COMPUTE, VMID, op, PDDGPU_ERR_OPCODE);
	}
}

static void compute_packets_on_the_copy_engine(void **state)
{
	struct rig *rig = *state;

	for (uint32_t op = PDDGPU_OP_MAP; op <= PDDGPU_OP_MANDELBROT; op++)
		assert_int_equal(rig_run_ib(rig, COPY, VMID, WORDS(op << 24)), PDDGPU_ERR_OPCODE);
}

static int run_bare(struct rig *rig, unsigned int vmid, uint32_t op, uint32_t count)
{
	uint32_t words[16] = { PDDGPU_PKT(op, 0, count) };

	return rig_run_ib(rig, COPY, vmid, words, 1 + count);
}

static void privilege(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(run_bare(rig, VMID, PDDGPU_OP_FENCE, 6), PDDGPU_ERR_PRIVILEGE);
	assert_int_equal(run_bare(rig, VMID, PDDGPU_OP_INDIRECT, 3), PDDGPU_ERR_PRIVILEGE);
	assert_int_equal(run_bare(rig, VMID, PDDGPU_OP_SET_VMID, 2), PDDGPU_ERR_PRIVILEGE);
	assert_int_equal(run_bare(rig, VMID, PDDGPU_OP_SET_ONCHIP, 3), PDDGPU_ERR_PRIVILEGE);
	assert_int_equal(run_bare(rig, VMID, PDDGPU_OP_TLB_FLUSH, 1), PDDGPU_ERR_PRIVILEGE);
	assert_int_equal(run_bare(rig, VMID, PDDGPU_OP_WRITE_PTE, 7), PDDGPU_ERR_PRIVILEGE);
	assert_int_equal(run_bare(rig, 0, PDDGPU_OP_FENCE, 6), PDDGPU_ERR_PRIVILEGE);
	assert_int_equal(run_bare(rig, 0, PDDGPU_OP_INDIRECT, 3), PDDGPU_ERR_PRIVILEGE);
	assert_int_equal(run_bare(rig, 0, PDDGPU_OP_SET_VMID, 2), PDDGPU_ERR_PRIVILEGE);
	assert_int_equal(run_bare(rig, 0, PDDGPU_OP_SET_ONCHIP, 3), PDDGPU_ERR_PRIVILEGE);
	assert_int_equal(run_bare(rig, 0, PDDGPU_OP_TLB_FLUSH, 1), 0);
	assert_int_equal(rig_run_ib(rig, COPY, 0, WORDS(PDDGPU_PKT(PDDGPU_OP_WRITE_PTE, 0, 7),
							LOHI(A), LOHI(5), LOHI(1), 2)), 0);
	assert_int_equal(*(uint64_t *)(rig->card->vram + A + 8), 6);
}

static void wrong_counts(void **state)
{
	static const struct {
		uint32_t op, count;
	} right[] = {
		{ PDDGPU_OP_FILL, PDDGPU_FILL_COUNT }, { PDDGPU_OP_COPY, PDDGPU_COPY_COUNT },
		{ PDDGPU_OP_COPY_RECT, PDDGPU_COPY_RECT_COUNT },
		{ PDDGPU_OP_WAIT, PDDGPU_WAIT_COUNT }, { PDDGPU_OP_ATOMIC, PDDGPU_ATOMIC_COUNT },
		{ PDDGPU_OP_TIMESTAMP, PDDGPU_TIMESTAMP_COUNT },
		{ PDDGPU_OP_MAP, PDDGPU_MAP_COUNT },
		{ PDDGPU_OP_CRC32, PDDGPU_CRC32_COUNT },
		{ PDDGPU_OP_MANDELBROT, PDDGPU_MANDELBROT_COUNT },
		{ PDDGPU_OP_TLB_FLUSH, PDDGPU_TLB_FLUSH_COUNT },
		{ PDDGPU_OP_WRITE_PTE, PDDGPU_WRITE_PTE_COUNT },
		{ PDDGPU_OP_ONCHIP_COPY, PDDGPU_ONCHIP_COPY_COUNT },
		{ PDDGPU_OP_ONCHIP_BARRIER, PDDGPU_ONCHIP_BARRIER_COUNT },
		{ PDDGPU_OP_ONCHIP_APPEND, PDDGPU_ONCHIP_APPEND_COUNT },
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_SIZE(right); i++) {
		uint32_t words[16] = { 0 };

		words[0] = PDDGPU_PKT(right[i].op, 0, right[i].count - 1);
		assert_int_equal(rig_run_ib(rig, COMPUTE, 0, words, 16), PDDGPU_ERR_LENGTH);
		words[0] = PDDGPU_PKT(right[i].op, 0, right[i].count + 1);
		assert_int_equal(rig_run_ib(rig, COMPUTE, 0, words, 16), PDDGPU_ERR_LENGTH);
		/* Right, but one dword short of its buffer's end. */
		words[0] = PDDGPU_PKT(right[i].op, 0, right[i].count);
		assert_int_equal(rig_run_ib(rig, COMPUTE, 0, words, right[i].count),
				 PDDGPU_ERR_LENGTH);
	}
}

static void ring_packets_with_wrong_counts(void **state)
{
	static const uint32_t headers[] = {
		PDDGPU_PKT(PDDGPU_OP_FENCE, 0, PDDGPU_FENCE_COUNT - 1),
		PDDGPU_PKT(PDDGPU_OP_INDIRECT, 0, PDDGPU_INDIRECT_COUNT - 1),
		PDDGPU_PKT(PDDGPU_OP_SET_VMID, 1, PDDGPU_SET_VMID_COUNT + 1),
		PDDGPU_PKT(PDDGPU_OP_SET_ONCHIP, 1, PDDGPU_SET_ONCHIP_COUNT - 1),
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
		assert_int_equal(rig_run(rig, COPY, &headers[i], 1), -PDDGPU_ERR_LENGTH);
		rig_reset_engine(rig, COPY);
	}
}

/* --- Command buffers ---------------------------------------------------- */

static void wrong_indirects_halt(void **state)
{
	static const uint32_t broken[][4] = {
		{ PDDGPU_PKT(PDDGPU_OP_INDIRECT, VMID, 3), LO(RIG_IB + 2), 0, 1 },
		{ PDDGPU_PKT(PDDGPU_OP_INDIRECT, VMID, 3), LO(RIG_IB), 0, 0 },
		{ PDDGPU_PKT(PDDGPU_OP_INDIRECT, VMID, 3), LO(RIG_IB), 0,
		  PDDGPU_INDIRECT_MAX_DWORDS + 1 },
		{ PDDGPU_PKT(PDDGPU_OP_INDIRECT, 16, 3), LO(RIG_IB), 0, 1 },
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		assert_int_equal(rig_run(rig, COPY, broken[i], 4), -PDDGPU_ERR_OPERAND);
		expect_fault(rig, COPY, 0, PDDGPU_OP_INDIRECT, PDDGPU_ERR_OPERAND);
		rig_reset_engine(rig, COPY);
	}
}

static void an_error_in_a_buffer_does_not_halt(void **state)
{
	struct rig *rig = *state;
	struct pddgpu_fault_record r;

	rig_fence(rig, COMPUTE);
	assert_int_equal(rig_run_ib(rig, COMPUTE, VMID,
				    WORDS(0, 0, PDDGPU_PKT(PDDGPU_OP_WRITE, 0, 3), LOHI(A), 1)),
			 PDDGPU_ERR_UNMAPPED);
	assert_int_equal(rig_read(rig, ENGINE(COMPUTE, STATUS)), 0);
	assert_int_equal(rig_read(rig, ENGINE(COMPUTE, IB_VMID)), ~0U);
	assert_int_equal(rig_read(rig, ENGINE(COMPUTE, IB_BASE_LO)), RIG_IB);
	assert_int_equal(rig_read(rig, ENGINE(COMPUTE, IB_RPTR)), 2);
	assert_int_equal(rig_take_irqs(rig, PDDGPU_IRQ_FAULT), 1);
	r = rig_take_fault(rig);
	assert_int_equal(r.info, PDDGPU_FAULT_VALID | PDDGPU_FAULT_WRITE | COMPUTE << 24 |
			 VMID << 16 | PDDGPU_OP_WRITE << 8 | PDDGPU_ERR_UNMAPPED);
	assert_int_equal(r.ib_offset, 8);
	assert_true(r.address == A);
	assert_int_equal(r.fence, 1);
	assert_true(r.timestamp && r.timestamp < card_timestamp(rig->card));
	assert_int_equal(rig_stat(rig, COMPUTE, PDDGPU_STAT_FAULTS), 1);
}

static void a_read_fault_is_no_write_fault(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(rig_run_ib(rig, COMPUTE, VMID,
				    WORDS(PDDGPU_PKT(PDDGPU_OP_CRC32, 0, 6), LOHI(A), LOHI(4),
					  LOHI(RIG_IB))), PDDGPU_ERR_UNMAPPED);
	assert_false(rig_take_fault(rig).info & PDDGPU_FAULT_WRITE);
}

static void packets_before_an_error_count(void **state)
{
	struct rig *rig = *state;

	rig_map(rig, VMID, A, 0, A | PTE_RW);
	assert_int_equal(rig_run_ib(rig, COPY, VMID,
				    WORDS(PDDGPU_PKT(PDDGPU_OP_WRITE, 0, 3), LOHI(A), 1,
					  0xff000000, PDDGPU_PKT(PDDGPU_OP_WRITE, 0, 3),
					  LOHI(A), 2)), PDDGPU_ERR_OPCODE);
	assert_int_equal(*(uint32_t *)(rig->card->vram + A), 1);
}

static void the_first_error_is_the_status(void **state)
{
	struct rig *rig = *state;

	memcpy(rig->card->vram + RIG_IB, WORDS(0xff000000) * 4);
	rig_push(rig, COPY, WORDS(PDDGPU_PKT(PDDGPU_OP_INDIRECT, VMID, 3), LOHI(RIG_IB), 1,
				  PDDGPU_PKT(PDDGPU_OP_INDIRECT, 9, 3), LOHI(RIG_IB), 1));
	assert_int_equal(rig_fence(rig, COPY), PDDGPU_ERR_OPCODE);
	assert_int_equal(rig_num_faults(rig), 2);
	assert_int_equal(rig_fence(rig, COPY), 0);
}

static void an_unmapped_buffer(void **state)
{
	struct rig *rig = *state;

	rig_push(rig, COPY, WORDS(PDDGPU_PKT(PDDGPU_OP_INDIRECT, VMID, 3), LOHI(A), 1));
	assert_int_equal(rig_fence(rig, COPY), PDDGPU_ERR_UNMAPPED);
	assert_true(rig_take_fault(rig).address == A);
	rig_push(rig, COPY, WORDS(PDDGPU_PKT(PDDGPU_OP_INDIRECT, VMID, 3), LOHI(-4ULL), 100));
	assert_int_equal(rig_fence(rig, COPY), PDDGPU_ERR_UNMAPPED);
	assert_true(rig_take_fault(rig).address == -4ULL);
}

/* The packet writes over itself; what was fetched runs. */
static void a_buffer_that_changes_itself(void **state)
{
	struct rig *rig = *state;

	rig_map(rig, VMID, RIG_IB, 0, RIG_IB | PTE_RW);
	assert_int_equal(rig_run_ib(rig, COPY, VMID,
				    WORDS(PDDGPU_PKT(PDDGPU_OP_WRITE, 0, 6), LOHI(RIG_IB),
					  0xff000000, 0xff000000, 0xff000000, 0xff000000,
					  PDDGPU_PKT(PDDGPU_OP_WRITE, 0, 3), LOHI(RIG_IB), 5)), 0);
	assert_int_equal(*(uint32_t *)(rig->card->vram + RIG_IB), 5);
}

static void a_buffer_of_the_greatest_length(void **state)
{
	struct rig *rig = *state;

	memset(rig->card->vram + A, 0, 4 * PDDGPU_INDIRECT_MAX_DWORDS);
	rig_push(rig, COPY, WORDS(PDDGPU_PKT(PDDGPU_OP_INDIRECT, 0, 3), LOHI(A),
				  PDDGPU_INDIRECT_MAX_DWORDS));
	assert_int_equal(rig_fence(rig, COPY), 0);
	/* Each zero is a packet; so are the INDIRECT and the FENCE. */
	assert_int_equal(rig_stat(rig, COPY, PDDGPU_STAT_PACKETS), PDDGPU_INDIRECT_MAX_DWORDS + 2);
}

static void the_largest_packet(void **state)
{
	struct rig *rig = *state;
	uint32_t *ib = (uint32_t *)(rig->card->vram + A);
	uint32_t *to = (uint32_t *)(rig->card->vram + A + 4 * MIB);

	ib[0] = PDDGPU_PKT(PDDGPU_OP_WRITE, 0, 0xffff);
	ib[1] = LO(A + 4 * MIB);
	for (uint32_t i = 0; i < 0xfffd; i++)
		ib[3 + i] = i ^ 0x5a5a5a5a;
	rig_push(rig, COPY, WORDS(PDDGPU_PKT(PDDGPU_OP_INDIRECT, 0, 3), LOHI(A), 0x10000));
	assert_int_equal(rig_fence(rig, COPY), 0);
	for (uint32_t i = 0; i < 0xfffd; i++)
		assert_int_equal(to[i], i ^ 0x5a5a5a5a);
}

/* --- The fault ring ----------------------------------------------------- */

static void a_full_fault_ring_overflows(void **state)
{
	struct rig *rig = *state;
	uint32_t wptr;

	for (unsigned int i = 0; i < RIG_NUM_FAULTS + 3; i++)
		assert_int_equal(rig_run_ib(rig, COPY, VMID, WORDS(0xff000000)),
				 PDDGPU_ERR_OPCODE);
	wptr = rig_read(rig, PDDGPU_REG_FAULT_WPTR);
	assert_int_equal(wptr, (RIG_NUM_FAULTS - 1) | PDDGPU_FAULT_WPTR_OVERFLOW);
	assert_int_equal(rig_stat(rig, COPY, PDDGPU_STAT_FAULTS), RIG_NUM_FAULTS + 3);
	rig_take_fault(rig);
	assert_int_equal(rig_read(rig, PDDGPU_REG_FAULT_WPTR), RIG_NUM_FAULTS - 1);
	assert_int_equal(rig_run_ib(rig, COPY, VMID, WORDS(0xff000000)), PDDGPU_ERR_OPCODE);
	assert_int_equal(rig_read(rig, PDDGPU_REG_FAULT_WPTR), 0);
}

static void a_fault_ring_without_memory(void **state)
{
	struct rig *rig = *state;

	rig_write64(rig, PDDGPU_REG_FAULT_BASE_LO, RIG_VRAM);
	assert_int_equal(rig_run_ib(rig, COPY, VMID, WORDS(0xff000000)), PDDGPU_ERR_OPCODE);
	assert_int_equal(rig_read(rig, PDDGPU_REG_FAULT_WPTR), PDDGPU_FAULT_WPTR_OVERFLOW);
	assert_int_equal(rig_take_irqs(rig, PDDGPU_IRQ_FAULT), 1);
	rig_write(rig, PDDGPU_REG_FAULT_SIZE, 0);
	assert_int_equal(rig_run_ib(rig, COPY, VMID, WORDS(0xff000000)), PDDGPU_ERR_OPCODE);
	assert_int_equal(rig_read(rig, PDDGPU_REG_FAULT_WPTR), 0);
}

static void a_fault_ring_in_guest_memory(void **state)
{
	struct rig *rig = *state;
	struct pddgpu_fault_record *records = (void *)rig->guest;

	*rig_entry(rig, RIG_GART) = RIG_GUEST_BUS | PTE_RW | PDDGPU_PTE_SYSTEM;
	rig_write64(rig, PDDGPU_REG_FAULT_BASE_LO, PDDGPU_GART_START);
	assert_int_equal(rig_run_ib(rig, COPY, VMID, WORDS(0xff000000)), PDDGPU_ERR_OPCODE);
	assert_int_equal(FIELD_GET(PDDGPU_FAULT_ERROR, records[0].info), PDDGPU_ERR_OPCODE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(packets_wrap_round_the_ring),
		TEST(a_ring_behind_the_gart),
		TEST(a_packet_beyond_the_write_pointer),
		TEST(an_error_in_the_ring_halts),
		TEST(a_ring_outside_memory_halts),
		TEST(unknown_opcodes),
		TEST(compute_packets_on_the_copy_engine),
		TEST(privilege),
		TEST(wrong_counts),
		TEST(ring_packets_with_wrong_counts),
		TEST(wrong_indirects_halt),
		TEST(an_error_in_a_buffer_does_not_halt),
		TEST(a_read_fault_is_no_write_fault),
		TEST(packets_before_an_error_count),
		TEST(the_first_error_is_the_status),
		TEST(an_unmapped_buffer),
		TEST(a_buffer_that_changes_itself),
		TEST(a_buffer_of_the_greatest_length),
		TEST(the_largest_packet),
		TEST(a_full_fault_ring_overflows),
		TEST(a_fault_ring_without_memory),
		TEST(a_fault_ring_in_guest_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
