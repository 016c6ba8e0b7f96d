/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The only place that knows kernels differ.  The driver is written for the
 * newest kernel; this header teaches older ones to speak its language, by
 * probing for features, never for versions: stable kernels backport.
 */
#ifndef _PDDGPU_COMPAT_H_
#define _PDDGPU_COMPAT_H_

#include <linux/gpu_buddy.h>

#endif
