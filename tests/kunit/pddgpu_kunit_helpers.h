/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_KUNIT_HELPERS_H_
#define _PDDGPU_KUNIT_HELPERS_H_

#include <linux/list.h>
#include <linux/prandom.h>
#include <linux/types.h>

#include <drm/ttm/ttm_device.h>
#include <drm/ttm/ttm_placement.h>
#include <drm/ttm/ttm_resource.h>

#include "../../pddgpu_map.h"

struct device;
struct kunit;

/**
 * struct pddgpu_kunit - what the memory managers need of a card
 */
struct pddgpu_kunit {
	/** @dev: a device that can do DMA */
	struct device *dev;
	/** @ttm: a TTM device whose callbacks move nothing */
	struct ttm_device ttm;
	/** @buffers: those that have a placement */
	struct list_head buffers;
};

/**
 * pddgpu_kunit_alloc() - Make the device; goes away with the test
 * @test: the test
 *
 * Return: the device; a failure ends the test.
 */
struct pddgpu_kunit *pddgpu_kunit_alloc(struct kunit *test);

/**
 * pddgpu_kunit_steps() - How many steps of a random test to take
 * @n: how many it were on a kernel without checks
 *
 * Return: @n, or a tenth of it with KASAN, where every step takes ten times as long.
 */
unsigned int pddgpu_kunit_steps(unsigned int n);

/**
 * pddgpu_kunit_place_alloc() - Ask a manager for a placement
 * @test: the test
 * @man: the manager
 * @size: bytes of the buffer
 * @align: its alignment, bytes
 * @place: where
 * @res: set on success; given back with pddgpu_kunit_place_free() or
 *       pddgpu_kunit_place_free_all()
 *
 * Return: what the manager returned.
 */
int pddgpu_kunit_place_alloc(struct kunit *test, struct ttm_resource_manager *man, u64 size,
			     u64 align, const struct ttm_place *place, struct ttm_resource **res);

/**
 * pddgpu_kunit_place_free() - Give a placement back
 * @man: its manager
 * @res: the placement
 */
void pddgpu_kunit_place_free(struct ttm_resource_manager *man, struct ttm_resource *res);

/**
 * pddgpu_kunit_place_free_all() - Give back what a test that failed has left
 * @man: a manager of the device; those of its others go as well
 */
void pddgpu_kunit_place_free_all(struct ttm_resource_manager *man);

/**
 * pddgpu_kunit_debug_value() - Read one line of a manager's dump
 * @test: the test
 * @man: the manager
 * @key: what stands before the colon
 *
 * Return: the number after it; U64_MAX if there is no such line.
 */
u64 pddgpu_kunit_debug_value(struct kunit *test, struct ttm_resource_manager *man,
			     const char *key);

/**
 * pddgpu_kunit_value_of() - Find a number in a dump
 * @dump: lines of the form "key: value"
 * @key: what stands before the colon
 *
 * Return: the number; U64_MAX if there is no such line.
 */
u64 pddgpu_kunit_value_of(const char *dump, const char *key);

/**
 * pddgpu_kunit_map() - Draw the map of a heap, and see that it is true
 * @test: the test
 * @man: the heap's manager
 * @draw: draws it
 * @map: the map; to be given to pddgpu_map_free()
 *
 * Blocks must follow on one another from the first byte of the heap to its last, and
 * add up to what the manager counts.  A failure to get memory ends the test.
 */
void pddgpu_kunit_map(struct kunit *test, struct ttm_resource_manager *man, pddgpu_map_fn draw,
		      struct pddgpu_map *map);

/**
 * pddgpu_kunit_seed() - Start a random sequence and print how to repeat it
 * @test: the test
 * @rnd: initialised
 *
 * The seed is the parameter pddgpu_kunit.random_seed if that is not 0.
 */
void pddgpu_kunit_seed(struct kunit *test, struct rnd_state *rnd);

#endif
