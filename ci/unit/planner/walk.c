/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs hyp/core's walk on the host with the least of an architecture: root
 * at level 1, blocks at levels 1 and 2, tables found by their own address.
 */
#include "walk.h"

#include <hyp/arch.h>
#include <hyp/pagetable.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POOL_PAGES = 512 };

static struct pt_page pool[POOL_PAGES];

uint32_t arch_stage2_root_level(void)
{
	return 1;
}

bool arch_stage2_level_maps(uint32_t level)
{
	return level >= 1;
}

uint64_t arch_stage2_table(pa_t next)
{
	return next.v | 3u;
}

bool arch_stage2_is_table(uint64_t entry, uint32_t level)
{
	return level < 3 && (entry & 3u) == 3u;
}

uint64_t arch_stage2_show(uint64_t entry, bool is_shown)
{
	return is_shown ? entry | 1u : entry & ~1ul;
}

pa_t arch_stage2_next(uint64_t entry)
{
	return (pa_t){ entry & ~4095ul };
}

uint64_t arch_stage2_leaf(pa_t pa, uint32_t flags, uint32_t level)
{
	(void)flags;
	(void)level;
	return pa.v | 1u;
}

void *arch_memory(pa_t pa, uint64_t size)
{
	(void)size;
	return (void *)(uintptr_t)pa.v;
}

void arch_stage2_flush(const struct plan_partition *partition)
{
	(void)partition;
}

void panic_assert(const char *file, int line, const char *condition)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, condition);
	abort();
}

uint32_t walk_pages(const struct walk_map *maps, uint32_t count)
{
	static const struct pagetable_format format = { .leaf = arch_stage2_leaf };
	struct pagetable table = { .pool = pool, .page_count = POOL_PAGES, .format = &format };

	memset(pool, 0, sizeof(pool));
	for (uint32_t i = 0; i < count; i++)
		pagetable_map(&table, maps[i].at, (pa_t){ maps[i].pa }, maps[i].size, 0, maps[i].is_paged);
	return table.used;
}
