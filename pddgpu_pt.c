// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/bitops.h>
#include <linux/delay.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include <drm/drm_gem.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_resource.h>
#include <uapi/drm/pddgpu_drm.h>

#include <kunit/static_stub.h>
#include <kunit/visibility.h>

#include "pddgpu_bo.h"
#include "pddgpu_device.h"
#include "pddgpu_pt.h"

/**
 * DOC: page tables
 *
 * The tables of an address space are pieces of pinned VRAM buffers that share
 * its reservation.  What is in them only the GPU knows: the driver keeps a tree
 * that mirrors which table hangs where, and writes entries with packets.  All
 * updates of an address space run one after the other on the copy engine.  What
 * changes valid entries never does while one of its jobs runs, so what they hold
 * half-way through does not matter.  What only adds some may, so a table is
 * zeroed before an entry leads to it.
 *
 * Three things are kept apart.  Which tables exist follows from what is mapped
 * and changes when mappings do (pddgpu_pt_use(), pddgpu_pt_unuse()).  Which of
 * them the GPU can get at, and what is in them, changes when entries are written
 * (pddgpu_pt_map(), pddgpu_pt_clear()).  Memory comes and goes when nothing else
 * is at stake (pddgpu_pt_stash_fill(), pddgpu_pt_reap()).
 */

#define PDDGPU_PT_ROOT_LEVEL	(PDDGPU_PT_LEVELS - 1)
#define PDDGPU_PT_ENTRY_SIZE	sizeof(u64)

/* No address space may fill more than this fraction of VRAM with pinned tables. */
#define PDDGPU_PT_VRAM_SHARE	16

/* How often, and after which break, to ask again for VRAM. */
#define PDDGPU_PT_TRIES		20
#define PDDGPU_PT_BREAK_MS	2

static u32 pddgpu_pt_index(u64 va, unsigned int level)
{
	return (va >> PDDGPU_PT_SHIFT(level)) % PDDGPU_PT_ENTRIES;
}

/* First byte above what the entry for @va at @level serves. */
static u64 pddgpu_pt_next(u64 va, unsigned int level)
{
	return ((va >> PDDGPU_PT_SHIFT(level)) + 1) << PDDGPU_PT_SHIFT(level);
}

/* --- Memory ------------------------------------------------------------- */

/*
 * A buffer is pinned where it is created.  That it was moved between creation
 * and pinning is unlikely but possible, so it is validated once more.
 */
static int pddgpu_pt_chunk_pin(struct pddgpu_pt_chunk *chunk)
{
	struct ttm_buffer_object *tbo = &chunk->bo->tbo;
	struct ttm_operation_ctx ctx = { .interruptible = true };
	int ret;

	ret = ttm_bo_reserve(tbo, true, false, NULL);
	if (ret)
		return ret;

	ret = pddgpu_bo_validate(chunk->bo, DRM_PDDGPU_DOMAIN_VRAM, &ctx);
	if (!ret) {
		ttm_bo_pin(tbo);
		chunk->addr = (u64)tbo->resource->start << PAGE_SHIFT;
	}
	ttm_bo_unreserve(tbo);
	return ret;
}

/*
 * All of VRAM may be locked by others for a moment, by those who submit.  They
 * are done soon, for they do not wait for anything that holds a reservation.
 */
static struct pddgpu_bo *pddgpu_pt_bo_create(struct pddgpu_device *pdev,
					     const struct pddgpu_bo_params *params)
{
	unsigned int tries = PDDGPU_PT_TRIES;
	struct pddgpu_bo *bo;

	do {
		bo = pddgpu_bo_create(pdev, params);
	} while (bo == ERR_PTR(-ENOSPC) && --tries &&
		 !msleep_interruptible(PDDGPU_PT_BREAK_MS));
	return bo;
}

VISIBLE_IF_KUNIT int pddgpu_pt_chunk_alloc(struct pddgpu_pt *pt, struct pddgpu_pt_chunk *chunk)
{
	const struct pddgpu_bo_params params = {
		.size = PDDGPU_PT_CHUNK_SIZE,
		.domains = DRM_PDDGPU_DOMAIN_VRAM,
		.flags = DRM_PDDGPU_GEM_NO_CPU_ACCESS | DRM_PDDGPU_GEM_VRAM_CONTIGUOUS,
		.vm_resv = pt->resv_obj,
		.kernel = true,
	};
	int ret;

	KUNIT_STATIC_STUB_REDIRECT(pddgpu_pt_chunk_alloc, pt, chunk);

	chunk->bo = pddgpu_pt_bo_create(pt->pdev, &params);
	if (IS_ERR(chunk->bo))
		return PTR_ERR(chunk->bo);

	ret = pddgpu_pt_chunk_pin(chunk);
	if (ret) {
		drm_gem_object_put(&chunk->bo->tbo.base);
		return ret;
	}

	chunk->pinned.addr = chunk->addr;
	chunk->pinned.size = PDDGPU_PT_CHUNK_SIZE;
	pddgpu_pm_pin(pt->pdev, &chunk->pinned);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pt_chunk_alloc);

/* TTM keeps the memory until all fences of the reservation have signalled. */
VISIBLE_IF_KUNIT void pddgpu_pt_chunk_free(struct pddgpu_pt *pt, struct pddgpu_pt_chunk *chunk)
{
	KUNIT_STATIC_STUB_REDIRECT(pddgpu_pt_chunk_free, pt, chunk);

	dma_resv_assert_held(pt->resv_obj->resv);
	pddgpu_pm_unpin(pt->pdev, &chunk->pinned);
	ttm_bo_unpin(&chunk->bo->tbo);
	drm_gem_object_put(&chunk->bo->tbo.base);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pt_chunk_free);

static struct pddgpu_pt_chunk *pddgpu_pt_chunk_get(struct pddgpu_pt *pt)
{
	struct pddgpu_pt_chunk *chunk;
	int ret;

	list_for_each_entry(chunk, &pt->chunks, link)
		if (chunk->used != GENMASK(PDDGPU_PT_CHUNK_TABLES - 1, 0))
			return chunk;

	chunk = kzalloc(sizeof(*chunk), GFP_KERNEL_ACCOUNT);
	if (!chunk)
		return ERR_PTR(-ENOMEM);

	ret = pddgpu_pt_chunk_alloc(pt, chunk);
	if (ret) {
		kfree(chunk);
		return ERR_PTR(ret);
	}
	list_add(&chunk->link, &pt->chunks);
	return chunk;
}

static struct pddgpu_pt_table *pddgpu_pt_table_alloc(struct pddgpu_pt *pt, unsigned int level)
{
	struct pddgpu_pt_table *table;
	struct pddgpu_pt_chunk *chunk;
	unsigned int slot;

	if (pt->num_tables == pt->max_tables)
		return ERR_PTR(-ENOSPC);

	table = kzalloc(sizeof(*table), GFP_KERNEL_ACCOUNT);
	if (!table)
		return ERR_PTR(-ENOMEM);

	if (level) {
		table->children = kcalloc(PDDGPU_PT_ENTRIES, sizeof(*table->children),
					  GFP_KERNEL_ACCOUNT);
		if (!table->children) {
			kfree(table);
			return ERR_PTR(-ENOMEM);
		}
	}

	chunk = pddgpu_pt_chunk_get(pt);
	if (IS_ERR(chunk)) {
		kfree(table->children);
		kfree(table);
		return ERR_CAST(chunk);
	}

	slot = ffz(chunk->used);
	__set_bit(slot, &chunk->used);
	table->chunk = chunk;
	table->addr = chunk->addr + slot * PDDGPU_PT_SIZE;
	pt->num_tables++;
	return table;
}

static void pddgpu_pt_table_free(struct pddgpu_pt *pt, struct pddgpu_pt_table *table)
{
	struct pddgpu_pt_chunk *chunk = table->chunk;

	__clear_bit((table->addr - chunk->addr) / PDDGPU_PT_SIZE, &chunk->used);
	if (!chunk->used) {
		list_del(&chunk->link);
		pddgpu_pt_chunk_free(pt, chunk);
		kfree(chunk);
	}
	pt->num_tables--;
	kfree(table->children);
	kfree(table);
}

static void pddgpu_pt_free_list(struct pddgpu_pt *pt, struct list_head *tables)
{
	struct pddgpu_pt_table *table, *next;

	list_for_each_entry_safe(table, next, tables, link)
		pddgpu_pt_table_free(pt, table);
	INIT_LIST_HEAD(tables);
}

void pddgpu_pt_reap(struct pddgpu_pt *pt)
{
	pddgpu_pt_free_list(pt, &pt->dead);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pt_reap);

/* --- The tree ----------------------------------------------------------- */

/* Takes a table and all below it out of the tree. */
static void pddgpu_pt_drop(struct pddgpu_pt *pt, struct pddgpu_pt_table *table)
{
	u32 i;

	for (i = 0; table->children && i < PDDGPU_PT_ENTRIES; i++)
		if (table->children[i])
			pddgpu_pt_drop(pt, table->children[i]);

	list_add(&table->link, &pt->dead);
}

int pddgpu_pt_init(struct pddgpu_pt *pt, struct pddgpu_device *pdev,
		   struct drm_gem_object *resv_obj)
{
	struct pddgpu_pt_table *root;

	pt->pdev = pdev;
	pt->resv_obj = resv_obj;
	INIT_LIST_HEAD(&pt->chunks);
	INIT_LIST_HEAD(&pt->dead);
	pt->num_tables = 0;
	pt->max_tables = pdev->vram.size / PDDGPU_PT_VRAM_SHARE / PDDGPU_PT_SIZE;

	root = pddgpu_pt_table_alloc(pt, PDDGPU_PT_ROOT_LEVEL);
	if (IS_ERR(root))
		return PTR_ERR(root);

	/* In a new buffer, and those are zeroed: valid at once. */
	root->state = PDDGPU_PT_TABLE;
	pt->root = root;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pt_init);

void pddgpu_pt_fini(struct pddgpu_pt *pt)
{
	if (!pt->root)
		return;

	pddgpu_pt_drop(pt, pt->root);
	pt->root = NULL;
	pddgpu_pt_reap(pt);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pt_fini);

u64 pddgpu_pt_root(const struct pddgpu_pt *pt)
{
	return pt->root->addr | PDDGPU_VMID_BASE_VALID;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pt_root);

/* The table of @level that serves @va, or NULL if there is none. */
static struct pddgpu_pt_table *pddgpu_pt_find(const struct pddgpu_pt *pt, u64 va,
					      unsigned int level)
{
	struct pddgpu_pt_table *table = pt->root;
	unsigned int l;

	for (l = PDDGPU_PT_ROOT_LEVEL; table && l > level; l--)
		table = table->children[pddgpu_pt_index(va, l)];
	return table;
}

bool pddgpu_pt_is_large(const struct pddgpu_pt *pt, u64 va)
{
	const struct pddgpu_pt_table *table = pddgpu_pt_find(pt, va, 0);

	return table && table->state == PDDGPU_PT_LEAF;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pt_is_large);

unsigned int pddgpu_pt_path(const struct pddgpu_pt *pt, u64 va,
			    struct pddgpu_pt_step steps[PDDGPU_PT_LEVELS])
{
	const struct pddgpu_pt_table *table = pt->root, *child;
	unsigned int num;

	for (num = 0; table; table = child, num++) {
		struct pddgpu_pt_step *step = &steps[num];

		step->table = table->addr;
		step->index = pddgpu_pt_index(va, PDDGPU_PT_ROOT_LEVEL - num);
		child = table->children ? table->children[step->index] : NULL;
		step->state = child ? child->state : PDDGPU_PT_NONE;
	}
	return num;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pt_path);

void pddgpu_pt_stash_init(struct pddgpu_pt_stash *stash)
{
	INIT_LIST_HEAD(&stash->leaves);
	INIT_LIST_HEAD(&stash->nodes);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pt_stash_init);

static struct list_head *pddgpu_pt_stash_list(struct pddgpu_pt_stash *stash, unsigned int level)
{
	return level ? &stash->nodes : &stash->leaves;
}

static int pddgpu_pt_stash_fill_level(struct pddgpu_pt *pt, u64 va, u64 end, unsigned int level,
				      struct pddgpu_pt_stash *stash)
{
	struct pddgpu_pt_table *table;

	for (; va < end; va = pddgpu_pt_next(va, level + 1)) {
		if (pddgpu_pt_find(pt, va, level))
			continue;

		table = pddgpu_pt_table_alloc(pt, level);
		if (IS_ERR(table))
			return PTR_ERR(table);
		list_add_tail(&table->link, pddgpu_pt_stash_list(stash, level));
	}
	return 0;
}

int pddgpu_pt_stash_fill(struct pddgpu_pt *pt, u64 va, u64 size, struct pddgpu_pt_stash *stash)
{
	unsigned int level;
	int ret;

	for (level = 0; level < PDDGPU_PT_ROOT_LEVEL; level++) {
		ret = pddgpu_pt_stash_fill_level(pt, va, va + size, level, stash);
		if (ret)
			return ret;
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pt_stash_fill);

void pddgpu_pt_stash_free(struct pddgpu_pt *pt, struct pddgpu_pt_stash *stash)
{
	if (list_empty(&stash->leaves) && list_empty(&stash->nodes))
		return;

	dma_resv_lock(pt->resv_obj->resv, NULL);
	pddgpu_pt_free_list(pt, &stash->leaves);
	pddgpu_pt_free_list(pt, &stash->nodes);
	dma_resv_unlock(pt->resv_obj->resv);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pt_stash_free);

static struct pddgpu_pt_table *pddgpu_pt_attach(struct pddgpu_pt_table *parent, u32 index,
						unsigned int level, struct pddgpu_pt_stash *stash)
{
	struct pddgpu_pt_table *table = parent->children[index];

	if (!table) {
		table = list_first_entry(pddgpu_pt_stash_list(stash, level),
					 struct pddgpu_pt_table, link);
		list_del_init(&table->link);
		parent->children[index] = table;
		parent->used++;
	}
	return table;
}

void pddgpu_pt_use(struct pddgpu_pt *pt, u64 va, u64 size, struct pddgpu_pt_stash *stash)
{
	struct pddgpu_pt_table *table;
	u64 end = va + size, next;
	unsigned int level;

	for (; va < end; va = next) {
		next = min(end, pddgpu_pt_next(va, 1));
		table = pt->root;
		for (level = PDDGPU_PT_ROOT_LEVEL; level > 0; level--)
			table = pddgpu_pt_attach(table, pddgpu_pt_index(va, level), level - 1,
						 stash);
		table->used += (next - va) / PDDGPU_PT_SIZE;
	}
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pt_use);

void pddgpu_pt_unuse(struct pddgpu_pt *pt, u64 va, u64 size)
{
	u64 end = va + size, next;

	for (; va < end; va = next) {
		next = min(end, pddgpu_pt_next(va, 1));
		pddgpu_pt_find(pt, va, 0)->used -= (next - va) / PDDGPU_PT_SIZE;
	}
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pt_unuse);

/* --- Entries ------------------------------------------------------------ */

void pddgpu_pt_sink_flush(struct pddgpu_pt_sink *sink)
{
	if (sink->last.count)
		sink->write(sink, &sink->last);
	sink->last.count = 0;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pt_sink_flush);

static bool pddgpu_pt_continues(const struct pddgpu_pt_update *last,
				const struct pddgpu_pt_update *update)
{
	return last->count && last->step == update->step &&
	       last->addr + last->count * PDDGPU_PT_ENTRY_SIZE == update->addr &&
	       last->value + last->count * last->step == update->value &&
	       last->count + update->count <= PDDGPU_WRITE_PTE_MAX;
}

/* Sets @count entries of a table from @index on. */
static void pddgpu_pt_emit(struct pddgpu_pt_sink *sink, const struct pddgpu_pt_table *table,
			   u32 index, u32 count, u64 value, u64 step)
{
	const struct pddgpu_pt_update update = {
		.addr = table->addr + index * PDDGPU_PT_ENTRY_SIZE,
		.value = value,
		.step = step,
		.count = count,
	};

	if (pddgpu_pt_continues(&sink->last, &update)) {
		sink->last.count += count;
		return;
	}
	pddgpu_pt_sink_flush(sink);
	sink->last = update;
	sink->room--;
}

/* Has the entry for @table lead to it, zeroed unless it does already. */
static void pddgpu_pt_link(struct pddgpu_pt_table *parent, u32 index,
			   struct pddgpu_pt_table *table, struct pddgpu_pt_sink *sink)
{
	if (table->state == PDDGPU_PT_TABLE)
		return;

	pddgpu_pt_emit(sink, table, 0, PDDGPU_PT_ENTRIES, 0, 0);
	pddgpu_pt_emit(sink, parent, index, 1, table->addr | PDDGPU_PTE_VALID, PDDGPU_PT_SIZE);
	table->state = PDDGPU_PT_TABLE;
}

/* The table of @level that serves @va, with the GPU able to get there. */
static struct pddgpu_pt_table *pddgpu_pt_reach(struct pddgpu_pt *pt, u64 va, unsigned int level,
					       struct pddgpu_pt_sink *sink)
{
	struct pddgpu_pt_table *table = pt->root, *child;
	unsigned int l;
	u32 index;

	for (l = PDDGPU_PT_ROOT_LEVEL; l > level; l--) {
		index = pddgpu_pt_index(va, l);
		child = table->children[index];
		pddgpu_pt_link(table, index, child, sink);
		table = child;
	}
	return table;
}

static bool pddgpu_pt_fits_large(const struct pddgpu_pt_range *range)
{
	return range->large && range->size >= PDDGPU_PT_SLOT_SIZE &&
	       IS_ALIGNED(range->va, PDDGPU_PT_SLOT_SIZE) &&
	       IS_ALIGNED(range->pte & PDDGPU_PTE_ADDR, PDDGPU_PT_SLOT_SIZE);
}

static u64 pddgpu_pt_map_large(struct pddgpu_pt *pt, const struct pddgpu_pt_range *range,
			       struct pddgpu_pt_sink *sink)
{
	struct pddgpu_pt_table *table = pddgpu_pt_reach(pt, range->va, 1, sink);
	u32 index = pddgpu_pt_index(range->va, 1);

	pddgpu_pt_emit(sink, table, index, 1, range->pte | PDDGPU_PTE_LEAF, PDDGPU_PT_SLOT_SIZE);
	table->children[index]->state = PDDGPU_PT_LEAF;
	return PDDGPU_PT_SLOT_SIZE;
}

static u64 pddgpu_pt_map_small(struct pddgpu_pt *pt, const struct pddgpu_pt_range *range,
			       struct pddgpu_pt_sink *sink)
{
	struct pddgpu_pt_table *table = pddgpu_pt_reach(pt, range->va, 0, sink);
	u64 size = min(range->size, pddgpu_pt_next(range->va, 1) - range->va);

	pddgpu_pt_emit(sink, table, pddgpu_pt_index(range->va, 0), size / PDDGPU_PT_SIZE,
		       range->pte, PDDGPU_PT_SIZE);
	return size;
}

u64 pddgpu_pt_map(struct pddgpu_pt *pt, const struct pddgpu_pt_range *range,
		  struct pddgpu_pt_sink *sink)
{
	struct pddgpu_pt_range rest = *range;
	u64 done;

	while (rest.size && sink->room >= PDDGPU_PT_STEP_UPDATES) {
		if (pddgpu_pt_fits_large(&rest))
			done = pddgpu_pt_map_large(pt, &rest, sink);
		else
			done = pddgpu_pt_map_small(pt, &rest, sink);
		rest.va += done;
		rest.pte += done;
		rest.size -= done;
	}
	return range->size - rest.size;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pt_map);

/* Takes a table out of its parent's hands. */
static void pddgpu_pt_detach(struct pddgpu_pt *pt, struct pddgpu_pt_table *parent, u32 index)
{
	if (!parent->children[index])
		return;

	pddgpu_pt_drop(pt, parent->children[index]);
	parent->children[index] = NULL;
	parent->used--;
}

/* Clears what is in one level 0 table, or the leaf instead of it. */
static void pddgpu_pt_clear_slot(struct pddgpu_pt_table *parent, u64 va, u64 end,
				 struct pddgpu_pt_sink *sink)
{
	u32 index = pddgpu_pt_index(va, 1);
	struct pddgpu_pt_table *table = parent->children[index];

	switch (table->state) {
	case PDDGPU_PT_TABLE:
		pddgpu_pt_emit(sink, table, pddgpu_pt_index(va, 0), (end - va) / PDDGPU_PT_SIZE,
			       0, 0);
		break;
	case PDDGPU_PT_LEAF:
		pddgpu_pt_emit(sink, parent, index, 1, 0, 0);
		table->state = PDDGPU_PT_NONE;
		break;
	case PDDGPU_PT_NONE:
		break;
	}
}

static void pddgpu_pt_clear_table(struct pddgpu_pt *pt, struct pddgpu_pt_table *table,
				  unsigned int level, u64 va, u64 end,
				  struct pddgpu_pt_sink *sink);

/*
 * Clears the part of a child that is in the range.  Only the first and the last
 * child of a table can be there in part.
 *
 * Returns true if nothing is mapped in the child any more.
 */
static bool pddgpu_pt_clear_child(struct pddgpu_pt *pt, struct pddgpu_pt_table *table,
				  unsigned int level, u64 va, u64 end,
				  struct pddgpu_pt_sink *sink)
{
	struct pddgpu_pt_table *child = table->children[pddgpu_pt_index(va, level)];

	if (!child || end - va == 1ULL << PDDGPU_PT_SHIFT(level))
		return true;

	if (level > 1)
		pddgpu_pt_clear_table(pt, child, level - 1, va, end, sink);
	else if (child->used)
		pddgpu_pt_clear_slot(table, va, end, sink);
	return !child->used;
}

/* All entries that become zero, or were, are next to each other: one update. */
static void pddgpu_pt_clear_table(struct pddgpu_pt *pt, struct pddgpu_pt_table *table,
				  unsigned int level, u64 va, u64 end,
				  struct pddgpu_pt_sink *sink)
{
	u32 index, first = 0, num = 0;
	u64 next;

	for (; va < end; va = next) {
		next = min(end, pddgpu_pt_next(va, level));
		if (!pddgpu_pt_clear_child(pt, table, level, va, next, sink))
			continue;

		index = pddgpu_pt_index(va, level);
		pddgpu_pt_detach(pt, table, index);
		if (!num++)
			first = index;
	}
	if (num && table->state == PDDGPU_PT_TABLE)
		pddgpu_pt_emit(sink, table, first, num, 0, 0);
}

void pddgpu_pt_clear(struct pddgpu_pt *pt, u64 va, u64 size, struct pddgpu_pt_sink *sink)
{
	pddgpu_pt_clear_table(pt, pt->root, PDDGPU_PT_ROOT_LEVEL, va, va + size, sink);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pt_clear);
