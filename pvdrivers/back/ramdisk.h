/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACK_RAMDISK_H
#define BACK_RAMDISK_H

/*
 * Memory that behaves like a physical disk (phys/blk.h). It must not know who asks.
 */

#include <phys/blk.h>

#define RAMDISK_DEPTH	128u

struct ramdisk {
	struct blk_device device;
	uint8_t *memory;
	uint32_t count;			/* complete, not told */
	uint32_t first;
	uint64_t bytes;			/* read, written and cleared since it was polled */
	struct {
		uint64_t cookie;
		enum blk_status status;
	} done[RAMDISK_DEPTH];
};

/** Prepares `disk` on `bytes` bytes at `memory`, a multiple of 4096. */
void ramdisk_init(struct ramdisk *disk, void *memory, uint64_t bytes);

#endif
