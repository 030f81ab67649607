/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv2's virtual interface control (Arm IHI 0048, GICH_*), and nothing
 * else: unit tests put simulated registers in this file's place.
 */
#ifndef ARM64_GICH_H
#define ARM64_GICH_H

#include "plan_arm64.h"

#define GICH_HCR 0x000u
#define GICH_VTR 0x004u
#define GICH_VMCR 0x008u
#define GICH_ELRSR 0x030u
#define GICH_APR 0x0f0u
#define GICH_LR 0x100u

static inline uint32_t gich_read(uint32_t offset)
{
	return *(volatile uint32_t *)(plan.arch->gich.v + offset);
}

static inline void gich_write(uint32_t offset, uint32_t value)
{
	*(volatile uint32_t *)(plan.arch->gich.v + offset) = value;
}

#endif
