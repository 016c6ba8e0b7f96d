// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/bitfield.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>
#include <drm/drm_suballoc.h>

#include "pddgpu_coredump.h"
#include "pddgpu_ctx.h"
#include "pddgpu_device.h"
#include "pddgpu_drv.h"
#include "pddgpu_fence.h"
#include "pddgpu_heartbeat.h"
#include "pddgpu_job.h"

static struct pddgpu_ring *sched_to_ring(struct drm_gpu_scheduler *sched)
{
	return container_of(sched, struct pddgpu_ring, sched);
}

struct pddgpu_job *pddgpu_job_create(struct drm_sched_entity *entity, u64 client_id)
{
	struct pddgpu_job *job = kzalloc_obj(*job);
	int ret = -ENOMEM;

	if (!job)
		return ERR_PTR(-ENOMEM);

	job->fence = pddgpu_fence_alloc();
	if (!job->fence)
		goto err_job;

	ret = drm_sched_job_init(&job->base, entity, 1, NULL, client_id);
	if (ret)
		goto err_fence;
	return job;

err_fence:
	pddgpu_fence_put(job->fence);
err_job:
	kfree(job);
	return ERR_PTR(ret);
}

static int pddgpu_job_alloc_ib(struct pddgpu_copy *copy, struct pddgpu_job *job, u32 max_dwords)
{
	size_t offset;

	job->ib = drm_suballoc_new(&copy->ibs, max_dwords * sizeof(u32), GFP_KERNEL, false, 0);
	if (IS_ERR(job->ib)) {
		int ret = PTR_ERR(job->ib);

		job->ib = NULL;
		return ret;
	}

	offset = drm_suballoc_soffset(job->ib);
	job->ib_addr = copy->ib_addr + offset;
	job->ib_cpu = copy->ib_cpu + offset / sizeof(u32);
	job->ib_max = max_dwords;
	return 0;
}

struct pddgpu_job *pddgpu_job_create_kernel(struct pddgpu_device *pdev,
					    struct drm_sched_entity *entity, u32 max_dwords)
{
	struct pddgpu_job *job;
	int ret;

	if (READ_ONCE(pdev->wedged))
		return ERR_PTR(-EIO);
	if (!READ_ONCE(pdev->copy.ready))
		return ERR_PTR(-ENODEV);

	job = pddgpu_job_create(entity, 0);
	if (IS_ERR(job))
		return job;

	ret = pddgpu_job_alloc_ib(&pdev->copy, job, max_dwords);
	if (ret) {
		pddgpu_job_abandon(job);
		return ERR_PTR(ret);
	}
	return job;
}

static void pddgpu_job_release(struct pddgpu_job *job)
{
	pddgpu_ctx_put(job->ctx);
	drm_suballoc_free(job->ib, NULL);
	pddgpu_fence_put(job->fence);
	kfree(job);
}

void pddgpu_job_abandon(struct pddgpu_job *job)
{
	drm_sched_job_cleanup(&job->base);
	pddgpu_job_release(job);
}

struct dma_fence *pddgpu_job_push(struct pddgpu_job *job)
{
	struct pddgpu_ring *ring = sched_to_ring(job->base.entity->rq->sched);
	struct dma_fence *fence;

	atomic_inc(&ring->pdev->jobs);
	mutex_lock(&ring->push_lock);
	drm_sched_job_arm(&job->base);
	fence = dma_fence_get(&job->base.s_fence->finished);
	drm_sched_entity_push_job(&job->base);
	mutex_unlock(&ring->push_lock);
	return fence;
}

void pddgpu_job_wait_all(struct pddgpu_device *pdev)
{
	wait_var_event(&pdev->jobs, !atomic_read(&pdev->jobs));
}

/* --- Packets of kernel jobs -------------------------------------------- */

static u32 *pddgpu_job_reserve(struct pddgpu_job *job, u32 dwords)
{
	u32 *p = job->ib_cpu + job->ib_dwords;

	if (WARN_ON_ONCE(job->ib_dwords + dwords > job->ib_max))
		return NULL;

	job->ib_dwords += dwords;
	return p;
}

static u32 *pddgpu_job_put64(u32 *p, u64 val)
{
	*p++ = lower_32_bits(val);
	*p++ = upper_32_bits(val);
	return p;
}

void pddgpu_job_emit_copy(struct pddgpu_job *job, u64 src, u64 dst, u64 bytes)
{
	u32 *p = pddgpu_job_reserve(job, PDDGPU_EMIT_COPY_DWORDS);

	if (!p)
		return;
	*p++ = PDDGPU_PKT(PDDGPU_OP_COPY, 0, PDDGPU_COPY_COUNT);
	p = pddgpu_job_put64(p, src);
	p = pddgpu_job_put64(p, dst);
	pddgpu_job_put64(p, bytes);
}

void pddgpu_job_emit_fill(struct pddgpu_job *job, u64 dst, u64 bytes, u32 value)
{
	u32 *p = pddgpu_job_reserve(job, PDDGPU_EMIT_FILL_DWORDS);

	if (!p)
		return;
	*p++ = PDDGPU_PKT(PDDGPU_OP_FILL, 0, PDDGPU_FILL_COUNT);
	p = pddgpu_job_put64(p, dst);
	p = pddgpu_job_put64(p, bytes);
	*p = value;
}

void pddgpu_job_emit_write_pte(struct pddgpu_job *job, u64 dst, u64 value, u64 increment,
			       u32 count)
{
	u32 *p = pddgpu_job_reserve(job, PDDGPU_EMIT_WRITE_PTE_DWORDS);

	if (!p)
		return;
	*p++ = PDDGPU_PKT(PDDGPU_OP_WRITE_PTE, 0, PDDGPU_WRITE_PTE_COUNT);
	p = pddgpu_job_put64(p, dst);
	p = pddgpu_job_put64(p, value);
	p = pddgpu_job_put64(p, increment);
	*p = count;
}

void pddgpu_job_emit_tlb_flush(struct pddgpu_job *job, u32 vmid_mask)
{
	u32 *p = pddgpu_job_reserve(job, PDDGPU_EMIT_TLB_FLUSH_DWORDS);

	if (!p)
		return;
	*p++ = PDDGPU_PKT(PDDGPU_OP_TLB_FLUSH, 0, PDDGPU_TLB_FLUSH_COUNT);
	*p = vmid_mask;
}

/* A FILL, and a NOP for the dword that a COPY is longer. */
static void pddgpu_job_copy_to_fill(u32 *p)
{
	u64 dst = (u64)p[4] << 32 | p[3];
	u64 bytes = (u64)p[6] << 32 | p[5];

	*p++ = PDDGPU_PKT(PDDGPU_OP_FILL, 0, PDDGPU_FILL_COUNT);
	p = pddgpu_job_put64(p, dst);
	p = pddgpu_job_put64(p, bytes);
	*p++ = 0;
	*p = PDDGPU_PKT(PDDGPU_OP_NOP, 0, 0);
}

void pddgpu_job_give_up_contents(struct pddgpu_job *job)
{
	u32 *p = job->ib_cpu, *end = p + job->ib_dwords;

	for (; p < end; p += 1 + FIELD_GET(PDDGPU_PKT_COUNT, *p)) {
		if (FIELD_GET(PDDGPU_PKT_OPCODE, *p) != PDDGPU_OP_COPY)
			continue;
		pddgpu_job_copy_to_fill(p);
		job->contents_lost = true;
	}
}

/* --- What the scheduler asks for --------------------------------------- */

bool pddgpu_job_is_kernel(const struct pddgpu_job *job)
{
	return !job->ctx;
}

bool pddgpu_job_must_succeed(const struct pddgpu_job *job)
{
	return pddgpu_job_is_kernel(job) && !job->claim;
}

bool pddgpu_job_is_banned(const struct pddgpu_job *job)
{
	return job->ctx && READ_ONCE(job->ctx->banned);
}

static bool pddgpu_job_is_given_up(struct pddgpu_job *job)
{
	return job->claim && atomic_xchg(job->claim, 1);
}

/*
 * A job of a banned context goes to the ring as well, without its command buffer.
 * An earlier job of the same queue may still run there, and in reservations the
 * fence of the later one has taken its place: it must not signal first.
 */
static struct dma_fence *pddgpu_job_run(struct drm_sched_job *base)
{
	struct pddgpu_job *job = to_pddgpu_job(base);
	struct pddgpu_ring *ring = sched_to_ring(base->sched);
	bool cookie;
	int idx, ret;

	if (!drm_dev_enter(&ring->pdev->drm, &idx))
		return ERR_PTR(-ENODEV);

	job->cancelled = pddgpu_job_is_banned(job) || pddgpu_job_is_given_up(job);
	cookie = dma_fence_begin_signalling();
	ret = pddgpu_fence_arm(job->fence, ring->timeline, job, ring->wb->status);
	if (!ret) {
		pddgpu_ring_emit(ring, job);
		pddgpu_heartbeat_start(ring->pdev);
	}
	dma_fence_end_signalling(cookie);
	drm_dev_exit(idx);
	return ret ? ERR_PTR(ret) : dma_fence_get(&job->fence->base);
}

int pddgpu_job_error(struct pddgpu_job *job, u32 status)
{
	if (job && job->cancelled)
		return -ECANCELED;
	if (status == PDDGPU_ERR_NONE)
		return job && job->contents_lost ? -EIO : 0;

	/* Those that others depend on are run until they succeed. */
	if (job && job->ctx)
		pddgpu_ctx_job_failed(job->ctx, status);
	if (job)
		pddgpu_coredump_error(sched_to_ring(job->base.sched), job, status);

	switch (status) {
	case PDDGPU_ERR_UNMAPPED:
	case PDDGPU_ERR_PERMISSION:
	case PDDGPU_ERR_TABLE:
	case PDDGPU_ERR_BUS:
	case PDDGPU_ERR_ECC:
	case PDDGPU_ERR_WINDOW:
		return -EFAULT;
	default:
		return -EINVAL;
	}
}

static void pddgpu_job_finish(struct pddgpu_job *job)
{
	struct pddgpu_device *pdev = sched_to_ring(job->base.sched)->pdev;

	drm_sched_job_cleanup(&job->base);
	pddgpu_job_release(job);
	if (atomic_dec_and_test(&pdev->jobs))
		wake_up_var(&pdev->jobs);
}

static void pddgpu_job_free_work(struct work_struct *work)
{
	pddgpu_job_finish(container_of(work, struct pddgpu_job, free_work));
}

/*
 * The last reference of a context may be the last of its address space, and that
 * the last of the device: a scheduler cannot be torn down by its own thread.
 */
static void pddgpu_job_free(struct drm_sched_job *base)
{
	struct pddgpu_job *job = to_pddgpu_job(base);

	if (job->ctx) {
		INIT_WORK(&job->free_work, pddgpu_job_free_work);
		queue_work(pddgpu_wq, &job->free_work);
	} else {
		pddgpu_job_finish(job);
	}
}

/* The heartbeat sees to jobs that hang: the scheduler has no timeout of its own. */
const struct drm_sched_backend_ops pddgpu_sched_ops = {
	.run_job = pddgpu_job_run,
	.free_job = pddgpu_job_free,
};
