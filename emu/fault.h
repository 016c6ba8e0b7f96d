/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef EMU_FAULT_H
#define EMU_FAULT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "bits.h"

struct card;

/**
 * struct fault_ring - where the card tells the driver what went wrong
 * @lock: protects all below
 * @base: VMID 0 address
 * @size: records, a power of two, 0 = off
 * @rptr: the driver's index
 * @wptr: the card's index
 * @overflow: a record was dropped since the driver last wrote @rptr
 */
struct fault_ring {
	pthread_mutex_t lock;
	uint64_t base;
	uint32_t size;
	uint32_t rptr;
	uint32_t wptr;
	bool overflow;
};

/**
 * fault_report() - Put a record into the ring and raise PDDGPU_IRQ_FAULT
 * @card: the card
 * @record: all of it
 *
 * Called by a running engine; others use card_report_fault().  The interrupt
 * comes even if the record had to be dropped, because an engine may have halted.
 */
void fault_report(struct card *card, const struct pddgpu_fault_record *record);

/**
 * fault_set_size() - Write PDDGPU_REG_FAULT_SIZE
 * @ring: the ring
 * @size: records; anything but 0 or a power of two up to
 *	PDDGPU_FAULT_SIZE_MAX is dropped
 *
 * Sets both pointers to 0, so that a ring can be set up again.
 */
void fault_set_size(struct fault_ring *ring, uint32_t size);

/**
 * fault_get_size() - Read PDDGPU_REG_FAULT_SIZE
 * @ring: the ring
 *
 * Return: records, 0 = off.
 */
uint32_t fault_get_size(struct fault_ring *ring);

/**
 * fault_set_rptr() - Write PDDGPU_REG_FAULT_RPTR
 * @ring: the ring
 * @rptr: record index; dropped if not below the size
 */
void fault_set_rptr(struct fault_ring *ring, uint32_t rptr);

/**
 * fault_get_wptr() - Read PDDGPU_REG_FAULT_WPTR
 * @ring: the ring
 *
 * Return: index and overflow bit.
 */
uint32_t fault_get_wptr(struct fault_ring *ring);

#endif
