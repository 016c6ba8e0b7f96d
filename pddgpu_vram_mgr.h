/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_VRAM_MGR_H_
#define _PDDGPU_VRAM_MGR_H_

#include <linux/container_of.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/types.h>

#include <drm/ttm/ttm_resource.h>

#include "include/pddgpu_compat.h"

struct ttm_device;

/* Granularity of VRAM: what the GPU page tables map with one entry of the last level */
#define PDDGPU_VRAM_CHUNK	SZ_4K

/**
 * struct pddgpu_vram_mgr - TTM_PL_VRAM on top of the buddy allocator
 */
struct pddgpu_vram_mgr {
	/** @base: TTM's part */
	struct ttm_resource_manager base;
	/** @lock: protects @mm, @visible_used, @reserved and the blocks of every resource */
	struct mutex lock;
	/** @mm: the allocator, in bytes, chunks of 4 KiB */
	struct gpu_buddy mm;
	/** @visible: bytes from 0 up that the CPU can reach; constant */
	u64 visible;
	/** @visible_used: bytes below @visible that resources hold; by @lock */
	u64 visible_used;
	/** @reserved: blocks kept out of use by pddgpu_vram_mgr_reserve(); by @lock */
	struct list_head reserved;
	/** @reserved_size: their bytes; by @lock */
	u64 reserved_size;
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
 * allocated or reserved, -ENOMEM.
 */
int pddgpu_vram_mgr_reserve(struct pddgpu_vram_mgr *mgr, u64 start, u64 size);

/**
 * pddgpu_vram_mgr_visible_used() - Allocated bytes that the CPU can reach
 * @mgr: the manager
 *
 * Return: bytes; as with TTM's usage figure, reserved ranges do not count.
 */
u64 pddgpu_vram_mgr_visible_used(struct pddgpu_vram_mgr *mgr);

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
