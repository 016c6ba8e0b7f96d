// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "corpus.h"

/* FNV-1a, 64 bits. */
static uint64_t hash(const struct input *input)
{
	uint64_t h = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < input->size; i++)
		h = (h ^ input->bytes[i]) * 0x100000001b3ULL;
	return h;
}

/* The path of a file, to be freed. */
static char *path_of(const struct corpus *corpus, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", corpus->dir, name) < 0 ? NULL : path;
}

static char *path_of_input(const struct corpus *corpus, const struct input *input)
{
	char name[17];

	snprintf(name, sizeof(name), "%016llx", (unsigned long long)hash(input));
	return path_of(corpus, name);
}

static int append(struct corpus *corpus, const struct input *input)
{
	struct input **inputs = realloc(corpus->inputs, (corpus->count + 1) * sizeof(*inputs));
	struct input *copy = malloc(sizeof(*copy));

	if (inputs)
		corpus->inputs = inputs;
	if (!inputs || !copy) {
		free(copy);
		return -ENOMEM;
	}
	*copy = *input;
	corpus->inputs[corpus->count++] = copy;
	return 0;
}

static int load_file(struct corpus *corpus, const char *name)
{
	char *path = path_of(corpus, name);
	struct input input;
	int ret = path ? input_load(&input, path) : -ENOMEM;

	free(path);
	return ret ? ret : append(corpus, &input);
}

static int is_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int by_size(const void *a, const void *b)
{
	const struct input *const *first = a, *const *second = b;
	size_t x = (*first)->size, y = (*second)->size;

	if (x != y)
		return x < y ? -1 : 1;
	return memcmp((*first)->bytes, (*second)->bytes, x);
}

int corpus_load(struct corpus *corpus)
{
	struct dirent **entries;
	int count = scandir(corpus->dir, &entries, is_file, alphasort);
	int ret = 0;

	if (count < 0)
		return -errno;
	for (int i = 0; i < count; i++) {
		if (!ret)
			ret = load_file(corpus, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	if (corpus->count)
		qsort(corpus->inputs, corpus->count, sizeof(*corpus->inputs), by_size);
	return ret;
}

int corpus_keep(struct corpus *corpus, const struct input *input)
{
	char *path = path_of_input(corpus, input);
	int ret = path ? input_save(input, path) : -ENOMEM;

	free(path);
	return ret ? ret : append(corpus, input);
}

bool corpus_drop(const struct corpus *corpus, const struct input *input)
{
	char *path = path_of_input(corpus, input);
	bool dropped = path && !unlink(path);

	free(path);
	return dropped;
}

void corpus_release(struct corpus *corpus)
{
	while (corpus->count)
		free(corpus->inputs[--corpus->count]);
	free(corpus->inputs);
	corpus->inputs = NULL;
}
