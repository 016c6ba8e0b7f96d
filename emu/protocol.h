/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * DOC: vfio-user
 *
 * The server side of the protocol that QEMU's docs/interop/vfio-user.rst
 * describes, version 0.1.  Every message is answered at once by the thread that
 * reads it, and the server sends none of its own: a DMA_READ while the VMM waits
 * for a register access would lock both up.
 */
#ifndef EMU_PROTOCOL_H
#define EMU_PROTOCOL_H

#include <stdint.h>

struct card;

#define PROTOCOL_MAJOR		0
#define PROTOCOL_MINOR		1
#define PROTOCOL_MAX_FDS	8
#define PROTOCOL_MAX_DATA	0x100000	/* bytes of a region access */

#define PROTOCOL_TYPE		0xf		/* in struct protocol_header.flags */
#define PROTOCOL_REPLY		0x1
#define PROTOCOL_NO_REPLY	0x10
#define PROTOCOL_ERROR		0x20

enum protocol_command {
	PROTOCOL_VERSION = 1,
	PROTOCOL_DMA_MAP = 2,
	PROTOCOL_DMA_UNMAP = 3,
	PROTOCOL_GET_INFO = 4,
	PROTOCOL_GET_REGION_INFO = 5,
	PROTOCOL_GET_IRQ_INFO = 7,
	PROTOCOL_SET_IRQS = 8,
	PROTOCOL_REGION_READ = 9,
	PROTOCOL_REGION_WRITE = 10,
	PROTOCOL_RESET = 13,
};

/**
 * struct protocol_header - what every message begins with
 * @id: chosen by the client, echoed
 * @command: enum protocol_command
 * @size: bytes, header included
 * @flags: PROTOCOL_*
 * @error: errno, in a reply with PROTOCOL_ERROR
 */
struct protocol_header {
	uint16_t id;
	uint16_t command;
	uint32_t size;
	uint32_t flags;
	uint32_t error;
};

/**
 * struct protocol_version - VERSION, both ways; a JSON string follows
 * @major: must agree
 * @minor: the lower one counts
 */
struct protocol_version {
	uint16_t major;
	uint16_t minor;
};

/**
 * struct protocol_dma_map - DMA_MAP
 * @argsz: size of this
 * @flags: VFIO_DMA_MAP_FLAG_READ and _WRITE
 * @offset: into the file descriptor that comes along
 * @iova: first bus address
 * @size: bytes
 */
struct protocol_dma_map {
	uint32_t argsz;
	uint32_t flags;
	uint64_t offset;
	uint64_t iova;
	uint64_t size;
};

/**
 * struct protocol_dma_unmap - DMA_UNMAP and its reply
 * @argsz: size of this
 * @flags: VFIO_DMA_UNMAP_FLAG_ALL, with @iova and @size 0
 * @iova: first bus address
 * @size: bytes
 */
struct protocol_dma_unmap {
	uint32_t argsz;
	uint32_t flags;
	uint64_t iova;
	uint64_t size;
};

/**
 * struct protocol_region_rw - REGION_READ and REGION_WRITE; data may follow
 * @offset: into the region
 * @region: VFIO_PCI_*_REGION_INDEX
 * @count: bytes
 */
struct protocol_region_rw {
	uint64_t offset;
	uint32_t region;
	uint32_t count;
};

/* Why protocol_serve() returned. */
enum protocol_end {
	PROTOCOL_END_CLIENT,	/* the client went away or broke the protocol */
	PROTOCOL_END_STOP,	/* the caller's stop_fd became readable */
};

/**
 * protocol_serve() - Serve one client until it goes away
 * @card: the card; left as card_disconnect() leaves it
 * @fd: a connected stream socket; the caller closes it
 * @stop_fd: becomes readable when the server shall end; is not read
 *
 * Return: why.
 */
enum protocol_end protocol_serve(struct card *card, int fd, int stop_fd);

#endif
