/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual interrupt controller's state: whom an interrupt is for, who
 * must look when something changed, and what arrives. vgic_lr.c chooses what
 * the list registers hold, vgic_physical.c has the physical interrupts
 * behind them, vgic_reset.c what all is at a start. It must not know
 * registers of the distributor.
 */
#include "vgic_state.h"

struct vgic_bank *vgic_bank_of(struct vgic *gic, struct vgic_vcpu *vcpu, irq_t irq)
{
	return irq < VGIC_PRIVATE ? &vcpu->bank : &gic->shared[irq / 32u - 1u];
}

uint32_t vgic_deliverable(const struct vgic *gic, const struct vgic_bank *bank)
{
	return vgic_pending(bank) & bank->enabled & vgic_group_enabled(gic, bank) & ~bank->in_lr;
}

/* IROUTER.IRM: any vCPU may take it. The first that is loaded, so that it is one that runs. */
static uint32_t target_any(const struct vgic *gic)
{
	for (uint32_t i = 0; i < gic->partition->vcpu_count; i++)
		if (gic_of(gic->partition->vcpus[i])->is_loaded)
			return i;
	return 0;
}

uint32_t vgic_target(const struct vgic *gic, irq_t irq)
{
	uint32_t spi = irq - VGIC_PRIVATE;

	return gic->route_any[spi / 32u] & bit_of(irq) ? target_any(gic) : gic->target[spi];
}

/* ---- who must look ---- */

void vgic_note(struct vgic *gic, uint32_t index)
{
	gic_of(gic->partition->vcpus[index])->work |= VGIC_WORK_NEW;
	gic->wake |= 1u << index;
}

void vgic_note_private(struct vgic *gic, uint32_t index)
{
	gic_of(gic->partition->vcpus[index])->work |= VGIC_WORK_PRIVATE;
	vgic_note(gic, index);
}

void vgic_note_all(struct vgic *gic)
{
	for (uint32_t i = 0; i < gic->partition->vcpu_count; i++)
		vgic_note(gic, i);
}

/* An active interrupt stays with the vCPU that took it: only once it is deactivated there does it go to its target. */
static void note_pending_one(struct vgic *gic, const struct vgic_bank *bank, irq_t irq)
{
	bool is_held = (bank->active | bank->in_lr) & bit_of(irq);
	uint32_t index = is_held ? gic->holder[irq - VGIC_PRIVATE] : vgic_target(gic, irq);

	if (index != VGIC_NOBODY)
		vgic_note(gic, index);
}

void vgic_note_pending(const struct vgic_ref *ref, uint32_t mask)
{
	mask &= vgic_pending(ref->bank) & ref->bank->enabled;
	if (mask && ref->owner)
		vgic_note(ref->gic, ref->owner->index);
	while (mask && !ref->owner)
		note_pending_one(ref->gic, ref->bank, ref->first + bit_take(&mask));
}

void vgic_note_holders(const struct vgic_ref *ref, uint32_t mask)
{
	mask &= ref->bank->in_lr;
	if (mask && ref->owner)
		vgic_note(ref->gic, ref->owner->index);
	while (mask && !ref->owner)
		vgic_note(ref->gic, ref->gic->holder[ref->first + bit_take(&mask) - VGIC_PRIVATE]);
}

void vgic_note_moved(struct vgic *gic, const struct vcpu *self, irq_t first, uint32_t mask)
{
	const struct vgic_bank *bank = &gic->shared[first / 32u - 1u];

	mask &= vgic_deliverable(gic, bank) & ~bank->active;
	while (mask) {
		uint32_t target = vgic_target(gic, first + bit_take(&mask));

		if (target != self->index && target != VGIC_NOBODY)
			vgic_note(gic, target);
	}
}

uint32_t vgic_take_back(const struct vgic_ref *ref, uint32_t mask)
{
	if (!(mask & ref->bank->in_lr))
		return 0;
	if (!ref->owner || ref->owner == ref->self)
		vgic_fold(ref->gic, ref->self);
	vgic_note_holders(ref, mask);
	return mask & ref->bank->in_lr;
}

void vgic_retarget(struct vgic *gic, struct vcpu *self, irq_t irq, uint8_t route, bool is_any)
{
	uint32_t spi = irq - VGIC_PRIVATE;
	uint32_t bit = bit_of(irq);
	struct vgic_ref ref = { .gic = gic, .self = self, .bank = &gic->shared[spi / 32u], .first = irq & ~31u };

	(void)vgic_take_back(&ref, bit);
	gic->route[spi] = route;
	gic->target[spi] = (uint8_t)vif_route_target(gic->partition, route);
	if (is_any) /* a physical one needs a CPU of its own; the others ask for theirs when they come */
		gic->target[spi] = ref.bank->hw & bit ? 0 : VGIC_NOBODY;
	gic->route_any[spi / 32u] = (gic->route_any[spi / 32u] & ~bit) | (is_any ? bit : 0);
	vgic_route_physical(gic, irq);
	vgic_note_pending(&ref, bit);
}

bool vgic_is_settling(const struct vgic *gic, const struct vcpu *self)
{
	for (uint32_t i = 0; i < gic->partition->vcpu_count; i++) {
		const struct vgic_vcpu *vcpu = gic_of(gic->partition->vcpus[i]);

		if (i != self->index && vcpu->is_loaded && vcpu->work & VGIC_WORK_NEW)
			return true;
	}
	return false;
}

/* Interrupt `irq`, which just became pending, for `self` itself: at once if it can be. Returns: false, and nothing is done, if not. */
static bool deliver_now(struct vgic *gic, struct vcpu *self, struct vgic_bank *bank, irq_t irq)
{
	return bank->enabled & vgic_group_enabled(gic, bank) & ~bank->active & bit_of(irq) && vgic_lr_place(gic, self, bank, irq);
}

/* All that others noted for `self` is interrupt `irq`. */
static bool deliver_fresh(struct vgic *gic, struct vcpu *self, irq_t irq)
{
	struct vgic_bank *bank = &gic->shared[irq / 32u - 1u];

	gic_of(self)->work = 0;
	return vgic_pending(bank) & bit_of(irq) && vgic_target(gic, irq) == self->index && deliver_now(gic, self, bank, irq);
}

static void sync(struct vgic *gic, struct vcpu *self)
{
	if (gic_of(self)->work == VGIC_WORK_FRESH && deliver_fresh(gic, self, gic_of(self)->fresh))
		return;
	vgic_fold(gic, self);
	if (gic_of(self)->work & VGIC_WORK_PRIVATE) {
		vgic_private_settle(gic, self);
		vgic_private_enable(&gic_of(self)->bank);
	}
	vgic_fill(gic, self);
}

void vgic_drop(struct vgic *gic, struct vcpu *self)
{
	uint32_t wake;

	if (self && gic_of(self)->work & (VGIC_WORK_NEW | VGIC_WORK_FRESH))
		sync(gic, self);
	wake = gic->wake;
	gic->wake = 0;
	lock_drop(&gic->lock);
	if (self)
		wake &= ~(1u << self->index);
	while (wake)
		vcpu_wake(gic->partition->vcpus[bit_take(&wake)]);
}

void vgic_vcpu_sync(struct vcpu *vcpu, uint32_t work)
{
	lock_take(&vgic_of(vcpu->partition)->lock);
	gic_of(vcpu)->work |= work;
	vgic_drop(vgic_of(vcpu->partition), vcpu);
}

/* ---- arrivals ---- */

/* The same for a private interrupt whose last occurrence is spent in the list register that it still has: whatever changes its
 * configuration, or what the list registers should hold, takes it out of there or leaves work. */
static inline __attribute__((always_inline)) bool deliver_again(struct vgic_vcpu *vcpu, struct vgic_bank *bank, irq_t irq)
{
	uint32_t index = bank->lr[irq];

	if (!(bank->in_lr & bit_of(irq)) || vcpu->work || !(vif_empty() >> index & 1u))
		return false;
	bank->lr_latched |= bit_of(irq);
	vif_lr_set(index, vcpu->lr_again[index]);
	return true;
}

void vgic_private_fired(struct vcpu *vcpu, irq_t irq)
{
	struct vgic *gic = vgic_of(vcpu->partition);
	struct vgic_bank *bank = &gic_of(vcpu)->bank;

	lock_take(&gic->lock);
	if (deliver_again(gic_of(vcpu), bank, irq) || deliver_now(gic, vcpu, bank, irq)) {
		lock_drop(&gic->lock);
		return;
	}
	if (bank->enabled & bit_of(irq)) {
		bank->latched |= bit_of(irq);
		gic_of(vcpu)->work |= VGIC_WORK_NEW;
	} else {
		vgic_give_back(gic, bank, irq, false);
	}
	vgic_drop(gic, vcpu);
}

void vgic_edge(struct vgic *gic, struct vcpu *self, irq_t irq)
{
	struct vgic_ref ref = { .gic = gic, .self = self, .bank = &gic->shared[irq / 32u - 1u], .first = irq & ~31u };

	if (self && vgic_target(gic, irq) == self->index && deliver_now(gic, self, ref.bank, irq))
		return;
	ref.bank->latched |= bit_of(irq);
	vgic_note_pending(&ref, bit_of(irq));
}

void vgic_shared_fired(const struct plan_partition *partition, irq_t irq)
{
	struct vgic *gic = vgic_of(partition);
	struct vcpu *self = vgic_self(gic);
	struct vgic_bank *bank = &gic->shared[irq / 32u - 1u];

	lock_take(&gic->lock);
	if (bank->enabled & ~bank->masked & bit_of(irq))
		vgic_edge(gic, self, irq);
	else
		vgic_give_back(gic, bank, irq, false); /* it was under way when it was disabled */
	vgic_drop(gic, self);
}

bool vgic_sgi_again(struct vcpu *self, irq_t irq)
{
	return !vif_fixed_enables && deliver_again(gic_of(self), &gic_of(self)->bank, irq);
}

static void sgi_pend_one(struct vgic *gic, struct vcpu *self, struct vcpu *target, irq_t irq)
{
	struct vgic_vcpu *vcpu = gic_of(target);
	struct vgic_ref ref = { .gic = gic, .self = self, .owner = target, .bank = &vcpu->bank };

	if (self == target && !vif_fixed_enables && deliver_now(gic, self, ref.bank, irq))
		return;
	ref.bank->latched |= bit_of(irq);
	/* GICv3 has no sources: always 0 */
	vcpu->sgi_sources[irq] |= (uint8_t)(vif_fixed_enables ? 1u << self->index : 1u);
	vgic_note_pending(&ref, bit_of(irq));
}

void vgic_sgi_pend(struct vgic *gic, struct vcpu *self, irq_t irq, uint32_t targets, bool is_group0)
{
	while (targets) {
		struct vcpu *target = gic->partition->vcpus[bit_take(&targets)];

		if (!is_group0 || !(gic_of(target)->bank.group & bit_of(irq)))
			sgi_pend_one(gic, self, target, irq);
	}
}

/* ---- switches and resets ---- */

void vgic_vcpu_load(struct vcpu *vcpu)
{
	struct vgic *gic = vgic_of(vcpu->partition);

	lock_take(&gic->lock);
	vif_load(gic_of(vcpu));
	gic_of(vcpu)->is_loaded = true;
	gic_of(vcpu)->work = VGIC_WORK_NEW | VGIC_WORK_PRIVATE;
	vgic_private_load(&gic_of(vcpu)->bank);
	vgic_mask_slot(gic, vcpu, false);
	vgic_drop(gic, vcpu);
}

void vgic_vcpu_save(struct vcpu *vcpu)
{
	struct vgic *gic = vgic_of(vcpu->partition);

	lock_take(&gic->lock);
	vgic_fold(gic, vcpu);
	vgic_private_settle(gic, vcpu);
	vgic_private_save(&gic_of(vcpu)->bank);
	vgic_mask_slot(gic, vcpu, true);
	vif_save(gic_of(vcpu));
	vif_control(0);
	gic_of(vcpu)->is_loaded = false;
	gic_of(vcpu)->work = 0;
	gic_of(vcpu)->answered = UINT32_MAX;
	for (irq_t first = VGIC_PRIVATE; first < gic->end; first += 32)
		vgic_note_moved(gic, vcpu, first, UINT32_MAX);
	vgic_drop(gic, NULL);
}

bool arch_vcpu_has_irq(struct vcpu *vcpu)
{
	uint32_t used, groups, mask;
	uint64_t vmcr;

	vgic_vcpu_sync(vcpu, VGIC_WORK_NEW);
	vmcr = vif_vmcr();
	groups = VMCR_GROUPS(vmcr);
	mask = VMCR_PRIORITY(vmcr);
	used = gic_of(vcpu)->used;
	while (used) {
		uint64_t lr = vif_lr_get(bit_take(&used));

		if ((lr & (LR_PENDING | LR_ACTIVE)) == LR_PENDING && groups & (lr & LR_GROUP1 ? 2u : 1u) && LR_PRIORITY(lr) < mask)
			return true;
	}
	return false;
}

uint32_t arch_vcpu_pending_count(const struct vcpu *vcpu)
{
	struct vgic *gic = vgic_of(vcpu->partition);
	struct vgic_vcpu *own = &((struct arm64_vcpu *)(void *)vcpu)->gic;
	uint32_t count = 0;

	lock_take(&gic->lock);
	for (irq_t first = 0; first < gic->end; first += 32) {
		const struct vgic_bank *bank = vgic_bank_of(gic, own, first);
		uint32_t mask = (vgic_pending(bank) | (bank->in_lr & bank->seen_pending)) & bank->owned;

		while (mask) {
			irq_t irq = first + bit_take(&mask);

			count += irq < VGIC_PRIVATE || vgic_target(gic, irq) == vcpu->index;
		}
	}
	lock_drop(&gic->lock);
	return count;
}

