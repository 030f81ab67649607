/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Performance counters and debug registers: the guest's on exclusive CPUs,
 * where each start clears them. The last event counter is EL2's.
 */
#include "arm64.h"

#define PMCR_N(pmcr) ((uint32_t)((pmcr) >> 11) & 31u)
#define EVENT_INST_RETIRED 0x08ul
#define FILTER_EL2_ONLY (BIT(31) | BIT(30) | BIT(27)) /* not EL1, not EL0, but EL2 */
#define COUNTER_CYCLES BIT(31)

static bool has_pmu(void)
{
	uint64_t version = SYSREG_READ(id_aa64dfr0_el1) >> 8 & 0xfu;

	return version != 0 && version != 0xfu;
}

/* MDCR_EL2.HPMN does not narrow what EL2 reads here. */
static uint32_t counter_count(void)
{
	return has_pmu() ? PMCR_N(SYSREG_READ(pmcr_el0)) : 0;
}

uint32_t pmu_setup(void)
{
	uint32_t count = counter_count();

	if (count == 0)
		return 0;
	SYSREG_WRITE(pmselr_el0, count - 1u);
	ISB();
	SYSREG_WRITE(pmxevtyper_el0, FILTER_EL2_ONLY | EVENT_INST_RETIRED);
	SYSREG_WRITE(pmcntenset_el0, BIT(count - 1u));
	return count - 1u;
}

void pmu_reset(void)
{
	uint32_t count = counter_count();
	uint64_t mine;

	if (count == 0)
		return;
	mine = COUNTER_CYCLES | (BIT(count - 1u) - 1u);
	SYSREG_WRITE(pmcntenclr_el0, mine);
	SYSREG_WRITE(pmintenclr_el1, mine);
	SYSREG_WRITE(pmovsclr_el0, mine);
	for (uint32_t i = 0; i < count - 1u; i++) {
		SYSREG_WRITE(pmselr_el0, i);
		ISB();
		SYSREG_WRITE(pmxevtyper_el0, 0);
		SYSREG_WRITE(pmxevcntr_el0, 0);
	}
	SYSREG_WRITE(pmccfiltr_el0, 0);
	SYSREG_WRITE(pmccntr_el0, 0);
	SYSREG_WRITE(pmselr_el0, 0);
	SYSREG_WRITE(pmuserenr_el0, 0);
	SYSREG_WRITE(pmcr_el0, 0);
}

#define BREAKPOINT_OFF(n) case n: SYSREG_WRITE(dbgbcr##n##_el1, 0); SYSREG_WRITE(dbgbvr##n##_el1, 0); __attribute__((fallthrough));
#define WATCHPOINT_OFF(n) case n: SYSREG_WRITE(dbgwcr##n##_el1, 0); SYSREG_WRITE(dbgwvr##n##_el1, 0); __attribute__((fallthrough));
#define ALL_SIXTEEN(x) x(15) x(14) x(13) x(12) x(11) x(10) x(9) x(8) x(7) x(6) x(5) x(4) x(3) x(2) x(1)

static void breakpoints_off(uint32_t last)
{
	switch (last) {
	ALL_SIXTEEN(BREAKPOINT_OFF)
	default:
		SYSREG_WRITE(dbgbcr0_el1, 0);
		SYSREG_WRITE(dbgbvr0_el1, 0);
	}
}

static void watchpoints_off(uint32_t last)
{
	switch (last) {
	ALL_SIXTEEN(WATCHPOINT_OFF)
	default:
		SYSREG_WRITE(dbgwcr0_el1, 0);
		SYSREG_WRITE(dbgwvr0_el1, 0);
	}
}

void debug_reset(void)
{
	uint64_t dfr0 = SYSREG_READ(id_aa64dfr0_el1);

	breakpoints_off((uint32_t)(dfr0 >> 12) & 0xfu);
	watchpoints_off((uint32_t)(dfr0 >> 20) & 0xfu);
	SYSREG_WRITE(mdccint_el1, 0);
	SYSREG_WRITE(oslar_el1, 0);
	SYSREG_WRITE(osdlr_el1, 0);
}
