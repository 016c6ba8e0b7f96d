// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "input.h"

#define MAX_CHANGES	8
#define MAX_PIECE	256

bool input_append(struct input *input, const void *from, size_t size)
{
	if (size > INPUT_MAX_BYTES - input->size)
		return false;
	memcpy(input->bytes + input->size, from, size);
	input->size += size;
	return true;
}

bool input_take(const struct input *input, size_t *at, void *to, size_t size)
{
	size_t left = input->size - *at, taken = size < left ? size : left;

	memcpy(to, input->bytes + *at, taken);
	memset((uint8_t *)to + taken, 0, size - taken);
	*at += taken;
	return taken == size;
}

void input_cut(struct input *input, size_t at, size_t size)
{
	memmove(input->bytes + at, input->bytes + at + size, input->size - at - size);
	input->size -= size;
}

/* --- Changes ------------------------------------------------------------ */

/* Most of what inputs hold is dwords, so changes keep to their borders. */
static size_t some_dword(const struct input *input, struct fuzz_rng *rng)
{
	return fuzz_below(rng, (uint32_t)(input->size / 4) + 1) * 4UL;
}

static size_t some_piece(const struct input *input, size_t at, struct fuzz_rng *rng)
{
	size_t most = input->size - at < MAX_PIECE ? input->size - at : MAX_PIECE;

	return fuzz_below(rng, (uint32_t)most + 1) & ~3UL;
}

static void store(struct input *input, size_t at, const void *from, size_t size)
{
	if (at >= input->size)
		return;
	if (size > input->size - at)
		size = input->size - at;
	memmove(input->bytes + at, from, size);
}

/* Makes room for a piece of @other before @at, and puts it there. */
static void insert(struct input *input, const struct input *other, struct fuzz_rng *rng)
{
	size_t to = some_dword(input, rng), from = some_dword(other, rng);
	size_t size = from < other->size ? some_piece(other, from, rng) : 0;
	uint8_t piece[MAX_PIECE];

	if (to > input->size || size > INPUT_MAX_BYTES - input->size)
		return;
	memcpy(piece, other->bytes + from, size);
	memmove(input->bytes + to + size, input->bytes + to, input->size - to);
	memcpy(input->bytes + to, piece, size);
	input->size += size;
}

static void overwrite(struct input *input, const struct input *other, struct fuzz_rng *rng)
{
	size_t from = some_dword(other, rng);

	if (from < other->size)
		store(input, some_dword(input, rng), other->bytes + from,
		      some_piece(other, from, rng));
}

static void cut(struct input *input, struct fuzz_rng *rng)
{
	size_t at = some_dword(input, rng);

	if (at < input->size)
		input_cut(input, at, some_piece(input, at, rng));
}

static void add(struct input *input, struct fuzz_rng *rng)
{
	size_t at = some_dword(input, rng);
	uint32_t value = 0;

	if (at + sizeof(value) > input->size)
		return;
	memcpy(&value, input->bytes + at, sizeof(value));
	value += fuzz_below(rng, 65) - 32;
	store(input, at, &value, sizeof(value));
}

static void change(struct input *input, const struct input *other, struct fuzz_rng *rng)
{
	size_t at = input->size ? fuzz_below(rng, (uint32_t)input->size) : 0;
	uint64_t value = fuzz_edge(rng);

	switch (fuzz_below(rng, 8)) {
	case 0:
		input->bytes[at] ^= 1U << fuzz_below(rng, 8);
		break;
	case 1:
		store(input, at, &value, 1);
		break;
	case 2:
		store(input, some_dword(input, rng), &value, 4);
		break;
	case 3:
		store(input, some_dword(input, rng), &value, 8);
		break;
	case 4:
		add(input, rng);
		break;
	case 5:
		cut(input, rng);
		break;
	case 6:
		insert(input, other, rng);
		break;
	default:
		overwrite(input, other, rng);
		break;
	}
}

void input_mutate(struct input *input, const struct input *other, struct fuzz_rng *rng)
{
	for (uint32_t i = 1 + fuzz_below(rng, MAX_CHANGES); i > 0; i--)
		change(input, other, rng);
}

/* --- Files -------------------------------------------------------------- */

int input_load(struct input *input, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret = 0;
	ssize_t got;

	if (fd < 0)
		return -errno;
	got = read(fd, input->bytes, sizeof(input->bytes));
	if (got < 0)
		ret = -errno;
	else
		input->size = (size_t)got;
	close(fd);
	return ret;
}

int input_save(const struct input *input, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, input->bytes, input->size) != (ssize_t)input->size)
		ret = errno ? -errno : -EIO;
	close(fd);
	return ret;
}
