// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <drm/drm_vma_manager.h>
#include <drm/ttm/ttm_device.h>

#include "bench_ttm.h"

static struct drm_vma_offset_manager ttm_vma_manager;
static struct ttm_device_funcs ttm_funcs;
static struct ttm_device ttm_bdev;

/* The ttm_pool of ttm.ko, which starts what its pools share with the first device */
int bench_ttm_init(void)
{
	return ttm_device_init(&ttm_bdev, &ttm_funcs, NULL, NULL, &ttm_vma_manager, false, false);
}

void bench_ttm_fini(void)
{
	ttm_device_fini(&ttm_bdev);
}
