// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/dma-resv.h>
#include <linux/slab.h>
#include <linux/ww_mutex.h>

#include <drm/drm_exec.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/ttm/ttm_bo.h>
#include <uapi/drm/pddgpu_drm.h>

#include "pddgpu_bind.h"
#include "pddgpu_bo.h"
#include "pddgpu_device.h"
#include "pddgpu_drv.h"
#include "pddgpu_vm.h"
#include "pddgpu_vma.h"

/**
 * DOC: GPU address spaces
 *
 * drm_gpuvm keeps who is mapped where, pddgpu_pt.c what the GPU is told of it.
 * Between the two is the list of stale mappings: those with entries that still
 * have to be written.  It is emptied before each job of the address space, and
 * at the end of each VM_BIND if that works out.
 *
 * A buffer that is moved is marked as evicted in all address spaces it is mapped
 * in (pddgpu_vm_bo_moved()), and so is one that is mapped while the GPU cannot
 * reach it.  pddgpu_vm_validate() makes it reachable again and its mappings
 * stale.
 *
 * Lock order: &pddgpu_vm.lock, the reservation of the address space, those of
 * its other buffers.  Mappings are changed with all three held.
 */

/* How often validating one buffer may drive out another before it's hopeless. */
#define PDDGPU_VM_VALIDATE_ROUNDS	8

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
		.resv = drm_gpuvm_resv(&vm->base),
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
	struct pddgpu_vma_update update = { .vm = vm, .usage = DMA_RESV_USAGE_BOOKKEEP };
	int ret;

	ret = pddgpu_vm_validate_bos(vm, exec);
	if (ret)
		return ret;
	return pddgpu_vma_flush(&update, &vm->stale);
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

/* drm_gpuvm has one table of callbacks, so the steps of VM_BIND are in it as well. */
static const struct drm_gpuvm_ops pddgpu_vm_ops = {
	.vm_free = pddgpu_vm_free,
	.vm_bo_validate = pddgpu_vm_bo_validate,
	.sm_step_map = pddgpu_bind_step_map,
	.sm_step_remap = pddgpu_bind_step_remap,
	.sm_step_unmap = pddgpu_bind_step_unmap,
};

static int pddgpu_vm_init_entity(struct pddgpu_vm *vm)
{
	struct drm_gpu_scheduler *sched = &vm->pdev->rings[PDDGPU_ENGINE_COPY].sched;

	return drm_sched_entity_init(&vm->entity, DRM_SCHED_PRIORITY_KERNEL, &sched, 1, NULL);
}

/* With one reference and one user */
static struct pddgpu_vm *pddgpu_vm_create(struct pddgpu_device *pdev)
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
	struct dma_resv *held = drm_gpuvm_resv(&vm->base), *wanted = obj->resv;

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
	if (obj->resv != drm_gpuvm_resv(&vm->base))
		dma_resv_unlock(obj->resv);
	dma_resv_unlock(drm_gpuvm_resv(&vm->base));
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

	dma_resv_lock(drm_gpuvm_resv(&vm->base), NULL);
	pddgpu_pt_fini(&vm->pt);
	dma_resv_unlock(drm_gpuvm_resv(&vm->base));
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
