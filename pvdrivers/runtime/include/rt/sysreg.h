/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RT_SYSREG_H
#define RT_SYSREG_H

/*
 * System registers, barriers and hints of the CPU that runs. It must not know what they are used for.
 */

#include <stdint.h>

#define sysreg_read(name) ({							\
	uint64_t sysreg_value_;							\
	__asm__ volatile("mrs %0, " #name : "=r"(sysreg_value_) : : "memory");	\
	sysreg_value_; })

#define sysreg_write(name, value) ({						\
	uint64_t sysreg_value_ = (uint64_t)(value);				\
	__asm__ volatile("msr " #name ", %x0" : : "rZ"(sysreg_value_) : "memory"); })

static inline void cpu_isb(void) { __asm__ volatile("isb" : : : "memory"); }
static inline void cpu_dsb_stores(void) { __asm__ volatile("dsb st" : : : "memory"); }
static inline void cpu_dsb(void) { __asm__ volatile("dsb sy" : : : "memory"); }
static inline void cpu_wfi(void) { __asm__ volatile("dsb sy\n\twfi" : : : "memory"); }
static inline void cpu_wfe(void) { __asm__ volatile("wfe" : : : "memory"); }
static inline void cpu_sev(void) { __asm__ volatile("dsb ish\n\tsev" : : : "memory"); }
/* In every loop that waits for another CPU: emulators run the others here. */
static inline void cpu_relax(void) { __asm__ volatile("yield" : : : "memory"); }

/* Cleans and invalidates `size` bytes at `start` to memory: for a CPU, or a person, that looks with the caches off. */
static inline void cache_flush(const void *start, uint64_t size)
{
	uint64_t line = 4ull << (sysreg_read(ctr_el0) >> 16 & 15);
	uint64_t at = (uint64_t)(uintptr_t)start & ~(line - 1);

	for (; at < (uint64_t)(uintptr_t)start + size; at += line)
		__asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
	cpu_dsb();
}

/* Makes instructions that were just written at `start` visible to the fetches of all CPUs. */
static inline void cache_sync_code(const void *start, uint64_t size)
{
	cache_flush(start, size);
	__asm__ volatile("ic ialluis\n\tdsb ish\n\tisb" : : : "memory");
}

#endif
