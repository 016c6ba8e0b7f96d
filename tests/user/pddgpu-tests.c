// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Runs the end-to-end tests: see --help. */
#include "test.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define USUAL_TIMEOUT	30 /* seconds */
#define LEAK_WAIT_NS	5000000000ULL
#define REAP_NS		20000000000ULL
#define MAX_CARDS	8

struct test_options test_options = { .module = "/pddgpu.ko", .seed = 1, .deaths = 1 };

/* The module's own tests come late: they leave a freshly loaded driver.  Then cards die. */
static const struct test_group *const groups[] = {
	&info_tests, &gem_tests, &mmap_tests, &vm_tests, &ctx_tests, &cs_tests, &packet_tests,
	&badinput_tests, &badpacket_tests, &evict_tests, &pool_tests, &isolation_tests,
	&reach_tests, &stale_tests, &node_tests, &hang_tests, &hostile_tests, &irq_tests,
	&coredump_tests, &reset_tests, &wedged_tests, &debugfs_tests, &look_tests, &clean_tests,
	&vram_tests, &madvise_tests, &onchip_tests, &memmap_tests,
	&twocards_tests, &module_tests, &failnth_tests, &failnth_paths_tests, &death_tests,
};

static int report_fd;

void test_fail(const char *file, int line, const char *format, ...)
{
	char text[512];
	va_list args;
	int n = snprintf(text, sizeof(text), "%s:%d: ",
			 strrchr(file, '/') ? strrchr(file, '/') + 1 : file, line);

	va_start(args, format);
	n += vsnprintf(text + n, sizeof(text) - n - 1, format, args);
	va_end(args);
	if (n > (int)sizeof(text) - 2)
		n = sizeof(text) - 2;
	strcpy(text + n, "\n");
	if (write(report_fd, text, strlen(text)) < 0)
		abort();
	_exit(1);
}

/* What the cards hold when no test runs.  Compared as bytes, so there are no holes. */
struct usage {
	u64 cards;
	u64 vram[MAX_CARDS];
	u64 gtt[MAX_CARDS];
	u64 onchip[MAX_CARDS];
};

static struct usage usage_now(void)
{
	struct usage u = { 0 };
	struct pdd_dev dev;

	for (; u.cards < MAX_CARDS && !pdd_open(&dev, u.cards); u.cards++) {
		struct drm_pddgpu_info_memory mem = { 0 };

		pdd_memory(&dev, &mem);
		u.vram[u.cards] = mem.vram_used;
		u.gtt[u.cards] = mem.gtt_used;
		u.onchip[u.cards] = mem.gds_used + mem.gws_used + mem.oa_used;
		pdd_close(&dev);
	}
	return u;
}

/* Waits until the cards hold what they held, or have had the time to. */
static struct usage usage_settled(const struct usage *before)
{
	const u64 end = now_ns() + test_late_ns(LEAK_WAIT_NS);
	struct usage now = usage_now();

	for (; memcmp(before, &now, sizeof(now)) && now_ns() < end; now = usage_now())
		sleep_ms(20);
	return now;
}

/* Says what differs. */
static bool leaked(const struct usage *before, const struct usage *now, char *why, size_t size)
{
	if (now->cards != before->cards) {
		snprintf(why, size, "there were %llu cards, now %llu", before->cards, now->cards);
		return true;
	}
	for (unsigned int i = 0; i < now->cards; i++)
		if (now->vram[i] != before->vram[i] || now->gtt[i] != before->gtt[i] ||
		    now->onchip[i] != before->onchip[i]) {
			snprintf(why, size, "card %u leaks: VRAM %llu -> %llu, GTT %llu -> %llu, on-chip %llu -> %llu",
				 i, before->vram[i], now->vram[i], before->gtt[i], now->gtt[i],
				 before->onchip[i], now->onchip[i]);
			return true;
		}
	return false;
}

/* What tests change for the whole machine: each of them finds it as the first one did. */
static const char *const setting_files[] = {
	"/sys/module/pddgpu/parameters/job_max_ms",
	"/sys/module/pddgpu/parameters/job_timeout_ms",
	"/sys/module/pddgpu/parameters/page_pool_size",
	"/sys/module/pddgpu/parameters/page_pool_clean_delay",
	"/sys/module/pddgpu/parameters/vram_clean_delay",
	"/sys/module/ttm/parameters/pages_limit",
};

struct settings {
	char *text[ARRAY_SIZE(setting_files)];
};

/* None of a driver that is not loaded */
static struct settings settings_now(void)
{
	struct settings s;

	for (size_t i = 0; i < ARRAY_SIZE(setting_files); i++)
		s.text[i] = read_text(setting_files[i]);
	return s;
}

/* However the test has ended. */
static void settings_restore(struct settings *before)
{
	for (size_t i = 0; i < ARRAY_SIZE(setting_files); i++) {
		if (before->text[i] && !access(setting_files[i], W_OK))
			write_text(setting_files[i], before->text[i]);
		free(before->text[i]);
	}
}

static void run_child(const struct test *test, int report)
{
	setpgid(0, 0);
	report_fd = report;
	fflush(NULL);
	test->run(test->arg);
	_exit(0);
}

/* Waits for the end of the pipe's last writer, or for the timeout. */
static bool wait_report(int report, unsigned int seconds, char *why, size_t size)
{
	const u64 end = now_ns() + seconds * 1000000000ULL;
	struct pollfd p = { .fd = report, .events = POLLIN };
	size_t have = 0;

	for (;;) {
		u64 now = now_ns();
		ssize_t n;

		if (now >= end || poll(&p, 1, (end - now) / 1000000 + 1) <= 0)
			return false;
		n = read(report, why + have, size - 1 - have);
		if (n <= 0)
			return true;
		have += n;
		why[have] = 0;
	}
}

/* A process that is stuck in the kernel does not die, and must not stop the suite. */
static bool reap(pid_t pid, int *status)
{
	const u64 end = now_ns() + test_late_ns(REAP_NS);

	kill(-pid, SIGKILL);
	while (!waitpid(pid, status, WNOHANG)) {
		if (now_ns() > end)
			return false;
		sleep_ms(1);
	}
	return true;
}

/* How the child ended; what the first process to fail said counts. */
static bool ended_badly(int status, char *why, size_t size)
{
	why[strcspn(why, "\n")] = 0;
	if (*why)
		return true;
	if (WIFSIGNALED(status))
		snprintf(why, size, "killed by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status))
		snprintf(why, size, "ended with status %d", WEXITSTATUS(status));
	return *why;
}

static bool run_isolated(const struct test *test, char *why, size_t size)
{
	const unsigned int timeout =
		test_late_ns(test->timeout ? test->timeout : USUAL_TIMEOUT);
	int pipe_fds[2], status;
	bool in_time, reaped;
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC)) {
		snprintf(why, size, "pipe: %s", strerror(errno));
		return false;
	}
	pid = fork();
	if (pid < 0)
		abort();
	if (!pid)
		run_child(test, pipe_fds[1]);
	close(pipe_fds[1]);
	in_time = wait_report(pipe_fds[0], timeout, why, size);
	reaped = reap(pid, &status);
	close(pipe_fds[0]);
	if (!in_time || !reaped) {
		snprintf(why, size, "still running after %u s%s", timeout,
			 reaped ? "" : ", and cannot be killed");
		return false;
	}
	return !ended_badly(status, why, size);
}

/* @usage is what the cards hold before, and then what they hold after the test. */
static bool run_test(const struct test *test, struct usage *usage)
{
	struct settings settings = settings_now();
	char why[600] = "", leak[200];
	u64 start = now_ns();
	struct usage now;
	bool ok;

	ok = run_isolated(test, why, sizeof(why));
	settings_restore(&settings);
	/* Even when the verdict is known, the cards have the time to clean up. */
	now = test->changes_cards ? usage_now() : usage_settled(usage);
	if (!test->changes_cards && leaked(usage, &now, leak, sizeof(leak)) && ok) {
		strcpy(why, leak);
		ok = false;
	}
	*usage = now;
	if (ok)
		printf("ok - %s # %.2f s\n", test->name, (now_ns() - start) / 1e9);
	else
		printf("not ok - %s: %s\n", test->name, why);
	fflush(stdout);
	return ok;
}

static bool matches(const char *name, const char *pattern)
{
	if (test_options.exact)
		return !strcmp(pattern, name);
	return !fnmatch(pattern, name, 0) || !strncmp(pattern, name, strlen(pattern));
}

/* With no arguments every test is wanted. */
static bool wanted(const char *name, char **patterns)
{
	if (!*patterns)
		return true;
	for (; *patterns; patterns++)
		if (matches(name, *patterns))
			return true;
	return false;
}

static void list_tests(char **patterns)
{
	for (size_t g = 0; g < ARRAY_SIZE(groups); g++)
		for (size_t i = 0; i < groups[g]->count; i++)
			if (wanted(groups[g]->tests[i].name, patterns))
				puts(groups[g]->tests[i].name);
}

static int run_tests(char **patterns)
{
	struct usage usage = usage_now();
	unsigned int passed = 0, failed = 0;

	for (size_t g = 0; g < ARRAY_SIZE(groups); g++)
		for (size_t i = 0; i < groups[g]->count; i++) {
			if (!wanted(groups[g]->tests[i].name, patterns))
				continue;
			if (run_test(&groups[g]->tests[i], &usage))
				passed++;
			else
				failed++;
		}
	if (!passed && !failed)
		fprintf(stderr, "no test has a name like that\n");
	printf("# %u passed, %u failed\n", passed, failed);
	return failed || !passed;
}

static void usage(FILE *out)
{
	fputs("usage: pddgpu-tests [--list] [--module FILE] [--seed N] [--slow N] [--deaths N]\n"
	      "                    [--long] [--exact] [TEST...]\n"
	      "Runs the tests that a glob or a prefix names, or all of them.\n"
	      "  --list         print names instead\n"
	      "  --module FILE  the driver, for the tests that load it ($PDDGPU_KO)\n"
	      "  --seed N       where random numbers start (1)\n"
	      "  --slow N       everything takes N times as long ($PDDGPU_SLOW, 1)\n"
	      "  --deaths N     cards that death.often kills (1)\n"
	      "  --long         all of what is otherwise sampled, which takes long\n"
	      "  --exact        TEST is a name, neither a glob nor a prefix\n"
	      "What must happen soon is late after $PDDGPU_PATIENCE (1) times as long again,\n"
	      "unless --long is given.\n", out);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "list", no_argument, NULL, 'l' },
		{ "module", required_argument, NULL, 'm' },
		{ "seed", required_argument, NULL, 's' },
		{ "slow", required_argument, NULL, 'w' },
		{ "deaths", required_argument, NULL, 'd' },
		{ "long", no_argument, NULL, 'L' },
		{ "exact", no_argument, NULL, 'x' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	bool list = false;
	int option;

	if (getenv("PDDGPU_KO"))
		test_options.module = getenv("PDDGPU_KO");
	test_read_factors();
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'l')
			list = true;
		else if (option == 'm')
			test_options.module = optarg;
		else if (option == 'L')
			test_options.long_runs = true;
		else if (option == 'x')
			test_options.exact = true;
		else if (option == 's')
			test_options.seed = strtoull(optarg, NULL, 0);
		else if (option == 'w')
			test_options.slow = strtoul(optarg, NULL, 0);
		else if (option == 'd')
			test_options.deaths = strtoul(optarg, NULL, 0);
		else {
			usage(option == 'h' ? stdout : stderr);
			return option == 'h' ? 0 : 2;
		}
	}
	/* Whoever has the time for all of it has a machine of his own. */
	if (test_options.long_runs)
		test_options.patience = 1;
	if (!test_options.slow || !test_options.patience) {
		usage(stderr);
		return 2;
	}
	if (list) {
		list_tests(argv + optind);
		return 0;
	}
	return run_tests(argv + optind);
}
