// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>

#ifdef CONFIG_X86
#include <asm/set_memory.h>
#endif

#include "pddgpu_inject.h"
#include "pddgpu_pool_backend.h"

/**
 * DOC: Where the pool's memory comes from
 *
 * Memory comes from the system in naturally sized pieces, and goes back in the same
 * pieces, with the attributes that it came with.  A pool has one of two backends:
 *
 * - alloc_pages(): what a buffer has of it is mapped while the buffer has it.
 * - dma_alloc_attrs(), for a device that reaches too little memory, or not
 *   coherently: it is mapped for as long as it is there.
 *
 * Caching attributes are those of the kernel's own mapping.  They change for a whole
 * piece in one call, by address range: when that is 2 MiB, the kernel's mapping need
 * not be split, which it would stay, and which set_pages_array_*() always does.
 */

static bool pool_backend_uses_dma_alloc(const struct pddgpu_pool_backend *backend)
{
	return backend->flags & PDDGPU_POOL_DMA_ALLOC;
}

/* What a buffer gets is mapped in one piece: with bounce buffers, not any size can be */
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

static int pool_dma_alloc(const struct pddgpu_pool_backend *backend, gfp_t gfp,
			  struct pddgpu_pool_memory *mem)
{
	unsigned long attrs = DMA_ATTR_FORCE_CONTIGUOUS | (mem->order ? DMA_ATTR_NO_WARN : 0);

	mem->vaddr = dma_alloc_attrs(backend->dev, PAGE_SIZE << mem->order, &mem->addr, gfp,
				     attrs);
	if (!mem->vaddr)
		return -ENOMEM;

	/* TTM maps pages, not DMA memory: as long as it does, this is how it gets them */
	if (is_vmalloc_addr(mem->vaddr))
		mem->page = vmalloc_to_page(mem->vaddr);
	else
		mem->page = virt_to_page(mem->vaddr);
	return 0;
}

/*
 * Reclaim for a high order stalls, and evicts what somebody needs, for little:
 * smaller pieces do as well.  Only the order that page tables gain from is worth a
 * try.  No __GFP_COMP: pages are mapped one by one.
 */
static gfp_t pool_gfp_order(const struct pddgpu_pool_backend *backend, gfp_t gfp,
			    unsigned int order)
{
	if (!order)
		return gfp;

	gfp &= ~__GFP_RETRY_MAYFAIL;
	gfp |= __GFP_NORETRY | __GFP_NOWARN | __GFP_NOMEMALLOC;
	/* Without it dma_alloc_attrs() may resort to its small pool for atomic context */
	if (pool_backend_uses_dma_alloc(backend))
		gfp |= __GFP_DIRECT_RECLAIM;
	else if (order < PDDGPU_POOL_MAX_ORDER)
		gfp &= ~__GFP_DIRECT_RECLAIM;

	return gfp;
}

/* Where the backend may look */
static gfp_t pool_gfp_zone(const struct pddgpu_pool_backend *backend, gfp_t gfp)
{
	if (backend->flags & (PDDGPU_POOL_DMA_ALLOC | PDDGPU_POOL_DMA32))
		gfp &= ~__GFP_HIGHMEM;
	if (backend->flags & PDDGPU_POOL_DMA32)
		gfp |= GFP_DMA32;

	return gfp;
}

int pddgpu_pool_backend_alloc(const struct pddgpu_pool_backend *backend, gfp_t gfp,
			      unsigned int order, struct pddgpu_pool_memory *mem)
{
	gfp = pool_gfp_zone(backend, pool_gfp_order(backend, gfp, order));
	/* Tests look at what the system would be asked for */
	KUNIT_STATIC_STUB_REDIRECT(pddgpu_pool_backend_alloc, backend, gfp, order, mem);

	if (pddgpu_inject(PDDGPU_INJECT_POOL_ALLOC))
		return -ENOMEM;

	*mem = (struct pddgpu_pool_memory) { .order = order };
	if (pool_backend_uses_dma_alloc(backend))
		return pool_dma_alloc(backend, gfp, mem);

	mem->page = alloc_pages_node(backend->nid, gfp, order);
	return mem->page ? 0 : -ENOMEM;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_backend_alloc);

void pddgpu_pool_backend_free(const struct pddgpu_pool_backend *backend,
			      const struct pddgpu_pool_memory *mem)
{
	KUNIT_STATIC_STUB_REDIRECT(pddgpu_pool_backend_free, backend, mem);

	if (pool_backend_uses_dma_alloc(backend))
		dma_free_attrs(backend->dev, PAGE_SIZE << mem->order, mem->vaddr, mem->addr,
			       DMA_ATTR_FORCE_CONTIGUOUS);
	else
		__free_pages(mem->page, mem->order);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_backend_free);

/* --- DMA addresses --- */

int pddgpu_pool_backend_map(const struct pddgpu_pool_backend *backend,
			    const struct pddgpu_pool_memory *mem, struct page *page,
			    unsigned int order, dma_addr_t *addr)
{
	KUNIT_STATIC_STUB_REDIRECT(pddgpu_pool_backend_map, backend, mem, page, order, addr);

	if (pool_backend_uses_dma_alloc(backend)) {
		*addr = mem->addr + (page - mem->page) * PAGE_SIZE;
		return 0;
	}

	if (pddgpu_inject(PDDGPU_INJECT_POOL_MAP))
		return -ENOMEM;
	*addr = dma_map_page(backend->dev, page, 0, PAGE_SIZE << order, DMA_BIDIRECTIONAL);
	return dma_mapping_error(backend->dev, *addr);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_backend_map);

void pddgpu_pool_backend_unmap(const struct pddgpu_pool_backend *backend, dma_addr_t addr,
			       unsigned int order)
{
	KUNIT_STATIC_STUB_REDIRECT(pddgpu_pool_backend_unmap, backend, addr, order);

	if (!pool_backend_uses_dma_alloc(backend))
		dma_unmap_page(backend->dev, addr, PAGE_SIZE << order, DMA_BIDIRECTIONAL);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_backend_unmap);

/* --- Caching attributes --- */

int pddgpu_pool_backend_set_caching(const struct pddgpu_pool_memory *mem,
				    enum ttm_caching caching)
{
	KUNIT_STATIC_STUB_REDIRECT(pddgpu_pool_backend_set_caching, mem, caching);

	if (pddgpu_inject(PDDGPU_INJECT_POOL_CACHING))
		return -ENOMEM;

	/* Elsewhere the kernel's own mapping may stay cached: TTM's rule, see ttm_pool.c */
#ifdef CONFIG_X86
	switch (caching) {
	case ttm_cached:
		return set_memory_wb((unsigned long)page_address(mem->page), BIT(mem->order));
	case ttm_write_combined:
		return set_memory_wc((unsigned long)page_address(mem->page), BIT(mem->order));
	case ttm_uncached:
		return set_memory_uc((unsigned long)page_address(mem->page), BIT(mem->order));
	}
#endif
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_backend_set_caching);
