// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "pddgpu.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/sync_file.h>

#define RENDER_MINORS_START	128
#define RENDER_MINORS_END	192

int pdd_ioctl(int fd, unsigned long request, void *arg)
{
	return drmIoctl(fd, request, arg) ? -errno : 0;
}

static bool is_pddgpu(int fd)
{
	drmVersionPtr version = drmGetVersion(fd);
	bool yes = version && !strcmp(version->name, "pddgpu");

	drmFreeVersion(version);
	return yes;
}

/* The lowest render node from @minor up: looking for one that is not there is slow. */
static unsigned int next_minor(unsigned int minor)
{
	unsigned int n, lowest = RENDER_MINORS_END;
	DIR *dir = opendir("/dev/dri");
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (sscanf(entry->d_name, "renderD%u", &n) == 1 && n >= minor && n < lowest)
			lowest = n;
	if (dir)
		closedir(dir);
	return lowest;
}

/* Opens the first of our render nodes from @minor up; -1 if there is none. */
static int open_next(unsigned int *minor)
{
	char path[32];

	for (; (*minor = next_minor(*minor)) < RENDER_MINORS_END; ++*minor) {
		int fd;

		snprintf(path, sizeof(path), "/dev/dri/renderD%u", *minor);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd >= 0 && is_pddgpu(fd))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

unsigned int pdd_count(void)
{
	unsigned int minor = RENDER_MINORS_START, n = 0;
	int fd;

	for (; (fd = open_next(&minor)) >= 0; minor++, n++)
		close(fd);
	return n;
}

static int find_pci(struct pdd_dev *dev)
{
	char path[PATH_MAX], link[64];
	ssize_t len;

	snprintf(link, sizeof(link), "/sys/class/drm/renderD%u/device", dev->minor);
	len = readlink(link, path, sizeof(path) - 1);
	if (len < 0)
		return -errno;
	path[len] = 0;
	snprintf(dev->pci, sizeof(dev->pci), "%.31s", basename(path));
	return 0;
}

int pdd_open(struct pdd_dev *dev, unsigned int nth)
{
	struct drm_pddgpu_info info = {
		.query = DRM_PDDGPU_INFO_DEVICE,
		.size = sizeof(dev->info),
		.data = (uintptr_t)&dev->info,
	};
	int ret;

	memset(dev, 0, sizeof(*dev));
	for (dev->minor = RENDER_MINORS_START;; dev->minor++, nth--) {
		dev->fd = open_next(&dev->minor);
		if (dev->fd < 0)
			return -ENODEV;
		if (!nth)
			break;
		close(dev->fd);
	}
	ret = find_pci(dev);
	if (!ret)
		ret = pdd_ioctl(dev->fd, DRM_IOCTL_PDDGPU_INFO, &info);
	if (ret)
		pdd_close(dev);
	return ret;
}

void pdd_close(struct pdd_dev *dev)
{
	close(dev->fd);
	dev->fd = -1;
}

int pdd_memory(struct pdd_dev *dev, struct drm_pddgpu_info_memory *mem)
{
	struct drm_pddgpu_info info = {
		.query = DRM_PDDGPU_INFO_MEMORY,
		.size = sizeof(*mem),
		.data = (uintptr_t)mem,
	};

	return pdd_ioctl(dev->fd, DRM_IOCTL_PDDGPU_INFO, &info);
}

int pdd_engines(struct pdd_dev *dev, struct drm_pddgpu_info_engine engines[PDDGPU_NUM_ENGINES])
{
	const u32 size = PDDGPU_NUM_ENGINES * sizeof(*engines);
	struct drm_pddgpu_info info = {
		.query = DRM_PDDGPU_INFO_ENGINES,
		.size = size,
		.data = (uintptr_t)engines,
	};
	int ret = pdd_ioctl(dev->fd, DRM_IOCTL_PDDGPU_INFO, &info);

	return ret ? ret : info.size == size ? 0 : -EPROTO;
}

volatile u32 *pdd_registers(struct pdd_dev *dev)
{
	char path[80];
	void *map;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource%d", dev->pci,
		 PDDGPU_BAR_MMIO);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	map = mmap(NULL, PDDGPU_MMIO_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return map == MAP_FAILED ? NULL : map;
}

int pdd_debugfs(const struct pdd_dev *dev, const char *file, char *path, size_t size)
{
	snprintf(path, size, "/sys/kernel/debug/dri/%s/%s", dev->pci, file);
	if (!access(path, R_OK))
		return 0;
	snprintf(path, size, "/sys/kernel/debug/dri/%u/%s", dev->minor, file);
	return access(path, R_OK) ? -ENOENT : 0;
}

static int client_init(struct pdd_client *c)
{
	struct drm_pddgpu_vm_create vm = { 0 };
	int ret = pdd_ioctl(c->dev.fd, DRM_IOCTL_PDDGPU_VM_CREATE, &vm);

	if (ret)
		return ret;
	c->vm = vm.vm_id;
	c->va = round_up_to(c->dev.info.va_start + PDD_LARGE_PAGE, PDD_LARGE_PAGE);
	return pdd_ctx_create(c, &c->ctx);
}

int pdd_client_open(struct pdd_client *c, unsigned int nth)
{
	int ret;

	memset(c, 0, sizeof(*c));
	ret = pdd_open(&c->dev, nth);
	if (ret)
		return ret;
	ret = client_init(c);
	if (ret)
		pdd_client_close(c);
	return ret;
}

void pdd_client_close(struct pdd_client *c)
{
	pdd_close(&c->dev);
}

int pdd_ctx_create(struct pdd_client *c, u32 *ctx)
{
	struct drm_pddgpu_ctx_create create = { .vm_id = c->vm };
	int ret = pdd_ioctl(c->dev.fd, DRM_IOCTL_PDDGPU_CTX_CREATE, &create);

	*ctx = create.ctx_id;
	return ret;
}

int pdd_ctx_query(struct pdd_client *c, u32 ctx, struct drm_pddgpu_ctx_query *query)
{
	*query = (struct drm_pddgpu_ctx_query){ .ctx_id = ctx };
	return pdd_ioctl(c->dev.fd, DRM_IOCTL_PDDGPU_CTX_QUERY, query);
}

int pdd_bo_create(struct pdd_dev *dev, u64 size, u32 domains, u32 flags, struct pdd_bo *bo)
{
	struct drm_pddgpu_gem_create create = {
		.size = size,
		.domains = domains,
		.flags = flags,
	};
	int ret = pdd_ioctl(dev->fd, DRM_IOCTL_PDDGPU_GEM_CREATE, &create);

	*bo = (struct pdd_bo){ .handle = create.handle, .size = create.size };
	return ret;
}

int pdd_bo_new(struct pdd_client *c, u64 size, u32 domains, u32 flags, struct pdd_bo *bo)
{
	int ret = pdd_bo_create(&c->dev, size, domains, flags, bo);

	if (ret)
		return ret;
	bo->va = pdd_va(c, bo->size);
	ret = pdd_bind(c, bo, 0, bo->va, bo->size, 0);
	if (ret)
		pdd_bo_free(&c->dev, bo);
	return ret;
}

int pdd_bo_map(struct pdd_dev *dev, struct pdd_bo *bo)
{
	struct drm_pddgpu_gem_mmap arg = { .handle = bo->handle };
	int ret = pdd_ioctl(dev->fd, DRM_IOCTL_PDDGPU_GEM_MMAP, &arg);
	void *map;

	if (ret)
		return ret;
	map = mmap(NULL, bo->size, PROT_READ | PROT_WRITE, MAP_SHARED, dev->fd, arg.offset);
	if (map == MAP_FAILED)
		return -errno;
	bo->map = map;
	return 0;
}

void pdd_bo_unmap(struct pdd_bo *bo)
{
	if (bo->map)
		munmap(bo->map, bo->size);
	bo->map = NULL;
}

void pdd_bo_free(struct pdd_dev *dev, struct pdd_bo *bo)
{
	pdd_bo_unmap(bo);
	drmCloseBufferHandle(dev->fd, bo->handle);
	bo->handle = 0;
}

int pdd_bo_info(struct pdd_dev *dev, const struct pdd_bo *bo, struct drm_pddgpu_gem_info *info)
{
	*info = (struct drm_pddgpu_gem_info){ .handle = bo->handle };
	return pdd_ioctl(dev->fd, DRM_IOCTL_PDDGPU_GEM_INFO, info);
}

int pdd_bo_madvise(struct pdd_dev *dev, const struct pdd_bo *bo, u32 madv)
{
	struct drm_pddgpu_gem_madvise arg = { .handle = bo->handle, .madv = madv };
	int ret = pdd_ioctl(dev->fd, DRM_IOCTL_PDDGPU_GEM_MADVISE, &arg);

	return ret ? ret : (int)arg.retained;
}

int pdd_bo_wait(struct pdd_dev *dev, const struct pdd_bo *bo, u32 flags, u64 ns)
{
	struct drm_pddgpu_gem_wait wait = {
		.handle = bo->handle,
		.flags = flags,
		.timeout_ns = ns ? now_ns() + ns : 0,
	};

	return pdd_ioctl(dev->fd, DRM_IOCTL_PDDGPU_GEM_WAIT, &wait);
}

static int bind_one(struct pdd_client *c, struct drm_pddgpu_vm_bind_op *op)
{
	struct drm_pddgpu_vm_bind bind = {
		.vm_id = c->vm,
		.num_ops = 1,
		.op_stride = sizeof(*op),
		.ops = (uintptr_t)op,
	};

	return pdd_ioctl(c->dev.fd, DRM_IOCTL_PDDGPU_VM_BIND, &bind);
}

int pdd_bind(struct pdd_client *c, const struct pdd_bo *bo, u64 offset, u64 va, u64 range,
	     u32 flags)
{
	struct drm_pddgpu_vm_bind_op op = {
		.op = DRM_PDDGPU_VM_BIND_OP_MAP,
		.flags = flags,
		.handle = bo->handle,
		.bo_offset = offset,
		.addr = va,
		.range = range,
	};

	return bind_one(c, &op);
}

int pdd_unbind(struct pdd_client *c, u64 va, u64 range)
{
	struct drm_pddgpu_vm_bind_op op = {
		.op = DRM_PDDGPU_VM_BIND_OP_UNMAP,
		.addr = va,
		.range = range,
	};

	return bind_one(c, &op);
}

u64 pdd_va(struct pdd_client *c, u64 size)
{
	u64 va = c->va;

	/* One large page stays free behind it, so that overruns are seen. */
	c->va += round_up_to(size, PDD_LARGE_PAGE) + PDD_LARGE_PAGE;
	return va;
}

u32 pdd_syncobj(struct pdd_dev *dev)
{
	u32 handle;

	return drmSyncobjCreate(dev->fd, 0, &handle) ? 0 : handle;
}

int pdd_syncobj_wait(struct pdd_dev *dev, u32 handle, u64 ns)
{
	return drmSyncobjWait(dev->fd, &handle, 1, now_ns() + ns, 0, NULL);
}

int pdd_sync_file_status(int fd)
{
	struct sync_file_info info = { 0 };

	return drmIoctl(fd, SYNC_IOC_FILE_INFO, &info) ? -errno : info.status;
}

int pdd_syncobj_status(struct pdd_dev *dev, u32 handle)
{
	int fd, ret;

	if (drmSyncobjExportSyncFile(dev->fd, handle, &fd))
		return -errno;
	ret = pdd_sync_file_status(fd);
	close(fd);
	return ret;
}
