// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/mm.h>

#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_resource.h>

#include "include/uapi/drm/pddgpu_drm.h"
#include "pddgpu_bo.h"
#include "pddgpu_device.h"
#include "pddgpu_job.h"
#include "pddgpu_peek.h"
#include "pddgpu_res_cursor.h"

int pddgpu_peek_init(struct pddgpu_peek *peek, struct pddgpu_device *pdev, u64 size)
{
	peek->pdev = pdev;
	peek->bo = pddgpu_bo_create_pinned(pdev, PAGE_ALIGN(size), DRM_PDDGPU_DOMAIN_GTT,
					   &peek->addr, &peek->cpu);
	return PTR_ERR_OR_ZERO(peek->bo);
}

void pddgpu_peek_fini(struct pddgpu_peek *peek)
{
	pddgpu_bo_free_pinned(peek->bo);
}

static int pddgpu_peek_engine(struct pddgpu_peek *peek, u64 at, u64 addr, u64 bytes)
{
	struct pddgpu_device *pdev = peek->pdev;
	struct dma_fence *fence;
	struct pddgpu_job *job;
	int ret;

	job = pddgpu_job_create_kernel(pdev, &pdev->copy.entity, PDDGPU_EMIT_COPY_DWORDS);
	if (IS_ERR(job))
		return PTR_ERR(job);

	pddgpu_job_emit_copy(job, addr, peek->addr + at, bytes);
	fence = pddgpu_job_push(job);
	/* Not to be interrupted: the engine writes to memory that the caller frees. */
	dma_fence_wait(fence, false);
	ret = fence->error;
	dma_fence_put(fence);

	return ret;
}

int pddgpu_peek_card(struct pddgpu_peek *peek, u64 at, u64 addr, u64 bytes)
{
	struct pddgpu_device *pdev = peek->pdev;

	if (addr + bytes > pdev->vram.visible)
		return pddgpu_peek_engine(peek, at, addr, bytes);

	memcpy_fromio(peek->cpu + at, pdev->vram.io + addr, bytes);

	return 0;
}

static int pddgpu_peek_bo_card(struct pddgpu_peek *peek, struct pddgpu_bo *bo, u64 pos, u64 bytes)
{
	struct pddgpu_res_cursor cur;
	int ret = 0;

	for (pddgpu_res_first(bo->tbo.resource, NULL, pos, bytes, &cur); !ret && cur.remaining;
	     pddgpu_res_next(&cur, cur.size))
		ret = pddgpu_peek_card(peek, cur.offset - pos, cur.addr, cur.size);

	return ret;
}

/* Within a page; swapped in if need be */
static int pddgpu_peek_bo_page(struct pddgpu_peek *peek, struct pddgpu_bo *bo, u64 at, u64 pos,
			       u64 bytes)
{
	struct ttm_bo_kmap_obj map;
	bool is_iomem;
	int ret;

	ret = ttm_bo_kmap(&bo->tbo, pos >> PAGE_SHIFT, 1, &map);
	if (ret)
		return ret;

	memcpy(peek->cpu + at, ttm_kmap_obj_virtual(&map, &is_iomem) + offset_in_page(pos), bytes);
	ttm_bo_kunmap(&map);

	return 0;
}

static int pddgpu_peek_bo_pages(struct pddgpu_peek *peek, struct pddgpu_bo *bo, u64 pos, u64 bytes)
{
	u64 done, step;
	int ret = 0;

	for (done = 0; !ret && done < bytes; done += step) {
		step = min_t(u64, bytes - done, PAGE_SIZE - offset_in_page(pos + done));
		ret = pddgpu_peek_bo_page(peek, bo, done, pos + done, step);
	}

	return ret;
}

static int pddgpu_peek_bo_reserved(struct pddgpu_peek *peek, struct pddgpu_bo *bo, u64 pos,
				   u64 bytes)
{
	struct ttm_resource *res = bo->tbo.resource;
	long ret;

	ret = dma_resv_wait_timeout(bo->tbo.base.resv, DMA_RESV_USAGE_KERNEL, true,
				    MAX_SCHEDULE_TIMEOUT);
	if (ret < 0)
		return ret;
	/* Dropped when the card wedged: there is nothing to see. */
	if (!res)
		return 0;

	return pddgpu_res_on_card(res) ? pddgpu_peek_bo_card(peek, bo, pos, bytes) :
		pddgpu_peek_bo_pages(peek, bo, pos, bytes);
}

int pddgpu_peek_bo(struct pddgpu_peek *peek, struct pddgpu_bo *bo, u64 pos, u64 bytes)
{
	int ret;

	ret = dma_resv_lock_interruptible(bo->tbo.base.resv, NULL);
	if (ret)
		return ret;

	ret = pddgpu_peek_bo_reserved(peek, bo, pos, bytes);
	dma_resv_unlock(bo->tbo.base.resv);

	return ret;
}
