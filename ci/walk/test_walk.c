/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the walker: a small world of tables made by hand that is right, and changes of one entry each that must be
 * found. It must not know the hypervisor.
 */
#include <string.h>

#include "../unit/tap.h"
#include "walk.h"

#define BASE	0x50000000ull
#define PAGES	0x68u		/* of the hypervisor's range that exist */
#define RAM_A	0x60000000ull
#define RAM_B	0x60400000ull
#define UART	0x09000000ull
#define MIB2	0x200000ull

enum page { TEXT, RODATA, DATA, SHARED_PAGE = 0x10, DEVICE_A = 0x20, DEVICE_B, DEVICE_C, STACKS = 0x30, HANDOFF = 0x40, TABLES = 0x50 };

/* Entries' bits, as the architecture's manual has them. */
#define TABLE	3ull
#define PAGE	3ull
#define BLOCK	1ull
#define AF	(1ull << 10)
#define RO	(1ull << 7)
#define XN	(1ull << 54)
#define ATTR(n)	((uint64_t)(n) << 2)
#define S1	(AF | XN | 3ull << 8)
#define S2_RAM	(AF | 3ull << 8 | 3ull << 6 | 15ull << 2)
#define S2_PAGE	(AF | XN | 1ull << 6 | 1ull << 2)
#define S2_SHARED	(S2_RAM | XN)
#define S2_UNCACHED	(AF | XN | 3ull << 6 | 5ull << 2)

/* Where b, the back-end, sees a's memory and the device page that a sees at VIRTIO. */
#define WINDOW	0x1000000000ull
#define VIRTIO	0x0a000000ull
#define DEVICES	0x3f80000000ull

static uint64_t words[PAGES * 512];
static struct memory memory = { BASE, sizeof(words), (const uint8_t *)words };
static struct expected expected;
static struct registers registers;
static struct leaves leaves[2];

static uint64_t table_at(unsigned number)
{
	return BASE + (TABLES + number) * 4096ull;
}

static uint64_t *entry_at(unsigned table, unsigned index)
{
	return &words[(TABLES + table) * 512 + index];
}

/* Tables 0..2: stage 1. 3..6: stage 2 of a. 7..10: stage 2 of b. */
static void stage1_make(void)
{
	*entry_at(0, 0) = table_at(11) | TABLE;				/* first GiB: the UART */
	*entry_at(11, UART >> 21) = table_at(12) | TABLE;
	*entry_at(12, 0) = UART | PAGE | S1 | ATTR(0);
	*entry_at(0, 1) = table_at(1) | TABLE;
	*entry_at(1, (BASE - 0x40000000) >> 21) = table_at(2) | TABLE;
	*entry_at(1, (RAM_A - 0x40000000) >> 21) = RAM_A | BLOCK | S1 | ATTR(1);
	*entry_at(1, (RAM_B - 0x40000000) >> 21) = RAM_B | BLOCK | S1 | ATTR(1);
	for (unsigned i = 0; i < PAGES; i++)
		*entry_at(2, i) = 0;
	*entry_at(2, TEXT) = (BASE | PAGE | S1 | ATTR(1) | RO) & ~XN;
	*entry_at(2, RODATA) = (BASE + RODATA * 4096) | PAGE | S1 | ATTR(1) | RO;
	*entry_at(2, DATA) = (BASE + DATA * 4096) | PAGE | S1 | ATTR(1);
	*entry_at(2, DEVICE_A) = (BASE + DEVICE_A * 4096) | PAGE | S1 | ATTR(2);
	*entry_at(2, SHARED_PAGE) = (BASE + SHARED_PAGE * 4096) | PAGE | S1 | ATTR(1);
	*entry_at(2, SHARED_PAGE + 1) = (BASE + (SHARED_PAGE + 1) * 4096) | PAGE | S1 | ATTR(1);
	*entry_at(2, DEVICE_C) = (BASE + DEVICE_C * 4096) | PAGE | S1 | ATTR(2);
	*entry_at(2, DEVICE_B) = (BASE + DEVICE_B * 4096) | PAGE | S1 | ATTR(2);
	*entry_at(2, STACKS + 1) = (BASE + (STACKS + 1) * 4096) | PAGE | S1 | ATTR(1);
	*entry_at(2, STACKS + 2) = (BASE + (STACKS + 2) * 4096) | PAGE | S1 | ATTR(1);
	*entry_at(2, HANDOFF) = (BASE + HANDOFF * 4096) | PAGE | S1 | ATTR(1) | RO;
	for (unsigned i = TABLES; i < PAGES; i++)
		*entry_at(2, i) = (BASE + i * 4096) | PAGE | S1 | ATTR(1);
}

static void stage2_make(unsigned first, uint64_t ram, enum page device)
{
	*entry_at(first, 0) = table_at(first + 1) | TABLE;
	*entry_at(first + 1, UART >> 21) = table_at(first + 2) | TABLE;
	*entry_at(first + 2, 0) = (BASE + device * 4096) | PAGE | S2_PAGE;
	*entry_at(first, 1) = table_at(first + 3) | TABLE;
	*entry_at(first + 3, 0) = ram | BLOCK | S2_RAM;
}

/* b serves a: a window, and a device page that both see, each in its own way. Tables 13..17. */
static void sharing_make(void)
{
	*entry_at(7, WINDOW >> 30) = table_at(13) | TABLE;
	*entry_at(13, 0) = RAM_A | BLOCK | S2_SHARED;
	*entry_at(4, VIRTIO >> 21) = table_at(14) | TABLE;
	*entry_at(14, 0) = (BASE + DEVICE_C * 4096) | PAGE | S2_PAGE;
	*entry_at(7, DEVICES >> 30) = table_at(15) | TABLE;
	*entry_at(15, 0) = table_at(16) | TABLE;
	*entry_at(16, 0) = (BASE + DEVICE_C * 4096) | PAGE | S2_UNCACHED;
	*entry_at(15, 1) = table_at(17) | TABLE;
	*entry_at(17, 0) = (BASE + SHARED_PAGE * 4096) | PAGE | (S2_SHARED & ~(1ull << 7));
	*entry_at(17, 1) = (BASE + (SHARED_PAGE + 1) * 4096) | PAGE | S2_SHARED;
}

static void section(const char *name, enum page page, uint64_t pages, bool is_writable, bool is_executable)
{
	struct range *range = &expected.sections[expected.section_count++];

	*range = (struct range){ .base = BASE + page * 4096, .size = pages * 4096, .is_writable = is_writable, .is_executable = is_executable };
	strcpy(range->name, name);
}

static void expected_make(void)
{
	expected = (struct expected){
		.partitions = { { .name = "a", .vmid = 1 }, { .id = 1, .name = "b", .vmid = 2 } },
		.partition_count = 2,
		.stage1 = { { "hyp", 0, BASE, BASE, MIB2, false, MAP_HYPERVISOR }, { "a.ram", 0, RAM_A, RAM_A, MIB2, false, MAP_RAM },
			    { "b.ram", 0, RAM_B, RAM_B, MIB2, false, MAP_RAM }, { "uart", 0, UART, UART, 4096, false, MAP_DEVICE } },
		.stage1_count = 4,
		.stage2 = { { "ram", 0, 0x40000000, RAM_A, MIB2, false, MAP_RAM }, { "uart", 0, UART, 0, 4096, true, MAP_PAGE },
			    { "ram", 1, 0x40000000, RAM_B, MIB2, false, MAP_RAM }, { "uart", 1, UART, 0, 4096, true, MAP_PAGE },
			    { "virtio0", 0, VIRTIO, 0, 4096, true, MAP_PAGE }, { "window.a", 1, WINDOW, RAM_A, MIB2, false, MAP_WINDOW },
			    { "devices", 1, DEVICES, 0, 4096, true, MAP_PAGE_UNCACHED },
			    { "doorbells", 1, DEVICES + MIB2, 0, 4096, true, MAP_PAGE_READ },
			    { "states", 1, DEVICES + MIB2 + 4096, 0, 4096, true, MAP_PAGE_WRITE } },
		.stage2_count = 9,
		.pairs = { { 0, 1, 0x40000000, WINDOW, MIB2, true }, { 0, 1, VIRTIO, DEVICES, 4096, false } },
		.pair_count = 2,
		.regions = { { "hypervisor", BASE, MIB2, false, false }, { "store", BASE + MIB2, MIB2, false, false } },
		.region_count = 2,
		.cpu_count = 1,
	};
	section(".text", TEXT, 1, false, true);
	section(".rodata", RODATA, 1, false, false);
	section(".data", DATA, 1, true, false);
	section(".shared_pages", SHARED_PAGE, 2, true, false);
	section(".device_pages", DEVICE_A, 3, true, false);
	section(".stacks", STACKS, 4, true, false);
	section("handoff", HANDOFF, 1, false, false);
	section(".tables", TABLES, PAGES - TABLES, true, false);
}

static void world_make(void)
{
	memset(words, 0, sizeof(words));
	stage1_make();
	stage2_make(3, RAM_A, DEVICE_A);
	stage2_make(7, RAM_B, DEVICE_B);
	sharing_make();
	expected_make();
	registers = (struct registers){ .ttbr0 = table_at(0), .tcr = 25, .mair = 0x44ff00, .sctlr = 0x30c8183d,
					.vtcr = 25 | 1 << 6, .hcr = 1 };
}

/* Judges the world as it is. Returns: the number of findings. */
static size_t judge_world(void)
{
	struct leaves stage1 = { 0 };

	finding_count = 0;
	finding_text[0] = '\0';
	judge_registers(&registers);
	if (walk_stage1(&memory, &registers, &stage1))
		judge_stage1(&expected, &registers, &stage1);
	leaves_free(&stage1);
	for (unsigned i = 0; i < 2; i++) {
		leaves_free(&leaves[i]);
		registers.vttbr = table_at(3 + 4 * i) | (1ull + i) << 48;
		if (walk_stage2(&memory, &registers, &leaves[i]))
			judge_stage2(&expected, &expected.partitions[i], &registers, &leaves[i]);
	}
	judge_sharing(&expected, leaves);
	judge_pools(&expected);
	leaves_free(&leaves[0]);
	leaves_free(&leaves[1]);
	return finding_count;
}

static bool found(const char *words_wanted)
{
	return judge_world() > 0 && strstr(finding_text, words_wanted);
}

static void right_world_has_no_findings(void)
{
	world_make();
	CHECK(judge_world() == 0);
}

/* One entry of stage 1 is `value`. */
static bool found_stage1(unsigned table, unsigned index, uint64_t value, const char *words_wanted)
{
	world_make();
	*entry_at(table, index) = value;
	return found(words_wanted);
}

static void stage1_rights_are_judged(void)
{
	world_make();
	uint64_t text = *entry_at(2, TEXT), data = *entry_at(2, DATA), rodata = *entry_at(2, RODATA);

	CHECK(found_stage1(2, TEXT, text & ~RO, ".text"));
	CHECK(found_stage1(2, TEXT, text | XN, ".text"));
	CHECK(found_stage1(2, DATA, data & ~XN, ".data"));
	CHECK(found_stage1(2, RODATA, rodata & ~RO, ".rodata"));
	CHECK(found_stage1(2, RODATA, rodata & ~XN, ".rodata"));
	CHECK(found_stage1(2, DATA, data & ~AF, "no access flag"));
	CHECK(found_stage1(2, DATA, data ^ ATTR(1), ".data"));
	CHECK(found_stage1(2, HANDOFF, (BASE + HANDOFF * 4096) | PAGE | S1 | ATTR(1), "handoff"));
	CHECK(found_stage1(1, 0x100, (RAM_A | BLOCK | S1 | ATTR(1)) & ~XN, "a.ram"));
	CHECK(found_stage1(12, 0, UART | PAGE | S1 | ATTR(1), "uart"));
	CHECK(found_stage1(12, 0, UART | PAGE | S1 | ATTR(0) | RO, "uart"));
}

static void stage1_places_are_judged(void)
{
	world_make();
	uint64_t data = *entry_at(2, DATA);

	CHECK(found_stage1(2, DATA, data + 4096, "not one to one"));
	CHECK(found_stage1(2, DATA, 0, ".data"));
	CHECK(found_stage1(2, 8, (BASE + 8 * 4096) | PAGE | S1 | ATTR(1), "no section"));
	CHECK(found_stage1(1, 0x1ff, 0x7fe00000 | BLOCK | S1 | ATTR(1), "no such mapping"));
	CHECK(found_stage1(1, 0x80, BASE | BLOCK | S1 | ATTR(1), ""));
	CHECK(found_stage1(0, 3, 0xc0000000 | BLOCK | S1 | ATTR(1), "no such mapping"));
	CHECK(found_stage1(1, 0x100, 0, "a.ram"));
}

static void stage1_guards_are_judged(void)
{
	uint64_t stack = BASE + STACKS * 4096;

	CHECK(found_stage1(2, STACKS, stack | PAGE | S1 | ATTR(1), "stacks"));
	CHECK(found_stage1(2, STACKS + 1, 0, "") == false);		/* a shorter stack has its guards still */
	CHECK(found_stage1(2, STACKS + 3, (stack + 0x3000) | PAGE | S1 | ATTR(1), "") == false);
	world_make();
	*entry_at(2, STACKS + 3) = (stack + 0x3000) | PAGE | S1 | ATTR(1);
	*entry_at(2, STACKS + 4) = (stack + 0x4000) | PAGE | S1 | ATTR(1);
	CHECK(judge_world() > 0);
	world_make();
	expected.cpu_count = 2;
	CHECK(found("1 stacks"));
}

static void hierarchical_rights_count(void)
{
	world_make();
	*entry_at(1, 0x80) |= 1ull << 60;	/* XNTable: text cannot run */
	CHECK(found(".text"));
	world_make();
	*entry_at(1, 0x80) |= 1ull << 60;
	registers.tcr |= 1u << 24;		/* HPD: it does not count */
	CHECK(judge_world() == 0);
}

static void stage2_rights_are_judged(void)
{
	CHECK(found_stage1(6, 0, (RAM_A | BLOCK | S2_RAM) & ~(1ull << 7), "ram"));
	CHECK(found_stage1(6, 0, (RAM_A | BLOCK | S2_RAM) & ~(1ull << 6), "not readable"));
	CHECK(found_stage1(6, 0, RAM_A | BLOCK | S2_RAM | XN, "ram"));
	CHECK(found_stage1(6, 0, (RAM_A | BLOCK | S2_RAM) & ~(15ull << 2), "ram"));
	CHECK(found_stage1(6, 0, (RAM_A | BLOCK | S2_RAM) & ~AF, "no access flag"));
	CHECK(found_stage1(5, 0, (BASE + DEVICE_A * 4096) | PAGE | S2_PAGE | 1ull << 7, "uart"));
	CHECK(found_stage1(5, 0, ((BASE + DEVICE_A * 4096) | PAGE | S2_PAGE) & ~XN, "uart"));
}

static void stage2_places_are_judged(void)
{
	CHECK(found_stage1(6, 1, (RAM_A + MIB2) | BLOCK | S2_RAM, "no such mapping"));
	CHECK(found_stage1(6, 0, 0, "ram"));
	CHECK(found_stage1(6, 0, BASE | BLOCK | S2_RAM, "region hypervisor"));
	CHECK(found_stage1(6, 0, (BASE + MIB2) | BLOCK | S2_RAM, "region store"));
	CHECK(found_stage1(5, 0, (BASE + DATA * 4096) | PAGE | S2_PAGE, "no device page"));
	CHECK(found_stage1(5, 1, (BASE + DATA * 4096) | PAGE | S2_RAM, "no such mapping"));
	CHECK(found_stage1(3, 511, 0x40000000 | BLOCK | S2_RAM, "no such mapping"));
	world_make();
	*entry_at(5, 0) = 0;			/* hidden while input waits */
	CHECK(judge_world() == 0);
}

static void sharing_is_found(void)
{
	CHECK(found_stage1(10, 0, RAM_A | BLOCK | S2_RAM, "reachable from b"));
	CHECK(found_stage1(9, 0, (BASE + DEVICE_A * 4096) | PAGE | S2_PAGE, "reachable from b"));
	world_make();
	*entry_at(10, 0) = RAM_A | BLOCK | S2_RAM;
	expected.stage2[2].output = RAM_A;
	CHECK(found("reachable from b"));
	expected.shared[expected.shared_count++] = (struct range){ .name = "shared", .base = RAM_A, .size = MIB2 };
	CHECK(judge_world() == 0);
}

/* a and b serve c: what is a's RAM else is a's window onto c. */
static void serve_together(void)
{
	world_make();
	expected.pairs[0].front = 2;
	expected.pairs[expected.pair_count++] = (struct pair){ 2, 0, 0x40000000, 0x40000000, MIB2, true };
}

static void two_that_serve_one_are_judged(void)
{
	serve_together();
	CHECK(judge_world() == 0);
	serve_together();
	expected.pairs[2].front = 3;
	CHECK(found("reachable from b"));
	serve_together();
	expected.pairs[2].front_input += MIB2;
	CHECK(found("reachable from b"));
	serve_together();
	expected.pairs[2].back_input += MIB2;
	CHECK(found("reachable from b"));
	serve_together();
	expected.pairs[0].size = 4096;
	CHECK(found("reachable from b"));
}

static void declared_sharing_is_judged(void)
{
	CHECK(found_stage1(13, 0, 0, "") == false);			/* a does not run */
	CHECK(found_stage1(13, 0, RAM_A | BLOCK | S2_RAM, "window.a"));	/* executable */
	CHECK(found_stage1(13, 0, (RAM_B) | BLOCK | S2_SHARED, "window.a"));
	CHECK(found_stage1(16, 0, (BASE + DEVICE_C * 4096) | PAGE | S2_SHARED, "devices"));
	CHECK(found_stage1(16, 0, (BASE + DEVICE_A * 4096) | PAGE | S2_UNCACHED, "reachable from b"));	/* a's UART */
	CHECK(found_stage1(16, 0, (BASE + SHARED_PAGE * 4096) | PAGE | S2_UNCACHED, "no device page"));
	CHECK(found_stage1(14, 0, (BASE + DEVICE_C * 4096) | PAGE | S2_UNCACHED, "virtio0"));
	CHECK(found_stage1(17, 0, (BASE + SHARED_PAGE * 4096) | PAGE | S2_SHARED, "doorbells"));		/* writable */
	CHECK(found_stage1(17, 1, (BASE + DATA * 4096) | PAGE | S2_SHARED, "no shared page"));
	world_make();
	expected.pairs[0].size = 4096;
	CHECK(found("reachable from b"));
	world_make();
	expected.pairs[0].back_input += MIB2;
	CHECK(found("reachable from b"));
	world_make();
	expected.pairs[1].back = 0;
	CHECK(found("reachable from b"));
}

/* a's window shows a quarter of its RAM's only block: in pages, as the planner does. Tables 13, 18. */
static void make_pool(void)
{
	world_make();
	*entry_at(13, 0) = table_at(18) | TABLE;
	for (unsigned i = 0; i < 128; i++)
		*entry_at(18, i) = (RAM_A + (i + 128) * 4096ull) | PAGE | S2_SHARED;
	expected.stage2[5].output = RAM_A + MIB2 / 4;
	expected.stage2[5].size = MIB2 / 4;
	expected.pairs[0] = (struct pair){ 0, 1, 0x40000000 + MIB2 / 4, WINDOW, MIB2 / 4, true };
	expected.partitions[0].pool = 0x40000000 + MIB2 / 4;
	expected.partitions[0].pool_size = MIB2 / 4;
}

static void pools_are_judged(void)
{
	make_pool();
	CHECK(judge_world() == 0);
	make_pool();
	*entry_at(18, 128) = (RAM_A + 256 * 4096ull) | PAGE | S2_SHARED;	/* a page more than the plan has */
	CHECK(found("no such mapping"));
	make_pool();
	*entry_at(18, 5) = RAM_A | PAGE | S2_SHARED;			/* a page of a that is not in the pool */
	CHECK(found("reachable from b"));
	make_pool();
	expected.pairs[0].front_input -= 4096;				/* declared at another place */
	CHECK(found("reachable from b"));
	world_make();							/* the window shows everything, and there is a pool */
	expected.partitions[0].pool = 0x40000000;
	expected.partitions[0].pool_size = MIB2 / 4;
	CHECK(found("not its pool alone"));
	make_pool();
	expected.pairs[0].size += 4096;
	CHECK(found("not its pool alone"));
}

static void broken_tables_end_the_walk(void)
{
	CHECK(found_stage1(3, 0, (BASE + PAGES * 4096) | TABLE, ""));
	CHECK(found_stage1(3, 0, 0x7000000000ull | TABLE, ""));
	CHECK(found_stage1(5, 0, BASE | BLOCK, ""));
	world_make();
	*entry_at(4, 0) = table_at(4) | TABLE;	/* points at itself: level 3 reads its own words as pages */
	CHECK(judge_world() > 0);
	CHECK(found_stage1(6, 0, (RAM_A + 4096) | BLOCK | S2_RAM, ""));
}

static void registers_are_judged(void)
{
	world_make();
	registers.sctlr &= ~1ull;
	CHECK(found("MMU"));
	world_make();
	registers.sctlr &= ~(1ull << 19);
	CHECK(found("WXN"));
	world_make();
	registers.hcr = 0;
	CHECK(found("stage 2 is off"));
	registers.pstate = 0x3c9;		/* at EL2: no guest is loaded */
	CHECK(judge_world() == 0);
	world_make();
	expected.partitions[1].vmid = 7;
	CHECK(judge_world() == 1);
	world_make();
	registers.tcr |= 1u << 14;
	CHECK(judge_world() > 0);
	world_make();
	registers.vtcr &= ~0xc0ull;		/* starts at level 2 with 39 bits */
	CHECK(judge_world() > 0);
}

int main(void)
{
	TEST(right_world_has_no_findings);
	TEST(stage1_rights_are_judged);
	TEST(stage1_places_are_judged);
	TEST(stage1_guards_are_judged);
	TEST(hierarchical_rights_count);
	TEST(stage2_rights_are_judged);
	TEST(stage2_places_are_judged);
	TEST(sharing_is_found);
	TEST(declared_sharing_is_judged);
	TEST(two_that_serve_one_are_judged);
	TEST(pools_are_judged);
	TEST(broken_tables_end_the_walk);
	TEST(registers_are_judged);
	return tap_done();
}
