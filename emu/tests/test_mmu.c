// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <string.h>

#include "rig.h"

#define VMID	3
#define VA	0x123456789000ULL	/* a different index at each level */
#define VA_2M	(VA & ~(2 * MIB - 1))

static int translate(struct rig *rig, unsigned int vmid, uint64_t va, bool write,
		     uint8_t **host, size_t *size)
{
	struct mmu_port port = { .card = rig->card };
	struct mmu_range range = { .va = va, .size = *size, .vmid = vmid, .write = write };
	int err = mmu_translate(&port, &range, host, size);

	if (err) {
		assert_true(port.fault_address == va);
		assert_int_equal(port.fault_write, write);
	}
	return err;
}

static int probe(struct rig *rig, unsigned int vmid, uint64_t va, bool write)
{
	uint8_t *host;
	size_t size = 1;

	return translate(rig, vmid, va, write, &host, &size);
}

/* --- VMID 0 ------------------------------------------------------------- */

static void kernel_sees_all_of_vram(void **state)
{
	struct rig *rig = *state;
	size_t size = RIG_VRAM;
	uint8_t *host;

	assert_int_equal(translate(rig, 0, 0, true, &host, &size), 0);
	assert_ptr_equal(host, rig->card->vram);
	assert_int_equal(size, RIG_VRAM);
	size = 100;
	assert_int_equal(translate(rig, 0, RIG_VRAM - 10, true, &host, &size), 0);
	assert_int_equal(size, 10);
}

static void kernel_sees_nothing_else(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(probe(rig, 0, RIG_VRAM, false), PDDGPU_ERR_UNMAPPED);
	assert_int_equal(probe(rig, 0, PDDGPU_GART_START - 1, false), PDDGPU_ERR_UNMAPPED);
	assert_int_equal(probe(rig, 0, PDDGPU_GART_START, false), PDDGPU_ERR_UNMAPPED);
	assert_int_equal(probe(rig, 0, PDDGPU_GART_START + RIG_GART_ENTRIES * 0x1000ULL, false),
			 PDDGPU_ERR_UNMAPPED);
	assert_int_equal(probe(rig, 0, ~0ULL, false), PDDGPU_ERR_UNMAPPED);
}

static void gart_maps_guest_memory(void **state)
{
	struct rig *rig = *state;
	size_t size = 0x2000;
	uint8_t *host;

	rig->guest[0x3010] = 0x5a;
	*rig_entry(rig, RIG_GART + 8) = (RIG_GUEST_BUS + 0x3000) | PTE_RW | PDDGPU_PTE_SYSTEM |
					PDDGPU_PTE_SNOOP;
	assert_int_equal(translate(rig, 0, PDDGPU_GART_START + 0x1010, true, &host, &size), 0);
	assert_int_equal(*host, 0x5a);
	assert_int_equal(size, 0xff0);
}

static void gart_errors(void **state)
{
	struct rig *rig = *state;
	uint64_t *entry = rig_entry(rig, RIG_GART);

	*entry = RIG_GUEST_BUS | PDDGPU_PTE_VALID | PDDGPU_PTE_READ | PDDGPU_PTE_SYSTEM;
	assert_int_equal(probe(rig, 0, PDDGPU_GART_START, false), 0);
	assert_int_equal(probe(rig, 0, PDDGPU_GART_START, true), PDDGPU_ERR_PERMISSION);
	*entry = RIG_DATA | PTE_RW;
	assert_int_equal(probe(rig, 0, PDDGPU_GART_START, true), 0);
	*entry = RIG_VRAM | PTE_RW;
	assert_int_equal(probe(rig, 0, PDDGPU_GART_START, true), PDDGPU_ERR_TABLE);
	*entry = (RIG_GUEST_BUS + RIG_GUEST_SIZE) | PTE_RW | PDDGPU_PTE_SYSTEM;
	assert_int_equal(probe(rig, 0, PDDGPU_GART_START, true), PDDGPU_ERR_BUS);
	rig_write64(rig, PDDGPU_REG_GART_BASE_LO, RIG_VRAM);
	assert_int_equal(probe(rig, 0, PDDGPU_GART_START, true), PDDGPU_ERR_TABLE);
}

/* --- Walks of VMIDs ----------------------------------------------------- */

static void small_and_large_leaves(void **state)
{
	struct rig *rig = *state;
	size_t size = 4 * MIB;
	uint8_t *host;

	rig_map(rig, VMID, VA, 0, (RIG_DATA + 0x1000) | PTE_RW);
	assert_int_equal(translate(rig, VMID, VA + 8, true, &host, &size), 0);
	assert_ptr_equal(host, rig->card->vram + RIG_DATA + 0x1008);
	assert_int_equal(size, 0xff8);
	size = 4 * MIB;
	rig_map(rig, VMID, VA_2M + 2 * MIB, 1, 6 * MIB | PTE_RW | PDDGPU_PTE_LEAF);
	assert_int_equal(translate(rig, VMID, VA_2M + 3 * MIB, true, &host, &size), 0);
	assert_ptr_equal(host, rig->card->vram + 7 * MIB);
	assert_int_equal(size, MIB);
}

static void large_leaf_in_guest_memory(void **state)
{
	struct rig *rig = *state;
	size_t size = 4 * MIB;
	uint8_t *host;

	rig->guest[MIB] = 0x77;
	rig_map(rig, VMID, VA_2M, 1, RIG_GUEST_BUS | PTE_RW | PDDGPU_PTE_LEAF | PDDGPU_PTE_SYSTEM);
	assert_int_equal(translate(rig, VMID, VA_2M + MIB, false, &host, &size), 0);
	assert_int_equal(*host, 0x77);
	assert_int_equal(size, MIB);
}

static void a_vmid_without_a_table(void **state)
{
	assert_int_equal(probe(*state, VMID, VA, false), PDDGPU_ERR_UNMAPPED);
}

static void addresses_beyond_48_bits(void **state)
{
	struct rig *rig = *state;

	rig_map(rig, VMID, 0, 0, RIG_DATA | PTE_RW);
	assert_int_equal(probe(rig, VMID, 0, false), 0);
	assert_int_equal(probe(rig, VMID, BIT_ULL(PDDGPU_VA_BITS), false), PDDGPU_ERR_UNMAPPED);
	assert_int_equal(probe(rig, VMID, BIT_ULL(63), false), PDDGPU_ERR_UNMAPPED);
}

/* An entry that is wrong at any level, the leaf's included. */
static void errors_of_each_level(void **state)
{
	struct rig *rig = *state;
	uint64_t at[PDDGPU_PT_LEVELS], table;

	rig_map(rig, VMID, VA, 0, RIG_DATA | PTE_RW);
	table = rig_read(rig, PDDGPU_REG_VMID_BASE_LO(VMID)) & PDDGPU_VMID_BASE_ADDR;
	for (int level = PDDGPU_PT_LEVELS - 1; level >= 0; level--) {
		at[level] = table + 8 * ((VA >> PDDGPU_PT_SHIFT(level)) % PDDGPU_PT_ENTRIES);
		table = *rig_entry(rig, at[level]) & PDDGPU_PTE_ADDR;
	}
	for (int level = 0; level < PDDGPU_PT_LEVELS; level++) {
		uint64_t *entry = rig_entry(rig, at[level]), good = *entry;

		assert_int_equal(probe(rig, VMID, VA, true), 0);
		*entry = good & ~PDDGPU_PTE_VALID;
		assert_int_equal(probe(rig, VMID, VA, true), PDDGPU_ERR_UNMAPPED);
		*entry = good | BIT_ULL(6);
		assert_int_equal(probe(rig, VMID, VA, true), PDDGPU_ERR_TABLE);
		*entry = good | BIT_ULL(63);
		assert_int_equal(probe(rig, VMID, VA, true), PDDGPU_ERR_TABLE);
		*entry = (good & ~PDDGPU_PTE_ADDR) | RIG_VRAM;
		assert_int_equal(probe(rig, VMID, VA, true), PDDGPU_ERR_TABLE);
		*entry = good | PDDGPU_PTE_LEAF;
		assert_int_equal(probe(rig, VMID, VA, true),
				 PDDGPU_ERR_TABLE);
		*entry = good;
	}
	rig_write64(rig, PDDGPU_REG_VMID_BASE_LO(VMID), RIG_VRAM | PDDGPU_VMID_BASE_VALID);
	assert_int_equal(probe(rig, VMID, VA, true), PDDGPU_ERR_TABLE);
}

static void a_table_pointer_has_no_leaf_bits(void **state)
{
	struct rig *rig = *state;
	uint64_t root, *entry;

	rig_map(rig, VMID, VA, 0, RIG_DATA | PTE_RW);
	root = rig_read(rig, PDDGPU_REG_VMID_BASE_LO(VMID)) & PDDGPU_VMID_BASE_ADDR;
	entry = rig_entry(rig, root + 8 * ((VA >> PDDGPU_PT_SHIFT(3)) % PDDGPU_PT_ENTRIES));
	*entry |= PDDGPU_PTE_READ;
	assert_int_equal(probe(rig, VMID, VA, true), PDDGPU_ERR_TABLE);
}

static void leaf_errors(void **state)
{
	struct rig *rig = *state;
	uint64_t leaf = rig_map(rig, VMID, VA, 0, 0), large;

	*rig_entry(rig, leaf) = RIG_DATA | PDDGPU_PTE_VALID;
	assert_int_equal(probe(rig, VMID, VA, false), PDDGPU_ERR_PERMISSION);
	*rig_entry(rig, leaf) = RIG_DATA | PDDGPU_PTE_VALID | PDDGPU_PTE_WRITE;
	assert_int_equal(probe(rig, VMID, VA, false), PDDGPU_ERR_PERMISSION);
	assert_int_equal(probe(rig, VMID, VA, true), 0);
	*rig_entry(rig, leaf) = BIT_ULL(40) | PTE_RW | PDDGPU_PTE_SYSTEM;
	assert_int_equal(probe(rig, VMID, VA, false), PDDGPU_ERR_BUS);
	large = rig_map(rig, VMID, VA_2M + 2 * MIB, 1, 0);
	*rig_entry(rig, large) = 4 * MIB | BIT_ULL(12) | PTE_RW | PDDGPU_PTE_LEAF;
	assert_int_equal(probe(rig, VMID, VA_2M + 2 * MIB, true), PDDGPU_ERR_TABLE);
	*rig_entry(rig, large) = RIG_VRAM | PTE_RW | PDDGPU_PTE_LEAF;
	assert_int_equal(probe(rig, VMID, VA_2M + 2 * MIB, true), PDDGPU_ERR_TABLE);
}

static void no_bus_mastering_no_system_memory(void **state)
{
	struct rig *rig = *state;

	rig_map(rig, VMID, VA, 0, RIG_GUEST_BUS | PTE_RW | PDDGPU_PTE_SYSTEM);
	assert_int_equal(probe(rig, VMID, VA, true), 0);
	card_set_bus_master(rig->card, false);
	assert_int_equal(probe(rig, VMID, VA, true), PDDGPU_ERR_BUS);
}

/* A table that is its own entry: four reads, then a leaf like any other. */
static void a_table_that_points_to_itself(void **state)
{
	struct rig *rig = *state;
	uint64_t table = RIG_TABLES;

	*rig_entry(rig, table) = table | PDDGPU_PTE_VALID;
	rig_write64(rig, PDDGPU_REG_VMID_BASE_LO(VMID), table | PDDGPU_VMID_BASE_VALID);
	assert_int_equal(probe(rig, VMID, 0, false), PDDGPU_ERR_PERMISSION);
}

/* --- TLB ---------------------------------------------------------------- */

struct counts {
	uint64_t hits, misses_4k, misses_2m, reads;
};

static struct counts counts(struct rig *rig)
{
	return (struct counts){
		rig_stat(rig, COPY, PDDGPU_STAT_TLB_HITS),
		rig_stat(rig, COPY, PDDGPU_STAT_TLB_MISSES_4K),
		rig_stat(rig, COPY, PDDGPU_STAT_TLB_MISSES_2M),
		rig_stat(rig, COPY, PDDGPU_STAT_WALK_READS),
	};
}

/* Fills 2 MiB at VA_2M under VMID; what it takes. */
static struct counts fill_2m(struct rig *rig)
{
	struct counts before = counts(rig), after;

	assert_int_equal(rig_run_ib(rig, COPY, VMID,
				    WORDS(PDDGPU_PKT(PDDGPU_OP_FILL, 0, PDDGPU_FILL_COUNT),
					  LOHI(VA_2M), LOHI(2 * MIB), 0)), 0);
	after = counts(rig);
	return (struct counts){ after.hits - before.hits, after.misses_4k - before.misses_4k,
				after.misses_2m - before.misses_2m, after.reads - before.reads };
}

static void tlb_counts_small_pages(void **state)
{
	struct rig *rig = *state;
	struct counts c;

	rig_map_ib(rig, VMID);
	for (uint64_t i = 0; i < 512; i++)
		rig_map(rig, VMID, VA_2M + i * 0x1000, 0, (6 * MIB + i * 0x1000) | PTE_RW);
	c = fill_2m(rig);
	/* One more is the page of the command buffer: header, then payload. */
	assert_int_equal(c.misses_4k, 513);
	assert_int_equal(c.misses_2m, 0);
	assert_int_equal(c.reads, 4 * 513);
	assert_int_equal(c.hits, 1);
}

static void tlb_counts_large_pages(void **state)
{
	struct rig *rig = *state;
	struct counts c;

	rig_map_ib(rig, VMID);
	rig_map(rig, VMID, VA_2M, 1, 6 * MIB | PTE_RW | PDDGPU_PTE_LEAF);
	c = fill_2m(rig);
	assert_int_equal(c.misses_4k, 1);
	assert_int_equal(c.misses_2m, 1);
	assert_int_equal(c.reads, 4 + 3);
	c = fill_2m(rig);
	assert_int_equal(c.misses_2m, 0);
	assert_int_equal(c.reads, 0);
	assert_int_equal(c.hits, 3);
}

static int write_word(struct rig *rig)
{
	return rig_run_ib(rig, COPY, VMID, WORDS(PDDGPU_PKT(PDDGPU_OP_WRITE, 0, 3), LOHI(VA), 1));
}

/* Moves VA from the first page of data to the second, and flushes as told. */
static void expect_flush(struct rig *rig, void (*flush)(struct rig *rig), bool drops)
{
	uint64_t leaf = rig_map(rig, VMID, VA, 0, RIG_DATA | PTE_RW);
	uint32_t *old = (uint32_t *)(rig->card->vram + RIG_DATA), *new = old + 0x400;

	rig_map_ib(rig, VMID);
	rig_write(rig, PDDGPU_REG_TLB_INVALIDATE, BIT(VMID));
	assert_int_equal(write_word(rig), 0);
	assert_int_equal(*old, 1);
	*rig_entry(rig, leaf) = (RIG_DATA + 0x1000) | PTE_RW;
	*old = 0;
	*new = 0;
	flush(rig);
	assert_int_equal(write_word(rig), 0);
	assert_int_equal(*old, !drops);
	assert_int_equal(*new, drops);
}

static void flush_nothing(struct rig *rig)
{
	(void)rig;
}

static void flush_register(struct rig *rig)
{
	rig_write(rig, PDDGPU_REG_TLB_INVALIDATE, BIT(VMID));
}

static void flush_others(struct rig *rig)
{
	rig_write(rig, PDDGPU_REG_TLB_INVALIDATE, LO(~BIT(VMID)));
}

static void flush_packet(struct rig *rig)
{
	assert_int_equal(rig_run(rig, COPY, WORDS(PDDGPU_PKT(PDDGPU_OP_TLB_FLUSH, 0, 1),
						  BIT(VMID))), 0);
}

static void flush_from_the_other_engine(struct rig *rig)
{
	assert_int_equal(rig_run(rig, COMPUTE, WORDS(PDDGPU_PKT(PDDGPU_OP_TLB_FLUSH, 0, 1),
						     BIT(VMID))), 0);
}

static void flush_set_vmid(struct rig *rig)
{
	uint32_t base = rig_read(rig, PDDGPU_REG_VMID_BASE_LO(VMID));

	assert_int_equal(rig_run(rig, COPY, WORDS(PDDGPU_PKT(PDDGPU_OP_SET_VMID, VMID, 2),
						  base, 0)), 0);
}

static void flush_engine_reset(struct rig *rig)
{
	rig_reset_engine(rig, COPY);
}

static void entries_stay_until_flushed(void **state)
{
	expect_flush(*state, flush_nothing, false);
	expect_flush(*state, flush_others, false);
}

static void each_flush_drops_entries(void **state)
{
	expect_flush(*state, flush_register, true);
	expect_flush(*state, flush_packet, true);
	expect_flush(*state, flush_from_the_other_engine, true);
	expect_flush(*state, flush_set_vmid, true);
	expect_flush(*state, flush_engine_reset, true);
}

static void set_vmid_loads_the_register(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(rig_run(rig, COPY, WORDS(PDDGPU_PKT(PDDGPU_OP_SET_VMID, 15, 2),
						  RIG_TABLES | 1, 0x12)), 0);
	assert_int_equal(rig_read(rig, PDDGPU_REG_VMID_BASE_LO(15)), RIG_TABLES | 1);
	assert_int_equal(rig_read(rig, PDDGPU_REG_VMID_BASE_HI(15)), 0x12);
}

static void vmids_do_not_share_entries(void **state)
{
	struct rig *rig = *state;

	rig_map_ib(rig, VMID);
	rig_map_ib(rig, 4);
	rig_map(rig, VMID, VA, 0, RIG_DATA | PTE_RW);
	rig_map(rig, 4, VA, 0, RIG_DATA | PDDGPU_PTE_VALID | PDDGPU_PTE_READ);
	assert_int_equal(write_word(rig), 0);
	assert_int_equal(rig_run_ib(rig, COPY, 4, WORDS(PDDGPU_PKT(PDDGPU_OP_WRITE, 0, 3),
							LOHI(VA), 1)), PDDGPU_ERR_PERMISSION);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(kernel_sees_all_of_vram),
		TEST(kernel_sees_nothing_else),
		TEST(gart_maps_guest_memory),
		TEST(gart_errors),
		TEST(small_and_large_leaves),
		TEST(large_leaf_in_guest_memory),
		TEST(a_vmid_without_a_table),
		TEST(addresses_beyond_48_bits),
		TEST(errors_of_each_level),
		TEST(a_table_pointer_has_no_leaf_bits),
		TEST(leaf_errors),
		TEST(no_bus_mastering_no_system_memory),
		TEST(a_table_that_points_to_itself),
		TEST(tlb_counts_small_pages),
		TEST(tlb_counts_large_pages),
		TEST(entries_stay_until_flushed),
		TEST(each_flush_drops_entries),
		TEST(set_vmid_loads_the_register),
		TEST(vmids_do_not_share_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
