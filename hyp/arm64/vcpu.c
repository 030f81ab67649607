/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vCPU's state: reset values, and the switch between memory and machine.
 * It must not know why a vCPU comes or goes.
 */
#include "gic.h"
#include "arm64.h"

/* Registers that are switched, with the names that the assembler knows. */
#define EL1_REGISTERS(x)                                                                                               \
	x(pc, elr_el2) x(pstate, spsr_el2) x(sp_el0, sp_el0) x(sp_el1, sp_el1) x(elr, elr_el1) x(spsr, spsr_el1)       \
	x(sctlr, sctlr_el1) x(cpacr, cpacr_el1) x(ttbr0, ttbr0_el1) x(ttbr1, ttbr1_el1) x(tcr, tcr_el1)                \
	x(esr, esr_el1) x(afsr0, afsr0_el1) x(afsr1, afsr1_el1) x(far, far_el1) x(mair, mair_el1)                      \
	x(amair, amair_el1) x(vbar, vbar_el1) x(contextidr, contextidr_el1) x(tpidr_el0, tpidr_el0)                    \
	x(tpidrro_el0, tpidrro_el0) x(tpidr_el1, tpidr_el1) x(par, par_el1) x(csselr, csselr_el1)                      \
	x(mdscr, mdscr_el1) x(cntkctl, cntkctl_el1) x(cntv_cval, cntv_cval_el0) x(cntp_cval, cntp_cval_el0)

/* Keys A and B for instructions and data, and the generic one: two halves each. */
#define PAUTH_REGISTERS(x)                                                                                             \
	x(0, s3_0_c2_c1_0) x(1, s3_0_c2_c1_1) x(2, s3_0_c2_c1_2) x(3, s3_0_c2_c1_3) x(4, s3_0_c2_c2_0)                 \
	x(5, s3_0_c2_c2_1) x(6, s3_0_c2_c2_2) x(7, s3_0_c2_c2_3) x(8, s3_0_c2_c3_0) x(9, s3_0_c2_c3_1)

#define HCR_GUEST                                                                                                      \
	(HCR_VM | HCR_SWIO | HCR_FMO | HCR_IMO | HCR_AMO | HCR_TID3 | HCR_TSC | HCR_TIDCP | HCR_TACR | HCR_TSW | HCR_RW | \
	 HCR_TLOR | HCR_TERR)

#define VMPIDR_RES1 BIT(31)

static void el1_save(struct el1_state *el1)
{
#define SAVE(field, name) el1->field = SYSREG_READ(name);
	EL1_REGISTERS(SAVE)
	el1->cntv_ctl = SYSREG_READ(cntv_ctl_el0);
	el1->cntp_ctl = SYSREG_READ(cntp_ctl_el0);
	SYSREG_WRITE(cntv_ctl_el0, 0);
	SYSREG_WRITE(cntp_ctl_el0, 0);
}

/* The compare values before the enables: a timer must not fire for the time of another guest. */
static void el1_load(const struct el1_state *el1)
{
#define LOAD(field, name) SYSREG_WRITE(name, el1->field);
	EL1_REGISTERS(LOAD)
	SYSREG_WRITE(cntv_ctl_el0, el1->cntv_ctl);
	SYSREG_WRITE(cntp_ctl_el0, el1->cntp_ctl);
}

static void pauth_save(struct el1_state *el1)
{
#define SAVE_KEY(index, name) el1->apkeys[index] = SYSREG_READ(name);
	PAUTH_REGISTERS(SAVE_KEY)
}

static void pauth_load(const struct el1_state *el1)
{
#define LOAD_KEY(index, name) SYSREG_WRITE(name, el1->apkeys[index]);
	PAUTH_REGISTERS(LOAD_KEY)
}

void arch_vcpu_set_entry(struct vcpu *vcpu, uint64_t entry, uint64_t argument)
{
	struct arm64_vcpu *v = arm64_vcpu_of(vcpu);

	v->entry = entry;
	v->argument = argument;
}

/* Everything that a guest can see. What the architecture leaves unknown at reset is zero, so that nothing of an old life shows. */
void arch_vcpu_reset(struct vcpu *vcpu)
{
	struct arm64_vcpu *v = arm64_vcpu_of(vcpu);

	v->frame = (struct frame){ .x[0] = v->argument };
	v->el1 = (struct el1_state){ .pc = v->entry, .pstate = SPSR_EL1H | SPSR_DAIF, .sctlr = SCTLR_EL1_RESET };
	v->fp = (struct fp_state){ 0 };
	v->vmpidr = VMPIDR_RES1 | (vcpu->index & 0xfu) | (uint64_t)(vcpu->index >> 4) << 8;
	v->sweep_map = 0;
	v->sweep_offset = 0;
	vgic_vcpu_reset(vcpu);
}

static uint64_t hcr_of(const struct vcpu *vcpu)
{
	uint64_t hcr = HCR_GUEST;

	if (!vcpu_is_exclusive(vcpu))
		hcr |= HCR_TWI;
	if (cpu_has_pauth())
		hcr |= HCR_APK | HCR_API;
	return hcr;
}

/* Exclusive: PMU and debug are the guest's, but for EL2's counter and the addresses of debug tables. Shared: all of it traps. */
static uint64_t mdcr_of(const struct vcpu *vcpu)
{
	uint64_t mdcr = MDCR_HPMN(this_cpu()->counters) | MDCR_HPME | MDCR_TDRA | MDCR_TPMS | MDCR_TTRF;

	if (!vcpu_is_exclusive(vcpu))
		mdcr |= MDCR_TPMCR | MDCR_TPM | MDCR_TDA | MDCR_TDOSA;
	return mdcr;
}

/* Two vCPUs of one partition on one CPU have the same VMID, but not the same idea of what an ASID means. */
static void siblings_flush(const struct vcpu *vcpu)
{
	for (uint32_t i = 0; i < vcpu->cpu->vcpu_count; i++)
		if (vcpu->cpu->vcpus[i] != vcpu && vcpu->cpu->vcpus[i]->partition == vcpu->partition) {
			__asm__ volatile("tlbi vmalle1\n\tic iallu\n\tdsb nsh" : : : "memory");
			return;
		}
}

static void controls_load(const struct arm64_vcpu *v)
{
	SYSREG_WRITE(hcr_el2, hcr_of(&v->core));
	SYSREG_WRITE(mdcr_el2, mdcr_of(&v->core));
	SYSREG_WRITE(vmpidr_el2, v->vmpidr);
	stage2_load(v->core.partition);
	ISB();
	siblings_flush(&v->core);
}

void arch_vcpu_load(struct vcpu *vcpu)
{
	struct arm64_vcpu *v = arm64_vcpu_of(vcpu);

	controls_load(v);
	el1_load(&v->el1);
	if (cpu_has_pauth())
		pauth_load(&v->el1);
	fp_load(&v->fp);
	*cpu_frame(this_cpu()) = v->frame;
	vgic_vcpu_load(vcpu);
	ISB();
}

void arch_vcpu_save(struct vcpu *vcpu)
{
	struct arm64_vcpu *v = arm64_vcpu_of(vcpu);
	uint64_t serror = serror_drain(); /* what the leaving guest caused is charged to it */

	vgic_vcpu_save(vcpu);
	el1_save(&v->el1);
	if (cpu_has_pauth())
		pauth_save(&v->el1);
	fp_save(&v->fp);
	v->frame = *cpu_frame(this_cpu());
	if (vcpu_is_exclusive(vcpu)) {
		pmu_reset();
		debug_reset();
	}
	SYSREG_WRITE(hcr_el2, HCR_RW);
	ISB();
	if (serror != 0)
		trap_serror(NULL, serror);
}

void arch_vcpu_sync(struct vcpu *vcpu)
{
	vgic_vcpu_sync(vcpu, 0);
}
