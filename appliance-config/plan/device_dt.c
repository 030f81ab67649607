/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes of passed-through devices, as the board has them, without what a
 * guest does not have: hardware outside of the partition. It must not know
 * what a device is.
 */
#include "dt.h"

#include "function.h"

#include <string.h>

/* Properties that name other nodes, and so hardware that a guest does not have. */
static const char *const references[] = {
	"interrupts-extended", "dmas", "resets", "power-domains", "phys", "pinctrl-0", "assigned-clocks", "msi-parent",
	"gpios", "reset-gpios", "phy-handle", "interconnects", "mboxes", "hwlocks", "nvmem-cells", "memory-region",
};

static bool is_reference(const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < COUNT_OF(references); i++)
		if (strcmp(references[i], name) == 0)
			return true;
	return length > 7 && strcmp(name + length - 7, "-supply") == 0;
}

static void refuse(struct dt *dt, int node, const char *property, const char *why)
{
	if (dt->part->dtb_error)
		return;
	dt->part->dtb_error = mem_format("%s: property %s %s", fdt_get_name(dt->board->fdt, node, NULL), property, why);
	dt->part->dtb_device = dt->device;
}

/* Of a PCI host bridge: written anew, or about message-signalled interrupts, which lead out of the partition. */
static const char *const pci_own[] = { "interrupt-map", "dma-ranges", "msi-map", "msi-parent", "iommu-map", "iommu-map-mask" };

static bool is_bridge(const struct dt *dt)
{
	return dt->device && dt->device->is_pci;
}

static bool is_pci_own(const struct dt *dt, const char *name)
{
	for (size_t i = 0; is_bridge(dt) && i < COUNT_OF(pci_own); i++)
		if (strcmp(pci_own[i], name) == 0)
			return true;
	return is_bridge(dt) && bridge_apart(dt->model, dt->device) && strcmp(name, "ranges") == 0;
}

static void copy_property(struct dt *dt, int node, const char *name, const void *value, int size)
{
	if (strncmp(name, "bulkhead,", 9) == 0 || strcmp(name, "interrupt-parent") == 0 || strcmp(name, "iommus") == 0 || is_pci_own(dt, name))
		return;
	if (is_reference(name))
		refuse(dt, node, name, "names hardware that stays outside of the partition");
	dt_put(dt, name, value, (size_t)size);
}

/* The board's interrupt map with the guest's controller in place of the board's, whose address has two cells. */
static void put_interrupt_map(struct dt *dt, const struct board_device *device)
{
	enum { CHILD = BOARD_PCI_CHILD_CELLS, OUT = CHILD + 1 + 2 + 3 };
	uint32_t *cells = mem_get((device->pci_irq_count + 1) * OUT * sizeof(*cells)), count = 0;

	for (uint32_t i = 0; i < device->pci_irq_count; i++) {
		const struct board_pci_irq *irq = &device->pci_irq[i];

		memcpy(&cells[count], irq->child, sizeof(irq->child));
		count += CHILD;
		cells[count++] = dt_gic_phandle(dt);
		cells[count++] = 0;
		cells[count++] = 0;
		memcpy(&cells[count], irq->interrupt, sizeof(irq->interrupt));
		count += 3;
	}
	if (count)
		dt_put_cells(dt, "interrupt-map", cells, count);
}

/* Without an IOMMU a device must be given physical addresses: those of the partition's RAM, and of what its windows show. */
void dt_put_dma_ranges(struct dt *dt)
{
	const struct model *model = dt->model;
	uint32_t *cells = mem_get((1 + VDEV_MAX) * 7 * sizeof(*cells)), count = 0;

	for (uint32_t i = 0; i <= model->window_count; i++) {
		const struct io_window *w = i ? &model->windows[i - 1] : NULL;
		uint64_t pa = w ? part_shown_pa(&model->parts[w->front]) : dt->part->ram.base;
		uint64_t ipa = w ? w->ipa : GUEST_RAM, size = w ? w->size : dt->part->memory;
		const uint32_t range[] = { 0x43000000, HIGH(pa), LOW(pa), HIGH(ipa), LOW(ipa), HIGH(size), LOW(size) };

		if (w && w->back != dt->part->index)
			continue;
		memcpy(&cells[count], range, sizeof(range));
		count += COUNT_OF(range);
	}
	dt_put_cells(dt, "dma-ranges", cells, count);
}

/* Windows of a bus, without what functions that others have take of them. */
static void put_ranges(struct dt *dt, const struct board_device *bridge)
{
	int size;
	const fdt32_t *board = fdt_getprop(dt->board->fdt, bridge->node, "ranges", &size);
	uint32_t *cells = mem_get((uint32_t)size + sizeof(*cells)), count = (uint32_t)size / 4, r = 1;

	for (uint32_t i = 0; i < count; i++)
		cells[i] = fdt32_to_cpu(board[i]);
	for (uint32_t i = 0; i + 7 <= count && r < bridge->reg_count; i += 7) {
		uint64_t left = device_range(dt->model, bridge, r).size;

		if (!(cells[i] & 0x02000000))
			continue;
		cells[i + 5] = HIGH(left);
		cells[i + 6] = LOW(left);
		r++;
	}
	dt_put_cells(dt, "ranges", cells, count);
}

static void copy_node(struct dt *dt, int node, const char *path)
{
	int property, child, size;
	const char *name;

	dt_begin(dt, fdt_get_name(dt->board->fdt, node, NULL));
	if (is_bridge(dt) && node == dt->device->node) {
		put_interrupt_map(dt, dt->device);
		if (!device_is_confined(dt->model, dt->device))
			dt_put_dma_ranges(dt);
		if (bridge_apart(dt->model, dt->device))
			put_ranges(dt, dt->device);
	}
	fdt_for_each_property_offset(property, dt->board->fdt, node)
	{
		const void *value = fdt_getprop_by_offset(dt->board->fdt, property, &name, &size);

		if (value)
			copy_property(dt, node, name, value, size);
	}
	if (is_bridge(dt) && node == dt->device->node)
		return dt_end(dt); /* what is on a bus is found by looking there */
	fdt_for_each_subnode(child, dt->board->fdt, node)
		copy_node(dt, child, mem_format("%s/%s", path, fdt_get_name(dt->board->fdt, child, NULL)));
	dt_end(dt);
}

static void copy_clock(struct dt *dt, int device, int clock)
{
	if (clock < 0 || fdt_node_check_compatible(dt->board->fdt, clock, "fixed-clock") != 0) {
		refuse(dt, device, "clocks", "names a clock that is not fixed: it would have to be shared with others");
		return;
	}
	for (uint32_t i = 0; i < dt->clock_count; i++)
		if (dt->clocks[i] == clock)
			return;
	if (dt->clock_count == SYMBOL_MAX)
		return;
	dt->clocks[dt->clock_count++] = clock;
	copy_node(dt, clock, "");
}

/* Fixed clocks have no cells of their own, so `clocks` is a list of phandles. */
static void copy_clocks(struct dt *dt, int device)
{
	int size;
	const fdt32_t *clocks = fdt_getprop(dt->board->fdt, device, "clocks", &size);

	for (; clocks && size >= 4; clocks++, size -= 4)
		copy_clock(dt, device, fdt_node_offset_by_phandle(dt->board->fdt, fdt32_to_cpu(*clocks)));
}

void dt_put_devices(struct dt *dt)
{
	for (uint32_t i = 0; i < dt->part->device_count; i++) {
		const struct board_device *device = dt->part->devices[i];
		const char *path = mem_format("/%s", fdt_get_name(dt->board->fdt, device->node, NULL));

		if (device->bridge)
			continue;
		dt->device = device;
		copy_clocks(dt, device->node);
		copy_node(dt, device->node, path);
		dt_note_label(dt, device->label, path);
	}
}

