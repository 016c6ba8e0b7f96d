// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <linux/pci.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "pddgpu_device.h"
#include "pddgpu_heartbeat.h"
#include "pddgpu_irq.h"

/*
 * A vector that brings nothing again and again is switched off, and the heartbeat
 * looks in its place.  Messages that come together bring something once, so what
 * counts is how many there are of each kind.
 */
#define PDDGPU_IRQ_WINDOW_MS	200
#define PDDGPU_IRQ_USELESS_MAX	200
#define PDDGPU_IRQ_USELESS_PER_USEFUL	8
#define PDDGPU_IRQ_REST_MS	1000

static bool pddgpu_irq_is_storm(const struct pddgpu_vector *vector)
{
	return vector->useless > PDDGPU_IRQ_USELESS_MAX +
		PDDGPU_IRQ_USELESS_PER_USEFUL * vector->useful;
}

static void pddgpu_irq_count(struct pddgpu_device *pdev, u32 number, bool useful)
{
	struct pddgpu_vector *vector = &pdev->vectors[number];

	if (time_after_eq(jiffies, vector->window)) {
		vector->window = jiffies + msecs_to_jiffies(PDDGPU_IRQ_WINDOW_MS);
		vector->useful = 0;
		vector->useless = 0;
	}
	if (useful)
		vector->useful++;
	else
		vector->useless++;
	if (!pddgpu_irq_is_storm(vector) || READ_ONCE(vector->resting))
		return;

	drm_err_ratelimited(&pdev->drm, "interrupt %u storms: switched off for a while\n", number);
	vector->wake = jiffies + msecs_to_jiffies(PDDGPU_IRQ_REST_MS);
	disable_irq_nosync(vector->irq);
	WRITE_ONCE(vector->resting, true);
	pddgpu_heartbeat_now(pdev);
}

bool pddgpu_irq_rest(struct pddgpu_device *pdev)
{
	bool resting = false;

	for (u32 i = 0; i < PDDGPU_IRQ_VECTORS; i++) {
		struct pddgpu_vector *vector = &pdev->vectors[i];

		if (!READ_ONCE(vector->resting))
			continue;
		if (time_before(jiffies, vector->wake)) {
			resting = true;
			continue;
		}
		vector->window = jiffies;
		WRITE_ONCE(vector->resting, false);
		enable_irq(vector->irq);
	}
	return resting;
}

/*
 * Messages are edges: nothing to acknowledge, and no register is read, since
 * that takes longer than most jobs.
 */
static irqreturn_t pddgpu_irq_ring(int irq, void *arg)
{
	struct pddgpu_ring *ring = arg;
	int count = pddgpu_ring_process(ring);

	if (count < 0)
		pddgpu_heartbeat_now(ring->pdev);
	pddgpu_irq_count(ring->pdev, ring->engine, count > 0);
	return IRQ_HANDLED;
}

static irqreturn_t pddgpu_irq_fault(int irq, void *arg)
{
	struct pddgpu_device *pdev = arg;
	bool useful;
	int idx;

	if (!drm_dev_enter(&pdev->drm, &idx))
		return IRQ_HANDLED;

	useful = pddgpu_fault_ring_drain(pdev);
	for (u32 e = 0; e < PDDGPU_NUM_ENGINES; e++)
		if (pddgpu_ring_halted(&pdev->rings[e]))
			pddgpu_heartbeat_now(pdev);
	pddgpu_irq_count(pdev, PDDGPU_IRQ_FAULT, useful);
	drm_dev_exit(idx);
	return IRQ_HANDLED;
}

static int pddgpu_irq_request(struct pddgpu_device *pdev, u32 number, const char *what,
			      irq_handler_t handler, irq_handler_t thread, void *arg)
{
	struct pddgpu_vector *vector = &pdev->vectors[number];
	struct device *dev = pdev->drm.dev;
	char *name = devm_kasprintf(dev, GFP_KERNEL, "pddgpu-%s@%s", what, dev_name(dev));

	if (!name)
		return -ENOMEM;

	vector->irq = pci_irq_vector(to_pci_dev(dev), number);
	return devm_request_threaded_irq(dev, vector->irq, handler, thread,
					 thread ? IRQF_ONESHOT : 0, name, arg);
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

	pddgpu_irq_enable(pdev);
	return 0;
}

void pddgpu_irq_enable(struct pddgpu_device *pdev)
{
	pddgpu_write(pdev, PDDGPU_REG_IRQ_ENABLE,
		     BIT(PDDGPU_IRQ_COPY) | BIT(PDDGPU_IRQ_COMPUTE) | BIT(PDDGPU_IRQ_FAULT));
}

void pddgpu_irq_fini(struct pddgpu_device *pdev)
{
	devres_release_group(pdev->drm.dev, pddgpu_irq_init);
}
