/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_POOL_BLOCK_H_
#define _PDDGPU_POOL_BLOCK_H_

#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "pddgpu_pool_backend.h"

struct pddgpu_pool;

#define PDDGPU_POOL_NUM_CACHING		3	/* enum ttm_caching */
#define PDDGPU_POOL_CARVE		16	/* chunks that one is carved into, at most */

/* What is known of the contents of a chunk */
enum pddgpu_pool_contents {
	PDDGPU_POOL_DIRTY,	/* anything, another client's data included */
	PDDGPU_POOL_CLEAN,	/* zeroes */
	PDDGPU_POOL_NUM_CONTENTS,
};

/* How much of its block a free chunk is */
enum pddgpu_pool_share {
	PDDGPU_POOL_PART,	/* the rest is in use, or has other contents */
	PDDGPU_POOL_WHOLE,	/* all: it may go back to the system */
	PDDGPU_POOL_NUM_SHARES,
};

/**
 * struct pddgpu_pool_block - memory of a pool, as it came from the system
 */
struct pddgpu_pool_block {
	/** @mem: the memory; constant */
	struct pddgpu_pool_memory mem;
	/** @heap: where it belongs, whether it is there or not; constant */
	struct pddgpu_pool_heap *heap;
	/** @num_free: free pages, by the heap's lock */
	u32 num_free;
	/** @link: in the heap's mixed blocks, by its lock */
	struct list_head link;
	/** @fresh: no buffer that was populated had a part of it yet */
	bool fresh;
	/**
	 * @map: what chunk starts at each page.  By the heap's lock, but for the
	 * contents of a chunk that is handed out, which are its owner's.
	 */
	u8 map[];
};

/**
 * struct pddgpu_pool_heap - the blocks of one caching mode on one NUMA node
 */
struct pddgpu_pool_heap {
	/** @pool: the pool; constant */
	struct pddgpu_pool *pool;
	/** @caching: the caching mode; constant */
	enum ttm_caching caching;
	/** @nid: the node; constant */
	int nid;
	/** @lock: protects the rest; innermost, nothing sleeps or allocates under it */
	spinlock_t lock;
	/** @chunks: first pages of free chunks, linked by their lru */
	struct list_head chunks[PDDGPU_POOL_NUM_ORDERS][PDDGPU_POOL_NUM_SHARES]
			       [PDDGPU_POOL_NUM_CONTENTS];
	/** @num: chunks on each of @chunks */
	unsigned long num[PDDGPU_POOL_NUM_ORDERS][PDDGPU_POOL_NUM_SHARES]
			 [PDDGPU_POOL_NUM_CONTENTS];
	/** @orders: those of which there are chunks, as a mask */
	unsigned long orders[PDDGPU_POOL_NUM_SHARES][PDDGPU_POOL_NUM_CONTENTS];
	/** @mixed: whole blocks of which a part is clean and another dirty, by their link */
	struct list_head mixed;
	/** @stuck: first pages of blocks with attributes that could not be put back */
	struct list_head stuck;
	/** @num_stuck: pages in @stuck */
	unsigned long num_stuck;
	/** @num_free: free pages, without @num_stuck and @num_cleaning */
	unsigned long num_free;
	/** @num_cleaning: pages that are being cleaned: not free, nor handed out */
	unsigned long num_cleaning;
	/** @num_whole: of which are in whole blocks */
	unsigned long num_whole;
	/** @out: chunks handed out, by order */
	unsigned long out[PDDGPU_POOL_NUM_ORDERS];
	/** @blocks: blocks, in use, free or stuck, by order */
	unsigned long blocks[PDDGPU_POOL_NUM_ORDERS];
	/** @splits: times that a chunk was halved */
	unsigned long splits;
	/** @merges: times that two halves became one */
	unsigned long merges;
};

/**
 * pddgpu_pool_heap_init() - Start without blocks
 * @heap: the heap, zeroed; holds nothing but blocks that would have to be given back
 * @pool: its pool
 * @nid: its node
 * @caching: its caching mode
 */
void pddgpu_pool_heap_init(struct pddgpu_pool_heap *heap, struct pddgpu_pool *pool, int nid,
			   enum ttm_caching caching);

/**
 * pddgpu_pool_block_create() - A block for memory from the system
 * @order: of the memory; that and the heap are for the caller to fill in
 *
 * Return: the block, for kfree() or pddgpu_pool_heap_add(), or NULL.
 */
struct pddgpu_pool_block *pddgpu_pool_block_create(unsigned int order);

/**
 * pddgpu_pool_heap_add() - Add a block to its heap, all of it free
 * @block: fresh, its memory in the heap's caching mode; the heap owns it until it is
 *         taken out
 * @contents: of all of it
 */
void pddgpu_pool_heap_add(struct pddgpu_pool_block *block, enum pddgpu_pool_contents contents);

/**
 * pddgpu_pool_heap_add_stuck() - Add a block that nobody may have to its heap
 * @block: not there; the heap owns it until it is taken out
 */
void pddgpu_pool_heap_add_stuck(struct pddgpu_pool_block *block);

/**
 * pddgpu_pool_heap_take() - Hand chunks out
 * @heap: the heap
 * @order: their order
 * @best: contents that are preferred
 * @pages: filled in: the pages of one chunk after the other
 * @max: how many chunks there is room for; only the first few are taken at once
 * @num_fresh: incremented by those from fresh blocks
 *
 * Splits larger chunks; those of blocks in use rather than whole blocks, the
 * smallest that will do, and among these those with the best contents.
 *
 * Return: the number of chunks, 0 if there are none.
 */
unsigned long pddgpu_pool_heap_take(struct pddgpu_pool_heap *heap, unsigned int order,
				    enum pddgpu_pool_contents best, struct page **pages,
				    unsigned long max, unsigned long *num_fresh);

/**
 * pddgpu_pool_heap_carve() - Hand out all of a chunk, in smaller ones
 * @heap: the heap
 * @order: their order
 * @best: contents that are preferred
 * @chunks: filled in: first pages of up to PDDGPU_POOL_CARVE chunks
 *
 * It is the chunk that pddgpu_pool_heap_take() would split for the first of them.  No
 * fresh block is touched, for it may have to go back as a whole.
 *
 * Return: the number of chunks, 0 if there are none.
 */
unsigned int pddgpu_pool_heap_carve(struct pddgpu_pool_heap *heap, unsigned int order,
				    enum pddgpu_pool_contents best, struct page **chunks);

/**
 * pddgpu_pool_heap_put_back() - Take chunks back from a magazine
 * @heap: theirs
 * @chunks: first pages, all of one order; their contents, too, are all as
 *          pddgpu_pool_chunk_is_clean() says of the first one
 * @num: how many there are
 *
 * Those side by side in memory, and in @chunks, are taken back in one go.
 */
void pddgpu_pool_heap_put_back(struct pddgpu_pool_heap *heap, struct page **chunks,
			       unsigned int num);

/**
 * pddgpu_pool_heap_put() - Take chunks of a buffer back, all of them dirty
 * @heap: that of the first one
 * @pages: the pages of one chunk after the other
 * @num_pages: how many pages that are
 *
 * Ends at a chunk of another heap, or after the first few.
 *
 * Return: how many pages were taken back.
 */
u32 pddgpu_pool_heap_put(struct pddgpu_pool_heap *heap, struct page **pages, u32 num_pages);

/**
 * pddgpu_pool_heap_unput() - Take chunks back that nobody had
 * @heap: that of the first one
 * @pages: the pages of one chunk after the other
 * @num_pages: how many pages that are
 * @fresh: first pages of whole blocks that are fresh are added by their lru; they
 *         are the caller's now
 *
 * Contents are as handed out, or as pddgpu_pool_chunk_clear() left them.  Ends as
 * pddgpu_pool_heap_put() does.
 *
 * Return: how many pages were taken back.
 */
u32 pddgpu_pool_heap_unput(struct pddgpu_pool_heap *heap, struct page **pages, u32 num_pages,
			   struct list_head *fresh);

/**
 * pddgpu_pool_heap_take_dirty() - Take dirty chunks out, to clean them
 * @heap: the heap
 * @chunks: filled in: their first pages
 * @max: how many chunks there is room for
 * @max_pages: how many pages they shall have, at least 1; the first chunk may have more
 *
 * The largest come first.
 *
 * Return: the number of chunks, 0 if there are none.
 */
unsigned int pddgpu_pool_heap_take_dirty(struct pddgpu_pool_heap *heap, struct page **chunks,
					 unsigned int max, u32 max_pages);

/**
 * pddgpu_pool_heap_put_cleaned() - Take chunks back that were to be cleaned
 * @heap: the heap
 * @chunks: first pages, from pddgpu_pool_heap_take_dirty(); clean if
 *          pddgpu_pool_chunk_is_clean() says so
 * @num: how many there are
 */
void pddgpu_pool_heap_put_cleaned(struct pddgpu_pool_heap *heap, struct page **chunks,
				  unsigned int num);

/**
 * pddgpu_pool_heap_whole_orders() - Of what orders there may be whole blocks
 * @heap: the heap
 *
 * Needs no lock, and may be told what was a moment ago.
 *
 * Return: the orders, as a mask.
 */
unsigned long pddgpu_pool_heap_whole_orders(const struct pddgpu_pool_heap *heap);

/**
 * pddgpu_pool_heap_take_blocks() - Take whole free blocks out, to give them back
 * @heap: the heap
 * @order: of the blocks
 * @contents: of the blocks
 * @max: how many to take at most
 * @blocks: their first pages are added, by their lru; they are the caller's now
 *
 * Return: how many there were.
 */
unsigned long pddgpu_pool_heap_take_blocks(struct pddgpu_pool_heap *heap, unsigned int order,
					   enum pddgpu_pool_contents contents, unsigned long max,
					   struct list_head *blocks);

/**
 * pddgpu_pool_heap_take_stuck() - Take the stuck blocks out, to try again
 * @heap: the heap
 * @blocks: their first pages are added, by their lru; they are the caller's now
 */
void pddgpu_pool_heap_take_stuck(struct pddgpu_pool_heap *heap, struct list_head *blocks);

/* Bytes of a block's map; 0 where no chunk starts */
#define PDDGPU_POOL_MAP_ORDER	GENMASK(3, 0)
#define PDDGPU_POOL_MAP_CLEAN	BIT(4)
#define PDDGPU_POOL_MAP_FREE	BIT(5)
#define PDDGPU_POOL_MAP_CHUNK	BIT(6)

/**
 * pddgpu_pool_chunk_block() - Where a chunk is from
 * @page: its first page
 *
 * Return: the block.
 */
static inline struct pddgpu_pool_block *pddgpu_pool_chunk_block(const struct page *page)
{
	return (struct pddgpu_pool_block *)page_private(page);
}

/**
 * pddgpu_pool_chunk_value() - What a block's map says of a chunk
 * @page: its first page
 *
 * Return: the byte in the map.
 */
static inline u8 *pddgpu_pool_chunk_value(const struct page *page)
{
	struct pddgpu_pool_block *block = pddgpu_pool_chunk_block(page);

	return &block->map[page - block->mem.page];
}

/**
 * pddgpu_pool_chunk_order() - How large a chunk is
 * @page: its first page
 *
 * Return: its order.
 */
static inline unsigned int pddgpu_pool_chunk_order(const struct page *page)
{
	return READ_ONCE(*pddgpu_pool_chunk_value(page)) & PDDGPU_POOL_MAP_ORDER;
}

/**
 * pddgpu_pool_chunk_is_clean() - Whether a chunk that is handed out was clean
 * @page: its first page
 *
 * Return: true if it held zeroes, which matters until its owner writes to it.
 */
static inline bool pddgpu_pool_chunk_is_clean(const struct page *page)
{
	return READ_ONCE(*pddgpu_pool_chunk_value(page)) & PDDGPU_POOL_MAP_CLEAN;
}

/**
 * pddgpu_pool_chunk_set_dirty() - Note that a chunk may hold anything
 * @page: its first page; the caller's
 */
static inline void pddgpu_pool_chunk_set_dirty(struct page *page)
{
	u8 *value = pddgpu_pool_chunk_value(page);

	WRITE_ONCE(*value, *value & ~PDDGPU_POOL_MAP_CLEAN);
}

/**
 * pddgpu_pool_chunk_set_clean() - Note that a chunk holds zeroes
 * @page: its first page; the caller's
 */
static inline void pddgpu_pool_chunk_set_clean(struct page *page)
{
	u8 *value = pddgpu_pool_chunk_value(page);

	WRITE_ONCE(*value, *value | PDDGPU_POOL_MAP_CLEAN);
}

/**
 * pddgpu_pool_chunk_fill() - Name all pages of a chunk
 * @page: its first page
 * @order: its order
 * @pages: filled in: its pages, one after the other
 */
void pddgpu_pool_chunk_fill(struct page *page, unsigned int order, struct page **pages);

/**
 * pddgpu_pool_chunk_clear() - Fill a chunk with zeroes, by CPU, and note so
 * @page: its first page; the caller's
 *
 * May sleep.
 */
void pddgpu_pool_chunk_clear(struct page *page);

#endif
