// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The main job: buffers in VRAM and GTT, twice as much as there is VRAM, written
 * by the CPU and by both engines, copied and shuffled while the memory manager
 * evicts and brings back, and every byte checked at the end.
 *
 * How every byte can be checked by a slow CPU: each 4 KiB page of a buffer is a
 * tag of 16 bytes, which no other page has, and a body that the pages of a
 * buffer share.  So the CPU works out the CRC of a whole buffer from one body
 * and the tags.  The card then computes the CRC of all that is really there, and
 * the CPU that of a part of each buffer, through mmap.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo_report.h"
#include "pddgpu_ib.h"

#define COPY		DRM_PDDGPU_ENGINE_COPY
#define COMPUTE		DRM_PDDGPU_ENGINE_COMPUTE
#define BO_SIZE		(16 * MIB)
#define BO_PAGES	(BO_SIZE / PDD_PAGE)
#define PAGE_WORDS	(PDD_PAGE / 4)
#define TAG_WORDS	4
#define CPU_PART	(MIB)		/* of each buffer that the CPU reads in the end */
#define TRIAL_SIZE	(64 * MIB)	/* what the speed of copies is measured on */
#define SLOTS		2		/* command buffers of an engine in flight */

static const char *const engine_names[] = { [COPY] = "copy", [COMPUTE] = "compute" };

/* What a buffer holds: all its bytes follow from this. */
struct content {
	u32 id;				/* no two are the same */
	u32 seed;
	bool hashed;			/* the body is hashes of the seed, else the seed */
};

struct buffer {
	struct pdd_bo bo;
	u32 domain;
	struct content content;
};

/* An engine with command buffers to write while it runs others. */
struct queue {
	struct pdd_ib ib[SLOTS];
	u64 slot_point[SLOTS];		/* point at which a slot is free again */
	u32 timeline;			/* syncobj that its jobs signal */
	u64 point;			/* the last of them */
};

struct demo {
	struct pdd_client c;
	struct queue queues[PDDGPU_NUM_ENGINES];
	struct buffer *buffers;
	u32 count;
	struct pdd_bo sums;
	u64 seed;
	struct crc_shift over_body;
	struct crc_shift over_page;
};

static void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

static void die(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "demo: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	exit(1);
}

/* Ends the demo unless @ret is 0. */
static void must(int ret, const char *what)
{
	if (ret)
		die("%s: %s", what, strerror(-ret));
}

static struct drm_pddgpu_info_memory memory_now(struct demo *d)
{
	struct drm_pddgpu_info_memory mem;

	must(pdd_memory(&d->c.dev, &mem), "INFO_MEMORY");
	return mem;
}

/* --- Contents --------------------------------------------------------- */

static void page_tag(const struct content *content, u32 page, u32 tag[TAG_WORDS])
{
	tag[0] = 0x44445047;
	tag[1] = content->id;
	tag[2] = page;
	tag[3] = pddgpu_hash32(content->seed ^ page);
}

/* The page with an empty tag. */
static void page_body(const struct content *content, u32 words[PAGE_WORDS])
{
	for (u32 i = 0; i < PAGE_WORDS; i++)
		words[i] = content->hashed ? pddgpu_hash32(content->seed + i) : content->seed;
	memset(words, 0, TAG_WORDS * 4);
}

/* The CRC of @pages pages from @first on, from the tags and one body. */
static u32 expected_crc(const struct demo *d, const struct content *content, u32 first, u32 pages)
{
	u32 words[PAGE_WORDS], tag[TAG_WORDS], body, crc = 0;

	page_body(content, words);
	body = crc32(0, words + TAG_WORDS, PDD_PAGE - sizeof(tag));
	for (u32 page = first; page < first + pages; page++) {
		page_tag(content, page, tag);
		crc = crc_append(&d->over_page, crc,
				 crc_append(&d->over_body, crc32(0, tag, sizeof(tag)), body));
	}
	return crc;
}

/* --- Engines ---------------------------------------------------------- */

static void queue_init(struct demo *d, struct queue *q)
{
	for (u32 i = 0; i < SLOTS; i++)
		must(pdd_ib_init(&d->c, BO_PAGES * 8, &q->ib[i]), "creating a command buffer");
	q->timeline = pdd_syncobj(&d->c.dev);
	if (!q->timeline)
		die("creating a syncobj: %s", strerror(errno));
}

static void queue_wait(struct demo *d, struct queue *q, u64 point)
{
	uint64_t p = point;

	if (point)
		must(drmSyncobjTimelineWait(d->c.dev.fd, &q->timeline, &p, 1,
					    now_ns() + PDD_WAIT_NS, 0, NULL), "waiting for a job");
}

/* A command buffer to write into; waits until an older job has done with it. */
static struct pdd_ib *queue_next(struct demo *d, u32 engine)
{
	struct queue *q = &d->queues[engine];
	u32 slot = q->point % SLOTS;

	queue_wait(d, q, q->slot_point[slot]);
	pdd_ib_reset(&q->ib[slot]);
	return &q->ib[slot];
}

/* Submits what queue_next() gave; after all of the other engine's jobs if so asked. */
static void queue_submit(struct demo *d, u32 engine, const struct drm_pddgpu_cs_bo *bos,
			 u32 num_bos, bool after_other)
{
	struct queue *q = &d->queues[engine], *other = &d->queues[!engine];
	u32 slot = q->point % SLOTS;
	const struct drm_pddgpu_sync syncs[] = {
		{ q->timeline, DRM_PDDGPU_SYNC_SIGNAL, q->point + 1 },
		{ other->timeline, 0, other->point },
	};
	struct pdd_use use = { bos, num_bos, syncs, after_other && other->point ? 2 : 1 };

	must(pdd_submit(&d->c, engine, &q->ib[slot], &use), "submitting a job");
	q->slot_point[slot] = ++q->point;
}

static void drain(struct demo *d)
{
	struct drm_pddgpu_ctx_query query;

	for (u32 e = 0; e < PDDGPU_NUM_ENGINES; e++)
		queue_wait(d, &d->queues[e], d->queues[e].point);
	must(pdd_ctx_query(&d->c, d->c.ctx, &query), "CTX_QUERY");
	if (query.flags)
		die("a job failed: context flags %#x, %llu faults, the last of them error %u",
		    query.flags, query.faults, query.last_error);
}

/* --- Speed and TLB, while VRAM is empty ------------------------------- */

static u64 timed_copy(struct demo *d, u32 engine, u64 src, u64 dst)
{
	u64 start;

	pdd_copy(queue_next(d, engine), src, dst, TRIAL_SIZE);
	start = now_ns();
	queue_submit(d, engine, NULL, 0, false);
	drain(d);
	return now_ns() - start;
}

/* Waits until the buffer is cleared, which is no part of the trial. */
static struct pdd_bo trial_buffer(struct demo *d, u32 domain)
{
	const u32 flags = domain == VRAM ? DRM_PDDGPU_GEM_VRAM_CONTIGUOUS : 0;
	struct pdd_bo bo;

	must(pdd_bo_new(&d->c, TRIAL_SIZE, domain, flags, &bo), "creating a buffer");
	must(pdd_bo_wait(&d->c.dev, &bo, DRM_PDDGPU_GEM_WAIT_WRITE, PDD_WAIT_NS), "GEM_WAIT");
	return bo;
}

static void trial_free(struct demo *d, struct pdd_bo *bo)
{
	must(pdd_unbind(&d->c, bo->va, bo->size), "VM_BIND");
	pdd_bo_free(&d->c.dev, bo);
}

static void measure_copies(struct demo *d)
{
	struct pdd_bo vram[2] = { trial_buffer(d, VRAM), trial_buffer(d, VRAM) };
	struct pdd_bo gtt = trial_buffer(d, GTT);

	for (u32 engine = 0; engine < PDDGPU_NUM_ENGINES; engine++) {
		const struct { const char *name; u64 src, dst; } ways[] = {
			{ "VRAM to VRAM", vram[0].va, vram[1].va },
			{ "VRAM to GTT", vram[0].va, gtt.va },
			{ "GTT to VRAM", gtt.va, vram[1].va },
		};

		for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
			char what[64];

			snprintf(what, sizeof(what), "%s engine, %s", engine_names[engine],
				 ways[i].name);
			report_rate(what, TRIAL_SIZE,
				    timed_copy(d, engine, ways[i].src, ways[i].dst));
		}
	}
	trial_free(d, &vram[0]);
	trial_free(d, &vram[1]);
	trial_free(d, &gtt);
}

/* The same copy between the same buffers, bound with one page size and the other. */
static void measure_tlb(struct demo *d, const char *what, u32 bind_flags)
{
	struct drm_pddgpu_info_engine before[PDDGPU_NUM_ENGINES], after[PDDGPU_NUM_ENGINES];
	struct pdd_bo src = trial_buffer(d, VRAM), dst = trial_buffer(d, VRAM);
	u64 ns;

	must(pdd_bind(&d->c, &src, 0, src.va, src.size, bind_flags), "VM_BIND");
	must(pdd_bind(&d->c, &dst, 0, dst.va, dst.size, bind_flags), "VM_BIND");
	must(pdd_engines(&d->c.dev, before), "INFO_ENGINES");
	ns = timed_copy(d, COMPUTE, src.va, dst.va);
	must(pdd_engines(&d->c.dev, after), "INFO_ENGINES");
	report_tlb(what, &before[COMPUTE], &after[COMPUTE], ns, TRIAL_SIZE);
	trial_free(d, &src);
	trial_free(d, &dst);
}

/* --- The buffers ------------------------------------------------------ */

/* Three quarters of the bytes prefer VRAM, one quarter is GTT. */
static void create_buffers(struct demo *d, u64 total)
{
	u64 vram = 0, start = now_ns();

	d->count = total / BO_SIZE;
	d->buffers = calloc(d->count, sizeof(*d->buffers));
	if (!d->buffers)
		die("out of memory");
	for (u32 i = 0; i < d->count; i++) {
		struct buffer *b = &d->buffers[i];

		b->domain = i % 4 == 3 ? GTT : VRAM;
		must(pdd_bo_new(&d->c, BO_SIZE, b->domain, 0, &b->bo), "creating a buffer");
		vram += b->domain == VRAM ? BO_SIZE : 0;
	}
	printf("  %u buffers of %llu MiB: %llu MiB for VRAM, %llu MiB for GTT, in %.1f ms\n",
	       d->count, BO_SIZE / MIB, vram / MIB, (d->count * BO_SIZE - vram) / MIB,
	       (now_ns() - start) / 1e6);
}

static void new_content(struct demo *d, struct buffer *b, bool hashed)
{
	static u32 id;

	b->content = (struct content){ ++id, (u32)random_next(&d->seed), hashed };
}

/* Returns the time that it took, page faults included. */
static u64 write_by_cpu(struct demo *d, struct buffer *b)
{
	u32 words[PAGE_WORDS];
	u64 start = now_ns();

	new_content(d, b, true);
	page_body(&b->content, words);
	must(pdd_bo_map(&d->c.dev, &b->bo), "mapping a buffer");
	for (u32 page = 0; page < BO_PAGES; page++) {
		page_tag(&b->content, page, words);
		memcpy(b->bo.map + page * PDD_PAGE, words, PDD_PAGE);
	}
	pdd_bo_unmap(&b->bo);
	return now_ns() - start;
}

static void emit_tags(struct pdd_ib *ib, const struct buffer *b)
{
	for (u32 page = 0; page < BO_PAGES; page++) {
		u32 tag[TAG_WORDS];

		page_tag(&b->content, page, tag);
		pdd_write(ib, b->bo.va + page * PDD_PAGE, tag, TAG_WORDS);
	}
}

static void submit_write(struct demo *d, u32 engine, const struct buffer *b)
{
	const struct drm_pddgpu_cs_bo use = { b->bo.handle, DRM_PDDGPU_CS_BO_WRITE };

	queue_submit(d, engine, &use, 1, false);
}

/* One page of hashes, doubled until the buffer is full, then tagged. */
static void write_by_compute(struct demo *d, struct buffer *b)
{
	struct pdd_ib *ib = queue_next(d, COMPUTE);

	new_content(d, b, true);
	pdd_map(ib, PDDGPU_MAP_IOTA, &(struct pdd_map){
		.dst = b->bo.va, .words = PAGE_WORDS, .scalar = b->content.seed,
	});
	for (u64 size = PDD_PAGE; size < BO_SIZE; size *= 2)
		pdd_copy(ib, b->bo.va, b->bo.va + size, size);
	emit_tags(ib, b);
	submit_write(d, COMPUTE, b);
}

static void write_by_fill(struct demo *d, u32 engine, struct buffer *b)
{
	struct pdd_ib *ib = queue_next(d, engine);

	new_content(d, b, false);
	pdd_fill(ib, b->bo.va, BO_SIZE, b->content.seed);
	emit_tags(ib, b);
	submit_write(d, engine, b);
}

/* Ordered by the buffers that it names, or by the timelines of the engines. */
static void copy_buffer(struct demo *d, u32 engine, const struct buffer *src, struct buffer *dst,
			bool explicit)
{
	const struct drm_pddgpu_cs_bo list[] = {
		{ src->bo.handle, 0 },
		{ dst->bo.handle, DRM_PDDGPU_CS_BO_WRITE },
	};

	pdd_copy(queue_next(d, engine), src->bo.va, dst->bo.va, BO_SIZE);
	queue_submit(d, engine, list, ARRAY_SIZE(list), explicit);
	dst->content = src->content;
}

/* In each group of eight: two by the CPU, two hashed, two filled, two copied. */
static void write_buffers(struct demo *d)
{
	u64 ns[2] = { 0 }, bytes[2] = { 0 }, start = now_ns();

	for (u32 i = 0; i < d->count; i++) {
		struct buffer *b = &d->buffers[i];
		bool gtt = b->domain == GTT;

		switch (i % 8) {
		case 0:
		case 3:
			ns[gtt] += write_by_cpu(d, b);
			bytes[gtt] += BO_SIZE;
			break;
		case 1:
		case 4:
			write_by_compute(d, b);
			break;
		case 2:
		case 5:
			write_by_fill(d, i & 1 ? COMPUTE : COPY, b);
			break;
		default:
			copy_buffer(d, i & 1 ? COPY : COMPUTE, &d->buffers[i - 3], b, i & 1);
		}
	}
	drain(d);
	report_rate("CPU through mmap, VRAM", bytes[0], ns[0]);
	report_rate("CPU through mmap, GTT", bytes[1], ns[1]);
	report_rate("all buffers, by CPU and both engines", d->count * BO_SIZE, now_ns() - start);
}

/* Exchanges the contents of buffers far apart, on both engines at once. */
static void shuffle_buffers(struct demo *d)
{
	struct buffer scratch[PDDGPU_NUM_ENGINES];
	u64 copied = 0, start = now_ns();

	for (u32 e = 0; e < PDDGPU_NUM_ENGINES; e++)
		must(pdd_bo_new(&d->c, BO_SIZE, VRAM, 0, &scratch[e].bo), "creating a buffer");
	for (u32 i = 0; i < d->count / 4; i++) {
		struct buffer *a = &d->buffers[random_next(&d->seed) % d->count];
		struct buffer *b = &d->buffers[random_next(&d->seed) % d->count];
		u32 engine = i & 1;

		if (a == b)
			continue;
		copy_buffer(d, engine, a, &scratch[engine], false);
		copy_buffer(d, engine, b, a, false);
		copy_buffer(d, engine, &scratch[engine], b, false);
		copied += 3 * BO_SIZE;
	}
	drain(d);
	report_rate("copies between buffers, evictions included", copied, now_ns() - start);
	for (u32 e = 0; e < PDDGPU_NUM_ENGINES; e++) {
		must(pdd_unbind(&d->c, scratch[e].bo.va, BO_SIZE), "VM_BIND");
		pdd_bo_free(&d->c.dev, &scratch[e].bo);
	}
}

/* --- Verification ----------------------------------------------------- */

static u32 verify_by_gpu(struct demo *d)
{
	const u32 *sums = d->sums.map;
	u64 start = now_ns();
	u32 bad = 0;

	for (u32 i = 0; i < d->count; i++) {
		const struct drm_pddgpu_cs_bo use = { d->buffers[i].bo.handle, 0 };

		pdd_crc32(queue_next(d, COMPUTE), d->buffers[i].bo.va, BO_SIZE, d->sums.va + 4 * i);
		queue_submit(d, COMPUTE, &use, 1, false);
	}
	drain(d);
	report_rate("read by the card, moves included", d->count * BO_SIZE, now_ns() - start);
	start = now_ns();
	for (u32 i = 0; i < d->count; i++) {
		u32 want = expected_crc(d, &d->buffers[i].content, 0, BO_PAGES);

		if (sums[i] != want) {
			printf("  buffer %u: the card's CRC is %08x, it should be %08x\n", i,
			       sums[i], want);
			bad++;
		}
	}
	report_rate("CRCs worked out by the CPU", d->count * BO_SIZE, now_ns() - start);
	return bad;
}

/* Where in a buffer is a matter of chance, and of the seed. */
static u32 verify_by_cpu(struct demo *d)
{
	u64 start = now_ns();
	u32 bad = 0;

	for (u32 i = 0; i < d->count; i++) {
		struct buffer *b = &d->buffers[i];
		u64 at = random_next(&d->seed) % (BO_SIZE / CPU_PART) * CPU_PART;
		u32 have, want = expected_crc(d, &b->content, at / PDD_PAGE, CPU_PART / PDD_PAGE);

		must(pdd_bo_map(&d->c.dev, &b->bo), "mapping a buffer");
		have = crc32(0, b->bo.map + at, CPU_PART);
		pdd_bo_unmap(&b->bo);
		if (have != want) {
			printf("  buffer %u: the CPU's CRC of 1 MiB at %#llx is %08x, "
			       "it should be %08x\n", i, at, have, want);
			bad++;
		}
	}
	report_rate("read by the CPU through mmap, moves included", d->count * CPU_PART, now_ns() - start);
	return bad;
}

static void free_buffers(struct demo *d)
{
	for (u32 i = 0; i < d->count; i++) {
		must(pdd_unbind(&d->c, d->buffers[i].bo.va, BO_SIZE), "VM_BIND");
		pdd_bo_free(&d->c.dev, &d->buffers[i].bo);
	}
}

/* --- The whole -------------------------------------------------------- */

static void demo_init(struct demo *d, u64 total)
{
	must(pdd_client_open(&d->c, 0), "opening the card");
	crc_shift_init(&d->over_body, PDD_PAGE - TAG_WORDS * 4);
	crc_shift_init(&d->over_page, PDD_PAGE);
	for (u32 e = 0; e < PDDGPU_NUM_ENGINES; e++)
		queue_init(d, &d->queues[e]);
	must(pdd_bo_new(&d->c, total / BO_SIZE * 4, GTT, 0, &d->sums), "creating a buffer");
	must(pdd_bo_map(&d->c.dev, &d->sums), "mapping a buffer");
}

static void before(struct demo *d)
{
	struct drm_pddgpu_info_memory mem = memory_now(d);

	report_section("The card");
	report_card(&d->c.dev);
	report_section("Before: debugfs");
	report_debugfs(&d->c.dev);
	report_occupancy(&d->c.dev, &mem);
	report_section("Speed of the engines");
	measure_copies(d);
	report_section("TLB of the compute engine: one copy of 64 MiB in VRAM");
	report_tlb_header();
	measure_tlb(d, "pages of 4 KiB", DRM_PDDGPU_VM_BIND_SMALL_PAGES);
	measure_tlb(d, "pages of 2 MiB", 0);
}

static void during(struct demo *d, u64 total)
{
	struct drm_pddgpu_info_memory start = memory_now(d), written, shuffled;

	report_section("Create");
	create_buffers(d, total);
	written = memory_now(d);
	report_moves(&start, &written);
	report_occupancy(&d->c.dev, &written);
	report_section("Write");
	start = written;
	write_buffers(d);
	written = memory_now(d);
	report_moves(&start, &written);
	report_section("Shuffle");
	shuffle_buffers(d);
	shuffled = memory_now(d);
	report_moves(&written, &shuffled);
	report_section("During: debugfs");
	report_debugfs(&d->c.dev);
	report_occupancy(&d->c.dev, &shuffled);
}

static u32 verify(struct demo *d)
{
	struct drm_pddgpu_info_memory start = memory_now(d), end;
	u32 bad;

	report_section("Verify");
	bad = verify_by_gpu(d) + verify_by_cpu(d);
	end = memory_now(d);
	report_moves(&start, &end);
	return bad;
}

static void after(struct demo *d)
{
	struct drm_pddgpu_info_memory mem;

	report_section("After: debugfs");
	free_buffers(d);
	mem = memory_now(d);
	report_debugfs(&d->c.dev);
	report_occupancy(&d->c.dev, &mem);
}

/* Unless told otherwise, twice the VRAM. */
static u64 total_size(u64 wanted)
{
	struct pdd_dev dev;
	u64 total = wanted;

	must(pdd_open(&dev, 0), "opening the card");
	if (!total)
		total = 2 * dev.info.vram_size;
	pdd_close(&dev);
	if (total < 8 * BO_SIZE)
		die("--size: at least %llu bytes", 8 * BO_SIZE);
	return total / BO_SIZE * BO_SIZE;
}

static void usage(FILE *out)
{
	fputs("usage: pddgpu-demo [--size BYTES] [--seed N]\n"
	      "  --size BYTES  buffers in all (twice the VRAM)\n"
	      "  --seed N      where random numbers start (1)\n", out);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "size", required_argument, NULL, 's' },
		{ "seed", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct demo d = { .seed = 1 };
	u64 size = 0, start = now_ns();
	int option;
	u32 bad;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			size = strtoull(optarg, NULL, 0);
		else if (option == 'r')
			d.seed = strtoull(optarg, NULL, 0);
		else {
			usage(option == 'h' ? stdout : stderr);
			return option == 'h' ? 0 : 1;
		}
	}
	size = total_size(size);
	demo_init(&d, size);
	before(&d);
	during(&d, size);
	bad = verify(&d);
	if (bad)
		die("%u checks failed", bad);
	after(&d);
	printf("\n%.1f s in all\n", (now_ns() - start) / 1e9);
	printf("demo: all %u buffers verified\n", d.count);
	return 0;
}
