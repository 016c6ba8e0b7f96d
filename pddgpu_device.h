/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_DEVICE_H_
#define _PDDGPU_DEVICE_H_

#include <linux/atomic.h>
#include <linux/io.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include <drm/drm_device.h>
#include <drm/ttm/ttm_device.h>

#include "include/pddgpu_regs.h"
#include "pddgpu_copy.h"
#include "pddgpu_fault.h"
#include "pddgpu_gart.h"
#include "pddgpu_gtt_mgr.h"
#include "pddgpu_irq.h"
#include "pddgpu_onchip.h"
#include "pddgpu_pm.h"
#include "pddgpu_pool.h"
#include "pddgpu_ring.h"
#include "pddgpu_shrinker.h"
#include "pddgpu_vram_mgr.h"

struct pci_dev;
struct pddgpu_coredump;

/**
 * struct pddgpu_device - one card
 *
 * Constant after probe unless a field says otherwise.  What touches the bus
 * (@mmio, @vram.io, the interrupts) is devm-managed and gone after unbind: use
 * it between drm_dev_enter() and drm_dev_exit() only.  Everything else lives
 * until the last reference to @drm is dropped.
 */
struct pddgpu_device {
	/** @drm: the DRM device; to_pddgpu() leads back */
	struct drm_device drm;
	/** @mmio: BAR2, registers and doorbells */
	void __iomem *mmio;
	/** @version: PDDGPU_REG_VERSION */
	u32 version;

	/** @vram: video memory */
	struct {
		/** @vram.size: bytes */
		u64 size;
		/** @vram.visible: bytes from 0 up that BAR0 shows */
		u64 visible;
		/** @vram.base: bus address of BAR0 */
		resource_size_t base;
		/** @vram.io: write-combined mapping of all of BAR0 */
		void __iomem *io;
	} vram;

	/** @ttm: TTM's side of the device */
	struct ttm_device ttm;
	/** @pool: system pages behind ttm_tt_populate */
	struct pddgpu_pool pool;
	/** @vram_mgr: TTM_PL_VRAM */
	struct pddgpu_vram_mgr vram_mgr;
	/** @gtt_mgr: TTM_PL_TT */
	struct pddgpu_gtt_mgr gtt_mgr;
	/** @onchip: GDS, GWS and OA, TTM_PL_PRIV and up */
	struct pddgpu_onchip onchip;
	/** @shrinker: gives memory of buffers to the system */
	struct pddgpu_shrinker shrinker;
	/** @gart: the table behind the GTT aperture */
	struct pddgpu_gart gart;

	/** @reset_wq: runs the heartbeat, which fences wait for */
	struct workqueue_struct *reset_wq;
	/**
	 * @reset_lock: who resets engines or the card, or stops them for good, has
	 * it.  Fences wait for it, so nothing is allocated or waited for inside.
	 */
	struct mutex reset_lock;
	/** @cpu_lock: held for reading while a page fault maps VRAM, for writing during resets */
	struct rw_semaphore cpu_lock;
	/** @pm: for suspend and resume */
	struct pddgpu_pm pm;
	/** @halted: the engines are stopped for good; by @reset_lock */
	bool halted;
	/** @jobs: jobs pushed and not yet freed, see pddgpu_job_wait_all() */
	atomic_t jobs;
	/**
	 * @pt_seq: last number given to a page-table update, of any address
	 * space, so that a root table in the place of a freed one is never
	 * taken for it
	 */
	atomic64_t pt_seq;
	/** @latch_lock: keeps the halves of a latched 64-bit register together */
	struct mutex latch_lock;

	/** @rings: one an engine, indexed by PDDGPU_ENGINE_* */
	struct pddgpu_ring rings[PDDGPU_NUM_ENGINES];
	/** @vectors: the interrupts, indexed by PDDGPU_IRQ_* */
	struct pddgpu_vector vectors[PDDGPU_IRQ_VECTORS];
	/** @faults: the ring of fault records that the card fills */
	struct pddgpu_fault_ring faults;
	/** @copy: the kernel's own use of the copy engine */
	struct pddgpu_copy copy;

	/** @coredump: the core dump in the making */
	struct pddgpu_coredump *coredump;

	/** @heartbeat: looks after the card while jobs are in flight; on @reset_wq */
	struct delayed_work heartbeat;
	/** @unbind_work: takes the driver from a card that is lost */
	struct work_struct unbind_work;
	/** @lost: the card has died; set once, read locklessly */
	bool lost;
	/** @wedged: no engine can be trusted any more; set once, read locklessly */
	bool wedged;

	/** @stats: whole-life counters, see struct drm_pddgpu_info_memory */
	struct {
		/** @stats.moved_to_vram: bytes */
		atomic64_t moved_to_vram;
		/** @stats.moved_to_gtt: bytes */
		atomic64_t moved_to_gtt;
		/** @stats.evictions: buffers */
		atomic64_t evictions;
		/** @stats.cleared: bytes */
		atomic64_t cleared;
		/** @stats.purged: bytes */
		atomic64_t purged;
	} stats;
};

#define to_pddgpu(drm_dev) container_of(drm_dev, struct pddgpu_device, drm)
#define ttm_to_pddgpu(bdev) container_of(bdev, struct pddgpu_device, ttm)

/**
 * pddgpu_device_init() - Bring the card up
 * @pdev: the card, freshly devm_drm_dev_alloc()ed
 * @pci: its PCI device, enabled and bus master after success
 *
 * Maps the BARs, checks identity and sizes, resets the card, and initialises
 * memory management, interrupts and engines, ending with a test of each ring.
 * All of it is undone by devm and drmm actions.
 *
 * Return: 0, -ENODEV if this is no pddgpu or it answers with nonsense, or the
 * error of the step that failed.
 */
int pddgpu_device_init(struct pddgpu_device *pdev, struct pci_dev *pci);

/**
 * pddgpu_device_reset() - Stop engines and interrupts, and forget all registers
 * @pdev: the card, entered
 *
 * On return the card has done it.
 */
void pddgpu_device_reset(struct pddgpu_device *pdev);

/**
 * pddgpu_device_halt() - Stop the engines for good and signal all fences
 * @pdev: the card, before drm_dev_unplug()
 *
 * drm_dev_unplug() waits for all who have entered the device.  They may wait for
 * fences, and from there on nobody else would see to it that those signal: a job
 * that hangs is not stopped when the device cannot be entered.  All jobs from
 * here on end with -ENODEV.  Takes &pddgpu_device.reset_lock.
 */
void pddgpu_device_halt(struct pddgpu_device *pdev);

/**
 * pddgpu_device_unplug() - Stop using the card
 * @pdev: the card, after pddgpu_device_halt() and drm_dev_unplug()
 *
 * On return no fence of the driver is unsignalled, no DMA is mapped, and
 * nothing touches the hardware; files may still be open.
 */
void pddgpu_device_unplug(struct pddgpu_device *pdev);

/**
 * pddgpu_device_wedge() - Give up on the engines
 * @pdev: the card, entered, &pddgpu_device.reset_lock held
 *
 * Resets the card; all jobs, now and in future, end with -EIO.  Memory stays
 * readable, moves are left to the CPU.
 */
void pddgpu_device_wedge(struct pddgpu_device *pdev);

/**
 * pddgpu_device_answers() - See whether the card is there
 * @pdev: the card, entered
 *
 * Return: false if it does not know who it is: it is dead, or being reset.
 */
bool pddgpu_device_answers(struct pddgpu_device *pdev);

/**
 * pddgpu_device_is_dead() - See whether the card is gone for good
 * @pdev: the card, which cannot be unbound now
 *
 * Sleeps for a moment before it says so.
 *
 * Return: true if it does not answer, and does not do so later.
 */
bool pddgpu_device_is_dead(struct pddgpu_device *pdev);

/**
 * pddgpu_device_lost() - Give up a card that has died
 * @pdev: the card, entered, &pddgpu_device.reset_lock held
 *
 * All fences signal with -ENODEV before this returns.  The driver is unbound from
 * the card soon after, as if somebody had done it through sysfs.
 */
void pddgpu_device_lost(struct pddgpu_device *pdev);

/* Registers: 32-bit, @reg is a PDDGPU_REG_* byte offset into BAR2. */
#define pddgpu_read(pdev, reg)		ioread32((pdev)->mmio + (reg))
#define pddgpu_write(pdev, reg, val)	iowrite32((val), (pdev)->mmio + (reg))

/**
 * pddgpu_read64() - Read a _LO/_HI register pair
 * @pdev: the card, entered
 * @reg_lo: offset of the _LO register
 *
 * May sleep.
 *
 * Return: the 64-bit value.
 */
u64 pddgpu_read64(struct pddgpu_device *pdev, u32 reg_lo);

/**
 * pddgpu_write64() - Write a _LO/_HI register pair, _LO first
 * @pdev: the card, entered
 * @reg_lo: offset of the _LO register
 * @val: value
 */
void pddgpu_write64(struct pddgpu_device *pdev, u32 reg_lo, u64 val);

#endif
