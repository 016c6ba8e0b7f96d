// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "memmap_picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIN_UNIT	4096ULL

/* Colours of what belongs to no client */
#define RGB_FREE	0xe8e8e8
#define RGB_CLEAR	0xcdebc5
#define RGB_DIRTY	0xe6d8b8
#define RGB_CLEANING	0x35c0c0
#define RGB_RESERVED	0x404040
#define RGB_KERNEL	0xa01818
#define RGB_GHOST	0xb070d0
#define RGB_CLOSED	0x8090a8
#define RGB_MOVABLE	0x3070c0
#define RGB_PINNED	0xd03030

/* The order of the legend: clients and sizes first */
enum {
	RANK_FIRST,
	RANK_CLOSED = 1 << 20,
	RANK_GHOST,
	RANK_DRIVER,
	RANK_RESERVED,
	RANK_CLEANING,
	RANK_DIRTY,
	RANK_FREE,
};

/* Clients, in turn */
static const u32 client_rgb[] = {
	0x2f7ed8, 0xf28f43, 0x3a9d3a, 0x9b59d0, 0xd6489a, 0x17a0a8, 0xb8a000, 0x7a5c3e,
	0x5b6ee1, 0xe0604c, 0x6fae00, 0x4a7c9c,
};

/* By order from 4 KiB up to 4 MiB and more; lighter for what is free */
static const u32 order_rgb[] = {
	0xb2182b, 0xd6604d, 0xef8a62, 0xf4a582, 0xe6c229, 0xbcc233, 0x8cb83f, 0x5aae61,
	0x35978f, 0x2f7ed8, 0x08519c,
};

const char *view_name(enum view view)
{
	static const char *const names[] = { "owner", "order", "state" };

	return names[view];
}

void format_bytes(u64 bytes, char text[16])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double value = bytes;
	size_t i = 0;

	while (value >= 1024 && i + 1 < ARRAY_SIZE(units)) {
		value /= 1024;
		i++;
	}
	snprintf(text, 16, value == (u64)value ? "%.0f %s" : "%.1f %s", value, units[i]);
}

/* @eighths of the way to white */
static u32 rgb_lighten(u32 rgb, u32 eighths)
{
	u32 light = 0;

	for (int shift = 0; shift < 24; shift += 8) {
		u32 part = rgb >> shift & 0xff;

		light |= (part + (0xff - part) * eighths / 8) << shift;
	}
	return light;
}

/* So that buffers of one client can be told apart */
static u32 shade_of_buffer(u64 id)
{
	return id * 0x9e3779b97f4a7c15ULL >> 62;
}

/* --- What a block is ----------------------------------------------------- */

static struct legend_entry look_owner(const struct block *block, const struct owners *owners)
{
	struct legend_entry look = {
		.name = "ghost", .rgb = RGB_GHOST, .rank = RANK_GHOST,
	};
	size_t client;

	if (!block->id)
		return block->kernel ? (struct legend_entry) { "driver", RGB_KERNEL, RANK_DRIVER, 0 } : look;

	client = owners_find(owners, block->id);
	if (client == owners->num_clients)
		return (struct legend_entry) { "no client (any more)", RGB_CLOSED,
					       RANK_CLOSED, 0 };
	snprintf(look.name, sizeof(look.name), "%s", owners->clients[client].name);
	look.rgb = client_rgb[client % ARRAY_SIZE(client_rgb)];
	look.rank = RANK_FIRST + client;
	return look;
}

static struct legend_entry look_order(const struct block *block)
{
	struct legend_entry look = {};
	u64 size = MIN_UNIT;
	size_t step = 0;
	char text[16];

	/* GTT has ranges of any size: what it has room for counts */
	while (size * 2 <= block->size) {
		size *= 2;
		step++;
	}
	if (step >= ARRAY_SIZE(order_rgb))
		step = ARRAY_SIZE(order_rgb) - 1;
	format_bytes(MIN_UNIT << step, text);
	snprintf(look.name, sizeof(look.name), "%s%s%s",
		 block->state == BLOCK_FREE ? "free, " : "", text,
		 step == ARRAY_SIZE(order_rgb) - 1 ? " and more" : "");
	look.rgb = order_rgb[step];
	look.rank = RANK_FIRST + 2 * step + (block->state == BLOCK_FREE);
	if (block->state == BLOCK_FREE)
		look.rgb = rgb_lighten(look.rgb, 5);
	return look;
}

static struct legend_entry look_state(const struct block *block)
{
	switch (block->state) {
	case BLOCK_FREE:
		if (block->clear)
			return (struct legend_entry) { "free, clear", RGB_CLEAR, RANK_FREE, 0 };
		if (block->dirty)
			return (struct legend_entry) { "free, dirty", RGB_DIRTY, RANK_DIRTY, 0 };
		return (struct legend_entry) { "free", RGB_FREE, RANK_FREE, 0 };
	case BLOCK_CLEANING:
		return (struct legend_entry) { "being cleared", RGB_CLEANING, RANK_CLEANING, 0 };
	case BLOCK_RESERVED:
		return (struct legend_entry) { "reserved", RGB_RESERVED, RANK_RESERVED, 0 };
	default:
		break;
	}
	if (block->pinned)
		return (struct legend_entry) { "used, pinned", RGB_PINNED, RANK_DRIVER, 0 };
	return (struct legend_entry) { "used, movable", RGB_MOVABLE, RANK_FIRST, 0 };
}

static struct legend_entry look(const struct block *block, const struct owners *owners,
				enum view view)
{
	if (view == VIEW_STATE)
		return look_state(block);
	if (block->state == BLOCK_CLEANING || block->state == BLOCK_RESERVED)
		return look_state(block);
	if (view == VIEW_ORDER)
		return look_order(block);
	if (block->state == BLOCK_FREE)
		return (struct legend_entry) { "free", RGB_FREE, RANK_FREE, 0 };
	return look_owner(block, owners);
}

/* --- Drawing ------------------------------------------------------------- */

/* The last entry is for all that there is no room for. */
static void legend_add(struct picture *picture, const struct legend_entry *entry, u64 bytes)
{
	size_t i = 0;

	while (i < picture->num_legend && strcmp(picture->legend[i].name, entry->name))
		i++;
	if (i == LEGEND_MAX) {
		i--;
		snprintf(picture->legend[i].name, sizeof(picture->legend[i].name), "and others");
	} else if (i == picture->num_legend) {
		picture->legend[i] = *entry;
		picture->num_legend++;
	}
	picture->legend[i].bytes += bytes;
}

static int legend_compare(const void *a, const void *b)
{
	const struct legend_entry *x = a, *y = b;

	return (x->rank > y->rank) - (x->rank < y->rank);
}

static void size_cells(struct picture *picture, u64 bytes, u32 max_rows)
{
	picture->unit = MIN_UNIT;
	while (bytes > picture->unit * picture->columns * max_rows)
		picture->unit *= 2;
	picture->cells = (bytes + picture->unit - 1) / picture->unit;
	picture->rows = (picture->cells + picture->columns - 1) / picture->columns;
}

/* @best has for each cell the bytes of what has most of it so far */
static void draw_block(struct picture *picture, u64 *best, u64 start, u64 end, u32 rgb)
{
	for (u64 cell = start / picture->unit; cell * picture->unit < end; cell++) {
		u64 from = cell * picture->unit, to = from + picture->unit;
		u64 bytes = (to < end ? to : end) - (from > start ? from : start);

		if (bytes > best[cell]) {
			best[cell] = bytes;
			picture->rgb[cell] = rgb;
		}
	}
}

void picture_draw(struct picture *picture, const struct heap *heap, const struct owners *owners,
		  enum view view, u32 columns, u32 max_rows)
{
	u64 *best;

	*picture = (struct picture) { .columns = columns };
	size_cells(picture, heap->end - heap->start, max_rows);
	picture->rgb = calloc(picture->cells, sizeof(*picture->rgb));
	best = calloc(picture->cells, sizeof(*best));
	if (!picture->rgb || !best)
		abort();

	for (size_t i = 0; i < heap->count; i++) {
		const struct block *block = &heap->blocks[i];
		struct legend_entry entry = look(block, owners, view);
		u32 rgb = entry.rgb;

		legend_add(picture, &entry, block->size);
		if (view == VIEW_OWNER && block->id)
			rgb = rgb_lighten(rgb, shade_of_buffer(block->id));
		draw_block(picture, best, block->start - heap->start,
			   block->start - heap->start + block->size, rgb);
	}
	free(best);
	qsort(picture->legend, picture->num_legend, sizeof(picture->legend[0]), legend_compare);
}

void picture_free(struct picture *picture)
{
	free(picture->rgb);
	picture->rgb = NULL;
}
