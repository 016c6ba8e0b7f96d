// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The page pool as the machine sees it: what it keeps, and that whoever needs the
 * memory gets it.  Those of pool.numa_* need two nodes: scripts/vm --numa 2.
 */
#include "test.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define POOL_SIZE	"/sys/module/pddgpu/parameters/page_pool_size"
#define CGROUPS		"/tmp/cgroups"
#define CGROUP		CGROUPS "/pool"
#define BO_SIZE		(16 * MIB)
#define MAX_BOS		256
#define BLOCK		(2 * MIB)

/* Buffers in GTT, each with its pages. */
struct hoard {
	struct pdd_dev dev;
	struct pdd_bo bos[MAX_BOS];
	u64 count;
};

static void hoard_take(struct hoard *h, u64 bytes)
{
	for (u64 i = 0; i < bytes / BO_SIZE; i++) {
		struct pdd_bo *bo = &h->bos[h->count++];

		CHECK(h->count <= MAX_BOS);
		CHECK_OK(pdd_bo_create(&h->dev, BO_SIZE, GTT, 0, bo));
		CHECK_OK(pdd_bo_map(&h->dev, bo));
		*(u64 *)bo->map = h->count;
	}
}

static void hoard_drop(struct hoard *h)
{
	while (h->count) {
		struct pdd_bo *bo = &h->bos[--h->count];

		CHECK_EQ(*(u64 *)bo->map, h->count + 1);
		pdd_bo_free(&h->dev, bo);
	}
}

static u64 pool_bytes(struct hoard *h)
{
	return test_memory(&h->dev).pool_bytes;
}

static u64 pool_number(struct hoard *h, const char *name)
{
	char path[128], *text;
	u64 value;

	CHECK_OK(pdd_debugfs(&h->dev, "pool", path, sizeof(path)));
	text = read_text(path);
	CHECK(text);
	value = test_number(text, name);
	free(text);
	return value;
}

/* Fills the pool with what buffers had; returns what it keeps. */
static u64 pool_fill(struct hoard *h, u64 bytes)
{
	u64 keeps;

	hoard_take(h, bytes);
	hoard_drop(h);
	keeps = pool_bytes(h);
	if (keeps < bytes - bytes / 8)
		FAIL("the pool keeps %llu MiB of %llu", keeps / MIB, bytes / MIB);
	return keeps;
}

/* As much as it may keep, nearly. */
static u64 pool_fill_up(struct hoard *h)
{
	return pool_fill(h, h->dev.info.gtt_size / 8 * 7);
}

/* --- The limit ------------------------------------------------------------------- */

static void set_limit(u64 bytes)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", bytes / PDD_PAGE);
	CHECK_OK(write_text(POOL_SIZE, text));
}

/* Gives what the pool keeps to the system. */
static void pool_drain(void)
{
	char *old = read_text(POOL_SIZE);

	CHECK(old);
	CHECK_OK(write_text(POOL_SIZE, "0"));
	CHECK_OK(write_text(POOL_SIZE, old));
	free(old);
}

static void limit_live(const void *arg)
{
	const u64 excess = 1000 * PDD_PAGE;
	struct hoard h = { 0 };
	u64 keeps, left;

	(void)arg;
	pool_drain();
	CHECK_OK(pdd_open(&h.dev, 0));
	keeps = pool_fill(&h, 128 * MIB);
	set_limit(keeps - excess);
	left = pool_bytes(&h);
	CHECK(left <= keeps - excess);
	if (keeps - left > excess + BLOCK)
		FAIL("%llu pages too many were given back",
		     (keeps - left - excess) / PDD_PAGE);
	hoard_take(&h, 128 * MIB);
	hoard_drop(&h);
	CHECK(pool_bytes(&h) <= keeps - excess);
}

static void limit_nonsense(const void *arg)
{
	static const char *const nonsense[] = {
		"\n", "-", "many", "1000 pages", "1k", "0x", "1.5", "1 2",
	};
	char *old = read_text(POOL_SIZE), *now;
	struct hoard h = { 0 };
	u64 keeps;

	(void)arg;
	CHECK(old);
	CHECK_OK(pdd_open(&h.dev, 0));
	keeps = pool_fill(&h, 32 * MIB);
	for (size_t i = 0; i < ARRAY_SIZE(nonsense); i++)
		CHECK_RET(write_text(POOL_SIZE, nonsense[i]), -EINVAL);
	CHECK_RET(write_text(POOL_SIZE, "99999999999999999999"), -ERANGE);
	now = read_text(POOL_SIZE);
	CHECK(now && !strcmp(old, now));
	CHECK_EQ(pool_bytes(&h), keeps);
}

/* --- Memory that others need ------------------------------------------------------ */

/* A process needs more than is free: the pool gives it, and nobody is killed for it. */
static void press(const char *cgroup)
{
	struct hoard h = { 0 };
	u64 dead = test_oom_kills(), keeps, given, need;
	pid_t pid;

	CHECK_OK(pdd_open(&h.dev, 0));
	keeps = pool_fill_up(&h);
	given = pool_number(&h, "shrinker_pages");
	need = test_kib("/proc/meminfo", "MemFree") + keeps / 2;
	pid = test_fork();
	if (!pid) {
		if (cgroup)
			CHECK_OK(write_text(cgroup, "0"));
		test_use_memory(need, TEST_ANY_NODE);
		_exit(0);
	}
	CHECK_EQ(test_wait(pid), 0);
	CHECK_EQ(test_oom_kills(), dead);
	CHECK(pool_bytes(&h) <= keeps - keeps / 4);
	CHECK((pool_number(&h, "shrinker_pages") - given) * PDD_PAGE >= keeps / 4);
}

static void small_vm_pressure(const void *arg)
{
	(void)arg;
	press(NULL);
}

/* Nobody else sees the mount, and the kernel drops it with the process. */
static void enter_cgroups(void)
{
	mkdir(CGROUPS, 0755);
	CHECK_OK(unshare(CLONE_NEWNS));
	CHECK_OK(mount("none", CGROUPS, "cgroup2", 0, NULL));
	CHECK_OK(write_text(CGROUPS "/cgroup.subtree_control", "+memory"));
	rmdir(CGROUP);
	CHECK_OK(mkdir(CGROUP, 0755));
}

/* The cgroup may have it, and the machine has it in the pool only. */
static void cgroup_pressure(const void *arg)
{
	(void)arg;
	enter_cgroups();
	press(CGROUP "/cgroup.procs");
	CHECK_EQ(test_counter(CGROUP "/memory.events", "oom_kill"), 0);
	CHECK_OK(rmdir(CGROUP));
}

/*
 * No cgroup is charged for the pool's pages.  So one that is at its own limit, with
 * memory free beside it, would gain nothing from them, and they stay.
 */
static void cgroup_limit_is_its_own(const void *arg)
{
	struct hoard h = { 0 };
	u64 keeps, calls;
	pid_t pid;

	(void)arg;
	enter_cgroups();
	CHECK_OK(pdd_open(&h.dev, 0));
	keeps = pool_fill(&h, 64 * MIB);
	calls = pool_number(&h, "shrinker_calls");
	pid = test_fork();
	if (!pid) {
		CHECK_OK(write_text(CGROUP "/cgroup.procs", "0"));
		test_use_memory(32 * MIB, TEST_ANY_NODE);
		CHECK_RET(write_text(CGROUP "/memory.reclaim", "16M"), -EAGAIN);
		_exit(0);
	}
	CHECK_EQ(test_wait(pid), 0);
	CHECK_EQ(pool_bytes(&h), keeps);
	CHECK_EQ(pool_number(&h, "shrinker_calls"), calls);
	CHECK_OK(rmdir(CGROUP));
}

/* The whole machine is asked for memory, of which only the pool has some to give. */
static void reclaim_on_request(const void *arg)
{
	struct hoard h = { 0 };
	u64 keeps;

	(void)arg;
	enter_cgroups();
	CHECK_OK(pdd_open(&h.dev, 0));
	keeps = pool_fill(&h, 256 * MIB);
	CHECK_OK(write_text(CGROUPS "/memory.reclaim", "64M"));
	CHECK(pool_bytes(&h) <= keeps - 48 * MIB);
	CHECK_OK(rmdir(CGROUP));
}

/* --- NUMA --------------------------------------------------------------------------- */

/* The card's node, which is the last one, and another one, that has the first CPU. */
#define FAR	0
#define NEAR	1

static u64 node_free(int node)
{
	char file[64], name[32];

	snprintf(file, sizeof(file), "/sys/devices/system/node/node%d/meminfo", node);
	snprintf(name, sizeof(name), "Node %d MemFree", node);
	return test_kib(file, name);
}

static u64 node_keeps(struct hoard *h, int node)
{
	char name[48];

	snprintf(name, sizeof(name), "node %d free_pages_all_pools", node);
	return pool_number(h, name) * PDD_PAGE;
}

/* On the other side of the machine, and with nothing in the pool. */
static void numa_open(struct hoard *h)
{
	char *node = read_text("/sys/class/drm/renderD128/device/numa_node");
	cpu_set_t cpus;

	if (!node || atoi(node) != NEAR)
		FAIL("the card is at node %s: this needs scripts/vm --numa 2", node);
	free(node);
	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	CHECK_OK(sched_setaffinity(0, sizeof(cpus), &cpus));
	CHECK_OK(pdd_open(&h->dev, 0));
	pool_drain();
}

/* Memory of the card's node comes first, though the process runs on the other one. */
static void numa_near(const void *arg)
{
	struct hoard h = { 0 };
	u64 near, far;

	(void)arg;
	numa_open(&h);
	near = node_free(NEAR);
	far = node_free(FAR);
	hoard_take(&h, 128 * MIB);
	near -= node_free(NEAR);
	far -= node_free(FAR);
	/* Not all that is free counts as such: each processor has some on lists of its own */
	if (near < 96 * MIB || (s64)far > (s64)(16 * MIB))
		FAIL("%lld MiB came from the card's node, %lld from the other one",
		     (s64)near / (s64)MIB, (s64)far / (s64)MIB);
	hoard_drop(&h);
	CHECK(node_keeps(&h, NEAR) >= 128 * MIB);
	CHECK(node_keeps(&h, FAR) <= BLOCK);
}

/* A process that leaves a node no more than so many bytes; it ends with its pipe. */
static pid_t numa_hog(u64 leave, int *hold)
{
	const u64 near = node_free(NEAR);
	int ready[2], end[2];
	pid_t pid;
	char byte;

	CHECK(near > leave);
	CHECK_OK(pipe(ready));
	CHECK_OK(pipe(end));
	pid = test_fork();
	if (!pid) {
		close(end[1]);
		test_use_memory(near - leave, NEAR);
		CHECK_EQ(write(ready[1], "", 1), 1);
		_exit(read(end[0], &byte, 1));
	}
	close(ready[1]);
	close(end[0]);
	CHECK_EQ(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	*hold = end[1];
	return pid;
}

/* When there is no more, the other node's does as well. */
static void numa_falls_back(const void *arg)
{
	struct hoard h = { 0 };
	int hold;
	pid_t hog;
	u64 far;

	(void)arg;
	numa_open(&h);
	far = node_free(FAR);
	hog = numa_hog(64 * MIB, &hold);
	hoard_take(&h, 256 * MIB);
	CHECK(node_free(FAR) <= far - 128 * MIB);
	close(hold);
	test_join(hog);
	hoard_drop(&h);
	CHECK(node_keeps(&h, FAR) >= 128 * MIB);
}

/* A node that is short of memory gets what is kept there; the other one keeps its own. */
static void numa_shrinks_the_right_node(const void *arg)
{
	struct hoard h = { 0 };
	u64 dead = test_oom_kills(), near, far, need;
	int hold;
	pid_t pid;

	(void)arg;
	numa_open(&h);
	pid = numa_hog(224 * MIB, &hold);
	hoard_take(&h, 384 * MIB);
	close(hold);
	test_join(pid);
	hoard_drop(&h);
	near = node_keeps(&h, NEAR);
	far = node_keeps(&h, FAR);
	CHECK(near >= 128 * MIB && far >= 96 * MIB);

	need = node_free(NEAR) + near / 2;
	pid = test_fork();
	if (!pid) {
		test_use_memory(need, NEAR);
		_exit(0);
	}
	CHECK_EQ(test_wait(pid), 0);
	CHECK_EQ(test_oom_kills(), dead);
	CHECK(node_keeps(&h, NEAR) <= near - near / 4);
	CHECK_EQ(node_keeps(&h, FAR), far);
}

static const struct test tests[] = {
	{ .name = "pool.limit_live", .run = limit_live },
	{ .name = "pool.limit_nonsense", .run = limit_nonsense },
	{ .name = "pool.small_vm_pressure", .run = small_vm_pressure, .timeout = 120 },
	{ .name = "pool.cgroup_pressure", .run = cgroup_pressure, .timeout = 120 },
	{ .name = "pool.cgroup_limit_is_its_own", .run = cgroup_limit_is_its_own },
	{ .name = "pool.reclaim_on_request", .run = reclaim_on_request },
	{ .name = "pool.numa_near", .run = numa_near },
	{ .name = "pool.numa_falls_back", .run = numa_falls_back, .timeout = 60 },
	{ .name = "pool.numa_shrinks_the_right_node", .run = numa_shrinks_the_right_node,
	  .timeout = 120 },
};

TEST_GROUP(pool_tests, tests);
