// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <string.h>

#include "card.h"
#include "mmu.h"

#define TLB_TAG_VALID		BIT_ULL(63)
#define TLB_TAG_VMID		GENMASK_ULL(62, 56)

#define SMALL_SHIFT		PDDGPU_PT_SHIFT(0)
#define LARGE_SHIFT		PDDGPU_PT_SHIFT(1)
#define LARGE_ADDR		(PDDGPU_PTE_ADDR & ~(BIT_ULL(LARGE_SHIFT) - 1))

#define LEAF_BITS_4K		(PDDGPU_PTE_VALID | PDDGPU_PTE_READ | PDDGPU_PTE_WRITE | \
				 PDDGPU_PTE_SYSTEM | PDDGPU_PTE_SNOOP | PDDGPU_PTE_ADDR)
#define LEAF_BITS_2M		((LEAF_BITS_4K & ~PDDGPU_PTE_ADDR) | PDDGPU_PTE_LEAF | LARGE_ADDR)
#define TABLE_BITS		(PDDGPU_PTE_VALID | PDDGPU_PTE_ADDR)

/* A leaf, wherever it came from. */
struct leaf {
	uint64_t pte;
	unsigned int shift;
};

/* --- TLB ---------------------------------------------------------------- */

static uint64_t tlb_tag(unsigned int vmid, uint64_t page)
{
	return TLB_TAG_VALID | FIELD_PREP(TLB_TAG_VMID, vmid) | page;
}

static const struct tlb_entry *tlb_probe(const struct tlb_entry *set, uint64_t tag)
{
	for (unsigned int i = 0; i < TLB_WAYS; i++)
		if (set[i].tag == tag)
			return &set[i];
	return NULL;
}

static bool tlb_lookup(const struct tlb *tlb, unsigned int vmid, uint64_t va,
		       struct leaf *leaf)
{
	uint64_t small = va >> SMALL_SHIFT, large = va >> LARGE_SHIFT;
	const struct tlb_entry *entry;

	leaf->shift = SMALL_SHIFT;
	entry = tlb_probe(tlb->small[small % TLB_SETS_4K], tlb_tag(vmid, small));
	if (!entry) {
		leaf->shift = LARGE_SHIFT;
		entry = tlb_probe(tlb->large[large % TLB_SETS_2M], tlb_tag(vmid, large));
	}
	if (entry)
		leaf->pte = entry->pte;
	return entry;
}

static void tlb_insert(struct tlb *tlb, unsigned int vmid, uint64_t va,
		       const struct leaf *leaf)
{
	uint64_t page = va >> leaf->shift;
	struct tlb_entry entry = { .tag = tlb_tag(vmid, page), .pte = leaf->pte };

	if (leaf->shift == SMALL_SHIFT) {
		unsigned int set = page % TLB_SETS_4K;

		tlb->small[set][tlb->next_small[set]++ % TLB_WAYS] = entry;
	} else {
		unsigned int set = page % TLB_SETS_2M;

		tlb->large[set][tlb->next_large[set]++ % TLB_WAYS] = entry;
	}
}

static void tlb_drop_entries(struct tlb_entry *entries, unsigned int count, uint32_t vmids)
{
	for (unsigned int i = 0; i < count; i++)
		if (vmids & BIT(FIELD_GET(TLB_TAG_VMID, entries[i].tag)))
			entries[i].tag = 0;
}

void tlb_drop(struct tlb *tlb, uint32_t vmids)
{
	tlb_drop_entries(tlb->small[0], TLB_SETS_4K * TLB_WAYS, vmids);
	tlb_drop_entries(tlb->large[0], TLB_SETS_2M * TLB_WAYS, vmids);
}

/* --- Walks -------------------------------------------------------------- */

/* One table entry; the caller has checked that @at + 8 lies in VRAM. */
static int walk_read(struct mmu_port *port, uint64_t at, uint64_t *entry)
{
	struct inject *inject = &port->card->inject;

	if (port->stats)
		stats_add(port->stats, PDDGPU_STAT_WALK_READS, 1);
	if (inject_armed(inject, INJECT_ECC) && !inject_good_bytes(inject, at, sizeof(*entry)))
		return PDDGPU_ERR_ECC;
	*entry = __atomic_load_n((uint64_t *)(port->card->vram + at), __ATOMIC_ACQUIRE);
	return 0;
}

static bool in_vram(const struct card *card, uint64_t addr, uint64_t size)
{
	return addr <= card->vram_size && size <= card->vram_size - addr;
}

static int leaf_check(const struct card *card, const struct leaf *leaf)
{
	uint64_t bits = leaf->shift == SMALL_SHIFT ? LEAF_BITS_4K : LEAF_BITS_2M;

	if (leaf->pte & ~bits)
		return PDDGPU_ERR_TABLE;
	if (leaf->pte & PDDGPU_PTE_SYSTEM)
		return 0;
	if (!in_vram(card, leaf->pte & PDDGPU_PTE_ADDR, BIT_ULL(leaf->shift)))
		return PDDGPU_ERR_TABLE;
	return 0;
}

static int walk_tables(struct mmu_port *port, unsigned int vmid, uint64_t va,
		       struct leaf *leaf)
{
	uint64_t entry = atomic_load(&port->card->mmu.vmid_base[vmid]);
	int level, err;

	for (level = PDDGPU_PT_LEVELS - 1; ; level--) {
		uint64_t table = entry & PDDGPU_PTE_ADDR;
		uint64_t index = (va >> PDDGPU_PT_SHIFT(level)) % PDDGPU_PT_ENTRIES;

		if (!(entry & PDDGPU_PTE_VALID))
			return PDDGPU_ERR_UNMAPPED;
		if (entry & ~TABLE_BITS || !in_vram(port->card, table, PDDGPU_PT_SIZE))
			return PDDGPU_ERR_TABLE;
		err = walk_read(port, table + index * sizeof(entry), &entry);
		if (err)
			return err;
		if (level == 0 || (level == 1 && entry & PDDGPU_PTE_LEAF))
			break;
	}
	if (!(entry & PDDGPU_PTE_VALID))
		return PDDGPU_ERR_UNMAPPED;
	leaf->pte = entry;
	leaf->shift = PDDGPU_PT_SHIFT(level);
	return leaf_check(port->card, leaf);
}

static int walk_gart(struct mmu_port *port, uint64_t va, struct leaf *leaf)
{
	const struct mmu *mmu = &port->card->mmu;
	uint64_t index = (va - PDDGPU_GART_START) >> SMALL_SHIFT;
	uint64_t at = atomic_load(&mmu->gart_base) + index * sizeof(leaf->pte);
	int err;

	if (index >= atomic_load(&mmu->gart_entries))
		return PDDGPU_ERR_UNMAPPED;
	if (!in_vram(port->card, at, sizeof(leaf->pte)))
		return PDDGPU_ERR_TABLE;
	err = walk_read(port, at, &leaf->pte);
	if (err)
		return err;
	leaf->shift = SMALL_SHIFT;
	if (!(leaf->pte & PDDGPU_PTE_VALID))
		return PDDGPU_ERR_UNMAPPED;
	return leaf_check(port->card, leaf);
}

static int walk(struct mmu_port *port, unsigned int vmid, uint64_t va, struct leaf *leaf)
{
	int err;

	if (vmid == PDDGPU_VMID_KERNEL)
		err = walk_gart(port, va, leaf);
	else
		err = walk_tables(port, vmid, va, leaf);
	if (!err && port->stats)
		stats_add(port->stats, leaf->shift == SMALL_SHIFT ? PDDGPU_STAT_TLB_MISSES_4K :
			  PDDGPU_STAT_TLB_MISSES_2M, 1);
	return err;
}

static int find_leaf(struct mmu_port *port, unsigned int vmid, uint64_t va, struct leaf *leaf)
{
	int err;

	if (port->tlb && tlb_lookup(port->tlb, vmid, va, leaf)) {
		if (port->stats)
			stats_add(port->stats, PDDGPU_STAT_TLB_HITS, 1);
		return 0;
	}
	err = walk(port, vmid, va, leaf);
	if (!err && port->tlb)
		tlb_insert(port->tlb, vmid, va, leaf);
	return err;
}

/* --- Accesses ----------------------------------------------------------- */

static int translate_system(struct card *card, const struct mmu_range *range, uint64_t addr,
			    uint8_t **host, size_t *size)
{
	if (!atomic_load(&card->bus_master))
		return PDDGPU_ERR_BUS;
	if (inject_armed(&card->inject, INJECT_DMA_ERROR) &&
	    inject_take_dma_error(&card->inject))
		return PDDGPU_ERR_BUS;
	*host = dma_host(&card->dma, addr, range->write, size);
	return *host ? 0 : PDDGPU_ERR_BUS;
}

static int translate_page(struct mmu_port *port, const struct mmu_range *range,
			  uint8_t **host, size_t *size)
{
	uint64_t need = range->write ? PDDGPU_PTE_WRITE : PDDGPU_PTE_READ;
	uint64_t offset, addr;
	struct leaf leaf;
	int err;

	err = find_leaf(port, range->vmid, range->va, &leaf);
	if (err)
		return err;
	if (!(leaf.pte & need))
		return PDDGPU_ERR_PERMISSION;
	offset = range->va & (BIT_ULL(leaf.shift) - 1);
	addr = (leaf.pte & PDDGPU_PTE_ADDR) + offset;
	*size = BIT_ULL(leaf.shift) - offset;
	if (leaf.pte & PDDGPU_PTE_SYSTEM)
		return translate_system(port->card, range, addr, host, size);
	*host = port->card->vram + addr;
	return 0;
}

static int translate(struct mmu_port *port, const struct mmu_range *range,
		     uint8_t **host, size_t *size)
{
	const struct card *card = port->card;

	if (range->vmid != PDDGPU_VMID_KERNEL) {
		if (range->va >> PDDGPU_VA_BITS)
			return PDDGPU_ERR_UNMAPPED;
		return translate_page(port, range, host, size);
	}
	if (range->va < card->vram_size) {
		*host = card->vram + range->va;
		*size = card->vram_size - range->va;
		return 0;
	}
	if (range->va < PDDGPU_GART_START)
		return PDDGPU_ERR_UNMAPPED;
	*host = onchip_at_address(&card->onchip, range->va, size);
	if (*host)
		return 0;
	return translate_page(port, range, host, size);
}

static int mmu_fault(struct mmu_port *port, const struct mmu_range *range, uint64_t va, int err)
{
	port->fault_address = va;
	port->fault_write = range->write;
	return err;
}

/* A write that covers a bad page makes it good; a read ends before one. */
static int check_ecc(struct card *card, const struct mmu_range *range, const uint8_t *host,
		     size_t *size)
{
	uint64_t addr;

	/* The windows of guest memory are other mappings. */
	if (host < card->vram || host >= card->vram + card->vram_size)
		return 0;
	addr = (uint64_t)(host - card->vram);
	if (range->write)
		inject_heal(&card->inject, addr, *size);
	else
		*size = inject_good_bytes(&card->inject, addr, *size);
	return *size ? 0 : PDDGPU_ERR_ECC;
}

int mmu_translate(struct mmu_port *port, const struct mmu_range *range,
		  uint8_t **host, size_t *size)
{
	struct card *card = port->card;
	int err = translate(port, range, host, size);

	if (!err && *size > range->size)
		*size = range->size;
	if (!err && inject_armed(&card->inject, INJECT_ECC))
		err = check_ecc(card, range, *host, size);
	return err ? mmu_fault(port, range, range->va, err) : 0;
}

int mmu_check_range(struct mmu_port *port, const struct mmu_range *range)
{
	uint64_t end = BIT_ULL(PDDGPU_VA_BITS);

	if (range->va > end)
		return mmu_fault(port, range, range->va, PDDGPU_ERR_UNMAPPED);
	if (range->size > end - range->va)
		return mmu_fault(port, range, end, PDDGPU_ERR_UNMAPPED);
	return 0;
}

int mmu_read(struct mmu_port *port, const struct mmu_range *range, void *to)
{
	struct mmu_range rest = *range;
	uint8_t *out = to, *host;
	size_t size;
	int err;

	for (; rest.size; rest.size -= size, rest.va += size, out += size) {
		err = mmu_translate(port, &rest, &host, &size);
		if (err)
			return err;
		memcpy(out, host, size);
	}
	return 0;
}

int mmu_write(struct mmu_port *port, const struct mmu_range *range, const void *from)
{
	struct mmu_range rest = *range;
	const uint8_t *in = from;
	uint8_t *host;
	size_t size;
	int err;

	for (; rest.size; rest.size -= size, rest.va += size, in += size) {
		err = mmu_translate(port, &rest, &host, &size);
		if (err)
			return err;
		memcpy(host, in, size);
	}
	return 0;
}
