// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Steps of pddgpu-fuzz: ioctls of the DRM core, and any ioctl at all. */
#include "fuzz.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MAX_SYNCS	4
#define TRIES		10 /* for something that exists */
#define MAX_POINT	16
#define WAIT_MAX_NS	10000000ULL
/* The core allocates as many as it is told, and warns of what is beyond kmalloc(). */
#define MAX_COUNT	4096

/* --- Who and what ------------------------------------------------------- */

static void step_version(struct fuzz *f, struct fuzz_file *file)
{
	bool bad[3];
	struct drm_version v = { .name_len = fuzz_below(f, 40), .desc_len = fuzz_below(f, 40),
				 .date_len = fuzz_below(f, 40) };

	v.name = (void *)(uintptr_t)fuzz_user(f, NULL, v.name_len, &bad[0]);
	v.desc = (void *)(uintptr_t)fuzz_user(f, NULL, v.desc_len, &bad[1]);
	v.date = (void *)(uintptr_t)fuzz_user(f, NULL, v.date_len, &bad[2]);
	fuzz_ioctl(f, file, FUZZ_VERSION, &v,
		   bad[0] || bad[1] || bad[2] ? FUZZ_ANY : FUZZ_GOOD);
}

static void step_caps(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_get_cap get = { .capability = fuzz_below(f, 0x20) };
	struct drm_set_client_cap set = { .capability = fuzz_below(f, 8),
					  .value = fuzz_below(f, 3) };

	fuzz_mutate(f, &get, sizeof(get));
	fuzz_ioctl(f, file, FUZZ_GET_CAP, &get, FUZZ_ANY);
	fuzz_mutate(f, &set, sizeof(set));
	fuzz_ioctl(f, file, FUZZ_SET_CLIENT_CAP, &set, FUZZ_ANY);
}

static void step_identity(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_unique unique = { .unique_len = fuzz_below(f, 40) };
	struct drm_client client = { .idx = (int)fuzz_below(f, 3) };
	struct drm_stats stats = { 0 };
	bool bad;

	unique.unique = (void *)(uintptr_t)fuzz_user(f, NULL, unique.unique_len, &bad);
	fuzz_ioctl(f, file, FUZZ_GET_UNIQUE, &unique, FUZZ_ANY);
	fuzz_ioctl(f, file, FUZZ_GET_CLIENT, &client, FUZZ_ANY);
	fuzz_ioctl(f, file, FUZZ_GET_STATS, &stats, FUZZ_ANY);
}

static void step_auth(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_auth auth = { 0 };

	if (fuzz_ioctl(f, file, FUZZ_GET_MAGIC, &auth, FUZZ_ANY) || fuzz_chance(f, 4))
		auth.magic = (u32)fuzz_odd(f);
	fuzz_ioctl(f, file, FUZZ_AUTH_MAGIC, &auth, FUZZ_ANY);
	if (fuzz_chance(f, 2))
		fuzz_ioctl(f, file, FUZZ_SET_MASTER, NULL, FUZZ_ANY);
	else
		fuzz_ioctl(f, file, FUZZ_DROP_MASTER, NULL, FUZZ_ANY);
}

/* --- Buffers, by name and by file --------------------------------------- */

static void step_flink(struct fuzz *f, struct fuzz_file *file)
{
	struct fuzz_bo *bo = fuzz_pick_bo(f, file);
	struct drm_gem_flink flink = { .handle = bo->handle };

	fuzz_mutate(f, &flink, sizeof(flink));
	fuzz_ioctl(f, file, FUZZ_GEM_FLINK, &flink, FUZZ_ANY);
}

/* Names are small numbers: it will be somebody's. */
static void step_gem_open(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_gem_open open = { .name = 1 + (u32)fuzz_below(f, 12) };
	struct fuzz_bo *bo = &file->bos[fuzz_below(f, FUZZ_BOS)];

	if (fuzz_ioctl(f, file, FUZZ_GEM_OPEN, &open, FUZZ_ANY))
		return;
	if (bo->handle) {
		struct drm_gem_close close = { .handle = bo->handle };

		fuzz_ioctl(f, file, FUZZ_GEM_CLOSE, &close, FUZZ_ANY);
	}
	*bo = (struct fuzz_bo){ .handle = open.handle, .size = open.size, .foreign = true };
}

static void step_gem_close_any(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_gem_close close = { .handle = (u32)fuzz_odd(f) };

	if (fuzz_ioctl(f, file, FUZZ_GEM_CLOSE, &close, close.pad ? FUZZ_BAD : FUZZ_ANY))
		return;
	for (u32 i = 0; i < FUZZ_BOS; i++)
		if (file->bos[i].handle == close.handle)
			file->bos[i] = (struct fuzz_bo){ 0 };
}

static int pick_fd(struct fuzz *f)
{
	return f->fds[fuzz_below(f, FUZZ_FDS)];
}

/* Nothing can be exported, nor imported, so far. */
static void step_prime(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_prime_handle to = { .handle = fuzz_pick_bo(f, file)->handle,
				       .flags = fuzz_chance(f, 2) ? DRM_CLOEXEC | DRM_RDWR : 0 };
	struct drm_prime_handle from = { .fd = fuzz_chance(f, 2) ? pick_fd(f) : file->fd };

	fuzz_mutate(f, &to, sizeof(to));
	fuzz_ioctl(f, file, FUZZ_HANDLE_TO_FD, &to, FUZZ_BAD);
	fuzz_mutate(f, &from, sizeof(from));
	fuzz_ioctl(f, file, FUZZ_FD_TO_HANDLE, &from, FUZZ_BAD);
}

/* --- Syncobjs ----------------------------------------------------------- */

u32 *fuzz_pick_sync(struct fuzz *f, struct fuzz_file *file)
{
	u32 *sync = &file->syncs[fuzz_below(f, FUZZ_SYNCS)];

	for (u32 i = 0; i < TRIES && !*sync; i++)
		sync = &file->syncs[fuzz_below(f, FUZZ_SYNCS)];
	return sync;
}

static void forget_sync(struct fuzz *f, struct fuzz_file *file, u32 *sync)
{
	struct drm_syncobj_destroy d = { .handle = *sync };

	if (*sync)
		fuzz_ioctl(f, file, FUZZ_SYNC_DESTROY, &d, FUZZ_GOOD);
	*sync = 0;
}

static void step_sync_create(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_syncobj_create c = { .flags = fuzz_chance(f, 2) };
	u32 *sync = &file->syncs[fuzz_below(f, FUZZ_SYNCS)];

	forget_sync(f, file, sync);
	fuzz_mutate(f, &c, sizeof(c));
	if (!fuzz_ioctl(f, file, FUZZ_SYNC_CREATE, &c, c.flags > 1 ? FUZZ_BAD : FUZZ_GOOD))
		*sync = c.handle;
}

static void step_sync_destroy(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_syncobj_destroy d = { .handle = (u32)fuzz_odd(f) };

	if (fuzz_chance(f, 4)) {
		forget_sync(f, file, fuzz_pick_sync(f, file));
		return;
	}
	fuzz_mutate(f, &d, sizeof(d));
	if (fuzz_ioctl(f, file, FUZZ_SYNC_DESTROY, &d, d.pad ? FUZZ_BAD : FUZZ_ANY))
		return;
	for (u32 i = 0; i < FUZZ_SYNCS; i++)
		if (file->syncs[i] == d.handle)
			file->syncs[i] = 0;
}

static void step_sync_to_fd(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_syncobj_handle h = { .handle = *fuzz_pick_sync(f, file), .flags = fuzz_chance(f, 2) };

	fuzz_mutate(f, &h, sizeof(h));
	if (!fuzz_ioctl(f, file, FUZZ_SYNC_TO_FD, &h, FUZZ_ANY))
		fuzz_keep_fd(f, h.fd);
}

static void step_sync_from_fd(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_syncobj_handle h = { .fd = pick_fd(f), .flags = fuzz_chance(f, 2) };
	u32 *sync = fuzz_pick_sync(f, file);

	if (h.flags)
		h.handle = *sync;
	fuzz_mutate(f, &h, sizeof(h));
	if (fuzz_ioctl(f, file, FUZZ_SYNC_FROM_FD, &h, FUZZ_ANY) || h.flags)
		return;
	forget_sync(f, file, sync);
	*sync = h.handle;
}

/* A list of handles, perhaps the same one twice. */
static u64 list_handles(struct fuzz *f, struct fuzz_file *file, u32 num)
{
	u32 handles[MAX_SYNCS] = { 0 };
	bool bad;

	for (u32 i = 0; i < num; i++)
		handles[i] = *fuzz_pick_sync(f, file);
	fuzz_mutate(f, handles, sizeof(handles));
	return fuzz_user(f, handles, num * sizeof(handles[0]), &bad);
}

static u64 list_points(struct fuzz *f, u32 num)
{
	u64 points[MAX_SYNCS] = { 0 };
	bool bad;

	for (u32 i = 0; i < num; i++)
		points[i] = fuzz_below(f, MAX_POINT);
	return fuzz_user(f, points, num * sizeof(points[0]), &bad);
}

/* In time for those who wait for a fence that will never be. */
static s64 soon(struct fuzz *f)
{
	return fuzz_chance(f, 2) ? 0 : now_ns() + fuzz_below(f, WAIT_MAX_NS);
}

static void step_sync_wait(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_syncobj_wait w = { .count_handles = 1 + (u32)fuzz_below(f, MAX_SYNCS),
				      .flags = (u32)fuzz_below(f, 8) };

	w.handles = list_handles(f, file, w.count_handles);
	fuzz_mutate(f, &w, sizeof(w));
	w.count_handles %= MAX_COUNT;
	w.timeout_nsec = soon(f);
	fuzz_ioctl(f, file, FUZZ_SYNC_WAIT, &w, FUZZ_ANY);
}

static void step_sync_timeline_wait(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_syncobj_timeline_wait w = { .count_handles = 1 + (u32)fuzz_below(f, MAX_SYNCS),
					       .flags = (u32)fuzz_below(f, 8) };

	w.handles = list_handles(f, file, w.count_handles);
	w.points = list_points(f, w.count_handles);
	fuzz_mutate(f, &w, sizeof(w));
	w.count_handles %= MAX_COUNT;
	w.timeout_nsec = soon(f);
	fuzz_ioctl(f, file, FUZZ_SYNC_TIMELINE_WAIT, &w, FUZZ_ANY);
}

static void step_sync_array(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_syncobj_array a = { .count_handles = 1 + (u32)fuzz_below(f, MAX_SYNCS) };

	a.handles = list_handles(f, file, a.count_handles);
	fuzz_mutate(f, &a, sizeof(a));
	a.count_handles %= MAX_COUNT;
	fuzz_ioctl(f, file, fuzz_chance(f, 2) ? FUZZ_SYNC_RESET : FUZZ_SYNC_SIGNAL, &a, FUZZ_ANY);
}

static void step_sync_timeline(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_syncobj_timeline_array a = { .count_handles = 1 + (u32)fuzz_below(f, MAX_SYNCS) };

	a.handles = list_handles(f, file, a.count_handles);
	a.points = list_points(f, a.count_handles);
	a.flags = fuzz_chance(f, 4);
	fuzz_mutate(f, &a, sizeof(a));
	a.count_handles %= MAX_COUNT;
	fuzz_ioctl(f, file, fuzz_chance(f, 2) ? FUZZ_SYNC_QUERY : FUZZ_SYNC_TIMELINE_SIGNAL, &a,
		   FUZZ_ANY);
}

static void step_sync_transfer(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_syncobj_transfer t = {
		.src_handle = *fuzz_pick_sync(f, file),
		.dst_handle = *fuzz_pick_sync(f, file),
		.src_point = fuzz_chance(f, 2) ? 0 : fuzz_below(f, MAX_POINT),
		.dst_point = fuzz_chance(f, 2) ? 0 : fuzz_below(f, MAX_POINT),
	};

	fuzz_mutate(f, &t, sizeof(t));
	/* It would wait five seconds for a fence. */
	t.flags &= ~DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT;
	fuzz_ioctl(f, file, FUZZ_SYNC_TRANSFER, &t, FUZZ_ANY);
}

/* --- Anything ----------------------------------------------------------- */

/* Those that may wait for ever, or ask kmalloc() for the moon. */
static bool is_excluded(unsigned int nr)
{
	return (nr >= 0xc3 && nr <= 0xc5) || (nr >= 0xca && nr <= 0xcd);
}

static void step_any_ioctl(struct fuzz *f, struct fuzz_file *file)
{
	unsigned int nr = fuzz_chance(f, 2) ? DRM_COMMAND_BASE + (u32)fuzz_below(f, 16) :
			  (u32)fuzz_below(f, 256);
	unsigned int size = (u32)fuzz_below(f, fuzz_chance(f, 20) ? 1 << _IOC_SIZEBITS : 128);
	unsigned int type = fuzz_chance(f, 20) ? (u32)fuzz_below(f, 256) : DRM_IOCTL_BASE;
	u8 arg[128];
	bool bad;

	for (u32 i = 0; i < sizeof(arg); i += 4) {
		u32 dword = fuzz_chance(f, 3) ? (u32)fuzz_odd(f) : (u32)fuzz_below(f, 8);

		memcpy(arg + i, &dword, 4);
	}
	if (is_excluded(nr))
		return;
	if (!fuzz_raw_ioctl(f, file, _IOC((u32)fuzz_below(f, 4), type, nr, size),
			    (void *)(uintptr_t)fuzz_user(f, arg, sizeof(arg), &bad)))
		file->shared = true; /* for it may have closed or destroyed anything */
}

static const struct fuzz_step steps[] = {
	{ "VERSION", step_version, 1 },
	{ "GET_CAP", step_caps, 1 },
	{ "GET_UNIQUE", step_identity, 1 },
	{ "AUTH", step_auth, 1 },
	{ "GEM_FLINK", step_flink, 2 },
	{ "GEM_OPEN", step_gem_open, 1 },
	{ "GEM_CLOSE", step_gem_close_any, 1 },
	{ "PRIME", step_prime, 2 },
	{ "SYNCOBJ_CREATE", step_sync_create, 6 },
	{ "SYNCOBJ_DESTROY", step_sync_destroy, 1 },
	{ "SYNCOBJ_HANDLE_TO_FD", step_sync_to_fd, 3 },
	{ "SYNCOBJ_FD_TO_HANDLE", step_sync_from_fd, 3 },
	{ "SYNCOBJ_WAIT", step_sync_wait, 2 },
	{ "SYNCOBJ_TIMELINE_WAIT", step_sync_timeline_wait, 2 },
	{ "SYNCOBJ_RESET", step_sync_array, 2 },
	{ "SYNCOBJ_QUERY", step_sync_timeline, 2 },
	{ "SYNCOBJ_TRANSFER", step_sync_transfer, 2 },
	{ "any ioctl", step_any_ioctl, 1 },
};

const struct fuzz_steps fuzz_core_steps = { steps, ARRAY_SIZE(steps) };
