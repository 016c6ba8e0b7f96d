// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/jiffies.h>
#include <linux/moduleparam.h>
#include <linux/workqueue.h>

#include <drm/drm_drv.h>

#include "pddgpu_device.h"
#include "pddgpu_fence.h"
#include "pddgpu_heartbeat.h"
#include "pddgpu_irq.h"
#include "pddgpu_reset.h"

/**
 * DOC: heartbeat
 *
 * While jobs are in flight the driver looks at the card every 200 ms, in case the
 * interrupt that it waits for never comes: that of a job, that of a fault, or any,
 * because the card is dead.  An idle card is left alone: no timer runs.
 */

#define PDDGPU_HEARTBEAT_MS	200
#define PDDGPU_HEARTBEAT_JIFFIES	msecs_to_jiffies(PDDGPU_HEARTBEAT_MS)
/* While it stands in for an interrupt that is switched off */
#define PDDGPU_HEARTBEAT_FAST_MS	10
#define PDDGPU_HEARTBEAT_MAX_MS	(3600 * MSEC_PER_SEC)

static int pddgpu_heartbeat_set_ms(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, 1, PDDGPU_HEARTBEAT_MAX_MS);
}

static const struct kernel_param_ops pddgpu_heartbeat_ms_ops = {
	.set = pddgpu_heartbeat_set_ms,
	.get = param_get_uint,
};

static unsigned int job_timeout_ms = 600;
module_param_cb(job_timeout_ms, &pddgpu_heartbeat_ms_ops, &job_timeout_ms, 0644);
MODULE_PARM_DESC(job_timeout_ms,
		 "Time without progress after which a job counts as hung, ms (default 600)");

static unsigned int job_max_ms = 10000;
module_param_cb(job_max_ms, &pddgpu_heartbeat_ms_ops, &job_max_ms, 0644);
MODULE_PARM_DESC(job_max_ms,
		 "Time after which a job counts as hung, progress or not, ms (default 10000)");

/* --- Jobs that hang ---------------------------------------------------- */

static void pddgpu_heartbeat_meet(struct pddgpu_ring *ring,
				  const struct pddgpu_timeline_head *head)
{
	ring->watch = (struct pddgpu_watch) {
		.seqno = head->seqno,
		.since = jiffies,
		.next = jiffies + PDDGPU_HEARTBEAT_JIFFIES / 2,
	};
	pddgpu_ring_get_progress(ring, head->slot, &ring->watch.progress);
}

static void pddgpu_heartbeat_compare(struct pddgpu_ring *ring,
				     const struct pddgpu_timeline_head *head)
{
	struct pddgpu_watch *watch = &ring->watch;
	struct pddgpu_ring_progress now;

	pddgpu_ring_get_progress(ring, head->slot, &now);
	if (memcmp(&now, &watch->progress, sizeof(now)))
		watch->stalled = 0;
	else
		watch->stalled++;
	watch->progress = now;
	watch->next = jiffies + PDDGPU_HEARTBEAT_JIFFIES / 2;
}

/*
 * A job hangs if it makes no progress.  Beats are counted, not time: a machine
 * that stood still as a whole has not looked.
 */
static bool pddgpu_heartbeat_is_hung(struct pddgpu_ring *ring,
				     const struct pddgpu_timeline_head *head)
{
	struct pddgpu_watch *watch = &ring->watch;

	if (watch->seqno != head->seqno) {
		pddgpu_heartbeat_meet(ring, head);
		return false;
	}
	if (time_before(jiffies, watch->next))
		return false;

	pddgpu_heartbeat_compare(ring, head);
	if (watch->stalled * PDDGPU_HEARTBEAT_MS >= READ_ONCE(job_timeout_ms))
		return true;
	/* The engine does not come back to it. */
	if (watch->stalled && watch->progress.passed)
		return true;
	/* The kernel's own jobs are of bounded length. */
	return head->user &&
	       time_after(jiffies, watch->since + msecs_to_jiffies(READ_ONCE(job_max_ms)));
}

static enum pddgpu_reset_why pddgpu_heartbeat_diagnose(struct pddgpu_ring *ring, bool *busy)
{
	int done = pddgpu_ring_process(ring);
	struct pddgpu_timeline_head head;

	if (!pddgpu_timeline_get_head(ring->timeline, &head))
		return PDDGPU_RESET_NOT;

	*busy = true;
	if (done < 0)
		return PDDGPU_RESET_FAILED;
	if (pddgpu_ring_halted(ring))
		return PDDGPU_RESET_HALTED;
	return pddgpu_heartbeat_is_hung(ring, &head) ? PDDGPU_RESET_HUNG : PDDGPU_RESET_NOT;
}

/* --- The beat ---------------------------------------------------------- */

static void pddgpu_heartbeat_locked(struct pddgpu_device *pdev)
{
	bool busy = false, resting;

	if (pddgpu_device_is_dead(pdev)) {
		pddgpu_device_lost(pdev);
		return;
	}

	pddgpu_fault_ring_drain(pdev);
	for (u32 e = 0; e < PDDGPU_NUM_ENGINES && !READ_ONCE(pdev->wedged); e++) {
		enum pddgpu_reset_why why = pddgpu_heartbeat_diagnose(&pdev->rings[e], &busy);

		if (why != PDDGPU_RESET_NOT)
			pddgpu_reset_ring(&pdev->rings[e], why);
		if (pdev->halted)
			return;
	}

	resting = pddgpu_irq_rest(pdev);
	if (resting)
		mod_delayed_work(pdev->reset_wq, &pdev->heartbeat,
				 msecs_to_jiffies(PDDGPU_HEARTBEAT_FAST_MS));
	else if (busy)
		pddgpu_heartbeat_start(pdev);
}

static void pddgpu_heartbeat_beat(struct work_struct *work)
{
	struct pddgpu_device *pdev = container_of(to_delayed_work(work), struct pddgpu_device,
						  heartbeat);
	int idx;

	if (!drm_dev_enter(&pdev->drm, &idx))
		return;

	mutex_lock(&pdev->reset_lock);
	if (!pdev->halted && !pdev->pm.asleep)
		pddgpu_heartbeat_locked(pdev);
	mutex_unlock(&pdev->reset_lock);
	drm_dev_exit(idx);
}

void pddgpu_heartbeat_init(struct pddgpu_device *pdev)
{
	INIT_DELAYED_WORK(&pdev->heartbeat, pddgpu_heartbeat_beat);
}

void pddgpu_heartbeat_start(struct pddgpu_device *pdev)
{
	queue_delayed_work(pdev->reset_wq, &pdev->heartbeat,
			   PDDGPU_HEARTBEAT_JIFFIES);
}

void pddgpu_heartbeat_now(struct pddgpu_device *pdev)
{
	mod_delayed_work(pdev->reset_wq, &pdev->heartbeat, 0);
}

void pddgpu_heartbeat_stop(struct pddgpu_device *pdev)
{
	cancel_delayed_work_sync(&pdev->heartbeat);
}
