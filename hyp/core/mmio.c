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

/* The entry of `block` that covers `offset`, by binary search: the table is sorted. */
static const struct mmio_reg *reg_find(const struct mmio_block *block, uint32_t offset)
{
	uint32_t low = 0;
	uint32_t high = block->reg_count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;
		const struct mmio_reg *reg = &block->regs[middle];

		if (offset < reg->offset)
			high = middle;
		else if (offset - reg->offset < reg->size)
			return reg;
		else
			low = middle + 1;
	}
	return NULL;
}

enum verdict exit_mmio(struct vcpu *vcpu, struct vm_exit *exit)
{
	const struct plan_emul *emul = emul_find(vcpu->partition, exit->ipa);
	const struct mmio_reg *reg;
	struct mmio_access access;

	if (!emul || exit->is_fetch)
		return exit_guest_fault(vcpu, exit, "access to an address that the plan does not give it");
	if (exit->width == 0)
		return exit_guest_fault(vcpu, exit, "access to a register by an instruction that cannot be emulated");
	access.offset = (uint32_t)(exit->ipa.v - emul->base.v);
	if (access.offset & (exit->width - 1u))
		return exit_guest_fault(vcpu, exit, "unaligned access to a register");
	reg = reg_find(emul->block, access.offset);
	if (!reg && !emul->block->rest_is_zero)
		return exit_guest_fault(vcpu, exit, "access to a register that does not exist");
	if (reg && !(reg->widths & exit->width))
		return exit_guest_fault(vcpu, exit, "access to a register with a width that it does not take");
	access.width = exit->width;
	access.is_write = exit->is_write;
	access.value = exit->is_write ? exit->value : 0;
	access.state = emul->state;
	if (reg && exit->is_write && reg->write)
		reg->write(vcpu, reg, &access);
	else if (reg && !exit->is_write && reg->read)
		reg->read(vcpu, reg, &access);
	exit->value = access.value;
	return VERDICT_ADVANCE;
}
