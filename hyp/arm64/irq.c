/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Physical interrupts: who they are for. A guest's timers go to the vCPU that
 * is loaded, a passed-through device's to the partition that owns it, the
 * rest is ours. It must not know how a guest gets them.
 */
#include "arm64.h"
#include "gic.h"
#include "smmu.h"
#include "uart.h"
#include "vgic.h"

#define ISR_IRQ BIT(7)
#define PIECE 64u /* interrupts taken in one go while nobody runs */

/* The owner of shared interrupt `physical`, by binary search: the plan has them sorted. */
static const struct arm64_irq_owner *owner_of(irq_t physical)
{
	uint32_t low = 0;
	uint32_t high = plan.arch->owner_count;

	while (low < high) {
		uint32_t middle = (low + high) / 2u;
		const struct arm64_irq_owner *owner = &plan.arch->owners[middle];

		if (owner->physical == physical)
			return owner;
		if (owner->physical < physical)
			low = middle + 1u;
		else
			high = middle;
	}
	return NULL;
}

static void shared_fired(gic_token_t token)
{
	irq_t irq = GIC_INTID(token);
	const struct arm64_irq_owner *owner = owner_of(irq);

	if (owner) {
		vgic_shared_fired(&plan.partitions[owner->partition], owner->virtual);
		return; /* its guest deactivates it */
	}
	if (irq == plan.arch->uart_irq)
		uart_irq();
	else if (!smmu_irq(irq))
		gic_irq_disable(irq); /* nobody's: nothing enabled it, and it shall not come back */
	gic_deactivate(token);
}

static void guest_fired(struct cpu *cpu, gic_token_t token)
{
	if (cpu->current)
		vgic_private_fired(cpu->current, GIC_INTID(token));
	else
		gic_deactivate(token); /* it was under way when its vCPU was saved, and comes back with it */
}

static void private_fired(struct cpu *cpu, gic_token_t token)
{
	switch (GIC_INTID(token)) {
	case GIC_SGI_KICK:
		cpu_kicked(cpu);
		break;
	case GIC_PPI_MAINTENANCE:
		if (cpu->current)
			vgic_vcpu_sync(cpu->current, VGIC_WORK_NEW);
		break;
	case GIC_PPI_HYP_TIMER:
		cpu_timer_fired(cpu);
		break;
	}
	gic_deactivate(token);
}

/* Messages have no active state: nothing is left to deactivate. */
static __attribute__((noinline)) void message_fired(gic_token_t token)
{
	gic_drop(token);
	if (plan.arch->its)
		plan.arch->its->driver->fired(token);
}

/* Takes one interrupt. Returns: false if there was none. */
static inline __attribute__((always_inline)) bool take_one(struct cpu *cpu)
{
	gic_token_t token = gic_acknowledge();
	irq_t irq = GIC_INTID(token);

	if (token >= ITS_FIRST_LPI) {
		message_fired(token);
		return true;
	}
	if (irq >= GIC_SPECIAL)
		return false;
	gic_drop(token);
	if (irq == GIC_PPI_VIRTUAL_TIMER || irq == GIC_PPI_PHYSICAL_TIMER || irq == GIC_PPI_PMU)
		guest_fired(cpu, token);
	else if (irq < 32u)
		private_fired(cpu, token);
	else
		shared_fired(token);
	return true;
}

/* An interrupt while a guest ran. One a time: the next brings it back here at once. */
void trap_irq(void)
{
	struct cpu *cpu = &this_cpu()->core;

	cpu->current->exits[EXIT_INTERRUPT]++;
	take_one(cpu);
}

bool arch_irq_is_pending(void)
{
	return SYSREG_READ(isr_el1) & ISR_IRQ;
}

void arch_irq_handle(void)
{
	for (uint32_t i = 0; i < PIECE && take_one(&this_cpu()->core); i++)
		;
}

void arch_irq_partition_clear(const struct plan_partition *partition)
{
	if (partition->arch->vits)
		plan.arch->its->driver->clear(partition);
	vgic_partition_reset(partition);
}

void arch_irq_partition_reset(const struct plan_partition *partition)
{
	vgic_partition_reset(partition);
	if (partition->arch->vits)
		plan.arch->its->driver->reset(partition);
}
