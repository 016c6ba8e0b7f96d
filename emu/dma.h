/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * DOC: Guest memory
 *
 * The VMM passes its memory as file descriptors with DMA_MAP.  Each becomes a
 * window that engines read and write directly.  Windows change only while every
 * engine stands still (see engine_quiesce()), so that a look-up takes no lock.
 */
#ifndef EMU_DMA_H
#define EMU_DMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DMA_MAX_WINDOWS	1024
#define DMA_PAGE_SIZE	4096

/**
 * struct dma_window - one range of bus addresses
 * @iova: first bus address, page-aligned
 * @size: bytes, a multiple of the page size
 * @host: where it is mapped here; NULL if the VMM passed no descriptor, which
 *	makes it a range that exists and cannot be reached
 * @writable: the card may write to it
 */
struct dma_window {
	uint64_t iova;
	uint64_t size;
	uint8_t *host;
	bool writable;
};

/**
 * struct dma - all of guest memory that the card may reach
 * @windows: sorted by @iova, disjoint
 * @count: windows in use
 * @bits: width of the card's bus addresses, 32..52
 */
struct dma {
	struct dma_window windows[DMA_MAX_WINDOWS];
	unsigned int count;
	unsigned int bits;
};

/**
 * dma_map() - Add a window
 * @dma: the windows; no engine may be running
 * @window: range and permission; @window->host is ignored
 * @fd: memory to map, -1 if there is none; the caller keeps it
 * @offset: where in @fd the window begins, bytes, page-aligned
 *
 * Return: 0; -EINVAL if misaligned, empty, wrapping or beyond the end of @fd;
 * -EEXIST if it overlaps a window; -ENOSPC if there are too many; or what
 * mmap() said.
 */
int dma_map(struct dma *dma, const struct dma_window *window, int fd, uint64_t offset);

/**
 * dma_unmap() - Drop a window
 * @dma: the windows; no engine may be running
 * @iova: its first bus address
 * @size: its bytes
 *
 * Return: 0, or -ENOENT if no window has exactly this range.
 */
int dma_unmap(struct dma *dma, uint64_t iova, uint64_t size);

/**
 * dma_unmap_all() - Drop every window
 * @dma: the windows; no engine may be running
 */
void dma_unmap_all(struct dma *dma);

/**
 * dma_host() - Find where a bus address is mapped
 * @dma: the windows; the caller is a running engine
 * @bus: bus address
 * @write: the access is a write
 * @size: bytes wanted; on return the bytes that follow in the same window, at
 *	most those wanted
 *
 * Return: a pointer that is good until the engine next lets itself be stopped,
 * or NULL if no window lets the card do that.
 */
uint8_t *dma_host(const struct dma *dma, uint64_t bus, bool write, size_t *size);

#endif
