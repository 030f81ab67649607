/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCI host bridges and the functions that the board is known to have behind
 * them: child nodes as the PCI bus binding (IEEE 1275) has them, whose `reg`
 * tells place and size of each base address register. It must not know who
 * gets what.
 */
#include "board_node.h"

#include <stdio.h>
#include <string.h>

/* The first cell of a PCI address. */
#define SPACE(high) ((high) >> 24 & 3u)
enum { SPACE_IO = 1, SPACE_MEMORY32 = 2, SPACE_MEMORY64 = 3, PREFETCHABLE = 1 << 30, BAR_FIRST = 0x10, FUNCTION_CELLS = 5 };
#define PAGE 4096ull

static void add_irq(struct board_device *d, const uint32_t interrupt[3])
{
	struct board_irq irq = { interrupt[1] + (interrupt[0] == 0 ? 32 : 16), (interrupt[2] & 3) != 0, interrupt[0] == 0 };

	for (uint32_t i = 0; i < d->irq_count; i++)
		if (d->irq[i].intid == irq.intid)
			return;
	if (d->irq_count < BOARD_DEVICE_IRQ_MAX)
		d->irq[d->irq_count++] = irq;
}

/* A host bridge's interrupts stand in its map: child's address and pin, the controller, its address, three cells. */
static void read_interrupt_map(const struct board *board, struct board_device *d)
{
	int size;
	const fdt32_t *map = fdt_getprop(board->fdt, d->node, "interrupt-map", &size);

	for (int count = map ? size / 4 : 0; count > BOARD_PCI_CHILD_CELLS && d->pci_irq_count < BOARD_PCI_IRQ_MAX;) {
		struct board_pci_irq *irq = &d->pci_irq[d->pci_irq_count];
		int gic = fdt_node_offset_by_phandle(board->fdt, fdt32_to_cpu(map[BOARD_PCI_CHILD_CELLS])), addresses, cells;
		const fdt32_t *property = gic < 0 ? NULL : fdt_getprop(board->fdt, gic, "#address-cells", NULL);

		addresses = property && fdt32_to_cpu(*property) <= 2 ? (int)fdt32_to_cpu(*property) : 0;
		cells = BOARD_PCI_CHILD_CELLS + 1 + addresses + 3;
		if (gic < 0 || cells > count)
			return;
		for (int i = 0; i < BOARD_PCI_CHILD_CELLS; i++)
			irq->child[i] = fdt32_to_cpu(map[i]);
		for (int i = 0; i < 3; i++)
			irq->interrupt[i] = fdt32_to_cpu(map[cells - 3 + i]);
		add_irq(d, irq->interrupt);
		d->pci_irq_count++;
		map += cells;
		count -= cells;
	}
}

/* Windows onto PCI memory, as the CPU sees them: entries of `ranges` with 3 + 2 + 2 cells, whose space is memory. */
void board_read_bridge(const struct board *board, struct board_device *d)
{
	int size;
	const fdt32_t *ranges = fdt_getprop(board->fdt, d->node, "ranges", &size);

	d->is_pci = true;
	for (; ranges && size >= 28 && d->reg_count < BOARD_DEVICE_REG_MAX; ranges += 7, size -= 28)
		if (SPACE(fdt32_to_cpu(ranges[0])) >= SPACE_MEMORY32) {
			struct range window = { node_cells(ranges + 3, 2), node_cells(ranges + 5, 2) };

			d->window[d->reg_count] = (struct board_window){ node_cells(ranges + 1, 2), range_end(window) };
			d->reg[d->reg_count++] = window;
		}
	read_interrupt_map(board, d);
}

static uint64_t align_down(uint64_t value, uint64_t to)
{
	return value & ~(to - 1);
}

/* From the end of the first window that has room, on a border of the BAR's own size, in pages that it shares with nobody. */
static void place_bar(struct board_device *bridge, struct board_bar *bar)
{
	uint64_t size = bar->size > PAGE ? bar->size : PAGE;

	for (uint32_t r = 1; r < bridge->reg_count && !bar->place.size; r++) {
		uint64_t base = bridge->reg[r].base, last = bridge->window[r].end, bus;

		if (last < base || last - base < size)
			continue;
		bus = align_down(bridge->window[r].bus + (last - size - base), size);
		if (bus < bridge->window[r].bus || (!bar->is_wide && bus + size > 1ull << 32))
			continue;
		bar->bus = bus;
		bar->place = (struct range){ bus - bridge->window[r].bus + base, size };
		bridge->window[r].end = bar->place.base;
	}
}

/* One entry of `reg` behind the first: a base address register, its kind and its size. */
static void read_bar(struct board_device *bridge, struct board_device *d, const fdt32_t *entry)
{
	uint32_t high = fdt32_to_cpu(entry[0]), at = high & 0xff;
	struct board_bar *bar = &d->bars[d->bar_count];
	bool is_good = at >= BAR_FIRST && at % 4 == 0 && (at - BAR_FIRST) / 4 < BOARD_BAR_MAX;

	if (SPACE(high) == SPACE_IO || d->bar_count == BOARD_BAR_MAX)
		return;
	*bar = (struct board_bar){ .index = (at - BAR_FIRST) / 4, .is_wide = SPACE(high) == SPACE_MEMORY64, .is_prefetchable = high & PREFETCHABLE,
				   .size = node_cells(entry + 3, 2) };
	if (!is_good || SPACE(high) < SPACE_MEMORY32 || !bar->size || (bar->size & (bar->size - 1)) || bar->size > BAR_BYTES_MAX) {
		d->is_odd = true;
		return;
	}
	place_bar(bridge, bar);
	d->bar_count++;
	if (bar->place.size)
		d->reg[d->reg_count++] = bar->place;
}

static void read_identity(const struct board *board, struct board_device *d)
{
	unsigned vendor = 0, device = 0;

	d->is_odd |= sscanf(node_string(board->fdt, d->node, "compatible", ""), "pci%4x,%4x", &vendor, &device) != 2;
	d->vendor = vendor;
	d->device = device;
	d->vector_count = node_number(board->fdt, d->node, "bulkhead,msi-vectors", 0);
	d->is_polled = fdt_getprop(board->fdt, d->node, "bulkhead,polled", NULL) && !d->vector_count;
	d->qemu_device = node_string(board->fdt, d->node, "bulkhead,qemu-device", "");
}

/* Which frame of a GICv2m the bridge's `msi-parent` names; <region, offset> of the function's `bulkhead,msix-table`. */
static void read_frame(const struct board *board, struct board_device *d)
{
	int size, parent = fdt_node_offset_by_phandle(board->fdt, node_number(board->fdt, d->bridge->node, "msi-parent", 0));
	const fdt32_t *table = fdt_getprop(board->fdt, d->node, "bulkhead,msix-table", &size);

	d->has_frame = board->frame.is_there && parent == board->frame.node;
	d->table_bar = BOARD_BAR_MAX;
	if (!table || size != 8)
		return;
	d->table_bar = fdt32_to_cpu(table[0]);
	d->table_offset = fdt32_to_cpu(table[1]);
}

/* <requester, ITS, DeviceID, count> of the bridge's `msi-map`. */
static void read_messages(const struct board *board, struct board_device *d)
{
	int size;
	const fdt32_t *map = fdt_getprop(board->fdt, d->bridge->node, "msi-map", &size);

	for (; map && size >= 16; map += 4, size -= 16) {
		uint32_t first = fdt32_to_cpu(map[0]);

		if (fdt_node_offset_by_phandle(board->fdt, fdt32_to_cpu(map[1])) != board->its.node || !board->its.is_there || d->requester < first ||
		    d->requester - first >= fdt32_to_cpu(map[3]))
			continue;
		d->message_id = fdt32_to_cpu(map[2]) + d->requester - first;
		d->has_messages = true;
	}
}

static void read_function(struct board *board, struct board_device *bridge, int node)
{
	int size;
	const fdt32_t *reg = fdt_getprop(board->fdt, node, "reg", &size);
	struct board_device *d = reg && size >= FUNCTION_CELLS * 4 ? board_new_device(board, node) : NULL;

	if (!d)
		return;
	d->bridge = bridge;
	d->is_bus_master = true;
	d->requester = fdt32_to_cpu(reg[0]) >> 8 & 0xffff;
	d->is_odd = SPACE(fdt32_to_cpu(reg[0])) != 0;
	read_identity(board, d);
	for (size -= FUNCTION_CELLS * 4; size >= FUNCTION_CELLS * 4; size -= FUNCTION_CELLS * 4)
		read_bar(bridge, d, reg += FUNCTION_CELLS);
	read_messages(board, d);
	read_frame(board, d);
	if (d->requester >= bridge->requester && d->requester - bridge->requester < bridge->stream_count) {
		d->stream = bridge->stream + d->requester - bridge->requester;
		d->stream_count = 1;
	}
	board->device_count++;
}

void board_read_functions(struct board *board, struct board_device *bridge)
{
	int node;

	fdt_for_each_subnode(node, board->fdt, bridge->node)
		if (strcmp(node_string(board->fdt, node, "status", "okay"), "disabled") != 0)
			read_function(board, bridge, node);
}
