/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration space of PCI functions in memory (ECAM, PCI Express Base
 * Specification). It must not know registers.
 */
#include "arm64.h"

#define FUNCTION_SHIFT 12u

volatile void *ecam_at(pa_t config, uint32_t requester, uint32_t offset)
{
	return (volatile void *)(config.v + ((uint64_t)requester << FUNCTION_SHIFT) + offset);
}

uint32_t arch_pci_read(uint16_t requester, uint32_t offset)
{
	return *(volatile uint32_t *)ecam_at(plan.pci->config, requester, offset);
}

void arch_pci_write(uint16_t requester, uint32_t offset, uint16_t value)
{
	*(volatile uint16_t *)ecam_at(plan.pci->config, requester, offset) = value;
}

void arch_pci_write_word(uint16_t requester, uint32_t offset, uint32_t value)
{
	*(volatile uint32_t *)ecam_at(plan.pci->config, requester, offset) = value;
}
