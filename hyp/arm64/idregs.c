/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System registers that a guest's access traps: a line each. ID registers
 * are passed, masked or fixed; those without a line read as zero, as the
 * architecture has it for features that are not there. Any other register
 * without a line is an undefined instruction.
 */
#include "gic.h"
#include "idregs.h"

typedef uint64_t line_read(const struct vcpu *vcpu);

struct sysreg_line {
	uint32_t reg;
	line_read *value; /* of the machine, or fixed; null: zero */
	uint64_t mask;    /* what of it a guest sees: fields that are known, and that the hypervisor supports */
};

#define PASS ~0ul
#define WORD 0xfffffffful /* AArch32: all of its fields are known */
#define MACHINE(name)                                                  \
	static uint64_t machine_##name(const struct vcpu *vcpu)        \
	{                                                              \
		(void)vcpu;                                            \
		return SYSREG_READ(name);                              \
	}

MACHINE(id_pfr0_el1) MACHINE(id_pfr1_el1) MACHINE(id_mmfr0_el1) MACHINE(id_mmfr1_el1) MACHINE(id_mmfr2_el1)
MACHINE(id_mmfr3_el1) MACHINE(id_isar0_el1) MACHINE(id_isar1_el1) MACHINE(id_isar2_el1) MACHINE(id_isar3_el1)
MACHINE(id_isar4_el1) MACHINE(id_isar5_el1) MACHINE(mvfr0_el1) MACHINE(mvfr1_el1) MACHINE(mvfr2_el1)
MACHINE(id_aa64pfr1_el1) MACHINE(id_aa64isar0_el1) MACHINE(id_aa64isar1_el1) MACHINE(id_aa64mmfr1_el1)
MACHINE(id_aa64mmfr2_el1)

#define PFR0_GIC (0xful << 24)

/* The GIC's registers are there if the guest's GIC has them. */
static uint64_t guest_pfr0(const struct vcpu *vcpu)
{
	uint64_t value = SYSREG_READ(id_aa64pfr0_el1);

	(void)vcpu;
	return gic_version() == 3u ? value : value & ~PFR0_GIC;
}

/* No more physical address than 40 bits: a stage 2 of 39 answers what lies beyond with an abort. */
static uint64_t guest_mmfr0(const struct vcpu *vcpu)
{
	uint64_t value = SYSREG_READ(id_aa64mmfr0_el1);

	(void)vcpu;
	return (value & 0xfu) > 2u ? (value & ~0xful) | 2u : value;
}

#define DFR0_DEBUG_V8 0x6ul
#define DFR0_SHARED (DFR0_DEBUG_V8 | 1ul << 12 | 1ul << 20) /* the least that there can be: two breakpoints, two watchpoints */

/* PMU and debug: the CPU's own where no other vCPU uses them, else none and the least. */
static uint64_t guest_dfr0(const struct vcpu *vcpu)
{
	return vcpu_is_exclusive(vcpu) ? SYSREG_READ(id_aa64dfr0_el1) : DFR0_SHARED;
}

static uint64_t oslsr(const struct vcpu *vcpu)
{
	(void)vcpu;
	return BIT(3); /* the OS lock exists, and is open */
}

#define REG_ICC_SRE SYSREG(3, 0, 12, 12, 5)

/* The interrupt controller has no interface but system registers. */
static uint64_t icc_sre(const struct vcpu *vcpu)
{
	(void)vcpu;
	return 7; /* SRE, and no bypass */
}

static const struct sysreg_line lines[] = {
	{ SYSREG(3, 0, 0, 1, 0), machine_id_pfr0_el1, 0xffff },
	{ SYSREG(3, 0, 0, 1, 1), machine_id_pfr1_el1, 0xf0f0f },
	{ SYSREG(3, 0, 0, 1, 4), machine_id_mmfr0_el1, WORD },
	{ SYSREG(3, 0, 0, 1, 5), machine_id_mmfr1_el1, WORD },
	{ SYSREG(3, 0, 0, 1, 6), machine_id_mmfr2_el1, WORD },
	{ SYSREG(3, 0, 0, 1, 7), machine_id_mmfr3_el1, WORD },
	{ SYSREG(3, 0, 0, 2, 0), machine_id_isar0_el1, 0xfffffff },
	{ SYSREG(3, 0, 0, 2, 1), machine_id_isar1_el1, WORD },
	{ SYSREG(3, 0, 0, 2, 2), machine_id_isar2_el1, WORD },
	{ SYSREG(3, 0, 0, 2, 3), machine_id_isar3_el1, WORD },
	{ SYSREG(3, 0, 0, 2, 4), machine_id_isar4_el1, WORD },
	{ SYSREG(3, 0, 0, 2, 5), machine_id_isar5_el1, 0xff0fffff },
	{ SYSREG(3, 0, 0, 3, 0), machine_mvfr0_el1, WORD },
	{ SYSREG(3, 0, 0, 3, 1), machine_mvfr1_el1, WORD },
	{ SYSREG(3, 0, 0, 3, 2), machine_mvfr2_el1, 0xff },
	{ SYSREG(3, 0, 0, 4, 0), guest_pfr0, 0x110f00000fff00fful },                /* no EL2, EL3, RAS, SVE, MPAM, AMU, RME */
	{ SYSREG(3, 0, 0, 4, 1), machine_id_aa64pfr1_el1, 0xff },                    /* BTI, SSBS; no MTE, SME */
	{ SYSREG(3, 0, 0, 5, 0), guest_dfr0, 0xf0f0ff0ful },                         /* no trace, no statistical profiling */
	{ SYSREG(3, 0, 0, 6, 0), machine_id_aa64isar0_el1, 0xfffffffff0fffff0ul },   /* no TME */
	{ SYSREG(3, 0, 0, 6, 1), machine_id_aa64isar1_el1, 0x00fffffffffffffful },   /* no XS, LS64 */
	{ SYSREG(3, 0, 0, 6, 2), NULL, 0 },                                          /* newer than what is known here */
	{ SYSREG(3, 0, 0, 7, 0), guest_mmfr0, 0xffff0ffful },
	{ SYSREG(3, 0, 0, 7, 1), machine_id_aa64mmfr1_el1, 0xf000f0f00ful },         /* no VHE, LOR, XNX, HCX */
	{ SYSREG(3, 0, 0, 7, 2), machine_id_aa64mmfr2_el1, 0xf0ff00fff0ff0ffful },   /* no IESB, NV, FWB, EVT */
	{ SYSREG(3, 0, 1, 0, 1), NULL, 0 },                                          /* ACTLR_EL1: implementation defined */
	{ SYSREG(2, 0, 1, 1, 4), oslsr, PASS },
	{ REG_ICC_SRE, icc_sre, PASS },
};

static const struct sysreg_line *line_of(uint32_t reg)
{
	for (uint32_t i = 0; i < ARRAY_COUNT(lines); i++)
		if (lines[i].reg == reg)
			return &lines[i];
	return NULL;
}

/* op0 = 3, op1 = 0, CRn = 0, CRm = 1..7: the architecture reserves all of it for ID registers, zero where there is none. */
static bool is_id_space(uint32_t reg)
{
	return (reg & SYSREG(3, 7, 15, 8, 0)) == SYSREG(3, 0, 0, 0, 0) && (reg & SYSREG(0, 0, 0, 7, 0)) != 0;
}

/* Debug registers, as far as their accesses trap: a debugger that is not there. Trace (op1 = 1) does not exist. */
static bool is_debug_space(uint32_t reg)
{
	return (reg & SYSREG(3, 0, 0, 0, 0)) == SYSREG(2, 0, 0, 0, 0) && (reg & SYSREG(0, 7, 0, 0, 0)) != SYSREG(0, 1, 0, 0, 0);
}

bool idreg_read(const struct vcpu *vcpu, uint32_t reg, uint64_t *value)
{
	const struct sysreg_line *line = line_of(reg);

	*value = line != NULL && line->value != NULL ? line->value(vcpu) & line->mask : 0;
	return line != NULL || is_id_space(reg) || is_debug_space(reg);
}

bool idreg_ignores_write(uint32_t reg)
{
	return reg == SYSREG(3, 0, 1, 0, 1) || reg == REG_ICC_SRE || is_debug_space(reg);
}
