/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _BENCH_TTM_H_
#define _BENCH_TTM_H_

/**
 * bench_ttm_init() - Have what all ttm_pools share: the limit and the shrinker
 *
 * Return: 0 or an error.
 */
int bench_ttm_init(void);

/**
 * bench_ttm_fini() - Undo bench_ttm_init(); no ttm_pool is left
 */
void bench_ttm_fini(void);

#endif
