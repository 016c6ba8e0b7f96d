// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/list_sort.h>
#include <linux/math.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include <drm/drm_print.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_device.h>
#include <drm/ttm/ttm_placement.h>

#include "pddgpu_inject.h"
#include "pddgpu_map.h"
#include "pddgpu_vram_mgr.h"

/**
 * DOC: VRAM manager
 *
 * Video memory is handed out in buddy blocks of 4 KiB and up.  A buffer of
 * 2 MiB or more is first tried in blocks of at least 2 MiB, each aligned to its
 * size and placed at a multiple of 2 MiB in the buffer, so that the GPU's page
 * tables can use 2 MiB leaves; what is left over, or what no large block is free
 * for, comes in smaller ones.  Blocks are kept in the order of the buffer's
 * bytes, neighbours in VRAM beside each other where the order is free to choose.
 *
 * Alignment holds for every block of a buffer: a buffer that is not contiguous
 * has its n-th aligned unit at an aligned address as well.
 *
 * A contiguous buffer is one run of bytes.  The buddy allocator is asked for one
 * power-of-two block first, of which the excess goes straight back; if none is
 * free, the free blocks are searched for neighbours that add up to a run.
 *
 * What the CPU can reach and what it cannot are two regions with an allocator
 * each.  A buffer that may be anywhere takes the latter first, since the former is
 * scarce, and both if neither has room for all of it.  Whole regions are what
 * buffers are restricted to, so the allocator finds a block in logarithmic time: it
 * would have to try one after the other for an arbitrary range.
 */

/* What the GPU page tables map with one entry of the last but one level */
#define PDDGPU_VRAM_LARGE	SZ_2M

/* A ttm_place in bytes */
struct pddgpu_vram_request {
	u64 start;		/* allowed range, [start, end) */
	u64 end;
	u64 size;
	u64 align;		/* power of two, at least a chunk */
	bool contiguous;
	bool topdown;
	bool clear;		/* blocks that hold zeroes first */
};

/* --- Regions --- */

static struct pddgpu_vram_region *vram_region_at(struct pddgpu_vram_mgr *mgr, u64 addr)
{
	return &mgr->regions[addr < mgr->visible ? PDDGPU_VRAM_VISIBLE : PDDGPU_VRAM_INVISIBLE];
}

static u64 vram_size(const struct pddgpu_vram_mgr *mgr)
{
	return mgr->regions[PDDGPU_VRAM_INVISIBLE].end;
}

static u64 vram_avail(const struct pddgpu_vram_mgr *mgr)
{
	u64 avail = 0;

	for (int i = 0; i < PDDGPU_VRAM_NUM_REGIONS; i++)
		avail += mgr->regions[i].mm.avail;

	return avail;
}

static u64 vram_clear_avail(const struct pddgpu_vram_mgr *mgr)
{
	u64 avail = 0;

	for (int i = 0; i < PDDGPU_VRAM_NUM_REGIONS; i++)
		avail += mgr->regions[i].mm.clear_avail;

	return avail;
}

/* Addresses are those of VRAM in either allocator, so the second has a hole to begin with */
static int vram_region_init(struct pddgpu_vram_region *region, u64 start, u64 end)
{
	int err;

	region->start = start;
	region->end = end;
	INIT_LIST_HEAD(&region->below);
	if (start == end)
		return 0;

	err = gpu_buddy_init(&region->mm, end, PDDGPU_VRAM_CHUNK);
	if (err || !start)
		return err;

	err = gpu_buddy_alloc_blocks(&region->mm, 0, start, start, PDDGPU_VRAM_CHUNK,
				     &region->below, GPU_BUDDY_RANGE_ALLOCATION);
	if (err)
		gpu_buddy_fini(&region->mm);

	return err;
}

static void vram_region_fini(struct pddgpu_vram_region *region)
{
	if (region->start == region->end)
		return;

	gpu_buddy_free_list(&region->mm, &region->below, 0);
	gpu_buddy_fini(&region->mm);
}

/* What was allocated a moment ago, and holds what it did */
static void vram_return_blocks(struct pddgpu_vram_mgr *mgr, struct list_head *blocks)
{
	struct gpu_buddy_block *block, *next;

	list_for_each_entry_safe(block, next, blocks, link)
		gpu_buddy_free_block(&vram_region_at(mgr, gpu_buddy_block_offset(block))->mm,
				     block);
	INIT_LIST_HEAD(blocks);
}

/* @flags is GPU_BUDDY_CLEARED for what holds zeroes, else 0 */
static void vram_free_blocks(struct pddgpu_vram_mgr *mgr, struct list_head *blocks,
			     unsigned int flags)
{
	struct gpu_buddy_block *block, *next;
	LIST_HEAD(visible);

	list_for_each_entry_safe(block, next, blocks, link)
		if (gpu_buddy_block_offset(block) < mgr->visible)
			list_move_tail(&block->link, &visible);

	gpu_buddy_free_list(&mgr->regions[PDDGPU_VRAM_VISIBLE].mm, &visible, flags);
	gpu_buddy_free_list(&mgr->regions[PDDGPU_VRAM_INVISIBLE].mm, blocks, flags);
}

/*
 * --- Blocks in address order ---
 *
 * The allocator offers no walk by address.  Its trees are stable under our lock,
 * and only read here.
 */

/* The block at the start of VRAM, or where another ends; NULL at the end of VRAM */
static struct gpu_buddy_block *vram_block_at(struct pddgpu_vram_mgr *mgr, u64 addr)
{
	struct gpu_buddy *mm = &vram_region_at(mgr, addr)->mm;
	struct gpu_buddy_block *block;
	unsigned int i = 0;

	if (addr >= vram_size(mgr))
		return NULL;

	/* A tree for each power of two that the size is made of */
	while (addr - gpu_buddy_block_offset(mm->roots[i]) >= pddgpu_vram_block_size(mm->roots[i]))
		i++;
	block = mm->roots[i];
	while (gpu_buddy_block_is_split(block))
		block = addr < gpu_buddy_block_offset(block->right) ? block->left : block->right;

	return block;
}

static struct gpu_buddy_block *vram_block_after(struct pddgpu_vram_mgr *mgr,
						struct gpu_buddy_block *block)
{
	return vram_block_at(mgr, pddgpu_vram_block_end(block));
}

/* Where a request fits into the free run [lo, hi), or U64_MAX */
static u64 vram_fit_in_run(const struct pddgpu_vram_request *req, u64 lo, u64 hi)
{
	lo = max(lo, req->start);
	hi = min(hi, req->end);
	if (lo >= hi || hi - lo < req->size)
		return U64_MAX;

	if (req->topdown) {
		hi = round_down(hi - req->size, req->align);
		return hi >= lo ? hi : U64_MAX;
	}

	lo = round_up(lo, req->align);
	return lo + req->size <= hi ? lo : U64_MAX;
}

/* The lowest run of free bytes that a request fits into, or the highest; U64_MAX if none */
static u64 vram_find_run(struct pddgpu_vram_mgr *mgr, const struct pddgpu_vram_request *req)
{
	u64 lo = 0, hi = 0, found = U64_MAX, fit;
	struct gpu_buddy_block *block;

	for (block = vram_block_at(mgr, 0); block; block = vram_block_after(mgr, block)) {
		u64 offset = gpu_buddy_block_offset(block);

		if (!gpu_buddy_block_is_free(block))
			continue;
		if (offset != hi)
			lo = offset;
		hi = pddgpu_vram_block_end(block);

		fit = vram_fit_in_run(req, lo, hi);
		if (fit == U64_MAX)
			continue;
		found = fit;
		if (!req->topdown)
			break;
	}

	return found;
}

/* --- Allocation --- */

VISIBLE_IF_KUNIT int pddgpu_vram_mgr_buddy_alloc(struct gpu_buddy *mm, u64 start, u64 end, u64 size,
						 u64 min_block, struct list_head *blocks,
						 unsigned long flags)
{
	int err;

	KUNIT_STATIC_STUB_REDIRECT(pddgpu_vram_mgr_buddy_alloc, mm, start, end, size, min_block,
				   blocks, flags);

	/* A size that outgrows VRAM by rounding is -EINVAL there: it does not fit, no more. */
	err = gpu_buddy_alloc_blocks(mm, start, end, size, min_block, blocks, flags);
	return err == -EINVAL ? -ENOSPC : err;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_vram_mgr_buddy_alloc);

/* In one region */
static int vram_alloc_in(struct pddgpu_vram_region *region, const struct pddgpu_vram_request *req,
			 u64 size, u64 min_block, struct list_head *blocks)
{
	u64 start = max(req->start, region->start), end = min(req->end, region->end);
	unsigned long flags = 0;

	if (start >= end || size > region->mm.avail)
		return -ENOSPC;
	if (start != region->start || end != region->end)
		flags |= GPU_BUDDY_RANGE_ALLOCATION;
	if (req->topdown)
		flags |= GPU_BUDDY_TOPDOWN_ALLOCATION;
	/* Of what is not in the tree that it looks into first, the allocator takes any. */
	if (req->clear && !req->topdown)
		flags |= GPU_BUDDY_CLEAR_ALLOCATION;

	return pddgpu_vram_mgr_buddy_alloc(&region->mm, start, end, size, min_block, blocks, flags);
}

/* In any one region, the scarce one last */
static int vram_alloc_whole(struct pddgpu_vram_mgr *mgr, const struct pddgpu_vram_request *req,
			    u64 size, u64 min_block, struct list_head *blocks)
{
	int err = vram_alloc_in(&mgr->regions[PDDGPU_VRAM_INVISIBLE], req, size, min_block, blocks);

	if (err != -ENOSPC)
		return err;

	return vram_alloc_in(&mgr->regions[PDDGPU_VRAM_VISIBLE], req, size, min_block, blocks);
}

/* What a request can have of the invisible region in blocks of at least @min_block, bytes */
static u64 vram_invisible_for(struct pddgpu_vram_mgr *mgr, const struct pddgpu_vram_request *req,
			      u64 min_block)
{
	struct gpu_buddy_block *block;
	u64 bytes = 0;

	for (block = vram_block_at(mgr, mgr->visible); block;
	     block = vram_block_after(mgr, block)) {
		u64 lo = round_up(max(gpu_buddy_block_offset(block), req->start), min_block);
		u64 hi = round_down(min(pddgpu_vram_block_end(block), req->end), min_block);

		if (gpu_buddy_block_is_free(block) && lo < hi)
			bytes += hi - lo;
	}

	return bytes;
}

/* From both regions, as neither has room for all of it */
static int vram_alloc_spanning(struct pddgpu_vram_mgr *mgr, const struct pddgpu_vram_request *req,
			       u64 size, u64 min_block, struct list_head *blocks)
{
	struct pddgpu_vram_region *invisible = &mgr->regions[PDDGPU_VRAM_INVISIBLE];
	struct pddgpu_vram_region *visible = &mgr->regions[PDDGPU_VRAM_VISIBLE];
	u64 part;
	int err;

	if (!invisible->mm.avail || size > vram_avail(mgr))
		return -ENOSPC;

	part = vram_invisible_for(mgr, req, min_block);
	if (!part || part >= size)
		return -ENOSPC;
	err = vram_alloc_in(invisible, req, part, min_block, blocks);
	if (err)
		return err;

	err = vram_alloc_in(visible, req, size - part, min_block, blocks);
	if (err)
		vram_return_blocks(mgr, blocks);

	return err;
}

static int vram_alloc(struct pddgpu_vram_mgr *mgr, const struct pddgpu_vram_request *req,
		      u64 size, u64 min_block, struct list_head *blocks)
{
	int err = vram_alloc_whole(mgr, req, size, min_block, blocks);

	if (err != -ENOSPC)
		return err;

	return vram_alloc_spanning(mgr, req, size, min_block, blocks);
}

static int vram_alloc_at_in(struct pddgpu_vram_region *region, u64 start, u64 end,
			    struct list_head *blocks)
{
	start = max(start, region->start);
	end = min(end, region->end);
	if (start >= end)
		return 0;

	return pddgpu_vram_mgr_buddy_alloc(&region->mm, start, end, end - start, PDDGPU_VRAM_CHUNK,
					   blocks, GPU_BUDDY_RANGE_ALLOCATION);
}

/* Exactly [start, start + size) */
static int vram_alloc_at(struct pddgpu_vram_mgr *mgr, u64 start, u64 size, struct list_head *blocks)
{
	LIST_HEAD(taken);
	int err = 0;

	for (int i = 0; i < PDDGPU_VRAM_NUM_REGIONS && !err; i++)
		err = vram_alloc_at_in(&mgr->regions[i], start, start + size, &taken);
	if (err)
		vram_return_blocks(mgr, &taken);
	list_splice_tail(&taken, blocks);

	return err;
}

static int vram_alloc_contiguous(struct pddgpu_vram_mgr *mgr,
				 const struct pddgpu_vram_request *req, struct list_head *blocks)
{
	u64 start;
	int err;

	/* One block, of which the allocator keeps no more than the size asked for */
	err = vram_alloc_whole(mgr, req, req->size, max(roundup_pow_of_two(req->size), req->align),
			       blocks);
	if (err != -ENOSPC)
		return err;

	start = vram_find_run(mgr, req);
	return start == U64_MAX ? -ENOSPC : vram_alloc_at(mgr, start, req->size, blocks);
}

/* As much as possible in large blocks, the rest after them */
static int vram_alloc_large(struct pddgpu_vram_mgr *mgr, const struct pddgpu_vram_request *req,
			    struct list_head *blocks)
{
	u64 large = round_down(req->size, PDDGPU_VRAM_LARGE);
	int err;

	if (!large || req->align >= PDDGPU_VRAM_LARGE)
		return -ENOSPC;

	err = vram_alloc(mgr, req, large, PDDGPU_VRAM_LARGE, blocks);
	if (err || large == req->size)
		return err;

	err = vram_alloc(mgr, req, req->size - large, req->align, blocks);
	if (err)
		vram_return_blocks(mgr, blocks);

	return err;
}

/*
 * Sort key: whole large blocks first, then whole aligned units, then the trimmed
 * rest.  Any order within a class keeps large blocks and units at multiples of
 * their size in the buffer.
 */
static unsigned int vram_block_class(struct gpu_buddy_block *block, u64 align)
{
	u64 size = pddgpu_vram_block_size(block);

	if (size >= max_t(u64, align, PDDGPU_VRAM_LARGE))
		return 0;

	return size >= align ? 1 : 2;
}

static int vram_block_cmp(void *priv, const struct list_head *a, const struct list_head *b)
{
	struct gpu_buddy_block *block_a = list_entry(a, struct gpu_buddy_block, link);
	struct gpu_buddy_block *block_b = list_entry(b, struct gpu_buddy_block, link);
	const struct pddgpu_vram_request *req = priv;
	unsigned int class_a = vram_block_class(block_a, req->align);
	unsigned int class_b = vram_block_class(block_b, req->align);

	if (class_a != class_b)
		return class_a > class_b;

	return gpu_buddy_block_offset(block_a) > gpu_buddy_block_offset(block_b);
}

static int vram_alloc_scattered(struct pddgpu_vram_mgr *mgr, struct pddgpu_vram_request *req,
				struct list_head *blocks)
{
	int err;

	err = vram_alloc_large(mgr, req, blocks);
	if (err == -ENOSPC)
		err = vram_alloc(mgr, req, req->size, req->align, blocks);
	if (!err)
		list_sort(req, blocks, vram_block_cmp);

	return err;
}

static int vram_alloc_locked(struct pddgpu_vram_mgr *mgr, struct pddgpu_vram_request *req,
			     struct list_head *blocks)
{
	lockdep_assert_held(&mgr->lock);

	if (req->size > vram_avail(mgr))
		return -ENOSPC;
	/* No choice left, and the allocator reads such a request as this one anyway */
	if (req->end - req->start == req->size)
		return vram_alloc_at(mgr, req->start, req->size, blocks);
	if (req->contiguous)
		return vram_alloc_contiguous(mgr, req, blocks);

	return vram_alloc_scattered(mgr, req, blocks);
}

/* -E2BIG spares TTM from evicting everything for what can never fit */
static int vram_request_init(struct pddgpu_vram_mgr *mgr, struct ttm_buffer_object *bo,
			     const struct ttm_place *place, struct pddgpu_vram_request *req)
{
	u64 align = (u64)bo->page_alignment << PAGE_SHIFT;

	req->start = (u64)place->fpfn << PAGE_SHIFT;
	req->end = vram_size(mgr);
	if (place->lpfn)
		req->end = min(req->end, (u64)place->lpfn << PAGE_SHIFT);
	req->size = bo->base.size;
	req->align = max_t(u64, align, PDDGPU_VRAM_CHUNK);
	req->contiguous = place->flags & TTM_PL_FLAG_CONTIGUOUS;
	req->topdown = place->flags & TTM_PL_FLAG_TOPDOWN;
	req->clear = !pddgpu_vram_bo_has_contents(bo);

	if (!is_power_of_2(req->align) || !req->size)
		return -EINVAL;
	if (round_up(req->start, req->align) + req->size > req->end)
		return -E2BIG;

	return 0;
}

static u64 vram_visible_bytes(const struct pddgpu_vram_mgr *mgr, struct list_head *blocks)
{
	struct gpu_buddy_block *block;
	u64 bytes = 0;

	list_for_each_entry(block, blocks, link)
		if (gpu_buddy_block_offset(block) < mgr->visible)
			bytes += pddgpu_vram_block_size(block);

	return bytes;
}

static void vram_resource_init(struct pddgpu_vram_resource *vres, struct ttm_buffer_object *bo,
			       const struct ttm_place *place)
{
	struct gpu_buddy_block *first;

	ttm_resource_init(bo, place, &vres->base);
	first = list_first_entry(&vres->blocks, struct gpu_buddy_block, link);
	vres->base.start = gpu_buddy_block_offset(first) >> PAGE_SHIFT;
	/* One piece serves who asks for one later, however it came to be */
	if (pddgpu_vram_resource_num_blocks(&vres->base) == 1)
		vres->base.placement |= TTM_PL_FLAG_CONTIGUOUS;
}

/*
 * To divide a block takes memory, and reclaim may come to have the last reference to a
 * buffer, which it then frees: that is what this lock is for, too.
 */
static unsigned int vram_lock_to_divide(struct pddgpu_vram_mgr *mgr)
{
	mutex_lock(&mgr->lock);

	return memalloc_nofs_save();
}

static void vram_unlock_to_divide(struct pddgpu_vram_mgr *mgr, unsigned int flags)
{
	memalloc_nofs_restore(flags);
	mutex_unlock(&mgr->lock);
}

/* Whose blocks these are, for pddgpu_vram_mgr_map() */
static void vram_own_blocks(struct list_head *blocks, void *owner)
{
	struct gpu_buddy_block *block;

	list_for_each_entry(block, blocks, link)
		block->private = owner;
}

/* Returns -EAGAIN if the cleaner has what may be missing. */
static int vram_try_alloc(struct pddgpu_vram_mgr *mgr, struct pddgpu_vram_request *req,
			  struct pddgpu_vram_resource *vres)
{
	unsigned int flags = vram_lock_to_divide(mgr);
	int err;

	err = vram_alloc_locked(mgr, req, &vres->blocks);
	if (!err) {
		vram_own_blocks(&vres->blocks, vres);
		vres->visible = vram_visible_bytes(mgr, &vres->blocks);
		mgr->visible_used += vres->visible;
	} else if (err == -ENOSPC && mgr->cleaning) {
		err = -EAGAIN;
	}
	vram_unlock_to_divide(mgr, flags);

	return err;
}

static int pddgpu_vram_mgr_alloc(struct ttm_resource_manager *man, struct ttm_buffer_object *bo,
				 const struct ttm_place *place, struct ttm_resource **res)
{
	struct pddgpu_vram_mgr *mgr = to_pddgpu_vram_mgr(man);
	struct pddgpu_vram_resource *vres;
	struct pddgpu_vram_request req;
	int err;

	err = vram_request_init(mgr, bo, place, &req);
	if (err)
		return err;
	if (pddgpu_inject(PDDGPU_INJECT_VRAM))
		return -ENOSPC;

	vres = kzalloc(sizeof(*vres), GFP_KERNEL);
	if (!vres)
		return -ENOMEM;
	INIT_LIST_HEAD(&vres->blocks);
	/* The map may show its blocks before TTM knows of it. */
	vres->base.bo = bo;

	while ((err = vram_try_alloc(mgr, &req, vres)) == -EAGAIN)
		pddgpu_vram_recall(mgr);
	if (err) {
		kfree(vres);
		return err;
	}

	vram_resource_init(vres, bo, place);
	*res = &vres->base;
	return 0;
}

static void pddgpu_vram_mgr_free(struct ttm_resource_manager *man, struct ttm_resource *res)
{
	struct pddgpu_vram_resource *vres = to_pddgpu_vram_resource(res);
	struct pddgpu_vram_mgr *mgr = to_pddgpu_vram_mgr(man);

	mutex_lock(&mgr->lock);
	mgr->visible_used -= vres->visible;
	vram_free_blocks(mgr, &vres->blocks, 0);
	mutex_unlock(&mgr->lock);
	pddgpu_vram_wake_cleaner(mgr);

	ttm_resource_fini(man, res);
	kfree(vres);
}

/* --- Eviction: TTM holds a placement against the range that it wants to use --- */

static u64 vram_place_end(const struct ttm_place *place)
{
	return place->lpfn ? (u64)place->lpfn << PAGE_SHIFT : U64_MAX;
}

static bool pddgpu_vram_mgr_intersects(struct ttm_resource_manager *man, struct ttm_resource *res,
				       const struct ttm_place *place, size_t size)
{
	u64 start = (u64)place->fpfn << PAGE_SHIFT, end = vram_place_end(place);
	struct gpu_buddy_block *block;

	list_for_each_entry(block, &to_pddgpu_vram_resource(res)->blocks, link) {
		u64 offset = gpu_buddy_block_offset(block);

		if (offset < end && offset + pddgpu_vram_block_size(block) > start)
			return true;
	}

	return false;
}

static bool pddgpu_vram_mgr_compatible(struct ttm_resource_manager *man, struct ttm_resource *res,
				       const struct ttm_place *place, size_t size)
{
	u64 start = (u64)place->fpfn << PAGE_SHIFT, end = vram_place_end(place);
	struct gpu_buddy_block *block;

	list_for_each_entry(block, &to_pddgpu_vram_resource(res)->blocks, link) {
		u64 offset = gpu_buddy_block_offset(block);

		if (offset < start || offset + pddgpu_vram_block_size(block) > end)
			return false;
	}

	return !(place->flags & TTM_PL_FLAG_CONTIGUOUS) ||
	       pddgpu_vram_resource_num_blocks(res) == 1;
}

/* --- Debugging --- */

/* What the free blocks look like */
struct pddgpu_vram_free {
	u64 blocks[GPU_BUDDY_MAX_ORDER + 1];	/* by order */
	u64 largest_block;			/* bytes */
	u64 largest_run;			/* bytes, neighbouring blocks together */
};

static void vram_survey_locked(struct pddgpu_vram_mgr *mgr, struct pddgpu_vram_free *free)
{
	struct gpu_buddy_block *block;
	u64 lo = 0, hi = 0;

	lockdep_assert_held(&mgr->lock);

	for (block = vram_block_at(mgr, 0); block; block = vram_block_after(mgr, block)) {
		u64 offset = gpu_buddy_block_offset(block), size = pddgpu_vram_block_size(block);

		if (!gpu_buddy_block_is_free(block))
			continue;
		if (offset != hi)
			lo = offset;
		hi = offset + size;

		free->blocks[gpu_buddy_block_order(block)]++;
		free->largest_block = max(free->largest_block, size);
		free->largest_run = max(free->largest_run, hi - lo);
	}
}

static void vram_print_free(struct drm_printer *p, const struct pddgpu_vram_free *free, u64 avail)
{
	unsigned int order;

	drm_printf(p, "  free: %llu\n", avail);
	drm_printf(p, "  largest_free_block: %llu\n", free->largest_block);
	drm_printf(p, "  largest_free_run: %llu\n", free->largest_run);
	/* 0: all that is free is one run */
	drm_printf(p, "  fragmentation_permille: %llu\n",
		   avail ? 1000 - div64_u64(free->largest_run * 1000, avail) : 0);

	for (order = 0; order < ARRAY_SIZE(free->blocks); order++)
		if (free->blocks[order])
			drm_printf(p, "  free_blocks_%lluk: %llu\n",
				   ((u64)PDDGPU_VRAM_CHUNK << order) >> 10, free->blocks[order]);
}

static void pddgpu_vram_mgr_debug(struct ttm_resource_manager *man, struct drm_printer *p)
{
	struct pddgpu_vram_mgr *mgr = to_pddgpu_vram_mgr(man);
	struct pddgpu_vram_free free = {};
	u64 avail, clear, cleaning, cleaned, visible_used, reserved;

	mutex_lock(&mgr->lock);
	vram_survey_locked(mgr, &free);
	avail = vram_avail(mgr);
	clear = vram_clear_avail(mgr);
	cleaning = mgr->cleaning;
	cleaned = mgr->cleaned;
	visible_used = mgr->visible_used;
	reserved = mgr->reserved_size;
	mutex_unlock(&mgr->lock);

	drm_printf(p, "  used: %llu\n", vram_size(mgr) - avail - cleaning - reserved);
	drm_printf(p, "  reserved: %llu\n", reserved);
	drm_printf(p, "  visible_size: %llu\n", mgr->visible);
	drm_printf(p, "  visible_used: %llu\n", visible_used);
	drm_printf(p, "  cleaned: %llu\n", cleaned);
	drm_printf(p, "  cleaning: %llu\n", cleaning);
	drm_printf(p, "  free_clear: %llu\n", clear);
	vram_print_free(p, &free, avail);
}

static void vram_map_block(struct pddgpu_vram_mgr *mgr, struct pddgpu_map *map,
			   struct gpu_buddy_block *block)
{
	struct pddgpu_map_block line = {
		.start = gpu_buddy_block_offset(block),
		.size = pddgpu_vram_block_size(block),
	};

	if (gpu_buddy_block_is_free(block)) {
		line.clear = gpu_buddy_block_is_clear(block);
		line.dirty = !line.clear;
	} else if (block->private == &mgr->reserved) {
		line.state = PDDGPU_MAP_RESERVED;
		line.pinned = true;
	} else if (block->private == &mgr->cleaner) {
		line.state = PDDGPU_MAP_CLEANING;
	} else {
		struct pddgpu_vram_resource *vres = block->private;

		line.state = PDDGPU_MAP_USED;
		pddgpu_map_own(&line, &mgr->base, &vres->base);
	}

	pddgpu_map_add(map, &line);
}

void pddgpu_vram_mgr_map(struct ttm_resource_manager *man, struct pddgpu_map *map)
{
	struct pddgpu_vram_mgr *mgr = to_pddgpu_vram_mgr(man);
	struct gpu_buddy_block *block;

	map->name = "vram";
	map->end = vram_size(mgr);
	map->visible = mgr->visible;

	mutex_lock(&mgr->lock);
	map->visible_used = mgr->visible_used;
	map->cleaning = mgr->cleaning;
	map->reserved = mgr->reserved_size;
	map->used = vram_size(mgr) - vram_avail(mgr) - mgr->cleaning - mgr->reserved_size;
	for (block = vram_block_at(mgr, 0); block; block = vram_block_after(mgr, block))
		vram_map_block(mgr, map, block);
	mutex_unlock(&mgr->lock);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_vram_mgr_map);

static const struct ttm_resource_manager_func pddgpu_vram_mgr_func = {
	.alloc = pddgpu_vram_mgr_alloc,
	.free = pddgpu_vram_mgr_free,
	.intersects = pddgpu_vram_mgr_intersects,
	.compatible = pddgpu_vram_mgr_compatible,
	.debug = pddgpu_vram_mgr_debug,
};

/* --- For the rest of the driver; described in the header --- */

int pddgpu_vram_mgr_init(struct pddgpu_vram_mgr *mgr, struct ttm_device *bdev, u64 size,
			 u64 visible)
{
	int err;

	if (!size || !IS_ALIGNED(size, PDDGPU_VRAM_CHUNK) || visible > size ||
	    !IS_ALIGNED(visible, PDDGPU_VRAM_CHUNK))
		return -EINVAL;

	err = vram_region_init(&mgr->regions[PDDGPU_VRAM_VISIBLE], 0, visible);
	if (err)
		return err;
	err = vram_region_init(&mgr->regions[PDDGPU_VRAM_INVISIBLE], visible, size);
	if (err) {
		vram_region_fini(&mgr->regions[PDDGPU_VRAM_VISIBLE]);
		return err;
	}

	mutex_init(&mgr->lock);
	INIT_LIST_HEAD(&mgr->reserved);
	pddgpu_vram_cleaner_init(mgr);
	mgr->visible = visible;
	mgr->base.func = &pddgpu_vram_mgr_func;

	ttm_resource_manager_init(&mgr->base, bdev, size);
	ttm_set_driver_manager(bdev, TTM_PL_VRAM, &mgr->base);
	ttm_resource_manager_set_used(&mgr->base, true);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_vram_mgr_init);

void pddgpu_vram_mgr_fini(struct pddgpu_vram_mgr *mgr, struct ttm_device *bdev)
{
	pddgpu_vram_stop_cleaning(mgr);
	ttm_resource_manager_set_used(&mgr->base, false);
	/* Whoever still holds VRAM will give it back to this manager: leak it rather */
	if (WARN_ON(ttm_resource_manager_evict_all(bdev, &mgr->base)))
		return;

	vram_free_blocks(mgr, &mgr->reserved, 0);
	for (int i = 0; i < PDDGPU_VRAM_NUM_REGIONS; i++)
		vram_region_fini(&mgr->regions[i]);
	mutex_destroy(&mgr->cleaner.lock);
	mutex_destroy(&mgr->lock);
	ttm_resource_manager_cleanup(&mgr->base);
	ttm_set_driver_manager(bdev, TTM_PL_VRAM, NULL);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_vram_mgr_fini);

int pddgpu_vram_mgr_reserve(struct pddgpu_vram_mgr *mgr, u64 start, u64 size)
{
	unsigned int flags;
	int err;

	if (!size || !IS_ALIGNED(start | size, PDDGPU_VRAM_CHUNK) || start >= vram_size(mgr) ||
	    size > vram_size(mgr) - start)
		return -EINVAL;

	flags = vram_lock_to_divide(mgr);
	err = vram_alloc_at(mgr, start, size, &mgr->reserved);
	if (!err) {
		vram_own_blocks(&mgr->reserved, &mgr->reserved);
		mgr->reserved_size += size;
	}
	vram_unlock_to_divide(mgr, flags);

	return err == -ENOSPC ? -EBUSY : err;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_vram_mgr_reserve);

/* Takes a part of what is larger than @bytes.  Returns how many, 0 if it is clear or not free. */
static u64 vram_take_dirty_block(struct pddgpu_vram_mgr *mgr, struct gpu_buddy_block *block,
				 u64 bytes, struct list_head *blocks)
{
	if (!gpu_buddy_block_is_free(block) || gpu_buddy_block_is_clear(block))
		return 0;

	bytes = min(bytes, pddgpu_vram_block_size(block));

	return vram_alloc_at(mgr, gpu_buddy_block_offset(block), bytes, blocks) ? 0 : bytes;
}

/* Looks at no more blocks than fit on the list, so that others get the lock. */
static u64 vram_take_dirty_locked(struct pddgpu_vram_mgr *mgr, u64 *pos, u64 *seen, u64 bytes,
				  struct list_head *blocks)
{
	u64 left = bytes;

	for (int i = 0; i < PDDGPU_VRAM_CLEAN_BLOCKS && left && *seen < vram_size(mgr); i++) {
		u64 from = *pos < vram_size(mgr) ? *pos : 0;
		struct gpu_buddy_block *block = vram_block_at(mgr, from);
		u64 start = gpu_buddy_block_offset(block);
		u64 taken = vram_take_dirty_block(mgr, block, left, blocks);

		*pos = taken ? start + taken : pddgpu_vram_block_end(block);
		*seen += *pos - start;
		left -= taken;
	}

	return bytes - left;
}

u64 pddgpu_vram_mgr_take_dirty(struct pddgpu_vram_mgr *mgr, u64 *pos, u64 bytes,
			       struct list_head *blocks)
{
	u64 seen = 0, taken = 0;
	unsigned int flags;
	bool dirty;

	do {
		flags = vram_lock_to_divide(mgr);
		dirty = vram_avail(mgr) > vram_clear_avail(mgr);
		if (dirty)
			taken = vram_take_dirty_locked(mgr, pos, &seen, bytes, blocks);
		vram_own_blocks(blocks, &mgr->cleaner);
		mgr->cleaning += taken;
		vram_unlock_to_divide(mgr, flags);
	} while (dirty && !taken && seen < vram_size(mgr));

	return taken;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_vram_mgr_take_dirty);

void pddgpu_vram_mgr_put_cleaned(struct pddgpu_vram_mgr *mgr, struct list_head *blocks,
				 bool cleared)
{
	if (list_empty(blocks))
		return;

	mutex_lock(&mgr->lock);
	if (cleared)
		mgr->cleaned += mgr->cleaning;
	mgr->cleaning = 0;
	vram_free_blocks(mgr, blocks, cleared ? GPU_BUDDY_CLEARED : 0);
	mutex_unlock(&mgr->lock);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_vram_mgr_put_cleaned);

/* To take a block that is free as a whole needs no memory. */
static void vram_forget_block(struct pddgpu_vram_mgr *mgr, struct gpu_buddy_block *block)
{
	LIST_HEAD(taken);

	if (!gpu_buddy_block_is_free(block) || !gpu_buddy_block_is_clear(block))
		return;

	WARN_ON(vram_alloc_at(mgr, gpu_buddy_block_offset(block), pddgpu_vram_block_size(block),
			      &taken));
	vram_free_blocks(mgr, &taken, 0);
}

/*
 * Block by block, since gpu_buddy_reset_clear() of 6.12 erases from a tree while it
 * walks it, and may miss some.
 */
void pddgpu_vram_mgr_forget_cleared(struct pddgpu_vram_mgr *mgr)
{
	struct gpu_buddy_block *block;
	u64 pos = 0;

	mutex_lock(&mgr->lock);
	while ((block = vram_block_at(mgr, pos))) {
		pos = pddgpu_vram_block_end(block);
		vram_forget_block(mgr, block);
	}
	mutex_unlock(&mgr->lock);
	pddgpu_vram_wake_cleaner(mgr);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_vram_mgr_forget_cleared);

u64 pddgpu_vram_mgr_visible_used(struct pddgpu_vram_mgr *mgr)
{
	u64 used;

	mutex_lock(&mgr->lock);
	used = mgr->visible_used;
	mutex_unlock(&mgr->lock);

	return used;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_vram_mgr_visible_used);

u32 pddgpu_vram_resource_num_blocks(struct ttm_resource *res)
{
	struct gpu_buddy_block *block;
	u64 end = U64_MAX;
	u32 num = 0;

	list_for_each_entry(block, &to_pddgpu_vram_resource(res)->blocks, link) {
		if (gpu_buddy_block_offset(block) != end)
			num++;
		end = gpu_buddy_block_offset(block) + pddgpu_vram_block_size(block);
	}

	return num;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_vram_resource_num_blocks);

bool pddgpu_vram_resource_is_visible(struct ttm_resource *res)
{
	return to_pddgpu_vram_resource(res)->visible == res->size;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_vram_resource_is_visible);
