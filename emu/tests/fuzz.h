/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * DOC: Fuzzing
 *
 * A fuzzer is a function that makes one run out of one number: the same seed
 * makes the same input.  Whether an engine sees it at the same moment again is
 * up to the machine.
 */
#ifndef EMU_TESTS_FUZZ_H
#define EMU_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
 * fuzz_main() - Run a fuzzer as its command line says
 * @argc: as in main()
 * @argv: --seed N, --seconds N, --runs N
 * @run: one run
 * @arg: for @run
 *
 * Prints the seed first, and how many runs there were in the end.  The seed of
 * run n is the first one plus n.
 *
 * Return: an exit status.
 */
int fuzz_main(int argc, char **argv, void (*run)(struct fuzz_rng *rng, void *arg), void *arg);

#endif
