/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a refused data access to the register that emulates it. It must not
 * know what a register does, nor how the access was decoded.
 */
#include <hyp/device.h>
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

static void read_zero(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	(void)vcpu;
	(void)reg;
	access->value = 0;
}

static void write_ignored(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	(void)vcpu;
	(void)reg;
	(void)access;
}

static mmio_fn *function_of(const struct mmio_reg *reg, bool is_write)
{
	if (is_write)
		return reg && reg->write ? reg->write : write_ignored;
	return reg && reg->read ? reg->read : read_zero;
}

static bool takes(const struct mmio_block *block, const struct mmio_reg *reg, const struct vm_exit *exit)
{
	return reg ? (reg->widths & exit->width) != 0 : block->rest_is_zero;
}

bool mmio_find(const struct vcpu *vcpu, const struct vm_exit *exit, struct mmio_target *target)
{
	const struct plan_emul *emul = emul_find(vcpu->partition, exit->ipa);
	uint32_t offset;

	if (!emul || exit->width == 0 || exit->is_fetch)
		return false;
	offset = (uint32_t)(exit->ipa.v - emul->base.v);
	target->reg = reg_find(emul->block, offset);
	if ((offset & (exit->width - 1u)) || !takes(emul->block, target->reg, exit))
		return false;
	target->fn = function_of(target->reg, exit->is_write);
	target->access.state = emul->state;
	target->access.offset = offset;
	target->access.width = exit->width;
	target->access.is_write = exit->is_write;
	return true;
}

/* Why nothing took it, in the guest's words. */
static const char *refusal(const struct vcpu *vcpu, const struct vm_exit *exit)
{
	const struct plan_emul *emul = emul_find(vcpu->partition, exit->ipa);
	uint32_t offset;

	if (exit->is_fetch || (!emul && !device_find(vcpu->partition, exit->ipa)))
		return "access to an address that the plan does not give it";
	if (exit->width == 0)
		return "access to a register by an instruction that cannot be emulated";
	if (exit->ipa.v & (exit->width - 1u))
		return "unaligned access to a register";
	offset = emul ? (uint32_t)(exit->ipa.v - emul->base.v) : 0;
	if (emul && reg_find(emul->block, offset))
		return "access to a register with a width that it does not take";
	return "access to a register that does not exist";
}

/* In a window that is hidden: nobody's mistake. */
static bool is_in_window(const struct plan_partition *partition, ipa_t ipa)
{
	for (uint32_t i = 0; i < partition->window_count; i++) {
		const struct plan_window *window = partition->windows[i];

		if (window->back == partition->id && ipa.v - window->ipa.v < window->size)
			return true;
	}
	return false;
}

/* No emulated register. */
static enum verdict exit_other(struct vcpu *vcpu, const struct vm_exit *exit)
{
	enum verdict verdict = device_write(vcpu, exit);

	if (verdict != VERDICT_FAULT || is_in_window(vcpu->partition, exit->ipa))
		return verdict;
	return exit_guest_fault(vcpu, exit, refusal(vcpu, exit));
}

enum verdict exit_mmio(struct vcpu *vcpu, struct vm_exit *exit)
{
	struct mmio_target target;
	bool is_done;

	if (!mmio_find(vcpu, exit, &target))
		return exit_other(vcpu, exit);
	target.access.value = exit->value;
	is_done = mmio_serve(vcpu, &target);
	exit->value = target.access.value;
	return is_done ? VERDICT_ADVANCE : VERDICT_RESUME;
}
