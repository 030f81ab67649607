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

/* `irq` became pending, and nothing else changed. Returns: the vCPU whose CPU must look, or null. One in a list register that tells is
 * looked at again when it ends. */
static inline __attribute__((always_inline)) struct vcpu *arrived(const struct vgic *gic, const struct vgic_bank *bank, irq_t irq)
{
	uint32_t index = ((bank->in_lr | bank->active) & bit_of(irq) ? gic->holder : gic->target)[irq - VGIC_PRIVATE];
	struct vgic_vcpu *vcpu;

	if (index == VGIC_NOBODY)
		index = vgic_target(gic, irq);
	if (!(bank->enabled & ~(bank->in_lr & bank->tells) & bit_of(irq)) || index == VGIC_NOBODY)
		return NULL;
	vcpu = gic_of(gic->partition->vcpus[index]);
	vcpu->work = vcpu->work ? vcpu->work | VGIC_WORK_NEW : VGIC_WORK_FRESH;
	vcpu->fresh = irq;
	return gic->partition->vcpus[index];
}

static struct vcpu *rose(struct vgic *gic, irq_t irq)
{
	struct vgic_bank *bank = &gic->shared[irq / 32u - 1u];
	struct vcpu *woken;

	lock_take(&gic->lock);
	bank->latched |= bank->edge & ~bank->level & bit_of(irq);
	bank->level |= bit_of(irq);
	woken = arrived(gic, bank, irq);
	lock_drop(&gic->lock);
	return woken;
}

static struct vcpu *fell(struct vgic *gic, irq_t irq)
{
	struct vgic_bank *bank = &gic->shared[irq / 32u - 1u];
	struct vcpu *woken = NULL;

	lock_take(&gic->lock);
	bank->level &= ~bit_of(irq);
	if (bank->in_lr & ~bank->edge & bit_of(irq) && !lr_hushed(gic, bank, irq)) {
		woken = gic->partition->vcpus[gic->holder[irq - VGIC_PRIVATE]];
		gic_of(woken)->work |= VGIC_WORK_NEW;
	}
	lock_drop(&gic->lock);
	return woken;
}

struct vcpu *arch_irq_set_level(const struct plan_partition *partition, irq_t irq, bool is_high)
{
	return is_high ? rose(vgic_of(partition), irq) : fell(vgic_of(partition), irq);
}

void arch_irq_pend(const struct plan_partition *partition, irq_t irq)
{
	struct vgic *gic = vgic_of(partition);
	struct vgic_bank *bank = &gic->shared[irq / 32u - 1u];
	struct vcpu *woken;

	lock_take(&gic->lock);
	/* still latched: its vCPU was told, or will be when it enables it */
	woken = bank->latched & bit_of(irq) ? NULL : arrived(gic, bank, irq);
	bank->latched |= bit_of(irq);
	lock_drop(&gic->lock);
	vcpu_wake(woken);
}
