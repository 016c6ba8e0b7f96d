// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "memmap_png.h"

#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memmap_font.h"

#define TEXT_SCALE	2
#define TEXT_RGB	0x202020
#define PAPER_RGB	0xffffff
#define FRAME		2 /* around what the CPU can reach */
#define SWATCH		14

struct canvas {
	u32 width;
	u32 height;
	u8 *pixels; /* red, green, blue */
};

static void fill(struct canvas *canvas, u32 x, u32 y, u32 width, u32 height, u32 rgb)
{
	for (u32 j = y; j < y + height && j < canvas->height; j++) {
		for (u32 i = x; i < x + width && i < canvas->width; i++) {
			u8 *pixel = canvas->pixels + 3 * ((size_t)j * canvas->width + i);

			pixel[0] = rgb >> 16;
			pixel[1] = rgb >> 8;
			pixel[2] = rgb;
		}
	}
}

static void draw_text(struct canvas *canvas, u32 x, u32 y, const char *text)
{
	for (; *text; text++, x += FONT_WIDTH * TEXT_SCALE)
		for (u32 j = 0; j < FONT_HEIGHT; j++)
			for (u32 i = 0; i < FONT_WIDTH; i++)
				if (font_pixel(*text, i, j))
					fill(canvas, x + i * TEXT_SCALE, y + j * TEXT_SCALE,
					     TEXT_SCALE, TEXT_SCALE, TEXT_RGB);
}

/* Every other bit, from bit 0 on */
static u32 even_bits(u32 bits)
{
	u32 sum = 0;

	for (int i = 0; i < 16; i++)
		sum |= (bits >> 2 * i & 1) << i;
	return sum;
}

static void draw_cell(struct canvas *canvas, u32 x, u32 y, u64 cell, u32 rgb)
{
	u64 tile = cell / (PNG_TILE * PNG_TILE);
	u32 inside = cell % (PNG_TILE * PNG_TILE);

	x += tile % PNG_TILES * PNG_TILE_STRIDE + even_bits(inside) * PNG_CELL;
	y += tile / PNG_TILES * PNG_TILE_STRIDE + even_bits(inside >> 1) * PNG_CELL;
	fill(canvas, x, y, PNG_CELL, PNG_CELL, rgb);
}

static u32 num_tiles(u64 cells)
{
	return (cells + PNG_TILE * PNG_TILE - 1) / (PNG_TILE * PNG_TILE);
}

/* Pixels that the cells take, from above to below */
static u32 cells_height(const struct picture *picture)
{
	return (num_tiles(picture->cells) + PNG_TILES - 1) / PNG_TILES * PNG_TILE_STRIDE;
}

static void draw_frames(struct canvas *canvas, u32 x, u32 y, u32 tiles)
{
	u32 size = PNG_TILE * PNG_CELL + 2 * FRAME;

	for (u32 i = 0; i < tiles; i++)
		fill(canvas, x + i % PNG_TILES * PNG_TILE_STRIDE - FRAME,
		     y + i / PNG_TILES * PNG_TILE_STRIDE - FRAME, size, size, TEXT_RGB);
}

static void draw_cells(struct canvas *canvas, u32 x, u32 y, const struct picture *picture)
{
	for (u64 i = 0; i < picture->cells; i++)
		draw_cell(canvas, x, y, i, picture->rgb[i]);
}

static void draw_legend(struct canvas *canvas, u32 x, u32 y, const struct picture *picture)
{
	for (size_t i = 0; i < picture->num_legend; i++, y += PNG_TEXT) {
		const struct legend_entry *entry = &picture->legend[i];
		char text[80], bytes[16];

		format_bytes(entry->bytes, bytes);
		snprintf(text, sizeof(text), "%s: %s", entry->name, bytes);
		fill(canvas, x, y, SWATCH, SWATCH, entry->rgb);
		draw_text(canvas, x + PNG_TEXT, y, text);
	}
}

static void draw_title(struct canvas *canvas, u32 x, u32 y, const struct heap *heap,
		       const struct picture *picture, enum view view)
{
	char text[80], size[16], unit[16];

	format_bytes(heap->end - heap->start, size);
	format_bytes(picture->unit, unit);
	snprintf(text, sizeof(text), "%s by %s, %s, a cell: %s", heap->name, view_name(view), size,
		 unit);
	draw_text(canvas, x, y, text);
}

/* A square is framed if the CPU can reach any of it. */
static void draw_panel(struct canvas *canvas, u32 x, u32 y, const struct heap *heap,
		       const struct picture *picture, enum view view)
{
	u64 visible = (heap->visible - heap->start + picture->unit - 1) / picture->unit;

	draw_title(canvas, x, y, heap, picture, view);
	y += PNG_TEXT;
	draw_frames(canvas, x, y, num_tiles(visible));
	draw_cells(canvas, x, y, picture);
	draw_legend(canvas, x, y + cells_height(picture) + FRAME, picture);
}

/* How high a heap is with its title, its longest legend, and the gap to the next one */
static u32 panel_height(const struct picture views[NUM_VIEWS])
{
	size_t lines = 0;

	for (int view = 0; view < NUM_VIEWS; view++)
		lines = views[view].num_legend > lines ? views[view].num_legend : lines;

	return PNG_TEXT + cells_height(&views[0]) + 2 * PNG_MARGIN + lines * PNG_TEXT;
}

static bool canvas_write(const struct canvas *canvas, const char *path)
{
	png_image image = {
		.version = PNG_IMAGE_VERSION,
		.width = canvas->width,
		.height = canvas->height,
		.format = PNG_FORMAT_RGB,
	};

	if (png_image_write_to_file(&image, path, 0, canvas->pixels, 0, NULL))
		return true;

	fprintf(stderr, "pddgpu-memmap: cannot write %s: %s; does the folder exist, and has it room?\n",
		path, image.message);
	return false;
}

static bool draw_heaps(struct canvas *canvas, const char *path, const struct heap *heaps,
		       size_t count, struct picture (*pictures)[NUM_VIEWS])
{
	u32 y = PNG_MARGIN;
	bool ok;

	canvas->pixels = malloc((size_t)3 * canvas->width * canvas->height);
	if (!canvas->pixels)
		abort();
	fill(canvas, 0, 0, canvas->width, canvas->height, PAPER_RGB);

	for (size_t i = 0; i < count; y += panel_height(pictures[i]), i++)
		for (int view = 0; view < NUM_VIEWS; view++)
			draw_panel(canvas, PNG_MARGIN + view * PNG_STRIDE, y, &heaps[i],
				   &pictures[i][view], view);

	ok = canvas_write(canvas, path);
	free(canvas->pixels);
	return ok;
}

bool png_draw(const char *path, const struct heap *heaps, size_t count,
	      const struct owners *owners)
{
	struct canvas canvas = { .width = NUM_VIEWS * PNG_STRIDE, .height = PNG_MARGIN };
	struct picture (*pictures)[NUM_VIEWS] = calloc(count, sizeof(*pictures));
	bool ok;

	if (!pictures)
		abort();
	for (size_t i = 0; i < count; i++) {
		for (int view = 0; view < NUM_VIEWS; view++)
			picture_draw(&pictures[i][view], &heaps[i], owners, view, PNG_TILE,
				     (i ? PNG_CELLS / 4 : PNG_CELLS) / PNG_TILE);
		canvas.height += panel_height(pictures[i]);
	}

	ok = draw_heaps(&canvas, path, heaps, count, pictures);
	for (size_t i = 0; i < count; i++)
		for (int view = 0; view < NUM_VIEWS; view++)
			picture_free(&pictures[i][view]);
	free(pictures);
	return ok;
}
