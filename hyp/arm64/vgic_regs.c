/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers of the distributor that GICv2 and GICv3 have alike: one bit, two
 * bits or a byte an interrupt. It must not know list registers.
 *
 * A register may show or change what a list register of another vCPU holds.
 * A write is posted there: that vCPU is kicked and applies it when it folds,
 * which is within the time that the architecture leaves. A read asks that
 * vCPU, kicks it and sends the guest back to the same instruction, which
 * exits again: the guest waits in its own time, takes interrupts meanwhile,
 * and finds the answer once it is there. Nobody spins in the hypervisor, and
 * nobody waits for a vCPU that is not loaded: it has nothing in list
 * registers.
 */
#include "gic.h"
#include "gic_regs.h"
#include "vgic_state.h"

/* ---- which bank ---- */

static inline struct vgic_ref ref_of(struct vcpu *vcpu, const struct mmio_reg *reg, const struct mmio_access *access, uint32_t bank)
{
	struct vgic *gic = access->state;
	struct vgic_ref ref = { .gic = gic, .self = vcpu, .first = bank * 32u };

	if (reg->arg == VGIC_REDISTRIBUTOR)
		ref.owner = gic->partition->vcpus[access->offset >> GICR_FRAMES_SHIFT];
	else if (bank == 0)
		ref.owner = vcpu;
	ref.bank = ref.owner ? &gic_of(ref.owner)->bank : &gic->shared[bank - 1u];
	return ref;
}

/* Arrays of one bit an interrupt are 128 bytes long and aligned. */
static inline struct vgic_ref ref_of_bits(struct vcpu *vcpu, const struct mmio_reg *reg, const struct mmio_access *access)
{
	return ref_of(vcpu, reg, access, (access->offset & 0x7fu) / 4u);
}

/* Private interrupts of another vCPU: their physical twins are that CPU's. */
static bool is_remote(const struct vgic_ref *ref)
{
	return ref->owner && ref->owner != ref->self;
}

static void physical_each(const struct vgic_ref *ref, uint32_t mask, void (*act)(irq_t irq))
{
	while (mask)
		act(vgic_physical(ref->gic, ref->first + bit_take(&mask)));
}

static void physical_pend(irq_t irq)
{
	gic_irq_set_pending(irq, true);
}

static void physical_unpend(irq_t irq)
{
	gic_irq_set_pending(irq, false);
}

static void physical_activate(irq_t irq)
{
	gic_irq_set_active(irq, true);
}

static void give_back_each(const struct vgic_ref *ref, uint32_t mask, bool is_taken)
{
	while (mask)
		vgic_give_back(ref->gic, ref->bank, ref->first + bit_take(&mask), is_taken);
}

/* ---- enable ---- */

void vgic_enable_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	access->value = ref_of_bits(vcpu, reg, access).bank->enabled;
}

static void physical_enable(const struct vgic_ref *ref, uint32_t mask)
{
	mask &= ref->bank->hw & ~ref->bank->masked;
	if (!mask)
		return;
	if (is_remote(ref))
		vgic_note_private(ref->gic, ref->owner->index);
	else if (ref->owner || !ref->gic->has_offsets)
		gic_irqs_enable(ref->first, mask);
	else
		physical_each(ref, mask, gic_irq_enable);
}

void vgic_enable_set(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	struct vgic_ref ref;
	uint32_t mask;

	if (!access->value)
		return;
	ref = ref_of_bits(vcpu, reg, access);
	lock_take(&ref.gic->lock);
	mask = (uint32_t)access->value & ref.bank->owned & ~ref.bank->enabled;
	if (!mask) {
		lock_drop(&ref.gic->lock);
		return;
	}
	ref.bank->enabled |= mask;
	physical_enable(&ref, mask);
	vgic_note_pending(&ref, mask);
	vgic_drop(ref.gic, vcpu);
}

static void physical_disable(const struct vgic_ref *ref, uint32_t mask)
{
	mask &= ref->bank->hw & ~ref->bank->masked;
	if (mask && is_remote(ref))
		vgic_note_private(ref->gic, ref->owner->index);
	else
		physical_each(ref, mask, gic_irq_disable);
}

/* A physical interrupt that was not taken goes back to the physical GIC and waits there. */
static void disable(const struct vgic_ref *ref, uint32_t mask)
{
	uint32_t back;

	(void)vgic_take_back(ref, mask);
	ref->bank->enabled &= ~mask;
	physical_disable(ref, mask);
	back = mask & ref->bank->hw & ref->bank->latched & ~ref->bank->active;
	if (is_remote(ref))
		return; /* its CPU does when it folds, or saved it before */
	ref->bank->latched &= ~back;
	give_back_each(ref, back, false);
}

void vgic_enable_clear(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	struct vgic_ref ref = ref_of_bits(vcpu, reg, access);
	uint32_t mask = (uint32_t)access->value & ref.bank->owned;

	if (ref.owner)
		mask &= ~vif_fixed_enables;
	if (!mask)
		return;
	lock_take(&ref.gic->lock);
	disable(&ref, mask & ref.bank->enabled);
	vgic_drop(ref.gic, vcpu);
}

/* ---- pending and active: what list registers hold ---- */

/* vCPUs beside our own whose list registers hold interrupts of `ref`. */
static uint32_t other_holders(const struct vgic_ref *ref)
{
	uint32_t held = ref->bank->in_lr;
	uint32_t holders = 0;

	if (ref->owner)
		return held && is_remote(ref) ? 1u << ref->owner->index : 0;
	while (held)
		holders |= 1u << ref->gic->holder[ref->first + bit_take(&held) - VGIC_PRIVATE];
	return holders & ~(1u << ref->self->index);
}

static void ask(const struct vgic_ref *ref, uint32_t holders)
{
	while (holders) {
		uint32_t index = bit_take(&holders);

		gic_of(ref->gic->partition->vcpus[index])->answered &= ~(1u << ref->self->index);
		vgic_note(ref->gic, index);
	}
}

static bool has_answered(const struct vgic_ref *ref, uint32_t index)
{
	return gic_of(ref->gic->partition->vcpus[index])->answered & 1u << ref->self->index;
}

/* Is `seen` of the bank's list registers of now? If not, the guest comes back. */
static bool is_seen(const struct vgic_ref *ref, const struct mmio_reg *reg, struct mmio_access *access)
{
	struct vgic_vcpu *own = gic_of(ref->self);
	uint32_t holders = other_holders(ref);
	uint32_t offset = access->offset | reg->arg << 31;

	if (own->asked_offset != offset)
		own->asked = 0;
	own->asked_offset = offset;
	ask(ref, holders & ~own->asked);
	own->asked |= holders;
	while (holders)
		if (!has_answered(ref, bit_take(&holders)))
			access->is_retry = true;
	if (access->is_retry)
		return false;
	own->asked = 0;
	vgic_look(ref->gic, ref->self);
	return true;
}

/* Pending in the physical GIC, where those are that are not in ours. */
static uint32_t physical_pending(const struct vgic_ref *ref)
{
	uint32_t hw = is_remote(ref) ? 0 : ref->bank->hw;
	uint32_t value = 0;

	while (hw) {
		irq_t irq = ref->first + bit_take(&hw);

		if (gic_irq_is_pending(vgic_physical(ref->gic, irq)))
			value |= bit_of(irq);
	}
	return value;
}

void vgic_pending_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	struct vgic_ref ref = ref_of_bits(vcpu, reg, access);

	lock_take(&ref.gic->lock);
	if (is_seen(&ref, reg, access))
		access->value = vgic_pending(ref.bank) | (ref.bank->in_lr & ref.bank->seen_pending) | physical_pending(&ref);
	vgic_drop(ref.gic, vcpu);
}

void vgic_active_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	struct vgic_ref ref = ref_of_bits(vcpu, reg, access);

	lock_take(&ref.gic->lock);
	if (is_seen(&ref, reg, access)) /* what is still posted is for a vCPU that is not loaded */
		access->value = ((ref.bank->active | (ref.bank->in_lr & ref.bank->seen_active)) & ~ref.bank->post_deactivate) | ref.bank->post_activate;
	vgic_drop(ref.gic, vcpu);
}

/* The interrupts of `mask` that a write to a pending register changes: GICv2 has registers of their own for SGIs. */
static uint32_t pending_mask(const struct vgic_ref *ref, const struct mmio_access *access)
{
	uint32_t mask = (uint32_t)access->value & ref->bank->owned;

	return ref->owner ? mask & ~vif_fixed_enables : mask;
}

void vgic_pending_set(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	struct vgic_ref ref = ref_of_bits(vcpu, reg, access);
	uint32_t mask = pending_mask(&ref, access);
	uint32_t hw = mask & ref.bank->hw;

	if (!mask)
		return;
	lock_take(&ref.gic->lock);
	if (hw && is_remote(&ref)) {
		ref.bank->post_pend |= hw;
		vgic_note_private(ref.gic, ref.owner->index);
	} else {
		physical_each(&ref, hw, physical_pend); /* and it comes the way of all physical ones */
	}
	ref.bank->latched |= mask & ~hw;
	vgic_note_pending(&ref, mask & ~hw);
	vgic_drop(ref.gic, vcpu);
}

static void pending_clear(const struct vgic_ref *ref, uint32_t mask)
{
	uint32_t others = vgic_take_back(ref, mask);
	uint32_t mine = mask; /* in memory: even what another vCPU has in a list register may wait here for its end */
	uint32_t back = mine & ref->bank->hw & ref->bank->latched & ~ref->bank->active;

	ref->bank->post_unpend |= others;
	if (is_remote(ref) && mask & ref->bank->hw) {
		ref->bank->post_unpend |= mask & ref->bank->hw;
		ref->bank->post_pend &= ~mask;
		vgic_note_private(ref->gic, ref->owner->index);
		mine &= ~ref->bank->hw;
	} else {
		physical_each(ref, mask & ref->bank->hw, physical_unpend);
		give_back_each(ref, back, true);
	}
	ref->bank->latched &= ~mine;
	mine &= ref->owner ? (1u << VGIC_SGIS) - 1u : 0;
	while (mine)
		gic_of(ref->owner)->sgi_sources[bit_take(&mine)] = 0;
}

void vgic_pending_clear(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	struct vgic_ref ref = ref_of_bits(vcpu, reg, access);
	uint32_t mask = pending_mask(&ref, access);

	if (!mask)
		return;
	lock_take(&ref.gic->lock);
	pending_clear(&ref, mask);
	vgic_drop(ref.gic, vcpu);
}

/* Whoever it goes to holds it from now on. */
static void hold(const struct vgic_ref *ref, uint32_t mask)
{
	if (mask && ref->owner)
		vgic_note(ref->gic, ref->owner->index);
	while (mask && !ref->owner) {
		irq_t irq = ref->first + bit_take(&mask);
		uint32_t target = vgic_target(ref->gic, irq);

		ref->gic->holder[irq - VGIC_PRIVATE] = (uint8_t)(target == VGIC_NOBODY ? 0 : target);
		vgic_note(ref->gic, ref->gic->holder[irq - VGIC_PRIVATE]);
	}
}

/* Those of `mask` whose active state only another vCPU's CPU can change: posted to it. */
static uint32_t active_remote(const struct vgic_ref *ref, uint32_t mask)
{
	uint32_t others = vgic_take_back(ref, mask);

	if (is_remote(ref) && mask & ref->bank->hw) {
		others |= mask & ref->bank->hw;
		vgic_note_private(ref->gic, ref->owner->index);
	}
	return others;
}

void vgic_active_set(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	struct vgic_ref ref = ref_of_bits(vcpu, reg, access);
	uint32_t mask = (uint32_t)access->value & ref.bank->owned;
	uint32_t others;

	if (!mask)
		return;
	lock_take(&ref.gic->lock);
	others = active_remote(&ref, mask);
	ref.bank->post_activate |= others;
	ref.bank->post_deactivate &= ~others;
	mask &= ~others & ~ref.bank->active;
	ref.bank->active |= mask;
	physical_each(&ref, mask & ref.bank->hw, physical_activate);
	hold(&ref, mask);
	vgic_drop(ref.gic, vcpu);
}

void vgic_active_clear(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	struct vgic_ref ref = ref_of_bits(vcpu, reg, access);
	uint32_t mask = (uint32_t)access->value & ref.bank->owned;
	uint32_t others;

	if (!mask)
		return;
	lock_take(&ref.gic->lock);
	others = active_remote(&ref, mask);
	ref.bank->post_deactivate |= others;
	ref.bank->post_activate &= ~others;
	mask &= ~others & ref.bank->active;
	ref.bank->active &= ~mask;
	give_back_each(&ref, mask & ref.bank->hw, true);
	vgic_note_pending(&ref, mask);
	vgic_drop(ref.gic, vcpu);
}

/* ---- group, priority, configuration ---- */

void vgic_group_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	access->value = ref_of_bits(vcpu, reg, access).bank->group;
}

void vgic_group_write(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	struct vgic_ref ref = ref_of_bits(vcpu, reg, access);
	uint32_t changed;

	lock_take(&ref.gic->lock);
	changed = ((uint32_t)access->value ^ ref.bank->group) & ref.bank->owned;
	(void)vgic_take_back(&ref, changed);
	ref.bank->group ^= changed;
	vgic_note_pending(&ref, changed);
	vgic_drop(ref.gic, vcpu);
}

static inline struct vgic_ref ref_of_bytes(struct vcpu *vcpu, const struct mmio_reg *reg, const struct mmio_access *access)
{
	return ref_of(vcpu, reg, access, (access->offset & 0x3ffu) / 32u);
}

void vgic_priority_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	struct vgic_ref ref = ref_of_bytes(vcpu, reg, access);
	uint32_t at = access->offset % 32u;

	for (uint32_t i = 0; i < access->width; i++)
		access->value |= (uint64_t)ref.bank->priority[at + i] << (8u * i);
}

void vgic_priority_write(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	struct vgic_ref ref = ref_of_bytes(vcpu, reg, access);
	uint32_t at = access->offset % 32u;
	uint32_t changed = 0;

	lock_take(&ref.gic->lock);
	for (uint32_t i = 0; i < access->width; i++) {
		uint8_t priority = (uint8_t)(access->value >> (8u * i) & vif_priority_mask());

		if (!(ref.bank->owned & 1u << (at + i)) || ref.bank->priority[at + i] == priority)
			continue;
		ref.bank->priority[at + i] = priority;
		changed |= 1u << (at + i);
	}
	(void)vgic_take_back(&ref, changed);
	vgic_note_pending(&ref, changed);
	vgic_drop(ref.gic, vcpu);
}

static inline struct vgic_ref ref_of_pairs(struct vcpu *vcpu, const struct mmio_reg *reg, const struct mmio_access *access)
{
	return ref_of(vcpu, reg, access, (access->offset & 0xffu) / 8u);
}

void vgic_config_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	struct vgic_ref ref = ref_of_pairs(vcpu, reg, access);
	uint32_t edge = ref.bank->edge >> (access->offset & 4u ? 16u : 0);

	for (uint32_t i = 0; i < 16; i++)
		access->value |= (uint64_t)(edge >> i & 1u) << (2u * i + 1u);
}

/* Private interrupts are as they are: SGIs edge-triggered, the timers' and counters' lines level-sensitive. */
void vgic_config_write(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	struct vgic_ref ref = ref_of_pairs(vcpu, reg, access);
	uint32_t shift = access->offset & 4u ? 16u : 0;
	uint32_t edge = 0, changed;

	if (ref.owner)
		return;
	for (uint32_t i = 0; i < 16; i++)
		edge |= (uint32_t)(access->value >> (2u * i + 1u) & 1u) << (i + shift);
	lock_take(&ref.gic->lock);
	changed = (edge ^ ref.bank->edge) & ref.bank->owned & (0xffffu << shift);
	(void)vgic_take_back(&ref, changed);
	ref.bank->edge ^= changed;
	for (uint32_t hw = changed & ref.bank->hw; hw;) {
		irq_t irq = ref.first + bit_take(&hw);

		gic_irq_configure(vgic_physical(ref.gic, irq), ref.bank->edge & bit_of(irq));
	}
	vgic_note_pending(&ref, changed);
	vgic_drop(ref.gic, vcpu);
}

void vgic_control_write(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	struct vgic *gic = access->state;
	uint32_t control = (uint32_t)access->value & (GICD_CTLR_GROUP0 | GICD_CTLR_GROUP1);

	(void)reg;
	lock_take(&gic->lock);
	if (control != gic->control)
		vgic_note_all(gic);
	gic->control = control;
	vgic_drop(gic, vcpu);
}
