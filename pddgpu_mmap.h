/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_MMAP_H_
#define _PDDGPU_MMAP_H_

#include <linux/mm.h>

struct drm_gem_object;

/** pddgpu_mmap_vm_ops - of every mapping of a buffer */
extern const struct vm_operations_struct pddgpu_mmap_vm_ops;

/**
 * pddgpu_mmap_object() - Map a buffer into a process
 * @gem: the buffer
 * @vma: where, and which part of it
 *
 * Nothing is there before it is touched.
 *
 * Return: 0, or -EINVAL if the buffer is not for the CPU, or the mapping is longer
 * than the buffer or private to the process.
 */
int pddgpu_mmap_object(struct drm_gem_object *gem, struct vm_area_struct *vma);

/**
 * pddgpu_mmap_area() - Find room for a mapping in the process's address space
 * @filp: an open file of the card
 * @addr: where the process would like to have it, or 0
 * @len: bytes, whole pages
 * @pgoff: the offset of the mapping, pages
 * @flags: of mmap()
 *
 * If there is a choice, 2 MiB of the buffer come to begin at a multiple of 2 MiB.
 *
 * Return: an address, or -ENOMEM as an unsigned long.
 */
unsigned long pddgpu_mmap_area(struct file *filp, unsigned long addr, unsigned long len,
			       unsigned long pgoff, unsigned long flags);

#endif
