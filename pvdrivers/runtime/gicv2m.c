/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv2m: a frame that turns a device's write into an SPI. Which SPIs are its own it says itself, or the device tree says
 * it in its place. Binding: arm,gic-v2m-frame.
 */

#include <rt/dma.h>
#include <rt/irq.h>
#include <rt/mmio.h>
#include <rt/tree.h>

#include "pci_bridge.h"

#define MSI_TYPER	0x008u
#define MSI_SETSPI_NS	0x040u

static struct {
	uint64_t address;	/* of MSI_SETSPI_NS, on the bus */
	unsigned next;
	unsigned end;
	bool known;
} frame;

static uint32_t number(int node, const char *name, uint32_t otherwise)
{
	int size = 0;
	const fdt32_t *cell = fdt_getprop(tree_blob(), node, name, &size);

	return cell && size == 4 ? fdt32_to_cpu(*cell) : otherwise;
}

static void find_frame(void)
{
	int node = tree_find("arm,gic-v2m-frame");
	struct tree_range regs;
	uint32_t typer;

	frame.known = true;
	if (node < 0 || !tree_reg(node, 0, &regs) || !dma_map((const void *)(uintptr_t)(regs.base + MSI_SETSPI_NS), 4, &frame.address))
		return;
	typer = mmio_read32(regs.base + MSI_TYPER);
	frame.next = number(node, "arm,msi-base-spi", typer >> 16 & 0x3ff);
	frame.end = frame.next + number(node, "arm,msi-num-spis", typer & 0x3ff);
	if (frame.next < 32 || frame.next > IRQ_COUNT)
		frame.end = frame.next;
	if (frame.end > IRQ_COUNT)
		frame.end = IRQ_COUNT;
}

bool msi_alloc(struct pci_message *message)
{
	if (!frame.known)
		find_frame();
	if (frame.next >= frame.end)
		return false;
	*message = (struct pci_message){ .address = frame.address, .data = frame.next, .irq = frame.next };
	frame.next++;
	return true;
}
