/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * DOC: Packets' work
 *
 * One function a packet.  The command processor has checked privilege and
 * COUNT; operands are checked here, before anything is stored.
 */
#ifndef EMU_OPS_H
#define EMU_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct engine;

/* Work between two looks at whether the engine shall stop, bytes. */
#define OPS_PIECE	0x40000UL

/**
 * struct packet - a packet that runs
 * @engine: on which engine
 * @vmid: under which VMID
 * @flags: PDDGPU_PKT_FLAGS
 * @count: payload dwords
 * @arg: the payload, in the engine's packet buffer
 */
struct packet {
	struct engine *engine;
	unsigned int vmid;
	unsigned int flags;
	unsigned int count;
	const uint32_t *arg;
};

/**
 * packet_u64() - Take a 64-bit field out of a payload
 * @packet: the packet
 * @index: of its low dword
 *
 * Return: the field.
 */
uint64_t packet_u64(const struct packet *packet, unsigned int index);

/**
 * packet_word() - Find a naturally aligned word, which lies in one page
 * @packet: the packet; for errors of memory its port's fault fields are set
 * @va: address
 * @size: bytes, 4 or 8
 * @write: the access is a write
 * @host: the pointer, good until the engine lets itself be stopped
 *
 * Return: 0, PDDGPU_ERR_OPERAND if @va is not aligned, or what mmu_translate()
 * says.
 */
int packet_word(const struct packet *packet, uint64_t va, size_t size, bool write,
		uint8_t **host);

/**
 * packet_nap() - Stand still before looking again at what a packet waits for
 * @packet: the packet
 * @nap: 0 at first; how long the last nap was, ns, each is longer than the one before
 *
 * Return: 0, or ENGINE_STOPPED if the packet shall end.
 */
int packet_nap(const struct packet *packet, long *nap);

/*
 * Each returns 0, ENGINE_STOPPED, or a PDDGPU_ERR_*.  For errors of memory the
 * port's fault fields are set.
 */
int op_write(const struct packet *packet);
int op_fill(const struct packet *packet);
int op_copy(const struct packet *packet);
int op_copy_rect(const struct packet *packet);
int op_fence(const struct packet *packet);
int op_wait(const struct packet *packet);
int op_atomic(const struct packet *packet);
int op_tlb_flush(const struct packet *packet);
int op_set_vmid(const struct packet *packet);
int op_write_pte(const struct packet *packet);
int op_timestamp(const struct packet *packet);
int op_set_onchip(const struct packet *packet);
int op_onchip_copy(const struct packet *packet);
int op_onchip_barrier(const struct packet *packet);
int op_onchip_append(const struct packet *packet);
int op_map(const struct packet *packet);
int op_crc32(const struct packet *packet);
int op_mandelbrot(const struct packet *packet);

#endif
