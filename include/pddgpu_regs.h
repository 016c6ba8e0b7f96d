/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The contract between the pddgpu card and whoever drives it: PCI identity,
 * registers, command packets, page-table and fault-record formats.  The driver
 * and the emulated card (emu/) both include this file, so no number is written
 * down twice.  Documentation/hardware.rst explains what the numbers mean.
 *
 * Everything is little-endian.  Registers are 32 bits wide and 4-byte aligned;
 * a 64-bit quantity is a _LO/_HI pair, _LO first.  In user space the includer
 * provides BIT(), BIT_ULL(), GENMASK() and GENMASK_ULL() as the kernel
 * defines them.
 */
#ifndef _PDDGPU_REGS_H_
#define _PDDGPU_REGS_H_

#ifdef __KERNEL__
#include <linux/bits.h>
#endif

/* PCI identity.  0x1234 is the vendor id that QEMU's own test devices use. */
#define PDDGPU_PCI_VENDOR_ID			0x1234
#define PDDGPU_PCI_DEVICE_ID			0x9dd9
#define PDDGPU_PCI_CLASS			0x038000 /* display controller, other */
#define PDDGPU_PCI_REVISION			0x01

/* BARs */
#define PDDGPU_BAR_VRAM				0 /* 64-bit prefetchable: VRAM from byte 0 up */
#define PDDGPU_BAR_MMIO				2 /* 32-bit: registers and doorbells */
#define PDDGPU_BAR_MSIX				4 /* 32-bit: MSI-X table and pending bits */
#define PDDGPU_MMIO_SIZE			0x10000

/* MSI-X vectors */
#define PDDGPU_IRQ_COPY				0 /* a FENCE with the IRQ flag, copy engine */
#define PDDGPU_IRQ_COMPUTE			1 /* the same on the compute engine */
#define PDDGPU_IRQ_FAULT			2 /* the fault ring grew, or an engine halted */
#define PDDGPU_IRQ_DISPLAY			3 /* reserved for the display */
#define PDDGPU_NUM_IRQS				4

/* Engines; an engine's number is also its MSI-X vector and doorbell index. */
#define PDDGPU_ENGINE_COPY			0
#define PDDGPU_ENGINE_COMPUTE			1
#define PDDGPU_NUM_ENGINES			2

/* --- Global registers ------------------------------------------------- */

#define PDDGPU_REG_ID				0x0000 /* RO */
#define   PDDGPU_ID_MAGIC			0x47444450 /* "PDDG" in memory order */
#define PDDGPU_REG_VERSION			0x0004 /* RO */
#define   PDDGPU_VERSION_MAJOR			GENMASK(31, 16)
#define   PDDGPU_VERSION_MINOR			GENMASK(15, 0)
#define PDDGPU_REG_CAPS				0x0008 /* RO */
#define   PDDGPU_CAPS_ENGINES			GENMASK(3, 0)
#define   PDDGPU_CAPS_VMIDS			GENMASK(12, 8) /* VMID 0 included */
#define   PDDGPU_CAPS_DMA_BITS			GENMASK(22, 16) /* bus address width, 32..52 */
#define   PDDGPU_CAPS_HEADS			GENMASK(26, 24)
#define PDDGPU_REG_SCRATCH			0x000c /* RW, no effect */
#define PDDGPU_REG_VRAM_SIZE_LO			0x0010 /* RO, bytes */
#define PDDGPU_REG_VRAM_SIZE_HI			0x0014
#define PDDGPU_REG_APERTURE_SIZE_LO		0x0018 /* RO, bytes of VRAM behind BAR0 */
#define PDDGPU_REG_APERTURE_SIZE_HI		0x001c
#define PDDGPU_REG_TIMESTAMP_LO			0x0020 /* RO, ns; reading _LO latches _HI */
#define PDDGPU_REG_TIMESTAMP_HI			0x0024
#define PDDGPU_REG_RESET			0x0030 /* WO: the magic resets BAR2 like an FLR */
#define   PDDGPU_RESET_MAGIC			0x52535421

#define PDDGPU_REG_IRQ_ENABLE			0x0100 /* RW, a bit a vector */
#define PDDGPU_REG_IRQ_STATUS			0x0104 /* RW1C, a bit a vector: it was raised */

/* --- Engines ---------------------------------------------------------- */

#define PDDGPU_REG_ENGINE(e)			(0x1000 + (e) * 0x100)
#define PDDGPU_ENGINE_CTRL			0x00 /* RW */
#define   PDDGPU_ENGINE_CTRL_ENABLE		BIT(0)
#define   PDDGPU_ENGINE_CTRL_RESET		BIT(1) /* reads 1 until the engine has stopped */
#define PDDGPU_ENGINE_STATUS			0x04 /* RO */
#define   PDDGPU_ENGINE_STATUS_BUSY		BIT(0)
#define   PDDGPU_ENGINE_STATUS_HALTED		BIT(1) /* an error in the ring; needs RESET */
#define   PDDGPU_ENGINE_STATUS_ERROR		GENMASK(15, 8) /* PDDGPU_ERR_* */
#define PDDGPU_ENGINE_RING_BASE_LO		0x08 /* RW while disabled, VMID 0, 4 KiB aligned */
#define PDDGPU_ENGINE_RING_BASE_HI		0x0c
#define PDDGPU_ENGINE_RING_SIZE			0x10 /* RW while disabled, bytes, power of two */
#define   PDDGPU_RING_SIZE_MIN			0x1000
#define   PDDGPU_RING_SIZE_MAX			0x100000
#define PDDGPU_ENGINE_RING_RPTR			0x14 /* RO, dword index: next packet to run */
#define PDDGPU_ENGINE_RING_WPTR			0x18 /* RO, dword index: last doorbell taken */
#define PDDGPU_ENGINE_IB_VMID			0x1c /* RO, VMID of the running INDIRECT, or ~0 */
#define PDDGPU_ENGINE_IB_BASE_LO		0x20 /* RO, its address */
#define PDDGPU_ENGINE_IB_BASE_HI		0x24
#define PDDGPU_ENGINE_IB_RPTR			0x28 /* RO, dword index inside it */
#define PDDGPU_ENGINE_FENCE_LO			0x2c /* RO, value of the last FENCE that ran */
#define PDDGPU_ENGINE_FENCE_HI			0x30

/* Doorbells: one 32-bit write of the new ring write pointer (dword index). */
#define PDDGPU_REG_DOORBELL(e)			(0x8000 + (e) * 8) /* WO */

/* --- MMU -------------------------------------------------------------- */

#define PDDGPU_NUM_VMIDS			16
#define PDDGPU_VMID_KERNEL			0
#define PDDGPU_REG_VMID_BASE_LO(v)		(0x2000 + (v) * 8) /* RW, v = 1..15 */
#define PDDGPU_REG_VMID_BASE_HI(v)		(0x2004 + (v) * 8)
#define   PDDGPU_VMID_BASE_VALID		BIT_ULL(0)
#define   PDDGPU_VMID_BASE_ADDR			GENMASK_ULL(47, 12) /* root table, byte in VRAM */
#define PDDGPU_REG_TLB_INVALIDATE		0x2100 /* WO, a bit a VMID; bit 0: GART entries */

/*
 * Fault ring: 32-byte records, struct pddgpu_fault_record, in VMID 0 memory.
 * The card writes a record, then advances WPTR, then raises PDDGPU_IRQ_FAULT.
 * Pointers are record indices, 0 <= x < SIZE.  A full ring drops the new record
 * and sets OVERFLOW.
 */
#define PDDGPU_REG_FAULT_BASE_LO		0x2200 /* RW, VMID 0 address, 4 KiB aligned */
#define PDDGPU_REG_FAULT_BASE_HI		0x2204
#define PDDGPU_REG_FAULT_SIZE			0x2208 /* RW, records, power of two, 0 = off */
#define   PDDGPU_FAULT_SIZE_MAX			0x1000
#define PDDGPU_REG_FAULT_RPTR			0x220c /* RW */
#define PDDGPU_REG_FAULT_WPTR			0x2210 /* RO */
#define   PDDGPU_FAULT_WPTR_INDEX		GENMASK(15, 0)
#define   PDDGPU_FAULT_WPTR_OVERFLOW		BIT(31) /* cleared by writing FAULT_RPTR */

/* GART: a flat table of 8-byte entries in VRAM that maps the GTT aperture. */
#define PDDGPU_REG_GART_BASE_LO			0x3000 /* RW, VRAM byte address, 4 KiB aligned */
#define PDDGPU_REG_GART_BASE_HI			0x3004
#define PDDGPU_REG_GART_ENTRIES			0x3008 /* RW, 0 = off */
#define   PDDGPU_GART_ENTRIES_MAX		0x400000 /* 16 GiB of aperture */

/* What VMID 0 sees: VRAM from 0, the GTT aperture from here, then the on-chip heaps. */
#define PDDGPU_GART_START			0x10000000000ULL /* 1 TiB */

/* --- On-chip heaps ------------------------------------------------------ */

/*
 * Small memories in the card, cut into pages.  Command buffers reach them by
 * ONCHIP packets only, and only inside a window of each that SET_ONCHIP gives to
 * their VMID; VMID 0 sees all of them at PDDGPU_ONCHIP_START().
 */
#define PDDGPU_ONCHIP_GDS			0 /* scratch: bytes without a meaning */
#define PDDGPU_ONCHIP_GWS			1 /* barriers: one a page */
#define PDDGPU_ONCHIP_OA			2 /* ordered-append counters: one a page */
#define PDDGPU_NUM_ONCHIP			3
#define PDDGPU_ONCHIP_PAGE			4096
#define PDDGPU_ONCHIP_PAGES_MAX			0xffff
#define PDDGPU_ONCHIP_START(h)			(0x20000000000ULL + (h) * 0x10000000ULL) /* 2 TiB */
#define PDDGPU_REG_ONCHIP_PAGES(h)		(0x6000 + (h) * 4) /* RO, 0: no such heap */
#define PDDGPU_REG_ONCHIP_WINDOW(v, h)		(0x6100 + (v) * 16 + (h) * 4) /* RO, v = 1..15 */
#define   PDDGPU_ONCHIP_WINDOW_BASE		GENMASK(15, 0) /* first page */
#define   PDDGPU_ONCHIP_WINDOW_PAGES		GENMASK(31, 16) /* 0: nothing */

/* --- Statistics: free-running 64-bit counters, reading _LO latches _HI -- */

#define PDDGPU_REG_STAT_LO(e, n)		(0x4000 + (e) * 0x200 + (n) * 8) /* RO */
#define PDDGPU_REG_STAT_HI(e, n)		(0x4004 + (e) * 0x200 + (n) * 8)
#define   PDDGPU_STAT_JOBS			0 /* FENCE packets run from the ring */
#define   PDDGPU_STAT_PACKETS			1 /* packets run, in rings and command buffers */
#define   PDDGPU_STAT_BYTES_READ		2 /* by COPY, COPY_RECT and data-parallel packets */
#define   PDDGPU_STAT_BYTES_WRITTEN		3 /* and WRITE and FILL */
#define   PDDGPU_STAT_BUSY_NS			4 /* time with a packet in execution */
#define   PDDGPU_STAT_TLB_HITS			5 /* translations served by the engine's TLB */
#define   PDDGPU_STAT_TLB_MISSES_4K		6 /* that ended in a 4 KiB leaf or GART entry */
#define   PDDGPU_STAT_TLB_MISSES_2M		7 /* that ended in a 2 MiB leaf */
#define   PDDGPU_STAT_WALK_READS		8 /* table entries read by walks */
#define   PDDGPU_STAT_FAULTS			9 /* MMU faults and rejected packets */
#define   PDDGPU_STAT_IRQS			10 /* interrupts raised by the engine */
#define   PDDGPU_NUM_STATS			11

/*
 * --- Fault switches: what no silicon has, for tests.  Also reachable from the
 * card's command line and control socket.  RESET and FLR take back what was
 * ordered here, except ONES, VANISH and FORGET; no reset takes back what the
 * command line or the control socket ordered.  RW registers read what is still
 * to be done, whoever ordered it.
 */
#define PDDGPU_REG_INJECT_HANG			0x5000 /* RW, a bit an engine: next packet hangs */
#define PDDGPU_REG_INJECT_LOSE_IRQ		0x5004 /* RW, interrupts to leave out */
#define PDDGPU_REG_INJECT_STORM_IRQ		0x5008 /* RW, ms of causeless interrupts */
/* What the next FENCEs store instead of value and status; they interrupt all the same. */
#define PDDGPU_REG_INJECT_FENCE			0x500c /* RW, reads what is left to do */
#define   PDDGPU_INJECT_FENCE_MODE		GENMASK(7, 0)
#define   PDDGPU_INJECT_FENCE_STUCK		1 /* nothing */
#define   PDDGPU_INJECT_FENCE_FUTURE		2 /* a value that was never asked for: + _FAR */
#define   PDDGPU_INJECT_FENCE_FAR		0x100000
#define   PDDGPU_INJECT_FENCE_EARLY		3 /* value + 1, not run yet */
#define   PDDGPU_INJECT_FENCE_PAST		4 /* value - 1 */
#define   PDDGPU_INJECT_FENCE_COUNT		GENMASK(31, 8)
/*
 * Records of random bytes, each with an interrupt, as soon as there is a fault
 * ring; and a FAULT_WPTR that reads at random until its SIZE is written.
 */
#define PDDGPU_REG_INJECT_FAULTS		0x5010 /* WO */
#define   PDDGPU_INJECT_FAULTS_COUNT		GENMASK(15, 0)
#define   PDDGPU_INJECT_FAULTS_WPTR		BIT(31)
#define PDDGPU_REG_INJECT_DMA_ERROR		0x5014 /* RW, DMA accesses to fail: ERR_BUS */
#define PDDGPU_REG_INJECT_SLOW			0x5018 /* RW, us that every packet takes longer */
/*
 * An uncorrectable memory error in a page of VRAM: a fault record with
 * PDDGPU_ERR_ECC, the address and no engine (PDDGPU_FAULT_ENGINE_NONE).  Engines
 * that read the page fail with PDDGPU_ERR_ECC, until a packet has written all of
 * it or the card is reset.
 */
#define PDDGPU_REG_INJECT_ECC			0x501c /* WO, VRAM address >> 12 */
/* All of BAR2 reads ones and drops writes, for so many ms; 0: for ever. */
#define PDDGPU_REG_INJECT_ONES			0x5020 /* WO */
#define PDDGPU_REG_INJECT_VANISH		0x5024 /* WO, die in Nth packet, 0: at once */
/* VRAM holds noise after the next function reset (FLR), as it does after power was off. */
#define PDDGPU_REG_INJECT_FORGET		0x5028 /* RW, 1 = do so; reads 0 afterwards */
/* The next CTRL.RESET of the engine changes nothing and reads 1 until the card is reset. */
#define PDDGPU_REG_INJECT_STUCK_RESET		0x502c /* RW, a bit an engine */
/* 0x9000-0xefff: reserved for the display. */

/* --- Command packets -------------------------------------------------- */

/*
 * A packet is a header dword and COUNT payload dwords.  Payload indices below
 * count from 0 after the header; a 64-bit field takes two dwords, low first.
 * Addresses are virtual addresses of the VMID that runs the stream: VMID 0 in
 * a ring, that of the INDIRECT in a command buffer.  "Ring only" packets, and
 * "kernel only" packets outside VMID 0, are rejected with PDDGPU_ERR_PRIVILEGE.
 */
#define PDDGPU_PKT_OPCODE			GENMASK(31, 24)
#define PDDGPU_PKT_FLAGS			GENMASK(23, 16)
#define PDDGPU_PKT_COUNT			GENMASK(15, 0)
#define PDDGPU_PKT(op, flags, count) \
	(((__u32)(op) << 24) | ((__u32)(flags) << 16) | (__u32)(count))

/* NOP: any payload, ignored.  A zero dword is a NOP. */
#define PDDGPU_OP_NOP				0x00
/* WRITE: 0-1 address (4-byte aligned), 2.. one or more dwords to store */
#define PDDGPU_OP_WRITE				0x01
/* FILL: 0-1 address, 2-3 bytes, 4 value; address and bytes 4-byte aligned */
#define PDDGPU_OP_FILL				0x02
#define   PDDGPU_FILL_COUNT			5
/* COPY: 0-1 source, 2-3 destination, 4-5 bytes; ranges must not overlap */
#define PDDGPU_OP_COPY				0x03
#define   PDDGPU_COPY_COUNT			6
/*
 * COPY_RECT: 0-1 source, 2-3 destination, 4 source pitch, 5 destination pitch,
 * 6 bytes a row, 7 rows; a pitch is at least the bytes a row
 */
#define PDDGPU_OP_COPY_RECT			0x04
#define   PDDGPU_COPY_RECT_COUNT		8
/*
 * FENCE, ring only: 0-1 fence address (8-byte aligned), 2-3 value, 4-5 status
 * address (4-byte aligned).  Stores the PDDGPU_ERR_* of the first INDIRECT that
 * failed since the last FENCE (0 if none) at the status address, then the
 * 64-bit value at the fence address, then interrupts if told to.
 */
#define PDDGPU_OP_FENCE				0x05
#define   PDDGPU_FENCE_COUNT			6
#define   PDDGPU_FENCE_FLAG_IRQ			BIT(0)
/*
 * WAIT: 0-1 address (4-byte aligned), 2 reference, 3 mask.  Stops the engine
 * until (memory & mask) COMPARE (reference & mask), unsigned.
 */
#define PDDGPU_OP_WAIT				0x06
#define   PDDGPU_WAIT_COUNT			4
#define   PDDGPU_WAIT_EQ			0 /* in FLAGS */
#define   PDDGPU_WAIT_NE			1
#define   PDDGPU_WAIT_GE			2
#define   PDDGPU_WAIT_LT			3
/*
 * ATOMIC on a 64-bit word: 0-1 address (8-byte aligned), 2-3 operand, 4-5
 * compare value (CMPXCHG only, else 0), 6-7 address to store the old value at
 * (8-byte aligned; 0 = don't)
 */
#define PDDGPU_OP_ATOMIC			0x07
#define   PDDGPU_ATOMIC_COUNT			8
#define   PDDGPU_ATOMIC_ADD			0 /* in FLAGS */
#define   PDDGPU_ATOMIC_AND			1
#define   PDDGPU_ATOMIC_OR			2
#define   PDDGPU_ATOMIC_XOR			3
#define   PDDGPU_ATOMIC_XCHG			4
#define   PDDGPU_ATOMIC_CMPXCHG			5
#define   PDDGPU_ATOMIC_UMIN			6
#define   PDDGPU_ATOMIC_UMAX			7
/* TLB_FLUSH, kernel only: 0 bit mask of VMIDs, as PDDGPU_REG_TLB_INVALIDATE */
#define PDDGPU_OP_TLB_FLUSH			0x08
#define   PDDGPU_TLB_FLUSH_COUNT		1
/*
 * INDIRECT, ring only: 0-1 address (4-byte aligned), 2 dwords (1..0x100000).
 * Runs a command buffer under VMID = FLAGS[3:0].  An error in it ends it, is
 * recorded in the fault ring and kept for the next FENCE; the ring goes on.
 */
#define PDDGPU_OP_INDIRECT			0x09
#define   PDDGPU_INDIRECT_COUNT			3
#define   PDDGPU_INDIRECT_MAX_DWORDS		0x100000
/*
 * SET_VMID, ring only: 0-1 VMID base (format of PDDGPU_REG_VMID_BASE) for VMID
 * = FLAGS[3:0], 1..15.  Drops the VMID's TLB entries, and its on-chip windows.
 */
#define PDDGPU_OP_SET_VMID			0x0a
#define   PDDGPU_SET_VMID_COUNT			2
/*
 * WRITE_PTE, kernel only: 0-1 address (8-byte aligned), 2-3 first value, 4-5
 * increment, 6 entries (1..0x100000).  Stores value, value + increment, ...
 */
#define PDDGPU_OP_WRITE_PTE			0x0b
#define   PDDGPU_WRITE_PTE_COUNT		7
#define   PDDGPU_WRITE_PTE_MAX			0x100000
/* TIMESTAMP: 0-1 address (8-byte aligned).  Stores PDDGPU_REG_TIMESTAMP. */
#define PDDGPU_OP_TIMESTAMP			0x0c
#define   PDDGPU_TIMESTAMP_COUNT		2
/*
 * SET_ONCHIP, ring only: 0 window of GDS, 1 of GWS, 2 of OA (format of
 * PDDGPU_REG_ONCHIP_WINDOW) for VMID = FLAGS[3:0], 1..15
 */
#define PDDGPU_OP_SET_ONCHIP			0x0d
#define   PDDGPU_SET_ONCHIP_COUNT		3
/*
 * ONCHIP_COPY: 0 byte offset in the VMID's window, 1 bytes, 2-3 memory address;
 * all 4-byte aligned.  FLAGS[1:0] is the heap.
 */
#define PDDGPU_OP_ONCHIP_COPY			0x0e
#define   PDDGPU_ONCHIP_COPY_COUNT		4
#define   PDDGPU_ONCHIP_COPY_HEAP		GENMASK(1, 0) /* in FLAGS */
#define   PDDGPU_ONCHIP_COPY_TO_MEMORY		BIT(2) /* in FLAGS; else from memory */
/*
 * ONCHIP_BARRIER: 0 barrier (page in the window of GWS), 1 participants (not 0).
 * Stops the engine until so many have come to the barrier, this one included.
 */
#define PDDGPU_OP_ONCHIP_BARRIER		0x0f
#define   PDDGPU_ONCHIP_BARRIER_COUNT		2
/* A page of GWS begins with: 0 who has come so far, 1 how often all have come */
/*
 * ONCHIP_APPEND: 0 counter (page in the window of OA), 1 turn, 2 amount, 3-4
 * address to store the old value at (4-byte aligned).  Stops the engine until it
 * is this turn, adds the amount to the value, and makes it the next one's turn.
 */
#define PDDGPU_OP_ONCHIP_APPEND			0x10
#define   PDDGPU_ONCHIP_APPEND_COUNT		5
/* A page of OA begins with: 0 whose turn it is, 1 the value */

/*
 * Data-parallel packets, compute engine only (else PDDGPU_ERR_OPCODE).  Buffers
 * are arrays of 32-bit words, addresses 4-byte aligned unless said otherwise.
 */
/*
 * MAP: 0-1 source a, 2-3 source b (0 with a one-source function), 4-5
 * destination, 6-7 words (1..2^32), 8 scalar.  FLAGS is the function.
 */
#define PDDGPU_OP_MAP				0x20
#define   PDDGPU_MAP_COUNT			9
#define   PDDGPU_MAP_ADD			0 /* d = a + b */
#define   PDDGPU_MAP_XOR			1 /* d = a ^ b */
#define   PDDGPU_MAP_MULADD			2 /* d = a * scalar + b */
#define   PDDGPU_MAP_HASH			3 /* d = pddgpu_hash32(a ^ scalar) */
#define   PDDGPU_MAP_IOTA			4 /* d = pddgpu_hash32(scalar + index), no source */
/*
 * CRC32: 0-1 source (any alignment), 2-3 bytes (1..2^40), 4-5 destination.
 * Stores the CRC-32 (IEEE 802.3, as zlib's crc32(0, ...)) of the source.
 */
#define PDDGPU_OP_CRC32				0x21
#define   PDDGPU_CRC32_COUNT			6
/*
 * MANDELBROT: 0-1 destination (XRGB8888 words), 2 pitch in bytes, 3 width,
 * 4 height (pixels, 1..16384), 5 left, 6 top, 7 step (signed Q4.28), 8
 * iterations (1..65535)
 */
#define PDDGPU_OP_MANDELBROT			0x22
#define   PDDGPU_MANDELBROT_COUNT		9

/* Error codes: FENCE status, ENGINE_STATUS.ERROR, fault records */
#define PDDGPU_ERR_NONE				0
#define PDDGPU_ERR_OPCODE			1 /* unknown, or not of this engine */
#define PDDGPU_ERR_LENGTH			2 /* COUNT wrong, or past the end of the stream */
#define PDDGPU_ERR_OPERAND			3 /* misaligned, out of range, unknown FLAGS */
#define PDDGPU_ERR_PRIVILEGE			4
#define PDDGPU_ERR_UNMAPPED			5 /* no valid entry, or beyond the address space */
#define PDDGPU_ERR_PERMISSION			6 /* entry lacks READ or WRITE */
#define PDDGPU_ERR_TABLE			7 /* an entry with reserved bits or outside VRAM */
#define PDDGPU_ERR_BUS				8 /* no DMA window covers it, DMA error */
#define PDDGPU_ERR_ECC				9 /* uncorrectable error in VRAM */
#define PDDGPU_ERR_WINDOW			10 /* outside of the VMID's window of a heap */

/* --- Page tables ------------------------------------------------------ */

/*
 * 48-bit virtual addresses, four levels of 512 8-byte entries in VRAM; level 3
 * is the root, level 0 holds 4 KiB leaves, level 1 may hold 2 MiB leaves.  The
 * GART table holds level 0 leaves.
 */
#define PDDGPU_VA_BITS				48
#define PDDGPU_PT_LEVELS			4
#define PDDGPU_PT_ENTRIES			512
#define PDDGPU_PT_SIZE				4096
#define PDDGPU_PT_SHIFT(level)			(12 + 9 * (level))
#define PDDGPU_PTE_VALID			BIT_ULL(0)
#define PDDGPU_PTE_READ				BIT_ULL(1)
#define PDDGPU_PTE_WRITE			BIT_ULL(2)
#define PDDGPU_PTE_SYSTEM			BIT_ULL(3) /* a bus address, else a VRAM address */
#define PDDGPU_PTE_SNOOP			BIT_ULL(4) /* with SYSTEM: coherent with the CPU */
#define PDDGPU_PTE_LEAF				BIT_ULL(5) /* level 1: a 2 MiB leaf, not a table */
#define PDDGPU_PTE_ADDR				GENMASK_ULL(51, 12)
/* A table pointer has VALID and the table's VRAM address, nothing else. */

/* --- Fault records ---------------------------------------------------- */

/**
 * struct pddgpu_fault_record - one entry of the fault ring
 * @info: PDDGPU_FAULT_* fields
 * @ib_offset: byte offset of the packet in the command buffer or ring
 * @address: faulting virtual address, or offset in the window of a heap; 0 if the
 *	error is not one of memory
 * @fence: value of the last FENCE the engine had run
 * @timestamp: PDDGPU_REG_TIMESTAMP when it happened, ns
 */
struct pddgpu_fault_record {
	__u32 info;
#define PDDGPU_FAULT_VALID			BIT(31)
#define PDDGPU_FAULT_WRITE			BIT(30)
#define PDDGPU_FAULT_ENGINE			GENMASK(27, 24)
#define   PDDGPU_FAULT_ENGINE_NONE		0xf
#define PDDGPU_FAULT_VMID			GENMASK(19, 16)
#define PDDGPU_FAULT_OPCODE			GENMASK(15, 8)
#define PDDGPU_FAULT_ERROR			GENMASK(7, 0) /* PDDGPU_ERR_* */
	__u32 ib_offset;
	__u64 address;
	__u64 fence;
	__u64 timestamp;
};

/* The integer hash of the MAP packets (the finalizer of MurmurHash3). */
static inline __u32 pddgpu_hash32(__u32 x)
{
	x ^= x >> 16;
	x *= 0x85ebca6bu;
	x ^= x >> 13;
	x *= 0xc2b2ae35u;
	return x ^ (x >> 16);
}

#endif
