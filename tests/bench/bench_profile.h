/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _BENCH_PROFILE_H_
#define _BENCH_PROFILE_H_

#include <linux/errno.h>

/**
 * enum bench_profile_part - what instructions are counted for
 */
enum bench_profile_part {
	/** @BENCH_PROFILE_FIRST: the caller's work, up to its lap if it has one */
	BENCH_PROFILE_FIRST,
	/** @BENCH_PROFILE_REST: the caller's work after its lap */
	BENCH_PROFILE_REST,
	/** @BENCH_PROFILE_BACKGROUND: what is left to the background */
	BENCH_PROFILE_BACKGROUND,
	/** @BENCH_PROFILE_PARTS: how many there are */
	BENCH_PROFILE_PARTS,
};

#ifdef CONFIG_X86
/**
 * bench_profile_init() - Count instructions from now on
 *
 * The processor traps after each instruction between bench_profile_start() and
 * bench_profile_stop(), which takes a thousand others.  There is one processor.  To be
 * read in the file pddgpu_bench_profile of debugfs: a line "FIRST REST BACKGROUND
 * SYMBOL+OFFSET/SIZE [MODULE]" for each instruction that was run.
 *
 * Return: 0 or -ENOMEM.
 */
int bench_profile_init(void);

/**
 * bench_profile_fini() - Undo bench_profile_init(), if it was called
 */
void bench_profile_fini(void);

/**
 * bench_profile_reset() - Forget what was counted
 */
void bench_profile_reset(void);

/**
 * bench_profile_start() - Count the caller's instructions from here
 * @part: for what; may be called again, to change that
 *
 * Does nothing without bench_profile_init().  Interrupts are not counted, nor is what
 * follows once another task was run in between.
 */
void bench_profile_start(enum bench_profile_part part);

/**
 * bench_profile_stop() - Count no more
 */
void bench_profile_stop(void);
#else
/* No processor to trap */
static inline int bench_profile_init(void)
{
	return -EOPNOTSUPP;
}

static inline void bench_profile_fini(void) {}
static inline void bench_profile_reset(void) {}
static inline void bench_profile_start(enum bench_profile_part part) {}
static inline void bench_profile_stop(void) {}
#endif

#endif
