/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot stage on arm64, at EL2: identity page tables for RAM, cache maintenance, the way out. It must not know plans or firmware.
 *
 * Orders: a cleared or copied line is cleaned and invalidated before the MMU goes off, because the hypervisor starts with
 * caches off and must not find old lines later. Emulators do not show a missing one.
 */

#include "arch.h"
#include "console.h"

#include <stdbool.h>

#define SYSREG_READ(reg)                                                \
	({                                                              \
		uint64_t sysreg_value;                                  \
		__asm__ volatile("mrs %0, " #reg : "=r"(sysreg_value)); \
		sysreg_value;                                           \
	})
#define SYSREG_WRITE(reg, value) __asm__ volatile("msr " #reg ", %0" : : "r"((uint64_t)(value)) : "memory")

#define GIB_SHIFT	30
#define MIB2_SHIFT	21
#define TABLE_ENTRIES	512u
#define TABLE_COUNT	(2u * HANDOFF_RAM_COUNT)	/* a RAM range has two ends that may lie inside of a GiB */

#define ENTRY_TABLE	0x3ull
#define ENTRY_BLOCK	(0x1ull | 1ull << 6 | 3ull << 8 | 1ull << 10)	/* AP[1] as EL2 wants it, inner shareable, accessed */

#define MAIR_NORMAL	0xffull			/* attribute 0: write-back, allocating */
#define TCR_BASE	(1ull << 31 | 1ull << 23 | 3ull << 12 | 1ull << 10 | 1ull << 8 | 25)	/* 39 bits, 4 KiB, cacheable walks */
#define SCTLR_OURS	(0x30c50830ull | 1 << 12 | 1 << 2 | 1)	/* the reserved ones, I, C, M */

#define PM_INST_RETIRED	0x08ull
#define PM_EL2_ONLY	(1ull << 31 | 1ull << 30 | 1ull << 27)

void arm64_switch(void (*run)(void), uint64_t stack, uint64_t ttbr, uint64_t tcr, uint64_t mair, uint64_t sctlr) __attribute__((noreturn));
void arm64_jump(uint64_t entry, uint64_t handoff) __attribute__((noreturn));

const char arch_name[] = "arm64";

static _Alignas(4096) uint64_t level1[TABLE_ENTRIES];
static _Alignas(4096) uint64_t level2[TABLE_COUNT][TABLE_ENTRIES];
static uint32_t level2_used;
static _Alignas(16) uint8_t stack[16384];

static uint64_t count_total;
static uint32_t count_last;
static int count_valid;

enum fw_err arch_check_state(void)
{
	uint64_t level = SYSREG_READ(CurrentEL) >> 2 & 3;

	if (level == 2)
		return FW_OK;
	console_print("boot: this CPU is at EL%u; the hypervisor needs EL2\n", level);
	return FW_ERR_VALUE;
}

/* The level 2 table of a GiB, made when it is first needed. */
static uint64_t *table_of(uint64_t gib)
{
	uint64_t *table;

	if (level1[gib] & 2)
		return (uint64_t *)(uintptr_t)(level1[gib] & ~4095ull);
	if (level1[gib] || level2_used == TABLE_COUNT)
		return NULL;
	table = level2[level2_used++];
	level1[gib] = (uint64_t)(uintptr_t)table | ENTRY_TABLE;
	return table;
}

static enum fw_err map_piece(uint64_t at)
{
	uint64_t *table = table_of(at >> GIB_SHIFT);

	if (!table)
		return FW_ERR_MEMORY;
	table[at >> MIB2_SHIFT & (TABLE_ENTRIES - 1)] = at | ENTRY_BLOCK;
	return FW_OK;
}

/* Whole blocks of 2 MiB only: a plan that uses less of RAM's end than there is loses nothing. */
static enum fw_err map_ram(const struct handoff_ram *ram)
{
	uint64_t at = (ram->base + (1ull << MIB2_SHIFT) - 1) >> MIB2_SHIFT << MIB2_SHIFT;
	uint64_t end = (ram->base + ram->size) >> MIB2_SHIFT << MIB2_SHIFT;

	if (end > 1ull << 39)
		return FW_ERR_RANGE;
	while (at < end) {
		bool whole = (at & ((1ull << GIB_SHIFT) - 1)) == 0 && end - at >= 1ull << GIB_SHIFT;

		if (whole)
			level1[at >> GIB_SHIFT] = at | ENTRY_BLOCK;
		else
			FW_TRY(map_piece(at));
		at += 1ull << (whole ? GIB_SHIFT : MIB2_SHIFT);
	}
	return FW_OK;
}

enum fw_err arch_prepare(const struct handoff_ram *ram, uint32_t count)
{
	for (uint32_t i = 0; i < TABLE_ENTRIES; i++)
		level1[i] = 0;
	for (uint32_t t = 0; t < TABLE_COUNT; t++) {
		for (uint32_t i = 0; i < TABLE_ENTRIES; i++)
			level2[t][i] = 0;
	}
	level2_used = 0;
	for (uint32_t i = 0; i < count; i++)
		FW_TRY(map_ram(&ram[i]));
	return FW_OK;
}

static uint64_t line_bytes(void)
{
	return 4ull << (SYSREG_READ(ctr_el0) >> 16 & 15);
}

void arch_clean(uint64_t base, uint64_t size)
{
	uint64_t line = line_bytes();

	for (uint64_t at = base & ~(line - 1); at < base + size; at += line)
		__asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
	__asm__ volatile("dsb sy" : : : "memory");
}

static uint64_t zero_words(uint64_t at, uint64_t end)
{
	for (; at < end; at += 8)
		*(volatile uint64_t *)(uintptr_t)at = 0;
	return at;
}

/* By bytes at the ends, by words up to the zeroing block, by such blocks in between. */
void arch_clear(uint64_t base, uint64_t size)
{
	uint64_t dczid = SYSREG_READ(dczid_el0);
	uint64_t block = dczid & 16 ? 8 : 4ull << (dczid & 15);
	uint64_t at = base, end = base + size;
	uint64_t first = (base + block - 1) & ~(block - 1), last = end & ~(block - 1);

	for (; at < end && at % 8 != 0; at++)
		*(volatile uint8_t *)(uintptr_t)at = 0;
	if (block > 8 && first < last) {
		at = zero_words(at, first);
		for (; at < last; at += block)
			__asm__ volatile("dc zva, %0" : : "r"(at) : "memory");
	}
	at = zero_words(at, end & ~7ull);
	for (; at < end; at++)
		*(volatile uint8_t *)(uintptr_t)at = 0;
	arch_clean(base, size);
}

void arch_copy(uint64_t to, uint64_t from, uint64_t size)
{
	uint64_t done = 0;

	/* 64 bytes at a time where both sides are aligned for pairs of words: SCTLR_EL2.A may be set, device-like rules do not apply. */
	if ((to | from) % 16 == 0) {
		for (; size - done >= 64; done += 64)
			__asm__ volatile("ldp x9, x10, [%1]\n\tldp x11, x12, [%1, #16]\n\t"
					 "ldp x13, x14, [%1, #32]\n\tldp x15, x16, [%1, #48]\n\t"
					 "stp x9, x10, [%0]\n\tstp x11, x12, [%0, #16]\n\t"
					 "stp x13, x14, [%0, #32]\n\tstp x15, x16, [%0, #48]"
					 : : "r"(to + done), "r"(from + done)
					 : "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "memory");
	}
	for (; done < size; done++)
		*(volatile uint8_t *)(uintptr_t)(to + done) = *(const volatile uint8_t *)(uintptr_t)(from + done);
	arch_clean(to, size);
}

static void quiet_timers(void)
{
	SYSREG_WRITE(cnthp_ctl_el2, 0);
	SYSREG_WRITE(cntp_ctl_el0, 0);
	SYSREG_WRITE(cntv_ctl_el0, 0);
}

void arch_leave_firmware(void (*run)(void), uint64_t image, uint64_t size)
{
	uint64_t tcr = TCR_BASE | (SYSREG_READ(id_aa64mmfr0_el1) & 7) << 16;

	__asm__ volatile("msr daifset, #0xf" : : : "memory");
	quiet_timers();
	/* Code, data and tables are fetched with the MMU off for a moment. */
	arch_clean(image, size);
	arm64_switch(run, (uint64_t)(uintptr_t)(stack + sizeof(stack)), (uint64_t)(uintptr_t)level1, tcr, MAIR_NORMAL, SCTLR_OURS);
}

void arch_enter(uint64_t entry, uint64_t handoff)
{
	arm64_jump(entry, handoff);
}

/* Event counter 0, if there is a PMU that can count instructions. */
void arch_count_begin(void)
{
	uint64_t version = SYSREG_READ(id_aa64dfr0_el1) >> 8 & 15;

	count_valid = version != 0 && version != 15 && (SYSREG_READ(pmcr_el0) >> 11 & 31) != 0 &&
		      (SYSREG_READ(pmceid0_el0) >> PM_INST_RETIRED & 1);
	if (!count_valid)
		return;
	SYSREG_WRITE(mdcr_el2, SYSREG_READ(mdcr_el2) & ~(1ull << 17));	/* HPMD: EL2 may be counted */
	SYSREG_WRITE(pmevtyper0_el0, PM_EL2_ONLY | PM_INST_RETIRED);
	SYSREG_WRITE(pmevcntr0_el0, 0);
	SYSREG_WRITE(pmcntenset_el0, 1);
	SYSREG_WRITE(pmcr_el0, SYSREG_READ(pmcr_el0) | 1);
	__asm__ volatile("isb" : : : "memory");
	count_last = (uint32_t)SYSREG_READ(pmevcntr0_el0);
}

void arch_count_sample(void)
{
	uint32_t now;

	if (!count_valid)
		return;
	now = (uint32_t)SYSREG_READ(pmevcntr0_el0);
	count_total += (uint32_t)(now - count_last);
	count_last = now;
}

uint64_t arch_count_read(int *valid)
{
	arch_count_sample();
	*valid = count_valid;
	if (count_valid) {
		SYSREG_WRITE(pmcntenclr_el0, 1);
		SYSREG_WRITE(pmevtyper0_el0, 0);
		SYSREG_WRITE(pmcr_el0, SYSREG_READ(pmcr_el0) & ~1ull);
	}
	return count_total;
}

uint64_t arch_ticks(void)
{
	__asm__ volatile("isb" : : : "memory");
	return SYSREG_READ(cntpct_el0);
}
