/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_UARRAY_H_
#define _PDDGPU_UARRAY_H_

#include <linux/types.h>

/**
 * pddgpu_uarray_copy() - Copy an array of structures from userspace
 * @ptr: user pointer to the first element
 * @num: elements
 * @stride: bytes from one to the next there
 * @size: bytes of an element here, which is also the least a stride may be
 *
 * Userspace that is newer than the kernel has longer elements; what the kernel
 * does not know of them must be zero.
 *
 * Return: the array, to be freed with kvfree(), NULL if @num is 0; or an
 * ERR_PTR: -EINVAL if @stride is too small, -E2BIG for what the kernel does not
 * know, -EFAULT, -ENOMEM.
 */
void *pddgpu_uarray_copy(u64 ptr, u32 num, u32 stride, size_t size);

#endif
