/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef MEMMAP_PNG_H
#define MEMMAP_PNG_H

#include "memmap_picture.h"

/*
 * Where things are: PNG_MARGIN pixels from the left and from above, there is a line of
 * text and, from PNG_TEXT below that, the cells of the first heap, each PNG_CELL pixels
 * wide and high; once for each view, PNG_STRIDE pixels apart.
 *
 * Cells come in squares of PNG_TILE by PNG_TILE, PNG_TILES to a line, PNG_TILE_STRIDE
 * pixels apart.  Inside of one they are in Z-order: each quarter of a square comes before
 * the next, left before right and above before below.  So a buddy block, whose size and
 * alignment are the same power of two, is a square or half of one.
 */
#define PNG_MARGIN	12
#define PNG_TEXT	20
#define PNG_CELL	2
#define PNG_TILE	64
#define PNG_TILES	4
#define PNG_TILE_STRIDE	(PNG_TILE * PNG_CELL + 8)
#define PNG_STRIDE	(PNG_TILES * PNG_TILE_STRIDE + PNG_MARGIN)
#define PNG_CELLS	(8 * PNG_TILE * PNG_TILE) /* of the first heap at most; others have a quarter */

/**
 * png_draw() - Write a picture of heaps as PNG
 * @path: the file
 * @heaps: the heaps, from above to below
 * @count: how many
 * @owners: whose buffers are
 *
 * Return: true; or false with what is wrong on stderr.
 */
bool png_draw(const char *path, const struct heap *heaps, size_t count,
	      const struct owners *owners);

#endif
