/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration space of PCI functions in memory (ECAM, PCI Express Base
 * Specification). It must not know registers.
 */
#include "arm64.h"

#define FUNCTION_SHIFT 12u

static uint64_t at(uint16_t requester, uint32_t offset)
{
	return plan.pci->config.v + ((uint64_t)requester << FUNCTION_SHIFT) + offset;
}

uint32_t arch_pci_read(uint16_t requester, uint32_t offset)
{
	return *(volatile uint32_t *)at(requester, offset);
}

void arch_pci_write(uint16_t requester, uint32_t offset, uint16_t value)
{
	*(volatile uint16_t *)at(requester, offset) = value;
}

void arch_pci_write_word(uint16_t requester, uint32_t offset, uint32_t value)
{
	*(volatile uint32_t *)at(requester, offset) = value;
}
