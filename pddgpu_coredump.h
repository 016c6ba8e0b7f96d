/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_COREDUMP_H_
#define _PDDGPU_COREDUMP_H_

#include <linux/types.h>

struct pddgpu_device;
struct pddgpu_job;
struct pddgpu_ring;

/**
 * pddgpu_coredump_init() - Get ready for the worst
 * @pdev: the card, before its engines run
 *
 * Return: 0 or -ENOMEM.
 */
int pddgpu_coredump_init(struct pddgpu_device *pdev);

/**
 * pddgpu_coredump_fini() - Finish the dump that is being made, if any
 * @pdev: the card, its fences signalled; no engine or interrupt handler is left
 *        that could want another one
 *
 * Dumps that were made stay until they are fetched or too old: they need neither
 * the card nor the driver.
 */
void pddgpu_coredump_fini(struct pddgpu_device *pdev);

/**
 * pddgpu_coredump_hang() - Leave a dump of an engine that is about to be reset
 * @ring: its ring, scheduler stopped; device entered
 * @job: the job to blame, not finished; or NULL
 *
 * Called where fences wait: allocates nothing, and takes no lock but those of
 * timelines.  What needs more is done by a work item afterwards.
 */
void pddgpu_coredump_hang(struct pddgpu_ring *ring, struct pddgpu_job *job);

/**
 * pddgpu_coredump_error() - Leave a dump of a job that ended with an error
 * @ring: its ring, whose timeline's lock is held
 * @job: the job
 * @error: PDDGPU_ERR_*
 *
 * Any context.  Of the jobs of a context only the first one gets a dump.
 */
void pddgpu_coredump_error(struct pddgpu_ring *ring, struct pddgpu_job *job, u32 error);

#endif
