// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

/* A run that takes longer than this has found a hang. */
#define RUN_SECONDS	60

/* The seed of the run that runs, for whoever reports a crash. */
static uint64_t current_seed;

/* splitmix64: every state, 0 included, is as good as any other. */
uint64_t fuzz_next(struct fuzz_rng *rng)
{
	uint64_t z = rng->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

uint32_t fuzz_below(struct fuzz_rng *rng, uint32_t bound)
{
	return (uint32_t)(fuzz_next(rng) % bound);
}

bool fuzz_one_in(struct fuzz_rng *rng, uint32_t n)
{
	return !fuzz_below(rng, n);
}

uint64_t fuzz_edge(struct fuzz_rng *rng)
{
	switch (fuzz_below(rng, 6)) {
	case 0:
		return 0;
	case 1:
		return fuzz_below(rng, 64);
	case 2:
		return ~0ULL - fuzz_below(rng, 16);
	case 3:
		return (1ULL << fuzz_below(rng, 64)) - 1 + fuzz_below(rng, 3);
	case 4:
		return fuzz_next(rng) & 0xffffffff;
	default:
		return fuzz_next(rng);
	}
}

#ifdef __SANITIZE_THREAD__
void AnnotateBenignRaceSized(const char *file, int line, const volatile void *start, size_t size,
			     const char *why);

void fuzz_guest_memory(void *start, size_t size)
{
	AnnotateBenignRaceSized(__FILE__, __LINE__, start, size, "memory of the guest");
}
#else
void fuzz_guest_memory(void *start, size_t size)
{
	(void)start;
	(void)size;
}
#endif

static void on_alarm(int number)
{
	char text[96];
	int len = snprintf(text, sizeof(text), "hang: a run took over %d s, --seed %llu\n",
			   RUN_SECONDS, (unsigned long long)current_seed);

	(void)number;
	if (write(STDERR_FILENO, text, (size_t)len) != len)
		abort();
	abort();
}

static uint64_t number(const char *program, const char *text)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 0);

	if (!*text || *end) {
		fprintf(stderr, "%s: %s is not a number\n", program, text);
		exit(EXIT_FAILURE);
	}
	return value;
}

int fuzz_main(int argc, char **argv, void (*run)(struct fuzz_rng *rng, void *arg), void *arg)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "seconds", required_argument, NULL, 't' },
		{ "runs", required_argument, NULL, 'r' },
		{ 0 }
	};
	uint64_t seed = (uint64_t)time(NULL), seconds = 10, runs = 0, done = 0;
	const char *slash = strrchr(argv[0], '/'), *name = slash ? slash + 1 : argv[0];
	time_t start = time(NULL);
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 's')
			seed = number(name, optarg);
		else if (opt == 't')
			seconds = number(name, optarg);
		else if (opt == 'r')
			runs = number(name, optarg);
		else
			return EXIT_FAILURE;
	}
	printf("%s: --seed %llu\n", name, (unsigned long long)seed);
	fflush(stdout);
	signal(SIGALRM, on_alarm);
	while (runs ? done < runs : (uint64_t)(time(NULL) - start) < seconds) {
		struct fuzz_rng rng = { .state = current_seed = seed + done };

		alarm(RUN_SECONDS);
		run(&rng, arg);
		done++;
	}
	alarm(0);
	printf("%s: %llu runs ok\n", name, (unsigned long long)done);
	return EXIT_SUCCESS;
}
