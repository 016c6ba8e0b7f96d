// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/pci_regs.h>
#include <string.h>

#include "rig.h"

static uint32_t cfg_read(struct rig *rig, uint32_t at, uint32_t size)
{
	uint32_t value = 0;

	pci_read(&rig->card->pci, at, size, &value);
	return value;
}

static void cfg_write(struct rig *rig, uint32_t at, uint32_t size, uint32_t value)
{
	pci_write(rig->card, at, size, &value);
}

/* Offset of a capability, 0 if there is none. */
static uint32_t find_cap(struct rig *rig, uint8_t id)
{
	uint32_t at = cfg_read(rig, PCI_CAPABILITY_LIST, 1);

	for (int i = 0; at && i < 48; i++, at = cfg_read(rig, at + PCI_CAP_LIST_NEXT, 1))
		if (cfg_read(rig, at, 1) == id)
			return at;
	return 0;
}

static void identity(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(cfg_read(rig, PCI_VENDOR_ID, 2), PDDGPU_PCI_VENDOR_ID);
	assert_int_equal(cfg_read(rig, PCI_DEVICE_ID, 2), PDDGPU_PCI_DEVICE_ID);
	assert_int_equal(cfg_read(rig, PCI_CLASS_REVISION, 4),
			 PDDGPU_PCI_CLASS << 8 | PDDGPU_PCI_REVISION);
	assert_int_equal(cfg_read(rig, PCI_HEADER_TYPE, 1), PCI_HEADER_TYPE_NORMAL);
	assert_int_equal(cfg_read(rig, PCI_INTERRUPT_PIN, 1), 0);
	cfg_write(rig, PCI_VENDOR_ID, 4, ~0U);
	assert_int_equal(cfg_read(rig, PCI_VENDOR_ID, 2), PDDGPU_PCI_VENDOR_ID);
}

static void bars_show_their_size(void **state)
{
	struct rig *rig = *state;

	for (unsigned int i = 0; i < 6; i++)
		cfg_write(rig, PCI_BASE_ADDRESS_0 + 4 * i, 4, ~0U);
	assert_int_equal(cfg_read(rig, PCI_BASE_ADDRESS_0, 4),
			 (LO(~(RIG_APERTURE - 1)) | PCI_BASE_ADDRESS_MEM_TYPE_64 |
			  PCI_BASE_ADDRESS_MEM_PREFETCH));
	assert_int_equal(cfg_read(rig, PCI_BASE_ADDRESS_1, 4), ~0U);
	assert_int_equal(cfg_read(rig, PCI_BASE_ADDRESS_2, 4), ~(PDDGPU_MMIO_SIZE - 1U));
	assert_int_equal(cfg_read(rig, PCI_BASE_ADDRESS_3, 4), 0);
	assert_int_equal(cfg_read(rig, PCI_BASE_ADDRESS_4, 4), ~(PCI_MSIX_BAR_SIZE - 1U));
	assert_int_equal(cfg_read(rig, PCI_BASE_ADDRESS_5, 4), 0);
	assert_int_equal(cfg_read(rig, PCI_ROM_ADDRESS, 4), 0);
}

static void bar_bytes_can_be_written_one_by_one(void **state)
{
	struct rig *rig = *state;

	cfg_write(rig, PCI_BASE_ADDRESS_2 + 3, 1, 0xfe);
	cfg_write(rig, PCI_BASE_ADDRESS_2 + 2, 1, 0x81);
	assert_int_equal(cfg_read(rig, PCI_BASE_ADDRESS_2, 4), 0xfe810000);
}

static void capabilities(void **state)
{
	struct rig *rig = *state;
	uint32_t pm = find_cap(rig, PCI_CAP_ID_PM), msix = find_cap(rig, PCI_CAP_ID_MSIX);
	uint32_t exp = find_cap(rig, PCI_CAP_ID_EXP);

	assert_true(cfg_read(rig, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST);
	assert_true(pm && msix && exp);
	assert_int_equal(cfg_read(rig, msix + PCI_MSIX_FLAGS, 2) & PCI_MSIX_FLAGS_QSIZE,
			 PDDGPU_NUM_IRQS - 1);
	assert_int_equal(cfg_read(rig, msix + PCI_MSIX_TABLE, 4), PDDGPU_BAR_MSIX);
	assert_int_equal(cfg_read(rig, msix + PCI_MSIX_PBA, 4),
			 PCI_MSIX_PBA_START | PDDGPU_BAR_MSIX);
	assert_true(cfg_read(rig, exp + PCI_EXP_DEVCAP, 4) & PCI_EXP_DEVCAP_FLR);
	assert_int_equal((cfg_read(rig, exp + PCI_EXP_FLAGS, 2) & PCI_EXP_FLAGS_TYPE) >> 4,
			 PCI_EXP_TYPE_ENDPOINT);
	assert_true(cfg_read(rig, pm + PCI_PM_CTRL, 2) & PCI_PM_CTRL_NO_SOFT_RESET);
}

static void power_state_keeps_registers(void **state)
{
	struct rig *rig = *state;
	uint32_t ctrl = find_cap(rig, PCI_CAP_ID_PM) + PCI_PM_CTRL;

	rig_write(rig, PDDGPU_REG_SCRATCH, 7);
	cfg_write(rig, ctrl, 2, 3);
	assert_int_equal(cfg_read(rig, ctrl, 2) & PCI_PM_CTRL_STATE_MASK, 3);
	cfg_write(rig, ctrl, 2, 0);
	assert_int_equal(rig_read(rig, PDDGPU_REG_SCRATCH), 7);
}

static void command_register_switches_bus_mastering(void **state)
{
	struct rig *rig = *state;

	cfg_write(rig, PCI_COMMAND, 2, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY);
	assert_true(rig->card->bus_master);
	assert_int_equal(cfg_read(rig, PCI_COMMAND, 2), PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY);
	cfg_write(rig, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	assert_false(rig->card->bus_master);
}

static void flr_resets_configuration_space(void **state)
{
	struct rig *rig = *state;
	uint32_t ctl = find_cap(rig, PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL;
	static struct pci fresh;

	pci_reset(&fresh, RIG_APERTURE);
	cfg_write(rig, PCI_COMMAND, 2, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY);
	cfg_write(rig, PCI_BASE_ADDRESS_2, 4, 0xfe800000);
	cfg_write(rig, PCI_INTERRUPT_LINE, 1, 11);
	rig->card->vram[RIG_DATA] = 0x5a;
	rig_write(rig, PDDGPU_REG_SCRATCH, 7);
	cfg_write(rig, ctl, 2, cfg_read(rig, ctl, 2) | PCI_EXP_DEVCTL_BCR_FLR);
	assert_memory_equal(&rig->card->pci, &fresh, sizeof(fresh));
	assert_false(rig->card->bus_master);
	assert_int_equal(rig_read(rig, PDDGPU_REG_SCRATCH), 0);
	assert_int_equal(rig->card->vram[RIG_DATA], 0x5a);
}

static void flr_by_a_byte_write(void **state)
{
	struct rig *rig = *state;
	uint32_t ctl = find_cap(rig, PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL;

	rig_write(rig, PDDGPU_REG_SCRATCH, 7);
	cfg_write(rig, ctl, 1, 0xff);
	assert_int_equal(rig_read(rig, PDDGPU_REG_SCRATCH), 7);
	cfg_write(rig, ctl + 1, 1, PCI_EXP_DEVCTL_BCR_FLR >> 8);
	assert_int_equal(rig_read(rig, PDDGPU_REG_SCRATCH), 0);
}

static void msix_table_starts_masked_and_pba_is_read_only(void **state)
{
	struct rig *rig = *state;
	struct pci *pci = &rig->card->pci;
	uint8_t ones[PCI_MSIX_BAR_SIZE];

	for (unsigned int i = 0; i < PDDGPU_NUM_IRQS; i++)
		assert_int_equal(pci->msix[i * PCI_MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_VECTOR_CTRL],
				 PCI_MSIX_ENTRY_CTRL_MASKBIT);
	memset(ones, 0xff, sizeof(ones));
	pci_write_msix(pci, 0, sizeof(ones), ones);
	assert_int_equal(pci->msix[0], 0xff);
	assert_int_equal(pci->msix[PDDGPU_NUM_IRQS * PCI_MSIX_ENTRY_SIZE - 1], 0xff);
	assert_int_equal(pci->msix[PDDGPU_NUM_IRQS * PCI_MSIX_ENTRY_SIZE], 0);
	assert_int_equal(pci->msix[PCI_MSIX_PBA_START], 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(identity),
		TEST(bars_show_their_size),
		TEST(bar_bytes_can_be_written_one_by_one),
		TEST(capabilities),
		TEST(power_state_keeps_registers),
		TEST(command_register_switches_bus_mastering),
		TEST(flr_resets_configuration_space),
		TEST(flr_by_a_byte_write),
		TEST(msix_table_starts_masked_and_pba_is_read_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
