/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual interrupt controller at the start of a vCPU and of a
 * partition, and what never changes of it, from the plan. It must not know
 * list registers.
 */
#include "gic.h"
#include "gic_regs.h"
#include "vgic_state.h"

/* Interrupts of every vCPU: SGIs, both timers, performance counters. The timers' and counters' lines are in the machine. */
#define SGIS 0xffffu
#define PPIS ((uint32_t)(BIT(GIC_PPI_VIRTUAL_TIMER) | BIT(GIC_PPI_PHYSICAL_TIMER) | BIT(GIC_PPI_PMU)))

void vgic_vcpu_reset(struct vcpu *vcpu)
{
	struct vgic *gic = vgic_of(vcpu->partition);
	struct vgic_vcpu *own = gic_of(vcpu);

	lock_take(&gic->lock);
	*own = (struct vgic_vcpu){
		.bank = { .owned = SGIS | PPIS, .hw = PPIS, .enabled = vif_fixed_enables, .edge = SGIS },
		.answered = UINT32_MAX,
	};
	lock_drop(&gic->lock);
}

static void bank_reset(struct vgic_bank *bank)
{
	const struct vgic_bank was = *bank;

	*bank = (struct vgic_bank){ .owned = was.owned, .hw = was.hw, .wired = was.wired, .edge = was.wired, .level = was.level & ~was.hw };
}

/* What the partition's shared interrupts are at reset: GICv3 routes to affinity 0, GICv2 nowhere. */
static void routes_reset(struct vgic *gic)
{
	for (uint32_t spi = 0; spi < VGIC_SPI_MAX; spi++) {
		gic->route[spi] = vif_route_reset();
		gic->target[spi] = (uint8_t)vif_route_target(gic->partition, gic->route[spi]);
		gic->holder[spi] = 0;
	}
}

void vgic_partition_reset(const struct plan_partition *partition)
{
	struct vgic *gic = vgic_of(partition);

	lock_take(&gic->lock);
	gic->control = 0;
	gic->wake = 0;
	for (uint32_t b = 0; b < ARRAY_COUNT(gic->shared); b++) {
		bank_reset(&gic->shared[b]);
		gic->route_any[b] = 0;
	}
	routes_reset(gic);
	for (uint32_t i = 0; i < partition->irq_count; i++) {
		const struct plan_irq *irq = &partition->irqs[i];

		vgic_shared_reset(gic, irq);
		if (!vgic_can_take(partition->vcpus[0]))
			gic->shared[irq->virtual / 32u - 1u].masked |= bit_of(irq->virtual);
	}
	lock_drop(&gic->lock);
}

/* An emulated device's interrupt. */
static void own_emulated(struct vgic *gic, irq_t irq, bool is_edge)
{
	ASSERT(irq >= VGIC_PRIVATE && irq < VGIC_PRIVATE + gic->partition->arch->spi_count);
	gic->shared[irq / 32u - 1u].owned |= bit_of(irq);
	gic->shared[irq / 32u - 1u].wired |= is_edge ? bit_of(irq) : 0;
}

static void own_physical(struct vgic *gic, const struct plan_irq *irq)
{
	own_emulated(gic, irq->virtual, irq->is_edge);
	gic->shared[irq->virtual / 32u - 1u].hw |= bit_of(irq->virtual);
	gic->physical[irq->virtual - VGIC_PRIVATE] = irq->physical;
	gic->has_offsets |= irq->physical != irq->virtual;
}

static void partition_init(const struct plan_partition *partition)
{
	struct vgic *gic = vgic_of(partition);
	const struct arch_plan_partition *arch = partition->arch;

	ASSERT(arch->spi_count <= VGIC_SPI_MAX && arch->spi_count % 32u == 0);
	gic->partition = partition;
	gic->end = VGIC_PRIVATE + arch->spi_count;
	gic->type = arch->spi_count / 32u | GICD_TYPER_ID_BITS(10u);
	if (arch->vits) {
		gic->type = arch->spi_count / 32u | GICD_TYPER_ID_BITS(ITS_LPI_BITS) | GICD_TYPER_LPIS;
		gic->intids = arch->vits->state->intid;
		gic->end = VGIC_LPI + (arch->vits->lpi_count + 31u) / 32u * 32u;
	}
	if (arch->has_uart)
		own_emulated(gic, arch->uart_irq, false);
	if (arch->has_rtc)
		own_emulated(gic, arch->rtc_irq, false);
	if (partition->doorbell_irq)
		own_emulated(gic, partition->doorbell_irq, true);
	for (uint32_t i = 0; i < partition->channel_count; i++)
		own_emulated(gic, partition->channels[i].irq, true);
	for (uint32_t i = 0; i < partition->front_count; i++)
		own_emulated(gic, partition->fronts[i]->irq, false);
	for (uint32_t i = 0; i < partition->irq_count; i++)
		own_physical(gic, &partition->irqs[i]);
}

void vgic_init(void)
{
	for (uint32_t i = 0; i < plan.partition_count; i++)
		partition_init(&plan.partitions[i]);
}
