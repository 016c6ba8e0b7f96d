/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_POOL_CHUNK_H_
#define _PDDGPU_POOL_CHUNK_H_

#include <linux/bits.h>
#include <linux/kconfig.h>
#include <linux/mmzone.h>
#include <linux/types.h>

#include <drm/ttm/ttm_caching.h>

struct device;
struct list_head;
struct page;

/* The largest chunk: 2 MiB, what a GPU page table gains from, or what the system has */
#define PDDGPU_POOL_MAX_ORDER		(MAX_PAGE_ORDER < 21 - PAGE_SHIFT ? MAX_PAGE_ORDER : \
					 21 - PAGE_SHIFT)
#define PDDGPU_POOL_NUM_ORDERS		(PDDGPU_POOL_MAX_ORDER + 1)

/* Flags of pddgpu_pool_backend_init() */
#define PDDGPU_POOL_DMA_ALLOC		BIT(0)	/* dma_alloc_attrs(), not alloc_pages() */
#define PDDGPU_POOL_DMA32		BIT(1)	/* pages below 4 GiB */

/**
 * struct pddgpu_pool_backend - where the chunks of a pool come from, and whom they are mapped for
 *
 * Constant, so it needs no lock.
 */
struct pddgpu_pool_backend {
	/** @dev: device that chunks are mapped for, or NULL */
	struct device *dev;
	/** @flags: PDDGPU_POOL_* */
	unsigned int flags;
	/** @nid: NUMA node to allocate from */
	int nid;
	/** @max_order: of the largest chunk that @dev can map */
	unsigned int max_order;
};

/**
 * pddgpu_pool_backend_init() - Choose where chunks come from
 * @backend: filled in; holds nothing that would have to be given back
 * @dev: device that they are mapped for, or NULL: never mapped
 * @flags: PDDGPU_POOL_*
 *
 * Return: 0, -EINVAL for unknown flags or DMA_ALLOC without a device.
 */
int pddgpu_pool_backend_init(struct pddgpu_pool_backend *backend, struct device *dev,
			     unsigned int flags);

/**
 * pddgpu_pool_chunk_alloc() - Get a chunk from the system
 * @backend: the backend
 * @gfp: how a single page would be asked for; with __GFP_HIGHMEM if it may do
 *       without a kernel mapping
 * @order: how large, 2^order pages, up to &pddgpu_pool_backend.max_order
 *
 * May sleep.  Memory is reclaimed for single pages and, in one try, for the largest
 * order.
 *
 * Return: the first page, for pddgpu_pool_chunk_free(), write-back cached and not
 * mapped; its lru is the caller's, its private field is not.  NULL if there is none.
 */
struct page *pddgpu_pool_chunk_alloc(const struct pddgpu_pool_backend *backend, gfp_t gfp,
				     unsigned int order);

/**
 * pddgpu_pool_chunk_free() - Give a chunk back to the system
 * @backend: where it came from
 * @page: its first page; write-back cached, not mapped, on no list
 * @order: its order
 */
void pddgpu_pool_chunk_free(const struct pddgpu_pool_backend *backend, struct page *page,
			    unsigned int order);

/**
 * pddgpu_pool_chunk_order() - How large a chunk is
 * @backend: where it came from
 * @page: its first page
 *
 * Return: the order that it was allocated with.
 */
unsigned int pddgpu_pool_chunk_order(const struct pddgpu_pool_backend *backend,
				     const struct page *page);

/**
 * pddgpu_pool_chunk_map() - Map a chunk for DMA, in both directions
 * @backend: where it came from; has a device
 * @page: its first page
 * @order: its order
 * @addr: set to the DMA address of the first byte
 *
 * Return: 0, to be undone by pddgpu_pool_chunk_unmap(), or -ENOMEM.
 */
int pddgpu_pool_chunk_map(const struct pddgpu_pool_backend *backend, struct page *page,
			  unsigned int order, dma_addr_t *addr);

/**
 * pddgpu_pool_chunk_unmap() - Undo pddgpu_pool_chunk_map()
 * @backend: where the chunk came from
 * @addr: its DMA address
 * @order: its order
 */
void pddgpu_pool_chunk_unmap(const struct pddgpu_pool_backend *backend, dma_addr_t addr,
			     unsigned int order);

/**
 * pddgpu_pool_chunk_clear() - Fill a chunk with zeroes, by CPU
 * @page: its first page
 * @order: its order
 *
 * May sleep.
 */
void pddgpu_pool_chunk_clear(struct page *page, unsigned int order);

/**
 * pddgpu_pool_chunk_set_caching() - Change the caching attributes of pages
 * @pages: the pages of some chunks; write-back cached, or to become so
 * @num_pages: how many there are
 * @caching: what they become
 *
 * May sleep.  Flushes all TLBs: the more pages at once the better.
 *
 * Return: 0, or the error of the architecture, after which some may be changed.
 */
int pddgpu_pool_chunk_set_caching(struct page **pages, unsigned int num_pages,
				  enum ttm_caching caching);

/**
 * pddgpu_pool_chunk_restore_all() - Put chunks back to write-back
 * @chunks: their first pages, linked by their lru
 * @order: the order of all of them
 *
 * May sleep.
 *
 * Return: 0, or the error of the architecture, after which some may be changed.
 */
int pddgpu_pool_chunk_restore_all(struct list_head *chunks, unsigned int order);

#if IS_ENABLED(CONFIG_KUNIT)
/* One of them; tests replace it, and most of the above, to see or fail what is done to pages */
int pddgpu_pool_chunk_restore(struct page *page, unsigned int order);
#endif

#endif
