/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_CS_H_
#define _PDDGPU_CS_H_

#include <linux/types.h>

struct drm_device;
struct drm_file;
struct drm_pddgpu_cs;
struct drm_pddgpu_cs_bo;
struct drm_pddgpu_sync;

/**
 * pddgpu_cs_check() - Check the argument of CS for what needs no look-up
 * @args: from userspace
 *
 * Return: 0, -EINVAL for a bad value, -E2BIG for too long a list.
 */
int pddgpu_cs_check(const struct drm_pddgpu_cs *args);

/**
 * pddgpu_cs_check_bos() - Check a list of buffers
 * @bos: from userspace
 * @num: how many
 *
 * Return: 0, -EINVAL for unknown flags or a handle listed twice, -ENOMEM.
 */
int pddgpu_cs_check_bos(const struct drm_pddgpu_cs_bo *bos, u32 num);

/**
 * pddgpu_cs_check_syncs() - Check a list of syncobjs
 * @syncs: from userspace
 * @num: how many
 *
 * Return: 0, -EINVAL for unknown flags.
 */
int pddgpu_cs_check_syncs(const struct drm_pddgpu_sync *syncs, u32 num);

int pddgpu_cs_ioctl(struct drm_device *dev, void *data, struct drm_file *file);

#endif
