/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * DOC: Fuzzing
 *
 * A fuzzer makes an input out of one number, and a run out of an input: the same
 * seed makes the same input.  Whether an engine sees it at the same moment again
 * is up to the machine.
 */
#ifndef EMU_TESTS_FUZZ_H
#define EMU_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "input.h"

/**
 * struct fuzz_rng - a random generator
 * @state: any number
 */
struct fuzz_rng {
	uint64_t state;
};

/**
 * fuzz_next() - Draw a number
 * @rng: the generator
 *
 * Return: 64 random bits.
 */
uint64_t fuzz_next(struct fuzz_rng *rng);

/**
 * fuzz_below() - Draw a number below a bound
 * @rng: the generator
 * @bound: at least 1
 *
 * Return: 0..bound - 1.
 */
uint32_t fuzz_below(struct fuzz_rng *rng, uint32_t bound);

/**
 * fuzz_one_in() - Toss a coin
 * @rng: the generator
 * @n: at least 1
 *
 * Return: true once in @n times.
 */
bool fuzz_one_in(struct fuzz_rng *rng, uint32_t n);

/**
 * fuzz_edge() - Draw a number that is likely to be at some limit
 * @rng: the generator
 *
 * Return: 0, small, all ones, a power of two give or take one, or anything.
 */
uint64_t fuzz_edge(struct fuzz_rng *rng);

/**
 * fuzz_guest_memory() - Tell TSan of memory that guests own
 * @start: its first byte
 * @size: bytes
 *
 * Two streams, or a stream and the CPU, may store to the same byte without any
 * order, and what the card then does is all that counts.  So races there are no
 * finding; those on the card's own memory are.
 */
void fuzz_guest_memory(void *start, size_t size);

/**
 * struct fuzzer - what a fuzzer is
 * @generate: make an input out of nothing but random numbers
 * @run: run one; ends the process if it finds something
 * @arg: for @run
 */
struct fuzzer {
	void (*generate)(struct fuzz_rng *rng, struct input *input);
	void (*run)(const struct input *input, void *arg);
	void *arg;
};

/**
 * fuzz_main() - Run a fuzzer as its command line says
 * @argc: as in main()
 * @argv: --seed N, --seconds N, --runs N, --corpus DIR, --grow, --minimise,
 *	--input FILE
 * @fuzzer: the fuzzer
 *
 * Prints the seed first, and how many runs there were in the end.  The seed of
 * run n is the first one plus n: it decides whether the input is generated or an
 * input of the corpus with changes.  Before that the whole corpus is run as it is.
 * The input that runs is in a file, PROGRAM.input, for whoever finds a crash.
 *
 * With --grow inputs that reach new edges are added to the corpus, so that a seed
 * alone does not tell the input any more.  --minimise takes those out that reach
 * nothing new after smaller ones, and cuts off what the others do not need for
 * what they reach; files that somebody has given a name stay as they are.
 *
 * Return: an exit status.
 */
int fuzz_main(int argc, char **argv, const struct fuzzer *fuzzer);

#endif
