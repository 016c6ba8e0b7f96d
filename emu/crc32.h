/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef EMU_CRC32_H
#define EMU_CRC32_H

#include <stddef.h>
#include <stdint.h>

/**
 * crc32_init() - Work out the tables
 *
 * Once, before any thread calls crc32_update().
 */
void crc32_init(void);

/**
 * crc32_update() - Go on with the CRC-32 of IEEE 802.3
 * @crc: 0 at first, then what the last call returned
 * @data: bytes
 * @size: how many
 *
 * Return: the CRC of all bytes so far, as zlib's crc32() gives it.
 */
uint32_t crc32_update(uint32_t crc, const void *data, size_t size);

#endif
