/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_MAP_H_
#define _PDDGPU_MAP_H_

#include <linux/types.h>

struct file;
struct ttm_resource;
struct ttm_resource_manager;

/**
 * enum pddgpu_map_state - what has become of a block
 * @PDDGPU_MAP_FREE: to be had
 * @PDDGPU_MAP_USED: a buffer's
 * @PDDGPU_MAP_CLEANING: the copy engine clears it
 * @PDDGPU_MAP_RESERVED: never handed out
 */
enum pddgpu_map_state {
	PDDGPU_MAP_FREE,
	PDDGPU_MAP_USED,
	PDDGPU_MAP_CLEANING,
	PDDGPU_MAP_RESERVED,
};

/**
 * struct pddgpu_map_block - a line of the map
 */
struct pddgpu_map_block {
	/** @start: first byte */
	u64 start;
	/** @size: bytes */
	u64 size;
	/** @owner: buffer's first page among the offsets for mmap(), 0 if it has none (any more) */
	u64 owner;
	/** @state: what has become of it */
	enum pddgpu_map_state state;
	/** @clear: free, and holds zeroes */
	bool clear;
	/** @dirty: free, and holds anything; neither if the heap knows nothing of contents */
	bool dirty;
	/** @pinned: used, and cannot be moved */
	bool pinned;
	/** @kernel: used by the driver itself */
	bool kernel;
};

/**
 * struct pddgpu_map - who has what of a heap, at one moment
 *
 * No locking: it is one task's.
 */
struct pddgpu_map {
	/** @name: of the heap */
	const char *name;
	/** @start: first byte of the heap */
	u64 start;
	/** @end: the byte after its last */
	u64 end;
	/** @visible: where that ends which the CPU can reach; @end if it reaches all or none */
	u64 visible;
	/** @used: bytes with buffers, as the heap's manager counts them */
	u64 used;
	/** @visible_used: of which below @visible, likewise */
	u64 visible_used;
	/** @cleaning: bytes that are being cleared, likewise */
	u64 cleaning;
	/** @reserved: bytes never handed out, likewise */
	u64 reserved;
	/** @blocks: @count of them, in the order of addresses; one ends where the next begins */
	struct pddgpu_map_block *blocks;
	/** @count: blocks that there are; while it is filled in maybe more than @max */
	size_t count;
	/** @max: blocks that there is room for */
	size_t max;
};

/**
 * typedef pddgpu_map_fn - Have a manager draw its map
 * @man: the manager
 * @map: all but @map->blocks and @map->max is set, the blocks by pddgpu_map_add()
 *
 * May be called again if there was not enough room.
 */
typedef void (*pddgpu_map_fn)(struct ttm_resource_manager *man, struct pddgpu_map *map);

/**
 * pddgpu_map_add() - Draw the next block
 * @map: the map, being filled in
 * @block: the block; copied as long as there is room, counted in any case
 */
void pddgpu_map_add(struct pddgpu_map *map, const struct pddgpu_map_block *block);

/**
 * pddgpu_map_own() - Say whose a used block is
 * @block: @owner, @pinned and @kernel are set
 * @man: the manager of @res, whose lock for @res is held
 * @res: the placement that the block is a part of; its bo is set, and it cannot be freed
 *	 before the lock is released
 */
void pddgpu_map_own(struct pddgpu_map_block *block, struct ttm_resource_manager *man,
		    struct ttm_resource *res);

/**
 * pddgpu_map_take() - Draw the map of a heap
 * @map: the map, zeroed; to be given to pddgpu_map_free() if this succeeds
 * @man: the manager
 * @draw: draws it
 *
 * Return: 0, -ENOMEM.
 */
int pddgpu_map_take(struct pddgpu_map *map, struct ttm_resource_manager *man, pddgpu_map_fn draw);

/**
 * pddgpu_map_free() - Free what a map consists of
 * @map: the map
 */
void pddgpu_map_free(struct pddgpu_map *map);

/**
 * pddgpu_map_open() - Open a file with the map of a heap as it is now
 * @file: the file, for seq_read() and seq_lseek()
 * @man: the manager
 * @draw: draws the map
 *
 * Return: 0, -ENOMEM.
 */
int pddgpu_map_open(struct file *file, struct ttm_resource_manager *man, pddgpu_map_fn draw);

/**
 * pddgpu_map_release() - Close such a file; the release of its file_operations
 * @inode: its inode
 * @file: the file
 *
 * Return: 0.
 */
int pddgpu_map_release(struct inode *inode, struct file *file);

#endif
