// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "test_nth.h"

#include <fcntl.h>
#include <glob.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define FAIL_NTH	"/proc/thread-self/fail-nth"
#define POOL_SIZE	"/sys/module/pddgpu/parameters/page_pool_size"
#define CLEAN_DELAY	"/sys/module/pddgpu/parameters/page_pool_clean_delay"
#define VRAM_DELAY	"/sys/module/pddgpu/parameters/vram_clean_delay"
#define FAILSLAB	"/sys/kernel/debug/failslab"
#define PAGE_ALLOC	"/sys/kernel/debug/fail_page_alloc"
#define USERCOPY	"/sys/kernel/debug/fail_usercopy"
#define DMA_ENTRIES	"/sys/kernel/debug/dma-api/num_free_entries"
#define PAGE_TABLES	"/sys/kernel/debug/page_tables/kernel"
#define SETTLE_NS	5000000000ULL

/* --- What must be as before ------------------------------------------- */

/*
 * Memory in use: what the driver says, in bytes and pages, and the DMA API's checks.
 * The pool's free pages are in nobody's use: a call that fails may leave it more.
 */
enum nth_figure {
	NTH_VRAM,
	NTH_VISIBLE,
	NTH_GTT,
	NTH_POOL_OUT,
	NTH_POOL_STUCK,
	NTH_POOL_LIMIT,	/* free pages that count towards the limit, and those that there are */
	NTH_DMA,	/* free entries, and those that the pool's chunks have taken */
	NTH_FIGURES,
};

static const char *const nth_figure_names[NTH_FIGURES] = {
	"VRAM", "visible VRAM", "GTT", "pages out", "stuck pages", "pages beside the limit",
	"DMA entries",
};

struct nth_usage {
	u64 figures[NTH_FIGURES];
};

/*
 * Chunks that the pool has handed out, each of which is mapped; pages that are not
 * write-back; free pages as the limit has them, which is that of all cards.
 */
struct nth_pool {
	u64 out_chunks;
	u64 odd_pages;
	u64 limited_pages;
};

/* What every step reads or writes stays open, for opening takes longer than the rest. */
static struct nth_files {
	int fail_nth;
	int pool_size;
	int pool;
} files;

static int nth_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		FAIL("cannot open %s: %s", path, strerror(errno));
	return fd;
}

static int nth_open_pool(struct nth_state *s)
{
	char path[128];

	if (pdd_debugfs(&s->c.dev, "pool", path, sizeof(path)))
		FAIL("the card has no debugfs file of its pool");
	return nth_open(path, O_RDONLY);
}

static const char *nth_read_pool(int fd)
{
	static char text[8192];
	ssize_t len = pread(fd, text, sizeof(text), 0);

	if (len < 0 || len == sizeof(text))
		FAIL("the pool's file: %s", len < 0 ? strerror(errno) : "too long");
	text[len] = 0;
	return text;
}

/* Adds a line of a node. */
static void nth_pool_line(struct nth_pool *pool, const char *line)
{
	unsigned long n, dirty, clean, out, large, small, pages;
	char kind[32];

	if (sscanf(line, "node %*d %31[a-z_]%lu: dirty %lu clean %lu out %lu", kind, &n, &dirty,
		   &clean, &out) == 5)
		pool->out_chunks += out;
	if (sscanf(line, "node %*d %31[a-z_]: large %lu small %lu pages %lu", kind, &large, &small,
		   &pages) == 4 && strcmp(kind, "cached_blocks"))
		pool->odd_pages += pages;
	if (sscanf(line, "node %*d free_pages_all_pools: %lu", &pages) == 1)
		pool->limited_pages += pages;
}

static struct nth_pool nth_pool(const char *text)
{
	struct nth_pool pool = { 0 };

	for (; *text; text += !!*text) {
		nth_pool_line(&pool, text);
		text += strcspn(text, "\n");
	}
	return pool;
}

static u64 nth_number_in(const char *path)
{
	char *text = read_text(path);
	u64 n;

	if (!text)
		FAIL("cannot read %s: %s", path, strerror(errno));
	n = strtoull(text, NULL, 0);
	free(text);
	return n;
}

static struct nth_usage nth_usage(struct nth_state *s)
{
	struct drm_pddgpu_info_memory mem = test_memory(&s->c.dev);
	const char *text = nth_read_pool(files.pool);
	struct nth_pool pool = nth_pool(text);

	return (struct nth_usage) {
		.figures = {
			[NTH_VRAM] = mem.vram_used,
			[NTH_VISIBLE] = mem.vram_visible_used,
			[NTH_GTT] = mem.gtt_used,
			[NTH_POOL_OUT] = test_number(text, "out_pages"),
			[NTH_POOL_STUCK] = test_number(text, "stuck_pages"),
			[NTH_POOL_LIMIT] = pool.limited_pages - test_number(text, "free_pages"),
			[NTH_DMA] = nth_number_in(DMA_ENTRIES) + pool.out_chunks,
		},
	};
}

/* Whether a figure must be as before: not where buffers are, if some may have moved. */
static bool nth_figure_counts(const struct nth_call *call, unsigned int i)
{
	return !(call->flags & NTH_MOVES) || i >= NTH_POOL_STUCK;
}

/* The first figure that differs, or NTH_FIGURES. */
static unsigned int nth_difference(const struct nth_state *s, const struct nth_usage *a,
				   const struct nth_usage *b)
{
	unsigned int i;

	for (i = 0; i < NTH_FIGURES; i++)
		if (a->figures[i] != b->figures[i] && nth_figure_counts(s->call, i))
			break;
	return i;
}

/* What deleted buffers hold goes when their last job is done, in another thread. */
static void nth_settle(struct nth_state *s, const struct nth_usage *want, const char *when,
		       unsigned int n)
{
	const u64 end = now_ns() + test_late_ns(SETTLE_NS);
	struct nth_usage u = nth_usage(s);
	unsigned int i;

	while ((i = nth_difference(s, want, &u)) < NTH_FIGURES && now_ns() < end) {
		sleep_ms(1);
		u = nth_usage(s);
	}
	if (i < NTH_FIGURES)
		FAIL("n=%u: %s: %s: %llu, before %llu", n, when, nth_figure_names[i],
		     u.figures[i], want->figures[i]);
}

/*
 * Until nothing changes any more, for jobs of prepare() may still give something
 * back; or until it is what it came to the last time, which is mostly at once.
 */
static void nth_steady(struct nth_state *s, struct nth_usage *usage)
{
	const u64 end = now_ns() + SETTLE_NS;
	struct nth_usage now = nth_usage(s);

	while (memcmp(usage, &now, sizeof(now)) && now_ns() < end) {
		*usage = now;
		sleep_ms(2);
		now = nth_usage(s);
	}
}

/* --- Page attributes, by the kernel's page tables ---------------------- */

/* Bytes of a line "0xSTART-0xEND SIZE FLAGS..." if they are not write-back cached. */
static u64 nth_odd_bytes(const char *line, size_t len)
{
	char text[160];
	u64 start, end;

	snprintf(text, sizeof(text), "%.*s", (int)len, line);
	if (sscanf(text, "0x%llx-0x%llx", &start, &end) != 2)
		return 0;
	return strstr(text, " PWT") || strstr(text, " PCD") || strstr(text, " PAT") ?
		end - start : 0;
}

/* Pages of the direct map that are not write-back, but for those that the pool counts. */
s64 nth_odd_pages(struct nth_state *s)
{
	char *text = read_text(PAGE_TABLES), *line;
	u64 bytes = 0;
	int pool;

	if (!text)
		FAIL("cannot read " PAGE_TABLES ": %s", strerror(errno));
	line = strstr(text, "---[ Low Kernel Mapping");
	if (!line)
		FAIL("there is no direct map in " PAGE_TABLES);
	while ((line = strchr(line, '\n')) && strncmp(++line, "---[", 4))
		bytes += nth_odd_bytes(line, strcspn(line, "\n"));
	free(text);
	pool = nth_open_pool(s);
	bytes -= nth_pool(nth_read_pool(pool)).odd_pages * PDD_PAGE;
	close(pool);
	return (s64)bytes / (s64)PDD_PAGE;
}

/* --- The n-th failure --------------------------------------------------- */

static void nth_arm(unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	if (pwrite(files.fail_nth, text, len, 0) != len)
		FAIL("cannot write " FAIL_NTH ": %s", strerror(errno));
}

/* Whether it has come to the n-th; disarms. */
static bool nth_was_hit(void)
{
	char text[16] = "";
	ssize_t len = pread(files.fail_nth, text, sizeof(text) - 1, 0);

	nth_arm(0);
	return len > 0 && !strtoul(text, NULL, 0);
}

static void nth_set(const char *attr, const char *setting, const char *value)
{
	char path[160];
	int ret;

	snprintf(path, sizeof(path), "%s/%s", attr, setting);
	ret = write_text(path, value);
	if (ret)
		FAIL("cannot write %s: %s", path, test_errno(ret));
}

/* Not all have all settings. */
static void nth_set_if_any(const char *attr, const char *setting, const char *value)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", attr, setting);
	if (!access(path, W_OK))
		nth_set(attr, setting, value);
}

static bool nth_is_verbose(const char *attr)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/verbose", attr);
	return nth_number_in(path);
}

/* Limits what fails to calls from (require), or not from (reject), a range of code. */
static void nth_filter(const char *attr, const char *which, u64 start, u64 end)
{
	char setting[32], text[32];

	snprintf(setting, sizeof(setting), "%s-start", which);
	snprintf(text, sizeof(text), "%#llx", start);
	nth_set(attr, setting, text);
	snprintf(setting, sizeof(setting), "%s-end", which);
	snprintf(text, sizeof(text), "%#llx", end);
	nth_set(attr, setting, text);
}

/*
 * An ioctl whose result DRM cannot copy out has been done, and nobody knows: that
 * is so for all drivers.  So only copies that the driver itself makes may fail.
 */
static void nth_filter_usercopy(void)
{
	u64 start = nth_number_in("/sys/module/pddgpu/sections/.text");
	char *modules = read_text("/proc/modules"), *line;

	CHECK(modules);
	line = strstr(modules, "pddgpu ");
	CHECK(line);
	nth_set(USERCOPY, "times", "1");
	nth_filter(USERCOPY, "require", start, start + strtoull(line + 7, NULL, 0));
	free(modules);
}

/* Has nothing fail below a function of the kernel.  Its symbols are sorted, and many. */
static void nth_spare(const char *attr, const char *function)
{
	FILE *symbols = fopen("/proc/kallsyms", "re");
	char line[512], name[64];
	u64 start = 0, end;

	CHECK(symbols);
	snprintf(name, sizeof(name), " %s\n", function);
	while (!start && fgets(line, sizeof(line), symbols))
		if (strstr(line, name))
			start = strtoull(line, NULL, 16);
	if (!start)
		FAIL("this kernel has no %s()", function);
	end = start;
	while (end == start && fgets(line, sizeof(line), symbols))
		end = strtoull(line, NULL, 16);
	fclose(symbols);
	nth_filter(attr, "reject", start, end);
}

/*
 * An interrupt that could not get all its files in /proc has the kernel warn when
 * it removes them.  kmemleak takes note of each allocation with one of its own,
 * has others in store for when that fails, and nobody sees a difference.
 */
static bool nth_slab_may_fail(const char *path)
{
	return !strstr(path, "/proc_dir_entry/") && !strstr(path, "/kmemleak_");
}

static void nth_filter_slabs(void)
{
	glob_t slabs;

	CHECK_OK(glob("/sys/kernel/slab/*/failslab", 0, NULL, &slabs));
	for (size_t i = 0; i < slabs.gl_pathc; i++) {
		const char *path = slabs.gl_pathv[i];
		int ret = write_text(path, nth_slab_may_fail(path) ? "1" : "0");

		if (ret)
			FAIL("cannot write %s: %s", path, test_errno(ret));
	}
	globfree(&slabs);
	nth_set(FAILSLAB, "cache-filter", "Y");
}

/* All allocations may fail, and none of that is worth a line in the log. */
static void nth_configure(const char *attr)
{
	nth_set_if_any(attr, "ignore-gfp-wait", "N");
	nth_set_if_any(attr, "ignore-gfp-highmem", "N");
	nth_set_if_any(attr, "min-order", "0");
	nth_set(attr, "verbose", "0");
}

/* This takes a while, and lasts until the driver is loaded again. */
static void nth_configure_all(void)
{
	static const char *const patterns[] = {
		"/sys/kernel/debug/dri/*/fail_*", FAILSLAB, PAGE_ALLOC,
		USERCOPY,
	};
	glob_t attrs = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++)
		CHECK_OK(glob(patterns[i], i ? GLOB_APPEND : 0, NULL, &attrs));
	if (!nth_is_verbose(attrs.gl_pathv[0]))
		return;
	for (size_t i = 0; i < attrs.gl_pathc; i++)
		nth_configure(attrs.gl_pathv[i]);
	globfree(&attrs);
	nth_filter_usercopy();
	nth_filter_slabs();
	/*
	 * If gpu_buddy has no memory to split a block, it frees one that is still in its
	 * tree of free blocks (Linux 6.12): nothing that the driver could do about it.
	 */
	nth_spare(FAILSLAB, "split_block");
	/* A slab that gets no large page takes a small one; nobody sees a difference. */
	nth_spare(PAGE_ALLOC, "allocate_slab");
}

/* --- Helpers for calls --------------------------------------------------- */

int nth_ioctl(struct nth_state *s, unsigned long request, void *arg)
{
	return ioctl(s->c.dev.fd, request, arg) ? -errno : 0;
}

int nth_create(struct nth_state *s, u64 size, u32 vm)
{
	struct drm_pddgpu_gem_create create = {
		.size = size,
		.domains = s->call->domains,
		.flags = s->call->bo_flags,
		.vm_id = vm,
	};
	int ret = nth_ioctl(s, DRM_IOCTL_PDDGPU_GEM_CREATE, &create);

	s->bo = (struct pdd_bo){ .handle = create.handle, .size = create.size };
	return ret;
}

int nth_submit(struct nth_state *s, const struct drm_pddgpu_sync *syncs, u32 num_syncs)
{
	const struct drm_pddgpu_cs_bo bos[] = {
		{ .handle = s->bo.handle },
		{ .handle = s->word.handle, .flags = DRM_PDDGPU_CS_BO_WRITE },
	};
	struct drm_pddgpu_cs cs = {
		.ctx_id = s->c.ctx,
		.engine = DRM_PDDGPU_ENGINE_COMPUTE,
		.ib_dwords = s->ib.n,
		.ib_addr = s->ib.bo.va,
		.bos = (uintptr_t)bos,
		.num_bos = ARRAY_SIZE(bos),
		.bo_stride = sizeof(*bos),
		.syncs = (uintptr_t)syncs,
		.num_syncs = num_syncs,
		.sync_stride = sizeof(*syncs),
	};

	return nth_ioctl(s, DRM_IOCTL_PDDGPU_CS, &cs);
}

void nth_empty_pool(void)
{
	CHECK_EQ(pwrite(files.pool_size, "0", 1, 0), 1);
	CHECK_EQ(pwrite(files.pool_size, "-1", 2, 0), 2);
}

static sigjmp_buf nth_bus_error;

static void nth_on_sigbus(int signo)
{
	(void)signo;
	siglongjmp(nth_bus_error, 1);
}

int nth_touch(volatile void *byte)
{
	/* Without the mask there is no system call that could fail. */
	if (sigsetjmp(nth_bus_error, 0))
		return -ENOMEM;
	*(volatile u8 *)byte = 0x5a;
	return 0;
}

/* --- The sweep ----------------------------------------------------------- */

/* Whether what failed was a copy: that has used up the one time that it may fail. */
static bool nth_copy_failed(void)
{
	if (nth_number_in(USERCOPY "/times"))
		return false;
	nth_set(USERCOPY, "times", "1");
	return true;
}

static bool nth_allowed(const struct nth_call *call, bool copy, int ret)
{
	if (copy)
		return ret == -EFAULT;
	for (size_t i = 0; i < ARRAY_SIZE(call->errors); i++)
		if (call->errors[i] && ret == -call->errors[i])
			return true;
	return !ret || ret == -ENOMEM;
}

/* It failed: nothing has changed, and it works the next time. */
static void nth_failed(struct nth_state *s, unsigned int n, const struct nth_usage *before)
{
	int ret;

	if (!(s->call->flags & NTH_REBINDS))
		nth_settle(s, before, "after a failure", n);
	if (s->call->failed)
		s->call->failed(s);
	ret = s->call->run(s);
	if (ret)
		FAIL("n=%u: made again it gives %s", n, test_errno(ret));
}

/* Everything is ready for the call; @before is what it was for the last one. */
static void nth_prepare(struct nth_state *s, struct nth_usage *before)
{
	if (s->call->prepare)
		s->call->prepare(s);
	if (s->call->flags & NTH_COLD)
		nth_empty_pool();
	if (!(s->call->flags & NTH_REBINDS))
		nth_steady(s, before);
}

/* Back to where the sweep began. */
static void nth_clean(struct nth_state *s, unsigned int n, const struct nth_usage *base)
{
	if (s->call->clean)
		s->call->clean(s);
	if (s->call->flags & NTH_REBINDS)
		return;
	nth_empty_pool();
	nth_settle(s, base, "in the end", n);
}

/* Returns whether there was an n-th point at all. */
static bool nth_step(struct nth_state *s, unsigned int n, const struct nth_usage *base,
		     struct nth_usage *before)
{
	bool hit;
	int ret;

	nth_prepare(s, before);
	nth_arm(n);
	ret = s->call->run(s);
	hit = nth_was_hit();
	if (ret && !hit)
		FAIL("n=%u: gives %s although nothing failed", n, test_errno(ret));
	if (!nth_allowed(s->call, hit && nth_copy_failed(), ret))
		FAIL("n=%u: gives %s", n, test_errno(ret));

	s->in_spite = hit && !ret;
	if (ret)
		nth_failed(s, n, before);
	if (s->call->check)
		s->call->check(s);
	nth_clean(s, n, base);
	return hit;
}

/* A buffer in VRAM is to be cleared before it is used, as long as nobody else does it. */
static void nth_dirty_vram(struct nth_state *s)
{
	const struct drm_pddgpu_info_memory before = test_memory(&s->c.dev);
	const u64 free = s->c.dev.info.vram_size - before.vram_used;
	struct pdd_bo bo;

	CHECK_OK(pdd_bo_create(&s->c.dev, (free - 4 * MIB) / MIB * MIB, VRAM, 0, &bo));
	pdd_bo_free(&s->c.dev, &bo);
	/* Its last fence may be that of a clear, and a worker waits for that. */
	test_settle(&s->c.dev, &before);
}

/*
 * What calls share, and what the card is asked by.  The cleaners map pages and take
 * memory when they like to, so they rest.
 */
static void nth_begin_client(struct nth_state *s)
{
	test_client(&s->c);
	test_wait_for_cleaners(&s->c.dev);
	CHECK_OK(write_text(CLEAN_DELAY, "-1"));
	CHECK_OK(write_text(VRAM_DELAY, "-1"));
	nth_dirty_vram(s);
	files.pool = nth_open_pool(s);
	files.pool_size = nth_open(POOL_SIZE, O_WRONLY);
	s->word = test_bo(&s->c, PDD_PAGE, GTT);
	s->ib = test_ib(&s->c, 64);
	*(u32 *)s->word.map = 0;
}

static void nth_begin(struct nth_state *s, const struct nth_call *call)
{
	const struct sigaction bus = { .sa_handler = nth_on_sigbus, .sa_flags = SA_NODEFER };

	memset(s, 0, sizeof(*s));
	s->call = call;
	s->fd = -1;
	if (access(FAIL_NTH, F_OK))
		FAIL("this kernel has no " FAIL_NTH ": it takes CONFIG_FAULT_INJECTION");
	files.fail_nth = nth_open(FAIL_NTH, O_RDWR);
	nth_configure_all();
	/* Our own memory is there, and does not count. */
	CHECK_OK(mlockall(MCL_CURRENT));
	CHECK_OK(sigaction(SIGBUS, &bus, NULL));
	if (!(call->flags & NTH_REBINDS))
		nth_begin_client(s);
	if (call->begin)
		call->begin(s);
}

/* Where every n takes long, the usual run takes one in so many, at random. */
static unsigned int nth_next(const struct nth_call *call, unsigned int n, u64 *seed)
{
	if (test_options.long_runs || !call->stride)
		return n + 1;
	return n + 1 + random_next(seed) % (2 * call->stride - 1);
}

void nth_sweep(const void *arg)
{
	unsigned int n, last = 0, tried = 0;
	u64 seed = test_options.seed;
	struct nth_usage base = { 0 }, before = { 0 };
	struct nth_state s;

	nth_begin(&s, arg);
	if (!(s.call->flags & NTH_REBINDS)) {
		nth_empty_pool();
		nth_steady(&s, &base);
	}
	for (n = 1; nth_step(&s, n, &base, &before); n = nth_next(s.call, n, &seed)) {
		last = n;
		tried++;
	}
	printf("# failnth.%s: %s%u points, %u tried\n", s.call->name,
	       last == tried ? "" : "at least ", last, tried);
	fflush(stdout);
}
