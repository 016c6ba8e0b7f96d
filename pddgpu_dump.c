// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/bitfield.h>
#include <linux/string.h>
#include <linux/string_helpers.h>

#include <drm/drm_print.h>
#include <uapi/drm/pddgpu_drm.h>

#include <kunit/visibility.h>

#include "pddgpu_dump.h"
#include "pddgpu_fault.h"

/* Payload of a packet that is worth a line: the longest is one of 9, but for WRITE and NOP. */
#define PDDGPU_DUMP_PAYLOAD	16
/* Dwords a line where packets cannot be told apart */
#define PDDGPU_DUMP_LINE	8

#define PDDGPU_DUMP_NO_DWORD	U32_MAX

static const char * const pddgpu_dump_reasons[] = {
	[PDDGPU_DUMP_HANG] = "hang",
	[PDDGPU_DUMP_HALT] = "halt",
	[PDDGPU_DUMP_ERROR] = "error",
};

static const char * const pddgpu_dump_packets[] = {
	[PDDGPU_OP_NOP] = "NOP",
	[PDDGPU_OP_WRITE] = "WRITE",
	[PDDGPU_OP_FILL] = "FILL",
	[PDDGPU_OP_COPY] = "COPY",
	[PDDGPU_OP_COPY_RECT] = "COPY_RECT",
	[PDDGPU_OP_FENCE] = "FENCE",
	[PDDGPU_OP_WAIT] = "WAIT",
	[PDDGPU_OP_ATOMIC] = "ATOMIC",
	[PDDGPU_OP_TLB_FLUSH] = "TLB_FLUSH",
	[PDDGPU_OP_INDIRECT] = "INDIRECT",
	[PDDGPU_OP_SET_VMID] = "SET_VMID",
	[PDDGPU_OP_WRITE_PTE] = "WRITE_PTE",
	[PDDGPU_OP_TIMESTAMP] = "TIMESTAMP",
	[PDDGPU_OP_SET_ONCHIP] = "SET_ONCHIP",
	[PDDGPU_OP_ONCHIP_COPY] = "ONCHIP_COPY",
	[PDDGPU_OP_ONCHIP_BARRIER] = "ONCHIP_BARRIER",
	[PDDGPU_OP_ONCHIP_APPEND] = "ONCHIP_APPEND",
	[PDDGPU_OP_MAP] = "MAP",
	[PDDGPU_OP_CRC32] = "CRC32",
	[PDDGPU_OP_MANDELBROT] = "MANDELBROT",
};

static const char * const pddgpu_dump_entries[] = {
	[PDDGPU_DUMP_UNREAD] = "unread",
	[PDDGPU_DUMP_INVALID] = "invalid",
	[PDDGPU_DUMP_TABLE] = "table",
	[PDDGPU_DUMP_LEAF] = "leaf",
	[PDDGPU_DUMP_BROKEN] = "broken",
	[PDDGPU_DUMP_FOREIGN] = "foreign",
};

static const char * const pddgpu_dump_states[] = {
	[PDDGPU_PT_NONE] = "none",
	[PDDGPU_PT_TABLE] = "table",
	[PDDGPU_PT_LEAF] = "leaf",
};

static const char *pddgpu_dump_packet_name(u32 opcode)
{
	const char *name = NULL;

	if (opcode < ARRAY_SIZE(pddgpu_dump_packets))
		name = pddgpu_dump_packets[opcode];
	return name ? name : "unknown";
}

static const char *pddgpu_dump_domain(u32 domain)
{
	switch (domain) {
	case DRM_PDDGPU_DOMAIN_VRAM:
		return "vram";
	case DRM_PDDGPU_DOMAIN_GTT:
		return "gtt";
	default:
		return "system";
	}
}

/* --- Page tables ------------------------------------------------------- */

static bool pddgpu_dump_in_vram(u64 addr, u64 size, u64 vram_size)
{
	return addr <= vram_size && size <= vram_size - addr;
}

static enum pddgpu_dump_entry pddgpu_dump_judge_leaf(u64 entry, u64 size, u64 vram_size)
{
	u64 addr = entry & PDDGPU_PTE_ADDR;
	u64 flags = PDDGPU_PTE_VALID | PDDGPU_PTE_READ | PDDGPU_PTE_WRITE | PDDGPU_PTE_SYSTEM |
		    PDDGPU_PTE_SNOOP;

	if (size != PDDGPU_PT_SIZE)
		flags |= PDDGPU_PTE_LEAF;
	if (entry & ~(PDDGPU_PTE_ADDR | flags) || !IS_ALIGNED(addr, size))
		return PDDGPU_DUMP_BROKEN;
	if (!(entry & PDDGPU_PTE_SYSTEM) && !pddgpu_dump_in_vram(addr, size, vram_size))
		return PDDGPU_DUMP_BROKEN;
	return PDDGPU_DUMP_LEAF;
}

enum pddgpu_dump_entry pddgpu_dump_judge(u32 level, u64 entry, u64 vram_size)
{
	if (!(entry & PDDGPU_PTE_VALID))
		return PDDGPU_DUMP_INVALID;
	if (!level)
		return pddgpu_dump_judge_leaf(entry, PDDGPU_PT_SIZE, vram_size);
	if (level == 1 && entry & PDDGPU_PTE_LEAF)
		return pddgpu_dump_judge_leaf(entry, PDDGPU_PT_SLOT_SIZE, vram_size);
	if (entry & ~(PDDGPU_PTE_ADDR | PDDGPU_PTE_VALID) ||
	    !pddgpu_dump_in_vram(entry & PDDGPU_PTE_ADDR, PDDGPU_PT_SIZE, vram_size))
		return PDDGPU_DUMP_BROKEN;
	return PDDGPU_DUMP_TABLE;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_dump_judge);

static void pddgpu_dump_print_level(const struct pddgpu_dump_level *level, u32 number,
				    struct drm_printer *p)
{
	drm_printf(p, "  - {level: %u, table: %#llx, index: %u", number, level->step.table,
		   level->step.index);
	if (level->is != PDDGPU_DUMP_UNREAD)
		drm_printf(p, ", entry: %#llx", level->entry);
	drm_printf(p, ", is: %s", pddgpu_dump_entries[level->is]);
	if (level->is == PDDGPU_DUMP_LEAF)
		drm_printf(p, ", to: %#llx, system: %s, read: %s, write: %s",
			   level->entry & PDDGPU_PTE_ADDR,
			   str_yes_no(level->entry & PDDGPU_PTE_SYSTEM),
			   str_yes_no(level->entry & PDDGPU_PTE_READ),
			   str_yes_no(level->entry & PDDGPU_PTE_WRITE));
	if (number)
		drm_printf(p, ", driver: %s", pddgpu_dump_states[level->step.state]);
	drm_puts(p, "}\n");
}

static void pddgpu_dump_print_walks(const struct pddgpu_dump *dump, struct drm_printer *p)
{
	drm_puts(p, "page_tables:\n");
	for (u32 i = 0; i < PDDGPU_DUMP_WALKS; i++) {
		const struct pddgpu_dump_walk *walk = &dump->walks[i];

		if (!walk->of)
			continue;
		drm_printf(p, "- of: %s\n  address: %#llx\n  root: %#llx\n  levels:\n", walk->of,
			   walk->address, dump->job.root);
		for (u32 n = 0; n < walk->num_levels; n++)
			pddgpu_dump_print_level(&walk->levels[n], walk->first - n, p);
	}
}

/* --- Packets ----------------------------------------------------------- */

static void pddgpu_dump_print_dwords(const u32 *dwords, u32 count, struct drm_printer *p)
{
	drm_puts(p, "dwords: [");
	for (u32 i = 0; i < count; i++)
		drm_printf(p, "%s%#010x", i ? ", " : "", dwords[i]);
	drm_puts(p, "]");
}

/*
 * Zero dwords are NOPs that only fill up, and are left out, unless one of them is
 * @here.  Returns dwords printed or skipped, at least one.
 */
static u32 pddgpu_dump_print_packet(const u32 *dwords, u32 left, u32 at, u32 here,
				    struct drm_printer *p)
{
	u32 opcode = FIELD_GET(PDDGPU_PKT_OPCODE, dwords[0]);
	u32 count = min_t(u32, FIELD_GET(PDDGPU_PKT_COUNT, dwords[0]), left - 1);

	if (!dwords[0] && at != here)
		return 1;

	drm_printf(p, "  - {at: %u, packet: %s, flags: %#lx, count: %lu, ", at,
		   pddgpu_dump_packet_name(opcode), FIELD_GET(PDDGPU_PKT_FLAGS, dwords[0]),
		   FIELD_GET(PDDGPU_PKT_COUNT, dwords[0]));
	pddgpu_dump_print_dwords(dwords, 1 + min_t(u32, count, PDDGPU_DUMP_PAYLOAD), p);
	drm_printf(p, "%s}\n", at == here ? ", here: yes" : "");
	return 1 + count;
}

/* From a dword on that begins a packet.  @at: its index, @here: that of one to be marked */
static void pddgpu_dump_print_packets(const u32 *dwords, u32 num, u32 at, u32 here,
				      struct drm_printer *p)
{
	u32 step;

	for (u32 i = 0; i < num; i += step)
		step = pddgpu_dump_print_packet(dwords + i, num - i, at + i, here, p);
}

static void pddgpu_dump_print_raw(const u32 *dwords, u32 num, u32 at, struct drm_printer *p)
{
	u32 step;

	for (u32 i = 0; i < num; i += step) {
		step = min_t(u32, num - i, PDDGPU_DUMP_LINE);
		drm_printf(p, "  - {at: %u, ", at + i);
		pddgpu_dump_print_dwords(dwords + i, step, p);
		drm_puts(p, "}\n");
	}
}

/* Where packets begin is known at the first dword, and where the trouble is. */
static void pddgpu_dump_print_ib(const struct pddgpu_dump *dump, struct drm_printer *p)
{
	u32 here = dump->job.at_known ? dump->job.at : PDDGPU_DUMP_NO_DWORD;
	u32 raw = 0;

	drm_printf(p, "command_buffer:\n  address: %#llx\n  count: %u\n", dump->job.ib_addr,
		   dump->job.ib_dwords);
	if (dump->ib_error)
		drm_printf(p, "  unread: %d\n", dump->ib_error);
	if (dump->ib_start)
		raw = min(here - dump->ib_start, dump->ib_dwords);

	drm_puts(p, "  packets:\n");
	pddgpu_dump_print_raw(dump->ib, raw, dump->ib_start, p);
	pddgpu_dump_print_packets(dump->ib + raw, dump->ib_dwords - raw, dump->ib_start + raw,
				  here, p);
}

/* Each slot begins with a packet, whatever the one before it holds. */
static void pddgpu_dump_print_ring(const struct pddgpu_dump_engine *engine, struct drm_printer *p)
{
	drm_puts(p, "  ring:\n");
	for (u32 i = 0; i < PDDGPU_DUMP_RING_DWORDS; i += PDDGPU_RING_SLOT_DWORDS)
		pddgpu_dump_print_packets(engine->ring + i, PDDGPU_RING_SLOT_DWORDS,
					  (engine->ring_start + i) % PDDGPU_RING_DWORDS,
					  engine->rptr, p);
}

/* --- Engines ----------------------------------------------------------- */

static void pddgpu_dump_print_registers(const struct pddgpu_dump_engine *engine,
					struct drm_printer *p)
{
	drm_printf(p, "  registers: {ctrl: %#x, status: %#x", engine->ctrl, engine->status);
	drm_printf(p, ", ring_base: %#llx, ring_size: %#x, rptr: %u, wptr: %u", engine->ring_base,
		   engine->ring_size, engine->rptr, engine->wptr);
	drm_printf(p, ", ib_vmid: %d, ib_base: %#llx, ib_rptr: %u, fence: %llu}\n",
		   (int)engine->ib_vmid, engine->ib_base, engine->ib_rptr, engine->fence);
	drm_printf(p, "  resets: %llu\n", engine->resets);
}

static void pddgpu_dump_print_vmids(const struct pddgpu_dump *dump, u32 e, struct drm_printer *p)
{
	drm_puts(p, "  vmids:\n");
	for (u32 i = 0; i < PDDGPU_RING_VMIDS; i++) {
		const struct pddgpu_ring_vmid *vmid = &dump->engines[e].vmids[i];

		if (vmid->root)
			drm_printf(p, "  - {vmid: %u, root: %#llx, pt_seq: %llu, used: %llu}\n",
				   1 + e * PDDGPU_RING_VMIDS + i, vmid->root, vmid->pt_seq,
				   vmid->used);
	}
}

/* Those of jobs that ended well, or have not ended, tell nothing. */
static void pddgpu_dump_print_writeback(const struct pddgpu_dump_engine *engine,
					struct drm_printer *p)
{
	drm_printf(p, "  writeback: {seqno: %llu}\n  statuses:\n", engine->wb.seqno);
	for (u32 i = 0; i < PDDGPU_RING_SLOTS; i++)
		if (engine->wb.status[i])
			drm_printf(p, "  - {slot: %u, error: %u, name: \"%s\"}\n", i,
				   engine->wb.status[i], pddgpu_error_name(engine->wb.status[i]));
}

static void pddgpu_dump_print_fences(const struct pddgpu_dump_engine *engine,
				     struct drm_printer *p)
{
	drm_printf(p, "  timeline: {emitted: %llu, completed: %llu}\n  fences:\n", engine->emitted,
		   engine->completed);
	for (u32 i = 0; i < engine->num_fences; i++) {
		const struct pddgpu_dump_fence *fence = &engine->fences[i];

		drm_printf(p, "  - {seqno: %llu, client: %llu, pid: %d, ib: %#llx, count: %u}\n",
			   fence->seqno, fence->client, fence->pid, fence->ib_addr,
			   fence->ib_dwords);
	}
}

static void pddgpu_dump_print_engines(const struct pddgpu_dump *dump, struct drm_printer *p)
{
	drm_puts(p, "engines:\n");
	for (u32 e = 0; e < PDDGPU_NUM_ENGINES; e++) {
		const struct pddgpu_dump_engine *engine = &dump->engines[e];

		drm_printf(p, "- name: %s\n", engine->name);
		pddgpu_dump_print_fences(engine, p);
		if (!engine->taken)
			continue;
		pddgpu_dump_print_registers(engine, p);
		pddgpu_dump_print_vmids(dump, e, p);
		pddgpu_dump_print_writeback(engine, p);
		pddgpu_dump_print_ring(engine, p);
	}
}

/* --- Address space ----------------------------------------------------- */

static void pddgpu_dump_print_mappings(const struct pddgpu_dump *dump, struct drm_printer *p)
{
	drm_printf(p, "address_space: {closed: %s, mappings: %u, buffers: %u}\nmappings:\n",
		   str_yes_no(dump->vm_closed), dump->all_mappings, dump->all_bos);
	for (u32 i = 0; i < dump->num_mappings; i++) {
		const struct pddgpu_dump_mapping *map = &dump->mappings[i];

		drm_printf(p, "- {start: %#llx, end: %#llx, buffer: %#llx", map->start,
			   map->start + map->size, map->bo_va);
		drm_printf(p, ", offset: %#llx, flags: %#x, stale: %s}\n", map->bo_offset,
			   map->flags, str_yes_no(map->stale));
	}
}

static void pddgpu_dump_print_bos(const struct pddgpu_dump *dump, struct drm_printer *p)
{
	drm_puts(p, "buffers:\n");
	for (u32 i = 0; i < dump->num_bos; i++) {
		const struct pddgpu_dump_bo *bo = &dump->bos[i];

		drm_printf(p, "- {buffer: %#llx, size: %llu, domains: %#x", bo->va, bo->size,
			   bo->domains);
		drm_printf(p, ", flags: %#x, mappings: %u", bo->flags, bo->mappings);
		drm_printf(p, ", placement: %s, runs: %u, vram: %#llx",
			   pddgpu_dump_domain(bo->placement), bo->runs, bo->vram);
		drm_printf(p, ", pinned: %s, private: %s, moving: %s, lost: %s}\n",
			   str_yes_no(bo->pinned), str_yes_no(bo->private),
			   str_yes_no(bo->moving), str_yes_no(bo->lost));
	}
}

/* --- The rest ---------------------------------------------------------- */

/* A name that a program chose must not look like something that the driver says. */
static void pddgpu_dump_print_comm(const char *comm, struct drm_printer *p)
{
	char text[4 * TASK_COMM_LEN + 1];
	int len;

	len = string_escape_mem(comm, strnlen(comm, TASK_COMM_LEN), text, sizeof(text) - 1,
				ESCAPE_HEX | ESCAPE_NAP | ESCAPE_APPEND, "\"\\");
	text[min_t(int, len, sizeof(text) - 1)] = 0;
	drm_printf(p, "\"%s\"", text);
}

static void pddgpu_dump_print_head(const struct pddgpu_dump *dump, struct drm_printer *p)
{
	drm_printf(p, "format: %d\nreason: %s\n", PDDGPU_DUMP_FORMAT,
		   pddgpu_dump_reasons[dump->reason]);
	drm_printf(p, "time: %lld.%09ld\n", dump->time.tv_sec, dump->time.tv_nsec);
	drm_printf(p, "kernel: \"%s\"\ndriver: pddgpu\nuapi: \"%d.%d\"\n", dump->release,
		   dump->uapi_major, dump->uapi_minor);
	drm_printf(p, "dropped: %llu\n", dump->dropped);
}

static void pddgpu_dump_print_card(const struct pddgpu_dump *dump, struct drm_printer *p)
{
	drm_printf(p, "card: {name: \"%s\", vendor: %#x, device: %#x, revision: %u, version: %#x",
		   dump->card.name, dump->card.vendor, dump->card.device, dump->card.revision,
		   dump->card.version);
	drm_printf(p, ", vram: %llu, visible: %llu, wedged: %s, gone: %s}\n", dump->card.vram,
		   dump->card.visible, str_yes_no(dump->card.wedged),
		   str_yes_no(dump->card.gone));
}

static void pddgpu_dump_print_process(const struct pddgpu_dump_job *job, struct drm_printer *p)
{
	drm_printf(p, "process: {pid: %d, client: %llu, kernel: %s, name: ", job->pid, job->client,
		   str_yes_no(job->kernel));
	pddgpu_dump_print_comm(job->comm, p);
	drm_puts(p, "}\n");
}

static void pddgpu_dump_print_job(const struct pddgpu_dump *dump, struct drm_printer *p)
{
	const struct pddgpu_dump_job *job = &dump->job;

	drm_printf(p, "job: {engine: %s, seqno: %llu, context: %llu, number: %llu",
		   dump->engines[job->engine].name, job->seqno, job->sched_context,
		   job->sched_seqno);
	drm_printf(p, ", root: %#llx, ib: %#llx, count: %u", job->root, job->ib_addr,
		   job->ib_dwords);
	if (job->at_known)
		drm_printf(p, ", at: %u", job->at);
	drm_printf(p, "}\nerror: {number: %u, name: \"%s\"}\n", dump->error,
		   pddgpu_error_name(dump->error));
}

static void pddgpu_dump_print_fault(const struct pddgpu_dump *dump, struct drm_printer *p)
{
	const struct pddgpu_fault_record *fault = &dump->fault;
	u32 info = fault->info;

	if (!(info & PDDGPU_FAULT_VALID))
		return;

	drm_printf(p, "fault: {address: %#llx, access: %s, engine: %lu, vmid: %lu",
		   fault->address, info & PDDGPU_FAULT_WRITE ? "write" : "read",
		   FIELD_GET(PDDGPU_FAULT_ENGINE, info), FIELD_GET(PDDGPU_FAULT_VMID, info));
	drm_printf(p, ", opcode: %#lx, packet: %s, error: %lu",
		   FIELD_GET(PDDGPU_FAULT_OPCODE, info),
		   pddgpu_dump_packet_name(FIELD_GET(PDDGPU_FAULT_OPCODE, info)),
		   FIELD_GET(PDDGPU_FAULT_ERROR, info));
	drm_printf(p, ", offset: %u, after: %llu, timestamp: %llu}\n", fault->ib_offset,
		   fault->fence, fault->timestamp);
}

void pddgpu_dump_print(const struct pddgpu_dump *dump, struct drm_printer *p)
{
	pddgpu_dump_print_head(dump, p);
	pddgpu_dump_print_card(dump, p);
	pddgpu_dump_print_process(&dump->job, p);
	pddgpu_dump_print_job(dump, p);
	pddgpu_dump_print_fault(dump, p);
	pddgpu_dump_print_engines(dump, p);
	pddgpu_dump_print_ib(dump, p);
	pddgpu_dump_print_walks(dump, p);
	pddgpu_dump_print_mappings(dump, p);
	pddgpu_dump_print_bos(dump, p);
	drm_puts(p, "end: yes\n");
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_dump_print);
