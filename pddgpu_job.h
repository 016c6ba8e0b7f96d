/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_JOB_H_
#define _PDDGPU_JOB_H_

#include <linux/atomic.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include <drm/gpu_scheduler.h>

#include "include/pddgpu_regs.h"

struct dma_fence;
struct drm_suballoc;
struct pddgpu_ctx;
struct pddgpu_device;
struct pddgpu_fence;
struct pddgpu_vm;

extern const struct drm_sched_backend_ops pddgpu_sched_ops;

/**
 * struct pddgpu_job - one command buffer on its way through an engine
 *
 * Owned by the scheduler once pushed, by its creator until then.  Holds
 * references to everything that running it needs.
 */
struct pddgpu_job {
	/** @base: the scheduler's part */
	struct drm_sched_job base;
	/** @fence: hardware fence, allocated with the job, initialised when it runs */
	struct pddgpu_fence *fence;
	/** @ctx: context of a user job, a reference, else NULL */
	struct pddgpu_ctx *ctx;
	/** @root: VMID base (PDDGPU_VMID_BASE_*) of a user job, 0 for VMID 0 */
	u64 root;
	/**
	 * @pt_seq: youngest page-table update of the address space that the job
	 * must see, drawn from &pddgpu_device.pt_seq.  A VMID loaded at an older
	 * one has stale TLB entries.
	 */
	u64 pt_seq;
	/** @windows: what it may use of each on-chip heap, PDDGPU_ONCHIP_WINDOW_* */
	u32 windows[PDDGPU_NUM_ONCHIP];
	/** @ib_addr: address of the command buffer in its VMID */
	u64 ib_addr;
	/** @ib_dwords: its length */
	u32 ib_dwords;
	/** @ib: memory of a kernel job's command buffer, freed with the job */
	struct drm_suballoc *ib;
	/** @ib_cpu: CPU mapping of @ib, written before the job is pushed */
	u32 *ib_cpu;
	/** @ib_max: dwords that fit in @ib */
	u32 ib_max;
	/** @attempts: how often a reset was for its sake; reset path only */
	u32 attempts;
	/** @contents_lost: clears instead of copying; reset path only */
	bool contents_lost;
	/**
	 * @cancelled: its context was banned, or it was given up, before it ran; set
	 * before @fence is armed
	 */
	bool cancelled;
	/**
	 * @claim: NULL, or what makes a kernel job one that nobody depends on: it is
	 * not run again if it fails, and can be given up until it runs.  The first to
	 * raise it has its way.  Outlives the job.
	 */
	atomic_t *claim;
	/** @free_work: drops @ctx where locks may be taken */
	struct work_struct free_work;
};

#define to_pddgpu_job(sched_job) container_of(sched_job, struct pddgpu_job, base)

/**
 * pddgpu_job_create() - Make a job for a user command buffer
 * @entity: the queue it will be pushed to
 * @client_id: drm_file's client id, for traces
 *
 * The caller fills in @ctx (a reference), @root, @pt_seq, @windows, @ib_addr, @ib_dwords.
 *
 * Return: the job, or an ERR_PTR: -ENOMEM, or -ENOENT when the entity's
 * scheduler is gone.
 */
struct pddgpu_job *pddgpu_job_create(struct drm_sched_entity *entity, u64 client_id);

/**
 * pddgpu_job_create_kernel() - Make a job with a kernel command buffer (VMID 0)
 * @pdev: the card
 * @entity: the queue it will be pushed to, one of the copy engine
 * @max_dwords: room to provide in the command buffer, 1..PDDGPU_KERNEL_IB_MAX
 *
 * Caller stays between drm_dev_enter() and drm_dev_exit() until the job is
 * pushed or abandoned: the command buffer goes away with the card.  May sleep,
 * uninterruptibly, until earlier kernel jobs give their command buffers back.
 *
 * Return: the job, or an ERR_PTR: -ENOMEM, -ENOENT, -ENODEV before the engine is
 * up and after the card is gone, -EIO if wedged.
 */
struct pddgpu_job *pddgpu_job_create_kernel(struct pddgpu_device *pdev,
					    struct drm_sched_entity *entity, u32 max_dwords);

/* Longest kernel command buffer, dwords: a quarter of the buffer they share. */
#define PDDGPU_KERNEL_IB_MAX	16384

/**
 * pddgpu_job_abandon() - Free a job that was not armed
 * @job: the job; its references are dropped
 */
void pddgpu_job_abandon(struct pddgpu_job *job);

/**
 * pddgpu_job_push() - Arm a job and hand it to the scheduler
 * @job: the job, dependencies added; belongs to the scheduler afterwards
 *
 * The point of no return: cannot fail.  The entity must not have been killed.
 *
 * Return: a reference to the fence that signals when the job has finished.
 */
struct dma_fence *pddgpu_job_push(struct pddgpu_job *job);

/**
 * pddgpu_job_error() - Take note of how a job ended
 * @job: the job, or NULL for a ring test
 * @status: PDDGPU_ERR_* that the card reports
 *
 * Any context; called just before the job's fence is signalled.
 *
 * Return: what the fence says: 0, -ECANCELED for a job that was not run, -EFAULT
 * for an error of memory, -EINVAL for a packet that makes no sense or an unknown
 * status, -EIO for a kernel job that had to clear instead of copying.
 */
int pddgpu_job_error(struct pddgpu_job *job, u32 status);

/**
 * pddgpu_job_is_kernel() - Tell the driver's own jobs from those of users
 * @job: the job
 *
 * A kernel job can be run twice: it copies from where nobody writes, clears, or
 * writes page-table entries.
 *
 * Return: true if it is the driver's own.
 */
bool pddgpu_job_is_kernel(const struct pddgpu_job *job);

/**
 * pddgpu_job_must_succeed() - Whether others depend on what a job does
 * @job: the job
 *
 * Return: true for a kernel job without a claim: it is run until it succeeds.
 */
bool pddgpu_job_must_succeed(const struct pddgpu_job *job);

/**
 * pddgpu_job_is_banned() - Whether a job must not run any more
 * @job: the job
 *
 * Return: true if its context is banned.
 */
bool pddgpu_job_is_banned(const struct pddgpu_job *job);

/**
 * pddgpu_job_give_up_contents() - Have a kernel job clear what it cannot copy
 * @job: a kernel job that is not running
 *
 * Its fence will tell, so that the buffer is lost and not somebody else's memory
 * seen in its place.
 */
void pddgpu_job_give_up_contents(struct pddgpu_job *job);

/**
 * pddgpu_job_wait_all() - Wait until no pushed job is left
 * @pdev: the card, unplugged, all its fences signalled
 *
 * A job holds references up to the device.  To be called before the last
 * reference that somebody else holds is dropped, or a scheduler's thread would
 * end up freeing its own scheduler.
 */
void pddgpu_job_wait_all(struct pddgpu_device *pdev);

/*
 * Packets for the command buffer of a kernel job.  The caller asked for enough
 * dwords when it created the job; one too many is a driver bug: it warns, and
 * is dropped.
 */
#define PDDGPU_EMIT_COPY_DWORDS		7
#define PDDGPU_EMIT_FILL_DWORDS		6
#define PDDGPU_EMIT_WRITE_PTE_DWORDS	8
#define PDDGPU_EMIT_TLB_FLUSH_DWORDS	2

/**
 * pddgpu_job_emit_copy() - Append a COPY
 * @job: a kernel job, not yet pushed
 * @src: VMID 0 address
 * @dst: VMID 0 address; the ranges do not overlap
 * @bytes: how many, not 0
 */
void pddgpu_job_emit_copy(struct pddgpu_job *job, u64 src, u64 dst, u64 bytes);

/**
 * pddgpu_job_emit_fill() - Append a FILL
 * @job: a kernel job, not yet pushed
 * @dst: VMID 0 address, a multiple of 4
 * @bytes: how many, a multiple of 4, not 0
 * @value: what each word becomes
 */
void pddgpu_job_emit_fill(struct pddgpu_job *job, u64 dst, u64 bytes, u32 value);

/**
 * pddgpu_job_emit_write_pte() - Append a WRITE_PTE
 * @job: a kernel job, not yet pushed
 * @dst: VMID 0 address of the first entry, a multiple of 8
 * @value: the first entry
 * @increment: what each one has more than the one before
 * @count: entries, 1..PDDGPU_WRITE_PTE_MAX
 */
void pddgpu_job_emit_write_pte(struct pddgpu_job *job, u64 dst, u64 value, u64 increment,
			       u32 count);

/**
 * pddgpu_job_emit_tlb_flush() - Append a TLB_FLUSH
 * @job: a kernel job, not yet pushed
 * @vmid_mask: a bit a VMID
 */
void pddgpu_job_emit_tlb_flush(struct pddgpu_job *job, u32 vmid_mask);

#endif
