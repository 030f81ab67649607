/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host bridge and its bus: configuration space by ECAM, and one scan that leaves every function idle. It must not
 * know windows, interrupts or drivers beyond what pci_bridge.h says of them.
 */

#include <rt/dma.h>
#include <rt/mmio.h>
#include <rt/tree.h>

#include "pci_bridge.h"

#define SLOT_COUNT		32u
#define FUNCTION_COUNT		8u
#define FUNCTION_BYTES		0x1000ull
#define REACH			(1ull << 39)	/* what a unikernel maps */

#define HEADER_MULTI		0x80u
#define HEADER_KIND		0x7fu
#define CLASS_BRIDGE		0x06u
#define COMMAND_QUIET		PCI_COMMAND_NO_INTX

static struct pci_device devices[PCI_DEVICE_COUNT];
static unsigned count;

uint8_t pci_read8(const struct pci_device *device, unsigned at)
{
	return mmio_read8(device->config + at);
}

uint16_t pci_read16(const struct pci_device *device, unsigned at)
{
	return mmio_read16(device->config + at);
}

uint32_t pci_read32(const struct pci_device *device, unsigned at)
{
	return mmio_read32(device->config + at);
}

void pci_write8(const struct pci_device *device, unsigned at, uint8_t value)
{
	mmio_write8(device->config + at, value);
}

void pci_write16(const struct pci_device *device, unsigned at, uint16_t value)
{
	mmio_write16(device->config + at, value);
}

void pci_write32(const struct pci_device *device, unsigned at, uint32_t value)
{
	mmio_write32(device->config + at, value);
}

unsigned pci_count(void)
{
	return count;
}

struct pci_device *pci_get(unsigned n)
{
	return n < count ? &devices[n] : NULL;
}

struct pci_device *pci_find(uint16_t vendor, uint16_t id, unsigned nth)
{
	for (unsigned i = 0; i < count; i++) {
		if (devices[i].vendor == vendor && devices[i].device == id && !nth--)
			return &devices[i];
	}
	return NULL;
}

struct pci_device *pci_find_class(uint32_t class, unsigned nth)
{
	for (unsigned i = 0; i < count; i++) {
		if (devices[i].class == class && !nth--)
			return &devices[i];
	}
	return NULL;
}

void pci_enable_memory(struct pci_device *device)
{
	pci_write16(device, PCI_COMMAND, pci_read16(device, PCI_COMMAND) | PCI_COMMAND_MEMORY);
}

void pci_enable_master(struct pci_device *device, bool on)
{
	uint16_t command = pci_read16(device, PCI_COMMAND);

	pci_write16(device, PCI_COMMAND, (uint16_t)(on ? command | PCI_COMMAND_MASTER : command & ~PCI_COMMAND_MASTER));
}

/* A function that answers is written down, idle. Bridges are left as they are: nothing behind one is used. */
static void take_function(int node, uint64_t config, unsigned slot, unsigned function)
{
	struct pci_device *device = &devices[count];

	*device = (struct pci_device){ .config = config, .slot = (uint8_t)slot, .function = (uint8_t)function };
	device->vendor = pci_read16(device, PCI_VENDOR);
	device->device = pci_read16(device, PCI_DEVICE);
	device->class = pci_read32(device, PCI_CLASS) >> 8;
	if (device->class >> 16 == CLASS_BRIDGE || pci_read8(device, PCI_HEADER_TYPE) & HEADER_KIND)
		return;
	pci_write16(device, PCI_COMMAND, COMMAND_QUIET);
	device->pin = pci_read8(device, PCI_INTERRUPT_PIN);
	device->irq = pci_route_pin(node, device);
	pci_bars_place(device);
	count++;
}

static void scan_slot(int node, uint64_t config, unsigned slot)
{
	unsigned functions = 1;

	for (unsigned function = 0; function < functions && count < PCI_DEVICE_COUNT; function++) {
		uint64_t at = config + function * FUNCTION_BYTES;

		if (mmio_read16(at + PCI_VENDOR) == 0xffff)
			continue;
		if (!function && mmio_read8(at + PCI_HEADER_TYPE) & HEADER_MULTI)
			functions = FUNCTION_COUNT;
		take_function(node, at, slot, function);
	}
}

/* Rings and buffers are shared with devices without cache maintenance: the bridge must say that this is right. */
static bool is_coherent(int node)
{
	return fdt_getprop(tree_blob(), node, "dma-coherent", NULL) != NULL;
}

enum pci_error pci_init(void)
{
	static bool done;
	int node = tree_find("pci-host-ecam-generic");
	const uint64_t bus_bytes = SLOT_COUNT * FUNCTION_COUNT * FUNCTION_BYTES;
	struct tree_range ecam;
	enum pci_error error;

	if (done)
		return PCI_OK;
	if (node < 0)
		return PCI_ERR_NONE;
	if (!tree_reg(node, 0, &ecam) || ecam.size < bus_bytes || ecam.base > REACH - bus_bytes || !is_coherent(node) || !dma_init(node))
		return PCI_ERR_TREE;
	error = pci_windows_init(node);
	if (error)
		return error;
	for (unsigned slot = 0; slot < SLOT_COUNT; slot++)
		scan_slot(node, ecam.base + slot * FUNCTION_COUNT * FUNCTION_BYTES, slot);
	done = true;
	return PCI_OK;
}
