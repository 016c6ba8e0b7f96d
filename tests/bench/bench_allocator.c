// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mmzone.h>
#include <linux/string.h>

#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_pool.h>
#include <drm/ttm/ttm_tt.h>

#include "../../pddgpu_pool.h"
#include "bench_allocator.h"
#include "bench_ttm.h"

static struct ttm_operation_ctx allocator_ctx;

/* --- Ours --- */

static struct pddgpu_pool our_pool;

static int our_init(void)
{
	int err;

	err = pddgpu_pool_init(&our_pool, NULL, 0);
	if (err)
		return err;
	err = pddgpu_pool_start(&our_pool, NULL);
	if (err)
		pddgpu_pool_fini(&our_pool);

	return err;
}

static void our_fini(void)
{
	pddgpu_pool_fini(&our_pool);
}

static int our_alloc(struct ttm_tt *tt)
{
	return pddgpu_pool_alloc(&our_pool, tt, &allocator_ctx);
}

static void our_free(struct ttm_tt *tt)
{
	pddgpu_pool_free(&our_pool, tt);
}

static void our_finish(void)
{
	pddgpu_pool_clean(&our_pool);
}

static void our_empty(void)
{
	pddgpu_pool_empty(&our_pool);
}

static unsigned long our_kept(void)
{
	return pddgpu_pool_bytes(&our_pool) >> PAGE_SHIFT;
}

/* --- Upstream's --- */

/* Of a node, so that it has lists of its own and ttm_pool_fini() empties them */
#define TTM_POOL_NODE	0

static struct ttm_pool ttm_pool;

static int ttm_init(void)
{
	int err;

	err = bench_ttm_init();
	if (!err)
		ttm_pool_init(&ttm_pool, NULL, TTM_POOL_NODE, false, false);

	return err;
}

static void ttm_fini(void)
{
	ttm_pool_fini(&ttm_pool);
	bench_ttm_fini();
}

static int ttm_alloc(struct ttm_tt *tt)
{
	return ttm_pool_alloc(&ttm_pool, tt, &allocator_ctx);
}

static void ttm_free(struct ttm_tt *tt)
{
	ttm_pool_free(&ttm_pool, tt);
}

static void ttm_empty(void)
{
	ttm_pool_fini(&ttm_pool);
	ttm_pool_init(&ttm_pool, NULL, TTM_POOL_NODE, false, false);
}

static unsigned long ttm_kept(void)
{
	unsigned long num_pages = 0;
	unsigned int caching, order;
	struct ttm_pool_type *type;

	for (caching = 0; caching < TTM_NUM_CACHING_TYPES; caching++)
		for (order = 0; order < NR_PAGE_ORDERS; order++) {
			type = &ttm_pool.caching[caching].orders[order];
			/* Cached ones are not pooled, and have no list */
			if (type->pool)
				num_pages += list_count_nodes(&type->pages) << order;
		}

	return num_pages;
}

static const struct bench_allocator allocators[] = {
	{
		.name = "pddgpu",
		.init = our_init,
		.fini = our_fini,
		.alloc = our_alloc,
		.free = our_free,
		.finish = our_finish,
		.empty = our_empty,
		.kept = our_kept,
	},
	{
		.name = "ttm",
		.init = ttm_init,
		.fini = ttm_fini,
		.alloc = ttm_alloc,
		.free = ttm_free,
		.empty = ttm_empty,
		.kept = ttm_kept,
	},
};

int bench_allocator_init_all(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(allocators); i++) {
		err = allocators[i].init();
		if (err) {
			while (i--)
				allocators[i].fini();
			return err;
		}
	}

	return 0;
}

void bench_allocator_fini_all(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(allocators); i++)
		allocators[i].fini();
}

const struct bench_allocator *bench_allocator_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(allocators); i++)
		if (!strcmp(allocators[i].name, name))
			return &allocators[i];

	return NULL;
}
