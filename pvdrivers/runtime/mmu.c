/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The translation tables: one level-1 table over 39 bits, whose entries are 1 GiB blocks, and one level-2 table for the
 * GiB where RAM begins or ends. It runs before anything else, so it must not use more than its own tables.
 */

#include <abi/device.h>

#include <rt/mmu.h>
#include <rt/sysreg.h>

#define ENTRIES		512u
#define GIB		(1ull << 30)
#define MIB2		(1ull << 21)

#define BLOCK		0x1ull
#define TABLE		0x3ull
#define AF		(1ull << 10)
#define INNER_SHARE	(3ull << 8)
#define NORMAL		(BLOCK | AF | INNER_SHARE | 1ull << 2)
#define NEVER_EXECUTE	(3ull << 53)
#define DEVICE		(BLOCK | AF | NEVER_EXECUTE)
#define SHARED		(NORMAL | NEVER_EXECUTE)
#define UNCACHED	(BLOCK | AF | INNER_SHARE | 2ull << 2 | NEVER_EXECUTE)

#define RAM_BASE	GIB	/* of `virt` and of a partition; the device tree confirms it later */

uint64_t mmu_level1[ENTRIES] __attribute__((aligned(4096)));
static uint64_t level2_first[ENTRIES] __attribute__((aligned(4096)));	/* RAM's first GiB */
static uint64_t level2_last[ENTRIES] __attribute__((aligned(4096)));	/* its last, when that is another one */

static void fill_gib(uint64_t *table, uint64_t base, uint64_t ram_end)
{
	for (uint64_t i = 0; i < ENTRIES; i++) {
		uint64_t at = base + i * MIB2;

		table[i] = at | (at < ram_end ? NORMAL : DEVICE);
	}
}

/* Break before make: nobody may see two attributes for one address. */
static void replace(uint64_t *entry, uint64_t value)
{
	if (*entry == value)
		return;
	*(volatile uint64_t *)entry = 0;
	__asm__ volatile("dsb ishst\n\ttlbi vmalle1is\n\tdsb ish\n\tisb" : : : "memory");
	*(volatile uint64_t *)entry = value;
	__asm__ volatile("dsb ishst\n\tisb" : : : "memory");
}

/* What other partitions share with this one has fixed places, so that it needs no device tree. Each is GiB of its own. */
static uint64_t attributes(uint64_t at)
{
	if (at == BACK_DEVICE_IPA)
		return UNCACHED;
	if (at == BACK_SHARED_IPA || (at >= BACK_WINDOW_IPA && at < BACK_WINDOW_END))
		return SHARED;
	return DEVICE;
}

void mmu_build(void)
{
	for (uint64_t i = 0; i < ENTRIES; i++)
		mmu_level1[i] = i * GIB | attributes(i * GIB);
	fill_gib(level2_first, RAM_BASE, RAM_BASE + GIB);
	mmu_level1[RAM_BASE / GIB] = (uint64_t)(uintptr_t)level2_first | TABLE;
	cpu_dsb();
}

void mmu_set_ram(uint64_t base, uint64_t size)
{
	uint64_t end = base + size;

	for (uint64_t i = 0; i < ENTRIES; i++) {
		uint64_t at = RAM_BASE + i * MIB2;

		replace(&level2_first[i], at | (at < end ? NORMAL : DEVICE));
	}
	for (uint64_t at = RAM_BASE + GIB; at + GIB <= end; at += GIB)
		replace(&mmu_level1[at / GIB], at | NORMAL);
	if (end > RAM_BASE + GIB && end % GIB) {
		uint64_t last = end - end % GIB;

		fill_gib(level2_last, last, end);
		replace(&mmu_level1[last / GIB], (uint64_t)(uintptr_t)level2_last | TABLE);
	}
}
