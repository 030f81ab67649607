/* SPDX-License-Identifier: Apache-2.0 */
/* The planner's count of page-table pages is what the hypervisor's walk takes: the pools are exactly as large. */
#include "../tap.h"

#include "../../../appliance-config/plan/layout.h"
#include "walk.h"

static uint64_t state = 0x9e3779b97f4a7c15ull;

static uint64_t below(uint64_t limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % limit;
}

static bool agrees(const struct walk_map *walk, uint32_t count)
{
	struct map maps[8] = { 0 };
	uint32_t planned, taken;

	for (uint32_t i = 0; i < count; i++)
		maps[i] = (struct map){ .ipa = walk[i].at, .pa = walk[i].pa, .size = walk[i].size, .flags = walk[i].is_paged ? MAP_HYPERVISOR : MAP_RAM };
	planned = table_pages(maps, count);
	taken = walk_pages(walk, count);
	if (planned != taken)
		printf("# planned %u, taken %u\n", planned, taken);
	return planned == taken;
}

static void one_block_needs_no_more_than_its_level(void)
{
	CHECK(agrees(&(struct walk_map){ GIB, GIB, GIB, false }, 1));
	CHECK(table_pages(&(struct map){ .ipa = GIB, .pa = GIB, .size = GIB, .flags = MAP_RAM }, 1) == 1);
	CHECK(table_pages(&(struct map){ .ipa = GIB, .pa = BLOCK_BYTES, .size = GIB, .flags = MAP_RAM }, 1) == 2);
	CHECK(table_pages(&(struct map){ .ipa = GIB, .pa = PAGE_BYTES, .size = BLOCK_BYTES, .flags = MAP_RAM }, 1) == 3);
	CHECK(table_pages(&(struct map){ .ipa = GIB, .pa = GIB, .size = BLOCK_BYTES, .flags = MAP_HYPERVISOR }, 1) == 3);
}

static void usual_maps_agree(void)
{
	const struct walk_map guest[] = { { GUEST_UART, 0x50001000, PAGE_BYTES, false }, { GUEST_RAM, 0x53000000, 512 * MIB, false } };
	const struct walk_map odd[] = { { GUEST_RAM, 0x53001000, 8 * MIB, false }, { 0x80000000, 0x80200000, 3 * GIB, false } };
	const struct walk_map ends[] = { { 0x401ff000, 0x401ff000, 0x2000, false }, { 0x7fffe000, 0x7fffe000, 0x4000, false } };

	CHECK(agrees(guest, 2));
	CHECK(agrees(odd, 2));
	CHECK(agrees(ends, 2));
}

/* Up to six maps without overlap, aligned to 4 KiB, 2 MiB or 1 GiB as chance will. */
static void random_maps_agree(void)
{
	static const uint64_t aligns[] = { PAGE_BYTES, BLOCK_BYTES, GIB };

	for (int round = 0; round < 3000; round++) {
		struct walk_map maps[6];
		uint32_t count = 1 + (uint32_t)below(6);
		uint64_t at = 0;

		for (uint32_t i = 0; i < count; i++) {
			uint64_t align = aligns[below(3)];

			at = align_up(at + below(4) * align, align);
			maps[i] = (struct walk_map){ at, align_up(below(8 * GIB), aligns[below(3)]), align_up(1 + below(3 * align), aligns[below(2)]), below(8) == 0 };
			if (maps[i].is_paged)
				maps[i].size = align_up(1 + below(8 * MIB), PAGE_BYTES);
			if (((maps[i].at | maps[i].pa) % BLOCK_BYTES) != 0 && maps[i].size > 64 * MIB)
				maps[i].size = 64 * MIB;
			at += maps[i].size;
		}
		CHECK(agrees(maps, count));
		mem_free_all();
	}
}

int main(void)
{
	TEST(one_block_needs_no_more_than_its_level);
	TEST(usual_maps_agree);
	TEST(random_maps_agree);
	mem_free_all();
	return tap_done();
}
