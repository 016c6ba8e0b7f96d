// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/timex.h>

#include "bench_meter.h"
#include "bench_profile.h"

/* Between two looks at the kernel threads, and what they run without having work */
#define METER_SETTLE_MS		20
#define METER_IDLE_NS		20000
#define METER_MAX_LOOKS		500

#define METER_CHECK_LOOPS	10000

/* Of a guest with a clock of instructions these; where no counter is, as on UML, ns */
static u64 meter_now(void)
{
	return get_cycles() ?: ktime_get_ns();
}

/* A thread that waits has its time up to date */
static u64 meter_threads(void)
{
	struct task_struct *task;
	u64 sum = 0;

	rcu_read_lock();
	for_each_process(task)
		if (task->flags & PF_KTHREAD)
			sum += READ_ONCE(task->se.sum_exec_runtime);
	rcu_read_unlock();

	return sum;
}

/* Returns the time of the threads once it hardly grows any more */
static u64 meter_quiet(void)
{
	u64 before, now = meter_threads();
	unsigned int i;

	for (i = 0; i < METER_MAX_LOOKS; i++) {
		before = now;
		msleep(METER_SETTLE_MS);
		now = meter_threads();
		if (now - before < METER_IDLE_NS)
			break;
	}

	return now;
}

int bench_meter_check(void)
{
	struct bench_meter meter = {};
	unsigned int i;

	bench_meter_start(&meter);
	for (i = 0; i < METER_CHECK_LOOPS; i++)
		barrier();
	bench_meter_stop(&meter);

	/* Two or three instructions a turn */
	if (meter.caller < METER_CHECK_LOOPS || meter.caller > 4 * METER_CHECK_LOOPS)
		return -ERANGE;
	return 0;
}

void bench_meter_init(struct bench_meter *meter)
{
	*meter = (struct bench_meter) { .threads = meter_quiet() };
}

void bench_meter_reset(struct bench_meter *meter)
{
	*meter = (struct bench_meter) { .threads = meter->threads };
}

static void meter_begin(struct bench_meter *meter, enum bench_profile_part part)
{
	sched_set_fifo(current);
	bench_profile_start(part);
	meter->since = meter_now();
}

void bench_meter_start(struct bench_meter *meter)
{
	meter_begin(meter, BENCH_PROFILE_FIRST);
}

void bench_meter_lap(struct bench_meter *meter)
{
	meter->lap += meter_now() - meter->since;
	bench_profile_start(BENCH_PROFILE_REST);
}

void bench_meter_stop(struct bench_meter *meter)
{
	meter->caller += meter_now() - meter->since;
	bench_profile_stop();
	sched_set_normal(current, 0);
}

void bench_meter_settle(struct bench_meter *meter, void (*finish)(void))
{
	struct bench_meter finishing = {};
	u64 now;

	/* Before a thread begins with it, whose time is not always as exact */
	meter_begin(&finishing, BENCH_PROFILE_BACKGROUND);
	if (finish)
		finish();
	bench_meter_stop(&finishing);

	now = meter_quiet();
	meter->background += finishing.caller + now - meter->threads;
	meter->threads = now;
}
