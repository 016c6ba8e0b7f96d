// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "pddgpu_util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CRC_POLYNOMIAL	0xedb88320u

/* table[k][b]: what byte b does to the CRC when k more bytes follow it. */
static u32 crc_table[8][256];

static void crc_table_init(void)
{
	for (u32 b = 0; b < 256; b++) {
		u32 crc = b;

		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (crc & 1 ? CRC_POLYNOMIAL : 0);
		crc_table[0][b] = crc;
	}
	for (int k = 1; k < 8; k++)
		for (u32 b = 0; b < 256; b++)
			crc_table[k][b] = (crc_table[k - 1][b] >> 8) ^
					  crc_table[0][crc_table[k - 1][b] & 0xff];
}

/* Eight bytes a step: the emulated CPU that runs this is slow. */
static u32 crc_words(u32 crc, const u8 *p, size_t words)
{
	for (; words; words--, p += 8) {
		u64 v;

		memcpy(&v, p, 8);
		v ^= crc;
		crc = crc_table[7][v & 0xff] ^ crc_table[6][v >> 8 & 0xff] ^
		      crc_table[5][v >> 16 & 0xff] ^ crc_table[4][v >> 24 & 0xff] ^
		      crc_table[3][v >> 32 & 0xff] ^ crc_table[2][v >> 40 & 0xff] ^
		      crc_table[1][v >> 48 & 0xff] ^ crc_table[0][v >> 56];
	}
	return crc;
}

u32 crc32(u32 crc, const void *data, size_t size)
{
	const u8 *p = data;

	if (!crc_table[0][1])
		crc_table_init();
	crc = crc_words(~crc, p, size / 8);
	for (p += size & ~7ULL; size & 7; size--, p++)
		crc = (crc >> 8) ^ crc_table[0][(crc ^ *p) & 0xff];
	return ~crc;
}

/* A linear map of the CRC register: the image of each of its 32 bits. */
struct crc_matrix {
	u32 column[32];
};

static u32 matrix_apply(const struct crc_matrix *m, u32 crc)
{
	u32 sum = 0;

	for (int bit = 0; crc; bit++, crc >>= 1)
		if (crc & 1)
			sum ^= m->column[bit];
	return sum;
}

/* m = a after b */
static struct crc_matrix matrix_multiply(const struct crc_matrix *a, const struct crc_matrix *b)
{
	struct crc_matrix m;

	for (int bit = 0; bit < 32; bit++)
		m.column[bit] = matrix_apply(a, b->column[bit]);
	return m;
}

/* The map that appending @bytes zeroes amounts to, by repeated squaring. */
static struct crc_matrix matrix_of_zeroes(u64 bytes)
{
	struct crc_matrix result, power;

	crc32(0, NULL, 0);
	for (int bit = 0; bit < 32; bit++) {
		u32 crc = 1u << bit;

		result.column[bit] = crc;
		power.column[bit] = (crc >> 8) ^ crc_table[0][crc & 0xff];
	}
	for (; bytes; bytes >>= 1) {
		if (bytes & 1)
			result = matrix_multiply(&power, &result);
		power = matrix_multiply(&power, &power);
	}
	return result;
}

void crc_shift_init(struct crc_shift *shift, u64 bytes)
{
	struct crc_matrix m = matrix_of_zeroes(bytes);

	for (int k = 0; k < 4; k++)
		for (u32 b = 0; b < 256; b++)
			shift->table[k][b] = matrix_apply(&m, b << 8 * k);
}

u32 crc_append(const struct crc_shift *shift, u32 first, u32 second)
{
	return shift->table[0][first & 0xff] ^ shift->table[1][first >> 8 & 0xff] ^
	       shift->table[2][first >> 16 & 0xff] ^ shift->table[3][first >> 24] ^ second;
}

u32 crc32_repeat(u32 crc, u64 bytes, u64 times)
{
	struct crc_matrix m;
	u32 whole;

	if (times == 1)
		return crc;
	whole = crc32_repeat(crc, bytes, times / 2);
	m = matrix_of_zeroes(bytes * (times / 2));
	whole ^= matrix_apply(&m, whole);
	if (times & 1) {
		m = matrix_of_zeroes(bytes);
		whole = matrix_apply(&m, whole) ^ crc;
	}
	return whole;
}

/* splitmix64 */
u64 random_next(u64 *state)
{
	u64 z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

u64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

void sleep_ms(unsigned int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

u64 round_up_to(u64 value, u64 step)
{
	return (value + step - 1) & ~(step - 1);
}

char *read_text(const char *path)
{
	size_t size = 0, room = 0;
	char *text = NULL;
	ssize_t n = 1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	while (n > 0) {
		if (size + 1 >= room) {
			room = room ? room * 2 : 4096;
			text = realloc(text, room);
			if (!text)
				abort();
		}
		n = read(fd, text + size, room - size - 1);
		size += n > 0 ? n : 0;
	}
	close(fd);
	text[size] = 0;
	if (n < 0) {
		free(text);
		return NULL;
	}
	return text;
}

int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		ret = errno ? -errno : -EIO;
	close(fd);
	return ret;
}
