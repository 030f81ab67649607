/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of arm64 share: traps, injection, per-CPU setup. The core
 * does not see it.
 */
#ifndef ARM64_ARM64_H
#define ARM64_ARM64_H

#include <hyp/arch.h>
#include <hyp/upcall.h>

#include "plan_arm64.h"
#include "sysreg.h"
#include "vcpu.h"

/* ---- this CPU ---- */

static inline struct arm64_cpu *this_cpu(void)
{
	uint64_t value;

	/* not volatile: it never changes on a CPU */
	__asm__("mrs %0, tpidr_el2" : "=r"(value));
	return (struct arm64_cpu *)value;
}

/** The vCPU whose state is in the machine. Context: in an exit. */
static inline struct vcpu *this_vcpu(void)
{
	return this_cpu()->core.current;
}

static inline struct arm64_vcpu *arm64_vcpu_of(struct vcpu *vcpu)
{
	return (struct arm64_vcpu *)(void *)vcpu;
}

/** The frame of the vCPU that is loaded on `cpu`. */
static inline struct frame *cpu_frame(const struct arm64_cpu *cpu)
{
	return (struct frame *)cpu->stack_top - 1;
}

/** Turn on what a CPU needs to run guests: traps that never change, errata, counters. */
void cpu_setup(struct arm64_cpu *cpu);

/** Choose what this CPU's flaws need: errata.c's table by part number, and firmware's answers. */
void errata_apply(struct arm64_cpu *cpu);

/** Is every vCPU of this CPU the same one? Then it is exclusive: nothing is switched. */
static inline bool vcpu_is_exclusive(const struct vcpu *vcpu)
{
	return vcpu->cpu->vcpu_count == 1u;
}

/** Pointer authentication: does this CPU have it? */
bool cpu_has_pauth(void);

/** Guest-visible PMU and debug registers of this CPU to their reset values: at its setup, and when an exclusive vCPU leaves, so that
 * nothing counts or interrupts for one that is gone. EL2's own counter goes on. */
void pmu_reset(void);
void debug_reset(void);

/** Give EL2 the last event counter: instructions retired at EL2. Returns: how many are left for guests. */
uint32_t pmu_setup(void);

/** switch.S: vector registers. */
void fp_save(struct fp_state *fp);
void fp_load(const struct fp_state *fp);

/** Translate by the tables of `partition` from now on. */
void stage2_load(const struct plan_partition *partition);

/** Take in any SError that is under way. Returns: its syndrome, 0 if there was none. */
uint64_t serror_drain(void);

/** Firmware's answer to `function`. */
uint64_t firmware_call(uint32_t function, uint64_t a1, uint64_t a2, uint64_t a3);

/** Configuration space of a function of the host bridge at `config`, which stage 1 maps. PCI Express Base Specification, ECAM. */
volatile void *ecam_at(pa_t config, uint32_t requester, uint32_t offset);

/* ---- exits ---- */

typedef void trap_fn(struct frame *frame, uint64_t esr);

extern trap_fn *const trap_table[EC_COUNT];

trap_fn trap_unknown, trap_undefined, trap_wfx, trap_hvc, trap_smc, trap_sysreg, trap_instruction_abort, trap_data_abort;

/** A plain access to an emulated register. Returns: false, with nothing done, if it is not that simple. x20..x29 are not in `frame`. */
bool trap_data_abort_fast(struct frame *frame, uint64_t esr);

/** The same for a write to a device page that needs no answer; all registers are in `frame`. */
bool trap_device_fast(struct frame *frame, uint64_t esr);

/** The same for an SGI that the guest sends to itself again. */
bool trap_sysreg_fast(struct frame *frame, uint64_t esr);

/** x20..x29 are not in the frame of a short exit. */
static inline bool is_in_short_frame(uint32_t index)
{
	return index < 20u || index > 29u;
}

/** Calls of the SMC convention other than vendor calls: function in x[0], result to x[0]. */
void smccc_call(struct vcpu *vcpu, uint64_t x[31]);

/** PSCI; `function` is one of its range. Returns x0. */
int64_t psci_call(struct vcpu *vcpu, uint32_t function, const uint64_t x[31]);


/* What the end of an instruction changes beside the PC: its single step is done, and it was no branch. */
#define SPSR_OF_INSTRUCTION (SPSR_SS | BIT(11) | BIT(10))

/* The same in a 32-bit process, whose place in a Thumb IT block stands in bits 15:10 and 26:25 (Arm DDI 0487, ITAdvance()). */
static inline uint64_t pstate32_advance(uint64_t pstate)
{
	uint64_t it = (pstate >> 8 & 0xfcu) | (pstate >> 25 & 3u);

	it = it & 7u ? (it & 0xe0u) | (it << 1 & 0x1fu) : 0;
	return (pstate & ~(SPSR_SS | 0x0600fc00ul)) | (it & 0xfcu) << 8 | (it & 3u) << 25;
}

/** Go to the next instruction of the guest. */
static inline void guest_advance(uint64_t esr)
{
	uint64_t pstate = SYSREG_READ(spsr_el2);

	SYSREG_WRITE(elr_el2, SYSREG_READ(elr_el2) + (esr & ESR_IL ? 4u : 2u));
	SYSREG_WRITE(spsr_el2, pstate & SPSR_AARCH32 ? pstate32_advance(pstate) : pstate & ~SPSR_OF_INSTRUCTION);
}

/** What hardware does for an instruction that is not there. */
void inject_undefined(uint64_t esr);

/** What hardware does for an access that nothing answers: synchronous external abort, the access's syndrome in `esr`. */
void inject_abort(uint64_t esr, uint64_t far, bool is_fetch);

/** Can the guest fetch its own exception vector? Asked when a fetch at `pc` failed. */
bool is_vector_fetch(uint64_t pc);

/** Note a guest's mistake by the policy and give `inject` what it answers. */
enum verdict guest_mistake(struct vcpu *vcpu, uint64_t esr, const char *what);

/* ---- id registers and traps ---- */

/** A set/way operation of the guest. Returns: true when it is complete. */
bool cache_sweep(struct arm64_vcpu *vcpu, uint64_t operand);

/* ---- interrupts ---- */

void trap_irq(void);
void trap_serror(struct frame *frame, uint64_t esr);

#endif
