// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/iopoll.h>
#include <linux/mm.h>
#include <linux/pci.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "pddgpu_coredump.h"
#include "pddgpu_ctx.h"
#include "pddgpu_device.h"
#include "pddgpu_fence.h"
#include "pddgpu_heartbeat.h"
#include "pddgpu_irq.h"
#include "pddgpu_job.h"
#include "pddgpu_reset.h"

/**
 * DOC: recovery
 *
 * There are three ways to get an engine going again; each is tried when the one
 * before has failed.
 *
 * 1. A reset of the engine.  The other engine does not notice.
 * 2. A reset of the function (FLR).  The other engine gets a moment to finish.
 *    VRAM survives that, which is checked.
 * 3. The card is wedged: all jobs end with -EIO until the driver is bound again.
 *
 * What becomes of a job on the ring depends on how far its engine came, which the
 * read pointer tells:
 *
 * =================  =====================================================
 * the job            what becomes of it
 * =================  =====================================================
 * has not begun      runs
 * is the kernel's    runs again: that does no harm; but ends with -EIO if the
 *                    reset is for its sake, and nobody depends on it
 * was under way      if it hung: -ETIME, its context is banned; else -EIO
 * ran, silently      ends with the status that the card stored, else -EIO
 * of a banned        -ECANCELED
 * context
 * =================  =====================================================
 *
 * So a user's job never runs twice, and what has not begun is not lost.
 *
 * A kernel job that fails holds up its engine, or others would see what it left
 * undone, unless it clears what no buffer has, see pddgpu_copy_clear_pages().  It is
 * run again, and after a reset of the card once more.  If it cannot copy because VRAM
 * has an error where it reads, it clears instead, and the buffer is lost: jobs find
 * zeroes there, and touching a mapping of it is a SIGBUS.
 */

/* Resets for the sake of one job before the next larger one is tried */
#define PDDGPU_RESET_ENGINE_ATTEMPTS	8
#define PDDGPU_RESET_ATTEMPTS		10
/* Failures of a copy after which it is not the bus's fault */
#define PDDGPU_RESET_COPY_ATTEMPTS	3
/* How long engines may work on: fences must signal soon, or nobody is in a hurry */
#define PDDGPU_RESET_SHORT_MS		100
#define PDDGPU_RESET_LONG_MS		5000
/* How long to wait for page faults that are under way */
#define PDDGPU_RESET_CPU_US		(50 * USEC_PER_MSEC)

/* --- What becomes of jobs ---------------------------------------------- */

static u32 pddgpu_reset_status(struct pddgpu_ring *ring, struct pddgpu_job *job)
{
	return READ_ONCE(ring->wb->status[job->fence->base.seqno % PDDGPU_RING_SLOTS]);
}

static void pddgpu_reset_ban(struct pddgpu_ring *ring, struct pddgpu_job *job)
{
	drm_err(&ring->pdev->drm, "%s engine: job %llu hung, its context is banned\n",
		ring->name, job->fence->base.seqno);
	WRITE_ONCE(job->ctx->banned, true);
	pddgpu_fence_finish(job->fence, -ETIME);
}

/* It has run, or a part of it has, and cannot do so again. */
static void pddgpu_reset_lose_user(struct pddgpu_ring *ring, struct pddgpu_job *job)
{
	drm_err(&ring->pdev->drm, "%s engine: job %llu is lost\n", ring->name,
		job->fence->base.seqno);
	pddgpu_fence_finish(job->fence, -EIO);
}

static void pddgpu_reset_settle_user(struct pddgpu_ring *ring, struct pddgpu_job *job,
				     bool guilty)
{
	enum pddgpu_ring_fate fate = pddgpu_ring_get_fate(&ring->stop, job->fence);
	u32 status = pddgpu_reset_status(ring, job);

	if (job->cancelled)
		pddgpu_ring_emit(ring, job);
	else if (fate == PDDGPU_RING_FATE_RAN && status != PDDGPU_STATUS_PENDING)
		pddgpu_fence_report(job->fence, status);
	else if (fate == PDDGPU_RING_FATE_STARTED && guilty)
		pddgpu_reset_ban(ring, job);
	else if (fate != PDDGPU_RING_FATE_WAITING || job->attempts > PDDGPU_RESET_ATTEMPTS)
		pddgpu_reset_lose_user(ring, job);
	else if (pddgpu_job_is_banned(job))
		pddgpu_fence_finish(job->fence, -ECANCELED);
	else
		pddgpu_ring_emit(ring, job);
}

static void pddgpu_reset_settle_kernel(struct pddgpu_ring *ring, struct pddgpu_job *job)
{
	u32 status = pddgpu_reset_status(ring, job);

	if (status == PDDGPU_ERR_NONE) {
		pddgpu_fence_report(job->fence, status);
		return;
	}
	if (!pddgpu_job_must_succeed(job) && job->attempts) {
		pddgpu_fence_finish(job->fence, -EIO);
		return;
	}
	if (status == PDDGPU_ERR_ECC && job->attempts >= PDDGPU_RESET_COPY_ATTEMPTS &&
	    !job->contents_lost) {
		drm_err(&ring->pdev->drm, "the contents of a buffer are lost: %s\n",
			pddgpu_error_name(status));
		pddgpu_job_give_up_contents(job);
	}
	pddgpu_ring_emit(ring, job);
}

/* Says what the reset was for, and counts it. */
static void pddgpu_reset_note(struct pddgpu_ring *ring, struct pddgpu_job *job,
			      enum pddgpu_reset_why why)
{
	struct drm_device *drm = &ring->pdev->drm;

	if (!job || why == PDDGPU_RESET_ORDERED)
		return;

	job->attempts++;
	if (why == PDDGPU_RESET_FAILED)
		drm_err_ratelimited(drm, "%s engine: kernel job %llu failed: %s\n", ring->name,
				    job->fence->base.seqno,
				    pddgpu_error_name(pddgpu_reset_status(ring, job)));
	else if (why == PDDGPU_RESET_HUNG && pddgpu_job_is_kernel(job))
		drm_err_ratelimited(drm, "%s engine: kernel job %llu hung\n", ring->name,
				    job->fence->base.seqno);
}

/* The engine has been started again with an empty ring: fill it. */
static void pddgpu_reset_settle(struct pddgpu_ring *ring, enum pddgpu_reset_why why)
{
	struct pddgpu_job *job, *head = pddgpu_timeline_next_job(ring->timeline, 0);
	u64 seqno;

	for (job = head; job; job = pddgpu_timeline_next_job(ring->timeline, seqno)) {
		seqno = job->fence->base.seqno;
		if (pddgpu_job_is_kernel(job))
			pddgpu_reset_settle_kernel(ring, job);
		else
			pddgpu_reset_settle_user(ring, job,
						 job == head && why == PDDGPU_RESET_HUNG);
	}
	memset(&ring->watch, 0, sizeof(ring->watch));
}

/* --- Keeping the CPU away ---------------------------------------------- */

/*
 * While the function is reset, BAR0 swallows what is written to it.  Page faults
 * hold the lock while they fill in page tables; they may wait for memory there,
 * and that for fences, so those who fences wait for do not wait for it for long.
 */
static bool pddgpu_reset_try_block_cpu(struct pddgpu_device *pdev)
{
	bool blocked;

	return !read_poll_timeout(down_write_trylock, blocked, blocked, 100,
				  PDDGPU_RESET_CPU_US, false, &pdev->cpu_lock);
}

static void pddgpu_reset_unmap_cpu(struct pddgpu_device *pdev)
{
	unmap_mapping_range(pdev->drm.anon_inode->i_mapping, 0, 0, 1);
}

/* --- The function ------------------------------------------------------ */

static void pddgpu_reset_stop_ring(struct pddgpu_ring *ring, u32 ms)
{
	drm_sched_wqueue_stop(&ring->sched);
	pddgpu_ring_quiesce(ring, ms, &ring->stop);
}

int pddgpu_reset_restart(struct pddgpu_device *pdev)
{
	int ret;

	if (!pddgpu_device_answers(pdev))
		return -ENODEV;
	if (!pddgpu_gart_restart(pdev)) {
		drm_err(&pdev->drm, "VRAM has lost its contents\n");
		return -EIO;
	}

	pddgpu_fault_ring_enable(pdev);
	pddgpu_irq_enable(pdev);
	for (u32 e = 0; e < PDDGPU_NUM_ENGINES; e++) {
		ret = pddgpu_ring_restart(&pdev->rings[e]);
		if (ret)
			return ret;
	}
	return 0;
}

static int pddgpu_reset_flr(struct pddgpu_device *pdev, struct pci_dev *pci)
{
	bool blocked;
	int ret;

	drm_err(&pdev->drm, "resetting the card\n");
	blocked = pddgpu_reset_try_block_cpu(pdev);
	pddgpu_reset_unmap_cpu(pdev);
	pci_save_state(pci);
	ret = pcie_flr(pci);
	pci_restore_state(pci);
	if (blocked)
		up_write(&pdev->cpu_lock);
	return ret;
}

/* @sick is the ring that it is for, stopped where its @stop says. */
static int pddgpu_reset_function_locked(struct pddgpu_device *pdev, struct pci_dev *pci,
					struct pddgpu_ring *sick, enum pddgpu_reset_why why)
{
	int ret;

	for (u32 e = 0; e < PDDGPU_NUM_ENGINES; e++)
		if (&pdev->rings[e] != sick)
			pddgpu_reset_stop_ring(&pdev->rings[e], PDDGPU_RESET_SHORT_MS);

	ret = pddgpu_reset_flr(pdev, pci);
	if (!ret)
		ret = pddgpu_reset_restart(pdev);
	for (u32 e = 0; e < PDDGPU_NUM_ENGINES && !ret; e++)
		pddgpu_reset_settle(&pdev->rings[e],
				    &pdev->rings[e] == sick ? why : PDDGPU_RESET_ORDERED);
	return ret;
}

/*
 * As pci_try_reset_function() does it, which would call our own handlers.  The lock
 * of the device cannot be waited for: its holder may be unbinding the card, and
 * wait for this.
 */
static int pddgpu_reset_function(struct pddgpu_device *pdev, struct pddgpu_ring *sick,
				 enum pddgpu_reset_why why)
{
	struct pci_dev *pci = to_pci_dev(pdev->drm.dev);
	int ret;

	/* The PCI core would wait a minute for one that is dead. */
	if (!pddgpu_device_answers(pdev))
		return -ENODEV;
	if (!pci_dev_trylock(pci))
		return -EAGAIN;

	ret = pddgpu_reset_function_locked(pdev, pci, sick, why);
	pci_dev_unlock(pci);
	return ret;
}

static void pddgpu_reset_give_up(struct pddgpu_device *pdev, int error)
{
	drm_err(&pdev->drm, "the card does not come back: %pe\n", ERR_PTR(error));
	if (pddgpu_device_answers(pdev))
		pddgpu_device_wedge(pdev);
	else
		pddgpu_device_lost(pdev);
}

static void pddgpu_reset_start_scheds(struct pddgpu_device *pdev)
{
	for (u32 e = 0; e < PDDGPU_NUM_ENGINES; e++)
		drm_sched_wqueue_start(&pdev->rings[e].sched);
}

/* --- The engine -------------------------------------------------------- */

static bool pddgpu_reset_is_hopeless(struct pddgpu_job *job, u32 attempts)
{
	return job && pddgpu_job_is_kernel(job) && job->attempts > attempts;
}

static int pddgpu_reset_engine(struct pddgpu_ring *ring, struct pddgpu_job *head,
			       enum pddgpu_reset_why why)
{
	int ret;

	if (pddgpu_reset_is_hopeless(head, PDDGPU_RESET_ENGINE_ATTEMPTS))
		return -EIO;

	ret = pddgpu_ring_reset(ring);
	if (!ret)
		pddgpu_reset_settle(ring, why);
	return ret;
}

void pddgpu_reset_ring(struct pddgpu_ring *ring, enum pddgpu_reset_why why)
{
	struct pddgpu_device *pdev = ring->pdev;
	struct pddgpu_job *head;
	int ret;

	lockdep_assert_held(&pdev->reset_lock);

	drm_sched_wqueue_stop(&ring->sched);
	pddgpu_ring_look(ring, &ring->stop);
	head = pddgpu_timeline_next_job(ring->timeline, 0);
	pddgpu_reset_note(ring, head, why);
	pddgpu_coredump_hang(ring, head);

	ret = pddgpu_reset_engine(ring, head, why);
	if (ret && !pddgpu_reset_is_hopeless(head, PDDGPU_RESET_ATTEMPTS))
		ret = pddgpu_reset_function(pdev, ring, why);
	/* Somebody unbinds or resets the card, and if not, the heartbeat comes back. */
	if (ret && ret != -EAGAIN)
		pddgpu_reset_give_up(pdev, ret);
	pddgpu_reset_start_scheds(pdev);
}

/* --- On demand --------------------------------------------------------- */

bool pddgpu_reset_is_pointless(struct pddgpu_device *pdev)
{
	lockdep_assert_held(&pdev->reset_lock);

	return pdev->halted || pdev->pm.asleep || READ_ONCE(pdev->wedged);
}

void pddgpu_reset_stop(struct pddgpu_device *pdev)
{
	lockdep_assert_held(&pdev->reset_lock);

	for (u32 e = 0; e < PDDGPU_NUM_ENGINES; e++)
		pddgpu_reset_stop_ring(&pdev->rings[e], PDDGPU_RESET_LONG_MS);
	pddgpu_fault_ring_drain(pdev);
}

void pddgpu_reset_start(struct pddgpu_device *pdev, int error)
{
	lockdep_assert_held(&pdev->reset_lock);

	for (u32 e = 0; e < PDDGPU_NUM_ENGINES && !error; e++)
		pddgpu_reset_settle(&pdev->rings[e], PDDGPU_RESET_ORDERED);
	if (error)
		pddgpu_reset_give_up(pdev, error);
	pddgpu_reset_start_scheds(pdev);
	/* Jobs may be in flight again. */
	pddgpu_heartbeat_start(pdev);
}

static void pddgpu_reset_unlock(struct pddgpu_device *pdev)
{
	mutex_unlock(&pdev->reset_lock);
	up_write(&pdev->cpu_lock);
}

/*
 * Lets the engines finish what they have, within bounds, and keeps the CPU away
 * from VRAM: who touches a mapping waits.  But not for a card that is dead: the PCI
 * core would wait for it for minutes, unless it knows that it is gone.
 */
static void pddgpu_reset_prepare(struct pci_dev *pci)
{
	struct pddgpu_device *pdev = pci_get_drvdata(pci);

	down_write(&pdev->cpu_lock);
	pddgpu_reset_unmap_cpu(pdev);
	mutex_lock(&pdev->reset_lock);
	if (!pddgpu_reset_is_pointless(pdev)) {
		pddgpu_reset_stop(pdev);
		if (pddgpu_device_is_dead(pdev))
			pddgpu_reset_start(pdev, -ENODEV);
	}
	if (!READ_ONCE(pdev->lost))
		return;

	pci->error_state = pci_channel_io_perm_failure;
	pddgpu_reset_unlock(pdev);
}

/* It has been lost either before, and nothing is locked, or not yet. */
static void pddgpu_reset_done(struct pci_dev *pci)
{
	struct pddgpu_device *pdev = pci_get_drvdata(pci);

	if (READ_ONCE(pdev->lost)) {
		pci->error_state = pci_channel_io_normal;
		return;
	}
	if (!pddgpu_reset_is_pointless(pdev))
		pddgpu_reset_start(pdev, pddgpu_reset_restart(pdev));
	pddgpu_reset_unlock(pdev);
}

const struct pci_error_handlers pddgpu_reset_handlers = {
	.reset_prepare = pddgpu_reset_prepare,
	.reset_done = pddgpu_reset_done,
};

int pddgpu_reset_init(struct pddgpu_device *pdev)
{
	init_rwsem(&pdev->cpu_lock);
	return drmm_mutex_init(&pdev->drm, &pdev->reset_lock);
}
