// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "noise.h"
#include "onchip.h"

static size_t heap_bytes(const struct onchip *onchip, unsigned int heap)
{
	return (size_t)onchip->pages[heap] * PDDGPU_ONCHIP_PAGE;
}

int onchip_create(struct onchip *onchip, const uint32_t pages[PDDGPU_NUM_ONCHIP])
{
	for (unsigned int h = 0; h < PDDGPU_NUM_ONCHIP; h++) {
		if (!pages[h])
			continue;
		onchip->heap[h] = calloc(pages[h], PDDGPU_ONCHIP_PAGE);
		if (!onchip->heap[h]) {
			onchip_release(onchip);
			return -ENOMEM;
		}
		onchip->pages[h] = pages[h];
	}
	return 0;
}

void onchip_release(struct onchip *onchip)
{
	for (unsigned int h = 0; h < PDDGPU_NUM_ONCHIP; h++)
		free(onchip->heap[h]);
}

void onchip_reset(struct onchip *onchip)
{
	for (unsigned int v = 0; v < PDDGPU_NUM_VMIDS; v++)
		for (unsigned int h = 0; h < PDDGPU_NUM_ONCHIP; h++)
			atomic_store(&onchip->window[v][h], 0);
}

void onchip_forget(struct onchip *onchip, uint64_t *noise)
{
	for (unsigned int h = 0; h < PDDGPU_NUM_ONCHIP; h++) {
		uint64_t *words = (uint64_t *)onchip->heap[h];

		for (size_t i = 0; i < heap_bytes(onchip, h) / sizeof(*words); i++)
			words[i] = noise_next(noise);
	}
}

static bool window_valid(const struct onchip *onchip, unsigned int heap, uint32_t window)
{
	return FIELD_GET(PDDGPU_ONCHIP_WINDOW_BASE, window) +
	       FIELD_GET(PDDGPU_ONCHIP_WINDOW_PAGES, window) <= onchip->pages[heap];
}

bool onchip_set_windows(struct onchip *onchip, unsigned int vmid,
			const uint32_t windows[PDDGPU_NUM_ONCHIP])
{
	for (unsigned int h = 0; h < PDDGPU_NUM_ONCHIP; h++)
		if (!window_valid(onchip, h, windows[h]))
			return false;
	for (unsigned int h = 0; h < PDDGPU_NUM_ONCHIP; h++)
		atomic_store(&onchip->window[vmid][h], windows[h]);
	return true;
}

uint8_t *onchip_at_address(const struct onchip *onchip, uint64_t va, size_t *size)
{
	for (unsigned int h = 0; h < PDDGPU_NUM_ONCHIP; h++) {
		uint64_t start = PDDGPU_ONCHIP_START(h);

		if (va < start || va - start >= heap_bytes(onchip, h))
			continue;
		*size = heap_bytes(onchip, h) - (va - start);
		return onchip->heap[h] + (va - start);
	}
	return NULL;
}

uint8_t *onchip_in_window(const struct onchip *onchip, unsigned int vmid, unsigned int heap,
			  uint64_t offset, uint64_t size)
{
	uint32_t window = atomic_load(&onchip->window[vmid][heap]);
	uint64_t bytes = FIELD_GET(PDDGPU_ONCHIP_WINDOW_PAGES, window) *
			 (uint64_t)PDDGPU_ONCHIP_PAGE;

	if (offset > bytes || size > bytes - offset)
		return NULL;
	return onchip->heap[heap] + offset +
	       FIELD_GET(PDDGPU_ONCHIP_WINDOW_BASE, window) * (uint64_t)PDDGPU_ONCHIP_PAGE;
}
