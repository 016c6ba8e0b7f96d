/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The kernel's bit macros, for user space, and the contract that needs them. */
#ifndef EMU_BITS_H
#define EMU_BITS_H

#include <linux/types.h>

#define BIT(n)			(1UL << (n))
#define BIT_ULL(n)		(1ULL << (n))
#define GENMASK(h, l)		((~0UL << (l)) & (~0UL >> (63 - (h))))
#define GENMASK_ULL(h, l)	((~0ULL << (l)) & (~0ULL >> (63 - (h))))
#define FIELD_GET(mask, value)	(((value) & (mask)) >> __builtin_ctzll(mask))
#define FIELD_PREP(mask, value)	(((__u64)(value) << __builtin_ctzll(mask)) & (mask))
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))

#include "../include/pddgpu_regs.h"

#endif
