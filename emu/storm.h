/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef EMU_STORM_H
#define EMU_STORM_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "inject.h"

struct irq;

/**
 * struct storm - a thread that raises interrupts without a cause
 * @irq: which
 * @thread: the thread
 * @lock: protects all below
 * @changed: the thread waits on it
 * @until: when the storm ends, ns; indexed by enum inject_who
 * @quit: the thread shall end
 */
struct storm {
	struct irq *irq;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t until[INJECT_NUM_WHO];
	bool quit;
};

/**
 * storm_start() - Start the thread, which waits for an order
 * @storm: zeroed memory
 * @irq: the interrupts; outlive the storm
 *
 * Return: 0, or what pthread_create() said.
 */
int storm_start(struct storm *storm, struct irq *irq);

/**
 * storm_stop() - End the thread
 * @storm: one that storm_start() returned 0 for
 */
void storm_stop(struct storm *storm);

/**
 * storm_set() - Begin a storm, or end one
 * @storm: the storm
 * @who: whose order it is
 * @ms: how long from now, 0 to end it
 */
void storm_set(struct storm *storm, enum inject_who who, uint32_t ms);

/**
 * storm_left() - Ask how long it lasts
 * @storm: the storm
 *
 * Return: ms, rounded up, to the end of the longer order.
 */
uint32_t storm_left(struct storm *storm);

#endif
