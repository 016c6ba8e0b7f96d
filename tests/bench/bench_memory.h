/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _BENCH_MEMORY_H_
#define _BENCH_MEMORY_H_

struct file;

/**
 * bench_memory_fragment() - Leave the system hardly any free page beside another
 *
 * Fills memory with pages that could be moved, and frees every other one.
 *
 * Return: what holds the rest until fput(), or an ERR_PTR().
 */
struct file *bench_memory_fragment(void);

/**
 * bench_memory_reclaim() - Have every shrinker free what it can
 *
 * Return: 0 or the error of writing to drop_caches.
 */
int bench_memory_reclaim(void);

#endif
