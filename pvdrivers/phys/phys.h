/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHYS_PHYS_H
#define PHYS_PHYS_H

/*
 * Which driver serves a PCI function. Probing leaves the hardware idle: reset() of the device makes it work.
 */

#include <rt/pci.h>

struct blk_device;
struct nic_device;

/** A device for this function, with its controller quiesced; NULL: no driver of this kind knows it, or memory is short.
 *  Devices are never given back. */
struct blk_device *phys_probe_blk(struct pci_device *pci);
struct nic_device *phys_probe_nic(struct pci_device *pci);

#endif
