// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "../log.h"
#include "rig.h"

uint64_t rig_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint32_t rig_read(struct rig *rig, uint32_t reg)
{
	uint32_t value;

	regs_read(rig->card, reg, sizeof(value), &value);
	return value;
}

void rig_write(struct rig *rig, uint32_t reg, uint32_t value)
{
	regs_write(rig->card, reg, sizeof(value), &value);
}

void rig_write64(struct rig *rig, uint32_t reg, uint64_t value)
{
	regs_write(rig->card, reg, sizeof(value), &value);
}

uint64_t rig_stat(struct rig *rig, unsigned int engine, unsigned int which)
{
	uint64_t low = rig_read(rig, PDDGPU_REG_STAT_LO(engine, which));

	return low | (uint64_t)rig_read(rig, PDDGPU_REG_STAT_HI(engine, which)) << 32;
}

/* --- Bringing up -------------------------------------------------------- */

static void rig_enable_ring(struct rig *rig, unsigned int e)
{
	uint32_t base = PDDGPU_REG_ENGINE(e);

	rig_write64(rig, base + PDDGPU_ENGINE_RING_BASE_LO, RIG_RING(e));
	rig_write(rig, base + PDDGPU_ENGINE_RING_SIZE, RIG_RING_SIZE);
	rig_write(rig, base + PDDGPU_ENGINE_CTRL, PDDGPU_ENGINE_CTRL_ENABLE);
	rig->wptr[e] = 0;
}

void rig_bring_up(struct rig *rig)
{
	card_set_bus_master(rig->card, true);
	rig_write64(rig, PDDGPU_REG_GART_BASE_LO, RIG_GART);
	rig_write(rig, PDDGPU_REG_GART_ENTRIES, RIG_GART_ENTRIES);
	rig_write64(rig, PDDGPU_REG_FAULT_BASE_LO, RIG_FAULTS);
	rig_write(rig, PDDGPU_REG_FAULT_SIZE, RIG_NUM_FAULTS);
	rig_write(rig, PDDGPU_REG_IRQ_ENABLE, 0xf);
	for (unsigned int e = 0; e < PDDGPU_NUM_ENGINES; e++)
		rig_enable_ring(rig, e);
}

static void rig_connect_guest(struct rig *rig)
{
	struct dma_window window = {
		.iova = RIG_GUEST_BUS, .size = RIG_GUEST_SIZE, .writable = true,
	};

	rig->guest_fd = memfd_create("guest", MFD_CLOEXEC);
	assert_true(rig->guest_fd >= 0);
	assert_int_equal(ftruncate(rig->guest_fd, RIG_GUEST_SIZE), 0);
	rig->guest = mmap(NULL, RIG_GUEST_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			  rig->guest_fd, 0);
	assert_ptr_not_equal(rig->guest, MAP_FAILED);
	card_pause(rig->card);
	assert_int_equal(dma_map(&rig->card->dma, &window, rig->guest_fd, 0), 0);
	card_resume(rig->card);
}

static void rig_connect_irqs(struct rig *rig)
{
	for (unsigned int i = 0; i < PDDGPU_NUM_IRQS; i++) {
		rig->irq_fd[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		assert_true(rig->irq_fd[i] >= 0);
		irq_set_eventfd(&rig->card->irq, i, dup(rig->irq_fd[i]));
	}
}

int rig_setup(void **state)
{
	static const struct card_options options = {
		.vram_size = RIG_VRAM, .aperture_size = RIG_APERTURE, .dma_bits = 40,
		.onchip_pages = RIG_ONCHIP_PAGES,
	};
	struct rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	log_set_quiet(true);
	rig->card = card_create(&options);
	assert_non_null(rig->card);
	rig->next_table = RIG_TABLES;
	rig_connect_guest(rig);
	rig_connect_irqs(rig);
	rig_bring_up(rig);
	*state = rig;
	return 0;
}

int rig_teardown(void **state)
{
	struct rig *rig = *state;

	card_destroy(rig->card);
	for (unsigned int i = 0; i < PDDGPU_NUM_IRQS; i++)
		close(rig->irq_fd[i]);
	munmap(rig->guest, RIG_GUEST_SIZE);
	close(rig->guest_fd);
	free(rig);
	return 0;
}

/* --- Running ------------------------------------------------------------ */

void rig_push(struct rig *rig, unsigned int e, const uint32_t *words, size_t count)
{
	uint32_t *ring = (uint32_t *)(rig->card->vram + RIG_RING(e));

	for (size_t i = 0; i < count; i++) {
		ring[rig->wptr[e]] = words[i];
		rig->wptr[e] = (rig->wptr[e] + 1) % (RIG_RING_SIZE / 4);
	}
}

void rig_kick(struct rig *rig, unsigned int e)
{
	rig_write(rig, PDDGPU_REG_DOORBELL(e), rig->wptr[e]);
}

static bool rig_fence_done(struct rig *rig, unsigned int e)
{
	uint64_t *fence = (uint64_t *)(rig->card->vram + RIG_FENCE(e));

	return __atomic_load_n(fence, __ATOMIC_ACQUIRE) == rig->seqno[e];
}

static int rig_wait_fence(struct rig *rig, unsigned int e)
{
	uint64_t end = rig_now_ms() + RIG_TIMEOUT_MS;

	while (!rig_fence_done(rig, e)) {
		uint32_t status = rig_read(rig, PDDGPU_REG_ENGINE(e) + PDDGPU_ENGINE_STATUS);

		/* A halt is seen by others before its fault record is written. */
		if (status & PDDGPU_ENGINE_STATUS_HALTED && !(status & PDDGPU_ENGINE_STATUS_BUSY))
			return -(int)FIELD_GET(PDDGPU_ENGINE_STATUS_ERROR, status);
		assert_true(rig_now_ms() < end);
		usleep(50);
	}
	/* The fence is stored before its packet has ended and is counted. */
	rig_wait_reg(rig, PDDGPU_REG_ENGINE(e) + PDDGPU_ENGINE_STATUS,
		     PDDGPU_ENGINE_STATUS_BUSY, 0);
	return (int)*(uint32_t *)(rig->card->vram + RIG_STATUS(e));
}

int rig_fence(struct rig *rig, unsigned int e)
{
	rig->seqno[e]++;
	rig_push(rig, e, WORDS(PDDGPU_PKT(PDDGPU_OP_FENCE, PDDGPU_FENCE_FLAG_IRQ,
					  PDDGPU_FENCE_COUNT),
			       LOHI(RIG_FENCE(e)), LOHI(rig->seqno[e]), LOHI(RIG_STATUS(e))));
	rig_kick(rig, e);
	return rig_wait_fence(rig, e);
}

int rig_run(struct rig *rig, unsigned int e, const uint32_t *words, size_t count)
{
	rig_push(rig, e, words, count);
	return rig_fence(rig, e);
}

int rig_run_ib(struct rig *rig, unsigned int e, unsigned int vmid,
	       const uint32_t *words, size_t count)
{
	memcpy(rig->card->vram + RIG_IB, words, count * sizeof(*words));
	rig_push(rig, e, WORDS(PDDGPU_PKT(PDDGPU_OP_INDIRECT, vmid, PDDGPU_INDIRECT_COUNT),
			       LOHI(RIG_IB), (uint32_t)count));
	return rig_fence(rig, e);
}

void rig_reset_engine(struct rig *rig, unsigned int e)
{
	uint32_t ctrl = PDDGPU_REG_ENGINE(e) + PDDGPU_ENGINE_CTRL;

	rig_write(rig, ctrl, PDDGPU_ENGINE_CTRL_RESET);
	rig_wait_reg(rig, ctrl, PDDGPU_ENGINE_CTRL_RESET, 0);
	rig_write(rig, ctrl, PDDGPU_ENGINE_CTRL_ENABLE);
	rig->wptr[e] = 0;
}

void rig_wait_reg(struct rig *rig, uint32_t reg, uint32_t mask, uint32_t value)
{
	uint64_t end = rig_now_ms() + RIG_TIMEOUT_MS;

	while ((rig_read(rig, reg) & mask) != value) {
		assert_true(rig_now_ms() < end);
		usleep(50);
	}
}

/* --- Page tables -------------------------------------------------------- */

uint64_t *rig_entry(struct rig *rig, uint64_t at)
{
	return (uint64_t *)(rig->card->vram + at);
}

static uint64_t rig_new_table(struct rig *rig)
{
	uint64_t table = rig->next_table;

	assert_true(table < RIG_DATA);
	rig->next_table += PDDGPU_PT_SIZE;
	memset(rig->card->vram + table, 0, PDDGPU_PT_SIZE);
	return table;
}

uint64_t rig_map(struct rig *rig, unsigned int vmid, uint64_t va, unsigned int level,
		 uint64_t pte)
{
	uint32_t reg = PDDGPU_REG_VMID_BASE_LO(vmid);
	uint64_t table, at = 0;

	if (!(rig_read(rig, reg) & PDDGPU_VMID_BASE_VALID))
		rig_write64(rig, reg, rig_new_table(rig) | PDDGPU_VMID_BASE_VALID);
	table = rig_read(rig, reg) & PDDGPU_VMID_BASE_ADDR;
	for (unsigned int l = PDDGPU_PT_LEVELS; l-- > level; ) {
		at = table + 8 * ((va >> PDDGPU_PT_SHIFT(l)) % PDDGPU_PT_ENTRIES);
		if (l > level && !(*rig_entry(rig, at) & PDDGPU_PTE_VALID))
			*rig_entry(rig, at) = rig_new_table(rig) | PDDGPU_PTE_VALID;
		table = *rig_entry(rig, at) & PDDGPU_PTE_ADDR;
	}
	*rig_entry(rig, at) = pte;
	return at;
}

void rig_map_ib(struct rig *rig, unsigned int vmid)
{
	rig_map(rig, vmid, RIG_IB, 0, RIG_IB | PDDGPU_PTE_VALID | PDDGPU_PTE_READ);
}

/* --- Faults and interrupts ---------------------------------------------- */

unsigned int rig_num_faults(struct rig *rig)
{
	uint32_t wptr = rig_read(rig, PDDGPU_REG_FAULT_WPTR) & PDDGPU_FAULT_WPTR_INDEX;

	return (wptr - rig_read(rig, PDDGPU_REG_FAULT_RPTR)) & (RIG_NUM_FAULTS - 1);
}

struct pddgpu_fault_record rig_take_fault(struct rig *rig)
{
	struct pddgpu_fault_record record;
	uint32_t rptr = rig_read(rig, PDDGPU_REG_FAULT_RPTR);

	assert_true(rig_num_faults(rig) > 0);
	memcpy(&record, rig->card->vram + RIG_FAULTS + rptr * sizeof(record), sizeof(record));
	rig_write(rig, PDDGPU_REG_FAULT_RPTR, (rptr + 1) % RIG_NUM_FAULTS);
	return record;
}

uint64_t rig_take_irqs(struct rig *rig, unsigned int vector)
{
	eventfd_t count;

	return eventfd_read(rig->irq_fd[vector], &count) ? 0 : count;
}
