/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The physical GICv2 (Arm IHI 0048): distributor and this CPU's interface.
 * All interrupts stay in the group that firmware left them in; without a
 * secure world that is group 0. It must not know guests.
 */
#include <hyp/lock.h>

#include "arm64.h"
#include "gic.h"
#include "gic_regs.h"

#define PRIORITY_OURS 0x80u  /* before any device of a guest */
#define PRIORITY_GUEST 0xa0u
#define OURS ((uint32_t)(BIT(GIC_SGI_KICK) | BIT(GIC_PPI_MAINTENANCE) | BIT(GIC_PPI_HYP_TIMER)))
#define GICC_APR 0x00d0u
#define GICC_APRS 4u

static struct lock configure_lock; /* words of ICFGR hold bits of several partitions; innermost */

uint32_t gic_version(void)
{
	return 2;
}

static volatile uint32_t *gicd(uint32_t offset)
{
	return (volatile uint32_t *)(plan.arch->gicd.v + offset);
}

static volatile uint32_t *gicc(uint32_t offset)
{
	return (volatile uint32_t *)(plan.arch->gicc.v + offset);
}

static volatile uint8_t *gicd_byte(uint32_t offset)
{
	return (volatile uint8_t *)(plan.arch->gicd.v + offset);
}

static volatile uint32_t *bank_at(uint32_t offset, irq_t irq)
{
	return gicd(offset + irq / 32u * 4u);
}

static uint32_t bit_of(irq_t irq)
{
	return 1u << (irq % 32u);
}

/* Number of its interface, as a mask: CPUs are counted through clusters of four. gic_cpu_init() checks that. */
static uint32_t interface_of(const struct plan_cpu *cpu)
{
	return 1u << (((cpu->hardware_id & 0xffu) + (cpu->hardware_id >> 8 & 0xffu) * 4u) & 7u);
}

enum err gic_init(void)
{
	uint32_t lines = 32u * (GICD_TYPER_LINES(*gicd(GICD_TYPER)) + 1u);

	if (plan.arch->gic_version != 2u)
		return ERR_HARDWARE;
	*gicd(GICD_CTLR) = 0;
	for (irq_t irq = 32; irq < lines && irq < GIC_SPECIAL; irq += 32) {
		*bank_at(GICD_ICENABLER, irq) = UINT32_MAX;
		*bank_at(GICD_ICPENDR, irq) = UINT32_MAX;
		*bank_at(GICD_ICACTIVER, irq) = UINT32_MAX;
	}
	for (irq_t irq = 32; irq < lines && irq < GIC_SPECIAL; irq += 4)
		*gicd(GICD_IPRIORITYR + irq) = PRIORITY_GUEST * 0x01010101u;
	for (irq_t irq = 32; irq < lines && irq < GIC_SPECIAL; irq++)
		gic_irq_route(irq, &plan.cpus[0]);
	*gicd(GICD_CTLR) = GICD_CTLR_GROUP0;
	return OK;
}

/* SGIs and PPIs: ours on, a guest's off until it is loaded. */
static void private_init(void)
{
	*gicd(GICD_ICENABLER) = UINT32_MAX;
	*gicd(GICD_ICPENDR) = UINT32_MAX;
	*gicd(GICD_ICACTIVER) = UINT32_MAX;
	for (irq_t irq = 0; irq < 32; irq++)
		*gicd_byte(GICD_IPRIORITYR + irq) = OURS & bit_of(irq) ? PRIORITY_OURS : PRIORITY_GUEST;
	*gicd(GICD_ISENABLER) = OURS;
}

enum err gic_cpu_init(void)
{
	/* reads as this CPU's interface, or as zero where there is only one */
	uint32_t interface = *gicd_byte(GICD_ITARGETSR);

	if (interface && interface != interface_of(this_cpu()->core.plan))
		return ERR_HARDWARE;
	private_init();
	*(volatile uint32_t *)plan.arch->gich.v = 0; /* GICH_HCR: virtual interface off */
	for (uint32_t i = 0; i < GICC_APRS; i++)
		*gicc(GICC_APR + 4u * i) = 0;
	*gicc(GICC_PMR) = 0xff;
	*gicc(GICC_BPR) = 0;
	*gicc(GICC_CTLR) = GICC_CTLR_ENABLE | GICC_CTLR_EOIMODE;
	return OK;
}

gic_token_t gic_acknowledge(void)
{
	return *gicc(GICC_IAR);
}

void gic_drop(gic_token_t token)
{
	*gicc(GICC_EOIR) = token;
}

void gic_deactivate(gic_token_t token)
{
	*gicc(GICC_DIR) = token;
}

void gic_irqs_enable(irq_t first, uint32_t mask)
{
	*bank_at(GICD_ISENABLER, first) = mask;
}

void gic_irq_disable(irq_t irq)
{
	*bank_at(GICD_ICENABLER, irq) = bit_of(irq);
}

void gic_irq_configure(irq_t irq, bool is_edge)
{
	volatile uint32_t *at = gicd(GICD_ICFGR + irq / 16u * 4u);
	uint32_t bit = 2u << (irq % 16u * 2u);
	bool was_enabled = *bank_at(GICD_ISENABLER, irq) & bit_of(irq);

	/* changing an enabled one is unpredictable */
	if (was_enabled)
		gic_irq_disable(irq);
	lock_take(&configure_lock);
	*at = is_edge ? *at | bit : *at & ~bit;
	lock_drop(&configure_lock);
	if (was_enabled)
		gic_irq_enable(irq);
}

void gic_irq_route(irq_t irq, const struct plan_cpu *cpu)
{
	*gicd_byte(GICD_ITARGETSR + irq) = (uint8_t)interface_of(cpu);
}

void gic_irq_set_pending(irq_t irq, bool is_pending)
{
	*bank_at(is_pending ? GICD_ISPENDR : GICD_ICPENDR, irq) = bit_of(irq);
}

void gic_irq_set_active(irq_t irq, bool is_active)
{
	*bank_at(is_active ? GICD_ISACTIVER : GICD_ICACTIVER, irq) = bit_of(irq);
}

bool gic_irq_is_pending(irq_t irq)
{
	return *bank_at(GICD_ISPENDR, irq) & bit_of(irq);
}

void gic_kick(const struct cpu *cpu)
{
	DSB(ishst); /* stores before it are seen by whoever takes the interrupt */
	*gicd(GICD_SGIR) = interface_of(cpu->plan) << 16 | GIC_SGI_KICK;
}
