/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts of emulated devices, which no physical interrupt stands behind:
 * levels that a device holds high, edges that it makes pending. It must not
 * know devices, nor registers of the distributor.
 */
#include "vgic_state.h"

/* In a list register of our own, and not pending there: nothing is to be done when the guest ends it. */
static bool lr_hushed(struct vgic *gic, struct vgic_bank *bank, irq_t irq)
{
	const struct vcpu *self = vgic_self(gic);
	uint64_t lr;

	if (!self || gic->holder[irq - VGIC_PRIVATE] != self->index || bank->lr[irq % 32u] == VGIC_LR_UNFIT)
		return false;
	lr = vif_lr_get(bank->lr[irq % 32u]);
	if (lr & LR_PENDING)
		return false;
	vif_lr_set(bank->lr[irq % 32u], lr & ~LR_EOI);
	bank->tells &= ~bit_of(irq);
	return true;
}

static void level_fell(struct vgic *gic, struct vgic_bank *bank, irq_t irq)
{
	lock_take(&gic->lock);
	bank->level &= ~bit_of(irq);
	if (!(bank->in_lr & ~bank->edge & bit_of(irq)) || lr_hushed(gic, bank, irq)) {
		lock_drop(&gic->lock);
		return;
	}
	vgic_note(gic, gic->holder[irq - VGIC_PRIVATE]);
	vgic_drop(gic, vgic_self(gic));
}

static void level_rose(struct vgic *gic, struct vgic_bank *bank, irq_t irq)
{
	struct vgic_ref ref = { .gic = gic, .self = vgic_self(gic), .bank = bank, .first = irq & ~31u };

	lock_take(&gic->lock);
	bank->latched |= bank->edge & ~bank->level & bit_of(irq);
	bank->level |= bit_of(irq);
	/* a level in a list register is looked at again when it ends, if that tells; an edge goes into the register */
	if (!(bank->in_lr & ~bank->edge & bank->tells & bit_of(irq)))
		vgic_note_pending(&ref, bit_of(irq));
	vgic_drop(gic, ref.self);
}

void vgic_set_level(const struct plan_partition *partition, irq_t irq, bool is_high)
{
	struct vgic *gic = vgic_of(partition);

	if (is_high)
		level_rose(gic, &gic->shared[irq / 32u - 1u], irq);
	else
		level_fell(gic, &gic->shared[irq / 32u - 1u], irq);
}

void vgic_pend(const struct plan_partition *partition, irq_t irq)
{
	struct vgic *gic = vgic_of(partition);
	struct vgic_bank *bank = &gic->shared[irq / 32u - 1u];
	uint32_t was, index;

	lock_take(&gic->lock);
	was = bank->latched;
	bank->latched = was | bit_of(irq);
	index = ((bank->in_lr | bank->active) & bit_of(irq) ? gic->holder : gic->target)[irq - VGIC_PRIVATE];
	if (index == VGIC_NOBODY)
		index = vgic_target(gic, irq);
	/* still latched, or in a list register that tells: its vCPU was told, or will be when it enables it, or ends it */
	if (!(bank->enabled & ~was & ~(bank->in_lr & bank->tells) & bit_of(irq)) || index == VGIC_NOBODY) {
		lock_drop(&gic->lock);
		return;
	}
	gic_of(partition->vcpus[index])->work |= VGIC_WORK_NEW;
	lock_drop(&gic->lock);
	vcpu_wake(partition->vcpus[index]);
}
