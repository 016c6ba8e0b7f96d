// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Fault switches: what each breaks, for how long, and what a reset does to it. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rig.h"

#define ENGINE(e, reg)	(PDDGPU_REG_ENGINE(e) + PDDGPU_ENGINE_##reg)
#define PAGE		4096ULL
#define A		RIG_DATA
#define GTT(page)	(PDDGPU_GART_START + PAGE * (page))
#define FENCE_ORDER(mode, count) \
	(PDDGPU_INJECT_FENCE_##mode | (uint32_t)FIELD_PREP(PDDGPU_INJECT_FENCE_COUNT, count))

#define WRITE_ONE(va, value)	PDDGPU_PKT(PDDGPU_OP_WRITE, 0, 3), LOHI(va), value
#define FILL(va, bytes, value)	PDDGPU_PKT(PDDGPU_OP_FILL, 0, 5), LOHI(va), LOHI(bytes), value
#define COPY_TO(va, from, bytes) \
	PDDGPU_PKT(PDDGPU_OP_COPY, 0, 6), LOHI(from), LOHI(va), LOHI(bytes)

/* An order as the control socket gives it. */
static const char *order(struct rig *rig, uint32_t reg, uint32_t value)
{
	return inject_write(rig->card, INJECT_HOST, reg, value);
}

static void reset(struct rig *rig)
{
	rig_write(rig, PDDGPU_REG_RESET, PDDGPU_RESET_MAGIC);
	rig_bring_up(rig);
	memset(rig->seqno, 0, sizeof(rig->seqno));
	memset(rig->card->vram + RIG_FENCE(0), 0, PAGE);
}

/* Maps pages of guest memory behind the GART. */
static void map_gtt(struct rig *rig, unsigned int pages)
{
	for (unsigned int i = 0; i < pages; i++)
		*rig_entry(rig, RIG_GART + 8 * i) =
			(RIG_GUEST_BUS + PAGE * i) | PTE_RW | PDDGPU_PTE_SYSTEM;
	rig_write(rig, PDDGPU_REG_TLB_INVALIDATE, 1);
}

static unsigned int error_of(const struct pddgpu_fault_record *record)
{
	return FIELD_GET(PDDGPU_FAULT_ERROR, record->info);
}

/* --- Orders as such ----------------------------------------------------- */

static void a_reset_takes_back_orders_of_registers(void **state)
{
	static const uint32_t regs[] = {
		PDDGPU_REG_INJECT_HANG, PDDGPU_REG_INJECT_LOSE_IRQ, PDDGPU_REG_INJECT_STORM_IRQ,
		PDDGPU_REG_INJECT_FENCE, PDDGPU_REG_INJECT_DMA_ERROR, PDDGPU_REG_INJECT_SLOW,
		PDDGPU_REG_INJECT_STUCK_RESET,
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_SIZE(regs); i++) {
		rig_write(rig, regs[i], 0x0103);
		assert_int_not_equal(rig_read(rig, regs[i]), 0);
		rig_write(rig, PDDGPU_REG_RESET, PDDGPU_RESET_MAGIC);
		assert_int_equal(rig_read(rig, regs[i]), 0);
		assert_null(order(rig, regs[i], 0x0103));
		rig_write(rig, PDDGPU_REG_RESET, PDDGPU_RESET_MAGIC);
		assert_int_not_equal(rig_read(rig, regs[i]), 0);
		rig_write(rig, regs[i], 0);
		assert_int_not_equal(rig_read(rig, regs[i]), 0);
		card_clear_orders(rig->card, INJECT_HOST);
		assert_int_equal(rig_read(rig, regs[i]), 0);
	}
}

static void orders_of_both_sides_add_up(void **state)
{
	struct rig *rig = *state;

	rig_write(rig, PDDGPU_REG_INJECT_LOSE_IRQ, 3);
	assert_null(order(rig, PDDGPU_REG_INJECT_LOSE_IRQ, 4));
	assert_int_equal(rig_read(rig, PDDGPU_REG_INJECT_LOSE_IRQ), 7);
	for (unsigned int i = 0; i < 5; i++)
		rig_fence(rig, COPY);
	assert_int_equal(rig_take_irqs(rig, PDDGPU_IRQ_COPY), 0);
	assert_int_equal(rig_read(rig, PDDGPU_REG_INJECT_LOSE_IRQ), 2);
	rig_write(rig, PDDGPU_REG_INJECT_LOSE_IRQ, ~0U);
	assert_int_equal(rig_read(rig, PDDGPU_REG_INJECT_LOSE_IRQ), ~0U);
}

static void bad_orders_are_refused(void **state)
{
	static const struct {
		uint32_t reg, value;
	} bad[] = {
		{ PDDGPU_REG_INJECT_FENCE, 1 << 8 },
		{ PDDGPU_REG_INJECT_FENCE, 5 | 1 << 8 },
		{ PDDGPU_REG_INJECT_FENCE, 0x80 | 1 << 8 },
		{ PDDGPU_REG_INJECT_FAULTS, 0x10000 },
		{ PDDGPU_REG_INJECT_FAULTS, 0x40000001 },
		{ PDDGPU_REG_INJECT_ECC, RIG_VRAM / PAGE },
		{ PDDGPU_REG_INJECT_ECC, ~0U },
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		rig_write(rig, bad[i].reg, bad[i].value);
		assert_non_null(order(rig, bad[i].reg, bad[i].value));
	}
	assert_int_equal(rig_read(rig, PDDGPU_REG_INJECT_FENCE), 0);
	assert_int_equal(rig_num_faults(rig), 0);
	assert_false(inject_armed(&rig->card->inject, ~0U));
}

/* --- Storm -------------------------------------------------------------- */

static void a_storm_raises_what_is_enabled(void **state)
{
	struct rig *rig = *state;
	uint64_t irqs[PDDGPU_NUM_IRQS] = { 0 }, end = rig_now_ms() + RIG_TIMEOUT_MS;

	rig_write(rig, PDDGPU_REG_IRQ_ENABLE, 0x5);
	rig_write(rig, PDDGPU_REG_INJECT_STORM_IRQ, 1000000);
	while (irqs[0] < 100 || irqs[2] < 100) {
		for (unsigned int i = 0; i < PDDGPU_NUM_IRQS; i++)
			irqs[i] += rig_take_irqs(rig, i);
		assert_true(rig_now_ms() < end);
		usleep(100);
	}
	assert_int_equal(irqs[1] + irqs[3], 0);
	assert_int_equal(rig_read(rig, PDDGPU_REG_IRQ_STATUS), 0x5);
	assert_in_range(rig_read(rig, PDDGPU_REG_INJECT_STORM_IRQ), 900000, 1000000);
	rig_write(rig, PDDGPU_REG_RESET, PDDGPU_RESET_MAGIC);
	assert_int_equal(rig_read(rig, PDDGPU_REG_INJECT_STORM_IRQ), 0);
	assert_int_equal(rig_read(rig, PDDGPU_REG_IRQ_STATUS), 0);
}

static void a_storm_blows_over(void **state)
{
	struct rig *rig = *state;

	rig_write(rig, PDDGPU_REG_INJECT_STORM_IRQ, 20);
	rig_wait_reg(rig, PDDGPU_REG_INJECT_STORM_IRQ, ~0U, 0);
	/* The burst that is under way at the end. */
	usleep(20000);
	for (unsigned int i = 0; i < PDDGPU_NUM_IRQS; i++)
		assert_true(rig_take_irqs(rig, i) > 0);
	usleep(20000);
	assert_int_equal(rig_take_irqs(rig, 0), 0);
}

/* --- Fences ------------------------------------------------------------- */

static uint64_t fence_stored(struct rig *rig, uint32_t order)
{
	uint64_t *fence = (uint64_t *)(rig->card->vram + A);
	uint32_t *status = (uint32_t *)(rig->card->vram + A + 8);

	*fence = 1;
	*status = 77;
	rig_write(rig, PDDGPU_REG_INJECT_FENCE, order);
	rig_push(rig, COPY, WORDS(PDDGPU_PKT(PDDGPU_OP_FENCE, 1, 6), LOHI(A), LOHI(0x1000),
				  LOHI(A + 8)));
	rig_kick(rig, COPY);
	rig_wait_reg(rig, ENGINE(COPY, STATUS), ~0U, 0);
	assert_int_equal(rig_take_irqs(rig, PDDGPU_IRQ_COPY), 1);
	assert_int_equal(rig_read(rig, ENGINE(COPY, FENCE_LO)), 0x1000);
	assert_int_equal(rig_read(rig, PDDGPU_REG_INJECT_FENCE), 0);
	assert_int_equal(*status, *fence == 1 ? 77 : 0);
	return *fence;
}

static void wrong_fences(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(fence_stored(rig, 0), 0x1000);
	assert_int_equal(fence_stored(rig, FENCE_ORDER(STUCK, 1)), 1);
	assert_int_equal(fence_stored(rig, FENCE_ORDER(FUTURE, 1)), 0x1000 + (1 << 20));
	assert_int_equal(fence_stored(rig, FENCE_ORDER(EARLY, 1)), 0x1001);
	assert_int_equal(fence_stored(rig, FENCE_ORDER(PAST, 1)), 0xfff);
	assert_int_equal(fence_stored(rig, 0), 0x1000);
	/* No count is no order. */
	assert_int_equal(fence_stored(rig, PDDGPU_INJECT_FENCE_STUCK), 0x1000);
}

static void wrong_fences_are_counted_on_both_engines(void **state)
{
	struct rig *rig = *state;
	uint32_t left = FENCE_ORDER(STUCK, 3);

	assert_null(order(rig, PDDGPU_REG_INJECT_FENCE, FENCE_ORDER(PAST, 1)));
	rig_write(rig, PDDGPU_REG_INJECT_FENCE, left);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(rig_read(rig, PDDGPU_REG_INJECT_FENCE), left);
		rig_push(rig, i % 2, WORDS(PDDGPU_PKT(PDDGPU_OP_FENCE, 0, 6), LOHI(A), LOHI(5),
					   LOHI(A + 8)));
		rig_kick(rig, i % 2);
		rig_wait_reg(rig, ENGINE(i % 2, STATUS), ~0U, 0);
		left -= 1 << 8;
	}
	assert_int_equal(*rig_entry(rig, A), 0);
	/* Then it is the host's turn. */
	assert_int_equal(rig_read(rig, PDDGPU_REG_INJECT_FENCE), FENCE_ORDER(PAST, 1));
	assert_int_equal(fence_stored(rig, 0), 0xfff);
}

/* --- Fault ring --------------------------------------------------------- */

static void records_of_noise(void **state)
{
	struct rig *rig = *state;
	struct pddgpu_fault_record first, second;

	rig_write(rig, PDDGPU_REG_INJECT_FAULTS, 2);
	assert_int_equal(rig_num_faults(rig), 2);
	assert_int_equal(rig_take_irqs(rig, PDDGPU_IRQ_FAULT), 2);
	first = rig_take_fault(rig);
	second = rig_take_fault(rig);
	assert_memory_not_equal(&first, &second, sizeof(first));
	rig_write(rig, PDDGPU_REG_INJECT_FAULTS, 20);
	assert_int_equal(rig_num_faults(rig), RIG_NUM_FAULTS - 1);
	assert_int_equal(rig_take_irqs(rig, PDDGPU_IRQ_FAULT), 20);
	assert_true(rig_read(rig, PDDGPU_REG_FAULT_WPTR) & PDDGPU_FAULT_WPTR_OVERFLOW);
	assert_int_equal(rig_fence(rig, COPY), 0);
}

static void records_of_noise_wait_for_a_ring(void **state)
{
	struct rig *rig = *state;

	rig_write(rig, PDDGPU_REG_FAULT_SIZE, 0);
	rig_write(rig, PDDGPU_REG_INJECT_FAULTS, 5);
	rig_write(rig, PDDGPU_REG_RESET, PDDGPU_RESET_MAGIC);
	rig_bring_up(rig);
	assert_int_equal(rig_num_faults(rig), 0);
	rig_write(rig, PDDGPU_REG_FAULT_SIZE, 0);
	assert_null(order(rig, PDDGPU_REG_INJECT_FAULTS, 5));
	rig_write(rig, PDDGPU_REG_RESET, PDDGPU_RESET_MAGIC);
	rig_bring_up(rig);
	assert_int_equal(rig_num_faults(rig), 5);
	assert_true(rig_take_irqs(rig, PDDGPU_IRQ_FAULT) > 0);
}

/* 64 draws that are all 0 are no noise. */
static bool wptr_is_noise(struct rig *rig)
{
	uint32_t all = 0;

	for (unsigned int i = 0; i < 64; i++)
		all |= rig_read(rig, PDDGPU_REG_FAULT_WPTR);
	return all;
}

static void a_write_pointer_of_noise(void **state)
{
	struct rig *rig = *state;

	assert_false(wptr_is_noise(rig));
	rig_write(rig, PDDGPU_REG_INJECT_FAULTS, PDDGPU_INJECT_FAULTS_WPTR);
	assert_true(wptr_is_noise(rig));
	rig_write(rig, PDDGPU_REG_FAULT_SIZE, RIG_NUM_FAULTS);
	assert_false(wptr_is_noise(rig));
	rig_write(rig, PDDGPU_REG_INJECT_FAULTS, PDDGPU_INJECT_FAULTS_WPTR);
	rig_write(rig, PDDGPU_REG_RESET, PDDGPU_RESET_MAGIC);
	assert_false(wptr_is_noise(rig));
	assert_null(order(rig, PDDGPU_REG_INJECT_FAULTS, PDDGPU_INJECT_FAULTS_WPTR));
	reset(rig);
	assert_true(wptr_is_noise(rig));
	card_clear_orders(rig->card, INJECT_HOST);
	assert_false(wptr_is_noise(rig));
}

/* --- DMA ---------------------------------------------------------------- */

static void system_memory_fails(void **state)
{
	struct rig *rig = *state;
	struct pddgpu_fault_record record;

	map_gtt(rig, 8);
	/* Data, in a command buffer: an access a page. */
	rig_write(rig, PDDGPU_REG_INJECT_DMA_ERROR, 1);
	assert_int_equal(rig_run_ib(rig, COPY, 0, WORDS(FILL(GTT(0), 2 * PAGE, 1))),
			 PDDGPU_ERR_BUS);
	record = rig_take_fault(rig);
	assert_int_equal(error_of(&record), PDDGPU_ERR_BUS);
	assert_int_equal(record.address, GTT(0));
	assert_true(record.info & PDDGPU_FAULT_WRITE);
	assert_int_equal(rig_read(rig, PDDGPU_REG_INJECT_DMA_ERROR), 0);
	assert_int_equal(rig_run_ib(rig, COPY, 0, WORDS(FILL(GTT(0), 2 * PAGE, 1))), 0);
	/* VRAM does not. */
	rig_write(rig, PDDGPU_REG_INJECT_DMA_ERROR, 1);
	assert_int_equal(rig_run_ib(rig, COPY, 0, WORDS(FILL(A, 2 * PAGE, 1))), 0);
	assert_int_equal(rig_read(rig, PDDGPU_REG_INJECT_DMA_ERROR), 1);
}

static void system_memory_fails_under_a_command_buffer(void **state)
{
	struct rig *rig = *state;
	struct pddgpu_fault_record record;

	map_gtt(rig, 8);
	rig_write(rig, PDDGPU_REG_INJECT_DMA_ERROR, 1);
	rig_push(rig, COMPUTE, WORDS(PDDGPU_PKT(PDDGPU_OP_INDIRECT, 0, 3), LOHI(GTT(1)), 4));
	assert_int_equal(rig_fence(rig, COMPUTE), PDDGPU_ERR_BUS);
	record = rig_take_fault(rig);
	assert_int_equal(record.address, GTT(1));
}

static void a_fence_that_cannot_be_stored_halts(void **state)
{
	struct rig *rig = *state;

	map_gtt(rig, 8);
	rig_write(rig, PDDGPU_REG_INJECT_DMA_ERROR, 1);
	rig_push(rig, COPY, WORDS(PDDGPU_PKT(PDDGPU_OP_FENCE, 1, 6), LOHI(GTT(2)), LOHI(9),
				  LOHI(GTT(3))));
	assert_int_equal(rig_fence(rig, COPY), -PDDGPU_ERR_BUS);
	assert_int_equal(rig_read(rig, ENGINE(COPY, RING_RPTR)), 0);
	assert_int_equal(rig->guest[2 * PAGE], 0);
	assert_int_equal(rig_take_irqs(rig, PDDGPU_IRQ_COPY), 0);
	rig_take_fault(rig);
	rig_reset_engine(rig, COPY);
	assert_int_equal(rig_fence(rig, COPY), 0);
}

static void a_ring_that_cannot_be_read_halts(void **state)
{
	struct rig *rig = *state;
	struct pddgpu_fault_record record;

	map_gtt(rig, 8);
	rig_write(rig, ENGINE(COPY, CTRL), 0);
	rig_write64(rig, ENGINE(COPY, RING_BASE_LO), GTT(4));
	rig_write(rig, ENGINE(COPY, CTRL), PDDGPU_ENGINE_CTRL_ENABLE);
	rig_write(rig, PDDGPU_REG_INJECT_DMA_ERROR, 1);
	rig_write(rig, PDDGPU_REG_DOORBELL(COPY), 1);
	rig_wait_reg(rig, ENGINE(COPY, STATUS), ~0U, PDDGPU_ENGINE_STATUS_HALTED |
		     (uint32_t)FIELD_PREP(PDDGPU_ENGINE_STATUS_ERROR, PDDGPU_ERR_BUS));
	record = rig_take_fault(rig);
	assert_int_equal(record.address, GTT(4));
}

static void a_fault_record_that_cannot_be_stored_is_dropped(void **state)
{
	struct rig *rig = *state;

	map_gtt(rig, 8);
	rig_write64(rig, PDDGPU_REG_FAULT_BASE_LO, GTT(5));
	rig_write(rig, PDDGPU_REG_INJECT_DMA_ERROR, 1);
	assert_int_equal(rig_run_ib(rig, COPY, 0, WORDS(0xff000000)), PDDGPU_ERR_OPCODE);
	assert_int_equal(rig_read(rig, PDDGPU_REG_FAULT_WPTR), PDDGPU_FAULT_WPTR_OVERFLOW);
	assert_int_equal(rig_take_irqs(rig, PDDGPU_IRQ_FAULT), 1);
	assert_int_equal(rig->guest[5 * PAGE], 0);
}

/* --- Slow --------------------------------------------------------------- */

static void packets_take_longer(void **state)
{
	struct rig *rig = *state;
	uint64_t start = rig_now_ms();

	rig_write(rig, PDDGPU_REG_INJECT_SLOW, 30000);
	assert_null(order(rig, PDDGPU_REG_INJECT_SLOW, 10));
	assert_int_equal(rig_read(rig, PDDGPU_REG_INJECT_SLOW), 30000);
	/* Two in the buffer, the call, the fence. */
	assert_int_equal(rig_run_ib(rig, COPY, 0, WORDS(WRITE_ONE(A, 1), WRITE_ONE(A, 2))), 0);
	assert_true(rig_now_ms() - start >= 120);
	assert_int_equal(rig->card->vram[A], 2);
}

static void a_slow_packet_can_be_stopped(void **state)
{
	struct rig *rig = *state;
	uint64_t start = rig_now_ms();

	rig_write(rig, PDDGPU_REG_INJECT_SLOW, ~0U);
	rig_push(rig, COPY, WORDS(WRITE_ONE(A, 1)));
	rig_kick(rig, COPY);
	rig_wait_reg(rig, ENGINE(COPY, STATUS), ~0U, PDDGPU_ENGINE_STATUS_BUSY);
	card_pause(rig->card);
	card_resume(rig->card);
	rig_write(rig, ENGINE(COPY, CTRL), PDDGPU_ENGINE_CTRL_RESET);
	rig_wait_reg(rig, ENGINE(COPY, CTRL), ~0U, 0);
	assert_int_equal(rig->card->vram[A], 0);
	/* An order that is taken back holds up nothing any longer. */
	rig_write(rig, ENGINE(COPY, CTRL), PDDGPU_ENGINE_CTRL_ENABLE);
	rig->wptr[COPY] = 0;
	rig_push(rig, COPY, WORDS(WRITE_ONE(A, 1)));
	rig_kick(rig, COPY);
	usleep(10000);
	rig_write(rig, PDDGPU_REG_INJECT_SLOW, 0);
	assert_int_equal(rig_fence(rig, COPY), 0);
	assert_true(rig_now_ms() - start < RIG_TIMEOUT_MS);
}

/* --- A reset that is stuck ---------------------------------------------- */

static void an_engine_reset_is_stuck(void **state)
{
	struct rig *rig = *state;

	for (unsigned int e = 0; e < PDDGPU_NUM_ENGINES; e++) {
		rig_write(rig, PDDGPU_REG_INJECT_STUCK_RESET, BIT(e));
		rig_write(rig, PDDGPU_REG_INJECT_HANG, BIT(e));
		rig_push(rig, e, WORDS(WRITE_ONE(A, 1)));
		rig_kick(rig, e);
		rig_wait_reg(rig, PDDGPU_REG_INJECT_HANG, ~0U, 0);
		assert_int_equal(rig_read(rig, PDDGPU_REG_INJECT_STUCK_RESET), BIT(e));
		rig_write(rig, ENGINE(e, CTRL), PDDGPU_ENGINE_CTRL_RESET);
		assert_int_equal(rig_read(rig, PDDGPU_REG_INJECT_STUCK_RESET), 0);
		usleep(10000);
		/* Nor does trying again help, or pretending that it is over. */
		rig_write(rig, ENGINE(e, CTRL), PDDGPU_ENGINE_CTRL_RESET);
		rig_write(rig, ENGINE(e, CTRL), 0);
		rig_write(rig, ENGINE(e, RING_SIZE), 0);
		assert_int_equal(rig_read(rig, ENGINE(e, CTRL)),
				 PDDGPU_ENGINE_CTRL_RESET | PDDGPU_ENGINE_CTRL_ENABLE);
		assert_int_equal(rig_read(rig, ENGINE(e, STATUS)), PDDGPU_ENGINE_STATUS_BUSY);
		assert_int_equal(rig_read(rig, ENGINE(e, RING_SIZE)), RIG_RING_SIZE);
		assert_int_equal(rig_fence(rig, !e), 0);
		reset(rig);
		assert_int_equal(rig_read(rig, ENGINE(e, CTRL)), PDDGPU_ENGINE_CTRL_ENABLE);
		assert_int_equal(rig_fence(rig, e), 0);
		rig_reset_engine(rig, e);
		assert_int_equal(rig_fence(rig, e), 0);
	}
	assert_int_equal(rig->card->vram[A], 0);
}

/* --- Memory errors ------------------------------------------------------ */

static void bad_page(struct rig *rig, uint64_t addr)
{
	struct pddgpu_fault_record record;

	rig_take_irqs(rig, PDDGPU_IRQ_FAULT);
	rig_write(rig, PDDGPU_REG_INJECT_ECC, (uint32_t)(addr / PAGE));
	assert_int_equal(rig_take_irqs(rig, PDDGPU_IRQ_FAULT), 1);
	record = rig_take_fault(rig);
	assert_int_equal(record.info, PDDGPU_FAULT_VALID | PDDGPU_ERR_ECC |
			 FIELD_PREP(PDDGPU_FAULT_ENGINE, PDDGPU_FAULT_ENGINE_NONE));
	assert_int_equal(record.address, addr);
	assert_int_equal(record.fence, 0);
	assert_true(record.timestamp);
}

/* Status of a copy out of VRAM, and the address where it failed. */
static int read_vram(struct rig *rig, uint64_t va, uint64_t bytes, uint64_t *failed)
{
	int status = rig_run_ib(rig, COPY, 0, WORDS(COPY_TO(A + 4 * MIB, va, bytes)));

	rig_take_irqs(rig, PDDGPU_IRQ_FAULT);
	*failed = rig_num_faults(rig) ? rig_take_fault(rig).address : 0;
	return status;
}

static void a_bad_page_cannot_be_read(void **state)
{
	struct rig *rig = *state;
	uint64_t failed;

	memset(rig->card->vram + A, 0x55, 4 * PAGE);
	bad_page(rig, A + PAGE);
	assert_int_equal(read_vram(rig, A, PAGE, &failed), 0);
	assert_int_equal(read_vram(rig, A + 2 * PAGE, PAGE, &failed), 0);
	assert_int_equal(read_vram(rig, A + PAGE + 8, 1, &failed), PDDGPU_ERR_ECC);
	assert_int_equal(failed, A + PAGE + 8);
	memset(rig->card->vram + A + 4 * MIB, 0, 4 * PAGE);
	assert_int_equal(read_vram(rig, A + 16, 4 * PAGE, &failed), PDDGPU_ERR_ECC);
	assert_int_equal(failed, A + PAGE);
	/* What lies before it has been copied, and nothing else. */
	assert_int_equal(rig->card->vram[A + 4 * MIB + PAGE - 17], 0x55);
	assert_int_equal(rig->card->vram[A + 4 * MIB + PAGE - 16], 0);
	/* The CPU sees no error. */
	assert_int_equal(rig->card->vram[A + PAGE], 0x55);
}

static void a_bad_page_under_a_command_buffer(void **state)
{
	struct rig *rig = *state;
	struct pddgpu_fault_record record;

	bad_page(rig, RIG_IB);
	assert_int_equal(rig_run_ib(rig, COMPUTE, 0, WORDS(0)), PDDGPU_ERR_ECC);
	record = rig_take_fault(rig);
	assert_int_equal(record.address, RIG_IB);
	assert_int_equal(FIELD_GET(PDDGPU_FAULT_ENGINE, record.info), COMPUTE);
}

static void a_bad_page_under_a_ring_halts(void **state)
{
	struct rig *rig = *state;

	bad_page(rig, RIG_RING(COMPUTE));
	assert_int_equal(rig_fence(rig, COMPUTE), -PDDGPU_ERR_ECC);
	assert_int_equal(rig_fence(rig, COPY), 0);
}

static void a_bad_page_under_a_table(void **state)
{
	struct rig *rig = *state;
	struct pddgpu_fault_record record;

	rig_map_ib(rig, 1);
	rig_map(rig, 1, 0x40000000, 0, A | PTE_RW);
	bad_page(rig, rig_map(rig, 1, 0x80000000, 0, A | PTE_RW) & ~(PAGE - 1));
	assert_int_equal(rig_run_ib(rig, COPY, 1, WORDS(WRITE_ONE(0x40000000, 1))), 0);
	assert_int_equal(rig_run_ib(rig, COPY, 1, WORDS(WRITE_ONE(0x80000000, 1))),
			 PDDGPU_ERR_ECC);
	record = rig_take_fault(rig);
	assert_int_equal(record.address, 0x80000000);
	map_gtt(rig, 1);
	bad_page(rig, RIG_GART);
	assert_int_equal(rig_run_ib(rig, COPY, 0, WORDS(WRITE_ONE(GTT(0), 1))), PDDGPU_ERR_ECC);
}

static void writing_all_of_a_page_heals_it(void **state)
{
	struct rig *rig = *state;
	uint64_t failed;

	bad_page(rig, A);
	assert_int_equal(rig_run_ib(rig, COPY, 0, WORDS(FILL(A + 4, PAGE, 1))), 0);
	assert_int_equal(rig_run_ib(rig, COPY, 0, WORDS(FILL(A, PAGE - 4, 1))), 0);
	assert_int_equal(read_vram(rig, A, 4, &failed), PDDGPU_ERR_ECC);
	assert_int_equal(rig_run_ib(rig, COPY, 0, WORDS(FILL(A, PAGE, 1))), 0);
	assert_int_equal(read_vram(rig, A, 4, &failed), 0);
	/* In the middle of a larger write, of the other engine, at the host's order. */
	assert_null(order(rig, PDDGPU_REG_INJECT_ECC, (A + PAGE) / PAGE));
	rig_take_fault(rig);
	assert_int_equal(rig_run_ib(rig, COMPUTE, 0, WORDS(FILL(A + 8, 3 * PAGE, 1))), 0);
	assert_int_equal(read_vram(rig, A, 4 * PAGE, &failed), 0);
	assert_false(inject_armed(&rig->card->inject, INJECT_ECC));
	/* Through a page table. */
	bad_page(rig, A);
	rig_map_ib(rig, 1);
	rig_map(rig, 1, 0x40000000, 0, A | PTE_RW);
	assert_int_equal(rig_run_ib(rig, COPY, 1, WORDS(FILL(0x40000000, PAGE, 1))), 0);
	assert_int_equal(read_vram(rig, A, 4, &failed), 0);
}

static void a_reset_heals_but_for_the_host(void **state)
{
	struct rig *rig = *state;
	uint64_t failed;

	bad_page(rig, A);
	bad_page(rig, A + PAGE);
	assert_null(order(rig, PDDGPU_REG_INJECT_ECC, A / PAGE));
	reset(rig);
	assert_int_equal(read_vram(rig, A + PAGE, 4, &failed), 0);
	assert_int_equal(read_vram(rig, A, 4, &failed), PDDGPU_ERR_ECC);
	card_clear_orders(rig->card, INJECT_HOST);
	assert_int_equal(read_vram(rig, A, 4, &failed), 0);
}

static void bad_pages_are_limited(void **state)
{
	struct rig *rig = *state;

	for (uint32_t i = 0; i < INJECT_MAX_BAD_PAGES; i++)
		assert_null(order(rig, PDDGPU_REG_INJECT_ECC, i));
	assert_null(order(rig, PDDGPU_REG_INJECT_ECC, 0));
	assert_non_null(order(rig, PDDGPU_REG_INJECT_ECC, INJECT_MAX_BAD_PAGES));
	card_clear_orders(rig->card, INJECT_HOST);
	assert_null(order(rig, PDDGPU_REG_INJECT_ECC, INJECT_MAX_BAD_PAGES));
	card_clear_orders(rig->card, INJECT_HOST);
}

/* A copy that reads the same 2 MiB again and again, when one page goes bad. */
static void a_page_goes_bad_under_a_copy(void **state)
{
	struct rig *rig = *state;

	rig_map_ib(rig, 1);
	for (uint64_t at = 0; at < 1024 * MIB; at += 2 * MIB) {
		rig_map(rig, 1, 0x40000000 + at, 1, A | PTE_RW | PDDGPU_PTE_LEAF);
		rig_map(rig, 1, 0x80000000 + at, 1, (A + 2 * MIB) | PTE_RW | PDDGPU_PTE_LEAF);
	}
	memcpy(rig->card->vram + RIG_IB,
	       WORDS(COPY_TO(0x80000000, 0x40000000, 1024 * MIB)) * 4);
	rig_push(rig, COPY, WORDS(PDDGPU_PKT(PDDGPU_OP_INDIRECT, 1, 3), LOHI(RIG_IB), 7));
	rig_kick(rig, COPY);
	rig_wait_reg(rig, ENGINE(COPY, IB_VMID), ~0U, 1);
	rig_write(rig, PDDGPU_REG_INJECT_ECC, (A + MIB) / PAGE);
	assert_int_equal(rig_fence(rig, COPY), PDDGPU_ERR_ECC);
}

/* --- Ones --------------------------------------------------------------- */

static void registers_read_ones_for_a_while(void **state)
{
	struct rig *rig = *state;
	uint64_t end = rig_now_ms() + RIG_TIMEOUT_MS;
	uint64_t pair;

	rig_write(rig, PDDGPU_REG_SCRATCH, 1);
	rig_write(rig, PDDGPU_REG_INJECT_ONES, 100);
	rig_write(rig, PDDGPU_REG_SCRATCH, 2);
	assert_int_equal(rig_read(rig, PDDGPU_REG_ID), ~0U);
	regs_read(rig->card, PDDGPU_REG_SCRATCH & ~7U, 8, &pair);
	assert_true(pair == ~0ULL);
	rig_push(rig, COPY, WORDS(WRITE_ONE(A, 1)));
	rig_kick(rig, COPY);
	while (rig_read(rig, PDDGPU_REG_ID) == ~0U) {
		assert_true(rig_now_ms() < end);
		usleep(1000);
	}
	assert_int_equal(rig_read(rig, PDDGPU_REG_ID), PDDGPU_ID_MAGIC);
	assert_int_equal(rig_read(rig, PDDGPU_REG_SCRATCH), 1);
	assert_int_equal(rig_read(rig, ENGINE(COPY, RING_WPTR)), 0);
	assert_false(inject_armed(&rig->card->inject, INJECT_ONES));
	assert_int_equal(rig_fence(rig, COPY), 0);
}

static void engines_go_on_behind_the_ones(void **state)
{
	struct rig *rig = *state;

	rig_push(rig, COPY, WORDS(PDDGPU_PKT(PDDGPU_OP_WAIT, PDDGPU_WAIT_EQ, 4), LOHI(A), 1, 1,
				  WRITE_ONE(A + 4, 7)));
	rig_kick(rig, COPY);
	rig_write(rig, PDDGPU_REG_INJECT_ONES, 0);
	__atomic_store_n(rig->card->vram + A, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(rig->card->vram + A + 4, __ATOMIC_ACQUIRE))
		usleep(1000);
	assert_int_equal(rig_read(rig, PDDGPU_REG_ID), ~0U);
}

static void ones_end_with_power_or_by_the_host(void **state)
{
	struct rig *rig = *state;

	rig_write(rig, PDDGPU_REG_INJECT_ONES, 0);
	card_function_reset(rig->card);
	assert_int_equal(rig_read(rig, PDDGPU_REG_ID), ~0U);
	card_disconnect(rig->card);
	assert_int_equal(rig_read(rig, PDDGPU_REG_ID), PDDGPU_ID_MAGIC);
	assert_null(order(rig, PDDGPU_REG_INJECT_ONES, 0));
	card_disconnect(rig->card);
	assert_int_equal(rig_read(rig, PDDGPU_REG_ID), ~0U);
	card_clear_orders(rig->card, INJECT_HOST);
	assert_int_equal(rig_read(rig, PDDGPU_REG_ID), PDDGPU_ID_MAGIC);
}

/* --- Vanishing ---------------------------------------------------------- */

/* What is left of a card that vanished: guest memory. */
struct remains {
	uint64_t fence, status, data[2];
};

/* Runs @doom on a rig in a child, which must be killed by it. */
static struct remains vanish(void (*doom)(struct rig *rig))
{
	struct remains *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct remains remains;
	void *state;
	int status;
	pid_t pid;

	assert_ptr_not_equal(shared, MAP_FAILED);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct rig *rig;

		rig_setup(&state);
		rig = state;
		/* VRAM goes with the card, so the data lies in guest memory. */
		map_gtt(rig, 1);
		assert_ptr_equal(mremap(shared, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
					rig->card->dma.windows[0].host),
				 rig->card->dma.windows[0].host);
		doom(rig);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	remains = *shared;
	munmap(shared, PAGE);
	return remains;
}

static void push_job(struct rig *rig, unsigned int n)
{
	rig_push(rig, COPY, WORDS(WRITE_ONE(GTT(0) + 16 + 8 * n, 1),
				  PDDGPU_PKT(PDDGPU_OP_FENCE, 1, 6), LOHI(GTT(0)), LOHI(n + 1),
				  LOHI(GTT(0) + 8)));
}

static void run_into_it(struct rig *rig)
{
	push_job(rig, 0);
	push_job(rig, 1);
	rig_kick(rig, COPY);
	sleep(RIG_TIMEOUT_MS / 1000);
}

static void doom_at_once(struct rig *rig)
{
	rig_write(rig, PDDGPU_REG_INJECT_VANISH, 0);
}

static void doom_a_write(struct rig *rig)
{
	rig_write(rig, PDDGPU_REG_INJECT_VANISH, 3);
	run_into_it(rig);
}

static void doom_a_fence(struct rig *rig)
{
	((struct remains *)rig->card->dma.windows[0].host)->status = 77;
	order(rig, PDDGPU_REG_INJECT_VANISH, 2);
	/* No reset helps. */
	reset(rig);
	card_function_reset(rig->card);
	rig_bring_up(rig);
	run_into_it(rig);
}

static void the_card_vanishes(void **state)
{
	struct remains remains;

	(void)state;
	vanish(doom_at_once);
	remains = vanish(doom_a_write);
	assert_int_equal(remains.fence, 1);
	assert_int_equal(remains.data[1], 1);
	/* In the middle: status without value. */
	remains = vanish(doom_a_fence);
	assert_int_equal(remains.data[0], 1);
	assert_int_equal(remains.fence, 0);
	assert_int_equal((uint32_t)remains.status, 0);
}

static void vanishing_can_be_taken_back(void **state)
{
	struct rig *rig = *state;

	rig_write(rig, PDDGPU_REG_INJECT_VANISH, 3);
	assert_null(order(rig, PDDGPU_REG_INJECT_VANISH, 3));
	rig_fence(rig, COPY);
	card_clear_orders(rig->card, INJECT_HOST);
	card_clear_orders(rig->card, INJECT_GUEST);
	for (unsigned int i = 0; i < 5; i++)
		assert_int_equal(rig_fence(rig, COPY), 0);
}

/* --- Forgetting --------------------------------------------------------- */

/* A pattern at three places, the last page of VRAM among them. */
static const uint64_t memories[] = { 0, A + PAGE, RIG_VRAM - PAGE };

static void remember(struct rig *rig)
{
	for (size_t i = 0; i < ARRAY_SIZE(memories); i++)
		memset(rig->card->vram + memories[i], 0x5a, PAGE);
}

/* Words of the three pages that have a value, of 3 * 512. */
static unsigned int count_words(struct rig *rig, uint64_t value)
{
	unsigned int count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(memories); i++)
		for (uint64_t at = 0; at < PAGE; at += 8)
			count += *rig_entry(rig, memories[i] + at) == value;
	return count;
}

static void vram_is_noise_after_a_function_reset(void **state)
{
	struct rig *rig = *state;

	remember(rig);
	rig_write(rig, PDDGPU_REG_INJECT_FORGET, 1);
	rig_write(rig, PDDGPU_REG_RESET, PDDGPU_RESET_MAGIC);
	assert_int_equal(count_words(rig, 0x5a5a5a5a5a5a5a5aULL), 3 * 512);
	assert_int_equal(rig_read(rig, PDDGPU_REG_INJECT_FORGET), 1);
	card_function_reset(rig->card);
	assert_int_equal(rig_read(rig, PDDGPU_REG_INJECT_FORGET), 0);
	assert_int_equal(count_words(rig, 0x5a5a5a5a5a5a5a5aULL), 0);
	assert_int_equal(count_words(rig, 0), 0);
	remember(rig);
	card_function_reset(rig->card);
	assert_int_equal(count_words(rig, 0x5a5a5a5a5a5a5a5aULL), 3 * 512);
	rig_bring_up(rig);
	memset(rig->card->vram + RIG_FENCE(0), 0, PAGE);
	assert_int_equal(rig_fence(rig, COPY), 0);
}

static void forgetting_can_be_taken_back(void **state)
{
	struct rig *rig = *state;

	remember(rig);
	rig_write(rig, PDDGPU_REG_INJECT_FORGET, 1);
	rig_write(rig, PDDGPU_REG_INJECT_FORGET, 2);
	assert_int_equal(rig_read(rig, PDDGPU_REG_INJECT_FORGET), 0);
	card_function_reset(rig->card);
	assert_int_equal(count_words(rig, 0x5a5a5a5a5a5a5a5aULL), 3 * 512);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_reset_takes_back_orders_of_registers),
		TEST(orders_of_both_sides_add_up),
		TEST(bad_orders_are_refused),
		TEST(a_storm_raises_what_is_enabled),
		TEST(a_storm_blows_over),
		TEST(wrong_fences),
		TEST(wrong_fences_are_counted_on_both_engines),
		TEST(records_of_noise),
		TEST(records_of_noise_wait_for_a_ring),
		TEST(a_write_pointer_of_noise),
		TEST(system_memory_fails),
		TEST(system_memory_fails_under_a_command_buffer),
		TEST(a_fence_that_cannot_be_stored_halts),
		TEST(a_ring_that_cannot_be_read_halts),
		TEST(a_fault_record_that_cannot_be_stored_is_dropped),
		TEST(packets_take_longer),
		TEST(a_slow_packet_can_be_stopped),
		TEST(an_engine_reset_is_stuck),
		TEST(a_bad_page_cannot_be_read),
		TEST(a_bad_page_under_a_command_buffer),
		TEST(a_bad_page_under_a_ring_halts),
		TEST(a_bad_page_under_a_table),
		TEST(writing_all_of_a_page_heals_it),
		TEST(a_reset_heals_but_for_the_host),
		TEST(bad_pages_are_limited),
		TEST(a_page_goes_bad_under_a_copy),
		TEST(registers_read_ones_for_a_while),
		TEST(engines_go_on_behind_the_ones),
		TEST(ones_end_with_power_or_by_the_host),
		cmocka_unit_test(the_card_vanishes),
		TEST(vanishing_can_be_taken_back),
		TEST(vram_is_noise_after_a_function_reset),
		TEST(forgetting_can_be_taken_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
