/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the walk of stream tables: a small table made by hand that is right, in both layouts, and changes of one word each
 * that must be found. It must not know the hypervisor.
 */
#include <string.h>

#include "../unit/tap.h"
#include "walk.h"

#define BASE	0x50000000ull
#define PAGES	0x40u
#define RAM_A	0x60000000ull
#define RAM_B	0x60400000ull
#define ITS	0x08090000ull
#define CARD	0x10000000ull
#define MIB2	0x200000ull

enum page { ROOTS, STREAMS, NOTHING = 0x10, TABLES_A, TABLES_B = 0x18, TABLES_OTHER = 0x20 };
enum { BITS = 8, SPLIT = 6, OF_A = 3, OF_B = 4, NOBODYS = 200 };

#define TABLE	3ull
#define PAGE	3ull
#define BLOCK	1ull
#define AF	(1ull << 10)
#define XN	(1ull << 54)
#define RAM	(AF | 3ull << 8 | 3ull << 6 | 15ull << 2)
#define DEVICE	(AF | XN | 3ull << 6 | 1ull << 2)

/* 39 bits from level 1, write-back, 4 KiB, 40 bits out, AArch64, faults recorded. */
#define FORMAT	((25ull | 1ull << 6 | 1ull << 8 | 1ull << 10 | 3ull << 12 | 2ull << 16) << 32 | 1ull << 51 | 1ull << 58)
#define STAGE2	(1ull | 6ull << 1)

static uint64_t words[PAGES * 512];
static struct memory memory = { BASE, sizeof(words), (const uint8_t *)words };
static struct expected expected;
static struct smmu_registers registers;

static uint64_t page_at(unsigned number)
{
	return BASE + number * 4096ull;
}

static uint64_t *entry_at(unsigned page, unsigned index)
{
	return &words[page * 512 + index];
}

static uint64_t *stream_at(unsigned number)
{
	return entry_at(STREAMS, number * 8);
}

static void tables_make(unsigned first, uint64_t ram, uint64_t device, bool is_block)
{
	*entry_at(first, 0) = page_at(first + 1) | TABLE;
	*entry_at(first + 1, (unsigned)(device >> 21)) = is_block ? device | BLOCK | DEVICE : page_at(first + 2) | TABLE;
	if (!is_block)
		*entry_at(first + 2, device >> 12 & 511) = device | PAGE | DEVICE;
	*entry_at(first, 1) = page_at(first + 3) | TABLE;
	*entry_at(first + 3, 0) = ram | BLOCK | RAM;
}

static void stream_make(unsigned number, uint64_t vmid, enum page root)
{
	stream_at(number)[0] = STAGE2;
	stream_at(number)[1] = 0;
	stream_at(number)[2] = FORMAT | vmid;
	stream_at(number)[3] = page_at(root);
}

/* b has a bus of 16 streams, on which one function is a's. */
static void expected_make(void)
{
	expected = (struct expected){
		.partitions = { { .name = "a", .vmid = 1 }, { .id = 1, .name = "b", .vmid = 2 } },
		.partition_count = 2,
		.stage2 = { { "ram", 0, 0x40000000, RAM_A, MIB2, false, MAP_RAM }, { "ram", 1, 0x40000000, RAM_B, MIB2, false, MAP_RAM },
			    { "card", 1, CARD, CARD, MIB2, false, MAP_DEVICE } },
		.stage2_count = 3,
		.dma = { { "messages", 0, ITS, ITS, 4096, false, MAP_DEVICE }, { "ram", 0, 0x40000000, RAM_A, MIB2, false, MAP_RAM } },
		.dma_count = 2,
		.streams = { { "disk", 0, OF_A, 1 }, { "bus", 1, 0, 16 } },
		.stream_count = 2,
		.regions = { { "hypervisor", BASE, MIB2, false, false } },
		.region_count = 1,
	};
}

static void world_make(void)
{
	memset(words, 0, sizeof(words));
	expected_make();
	for (unsigned i = 0; i < 1u << (BITS - SPLIT); i++)
		*entry_at(ROOTS, i) = page_at(STREAMS + i) | (SPLIT + 1);
	for (unsigned i = 0; i < 1u << BITS; i++)
		stream_make(i, i < 16 ? 2 : 0, i < 16 ? TABLES_B : NOTHING);
	stream_make(OF_A, 1, TABLES_A);
	tables_make(TABLES_A, RAM_A, ITS, false);
	tables_make(TABLES_B, RAM_B, CARD, true);
	registers = (struct smmu_registers){ 0xd, page_at(ROOTS), BITS | SPLIT << 6 | 1 << 16, 3 };
	finding_count = 0;
	finding_text[0] = '\0';
}

static bool found(const char *words_of_it)
{
	finding_count = 0;
	finding_text[0] = '\0';
	judge_streams(&expected, &memory, &registers);
	return finding_count && strstr(finding_text, words_of_it);
}

/* With one word of the entry of stream `number` changed. */
static bool found_with(unsigned number, unsigned word, uint64_t value, const char *words_of_it)
{
	world_make();
	stream_at(number)[word] = value;
	return found(words_of_it);
}

static void right_world_has_no_findings(void)
{
	world_make();
	CHECK(judge_streams(&expected, &memory, &registers) == 16 && finding_count == 0);
	registers.base = page_at(STREAMS);
	registers.config = BITS;		/* linear */
	CHECK(judge_streams(&expected, &memory, &registers) == 16 && finding_count == 0);
}

static void nobody_reaches_anything(void)
{
	CHECK(found_with(NOBODYS, 3, page_at(TABLES_B), "stream 0xc8 is nobody's, and reaches 0x10000000"));
	CHECK(found_with(NOBODYS, 0, 1 | 4 << 1, "stream 0xc8 is configured as 4"));
	CHECK(found_with(NOBODYS, 0, 1 | 5 << 1, "configured as 5"));
	world_make();
	stream_at(NOBODYS)[0] = 1;		/* abort */
	stream_at(NOBODYS + 1)[0] = 0;		/* not valid */
	*entry_at(ROOTS, 2) = 0;		/* no entries at all */
	judge_streams(&expected, &memory, &registers);
	CHECK(finding_count == 0);
}

static void owners_are_judged(void)
{
	CHECK(found_with(OF_A, 3, page_at(TABLES_B), "DMA of a"));
	CHECK(found_with(OF_A, 2, FORMAT | 2, "stream 0x3 of a has VMID 2, not 1"));
	CHECK(found_with(OF_B, 3, page_at(TABLES_A), "stream 0x4 of b is translated by other tables than the first"));
	CHECK(found_with(OF_B, 3, page_at(NOTHING), "other tables"));
	CHECK(found_with(OF_A, 3, page_at(NOTHING), "of ram (0x40000000), 0x0 of 0x200000 bytes"));
	CHECK(found_with(OF_A, 0, 0, "stream 0x3 of disk reaches nothing"));
	CHECK(found_with(OF_A, 0, 1 | 4 << 1, "configured as 4"));
	CHECK(found_with(OF_A, 2, (FORMAT | 1) & ~(1ull << 51), "another format"));
	CHECK(found_with(OF_A, 2, FORMAT | 1 | 1ull << 57, "stalls"));
	CHECK(found_with(OF_A, 2, FORMAT | 1 | 1ull << 46, "another granule"));
}

/* With one entry of a's tables changed. */
static bool found_entry(unsigned page, unsigned index, uint64_t value, const char *words_of_it)
{
	world_make();
	*entry_at(page, index) = value;
	return found(words_of_it);
}

static void mappings_are_judged(void)
{
	CHECK(found_entry(TABLES_A + 3, 0, BASE | BLOCK | RAM, "of region hypervisor"));
	CHECK(found_entry(TABLES_A + 3, 0, RAM_B | BLOCK | RAM, "is 0x60400000, not 0x60000000"));
	CHECK(found_entry(TABLES_A + 3, 1, RAM_B | BLOCK | RAM, "the plan has no such mapping"));
	CHECK(found_entry(TABLES_A + 2, ITS >> 12 & 511, (ITS - 0x10000) | PAGE | DEVICE, "is 0x8080000, not 0x8090000"));
	CHECK(found_entry(TABLES_A + 2, (ITS >> 12 & 511) + 1, (ITS + 4096) | PAGE | DEVICE, "no such mapping"));
	CHECK(found_entry(TABLES_A + 2, ITS >> 12 & 511, ITS | PAGE | RAM, "not writable device"));
	world_make();
	expected.dma[1].output = RAM_B;		/* a plan that is wrong by itself */
	*entry_at(TABLES_A + 3, 0) = RAM_B | BLOCK | RAM;
	CHECK(found("is no RAM of its own"));
}

static void broken_tables_are_found(void)
{
	CHECK(found_entry(ROOTS, 0, 0x7000000000ull | 7, "outside of the hypervisor's memory"));
	CHECK(found_entry(ROOTS, 0, page_at(STREAMS) | 12, "leads nowhere"));
	CHECK(found_with(OF_A, 3, 0x7000000000ull, "outside of the hypervisor's memory"));
	world_make();
	registers.cr0 = 0xc;
	CHECK(found("SMMU: it is off"));
	world_make();
	registers.config = 40;
	CHECK(found("40 bits of stream"));
	world_make();
	registers.config = 2 | SPLIT << 6 | 1 << 16;
	CHECK(found("streams of bus are not in the table"));
}

int main(void)
{
	TEST(right_world_has_no_findings);
	TEST(nobody_reaches_anything);
	TEST(owners_are_judged);
	TEST(mappings_are_judged);
	TEST(broken_tables_are_found);
	return tap_done();
}
