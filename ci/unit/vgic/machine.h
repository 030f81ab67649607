/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine below the virtual interrupt controller, simulated on the host: each CPU's virtual interface with its list
 * registers as a guest and the hypervisor use it, and the physical GIC. It is included before every file of hyp/arm64 that is
 * tested, in the place of those headers that reach registers. It must not know what is tested.
 */
#ifndef CI_UNIT_VGIC_MACHINE_H
#define CI_UNIT_VGIC_MACHINE_H

#define ARM64_ARM64_H
#define ARM64_ICH_H
#define ARM64_GICH_H

#include <hyp/arch.h>
#include <hyp/upcall.h>

#include "../../../hyp/arm64/gic.h"
#include "../../../hyp/arm64/plan_arm64.h"
#include "../../../hyp/arm64/vcpu.h"

#define CPUS 3u
#define PHYSICAL_IRQS 128u
#define NO_IRQ 1023u

struct physical_irq {
	bool is_enabled, is_edge, is_active;
	bool is_latched; /* edge seen, or written */
	bool is_high;
	uint32_t cpu;
};

struct interface {
	struct vcpu *loaded;
	uint64_t lr[VGIC_LR_MAX]; /* as the registers of this version have them */
	uint64_t vmcr, apr[8];
	uint32_t hcr;
	struct physical_irq private[32];
};

extern struct machine {
	uint32_t now; /* CPU that the hypervisor's code runs on */
	uint32_t lr_count;
	uint32_t priority_bits;    /* GICv3: 5 to 7, and all of them preempt */
	bool is_both_pending;      /* one that is active and pending counts as pending for the maintenance interrupt: readings differ */
	bool has_active_lpis;      /* GICv3: messages stay active until their end, as QEMU has them; the architecture has no such state */
	bool is_last_first;        /* of two with the same priority the one in the last list register comes first */
	uint32_t syncs; /* maintenance interrupts and kicks that were served */
	struct interface cpu[CPUS];
	struct physical_irq shared[PHYSICAL_IRQS];
	struct { const struct plan_partition *partition; irq_t virtual; } owner[PHYSICAL_IRQS];
} machine;

/* ---- what hyp/arm64 finds in the place of its own headers ---- */

static inline struct vcpu *this_vcpu(void)
{
	return machine.cpu[machine.now].loaded;
}

static inline struct arm64_cpu *this_cpu(void)
{
	return (struct arm64_cpu *)(void *)plan.cpus[machine.now].state;
}

#define DSB(domain) __atomic_thread_fence(__ATOMIC_SEQ_CST)

static inline struct arm64_vcpu *arm64_vcpu_of(struct vcpu *vcpu)
{
	return (struct arm64_vcpu *)(void *)vcpu;
}

#if GIC == 3
uint64_t ich_vtr(void);
uint64_t ich_elrsr(void);
uint64_t ich_hcr(void);
void ich_hcr_set(uint64_t value);
uint64_t ich_vmcr(void);
void ich_vmcr_set(uint64_t value);
uint64_t ich_lr(uint32_t index);
void ich_lr_set(uint32_t index, uint64_t value);
uint64_t ich_apr(uint32_t index);
void ich_apr_set(uint32_t index, uint64_t value);
#else
#define GICH_HCR 0x000u
#define GICH_VTR 0x004u
#define GICH_VMCR 0x008u
#define GICH_ELRSR 0x030u
#define GICH_APR 0x0f0u
#define GICH_LR 0x100u
uint32_t gich_read(uint32_t offset);
void gich_write(uint32_t offset, uint32_t value);
#endif

/* ---- what a guest does on CPU `cpu`, without an exit ---- */

struct taken {
	irq_t irq; /* NO_IRQ: none */
	uint32_t source, priority;
};

/** What an acknowledge would give, and giving it. */
struct taken machine_highest(uint32_t cpu);
struct taken machine_acknowledge(uint32_t cpu);
/** End of interrupt: priority drop, and deactivation unless the guest splits them. GICv2's guest names the sender of an SGI, as it
 * was acknowledged; ANY_SOURCE: it never was. */
#define ANY_SOURCE 0xffu
void machine_end(uint32_t cpu, irq_t irq, uint32_t source);
/** Deactivation alone. On GICv3 it may trap, and the hypervisor does it. */
void machine_deactivate(uint32_t cpu, irq_t irq, uint32_t source);
void machine_set_mask(uint32_t cpu, uint32_t priority);
void machine_set_groups(uint32_t cpu, uint32_t groups);
void machine_set_split(uint32_t cpu, bool is_split);
/** Is `irq` in any list register of `cpu`, pending or active? */
bool machine_holds(uint32_t cpu, irq_t irq);
/** Is any list register of `cpu` pending? While one is, what did not fit waits. */
bool machine_has_pending(uint32_t cpu);

/* ---- what devices and CPUs do ---- */

struct physical_irq *machine_private(uint32_t cpu, irq_t irq);
bool machine_is_pending(const struct physical_irq *irq);

/** Does `cpu` have a maintenance interrupt? */
bool machine_wants_maintenance(uint32_t cpu);

/** One round of whatever wants the hypervisor's attention. Returns: whether there was something. */
bool machine_round(void);
/** Rounds until nobody wants anything. Returns: false if that does not come to an end. */
bool machine_settle(void);

void machine_begin(uint32_t lr_count);

/** Ends the program unless `good`: the hypervisor used the machine as no machine can be used. */
void machine_must(bool good, const char *what);

#endif
