// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/dma-resv.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_exec.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_print.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_resource.h>
#include <uapi/drm/pddgpu_drm.h>

#include <kunit/visibility.h>

#include "pddgpu_bo.h"
#include "pddgpu_device.h"
#include "pddgpu_drv.h"
#include "pddgpu_job.h"
#include "pddgpu_res_cursor.h"
#include "pddgpu_uarray.h"
#include "pddgpu_vm.h"

/**
 * DOC: GPU address spaces
 *
 * drm_gpuvm keeps who is mapped where, pddgpu_pt.c what the GPU is told of it.
 * Between the two is the list of stale mappings: those with entries that still
 * have to be written.  It is emptied before each job of the address space, and
 * at the end of each VM_BIND if that works out, so past the point where the
 * mappings change nothing can fail that is not simply tried again.
 *
 * A job that changes entries waits for all jobs that the address space has seen,
 * and all later ones wait for it.  It follows that stale entries hurt nobody
 * while they are stale: no command buffer that could follow them is running,
 * and memory is not used again before the jobs that could are done, because
 * their fences are in the reservations of all buffers that were mapped.
 *
 * Where nothing was mapped there is no need to wait: the entries go from nothing
 * to valid while jobs run, tables first, so a walk finds one or the other.  Jobs
 * submitted before the MAP can get at the buffer then, so their fences are added
 * to its reservation, and its memory has to be its own and cleared by then.
 *
 * A buffer that is moved is marked as evicted in all address spaces it is mapped
 * in (pddgpu_vm_bo_moved()), and so is one that is mapped while the GPU cannot
 * reach it.  pddgpu_vm_validate() makes it reachable again and its mappings
 * stale.
 *
 * Lock order: &pddgpu_vm.lock, the reservation of the address space, those of
 * its other buffers.  Mappings are changed with all three held.
 */

/* A job that writes entries: not too much of the memory all kernel jobs share. */
#define PDDGPU_VM_UPDATE_MAX	512

/* How often validating one buffer may drive out another before it's hopeless. */
#define PDDGPU_VM_VALIDATE_ROUNDS	8

/**
 * struct pddgpu_vm_update - entries on their way into kernel jobs
 */
struct pddgpu_vm_update {
	/** @sink: where page tables put them */
	struct pddgpu_pt_sink sink;
	/** @vm: the address space */
	struct pddgpu_vm *vm;
	/**
	 * @usage: which fences of the address space the jobs wait for: BOOKKEEP
	 * for all that was submitted, because what runs may be using the entries;
	 * KERNEL for other updates and the clearing of tables only
	 */
	enum dma_resv_usage usage;
	/** @fresh: with KERNEL: the buffer that jobs that run will see, cleared, else NULL */
	struct drm_gem_object *fresh;
	/** @job: the job that is being filled, or NULL */
	struct pddgpu_job *job;
};

static struct dma_resv *pddgpu_vm_resv(struct pddgpu_vm *vm)
{
	return drm_gpuvm_resv(&vm->base);
}

/* --- Writing entries ---------------------------------------------------- */

static void pddgpu_vm_update_write(struct pddgpu_pt_sink *sink,
				   const struct pddgpu_pt_update *u)
{
	struct pddgpu_vm_update *update = container_of(sink, struct pddgpu_vm_update, sink);

	if (!u->value && !u->step)
		pddgpu_job_emit_fill(update->job, u->addr, u->count * sizeof(u64), 0);
	else
		pddgpu_job_emit_write_pte(update->job, u->addr, u->value, u->step, u->count);
}

static int pddgpu_vm_update_depend(struct pddgpu_vm_update *update, struct pddgpu_job *job)
{
	struct dma_resv *resv = pddgpu_vm_resv(update->vm);
	int ret;

	ret = drm_sched_job_add_resv_dependencies(&job->base, resv, update->usage);
	if (!ret && update->fresh)
		ret = drm_sched_job_add_resv_dependencies(&job->base, update->fresh->resv,
							  DMA_RESV_USAGE_KERNEL);
	if (!ret)
		ret = dma_resv_reserve_fences(resv, 1);
	return ret;
}

/* Makes a job for @room updates, at most. */
static int pddgpu_vm_update_begin(struct pddgpu_vm_update *update, u32 room)
{
	struct pddgpu_vm *vm = update->vm;
	struct pddgpu_job *job;
	int ret;

	room = min(room, PDDGPU_VM_UPDATE_MAX);
	job = pddgpu_job_create_kernel(vm->pdev, &vm->entity, room * PDDGPU_EMIT_WRITE_PTE_DWORDS);
	if (IS_ERR(job))
		return PTR_ERR(job);

	ret = pddgpu_vm_update_depend(update, job);
	if (ret) {
		pddgpu_job_abandon(job);
		return ret;
	}

	update->sink = (struct pddgpu_pt_sink) { .write = pddgpu_vm_update_write, .room = room };
	update->job = job;
	return 0;
}

static void pddgpu_vm_update_end(struct pddgpu_vm_update *update)
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
	dma_resv_add_fence(pddgpu_vm_resv(vm), fence, DMA_RESV_USAGE_KERNEL);
	dma_fence_put(fence);
	vm->pt_seq = atomic64_inc_return(&vm->pdev->pt_seq);
}

static u64 pddgpu_vma_end(const struct pddgpu_vma *vma)
{
	return vma->base.va.addr + vma->base.va.range;
}

/*
 * Puts [@start, @end) of a mapping on a list of what is to be written.  Whole
 * slots, so that a large leaf is never replaced by half of what it mapped.
 */
static void pddgpu_vma_mark(struct pddgpu_vma *vma, u64 start, u64 end, struct list_head *stale)
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

static void pddgpu_vma_mark_all(struct pddgpu_vma *vma, struct list_head *stale)
{
	pddgpu_vma_mark(vma, vma->base.va.addr, pddgpu_vma_end(vma), stale);
}

static u64 pddgpu_vma_pte(const struct pddgpu_vma *vma, const struct pddgpu_res_cursor *cur)
{
	u64 pte = cur->addr | PDDGPU_PTE_VALID | PDDGPU_PTE_READ | PDDGPU_PTE_WRITE;

	if (cur->system)
		pte = pddgpu_gart_pte(gem_to_pddgpu_bo(vma->base.gem.obj)->tbo.ttm, cur->addr);
	if (vma->flags & DRM_PDDGPU_VM_BIND_READONLY)
		pte &= ~PDDGPU_PTE_WRITE;
	return pte;
}

/* Writes what is stale of a mapping; after an error the rest still is. */
static int pddgpu_vma_write(struct pddgpu_vma *vma, struct pddgpu_vm_update *update)
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

		pddgpu_vm_update_end(update);
		ret = pddgpu_vm_update_begin(update, PDDGPU_VM_UPDATE_MAX);
		if (ret)
			return ret;
	}
	return 0;
}

/* Those of evicted buffers become stale again when these are validated. */
static int pddgpu_vm_write_stale(struct pddgpu_vm_update *update, struct list_head *stale)
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
static u32 pddgpu_vm_stale_room(struct list_head *stale)
{
	u64 room = PDDGPU_PT_STEP_UPDATES;
	struct pddgpu_vma *vma;

	list_for_each_entry(vma, stale, stale) {
		room += PDDGPU_PT_STEP_UPDATES;
		room += (vma->stale_end - vma->stale_start) / PDDGPU_PT_SIZE;
		if (room > PDDGPU_VM_UPDATE_MAX)
			break;
	}
	return min(room, PDDGPU_VM_UPDATE_MAX);
}

static int pddgpu_vm_flush(struct pddgpu_vm_update *update, struct list_head *stale)
{
	int ret;

	if (list_empty(stale))
		return 0;

	ret = pddgpu_vm_update_begin(update, pddgpu_vm_stale_room(stale));
	if (ret)
		return ret;

	ret = pddgpu_vm_write_stale(update, stale);
	pddgpu_vm_update_end(update);
	return ret;
}

/* --- Moved buffers ------------------------------------------------------ */

void pddgpu_vm_bo_moved(struct pddgpu_bo *bo)
{
	struct drm_gpuvm_bo *vm_bo;

	dma_resv_assert_held(bo->tbo.base.resv);

	drm_gem_for_each_gpuvm_bo(vm_bo, &bo->tbo.base)
		drm_gpuvm_bo_evict(vm_bo, true);
}

static int pddgpu_vm_bo_validate(struct drm_gpuvm_bo *vm_bo, struct drm_exec *exec)
{
	struct pddgpu_vm *vm = to_pddgpu_vm(vm_bo->vm);
	struct ttm_operation_ctx ctx = {
		.interruptible = true,
		.resv = pddgpu_vm_resv(vm),
		.allow_res_evict = true,
	};
	struct drm_gpuva *va;
	int ret;

	ret = pddgpu_bo_validate(gem_to_pddgpu_bo(vm_bo->obj),
				 DRM_PDDGPU_DOMAIN_VRAM | DRM_PDDGPU_DOMAIN_GTT, &ctx);
	if (ret)
		return ret;

	drm_gpuvm_bo_for_each_va(va, vm_bo)
		pddgpu_vma_mark_all(to_pddgpu_vma(va), &vm->stale);
	drm_gpuvm_bo_evict(vm_bo, false);
	return 0;
}

/*
 * Room for one buffer may be made at the cost of another one, which was
 * validated already: once more, then.
 */
static int pddgpu_vm_validate_bos(struct pddgpu_vm *vm, struct drm_exec *exec)
{
	unsigned int round;
	int ret;

	for (round = 0; round < PDDGPU_VM_VALIDATE_ROUNDS; round++) {
		/* All is locked already: this collects the evicted ones of other reservations. */
		ret = drm_gpuvm_prepare_objects(&vm->base, exec, 0);
		if (ret)
			return ret;
		if (list_empty(&vm->base.evict.list))
			return 0;

		ret = drm_gpuvm_validate(&vm->base, exec);
		if (ret)
			return ret;
	}
	return -ENOMEM;
}

int pddgpu_vm_lock(struct pddgpu_vm *vm, struct drm_exec *exec)
{
	int ret;

	ret = drm_gpuvm_prepare_vm(&vm->base, exec, 0);
	if (ret)
		return ret;
	return drm_gpuvm_prepare_objects(&vm->base, exec, 0);
}

int pddgpu_vm_validate(struct pddgpu_vm *vm, struct drm_exec *exec)
{
	struct pddgpu_vm_update update = { .vm = vm, .usage = DMA_RESV_USAGE_BOOKKEEP };
	int ret;

	ret = pddgpu_vm_validate_bos(vm, exec);
	if (ret)
		return ret;
	return pddgpu_vm_flush(&update, &vm->stale);
}

/* --- Changing mappings -------------------------------------------------- */

/**
 * struct pddgpu_vm_bind - one operation of VM_BIND under way
 */
struct pddgpu_vm_bind {
	/** @vm: the address space */
	struct pddgpu_vm *vm;
	/** @op: what to do */
	const struct drm_pddgpu_vm_bind_op *op;
	/** @obj: MAP: the buffer, a reference, else NULL */
	struct drm_gem_object *obj;
	/** @vm_bo: MAP: the pair of buffer and address space, a reference */
	struct drm_gpuvm_bo *vm_bo;
	/** @map: spare for the new mapping */
	struct pddgpu_vma *map;
	/** @prev: spare for what is left of a mapping before the range */
	struct pddgpu_vma *prev;
	/** @next: spare for what is left of a mapping after the range */
	struct pddgpu_vma *next;
	/** @stash: MAP: tables the range needs */
	struct pddgpu_pt_stash stash;
	/** @stale: mappings to write */
	struct list_head stale;
	/** @replaces: something was mapped in the range */
	bool replaces;
};

static struct pddgpu_vma *pddgpu_vma_alloc(void)
{
	struct pddgpu_vma *vma = kzalloc(sizeof(*vma), GFP_KERNEL_ACCOUNT);

	if (vma)
		INIT_LIST_HEAD(&vma->stale);
	return vma;
}

static int pddgpu_vm_step_map(struct drm_gpuva_op *op, void *priv)
{
	struct pddgpu_vm_bind *bind = priv;
	struct pddgpu_vma *vma = bind->map;

	bind->map = NULL;
	vma->flags = bind->op->flags;
	drm_gpuva_map(&bind->vm->base, &vma->base, &op->map);
	drm_gpuva_link(&vma->base, bind->vm_bo);
	pddgpu_vma_mark_all(vma, &bind->stale);
	return 0;
}

/* Nothing of a mapping is left, or it lives on as others. */
static void pddgpu_vma_free(struct pddgpu_vma *vma)
{
	list_del(&vma->stale);
	drm_gpuva_unlink(&vma->base);
	kfree(vma);
}

/*
 * What is left of @old at one side of a cut at @cut.  Its entries stay valid,
 * unless they never were or a large leaf is cut in two.
 */
static void pddgpu_vma_inherit(struct pddgpu_vm_bind *bind, struct pddgpu_vma *vma,
			       struct pddgpu_vma *old, u64 cut)
{
	vma->flags = old->flags;
	drm_gpuva_link(&vma->base, old->base.vm_bo);

	if (!list_empty(&old->stale))
		pddgpu_vma_mark_all(vma, &bind->stale);
	else if (!IS_ALIGNED(cut, PDDGPU_PT_SLOT_SIZE) && pddgpu_pt_is_large(&bind->vm->pt, cut))
		pddgpu_vma_mark(vma, cut, cut, &bind->stale);
}

static int pddgpu_vm_step_remap(struct drm_gpuva_op *op, void *priv)
{
	struct pddgpu_vm_bind *bind = priv;
	struct pddgpu_vma *old = to_pddgpu_vma(op->remap.unmap->va);
	u64 start, range;

	bind->replaces = true;
	drm_gpuva_op_remap_to_unmap_range(&op->remap, &start, &range);
	pddgpu_pt_unuse(&bind->vm->pt, start, range);

	drm_gpuva_remap(&bind->prev->base, &bind->next->base, &op->remap);
	if (op->remap.prev) {
		pddgpu_vma_inherit(bind, bind->prev, old, start);
		bind->prev = NULL;
	}
	if (op->remap.next) {
		pddgpu_vma_inherit(bind, bind->next, old, start + range);
		bind->next = NULL;
	}
	pddgpu_vma_free(old);
	return 0;
}

static int pddgpu_vm_step_unmap(struct drm_gpuva_op *op, void *priv)
{
	struct pddgpu_vm_bind *bind = priv;
	struct pddgpu_vma *vma = to_pddgpu_vma(op->unmap.va);

	bind->replaces = true;
	pddgpu_pt_unuse(&bind->vm->pt, vma->base.va.addr, vma->base.va.range);
	drm_gpuva_unmap(&op->unmap);
	pddgpu_vma_free(vma);
	return 0;
}

static bool pddgpu_vm_bo_reachable(struct drm_gem_object *obj)
{
	struct ttm_resource *res = gem_to_pddgpu_bo(obj)->tbo.resource;

	return res && (res->mem_type == TTM_PL_VRAM || res->mem_type == TTM_PL_TT);
}

/*
 * Has a buffer wait for the jobs that were submitted before it was mapped, as it
 * will for those to come.  A private one does so anyway.
 */
static int pddgpu_vm_share_fences(struct pddgpu_vm *vm, struct drm_gem_object *obj)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;
	int ret;

	if (!drm_gpuvm_is_extobj(&vm->base, obj))
		return 0;

	dma_resv_for_each_fence(&cursor, pddgpu_vm_resv(vm), DMA_RESV_USAGE_BOOKKEEP, fence) {
		ret = dma_resv_reserve_fences(obj->resv, 1);
		if (ret)
			return ret;
		dma_resv_add_fence(obj->resv, fence, DMA_RESV_USAGE_BOOKKEEP);
	}
	return 0;
}

/*
 * Past drm_gpuvm_bo_obtain() nothing can fail: what is not written now is
 * before the next job.
 */
static int pddgpu_vm_map(struct pddgpu_vm_bind *bind)
{
	const struct drm_pddgpu_vm_bind_op *op = bind->op;
	struct pddgpu_vm *vm = bind->vm;
	struct pddgpu_vm_update update = { .vm = vm, .usage = DMA_RESV_USAGE_BOOKKEEP };

	bind->vm_bo = drm_gpuvm_bo_obtain(&vm->base, bind->obj);
	if (IS_ERR(bind->vm_bo))
		return PTR_ERR(bind->vm_bo);

	drm_gpuvm_bo_extobj_add(bind->vm_bo);
	if (!pddgpu_vm_bo_reachable(bind->obj))
		drm_gpuvm_bo_evict(bind->vm_bo, true);

	pddgpu_pt_use(&vm->pt, op->addr, op->range, &bind->stash);
	drm_WARN_ON(vm->base.drm, drm_gpuvm_sm_map(&vm->base, bind, op->addr, op->range,
						   bind->obj, op->bo_offset));
	drm_gpuvm_bo_put(bind->vm_bo);

	if (!bind->replaces && !pddgpu_vm_share_fences(vm, bind->obj)) {
		update.usage = DMA_RESV_USAGE_KERNEL;
		update.fresh = bind->obj;
	}
	if (pddgpu_vm_flush(&update, &bind->stale))
		list_splice_tail(&bind->stale, &vm->stale);
	return 0;
}

/* The job is there before anything changes, so the range will be cleared. */
static int pddgpu_vm_unmap(struct pddgpu_vm_bind *bind)
{
	const struct drm_pddgpu_vm_bind_op *op = bind->op;
	struct pddgpu_vm *vm = bind->vm;
	struct pddgpu_vm_update update = { .vm = vm, .usage = DMA_RESV_USAGE_BOOKKEEP };
	int ret;

	ret = pddgpu_vm_update_begin(&update, PDDGPU_PT_CLEAR_UPDATES + PDDGPU_PT_STEP_UPDATES);
	if (ret)
		return ret;

	drm_WARN_ON(vm->base.drm, drm_gpuvm_sm_unmap(&vm->base, bind, op->addr, op->range));
	pddgpu_pt_clear(&vm->pt, op->addr, op->range, &update.sink);

	if (pddgpu_vm_write_stale(&update, &bind->stale))
		list_splice_tail(&bind->stale, &vm->stale);
	pddgpu_vm_update_end(&update);
	pddgpu_pt_reap(&vm->pt);
	return 0;
}

static int pddgpu_vm_bind_lock(struct pddgpu_vm_bind *bind, struct drm_exec *exec)
{
	struct pddgpu_vm *vm = bind->vm;
	int ret;

	drm_exec_init(exec, DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES, 0);
	drm_exec_until_all_locked(exec) {
		ret = drm_gpuvm_prepare_vm(&vm->base, exec, 0);
		drm_exec_retry_on_contention(exec);
		if (ret)
			break;

		ret = drm_gpuvm_prepare_range(&vm->base, exec, bind->op->addr, bind->op->range, 0);
		drm_exec_retry_on_contention(exec);
		if (ret)
			break;

		if (bind->obj)
			ret = drm_exec_lock_obj(exec, bind->obj);
		drm_exec_retry_on_contention(exec);
		if (ret)
			break;
	}
	return ret;
}

static int pddgpu_vm_bind_run(struct pddgpu_vm_bind *bind)
{
	struct drm_exec exec;
	int ret;

	ret = pddgpu_vm_bind_lock(bind, &exec);
	if (!ret)
		ret = bind->obj ? pddgpu_vm_map(bind) : pddgpu_vm_unmap(bind);
	drm_exec_fini(&exec);
	return ret;
}

/* All that an operation may need, whether it turns out to or not. */
static int pddgpu_vm_bind_prepare(struct pddgpu_vm_bind *bind)
{
	const struct drm_pddgpu_vm_bind_op *op = bind->op;

	bind->map = pddgpu_vma_alloc();
	bind->prev = pddgpu_vma_alloc();
	bind->next = pddgpu_vma_alloc();
	if (!bind->map || !bind->prev || !bind->next)
		return -ENOMEM;

	if (!bind->obj)
		return 0;
	return pddgpu_pt_stash_fill(&bind->vm->pt, op->addr, op->range, &bind->stash);
}

/* Whether a buffer can be mapped as told. */
static int pddgpu_vm_bind_check_obj(struct pddgpu_vm *vm, const struct drm_pddgpu_vm_bind_op *op,
				    struct drm_gem_object *obj)
{
	struct pddgpu_bo *bo = gem_to_pddgpu_bo(obj);

	if (op->bo_offset > obj->size || op->range > obj->size - op->bo_offset)
		return -EINVAL;
	if (bo->vm_resv && bo->vm_resv != vm->base.r_obj)
		return -EINVAL;
	if (bo->domains == DRM_PDDGPU_DOMAIN_CPU)
		return -EINVAL;
	return 0;
}

static int pddgpu_vm_bind_obj(struct pddgpu_vm *vm, const struct drm_pddgpu_vm_bind_op *op,
			      struct drm_gem_object *obj)
{
	struct pddgpu_vm_bind bind = {
		.vm = vm,
		.op = op,
		.obj = obj,
		.stale = LIST_HEAD_INIT(bind.stale),
	};
	int ret;

	pddgpu_pt_stash_init(&bind.stash);
	ret = pddgpu_vm_bind_prepare(&bind);
	if (!ret)
		ret = pddgpu_vm_bind_run(&bind);

	pddgpu_pt_stash_free(&vm->pt, &bind.stash);
	kfree(bind.map);
	kfree(bind.prev);
	kfree(bind.next);
	return ret;
}

static int pddgpu_vm_bind_op(struct pddgpu_vm *vm, const struct drm_pddgpu_vm_bind_op *op,
			     struct drm_file *file)
{
	struct drm_gem_object *obj = NULL;
	int ret;

	lockdep_assert_held(&vm->lock);

	ret = pddgpu_vm_bind_check_op(op);
	if (ret)
		return ret;

	if (op->op == DRM_PDDGPU_VM_BIND_OP_MAP) {
		obj = drm_gem_object_lookup(file, op->handle);
		if (!obj)
			return -ENOENT;
		ret = pddgpu_vm_bind_check_obj(vm, op, obj);
	}

	if (!ret)
		ret = pddgpu_vm_bind_obj(vm, op, obj);
	drm_gem_object_put(obj);
	return ret;
}

/* --- Life and death ----------------------------------------------------- */

/*
 * The last reference may be that of a job, dropped by the scheduler, which must
 * not wait for anything that may wait for a job: neither for fences nor for
 * reservations, whose holders may.  So all that needs either is done when the
 * last user goes, and what is left here is memory.
 */
static void pddgpu_vm_free(struct drm_gpuvm *gpuvm)
{
	struct pddgpu_vm *vm = to_pddgpu_vm(gpuvm);

	mutex_destroy(&vm->lock);
	kfree(vm);
}

static const struct drm_gpuvm_ops pddgpu_vm_ops = {
	.vm_free = pddgpu_vm_free,
	.vm_bo_validate = pddgpu_vm_bo_validate,
	.sm_step_map = pddgpu_vm_step_map,
	.sm_step_remap = pddgpu_vm_step_remap,
	.sm_step_unmap = pddgpu_vm_step_unmap,
};

static int pddgpu_vm_init_entity(struct pddgpu_vm *vm)
{
	struct drm_gpu_scheduler *sched = &vm->pdev->rings[PDDGPU_ENGINE_COPY].sched;

	return drm_sched_entity_init(&vm->entity, DRM_SCHED_PRIORITY_KERNEL, &sched, 1, NULL);
}

struct pddgpu_vm *pddgpu_vm_create(struct pddgpu_device *pdev)
{
	struct drm_gem_object *r_obj;
	struct pddgpu_vm *vm;
	int ret;

	vm = kzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);
	if (!vm)
		return ERR_PTR(-ENOMEM);

	r_obj = drm_gpuvm_resv_object_alloc(&pdev->drm);
	if (!r_obj) {
		kfree(vm);
		return ERR_PTR(-ENOMEM);
	}

	vm->pdev = pdev;
	mutex_init(&vm->lock);
	atomic_set(&vm->users, 1);
	INIT_LIST_HEAD(&vm->stale);
	vm->pt_seq = atomic64_inc_return(&pdev->pt_seq);
	drm_gpuvm_init(&vm->base, "pddgpu", DRM_GPUVM_RESV_PROTECTED, &pdev->drm, r_obj,
		       PDDGPU_VM_START, PDDGPU_VM_END - PDDGPU_VM_START, 0, 0, &pddgpu_vm_ops);
	drm_gem_object_put(r_obj);

	ret = pddgpu_vm_init_entity(vm);
	if (ret)
		goto err_put;

	ret = pddgpu_pt_init(&vm->pt, pdev, r_obj);
	if (ret)
		goto err_entity;
	return vm;

err_entity:
	drm_sched_entity_destroy(&vm->entity);
err_put:
	drm_gpuvm_put(&vm->base);
	return ERR_PTR(ret);
}

void pddgpu_vm_put(struct pddgpu_vm *vm)
{
	if (vm)
		drm_gpuvm_put(&vm->base);
}

bool pddgpu_vm_open(struct pddgpu_vm *vm)
{
	return atomic_inc_not_zero(&vm->users);
}

/*
 * Locks the address space and a buffer.  Unlike drm_exec it cannot fail, for it
 * allocates nothing and no signal interrupts it.
 */
static void pddgpu_vm_lock_pair(struct pddgpu_vm *vm, struct drm_gem_object *obj,
				struct ww_acquire_ctx *ticket)
{
	struct dma_resv *held = pddgpu_vm_resv(vm), *wanted = obj->resv;

	ww_acquire_init(ticket, &reservation_ww_class);
	dma_resv_lock(held, ticket);
	while (held != wanted && dma_resv_lock(wanted, ticket) == -EDEADLK) {
		dma_resv_unlock(held);
		dma_resv_lock_slow(wanted, ticket);
		swap(held, wanted);
	}
	ww_acquire_done(ticket);
}

static void pddgpu_vm_unlock_pair(struct pddgpu_vm *vm, struct drm_gem_object *obj,
				  struct ww_acquire_ctx *ticket)
{
	if (obj->resv != pddgpu_vm_resv(vm))
		dma_resv_unlock(obj->resv);
	dma_resv_unlock(pddgpu_vm_resv(vm));
	ww_acquire_fini(ticket);
}

/* The entries stay as they are: no job will ever follow them again. */
static void pddgpu_vm_drop(struct pddgpu_vm *vm, struct pddgpu_vma *vma)
{
	struct drm_gem_object *obj = vma->base.gem.obj;
	struct ww_acquire_ctx ticket;

	drm_gem_object_get(obj);
	pddgpu_vm_lock_pair(vm, obj, &ticket);
	drm_gpuva_remove(&vma->base);
	pddgpu_vma_free(vma);
	pddgpu_vm_unlock_pair(vm, obj, &ticket);
	drm_gem_object_put(obj);
}

void pddgpu_vm_close(struct pddgpu_vm *vm)
{
	struct drm_gpuva *va, *next;

	if (!atomic_dec_and_test(&vm->users))
		return;

	mutex_lock(&vm->lock);
	vm->closed = true;
	drm_gpuvm_for_each_va_safe(va, next, &vm->base)
		pddgpu_vm_drop(vm, to_pddgpu_vma(va));

	dma_resv_lock(pddgpu_vm_resv(vm), NULL);
	pddgpu_pt_fini(&vm->pt);
	dma_resv_unlock(pddgpu_vm_resv(vm));
	mutex_unlock(&vm->lock);

	drm_sched_entity_destroy(&vm->entity);
}

/* --- Ioctls ------------------------------------------------------------- */

struct pddgpu_vm *pddgpu_vm_lookup(struct pddgpu_file *file, u32 id)
{
	struct pddgpu_vm *vm;

	xa_lock(&file->vms);
	vm = xa_load(&file->vms, id);
	if (vm)
		drm_gpuvm_get(&vm->base);
	xa_unlock(&file->vms);
	return vm;
}

int pddgpu_vm_create_ioctl(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct pddgpu_file *pfile = file->driver_priv;
	struct drm_pddgpu_vm_create *args = data;
	struct pddgpu_vm *vm;
	int ret;
	u32 id;

	if (args->flags)
		return -EINVAL;

	vm = pddgpu_vm_create(to_pddgpu(dev));
	if (IS_ERR(vm))
		return PTR_ERR(vm);

	ret = xa_alloc(&pfile->vms, &id, vm, XA_LIMIT(1, PDDGPU_VM_MAX), GFP_KERNEL_ACCOUNT);
	if (ret) {
		pddgpu_vm_close(vm);
		pddgpu_vm_put(vm);
		return ret == -EBUSY ? -ENOSPC : ret;
	}

	args->vm_id = id;
	return 0;
}

int pddgpu_vm_destroy_ioctl(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct pddgpu_file *pfile = file->driver_priv;
	struct drm_pddgpu_vm_destroy *args = data;
	struct pddgpu_vm *vm;

	if (args->pad)
		return -EINVAL;

	vm = xa_erase(&pfile->vms, args->vm_id);
	if (!vm)
		return -ENOENT;

	pddgpu_vm_close(vm);
	pddgpu_vm_put(vm);
	return 0;
}

int pddgpu_vm_bind_check(const struct drm_pddgpu_vm_bind *args)
{
	if (args->flags || args->pad || !args->num_ops)
		return -EINVAL;
	if (args->num_ops > DRM_PDDGPU_VM_BIND_MAX_OPS)
		return -E2BIG;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_vm_bind_check);

static int pddgpu_vm_bind_check_range(u64 addr, u64 range)
{
	u64 end;

	if (!range || !IS_ALIGNED(addr | range, PDDGPU_PT_SIZE))
		return -EINVAL;
	if (check_add_overflow(addr, range, &end))
		return -EINVAL;
	if (addr < PDDGPU_VM_START || end > PDDGPU_VM_END)
		return -EINVAL;
	return 0;
}

int pddgpu_vm_bind_check_op(const struct drm_pddgpu_vm_bind_op *op)
{
	if (op->pad)
		return -EINVAL;

	switch (op->op) {
	case DRM_PDDGPU_VM_BIND_OP_MAP:
		if (op->flags & ~(DRM_PDDGPU_VM_BIND_READONLY | DRM_PDDGPU_VM_BIND_SMALL_PAGES))
			return -EINVAL;
		if (!IS_ALIGNED(op->bo_offset, PDDGPU_PT_SIZE))
			return -EINVAL;
		break;
	case DRM_PDDGPU_VM_BIND_OP_UNMAP:
		if (op->flags || op->handle || op->bo_offset)
			return -EINVAL;
		break;
	default:
		return -EINVAL;
	}
	return pddgpu_vm_bind_check_range(op->addr, op->range);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_vm_bind_check_op);

static int pddgpu_vm_bind_ops_entered(struct pddgpu_vm *vm,
				      const struct drm_pddgpu_vm_bind_op *ops,
				      struct drm_pddgpu_vm_bind *args, struct drm_file *file)
{
	int ret;

	ret = mutex_lock_interruptible(&vm->lock);
	if (ret)
		return ret;

	if (vm->closed)
		ret = -ENOENT;
	while (!ret && args->num_done < args->num_ops) {
		ret = pddgpu_vm_bind_op(vm, &ops[args->num_done], file);
		if (!ret)
			args->num_done++;
	}
	mutex_unlock(&vm->lock);
	return ret;
}

/* Page-table updates are kernel jobs, whose command buffers go with the card. */
static int pddgpu_vm_bind_ops(struct pddgpu_vm *vm, const struct drm_pddgpu_vm_bind_op *ops,
			      struct drm_pddgpu_vm_bind *args, struct drm_file *file)
{
	int idx, ret;

	if (!drm_dev_enter(&vm->pdev->drm, &idx))
		return -ENODEV;

	ret = pddgpu_vm_bind_ops_entered(vm, ops, args, file);
	drm_dev_exit(idx);
	return ret;
}

int pddgpu_vm_bind_ioctl(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct drm_pddgpu_vm_bind *args = data;
	struct drm_pddgpu_vm_bind_op *ops;
	struct pddgpu_vm *vm;
	int ret;

	args->num_done = 0;
	ret = pddgpu_vm_bind_check(args);
	if (ret)
		return ret;

	ops = pddgpu_uarray_copy(args->ops, args->num_ops, args->op_stride, sizeof(*ops));
	if (IS_ERR(ops))
		return PTR_ERR(ops);

	vm = pddgpu_vm_lookup(file->driver_priv, args->vm_id);
	if (vm)
		ret = READ_ONCE(vm->pdev->wedged) ? -EIO :
		      pddgpu_vm_bind_ops(vm, ops, args, file);
	else
		ret = -ENOENT;

	pddgpu_vm_put(vm);
	kvfree(ops);
	return ret;
}
