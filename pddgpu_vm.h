/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_VM_H_
#define _PDDGPU_VM_H_

#include <linux/mutex.h>
#include <linux/types.h>

#include <drm/drm_gpuvm.h>
#include <drm/gpu_scheduler.h>

#include "pddgpu_pt.h"

struct dma_fence;
struct drm_exec;
struct drm_file;
struct pddgpu_bo;
struct pddgpu_device;
struct pddgpu_file;
struct pddgpu_job;

/* Lowest address a VM_BIND may use: a null pointer faults. */
#define PDDGPU_VM_START		0x200000ULL
#define PDDGPU_VM_END		(1ULL << PDDGPU_VA_BITS)

/**
 * struct pddgpu_vm - a GPU address space
 *
 * Reference-counted by its drm_gpuvm.  @base.r_obj carries the reservation that
 * page tables and private buffers share.
 */
struct pddgpu_vm {
	/** @base: the GPU virtual address manager; its tree is protected by @lock */
	struct drm_gpuvm base;
	/** @pdev: the card */
	struct pddgpu_device *pdev;
	/** @lock: serialises changes of the address space; outside the reservations */
	struct mutex lock;
	/** @pt: page tables; by the reservation of @base.r_obj */
	struct pddgpu_pt pt;
	/** @entity: queue of page-table updates on the copy engine */
	struct drm_sched_entity entity;
	/** @pt_seq: page-table updates pushed; by the reservation of @base.r_obj */
	u64 pt_seq;
};

#define to_pddgpu_vm(gpuvm) container_of(gpuvm, struct pddgpu_vm, base)

/**
 * pddgpu_vm_create() - Make an empty address space
 * @pdev: the card
 *
 * Return: the address space with one reference, or an ERR_PTR.
 */
struct pddgpu_vm *pddgpu_vm_create(struct pddgpu_device *pdev);

/**
 * pddgpu_vm_put() - Drop a reference
 * @vm: the address space, or NULL
 */
void pddgpu_vm_put(struct pddgpu_vm *vm);

/**
 * pddgpu_vm_close() - Unmap everything when its id goes away
 * @vm: the address space; jobs may still run in it
 */
void pddgpu_vm_close(struct pddgpu_vm *vm);

/**
 * pddgpu_vm_lookup() - Find an address space by id
 * @file: the client
 * @id: id from VM_CREATE
 *
 * Return: a reference, or NULL.
 */
struct pddgpu_vm *pddgpu_vm_lookup(struct pddgpu_file *file, u32 id);

/**
 * pddgpu_vm_lock() - Lock the address space and all that is mapped in it
 * @vm: the address space
 * @exec: where the locks are kept; inside drm_exec_until_all_locked()
 *
 * Return: 0 or drm_exec's error.
 */
int pddgpu_vm_lock(struct pddgpu_vm *vm, struct drm_exec *exec);

/**
 * pddgpu_vm_validate() - Make all that is mapped reachable, page tables included
 * @vm: the address space, locked with pddgpu_vm_lock()
 * @exec: its locks
 *
 * Buffers that were moved are placed where the GPU reaches them, and one job
 * that rewrites their entries is pushed; its fence is in the reservation as a
 * KERNEL fence.
 *
 * Return: 0, -ENOSPC, -ENOMEM, -EINTR-like, -ENODEV, -EIO.
 */
int pddgpu_vm_validate(struct pddgpu_vm *vm, struct drm_exec *exec);

/**
 * pddgpu_vm_bo_moved() - A buffer is about to change its place
 * @bo: the buffer, reserved
 *
 * Its mappings are stale from here and rewritten by pddgpu_vm_validate() before
 * the next job of each address space.
 */
void pddgpu_vm_bo_moved(struct pddgpu_bo *bo);

int pddgpu_vm_create_ioctl(struct drm_device *dev, void *data, struct drm_file *file);
int pddgpu_vm_destroy_ioctl(struct drm_device *dev, void *data, struct drm_file *file);
int pddgpu_vm_bind_ioctl(struct drm_device *dev, void *data, struct drm_file *file);

#endif
