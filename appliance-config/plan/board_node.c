/* SPDX-License-Identifier: Apache-2.0 */
/* Properties of a board's nodes, read with libfdt. It must not know which nodes a board has. */
#include "board_node.h"

#include <string.h>

uint64_t node_cells(const fdt32_t *cells, int count)
{
	uint64_t value = 0;

	for (int i = 0; i < count; i++)
		value = value << 32 | fdt32_to_cpu(cells[i]);
	return value;
}

bool node_reg(const void *fdt, int node, uint32_t index, struct range *out)
{
	int parent = fdt_parent_offset(fdt, node), size;
	int a = fdt_address_cells(fdt, parent), s = fdt_size_cells(fdt, parent);
	const fdt32_t *reg = fdt_getprop(fdt, node, "reg", &size);

	if (!reg || a < 1 || a > 2 || s < 0 || s > 2)
		return false;
#ifndef FUZZ_PLANT_BOARD /* the fault that the fuzzer's smoke run must find */
	if ((int)(index + 1) * (a + s) * 4 > size)
		return false;
#endif
	reg += (int)index * (a + s);
	*out = (struct range){ node_cells(reg, a), node_cells(reg + a, s) };
	return true;
}

const char *node_string(const void *fdt, int node, const char *name, const char *otherwise)
{
	int size;
	const char *value = fdt_getprop(fdt, node, name, &size);

	return value && size > 0 && value[size - 1] == 0 ? value : otherwise;
}

uint32_t node_number(const void *fdt, int node, const char *name, uint32_t otherwise)
{
	int size;
	const fdt32_t *value = fdt_getprop(fdt, node, name, &size);

	return value && size == 4 ? fdt32_to_cpu(*value) : otherwise;
}

bool node_is(const void *fdt, int node, const char *compatible)
{
	return fdt_node_check_compatible(fdt, node, compatible) == 0;
}

uint32_t node_irqs(const void *fdt, int node, struct board_irq out[BOARD_DEVICE_IRQ_MAX])
{
	int size;
	const fdt32_t *cells = fdt_getprop(fdt, node, "interrupts", &size);
	uint32_t count = 0;

	for (; cells && size >= 12 && count < BOARD_DEVICE_IRQ_MAX; cells += 3, size -= 12) {
		uint32_t type = fdt32_to_cpu(cells[0]), flags = fdt32_to_cpu(cells[2]);

		out[count++] = (struct board_irq){
			.intid = fdt32_to_cpu(cells[1]) + (type == 0 ? 32 : 16),
			.is_edge = (flags & 3) != 0,
			.is_shared = type == 0,
		};
	}
	return count;
}

const char *node_label(const void *fdt, int node)
{
	int symbols = fdt_path_offset(fdt, "/__symbols__"), property, size;
	const char *label, *path;
	char own[256];

	if (symbols < 0 || fdt_get_path(fdt, node, own, sizeof(own)) < 0)
		return NULL;
	fdt_for_each_property_offset(property, fdt, symbols)
	{
		path = fdt_getprop_by_offset(fdt, property, &label, &size);
		if (path && *label && strcmp(path, own) == 0)
			return label;
	}
	return NULL;
}
