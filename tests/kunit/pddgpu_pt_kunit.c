// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/bitmap.h>
#include <linux/dma-resv.h>
#include <linux/prandom.h>
#include <linux/sizes.h>

#include <drm/drm_gem.h>

#include "../../pddgpu_device.h"
#include "../../pddgpu_pt.h"
#include "../../pddgpu_vm.h"
#include "pddgpu_kunit_helpers.h"

/* VRAM of the model: nothing but page tables, from here on. */
#define VRAM_START	SZ_1G
#define VRAM_CHUNKS	64
#define VRAM_SIZE	(VRAM_CHUNKS * PDDGPU_PT_CHUNK_SIZE)

/* What memory held before it was a table: each entry valid, and wrong. */
#define POISON		0xa5

#define RW		(PDDGPU_PTE_VALID | PDDGPU_PTE_READ | PDDGPU_PTE_WRITE)
#define SLOT		PDDGPU_PT_SLOT_SIZE
#define VA		(3 * SLOT + (1ULL << 40))
#define PA		(7 * SLOT)

struct pt_test {
	struct pddgpu_device pdev;
	struct pddgpu_pt pt;
	struct pddgpu_pt_sink sink;
	struct drm_gem_object obj;
	DECLARE_BITMAP(chunks, VRAM_CHUNKS);
	/* How many more buffers there are to be had */
	unsigned int chunks_left;
	unsigned int updates;
	u8 *vram;
};

static struct pt_test *pt_from_sink(struct pddgpu_pt_sink *sink)
{
	return container_of(sink, struct pt_test, sink);
}

static int stub_chunk_alloc(struct pddgpu_pt *pt, struct pddgpu_pt_chunk *chunk)
{
	struct pt_test *t = container_of(pt, struct pt_test, pt);
	unsigned int i = find_first_zero_bit(t->chunks, VRAM_CHUNKS);
	bool first = bitmap_empty(t->chunks, VRAM_CHUNKS);

	if (!t->chunks_left || i == VRAM_CHUNKS)
		return -ENOSPC;

	/* The driver relies on zeroes in a new buffer for the root alone. */
	memset(t->vram + i * PDDGPU_PT_CHUNK_SIZE, first ? 0 : POISON, PDDGPU_PT_CHUNK_SIZE);
	__set_bit(i, t->chunks);
	t->chunks_left--;
	chunk->addr = VRAM_START + i * PDDGPU_PT_CHUNK_SIZE;
	return 0;
}

static void stub_chunk_free(struct pddgpu_pt *pt, struct pddgpu_pt_chunk *chunk)
{
	struct pt_test *t = container_of(pt, struct pt_test, pt);

	__clear_bit((chunk->addr - VRAM_START) / PDDGPU_PT_CHUNK_SIZE, t->chunks);
	t->chunks_left++;
}

static u64 *pt_entry(struct pt_test *t, u64 addr)
{
	struct kunit *test = kunit_get_current_test();

	KUNIT_ASSERT_GE(test, addr, VRAM_START);
	KUNIT_ASSERT_LT(test, addr, VRAM_START + VRAM_SIZE);
	KUNIT_ASSERT_TRUE(test, IS_ALIGNED(addr, sizeof(u64)));
	return (u64 *)(t->vram + (addr - VRAM_START));
}

/* What the card does with a WRITE_PTE */
static void pt_write(struct pddgpu_pt_sink *sink, const struct pddgpu_pt_update *update)
{
	struct pt_test *t = pt_from_sink(sink);
	u32 i;

	for (i = 0; i < update->count; i++)
		*pt_entry(t, update->addr + i * sizeof(u64)) = update->value + i * update->step;
	t->updates++;
}

/* The card's walk: the leaf that maps @va, or 0 */
static u64 pt_walk(struct pt_test *t, u64 va, bool *large)
{
	u64 table = pddgpu_pt_root(&t->pt) & PDDGPU_VMID_BASE_ADDR, pte = 0;
	int level;

	*large = false;
	for (level = PDDGPU_PT_LEVELS - 1; level >= 0 && !*large; level--) {
		pte = *pt_entry(t, table + (va >> PDDGPU_PT_SHIFT(level)) % PDDGPU_PT_ENTRIES * 8);
		if (!(pte & PDDGPU_PTE_VALID))
			return 0;
		*large = level == 1 && pte & PDDGPU_PTE_LEAF;
		table = pte & PDDGPU_PTE_ADDR;
	}
	return pte;
}

/* The address that @va is mapped to with the flags on top of it, or 0 */
static u64 pt_translate(struct pt_test *t, u64 va)
{
	bool large;
	u64 pte = pt_walk(t, va, &large);

	if (!pte)
		return 0;
	if (large)
		return (pte & ~PDDGPU_PTE_LEAF) + va % SLOT / SZ_4K * SZ_4K;
	return pte;
}

static bool pt_large(struct pt_test *t, u64 va)
{
	bool large;

	return pt_walk(t, va, &large) && large;
}

static int pt_try_use(struct pt_test *t, u64 va, u64 size)
{
	struct pddgpu_pt_stash stash;
	int ret;

	pddgpu_pt_stash_init(&stash);
	ret = pddgpu_pt_stash_fill(&t->pt, va, size, &stash);
	if (!ret)
		pddgpu_pt_use(&t->pt, va, size, &stash);
	pddgpu_pt_stash_free(&t->pt, &stash);
	return ret;
}

static void pt_write_range(struct pt_test *t, u64 va, u64 pte, u64 size, bool large)
{
	const struct pddgpu_pt_range range = {
		.va = va, .size = size, .pte = pte, .large = large,
	};

	KUNIT_ASSERT_EQ(kunit_get_current_test(), pddgpu_pt_map(&t->pt, &range, &t->sink), size);
	pddgpu_pt_sink_flush(&t->sink);
}

static void pt_map(struct pt_test *t, u64 va, u64 pte, u64 size, bool large)
{
	KUNIT_ASSERT_EQ(kunit_get_current_test(), pt_try_use(t, va, size), 0);
	pt_write_range(t, va, pte, size, large);
}

/* Invalidates a range of which pddgpu_pt_unuse() knows */
static void pt_clear(struct pt_test *t, u64 va, u64 size)
{
	unsigned int before = t->updates;

	pddgpu_pt_clear(&t->pt, va, size, &t->sink);
	pddgpu_pt_sink_flush(&t->sink);
	KUNIT_EXPECT_LE(kunit_get_current_test(), t->updates - before, PDDGPU_PT_CLEAR_UPDATES);

	dma_resv_lock(t->obj.resv, NULL);
	pddgpu_pt_reap(&t->pt);
	dma_resv_unlock(t->obj.resv);
}

static void pt_unmap(struct pt_test *t, u64 va, u64 size)
{
	pddgpu_pt_unuse(&t->pt, va, size);
	pt_clear(t, va, size);
}

static void pt_expect_mapped(struct pt_test *t, u64 va, u64 pte, u64 size)
{
	u64 i;

	for (i = 0; i < size; i += SZ_4K)
		KUNIT_ASSERT_EQ_MSG(kunit_get_current_test(), pt_translate(t, va + i), pte + i,
				    "at %#llx", va + i);
}

static void pt_expect_unmapped(struct pt_test *t, u64 va, u64 size)
{
	u64 i;

	for (i = 0; i < size; i += SZ_4K)
		KUNIT_ASSERT_EQ_MSG(kunit_get_current_test(), pt_translate(t, va + i), 0,
				    "at %#llx", va + i);
}

/* As after init: a root, and nothing in it */
static void pt_expect_pristine(struct pt_test *t)
{
	struct kunit *test = kunit_get_current_test();
	u64 root = pddgpu_pt_root(&t->pt) & PDDGPU_VMID_BASE_ADDR;
	u32 i;

	KUNIT_EXPECT_EQ(test, t->pt.num_tables, 1);
	KUNIT_EXPECT_EQ(test, bitmap_weight(t->chunks, VRAM_CHUNKS), 1);
	for (i = 0; i < PDDGPU_PT_ENTRIES; i++)
		KUNIT_EXPECT_EQ(test, *pt_entry(t, root + i * sizeof(u64)), 0);
}

static void new_address_space_is_empty(struct kunit *test)
{
	struct pt_test *t = test->priv;

	pt_expect_pristine(t);
	KUNIT_EXPECT_EQ(test, pddgpu_pt_root(&t->pt), VRAM_START | PDDGPU_VMID_BASE_VALID);
	KUNIT_EXPECT_EQ(test, pt_translate(t, 0), 0);
	KUNIT_EXPECT_EQ(test, pt_translate(t, PDDGPU_VM_END - SZ_4K), 0);
}

/* The tables on the way held garbage. */
static void one_page_maps_nothing_else(struct kunit *test)
{
	struct pt_test *t = test->priv;

	pt_map(t, VA + 5 * SZ_4K, PA | RW, SZ_4K, true);
	pt_expect_mapped(t, VA + 5 * SZ_4K, PA | RW, SZ_4K);
	pt_expect_unmapped(t, VA - SLOT, SLOT + 5 * SZ_4K);
	pt_expect_unmapped(t, VA + 6 * SZ_4K, 2 * SLOT - 6 * SZ_4K);
	KUNIT_EXPECT_EQ(test, pt_translate(t, VA + 5 * SZ_4K + (1ULL << 30)), 0);
	KUNIT_EXPECT_EQ(test, pt_translate(t, VA + 5 * SZ_4K + (1ULL << 39)), 0);
	KUNIT_EXPECT_EQ(test, t->pt.num_tables, PDDGPU_PT_LEVELS);
}

static void flags_reach_every_leaf(struct kunit *test)
{
	const u64 flags = PDDGPU_PTE_VALID | PDDGPU_PTE_READ | PDDGPU_PTE_SYSTEM |
			  PDDGPU_PTE_SNOOP;
	struct pt_test *t = test->priv;

	pt_map(t, VA - SZ_4K, (PA - SZ_4K) | flags, SLOT + SZ_8K, true);
	KUNIT_EXPECT_TRUE(test, pt_large(t, VA));
	pt_expect_mapped(t, VA - SZ_4K, (PA - SZ_4K) | flags, SLOT + SZ_8K);
}

struct leaf_case {
	const char *name;
	u64 va, pa, size;
	bool large;
	unsigned int leaves;
};

static const struct leaf_case leaf_cases[] = {
	{ "a slot", VA, PA, SLOT, true, 1 },
	{ "a slot, small pages wanted", VA, PA, SLOT, false, 0 },
	{ "three slots", VA, PA, 3 * SLOT, true, 3 },
	{ "a page less than a slot", VA, PA, SLOT - SZ_4K, true, 0 },
	{ "a page more than a slot", VA, PA, SLOT + SZ_4K, true, 1 },
	{ "a slot of addresses, memory a page off", VA, PA + SZ_4K, SLOT, true, 0 },
	{ "two slots, memory half a slot off", VA, PA + SLOT / 2, 2 * SLOT, true, 0 },
	{ "a slot of memory, addresses a page off", VA + SZ_4K, PA, SLOT, true, 0 },
	{ "both a page off", VA + SZ_4K, PA + SZ_4K, 2 * SLOT, true, 1 },
	{ "the page before a slot, too", VA - SZ_4K, PA - SZ_4K, SLOT + SZ_4K, true, 1 },
	{ "up to the end of a level 1 table", ALIGN(VA, SZ_1G) - SLOT, PA, 2 * SLOT, true, 2 },
};

KUNIT_ARRAY_PARAM_DESC(leaf, leaf_cases, name);

static void large_leaves_where_they_fit(struct kunit *test)
{
	const struct leaf_case *c = test->param_value;
	struct pt_test *t = test->priv;
	unsigned int leaves = 0;
	u64 va;

	pt_map(t, c->va, c->pa | RW, c->size, c->large);
	for (va = ALIGN_DOWN(c->va, SLOT); va < c->va + c->size; va += SLOT) {
		leaves += pt_large(t, va);
		KUNIT_EXPECT_EQ(test, pddgpu_pt_is_large(&t->pt, va), pt_large(t, va));
	}
	KUNIT_EXPECT_EQ(test, leaves, c->leaves);
	pt_expect_mapped(t, c->va, c->pa | RW, c->size);
	pt_expect_unmapped(t, c->va - SZ_4K, SZ_4K);
	pt_expect_unmapped(t, c->va + c->size, SZ_4K);

	pt_unmap(t, c->va, c->size);
	pt_expect_pristine(t);
}

static void first_and_last_page_of_the_address_space(struct kunit *test)
{
	const u64 last = PDDGPU_VM_END - SZ_4K;
	struct pt_test *t = test->priv;

	pt_map(t, PDDGPU_VM_START, PA | RW, SZ_4K, true);
	pt_map(t, last, (PA + SZ_4K) | RW, SZ_4K, true);
	pt_expect_mapped(t, PDDGPU_VM_START, PA | RW, SZ_4K);
	pt_expect_mapped(t, last, (PA + SZ_4K) | RW, SZ_4K);
	pt_expect_unmapped(t, last - SZ_4K, SZ_4K);

	pt_unmap(t, last, SZ_4K);
	pt_expect_unmapped(t, last, SZ_4K);
	pt_expect_mapped(t, PDDGPU_VM_START, PA | RW, SZ_4K);
	pt_unmap(t, PDDGPU_VM_START, SZ_4K);
	pt_expect_pristine(t);
}

static void last_slot_of_the_address_space(struct kunit *test)
{
	struct pt_test *t = test->priv;

	pt_map(t, PDDGPU_VM_END - SLOT, PA | RW, SLOT, true);
	KUNIT_EXPECT_TRUE(test, pt_large(t, PDDGPU_VM_END - SZ_4K));
	pt_expect_mapped(t, PDDGPU_VM_END - SLOT, PA | RW, SLOT);
	pt_unmap(t, PDDGPU_VM_END - SLOT, SLOT);
	pt_expect_pristine(t);
}

static void unmap_in_the_middle_keeps_both_sides(struct kunit *test)
{
	const u64 size = 4 * SLOT, start = SLOT + SZ_64K, end = 3 * SLOT;
	struct pt_test *t = test->priv;

	pt_map(t, VA, PA | RW, size, false);
	pt_unmap(t, VA + start, end - start);
	pt_expect_mapped(t, VA, PA | RW, start);
	pt_expect_unmapped(t, VA + start, end - start);
	pt_expect_mapped(t, VA + end, (PA + end) | RW, size - end);

	pt_unmap(t, VA, start);
	pt_unmap(t, VA + end, size - end);
	pt_expect_pristine(t);
}

/* All of a cut leaf goes; the rest is mapped again with small pages. */
/* Each table that the driver names is where the card looks for the next one. */
static void pt_expect_path(struct pt_test *t, u64 va, unsigned int walked)
{
	struct kunit *test = kunit_get_current_test();
	u64 table = pddgpu_pt_root(&t->pt) & PDDGPU_VMID_BASE_ADDR;
	struct pddgpu_pt_step steps[PDDGPU_PT_LEVELS];
	unsigned int i, level;
	u64 pte;

	KUNIT_ASSERT_GE(test, pddgpu_pt_path(&t->pt, va, steps), walked);
	for (i = 0; i < walked; i++) {
		level = PDDGPU_PT_LEVELS - 1 - i;
		KUNIT_EXPECT_EQ(test, steps[i].table, table);
		KUNIT_EXPECT_EQ(test, steps[i].index,
				(va >> PDDGPU_PT_SHIFT(level)) % PDDGPU_PT_ENTRIES);
		pte = *pt_entry(t, table + steps[i].index * sizeof(u64));
		KUNIT_EXPECT_EQ(test, steps[i].state == PDDGPU_PT_TABLE,
				level && pte & PDDGPU_PTE_VALID && !(pte & PDDGPU_PTE_LEAF));
		table = pte & PDDGPU_PTE_ADDR;
	}
}

static void path_is_what_the_card_walks(struct kunit *test)
{
	struct pddgpu_pt_step steps[PDDGPU_PT_LEVELS];
	struct pt_test *t = test->priv;

	pt_map(t, VA, PA | RW, SLOT + SZ_4K, true);
	pt_expect_path(t, VA, 3);
	pt_expect_path(t, VA + SLOT, 4);
	pt_expect_path(t, VA + SLOT + SZ_4K, 4);
	/* There is a table under the large leaf, for when it is cut. */
	KUNIT_EXPECT_EQ(test, pddgpu_pt_path(&t->pt, VA, steps), 4);
	KUNIT_EXPECT_EQ(test, steps[2].state, PDDGPU_PT_LEAF);
	KUNIT_EXPECT_EQ(test, pddgpu_pt_path(&t->pt, VA + 2 * SLOT, steps), 3);
	KUNIT_EXPECT_EQ(test, pddgpu_pt_path(&t->pt, VA + (1ULL << 30), steps), 2);
	KUNIT_EXPECT_EQ(test, pddgpu_pt_path(&t->pt, VA + (1ULL << 39), steps), 1);
}

static void unmap_cuts_a_large_leaf(struct kunit *test)
{
	struct pt_test *t = test->priv;

	pt_map(t, VA, PA | RW, 2 * SLOT, true);
	KUNIT_ASSERT_TRUE(test, pddgpu_pt_is_large(&t->pt, VA + SZ_1M));
	pt_unmap(t, VA + SZ_1M, SZ_64K);
	KUNIT_EXPECT_FALSE(test, pddgpu_pt_is_large(&t->pt, VA));
	pt_expect_unmapped(t, VA, SLOT);
	pt_expect_mapped(t, VA + SLOT, (PA + SLOT) | RW, SLOT);

	pt_write_range(t, VA, PA | RW, SZ_1M, true);
	pt_write_range(t, VA + SZ_1M + SZ_64K, (PA + SZ_1M + SZ_64K) | RW, SZ_1M - SZ_64K, true);
	pt_expect_mapped(t, VA, PA | RW, SZ_1M);
	pt_expect_unmapped(t, VA + SZ_1M, SZ_64K);
	pt_expect_mapped(t, VA + SZ_1M + SZ_64K, (PA + SZ_1M + SZ_64K) | RW, SZ_1M - SZ_64K);
	KUNIT_EXPECT_TRUE(test, pt_large(t, VA + SLOT));
}

/* A page in the middle of a large leaf gets other memory. */
static void remap_in_the_middle_of_a_large_leaf(struct kunit *test)
{
	const u64 other = (PA + 64 * SLOT) | RW;
	struct pt_test *t = test->priv;

	pt_map(t, VA, PA | RW, SLOT, true);
	KUNIT_ASSERT_EQ(test, pt_try_use(t, VA + SZ_1M, SZ_4K), 0);
	pddgpu_pt_unuse(&t->pt, VA + SZ_1M, SZ_4K);
	pt_write_range(t, VA, PA | RW, SZ_1M, true);
	pt_write_range(t, VA + SZ_1M + SZ_4K, (PA + SZ_1M + SZ_4K) | RW, SZ_1M - SZ_4K, true);
	pt_write_range(t, VA + SZ_1M, other, SZ_4K, true);

	KUNIT_EXPECT_FALSE(test, pddgpu_pt_is_large(&t->pt, VA));
	pt_expect_mapped(t, VA, PA | RW, SZ_1M);
	pt_expect_mapped(t, VA + SZ_1M, other, SZ_4K);
	pt_expect_mapped(t, VA + SZ_1M + SZ_4K, (PA + SZ_1M + SZ_4K) | RW, SZ_1M - SZ_4K);

	pt_unmap(t, VA, SLOT);
	pt_expect_pristine(t);
}

static void large_leaf_over_small_pages(struct kunit *test)
{
	struct pt_test *t = test->priv;

	pt_map(t, VA, (PA + SZ_4K) | RW, SLOT, true);
	KUNIT_ASSERT_FALSE(test, pt_large(t, VA));
	pt_write_range(t, VA, PA | RW, SLOT, true);
	KUNIT_EXPECT_TRUE(test, pt_large(t, VA));
	pt_expect_mapped(t, VA, PA | RW, SLOT);
	pt_unmap(t, VA, SLOT);
	pt_expect_pristine(t);
}

/* And back: what the table held in between does not come back. */
static void small_page_over_large_leaf_forgets_old_entries(struct kunit *test)
{
	struct pt_test *t = test->priv;

	pt_map(t, VA, (PA + SZ_4K) | RW, SLOT, false);
	pt_write_range(t, VA, PA | RW, SLOT, true);
	pt_unmap(t, VA + SZ_4K, SLOT - SZ_4K);
	pt_write_range(t, VA, PA | RW, SZ_4K, true);
	pt_expect_mapped(t, VA, PA | RW, SZ_4K);
	pt_expect_unmapped(t, VA + SZ_4K, SLOT - SZ_4K);
}

static void neighbours_share_tables(struct kunit *test)
{
	struct pt_test *t = test->priv;

	pt_map(t, VA, PA | RW, SZ_64K, true);
	pt_map(t, VA + SZ_64K, (PA + SZ_1M) | RW, SZ_64K, true);
	KUNIT_EXPECT_EQ(test, t->pt.num_tables, PDDGPU_PT_LEVELS);

	pt_unmap(t, VA, SZ_64K);
	KUNIT_EXPECT_EQ(test, t->pt.num_tables, PDDGPU_PT_LEVELS);
	pt_expect_unmapped(t, VA, SZ_64K);
	pt_expect_mapped(t, VA + SZ_64K, (PA + SZ_1M) | RW, SZ_64K);

	pt_unmap(t, VA + SZ_64K, SZ_64K);
	pt_expect_pristine(t);
}

/* A range that was used, but whose entries never got written */
static void unmap_before_map_was_written(struct kunit *test)
{
	struct pt_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, pt_try_use(t, VA, 3 * SLOT), 0);
	pt_unmap(t, VA + SZ_4K, SLOT);
	pt_expect_unmapped(t, VA, 3 * SLOT);
	pt_unmap(t, VA, SZ_4K);
	pt_unmap(t, VA + SZ_4K + SLOT, 2 * SLOT - SZ_4K);
	pt_expect_pristine(t);
}

/* However much it is, unmapping takes a handful of updates: pt_clear() looks. */
static void unmap_all_of_a_scattered_address_space(struct kunit *test)
{
	struct pt_test *t = test->priv;
	u64 i, va;

	for (i = 0; i < 200; i++)
		pt_map(t, PDDGPU_VM_START + i * 257 * SZ_1G, PA | RW, SZ_4K, true);
	for (i = 0; i < 200; i++) {
		va = PDDGPU_VM_START + i * 257 * SZ_1G;
		pt_expect_mapped(t, va, PA | RW, SZ_4K);
		pddgpu_pt_unuse(&t->pt, va, SZ_4K);
	}
	pt_clear(t, PDDGPU_VM_START, PDDGPU_VM_END - PDDGPU_VM_START);
	pt_expect_pristine(t);
}

static void unmap_of_nothing_writes_nothing_wrong(struct kunit *test)
{
	struct pt_test *t = test->priv;

	pt_map(t, VA, PA | RW, SZ_4K, true);
	pt_clear(t, PDDGPU_VM_START, VA - PDDGPU_VM_START);
	pt_clear(t, VA + SZ_4K, PDDGPU_VM_END - VA - SZ_4K);
	pt_expect_mapped(t, VA, PA | RW, SZ_4K);
	KUNIT_EXPECT_EQ(test, t->pt.num_tables, PDDGPU_PT_LEVELS);
}

static void contiguous_memory_takes_few_updates(struct kunit *test)
{
	struct pt_test *t = test->priv;

	pt_map(t, ALIGN(VA, SZ_1G), PA | RW, SZ_512M, true);
	/* Two tables above level 1 to zero and to link, and the leaves */
	KUNIT_EXPECT_LE(test, t->updates, 5);
	pt_expect_mapped(t, ALIGN(VA, SZ_1G), PA | RW, SZ_512M);
}

/* A sink that runs full is no loss: the caller goes on with another one. */
static void full_sink_is_resumed(struct kunit *test)
{
	const u64 size = 5 * SLOT - SZ_4K;
	struct pt_test *t = test->priv;
	struct pddgpu_pt_range range = {
		.va = VA, .size = size, .pte = (PA + SZ_4K) | RW, .large = true,
	};
	unsigned int before, calls = 0;
	u64 done;

	KUNIT_ASSERT_EQ(test, pt_try_use(t, VA, size), 0);
	while (range.size) {
		before = t->updates;
		t->sink.room = PDDGPU_PT_STEP_UPDATES;
		done = pddgpu_pt_map(&t->pt, &range, &t->sink);
		pddgpu_pt_sink_flush(&t->sink);
		KUNIT_ASSERT_GT(test, done, 0);
		KUNIT_EXPECT_LE(test, t->updates - before, PDDGPU_PT_STEP_UPDATES);
		range.va += done;
		range.pte += done;
		range.size -= done;
		calls++;
	}
	KUNIT_EXPECT_GT(test, calls, 1);
	pt_expect_mapped(t, VA, (PA + SZ_4K) | RW, size);
}

static void sink_without_room_gets_nothing(struct kunit *test)
{
	const struct pddgpu_pt_range range = { .va = VA, .size = SZ_4K, .pte = PA | RW };
	struct pt_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, pt_try_use(t, VA, SZ_4K), 0);
	t->sink.room = PDDGPU_PT_STEP_UPDATES - 1;
	KUNIT_EXPECT_EQ(test, pddgpu_pt_map(&t->pt, &range, &t->sink), 0);
	pddgpu_pt_sink_flush(&t->sink);
	KUNIT_EXPECT_EQ(test, t->updates, 0);
}

/* VRAM runs out at each point of a change in turn. */
static void failed_allocation_changes_nothing(struct kunit *test)
{
	/* 40 tables more, of which 12 find room in the first buffer */
	const u64 size = 40 * SLOT;
	struct pt_test *t = test->priv;
	unsigned int left, updates;
	u64 tables;
	int ret = -ENOSPC;

	pt_map(t, VA, PA | RW, SZ_4K, true);
	tables = t->pt.num_tables;
	updates = t->updates;
	for (left = 0; ret; left++) {
		t->chunks_left = left;
		ret = pt_try_use(t, VA + SZ_4K, size);
		if (!ret)
			break;
		KUNIT_ASSERT_EQ(test, ret, -ENOSPC);
		KUNIT_ASSERT_EQ(test, t->pt.num_tables, tables);
		KUNIT_ASSERT_EQ(test, t->chunks_left, left);
		KUNIT_ASSERT_EQ(test, t->updates, updates);
		pt_expect_mapped(t, VA, PA | RW, SZ_4K);
		pt_expect_unmapped(t, VA + SZ_4K, SLOT);
	}
	KUNIT_EXPECT_EQ(test, left, 2);

	pt_unmap(t, VA + SZ_4K, size);
	pt_unmap(t, VA, SZ_4K);
	pt_expect_pristine(t);
}

static void address_space_has_a_share_of_vram(struct kunit *test)
{
	struct pt_test *t = test->priv;

	t->pt.max_tables = 10;
	KUNIT_EXPECT_EQ(test, pt_try_use(t, ALIGN(VA, SZ_1G), 8 * SLOT), -ENOSPC);
	pt_expect_pristine(t);
	pt_map(t, ALIGN(VA, SZ_1G), PA | RW, 7 * SLOT, true);
	KUNIT_EXPECT_EQ(test, t->pt.num_tables, 10);
	KUNIT_EXPECT_EQ(test, pt_try_use(t, VA + 16ULL * SZ_1G, SZ_4K), -ENOSPC);
	pt_unmap(t, ALIGN(VA, SZ_1G), 7 * SLOT);
	KUNIT_EXPECT_EQ(test, pt_try_use(t, VA, SZ_4K), 0);
}

static void fini_frees_what_is_still_mapped(struct kunit *test)
{
	struct pt_test *t = test->priv;

	pt_map(t, VA, PA | RW, 20 * SLOT, true);
	pt_map(t, PDDGPU_VM_END - SZ_4K, PA | RW, SZ_4K, true);
	dma_resv_lock(t->obj.resv, NULL);
	pddgpu_pt_fini(&t->pt);
	dma_resv_unlock(t->obj.resv);
	KUNIT_EXPECT_TRUE(test, bitmap_empty(t->chunks, VRAM_CHUNKS));
	KUNIT_EXPECT_EQ(test, t->pt.num_tables, 0);
}

/* --- Against a model: an array with an entry a page --------------------- */

#define MODEL_SLOTS	6
#define MODEL_PAGES	(MODEL_SLOTS * PDDGPU_PT_ENTRIES)
#define MODEL_VA	(ALIGN(VA, SZ_1G) - MODEL_SLOTS / 2 * SLOT)
#define MODEL_STEPS	300

static u64 model_va(u32 page)
{
	return MODEL_VA + (u64)page * SZ_4K;
}

/* Maps what the model has in a range again, in pieces contiguous in memory. */
static void model_rewrite(struct pt_test *t, const u64 *model, u32 first, u32 end)
{
	u32 i, num;

	for (i = first; i < end; i += num) {
		for (num = 1; i + num < end && model[i + num] &&
		     model[i + num] == model[i] + num * SZ_4K; num++)
			;
		if (model[i])
			pt_write_range(t, model_va(i), model[i], (u64)num * SZ_4K, true);
	}
}

/* Tells the tables that what the model has in a range is gone. */
static void model_unuse(struct pt_test *t, u64 *model, u32 first, u32 end)
{
	u32 i;

	for (i = first; i < end; i++) {
		if (model[i])
			pddgpu_pt_unuse(&t->pt, model_va(i), SZ_4K);
		model[i] = 0;
	}
}

/* As pddgpu_vma.c does: whole slots at the ends, if they are large leaves. */
static void model_change(struct pt_test *t, u64 *model, u32 first, u32 end, u64 pte)
{
	bool cut_first = pddgpu_pt_is_large(&t->pt, model_va(first));
	bool cut_last = pddgpu_pt_is_large(&t->pt, model_va(end - 1));
	u32 i;

	if (pte)
		KUNIT_ASSERT_EQ(kunit_get_current_test(),
				pt_try_use(t, model_va(first), (u64)(end - first) * SZ_4K), 0);
	model_unuse(t, model, first, end);
	if (!pte)
		pt_clear(t, model_va(first), (u64)(end - first) * SZ_4K);
	for (i = first; pte && i < end; i++)
		model[i] = pte + (u64)(i - first) * SZ_4K;

	if (cut_first)
		first = round_down(first, PDDGPU_PT_ENTRIES);
	if (cut_last)
		end = round_up(end, PDDGPU_PT_ENTRIES);
	model_rewrite(t, model, first, end);
}

static void model_compare(struct pt_test *t, const u64 *model)
{
	u32 i;

	for (i = 0; i < MODEL_PAGES; i++)
		KUNIT_ASSERT_EQ_MSG(kunit_get_current_test(), pt_translate(t, model_va(i)),
				    model[i], "page %u", i);
}

/* Ends of ranges are at slots every other time, so that large leaves come and go. */
static u32 model_random_page(struct rnd_state *rnd)
{
	u32 page = prandom_u32_state(rnd) % (MODEL_PAGES + 1);

	return prandom_u32_state(rnd) & 1 ? round_down(page, PDDGPU_PT_ENTRIES) : page;
}

static void random_changes_match_the_model(struct kunit *test)
{
	struct pt_test *t = test->priv;
	unsigned int step, large = 0;
	struct rnd_state rnd;
	u32 first, end;
	u64 *model, pte;

	model = kunit_kcalloc(test, MODEL_PAGES, sizeof(*model), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, model);
	pddgpu_kunit_seed(test, &rnd);

	for (step = 0; step < MODEL_STEPS; step++) {
		first = model_random_page(&rnd);
		end = model_random_page(&rnd);
		if (first > end)
			swap(first, end);
		if (first == end)
			continue;

		pte = (u64)prandom_u32_state(&rnd) * SZ_4K;
		if (prandom_u32_state(&rnd) & 1)
			pte = ALIGN(pte, SLOT) + first % PDDGPU_PT_ENTRIES * SZ_4K;
		pte = prandom_u32_state(&rnd) % 3 ? pte | RW : 0;
		model_change(t, model, first, end, pte);
		model_compare(t, model);
		large += pddgpu_pt_is_large(&t->pt, model_va(first));
	}
	/* Otherwise this has tested less than it should. */
	KUNIT_EXPECT_GT(test, large, 0);

	model_change(t, model, 0, MODEL_PAGES, 0);
	pt_expect_pristine(t);
}

static int pt_test_init(struct kunit *test)
{
	struct pt_test *t;

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->vram = kunit_kzalloc(test, VRAM_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->vram);

	kunit_activate_static_stub(test, pddgpu_pt_chunk_alloc, stub_chunk_alloc);
	kunit_activate_static_stub(test, pddgpu_pt_chunk_free, stub_chunk_free);
	t->chunks_left = VRAM_CHUNKS;
	t->pdev.vram.size = 16ULL * VRAM_SIZE;
	t->sink.write = pt_write;
	t->sink.room = U32_MAX;
	t->obj.resv = &t->obj._resv;
	dma_resv_init(t->obj.resv);
	KUNIT_ASSERT_EQ(test, pddgpu_pt_init(&t->pt, &t->pdev, &t->obj), 0);
	return 0;
}

static void pt_test_exit(struct kunit *test)
{
	struct pt_test *t = test->priv;

	if (!t || !t->obj.resv)
		return;
	dma_resv_lock(t->obj.resv, NULL);
	pddgpu_pt_fini(&t->pt);
	dma_resv_unlock(t->obj.resv);
	KUNIT_EXPECT_TRUE(test, bitmap_empty(t->chunks, VRAM_CHUNKS));
	dma_resv_fini(t->obj.resv);
}

static struct kunit_case pt_test_cases[] = {
	KUNIT_CASE(new_address_space_is_empty),
	KUNIT_CASE(one_page_maps_nothing_else),
	KUNIT_CASE(flags_reach_every_leaf),
	KUNIT_CASE_PARAM(large_leaves_where_they_fit, leaf_gen_params),
	KUNIT_CASE(first_and_last_page_of_the_address_space),
	KUNIT_CASE(last_slot_of_the_address_space),
	KUNIT_CASE(unmap_in_the_middle_keeps_both_sides),
	KUNIT_CASE(path_is_what_the_card_walks),
	KUNIT_CASE(unmap_cuts_a_large_leaf),
	KUNIT_CASE(remap_in_the_middle_of_a_large_leaf),
	KUNIT_CASE(large_leaf_over_small_pages),
	KUNIT_CASE(small_page_over_large_leaf_forgets_old_entries),
	KUNIT_CASE(neighbours_share_tables),
	KUNIT_CASE(unmap_before_map_was_written),
	KUNIT_CASE(unmap_all_of_a_scattered_address_space),
	KUNIT_CASE(unmap_of_nothing_writes_nothing_wrong),
	KUNIT_CASE(contiguous_memory_takes_few_updates),
	KUNIT_CASE(full_sink_is_resumed),
	KUNIT_CASE(sink_without_room_gets_nothing),
	KUNIT_CASE(failed_allocation_changes_nothing),
	KUNIT_CASE(address_space_has_a_share_of_vram),
	KUNIT_CASE(fini_frees_what_is_still_mapped),
	KUNIT_CASE(random_changes_match_the_model),
	{}
};

static struct kunit_suite pt_test_suite = {
	.name = "pddgpu_pt",
	.init = pt_test_init,
	.exit = pt_test_exit,
	.test_cases = pt_test_cases,
};

kunit_test_suite(pt_test_suite);
