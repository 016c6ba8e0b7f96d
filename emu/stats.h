/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef EMU_STATS_H
#define EMU_STATS_H

#include <stdatomic.h>
#include <stdint.h>

#include "bits.h"

/**
 * struct stats - the counters of one engine
 * @count: indexed by PDDGPU_STAT_*; one thread adds, any may read
 */
struct stats {
	_Atomic uint64_t count[PDDGPU_NUM_STATS];
};

/**
 * stats_add() - Count
 * @stats: counters of the engine whose thread calls
 * @which: PDDGPU_STAT_*
 * @n: how many
 *
 * A load and a store rather than an atomic addition: there is one writer, and
 * this runs once a translated page.
 */
static inline void stats_add(struct stats *stats, unsigned int which, uint64_t n)
{
	uint64_t old = atomic_load_explicit(&stats->count[which], memory_order_relaxed);

	atomic_store_explicit(&stats->count[which], old + n, memory_order_relaxed);
}

#endif
