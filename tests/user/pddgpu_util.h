/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What the programs need that has nothing to do with the card: checksums, a
 * generator of repeatable random numbers, the clock.
 */
#ifndef PDDGPU_UTIL_H
#define PDDGPU_UTIL_H

#include <stddef.h>
#include <linux/types.h>

typedef __u8 u8;
typedef __u32 u32;
typedef __u64 u64;
typedef __s64 s64;

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define KIB		(1ULL << 10)
#define MIB		(1ULL << 20)
#define GIB		(1ULL << 30)

/**
 * crc32() - CRC-32 (IEEE 802.3), the one that the card's CRC32 packet computes
 * @crc: 0, or the CRC of what precedes @data
 * @data: the bytes
 * @size: how many
 *
 * Return: the CRC of all so far.
 */
u32 crc32(u32 crc, const void *data, size_t size);

/**
 * struct crc_shift - moves a CRC over a fixed number of bytes
 * @table: what each byte of the CRC contributes
 */
struct crc_shift {
	u32 table[4][256];
};

/**
 * crc_shift_init() - Prepare to append pieces of one length
 * @shift: filled in
 * @bytes: the length
 */
void crc_shift_init(struct crc_shift *shift, u64 bytes);

/**
 * crc_append() - CRC of two pieces from the CRCs of each
 * @shift: prepared for the length of the second piece
 * @first: CRC of the first
 * @second: CRC of the second
 *
 * Return: the CRC of both in a row.
 */
u32 crc_append(const struct crc_shift *shift, u32 first, u32 second);

/**
 * crc32_repeat() - CRC of one piece repeated
 * @crc: CRC of the piece
 * @bytes: its length
 * @times: how often it occurs, 1 or more
 *
 * Return: the CRC of the whole.
 */
u32 crc32_repeat(u32 crc, u64 bytes, u64 times);

/**
 * random_next() - The next number of a repeatable sequence
 * @state: the seed at first, any value
 *
 * Return: 64 evenly distributed bits.
 */
u64 random_next(u64 *state);

/**
 * now_ns() - Time since some moment in the past
 *
 * Return: CLOCK_MONOTONIC in ns, the clock that DRM's absolute timeouts use.
 */
u64 now_ns(void);

/**
 * sleep_ms() - Do nothing for a while
 * @ms: how long, in milliseconds
 */
void sleep_ms(unsigned int ms);

/**
 * round_up_to() - Round up
 * @value: what to round, at least @step below the largest u64
 * @step: a power of two
 *
 * Return: the next multiple of @step that is not below @value.
 */
u64 round_up_to(u64 value, u64 step);

/**
 * read_text() - Read a small file, such as those of sysfs and debugfs
 * @path: its name
 *
 * Return: its text, with a NUL behind it, to be freed by the caller; NULL with
 * errno set if it cannot be read.
 */
char *read_text(const char *path);

/**
 * write_text() - Write a string to a file that exists
 * @path: its name
 * @text: the string
 *
 * Return: 0 or a negative errno.
 */
int write_text(const char *path, const char *text);

#endif
