// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/sizes.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_placement.h>
#include <drm/ttm/ttm_resource.h>
#include <drm/ttm/ttm_tt.h>

#include "include/uapi/drm/pddgpu_drm.h"
#include "pddgpu_bo.h"
#include "pddgpu_copy.h"
#include "pddgpu_device.h"
#include "pddgpu_job.h"
#include "pddgpu_pool_clean.h"
#include "pddgpu_res_cursor.h"
#include "pddgpu_vram_clean.h"
#include "pddgpu_vram_mgr.h"

#define PDDGPU_COPY_IB_BYTES	(4 * PDDGPU_KERNEL_IB_MAX * sizeof(u32))
#define PDDGPU_COPY_IB_ALIGN	64
/* What one step moves: a window, or as much of VRAM. */
#define PDDGPU_COPY_STEP	((u64)PDDGPU_GART_WINDOW_PAGES << PAGE_SHIFT)
/* What one job moves, so that others get their turn on the engine. */
#define PDDGPU_COPY_JOB_BYTES	SZ_64M
/* A step at its worst: each page is a run of its own. */
#define PDDGPU_COPY_STEP_DWORDS \
	(PDDGPU_GART_WINDOW_PAGES * (PDDGPU_EMIT_WRITE_PTE_DWORDS + PDDGPU_EMIT_COPY_DWORDS) + \
	 PDDGPU_EMIT_TLB_FLUSH_DWORDS)

/* Runs of pages in a clear of what nobody waits for: a 32nd of the shared buffer */
#define PDDGPU_CLEAR_RUNS	254
#define PDDGPU_CLEAR_DWORDS \
	(PDDGPU_CLEAR_RUNS * PDDGPU_EMIT_WRITE_PTE_DWORDS + PDDGPU_EMIT_TLB_FLUSH_DWORDS + \
	 PDDGPU_EMIT_FILL_DWORDS)
/* How long such a clear waits for its turn: its pages are kept from everybody */
#define PDDGPU_CLEAR_TURN_MS	200

static int pddgpu_copy_init_entities(struct pddgpu_device *pdev)
{
	struct drm_gpu_scheduler *sched = &pdev->rings[PDDGPU_ENGINE_COPY].sched;
	struct pddgpu_copy *copy = &pdev->copy;
	int ret;

	ret = drm_sched_entity_init(&copy->entity, DRM_SCHED_PRIORITY_KERNEL, &sched, 1, NULL);
	if (ret)
		return ret;

	ret = drm_sched_entity_init(&copy->clear_entity, DRM_SCHED_PRIORITY_LOW, &sched, 1, NULL);
	if (ret)
		drm_sched_entity_destroy(&copy->entity);
	return ret;
}

int pddgpu_copy_init(struct pddgpu_device *pdev)
{
	struct pddgpu_copy *copy = &pdev->copy;
	void *cpu;
	int ret;

	static_assert(PDDGPU_COPY_STEP_DWORDS <= PDDGPU_KERNEL_IB_MAX);
	static_assert(PDDGPU_VRAM_CLEAN_BLOCKS * PDDGPU_EMIT_FILL_DWORDS <= PDDGPU_KERNEL_IB_MAX);

	ret = drmm_mutex_init(&pdev->drm, &copy->clear_lock);
	if (ret)
		return ret;

	copy->ib_bo = pddgpu_bo_create_pinned(pdev, PDDGPU_COPY_IB_BYTES, DRM_PDDGPU_DOMAIN_GTT,
					      &copy->ib_addr, &cpu);
	if (IS_ERR(copy->ib_bo))
		return PTR_ERR(copy->ib_bo);

	copy->ib_cpu = cpu;
	drm_suballoc_manager_init(&copy->ibs, PDDGPU_COPY_IB_BYTES, PDDGPU_COPY_IB_ALIGN);
	ret = pddgpu_copy_init_entities(pdev);
	if (ret)
		goto err_bo;

	WRITE_ONCE(copy->ready, true);
	return 0;

err_bo:
	drm_suballoc_manager_fini(&copy->ibs);
	pddgpu_bo_free_pinned(copy->ib_bo);
	return ret;
}

void pddgpu_copy_fini(struct pddgpu_device *pdev)
{
	struct pddgpu_copy *copy = &pdev->copy;

	WRITE_ONCE(copy->ready, false);
	/* Who waits for a clear is told by its fence. */
	mutex_lock(&copy->clear_lock);
	dma_fence_put(copy->clear_last);
	copy->clear_last = NULL;
	mutex_unlock(&copy->clear_lock);

	drm_sched_entity_destroy(&copy->clear_entity);
	drm_sched_entity_destroy(&copy->entity);
	drm_suballoc_manager_fini(&copy->ibs);
	pddgpu_bo_free_pinned(copy->ib_bo);
	copy->ib_bo = NULL;
	copy->ib_cpu = NULL;
}

/*
 * One end of a move: on the card, walked run by run; pages with an aperture address,
 * which are one run; or pages that take turns in the copy window.
 */
struct pddgpu_copy_end {
	struct pddgpu_res_cursor cur;
	struct ttm_tt *tt;
	u64 linear;		/* VMID 0 address of byte 0, if bound */
	bool windowed;
	bool bound;
};

static void pddgpu_copy_end_init(struct pddgpu_copy_end *end, struct ttm_buffer_object *bo,
				 struct ttm_resource *res)
{
	bool card = pddgpu_res_on_card(res);

	end->tt = bo->ttm;
	end->bound = !card && res->mem_type == TTM_PL_TT && pddgpu_gtt_resource_has_addr(res);
	end->windowed = !card && !end->bound;
	end->linear = PDDGPU_GART_START + ((u64)res->start << PAGE_SHIFT);
	pddgpu_res_first(res, bo->ttm, 0, bo->base.size, &end->cur);
}

/*
 * The functions below return the dwords that they emit into @job, and only
 * count them without one.
 */

/* Maps the next @bytes of @end in the window, with a packet a contiguous run. */
static u32 pddgpu_copy_fill_window(struct pddgpu_device *pdev, struct pddgpu_copy_end *end,
				   struct pddgpu_job *job, u64 bytes)
{
	u64 entry = pdev->gart.table_addr;
	u32 dwords = PDDGPU_EMIT_TLB_FLUSH_DWORDS;

	while (bytes) {
		u64 run = min(bytes, end->cur.size);
		u32 pages = run >> PAGE_SHIFT;

		if (job)
			pddgpu_job_emit_write_pte(job, entry,
						  pddgpu_gart_pte(end->tt->caching, end->cur.addr),
						  PAGE_SIZE, pages);
		dwords += PDDGPU_EMIT_WRITE_PTE_DWORDS;
		entry += pages * sizeof(u64);
		bytes -= run;
		pddgpu_res_next(&end->cur, run);
	}
	if (job)
		pddgpu_job_emit_tlb_flush(job, BIT(PDDGPU_VMID_KERNEL));
	return dwords;
}

/* Where @end goes on, @done bytes into the step, and for how long at most. */
static u64 pddgpu_copy_end_addr(const struct pddgpu_copy_end *end, u64 done, u64 *run)
{
	if (end->windowed)
		return PDDGPU_GART_START + done;

	*run = min(*run, end->cur.size);
	return end->bound ? end->linear + end->cur.offset : end->cur.addr;
}

static void pddgpu_copy_end_next(struct pddgpu_copy_end *end, u64 run)
{
	if (!end->windowed)
		pddgpu_res_next(&end->cur, run);
}

static u32 pddgpu_copy_step(struct pddgpu_device *pdev, struct pddgpu_copy_end *src,
			    struct pddgpu_copy_end *dst, struct pddgpu_job *job, u64 bytes)
{
	u32 dwords = 0;
	u64 done = 0;

	if (src->windowed)
		dwords += pddgpu_copy_fill_window(pdev, src, job, bytes);
	if (dst->windowed)
		dwords += pddgpu_copy_fill_window(pdev, dst, job, bytes);

	while (done < bytes) {
		u64 run = bytes - done;
		u64 from = pddgpu_copy_end_addr(src, done, &run);
		u64 to = pddgpu_copy_end_addr(dst, done, &run);

		if (job)
			pddgpu_job_emit_copy(job, from, to, run);
		dwords += PDDGPU_EMIT_COPY_DWORDS;
		done += run;
		pddgpu_copy_end_next(src, run);
		pddgpu_copy_end_next(dst, run);
	}
	return dwords;
}

static void pddgpu_copy_emit(struct pddgpu_device *pdev, struct pddgpu_copy_end *src,
			     struct pddgpu_copy_end *dst, struct pddgpu_job *job, u64 bytes)
{
	while (bytes) {
		u64 step = min(bytes, PDDGPU_COPY_STEP);

		pddgpu_copy_step(pdev, src, dst, job, step);
		bytes -= step;
	}
}

/* How much of the rest fits in a job: whole steps, by a dry run. */
static u64 pddgpu_copy_plan(struct pddgpu_device *pdev, struct pddgpu_copy_end src,
			    struct pddgpu_copy_end dst, u64 left, u32 *dwords)
{
	u64 bytes = 0;

	*dwords = 0;
	while (bytes < left && bytes < PDDGPU_COPY_JOB_BYTES) {
		u64 step = min(left - bytes, PDDGPU_COPY_STEP);
		u32 more = pddgpu_copy_step(pdev, &src, &dst, NULL, step);

		if (*dwords + more > PDDGPU_KERNEL_IB_MAX)
			break;
		*dwords += more;
		bytes += step;
	}
	return bytes;
}

/* The first job of a chain waits; the others follow it on the same queue. */
static int pddgpu_copy_add_deps(struct pddgpu_job *job, struct ttm_buffer_object *bo,
				enum dma_resv_usage usage, struct dma_fence *last)
{
	return last ? 0 : drm_sched_job_add_resv_dependencies(&job->base, bo->base.resv, usage);
}

static struct pddgpu_job *pddgpu_copy_job(struct pddgpu_device *pdev, struct ttm_buffer_object *bo,
					  enum dma_resv_usage usage, struct dma_fence *last,
					  u32 dwords)
{
	struct pddgpu_job *job = pddgpu_job_create_kernel(pdev, &pdev->copy.entity, dwords);
	int ret;

	if (IS_ERR(job))
		return job;

	ret = pddgpu_copy_add_deps(job, bo, usage, last);
	if (ret) {
		pddgpu_job_abandon(job);
		return ERR_PTR(ret);
	}
	return job;
}

/*
 * A chain that breaks off must be over before the caller gives the destination
 * to somebody else.
 */
static struct dma_fence *pddgpu_copy_break_off(struct dma_fence *last, int error)
{
	if (last)
		dma_fence_wait(last, false);
	dma_fence_put(last);
	return ERR_PTR(error);
}

static struct dma_fence *pddgpu_copy_move_entered(struct pddgpu_device *pdev,
						  struct ttm_buffer_object *bo,
						  struct ttm_resource *dst_res)
{
	struct pddgpu_copy_end src, dst;
	struct dma_fence *last = NULL;
	u64 left = bo->base.size;

	pddgpu_copy_end_init(&src, bo, bo->resource);
	pddgpu_copy_end_init(&dst, bo, dst_res);
	while (left) {
		u32 dwords;
		u64 bytes = pddgpu_copy_plan(pdev, src, dst, left, &dwords);
		struct pddgpu_job *job = pddgpu_copy_job(pdev, bo, DMA_RESV_USAGE_BOOKKEEP, last,
							 dwords);

		if (IS_ERR(job))
			return pddgpu_copy_break_off(last, PTR_ERR(job));

		pddgpu_copy_emit(pdev, &src, &dst, job, bytes);
		dma_fence_put(last);
		last = pddgpu_job_push(job);
		left -= bytes;
	}
	return last;
}

struct dma_fence *pddgpu_copy_move(struct ttm_buffer_object *bo, struct ttm_resource *dst)
{
	struct pddgpu_device *pdev = ttm_to_pddgpu(bo->bdev);
	struct dma_fence *fence;
	int idx;

	dma_resv_assert_held(bo->base.resv);
	if (drm_WARN_ON(&pdev->drm, !pddgpu_res_on_card(bo->resource) && !pddgpu_res_on_card(dst)))
		return ERR_PTR(-EINVAL);
	if (!drm_dev_enter(&pdev->drm, &idx))
		return ERR_PTR(-ENODEV);

	fence = pddgpu_copy_move_entered(pdev, bo, dst);
	drm_dev_exit(idx);
	return fence;
}

/* --- Clears of the card's memory --------------------------------------- */

/* Walks the blocks that are not clear, run by run */
struct pddgpu_dirty_cursor {
	struct list_head *blocks;
	struct gpu_buddy_block *next;	/* behind the run */
	u64 addr;
	u64 size;			/* 0 when done */
};

static void pddgpu_dirty_next_run(struct pddgpu_dirty_cursor *cur)
{
	cur->size = 0;
	list_for_each_entry_from(cur->next, cur->blocks, link) {
		u64 addr = gpu_buddy_block_offset(cur->next);
		bool clear = gpu_buddy_block_is_clear(cur->next);

		if (cur->size && (clear || addr != cur->addr + cur->size))
			return;
		if (clear)
			continue;
		if (!cur->size)
			cur->addr = addr;
		cur->size += pddgpu_vram_block_size(cur->next);
	}
}

static void pddgpu_dirty_first(struct pddgpu_dirty_cursor *cur, struct list_head *blocks)
{
	cur->blocks = blocks;
	cur->next = list_first_entry(blocks, struct gpu_buddy_block, link);
	pddgpu_dirty_next_run(cur);
}

static void pddgpu_dirty_next(struct pddgpu_dirty_cursor *cur, u64 bytes)
{
	cur->addr += bytes;
	cur->size -= bytes;
	if (!cur->size)
		pddgpu_dirty_next_run(cur);
}

/* How much of the rest one job can clear, and in how many packets. */
static u64 pddgpu_clear_plan(struct pddgpu_dirty_cursor cur, u32 *dwords)
{
	u64 bytes = 0;

	*dwords = 0;
	while (cur.size && bytes < PDDGPU_COPY_JOB_BYTES &&
	       *dwords + PDDGPU_EMIT_FILL_DWORDS <= PDDGPU_KERNEL_IB_MAX) {
		u64 run = min(cur.size, PDDGPU_COPY_JOB_BYTES - bytes);

		*dwords += PDDGPU_EMIT_FILL_DWORDS;
		bytes += run;
		pddgpu_dirty_next(&cur, run);
	}
	return bytes;
}

static void pddgpu_clear_emit(struct pddgpu_dirty_cursor *cur, struct pddgpu_job *job, u64 bytes)
{
	while (bytes) {
		u64 run = min(cur->size, bytes);

		pddgpu_job_emit_fill(job, cur->addr, run, 0);
		bytes -= run;
		pddgpu_dirty_next(cur, run);
	}
}

static struct dma_fence *pddgpu_copy_clear_entered(struct pddgpu_device *pdev,
						   struct ttm_buffer_object *bo,
						   struct ttm_resource *dst)
{
	struct pddgpu_dirty_cursor cur;
	struct dma_fence *last = NULL;

	pddgpu_dirty_first(&cur, &to_pddgpu_vram_resource(dst)->blocks);
	while (cur.size) {
		u32 dwords;
		u64 bytes = pddgpu_clear_plan(cur, &dwords);
		struct pddgpu_job *job = pddgpu_copy_job(pdev, bo, DMA_RESV_USAGE_KERNEL, last,
							 dwords);

		if (IS_ERR(job))
			return pddgpu_copy_break_off(last, PTR_ERR(job));

		pddgpu_clear_emit(&cur, job, bytes);
		dma_fence_put(last);
		last = pddgpu_job_push(job);
		atomic64_add(bytes, &pdev->stats.cleared);
	}
	return last;
}

static struct dma_fence *pddgpu_copy_clear_onchip(struct pddgpu_device *pdev,
						  struct ttm_buffer_object *bo,
						  struct ttm_resource *dst)
{
	struct pddgpu_job *job = pddgpu_copy_job(pdev, bo, DMA_RESV_USAGE_KERNEL, NULL,
						 PDDGPU_EMIT_FILL_DWORDS);

	if (IS_ERR(job))
		return ERR_CAST(job);

	pddgpu_job_emit_fill(job, pddgpu_onchip_addr(dst), dst->size, 0);
	atomic64_add(dst->size, &pdev->stats.cleared);
	return pddgpu_job_push(job);
}

struct dma_fence *pddgpu_copy_clear(struct ttm_buffer_object *bo, struct ttm_resource *dst)
{
	struct pddgpu_device *pdev = ttm_to_pddgpu(bo->bdev);
	struct dma_fence *fence;
	int idx;

	dma_resv_assert_held(bo->base.resv);
	/* VRAM may have lost what it held, so no block can be trusted to be clear. */
	if (READ_ONCE(pdev->wedged))
		return ERR_PTR(-EIO);
	if (!drm_dev_enter(&pdev->drm, &idx))
		return ERR_PTR(-ENODEV);

	fence = pddgpu_onchip_holds(dst) ? pddgpu_copy_clear_onchip(pdev, bo, dst) :
					   pddgpu_copy_clear_entered(pdev, bo, dst);
	drm_dev_exit(idx);
	return fence;
}

static struct dma_fence *pddgpu_clear_blocks_entered(struct pddgpu_device *pdev,
						     struct list_head *blocks,
						     struct dma_fence *after, atomic_t *claim)
{
	struct pddgpu_dirty_cursor cur;
	struct pddgpu_job *job;
	u32 dwords;
	u64 bytes;
	int ret;

	pddgpu_dirty_first(&cur, blocks);
	bytes = pddgpu_clear_plan(cur, &dwords);
	job = pddgpu_job_create_kernel(pdev, &pdev->copy.clear_entity, dwords);
	if (IS_ERR(job))
		return ERR_CAST(job);

	ret = after ? drm_sched_job_add_dependency(&job->base, dma_fence_get(after)) : 0;
	if (ret) {
		pddgpu_job_abandon(job);
		return ERR_PTR(ret);
	}
	pddgpu_clear_emit(&cur, job, bytes);
	job->claim = claim;
	return pddgpu_job_push(job);
}

struct dma_fence *pddgpu_copy_clear_blocks(struct pddgpu_device *pdev, struct list_head *blocks,
					   struct dma_fence *after, atomic_t *claim)
{
	struct dma_fence *fence;
	int idx;

	if (!drm_dev_enter(&pdev->drm, &idx))
		return ERR_PTR(-ENODEV);

	fence = pddgpu_clear_blocks_entered(pdev, blocks, after, claim);
	drm_dev_exit(idx);
	return fence;
}

/* --- Pages that no buffer has ------------------------------------------ */

/* What is still to be cleared */
struct pddgpu_clear_cursor {
	const struct pddgpu_pool_span *span;
	const struct pddgpu_pool_span *end;
	u32 done;		/* pages of @span */
};

/* Maps what fits in the window, with a packet a run.  Returns the pages. */
static u32 pddgpu_clear_fill_window(struct pddgpu_device *pdev, enum ttm_caching caching,
				    struct pddgpu_clear_cursor *cur, struct pddgpu_job *job)
{
	u32 pages = 0;

	for (u32 i = 0; i < PDDGPU_CLEAR_RUNS && cur->span < cur->end; i++) {
		u32 run = min(cur->span->num_pages - cur->done, PDDGPU_GART_WINDOW_PAGES - pages);
		dma_addr_t addr = cur->span->addr + (u64)cur->done * PAGE_SIZE;

		if (!run)
			break;
		pddgpu_job_emit_write_pte(job, pdev->gart.table_addr + pages * sizeof(u64),
					  pddgpu_gart_pte(caching, addr), PAGE_SIZE, run);
		pages += run;
		cur->done += run;
		if (cur->done == cur->span->num_pages) {
			cur->done = 0;
			cur->span++;
		}
	}
	pddgpu_job_emit_tlb_flush(job, BIT(PDDGPU_VMID_KERNEL));
	return pages;
}

static struct dma_fence *pddgpu_clear_push(struct pddgpu_device *pdev, enum ttm_caching caching,
					   struct pddgpu_clear_cursor *cur)
{
	struct pddgpu_copy *copy = &pdev->copy;
	struct pddgpu_job *job;
	u32 pages;

	job = pddgpu_job_create_kernel(pdev, &copy->clear_entity, PDDGPU_CLEAR_DWORDS);
	if (IS_ERR(job))
		return ERR_CAST(job);

	pages = pddgpu_clear_fill_window(pdev, caching, cur, job);
	pddgpu_job_emit_fill(job, PDDGPU_GART_START, (u64)pages * PAGE_SIZE, 0);
	atomic_set(&copy->clear_claim, 0);
	job->claim = &copy->clear_claim;
	return pddgpu_job_push(job);
}

/*
 * When it is given up, the job stays in the queue, and does nothing when its turn
 * comes.  When it has begun, it ends soon, one way or the other: the heartbeat sees to
 * that.  As for any job, its fence signals when the engine has done with it, and if
 * that takes a reset, after that.
 */
static int pddgpu_clear_wait(struct pddgpu_copy *copy)
{
	struct dma_fence *fence = copy->clear_last;

	if (!dma_fence_wait_timeout(fence, false, msecs_to_jiffies(PDDGPU_CLEAR_TURN_MS)) &&
	    !atomic_xchg(&copy->clear_claim, 1))
		return -EBUSY;

	/* A second at a time, so that nobody takes it for a task that hangs. */
	while (!dma_fence_wait_timeout(fence, false, HZ))
		;
	return min(dma_fence_get_status(fence), 0);
}

static int pddgpu_clear_window(struct pddgpu_device *pdev, enum ttm_caching caching,
			       struct pddgpu_clear_cursor *cur)
{
	struct pddgpu_copy *copy = &pdev->copy;
	struct dma_fence *fence;
	int idx;

	lockdep_assert_held(&copy->clear_lock);

	if (copy->clear_last && !dma_fence_is_signaled(copy->clear_last))
		return -EBUSY;
	if (!drm_dev_enter(&pdev->drm, &idx))
		return -ENODEV;

	fence = pddgpu_clear_push(pdev, caching, cur);
	drm_dev_exit(idx);
	if (IS_ERR(fence))
		return PTR_ERR(fence);

	dma_fence_put(copy->clear_last);
	copy->clear_last = fence;
	return pddgpu_clear_wait(copy);
}

int pddgpu_copy_clear_pages(struct pddgpu_device *pdev, enum ttm_caching caching,
			    const struct pddgpu_pool_span *spans, unsigned int num_spans)
{
	struct pddgpu_clear_cursor cur = { .span = spans, .end = spans + num_spans };
	int ret = 0;

	/* The pool is there before the engine, and after it. */
	if (!READ_ONCE(pdev->copy.ready))
		return -ENODEV;

	mutex_lock(&pdev->copy.clear_lock);
	while (cur.span < cur.end && !ret)
		ret = pddgpu_clear_window(pdev, caching, &cur);
	mutex_unlock(&pdev->copy.clear_lock);
	return ret;
}
