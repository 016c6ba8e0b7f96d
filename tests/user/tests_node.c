// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What a node of the card is no way to: a render node to the display, a primary
 * node without rights to what its master may do, a global name to a buffer that
 * is private.
 */
#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOBODY	65534

struct row {
	unsigned long request;
};

/* Any argument, large enough for each of them: it is refused before it is looked at. */
static int call(int fd, const struct row *row)
{
	u64 arg[128] = { 0 };

	return pdd_ioctl(fd, row->request, arg);
}

/* Not even root may. */
static void render_node_refuses(const void *arg)
{
	struct pdd_dev dev;

	CHECK_OK(pdd_open(&dev, 0));
	CHECK_RET(call(dev.fd, arg), -EACCES);
}

static char *primary_node(void)
{
	struct pdd_dev dev;
	char *path;

	CHECK_OK(pdd_open(&dev, 0));
	path = drmGetPrimaryDeviceNameFromFd(dev.fd);
	CHECK(path);
	pdd_close(&dev);
	return path;
}

static int open_primary(void)
{
	int fd = open(primary_node(), O_RDWR | O_CLOEXEC);

	if (fd < 0)
		FAIL("cannot open the primary node: %s", strerror(errno));
	return fd;
}

/* Somebody else is master, and root: as on any desktop. */
static void primary_node_refuses(const void *arg)
{
	char *path = primary_node();
	int fd = open_primary(), ret;
	pid_t pid;

	CHECK(drmIsMaster(fd));
	CHECK_OK(chmod(path, 0666));
	pid = test_fork();
	if (!pid) {
		CHECK_OK(setgid(NOBODY));
		CHECK_OK(setuid(NOBODY));
		fd = open(path, O_RDWR | O_CLOEXEC);
		CHECK(fd >= 0);
		CHECK_RET(call(fd, arg), -EACCES);
		_exit(0);
	}
	ret = test_wait(pid);
	CHECK_OK(chmod(path, 0600));
	CHECK_EQ(ret, 0);
	CHECK(drmIsMaster(fd));
	close(fd);
}

/* --- Names ------------------------------------------------------------ */

/* A client on the primary node, where there are names. */
static void primary_client(struct pdd_client *c)
{
	struct drm_pddgpu_vm_create vm = { 0 };

	memset(c, 0, sizeof(*c));
	c->dev.fd = open_primary();
	CHECK_OK(pdd_ioctl(c->dev.fd, DRM_IOCTL_PDDGPU_VM_CREATE, &vm));
	c->vm = vm.vm_id;
}

static u32 named_buffer(struct pdd_client *c, u32 vm_id, u32 *handle)
{
	struct drm_pddgpu_gem_create create = {
		.size = PDD_PAGE, .domains = GTT, .vm_id = vm_id,
	};
	struct drm_gem_flink flink = { 0 };

	CHECK_OK(pdd_ioctl(c->dev.fd, DRM_IOCTL_PDDGPU_GEM_CREATE, &create));
	flink.handle = *handle = create.handle;
	CHECK_OK(pdd_ioctl(c->dev.fd, DRM_IOCTL_GEM_FLINK, &flink));
	return flink.name;
}

/* A buffer of one address space has a name, for all the kernel cares, but nobody to use it. */
static void private_buffer_by_name(const void *arg)
{
	struct drm_gem_open open_arg = { 0 };
	struct pdd_client owner, other;
	u32 handle;

	(void)arg;
	primary_client(&owner);
	primary_client(&other);
	open_arg.name = named_buffer(&owner, owner.vm, &handle);
	CHECK_RET(pdd_ioctl(other.dev.fd, DRM_IOCTL_GEM_OPEN, &open_arg), -EPERM);
	CHECK_EQ(open_arg.handle, 0);
	/* No handle was left behind: the first that is free is the first. */
	named_buffer(&other, 0, &handle);
	CHECK_EQ(handle, 1);
	CHECK_OK(pdd_ioctl(owner.dev.fd, DRM_IOCTL_GEM_OPEN, &open_arg));
}

/* What is not private can be shared by its name, and is the same memory. */
static void shared_buffer_by_name(const void *arg)
{
	struct drm_gem_open open_arg = { 0 };
	struct pdd_client owner, other;
	struct pdd_bo a = { .size = PDD_PAGE }, b = { .size = PDD_PAGE };

	(void)arg;
	primary_client(&owner);
	primary_client(&other);
	open_arg.name = named_buffer(&owner, 0, &a.handle);
	CHECK_OK(pdd_ioctl(other.dev.fd, DRM_IOCTL_GEM_OPEN, &open_arg));
	b.handle = open_arg.handle;
	CHECK_OK(pdd_bo_map(&owner.dev, &a));
	CHECK_OK(pdd_bo_map(&other.dev, &b));
	*(volatile u32 *)a.map = 5;
	CHECK_EQ(*(volatile u32 *)b.map, 5);
}

#define RENDER(name_) {							\
	.name = "isolation.render_node." #name_, .run = render_node_refuses, \
	.arg = &(const struct row){ DRM_IOCTL_##name_ },		\
}
#define PRIMARY(name_) {						\
	.name = "isolation.primary_node." #name_, .run = primary_node_refuses, \
	.arg = &(const struct row){ DRM_IOCTL_##name_ },		\
}

static const struct test tests[] = {
	/* All the DRM core's ioctls that are not for render nodes */
	RENDER(GET_UNIQUE), RENDER(GET_MAGIC), RENDER(GET_CLIENT), RENDER(GET_STATS),
	RENDER(SET_CLIENT_CAP), RENDER(SET_VERSION), RENDER(SET_UNIQUE), RENDER(BLOCK),
	RENDER(UNBLOCK), RENDER(AUTH_MAGIC), RENDER(SET_MASTER), RENDER(DROP_MASTER),
	RENDER(ADD_DRAW), RENDER(RM_DRAW), RENDER(FINISH), RENDER(WAIT_VBLANK),
	RENDER(UPDATE_DRAW), RENDER(GEM_FLINK), RENDER(GEM_OPEN), RENDER(MODE_GETRESOURCES),
	RENDER(MODE_GETPLANERESOURCES), RENDER(MODE_GETCRTC), RENDER(MODE_SETCRTC),
	RENDER(MODE_GETPLANE), RENDER(MODE_SETPLANE), RENDER(MODE_CURSOR), RENDER(MODE_GETGAMMA),
	RENDER(MODE_SETGAMMA), RENDER(MODE_GETENCODER), RENDER(MODE_GETCONNECTOR),
	RENDER(MODE_ATTACHMODE), RENDER(MODE_DETACHMODE), RENDER(MODE_GETPROPERTY),
	RENDER(MODE_SETPROPERTY), RENDER(MODE_GETPROPBLOB), RENDER(MODE_GETFB),
	RENDER(MODE_GETFB2), RENDER(MODE_ADDFB), RENDER(MODE_ADDFB2), RENDER(MODE_RMFB),
	RENDER(MODE_PAGE_FLIP), RENDER(MODE_DIRTYFB), RENDER(MODE_CREATE_DUMB),
	RENDER(MODE_MAP_DUMB), RENDER(MODE_DESTROY_DUMB), RENDER(MODE_OBJ_GETPROPERTIES),
	RENDER(MODE_OBJ_SETPROPERTY), RENDER(MODE_CURSOR2), RENDER(MODE_ATOMIC),
	RENDER(MODE_CREATEPROPBLOB), RENDER(MODE_DESTROYPROPBLOB), RENDER(CRTC_GET_SEQUENCE),
	RENDER(CRTC_QUEUE_SEQUENCE), RENDER(MODE_CREATE_LEASE), RENDER(MODE_LIST_LESSEES),
	RENDER(MODE_GET_LEASE), RENDER(MODE_REVOKE_LEASE),

	/* Those for the master, for root or for who has been let in by the master */
	PRIMARY(SET_VERSION), PRIMARY(SET_UNIQUE), PRIMARY(BLOCK), PRIMARY(UNBLOCK),
	PRIMARY(AUTH_MAGIC), PRIMARY(SET_MASTER), PRIMARY(DROP_MASTER), PRIMARY(ADD_DRAW),
	PRIMARY(RM_DRAW), PRIMARY(FINISH), PRIMARY(UPDATE_DRAW), PRIMARY(GEM_FLINK),
	PRIMARY(GEM_OPEN), PRIMARY(MODE_SETCRTC), PRIMARY(MODE_SETPLANE), PRIMARY(MODE_CURSOR),
	PRIMARY(MODE_SETGAMMA), PRIMARY(MODE_ATTACHMODE), PRIMARY(MODE_DETACHMODE),
	PRIMARY(MODE_SETPROPERTY), PRIMARY(MODE_PAGE_FLIP), PRIMARY(MODE_DIRTYFB),
	PRIMARY(MODE_OBJ_SETPROPERTY), PRIMARY(MODE_CURSOR2), PRIMARY(MODE_ATOMIC),
	PRIMARY(MODE_CREATE_LEASE), PRIMARY(MODE_LIST_LESSEES), PRIMARY(MODE_GET_LEASE),
	PRIMARY(MODE_REVOKE_LEASE),

	{ .name = "isolation.private_buffer_by_name", .run = private_buffer_by_name },
	{ .name = "isolation.shared_buffer_by_name", .run = shared_buffer_by_name },
};

TEST_GROUP(node_tests, tests);
