// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Measures the pools, ours and upstream's.  Writing "POOL KIND MODE CONTENTS NUMBER
 * THREADS" to the parameter cell measures a cell of the table; reading it gives the
 * result: what one step costs the caller, what kernel threads did for it in the
 * background, what of the first is allocation and not freeing, the pieces a buffer
 * came in, and the number of steps.  The two before the last are 0 where they are not
 * counted.
 */
#include <linux/bits.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>

#include <drm/ttm/ttm_caching.h>
#include <drm/ttm/ttm_tt.h>

#include "bench_allocator.h"
#include "bench_memory.h"
#include "bench_meter.h"
#include "bench_profile.h"
#include "bench_threads.h"

/* Memory that a cell with many buffers has, and how often it is measured */
#define CELL_BYTES		SZ_16M
#define CELL_MAX_BUFFERS	256
#define CELL_ROUNDS		2

#define THREADS_MAX		16
#define THREADS_BUFFERS		16	/* that each has at a time */

#define CHURN_SLOTS		32
#define CHURN_WARMUP		1024
#define CHURN_STEPS		2048
#define CHURN_PART		64	/* steps between two rests */

#define SHRINK_PAGES		(SZ_8M >> PAGE_SHIFT)

/* The first buffers take what the fragmenter had to leave */
#define FRAGMENT_PAGES		(SZ_16M >> PAGE_SHIFT)
#define FRAGMENT_BUFFERS	42
#define FRAGMENT_UNTIMED	12

/* A cell: what was asked for, the buffers, and what was found */
struct cell {
	const struct bench_allocator *bench;
	char kind[16];
	char mode[16];
	char contents[16];
	unsigned long number;		/* bytes of a buffer, an order or a percentile */
	unsigned int threads;
	struct ttm_tt *tts;
	unsigned int num_tts;
	struct bench_meter meter;
	u64 steps;			/* that the meter has seen */
	u64 pieces;			/* of an average buffer, 0 if not counted */
};

struct cell_kind {
	const char *name;
	int (*run)(struct cell *cell);
	unsigned long min, max;		/* of the number */
};

static const char * const cell_modes[] = { "cached", "wc" };
static const char * const cell_contents[] = { "any", "zero" };

static bool instructions;
module_param(instructions, bool, 0444);
MODULE_PARM_DESC(instructions, "refuse a clock that does not count instructions");

static bool profile;
module_param(profile, bool, 0444);
MODULE_PARM_DESC(profile, "count instructions by address, see the file in debugfs");

/* --- Buffers --- */

static bool cell_wants_zero(const struct cell *cell)
{
	return !strcmp(cell->contents, "zero");
}

static void cell_free_tts(struct cell *cell)
{
	unsigned int i;

	for (i = 0; i < cell->num_tts; i++)
		kvfree(cell->tts[i].pages);
	kvfree(cell->tts);
	cell->tts = NULL;
	cell->num_tts = 0;
}

static int cell_init_tt(const struct cell *cell, struct ttm_tt *tt)
{
	int mode = match_string(cell_modes, ARRAY_SIZE(cell_modes), cell->mode);
	int contents = match_string(cell_contents, ARRAY_SIZE(cell_contents), cell->contents);

	if (mode < 0 || contents < 0)
		return -EINVAL;

	tt->caching = mode ? ttm_write_combined : ttm_cached;
	tt->page_flags = contents ? TTM_TT_FLAG_ZERO_ALLOC : 0;
	return 0;
}

/* Make @num empty buffers of up to @num_pages each */
static int cell_make_tts(struct cell *cell, unsigned int num, u32 num_pages)
{
	struct ttm_tt *tt;
	int err;

	cell->tts = kvcalloc(num, sizeof(*cell->tts), GFP_KERNEL);
	if (!cell->tts)
		return -ENOMEM;

	for (; cell->num_tts < num; cell->num_tts++) {
		tt = &cell->tts[cell->num_tts];
		err = cell_init_tt(cell, tt);
		if (err)
			return err;
		tt->num_pages = num_pages;
		tt->pages = kvcalloc(num_pages, sizeof(*tt->pages), GFP_KERNEL);
		if (!tt->pages)
			return -ENOMEM;
	}

	return 0;
}

static void cell_free_some(struct cell *cell, unsigned int num)
{
	unsigned int i;

	for (i = 0; i < num; i++)
		cell->bench->free(&cell->tts[i]);
}

static int cell_alloc_all(struct cell *cell)
{
	unsigned int i;
	int err;

	for (i = 0; i < cell->num_tts; i++) {
		err = cell->bench->alloc(&cell->tts[i]);
		if (err) {
			cell_free_some(cell, i);
			return err;
		}
	}

	return 0;
}

static void cell_free_all(struct cell *cell)
{
	cell_free_some(cell, cell->num_tts);
}

/* Buffers for a cell that is about one size */
static int cell_make_size(struct cell *cell)
{
	unsigned long num = clamp(CELL_BYTES / cell->number, 1UL, CELL_MAX_BUFFERS);

	return cell_make_tts(cell, num, cell->number >> PAGE_SHIFT);
}

static unsigned int cell_rounds(const struct cell *cell)
{
	return cell->number > SZ_16M ? 1 : CELL_ROUNDS;
}

/* What was counted until now was to prepare it */
static void cell_begin(struct cell *cell)
{
	bench_meter_reset(&cell->meter);
	bench_profile_reset();
	cell->steps = 0;
}

/* --- One size: warm, cold, to the system --- */

static int warm_round(struct cell *cell)
{
	int err;

	bench_meter_start(&cell->meter);
	err = cell_alloc_all(cell);
	bench_meter_lap(&cell->meter);
	if (!err)
		cell_free_all(cell);
	bench_meter_stop(&cell->meter);

	cell->steps += cell->num_tts;
	return err;
}

/* As if time had passed, for those who gain by it; others come again at once */
static void warm_rest(struct cell *cell)
{
	if (cell_wants_zero(cell))
		bench_meter_settle(&cell->meter, cell->bench->finish);
}

/* Allocate and free what the pool has */
static int cell_warm(struct cell *cell)
{
	unsigned int i;
	int err;

	err = cell_make_size(cell);
	if (!err)
		err = warm_round(cell);
	warm_rest(cell);
	cell_begin(cell);
	for (i = 0; !err && i < cell_rounds(cell); i++) {
		err = warm_round(cell);
		warm_rest(cell);
	}
	bench_meter_settle(&cell->meter, cell->bench->finish);

	return err;
}

/* Allocate what the pool does not have */
static int cell_cold(struct cell *cell)
{
	unsigned int i;
	int err;

	err = cell_make_size(cell);
	for (i = 0; !err && i < cell_rounds(cell); i++) {
		bench_meter_start(&cell->meter);
		err = cell_alloc_all(cell);
		bench_meter_stop(&cell->meter);
		bench_meter_settle(&cell->meter, cell->bench->finish);
		cell->steps += cell->num_tts;
		if (!err)
			cell_free_all(cell);
		cell->bench->empty();
	}

	return err;
}

/* Free and have the pool keep nothing */
static int cell_system(struct cell *cell)
{
	unsigned int i;
	int err;

	err = cell_make_size(cell);
	for (i = 0; !err && i < cell_rounds(cell); i++) {
		err = cell_alloc_all(cell);
		if (err)
			break;
		bench_meter_start(&cell->meter);
		cell_free_all(cell);
		cell->bench->empty();
		bench_meter_stop(&cell->meter);
		bench_meter_settle(&cell->meter, cell->bench->finish);
		cell->steps += cell->num_tts;
	}

	return err;
}

/* --- Churn --- */

/* The same numbers for either pool */
static u32 churn_random(u32 *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* Empty slots have no pages[0] */
static int churn_step(struct cell *cell, u32 *state, u32 max_pages)
{
	struct ttm_tt *tt = &cell->tts[churn_random(state) % cell->num_tts];
	int err;

	if (tt->pages[0]) {
		cell->bench->free(tt);
		tt->pages[0] = NULL;
		return 0;
	}

	tt->num_pages = 1 + churn_random(state) % max_pages;
	err = cell->bench->alloc(tt);
	if (err)
		tt->pages[0] = NULL;
	return err;
}

static int churn_part(struct cell *cell, u32 *state, u32 max_pages)
{
	unsigned int i;
	int err = 0;

	bench_meter_start(&cell->meter);
	for (i = 0; !err && i < CHURN_PART; i++)
		err = churn_step(cell, state, max_pages);
	bench_meter_stop(&cell->meter);

	bench_meter_settle(&cell->meter, cell->bench->finish);
	cell->steps += CHURN_PART;
	return err;
}

static void churn_end(struct cell *cell)
{
	unsigned int i;

	for (i = 0; i < cell->num_tts; i++)
		if (cell->tts[i].pages[0])
			cell->bench->free(&cell->tts[i]);
}

/* Buffers of any size up to one come and go */
static int cell_churn(struct cell *cell)
{
	u32 max_pages = cell->number >> PAGE_SHIFT, state = 1, i;
	int err;

	err = cell_make_tts(cell, CHURN_SLOTS, max_pages);
	for (i = 0; !err && i < CHURN_WARMUP; i += CHURN_PART)
		err = churn_part(cell, &state, max_pages);

	bench_meter_init(&cell->meter);
	cell_begin(cell);
	for (i = 0; !err && i < CHURN_STEPS; i += CHURN_PART)
		err = churn_part(cell, &state, max_pages);

	churn_end(cell);
	return err;
}

/* --- Shrinking --- */

/* Other shrinkers have as little to do as they ever will after a few calls */
static int shrink_others(u64 *cost)
{
	struct bench_meter meter;
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < 4; i++) {
		bench_meter_init(&meter);
		bench_meter_start(&meter);
		err = bench_memory_reclaim();
		bench_meter_stop(&meter);
	}

	*cost = meter.caller;
	return err;
}

static int shrink_pool(struct cell *cell)
{
	int err;

	if (cell->bench->kept() < SHRINK_PAGES)
		return -ENODATA;
	bench_meter_init(&cell->meter);
	cell_begin(cell);
	bench_meter_start(&cell->meter);
	err = bench_memory_reclaim();
	bench_meter_stop(&cell->meter);

	if (!err && cell->bench->kept() > SHRINK_PAGES / 4)
		return -EBUSY;
	return err;
}

/* Reclaim takes 8 MiB, freed in buffers of one order */
static int cell_shrink(struct cell *cell)
{
	u64 others;
	int err;

	err = cell_make_tts(cell, SHRINK_PAGES >> cell->number, BIT(cell->number));
	if (err)
		return err;
	err = shrink_others(&others);
	if (!err)
		err = cell_alloc_all(cell);
	if (err)
		return err;

	cell_free_all(cell);
	err = shrink_pool(cell);
	cell->meter.caller -= min(cell->meter.caller, others);
	cell->steps = 1;
	return err;
}

/* --- Fragmented memory --- */

static unsigned long tt_pieces(const struct ttm_tt *tt)
{
	unsigned long pieces = 1;
	u32 i;

	for (i = 1; i < tt->num_pages; i++)
		if (page_to_pfn(tt->pages[i]) != page_to_pfn(tt->pages[i - 1]) + 1)
			pieces++;

	return pieces;
}

static int compare_u64(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return (x > y) - (x < y);
}

static int fragment_alloc(struct cell *cell, u64 *costs)
{
	struct bench_meter meter;
	unsigned int i;
	int err;

	for (i = 0; i < FRAGMENT_BUFFERS; i++) {
		if (i == FRAGMENT_UNTIMED)
			cell_begin(cell);
		bench_meter_init(&meter);
		bench_meter_start(&meter);
		err = cell->bench->alloc(&cell->tts[i]);
		bench_meter_stop(&meter);
		if (err) {
			cell_free_some(cell, i);
			return err;
		}
		costs[i] = meter.caller;
		if (i >= FRAGMENT_UNTIMED)
			cell->pieces += tt_pieces(&cell->tts[i]);
	}

	cell_free_all(cell);
	return 0;
}

/* Buffers of 16 MiB where no two free pages are neighbours; @number is the percentile */
static int cell_fragment(struct cell *cell)
{
	const unsigned int timed = FRAGMENT_BUFFERS - FRAGMENT_UNTIMED;
	u64 costs[FRAGMENT_BUFFERS];
	struct file *file;
	int err;

	err = cell_make_tts(cell, FRAGMENT_BUFFERS, FRAGMENT_PAGES);
	if (err)
		return err;
	file = bench_memory_fragment();
	if (IS_ERR(file))
		return PTR_ERR(file);

	err = fragment_alloc(cell, costs);
	cell->bench->empty();
	fput(file);
	if (err)
		return err;

	sort(costs + FRAGMENT_UNTIMED, timed, sizeof(*costs), compare_u64, NULL);
	cell->meter.caller = timed * costs[FRAGMENT_UNTIMED + (timed - 1) * cell->number / 100];
	cell->pieces = div_u64(cell->pieces, timed);
	cell->steps = timed;
	return 0;
}

/* --- Threads --- */

/* Each has buffers of its own; a step's cost is what all together need for one */
static int cell_threads(struct cell *cell)
{
	int err;

	err = cell_make_tts(cell, cell->threads * THREADS_BUFFERS, cell->number >> PAGE_SHIFT);
	if (err)
		return err;

	return bench_threads_run(cell->bench, cell->tts, cell->threads, THREADS_BUFFERS,
				 &cell->meter.caller, &cell->steps);
}

/* --- The parameter --- */

static const struct cell_kind cell_kinds[] = {
	{ "warm", cell_warm, PAGE_SIZE, SZ_1G },
	{ "cold", cell_cold, PAGE_SIZE, SZ_1G },
	{ "system", cell_system, PAGE_SIZE, SZ_1G },
	{ "churn", cell_churn, PAGE_SIZE, SZ_64M },
	{ "shrink", cell_shrink, 0, MAX_PAGE_ORDER },
	{ "fragment", cell_fragment, 0, 100 },
	{ "threads", cell_threads, PAGE_SIZE, SZ_1M },
};

static char cell_result[80];

static int cell_run(struct cell *cell, const struct cell_kind *kind)
{
	int err;

	cell->bench->empty();
	bench_meter_init(&cell->meter);
	bench_profile_reset();
	err = kind->run(cell);
	cell_free_tts(cell);
	cell->bench->empty();
	return err;
}

/* A result of nothing cannot be true */
static int cell_report(const struct cell *cell)
{
	u64 caller;

	if (!cell->steps)
		return -ERANGE;
	caller = div64_u64(cell->meter.caller, cell->steps);
	if (!caller)
		return -ERANGE;

	scnprintf(cell_result, sizeof(cell_result), "%llu %llu %llu %llu %llu", caller,
		  div64_u64(cell->meter.background, cell->steps),
		  div64_u64(cell->meter.lap, cell->steps), cell->pieces, cell->steps);
	return 0;
}

static const struct cell_kind *cell_find(const struct cell *cell)
{
	const struct cell_kind *kind;

	for (kind = cell_kinds; kind < cell_kinds + ARRAY_SIZE(cell_kinds); kind++)
		if (!strcmp(kind->name, cell->kind))
			return cell->number < kind->min || cell->number > kind->max ? NULL : kind;

	return NULL;
}

static int cell_parse(struct cell *cell, const char *val)
{
	char pool[16];

	if (sscanf(val, "%15s %15s %15s %15s %lu %u", pool, cell->kind, cell->mode,
		   cell->contents, &cell->number, &cell->threads) != 6)
		return -EINVAL;
	if (!cell->threads || cell->threads > THREADS_MAX)
		return -EINVAL;

	cell->bench = bench_allocator_find(pool);
	return cell->bench ? 0 : -EINVAL;
}

static int cell_set(const char *val, const struct kernel_param *kp)
{
	const struct cell_kind *kind;
	struct cell cell = {};
	int err;

	cell_result[0] = '\0';
	err = cell_parse(&cell, val);
	if (err)
		return err;
	kind = cell_find(&cell);
	if (!kind)
		return -EINVAL;

	err = cell_run(&cell, kind);
	return err ?: cell_report(&cell);
}

static int cell_get(char *buffer, const struct kernel_param *kp)
{
	return scnprintf(buffer, PAGE_SIZE, "%s\n", cell_result);
}

static const struct kernel_param_ops cell_ops = {
	.set = cell_set,
	.get = cell_get,
};

module_param_cb(cell, &cell_ops, NULL, 0600);
MODULE_PARM_DESC(cell, "write: measure \"POOL KIND MODE CONTENTS NUMBER THREADS\"; read: the result");

static int __init bench_init(void)
{
	int err = instructions ? bench_meter_check() : 0;

	if (!err && profile)
		err = bench_profile_init();
	if (err)
		return err;
	err = bench_allocator_init_all();
	if (err)
		bench_profile_fini();

	return err;
}
module_init(bench_init);

static void __exit bench_exit(void)
{
	bench_allocator_fini_all();
	bench_profile_fini();
}
module_exit(bench_exit);

MODULE_DESCRIPTION("Benchmark of pddgpu's page pool and of TTM's");
MODULE_LICENSE("Dual MIT/GPL");
