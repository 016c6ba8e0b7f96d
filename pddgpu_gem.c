// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/dma-buf.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_gem_ttm_helper.h>
#include <drm/drm_print.h>
#include <drm/drm_utils.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_tt.h>

#include "include/uapi/drm/pddgpu_drm.h"
#include "pddgpu_bo.h"
#include "pddgpu_device.h"
#include "pddgpu_gem.h"
#include "pddgpu_mmap.h"
#include "pddgpu_vm.h"

/* --- GEM object -------------------------------------------------------- */

static void pddgpu_gem_object_free(struct drm_gem_object *gem)
{
	ttm_bo_put(&gem_to_pddgpu_bo(gem)->tbo);
}

/* What may not be exported is not to be had by its name (GEM_FLINK) either. */
static int pddgpu_gem_object_open(struct drm_gem_object *gem, struct drm_file *file)
{
	u64 only = gem_to_pddgpu_bo(gem)->client_id;

	return only && only != file->client_id ? -EPERM : 0;
}

/* Nothing keeps an exported buffer where an importer could reach it, yet. */
static struct dma_buf *pddgpu_gem_object_export(struct drm_gem_object *gem, int flags)
{
	return ERR_PTR(gem_to_pddgpu_bo(gem)->vm_id ? -EPERM : -EOPNOTSUPP);
}

static bool pddgpu_gem_resident(struct pddgpu_bo *bo)
{
	return (bo->tbo.resource && pddgpu_res_on_card(bo->tbo.resource)) ||
		(bo->tbo.ttm && ttm_tt_is_populated(bo->tbo.ttm));
}

static u32 pddgpu_gem_blocks(struct pddgpu_bo *bo)
{
	return pddgpu_bo_placement(bo) == DRM_PDDGPU_DOMAIN_VRAM ?
		pddgpu_vram_resource_num_blocks(bo->tbo.resource) : 0;
}

static const char *pddgpu_gem_where(struct pddgpu_bo *bo)
{
	u32 placement = pddgpu_bo_placement(bo);

	switch (placement) {
	case DRM_PDDGPU_DOMAIN_VRAM:
		return "vram";
	case DRM_PDDGPU_DOMAIN_GTT:
		return "gtt";
	case DRM_PDDGPU_DOMAIN_CPU:
		return pddgpu_gem_resident(bo) ? "system" : "nowhere";
	default:
		return pddgpu_onchip_name(pddgpu_onchip_heap_of(placement));
	}
}

/* One line, to go on; called reserved */
static void pddgpu_gem_object_print_info(struct drm_printer *p, unsigned int indent,
					 const struct drm_gem_object *gem)
{
	struct pddgpu_bo *bo = gem_to_pddgpu_bo(gem);

	drm_printf_indent(p, indent,
			  "size=%zu in=%s%s blocks=%u domains=0x%x flags=0x%x vm=%u pins=%u id=%lu%s\n",
			  gem->size, pddgpu_gem_where(bo),
			  pddgpu_bo_is_visible(bo) ? "" : "-invisible", pddgpu_gem_blocks(bo),
			  bo->domains, bo->flags, bo->vm_id, bo->tbo.pin_count,
			  drm_vma_node_start(&gem->vma_node), bo->purgeable ? " purgeable" : "");
}

const struct drm_gem_object_funcs pddgpu_gem_funcs = {
	.free = pddgpu_gem_object_free,
	.open = pddgpu_gem_object_open,
	.print_info = pddgpu_gem_object_print_info,
	.export = pddgpu_gem_object_export,
	.mmap = pddgpu_mmap_object,
	.vm_ops = &pddgpu_mmap_vm_ops,
};

/* --- Accounting -------------------------------------------------------- */

struct pddgpu_bo *pddgpu_gem_next(struct drm_file *file, int *handle)
{
	struct drm_gem_object *gem;

	spin_lock(&file->table_lock);
	gem = idr_get_next(&file->object_idr, handle);
	if (gem)
		drm_gem_object_get(gem);
	spin_unlock(&file->table_lock);

	return gem ? gem_to_pddgpu_bo(gem) : NULL;
}

static void pddgpu_gem_add_stats(struct pddgpu_bo *bo, struct drm_memory_stats *stats)
{
	struct drm_gem_object *gem = &bo->tbo.base;

	if (drm_gem_object_is_shared_for_memory_stats(gem))
		stats->shared += gem->size;
	else
		stats->private += gem->size;
	if (pddgpu_gem_resident(bo))
		stats->resident += gem->size;
	if (!dma_resv_test_signaled(gem->resv, DMA_RESV_USAGE_READ))
		stats->active += gem->size;
	else if (bo->purgeable && pddgpu_gem_resident(bo))
		stats->purgeable += gem->size;
}

void pddgpu_show_fdinfo(struct drm_printer *p, struct drm_file *file)
{
	enum drm_gem_object_status status = DRM_GEM_OBJECT_RESIDENT | DRM_GEM_OBJECT_PURGEABLE;
	struct pddgpu_device *pdev = to_pddgpu(file->minor->dev);
	struct drm_memory_stats stats[PDDGPU_PL_ONCHIP(PDDGPU_NUM_ONCHIP)] = {};
	struct pddgpu_bo *bo;
	int handle;

	for (handle = 0; (bo = pddgpu_gem_next(file, &handle)); handle++) {
		struct ttm_buffer_object *tbo = &bo->tbo;

		dma_resv_lock(tbo->base.resv, NULL);
		pddgpu_gem_add_stats(bo, &stats[tbo->resource ? tbo->resource->mem_type :
						TTM_PL_SYSTEM]);
		dma_resv_unlock(tbo->base.resv);
		drm_gem_object_put(&tbo->base);
	}

	drm_print_memory_stats(p, &stats[TTM_PL_VRAM], status, "vram");
	drm_print_memory_stats(p, &stats[TTM_PL_TT], status, "gtt");
	drm_print_memory_stats(p, &stats[TTM_PL_SYSTEM], status, "system");
	for (u32 h = 0; h < PDDGPU_NUM_ONCHIP; h++)
		if (pddgpu_onchip_size(&pdev->onchip, h))
			drm_print_memory_stats(p, &stats[PDDGPU_PL_ONCHIP(h)],
					       status, pddgpu_onchip_name(h));
}

/* --- ioctls ------------------------------------------------------------ */

/* Bytes of the largest buffer that one of the domains could ever hold */
static u64 pddgpu_gem_max_size(struct pddgpu_device *pdev,
			       const struct drm_pddgpu_gem_create *args)
{
	u64 max = 0;

	if (args->domains & (DRM_PDDGPU_DOMAIN_CPU | DRM_PDDGPU_DOMAIN_GTT))
		max = pdev->gtt_mgr.base.size;
	if (args->domains & DRM_PDDGPU_DOMAIN_VRAM)
		max = max(max, args->flags & DRM_PDDGPU_GEM_CPU_ACCESS_REQUIRED ?
			  pdev->vram.visible : pdev->vram.size);

	return max;
}

/* No page table maps it, and neither does the CPU. */
static int pddgpu_gem_create_check_onchip(struct pddgpu_device *pdev,
					  const struct drm_pddgpu_gem_create *args)
{
	u64 max;

	if (!is_power_of_2(args->domains) || args->alignment ||
	    args->flags & ~DRM_PDDGPU_GEM_NO_CPU_ACCESS)
		return -EINVAL;

	max = pddgpu_onchip_size(&pdev->onchip, pddgpu_onchip_heap_of(args->domains));
	if (!max)
		return -EOPNOTSUPP;

	return args->size > max ? -E2BIG : 0;
}

static int pddgpu_gem_create_check(struct pddgpu_device *pdev,
				   const struct drm_pddgpu_gem_create *args)
{
	u32 both = DRM_PDDGPU_GEM_CPU_ACCESS_REQUIRED | DRM_PDDGPU_GEM_NO_CPU_ACCESS;

	if (args->flags & ~DRM_PDDGPU_GEM_FLAGS_MASK || (args->flags & both) == both)
		return -EINVAL;
	if (!args->domains || args->domains & ~DRM_PDDGPU_DOMAIN_MASK)
		return -EINVAL;
	if (args->alignment &&
	    (!is_power_of_2(args->alignment) || args->alignment > pdev->vram.size))
		return -EINVAL;
	if (!args->size)
		return -EINVAL;
	if (args->domains & PDDGPU_DOMAINS_ONCHIP)
		return pddgpu_gem_create_check_onchip(pdev, args);
	/* The limit is a multiple of the page size, so rounding up cannot pass it. */
	if (args->size > pddgpu_gem_max_size(pdev, args))
		return -E2BIG;

	return 0;
}

static int pddgpu_gem_create_handle(struct pddgpu_device *pdev, struct drm_file *file,
				    const struct pddgpu_bo_params *params, u32 *handle)
{
	struct pddgpu_bo *bo;
	int ret;

	bo = pddgpu_bo_create(pdev, params);
	if (IS_ERR(bo))
		return PTR_ERR(bo);

	ret = drm_gem_handle_create(file, &bo->tbo.base, handle);
	drm_gem_object_put(&bo->tbo.base);

	return ret;
}

int pddgpu_gem_create_ioctl(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct pddgpu_device *pdev = to_pddgpu(dev);
	struct drm_pddgpu_gem_create *args = data;
	struct pddgpu_bo_params params = {
		.alignment = args->alignment,
		.domains = args->domains,
		.flags = args->flags,
		.vm_id = args->vm_id,
	};
	struct pddgpu_vm *vm = NULL;
	int ret;

	ret = pddgpu_gem_create_check(pdev, args);
	if (ret)
		return ret;

	params.size = round_up(args->size, SZ_4K);
	if (args->domains & PDDGPU_DOMAINS_ONCHIP)
		params.flags |= DRM_PDDGPU_GEM_NO_CPU_ACCESS;
	if (args->vm_id) {
		vm = pddgpu_vm_lookup(file->driver_priv, args->vm_id);
		if (!vm)
			return -ENOENT;
		params.vm_resv = vm->base.r_obj;
		params.client_id = file->client_id;
	}

	ret = pddgpu_gem_create_handle(pdev, file, &params, &args->handle);
	if (!ret)
		args->size = params.size;
	pddgpu_vm_put(vm);

	return ret;
}

int pddgpu_gem_mmap_ioctl(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct drm_pddgpu_gem_mmap *args = data;
	struct drm_gem_object *gem;
	int ret = 0;

	if (args->flags)
		return -EINVAL;

	gem = drm_gem_object_lookup(file, args->handle);
	if (!gem)
		return -ENOENT;

	if (gem_to_pddgpu_bo(gem)->flags & DRM_PDDGPU_GEM_NO_CPU_ACCESS)
		ret = -EINVAL;
	else
		args->offset = drm_vma_node_offset_addr(&gem->vma_node);
	drm_gem_object_put(gem);

	return ret;
}

int pddgpu_gem_info_ioctl(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct drm_pddgpu_gem_info *args = data;
	struct drm_gem_object *gem;
	struct pddgpu_bo *bo;
	int ret;

	if (args->flags)
		return -EINVAL;

	gem = drm_gem_object_lookup(file, args->handle);
	if (!gem)
		return -ENOENT;

	bo = gem_to_pddgpu_bo(gem);
	ret = dma_resv_lock_interruptible(gem->resv, NULL);
	if (!ret) {
		args->flags = bo->flags;
		args->size = gem->size;
		args->domains = bo->domains;
		args->placement = pddgpu_bo_placement(bo);
		args->vm_id = bo->vm_id;
		args->blocks = pddgpu_gem_blocks(bo);
		dma_resv_unlock(gem->resv);
	}
	drm_gem_object_put(gem);

	return ret;
}

/*
 * Who uses a buffer private to an address space is not told apart: all the jobs
 * of that address space do, see pddgpu_cs.c.
 */
static enum dma_resv_usage pddgpu_gem_usage(const struct pddgpu_bo *bo, bool write)
{
	return bo->vm_resv ? DMA_RESV_USAGE_BOOKKEEP : dma_resv_usage_rw(write);
}

/* dma_resv_wait_timeout() takes 0 for a jiffy. */
static long pddgpu_gem_wait(struct dma_resv *resv, enum dma_resv_usage usage, s64 timeout_ns)
{
	long timeout = drm_timeout_abs_to_jiffies(timeout_ns);

	if (!timeout)
		return dma_resv_test_signaled(resv, usage);

	return dma_resv_wait_timeout(resv, usage, true, timeout);
}

int pddgpu_gem_wait_ioctl(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct drm_pddgpu_gem_wait *args = data;
	struct drm_gem_object *gem;
	long ret;

	if (args->flags & ~DRM_PDDGPU_GEM_WAIT_WRITE)
		return -EINVAL;

	gem = drm_gem_object_lookup(file, args->handle);
	if (!gem)
		return -ENOENT;

	ret = pddgpu_gem_wait(gem->resv,
			      pddgpu_gem_usage(gem_to_pddgpu_bo(gem),
					       args->flags & DRM_PDDGPU_GEM_WAIT_WRITE),
			      args->timeout_ns);
	drm_gem_object_put(gem);
	if (!ret)
		return -ETIME;

	return ret < 0 ? ret : 0;
}

int pddgpu_gem_madvise_ioctl(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct drm_pddgpu_gem_madvise *args = data;
	struct drm_gem_object *gem;
	int ret;

	if (args->madv > DRM_PDDGPU_MADV_DONTNEED || args->pad)
		return -EINVAL;

	gem = drm_gem_object_lookup(file, args->handle);
	if (!gem)
		return -ENOENT;

	ret = dma_resv_lock_interruptible(gem->resv, NULL);
	if (!ret) {
		args->retained = pddgpu_bo_advise(gem_to_pddgpu_bo(gem),
						  args->madv == DRM_PDDGPU_MADV_WILLNEED);
		dma_resv_unlock(gem->resv);
	}
	drm_gem_object_put(gem);

	return ret;
}
