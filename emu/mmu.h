/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * DOC: Address translation
 *
 * Every access of the card begins as an address of a VMID and ends as a pointer
 * into VRAM, into a DMA window or, for VMID 0, into an on-chip heap; nothing else
 * makes such pointers, but for packets that name a heap.  They are
 * good until the thread that asked lets itself be stopped, because page tables
 * are flushed and windows unmapped only while it stands still.
 */
#ifndef EMU_MMU_H
#define EMU_MMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats.h"

struct card;

#define TLB_WAYS	4
#define TLB_SETS_4K	64
#define TLB_SETS_2M	8

/**
 * struct tlb_entry - one cached leaf
 * @tag: page number, VMID and a valid bit; 0 if empty
 * @pte: the leaf as it was read from memory
 */
struct tlb_entry {
	uint64_t tag;
	uint64_t pte;
};

/**
 * struct tlb - the translation cache of an engine
 * @small: 4 KiB leaves and GART entries, set-associative
 * @large: 2 MiB leaves
 * @next_small: a set's way to replace next
 * @next_large: the same
 *
 * Used by the engine's thread, and by others while that thread stands still.
 */
struct tlb {
	struct tlb_entry small[TLB_SETS_4K][TLB_WAYS];
	struct tlb_entry large[TLB_SETS_2M][TLB_WAYS];
	uint8_t next_small[TLB_SETS_4K];
	uint8_t next_large[TLB_SETS_2M];
};

/**
 * struct mmu - what the register file tells the MMU
 * @vmid_base: root tables, indexed by VMID; 0 is not used
 * @gart_base: VRAM address of the GART table
 * @gart_entries: its entries, 0 = off
 *
 * Written under the card's lock or by engines, read by walks at any time: a
 * walk checks whatever it sees.
 */
struct mmu {
	_Atomic uint64_t vmid_base[PDDGPU_NUM_VMIDS];
	_Atomic uint64_t gart_base;
	_Atomic uint32_t gart_entries;
};

/**
 * struct mmu_port - one thread's way to memory
 * @card: the card
 * @tlb: cached translations, NULL to walk each time
 * @stats: where to count, NULL not to
 * @fault_address: address of the last access that failed
 * @fault_write: it was a write
 */
struct mmu_port {
	struct card *card;
	struct tlb *tlb;
	struct stats *stats;
	uint64_t fault_address;
	bool fault_write;
};

/**
 * struct mmu_range - a range of addresses of one VMID
 * @va: first address
 * @size: bytes
 * @vmid: 0..15
 * @write: the accesses are writes
 */
struct mmu_range {
	uint64_t va;
	uint64_t size;
	unsigned int vmid;
	bool write;
};

/**
 * mmu_translate() - Turn the start of a range into a pointer
 * @port: the caller's port
 * @range: what to reach, at least one byte
 * @size: on success the bytes that can be reached through @host: to the end of
 *	the range or the page (of VRAM or of the heap under
 *	VMID 0)
 * @host: the pointer, good until the calling engine lets itself be stopped
 *
 * Return: 0, or a PDDGPU_ERR_* with @port's fault fields set.
 */
int mmu_translate(struct mmu_port *port, const struct mmu_range *range,
		  uint8_t **host, size_t *size);

/**
 * mmu_check_range() - See that a range does not leave the address space
 * @port: gets the fault fields
 * @range: any
 *
 * Return: 0 or PDDGPU_ERR_UNMAPPED.
 */
int mmu_check_range(struct mmu_port *port, const struct mmu_range *range);

/**
 * mmu_read() - Copy out of the card's address space
 * @port: the caller's port
 * @range: what to read, short
 * @to: room for all of it
 *
 * Return: 0 or a PDDGPU_ERR_*.
 */
int mmu_read(struct mmu_port *port, const struct mmu_range *range, void *to);

/**
 * mmu_write() - Copy into the card's address space
 * @port: the caller's port
 * @range: where to, short
 * @from: all of its bytes
 *
 * Return: 0 or a PDDGPU_ERR_*; what lies before the failing page is written.
 */
int mmu_write(struct mmu_port *port, const struct mmu_range *range, const void *from);

/**
 * tlb_drop() - Forget the entries of some VMIDs
 * @tlb: a cache whose engine is the caller or stands still
 * @vmids: a bit a VMID; bit 0 drops GART entries
 */
void tlb_drop(struct tlb *tlb, uint32_t vmids);

#endif
