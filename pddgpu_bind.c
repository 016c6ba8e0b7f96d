// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/align.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_exec.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_gpuvm.h>
#include <drm/drm_print.h>
#include <drm/ttm/ttm_placement.h>
#include <drm/ttm/ttm_resource.h>
#include <uapi/drm/pddgpu_drm.h>

#include <kunit/visibility.h>

#include "pddgpu_bind.h"
#include "pddgpu_bo.h"
#include "pddgpu_device.h"
#include "pddgpu_uarray.h"
#include "pddgpu_vm.h"
#include "pddgpu_vma.h"

/**
 * DOC: VM_BIND
 *
 * Operations are done one after the other, each under reservations of its own.
 * All that one may need is there before: spare mappings, the tables that its range
 * lacks, and for UNMAP the job that clears the range.  So past the point where the
 * mappings change nothing can fail that is not simply tried again, before the next
 * job of the address space.
 *
 * Where nothing was mapped there is no need to wait: the entries go from nothing
 * to valid while jobs run, tables first, so a walk finds one or the other.  Jobs
 * submitted before the MAP can get at the buffer then, so their fences are added
 * to its reservation, and its memory has to be its own and cleared by then.
 */

/**
 * struct pddgpu_bind - one operation of VM_BIND under way
 */
struct pddgpu_bind {
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

/* --- Steps -------------------------------------------------------------- */

int pddgpu_bind_step_map(struct drm_gpuva_op *op, void *priv)
{
	struct pddgpu_bind *bind = priv;
	struct pddgpu_vma *vma = bind->map;

	bind->map = NULL;
	vma->flags = bind->op->flags;
	drm_gpuva_map(&bind->vm->base, &vma->base, &op->map);
	drm_gpuva_link(&vma->base, bind->vm_bo);
	pddgpu_vma_mark_all(vma, &bind->stale);
	return 0;
}

/*
 * What is left of @old at one side of a cut at @cut.  Its entries stay valid,
 * unless they never were or a large leaf is cut in two.
 */
static void pddgpu_bind_inherit(struct pddgpu_bind *bind, struct pddgpu_vma *vma,
				struct pddgpu_vma *old, u64 cut)
{
	vma->flags = old->flags;
	drm_gpuva_link(&vma->base, old->base.vm_bo);

	if (!list_empty(&old->stale))
		pddgpu_vma_mark_all(vma, &bind->stale);
	else if (!IS_ALIGNED(cut, PDDGPU_PT_SLOT_SIZE) && pddgpu_pt_is_large(&bind->vm->pt, cut))
		pddgpu_vma_mark(vma, cut, cut, &bind->stale);
}

int pddgpu_bind_step_remap(struct drm_gpuva_op *op, void *priv)
{
	struct pddgpu_bind *bind = priv;
	struct pddgpu_vma *old = to_pddgpu_vma(op->remap.unmap->va);
	u64 start, range;

	bind->replaces = true;
	drm_gpuva_op_remap_to_unmap_range(&op->remap, &start, &range);
	pddgpu_pt_unuse(&bind->vm->pt, start, range);

	drm_gpuva_remap(&bind->prev->base, &bind->next->base, &op->remap);
	if (op->remap.prev) {
		pddgpu_bind_inherit(bind, bind->prev, old, start);
		bind->prev = NULL;
	}
	if (op->remap.next) {
		pddgpu_bind_inherit(bind, bind->next, old, start + range);
		bind->next = NULL;
	}
	pddgpu_vma_free(old);
	return 0;
}

int pddgpu_bind_step_unmap(struct drm_gpuva_op *op, void *priv)
{
	struct pddgpu_bind *bind = priv;
	struct pddgpu_vma *vma = to_pddgpu_vma(op->unmap.va);

	bind->replaces = true;
	pddgpu_pt_unuse(&bind->vm->pt, vma->base.va.addr, vma->base.va.range);
	drm_gpuva_unmap(&op->unmap);
	pddgpu_vma_free(vma);
	return 0;
}

/* --- Operations --------------------------------------------------------- */

static bool pddgpu_bind_reachable(struct drm_gem_object *obj)
{
	struct ttm_resource *res = gem_to_pddgpu_bo(obj)->tbo.resource;

	return res && (res->mem_type == TTM_PL_VRAM || res->mem_type == TTM_PL_TT);
}

/*
 * Has a buffer wait for the jobs that were submitted before it was mapped, as it
 * will for those to come.  A private one does so anyway.
 */
static int pddgpu_bind_share_fences(struct pddgpu_vm *vm, struct drm_gem_object *obj)
{
	struct dma_resv *resv = drm_gpuvm_resv(&vm->base);
	struct dma_resv_iter cursor;
	struct dma_fence *fence;
	int ret;

	if (!drm_gpuvm_is_extobj(&vm->base, obj))
		return 0;

	dma_resv_for_each_fence(&cursor, resv, DMA_RESV_USAGE_BOOKKEEP, fence) {
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
static int pddgpu_bind_map(struct pddgpu_bind *bind)
{
	const struct drm_pddgpu_vm_bind_op *op = bind->op;
	struct pddgpu_vm *vm = bind->vm;
	struct pddgpu_vma_update update = { .vm = vm, .usage = DMA_RESV_USAGE_BOOKKEEP };

	bind->vm_bo = drm_gpuvm_bo_obtain(&vm->base, bind->obj);
	if (IS_ERR(bind->vm_bo))
		return PTR_ERR(bind->vm_bo);

	drm_gpuvm_bo_extobj_add(bind->vm_bo);
	if (!pddgpu_bind_reachable(bind->obj))
		drm_gpuvm_bo_evict(bind->vm_bo, true);

	pddgpu_pt_use(&vm->pt, op->addr, op->range, &bind->stash);
	drm_WARN_ON(vm->base.drm, drm_gpuvm_sm_map(&vm->base, bind, op->addr, op->range,
						   bind->obj, op->bo_offset));
	drm_gpuvm_bo_put(bind->vm_bo);

	if (!bind->replaces && !pddgpu_bind_share_fences(vm, bind->obj)) {
		update.usage = DMA_RESV_USAGE_KERNEL;
		update.fresh = bind->obj;
	}
	if (pddgpu_vma_flush(&update, &bind->stale))
		list_splice_tail(&bind->stale, &vm->stale);
	return 0;
}

/* The job is there before anything changes, so the range will be cleared. */
static int pddgpu_bind_unmap(struct pddgpu_bind *bind)
{
	const struct drm_pddgpu_vm_bind_op *op = bind->op;
	struct pddgpu_vm *vm = bind->vm;
	struct pddgpu_vma_update update = { .vm = vm, .usage = DMA_RESV_USAGE_BOOKKEEP };
	int ret;

	ret = pddgpu_vma_update_begin(&update, PDDGPU_PT_CLEAR_UPDATES + PDDGPU_PT_STEP_UPDATES);
	if (ret)
		return ret;

	drm_WARN_ON(vm->base.drm, drm_gpuvm_sm_unmap(&vm->base, bind, op->addr, op->range));
	pddgpu_pt_clear(&vm->pt, op->addr, op->range, &update.sink);

	if (pddgpu_vma_update_write(&update, &bind->stale))
		list_splice_tail(&bind->stale, &vm->stale);
	pddgpu_vma_update_end(&update);
	pddgpu_pt_reap(&vm->pt);
	return 0;
}

static int pddgpu_bind_lock(struct pddgpu_bind *bind, struct drm_exec *exec)
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

static int pddgpu_bind_run(struct pddgpu_bind *bind)
{
	struct drm_exec exec;
	int ret;

	ret = pddgpu_bind_lock(bind, &exec);
	if (!ret)
		ret = bind->obj ? pddgpu_bind_map(bind) : pddgpu_bind_unmap(bind);
	drm_exec_fini(&exec);
	return ret;
}

/* All that an operation may need, whether it turns out to or not. */
static int pddgpu_bind_prepare(struct pddgpu_bind *bind)
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
static int pddgpu_bind_check_obj(struct pddgpu_vm *vm, const struct drm_pddgpu_vm_bind_op *op,
				 struct drm_gem_object *obj)
{
	struct pddgpu_bo *bo = gem_to_pddgpu_bo(obj);

	if (op->bo_offset > obj->size || op->range > obj->size - op->bo_offset)
		return -EINVAL;
	if (bo->vm_resv && bo->vm_resv != vm->base.r_obj)
		return -EINVAL;
	/* Page tables map neither. */
	if (bo->domains == DRM_PDDGPU_DOMAIN_CPU || bo->domains & PDDGPU_DOMAINS_ONCHIP)
		return -EINVAL;
	return 0;
}

static int pddgpu_bind_obj(struct pddgpu_vm *vm, const struct drm_pddgpu_vm_bind_op *op,
			   struct drm_gem_object *obj)
{
	struct pddgpu_bind bind = {
		.vm = vm,
		.op = op,
		.obj = obj,
		.stale = LIST_HEAD_INIT(bind.stale),
	};
	int ret;

	pddgpu_pt_stash_init(&bind.stash);
	ret = pddgpu_bind_prepare(&bind);
	if (!ret)
		ret = pddgpu_bind_run(&bind);

	pddgpu_pt_stash_free(&vm->pt, &bind.stash);
	kfree(bind.map);
	kfree(bind.prev);
	kfree(bind.next);
	return ret;
}

static int pddgpu_bind_op(struct pddgpu_vm *vm, const struct drm_pddgpu_vm_bind_op *op,
			  struct drm_file *file)
{
	struct drm_gem_object *obj = NULL;
	int ret;

	lockdep_assert_held(&vm->lock);

	ret = pddgpu_bind_check_op(op);
	if (ret)
		return ret;

	if (op->op == DRM_PDDGPU_VM_BIND_OP_MAP) {
		obj = drm_gem_object_lookup(file, op->handle);
		if (!obj)
			return -ENOENT;
		ret = pddgpu_bind_check_obj(vm, op, obj);
	}

	if (!ret)
		ret = pddgpu_bind_obj(vm, op, obj);
	drm_gem_object_put(obj);
	return ret;
}

/* --- The ioctl ---------------------------------------------------------- */

int pddgpu_bind_check(const struct drm_pddgpu_vm_bind *args)
{
	if (args->flags || args->pad || !args->num_ops)
		return -EINVAL;
	if (args->num_ops > DRM_PDDGPU_VM_BIND_MAX_OPS)
		return -E2BIG;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_bind_check);

static int pddgpu_bind_check_range(u64 addr, u64 range)
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

int pddgpu_bind_check_op(const struct drm_pddgpu_vm_bind_op *op)
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
	return pddgpu_bind_check_range(op->addr, op->range);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_bind_check_op);

static int pddgpu_bind_ops_entered(struct pddgpu_vm *vm,
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
		ret = pddgpu_bind_op(vm, &ops[args->num_done], file);
		if (!ret)
			args->num_done++;
	}
	mutex_unlock(&vm->lock);
	return ret;
}

/* Page-table updates are kernel jobs, whose command buffers go with the card. */
static int pddgpu_bind_ops(struct pddgpu_vm *vm, const struct drm_pddgpu_vm_bind_op *ops,
			   struct drm_pddgpu_vm_bind *args, struct drm_file *file)
{
	int idx, ret;

	if (!drm_dev_enter(&vm->pdev->drm, &idx))
		return -ENODEV;

	ret = pddgpu_bind_ops_entered(vm, ops, args, file);
	drm_dev_exit(idx);
	return ret;
}

int pddgpu_bind_ioctl(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct drm_pddgpu_vm_bind *args = data;
	struct drm_pddgpu_vm_bind_op *ops;
	struct pddgpu_vm *vm;
	int ret;

	args->num_done = 0;
	ret = pddgpu_bind_check(args);
	if (ret)
		return ret;

	ops = pddgpu_uarray_copy(args->ops, args->num_ops, args->op_stride, sizeof(*ops));
	if (IS_ERR(ops))
		return PTR_ERR(ops);

	vm = pddgpu_vm_lookup(file->driver_priv, args->vm_id);
	if (vm)
		ret = READ_ONCE(vm->pdev->wedged) ? -EIO :
		      pddgpu_bind_ops(vm, ops, args, file);
	else
		ret = -ENOENT;

	pddgpu_vm_put(vm);
	kvfree(ops);
	return ret;
}
