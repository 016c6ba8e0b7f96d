/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_BIND_H_
#define _PDDGPU_BIND_H_

struct drm_device;
struct drm_file;
struct drm_gpuva_op;
struct drm_pddgpu_vm_bind;
struct drm_pddgpu_vm_bind_op;

/**
 * pddgpu_bind_check() - Check the argument of VM_BIND for what needs no look-up
 * @args: from userspace
 *
 * Return: 0, -EINVAL for a bad value, -E2BIG for too many operations.
 */
int pddgpu_bind_check(const struct drm_pddgpu_vm_bind *args);

/**
 * pddgpu_bind_check_op() - Check one operation for what needs no look-up
 * @op: from userspace
 *
 * Return: 0 or -EINVAL.
 */
int pddgpu_bind_check_op(const struct drm_pddgpu_vm_bind_op *op);

/**
 * pddgpu_bind_step_map() - Callback of drm_gpuvm: the range gets its mapping
 * @op: which one
 * @priv: the operation of VM_BIND under way
 *
 * Return: 0.
 */
int pddgpu_bind_step_map(struct drm_gpuva_op *op, void *priv);

/**
 * pddgpu_bind_step_remap() - Callback of drm_gpuvm: a part of a mapping goes
 * @op: which one, and what is left of it
 * @priv: the operation of VM_BIND under way
 *
 * Return: 0.
 */
int pddgpu_bind_step_remap(struct drm_gpuva_op *op, void *priv);

/**
 * pddgpu_bind_step_unmap() - Callback of drm_gpuvm: a mapping goes
 * @op: which one
 * @priv: the operation of VM_BIND under way
 *
 * Return: 0.
 */
int pddgpu_bind_step_unmap(struct drm_gpuva_op *op, void *priv);

int pddgpu_bind_ioctl(struct drm_device *dev, void *data, struct drm_file *file);

#endif
