/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef EMU_IRQ_H
#define EMU_IRQ_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "bits.h"

struct inject;

/**
 * struct irq - the interrupt block
 * @inject: fault switches
 * @lock: protects all below
 * @fd: an eventfd a vector, -1 if the VMM has not given one; owned
 * @enable: PDDGPU_REG_IRQ_ENABLE
 * @status: PDDGPU_REG_IRQ_STATUS
 * @bus_master: the card may write to memory, so also send MSI-X messages
 */
struct irq {
	struct inject *inject;

	pthread_mutex_t lock;
	int fd[PDDGPU_NUM_IRQS];
	uint32_t enable;
	uint32_t status;
	bool bus_master;
};

/**
 * irq_init() - Bring the block to power-on state, without eventfds
 * @irq: uninitialised memory
 * @inject: fault switches; outlive the block
 */
void irq_init(struct irq *irq, struct inject *inject);

/**
 * irq_release() - Give the eventfds back
 * @irq: an initialised block
 */
void irq_release(struct irq *irq);

/**
 * irq_reset() - Clear the registers, keep the eventfds
 * @irq: the block
 */
void irq_reset(struct irq *irq);

/**
 * irq_raise() - Raise an interrupt
 * @irq: the block
 * @vector: 0..PDDGPU_NUM_IRQS - 1
 *
 * Any thread.  Sets the status bit; sends a message if the vector is enabled
 * and no injected fault eats it.
 */
void irq_raise(struct irq *irq, unsigned int vector);

/**
 * irq_raise_all() - Raise every vector that is enabled
 * @irq: the block
 *
 * Nothing if bus mastering is off.
 */
void irq_raise_all(struct irq *irq);

/**
 * irq_set_enable() - Write PDDGPU_REG_IRQ_ENABLE
 * @irq: the block
 * @enable: a bit a vector, unknown bits are dropped
 *
 * A vector that becomes enabled while its status bit is set is sent at once.
 */
void irq_set_enable(struct irq *irq, uint32_t enable);

/**
 * irq_clear_status() - Write PDDGPU_REG_IRQ_STATUS
 * @irq: the block
 * @bits: vectors to clear
 */
void irq_clear_status(struct irq *irq, uint32_t bits);

/**
 * irq_get_enable() - Read PDDGPU_REG_IRQ_ENABLE
 * @irq: the block
 *
 * Return: a bit a vector.
 */
uint32_t irq_get_enable(struct irq *irq);

/**
 * irq_get_status() - Read PDDGPU_REG_IRQ_STATUS
 * @irq: the block
 *
 * Return: a bit a vector.
 */
uint32_t irq_get_status(struct irq *irq);

/**
 * irq_set_bus_master() - Follow the bus master bit of the PCI command register
 * @irq: the block
 * @on: messages may be sent
 */
void irq_set_bus_master(struct irq *irq, bool on);

/**
 * irq_set_eventfd() - Connect a vector
 * @irq: the block
 * @vector: 0..PDDGPU_NUM_IRQS - 1
 * @fd: an eventfd, now owned by the block, or -1 to disconnect
 */
void irq_set_eventfd(struct irq *irq, unsigned int vector, int fd);

/**
 * irq_trigger() - Send a vector's message because the VMM says so
 * @irq: the block
 * @vector: 0..PDDGPU_NUM_IRQS - 1
 */
void irq_trigger(struct irq *irq, unsigned int vector);

#endif
