// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Random command streams over random page tables.  Found wrong: a crash, a
 * sanitizer's report, an engine that a reset does not stop, a byte that changes
 * where no stream may write.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "../card.h"
#include "../log.h"
#include "../regs.h"
#include "fuzz.h"

#define MIB		0x100000ULL
#define VRAM		(4 * MIB)
#define RING(e)		(0x1000ULL * (e))
#define RING_DWORDS	1024
#define FAULTS		0x4000ULL
#define GART		0x5000ULL
#define GART_ENTRIES	256
#define TABLES		0x10000ULL
#define NUM_TABLES	16
#define STREAMS		0x40000ULL
#define STREAM_DWORDS	0x4000
#define GUEST_BUS	0x80000000ULL
#define GUEST_PAGES	64
/* Guest memory with pages of its own file before and behind, never mapped. */
#define GUARD_PAGES	1
#define GUARD_BYTE	0xa5
#define VMID		5
#define RUN_US		2000
#define STOP_SECONDS	20

struct fuzz {
	struct card *card;
	uint8_t *guest;		/* guard, guest memory, guard */
};

static void wr(struct card *card, uint32_t reg, uint32_t value)
{
	regs_write(card, reg, sizeof(value), &value);
}

static uint32_t rd(struct card *card, uint32_t reg)
{
	uint32_t value;

	regs_read(card, reg, sizeof(value), &value);
	return value;
}

/* --- Addresses, tables, packets ----------------------------------------- */

static uint64_t random_va(struct fuzz_rng *rng)
{
	switch (fuzz_below(rng, 6)) {
	case 0:
		return fuzz_edge(rng);
	case 1:
		return PDDGPU_GART_START + fuzz_below(rng, (GART_ENTRIES + 1) * 4096);
	case 2:
		return fuzz_next(rng) & 0x1ffffffff000ULL;
	default:
		return fuzz_below(rng, VRAM + 0x1000) & ~(fuzz_one_in(rng, 4) ? 0U : 7U);
	}
}

static uint64_t random_entry(struct fuzz_rng *rng)
{
	uint64_t entry = TABLES + 4096ULL * fuzz_below(rng, NUM_TABLES);

	switch (fuzz_below(rng, 8)) {
	case 0:
		return fuzz_next(rng);
	case 1:
		return fuzz_edge(rng);
	case 2:
		return (GUEST_BUS + 4096ULL * fuzz_below(rng, GUEST_PAGES + 2)) | 0xf;
	case 3:
		return 4096ULL * fuzz_below(rng, VRAM / 4096) | 0x7;
	case 4:
		return 2 * MIB * fuzz_below(rng, 3) | 0x27;
	default:
		/* A pointer to a table, so that walks get deep, and in circles. */
		return entry | PDDGPU_PTE_VALID;
	}
}

static void random_tables(struct fuzz_rng *rng, struct card *card)
{
	uint64_t *tables = (uint64_t *)(card->vram + TABLES);
	uint64_t *gart = (uint64_t *)(card->vram + GART);

	for (size_t i = 0; i < NUM_TABLES * PDDGPU_PT_ENTRIES; i++)
		tables[i] = random_entry(rng);
	for (size_t i = 0; i < GART_ENTRIES; i++)
		gart[i] = random_entry(rng);
	wr(card, PDDGPU_REG_VMID_BASE_LO(VMID), fuzz_one_in(rng, 8) ? (uint32_t)fuzz_edge(rng) :
	   (uint32_t)TABLES | 1);
}

/* Well-formed headers, now and then one that is not. */
static uint32_t random_header(struct fuzz_rng *rng)
{
	static const uint8_t counts[][2] = {
		{ PDDGPU_OP_NOP, 2 }, { PDDGPU_OP_WRITE, 5 }, { PDDGPU_OP_FILL, 5 },
		{ PDDGPU_OP_COPY, 6 }, { PDDGPU_OP_COPY_RECT, 8 }, { PDDGPU_OP_FENCE, 6 },
		{ PDDGPU_OP_WAIT, 4 }, { PDDGPU_OP_ATOMIC, 8 }, { PDDGPU_OP_TLB_FLUSH, 1 },
		{ PDDGPU_OP_INDIRECT, 3 }, { PDDGPU_OP_SET_VMID, 2 }, { PDDGPU_OP_WRITE_PTE, 7 },
		{ PDDGPU_OP_TIMESTAMP, 2 }, { PDDGPU_OP_MAP, 9 }, { PDDGPU_OP_CRC32, 6 },
		{ PDDGPU_OP_MANDELBROT, 9 },
	};
	uint32_t which = fuzz_below(rng, ARRAY_SIZE(counts));
	uint32_t flags = fuzz_one_in(rng, 3) ? fuzz_below(rng, 8) : 0;
	uint32_t count = counts[which][1];

	if (fuzz_one_in(rng, 40))
		return (uint32_t)fuzz_next(rng);
	if (fuzz_one_in(rng, 60))
		count = fuzz_below(rng, 0x10000);
	return PDDGPU_PKT(counts[which][0], flags, count);
}

static void random_payload(struct fuzz_rng *rng, uint32_t *to, uint32_t count)
{
	for (uint32_t i = 0; i + 1 < count; i += 2) {
		uint64_t value = fuzz_one_in(rng, 3) ? fuzz_edge(rng) : random_va(rng);

		if (fuzz_one_in(rng, 3))
			value = fuzz_below(rng, 0x20000) & ~3U;
		to[i] = (uint32_t)value;
		to[i + 1] = value >> 32;
	}
	if (count & 1)
		to[count - 1] = (uint32_t)fuzz_edge(rng);
}

static void random_stream(struct fuzz_rng *rng, uint32_t *to, uint32_t dwords)
{
	for (uint32_t at = 0; at < dwords; ) {
		uint32_t header = random_header(rng);
		uint32_t count = FIELD_GET(PDDGPU_PKT_COUNT, header);

		to[at++] = header;
		if (count > dwords - at)
			count = dwords - at;
		random_payload(rng, to + at, count);
		at += count;
	}
	/* Some rot on top of what is well-formed. */
	for (uint32_t i = fuzz_below(rng, 4); i > 0; i--)
		to[fuzz_below(rng, dwords)] ^= 1U << fuzz_below(rng, 32);
}

/* --- Runs --------------------------------------------------------------- */

static void set_up_ring(struct card *card, unsigned int e)
{
	uint32_t base = PDDGPU_REG_ENGINE(e);

	wr(card, base + PDDGPU_ENGINE_RING_BASE_LO, (uint32_t)RING(e));
	wr(card, base + PDDGPU_ENGINE_RING_SIZE, RING_DWORDS * 4);
	wr(card, base + PDDGPU_ENGINE_CTRL, PDDGPU_ENGINE_CTRL_ENABLE);
}

static void fill_ring(struct fuzz_rng *rng, struct card *card, unsigned int e)
{
	uint32_t *ring = (uint32_t *)(card->vram + RING(e));
	uint32_t dwords = RING_DWORDS - 1, at = 0;

	/* Mostly calls of command buffers, since an error in the ring ends all. */
	random_stream(rng, ring, RING_DWORDS);
	for (uint32_t i = fuzz_below(rng, 16); i > 0; i--) {
		uint64_t va = fuzz_one_in(rng, 8) ? random_va(rng) : STREAMS;
		uint32_t vmid = fuzz_one_in(rng, 4) ? fuzz_below(rng, 16) : 0;

		ring[at++] = PDDGPU_PKT(PDDGPU_OP_INDIRECT, fuzz_one_in(rng, 2) ? VMID : vmid, 3);
		ring[at++] = (uint32_t)(va + 4ULL * fuzz_below(rng, STREAM_DWORDS / 2));
		ring[at++] = va >> 32;
		ring[at++] = 1 + fuzz_below(rng, STREAM_DWORDS / 2);
	}
	wr(card, PDDGPU_REG_DOORBELL(e), fuzz_one_in(rng, 4) ? fuzz_below(rng, dwords) : at);
}

/* A fault switch of either side, but for the one that ends the process. */
static void random_order(struct fuzz_rng *rng, struct card *card)
{
	static const uint32_t regs[] = {
		PDDGPU_REG_INJECT_HANG, PDDGPU_REG_INJECT_LOSE_IRQ, PDDGPU_REG_INJECT_STORM_IRQ,
		PDDGPU_REG_INJECT_FENCE, PDDGPU_REG_INJECT_FAULTS, PDDGPU_REG_INJECT_DMA_ERROR,
		PDDGPU_REG_INJECT_SLOW, PDDGPU_REG_INJECT_ECC, PDDGPU_REG_INJECT_ONES,
		PDDGPU_REG_INJECT_FORGET, PDDGPU_REG_INJECT_STUCK_RESET,
	};
	uint32_t reg = regs[fuzz_below(rng, ARRAY_SIZE(regs))];
	uint32_t value = fuzz_one_in(rng, 4) ? (uint32_t)fuzz_edge(rng) : fuzz_below(rng, 1024);

	if (reg == PDDGPU_REG_INJECT_FENCE && fuzz_one_in(rng, 2))
		value = (1 + fuzz_below(rng, 4)) | (1 + fuzz_below(rng, 4)) << 8;
	inject_write(card, fuzz_one_in(rng, 2) ? INJECT_GUEST : INJECT_HOST, reg, value);
}

/* Any register with any value, the doorbells among them. */
static void random_write(struct fuzz_rng *rng, struct card *card)
{
	uint32_t reg = fuzz_below(rng, PDDGPU_MMIO_SIZE) & ~3U;

	if (reg != PDDGPU_REG_INJECT_VANISH)
		wr(card, reg, (uint32_t)fuzz_edge(rng));
}

/* While the engines run: what a driver, a VMM and a second engine may do. */
static void disturb(struct fuzz_rng *rng, struct card *card)
{
	struct timespec pause = { .tv_nsec = fuzz_below(rng, RUN_US) * 1000L };

	switch (fuzz_below(rng, 7)) {
	case 0:
		wr(card, PDDGPU_REG_TLB_INVALIDATE, (uint32_t)fuzz_next(rng));
		break;
	case 1:
		random_stream(rng, (uint32_t *)(card->vram + STREAMS), STREAM_DWORDS);
		break;
	case 2:
		card_set_bus_master(card, fuzz_one_in(rng, 2));
		break;
	case 3:
		random_write(rng, card);
		break;
	case 4:
		wr(card, PDDGPU_REG_ENGINE(fuzz_below(rng, 2)) + PDDGPU_ENGINE_CTRL,
		   fuzz_below(rng, 4));
		break;
	case 5:
		random_order(rng, card);
		break;
	default:
		nanosleep(&pause, NULL);
		break;
	}
}

/* Each by itself, or if that does not work any more, both by a reset of the card. */
static void expect_stop(struct card *card, unsigned int e)
{
	uint32_t ctrl = PDDGPU_REG_ENGINE(e) + PDDGPU_ENGINE_CTRL;
	time_t end = time(NULL) + STOP_SECONDS;

	wr(card, ctrl, PDDGPU_ENGINE_CTRL_RESET);
	if (card->engines[e].stuck)
		wr(card, PDDGPU_REG_RESET, PDDGPU_RESET_MAGIC);
	while (rd(card, ctrl) & PDDGPU_ENGINE_CTRL_RESET) {
		if (time(NULL) > end) {
			fprintf(stderr, "engine %u does not stop\n", e);
			abort();
		}
		usleep(100);
	}
}

static void check_guards(const struct fuzz *fuzz)
{
	for (size_t i = 0; i < GUARD_PAGES * 4096; i++) {
		assert(fuzz->guest[i] == GUARD_BYTE);
		assert(fuzz->guest[(GUARD_PAGES + GUEST_PAGES) * 4096 + i] == GUARD_BYTE);
	}
}

static void run(struct fuzz_rng *rng, void *arg)
{
	struct fuzz *fuzz = arg;
	struct card *card = fuzz->card;

	for (unsigned int who = 0; who < INJECT_NUM_WHO; who++)
		card_clear_orders(card, who);
	if (fuzz_one_in(rng, 2))
		random_order(rng, card);
	card_function_reset(card);
	card_set_bus_master(card, true);
	random_tables(rng, card);
	random_stream(rng, (uint32_t *)(card->vram + STREAMS), STREAM_DWORDS);
	wr(card, PDDGPU_REG_GART_BASE_LO, (uint32_t)GART);
	wr(card, PDDGPU_REG_GART_ENTRIES, GART_ENTRIES);
	wr(card, PDDGPU_REG_FAULT_BASE_LO, (uint32_t)FAULTS);
	wr(card, PDDGPU_REG_FAULT_SIZE, 16);
	wr(card, PDDGPU_REG_IRQ_ENABLE, 0xf);
	for (unsigned int e = 0; e < PDDGPU_NUM_ENGINES; e++) {
		set_up_ring(card, e);
		fill_ring(rng, card, e);
	}
	for (uint32_t i = fuzz_below(rng, 8); i > 0; i--)
		disturb(rng, card);
	/* Behind the ones no write comes through. */
	for (unsigned int who = 0; rd(card, PDDGPU_REG_ID) == ~0U && who < INJECT_NUM_WHO; who++)
		card_clear_orders(card, who);
	for (unsigned int e = 0; e < PDDGPU_NUM_ENGINES; e++)
		expect_stop(card, e);
	check_guards(fuzz);
}

static void connect_guest(struct fuzz *fuzz)
{
	const size_t size = (GUEST_PAGES + 2 * GUARD_PAGES) * 4096;
	struct dma_window window = {
		.iova = GUEST_BUS, .size = GUEST_PAGES * 4096, .writable = true,
	};
	int fd = memfd_create("guest", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, (off_t)size)) {
		perror("memfd");
		exit(EXIT_FAILURE);
	}
	fuzz->guest = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fuzz->guest == MAP_FAILED ||
	    dma_map(&fuzz->card->dma, &window, fd, GUARD_PAGES * 4096)) {
		perror("mmap");
		exit(EXIT_FAILURE);
	}
	close(fd);
	memset(fuzz->guest, GUARD_BYTE, size);
	fuzz_guest_memory(fuzz->guest, size);
	fuzz_guest_memory(fuzz->card->dma.windows[0].host, window.size);
	fuzz_guest_memory(fuzz->card->vram, VRAM);
}

int main(int argc, char **argv)
{
	const struct card_options options = {
		.vram_size = VRAM, .aperture_size = VRAM, .dma_bits = 40,
	};
	struct fuzz fuzz = { .card = card_create(&options) };
	int ret;

	if (!fuzz.card)
		return EXIT_FAILURE;
	log_set_quiet(true);
	connect_guest(&fuzz);
	ret = fuzz_main(argc, argv, run, &fuzz);
	printf("fuzz_stream: in the last run %llu packets, %llu faults\n",
	       (unsigned long long)fuzz.card->engines[1].stats.count[PDDGPU_STAT_PACKETS],
	       (unsigned long long)fuzz.card->engines[1].stats.count[PDDGPU_STAT_FAULTS]);
	card_destroy(fuzz.card);
	return ret;
}
