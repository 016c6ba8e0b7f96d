/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_FAULT_H_
#define _PDDGPU_FAULT_H_

#include <linux/mutex.h>
#include <linux/types.h>

#include "include/pddgpu_regs.h"

struct pddgpu_bo;
struct pddgpu_device;

/* One page of records: more faults than that between two interrupts repeat. */
#define PDDGPU_FAULT_RING_ENTRIES	(4096 / sizeof(struct pddgpu_fault_record))

/**
 * struct pddgpu_fault_ring - where the card reports MMU faults and bad packets
 */
struct pddgpu_fault_ring {
	/** @bo: pinned GTT memory of the records */
	struct pddgpu_bo *bo;
	/** @addr: its VMID 0 address */
	u64 addr;
	/** @records: its CPU mapping */
	const struct pddgpu_fault_record *records;
	/** @lock: irq thread and heartbeat take turns; innermost */
	struct mutex lock;
	/** @rptr: next record to read; by @lock */
	u32 rptr;
	/** @last: copy of the last record, for debugfs and tests; written by @lock */
	struct pddgpu_fault_record last;
	/** @count: records seen in all; written by @lock, read by debugfs */
	u64 count;
};

/**
 * pddgpu_fault_ring_init() - Allocate the ring
 * @pdev: the card; GART and buffer objects are up
 *
 * Return: 0 or the error of the allocation.
 */
int pddgpu_fault_ring_init(struct pddgpu_device *pdev);

/**
 * pddgpu_fault_ring_fini() - Free the ring
 * @pdev: the card, stopped, its interrupt handlers gone
 */
void pddgpu_fault_ring_fini(struct pddgpu_device *pdev);

/**
 * pddgpu_fault_ring_enable() - Point the card at the ring and switch it on
 * @pdev: the card, just reset
 */
void pddgpu_fault_ring_enable(struct pddgpu_device *pdev);

/**
 * pddgpu_fault_ring_drain() - Log and consume what the card has reported
 * @pdev: the card, entered
 *
 * May sleep.  Indices and records are the card's word
 * and are checked; the log is rate-limited.
 *
 * Return: true if there was a record.
 */
bool pddgpu_fault_ring_drain(struct pddgpu_device *pdev);

/**
 * pddgpu_fault_ring_find() - Find what the card reported of a job
 * @pdev: the card; the memory of the ring is there
 * @engine: PDDGPU_ENGINE_*
 * @before: an earlier job of the engine, whose fence it had run when the job began
 * @seqno: the job, which ended with an error
 * @record: filled in if found; what the card wrote, not to be trusted
 *
 * Any context.  Also finds what the interrupt thread has not seen yet, or has
 * consumed, until the card writes over it.
 *
 * Return: true if found.
 */
bool pddgpu_fault_ring_find(struct pddgpu_device *pdev, u32 engine, u64 before, u64 seqno,
			    struct pddgpu_fault_record *record);

/**
 * pddgpu_error_name() - A PDDGPU_ERR_* for people
 * @error: the code
 *
 * Return: a constant string.
 */
const char *pddgpu_error_name(u32 error);

#endif
