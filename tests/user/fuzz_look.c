// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Steps of pddgpu-fuzz: what procfs, debugfs and sysfs show of the card. */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define POOL_SIZE	"/sys/module/pddgpu/parameters/page_pool_size"

/* Opens, reads some at a random place, closes. */
static void read_some(struct fuzz *f, const char *path, u64 offset, size_t size)
{
	ssize_t n;
	int fd;

	fuzz_begin(f, FUZZ_LOOK);
	fd = TEMP_FAILURE_RETRY(open(path, O_RDONLY | O_CLOEXEC));
	n = fd < 0 ? -1 : TEMP_FAILURE_RETRY(pread(fd, f->scratch, size, offset));
	fuzz_end(f, NULL, n < 0 ? -errno : 0, FUZZ_ANY);
	if (fd >= 0)
		close(fd);
}

static void step_debugfs(struct fuzz *f, struct fuzz_file *file)
{
	static const char *const names[] = {
		"vram", "gtt", "pool", "buffers", "rings", "vram_raw", "name", "clients",
		"gem_names", "gpuvas", "framebuffer",
	};
	const struct fuzz_card *card = &fuzz_cards[file->card];
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", card->debugfs,
		 names[fuzz_below(f, ARRAY_SIZE(names))]);
	read_some(f, path, fuzz_chance(f, 2) ? 0 : fuzz_below(f, card->info.vram_size),
		  1 + fuzz_below(f, FUZZ_SCRATCH));
}

/* One's own client number is not worth asking for: those in use are small. */
static void step_debugfs_bo(struct fuzz *f, struct fuzz_file *file)
{
	const struct fuzz_bo *bo = fuzz_pick_bo(f, file);
	char path[128], text[64];
	u64 size, offset;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/bo", fuzz_cards[file->card].debugfs);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	size = snprintf(text, sizeof(text), "%llu %u", fuzz_below(f, 64) + f->process / 2,
		     bo->handle ? bo->handle : (u32)fuzz_odd(f));
	fuzz_begin(f, FUZZ_LOOK);
	n = TEMP_FAILURE_RETRY(write(fd, text, size));
	fuzz_end(f, NULL, n < 0 ? -errno : 0, FUZZ_ANY);
	size = 1 + fuzz_below(f, FUZZ_SCRATCH);
	offset = fuzz_below(f, MIB);
	fuzz_begin(f, FUZZ_LOOK);
	n = TEMP_FAILURE_RETRY(pread(fd, f->scratch, size, offset));
	fuzz_end(f, NULL, n < 0 ? -errno : 0, FUZZ_ANY);
	close(fd);
}

static void step_fdinfo(struct fuzz *f, struct fuzz_file *file)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", file->fd);
	read_some(f, path, 0, 4096);
}

static void step_maps(struct fuzz *f, struct fuzz_file *file)
{
	(void)file;
	read_some(f, fuzz_chance(f, 2) ? "/proc/self/maps" : "/proc/self/smaps", 0, 4096);
}

/* The pools shrink and grow; left as it was, at the default, half of the time. */
static void step_pool_size(struct fuzz *f, struct fuzz_file *file)
{
	char text[32];

	(void)file;
	snprintf(text, sizeof(text), "%lld", fuzz_chance(f, 2) ? -1LL :
		 (long long)fuzz_below(f, 8192));
	fuzz_begin(f, FUZZ_LOOK);
	fuzz_end(f, NULL, write_text(POOL_SIZE, text), FUZZ_ANY);
}

static const struct fuzz_step steps[] = {
	{ "debugfs", step_debugfs, 3 },
	{ "debugfs bo", step_debugfs_bo, 1 },
	{ "fdinfo", step_fdinfo, 2 },
	{ "maps", step_maps, 1 },
	{ "page_pool_size", step_pool_size, 1 },
};

const struct fuzz_steps fuzz_look_steps = { steps, ARRAY_SIZE(steps) };
