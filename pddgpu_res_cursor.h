/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_RES_CURSOR_H_
#define _PDDGPU_RES_CURSOR_H_

#include <linux/types.h>

struct ttm_resource;
struct ttm_tt;

/**
 * struct pddgpu_res_cursor - walks the memory of a placement run by run
 *
 * One cursor for VRAM blocks and for system pages, so that nobody who copies,
 * clears or maps has to know which it has.  Each step is the longest run that is
 * contiguous for the card.
 */
struct pddgpu_res_cursor {
	/** @addr: where the run starts: VRAM byte address or DMA address */
	u64 addr;
	/** @size: bytes left in the run, at most @remaining */
	u64 size;
	/** @remaining: bytes left to walk in all; 0 when done */
	u64 remaining;
	/** @system: @addr is a DMA address */
	bool system;
	/** @offset: offset of @addr in the buffer, bytes */
	u64 offset;
	/** @tt: the system pages walked, else NULL */
	struct ttm_tt *tt;
	/** @node: the last VRAM block of the run (struct gpu_buddy_block), else NULL */
	void *node;
};

/**
 * pddgpu_res_first() - Start a walk
 * @res: a placement in VRAM, or in GTT or system memory
 * @tt: the populated pages with DMA addresses of one that is not in VRAM, else
 *      ignored
 * @start: first byte of the buffer to walk
 * @size: bytes to walk, not 0; @start + @size is within the buffer
 * @cur: the cursor, on its first run afterwards
 *
 * The caller keeps placement and pages in place, e.g. by the reservation.
 */
void pddgpu_res_first(struct ttm_resource *res, struct ttm_tt *tt, u64 start, u64 size,
		      struct pddgpu_res_cursor *cur);

/**
 * pddgpu_res_next() - Step forward
 * @cur: the cursor
 * @size: bytes to step, at most @cur->size
 */
void pddgpu_res_next(struct pddgpu_res_cursor *cur, u64 size);

#endif
