/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual CPU interface of this CPU: its list registers and control,
 * vgicv2.c or vgicv3.c, resolved at link. List registers have GICv3's form
 * here: GICv2's fields fit into it, with the source of an SGI in the low bits
 * of the physical INTID.
 */
#ifndef ARM64_VIF_H
#define ARM64_VIF_H

#include "vgic.h"

#define LR_IRQ(lr) ((irq_t)(lr) & 0x3ffu)
#define LR_PHYSICAL_SHIFT 32
#define LR_SOURCE(lr) ((uint32_t)((lr) >> LR_PHYSICAL_SHIFT) & 7u)
#define LR_EOI BIT(41) /* without LR_HW: maintenance interrupt when the guest deactivates it */
#define LR_PRIORITY_SHIFT 48
#define LR_PRIORITY(lr) ((uint32_t)((lr) >> LR_PRIORITY_SHIFT) & 0xffu)
#define LR_GROUP1 BIT(60)
#define LR_HW BIT(61)
#define LR_PENDING BIT(62)
#define LR_ACTIVE BIT(63)

/* ICH_HCR_EL2 and GICH_HCR agree in these. */
#define VIF_ENABLE BIT(0)
#define VIF_NO_PENDING BIT(3)   /* maintenance when no list register is pending */
#define VIF_EOI_UNKNOWN BIT(2)  /* ... when an interrupt was deactivated that is in no list register */
#define VIF_GROUP0_ON BIT(4)    /* ... while the guest has group 0 on; off; the same for group 1 */
#define VIF_GROUP0_OFF BIT(5)
#define VIF_GROUP1_ON BIT(6)
#define VIF_GROUP1_OFF BIT(7)
#define VIF_TRAP_DIR BIT(14)    /* v3 only: ICC_DIR_EL1 traps; GICv2 has no such bit */

/* SGIs that are always enabled: GICv2's. */
extern const uint32_t vif_fixed_enables;

/** How many list registers there are: the same on all CPUs. */
uint32_t vif_lr_count(void);
/** Bits of a priority that the virtual interface compares. */
uint32_t vif_priority_mask(void);

uint64_t vif_lr_get(uint32_t index);
void vif_lr_set(uint32_t index, uint64_t lr);
/** List registers that hold nothing and wait for nothing. */
uint32_t vif_empty(void);

void vif_control(uint64_t bits);
/** How many interrupts the guest deactivated that are in no list register; cleared by vif_control(). */
uint32_t vif_eoi_count(void);

/** ICH_VMCR_EL2 and GICH_VMCR agree in: group enables (bits 0, 1), split EOI (bit 9), priority mask (bits 24 and up). */
uint64_t vif_vmcr(void);
#define VMCR_GROUPS(vmcr) ((uint32_t)(vmcr) & 3u)
#define VMCR_SPLIT_EOI BIT(9)
#define VMCR_PRIORITY(vmcr) ((uint32_t)((vmcr) >> 24) & 0xffu)

/** vmcr and active priorities of `vcpu`. */
void vif_load(const struct vgic_vcpu *vcpu);
void vif_save(struct vgic_vcpu *vcpu);

/** Which vCPU `route` of a shared interrupt means. */
uint32_t vif_route_target(const struct plan_partition *partition, uint8_t route);
/** Value of `route` at reset. */
uint8_t vif_route_reset(void);

#endif
