/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Physical interrupts: acknowledged here, given to whom they belong. Our own
 * are deactivated at once, a guest's by the guest.
 */
#include "gic.h"
#include "arm64.h"
#include "uart.h"

static const uint8_t guest_ppis[] = { GIC_PPI_VIRTUAL_TIMER, GIC_PPI_PHYSICAL_TIMER };

#define IRQS_AT_ONCE 32u

/* ---- dispatch ---- */

static void own_done(irq_t irq)
{
	gic_drop(irq);
	gic_deactivate(irq);
}

static const struct arm64_irq_owner *owner_of(irq_t irq)
{
	for (uint32_t i = 0; i < plan.arch->owner_count; i++)
		if (plan.arch->owners[i].physical == irq)
			return &plan.arch->owners[i];
	return NULL;
}

static void shared_fired(irq_t irq)
{
	const struct arm64_irq_owner *owner = owner_of(irq);

	gic_drop(irq);
	if (owner != NULL) {
		vgic_shared_fired(&plan.partitions[owner->partition], owner->virtual);
		return;
	}
	gic_irq_disable(irq); /* nobody's: firmware left it on */
	gic_deactivate(irq);
}

static void own_irq(struct cpu *cpu, irq_t irq)
{
	switch (irq) {
	case GIC_SGI_KICK:
		own_done(irq);
		cpu_kicked(cpu);
		break;
	case GIC_PPI_HYP_TIMER:
		SYSREG_WRITE(cnthp_ctl_el2, 0); /* before it is deactivated: it is a level */
		ISB();
		own_done(irq);
		cpu_timer_fired(cpu);
		break;
	case GIC_PPI_MAINTENANCE:
		if (cpu->current != NULL)
			vgic_maintenance(cpu->current);
		own_done(irq);
		break;
	default:
		if (irq == plan.arch->uart_irq) {
			uart_irq();
			own_done(irq);
		} else {
			shared_fired(irq);
		}
	}
}

/* A guest's timer goes the short way. Without a vCPU loaded both are off, and one that is late is dropped. */
static void dispatch(struct cpu *cpu, irq_t irq)
{
	if ((irq == GIC_PPI_VIRTUAL_TIMER || irq == GIC_PPI_PHYSICAL_TIMER) && cpu->current != NULL) {
		gic_drop(irq);
		vgic_private_fired(cpu->current, irq);
	} else {
		own_irq(cpu, irq);
	}
}

static bool is_spurious(irq_t irq)
{
	return irq >= 1020u && irq <= GIC_SPURIOUS;
}

void trap_irq(void)
{
	struct cpu *cpu = &this_cpu()->core;
	irq_t irq = gic_acknowledge();

	exit_record(cpu->current, EXIT_INTERRUPT, SYSREG_READ(elr_el2), irq, 0);
	if (!is_spurious(irq))
		dispatch(cpu, irq);
}

bool arch_irq_is_pending(void)
{
	return SYSREG_READ(isr_el1) != 0;
}

void arch_irq_handle(void)
{
	struct cpu *cpu = &this_cpu()->core;

	for (uint32_t i = 0; i < IRQS_AT_ONCE; i++) {
		irq_t irq = gic_acknowledge();

		if (is_spurious(irq))
			return;
		dispatch(cpu, irq);
	}
}

/* ---- partitions ---- */

void arch_irq_set_level(const struct plan_partition *partition, irq_t irq, bool is_high)
{
	vgic_set_level(partition, irq, is_high);
}

void arch_irq_partition_clear(const struct plan_partition *partition)
{
	for (uint32_t i = 0; i < partition->irq_count; i++) {
		irq_t irq = partition->irqs[i].physical;

		gic_irq_disable(irq);
		gic_irq_set_pending(irq, false);
		gic_irq_set_active(irq, false);
	}
	vgic_partition_reset(partition);
}

void arch_irq_partition_reset(const struct plan_partition *partition)
{
	for (uint32_t i = 0; i < partition->irq_count; i++)
		gic_irq_configure(partition->irqs[i].physical, partition->irqs[i].is_edge);
	vgic_partition_reset(partition);
}

/* ---- switch ---- */

/* A timer interrupt that the guest has taken and not ended is active in the machine: it would block the next guest's. */
void irq_vcpu_leave(struct arm64_vcpu *vcpu)
{
	vcpu->active_ppis = 0;
	for (uint32_t i = 0; i < ARRAY_COUNT(guest_ppis); i++) {
		if (!gic_irq_is_active(guest_ppis[i]))
			continue;
		vcpu->active_ppis |= 1u << guest_ppis[i];
		gic_irq_set_active(guest_ppis[i], false);
	}
}

void irq_vcpu_enter(struct arm64_vcpu *vcpu)
{
	for (uint32_t i = 0; i < ARRAY_COUNT(guest_ppis); i++)
		if (vcpu->active_ppis & 1u << guest_ppis[i])
			gic_irq_set_active(guest_ppis[i], true);
}
