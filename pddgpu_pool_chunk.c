// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#ifdef CONFIG_X86
#include <asm/set_memory.h>
#endif

#include "pddgpu_inject.h"
#include "pddgpu_pool_chunk.h"

/**
 * DOC: Chunks of the pool
 *
 * A chunk is 2^order pages that come from the system in one piece, are mapped for
 * DMA in one piece and go back in one piece.  A pool has one of two backends:
 *
 * - alloc_pages(): a chunk is mapped while a buffer has it.  The private field of
 *   its first page is the order.
 * - dma_alloc_attrs(), for a device that reaches too little memory, or not
 *   coherently: a chunk is mapped for as long as it is there.  The private field of
 *   its first page leads to what it takes to free it.
 *
 * Nobody but this file looks at that field.  Caching attributes are those of the
 * kernel's own mapping of the pages; the system gets a chunk back as it came.
 */

/* Pages whose attributes are put back in one call, and what fits on the stack */
#define POOL_BATCH	64

/* A chunk of the dma_alloc_attrs() backend, hung on the private field of its first page */
struct pool_dma_chunk {
	void *vaddr;
	dma_addr_t addr;
	unsigned int order;
};

static bool pool_backend_uses_dma_alloc(const struct pddgpu_pool_backend *backend)
{
	return backend->flags & PDDGPU_POOL_DMA_ALLOC;
}

/* A chunk is mapped in one piece: with bounce buffers, not any size can be */
static unsigned int pool_backend_max_order(const struct pddgpu_pool_backend *backend)
{
	size_t max;

	if (!backend->dev || pool_backend_uses_dma_alloc(backend))
		return PDDGPU_POOL_MAX_ORDER;

	max = max(dma_max_mapping_size(backend->dev), PAGE_SIZE);
	return min(ilog2(max) - PAGE_SHIFT, PDDGPU_POOL_MAX_ORDER);
}

int pddgpu_pool_backend_init(struct pddgpu_pool_backend *backend, struct device *dev,
			     unsigned int flags)
{
	if (flags & ~(PDDGPU_POOL_DMA_ALLOC | PDDGPU_POOL_DMA32))
		return -EINVAL;
	if ((flags & PDDGPU_POOL_DMA_ALLOC) && !dev)
		return -EINVAL;

	backend->dev = dev;
	backend->flags = flags;
	backend->nid = dev ? dev_to_node(dev) : NUMA_NO_NODE;
	backend->max_order = pool_backend_max_order(backend);
	return 0;
}

/* --- From the system and back --- */

static struct page *pool_dma_chunk_alloc(const struct pddgpu_pool_backend *backend, gfp_t gfp,
					 unsigned int order)
{
	unsigned long attrs = DMA_ATTR_FORCE_CONTIGUOUS | (order ? DMA_ATTR_NO_WARN : 0);
	struct pool_dma_chunk *chunk;
	struct page *page;

	chunk = kmalloc(sizeof(*chunk), GFP_KERNEL);
	if (!chunk)
		return NULL;

	chunk->order = order;
	chunk->vaddr = dma_alloc_attrs(backend->dev, PAGE_SIZE << order, &chunk->addr, gfp, attrs);
	if (!chunk->vaddr) {
		kfree(chunk);
		return NULL;
	}

	/* TTM maps pages, not DMA memory: as long as it does, this is how it gets them */
	if (is_vmalloc_addr(chunk->vaddr))
		page = vmalloc_to_page(chunk->vaddr);
	else
		page = virt_to_page(chunk->vaddr);
	set_page_private(page, (unsigned long)chunk);
	return page;
}

static void pool_dma_chunk_free(const struct pddgpu_pool_backend *backend, struct page *page)
{
	struct pool_dma_chunk *chunk = (void *)page_private(page);

	set_page_private(page, 0);
	dma_free_attrs(backend->dev, PAGE_SIZE << chunk->order, chunk->vaddr, chunk->addr,
		       DMA_ATTR_FORCE_CONTIGUOUS);
	kfree(chunk);
}

/*
 * Reclaim for a high order stalls, and evicts what somebody needs, for little:
 * smaller chunks do as well.  Only the order that page tables gain from is worth a
 * try.  No __GFP_COMP: pages are mapped one by one and TTM may split a chunk.
 */
static gfp_t pool_chunk_gfp_order(const struct pddgpu_pool_backend *backend, gfp_t gfp,
				  unsigned int order)
{
	if (!order)
		return gfp;

	gfp &= ~__GFP_RETRY_MAYFAIL;
	gfp |= __GFP_NORETRY | __GFP_NOWARN | __GFP_NOMEMALLOC;
	/* Without it dma_alloc_attrs() may resort to its small pool for atomic context */
	if (order < PDDGPU_POOL_MAX_ORDER && !pool_backend_uses_dma_alloc(backend))
		gfp &= ~__GFP_DIRECT_RECLAIM;

	return gfp;
}

/* Where the backend may look */
static gfp_t pool_chunk_gfp_zone(const struct pddgpu_pool_backend *backend, gfp_t gfp)
{
	if (backend->flags & (PDDGPU_POOL_DMA_ALLOC | PDDGPU_POOL_DMA32))
		gfp &= ~__GFP_HIGHMEM;
	if (backend->flags & PDDGPU_POOL_DMA32)
		gfp |= GFP_DMA32;

	return gfp;
}

struct page *pddgpu_pool_chunk_alloc(const struct pddgpu_pool_backend *backend, gfp_t gfp,
				     unsigned int order)
{
	struct page *page;

	gfp = pool_chunk_gfp_zone(backend, pool_chunk_gfp_order(backend, gfp, order));
	/* Tests look at what the system would be asked for */
	KUNIT_STATIC_STUB_REDIRECT(pddgpu_pool_chunk_alloc, backend, gfp, order);

	if (pddgpu_inject(PDDGPU_INJECT_POOL_ALLOC))
		return NULL;
	if (pool_backend_uses_dma_alloc(backend))
		return pool_dma_chunk_alloc(backend, gfp, order);

	page = alloc_pages_node(backend->nid, gfp, order);
	if (page)
		set_page_private(page, order);

	return page;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_chunk_alloc);

void pddgpu_pool_chunk_free(const struct pddgpu_pool_backend *backend, struct page *page,
			    unsigned int order)
{
	KUNIT_STATIC_STUB_REDIRECT(pddgpu_pool_chunk_free, backend, page, order);

	if (pool_backend_uses_dma_alloc(backend)) {
		pool_dma_chunk_free(backend, page);
	} else {
		set_page_private(page, 0);
		__free_pages(page, order);
	}
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_chunk_free);

unsigned int pddgpu_pool_chunk_order(const struct pddgpu_pool_backend *backend,
				     const struct page *page)
{
	const struct pool_dma_chunk *chunk;

	if (!pool_backend_uses_dma_alloc(backend))
		return page_private(page);

	chunk = (void *)page_private(page);
	return chunk->order;
}

/* --- DMA addresses --- */

int pddgpu_pool_chunk_map(const struct pddgpu_pool_backend *backend, struct page *page,
			  unsigned int order, dma_addr_t *addr)
{
	const struct pool_dma_chunk *chunk;

	KUNIT_STATIC_STUB_REDIRECT(pddgpu_pool_chunk_map, backend, page, order, addr);

	if (pool_backend_uses_dma_alloc(backend)) {
		chunk = (void *)page_private(page);
		*addr = chunk->addr;
		return 0;
	}

	if (pddgpu_inject(PDDGPU_INJECT_POOL_MAP))
		return -ENOMEM;
	*addr = dma_map_page(backend->dev, page, 0, PAGE_SIZE << order, DMA_BIDIRECTIONAL);
	return dma_mapping_error(backend->dev, *addr);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_chunk_map);

void pddgpu_pool_chunk_unmap(const struct pddgpu_pool_backend *backend, dma_addr_t addr,
			     unsigned int order)
{
	KUNIT_STATIC_STUB_REDIRECT(pddgpu_pool_chunk_unmap, backend, addr, order);

	if (!pool_backend_uses_dma_alloc(backend))
		dma_unmap_page(backend->dev, addr, PAGE_SIZE << order, DMA_BIDIRECTIONAL);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_chunk_unmap);

/* --- Contents and caching attributes --- */

void pddgpu_pool_chunk_clear(struct page *page, unsigned int order)
{
	unsigned int i;

	for (i = 0; i < BIT(order); i++)
		clear_highpage(page + i);
	cond_resched();
}

int pddgpu_pool_chunk_set_caching(struct page **pages, unsigned int num_pages,
				  enum ttm_caching caching)
{
	KUNIT_STATIC_STUB_REDIRECT(pddgpu_pool_chunk_set_caching, pages, num_pages, caching);

	if (pddgpu_inject(PDDGPU_INJECT_POOL_CACHING))
		return -ENOMEM;

	/* Elsewhere the kernel's own mapping may stay cached: TTM's rule, see ttm_pool.c */
#ifdef CONFIG_X86
	switch (caching) {
	case ttm_cached:
		return set_pages_array_wb(pages, num_pages);
	case ttm_write_combined:
		return set_pages_array_wc(pages, num_pages);
	case ttm_uncached:
		return set_pages_array_uc(pages, num_pages);
	}
#endif
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_chunk_set_caching);

/* Neighbours in one go, without an array */
VISIBLE_IF_KUNIT int pddgpu_pool_chunk_restore(struct page *page, unsigned int order)
{
	KUNIT_STATIC_STUB_REDIRECT(pddgpu_pool_chunk_restore, page, order);

	if (pddgpu_inject(PDDGPU_INJECT_POOL_CACHING))
		return -ENOMEM;

#ifdef CONFIG_X86
	return set_pages_wb(page, BIT(order));
#else
	return 0;
#endif
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_chunk_restore);

/* Small chunks share calls, as each flushes all TLBs; large ones are worth one each */
int pddgpu_pool_chunk_restore_all(struct list_head *chunks, unsigned int order)
{
	struct page *pages[POOL_BATCH], *page;
	unsigned int num = 0, i;
	int err;

	list_for_each_entry(page, chunks, lru) {
		if (BIT(order) >= POOL_BATCH) {
			err = pddgpu_pool_chunk_restore(page, order);
			if (err)
				return err;
			continue;
		}
		for (i = 0; i < BIT(order); i++)
			pages[num++] = page + i;
		if (num == POOL_BATCH || list_is_last(&page->lru, chunks)) {
			err = pddgpu_pool_chunk_set_caching(pages, num, ttm_cached);
			if (err)
				return err;
			num = 0;
		}
	}

	return 0;
}
