/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * A thin layer over libdrm and the driver's ioctls, for the demo and the tests.
 * Functions return 0 or a negative errno unless they say otherwise, and take
 * nothing away from the caller: what they hide can be done by hand beside them.
 */
#ifndef PDDGPU_H
#define PDDGPU_H

#include <xf86drm.h>

#include "pddgpu_drm.h"
#include "pddgpu_util.h"

#define BIT(n)			(1U << (n))
#define BIT_ULL(n)		(1ULL << (n))
#define GENMASK(h, l)		((~0U >> (31 - (h))) & (~0U << (l)))
#define GENMASK_ULL(h, l)	((~0ULL >> (63 - (h))) & (~0ULL << (l)))
#include "pddgpu_regs.h"

#define PDD_PAGE		4096ULL
#define PDD_LARGE_PAGE		(2 * MIB)
#define PDD_WAIT_NS		30000000000ULL /* longer than any sound job takes */

#define VRAM			DRM_PDDGPU_DOMAIN_VRAM
#define GTT			DRM_PDDGPU_DOMAIN_GTT

/**
 * struct pdd_dev - an open card
 * @fd: the DRM file of its render node
 * @minor: minor number of the render node
 * @pci: PCI address, as sysfs writes it
 * @info: answer to DRM_PDDGPU_INFO_DEVICE
 */
struct pdd_dev {
	int fd;
	unsigned int minor;
	char pci[32];
	struct drm_pddgpu_info_device info;
};

/**
 * struct pdd_client - an open card with an address space and a context
 * @dev: the card
 * @vm: id of the address space
 * @ctx: id of the context
 * @va: next free GPU virtual address, only ever goes up
 */
struct pdd_client {
	struct pdd_dev dev;
	u32 vm;
	u32 ctx;
	u64 va;
};

/**
 * struct pdd_bo - a buffer
 * @handle: GEM handle
 * @size: bytes
 * @va: where a client bound it, or 0
 * @map: where the CPU sees it, or NULL
 */
struct pdd_bo {
	u32 handle;
	u64 size;
	u64 va;
	void *map;
};

/**
 * pdd_ioctl() - drmIoctl() with the error as a return value
 * @fd: the DRM file
 * @request: DRM_IOCTL_PDDGPU_*
 * @arg: its structure
 *
 * Return: 0 or a negative errno.
 */
int pdd_ioctl(int fd, unsigned long request, void *arg);

/**
 * pdd_count() - How many cards there are
 *
 * Return: render nodes that the driver serves.
 */
unsigned int pdd_count(void);

/**
 * pdd_open() - Open a card
 * @dev: filled in
 * @nth: which, counting from 0
 *
 * Return: 0, -ENODEV if there are not so many, or what INFO gave.
 */
int pdd_open(struct pdd_dev *dev, unsigned int nth);

/**
 * pdd_close() - Close a card
 * @dev: the card
 */
void pdd_close(struct pdd_dev *dev);

/**
 * pdd_memory() - DRM_PDDGPU_INFO_MEMORY
 * @dev: the card
 * @mem: filled in
 *
 * Return: 0 or a negative errno.
 */
int pdd_memory(struct pdd_dev *dev, struct drm_pddgpu_info_memory *mem);

/**
 * pdd_engines() - DRM_PDDGPU_INFO_ENGINES
 * @dev: the card
 * @engines: filled in, one for each PDDGPU_ENGINE_*
 *
 * Return: 0, -EPROTO if the driver has another number of them, or a negative errno.
 */
int pdd_engines(struct pdd_dev *dev, struct drm_pddgpu_info_engine engines[PDDGPU_NUM_ENGINES]);

/**
 * pdd_registers() - Map the card's registers, past the driver
 * @dev: the card
 *
 * Needs root, and iomem=relaxed on the kernel's command line.
 *
 * Return: PDDGPU_MMIO_SIZE bytes of BAR2, never unmapped; NULL with errno set.
 */
volatile u32 *pdd_registers(struct pdd_dev *dev);

/**
 * pdd_debugfs() - Name of one of the card's debugfs files
 * @dev: the card
 * @file: the last part
 * @path: filled in
 * @size: bytes at @path
 *
 * Return: 0, or -ENOENT if there is none.
 */
int pdd_debugfs(const struct pdd_dev *dev, const char *file, char *path, size_t size);

/**
 * pdd_client_open() - Open a card and make an address space and a context
 * @c: filled in
 * @nth: which card
 *
 * Return: 0 or a negative errno.
 */
int pdd_client_open(struct pdd_client *c, unsigned int nth);

/**
 * pdd_client_close() - Close a client's card, and with it all it owned
 * @c: the client
 */
void pdd_client_close(struct pdd_client *c);

/**
 * pdd_ctx_create() - Make another context in a client's address space
 * @c: the client
 * @ctx: the new id
 *
 * Return: 0 or a negative errno.
 */
int pdd_ctx_create(struct pdd_client *c, u32 *ctx);

/**
 * pdd_ctx_query() - DRM_IOCTL_PDDGPU_CTX_QUERY
 * @c: the client
 * @ctx: id of the context
 * @query: filled in
 *
 * Return: 0 or a negative errno.
 */
int pdd_ctx_query(struct pdd_client *c, u32 ctx, struct drm_pddgpu_ctx_query *query);

/**
 * pdd_bo_create() - Create a buffer, bound and mapped nowhere
 * @dev: the card
 * @size: bytes
 * @domains: DRM_PDDGPU_DOMAIN_*
 * @flags: DRM_PDDGPU_GEM_*
 * @bo: filled in
 *
 * Return: 0 or a negative errno.
 */
int pdd_bo_create(struct pdd_dev *dev, u64 size, u32 domains, u32 flags, struct pdd_bo *bo);

/**
 * pdd_bo_new() - Create a buffer and bind it at a fresh address, large-page aligned
 * @c: the client
 * @size: bytes
 * @domains: DRM_PDDGPU_DOMAIN_*
 * @flags: DRM_PDDGPU_GEM_*
 * @bo: filled in
 *
 * Return: 0 or a negative errno.
 */
int pdd_bo_new(struct pdd_client *c, u64 size, u32 domains, u32 flags, struct pdd_bo *bo);

/**
 * pdd_bo_map() - Make a buffer visible to the CPU
 * @dev: the card
 * @bo: the buffer; its map is filled in
 *
 * Return: 0 or a negative errno.
 */
int pdd_bo_map(struct pdd_dev *dev, struct pdd_bo *bo);

/**
 * pdd_bo_unmap() - Undo pdd_bo_map(), if done
 * @bo: the buffer
 */
void pdd_bo_unmap(struct pdd_bo *bo);

/**
 * pdd_bo_free() - Unmap a buffer and close its handle
 * @dev: the card
 * @bo: the buffer
 */
void pdd_bo_free(struct pdd_dev *dev, struct pdd_bo *bo);

/**
 * pdd_bo_info() - DRM_IOCTL_PDDGPU_GEM_INFO
 * @dev: the card
 * @bo: the buffer
 * @info: filled in
 *
 * Return: 0 or a negative errno.
 */
int pdd_bo_info(struct pdd_dev *dev, const struct pdd_bo *bo, struct drm_pddgpu_gem_info *info);

/**
 * pdd_bo_wait() - DRM_IOCTL_PDDGPU_GEM_WAIT
 * @dev: the card
 * @bo: the buffer
 * @flags: DRM_PDDGPU_GEM_WAIT_*
 * @ns: how long from now, 0 to poll
 *
 * Return: 0, -ETIME, or another negative errno.
 */
int pdd_bo_wait(struct pdd_dev *dev, const struct pdd_bo *bo, u32 flags, u64 ns);

/**
 * pdd_bo_madvise() - DRM_IOCTL_PDDGPU_GEM_MADVISE
 * @dev: the card
 * @bo: the buffer
 * @madv: DRM_PDDGPU_MADV_*
 *
 * Return: 1 if it has its contents, 0 if it has lost them, or a negative errno.
 */
int pdd_bo_madvise(struct pdd_dev *dev, const struct pdd_bo *bo, u32 madv);

/**
 * pdd_bind() - Map a part of a buffer in a client's address space
 * @c: the client
 * @bo: the buffer
 * @offset: where in it, bytes
 * @va: GPU virtual address
 * @range: bytes
 * @flags: DRM_PDDGPU_VM_BIND_*
 *
 * Return: 0 or a negative errno.
 */
int pdd_bind(struct pdd_client *c, const struct pdd_bo *bo, u64 offset, u64 va, u64 range,
	     u32 flags);

/**
 * pdd_unbind() - Unmap a range of a client's address space
 * @c: the client
 * @va: GPU virtual address
 * @range: bytes
 *
 * Return: 0 or a negative errno.
 */
int pdd_unbind(struct pdd_client *c, u64 va, u64 range);

/**
 * pdd_va() - Reserve addresses that nothing else will use
 * @c: the client
 * @size: bytes
 *
 * Return: a large-page-aligned GPU virtual address.
 */
u64 pdd_va(struct pdd_client *c, u64 size);

/**
 * pdd_syncobj() - Create a syncobj that is not signalled
 * @dev: the card
 *
 * Return: its handle, or 0 with errno set.
 */
u32 pdd_syncobj(struct pdd_dev *dev);

/**
 * pdd_syncobj_wait() - Wait for a binary syncobj that has a fence
 * @dev: the card
 * @handle: the syncobj
 * @ns: how long from now
 *
 * Return: 0, -ETIME, or another negative errno.
 */
int pdd_syncobj_wait(struct pdd_dev *dev, u32 handle, u64 ns);

/**
 * pdd_sync_file_status() - How the fence in a sync file ended
 * @fd: the sync file
 *
 * Return: 1 if signalled well, 0 if not yet, or the fence's (negative) error.
 */
int pdd_sync_file_status(int fd);

/**
 * pdd_syncobj_status() - How the fence in a binary syncobj ended
 * @dev: the card
 * @handle: the syncobj
 *
 * Return: 1 if signalled well, 0 if not yet, or the fence's (negative) error.
 */
int pdd_syncobj_status(struct pdd_dev *dev, u32 handle);

#endif
