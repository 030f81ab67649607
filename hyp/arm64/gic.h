/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The physical interrupt controller: gicv2.c or gicv3.c, resolved at link.
 * EOI mode is split: an interrupt is acknowledged and its priority dropped
 * at once; deactivation is by the guest (hw list register) or by us.
 */
#ifndef ARM64_GIC_H
#define ARM64_GIC_H

#include <hyp/plan.h>
#include <hyp/types.h>

enum gic_irq {
	GIC_SGI_KICK = 0,        /* from another CPU: requests */
	GIC_PPI_MAINTENANCE = 25,
	GIC_PPI_HYP_TIMER = 26,
	GIC_PPI_PMU = 23,
	GIC_PPI_VIRTUAL_TIMER = 27,
	GIC_PPI_PHYSICAL_TIMER = 30,
	GIC_SPECIAL = 1020, /* from here on: no interrupt */
};

/* What gic_acknowledge() gives; beside the INTID it may say which CPU sent an SGI. */
typedef uint32_t gic_token_t;
#define GIC_INTID(token) ((token) & 0x3ffu)

/** Version that was linked: 2 or 3. */
uint32_t gic_version(void);

/** Distributor: everything disabled, non-secure group 1, routed to the boot CPU. Context: boot CPU, once. Errors: ERR_HARDWARE if it is not what the plan says. */
MUST_CHECK enum err gic_init(void);

/** This CPU's redistributor and interfaces: our private interrupts enabled, virtual interface off. */
MUST_CHECK enum err gic_cpu_init(void);

/** Acknowledge. GIC_INTID() of the token is at least GIC_SPECIAL if there was none. */
gic_token_t gic_acknowledge(void);

/** Drop the priority of an acknowledged interrupt; it stays active. */
void gic_drop(gic_token_t token);

/** Deactivate an acknowledged interrupt of this CPU whose priority was dropped. */
void gic_deactivate(gic_token_t token);

/** Shared and private (of this CPU) interrupts. */
void gic_irq_disable(irq_t irq);
/** Enable those of the 32 interrupts from `first` on (a multiple of 32) that `mask` names. */
void gic_irqs_enable(irq_t first, uint32_t mask);
static inline void gic_irq_enable(irq_t irq)
{
	gic_irqs_enable(irq & ~31u, 1u << (irq % 32u));
}
void gic_irq_configure(irq_t irq, bool is_edge);
/** Route a shared interrupt to `cpu`. */
void gic_irq_route(irq_t irq, const struct plan_cpu *cpu);
void gic_irq_set_pending(irq_t irq, bool is_pending);
void gic_irq_set_active(irq_t irq, bool is_active);
bool gic_irq_is_pending(irq_t irq);

/** Send GIC_SGI_KICK to `cpu`; a barrier orders it after earlier stores. */
void gic_kick(const struct cpu *cpu);

#endif
