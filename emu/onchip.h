/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * DOC: On-chip heaps
 *
 * Memory beside VRAM that only packets reach: by addresses of VMID 0, or by
 * offsets in the window that a VMID has of a heap.  It is there as long as the
 * card is, so pointers into it outlive everything.
 */
#ifndef EMU_ONCHIP_H
#define EMU_ONCHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bits.h"

/**
 * struct onchip - the heaps, indexed by PDDGPU_ONCHIP_*
 * @pages: size of each, 0 if there is none
 * @heap: memory of each
 * @window: what each VMID may use, as PDDGPU_REG_ONCHIP_WINDOW; valid, or 0
 *
 * Windows are written by engines and by resets, and read at any time.
 */
struct onchip {
	uint32_t pages[PDDGPU_NUM_ONCHIP];
	uint8_t *heap[PDDGPU_NUM_ONCHIP];
	_Atomic uint32_t window[PDDGPU_NUM_VMIDS][PDDGPU_NUM_ONCHIP];
};

/**
 * onchip_create() - Make the heaps, zeroed
 * @onchip: zeroed memory
 * @pages: size of each, at most PDDGPU_ONCHIP_PAGES_MAX
 *
 * Return: 0 or -ENOMEM.
 */
int onchip_create(struct onchip *onchip, const uint32_t pages[PDDGPU_NUM_ONCHIP]);

/**
 * onchip_release() - Free the heaps
 * @onchip: heaps that nobody uses
 */
void onchip_release(struct onchip *onchip);

/**
 * onchip_reset() - Take all windows away, as a reset of the card does
 * @onchip: the heaps; what is in them stays
 */
void onchip_reset(struct onchip *onchip);

/**
 * onchip_forget() - Fill the heaps with noise
 * @onchip: the heaps; no engine is running
 * @noise: for noise_next()
 */
void onchip_forget(struct onchip *onchip, uint64_t *noise);

/**
 * onchip_set_windows() - Give a VMID its windows
 * @onchip: the heaps
 * @vmid: 1..15
 * @windows: one a heap
 *
 * Return: false, with nothing changed, if one reaches beyond its heap.
 */
bool onchip_set_windows(struct onchip *onchip, unsigned int vmid,
			const uint32_t windows[PDDGPU_NUM_ONCHIP]);

/**
 * onchip_at_address() - Find what VMID 0 sees at an address
 * @onchip: the heaps
 * @va: address
 * @size: set to the bytes from there to the end of the heap
 *
 * Return: a pointer, or NULL if no heap is there.
 */
uint8_t *onchip_at_address(const struct onchip *onchip, uint64_t va, size_t *size);

/**
 * onchip_in_window() - Find what a VMID sees of a heap
 * @onchip: the heaps
 * @vmid: 0..15
 * @heap: PDDGPU_ONCHIP_*
 * @offset: byte offset in the window
 * @size: bytes
 *
 * Return: a pointer, or NULL if not all of it lies in the window.
 */
uint8_t *onchip_in_window(const struct onchip *onchip, unsigned int vmid, unsigned int heap,
			  uint64_t offset, uint64_t size);

#endif
