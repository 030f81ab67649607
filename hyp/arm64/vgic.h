/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual interrupt controller: GICv2 or GICv3 as the host has, resolved at
 * link. State lives in memory; list registers hold what the loaded vCPU is
 * about to take. vgic.c keeps the state, vgicv2.c or vgicv3.c the registers
 * and the list registers. It must not know devices.
 */
#ifndef ARM64_VGIC_H
#define ARM64_VGIC_H

#include <hyp/lock.h>
#include <hyp/mmio.h>
#include <hyp/types.h>

struct vcpu;
struct plan_partition;

#define VGIC_LR_MAX 16u
#define VGIC_SPI_MAX 256u /* shared interrupts that a virtual distributor can have: INTIDs 32..287, as QEMU's virt */
#define VGIC_PRIVATE 32u  /* SGIs and PPIs of one vCPU */

/* State of one bank of 32 interrupts, one bit each. (vgic lock) */
struct vgic_bank {
	uint32_t group;   /* IGROUPR */
	uint32_t enabled;
	uint32_t latched; /* pending: edge seen, or written to ISPENDR, or SGI */
	uint32_t level;   /* input line is high now */
	uint32_t active;
	uint32_t edge;    /* 1: edge-triggered */
	uint32_t hw;      /* backed by a physical interrupt: deactivated through the list register */
	uint32_t in_lr;   /* held by a list register of its target's */
	uint32_t owned;   /* exists for this partition: others read as zero */
	uint8_t priority[32];
};

struct vgic_vcpu {
	struct vgic_bank bank;            /* SGIs and PPIs */
	uint8_t sgi_sources[16];          /* GICv2: pending sources, one bit a vCPU */
	uint64_t lr[VGIC_LR_MAX];         /* (owner CPU) while not loaded */
	uint32_t used_lrs;                /* (owner CPU) bit mask */
	uint64_t vmcr;                    /* (owner CPU) while not loaded */
	uint64_t apr[4];                  /* (owner CPU) while not loaded: active priorities, group 1 (v3) or all (v2) */
	uint64_t apr0[4];                 /* (owner CPU) while not loaded: v3 group 0 */
	bool redistributor_sleeps;        /* v3 GICR_WAKER.ProcessorSleep */
	uint32_t pending_hint;            /* (vgic lock) something is pending outside list registers */
};

struct vgic {
	struct lock lock;
	const struct plan_partition *partition; /* (boot) */
	uint32_t control;                       /* (lock) GICD_CTLR */
	struct vgic_bank shared[VGIC_SPI_MAX / 32u];
	uint8_t target[VGIC_SPI_MAX];           /* (lock) v2: mask of vCPUs; v3: index of the vCPU, 0xff: none (or any: bit in route_any) */
	uint32_t route_any[VGIC_SPI_MAX / 32u]; /* (lock) v3 IROUTER.IRM */
	irq_t physical[VGIC_SPI_MAX];           /* (boot) physical INTID of hw interrupts */
};

/** Once on the boot CPU: nothing of the hardware is touched before gic_init(). Sets the tables of each partition from the plan. */
void vgic_init(void);

/** All state of `partition` to reset values. Context: all its vCPUs are out. */
void vgic_partition_reset(const struct plan_partition *partition);

/** Private state of `vcpu` to reset values (CPU_ON of it). Context: not loaded. */
void vgic_vcpu_reset(struct vcpu *vcpu);

/** Put the interrupt state of `vcpu` into this CPU's virtual interface, or take it out and leave the interface idle. */
void vgic_vcpu_load(struct vcpu *vcpu);
void vgic_vcpu_save(struct vcpu *vcpu);

/** Loaded vCPU: fold list registers back, fill them with the highest pending interrupts. Called on the way to the guest when asked. */
void vgic_vcpu_sync(struct vcpu *vcpu);

/** Is there an interrupt that `vcpu` would take with its priority mask and enables? Context: its CPU. */
bool vgic_vcpu_has_irq(struct vcpu *vcpu);

/** How many interrupts of `vcpu` are pending, for people. */
uint32_t vgic_vcpu_pending_count(const struct vcpu *vcpu);

/** Level input `irq` of `partition` (an emulated device's). Any CPU; wakes or kicks the target. */
void vgic_set_level(const struct plan_partition *partition, irq_t irq, bool is_high);

/** Private interrupt `irq` (timer) of the loaded `vcpu` fired: its physical twin is active and is deactivated by the guest. Shortest path. */
void vgic_private_fired(struct vcpu *vcpu, irq_t irq);

/** Physical shared interrupt of a passed-through device fired and is active; `irq` is its virtual number. Any CPU. */
void vgic_shared_fired(const struct plan_partition *partition, irq_t irq);

/** The guest of `vcpu` wrote an SGI register: v3 ICC_SGI1R value. */
void vgic_sgi1r_write(struct vcpu *vcpu, uint64_t value);

/** Maintenance interrupt of the loaded vCPU. */
void vgic_maintenance(struct vcpu *vcpu);

/** List registers that the hardware has. */
uint32_t vgic_lr_count(void);

#endif
