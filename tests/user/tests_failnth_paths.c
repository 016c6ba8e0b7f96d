// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Every failure in turn of what is no ioctl of the driver: files, mappings, page
 * faults, debugfs; and of moving and swapping.  See test_nth.h.
 */
#include "test_nth.h"

#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define COMPUTE		DRM_PDDGPU_ENGINE_COMPUTE
#define BO_SIZE		(64 * KIB)
#define MARK		0x6d61726b
#define ALONE		((void *)0x100000000000)
#define POOL_SIZE	"/sys/module/pddgpu/parameters/page_pool_size"
#define CLEAN_DELAY	"/sys/module/pddgpu/parameters/page_pool_clean_delay"

static void create(struct nth_state *s, struct pdd_bo *bo)
{
	CHECK_OK(pdd_bo_create(&s->c.dev, BO_SIZE, s->call->domains, s->call->bo_flags, bo));
	CHECK_OK(pdd_bo_map(&s->c.dev, bo));
}

static void mark(struct pdd_bo *bo)
{
	((u32 *)bo->map)[0] = MARK;
	((u32 *)bo->map)[BO_SIZE / 4 - 1] = MARK;
}

static void check_mark(const struct pdd_bo *bo)
{
	CHECK_EQ(((u32 *)bo->map)[0], MARK);
	CHECK_EQ(((u32 *)bo->map)[BO_SIZE / 4 - 1], MARK);
}

/* Where nothing else is mapped, so that there is no page table that others have had made. */
static void prepare_untouched(struct nth_state *s)
{
	struct drm_pddgpu_gem_mmap at;

	CHECK_OK(pdd_bo_create(&s->c.dev, BO_SIZE, s->call->domains, s->call->bo_flags, &s->bo));
	at = (struct drm_pddgpu_gem_mmap){ .handle = s->bo.handle };
	CHECK_OK(pdd_ioctl(s->c.dev.fd, DRM_IOCTL_PDDGPU_GEM_MMAP, &at));
	s->bo.map = mmap(ALONE, BO_SIZE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED_NOREPLACE, s->c.dev.fd, at.offset);
	CHECK(s->bo.map == ALONE);
}

static void prepare_marked(struct nth_state *s)
{
	create(s, &s->bo);
	mark(&s->bo);
}

static void check_marked(struct nth_state *s)
{
	check_mark(&s->bo);
}

static void clean_bo(struct nth_state *s)
{
	pdd_bo_free(&s->c.dev, &s->bo);
}

static u32 placement(struct nth_state *s, const struct pdd_bo *bo)
{
	struct drm_pddgpu_gem_info info;

	CHECK_OK(pdd_bo_info(&s->c.dev, bo, &info));
	return info.placement;
}

/* A number in one of the card's debugfs files. */
static u64 card_number(struct nth_state *s, const char *file, const char *name)
{
	char path[128], *text;
	u64 n;

	CHECK_OK(pdd_debugfs(&s->c.dev, file, path, sizeof(path)));
	text = read_text(path);
	CHECK(text);
	n = test_number(text, name);
	free(text);
	return n;
}

/* --- Files ----------------------------------------------------------------- */

static int run_open(struct nth_state *s)
{
	char path[32];

	snprintf(path, sizeof(path), "/dev/dri/renderD%u", s->c.dev.minor);
	s->fd = open(path, O_RDWR | O_CLOEXEC);
	return s->fd < 0 ? -errno : 0;
}

static void check_open(struct nth_state *s)
{
	struct drm_pddgpu_vm_create vm = { 0 };

	CHECK_OK(pdd_ioctl(s->fd, DRM_IOCTL_PDDGPU_VM_CREATE, &vm));
}

static void clean_fd(struct nth_state *s)
{
	close(s->fd);
}

/* A client with something of everything. */
static void prepare_close(struct nth_state *s)
{
	struct pdd_client c;
	struct pdd_bo bo;

	test_client(&c);
	CHECK_OK(pdd_bo_new(&c, BO_SIZE, VRAM, 0, &bo));
	CHECK_OK(pdd_bo_new(&c, BO_SIZE, GTT, DRM_PDDGPU_GEM_GTT_USWC, &bo));
	s->fd = c.dev.fd;
}

static int run_close(struct nth_state *s)
{
	return close(s->fd) ? -errno : 0;
}

/* --- Mappings --------------------------------------------------------------- */

static void prepare_mmap(struct nth_state *s)
{
	struct drm_pddgpu_gem_mmap arg;

	prepare_marked(s);
	arg = (struct drm_pddgpu_gem_mmap){ .handle = s->bo.handle };
	CHECK_OK(nth_ioctl(s, DRM_IOCTL_PDDGPU_GEM_MMAP, &arg));
	s->offset = arg.offset;
}

static int run_mmap(struct nth_state *s)
{
	s->map = mmap(NULL, BO_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, s->c.dev.fd, s->offset);
	return s->map == MAP_FAILED ? -errno : 0;
}

static void check_mmap(struct nth_state *s)
{
	CHECK_EQ(*(u32 *)s->map, MARK);
}

static void clean_mmap(struct nth_state *s)
{
	CHECK_OK(munmap(s->map, BO_SIZE));
	clean_bo(s);
}

/* Out of the middle, so that one mapping becomes two. */
static int run_munmap(struct nth_state *s)
{
	return munmap(s->bo.map + BO_SIZE / 4, BO_SIZE / 4) ? -errno : 0;
}

static int run_fork(struct nth_state *s)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid)
		_exit(*(volatile u32 *)s->bo.map != MARK);
	return test_wait(pid) ? -EPROTO : 0;
}

static int run_touch(struct nth_state *s)
{
	return nth_touch(s->bo.map);
}

/* The byte is there, and nothing else. */
static void check_touched(struct nth_state *s)
{
	CHECK_EQ(((u32 *)s->bo.map)[0], 0x5a);
	test_check_words(s->bo.map + 4, PDD_PAGE - 4, 0);
	test_check_words(s->bo.map + BO_SIZE - PDD_PAGE, PDD_PAGE, 0);
}

/* The byte is there, and the rest of the mark. */
static void check_touched_mark(struct nth_state *s)
{
	CHECK_EQ(((u32 *)s->bo.map)[0], (MARK & ~0xff) | 0x5a);
	CHECK_EQ(((u32 *)s->bo.map)[BO_SIZE / 4 - 1], MARK);
}

static void begin_proc_mem(struct nth_state *s)
{
	s->fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	CHECK(s->fd >= 0);
}

static int run_proc_read(struct nth_state *s)
{
	ssize_t n = pread(s->fd, &s->id, sizeof(s->id), (uintptr_t)s->bo.map);

	return n < 0 ? -errno : n == sizeof(s->id) && s->id == MARK ? 0 : -EPROTO;
}

static int run_proc_write(struct nth_state *s)
{
	ssize_t n = pwrite(s->fd, "\x5a", 1, (uintptr_t)s->bo.map);

	return n < 0 ? -errno : n == 1 ? 0 : -EPROTO;
}

/* --- debugfs ---------------------------------------------------------------- */

static char card_file[128];

static void begin_card_file(struct nth_state *s)
{
	CHECK_OK(pdd_debugfs(&s->c.dev, s->call->arg, card_file, sizeof(card_file)));
}

static int run_card_file(struct nth_state *s)
{
	static char text[16 * KIB];
	ssize_t n, bytes = 0;
	int fd = open(card_file, O_RDONLY | O_CLOEXEC), err;

	(void)s;
	if (fd < 0)
		return -errno;
	while ((n = read(fd, text, sizeof(text))) > 0)
		bytes += n;
	err = errno;
	close(fd);
	return n < 0 ? -err : bytes ? 0 : -EPROTO;
}

static void begin_vram_raw(struct nth_state *s)
{
	begin_card_file(s);
	s->fd = open(card_file, O_RDONLY | O_CLOEXEC);
	CHECK(s->fd >= 0);
	s->offset = s->c.dev.info.vram_size - BO_SIZE;
}

static int run_read(struct nth_state *s)
{
	static char data[BO_SIZE];
	ssize_t n = pread(s->fd, data, sizeof(data), s->offset);

	return n < 0 ? -errno : n == sizeof(data) ? 0 : -EPROTO;
}

/* The number that the file "buffers" shows for us. */
static u64 own_client(struct nth_state *s)
{
	char path[128], *text, *line;
	u64 id;
	int pid;

	CHECK_OK(pdd_debugfs(&s->c.dev, "buffers", path, sizeof(path)));
	text = read_text(path);
	CHECK(text);
	for (line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (sscanf(line, "client %llu pid %d", &id, &pid) == 2 && pid == getpid())
			break;
	}
	CHECK(line);
	free(text);
	return id;
}

static void prepare_dump(struct nth_state *s)
{
	char choice[48];

	prepare_marked(s);
	snprintf(choice, sizeof(choice), "%llu %u", own_client(s), s->bo.handle);
	s->fd = open(card_file, O_RDWR | O_CLOEXEC);
	CHECK_EQ(write(s->fd, choice, strlen(choice)), strlen(choice));
}

static void clean_dump(struct nth_state *s)
{
	close(s->fd);
	clean_bo(s);
}

/* --- Names for buffers, which only the primary node gives --------------------- */

static void begin_card(struct nth_state *s)
{
	char path[80];
	glob_t cards;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/drm/card*", s->c.dev.pci);
	CHECK_OK(glob(path, 0, NULL, &cards));
	snprintf(path, sizeof(path), "/dev/dri/%s", strrchr(cards.gl_pathv[0], '/') + 1);
	globfree(&cards);
	s->fd = open(path, O_RDWR | O_CLOEXEC);
	CHECK(s->fd >= 0);
}

static void prepare_flink(struct nth_state *s)
{
	struct drm_pddgpu_gem_create arg = { .size = BO_SIZE, .domains = VRAM };

	CHECK_OK(pdd_ioctl(s->fd, DRM_IOCTL_PDDGPU_GEM_CREATE, &arg));
	s->bo = (struct pdd_bo){ .handle = arg.handle, .size = BO_SIZE };
}

static int run_flink(struct nth_state *s)
{
	struct drm_gem_flink arg = { .handle = s->bo.handle };
	int ret = ioctl(s->fd, DRM_IOCTL_GEM_FLINK, &arg) ? -errno : 0;

	s->id = arg.name;
	return ret;
}

static void prepare_gem_open(struct nth_state *s)
{
	prepare_flink(s);
	CHECK_OK(run_flink(s));
}

static int run_gem_open(struct nth_state *s)
{
	struct drm_gem_open arg = { .name = s->id };
	int ret = ioctl(s->fd, DRM_IOCTL_GEM_OPEN, &arg) ? -errno : 0;

	s->other = (struct pdd_bo){ .handle = arg.handle, .size = arg.size };
	return ret;
}

static void check_gem_open(struct nth_state *s)
{
	CHECK_EQ(s->other.size, BO_SIZE);
	CHECK_OK(drmCloseBufferHandle(s->fd, s->other.handle));
}

static void clean_flink(struct nth_state *s)
{
	CHECK_OK(drmCloseBufferHandle(s->fd, s->bo.handle));
}

/* --- VRAM full ---------------------------------------------------------------- */

#define MAX_FILLERS	64

static struct drm_pddgpu_cs_bo fillers[MAX_FILLERS];
static u32 num_fillers;

static void fill(struct nth_state *s, u64 bytes, u32 flags)
{
	for (u64 size = 32 * MIB; size >= BO_SIZE; size /= 2)
		for (; bytes >= size; bytes -= size) {
			struct pdd_bo bo;

			CHECK(num_fillers < MAX_FILLERS);
			CHECK_OK(pdd_bo_create(&s->c.dev, size, VRAM, flags, &bo));
			fillers[num_fillers++].handle = bo.handle;
		}
}

/* Leaves room for one buffer, where the CPU sees it. */
static void begin_full(struct nth_state *s)
{
	struct pdd_bo hole;

	create(s, &hole);
	fill(s, card_number(s, "vram", "free"), 0);
	pdd_bo_free(&s->c.dev, &hole);
}

/* What VRAM the CPU sees is full. */
static void begin_visible_full(struct nth_state *s)
{
	fill(s, s->c.dev.info.vram_visible - card_number(s, "vram", "reserved") -
	     card_number(s, "vram", "visible_used"), DRM_PDDGPU_GEM_CPU_ACCESS_REQUIRED);
}

/* All fillers were used later than what is there besides. */
static void use_fillers(struct nth_state *s)
{
	pdd_nop(&s->ib, 0);
	CHECK_OK(pdd_run(&s->c, COMPUTE, &s->ib, fillers, num_fillers));
}

static void prepare_victim(struct nth_state *s)
{
	create(s, &s->other);
	mark(&s->other);
	CHECK_EQ(placement(s, &s->other), VRAM);
	use_fillers(s);
}

static int run_create(struct nth_state *s)
{
	return nth_create(s, BO_SIZE, 0);
}

static void failed_victim(struct nth_state *s)
{
	check_mark(&s->other);
}

static void check_evicts(struct nth_state *s)
{
	CHECK_EQ(placement(s, &s->bo), VRAM);
	CHECK_EQ(placement(s, &s->other), GTT);
	check_mark(&s->other);
	CHECK_OK(pdd_bo_map(&s->c.dev, &s->bo));
	test_check_words(s->bo.map, PDD_PAGE, 0);
	test_check_words(s->bo.map + BO_SIZE - PDD_PAGE, PDD_PAGE, 0);
}

static void clean_two(struct nth_state *s)
{
	clean_bo(s);
	pdd_bo_free(&s->c.dev, &s->other);
}

/* Written by the card, where the CPU does not see it. */
static void prepare_invisible(struct nth_state *s)
{
	struct drm_pddgpu_cs_bo use = { .flags = DRM_PDDGPU_CS_BO_WRITE };

	create(s, &s->bo);
	s->bo.va = pdd_va(&s->c, BO_SIZE);
	CHECK_OK(pdd_bind(&s->c, &s->bo, 0, s->bo.va, BO_SIZE, 0));
	use.handle = s->bo.handle;
	pdd_fill(&s->ib, s->bo.va, BO_SIZE, MARK);
	CHECK_OK(pdd_run(&s->c, COMPUTE, &s->ib, &use, 1));
	CHECK_EQ(placement(s, &s->bo), VRAM);
}

static void check_invisible(struct nth_state *s)
{
	CHECK_EQ(placement(s, &s->bo), GTT);
	check_touched_mark(s);
}

static void clean_bound(struct nth_state *s)
{
	CHECK_OK(pdd_unbind(&s->c, s->bo.va, BO_SIZE));
	clean_bo(s);
}

/* The CPU has had it moved to GTT; the next job moves it back. */
static void prepare_moved(struct nth_state *s)
{
	prepare_invisible(s);
	check_mark(&s->bo);
	CHECK_EQ(placement(s, &s->bo), GTT);
	pdd_copy(&s->ib, s->bo.va, s->word.va, 4);
	*(u32 *)s->word.map = 0;
}

static int run_cs(struct nth_state *s)
{
	return nth_submit(s, NULL, 0);
}

static void failed_moved(struct nth_state *s)
{
	CHECK_EQ(*(u32 *)s->word.map, 0);
}

static void check_moved(struct nth_state *s)
{
	CHECK_OK(pdd_bo_wait(&s->c.dev, &s->word, DRM_PDDGPU_GEM_WAIT_WRITE, PDD_WAIT_NS));
	CHECK_EQ(*(u32 *)s->word.map, MARK);
	CHECK_EQ(placement(s, &s->bo), VRAM);
	pdd_ib_reset(&s->ib);
}

/* --- Swapping ------------------------------------------------------------------ */

static char *pages_limit;
static u64 pages_allowed;

static void begin_swaps(struct nth_state *s)
{
	(void)s;
	pages_limit = read_text(PAGES_LIMIT);
	if (!pages_limit)
		FAIL("cannot read " PAGES_LIMIT);
}

static u64 pages_out(struct nth_state *s)
{
	return card_number(s, "pool", "out_pages");
}

/* What is there may stay, and so may @bytes more. */
static void limit_pages(struct nth_state *s, u64 bytes)
{
	char text[32];

	pages_allowed = pages_out(s) + bytes / PDD_PAGE;
	snprintf(text, sizeof(text), "%llu", pages_allowed);
	CHECK_OK(write_text(PAGES_LIMIT, text));
}

/* Buffers that only we use come back with the next job. */
static void unlimit_pages(struct nth_state *s)
{
	struct drm_pddgpu_cs_bo own[] = { { s->word.handle, 0 }, { s->ib.bo.handle, 0 } };

	CHECK_OK(write_text(PAGES_LIMIT, pages_limit));
	pdd_nop(&s->ib, 0);
	CHECK_OK(pdd_run(&s->c, COMPUTE, &s->ib, own, ARRAY_SIZE(own)));
}

static void prepare_limit(struct nth_state *s)
{
	create(s, &s->other);
	mark(&s->other);
	limit_pages(s, BO_SIZE / 2);
}

/*
 * For a buffer that it cannot swap out TTM lets the limit be exceeded, and takes
 * the small ones that are there besides; there is no other that is large enough.
 */
static void check_swaps(struct nth_state *s)
{
	const bool exceeded = pages_out(s) > pages_allowed;

	CHECK_EQ(placement(s, &s->bo), GTT);
	CHECK(!exceeded || s->in_spite);
	if (!exceeded)
		CHECK_EQ(placement(s, &s->other), DRM_PDDGPU_DOMAIN_CPU);
	CHECK_OK(write_text(PAGES_LIMIT, pages_limit));
	check_mark(&s->other);
	CHECK_OK(pdd_bo_map(&s->c.dev, &s->bo));
	test_check_words(s->bo.map, PDD_PAGE, 0);
	test_check_words(s->bo.map + BO_SIZE - PDD_PAGE, PDD_PAGE, 0);
}

static void failed_swaps(struct nth_state *s)
{
	check_mark(&s->other);
	limit_pages(s, BO_SIZE / 2);
}

static void clean_swaps(struct nth_state *s)
{
	unlimit_pages(s);
	clean_two(s);
}

static void prepare_swapped(struct nth_state *s)
{
	struct pdd_bo press;

	prepare_marked(s);
	limit_pages(s, BO_SIZE / 2);
	CHECK_OK(pdd_bo_create(&s->c.dev, BO_SIZE, GTT, 0, &press));
	CHECK_EQ(placement(s, &s->bo), DRM_PDDGPU_DOMAIN_CPU);
	pdd_bo_free(&s->c.dev, &press);
	unlimit_pages(s);
}

/* --- The pool -------------------------------------------------------------------- */

static void prepare_warm(struct nth_state *s)
{
	prepare_marked(s);
	clean_bo(s);
}

static int run_empty_pool(struct nth_state *s)
{
	(void)s;
	return write_text(POOL_SIZE, "0");
}

static void check_empty_pool(struct nth_state *s)
{
	CHECK_EQ(card_number(s, "pool", "whole_free_pages"), 0);
}

/* --- Probe and remove --------------------------------------------------------------- */

static char driver[PATH_MAX], pci[32];

static int write_driver(const char *file)
{
	char path[PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/%s", driver, file);
	return write_text(path, pci);
}

static bool mentioned(const char *file)
{
	char *text = read_text(file);
	bool found;

	CHECK(text);
	found = strstr(text, "pddgpu") != NULL;
	free(text);
	return found;
}

/* Nothing of the driver is left. */
static void check_unbound(struct nth_state *s)
{
	char link[80], *text = read_text("/sys/kernel/debug/dma-api/num_free_entries");

	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s/driver", pci);
	CHECK(access(link, F_OK));
	snprintf(link, sizeof(link), "/sys/kernel/debug/dri/%s", pci);
	CHECK(access(link, F_OK));
	CHECK_EQ(pdd_count(), 0);
	CHECK(!mentioned("/proc/interrupts"));
	CHECK(!mentioned("/proc/iomem"));
	CHECK(text);
	CHECK_EQ(strtoull(text, NULL, 0), s->offset);
	free(text);
}

static int run_bind(struct nth_state *s)
{
	(void)s;
	return write_driver("bind");
}

static int run_unbind(struct nth_state *s)
{
	(void)s;
	return write_driver("unbind");
}

/* From here on s->offset is how many entries the DMA API's checks have free without us. */
static void begin_unbound(struct nth_state *s)
{
	char *text;

	CHECK_OK(write_driver("unbind"));
	text = read_text("/sys/kernel/debug/dma-api/num_free_entries");
	CHECK(text);
	s->offset = strtoull(text, NULL, 0);
	free(text);
}

/* A card that came up in spite of a failure works. */
static void check_bound(struct nth_state *s)
{
	(void)s;
	test_wait_for_card();
	test_check_alive(0);
}

static void clean_bound_card(struct nth_state *s)
{
	CHECK_OK(write_driver("unbind"));
	check_unbound(s);
}

/* With a client that has buffers everywhere, mapped. */
static void prepare_unbind(struct nth_state *s)
{
	CHECK_OK(write_driver("bind"));
	test_wait_for_card();
	test_client(&s->c);
	CHECK_OK(pdd_bo_create(&s->c.dev, BO_SIZE, GTT, DRM_PDDGPU_GEM_GTT_USWC, &s->bo));
	CHECK_OK(pdd_bo_map(&s->c.dev, &s->bo));
	mark(&s->bo);
	s->other = test_bo(&s->c, BO_SIZE, VRAM);
	mark(&s->other);
}

static void clean_unbind(struct nth_state *s)
{
	/* There is something, whatever it is, until the end. */
	CHECK_OK(nth_touch(s->bo.map));
	CHECK_OK(nth_touch(s->other.map));
	pdd_bo_unmap(&s->bo);
	pdd_bo_unmap(&s->other);
	pdd_client_close(&s->c);
}

/* Those who come after find a driver that is bound. */
static void sweep_rebinds(const void *arg)
{
	struct pdd_dev dev;
	char link[80];
	pid_t pid;
	int ret;

	CHECK_OK(pdd_open(&dev, 0));
	strcpy(pci, dev.pci);
	pdd_close(&dev);
	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s/driver", pci);
	CHECK(realpath(link, driver));
	pid = test_fork();
	if (!pid) {
		nth_sweep(arg);
		_exit(0);
	}
	ret = test_wait(pid);
	if (!pdd_count())
		CHECK_OK(write_driver("bind"));
	test_wait_for_card();
	CHECK_EQ(ret, 0);
	test_check_alive(0);
}

/* --- The end of it all ----------------------------------------------------------------- */

/* Has the driver fail to map a chunk for DMA, each time or never. */
static void map_fails(struct nth_state *s, bool each_time)
{
	static const char *const settings[] = { "verbose", "times", "probability" };
	const char *const values[] = { "0", "-1", each_time ? "100" : "0" };
	char file[64], path[128];

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		snprintf(file, sizeof(file), "fail_pool_map/%s", settings[i]);
		CHECK_OK(pdd_debugfs(&s->c.dev, file, path, sizeof(path)));
		CHECK_OK(write_text(path, values[i]));
	}
}

/* Pages that an error path gave back with the wrong attributes still have them. */
static void page_attributes(const void *arg)
{
	struct nth_state s = { 0 };

	(void)arg;
	test_client(&s.c);
	CHECK_EQ(nth_odd_pages(&s), 0);
	/* Which would be seen. */
	CHECK_OK(pdd_bo_create(&s.c.dev, BO_SIZE, GTT, DRM_PDDGPU_GEM_GTT_USWC, &s.bo));
	CHECK_EQ(nth_odd_pages(&s), 0);
}

/* The one failure that comes when pages are write-combined already, and no other. */
static void attributes_after_map(const void *arg)
{
	struct nth_state s = { .call = &(const struct nth_call){
		.domains = GTT, .bo_flags = DRM_PDDGPU_GEM_GTT_USWC,
	} };
	u64 conversions;
	int ret;

	(void)arg;
	test_client(&s.c);
	test_wait_for_cleaners(&s.c.dev);
	CHECK_OK(write_text(CLEAN_DELAY, "-1"));
	CHECK_OK(write_text(POOL_SIZE, "0"));
	CHECK_EQ(nth_odd_pages(&s), 0);
	conversions = card_number(&s, "pool", "conversions");
	map_fails(&s, true);
	ret = nth_create(&s, 4 * MIB, 0);
	/* Before anything can end the test, or it would fail for all that come after it */
	map_fails(&s, false);
	CHECK_RET(ret, -ENOMEM);
	CHECK(card_number(&s, "pool", "conversions") > conversions);
	CHECK_EQ(nth_odd_pages(&s), 0);
	CHECK_OK(nth_create(&s, 4 * MIB, 0));
}

#define REBIND_TEST(what, ...) {						\
	.name = "failnth." what, .run = sweep_rebinds, .timeout = 6000,		\
	.changes_cards = true,							\
	.arg = &(const struct nth_call){ .name = (what), .begin = begin_unbound,	\
		.flags = NTH_REBINDS, ##__VA_ARGS__ } }

#define FAULT(what, d, f, ...) \
	NTH_TEST("fault_" what, .prepare = prepare_untouched, .run = run_touch, \
		 .check = check_touched, .clean = clean_bo, .domains = (d), .bo_flags = (f), \
		 ##__VA_ARGS__)

#define DEBUGFS(file, ...) \
	NTH_TEST("debugfs_" file, .begin = begin_card_file, .run = run_card_file, .arg = file, \
		 ##__VA_ARGS__)

static const struct test tests[] = {
	NTH_TEST("open", .run = run_open, .check = check_open, .clean = clean_fd),
	NTH_TEST("close", .prepare = prepare_close, .run = run_close),
	NTH_TEST("gem_flink", .begin = begin_card, .prepare = prepare_flink, .run = run_flink,
		 .clean = clean_flink),
	NTH_TEST("gem_open", .begin = begin_card, .prepare = prepare_gem_open,
		 .run = run_gem_open, .check = check_gem_open, .clean = clean_flink),
	NTH_TEST("mmap", .prepare = prepare_mmap, .run = run_mmap, .failed = check_marked,
		 .check = check_mmap, .clean = clean_mmap, .domains = VRAM),
	NTH_TEST("munmap", .prepare = prepare_marked, .run = run_munmap, .failed = check_marked,
		 .check = check_marked, .clean = clean_bo, .domains = VRAM),
	NTH_TEST("fork", .prepare = prepare_marked, .run = run_fork, .failed = check_marked,
		 .check = check_marked, .clean = clean_bo, .domains = VRAM, .errors = { EAGAIN },
		 .stride = 4),
	FAULT("vram", VRAM, 0),
	FAULT("gtt", GTT, 0),
	FAULT("gtt_uswc", GTT, DRM_PDDGPU_GEM_GTT_USWC),
	FAULT("cpu", DRM_PDDGPU_DOMAIN_CPU, 0, .flags = NTH_COLD),
	FAULT("cpu_uswc", DRM_PDDGPU_DOMAIN_CPU, DRM_PDDGPU_GEM_GTT_USWC, .flags = NTH_COLD),
	NTH_TEST("proc_mem_read", .begin = begin_proc_mem, .prepare = prepare_marked,
		 .run = run_proc_read, .failed = check_marked, .clean = clean_bo, .domains = VRAM,
		 .errors = { EIO }),
	NTH_TEST("proc_mem_write", .begin = begin_proc_mem, .prepare = prepare_marked,
		 .run = run_proc_write, .failed = check_marked, .check = check_touched_mark,
		 .clean = clean_bo, .domains = GTT, .errors = { EIO }),
	DEBUGFS("vram"),
	DEBUGFS("gtt"),
	DEBUGFS("vram_map"),
	DEBUGFS("gtt_map"),
	DEBUGFS("pool"),
	DEBUGFS("buffers"),
	DEBUGFS("rings"),
	NTH_TEST("debugfs_vram_raw", .begin = begin_vram_raw, .run = run_read, .arg = "vram_raw"),
	NTH_TEST("debugfs_bo", .begin = begin_card_file, .prepare = prepare_dump, .run = run_read,
		 .failed = check_marked, .check = check_marked, .clean = clean_dump,
		 .domains = GTT, .arg = "bo"),
	NTH_TEST("evict", .begin = begin_full, .prepare = prepare_victim, .run = run_create,
		 .failed = failed_victim, .check = check_evicts, .clean = clean_two,
		 .domains = VRAM, .bo_flags = DRM_PDDGPU_GEM_CPU_ACCESS_REQUIRED,
		 .flags = NTH_MOVES, .errors = { ENOSPC }),
	NTH_TEST("fault_invisible", .begin = begin_visible_full, .prepare = prepare_invisible,
		 .run = run_touch, .check = check_invisible, .clean = clean_bound,
		 .domains = VRAM, .flags = NTH_MOVES),
	NTH_TEST("cs_moves", .begin = begin_visible_full, .prepare = prepare_moved,
		 .run = run_cs, .failed = failed_moved, .check = check_moved,
		 .clean = clean_bound, .domains = VRAM, .flags = NTH_MOVES,
		 .errors = { ENOSPC }),
	NTH_TEST("swap_out", .begin = begin_swaps, .prepare = prepare_limit, .run = run_create,
		 .failed = failed_swaps, .check = check_swaps, .clean = clean_swaps,
		 .domains = GTT, .flags = NTH_MOVES),
	NTH_TEST("swap_out_uswc", .begin = begin_swaps, .prepare = prepare_limit,
		 .run = run_create, .failed = failed_swaps, .check = check_swaps,
		 .clean = clean_swaps, .domains = GTT, .bo_flags = DRM_PDDGPU_GEM_GTT_USWC,
		 .flags = NTH_MOVES),
	NTH_TEST("swap_in", .begin = begin_swaps, .prepare = prepare_swapped, .run = run_touch,
		 .check = check_touched_mark, .clean = clean_bo, .domains = GTT,
		 .flags = NTH_MOVES | NTH_COLD),
	NTH_TEST("empty_pool", .prepare = prepare_warm, .run = run_empty_pool,
		 .check = check_empty_pool, .domains = GTT, .bo_flags = DRM_PDDGPU_GEM_GTT_USWC),
	REBIND_TEST("bind", .run = run_bind, .failed = check_unbound, .check = check_bound,
		    .clean = clean_bound_card, .errors = { EBUSY, ENODEV, ENOSPC }, .stride = 25),
	REBIND_TEST("unbind", .prepare = prepare_unbind, .run = run_unbind,
		    .check = check_unbound, .clean = clean_unbind, .stride = 2),
	{ .name = "failnth.attributes_after_map", .run = attributes_after_map, .timeout = 120 },
	{ .name = "failnth.page_attributes", .run = page_attributes, .timeout = 120 },
};

TEST_GROUP(failnth_paths_tests, tests);
