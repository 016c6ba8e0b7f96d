// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Looking at memory from outside: a debugger through a mapping, root through
 * debugfs, anybody through fdinfo.  Where the CPU does not reach, too.
 */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILLER	0xc0ffee11

/* A buffer that is filled by the card and that the CPU has not touched. */
static struct pdd_bo filled_bo(struct pdd_client *c, u64 size, u32 domains, u32 flags)
{
	struct drm_pddgpu_cs_bo use = { .flags = DRM_PDDGPU_CS_BO_WRITE };
	struct pdd_ib ib = test_ib(c, 16);
	struct pdd_bo bo;

	CHECK_OK(pdd_bo_new(c, size, domains, flags, &bo));
	use.handle = bo.handle;
	pdd_fill(&ib, bo.va, size, FILLER);
	CHECK_OK(pdd_run(c, DRM_PDDGPU_ENGINE_COPY, &ib, &use, 1));
	return bo;
}

/* --- A debugger -------------------------------------------------------- */

struct kind {
	u32 domains;
	u32 flags;
};

/* /proc/self/mem goes the way of ptrace(): through the mapping's access callback. */
static void debugger(const void *arg)
{
	static const char text[] = "changed from outside";
	const struct kind *kind = arg;
	static u32 page[PDD_PAGE / 4];
	struct pdd_client c;
	struct pdd_bo bo;
	u64 at;
	int fd;

	test_client(&c);
	bo = filled_bo(&c, MIB, kind->domains, kind->flags);
	CHECK_OK(pdd_bo_map(&c.dev, &bo));
	fd = open("/proc/self/mem", O_RDWR);
	CHECK(fd >= 0);
	/* Across the end of a page, and to the end of the buffer */
	for (at = PDD_PAGE - 100; at < MIB; at += MIB - 2 * PDD_PAGE + 100) {
		CHECK_EQ(pread(fd, page, PDD_PAGE, (uintptr_t)bo.map + at), PDD_PAGE);
		test_check_words(page, PDD_PAGE, FILLER);
	}
	at = 5 * PDD_PAGE - 4;
	CHECK_EQ(pwrite(fd, text, sizeof(text), (uintptr_t)bo.map + at), sizeof(text));
	CHECK(!memcmp(bo.map + at, text, sizeof(text)));
	CHECK_EQ(*(u32 *)(bo.map + at - 4), FILLER);
	close(fd);
}

/* What is on its way to GTT has arrived when a debugger sees it. */
static void debugger_and_move(const void *arg)
{
	struct drm_pddgpu_cs_bo list = { .flags = DRM_PDDGPU_CS_BO_WRITE };
	struct drm_pddgpu_gem_info info = { .placement = VRAM };
	struct pdd_use use = { .bos = &list, .num_bos = 1 };
	static u32 page[PDD_PAGE / 4];
	struct pdd_client c;
	struct pdd_bo bo, other, gate;
	struct pdd_ib ib;
	pid_t pid;
	int fd;

	(void)arg;
	test_client(&c);
	ib = test_ib(&c, 16);
	bo = filled_bo(&c, MIB, VRAM, 0);
	CHECK_OK(pdd_bo_map(&c.dev, &bo));
	list.handle = bo.handle;
	/* Not what other tests may have left in the pages */
	pdd_fill(&ib, bo.va, MIB, ~FILLER);
	CHECK_OK(pdd_run(&c, DRM_PDDGPU_ENGINE_COPY, &ib, &list, 1));
	gate = test_gate(&c, c.ctx, DRM_PDDGPU_ENGINE_COMPUTE, &use);
	for (u64 size = 0; info.placement == VRAM; size += other.size) {
		CHECK(size < 2 * c.dev.info.vram_size);
		CHECK_OK(pdd_bo_create(&c.dev, 16 * MIB, VRAM, 0, &other));
		CHECK_OK(pdd_bo_info(&c.dev, &bo, &info));
	}
	CHECK_EQ(info.placement, GTT);
	pid = test_fork();
	if (!pid) {
		usleep(300000);
		test_gate_open(&gate);
		_exit(0);
	}
	fd = open("/proc/self/mem", O_RDONLY);
	CHECK(fd >= 0);
	CHECK_EQ(pread(fd, page, PDD_PAGE, (uintptr_t)bo.map), PDD_PAGE);
	test_check_words(page, PDD_PAGE, ~FILLER);
	close(fd);
	test_join(pid);
}

/* --- debugfs ------------------------------------------------------------ */

static int open_file(struct pdd_client *c, const char *name, int flags)
{
	char path[128];
	int fd;

	if (pdd_debugfs(&c->dev, name, path, sizeof(path)))
		FAIL("the card has no debugfs file %s", name);
	fd = open(path, flags);
	if (fd < 0)
		FAIL("cannot open %s: %s", path, strerror(errno));
	return fd;
}

/* A number of our own client's fdinfo; sizes in bytes */
static u64 figure(struct pdd_client *c, const char *key)
{
	char path[64], *text, *line;
	u64 value, unit = 1;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", c->dev.fd);
	text = read_text(path);
	if (!text)
		FAIL("cannot read %s", path);
	line = strstr(text, key);
	if (!line)
		FAIL("there is no \"%s\" in \"%s\"", key, text);
	line += strlen(key);
	CHECK_EQ(*line, ':');
	value = strtoull(line + 1, &line, 10);
	if (!strncmp(line, " KiB", 4))
		unit = KIB;
	else if (!strncmp(line, " MiB", 4))
		unit = MIB;
	free(text);
	return value * unit;
}

static void choose_bo(struct pdd_client *c, int fd, const struct pdd_bo *bo)
{
	char choice[48];

	snprintf(choice, sizeof(choice), "%llu %u", figure(c, "drm-client-id"), bo->handle);
	CHECK_EQ(write(fd, choice, strlen(choice)), strlen(choice));
}

/*
 * Reading a buffer that the CPU cannot reach shows its bytes and does not move it,
 * whatever was chosen before.
 */
static void invisible_bo(const void *arg)
{
	struct drm_pddgpu_info_memory before, after;
	static u8 bytes[3 * MIB];
	struct pdd_bo bo, other;
	struct pdd_client c;
	u64 at = 0;
	int fd;

	(void)arg;
	test_client(&c);
	before = test_memory(&c.dev);
	bo = filled_bo(&c, sizeof(bytes), VRAM, DRM_PDDGPU_GEM_NO_CPU_ACCESS);
	other = test_bo(&c, PDD_PAGE, GTT);
	fd = open_file(&c, "bo", O_RDWR);
	choose_bo(&c, fd, &other);
	choose_bo(&c, fd, &bo);
	while (at < sizeof(bytes)) {
		ssize_t n = read(fd, bytes + at, sizeof(bytes) - at);

		CHECK(n > 0);
		at += n;
	}
	test_check_words((u32 *)bytes, sizeof(bytes), FILLER);
	after = test_memory(&c.dev);
	CHECK_EQ(after.vram_visible_used, before.vram_visible_used);
	CHECK_EQ(after.moved_to_gtt, before.moved_to_gtt);
	close(fd);
}

/* Both parts of VRAM, and a piece of each at once, are what is there. */
static void vram_raw_invisible(const void *arg)
{
	static u32 chunk[MIB / 4];
	struct pdd_client c;
	u64 at, found = 0;
	ssize_t n;
	int fd;

	(void)arg;
	test_client(&c);
	filled_bo(&c, MIB, VRAM, DRM_PDDGPU_GEM_NO_CPU_ACCESS | DRM_PDDGPU_GEM_VRAM_CONTIGUOUS);
	fd = open_file(&c, "vram_raw", O_RDONLY);
	CHECK_EQ(pread(fd, chunk, MIB, c.dev.info.vram_visible - MIB / 2), MIB);
	for (at = c.dev.info.vram_visible; at < c.dev.info.vram_size; at += n) {
		n = pread(fd, chunk, MIB, at);
		CHECK(n > 0);
		for (ssize_t i = 0; i < n / 4; i += PDD_PAGE / 4)
			found += chunk[i] == FILLER && chunk[i + PDD_PAGE / 4 - 1] == FILLER;
		if (found == MIB / PDD_PAGE)
			break;
	}
	CHECK_EQ(found, MIB / PDD_PAGE);
	close(fd);
}

/* --- fdinfo ------------------------------------------------------------- */

static void fdinfo_adds_up(const void *arg)
{
	struct drm_pddgpu_info_memory before, after;
	u64 vram, gtt, system;
	struct pdd_client c;
	struct pdd_bo bo;

	(void)arg;
	test_client(&c);
	vram = figure(&c, "drm-total-vram");
	gtt = figure(&c, "drm-total-gtt");
	system = figure(&c, "drm-total-system");
	before = test_memory(&c.dev);
	CHECK_OK(pdd_bo_create(&c.dev, 3 * MIB, VRAM, 0, &bo));
	CHECK_OK(pdd_bo_create(&c.dev, 5 * MIB, GTT, 0, &bo));
	CHECK_OK(pdd_bo_create(&c.dev, 7 * MIB, DRM_PDDGPU_DOMAIN_CPU, 0, &bo));
	after = test_memory(&c.dev);
	CHECK_EQ(figure(&c, "drm-total-vram") - vram, 3 * MIB);
	CHECK_EQ(figure(&c, "drm-total-gtt") - gtt, 5 * MIB);
	CHECK_EQ(figure(&c, "drm-total-system") - system, 7 * MIB);
	CHECK_EQ(after.vram_used - before.vram_used, 3 * MIB);
	CHECK_EQ(after.gtt_used - before.gtt_used, 5 * MIB);
	/* No page of system memory until somebody touches one */
	CHECK_EQ(figure(&c, "drm-resident-vram") - vram, 3 * MIB);
	CHECK_EQ(figure(&c, "drm-resident-system"), 0);
	CHECK_OK(pdd_bo_map(&c.dev, &bo));
	*(u32 *)bo.map = 1;
	CHECK_EQ(figure(&c, "drm-resident-system"), 7 * MIB);
}

/* A buffer is active as long as a job that lists it. */
static void fdinfo_active(const void *arg)
{
	struct drm_pddgpu_cs_bo list = { 0 };
	struct pdd_use use = { .bos = &list, .num_bos = 1 };
	struct pdd_client c;
	struct pdd_bo bo, gate;

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, 3 * MIB, VRAM);
	list.handle = bo.handle;
	list.flags = DRM_PDDGPU_CS_BO_WRITE;
	/* It is cleared first, by an engine that may have something else to do */
	CHECK_OK(pdd_bo_wait(&c.dev, &bo, DRM_PDDGPU_GEM_WAIT_WRITE, PDD_WAIT_NS));
	CHECK_EQ(figure(&c, "drm-active-vram"), 0);
	gate = test_gate(&c, c.ctx, DRM_PDDGPU_ENGINE_COPY, &use);
	CHECK_EQ(figure(&c, "drm-active-vram"), 3 * MIB);
	test_gate_open(&gate);
	CHECK_OK(pdd_bo_wait(&c.dev, &bo, DRM_PDDGPU_GEM_WAIT_WRITE, PDD_WAIT_NS));
	CHECK_EQ(figure(&c, "drm-active-vram"), 0);
}

/* A buffer that nobody needs is purgeable while it is idle, and as long as it has memory. */
static void fdinfo_purgeable(const void *arg)
{
	struct pdd_client c;
	struct pdd_ib ib;
	struct pdd_bo bo;

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, 3 * MIB, GTT);
	ib = test_ib(&c, 16);
	pdd_nop(&ib, 0);
	/* When it is done, so are the page tables for the buffer. */
	CHECK_OK(pdd_run(&c, DRM_PDDGPU_ENGINE_COPY, &ib, NULL, 0));
	CHECK_EQ(figure(&c, "drm-purgeable-gtt"), 0);
	CHECK_EQ(pdd_bo_madvise(&c.dev, &bo, DRM_PDDGPU_MADV_DONTNEED), 1);
	CHECK_EQ(figure(&c, "drm-purgeable-gtt"), 3 * MIB);
	CHECK_OK(write_text("/proc/sys/vm/drop_caches", "2"));
	CHECK_EQ(figure(&c, "drm-purgeable-gtt"), 0);
	CHECK_EQ(figure(&c, "drm-purgeable-system"), 0);
	CHECK_EQ(pdd_bo_madvise(&c.dev, &bo, DRM_PDDGPU_MADV_WILLNEED), 0);
}

static const struct kind in_vram = { VRAM, 0 },
	in_visible = { VRAM, DRM_PDDGPU_GEM_CPU_ACCESS_REQUIRED },
	in_gtt = { GTT, 0 },
	in_gtt_uswc = { GTT, DRM_PDDGPU_GEM_GTT_USWC };

static const struct test tests[] = {
	{ .name = "look.debugger_vram", .run = debugger, .arg = &in_vram },
	{ .name = "look.debugger_vram_visible", .run = debugger, .arg = &in_visible },
	{ .name = "look.debugger_gtt", .run = debugger, .arg = &in_gtt },
	{ .name = "look.debugger_gtt_uswc", .run = debugger, .arg = &in_gtt_uswc },
	{ .name = "look.debugger_and_move", .run = debugger_and_move },
	{ .name = "look.bo_invisible", .run = invisible_bo },
	{ .name = "look.vram_raw_invisible", .run = vram_raw_invisible, .timeout = 60 },
	{ .name = "look.fdinfo_adds_up", .run = fdinfo_adds_up },
	{ .name = "look.fdinfo_active", .run = fdinfo_active },
	{ .name = "look.fdinfo_purgeable", .run = fdinfo_purgeable },
};

TEST_GROUP(look_tests, tests);
