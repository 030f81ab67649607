/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The emulated devices of a partition beside the interrupt controller:
 * PL011 and PL031. What both files share; nobody else includes it.
 */
#ifndef ARM64_DEVICES_H
#define ARM64_DEVICES_H

#include "plan_arm64.h"

static inline struct arm64_partition *arm64_partition(const struct plan_partition *partition)
{
	return CONTAINER_OF(partition->state, struct arm64_partition, core);
}

/* PrimeCells take any width; their registers are words. */
#define PRIMECELL_WIDTHS (MMIO_W8 | MMIO_W16 | MMIO_W32)

/* A read of part of a register gives that part. */
static inline void device_answer(struct mmio_access *access, uint32_t value)
{
	access->value = (value >> 8u * (access->offset & 3u)) & (uint32_t)(0xffffffffull >> (32u - 8u * access->width));
}

/* A write counts if it covers the register's low byte. */
static inline bool device_is_written(const struct mmio_access *access)
{
	return (access->offset & 3u) == 0;
}

#define PRIMECELL_ID 0xfe0u /* to 0xffc: four bytes of the peripheral, then those of every PrimeCell */

/* The identification register at `offset`; `peripheral` is the first four bytes, lowest first. */
static inline uint32_t primecell_id(uint32_t peripheral, uint32_t offset)
{
	uint64_t all = 0xb105f00dull << 32 | peripheral;

	return (uint32_t)(all >> 8u * ((offset - PRIMECELL_ID) / 4u)) & 0xffu;
}

/* Read function of both devices; the table's argument is the peripheral. */
mmio_fn primecell_id_read;

void pl011_reset(const struct plan_partition *partition);
void pl031_reset(const struct plan_partition *partition);

#endif
