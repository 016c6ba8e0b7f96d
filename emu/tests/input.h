/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef EMU_TESTS_INPUT_H
#define EMU_TESTS_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INPUT_MAX_BYTES	8192

struct fuzz_rng;

/**
 * struct input - what one run of a fuzzer is made from
 * @size: bytes
 * @bytes: the first @size of them are good
 */
struct input {
	size_t size;
	uint8_t bytes[INPUT_MAX_BYTES];
};

/**
 * input_append() - Put bytes at the end
 * @input: the input
 * @from: what
 * @size: bytes
 *
 * Return: false if they do not fit; then nothing is appended.
 */
bool input_append(struct input *input, const void *from, size_t size);

/**
 * input_take() - Read bytes
 * @input: the input
 * @at: where; moved on
 * @to: where to
 * @size: bytes
 *
 * Return: false, and zeroes for what is missing, if there are not as many.
 */
bool input_take(const struct input *input, size_t *at, void *to, size_t size);

/**
 * input_cut() - Take a piece out
 * @input: the input
 * @at: where the piece begins
 * @size: its bytes; @at + @size is at most the size of the input
 */
void input_cut(struct input *input, size_t at, size_t size);

/**
 * input_mutate() - Change it here and there
 * @input: the input
 * @other: one to take pieces from; may be the same
 * @rng: decides
 */
void input_mutate(struct input *input, const struct input *other, struct fuzz_rng *rng);

/**
 * input_load() - Read a file
 * @input: where to
 * @path: the file; what is beyond INPUT_MAX_BYTES is left out
 *
 * Return: 0, or -errno.
 */
int input_load(struct input *input, const char *path);

/**
 * input_save() - Write a file
 * @input: what
 * @path: the file; what it was is lost
 *
 * Return: 0, or -errno.
 */
int input_save(const struct input *input, const char *path);

#endif
