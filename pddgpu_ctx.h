/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_CTX_H_
#define _PDDGPU_CTX_H_

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/sched.h>
#include <linux/types.h>

#include <drm/gpu_scheduler.h>

#include "include/pddgpu_regs.h"

struct drm_device;
struct drm_file;
struct pddgpu_file;
struct pddgpu_vm;

/* Contexts a client may have. */
#define PDDGPU_CTX_MAX	256

/**
 * struct pddgpu_ctx - a queue on each engine, in one address space
 */
struct pddgpu_ctx {
	/** @ref: of the id and of each job in flight */
	struct kref ref;
	/** @vm: the address space, a reference; constant */
	struct pddgpu_vm *vm;
	/** @entities: a queue an engine */
	struct drm_sched_entity entities[PDDGPU_NUM_ENGINES];
	/** @closed: its id is gone, nothing may be pushed; by the reservation of @vm */
	bool closed;
	/** @banned: a job hung; set once, read locklessly */
	bool banned;
	/** @faults: jobs that ended with an error */
	atomic64_t faults;
	/** @last_error: PDDGPU_ERR_* of the last of them; written before @faults grows */
	u32 last_error;
	/** @client: drm_file's client id; constant */
	u64 client;
	/** @pid: process that created it, by its number in the first namespace; constant */
	pid_t pid;
	/** @comm: name that the process had then; constant */
	char comm[TASK_COMM_LEN];
	/** @dumped: one of its failed jobs had a core dump of its own; read locklessly */
	bool dumped;
};

/**
 * pddgpu_ctx_lookup() - Find a context by id
 * @file: the client
 * @id: id from CTX_CREATE
 *
 * Return: a reference, or NULL.
 */
struct pddgpu_ctx *pddgpu_ctx_lookup(struct pddgpu_file *file, u32 id);

/**
 * pddgpu_ctx_get() - Take a reference
 * @ctx: the context
 *
 * Return: @ctx.
 */
struct pddgpu_ctx *pddgpu_ctx_get(struct pddgpu_ctx *ctx);

/**
 * pddgpu_ctx_put() - Drop a reference
 * @ctx: the context, or NULL.  Callable from where a job is freed: may sleep
 */
void pddgpu_ctx_put(struct pddgpu_ctx *ctx);

/**
 * pddgpu_ctx_close() - Shut the queues when the id goes away
 * @ctx: the context
 *
 * Waits until what is queued has gone to the engines, but no more than a second a
 * queue for a client that exits or was killed: the rest is dropped, its fences
 * signal with -ESRCH.
 */
void pddgpu_ctx_close(struct pddgpu_ctx *ctx);

/**
 * pddgpu_ctx_job_failed() - Note that a job ended with an error of its own
 * @ctx: the context
 * @error: PDDGPU_ERR_*
 */
void pddgpu_ctx_job_failed(struct pddgpu_ctx *ctx, u32 error);

int pddgpu_ctx_create_ioctl(struct drm_device *dev, void *data, struct drm_file *file);
int pddgpu_ctx_destroy_ioctl(struct drm_device *dev, void *data, struct drm_file *file);
int pddgpu_ctx_query_ioctl(struct drm_device *dev, void *data, struct drm_file *file);

#endif
