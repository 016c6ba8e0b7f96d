// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/test.h>
#include <linux/device.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_kunit_helpers.h>
#include <drm/drm_print.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_tt.h>

#include "pddgpu_kunit_helpers.h"

static unsigned int random_seed;
module_param(random_seed, uint, 0444);
MODULE_PARM_DESC(random_seed, "Seed of the random tests, 0 (default): a new one each time");

/* A buffer, of which managers look at no more than its size and alignment */
struct kunit_buffer {
	struct ttm_buffer_object bo;
	struct ttm_resource *res;
	struct list_head link;
};

/* Dumps in tests are a page or so */
#define DUMP_SIZE	8192

static struct ttm_tt *kunit_tt_create(struct ttm_buffer_object *bo, uint32_t page_flags)
{
	return NULL;
}

static void kunit_tt_destroy(struct ttm_device *bdev, struct ttm_tt *tt)
{
}

static void kunit_evict_flags(struct ttm_buffer_object *bo, struct ttm_placement *placement)
{
	placement->num_placement = 0;
}

static int kunit_move(struct ttm_buffer_object *bo, bool evict, struct ttm_operation_ctx *ctx,
		      struct ttm_resource *new_mem, struct ttm_place *hop)
{
	return -EOPNOTSUPP;
}

static struct ttm_device_funcs kunit_ttm_funcs = {
	.ttm_tt_create = kunit_tt_create,
	.ttm_tt_destroy = kunit_tt_destroy,
	.eviction_valuable = ttm_bo_eviction_valuable,
	.evict_flags = kunit_evict_flags,
	.move = kunit_move,
};

static void kunit_ttm_fini(void *ttm)
{
	ttm_device_fini(ttm);
}

struct pddgpu_kunit *pddgpu_kunit_alloc(struct kunit *test)
{
	struct pddgpu_kunit *k;
	struct drm_device *drm;

	k = kunit_kzalloc(test, sizeof(*k), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, k);
	INIT_LIST_HEAD(&k->buffers);

	k->dev = drm_kunit_helper_alloc_device(test);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, k->dev);
	k->dev->coherent_dma_mask = DMA_BIT_MASK(64);

	drm = __drm_kunit_helper_alloc_drm_device(test, k->dev, sizeof(*drm), 0, DRIVER_GEM);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, drm);

	KUNIT_ASSERT_EQ(test, ttm_device_init(&k->ttm, &kunit_ttm_funcs, k->dev,
					      drm->anon_inode->i_mapping, drm->vma_offset_manager,
					      false, false), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, kunit_ttm_fini, &k->ttm), 0);

	return k;
}

int pddgpu_kunit_place_alloc(struct kunit *test, struct ttm_resource_manager *man, u64 size,
			     u64 align, const struct ttm_place *place, struct ttm_resource **res)
{
	struct pddgpu_kunit *k = container_of(man->bdev, struct pddgpu_kunit, ttm);
	struct kunit_buffer *buffer;
	int err;

	buffer = kzalloc(sizeof(*buffer), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, buffer);
	buffer->bo.bdev = man->bdev;
	buffer->bo.base.size = size;
	buffer->bo.page_alignment = align >> PAGE_SHIFT;

	err = man->func->alloc(man, &buffer->bo, place, res);
	if (err) {
		kfree(buffer);
		return err;
	}

	buffer->res = *res;
	list_add(&buffer->link, &k->buffers);
	return 0;
}

void pddgpu_kunit_place_free(struct ttm_resource_manager *man, struct ttm_resource *res)
{
	struct kunit_buffer *buffer = container_of(res->bo, struct kunit_buffer, bo);

	man->func->free(man, res);
	list_del(&buffer->link);
	kfree(buffer);
}

void pddgpu_kunit_place_free_all(struct ttm_resource_manager *man)
{
	struct pddgpu_kunit *k = container_of(man->bdev, struct pddgpu_kunit, ttm);
	struct kunit_buffer *buffer, *next;

	list_for_each_entry_safe(buffer, next, &k->buffers, link)
		pddgpu_kunit_place_free(ttm_manager_type(man->bdev, buffer->res->mem_type),
					buffer->res);
}

void pddgpu_kunit_map(struct kunit *test, struct ttm_resource_manager *man, pddgpu_map_fn draw,
		      struct pddgpu_map *map)
{
	u64 bytes[PDDGPU_MAP_RESERVED + 1] = {}, visible_used = 0, pos;
	const struct pddgpu_map_block *block;

	*map = (struct pddgpu_map) {};
	KUNIT_ASSERT_EQ(test, pddgpu_map_take(map, man, draw), 0);
	KUNIT_EXPECT_LE(test, map->count, map->max);

	pos = map->start;
	for (block = map->blocks; block < map->blocks + map->count; block++) {
		KUNIT_EXPECT_EQ(test, block->start, pos);
		KUNIT_EXPECT_GT(test, block->size, 0);
		bytes[block->state] += block->size;
		if (block->state == PDDGPU_MAP_USED && block->start < map->visible)
			visible_used += block->size;
		pos += block->size;
	}

	KUNIT_EXPECT_EQ(test, pos, map->end);
	KUNIT_EXPECT_EQ(test, bytes[PDDGPU_MAP_USED], map->used);
	KUNIT_EXPECT_EQ(test, bytes[PDDGPU_MAP_CLEANING], map->cleaning);
	KUNIT_EXPECT_EQ(test, bytes[PDDGPU_MAP_RESERVED], map->reserved);
	KUNIT_EXPECT_EQ(test, visible_used, map->visible_used);
}

u64 pddgpu_kunit_value_of(const char *dump, const char *key)
{
	size_t len = strlen(key);
	const char *line;
	u64 value;

	for (line = dump; line; line = strchr(line, '\n')) {
		line = skip_spaces(line);
		if (!strncmp(line, key, len) && sscanf(line + len, ": %llu", &value) == 1)
			return value;
	}

	return U64_MAX;
}

u64 pddgpu_kunit_debug_value(struct kunit *test, struct ttm_resource_manager *man,
			     const char *key)
{
	struct drm_print_iterator iter = { .remain = DUMP_SIZE - 1 };
	struct drm_printer p = drm_coredump_printer(&iter);

	iter.data = kunit_kzalloc(test, DUMP_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, iter.data);
	ttm_resource_manager_debug(man, &p);

	return pddgpu_kunit_value_of(iter.data, key);
}

unsigned int pddgpu_kunit_steps(unsigned int n)
{
	return IS_ENABLED(CONFIG_KASAN) ? n / 10 : n;
}

void pddgpu_kunit_seed(struct kunit *test, struct rnd_state *rnd)
{
	unsigned int seed = random_seed ?: get_random_u32();

	kunit_info(test, "random_seed=%u", seed);
	prandom_seed_state(rnd, seed);
}

MODULE_DESCRIPTION("KUnit tests for pddgpu");
MODULE_LICENSE("Dual MIT/GPL");
/* MODULE_IMPORT_NS() takes a bare word in some kernels and a string in others */
MODULE_INFO(import_ns, "EXPORTED_FOR_KUNIT_TESTING");
