/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * DOC: Fault switches
 *
 * What the card is ordered to do wrong, PDDGPU_REG_INJECT_*.  Guest and host
 * have a set of orders each: the guest's come through the registers and end with
 * a reset, the host's come from the command line and the control socket.  Where
 * both have one, the guest's goes first.
 *
 * Whoever may have to misbehave asks inject_armed() first, which costs a load,
 * and then takes the order, which takes a lock.
 */
#ifndef EMU_INJECT_H
#define EMU_INJECT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bits.h"

struct card;

#define INJECT_MAX_BAD_PAGES	64

enum inject_who {
	INJECT_GUEST,
	INJECT_HOST,
	INJECT_NUM_WHO,
};

/* What inject_armed() is asked for. */
enum inject_armed {
	INJECT_PACKET = BIT(0),		/* HANG, SLOW or VANISH */
	INJECT_LOSE_IRQ = BIT(1),
	INJECT_FENCE = BIT(2),
	INJECT_DMA_ERROR = BIT(3),
	INJECT_ECC = BIT(4),
	INJECT_ONES = BIT(5),
	INJECT_WPTR = BIT(6),
};

/**
 * struct inject_orders - what one side has ordered and not had yet
 * @hang: a bit an engine
 * @lose_irq: messages not to send
 * @fence: PDDGPU_INJECT_FENCE_*, 0 if none
 * @faults: records of noise to write as soon as there is a fault ring
 * @wptr: PDDGPU_REG_FAULT_WPTR reads noise
 * @dma_error: accesses to fail
 * @slow_us: what a packet takes longer
 * @ones_until: when registers work again, ns; UINT64_MAX for never, 0 if they do
 * @vanish: packets to the card's end, 0 for no end
 * @forget: the next function reset fills VRAM with noise
 * @stuck_reset: a bit an engine
 */
struct inject_orders {
	uint32_t hang;
	uint32_t lose_irq;
	uint32_t fence;
	uint32_t faults;
	bool wptr;
	uint32_t dma_error;
	uint32_t slow_us;
	uint64_t ones_until;
	uint32_t vanish;
	bool forget;
	uint32_t stuck_reset;
};

/**
 * struct inject_page - a page of VRAM that cannot be read
 * @addr: VRAM address, page-aligned
 * @who: the one whose order it is
 */
struct inject_page {
	uint64_t addr;
	enum inject_who who;
};

/**
 * struct inject - all fault switches but the storm
 * @armed: INJECT_* bits of orders that are not done; written under @lock
 * @lock: protects all below; nothing else is locked under it
 * @orders: indexed by enum inject_who
 * @bad: pages with memory errors
 * @num_bad: how many
 * @noise: for noise_next()
 */
struct inject {
	_Atomic uint32_t armed;
	pthread_mutex_t lock;
	struct inject_orders orders[INJECT_NUM_WHO];
	struct inject_page bad[INJECT_MAX_BAD_PAGES];
	unsigned int num_bad;
	uint64_t noise;
};

/**
 * inject_init() - Begin with no orders
 * @inject: zeroed memory
 */
void inject_init(struct inject *inject);

/**
 * inject_release() - End
 * @inject: an initialised block
 */
void inject_release(struct inject *inject);

/**
 * inject_reset() - Forget the guest's orders, as a reset of the card does
 * @inject: the block
 *
 * ONES, VANISH and FORGET stay: a reset is what they are to be tested with.
 */
void inject_reset(struct inject *inject);

/**
 * inject_clear() - Forget all orders of one side
 * @inject: the block
 * @who: whose
 */
void inject_clear(struct inject *inject, enum inject_who who);

/**
 * inject_read() - Read a switch
 * @card: the card
 * @reg: PDDGPU_REG_INJECT_*
 * @value: what is still to be done, whoever ordered it
 *
 * Return: false if the register can only be written.
 */
bool inject_read(struct card *card, uint32_t reg, uint32_t *value);

/**
 * inject_write() - Give an order
 * @card: the card
 * @who: who orders it
 * @reg: PDDGPU_REG_INJECT_*
 * @value: as for the register; replaces what the same side had ordered, except
 *	that the host's HANG and STUCK_RESET add to it
 *
 * Not for engine threads.  Does not return if the order is to vanish at once.
 *
 * Return: NULL, or why the value is refused.
 */
const char *inject_write(struct card *card, enum inject_who who, uint32_t reg, uint32_t value);

/**
 * inject_ring_set_up() - Tell of a write to PDDGPU_REG_FAULT_SIZE
 * @card: the card
 *
 * Delivers records that waited for a ring; FAULT_WPTR is not noise for the guest
 * any more.
 */
void inject_ring_set_up(struct card *card);

/**
 * inject_armed() - Ask quickly whether there may be an order
 * @inject: the block
 * @bits: INJECT_*
 *
 * Return: true if any of @bits is armed.
 */
static inline bool inject_armed(const struct inject *inject, uint32_t bits)
{
	return atomic_load_explicit(&inject->armed, memory_order_acquire) & bits;
}

/**
 * inject_take_hang() - Ask whether an engine's next packet shall hang
 * @inject: the block
 * @engine: its number
 *
 * Return: true once for each order.
 */
bool inject_take_hang(struct inject *inject, unsigned int engine);

/**
 * inject_take_stuck_reset() - Ask whether the reset of an engine shall have no end
 * @inject: the block
 * @engine: its number
 *
 * Return: true once for each order.
 */
bool inject_take_stuck_reset(struct inject *inject, unsigned int engine);

/**
 * inject_take_vanish() - Count a packet
 * @inject: the block
 *
 * Return: true if the card shall vanish with it.
 */
bool inject_take_vanish(struct inject *inject);

/**
 * inject_take_lose_irq() - Ask whether a message shall be lost
 * @inject: the block
 *
 * Return: true as often as was ordered.
 */
bool inject_take_lose_irq(struct inject *inject);

/**
 * inject_take_dma_error() - Ask whether an access to system memory shall fail
 * @inject: the block
 *
 * Return: true as often as was ordered.
 */
bool inject_take_dma_error(struct inject *inject);

/**
 * inject_take_fence() - Ask what is wrong with a FENCE
 * @inject: the block
 *
 * Return: PDDGPU_INJECT_FENCE_STUCK and so on, 0 for nothing.
 */
unsigned int inject_take_fence(struct inject *inject);

/**
 * inject_take_forget() - Ask whether VRAM shall be noise now
 * @inject: the block
 *
 * Return: true once for each order.
 */
bool inject_take_forget(struct inject *inject);

/**
 * inject_slow_us() - Ask how much longer a packet takes
 * @inject: the block
 *
 * Return: us, the larger of both orders.
 */
uint32_t inject_slow_us(struct inject *inject);

/**
 * inject_reads_ones() - Ask whether BAR2 is out of order
 * @inject: the block
 *
 * Return: true if reads give all ones and writes are dropped.
 */
bool inject_reads_ones(struct inject *inject);

/**
 * inject_noise() - Draw noise
 * @inject: the block
 *
 * Return: 64 random bits.
 */
uint64_t inject_noise(struct inject *inject);

/**
 * inject_good_bytes() - See how far VRAM can be read
 * @inject: the block
 * @addr: VRAM address
 * @size: bytes
 *
 * Return: bytes from @addr to the first bad page, at most @size.
 */
uint64_t inject_good_bytes(struct inject *inject, uint64_t addr, uint64_t size);

/**
 * inject_heal() - Tell of a write to VRAM
 * @inject: the block
 * @addr: VRAM address
 * @size: bytes; pages that lie in them wholly are good again
 */
void inject_heal(struct inject *inject, uint64_t addr, uint64_t size);

/**
 * inject_set_client() - Say who is to be told first if the card vanishes
 * @fd: the VMM's connection, or -1
 */
void inject_set_client(int fd);

/**
 * inject_die() - Vanish from the bus: end the process like kill -9
 *
 * The VMM is given a moment to read that the connection has ended.
 */
_Noreturn void inject_die(void);

#endif
