/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts of emulated devices, which no physical interrupt stands behind:
 * levels that a device holds high, edges that it makes pending. It must not
 * know devices, nor registers of the distributor.
 */
#include "vgic_state.h"

void vgic_set_level(const struct plan_partition *partition, irq_t irq, bool is_high)
{
	struct vgic *gic = vgic_of(partition);
	struct vcpu *self = vgic_self(gic);
	struct vgic_ref ref = { .gic = gic, .self = self, .bank = &gic->shared[irq / 32u - 1u], .first = irq & ~31u };
	uint32_t bit = bit_of(irq);

	lock_take(&gic->lock);
	if (is_high && !(ref.bank->level & bit)) {
		ref.bank->level |= bit;
		if (ref.bank->edge & bit)
			ref.bank->latched |= bit;
		/* a level in a list register is looked at again when it ends; an edge goes into the register */
		if (!(ref.bank->in_lr & ~ref.bank->edge & bit))
			vgic_note_pending(&ref, bit);
	} else if (!is_high && ref.bank->level & bit) {
		ref.bank->level &= ~bit;
		if (!(ref.bank->edge & bit))
			vgic_note_holders(&ref, bit);
	}
	vgic_drop(gic, self);
}

void vgic_pend(const struct plan_partition *partition, irq_t irq)
{
	struct vgic *gic = vgic_of(partition);
	struct vcpu *self = vgic_self(gic);
	struct vgic_ref ref = { .gic = gic, .self = self, .bank = &gic->shared[irq / 32u - 1u], .first = irq & ~31u };

	lock_take(&gic->lock);
	if (!(ref.bank->latched & bit_of(irq))) {
		ref.bank->latched |= bit_of(irq);
		vgic_note_pending(&ref, bit_of(irq));
	}
	vgic_drop(gic, self);
}
