// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/workqueue.h>

#include <drm/drm_drv.h>

#include "pddgpu_device.h"
#include "pddgpu_heartbeat.h"

/**
 * DOC: heartbeat
 *
 * While jobs are in flight the driver looks at the card every 200 ms, in case the
 * interrupt that it waits for never comes: that of a job, that of a fault, or any,
 * because the card is dead.  An idle card is left alone: no timer runs.
 */

#define PDDGPU_HEARTBEAT_MS	200
/* Between two readings that must both be wrong */
#define PDDGPU_HEARTBEAT_DOUBT_MS	5

static bool pddgpu_heartbeat_is_dead(struct pddgpu_device *pdev)
{
	if (pddgpu_device_answers(pdev))
		return false;

	msleep(PDDGPU_HEARTBEAT_DOUBT_MS);
	return !pddgpu_device_answers(pdev);
}

/* Returns whether the ring has jobs in flight. */
static bool pddgpu_heartbeat_ring(struct pddgpu_ring *ring)
{
	pddgpu_ring_process(ring);
	if (!pddgpu_ring_is_busy(ring))
		return false;

	if (pddgpu_ring_halted(ring))
		drm_sched_fault(&ring->sched);
	return true;
}

static void pddgpu_heartbeat_entered(struct pddgpu_device *pdev)
{
	bool busy = false;

	if (pddgpu_heartbeat_is_dead(pdev)) {
		pddgpu_device_lost(pdev);
		return;
	}

	pddgpu_fault_ring_drain(pdev);
	for (u32 e = 0; e < PDDGPU_NUM_ENGINES; e++)
		busy |= pddgpu_heartbeat_ring(&pdev->rings[e]);
	if (busy)
		pddgpu_heartbeat_start(pdev);
}

static void pddgpu_heartbeat_beat(struct work_struct *work)
{
	struct pddgpu_device *pdev = container_of(to_delayed_work(work), struct pddgpu_device,
						  heartbeat);
	int idx;

	if (!drm_dev_enter(&pdev->drm, &idx))
		return;

	if (!READ_ONCE(pdev->lost))
		pddgpu_heartbeat_entered(pdev);
	drm_dev_exit(idx);
}

void pddgpu_heartbeat_init(struct pddgpu_device *pdev)
{
	INIT_DELAYED_WORK(&pdev->heartbeat, pddgpu_heartbeat_beat);
}

void pddgpu_heartbeat_start(struct pddgpu_device *pdev)
{
	queue_delayed_work(pdev->reset_wq, &pdev->heartbeat,
			   msecs_to_jiffies(PDDGPU_HEARTBEAT_MS));
}

void pddgpu_heartbeat_stop(struct pddgpu_device *pdev)
{
	cancel_delayed_work_sync(&pdev->heartbeat);
}
