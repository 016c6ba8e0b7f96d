/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef MEMMAP_FONT_H
#define MEMMAP_FONT_H

#include <stdbool.h>

#define FONT_WIDTH	6 /* with the gap to the next character */
#define FONT_HEIGHT	8

/**
 * font_pixel() - What a character looks like
 * @c: the character; what has no picture is a box
 * @x: from the left, below FONT_WIDTH
 * @y: from above, below FONT_HEIGHT
 *
 * Return: whether there is ink.
 */
bool font_pixel(char c, unsigned int x, unsigned int y);

#endif
