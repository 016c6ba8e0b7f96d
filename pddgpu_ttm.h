/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_TTM_H_
#define _PDDGPU_TTM_H_

struct pddgpu_bo;
struct pddgpu_device;

/**
 * pddgpu_ttm_init() - Start memory management
 * @pdev: the card; VRAM sizes, BAR0 mapping and DMA mask are set
 *
 * Brings up the page pool, the TTM device and the managers of VRAM and GTT.  GTT
 * may use half of the system's memory, as much as TTM itself hands out before it
 * swaps.  The aperture above the copy engine's windows is the GTT manager's.
 * Undone when the last reference to the DRM device is dropped.
 *
 * Return: 0, or the error of the part that failed.
 */
int pddgpu_ttm_init(struct pddgpu_device *pdev);

/**
 * pddgpu_ttm_purge() - Free the memory of a buffer whose contents nobody needs
 * @bo: the buffer, reserved, &pddgpu_bo.purgeable
 *
 * Neither waits nor allocates; reclaim may call it.
 *
 * Return: 0, or -EBUSY if a job or a move uses it.
 */
int pddgpu_ttm_purge(struct pddgpu_bo *bo);

/**
 * pddgpu_ttm_start_cleaning() - Have free VRAM cleared from now on
 * @pdev: the card; the copy engine is ready
 *
 * Undone by pddgpu_vram_stop_cleaning().
 */
void pddgpu_ttm_start_cleaning(struct pddgpu_device *pdev);

/**
 * pddgpu_ttm_unplug() - Give back all system memory that clients' buffers use
 * @pdev: the card, after drm_dev_unplug() or never registered; its fences are
 *        signalled
 *
 * On return no page of a buffer or of the pool is mapped for DMA or into a
 * process, and none will be again.  The contents are lost.  Buffers that the
 * driver has pinned are their owners' business.
 */
void pddgpu_ttm_unplug(struct pddgpu_device *pdev);

#endif
