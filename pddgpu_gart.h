/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _PDDGPU_GART_H_
#define _PDDGPU_GART_H_

#include <linux/types.h>

#include <drm/ttm/ttm_caching.h>

struct pddgpu_device;
struct ttm_tt;

/**
 * struct pddgpu_gart - the flat table that maps the GTT aperture for VMID 0
 *
 * The first PDDGPU_GART_WINDOW_PAGES entries are the copy engine's window: rewritten by
 * packets in the stream of the move that uses them, so the in-order engine
 * needs no lock.  The rest is handed out by the GTT manager and written by the
 * CPU through BAR0.
 */
struct pddgpu_gart {
	/** @table_addr: VRAM byte address of the table, reserved in the manager */
	u64 table_addr;
	/** @num_entries: entries, one a 4 KiB page of aperture */
	u32 num_entries;
};

/* Aperture size: the table takes 1/512 of it in VRAM. */
#define PDDGPU_GART_PAGES	65536	/* 256 MiB */
/* The copy window; one is enough, for the other end of a move is in VRAM. */
#define PDDGPU_GART_WINDOW_PAGES	1024	/* 4 MiB */

/**
 * pddgpu_gart_init() - Reserve, clear and switch on the table
 * @pdev: the card; registers, BAR0 mapping and VRAM manager are up
 *
 * Return: 0, or the error of reserving VRAM for the table.
 */
int pddgpu_gart_init(struct pddgpu_device *pdev);

/**
 * pddgpu_gart_restart() - Switch the table on again after a reset
 * @pdev: the card; it answers
 *
 * Return: false, with nothing done, if VRAM has lost its contents.
 */
bool pddgpu_gart_restart(struct pddgpu_device *pdev);

/* Table, and a page behind it that tells whether VRAM is what it was */
#define PDDGPU_GART_BYTES	(PDDGPU_GART_PAGES * sizeof(u64) + PAGE_SIZE)

/**
 * pddgpu_gart_save() - Copy what the card has of the table
 * @pdev: the card
 * @to: PDDGPU_GART_BYTES
 */
void pddgpu_gart_save(struct pddgpu_device *pdev, void *to);

/**
 * pddgpu_gart_restore() - Undo what the card has forgotten
 * @pdev: the card
 * @from: from pddgpu_gart_save()
 */
void pddgpu_gart_restore(struct pddgpu_device *pdev, const void *from);

/**
 * pddgpu_gart_bind() - Map pages into the aperture
 * @pdev: the card
 * @first: first aperture page, from the GTT manager
 * @tt: populated pages with DMA addresses; all of them are mapped
 *
 * Writes the entries and invalidates VMID 0's TLB once.  Does nothing when the
 * card is gone.
 */
void pddgpu_gart_bind(struct pddgpu_device *pdev, u64 first, struct ttm_tt *tt);

/**
 * pddgpu_gart_unbind() - Make aperture pages invalid
 * @pdev: the card
 * @first: first aperture page
 * @num_pages: pages
 */
void pddgpu_gart_unbind(struct pddgpu_device *pdev, u64 first, u64 num_pages);

/**
 * pddgpu_gart_pte() - What an entry for a system page holds
 * @caching: of the page
 * @addr: DMA address, page aligned
 *
 * Cached pages are snooped.
 *
 * Return: a valid, readable and writable PTE for system memory.
 */
u64 pddgpu_gart_pte(enum ttm_caching caching, dma_addr_t addr);

#endif
