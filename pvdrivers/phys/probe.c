/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every driver is asked in turn; the first that knows the function has it.
 */

#include <stddef.h>

#include "probe.h"

static struct blk_device *(*const disks[])(struct pci_device *pci) = {
	virtio_blk_probe,
	nvme_probe,
	sdhci_probe,
};

struct blk_device *phys_probe_blk(struct pci_device *pci)
{
	struct blk_device *device = NULL;

	for (size_t i = 0; !device && i < sizeof(disks) / sizeof(disks[0]); i++)
		device = disks[i](pci);
	return device;
}

static struct nic_device *(*const cards[])(struct pci_device *pci) = {
	virtio_net_probe,
	e1000e_probe,
};

struct nic_device *phys_probe_nic(struct pci_device *pci)
{
	struct nic_device *device = NULL;

	for (size_t i = 0; !device && i < sizeof(cards) / sizeof(cards[0]); i++)
		device = cards[i](pci);
	return device;
}
