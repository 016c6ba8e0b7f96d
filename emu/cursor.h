/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef EMU_CURSOR_H
#define EMU_CURSOR_H

#include <stddef.h>
#include <stdint.h>

#include "mmu.h"

struct packet;

/**
 * struct cursor - a walk through a range of addresses
 * @range: what is left of it
 * @engine: whose
 * @host: pointer to the first byte that is left
 * @valid: bytes behind @host, 0 if it must be translated anew
 * @breaths: the engine's breaths when it was translated: a pointer does not
 *	outlive a breath
 */
struct cursor {
	struct mmu_range range;
	struct engine *engine;
	uint8_t *host;
	size_t valid;
	unsigned int breaths;
};

/**
 * cursor_init() - Begin a walk
 * @cursor: the cursor
 * @packet: names engine and VMID
 * @range: where to; its VMID is overwritten
 *
 * Return: 0, or PDDGPU_ERR_UNMAPPED if the range leaves the address space.
 */
int cursor_init(struct cursor *cursor, const struct packet *packet,
		const struct mmu_range *range);

/**
 * cursor_get() - Make the host pointer good
 * @cursor: a cursor with bytes left
 * @size: on return at most the bytes behind the pointer, so that the smallest
 *	of several cursors wins
 *
 * Return: 0 or a PDDGPU_ERR_*.
 */
int cursor_get(struct cursor *cursor, size_t *size);

/**
 * cursor_advance() - Move on
 * @cursor: the cursor
 * @size: bytes, at most what cursor_get() gave
 */
void cursor_advance(struct cursor *cursor, size_t size);

#endif
