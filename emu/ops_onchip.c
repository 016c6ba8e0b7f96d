// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Packets that use the on-chip heaps. */
#include "card.h"
#include "cursor.h"
#include "ops.h"

/* The words that pages of GWS and OA begin with, as one that changes at once */
#define PAIR(low, high)		((uint32_t)(low) | (uint64_t)(uint32_t)(high) << 32)
#define PAIR_LOW(pair)		((uint32_t)(pair))
#define PAIR_HIGH(pair)		((uint32_t)((pair) >> 32))

int op_set_onchip(const struct packet *p)
{
	if (p->flags == PDDGPU_VMID_KERNEL ||
	    !onchip_set_windows(&p->engine->card->onchip, p->flags, p->arg))
		return PDDGPU_ERR_OPERAND;
	return 0;
}

static int find(const struct packet *p, unsigned int heap, uint64_t offset, uint64_t size,
		bool write, uint8_t **host)
{
	struct mmu_port *port = &p->engine->port;

	*host = onchip_in_window(&p->engine->card->onchip, p->vmid, heap, offset, size);
	if (*host)
		return 0;
	port->fault_address = offset;
	port->fault_write = write;
	return PDDGPU_ERR_WINDOW;
}

/* --- Scratch ------------------------------------------------------------ */

/* The other engine may be at the same words: one by one, and whole. */
static void load_words(uint32_t *to, const uint32_t *heap, size_t words)
{
	for (size_t i = 0; i < words; i++)
		to[i] = __atomic_load_n(&heap[i], __ATOMIC_RELAXED);
}

static void store_words(uint32_t *heap, const uint32_t *from, size_t words)
{
	for (size_t i = 0; i < words; i++)
		__atomic_store_n(&heap[i], from[i], __ATOMIC_RELAXED);
}

static int copy(const struct packet *p, uint8_t *heap, struct cursor *memory, bool to_memory)
{
	int err = 0;

	while (!err && memory->range.size) {
		size_t size = OPS_PIECE;

		err = cursor_get(memory, &size);
		if (err)
			break;
		if (to_memory)
			load_words((uint32_t *)memory->host, (uint32_t *)heap, size / 4);
		else
			store_words((uint32_t *)heap, (uint32_t *)memory->host, size / 4);
		heap += size;
		cursor_advance(memory, size);
		stats_add(&p->engine->stats, PDDGPU_STAT_BYTES_READ, size);
		stats_add(&p->engine->stats, PDDGPU_STAT_BYTES_WRITTEN, size);
		err = engine_breathe(p->engine);
	}
	return err;
}

int op_onchip_copy(const struct packet *p)
{
	unsigned int heap = FIELD_GET(PDDGPU_ONCHIP_COPY_HEAP, p->flags);
	bool to_memory = p->flags & PDDGPU_ONCHIP_COPY_TO_MEMORY;
	uint32_t offset = p->arg[0], bytes = p->arg[1];
	struct mmu_range range = { .va = packet_u64(p, 2), .size = bytes, .write = to_memory };
	struct cursor memory;
	uint8_t *host;
	int err;

	if (heap >= PDDGPU_NUM_ONCHIP || (offset | bytes | range.va) & 3)
		return PDDGPU_ERR_OPERAND;
	err = find(p, heap, offset, bytes, !to_memory, &host);
	if (!err)
		err = cursor_init(&memory, p, &range);
	return err ? err : copy(p, host, &memory, to_memory);
}

/* --- Barriers ----------------------------------------------------------- */

/* Counts the caller.  Returns true if it is the last; if not, with the pair before it. */
static bool arrive(uint64_t *pair, uint32_t participants, uint64_t *before)
{
	uint64_t after;
	bool last;

	*before = __atomic_load_n(pair, __ATOMIC_ACQUIRE);
	do {
		uint32_t come = PAIR_LOW(*before), times = PAIR_HIGH(*before);

		last = come >= participants - 1;
		after = last ? PAIR(0, times + 1) : PAIR(come + 1, times);
	} while (!__atomic_compare_exchange_n(pair, before, after, false, __ATOMIC_SEQ_CST,
					      __ATOMIC_SEQ_CST));
	return last;
}

int op_onchip_barrier(const struct packet *p)
{
	uint32_t participants = p->arg[1];
	uint64_t before;
	uint8_t *host;
	long nap = 0;
	int err;

	if (!participants)
		return PDDGPU_ERR_OPERAND;
	err = find(p, PDDGPU_ONCHIP_GWS, p->arg[0] * (uint64_t)PDDGPU_ONCHIP_PAGE,
		   sizeof(before), true, &host);
	if (err || arrive((uint64_t *)host, participants, &before))
		return err;
	while (!err && PAIR_HIGH(__atomic_load_n((uint64_t *)host, __ATOMIC_ACQUIRE)) ==
		       PAIR_HIGH(before))
		err = packet_nap(p, &nap);
	return err;
}

/* --- Ordered append ----------------------------------------------------- */

/* Returns false if it is somebody else's turn. */
static bool append(uint64_t *pair, uint32_t turn, uint32_t amount, uint32_t *old)
{
	uint64_t before = __atomic_load_n(pair, __ATOMIC_ACQUIRE), after;

	do {
		*old = PAIR_HIGH(before);
		if (PAIR_LOW(before) != turn)
			return false;
		after = PAIR(turn + 1, *old + amount);
	} while (!__atomic_compare_exchange_n(pair, &before, after, false, __ATOMIC_SEQ_CST,
					      __ATOMIC_SEQ_CST));
	return true;
}

int op_onchip_append(const struct packet *p)
{
	uint32_t turn = p->arg[1], amount = p->arg[2], old;
	uint8_t *counter, *to;
	long nap = 0;
	int err;

	err = find(p, PDDGPU_ONCHIP_OA, p->arg[0] * (uint64_t)PDDGPU_ONCHIP_PAGE,
		   sizeof(uint64_t), true, &counter);
	while (!err) {
		/* First, so that a turn is not lost to a page that is not there. */
		err = packet_word(p, packet_u64(p, 3), sizeof(old), true, &to);
		if (err)
			break;
		if (append((uint64_t *)counter, turn, amount, &old)) {
			__atomic_store_n((uint32_t *)to, old, __ATOMIC_RELEASE);
			break;
		}
		err = packet_nap(p, &nap);
	}
	return err;
}
