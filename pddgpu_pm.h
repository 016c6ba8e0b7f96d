/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_PM_H_
#define _PDDGPU_PM_H_

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pm.h>
#include <linux/types.h>

struct pddgpu_bo;
struct pddgpu_device;

/**
 * struct pddgpu_pm - what a suspend must save
 */
struct pddgpu_pm {
	/** @lock: protects @pinned; innermost */
	struct mutex lock;
	/** @pinned: struct pddgpu_pm_pinned of all VRAM that eviction leaves where it is */
	struct list_head pinned;
	/**
	 * @saved: pinned GTT memory for the contents of @pinned, one after the other; from
	 * prepare to complete, else NULL, as it is if nothing is pinned
	 */
	struct pddgpu_bo *saved;
	/** @saved_addr: VMID 0 address of @saved */
	u64 saved_addr;
	/** @gart: copy of the GART's table; from prepare to complete, else NULL */
	void *gart;
	/** @asleep: the card has no state; by &pddgpu_device.reset_lock */
	bool asleep;
};

/**
 * struct pddgpu_pm_pinned - contiguous VRAM with an address that must stay
 */
struct pddgpu_pm_pinned {
	/** @link: in &pddgpu_pm.pinned */
	struct list_head link;
	/** @addr: VRAM byte address */
	u64 addr;
	/** @size: bytes */
	u64 size;
};

/**
 * pddgpu_pm_init() - Prepare to suspend
 * @pdev: the card
 *
 * Return: 0 or -ENOMEM.
 */
int pddgpu_pm_init(struct pddgpu_device *pdev);

/**
 * pddgpu_pm_pin() - Have VRAM saved in a suspend
 * @pdev: the card
 * @pinned: @addr and @size are filled in; the caller's memory
 */
void pddgpu_pm_pin(struct pddgpu_device *pdev, struct pddgpu_pm_pinned *pinned);

/**
 * pddgpu_pm_unpin() - Undo pddgpu_pm_pin()
 * @pdev: the card
 * @pinned: the same
 */
void pddgpu_pm_unpin(struct pddgpu_device *pdev, struct pddgpu_pm_pinned *pinned);

/**
 * pddgpu_pm_free() - Free what a suspend keeps until it is over
 * @pdev: the card, unplugged or awake; its struct device is locked
 *
 * Who is unbound in a suspend or resume is not told of its end.  Does nothing at
 * other times.
 */
void pddgpu_pm_free(struct pddgpu_device *pdev);

extern const struct dev_pm_ops pddgpu_pm_ops;

#endif
