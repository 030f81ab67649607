/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv3 for guests (Arm IHI 0069): one security state, affinity routing
 * always on, LPIs by a virtual ITS alone. The CPU interface is the machine's own; here are the
 * distributor's and redistributors' registers, the SGI registers, and the
 * list registers. It must not know who else uses the interrupt controller.
 */
#include "gic.h"
#include "gic_regs.h"
#include "ich.h"
#include "vgic_state.h"

/* ---- the virtual CPU interface ---- */

const uint32_t vif_fixed_enables = 0;

uint32_t vif_lr_count(void)
{
	return ((uint32_t)ich_vtr() & 15u) + 1u; /* the field has 5 bits, but there are 16 registers */
}

uint32_t vif_priority_mask(void)
{
	uint32_t bits = ((uint32_t)(ich_vtr() >> 29) & 7u) + 1u;

	return 0xffu & ~(0xffu >> bits);
}

/* Registers of active priorities: one for 5 bits of preemption, 2 for 6, 4 for 7. */
static uint32_t apr_count(void)
{
	uint32_t bits = ((uint32_t)(ich_vtr() >> 26) & 7u) + 1u;

	return bits <= 5u ? 1u : bits == 6u ? 2u : 4u;
}

uint64_t vif_lr_get(uint32_t index)
{
	return index == 0 ? ich_lr(0) : ich_lr(index);
}

void vif_lr_set(uint32_t index, uint64_t lr)
{
	if (index == 0)
		ich_lr_set(0, lr); /* the busiest: one instruction */
	else
		ich_lr_set(index, lr);
}

uint32_t vif_empty(void)
{
	return (uint32_t)ich_elrsr();
}

void vif_control(uint64_t bits)
{
	ich_hcr_set(bits);
}

uint32_t vif_eoi_count(void)
{
	return (uint32_t)(ich_hcr() >> 27) & 31u;
}

uint64_t vif_vmcr(void)
{
	return ich_vmcr();
}

void vif_load(const struct vgic_vcpu *vcpu)
{
	for (uint32_t i = 0; i < vif_lr_count(); i++)
		ich_lr_set(i, 0);
	ich_vmcr_set(vcpu->vmcr);
	for (uint32_t i = 0; i < apr_count(); i++) {
		ich_apr_set(i, vcpu->apr0[i]);
		ich_apr_set(4u + i, vcpu->apr[i]);
	}
}

void vif_save(struct vgic_vcpu *vcpu)
{
	vcpu->vmcr = ich_vmcr();
	for (uint32_t i = 0; i < apr_count(); i++) {
		vcpu->apr0[i] = ich_apr(i);
		vcpu->apr[i] = ich_apr(4u + i);
	}
}

/* vCPU n has affinity 0.0.0.n; what no vCPU has is kept as 0xff and goes nowhere. */
uint32_t vif_route_target(const struct plan_partition *partition, uint8_t route)
{
	return route < partition->vcpu_count ? route : VGIC_NOBODY;
}

uint8_t vif_route_reset(void)
{
	return 0;
}

/* ---- distributor ---- */

#define CTLR_FIXED (GICD_CTLR_ARE | GICD_CTLR_DS)
#define IIDR_ARM 0x43bu
#define ROUTER_ANY BIT(31)

static void control_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	const struct vgic *gic = access->state;

	(void)reg;
	access->value = gic->control | CTLR_FIXED | (vgic_is_settling(gic, vcpu) ? GICD_CTLR_RWP : 0);
}

static void type_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	const struct vgic *gic = access->state;

	(void)vcpu;
	(void)reg;
	access->value = gic->type;
}

static void constant_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	(void)vcpu;
	access->value = reg->arg;
}

/* PIDR4..7, PIDR0..3, CIDR0..3 */
void vgic_id_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	static const uint8_t id[] = { 0x44, 0, 0, 0, 0x92, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1 };

	(void)vcpu;
	(void)reg;
	access->value = id[(access->offset & 0xffffu) / 4u - GICD_PIDR4 / 4u];
}

/* The shared interrupt of an IROUTER, if this partition has it; else 0. */
static irq_t router_irq(const struct mmio_access *access)
{
	const struct vgic *gic = access->state;
	irq_t irq = (access->offset - GICD_IROUTER) / 8u;

	return gic->shared[irq / 32u - 1u].owned & bit_of(irq) ? irq : 0;
}

static uint64_t router_value(const struct vgic *gic, irq_t irq)
{
	uint32_t spi = irq - VGIC_PRIVATE;

	return gic->route[spi] | (gic->route_any[spi / 32u] & bit_of(irq) ? ROUTER_ANY : 0);
}

static void router_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	irq_t irq = router_irq(access);

	(void)vcpu;
	(void)reg;
	if (irq)
		access->value = router_value(access->state, irq) >> (access->offset & 4u ? 32u : 0);
}

static void router_write(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	struct vgic *gic = access->state;
	irq_t irq = router_irq(access);
	uint64_t value = access->value;

	(void)reg;
	/* the upper half holds Aff3, which is 0 for every vCPU */
	if (!irq || access->offset & 4u)
		return;
	lock_take(&gic->lock);
	vgic_retarget(gic, vcpu, irq, value & 0xff00ffff00ul ? 0xffu : (uint8_t)value, value & ROUTER_ANY);
	vgic_drop(gic, vcpu);
}

#define SPI_BITS (VGIC_SPI_MAX / 8u) /* bytes of one bit an SPI */
#define W32 MMIO_W32

static const struct mmio_reg gicd_regs[] = {
	{ GICD_CTLR, 4, W32, control_read, vgic_control_write, 0, "GICD_CTLR: group enables; ARE and DS read as one" },
	{ GICD_TYPER, 4, W32, type_read, NULL, 0, "GICD_TYPER: LPIs if it has an ITS, no message-based SPIs, one security state; read only" },
	{ GICD_IIDR, 4, W32, constant_read, NULL, IIDR_ARM, "GICD_IIDR; read only" },
	{ GICD_IGROUPR + 4u, SPI_BITS, W32, vgic_group_read, vgic_group_write, VGIC_DISTRIBUTOR, "GICD_IGROUPR1.." },
	{ GICD_ISENABLER + 4u, SPI_BITS, W32, vgic_enable_read, vgic_enable_set, VGIC_DISTRIBUTOR, "GICD_ISENABLER1.." },
	{ GICD_ICENABLER + 4u, SPI_BITS, W32, vgic_enable_read, vgic_enable_clear, VGIC_DISTRIBUTOR, "GICD_ICENABLER1.." },
	{ GICD_ISPENDR + 4u, SPI_BITS, W32, vgic_pending_read, vgic_pending_set, VGIC_DISTRIBUTOR, "GICD_ISPENDR1.." },
	{ GICD_ICPENDR + 4u, SPI_BITS, W32, vgic_pending_read, vgic_pending_clear, VGIC_DISTRIBUTOR, "GICD_ICPENDR1.." },
	{ GICD_ISACTIVER + 4u, SPI_BITS, W32, vgic_active_read, vgic_active_set, VGIC_DISTRIBUTOR, "GICD_ISACTIVER1.." },
	{ GICD_ICACTIVER + 4u, SPI_BITS, W32, vgic_active_read, vgic_active_clear, VGIC_DISTRIBUTOR, "GICD_ICACTIVER1.." },
	{ GICD_IPRIORITYR + 32u, VGIC_SPI_MAX, MMIO_W8 | W32, vgic_priority_read, vgic_priority_write, VGIC_DISTRIBUTOR, "GICD_IPRIORITYR8.." },
	{ GICD_ITARGETSR, 0x400, MMIO_W8 | W32, NULL, NULL, 0, "GICD_ITARGETSR: zero, since affinity routing is on" },
	{ GICD_ICFGR + 8u, VGIC_SPI_MAX / 4u, W32, vgic_config_read, vgic_config_write, VGIC_DISTRIBUTOR, "GICD_ICFGR2.." },
	{ GICD_SGIR, 4, W32, NULL, NULL, 0, "GICD_SGIR: ignored, since affinity routing is on" },
	{ GICD_CPENDSGIR, 32, MMIO_W8 | W32, NULL, NULL, 0, "GICD_CPENDSGIR, GICD_SPENDSGIR: zero, since affinity routing is on" },
	{ GICD_IROUTER + 8u * VGIC_PRIVATE, 8u * VGIC_SPI_MAX, W32 | MMIO_W64, router_read, router_write, 0, "GICD_IROUTER32.." },
	{ GICD_PIDR4, 48, W32, vgic_id_read, NULL, 0, "PIDR4..7, PIDR0..3, CIDR0..3; read only" },
};

/* The rest is zero by the architecture: private interrupts are in the redistributors (banks 0), no message-based SPIs, no
 * second security state (IGRPMODR, NSACR), no extended SPIs. */
const struct mmio_block vgicd_block = { "GICD", gicd_regs, ARRAY_COUNT(gicd_regs), true, 0 };

/* ---- redistributors ---- */

static struct vcpu *frame_vcpu(const struct mmio_access *access)
{
	const struct vgic *gic = access->state;

	return gic->partition->vcpus[access->offset >> GICR_FRAMES_SHIFT];
}

static bool has_lpis(const struct mmio_access *access)
{
	return ((const struct vgic *)access->state)->intids != NULL;
}

static void redistributor_control_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	access->value = 0;
	if (has_lpis(access))
		plan.arch->its->driver->redistributor_read(vcpu, reg, access);
	access->value |= vgic_is_settling(access->state, vcpu) ? GICR_CTLR_RWP : 0;
}

static void lpi_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	if (has_lpis(access))
		plan.arch->its->driver->redistributor_read(vcpu, reg, access);
}

static void lpi_write(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	if (has_lpis(access))
		plan.arch->its->driver->redistributor_write(vcpu, reg, access);
}

static void redistributor_type_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	uint64_t index = frame_vcpu(access)->index;
	uint64_t value = index << 32 | index << 8;

	(void)vcpu;
	(void)reg;
	if (index + 1u == frame_vcpu(access)->partition->vcpu_count)
		value |= GICR_TYPER_LAST;
	value |= has_lpis(access);
	access->value = value >> (access->offset & 4u ? 32u : 0);
}

static void waker_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	(void)vcpu;
	(void)reg;
	access->value = gic_of(frame_vcpu(access))->is_awake ? 0 : GICR_WAKER_SLEEP | GICR_WAKER_ASLEEP;
}

/* Delivery does not depend on it, as on QEMU: a guest that forgets to wake its redistributor still works. */
static void waker_write(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	(void)vcpu;
	(void)reg;
	gic_of(frame_vcpu(access))->is_awake = !(access->value & GICR_WAKER_SLEEP);
}

#define SGI(offset) (GICR_SGI_FRAME + (offset))

static const struct mmio_reg gicr_regs[] = {
	{ GICR_CTLR, 4, W32, redistributor_control_read, lpi_write, 0, "GICR_CTLR: LPIs if it has an ITS; RWP" },
	{ GICR_IIDR, 4, W32, constant_read, NULL, IIDR_ARM, "GICR_IIDR; read only" },
	{ GICR_TYPER, 8, W32 | MMIO_W64, redistributor_type_read, NULL, 0, "GICR_TYPER; read only" },
	{ GICR_WAKER, 4, W32, waker_read, waker_write, 0, "GICR_WAKER" },
	{ GICR_PROPBASER, 16, W32 | MMIO_W64, lpi_read, lpi_write, 0, "GICR_PROPBASER, GICR_PENDBASER: zero without an ITS" },
	{ GICR_PIDR4, 48, W32, vgic_id_read, NULL, 0, "PIDR4..7, PIDR0..3, CIDR0..3; read only" },
	{ SGI(GICD_IGROUPR), 4, W32, vgic_group_read, vgic_group_write, VGIC_REDISTRIBUTOR, "GICR_IGROUPR0" },
	{ SGI(GICD_ISENABLER), 4, W32, vgic_enable_read, vgic_enable_set, VGIC_REDISTRIBUTOR, "GICR_ISENABLER0" },
	{ SGI(GICD_ICENABLER), 4, W32, vgic_enable_read, vgic_enable_clear, VGIC_REDISTRIBUTOR, "GICR_ICENABLER0" },
	{ SGI(GICD_ISPENDR), 4, W32, vgic_pending_read, vgic_pending_set, VGIC_REDISTRIBUTOR, "GICR_ISPENDR0" },
	{ SGI(GICD_ICPENDR), 4, W32, vgic_pending_read, vgic_pending_clear, VGIC_REDISTRIBUTOR, "GICR_ICPENDR0" },
	{ SGI(GICD_ISACTIVER), 4, W32, vgic_active_read, vgic_active_set, VGIC_REDISTRIBUTOR, "GICR_ISACTIVER0" },
	{ SGI(GICD_ICACTIVER), 4, W32, vgic_active_read, vgic_active_clear, VGIC_REDISTRIBUTOR, "GICR_ICACTIVER0" },
	{ SGI(GICD_IPRIORITYR), 32, MMIO_W8 | W32, vgic_priority_read, vgic_priority_write, VGIC_REDISTRIBUTOR, "GICR_IPRIORITYR0..7" },
	{ SGI(GICD_ICFGR), 8, W32, vgic_config_read, NULL, VGIC_REDISTRIBUTOR, "GICR_ICFGR0, 1: read only, the lines of PPIs are wired" },
};

/* The rest is zero: no LPIs by registers, no second security state. */
const struct mmio_block vgicr_block = { "GICR", gicr_regs, ARRAY_COUNT(gicr_regs), true, GICR_FRAMES_SHIFT };
