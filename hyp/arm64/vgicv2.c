/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv2 for guests (Arm IHI 0048) without the security extensions. The CPU
 * interface is the machine's own page; here are the distributor's registers
 * and the list registers. It must not know who else uses the interrupt
 * controller.
 */
#include "gic.h"
#include "gic_regs.h"
#include "gich.h"
#include "vgic_state.h"

/* ---- the virtual CPU interface ---- */

const uint32_t vif_fixed_enables = (1u << VGIC_SGIS) - 1u;

uint32_t vif_lr_count(void)
{
	uint32_t count = (gich_read(GICH_VTR) & 0x3fu) + 1u;

	return count < VGIC_LR_MAX ? count : VGIC_LR_MAX;
}

uint32_t vif_priority_mask(void)
{
	return 0xf8;
}

/* The fields are those of GICv3, closer together. */
uint64_t vif_lr_get(uint32_t index)
{
	uint64_t lr = gich_read(GICH_LR + 4u * index);

	return (lr & 0x3ffu) | (lr >> 10 & 0x3ffu) << LR_PHYSICAL_SHIFT | (lr >> 23 & 0x1fu) << (LR_PRIORITY_SHIFT + 3) |
	       (lr >> 30 & 1u) << 60 | (lr >> 31) << 61 | (lr >> 28 & 3u) << 62;
}

void vif_lr_set(uint32_t index, uint64_t lr)
{
	uint64_t value = (lr & 0x3ffu) | (lr >> LR_PHYSICAL_SHIFT & 0x3ffu) << 10 | (lr >> (LR_PRIORITY_SHIFT + 3) & 0x1fu) << 23 |
			 (lr >> 60 & 1u) << 30 | (lr >> 61 & 1u) << 31 | (lr >> 62) << 28;

	gich_write(GICH_LR + 4u * index, (uint32_t)value);
}

uint32_t vif_empty(void)
{
	return gich_read(GICH_ELRSR) & ((1u << vif_lr_count()) - 1u);
}

void vif_control(uint64_t bits)
{
	gich_write(GICH_HCR, (uint32_t)(bits & ~VIF_TRAP_DIR));
}

uint32_t vif_eoi_count(void)
{
	return gich_read(GICH_HCR) >> 27;
}

uint64_t vif_vmcr(void)
{
	return gich_read(GICH_VMCR);
}

void vif_load(const struct vgic_vcpu *vcpu)
{
	for (uint32_t i = 0; i < vif_lr_count(); i++)
		gich_write(GICH_LR + 4u * i, 0);
	gich_write(GICH_VMCR, (uint32_t)vcpu->vmcr);
	gich_write(GICH_APR, (uint32_t)vcpu->apr[0]);
}

void vif_save(struct vgic_vcpu *vcpu)
{
	vcpu->vmcr = gich_read(GICH_VMCR);
	vcpu->apr[0] = gich_read(GICH_APR);
}

/* Any of the named vCPUs may take it: the first. A single vCPU gets everything, whatever is written. */
uint32_t vif_route_target(const struct plan_partition *partition, uint8_t route)
{
	if (partition->vcpu_count == 1)
		return 0;
	return route ? (uint32_t)__builtin_ctz(route) : VGIC_NOBODY;
}

uint8_t vif_route_reset(void)
{
	return 0;
}

/* ---- distributor ---- */

#define IIDR_ARM 0x43bu
#define PIDR4 0xfd0u

static uint32_t all_of(const struct vgic *gic)
{
	return (1u << gic->partition->vcpu_count) - 1u;
}

static void control_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	const struct vgic *gic = access->state;

	(void)vcpu;
	(void)reg;
	access->value = gic->control;
}

static void type_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	const struct vgic *gic = access->state;

	(void)vcpu;
	(void)reg;
	access->value = (gic->partition->vcpu_count - 1u) << 5 | gic->partition->arch->spi_count / 32u;
}

static void constant_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	(void)vcpu;
	access->value = reg->arg;
}

/* PIDR4..7, PIDR0..3, CIDR0..3 */
static void id_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	static const uint8_t id[] = { 0x04, 0, 0, 0, 0x90, 0xb4, 0x2b, 0, 0x0d, 0xf0, 0x05, 0xb1 };

	(void)vcpu;
	(void)reg;
	access->value = id[(access->offset - PIDR4) / 4u];
}

static uint8_t target_of(const struct vgic *gic, const struct vcpu *vcpu, irq_t irq)
{
	if (irq < VGIC_PRIVATE)
		return (uint8_t)(1u << vcpu->index);
	return gic->shared[irq / 32u - 1u].owned & bit_of(irq) ? gic->route[irq - VGIC_PRIVATE] : 0;
}

static void targets_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	irq_t irq = access->offset - GICD_ITARGETSR;

	(void)reg;
	for (uint32_t i = 0; i < access->width; i++)
		access->value |= (uint64_t)target_of(access->state, vcpu, irq + i) << (8u * i);
}

static void targets_write(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	struct vgic *gic = access->state;
	irq_t irq = access->offset - GICD_ITARGETSR;

	(void)reg;
	if (irq < VGIC_PRIVATE)
		return;
	lock_take(&gic->lock);
	for (uint32_t i = 0; i < access->width; i++)
		if (gic->shared[irq / 32u - 1u].owned & bit_of(irq + i))
			vgic_retarget(gic, vcpu, irq + i, (uint8_t)(access->value >> (8u * i) & all_of(gic)), false);
	vgic_drop(gic, vcpu);
}

static void sgi_write(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	struct vgic *gic = access->state;
	uint32_t self = 1u << vcpu->index;
	/* by filter: the list, all but the writer, the writer, reserved */
	const uint32_t targets[] = { (uint32_t)access->value >> 16 & 0xffu, ~self, self, 0 };

	(void)reg;
	lock_take(&gic->lock);
	vgic_sgi_pend(gic, vcpu, (irq_t)access->value & 15u, targets[access->value >> 24 & 3u] & all_of(gic), false);
	vgic_drop(gic, vcpu);
}

/* Sources of an SGI that is pending for the reader; one of them may be in a list register. */
static void sgi_pending_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	struct vgic *gic = access->state;
	struct vgic_vcpu *own = gic_of(vcpu);
	irq_t irq = access->offset - reg->offset;

	lock_take(&gic->lock);
	vgic_look(gic, vcpu);
	for (uint32_t i = 0; i < access->width; i++) {
		uint64_t sources = own->sgi_sources[irq + i];

		if (own->bank.in_lr & own->bank.seen_pending & bit_of(irq + i))
			sources |= 1u << own->sgi_active[irq + i];
		access->value |= sources << (8u * i);
	}
	vgic_drop(gic, vcpu);
}

static void sources_change(struct vgic *gic, struct vcpu *vcpu, irq_t irq, uint32_t set, uint32_t clear)
{
	struct vgic_vcpu *own = gic_of(vcpu);
	struct vgic_ref ref = { .gic = gic, .self = vcpu, .owner = vcpu, .bank = &own->bank };

	(void)vgic_take_back(&ref, bit_of(irq));
	own->sgi_sources[irq] = (uint8_t)((own->sgi_sources[irq] & ~clear) | (set & all_of(gic)));
	own->bank.latched = (own->bank.latched & ~bit_of(irq)) | (own->sgi_sources[irq] ? bit_of(irq) : 0);
	vgic_note_pending(&ref, bit_of(irq));
}

static void sgi_pending_set(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	struct vgic *gic = access->state;

	lock_take(&gic->lock);
	for (uint32_t i = 0; i < access->width; i++)
		sources_change(gic, vcpu, access->offset - reg->offset + i, (uint32_t)(access->value >> (8u * i)) & 0xffu, 0);
	vgic_drop(gic, vcpu);
}

static void sgi_pending_clear(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	struct vgic *gic = access->state;

	lock_take(&gic->lock);
	for (uint32_t i = 0; i < access->width; i++)
		sources_change(gic, vcpu, access->offset - reg->offset + i, 0, (uint32_t)(access->value >> (8u * i)) & 0xffu);
	vgic_drop(gic, vcpu);
}

#define IRQS (VGIC_PRIVATE + VGIC_SPI_MAX)
#define BITS (IRQS / 8u) /* bytes of one bit an interrupt */
#define W8_W32 (MMIO_W8 | MMIO_W32)

static const struct mmio_reg gicd_regs[] = {
	{ GICD_CTLR, 4, MMIO_W32, control_read, vgic_control_write, 0, "GICD_CTLR: both groups" },
	{ GICD_TYPER, 4, MMIO_W32, type_read, NULL, 0, "GICD_TYPER: no security extensions; read only" },
	{ GICD_IIDR, 4, MMIO_W32, constant_read, NULL, IIDR_ARM, "GICD_IIDR; read only" },
	{ GICD_IGROUPR, BITS, MMIO_W32, vgic_group_read, vgic_group_write, VGIC_DISTRIBUTOR, "GICD_IGROUPR" },
	{ GICD_ISENABLER, BITS, MMIO_W32, vgic_enable_read, vgic_enable_set, VGIC_DISTRIBUTOR, "GICD_ISENABLER" },
	{ GICD_ICENABLER, BITS, MMIO_W32, vgic_enable_read, vgic_enable_clear, VGIC_DISTRIBUTOR, "GICD_ICENABLER" },
	{ GICD_ISPENDR, BITS, MMIO_W32, vgic_pending_read, vgic_pending_set, VGIC_DISTRIBUTOR, "GICD_ISPENDR" },
	{ GICD_ICPENDR, BITS, MMIO_W32, vgic_pending_read, vgic_pending_clear, VGIC_DISTRIBUTOR, "GICD_ICPENDR" },
	{ GICD_ISACTIVER, BITS, MMIO_W32, vgic_active_read, vgic_active_set, VGIC_DISTRIBUTOR, "GICD_ISACTIVER" },
	{ GICD_ICACTIVER, BITS, MMIO_W32, vgic_active_read, vgic_active_clear, VGIC_DISTRIBUTOR, "GICD_ICACTIVER" },
	{ GICD_IPRIORITYR, IRQS, W8_W32, vgic_priority_read, vgic_priority_write, VGIC_DISTRIBUTOR, "GICD_IPRIORITYR" },
	{ GICD_ITARGETSR, IRQS, W8_W32, targets_read, targets_write, 0, "GICD_ITARGETSR" },
	{ GICD_ICFGR, IRQS / 4u, MMIO_W32, vgic_config_read, vgic_config_write, VGIC_DISTRIBUTOR, "GICD_ICFGR" },
	{ GICD_SGIR, 4, MMIO_W32, NULL, sgi_write, 0, "GICD_SGIR; write only" },
	{ GICD_CPENDSGIR, 16, W8_W32, sgi_pending_read, sgi_pending_clear, 0, "GICD_CPENDSGIR" },
	{ GICD_SPENDSGIR, 16, W8_W32, sgi_pending_read, sgi_pending_set, 0, "GICD_SPENDSGIR" },
	{ PIDR4, 48, MMIO_W32, id_read, NULL, 0, "PIDR4..7, PIDR0..3, CIDR0..3; read only" },
};

/* The rest is zero by the architecture: no security extensions (NSACR), reserved. */
const struct mmio_block vgicd_block = { "GICD", gicd_regs, ARRAY_COUNT(gicd_regs), true, 0 };
