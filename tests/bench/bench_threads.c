// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include <drm/ttm/ttm_tt.h>

#include "bench_allocator.h"
#include "bench_threads.h"

/* How long it takes at least, and goes on until there are so many steps */
#define THREADS_MEASURE_MS	400
#define THREADS_MEASURE_STEPS	1024
#define THREADS_MEASURE_TRIES	100

struct bench_thread {
	const struct bench_allocator *bench;
	struct ttm_tt *tts;
	unsigned int num_tts;
	struct task_struct *task;
	struct completion warm;
	u64 steps;	/* by the thread; others may look */
};

static int thread_step(struct bench_thread *thread)
{
	unsigned int num, i;
	int err = 0;

	for (num = 0; num < thread->num_tts; num++) {
		err = thread->bench->alloc(&thread->tts[num]);
		if (err)
			break;
	}
	for (i = 0; i < num; i++)
		thread->bench->free(&thread->tts[i]);

	WRITE_ONCE(thread->steps, thread->steps + num);
	return err;
}

static int thread_run(void *data)
{
	struct bench_thread *thread = data;
	int err;

	/* What the pool does not have yet can take long: attributes are changed on all CPUs */
	err = thread_step(thread);
	complete(&thread->warm);
	while (!err && !kthread_should_stop()) {
		err = thread_step(thread);
		cond_resched();
	}

	return err;
}

static int threads_start(struct bench_thread *threads, unsigned int num)
{
	struct task_struct *task;
	unsigned int i;

	for (i = 0; i < num; i++) {
		init_completion(&threads[i].warm);
		task = kthread_create(thread_run, &threads[i], "bench/%u", i);
		if (IS_ERR(task))
			return PTR_ERR(task);
		/* It may end by itself */
		threads[i].task = get_task_struct(task);
		wake_up_process(task);
		wait_for_completion(&threads[i].warm);
	}

	return 0;
}

/* Those that were started; returns the first error of one */
static int threads_stop(struct bench_thread *threads, unsigned int num)
{
	int err = 0, result;
	unsigned int i;

	for (i = 0; i < num && threads[i].task; i++) {
		result = kthread_stop_put(threads[i].task);
		err = err ?: result;
	}

	return err;
}

static u64 threads_steps(const struct bench_thread *threads, unsigned int num)
{
	u64 steps = 0;
	unsigned int i;

	for (i = 0; i < num; i++)
		steps += READ_ONCE(threads[i].steps);

	return steps;
}

/* Enough of them pass even if the machine is busy with others, or a thread has failed */
static int threads_measure(const struct bench_thread *threads, unsigned int num, u64 *ns,
			   u64 *steps)
{
	u64 steps_before, ns_before;
	unsigned int i;

	ns_before = ktime_get_ns();
	steps_before = threads_steps(threads, num);
	for (i = 0; i < THREADS_MEASURE_TRIES; i++) {
		msleep(THREADS_MEASURE_MS);
		*ns = ktime_get_ns() - ns_before;
		*steps = threads_steps(threads, num) - steps_before;
		if (*steps >= THREADS_MEASURE_STEPS)
			return 0;
	}

	return -ETIMEDOUT;
}

int bench_threads_run(const struct bench_allocator *bench, struct ttm_tt *tts,
		      unsigned int num_threads, unsigned int num_tts, u64 *ns, u64 *steps)
{
	struct bench_thread *threads;
	unsigned int i;
	int err, result;

	threads = kcalloc(num_threads, sizeof(*threads), GFP_KERNEL);
	if (!threads)
		return -ENOMEM;
	for (i = 0; i < num_threads; i++) {
		threads[i].bench = bench;
		threads[i].tts = &tts[i * num_tts];
		threads[i].num_tts = num_tts;
	}

	err = threads_start(threads, num_threads);
	if (!err)
		err = threads_measure(threads, num_threads, ns, steps);
	result = threads_stop(threads, num_threads);
	kfree(threads);
	return result ?: err;
}
