/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a refused data access to the register that emulates it. It must not
 * know what a register does, nor how the access was decoded.
 */
#include <hyp/upcall.h>

static const struct plan_emul *emul_find(const struct plan_partition *partition, ipa_t ipa)
{
	for (uint32_t i = 0; i < partition->emul_count; i++) {
		const struct plan_emul *emul = &partition->emuls[i];

		if (ipa.v - emul->base.v < emul->size)
			return emul;
	}
	return NULL;
}

/* The entry of `block` that covers `offset`. The table is sorted and short, and its busy registers come first. */
static const struct mmio_reg *reg_find(const struct mmio_block *block, uint32_t offset)
{
	const struct mmio_reg *reg = block->regs;
	const struct mmio_reg *end = reg + block->reg_count;

	if (block->stride_shift)
		offset &= (1u << block->stride_shift) - 1u;
	for (; reg < end && reg->offset <= offset; reg++)
		if (offset - reg->offset < reg->size)
			return reg;
	return NULL;
}

static void access_reg(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	mmio_fn *fn = access->is_write ? reg->write : reg->read;

	if (fn)
		fn(vcpu, reg, access);
	else
		access->value = 0;
}

enum verdict mmio_serve(struct vcpu *vcpu, struct vm_exit *exit)
{
	const struct plan_emul *emul = emul_find(vcpu->partition, exit->ipa);
	const struct mmio_reg *reg;
	struct mmio_access access;

	if (!emul)
		return VERDICT_FAULT;
	access.offset = (uint32_t)(exit->ipa.v - emul->base.v);
	reg = reg_find(emul->block, access.offset);
	if (!reg || !(reg->widths & exit->width) || (access.offset & (exit->width - 1u)))
		return VERDICT_FAULT;
	access.width = exit->width;
	access.is_write = exit->is_write;
	access.is_retry = false;
	access.value = exit->value;
	access.state = emul->state;
	access_reg(vcpu, reg, &access);
	exit->value = access.value;
	return access.is_retry ? VERDICT_RESUME : VERDICT_ADVANCE;
}

enum verdict exit_mmio(struct vcpu *vcpu, struct vm_exit *exit)
{
	const struct plan_emul *emul = emul_find(vcpu->partition, exit->ipa);
	const struct mmio_reg *reg;
	enum verdict verdict;
	uint32_t offset;

	if (!emul || exit->is_fetch)
		return exit_guest_fault(vcpu, exit, "access to an address that the plan does not give it");
	if (exit->width == 0)
		return exit_guest_fault(vcpu, exit, "access to a register by an instruction that cannot be emulated");
	verdict = mmio_serve(vcpu, exit);
	if (verdict != VERDICT_FAULT)
		return verdict;
	offset = (uint32_t)(exit->ipa.v - emul->base.v);
	reg = reg_find(emul->block, offset);
	if (offset & (exit->width - 1u))
		return exit_guest_fault(vcpu, exit, "unaligned access to a register");
	if (reg)
		return exit_guest_fault(vcpu, exit, "access to a register with a width that it does not take");
	if (!emul->block->rest_is_zero)
		return exit_guest_fault(vcpu, exit, "access to a register that does not exist");
	exit->value = 0;
	return VERDICT_ADVANCE;
}
