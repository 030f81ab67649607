/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices of a partition that master memory: silenced when it stops, let go
 * when it starts. On PCI the function itself is told to be silent (PCI Local
 * Bus Specification, command register), so that what it was told to copy in
 * an earlier life comes neither while its partition starts nor after, until
 * a driver has taken it in hand; the SMMU holds back what does not obey.
 */
#include "arm64.h"
#include "smmu.h"

#define FUNCTION_COUNT 256u /* of one bus */
#define VENDOR_NONE 0xffffu
#define COMMAND 4u
#define COMMAND_MASTER (1u << 2)

static void function_silence(pa_t config, uint32_t requester)
{
	volatile uint16_t *command = ecam_at(config, requester, COMMAND);

	if (*(volatile uint16_t *)ecam_at(config, requester, 0) != VENDOR_NONE)
		*command = (uint16_t)(*command & ~COMMAND_MASTER);
}

/* Another partition drives it by itself. */
static bool is_given(pa_t config, uint32_t requester)
{
	for (uint32_t p = 0; plan.pci && plan.pci->config.v == config.v && p < plan.partition_count; p++)
		for (uint32_t i = 0; i < plan.partitions[p].function_count; i++)
			if (plan.partitions[p].functions[i].requester == requester)
				return true;
	return false;
}

void arch_dma_block(const struct plan_partition *partition)
{
	pa_t config = partition->arch->pci_config;

	for (uint32_t i = 0; config.v && i < FUNCTION_COUNT; i++)
		if (!is_given(config, i))
			function_silence(config, i);
	smmu_block(partition);
}

void arch_dma_allow(const struct plan_partition *partition)
{
	smmu_allow(partition);
}
