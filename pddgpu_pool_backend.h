/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_POOL_BACKEND_H_
#define _PDDGPU_POOL_BACKEND_H_

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/kconfig.h>
#include <linux/mmzone.h>
#include <linux/types.h>

#include <drm/ttm/ttm_caching.h>

struct device;
struct drm_printer;
struct page;

/* The largest piece: 2 MiB, what a GPU page table gains from, or what the system has */
#define PDDGPU_POOL_MAX_ORDER		(MAX_PAGE_ORDER < 21 - PAGE_SHIFT ? MAX_PAGE_ORDER : \
					 21 - PAGE_SHIFT)
#define PDDGPU_POOL_NUM_ORDERS		(PDDGPU_POOL_MAX_ORDER + 1)

/* Flags of pddgpu_pool_backend_init() */
#define PDDGPU_POOL_DMA_ALLOC		BIT(0)	/* dma_alloc_attrs(), not alloc_pages() */
#define PDDGPU_POOL_DMA32		BIT(1)	/* pages below 4 GiB */

/**
 * struct pddgpu_pool_backend - where the memory of a pool comes from, and whom it is mapped for
 *
 * Constant but for the last three, and those need no lock.  It does not move.
 */
struct pddgpu_pool_backend {
	/** @dev: device that memory is mapped for, or NULL */
	struct device *dev;
	/** @flags: PDDGPU_POOL_* */
	unsigned int flags;
	/** @nid: NUMA node to allocate from */
	int nid;
	/** @max_order: of the largest chunk that @dev can map */
	unsigned int max_order;
	/** @dma_limit: bytes of DMA addresses that may be in use, U64_MAX for no limit */
	u64 dma_limit;
	/** @dma_used: bytes in use, if there is a limit; of all backends that share them */
	atomic64_t *dma_used;
	/** @dma_own: what @dma_used is where nobody shares them */
	atomic64_t dma_own;
	/** @dma_told: that there are no more addresses was said */
	atomic_t dma_told;
};

/**
 * pddgpu_pool_backend_init() - Choose where memory comes from
 * @backend: filled in; holds nothing that would have to be given back
 * @dev: device that it is mapped for, or NULL: never mapped
 * @flags: PDDGPU_POOL_*
 *
 * Return: 0, -EINVAL for unknown flags or DMA_ALLOC without a device.
 */
int pddgpu_pool_backend_init(struct pddgpu_pool_backend *backend, struct device *dev,
			     unsigned int flags);

/**
 * pddgpu_pool_backend_print() - What was chosen, and DMA addresses in use
 * @backend: the backend
 * @p: where to
 */
void pddgpu_pool_backend_print(const struct pddgpu_pool_backend *backend, struct drm_printer *p);

/**
 * struct pddgpu_pool_memory - what the system gave in one piece
 */
struct pddgpu_pool_memory {
	/** @page: the first page */
	struct page *page;
	/** @vaddr: what to free it by, with dma_alloc_attrs() */
	void *vaddr;
	/** @addr: its DMA address, with dma_alloc_attrs() */
	dma_addr_t addr;
	/** @order: it has 2^order pages */
	unsigned int order;
};

/**
 * pddgpu_pool_backend_alloc() - Get memory from the system
 * @backend: the backend
 * @gfp: how a single page would be asked for; with __GFP_HIGHMEM if it may do
 *       without a kernel mapping, without __GFP_DIRECT_RECLAIM if nobody's memory
 *       shall be reclaimed for it
 * @order: how much, 2^order pages, up to &pddgpu_pool_backend.max_order
 * @mem: filled in, for pddgpu_pool_backend_free()
 *
 * May sleep.  Memory is reclaimed for single pages and, in one try, for the largest
 * order.
 *
 * Return: 0 with pages that are write-back cached and not mapped, their lru and
 * private fields the caller's; -ENOSPC if there is memory but no DMA addresses for it,
 * which giving memory back may change; or -ENOMEM.
 */
int pddgpu_pool_backend_alloc(struct pddgpu_pool_backend *backend, gfp_t gfp,
			      unsigned int order, struct pddgpu_pool_memory *mem);

/**
 * pddgpu_pool_backend_free() - Give memory back to the system
 * @backend: where it came from
 * @mem: write-back cached, not mapped, on no list, private fields zero
 */
void pddgpu_pool_backend_free(struct pddgpu_pool_backend *backend,
			      const struct pddgpu_pool_memory *mem);

/**
 * pddgpu_pool_backend_map() - Map a part of it for DMA, in both directions
 * @backend: where it came from; has a device
 * @mem: the memory
 * @page: the part's first page
 * @order: the part's order
 * @addr: set to the DMA address of its first byte
 *
 * Return: 0, to be undone by pddgpu_pool_backend_unmap(), or -ENOMEM, also if there
 * are no DMA addresses left.
 */
int pddgpu_pool_backend_map(struct pddgpu_pool_backend *backend,
			    const struct pddgpu_pool_memory *mem, struct page *page,
			    unsigned int order, dma_addr_t *addr);

/**
 * pddgpu_pool_backend_unmap() - Undo pddgpu_pool_backend_map()
 * @backend: where the part came from
 * @addr: its DMA address
 * @order: its order
 */
void pddgpu_pool_backend_unmap(struct pddgpu_pool_backend *backend, dma_addr_t addr,
			       unsigned int order);

/**
 * pddgpu_pool_backend_set_caching() - Change the caching attributes of memory
 * @mem: all of it changes; write-back cached, or to become so
 * @caching: what it becomes
 *
 * May sleep.  Flushes all TLBs: the more pages at once the better.
 *
 * Return: 0, or the error of the architecture, after which some may be changed.
 */
int pddgpu_pool_backend_set_caching(const struct pddgpu_pool_memory *mem,
				    enum ttm_caching caching);

#endif
