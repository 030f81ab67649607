/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accesses that stage 2 refused: where they went, what instruction did it,
 * and what the guest gets. It must not know what is emulated at an address.
 */
#include "arm64.h"

#define NO_ADDRESS UINT64_MAX

static uint64_t hpfar_ipa(uint64_t esr, uint64_t far)
{
	return (hpfar_read(esr) & 0xffffffffff0ul) << 8 | (far & (PAGE_SIZE - 1u));
}

/* By the guest's own stage 1, as its EL1 would read it; its PAR_EL1 stays. */
static uint64_t translate(uint64_t far)
{
	uint64_t kept = SYSREG_READ(par_el1);
	uint64_t par;

	__asm__ volatile("at s1e1r, %0" : : "r"(far) : "memory");
	ISB();
	par = SYSREG_READ(par_el1);
	SYSREG_WRITE(par_el1, kept);
	if (par & PAR_F)
		return NO_ADDRESS;
	return (par & PAR_ADDRESS) | (far & (PAGE_SIZE - 1u));
}

/* HPFAR_EL2 holds the address, but for a permission fault of the access itself. */
static uint64_t fault_ipa(uint64_t esr, uint64_t far)
{
	if ((esr & FSC_TYPE_MASK) == FSC_PERMISSION && !(esr & ESR_S1PTW))
		return translate(far);
	return hpfar_ipa(esr, far);
}

static uint64_t extend(uint64_t value, uint64_t esr)
{
	uint32_t unused = 64u - (8u << ESR_SAS(esr));

	if (esr & ESR_SSE)
		value = (uint64_t)((int64_t)(value << unused) >> unused);
	return esr & ESR_SF ? value : (uint32_t)value;
}

static void result_write(struct frame *frame, const struct vm_exit *exit, uint64_t esr)
{
	uint32_t index = ESR_SRT(esr);

	if (!exit->is_write && index != 31u)
		frame->x[index] = extend(exit->value, esr);
}

static uint64_t value_of(const struct frame *frame, uint64_t esr)
{
	uint32_t index = ESR_SRT(esr);

	return index == 31u ? 0 : frame->x[index] & (~0ul >> (64u - (8u << ESR_SAS(esr))));
}

static bool is_stage2(uint64_t esr)
{
	uint32_t type = (uint32_t)esr & FSC_TYPE_MASK;

	return type == FSC_TRANSLATION || type == FSC_ACCESS_FLAG || type == FSC_PERMISSION;
}

/* Not about an address that could be emulated: an error of the memory system, or of a kind that stage 2 does not make here. */
static void abort_other(struct vcpu *vcpu, uint64_t esr, uint64_t far, bool is_fetch)
{
	struct vm_exit exit = { .class = EXIT_FAULT, .pc = SYSREG_READ(elr_el2), .syndrome = esr, .is_fetch = is_fetch };

	exit.ipa.v = far;
	if (exit_guest_fault(vcpu, &exit, "the memory system refused an access") == VERDICT_FAULT)
		inject_abort(esr, far, is_fetch);
}

/* ---- the same register again ---- */

#define SHAPE (ESR_ISV | 3ul << 22 | ESR_SSE | ESR_CM | ESR_S1PTW | ESR_WNR | FSC_TYPE_MASK)

bool trap_data_abort_fast(struct frame *frame, uint64_t esr)
{
	struct arm64_vcpu *vcpu = arm64_vcpu_of(this_vcpu());
	struct register_hit *hit = &vcpu->hit;
	uint64_t ipa = hpfar_ipa(esr, SYSREG_READ(far_el2));
	uint64_t pc = SYSREG_READ(elr_el2);
	uint32_t index = ESR_SRT(esr);

	if (hit->ipa != ipa || hit->shape != (esr & SHAPE) || !is_in_short_frame(index) ||
	    (SYSREG_READ(spsr_el2) & (SPSR_AARCH32 | SPSR_OF_INSTRUCTION)))
		return false;
	exit_record(&vcpu->core, EXIT_MMIO, pc, esr, ipa);
	if (esr & ESR_WNR)
		hit->target.access.value = index == 31u ? 0 : frame->x[index] << hit->unused_bits >> hit->unused_bits;
	if (!mmio_serve(&vcpu->core, &hit->target))
		return true;
	SYSREG_WRITE(elr_el2, pc + 4u);
	if (!(esr & ESR_WNR) && index != 31u)
		frame->x[index] = hit->target.access.value << hit->unused_bits >> hit->unused_bits;
	return true;
}

/* Kept: translation faults, for which HPFAR_EL2 holds the address, of loads that do not extend a sign. */
static void hit_keep(struct arm64_vcpu *vcpu, uint64_t esr, const struct vm_exit *exit)
{
	struct register_hit *hit = &vcpu->hit;

	hit->shape = 0;
	if ((esr & (ESR_ISV | ESR_SSE | ESR_CM | ESR_S1PTW | FSC_TYPE_MASK)) != (ESR_ISV | FSC_TRANSLATION))
		return;
	if (!mmio_find(&vcpu->core, exit, &hit->target))
		return;
	hit->ipa = exit->ipa.v;
	hit->shape = esr & SHAPE;
	hit->unused_bits = 64u - 8u * exit->width;
}

/* ---- the same device page again ---- */

/* A word, written by an instruction that the syndrome describes, and refused by the page itself. */
#define WORD_MASK (ESR_ISV | 3ul << 22 | ESR_CM | ESR_S1PTW | ESR_WNR | FSC_TYPE_MASK)
#define WORD_REFUSED (ESR_ISV | 2ul << 22 | ESR_WNR | FSC_PERMISSION)

bool trap_device_fast(struct frame *frame, uint64_t esr)
{
	struct arm64_vcpu *vcpu = arm64_vcpu_of(this_vcpu());
	const struct plan_device *device = vcpu->device;
	uint32_t index = ESR_SRT(esr);
	uint64_t pc, ipa, offset, value;

	if ((esr & WORD_MASK) != WORD_REFUSED || !device ||
	    (SYSREG_READ(spsr_el2) & (SPSR_AARCH32 | SPSR_OF_INSTRUCTION)))
		return false;
	ipa = translate(SYSREG_READ(far_el2));
	offset = ipa - device->ipa.v;
	if (offset != DEVICE_QUEUE_NOTIFY && offset != DEVICE_INTERRUPT_ACK)
		return false;
	pc = SYSREG_READ(elr_el2);
	exit_record(&vcpu->core, EXIT_MMIO, pc, esr, ipa);
	SYSREG_WRITE(elr_el2, pc + 4u);
	value = index == 31u ? 0 : (uint32_t)frame->x[index];
	if (offset == DEVICE_QUEUE_NOTIFY)
		device_notify(device, value);
	else
		device_acknowledge(device, value);
	return true;
}

static void device_keep(struct arm64_vcpu *vcpu, const struct vm_exit *exit)
{
	const struct plan_device *device = device_find(vcpu->core.partition, exit->ipa);

	if (device)
		vcpu->device = device;
}

/* ---- any access ---- */

static void data_abort_decode(const struct frame *frame, uint64_t esr, struct vm_exit *exit)
{
	exit->class = EXIT_MMIO;
	exit->syndrome = esr;
	exit->is_write = (esr & ESR_WNR) != 0;
	if (!(esr & ESR_ISV) || (esr & ESR_S1PTW) || (SYSREG_READ(spsr_el2) & SPSR_AARCH32))
		return; /* width 0: not decoded; an IT block of AArch32 would go wrong */
	exit->width = (uint8_t)(1u << ESR_SAS(esr));
	if (exit->is_write)
		exit->value = value_of(frame, esr);
}

static void data_abort_serve(struct vcpu *vcpu, struct frame *frame, uint64_t esr, uint64_t far, struct vm_exit *exit)
{
	data_abort_decode(frame, esr, exit);
	switch (exit_mmio(vcpu, exit)) {
	case VERDICT_ADVANCE:
		hit_keep(arm64_vcpu_of(vcpu), esr, exit);
		device_keep(arm64_vcpu_of(vcpu), exit);
		result_write(frame, exit, esr);
		guest_advance(esr);
		break;
	case VERDICT_FAULT:
		inject_abort(esr, far, false);
		break;
	default:
		break;
	}
}

void trap_data_abort(struct frame *frame, uint64_t esr)
{
	struct vcpu *vcpu = this_vcpu();
	uint64_t far = SYSREG_READ(far_el2);
	struct vm_exit exit = { .pc = SYSREG_READ(elr_el2), .ipa.v = fault_ipa(esr, far) };

	exit_record(vcpu, EXIT_MMIO, exit.pc, esr, exit.ipa.v);
	if (!is_stage2(esr))
		abort_other(vcpu, esr, far, false);
	else if (exit.ipa.v == NO_ADDRESS)
		return; /* its tables changed meanwhile: it tries again, and hears of it from its own stage 1 */
	else if (esr & ESR_CM)
		guest_advance(esr); /* maintenance of what is not cached */
	else
		data_abort_serve(vcpu, frame, esr, far, &exit);
}

void trap_instruction_abort(struct frame *frame, uint64_t esr)
{
	struct vcpu *vcpu = this_vcpu();
	uint64_t far = SYSREG_READ(far_el2);
	struct vm_exit exit = { .class = EXIT_FAULT, .pc = SYSREG_READ(elr_el2), .syndrome = esr, .is_fetch = true };
	enum verdict verdict;

	(void)frame;
	exit.ipa.v = fault_ipa(esr, far);
	exit_record(vcpu, EXIT_FAULT, exit.pc, esr, exit.ipa.v);
	if (!is_stage2(esr)) {
		abort_other(vcpu, esr, far, true);
		return;
	}
	if (exit.ipa.v == NO_ADDRESS)
		return;
	if (is_vector_fetch(exit.pc))
		verdict = exit_guest_dead(vcpu, STOP_FAULT, "it cannot fetch its own exception vectors");
	else
		verdict = exit_guest_fault(vcpu, &exit, "an instruction fetch where no memory is");
	if (verdict == VERDICT_FAULT)
		inject_abort(esr, far, true);
}
