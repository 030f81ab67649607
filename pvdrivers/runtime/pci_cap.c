/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capabilities of a function, and the reset that two of them offer. The list is the function's word: it is followed for
 * no more steps than it can have entries.
 */

#include <rt/sysreg.h>
#include <rt/timer.h>

#include "pci_bridge.h"

#define STATUS_LIST		(1u << 4)
#define FIRST_OFFSET		0x40u
#define LAST_OFFSET		0xfcu
#define ENTRY_COUNT_MAX		((0x100u - FIRST_OFFSET) / 4)

/* PCI Express capability: device capabilities, control, status. Source of this file: PCI Express base specification, 7.5.3 and 6.6.2 (function
 * level reset), by Linux's pci_regs.h and pci.c; PCI-SIG's engineering change "advanced capabilities for conventional PCI", by the same. */
#define EXP_CAPABILITIES	0x04u
#define EXP_CONTROL		0x08u
#define EXP_STATUS		0x0au
#define EXP_CAN_RESET		(1u << 28)
#define EXP_RESET		(1u << 15)
#define EXP_PENDING		(1u << 5)

/* Advanced features capability of a conventional function. */
#define AF_CAPABILITIES		0x03u
#define AF_CONTROL		0x04u
#define AF_STATUS		0x05u
#define AF_CAN_RESET		(1u << 1)
#define AF_RESET		(1u << 0)
#define AF_PENDING		(1u << 0)

#define MS			1000000ull
#define PENDING_NS		(100 * MS)
#define RESET_NS		(100 * MS)	/* before the first access after a reset */
#define BACK_NS			(1000 * MS)

unsigned pci_capability(const struct pci_device *device, uint8_t id, unsigned after)
{
	unsigned at;

	if (!(pci_read16(device, PCI_STATUS) & STATUS_LIST))
		return 0;
	at = pci_read8(device, after ? after + 1 : PCI_CAPABILITIES) & ~3u;
	for (unsigned step = 0; step < ENTRY_COUNT_MAX && at >= FIRST_OFFSET && at <= LAST_OFFSET; step++) {
		if (pci_read8(device, at) == id)
			return at;
		at = pci_read8(device, at + 1) & ~3u;
	}
	return 0;
}

/* Late ones are lost: they are nobody's now. */
static void wait_clear8(const struct pci_device *device, unsigned at, uint8_t bits)
{
	uint64_t end = time_ns() + PENDING_NS;

	while (pci_read8(device, at) & bits && time_ns() < end)
		cpu_relax();
}

static void pause_ns(uint64_t ns)
{
	uint64_t end = time_ns() + ns;

	while (time_ns() < end)
		cpu_relax();
}

static bool start_reset(const struct pci_device *device)
{
	unsigned at = pci_capability(device, PCI_CAP_EXPRESS, 0);

	if (at && pci_read32(device, at + EXP_CAPABILITIES) & EXP_CAN_RESET) {
		wait_clear8(device, at + EXP_STATUS, EXP_PENDING);
		pci_write16(device, at + EXP_CONTROL, pci_read16(device, at + EXP_CONTROL) | EXP_RESET);
		return true;
	}
	at = pci_capability(device, PCI_CAP_AF, 0);
	if (at && pci_read8(device, at + AF_CAPABILITIES) & AF_CAN_RESET) {
		wait_clear8(device, at + AF_STATUS, AF_PENDING);
		pci_write8(device, at + AF_CONTROL, AF_RESET);
		return true;
	}
	return false;
}

enum pci_error pci_reset(struct pci_device *device)
{
	uint64_t end;

	pci_enable_master(device, false);
	if (!start_reset(device))
		return PCI_ERR_NONE;
	pause_ns(RESET_NS);
	end = time_ns() + BACK_NS;
	while (pci_read16(device, PCI_VENDOR) != device->vendor) {
		if (time_ns() >= end)
			return PCI_ERR_TIMEOUT;
		cpu_relax();
	}
	pci_write16(device, PCI_COMMAND, PCI_COMMAND_NO_INTX);
	pci_bars_restore(device);
	pci_enable_memory(device);
	return PCI_OK;
}
