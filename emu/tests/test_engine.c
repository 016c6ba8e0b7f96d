// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Engines: stopping them whatever they do, hangs, interrupts and fences. */
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rig.h"

#define ENGINE(e, reg)	(PDDGPU_REG_ENGINE(e) + PDDGPU_ENGINE_##reg)
#define A		RIG_DATA
#define HUGE_VA		0x100000000000ULL
#define HUGE_PAGES	512

/*
 * CPU time, because the machine may have other things to do.  Sanitizers slow
 * everything down; without them it is some 100 us.
 */
#define STOP_CPU_MS	50

/* 1 GiB of addresses that all are the same 2 MiB: work for a long time. */
static int setup(void **state)
{
	int ret = rig_setup(state);

	rig_map_ib(*state, 1);
	for (uint64_t i = 0; i < HUGE_PAGES; i++) {
		rig_map(*state, 1, HUGE_VA + i * 2 * MIB, 1, A | PTE_RW | PDDGPU_PTE_LEAF);
		rig_map(*state, 1, 2 * HUGE_VA - i * 2 * MIB - 2 * MIB, 1,
			(A + 2 * MIB) | PTE_RW | PDDGPU_PTE_LEAF);
	}
	return ret;
}

static uint64_t cpu_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void start_ib(struct rig *rig, unsigned int e, const uint32_t *words, size_t count)
{
	memcpy(rig->card->vram + RIG_IB, words, count * sizeof(*words));
	rig_push(rig, e, WORDS(PDDGPU_PKT(PDDGPU_OP_INDIRECT, 1, 3), LOHI(RIG_IB),
			       (uint32_t)count));
	rig_kick(rig, e);
	rig_wait_reg(rig, ENGINE(e, IB_VMID), ~0U, 1);
}

/* Resets a busy engine; it must stop soon, and work again. */
static void expect_stop(struct rig *rig, unsigned int e)
{
	uint64_t start;

	usleep(2000);
	assert_true(rig_read(rig, ENGINE(e, STATUS)) & PDDGPU_ENGINE_STATUS_BUSY);
	start = cpu_ms();
	rig_reset_engine(rig, e);
	assert_true(cpu_ms() - start <= STOP_CPU_MS);
	assert_int_equal(rig_read(rig, ENGINE(e, STATUS)), 0);
	assert_int_equal(rig_read(rig, ENGINE(e, IB_VMID)), ~0U);
	assert_int_equal(rig_read(rig, ENGINE(e, IB_BASE_LO)), 0);
	assert_int_equal(rig_read(rig, ENGINE(e, RING_WPTR)), 0);
	assert_int_equal(rig_num_faults(rig), 0);
	assert_int_equal(rig_fence(rig, e), 0);
}

#define EXPECT_STOP(e, ...) do { \
	start_ib(rig, e, WORDS(__VA_ARGS__)); \
	expect_stop(rig, e); \
} while (0)

static void long_packets_stop(void **state)
{
	struct rig *rig = *state;
	const uint64_t to = HUGE_VA, from = 2 * HUGE_VA - HUGE_PAGES * 2 * MIB, size = 1024 * MIB;

	EXPECT_STOP(COPY, PDDGPU_PKT(PDDGPU_OP_FILL, 0, 5), LOHI(to), LOHI(size), 1);
	EXPECT_STOP(COPY, PDDGPU_PKT(PDDGPU_OP_COPY, 0, 6), LOHI(from), LOHI(to), LOHI(size));
	EXPECT_STOP(COPY, PDDGPU_PKT(PDDGPU_OP_COPY_RECT, 0, 8), LOHI(from), LOHI(to), 1, 1, 1,
		    (uint32_t)size);
	EXPECT_STOP(COPY, PDDGPU_PKT(PDDGPU_OP_WAIT, PDDGPU_WAIT_EQ, 4), LOHI(to), 1, 1);
	EXPECT_STOP(COMPUTE, PDDGPU_PKT(PDDGPU_OP_MAP, PDDGPU_MAP_HASH, 9), LOHI(from), 0, 0,
		    LOHI(to), LOHI(size / 4), 1);
	EXPECT_STOP(COMPUTE, PDDGPU_PKT(PDDGPU_OP_CRC32, 0, 6), LOHI(from), LOHI(size), LOHI(to));
	EXPECT_STOP(COMPUTE, PDDGPU_PKT(PDDGPU_OP_MANDELBROT, 0, 9), LOHI(to), 0x10000, 16384,
		    16384, 0, 0, 0, 65535);
}

static void a_write_pte_stops(void **state)
{
	struct rig *rig = *state;
	uint32_t words[8 * 64];

	for (size_t i = 0; i < 64; i++)
		memcpy(words + 8 * i, WORDS(PDDGPU_PKT(PDDGPU_OP_WRITE_PTE, 0, 7), LOHI(A), 0, 0,
					    0, 0, PDDGPU_WRITE_PTE_MAX) * sizeof(uint32_t));
	memcpy(rig->card->vram + RIG_IB, words, sizeof(words));
	rig_push(rig, COPY, WORDS(PDDGPU_PKT(PDDGPU_OP_INDIRECT, 0, 3), LOHI(RIG_IB), 8 * 64));
	rig_kick(rig, COPY);
	rig_wait_reg(rig, ENGINE(COPY, IB_VMID), ~0U, 0);
	expect_stop(rig, COPY);
}

static void a_card_reset_stops_both_engines(void **state)
{
	struct rig *rig = *state;
	uint64_t start;

	start_ib(rig, COPY, WORDS(PDDGPU_PKT(PDDGPU_OP_FILL, 0, 5), LOHI(HUGE_VA),
				  LOHI(1024 * MIB), 1));
	rig_write(rig, PDDGPU_REG_INJECT_HANG, BIT(COMPUTE));
	rig_push(rig, COMPUTE, WORDS(0));
	rig_kick(rig, COMPUTE);
	rig_wait_reg(rig, PDDGPU_REG_INJECT_HANG, ~0U, 0);
	start = cpu_ms();
	rig_write(rig, PDDGPU_REG_RESET, PDDGPU_RESET_MAGIC);
	assert_true(cpu_ms() - start <= STOP_CPU_MS);
	assert_int_equal(rig_read(rig, ENGINE(COPY, STATUS)), 0);
	assert_int_equal(rig_read(rig, ENGINE(COMPUTE, STATUS)), 0);
	rig_bring_up(rig);
	assert_int_equal(rig_fence(rig, COPY), 0);
	assert_int_equal(rig_fence(rig, COMPUTE), 0);
}

static void a_busy_card_can_be_destroyed(void **state)
{
	struct rig *rig = *state;

	start_ib(rig, COPY, WORDS(PDDGPU_PKT(PDDGPU_OP_FILL, 0, 5), LOHI(HUGE_VA),
				  LOHI(1024 * MIB), 1));
	rig_write(rig, PDDGPU_REG_INJECT_HANG, BIT(COMPUTE));
	rig_push(rig, COMPUTE, WORDS(0));
	rig_kick(rig, COMPUTE);
	/* The teardown does it. */
}

static void disabling_ends_after_the_packet(void **state)
{
	struct rig *rig = *state;

	rig_push(rig, COPY, WORDS(PDDGPU_PKT(PDDGPU_OP_NOP, 0, 0),
				  PDDGPU_PKT(PDDGPU_OP_WAIT, PDDGPU_WAIT_EQ, 4), LOHI(A), 1, 1,
				  PDDGPU_PKT(PDDGPU_OP_WRITE, 0, 3), LOHI(A + 4), 7));
	rig_kick(rig, COPY);
	rig_wait_reg(rig, ENGINE(COPY, RING_RPTR), ~0U, 1);
	usleep(1000);
	rig_write(rig, ENGINE(COPY, CTRL), 0);
	rig_write(rig, ENGINE(COPY, RING_SIZE), 0x1000);
	assert_int_equal(rig_read(rig, ENGINE(COPY, RING_SIZE)), RIG_RING_SIZE);
	__atomic_store_n(rig->card->vram + A, 1, __ATOMIC_RELEASE);
	rig_wait_reg(rig, ENGINE(COPY, STATUS), ~0U, 0);
	assert_int_equal(rig_read(rig, ENGINE(COPY, RING_RPTR)), 6);
	assert_int_equal(rig->card->vram[A + 4], 0);
	rig_write(rig, ENGINE(COPY, CTRL), PDDGPU_ENGINE_CTRL_ENABLE);
	assert_int_equal(rig_fence(rig, COPY), 0);
	assert_int_equal(rig->card->vram[A + 4], 7);
}

/* --- Hangs -------------------------------------------------------------- */

static void a_hang_lasts_until_a_reset(void **state)
{
	struct rig *rig = *state;

	for (unsigned int e = 0; e < PDDGPU_NUM_ENGINES; e++) {
		uint32_t rptr = rig_read(rig, ENGINE(e, RING_RPTR));

		rig_write(rig, PDDGPU_REG_INJECT_HANG, BIT(e));
		rig_push(rig, e, WORDS(PDDGPU_PKT(PDDGPU_OP_WRITE, 0, 3), LOHI(A), 1));
		rig_kick(rig, e);
		rig_wait_reg(rig, PDDGPU_REG_INJECT_HANG, ~0U, 0);
		usleep(20000);
		assert_true(rig_read(rig, ENGINE(e, STATUS)) & PDDGPU_ENGINE_STATUS_BUSY);
		assert_int_equal(rig_read(rig, ENGINE(e, RING_RPTR)), rptr);
		assert_int_equal(rig->card->vram[A], 0);
		assert_int_equal(rig_fence(rig, !e), 0);
		expect_stop(rig, e);
		assert_int_equal(rig->card->vram[A], 0);
	}
}

static void a_hang_in_a_buffer_shows_where(void **state)
{
	struct rig *rig = *state;

	rig_push(rig, COMPUTE, WORDS(PDDGPU_PKT(PDDGPU_OP_WAIT, PDDGPU_WAIT_EQ, 4), LOHI(A), 1, 1));
	memcpy(rig->card->vram + RIG_IB, WORDS(0, 0, PDDGPU_PKT(PDDGPU_OP_WAIT, PDDGPU_WAIT_EQ, 4),
					       LOHI(HUGE_VA), 2, 2) * 4);
	rig_push(rig, COMPUTE, WORDS(PDDGPU_PKT(PDDGPU_OP_INDIRECT, 1, 3), LOHI(RIG_IB), 7));
	rig_kick(rig, COMPUTE);
	__atomic_store_n(rig->card->vram + A, 1, __ATOMIC_RELEASE);
	rig_wait_reg(rig, ENGINE(COMPUTE, IB_RPTR), ~0U, 2);
	assert_int_equal(rig_read(rig, ENGINE(COMPUTE, IB_VMID)), 1);
	assert_int_equal(rig_read(rig, ENGINE(COMPUTE, IB_BASE_LO)), RIG_IB);
	assert_int_equal(rig_read(rig, ENGINE(COMPUTE, RING_RPTR)), 5);
	expect_stop(rig, COMPUTE);
}

static void a_host_ordered_hang_outlives_resets(void **state)
{
	struct rig *rig = *state;

	assert_null(inject_write(rig->card, INJECT_HOST, PDDGPU_REG_INJECT_HANG, BIT(COPY)));
	rig_write(rig, PDDGPU_REG_INJECT_HANG, 0);
	rig_write(rig, PDDGPU_REG_RESET, PDDGPU_RESET_MAGIC);
	assert_int_equal(rig_read(rig, PDDGPU_REG_INJECT_HANG), BIT(COPY));
	rig_bring_up(rig);
	rig_push(rig, COPY, WORDS(0));
	rig_kick(rig, COPY);
	rig_wait_reg(rig, PDDGPU_REG_INJECT_HANG, ~0U, 0);
	expect_stop(rig, COPY);
}

static void a_reset_forgets_the_pending_error(void **state)
{
	struct rig *rig = *state;

	memcpy(rig->card->vram + RIG_IB, WORDS(0xff000000) * 4);
	rig_push(rig, COPY, WORDS(PDDGPU_PKT(PDDGPU_OP_INDIRECT, 1, 3), LOHI(RIG_IB), 1));
	rig_kick(rig, COPY);
	rig_wait_reg(rig, ENGINE(COPY, RING_RPTR), ~0U, 4);
	rig_reset_engine(rig, COPY);
	assert_int_equal(rig_fence(rig, COPY), 0);
	rig_take_fault(rig);
}

static void control_is_locked_during_a_reset(void **state)
{
	struct rig *rig = *state;
	struct engine *e = &rig->card->engines[COPY];

	/* Keep the thread from doing it, so that the bit can be seen. */
	pthread_mutex_lock(&e->lock);
	e->reset = true;
	pthread_mutex_unlock(&e->lock);
	rig_write(rig, ENGINE(COPY, CTRL), 0);
	assert_int_equal(rig_read(rig, ENGINE(COPY, CTRL)),
			 PDDGPU_ENGINE_CTRL_RESET | PDDGPU_ENGINE_CTRL_ENABLE);
	rig_reset_engine(rig, COPY);
	assert_int_equal(rig_fence(rig, COPY), 0);
}

/* --- Fences and interrupts ---------------------------------------------- */

static void a_fence_counts_and_interrupts(void **state)
{
	struct rig *rig = *state;

	for (unsigned int e = 0; e < PDDGPU_NUM_ENGINES; e++) {
		assert_int_equal(rig_fence(rig, e), 0);
		assert_int_equal(rig_take_irqs(rig, e), 1);
		assert_int_equal(rig_take_irqs(rig, !e), 0);
		assert_int_equal(rig_read(rig, ENGINE(e, FENCE_LO)), 1);
		assert_int_equal(rig_stat(rig, e, PDDGPU_STAT_JOBS), 1);
		assert_int_equal(rig_stat(rig, e, PDDGPU_STAT_IRQS), 1);
		assert_true(rig_stat(rig, e, PDDGPU_STAT_BUSY_NS) > 0);
	}
	assert_int_equal(rig_read(rig, PDDGPU_REG_IRQ_STATUS), 3);
}

static void a_fence_stores_64_bits(void **state)
{
	struct rig *rig = *state;
	const uint64_t value = 0xfedcba9876543210ULL;

	assert_int_equal(rig_run(rig, COPY, WORDS(PDDGPU_PKT(PDDGPU_OP_FENCE, 0, 6), LOHI(A),
						  LOHI(value), LOHI(A + 12))), 0);
	assert_true(*(uint64_t *)(rig->card->vram + A) == value);
	assert_int_equal(rig_take_irqs(rig, COPY), 1);
}

/* Where the two overlap, memory tells which was stored last. */
static void the_status_is_stored_before_the_value(void **state)
{
	struct rig *rig = *state;
	const uint64_t value = 0xfedcba9876543210ULL;

	assert_int_equal(rig_run(rig, COPY, WORDS(PDDGPU_PKT(PDDGPU_OP_FENCE, 0, 6), LOHI(A),
						  LOHI(value), LOHI(A + 4))), 0);
	assert_true(*(uint64_t *)(rig->card->vram + A) == value);
}

static void refused_fences(void **state)
{
	static const struct {
		int err;
		uint32_t words[7];
	} broken[] = {
		{ PDDGPU_ERR_OPERAND, { PDDGPU_PKT(PDDGPU_OP_FENCE, 2, 6), A, 0, 1, 0, A, 0 } },
		{ PDDGPU_ERR_OPERAND, { PDDGPU_PKT(PDDGPU_OP_FENCE, 0, 6), A + 4, 0, 1, 0, A, 0 } },
		{ PDDGPU_ERR_OPERAND, { PDDGPU_PKT(PDDGPU_OP_FENCE, 0, 6), A, 0, 1, 0, A + 2, 0 } },
		{ PDDGPU_ERR_UNMAPPED, { PDDGPU_PKT(PDDGPU_OP_FENCE, 0, 6), RIG_VRAM, 0, 1, 0, A,
					 0 } },
		{ PDDGPU_ERR_UNMAPPED, { PDDGPU_PKT(PDDGPU_OP_FENCE, 0, 6), A, 0, 1, 0, RIG_VRAM,
					 0 } },
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		assert_int_equal(rig_run(rig, COPY, broken[i].words, 7), -broken[i].err);
		assert_int_equal(rig->card->vram[A], 0);
		rig_reset_engine(rig, COPY);
	}
}

struct watch {
	struct rig *rig;
	uint64_t last;
	unsigned int bad;
};

/* Reads value, then status, then data, as a driver does: newer, never older. */
static void *watch_fences(void *arg)
{
	struct watch *watch = arg;
	uint8_t *vram = watch->rig->card->vram;

	for (;;) {
		uint64_t value = __atomic_load_n((uint64_t *)(vram + A), __ATOMIC_ACQUIRE);
		uint32_t data = __atomic_load_n((uint32_t *)(vram + A + 64), __ATOMIC_ACQUIRE);

		if (data < value)
			watch->bad++;
		if (value == watch->last)
			return NULL;
	}
}

static void data_is_visible_before_the_fence(void **state)
{
	struct rig *rig = *state;
	struct watch watch = { .rig = rig, .last = 2000 };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, watch_fences, &watch), 0);
	for (uint32_t i = 1; i <= watch.last; i++) {
		rig_push(rig, COPY, WORDS(PDDGPU_PKT(PDDGPU_OP_WRITE, 0, 3), LOHI(A + 64), i,
					  PDDGPU_PKT(PDDGPU_OP_FENCE, 0, 6), LOHI(A), i, 0,
					  LOHI(A + 8)));
		rig_kick(rig, COPY);
		if (i % 100 == 0)
			assert_int_equal(rig_fence(rig, COPY), 0);
	}
	pthread_join(thread, NULL);
	assert_int_equal(watch.bad, 0);
}

/* The interrupt comes last: who gets it finds value and status in memory. */
static void the_fence_is_in_memory_before_the_interrupt(void **state)
{
	struct rig *rig = *state;

	for (uint64_t i = 1; i <= 500; i++) {
		uint64_t end = rig_now_ms() + RIG_TIMEOUT_MS;

		rig_push(rig, COPY, WORDS(PDDGPU_PKT(PDDGPU_OP_FENCE, PDDGPU_FENCE_FLAG_IRQ, 6),
					  LOHI(A), LOHI(i), LOHI(A + 8)));
		*(uint32_t *)(rig->card->vram + A + 8) = ~0U;
		rig_kick(rig, COPY);
		while (!rig_take_irqs(rig, COPY))
			assert_true(rig_now_ms() < end);
		assert_true(*(uint64_t *)(rig->card->vram + A) == i);
		assert_int_equal(*(uint32_t *)(rig->card->vram + A + 8), 0);
	}
}

static void interrupts_are_enabled_by_vector(void **state)
{
	struct rig *rig = *state;

	rig_write(rig, PDDGPU_REG_IRQ_ENABLE, BIT(PDDGPU_IRQ_COMPUTE));
	rig_fence(rig, COPY);
	rig_fence(rig, COMPUTE);
	assert_int_equal(rig_take_irqs(rig, COPY), 0);
	assert_int_equal(rig_take_irqs(rig, COMPUTE), 1);
	assert_int_equal(rig_read(rig, PDDGPU_REG_IRQ_STATUS), 3);
	/* What is pending is sent when it is enabled, unless it was cleared. */
	rig_write(rig, PDDGPU_REG_IRQ_ENABLE, 0xf);
	assert_int_equal(rig_take_irqs(rig, COPY), 1);
	assert_int_equal(rig_take_irqs(rig, COMPUTE), 0);
	rig_write(rig, PDDGPU_REG_IRQ_ENABLE, 0);
	rig_write(rig, PDDGPU_REG_IRQ_STATUS, BIT(PDDGPU_IRQ_COPY));
	assert_int_equal(rig_read(rig, PDDGPU_REG_IRQ_STATUS), BIT(PDDGPU_IRQ_COMPUTE));
	rig_write(rig, PDDGPU_REG_IRQ_ENABLE, BIT(PDDGPU_IRQ_COPY));
	assert_int_equal(rig_take_irqs(rig, COPY), 0);
}

static void lost_interrupts(void **state)
{
	struct rig *rig = *state;

	rig_write(rig, PDDGPU_REG_INJECT_LOSE_IRQ, 2);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(rig_take_irqs(rig, COPY), 0);
		rig_fence(rig, COPY);
		assert_int_equal(rig_read(rig, PDDGPU_REG_INJECT_LOSE_IRQ), i < 2 ? 1 - i : 0);
	}
	assert_int_equal(rig_take_irqs(rig, COPY), 1);
	assert_int_equal(rig_read(rig, PDDGPU_REG_IRQ_STATUS), 1);
}

static void no_bus_mastering_no_interrupts(void **state)
{
	struct rig *rig = *state;

	card_set_bus_master(rig->card, false);
	rig_fence(rig, COPY);
	assert_int_equal(rig_take_irqs(rig, COPY), 0);
	assert_int_equal(rig_read(rig, PDDGPU_REG_IRQ_STATUS), 1);
}

/* --- Both engines and the register file at once ------------------------- */

static void *flush_for_ever(void *arg)
{
	struct rig *rig = arg;

	for (int i = 0; i < 2000; i++)
		card_tlb_invalidate(rig->card, 0xffff, NULL);
	return NULL;
}

static void flushes_from_everywhere_end(void **state)
{
	struct rig *rig = *state;
	const uint32_t flush[] = { PDDGPU_PKT(PDDGPU_OP_TLB_FLUSH, 0, 1), 0xffff };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, flush_for_ever, rig), 0);
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 200; i++) {
			rig_push(rig, COPY, flush, ARRAY_SIZE(flush));
			rig_push(rig, COMPUTE, flush, ARRAY_SIZE(flush));
		}
		rig_kick(rig, COPY);
		assert_int_equal(rig_fence(rig, COMPUTE), 0);
		assert_int_equal(rig_fence(rig, COPY), 0);
	}
	pthread_join(thread, NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(long_packets_stop),
		TEST(a_write_pte_stops),
		TEST(a_card_reset_stops_both_engines),
		TEST(a_busy_card_can_be_destroyed),
		TEST(disabling_ends_after_the_packet),
		TEST(a_hang_lasts_until_a_reset),
		TEST(a_hang_in_a_buffer_shows_where),
		TEST(a_host_ordered_hang_outlives_resets),
		TEST(a_reset_forgets_the_pending_error),
		TEST(control_is_locked_during_a_reset),
		TEST(a_fence_counts_and_interrupts),
		TEST(a_fence_stores_64_bits),
		TEST(the_status_is_stored_before_the_value),
		TEST(refused_fences),
		TEST(data_is_visible_before_the_fence),
		TEST(the_fence_is_in_memory_before_the_interrupt),
		TEST(interrupts_are_enabled_by_vector),
		TEST(lost_interrupts),
		TEST(no_bus_mastering_no_interrupts),
		TEST(flushes_from_everywhere_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
