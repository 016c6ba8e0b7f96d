/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef MEMMAP_TEXT_H
#define MEMMAP_TEXT_H

#include "memmap_picture.h"

/**
 * text_draw() - Draw a heap in a terminal
 * @heap: the heap
 * @owners: whose buffers are
 * @view: what colours say
 * @columns: how wide
 * @rows: how many lines the cells may take, each for two rows of them
 *
 * On stdout, as UTF-8 with colours of 24 bits.
 */
void text_draw(const struct heap *heap, const struct owners *owners, enum view view, u32 columns,
	       u32 rows);

#endif
