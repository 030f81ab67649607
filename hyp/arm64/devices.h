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

/* Byte of a PrimeCell's identification at `offset`, 0xfe0..0xffc. */
static inline uint32_t primecell_id(const uint8_t id[8], uint32_t offset)
{
	return id[(offset - 0xfe0u) / 4u];
}

void pl011_reset(const struct plan_partition *partition);
void pl031_reset(const struct plan_partition *partition);

#endif
