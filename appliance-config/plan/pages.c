/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts page-table pages exactly as hyp/core's walk takes them: 4 KiB
 * granule, root at level 1, the largest block that address, alignment and
 * size allow; the hypervisor's own map in pages throughout.
 */
#include "layout.h"

#include <stdlib.h>

/* Tables needed so far: which GiB have a level-2 table, which 2 MiB a level-3 table. */
struct tables {
	uint64_t *third;
	size_t third_count, room;
	uint64_t second[8]; /* a bit a GiB of 512 */
};

static void need_second(struct tables *t, uint64_t at)
{
	uint64_t gib = at / GIB % 512;

	t->second[gib / 64] |= 1ull << gib % 64;
}

static void need_third(struct tables *t, uint64_t at)
{
	uint64_t block = at / BLOCK_BYTES;

	need_second(t, at);
	for (size_t i = 0; i < t->third_count; i++)
		if (t->third[i] == block)
			return;
	if (t->third_count < t->room)
		t->third[t->third_count++] = block;
}

static uint64_t next_boundary(uint64_t at, uint64_t span, uint64_t end)
{
	uint64_t next = (at / span + 1) * span;

	return next < end ? next : end;
}

static bool fits(uint64_t at, uint64_t pa, uint64_t rest, uint64_t span)
{
	return ((at | pa) & (span - 1)) == 0 && rest >= span;
}

static void walk(struct tables *t, const struct map *map)
{
	uint64_t end = map->ipa + map->size, at = map->ipa;
	bool paged = (map->flags & MAP_HYPERVISOR) != 0;

	while (at < end) {
		uint64_t pa = map->page ? 0 : map->pa + (at - map->ipa);

		if (!paged && !map->page && fits(at, pa, end - at, GIB)) {
			at += GIB;
		} else if (!paged && !map->page && fits(at, pa, end - at, BLOCK_BYTES)) {
			need_second(t, at);
			at += BLOCK_BYTES;
		} else {
			need_third(t, at);
			at = next_boundary(at, BLOCK_BYTES, end);
		}
	}
}

uint32_t table_pages(const struct map *maps, uint32_t count)
{
	struct tables t = { 0 };
	uint32_t pages = 1;

	for (uint32_t i = 0; i < count; i++)
		t.room += maps[i].size / BLOCK_BYTES + 2;
	t.third = mem_get((t.room + 1) * sizeof(*t.third));
	for (uint32_t i = 0; i < count; i++)
		walk(&t, &maps[i]);
	for (size_t i = 0; i < COUNT_OF(t.second); i++)
		pages += (uint32_t)__builtin_popcountll(t.second[i]);
	return pages + (uint32_t)t.third_count;
}
