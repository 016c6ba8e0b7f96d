// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "card.h"
#include "log.h"
#include "protocol.h"
#include "regs.h"

#define CAPABILITIES \
	"{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":1048576," \
	"\"max_dma_maps\":1024,\"pgsizes\":4096}}"

_Static_assert(PROTOCOL_MAX_FDS == 8 && PROTOCOL_MAX_DATA == 1048576 &&
	       DMA_MAX_WINDOWS == 1024 && DMA_PAGE_SIZE == 4096,
	       "the capabilities say what is");

#define MAX_PAYLOAD	(sizeof(struct protocol_region_rw) + PROTOCOL_MAX_DATA)

/* A connection and the message it works on. */
struct connection {
	struct card *card;
	int fd;
	int stop_fd;
	bool stopped;		/* stop_fd became readable */
	bool greeted;		/* VERSION has been agreed on */
	struct protocol_header header;
	uint8_t *in;		/* MAX_PAYLOAD bytes, the first in_size of them good */
	uint32_t in_size;
	int fds[PROTOCOL_MAX_FDS];
	unsigned int num_fds;	/* owned, unless a handler has put -1 in its place */
	uint8_t *out;		/* MAX_PAYLOAD bytes, the first out_size of them good */
	uint32_t out_size;
	int out_fd;		/* goes with the reply, borrowed; -1 if none */
};

/* --- VERSION ------------------------------------------------------------ */

static int handle_version(struct connection *c)
{
	struct protocol_version version;

	if (c->greeted || c->in_size < sizeof(version))
		return -EINVAL;
	memcpy(&version, c->in, sizeof(version));
	if (version.major != PROTOCOL_MAJOR)
		return -EINVAL;
	if (version.minor > PROTOCOL_MINOR)
		version.minor = PROTOCOL_MINOR;
	memcpy(c->out, &version, sizeof(version));
	memcpy(c->out + sizeof(version), CAPABILITIES, sizeof(CAPABILITIES));
	c->out_size = sizeof(version) + sizeof(CAPABILITIES);
	c->greeted = true;
	return 0;
}

/* --- Guest memory ------------------------------------------------------- */

static int handle_dma_map(struct connection *c)
{
	struct protocol_dma_map map;
	struct dma_window window;
	int ret;

	if (c->in_size != sizeof(map) || c->num_fds > 1)
		return -EINVAL;
	memcpy(&map, c->in, sizeof(map));
	if (map.argsz < sizeof(map) || !(map.flags & VFIO_DMA_MAP_FLAG_READ) ||
	    map.flags & ~(VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE))
		return -EINVAL;
	window = (struct dma_window){
		.iova = map.iova, .size = map.size,
		.writable = map.flags & VFIO_DMA_MAP_FLAG_WRITE,
	};
	card_pause(c->card);
	ret = dma_map(&c->card->dma, &window, c->num_fds ? c->fds[0] : -1, map.offset);
	card_resume(c->card);
	log_info("DMA map 0x%llx + 0x%llx%s%s: %s", (unsigned long long)map.iova,
		 (unsigned long long)map.size, window.writable ? "" : " read-only",
		 c->num_fds ? "" : " without memory", strerror(-ret));
	return ret;
}

static int unmap(struct card *card, const struct protocol_dma_unmap *request)
{
	if (!(request->flags & VFIO_DMA_UNMAP_FLAG_ALL))
		return dma_unmap(&card->dma, request->iova, request->size);
	if (request->iova || request->size)
		return -EINVAL;
	dma_unmap_all(&card->dma);
	return 0;
}

static int handle_dma_unmap(struct connection *c)
{
	struct protocol_dma_unmap request;
	int ret;

	if (c->in_size != sizeof(request))
		return -EINVAL;
	memcpy(&request, c->in, sizeof(request));
	if (request.argsz < sizeof(request) || request.flags & ~VFIO_DMA_UNMAP_FLAG_ALL)
		return -EINVAL;
	card_pause(c->card);
	ret = unmap(c->card, &request);
	card_resume(c->card);
	log_info("DMA unmap 0x%llx + 0x%llx: %s", (unsigned long long)request.iova,
		 (unsigned long long)request.size, strerror(-ret));
	memcpy(c->out, &request, sizeof(request));
	c->out_size = sizeof(request);
	return ret;
}

/* --- What the device is ------------------------------------------------- */

/* Requests whose reply has the same layout: starts it as a copy. */
static int begin_info(struct connection *c, size_t size)
{
	uint32_t argsz;

	if (c->in_size < size)
		return -EINVAL;
	memcpy(&argsz, c->in, sizeof(argsz));
	if (argsz < size)
		return -EINVAL;
	c->out_size = (uint32_t)size;
	return 0;
}

static int handle_get_info(struct connection *c)
{
	struct vfio_device_info info = {
		.argsz = 16,
		.flags = VFIO_DEVICE_FLAGS_RESET | VFIO_DEVICE_FLAGS_PCI,
		.num_regions = VFIO_PCI_NUM_REGIONS,
		.num_irqs = VFIO_PCI_NUM_IRQS,
	};
	int ret = begin_info(c, info.argsz);

	if (!ret)
		memcpy(c->out, &info, info.argsz);
	return ret;
}

/* Bytes of a region, 0 if the card has none there. */
static uint64_t region_size(const struct card *card, uint32_t index)
{
	switch (index) {
	case VFIO_PCI_BAR0_REGION_INDEX + PDDGPU_BAR_VRAM:
		return card->aperture_size;
	case VFIO_PCI_BAR0_REGION_INDEX + PDDGPU_BAR_MMIO:
		return PDDGPU_MMIO_SIZE;
	case VFIO_PCI_BAR0_REGION_INDEX + PDDGPU_BAR_MSIX:
		return PCI_MSIX_BAR_SIZE;
	case VFIO_PCI_CONFIG_REGION_INDEX:
		return PCI_SPACE_SIZE;
	default:
		return 0;
	}
}

static int handle_get_region_info(struct connection *c)
{
	struct vfio_region_info info;
	int ret = begin_info(c, sizeof(info));

	if (ret)
		return ret;
	memcpy(&info, c->in, sizeof(info));
	if (info.index >= VFIO_PCI_NUM_REGIONS)
		return -EINVAL;
	info = (struct vfio_region_info){
		.argsz = sizeof(info), .index = info.index,
		.size = region_size(c->card, info.index),
	};
	if (info.size)
		info.flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	if (info.index == VFIO_PCI_BAR0_REGION_INDEX + PDDGPU_BAR_VRAM) {
		info.flags |= VFIO_REGION_INFO_FLAG_MMAP;
		c->out_fd = c->card->vram_fd;
	}
	memcpy(c->out, &info, sizeof(info));
	return 0;
}

/* QEMU warns of a card that has no way to report errors; ours never uses it. */
static uint32_t irq_count(uint32_t index)
{
	switch (index) {
	case VFIO_PCI_MSIX_IRQ_INDEX:
		return PDDGPU_NUM_IRQS;
	case VFIO_PCI_ERR_IRQ_INDEX:
		return 1;
	default:
		return 0;
	}
}

static int handle_get_irq_info(struct connection *c)
{
	struct vfio_irq_info info;
	int ret = begin_info(c, sizeof(info));

	if (ret)
		return ret;
	memcpy(&info, c->in, sizeof(info));
	if (info.index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	info.argsz = sizeof(info);
	info.count = irq_count(info.index);
	info.flags = info.count ? VFIO_IRQ_INFO_EVENTFD : 0;
	memcpy(c->out, &info, sizeof(info));
	return 0;
}

/* --- Interrupts --------------------------------------------------------- */

/* Only eventfds: a write to anything else could block an engine. */
static bool is_eventfd(int fd)
{
	static const char name[] = "anon_inode:[eventfd]";
	char path[64], target[64];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	len = readlink(path, target, sizeof(target));
	return len == sizeof(name) - 1 && !memcmp(target, name, sizeof(name) - 1);
}

static int set_eventfds(struct connection *c, const struct vfio_irq_set *set)
{
	unsigned int i;

	if (c->num_fds && c->num_fds != set->count)
		return -EINVAL;
	for (i = 0; i < c->num_fds; i++)
		if (!is_eventfd(c->fds[i]) || fcntl(c->fds[i], F_SETFL, O_NONBLOCK))
			return -EINVAL;
	for (i = 0; set->index == VFIO_PCI_MSIX_IRQ_INDEX && i < set->count; i++) {
		irq_set_eventfd(&c->card->irq, set->start + i, c->num_fds ? c->fds[i] : -1);
		if (c->num_fds)
			c->fds[i] = -1;
	}
	return 0;
}

static int trigger(struct connection *c, const struct vfio_irq_set *set)
{
	const uint8_t *chosen = c->in + sizeof(*set);
	bool all = set->flags & VFIO_IRQ_SET_DATA_NONE;

	if (!all && c->in_size < sizeof(*set) + set->count)
		return -EINVAL;
	if (set->index != VFIO_PCI_MSIX_IRQ_INDEX)
		return -ENOTSUP;
	for (unsigned int i = 0; i < set->count; i++)
		if (all || chosen[i])
			irq_trigger(&c->card->irq, set->start + i);
	return 0;
}

static int handle_set_irqs(struct connection *c)
{
	struct vfio_irq_set set;
	uint32_t count;

	if (c->in_size < sizeof(set))
		return -EINVAL;
	memcpy(&set, c->in, sizeof(set));
	if (set.argsz < sizeof(set) || set.index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	count = irq_count(set.index);
	if (set.start > count || set.count > count - set.start)
		return -EINVAL;
	if ((set.flags & VFIO_IRQ_SET_ACTION_TYPE_MASK) != VFIO_IRQ_SET_ACTION_TRIGGER)
		return -ENOTSUP;
	switch (set.flags & ~VFIO_IRQ_SET_ACTION_TYPE_MASK) {
	case VFIO_IRQ_SET_DATA_EVENTFD:
		return set_eventfds(c, &set);
	case VFIO_IRQ_SET_DATA_BOOL:
		return trigger(c, &set);
	case VFIO_IRQ_SET_DATA_NONE:
		if (set.count)
			return trigger(c, &set);
		/* Nothing of nothing means: disconnect all of this index. */
		set.count = count - set.start;
		return set_eventfds(c, &set);
	default:
		return -EINVAL;
	}
}

/* --- Regions ------------------------------------------------------------ */

static int begin_region_rw(struct connection *c, struct protocol_region_rw *rw)
{
	uint64_t size;

	if (c->in_size < sizeof(*rw))
		return -EINVAL;
	memcpy(rw, c->in, sizeof(*rw));
	size = region_size(c->card, rw->region);
	if (!rw->count || rw->count > PROTOCOL_MAX_DATA)
		return -EINVAL;
	if (rw->offset > size || rw->count > size - rw->offset)
		return -EINVAL;
	memcpy(c->out, rw, sizeof(*rw));
	c->out_size = sizeof(*rw);
	return 0;
}

static int handle_region_read(struct connection *c)
{
	struct protocol_region_rw rw;
	uint8_t *to = c->out + sizeof(rw);
	int ret = begin_region_rw(c, &rw);

	if (ret)
		return ret;
	switch (rw.region) {
	case VFIO_PCI_BAR0_REGION_INDEX + PDDGPU_BAR_VRAM:
		memcpy(to, c->card->vram + rw.offset, rw.count);
		break;
	case VFIO_PCI_BAR0_REGION_INDEX + PDDGPU_BAR_MMIO:
		regs_read(c->card, rw.offset, rw.count, to);
		break;
	case VFIO_PCI_BAR0_REGION_INDEX + PDDGPU_BAR_MSIX:
		memcpy(to, c->card->pci.msix + rw.offset, rw.count);
		break;
	default:
		pci_read(&c->card->pci, (uint32_t)rw.offset, rw.count, to);
		break;
	}
	c->out_size += rw.count;
	return 0;
}

static int handle_region_write(struct connection *c)
{
	struct protocol_region_rw rw;
	const uint8_t *from = c->in + sizeof(rw);
	int ret = begin_region_rw(c, &rw);

	if (ret)
		return ret;
	if (c->in_size != sizeof(rw) + rw.count)
		return -EINVAL;
	switch (rw.region) {
	case VFIO_PCI_BAR0_REGION_INDEX + PDDGPU_BAR_VRAM:
		memcpy(c->card->vram + rw.offset, from, rw.count);
		break;
	case VFIO_PCI_BAR0_REGION_INDEX + PDDGPU_BAR_MMIO:
		regs_write(c->card, rw.offset, rw.count, from);
		break;
	case VFIO_PCI_BAR0_REGION_INDEX + PDDGPU_BAR_MSIX:
		pci_write_msix(&c->card->pci, (uint32_t)rw.offset, rw.count, from);
		break;
	default:
		pci_write(c->card, (uint32_t)rw.offset, rw.count, from);
		break;
	}
	return 0;
}

static int handle_reset(struct connection *c)
{
	log_info("device reset");
	card_function_reset(c->card);
	return 0;
}

/* --- Messages ----------------------------------------------------------- */

static int handle(struct connection *c)
{
	if (!c->greeted && c->header.command != PROTOCOL_VERSION)
		return -EPROTO;
	switch (c->header.command) {
	case PROTOCOL_VERSION:
		return handle_version(c);
	case PROTOCOL_DMA_MAP:
		return handle_dma_map(c);
	case PROTOCOL_DMA_UNMAP:
		return handle_dma_unmap(c);
	case PROTOCOL_GET_INFO:
		return handle_get_info(c);
	case PROTOCOL_GET_REGION_INFO:
		return handle_get_region_info(c);
	case PROTOCOL_GET_IRQ_INFO:
		return handle_get_irq_info(c);
	case PROTOCOL_SET_IRQS:
		return handle_set_irqs(c);
	case PROTOCOL_REGION_READ:
		return handle_region_read(c);
	case PROTOCOL_REGION_WRITE:
		return handle_region_write(c);
	case PROTOCOL_RESET:
		return handle_reset(c);
	default:
		return -ENOTSUP;
	}
}

/* Waits until the socket can go on.  False if the server shall stop. */
static bool wait_socket(struct connection *c, short events)
{
	struct pollfd fds[] = {
		{ .fd = c->stop_fd, .events = POLLIN },
		{ .fd = c->fd, .events = events },
	};

	while (poll(fds, ARRAY_SIZE(fds), -1) < 0)
		if (errno != EINTR)
			return false;
	c->stopped = fds[0].revents;
	return !c->stopped;
}

/* Descriptors beyond what is allowed end the connection; none may leak. */
static bool take_fds(struct connection *c, struct msghdr *msg)
{
	struct cmsghdr *cmsg;
	bool fits = !(msg->msg_flags & MSG_CTRUNC);

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		size_t count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(fd), sizeof(fd));
			if (c->num_fds < PROTOCOL_MAX_FDS) {
				c->fds[c->num_fds++] = fd;
			} else {
				close(fd);
				fits = false;
			}
		}
	}
	return fits;
}

static bool receive(struct connection *c, void *to, size_t size)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(PROTOCOL_MAX_FDS * sizeof(int))];
	} control;
	uint8_t *at = to;

	while (size) {
		struct iovec iov = { .iov_base = at, .iov_len = size };
		struct msghdr msg = {
			.msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = &control, .msg_controllen = sizeof(control),
		};
		ssize_t got = recvmsg(c->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN && wait_socket(c, POLLIN))
			continue;
		if (got <= 0)
			return false;
		if (!take_fds(c, &msg)) {
			log_error("client: too many file descriptors");
			return false;
		}
		at += got;
		size -= (size_t)got;
	}
	return true;
}

static bool receive_message(struct connection *c)
{
	if (!receive(c, &c->header, sizeof(c->header)))
		return false;
	if (c->header.size < sizeof(c->header) ||
	    c->header.size > sizeof(c->header) + MAX_PAYLOAD) {
		log_error("client: message of %u bytes", c->header.size);
		return false;
	}
	if (c->header.flags & PROTOCOL_TYPE) {
		log_error("client: not a request");
		return false;
	}
	c->in_size = c->header.size - (uint32_t)sizeof(c->header);
	return receive(c, c->in, c->in_size);
}

static void attach_fd(struct msghdr *msg, int fd)
{
	struct cmsghdr *cmsg;

	if (fd < 0) {
		msg->msg_control = NULL;
		msg->msg_controllen = 0;
		return;
	}
	cmsg = CMSG_FIRSTHDR(msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
}

/* Sends header and payload, the descriptor with the first byte. */
static bool send_all(struct connection *c, struct iovec *iov, int fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;

	while (iov[0].iov_len + iov[1].iov_len) {
		struct msghdr msg = {
			.msg_iov = iov, .msg_iovlen = 2,
			.msg_control = &control, .msg_controllen = sizeof(control),
		};
		ssize_t sent;

		attach_fd(&msg, fd);
		sent = sendmsg(c->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno == EAGAIN && wait_socket(c, POLLOUT))
			continue;
		if (sent < 0)
			return false;
		fd = -1;
		for (unsigned int i = 0; i < 2; i++) {
			size_t done = (size_t)sent < iov[i].iov_len ? (size_t)sent : iov[i].iov_len;

			iov[i].iov_base = (uint8_t *)iov[i].iov_base + done;
			iov[i].iov_len -= done;
			sent -= (ssize_t)done;
		}
	}
	return true;
}

static bool send_reply(struct connection *c, int err)
{
	struct protocol_header header = {
		.id = c->header.id, .command = c->header.command, .flags = PROTOCOL_REPLY,
	};
	struct iovec iov[2] = {
		{ .iov_base = &header, .iov_len = sizeof(header) },
		{ .iov_base = c->out, .iov_len = c->out_size },
	};

	if (c->header.flags & PROTOCOL_NO_REPLY)
		return true;
	if (err) {
		header.flags |= PROTOCOL_ERROR;
		header.error = (uint32_t)-err;
		iov[1].iov_len = 0;
	}
	header.size = (uint32_t)(sizeof(header) + iov[1].iov_len);
	return send_all(c, iov, err ? -1 : c->out_fd);
}

static void close_fds(struct connection *c)
{
	for (unsigned int i = 0; i < c->num_fds; i++)
		if (c->fds[i] >= 0)
			close(c->fds[i]);
	c->num_fds = 0;
}

static bool serve_message(struct connection *c)
{
	bool alive = receive_message(c);
	int ret;

	if (alive) {
		c->out_size = 0;
		c->out_fd = -1;
		ret = handle(c);
		if (ret)
			log_info("command %u: %s", c->header.command, strerror(-ret));
		alive = send_reply(c, ret);
	}
	close_fds(c);
	return alive;
}

enum protocol_end protocol_serve(struct card *card, int fd, int stop_fd)
{
	struct connection c = { .card = card, .fd = fd, .stop_fd = stop_fd };

	c.in = malloc(MAX_PAYLOAD);
	c.out = malloc(MAX_PAYLOAD);
	if (c.in && c.out)
		while (serve_message(&c))
			;
	else
		log_error("no memory for a connection");
	free(c.in);
	free(c.out);
	card_disconnect(card);
	return c.stopped ? PROTOCOL_END_STOP : PROTOCOL_END_CLIENT;
}
