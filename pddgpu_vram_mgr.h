/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_VRAM_MGR_H_
#define _PDDGPU_VRAM_MGR_H_

#include <linux/container_of.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/types.h>

#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_placement.h>
#include <drm/ttm/ttm_resource.h>
#include <drm/ttm/ttm_tt.h>

#include "include/pddgpu_compat.h"
#include "pddgpu_res_cursor.h"
#include "pddgpu_vram_clean.h"

struct pddgpu_map;
struct ttm_device;

/* Granularity of VRAM: what the GPU page tables map with one entry of the last level */
#define PDDGPU_VRAM_CHUNK	SZ_4K

/* What the CPU can reach of VRAM, and the rest above it */
enum {
	PDDGPU_VRAM_VISIBLE,
	PDDGPU_VRAM_INVISIBLE,
	PDDGPU_VRAM_NUM_REGIONS
};

/**
 * struct pddgpu_vram_region - a part of VRAM with an allocator of its own
 */
struct pddgpu_vram_region {
	/** @mm: the allocator, chunks of 4 KiB at VRAM's addresses; zeroed if there is no part */
	struct gpu_buddy mm;
	/** @start: its first byte; constant */
	u64 start;
	/** @end: where it ends, @start if there is no such part; constant */
	u64 end;
	/** @below: blocks of @mm below @start, that are never free */
	struct list_head below;
};

/**
 * struct pddgpu_vram_mgr - TTM_PL_VRAM on top of the buddy allocator
 */
struct pddgpu_vram_mgr {
	/** @base: TTM's part */
	struct ttm_resource_manager base;
	/** @lock: protects @regions, @visible_used, @reserved and the blocks of every resource */
	struct mutex lock;
	/** @regions: where memory comes from */
	struct pddgpu_vram_region regions[PDDGPU_VRAM_NUM_REGIONS];
	/** @visible: bytes from 0 up that the CPU can reach; constant */
	u64 visible;
	/** @visible_used: bytes below @visible that resources hold; by @lock */
	u64 visible_used;
	/** @reserved: blocks kept out of use by pddgpu_vram_mgr_reserve(); by @lock */
	struct list_head reserved;
	/** @reserved_size: their bytes; by @lock */
	u64 reserved_size;
	/** @cleaning: bytes that the cleaner has taken; by @lock */
	u64 cleaning;
	/** @cleaned: bytes that it has cleared since the start; by @lock */
	u64 cleaned;
	/** @cleaner: clears what is free */
	struct pddgpu_vram_cleaner cleaner;
};

/**
 * struct pddgpu_vram_resource - a placement in VRAM
 */
struct pddgpu_vram_resource {
	/** @base: TTM's part; @base.start is the page of the first block */
	struct ttm_resource base;
	/** @blocks: struct gpu_buddy_block, in the order of the buffer's bytes */
	struct list_head blocks;
	/** @visible: bytes of it that the CPU can reach */
	u64 visible;
};

#define to_pddgpu_vram_mgr(man) container_of(man, struct pddgpu_vram_mgr, base)
#define to_pddgpu_vram_resource(res) container_of(res, struct pddgpu_vram_resource, base)

/**
 * pddgpu_vram_block_size() - Bytes of a block
 * @block: a block of any VRAM manager: all have the same chunk size
 *
 * Return: bytes.
 */
static inline u64 pddgpu_vram_block_size(struct gpu_buddy_block *block)
{
	return (u64)PDDGPU_VRAM_CHUNK << gpu_buddy_block_order(block);
}

/**
 * pddgpu_vram_block_end() - Where a block ends
 * @block: a block of any VRAM manager
 *
 * Return: the address of the byte after it.
 */
static inline u64 pddgpu_vram_block_end(struct gpu_buddy_block *block)
{
	return gpu_buddy_block_offset(block) + pddgpu_vram_block_size(block);
}

/**
 * pddgpu_vram_bo_has_contents() - Tell a buffer that is moved from one that is new
 * @tbo: the buffer, reserved
 *
 * Return: true if what is in its memory must be copied to a place on the card, false if
 * it shall find zeroes there.
 */
static inline bool pddgpu_vram_bo_has_contents(const struct ttm_buffer_object *tbo)
{
	if (!tbo->resource)
		return false;

	return pddgpu_res_on_card(tbo->resource) ||
		(tbo->ttm && (ttm_tt_is_populated(tbo->ttm) ||
			      tbo->ttm->page_flags & TTM_TT_FLAG_SWAPPED));
}

/*
 * What pddgpu asks of the VRAM manager beyond ttm_place.flags: prefers large
 * blocks, and TTM_PL_FLAG_CONTIGUOUS is a demand, not a wish.
 *
 * The manager answers -ENOSPC when space is short (TTM evicts or goes to the next
 * place), and -E2BIG, which ends the validation, when the buffer cannot fit into
 * the place even if all of it were free: leave such a place out of the list.
 */

/**
 * pddgpu_vram_mgr_init() - Start managing VRAM and register with TTM
 * @mgr: the manager, zeroed
 * @bdev: the TTM device
 * @size: bytes of VRAM, a non-zero multiple of 4 KiB
 * @visible: bytes from 0 up that the CPU can reach, a multiple of 4 KiB, at most @size
 *
 * Return: 0, -EINVAL for bad sizes, -ENOMEM.
 */
int pddgpu_vram_mgr_init(struct pddgpu_vram_mgr *mgr, struct ttm_device *bdev, u64 size,
			 u64 visible);

/**
 * pddgpu_vram_mgr_fini() - Unregister and free the manager
 * @mgr: the manager; reserved ranges are released
 * @bdev: the TTM device
 */
void pddgpu_vram_mgr_fini(struct pddgpu_vram_mgr *mgr, struct ttm_device *bdev);

/**
 * pddgpu_vram_mgr_reserve() - Keep a range out of the allocator
 * @mgr: the manager
 * @start: first byte, a multiple of 4 KiB
 * @size: bytes, a non-zero multiple of 4 KiB
 *
 * Return: 0, -EINVAL if misaligned or outside VRAM, -EBUSY if any of it is
 * allocated, reserved or being cleared, -ENOMEM.
 */
int pddgpu_vram_mgr_reserve(struct pddgpu_vram_mgr *mgr, u64 start, u64 size);

/**
 * pddgpu_vram_mgr_take_dirty() - Take memory to clear
 * @mgr: the manager
 * @pos: where to look first, in bytes; afterwards where to look next
 * @bytes: how much to take at most, a multiple of 4 KiB
 * @blocks: empty; no more than PDDGPU_VRAM_CLEAN_BLOCKS are put there, in the order of
 *	    addresses but for one step from the end of VRAM to its start
 *
 * Return: bytes taken, 0 if all free memory is clear, or there is no memory for the
 * allocator.
 */
u64 pddgpu_vram_mgr_take_dirty(struct pddgpu_vram_mgr *mgr, u64 *pos, u64 bytes,
			       struct list_head *blocks);

/**
 * pddgpu_vram_mgr_put_cleaned() - Give back what pddgpu_vram_mgr_take_dirty() took
 * @mgr: the manager
 * @blocks: all of it, or none; empty afterwards
 * @cleared: it holds zeroes, and nobody writes there any more
 */
void pddgpu_vram_mgr_put_cleaned(struct pddgpu_vram_mgr *mgr, struct list_head *blocks,
				 bool cleared);

/**
 * pddgpu_vram_mgr_forget_cleared() - Free memory does not hold zeroes any more
 * @mgr: the manager; none is being cleared
 */
void pddgpu_vram_mgr_forget_cleared(struct pddgpu_vram_mgr *mgr);

/**
 * pddgpu_vram_mgr_visible_used() - Allocated bytes that the CPU can reach
 * @mgr: the manager
 *
 * Return: bytes; as with TTM's usage figure, reserved ranges do not count.
 */
u64 pddgpu_vram_mgr_visible_used(struct pddgpu_vram_mgr *mgr);

/**
 * pddgpu_vram_mgr_map() - Draw who has what of VRAM
 * @man: &pddgpu_vram_mgr.base
 * @map: see pddgpu_map_fn
 */
void pddgpu_vram_mgr_map(struct ttm_resource_manager *man, struct pddgpu_map *map);

/**
 * pddgpu_vram_resource_num_blocks() - Pieces a placement consists of
 * @res: a resource of this manager
 *
 * Adjacent blocks count as one piece.
 *
 * Return: 1 or more.
 */
u32 pddgpu_vram_resource_num_blocks(struct ttm_resource *res);

/**
 * pddgpu_vram_resource_is_visible() - Whether the CPU can reach all of it
 * @res: a resource of this manager
 *
 * Return: true if so.
 */
bool pddgpu_vram_resource_is_visible(struct ttm_resource *res);

#if IS_ENABLED(CONFIG_KUNIT)
/* What tests replace to fail an allocation */
int pddgpu_vram_mgr_buddy_alloc(struct gpu_buddy *mm, u64 start, u64 end, u64 size, u64 min_block,
				struct list_head *blocks, unsigned long flags);
#endif

#endif
