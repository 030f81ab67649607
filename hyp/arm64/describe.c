/* SPDX-License-Identifier: Apache-2.0 */
/* A vCPU and its exits in words, for reports. */
#include "arm64.h"

uint64_t arch_vcpu_pc(const struct vcpu *vcpu)
{
	if (this_vcpu() == vcpu)
		return SYSREG_READ(elr_el2);
	if (vcpu->cpu->state->current == vcpu)
		return vcpu->history[(vcpu->history_next - 1u) % EXIT_HISTORY].pc; /* it runs elsewhere: where it last left */
	return ((const struct arm64_vcpu *)(const void *)vcpu)->el1.pc;
}

static void general_print(const struct frame *frame)
{
	for (uint32_t i = 0; i < 30u; i += 3u)
		hyp_print("  x%-2u %016lx  x%-2u %016lx  x%-2u %016lx", i, frame->x[i], i + 1u, frame->x[i + 1u], i + 2u,
			  frame->x[i + 2u]);
}

static void system_print(const struct frame *frame, uint64_t pstate, const struct el1_state *el1)
{
	hyp_print("  x30 %016lx  sp0 %016lx  sp1 %016lx", frame->x[30], el1->sp_el0, el1->sp_el1);
	hyp_print("  pstate %lx sctlr %lx vbar %lx esr %lx far %lx elr %lx", pstate, el1->sctlr, el1->vbar, el1->esr, el1->far,
		  el1->elr);
}

void arch_vcpu_print(struct vcpu *vcpu)
{
	struct arm64_vcpu *v = arm64_vcpu_of(vcpu);
	struct el1_state live;

	if (this_vcpu() != vcpu) {
		general_print(&v->frame);
		system_print(&v->frame, v->el1.pstate, &v->el1);
		return;
	}
	live.sp_el0 = SYSREG_READ(sp_el0);
	live.sp_el1 = SYSREG_READ(sp_el1);
	live.sctlr = SYSREG_READ(sctlr_el1);
	live.vbar = SYSREG_READ(vbar_el1);
	live.esr = SYSREG_READ(esr_el1);
	live.far = SYSREG_READ(far_el1);
	live.elr = SYSREG_READ(elr_el1);
	general_print(cpu_frame(this_cpu()));
	system_print(cpu_frame(this_cpu()), SYSREG_READ(spsr_el2), &live);
}

static const char *class_name(uint64_t syndrome)
{
	switch (ESR_CLASS(syndrome)) {
	case EC_UNKNOWN: return "interrupt";
	case EC_WFX: return "wait for interrupt or event";
	case EC_HVC64: return "HVC";
	case EC_SMC64: return "SMC";
	case EC_SYSREG: return "system register";
	case EC_INSTR_ABORT: return "instruction fetch";
	case EC_DATA_ABORT: return "data access";
	case 0x2f: return "SError";
	default: return "exception";
	}
}

static const char *fault_name(uint64_t syndrome)
{
	switch (syndrome & FSC_TYPE_MASK) {
	case FSC_TRANSLATION: return "not mapped";
	case FSC_PERMISSION: return "not permitted";
	case FSC_ACCESS_FLAG: return "access flag";
	default: return "other fault";
	}
}

static bool is_abort(uint64_t syndrome)
{
	return ESR_CLASS(syndrome) == EC_DATA_ABORT || ESR_CLASS(syndrome) == EC_INSTR_ABORT;
}

static void register_print(const struct exit_record *r)
{
	uint64_t iss = r->syndrome;

	hyp_print("  pc %lx: %s op0 %lu op1 %lu CRn %lu CRm %lu op2 %lu", r->pc, iss & SYSREG_IS_READ ? "read of" : "write of",
		  iss >> 20 & 3u, iss >> 14 & 7u, iss >> 10 & 15u, iss >> 1 & 15u, iss >> 17 & 7u);
}

void arch_exit_print(const struct exit_record *r)
{
	if (is_abort(r->syndrome))
		hyp_print("  pc %lx: %s of %lx, %s%s (esr %lx)", r->pc, r->syndrome & ESR_WNR ? "write" : "read or fetch",
			  r->address, fault_name(r->syndrome), r->syndrome & ESR_S1PTW ? " in its own page tables" : "",
			  r->syndrome);
	else if (ESR_CLASS(r->syndrome) == EC_SYSREG)
		register_print(r);
	else if (ESR_CLASS(r->syndrome) == EC_UNKNOWN)
		hyp_print("  pc %lx: interrupt %lu", r->pc, r->syndrome);
	else
		hyp_print("  pc %lx: %s %lx (esr %lx)", r->pc, class_name(r->syndrome), r->address, r->syndrome);
}
