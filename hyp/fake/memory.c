/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks of memory, caches and stage 2 on the fake machine: memory is an
 * array at physical address 0, table entries are readable on sight. They
 * must not know the core's reasons.
 */
#include "fake.h"

#include <hyp/arch.h>

#include <stdlib.h>
#include <string.h>

void *arch_memory(pa_t pa, uint64_t size)
{
	uint64_t host = (uint64_t)(uintptr_t)fake.memory;

	if (pa.v - host < FAKE_MEMORY_BYTES)
		pa.v -= host;
	if (pa.v > FAKE_MEMORY_BYTES || size > FAKE_MEMORY_BYTES - pa.v)
		abort();
	return fake.memory + pa.v;
}

void arch_cache_clean(pa_t pa, uint64_t size, bool is_code)
{
	fake_note("clean 0x%lx+0x%lx%s", pa.v, size, is_code ? " code" : "");
	fake.counter += fake.work_ticks;
}

void arch_copy(pa_t target, pa_t source, uint64_t size)
{
	fake_note("copy 0x%lx+0x%lx", target.v, size);
	memcpy(arch_memory(target, size), arch_memory(source, size), size);
	fake.counter += fake.work_ticks;
}

void arch_clear(pa_t target, uint64_t size)
{
	fake_note("clear 0x%lx+0x%lx", target.v, size);
	memset(arch_memory(target, size), 0, size);
	fake.counter += fake.work_ticks;
}

/* Bit 0: valid; bit 1: table; bits 11:7: flags. */
uint64_t arch_stage2_table(pa_t pa)
{
	return pa.v | 3;
}

uint64_t arch_stage2_leaf(pa_t pa, uint32_t flags, uint32_t level)
{
	return pa.v | 1 | (uint64_t)(flags & 31) << 7 | (uint64_t)level << 4;
}

uint32_t arch_stage2_root_level(void)
{
	return 1;
}

bool arch_stage2_level_maps(uint32_t level)
{
	return level >= 1;
}

bool arch_stage2_is_table(uint64_t entry, uint32_t level)
{
	return level < 3 && (entry & 3) == 3;
}

uint64_t arch_stage2_show(uint64_t entry, bool is_shown)
{
	return is_shown ? entry | 1 : entry & ~1ul;
}

pa_t arch_stage2_next(uint64_t entry)
{
	return (pa_t){ entry & ~0xffful };
}

void arch_stage2_flush(const struct plan_partition *partition)
{
	fake_note("flush %s", partition->name);
	if (fake.on_flush)
		fake.on_flush();
}
