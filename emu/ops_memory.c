// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Packets that both engines run: moves, stores, and synchronisation. */
#include <string.h>

#include "card.h"
#include "cursor.h"
#include "ops.h"

#define NAP_MIN_NS	2000L
#define NAP_MAX_NS	512000L

uint64_t packet_u64(const struct packet *p, unsigned int index)
{
	return p->arg[index] | (uint64_t)p->arg[index + 1] << 32;
}

int packet_word(const struct packet *p, uint64_t va, size_t size, bool write, uint8_t **host)
{
	struct mmu_range range = { .va = va, .size = size, .vmid = p->vmid, .write = write };
	size_t valid;

	if (va & (size - 1))
		return PDDGPU_ERR_OPERAND;
	return mmu_translate(&p->engine->port, &range, host, &valid);
}

int packet_nap(const struct packet *p, long *nap)
{
	if (!*nap)
		*nap = NAP_MIN_NS;
	else if (*nap < NAP_MAX_NS)
		*nap *= 2;
	return engine_nap(p->engine, *nap);
}

/* --- Stores ------------------------------------------------------------- */

/* Stored one by one, because others may wait for one of them. */
static void write_words(uint32_t *to, const uint32_t *from, size_t words)
{
	for (size_t i = 0; i < words; i++)
		__atomic_store_n(&to[i], from[i], __ATOMIC_RELEASE);
}

int op_write(const struct packet *p)
{
	struct mmu_range range = {
		.va = packet_u64(p, 0), .size = 4ULL * (p->count - 2), .write = true,
	};
	const uint32_t *from = p->arg + 2;
	struct cursor to;
	size_t size;
	int err;

	if (range.va & 3)
		return PDDGPU_ERR_OPERAND;
	err = cursor_init(&to, p, &range);
	for (; !err && to.range.size; from += size / 4) {
		size = to.range.size;
		err = cursor_get(&to, &size);
		if (err)
			break;
		write_words((uint32_t *)to.host, from, size / 4);
		cursor_advance(&to, size);
	}
	if (!err)
		stats_add(&p->engine->stats, PDDGPU_STAT_BYTES_WRITTEN, range.size);
	return err;
}

static void fill_words(uint32_t *to, uint32_t value, size_t words)
{
	for (size_t i = 0; i < words; i++)
		to[i] = value;
}

int op_fill(const struct packet *p)
{
	struct mmu_range range = {
		.va = packet_u64(p, 0), .size = packet_u64(p, 2), .write = true,
	};
	struct cursor to;
	int err;

	if ((range.va | range.size) & 3)
		return PDDGPU_ERR_OPERAND;
	err = cursor_init(&to, p, &range);
	while (!err && to.range.size) {
		size_t size = OPS_PIECE;

		err = cursor_get(&to, &size);
		if (err)
			break;
		fill_words((uint32_t *)to.host, p->arg[4], size / 4);
		cursor_advance(&to, size);
		stats_add(&p->engine->stats, PDDGPU_STAT_BYTES_WRITTEN, size);
		err = engine_breathe(p->engine);
	}
	return err;
}

/* Stored one by one, because walks may read the table meanwhile. */
static uint64_t write_entries(uint64_t *to, uint64_t value, uint64_t increment, size_t count)
{
	for (size_t i = 0; i < count; i++, value += increment)
		__atomic_store_n(&to[i], value, __ATOMIC_RELEASE);
	return value;
}

int op_write_pte(const struct packet *p)
{
	uint64_t value = packet_u64(p, 2), increment = packet_u64(p, 4);
	struct mmu_range range = {
		.va = packet_u64(p, 0), .size = 8ULL * p->arg[6], .write = true,
	};
	struct cursor to;
	int err;

	if (range.va & 7 || !p->arg[6] || p->arg[6] > PDDGPU_WRITE_PTE_MAX)
		return PDDGPU_ERR_OPERAND;
	err = cursor_init(&to, p, &range);
	while (!err && to.range.size) {
		size_t size = OPS_PIECE;

		err = cursor_get(&to, &size);
		if (err)
			break;
		value = write_entries((uint64_t *)to.host, value, increment, size / 8);
		cursor_advance(&to, size);
		err = engine_breathe(p->engine);
	}
	return err;
}

int op_timestamp(const struct packet *p)
{
	uint64_t now = card_timestamp(p->engine->card);
	uint8_t *host;
	int err;

	err = packet_word(p, packet_u64(p, 0), sizeof(now), true, &host);
	if (!err)
		__atomic_store_n((uint64_t *)host, now, __ATOMIC_RELEASE);
	return err;
}

/* --- Moves -------------------------------------------------------------- */

/* Two addresses may be one page, so memmove(), though that is undefined here. */
static int copy_range(struct cursor *from, struct cursor *to)
{
	struct engine *e = from->engine;
	int err = 0;

	while (!err && from->range.size) {
		size_t size = OPS_PIECE;

		err = cursor_get(from, &size);
		if (!err)
			err = cursor_get(to, &size);
		if (err)
			break;
		memmove(to->host, from->host, size);
		cursor_advance(from, size);
		cursor_advance(to, size);
		stats_add(&e->stats, PDDGPU_STAT_BYTES_READ, size);
		stats_add(&e->stats, PDDGPU_STAT_BYTES_WRITTEN, size);
		err = engine_breathe(e);
	}
	return err;
}

static bool ranges_overlap(uint64_t a, uint64_t b, uint64_t size)
{
	return a < b ? b - a < size : a - b < size;
}

int op_copy(const struct packet *p)
{
	uint64_t size = packet_u64(p, 4);
	struct mmu_range source = { .va = packet_u64(p, 0), .size = size };
	struct mmu_range target = { .va = packet_u64(p, 2), .size = size, .write = true };
	struct cursor from, to;
	int err;

	if (ranges_overlap(source.va, target.va, size))
		return PDDGPU_ERR_OPERAND;
	err = cursor_init(&from, p, &source);
	if (!err)
		err = cursor_init(&to, p, &target);
	return err ? err : copy_range(&from, &to);
}

/* Bytes from the first byte of the first row to the last of the last. */
static uint64_t rect_span(uint32_t pitch, uint32_t row, uint32_t rows)
{
	return (uint64_t)pitch * (rows - 1) + row;
}

int op_copy_rect(const struct packet *p)
{
	uint32_t from_pitch = p->arg[4], to_pitch = p->arg[5];
	uint32_t row = p->arg[6], rows = p->arg[7];
	struct mmu_range source = { .va = packet_u64(p, 0), .vmid = p->vmid };
	struct mmu_range target = { .va = packet_u64(p, 2), .vmid = p->vmid, .write = true };
	struct cursor from, to;
	int err;

	if (from_pitch < row || to_pitch < row)
		return PDDGPU_ERR_OPERAND;
	if (!row || !rows)
		return 0;
	source.size = rect_span(from_pitch, row, rows);
	target.size = rect_span(to_pitch, row, rows);
	err = mmu_check_range(&p->engine->port, &source);
	if (!err)
		err = mmu_check_range(&p->engine->port, &target);
	source.size = row;
	target.size = row;
	for (uint32_t y = 0; !err && y < rows; y++) {
		err = cursor_init(&from, p, &source);
		if (!err)
			err = cursor_init(&to, p, &target);
		if (!err)
			err = copy_range(&from, &to);
		source.va += from_pitch;
		target.va += to_pitch;
	}
	return err;
}

/* --- Synchronisation ---------------------------------------------------- */

/* The status first; what the fault switches make of it. */
static void store_fence(struct engine *e, uint32_t *status, uint64_t *fence, uint64_t value)
{
	struct inject *inject = &e->card->inject;
	unsigned int mode = inject_armed(inject, INJECT_FENCE) ? inject_take_fence(inject) : 0;

	if (mode == PDDGPU_INJECT_FENCE_STUCK)
		return;
	if (mode == PDDGPU_INJECT_FENCE_FUTURE)
		value += PDDGPU_INJECT_FENCE_FAR;
	else if (mode == PDDGPU_INJECT_FENCE_EARLY)
		value++;
	else if (mode == PDDGPU_INJECT_FENCE_PAST)
		value--;
	__atomic_store_n(status, (uint32_t)e->ib_error, __ATOMIC_RELEASE);
	if (e->doomed)
		inject_die();
	__atomic_store_n(fence, value, __ATOMIC_SEQ_CST);
}

int op_fence(const struct packet *p)
{
	struct engine *e = p->engine;
	uint64_t fence_va = packet_u64(p, 0), status_va = packet_u64(p, 4);
	uint64_t value = packet_u64(p, 2);
	uint8_t *fence, *status;
	int err;

	if (fence_va & 7 || status_va & 3)
		return PDDGPU_ERR_OPERAND;
	err = packet_word(p, fence_va, sizeof(uint64_t), true, &fence);
	if (!err)
		err = packet_word(p, status_va, sizeof(uint32_t), true, &status);
	if (err)
		return err;
	e->fence = value;
	stats_add(&e->stats, PDDGPU_STAT_JOBS, 1);
	store_fence(e, (uint32_t *)status, (uint64_t *)fence, value);
	e->ib_error = PDDGPU_ERR_NONE;
	if (p->flags & PDDGPU_FENCE_FLAG_IRQ) {
		stats_add(&e->stats, PDDGPU_STAT_IRQS, 1);
		irq_raise(&e->card->irq, e->index);
	}
	return 0;
}

static bool wait_satisfied(unsigned int compare, uint32_t value, uint32_t reference)
{
	switch (compare) {
	case PDDGPU_WAIT_EQ:
		return value == reference;
	case PDDGPU_WAIT_NE:
		return value != reference;
	case PDDGPU_WAIT_GE:
		return value >= reference;
	default:
		return value < reference;
	}
}

int op_wait(const struct packet *p)
{
	uint64_t va = packet_u64(p, 0);
	uint32_t reference = p->arg[2], mask = p->arg[3];
	long nap = 0;
	uint8_t *host;
	int err;

	for (;;) {
		uint32_t value;

		err = packet_word(p, va, sizeof(value), false, &host);
		if (err)
			return err;
		value = __atomic_load_n((uint32_t *)host, __ATOMIC_ACQUIRE);
		if (wait_satisfied(p->flags, value & mask, reference & mask))
			return 0;
		err = packet_nap(p, &nap);
		if (err)
			return err;
	}
}

static uint64_t atomic_result(unsigned int function, uint64_t old, uint64_t operand,
			      uint64_t compare)
{
	switch (function) {
	case PDDGPU_ATOMIC_ADD:
		return old + operand;
	case PDDGPU_ATOMIC_AND:
		return old & operand;
	case PDDGPU_ATOMIC_OR:
		return old | operand;
	case PDDGPU_ATOMIC_XOR:
		return old ^ operand;
	case PDDGPU_ATOMIC_CMPXCHG:
		return old == compare ? operand : old;
	case PDDGPU_ATOMIC_UMIN:
		return old < operand ? old : operand;
	case PDDGPU_ATOMIC_UMAX:
		return old > operand ? old : operand;
	default:
		return operand;
	}
}

int op_atomic(const struct packet *p)
{
	uint64_t operand = packet_u64(p, 2), compare = packet_u64(p, 4);
	uint64_t result_va = packet_u64(p, 6), old, new;
	uint8_t *word, *result = NULL;
	int err;

	if (p->flags != PDDGPU_ATOMIC_CMPXCHG && compare)
		return PDDGPU_ERR_OPERAND;
	if (result_va & 7)
		return PDDGPU_ERR_OPERAND;
	/* Both permissions: a word that is stored to is read as well. */
	err = packet_word(p, packet_u64(p, 0), sizeof(old), false, &word);
	if (!err)
		err = packet_word(p, packet_u64(p, 0), sizeof(old), true, &word);
	if (!err && result_va)
		err = packet_word(p, result_va, sizeof(old), true, &result);
	if (err)
		return err;
	old = __atomic_load_n((uint64_t *)word, __ATOMIC_SEQ_CST);
	do {
		new = atomic_result(p->flags, old, operand, compare);
	} while (!__atomic_compare_exchange_n((uint64_t *)word, &old, new, false,
					      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	if (result)
		__atomic_store_n((uint64_t *)result, old, __ATOMIC_RELEASE);
	return 0;
}

/* --- Translation -------------------------------------------------------- */

int op_tlb_flush(const struct packet *p)
{
	if (p->arg[0] >> PDDGPU_NUM_VMIDS)
		return PDDGPU_ERR_OPERAND;
	card_tlb_invalidate(p->engine->card, p->arg[0], p->engine);
	return 0;
}

int op_set_vmid(const struct packet *p)
{
	static const uint32_t no_windows[PDDGPU_NUM_ONCHIP];
	struct card *card = p->engine->card;
	uint64_t base = packet_u64(p, 0);

	if (p->flags == PDDGPU_VMID_KERNEL ||
	    base & ~(PDDGPU_VMID_BASE_VALID | PDDGPU_VMID_BASE_ADDR))
		return PDDGPU_ERR_OPERAND;
	atomic_store(&card->mmu.vmid_base[p->flags], base);
	onchip_set_windows(&card->onchip, p->flags, no_windows);
	card_tlb_invalidate(card, BIT(p->flags), p->engine);
	return 0;
}
