// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <string.h>

#include "crc32.h"

#define POLYNOMIAL	0xedb88320u
#define SLICES		8

/* table[k][b]: what byte b does to the CRC k bytes later */
static uint32_t table[SLICES][256];

void crc32_init(void)
{
	for (uint32_t b = 0; b < 256; b++) {
		uint32_t crc = b;

		for (unsigned int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
		table[0][b] = crc;
	}
	for (uint32_t b = 0; b < 256; b++)
		for (unsigned int k = 1; k < SLICES; k++)
			table[k][b] = table[k - 1][b] >> 8 ^ table[0][table[k - 1][b] & 0xff];
}

static uint32_t crc_eight(uint32_t crc, const uint8_t *in)
{
	uint32_t low, high;

	memcpy(&low, in, 4);
	memcpy(&high, in + 4, 4);
	low ^= crc;
	return table[7][low & 0xff] ^ table[6][low >> 8 & 0xff] ^
	       table[5][low >> 16 & 0xff] ^ table[4][low >> 24] ^
	       table[3][high & 0xff] ^ table[2][high >> 8 & 0xff] ^
	       table[1][high >> 16 & 0xff] ^ table[0][high >> 24];
}

uint32_t crc32_update(uint32_t crc, const void *data, size_t size)
{
	const uint8_t *in = data;

	crc = ~crc;
	for (; size >= 8; size -= 8, in += 8)
		crc = crc_eight(crc, in);
	for (; size; size--, in++)
		crc = crc >> 8 ^ table[0][(crc ^ *in) & 0xff];
	return ~crc;
}
