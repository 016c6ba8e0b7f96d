/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_HEARTBEAT_H_
#define _PDDGPU_HEARTBEAT_H_

struct pddgpu_device;

/**
 * pddgpu_heartbeat_init() - Prepare to look after the card
 * @pdev: the card; @pdev->reset_wq is there
 */
void pddgpu_heartbeat_init(struct pddgpu_device *pdev);

/**
 * pddgpu_heartbeat_start() - See that there is a beat soon
 * @pdev: the card, entered; a job was just given to it
 *
 * Any context.  There will be beats until no job is in flight, and one more.
 */
void pddgpu_heartbeat_start(struct pddgpu_device *pdev);

/**
 * pddgpu_heartbeat_now() - Have a beat at once
 * @pdev: the card
 *
 * Any context.
 */
void pddgpu_heartbeat_now(struct pddgpu_device *pdev);

/**
 * pddgpu_heartbeat_stop() - No more beats
 * @pdev: the card, which nobody can enter any more
 *
 * Waits for one that is under way.
 */
void pddgpu_heartbeat_stop(struct pddgpu_device *pdev);

#endif
