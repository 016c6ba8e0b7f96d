// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "card.h"
#include "fault.h"
#include "log.h"

static bool fault_store_locked(struct card *card, const struct pddgpu_fault_record *record)
{
	struct fault_ring *ring = &card->fault;
	uint32_t next = (ring->wptr + 1) & (ring->size - 1);
	struct mmu_port port = { .card = card };
	struct mmu_range range = {
		.va = ring->base + (uint64_t)ring->wptr * sizeof(*record),
		.size = sizeof(*record),
		.write = true,
	};

	if (!ring->size || next == ring->rptr)
		return false;
	if (mmu_write(&port, &range, record)) {
		log_guest("fault ring: no memory at 0x%llx",
			  (unsigned long long)port.fault_address);
		return false;
	}
	/* Whoever reads it takes the lock, and so sees the record, too. */
	ring->wptr = next;
	return true;
}

void fault_report(struct card *card, const struct pddgpu_fault_record *record)
{
	struct fault_ring *ring = &card->fault;

	pthread_mutex_lock(&ring->lock);
	if (!fault_store_locked(card, record) && ring->size)
		ring->overflow = true;
	pthread_mutex_unlock(&ring->lock);
	irq_raise(&card->irq, PDDGPU_IRQ_FAULT);
}

void fault_set_size(struct fault_ring *ring, uint32_t size)
{
	if (size > PDDGPU_FAULT_SIZE_MAX || size & (size - 1)) {
		log_guest("fault ring: bad size %u", size);
		return;
	}
	pthread_mutex_lock(&ring->lock);
	ring->size = size;
	ring->rptr = 0;
	ring->wptr = 0;
	ring->overflow = false;
	pthread_mutex_unlock(&ring->lock);
}

uint32_t fault_get_size(struct fault_ring *ring)
{
	uint32_t size;

	pthread_mutex_lock(&ring->lock);
	size = ring->size;
	pthread_mutex_unlock(&ring->lock);
	return size;
}

void fault_set_rptr(struct fault_ring *ring, uint32_t rptr)
{
	pthread_mutex_lock(&ring->lock);
	if (rptr < ring->size || !rptr) {
		ring->rptr = rptr;
		ring->overflow = false;
	} else {
		log_guest("fault ring: read pointer %u of %u", rptr, ring->size);
	}
	pthread_mutex_unlock(&ring->lock);
}

uint32_t fault_get_wptr(struct fault_ring *ring)
{
	uint32_t value;

	pthread_mutex_lock(&ring->lock);
	value = ring->wptr | (ring->overflow ? PDDGPU_FAULT_WPTR_OVERFLOW : 0);
	pthread_mutex_unlock(&ring->lock);
	return value;
}
