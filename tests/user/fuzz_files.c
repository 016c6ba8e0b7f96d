// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Steps of pddgpu-fuzz: opening, closing, copying and sending files. */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- Cards -------------------------------------------------------------- */

void fuzz_file_open(struct fuzz *f, struct fuzz_file *file)
{
	unsigned int nth = (unsigned int)fuzz_below(f, fuzz_num_cards);
	const struct fuzz_card *card = &fuzz_cards[nth];
	const char *path = fuzz_chance(f, 3) ? card->primary : card->render;

	*file = (struct fuzz_file){ .fd = -1, .card = nth };
	fuzz_begin(f, FUZZ_OPEN);
	file->fd = TEMP_FAILURE_RETRY(open(path, O_RDWR | O_CLOEXEC));
	if (fuzz_end(f, NULL, file->fd < 0 ? -errno : 0, FUZZ_GOOD))
		return;
	fuzz_file_setup(f, file);
}

static void close_fd(struct fuzz *f, int fd)
{
	fuzz_begin(f, FUZZ_CLOSE);
	fuzz_end(f, NULL, close(fd) ? -errno : 0, FUZZ_ANY);
}

static void close_file(struct fuzz *f, struct fuzz_file *file)
{
	if (file->fd >= 0)
		close_fd(f, file->fd);
	fuzz_file_forget(f, file);
}

static void step_reopen(struct fuzz *f, struct fuzz_file *file)
{
	close_file(f, file);
	fuzz_file_open(f, file);
}

/* Another place of the model gets all that this one has; both are shared then. */
static void step_dup(struct fuzz *f, struct fuzz_file *file)
{
	struct fuzz_file *other = &f->files[fuzz_below(f, FUZZ_FILES)];
	int fd;

	if (other == file)
		return;
	fuzz_begin(f, FUZZ_DUP);
	fd = fcntl(file->fd, F_DUPFD_CLOEXEC, 0);
	if (fuzz_end(f, NULL, fd < 0 ? -errno : 0, FUZZ_ANY))
		return;
	close_file(f, other);
	*other = *file;
	other->fd = fd;
	/* The mappings of command buffers stay with the first. */
	for (u32 i = 0; i < FUZZ_VMS; i++)
		other->vms[i].ib = NULL;
	file->shared = true;
	other->shared = true;
}

/* --- Messages ----------------------------------------------------------- */

static int send_fd(int socket, int fd)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec byte = { .iov_base = "f", .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &byte, .msg_iovlen = 1, .msg_control = control.room,
			      .msg_controllen = sizeof(control.room) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	return sendmsg(socket, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* The descriptor, or a negative errno; -EAGAIN, too, if there was none in it. */
static int receive_fd(int socket)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char byte;
	struct iovec vec = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &vec, .msg_iovlen = 1, .msg_control = control.room,
			      .msg_controllen = sizeof(control.room) };
	struct cmsghdr *c;
	int fd;

	if (recvmsg(socket, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
		return -errno;
	c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_type != SCM_RIGHTS)
		return -EAGAIN;
	memcpy(&fd, CMSG_DATA(c), sizeof(int));
	return fd;
}

static void step_send(struct fuzz *f, struct fuzz_file *file)
{
	int fd = f->fds[fuzz_below(f, FUZZ_FDS)];

	if (fuzz_chance(f, 2) || fd < 0) {
		fd = file->fd;
		file->shared = true;
	}
	fuzz_begin(f, FUZZ_SEND);
	fuzz_end(f, file, send_fd(f->bus[0], fd), FUZZ_ANY);
}

static bool is_card(int fd)
{
	struct drm_pddgpu_info_device info;
	struct drm_pddgpu_info arg = { .query = DRM_PDDGPU_INFO_DEVICE, .size = sizeof(info),
				       .data = (uintptr_t)&info };

	return !pdd_ioctl(fd, DRM_IOCTL_PDDGPU_INFO, &arg);
}

void fuzz_keep_fd(struct fuzz *f, int fd)
{
	int *place = &f->fds[fuzz_below(f, FUZZ_FDS)];

	if (*place >= 0)
		close_fd(f, *place);
	*place = fd;
}

/* Whoever sent a card's file goes on using it, with handles that can be guessed. */
static void step_receive(struct fuzz *f, struct fuzz_file *file)
{
	struct fuzz_file got = { .shared = true };
	int fd;

	fuzz_begin(f, FUZZ_RECEIVE);
	fd = receive_fd(f->bus[1]);
	if (fuzz_end(f, NULL, fd < 0 ? fd : 0, FUZZ_ANY))
		return;
	if (!is_card(fd)) {
		fuzz_keep_fd(f, fd);
		return;
	}
	close_file(f, file);
	got.fd = fd;
	for (u32 i = 0; i < FUZZ_BOS; i++)
		got.bos[i] = (struct fuzz_bo){ .handle = i + 1, .size = 4 * PDD_PAGE };
	for (u32 i = 0; i < FUZZ_VMS; i++)
		got.vms[i].id = i + 1;
	for (u32 i = 0; i < FUZZ_CTXS; i++)
		got.ctxs[i].id = i + 1;
	for (u32 i = 0; i < FUZZ_SYNCS; i++)
		got.syncs[i] = i + 1;
	*file = got;
}

static const struct fuzz_step steps[] = {
	{ "reopen", step_reopen, 1 },
	{ "dup", step_dup, 1 },
	{ "send", step_send, 2 },
	{ "receive", step_receive, 1 },
};

const struct fuzz_steps fuzz_fd_steps = { steps, ARRAY_SIZE(steps) };
