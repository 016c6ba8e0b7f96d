// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "listen.h"
#include "log.h"

/* True if a server answers there. */
static bool path_is_live(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool live;

	if (fd < 0)
		return false;
	/* A full backlog (EAGAIN) is a server, too. */
	live = !connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) || errno == EAGAIN;
	close(fd);
	return live;
}

static int path_check(const struct sockaddr_un *addr)
{
	struct stat st;

	if (lstat(addr->sun_path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	return path_is_live(addr) ? -EADDRINUSE : 0;
}

/* Listens at a name of its own, then renames it: nobody sees it half done. */
static int listen_at(const struct sockaddr_un *addr)
{
	struct sockaddr_un temporary = { .sun_family = AF_UNIX };
	int fd, len, ret;

	len = snprintf(temporary.sun_path, sizeof(temporary.sun_path), "%s.%d",
		       addr->sun_path, getpid());
	if (len >= (int)sizeof(temporary.sun_path))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	unlink(temporary.sun_path);
	if (bind(fd, (struct sockaddr *)&temporary, sizeof(temporary)))
		goto err_close;
	if (listen(fd, 1) || rename(temporary.sun_path, addr->sun_path))
		goto err_unlink;
	return fd;

err_unlink:
	ret = -errno;
	unlink(temporary.sun_path);
	close(fd);
	return ret;
err_close:
	ret = -errno;
	close(fd);
	return ret;
}

int listen_unix(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int ret = -ENAMETOOLONG;

	if (strlen(path) < sizeof(addr.sun_path)) {
		strcpy(addr.sun_path, path);
		ret = path_check(&addr);
	}
	if (!ret)
		ret = listen_at(&addr);
	if (ret < 0)
		log_error("cannot listen at %s: %s", path, strerror(-ret));
	return ret;
}
