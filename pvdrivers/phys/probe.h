/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHYS_PROBE_H
#define PHYS_PROBE_H

/*
 * The drivers, to probe.c alone: each looks at a function, and gives a device with its controller quiesced, or NULL.
 */

#include "phys.h"

struct blk_device *virtio_blk_probe(struct pci_device *pci);
struct blk_device *nvme_probe(struct pci_device *pci);
struct blk_device *sdhci_probe(struct pci_device *pci);
struct nic_device *virtio_net_probe(struct pci_device *pci);
struct nic_device *e1000e_probe(struct pci_device *pci);

#endif
