/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _BENCH_THREADS_H_
#define _BENCH_THREADS_H_

#include <linux/types.h>

struct bench_allocator;
struct ttm_tt;

/**
 * bench_threads_run() - Have threads allocate and free buffers at the same time
 * @bench: the pool
 * @tts: empty buffers, @num_tts for each thread
 * @num_threads: how many threads, at least one
 * @num_tts: how many buffers a thread allocates before it frees them again
 * @ns: set to the time that was measured
 * @steps: set to the buffers that all threads together allocated and freed in it
 *
 * Each thread has been through its buffers once before it counts.  May sleep, for
 * about half a second, or longer if the threads hardly get to run.
 *
 * Return: 0, the first thread's error, or -ETIMEDOUT if 40 s were not enough
 * for some steps; no buffer is left allocated.
 */
int bench_threads_run(const struct bench_allocator *bench, struct ttm_tt *tts,
		      unsigned int num_threads, unsigned int num_tts, u64 *ns, u64 *steps);

#endif
