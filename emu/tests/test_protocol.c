// SPDX-License-Identifier: GPL-2.0 OR MIT
/* vfio-user as a VMM speaks it, through a socket. */
#include <errno.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "../log.h"
#include "../protocol.h"
#include "rig.h"

#define BUS	0x40000000ULL
#define REPLY_SIZE	(sizeof(struct protocol_region_rw) + PROTOCOL_MAX_DATA)

/* A card, served by a thread, and the client's end of the socket. */
struct wire {
	struct card *card;
	int fd;
	int server_fd;
	int stop_fd;
	enum protocol_end end;
	pthread_t thread;
	struct protocol_header reply;
	uint8_t *payload;
	int reply_fd;
};

static void *serve(void *arg)
{
	struct wire *w = arg;

	w->end = protocol_serve(w->card, w->server_fd, w->stop_fd);
	close(w->server_fd);
	return NULL;
}

static void wire_connect(struct wire *w)
{
	struct timeval limit = { .tv_sec = RIG_TIMEOUT_MS / 1000 };
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	w->fd = fds[0];
	w->server_fd = fds[1];
	assert_int_equal(pthread_create(&w->thread, NULL, serve, w), 0);
}

static int setup(void **state)
{
	static const struct card_options options = {
		.vram_size = RIG_VRAM, .aperture_size = RIG_APERTURE, .dma_bits = 40,
	};
	struct wire *w = calloc(1, sizeof(*w));

	log_set_quiet(true);
	assert_non_null(w);
	w->payload = malloc(REPLY_SIZE);
	assert_non_null(w->payload);
	w->card = card_create(&options);
	w->stop_fd = eventfd(0, EFD_CLOEXEC);
	w->reply_fd = -1;
	wire_connect(w);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct wire *w = *state;

	close(w->fd);
	pthread_join(w->thread, NULL);
	if (w->reply_fd >= 0)
		close(w->reply_fd);
	close(w->stop_fd);
	card_destroy(w->card);
	free(w->payload);
	free(w);
	return 0;
}

/* --- Messages ----------------------------------------------------------- */

struct message {
	uint16_t command;
	uint32_t flags;
	const void *payload;
	size_t size;
	const int *fds;
	size_t num_fds;
};

static void post(struct wire *w, const struct message *m)
{
	struct protocol_header header = {
		.id = 0x1234, .command = m->command, .flags = m->flags,
		.size = (uint32_t)(sizeof(header) + m->size),
	};
	struct iovec iov[2] = {
		{ .iov_base = &header, .iov_len = sizeof(header) },
		{ .iov_base = (void *)m->payload, .iov_len = m->size },
	};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(64 * sizeof(int))];
	} control = { 0 };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

	if (m->num_fds) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(m->num_fds * sizeof(int));
		CMSG_FIRSTHDR(&msg)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR(&msg)->cmsg_type = SCM_RIGHTS;
		CMSG_FIRSTHDR(&msg)->cmsg_len = CMSG_LEN(m->num_fds * sizeof(int));
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), m->fds, m->num_fds * sizeof(int));
	}
	assert_int_equal(sendmsg(w->fd, &msg, MSG_NOSIGNAL), sizeof(header) + m->size);
}

/* 0, or the errno of an error reply; -1 if the server hung up. */
static int take_reply(struct wire *w, uint16_t command)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = &w->reply, .iov_len = sizeof(w->reply) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	ssize_t got = recvmsg(w->fd, &msg, MSG_WAITALL);
	size_t rest;

	if (got <= 0) {
		/* A time-out would be the server's mistake. */
		assert_true(got == 0 || errno == ECONNRESET);
		return -1;
	}
	assert_int_equal(got, sizeof(w->reply));
	assert_int_equal(w->reply.id, 0x1234);
	assert_int_equal(w->reply.command, command);
	assert_int_equal(w->reply.flags & PROTOCOL_TYPE, PROTOCOL_REPLY);
	if (CMSG_FIRSTHDR(&msg)) {
		assert_int_equal(w->reply_fd, -1);
		memcpy(&w->reply_fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	}
	rest = w->reply.size - sizeof(w->reply);
	assert_true(rest <= REPLY_SIZE);
	if (rest)
		assert_int_equal(recv(w->fd, w->payload, rest, MSG_WAITALL), rest);
	if (w->reply.flags & PROTOCOL_ERROR) {
		assert_int_equal(rest, 0);
		return (int)w->reply.error;
	}
	return 0;
}

static int call(struct wire *w, uint16_t command, const void *payload, size_t size)
{
	post(w, &(struct message){ .command = command, .payload = payload, .size = size });
	return take_reply(w, command);
}

static int call_fds(struct wire *w, uint16_t command, const void *payload, size_t size,
		    const int *fds, size_t num_fds)
{
	post(w, &(struct message){ .command = command, .payload = payload, .size = size,
				   .fds = fds, .num_fds = num_fds });
	return take_reply(w, command);
}

static void greet(struct wire *w)
{
	static const uint8_t hello[] = "\0\0\1\0{\"capabilities\":{\"max_msg_fds\":16}}";

	assert_int_equal(call(w, PROTOCOL_VERSION, hello, sizeof(hello)), 0);
}

static int region_read(struct wire *w, uint32_t region, uint64_t offset, uint32_t count)
{
	struct protocol_region_rw rw = { .offset = offset, .region = region, .count = count };
	int err = call(w, PROTOCOL_REGION_READ, &rw, sizeof(rw));

	if (!err) {
		assert_int_equal(w->reply.size, sizeof(w->reply) + sizeof(rw) + count);
		assert_memory_equal(w->payload, &rw, sizeof(rw));
	}
	return err;
}

static int region_write(struct wire *w, uint32_t region, uint64_t offset, const void *data,
			uint32_t count)
{
	uint8_t buf[sizeof(struct protocol_region_rw) + 64];
	struct protocol_region_rw rw = { .offset = offset, .region = region, .count = count };

	memcpy(buf, &rw, sizeof(rw));
	memcpy(buf + sizeof(rw), data, count);
	return call(w, PROTOCOL_REGION_WRITE, buf, sizeof(rw) + count);
}

/* --- Handshake ---------------------------------------------------------- */

static void handshake(void **state)
{
	struct wire *w = *state;
	const struct protocol_version *version = (void *)w->payload;
	const char *json = (const char *)(version + 1);
	size_t size;

	greet(w);
	size = w->reply.size - sizeof(w->reply) - sizeof(*version);
	assert_int_equal(version->major, 0);
	assert_int_equal(version->minor, 1);
	assert_int_equal(strnlen(json, size), size - 1);
	assert_non_null(strstr(json, "\"max_msg_fds\":8"));
	assert_non_null(strstr(json, "\"capabilities\":{"));
	/* Once only. */
	assert_int_equal(call(w, PROTOCOL_VERSION, "\0\0\1\0", 4), EINVAL);
}

static void versions(void **state)
{
	struct wire *w = *state;
	const struct protocol_version *version = (void *)w->payload;

	assert_int_equal(call(w, PROTOCOL_VERSION, "\0\0", 2), EINVAL);
	assert_int_equal(call(w, PROTOCOL_VERSION, "\1\0\0\0", 4), EINVAL);
	assert_int_equal(call(w, PROTOCOL_VERSION, "\0\0\0\0", 4), 0);
	assert_int_equal(version->minor, 0);
}

static void a_newer_minor_gets_ours(void **state)
{
	struct wire *w = *state;
	const struct protocol_version *version = (void *)w->payload;

	assert_int_equal(call(w, PROTOCOL_VERSION, "\0\0\377\0", 4), 0);
	assert_int_equal(version->minor, 1);
}

static void nothing_before_the_handshake(void **state)
{
	struct wire *w = *state;

	for (uint16_t command = 2; command <= 20; command++)
		assert_int_equal(call(w, command, NULL, 0), EPROTO);
}

static void unknown_commands(void **state)
{
	static const uint16_t unknown[] = { 0, 6, 11, 12, 14, 15, 16, 17, 18, 19, 255, 65535 };
	struct wire *w = *state;

	greet(w);
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		assert_int_equal(call(w, unknown[i], NULL, 0), ENOTSUP);
}

/* --- Broken framing ends the connection --------------------------------- */

static void expect_hang_up(struct wire *w, const struct protocol_header *header)
{
	assert_int_equal(send(w->fd, header, sizeof(*header), MSG_NOSIGNAL), sizeof(*header));
	assert_int_equal(take_reply(w, header->command), -1);
}

static void a_size_below_the_header(void **state)
{
	expect_hang_up(*state, &(struct protocol_header){ .command = 1, .size = 15 });
}

static void a_size_above_all_messages(void **state)
{
	expect_hang_up(*state, &(struct protocol_header){ .command = 1, .size = 0x7fffffff });
}

static void a_reply_as_a_request(void **state)
{
	expect_hang_up(*state, &(struct protocol_header){ .command = 1, .size = 16, .flags = 1 });
}

static void too_many_descriptors(void **state)
{
	struct wire *w = *state;
	int fds[PROTOCOL_MAX_FDS + 1];

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = STDERR_FILENO;
	assert_int_equal(call_fds(w, PROTOCOL_VERSION, "\0\0\1\0", 4, fds, ARRAY_SIZE(fds)), -1);
}

static void a_message_that_never_ends(void **state)
{
	struct wire *w = *state;
	const struct protocol_header header = { .command = 1, .size = 100 };

	assert_int_equal(send(w->fd, &header, sizeof(header), 0), sizeof(header));
	usleep(1000);
	assert_int_equal(eventfd_write(w->stop_fd, 1), 0);
	assert_int_equal(take_reply(w, 1), -1);
	pthread_join(w->thread, NULL);
	assert_int_equal(w->end, PROTOCOL_END_STOP);
	close(w->fd);
	assert_int_equal(eventfd_read(w->stop_fd, &(eventfd_t){ 0 }), 0);
	wire_connect(w);
	greet(w);
}

static void a_message_in_single_bytes(void **state)
{
	struct wire *w = *state;
	const uint8_t bytes[20] = { 0x34, 0x12, 1, 0, 20, 0, 0, 0, [18] = 1 };

	for (size_t i = 0; i < sizeof(bytes); i++)
		assert_int_equal(send(w->fd, bytes + i, 1, 0), 1);
	assert_int_equal(take_reply(w, 1), 0);
}

static void no_reply_when_none_is_wanted(void **state)
{
	struct wire *w = *state;

	greet(w);
	post(w, &(struct message){ .command = PROTOCOL_RESET, .flags = PROTOCOL_NO_REPLY });
	post(w, &(struct message){ .command = 99, .flags = PROTOCOL_NO_REPLY });
	assert_int_equal(call(w, PROTOCOL_RESET, NULL, 0), 0);
}

/* --- Information -------------------------------------------------------- */

static void device_info(void **state)
{
	struct wire *w = *state;
	uint32_t info[4] = { sizeof(info) };

	greet(w);
	assert_int_equal(call(w, PROTOCOL_GET_INFO, info, sizeof(info)), 0);
	memcpy(info, w->payload, sizeof(info));
	assert_int_equal(info[1], VFIO_DEVICE_FLAGS_RESET | VFIO_DEVICE_FLAGS_PCI);
	assert_int_equal(info[2], VFIO_PCI_NUM_REGIONS);
	assert_int_equal(info[3], VFIO_PCI_NUM_IRQS);
	info[0] = 15;
	assert_int_equal(call(w, PROTOCOL_GET_INFO, info, sizeof(info)), EINVAL);
	assert_int_equal(call(w, PROTOCOL_GET_INFO, info, 12), EINVAL);
}

static int region_info(struct wire *w, uint32_t index, struct vfio_region_info *info)
{
	int err;

	*info = (struct vfio_region_info){ .argsz = sizeof(*info), .index = index };
	err = call(w, PROTOCOL_GET_REGION_INFO, info, sizeof(*info));
	if (!err)
		memcpy(info, w->payload, sizeof(*info));
	return err;
}

static void regions(void **state)
{
	static const uint64_t sizes[VFIO_PCI_NUM_REGIONS] = {
		[0] = RIG_APERTURE, [2] = PDDGPU_MMIO_SIZE, [4] = PCI_MSIX_BAR_SIZE,
		[VFIO_PCI_CONFIG_REGION_INDEX] = PCI_SPACE_SIZE,
	};
	struct wire *w = *state;
	struct vfio_region_info info;

	greet(w);
	for (uint32_t i = 0; i < VFIO_PCI_NUM_REGIONS; i++) {
		assert_int_equal(region_info(w, i, &info), 0);
		assert_int_equal(info.size, sizes[i]);
		assert_int_equal(info.index, i);
		assert_int_equal(!!(info.flags & VFIO_REGION_INFO_FLAG_MMAP), i == 0);
		assert_int_equal(!!(info.flags & VFIO_REGION_INFO_FLAG_WRITE), !!sizes[i]);
	}
	assert_int_equal(region_info(w, VFIO_PCI_NUM_REGIONS, &info), EINVAL);
}

static void vram_can_be_mapped(void **state)
{
	struct wire *w = *state;
	struct vfio_region_info info;
	uint8_t *bar;

	greet(w);
	assert_int_equal(region_info(w, 0, &info), 0);
	assert_true(w->reply_fd >= 0);
	bar = mmap(NULL, info.size, PROT_READ | PROT_WRITE, MAP_SHARED, w->reply_fd,
		   (off_t)info.offset);
	assert_ptr_not_equal(bar, MAP_FAILED);
	bar[RIG_APERTURE - 1] = 0x5a;
	assert_int_equal(w->card->vram[RIG_APERTURE - 1], 0x5a);
	munmap(bar, info.size);
}

static void irq_info(void **state)
{
	struct wire *w = *state;
	struct vfio_irq_info info;

	greet(w);
	for (uint32_t i = 0; i < VFIO_PCI_NUM_IRQS; i++) {
		info = (struct vfio_irq_info){ .argsz = sizeof(info), .index = i };
		assert_int_equal(call(w, PROTOCOL_GET_IRQ_INFO, &info, sizeof(info)), 0);
		memcpy(&info, w->payload, sizeof(info));
		assert_int_equal(info.count, i == VFIO_PCI_MSIX_IRQ_INDEX ? PDDGPU_NUM_IRQS :
				 i == VFIO_PCI_ERR_IRQ_INDEX);
	}
	info.index = VFIO_PCI_NUM_IRQS;
	assert_int_equal(call(w, PROTOCOL_GET_IRQ_INFO, &info, sizeof(info)), EINVAL);
}

/* --- Regions ------------------------------------------------------------ */

static void region_accesses(void **state)
{
	struct wire *w = *state;
	const uint8_t *data = w->payload + sizeof(struct protocol_region_rw);
	const uint32_t magic = PDDGPU_ID_MAGIC, scratch = 0x12345678;

	greet(w);
	assert_int_equal(region_read(w, 2, PDDGPU_REG_ID, 4), 0);
	assert_memory_equal(data, &magic, 4);
	assert_int_equal(region_write(w, 2, PDDGPU_REG_SCRATCH, &scratch, 4), 0);
	assert_int_equal(region_read(w, 2, PDDGPU_REG_SCRATCH, 4), 0);
	assert_memory_equal(data, &scratch, 4);
	assert_int_equal(region_read(w, VFIO_PCI_CONFIG_REGION_INDEX, 0, 2), 0);
	assert_int_equal(data[0] | data[1] << 8, PDDGPU_PCI_VENDOR_ID);
	assert_int_equal(region_write(w, 0, RIG_APERTURE - 3, "abc", 3), 0);
	assert_memory_equal(w->card->vram + RIG_APERTURE - 3, "abc", 3);
	assert_int_equal(region_read(w, 0, RIG_APERTURE - 3, 3), 0);
	assert_memory_equal(data, "abc", 3);
	assert_int_equal(region_write(w, 4, 0, "\1\2\3\4", 4), 0);
	assert_int_equal(region_read(w, 4, 0, 4), 0);
	assert_memory_equal(data, "\1\2\3\4", 4);
}

static void the_largest_access(void **state)
{
	struct wire *w = *state;

	greet(w);
	memset(w->card->vram, 0x77, PROTOCOL_MAX_DATA);
	assert_int_equal(region_read(w, 0, 0, PROTOCOL_MAX_DATA), 0);
	assert_memory_equal(w->payload + sizeof(struct protocol_region_rw), w->card->vram,
			    PROTOCOL_MAX_DATA);
	assert_int_equal(region_read(w, 0, 0, PROTOCOL_MAX_DATA + 1), EINVAL);
}

static void accesses_out_of_range(void **state)
{
	static const struct {
		uint32_t region;
		uint64_t offset;
		uint32_t count;
	} bad[] = {
		{ 0, RIG_APERTURE, 1 }, { 0, RIG_APERTURE - 3, 4 }, { 0, -4ULL, 4 }, { 0, 0, 0 },
		{ 2, PDDGPU_MMIO_SIZE, 4 }, { 2, PDDGPU_MMIO_SIZE - 4, 8 }, { 1, 0, 4 },
		{ 4, PCI_MSIX_BAR_SIZE - 4, 8 }, { 6, 0, 4 }, { 8, 0, 4 }, { 9, 0, 4 },
		{ VFIO_PCI_CONFIG_REGION_INDEX, PCI_SPACE_SIZE - 2, 4 }, { 0, 0, ~0U },
		{ ~0U, 0, 4 },
	};
	struct wire *w = *state;
	struct protocol_region_rw rw = { .region = 2, .count = 8 };

	greet(w);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(region_read(w, bad[i].region, bad[i].offset, bad[i].count),
				 EINVAL);
	assert_int_equal(call(w, PROTOCOL_REGION_READ, &rw, 15), EINVAL);
	/* A write whose data is not as long as it says. */
	assert_int_equal(call(w, PROTOCOL_REGION_WRITE, &rw, sizeof(rw)), EINVAL);
}

/* --- Guest memory ------------------------------------------------------- */

static int map_guest(struct wire *w, uint64_t iova, uint64_t size, int fd)
{
	struct protocol_dma_map map = { .argsz = sizeof(map), .flags = 3, .iova = iova,
					.size = size };

	return call_fds(w, PROTOCOL_DMA_MAP, &map, sizeof(map), &fd, fd >= 0);
}

static int unmap_guest(struct wire *w, uint32_t flags, uint64_t iova, uint64_t size)
{
	struct protocol_dma_unmap unmap = { .argsz = sizeof(unmap), .flags = flags, .iova = iova,
					    .size = size };

	return call(w, PROTOCOL_DMA_UNMAP, &unmap, sizeof(unmap));
}

static int guest_memory(void)
{
	int fd = memfd_create("guest", MFD_CLOEXEC);

	assert_int_equal(ftruncate(fd, 0x10000), 0);
	return fd;
}

static void dma_windows(void **state)
{
	struct wire *w = *state;
	int fd = guest_memory();

	greet(w);
	assert_int_equal(map_guest(w, BUS, 0x10000, fd), 0);
	assert_int_equal(map_guest(w, BUS, 0x10000, fd), EEXIST);
	assert_int_equal(map_guest(w, BUS + 0x10000, 0x1000, -1), 0);
	assert_int_equal(map_guest(w, 0, 0x11000, fd), EINVAL);
	assert_int_equal(w->card->dma.count, 2);
	assert_int_equal(unmap_guest(w, 0, BUS, 0x1000), ENOENT);
	assert_int_equal(unmap_guest(w, 0, BUS, 0x10000), 0);
	assert_int_equal(w->reply.size, sizeof(w->reply) + sizeof(struct protocol_dma_unmap));
	assert_int_equal(unmap_guest(w, VFIO_DMA_UNMAP_FLAG_ALL, BUS, 0), EINVAL);
	assert_int_equal(unmap_guest(w, VFIO_DMA_UNMAP_FLAG_ALL, 0, 0), 0);
	assert_int_equal(w->card->dma.count, 0);
	assert_int_equal(unmap_guest(w, 1, BUS, 0x1000), EINVAL);
	close(fd);
}

static void malformed_dma_messages(void **state)
{
	struct wire *w = *state;
	struct protocol_dma_map map = { .argsz = sizeof(map), .flags = 3, .size = 0x1000 };
	int fds[2] = { guest_memory(), STDERR_FILENO };

	greet(w);
	assert_int_equal(call(w, PROTOCOL_DMA_MAP, &map, sizeof(map) - 1), EINVAL);
	assert_int_equal(call_fds(w, PROTOCOL_DMA_MAP, &map, sizeof(map), fds, 2), EINVAL);
	map.argsz = 8;
	assert_int_equal(call_fds(w, PROTOCOL_DMA_MAP, &map, sizeof(map), fds, 1), EINVAL);
	map.argsz = sizeof(map);
	map.flags = 2;
	assert_int_equal(call_fds(w, PROTOCOL_DMA_MAP, &map, sizeof(map), fds, 1), EINVAL);
	map.flags = 7;
	assert_int_equal(call_fds(w, PROTOCOL_DMA_MAP, &map, sizeof(map), fds, 1), EINVAL);
	map.flags = 1;
	assert_int_equal(call_fds(w, PROTOCOL_DMA_MAP, &map, sizeof(map), fds, 1), 0);
	assert_false(w->card->dma.windows[0].writable);
	assert_int_equal(call(w, PROTOCOL_DMA_UNMAP, &map, 23), EINVAL);
	close(fds[0]);
}

/* --- Interrupts --------------------------------------------------------- */

static int set_irqs(struct wire *w, uint32_t flags, uint32_t index, uint32_t start, uint32_t count,
		    const int *fds, size_t num_fds)
{
	struct vfio_irq_set set = { .argsz = sizeof(set), .flags = flags, .index = index,
				    .start = start, .count = count };

	return call_fds(w, PROTOCOL_SET_IRQS, &set, sizeof(set), fds, num_fds);
}

#define EVENTFDS	(VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER)
#define DATA_NONE	(VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER)
#define MSIX		VFIO_PCI_MSIX_IRQ_INDEX

static void eventfds(void **state)
{
	struct wire *w = *state;
	int fds[2] = { eventfd(0, EFD_NONBLOCK), eventfd(0, EFD_NONBLOCK) };
	eventfd_t count;

	greet(w);
	assert_int_equal(set_irqs(w, EVENTFDS, MSIX, 1, 2, fds, 2), 0);
	assert_int_equal(set_irqs(w, DATA_NONE, MSIX, 0, 4, NULL, 0), 0);
	assert_int_equal(eventfd_read(fds[0], &count), 0);
	assert_int_equal(eventfd_read(fds[1], &count), 0);
	/* Without descriptors they are taken away, some or all. */
	assert_int_equal(set_irqs(w, EVENTFDS, MSIX, 1, 1, NULL, 0), 0);
	assert_int_equal(set_irqs(w, DATA_NONE, MSIX, 0, 4, NULL, 0), 0);
	assert_int_equal(eventfd_read(fds[0], &count), -1);
	assert_int_equal(eventfd_read(fds[1], &count), 0);
	assert_int_equal(set_irqs(w, DATA_NONE, MSIX, 0, 0, NULL, 0), 0);
	assert_int_equal(w->card->irq.fd[2], -1);
	assert_int_equal(set_irqs(w, EVENTFDS, VFIO_PCI_ERR_IRQ_INDEX, 0, 1, fds, 1), 0);
	close(fds[0]);
	close(fds[1]);
}

static void interrupts_by_booleans(void **state)
{
	struct wire *w = *state;
	struct {
		struct vfio_irq_set set;
		uint8_t chosen[4];
	} m = { { .argsz = sizeof(m), .index = MSIX, .count = 4,
		  .flags = VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_ACTION_TRIGGER }, { 0, 1, 0, 0 } };
	int fds[2] = { eventfd(0, EFD_NONBLOCK), eventfd(0, EFD_NONBLOCK) };
	eventfd_t count;

	greet(w);
	assert_int_equal(set_irqs(w, EVENTFDS, MSIX, 0, 2, fds, 2), 0);
	assert_int_equal(call(w, PROTOCOL_SET_IRQS, &m, sizeof(m)), 0);
	assert_int_equal(eventfd_read(fds[0], &count), -1);
	assert_int_equal(eventfd_read(fds[1], &count), 0);
	assert_int_equal(call(w, PROTOCOL_SET_IRQS, &m, sizeof(m) - 1), EINVAL);
	close(fds[0]);
	close(fds[1]);
}

static void malformed_irq_messages(void **state)
{
	struct wire *w = *state;
	int fds[5], pipes[2];

	greet(w);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = eventfd(0, EFD_NONBLOCK);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(set_irqs(w, EVENTFDS, MSIX, 0, 5, fds, 5), EINVAL);
	assert_int_equal(set_irqs(w, EVENTFDS, MSIX, 4, 1, fds, 1), EINVAL);
	assert_int_equal(set_irqs(w, EVENTFDS, MSIX, ~0U, 2, fds, 2), EINVAL);
	assert_int_equal(set_irqs(w, EVENTFDS, MSIX, 0, 2, fds, 1), EINVAL);
	assert_int_equal(set_irqs(w, EVENTFDS, MSIX, 0, 1, &pipes[1], 1), EINVAL);
	assert_int_equal(set_irqs(w, EVENTFDS, VFIO_PCI_MSI_IRQ_INDEX, 0, 1, fds, 1), EINVAL);
	assert_int_equal(set_irqs(w, EVENTFDS, VFIO_PCI_NUM_IRQS, 0, 1, fds, 1), EINVAL);
	assert_int_equal(set_irqs(w, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_MASK, MSIX, 0, 1,
				  NULL, 0), ENOTSUP);
	assert_int_equal(set_irqs(w, VFIO_IRQ_SET_ACTION_TRIGGER, MSIX, 0, 1, NULL, 0), EINVAL);
	assert_int_equal(set_irqs(w, DATA_NONE, VFIO_PCI_ERR_IRQ_INDEX, 0, 1, NULL, 0), ENOTSUP);
	assert_int_equal(call(w, PROTOCOL_SET_IRQS, fds, 19), EINVAL);
	pthread_mutex_lock(&w->card->irq.lock);
	for (unsigned int i = 0; i < PDDGPU_NUM_IRQS; i++)
		assert_int_equal(w->card->irq.fd[i], -1);
	pthread_mutex_unlock(&w->card->irq.lock);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	close(pipes[0]);
	close(pipes[1]);
}

/* --- Reset and disconnect ----------------------------------------------- */

static void device_reset(void **state)
{
	struct wire *w = *state;
	const uint32_t scratch = 5, reset = 0;

	greet(w);
	assert_int_equal(region_write(w, 2, PDDGPU_REG_SCRATCH, &scratch, 4), 0);
	assert_int_equal(region_write(w, VFIO_PCI_CONFIG_REGION_INDEX, 4, "\6\0", 2), 0);
	assert_true(w->card->bus_master);
	assert_int_equal(call(w, PROTOCOL_RESET, NULL, 0), 0);
	assert_false(w->card->bus_master);
	assert_int_equal(region_read(w, 2, PDDGPU_REG_SCRATCH, 4), 0);
	assert_memory_equal(w->payload + sizeof(struct protocol_region_rw), &reset, 4);
}

/* Nothing of one client is left for the next, descriptors included. */
static void disconnecting_forgets_the_client(void **state)
{
	struct wire *w = *state;
	int fd = guest_memory(), event = eventfd(0, EFD_NONBLOCK);

	greet(w);
	assert_int_equal(map_guest(w, BUS, 0x10000, fd), 0);
	assert_int_equal(set_irqs(w, EVENTFDS, MSIX, 0, 1, &event, 1), 0);
	close(w->fd);
	pthread_join(w->thread, NULL);
	assert_int_equal(w->end, PROTOCOL_END_CLIENT);
	assert_int_equal(w->card->dma.count, 0);
	assert_int_equal(w->card->irq.fd[0], -1);
	wire_connect(w);
	greet(w);
	close(fd);
	close(event);
}

static unsigned int count_fds(void)
{
	unsigned int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += dup2(fd, fd) == fd;
	return count;
}

static void refused_descriptors_are_closed(void **state)
{
	struct wire *w = *state;
	int fds[PROTOCOL_MAX_FDS];
	unsigned int before;

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = STDERR_FILENO;
	greet(w);
	before = count_fds();
	for (uint16_t command = 1; command < 20; command++)
		assert_true(call_fds(w, command, fds, sizeof(fds), fds, ARRAY_SIZE(fds)) > 0 ||
			    command == PROTOCOL_RESET);
	/* Each reply is sent before its request's descriptors are closed. */
	assert_int_equal(call(w, PROTOCOL_RESET, NULL, 0), 0);
	assert_int_equal(count_fds(), before);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(handshake),
		TEST(versions),
		TEST(a_newer_minor_gets_ours),
		TEST(nothing_before_the_handshake),
		TEST(unknown_commands),
		TEST(a_size_below_the_header),
		TEST(a_size_above_all_messages),
		TEST(a_reply_as_a_request),
		TEST(too_many_descriptors),
		TEST(a_message_that_never_ends),
		TEST(a_message_in_single_bytes),
		TEST(no_reply_when_none_is_wanted),
		TEST(device_info),
		TEST(regions),
		TEST(vram_can_be_mapped),
		TEST(irq_info),
		TEST(region_accesses),
		TEST(the_largest_access),
		TEST(accesses_out_of_range),
		TEST(dma_windows),
		TEST(malformed_dma_messages),
		TEST(eventfds),
		TEST(interrupts_by_booleans),
		TEST(malformed_irq_messages),
		TEST(device_reset),
		TEST(disconnecting_forgets_the_client),
		TEST(refused_descriptors_are_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
