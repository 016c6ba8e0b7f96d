// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/atomic.h>
#include <linux/bitfield.h>
#include <linux/bitops.h>
#include <linux/devcoredump.h>
#include <linux/dma-resv.h>
#include <linux/pci.h>
#include <linux/sysfs.h>
#include <linux/timekeeping.h>
#include <linux/utsname.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>
#include <drm/ttm/ttm_bo.h>

#include "include/uapi/drm/pddgpu_drm.h"
#include "pddgpu_bo.h"
#include "pddgpu_coredump.h"
#include "pddgpu_ctx.h"
#include "pddgpu_device.h"
#include "pddgpu_drv.h"
#include "pddgpu_dump.h"
#include "pddgpu_fence.h"
#include "pddgpu_job.h"
#include "pddgpu_peek.h"
#include "pddgpu_res_cursor.h"
#include "pddgpu_vm.h"
#include "pddgpu_vma.h"

/**
 * DOC: core dumps
 *
 * A dump is made in two parts.  Where a job is found to hang or to have failed,
 * fences wait, or interrupts are off: registers, ring and fences are noted in
 * memory that was set aside at probe, and nothing else.  The rest needs locks
 * that are held by those who wait for fences, so it is left to a work item: page
 * tables, mappings, buffers and the command buffer, read while the address space
 * has one more user.  So they are what they were, unless the program has changed
 * them in the few milliseconds since its fence signalled.
 *
 * There is one dump in the making at a time, and devcoredump keeps one a device
 * until it is fetched or five minutes old.  Others are counted and left out: the
 * first of a series tells most.  The finished text is plain memory, which is no
 * concern of the driver's any more: it neither keeps module or card, nor goes
 * with them.
 *
 * What is in a buffer is shown of one buffer only, the command buffer, which is
 * mapped in the guilty address space.  Tables are followed only where the driver
 * has such a table there, so that no walk ends in memory of somebody else.
 */

/**
 * struct pddgpu_coredump - the dump in the making
 */
struct pddgpu_coredump {
	/** @pdev: the card */
	struct pddgpu_device *pdev;
	/** @busy: bit 0: everything below is taken */
	unsigned long busy;
	/** @dropped: times that it was, or that nobody had fetched the last dump */
	atomic64_t dropped;
	/** @failed: last job of each engine that ended with an error; by its timeline's lock */
	u64 failed[PDDGPU_NUM_ENGINES];
	/** @work: finishes it */
	struct work_struct work;
	/** @ctx: the guilty context, a reference, or NULL for a kernel job */
	struct pddgpu_ctx *ctx;
	/** @vm_open: a user of the address space of @ctx */
	bool vm_open;
	/** @dump: what is known so far; zeroed when nobody has it */
	struct pddgpu_dump dump;
};

/* --- Part one: where fences wait ---------------------------------------- */

static bool pddgpu_coredump_claim(struct pddgpu_coredump *cd, enum pddgpu_dump_reason reason)
{
	if (test_and_set_bit_lock(0, &cd->busy)) {
		atomic64_inc(&cd->dropped);
		return false;
	}
	cd->dump.reason = reason;
	ktime_get_real_ts64(&cd->dump.time);
	return true;
}

static void pddgpu_coredump_take_ctx(struct pddgpu_coredump *cd, struct pddgpu_ctx *ctx)
{
	struct pddgpu_dump_job *to = &cd->dump.job;

	cd->ctx = pddgpu_ctx_get(ctx);
	cd->vm_open = pddgpu_vm_open(ctx->vm);
	to->client = ctx->client;
	to->pid = ctx->pid;
	memcpy(to->comm, ctx->comm, sizeof(to->comm));
}

static void pddgpu_coredump_take_job(struct pddgpu_coredump *cd, struct pddgpu_job *job)
{
	struct dma_fence *finished = &job->base.s_fence->finished;
	struct pddgpu_dump_job *to = &cd->dump.job;

	to->seqno = job->fence->base.seqno;
	to->sched_context = finished->context;
	to->sched_seqno = finished->seqno;
	to->root = job->root;
	to->ib_addr = job->ib_addr;
	to->ib_dwords = job->ib_dwords;
	to->kernel = !job->ctx;
	if (job->ctx)
		pddgpu_coredump_take_ctx(cd, job->ctx);
}

static void pddgpu_coredump_take_at(struct pddgpu_dump_job *job, u64 dword)
{
	job->at_known = dword < job->ib_dwords;
	job->at = job->at_known ? dword : 0;
}

/* What of the command buffer is shown: around where the trouble is, or its beginning. */
static void pddgpu_coredump_choose_ib(struct pddgpu_dump *dump)
{
	u32 before = PDDGPU_DUMP_IB_DWORDS / 2;

	dump->ib_start = dump->job.at > before ? dump->job.at - before : 0;
	dump->ib_dwords = min_t(u32, dump->job.ib_dwords - dump->ib_start, PDDGPU_DUMP_IB_DWORDS);
}

/* That of a kernel job is memory of the driver's, there until the job is freed. */
static void pddgpu_coredump_take_ib(struct pddgpu_dump *dump, const struct pddgpu_job *job)
{
	pddgpu_coredump_choose_ib(dump);
	if (job->ib_cpu)
		memcpy(dump->ib, job->ib_cpu + dump->ib_start, dump->ib_dwords * sizeof(u32));
}

static void pddgpu_coredump_take_fence(struct pddgpu_dump_engine *to,
				       const struct pddgpu_fence *fence)
{
	const struct pddgpu_job *job = fence->job;
	struct pddgpu_dump_fence *f = &to->fences[to->num_fences++];

	f->seqno = fence->base.seqno;
	if (!job)
		return;
	f->ib_addr = job->ib_addr;
	f->ib_dwords = job->ib_dwords;
	if (job->ctx) {
		f->client = job->ctx->client;
		f->pid = job->ctx->pid;
	}
}

static void pddgpu_coredump_take_timeline(struct pddgpu_dump_engine *to,
					  struct pddgpu_timeline *timeline)
{
	struct pddgpu_fence *fence;
	unsigned long flags;

	spin_lock_irqsave(&timeline->lock, flags);
	to->emitted = timeline->emitted;
	to->completed = timeline->completed;
	list_for_each_entry(fence, &timeline->pending, link) {
		if (to->num_fences == ARRAY_SIZE(to->fences))
			break;
		pddgpu_coredump_take_fence(to, fence);
	}
	spin_unlock_irqrestore(&timeline->lock, flags);
}

static u32 pddgpu_coredump_read(struct pddgpu_ring *ring, u32 reg)
{
	return pddgpu_read(ring->pdev, PDDGPU_REG_ENGINE(ring->engine) + reg);
}

/* None of these pairs is latched, so no lock is needed. */
static u64 pddgpu_coredump_read64(struct pddgpu_ring *ring, u32 reg_lo)
{
	u32 lo = pddgpu_coredump_read(ring, reg_lo);

	return (u64)pddgpu_coredump_read(ring, reg_lo + 4) << 32 | lo;
}

static void pddgpu_coredump_take_registers(struct pddgpu_dump_engine *to, struct pddgpu_ring *ring)
{
	to->ctrl = pddgpu_coredump_read(ring, PDDGPU_ENGINE_CTRL);
	to->status = pddgpu_coredump_read(ring, PDDGPU_ENGINE_STATUS);
	to->ring_base = pddgpu_coredump_read64(ring, PDDGPU_ENGINE_RING_BASE_LO);
	to->ring_size = pddgpu_coredump_read(ring, PDDGPU_ENGINE_RING_SIZE);
	to->rptr = pddgpu_coredump_read(ring, PDDGPU_ENGINE_RING_RPTR);
	to->wptr = pddgpu_coredump_read(ring, PDDGPU_ENGINE_RING_WPTR);
	to->ib_vmid = pddgpu_coredump_read(ring, PDDGPU_ENGINE_IB_VMID);
	to->ib_base = pddgpu_coredump_read64(ring, PDDGPU_ENGINE_IB_BASE_LO);
	to->ib_rptr = pddgpu_coredump_read(ring, PDDGPU_ENGINE_IB_RPTR);
	to->fence = pddgpu_coredump_read64(ring, PDDGPU_ENGINE_FENCE_LO);
}

/* The read pointer is the card's word: whatever it says, this stays inside the ring. */
static void pddgpu_coredump_take_ring(struct pddgpu_dump_engine *to, struct pddgpu_ring *ring)
{
	u32 slot = to->rptr / PDDGPU_RING_SLOT_DWORDS % PDDGPU_RING_SLOTS;

	slot = (slot + PDDGPU_RING_SLOTS - PDDGPU_DUMP_SLOTS / 2) % PDDGPU_RING_SLOTS;
	to->ring_start = slot * PDDGPU_RING_SLOT_DWORDS;
	for (u32 i = 0; i < PDDGPU_DUMP_RING_DWORDS; i++)
		to->ring[i] = READ_ONCE(ring->cpu[(to->ring_start + i) % PDDGPU_RING_DWORDS]);
}

/* The device is entered. */
static void pddgpu_coredump_take_engine(struct pddgpu_dump_engine *to, struct pddgpu_ring *ring)
{
	to->taken = true;
	to->resets = READ_ONCE(ring->resets);
	pddgpu_coredump_take_registers(to, ring);
	pddgpu_coredump_take_ring(to, ring);
	/* The other engine's scheduler is at work: a torn entry does no harm here. */
	data_race(memcpy(to->vmids, ring->vmids, sizeof(to->vmids)));
	memcpy(&to->wb, ring->wb, sizeof(to->wb));
}

/* From a dead card each register would take its time, and read as ones. */
static void pddgpu_coredump_take_engines(struct pddgpu_coredump *cd)
{
	bool answers = pddgpu_device_answers(cd->pdev);

	for (u32 e = 0; e < PDDGPU_NUM_ENGINES; e++) {
		struct pddgpu_ring *ring = &cd->pdev->rings[e];

		pddgpu_coredump_take_timeline(&cd->dump.engines[e], ring->timeline);
		if (answers)
			pddgpu_coredump_take_engine(&cd->dump.engines[e], ring);
	}
}

/* A halt is reported by the same way as a hang, but at once, and with a reason. */
static void pddgpu_coredump_take_status(struct pddgpu_dump *dump,
					const struct pddgpu_dump_engine *engine)
{
	if (!engine->taken || engine->status == U32_MAX)
		return;
	if (engine->status & PDDGPU_ENGINE_STATUS_HALTED) {
		dump->reason = PDDGPU_DUMP_HALT;
		dump->error = FIELD_GET(PDDGPU_ENGINE_STATUS_ERROR, engine->status);
	}
	if (engine->ib_vmid != U32_MAX && engine->ib_base == dump->job.ib_addr)
		pddgpu_coredump_take_at(&dump->job, engine->ib_rptr);
}

void pddgpu_coredump_hang(struct pddgpu_ring *ring, struct pddgpu_job *job)
{
	struct pddgpu_coredump *cd = ring->pdev->coredump;

	if (!pddgpu_coredump_claim(cd, PDDGPU_DUMP_HANG))
		return;

	cd->dump.job.engine = ring->engine;
	pddgpu_coredump_take_engines(cd);
	if (job)
		pddgpu_coredump_take_job(cd, job);
	pddgpu_coredump_take_status(&cd->dump, &cd->dump.engines[ring->engine]);
	if (job)
		pddgpu_coredump_take_ib(&cd->dump, job);
	queue_work(pddgpu_wq, &cd->work);
}

void pddgpu_coredump_error(struct pddgpu_ring *ring, struct pddgpu_job *job, u32 error)
{
	struct pddgpu_coredump *cd = ring->pdev->coredump;
	u64 before = cd->failed[ring->engine];
	struct pddgpu_dump *dump = &cd->dump;

	lockdep_assert_held(&ring->timeline->lock);

	cd->failed[ring->engine] = job->fence->base.seqno;
	if (job->ctx && READ_ONCE(job->ctx->dumped))
		return;
	if (!pddgpu_coredump_claim(cd, PDDGPU_DUMP_ERROR))
		return;

	dump->job.engine = ring->engine;
	dump->error = error;
	pddgpu_coredump_take_job(cd, job);
	if (pddgpu_fault_ring_find(ring->pdev, ring->engine, before, dump->job.seqno, &dump->fault))
		pddgpu_coredump_take_at(&dump->job, dump->fault.ib_offset / sizeof(u32));
	pddgpu_coredump_take_ib(dump, job);
	if (job->ctx)
		WRITE_ONCE(job->ctx->dumped, true);
	queue_work(pddgpu_wq, &cd->work);
}

/* --- Part two: what needs locks and memory ------------------------------ */

/* The core links to a dump for as long as it keeps it, and takes no other one. */
static bool pddgpu_coredump_pending(struct pddgpu_coredump *cd)
{
	struct kernfs_node *link = sysfs_get_dirent(cd->pdev->drm.dev->kobj.sd, "devcoredump");

	sysfs_put(link);
	return link;
}

/* The address that the dump is about. */
static u64 pddgpu_coredump_address(const struct pddgpu_dump *dump)
{
	if (dump->fault.info & PDDGPU_FAULT_VALID && dump->fault.address)
		return dump->fault.address;
	return dump->job.ib_addr + (u64)dump->job.at * sizeof(u32);
}

static void pddgpu_coredump_look_entry(struct pddgpu_peek *peek, struct pddgpu_dump_walk *walk,
				       const struct pddgpu_pt_step *step)
{
	struct pddgpu_dump_level *level = &walk->levels[walk->num_levels];
	u64 addr = step->table + step->index * sizeof(u64);

	level->step = *step;
	if (!pddgpu_peek_card(peek, 0, addr, sizeof(u64))) {
		level->entry = *(u64 *)peek->cpu;
		level->is = pddgpu_dump_judge(walk->first - walk->num_levels, level->entry,
					      peek->pdev->vram.size);
	}
	walk->num_levels++;
}

/*
 * Whether the walk goes on to @next, the table that the driver has there.  Another
 * one may be anybody's memory by now.  An entry that cannot be read is taken for
 * what the driver last made of it.
 */
static bool pddgpu_coredump_follow(struct pddgpu_dump_level *level,
				   const struct pddgpu_pt_step *next)
{
	if (level->is == PDDGPU_DUMP_UNREAD)
		return next && level->step.state == PDDGPU_PT_TABLE;
	if (level->is != PDDGPU_DUMP_TABLE)
		return false;
	if (!next || (level->entry & PDDGPU_PTE_ADDR) != next->table) {
		level->is = PDDGPU_DUMP_FOREIGN;
		return false;
	}
	return true;
}

/* With the address space locked no table comes or goes. */
static void pddgpu_coredump_look_walk(struct pddgpu_vm *vm, struct pddgpu_peek *peek,
				      struct pddgpu_dump_walk *walk)
{
	struct pddgpu_pt_step steps[PDDGPU_PT_LEVELS];
	struct dma_resv *resv = drm_gpuvm_resv(&vm->base);
	unsigned int num, i;
	bool more = true;

	lockdep_assert_held(&vm->lock);

	walk->first = PDDGPU_PT_LEVELS - 1;
	if (walk->address >= PDDGPU_VM_END)
		return;

	dma_resv_lock(resv, NULL);
	num = pddgpu_pt_path(&vm->pt, walk->address, steps);
	dma_resv_unlock(resv);

	for (i = 0; i < num && more; i++) {
		pddgpu_coredump_look_entry(peek, walk, &steps[i]);
		more = pddgpu_coredump_follow(&walk->levels[i],
					      i + 1 < num ? &steps[i + 1] : NULL);
	}
}

static void pddgpu_coredump_look_walks(struct pddgpu_dump *dump, struct pddgpu_vm *vm,
				       struct pddgpu_peek *peek)
{
	u64 address = pddgpu_coredump_address(dump);
	struct pddgpu_dump_walk *walk = dump->walks;
	u64 packet = dump->job.ib_addr + (u64)dump->job.at * sizeof(u32);

	if (address != packet) {
		walk->of = "fault";
		walk->address = address;
		pddgpu_coredump_look_walk(vm, peek, walk++);
	}
	walk->of = "packet";
	walk->address = packet;
	pddgpu_coredump_look_walk(vm, peek, walk);
}

/* VMID 0 has no tables but the GART. */
static void pddgpu_coredump_look_gart(struct pddgpu_dump *dump, struct pddgpu_device *pdev,
				      struct pddgpu_peek *peek)
{
	u64 address = pddgpu_coredump_address(dump);
	u64 index = (address - PDDGPU_GART_START) >> PAGE_SHIFT;
	const struct pddgpu_pt_step step = { .table = pdev->gart.table_addr, .index = index };

	if (address < PDDGPU_GART_START || index >= pdev->gart.num_entries)
		return;

	dump->walks[0].of = "gart";
	dump->walks[0].address = address;
	pddgpu_coredump_look_entry(peek, &dump->walks[0], &step);
}

static int pddgpu_coredump_read_bo(struct pddgpu_peek *peek, struct pddgpu_bo *bo, u64 pos,
				   u64 bytes)
{
	bool lost;
	int ret;

	ret = pddgpu_peek_bo(peek, bo, pos, bytes);
	if (ret)
		return ret;

	/* What was in there may have been another client's. */
	dma_resv_lock(bo->tbo.base.resv, NULL);
	lost = pddgpu_bo_is_lost(bo);
	dma_resv_unlock(bo->tbo.base.resv);
	return lost ? -EIO : 0;
}

/* As far as one mapping goes: the next one may be of another buffer. */
static int pddgpu_coredump_look_ib(struct pddgpu_dump *dump, struct pddgpu_vm *vm,
				   struct pddgpu_peek *peek)
{
	const struct pddgpu_dump_job *job = &dump->job;
	u64 packet = job->ib_addr + (u64)job->at * sizeof(u32);
	struct drm_gpuva *va = drm_gpuva_find_first(&vm->base, packet, sizeof(u32));
	u64 start = job->ib_addr + (u64)dump->ib_start * sizeof(u32), end;
	int ret;

	if (!va)
		return -ENOENT;

	end = min(start + (u64)dump->ib_dwords * sizeof(u32), va->va.addr + va->va.range);
	start = max(start, va->va.addr);
	dump->ib_start = (start - job->ib_addr) / sizeof(u32);

	memset(peek->cpu, 0, end - start);
	ret = pddgpu_coredump_read_bo(peek, gem_to_pddgpu_bo(va->gem.obj),
				      va->gem.offset + start - va->va.addr, end - start);
	if (ret)
		return ret;

	dump->ib_dwords = (end - start) / sizeof(u32);
	memcpy(dump->ib, peek->cpu, end - start);
	return 0;
}

static struct pddgpu_vma *pddgpu_coredump_oldest(struct drm_gpuva *va)
{
	return to_pddgpu_vma(list_first_entry(&va->vm_bo->list.gpuva, struct drm_gpuva,
					      gem.entry));
}

static void pddgpu_coredump_look_mapping(struct pddgpu_dump *dump, struct pddgpu_vma *vma)
{
	struct pddgpu_dump_mapping *to = &dump->mappings[dump->num_mappings++];

	to->start = vma->base.va.addr;
	to->size = vma->base.va.range;
	to->bo_offset = vma->base.gem.offset;
	to->bo_va = pddgpu_coredump_oldest(&vma->base)->base.va.addr;
	to->flags = vma->flags;
	to->stale = !list_empty(&vma->stale) || vma->base.vm_bo->evicted;
}

static u32 pddgpu_coredump_runs(struct pddgpu_bo *bo)
{
	struct pddgpu_res_cursor cur;
	u32 runs = 0;

	if (pddgpu_bo_placement(bo) != DRM_PDDGPU_DOMAIN_VRAM)
		return !!bo->tbo.resource;

	for (pddgpu_res_first(bo->tbo.resource, NULL, 0, bo->tbo.base.size, &cur); cur.remaining;
	     pddgpu_res_next(&cur, cur.size))
		runs++;
	return runs;
}

static void pddgpu_coredump_look_bo_reserved(struct pddgpu_dump_bo *to, struct pddgpu_bo *bo)
{
	struct pddgpu_res_cursor cur;

	to->placement = pddgpu_bo_placement(bo);
	to->runs = pddgpu_coredump_runs(bo);
	to->pinned = bo->tbo.pin_count;
	to->moving = !dma_resv_test_signaled(bo->tbo.base.resv, DMA_RESV_USAGE_KERNEL);
	to->lost = pddgpu_bo_is_lost(bo);
	if (to->placement == DRM_PDDGPU_DOMAIN_VRAM) {
		pddgpu_res_first(bo->tbo.resource, NULL, 0, bo->tbo.base.size, &cur);
		to->vram = cur.addr;
	}
}

static void pddgpu_coredump_look_bo(struct pddgpu_dump *dump, struct drm_gpuva *va)
{
	struct pddgpu_bo *bo = gem_to_pddgpu_bo(va->gem.obj);
	struct pddgpu_dump_bo *to = &dump->bos[dump->num_bos++];

	to->va = va->va.addr;
	to->mappings = list_count_nodes(&va->vm_bo->list.gpuva);
	to->domains = bo->domains;
	to->flags = bo->flags;
	to->size = bo->tbo.base.size;
	to->private = bo->vm_resv;
	dma_resv_lock(bo->tbo.base.resv, NULL);
	pddgpu_coredump_look_bo_reserved(to, bo);
	dma_resv_unlock(bo->tbo.base.resv);
}

/* Counts, and returns how many mappings are wholly below the address in question. */
static u32 pddgpu_coredump_count(struct pddgpu_dump *dump, struct pddgpu_vm *vm)
{
	u64 address = pddgpu_coredump_address(dump);
	struct drm_gpuva *va;
	u32 below = 0;

	drm_gpuvm_for_each_va(va, &vm->base) {
		dump->all_mappings++;
		if (&pddgpu_coredump_oldest(va)->base == va)
			dump->all_bos++;
		if (va->va.addr + va->va.range <= address)
			below++;
	}
	return below;
}

static void pddgpu_coredump_look_mappings(struct pddgpu_dump *dump, struct pddgpu_vm *vm)
{
	u32 below = pddgpu_coredump_count(dump, vm);
	u32 first = below > PDDGPU_DUMP_MAPPINGS / 2 ? below - PDDGPU_DUMP_MAPPINGS / 2 : 0;
	u32 max_bos = min(dump->all_bos, PDDGPU_DUMP_BOS), i = 0;
	struct drm_gpuva *va;

	dump->bos = kvcalloc(max_bos, sizeof(*dump->bos), GFP_KERNEL);
	if (!dump->bos)
		max_bos = 0;

	drm_gpuvm_for_each_va(va, &vm->base) {
		if (i++ >= first && dump->num_mappings < PDDGPU_DUMP_MAPPINGS)
			pddgpu_coredump_look_mapping(dump, to_pddgpu_vma(va));
		if (dump->num_bos < max_bos && &pddgpu_coredump_oldest(va)->base == va)
			pddgpu_coredump_look_bo(dump, va);
		cond_resched();
	}
}

static void pddgpu_coredump_look_vm(struct pddgpu_dump *dump, struct pddgpu_vm *vm,
				    struct pddgpu_peek *peek)
{
	mutex_lock(&vm->lock);
	pddgpu_coredump_look_mappings(dump, vm);
	pddgpu_coredump_look_walks(dump, vm, peek);
	dump->ib_error = pddgpu_coredump_look_ib(dump, vm, peek);
	mutex_unlock(&vm->lock);
}

/* The device is entered. */
static void pddgpu_coredump_look(struct pddgpu_coredump *cd)
{
	struct pddgpu_dump *dump = &cd->dump;
	struct pddgpu_peek peek;

	if (dump->reason == PDDGPU_DUMP_ERROR)
		pddgpu_coredump_take_engines(cd);

	dump->ib_error = pddgpu_peek_init(&peek, cd->pdev, sizeof(dump->ib));
	if (dump->ib_error)
		return;

	if (cd->vm_open)
		pddgpu_coredump_look_vm(dump, cd->ctx->vm, &peek);
	else if (!cd->ctx)
		pddgpu_coredump_look_gart(dump, cd->pdev, &peek);
	pddgpu_peek_fini(&peek);
}

static void pddgpu_coredump_look_card(struct pddgpu_coredump *cd)
{
	struct pddgpu_device *pdev = cd->pdev;
	struct pci_dev *pci = to_pci_dev(pdev->drm.dev);
	struct pddgpu_dump *dump = &cd->dump;

	dump->release = init_utsname()->release;
	dump->uapi_major = pdev->drm.driver->major;
	dump->uapi_minor = pdev->drm.driver->minor;
	dump->card.name = pci_name(pci);
	dump->card.vendor = pci->vendor;
	dump->card.device = pci->device;
	dump->card.revision = pci->revision;
	dump->card.version = pdev->version;
	dump->card.vram = pdev->vram.size;
	dump->card.visible = pdev->vram.visible;
	dump->card.wedged = READ_ONCE(pdev->wedged);
	for (u32 e = 0; e < PDDGPU_NUM_ENGINES; e++)
		dump->engines[e].name = pdev->rings[e].name;
}

/* Once to measure, once to write: the printer wants one byte more than there is text. */
static size_t pddgpu_coredump_print(const struct pddgpu_dump *dump, void *data, size_t size)
{
	struct drm_print_iterator iter = { .data = data, .remain = size };
	struct drm_printer p = drm_coredump_printer(&iter);

	pddgpu_dump_print(dump, &p);
	return iter.offset;
}

static void *pddgpu_coredump_text(const struct pddgpu_dump *dump, size_t *size)
{
	void *data;

	*size = pddgpu_coredump_print(dump, NULL, SSIZE_MAX);
	data = vmalloc(*size + 1);
	if (data)
		*size = pddgpu_coredump_print(dump, data, *size + 1);

	return data;
}

static void *pddgpu_coredump_make(struct pddgpu_coredump *cd, size_t *size)
{
	struct pddgpu_dump *dump = &cd->dump;
	int idx;

	dump->vm_closed = cd->ctx && !cd->vm_open;
	dump->dropped = atomic64_xchg(&cd->dropped, 0);
	pddgpu_coredump_look_card(cd);
	dump->ib_error = cd->ctx ? -ENODEV : 0;
	if (drm_dev_enter(&cd->pdev->drm, &idx)) {
		pddgpu_coredump_look(cd);
		drm_dev_exit(idx);
	} else {
		dump->card.gone = true;
	}
	if (dump->ib_error)
		dump->ib_dwords = 0;

	return pddgpu_coredump_text(dump, size);
}

static void pddgpu_coredump_publish(struct pddgpu_coredump *cd, void *data, size_t size)
{
	struct drm_device *drm = &cd->pdev->drm;

	dev_coredumpv(drm->dev, data, size, GFP_KERNEL);
	if (pddgpu_coredump_pending(cd))
		drm_info(drm, "core dump: /sys/bus/pci/devices/%s/devcoredump/data\n",
			 dev_name(drm->dev));
}

/* Hands everything back.  The address space may go with its last user, which waits. */
static void pddgpu_coredump_release(struct pddgpu_coredump *cd)
{
	if (cd->vm_open)
		pddgpu_vm_close(cd->ctx->vm);
	pddgpu_ctx_put(cd->ctx);
	kvfree(cd->dump.bos);
	cd->ctx = NULL;
	cd->vm_open = false;
	memset(&cd->dump, 0, sizeof(cd->dump));
	clear_bit_unlock(0, &cd->busy);
}

/* Who has read a dump and frees it gets the next one, so it is shown when that can be made. */
static void pddgpu_coredump_work(struct work_struct *work)
{
	struct pddgpu_coredump *cd = container_of(work, struct pddgpu_coredump, work);
	void *data = NULL;
	size_t size;

	if (!pddgpu_coredump_pending(cd)) {
		data = pddgpu_coredump_make(cd, &size);
	} else {
		atomic64_inc(&cd->dropped);
		if (cd->ctx)
			WRITE_ONCE(cd->ctx->dumped, false);
	}
	pddgpu_coredump_release(cd);
	if (data)
		pddgpu_coredump_publish(cd, data, size);
}

/* --- Life and death ----------------------------------------------------- */

int pddgpu_coredump_init(struct pddgpu_device *pdev)
{
	struct pddgpu_coredump *cd = drmm_kzalloc(&pdev->drm, sizeof(*cd), GFP_KERNEL);

	if (!cd)
		return -ENOMEM;

	cd->pdev = pdev;
	INIT_WORK(&cd->work, pddgpu_coredump_work);
	pdev->coredump = cd;
	return 0;
}

void pddgpu_coredump_fini(struct pddgpu_device *pdev)
{
	flush_work(&pdev->coredump->work);
}
