// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/io-64-nonatomic-lo-hi.h>

#include <drm/drm_drv.h>
#include <drm/ttm/ttm_tt.h>

#include "pddgpu_device.h"
#include "pddgpu_gart.h"

#define PDDGPU_GART_ENTRY_SIZE	sizeof(u64)
/* The bottom of VRAM is visible on any card. */
#define PDDGPU_GART_TABLE_ADDR	0
#define PDDGPU_GART_MARK	0x5641524d20495321ULL

static void __iomem *pddgpu_gart_entry(struct pddgpu_device *pdev, u64 page)
{
	return pdev->vram.io + pdev->gart.table_addr + page * PDDGPU_GART_ENTRY_SIZE;
}

static void pddgpu_gart_flush(struct pddgpu_device *pdev)
{
	/* Entries must have left the write-combining buffers before the card walks. */
	wmb();
	pddgpu_write(pdev, PDDGPU_REG_TLB_INVALIDATE, BIT(PDDGPU_VMID_KERNEL));
}

static void pddgpu_gart_enable(struct pddgpu_device *pdev)
{
	pddgpu_write64(pdev, PDDGPU_REG_GART_BASE_LO, pdev->gart.table_addr);
	pddgpu_write(pdev, PDDGPU_REG_GART_ENTRIES, pdev->gart.num_entries);
}

int pddgpu_gart_init(struct pddgpu_device *pdev)
{
	struct pddgpu_gart *gart = &pdev->gart;
	u64 size = PDDGPU_GART_BYTES;
	int ret;

	if (size > pdev->vram.visible)
		return -ENOSPC;

	gart->table_addr = PDDGPU_GART_TABLE_ADDR;
	gart->num_entries = PDDGPU_GART_PAGES;
	ret = pddgpu_vram_mgr_reserve(&pdev->vram_mgr, gart->table_addr, size);
	if (ret)
		return ret;

	memset_io(pddgpu_gart_entry(pdev, 0), 0, size);
	writeq(PDDGPU_GART_MARK, pddgpu_gart_entry(pdev, PDDGPU_GART_PAGES));
	pddgpu_gart_enable(pdev);
	pddgpu_gart_flush(pdev);
	return 0;
}

bool pddgpu_gart_restart(struct pddgpu_device *pdev)
{
	if (readq(pddgpu_gart_entry(pdev, PDDGPU_GART_PAGES)) != PDDGPU_GART_MARK)
		return false;

	pddgpu_gart_enable(pdev);
	pddgpu_gart_flush(pdev);
	return true;
}

void pddgpu_gart_save(struct pddgpu_device *pdev, void *to)
{
	memcpy_fromio(to, pddgpu_gart_entry(pdev, 0), PDDGPU_GART_BYTES);
}

void pddgpu_gart_restore(struct pddgpu_device *pdev, const void *from)
{
	memcpy_toio(pddgpu_gart_entry(pdev, 0), from, PDDGPU_GART_BYTES);
}

void pddgpu_gart_bind(struct pddgpu_device *pdev, u64 first, struct ttm_tt *tt)
{
	int idx;

	if (!drm_dev_enter(&pdev->drm, &idx))
		return;

	for (u32 i = 0; i < tt->num_pages; i++)
		writeq(pddgpu_gart_pte(tt->caching, tt->dma_address[i]),
		       pddgpu_gart_entry(pdev, first + i));
	pddgpu_gart_flush(pdev);
	drm_dev_exit(idx);
}

void pddgpu_gart_unbind(struct pddgpu_device *pdev, u64 first, u64 num_pages)
{
	int idx;

	if (!drm_dev_enter(&pdev->drm, &idx))
		return;

	memset_io(pddgpu_gart_entry(pdev, first), 0, num_pages * PDDGPU_GART_ENTRY_SIZE);
	pddgpu_gart_flush(pdev);
	drm_dev_exit(idx);
}

u64 pddgpu_gart_pte(enum ttm_caching caching, dma_addr_t addr)
{
	u64 pte = addr | PDDGPU_PTE_VALID | PDDGPU_PTE_READ | PDDGPU_PTE_WRITE | PDDGPU_PTE_SYSTEM;

	if (caching == ttm_cached)
		pte |= PDDGPU_PTE_SNOOP;
	return pte;
}
