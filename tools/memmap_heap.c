// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "memmap_heap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Returns the text of a file, or NULL with what is wrong and what to do on stderr */
static char *read_file(const char *path)
{
	char *text = read_text(path);

	if (text)
		return text;

	fprintf(stderr, "pddgpu-memmap: cannot read %s: %s\n", path, strerror(errno));
	if (errno == EACCES)
		fprintf(stderr, "Only root may; try again with sudo.\n");
	else if (errno == ENOENT)
		fprintf(stderr, "Is debugfs mounted (mount -t debugfs none /sys/kernel/debug), and "
			"the driver loaded?  A saved dump is a folder with copies of vram_map, gtt_map "
			"and buffers.\n");
	return NULL;
}

/* Makes room for one element more in an array that grows by doubling. */
static void *array_grow(void *array, size_t count, size_t size)
{
	if (count & (count - 1))
		return array;

	array = realloc(array, (count ? 2 * count : 1) * size);
	if (!array)
		abort();
	return array;
}

/* --- Maps ---------------------------------------------------------------- */

static bool head_number(const char *line, const char *key, u64 *number)
{
	size_t len = strlen(key);

	return !strncmp(line, key, len) && sscanf(line + len, ": %llu", number) == 1;
}

/* A line of the head that is not known is left for who knows it. */
static bool heap_add_head(struct heap *heap, const char *line)
{
	u64 format;

	if (head_number(line, "format", &format) && format != 1) {
		fprintf(stderr, "pddgpu-memmap: the map has format %llu, this program knows 1 only; "
			"build it from the driver's sources\n", format);
		return false;
	}
	if (sscanf(line, "heap: %7s", heap->name) != 1 &&
	    !head_number(line, "start", &heap->start) &&
	    !head_number(line, "end", &heap->end) &&
	    !head_number(line, "visible", &heap->visible) &&
	    !head_number(line, "used", &heap->used) &&
	    !head_number(line, "cleaning", &heap->cleaning))
		head_number(line, "reserved", &heap->reserved);
	return true;
}

static bool parse_state(const char *word, enum block_state *state)
{
	static const char *const words[] = {
		[BLOCK_FREE] = "free",
		[BLOCK_USED] = "used",
		[BLOCK_CLEANING] = "cleaning",
		[BLOCK_RESERVED] = "reserved",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!strcmp(word, words[i])) {
			*state = i;
			return true;
		}
	}
	return false;
}

static bool heap_add_block(struct heap *heap, const char *line, u64 *pos)
{
	char state[16], contents[16], pinned[16], owner[24];
	struct block block = {};

	if (sscanf(line, "%llx %llx %15s %15s %15s %23s", &block.start, &block.size, state, contents,
		   pinned, owner) != 6 || !parse_state(state, &block.state)) {
		fprintf(stderr, "pddgpu-memmap: \"%.*s\" is no block\n", (int)strcspn(line, "\n"), line);
		return false;
	}
	if (block.start != *pos || !block.size || block.size > heap->end - block.start) {
		fprintf(stderr, "pddgpu-memmap: the block at %#llx does not follow on %#llx\n",
			block.start, *pos);
		return false;
	}

	block.clear = !strcmp(contents, "clear");
	block.dirty = !strcmp(contents, "dirty");
	block.pinned = !strcmp(pinned, "pinned");
	block.kernel = !strcmp(owner, "kernel");
	block.id = strtoull(owner, NULL, 10);
	heap->blocks = array_grow(heap->blocks, heap->count, sizeof(block));
	heap->blocks[heap->count++] = block;
	*pos += block.size;
	return true;
}

static bool heap_parse(struct heap *heap, const char *text)
{
	const char *line = text;
	u64 pos;

	for (; *line && strncmp(line, "0x", 2); line += strcspn(line, "\n"), line += *line == '\n')
		if (!heap_add_head(heap, line))
			return false;
	for (pos = heap->start; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (!heap_add_block(heap, line, &pos))
			return false;

	if (pos != heap->end || !heap->count) {
		fprintf(stderr, "pddgpu-memmap: the map ends at %#llx and the heap at %#llx; "
			"was it saved as a whole?\n", pos, heap->end);
		return false;
	}
	return true;
}

bool heap_read(struct heap *heap, const char *path)
{
	char *text = read_file(path);
	bool ok;

	*heap = (struct heap) {};
	if (!text)
		return false;

	ok = heap_parse(heap, text);
	if (!ok) {
		fprintf(stderr, "That is in %s.\n", path);
		heap_free(heap);
	}
	free(text);
	return ok;
}

void heap_free(struct heap *heap)
{
	free(heap->blocks);
	heap->blocks = NULL;
}

/* --- Owners -------------------------------------------------------------- */

static void owners_add_client(struct owners *owners, int pid, const char *name)
{
	struct client *client;

	owners->clients = array_grow(owners->clients, owners->num_clients, sizeof(*client));
	client = &owners->clients[owners->num_clients++];
	snprintf(client->name, sizeof(client->name), "%s (%d)", name, pid);
}

/* What comes before the first client is nobody's. */
static void owners_add_buffer(struct owners *owners, u64 id)
{
	if (!owners->num_clients)
		return;

	owners->buffers = array_grow(owners->buffers, owners->num_buffers, sizeof(*owners->buffers));
	owners->buffers[owners->num_buffers++] = (struct owned_buffer) {
		.id = id, .client = owners->num_clients - 1,
	};
}

static void owners_add_line(struct owners *owners, const char *line)
{
	char name[24];
	const char *id;
	int pid;

	if (sscanf(line, "client %*u pid %d (%23[^)\n]", &pid, name) == 2) {
		owners_add_client(owners, pid, name);
		return;
	}
	id = strstr(line, " id=");
	if (id && id < line + strcspn(line, "\n"))
		owners_add_buffer(owners, strtoull(id + strlen(" id="), NULL, 10));
}

/* Of two who have a buffer the older client counts. */
static int buffer_compare(const void *a, const void *b)
{
	const struct owned_buffer *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return (x->client > y->client) - (x->client < y->client);
}

bool owners_read(struct owners *owners, const char *path)
{
	char *text = read_file(path);

	*owners = (struct owners) {};
	if (!text)
		return false;

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
		owners_add_line(owners, line);
	free(text);
	if (owners->num_buffers)
		qsort(owners->buffers, owners->num_buffers, sizeof(*owners->buffers), buffer_compare);
	return true;
}

size_t owners_find(const struct owners *owners, u64 id)
{
	size_t lo = 0, hi = owners->num_buffers;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (owners->buffers[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < owners->num_buffers && owners->buffers[lo].id == id ?
		owners->buffers[lo].client : owners->num_clients;
}

void owners_free(struct owners *owners)
{
	free(owners->clients);
	free(owners->buffers);
	*owners = (struct owners) {};
}
