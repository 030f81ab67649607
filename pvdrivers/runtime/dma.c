/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where memory stands on the bus: the host bridge's `dma-ranges`, searched for each buffer. It must not know devices.
 */

#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#include <rt/dma.h>
#include <rt/tree.h>

#define BUS_CELLS	3u	/* of a PCI address: flags, high, low */

struct dma_range {
	uint64_t here;
	uint64_t bus;
	uint64_t bytes;
};

static struct dma_range ranges[DMA_RANGE_COUNT];
static unsigned range_count;
static bool translated;		/* false: the bus sees what the program sees */

static uint64_t read_pair(const fdt32_t *cells)
{
	return (uint64_t)fdt32_to_cpu(cells[0]) << 32 | fdt32_to_cpu(cells[1]);
}

static bool add_range(struct dma_range range)
{
	if (range.bytes == 0 || range.here + (range.bytes - 1) < range.here || range.bus + (range.bytes - 1) < range.bus)
		return false;
	ranges[range_count++] = range;
	return true;
}

bool dma_init(int node)
{
	const void *blob = tree_blob();
	const unsigned row = BUS_CELLS + 2 + 2;
	int size = 0;
	const fdt32_t *cells = fdt_getprop(blob, node, "dma-ranges", &size);
	unsigned count = cells && size > 0 ? (unsigned)size / (row * 4) : 0;

	range_count = 0;
	translated = count > 0;
	if (!cells || size == 0)
		return true;
	if ((unsigned)size % (row * 4) || count > DMA_RANGE_COUNT || fdt_size_cells(blob, node) != 2 ||
	    fdt_address_cells(blob, fdt_parent_offset(blob, node)) != 2)
		return false;
	for (unsigned i = 0; i < count; i++, cells += row) {
		if (!add_range((struct dma_range){ read_pair(cells + 3), read_pair(cells + 1), read_pair(cells + 5) }))
			return false;
	}
	return true;
}

bool dma_map(const volatile void *at, uint64_t bytes, uint64_t *bus)
{
	uint64_t start = (uintptr_t)at;

	*bus = start;
	if (!translated)
		return start + bytes >= start;
	for (unsigned i = 0; i < range_count; i++) {
		const struct dma_range *range = &ranges[i];

		if (start < range->here || start - range->here > range->bytes || bytes > range->bytes - (start - range->here))
			continue;
		*bus = range->bus + (start - range->here);
		return true;
	}
	return false;
}

void *dma_alloc(size_t bytes, size_t align, uint64_t *bus)
{
	size_t whole = (bytes + align - 1) & ~(align - 1);
	void *memory = aligned_alloc(align, whole);

	if (!memory || !dma_map(memory, whole, bus))
		return NULL;
	memset(memory, 0, whole);
	return memory;
}
