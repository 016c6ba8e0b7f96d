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
#define FAILSLAB	"/sys/kernel/debug/failslab"
#define USERCOPY	"/sys/kernel/debug/fail_usercopy"
#define DMA_ENTRIES	"/sys/kernel/debug/dma-api/num_free_entries"
#define PAGE_TABLES	"/sys/kernel/debug/page_tables/kernel"
#define SETTLE_NS	5000000000ULL
#define USUAL_STRIDE	6

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
	NTH_DMA,	/* free entries, and those that the pool's chunks have taken */
	NTH_FIGURES,
};

static const char *const nth_figure_names[NTH_FIGURES] = {
	"VRAM", "visible VRAM", "GTT", "pages out", "stuck pages", "DMA entries",
};

struct nth_usage {
	u64 figures[NTH_FIGURES];
};

/* Chunks that the pool has handed out, each of which is mapped; pages that are not write-back. */
struct nth_pool {
	u64 out_chunks;
	u64 odd_pages;
};

static char *nth_dump(struct nth_state *s, const char *file)
{
	char path[128], *text;

	if (pdd_debugfs(&s->c.dev, file, path, sizeof(path)))
		FAIL("the card has no debugfs file %s", file);
	text = read_text(path);
	if (!text)
		FAIL("cannot read %s: %s", path, strerror(errno));
	return text;
}

/* Adds up the lines "MODE_order_N: dirty N clean N out N". */
static struct nth_pool nth_pool(const char *text)
{
	struct nth_pool pool = { 0 };

	for (const char *line = strchr(text, '\n'); line; line = strchr(line + 1, '\n')) {
		const char *order = strstr(line, "_order_");
		unsigned long n, dirty, clean, out;

		if (!order || sscanf(order, "_order_%lu: dirty %lu clean %lu out %lu", &n, &dirty,
				     &clean, &out) != 4)
			continue;
		pool.out_chunks += out;
		if (strncmp(line + 1, "cached", 6))
			pool.odd_pages += (dirty + clean + out) << n;
		line = order;
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
	char *text = nth_dump(s, "pool");
	struct nth_usage u = {
		.figures = {
			[NTH_VRAM] = mem.vram_used,
			[NTH_VISIBLE] = mem.vram_visible_used,
			[NTH_GTT] = mem.gtt_used,
			[NTH_POOL_OUT] = test_number(text, "out_pages"),
			[NTH_POOL_STUCK] = test_number(text, "stuck_pages"),
			[NTH_DMA] = nth_number_in(DMA_ENTRIES) + nth_pool(text).out_chunks,
		},
	};

	free(text);
	return u;
}

/* Whether a figure must be as before: not where buffers are, if some may have moved. */
static bool nth_figure_counts(const struct nth_call *call, unsigned int i)
{
	return !(call->flags & NTH_MOVES) || i == NTH_POOL_STUCK || i == NTH_DMA;
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
	const u64 end = now_ns() + SETTLE_NS * test_options.slow;
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

/* Until nothing changes any more: jobs of prepare() may still give something back. */
static struct nth_usage nth_steady(struct nth_state *s)
{
	const u64 end = now_ns() + SETTLE_NS;
	struct nth_usage old, u = nth_usage(s);

	do {
		old = u;
		sleep_ms(2);
		u = nth_usage(s);
	} while (memcmp(&old, &u, sizeof(u)) && now_ns() < end);
	return u;
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
	char *text = read_text(PAGE_TABLES), *line, *pool;
	u64 bytes = 0;
	s64 pages;

	if (!text)
		FAIL("cannot read " PAGE_TABLES ": %s", strerror(errno));
	line = strstr(text, "---[ Low Kernel Mapping");
	if (!line)
		FAIL("there is no direct map in " PAGE_TABLES);
	while ((line = strchr(line, '\n')) && strncmp(++line, "---[", 4))
		bytes += nth_odd_bytes(line, strcspn(line, "\n"));
	free(text);
	pool = nth_dump(s, "pool");
	pages = bytes / PDD_PAGE - nth_pool(pool).odd_pages;
	free(pool);
	return pages;
}

/* --- The n-th failure --------------------------------------------------- */

static int nth_fd = -1;

static void nth_arm(unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	/* Copying the number may be what fails. */
	while (pwrite(nth_fd, text, len, 0) != len)
		if (errno != EFAULT)
			FAIL("cannot write " FAIL_NTH ": %s", strerror(errno));
}

/* Whether it has come to the n-th; disarms. */
static bool nth_was_hit(void)
{
	char text[16] = "";
	ssize_t len = pread(nth_fd, text, sizeof(text) - 1, 0);

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
	nth_filter(USERCOPY, "require", start, start + strtoull(line + 7, NULL, 0));
	free(modules);
}

/*
 * If gpu_buddy has no memory to split a block, it frees one that is still in its
 * tree of free blocks (Linux 6.12): nothing that the driver could do about it.
 * The kernel's symbols are sorted, and many: one look is enough until it boots again.
 */
static void nth_filter_buddy(void)
{
	char line[512], name[256] = "", type;
	u64 address = 0, start = 0;
	FILE *symbols;

	if (nth_number_in(FAILSLAB "/reject-start"))
		return;
	symbols = fopen("/proc/kallsyms", "re");
	CHECK(symbols);
	while (!start && fgets(line, sizeof(line), symbols))
		if (sscanf(line, "%llx %c %255s", &address, &type, name) == 3 &&
		    !strcmp(name, "split_block"))
			start = address;
	if (!start)
		FAIL("this kernel has no split_block()");
	while (address == start && fgets(line, sizeof(line), symbols))
		sscanf(line, "%llx", &address);
	fclose(symbols);
	nth_filter(FAILSLAB, "reject", start, address);
}

/* All allocations may fail, and none of that is worth a line in the log. */
static void nth_configure(void)
{
	static const char *const patterns[] = {
		FAILSLAB, "/sys/kernel/debug/fail_page_alloc",
		USERCOPY,
		"/sys/kernel/debug/dri/*/fail_*",
	};
	glob_t attrs = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++)
		glob(patterns[i], i ? GLOB_APPEND : 0, NULL, &attrs);
	for (size_t i = 0; i < attrs.gl_pathc; i++) {
		nth_set_if_any(attrs.gl_pathv[i], "ignore-gfp-wait", "N");
		nth_set_if_any(attrs.gl_pathv[i], "ignore-gfp-highmem", "N");
		nth_set_if_any(attrs.gl_pathv[i], "min-order", "0");
		nth_set(attrs.gl_pathv[i], "verbose", "0");
	}
	globfree(&attrs);
	if (!access(USERCOPY, F_OK))
		nth_filter_usercopy();
	nth_filter_buddy();
}

/* --- Helpers for calls --------------------------------------------------- */

int nth_ioctl(struct nth_state *s, unsigned long request, void *arg)
{
	return ioctl(s->c.dev.fd, request, arg) ? -errno : 0;
}

void nth_empty_pool(void)
{
	CHECK_OK(write_text(POOL_SIZE, "0"));
	CHECK_OK(write_text(POOL_SIZE, "-1"));
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

static bool nth_allowed(const struct nth_call *call, int ret)
{
	if (ret == -ENOMEM)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(call->errors); i++)
		if (call->errors[i] && ret == -call->errors[i])
			return true;
	/* A copy from or to user space failed. */
	return ret == -EFAULT && !access(USERCOPY, F_OK);
}

/* It failed: nothing has changed, and it works the next time. */
static void nth_failed(struct nth_state *s, unsigned int n, int ret,
		       const struct nth_usage *before)
{
	if (!nth_allowed(s->call, ret))
		FAIL("n=%u: the error is %s", n, test_errno(ret));
	if (!(s->call->flags & NTH_REBINDS))
		nth_settle(s, before, "after a failure", n);
	if (s->call->failed)
		s->call->failed(s);
	ret = s->call->run(s);
	if (ret)
		FAIL("n=%u: made again it gives %s", n, test_errno(ret));
}

/* Returns whether there was an n-th point at all. */
static bool nth_step(struct nth_state *s, unsigned int n, const struct nth_usage *base)
{
	const struct nth_call *call = s->call;
	struct nth_usage before = { 0 };
	bool hit;
	int ret;

	if (call->prepare)
		call->prepare(s);
	if (call->flags & NTH_COLD)
		nth_empty_pool();
	if (!(call->flags & NTH_REBINDS))
		before = nth_steady(s);

	nth_arm(n);
	ret = call->run(s);
	hit = nth_was_hit();
	if (ret && !hit)
		FAIL("n=%u: gives %s although nothing failed", n, test_errno(ret));

	if (ret)
		nth_failed(s, n, ret, &before);
	if (call->check)
		call->check(s);
	if (call->clean)
		call->clean(s);
	if (!(call->flags & NTH_REBINDS)) {
		nth_empty_pool();
		nth_settle(s, base, "in the end", n);
	}
	return hit;
}

static void nth_begin(struct nth_state *s, const struct nth_call *call)
{
	const struct sigaction bus = { .sa_handler = nth_on_sigbus, .sa_flags = SA_NODEFER };

	memset(s, 0, sizeof(*s));
	s->call = call;
	s->fd = -1;
	nth_fd = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	if (nth_fd < 0)
		FAIL("this kernel has no " FAIL_NTH ": it takes CONFIG_FAULT_INJECTION");
	nth_configure();
	/* Our own memory is there, and does not count. */
	CHECK_OK(mlockall(MCL_CURRENT));
	CHECK_OK(sigaction(SIGBUS, &bus, NULL));
	if (!(call->flags & NTH_REBINDS)) {
		test_client(&s->c);
		s->word = test_bo(&s->c, PDD_PAGE, GTT);
		s->ib = test_ib(&s->c, 64);
		*(u32 *)s->word.map = 0;
	}
	if (call->begin)
		call->begin(s);
}

/* Every n takes long: the usual run takes one in so many, at random. */
static unsigned int nth_next(const struct nth_call *call, unsigned int n, u64 *seed)
{
	const u32 stride = call->stride ? call->stride : USUAL_STRIDE;

	if (test_options.long_runs)
		return n + 1;
	return n + 1 + random_next(seed) % (2 * stride - 1);
}

void nth_sweep(const void *arg)
{
	unsigned int n, last = 0, tried = 0;
	u64 seed = test_options.seed;
	struct nth_usage base = { 0 };
	struct nth_state s;

	nth_begin(&s, arg);
	if (!(s.call->flags & NTH_REBINDS)) {
		nth_empty_pool();
		base = nth_steady(&s);
	}
	for (n = 1; nth_step(&s, n, &base); n = nth_next(s.call, n, &seed)) {
		last = n;
		tried++;
	}
	printf("# failnth.%s: %s%u points, %u tried\n", s.call->name,
	       last == tried ? "" : "at least ", last, tried);
	fflush(stdout);
}
