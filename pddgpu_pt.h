/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_PT_H_
#define _PDDGPU_PT_H_

#include <linux/bits.h>
#include <linux/kconfig.h>
#include <linux/list.h>
#include <linux/types.h>

#include "include/pddgpu_regs.h"
#include "pddgpu_pm.h"

struct drm_gem_object;
struct pddgpu_bo;
struct pddgpu_device;

/* What a level 0 table serves, and what a large leaf maps. */
#define PDDGPU_PT_SLOT_SIZE	BIT_ULL(PDDGPU_PT_SHIFT(1))

/* Tables share VRAM buffers of this size. */
#define PDDGPU_PT_CHUNK_SIZE	0x10000
#define PDDGPU_PT_CHUNK_TABLES	(PDDGPU_PT_CHUNK_SIZE / PDDGPU_PT_SIZE)

/* Most updates that one call of pddgpu_pt_clear() emits. */
#define PDDGPU_PT_CLEAR_UPDATES	16

/* Room without which pddgpu_pt_map() does not even start on a slot. */
#define PDDGPU_PT_STEP_UPDATES	8

/**
 * enum pddgpu_pt_state - what the entry that leads to a table holds
 */
enum pddgpu_pt_state {
	/** @PDDGPU_PT_NONE: zero; what the table holds is unknown */
	PDDGPU_PT_NONE,
	/** @PDDGPU_PT_TABLE: the address of the table */
	PDDGPU_PT_TABLE,
	/** @PDDGPU_PT_LEAF: a large leaf, the table (of level 0) is spare */
	PDDGPU_PT_LEAF,
};

/**
 * struct pddgpu_pt_chunk - a pinned VRAM buffer that holds tables
 */
struct pddgpu_pt_chunk {
	/** @link: in &pddgpu_pt.chunks */
	struct list_head link;
	/** @bo: the buffer */
	struct pddgpu_bo *bo;
	/** @addr: its VRAM address, bytes */
	u64 addr;
	/** @pinned: has it saved in a suspend */
	struct pddgpu_pm_pinned pinned;
	/** @used: a bit for each table handed out */
	unsigned long used;
};

/**
 * struct pddgpu_pt_table - what the driver knows of a table
 *
 * The entries themselves are in VRAM only; the CPU never reads or writes them.
 */
struct pddgpu_pt_table {
	/** @link: in a stash, or in &pddgpu_pt.dead */
	struct list_head link;
	/** @chunk: where its memory comes from */
	struct pddgpu_pt_chunk *chunk;
	/** @addr: VRAM address, bytes */
	u64 addr;
	/** @children: tables below, PDDGPU_PT_ENTRIES of them; NULL at level 0 */
	struct pddgpu_pt_table **children;
	/** @used: at level 0 mapped pages, above that children */
	u32 used;
	/** @state: what the updates emitted so far make of the parent's entry */
	enum pddgpu_pt_state state;
};

/**
 * struct pddgpu_pt - the page tables of an address space
 *
 * Wherever something is mapped there are tables down to level 0, even under a
 * large leaf: rewriting entries never allocates.  @chunks is protected by the
 * lock that serialises pddgpu_pt_stash_fill(), pddgpu_pt_use() and
 * pddgpu_pt_reap(), the tables by the reservation of @resv_obj as well.
 */
struct pddgpu_pt {
	/** @pdev: the card */
	struct pddgpu_device *pdev;
	/** @resv_obj: object whose reservation the chunks share; not a reference */
	struct drm_gem_object *resv_obj;
	/** @root: the table of the highest level */
	struct pddgpu_pt_table *root;
	/** @chunks: struct pddgpu_pt_chunk */
	struct list_head chunks;
	/** @dead: tables that no entry leads to, until pddgpu_pt_reap() */
	struct list_head dead;
	/** @num_tables: tables that have memory */
	u64 num_tables;
	/** @max_tables: how many of them there may be */
	u64 max_tables;
};

/**
 * struct pddgpu_pt_stash - tables allocated ahead of a change
 */
struct pddgpu_pt_stash {
	/** @leaves: tables for level 0 */
	struct list_head leaves;
	/** @nodes: tables for the levels above */
	struct list_head nodes;
};

/**
 * struct pddgpu_pt_update - some adjacent entries to write
 */
struct pddgpu_pt_update {
	/** @addr: VRAM address of the first entry, bytes */
	u64 addr;
	/** @value: what it is set to */
	u64 value;
	/** @step: how much more each of the next ones gets */
	u64 step;
	/** @count: entries, 0 if there is nothing to write */
	u32 count;
};

/**
 * struct pddgpu_pt_sink - where updates go
 *
 * Updates that continue the one before are merged with it.
 */
struct pddgpu_pt_sink {
	/** @write: takes an update */
	void (*write)(struct pddgpu_pt_sink *sink, const struct pddgpu_pt_update *update);
	/** @room: updates that may still be emitted */
	u32 room;
	/** @last: emitted, but not written yet */
	struct pddgpu_pt_update last;
};

/**
 * struct pddgpu_pt_range - some memory to map
 */
struct pddgpu_pt_range {
	/** @va: GPU virtual address, a multiple of 4 KiB */
	u64 va;
	/** @size: bytes, a non-zero multiple of 4 KiB */
	u64 size;
	/** @pte: entry for the first page: address and flags */
	u64 pte;
	/** @large: large leaves may be used */
	bool large;
};

/**
 * struct pddgpu_pt_step - a table on the way to an address
 */
struct pddgpu_pt_step {
	/** @table: VRAM address of the table, bytes */
	u64 table;
	/** @index: entry of it that serves the address */
	u32 index;
	/** @state: what the updates emitted so far make of that; level 0: unknown, NONE */
	enum pddgpu_pt_state state;
};

/**
 * pddgpu_pt_init() - Make an empty set of tables: a root
 * @pt: the page tables
 * @pdev: the card
 * @resv_obj: object whose reservation the tables share, not locked; outlives @pt
 *
 * Return: 0, -ENOSPC if VRAM is full, -ENOMEM, -EINTR-like.
 */
int pddgpu_pt_init(struct pddgpu_pt *pt, struct pddgpu_device *pdev,
		   struct drm_gem_object *resv_obj);

/**
 * pddgpu_pt_fini() - Give all tables back
 * @pt: the page tables, reservation held; or zeroed, never initialised
 *
 * Their memory stays until the fences of the reservation have signalled.
 */
void pddgpu_pt_fini(struct pddgpu_pt *pt);

/**
 * pddgpu_pt_root() - What a VMID is set to
 * @pt: the page tables
 *
 * Return: a PDDGPU_VMID_BASE_* value.
 */
u64 pddgpu_pt_root(const struct pddgpu_pt *pt);

/**
 * pddgpu_pt_stash_init() - Make an empty stash
 * @stash: the stash
 */
void pddgpu_pt_stash_init(struct pddgpu_pt_stash *stash);

/**
 * pddgpu_pt_stash_fill() - Allocate the tables that a range lacks
 * @pt: the page tables; reservation not held
 * @va: start of the range, a multiple of 4 KiB
 * @size: its bytes, a non-zero multiple of 4 KiB
 * @stash: empty; to be emptied with pddgpu_pt_stash_free() in any case
 *
 * Return: 0, -ENOSPC if VRAM is full or the address space has its share,
 * -ENOMEM, -EINTR-like.
 */
int pddgpu_pt_stash_fill(struct pddgpu_pt *pt, u64 va, u64 size, struct pddgpu_pt_stash *stash);

/**
 * pddgpu_pt_stash_free() - Free the tables that were not needed
 * @pt: the page tables, reservation not held
 * @stash: the stash, empty afterwards
 */
void pddgpu_pt_stash_free(struct pddgpu_pt *pt, struct pddgpu_pt_stash *stash);

/**
 * pddgpu_pt_use() - Note that a range gets mapped
 * @pt: the page tables, reservation held
 * @va: start of the range, a multiple of 4 KiB
 * @size: its bytes, a non-zero multiple of 4 KiB
 * @stash: filled for the range
 *
 * Emits nothing: pddgpu_pt_map() writes the entries, now or later.
 */
void pddgpu_pt_use(struct pddgpu_pt *pt, u64 va, u64 size, struct pddgpu_pt_stash *stash);

/**
 * pddgpu_pt_unuse() - Note that a range is no longer mapped
 * @pt: the page tables, reservation held
 * @va: start of a range that pddgpu_pt_use() has seen
 * @size: its bytes
 *
 * Emits nothing: either pddgpu_pt_clear() follows, or another mapping of all of
 * the range.
 */
void pddgpu_pt_unuse(struct pddgpu_pt *pt, u64 va, u64 size);

/**
 * pddgpu_pt_is_large() - Whether an address is behind a large leaf
 * @pt: the page tables, reservation held
 * @va: an address
 *
 * Return: true if so.
 */
bool pddgpu_pt_is_large(const struct pddgpu_pt *pt, u64 va);

/**
 * pddgpu_pt_path() - Which tables lead to an address
 * @pt: the page tables, reservation held
 * @va: an address below 2^PDDGPU_VA_BITS
 * @steps: filled in, the root first
 *
 * The driver's view: under a large leaf, or where nothing has been written yet,
 * there are tables that the GPU does not get to.
 *
 * Return: how many there are, 0 after pddgpu_pt_fini().
 */
unsigned int pddgpu_pt_path(const struct pddgpu_pt *pt, u64 va,
			    struct pddgpu_pt_step steps[PDDGPU_PT_LEVELS]);

/**
 * pddgpu_pt_map() - Write the entries of a range
 * @pt: the page tables, reservation held
 * @range: a range that pddgpu_pt_use() has seen, contiguous in memory
 * @sink: where updates go
 *
 * Where the range covers only a part of what a large leaf maps, the rest is
 * unmapped: the caller maps that again.
 *
 * Return: bytes mapped; less than there are if @sink ran full.
 */
u64 pddgpu_pt_map(struct pddgpu_pt *pt, const struct pddgpu_pt_range *range,
		  struct pddgpu_pt_sink *sink);

/**
 * pddgpu_pt_clear() - Make a range invalid and drop the tables that are unused
 * @pt: the page tables, reservation held
 * @va: start of the range; pddgpu_pt_unuse() has seen all that was mapped in it
 * @size: its bytes
 * @sink: where updates go; has room for PDDGPU_PT_CLEAR_UPDATES
 *
 * Of a large leaf that covers an end of the range all is unmapped: the caller
 * maps the rest again.
 */
void pddgpu_pt_clear(struct pddgpu_pt *pt, u64 va, u64 size, struct pddgpu_pt_sink *sink);

/**
 * pddgpu_pt_reap() - Free the tables that pddgpu_pt_clear() dropped
 * @pt: the page tables, reservation held
 *
 * To be called when the fence of the update is in the reservation.
 */
void pddgpu_pt_reap(struct pddgpu_pt *pt);

/**
 * pddgpu_pt_sink_flush() - Write what is held back for merging
 * @sink: the sink
 */
void pddgpu_pt_sink_flush(struct pddgpu_pt_sink *sink);

#if IS_ENABLED(CONFIG_KUNIT)
int pddgpu_pt_chunk_alloc(struct pddgpu_pt *pt, struct pddgpu_pt_chunk *chunk);
void pddgpu_pt_chunk_free(struct pddgpu_pt *pt, struct pddgpu_pt_chunk *chunk);
#endif

#endif
