/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks on memory: the whole address space, the borders of what is given, and what belongs to others.
 *
 * own=BASE+SIZE in the table is a region of the partition (RAM or device): both sides of its borders are tried.
 * deny=BASE+SIZE is one of somebody else, by physical address: every page is read, written and jumped to.
 */

#include <rt/sysreg.h>
#include <rt/tree.h>

#include "hostile.h"

#define PAGE		4096ull
#define STEP		(2ull << 20)
#define SPACE		(1ull << 39)
#define XN		(3ull << 53)
#define TABLE		3ull

extern uint64_t mmu_level1[512];

/* The runtime maps all that is no RAM as never executable; for jumps to reach the hypervisor that must go. */
static void allow_fetch(void)
{
	for (unsigned i = 0; i < 512; i++) {
		uint64_t *table = (uint64_t *)(uintptr_t)(mmu_level1[i] & ~(PAGE - 1) & (SPACE - 1));

		if ((mmu_level1[i] & 3) != TABLE)
			mmu_level1[i] &= ~XN;
		else
			for (unsigned j = 0; j < 512; j++)
				table[j] &= ~XN;
	}
	__asm__ volatile("dsb ishst\n\ttlbi vmalle1is\n\tdsb ish\n\tisb" : : : "memory");
}

static void read_unless_own(struct tally *tally, uint64_t at)
{
	if (is_own_ram(at))
		tally->own++;
	else
		try_read(tally, at, 4);
}

void attack_space(void)
{
	struct tally reads = { .class = "space" };
	struct tally fetches = { .class = "space_fetch" };

	allow_fetch();
	for (uint64_t at = 0; at < SPACE; at += STEP)
		read_unless_own(&reads, at);
	/* Jumps only where no device can be: a register that is executed may do what it says. */
	for (uint64_t at = 4ull << 30; at < SPACE; at += 64 * STEP) {
		if (is_own_ram(at))
			fetches.own++;
		else
			try_fetch(&fetches, at);
	}
	tally_print(&reads);
	tally_print(&fetches);
}

/* Inside both ends by reading; outside both ends by reading and, where it is not RAM of ours, by writing. */
static void try_borders(uint64_t base, uint64_t size, void *arg)
{
	struct tally *tally = arg;
	const uint64_t outside[] = { base - 4, base + size };

	try_read(tally, base, 4);
	try_read(tally, base + size - 4, 4);
	for (unsigned i = 0; i < 2; i++) {
		if (is_own_ram(outside[i])) {
			tally->own++;
			continue;
		}
		try_read(tally, outside[i], 4);
		try_write(tally, outside[i], 4, random_next());
	}
}

static void try_pages(uint64_t base, uint64_t size, void *arg)
{
	struct tally *tallies = arg;

	for (uint64_t at = base; at < base + size; at += PAGE) {
		if (is_own_ram(at)) {
			for (unsigned i = 0; i < 3; i++)
				tallies[i].own++;
			continue;
		}
		try_read(&tallies[0], at + (random_next() & (PAGE - 8)), 8);
		try_write(&tallies[1], at + (random_next() & (PAGE - 8)), 8, random_next());
		try_fetch(&tallies[2], at + (random_next() & (PAGE - 4)));
	}
}

void attack_regions(void)
{
	struct tally borders = { .class = "border" };
	struct tally pages[3] = { { .class = "deny_read" }, { .class = "deny_write" }, { .class = "deny_fetch" } };

	table_each("own", try_borders, &borders);
	table_each("deny", try_pages, pages);
	tally_print(&borders);
	for (unsigned i = 0; i < 3; i++)
		tally_print(&pages[i]);
}
