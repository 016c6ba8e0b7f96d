/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What the driver says in debugfs of its heaps: vram_map, gtt_map and buffers.  The
 * format is described in pddgpu_map.c of the driver.
 */
#ifndef MEMMAP_HEAP_H
#define MEMMAP_HEAP_H

#include <stdbool.h>
#include <stddef.h>

#include "pddgpu_util.h"

/**
 * enum block_state - what has become of a block
 * @BLOCK_FREE: to be had
 * @BLOCK_USED: a buffer's
 * @BLOCK_CLEANING: the copy engine clears it
 * @BLOCK_RESERVED: never handed out
 */
enum block_state {
	BLOCK_FREE,
	BLOCK_USED,
	BLOCK_CLEANING,
	BLOCK_RESERVED,
};

/**
 * struct block - a line of a map
 * @start: first byte
 * @size: bytes
 * @state: what has become of it
 * @clear: free, and holds zeroes
 * @dirty: free, and holds anything
 * @pinned: cannot be moved
 * @kernel: the driver's own
 * @id: of the buffer that has it, or 0
 */
struct block {
	u64 start;
	u64 size;
	enum block_state state;
	bool clear;
	bool dirty;
	bool pinned;
	bool kernel;
	u64 id;
};

/**
 * struct heap - a map
 * @name: vram or gtt
 * @start: first byte
 * @end: the byte after the last
 * @visible: where that ends which the CPU can reach
 * @used: bytes with buffers
 * @cleaning: bytes that are being cleared
 * @reserved: bytes never handed out
 * @blocks: @count of them, without gap or overlap from @start to @end
 * @count: how many
 */
struct heap {
	char name[8];
	u64 start;
	u64 end;
	u64 visible;
	u64 used;
	u64 cleaning;
	u64 reserved;
	struct block *blocks;
	size_t count;
};

/**
 * struct client - who has a card open
 * @name: the process: "name (pid)"
 */
struct client {
	char name[40];
};

/**
 * struct owners - whose buffers are
 * @clients: the oldest first
 * @num_clients: how many
 * @buffers: by id
 * @num_buffers: how many
 */
struct owners {
	struct client *clients;
	size_t num_clients;
	struct owned_buffer {
		u64 id;
		size_t client;
	} *buffers;
	size_t num_buffers;
};

/**
 * heap_read() - Read the map of a heap
 * @heap: filled in; to be given to heap_free()
 * @path: the file
 *
 * Return: true; or false with what is wrong on stderr.
 */
bool heap_read(struct heap *heap, const char *path);

/**
 * heap_free() - Free what a heap consists of
 * @heap: the heap
 */
void heap_free(struct heap *heap);

/**
 * owners_read() - Read whose buffers are
 * @owners: filled in; to be given to owners_free()
 * @path: the file
 *
 * Return: true; or false with what is wrong on stderr.
 */
bool owners_read(struct owners *owners, const char *path);

/**
 * owners_find() - Find whose a buffer is
 * @owners: where to look
 * @id: of the buffer
 *
 * Return: index among the clients; @owners->num_clients if nobody has a handle of it.
 */
size_t owners_find(const struct owners *owners, u64 id);

/**
 * owners_free() - Free what the owners consist of
 * @owners: the owners
 */
void owners_free(struct owners *owners);

#endif
