// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "card.h"
#include "clock.h"
#include "inject.h"
#include "log.h"
#include "noise.h"

#define PAGE_SIZE	4096ULL
#define ENGINES_ALL	(BIT(PDDGPU_NUM_ENGINES) - 1)
#define FENCE_ONE	FIELD_PREP(PDDGPU_INJECT_FENCE_COUNT, 1)
#define HANG_UP_US	50000	/* until the VMM has surely read that nothing more comes */

static atomic_int client = -1;

void inject_init(struct inject *inject)
{
	pthread_mutex_init(&inject->lock, NULL);
	inject->noise = clock_ns();
}

void inject_release(struct inject *inject)
{
	pthread_mutex_destroy(&inject->lock);
}

void inject_set_client(int fd)
{
	atomic_store(&client, fd);
}

/*
 * QEMU (11.1) aborts when it writes to a connection that was closed, before it
 * has read that it was.  So it gets to read that first.
 */
static void hang_up(void)
{
	int fd = atomic_load(&client);

	if (fd >= 0 && !shutdown(fd, SHUT_WR))
		usleep(HANG_UP_US);
}

_Noreturn void inject_die(void)
{
	hang_up();
	raise(SIGKILL);
	abort();
}

/* --- Orders ------------------------------------------------------------- */

static uint32_t orders_armed(const struct inject_orders *o)
{
	return (o->hang || o->slow_us || o->vanish ? INJECT_PACKET : 0) |
	       (o->lose_irq ? INJECT_LOSE_IRQ : 0) |
	       (o->fence ? INJECT_FENCE : 0) |
	       (o->dma_error ? INJECT_DMA_ERROR : 0) |
	       (o->ones_until ? INJECT_ONES : 0) |
	       (o->wptr ? INJECT_WPTR : 0);
}

static void inject_update_armed_locked(struct inject *inject)
{
	uint32_t armed = inject->num_bad ? INJECT_ECC : 0;

	for (unsigned int i = 0; i < INJECT_NUM_WHO; i++)
		armed |= orders_armed(&inject->orders[i]);
	atomic_store_explicit(&inject->armed, armed, memory_order_release);
}

/* Counts down the first of two numbers that is not 0.  False if both are. */
static bool take_one(uint32_t *guest, uint32_t *host)
{
	uint32_t *count = *guest ? guest : host;

	if (!*count)
		return false;
	(*count)--;
	return true;
}

static uint32_t add_saturated(uint32_t a, uint32_t b)
{
	uint32_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT32_MAX : sum;
}

static void forget_pages_locked(struct inject *inject, enum inject_who who)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < inject->num_bad; i++)
		if (inject->bad[i].who != who)
			inject->bad[kept++] = inject->bad[i];
	inject->num_bad = kept;
}

void inject_reset(struct inject *inject)
{
	struct inject_orders *guest = &inject->orders[INJECT_GUEST];

	pthread_mutex_lock(&inject->lock);
	*guest = (struct inject_orders){
		.ones_until = guest->ones_until, .vanish = guest->vanish, .forget = guest->forget,
	};
	forget_pages_locked(inject, INJECT_GUEST);
	inject_update_armed_locked(inject);
	pthread_mutex_unlock(&inject->lock);
}

void inject_clear(struct inject *inject, enum inject_who who)
{
	pthread_mutex_lock(&inject->lock);
	inject->orders[who] = (struct inject_orders){ 0 };
	forget_pages_locked(inject, who);
	inject_update_armed_locked(inject);
	pthread_mutex_unlock(&inject->lock);
}

/* --- Doing it ----------------------------------------------------------- */

/* The same for a bit of two masks. */
static bool take_bit(uint32_t *guest, uint32_t *host, unsigned int bit)
{
	uint32_t *mask = *guest & BIT(bit) ? guest : host;
	bool taken = *mask & BIT(bit);

	*mask &= ~(uint32_t)BIT(bit);
	return taken;
}

bool inject_take_hang(struct inject *inject, unsigned int engine)
{
	bool taken;

	pthread_mutex_lock(&inject->lock);
	taken = take_bit(&inject->orders[INJECT_GUEST].hang, &inject->orders[INJECT_HOST].hang,
			 engine);
	inject_update_armed_locked(inject);
	pthread_mutex_unlock(&inject->lock);
	return taken;
}

bool inject_take_stuck_reset(struct inject *inject, unsigned int engine)
{
	bool taken;

	pthread_mutex_lock(&inject->lock);
	taken = take_bit(&inject->orders[INJECT_GUEST].stuck_reset,
			 &inject->orders[INJECT_HOST].stuck_reset, engine);
	pthread_mutex_unlock(&inject->lock);
	return taken;
}

/* Both sides count every packet; the nearer end is the card's. */
bool inject_take_vanish(struct inject *inject)
{
	bool taken = false;

	pthread_mutex_lock(&inject->lock);
	for (unsigned int i = 0; i < INJECT_NUM_WHO; i++)
		if (inject->orders[i].vanish && !--inject->orders[i].vanish)
			taken = true;
	inject_update_armed_locked(inject);
	pthread_mutex_unlock(&inject->lock);
	return taken;
}

bool inject_take_lose_irq(struct inject *inject)
{
	bool taken;

	pthread_mutex_lock(&inject->lock);
	taken = take_one(&inject->orders[INJECT_GUEST].lose_irq,
			 &inject->orders[INJECT_HOST].lose_irq);
	inject_update_armed_locked(inject);
	pthread_mutex_unlock(&inject->lock);
	return taken;
}

bool inject_take_dma_error(struct inject *inject)
{
	bool taken;

	pthread_mutex_lock(&inject->lock);
	taken = take_one(&inject->orders[INJECT_GUEST].dma_error,
			 &inject->orders[INJECT_HOST].dma_error);
	inject_update_armed_locked(inject);
	pthread_mutex_unlock(&inject->lock);
	return taken;
}

static uint32_t *current_fence_locked(struct inject *inject)
{
	struct inject_orders *orders = inject->orders;

	return orders[INJECT_GUEST].fence ? &orders[INJECT_GUEST].fence :
	       &orders[INJECT_HOST].fence;
}

unsigned int inject_take_fence(struct inject *inject)
{
	unsigned int mode;
	uint32_t *fence;

	pthread_mutex_lock(&inject->lock);
	fence = current_fence_locked(inject);
	mode = FIELD_GET(PDDGPU_INJECT_FENCE_MODE, *fence);
	if (mode)
		*fence -= FENCE_ONE;
	if (!FIELD_GET(PDDGPU_INJECT_FENCE_COUNT, *fence))
		*fence = 0;
	inject_update_armed_locked(inject);
	pthread_mutex_unlock(&inject->lock);
	return mode;
}

bool inject_take_forget(struct inject *inject)
{
	bool taken = false;

	pthread_mutex_lock(&inject->lock);
	for (unsigned int i = 0; i < INJECT_NUM_WHO; i++) {
		taken |= inject->orders[i].forget;
		inject->orders[i].forget = false;
	}
	pthread_mutex_unlock(&inject->lock);
	return taken;
}

static uint32_t slow_us_locked(const struct inject *inject)
{
	uint32_t guest = inject->orders[INJECT_GUEST].slow_us;
	uint32_t host = inject->orders[INJECT_HOST].slow_us;

	return guest > host ? guest : host;
}

uint32_t inject_slow_us(struct inject *inject)
{
	uint32_t us;

	pthread_mutex_lock(&inject->lock);
	us = slow_us_locked(inject);
	pthread_mutex_unlock(&inject->lock);
	return us;
}

bool inject_reads_ones(struct inject *inject)
{
	uint64_t now = clock_ns();
	bool ones = false;

	if (!inject_armed(inject, INJECT_ONES))
		return false;
	pthread_mutex_lock(&inject->lock);
	for (unsigned int i = 0; i < INJECT_NUM_WHO; i++) {
		if (inject->orders[i].ones_until > now)
			ones = true;
		else
			inject->orders[i].ones_until = 0;
	}
	inject_update_armed_locked(inject);
	pthread_mutex_unlock(&inject->lock);
	return ones;
}

uint64_t inject_noise(struct inject *inject)
{
	uint64_t value;

	pthread_mutex_lock(&inject->lock);
	value = noise_next(&inject->noise);
	pthread_mutex_unlock(&inject->lock);
	return value;
}

/* --- Memory errors ------------------------------------------------------ */

uint64_t inject_good_bytes(struct inject *inject, uint64_t addr, uint64_t size)
{
	pthread_mutex_lock(&inject->lock);
	for (unsigned int i = 0; i < inject->num_bad; i++) {
		uint64_t bad = inject->bad[i].addr;

		if (addr >= bad && addr - bad < PAGE_SIZE)
			size = 0;
		else if (bad > addr && bad - addr < size)
			size = bad - addr;
	}
	pthread_mutex_unlock(&inject->lock);
	return size;
}

void inject_heal(struct inject *inject, uint64_t addr, uint64_t size)
{
	unsigned int kept = 0;

	pthread_mutex_lock(&inject->lock);
	for (unsigned int i = 0; i < inject->num_bad; i++) {
		uint64_t bad = inject->bad[i].addr;

		if (bad < addr || bad + PAGE_SIZE > addr + size)
			inject->bad[kept++] = inject->bad[i];
	}
	inject->num_bad = kept;
	inject_update_armed_locked(inject);
	pthread_mutex_unlock(&inject->lock);
}

/* A page is bad once, whoever says so; the host's word outlives a reset. */
static bool add_bad_page(struct inject *inject, enum inject_who who, uint64_t addr)
{
	bool added = true;
	unsigned int i;

	pthread_mutex_lock(&inject->lock);
	for (i = 0; i < inject->num_bad && inject->bad[i].addr != addr; i++)
		;
	if (i < inject->num_bad && who == INJECT_HOST)
		inject->bad[i].who = who;
	else if (i == INJECT_MAX_BAD_PAGES)
		added = false;
	else if (i == inject->num_bad)
		inject->bad[inject->num_bad++] = (struct inject_page){ .addr = addr, .who = who };
	inject_update_armed_locked(inject);
	pthread_mutex_unlock(&inject->lock);
	return added;
}

static const char *order_ecc(struct card *card, enum inject_who who, uint32_t page)
{
	uint64_t addr = page * PAGE_SIZE;
	struct pddgpu_fault_record record = {
		.info = PDDGPU_FAULT_VALID |
			FIELD_PREP(PDDGPU_FAULT_ENGINE, PDDGPU_FAULT_ENGINE_NONE) |
			FIELD_PREP(PDDGPU_FAULT_ERROR, PDDGPU_ERR_ECC),
		.address = addr,
		.timestamp = card_timestamp(card),
	};
	bool added;

	if (addr >= card->vram_size)
		return "not in VRAM";
	/* A pause voids what engines have translated, so that none reads on. */
	card_pause(card);
	added = add_bad_page(&card->inject, who, addr);
	card_resume(card);
	if (!added)
		return "too many bad pages";
	card_report_fault(card, &record);
	return NULL;
}

/* --- Noise in the fault ring -------------------------------------------- */

static uint32_t take_faults(struct inject *inject)
{
	uint32_t count = 0;

	pthread_mutex_lock(&inject->lock);
	for (unsigned int i = 0; i < INJECT_NUM_WHO; i++) {
		count += inject->orders[i].faults;
		inject->orders[i].faults = 0;
	}
	pthread_mutex_unlock(&inject->lock);
	return count;
}

static void deliver_faults(struct card *card)
{
	uint64_t words[sizeof(struct pddgpu_fault_record) / sizeof(uint64_t)];
	struct pddgpu_fault_record record;

	if (!fault_get_size(&card->fault))
		return;
	for (uint32_t left = take_faults(&card->inject); left; left--) {
		for (unsigned int i = 0; i < ARRAY_SIZE(words); i++)
			words[i] = inject_noise(&card->inject);
		memcpy(&record, words, sizeof(record));
		card_report_fault(card, &record);
	}
}

static const char *order_faults(struct card *card, enum inject_who who, uint32_t value)
{
	struct inject *inject = &card->inject;
	struct inject_orders *o = &inject->orders[who];

	if (value & ~(PDDGPU_INJECT_FAULTS_COUNT | PDDGPU_INJECT_FAULTS_WPTR))
		return "too many faults";
	pthread_mutex_lock(&inject->lock);
	o->faults = FIELD_GET(PDDGPU_INJECT_FAULTS_COUNT, value);
	if (value & PDDGPU_INJECT_FAULTS_WPTR)
		o->wptr = true;
	inject_update_armed_locked(inject);
	pthread_mutex_unlock(&inject->lock);
	deliver_faults(card);
	return NULL;
}

void inject_ring_set_up(struct card *card)
{
	struct inject *inject = &card->inject;

	pthread_mutex_lock(&inject->lock);
	inject->orders[INJECT_GUEST].wptr = false;
	inject_update_armed_locked(inject);
	pthread_mutex_unlock(&inject->lock);
	deliver_faults(card);
}

/* --- Registers ---------------------------------------------------------- */

static bool inject_read_locked(struct inject *inject, uint32_t reg, uint32_t *value)
{
	const struct inject_orders *guest = &inject->orders[INJECT_GUEST];
	const struct inject_orders *host = &inject->orders[INJECT_HOST];

	switch (reg) {
	case PDDGPU_REG_INJECT_HANG:
		*value = guest->hang | host->hang;
		return true;
	case PDDGPU_REG_INJECT_LOSE_IRQ:
		*value = add_saturated(guest->lose_irq, host->lose_irq);
		return true;
	case PDDGPU_REG_INJECT_FENCE:
		*value = *current_fence_locked(inject);
		return true;
	case PDDGPU_REG_INJECT_DMA_ERROR:
		*value = add_saturated(guest->dma_error, host->dma_error);
		return true;
	case PDDGPU_REG_INJECT_SLOW:
		*value = slow_us_locked(inject);
		return true;
	case PDDGPU_REG_INJECT_FORGET:
		*value = guest->forget || host->forget;
		return true;
	case PDDGPU_REG_INJECT_STUCK_RESET:
		*value = guest->stuck_reset | host->stuck_reset;
		return true;
	default:
		return false;
	}
}

bool inject_read(struct card *card, uint32_t reg, uint32_t *value)
{
	bool readable;

	if (reg == PDDGPU_REG_INJECT_STORM_IRQ) {
		*value = storm_left(&card->storm);
		return true;
	}
	pthread_mutex_lock(&card->inject.lock);
	readable = inject_read_locked(&card->inject, reg, value);
	pthread_mutex_unlock(&card->inject.lock);
	return readable;
}

static const char *order_fence(struct inject_orders *o, uint32_t value)
{
	unsigned int mode = FIELD_GET(PDDGPU_INJECT_FENCE_MODE, value);

	if (!FIELD_GET(PDDGPU_INJECT_FENCE_COUNT, value))
		value = 0;
	else if (!mode || mode > PDDGPU_INJECT_FENCE_PAST)
		return "no such mode";
	o->fence = value;
	return NULL;
}

/* Orders that are but kept until something takes them. */
static const char *order_locked(struct inject_orders *o, uint32_t reg, uint32_t value)
{
	switch (reg) {
	case PDDGPU_REG_INJECT_HANG:
		o->hang = value & ENGINES_ALL;
		break;
	case PDDGPU_REG_INJECT_LOSE_IRQ:
		o->lose_irq = value;
		break;
	case PDDGPU_REG_INJECT_FENCE:
		return order_fence(o, value);
	case PDDGPU_REG_INJECT_DMA_ERROR:
		o->dma_error = value;
		break;
	case PDDGPU_REG_INJECT_SLOW:
		o->slow_us = value;
		break;
	case PDDGPU_REG_INJECT_ONES:
		o->ones_until = value ? clock_ns() + value * NS_PER_MS : UINT64_MAX;
		break;
	case PDDGPU_REG_INJECT_VANISH:
		o->vanish = value;
		break;
	case PDDGPU_REG_INJECT_FORGET:
		o->forget = value & 1;
		break;
	default: /* PDDGPU_REG_INJECT_STUCK_RESET */
		o->stuck_reset = value & ENGINES_ALL;
		break;
	}
	return NULL;
}

const char *inject_write(struct card *card, enum inject_who who, uint32_t reg, uint32_t value)
{
	struct inject *inject = &card->inject;
	struct inject_orders *o = &inject->orders[who];
	const char *reason;

	if (reg == PDDGPU_REG_INJECT_STORM_IRQ) {
		storm_set(&card->storm, who, value);
		return NULL;
	}
	if (reg == PDDGPU_REG_INJECT_FAULTS)
		return order_faults(card, who, value);
	if (reg == PDDGPU_REG_INJECT_ECC)
		return order_ecc(card, who, value);
	if (reg == PDDGPU_REG_INJECT_VANISH && !value)
		inject_die();
	pthread_mutex_lock(&inject->lock);
	if (reg == PDDGPU_REG_INJECT_HANG && who == INJECT_HOST)
		value |= o->hang;
	if (reg == PDDGPU_REG_INJECT_STUCK_RESET && who == INJECT_HOST)
		value |= o->stuck_reset;
	reason = order_locked(o, reg, value);
	inject_update_armed_locked(inject);
	pthread_mutex_unlock(&inject->lock);
	return reason;
}
