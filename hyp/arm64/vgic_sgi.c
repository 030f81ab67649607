/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System registers of GICv3's CPU interface that trap: those that make SGIs,
 * and deactivation while list registers do not suffice. A GICv2 machine has
 * none of them and never comes here.
 */
#include "gic.h"
#include "vgic_state.h"

#define SGI_ANY BIT(40) /* IRM: all but the writer */
#define SGI_IRQ(value) ((irq_t)((value) >> 24) & 15u)
#define SGI_OTHER_CLUSTER (0xfful << 48 | 0xful << 44 | 0xfful << 32 | 0xfful << 16) /* Aff3, RS, Aff2, Aff1: 0 for every vCPU */

bool vgic_sgi_self(struct vcpu *vcpu, uint64_t value)
{
	struct vgic *gic = vgic_of(vcpu->partition);
	bool is_done;

	if ((value & (SGI_ANY | SGI_OTHER_CLUSTER | 0xffffu)) != 1u << vcpu->index)
		return false;
	lock_take(&gic->lock);
	is_done = vgic_sgi_again(vcpu, SGI_IRQ(value));
	lock_drop(&gic->lock);
	return is_done;
}

void vgic_sgi_write(struct vcpu *vcpu, uint64_t value, bool is_group0)
{
	struct vgic *gic = vgic_of(vcpu->partition);
	uint32_t all = (1u << vcpu->partition->vcpu_count) - 1u;
	uint32_t targets;

	if (value & SGI_ANY)
		targets = all & ~(1u << vcpu->index);
	else
		targets = value & SGI_OTHER_CLUSTER ? 0 : (uint32_t)value & 0xffffu & all;
	if (!targets)
		return;
	lock_take(&gic->lock);
	vgic_sgi_pend(gic, vcpu, SGI_IRQ(value), targets, is_group0);
	vgic_drop(gic, vcpu);
}

void vgic_dir_write(struct vcpu *vcpu, uint64_t value)
{
	struct vgic *gic = vgic_of(vcpu->partition);
	irq_t irq = (irq_t)value & 0xffffffu;
	struct vgic_bank *bank;

	if (irq >= VGIC_PRIVATE + vcpu->partition->arch->spi_count)
		return;
	lock_take(&gic->lock);
	vgic_fold(gic, vcpu);
	bank = vgic_bank_of(gic, gic_of(vcpu), irq);
	if (bank->active & bit_of(irq) && (irq < VGIC_PRIVATE || gic->holder[irq - VGIC_PRIVATE] == vcpu->index))
		vgic_deactivate(gic, vcpu, irq);
	vgic_drop(gic, vcpu);
}
