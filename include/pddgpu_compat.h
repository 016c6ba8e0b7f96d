/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The only place that knows kernels differ.  The driver is written for the
 * newest kernel; this header teaches older ones to speak its language, by
 * probing for features, never for versions: stable kernels backport.
 */
#ifndef _PDDGPU_COMPAT_H_
#define _PDDGPU_COMPAT_H_

#include <linux/gpu_buddy.h>
#include <linux/workqueue.h>

#include <drm/drm_managed.h>

#ifndef drmm_alloc_ordered_workqueue
static inline void __pddgpu_drmm_destroy_workqueue(struct drm_device *drm, void *wq)
{
	destroy_workqueue(wq);
}

#define drmm_alloc_ordered_workqueue(drm, fmt, flags, args...) ({			\
	struct workqueue_struct *wq = alloc_ordered_workqueue(fmt, flags, ##args);	\
											\
	wq ? drmm_add_action_or_reset(drm, __pddgpu_drmm_destroy_workqueue, wq) ?	\
	     ERR_PTR(-ENOMEM) : wq : ERR_PTR(-ENOMEM); })
#endif

#endif
