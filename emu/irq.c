// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "inject.h"
#include "irq.h"
#include "log.h"

#define IRQ_ALL		(BIT(PDDGPU_NUM_IRQS) - 1)

void irq_init(struct irq *irq, struct inject *inject)
{
	memset(irq, 0, sizeof(*irq));
	irq->inject = inject;
	pthread_mutex_init(&irq->lock, NULL);
	for (unsigned int i = 0; i < PDDGPU_NUM_IRQS; i++)
		irq->fd[i] = -1;
}

void irq_release(struct irq *irq)
{
	for (unsigned int i = 0; i < PDDGPU_NUM_IRQS; i++)
		irq_set_eventfd(irq, i, -1);
	pthread_mutex_destroy(&irq->lock);
}

void irq_reset(struct irq *irq)
{
	pthread_mutex_lock(&irq->lock);
	irq->enable = 0;
	irq->status = 0;
	pthread_mutex_unlock(&irq->lock);
}

/* The eventfd is non-blocking: if its count is full, the VMM knows already. */
static void irq_signal_locked(struct irq *irq, unsigned int vector)
{
	uint64_t one = 1;

	if (irq->fd[vector] < 0)
		return;
	if (write(irq->fd[vector], &one, sizeof(one)) < 0 && errno != EAGAIN)
		log_error("interrupt %u: %s", vector, strerror(errno));
}

static void irq_send_locked(struct irq *irq, unsigned int vector)
{
	if (!irq->bus_master) {
		log_guest("interrupt %u not sent: bus mastering is off", vector);
		return;
	}
	if (inject_armed(irq->inject, INJECT_LOSE_IRQ) && inject_take_lose_irq(irq->inject))
		log_info("interrupt %u lost as ordered", vector);
	else
		irq_signal_locked(irq, vector);
}

void irq_raise(struct irq *irq, unsigned int vector)
{
	pthread_mutex_lock(&irq->lock);
	irq->status |= BIT(vector);
	if (irq->enable & BIT(vector))
		irq_send_locked(irq, vector);
	pthread_mutex_unlock(&irq->lock);
}

void irq_raise_all(struct irq *irq)
{
	pthread_mutex_lock(&irq->lock);
	for (unsigned int i = 0; irq->bus_master && i < PDDGPU_NUM_IRQS; i++) {
		if (irq->enable & BIT(i)) {
			irq->status |= BIT(i);
			irq_send_locked(irq, i);
		}
	}
	pthread_mutex_unlock(&irq->lock);
}

void irq_set_enable(struct irq *irq, uint32_t enable)
{
	uint32_t pending;

	pthread_mutex_lock(&irq->lock);
	enable &= IRQ_ALL;
	pending = enable & ~irq->enable & irq->status;
	irq->enable = enable;
	for (unsigned int i = 0; i < PDDGPU_NUM_IRQS; i++)
		if (pending & BIT(i))
			irq_send_locked(irq, i);
	pthread_mutex_unlock(&irq->lock);
}

void irq_clear_status(struct irq *irq, uint32_t bits)
{
	pthread_mutex_lock(&irq->lock);
	irq->status &= ~bits;
	pthread_mutex_unlock(&irq->lock);
}

uint32_t irq_get_enable(struct irq *irq)
{
	uint32_t value;

	pthread_mutex_lock(&irq->lock);
	value = irq->enable;
	pthread_mutex_unlock(&irq->lock);
	return value;
}

uint32_t irq_get_status(struct irq *irq)
{
	uint32_t value;

	pthread_mutex_lock(&irq->lock);
	value = irq->status;
	pthread_mutex_unlock(&irq->lock);
	return value;
}

void irq_set_bus_master(struct irq *irq, bool on)
{
	pthread_mutex_lock(&irq->lock);
	irq->bus_master = on;
	pthread_mutex_unlock(&irq->lock);
}

void irq_set_eventfd(struct irq *irq, unsigned int vector, int fd)
{
	int old;

	pthread_mutex_lock(&irq->lock);
	old = irq->fd[vector];
	irq->fd[vector] = fd;
	pthread_mutex_unlock(&irq->lock);
	if (old >= 0)
		close(old);
}

void irq_trigger(struct irq *irq, unsigned int vector)
{
	pthread_mutex_lock(&irq->lock);
	irq_signal_locked(irq, vector);
	pthread_mutex_unlock(&irq->lock);
}
