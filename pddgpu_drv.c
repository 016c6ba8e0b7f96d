// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/workqueue.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_print.h>

#include "include/uapi/drm/pddgpu_drm.h"
#include "pddgpu_bind.h"
#include "pddgpu_cs.h"
#include "pddgpu_ctx.h"
#include "pddgpu_debugfs.h"
#include "pddgpu_device.h"
#include "pddgpu_drv.h"
#include "pddgpu_gem.h"
#include "pddgpu_job.h"
#include "pddgpu_mmap.h"
#include "pddgpu_pm.h"
#include "pddgpu_reset.h"
#include "pddgpu_vm.h"

/**
 * DOC: Overview
 *
 * pddgpu is a discrete PCIe GPU: VRAM, part of which BAR0 shows; a GART; a page
 * table a process; and two engines, copy and compute, that are fed through
 * rings.  Calls point down, each layer knows only the one below:
 *
 * - uAPI: gem, cs, ctx, vm, bind, info check all there is to check, then call down;
 * - objects: bo (TTM and GEM), vm, vma and pt (drm_gpuvm), job (drm_sched), fence;
 * - memory: ttm, with vram_mgr, gtt_mgr, onchip and pool behind it;
 * - hardware: gart, ring, copy, fault, irq, device.
 *
 * What touches the bus is devm-managed and goes at unbind; what an open file
 * reaches is drmm-managed and goes with the last reference to the DRM device.
 * In between, drm_dev_enter() fails, and jobs that still come end with -ENODEV:
 * the schedulers outlive the card and go on without it.
 */

/**
 * DOC: Locking
 *
 * Locks nest in this order, outermost first.  Not every path takes each.
 *
 * 1. &pddgpu_file.vms, &pddgpu_file.ctxs: xarray locks, for a look-up only,
 *    nothing is taken inside
 * 2. drm_dev_enter(): a read section, not a lock, but unplug waits for it
 * 3. &pddgpu_vm.lock, or the submission that goes alone (see cs); never both
 * 4. reservations (dma_resv), several at once only through drm_exec or TTM
 * 5. &pddgpu_vram_mgr.lock, &pddgpu_gtt_mgr.lock, &pddgpu_shrinker.lock, the pool's
 *    locks
 * 6. &pddgpu_ring.push_lock
 * 7. locks of scheduler and entities
 * 8. &pddgpu_timeline.lock, taken in interrupts
 *
 * Who cleans the pool takes &pddgpu_pool_cleaner.lock and in it
 * &pddgpu_copy.clear_lock, holding nothing; reclaim takes neither.
 *
 * &pddgpu_device.latch_lock is taken for two register reads, and
 * &pddgpu_fault_ring.lock while records are taken: nothing inside either.
 *
 * The threads that complete jobs (run_job, free_job, heartbeat, interrupts) take
 * 6 to 8, drm_dev_enter() and &pddgpu_device.reset_lock only: a holder of any of
 * the others may be waiting for them.  &pddgpu_device.reset_lock comes after the
 * device's own lock and &pddgpu_device.cpu_lock, and before 6.  The second of these
 * is taken for reading where page faults fill in page tables, after 4.
 */

static int pddgpu_open(struct drm_device *dev, struct drm_file *file)
{
	struct pddgpu_file *priv = kzalloc_obj(*priv);

	if (!priv)
		return -ENOMEM;

	xa_init_flags(&priv->vms, XA_FLAGS_ALLOC1);
	xa_init_flags(&priv->ctxs, XA_FLAGS_ALLOC1);
	file->driver_priv = priv;
	return 0;
}

static void pddgpu_postclose(struct drm_device *dev, struct drm_file *file)
{
	struct pddgpu_file *priv = file->driver_priv;
	struct pddgpu_ctx *ctx;
	struct pddgpu_vm *vm;
	unsigned long id;

	xa_for_each(&priv->ctxs, id, ctx) {
		pddgpu_ctx_close(ctx);
		pddgpu_ctx_put(ctx);
	}
	xa_destroy(&priv->ctxs);

	xa_for_each(&priv->vms, id, vm) {
		pddgpu_vm_close(vm);
		pddgpu_vm_put(vm);
	}
	xa_destroy(&priv->vms);
	kfree(priv);

	/* Until unplug, the bound driver's reference keeps the device. */
	if (drm_dev_is_unplugged(dev))
		pddgpu_job_wait_all(to_pddgpu(dev));
}

static const struct drm_ioctl_desc pddgpu_ioctls[] = {
	DRM_IOCTL_DEF_DRV(PDDGPU_INFO, pddgpu_info_ioctl, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(PDDGPU_GEM_CREATE, pddgpu_gem_create_ioctl, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(PDDGPU_GEM_MMAP, pddgpu_gem_mmap_ioctl, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(PDDGPU_GEM_INFO, pddgpu_gem_info_ioctl, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(PDDGPU_GEM_WAIT, pddgpu_gem_wait_ioctl, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(PDDGPU_VM_CREATE, pddgpu_vm_create_ioctl, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(PDDGPU_VM_DESTROY, pddgpu_vm_destroy_ioctl, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(PDDGPU_VM_BIND, pddgpu_bind_ioctl, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(PDDGPU_CTX_CREATE, pddgpu_ctx_create_ioctl, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(PDDGPU_CTX_DESTROY, pddgpu_ctx_destroy_ioctl, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(PDDGPU_CTX_QUERY, pddgpu_ctx_query_ioctl, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(PDDGPU_CS, pddgpu_cs_ioctl, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(PDDGPU_GEM_MADVISE, pddgpu_gem_madvise_ioctl, DRM_RENDER_ALLOW),
};

static const struct file_operations pddgpu_fops = {
	.owner = THIS_MODULE,
	DRM_GEM_FOPS,
	.get_unmapped_area = pddgpu_mmap_area,
	.show_fdinfo = drm_show_fdinfo,
};

/*
 * What minor versions of the uAPI brought:
 * - 1.0: INFO to CS
 * - 1.1: GEM_MADVISE; &drm_pddgpu_info_memory.purged
 * - 1.2: on-chip heaps
 */
static const struct drm_driver pddgpu_driver = {
	.driver_features = DRIVER_GEM | DRIVER_RENDER | DRIVER_SYNCOBJ |
			   DRIVER_SYNCOBJ_TIMELINE | DRIVER_GEM_GPUVA,
	.open = pddgpu_open,
	.postclose = pddgpu_postclose,
	.debugfs_init = pddgpu_debugfs_init,
	.show_fdinfo = pddgpu_show_fdinfo,
	.fops = &pddgpu_fops,
	.ioctls = pddgpu_ioctls,
	.num_ioctls = ARRAY_SIZE(pddgpu_ioctls),
	.name = "pddgpu",
	.desc = "Emulated discrete PCIe GPU",
	.major = 1,
	.minor = 2,
};

static int pddgpu_probe(struct pci_dev *pci, const struct pci_device_id *id)
{
	struct pddgpu_device *pdev;
	int ret;

	pdev = devm_drm_dev_alloc(&pci->dev, &pddgpu_driver, struct pddgpu_device, drm);
	if (IS_ERR(pdev))
		return PTR_ERR(pdev);

	ret = pddgpu_device_init(pdev, pci);
	if (ret)
		return ret;

	pci_set_drvdata(pci, pdev);
	ret = drm_dev_register(&pdev->drm, 0);
	if (ret) {
		pddgpu_device_halt(pdev);
		pddgpu_device_unplug(pdev);
	}
	return ret;
}

static void pddgpu_remove(struct pci_dev *pci)
{
	struct pddgpu_device *pdev = pci_get_drvdata(pci);

	pddgpu_device_halt(pdev);
	drm_dev_unplug(&pdev->drm);
	pddgpu_device_unplug(pdev);
}

static const struct pci_device_id pddgpu_ids[] = {
	{ PCI_DEVICE(PDDGPU_PCI_VENDOR_ID, PDDGPU_PCI_DEVICE_ID) },
	{ }
};
MODULE_DEVICE_TABLE(pci, pddgpu_ids);

/* The next kernel must not find the card writing to memory: same as remove. */
static struct pci_driver pddgpu_pci_driver = {
	.name = "pddgpu",
	.id_table = pddgpu_ids,
	.probe = pddgpu_probe,
	.remove = pddgpu_remove,
	.shutdown = pddgpu_remove,
	.err_handler = &pddgpu_reset_handlers,
	.driver.pm = pm_sleep_ptr(&pddgpu_pm_ops),
};

struct workqueue_struct *pddgpu_wq;

static int __init pddgpu_init(void)
{
	int ret;

	pddgpu_wq = alloc_workqueue("pddgpu", WQ_UNBOUND, 0);
	if (!pddgpu_wq)
		return -ENOMEM;

	ret = pci_register_driver(&pddgpu_pci_driver);
	if (ret)
		destroy_workqueue(pddgpu_wq);
	return ret;
}
module_init(pddgpu_init);

/* The queue is empty before the code that it runs is gone. */
static void __exit pddgpu_exit(void)
{
	pci_unregister_driver(&pddgpu_pci_driver);
	destroy_workqueue(pddgpu_wq);
}
module_exit(pddgpu_exit);

MODULE_DESCRIPTION("Driver for pddgpu, a discrete GPU that anyone can have");
MODULE_LICENSE("Dual MIT/GPL");
