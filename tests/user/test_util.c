// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "test.h"

#include <fcntl.h>
#include <linux/mempolicy.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SETTLE_NS	5000000000ULL
#define CLEAN_NS	2000000000ULL

u32 test_count(u32 n)
{
	return n > test_options.slow ? n / test_options.slow : 1;
}

static unsigned int factor(const char *name)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 0) : 1;
}

void test_read_factors(void)
{
	test_options.slow = factor("PDDGPU_SLOW");
	test_options.patience = factor("PDDGPU_PATIENCE");
}

u64 test_late_ns(u64 ns)
{
	return ns * test_options.slow * test_options.patience;
}

const char *test_errno(int ret)
{
	static char text[4][32];
	static unsigned int next;
	char *t = text[next++ % 4];

	if (!ret)
		return "0";
	if (ret < 0 && strerrorname_np(-ret))
		snprintf(t, sizeof(text[0]), "-%s", strerrorname_np(-ret));
	else
		snprintf(t, sizeof(text[0]), "%d", ret);
	return t;
}

void test_client(struct pdd_client *c)
{
	CHECK_OK(pdd_client_open(c, 0));
}

struct pdd_bo test_bo(struct pdd_client *c, u64 size, u32 domains)
{
	struct pdd_bo bo;

	CHECK_OK(pdd_bo_new(c, size, domains, 0, &bo));
	CHECK_OK(pdd_bo_map(&c->dev, &bo));
	return bo;
}

struct pdd_ib test_ib(struct pdd_client *c, u32 dwords)
{
	struct pdd_ib ib;

	CHECK_OK(pdd_ib_init(c, dwords, &ib));
	return ib;
}

pid_t test_fork(void)
{
	pid_t pid = fork();

	if (pid < 0)
		FAIL("fork: %s", strerror(errno));
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

int test_wait(pid_t pid)
{
	int status;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void test_join(pid_t pid)
{
	int status = test_wait(pid);

	if (status)
		FAIL("a child of the test ended with status %d", status);
}

int test_touch(const void *map)
{
	pid_t pid = test_fork();

	if (!pid) {
		(void)*(const volatile u32 *)map;
		_exit(0);
	}
	return test_wait(pid);
}

struct drm_pddgpu_info_memory test_memory(struct pdd_dev *dev)
{
	struct drm_pddgpu_info_memory mem;

	CHECK_OK(pdd_memory(dev, &mem));
	return mem;
}

void test_settle(struct pdd_dev *dev, const struct drm_pddgpu_info_memory *before)
{
	const u64 end = now_ns() + test_late_ns(SETTLE_NS);
	struct drm_pddgpu_info_memory mem;

	do {
		mem = test_memory(dev);
		if (mem.vram_used == before->vram_used && mem.gtt_used == before->gtt_used &&
		    mem.vram_visible_used == before->vram_visible_used)
			return;
		sleep_ms(10);
	} while (now_ns() < end);
	FAIL("VRAM in use went from %llu to %llu, visible from %llu to %llu, GTT from %llu to %llu",
	     before->vram_used, mem.vram_used, before->vram_visible_used, mem.vram_visible_used,
	     before->gtt_used, mem.gtt_used);
}

void test_pattern(void *map, u64 size, u64 seed)
{
	u64 *p = map;

	for (u64 i = 0; i < size / 8; i++)
		p[i] = random_next(&seed);
}

void test_check_pattern(const void *map, u64 size, u64 seed)
{
	const u64 *p = map;

	for (u64 i = 0; i < size / 8; i++) {
		u64 want = random_next(&seed), have = p[i];

		if (have != want)
			FAIL("byte %#llx holds %#llx, not %#llx", i * 8, have, want);
	}
}

void test_check_words(const void *map, u64 size, u32 value)
{
	const u32 *p = map;

	for (u64 i = 0; i < size / 4; i++) {
		u32 have = p[i];

		if (have != value)
			FAIL("byte %#llx holds %#x, not %#x", i * 4, have, value);
	}
}

u64 test_number(const char *text, const char *name)
{
	const size_t len = strlen(name);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += strspn(line, " \t\n");
		if (!strncmp(line, name, len) && line[len] == ':')
			return strtoull(line + len + 1, NULL, 0);
	}
	FAIL("there is no \"%s:\" in the dump", name);
}

u64 test_counter(const char *file, const char *name)
{
	char *text = read_text(file), *line, *rest = text;
	u64 value = ~0ULL;

	if (!text)
		FAIL("cannot read %s", file);
	while ((line = strsep(&rest, "\n")))
		if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ' ')
			value = strtoull(line + strlen(name), NULL, 10);
	free(text);
	if (value == ~0ULL)
		FAIL("there is no %s in %s", name, file);
	return value;
}

u64 test_kib(const char *file, const char *name)
{
	char *text = read_text(file);
	u64 value;

	if (!text)
		FAIL("cannot read %s", file);
	value = test_number(text, name);
	free(text);
	return value * KIB;
}

u64 test_oom_kills(void)
{
	return test_counter("/proc/vmstat", "oom_kill");
}

void test_use_memory(u64 bytes, int node)
{
	unsigned long nodes = 1UL << node;
	char *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	CHECK(map != MAP_FAILED);
	if (node != TEST_ANY_NODE)
		CHECK_OK(syscall(SYS_mbind, map, bytes, MPOL_BIND, &nodes, 8 * sizeof(nodes), 0));
	for (u64 at = 0; at < bytes; at += PDD_PAGE)
		map[at] = 1;
}

bool test_is_wedged(const struct pdd_dev *dev)
{
	char path[128], *text;
	bool wedged;

	CHECK_OK(pdd_debugfs(dev, "rings", path, sizeof(path)));
	text = read_text(path);
	CHECK(text);
	wedged = strstr(text, "wedged: yes");
	free(text);
	return wedged;
}

u32 test_gpu_crc(struct pdd_client *c, const struct pdd_bo *bo)
{
	struct pdd_bo sum = test_bo(c, PDD_PAGE, GTT);
	struct pdd_ib ib = test_ib(c, 16);
	const struct drm_pddgpu_cs_bo list[] = {
		{ .handle = bo->handle },
		{ .handle = sum.handle, .flags = DRM_PDDGPU_CS_BO_WRITE },
	};
	u32 crc;

	pdd_crc32(&ib, bo->va, bo->size, sum.va);
	CHECK_OK(pdd_run(c, DRM_PDDGPU_ENGINE_COMPUTE, &ib, list, ARRAY_SIZE(list)));
	crc = *(u32 *)sum.map;
	CHECK_OK(pdd_unbind(c, sum.va, sum.size));
	pdd_bo_free(&c->dev, &sum);
	pdd_ib_free(c, &ib);
	return crc;
}

static void set_job_limit(const char *name, unsigned int ms)
{
	char path[64], text[16];

	if (!ms)
		return;
	snprintf(path, sizeof(path), "/sys/module/pddgpu/parameters/%s", name);
	snprintf(text, sizeof(text), "%u", ms);
	CHECK_OK(write_text(path, text));
}

void test_job_limits(unsigned int timeout_ms, unsigned int max_ms)
{
	set_job_limit("job_timeout_ms", timeout_ms);
	set_job_limit("job_max_ms", max_ms);
}

struct pdd_bo test_gate(struct pdd_client *c, u32 ctx, u32 engine, const struct pdd_use *use)
{
	struct pdd_bo gate = test_bo(c, PDD_PAGE, GTT);
	struct pdd_ib ib = test_ib(c, 16);

	test_job_limits(TEST_NEVER_MS, TEST_NEVER_MS);
	pdd_wait(&ib, PDDGPU_WAIT_EQ, gate.va, 1, ~0u);
	CHECK_OK(pdd_submit_ctx(c, ctx, engine, &ib, use));
	return gate;
}

void test_gate_open(struct pdd_bo *gate)
{
	*(volatile u32 *)gate->map = 1;
}

/* The number @name of a debugfs file; none if the driver has let go of the card. */
static u64 number_of(const struct pdd_dev *dev, const char *file, const char *name)
{
	char path[128], *text;
	u64 number;

	text = pdd_debugfs(dev, file, path, sizeof(path)) ? NULL : read_text(path);
	if (!text)
		return 0;
	number = test_number(text, name);
	free(text);
	return number;
}

static bool is_clean(const struct pdd_dev *dev)
{
	return !number_of(dev, "pool", "dirty_pages") && !number_of(dev, "vram", "cleaning") &&
	       number_of(dev, "vram", "free_clear") == number_of(dev, "vram", "free");
}

void test_wait_for_cleaners(const struct pdd_dev *dev)
{
	const u64 end = now_ns() + CLEAN_NS * test_options.slow;

	while (!is_clean(dev) && now_ns() < end)
		sleep_ms(5);
}

volatile u32 *test_registers(struct pdd_dev *dev)
{
	volatile u32 *regs = pdd_registers(dev);

	if (!regs)
		FAIL("cannot map the registers: %s; is iomem=relaxed set?", strerror(errno));
	test_wait_for_cleaners(dev);
	return regs;
}

/*
 * "The next packet hangs" could be one of a kernel job, which would be run again.
 * So the job says that it is under way, and goes on when the switch is set.
 */
u32 test_hang(struct pdd_client *c, u32 engine, struct pdd_ib *ib)
{
	struct pdd_bo bo = test_bo(c, PDD_PAGE, GTT);
	volatile u32 *regs = test_registers(&c->dev), *word = (u32 *)bo.map;
	u32 out;

	pdd_write32(ib, bo.va + 4, 1);
	pdd_wait(ib, PDDGPU_WAIT_EQ, bo.va, 1, ~0u);
	pdd_nop(ib, 0);
	CHECK_OK(pdd_submit_out(c, engine, ib, NULL, 0, &out));
	while (!word[1])
		sleep_ms(1);
	regs[PDDGPU_REG_INJECT_HANG / 4] = BIT(engine);
	word[0] = 1;
	return out;
}

static void check_engine(struct pdd_client *c, u32 engine)
{
	struct pdd_bo src = test_bo(c, 64 * KIB, VRAM), dst = test_bo(c, 64 * KIB, GTT);
	struct pdd_ib ib = test_ib(c, 64);
	const struct drm_pddgpu_cs_bo list[] = {
		{ .handle = src.handle, .flags = DRM_PDDGPU_CS_BO_WRITE },
		{ .handle = dst.handle, .flags = DRM_PDDGPU_CS_BO_WRITE },
	};

	test_pattern(src.map, src.size, engine);
	pdd_copy(&ib, src.va, dst.va, src.size);
	CHECK_OK(pdd_run(c, engine, &ib, list, 2));
	test_check_pattern(dst.map, dst.size, engine);
}

/* In a process of its own, so that nothing stays mapped. */
void test_check_alive(unsigned int nth)
{
	pid_t pid = test_fork();
	struct pdd_client c;

	if (pid) {
		test_join(pid);
		return;
	}
	CHECK_OK(pdd_client_open(&c, nth));
	for (u32 engine = 0; engine < PDDGPU_NUM_ENGINES; engine++)
		check_engine(&c, engine);
	_exit(0);
}

void test_job_fault(struct pdd_client *c, u32 engine, struct pdd_ib *ib, u32 error)
{
	struct drm_pddgpu_ctx_query before, after;
	int ret;

	CHECK_OK(pdd_ctx_query(c, c->ctx, &before));
	ret = pdd_run(c, engine, ib, NULL, 0);
	if (ret >= 0 || ret == -ETIME)
		FAIL("the fence of a job that must fail gives %s", test_errno(ret));
	CHECK_OK(pdd_ctx_query(c, c->ctx, &after));
	CHECK_EQ(after.faults, before.faults + 1);
	CHECK_EQ(after.last_error, error);
	CHECK_EQ(after.flags, DRM_PDDGPU_CTX_FAULTED);
	check_engine(c, engine);
}

int test_module_unload(void)
{
	return syscall(SYS_delete_module, "pddgpu", O_NONBLOCK) ? -errno : 0;
}

int test_module_load(const char *params)
{
	int fd = open(test_options.module, O_RDONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		FAIL("cannot open the module %s: %s", test_options.module, strerror(errno));
	ret = syscall(SYS_finit_module, fd, params, 0) ? -errno : 0;
	close(fd);
	return ret;
}

void test_wait_for_card(void)
{
	for (int ms = 0; ms < 5000 && !pdd_count(); ms += 10)
		sleep_ms(10);
	CHECK(pdd_count() > 0);
}

int test_suspend(void)
{
	int ret;

	CHECK_OK(write_text("/sys/module/suspend/parameters/pm_test_delay", "0"));
	CHECK_OK(write_text("/sys/power/pm_test", "devices"));
	ret = write_text("/sys/power/state", "mem");
	CHECK_OK(write_text("/sys/power/pm_test", "none"));
	return ret;
}
