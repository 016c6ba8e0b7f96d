// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/interrupt.h>
#include <linux/pci.h>

#include <drm/drm_drv.h>

#include "pddgpu_device.h"
#include "pddgpu_irq.h"

/* The display's vector stays unused. */
#define PDDGPU_IRQ_VECTORS	(PDDGPU_IRQ_FAULT + 1)

/*
 * Messages are edges: nothing to acknowledge, and no register is read, since
 * that takes longer than most jobs.
 */
static irqreturn_t pddgpu_irq_ring(int irq, void *arg)
{
	pddgpu_ring_process(arg);
	return IRQ_HANDLED;
}

static irqreturn_t pddgpu_irq_fault(int irq, void *arg)
{
	struct pddgpu_device *pdev = arg;
	int idx;

	if (!drm_dev_enter(&pdev->drm, &idx))
		return IRQ_HANDLED;

	pddgpu_fault_ring_drain(pdev);
	for (u32 e = 0; e < PDDGPU_NUM_ENGINES; e++)
		if (pddgpu_ring_halted(&pdev->rings[e]))
			drm_sched_fault(&pdev->rings[e].sched);
	drm_dev_exit(idx);
	return IRQ_HANDLED;
}

static int pddgpu_irq_request(struct pddgpu_device *pdev, u32 vector, const char *what,
			      irq_handler_t handler, irq_handler_t thread, void *arg)
{
	struct device *dev = pdev->drm.dev;
	char *name = devm_kasprintf(dev, GFP_KERNEL, "pddgpu-%s@%s", what, dev_name(dev));

	if (!name)
		return -ENOMEM;
	return devm_request_threaded_irq(dev, pci_irq_vector(to_pci_dev(dev), vector), handler,
					 thread, thread ? IRQF_ONESHOT : 0, name, arg);
}

static int pddgpu_irq_request_all(struct pddgpu_device *pdev)
{
	int ret;

	ret = pci_alloc_irq_vectors(to_pci_dev(pdev->drm.dev), PDDGPU_IRQ_VECTORS,
				    PDDGPU_IRQ_VECTORS, PCI_IRQ_MSIX);
	if (ret < 0)
		return ret;

	for (u32 e = 0; e < PDDGPU_NUM_ENGINES; e++) {
		struct pddgpu_ring *ring = &pdev->rings[e];

		ret = pddgpu_irq_request(pdev, e, ring->name, pddgpu_irq_ring, NULL, ring);
		if (ret)
			return ret;
	}
	return pddgpu_irq_request(pdev, PDDGPU_IRQ_FAULT, "fault", NULL, pddgpu_irq_fault, pdev);
}

/*
 * Handlers must be gone before the memory that they look at, so earlier than
 * devm would see to it: hence the group.
 */
int pddgpu_irq_init(struct pddgpu_device *pdev)
{
	struct device *dev = pdev->drm.dev;
	int ret;

	if (!devres_open_group(dev, pddgpu_irq_init, GFP_KERNEL))
		return -ENOMEM;

	ret = pddgpu_irq_request_all(pdev);
	devres_close_group(dev, pddgpu_irq_init);
	if (ret) {
		pddgpu_irq_fini(pdev);
		return ret;
	}

	pddgpu_write(pdev, PDDGPU_REG_IRQ_ENABLE,
		     BIT(PDDGPU_IRQ_COPY) | BIT(PDDGPU_IRQ_COMPUTE) | BIT(PDDGPU_IRQ_FAULT));
	return 0;
}

void pddgpu_irq_fini(struct pddgpu_device *pdev)
{
	devres_release_group(pdev->drm.dev, pddgpu_irq_init);
}
