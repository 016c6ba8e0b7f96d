// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <string.h>

#include "card.h"
#include "log.h"
#include "regs.h"

#define VERSION		(FIELD_PREP(PDDGPU_VERSION_MAJOR, 1) | FIELD_PREP(PDDGPU_VERSION_MINOR, 2))
#define PAGE_MASK_LO	0xfffff000u

#define VMID_FIRST	PDDGPU_REG_VMID_BASE_LO(1)
#define VMID_LAST	PDDGPU_REG_VMID_BASE_HI(PDDGPU_NUM_VMIDS - 1)
#define ENGINE_FIRST	PDDGPU_REG_ENGINE(0)
#define ENGINE_LAST	(PDDGPU_REG_ENGINE(PDDGPU_NUM_ENGINES) - 1)
#define ENGINE_STRIDE	(PDDGPU_REG_ENGINE(1) - PDDGPU_REG_ENGINE(0))
#define STAT_FIRST	PDDGPU_REG_STAT_LO(0, 0)
#define STAT_LAST	(PDDGPU_REG_STAT_LO(PDDGPU_NUM_ENGINES, 0) - 1)
#define INJECT_FIRST	PDDGPU_REG_INJECT_HANG
#define INJECT_LAST	PDDGPU_REG_INJECT_STUCK_RESET
#define HEAPS_FIRST	PDDGPU_REG_ONCHIP_PAGES(0)
#define HEAPS_LAST	PDDGPU_REG_ONCHIP_PAGES(PDDGPU_NUM_ONCHIP - 1)
#define WINDOWS_FIRST	PDDGPU_REG_ONCHIP_WINDOW(1, 0)
#define WINDOWS_LAST	(PDDGPU_REG_ONCHIP_WINDOW(PDDGPU_NUM_VMIDS, 0) - 1)
#define STAT_STRIDE	(PDDGPU_REG_STAT_LO(1, 0) - PDDGPU_REG_STAT_LO(0, 0))

/* --- Halves of 64-bit registers ----------------------------------------- */

static uint32_t half(uint64_t value, uint32_t offset)
{
	return offset & 4 ? value >> 32 : (uint32_t)value;
}

static uint64_t with_half(uint64_t old, uint32_t offset, uint32_t value)
{
	if (offset & 4)
		return (uint64_t)value << 32 | (uint32_t)old;
	return (old & ~0xffffffffULL) | value;
}

/* Reading the low half keeps the high one for the read that follows. */
static uint32_t latched(struct card *card, uint32_t *latch, uint64_t now, bool high)
{
	uint32_t value = (uint32_t)now;

	pthread_mutex_lock(&card->lock);
	if (high)
		value = *latch;
	else
		*latch = now >> 32;
	pthread_mutex_unlock(&card->lock);
	return value;
}

/* --- Blocks of like registers ------------------------------------------- */

static _Atomic uint64_t *vmid_base(struct card *card, uint32_t offset)
{
	return &card->mmu.vmid_base[(offset - PDDGPU_REG_VMID_BASE_LO(0)) / 8];
}

static void write_vmid_base(struct card *card, uint32_t offset, uint32_t value)
{
	_Atomic uint64_t *base = vmid_base(card, offset);
	uint64_t new = with_half(*base, offset, value);

	/* As for SET_VMID. */
	if (new & ~(PDDGPU_VMID_BASE_VALID | PDDGPU_VMID_BASE_ADDR))
		log_guest("VMID base 0x%llx", (unsigned long long)new);
	else
		*base = new;
}

static bool read_stat(struct card *card, uint32_t offset, uint32_t *value)
{
	uint32_t engine = (offset - STAT_FIRST) / STAT_STRIDE;
	uint32_t which = (offset - STAT_FIRST) % STAT_STRIDE / 8;

	if (which >= PDDGPU_NUM_STATS)
		return false;
	*value = latched(card, &card->stat_latch[engine][which],
			 card->engines[engine].stats.count[which], offset & 4);
	return true;
}

static bool read_window(struct card *card, uint32_t offset, uint32_t *value)
{
	uint32_t vmid = (offset - PDDGPU_REG_ONCHIP_WINDOW(0, 0)) / 16;
	uint32_t heap = offset % 16 / 4;

	if (heap >= PDDGPU_NUM_ONCHIP)
		return false;
	*value = card->onchip.window[vmid][heap];
	return true;
}

static uint32_t fault_field(struct card *card, uint32_t offset)
{
	struct fault_ring *ring = &card->fault;
	uint32_t value;

	pthread_mutex_lock(&ring->lock);
	if (offset == PDDGPU_REG_FAULT_RPTR)
		value = ring->rptr;
	else
		value = half(ring->base, offset);
	pthread_mutex_unlock(&ring->lock);
	return value;
}

static void write_fault_base(struct card *card, uint32_t offset, uint32_t value)
{
	struct fault_ring *ring = &card->fault;

	pthread_mutex_lock(&ring->lock);
	ring->base = with_half(ring->base, offset, value) & ~0xfffULL;
	pthread_mutex_unlock(&ring->lock);
}

static uint32_t read_fault_wptr(struct card *card)
{
	if (inject_armed(&card->inject, INJECT_WPTR))
		return (uint32_t)inject_noise(&card->inject);
	return fault_get_wptr(&card->fault);
}

static void write_inject(struct card *card, uint32_t offset, uint32_t value)
{
	const char *reason = inject_write(card, INJECT_GUEST, offset, value);

	if (reason)
		log_guest("fault switch 0x%x, 0x%x: %s", offset, value, reason);
}

static void write_gart_entries(struct card *card, uint32_t value)
{
	if (value > PDDGPU_GART_ENTRIES_MAX)
		log_guest("GART of %u entries", value);
	else
		card->mmu.gart_entries = value;
}

static uint32_t read_caps(const struct card *card)
{
	return FIELD_PREP(PDDGPU_CAPS_ENGINES, PDDGPU_NUM_ENGINES) |
	       FIELD_PREP(PDDGPU_CAPS_VMIDS, PDDGPU_NUM_VMIDS) |
	       FIELD_PREP(PDDGPU_CAPS_DMA_BITS, card->dma.bits);
}

/* --- The switches ------------------------------------------------------- */

static bool read_reg(struct card *card, uint32_t offset, uint32_t *value)
{
	switch (offset) {
	case PDDGPU_REG_ID:
		*value = PDDGPU_ID_MAGIC;
		return true;
	case PDDGPU_REG_VERSION:
		*value = VERSION;
		return true;
	case PDDGPU_REG_CAPS:
		*value = read_caps(card);
		return true;
	case PDDGPU_REG_SCRATCH:
		*value = card->scratch;
		return true;
	case PDDGPU_REG_VRAM_SIZE_LO:
	case PDDGPU_REG_VRAM_SIZE_HI:
		*value = half(card->vram_size, offset);
		return true;
	case PDDGPU_REG_APERTURE_SIZE_LO:
	case PDDGPU_REG_APERTURE_SIZE_HI:
		*value = half(card->aperture_size, offset);
		return true;
	case PDDGPU_REG_TIMESTAMP_LO:
	case PDDGPU_REG_TIMESTAMP_HI:
		*value = latched(card, &card->timestamp_latch, card_timestamp(card), offset & 4);
		return true;
	case PDDGPU_REG_IRQ_ENABLE:
		*value = irq_get_enable(&card->irq);
		return true;
	case PDDGPU_REG_IRQ_STATUS:
		*value = irq_get_status(&card->irq);
		return true;
	case ENGINE_FIRST ... ENGINE_LAST:
		return engine_read(&card->engines[(offset - ENGINE_FIRST) / ENGINE_STRIDE],
				   (offset - ENGINE_FIRST) % ENGINE_STRIDE, value);
	case VMID_FIRST ... VMID_LAST:
		*value = half(*vmid_base(card, offset), offset);
		return true;
	case PDDGPU_REG_FAULT_BASE_LO:
	case PDDGPU_REG_FAULT_BASE_HI:
	case PDDGPU_REG_FAULT_RPTR:
		*value = fault_field(card, offset);
		return true;
	case PDDGPU_REG_FAULT_SIZE:
		*value = fault_get_size(&card->fault);
		return true;
	case PDDGPU_REG_FAULT_WPTR:
		*value = read_fault_wptr(card);
		return true;
	case PDDGPU_REG_GART_BASE_LO:
	case PDDGPU_REG_GART_BASE_HI:
		*value = half(card->mmu.gart_base, offset);
		return true;
	case PDDGPU_REG_GART_ENTRIES:
		*value = card->mmu.gart_entries;
		return true;
	case STAT_FIRST ... STAT_LAST:
		return read_stat(card, offset, value);
	case HEAPS_FIRST ... HEAPS_LAST:
		*value = card->onchip.pages[(offset - HEAPS_FIRST) / 4];
		return true;
	case WINDOWS_FIRST ... WINDOWS_LAST:
		return read_window(card, offset, value);
	case INJECT_FIRST ... INJECT_LAST:
		return inject_read(card, offset, value);
	default:
		return false;
	}
}

static bool write_reg(struct card *card, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case PDDGPU_REG_SCRATCH:
		card->scratch = value;
		return true;
	case PDDGPU_REG_RESET:
		if (value == PDDGPU_RESET_MAGIC)
			card_reset(card);
		else
			log_guest("reset with 0x%08x", value);
		return true;
	case PDDGPU_REG_IRQ_ENABLE:
		irq_set_enable(&card->irq, value);
		return true;
	case PDDGPU_REG_IRQ_STATUS:
		irq_clear_status(&card->irq, value);
		return true;
	case ENGINE_FIRST ... ENGINE_LAST:
		return engine_write(&card->engines[(offset - ENGINE_FIRST) / ENGINE_STRIDE],
				    (offset - ENGINE_FIRST) % ENGINE_STRIDE, value);
	case VMID_FIRST ... VMID_LAST:
		write_vmid_base(card, offset, value);
		return true;
	case PDDGPU_REG_TLB_INVALIDATE:
		card_tlb_invalidate(card, value, NULL);
		return true;
	case PDDGPU_REG_FAULT_BASE_LO:
	case PDDGPU_REG_FAULT_BASE_HI:
		write_fault_base(card, offset, value);
		return true;
	case PDDGPU_REG_FAULT_SIZE:
		fault_set_size(&card->fault, value);
		inject_ring_set_up(card);
		return true;
	case PDDGPU_REG_FAULT_RPTR:
		fault_set_rptr(&card->fault, value);
		return true;
	case PDDGPU_REG_GART_BASE_LO:
	case PDDGPU_REG_GART_BASE_HI:
		card->mmu.gart_base = with_half(card->mmu.gart_base, offset, value) & ~0xfffULL;
		return true;
	case PDDGPU_REG_GART_ENTRIES:
		write_gart_entries(card, value);
		return true;
	case INJECT_FIRST ... INJECT_LAST:
		write_inject(card, offset, value);
		return true;
	case PDDGPU_REG_DOORBELL(PDDGPU_ENGINE_COPY):
	case PDDGPU_REG_DOORBELL(PDDGPU_ENGINE_COMPUTE):
		engine_doorbell(&card->engines[(offset - PDDGPU_REG_DOORBELL(0)) / 8], value);
		return true;
	default:
		return false;
	}
}

/* --- Accesses ----------------------------------------------------------- */

static bool access_valid(uint64_t offset, uint32_t size)
{
	return (size == 4 || size == 8) && !(offset & (size - 1)) &&
	       offset < PDDGPU_MMIO_SIZE;
}

void regs_read(struct card *card, uint64_t offset, uint32_t size, void *to)
{
	uint8_t *out = to;

	memset(out, 0xff, size);
	if (inject_reads_ones(&card->inject))
		return;
	if (!access_valid(offset, size)) {
		log_guest("BAR2 read of %u bytes at 0x%llx", size, (unsigned long long)offset);
		return;
	}
	for (uint32_t i = 0; i < size; i += 4) {
		uint32_t value = ~0U;

		if (!read_reg(card, offset + i, &value))
			log_guest("no register to read at 0x%llx",
				  (unsigned long long)offset + i);
		memcpy(out + i, &value, sizeof(value));
	}
}

void regs_write(struct card *card, uint64_t offset, uint32_t size, const void *from)
{
	const uint8_t *in = from;

	if (inject_reads_ones(&card->inject))
		return;
	if (!access_valid(offset, size)) {
		log_guest("BAR2 write of %u bytes at 0x%llx", size, (unsigned long long)offset);
		return;
	}
	for (uint32_t i = 0; i < size; i += 4) {
		uint32_t value;

		memcpy(&value, in + i, sizeof(value));
		if (!write_reg(card, offset + i, value))
			log_guest("no register to write at 0x%llx",
				  (unsigned long long)offset + i);
	}
}
