/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * DOC: Test rig
 *
 * A card without a VMM, and what a driver would do to it.  VRAM is laid out so
 * that tests need not allocate: rings, fences and the fault ring below 1 MiB,
 * command buffers at RIG_IB, page tables from RIG_TABLES, data from RIG_DATA.
 */
#ifndef EMU_TESTS_RIG_H
#define EMU_TESTS_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../card.h"
#include "../regs.h"

#define MIB			0x100000ULL
#define RIG_VRAM		(16 * MIB)
#define RIG_APERTURE		(4 * MIB)
#define RIG_RING(e)		(0x10000ULL * (e))
#define RIG_RING_SIZE		0x4000
#define RIG_FENCE(e)		(0x40000ULL + 0x100 * (e))
#define RIG_STATUS(e)		(RIG_FENCE(e) + 0x40)
#define RIG_FAULTS		0x50000ULL
#define RIG_NUM_FAULTS		16
#define RIG_GART		0x60000ULL
#define RIG_GART_ENTRIES	512
#define RIG_IB			(1 * MIB)
#define RIG_TABLES		(2 * MIB)
#define RIG_DATA		(4 * MIB)
#define RIG_DATA_SIZE		(12 * MIB)
#define RIG_GUEST_BUS		0x80000000ULL
#define RIG_GUEST_SIZE		(2 * MIB)
#define RIG_ONCHIP_PAGES	{ 8, 4, 4 }
#define RIG_TIMEOUT_MS		60000

#define COPY			PDDGPU_ENGINE_COPY
#define COMPUTE			PDDGPU_ENGINE_COMPUTE
#define LO(v)			((uint32_t)(v))
#define HI(v)			((uint32_t)((uint64_t)(v) >> 32))
#define LOHI(v)			LO(v), HI(v)
#define WORDS(...)		(const uint32_t[]){ __VA_ARGS__ }, \
				sizeof((uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t)

/* Leaf bits that allow everything. */
#define PTE_RW			(PDDGPU_PTE_VALID | PDDGPU_PTE_READ | PDDGPU_PTE_WRITE)

/**
 * struct rig - a card with its rings running
 * @card: the card
 * @wptr: write pointers of the rings
 * @seqno: last fence value of each
 * @next_table: VRAM address of the next free page table
 * @guest_fd: memfd that stands for guest memory
 * @guest: the same, mapped; RIG_GUEST_SIZE bytes at bus address RIG_GUEST_BUS
 * @irq_fd: our ends of the eventfds
 */
struct rig {
	struct card *card;
	uint32_t wptr[PDDGPU_NUM_ENGINES];
	uint64_t seqno[PDDGPU_NUM_ENGINES];
	uint64_t next_table;
	int guest_fd;
	uint8_t *guest;
	int irq_fd[PDDGPU_NUM_IRQS];
};

/* cmocka fixtures: *state is a struct rig with everything brought up. */
int rig_setup(void **state);
int rig_teardown(void **state);

/**
 * rig_bring_up() - Set up GART, fault ring, interrupts and rings
 * @rig: a rig whose card is in power-on state
 */
void rig_bring_up(struct rig *rig);

/* Register accesses as the protocol makes them. */
uint32_t rig_read(struct rig *rig, uint32_t reg);
void rig_write(struct rig *rig, uint32_t reg, uint32_t value);
void rig_write64(struct rig *rig, uint32_t reg, uint64_t value);
uint64_t rig_stat(struct rig *rig, unsigned int engine, unsigned int which);

/**
 * rig_push() - Put packets into a ring, wrapping round its end
 * @rig: the rig
 * @engine: whose ring
 * @words: whole packets
 * @count: dwords
 */
void rig_push(struct rig *rig, unsigned int engine, const uint32_t *words, size_t count);

/* Ring the doorbell for all that was pushed. */
void rig_kick(struct rig *rig, unsigned int engine);

/**
 * rig_fence() - Push a fence, ring the doorbell, wait
 * @rig: the rig
 * @engine: which
 *
 * Return: the status stored; minus the error if the engine halted.  Fails the
 * test after RIG_TIMEOUT_MS.
 */
int rig_fence(struct rig *rig, unsigned int engine);

/* Run packets from the ring, then a fence; returns as rig_fence(). */
int rig_run(struct rig *rig, unsigned int engine, const uint32_t *words, size_t count);

/* The same from a command buffer at RIG_IB, which must be mapped there. */
int rig_run_ib(struct rig *rig, unsigned int engine, unsigned int vmid,
	       const uint32_t *words, size_t count);

/* Reset an engine, wait until it has stopped, enable it with an empty ring. */
void rig_reset_engine(struct rig *rig, unsigned int engine);

/**
 * rig_map() - Map a page in a VMID
 * @rig: the rig
 * @vmid: 1..15; gets a root table if it has none
 * @va: address, aligned to the page
 * @level: 0 or 1
 * @pte: the leaf
 *
 * Return: VRAM address of the entry.
 */
uint64_t rig_map(struct rig *rig, unsigned int vmid, uint64_t va, unsigned int level,
		 uint64_t pte);

/* Map RIG_IB in a VMID, at its own address. */
void rig_map_ib(struct rig *rig, unsigned int vmid);

/* Entries of tables in VRAM. */
uint64_t *rig_entry(struct rig *rig, uint64_t at);

/* Number of fault records that the driver has not read. */
unsigned int rig_num_faults(struct rig *rig);

/**
 * rig_take_fault() - Read the oldest fault record
 * @rig: the rig; fails the test if there is no record
 *
 * Return: the record.
 */
struct pddgpu_fault_record rig_take_fault(struct rig *rig);

/* Interrupts that came since the last call. */
uint64_t rig_take_irqs(struct rig *rig, unsigned int vector);

/* Wait until a register's bits under the mask have a value, or fail the test. */
void rig_wait_reg(struct rig *rig, uint32_t reg, uint32_t mask, uint32_t value);

/* ms since some time */
uint64_t rig_now_ms(void);

#endif
