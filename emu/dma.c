// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "dma.h"

/* The first window that ends above @bus: the only one that can hold it. */
static unsigned int dma_search(const struct dma *dma, uint64_t bus)
{
	unsigned int low = 0, high = dma->count;

	while (low < high) {
		unsigned int mid = (low + high) / 2;
		const struct dma_window *w = &dma->windows[mid];

		/* Subtract, because a window may end at 2^64. */
		if (bus >= w->iova && bus - w->iova >= w->size)
			low = mid + 1;
		else if (bus >= w->iova)
			return mid;
		else
			high = mid;
	}
	return low;
}

static bool dma_range_valid(uint64_t start, uint64_t size)
{
	uint64_t unaligned = (start | size) & (DMA_PAGE_SIZE - 1);

	return size && !unaligned && start + (size - 1) >= start;
}

/*
 * A mapping beyond the end of its file is a SIGBUS that waits for its day, so
 * only files that have all of the bytes are taken.
 */
static int dma_map_host(struct dma_window *w, int fd, uint64_t offset)
{
	int prot = w->writable ? PROT_READ | PROT_WRITE : PROT_READ;
	struct stat st;
	void *host;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size < 0)
		return -EINVAL;
	if (offset & (DMA_PAGE_SIZE - 1) || offset > (uint64_t)st.st_size ||
	    w->size > (uint64_t)st.st_size - offset)
		return -EINVAL;
	host = mmap(NULL, w->size, prot, MAP_SHARED | MAP_NORESERVE, fd, (off_t)offset);
	if (host == MAP_FAILED)
		return -errno;
	w->host = host;
	return 0;
}

int dma_map(struct dma *dma, const struct dma_window *window, int fd, uint64_t offset)
{
	struct dma_window w = *window;
	unsigned int at;
	int ret;

	w.host = NULL;
	if (!dma_range_valid(w.iova, w.size))
		return -EINVAL;
	at = dma_search(dma, w.iova);
	if (at < dma->count && dma->windows[at].iova - w.iova < w.size)
		return -EEXIST;
	if (at < dma->count && dma->windows[at].iova <= w.iova)
		return -EEXIST;
	if (dma->count == DMA_MAX_WINDOWS)
		return -ENOSPC;
	if (fd >= 0) {
		ret = dma_map_host(&w, fd, offset);
		if (ret)
			return ret;
	}
	memmove(&dma->windows[at + 1], &dma->windows[at],
		(dma->count - at) * sizeof(w));
	dma->windows[at] = w;
	dma->count++;
	return 0;
}

static void dma_window_release(struct dma_window *w)
{
	if (w->host)
		munmap(w->host, w->size);
}

int dma_unmap(struct dma *dma, uint64_t iova, uint64_t size)
{
	unsigned int at = dma_search(dma, iova);
	struct dma_window *w = &dma->windows[at];

	if (at >= dma->count || w->iova != iova || w->size != size)
		return -ENOENT;
	dma_window_release(w);
	dma->count--;
	memmove(w, w + 1, (dma->count - at) * sizeof(*w));
	return 0;
}

void dma_unmap_all(struct dma *dma)
{
	while (dma->count)
		dma_window_release(&dma->windows[--dma->count]);
}

uint8_t *dma_host(const struct dma *dma, uint64_t bus, bool write, size_t *size)
{
	const struct dma_window *w;
	unsigned int at;

	if (bus >> dma->bits)
		return NULL;
	at = dma_search(dma, bus);
	if (at >= dma->count)
		return NULL;
	w = &dma->windows[at];
	if (bus < w->iova || !w->host || (write && !w->writable))
		return NULL;
	if (*size > w->size - (bus - w->iova))
		*size = w->size - (bus - w->iova);
	return w->host + (bus - w->iova);
}
