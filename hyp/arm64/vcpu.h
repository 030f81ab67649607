/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything of a vCPU that arm64 keeps: the trap frame, the EL1 state that
 * is switched with it, vector registers, its timer and interrupt state.
 * Offsets for assembly are generated from these structs.
 */
#ifndef ARM64_VCPU_H
#define ARM64_VCPU_H

#include <hyp/types.h>
#include <hyp/vcpu.h>

#include "vgic.h"

/*
 * Trap frame: what the vectors save. Lives on top of the CPU's stack while the vCPU is loaded. ELR_EL2 and SPSR_EL2 stay in
 * their registers from the exit to the eret, since EL2 takes no exception that returns; they are saved at a switch.
 */
struct frame {
	uint64_t x[31];
	uint64_t pad; /* keeps the stack 16-byte aligned */
};

/* EL1 and EL0 registers that are switched when another vCPU is loaded. */
struct el1_state {
	uint64_t pc, pstate; /* ELR_EL2, SPSR_EL2 */
	uint64_t sp_el0, sp_el1, elr, spsr, sctlr, actlr, cpacr, ttbr0, ttbr1, tcr, esr, afsr0, afsr1, far, mair, amair,
		vbar, contextidr, tpidr_el0, tpidrro_el0, tpidr_el1, par, csselr, mdscr, cntkctl;
	uint64_t cntv_ctl, cntv_cval, cntp_ctl, cntp_cval;
	uint64_t apkeys[10]; /* pointer authentication keys, where the CPU has them */
};

struct fp_state {
	__uint128_t v[32];
	uint64_t fpcr, fpsr;
};

/* The last emulated register that was reached by a plain load or store: the next access is likely the same. */
struct register_hit {
	uint64_t ipa;
	uint64_t shape; /* what of ESR_EL2 must be the same; 0: nothing kept */
	uint32_t unused_bits; /* of a 64-bit value */
	struct mmio_target target;
};

struct arm64_vcpu {
	struct vcpu core; /* first: the core points at it */
	struct vgic_vcpu gic;
	struct frame frame;    /* (owner CPU) while not loaded */
	struct el1_state el1;  /* (owner CPU) while not loaded */
	struct fp_state fp;    /* (owner CPU) while not loaded */
	struct register_hit hit; /* (owner CPU) */
	const struct plan_device *device; /* (owner CPU) to whose page it wrote last */
	uint64_t vmpidr;       /* (boot) */
	uint32_t sweep_map;    /* (owner CPU) progress of a set/way operation: map, and bytes in it */
	uint64_t sweep_offset; /* (owner CPU) */
	uint64_t entry, argument; /* (partition lock) next start */
};

#endif
