// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Calls of pddgpu-fuzz: random arguments, and whether the answer is a legal one. */
#include "fuzz.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_ERRORS	12

struct fuzz_options fuzz_options;
struct fuzz_card fuzz_cards[FUZZ_MAX_CARDS];
unsigned int fuzz_num_cards;
struct fuzz_shared *fuzz_shared;
pid_t fuzz_watcher;

/* --- Numbers ------------------------------------------------------------ */

u64 fuzz_u64(struct fuzz *f)
{
	return random_next(&f->rng);
}

u64 fuzz_below(struct fuzz *f, u64 end)
{
	return fuzz_u64(f) % end;
}

bool fuzz_chance(struct fuzz *f, u32 times)
{
	return !fuzz_below(f, times);
}

u64 fuzz_odd(struct fuzz *f)
{
	static const u64 edges[] = {
		0, 1, 2, 3, 4, 7, 8, 63, 64, 255, 256, 4095, 4096, 4097, 65536, 65537,
		0x1fffff, 0x200000, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
		0x7fffffffffff, 0x800000000000, 0xffffffffffff, 0x1000000000000,
		0x7fffffffffffffff, 0x8000000000000000, 0xfffffffffffff000, ~0ULL,
	};
	u64 odd = edges[fuzz_below(f, ARRAY_SIZE(edges))];

	switch (fuzz_below(f, 8)) {
	case 0: return fuzz_u64(f);
	case 1: return fuzz_u64(f) >> fuzz_below(f, 64);
	case 2: return odd + fuzz_below(f, 16);
	case 3: return 1ULL << fuzz_below(f, 64);
	default: return odd;
	}
}

bool fuzz_mutate(struct fuzz *f, void *arg, size_t size)
{
	u32 *dw = arg;

	if (!fuzz_chance(f, 10))
		return false;
	do {
		u32 *p = dw + fuzz_below(f, size / 4);

		if (fuzz_chance(f, 3))
			*p ^= 1u << fuzz_below(f, 32);
		else if (fuzz_chance(f, 3))
			*p += fuzz_chance(f, 2) ? 1 : -1;
		else
			*p = (u32)fuzz_odd(f);
	} while (fuzz_chance(f, 3));
	return true;
}

/* A page or more of a buffer, so that the kernel faults on it under its locks. */
static void *room_in_map(struct fuzz *f, size_t size)
{
	const struct fuzz_map *map = &f->maps[fuzz_below(f, FUZZ_MAPS)];

	return map->at && map->size >= size ? map->at + fuzz_below(f, map->size - size + 1) : NULL;
}

u64 fuzz_user(struct fuzz *f, const void *data, size_t size, bool *bad)
{
	u8 *at = f->scratch;

	*bad = false;
	if (fuzz_chance(f, 40)) {
		*bad = true;
		return (u64[]){ 0, 1, 0x1000, 0xffff800000000000, 0xffffffff80000000,
				(uintptr_t)f->scratch + FUZZ_SCRATCH - size / 2,
				~0ULL - size / 2, 0x7ffffffff000 }[fuzz_below(f, 8)];
	}
	if (fuzz_chance(f, 8) && room_in_map(f, size)) {
		at = room_in_map(f, size);
		*bad = true; /* other jobs and processes write there, too */
		if (at && (!data || !fuzz_guarded_copy(f, at, data, size)))
			return (uintptr_t)at;
		at = f->scratch;
	}
	if (fuzz_chance(f, 2))
		at += FUZZ_SCRATCH - size;
	if (data)
		memcpy(at, data, size);
	return (uintptr_t)at;
}

/* --- Faults ------------------------------------------------------------- */

static __thread struct fuzz *volatile guarded;

static void on_fault(int sig)
{
	struct fuzz *f = guarded;

	if (!f) {
		signal(sig, SIG_DFL);
		raise(sig);
		return;
	}
	siglongjmp(f->guard, sig);
}

static void on_alarm(int sig)
{
	(void)sig;
}

void fuzz_catch_faults(void)
{
	struct sigaction fault = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };
	struct sigaction alarm = { .sa_handler = on_alarm };

	sigaction(SIGBUS, &fault, NULL);
	sigaction(SIGSEGV, &fault, NULL);
	sigaction(SIGALRM, &alarm, NULL);
}

int fuzz_guarded_copy(struct fuzz *f, void *to, const void *from, size_t size)
{
	int sig = sigsetjmp(f->guard, 1);

	if (!sig) {
		guarded = f;
		atomic_signal_fence(memory_order_seq_cst);
		memcpy(to, from, size);
		atomic_signal_fence(memory_order_seq_cst);
	}
	guarded = NULL;
	if (sig == SIGBUS)
		fuzz_shared->bus_errors++;
	return sig;
}

/* --- What a call may answer --------------------------------------------- */

/*
 * For the driver's own what the header says of errors, less those of cards that
 * are gone or wedged, which none of this may lead to.  For DRM's own what
 * Documentation/gpu/drm-uapi.rst and its sources say.
 */
static const struct {
	const char *name;
	unsigned long request;
	int errors[MAX_ERRORS];
} calls[FUZZ_NUM_CALLS] = {
	[FUZZ_INFO] = { "INFO", DRM_IOCTL_PDDGPU_INFO, { EINVAL, EFAULT } },
	[FUZZ_GEM_CREATE] = { "GEM_CREATE", DRM_IOCTL_PDDGPU_GEM_CREATE,
		{ EINVAL, ENOENT, E2BIG, ENOSPC, ENOMEM, EOPNOTSUPP } },
	[FUZZ_GEM_MMAP] = { "GEM_MMAP", DRM_IOCTL_PDDGPU_GEM_MMAP, { EINVAL, ENOENT } },
	[FUZZ_GEM_INFO] = { "GEM_INFO", DRM_IOCTL_PDDGPU_GEM_INFO, { EINVAL, ENOENT } },
	[FUZZ_GEM_WAIT] = { "GEM_WAIT", DRM_IOCTL_PDDGPU_GEM_WAIT, { EINVAL, ENOENT, ETIME } },
	[FUZZ_GEM_MADVISE] = { "GEM_MADVISE", DRM_IOCTL_PDDGPU_GEM_MADVISE, { EINVAL, ENOENT } },
	[FUZZ_VM_CREATE] = { "VM_CREATE", DRM_IOCTL_PDDGPU_VM_CREATE, { EINVAL, ENOSPC, ENOMEM } },
	[FUZZ_VM_DESTROY] = { "VM_DESTROY", DRM_IOCTL_PDDGPU_VM_DESTROY, { EINVAL, ENOENT } },
	[FUZZ_VM_BIND] = { "VM_BIND", DRM_IOCTL_PDDGPU_VM_BIND,
		{ EINVAL, ENOENT, EFAULT, E2BIG, ENOSPC, ENOMEM } },
	[FUZZ_CTX_CREATE] = { "CTX_CREATE", DRM_IOCTL_PDDGPU_CTX_CREATE,
		{ EINVAL, ENOENT, ENOSPC, ENOMEM } },
	[FUZZ_CTX_DESTROY] = { "CTX_DESTROY", DRM_IOCTL_PDDGPU_CTX_DESTROY, { EINVAL, ENOENT } },
	[FUZZ_CTX_QUERY] = { "CTX_QUERY", DRM_IOCTL_PDDGPU_CTX_QUERY, { EINVAL, ENOENT } },
	[FUZZ_CS] = { "CS", DRM_IOCTL_PDDGPU_CS,
		{ EINVAL, ENOENT, EFAULT, E2BIG, ENOSPC, ENOMEM, ECANCELED } },
	[FUZZ_VERSION] = { "VERSION", DRM_IOCTL_VERSION, { EFAULT } },
	[FUZZ_GET_CAP] = { "GET_CAP", DRM_IOCTL_GET_CAP, { EINVAL, EOPNOTSUPP } },
	[FUZZ_SET_CLIENT_CAP] = { "SET_CLIENT_CAP", DRM_IOCTL_SET_CLIENT_CAP,
		{ EINVAL, EOPNOTSUPP, EACCES } },
	[FUZZ_GET_UNIQUE] = { "GET_UNIQUE", DRM_IOCTL_GET_UNIQUE, { EFAULT, EACCES } },
	[FUZZ_GET_CLIENT] = { "GET_CLIENT", DRM_IOCTL_GET_CLIENT, { EINVAL, EACCES } },
	[FUZZ_GET_STATS] = { "GET_STATS", DRM_IOCTL_GET_STATS, { EACCES } },
	[FUZZ_GET_MAGIC] = { "GET_MAGIC", DRM_IOCTL_GET_MAGIC, { EACCES, ENOMEM } },
	[FUZZ_AUTH_MAGIC] = { "AUTH_MAGIC", DRM_IOCTL_AUTH_MAGIC, { EINVAL, EACCES } },
	[FUZZ_SET_MASTER] = { "SET_MASTER", DRM_IOCTL_SET_MASTER, { EINVAL, EACCES, EBUSY } },
	[FUZZ_DROP_MASTER] = { "DROP_MASTER", DRM_IOCTL_DROP_MASTER, { EINVAL, EACCES } },
	[FUZZ_GEM_CLOSE] = { "GEM_CLOSE", DRM_IOCTL_GEM_CLOSE, { EINVAL } },
	[FUZZ_GEM_FLINK] = { "GEM_FLINK", DRM_IOCTL_GEM_FLINK, { ENOENT, EACCES, ENOMEM } },
	[FUZZ_GEM_OPEN] = { "GEM_OPEN", DRM_IOCTL_GEM_OPEN, { ENOENT, EACCES, EPERM, ENOMEM } },
	[FUZZ_HANDLE_TO_FD] = { "PRIME_HANDLE_TO_FD", DRM_IOCTL_PRIME_HANDLE_TO_FD,
		{ EINVAL, ENOENT, EOPNOTSUPP, EPERM } },
	[FUZZ_FD_TO_HANDLE] = { "PRIME_FD_TO_HANDLE", DRM_IOCTL_PRIME_FD_TO_HANDLE,
		{ EINVAL, EBADF } },
	[FUZZ_SYNC_CREATE] = { "SYNCOBJ_CREATE", DRM_IOCTL_SYNCOBJ_CREATE, { EINVAL, ENOMEM } },
	[FUZZ_SYNC_DESTROY] = { "SYNCOBJ_DESTROY", DRM_IOCTL_SYNCOBJ_DESTROY, { EINVAL } },
	[FUZZ_SYNC_TO_FD] = { "SYNCOBJ_HANDLE_TO_FD", DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD,
		{ EINVAL, ENOENT, ENOMEM } },
	[FUZZ_SYNC_FROM_FD] = { "SYNCOBJ_FD_TO_HANDLE", DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE,
		{ EINVAL, ENOENT, ENOMEM } },
	[FUZZ_SYNC_WAIT] = { "SYNCOBJ_WAIT", DRM_IOCTL_SYNCOBJ_WAIT,
		{ EINVAL, ENOENT, EFAULT, ETIME, ENOMEM } },
	[FUZZ_SYNC_RESET] = { "SYNCOBJ_RESET", DRM_IOCTL_SYNCOBJ_RESET,
		{ EINVAL, ENOENT, EFAULT, ENOMEM } },
	[FUZZ_SYNC_SIGNAL] = { "SYNCOBJ_SIGNAL", DRM_IOCTL_SYNCOBJ_SIGNAL,
		{ EINVAL, ENOENT, EFAULT, ENOMEM } },
	[FUZZ_SYNC_TIMELINE_WAIT] = { "SYNCOBJ_TIMELINE_WAIT", DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT,
		{ EINVAL, ENOENT, EFAULT, ETIME, ENOMEM } },
	[FUZZ_SYNC_QUERY] = { "SYNCOBJ_QUERY", DRM_IOCTL_SYNCOBJ_QUERY,
		{ EINVAL, ENOENT, EFAULT, ENOMEM } },
	[FUZZ_SYNC_TRANSFER] = { "SYNCOBJ_TRANSFER", DRM_IOCTL_SYNCOBJ_TRANSFER,
		{ EINVAL, ENOENT, ETIME, ENOMEM } },
	[FUZZ_SYNC_TIMELINE_SIGNAL] = { "SYNCOBJ_TIMELINE_SIGNAL",
		DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, { EINVAL, ENOENT, EFAULT, ENOMEM } },
	[FUZZ_ANY_IOCTL] = { "any ioctl", 0, { 0 } },
	[FUZZ_OPEN] = { "open", 0, { ENOMEM } },
	[FUZZ_MMAP] = { "mmap", 0, { EINVAL, EACCES, ENOMEM, EOVERFLOW } },
	[FUZZ_MUNMAP] = { "munmap", 0, { ENOMEM } },
	[FUZZ_MPROTECT] = { "mprotect", 0, { EINVAL, EACCES, ENOMEM } },
	[FUZZ_MADVISE] = { "madvise", 0, { EINVAL, ENOMEM, EBADF, EPERM, ENODEV, EACCES, EAGAIN, EINTR } },
	[FUZZ_MREMAP] = { "mremap", 0, { EINVAL, EFAULT, ENOMEM } },
	[FUZZ_MSYNC] = { "msync", 0, { EINVAL, ENOMEM } },
	[FUZZ_TOUCH] = { "touch", 0, { EFAULT } },
	[FUZZ_READ_MEM] = { "/proc/self/mem", 0, { EIO, EFAULT } },
	[FUZZ_LOOK] = { "look", 0, { EINVAL, ENOENT, ENODATA, EFAULT, ENOMEM, ENOSPC } },
	[FUZZ_FORK] = { "fork", 0, { EAGAIN, ENOMEM } },
	[FUZZ_DUP] = { "dup", 0, { 0 } },
	[FUZZ_CLOSE] = { "close", 0, { 0 } },
	[FUZZ_SEND] = { "sendmsg", 0, { EAGAIN, ETOOMANYREFS, ENOBUFS, ENOMEM } },
	[FUZZ_RECEIVE] = { "recvmsg", 0, { EAGAIN } },
};

const char *fuzz_call_name(enum fuzz_call_id id)
{
	return calls[id].name;
}

static bool in_list(int error, const int *list, size_t count)
{
	for (size_t i = 0; i < count && list[i]; i++)
		if (list[i] == error)
			return true;
	return false;
}

/* Those that right arguments do not save from. */
static bool is_shortage(enum fuzz_call_id id, int error)
{
	static const int shortages[] = { ENOMEM, ENOSPC, ETIME, ECANCELED, EACCES, EAGAIN };

	return in_list(error, shortages, ARRAY_SIZE(shortages)) &&
	       (error != EACCES || id >= FUZZ_DRIVER_CALLS);
}

static bool is_legal(struct fuzz *f, enum fuzz_call_id id, int error)
{
	/* The kernel's own, never to be seen: ERESTARTSYS and its like. */
	if (error > 511)
		return false;
	if (id == FUZZ_ANY_IOCTL)
		return true;
	/* Another thread has closed the file, perhaps opened another one since, or a socket. */
	if (f->racy && (error == EBADF || error == ENOTTY || error == ESPIPE))
		return true;
	return in_list(error, calls[id].errors, MAX_ERRORS);
}

/* --- Calls -------------------------------------------------------------- */

void fuzz_begin(struct fuzz *f, enum fuzz_call_id id)
{
	f->slot->call = id;
	f->slot->since = now_ns();
}

static void count_call(enum fuzz_call_id id, int ret, u64 took)
{
	struct fuzz_count *count = &fuzz_shared->counts[id];
	u64 longest = count->longest;

	if (ret)
		count->bad++;
	else
		count->good++;
	while (took > longest && !atomic_compare_exchange_weak(&count->longest, &longest, took))
		;
}

int fuzz_end(struct fuzz *f, const struct fuzz_file *file, int ret, enum fuzz_expect expect)
{
	const bool known = !f->racy && !(file && file->shared);
	enum fuzz_call_id id = f->slot->call;
	u64 took = now_ns() - f->slot->since;

	f->slot->since = 0;
	count_call(id, ret, took);
	if (fuzz_options.trace)
		printf("%u.%u/%u %s: %s\n", f->process, f->thread, f->step, calls[id].name,
		       ret ? strerrorname_np(-ret) ? : "?" : "0");
	if (ret && !is_legal(f, id, -ret))
		fuzz_fail(f, "%s gives %d (%s), which it may not", calls[id].name, ret,
			  strerror(-ret));
	if (ret && expect == FUZZ_GOOD && known && !is_shortage(id, -ret))
		fuzz_fail(f, "%s gives %s, but nothing was wrong with it", calls[id].name,
			  strerror(-ret));
	if (!ret && expect == FUZZ_BAD)
		fuzz_fail(f, "%s worked, and must not have", calls[id].name);
	if (took > fuzz_options.bound * 1000000000ULL)
		fuzz_fail(f, "%s took %.1f s", calls[id].name, took / 1e9);
	return ret;
}

/* As drmIoctl() does, but for EAGAIN, which the driver has no reason for. */
static int uninterrupted(int fd, unsigned long request, void *arg)
{
	int ret;

	do {
		ret = ioctl(fd, request, arg) < 0 ? -errno : 0;
	} while (ret == -EINTR);
	return ret;
}

static void trace_arg(const void *arg, size_t size)
{
	const u32 *dw = arg;

	for (size_t i = 0; i < size / 4; i++)
		printf("%s%x", i ? " " : "  ", dw[i]);
	puts("");
}

/* VM_BIND says on failure, too, how far it came. */
static bool must_stay(enum fuzz_call_id id)
{
	return id < FUZZ_DRIVER_CALLS && id != FUZZ_VM_BIND;
}

int fuzz_ioctl(struct fuzz *f, const struct fuzz_file *file, enum fuzz_call_id id, void *arg,
	       enum fuzz_expect expect)
{
	const unsigned long request = calls[id].request;
	const size_t size = _IOC_SIZE(request);
	u8 before[256];
	int ret;

	if (size)
		memcpy(before, arg, size);
	if (fuzz_options.trace)
		trace_arg(arg, size);
	fuzz_begin(f, id);
	ret = uninterrupted(file->fd, request, arg);
	if (ret && must_stay(id) && memcmp(before, arg, size))
		fuzz_fail(f, "%s failed and changed its argument", calls[id].name);
	return fuzz_end(f, file, ret, expect);
}

int fuzz_raw_ioctl(struct fuzz *f, const struct fuzz_file *file, unsigned long request, void *arg)
{
	int ret;

	if (fuzz_options.trace)
		printf("  %#lx %p\n", request, arg);
	fuzz_begin(f, FUZZ_ANY_IOCTL);
	ret = ioctl(file->fd, request, arg) < 0 ? -errno : 0;
	return fuzz_end(f, file, ret, FUZZ_ANY);
}

/* --- Verdicts ----------------------------------------------------------- */

static int where(struct fuzz *f, char *text, size_t size)
{
	if (!f)
		return 0;
	return snprintf(text, size, "process %u%s, thread %u, step %u: ", f->process,
			f->forked ? " (what it forked)" : "", f->thread, f->step);
}

static void how_to_replay(struct fuzz *f, char *text, size_t size)
{
	if (f)
		snprintf(text, size,
			 "\nreplay: pddgpu-fuzz --seed %llu --threads %u --hangs %u --process %u --steps %u",
			 fuzz_options.seed, fuzz_options.threads, fuzz_options.hangs, f->process,
			 f->step + 1);
}

void fuzz_fail(struct fuzz *f, const char *format, ...)
{
	char *text = fuzz_shared->failure;
	size_t size = sizeof(fuzz_shared->failure), n;
	va_list args;

	/* The first one counts. */
	if (atomic_exchange(&fuzz_shared->failed, 1))
		_exit(1);
	n = where(f, text, size);
	va_start(args, format);
	n += vsnprintf(text + n, size - n, format, args);
	va_end(args);
	if (n < size)
		how_to_replay(f, text + n, size - n);
	fuzz_shared->failed = 2;
	if (getpid() == fuzz_watcher)
		exit(1);
	_exit(1);
}
