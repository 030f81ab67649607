/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Base address registers: how large, and where. Places come from the bridge's `ranges`, upwards, never given back. Only
 * memory is used; no device that has a driver needs I/O ports.
 */

#include <rt/tree.h>

#include "pci_bridge.h"

#define WINDOW_COUNT	8u
#define REACH		(1ull << 39)	/* what a unikernel maps */
#define BELOW_4G	(1ull << 32)

/* The first cell of a PCI address in `ranges` (IEEE 1275 PCI bus binding): space code, prefetchable. */
#define SPACE_SHIFT	24u
#define SPACE_MASK	3u
#define SPACE_MEMORY32	2u
#define SPACE_MEMORY64	3u

#define BAR_IO		(1u << 0)
#define BAR_KIND	(3u << 1)
#define BAR_64		(2u << 1)
#define BAR_FLAGS	0xfu

struct window {
	uint64_t bus;		/* its next free address, as BARs say it */
	uint64_t here;		/* the same address as the CPU says it */
	uint64_t bytes;		/* left */
};

static struct window windows[WINDOW_COUNT];
static unsigned window_count;

static void add_window(uint32_t flags, struct window window)
{
	uint32_t space = flags >> SPACE_SHIFT & SPACE_MASK;

	if (space != SPACE_MEMORY32 && space != SPACE_MEMORY64)
		return;
	if (window.here >= REACH || window.bytes > REACH - window.here || window_count == WINDOW_COUNT)
		return;
	windows[window_count++] = window;
}

enum pci_error pci_windows_init(int node)
{
	const void *blob = tree_blob();
	int size = 0;
	int outer = fdt_address_cells(blob, fdt_parent_offset(blob, node));
	const fdt32_t *cells = fdt_getprop(blob, node, "ranges", &size);
	const unsigned row = PCI_ADDRESS_CELLS + (unsigned)outer + 2;

	if (!cells || outer < 1 || outer > 2 || fdt_size_cells(blob, node) != 2 || fdt_address_cells(blob, node) != (int)PCI_ADDRESS_CELLS)
		return PCI_ERR_TREE;
	for (; (unsigned)size >= row * 4; size -= (int)(row * 4), cells += row) {
		const fdt32_t *here = cells + PCI_ADDRESS_CELLS;

		add_window(fdt32_to_cpu(cells[0]), (struct window){
			.bus = pci_read_cells(cells + 1, 2),
			.here = pci_read_cells(here, (unsigned)outer),
			.bytes = pci_read_cells(here + outer, 2),
		});
	}
	return window_count ? PCI_OK : PCI_ERR_TREE;
}

/* A piece of `bytes`, a power of two, on its own border. */
static bool take_place(uint64_t bytes, bool wide, uint64_t *bus, uint64_t *here)
{
	for (unsigned i = 0; i < window_count; i++) {
		struct window *window = &windows[i];
		uint64_t skip = -window->bus & (bytes - 1);

		if (skip > window->bytes || bytes > window->bytes - skip)
			continue;
		if (!wide && window->bus + skip + bytes > BELOW_4G)
			continue;
		*bus = window->bus + skip;
		*here = window->here + skip;
		window->bus += skip + bytes;
		window->here += skip + bytes;
		window->bytes -= skip + bytes;
		return true;
	}
	return false;
}

/* All ones are written, and what stays zero tells the size; PCI Local Bus Specification, base addresses. */
static uint64_t measure(const struct pci_device *device, unsigned n, bool wide)
{
	uint64_t mask;

	pci_write32(device, PCI_BAR(n), UINT32_MAX);
	mask = pci_read32(device, PCI_BAR(n)) & ~BAR_FLAGS;
	if (wide) {
		pci_write32(device, PCI_BAR(n + 1), UINT32_MAX);
		mask |= (uint64_t)pci_read32(device, PCI_BAR(n + 1)) << 32;
	} else if (mask) {
		mask |= 0xffffffffull << 32;
	}
	return mask & -mask;	/* the lowest bit that can be set */
}

static void write_bar(const struct pci_device *device, unsigned n, uint64_t bus, bool wide)
{
	pci_write32(device, PCI_BAR(n), (uint32_t)bus);
	if (wide)
		pci_write32(device, PCI_BAR(n + 1), (uint32_t)(bus >> 32));
}

void pci_bars_place(struct pci_device *device)
{
	pci_write32(device, PCI_ROM, 0);	/* where firmware left it, it could answer in a BAR's place */
	for (unsigned n = 0; n < PCI_BAR_COUNT; n++) {
		uint32_t kind = pci_read32(device, PCI_BAR(n));
		bool wide = !(kind & BAR_IO) && (kind & BAR_KIND) == BAR_64 && n + 1 < PCI_BAR_COUNT;
		struct pci_bar *bar = &device->bar[n];
		uint64_t bytes;

		if (kind & BAR_IO)
			continue;
		bytes = measure(device, n, wide);
		device->bar_bus[n] = 0;
		if (bytes && take_place(bytes, wide, &device->bar_bus[n], &bar->base))
			bar->size = bytes;
		write_bar(device, n, device->bar_bus[n], wide);
		n += wide;
	}
}

void pci_bars_restore(const struct pci_device *device)
{
	for (unsigned n = 0; n < PCI_BAR_COUNT; n++) {
		if (device->bar[n].base)
			write_bar(device, n, device->bar_bus[n], (pci_read32(device, PCI_BAR(n)) & BAR_KIND) == BAR_64);
	}
}

uint64_t pci_bar_at(const struct pci_device *device, unsigned bar, uint64_t offset, uint64_t bytes)
{
	if (bar >= PCI_BAR_COUNT || !device->bar[bar].base)
		return 0;
	if (offset > device->bar[bar].size || bytes > device->bar[bar].size - offset)
		return 0;
	return device->bar[bar].base + offset;
}
