/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: a compiled board.dts, as the planner reads it. */

#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "../../appliance-config/plan/board.h"
#include "fuzz.h"

const char fuzz_name[] = "board";

static char tree[4096];

static void put_node(const char *name, const char *compatible, uint64_t base, uint32_t intid)
{
	fdt32_t reg[4] = { 0, cpu_to_fdt32((uint32_t)base), 0, cpu_to_fdt32(0x1000) };
	fdt32_t irq[3] = { 0, cpu_to_fdt32(intid), cpu_to_fdt32(4) };

	fuzz_must(fdt_begin_node(tree, name) == 0);
	fuzz_must(fdt_property(tree, "compatible", compatible, (int)strlen(compatible) + 1) == 0);
	fuzz_must(fdt_property(tree, "reg", reg, sizeof(reg)) == 0);
	fuzz_must(fdt_property(tree, "interrupts", irq, sizeof(irq)) == 0);
	fuzz_must(fdt_end_node(tree) == 0);
}

static void put_text_node(const char *name, const char *property, const char *text)
{
	fuzz_must(fdt_begin_node(tree, name) == 0);
	fuzz_must(fdt_property(tree, property, text, (int)strlen(text) + 1) == 0);
	fuzz_must(fdt_end_node(tree) == 0);
}

static void put_cpu(void)
{
	fuzz_must(fdt_begin_node(tree, "cpus") == 0);
	fuzz_must(fdt_property_u32(tree, "#address-cells", 1) == 0 && fdt_property_u32(tree, "#size-cells", 0) == 0);
	fuzz_must(fdt_begin_node(tree, "cpu@0") == 0);
	fuzz_must(fdt_property(tree, "device_type", "cpu", 4) == 0 && fdt_property_u32(tree, "reg", 0) == 0);
	fuzz_must(fdt_end_node(tree) == 0 && fdt_end_node(tree) == 0);
}

static void make_tree(void)
{
	fuzz_must(fdt_create(tree, sizeof(tree)) == 0 && fdt_finish_reservemap(tree) == 0 && fdt_begin_node(tree, "") == 0);
	fuzz_must(fdt_property_u32(tree, "#address-cells", 2) == 0 && fdt_property_u32(tree, "#size-cells", 2) == 0);
	put_text_node("chosen", "stdout-path", "/uart@1000");
	put_cpu();
	put_node("uart@1000", "arm,pl011", 0x1000, 1);
	put_node("gic@2000", "arm,gic-v3", 0x2000, 9);
	put_node("rtc@4000", "arm,pl031", 0x4000, 2);
	put_text_node("__symbols__", "rtc", "/rtc@4000");
	fuzz_must(fdt_end_node(tree) == 0 && fdt_finish(tree) == 0);
}

size_t fuzz_seed(uint32_t which, uint8_t bytes[FUZZ_BYTES_MAX])
{
	(void)which;
	if (tree[0] == 0)
		make_tree();
	memcpy(bytes, tree, fdt_totalsize(tree));
	return fdt_totalsize(tree);
}

/* The header is checked by libfdt; what lies behind it is ours to survive. */
void fuzz_repair(uint8_t *bytes, size_t size)
{
	if (size >= sizeof(struct fdt_header))
		memcpy(bytes, tree, sizeof(struct fdt_header));
}

/* Its register blocks lie in the property that they are from. */
static void check_device(const struct board *board, const struct board_device *device)
{
	int parent = fdt_parent_offset(board->fdt, device->node), size = 0;
	int cells = fdt_address_cells(board->fdt, parent) + fdt_size_cells(board->fdt, parent);

	(void)!fdt_getprop(board->fdt, device->node, "reg", &size);
	fuzz_must(device->reg_count <= BOARD_DEVICE_REG_MAX && (device->reg_count == 0 || (int)device->reg_count * cells * 4 <= size));
	fuzz_must(strlen(device->label) > 0);
}

void fuzz_run(const uint8_t *bytes, size_t size)
{
	struct board *board = mem_get(sizeof(*board));

	if (board_parse(board, "fuzz", (struct bytes){ bytes, size }) == NULL) {
		fuzz_must(board->cpu_count <= BOARD_CPU_MAX && board->ram_count <= BOARD_RAM_MAX && board->device_count <= BOARD_DEVICE_MAX);
		for (uint32_t i = 0; i < board->device_count; i++)
			check_device(board, &board->devices[i]);
	}
	mem_free_all();
}
