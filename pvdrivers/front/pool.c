/* SPDX-License-Identifier: Apache-2.0 */
/* Who has which share of a pool. */

#include <stdio.h>

#include <libfdt.h>

#include <rt/mmio.h>
#include <rt/tree.h>
#include <virtio/virtio.h>
#include <virtio/virtio_mmio.h>

#include "pool.h"

#define PAGE_BYTES	4096u

/* The devices of a pool, counted. */
struct members {
	size_t need;		/* of all, at least */
	size_t need_below;	/* of those at lower addresses */
	unsigned disks, disks_below;
};

static uint32_t region_of(int node)
{
	int size = 0;
	const fdt32_t *cell = fdt_getprop(tree_blob(), node, "memory-region", &size);

	return cell && size == (int)sizeof(*cell) ? fdt32_to_cpu(*cell) : 0;
}

/* 0: no driver of ours drives it. */
static size_t least_of(uint32_t type)
{
	switch (type) {
	case VIRTIO_ID_NET: return FRONT_POOL_NET_BYTES;
	case VIRTIO_ID_BLK: return FRONT_POOL_BLK_BYTES;
	case VIRTIO_ID_CONSOLE: return FRONT_POOL_CONSOLE_BYTES;
	default: return 0;
	}
}

static struct members count(uint32_t region, uintptr_t base)
{
	struct members m = { 0, 0, 0, 0 };
	int node = fdt_node_offset_by_compatible(tree_blob(), -1, "virtio,mmio");

	for (; node >= 0; node = fdt_node_offset_by_compatible(tree_blob(), node, "virtio,mmio")) {
		struct tree_range range;
		uint32_t type;

		if (region_of(node) != region || !tree_reg(node, 0, &range))
			continue;
		type = mmio_read32((uintptr_t)range.base + VIRTIO_MMIO_DEVICE_ID);
		m.need += least_of(type);
		m.disks += type == VIRTIO_ID_BLK;
		m.need_below += range.base < base ? least_of(type) : 0;
		m.disks_below += range.base < base && type == VIRTIO_ID_BLK;
	}
	return m;
}

static bool complain(size_t has, size_t needs)
{
	printf("front: the pool of %u KiB is too small for the devices, they need %u KiB (CONFIG_PARTn_POOL_KIB)\n", (unsigned)(has >> 10),
	       (unsigned)(needs >> 10));
	return false;
}

/* What a disk has beside its least. */
static size_t more_of_disk(const struct members *m, size_t pool_bytes)
{
	size_t more = m->disks ? (pool_bytes - m->need) / m->disks : 0;

	more = more < FRONT_POOL_BLK_BYTES_MAX - FRONT_POOL_BLK_BYTES ? more : FRONT_POOL_BLK_BYTES_MAX - FRONT_POOL_BLK_BYTES;
	return more - more % PAGE_BYTES;
}

/* The node of the device; negative: none has these registers. */
static int node_at(uintptr_t base)
{
	int node = fdt_node_offset_by_compatible(tree_blob(), -1, "virtio,mmio");
	struct tree_range range;

	while (node >= 0 && !(tree_reg(node, 0, &range) && range.base == base))
		node = fdt_node_offset_by_compatible(tree_blob(), node, "virtio,mmio");
	return node;
}

bool front_pool_share(uintptr_t base, uint32_t type, struct front_share *share)
{
	uint32_t region = region_of(node_at(base));
	struct tree_range pool;
	struct members m;
	size_t more, at;

	*share = (struct front_share){ NULL, 0 };
	if (!region)
		return true;
	if (!tree_reg(fdt_node_offset_by_phandle(tree_blob(), region), 0, &pool) || pool.base % PAGE_BYTES)
		return false;
	m = count(region, base);
	if (pool.size < m.need)
		return complain((size_t)pool.size, m.need);
	more = more_of_disk(&m, (size_t)pool.size);
	at = m.need_below + m.disks_below * more;
	share->bytes = least_of(type) + (type == VIRTIO_ID_BLK ? more : 0);
	if (at > pool.size || share->bytes > pool.size - at)	/* a device told another type meanwhile */
		return false;
	share->at = (uint8_t *)(uintptr_t)pool.base + at;
	return true;
}
