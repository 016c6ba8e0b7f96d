// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "card.h"
#include "clock.h"
#include "crc32.h"
#include "log.h"
#include "noise.h"

uint64_t card_timestamp(const struct card *card)
{
	return clock_ns() - card->power_on_ns;
}

/* --- Making ------------------------------------------------------------- */

static int card_create_vram(struct card *card)
{
	void *vram;

	card->vram_fd = memfd_create("pddgpu-vram", MFD_CLOEXEC);
	if (card->vram_fd < 0)
		return -errno;
	if (ftruncate(card->vram_fd, (off_t)card->vram_size))
		goto err_close;
	vram = mmap(NULL, card->vram_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
		    card->vram_fd, 0);
	if (vram == MAP_FAILED)
		goto err_close;
	card->vram = vram;
	return 0;

err_close:
	close(card->vram_fd);
	return -errno;
}

static void card_release_vram(struct card *card)
{
	munmap(card->vram, card->vram_size);
	close(card->vram_fd);
}

static int card_start_threads(struct card *card)
{
	unsigned int i = 0;
	int ret;

	ret = storm_start(&card->storm, &card->irq);
	if (ret)
		return ret;
	for (i = 0; i < PDDGPU_NUM_ENGINES; i++) {
		ret = engine_start(&card->engines[i], card, i);
		if (ret)
			goto err_stop;
	}
	return 0;

err_stop:
	while (i--)
		engine_stop(&card->engines[i]);
	storm_stop(&card->storm);
	return ret;
}

static void card_init_locks(struct card *card)
{
	pthread_mutex_init(&card->lock, NULL);
	pthread_mutex_init(&card->windows, NULL);
	pthread_mutex_init(&card->fault.lock, NULL);
	inject_init(&card->inject);
	irq_init(&card->irq, &card->inject);
}

static void card_release_locks(struct card *card)
{
	irq_release(&card->irq);
	inject_release(&card->inject);
	pthread_mutex_destroy(&card->fault.lock);
	pthread_mutex_destroy(&card->windows);
	pthread_mutex_destroy(&card->lock);
}

struct card *card_create(const struct card_options *options)
{
	struct card *card = calloc(1, sizeof(*card));
	int ret = -ENOMEM;

	if (!card)
		goto err;
	crc32_init();
	card->vram_size = options->vram_size;
	card->aperture_size = options->aperture_size;
	card->dma.bits = options->dma_bits;
	card->power_on_ns = clock_ns();
	ret = card_create_vram(card);
	if (ret)
		goto err_free;
	ret = onchip_create(&card->onchip, options->onchip_pages);
	if (ret)
		goto err_vram;
	card_init_locks(card);
	ret = card_start_threads(card);
	if (ret)
		goto err_release;
	card_function_reset(card);
	return card;

err_release:
	card_release_locks(card);
	onchip_release(&card->onchip);
err_vram:
	card_release_vram(card);
err_free:
	free(card);
err:
	log_error("no card: %s", strerror(-ret));
	return NULL;
}

void card_destroy(struct card *card)
{
	if (!card)
		return;
	/* An engine may be at work on another, so all become idle first. */
	card_reset(card);
	for (unsigned int i = 0; i < PDDGPU_NUM_ENGINES; i++)
		engine_stop(&card->engines[i]);
	storm_stop(&card->storm);
	dma_unmap_all(&card->dma);
	card_release_locks(card);
	onchip_release(&card->onchip);
	card_release_vram(card);
	free(card);
}

/* --- Reset -------------------------------------------------------------- */

static void fault_ring_reset(struct fault_ring *ring)
{
	pthread_mutex_lock(&ring->lock);
	ring->base = 0;
	ring->size = 0;
	ring->rptr = 0;
	ring->wptr = 0;
	ring->overflow = false;
	pthread_mutex_unlock(&ring->lock);
}

static void mmu_reset(struct mmu *mmu)
{
	for (unsigned int i = 0; i < PDDGPU_NUM_VMIDS; i++)
		mmu->vmid_base[i] = 0;
	mmu->gart_base = 0;
	mmu->gart_entries = 0;
}

void card_reset(struct card *card)
{
	inject_reset(&card->inject);
	storm_set(&card->storm, INJECT_GUEST, 0);
	for (unsigned int i = 0; i < PDDGPU_NUM_ENGINES; i++)
		engine_power_on(&card->engines[i]);
	mmu_reset(&card->mmu);
	onchip_reset(&card->onchip);
	fault_ring_reset(&card->fault);
	irq_reset(&card->irq);
	pthread_mutex_lock(&card->lock);
	card->scratch = 0;
	card->timestamp_latch = 0;
	memset(card->stat_latch, 0, sizeof(card->stat_latch));
	pthread_mutex_unlock(&card->lock);
}

static void fill_with_noise(uint64_t *to, size_t words, uint64_t *noise)
{
	for (size_t i = 0; i < words; i++)
		to[i] = noise_next(noise);
}

/*
 * What memory keeps without power.  Only the part of VRAM that was ever written to
 * has anything to forget; the rest stays a hole in the file.
 */
static void card_forget(struct card *card)
{
	uint64_t noise = inject_noise(&card->inject), *to;
	off_t end, start = lseek(card->vram_fd, 0, SEEK_DATA);

	while (start >= 0) {
		end = lseek(card->vram_fd, start, SEEK_HOLE);
		if (end < 0)
			break;
		to = (uint64_t *)(card->vram + start);
		fill_with_noise(to, (size_t)(end - start) / sizeof(*to), &noise);
		start = lseek(card->vram_fd, end, SEEK_DATA);
	}
	onchip_forget(&card->onchip, &noise);
	log_info("memory filled with noise as ordered");
}

void card_function_reset(struct card *card)
{
	card_reset(card);
	if (inject_take_forget(&card->inject))
		card_forget(card);
	pci_reset(&card->pci, card->aperture_size);
	card_set_bus_master(card, false);
}

void card_disconnect(struct card *card)
{
	card_clear_orders(card, INJECT_GUEST);
	card_function_reset(card);
	card_pause(card);
	dma_unmap_all(&card->dma);
	card_resume(card);
	for (unsigned int i = 0; i < PDDGPU_NUM_IRQS; i++)
		irq_set_eventfd(&card->irq, i, -1);
}

void card_set_bus_master(struct card *card, bool on)
{
	atomic_store(&card->bus_master, on);
	irq_set_bus_master(&card->irq, on);
}

/* --- All engines -------------------------------------------------------- */

void card_pause(struct card *card)
{
	pthread_mutex_lock(&card->windows);
	for (unsigned int i = 0; i < PDDGPU_NUM_ENGINES; i++)
		engine_pause(&card->engines[i]);
}

void card_resume(struct card *card)
{
	for (unsigned int i = 0; i < PDDGPU_NUM_ENGINES; i++)
		engine_resume(&card->engines[i]);
	pthread_mutex_unlock(&card->windows);
}

void card_tlb_invalidate(struct card *card, uint32_t vmids, struct engine *self)
{
	if (self)
		engine_step_aside(self);
	for (unsigned int i = 0; i < PDDGPU_NUM_ENGINES; i++)
		engine_tlb_drop(&card->engines[i], vmids);
	if (self)
		engine_step_back(self);
}

/* --- Faults ------------------------------------------------------------- */

void card_report_fault(struct card *card, const struct pddgpu_fault_record *record)
{
	pthread_mutex_lock(&card->windows);
	fault_report(card, record);
	pthread_mutex_unlock(&card->windows);
}

void card_clear_orders(struct card *card, enum inject_who who)
{
	inject_clear(&card->inject, who);
	storm_set(&card->storm, who, 0);
}
