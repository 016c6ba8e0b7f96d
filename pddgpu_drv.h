/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_DRV_H_
#define _PDDGPU_DRV_H_

#include <linux/xarray.h>

struct drm_device;
struct drm_file;
struct workqueue_struct;

/* Runs what may outlive a card, but not the module.  No fence waits for it. */
extern struct workqueue_struct *pddgpu_wq;

/**
 * struct pddgpu_file - an open DRM file
 */
struct pddgpu_file {
	/** @vms: struct pddgpu_vm by id, from 1 up */
	struct xarray vms;
	/** @ctxs: struct pddgpu_ctx by id, from 1 up */
	struct xarray ctxs;
};

/**
 * pddgpu_info_ioctl() - DRM_IOCTL_PDDGPU_INFO
 * @dev: the card
 * @data: struct drm_pddgpu_info
 * @file: the client
 *
 * Return: 0, -EINVAL for an unknown query, -EFAULT for a bad pointer, -ENODEV
 * after unplug.
 */
int pddgpu_info_ioctl(struct drm_device *dev, void *data, struct drm_file *file);

#endif
