// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/align.h>
#include <linux/atomic.h>
#include <linux/dma-fence.h>
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include <drm/drm_gem.h>
#include <drm/gpu_scheduler.h>
#include <drm/ttm/ttm_tt.h>
#include <uapi/drm/pddgpu_drm.h>

#include "pddgpu_bo.h"
#include "pddgpu_device.h"
#include "pddgpu_job.h"
#include "pddgpu_res_cursor.h"
#include "pddgpu_vm.h"
#include "pddgpu_vma.h"

/**
 * DOC: stale mappings
 *
 * A mapping is stale when entries of it still have to be written.  A job that
 * changes entries waits for all jobs that the address space has seen, and all
 * later ones wait for it.  It follows that stale entries hurt nobody while they
 * are stale: no command buffer that could follow them is running, and memory is
 * not used again before the jobs that could are done, because their fences are in
 * the reservations of all buffers that were mapped.
 */

struct pddgpu_vma *pddgpu_vma_alloc(void)
{
	struct pddgpu_vma *vma = kzalloc(sizeof(*vma), GFP_KERNEL_ACCOUNT);

	if (vma)
		INIT_LIST_HEAD(&vma->stale);
	return vma;
}

void pddgpu_vma_free(struct pddgpu_vma *vma)
{
	list_del(&vma->stale);
	drm_gpuva_unlink(&vma->base);
	kfree(vma);
}

static u64 pddgpu_vma_end(const struct pddgpu_vma *vma)
{
	return vma->base.va.addr + vma->base.va.range;
}

void pddgpu_vma_mark(struct pddgpu_vma *vma, u64 start, u64 end, struct list_head *stale)
{
	start = max(vma->base.va.addr, ALIGN_DOWN(start, PDDGPU_PT_SLOT_SIZE));
	end = min(pddgpu_vma_end(vma), ALIGN(end, PDDGPU_PT_SLOT_SIZE));

	if (!list_empty(&vma->stale)) {
		start = min(start, vma->stale_start);
		end = max(end, vma->stale_end);
	}
	vma->stale_start = start;
	vma->stale_end = end;
	list_move_tail(&vma->stale, stale);
}

void pddgpu_vma_mark_all(struct pddgpu_vma *vma, struct list_head *stale)
{
	pddgpu_vma_mark(vma, vma->base.va.addr, pddgpu_vma_end(vma), stale);
}

/* --- Jobs that write entries -------------------------------------------- */

static void pddgpu_vma_update_emit(struct pddgpu_pt_sink *sink, const struct pddgpu_pt_update *u)
{
	struct pddgpu_vma_update *update = container_of(sink, struct pddgpu_vma_update, sink);

	if (!u->value && !u->step)
		pddgpu_job_emit_fill(update->job, u->addr, u->count * sizeof(u64), 0);
	else
		pddgpu_job_emit_write_pte(update->job, u->addr, u->value, u->step, u->count);
}

static int pddgpu_vma_update_depend(struct pddgpu_vma_update *update, struct pddgpu_job *job)
{
	struct dma_resv *resv = drm_gpuvm_resv(&update->vm->base);
	int ret;

	ret = drm_sched_job_add_resv_dependencies(&job->base, resv, update->usage);
	if (!ret && update->fresh)
		ret = drm_sched_job_add_resv_dependencies(&job->base, update->fresh->resv,
							  DMA_RESV_USAGE_KERNEL);
	if (!ret)
		ret = dma_resv_reserve_fences(resv, 1);
	return ret;
}

int pddgpu_vma_update_begin(struct pddgpu_vma_update *update, u32 room)
{
	struct pddgpu_vm *vm = update->vm;
	struct pddgpu_job *job;
	int ret;

	room = min(room, PDDGPU_VMA_UPDATE_MAX);
	job = pddgpu_job_create_kernel(vm->pdev, &vm->entity, room * PDDGPU_EMIT_WRITE_PTE_DWORDS);
	if (IS_ERR(job))
		return PTR_ERR(job);

	ret = pddgpu_vma_update_depend(update, job);
	if (ret) {
		pddgpu_job_abandon(job);
		return ret;
	}

	update->sink = (struct pddgpu_pt_sink) { .write = pddgpu_vma_update_emit, .room = room };
	update->job = job;
	return 0;
}

void pddgpu_vma_update_end(struct pddgpu_vma_update *update)
{
	struct pddgpu_vm *vm = update->vm;
	struct pddgpu_job *job = update->job;
	struct dma_fence *fence;

	if (!job)
		return;

	pddgpu_pt_sink_flush(&update->sink);
	update->job = NULL;
	if (!job->ib_dwords) {
		pddgpu_job_abandon(job);
		return;
	}

	fence = pddgpu_job_push(job);
	dma_resv_add_fence(drm_gpuvm_resv(&vm->base), fence, DMA_RESV_USAGE_KERNEL);
	dma_fence_put(fence);
	vm->pt_seq = atomic64_inc_return(&vm->pdev->pt_seq);
}

/* --- What they write ---------------------------------------------------- */

static u64 pddgpu_vma_pte(const struct pddgpu_vma *vma, const struct pddgpu_res_cursor *cur)
{
	u64 pte = cur->addr | PDDGPU_PTE_VALID | PDDGPU_PTE_READ | PDDGPU_PTE_WRITE;

	if (cur->system)
		pte = pddgpu_gart_pte(gem_to_pddgpu_bo(vma->base.gem.obj)->tbo.ttm->caching,
				      cur->addr);
	if (vma->flags & DRM_PDDGPU_VM_BIND_READONLY)
		pte &= ~PDDGPU_PTE_WRITE;
	return pte;
}

/* Writes what is stale of a mapping; after an error the rest still is. */
static int pddgpu_vma_write(struct pddgpu_vma *vma, struct pddgpu_vma_update *update)
{
	struct pddgpu_bo *bo = gem_to_pddgpu_bo(vma->base.gem.obj);
	struct pddgpu_vm *vm = update->vm;
	struct pddgpu_res_cursor cur;
	u64 done;
	int ret;

	dma_resv_assert_held(bo->tbo.base.resv);

	pddgpu_res_first(bo->tbo.resource, bo->tbo.ttm,
			 vma->base.gem.offset + vma->stale_start - vma->base.va.addr,
			 vma->stale_end - vma->stale_start, &cur);
	while (cur.remaining) {
		const struct pddgpu_pt_range range = {
			.va = vma->stale_start,
			.size = cur.size,
			.pte = pddgpu_vma_pte(vma, &cur),
			.large = !(vma->flags & DRM_PDDGPU_VM_BIND_SMALL_PAGES),
		};

		done = pddgpu_pt_map(&vm->pt, &range, &update->sink);
		vma->stale_start += done;
		if (done)
			pddgpu_res_next(&cur, done);
		if (done == range.size)
			continue;

		pddgpu_vma_update_end(update);
		ret = pddgpu_vma_update_begin(update, PDDGPU_VMA_UPDATE_MAX);
		if (ret)
			return ret;
	}
	return 0;
}

int pddgpu_vma_update_write(struct pddgpu_vma_update *update, struct list_head *stale)
{
	struct pddgpu_vma *vma;
	int ret;

	while ((vma = list_first_entry_or_null(stale, struct pddgpu_vma, stale))) {
		if (!vma->base.vm_bo->evicted) {
			ret = pddgpu_vma_write(vma, update);
			if (ret)
				return ret;
		}
		list_del_init(&vma->stale);
	}
	return 0;
}

/* Updates that the mappings on a list may take, if every page is on its own. */
static u32 pddgpu_vma_stale_room(struct list_head *stale)
{
	u64 room = PDDGPU_PT_STEP_UPDATES;
	struct pddgpu_vma *vma;

	list_for_each_entry(vma, stale, stale) {
		room += PDDGPU_PT_STEP_UPDATES;
		room += (vma->stale_end - vma->stale_start) / PDDGPU_PT_SIZE;
		if (room > PDDGPU_VMA_UPDATE_MAX)
			break;
	}
	return min(room, PDDGPU_VMA_UPDATE_MAX);
}

int pddgpu_vma_flush(struct pddgpu_vma_update *update, struct list_head *stale)
{
	int ret;

	if (list_empty(stale))
		return 0;

	ret = pddgpu_vma_update_begin(update, pddgpu_vma_stale_room(stale));
	if (ret)
		return ret;

	ret = pddgpu_vma_update_write(update, stale);
	pddgpu_vma_update_end(update);
	return ret;
}
