// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/bitfield.h>
#include <linux/iopoll.h>
#include <linux/sizes.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "include/uapi/drm/pddgpu_drm.h"
#include "pddgpu_bo.h"
#include "pddgpu_device.h"
#include "pddgpu_fence.h"
#include "pddgpu_job.h"
#include "pddgpu_ring.h"
#include "pddgpu_trace.h"

#define PDDGPU_RING_BYTES	(PDDGPU_RING_DWORDS * sizeof(u32))
#define PDDGPU_RING_TEST_VALUE	0x600df00d
/* The packets of a slot, with their headers */
#define PDDGPU_RING_VMID_DWORDS		(1 + PDDGPU_SET_VMID_COUNT)
#define PDDGPU_RING_ONCHIP_DWORDS	(1 + PDDGPU_SET_ONCHIP_COUNT)
#define PDDGPU_RING_IB_DWORDS		(1 + PDDGPU_INDIRECT_COUNT)
#define PDDGPU_RING_FENCE_DWORDS	(1 + PDDGPU_FENCE_COUNT)
#define PDDGPU_RING_BARRIER_DWORDS	(1 + PDDGPU_WAIT_COUNT)
/* How long an engine may take to stop, or to run one packet */
#define PDDGPU_RING_TIMEOUT_US	(200 * USEC_PER_MSEC)

static u32 pddgpu_ring_reg(struct pddgpu_ring *ring, u32 reg)
{
	return PDDGPU_REG_ENGINE(ring->engine) + reg;
}

static u32 pddgpu_ring_read(struct pddgpu_ring *ring, u32 reg)
{
	return pddgpu_read(ring->pdev, pddgpu_ring_reg(ring, reg));
}

static void pddgpu_ring_write(struct pddgpu_ring *ring, u32 reg, u32 val)
{
	pddgpu_write(ring->pdev, pddgpu_ring_reg(ring, reg), val);
}

void pddgpu_ring_start(struct pddgpu_ring *ring)
{
	/* Pointers start at 0 on both sides; the VMIDs may hold anything. */
	ring->slot = 0;
	memset(ring->vmids, 0, sizeof(ring->vmids));
	pddgpu_write64(ring->pdev, pddgpu_ring_reg(ring, PDDGPU_ENGINE_RING_BASE_LO), ring->addr);
	pddgpu_ring_write(ring, PDDGPU_ENGINE_RING_SIZE, PDDGPU_RING_BYTES);
	pddgpu_ring_write(ring, PDDGPU_ENGINE_CTRL, PDDGPU_ENGINE_CTRL_ENABLE);
}

static void pddgpu_ring_release(struct drm_device *drm, void *arg)
{
	struct pddgpu_ring *ring = arg;

	drm_sched_fini(&ring->sched);
	pddgpu_timeline_put(ring->timeline);
}

static int pddgpu_ring_init_sched(struct pddgpu_ring *ring)
{
	const struct drm_sched_init_args args = {
		.ops = &pddgpu_sched_ops,
		.num_rqs = DRM_SCHED_PRIORITY_COUNT,
		.credit_limit = PDDGPU_RING_JOBS,
		.timeout = MAX_SCHEDULE_TIMEOUT,
		.name = ring->name,
		.dev = ring->pdev->drm.dev,
	};
	int ret;

	ring->timeline = pddgpu_timeline_create(ring->name);
	if (!ring->timeline)
		return -ENOMEM;

	ret = drm_sched_init(&ring->sched, &args);
	if (ret) {
		pddgpu_timeline_put(ring->timeline);
		return ret;
	}
	return drmm_add_action_or_reset(&ring->pdev->drm, pddgpu_ring_release, ring);
}

int pddgpu_ring_init(struct pddgpu_ring *ring, struct pddgpu_device *pdev, u32 engine)
{
	void *cpu;
	int ret;

	static_assert(sizeof(struct pddgpu_writeback) <= SZ_4K);
	static_assert(PDDGPU_NUM_ENGINES * PDDGPU_RING_VMIDS < PDDGPU_NUM_VMIDS);
	static_assert(PDDGPU_RING_VMID_DWORDS + PDDGPU_RING_ONCHIP_DWORDS +
		      PDDGPU_RING_IB_DWORDS + PDDGPU_RING_FENCE_DWORDS <=
		      PDDGPU_RING_SLOT_DWORDS);
	static_assert(PDDGPU_RING_IB_DWORDS + PDDGPU_RING_FENCE_DWORDS +
		      PDDGPU_RING_BARRIER_DWORDS <= PDDGPU_RING_SLOT_DWORDS);
	static_assert(PDDGPU_RING_BYTES <= PDDGPU_RING_SIZE_MAX);

	ring->pdev = pdev;
	ring->engine = engine;
	ring->name = engine == PDDGPU_ENGINE_COPY ? "copy" : "compute";
	ret = drmm_mutex_init(&pdev->drm, &ring->push_lock);
	if (ret)
		return ret;
	ret = pddgpu_ring_init_sched(ring);
	if (ret)
		return ret;

	ring->bo = pddgpu_bo_create_pinned(pdev, PDDGPU_RING_BYTES + SZ_4K,
					   DRM_PDDGPU_DOMAIN_GTT, &ring->addr, &cpu);
	if (IS_ERR(ring->bo)) {
		ret = PTR_ERR(ring->bo);
		ring->bo = NULL;
		return ret;
	}

	ring->cpu = cpu;
	ring->wb_addr = ring->addr + PDDGPU_RING_BYTES;
	ring->wb = cpu + PDDGPU_RING_BYTES;
	return 0;
}

void pddgpu_ring_fini(struct pddgpu_ring *ring)
{
	pddgpu_bo_free_pinned(ring->bo);
	ring->bo = NULL;
	ring->cpu = NULL;
	ring->wb = NULL;
}

static u32 *pddgpu_ring_put64(u32 *p, u64 val)
{
	*p++ = lower_32_bits(val);
	*p++ = upper_32_bits(val);
	return p;
}

static u64 pddgpu_ring_status_addr(struct pddgpu_ring *ring, u64 seqno)
{
	return ring->wb_addr +
		offsetof(struct pddgpu_writeback, status[seqno % PDDGPU_RING_SLOTS]);
}

static u32 *pddgpu_ring_put_fence(struct pddgpu_ring *ring, u32 *p, u64 seqno)
{
	/* A kernel job that is emitted again has one already. */
	WRITE_ONCE(ring->wb->status[seqno % PDDGPU_RING_SLOTS], PDDGPU_STATUS_PENDING);

	*p++ = PDDGPU_PKT(PDDGPU_OP_FENCE, PDDGPU_FENCE_FLAG_IRQ, PDDGPU_FENCE_COUNT);
	p = pddgpu_ring_put64(p, ring->wb_addr + offsetof(struct pddgpu_writeback, seqno));
	p = pddgpu_ring_put64(p, seqno);
	return pddgpu_ring_put64(p, pddgpu_ring_status_addr(ring, seqno));
}

/*
 * Nobody shall see what a kernel job leaves behind that failed: tables that map
 * what they must not, memory that still holds what it held before.  So the engine
 * goes no further.
 */
static u32 *pddgpu_ring_put_barrier(struct pddgpu_ring *ring, u32 *p, u64 seqno)
{
	*p++ = PDDGPU_PKT(PDDGPU_OP_WAIT, PDDGPU_WAIT_EQ, PDDGPU_WAIT_COUNT);
	p = pddgpu_ring_put64(p, pddgpu_ring_status_addr(ring, seqno));
	*p++ = PDDGPU_ERR_NONE;
	*p++ = ~0U;
	return p;
}

static u32 *pddgpu_ring_put_ib(u32 *p, u32 vmid, u64 addr, u32 dwords)
{
	*p++ = PDDGPU_PKT(PDDGPU_OP_INDIRECT, vmid, PDDGPU_INDIRECT_COUNT);
	p = pddgpu_ring_put64(p, addr);
	*p++ = dwords;
	return p;
}

static struct pddgpu_ring_vmid *pddgpu_ring_pick_vmid(struct pddgpu_ring *ring, u64 root)
{
	struct pddgpu_ring_vmid *oldest = &ring->vmids[0];

	for (u32 i = 0; i < PDDGPU_RING_VMIDS; i++) {
		struct pddgpu_ring_vmid *vmid = &ring->vmids[i];

		if (vmid->root == root)
			return vmid;
		if (vmid->used < oldest->used)
			oldest = vmid;
	}
	return oldest;
}

/*
 * Whoever used the VMID before has finished by the time the engine gets to the
 * SET_VMID, which also drops its TLB entries and on-chip windows.
 */
static u32 *pddgpu_ring_put_root(struct pddgpu_ring_vmid *vmid, u32 *p, struct pddgpu_job *job,
				 u32 number)
{
	if (vmid->root == job->root && vmid->pt_seq >= job->pt_seq)
		return p;

	vmid->root = job->root;
	vmid->pt_seq = job->pt_seq;
	memset(vmid->windows, 0, sizeof(vmid->windows));
	*p++ = PDDGPU_PKT(PDDGPU_OP_SET_VMID, number, PDDGPU_SET_VMID_COUNT);
	return pddgpu_ring_put64(p, job->root);
}

/* Also for a job without any: those of the last job of its address space are not its own. */
static u32 *pddgpu_ring_put_windows(struct pddgpu_ring_vmid *vmid, u32 *p,
				    struct pddgpu_job *job, u32 number)
{
	if (!memcmp(vmid->windows, job->windows, sizeof(vmid->windows)))
		return p;

	*p++ = PDDGPU_PKT(PDDGPU_OP_SET_ONCHIP, number, PDDGPU_SET_ONCHIP_COUNT);
	for (u32 h = 0; h < PDDGPU_NUM_ONCHIP; h++) {
		vmid->windows[h] = job->windows[h];
		*p++ = job->windows[h];
	}
	return p;
}

static u32 *pddgpu_ring_put_vmid(struct pddgpu_ring *ring, u32 *p, struct pddgpu_job *job,
				 u32 *number)
{
	struct pddgpu_ring_vmid *vmid = pddgpu_ring_pick_vmid(ring, job->root);

	*number = 1 + ring->engine * PDDGPU_RING_VMIDS + (vmid - ring->vmids);
	vmid->used = job->fence->base.seqno;
	p = pddgpu_ring_put_root(vmid, p, job, *number);
	return pddgpu_ring_put_windows(vmid, p, job, *number);
}

static u32 *pddgpu_ring_begin(struct pddgpu_ring *ring)
{
	return ring->cpu + ring->slot * PDDGPU_RING_SLOT_DWORDS;
}

/* Pads the slot with NOPs and tells the engine. */
static void pddgpu_ring_commit(struct pddgpu_ring *ring, u32 *p)
{
	u32 used = p - pddgpu_ring_begin(ring);

	memset32(p, 0, PDDGPU_RING_SLOT_DWORDS - used);
	ring->slot = (ring->slot + 1) % PDDGPU_RING_SLOTS;

	/* The slot, and what it points at, must be in memory before the doorbell. */
	wmb();
	pddgpu_write(ring->pdev, PDDGPU_REG_DOORBELL(ring->engine),
		     ring->slot * PDDGPU_RING_SLOT_DWORDS);
}

void pddgpu_ring_emit(struct pddgpu_ring *ring, struct pddgpu_job *job)
{
	u32 vmid = PDDGPU_VMID_KERNEL;
	u32 *p = pddgpu_ring_begin(ring), *begin = p;

	WRITE_ONCE(job->fence->slot, ring->slot);
	if (job->ctx && !job->cancelled)
		p = pddgpu_ring_put_vmid(ring, p, job, &vmid);
	if (!job->cancelled)
		p = pddgpu_ring_put_ib(p, vmid, job->ib_addr, job->ib_dwords);
	job->fence->ib_end = p - begin;
	p = pddgpu_ring_put_fence(ring, p, job->fence->base.seqno);
	if (pddgpu_job_must_succeed(job))
		p = pddgpu_ring_put_barrier(ring, p, job->fence->base.seqno);
	trace_pddgpu_job_run(dev_name(ring->pdev->drm.dev), ring->name, job->fence->base.seqno,
			     job->ib_addr, job->ib_dwords);
	pddgpu_ring_commit(ring, p);
}

static u32 *pddgpu_ring_put_test(struct pddgpu_ring *ring, u32 *p)
{
	WRITE_ONCE(ring->wb->scratch[0], 0);

	*p++ = PDDGPU_PKT(PDDGPU_OP_WRITE, 0, 3);
	p = pddgpu_ring_put64(p, ring->wb_addr + offsetof(struct pddgpu_writeback, scratch));
	*p++ = PDDGPU_RING_TEST_VALUE;
	return p;
}

/* A ring test stores a word and waits for the fence behind it. */
static void pddgpu_ring_emit_test(struct pddgpu_ring *ring, u64 seqno)
{
	u32 *p = pddgpu_ring_put_test(ring, pddgpu_ring_begin(ring));

	pddgpu_ring_commit(ring, pddgpu_ring_put_fence(ring, p, seqno));
}

/* After a reset there are fences that must not signal, so it does without. */
static int pddgpu_ring_try(struct pddgpu_ring *ring)
{
	u32 word;

	pddgpu_ring_commit(ring, pddgpu_ring_put_test(ring, pddgpu_ring_begin(ring)));
	return read_poll_timeout(READ_ONCE, word, word == PDDGPU_RING_TEST_VALUE, 100,
				 PDDGPU_RING_TIMEOUT_US, false, ring->wb->scratch[0]);
}

int pddgpu_ring_copy(struct pddgpu_ring *ring, u64 src, u64 dst, u64 bytes)
{
	u32 *p = pddgpu_ring_begin(ring);

	*p++ = PDDGPU_PKT(PDDGPU_OP_COPY, 0, PDDGPU_COPY_COUNT);
	p = pddgpu_ring_put64(p, src);
	p = pddgpu_ring_put64(p, dst);
	p = pddgpu_ring_put64(p, bytes);
	pddgpu_ring_commit(ring, p);
	return pddgpu_ring_try(ring);
}

static int pddgpu_ring_test_wait(struct pddgpu_ring *ring, struct pddgpu_fence *fence)
{
	struct drm_device *drm = &ring->pdev->drm;
	long left = dma_fence_wait_timeout(&fence->base, false, HZ);

	if (left < 0)
		return left;
	if (!left) {
		drm_err(drm, "%s engine: %s\n", ring->name,
			READ_ONCE(ring->wb->seqno) == fence->base.seqno ?
			"no interrupt arrives" : "does not run its ring");
		return -ETIMEDOUT;
	}
	if (fence->base.error || READ_ONCE(ring->wb->scratch[0]) != PDDGPU_RING_TEST_VALUE) {
		drm_err(drm, "%s engine: does not store what it is told\n", ring->name);
		return -EIO;
	}
	return 0;
}

int pddgpu_ring_test(struct pddgpu_ring *ring)
{
	struct pddgpu_fence *fence = pddgpu_fence_alloc();
	int ret;

	if (!fence)
		return -ENOMEM;

	ret = pddgpu_fence_arm(fence, ring->timeline, NULL, ring->wb->status);
	if (!ret) {
		pddgpu_ring_emit_test(ring, fence->base.seqno);
		ret = pddgpu_ring_test_wait(ring, fence);
	}
	pddgpu_fence_put(fence);
	return ret;
}

/* The statuses count; the seqno is what tells that a card is not to be trusted. */
static void pddgpu_ring_doubt(struct pddgpu_ring *ring, u64 seqno)
{
	struct pddgpu_timeline_head head;

	if (!pddgpu_timeline_get_head(ring->timeline, &head) || seqno < head.seqno)
		return;
	drm_err_ratelimited(&ring->pdev->drm,
			    "%s engine: reports job %llu, while %llu is under way\n",
			    ring->name, seqno, head.seqno);
}

int pddgpu_ring_process(struct pddgpu_ring *ring)
{
	u64 seqno = READ_ONCE(ring->wb->seqno);
	int count;

	/* The card writes the statuses first. */
	dma_rmb();
	count = pddgpu_timeline_advance(ring->timeline, ring->wb->status);
	if (!count)
		pddgpu_ring_doubt(ring, seqno);
	return count;
}

/* --- Progress ---------------------------------------------------------- */

static bool pddgpu_ring_is_stop_sane(const struct pddgpu_ring_stop *stop)
{
	return stop->rptr < PDDGPU_RING_DWORDS && stop->status != U32_MAX;
}

/* Slots from where the engine is to that of a fence, modulo the length of the ring */
static u32 pddgpu_ring_ahead(const struct pddgpu_ring_stop *stop, u32 slot)
{
	return (slot - stop->rptr / PDDGPU_RING_SLOT_DWORDS) % PDDGPU_RING_SLOTS;
}

void pddgpu_ring_look(struct pddgpu_ring *ring, struct pddgpu_ring_stop *stop)
{
	stop->rptr = pddgpu_ring_read(ring, PDDGPU_ENGINE_RING_RPTR);
	stop->status = pddgpu_ring_read(ring, PDDGPU_ENGINE_STATUS);
}

static u64 pddgpu_ring_stat(struct pddgpu_ring *ring, u32 stat)
{
	return pddgpu_read64(ring->pdev, PDDGPU_REG_STAT_LO(ring->engine, stat));
}

/* What changes while an engine works on a job, even inside of a long packet */
void pddgpu_ring_get_progress(struct pddgpu_ring *ring, u32 slot,
			      struct pddgpu_ring_progress *progress)
{
	struct pddgpu_ring_stop stop;

	memset(progress, 0, sizeof(*progress));
	pddgpu_ring_look(ring, &stop);
	if (!pddgpu_ring_is_stop_sane(&stop))
		return;
	progress->passed = pddgpu_ring_ahead(&stop, slot) >= PDDGPU_RING_JOBS;
	if (progress->passed)
		return;

	progress->rptr = stop.rptr;
	progress->ib_rptr = pddgpu_ring_read(ring, PDDGPU_ENGINE_IB_RPTR);
	progress->packets = pddgpu_ring_stat(ring, PDDGPU_STAT_PACKETS);
	progress->bytes_read = pddgpu_ring_stat(ring, PDDGPU_STAT_BYTES_READ);
	progress->bytes_written = pddgpu_ring_stat(ring, PDDGPU_STAT_BYTES_WRITTEN);
}

/* --- Stopping and starting again --------------------------------------- */

enum pddgpu_ring_fate pddgpu_ring_get_fate(const struct pddgpu_ring_stop *stop,
					   const struct pddgpu_fence *fence)
{
	u32 ahead = pddgpu_ring_ahead(stop, fence->slot);
	u32 at = stop->rptr % PDDGPU_RING_SLOT_DWORDS;
	bool busy = stop->status & PDDGPU_ENGINE_STATUS_BUSY;

	if (!pddgpu_ring_is_stop_sane(stop))
		return PDDGPU_RING_FATE_STARTED;
	if (ahead)
		return ahead < PDDGPU_RING_JOBS ? PDDGPU_RING_FATE_WAITING : PDDGPU_RING_FATE_RAN;
	if (at >= fence->ib_end)
		return PDDGPU_RING_FATE_RAN;
	/* What a halted engine is busy with is the packet that it refuses. */
	if (stop->status & PDDGPU_ENGINE_STATUS_HALTED)
		return PDDGPU_RING_FATE_WAITING;
	return busy ? PDDGPU_RING_FATE_STARTED : PDDGPU_RING_FATE_WAITING;
}

static bool pddgpu_ring_is_at_rest(u32 status)
{
	return status == U32_MAX || !(status & PDDGPU_ENGINE_STATUS_BUSY);
}

/* Whether all is done, or never will be without help */
static bool pddgpu_ring_is_drained(struct pddgpu_ring *ring)
{
	struct pddgpu_timeline_head head;

	return pddgpu_ring_process(ring) < 0 ||
		!pddgpu_timeline_get_head(ring->timeline, &head) ||
		pddgpu_device_is_dead(ring->pdev);
}

void pddgpu_ring_quiesce(struct pddgpu_ring *ring, u32 ms, struct pddgpu_ring_stop *stop)
{
	bool drained;
	u32 status;

	if (read_poll_timeout(pddgpu_ring_is_drained, drained, drained, USEC_PER_MSEC,
			      ms * USEC_PER_MSEC, false, ring))
		drm_warn(&ring->pdev->drm, "%s engine: still at work after %u ms\n",
			 ring->name, ms);

	/* From here on it starts nothing new. */
	pddgpu_ring_write(ring, PDDGPU_ENGINE_CTRL, 0);
	read_poll_timeout(pddgpu_ring_read, status, pddgpu_ring_is_at_rest(status), 100,
			  PDDGPU_RING_TIMEOUT_US, false, ring, PDDGPU_ENGINE_STATUS);
	pddgpu_ring_look(ring, stop);
}

int pddgpu_ring_restart(struct pddgpu_ring *ring)
{
	/* What ended in the meantime did end. */
	pddgpu_ring_process(ring);
	/* Nonsense in there must not outlive the reset. */
	WRITE_ONCE(ring->wb->seqno, ring->timeline->completed);
	pddgpu_ring_start(ring);
	return pddgpu_ring_try(ring);
}

int pddgpu_ring_reset(struct pddgpu_ring *ring)
{
	u32 ctrl;
	int ret;

	pddgpu_ring_write(ring, PDDGPU_ENGINE_CTRL, PDDGPU_ENGINE_CTRL_RESET);
	ret = read_poll_timeout(pddgpu_ring_read, ctrl,
				!(ctrl & PDDGPU_ENGINE_CTRL_RESET) || ctrl == U32_MAX,
				100, PDDGPU_RING_TIMEOUT_US, false, ring, PDDGPU_ENGINE_CTRL);
	/* A card that is gone reads as ones, or as zeroes, which look like success. */
	if (!pddgpu_device_answers(ring->pdev))
		return -ENODEV;
	if (ret)
		return ret;

	ring->resets++;
	return pddgpu_ring_restart(ring);
}

void pddgpu_ring_fail(struct pddgpu_ring *ring, int error)
{
	pddgpu_timeline_fail(ring->timeline, error);
}

bool pddgpu_ring_halted(struct pddgpu_ring *ring)
{
	u32 status = pddgpu_ring_read(ring, PDDGPU_ENGINE_STATUS);

	if (status == U32_MAX || !(status & PDDGPU_ENGINE_STATUS_HALTED))
		return false;

	drm_err_ratelimited(&ring->pdev->drm, "%s engine: halted by its ring: %s\n", ring->name,
			    pddgpu_error_name(FIELD_GET(PDDGPU_ENGINE_STATUS_ERROR, status)));
	return true;
}

static void pddgpu_ring_print_hw(struct pddgpu_ring *ring, struct drm_printer *p)
{
	drm_printf(p, "  ctrl %#x status %#x rptr %#x wptr %#x slot %u\n",
		   pddgpu_ring_read(ring, PDDGPU_ENGINE_CTRL),
		   pddgpu_ring_read(ring, PDDGPU_ENGINE_STATUS),
		   pddgpu_ring_read(ring, PDDGPU_ENGINE_RING_RPTR),
		   pddgpu_ring_read(ring, PDDGPU_ENGINE_RING_WPTR), READ_ONCE(ring->slot));
	drm_printf(p, "  ib vmid %d addr %#llx dword %#x\n",
		   (int)pddgpu_ring_read(ring, PDDGPU_ENGINE_IB_VMID),
		   pddgpu_read64(ring->pdev, pddgpu_ring_reg(ring, PDDGPU_ENGINE_IB_BASE_LO)),
		   pddgpu_ring_read(ring, PDDGPU_ENGINE_IB_RPTR));
	drm_printf(p, "  writeback seqno %llu\n", READ_ONCE(ring->wb->seqno));
}

void pddgpu_ring_print(struct pddgpu_ring *ring, struct drm_printer *p)
{
	struct pddgpu_timeline *timeline = ring->timeline;
	int idx;

	drm_printf(p, "%s: emitted %llu completed %llu resets %llu\n", ring->name,
		   READ_ONCE(timeline->emitted), READ_ONCE(timeline->completed),
		   READ_ONCE(ring->resets));
	if (drm_dev_enter(&ring->pdev->drm, &idx)) {
		pddgpu_ring_print_hw(ring, p);
		drm_dev_exit(idx);
	}

	for (u32 i = 0; i < PDDGPU_RING_VMIDS; i++) {
		const struct pddgpu_ring_vmid *vmid = &ring->vmids[i];

		if (READ_ONCE(vmid->root))
			drm_printf(p, "  vmid %u root %#llx pt_seq %llu used by %llu\n",
				   1 + ring->engine * PDDGPU_RING_VMIDS + i,
				   READ_ONCE(vmid->root), READ_ONCE(vmid->pt_seq),
				   READ_ONCE(vmid->used));
	}
}
