/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a guest's device tree with libfdt: the virtual platform as QEMU's
 * `virt` describes it, the nodes of passed-through devices as the board has
 * them, and the user's overlay on top. It must not know physical addresses.
 */
#include "guest_dt.h"

#include <inttypes.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

enum { DTB_ROOM = 4 << 20, PHANDLE_CLOCK = 0x7000, PHANDLE_GIC = 0x7001, SYMBOL_MAX = 80 };

struct dt {
	char *blob;
	int error;               /* first of libfdt's errors */
	const struct model *model;
	struct part *part;
	const struct board *board;
	const struct board_device *device; /* that is being copied */
	const char *labels[SYMBOL_MAX], *paths[SYMBOL_MAX];
	uint32_t label_count;
	int clocks[SYMBOL_MAX];  /* board nodes of clocks that were copied */
	uint32_t clock_count;
};

static void note(struct dt *dt, int error)
{
	if (error < 0 && dt->error == 0)
		dt->error = error;
}

static void begin(struct dt *dt, const char *name)
{
	note(dt, fdt_begin_node(dt->blob, name));
}

static void end(struct dt *dt)
{
	note(dt, fdt_end_node(dt->blob));
}

static void put(struct dt *dt, const char *name, const void *value, size_t size)
{
	note(dt, fdt_property(dt->blob, name, value, (int)size));
}

static void put_text(struct dt *dt, const char *name, const char *text)
{
	put(dt, name, text, strlen(text) + 1);
}

static void put_u64(struct dt *dt, const char *name, uint64_t value)
{
	note(dt, fdt_property_u64(dt->blob, name, value));
}

static void put_cells(struct dt *dt, const char *name, const uint32_t *cells, size_t count)
{
	fdt32_t out[64];

	for (size_t i = 0; i < count; i++)
		out[i] = cpu_to_fdt32(cells[i]);
	put(dt, name, out, count * sizeof(out[0]));
}

#define PUT_CELLS(dt, name, ...)                                              \
	put_cells(dt, name, (const uint32_t[]){ __VA_ARGS__ },                \
		  sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

#define PUT_REG(dt, base, size) PUT_CELLS(dt, "reg", (uint32_t)((uint64_t)(base) >> 32), (uint32_t)(base), (uint32_t)((uint64_t)(size) >> 32), (uint32_t)(size))

static void note_label(struct dt *dt, const char *label, const char *path)
{
	if (dt->label_count < SYMBOL_MAX) {
		dt->labels[dt->label_count] = label;
		dt->paths[dt->label_count++] = path;
	}
}

/* The board's devices name its interrupt controller by phandle: the guest's has the same. */
static uint32_t gic_phandle(const struct dt *dt)
{
	uint32_t phandle = fdt_get_phandle(dt->board->fdt, dt->model->gic->node);

	return phandle ? phandle : PHANDLE_GIC;
}

static void put_cpus(struct dt *dt)
{
	begin(dt, "cpus");
	PUT_CELLS(dt, "#address-cells", 1);
	PUT_CELLS(dt, "#size-cells", 0);
	for (uint32_t i = 0; i < dt->part->cpu_count; i++) {
		begin(dt, mem_format("cpu@%x", i));
		put_text(dt, "device_type", "cpu");
		put_text(dt, "compatible", dt->board->cpus[dt->part->cpus[i]].model);
		PUT_CELLS(dt, "reg", i);
		put_text(dt, "enable-method", "psci");
		end(dt);
	}
	end(dt);
}

static void put_psci(struct dt *dt)
{
	begin(dt, "psci");
	put(dt, "compatible", "arm,psci-1.0\0arm,psci-0.2", 26);
	put_text(dt, "method", "hvc");
	end(dt);
}

/* On GICv2 the flags of a private interrupt hold a mask of CPUs too. */
static uint32_t private_flags(const struct dt *dt)
{
	return dt->model->gic_version == 2 ? 4u | ((1u << dt->part->cpu_count) - 1) << 8 : 4u;
}

static void put_timer(struct dt *dt)
{
	uint32_t f = private_flags(dt);

	begin(dt, "timer");
	put_text(dt, "compatible", "arm,armv8-timer");
	PUT_CELLS(dt, "interrupts", 1, 13, f, 1, 14, f, 1, 11, f, 1, 10, f);
	put(dt, "always-on", "", 0);
	end(dt);
}

static void put_gic(struct dt *dt)
{
	begin(dt, "intc@8000000");
	put_text(dt, "compatible", dt->model->gic_version == 2 ? "arm,cortex-a15-gic" : "arm,gic-v3");
	PUT_CELLS(dt, "#interrupt-cells", 3);
	put(dt, "interrupt-controller", "", 0);
	PUT_CELLS(dt, "#address-cells", 2);
	PUT_CELLS(dt, "#size-cells", 2);
	put(dt, "ranges", "", 0);
	if (dt->model->gic_version == 2) {
		PUT_CELLS(dt, "reg", 0, GUEST_GICD, 0, 0x10000, 0, GUEST_GICC, 0, 0x2000);
	} else {
		PUT_CELLS(dt, "reg", 0, GUEST_GICD, 0, 0x10000, 0, GUEST_GICR, 0, 0x20000 * dt->part->cpu_count);
		PUT_CELLS(dt, "#redistributor-regions", 1);
	}
	PUT_CELLS(dt, "phandle", gic_phandle(dt));
	end(dt);
	note_label(dt, "gic", "/intc@8000000");
}

static void put_clock(struct dt *dt)
{
	begin(dt, "clock-24000000");
	put_text(dt, "compatible", "fixed-clock");
	PUT_CELLS(dt, "#clock-cells", 0);
	PUT_CELLS(dt, "clock-frequency", 24000000);
	put_text(dt, "clock-output-names", "virtual-clk24mhz"); /* Linux takes a name once; a passed-through device may bring the board's */
	PUT_CELLS(dt, "phandle", PHANDLE_CLOCK);
	end(dt);
	note_label(dt, "clk24mhz", "/clock-24000000");
}

static void put_uart(struct dt *dt)
{
	begin(dt, "pl011@9000000");
	put(dt, "compatible", "arm,pl011\0arm,primecell", 24);
	PUT_REG(dt, GUEST_UART, PAGE_BYTES);
	PUT_CELLS(dt, "interrupts", 0, GUEST_UART_INTID - INTID_SPI, 4);
	PUT_CELLS(dt, "clocks", PHANDLE_CLOCK, PHANDLE_CLOCK);
	put(dt, "clock-names", "uartclk\0apb_pclk", 17);
	end(dt);
	note_label(dt, "uart", "/pl011@9000000");
}

static void put_rtc(struct dt *dt)
{
	begin(dt, "pl031@9010000");
	put(dt, "compatible", "arm,pl031\0arm,primecell", 24);
	PUT_REG(dt, GUEST_RTC, PAGE_BYTES);
	PUT_CELLS(dt, "interrupts", 0, GUEST_RTC_INTID - INTID_SPI, 4);
	PUT_CELLS(dt, "clocks", PHANDLE_CLOCK);
	put_text(dt, "clock-names", "apb_pclk");
	end(dt);
	note_label(dt, "rtc", "/pl031@9010000");
}

/* Properties that name other nodes, and so hardware that a guest does not have. */
static const char *const references[] = {
	"interrupts-extended", "iommus", "dmas", "resets", "power-domains", "phys", "pinctrl-0", "assigned-clocks", "msi-parent",
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

static void copy_property(struct dt *dt, int node, const char *name, const void *value, int size)
{
	if (strncmp(name, "bulkhead,", 9) == 0 || strcmp(name, "interrupt-parent") == 0)
		return;
	if (is_reference(name))
		refuse(dt, node, name, "names hardware that stays outside of the partition");
	put(dt, name, value, (size_t)size);
}

static void copy_node(struct dt *dt, int node, const char *path)
{
	int property, child, size;
	const char *name;

	begin(dt, fdt_get_name(dt->board->fdt, node, NULL));
	fdt_for_each_property_offset(property, dt->board->fdt, node)
	{
		const void *value = fdt_getprop_by_offset(dt->board->fdt, property, &name, &size);

		if (value)
			copy_property(dt, node, name, value, size);
	}
	fdt_for_each_subnode(child, dt->board->fdt, node)
		copy_node(dt, child, mem_format("%s/%s", path, fdt_get_name(dt->board->fdt, child, NULL)));
	end(dt);
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

static void put_devices(struct dt *dt)
{
	for (uint32_t i = 0; i < dt->part->device_count; i++) {
		const struct board_device *device = dt->part->devices[i];
		const char *path = mem_format("/%s", fdt_get_name(dt->board->fdt, device->node, NULL));

		dt->device = device;
		copy_clocks(dt, device->node);
		copy_node(dt, device->node, path);
		note_label(dt, device->label, path);
	}
}

static void put_memory(struct dt *dt)
{
	begin(dt, "memory@40000000");
	put_text(dt, "device_type", "memory");
	PUT_REG(dt, GUEST_RAM, dt->part->memory);
	end(dt);
}

static void put_chosen(struct dt *dt)
{
	static const uint8_t placeholder[32];
	const struct part *part = dt->part;

	begin(dt, "chosen");
	put_text(dt, "bootargs", part->cmdline);
	if (part->has_console)
		put_text(dt, "stdout-path", "/pl011@9000000");
	if (part->initrd_ipa) {
		put_u64(dt, "linux,initrd-start", part->initrd_ipa);
		put_u64(dt, "linux,initrd-end", part->initrd_ipa + part->initrd.bytes.size);
	}
	put(dt, "kaslr-seed", placeholder, 8);
	put(dt, "rng-seed", placeholder, 32);
	end(dt);
}

static void put_symbols(struct dt *dt)
{
	begin(dt, "__symbols__");
	for (uint32_t i = 0; i < dt->label_count; i++)
		put_text(dt, dt->labels[i], dt->paths[i]);
	end(dt);
}

static void put_tree(struct dt *dt)
{
	begin(dt, "");
	put_text(dt, "compatible", "linux,dummy-virt");
	put_text(dt, "model", mem_format("Bulkhead partition %s", dt->part->name));
	PUT_CELLS(dt, "#address-cells", 2);
	PUT_CELLS(dt, "#size-cells", 2);
	PUT_CELLS(dt, "interrupt-parent", gic_phandle(dt));
	put(dt, "dma-coherent", "", 0);
	put_memory(dt);
	put_chosen(dt);
	put_cpus(dt);
	put_psci(dt);
	put_timer(dt);
	put_gic(dt);
	put_clock(dt);
	if (dt->part->has_console)
		put_uart(dt);
	if (dt->part->has_rtc)
		put_rtc(dt);
	put_devices(dt);
	put_symbols(dt);
	end(dt);
}

static void apply_overlay(struct dt *dt)
{
	struct part *part = dt->part;
	void *overlay;
	int error;

	if (part->overlay.size == 0)
		return;
	error = part->overlay.size < sizeof(struct fdt_header) ? -FDT_ERR_TRUNCATED : fdt_check_full(part->overlay.at, part->overlay.size);
	if (error) {
		part->overlay_error = mem_format("it is no compiled device tree (%s)", fdt_strerror(error));
		return;
	}
	overlay = mem_get(part->overlay.size);
	memcpy(overlay, part->overlay.at, part->overlay.size);
	if (fdt_path_offset(overlay, "/__fixups__") < 0 && fdt_path_offset(overlay, "/fragment@0") < 0) {
		part->overlay_error = "it has no fragments: compile it with dtc -@ from a source that starts with /plugin/;";
		return;
	}
	error = fdt_overlay_apply(dt->blob, overlay);
	if (error)
		part->overlay_error = mem_format("libfdt says %s", fdt_strerror(error));
}

static void find_seed(struct dt *dt, const char *property)
{
	int size, chosen = fdt_path_offset(dt->blob, "/chosen");
	const char *value = chosen < 0 ? NULL : fdt_getprop(dt->blob, chosen, property, &size);

	if (value)
		dt->part->seeds[dt->part->seed_count++] = (struct seed){ property, (uint32_t)(value - dt->blob), (uint32_t)size };
}

void guest_dt_build(const struct model *model, struct part *part)
{
	struct dt dt = { .blob = mem_get(DTB_ROOM), .model = model, .part = part, .board = model->board };

	note(&dt, fdt_create(dt.blob, DTB_ROOM));
	note(&dt, fdt_finish_reservemap(dt.blob));
	put_tree(&dt);
	note(&dt, fdt_finish(dt.blob));
	note(&dt, fdt_open_into(dt.blob, dt.blob, DTB_ROOM));
	if (dt.error == 0)
		apply_overlay(&dt);
	if (dt.error == 0 && !part->overlay_error)
		note(&dt, fdt_pack(dt.blob));
	if (dt.error && !part->dtb_error)
		part->dtb_error = mem_format("libfdt says %s", fdt_strerror(dt.error));
	if (part->dtb_error || part->overlay_error)
		return;
	part->dtb = (struct bytes){ (const uint8_t *)dt.blob, fdt_totalsize(dt.blob) };
	find_seed(&dt, "kaslr-seed");
	find_seed(&dt, "rng-seed");
}
