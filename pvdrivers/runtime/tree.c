/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device tree, read with libfdt. It must not write to the blob, nor remember more of it than where it is.
 */

#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#include <rt/tree.h>

#define RAM_BASE	0x40000000ull	/* where `virt` puts the blob when x0 does not tell */

static const void *blob;

const void *tree_blob(void)
{
	return blob;
}

bool tree_init(const void *at)
{
	if (!at || fdt_check_header(at))
		at = (const void *)(uintptr_t)RAM_BASE;
	if (fdt_check_header(at))
		return false;
	blob = at;
	return true;
}

static uint64_t read_cells(const fdt32_t *cells, int count)
{
	uint64_t value = 0;

	while (count-- > 0)
		value = value << 32 | fdt32_to_cpu(*cells++);
	return value;
}

bool tree_reg(int node, unsigned n, struct tree_range *range)
{
	int parent = fdt_parent_offset(blob, node);
	int addresses = fdt_address_cells(blob, parent);
	int sizes = fdt_size_cells(blob, parent);
	int size;
	const fdt32_t *reg = fdt_getprop(blob, node, "reg", &size);
	int first = (int)n * (addresses + sizes);

	if (!reg || addresses < 1 || sizes < 0 || size < (first + addresses + sizes) * 4)
		return false;
	range->base = read_cells(reg + first, addresses);
	range->size = read_cells(reg + first + addresses, sizes);
	return true;
}

struct tree_range tree_ram(void)
{
	static struct tree_range ram;

	if (blob && !ram.size)
		tree_reg(fdt_node_offset_by_prop_value(blob, -1, "device_type", "memory", 7), 0, &ram);
	return ram;
}

/* A number that is one cell or two: loaders write either. */
static uint64_t number_prop(const char *path, const char *name)
{
	int size = 0;
	const fdt32_t *cells = blob ? fdt_getprop(blob, fdt_path_offset(blob, path), name, &size) : NULL;

	return cells ? read_cells(cells, size / 4) : 0;
}

struct tree_range tree_initrd(void)
{
	uint64_t start = number_prop("/chosen", "linux,initrd-start");
	uint64_t end = number_prop("/chosen", "linux,initrd-end");

	return (struct tree_range){ start, end - start };
}

struct tree_range tree_reserved(unsigned n)
{
	int parent = blob ? fdt_path_offset(blob, "/reserved-memory") : -1, node = -1;
	struct tree_range range = { 0, 0 };

	if (parent < 0)
		return range;
	fdt_for_each_subnode(node, blob, parent)
		if (tree_reg(node, 0, &range) && n-- == 0)
			return range;
	return (struct tree_range){ 0, 0 };
}

static int next_cpu(int after)
{
	return fdt_node_offset_by_prop_value(blob, after, "device_type", "cpu", 4);
}

unsigned tree_cpu_count(void)
{
	unsigned count = 0;

	if (blob)
		for (int node = next_cpu(-1); node >= 0; node = next_cpu(node))
			count++;
	return count ? count : 1;
}

uint64_t tree_cpu_mpidr(unsigned n)
{
	int node = blob ? next_cpu(-1) : -1;
	int size = 0;

	while (node >= 0 && n--)
		node = next_cpu(node);
	if (node < 0)
		return 0;

	const fdt32_t *reg = fdt_getprop(blob, node, "reg", &size);

	return reg ? read_cells(reg, size / 4) : 0;
}

int tree_find(const char *compatible)
{
	return blob ? fdt_node_offset_by_compatible(blob, -1, compatible) : -1;
}

int tree_irq(int node, unsigned n)
{
	int size;
	const fdt32_t *cells = fdt_getprop(blob, node, "interrupts", &size);

	if (!cells || size < (int)(n + 1) * 12)
		return -1;
	cells += n * 3;
	return (int)fdt32_to_cpu(cells[1]) + (fdt32_to_cpu(cells[0]) ? 16 : 32);
}

const char *tree_string(const char *path, const char *name)
{
	int size = 0;
	const char *text = blob ? fdt_getprop(blob, fdt_path_offset(blob, path), name, &size) : NULL;

	return text && size > 0 && !text[size - 1] ? text : NULL;
}

const char *tree_command_line(void)
{
	const char *line = tree_string("/chosen", "bootargs");

	return line ? line : "";
}

bool tree_option(const char *key, char *value, size_t size)
{
	size_t length = strlen(key);

	for (const char *word = tree_command_line(); *word; ) {
		size_t end = strcspn(word, " ");

		if (end > length && !strncmp(word, key, length) && word[length] == '=') {
			size_t count = end - length - 1;

			if (count >= size)
				count = size - 1;
			memcpy(value, word + length + 1, count);
			value[count] = 0;
			return true;
		}
		word += end;
		word += strspn(word, " ");
	}
	return false;
}

uint64_t tree_option_number(const char *key, uint64_t otherwise)
{
	char text[24];

	return tree_option(key, text, sizeof(text)) ? strtoull(text, NULL, 0) : otherwise;
}
