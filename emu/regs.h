/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef EMU_REGS_H
#define EMU_REGS_H

#include <stdint.h>

struct card;

/**
 * regs_read() - Read from BAR2
 * @card: the card
 * @offset: first byte
 * @size: bytes, at least one
 * @to: where to; all ones for whatever is not a readable register
 *
 * Four aligned bytes are a register, eight are two, the low one first.
 * Protocol thread only.
 */
void regs_read(struct card *card, uint64_t offset, uint32_t size, void *to);

/**
 * regs_write() - Write to BAR2
 * @card: the card
 * @offset: first byte
 * @size: bytes, at least one
 * @from: what; logged and dropped if there is no such register to write
 *
 * Sizes as for regs_read().  On return the write has taken effect, except that
 * an engine reset goes on until PDDGPU_ENGINE_CTRL_RESET reads 0.
 */
void regs_write(struct card *card, uint64_t offset, uint32_t size, const void *from);

#endif
