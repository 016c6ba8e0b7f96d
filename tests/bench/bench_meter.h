/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _BENCH_METER_H_
#define _BENCH_METER_H_

#include <linux/types.h>

/**
 * struct bench_meter - what some work has cost
 *
 * One task's; no locking.
 */
struct bench_meter {
	/** @caller: instructions or ns in which the caller waited for it */
	u64 caller;
	/** @lap: of which before bench_meter_lap() */
	u64 lap;
	/** @background: ns that kernel threads have run because of it, or by chance */
	u64 background;
	/** @since: start of the part that is under way */
	u64 since;
	/** @threads: time of all kernel threads when @background was last added to */
	u64 threads;
};

/**
 * bench_meter_check() - See that the clock counts instructions
 *
 * Return: 0, or -ERANGE if a known loop takes an impossible number of cycles.
 */
int bench_meter_check(void);

/**
 * bench_meter_init() - Forget what was counted
 * @meter: the meter
 *
 * May sleep: returns when kernel threads have nothing left to do.
 */
void bench_meter_init(struct bench_meter *meter);

/**
 * bench_meter_reset() - Forget what was counted, and let nothing happen meanwhile
 * @meter: the meter, after bench_meter_init()
 */
void bench_meter_reset(struct bench_meter *meter);

/**
 * bench_meter_start() - Begin to count, undisturbed by other tasks
 * @meter: the meter
 */
void bench_meter_start(struct bench_meter *meter);

/**
 * bench_meter_lap() - Count what was done since the start by itself, too
 * @meter: the meter, which goes on
 */
void bench_meter_lap(struct bench_meter *meter);

/**
 * bench_meter_stop() - Cease to count what the caller does
 * @meter: the meter
 */
void bench_meter_stop(struct bench_meter *meter);

/**
 * bench_meter_settle() - Have done what was left for the background, and count that
 * @meter: the meter
 * @finish: does what would be done later, or NULL
 *
 * May sleep: returns when kernel threads have nothing left to do either.
 */
void bench_meter_settle(struct bench_meter *meter, void (*finish)(void));

#endif
