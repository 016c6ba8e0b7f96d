// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/mm.h>
#include <linux/pfn_t.h>
#include <linux/sched/mm.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_gem_ttm_helper.h>
#include <drm/drm_vma_manager.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_tt.h>

#include "include/uapi/drm/pddgpu_drm.h"
#include "pddgpu_bo.h"
#include "pddgpu_device.h"
#include "pddgpu_mmap.h"
#include "pddgpu_res_cursor.h"
#include "pddgpu_shrinker.h"

/**
 * DOC: CPU mappings
 *
 * Who touches a page of a buffer mostly goes on to the next, and a fault costs more
 * than what it does.  So each maps all that one page table of the CPU holds, 2 MiB,
 * from the page that was touched on: by a single entry if the memory is one block
 * that is aligned alike, which the pool and the VRAM manager see to, else page by
 * page.  A mapping is placed where addresses and memory are aligned alike.
 *
 * The memory of a mapping may move at any time.  TTM takes all entries away then,
 * and the next touch finds out where it is.
 */

static bool pddgpu_mmap_in_vram(struct pddgpu_bo *bo)
{
	return pddgpu_bo_placement(bo) == DRM_PDDGPU_DOMAIN_VRAM;
}

/*
 * As TTM has it, no memory is a SIGBUS, too: for VM_FAULT_OOM the kernel kills
 * nobody, it tries again for ever.
 */
static vm_fault_t pddgpu_mmap_error(int err)
{
	switch (err) {
	case -EINTR:
	case -ERESTARTSYS:
	case -EAGAIN:
		return VM_FAULT_NOPAGE;
	default:
		return VM_FAULT_SIGBUS;
	}
}

/*
 * As TTM waits for moves, if possible without the mmap lock, and with the reservation
 * let go afterwards; but what they came to must be known before anything is mapped.
 */
static vm_fault_t pddgpu_mmap_wait(struct ttm_buffer_object *tbo, struct vm_fault *vmf)
{
	struct dma_resv *resv = tbo->base.resv;
	bool drop_locks = fault_flag_allow_retry_first(vmf->flags);
	long ret;

	if (dma_resv_test_signaled(resv, DMA_RESV_USAGE_KERNEL))
		return 0;
	if (drop_locks && vmf->flags & FAULT_FLAG_RETRY_NOWAIT)
		return VM_FAULT_RETRY;

	if (drop_locks) {
		ttm_bo_get(tbo);
		mmap_read_unlock(vmf->vma->vm_mm);
	}
	ret = dma_resv_wait_timeout(resv, DMA_RESV_USAGE_KERNEL, true, MAX_SCHEDULE_TIMEOUT);
	if (!drop_locks)
		return ret < 0 ? VM_FAULT_NOPAGE : 0;

	dma_resv_unlock(resv);
	ttm_bo_put(tbo);

	return VM_FAULT_RETRY;
}

/*
 * The aperture may be too small, but that is no reason for a SIGBUS: what does
 * not fit into visible VRAM is read and written in GTT.
 */
static vm_fault_t pddgpu_mmap_place(struct pddgpu_bo *bo, struct vm_fault *vmf)
{
	struct ttm_operation_ctx ctx = { .interruptible = true };
	vm_fault_t fault;
	int ret;

	if (pddgpu_mmap_in_vram(bo))
		bo->cpu_faulted = true;

	ret = pddgpu_bo_validate_visible(bo, &ctx);
	if (ret)
		return pddgpu_mmap_error(ret);

	fault = pddgpu_mmap_wait(&bo->tbo, vmf);
	if (fault)
		return fault;
	if (pddgpu_bo_is_lost(bo))
		return VM_FAULT_SIGBUS;

	if (pddgpu_mmap_in_vram(bo))
		return 0;
	ctx.force_alloc = true;
	ret = ttm_tt_populate(bo->tbo.bdev, bo->tbo.ttm, &ctx);
	if (ret)
		return pddgpu_mmap_error(ret);
	pddgpu_shrinker_track(bo);

	return 0;
}

/* --- Entries ----------------------------------------------------------- */

/* Some pages of a buffer that is where the CPU can reach it */
struct pddgpu_mmap_range {
	struct pddgpu_bo *bo;
	struct vm_area_struct *vma;
	unsigned long addr;	/* where to map them */
	pgoff_t page;		/* the first, in the buffer */
	pgoff_t num_pages;
};

static bool pddgpu_mmap_range_init(struct pddgpu_mmap_range *range, struct vm_area_struct *vma,
				   unsigned long addr, unsigned long end)
{
	struct ttm_buffer_object *tbo = vma->vm_private_data;

	*range = (struct pddgpu_mmap_range) {
		.bo = to_pddgpu_bo(tbo),
		.vma = vma,
		.addr = addr,
		.page = vma->vm_pgoff - drm_vma_node_start(&tbo->base.vma_node) +
			((addr - vma->vm_start) >> PAGE_SHIFT),
		.num_pages = (end - addr) >> PAGE_SHIFT,
	};

	return addr >= vma->vm_start && end <= vma->vm_end &&
		range->page + range->num_pages <= PFN_UP(tbo->base.size);
}

/* The process's mapping knows about access, the memory about caching. */
static pgprot_t pddgpu_mmap_prot(const struct pddgpu_mmap_range *range)
{
	struct ttm_buffer_object *tbo = &range->bo->tbo;
	pgprot_t prot = range->vma->vm_page_prot;

	if (pddgpu_mmap_in_vram(range->bo))
		return pgprot_decrypted(pgprot_writecombine(prot));

	return ttm_io_prot(tbo, tbo->resource, prot);
}

static unsigned long pddgpu_mmap_vram_pfn(struct pddgpu_bo *bo,
					  const struct pddgpu_res_cursor *cur)
{
	return (ttm_to_pddgpu(bo->tbo.bdev)->vram.base + cur->addr) >> PAGE_SHIFT;
}

static vm_fault_t pddgpu_mmap_run(struct pddgpu_mmap_range *range, unsigned long pfn,
				  pgoff_t num_pages, pgprot_t prot)
{
	vm_fault_t fault = 0;

	for (; num_pages && !(fault & VM_FAULT_ERROR); num_pages--) {
		fault = vmf_insert_pfn_prot(range->vma, range->addr, pfn++, prot);
		range->addr += PAGE_SIZE;
	}

	return fault & VM_FAULT_ERROR;
}

static void pddgpu_mmap_vram(struct pddgpu_mmap_range *range, pgprot_t prot)
{
	struct pddgpu_bo *bo = range->bo;
	struct pddgpu_res_cursor cur;

	for (pddgpu_res_first(bo->tbo.resource, NULL, (u64)range->page << PAGE_SHIFT,
			      (u64)range->num_pages << PAGE_SHIFT, &cur);
	     cur.remaining; pddgpu_res_next(&cur, cur.size))
		if (pddgpu_mmap_run(range, pddgpu_mmap_vram_pfn(bo, &cur), cur.size >> PAGE_SHIFT,
				    prot))
			return;
}

static void pddgpu_mmap_pages(struct pddgpu_mmap_range *range, pgprot_t prot)
{
	struct page **pages = range->bo->tbo.ttm->pages + range->page;

	for (pgoff_t i = 0; i < range->num_pages; i++)
		if (pddgpu_mmap_run(range, page_to_pfn(pages[i]), 1, prot))
			return;
}

/* If not even the first page gets an entry, its next touch tries again. */
static vm_fault_t pddgpu_mmap_small(struct vm_fault *vmf)
{
	unsigned long addr = vmf->address & PAGE_MASK;
	unsigned long end = min(ALIGN_DOWN(addr, PMD_SIZE) + PMD_SIZE, vmf->vma->vm_end);
	struct pddgpu_mmap_range range;

	if (!pddgpu_mmap_range_init(&range, vmf->vma, addr, end))
		return VM_FAULT_SIGBUS;

	if (pddgpu_mmap_in_vram(range.bo))
		pddgpu_mmap_vram(&range, pddgpu_mmap_prot(&range));
	else
		pddgpu_mmap_pages(&range, pddgpu_mmap_prot(&range));

	return VM_FAULT_NOPAGE;
}

/* --- Huge entries ------------------------------------------------------ */

/* Without a bit that says so, what is mapped would be taken for anybody's pages. */
#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP

/* The first page frame, or 0 if it is not all one piece. */
static unsigned long pddgpu_mmap_vram_block(const struct pddgpu_mmap_range *range)
{
	struct pddgpu_res_cursor cur;

	pddgpu_res_first(range->bo->tbo.resource, NULL, (u64)range->page << PAGE_SHIFT, PMD_SIZE,
			 &cur);

	return cur.size == PMD_SIZE ? pddgpu_mmap_vram_pfn(range->bo, &cur) : 0;
}

static unsigned long pddgpu_mmap_page_block(const struct pddgpu_mmap_range *range)
{
	struct page **pages = range->bo->tbo.ttm->pages + range->page;
	unsigned long pfn = page_to_pfn(pages[0]);

	for (pgoff_t i = 1; i < range->num_pages; i++)
		if (page_to_pfn(pages[i]) != pfn + i)
			return 0;

	return pfn;
}

/* The kernel's huge entries have the attributes of the process's mapping, no others. */
static bool pddgpu_mmap_prot_fits(const struct pddgpu_mmap_range *range)
{
	u64 differ = pgprot_val(pddgpu_mmap_prot(range)) ^ pgprot_val(range->vma->vm_page_prot);

#ifdef CONFIG_X86
	/* But here it keeps track of how memory is cached, and sees to that itself. */
	differ &= ~(u64)_PAGE_CACHE_MASK;
#endif
	return !differ;
}

/*
 * A small fault may have put a page table there since the kernel looked, and the memory
 * may have become one piece after that: the kernel would complain of the table.
 */
static bool pddgpu_mmap_has_table(struct vm_fault *vmf)
{
	pmd_t pmd = READ_ONCE(*vmf->pmd);

	return !pmd_none(pmd) && !pmd_trans_huge(pmd);
}

static vm_fault_t pddgpu_mmap_huge(struct vm_fault *vmf)
{
	unsigned long addr = ALIGN_DOWN(vmf->address, PMD_SIZE), pfn;
	struct pddgpu_mmap_range range;

	if (pddgpu_mmap_has_table(vmf) ||
	    !pddgpu_mmap_range_init(&range, vmf->vma, addr, addr + PMD_SIZE) ||
	    !pddgpu_mmap_prot_fits(&range))
		return VM_FAULT_FALLBACK;

	pfn = pddgpu_mmap_in_vram(range.bo) ? pddgpu_mmap_vram_block(&range) :
							   pddgpu_mmap_page_block(&range);
	if (!pfn || !IS_ALIGNED(pfn, PMD_SIZE >> PAGE_SHIFT))
		return VM_FAULT_FALLBACK;

	return vmf_insert_pfn_pmd(vmf, __pfn_to_pfn_t(pfn, PFN_DEV), vmf->flags & FAULT_FLAG_WRITE);
}

#else

static vm_fault_t pddgpu_mmap_huge(struct vm_fault *vmf)
{
	return VM_FAULT_FALLBACK;
}

#endif

/* --- Faults ------------------------------------------------------------ */

static vm_fault_t pddgpu_mmap_fault_entered(struct pddgpu_bo *bo, struct vm_fault *vmf,
					    unsigned int order)
{
	struct pddgpu_device *pdev = ttm_to_pddgpu(bo->tbo.bdev);
	vm_fault_t fault = pddgpu_mmap_place(bo, vmf);

	if (fault)
		return fault;

	/* Not while a reset makes VRAM swallow what is written to it. */
	down_read(&pdev->cpu_lock);
	fault = order ? pddgpu_mmap_huge(vmf) : VM_FAULT_FALLBACK;
	if (fault & VM_FAULT_FALLBACK)
		fault = pddgpu_mmap_small(vmf);
	up_read(&pdev->cpu_lock);

	return fault;
}

static vm_fault_t pddgpu_mmap_fault_order(struct vm_fault *vmf, unsigned int order)
{
	struct ttm_buffer_object *tbo = vmf->vma->vm_private_data;
	vm_fault_t ret;
	int idx;

	ret = ttm_bo_vm_reserve(tbo, vmf);
	if (ret)
		return ret;

	if (drm_dev_enter(tbo->base.dev, &idx)) {
		ret = pddgpu_mmap_fault_entered(to_pddgpu_bo(tbo), vmf, order);
		drm_dev_exit(idx);
	} else {
		ret = ttm_bo_vm_dummy_page(vmf, vmf->vma->vm_page_prot);
	}

	/* The reservation was let go to wait without the mmap lock. */
	if (ret == VM_FAULT_RETRY && !(vmf->flags & FAULT_FLAG_RETRY_NOWAIT))
		return ret;

	dma_resv_unlock(tbo->base.resv);

	return ret;
}

static vm_fault_t pddgpu_mmap_fault(struct vm_fault *vmf)
{
	return pddgpu_mmap_fault_order(vmf, 0);
}

/*
 * No page table is there yet.  Under the lock of the mapping alone the kernel does not
 * call the function above, but it does this one, and TTM lets go of the other lock.
 */
static vm_fault_t pddgpu_mmap_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	if (order != PMD_ORDER || vmf->flags & FAULT_FLAG_VMA_LOCK)
		return VM_FAULT_FALLBACK;

	return pddgpu_mmap_fault_order(vmf, order);
}

/*
 * A debugger, or a process through /proc/self/mem.  TTM's own waits for no move: in
 * GTT it shows what others left in pages that the copy engine has yet to fill.
 */
static int pddgpu_mmap_access(struct vm_area_struct *vma, unsigned long addr, void *buf, int len,
			      int write)
{
	struct ttm_buffer_object *tbo = vma->vm_private_data;
	u64 first = vma->vm_pgoff - drm_vma_node_start(&tbo->base.vma_node);
	u64 offset = (first << PAGE_SHIFT) + addr - vma->vm_start;
	int ret;

	if (len < 1 || offset + len > tbo->base.size)
		return -EIO;

	ret = ttm_bo_reserve(tbo, true, false, NULL);
	if (ret)
		return ret;

	ret = tbo->bdev->funcs->access_memory(tbo, offset, buf, len, write);
	ttm_bo_unreserve(tbo);

	return ret;
}

const struct vm_operations_struct pddgpu_mmap_vm_ops = {
	.fault = pddgpu_mmap_fault,
	.huge_fault = pddgpu_mmap_huge_fault,
	.open = ttm_bo_vm_open,
	.close = ttm_bo_vm_close,
	.access = pddgpu_mmap_access,
};

/* --- mmap() ------------------------------------------------------------ */

/* Whoever knows the offset has a handle, so the flag is checked here, too. */
int pddgpu_mmap_object(struct drm_gem_object *gem, struct vm_area_struct *vma)
{
	if (gem_to_pddgpu_bo(gem)->flags & DRM_PDDGPU_GEM_NO_CPU_ACCESS)
		return -EINVAL;

	return drm_gem_ttm_mmap(gem, vma);
}

/* Where a buffer's offsets begin is not aligned to anything, so what counts is how far in. */
static unsigned long pddgpu_mmap_page_of(struct drm_device *drm, unsigned long pgoff)
{
	struct drm_vma_offset_node *node;

	drm_vma_offset_lock_lookup(drm->vma_offset_manager);
	node = drm_vma_offset_lookup_locked(drm->vma_offset_manager, pgoff, 1);
	if (node)
		pgoff -= drm_vma_node_start(node);
	drm_vma_offset_unlock_lookup(drm->vma_offset_manager);

	return pgoff;
}

unsigned long pddgpu_mmap_area(struct file *filp, unsigned long addr, unsigned long len,
			       unsigned long pgoff, unsigned long flags)
{
	struct drm_file *file = filp->private_data;

	pgoff = pddgpu_mmap_page_of(file->minor->dev, pgoff);

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	return thp_get_unmapped_area(filp, addr, len, pgoff, flags);
#else
	return mm_get_unmapped_area(current->mm, filp, addr, len, pgoff, flags);
#endif
}
