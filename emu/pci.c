// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/pci_regs.h>
#include <string.h>

#include "card.h"
#include "log.h"
#include "pci.h"

#define CAP_PM		0x40
#define CAP_MSIX	0x50
#define CAP_EXP		0x60

#define SUBSYSTEM_ID	0x0001
#define MSIX_TABLE_SIZE	(PDDGPU_NUM_IRQS * PCI_MSIX_ENTRY_SIZE)

/* A 16 GT/s x16 link, which nothing limits. */
#define LINK_SPEED	4
#define LINK_WIDTH	16

static void put16(uint8_t *bytes, uint32_t at, uint16_t value)
{
	bytes[at] = value & 0xff;
	bytes[at + 1] = value >> 8;
}

static void put32(uint8_t *bytes, uint32_t at, uint32_t value)
{
	put16(bytes, at, value & 0xffff);
	put16(bytes, at + 2, value >> 16);
}

static uint16_t get16(const uint8_t *bytes, uint32_t at)
{
	return bytes[at] | bytes[at + 1] << 8;
}

static void reset_header(struct pci *pci)
{
	uint8_t *space = pci->space;

	put16(space, PCI_VENDOR_ID, PDDGPU_PCI_VENDOR_ID);
	put16(space, PCI_DEVICE_ID, PDDGPU_PCI_DEVICE_ID);
	put16(pci->writable, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
	      PCI_COMMAND_PARITY | PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE);
	put16(space, PCI_STATUS, PCI_STATUS_CAP_LIST);
	put32(space, PCI_CLASS_REVISION, PDDGPU_PCI_CLASS << 8 | PDDGPU_PCI_REVISION);
	pci->writable[PCI_CACHE_LINE_SIZE] = 0xff;
	put16(space, PCI_SUBSYSTEM_VENDOR_ID, PDDGPU_PCI_VENDOR_ID);
	put16(space, PCI_SUBSYSTEM_ID, SUBSYSTEM_ID);
	space[PCI_CAPABILITY_LIST] = CAP_PM;
	pci->writable[PCI_INTERRUPT_LINE] = 0xff;
}

/* A BAR's size shows as the address bits that cannot be written. */
static void reset_bars(struct pci *pci, uint64_t aperture_size)
{
	uint64_t mask = ~(aperture_size - 1);

	put32(pci->space, PCI_BASE_ADDRESS_0, PCI_BASE_ADDRESS_MEM_TYPE_64 |
	      PCI_BASE_ADDRESS_MEM_PREFETCH);
	put32(pci->writable, PCI_BASE_ADDRESS_0, (uint32_t)mask);
	put32(pci->writable, PCI_BASE_ADDRESS_1, mask >> 32);
	put32(pci->writable, PCI_BASE_ADDRESS_2, ~(PDDGPU_MMIO_SIZE - 1U));
	put32(pci->writable, PCI_BASE_ADDRESS_4, ~(PCI_MSIX_BAR_SIZE - 1U));
}

static void reset_pm(struct pci *pci)
{
	pci->space[CAP_PM] = PCI_CAP_ID_PM;
	pci->space[CAP_PM + PCI_CAP_LIST_NEXT] = CAP_MSIX;
	put16(pci->space, CAP_PM + PCI_PM_PMC, 3);
	put16(pci->space, CAP_PM + PCI_PM_CTRL, PCI_PM_CTRL_NO_SOFT_RESET);
	put16(pci->writable, CAP_PM + PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK);
}

static void reset_msix(struct pci *pci)
{
	pci->space[CAP_MSIX] = PCI_CAP_ID_MSIX;
	pci->space[CAP_MSIX + PCI_CAP_LIST_NEXT] = CAP_EXP;
	put16(pci->space, CAP_MSIX + PCI_MSIX_FLAGS, PDDGPU_NUM_IRQS - 1);
	put16(pci->writable, CAP_MSIX + PCI_MSIX_FLAGS,
	      PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	put32(pci->space, CAP_MSIX + PCI_MSIX_TABLE, PDDGPU_BAR_MSIX);
	put32(pci->space, CAP_MSIX + PCI_MSIX_PBA, PCI_MSIX_PBA_START | PDDGPU_BAR_MSIX);
}

static void reset_express(struct pci *pci)
{
	uint8_t *space = pci->space, *writable = pci->writable;

	space[CAP_EXP] = PCI_CAP_ID_EXP;
	put16(space, CAP_EXP + PCI_EXP_FLAGS, 2 | PCI_EXP_TYPE_ENDPOINT << 4);
	put32(space, CAP_EXP + PCI_EXP_DEVCAP, PCI_EXP_DEVCAP_RBER | PCI_EXP_DEVCAP_FLR);
	/* Starting a reset is not a bit that stays. */
	put16(writable, CAP_EXP + PCI_EXP_DEVCTL, (uint16_t)~PCI_EXP_DEVCTL_BCR_FLR);
	put16(space, CAP_EXP + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_RELAX_EN |
	      PCI_EXP_DEVCTL_NOSNOOP_EN | PCI_EXP_DEVCTL_READRQ_512B);
	put32(space, CAP_EXP + PCI_EXP_LNKCAP, LINK_SPEED | LINK_WIDTH << 4);
	put16(writable, CAP_EXP + PCI_EXP_LNKCTL, PCI_EXP_LNKCTL_ASPMC | PCI_EXP_LNKCTL_CCC);
	put16(space, CAP_EXP + PCI_EXP_LNKSTA, LINK_SPEED | LINK_WIDTH << 4);
	put32(space, CAP_EXP + PCI_EXP_LNKCAP2, PCI_EXP_LNKCAP2_SLS_2_5GB |
	      PCI_EXP_LNKCAP2_SLS_5_0GB | PCI_EXP_LNKCAP2_SLS_8_0GB |
	      PCI_EXP_LNKCAP2_SLS_16_0GB);
	put16(space, CAP_EXP + PCI_EXP_LNKCTL2, LINK_SPEED);
	put16(writable, CAP_EXP + PCI_EXP_LNKCTL2, PCI_EXP_LNKCTL2_TLS);
}

void pci_reset(struct pci *pci, uint64_t aperture_size)
{
	memset(pci, 0, sizeof(*pci));
	for (unsigned int i = 0; i < PDDGPU_NUM_IRQS; i++)
		pci->msix[i * PCI_MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_VECTOR_CTRL] =
			PCI_MSIX_ENTRY_CTRL_MASKBIT;
	reset_header(pci);
	reset_bars(pci, aperture_size);
	reset_pm(pci);
	reset_msix(pci);
	reset_express(pci);
}

void pci_read(const struct pci *pci, uint32_t offset, uint32_t size, void *to)
{
	memcpy(to, pci->space + offset, size);
}

/* True if the write sets the bit that starts a function-level reset. */
static bool starts_reset(uint32_t offset, uint32_t size, const uint8_t *from)
{
	uint32_t at = CAP_EXP + PCI_EXP_DEVCTL + 1;

	if (at < offset || at - offset >= size)
		return false;
	return from[at - offset] & (PCI_EXP_DEVCTL_BCR_FLR >> 8);
}

void pci_write(struct card *card, uint32_t offset, uint32_t size, const void *from)
{
	struct pci *pci = &card->pci;
	const uint8_t *bytes = from;

	if (starts_reset(offset, size, bytes)) {
		log_info("function-level reset");
		card_function_reset(card);
		return;
	}
	for (uint32_t i = 0; i < size; i++) {
		uint8_t mask = pci->writable[offset + i];
		uint8_t *byte = &pci->space[offset + i];

		*byte = (*byte & ~mask) | (bytes[i] & mask);
	}
	card_set_bus_master(card, get16(pci->space, PCI_COMMAND) & PCI_COMMAND_MASTER);
}

void pci_write_msix(struct pci *pci, uint32_t offset, uint32_t size, const void *from)
{
	const uint8_t *bytes = from;

	for (uint32_t i = 0; i < size && offset + i < MSIX_TABLE_SIZE; i++)
		pci->msix[offset + i] = bytes[i];
}
