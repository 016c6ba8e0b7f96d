// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A process of pddgpu-fuzz: its streams, what they fork, its threads. */
#include "fuzz.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_CHILD_STEPS	30
#define WARM_UP_STEPS	100
#define FORK_CHANCE	400
#define ALARM_MAX_US	3000

static const struct fuzz_steps *const all_steps[] = {
	&fuzz_driver_steps, &fuzz_core_steps, &fuzz_memory_steps, &fuzz_look_steps, &fuzz_fd_steps,
};

/* --- Steps -------------------------------------------------------------- */

/* The numbers of a step depend on nothing but which one it is. */
static void begin_step(struct fuzz *f)
{
	char name[16];

	f->rng = f->seed + f->step * 0xd1342543de82ef95ULL;
	fuzz_u64(f);
	f->slot->process = f->process;
	f->slot->thread = f->thread;
	f->slot->step = f->step;
	/* So that the kernel's log says who did it. */
	snprintf(name, sizeof(name), "%u.%u/%u", f->process % 10000, f->thread, f->step % 1000000);
	prctl(PR_SET_NAME, name);
	fuzz_shared->steps++;
}

static const struct fuzz_step *pick_step(struct fuzz *f)
{
	static unsigned int total;
	unsigned int at;

	if (!total) {
		unsigned int sum = 0;

		for (size_t i = 0; i < ARRAY_SIZE(all_steps); i++)
			for (size_t j = 0; j < all_steps[i]->count; j++)
				sum += all_steps[i]->steps[j].weight;
		total = sum;
	}
	at = (unsigned int)fuzz_below(f, total);
	for (size_t i = 0; i < ARRAY_SIZE(all_steps); i++)
		for (size_t j = 0; j < all_steps[i]->count; j++) {
			if (at < all_steps[i]->steps[j].weight)
				return &all_steps[i]->steps[j];
			at -= all_steps[i]->steps[j].weight;
		}
	abort();
}

static struct fuzz_file *pick_file(struct fuzz *f)
{
	struct fuzz_file *file = &f->files[fuzz_below(f, FUZZ_FILES)];

	/* Most of what happens, happens in the first two. */
	if (fuzz_chance(f, 2))
		file = &f->files[fuzz_below(f, 2)];
	if (file->fd < 0)
		fuzz_file_open(f, file);
	return file;
}

static void open_gate(struct fuzz *f)
{
	const u32 open = 1;

	if (!f->gate || f->step < f->gate)
		return;
	f->gate = 0;
	fuzz_guarded_copy(f, f->gate_at, &open, sizeof(open));
}

/* One signal a step: calls that start again each time still come to their ends. */
static void set_alarm(struct fuzz *f)
{
	const struct itimerval timer = { .it_value.tv_usec = 1 + (long)fuzz_below(f, ALARM_MAX_US) };

	if (f->alarms)
		setitimer(ITIMER_REAL, &timer, NULL);
}

static void take_step(struct fuzz *f)
{
	const struct fuzz_step *step;
	struct fuzz_file *file;

	begin_step(f);
	set_alarm(f);
	open_gate(f);
	file = pick_file(f);
	if (file->fd < 0)
		return;
	step = pick_step(f);
	if (fuzz_options.trace)
		printf("%u.%u/%u --- %s\n", f->process, f->thread, f->step, step->name);
	step->run(f, file);
}

/* --- Children ----------------------------------------------------------- */

static void share_all(struct fuzz *f)
{
	for (u32 i = 0; i < FUZZ_FILES; i++)
		f->files[i].shared = true;
}

/* Goes on with the files and mappings of its parent, for a while. */
static void child_main(struct fuzz *f)
{
	u32 steps = 1 + (u32)fuzz_below(f, MAX_CHILD_STEPS);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == 1)
		_exit(0);
	f->slot += FUZZ_MAX_THREADS;
	f->seed = fuzz_u64(f);
	f->forked = true;
	f->racy = true;
	f->alarms = false;
	f->gate = 0;
	f->child = 0;
	while (steps--) {
		f->step++;
		take_step(f);
	}
	f->slot->since = 0;
	if (fuzz_chance(f, 2))
		raise(SIGKILL);
	_exit(0);
}

static void reap_child(struct fuzz *f)
{
	int status;

	if (!f->child)
		return;
	while (waitpid(f->child, &status, 0) < 0 && errno == EINTR)
		;
	f->child = 0;
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
		fuzz_fail(f, "what it forked was killed by signal %d", WTERMSIG(status));
}

static void maybe_fork(struct fuzz *f)
{
	pid_t pid;

	if (f->forked || f->thread || f->racy || !fuzz_chance(f, FORK_CHANCE))
		return;
	reap_child(f);
	share_all(f);
	fflush(NULL);
	fuzz_begin(f, FUZZ_FORK);
	pid = fork();
	if (!pid)
		child_main(f);
	if (!fuzz_end(f, NULL, pid < 0 ? -errno : 0, FUZZ_ANY))
		f->child = pid;
	if (fuzz_chance(f, 2))
		reap_child(f);
}

static void run_stream(struct fuzz *f, u32 steps)
{
	while (f->step < steps) {
		take_step(f);
		maybe_fork(f);
		f->step++;
	}
	reap_child(f);
}

/* --- Threads ------------------------------------------------------------ */

static void *thread_main(void *arg)
{
	struct fuzz *f = arg;

	run_stream(f, fuzz_options.steps);
	return NULL;
}

static u8 *make_scratch(void)
{
	u8 *at = mmap(NULL, FUZZ_SCRATCH + PDD_PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED || mprotect(at + FUZZ_SCRATCH, PDD_PAGE, PROT_NONE))
		abort();
	return at;
}

/* Has all that the first one has, but for mappings, which the first one unmaps. */
static void start_thread(struct fuzz *t, const struct fuzz *f, u32 nth, pthread_t *thread)
{
	*t = *f;
	t->thread = nth;
	t->seed = f->seed + nth * 0x2545f4914f6cdd1dULL;
	t->slot = f->slot + nth;
	t->scratch = make_scratch();
	memset(t->maps, 0, sizeof(t->maps));
	for (u32 i = 0; i < FUZZ_FDS; i++)
		t->fds[i] = -1;
	if (pthread_create(thread, NULL, thread_main, t))
		abort();
}

static void run_threads(struct fuzz *f)
{
	static struct fuzz streams[FUZZ_MAX_THREADS];
	pthread_t threads[FUZZ_MAX_THREADS];

	run_stream(f, WARM_UP_STEPS);
	share_all(f);
	f->racy = true;
	for (u32 i = 1; i < fuzz_options.threads; i++)
		start_thread(&streams[i], f, i, &threads[i]);
	run_stream(f, fuzz_options.steps);
	for (u32 i = 1; i < fuzz_options.threads; i++)
		pthread_join(threads[i], NULL);
}

/* --- All of it ---------------------------------------------------------- */

void fuzz_start(struct fuzz *f, u32 process, struct fuzz_slot *slots, const int bus[2])
{
	*f = (struct fuzz){
		.process = process,
		.slot = slots,
		.scratch = make_scratch(),
		.bus = { bus[0], bus[1] },
	};
	f->rng = fuzz_options.seed + process * 0x9fb21c651e98df25ULL;
	f->seed = fuzz_u64(f);
	for (u32 i = 0; i < FUZZ_FILES; i++)
		f->files[i].fd = -1;
	for (u32 i = 0; i < FUZZ_FDS; i++)
		f->fds[i] = -1;
	fuzz_catch_faults();
}

/* Half of them are alone; of the others some have threads, some are interrupted. */
void fuzz_run(struct fuzz *f)
{
	u64 kind = fuzz_below(f, 4);

	f->alarms = kind == 1;
	if (kind == 0 && fuzz_options.threads > 1)
		run_threads(f);
	else
		run_stream(f, fuzz_options.steps);
}
