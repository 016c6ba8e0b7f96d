/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_RESET_H_
#define _PDDGPU_RESET_H_

struct pci_error_handlers;
struct pddgpu_device;
struct pddgpu_ring;

/**
 * enum pddgpu_reset_why - what is wrong with an engine
 */
enum pddgpu_reset_why {
	/** @PDDGPU_RESET_NOT: nothing */
	PDDGPU_RESET_NOT,
	/** @PDDGPU_RESET_HUNG: its job makes no progress, or takes for ever */
	PDDGPU_RESET_HUNG,
	/** @PDDGPU_RESET_HALTED: an error in the ring stopped it */
	PDDGPU_RESET_HALTED,
	/** @PDDGPU_RESET_FAILED: a kernel job failed, nothing may run after it */
	PDDGPU_RESET_FAILED,
	/** @PDDGPU_RESET_ORDERED: nothing, but somebody resets the card */
	PDDGPU_RESET_ORDERED,
};

/**
 * pddgpu_reset_init() - Prepare for resets
 * @pdev: the card
 *
 * Return: 0 or -ENOMEM.
 */
int pddgpu_reset_init(struct pddgpu_device *pdev);

/**
 * pddgpu_reset_ring() - Get an engine going again, whatever it takes
 * @ring: the ring; device entered, &pddgpu_device.reset_lock held
 * @why: what is wrong
 *
 * Resets the engine, or the card, or gives up.
 */
void pddgpu_reset_ring(struct pddgpu_ring *ring, enum pddgpu_reset_why why);

/**
 * pddgpu_reset_is_pointless() - See whether the engines are stopped already
 * @pdev: the card, &pddgpu_device.reset_lock held
 *
 * Return: true if the card is asleep, wedged or given up.
 */
bool pddgpu_reset_is_pointless(struct pddgpu_device *pdev);

/**
 * pddgpu_reset_stop() - Bring the card to rest before it loses its state
 * @pdev: the card, which cannot be unbound now, &pddgpu_device.reset_lock held
 *
 * Lets the engines finish what they have, for some seconds at most, and feeds them
 * nothing more until pddgpu_reset_start().
 */
void pddgpu_reset_stop(struct pddgpu_device *pdev);

/**
 * pddgpu_reset_restart() - Bring the registers up again after a reset
 * @pdev: the card, VRAM and configuration space as before, &pddgpu_device.reset_lock
 *        held
 *
 * Return: 0, -ENODEV if the card does not answer, -EIO if VRAM has lost its
 * contents, -ETIMEDOUT if an engine does not run.
 */
int pddgpu_reset_restart(struct pddgpu_device *pdev);

/**
 * pddgpu_reset_start() - Undo pddgpu_reset_stop()
 * @pdev: the card, &pddgpu_device.reset_lock held
 * @error: 0, or why the card cannot be used any more: it is wedged or given up
 *
 * What had not begun is run now.
 */
void pddgpu_reset_start(struct pddgpu_device *pdev, int error);

/* For resets that sysfs or the PCI core asks for */
extern const struct pci_error_handlers pddgpu_reset_handlers;

#endif
