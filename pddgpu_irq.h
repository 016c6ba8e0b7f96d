/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_IRQ_H_
#define _PDDGPU_IRQ_H_

struct pddgpu_device;

/**
 * pddgpu_irq_init() - Allocate the vectors, install the handlers, switch them on
 * @pdev: the card; rings and fault ring have their memory
 *
 * Return: 0, -ENOSPC if there are not enough vectors, or the error of
 * installing a handler.
 */
int pddgpu_irq_init(struct pddgpu_device *pdev);

/**
 * pddgpu_irq_fini() - Remove the handlers
 * @pdev: the card, stopped
 *
 * On return no handler runs.
 */
void pddgpu_irq_fini(struct pddgpu_device *pdev);

#endif
