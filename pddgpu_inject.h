/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_INJECT_H_
#define _PDDGPU_INJECT_H_

#include <linux/types.h>

struct dentry;

/**
 * enum pddgpu_inject_point - where the kernel can be told to have the driver fail
 */
enum pddgpu_inject_point {
	/** @PDDGPU_INJECT_POOL_ALLOC: the pool gets no chunk from the system */
	PDDGPU_INJECT_POOL_ALLOC,
	/** @PDDGPU_INJECT_POOL_CACHING: caching attributes cannot be changed, or not put back */
	PDDGPU_INJECT_POOL_CACHING,
	/** @PDDGPU_INJECT_POOL_MAP: a chunk cannot be mapped for DMA */
	PDDGPU_INJECT_POOL_MAP,
	/** @PDDGPU_INJECT_VRAM: no VRAM is free where it is wanted */
	PDDGPU_INJECT_VRAM,
	/** @PDDGPU_INJECT_GTT: the GTT budget is used up */
	PDDGPU_INJECT_GTT,
	/** @PDDGPU_INJECT_NUM: how many there are */
	PDDGPU_INJECT_NUM,
};

#ifdef CONFIG_FAULT_INJECTION_DEBUG_FS
/**
 * pddgpu_inject() - Ask whether to fail here
 * @point: where
 *
 * Any context.  Without CONFIG_FAULT_INJECTION_DEBUG_FS the answer is a constant.
 *
 * Return: true if the caller must behave as if what it is about to do had failed.
 */
bool pddgpu_inject(enum pddgpu_inject_point point);

/**
 * pddgpu_inject_debugfs_init() - Make a directory of settings for each point
 * @root: where; settings are those of all cards
 */
void pddgpu_inject_debugfs_init(struct dentry *root);
#else
static inline bool pddgpu_inject(enum pddgpu_inject_point point)
{
	return false;
}

static inline void pddgpu_inject_debugfs_init(struct dentry *root)
{
}
#endif

#endif
