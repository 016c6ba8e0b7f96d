// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/bitfield.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/pci.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "include/pddgpu_compat.h"
#include "pddgpu_coredump.h"
#include "pddgpu_device.h"
#include "pddgpu_drv.h"
#include "pddgpu_heartbeat.h"
#include "pddgpu_irq.h"
#include "pddgpu_job.h"
#include "pddgpu_reset.h"
#include "pddgpu_ttm.h"

#define PDDGPU_SUPPORTED_MAJOR	1
#define PDDGPU_DMA_BITS_MIN	32
#define PDDGPU_DMA_BITS_MAX	52
/* Between two readings that must both be wrong: a link may retrain meanwhile */
#define PDDGPU_DOUBT_MS		100

u64 pddgpu_read64(struct pddgpu_device *pdev, u32 reg_lo)
{
	u32 lo, hi;

	mutex_lock(&pdev->latch_lock);
	lo = pddgpu_read(pdev, reg_lo);
	hi = pddgpu_read(pdev, reg_lo + 4);
	mutex_unlock(&pdev->latch_lock);
	return (u64)hi << 32 | lo;
}

void pddgpu_write64(struct pddgpu_device *pdev, u32 reg_lo, u64 val)
{
	pddgpu_write(pdev, reg_lo, lower_32_bits(val));
	pddgpu_write(pdev, reg_lo + 4, upper_32_bits(val));
}

/* The read returns after the card has done it. */
void pddgpu_device_reset(struct pddgpu_device *pdev)
{
	pddgpu_write(pdev, PDDGPU_REG_RESET, PDDGPU_RESET_MAGIC);
	pddgpu_read(pdev, PDDGPU_REG_ID);
}

static int pddgpu_device_map(struct pddgpu_device *pdev, struct pci_dev *pci)
{
	struct drm_device *drm = &pdev->drm;
	int ret;

	if (pci_resource_len(pci, PDDGPU_BAR_MMIO) < PDDGPU_MMIO_SIZE) {
		drm_err(drm, "BAR%d is too small for the registers\n", PDDGPU_BAR_MMIO);
		return -ENODEV;
	}
	pdev->mmio = pcim_iomap_region(pci, PDDGPU_BAR_MMIO, "pddgpu");
	if (IS_ERR(pdev->mmio))
		return PTR_ERR(pdev->mmio);

	ret = pcim_request_region(pci, PDDGPU_BAR_VRAM, "pddgpu");
	if (ret)
		return ret;

	pdev->vram.base = pci_resource_start(pci, PDDGPU_BAR_VRAM);
	pdev->vram.io = devm_ioremap_wc(&pci->dev, pdev->vram.base,
					pci_resource_len(pci, PDDGPU_BAR_VRAM));
	return pdev->vram.io ? 0 : -ENOMEM;
}

bool pddgpu_device_answers(struct pddgpu_device *pdev)
{
	return pddgpu_read(pdev, PDDGPU_REG_ID) == PDDGPU_ID_MAGIC;
}

bool pddgpu_device_is_dead(struct pddgpu_device *pdev)
{
	if (pddgpu_device_answers(pdev))
		return false;

	msleep(PDDGPU_DOUBT_MS);
	return !pddgpu_device_answers(pdev);
}

static int pddgpu_device_identify(struct pddgpu_device *pdev)
{
	u32 id = pddgpu_read(pdev, PDDGPU_REG_ID);

	if (id != PDDGPU_ID_MAGIC) {
		drm_err(&pdev->drm, "no pddgpu: its ID register reads %#x\n", id);
		return -ENODEV;
	}

	pdev->version = pddgpu_read(pdev, PDDGPU_REG_VERSION);
	if (FIELD_GET(PDDGPU_VERSION_MAJOR, pdev->version) != PDDGPU_SUPPORTED_MAJOR) {
		drm_err(&pdev->drm, "unknown hardware version %#x\n", pdev->version);
		return -ENODEV;
	}
	return 0;
}

static int pddgpu_device_check_caps(struct pddgpu_device *pdev, u32 caps)
{
	u32 bits = FIELD_GET(PDDGPU_CAPS_DMA_BITS, caps);

	if (FIELD_GET(PDDGPU_CAPS_ENGINES, caps) < PDDGPU_NUM_ENGINES ||
	    FIELD_GET(PDDGPU_CAPS_VMIDS, caps) < PDDGPU_NUM_VMIDS ||
	    bits < PDDGPU_DMA_BITS_MIN || bits > PDDGPU_DMA_BITS_MAX) {
		drm_err(&pdev->drm, "nonsensical capabilities %#x\n", caps);
		return -ENODEV;
	}
	return dma_set_mask_and_coherent(pdev->drm.dev, DMA_BIT_MASK(bits));
}

static int pddgpu_device_check_vram(struct pddgpu_device *pdev, struct pci_dev *pci)
{
	u64 size = pddgpu_read64(pdev, PDDGPU_REG_VRAM_SIZE_LO);
	u64 visible = pddgpu_read64(pdev, PDDGPU_REG_APERTURE_SIZE_LO);

	if (!size || !visible || !PAGE_ALIGNED(size | visible) || visible > size ||
	    size > PDDGPU_GART_START || visible > pci_resource_len(pci, PDDGPU_BAR_VRAM)) {
		drm_err(&pdev->drm, "nonsensical sizes: VRAM %#llx, visible %#llx of BAR%d %pR\n",
			size, visible, PDDGPU_BAR_VRAM, pci_resource_n(pci, PDDGPU_BAR_VRAM));
		return -ENODEV;
	}

	pdev->vram.size = size;
	pdev->vram.visible = visible;
	return 0;
}

/* Any of them may be missing. */
static int pddgpu_device_check_onchip(struct pddgpu_device *pdev)
{
	for (u32 h = 0; h < PDDGPU_NUM_ONCHIP; h++) {
		u32 pages = pddgpu_read(pdev, PDDGPU_REG_ONCHIP_PAGES(h));

		if (pages > PDDGPU_ONCHIP_PAGES_MAX) {
			drm_err(&pdev->drm, "nonsensical size of %s: %#x pages\n",
				pddgpu_onchip_name(h), pages);
			return -ENODEV;
		}
		pdev->onchip.pages[h] = pages;
	}
	return 0;
}

/* What needs nothing but registers; all of it devm-managed. */
static int pddgpu_device_init_hw(struct pddgpu_device *pdev, struct pci_dev *pci)
{
	int ret;

	ret = pcim_enable_device(pci);
	if (ret)
		return ret;
	ret = pddgpu_device_map(pdev, pci);
	if (ret)
		return ret;
	ret = pddgpu_device_identify(pdev);
	if (ret)
		return ret;

	/* Whoever had the card before may have left it running: no DMA before this. */
	pddgpu_device_reset(pdev);
	ret = pddgpu_device_check_caps(pdev, pddgpu_read(pdev, PDDGPU_REG_CAPS));
	if (ret)
		return ret;
	ret = pddgpu_device_check_vram(pdev, pci);
	if (ret)
		return ret;
	ret = pddgpu_device_check_onchip(pdev);
	if (ret)
		return ret;

	pci_set_master(pci);
	return 0;
}

/*
 * The rest is what happens to any card that is unbound, so it need not be told
 * apart here.  Whoever else unbinds it at the same time has the device lock, and
 * has unplugged the card by the time that this gets it.  A card that is bound
 * again just then would suffer the same: it can be bound once more.
 */
static void pddgpu_device_unbind(struct work_struct *work)
{
	struct pddgpu_device *pdev = container_of(work, struct pddgpu_device, unbind_work);
	struct device *dev = get_device(pdev->drm.dev);

	if (!drm_dev_is_unplugged(&pdev->drm))
		device_release_driver(dev);
	drm_dev_put(&pdev->drm);
	put_device(dev);
}

/* What open files reach, and the registers want; all of it drmm-managed. */
static int pddgpu_device_init_sw(struct pddgpu_device *pdev)
{
	int ret;

	ret = drmm_mutex_init(&pdev->drm, &pdev->latch_lock);
	if (ret)
		return ret;
	ret = pddgpu_coredump_init(pdev);
	if (ret)
		return ret;
	/* Fences wait for it: there must be a thread for it without any memory. */
	pdev->reset_wq = drmm_alloc_ordered_workqueue(&pdev->drm, "pddgpu-reset",
						      WQ_MEM_RECLAIM);
	if (IS_ERR(pdev->reset_wq))
		return PTR_ERR(pdev->reset_wq);

	ret = pddgpu_pm_init(pdev);
	if (ret)
		return ret;
	ret = pddgpu_reset_init(pdev);
	if (ret)
		return ret;
	pddgpu_heartbeat_init(pdev);
	INIT_WORK(&pdev->unbind_work, pddgpu_device_unbind);
	return 0;
}

static void pddgpu_device_fini_rings(struct pddgpu_device *pdev)
{
	for (u32 e = 0; e < PDDGPU_NUM_ENGINES; e++)
		if (pdev->rings[e].bo)
			pddgpu_ring_fini(&pdev->rings[e]);
}

static int pddgpu_device_init_rings(struct pddgpu_device *pdev)
{
	int ret;

	for (u32 e = 0; e < PDDGPU_NUM_ENGINES; e++) {
		ret = pddgpu_ring_init(&pdev->rings[e], pdev, e);
		if (ret) {
			pddgpu_device_fini_rings(pdev);
			return ret;
		}
	}
	return 0;
}

/* From here on the card reads and writes system memory. */
static int pddgpu_device_start(struct pddgpu_device *pdev)
{
	int ret = 0;

	pddgpu_fault_ring_enable(pdev);
	for (u32 e = 0; e < PDDGPU_NUM_ENGINES; e++)
		pddgpu_ring_start(&pdev->rings[e]);
	for (u32 e = 0; e < PDDGPU_NUM_ENGINES && !ret; e++)
		ret = pddgpu_ring_test(&pdev->rings[e]);
	return ret;
}

/*
 * Stops the card for good.  The registers are still mapped: devm unmaps them
 * after the remove callback.  If the card is gone, the accesses go nowhere.
 */
static void pddgpu_device_stop(struct pddgpu_device *pdev)
{
	pddgpu_device_reset(pdev);
	pci_clear_master(to_pci_dev(pdev->drm.dev));
}

static void pddgpu_device_fail_rings(struct pddgpu_device *pdev, int error)
{
	for (u32 e = 0; e < PDDGPU_NUM_ENGINES; e++)
		pddgpu_ring_fail(&pdev->rings[e], error);
}

/* The card first: what a signalled fence protects is free. */
static void pddgpu_device_kill(struct pddgpu_device *pdev, int error)
{
	lockdep_assert_held(&pdev->reset_lock);

	WRITE_ONCE(pdev->copy.ready, false);
	pddgpu_device_reset(pdev);
	pddgpu_device_fail_rings(pdev, error);
}

int pddgpu_device_init(struct pddgpu_device *pdev, struct pci_dev *pci)
{
	int ret;

	ret = pddgpu_device_init_sw(pdev);
	if (ret)
		return ret;
	ret = pddgpu_device_init_hw(pdev, pci);
	if (ret)
		return ret;
	ret = pddgpu_ttm_init(pdev);
	if (ret)
		return ret;
	ret = pddgpu_gart_init(pdev);
	if (ret)
		goto err_ttm;
	ret = pddgpu_device_init_rings(pdev);
	if (ret)
		goto err_ttm;
	ret = pddgpu_fault_ring_init(pdev);
	if (ret)
		goto err_rings;
	ret = pddgpu_irq_init(pdev);
	if (ret)
		goto err_faults;
	ret = pddgpu_device_start(pdev);
	if (ret)
		goto err_stop;
	ret = pddgpu_copy_init(pdev);
	if (ret)
		goto err_stop;
	pddgpu_ttm_start_cleaning(pdev);

	drm_info(&pdev->drm, "VRAM %llu MiB, %llu MiB of it visible, GTT %llu MiB\n",
		 pdev->vram.size >> 20, pdev->vram.visible >> 20, pdev->gtt_mgr.base.size >> 20);
	return 0;

err_stop:
	pddgpu_device_stop(pdev);
	pddgpu_heartbeat_stop(pdev);
	pddgpu_irq_fini(pdev);
	pddgpu_device_fail_rings(pdev, -ENODEV);
	pddgpu_coredump_fini(pdev);
err_faults:
	pddgpu_fault_ring_fini(pdev);
err_rings:
	pddgpu_device_fini_rings(pdev);
err_ttm:
	pddgpu_ttm_unplug(pdev);
	return ret;
}

void pddgpu_device_halt(struct pddgpu_device *pdev)
{
	mutex_lock(&pdev->reset_lock);
	pdev->halted = true;
	pddgpu_device_kill(pdev, -ENODEV);
	mutex_unlock(&pdev->reset_lock);
}

void pddgpu_device_unplug(struct pddgpu_device *pdev)
{
	pddgpu_heartbeat_stop(pdev);
	pddgpu_device_stop(pdev);
	pddgpu_irq_fini(pdev);
	pddgpu_coredump_fini(pdev);
	/* With the rings dead, what is queued fails on its way through. */
	pddgpu_job_wait_all(pdev);
	pddgpu_vram_stop_cleaning(&pdev->vram_mgr);
	pddgpu_copy_fini(pdev);
	pddgpu_pm_free(pdev);
	pddgpu_fault_ring_fini(pdev);
	pddgpu_device_fini_rings(pdev);
	pddgpu_ttm_unplug(pdev);
}

void pddgpu_device_wedge(struct pddgpu_device *pdev)
{
	if (xchg(&pdev->wedged, true))
		return;

	drm_err(&pdev->drm, "wedged: no more jobs until the driver is loaded again\n");
	pddgpu_device_kill(pdev, -EIO);
}

void pddgpu_device_lost(struct pddgpu_device *pdev)
{
	if (xchg(&pdev->lost, true))
		return;

	drm_err(&pdev->drm, "the card does not answer any more: it is given up\n");
	/* If its engines are alive after all, memory is out of their reach. */
	pci_clear_master(to_pci_dev(pdev->drm.dev));
	pdev->halted = true;
	pddgpu_device_kill(pdev, -ENODEV);

	drm_dev_get(&pdev->drm);
	queue_work(pddgpu_wq, &pdev->unbind_work);
}
