/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The physical interrupts behind virtual ones: each is active as long as its
 * virtual twin is pending or active, on as its guest has it, and routed to
 * the CPU of its target. It must not know list registers.
 */
#include "gic.h"
#include "vgic_state.h"

irq_t vgic_physical(const struct vgic *gic, irq_t irq)
{
	return irq < VGIC_PRIVATE ? irq : gic->physical[irq - VGIC_PRIVATE];
}

void vgic_give_back(struct vgic *gic, struct vgic_bank *bank, irq_t irq, bool is_taken)
{
	irq_t physical = vgic_physical(gic, irq);

	if (!is_taken && bank->edge & bit_of(irq))
		gic_irq_set_pending(physical, true);
	gic_irq_set_active(physical, false); /* a level that is still high becomes pending again by this */
}

void vgic_private_settle(struct vgic *gic, struct vcpu *self)
{
	struct vgic_bank *bank = &gic_of(self)->bank;
	uint32_t posted = bank->hw & ~bank->in_lr & (bank->post_unpend | bank->post_deactivate | bank->post_activate | bank->post_pend);

	while (posted) {
		irq_t irq = bit_take(&posted);
		uint32_t bit = bit_of(irq);
		bool was_held = (bank->active | bank->latched) & bit;

		if (bank->post_deactivate & bit)
			bank->active &= ~bit;
		if (bank->post_unpend & bit) {
			bank->latched &= ~bit;
			gic_irq_set_pending(irq, false);
		}
		if (bank->post_activate & bit) {
			bank->active |= bit;
			gic_irq_set_active(irq, true);
		} else if (was_held && !((bank->active | bank->latched) & bit)) {
			vgic_give_back(gic, bank, irq, true);
		}
		if (bank->post_pend & bit)
			gic_irq_set_pending(irq, true);
		bank->post_unpend &= ~bit;
		bank->post_deactivate &= ~bit;
		bank->post_activate &= ~bit;
		bank->post_pend &= ~bit;
	}
}

/* Timers and counters of the loaded `self`: their physical interrupts are on as the guest has them. */
void vgic_private_enable(const struct vgic_bank *bank)
{
	uint32_t off = bank->hw & ~bank->enabled;

	while (off)
		gic_irq_disable(bit_take(&off));
	if (bank->hw & bank->enabled)
		gic_irqs_enable(0, bank->hw & bank->enabled);
}

bool vgic_can_take(const struct vcpu *vcpu)
{
	return vcpu->cpu->vcpu_count == 1 || gic_of((struct vcpu *)vcpu)->is_loaded;
}

/* While another vCPU has the CPU of its target, a shared interrupt stays in the physical GIC: a storm of it cannot take that slot's time. */
static void mask_physical(struct vgic *gic, irq_t irq, bool is_masked)
{
	struct vgic_bank *bank = &gic->shared[irq / 32u - 1u];
	uint32_t bit = bit_of(irq);

	if (!(bank->hw & bit) || !!(bank->masked & bit) == is_masked)
		return;
	bank->masked ^= bit;
	if (!(bank->enabled & bit))
		return;
	if (is_masked)
		gic_irq_disable(vgic_physical(gic, irq));
	else
		gic_irq_enable(vgic_physical(gic, irq));
}

void vgic_route_physical(struct vgic *gic, irq_t irq)
{
	uint32_t index = gic->target[irq - VGIC_PRIVATE];
	const struct vcpu *target;

	if (index == VGIC_NOBODY || !(gic->shared[irq / 32u - 1u].hw & bit_of(irq)))
		return;
	target = gic->partition->vcpus[index];
	gic_irq_route(vgic_physical(gic, irq), target->cpu);
	mask_physical(gic, irq, !vgic_can_take(target));
}

/* Those of `vcpu`, when it comes to a shared CPU or leaves it. */
void vgic_mask_slot(struct vgic *gic, const struct vcpu *vcpu, bool is_masked)
{
	if (vcpu->cpu->vcpu_count == 1)
		return;
	for (uint32_t b = 0; b < gic->partition->arch->spi_count / 32u; b++) {
		uint32_t hw = gic->shared[b].hw;

		while (hw) {
			irq_t irq = VGIC_PRIVATE + b * 32u + bit_take(&hw);

			if (gic->target[irq - VGIC_PRIVATE] == vcpu->index)
				mask_physical(gic, irq, is_masked);
		}
	}
}

/* The guest's physical timers and counters belong to whoever is loaded: active here means active there. */
void vgic_private_load(struct vgic_bank *bank)
{
	uint32_t held = bank->hw & (bank->active | bank->latched);

	while (held)
		gic_irq_set_active(bit_take(&held), true);
}

/* A pending line comes back by itself when its timer does; what is active must not hold back the next vCPU's, and what was
 * made pending by a write must not reach it. */
void vgic_private_save(struct vgic_bank *bank)
{
	uint32_t hw = bank->hw;
	uint32_t held = bank->hw & (bank->active | bank->latched);

	while (hw) {
		irq_t irq = bit_take(&hw);

		gic_irq_disable(irq);
		gic_irq_set_pending(irq, false);
	}
	bank->latched &= ~bank->hw;
	while (held)
		gic_irq_set_active(bit_take(&held), false);
}

/* Nothing of them is pending or active anywhere, and they go to vCPU 0. */
void vgic_shared_reset(struct vgic *gic, const struct plan_irq *irq)
{
	gic_irq_disable(irq->physical);
	gic_irq_configure(irq->physical, irq->is_edge);
	gic_irq_set_active(irq->physical, false);
	gic_irq_set_pending(irq->physical, false);
	gic_irq_route(irq->physical, gic->partition->vcpus[0]->cpu);
}
