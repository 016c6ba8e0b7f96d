/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_DUMP_H_
#define _PDDGPU_DUMP_H_

#include <linux/sched.h>
#include <linux/time64.h>
#include <linux/types.h>

#include "pddgpu_pt.h"
#include "pddgpu_ring.h"

struct drm_printer;

/* Number of the format, in its first line.  Goes up when a reader would notice. */
#define PDDGPU_DUMP_FORMAT	1

/* Slots of a ring that are shown, half of them before the read pointer */
#define PDDGPU_DUMP_SLOTS	16
#define PDDGPU_DUMP_RING_DWORDS	(PDDGPU_DUMP_SLOTS * PDDGPU_RING_SLOT_DWORDS)
/* Dwords of a command buffer that are shown, half of them before the packet */
#define PDDGPU_DUMP_IB_DWORDS	256
/* Mappings that are shown, half of them below the address in question */
#define PDDGPU_DUMP_MAPPINGS	32
/* Buffers that are shown */
#define PDDGPU_DUMP_BOS		1024

/**
 * enum pddgpu_dump_reason - why there is a dump
 */
enum pddgpu_dump_reason {
	/** @PDDGPU_DUMP_HANG: a job took too long */
	PDDGPU_DUMP_HANG,
	/** @PDDGPU_DUMP_HALT: an error in the ring stopped the engine */
	PDDGPU_DUMP_HALT,
	/** @PDDGPU_DUMP_ERROR: a command buffer ended with an error */
	PDDGPU_DUMP_ERROR,
};

/**
 * struct pddgpu_dump_job - the job that is to blame, and whose it is
 */
struct pddgpu_dump_job {
	/** @engine: PDDGPU_ENGINE_* */
	u32 engine;
	/** @seqno: number of its fence on the engine, 0 if there is no job to blame */
	u64 seqno;
	/** @sched_context: fence context of its queue, as tracepoints of the scheduler have it */
	u64 sched_context;
	/** @sched_seqno: its number there */
	u64 sched_seqno;
	/** @kernel: it is the driver's own, and there is no process */
	bool kernel;
	/** @client: drm_file's client id */
	u64 client;
	/** @pid: process that made the context */
	pid_t pid;
	/** @comm: its name */
	char comm[TASK_COMM_LEN];
	/** @root: PDDGPU_VMID_BASE_*, 0 for VMID 0 */
	u64 root;
	/** @ib_addr: address of the command buffer in its VMID */
	u64 ib_addr;
	/** @ib_dwords: its length */
	u32 ib_dwords;
	/** @at: dword in it where the trouble is, if @at_known */
	u32 at;
	/** @at_known: the engine was inside the command buffer */
	bool at_known;
};

/**
 * struct pddgpu_dump_fence - a fence that has not signalled
 */
struct pddgpu_dump_fence {
	/** @seqno: its number on the engine */
	u64 seqno;
	/** @client: drm_file's client id, 0 for the driver's own jobs */
	u64 client;
	/** @ib_addr: address of the command buffer */
	u64 ib_addr;
	/** @ib_dwords: its length, 0 if it is a test of the ring */
	u32 ib_dwords;
	/** @pid: process that made the context, or 0 */
	pid_t pid;
};

/**
 * struct pddgpu_dump_engine - an engine, its ring and its fences
 *
 * Of an engine that hangs or has halted as it stood then, else of a moment later.
 */
struct pddgpu_dump_engine {
	/** @name: constant string */
	const char *name;
	/** @taken: the card could be asked; false: only the fences below are valid */
	bool taken;
	/** @ctrl: PDDGPU_ENGINE_CTRL */
	u32 ctrl;
	/** @status: PDDGPU_ENGINE_STATUS */
	u32 status;
	/** @ring_base: PDDGPU_ENGINE_RING_BASE */
	u64 ring_base;
	/** @ring_size: PDDGPU_ENGINE_RING_SIZE */
	u32 ring_size;
	/** @rptr: PDDGPU_ENGINE_RING_RPTR */
	u32 rptr;
	/** @wptr: PDDGPU_ENGINE_RING_WPTR */
	u32 wptr;
	/** @ib_vmid: PDDGPU_ENGINE_IB_VMID */
	u32 ib_vmid;
	/** @ib_base: PDDGPU_ENGINE_IB_BASE */
	u64 ib_base;
	/** @ib_rptr: PDDGPU_ENGINE_IB_RPTR */
	u32 ib_rptr;
	/** @fence: PDDGPU_ENGINE_FENCE */
	u64 fence;
	/** @resets: engine resets so far */
	u64 resets;
	/** @vmids: what the driver has set its VMIDs to */
	struct pddgpu_ring_vmid vmids[PDDGPU_RING_VMIDS];
	/** @wb: what the card has written back */
	struct pddgpu_writeback wb;
	/** @ring_start: dword index of the first one in @ring */
	u32 ring_start;
	/** @ring: some of the ring, whole slots; wraps round like the ring */
	u32 ring[PDDGPU_DUMP_RING_DWORDS];

	/** @emitted: seqno of the youngest fence */
	u64 emitted;
	/** @completed: highest seqno that the card had reported */
	u64 completed;
	/** @fences: those not signalled, oldest first */
	struct pddgpu_dump_fence fences[PDDGPU_RING_JOBS];
	/** @num_fences: how many of them there are */
	u32 num_fences;
};

/**
 * enum pddgpu_dump_entry - what an entry of a page table is to the card
 */
enum pddgpu_dump_entry {
	/** @PDDGPU_DUMP_UNREAD: it could not be read */
	PDDGPU_DUMP_UNREAD,
	/** @PDDGPU_DUMP_INVALID: nothing is there */
	PDDGPU_DUMP_INVALID,
	/** @PDDGPU_DUMP_TABLE: leads to the next table */
	PDDGPU_DUMP_TABLE,
	/** @PDDGPU_DUMP_LEAF: maps memory */
	PDDGPU_DUMP_LEAF,
	/** @PDDGPU_DUMP_BROKEN: reserved bits are set, or it leads out of VRAM */
	PDDGPU_DUMP_BROKEN,
	/** @PDDGPU_DUMP_FOREIGN: leads to what is no table of the address space; not followed */
	PDDGPU_DUMP_FOREIGN,
};

/**
 * struct pddgpu_dump_level - a step of a walk
 */
struct pddgpu_dump_level {
	/** @step: table and index, and what the driver takes the entry for */
	struct pddgpu_pt_step step;
	/** @entry: what is in VRAM */
	u64 entry;
	/** @is: what the card makes of it */
	enum pddgpu_dump_entry is;
};

/**
 * struct pddgpu_dump_walk - how the card gets at an address
 */
struct pddgpu_dump_walk {
	/** @of: what is at the address, constant string; NULL: no such walk was made */
	const char *of;
	/** @address: virtual address */
	u64 address;
	/** @first: level of @levels[0] */
	u32 first;
	/** @levels: steps, until one leads nowhere */
	struct pddgpu_dump_level levels[PDDGPU_PT_LEVELS];
	/** @num_levels: how many of them there are */
	u32 num_levels;
};

/* Walks in a dump: of the address that faulted, and of the packet */
#define PDDGPU_DUMP_WALKS	2

/**
 * struct pddgpu_dump_mapping - a mapping of the address space
 */
struct pddgpu_dump_mapping {
	/** @start: GPU virtual address */
	u64 start;
	/** @size: bytes */
	u64 size;
	/** @bo_offset: where in the buffer, bytes */
	u64 bo_offset;
	/** @bo_va: address of the buffer's oldest mapping: its name in the dump */
	u64 bo_va;
	/** @flags: DRM_PDDGPU_VM_BIND_* */
	u32 flags;
	/** @stale: entries of it had still to be written */
	bool stale;
};

/**
 * struct pddgpu_dump_bo - a buffer that is mapped in the address space
 */
struct pddgpu_dump_bo {
	/** @va: address of its oldest mapping */
	u64 va;
	/** @mappings: how many mappings it has there */
	u32 mappings;
	/** @domains: DRM_PDDGPU_DOMAIN_* that were asked for */
	u32 domains;
	/** @placement: DRM_PDDGPU_DOMAIN_* where it is */
	u32 placement;
	/** @flags: DRM_PDDGPU_GEM_* */
	u32 flags;
	/** @size: bytes */
	u64 size;
	/** @vram: in VRAM: address of its first byte */
	u64 vram;
	/** @runs: in how many contiguous pieces it is, 0 if it has no memory */
	u32 runs;
	/** @pinned: it cannot be moved */
	bool pinned;
	/** @private: no other address space can have it */
	bool private;
	/** @moving: the copy engine had yet to fill it in */
	bool moving;
	/** @lost: a move of it failed */
	bool lost;
};

/**
 * struct pddgpu_dump - all that a core dump tells
 */
struct pddgpu_dump {
	/** @reason: why */
	enum pddgpu_dump_reason reason;
	/** @time: when, by the wall clock */
	struct timespec64 time;
	/** @dropped: times that there was reason for a dump but no room, since the last one */
	u64 dropped;
	/** @release: of the kernel, constant string */
	const char *release;
	/** @uapi_major: version of the uAPI */
	int uapi_major;
	/** @uapi_minor: version of the uAPI */
	int uapi_minor;
	/** @card: which card it is */
	struct {
		/** @card.name: bus address, constant string */
		const char *name;
		/** @card.vendor: PCI vendor id */
		u16 vendor;
		/** @card.device: PCI device id */
		u16 device;
		/** @card.revision: PCI revision */
		u8 revision;
		/** @card.version: PDDGPU_REG_VERSION */
		u32 version;
		/** @card.vram: bytes of VRAM */
		u64 vram;
		/** @card.visible: bytes of it that the CPU sees */
		u64 visible;
		/** @card.wedged: it has been given up */
		bool wedged;
		/** @card.gone: it was being removed when the dump was written */
		bool gone;
	} card;

	/** @job: who is to blame */
	struct pddgpu_dump_job job;
	/** @error: PDDGPU_ERR_* of a job that ended with one, or of a halt */
	u32 error;
	/** @fault: the card's record of that error; without PDDGPU_FAULT_VALID if none was found */
	struct pddgpu_fault_record fault;
	/** @engines: all engines, indexed by PDDGPU_ENGINE_* */
	struct pddgpu_dump_engine engines[PDDGPU_NUM_ENGINES];

	/** @ib_start: first dword of the command buffer in @ib */
	u32 ib_start;
	/** @ib_dwords: dwords in @ib */
	u32 ib_dwords;
	/** @ib: part of the command buffer */
	u32 ib[PDDGPU_DUMP_IB_DWORDS];
	/** @ib_error: why @ib is empty, or 0 */
	int ib_error;

	/** @vm_closed: the address space was gone before it could be looked at */
	bool vm_closed;
	/** @walks: through the page tables */
	struct pddgpu_dump_walk walks[PDDGPU_DUMP_WALKS];
	/** @mappings: around the address that faulted, or the command buffer's */
	struct pddgpu_dump_mapping mappings[PDDGPU_DUMP_MAPPINGS];
	/** @num_mappings: how many of them there are */
	u32 num_mappings;
	/** @all_mappings: how many the address space has */
	u32 all_mappings;
	/** @bos: buffers mapped in the address space, PDDGPU_DUMP_BOS at most; or NULL */
	struct pddgpu_dump_bo *bos;
	/** @num_bos: how many of them there are */
	u32 num_bos;
	/** @all_bos: how many the address space has */
	u32 all_bos;
};

/**
 * pddgpu_dump_judge() - What the card makes of an entry of a page table
 * @level: level of the table
 * @entry: what is in VRAM
 * @vram_size: bytes of VRAM
 *
 * Return: as the walk of the hardware goes; never UNREAD or FOREIGN.
 */
enum pddgpu_dump_entry pddgpu_dump_judge(u32 level, u64 entry, u64 vram_size);

/**
 * pddgpu_dump_print() - Write a dump down
 * @dump: the dump
 * @p: where to
 *
 * The text is YAML, with one record a line.  The same dump always gives the same
 * text.  See Documentation/coredump.rst.
 */
void pddgpu_dump_print(const struct pddgpu_dump *dump, struct drm_printer *p);

#endif
