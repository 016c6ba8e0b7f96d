// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/iommu.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/swiotlb.h>
#include <linux/vmalloc.h>

#ifdef CONFIG_X86
#include <asm/set_memory.h>
#endif

#include <drm/drm_print.h>

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
 * DMA addresses may be fewer than memory: those of an IOMMU that a device with few
 * bits sees, or bounce buffers.  Others need some, too, and who finds none fails in
 * ways of its own.  So pools take half of them at most, and say so once a device;
 * what is mapped then counts as it comes and goes.  Of bounce buffers all cards have
 * the same, so there is one count for them.  Where there are addresses for all of
 * memory nothing is counted.
 *
 * Caching attributes are those of the kernel's own mapping.  They change for a whole
 * piece in one call, by address range: when that is 2 MiB, the kernel's mapping need
 * not be split, which it would stay, and which set_pages_array_*() always does.
 */

/* Of the DMA addresses that there are, buffers may have one in so many */
#define POOL_DMA_SHARE	2

/* Bytes of bounce buffers that all cards' pools have */
static atomic64_t pool_bounced = ATOMIC64_INIT(0);

static bool pool_backend_uses_dma_alloc(const struct pddgpu_pool_backend *backend)
{
	return backend->flags & PDDGPU_POOL_DMA_ALLOC;
}

/* Mapping may then mean copying, and there is an end to what can be mapped in one piece */
static bool pool_backend_bounces(const struct pddgpu_pool_backend *backend)
{
	return backend->dev && !pool_backend_uses_dma_alloc(backend) &&
	       dma_max_mapping_size(backend->dev) < SIZE_MAX;
}

/* What a buffer gets is mapped in one piece */
static unsigned int pool_backend_max_order(const struct pddgpu_pool_backend *backend)
{
	size_t max;

	if (!pool_backend_bounces(backend))
		return PDDGPU_POOL_MAX_ORDER;

	max = max(dma_max_mapping_size(backend->dev), PAGE_SIZE);
	return min(ilog2(max) - PAGE_SHIFT, PDDGPU_POOL_MAX_ORDER);
}

/* --- DMA addresses, if there are few --- */

/* Those that its IOMMU hands out to a device, as iommu_dma_alloc_iova() has it */
static u64 pool_iommu_bytes(struct device *dev)
{
	u64 last = U64_MAX;
#ifdef CONFIG_IOMMU_API
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	if (domain && iommu_is_dma_domain(domain)) {
		last = min_not_zero(dma_get_mask(dev), dev->bus_dma_limit);
		if (domain->geometry.force_aperture)
			last = min(last, domain->geometry.aperture_end);
	}
#endif
	return last;
}

/* No function tells how large they are */
static u64 pool_bounce_bytes(struct device *dev)
{
#ifdef CONFIG_SWIOTLB
	if (dev->dma_io_tlb_mem)
		return (u64)dev->dma_io_tlb_mem->nslabs << IO_TLB_SHIFT;
#endif
	return U64_MAX;
}

static void pool_backend_init_dma(struct pddgpu_pool_backend *backend)
{
	u64 bytes = U64_MAX;

	atomic64_set(&backend->dma_own, 0);
	atomic_set(&backend->dma_told, 0);
	backend->dma_used = &backend->dma_own;
	if (backend->dev)
		bytes = pool_iommu_bytes(backend->dev);
	if (pool_backend_bounces(backend)) {
		bytes = min(bytes, pool_bounce_bytes(backend->dev));
		backend->dma_used = &pool_bounced;
	}

	backend->dma_limit = bytes / POOL_DMA_SHARE;
	if (backend->dma_limit >> PAGE_SHIFT >= totalram_pages())
		backend->dma_limit = U64_MAX;
}

static bool pool_dma_is_limited(const struct pddgpu_pool_backend *backend)
{
	return backend->dma_limit != U64_MAX;
}

/* Take some, before anything is mapped; false if there are no more */
static bool pool_dma_take(struct pddgpu_pool_backend *backend, unsigned int order)
{
	s64 bytes = PAGE_SIZE << order, used;

	if (!pool_dma_is_limited(backend))
		return true;

	used = atomic64_read(backend->dma_used);
	do {
		if (used + bytes > backend->dma_limit)
			return false;
	} while (!atomic64_try_cmpxchg(backend->dma_used, &used, used + bytes));

	return true;
}

static void pool_dma_return(struct pddgpu_pool_backend *backend, unsigned int order)
{
	if (pool_dma_is_limited(backend))
		atomic64_sub(PAGE_SIZE << order, backend->dma_used);
}

static void pool_dma_tell(struct pddgpu_pool_backend *backend)
{
	if (!atomic_xchg(&backend->dma_told, 1))
		dev_warn(backend->dev,
			 "buffers have all %llu MiB of DMA addresses that they may; %s gives more\n",
			 backend->dma_limit >> 20,
			 backend->dma_used == &pool_bounced ? "a larger swiotlb=" : "iommu=pt");
}

/* --- What kind it is --- */

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
	pool_backend_init_dma(backend);
	return 0;
}

void pddgpu_pool_backend_print(const struct pddgpu_pool_backend *backend, struct drm_printer *p)
{
	drm_printf(p, "backend: %s\n",
		   pool_backend_uses_dma_alloc(backend) ? "dma_alloc" : "alloc_pages");
	if (pool_dma_is_limited(backend))
		drm_printf(p, "dma_addresses: used %llu of %llu bytes\n",
			   (u64)atomic64_read(backend->dma_used), backend->dma_limit);
	else
		drm_puts(p, "dma_addresses: for all of memory\n");
}

/* --- From the system and back --- */

static int pool_dma_alloc(struct pddgpu_pool_backend *backend, gfp_t gfp,
			  struct pddgpu_pool_memory *mem)
{
	unsigned long attrs = DMA_ATTR_FORCE_CONTIGUOUS | (mem->order ? DMA_ATTR_NO_WARN : 0);

	if (!pool_dma_take(backend, mem->order)) {
		/* A smaller piece may do */
		if (!mem->order)
			pool_dma_tell(backend);
		return -ENOSPC;
	}

	mem->vaddr = dma_alloc_attrs(backend->dev, PAGE_SIZE << mem->order, &mem->addr, gfp,
				     attrs);
	if (!mem->vaddr) {
		pool_dma_return(backend, mem->order);
		return -ENOMEM;
	}

	/* TTM maps pages, not DMA memory: as long as it does, this is how it gets them */
	if (is_vmalloc_addr(mem->vaddr))
		mem->page = vmalloc_to_page(mem->vaddr);
	else
		mem->page = virt_to_page(mem->vaddr);
	return 0;
}

static void pool_dma_free(struct pddgpu_pool_backend *backend,
			  const struct pddgpu_pool_memory *mem)
{
	dma_free_attrs(backend->dev, PAGE_SIZE << mem->order, mem->vaddr, mem->addr,
		       DMA_ATTR_FORCE_CONTIGUOUS);
	pool_dma_return(backend, mem->order);
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

int pddgpu_pool_backend_alloc(struct pddgpu_pool_backend *backend, gfp_t gfp,
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

void pddgpu_pool_backend_free(struct pddgpu_pool_backend *backend,
			      const struct pddgpu_pool_memory *mem)
{
	KUNIT_STATIC_STUB_REDIRECT(pddgpu_pool_backend_free, backend, mem);

	if (pool_backend_uses_dma_alloc(backend))
		pool_dma_free(backend, mem);
	else
		__free_pages(mem->page, mem->order);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_backend_free);

/* --- Mapping --- */

static int pool_map_page(struct pddgpu_pool_backend *backend, struct page *page,
			 unsigned int order, dma_addr_t *addr)
{
	if (!pool_dma_take(backend, order)) {
		pool_dma_tell(backend);
		return -ENOMEM;
	}

	*addr = dma_map_page(backend->dev, page, 0, PAGE_SIZE << order, DMA_BIDIRECTIONAL);
	if (!dma_mapping_error(backend->dev, *addr))
		return 0;

	pool_dma_return(backend, order);
	return -ENOMEM;
}

int pddgpu_pool_backend_map(struct pddgpu_pool_backend *backend,
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
	return pool_map_page(backend, page, order, addr);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_pool_backend_map);

void pddgpu_pool_backend_unmap(struct pddgpu_pool_backend *backend, dma_addr_t addr,
			       unsigned int order)
{
	KUNIT_STATIC_STUB_REDIRECT(pddgpu_pool_backend_unmap, backend, addr, order);

	if (pool_backend_uses_dma_alloc(backend))
		return;

	dma_unmap_page(backend->dev, addr, PAGE_SIZE << order, DMA_BIDIRECTIONAL);
	pool_dma_return(backend, order);
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
