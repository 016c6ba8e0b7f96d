/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef EMU_NOISE_H
#define EMU_NOISE_H

#include <stdint.h>

/**
 * noise_next() - Draw a number
 * @state: the generator (splitmix64); any number to begin with
 *
 * Return: 64 bits that look random.
 */
static inline uint64_t noise_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

#endif
