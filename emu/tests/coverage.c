// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <stdatomic.h>
#include <stdint.h>

#include "coverage.h"

#define NUM_SLOTS	0x40000

static _Atomic uint8_t slots[NUM_SLOTS];
static _Atomic unsigned int num_edges;
static _Thread_local uint32_t last;
static uint8_t marked[NUM_SLOTS];

/* The linker's: makes addresses the same in every process. */
extern const char __executable_start;

/* What the compiler calls. */
void __sanitizer_cov_trace_pc(void);

void __sanitizer_cov_trace_pc(void)
{
	uint32_t here = (uint32_t)((uintptr_t)__builtin_return_address(0) -
				   (uintptr_t)&__executable_start);
	uint32_t edge = (last * 0x9e3779b1U ^ here * 0x85ebca6bU) >> 14;

	last = here;
	if (!atomic_load_explicit(&slots[edge], memory_order_relaxed) &&
	    !atomic_exchange_explicit(&slots[edge], 1, memory_order_relaxed))
		atomic_fetch_add_explicit(&num_edges, 1, memory_order_relaxed);
}

unsigned int coverage_edges(void)
{
	return num_edges;
}

void coverage_mark(void)
{
	for (unsigned int i = 0; i < NUM_SLOTS; i++)
		marked[i] = atomic_load_explicit(&slots[i], memory_order_relaxed);
}

void coverage_rewind(void)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < NUM_SLOTS; i++) {
		atomic_store_explicit(&slots[i], marked[i], memory_order_relaxed);
		count += marked[i];
	}
	num_edges = count;
}
