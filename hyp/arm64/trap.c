/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exits by exception class: one const table, one small function each. Memory
 * aborts are in abort.c, calls in smccc.c.
 */
#include "idregs.h"
#include "vgic.h"

enum { CALL_VENDOR_FAST = 0x86000000u, CALL_OWNER_MASK = 0xbf000000u, CALL_NOT_SUPPORTED = -1 };

/* ---- calls ---- */

static void call_dispatch(struct vcpu *vcpu, struct frame *frame, uint64_t esr)
{
	uint32_t function = (uint32_t)frame->x[0];

	exit_record(vcpu, EXIT_HYPERCALL, SYSREG_READ(elr_el2), esr, function);
	if ((esr & 0xffffu) != 0)
		frame->x[0] = (uint64_t)CALL_NOT_SUPPORTED;
	else if ((function & CALL_OWNER_MASK) == CALL_VENDOR_FAST)
		(void)hypercall(vcpu, frame->x);
	else
		smccc_call(vcpu, frame->x);
}

void trap_hvc(struct frame *frame, uint64_t esr)
{
	call_dispatch(this_vcpu(), frame, esr);
}

void trap_smc(struct frame *frame, uint64_t esr)
{
	guest_advance(esr); /* a trapped SMC returns to itself */
	call_dispatch(this_vcpu(), frame, esr);
}

/* ---- waits ---- */

#define WFX_IS_WFE 1u

void trap_wfx(struct frame *frame, uint64_t esr)
{
	struct vcpu *vcpu = this_vcpu();

	(void)frame;
	exit_record(vcpu, EXIT_WAIT, SYSREG_READ(elr_el2), esr, 0);
	guest_advance(esr);
	if (!(esr & WFX_IS_WFE))
		(void)vcpu_wait_irq(vcpu);
}

/* ---- system registers ---- */

#define REG_ICC_SGI1R SYSREG(3, 0, 12, 11, 5)
#define REG_ICC_ASGI1R SYSREG(3, 0, 12, 11, 6)
#define REG_ICC_SGI0R SYSREG(3, 0, 12, 11, 7)
#define REG_ICC_DIR SYSREG(3, 0, 12, 11, 1)
#define REG_DC_ISW SYSREG(1, 0, 7, 6, 2)
#define REG_DC_CSW SYSREG(1, 0, 7, 10, 2)
#define REG_DC_CISW SYSREG(1, 0, 7, 14, 2)

static uint64_t gpr_read(const struct frame *frame, uint32_t index)
{
	return index == 31u ? 0 : frame->x[index];
}

static void gpr_write(struct frame *frame, uint32_t index, uint64_t value)
{
	if (index != 31u)
		frame->x[index] = value;
}

static uint32_t sysreg_operand(uint64_t esr)
{
	return (uint32_t)(esr >> 5) & 31u;
}

void trap_undefined(struct frame *frame, uint64_t esr)
{
	(void)frame;
	if (guest_mistake(this_vcpu(), esr, "an instruction or register that is not there") == VERDICT_FAULT)
		inject_undefined(esr);
}

static void sysreg_read(struct vcpu *vcpu, struct frame *frame, uint64_t esr, uint32_t reg)
{
	uint64_t value;

	if (!idreg_read(vcpu, reg, &value)) {
		trap_undefined(frame, esr);
		return;
	}
	gpr_write(frame, sysreg_operand(esr), value);
	guest_advance(esr);
}

static void set_way(struct vcpu *vcpu, const struct frame *frame, uint64_t esr)
{
	vcpu->exits[EXIT_CACHE]++;
	if (cache_sweep(arm64_vcpu_of(vcpu), gpr_read(frame, sysreg_operand(esr))))
		guest_advance(esr); /* else it comes back with the same instruction */
}

static void sysreg_write(struct vcpu *vcpu, struct frame *frame, uint64_t esr, uint32_t reg)
{
	switch (reg) {
	case REG_ICC_ASGI1R: /* one security state: it reaches what ICC_SGI0R_EL1 does */
	case REG_ICC_SGI0R:
		guest_advance(esr);
		vgic_sgi_write(vcpu, gpr_read(frame, sysreg_operand(esr)), true);
		return;
	case REG_ICC_DIR:
		guest_advance(esr);
		vgic_dir_write(vcpu, gpr_read(frame, sysreg_operand(esr)));
		return;
	case REG_DC_ISW:
	case REG_DC_CSW:
	case REG_DC_CISW:
		set_way(vcpu, frame, esr);
		return;
	default:
		if (idreg_ignores_write(reg))
			guest_advance(esr);
		else
			trap_undefined(frame, esr);
	}
}

bool trap_sysreg_fast(struct frame *frame, uint64_t esr)
{
	struct vcpu *vcpu = this_vcpu();
	uint32_t index = sysreg_operand(esr);
	uint64_t pc = SYSREG_READ(elr_el2);

	if ((esr & (SYSREG_MASK | SYSREG_IS_READ)) != REG_ICC_SGI1R || !is_in_short_frame(index))
		return false;
	if (!vgic_sgi_self(vcpu, gpr_read(frame, index)))
		return false;
	exit_record(vcpu, EXIT_REGISTER, pc, esr, 0);
	SYSREG_WRITE(elr_el2, pc + 4u);
	SYSREG_WRITE(spsr_el2, SYSREG_READ(spsr_el2) & ~SPSR_OF_INSTRUCTION);
	return true;
}

void trap_sysreg(struct frame *frame, uint64_t esr)
{
	struct vcpu *vcpu = this_vcpu();
	uint32_t reg = (uint32_t)esr & SYSREG_MASK;

	exit_record(vcpu, EXIT_REGISTER, SYSREG_READ(elr_el2), esr, 0);
	if (esr & SYSREG_IS_READ) {
		sysreg_read(vcpu, frame, esr, reg);
	} else if (reg == REG_ICC_SGI1R) {
		guest_advance(esr);
		vgic_sgi_write(vcpu, gpr_read(frame, sysreg_operand(esr)), false);
	} else {
		sysreg_write(vcpu, frame, esr, reg);
	}
}

/* ---- what is no guest's doing ---- */

/* A class that nothing here enables. A guest cannot cause it; if it does, it gets what an unknown instruction gets. */
void trap_unknown(struct frame *frame, uint64_t esr)
{
	exit_record(this_vcpu(), EXIT_FAULT, SYSREG_READ(elr_el2), esr, 0);
	trap_undefined(frame, esr);
}

void trap_serror(struct frame *frame, uint64_t esr)
{
	struct vcpu *vcpu = this_vcpu();

	(void)frame;
	exit_record(vcpu, EXIT_ERROR, SYSREG_READ(elr_el2), esr, 0);
	(void)exit_guest_dead(vcpu, STOP_ERROR, "an SError while it ran");
}

enum verdict guest_mistake(struct vcpu *vcpu, uint64_t esr, const char *what)
{
	struct vm_exit exit = { .class = EXIT_FAULT, .pc = SYSREG_READ(elr_el2), .syndrome = esr };

	return exit_guest_fault(vcpu, &exit, what);
}

/* By ESR_EL2.EC. Classes of AArch32 (03..0c, 11..13), SVE, SME and pointer authentication: nothing that is there. */
trap_fn *const trap_table[EC_COUNT] = {
	[EC_UNKNOWN] = trap_unknown,
	[EC_WFX] = trap_wfx,
	[EC_WFX + 1 ... EC_HVC64 - 1] = trap_unknown,
	[EC_HVC64] = trap_hvc,
	[EC_SMC64] = trap_smc,
	[EC_SYSREG] = trap_sysreg,
	[EC_SYSREG + 1 ... EC_INSTR_ABORT - 1] = trap_unknown,
	[EC_INSTR_ABORT] = trap_instruction_abort,
	[EC_INSTR_ABORT + 1 ... EC_DATA_ABORT - 1] = trap_unknown,
	[EC_DATA_ABORT] = trap_data_abort,
	[EC_DATA_ABORT + 1 ... EC_COUNT - 1] = trap_unknown,
};
