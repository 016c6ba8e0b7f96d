// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/sizes.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_print.h>

#include "include/uapi/drm/pddgpu_drm.h"
#include "pddgpu_device.h"
#include "pddgpu_drv.h"
#include "pddgpu_vm.h"

/* Copies as much of an answer as the caller has room for, and tells its size. */
static int pddgpu_info_answer(struct drm_pddgpu_info *args, const void *answer, u32 size)
{
	if (args->size && copy_to_user(u64_to_user_ptr(args->data), answer, min(args->size, size)))
		return -EFAULT;

	args->size = size;
	return 0;
}

static int pddgpu_info_device(struct pddgpu_device *pdev, struct drm_pddgpu_info *args)
{
	const struct drm_pddgpu_info_device info = {
		.hw_version = pdev->version,
		.num_engines = PDDGPU_NUM_ENGINES,
		.vram_size = pdev->vram.size,
		.vram_visible = pdev->vram.visible,
		.gtt_size = pdev->gtt_mgr.base.size,
		.va_start = PDDGPU_VM_START,
		.va_end = PDDGPU_VM_END,
		.page_size = SZ_4K,
		.large_page_size = SZ_2M,
		.max_ib_dwords = PDDGPU_INDIRECT_MAX_DWORDS,
		.gds_size = pddgpu_onchip_size(&pdev->onchip, PDDGPU_ONCHIP_GDS),
		.gws_size = pddgpu_onchip_size(&pdev->onchip, PDDGPU_ONCHIP_GWS),
		.oa_size = pddgpu_onchip_size(&pdev->onchip, PDDGPU_ONCHIP_OA),
	};

	return pddgpu_info_answer(args, &info, sizeof(info));
}

static int pddgpu_info_memory(struct pddgpu_device *pdev, struct drm_pddgpu_info *args)
{
	const struct drm_pddgpu_info_memory info = {
		.vram_used = ttm_resource_manager_usage(&pdev->vram_mgr.base),
		.vram_visible_used = pddgpu_vram_mgr_visible_used(&pdev->vram_mgr),
		.gtt_used = ttm_resource_manager_usage(&pdev->gtt_mgr.base),
		.pool_bytes = pddgpu_pool_bytes(&pdev->pool),
		.moved_to_vram = atomic64_read(&pdev->stats.moved_to_vram),
		.moved_to_gtt = atomic64_read(&pdev->stats.moved_to_gtt),
		.evictions = atomic64_read(&pdev->stats.evictions),
		.cleared = atomic64_read(&pdev->stats.cleared),
		.purged = atomic64_read(&pdev->stats.purged),
		.gds_used = pddgpu_onchip_usage(&pdev->onchip, PDDGPU_ONCHIP_GDS),
		.gws_used = pddgpu_onchip_usage(&pdev->onchip, PDDGPU_ONCHIP_GWS),
		.oa_used = pddgpu_onchip_usage(&pdev->onchip, PDDGPU_ONCHIP_OA),
	};

	return pddgpu_info_answer(args, &info, sizeof(info));
}

static u64 pddgpu_info_counter(struct pddgpu_device *pdev, u32 engine, u32 counter)
{
	return pddgpu_read64(pdev, PDDGPU_REG_STAT_LO(engine, counter));
}

static void pddgpu_info_read_engine(struct pddgpu_device *pdev, u32 engine,
				    struct drm_pddgpu_info_engine *info)
{
	info->jobs = pddgpu_info_counter(pdev, engine, PDDGPU_STAT_JOBS);
	info->packets = pddgpu_info_counter(pdev, engine, PDDGPU_STAT_PACKETS);
	info->bytes_read = pddgpu_info_counter(pdev, engine, PDDGPU_STAT_BYTES_READ);
	info->bytes_written = pddgpu_info_counter(pdev, engine, PDDGPU_STAT_BYTES_WRITTEN);
	info->busy_ns = pddgpu_info_counter(pdev, engine, PDDGPU_STAT_BUSY_NS);
	info->tlb_hits = pddgpu_info_counter(pdev, engine, PDDGPU_STAT_TLB_HITS);
	info->tlb_misses_4k = pddgpu_info_counter(pdev, engine, PDDGPU_STAT_TLB_MISSES_4K);
	info->tlb_misses_2m = pddgpu_info_counter(pdev, engine, PDDGPU_STAT_TLB_MISSES_2M);
	info->walk_reads = pddgpu_info_counter(pdev, engine, PDDGPU_STAT_WALK_READS);
	info->faults = pddgpu_info_counter(pdev, engine, PDDGPU_STAT_FAULTS);
	info->irqs = pddgpu_info_counter(pdev, engine, PDDGPU_STAT_IRQS);
}

/* Two register reads a counter, which are slow: none for a question of size. */
static int pddgpu_info_engines(struct pddgpu_device *pdev, struct drm_pddgpu_info *args)
{
	struct drm_pddgpu_info_engine info[PDDGPU_NUM_ENGINES] = {};
	int idx;

	if (!drm_dev_enter(&pdev->drm, &idx))
		return -ENODEV;

	for (u32 e = 0; e < PDDGPU_NUM_ENGINES && args->size; e++)
		pddgpu_info_read_engine(pdev, e, &info[e]);
	drm_dev_exit(idx);

	return pddgpu_info_answer(args, info, sizeof(info));
}

int pddgpu_info_ioctl(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct pddgpu_device *pdev = to_pddgpu(dev);
	struct drm_pddgpu_info *args = data;

	switch (args->query) {
	case DRM_PDDGPU_INFO_DEVICE:
		return pddgpu_info_device(pdev, args);
	case DRM_PDDGPU_INFO_MEMORY:
		return pddgpu_info_memory(pdev, args);
	case DRM_PDDGPU_INFO_ENGINES:
		return pddgpu_info_engines(pdev, args);
	default:
		drm_dbg(dev, "unknown query %u\n", args->query);
		return -EINVAL;
	}
}
