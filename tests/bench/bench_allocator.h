/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _BENCH_ALLOCATOR_H_
#define _BENCH_ALLOCATOR_H_

struct ttm_tt;

/**
 * struct bench_allocator - one of the pools that are compared
 *
 * All functions may sleep.  None may run beside another, but for alloc() and free().
 */
struct bench_allocator {
	/** @name: as in a cell */
	const char *name;
	/** @init: start the pool; 0 or an error */
	int (*init)(void);
	/** @fini: end the pool; nothing is handed out any more */
	void (*fini)(void);
	/** @alloc: populate a ttm_tt; 0 or an error */
	int (*alloc)(struct ttm_tt *tt);
	/** @free: take its pages back */
	void (*free)(struct ttm_tt *tt);
	/** @finish: do what the pool has left to do in the background; NULL if it never has */
	void (*finish)(void);
	/** @empty: give all pages that the pool keeps to the system */
	void (*empty)(void);
	/** @kept: pages that the pool keeps */
	unsigned long (*kept)(void);
};

/**
 * bench_allocator_init_all() - Start all pools
 *
 * Return: 0, or the error of the one that did not start; then none is there.
 */
int bench_allocator_init_all(void);

/**
 * bench_allocator_fini_all() - End all pools
 */
void bench_allocator_fini_all(void);

/**
 * bench_allocator_find() - Find a pool by its name
 * @name: "ttm" or "pddgpu"
 *
 * Return: the pool, or NULL.
 */
const struct bench_allocator *bench_allocator_find(const char *name);

#endif
