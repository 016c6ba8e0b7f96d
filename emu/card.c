// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "card.h"
#include "crc32.h"
#include "log.h"

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

uint64_t card_timestamp(const struct card *card)
{
	return monotonic_ns() - card->power_on_ns;
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

static int card_start_engines(struct card *card)
{
	unsigned int i;
	int ret;

	for (i = 0; i < PDDGPU_NUM_ENGINES; i++) {
		ret = engine_start(&card->engines[i], card, i);
		if (ret)
			goto err_stop;
	}
	return 0;

err_stop:
	while (i--)
		engine_stop(&card->engines[i]);
	return ret;
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
	card->power_on_ns = monotonic_ns();
	ret = card_create_vram(card);
	if (ret)
		goto err_free;
	pthread_mutex_init(&card->lock, NULL);
	pthread_mutex_init(&card->fault.lock, NULL);
	irq_init(&card->irq);
	ret = card_start_engines(card);
	if (ret)
		goto err_release;
	card_function_reset(card);
	return card;

err_release:
	irq_release(&card->irq);
	pthread_mutex_destroy(&card->fault.lock);
	pthread_mutex_destroy(&card->lock);
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
	dma_unmap_all(&card->dma);
	irq_release(&card->irq);
	pthread_mutex_destroy(&card->fault.lock);
	pthread_mutex_destroy(&card->lock);
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
	card->hang = 0;
	for (unsigned int i = 0; i < PDDGPU_NUM_ENGINES; i++)
		engine_power_on(&card->engines[i]);
	mmu_reset(&card->mmu);
	fault_ring_reset(&card->fault);
	irq_reset(&card->irq);
	pthread_mutex_lock(&card->lock);
	card->scratch = 0;
	card->timestamp_latch = 0;
	memset(card->stat_latch, 0, sizeof(card->stat_latch));
	pthread_mutex_unlock(&card->lock);
}

void card_function_reset(struct card *card)
{
	card_reset(card);
	pci_reset(&card->pci, card->aperture_size);
	card_set_bus_master(card, false);
}

void card_disconnect(struct card *card)
{
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
	for (unsigned int i = 0; i < PDDGPU_NUM_ENGINES; i++)
		engine_pause(&card->engines[i]);
}

void card_resume(struct card *card)
{
	for (unsigned int i = 0; i < PDDGPU_NUM_ENGINES; i++)
		engine_resume(&card->engines[i]);
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

bool card_take_hang(struct card *card, unsigned int engine)
{
	uint32_t bit = BIT(engine);

	/* Plain loads first: this runs once a packet. */
	if (!((card->hang | card->host_hang) & bit))
		return false;
	return atomic_fetch_and(&card->hang, ~bit) & bit ||
	       atomic_fetch_and(&card->host_hang, ~bit) & bit;
}
