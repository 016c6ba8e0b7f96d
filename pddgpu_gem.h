/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_GEM_H_
#define _PDDGPU_GEM_H_

struct drm_device;
struct drm_file;
struct drm_gem_object;
struct drm_gem_object_funcs;
struct drm_printer;
struct pddgpu_bo;

/* What GEM calls for each buffer of the driver, pinned ones included */
extern const struct drm_gem_object_funcs pddgpu_gem_funcs;

/**
 * pddgpu_gem_next() - Walk a client's buffers
 * @file: the client
 * @handle: lowest handle to return; set to the one returned
 *
 * Return: a buffer, a GEM reference, or NULL at the end.
 */
struct pddgpu_bo *pddgpu_gem_next(struct drm_file *file, int *handle);

/**
 * pddgpu_show_fdinfo() - Memory that a client uses, for &drm_driver.show_fdinfo
 * @p: where to
 * @file: the client
 *
 * Each buffer counts in the region where it is: "vram", "gtt", "system", or one of the
 * on-chip heaps.  One that has no memory yet, or is swapped out, is not resident.
 */
void pddgpu_show_fdinfo(struct drm_printer *p, struct drm_file *file);

int pddgpu_gem_create_ioctl(struct drm_device *dev, void *data, struct drm_file *file);
int pddgpu_gem_mmap_ioctl(struct drm_device *dev, void *data, struct drm_file *file);
int pddgpu_gem_info_ioctl(struct drm_device *dev, void *data, struct drm_file *file);
int pddgpu_gem_wait_ioctl(struct drm_device *dev, void *data, struct drm_file *file);
int pddgpu_gem_madvise_ioctl(struct drm_device *dev, void *data, struct drm_file *file);

#endif
