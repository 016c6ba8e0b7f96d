/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * A heap as a grid of coloured cells, in the order of addresses, line by line; and what
 * the colours mean.
 */
#ifndef MEMMAP_PICTURE_H
#define MEMMAP_PICTURE_H

#include "memmap_heap.h"

/**
 * enum view - what the colour of a block says
 * @VIEW_OWNER: who has it; buffers of one client have shades of its colour
 * @VIEW_ORDER: how large it is
 * @VIEW_STATE: whether it is free, clear, movable, ...
 * @NUM_VIEWS: how many there are
 */
enum view {
	VIEW_OWNER,
	VIEW_ORDER,
	VIEW_STATE,
	NUM_VIEWS
};

/**
 * struct legend_entry - what a colour means
 * @name: in words
 * @rgb: the colour, 0xrrggbb
 * @rank: the lowest is named first
 * @bytes: how much of the heap has it
 */
struct legend_entry {
	char name[48];
	u32 rgb;
	u32 rank;
	u64 bytes;
};

#define LEGEND_MAX	32

/**
 * struct picture - the cells
 * @columns: cells of a line
 * @rows: lines; the last may be shorter
 * @cells: how many cells
 * @unit: bytes of a cell, a power of two
 * @rgb: the colour of each
 * @legend: what they mean, by rank
 * @num_legend: how many
 */
struct picture {
	u32 columns;
	u32 rows;
	u64 cells;
	u64 unit;
	u32 *rgb;
	struct legend_entry legend[LEGEND_MAX];
	size_t num_legend;
};

/**
 * view_name() - Name a view
 * @view: which
 *
 * Return: as --by takes it.
 */
const char *view_name(enum view view);

/**
 * picture_draw() - Draw a heap
 * @picture: filled in; to be given to picture_free()
 * @heap: the heap
 * @owners: whose buffers are
 * @view: what colours say
 * @columns: cells of a line
 * @max_rows: how many lines there may be
 *
 * A cell is as small as the number of lines allows, and at least 4 KiB.  What has most
 * of it in one piece gives it its colour.
 */
void picture_draw(struct picture *picture, const struct heap *heap, const struct owners *owners,
		  enum view view, u32 columns, u32 max_rows);

/**
 * picture_free() - Free what a picture consists of
 * @picture: the picture
 */
void picture_free(struct picture *picture);

/**
 * format_bytes() - Write a number of bytes as one reads it
 * @bytes: how many
 * @text: filled in, such as "12.5 MiB"
 */
void format_bytes(u64 bytes, char text[16]);

#endif
