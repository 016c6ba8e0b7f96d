// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "corpus.h"
#include "coverage.h"
#include "fuzz.h"

/* A run that takes longer than this has found a hang. */
#define RUN_SECONDS	60
/* Bytes that --minimise cuts off at least, or it would take too long. */
#define MIN_CUT		16

/* Where the input that runs is, for whoever reports a crash. */
static char current_path[4096];

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
	static const char text[] = "hang: the run of this input took too long: ";

	(void)number;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0 ||
	    write(STDERR_FILENO, current_path, strlen(current_path)) < 0 ||
	    write(STDERR_FILENO, "\n", 1) < 0)
		abort();
	abort();
}

/* --- The command line --------------------------------------------------- */

struct settings {
	const char *name;
	uint64_t seed, seconds, runs;
	const char *corpus, *input;
	bool grow, minimise;
};

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

static bool can_grow(const struct settings *s)
{
	if (!s->corpus)
		fprintf(stderr, "%s: --grow and --minimise need --corpus\n", s->name);
	/* The making of the card has reached some, if there are any. */
	else if (!coverage_edges())
		fprintf(stderr, "%s: built without coverage\n", s->name);
	return s->corpus && coverage_edges();
}

static bool parse(struct settings *s, int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "seconds", required_argument, NULL, 't' },
		{ "runs", required_argument, NULL, 'r' },
		{ "corpus", required_argument, NULL, 'c' },
		{ "input", required_argument, NULL, 'i' },
		{ "grow", no_argument, NULL, 'g' },
		{ "minimise", no_argument, NULL, 'm' },
		{ 0 }
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 's')
			s->seed = number(s->name, optarg);
		else if (opt == 't')
			s->seconds = number(s->name, optarg);
		else if (opt == 'r')
			s->runs = number(s->name, optarg);
		else if (opt == 'c')
			s->corpus = optarg;
		else if (opt == 'i')
			s->input = optarg;
		else if (opt == 'g')
			s->grow = true;
		else if (opt == 'm')
			s->minimise = true;
		else
			return false;
	}
	return optind == argc && (!(s->grow || s->minimise) || can_grow(s));
}

/* --- Runs --------------------------------------------------------------- */

/* The end of a line that tells what was done. */
static void print_edges(void)
{
	if (coverage_edges())
		printf(", %u edges", coverage_edges());
	printf("\n");
	fflush(stdout);
}

static void die(const struct settings *s, const char *what, int ret)
{
	fprintf(stderr, "%s: %s: %s\n", s->name, what, strerror(-ret));
	exit(EXIT_FAILURE);
}

/* True if it has reached an edge that none before it has. */
static bool run_one(const struct settings *s, const struct fuzzer *fuzzer,
		    const struct input *input)
{
	unsigned int before = coverage_edges();
	int ret = input_save(input, current_path);

	if (ret)
		die(s, current_path, ret);
	alarm(RUN_SECONDS);
	fuzzer->run(input, fuzzer->arg);
	alarm(0);
	return coverage_edges() > before;
}

/* Cuts off what is not needed to reach @goal edges from where the mark is. */
static void trim(const struct settings *s, const struct fuzzer *fuzzer, struct input *input,
		 unsigned int goal)
{
	for (size_t piece = input->size / 2 & ~3UL; piece >= MIN_CUT; piece = piece / 2 & ~3UL) {
		for (size_t at = 0; at + piece <= input->size; ) {
			struct input shorter = *input;

			input_cut(&shorter, at, piece);
			coverage_rewind();
			run_one(s, fuzzer, &shorter);
			if (coverage_edges() >= goal)
				*input = shorter;
			else
				at += piece;
		}
	}
	coverage_rewind();
	run_one(s, fuzzer, input);
}

static void minimise(const struct settings *s, const struct fuzzer *fuzzer,
		     struct corpus *corpus)
{
	unsigned int kept = 0, count = corpus->count;

	for (unsigned int i = 0; i < count; i++) {
		struct input input = *corpus->inputs[i];
		bool new;
		int ret;

		coverage_mark();
		new = run_one(s, fuzzer, &input);
		kept += new;
		if (!corpus_drop(corpus, &input) || !new)
			continue;
		trim(s, fuzzer, &input, coverage_edges());
		ret = corpus_keep(corpus, &input);
		if (ret)
			die(s, corpus->dir, ret);
	}
	printf("%s: %u of %u inputs reach something new", s->name, kept, count);
	print_edges();
}

static void run_corpus(const struct settings *s, const struct fuzzer *fuzzer,
		       const struct corpus *corpus)
{
	for (unsigned int i = 0; i < corpus->count; i++)
		run_one(s, fuzzer, corpus->inputs[i]);
	printf("%s: corpus of %u inputs ok", s->name, corpus->count);
	print_edges();
}

static void make_input(const struct fuzzer *fuzzer, const struct corpus *corpus, uint64_t seed,
		       struct input *input)
{
	struct fuzz_rng rng = { .state = seed };

	input->size = 0;
	if (!corpus->count || fuzz_one_in(&rng, 3)) {
		fuzzer->generate(&rng, input);
		return;
	}
	*input = *corpus->inputs[fuzz_below(&rng, corpus->count)];
	input_mutate(input, corpus->inputs[fuzz_below(&rng, corpus->count)], &rng);
}

static void run_random(const struct settings *s, const struct fuzzer *fuzzer,
		       struct corpus *corpus)
{
	time_t start = time(NULL);
	uint64_t done = 0;
	struct input input;

	while (s->runs ? done < s->runs : (uint64_t)(time(NULL) - start) < s->seconds) {
		bool new;
		int ret = 0;

		make_input(fuzzer, corpus, s->seed + done, &input);
		new = run_one(s, fuzzer, &input);
		if (new && s->grow)
			ret = corpus_keep(corpus, &input);
		if (ret)
			die(s, corpus->dir, ret);
		done++;
	}
	printf("%s: %llu runs ok", s->name, (unsigned long long)done);
	print_edges();
}

static void run_file(const struct settings *s, const struct fuzzer *fuzzer)
{
	struct input input;
	int ret = input_load(&input, s->input);

	if (ret)
		die(s, s->input, ret);
	run_one(s, fuzzer, &input);
	printf("%s: %s ok", s->name, s->input);
	print_edges();
}

int fuzz_main(int argc, char **argv, const struct fuzzer *fuzzer)
{
	const char *slash = strrchr(argv[0], '/');
	struct settings s = {
		.name = slash ? slash + 1 : argv[0], .seed = (uint64_t)time(NULL), .seconds = 10,
	};
	struct corpus corpus = { 0 };
	int ret;

	if (!parse(&s, argc, argv))
		return EXIT_FAILURE;
	snprintf(current_path, sizeof(current_path), "%s.input", argv[0]);
	signal(SIGALRM, on_alarm);
	if (s.input) {
		run_file(&s, fuzzer);
		return EXIT_SUCCESS;
	}
	printf("%s: --seed %llu, input in %s\n", s.name, (unsigned long long)s.seed,
	       current_path);
	fflush(stdout);
	if (s.corpus) {
		corpus.dir = s.corpus;
		ret = corpus_load(&corpus);
		if (ret)
			die(&s, s.corpus, ret);
		if (s.minimise)
			minimise(&s, fuzzer, &corpus);
		else
			run_corpus(&s, fuzzer, &corpus);
	}
	if (!s.minimise)
		run_random(&s, fuzzer, &corpus);
	corpus_release(&corpus);
	return EXIT_SUCCESS;
}
