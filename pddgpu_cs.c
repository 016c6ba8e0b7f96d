// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/delay.h>
#include <linux/dma-fence-chain.h>
#include <linux/dma-resv.h>
#include <linux/nospec.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>
#include <linux/sort.h>

#include <drm/drm_drv.h>
#include <drm/drm_exec.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_syncobj.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_placement.h>
#include <drm/ttm/ttm_resource.h>
#include <uapi/drm/pddgpu_drm.h>

#include <kunit/visibility.h>

#include "pddgpu_bo.h"
#include "pddgpu_cs.h"
#include "pddgpu_ctx.h"
#include "pddgpu_device.h"
#include "pddgpu_job.h"
#include "pddgpu_uarray.h"
#include "pddgpu_vm.h"

/**
 * DOC: command submission
 *
 * A job can reach all that is bound in its address space, so CS locks all of
 * that, and adds its fence to all of that: nothing the job may touch is moved or
 * freed before it has finished.  What it lists it wants more for: these buffers
 * go where their domains say, and they are ordered against the jobs of others.
 * Buffers in on-chip heaps it can reach only if it lists them, see there.
 *
 * That order is kept with the reservation of each buffer.  Buffers private to
 * an address space have but one reservation together, so there is no such order
 * for them: jobs of different contexts that share a private buffer use syncobjs.
 *
 * Up to pddgpu_submit_push() everything can fail, and nothing has happened then
 * except that buffers may have moved.  From there on nothing does.
 */

/* How often, and after which break, to try again when others were in the way. */
#define PDDGPU_SUBMIT_TRIES		20
#define PDDGPU_SUBMIT_BREAK_MS		2

/*
 * Who cannot place its buffers while others hold theirs starts over, and does so
 * alone.  All others then wait here without any lock, or are about to let go of
 * theirs, so it gets all the memory that a job on its own would.
 */
static DEFINE_MUTEX(pddgpu_submit_alone);

/**
 * struct pddgpu_submit_signal - a syncobj to signal
 */
struct pddgpu_submit_signal {
	/** @syncobj: a reference */
	struct drm_syncobj *syncobj;
	/** @chain: to hang the fence on if it is a timeline, else NULL */
	struct dma_fence_chain *chain;
	/** @point: timeline point, or 0 */
	u64 point;
};

/**
 * struct pddgpu_submit - a CS under way
 */
struct pddgpu_submit {
	/** @pdev: the card */
	struct pddgpu_device *pdev;
	/** @file: the client */
	struct drm_file *file;
	/** @args: what it wants */
	const struct drm_pddgpu_cs *args;
	/** @bo_args: the buffers it lists */
	struct drm_pddgpu_cs_bo *bo_args;
	/** @sync_args: the syncobjs it lists */
	struct drm_pddgpu_sync *sync_args;
	/** @bos: buffers of @bo_args, references */
	struct pddgpu_bo **bos;
	/** @num_bos: how many of them were found so far */
	u32 num_bos;
	/** @heaps: domains of the on-chip buffers among them */
	u32 heaps;
	/** @num_pinned: how many of them are pinned, while locked */
	u32 num_pinned;
	/** @signals: those of @sync_args that are to be signalled */
	struct pddgpu_submit_signal *signals;
	/** @num_signals: how many there are so far */
	u32 num_signals;
	/** @ctx: the context, a reference */
	struct pddgpu_ctx *ctx;
	/** @job: the job, until it is pushed */
	struct pddgpu_job *job;
	/** @exec: what is locked */
	struct drm_exec exec;
	/** @marked: &pddgpu_bo.listed is set in @bos */
	bool marked;
	/** @room: buffers of @exec that have yet to go to GTT before anything is placed */
	unsigned int room;
};

/* --- Phase 1: copy in and check ----------------------------------------- */

static int pddgpu_cs_check_ib(const struct drm_pddgpu_cs *args)
{
	u64 end;

	if (!args->ib_dwords || args->ib_dwords > PDDGPU_INDIRECT_MAX_DWORDS)
		return -EINVAL;
	if (!IS_ALIGNED(args->ib_addr, sizeof(u32)))
		return -EINVAL;
	if (check_add_overflow(args->ib_addr, (u64)args->ib_dwords * sizeof(u32), &end))
		return -EINVAL;
	if (args->ib_addr < PDDGPU_VM_START || end > PDDGPU_VM_END)
		return -EINVAL;
	return 0;
}

int pddgpu_cs_check(const struct drm_pddgpu_cs *args)
{
	if (args->flags || args->engine >= PDDGPU_NUM_ENGINES)
		return -EINVAL;
	if (args->num_bos > DRM_PDDGPU_CS_MAX_BOS || args->num_syncs > DRM_PDDGPU_CS_MAX_SYNCS)
		return -E2BIG;
	return pddgpu_cs_check_ib(args);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_cs_check);

static int pddgpu_cs_compare_handles(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

static int pddgpu_cs_check_handles(u32 *handles, u32 num)
{
	u32 i;

	sort(handles, num, sizeof(*handles), pddgpu_cs_compare_handles, NULL);
	for (i = 1; i < num; i++)
		if (handles[i] == handles[i - 1])
			return -EINVAL;
	return 0;
}

int pddgpu_cs_check_bos(const struct drm_pddgpu_cs_bo *bos, u32 num)
{
	u32 *handles;
	u32 i;
	int ret;

	if (!num)
		return 0;

	handles = kvmalloc_array(num, sizeof(*handles), GFP_KERNEL);
	if (!handles)
		return -ENOMEM;

	for (i = 0, ret = 0; i < num && !ret; i++) {
		handles[i] = bos[i].handle;
		if (bos[i].flags & ~DRM_PDDGPU_CS_BO_WRITE)
			ret = -EINVAL;
	}
	if (!ret)
		ret = pddgpu_cs_check_handles(handles, num);
	kvfree(handles);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_cs_check_bos);

int pddgpu_cs_check_syncs(const struct drm_pddgpu_sync *syncs, u32 num)
{
	u32 i;

	for (i = 0; i < num; i++)
		if (syncs[i].flags & ~DRM_PDDGPU_SYNC_SIGNAL)
			return -EINVAL;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_cs_check_syncs);

static int pddgpu_submit_copy_in(struct pddgpu_submit *submit)
{
	const struct drm_pddgpu_cs *args = submit->args;
	void *array;
	int ret;

	array = pddgpu_uarray_copy(args->bos, args->num_bos, args->bo_stride,
				   sizeof(*submit->bo_args));
	if (IS_ERR(array))
		return PTR_ERR(array);
	submit->bo_args = array;

	array = pddgpu_uarray_copy(args->syncs, args->num_syncs, args->sync_stride,
				   sizeof(*submit->sync_args));
	if (IS_ERR(array))
		return PTR_ERR(array);
	submit->sync_args = array;

	ret = pddgpu_cs_check_bos(submit->bo_args, args->num_bos);
	if (ret)
		return ret;
	return pddgpu_cs_check_syncs(submit->sync_args, args->num_syncs);
}

/* --- Phase 2: look up and allocate -------------------------------------- */

static int pddgpu_submit_find_ctx(struct pddgpu_submit *submit)
{
	submit->ctx = pddgpu_ctx_lookup(submit->file->driver_priv, submit->args->ctx_id);
	if (!submit->ctx)
		return -ENOENT;
	if (READ_ONCE(submit->pdev->wedged))
		return -EIO;
	if (READ_ONCE(submit->ctx->banned))
		return -ECANCELED;
	return 0;
}

static bool pddgpu_submit_is_private(const struct pddgpu_bo *bo)
{
	return bo->vm_resv;
}

static int pddgpu_submit_find_bo(struct pddgpu_submit *submit, u32 handle, u64 *vram)
{
	struct drm_gem_object *obj = drm_gem_object_lookup(submit->file, handle);
	struct pddgpu_bo *bo;

	if (!obj)
		return -ENOENT;

	bo = gem_to_pddgpu_bo(obj);
	submit->bos[submit->num_bos++] = bo;
	if (pddgpu_submit_is_private(bo) && bo->vm_resv != submit->ctx->vm->base.r_obj)
		return -EINVAL;
	/* A job has one window of each heap. */
	if (bo->domains & submit->heaps)
		return -EINVAL;
	submit->heaps |= bo->domains & PDDGPU_DOMAINS_ONCHIP;
	if (bo->domains == DRM_PDDGPU_DOMAIN_VRAM)
		*vram += obj->size;
	return 0;
}

static int pddgpu_submit_find_bos(struct pddgpu_submit *submit)
{
	u32 num = submit->args->num_bos;
	u64 vram = 0;
	u32 i;
	int ret;

	if (!num)
		return 0;

	submit->bos = kvmalloc_array(num, sizeof(*submit->bos), GFP_KERNEL_ACCOUNT);
	if (!submit->bos)
		return -ENOMEM;

	for (i = 0; i < num; i++) {
		ret = pddgpu_submit_find_bo(submit, submit->bo_args[i].handle, &vram);
		if (ret)
			return ret;
	}
	/* No amount of eviction would help. */
	return vram > submit->pdev->vram.size ? -ENOSPC : 0;
}

static int pddgpu_submit_create_job(struct pddgpu_submit *submit)
{
	const struct drm_pddgpu_cs *args = submit->args;
	u32 engine = array_index_nospec(args->engine, PDDGPU_NUM_ENGINES);
	struct pddgpu_job *job;

	job = pddgpu_job_create(&submit->ctx->entities[engine], submit->file->client_id);
	if (IS_ERR(job))
		return PTR_ERR(job);

	job->ctx = pddgpu_ctx_get(submit->ctx);
	job->ib_addr = args->ib_addr;
	job->ib_dwords = args->ib_dwords;
	submit->job = job;
	return 0;
}

static int pddgpu_submit_add_wait(struct pddgpu_submit *submit, const struct drm_pddgpu_sync *sync)
{
	struct dma_fence *fence;
	int ret;

	ret = drm_syncobj_find_fence(submit->file, sync->handle, sync->point, 0, &fence);
	if (ret)
		return ret;
	return drm_sched_job_add_dependency(&submit->job->base, fence);
}

static int pddgpu_submit_add_signal(struct pddgpu_submit *submit,
				    const struct drm_pddgpu_sync *sync)
{
	struct pddgpu_submit_signal *signal = &submit->signals[submit->num_signals];

	signal->syncobj = drm_syncobj_find(submit->file, sync->handle);
	if (!signal->syncobj)
		return -ENOENT;

	submit->num_signals++;
	signal->point = sync->point;
	if (!signal->point)
		return 0;

	signal->chain = dma_fence_chain_alloc();
	return signal->chain ? 0 : -ENOMEM;
}

static int pddgpu_submit_find_syncs(struct pddgpu_submit *submit)
{
	u32 num = submit->args->num_syncs;
	u32 i;
	int ret;

	if (!num)
		return 0;

	submit->signals = kvcalloc(num, sizeof(*submit->signals), GFP_KERNEL_ACCOUNT);
	if (!submit->signals)
		return -ENOMEM;

	for (i = 0; i < num; i++) {
		const struct drm_pddgpu_sync *sync = &submit->sync_args[i];

		if (sync->flags & DRM_PDDGPU_SYNC_SIGNAL)
			ret = pddgpu_submit_add_signal(submit, sync);
		else
			ret = pddgpu_submit_add_wait(submit, sync);
		if (ret)
			return ret;
	}
	return 0;
}

static int pddgpu_submit_prepare(struct pddgpu_submit *submit)
{
	int ret;

	ret = pddgpu_submit_find_ctx(submit);
	if (ret)
		return ret;

	ret = pddgpu_submit_find_bos(submit);
	if (ret)
		return ret;

	ret = pddgpu_submit_create_job(submit);
	if (ret)
		return ret;
	return pddgpu_submit_find_syncs(submit);
}

/* --- Phase 3: lock and validate ----------------------------------------- */

static struct ttm_operation_ctx pddgpu_submit_ttm_ctx(struct pddgpu_submit *submit)
{
	return (struct ttm_operation_ctx) {
		.interruptible = true,
		.resv = drm_gpuvm_resv(&submit->ctx->vm->base),
		.allow_res_evict = true,
	};
}

static bool pddgpu_submit_is_full(int ret)
{
	return ret == -ENOSPC || ret == -ENOMEM;
}

/* Whether something that is locked is in VRAM without having to be. */
static bool pddgpu_submit_is_victim(struct pddgpu_submit *submit, struct drm_gem_object *obj,
				    bool listed)
{
	struct pddgpu_bo *bo;

	/* The reservation object itself is no buffer. */
	if (!drm_gpuvm_is_extobj(&submit->ctx->vm->base, obj))
		return false;

	bo = gem_to_pddgpu_bo(obj);
	return bo->listed == listed && !bo->tbo.pin_count && bo->tbo.resource &&
	       bo->tbo.resource->mem_type == TTM_PL_VRAM;
}

static int pddgpu_submit_evict(struct pddgpu_submit *submit, bool listed)
{
	struct ttm_operation_ctx ctx = pddgpu_submit_ttm_ctx(submit);
	struct drm_gem_object *obj;
	int ret;

	drm_exec_for_each_locked_object(&submit->exec, obj) {
		if (!submit->room)
			break;
		if (!pddgpu_submit_is_victim(submit, obj, listed))
			continue;
		ret = pddgpu_bo_validate(gem_to_pddgpu_bo(obj), DRM_PDDGPU_DOMAIN_GTT, &ctx);
		if (ret)
			return ret;
		submit->room--;
	}
	return 0;
}

/*
 * TTM evicts nothing that the job itself has locked, except for private buffers.  It
 * can go to GTT, though, what is not listed first.
 */
static int pddgpu_submit_make_room(struct pddgpu_submit *submit)
{
	int ret;

	ret = pddgpu_submit_evict(submit, false);
	return ret ? ret : pddgpu_submit_evict(submit, true);
}

/* Pinned until the locks are dropped, so that the next one does not evict it. */
static int pddgpu_submit_place(struct pddgpu_submit *submit, struct pddgpu_bo *bo)
{
	struct ttm_operation_ctx ctx = pddgpu_submit_ttm_ctx(submit);
	int ret;

	ret = pddgpu_bo_validate(bo, bo->domains, &ctx);
	if (ret)
		return ret;

	ttm_bo_pin(&bo->tbo);
	submit->num_pinned++;
	return 0;
}

static void pddgpu_submit_mark(struct pddgpu_submit *submit, bool listed)
{
	u32 i;

	for (i = 0; i < submit->num_bos; i++)
		submit->bos[i]->listed = listed;
	submit->marked = listed;
}

static int pddgpu_submit_validate(struct pddgpu_submit *submit)
{
	u32 i;
	int ret;

	/* Stays as it is until the locks are dropped. */
	if (submit->ctx->closed)
		return -ENOENT;

	pddgpu_submit_mark(submit, true);
	ret = pddgpu_submit_make_room(submit);
	if (ret)
		return ret;

	for (i = 0; i < submit->num_bos; i++) {
		ret = pddgpu_submit_place(submit, submit->bos[i]);
		if (ret)
			return ret;
	}
	return pddgpu_vm_validate(submit->ctx->vm, &submit->exec);
}

static int pddgpu_submit_lock_bos(struct pddgpu_submit *submit)
{
	u32 i;
	int ret;

	for (i = 0; i < submit->num_bos; i++) {
		ret = drm_exec_lock_obj(&submit->exec, &submit->bos[i]->tbo.base);
		if (ret)
			return ret;
	}
	return 0;
}

static void pddgpu_submit_unlock(struct pddgpu_submit *submit)
{
	while (submit->num_pinned) {
		struct ttm_buffer_object *tbo = &submit->bos[--submit->num_pinned]->tbo;

		ttm_bo_unpin(tbo);
		/* Also what tells TTM that it was used last. */
		ttm_bo_move_to_lru_tail_unlocked(tbo);
	}
	if (submit->marked)
		pddgpu_submit_mark(submit, false);
	drm_exec_fini(&submit->exec);
}

/* Validates before the loop is left: eviction may add locks of its own. */
static int pddgpu_submit_try_lock(struct pddgpu_submit *submit)
{
	int ret;

	drm_exec_init(&submit->exec, DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES, 0);
	drm_exec_until_all_locked(&submit->exec) {
		ret = pddgpu_vm_lock(submit->ctx->vm, &submit->exec);
		drm_exec_retry_on_contention(&submit->exec);
		if (ret)
			break;

		ret = pddgpu_submit_lock_bos(submit);
		drm_exec_retry_on_contention(&submit->exec);
		if (ret)
			break;

		ret = pddgpu_submit_validate(submit);
		if (ret)
			break;
	}
	if (ret)
		pddgpu_submit_unlock(submit);
	return ret;
}

/*
 * If there is no room, TTM may have run into a deadlock and hidden it, so all locks
 * have to be dropped before the next try.  Each has twice as many go as the last, as
 * long as that many could.
 */
static int pddgpu_submit_lock_with_room(struct pddgpu_submit *submit)
{
	unsigned int room = 0;
	int ret;

	do {
		submit->room = room;
		ret = pddgpu_submit_try_lock(submit);
		room = room ? 2 * room : 1;
	} while (pddgpu_submit_is_full(ret) && !submit->room);
	return ret;
}

static int pddgpu_submit_lock_alone(struct pddgpu_submit *submit)
{
	unsigned int tries;
	int ret;

	ret = mutex_lock_interruptible(&pddgpu_submit_alone);
	if (ret)
		return ret;

	for (tries = 0; tries < PDDGPU_SUBMIT_TRIES; tries++) {
		ret = pddgpu_submit_lock_with_room(submit);
		if (!pddgpu_submit_is_full(ret))
			break;
		if (msleep_interruptible(PDDGPU_SUBMIT_BREAK_MS)) {
			ret = -ERESTARTSYS;
			break;
		}
	}
	mutex_unlock(&pddgpu_submit_alone);
	return ret;
}

static int pddgpu_submit_lock(struct pddgpu_submit *submit)
{
	int ret;

	ret = pddgpu_submit_lock_with_room(submit);
	if (pddgpu_submit_is_full(ret))
		ret = pddgpu_submit_lock_alone(submit);
	return ret;
}

/* --- Phase 4: dependencies ---------------------------------------------- */

/* Moves and page-table updates of all that the job can reach. */
static int pddgpu_submit_depend_on_kernel(struct pddgpu_submit *submit)
{
	struct drm_gem_object *obj;
	int ret;

	drm_exec_for_each_locked_object(&submit->exec, obj) {
		ret = drm_sched_job_add_resv_dependencies(&submit->job->base, obj->resv,
							  DMA_RESV_USAGE_KERNEL);
		if (ret)
			return ret;
	}
	return 0;
}

static int pddgpu_submit_depend_on_users(struct pddgpu_submit *submit)
{
	u32 i;
	int ret;

	for (i = 0; i < submit->num_bos; i++) {
		bool write = submit->bo_args[i].flags & DRM_PDDGPU_CS_BO_WRITE;
		struct pddgpu_bo *bo = submit->bos[i];

		if (pddgpu_submit_is_private(bo))
			continue;

		ret = drm_sched_job_add_implicit_dependencies(&submit->job->base, &bo->tbo.base,
							      write);
		if (ret)
			return ret;
	}
	return 0;
}

/* A fence takes up to two places: one for its use, one for where it replaces none. */
static int pddgpu_submit_reserve_fences(struct pddgpu_submit *submit)
{
	struct drm_gem_object *obj;
	int ret;

	drm_exec_for_each_locked_object(&submit->exec, obj) {
		ret = dma_resv_reserve_fences(obj->resv, 2);
		if (ret)
			return ret;
	}
	return 0;
}

static int pddgpu_submit_depend(struct pddgpu_submit *submit)
{
	int ret;

	ret = pddgpu_submit_depend_on_kernel(submit);
	if (ret)
		return ret;

	ret = pddgpu_submit_depend_on_users(submit);
	if (ret)
		return ret;
	return pddgpu_submit_reserve_fences(submit);
}

/* --- Phase 5: the point of no return ------------------------------------ */

static void pddgpu_submit_attach(struct pddgpu_submit *submit, struct dma_fence *fence)
{
	u32 i;

	drm_gpuvm_resv_add_fence(&submit->ctx->vm->base, &submit->exec, fence,
				 DMA_RESV_USAGE_BOOKKEEP, DMA_RESV_USAGE_BOOKKEEP);

	for (i = 0; i < submit->num_bos; i++) {
		bool write = submit->bo_args[i].flags & DRM_PDDGPU_CS_BO_WRITE;
		struct pddgpu_bo *bo = submit->bos[i];

		if (!pddgpu_submit_is_private(bo))
			dma_resv_add_fence(bo->tbo.base.resv, fence,
					   write ? DMA_RESV_USAGE_WRITE : DMA_RESV_USAGE_READ);
	}
}

static void pddgpu_submit_signal(struct pddgpu_submit *submit, struct dma_fence *fence)
{
	u32 i;

	for (i = 0; i < submit->num_signals; i++) {
		struct pddgpu_submit_signal *signal = &submit->signals[i];

		if (signal->chain)
			drm_syncobj_add_point(signal->syncobj, signal->chain, fence,
					      signal->point);
		else
			drm_syncobj_replace_fence(signal->syncobj, fence);
		signal->chain = NULL;
	}
}

/* They are where they will be when the job runs: who evicts them waits for it. */
static void pddgpu_submit_open_windows(struct pddgpu_submit *submit)
{
	u32 i;

	for (i = 0; i < submit->num_bos; i++) {
		struct pddgpu_bo *bo = submit->bos[i];

		if (bo->domains & PDDGPU_DOMAINS_ONCHIP)
			submit->job->windows[pddgpu_onchip_heap_of(bo->domains)] =
				pddgpu_onchip_window(bo->tbo.resource);
	}
}

static void pddgpu_submit_push(struct pddgpu_submit *submit)
{
	struct pddgpu_job *job = submit->job;
	struct dma_fence *fence;

	job->root = pddgpu_pt_root(&submit->ctx->vm->pt);
	job->pt_seq = submit->ctx->vm->pt_seq;
	pddgpu_submit_open_windows(submit);
	submit->job = NULL;

	fence = pddgpu_job_push(job);
	pddgpu_submit_attach(submit, fence);
	pddgpu_submit_signal(submit, fence);
	dma_fence_put(fence);
}

static int pddgpu_submit_run_entered(struct pddgpu_submit *submit)
{
	int ret;

	ret = pddgpu_submit_lock(submit);
	if (ret)
		return ret;

	ret = pddgpu_submit_depend(submit);
	if (!ret)
		pddgpu_submit_push(submit);
	pddgpu_submit_unlock(submit);
	return ret;
}

/* Page-table updates are kernel jobs, whose command buffers go with the card. */
static int pddgpu_submit_run(struct pddgpu_submit *submit)
{
	int idx, ret;

	if (!drm_dev_enter(&submit->pdev->drm, &idx))
		return -ENODEV;

	ret = pddgpu_submit_run_entered(submit);
	drm_dev_exit(idx);
	return ret;
}

static void pddgpu_submit_fini(struct pddgpu_submit *submit)
{
	u32 i;

	for (i = 0; i < submit->num_signals; i++) {
		dma_fence_chain_free(submit->signals[i].chain);
		drm_syncobj_put(submit->signals[i].syncobj);
	}
	for (i = 0; i < submit->num_bos; i++)
		drm_gem_object_put(&submit->bos[i]->tbo.base);
	if (submit->job)
		pddgpu_job_abandon(submit->job);

	pddgpu_ctx_put(submit->ctx);
	kvfree(submit->signals);
	kvfree(submit->bos);
	kvfree(submit->sync_args);
	kvfree(submit->bo_args);
}

int pddgpu_cs_ioctl(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct pddgpu_submit submit = {
		.pdev = to_pddgpu(dev),
		.file = file,
		.args = data,
	};
	int ret;

	ret = pddgpu_cs_check(submit.args);
	if (ret)
		return ret;

	ret = pddgpu_submit_copy_in(&submit);
	if (!ret)
		ret = pddgpu_submit_prepare(&submit);
	if (!ret)
		ret = pddgpu_submit_run(&submit);
	pddgpu_submit_fini(&submit);
	return ret;
}
