/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef EMU_PCI_H
#define EMU_PCI_H

#include <stdbool.h>
#include <stdint.h>

struct card;

#define PCI_SPACE_SIZE		4096
#define PCI_MSIX_BAR_SIZE	4096
#define PCI_MSIX_PBA_START	0x800

/**
 * struct pci - configuration space and the MSI-X table
 * @space: bytes as they read
 * @writable: bits that a write changes
 * @msix: BAR4; the VMM keeps a table of its own, this is only memory
 *
 * Protocol thread only.
 */
struct pci {
	uint8_t space[PCI_SPACE_SIZE];
	uint8_t writable[PCI_SPACE_SIZE];
	uint8_t msix[PCI_MSIX_BAR_SIZE];
};

/**
 * pci_reset() - Bring configuration space to power-on state
 * @pci: the space
 * @aperture_size: bytes of BAR0, a power of two
 */
void pci_reset(struct pci *pci, uint64_t aperture_size);

/**
 * pci_read() - Read configuration space
 * @pci: the space
 * @offset: first byte
 * @size: bytes; @offset + @size is at most PCI_SPACE_SIZE
 * @to: where to
 */
void pci_read(const struct pci *pci, uint32_t offset, uint32_t size, void *to);

/**
 * pci_write() - Write configuration space
 * @card: the card, which follows the bus master bit and a function-level reset
 * @offset: first byte
 * @size: bytes; @offset + @size is at most PCI_SPACE_SIZE
 * @from: what
 */
void pci_write(struct card *card, uint32_t offset, uint32_t size, const void *from);

/**
 * pci_write_msix() - Write BAR4
 * @pci: the space
 * @offset: first byte
 * @size: bytes; @offset + @size is at most PCI_MSIX_BAR_SIZE
 * @from: what; only the table takes it
 */
void pci_write_msix(struct pci *pci, uint32_t offset, uint32_t size, const void *from);

#endif
