// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The ttm_pool.c of the kernel that this is built for, a second time.  It pools pages
 * on x86 only, which User Mode Linux is not: here it takes it for one.  No page has
 * caching attributes there, so to change them is nothing, as it is for our pool.
 */

/* What it exports stays in this module */
#define __DISABLE_EXPORTS

#include <linux/debugfs.h>
#include <linux/dma-mapping.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/mm.h>

#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_pool.h>
#include <drm/ttm/ttm_tt.h>

#include "bench_ttm.h"

/* Stands for <asm/set_memory.h>, whose guard this is */
#define _ASM_X86_SET_MEMORY_H

static void set_pages_wb(struct page *page, int num_pages)
{
}

static int set_pages_array_wc(struct page **pages, int num_pages)
{
	return 0;
}

static int set_pages_array_uc(struct page **pages, int num_pages)
{
	return 0;
}

/* There is another pool with a parameter of this name */
#define page_pool_size	ttm_page_pool_size

#define CONFIG_X86	1
#include <ttm_pool.c>

int bench_ttm_init(void)
{
	return ttm_pool_mgr_init(totalram_pages() / 2);
}

void bench_ttm_fini(void)
{
	ttm_pool_mgr_fini();
}
