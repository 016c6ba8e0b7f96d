// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Random vfio-user messages to a card that runs.  An input is a sequence of struct
 * message, each with its payload, up to a multiple of four bytes.  Found wrong: a crash, a
 * sanitizer's report, a request without its reply, a file descriptor that leaks.
 */
#include <errno.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "../card.h"
#include "../log.h"
#include "../protocol.h"
#include "fuzz.h"

#define MIB		0x100000ULL
#define VRAM		(4 * MIB)
#define MAX_MESSAGES	64
#define MAX_PAYLOAD	256
#define MAX_FDS		12
#define REPLY_SECONDS	20
#define MAX_REPLY	(sizeof(struct protocol_region_rw) + PROTOCOL_MAX_DATA)

struct fuzz {
	struct card *card;
	int client, server, stop;
	int fds[4];		/* guest memory, read-only memory, eventfd, pipe */
	uint8_t *reply;
	unsigned long answered, refused, hung_up;
};

/* What is not sent as it is: the rest of the header follows from it. */
struct message {
	uint16_t command;
	uint16_t id;
	uint16_t size;		/* bytes of payload that follow */
	uint8_t flags;		/* MESSAGE_* */
	uint8_t fds;		/* which descriptors go along, see choose_fds() */
};

#define MESSAGE_NO_REPLY	0x01
#define MESSAGE_BROKEN		0x80	/* header.size and .flags are those of the payload */

static void *serve(void *arg)
{
	struct fuzz *fuzz = arg;

	protocol_serve(fuzz->card, fuzz->server, fuzz->stop);
	close(fuzz->server);
	return NULL;
}

static void fail(const char *what)
{
	fprintf(stderr, "fuzz_protocol: %s\n", what);
	abort();
}

/* --- Messages ----------------------------------------------------------- */

static uint32_t random_dma(struct fuzz_rng *rng, uint8_t *to)
{
	struct protocol_dma_map map = {
		.argsz = sizeof(map), .flags = fuzz_one_in(rng, 8) ? (uint32_t)fuzz_edge(rng) : 3,
		.offset = fuzz_one_in(rng, 4) ? fuzz_edge(rng) : 0x1000 * fuzz_below(rng, 4),
		.iova = fuzz_one_in(rng, 4) ? fuzz_edge(rng) : 0x1000 * fuzz_below(rng, 64),
		.size = fuzz_one_in(rng, 4) ? fuzz_edge(rng) : 0x1000 * (1 + fuzz_below(rng, 16)),
	};

	memcpy(to, &map, sizeof(map));
	return sizeof(map);
}

static uint32_t random_unmap(struct fuzz_rng *rng, uint8_t *to)
{
	struct protocol_dma_unmap unmap = {
		.argsz = sizeof(unmap), .flags = fuzz_one_in(rng, 4) ? (uint32_t)fuzz_edge(rng) : 0,
		.iova = fuzz_one_in(rng, 4) ? fuzz_edge(rng) : 0x1000 * fuzz_below(rng, 64),
		.size = fuzz_one_in(rng, 4) ? fuzz_edge(rng) : 0x1000 * (1 + fuzz_below(rng, 16)),
	};

	memcpy(to, &unmap, sizeof(unmap));
	return sizeof(unmap);
}

/* Registers and capabilities are few, and most of the space is empty. */
static uint64_t random_offset(struct fuzz_rng *rng, uint32_t region, uint64_t size)
{
	static const uint32_t blocks[] = {
		0, 0x100, PDDGPU_REG_ENGINE(0), PDDGPU_REG_ENGINE(1), 0x2000, 0x2200, 0x3000,
		0x4000, PDDGPU_REG_INJECT_HANG, PDDGPU_REG_DOORBELL(0),
	};

	if (fuzz_one_in(rng, 4))
		return fuzz_edge(rng);
	if (region == PDDGPU_BAR_MMIO && !fuzz_one_in(rng, 4))
		return blocks[fuzz_below(rng, ARRAY_SIZE(blocks))] + 4 * fuzz_below(rng, 16);
	if (region == VFIO_PCI_CONFIG_REGION_INDEX && !fuzz_one_in(rng, 4))
		return fuzz_below(rng, 0xa0);
	return (fuzz_next(rng) % size) & ~3ULL;
}

static uint32_t random_region_rw(struct fuzz_rng *rng, uint8_t *to, bool write)
{
	static const uint64_t sizes[VFIO_PCI_NUM_REGIONS] = {
		[0] = VRAM, [2] = PDDGPU_MMIO_SIZE, [4] = PCI_MSIX_BAR_SIZE,
		[VFIO_PCI_CONFIG_REGION_INDEX] = PCI_SPACE_SIZE,
	};
	uint32_t region = fuzz_one_in(rng, 2) ? PDDGPU_BAR_MMIO :
			  fuzz_below(rng, VFIO_PCI_NUM_REGIONS + 1);
	uint64_t size = region < VFIO_PCI_NUM_REGIONS && sizes[region] ? sizes[region] : 64;
	struct protocol_region_rw rw = {
		.offset = random_offset(rng, region, size),
		.region = fuzz_one_in(rng, 16) ? (uint32_t)fuzz_edge(rng) : region,
		.count = fuzz_one_in(rng, 8) ? (uint32_t)fuzz_edge(rng) : 1U << fuzz_below(rng, 4),
	};
	uint32_t data = write && rw.count <= MAX_PAYLOAD - sizeof(rw) ? rw.count : 0;

	memcpy(to, &rw, sizeof(rw));
	for (uint32_t i = 0; i < data; i++)
		to[sizeof(rw) + i] = (uint8_t)fuzz_next(rng);
	return (uint32_t)sizeof(rw) + data;
}

static uint32_t random_irqs(struct fuzz_rng *rng, uint8_t *to)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set), .flags = fuzz_below(rng, 64),
		.index = fuzz_one_in(rng, 4) ? (uint32_t)fuzz_edge(rng) : VFIO_PCI_MSIX_IRQ_INDEX,
		.start = fuzz_one_in(rng, 4) ? (uint32_t)fuzz_edge(rng) : fuzz_below(rng, 5),
		.count = fuzz_one_in(rng, 4) ? (uint32_t)fuzz_edge(rng) : fuzz_below(rng, 5),
	};

	memcpy(to, &set, sizeof(set));
	memset(to + sizeof(set), 1, 4);
	return sizeof(set) + fuzz_below(rng, 5);
}

static uint32_t random_info(struct fuzz_rng *rng, uint8_t *to)
{
	uint32_t words[8] = { [0] = 32, [2] = fuzz_below(rng, 10) };

	if (fuzz_one_in(rng, 4))
		words[fuzz_below(rng, ARRAY_SIZE(words))] = (uint32_t)fuzz_edge(rng);

	memcpy(to, words, sizeof(words));
	return sizeof(words);
}

static uint32_t random_bytes(struct fuzz_rng *rng, uint8_t *to)
{
	uint32_t size = fuzz_below(rng, MAX_PAYLOAD);

	for (uint32_t i = 0; i < size; i++)
		to[i] = (uint8_t)fuzz_next(rng);
	return size;
}

static uint32_t random_payload(struct fuzz_rng *rng, uint16_t command, uint8_t *to)
{
	if (fuzz_one_in(rng, 16))
		return random_bytes(rng, to);
	switch (command) {
	case PROTOCOL_DMA_MAP:
		return random_dma(rng, to);
	case PROTOCOL_DMA_UNMAP:
		return random_unmap(rng, to);
	case PROTOCOL_REGION_READ:
	case PROTOCOL_REGION_WRITE:
		return random_region_rw(rng, to, command == PROTOCOL_REGION_WRITE);
	case PROTOCOL_SET_IRQS:
		return random_irqs(rng, to);
	default:
		return random_info(rng, to);
	}
}

/* --- The wire ----------------------------------------------------------- */

/* Bits 2:0 say how many (7: too many), 4:3 which the first is, bit 5 if they differ. */
static unsigned int choose_fds(const struct fuzz *fuzz, uint8_t spec, int fds[static MAX_FDS])
{
	unsigned int count = (spec & 7) == 7 ? MAX_FDS : spec & 7;

	for (unsigned int i = 0; i < count; i++)
		fds[i] = fuzz->fds[((spec >> 3) + i * (spec >> 5 & 1)) & 3];
	return count;
}

/* False if the server has hung up. */
static bool post(struct fuzz *fuzz, uint8_t fd_spec, struct protocol_header *header,
		 const uint8_t *payload, uint32_t size)
{
	struct iovec iov[2] = {
		{ .iov_base = header, .iov_len = sizeof(*header) },
		{ .iov_base = (void *)payload, .iov_len = size },
	};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(MAX_FDS * sizeof(int))];
	} control = { 0 };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	int fds[MAX_FDS];
	unsigned int num_fds = choose_fds(fuzz, fd_spec, fds);

	if (num_fds) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(num_fds * sizeof(int));
		CMSG_FIRSTHDR(&msg)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR(&msg)->cmsg_type = SCM_RIGHTS;
		CMSG_FIRSTHDR(&msg)->cmsg_len = CMSG_LEN(num_fds * sizeof(int));
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), fds, num_fds * sizeof(int));
	}
	return sendmsg(fuzz->client, &msg, MSG_NOSIGNAL) == (ssize_t)(sizeof(*header) + size);
}

/* Reads the reply and checks that it is one.  False if the server has hung up. */
static bool take_reply(struct fuzz *fuzz, const struct protocol_header *request)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct protocol_header reply;
	struct iovec iov = { .iov_base = &reply, .iov_len = sizeof(reply) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	ssize_t got = recvmsg(fuzz->client, &msg, MSG_WAITALL);
	int fd;

	/* A server that closes with bytes unread resets the connection. */
	if (got < 0 && errno != ECONNRESET)
		fail("no reply");
	if (got != sizeof(reply))
		return false;
	if (CMSG_FIRSTHDR(&msg)) {
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
		close(fd);
	}
	if (reply.id != request->id || reply.command != request->command ||
	    (reply.flags & PROTOCOL_TYPE) != PROTOCOL_REPLY || reply.size < sizeof(reply) ||
	    reply.size - sizeof(reply) > MAX_REPLY)
		fail("a reply to something else");
	if (reply.size > sizeof(reply) &&
	    recv(fuzz->client, fuzz->reply, reply.size - sizeof(reply), MSG_WAITALL) !=
	    (ssize_t)(reply.size - sizeof(reply)))
		fail("half a reply");
	if (reply.flags & PROTOCOL_ERROR)
		fuzz->refused++;
	else
		fuzz->answered++;
	return true;
}

/* A write that would end the process, and the fuzzer with it. */
static bool vanishes(const struct message *message, const uint8_t *payload)
{
	struct protocol_region_rw rw;

	if (message->command != PROTOCOL_REGION_WRITE || message->size < sizeof(rw))
		return false;
	memcpy(&rw, payload, sizeof(rw));
	return rw.region == PDDGPU_BAR_MMIO && rw.offset + 4 > PDDGPU_REG_INJECT_ONES &&
	       rw.offset < PDDGPU_REG_INJECT_FORGET;
}

static bool exchange(struct fuzz *fuzz, const struct message *message, const uint8_t *payload)
{
	struct protocol_header header = {
		.id = message->id, .command = message->command,
		.size = (uint32_t)sizeof(header) + message->size,
		.flags = message->flags & MESSAGE_NO_REPLY ? PROTOCOL_NO_REPLY : 0,
	};

	if (vanishes(message, payload))
		return true;
	/* A broken frame: nothing that follows has a meaning. */
	if (message->flags & MESSAGE_BROKEN && message->size >= 8) {
		memcpy(&header.size, payload, 4);
		memcpy(&header.flags, payload + 4, 4);
		post(fuzz, message->fds, &header, payload, message->size);
		return false;
	}
	if (!post(fuzz, message->fds, &header, payload, message->size))
		return false;
	return header.flags & PROTOCOL_NO_REPLY || take_reply(fuzz, &header);
}

/* --- Making an input ---------------------------------------------------- */

static bool append(struct input *input, struct message *message, const void *payload)
{
	static const uint8_t padding[4];

	return input_append(input, message, sizeof(*message)) &&
	       input_append(input, payload, message->size) &&
	       input_append(input, padding, -message->size & 3);
}

static bool random_message(struct fuzz_rng *rng, struct input *input, uint16_t command)
{
	uint8_t payload[MAX_PAYLOAD + 64], kind = (uint8_t)fuzz_below(rng, 4);
	struct message message = {
		.command = command, .id = (uint16_t)fuzz_next(rng),
		.size = (uint16_t)random_payload(rng, command, payload),
		.flags = fuzz_one_in(rng, 16) ? MESSAGE_NO_REPLY : 0,
	};

	if (command == PROTOCOL_SET_IRQS && fuzz_below(rng, 8))
		kind = 2;
	if (command == PROTOCOL_DMA_MAP && fuzz_below(rng, 8))
		kind = 0;
	message.fds = (uint8_t)((fuzz_one_in(rng, 3) ? fuzz_below(rng, 5) : 1) | kind << 3);
	if (fuzz_one_in(rng, 100))
		message.fds = (uint8_t)fuzz_next(rng);
	if (fuzz_one_in(rng, 200))
		message.flags |= MESSAGE_BROKEN;
	return append(input, &message, payload);
}

static void generate(struct fuzz_rng *rng, struct input *input)
{
	static const uint16_t commands[] = {
		PROTOCOL_DMA_MAP, PROTOCOL_DMA_MAP, PROTOCOL_DMA_UNMAP, PROTOCOL_GET_INFO,
		PROTOCOL_GET_REGION_INFO, PROTOCOL_GET_IRQ_INFO, PROTOCOL_SET_IRQS,
		PROTOCOL_REGION_READ, PROTOCOL_REGION_WRITE, PROTOCOL_REGION_WRITE, PROTOCOL_RESET,
	};
	static const struct protocol_version version = { .minor = PROTOCOL_MINOR };
	struct message greeting = { .command = PROTOCOL_VERSION, .size = sizeof(version) };
	bool fits = true;

	if (!fuzz_one_in(rng, 32))
		append(input, &greeting, &version);
	for (uint32_t i = fuzz_below(rng, MAX_MESSAGES); fits && i > 0; i--)
		fits = random_message(rng, input, fuzz_one_in(rng, 16) ?
				      (uint16_t)fuzz_below(rng, 20) :
				      commands[fuzz_below(rng, ARRAY_SIZE(commands))]);
}

/* --- Runs --------------------------------------------------------------- */

static void connect_client(struct fuzz *fuzz, pthread_t *thread)
{
	struct timeval limit = { .tv_sec = REPLY_SECONDS };
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		fail("no socket");
	setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	fuzz->client = fds[0];
	fuzz->server = fds[1];
	if (pthread_create(thread, NULL, serve, fuzz))
		fail("no thread");
}

static unsigned int count_fds(void)
{
	unsigned int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += dup2(fd, fd) == fd;
	return count;
}

static void run(const struct input *input, void *arg)
{
	uint8_t payload[INPUT_MAX_BYTES];
	struct fuzz *fuzz = arg;
	unsigned int before = count_fds();
	struct message message;
	bool alive = true;
	pthread_t thread;
	size_t at = 0;

	connect_client(fuzz, &thread);
	while (alive && input_take(input, &at, &message, sizeof(message))) {
		if (message.size > sizeof(payload))
			message.size = sizeof(payload);
		input_take(input, &at, payload, message.size);
		at += -at & 3;
		if (at > input->size)
			break;
		alive = exchange(fuzz, &message, payload);
	}
	fuzz->hung_up += !alive;
	close(fuzz->client);
	pthread_join(thread, NULL);
	if (count_fds() != before)
		fail("file descriptors leak");
}

int main(int argc, char **argv)
{
	const struct card_options options = {
		.vram_size = VRAM, .aperture_size = VRAM, .dma_bits = 40,
		.onchip_pages = { 1, 1, 1 },
	};
	struct fuzz fuzz = { .card = card_create(&options), .stop = eventfd(0, EFD_CLOEXEC) };
	const struct fuzzer fuzzer = { .generate = generate, .run = run, .arg = &fuzz };
	int pipes[2], ret;

	log_set_quiet(true);
	fuzz.reply = malloc(MAX_REPLY);
	fuzz.fds[0] = memfd_create("guest", MFD_CLOEXEC);
	fuzz.fds[1] = memfd_create("empty", MFD_CLOEXEC);
	fuzz.fds[2] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (!fuzz.card || !fuzz.reply || ftruncate(fuzz.fds[0], 0x10000) || pipe(pipes))
		return EXIT_FAILURE;
	fuzz.fds[3] = pipes[1];
	fuzz_guest_memory(fuzz.card->vram, VRAM);
	ret = fuzz_main(argc, argv, &fuzzer);
	printf("fuzz_protocol: %lu requests answered, %lu refused, %lu connections broken\n",
	       fuzz.answered, fuzz.refused, fuzz.hung_up);
	card_destroy(fuzz.card);
	free(fuzz.reply);
	return ret;
}
