// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Command streams over random page tables, while others disturb them.  An input is
 * a struct plan and the dwords of a stream.  Found wrong: a crash, a
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
#define STREAM_DWORDS	0x1000
#define MAX_WORDS	((INPUT_MAX_BYTES - sizeof(struct plan)) / 4)
#define MAX_CALLS	4
#define MAX_ACTS	8
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

/* An INDIRECT in a ring. */
struct call {
	uint64_t va;
	uint32_t dwords;
	uint32_t flags;
};

/* What somebody does to the card, see act(). */
struct act {
	uint32_t kind;
	uint32_t a, b;
};

/* What an input begins with.  Numbers that are too large count modulo. */
struct plan {
	uint64_t tables;	/* seed of page tables and GART */
	uint8_t mapped;		/* VMID sees VRAM at 0 and guest memory behind it */
	uint8_t in_ring;	/* a bit an engine: the stream also follows the calls */
	uint8_t early;		/* acts before the engines are set up */
	uint8_t num_acts;
	uint8_t num_calls[PDDGPU_NUM_ENGINES];
	uint16_t num_words;	/* of the stream in the rings, at most what there is */
	struct call calls[PDDGPU_NUM_ENGINES][MAX_CALLS];
	struct act acts[MAX_ACTS];
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

/* --- Addresses, tables -------------------------------------------------- */

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

/* VRAM in two large pages, then guest memory in small ones. */
static void map_memory(uint64_t *tables)
{
	for (unsigned int level = 3; level > 1; level--)
		tables[(3 - level) * PDDGPU_PT_ENTRIES] =
			(TABLES + (4 - level) * 4096ULL) | PDDGPU_PTE_VALID;
	tables += 2 * PDDGPU_PT_ENTRIES;
	tables[0] = 0x27;
	tables[1] = 2 * MIB | 0x27;
	tables[2] = (TABLES + 3 * 4096ULL) | PDDGPU_PTE_VALID;
	tables += PDDGPU_PT_ENTRIES;
	for (unsigned int i = 0; i < GUEST_PAGES; i++)
		tables[i] = (GUEST_BUS + 4096ULL * i) | 0xf;
}

static void make_tables(const struct plan *plan, struct card *card)
{
	struct fuzz_rng rng = { .state = plan->tables };
	uint64_t *tables = (uint64_t *)(card->vram + TABLES);
	uint64_t *gart = (uint64_t *)(card->vram + GART);

	for (size_t i = 0; i < NUM_TABLES * PDDGPU_PT_ENTRIES; i++)
		tables[i] = random_entry(&rng);
	for (size_t i = 0; i < GART_ENTRIES; i++)
		gart[i] = random_entry(&rng);
	if (plan->mapped & 1)
		map_memory(tables);
	wr(card, PDDGPU_REG_VMID_BASE_LO(VMID), (uint32_t)TABLES | 1);
}

/* --- Making an input ---------------------------------------------------- */

/* Well-formed headers, now and then one that is not. */
static uint32_t random_header(struct fuzz_rng *rng)
{
	static const uint8_t counts[][2] = {
		{ PDDGPU_OP_NOP, 2 }, { PDDGPU_OP_WRITE, 5 }, { PDDGPU_OP_FILL, 5 },
		{ PDDGPU_OP_COPY, 6 }, { PDDGPU_OP_COPY_RECT, 8 }, { PDDGPU_OP_FENCE, 6 },
		{ PDDGPU_OP_WAIT, 4 }, { PDDGPU_OP_ATOMIC, 8 }, { PDDGPU_OP_TLB_FLUSH, 1 },
		{ PDDGPU_OP_INDIRECT, 3 }, { PDDGPU_OP_SET_VMID, 2 }, { PDDGPU_OP_WRITE_PTE, 7 },
		{ PDDGPU_OP_TIMESTAMP, 2 }, { PDDGPU_OP_MAP, 9 }, { PDDGPU_OP_CRC32, 6 },
		{ PDDGPU_OP_MANDELBROT, 9 }, { PDDGPU_OP_SET_ONCHIP, 3 },
		{ PDDGPU_OP_ONCHIP_COPY, 4 }, { PDDGPU_OP_ONCHIP_BARRIER, 2 },
		{ PDDGPU_OP_ONCHIP_APPEND, 5 },
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

static struct call random_call(struct fuzz_rng *rng, uint32_t num_words)
{
	uint32_t at = fuzz_one_in(rng, 2) ? 0 : fuzz_below(rng, num_words);
	uint32_t vmid = fuzz_one_in(rng, 4) ? fuzz_below(rng, 16) : 0;

	return (struct call){
		.va = (fuzz_one_in(rng, 8) ? random_va(rng) : STREAMS) + 4ULL * at,
		.dwords = 1 + fuzz_below(rng, num_words - at),
		.flags = fuzz_one_in(rng, 2) ? VMID : vmid,
	};
}

static struct act random_act(struct fuzz_rng *rng)
{
	return (struct act){
		.kind = fuzz_below(rng, 256),
		.a = (uint32_t)fuzz_next(rng),
		.b = fuzz_one_in(rng, 2) ? fuzz_below(rng, 1024) : (uint32_t)fuzz_edge(rng),
	};
}

static void generate(struct fuzz_rng *rng, struct input *input)
{
	uint32_t words[MAX_WORDS];
	uint32_t num = 1 + fuzz_below(rng, fuzz_one_in(rng, 4) ? MAX_WORDS : 64);
	struct plan plan = {
		.tables = fuzz_next(rng), .mapped = (uint8_t)fuzz_below(rng, 2),
		.in_ring = (uint8_t)fuzz_below(rng, 4),
		.early = fuzz_one_in(rng, 2) ? 0 : (uint8_t)fuzz_below(rng, 3),
		.num_acts = (uint8_t)fuzz_below(rng, MAX_ACTS + 1),
		.num_words = (uint16_t)num,
	};

	for (unsigned int e = 0; e < PDDGPU_NUM_ENGINES; e++) {
		plan.num_calls[e] = (uint8_t)fuzz_below(rng, MAX_CALLS + 1);
		for (unsigned int i = 0; i < MAX_CALLS; i++)
			plan.calls[e][i] = random_call(rng, num);
	}
	for (unsigned int i = 0; i < MAX_ACTS; i++)
		plan.acts[i] = random_act(rng);
	random_stream(rng, words, num);
	input_append(input, &plan, sizeof(plan));
	input_append(input, words, num * sizeof(*words));
}

/* --- What a driver, a VMM and a second engine may do -------------------- */

/* A fault switch of either side, but for the one that ends the process. */
static void order(struct card *card, const struct act *act)
{
	static const uint32_t regs[] = {
		PDDGPU_REG_INJECT_HANG, PDDGPU_REG_INJECT_LOSE_IRQ, PDDGPU_REG_INJECT_STORM_IRQ,
		PDDGPU_REG_INJECT_FENCE, PDDGPU_REG_INJECT_FAULTS, PDDGPU_REG_INJECT_DMA_ERROR,
		PDDGPU_REG_INJECT_SLOW, PDDGPU_REG_INJECT_ECC, PDDGPU_REG_INJECT_ONES,
		PDDGPU_REG_INJECT_FORGET, PDDGPU_REG_INJECT_STUCK_RESET,
	};

	inject_write(card, act->a >> 31 ? INJECT_GUEST : INJECT_HOST,
		     regs[act->a % ARRAY_SIZE(regs)], act->b);
}

/* Any register with any value, the doorbells among them; or what it reads. */
static void access_register(struct card *card, const struct act *act)
{
	static const uint32_t blocks[] = {
		0, 0x100, PDDGPU_REG_ENGINE(0), PDDGPU_REG_ENGINE(1), 0x2000, 0x2200, 0x3000,
		PDDGPU_REG_INJECT_HANG, PDDGPU_REG_ONCHIP_PAGES(0),
		PDDGPU_REG_ONCHIP_WINDOW(0, 0), PDDGPU_REG_DOORBELL(0),
	};
	uint32_t reg = blocks[(act->a >> 16) % ARRAY_SIZE(blocks)] + (act->a & 0x7c);

	if (act->a >> 31)
		reg = act->a & (PDDGPU_MMIO_SIZE - 4);
	if (act->a & 1)
		rd(card, reg);
	else if (reg != PDDGPU_REG_INJECT_VANISH)
		wr(card, reg, act->b);
}

static void act(struct card *card, const struct act *act)
{
	struct timespec pause = { .tv_nsec = act->a % RUN_US * 1000L };

	switch (act->kind % 8) {
	case 0:
		wr(card, PDDGPU_REG_TLB_INVALIDATE, act->b);
		break;
	case 1:
		((uint32_t *)(card->vram + STREAMS))[act->a % STREAM_DWORDS] = act->b;
		break;
	case 2:
		card_set_bus_master(card, act->a & 1);
		break;
	case 3:
		access_register(card, act);
		break;
	case 4:
		wr(card, PDDGPU_REG_ENGINE(act->a & 1) + PDDGPU_ENGINE_CTRL, act->b & 3);
		break;
	case 5:
		order(card, act);
		break;
	case 6:
		card_pause(card);
		card_resume(card);
		break;
	default:
		nanosleep(&pause, NULL);
		break;
	}
}

/* --- Runs --------------------------------------------------------------- */

static void set_up_ring(struct card *card, unsigned int e)
{
	uint32_t base = PDDGPU_REG_ENGINE(e);

	wr(card, base + PDDGPU_ENGINE_RING_BASE_LO, (uint32_t)RING(e));
	wr(card, base + PDDGPU_ENGINE_RING_SIZE, RING_DWORDS * 4);
	wr(card, base + PDDGPU_ENGINE_CTRL, PDDGPU_ENGINE_CTRL_ENABLE);
}

/* Calls of command buffers first, since an error in the ring ends all. */
static void fill_ring(const struct plan *plan, struct card *card, unsigned int e)
{
	uint32_t *ring = (uint32_t *)(card->vram + RING(e)), at = 0;
	const uint32_t *stream = (const uint32_t *)(card->vram + STREAMS);

	for (unsigned int i = 0; i < plan->num_calls[e] % (MAX_CALLS + 1); i++) {
		const struct call *call = &plan->calls[e][i];

		ring[at++] = PDDGPU_PKT(PDDGPU_OP_INDIRECT, call->flags & 0xff, 3);
		ring[at++] = (uint32_t)call->va;
		ring[at++] = call->va >> 32;
		ring[at++] = call->dwords;
	}
	for (uint32_t i = 0; plan->in_ring & BIT(e) && i < plan->num_words; i++)
		if (at < RING_DWORDS - 1)
			ring[at++] = stream[i];
	wr(card, PDDGPU_REG_DOORBELL(e), at);
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

/* Nothing of the run before is left, but for the contents of guest memory. */
static void set_up(const struct plan *plan, const uint32_t *words, struct card *card)
{
	for (unsigned int who = 0; who < INJECT_NUM_WHO; who++)
		card_clear_orders(card, who);
	for (unsigned int i = 0; i < plan->early % (MAX_ACTS + 1); i++)
		act(card, &plan->acts[i]);
	card_function_reset(card);
	card_set_bus_master(card, true);
	make_tables(plan, card);
	memset(card->vram + STREAMS, 0, STREAM_DWORDS * 4);
	memcpy(card->vram + STREAMS, words, MAX_WORDS * 4);
	wr(card, PDDGPU_REG_GART_BASE_LO, (uint32_t)GART);
	wr(card, PDDGPU_REG_GART_ENTRIES, GART_ENTRIES);
	wr(card, PDDGPU_REG_FAULT_BASE_LO, (uint32_t)FAULTS);
	wr(card, PDDGPU_REG_FAULT_SIZE, 16);
	wr(card, PDDGPU_REG_IRQ_ENABLE, 0xf);
}

static void run(const struct input *input, void *arg)
{
	struct fuzz *fuzz = arg;
	struct card *card = fuzz->card;
	uint32_t words[MAX_WORDS];
	struct plan plan;
	size_t at = 0;

	input_take(input, &at, &plan, sizeof(plan));
	input_take(input, &at, words, sizeof(words));
	if (plan.num_words > MAX_WORDS)
		plan.num_words = MAX_WORDS;
	set_up(&plan, words, card);
	for (unsigned int e = 0; e < PDDGPU_NUM_ENGINES; e++) {
		set_up_ring(card, e);
		fill_ring(&plan, card, e);
	}
	for (unsigned int i = 0; i < plan.num_acts % (MAX_ACTS + 1); i++)
		act(card, &plan.acts[i]);
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
	for (unsigned int h = 0; h < PDDGPU_NUM_ONCHIP; h++)
		fuzz_guest_memory(fuzz->card->onchip.heap[h],
				  fuzz->card->onchip.pages[h] * (size_t)PDDGPU_ONCHIP_PAGE);
}

int main(int argc, char **argv)
{
	const struct card_options options = {
		.vram_size = VRAM, .aperture_size = VRAM, .dma_bits = 40,
		.onchip_pages = { 4, 2, 2 },
	};
	struct fuzz fuzz = { .card = card_create(&options) };
	const struct fuzzer fuzzer = { .generate = generate, .run = run, .arg = &fuzz };
	int ret;

	if (!fuzz.card)
		return EXIT_FAILURE;
	log_set_quiet(true);
	connect_guest(&fuzz);
	ret = fuzz_main(argc, argv, &fuzzer);
	printf("fuzz_stream: in the last run %llu packets, %llu faults\n",
	       (unsigned long long)fuzz.card->engines[1].stats.count[PDDGPU_STAT_PACKETS],
	       (unsigned long long)fuzz.card->engines[1].stats.count[PDDGPU_STAT_FAULTS]);
	card_destroy(fuzz.card);
	return ret;
}
