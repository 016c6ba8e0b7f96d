// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/visibility.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include <drm/ttm/ttm_placement.h>
#include <drm/ttm/ttm_tt.h>

#include "pddgpu_res_cursor.h"
#include "pddgpu_vram_mgr.h"

/* Take the following blocks into the run as long as they adjoin and are asked for */
static void cursor_grow_vram(struct pddgpu_res_cursor *cur)
{
	struct gpu_buddy_block *block = cur->node;

	while (cur->size < cur->remaining) {
		block = list_next_entry(block, link);
		if (gpu_buddy_block_offset(block) != cur->addr + cur->size)
			break;
		cur->size += pddgpu_vram_block_size(block);
		cur->node = block;
	}

	cur->size = min(cur->size, cur->remaining);
}

/* Start a run @skip bytes into @block */
static void cursor_enter_block(struct pddgpu_res_cursor *cur, struct gpu_buddy_block *block,
			       u64 skip)
{
	cur->node = block;
	cur->addr = gpu_buddy_block_offset(block) + skip;
	cur->size = pddgpu_vram_block_size(block) - skip;
	cursor_grow_vram(cur);
}

/* Start a run at the page that holds the current offset */
static void cursor_enter_page(struct pddgpu_res_cursor *cur)
{
	const dma_addr_t *addr = &cur->tt->dma_address[cur->offset >> PAGE_SHIFT];
	u64 skip = offset_in_page(cur->offset);

	cur->addr = *addr + skip;
	cur->size = PAGE_SIZE - skip;
	while (cur->size < cur->remaining && addr[1] == cur->addr + cur->size) {
		cur->size += PAGE_SIZE;
		addr++;
	}

	cur->size = min(cur->size, cur->remaining);
}

static void cursor_first_vram(struct pddgpu_res_cursor *cur, struct ttm_resource *res, u64 start)
{
	struct gpu_buddy_block *block;

	list_for_each_entry(block, &to_pddgpu_vram_resource(res)->blocks, link) {
		u64 size = pddgpu_vram_block_size(block);

		if (start < size) {
			cursor_enter_block(cur, block, start);
			return;
		}
		start -= size;
	}
}

/* A heap has but one run a buffer. */
static void cursor_first_onchip(struct pddgpu_res_cursor *cur, struct ttm_resource *res)
{
	cur->addr = pddgpu_onchip_addr(res) + cur->offset;
	cur->size = cur->remaining;
}

void pddgpu_res_first(struct ttm_resource *res, struct ttm_tt *tt, u64 start, u64 size,
		      struct pddgpu_res_cursor *cur)
{
	*cur = (struct pddgpu_res_cursor) {
		.remaining = size,
		.offset = start,
		.system = !pddgpu_res_on_card(res),
	};

	if (cur->system) {
		cur->tt = tt;
		cursor_enter_page(cur);
	} else if (pddgpu_onchip_holds(res)) {
		cursor_first_onchip(cur, res);
	} else {
		cursor_first_vram(cur, res, start);
	}
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_res_first);

void pddgpu_res_next(struct pddgpu_res_cursor *cur, u64 size)
{
	struct gpu_buddy_block *last = cur->node;

	cur->addr += size;
	cur->offset += size;
	cur->size -= size;
	cur->remaining -= size;

	if (cur->size || !cur->remaining)
		return;
	if (cur->system)
		cursor_enter_page(cur);
	else
		cursor_enter_block(cur, list_next_entry(last, link), 0);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_res_next);
