// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Steps of pddgpu-fuzz: buffers as the CPU sees them. */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ZERO_CHECK_MAX	(128 * KIB)
#define TOUCH_MAX	256

static struct fuzz_map *pick_map(struct fuzz *f)
{
	struct fuzz_map *map = &f->maps[fuzz_below(f, FUZZ_MAPS)];

	for (u32 i = 0; i < 3 && !map->at; i++)
		map = &f->maps[fuzz_below(f, FUZZ_MAPS)];
	return map;
}

static void unmap(struct fuzz *f, struct fuzz_map *map)
{
	if (!map->at)
		return;
	fuzz_begin(f, FUZZ_MUNMAP);
	fuzz_end(f, NULL, munmap(map->at, map->size) ? -errno : 0, FUZZ_GOOD);
	*map = (struct fuzz_map){ 0 };
}

/* --- mmap --------------------------------------------------------------- */

/* What a new buffer reads as.  Being out of memory is no crime. */
static void check_zero(struct fuzz *f, const u8 *at, u64 size)
{
	u64 page[PDD_PAGE / 8];

	for (u64 done = 0; done < size && done < ZERO_CHECK_MAX; done += PDD_PAGE) {
		fuzz_begin(f, FUZZ_TOUCH);
		if (fuzz_end(f, NULL, fuzz_guarded_copy(f, page, at + done, PDD_PAGE) ?
			     -EFAULT : 0, FUZZ_ANY))
			return;
		for (u32 i = 0; i < ARRAY_SIZE(page); i++)
			if (page[i])
				fuzz_fail(f, "a new buffer of %llu bytes has %#llx at byte %llu",
					  size, page[i], done + 8 * i);
	}
}

static void *map_at(struct fuzz *f, struct fuzz_file *file, u64 size, int prot, int flags,
		    u64 offset, enum fuzz_expect expect)
{
	void *at;

	fuzz_begin(f, FUZZ_MMAP);
	at = mmap(NULL, size, prot, flags, file->fd, offset);
	/* A file of no card has errors of its own. */
	if (at == MAP_FAILED && f->racy)
		return NULL;
	fuzz_end(f, file, at == MAP_FAILED ? -errno : 0, expect);
	return at == MAP_FAILED ? NULL : at;
}

void fuzz_map_bo(struct fuzz *f, struct fuzz_file *file, struct fuzz_bo *bo, bool fresh)
{
	struct drm_pddgpu_gem_mmap m = { .handle = bo->handle };
	struct fuzz_map *map = &f->maps[fuzz_below(f, FUZZ_MAPS)];
	enum fuzz_expect expect = bo->foreign ? FUZZ_ANY : FUZZ_GOOD;
	void *at;

	unmap(f, map);
	if (fuzz_ioctl(f, file, FUZZ_GEM_MMAP, &m, expect))
		return;
	at = map_at(f, file, bo->size, PROT_READ | PROT_WRITE, MAP_SHARED, m.offset, expect);
	if (!at)
		return;
	*map = (struct fuzz_map){ .at = at, .size = bo->size };
	if (fresh)
		check_zero(f, at, bo->size);
}

static void step_mmap(struct fuzz *f, struct fuzz_file *file)
{
	struct fuzz_bo *bo = fuzz_pick_bo(f, file);

	if (bo->handle && !(bo->flags & DRM_PDDGPU_GEM_NO_CPU_ACCESS))
		fuzz_map_bo(f, file, bo, false);
}

/* Offsets, sizes and kinds that are wrong, or not quite right. */
static void step_odd_mmap(struct fuzz *f, struct fuzz_file *file)
{
	struct fuzz_bo *bo = fuzz_pick_bo(f, file);
	struct drm_pddgpu_gem_mmap m = { .handle = bo->handle };
	struct fuzz_map *map = &f->maps[fuzz_below(f, FUZZ_MAPS)];
	u64 size = PDD_PAGE * (1 + fuzz_below(f, 64));
	void *at;

	unmap(f, map);
	fuzz_ioctl(f, file, FUZZ_GEM_MMAP, &m, FUZZ_ANY);
	if (fuzz_chance(f, 3))
		m.offset += PDD_PAGE * (s64)(fuzz_below(f, 5) - 2);
	else if (fuzz_chance(f, 3))
		m.offset = fuzz_odd(f) & 0x7ffffffff000;
	at = map_at(f, file, size, (int)fuzz_below(f, 8),
		    fuzz_chance(f, 4) ? MAP_PRIVATE : MAP_SHARED | (fuzz_chance(f, 4) ?
								    MAP_POPULATE : 0),
		    m.offset, FUZZ_ANY);
	if (at)
		*map = (struct fuzz_map){ .at = at, .size = size };
}

static void step_munmap(struct fuzz *f, struct fuzz_file *file)
{
	(void)file;
	unmap(f, pick_map(f));
}

/* --- What can be done to a mapping -------------------------------------- */

/* Some pages of a mapping; NULL if it picks none */
static u8 *pick_part(struct fuzz *f, u64 *size)
{
	struct fuzz_map *map = pick_map(f);
	u64 pages, first;

	if (!map->at)
		return NULL;
	pages = round_up_to(map->size, PDD_PAGE) / PDD_PAGE;
	first = fuzz_below(f, pages);
	*size = PDD_PAGE * (1 + fuzz_below(f, pages - first));
	return map->at + first * PDD_PAGE;
}

static void step_touch(struct fuzz *f, struct fuzz_file *file)
{
	struct fuzz_map *map = pick_map(f);
	u8 bytes[TOUCH_MAX];
	u64 at, size;
	int ret;

	(void)file;
	if (!map->at)
		return;
	for (u32 i = 0; i < TOUCH_MAX; i += 8) {
		u64 value = fuzz_u64(f);

		memcpy(bytes + i, &value, 8);
	}
	for (u64 times = 1 + fuzz_below(f, 8); times; times--) {
		size = 1 + fuzz_below(f, TOUCH_MAX);
		at = fuzz_below(f, map->size - size + 1);
		fuzz_begin(f, FUZZ_TOUCH);
		ret = fuzz_chance(f, 2) ? fuzz_guarded_copy(f, map->at + at, bytes, size) :
					  fuzz_guarded_copy(f, bytes, map->at + at, size);
		fuzz_end(f, NULL, ret ? -EFAULT : 0, FUZZ_ANY);
	}
}

static void step_mprotect(struct fuzz *f, struct fuzz_file *file)
{
	u64 size;
	u8 *at = pick_part(f, &size);

	(void)file;
	if (!at)
		return;
	fuzz_begin(f, FUZZ_MPROTECT);
	fuzz_end(f, NULL, mprotect(at, size, (int)fuzz_below(f, 8)) ? -errno : 0, FUZZ_ANY);
}

static void step_madvise(struct fuzz *f, struct fuzz_file *file)
{
	static const int advice[] = {
		MADV_NORMAL, MADV_RANDOM, MADV_WILLNEED, MADV_DONTNEED, MADV_FREE, MADV_REMOVE,
		MADV_DONTFORK, MADV_DOFORK, MADV_MERGEABLE, MADV_HUGEPAGE, MADV_NOHUGEPAGE,
		MADV_DONTDUMP, MADV_DODUMP, MADV_COLD, MADV_PAGEOUT, MADV_POPULATE_READ,
		MADV_POPULATE_WRITE,
	};
	int which = advice[fuzz_below(f, ARRAY_SIZE(advice))];
	u64 size;
	u8 *at = pick_part(f, &size);
	int ret;

	(void)file;
	if (!at)
		return;
	fuzz_begin(f, FUZZ_MADVISE);
	ret = madvise(at, size, which) ? -errno : 0;
	/* That is SIGBUS, for those who populate. */
	fuzz_end(f, NULL, ret == -EFAULT ? 0 : ret, FUZZ_ANY);
}

static void step_mremap(struct fuzz *f, struct fuzz_file *file)
{
	struct fuzz_map *map = pick_map(f);
	u64 size;
	void *at;

	(void)file;
	if (!map->at)
		return;
	size = fuzz_chance(f, 2) ? map->size : PDD_PAGE * (1 + fuzz_below(f, 64));
	fuzz_begin(f, FUZZ_MREMAP);
	at = mremap(map->at, map->size, size, MREMAP_MAYMOVE);
	fuzz_end(f, NULL, at == MAP_FAILED ? -errno : 0, FUZZ_ANY);
	if (at != MAP_FAILED)
		*map = (struct fuzz_map){ .at = at, .size = size };
}

static void step_msync(struct fuzz *f, struct fuzz_file *file)
{
	u64 size;
	u8 *at = pick_part(f, &size);

	(void)file;
	if (!at)
		return;
	fuzz_begin(f, FUZZ_MSYNC);
	fuzz_end(f, NULL, msync(at, size, MS_SYNC) ? -errno : 0, FUZZ_ANY);
}

/* As a debugger does it, past the page tables: the driver's access(). */
static void step_proc_mem(struct fuzz *f, struct fuzz_file *file)
{
	struct fuzz_map *map = pick_map(f);
	u8 bytes[TOUCH_MAX] = { 0 };
	u64 at, size;
	bool write;
	ssize_t n;
	int fd;

	(void)file;
	if (!map->at)
		return;
	fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	size = 1 + fuzz_below(f, TOUCH_MAX);
	at = (uintptr_t)map->at + fuzz_below(f, map->size - size + 1);
	write = fuzz_chance(f, 3);
	fuzz_begin(f, FUZZ_READ_MEM);
	n = TEMP_FAILURE_RETRY(write ? pwrite(fd, bytes, size, at) : pread(fd, bytes, size, at));
	fuzz_end(f, NULL, n < 0 ? -errno : 0, FUZZ_ANY);
	close(fd);
}

static const struct fuzz_step steps[] = {
	{ "mmap", step_mmap, 8 },
	{ "odd mmap", step_odd_mmap, 2 },
	{ "munmap", step_munmap, 3 },
	{ "touch", step_touch, 12 },
	{ "mprotect", step_mprotect, 2 },
	{ "madvise", step_madvise, 3 },
	{ "mremap", step_mremap, 1 },
	{ "msync", step_msync, 1 },
	{ "/proc/self/mem", step_proc_mem, 2 },
};

const struct fuzz_steps fuzz_memory_steps = { steps, ARRAY_SIZE(steps) };
