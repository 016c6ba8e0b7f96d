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
 * pddgpu_reset_begin() - Bring the card to rest before it loses its state
 * @pdev: the card; it cannot be unbound before pddgpu_reset_end()
 *
 * Lets the engines finish what they have, within bounds, and feeds them nothing
 * more.  The CPU is kept away from VRAM: who touches a mapping waits.
 */
void pddgpu_reset_begin(struct pddgpu_device *pdev);

/**
 * pddgpu_reset_end() - Go on after pddgpu_reset_begin()
 * @pdev: the card, after a reset of the function, its configuration space restored
 *
 * What had not begun is run now.  If the card does not come back it is wedged or
 * given up.
 */
void pddgpu_reset_end(struct pddgpu_device *pdev);

/* For resets that sysfs or the PCI core asks for */
extern const struct pci_error_handlers pddgpu_reset_handlers;

#endif
