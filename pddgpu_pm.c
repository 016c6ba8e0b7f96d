// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/iopoll.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "include/uapi/drm/pddgpu_drm.h"
#include "pddgpu_bo.h"
#include "pddgpu_device.h"
#include "pddgpu_fence.h"
#include "pddgpu_heartbeat.h"
#include "pddgpu_pm.h"
#include "pddgpu_reset.h"

/**
 * DOC: suspend
 *
 * VRAM forgets all when the machine sleeps.  User space is frozen by then, so
 * nobody notices what happens to it:
 *
 * - prepare: the copy engine evicts all buffers to GTT, those in on-chip heaps too,
 *   which may fail for want of memory, and then the machine stays awake and nothing is
 *   lost.  Memory is allocated for what cannot move: page tables, and the table of the
 *   GART.
 * - suspend: jobs that have not begun stay queued, the engines finish what they
 *   have.  What is pinned is saved, the card is stopped.
 * - resume: tables are restored, engines started, queues released.  Buffers go back
 *   to VRAM when jobs want them there, as after any eviction.
 *
 * Hibernation is refused.
 */

/* How long jobs may go on: longer than the heartbeat allows any of them */
#define PDDGPU_PM_DRAIN_US	(12 * USEC_PER_SEC)

void pddgpu_pm_pin(struct pddgpu_device *pdev, struct pddgpu_pm_pinned *pinned)
{
	mutex_lock(&pdev->pm.lock);
	list_add_tail(&pinned->link, &pdev->pm.pinned);
	mutex_unlock(&pdev->pm.lock);
}

void pddgpu_pm_unpin(struct pddgpu_device *pdev, struct pddgpu_pm_pinned *pinned)
{
	mutex_lock(&pdev->pm.lock);
	list_del(&pinned->link);
	mutex_unlock(&pdev->pm.lock);
}

void pddgpu_pm_free(struct pddgpu_device *pdev)
{
	pddgpu_bo_free_pinned(pdev->pm.saved);
	pdev->pm.saved = NULL;
	kvfree(pdev->pm.gart);
	pdev->pm.gart = NULL;
}

/* User space is frozen: from prepare to complete nothing is pinned or unpinned. */
static u64 pddgpu_pm_pinned_bytes(struct pddgpu_device *pdev)
{
	struct pddgpu_pm_pinned *pinned;
	u64 bytes = 0;

	list_for_each_entry(pinned, &pdev->pm.pinned, link)
		bytes += pinned->size;
	return bytes;
}

static int pddgpu_pm_alloc_saved(struct pddgpu_device *pdev)
{
	u64 bytes = pddgpu_pm_pinned_bytes(pdev);
	struct pddgpu_bo *bo;

	if (!bytes)
		return 0;

	bo = pddgpu_bo_create_pinned(pdev, bytes, DRM_PDDGPU_DOMAIN_GTT, &pdev->pm.saved_addr,
				     NULL);
	if (IS_ERR(bo))
		return PTR_ERR(bo);

	pdev->pm.saved = bo;
	return 0;
}

static int pddgpu_pm_alloc(struct pddgpu_device *pdev)
{
	int ret;

	pdev->pm.gart = kvmalloc(PDDGPU_GART_BYTES, GFP_KERNEL);
	if (!pdev->pm.gart)
		return -ENOMEM;

	ret = pddgpu_pm_alloc_saved(pdev);
	if (ret)
		pddgpu_pm_free(pdev);
	return ret;
}

static bool pddgpu_pm_is_idle(struct pddgpu_device *pdev)
{
	struct pddgpu_timeline_head head;
	bool busy = false;

	for (u32 e = 0; e < PDDGPU_NUM_ENGINES; e++)
		busy |= pddgpu_timeline_get_head(pdev->rings[e].timeline, &head);
	return !busy;
}

/* With the heartbeat at work, so one that hangs does not hold up the machine. */
static int pddgpu_pm_prepare(struct device *dev)
{
	struct pddgpu_device *pdev = dev_get_drvdata(dev);
	bool idle;
	int ret;

	if (READ_ONCE(pdev->wedged) || READ_ONCE(pdev->halted))
		return 0;

	ret = pddgpu_onchip_evict_all(&pdev->onchip);
	if (!ret)
		ret = ttm_resource_manager_evict_all(&pdev->ttm, &pdev->vram_mgr.base);
	if (ret) {
		drm_err(&pdev->drm, "cannot suspend: the card's memory cannot be evicted: %pe\n",
			ERR_PTR(ret));
		return ret;
	}

	/* Nothing is cleared any more until all are awake, when nothing is clear. */
	pddgpu_vram_recall(&pdev->vram_mgr);
	pddgpu_vram_mgr_forget_cleared(&pdev->vram_mgr);
	read_poll_timeout(pddgpu_pm_is_idle, idle, idle, USEC_PER_MSEC, PDDGPU_PM_DRAIN_US, false,
			  pdev);
	return pddgpu_pm_alloc(pdev);
}

static void pddgpu_pm_complete(struct device *dev)
{
	pddgpu_pm_free(dev_get_drvdata(dev));
}

static int pddgpu_pm_copy(struct pddgpu_device *pdev, bool save)
{
	struct pddgpu_ring *ring = &pdev->rings[PDDGPU_ENGINE_COPY];
	u64 saved = pdev->pm.saved_addr;
	struct pddgpu_pm_pinned *pinned;
	int ret;

	list_for_each_entry(pinned, &pdev->pm.pinned, link) {
		ret = pddgpu_ring_copy(ring, save ? pinned->addr : saved,
				       save ? saved : pinned->addr, pinned->size);
		if (ret)
			return ret;
		saved += pinned->size;
	}
	return 0;
}

static int pddgpu_pm_save(struct pddgpu_device *pdev)
{
	int ret;

	if (!pddgpu_pm_is_idle(pdev))
		return -EBUSY;

	ret = pddgpu_ring_reset(&pdev->rings[PDDGPU_ENGINE_COPY]);
	if (ret)
		return ret;
	ret = pddgpu_pm_copy(pdev, true);
	if (ret)
		return ret;

	pddgpu_gart_save(pdev, pdev->pm.gart);
	return 0;
}

static int pddgpu_pm_suspend_locked(struct pddgpu_device *pdev)
{
	int ret;

	pddgpu_reset_stop(pdev);
	ret = pddgpu_pm_save(pdev);
	pddgpu_device_reset(pdev);
	if (ret) {
		drm_err(&pdev->drm, "cannot suspend: %pe\n", ERR_PTR(ret));
		pddgpu_reset_start(pdev, pddgpu_reset_restart(pdev));
	} else {
		pdev->pm.asleep = true;
	}
	return ret;
}

static int pddgpu_pm_suspend(struct device *dev)
{
	struct pddgpu_device *pdev = dev_get_drvdata(dev);
	int ret = 0;

	mutex_lock(&pdev->reset_lock);
	if (!pddgpu_reset_is_pointless(pdev))
		ret = pddgpu_pm_suspend_locked(pdev);
	mutex_unlock(&pdev->reset_lock);
	return ret;
}

static void pddgpu_pm_resume_locked(struct pddgpu_device *pdev)
{
	int ret;

	pdev->pm.asleep = false;
	pddgpu_gart_restore(pdev, pdev->pm.gart);
	ret = pddgpu_reset_restart(pdev);
	if (!ret)
		ret = pddgpu_pm_copy(pdev, false);
	pddgpu_reset_start(pdev, ret);
}

/* A card that does not wake up is given up, which need not hold up the others. */
static int pddgpu_pm_resume(struct device *dev)
{
	struct pddgpu_device *pdev = dev_get_drvdata(dev);

	mutex_lock(&pdev->reset_lock);
	if (pdev->pm.asleep)
		pddgpu_pm_resume_locked(pdev);
	mutex_unlock(&pdev->reset_lock);
	return 0;
}

static int pddgpu_pm_freeze(struct device *dev)
{
	return -EOPNOTSUPP;
}

const struct dev_pm_ops pddgpu_pm_ops = {
	.prepare = pddgpu_pm_prepare,
	.complete = pddgpu_pm_complete,
	.suspend = pddgpu_pm_suspend,
	.resume = pddgpu_pm_resume,
	.freeze = pddgpu_pm_freeze,
};

int pddgpu_pm_init(struct pddgpu_device *pdev)
{
	INIT_LIST_HEAD(&pdev->pm.pinned);
	return drmm_mutex_init(&pdev->drm, &pdev->pm.lock);
}
