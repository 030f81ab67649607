/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage-2 descriptors and their TLBs: VMSAv8-64, 39-bit IPA, 4 KiB granule,
 * root at level 1. The walk is the core's.
 */
#include <hyp/pagetable.h>

#include "arm64.h"
#include "smmu.h"

#define S2_VALID 1ul
#define S2_TABLE 2ul
#define S2_NORMAL (0xful << 2)
#define S2_UNCACHED (0x5ul << 2)
#define S2_DEVICE (0x1ul << 2) /* nGnRE */
#define S2_READ BIT(6)
#define S2_WRITE BIT(7)
#define S2_INNER (3ul << 8)
#define S2_AF BIT(10)
#define S2_XN BIT(54)
#define S2_ADDRESS 0x0000fffffffff000ul

uint64_t arch_stage2_table(pa_t pa)
{
	return pa.v | S2_VALID | S2_TABLE;
}

uint64_t arch_stage2_leaf(pa_t pa, uint32_t flags, uint32_t level)
{
	uint64_t entry = pa.v | S2_VALID | S2_READ | S2_AF | S2_INNER | (level == 3u ? S2_TABLE : 0);

	if (flags & PLAN_MAP_DEVICE)
		entry |= S2_DEVICE;
	else
		entry |= flags & PLAN_MAP_UNCACHED ? S2_UNCACHED : S2_NORMAL;
	if (flags & (PLAN_MAP_DEVICE | PLAN_MAP_UNCACHED | PLAN_MAP_SHARED))
		entry |= S2_XN;
	if (!(flags & PLAN_MAP_READ_ONLY))
		entry |= S2_WRITE;
	return entry;
}

uint32_t arch_stage2_root_level(void)
{
	return 1;
}

bool arch_stage2_level_maps(uint32_t level)
{
	return level >= 1u;
}

bool arch_stage2_is_table(uint64_t entry, uint32_t level)
{
	return level < 3u && (entry & (S2_VALID | S2_TABLE)) == (S2_VALID | S2_TABLE);
}

uint64_t arch_stage2_show(uint64_t entry, bool is_shown)
{
	return is_shown ? entry | S2_VALID : entry & ~S2_VALID;
}

pa_t arch_stage2_next(uint64_t entry)
{
	return (pa_t){ entry & S2_ADDRESS };
}

static uint64_t vttbr(const struct plan_partition *partition)
{
	return (uint64_t)partition->arch->vmid << 48 | (uint64_t)partition->stage2_pool;
}

void arch_stage2_flush(const struct plan_partition *partition)
{
	uint64_t loaded = SYSREG_READ(vttbr_el2);

	DSB(ishst); /* the tables' new entries before the walks that follow */
	SYSREG_WRITE(vttbr_el2, vttbr(partition));
	ISB();
	__asm__ volatile("tlbi vmalls12e1is" : : : "memory");
	DSB(ish);
	SYSREG_WRITE(vttbr_el2, loaded);
	ISB();
	smmu_flush(partition);
}

void stage2_load(const struct plan_partition *partition)
{
	SYSREG_WRITE(vttbr_el2, vttbr(partition));
}
