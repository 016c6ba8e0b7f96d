/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_IRQ_H_
#define _PDDGPU_IRQ_H_

#include <linux/types.h>

#include "include/pddgpu_regs.h"

struct pddgpu_device;

/* The display's vector stays unused. */
#define PDDGPU_IRQ_VECTORS	(PDDGPU_IRQ_FAULT + 1)

/**
 * struct pddgpu_vector - how an interrupt vector behaves; its handler writes
 */
struct pddgpu_vector {
	/** @irq: the kernel's number, which handlers cannot look up; constant */
	unsigned int irq;
	/** @window: when to count afresh, jiffies */
	unsigned long window;
	/** @useful: interrupts in this window that brought something */
	u32 useful;
	/** @useless: those that did not */
	u32 useless;
	/** @wake: when to switch it on again, jiffies; valid while @resting */
	unsigned long wake;
	/** @resting: it is switched off; the heartbeat clears it */
	bool resting;
};

/**
 * pddgpu_irq_init() - Allocate the vectors, install the handlers, switch them on
 * @pdev: the card; rings and fault ring have their memory
 *
 * Return: 0, -ENOSPC if there are not enough vectors, or the error of
 * installing a handler.
 */
int pddgpu_irq_init(struct pddgpu_device *pdev);

/**
 * pddgpu_irq_enable() - Have the card raise interrupts again after a reset
 * @pdev: the card
 */
void pddgpu_irq_enable(struct pddgpu_device *pdev);

/**
 * pddgpu_irq_rest() - Switch vectors on again that have rested for long enough
 * @pdev: the card, entered; heartbeat only
 *
 * Return: true if others still rest.
 */
bool pddgpu_irq_rest(struct pddgpu_device *pdev);

/**
 * pddgpu_irq_fini() - Remove the handlers
 * @pdev: the card, stopped
 *
 * On return no handler runs.
 */
void pddgpu_irq_fini(struct pddgpu_device *pdev);

#endif
