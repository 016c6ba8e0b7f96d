// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "clock.h"
#include "cp.h"
#include "engine.h"
#include "log.h"

#define RING_ALIGN	0x1000ULL

/* --- Standing still ----------------------------------------------------- */

static void engine_update_attention_locked(struct engine *e)
{
	atomic_store(&e->attention, e->pause || e->reset || e->quit || e->doomed);
}

static void engine_park_locked(struct engine *e)
{
	if (e->doomed)
		inject_die();
	e->running = false;
	e->breaths++;
	pthread_cond_broadcast(&e->parked);
}

/* A reset need not wait for the end of a pause: it only unwinds the packet. */
static void engine_unpark_locked(struct engine *e)
{
	while (e->pause && !e->quit)
		pthread_cond_wait(&e->wake, &e->lock);
	e->running = true;
}

static int engine_stopped_locked(const struct engine *e)
{
	return e->reset || e->quit ? ENGINE_STOPPED : 0;
}

void engine_pause(struct engine *e)
{
	pthread_mutex_lock(&e->lock);
	e->pause++;
	engine_update_attention_locked(e);
	while (e->running)
		pthread_cond_wait(&e->parked, &e->lock);
	pthread_mutex_unlock(&e->lock);
}

void engine_resume(struct engine *e)
{
	pthread_mutex_lock(&e->lock);
	e->pause--;
	engine_update_attention_locked(e);
	pthread_cond_broadcast(&e->wake);
	pthread_mutex_unlock(&e->lock);
}

void engine_tlb_drop(struct engine *e, uint32_t vmids)
{
	engine_pause(e);
	pthread_mutex_lock(&e->lock);
	tlb_drop(&e->tlb, vmids);
	pthread_mutex_unlock(&e->lock);
	engine_resume(e);
}

int engine_breathe(struct engine *e)
{
	int ret;

	if (!atomic_load_explicit(&e->attention, memory_order_acquire))
		return 0;
	pthread_mutex_lock(&e->lock);
	engine_park_locked(e);
	engine_unpark_locked(e);
	ret = engine_stopped_locked(e);
	pthread_mutex_unlock(&e->lock);
	return ret;
}

int engine_nap(struct engine *e, long ns)
{
	struct timespec until;
	int ret;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += ns;
	until.tv_sec += until.tv_nsec / NS_PER_S;
	until.tv_nsec %= NS_PER_S;

	pthread_mutex_lock(&e->lock);
	engine_park_locked(e);
	if (!engine_stopped_locked(e))
		pthread_cond_timedwait(&e->wake, &e->lock, &until);
	engine_unpark_locked(e);
	ret = engine_stopped_locked(e);
	pthread_mutex_unlock(&e->lock);
	return ret;
}

void engine_doom(struct engine *e)
{
	pthread_mutex_lock(&e->lock);
	e->doomed = true;
	engine_update_attention_locked(e);
	pthread_mutex_unlock(&e->lock);
}

void engine_step_aside(struct engine *e)
{
	pthread_mutex_lock(&e->lock);
	engine_park_locked(e);
	pthread_mutex_unlock(&e->lock);
}

void engine_step_back(struct engine *e)
{
	pthread_mutex_lock(&e->lock);
	engine_unpark_locked(e);
	pthread_mutex_unlock(&e->lock);
}

/* --- The thread --------------------------------------------------------- */

/* What PDDGPU_ENGINE_CTRL_RESET does; the ring's place and size stay. */
static void engine_reset_locked(struct engine *e)
{
	e->enable = false;
	e->halted = false;
	e->halt_error = PDDGPU_ERR_NONE;
	e->wptr = 0;
	e->rptr = 0;
	e->ib_vmid = ~0U;
	e->ib_base = 0;
	e->ib_rptr = 0;
	e->ib_error = PDDGPU_ERR_NONE;
	memset(&e->tlb, 0, sizeof(e->tlb));
	e->reset = false;
	engine_update_attention_locked(e);
	pthread_cond_broadcast(&e->parked);
}

static bool engine_has_work_locked(const struct engine *e)
{
	return e->enable && !e->halted && e->rptr != e->wptr;
}

/* Waits for a packet to run.  False if the thread shall end. */
static bool engine_wait_for_work(struct engine *e, struct cp_ring *ring)
{
	pthread_mutex_lock(&e->lock);
	e->busy = false;
	engine_park_locked(e);
	while (!e->quit) {
		if (e->reset)
			engine_reset_locked(e);
		else if (!e->pause && engine_has_work_locked(e))
			break;
		else
			pthread_cond_wait(&e->wake, &e->lock);
	}
	e->running = !e->quit;
	e->busy = e->running;
	*ring = (struct cp_ring){ e->ring_base, e->ring_size / 4, e->rptr, e->wptr };
	pthread_mutex_unlock(&e->lock);
	return !e->quit;
}

static void engine_halt(struct engine *e, int err)
{
	pthread_mutex_lock(&e->lock);
	e->halted = true;
	e->halt_error = err;
	pthread_mutex_unlock(&e->lock);
}

static void *engine_main(void *arg)
{
	struct engine *e = arg;
	struct cp_ring ring;

	while (engine_wait_for_work(e, &ring)) {
		uint64_t start = card_timestamp(e->card);
		int err = cp_run(e, &ring);

		stats_add(&e->stats, PDDGPU_STAT_BUSY_NS, card_timestamp(e->card) - start);
		if (err > 0)
			engine_halt(e, err);
		else if (!err)
			e->rptr = ring.rptr;
		if (err > 0)
			cp_report_halt(e, &ring);
	}
	return NULL;
}

static void engine_init_sync(struct engine *e)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&e->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&e->wake, &attr);
	pthread_condattr_destroy(&attr);
	pthread_cond_init(&e->parked, NULL);
}

static void engine_release(struct engine *e)
{
	pthread_cond_destroy(&e->parked);
	pthread_cond_destroy(&e->wake);
	pthread_mutex_destroy(&e->lock);
	free(e->packet);
}

int engine_start(struct engine *e, struct card *card, unsigned int index)
{
	int ret;

	e->card = card;
	e->index = index;
	e->port = (struct mmu_port){ .card = card, .tlb = &e->tlb, .stats = &e->stats };
	e->packet = calloc(CP_PACKET_MAX_DWORDS, sizeof(*e->packet));
	if (!e->packet)
		return -ENOMEM;
	engine_init_sync(e);
	ret = pthread_create(&e->thread, NULL, engine_main, e);
	if (ret)
		engine_release(e);
	return -ret;
}

void engine_stop(struct engine *e)
{
	pthread_mutex_lock(&e->lock);
	e->quit = true;
	engine_update_attention_locked(e);
	pthread_cond_broadcast(&e->wake);
	pthread_mutex_unlock(&e->lock);
	pthread_join(e->thread, NULL);
	engine_release(e);
}

static void engine_request_reset_locked(struct engine *e)
{
	e->reset = true;
	engine_update_attention_locked(e);
	pthread_cond_broadcast(&e->wake);
}

void engine_power_on(struct engine *e)
{
	pthread_mutex_lock(&e->lock);
	e->stuck = false;
	engine_request_reset_locked(e);
	while (e->reset)
		pthread_cond_wait(&e->parked, &e->lock);
	e->ring_base = 0;
	e->ring_size = 0;
	e->fence = 0;
	for (unsigned int i = 0; i < PDDGPU_NUM_STATS; i++)
		e->stats.count[i] = 0;
	pthread_mutex_unlock(&e->lock);
}

/* --- Registers ---------------------------------------------------------- */

static uint32_t engine_status_locked(const struct engine *e)
{
	uint32_t status = FIELD_PREP(PDDGPU_ENGINE_STATUS_ERROR, e->halt_error);

	if (e->busy || engine_has_work_locked(e))
		status |= PDDGPU_ENGINE_STATUS_BUSY;
	if (e->halted)
		status |= PDDGPU_ENGINE_STATUS_HALTED;
	return status;
}

static uint32_t engine_ctrl_locked(const struct engine *e)
{
	return (e->enable ? PDDGPU_ENGINE_CTRL_ENABLE : 0) |
	       (e->reset || e->stuck ? PDDGPU_ENGINE_CTRL_RESET : 0);
}

static bool engine_read_locked(struct engine *e, uint32_t reg, uint32_t *value)
{
	switch (reg) {
	case PDDGPU_ENGINE_CTRL:
		*value = engine_ctrl_locked(e);
		return true;
	case PDDGPU_ENGINE_STATUS:
		*value = engine_status_locked(e);
		return true;
	case PDDGPU_ENGINE_RING_BASE_LO:
		*value = (uint32_t)e->ring_base;
		return true;
	case PDDGPU_ENGINE_RING_BASE_HI:
		*value = e->ring_base >> 32;
		return true;
	case PDDGPU_ENGINE_RING_SIZE:
		*value = e->ring_size;
		return true;
	case PDDGPU_ENGINE_RING_RPTR:
		*value = e->rptr;
		return true;
	case PDDGPU_ENGINE_RING_WPTR:
		*value = e->wptr;
		return true;
	case PDDGPU_ENGINE_IB_VMID:
		*value = e->ib_vmid;
		return true;
	case PDDGPU_ENGINE_IB_BASE_LO:
		*value = (uint32_t)e->ib_base;
		return true;
	case PDDGPU_ENGINE_IB_BASE_HI:
		*value = e->ib_base >> 32;
		return true;
	case PDDGPU_ENGINE_IB_RPTR:
		*value = e->ib_rptr;
		return true;
	case PDDGPU_ENGINE_FENCE_LO:
		*value = (uint32_t)e->fence;
		return true;
	case PDDGPU_ENGINE_FENCE_HI:
		*value = e->fence >> 32;
		return true;
	default:
		return false;
	}
}

bool engine_read(struct engine *e, uint32_t reg, uint32_t *value)
{
	bool known;

	pthread_mutex_lock(&e->lock);
	known = engine_read_locked(e, reg, value);
	pthread_mutex_unlock(&e->lock);
	return known;
}

static bool ring_size_valid(uint32_t size)
{
	return size >= PDDGPU_RING_SIZE_MIN && size <= PDDGPU_RING_SIZE_MAX &&
	       !(size & (size - 1));
}

static void engine_write_ctrl_locked(struct engine *e, uint32_t value)
{
	bool enable = value & PDDGPU_ENGINE_CTRL_ENABLE;

	if (value & PDDGPU_ENGINE_CTRL_RESET) {
		if (inject_take_stuck_reset(&e->card->inject, e->index))
			e->stuck = true;
		if (!e->stuck)
			engine_request_reset_locked(e);
		return;
	}
	if (e->reset || e->stuck) {
		log_guest("engine %u: CTRL written during a reset", e->index);
		return;
	}
	if (enable && !ring_size_valid(e->ring_size)) {
		log_guest("engine %u: enabled without a ring", e->index);
		return;
	}
	e->enable = enable;
	pthread_cond_broadcast(&e->wake);
}

/* The ring may move while nothing uses it; pointers start again at 0. */
static void engine_write_ring_locked(struct engine *e, uint64_t base, uint32_t size)
{
	if (e->enable || e->busy || e->reset || e->stuck) {
		log_guest("engine %u: ring written while enabled or busy", e->index);
		return;
	}
	if (size && !ring_size_valid(size)) {
		log_guest("engine %u: bad ring size 0x%x", e->index, size);
		return;
	}
	e->ring_base = base & ~(RING_ALIGN - 1);
	e->ring_size = size;
	e->rptr = 0;
	e->wptr = 0;
}

static bool engine_write_locked(struct engine *e, uint32_t reg, uint32_t value)
{
	switch (reg) {
	case PDDGPU_ENGINE_CTRL:
		engine_write_ctrl_locked(e, value);
		return true;
	case PDDGPU_ENGINE_RING_BASE_LO:
		engine_write_ring_locked(e, (e->ring_base & ~0xffffffffULL) | value,
					 e->ring_size);
		return true;
	case PDDGPU_ENGINE_RING_BASE_HI:
		engine_write_ring_locked(e, (uint64_t)value << 32 | (uint32_t)e->ring_base,
					 e->ring_size);
		return true;
	case PDDGPU_ENGINE_RING_SIZE:
		engine_write_ring_locked(e, e->ring_base, value);
		return true;
	default:
		return false;
	}
}

bool engine_write(struct engine *e, uint32_t reg, uint32_t value)
{
	bool known;

	pthread_mutex_lock(&e->lock);
	known = engine_write_locked(e, reg, value);
	pthread_mutex_unlock(&e->lock);
	return known;
}

void engine_doorbell(struct engine *e, uint32_t wptr)
{
	pthread_mutex_lock(&e->lock);
	if (!e->enable || wptr >= e->ring_size / 4) {
		log_guest("engine %u: doorbell 0x%x dropped", e->index, wptr);
	} else {
		e->wptr = wptr;
		pthread_cond_broadcast(&e->wake);
	}
	pthread_mutex_unlock(&e->lock);
}
