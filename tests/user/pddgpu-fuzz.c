// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Fuzzes the driver through all that a client can reach: see --help. */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

#define SECOND		1000000000ULL
#define LIFE_MIN_MS	100
#define LIFE_MAX_MS	12000
#define DEATH_SECONDS	60
#define SETTLE_SECONDS	30
/* What page tables of a victim may come to, more or less. */
#define TABLES_MAX	(128 * KIB)

/* test.h's: this program runs none of the tests, but uses what helps them. */
struct test_options test_options;

/* Where a process runs, one after the other. */
struct place {
	pid_t pid;
	u32 process;
	u64 kill_at;
	u64 killed;
};

/* What a card holds. */
struct usage {
	u64 vram;
	u64 gtt;
	u64 onchip;
};

static struct place places[FUZZ_MAX_PROCESSES];
static pid_t victims[FUZZ_MAX_CARDS];
static struct usage at_start[FUZZ_MAX_CARDS], with_victims[FUZZ_MAX_CARDS];
static pid_t presser;
static u32 next_process;
static u64 life_rng;
static int bus[2];

void test_fail(const char *file, int line, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fuzz_fail(NULL, "victim: %s:%d: %s", strrchr(file, '/') ? strrchr(file, '/') + 1 : file,
		  line, text);
}

static void die(const char *what)
{
	fprintf(stderr, "pddgpu-fuzz: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* --- Cards -------------------------------------------------------------- */

/* The primary node is the other one of the same PCI device. */
static bool find_primary(const struct pdd_dev *dev, struct fuzz_card *card)
{
	char path[64];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/class/drm/renderD%u/device/drm", dev->minor);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, "card", 4))
			snprintf(card->primary, sizeof(card->primary), "/dev/dri/%.16s",
				 entry->d_name);
	if (dir)
		closedir(dir);
	return *card->primary;
}

static void find_cards(void)
{
	struct pdd_dev dev;

	for (; fuzz_num_cards < FUZZ_MAX_CARDS && !pdd_open(&dev, fuzz_num_cards);
	     fuzz_num_cards++) {
		struct fuzz_card *card = &fuzz_cards[fuzz_num_cards];
		char path[80];

		snprintf(card->render, sizeof(card->render), "/dev/dri/renderD%u", dev.minor);
		if (!find_primary(&dev, card) || pdd_debugfs(&dev, "rings", path, sizeof(path)))
			die(card->render);
		snprintf(card->debugfs, sizeof(card->debugfs), "%.63s", dirname(path));
		card->info = dev.info;
		pdd_close(&dev);
	}
	if (!fuzz_num_cards) {
		errno = ENODEV;
		die("no card");
	}
}

static struct usage usage_now(unsigned int card)
{
	struct drm_pddgpu_info_memory mem = { 0 };
	struct usage u;
	struct pdd_dev dev;

	if (pdd_open(&dev, card) || pdd_memory(&dev, &mem))
		fuzz_fail(NULL, "card %u is gone", card);
	pdd_close(&dev);
	u.vram = mem.vram_used;
	u.gtt = mem.gtt_used;
	u.onchip = mem.gds_used + mem.gws_used + mem.oa_used;
	return u;
}

/* --- What fdinfo says --------------------------------------------------- */

static u64 fdinfo_bytes(const char *text, const char *what)
{
	const char *at = strstr(text, what);
	char unit[8] = "";
	u64 value = 0;

	if (at)
		sscanf(at + strlen(what), "%llu %7s", &value, unit);
	return value * (!strcmp(unit, "MiB") ? MIB : !strcmp(unit, "KiB") ? KIB : 1);
}

/* A process has one file of a card that counts here, if it is a victim. */
static void add_fdinfo(pid_t pid, struct usage *sum)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		char *text;

		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%.32s", pid, entry->d_name);
		text = read_text(path);
		if (text && strstr(text, "drm-driver:\tpddgpu")) {
			sum->vram += fdinfo_bytes(text, "drm-resident-vram:");
			sum->gtt += fdinfo_bytes(text, "drm-resident-gtt:");
		}
		free(text);
	}
	if (dir)
		closedir(dir);
}

/* What is in use beside what the victim's buffers are said to take. */
static struct usage usage_beside(unsigned int card)
{
	struct usage u = usage_now(card), victim = { 0 };

	add_fdinfo(victims[card], &victim);
	if (!victim.vram && !victim.gtt)
		fuzz_fail(NULL, "fdinfo knows nothing of the victim of card %u", card);
	u.vram -= victim.vram;
	u.gtt -= victim.gtt;
	return u;
}

static bool is_near(u64 a, u64 b, u64 by)
{
	return a - b <= by || b - a <= by;
}

/* Cards need time to clean up; what they hold must then be what they held, nearly. */
static void settle(struct usage (*now)(unsigned int card), const struct usage *before, u64 by,
		   const char *when)
{
	const u64 end = now_ns() + test_late_ns(SETTLE_SECONDS * SECOND);

	for (unsigned int i = 0; i < fuzz_num_cards; i++) {
		struct usage u = now(i);

		for (; !is_near(u.vram, before[i].vram, by) || u.gtt != before[i].gtt ||
		       u.onchip != before[i].onchip; u = now(i)) {
			if (now_ns() > end)
				fuzz_fail(NULL, "card %u %s: VRAM %llu -> %llu, GTT %llu -> %llu, on-chip %llu -> %llu",
					  i, when, before[i].vram, u.vram, before[i].gtt, u.gtt,
					  before[i].onchip, u.onchip);
			sleep_ms(20);
		}
	}
}

/* --- Processes ---------------------------------------------------------- */

static pid_t fork_child(void)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setpgid(0, 0);
	} else {
		setpgid(pid, pid); /* the child may not have come to run when it is killed */
	}
	return pid;
}

/* Files on their way from one process to another live as long as who could get them. */
static void close_bus(void)
{
	close(bus[0]);
	close(bus[1]);
}

static void start_process(unsigned int nth)
{
	static struct fuzz f;
	struct place *place = &places[nth];
	u64 life = LIFE_MIN_MS + random_next(&life_rng) % LIFE_MAX_MS;

	place->process = fuzz_options.only < 0 ? next_process++ : (u32)fuzz_options.only;
	place->kill_at = fuzz_options.only < 0 ? now_ns() + life * 1000000 : ~0ULL;
	place->killed = 0;
	place->pid = fork_child();
	if (place->pid)
		return;
	fuzz_start(&f, place->process, fuzz_shared->slots[nth], bus);
	fuzz_run(&f);
	fflush(stdout);
	_exit(0);
}

static void start_victims(void)
{
	fuzz_shared->quiet = 1;
	for (unsigned int i = 0; i < fuzz_num_cards; i++) {
		victims[i] = fork_child();
		if (!victims[i]) {
			prctl(PR_SET_NAME, "victim");
			close_bus();
			fuzz_victim(i);
			_exit(0);
		}
	}
}

static void clear_slots(unsigned int nth)
{
	for (u32 i = 0; i <= FUZZ_MAX_THREADS; i++)
		fuzz_shared->slots[nth][i].since = 0;
}

static void ended(unsigned int nth, int status)
{
	const struct place *place = &places[nth];

	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
		fuzz_fail(NULL, "process %u was killed by signal %d at step %u; replay: add --process %u to the options of the run",
			  place->process, WTERMSIG(status), fuzz_shared->slots[nth][0].step,
			  place->process);
	kill(-place->pid, SIGKILL); /* what it forked */
	clear_slots(nth);
	places[nth].pid = 0;
}

static void victim_ended(unsigned int card, int status)
{
	victims[card] = 0;
	if (status)
		fuzz_fail(NULL, "the victim of card %u ended with status %#x", card, status);
	if (!fuzz_shared->stop)
		fuzz_fail(NULL, "the victim of card %u ended by itself", card);
}

/* What processes forked comes here, too, when these are dead. */
static bool reap_one(void)
{
	int status;
	pid_t pid = waitpid(-1, &status, WNOHANG);

	if (pid <= 0)
		return false;
	for (unsigned int i = 0; i < FUZZ_MAX_PROCESSES; i++)
		if (places[i].pid == pid)
			ended(i, status);
	for (unsigned int i = 0; i < fuzz_num_cards; i++)
		if (victims[i] == pid)
			victim_ended(i, status);
	if (pid == presser)
		presser = 0;
	return true;
}

/* --- The watch ---------------------------------------------------------- */

static void print_stack(pid_t pid)
{
	char path[64], *text;

	snprintf(path, sizeof(path), "/proc/%d/stack", pid);
	text = read_text(path);
	printf("# stack of %d:\n%s", pid, text ? text : "unknown\n");
	free(text);
}

static void check_stuck(unsigned int nth, const struct fuzz_slot *slot)
{
	const u64 since = slot->since, now = now_ns();

	/* What died before its slot was cleared is no longer in there. */
	if (!since || slot->process != places[nth].process)
		return;
	if (now < since || now - since < (fuzz_options.bound + 5) * SECOND)
		return;
	print_stack(places[nth].pid);
	fuzz_fail(NULL, "process %u, thread %u, step %u: %s has not returned for %llu s",
		  slot->process, slot->thread, slot->step, fuzz_call_name(slot->call),
		  (now - since) / SECOND);
}

static void watch_place(unsigned int nth)
{
	struct place *place = &places[nth];

	if (!place->pid)
		return;
	for (u32 i = 0; i <= FUZZ_MAX_THREADS; i++)
		check_stuck(nth, &fuzz_shared->slots[nth][i]);
	if (!place->killed && now_ns() > place->kill_at) {
		kill(-place->pid, SIGKILL);
		place->killed = now_ns();
	}
	if (place->killed && now_ns() - place->killed > test_late_ns(DEATH_SECONDS * SECOND)) {
		print_stack(place->pid);
		fuzz_fail(NULL, "process %u, step %u, cannot be killed", place->process,
			  fuzz_shared->slots[nth][0].step);
	}
}

static void watch(void)
{
	while (reap_one())
		;
	for (unsigned int i = 0; i < FUZZ_MAX_PROCESSES; i++)
		watch_place(i);
	if (fuzz_shared->failed)
		exit(1);
	sleep_ms(5);
}

static void fuzz_until(u64 end)
{
	while (now_ns() < end) {
		for (unsigned int i = 0; i < fuzz_options.processes; i++)
			if (!places[i].pid)
				start_process(i);
		watch();
	}
}

/* Runs the one process that --process names to its end. */
static void replay(void)
{
	start_process(0);
	while (places[0].pid)
		watch();
	printf("# process %d: %llu steps, and nothing happened\n", fuzz_options.only,
	       (u64)fuzz_shared->steps);
}

static void kill_all(void)
{
	bool left = true;

	for (unsigned int i = 0; i < FUZZ_MAX_PROCESSES; i++)
		places[i].kill_at = 0;
	while (left) {
		left = false;
		watch();
		for (unsigned int i = 0; i < FUZZ_MAX_PROCESSES; i++)
			left |= places[i].pid;
	}
}

static void wait_paused(void)
{
	while (fuzz_shared->paused < (int)fuzz_num_cards)
		watch();
}

static void stop_victims(void)
{
	fuzz_shared->stop = 1;
	for (unsigned int i = 0; i < fuzz_num_cards; i++)
		while (victims[i])
			watch();
	while (presser)
		watch();
}

/* --- The run ------------------------------------------------------------ */

/* However it ends, it says what is known.  Children inherit this, and end past it. */
static void report(void)
{
	if (!fuzz_shared->failed || getpid() != fuzz_watcher)
		return;
	while (fuzz_shared->failed != 2)
		sleep_ms(1);
	printf("not ok - fuzz: %s\n", fuzz_shared->failure);
	for (unsigned int i = 0; i < FUZZ_MAX_PROCESSES; i++)
		if (places[i].pid)
			printf("# process %u was at step %u, %s\n", places[i].process,
			       fuzz_shared->slots[i][0].step,
			       fuzz_call_name(fuzz_shared->slots[i][0].call));
	fflush(stdout);
}

static void setup(void)
{
	fuzz_shared = mmap(NULL, sizeof(*fuzz_shared), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fuzz_shared == MAP_FAILED || socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, bus))
		die("setup");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	fuzz_watcher = getpid();
	life_rng = fuzz_options.seed;
	find_cards();
	atexit(report);
}

static void print_counts(void)
{
	for (unsigned int i = 0; i < FUZZ_NUM_CALLS; i++) {
		const struct fuzz_count *c = &fuzz_shared->counts[i];

		printf("# %-26s %8llu good %8llu bad, longest %8.1f ms\n", fuzz_call_name(i),
		       (u64)c->good, (u64)c->bad, c->longest / 1e6);
	}
}

static void summary(void)
{
	print_counts();
	printf("# %u processes, %llu steps, %llu jobs, %llu meant to hang, %llu SIGBUS, %llu rounds of the victims\n",
	       next_process, (u64)fuzz_shared->steps, (u64)fuzz_shared->jobs,
	       (u64)fuzz_shared->hangs, (u64)fuzz_shared->bus_errors, (u64)fuzz_shared->rounds);
	printf("ok - fuzz: seed %llu, %u s, %u cards\n", fuzz_options.seed, fuzz_options.seconds,
	       fuzz_num_cards);
}

/* A run that did not do anything has not shown anything. */
static void check_work(void)
{
	if (!fuzz_shared->steps || !fuzz_shared->rounds)
		fuzz_fail(NULL, "%llu steps and %llu rounds of the victims were done",
			  (u64)fuzz_shared->steps, (u64)fuzz_shared->rounds);
}

static void run(void)
{
	for (unsigned int i = 0; i < fuzz_num_cards; i++)
		at_start[i] = usage_now(i);
	start_victims();
	wait_paused();
	for (unsigned int i = 0; i < fuzz_num_cards; i++)
		with_victims[i] = usage_beside(i);
	fuzz_shared->quiet = 0;
	if (fuzz_options.pressure) {
		presser = fork_child();
		if (!presser) {
			close_bus();
			fuzz_pressure();
			_exit(0);
		}
	}
	if (fuzz_options.only < 0)
		fuzz_until(now_ns() + fuzz_options.seconds * SECOND);
	else
		replay();
	kill_all();
	close_bus();
	fuzz_shared->quiet = 1;
	wait_paused();
	settle(usage_beside, with_victims, TABLES_MAX, "holds what fdinfo does not know");
	stop_victims();
	settle(usage_now, at_start, 0, "has a leak");
	check_work();
}

static void usage(FILE *out)
{
	fputs("usage: pddgpu-fuzz [option...]\n"
	      "Makes right, nearly right and random calls in processes that come and go, beside\n"
	      "a victim on each card that must not notice.\n"
	      "  --seed N       where random numbers start (the time)\n"
	      "  --seconds N    how long (60)\n"
	      "  --processes N  at a time (4)\n"
	      "  --threads N    of those processes that have several (3)\n"
	      "  --bound N      seconds that a call may take (30, times $PDDGPU_SLOW and $PDDGPU_PATIENCE)\n"
	      "  --hangs N      one in N WAIT packets waits for ever, 0 for none (3000)\n"
	      "  --pressure     keep the guest's memory nearly full\n"
	      "to replay one process\n"
	      "  --process N    which; all else as in the run\n"
	      "  --steps N      end each stream after so many steps (20000)\n"
	      "  --trace        print every call and what it gave\n", out);
}

static bool parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "seconds", required_argument, NULL, 'S' },
		{ "processes", required_argument, NULL, 'P' },
		{ "threads", required_argument, NULL, 't' },
		{ "bound", required_argument, NULL, 'b' },
		{ "hangs", required_argument, NULL, 'H' },
		{ "pressure", no_argument, NULL, 'm' },
		{ "process", required_argument, NULL, 'p' },
		{ "steps", required_argument, NULL, 'n' },
		{ "trace", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct fuzz_options *o = &fuzz_options;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 's': o->seed = strtoull(optarg, NULL, 0); break;
		case 'S': o->seconds = strtoul(optarg, NULL, 0); break;
		case 'P': o->processes = strtoul(optarg, NULL, 0); break;
		case 't': o->threads = strtoul(optarg, NULL, 0); break;
		case 'b': o->bound = strtoul(optarg, NULL, 0); break;
		case 'H': o->hangs = strtoul(optarg, NULL, 0); break;
		case 'm': o->pressure = true; break;
		case 'p': o->only = strtol(optarg, NULL, 0); break;
		case 'n': o->steps = strtoul(optarg, NULL, 0); break;
		case 'v': o->trace = true; break;
		case 'h': usage(stdout); exit(0);
		default: return false;
		}
	}
	return optind == argc && o->processes && o->processes <= FUZZ_MAX_PROCESSES &&
	       o->threads && o->threads <= FUZZ_MAX_THREADS && o->bound && test_options.slow &&
	       test_options.patience;
}

/* Starts again with addresses that are the same in every run: they are arguments, too. */
static void fix_addresses(char **argv)
{
	int persona = personality(0xffffffff);

	if (persona & ADDR_NO_RANDOMIZE)
		return;
	personality(persona | ADDR_NO_RANDOMIZE);
	execv("/proc/self/exe", argv);
	die("/proc/self/exe");
}

int main(int argc, char **argv)
{
	fix_addresses(argv);
	test_read_factors();
	fuzz_options = (struct fuzz_options){
		.seed = (u64)time(NULL), .seconds = 60, .processes = 4, .threads = 3,
		.steps = 20000, .only = -1, .bound = test_late_ns(30), .hangs = 3000,
	};
	if (!parse(argc, argv)) {
		usage(stderr);
		return 2;
	}
	setup();
	printf("# pddgpu-fuzz --seed %llu --processes %u --threads %u --hangs %u, %u cards\n",
	       fuzz_options.seed, fuzz_options.processes, fuzz_options.threads, fuzz_options.hangs,
	       fuzz_num_cards);
	fflush(stdout);
	run();
	summary();
	return 0;
}
