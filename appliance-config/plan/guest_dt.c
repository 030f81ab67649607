/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a guest's device tree with libfdt: the virtual platform as QEMU's
 * `virt` describes it, the nodes of passed-through devices as the board has
 * them, and the user's overlay on top. It must not know physical addresses,
 * except where a device masters memory without an IOMMU.
 */
#include "guest_dt.h"

#include "dt.h"

#include <inttypes.h>
#include <string.h>

enum { PHANDLE_CLOCK = 0x7000 };

static void put_cpus(struct dt *dt)
{
	dt_begin(dt, "cpus");
	PUT_CELLS(dt, "#address-cells", 1);
	PUT_CELLS(dt, "#size-cells", 0);
	for (uint32_t i = 0; i < dt->part->cpu_count; i++) {
		dt_begin(dt, mem_format("cpu@%x", i));
		dt_put_text(dt, "device_type", "cpu");
		dt_put_text(dt, "compatible", dt->board->cpus[dt->part->cpus[i]].model);
		PUT_CELLS(dt, "reg", i);
		dt_put_text(dt, "enable-method", "psci");
		dt_end(dt);
	}
	dt_end(dt);
}

static void put_psci(struct dt *dt)
{
	dt_begin(dt, "psci");
	dt_put(dt, "compatible", "arm,psci-1.0\0arm,psci-0.2", 26);
	dt_put_text(dt, "method", "hvc");
	dt_end(dt);
}

/* On GICv2 the flags of a private interrupt hold a mask of CPUs too. */
static uint32_t private_flags(const struct dt *dt)
{
	return dt->model->gic_version == 2 ? 4u | ((1u << dt->part->cpu_count) - 1) << 8 : 4u;
}

static void put_timer(struct dt *dt)
{
	uint32_t f = private_flags(dt);

	dt_begin(dt, "timer");
	dt_put_text(dt, "compatible", "arm,armv8-timer");
	PUT_CELLS(dt, "interrupts", 1, 13, f, 1, 14, f, 1, 11, f, 1, 10, f);
	dt_put_flag(dt, "always-on");
	dt_end(dt);
}

static void put_gic(struct dt *dt)
{
	dt_begin(dt, "intc@8000000");
	dt_put_text(dt, "compatible", dt->model->gic_version == 2 ? "arm,cortex-a15-gic" : "arm,gic-v3");
	PUT_CELLS(dt, "#interrupt-cells", 3);
	dt_put_flag(dt, "interrupt-controller");
	PUT_CELLS(dt, "#address-cells", 2);
	PUT_CELLS(dt, "#size-cells", 2);
	dt_put_flag(dt, "ranges");
	if (dt->model->gic_version == 2) {
		PUT_CELLS(dt, "reg", 0, GUEST_GICD, 0, 0x10000, 0, GUEST_GICC, 0, 0x2000);
	} else {
		PUT_CELLS(dt, "reg", 0, GUEST_GICD, 0, 0x10000, 0, GUEST_GICR, 0, 0x20000 * dt->part->cpu_count);
		PUT_CELLS(dt, "#redistributor-regions", 1);
	}
	PUT_CELLS(dt, "phandle", dt_gic_phandle(dt));
	dt_put_its(dt);
	dt_end(dt);
	dt_note_label(dt, "gic", "/intc@8000000");
}

static void put_clock(struct dt *dt)
{
	dt_begin(dt, "clock-24000000");
	dt_put_text(dt, "compatible", "fixed-clock");
	PUT_CELLS(dt, "#clock-cells", 0);
	PUT_CELLS(dt, "clock-frequency", 24000000);
	dt_put_text(dt, "clock-output-names", "virtual-clk24mhz"); /* Linux takes a name once; a passed-through device may bring the board's */
	PUT_CELLS(dt, "phandle", PHANDLE_CLOCK);
	dt_end(dt);
	dt_note_label(dt, "clk24mhz", "/clock-24000000");
}

static void put_uart(struct dt *dt)
{
	dt_begin(dt, "pl011@9000000");
	dt_put(dt, "compatible", "arm,pl011\0arm,primecell", 24);
	PUT_REG(dt, GUEST_UART, PAGE_BYTES);
	PUT_CELLS(dt, "interrupts", 0, GUEST_UART_INTID - INTID_SPI, 4);
	PUT_CELLS(dt, "clocks", PHANDLE_CLOCK, PHANDLE_CLOCK);
	dt_put(dt, "clock-names", "uartclk\0apb_pclk", 17);
	dt_end(dt);
	dt_note_label(dt, "uart", "/pl011@9000000");
}

static void put_rtc(struct dt *dt)
{
	dt_begin(dt, "pl031@9010000");
	dt_put(dt, "compatible", "arm,pl031\0arm,primecell", 24);
	PUT_REG(dt, GUEST_RTC, PAGE_BYTES);
	PUT_CELLS(dt, "interrupts", 0, GUEST_RTC_INTID - INTID_SPI, 4);
	PUT_CELLS(dt, "clocks", PHANDLE_CLOCK);
	dt_put_text(dt, "clock-names", "apb_pclk");
	dt_end(dt);
	dt_note_label(dt, "rtc", "/pl031@9010000");
}

static void put_memory(struct dt *dt)
{
	dt_begin(dt, "memory@40000000");
	dt_put_text(dt, "device_type", "memory");
	PUT_REG(dt, GUEST_RAM, dt->part->memory);
	dt_end(dt);
}

static void put_chosen(struct dt *dt)
{
	static const uint8_t placeholder[32];
	const struct part *part = dt->part;

	dt_begin(dt, "chosen");
	dt_put_text(dt, "bootargs", part->cmdline);
	if (part->has_console)
		dt_put_text(dt, "stdout-path", "/pl011@9000000");
	if (part->initrd_ipa) {
		PUT_U64S(dt, "linux,initrd-start", part->initrd_ipa);
		PUT_U64S(dt, "linux,initrd-end", part->initrd_ipa + part->initrd.bytes.size);
	}
	if (part->function_count)
		PUT_CELLS(dt, "linux,pci-probe-only", 1); /* BARs stay where they are */
	dt_put(dt, "kaslr-seed", placeholder, 8);
	dt_put(dt, "rng-seed", placeholder, 32);
	dt_end(dt);
}

static void put_symbols(struct dt *dt)
{
	dt_begin(dt, "__symbols__");
	for (uint32_t i = 0; i < dt->label_count; i++)
		dt_put_text(dt, dt->labels[i], dt->paths[i]);
	dt_end(dt);
}

static void put_tree(struct dt *dt)
{
	dt_begin(dt, "");
	dt_put_text(dt, "compatible", "linux,dummy-virt");
	dt_put_text(dt, "model", mem_format("Bulkhead partition %s", dt->part->name));
	PUT_CELLS(dt, "#address-cells", 2);
	PUT_CELLS(dt, "#size-cells", 2);
	PUT_CELLS(dt, "interrupt-parent", dt_gic_phandle(dt));
	dt_put_flag(dt, "dma-coherent");
	put_memory(dt);
	dt_put_pool(dt);
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
	dt_put_fronts(dt);
	dt_put_devices(dt);
	dt_put_functions(dt);
	dt_put_backs(dt);
	dt_put_channels(dt);
	put_symbols(dt);
	dt_end(dt);
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

	dt_note(&dt, fdt_create(dt.blob, DTB_ROOM));
	dt_note(&dt, fdt_finish_reservemap(dt.blob));
	put_tree(&dt);
	dt_note(&dt, fdt_finish(dt.blob));
	dt_note(&dt, fdt_open_into(dt.blob, dt.blob, DTB_ROOM));
	if (dt.error == 0)
		apply_overlay(&dt);
	if (dt.error == 0 && !part->overlay_error)
		dt_note(&dt, fdt_pack(dt.blob));
	if (dt.error && !part->dtb_error)
		part->dtb_error = mem_format("libfdt says %s", fdt_strerror(dt.error));
	if (part->dtb_error || part->overlay_error)
		return;
	part->seed_count = 0;
	part->dtb = (struct bytes){ (const uint8_t *)dt.blob, fdt_totalsize(dt.blob) };
	find_seed(&dt, "kaslr-seed");
	find_seed(&dt, "rng-seed");
}
