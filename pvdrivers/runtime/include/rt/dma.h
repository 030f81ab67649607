/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RT_DMA_H
#define RT_DMA_H

/*
 * Memory as a device on the bus sees it. What a program sees at an address need not stand there on the bus: behind no
 * IOMMU a partition's addresses are the hypervisor's invention, and the plan tells the difference in `dma-ranges`. The
 * ranges are those of the partition's own RAM and of every window onto another's. It must not know a device or a driver.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rt/barrier.h>

#define DMA_RANGE_COUNT	32u

/* A piece of memory by its address in this program. A driver hands it to its device and never looks inside: it may lie
 * in a window, where a load may abort. */
struct dma_segment {
	uintptr_t at;
	uint32_t bytes;
};

/** Reads the ranges of the device tree node `node`, the host bridge: each says {bus, here, size}. Without the property
 *  (or with an empty one) the bus sees what the program sees. False: too many ranges, or a form that nobody writes. */
bool dma_init(int node);

/** The bus address of `bytes` bytes at `at`, which lie in one range. False: they do not, and no device may have them. */
bool dma_map(const volatile void *at, uint64_t bytes, uint64_t *bus);

/** Zeroed memory for a device's rings, on a boundary of `align` (a power of two), and its bus address. It is never given
 *  back. NULL: there is none that a device can reach. */
void *dma_alloc(size_t bytes, size_t align, uint64_t *bus);

#endif
