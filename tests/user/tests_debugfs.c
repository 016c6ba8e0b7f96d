// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What the driver shows in debugfs, against what it says to INFO; and in traces. */
#include "test.h"
#include "test_crowd.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRACING		"/sys/kernel/tracing/"
#define POOL_SIZE	"/sys/module/pddgpu/parameters/page_pool_size"

static void path_of(const struct pdd_dev *dev, const char *file, char path[128])
{
	if (pdd_debugfs(dev, file, path, 128))
		FAIL("the card has no debugfs file %s", file);
}

static char *dump(const struct pdd_dev *dev, const char *file)
{
	char path[128], *text;

	path_of(dev, file, path);
	text = read_text(path);
	if (!text)
		FAIL("cannot read %s: %s", path, strerror(errno));
	if (!*text)
		FAIL("%s is empty", path);
	return text;
}

static void vram(const void *arg)
{
	struct drm_pddgpu_info_memory mem;
	struct pdd_client c;
	struct pdd_bo bo;
	char *text;
	u64 used;

	(void)arg;
	test_client(&c);
	text = dump(&c.dev, "vram");
	used = test_number(text, "used");
	free(text);
	CHECK_OK(pdd_bo_create(&c.dev, 8 * MIB, VRAM, DRM_PDDGPU_GEM_CPU_ACCESS_REQUIRED, &bo));
	mem = test_memory(&c.dev);
	text = dump(&c.dev, "vram");
	CHECK_EQ(test_number(text, "used"), used + 8 * MIB);
	CHECK_EQ(test_number(text, "used"), mem.vram_used);
	CHECK_EQ(test_number(text, "visible_used"), mem.vram_visible_used);
	CHECK_EQ(test_number(text, "visible_size"), c.dev.info.vram_visible);
	CHECK_EQ(test_number(text, "used") + test_number(text, "free") +
		 test_number(text, "cleaning") + test_number(text, "reserved"),
		 c.dev.info.vram_size);
	CHECK(test_number(text, "largest_free_block") <= test_number(text, "largest_free_run"));
	CHECK(test_number(text, "largest_free_run") <= test_number(text, "free"));
	CHECK(test_number(text, "fragmentation_permille") <= 1000);
}

static void gtt(const void *arg)
{
	struct drm_pddgpu_info_memory mem;
	struct pdd_client c;
	struct pdd_bo bo;
	char *text;
	u64 used;

	(void)arg;
	test_client(&c);
	text = dump(&c.dev, "gtt");
	used = test_number(text, "usage");
	free(text);
	bo = test_bo(&c, 8 * MIB, GTT);
	test_pattern(bo.map, bo.size, 1);
	mem = test_memory(&c.dev);
	text = dump(&c.dev, "gtt");
	CHECK_EQ(test_number(text, "usage"), used + 8 * MIB);
	CHECK_EQ(test_number(text, "usage"), mem.gtt_used);
	CHECK_EQ(test_number(text, "size"), c.dev.info.gtt_size);
	CHECK(test_number(text, "aperture_used_pages") <= test_number(text, "aperture_pages"));
}

static void pool(const void *arg)
{
	struct drm_pddgpu_info_memory mem;
	struct pdd_client c;
	struct pdd_bo bo;
	char *text;
	u64 out;

	(void)arg;
	test_client(&c);
	text = dump(&c.dev, "pool");
	out = test_number(text, "out_pages");
	free(text);
	bo = test_bo(&c, 8 * MIB, GTT);
	test_pattern(bo.map, bo.size, 1);
	text = dump(&c.dev, "pool");
	CHECK_EQ(test_number(text, "out_pages"), out + 8 * MIB / PDD_PAGE);
	mem = test_memory(&c.dev);
	CHECK_EQ(test_number(text, "free_pages") * PDD_PAGE, mem.pool_bytes);
}

/* Our own lines of the file, up to the next client's. */
static char *own_client(const struct pdd_client *c, u64 *id)
{
	char *text = dump(&c->dev, "buffers"), *line, *end;
	int pid;

	for (line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (sscanf(line, "client %llu pid %d", id, &pid) == 2 && pid == getpid())
			break;
	}
	if (!line)
		FAIL("no client has our pid in \"%s\"", text);
	end = strstr(line, "\nclient ");
	if (end)
		*end = 0;
	return line;
}

static void buffers(const void *arg)
{
	char want[64], *text;
	struct pdd_client c;
	struct pdd_bo bos[2];
	u64 id;

	(void)arg;
	test_client(&c);
	CHECK_OK(pdd_bo_create(&c.dev, 3 * MIB, VRAM, DRM_PDDGPU_GEM_CPU_ACCESS_REQUIRED,
			       &bos[0]));
	CHECK_OK(pdd_bo_create(&c.dev, 5 * MIB, GTT, 0, &bos[1]));
	text = own_client(&c, &id);
	CHECK(strstr(text, "pddgpu-tests"));
	snprintf(want, sizeof(want), "handle %u size=%llu in=vram ", bos[0].handle, 3 * MIB);
	if (!strstr(text, want))
		FAIL("there is no \"%s\" in \"%s\"", want, text);
	snprintf(want, sizeof(want), "handle %u size=%llu in=gtt ", bos[1].handle, 5 * MIB);
	if (!strstr(text, want))
		FAIL("there is no \"%s\" in \"%s\"", want, text);
	pdd_bo_free(&c.dev, &bos[0]);
	CHECK(!strstr(own_client(&c, &id), "in=vram "));
}

/* What the lines of a map add up to */
struct map_sums {
	u64 free, clear, dirty, used, visible_used, cleaning, reserved, kernel, pinned;
	u64 owned;	/* by the buffer in question */
	u64 blocks;
};

static void map_add(struct map_sums *sums, const char *line, u64 size, bool visible, u64 id)
{
	char state[16], contents[16], pinned[16], owner[24];

	if (sscanf(line, "%*s %*s %15s %15s %15s %23s", state, contents, pinned, owner) != 4)
		FAIL("\"%.60s\" is no line of a map", line);
	if (!strcmp(state, "free")) {
		CHECK(!strcmp(pinned, "-") && !strcmp(owner, "-"));
		sums->free += size;
		sums->clear += strcmp(contents, "clear") ? 0 : size;
		sums->dirty += strcmp(contents, "dirty") ? 0 : size;
		return;
	}
	CHECK(!strcmp(contents, "-"));
	if (!strcmp(pinned, "pinned"))
		sums->pinned += size;
	else
		CHECK(!strcmp(pinned, "movable"));
	if (!strcmp(state, "used")) {
		sums->used += size;
		sums->visible_used += visible ? size : 0;
		sums->kernel += strcmp(owner, "kernel") ? 0 : size;
		sums->owned += id && strtoull(owner, NULL, 10) == id ? size : 0;
		CHECK(strcmp(owner, "-"));
		return;
	}
	CHECK(!strcmp(owner, "-"));
	if (!strcmp(state, "cleaning"))
		sums->cleaning += size;
	else if (!strcmp(state, "reserved"))
		sums->reserved += size;
	else
		FAIL("\"%s\" is no state", state);
}

/* Every byte of the heap is in one block, and blocks add up to what the manager counts. */
static struct map_sums map_check(const struct pdd_dev *dev, const char *file, u64 id)
{
	char *text = dump(dev, file), *line = strstr(text, "\n0x");
	u64 pos = test_number(text, "start"), visible = test_number(text, "visible");
	struct map_sums sums = {};
	u64 start, size;

	CHECK_EQ(test_number(text, "format"), 1);
	for (; line && line[1]; line = strchr(line + 1, '\n')) {
		CHECK_EQ(sscanf(line + 1, "0x%llx 0x%llx ", &start, &size), 2);
		CHECK_EQ(start, pos);
		CHECK(size && size % PDD_PAGE == 0);
		map_add(&sums, line + 1, size, start < visible, id);
		sums.blocks++;
		pos += size;
	}
	CHECK_EQ(pos, test_number(text, "end"));
	CHECK_EQ(sums.used, test_number(text, "used"));
	CHECK_EQ(sums.visible_used, test_number(text, "visible_used"));
	CHECK_EQ(sums.cleaning, test_number(text, "cleaning"));
	CHECK_EQ(sums.reserved, test_number(text, "reserved"));
	free(text);
	return sums;
}

/* The id of a buffer, from its line in "buffers" */
static u64 id_of(const struct pdd_client *c, const struct pdd_bo *bo)
{
	char want[32], *text, *id;
	u64 client;

	text = own_client(c, &client);
	snprintf(want, sizeof(want), "  handle %u ", bo->handle);
	text = strstr(text, want);
	id = text ? strstr(text, " id=") : NULL;
	CHECK(id);
	return strtoull(id + 4, NULL, 10);
}

static void vram_map(const void *arg)
{
	struct drm_pddgpu_info_memory mem;
	struct map_sums sums;
	struct pdd_client c;
	struct pdd_bo bos[2];
	u64 ids[2];

	(void)arg;
	test_client(&c);
	CHECK_OK(pdd_bo_create(&c.dev, 3 * MIB, VRAM, DRM_PDDGPU_GEM_CPU_ACCESS_REQUIRED,
			       &bos[0]));
	CHECK_OK(pdd_bo_create(&c.dev, 5 * MIB, VRAM, DRM_PDDGPU_GEM_NO_CPU_ACCESS, &bos[1]));
	for (int i = 0; i < 2; i++)
		ids[i] = id_of(&c, &bos[i]);
	CHECK(ids[0] && ids[1] && ids[0] != ids[1]);
	mem = test_memory(&c.dev);
	sums = map_check(&c.dev, "vram_map", ids[0]);
	CHECK_EQ(sums.owned, bos[0].size);
	CHECK_EQ(sums.used, mem.vram_used);
	CHECK_EQ(sums.visible_used, mem.vram_visible_used);
	CHECK_EQ(sums.clear + sums.dirty, sums.free);
	CHECK(sums.kernel && sums.kernel < sums.used);
	CHECK(sums.pinned >= sums.reserved);
	CHECK_EQ(map_check(&c.dev, "vram_map", ids[1]).owned, bos[1].size);
	pdd_bo_free(&c.dev, &bos[1]);
	CHECK_EQ(map_check(&c.dev, "vram_map", ids[1]).owned, 0);
}

/* Rings and fences are pinned in the aperture; no process has addresses there. */
static void gtt_map(const void *arg)
{
	struct map_sums sums;
	struct pdd_client c;
	struct pdd_bo bo;

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, MIB, GTT);
	sums = map_check(&c.dev, "gtt_map", id_of(&c, &bo));
	CHECK_EQ(sums.owned, 0);
	CHECK_EQ(sums.clear + sums.dirty, 0);
	CHECK(sums.used);
	CHECK_EQ(sums.kernel, sums.used);
	CHECK_EQ(sums.pinned, sums.used);
}

/* The same while others allocate and free, evict and clear, and the card is busy. */
static void maps_of_busy_card(const void *arg)
{
	u64 most = 0, least = ~0ULL, jobs;
	struct crowd *crowd;
	struct pdd_dev dev;

	(void)arg;
	CHECK_OK(pdd_open(&dev, 0));
	crowd = crowd_start(4, test_options.seed);
	jobs = crowd_sum(crowd, jobs);
	/* As long as nothing has come or gone, nothing is shown */
	for (u32 i = 0; i < test_count(200) || most == least; i++) {
		u64 blocks = map_check(&dev, "vram_map", 0).blocks;

		map_check(&dev, "gtt_map", 0);
		most = blocks > most ? blocks : most;
		least = blocks < least ? blocks : least;
	}
	CHECK(crowd_sum(crowd, jobs) > jobs);
	printf("# %llu to %llu blocks\n", least, most);
	crowd_stop(crowd);
	pdd_close(&dev);
}

/* The raw dump of a buffer holds its bytes, wherever it is. */
static void bo_contents(const void *arg)
{
	static u8 bytes[MIB];
	char path[128], choice[48];
	struct pdd_client c;
	struct pdd_bo bo;
	u64 id;
	int fd;

	test_client(&c);
	bo = test_bo(&c, MIB, *(const u32 *)arg);
	test_pattern(bo.map, MIB, 1);
	own_client(&c, &id);
	path_of(&c.dev, "bo", path);
	fd = open(path, O_RDWR);
	CHECK(fd >= 0);
	CHECK(read(fd, bytes, 1) < 0);
	snprintf(choice, sizeof(choice), "%llu %u", id, bo.handle);
	CHECK_EQ(write(fd, choice, strlen(choice)), strlen(choice));
	for (u64 at = 0; at < MIB;) {
		ssize_t n = read(fd, bytes + at, MIB - at);

		CHECK(n > 0);
		at += n;
	}
	CHECK_EQ(read(fd, choice, 1), 0);
	test_check_pattern(bytes, MIB, 1);
	CHECK(write(fd, "0 999999", 8) < 0 && errno == ENOENT);
	CHECK(write(fd, "nonsense", 8) < 0 && errno == EINVAL);
}

/* All of VRAM can be read, and a buffer's bytes are somewhere in it. */
static void vram_raw(const void *arg)
{
	static u8 page[PDD_PAGE], want[PDD_PAGE];
	char path[128];
	struct pdd_client c;
	struct pdd_bo bo;
	bool found = false;
	int fd;

	(void)arg;
	test_client(&c);
	bo = test_bo(&c, PDD_PAGE, VRAM);
	test_pattern(bo.map, PDD_PAGE, 0x1234);
	test_pattern(want, PDD_PAGE, 0x1234);
	path_of(&c.dev, "vram_raw", path);
	fd = open(path, O_RDONLY);
	CHECK(fd >= 0);
	CHECK_EQ(lseek(fd, 0, SEEK_END), c.dev.info.vram_size);
	CHECK_EQ(pread(fd, page, PDD_PAGE, c.dev.info.vram_size - PDD_PAGE), PDD_PAGE);
	CHECK_EQ(pread(fd, page, PDD_PAGE, c.dev.info.vram_size), 0);
	lseek(fd, 0, SEEK_SET);
	for (u64 at = 0; !found && at < c.dev.info.vram_visible; at += MIB) {
		static u8 chunk[MIB];

		CHECK_EQ(pread(fd, chunk, MIB, at), MIB);
		for (u64 i = 0; !found && i < MIB; i += PDD_PAGE)
			found = !memcmp(chunk + i, want, PDD_PAGE);
	}
	CHECK(found);
}

static void rings(const void *arg)
{
	struct pdd_client c;
	struct pdd_ib ib;
	u64 faults;
	char *text;

	(void)arg;
	test_client(&c);
	text = dump(&c.dev, "rings");
	faults = test_number(text, "faults");
	CHECK(strstr(text, "wedged: no"));
	free(text);
	ib = test_ib(&c, 16);
	pdd_write32(&ib, 0x123456789000, 1);
	test_job_fault(&c, DRM_PDDGPU_ENGINE_COMPUTE, &ib, PDDGPU_ERR_UNMAPPED);
	text = dump(&c.dev, "rings");
	CHECK_EQ(test_number(text, "faults"), faults + 1);
	CHECK(strstr(text, "0x123456789000"));
}

/* A kernel that cannot let things fail has no code of ours for it either. */
static void injection(const void *arg)
{
	static const char *const points[] = {
		"fail_pool_alloc", "fail_pool_caching", "fail_pool_map", "fail_vram", "fail_gtt",
	};
	const bool can = !access("/proc/self/fail-nth", F_OK);
	char path[128], *symbols = read_text("/proc/kallsyms");
	struct pdd_dev dev;

	(void)arg;
	CHECK_OK(pdd_open(&dev, 0));
	for (size_t i = 0; i < ARRAY_SIZE(points); i++)
		CHECK_EQ(!pdd_debugfs(&dev, points[i], path, sizeof(path)), can);
	CHECK(symbols && strstr(symbols, "pddgpu_cs_ioctl"));
	CHECK_EQ(!!strstr(symbols, "pddgpu_inject"), can);
}

/* --- Tracepoints -------------------------------------------------------- */

static void trace(bool on)
{
	int fd = open(TRACING "trace", O_WRONLY | O_TRUNC | O_CLOEXEC);

	CHECK(fd >= 0);
	close(fd);
	CHECK_OK(write_text(TRACING "events/pddgpu/enable", on ? "1" : "0"));
}

static void uswc_comes_and_goes(struct pdd_client *c)
{
	struct pdd_bo bo;

	CHECK_OK(pdd_bo_create(&c->dev, 2 * MIB, GTT, DRM_PDDGPU_GEM_GTT_USWC, &bo));
	CHECK_OK(pdd_bo_map(&c->dev, &bo));
	*(volatile u32 *)bo.map = 1;
	pdd_bo_free(&c->dev, &bo);
}

/* Something of each that there is a tracepoint for */
static void do_all(struct pdd_client *c)
{
	struct pdd_bo bo;
	struct pdd_ib ib = test_ib(c, 16);

	CHECK_OK(pdd_bo_create(&c->dev, 3 * MIB, VRAM, 0, &bo));
	pdd_nop(&ib, 0);
	CHECK_OK(pdd_run(c, DRM_PDDGPU_ENGINE_COMPUTE, &ib, NULL, 0));
	/* From the system, to the pool, and from there */
	uswc_comes_and_goes(c);
	test_wait_for_cleaners(&c->dev);
	uswc_comes_and_goes(c);
	test_wait_for_cleaners(&c->dev);
	CHECK_OK(write_text("/proc/sys/vm/drop_caches", "2"));
}

static void check_traced(const char *text, const struct pdd_dev *dev, const char *name,
			 const char *what)
{
	char begin[80];

	snprintf(begin, sizeof(begin), "%s: dev=%s ", name, dev->pci);
	while ((text = strstr(text, begin))) {
		text += strlen(begin);
		if (strstr(text, what) && strstr(text, what) < strchr(text, '\n'))
			return;
	}
	FAIL("there is no line in the trace with \"%s\" and \"%s\"", begin, what);
}

static void tracepoints(const void *arg)
{
	char *text, *limit = read_text(POOL_SIZE);
	struct pdd_client c;

	(void)arg;
	CHECK(limit);
	test_client(&c);
	/* The pool has nothing at first. */
	CHECK_OK(write_text(POOL_SIZE, "0"));
	CHECK_OK(write_text(POOL_SIZE, limit));
	trace(true);
	do_all(&c);
	text = read_text(TRACING "trace");
	trace(false);
	CHECK(text);
	check_traced(text, &c.dev, "pddgpu_bo_move", "from=system to=vram ");
	check_traced(text, &c.dev, "pddgpu_bo_move", " bytes=3145728 evict=0");
	check_traced(text, &c.dev, "pddgpu_job_run", "engine=compute ");
	check_traced(text, &c.dev, "pddgpu_pool_convert", " to=write_combined ");
	check_traced(text, &c.dev, "pddgpu_pool_miss", "caching=write_combined ");
	check_traced(text, &c.dev, "pddgpu_pool_hit", "caching=write_combined ");
	check_traced(text, &c.dev, "pddgpu_pool_clean", "caching=write_combined pages=");
	check_traced(text, &c.dev, "pddgpu_pool_shrink", " freed=");
}

static const u32 in_vram = VRAM, in_gtt = GTT;

static const struct test tests[] = {
	{ .name = "debugfs.vram", .run = vram },
	{ .name = "debugfs.gtt", .run = gtt },
	{ .name = "debugfs.pool", .run = pool },
	{ .name = "debugfs.buffers", .run = buffers },
	{ .name = "debugfs.vram_map", .run = vram_map },
	{ .name = "debugfs.gtt_map", .run = gtt_map },
	{ .name = "debugfs.maps_of_busy_card", .run = maps_of_busy_card, .timeout = 120 },
	{ .name = "debugfs.bo_in_vram", .run = bo_contents, .arg = &in_vram },
	{ .name = "debugfs.bo_in_gtt", .run = bo_contents, .arg = &in_gtt },
	{ .name = "debugfs.vram_raw", .run = vram_raw, .timeout = 60 },
	{ .name = "debugfs.rings", .run = rings },
	{ .name = "debugfs.injection", .run = injection },
	{ .name = "debugfs.tracepoints", .run = tracepoints },
};

TEST_GROUP(debugfs_tests, tests);
