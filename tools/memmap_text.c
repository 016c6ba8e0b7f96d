// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "memmap_text.h"

#include <stdio.h>
#include <string.h>

#define HALF_BLOCK	"\u2580" /* its upper half in the colour of the text */
#define NO_COLOUR	(~0U)

static void set_colour(int plane, u32 rgb)
{
	if (rgb == NO_COLOUR)
		printf("\033[%d9m", plane);
	else
		printf("\033[%d8;2;%u;%u;%um", plane, rgb >> 16, rgb >> 8 & 0xff, rgb & 0xff);
}

/* A terminal is told a colour when it changes, or it could not follow. */
static void draw_line(const struct picture *picture, u32 row)
{
	u32 fg = NO_COLOUR, bg = NO_COLOUR;

	for (u32 x = 0; x < picture->columns; x++) {
		u64 upper = (u64)row * picture->columns + x, lower = upper + picture->columns;
		u32 below = lower < picture->cells ? picture->rgb[lower] : NO_COLOUR;

		if (upper >= picture->cells)
			break;
		if (picture->rgb[upper] != fg)
			set_colour(3, picture->rgb[upper]);
		if (below != bg)
			set_colour(4, below);
		fg = picture->rgb[upper];
		bg = below;
		fputs(HALF_BLOCK, stdout);
	}
	puts("\033[0m");
}

/* As many to a line as there is room for */
static void draw_legend(const struct picture *picture)
{
	u32 column = 0;

	for (size_t i = 0; i < picture->num_legend; i++) {
		const struct legend_entry *entry = &picture->legend[i];
		char bytes[16];
		u32 width;

		format_bytes(entry->bytes, bytes);
		width = 3 + strlen(entry->name) + 1 + strlen(bytes) + 2;
		if (column && column + width > picture->columns) {
			putchar('\n');
			column = 0;
		}
		set_colour(4, entry->rgb);
		printf("  \033[0m %s %s  ", entry->name, bytes);
		column += width;
	}
	putchar('\n');
}

void text_draw(const struct heap *heap, const struct owners *owners, enum view view, u32 columns,
	       u32 rows)
{
	char size[16], used[16], visible[16], unit[16];
	struct picture picture;

	picture_draw(&picture, heap, owners, view, columns, 2 * rows);
	format_bytes(heap->end - heap->start, size);
	format_bytes(heap->used, used);
	format_bytes(heap->visible - heap->start, visible);
	format_bytes(picture.unit, unit);
	printf("%s by %s: %s of %s used, %s visible, %zu blocks, a cell is %s\n", heap->name,
	       view_name(view), used, size, visible, heap->count, unit);
	for (u32 row = 0; row < picture.rows; row += 2)
		draw_line(&picture, row);
	draw_legend(&picture);
	picture_free(&picture);
}
