/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual interrupt controller: GICv2 or GICv3 as the host has, resolved at
 * link. vgic.c keeps the state, vgic_lr.c chooses what the list registers
 * hold, vgic_regs.c reads and writes it, vgicv2.c or vgicv3.c have the tables
 * of registers and the list registers themselves. It must not know devices.
 */
#ifndef ARM64_VGIC_H
#define ARM64_VGIC_H

#include <hyp/lock.h>
#include <hyp/mmio.h>
#include <hyp/types.h>

#include "its.h"

struct vcpu;
struct plan_partition;

#define VGIC_LR_MAX 16u
#define VGIC_LR_UNFIT 31u /* number of none, so never an empty one */
#define VGIC_SPI_MAX 256u /* shared interrupts that a virtual distributor can have: INTIDs 32..287, as QEMU's virt */
#define VGIC_PRIVATE 32u  /* SGIs and PPIs of one vCPU */
#define VGIC_SGIS 16u
#define VGIC_NOBODY 0xffu
#define VGIC_LPI (VGIC_PRIVATE + VGIC_SPI_MAX) /* in these files, message n of a partition has number VGIC_LPI + n; its INTID is the guest's choice */
#define VGIC_SHARED_MAX (VGIC_SPI_MAX + VITS_LPI_MAX)

/*
 * State of 32 interrupts, one bit each. (vgic lock)
 *
 * An interrupt is in one of three places. In the physical GIC: those with
 * `hw` that are neither pending nor active here. In these words. Or in a
 * list register of a loaded vCPU (`in_lr`): then latched and active are 0
 * here and only that vCPU's CPU can tell; `seen` is what it saw last, and
 * `post` what others want it to do when it folds the register back.
 */
struct vgic_bank {
	uint32_t owned;   /* exists for this partition: others read as zero */
	uint32_t hw;      /* backed by a physical interrupt, which is active while ours is pending or active */
	uint32_t enabled;
	uint32_t group;   /* IGROUPR */
	uint32_t wired;   /* edge-triggered at reset: what raises it is an edge */
	uint32_t edge;    /* 1: edge-triggered */
	uint32_t latched; /* pending: edge or physical interrupt seen, written to ISPENDR, or SGI */
	uint32_t level;   /* input line of an emulated device is high */
	uint32_t active;
	uint32_t in_lr;
	uint32_t tells;       /* in_lr, no hw: its list register makes a maintenance interrupt when it ends, so until then nobody kicks */
	uint32_t lr_latched;  /* in_lr: what makes it pending there was latched */
	uint32_t seen_pending, seen_active;
	uint32_t post_unpend, post_deactivate, post_activate;
	uint32_t post_pend;   /* hw, private: make the physical one pending */
	uint32_t masked;      /* hw, shared: the target's CPU is in another vCPU's slot, so the physical one is disabled */
	uint8_t priority[32];
	uint8_t lr[32];       /* in_lr: number of the list register; VGIC_LR_UNFIT: active, and off by now */
};

enum vgic_work {
	VGIC_WORK_NEW = 1u << 0,  /* list registers no longer hold what they should: fold and fill */
	VGIC_WORK_PRIVATE = 1u << 2, /* physical private interrupts are not as the guest has its own */
	VGIC_WORK_LEFT = 1u << 1, /* not everything fits the list registers: nothing goes into one past the others */
	VGIC_WORK_FRESH = 1u << 3, /* shared interrupt `fresh` became pending, and nothing else changed */
};

struct vgic_vcpu {
	struct vgic_bank bank;            /* SGIs and PPIs */
	uint32_t work;                    /* (vgic lock) enum vgic_work */
	uint32_t answered;                /* (vgic lock) vCPUs that asked what our list registers hold, and got it */
	uint32_t asked, asked_offset;     /* (owner CPU) whom we asked, for which register */
	irq_t fresh;                      /* (vgic lock) of VGIC_WORK_FRESH */
	uint32_t used;                    /* (vgic lock, owner CPU) list registers that hold or held an interrupt */
	bool is_loaded;                   /* (vgic lock, owner CPU) */
	bool is_awake;                    /* (vgic lock) v3 GICR_WAKER: neither ProcessorSleep nor ChildrenAsleep */
	uint16_t lr_irq[VGIC_LR_MAX];     /* (vgic lock, owner CPU) of used ones */
	uint64_t lr_again[VGIC_LR_MAX];   /* (vgic lock, owner CPU) of used ones: what makes the interrupt pending there once more */
	uint8_t sgi_sources[VGIC_SGIS];   /* (vgic lock) v2: pending sources, one bit a vCPU */
	uint8_t sgi_active[VGIC_SGIS];    /* (vgic lock) v2: source of the active one */
	uint64_t vmcr;                    /* (owner CPU) while not loaded */
	uint64_t apr[4];                  /* (owner CPU) while not loaded: active priorities, group 1 (v3) or all (v2) */
	uint64_t apr0[4];                 /* (owner CPU) while not loaded: v3 group 0 */
};

struct vgic {
	struct lock lock;
	const struct plan_partition *partition; /* (boot) */
	uint32_t control;                       /* (lock) GICD_CTLR: group enables */
	uint32_t wake;                          /* (lock) vCPUs to wake when the lock is dropped */
	struct vgic_bank shared[VGIC_SHARED_MAX / 32u]; /* messages: edges without hw, which no register of the distributor reaches */
	uint8_t route[VGIC_SPI_MAX];            /* (lock) v2: ITARGETSR; v3: Aff0 of IROUTER */
	uint8_t target[VGIC_SHARED_MAX];           /* (lock) index of the vCPU that route means; VGIC_NOBODY: none */
	uint8_t holder[VGIC_SHARED_MAX];           /* (lock) index of the vCPU that has it in_lr or active */
	uint32_t route_any[VGIC_SHARED_MAX / 32u]; /* (lock) v3 IROUTER.IRM */
	irq_t physical[VGIC_SPI_MAX];           /* (boot) physical INTID of hw interrupts */
	uint32_t type;                          /* (boot) v3 GICD_TYPER */
	irq_t end;                              /* (boot) behind the last that it can have, a multiple of 32 */
	const irq_t *intids;                    /* (boot; contents: lock) of messages; null: it has no LPIs */
	bool has_offsets;                       /* (boot) some physical INTID is not the virtual one */
};

/** Once on the boot CPU, before any vCPU exists for its CPU. Sets what never changes of each partition, from the plan. */
void vgic_init(void);

/** All state of `partition` to reset values, its physical interrupts off, idle and routed to vCPU 0. Context: all its vCPUs are out. */
void vgic_partition_reset(const struct plan_partition *partition);

/** Private state of `vcpu` to reset values (start, CPU_ON of it). Context: any CPU; not loaded. */
void vgic_vcpu_reset(struct vcpu *vcpu);

/** Put the interrupt state of `vcpu` into this CPU's virtual interface, or take it out and leave the interface idle. */
void vgic_vcpu_load(struct vcpu *vcpu);
void vgic_vcpu_save(struct vcpu *vcpu);

/** Loaded vCPU: do what others noted for it, and (VGIC_WORK_NEW: its maintenance interrupt, or it shall rest) fold list registers
 * back, fill them with the highest pending interrupts. Context: its CPU. */
void vgic_vcpu_sync(struct vcpu *vcpu, uint32_t work);

/** Private interrupt `irq` (timer) of the loaded `vcpu` fired: its physical twin is active and is deactivated by the guest. Shortest path. */
void vgic_private_fired(struct vcpu *vcpu, irq_t irq);

/** Physical shared interrupt of a passed-through device fired and is active; `irq` is its virtual number. Any CPU. */
void vgic_shared_fired(const struct plan_partition *partition, irq_t irq);

/** It wrote `value` to ICC_SGI1R_EL1, to itself, and nothing changed since it did so before. Returns: false, and nothing is done, if that is not so. */
bool vgic_sgi_self(struct vcpu *vcpu, uint64_t value);

/** The guest of `vcpu` wrote an SGI register: ICC_SGI1R_EL1, or (`is_group0`) ICC_SGI0R_EL1 or ICC_ASGI1R_EL1. GICv3 only. */
void vgic_sgi_write(struct vcpu *vcpu, uint64_t value, bool is_group0);

/** The guest of `vcpu` wrote ICC_DIR_EL1, which traps while more interrupts are active than there are list registers. GICv3 only. */
void vgic_dir_write(struct vcpu *vcpu, uint64_t value);

#endif
