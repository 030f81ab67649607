/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory and caches. Set/way operations of guests become maintenance of their
 * own RAM by address, one bounded piece an exit.
 */
#include "arm64.h"

#define SWEEP_BYTES (256u * 1024u)
#define SET_AND_WAY 0xfffffff0ul /* of the operand: all but the level */

void *arch_memory(pa_t pa, uint64_t size)
{
	(void)size; /* stage 1 maps the plan's ranges one to one, and nothing else */
	return (void *)pa.v;
}

static uint64_t line_bytes(void)
{
	return 4ul << (SYSREG_READ(ctr_el0) >> 16 & 0xfu);
}

/* Clean and invalidate, also where a clean would do: CPUs with errata 819472, 824069, 826319 and 827319 need it. */
static void clean_lines(uint64_t at, uint64_t end)
{
	uint64_t line = line_bytes();

	for (at &= ~(line - 1u); at < end; at += line)
		__asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
	DSB(sy);
}

void arch_cache_clean(pa_t pa, uint64_t size, bool is_code)
{
	clean_lines(pa.v, pa.v + size);
	if (!is_code)
		return;
	__asm__ volatile("ic ialluis" : : : "memory");
	DSB(ish);
	ISB();
}

void arch_copy(pa_t target, pa_t source, uint64_t size)
{
	uint64_t *to = (uint64_t *)target.v;
	const uint64_t *from = (const uint64_t *)source.v;
	const uint64_t *end = from + size / 8u;

	while (from < end)
		*to++ = *from++;
	for (uint64_t i = size & ~7ul; i < size; i++)
		((uint8_t *)target.v)[i] = ((const uint8_t *)source.v)[i];
}

/* Bytes that DC ZVA clears, 0 if it is prohibited. */
static uint64_t zva_bytes(void)
{
	uint64_t id = SYSREG_READ(dczid_el0);

	return id & BIT(4) ? 0 : 4ul << (id & 0xfu);
}

void arch_clear(pa_t target, uint64_t size)
{
	uint64_t block = zva_bytes();
	uint64_t step = block != 0 ? block : 16u;

	for (uint64_t at = target.v; at < target.v + size; at += step)
		if (block != 0)
			__asm__ volatile("dc zva, %0" : : "r"(at) : "memory");
		else
			__asm__ volatile("stp xzr, xzr, [%0]" : : "r"(at) : "memory");
}

/* Cleans the next piece of the vCPU's RAM. Returns: true when all is done. */
static bool sweep_piece(struct arm64_vcpu *vcpu)
{
	const struct plan_partition *partition = vcpu->core.partition;
	const struct plan_map *map;
	uint64_t bytes;

	if (vcpu->sweep_map == partition->map_count)
		return true;
	map = &partition->maps[vcpu->sweep_map];
	bytes = map->size - vcpu->sweep_offset < SWEEP_BYTES ? map->size - vcpu->sweep_offset : SWEEP_BYTES;
	if ((map->flags & (PLAN_MAP_RAM | PLAN_MAP_READ_ONLY)) == PLAN_MAP_RAM)
		clean_lines(map->pa.v + vcpu->sweep_offset, map->pa.v + vcpu->sweep_offset + bytes);
	else
		bytes = map->size;
	vcpu->sweep_offset += bytes;
	if (vcpu->sweep_offset == map->size) {
		vcpu->sweep_offset = 0;
		vcpu->sweep_map++;
	}
	return false;
}

/*
 * A guest that cleans its caches walks all sets and ways of a level. Each walk
 * passes set 0 of way 0 once: that operation sweeps, the others do nothing.
 */
bool cache_sweep(struct arm64_vcpu *vcpu, uint64_t operand)
{
	if ((operand & SET_AND_WAY) != 0)
		return true;
	if (!sweep_piece(vcpu))
		return false;
	vcpu->sweep_map = 0;
	return true;
}
