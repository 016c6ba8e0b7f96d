// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/dma-resv.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include <drm/drm_device.h>
#include <drm/drm_file.h>
#include <uapi/drm/pddgpu_drm.h>

#include "pddgpu_ctx.h"
#include "pddgpu_device.h"
#include "pddgpu_drv.h"
#include "pddgpu_vm.h"

struct pddgpu_ctx *pddgpu_ctx_get(struct pddgpu_ctx *ctx)
{
	kref_get(&ctx->ref);
	return ctx;
}

/* Only memory is freed here, see pddgpu_vm_free(): the queues are gone already. */
static void pddgpu_ctx_release(struct kref *ref)
{
	struct pddgpu_ctx *ctx = container_of(ref, struct pddgpu_ctx, ref);

	pddgpu_vm_put(ctx->vm);
	kfree(ctx);
}

void pddgpu_ctx_put(struct pddgpu_ctx *ctx)
{
	if (ctx)
		kref_put(&ctx->ref, pddgpu_ctx_release);
}

struct pddgpu_ctx *pddgpu_ctx_lookup(struct pddgpu_file *file, u32 id)
{
	struct pddgpu_ctx *ctx;

	xa_lock(&file->ctxs);
	ctx = xa_load(&file->ctxs, id);
	if (ctx)
		pddgpu_ctx_get(ctx);
	xa_unlock(&file->ctxs);
	return ctx;
}

static void pddgpu_ctx_fini_entities(struct pddgpu_ctx *ctx, u32 num)
{
	while (num--)
		drm_sched_entity_destroy(&ctx->entities[num]);
}

static int pddgpu_ctx_init_entities(struct pddgpu_ctx *ctx)
{
	struct drm_gpu_scheduler *sched;
	u32 i;
	int ret;

	for (i = 0; i < PDDGPU_NUM_ENGINES; i++) {
		sched = &ctx->vm->pdev->rings[i].sched;
		ret = drm_sched_entity_init(&ctx->entities[i], DRM_SCHED_PRIORITY_NORMAL,
					    &sched, 1, NULL);
		if (ret) {
			pddgpu_ctx_fini_entities(ctx, i);
			return ret;
		}
	}
	return 0;
}

/* Who is to blame, by number and name: no reference to a task that may be gone. */
static void pddgpu_ctx_set_creator(struct pddgpu_ctx *ctx, u64 client)
{
	ctx->client = client;
	ctx->pid = task_tgid_nr(current);
	get_task_comm(ctx->comm, current->group_leader);
}

/* Takes over a reference to @vm, and the right to use it, on success. */
static struct pddgpu_ctx *pddgpu_ctx_create(struct pddgpu_vm *vm, u64 client)
{
	struct pddgpu_ctx *ctx = kzalloc(sizeof(*ctx), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!ctx)
		return ERR_PTR(-ENOMEM);

	kref_init(&ctx->ref);
	ctx->vm = vm;
	pddgpu_ctx_set_creator(ctx, client);
	ret = pddgpu_ctx_init_entities(ctx);
	if (ret) {
		kfree(ctx);
		return ERR_PTR(ret);
	}
	return ctx;
}

/*
 * CS looks at @closed under the same lock that it holds until it has pushed: a
 * queue that is destroyed never gets another job.
 */
void pddgpu_ctx_close(struct pddgpu_ctx *ctx)
{
	struct dma_resv *resv = drm_gpuvm_resv(&ctx->vm->base);

	dma_resv_lock(resv, NULL);
	ctx->closed = true;
	dma_resv_unlock(resv);

	pddgpu_ctx_fini_entities(ctx, PDDGPU_NUM_ENGINES);
	pddgpu_vm_close(ctx->vm);
}

void pddgpu_ctx_job_failed(struct pddgpu_ctx *ctx, u32 error)
{
	WRITE_ONCE(ctx->last_error, error);
	/* Who sees the count sees the error, too. */
	smp_mb__before_atomic();
	atomic64_inc(&ctx->faults);
}

static int pddgpu_ctx_publish(struct drm_file *file, struct pddgpu_vm *vm, u32 *id)
{
	struct pddgpu_file *pfile = file->driver_priv;
	struct pddgpu_ctx *ctx;
	int ret;

	ctx = pddgpu_ctx_create(vm, file->client_id);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);

	ret = xa_alloc(&pfile->ctxs, id, ctx, XA_LIMIT(1, PDDGPU_CTX_MAX), GFP_KERNEL_ACCOUNT);
	if (ret) {
		pddgpu_ctx_fini_entities(ctx, PDDGPU_NUM_ENGINES);
		kfree(ctx);
	}
	return ret == -EBUSY ? -ENOSPC : ret;
}

int pddgpu_ctx_create_ioctl(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct pddgpu_file *pfile = file->driver_priv;
	struct drm_pddgpu_ctx_create *args = data;
	struct pddgpu_vm *vm;
	u32 id;
	int ret;

	if (args->flags || args->pad)
		return -EINVAL;

	vm = pddgpu_vm_lookup(pfile, args->vm_id);
	if (!vm)
		return -ENOENT;
	if (!pddgpu_vm_open(vm)) {
		ret = -ENOENT;
		goto err_put;
	}

	ret = pddgpu_ctx_publish(file, vm, &id);
	if (ret)
		goto err_close;

	args->ctx_id = id;
	return 0;

err_close:
	pddgpu_vm_close(vm);
err_put:
	pddgpu_vm_put(vm);
	return ret;
}

int pddgpu_ctx_destroy_ioctl(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct pddgpu_file *pfile = file->driver_priv;
	struct drm_pddgpu_ctx_destroy *args = data;
	struct pddgpu_ctx *ctx;

	if (args->pad)
		return -EINVAL;

	ctx = xa_erase(&pfile->ctxs, args->ctx_id);
	if (!ctx)
		return -ENOENT;

	pddgpu_ctx_close(ctx);
	pddgpu_ctx_put(ctx);
	return 0;
}

int pddgpu_ctx_query_ioctl(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct drm_pddgpu_ctx_query *args = data;
	struct pddgpu_ctx *ctx;

	if (args->flags || args->pad)
		return -EINVAL;

	ctx = pddgpu_ctx_lookup(file->driver_priv, args->ctx_id);
	if (!ctx)
		return -ENOENT;

	args->faults = atomic64_read(&ctx->faults);
	smp_rmb(); /* pairs with pddgpu_ctx_job_failed() */
	args->last_error = READ_ONCE(ctx->last_error);
	if (args->faults)
		args->flags |= DRM_PDDGPU_CTX_FAULTED;
	if (READ_ONCE(ctx->banned))
		args->flags |= DRM_PDDGPU_CTX_BANNED;

	pddgpu_ctx_put(ctx);
	return 0;
}
