/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * DOC: Command processor
 *
 * Fetches packets from the ring and from the command buffers it calls, checks
 * who may run them and that they are well-formed, and hands them to the ops.
 * A packet is read from memory once, into the engine's own buffer: what is
 * checked is what runs, whatever the guest writes meanwhile.
 */
#ifndef EMU_CP_H
#define EMU_CP_H

#include <stdint.h>

struct engine;

/* A header and the largest payload. */
#define CP_PACKET_MAX_DWORDS	(1 + 0xffff)

/**
 * struct cp_ring - a ring as it was when the engine looked
 * @base: VMID 0 address
 * @dwords: size, a power of two
 * @rptr: next packet, moved on by cp_run()
 * @wptr: end of what the driver has written
 */
struct cp_ring {
	uint64_t base;
	uint32_t dwords;
	uint32_t rptr;
	uint32_t wptr;
};

/**
 * cp_run() - Run one packet of the ring, and the command buffer it calls
 * @engine: the caller's own
 * @ring: not empty; its read pointer is moved past the packet on success
 *
 * Errors in a command buffer are reported here and end it, not the ring.
 *
 * Return: 0, ENGINE_STOPPED, or the PDDGPU_ERR_* of an error in the ring, which
 * is for cp_report_halt() once the engine shows that it has halted.
 */
int cp_run(struct engine *engine, struct cp_ring *ring);

/**
 * cp_report_halt() - Report the error that cp_run() returned
 * @engine: the caller's own, halted
 * @ring: as cp_run() left it
 */
void cp_report_halt(struct engine *engine, const struct cp_ring *ring);

#endif
