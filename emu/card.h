/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef EMU_CARD_H
#define EMU_CARD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bits.h"
#include "dma.h"
#include "engine.h"
#include "fault.h"
#include "inject.h"
#include "irq.h"
#include "mmu.h"
#include "onchip.h"
#include "pci.h"
#include "storm.h"

/**
 * struct card_options - what a card is built with
 * @vram_size: bytes, a power of two
 * @aperture_size: bytes of VRAM behind BAR0, a power of two, at most @vram_size
 * @dma_bits: width of bus addresses, 32..52
 * @onchip_pages: size of each on-chip heap, up to PDDGPU_ONCHIP_PAGES_MAX, 0 for none
 */
struct card_options {
	uint64_t vram_size;
	uint64_t aperture_size;
	unsigned int dma_bits;
	uint32_t onchip_pages[PDDGPU_NUM_ONCHIP];
};

/**
 * struct card - the whole card
 * @vram_size: bytes
 * @aperture_size: bytes behind BAR0
 * @vram_fd: memfd that holds VRAM; BAR0 is its beginning
 * @vram: VRAM, mapped
 * @power_on_ns: CLOCK_MONOTONIC when the card was made
 * @bus_master: the card may reach system memory
 * @lock: protects @scratch and the latches, and orders writes to halves of
 *	64-bit registers
 * @scratch: PDDGPU_REG_SCRATCH
 * @timestamp_latch: high half that goes with the last _LO read
 * @stat_latch: the same, for each counter
 * @windows: held while @dma changes, and by threads other than an engine's that
 *	use it
 * @inject: fault switches
 * @storm: the one that needs a thread
 * @pci: configuration space; protocol thread only
 * @dma: guest memory; changed while engines stand still
 * @mmu: translation registers
 * @onchip: the on-chip heaps
 * @irq: interrupts
 * @fault: fault ring
 * @engines: PDDGPU_ENGINE_COPY and _COMPUTE
 */
struct card {
	uint64_t vram_size;
	uint64_t aperture_size;
	int vram_fd;
	uint8_t *vram;
	uint64_t power_on_ns;
	atomic_bool bus_master;

	pthread_mutex_t lock;
	uint32_t scratch;
	uint32_t timestamp_latch;
	uint32_t stat_latch[PDDGPU_NUM_ENGINES][PDDGPU_NUM_STATS];

	pthread_mutex_t windows;
	struct inject inject;
	struct storm storm;

	struct pci pci;
	struct dma dma;
	struct mmu mmu;
	struct onchip onchip;
	struct irq irq;
	struct fault_ring fault;
	struct engine engines[PDDGPU_NUM_ENGINES];
};

/**
 * card_create() - Make a card and power it on
 * @options: sizes, already checked
 *
 * Starts the engines' threads.
 *
 * Return: the card, for card_destroy(); NULL with the reason logged if there is
 * no memory or no thread.
 */
struct card *card_create(const struct card_options *options);

/**
 * card_destroy() - Stop the engines and free everything
 * @card: the card, or NULL
 */
void card_destroy(struct card *card);

/**
 * card_reset() - Bring all BAR2 state to what it is at power-on
 * @card: the card
 *
 * Stops the engines first and returns when they have stopped.  VRAM, what is in
 * on-chip heaps, guest memory windows, eventfds, the time stamp and the orders that
 * inject_reset() leaves stay.  Not for engine threads.
 */
void card_reset(struct card *card);

/**
 * card_function_reset() - What an FLR does: card_reset() and configuration space
 * @card: the card
 *
 * Fills VRAM and on-chip heaps with noise if PDDGPU_REG_INJECT_FORGET says so.
 *
 * Protocol thread only.
 */
void card_function_reset(struct card *card);

/**
 * card_disconnect() - Forget the VMM
 * @card: the card
 *
 * Function reset; drops guest memory, eventfds and all orders of the guest.
 */
void card_disconnect(struct card *card);

/**
 * card_set_bus_master() - Follow the bus master bit of the PCI command register
 * @card: the card
 * @on: the card may reach system memory and send interrupts
 */
void card_set_bus_master(struct card *card, bool on);

/**
 * card_pause() - Make every engine stand still
 * @card: the card
 *
 * On return no engine holds a pointer into guest memory or VRAM, nor will one
 * until card_resume().  Not for engine threads, and does not nest.
 */
void card_pause(struct card *card);

/**
 * card_resume() - Let the engines go on
 * @card: the card
 */
void card_resume(struct card *card);

/**
 * card_tlb_invalidate() - Drop translations of all engines
 * @card: the card
 * @vmids: a bit a VMID; bit 0 drops GART entries
 * @self: the engine whose thread calls, NULL if none does
 *
 * On return no access that used the old entries is still under way.  @self
 * stands still meanwhile, so its caller must not keep pointers across this.
 */
void card_tlb_invalidate(struct card *card, uint32_t vmids, struct engine *self);

/**
 * card_timestamp() - Read the card's clock
 * @card: the card
 *
 * Return: ns since power-on; no reset stops it.
 */
uint64_t card_timestamp(const struct card *card);

/**
 * card_report_fault() - Report a fault that no engine has met
 * @card: the card
 * @record: all of it
 *
 * As fault_report(), for threads that are no engine's.
 */
void card_report_fault(struct card *card, const struct pddgpu_fault_record *record);

/**
 * card_clear_orders() - Take back all orders of one side
 * @card: the card
 * @who: whose
 */
void card_clear_orders(struct card *card, enum inject_who who);

#endif
