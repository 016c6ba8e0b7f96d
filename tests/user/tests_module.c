// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Loading and unloading the driver, and taking the card from under its users. */
#include "test.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COPY		DRM_PDDGPU_ENGINE_COPY
#define COMPUTE		DRM_PDDGPU_ENGINE_COMPUTE
#define RELOADS		20
#define REBINDS		10

/* Each time the card works, and holds no more memory than the time before. */
static void reload(const void *arg)
{
	struct drm_pddgpu_info_memory first = { 0 }, mem;
	unsigned int cards = pdd_count();
	struct pdd_dev dev;

	(void)arg;
	for (u32 i = 0; i < test_count(RELOADS); i++) {
		CHECK_OK(test_module_unload());
		CHECK_EQ(pdd_count(), 0);
		CHECK_OK(test_module_load(""));
		test_wait_for_card();
		CHECK_EQ(pdd_count(), cards);
		test_check_alive(0);
		CHECK_OK(pdd_open(&dev, 0));
		if (!i)
			first = test_memory(&dev);
		else
			test_settle(&dev, &first);
		mem = test_memory(&dev);
		CHECK_EQ(mem.evictions, 0);
		pdd_close(&dev);
	}
}

/* A driver whose files are open stays. */
static void unload_refused_while_open(const void *arg)
{
	struct pdd_client c;

	(void)arg;
	test_client(&c);
	CHECK_RET(test_module_unload(), -EWOULDBLOCK);
	test_check_alive(0);
}

/* --- Unbinding -------------------------------------------------------- */

/* The card's driver directory in sysfs, found while it is still bound. */
struct binding {
	char driver[PATH_MAX];
	char pci[32];
};

static struct binding find_binding(const struct pdd_dev *dev)
{
	struct binding b;
	char link[80];

	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s/driver", dev->pci);
	CHECK(realpath(link, b.driver));
	strcpy(b.pci, dev->pci);
	return b;
}

static int binding_write(const struct binding *b, const char *file)
{
	char path[PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/%s", b->driver, file);
	return write_text(path, b->pci);
}

static void rebind(const struct binding *b)
{
	CHECK_OK(binding_write(b, "bind"));
	test_wait_for_card();
	test_check_alive(0);
}

/* Every ioctl says that the card is gone, and closing what is open works. */
static void unbind_open(const void *arg)
{
	const u32 ioctls[] = {
		DRM_IOCTL_PDDGPU_INFO, DRM_IOCTL_PDDGPU_GEM_CREATE, DRM_IOCTL_PDDGPU_GEM_MMAP,
		DRM_IOCTL_PDDGPU_GEM_INFO, DRM_IOCTL_PDDGPU_GEM_WAIT, DRM_IOCTL_PDDGPU_VM_CREATE,
		DRM_IOCTL_PDDGPU_VM_DESTROY, DRM_IOCTL_PDDGPU_VM_BIND, DRM_IOCTL_PDDGPU_CTX_CREATE,
		DRM_IOCTL_PDDGPU_CTX_DESTROY, DRM_IOCTL_PDDGPU_CTX_QUERY, DRM_IOCTL_PDDGPU_CS,
	};
	struct pdd_client c;
	struct binding b;

	(void)arg;
	test_client(&c);
	test_bo(&c, MIB, VRAM);
	test_bo(&c, MIB, GTT);
	b = find_binding(&c.dev);
	CHECK_OK(binding_write(&b, "unbind"));
	for (size_t i = 0; i < ARRAY_SIZE(ioctls); i++) {
		u64 data[16] = { 0 };

		CHECK_RET(pdd_ioctl(c.dev.fd, ioctls[i], data), -ENODEV);
	}
	pdd_client_close(&c);
	rebind(&b);
}

/* Mappings touched before and not touched before can both be touched, and mean nothing. */
static void unbind_mapped(const void *arg)
{
	struct pdd_client c;
	struct pdd_bo bos[4];
	struct binding b;

	(void)arg;
	test_client(&c);
	for (size_t i = 0; i < ARRAY_SIZE(bos); i++) {
		bos[i] = test_bo(&c, MIB, i & 1 ? VRAM : GTT);
		if (i < 2)
			test_pattern(bos[i].map, MIB, i);
	}
	b = find_binding(&c.dev);
	CHECK_OK(binding_write(&b, "unbind"));
	for (size_t i = 0; i < ARRAY_SIZE(bos); i++)
		for (u64 page = 0; page < MIB; page += PDD_PAGE) {
			volatile u32 *word = bos[i].map + page;

			*word = *word + 1;
		}
	pdd_client_close(&c);
	for (size_t i = 0; i < ARRAY_SIZE(bos); i++)
		pdd_bo_unmap(&bos[i]);
	rebind(&b);
}

/* The file and its mappings outlive the unbinding, and the next binding, too. */
static void unbind_close_after_rebind(const void *arg)
{
	struct pdd_client old;
	struct pdd_bo bo;
	struct binding b;

	(void)arg;
	test_client(&old);
	bo = test_bo(&old, MIB, VRAM);
	test_pattern(bo.map, MIB, 1);
	b = find_binding(&old.dev);
	CHECK_OK(binding_write(&b, "unbind"));
	rebind(&b);
	*(volatile u32 *)bo.map = 1;
	test_check_alive(0);
	pdd_bo_unmap(&bo);
	pdd_client_close(&old);
	test_check_alive(0);
}

/* Submits a job and gives its fence as a sync file, which outlives the card. */
static int submit_for_file(struct pdd_client *c, u32 engine, const struct pdd_ib *ib)
{
	u32 out;
	int fd;

	CHECK_OK(pdd_submit_out(c, engine, ib, NULL, 0, &out));
	CHECK_OK(drmSyncobjExportSyncFile(c->dev.fd, out, &fd));
	return fd;
}

/* Jobs that run or wait when the card goes end with an error, within a second or so. */
static void unbind_busy(const void *arg)
{
	const u32 engine = *(const u32 *)arg;
	struct pdd_client c;
	struct binding b;
	struct pdd_ib ib;
	int fds[5];

	test_client(&c);
	b = find_binding(&c.dev);
	test_gate(&c, c.ctx, engine, NULL);
	ib = test_ib(&c, 16);
	pdd_nop(&ib, 0);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = submit_for_file(&c, engine, &ib);
	CHECK_OK(binding_write(&b, "unbind"));
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		struct pollfd p = { .fd = fds[i], .events = POLLIN };

		CHECK_EQ(poll(&p, 1, 1000), 1);
		CHECK(pdd_sync_file_status(fds[i]) < 0);
		close(fds[i]);
	}
	pdd_client_close(&c);
	rebind(&b);
}

/*
 * The card is taken away while a page fault waits for a clear behind a job that
 * never ends: neither waits for the other.  What the fault comes to may be either.
 */
static void unbind_touched(const void *arg)
{
	struct pdd_client c;
	struct binding b;
	struct pdd_bo bo;
	int status;
	pid_t pid;

	(void)arg;
	test_client(&c);
	b = find_binding(&c.dev);
	test_gate(&c, c.ctx, COPY, NULL);
	CHECK_OK(pdd_bo_create(&c.dev, MIB, VRAM, 0, &bo));
	CHECK_OK(pdd_bo_map(&c.dev, &bo));
	pid = test_fork();
	if (!pid) {
		*(volatile u32 *)bo.map = 1;
		_exit(0);
	}
	sleep_ms(300);
	/* If they do wait, this does not come back before the test's time is up. */
	CHECK_OK(binding_write(&b, "unbind"));
	status = test_wait(pid);
	CHECK(!status || status == 128 + SIGBUS);
	pdd_client_close(&c);
	pdd_bo_unmap(&bo);
	rebind(&b);
}

/* Changes of an address space until the card is gone, each of which takes memory. */
static int bind_until_gone(struct pdd_client *c, const struct pdd_bo *bo, u64 va)
{
	int ret;

	do {
		ret = pdd_bind(c, bo, 0, va, PDD_PAGE, 0);
		if (!ret)
			ret = pdd_unbind(c, va, PDD_PAGE);
	} while (!ret);
	return ret;
}

/*
 * The card is taken away while VM_BIND waits for command buffers that updates
 * behind a job that never ends have taken, all of them.
 */
static void unbind_binding(const void *arg)
{
	struct pdd_client c;
	struct binding b;
	struct pdd_bo bo;
	pid_t pid;
	u64 start;

	(void)arg;
	test_client(&c);
	b = find_binding(&c.dev);
	CHECK_OK(pdd_bo_create(&c.dev, PDD_PAGE, GTT, 0, &bo));
	test_gate(&c, c.ctx, COMPUTE, NULL);
	pid = test_fork();
	if (!pid)
		_exit(bind_until_gone(&c, &bo, pdd_va(&c, PDD_PAGE)) != -ENODEV);
	sleep_ms(500);
	start = now_ns();
	CHECK_OK(binding_write(&b, "unbind"));
	CHECK(now_ns() - start < test_late_ns(1000000000));
	test_join(pid);
	pdd_client_close(&c);
	rebind(&b);
}

static void unbind_often(const void *arg)
{
	struct drm_pddgpu_info_memory first = { 0 };
	struct pdd_dev dev;
	struct binding b;

	(void)arg;
	CHECK_OK(pdd_open(&dev, 0));
	b = find_binding(&dev);
	pdd_close(&dev);
	for (u32 i = 0; i < test_count(REBINDS); i++) {
		CHECK_OK(binding_write(&b, "unbind"));
		rebind(&b);
		CHECK_OK(pdd_open(&dev, 0));
		if (!i)
			first = test_memory(&dev);
		else
			test_settle(&dev, &first);
		pdd_close(&dev);
	}
}

static const u32 on_copy = COPY, on_compute = COMPUTE;

static const struct test tests[] = {
	{ .name = "module.reload_often", .run = reload, .timeout = 120, .changes_cards = true },
	{ .name = "module.unload_refused_while_open", .run = unload_refused_while_open },
	{ .name = "module.unbind_open", .run = unbind_open, .changes_cards = true },
	{ .name = "module.unbind_mapped", .run = unbind_mapped, .changes_cards = true },
	{ .name = "module.unbind_close_after_rebind", .run = unbind_close_after_rebind,
	  .changes_cards = true },
	{ .name = "module.unbind_busy_copy", .run = unbind_busy, .arg = &on_copy,
	  .changes_cards = true },
	{ .name = "module.unbind_busy_compute", .run = unbind_busy, .arg = &on_compute,
	  .changes_cards = true },
	{ .name = "module.unbind_touched", .run = unbind_touched, .changes_cards = true },
	{ .name = "module.unbind_binding", .run = unbind_binding, .changes_cards = true },
	{ .name = "module.unbind_often", .run = unbind_often, .timeout = 60,
	  .changes_cards = true },
};

TEST_GROUP(module_tests, tests);
