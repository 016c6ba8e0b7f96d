// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/bitfield.h>
#include <linux/sizes.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "include/uapi/drm/pddgpu_drm.h"
#include "pddgpu_bo.h"
#include "pddgpu_device.h"
#include "pddgpu_fault.h"

static const char * const pddgpu_error_names[] = {
	[PDDGPU_ERR_NONE] = "none",
	[PDDGPU_ERR_OPCODE] = "unknown packet",
	[PDDGPU_ERR_LENGTH] = "bad packet length",
	[PDDGPU_ERR_OPERAND] = "bad operand",
	[PDDGPU_ERR_PRIVILEGE] = "privileged packet",
	[PDDGPU_ERR_UNMAPPED] = "unmapped address",
	[PDDGPU_ERR_PERMISSION] = "no permission",
	[PDDGPU_ERR_TABLE] = "broken page table",
	[PDDGPU_ERR_BUS] = "bus error",
	[PDDGPU_ERR_ECC] = "uncorrectable memory error",
	[PDDGPU_ERR_WINDOW] = "outside of an on-chip window",
};

const char *pddgpu_error_name(u32 error)
{
	return error < ARRAY_SIZE(pddgpu_error_names) ? pddgpu_error_names[error] : "unknown error";
}

void pddgpu_fault_ring_enable(struct pddgpu_device *pdev)
{
	mutex_lock(&pdev->faults.lock);
	pdev->faults.rptr = 0;
	pddgpu_write64(pdev, PDDGPU_REG_FAULT_BASE_LO, pdev->faults.addr);
	pddgpu_write(pdev, PDDGPU_REG_FAULT_SIZE, PDDGPU_FAULT_RING_ENTRIES);
	mutex_unlock(&pdev->faults.lock);
}

int pddgpu_fault_ring_init(struct pddgpu_device *pdev)
{
	struct pddgpu_fault_ring *ring = &pdev->faults;
	void *cpu;
	int ret;

	ret = drmm_mutex_init(&pdev->drm, &ring->lock);
	if (ret)
		return ret;

	ring->bo = pddgpu_bo_create_pinned(pdev, SZ_4K, DRM_PDDGPU_DOMAIN_GTT, &ring->addr, &cpu);
	if (IS_ERR(ring->bo)) {
		ret = PTR_ERR(ring->bo);
		ring->bo = NULL;
		return ret;
	}

	ring->records = cpu;
	return 0;
}

void pddgpu_fault_ring_fini(struct pddgpu_device *pdev)
{
	pddgpu_bo_free_pinned(pdev->faults.bo);
	pdev->faults.bo = NULL;
	pdev->faults.records = NULL;
}

static void pddgpu_fault_log(struct pddgpu_device *pdev, const struct pddgpu_fault_record *record)
{
	u32 info = record->info;

	drm_err_ratelimited(&pdev->drm,
			    "fault: %s, %s of %#llx, engine %lu vmid %lu packet %#lx at byte %#x, after job %llu\n",
			    pddgpu_error_name(FIELD_GET(PDDGPU_FAULT_ERROR, info)),
			    info & PDDGPU_FAULT_WRITE ? "write" : "read", record->address,
			    FIELD_GET(PDDGPU_FAULT_ENGINE, info),
			    FIELD_GET(PDDGPU_FAULT_VMID, info),
			    FIELD_GET(PDDGPU_FAULT_OPCODE, info), record->ib_offset, record->fence);
}

static bool pddgpu_fault_ring_drain_locked(struct pddgpu_device *pdev)
{
	struct pddgpu_fault_ring *ring = &pdev->faults;
	u32 reg = pddgpu_read(pdev, PDDGPU_REG_FAULT_WPTR);
	u32 wptr = FIELD_GET(PDDGPU_FAULT_WPTR_INDEX, reg);
	u64 count = ring->count;

	/* Dead, or being reset */
	if (reg == U32_MAX)
		return false;

	if (wptr >= PDDGPU_FAULT_RING_ENTRIES) {
		drm_err_ratelimited(&pdev->drm, "fault ring: nonsensical write pointer %#x\n", reg);
		return false;
	}
	if (reg & PDDGPU_FAULT_WPTR_OVERFLOW)
		drm_err_ratelimited(&pdev->drm, "fault ring: records were lost\n");

	/* The card writes a record first. */
	dma_rmb();
	while (ring->rptr != wptr) {
		/* A copy, since the card may write on. */
		ring->last = ring->records[ring->rptr];
		ring->rptr = (ring->rptr + 1) % PDDGPU_FAULT_RING_ENTRIES;
		WRITE_ONCE(ring->count, ring->count + 1);
		if (ring->last.info & PDDGPU_FAULT_VALID)
			pddgpu_fault_log(pdev, &ring->last);
	}
	if (ring->count != count || reg & PDDGPU_FAULT_WPTR_OVERFLOW)
		pddgpu_write(pdev, PDDGPU_REG_FAULT_RPTR, wptr);
	return ring->count != count;
}

bool pddgpu_fault_ring_drain(struct pddgpu_device *pdev)
{
	bool found;

	mutex_lock(&pdev->faults.lock);
	found = pddgpu_fault_ring_drain_locked(pdev);
	mutex_unlock(&pdev->faults.lock);
	return found;
}

/* After a reset of the card it knows of no fence until it has run one. */
static bool pddgpu_fault_is_of(const struct pddgpu_fault_record *record, u32 engine, u64 before,
			       u64 seqno)
{
	return record->info & PDDGPU_FAULT_VALID &&
	       FIELD_GET(PDDGPU_FAULT_ENGINE, record->info) == engine &&
	       (record->fence >= before || !record->fence) && record->fence < seqno;
}

bool pddgpu_fault_ring_find(struct pddgpu_device *pdev, u32 engine, u64 before, u64 seqno,
			    struct pddgpu_fault_record *record)
{
	bool found = false;

	if (!pdev->faults.records)
		return false;

	for (u32 i = 0; i < PDDGPU_FAULT_RING_ENTRIES; i++) {
		/* A copy, since the card may write on. */
		const struct pddgpu_fault_record r = pdev->faults.records[i];

		if (!pddgpu_fault_is_of(&r, engine, before, seqno))
			continue;
		if (!found || r.timestamp > record->timestamp)
			*record = r;
		found = true;
	}
	return found;
}
