// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/visibility.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include <drm/drm_gem.h>
#include <drm/drm_vma_manager.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_device.h>
#include <drm/ttm/ttm_resource.h>

#include "pddgpu_map.h"

/**
 * DOC: maps
 *
 * debugfs has a map of VRAM and one of the GTT aperture: every byte of the heap is in
 * one block. A map is drawn when its file is opened, in one go with the manager's lock
 * held, and stays as it is while it is read, however long that takes::
 *
 *   format: 1
 *   heap: vram
 *   start: 0
 *   end: 268435456
 *   visible: 67108864
 *   used: 2101248
 *   visible_used: 4096
 *   cleaning: 0
 *   reserved: 524288
 *   0x0 0x80000 reserved - pinned -
 *   0x80000 0x1000 used - pinned kernel
 *   0x81000 0x7f000 free clear - -
 *   ...
 *   0x4000000 0x200000 used - movable 1048576
 *
 * First what the manager's counters say at that moment, in bytes, then a line for each
 * block, in the order of addresses:
 *
 * - its first byte and its bytes, hexadecimal; in VRAM a block is what the allocator
 *   has, so the number of bytes is a power of two
 * - free, used, cleaning (by the copy engine) or reserved
 * - if it is free, in VRAM: clear when it holds zeroes, dirty when it holds anything;
 *   else "-"
 * - pinned or movable, "-" if it is free
 * - whose it is: the id of a buffer, as debugfs' "buffers" shows it; "kernel" for what
 *   the driver has for itself, such as page tables; "ghost" for what a buffer has left
 *   or leaves, and a fence still guards; "-" for nobody's
 *
 * A tool must expect lines "key: value" that it does not know. tools/pddgpu-memmap draws
 * a picture of both maps.
 */

/* Who does not fit into what the last look said may have some more */
#define PDDGPU_MAP_SPARE	64

void pddgpu_map_add(struct pddgpu_map *map, const struct pddgpu_map_block *block)
{
	if (map->count < map->max)
		map->blocks[map->count] = *block;
	map->count++;
}

/*
 * A move takes a placement from its buffer and gives it to a ghost, under this lock.
 * Whichever has it cannot go before it has given the placement back, for which it
 * needs the lock of the manager.
 */
void pddgpu_map_own(struct pddgpu_map_block *block, struct ttm_resource_manager *man,
		    struct ttm_resource *res)
{
	struct ttm_buffer_object *bo;

	spin_lock(&man->bdev->lru_lock);
	bo = res->bo;
	block->pinned = bo->pin_count;
	block->kernel = bo->type == ttm_bo_type_kernel && bo->base.dev;
	/* It is taken away when the last reference to the buffer is gone. */
	block->owner = data_race(drm_vma_node_start(&bo->base.vma_node));
	spin_unlock(&man->bdev->lru_lock);
}

int pddgpu_map_take(struct pddgpu_map *map, struct ttm_resource_manager *man, pddgpu_map_fn draw)
{
	do {
		kvfree(map->blocks);
		map->max = map->count + map->count / 8 + PDDGPU_MAP_SPARE;
		map->blocks = kvmalloc_array(map->max, sizeof(*map->blocks), GFP_KERNEL);
		if (!map->blocks)
			return -ENOMEM;
		map->count = 0;
		draw(man, map);
	} while (map->count > map->max);

	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_map_take);

void pddgpu_map_free(struct pddgpu_map *map)
{
	kvfree(map->blocks);
	map->blocks = NULL;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_map_free);

/* --- The file ---------------------------------------------------------- */

/* Position 0 is the head, which comes before the blocks. */
static void *pddgpu_map_seq_start(struct seq_file *m, loff_t *pos)
{
	struct pddgpu_map *map = m->private;

	if (!*pos)
		return SEQ_START_TOKEN;

	return *pos <= map->count ? &map->blocks[*pos - 1] : NULL;
}

static void *pddgpu_map_seq_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;

	return pddgpu_map_seq_start(m, pos);
}

static void pddgpu_map_seq_stop(struct seq_file *m, void *v)
{
}

static void pddgpu_map_show_head(struct seq_file *m, const struct pddgpu_map *map)
{
	seq_puts(m, "format: 1\n");
	seq_printf(m, "heap: %s\n", map->name);
	seq_printf(m, "start: %llu\n", map->start);
	seq_printf(m, "end: %llu\n", map->end);
	seq_printf(m, "visible: %llu\n", map->visible);
	seq_printf(m, "used: %llu\n", map->used);
	seq_printf(m, "visible_used: %llu\n", map->visible_used);
	seq_printf(m, "cleaning: %llu\n", map->cleaning);
	seq_printf(m, "reserved: %llu\n", map->reserved);
}

static void pddgpu_map_show_owner(struct seq_file *m, const struct pddgpu_map_block *block)
{
	if (block->state != PDDGPU_MAP_USED)
		seq_puts(m, "-\n");
	else if (block->owner)
		seq_printf(m, "%llu\n", block->owner);
	else
		seq_puts(m, block->kernel ? "kernel\n" : "ghost\n");
}

static int pddgpu_map_seq_show(struct seq_file *m, void *v)
{
	static const char * const states[] = {
		[PDDGPU_MAP_FREE] = "free",
		[PDDGPU_MAP_USED] = "used",
		[PDDGPU_MAP_CLEANING] = "cleaning",
		[PDDGPU_MAP_RESERVED] = "reserved",
	};
	const struct pddgpu_map_block *block = v;
	bool is_free;

	if (v == SEQ_START_TOKEN) {
		pddgpu_map_show_head(m, m->private);
		return 0;
	}

	is_free = block->state == PDDGPU_MAP_FREE;
	seq_printf(m, "0x%llx 0x%llx %s %s %s ", block->start, block->size, states[block->state],
		   block->clear ? "clear" : block->dirty ? "dirty" : "-",
		   is_free ? "-" : block->pinned ? "pinned" : "movable");
	pddgpu_map_show_owner(m, block);

	return 0;
}

static const struct seq_operations pddgpu_map_seq_ops = {
	.start = pddgpu_map_seq_start,
	.next = pddgpu_map_seq_next,
	.stop = pddgpu_map_seq_stop,
	.show = pddgpu_map_seq_show,
};

int pddgpu_map_open(struct file *file, struct ttm_resource_manager *man, pddgpu_map_fn draw)
{
	struct pddgpu_map *map = __seq_open_private(file, &pddgpu_map_seq_ops, sizeof(*map));
	int ret;

	if (!map)
		return -ENOMEM;

	ret = pddgpu_map_take(map, man, draw);
	if (ret)
		seq_release_private(file_inode(file), file);

	return ret;
}

int pddgpu_map_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	pddgpu_map_free(m->private);

	return seq_release_private(inode, file);
}
