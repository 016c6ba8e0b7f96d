/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_VM_H_
#define _PDDGPU_VM_H_

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include <drm/drm_gpuvm.h>
#include <drm/gpu_scheduler.h>

#include "pddgpu_pt.h"

struct drm_device;
struct drm_exec;
struct drm_file;
struct pddgpu_bo;
struct pddgpu_device;
struct pddgpu_file;

/* Lowest address a VM_BIND may use: a null pointer faults. */
#define PDDGPU_VM_START		0x200000ULL
#define PDDGPU_VM_END		BIT_ULL(PDDGPU_VA_BITS)

/* Address spaces a client may have. */
#define PDDGPU_VM_MAX		64

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
	/** @users: its id and the ids of contexts that use it, see pddgpu_vm_close() */
	atomic_t users;
	/** @closed: no users are left, nothing may be mapped; by @lock */
	bool closed;
	/** @pt: page tables; by the reservation of @base.r_obj */
	struct pddgpu_pt pt;
	/** @entity: queue of page-table updates on the copy engine */
	struct drm_sched_entity entity;
	/** @stale: struct pddgpu_vma with entries to write before the next job; as @pt */
	struct list_head stale;
	/** @pt_seq: number of the last page-table update, see &pddgpu_device.pt_seq; as @pt */
	u64 pt_seq;
};

#define to_pddgpu_vm(gpuvm) container_of(gpuvm, struct pddgpu_vm, base)

/**
 * pddgpu_vm_put() - Drop a reference
 * @vm: the address space, closed if the reference is the last; or NULL
 */
void pddgpu_vm_put(struct pddgpu_vm *vm);

/**
 * pddgpu_vm_open() - Become a user of an address space
 * @vm: the address space
 *
 * Return: true if so, to be undone by pddgpu_vm_close(); false if the last user
 * is gone.
 */
bool pddgpu_vm_open(struct pddgpu_vm *vm);

/**
 * pddgpu_vm_close() - Cease to be a user
 * @vm: the address space; its creator is the first user
 *
 * With the last user everything is unmapped.  Jobs that still run keep all of
 * it in place until they are done, by their fences.
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
 * @vm: the address space, locked with pddgpu_vm_lock(); device entered
 * @exec: its locks, which ignore duplicates
 *
 * Buffers that were moved are placed where the GPU reaches them, and their
 * entries are rewritten by jobs whose fence is in the reservation as a KERNEL
 * fence.  What those jobs do does not depend on the contents of the buffers, so
 * whoever uses the address space waits for the moves as well: the KERNEL fences
 * of all that is locked.
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

#endif
