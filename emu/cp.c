// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "card.h"
#include "clock.h"
#include "cp.h"
#include "ops.h"

#define NAP_MAX_NS	100000000L
#define NO_VMID		(~0U)

/* Where packets come from. */
struct stream {
	struct engine *engine;
	unsigned int vmid;
	uint64_t base;
	uint32_t mask;		/* dwords - 1 of a ring, ~0 of a command buffer */
	uint32_t pos;		/* dword index of the packet that runs */
	uint32_t left;		/* dwords from there to the end */
};

/* What the command processor knows of a packet. */
struct op {
	int (*run)(const struct packet *packet);
	unsigned int min_count;
	unsigned int max_count;
	unsigned int flags;	/* bits that may be set */
	bool ring_only;
	bool kernel_only;
	bool compute_only;
};

static int op_nop(const struct packet *packet);
static int op_indirect(const struct packet *packet);

#define EXACTLY(n)	.min_count = (n), .max_count = (n)

static const struct op ops[256] = {
	[PDDGPU_OP_NOP] = { .run = op_nop, .max_count = 0xffff },
	[PDDGPU_OP_WRITE] = { .run = op_write, .min_count = 3, .max_count = 0xffff },
	[PDDGPU_OP_FILL] = { .run = op_fill, EXACTLY(PDDGPU_FILL_COUNT) },
	[PDDGPU_OP_COPY] = { .run = op_copy, EXACTLY(PDDGPU_COPY_COUNT) },
	[PDDGPU_OP_COPY_RECT] = { .run = op_copy_rect, EXACTLY(PDDGPU_COPY_RECT_COUNT) },
	[PDDGPU_OP_FENCE] = { .run = op_fence, EXACTLY(PDDGPU_FENCE_COUNT),
			      .flags = PDDGPU_FENCE_FLAG_IRQ, .ring_only = true },
	[PDDGPU_OP_WAIT] = { .run = op_wait, EXACTLY(PDDGPU_WAIT_COUNT), .flags = 0x3 },
	[PDDGPU_OP_ATOMIC] = { .run = op_atomic, EXACTLY(PDDGPU_ATOMIC_COUNT), .flags = 0x7 },
	[PDDGPU_OP_TLB_FLUSH] = { .run = op_tlb_flush, EXACTLY(PDDGPU_TLB_FLUSH_COUNT),
				  .kernel_only = true },
	[PDDGPU_OP_INDIRECT] = { .run = op_indirect, EXACTLY(PDDGPU_INDIRECT_COUNT),
				 .flags = 0xf, .ring_only = true },
	[PDDGPU_OP_SET_VMID] = { .run = op_set_vmid, EXACTLY(PDDGPU_SET_VMID_COUNT),
				 .flags = 0xf, .ring_only = true },
	[PDDGPU_OP_WRITE_PTE] = { .run = op_write_pte, EXACTLY(PDDGPU_WRITE_PTE_COUNT),
				  .kernel_only = true },
	[PDDGPU_OP_TIMESTAMP] = { .run = op_timestamp, EXACTLY(PDDGPU_TIMESTAMP_COUNT) },
	[PDDGPU_OP_SET_ONCHIP] = { .run = op_set_onchip, EXACTLY(PDDGPU_SET_ONCHIP_COUNT),
				   .flags = 0xf, .ring_only = true },
	[PDDGPU_OP_ONCHIP_COPY] = { .run = op_onchip_copy, EXACTLY(PDDGPU_ONCHIP_COPY_COUNT),
				    .flags = 0x7 },
	[PDDGPU_OP_ONCHIP_BARRIER] = { .run = op_onchip_barrier,
				       EXACTLY(PDDGPU_ONCHIP_BARRIER_COUNT) },
	[PDDGPU_OP_ONCHIP_APPEND] = { .run = op_onchip_append,
				      EXACTLY(PDDGPU_ONCHIP_APPEND_COUNT) },
	[PDDGPU_OP_MAP] = { .run = op_map, EXACTLY(PDDGPU_MAP_COUNT), .flags = 0x7,
			    .compute_only = true },
	[PDDGPU_OP_CRC32] = { .run = op_crc32, EXACTLY(PDDGPU_CRC32_COUNT),
			      .compute_only = true },
	[PDDGPU_OP_MANDELBROT] = { .run = op_mandelbrot, EXACTLY(PDDGPU_MANDELBROT_COUNT),
				   .compute_only = true },
};

static int op_nop(const struct packet *packet)
{
	(void)packet;
	return 0;
}

/* --- Fetching ----------------------------------------------------------- */

static int fetch_piece(const struct stream *s, uint32_t pos, uint32_t dwords, uint32_t *to)
{
	struct mmu_range range = {
		.va = s->base + 4ULL * pos, .size = 4ULL * dwords, .vmid = s->vmid,
	};

	return mmu_read(&s->engine->port, &range, to);
}

/* A packet may wrap round the end of a ring. */
static int fetch(const struct stream *s, uint32_t pos, uint32_t dwords, uint32_t *to)
{
	uint32_t start = pos & s->mask, room = s->mask - start;
	uint32_t first = dwords <= room ? dwords : room + 1;
	int err;

	err = fetch_piece(s, start, first, to);
	if (!err && first < dwords)
		err = fetch_piece(s, 0, dwords - first, to + first);
	return err;
}

/* --- One packet --------------------------------------------------------- */

static int check_header(const struct stream *s, uint32_t header)
{
	const struct op *op = &ops[FIELD_GET(PDDGPU_PKT_OPCODE, header)];
	uint32_t count = FIELD_GET(PDDGPU_PKT_COUNT, header);
	bool in_ring = s->mask != ~0U;

	if (!op->run)
		return PDDGPU_ERR_OPCODE;
	if (op->compute_only && s->engine->index != PDDGPU_ENGINE_COMPUTE)
		return PDDGPU_ERR_OPCODE;
	if ((op->ring_only && !in_ring) || (op->kernel_only && s->vmid != PDDGPU_VMID_KERNEL))
		return PDDGPU_ERR_PRIVILEGE;
	if (count < op->min_count || count > op->max_count || count >= s->left)
		return PDDGPU_ERR_LENGTH;
	if (FIELD_GET(PDDGPU_PKT_FLAGS, header) & ~op->flags)
		return PDDGPU_ERR_OPERAND;
	return 0;
}

/* An injected hang: a packet that never ends, except by a reset. */
static int hang(struct engine *e)
{
	int err;

	do {
		err = engine_nap(e, NAP_MAX_NS);
	} while (!err);
	return err;
}

/* Looks at the order again and again, so that a long one can be taken back. */
static int linger(struct engine *e)
{
	uint64_t start = clock_ns();
	int err = 0;

	while (!err) {
		uint64_t passed = clock_ns() - start;
		uint64_t slow = inject_slow_us(&e->card->inject) * NS_PER_US;

		if (passed >= slow)
			break;
		err = engine_nap(e, slow - passed < NAP_MAX_NS ? (long)(slow - passed) :
				 NAP_MAX_NS);
	}
	return err;
}

/* What a packet goes through before it runs, by order of the fault switches. */
static int suffer(struct engine *e)
{
	struct inject *inject = &e->card->inject;
	int err = linger(e);

	if (!err && inject_take_hang(inject, e->index))
		err = hang(e);
	if (!err && inject_take_vanish(inject))
		engine_doom(e);
	return err;
}

static int run_packet(struct stream *s)
{
	struct engine *e = s->engine;
	struct packet packet = { .engine = e, .vmid = s->vmid, .arg = e->packet + 1 };
	uint32_t header;
	int err;

	e->port.fault_address = 0;
	e->port.fault_write = false;
	e->packet[0] = 0;
	err = fetch(s, s->pos, 1, e->packet);
	if (err)
		return err;
	header = e->packet[0];
	err = check_header(s, header);
	if (err)
		return err;
	packet.flags = FIELD_GET(PDDGPU_PKT_FLAGS, header);
	packet.count = FIELD_GET(PDDGPU_PKT_COUNT, header);
	if (FIELD_GET(PDDGPU_PKT_OPCODE, header) != PDDGPU_OP_NOP)
		err = fetch(s, s->pos + 1, packet.count, e->packet + 1);
	if (!err && inject_armed(&e->card->inject, INJECT_PACKET))
		err = suffer(e);
	if (!err)
		err = ops[FIELD_GET(PDDGPU_PKT_OPCODE, header)].run(&packet);
	if (err)
		return err;
	s->pos += 1 + packet.count;
	s->left -= 1 + packet.count;
	stats_add(&e->stats, PDDGPU_STAT_PACKETS, 1);
	return 0;
}

static void report(const struct stream *s, int err)
{
	struct engine *e = s->engine;
	struct pddgpu_fault_record record = {
		.info = PDDGPU_FAULT_VALID |
			(e->port.fault_write ? PDDGPU_FAULT_WRITE : 0) |
			FIELD_PREP(PDDGPU_FAULT_ENGINE, e->index) |
			FIELD_PREP(PDDGPU_FAULT_VMID, s->vmid) |
			FIELD_PREP(PDDGPU_FAULT_OPCODE, e->packet[0] >> 24) |
			FIELD_PREP(PDDGPU_FAULT_ERROR, err),
		.ib_offset = 4 * (s->pos & s->mask),
		.fence = e->fence,
		.timestamp = card_timestamp(e->card),
	};

	if (err >= PDDGPU_ERR_UNMAPPED)
		record.address = e->port.fault_address;
	stats_add(&e->stats, PDDGPU_STAT_FAULTS, 1);
	stats_add(&e->stats, PDDGPU_STAT_IRQS, 1);
	fault_report(e->card, &record);
}

/* --- Command buffers ---------------------------------------------------- */

static int run_buffer(struct stream *s)
{
	int err;

	while (s->left) {
		s->engine->ib_rptr = s->pos;
		err = engine_breathe(s->engine);
		if (!err)
			err = run_packet(s);
		if (err)
			return err;
	}
	return 0;
}

static int op_indirect(const struct packet *packet)
{
	struct engine *e = packet->engine;
	struct stream s = {
		.engine = e, .vmid = packet->flags, .base = packet_u64(packet, 0),
		.mask = ~0U, .left = packet->arg[2],
	};
	int err;

	if (s.base & 3 || !s.left || s.left > PDDGPU_INDIRECT_MAX_DWORDS)
		return PDDGPU_ERR_OPERAND;
	e->ib_base = s.base;
	e->ib_vmid = s.vmid;
	err = run_buffer(&s);
	if (err == ENGINE_STOPPED)
		return err;
	e->ib_vmid = NO_VMID;
	if (err)
		report(&s, err);
	if (err && !e->ib_error)
		e->ib_error = err;
	return 0;
}

/* --- The ring ----------------------------------------------------------- */

static struct stream ring_stream(struct engine *e, const struct cp_ring *ring)
{
	uint32_t mask = ring->dwords - 1;

	return (struct stream){
		.engine = e, .vmid = PDDGPU_VMID_KERNEL, .base = ring->base, .mask = mask,
		.pos = ring->rptr, .left = (ring->wptr - ring->rptr) & mask,
	};
}

int cp_run(struct engine *e, struct cp_ring *ring)
{
	struct stream s = ring_stream(e, ring);
	int err = run_packet(&s);

	if (!err)
		ring->rptr = s.pos & s.mask;
	return err;
}

void cp_report_halt(struct engine *e, const struct cp_ring *ring)
{
	struct stream s = ring_stream(e, ring);

	report(&s, e->halt_error);
}
