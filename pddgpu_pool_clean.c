// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/visibility.h>
#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "pddgpu_pool.h"
#include "pddgpu_pool_clean.h"
#include "pddgpu_pool_magazine.h"
#include "pddgpu_pool_reclaim.h"
#include "pddgpu_trace.h"

/**
 * DOC: Cleaning
 *
 * Clients get zeroes, and nobody should wait for them to be written: what a buffer
 * leaves behind is cleaned a moment later in the background, by the device if it
 * can, and else by a worker.  Magazines come first, as what they have is wanted next,
 * and then large chunks.  A buffer that needs zeroes before that clears what it gets
 * itself.
 *
 * No more than 2 MiB are taken out of a heap at a time, so that a buffer that comes
 * meanwhile finds the rest.  The worker rests while the machine sleeps, and looks at
 * who else wants to run now and then, so a large pool is cleaned in several runs.
 */

/* Long enough that a buffer which is freed and made again, over and over, is not disturbed */
static int page_pool_clean_delay = 10;

module_param(page_pool_clean_delay, int, 0644);
MODULE_PARM_DESC(page_pool_clean_delay,
		 "Milliseconds until freed pages are cleaned in the background; negative: never (default 10)");

/* Pages that are taken out of a heap at a time, and that one run of the worker cleans: 64 MiB */
#define POOL_CLEAN_PAGES	BIT(PDDGPU_POOL_MAX_ORDER)
#define POOL_CLEAN_RUN		(32 * POOL_CLEAN_PAGES)

static u32 clean_num_pages(const struct pddgpu_pool_cleaner *cleaner, unsigned int num)
{
	unsigned int i;
	u32 num_pages = 0;

	for (i = 0; i < num; i++)
		num_pages += BIT(pddgpu_pool_chunk_order(cleaner->chunks[i]));

	return num_pages;
}

/* --- By the device --- */

static void clean_unmap(struct pddgpu_pool *pool, unsigned int num)
{
	struct pddgpu_pool_cleaner *cleaner = &pool->cleaner;
	unsigned int i;

	for (i = 0; i < num; i++)
		pddgpu_pool_backend_unmap(&pool->backend, cleaner->spans[i].addr,
					  pddgpu_pool_chunk_order(cleaner->chunks[i]));
}

static int clean_map(struct pddgpu_pool *pool, unsigned int num)
{
	struct pddgpu_pool_cleaner *cleaner = &pool->cleaner;
	unsigned int i, order;
	int err;

	for (i = 0; i < num; i++) {
		struct page *page = cleaner->chunks[i];

		order = pddgpu_pool_chunk_order(page);
		err = pddgpu_pool_backend_map(&pool->backend, &pddgpu_pool_chunk_block(page)->mem,
					      page, order, &cleaner->spans[i].addr);
		if (err) {
			clean_unmap(pool, i);
			return err;
		}
		cleaner->spans[i].num_pages = BIT(order);
	}

	return 0;
}

static int clean_by_device(struct pddgpu_pool *pool, enum ttm_caching caching, unsigned int num)
{
	struct pddgpu_pool_cleaner *cleaner = &pool->cleaner;
	unsigned int i;
	int err;

	if (!cleaner->clear)
		return -ENODEV;

	err = clean_map(pool, num);
	if (err)
		return err;
	err = cleaner->clear(pool, caching, cleaner->spans, num);
	clean_unmap(pool, num);
	if (err)
		return err;

	for (i = 0; i < num; i++)
		pddgpu_pool_chunk_set_clean(cleaner->chunks[i]);
	atomic_long_add(clean_num_pages(cleaner, num), &pool->stats.cleaned_by_engine);
	return 0;
}

/* --- By the CPU --- */

static void clean_by_cpu(struct pddgpu_pool *pool, unsigned int num)
{
	struct pddgpu_pool_cleaner *cleaner = &pool->cleaner;
	unsigned int i;

	for (i = 0; i < num; i++)
		pddgpu_pool_chunk_clear(cleaner->chunks[i]);
	atomic_long_add(clean_num_pages(cleaner, num), &pool->stats.cleaned_by_cpu);
}

/* --- By whom it may be --- */

/* Return how many pages that are */
static u32 clean_chunks(struct pddgpu_pool *pool, int nid, enum ttm_caching caching,
			unsigned int num)
{
	u32 num_pages = clean_num_pages(&pool->cleaner, num);
	bool by_cpu;

	if (!num)
		return 0;

	by_cpu = clean_by_device(pool, caching, num);
	if (by_cpu)
		clean_by_cpu(pool, num);
	trace_pddgpu_pool_clean(pddgpu_pool_name(pool), nid, caching, num_pages, by_cpu);
	return num_pages;
}

/* Return how many pages were cleaned, 0 if all are clean */
static u32 clean_some(struct pddgpu_pool *pool, struct pddgpu_pool_heap *heap)
{
	struct pddgpu_pool_cleaner *cleaner = &pool->cleaner;
	unsigned int num;
	u32 num_pages;

	num = pddgpu_pool_heap_take_dirty(heap, cleaner->chunks, PDDGPU_POOL_CLEAN_CHUNKS,
					  POOL_CLEAN_PAGES);
	num_pages = clean_chunks(pool, heap->nid, heap->caching, num);
	pddgpu_pool_heap_put_cleaned(heap, cleaner->chunks, num);
	/* Meanwhile nobody could give them back */
	pddgpu_pool_trim(pool, heap->nid);
	cond_resched();

	return num_pages;
}

/* The same for what is in a magazine, which it does not leave for long */
static u32 clean_magazine(struct pddgpu_pool *pool, int cpu, enum ttm_caching caching)
{
	struct pddgpu_pool_cleaner *cleaner = &pool->cleaner;
	unsigned int num;
	u32 num_pages;

	num = pddgpu_pool_magazine_take_dirty(pool, cpu, caching, cleaner->chunks,
					      PDDGPU_POOL_CLEAN_CHUNKS);
	num_pages = clean_chunks(pool, pddgpu_pool_nid(pool), caching, num);
	pddgpu_pool_magazine_put_cleaned(pool, cpu, cleaner->chunks, num);

	return num_pages;
}

static u32 clean_magazines(struct pddgpu_pool *pool)
{
	unsigned int caching;
	u32 num_pages = 0, some;
	int cpu;

	if (!pool->magazines)
		return 0;

	for_each_possible_cpu(cpu)
		for (caching = 0; caching < PDDGPU_POOL_NUM_CACHING; caching++)
			do {
				some = clean_magazine(pool, cpu, caching);
				num_pages += some;
			} while (some && num_pages < POOL_CLEAN_RUN);

	return num_pages;
}

/* Return whether there may be more to do */
static bool clean_for_a_while(struct pddgpu_pool *pool)
{
	u32 num_pages = clean_magazines(pool), some;
	unsigned int i;

	for (i = 0; i < pool->num_heaps; i++)
		do {
			some = clean_some(pool, &pool->heaps[i]);
			num_pages += some;
			if (num_pages >= POOL_CLEAN_RUN)
				return true;
		} while (some);

	return false;
}

static bool clean_locked(struct pddgpu_pool *pool)
{
	bool more;

	mutex_lock(&pool->cleaner.lock);
	more = clean_for_a_while(pool);
	mutex_unlock(&pool->cleaner.lock);

	return more;
}

void pddgpu_pool_clean(struct pddgpu_pool *pool)
{
	while (clean_locked(pool))
		;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_clean);

/* --- In the background --- */

static void clean_work(struct work_struct *work)
{
	struct pddgpu_pool *pool = container_of(work, struct pddgpu_pool, cleaner.work.work);

	if (clean_locked(pool))
		queue_delayed_work(pool->cleaner.wq, &pool->cleaner.work, 0);
}

void pddgpu_pool_wake_cleaner(struct pddgpu_pool *pool)
{
	struct pddgpu_pool_cleaner *cleaner = &pool->cleaner;
	int delay = READ_ONCE(page_pool_clean_delay);

	if (delay >= 0 && cleaner->wq && !delayed_work_pending(&cleaner->work))
		queue_delayed_work(cleaner->wq, &cleaner->work, msecs_to_jiffies(delay));
}

void pddgpu_pool_cleaner_init(struct pddgpu_pool *pool)
{
	mutex_init(&pool->cleaner.lock);
}

int pddgpu_pool_start_cleaning(struct pddgpu_pool *pool, pddgpu_pool_clear_fn clear)
{
	struct pddgpu_pool_cleaner *cleaner = &pool->cleaner;

	INIT_DELAYED_WORK(&cleaner->work, clean_work);
	cleaner->clear = clear;
	cleaner->wq = alloc_workqueue("pddgpu_clean", WQ_UNBOUND | WQ_FREEZABLE, 1);

	return cleaner->wq ? 0 : -ENOMEM;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_start_cleaning);

void pddgpu_pool_stop_cleaning(struct pddgpu_pool *pool)
{
	if (pool->cleaner.wq)
		disable_delayed_work_sync(&pool->cleaner.work);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_stop_cleaning);

void pddgpu_pool_cleaner_fini(struct pddgpu_pool *pool)
{
	pddgpu_pool_stop_cleaning(pool);
	if (pool->cleaner.wq)
		destroy_workqueue(pool->cleaner.wq);
	pool->cleaner.wq = NULL;
	mutex_destroy(&pool->cleaner.lock);
}
