/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an exit is once an architecture has decoded it, and what the core can
 * answer. It must not know registers or syndromes of an architecture.
 */
#ifndef HYP_EXIT_H
#define HYP_EXIT_H

#include <hyp/types.h>

enum exit_class {
	EXIT_INTERRUPT,  /* physical interrupt while the guest ran */
	EXIT_HYPERCALL,  /* HVC or SMC */
	EXIT_MMIO,       /* data access to an emulated or unmapped address */
	EXIT_REGISTER,   /* trapped system register */
	EXIT_WAIT,       /* trapped wait-for-interrupt */
	EXIT_CACHE,      /* set/way maintenance */
	EXIT_FAULT,      /* guest mistake: injected as hardware would */
	EXIT_ERROR,      /* SError, machine check */
	EXIT_CLASS_COUNT,
};

/* The core's answer to an exit; the architecture applies it. */
enum verdict {
	VERDICT_RESUME,  /* enter the guest where it was */
	VERDICT_ADVANCE, /* go to the next instruction, then enter */
	VERDICT_FAULT,   /* inject what hardware would give: external abort or undefined instruction */
	VERDICT_WAIT,    /* the vCPU is no longer runnable: schedule */
	VERDICT_STOP,    /* the partition stops by its policy: schedule */
};

/* A data access that stage 2 refused. */
struct vm_exit {
	enum exit_class class;
	ipa_t ipa;        /* of the access */
	uint64_t pc;      /* guest virtual */
	uint64_t syndrome;
	uint8_t width;    /* bytes; 0: not decoded */
	bool is_write;
	bool is_fetch;
	uint64_t value;   /* to write; or what was read, for the architecture to put into the register */
};

#endif
