/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_DEBUGFS_H_
#define _PDDGPU_DEBUGFS_H_

struct drm_minor;

/**
 * pddgpu_debugfs_init() - Make the card's debugfs files, for &drm_driver.debugfs_init
 * @minor: its primary node
 */
void pddgpu_debugfs_init(struct drm_minor *minor);

#endif
