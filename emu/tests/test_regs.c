// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <stdlib.h>
#include <string.h>

#include "rig.h"

#define ENGINE(e, reg)	(PDDGPU_REG_ENGINE(e) + PDDGPU_ENGINE_##reg)

static void identity(void **state)
{
	struct rig *rig = *state;
	uint32_t caps = rig_read(rig, PDDGPU_REG_CAPS);
	static const uint32_t pages[] = RIG_ONCHIP_PAGES;
	static const char magic[4] = "PDDG";
	uint32_t id = rig_read(rig, PDDGPU_REG_ID);

	assert_int_equal(id, PDDGPU_ID_MAGIC);
	assert_int_not_equal(FIELD_GET(PDDGPU_VERSION_MAJOR, rig_read(rig, PDDGPU_REG_VERSION)), 0);
	assert_int_equal(FIELD_GET(PDDGPU_CAPS_ENGINES, caps), PDDGPU_NUM_ENGINES);
	assert_int_equal(FIELD_GET(PDDGPU_CAPS_VMIDS, caps), PDDGPU_NUM_VMIDS);
	assert_int_equal(FIELD_GET(PDDGPU_CAPS_DMA_BITS, caps), 40);
	assert_int_equal(FIELD_GET(PDDGPU_CAPS_HEADS, caps), 0);
	assert_int_equal(rig_read(rig, PDDGPU_REG_VRAM_SIZE_LO), RIG_VRAM);
	assert_int_equal(rig_read(rig, PDDGPU_REG_VRAM_SIZE_HI), 0);
	assert_int_equal(rig_read(rig, PDDGPU_REG_APERTURE_SIZE_LO), RIG_APERTURE);
	assert_memory_equal(&id, magic, sizeof(magic));
	for (unsigned int h = 0; h < PDDGPU_NUM_ONCHIP; h++)
		assert_int_equal(rig_read(rig, PDDGPU_REG_ONCHIP_PAGES(h)), pages[h]);
}

static void read_only_registers_ignore_writes(void **state)
{
	static const uint32_t regs[] = {
		PDDGPU_REG_ID, PDDGPU_REG_VERSION, PDDGPU_REG_CAPS, PDDGPU_REG_VRAM_SIZE_LO,
		PDDGPU_REG_FAULT_WPTR, ENGINE(0, STATUS), ENGINE(0, RING_RPTR),
		ENGINE(0, RING_WPTR), ENGINE(1, IB_VMID), ENGINE(1, FENCE_LO),
		PDDGPU_REG_STAT_LO(0, 0), PDDGPU_REG_ONCHIP_PAGES(1),
		PDDGPU_REG_ONCHIP_WINDOW(1, 0),
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_SIZE(regs); i++) {
		uint32_t before = rig_read(rig, regs[i]);

		rig_write(rig, regs[i], ~before);
		assert_int_equal(rig_read(rig, regs[i]), before);
	}
}

static void unknown_and_write_only_registers_read_all_ones(void **state)
{
	static const uint32_t regs[] = {
		0x40, 0x108, PDDGPU_REG_RESET, PDDGPU_REG_TLB_INVALIDATE,
		PDDGPU_REG_DOORBELL(0), PDDGPU_REG_DOORBELL(1), PDDGPU_REG_DOORBELL(2),
		PDDGPU_REG_VMID_BASE_LO(0), PDDGPU_REG_VMID_BASE_LO(16), ENGINE(0, FENCE_HI) + 4,
		PDDGPU_REG_ENGINE(2), PDDGPU_REG_STAT_LO(0, PDDGPU_NUM_STATS),
		PDDGPU_REG_STAT_LO(2, 0), PDDGPU_REG_ONCHIP_PAGES(PDDGPU_NUM_ONCHIP),
		PDDGPU_REG_ONCHIP_WINDOW(0, 0), PDDGPU_REG_ONCHIP_WINDOW(1, PDDGPU_NUM_ONCHIP),
		PDDGPU_REG_ONCHIP_WINDOW(PDDGPU_NUM_VMIDS, 0), 0x9000, PDDGPU_MMIO_SIZE - 4,
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_SIZE(regs); i++)
		assert_int_equal(rig_read(rig, regs[i]), ~0U);
}

static void odd_accesses_are_dropped(void **state)
{
	struct rig *rig = *state;
	uint8_t bytes[16], ones[16];

	memset(ones, 0xff, sizeof(ones));
	rig_write(rig, PDDGPU_REG_SCRATCH, 0x12345678);
	for (uint32_t size = 1; size <= 16; size++) {
		if (size == 4 || size == 8)
			continue;
		regs_read(rig->card, PDDGPU_REG_SCRATCH, size, bytes);
		assert_memory_equal(bytes, ones, size);
		memset(bytes, 0, sizeof(bytes));
		regs_write(rig->card, PDDGPU_REG_SCRATCH, size, bytes);
	}
	regs_read(rig->card, PDDGPU_REG_SCRATCH + 2, 4, bytes);
	assert_memory_equal(bytes, ones, 4);
	regs_read(rig->card, PDDGPU_REG_SCRATCH, 8, bytes);
	assert_memory_equal(bytes, ones, 8);
	memset(bytes, 0, sizeof(bytes));
	regs_write(rig->card, PDDGPU_REG_SCRATCH + 2, 4, bytes);
	regs_write(rig->card, PDDGPU_REG_SCRATCH, 8, bytes);
	assert_int_equal(rig_read(rig, PDDGPU_REG_SCRATCH), 0x12345678);
}

static void eight_bytes_are_two_registers(void **state)
{
	struct rig *rig = *state;
	uint64_t value = 0x0000123456789000ULL, got = 0;

	regs_write(rig->card, PDDGPU_REG_GART_BASE_LO, 8, &value);
	regs_read(rig->card, PDDGPU_REG_GART_BASE_LO, 8, &got);
	assert_true(got == value);
	assert_int_equal(rig_read(rig, PDDGPU_REG_GART_BASE_HI), 0x1234);
}

static void writable_registers_keep_what_they_can(void **state)
{
	static const struct {
		uint32_t reg, value, kept;
	} regs[] = {
		{ PDDGPU_REG_SCRATCH, 0xdeadbeef, 0xdeadbeef },
		{ PDDGPU_REG_IRQ_ENABLE, ~0U, 0xf },
		{ PDDGPU_REG_VMID_BASE_LO(1), 0xfffff001, 0xfffff001 },
		{ PDDGPU_REG_VMID_BASE_LO(1), 0x1003, 0xfffff001 },
		{ PDDGPU_REG_VMID_BASE_LO(1), 0x1801, 0xfffff001 },
		{ PDDGPU_REG_VMID_BASE_HI(15), 0xffff, 0xffff },
		{ PDDGPU_REG_VMID_BASE_HI(15), 0x10001, 0xffff },
		{ PDDGPU_REG_FAULT_BASE_LO, 0x12345fff, 0x12345000 },
		{ PDDGPU_REG_FAULT_BASE_HI, 0x77, 0x77 },
		{ PDDGPU_REG_FAULT_SIZE, 64, 64 },
		{ PDDGPU_REG_FAULT_SIZE, 63, 64 },
		{ PDDGPU_REG_FAULT_SIZE, 2 * PDDGPU_FAULT_SIZE_MAX, 64 },
		{ PDDGPU_REG_FAULT_RPTR, 63, 63 },
		{ PDDGPU_REG_FAULT_RPTR, 64, 63 },
		{ PDDGPU_REG_GART_BASE_LO, ~0U, 0xfffff000 },
		{ PDDGPU_REG_GART_ENTRIES, PDDGPU_GART_ENTRIES_MAX, PDDGPU_GART_ENTRIES_MAX },
		{ PDDGPU_REG_GART_ENTRIES, PDDGPU_GART_ENTRIES_MAX + 1, PDDGPU_GART_ENTRIES_MAX },
		{ PDDGPU_REG_INJECT_HANG, ~0U, 0x3 },
		{ PDDGPU_REG_INJECT_LOSE_IRQ, 1000, 1000 },
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_SIZE(regs); i++) {
		rig_write(rig, regs[i].reg, regs[i].value);
		assert_int_equal(rig_read(rig, regs[i].reg), regs[i].kept);
	}
}

static void ring_registers_are_locked_while_enabled(void **state)
{
	struct rig *rig = *state;

	rig_write(rig, ENGINE(0, RING_BASE_LO), 0x700000);
	rig_write(rig, ENGINE(0, RING_SIZE), 0x1000);
	assert_int_equal(rig_read(rig, ENGINE(0, RING_BASE_LO)), RIG_RING(0));
	assert_int_equal(rig_read(rig, ENGINE(0, RING_SIZE)), RIG_RING_SIZE);
	rig_write(rig, ENGINE(0, CTRL), 0);
	rig_write(rig, ENGINE(0, RING_BASE_LO), 0x700fff);
	rig_write(rig, ENGINE(0, RING_BASE_HI), 1);
	rig_write(rig, ENGINE(0, RING_SIZE), 0x1000);
	assert_int_equal(rig_read(rig, ENGINE(0, RING_BASE_LO)), 0x700000);
	assert_int_equal(rig_read(rig, ENGINE(0, RING_BASE_HI)), 1);
	assert_int_equal(rig_read(rig, ENGINE(0, RING_SIZE)), 0x1000);
}

static void bad_ring_sizes_are_dropped(void **state)
{
	static const uint32_t sizes[] = { 1, 0x800, 0x1800, 2 * PDDGPU_RING_SIZE_MAX, ~0U };
	struct rig *rig = *state;

	rig_write(rig, ENGINE(0, CTRL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		rig_write(rig, ENGINE(0, RING_SIZE), sizes[i]);
		assert_int_equal(rig_read(rig, ENGINE(0, RING_SIZE)), RIG_RING_SIZE);
	}
	rig_write(rig, ENGINE(0, RING_SIZE), 0);
	rig_write(rig, ENGINE(0, CTRL), PDDGPU_ENGINE_CTRL_ENABLE);
	assert_int_equal(rig_read(rig, ENGINE(0, CTRL)), 0);
}

static void doorbells_out_of_range_are_dropped(void **state)
{
	struct rig *rig = *state;

	rig_write(rig, PDDGPU_REG_DOORBELL(0), RIG_RING_SIZE / 4);
	rig_write(rig, PDDGPU_REG_DOORBELL(0), ~0U);
	assert_int_equal(rig_read(rig, ENGINE(0, RING_WPTR)), 0);
	rig_write(rig, ENGINE(1, CTRL), 0);
	rig_write(rig, PDDGPU_REG_DOORBELL(1), 8);
	assert_int_equal(rig_read(rig, ENGINE(1, RING_WPTR)), 0);
}

static void timestamp_runs_and_latches(void **state)
{
	struct rig *rig = *state;
	uint64_t first, second;

	regs_read(rig->card, PDDGPU_REG_TIMESTAMP_LO, 8, &first);
	regs_read(rig->card, PDDGPU_REG_TIMESTAMP_LO, 8, &second);
	assert_true(second > first);
	/* Four seconds and more after the latch, the high half is still the old one. */
	rig->card->power_on_ns -= 0x500000000ULL;
	assert_int_equal(rig_read(rig, PDDGPU_REG_TIMESTAMP_HI), second >> 32);
	regs_read(rig->card, PDDGPU_REG_TIMESTAMP_LO, 8, &second);
	assert_true(second >> 32 >= 5);
}

static void statistics_latch(void **state)
{
	struct rig *rig = *state;

	rig->card->engines[1].stats.count[PDDGPU_STAT_JOBS] = 0x1ffffffffULL;
	assert_int_equal(rig_read(rig, PDDGPU_REG_STAT_LO(1, PDDGPU_STAT_JOBS)), ~0U);
	rig->card->engines[1].stats.count[PDDGPU_STAT_JOBS] = 0x200000000ULL;
	assert_int_equal(rig_read(rig, PDDGPU_REG_STAT_LO(0, PDDGPU_STAT_JOBS)), 0);
	assert_int_equal(rig_read(rig, PDDGPU_REG_STAT_HI(1, PDDGPU_STAT_JOBS)), 1);
}

/* All of BAR2 but the clock. */
static uint32_t *snapshot(struct rig *rig)
{
	uint32_t *all = malloc(PDDGPU_MMIO_SIZE);

	assert_non_null(all);
	for (uint32_t at = 0; at < PDDGPU_MMIO_SIZE; at += 4)
		all[at / 4] = at == PDDGPU_REG_TIMESTAMP_LO ? 0 : rig_read(rig, at);
	return all;
}

/* These outlive the reset, or end everything. */
static bool spared(uint32_t at)
{
	return at == PDDGPU_REG_RESET || at == PDDGPU_REG_INJECT_HANG ||
	       at == PDDGPU_REG_INJECT_ONES || at == PDDGPU_REG_INJECT_VANISH ||
	       at == PDDGPU_REG_INJECT_FORGET;
}

/* Leaves no register as it was: jobs, faults, a halt, odd values everywhere. */
static void scribble(struct rig *rig)
{
	rig_run(rig, COPY, WORDS(PDDGPU_PKT(PDDGPU_OP_FILL, 0, PDDGPU_FILL_COUNT),
				 LOHI(RIG_DATA), LOHI(4096), 1));
	rig_run_ib(rig, COMPUTE, 1, WORDS(0));
	rig_run(rig, COMPUTE, WORDS(0xff000000));
	for (uint32_t at = 0; at < PDDGPU_MMIO_SIZE; at += 4)
		if (!spared(at))
			rig_write(rig, at, 0x1041);
	for (unsigned int e = 0; e < PDDGPU_NUM_ENGINES; e++)
		for (unsigned int n = 0; n < PDDGPU_NUM_STATS; n++)
			rig_read(rig, PDDGPU_REG_STAT_LO(e, n));
}

static void reset_is_power_on(void **state)
{
	struct rig *rig = *state;
	struct card_options options = {
		.vram_size = RIG_VRAM, .aperture_size = RIG_APERTURE, .dma_bits = 40,
		.onchip_pages = RIG_ONCHIP_PAGES,
	};
	struct rig fresh = { .card = card_create(&options) };
	uint32_t *power_on = snapshot(&fresh), *before, *after;
	size_t changed = 0;

	scribble(rig);
	before = snapshot(rig);
	rig_write(rig, PDDGPU_REG_RESET, ~PDDGPU_RESET_MAGIC);
	assert_int_equal(rig_read(rig, PDDGPU_REG_SCRATCH), 0x1041);
	rig_write(rig, PDDGPU_REG_RESET, PDDGPU_RESET_MAGIC);
	after = snapshot(rig);
	assert_memory_equal(after, power_on, PDDGPU_MMIO_SIZE);
	for (size_t i = 0; i < PDDGPU_MMIO_SIZE / 4; i++)
		changed += before[i] != power_on[i];
	assert_true(changed > 50);
	free(before);
	free(after);
	free(power_on);
	card_destroy(fresh.card);
}

static void a_card_works_again_after_a_reset(void **state)
{
	struct rig *rig = *state;

	scribble(rig);
	rig->card->vram[RIG_DATA + 5] = 0x77;
	rig_write(rig, PDDGPU_REG_RESET, PDDGPU_RESET_MAGIC);
	assert_int_equal(rig->card->vram[RIG_DATA + 5], 0x77);
	rig_bring_up(rig);
	assert_int_equal(rig_fence(rig, COPY), 0);
	assert_int_equal(rig_fence(rig, COMPUTE), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(identity),
		TEST(read_only_registers_ignore_writes),
		TEST(unknown_and_write_only_registers_read_all_ones),
		TEST(odd_accesses_are_dropped),
		TEST(eight_bytes_are_two_registers),
		TEST(writable_registers_keep_what_they_can),
		TEST(ring_registers_are_locked_while_enabled),
		TEST(bad_ring_sizes_are_dropped),
		TEST(doorbells_out_of_range_are_dropped),
		TEST(timestamp_runs_and_latches),
		TEST(statistics_latch),
		TEST(reset_is_power_on),
		TEST(a_card_works_again_after_a_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
