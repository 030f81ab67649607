/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions that a guest takes at EL1, as its hardware would give them: Arm
 * ARM DDI 0487, "Exception entry" and the ISS encodings of ESR_ELx.
 */
#include "arm64.h"

#define VECTOR_SP0 0x000u
#define VECTOR_SPX 0x200u
#define VECTOR_EL0_64 0x400u
#define VECTOR_EL0_32 0x600u
#define VECTOR_TABLE_BYTES 0x800u
#define SCTLR_SPAN BIT(23)
#define SCTLR_DSSBS BIT(44)
#define SPSR_DIT BIT(24)

static bool is_from_el0(uint64_t spsr)
{
	return (spsr & SPSR_AARCH32) != 0 || (spsr & SPSR_MODE_MASK) == SPSR_EL0;
}

static uint64_t vector_offset(uint64_t spsr)
{
	if (spsr & SPSR_AARCH32)
		return VECTOR_EL0_32;
	if ((spsr & SPSR_MODE_MASK) == SPSR_EL0)
		return VECTOR_EL0_64;
	return (spsr & SPSR_MODE_MASK) == SPSR_EL1T ? VECTOR_SP0 : VECTOR_SPX;
}

static bool cpu_has_pan(void)
{
	return (SYSREG_READ(id_aa64mmfr1_el1) >> 20 & 0xfu) != 0;
}

static bool cpu_has_ssbs(void)
{
	return (SYSREG_READ(id_aa64pfr1_el1) >> 4 & 0xfu) != 0;
}

/* PSTATE after the entry: flags, PAN and DIT are kept; SS, IL, UAO and BTYPE are cleared. */
static uint64_t entry_pstate(uint64_t spsr)
{
	uint64_t sctlr = SYSREG_READ(sctlr_el1);
	uint64_t pstate = SPSR_EL1H | SPSR_DAIF | (spsr & (SPSR_FLAGS | SPSR_PAN));

	if (!(spsr & SPSR_AARCH32))
		pstate |= spsr & SPSR_DIT;
	if (cpu_has_pan() && !(sctlr & SCTLR_SPAN))
		pstate |= SPSR_PAN;
	if (cpu_has_ssbs() && (sctlr & SCTLR_DSSBS))
		pstate |= SPSR_SSBS;
	return pstate;
}

static void inject(uint64_t esr)
{
	uint64_t spsr = SYSREG_READ(spsr_el2);

	SYSREG_WRITE(esr_el1, esr);
	SYSREG_WRITE(spsr_el1, spsr);
	SYSREG_WRITE(elr_el1, SYSREG_READ(elr_el2));
	SYSREG_WRITE(elr_el2, SYSREG_READ(vbar_el1) + vector_offset(spsr));
	SYSREG_WRITE(spsr_el2, entry_pstate(spsr));
}

void inject_undefined(uint64_t esr)
{
	inject((uint64_t)EC_UNKNOWN << ESR_CLASS_SHIFT | (esr & ESR_IL));
}

void inject_abort(uint64_t esr, uint64_t far, bool is_fetch)
{
	bool is_lower = is_from_el0(SYSREG_READ(spsr_el2));
	uint64_t class = is_fetch ? (is_lower ? EC_INSTR_ABORT : EC_INSTR_ABORT_SAME) :
				    (is_lower ? EC_DATA_ABORT : EC_DATA_ABORT_SAME);
	uint64_t kept = is_fetch ? 0 : esr & (ESR_WNR | ESR_CM);
	uint64_t fault = FSC_EXTERNAL;

	/* on a walk of the guest's own tables: the level cannot be known from here, and the last is the likeliest */
	if (esr & ESR_S1PTW)
		fault = FSC_EXTERNAL_WALK | 3u;
	SYSREG_WRITE(far_el1, far);
	inject(class << ESR_CLASS_SHIFT | (esr & ESR_IL) | kept | fault);
}

bool is_vector_fetch(uint64_t pc)
{
	return pc - SYSREG_READ(vbar_el1) < VECTOR_TABLE_BYTES;
}
