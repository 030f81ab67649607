/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The physical GICv3 (Arm IHI 0069): distributor, this CPU's redistributor
 * and CPU interface, as seen from non-secure EL2. It must not know guests.
 */
#include <hyp/lock.h>

#include "arm64.h"
#include "gic.h"
#include "gic_regs.h"

#define PRIORITY_OURS 0x80u  /* before any device of a guest */
#define PRIORITY_GUEST 0xa0u
#define RWP_TRIES 1000000u

#define SRE_ON 0x7ul       /* system registers, no bypass */
#define ICC_EOIMODE BIT(1) /* priority drop and deactivation apart */
#define OURS (BIT(GIC_SGI_KICK) | BIT(GIC_PPI_MAINTENANCE) | BIT(GIC_PPI_HYP_TIMER))

static struct lock configure_lock; /* words of ICFGR hold bits of several partitions; innermost */
static uint64_t redistributors[PLAN_CPU_MAX]; /* (its CPU) base of the frames of each CPU of the plan */

uint32_t gic_version(void)
{
	return 3;
}

static uint32_t read32(uint64_t at)
{
	return *(volatile uint32_t *)at;
}

static void write32(uint64_t at, uint32_t value)
{
	*(volatile uint32_t *)at = value;
}

static uint64_t gicd(uint32_t offset)
{
	return plan.arch->gicd.v + offset;
}

/* Where the banks of registers of `irq` are: this CPU's redistributor, or the distributor. */
static uint64_t frame_of(irq_t irq)
{
	return irq < 32u ? redistributors[this_cpu()->core.index] + GICR_SGI_FRAME : plan.arch->gicd.v;
}

static uint64_t bank_at(uint32_t offset, irq_t irq)
{
	return frame_of(irq) + offset + irq / 32u * 4u;
}

static uint32_t bit_of(irq_t irq)
{
	return 1u << (irq % 32u);
}

/* A clear-enable or a group change has taken effect. Bounded, since a broken controller must not hang us silently. */
static enum err rwp_wait(uint64_t control, uint32_t mask)
{
	for (uint32_t i = 0; i < RWP_TRIES; i++)
		if (!(read32(control) & mask))
			return OK;
	return ERR_HARDWARE;
}

static uint64_t kick_of(const struct plan_cpu *cpu)
{
	uint64_t id = cpu->hardware_id;

	return (id >> 32 & 0xffu) << 48 | (id >> 16 & 0xffu) << 32 | (id >> 8 & 0xffu) << 16 | (id >> 4 & 0xfu) << 44 | BIT(id & 0xfu) |
	       (uint64_t)GIC_SGI_KICK << 24;
}

enum err gic_init(void)
{
	uint32_t lines = 32u * (GICD_TYPER_LINES(read32(gicd(GICD_TYPER))) + 1u);

	if ((read32(gicd(GICD_PIDR2)) >> 4 & 0xfu) < 3u || plan.arch->gic_version != 3u)
		return ERR_HARDWARE;
	for (uint32_t i = 0; i < plan.cpu_count; i++)
		((struct arm64_cpu *)(void *)plan.cpus[i].state)->kick = kick_of(&plan.cpus[i]);
	write32(gicd(GICD_CTLR), 0);
	TRY(rwp_wait(gicd(GICD_CTLR), GICD_CTLR_RWP));
	/* affinity routing first: IROUTER does not exist without it */
	write32(gicd(GICD_CTLR), GICD_CTLR_ARE);
	TRY(rwp_wait(gicd(GICD_CTLR), GICD_CTLR_RWP));
	for (irq_t irq = 32; irq < lines && irq < GIC_SPECIAL; irq += 32) {
		write32(gicd(GICD_ICENABLER + irq / 8u), UINT32_MAX);
		write32(gicd(GICD_ICPENDR + irq / 8u), UINT32_MAX);
		write32(gicd(GICD_ICACTIVER + irq / 8u), UINT32_MAX);
		write32(gicd(GICD_IGROUPR + irq / 8u), UINT32_MAX);
	}
	for (irq_t irq = 32; irq < lines && irq < GIC_SPECIAL; irq += 4)
		write32(gicd(GICD_IPRIORITYR + irq), PRIORITY_GUEST * 0x01010101u);
	for (irq_t irq = 32; irq < lines && irq < GIC_SPECIAL; irq++)
		gic_irq_route(irq, &plan.cpus[0]);
	TRY(rwp_wait(gicd(GICD_CTLR), GICD_CTLR_RWP));
	write32(gicd(GICD_CTLR), GICD_CTLR_ARE | GICD_CTLR_GROUP1 | GICD_CTLR_GROUP0);
	TRY(rwp_wait(gicd(GICD_CTLR), GICD_CTLR_RWP));
	return plan.arch->its ? plan.arch->its->driver->init() : OK;
}

/* The redistributor whose affinity is this CPU's. */
static enum err redistributor_find(uint64_t *base)
{
	uint64_t mpidr = SYSREG_READ(mpidr_el1);
	uint32_t affinity = (uint32_t)(mpidr >> 8 & 0xff000000u) | (uint32_t)(mpidr & 0xffffffu);

	for (uint64_t at = 0; at < plan.arch->gicr_size; at += BIT(GICR_FRAMES_SHIFT)) {
		*base = plan.arch->gicr.v + at;
		if (read32(*base + GICR_TYPER + 4u) == affinity)
			return OK;
	}
	return ERR_HARDWARE;
}

static enum err redistributor_wake(uint64_t base)
{
	write32(base + GICR_WAKER, read32(base + GICR_WAKER) & ~GICR_WAKER_SLEEP);
	return rwp_wait(base + GICR_WAKER, GICR_WAKER_ASLEEP);
}

/* SGIs and PPIs: ours on, a guest's off until it is loaded. */
static enum err private_init(uint64_t base)
{
	uint64_t frame = base + GICR_SGI_FRAME;

	write32(frame + GICD_ICENABLER, UINT32_MAX);
	write32(frame + GICD_ICPENDR, UINT32_MAX);
	write32(frame + GICD_ICACTIVER, UINT32_MAX);
	write32(frame + GICD_IGROUPR, UINT32_MAX);
	for (irq_t irq = 0; irq < 32; irq += 4)
		write32(frame + GICD_IPRIORITYR + irq, PRIORITY_GUEST * 0x01010101u);
	for (irq_t irq = 0; irq < 32; irq++)
		if (OURS & BIT(irq))
			*(volatile uint8_t *)(frame + GICD_IPRIORITYR + irq) = PRIORITY_OURS;
	TRY(rwp_wait(base + GICR_CTLR, GICR_CTLR_RWP));
	write32(frame + GICD_ISENABLER, (uint32_t)OURS);
	return OK;
}

enum err gic_cpu_init(void)
{
	uint64_t base;

	TRY(redistributor_find(&base));
	redistributors[this_cpu()->core.index] = base;
	TRY(redistributor_wake(base));
	TRY(private_init(base));
	/* Enable (bit 3) stays 0: a guest's write to ICC_SRE_EL1 traps, it has no other interface to change to */
	SYSREG_WRITE(S3_4_C12_C9_5, SRE_ON); /* ICC_SRE_EL2 */
	ISB();
	SYSREG_WRITE(S3_0_C12_C12_5, SRE_ON); /* ICC_SRE_EL1 */
	SYSREG_WRITE(S3_4_C12_C11_0, 0);      /* ICH_HCR_EL2: virtual interface off */
	ISB();
	SYSREG_WRITE(S3_0_C12_C12_4, ICC_EOIMODE); /* ICC_CTLR_EL1 */
	SYSREG_WRITE(S3_0_C4_C6_0, 0xff);          /* ICC_PMR_EL1 */
	SYSREG_WRITE(S3_0_C12_C12_3, 0);           /* ICC_BPR1_EL1 */
	SYSREG_WRITE(S3_0_C12_C12_7, 1);           /* ICC_IGRPEN1_EL1 */
	ISB();
	return plan.arch->its ? plan.arch->its->driver->cpu_init(base) : OK;
}

gic_token_t gic_acknowledge(void)
{
	return (gic_token_t)SYSREG_READ(S3_0_C12_C12_0); /* ICC_IAR1_EL1 */
}

void gic_drop(gic_token_t token)
{
	SYSREG_WRITE(S3_0_C12_C12_1, token); /* ICC_EOIR1_EL1 */
}

void gic_deactivate(gic_token_t token)
{
	ISB(); /* after the drop */
	SYSREG_WRITE(S3_0_C12_C11_1, token); /* ICC_DIR_EL1 */
}

void gic_irqs_enable(irq_t first, uint32_t mask)
{
	write32(bank_at(GICD_ISENABLER, first), mask);
}

void gic_irq_disable(irq_t irq)
{
	write32(bank_at(GICD_ICENABLER, irq), bit_of(irq));
	/* it cannot arrive any more once this returns; a controller that never answers was found at init */
	if (irq < 32u)
		(void)rwp_wait(redistributors[this_cpu()->core.index] + GICR_CTLR, GICR_CTLR_RWP);
	else
		(void)rwp_wait(gicd(GICD_CTLR), GICD_CTLR_RWP);
}

void gic_irq_configure(irq_t irq, bool is_edge)
{
	uint64_t at = gicd(GICD_ICFGR + irq / 16u * 4u);
	uint32_t bit = 2u << (irq % 16u * 2u);
	bool was_enabled = read32(bank_at(GICD_ISENABLER, irq)) & bit_of(irq);

	/* changing an enabled one is unpredictable */
	if (was_enabled)
		gic_irq_disable(irq);
	lock_take(&configure_lock);
	write32(at, is_edge ? read32(at) | bit : read32(at) & ~bit);
	lock_drop(&configure_lock);
	if (was_enabled)
		gic_irq_enable(irq);
}

void gic_irq_route(irq_t irq, const struct plan_cpu *cpu)
{
	*(volatile uint64_t *)gicd(GICD_IROUTER + irq * 8u) = cpu->hardware_id & 0xff00fffffful;
}

void gic_irq_set_pending(irq_t irq, bool is_pending)
{
	write32(bank_at(is_pending ? GICD_ISPENDR : GICD_ICPENDR, irq), bit_of(irq));
}

void gic_irq_set_active(irq_t irq, bool is_active)
{
	write32(bank_at(is_active ? GICD_ISACTIVER : GICD_ICACTIVER, irq), bit_of(irq));
}

bool gic_irq_is_pending(irq_t irq)
{
	return read32(bank_at(GICD_ISPENDR, irq)) & bit_of(irq);
}

void gic_kick(const struct cpu *cpu)
{
	DSB(ishst); /* stores before it are seen by whoever takes the interrupt */
	SYSREG_WRITE(S3_0_C12_C11_5, ((const struct arm64_cpu *)(const void *)cpu)->kick); /* ICC_SGI1R_EL1 */
	ISB();
}
