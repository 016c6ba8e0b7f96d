/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_VMA_H_
#define _PDDGPU_VMA_H_

#include <linux/container_of.h>
#include <linux/dma-resv.h>
#include <linux/list.h>
#include <linux/types.h>

#include <drm/drm_gpuvm.h>

#include "pddgpu_pt.h"

struct drm_gem_object;
struct pddgpu_job;
struct pddgpu_vm;

/* A job that writes entries: not too much of the memory all kernel jobs share. */
#define PDDGPU_VMA_UPDATE_MAX	512

/**
 * struct pddgpu_vma - a mapping
 */
struct pddgpu_vma {
	/** @base: addresses, buffer and offset */
	struct drm_gpuva base;
	/** @flags: DRM_PDDGPU_VM_BIND_*; constant */
	u32 flags;
	/** @stale: in &pddgpu_vm.stale, or on its way there, if part of it is to be written */
	struct list_head stale;
	/** @stale_start: GPU virtual address where that part starts */
	u64 stale_start;
	/** @stale_end: first byte above it */
	u64 stale_end;
};

#define to_pddgpu_vma(gpuva) container_of(gpuva, struct pddgpu_vma, base)

/**
 * struct pddgpu_vma_update - entries on their way into kernel jobs
 *
 * The caller fills in @vm, @usage and @fresh, zeroes the rest, and holds the
 * reservations of the address space and of the buffers whose mappings are written,
 * between drm_dev_enter() and drm_dev_exit().
 */
struct pddgpu_vma_update {
	/** @sink: where page tables put them */
	struct pddgpu_pt_sink sink;
	/** @vm: the address space */
	struct pddgpu_vm *vm;
	/**
	 * @usage: which fences of the address space the jobs wait for: BOOKKEEP
	 * for all that was submitted, because what runs may be using the entries;
	 * KERNEL for other updates and the clearing of tables only
	 */
	enum dma_resv_usage usage;
	/** @fresh: with KERNEL: the buffer that jobs that run will see, cleared, else NULL */
	struct drm_gem_object *fresh;
	/** @job: the job that is being filled, or NULL */
	struct pddgpu_job *job;
};

/**
 * pddgpu_vma_alloc() - Make a mapping that is nowhere yet
 *
 * Return: the mapping, for pddgpu_vma_free() once it is linked to a buffer and for
 * kfree() until then, or NULL.
 */
struct pddgpu_vma *pddgpu_vma_alloc(void);

/**
 * pddgpu_vma_free() - Free a mapping: nothing is left of it, or it lives on as others
 * @vma: the mapping, no longer in its address space's tree; the reservations of
 *       address space and buffer are held
 */
void pddgpu_vma_free(struct pddgpu_vma *vma);

/**
 * pddgpu_vma_mark() - Have a part of a mapping written
 * @vma: the mapping
 * @start: GPU virtual address where the part starts
 * @end: first byte above it
 * @stale: list that the mapping is moved to
 *
 * The part grows to whole slots (%PDDGPU_PT_SLOT_SIZE) as far as the mapping goes, so
 * that a large leaf is never replaced by half of what it mapped, and includes what is
 * stale already.
 */
void pddgpu_vma_mark(struct pddgpu_vma *vma, u64 start, u64 end, struct list_head *stale);

/**
 * pddgpu_vma_mark_all() - Have a mapping written
 * @vma: the mapping
 * @stale: list that it is moved to
 */
void pddgpu_vma_mark_all(struct pddgpu_vma *vma, struct list_head *stale);

/**
 * pddgpu_vma_update_begin() - Make a job that entries can be written with
 * @update: has no job
 * @room: updates that it has room for, up to PDDGPU_VMA_UPDATE_MAX
 *
 * Return: 0, with &pddgpu_vma_update.sink ready, to be ended by
 * pddgpu_vma_update_end(); -ENOMEM, or an error of pddgpu_job_create_kernel().
 */
int pddgpu_vma_update_begin(struct pddgpu_vma_update *update, u32 room);

/**
 * pddgpu_vma_update_write() - Write the entries of stale mappings
 * @update: has begun; when it runs full, its job is pushed and another one made
 * @stale: mappings; those that were written are taken off, and those of evicted
 *         buffers, which become stale again when these are validated
 *
 * Return: 0, or an error of pddgpu_vma_update_begin(), after which @update has no job
 * and what was not written is still stale.
 */
int pddgpu_vma_update_write(struct pddgpu_vma_update *update, struct list_head *stale);

/**
 * pddgpu_vma_update_end() - Push the job
 * @update: nothing happens if it has no job
 *
 * The job's fence is in the reservation of the address space then, as a KERNEL fence.
 * One that nothing was written with is dropped.
 */
void pddgpu_vma_update_end(struct pddgpu_vma_update *update);

/**
 * pddgpu_vma_flush() - Write the entries of stale mappings with jobs of their own
 * @update: has no job, nor has it afterwards
 * @stale: as for pddgpu_vma_update_write()
 *
 * Return: 0, or an error of pddgpu_vma_update_begin(), after which what was not
 * written is still stale.
 */
int pddgpu_vma_flush(struct pddgpu_vma_update *update, struct list_head *stale);

#endif
