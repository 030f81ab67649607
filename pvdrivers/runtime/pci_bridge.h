/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RT_PCI_BRIDGE_H
#define RT_PCI_BRIDGE_H

/*
 * What the files of PCI tell one another, inside the runtime only.
 */

#include <libfdt.h>

#include <rt/pci.h>

#define PCI_ADDRESS_CELLS	3u

/* Places BARs in the windows of the bridge `node`. Then: learns a function's BARs, with its decoding off, and gives them
 * places; writes them again after a reset. */
enum pci_error pci_windows_init(int node);
void pci_bars_place(struct pci_device *device);
void pci_bars_restore(const struct pci_device *device);

/* The interrupt that the bridge `node` makes of a function's pin; -1: none. */
int pci_route_pin(int node, const struct pci_device *device);

/* A message that raises an interrupt of its own, which is handed out once. False: the interrupt controller takes no
 * messages from devices, or they are all used. */
bool msi_alloc(struct pci_message *message);

static inline uint64_t pci_read_cells(const fdt32_t *cells, unsigned count)
{
	uint64_t value = 0;

	while (count--)
		value = value << 32 | fdt32_to_cpu(*cells++);
	return value;
}

#endif
