/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts of PCI functions: messages where somebody takes them, or else the pin, which several functions may share.
 * A pin that nobody silences is turned off, so that a broken device costs its neighbours their interrupts but not the
 * CPU. It must not know drivers but by their handlers.
 */

#include <stdio.h>

#include <rt/irq.h>
#include <rt/mmio.h>
#include <rt/tree.h>

#include "pci_bridge.h"

/* MSI-X capability and table; PCI Local Bus Specification 3.0, 6.8.2. Linux's pci_regs.h has the same. And of MSI, 6.8.1, its control. */
#define MSIX_CONTROL		0x02u
#define MSIX_TABLE		0x04u
#define MSIX_ENABLE		(1u << 15)
#define MSIX_MASK_ALL		(1u << 14)
#define MSIX_SIZE		0x7ffu
#define ENTRY_BYTES		16u
#define ENTRY_ADDRESS		0u
#define ENTRY_DATA		8u
#define ENTRY_CONTROL		12u
#define ENTRY_MASK		1u
#define MSI_CONTROL		0x02u
#define MSI_ENABLE		(1u << 0)

#define STRAY_COUNT_MAX		1000u	/* in a row */
#define ROW_CELLS_MAX		16u

struct user {
	const struct pci_device *device;
	pci_irq_t call;
	void *arg;
};

/* By interrupt: one of a message, and those that share a pin. */
static struct user message_users[IRQ_COUNT];
static struct user pin_users[PCI_DEVICE_COUNT * 2];
static bool is_pin_lost[IRQ_COUNT];	/* turned off, because nobody silenced it */
static unsigned stray_row;
static uint64_t stray_count;

uint64_t pci_irq_strays(void)
{
	return stray_count;
}

static void take_message(unsigned irq, void *arg)
{
	(void)arg;
	if (message_users[irq].call)
		message_users[irq].call(message_users[irq].arg);
}

static void take_pin(unsigned irq, void *arg)
{
	bool wanted = false;

	(void)arg;
	for (unsigned i = 0; i < sizeof(pin_users) / sizeof(pin_users[0]); i++) {
		const struct user *user = &pin_users[i];

		if (user->device && user->device->irq == (int)irq && user->call(user->arg))
			wanted = true;
	}
	if (wanted) {
		stray_row = 0;
		return;
	}
	stray_count++;
	if (++stray_row < STRAY_COUNT_MAX)
		return;
	stray_row = 0;
	printf("interrupt %u: no PCI function owns up to it: disabled\n", irq);
	is_pin_lost[irq] = true;
	irq_disable(irq);
}

bool pci_irq_is_lost(const struct pci_device *device)
{
	return !device->vector_count && device->irq >= 0 && is_pin_lost[device->irq];
}

/* ---- messages ---- */

static void write_entry(const struct pci_device *device, unsigned n, const struct pci_message *message)
{
	uint64_t at = device->msix_table + n * ENTRY_BYTES;

	mmio_write32(at + ENTRY_ADDRESS, (uint32_t)message->address);
	mmio_write32(at + ENTRY_ADDRESS + 4, (uint32_t)(message->address >> 32));
	mmio_write32(at + ENTRY_DATA, message->data);
	mmio_write32(at + ENTRY_CONTROL, 0);
}

/* Entries that we do not use send nothing, whatever somebody else left in them. */
static void mask_others(const struct pci_device *device, unsigned from, unsigned size)
{
	for (unsigned n = from; n < size; n++)
		mmio_write32(device->msix_table + n * ENTRY_BYTES + ENTRY_CONTROL, ENTRY_MASK);
}

/* Messages stay with their function for good: a driver that attaches again gets the same. */
static bool alloc_messages(struct pci_device *device, unsigned count)
{
	for (; device->message_count < count; device->message_count++) {
		if (!msi_alloc(&device->message[device->message_count]))
			return device->message_count > 0;
	}
	return true;
}

static unsigned attach_messages(struct pci_device *device, const pci_irq_t *handler, unsigned count, void *arg)
{
	unsigned at = pci_capability(device, PCI_CAP_MSIX, 0);
	uint16_t control;
	uint32_t table;

	if (!at)
		return 0;
	control = pci_read16(device, at + MSIX_CONTROL);
	table = pci_read32(device, at + MSIX_TABLE);
	if (count > (control & MSIX_SIZE) + 1u)
		count = (control & MSIX_SIZE) + 1u;
	device->msix_table = pci_bar_at(device, table & 7, table & ~7u, ENTRY_BYTES * ((control & MSIX_SIZE) + 1u));
	if (!device->msix_table || !alloc_messages(device, count))
		return 0;
	if (count > device->message_count)
		count = device->message_count;
	pci_write16(device, at + MSIX_CONTROL, (uint16_t)((control & ~MSIX_SIZE) | MSIX_ENABLE | MSIX_MASK_ALL));
	for (unsigned n = 0; n < count; n++) {
		const struct pci_message *given = &device->message[n];

		message_users[given->irq] = (struct user){ device, handler[n], arg };
		irq_set_edge(given->irq, true);
		irq_set_handler(given->irq, take_message, NULL);
		irq_enable(given->irq);
		write_entry(device, n, given);
	}
	mask_others(device, count, (control & MSIX_SIZE) + 1u);
	pci_write16(device, at + MSIX_CONTROL, (uint16_t)((control & ~MSIX_SIZE & ~MSIX_MASK_ALL) | MSIX_ENABLE));
	return count;
}

/* ---- the pin ---- */

static const fdt32_t *find_prop(int node, const char *name, unsigned *cells)
{
	int size = 0;
	const fdt32_t *prop = node < 0 ? NULL : fdt_getprop(tree_blob(), node, name, &size);

	*cells = prop ? (unsigned)size / 4 : 0;
	return prop;
}

static unsigned one_cell(int node, const char *name)
{
	unsigned cells;
	const fdt32_t *prop = find_prop(node, name, &cells);

	return cells == 1 ? fdt32_to_cpu(*prop) : 0;
}

/* Cells of a row behind the child's four: the parent's phandle, its address, its interrupt. 0: no such parent. */
static unsigned parent_cells(const fdt32_t *row, unsigned *address_cells)
{
	int parent = fdt_node_offset_by_phandle(tree_blob(), fdt32_to_cpu(row[PCI_ADDRESS_CELLS + 1]));
	unsigned interrupt_cells = one_cell(parent, "#interrupt-cells");

	*address_cells = one_cell(parent, "#address-cells");
	if (interrupt_cells < 3 || interrupt_cells + *address_cells > ROW_CELLS_MAX)
		return 0;
	return 1 + *address_cells + interrupt_cells;
}

static bool row_matches(const fdt32_t *row, const fdt32_t *mask, const uint32_t want[PCI_ADDRESS_CELLS + 1])
{
	for (unsigned i = 0; i <= PCI_ADDRESS_CELLS; i++) {
		uint32_t bits = fdt32_to_cpu(mask[i]);

		if ((fdt32_to_cpu(row[i]) & bits) != (want[i] & bits))
			return false;
	}
	return true;
}

int pci_route_pin(int node, const struct pci_device *device)
{
	const uint32_t want[] = { (uint32_t)device->slot << 11 | (uint32_t)device->function << 8, 0, 0, device->pin };
	unsigned left, mask_cells, address_cells;
	const fdt32_t *row = find_prop(node, "interrupt-map", &left);
	const fdt32_t *mask = find_prop(node, "interrupt-map-mask", &mask_cells);

	if (device->pin < 1 || device->pin > 4 || !row || mask_cells != PCI_ADDRESS_CELLS + 1)
		return -1;
	while (left > PCI_ADDRESS_CELLS + 2) {
		unsigned behind = parent_cells(row, &address_cells);
		const fdt32_t *interrupt = row + PCI_ADDRESS_CELLS + 2 + address_cells;

		if (!behind || left < PCI_ADDRESS_CELLS + 1 + behind)
			return -1;
		if (row_matches(row, mask, want) && !fdt32_to_cpu(interrupt[0]) && fdt32_to_cpu(interrupt[1]) < IRQ_COUNT - 32)
			return (int)fdt32_to_cpu(interrupt[1]) + 32;
		row += PCI_ADDRESS_CELLS + 1 + behind;
		left -= PCI_ADDRESS_CELLS + 1 + behind;
	}
	return -1;
}

static bool add_pin_user(const struct pci_device *device, pci_irq_t call, void *arg)
{
	for (unsigned i = 0; i < sizeof(pin_users) / sizeof(pin_users[0]); i++) {
		if (pin_users[i].device)
			continue;
		pin_users[i] = (struct user){ device, call, arg };
		return true;
	}
	return false;
}

static int attach_pin(struct pci_device *device, const pci_irq_t *handler, unsigned count, void *arg)
{
	unsigned irq = (unsigned)device->irq;

	if (device->irq < 0)
		return PCI_ERR_IRQ;
	irq_disable(irq);
	for (unsigned n = 0; n < count; n++) {
		if (!add_pin_user(device, handler[n], arg))
			return PCI_ERR_IRQ;
	}
	irq_set_handler(irq, take_pin, NULL);
	is_pin_lost[irq] = false;
	pci_write16(device, PCI_COMMAND, (uint16_t)(pci_read16(device, PCI_COMMAND) & ~PCI_COMMAND_NO_INTX));
	irq_enable(irq);
	return 1;
}

int pci_irq_attach(struct pci_device *device, const pci_irq_t *handler, unsigned count, void *arg)
{
	if (count > PCI_VECTOR_COUNT)
		count = PCI_VECTOR_COUNT;
	pci_irq_detach(device);
	device->vector_count = attach_messages(device, handler, count, arg);
	return device->vector_count ? (int)device->vector_count : attach_pin(device, handler, count, arg);
}

enum pci_error pci_irq_attach_pin(struct pci_device *device, pci_irq_t handler, void *arg)
{
	pci_irq_detach(device);
	return attach_pin(device, &handler, 1, arg) < 0 ? PCI_ERR_IRQ : PCI_OK;
}

/* Messages of both kinds: with one of them on, the pin is silent, and both on are undefined (6.8). */
static void disable_messages(const struct pci_device *device)
{
	unsigned msix = pci_capability(device, PCI_CAP_MSIX, 0), msi = pci_capability(device, PCI_CAP_MSI, 0);

	if (msix)
		pci_write16(device, msix + MSIX_CONTROL, (uint16_t)(pci_read16(device, msix + MSIX_CONTROL) & ~MSIX_ENABLE));
	if (msi)
		pci_write16(device, msi + MSI_CONTROL, (uint16_t)(pci_read16(device, msi + MSI_CONTROL) & ~MSI_ENABLE));
}

void pci_irq_detach(struct pci_device *device)
{
	disable_messages(device);
	pci_write16(device, PCI_COMMAND, pci_read16(device, PCI_COMMAND) | PCI_COMMAND_NO_INTX);
	for (unsigned n = 0; n < device->message_count; n++) {
		irq_disable(device->message[n].irq);
		message_users[device->message[n].irq].call = NULL;
	}
	for (unsigned i = 0; i < sizeof(pin_users) / sizeof(pin_users[0]); i++) {
		if (pin_users[i].device == device)
			pin_users[i].device = NULL;	/* one store: the handler may run now */
	}
	device->vector_count = 0;
}
