/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run-time state of physical CPUs and vCPUs as the core sees it. An
 * architecture embeds struct vcpu as the first member of its own, larger
 * struct. Each field says who may write it.
 */
#ifndef HYP_VCPU_H
#define HYP_VCPU_H

#include <hyp/exit.h>
#include <hyp/plan.h>
#include <hyp/types.h>

enum vcpu_state {
	VCPU_OFF = 0,     /* not started, or turned off by its guest */
	VCPU_READY,       /* may run in its slots */
	VCPU_WAITING,     /* waits for an answer or for work of its own partition; not runnable */
	VCPU_STOPPED,     /* its partition is stopped */
};

/* One remembered exit. */
struct exit_record {
	uint64_t pc;       /* guest virtual */
	uint64_t syndrome; /* as the architecture gives it: ESR_EL2 on Arm */
	uint64_t address;  /* faulting guest physical address, or 0 */
	uint64_t pad;      /* a power of two: an exit finds its record in one instruction */
};

#define EXIT_HISTORY 8u /* a power of two */

struct vcpu {
	const struct plan_partition *partition; /* (boot) */
	const struct plan_cpu *cpu;             /* (boot) physical CPU that it runs on */
	uint32_t index;                         /* (boot) in its partition */
	uint32_t state;                         /* (partition lock) enum vcpu_state; read by its CPU */
	uint32_t requests;                      /* atomic OR by anybody, cleared by its CPU: enum vcpu_request */
	bool is_idle;                           /* (owner CPU) in a trapped wait-for-interrupt */
	uint64_t exits[EXIT_CLASS_COUNT];       /* (owner CPU) */
	struct exit_record history[EXIT_HISTORY]; /* (owner CPU) ring of the last exits */
	uint32_t history_next;                  /* (owner CPU) */
	const struct plan_device *waits_for;    /* (owner CPU) whose back-end had its last hand-off */
	uint64_t wait_until;                    /* (device lock; read by its CPU) counter value at which it gives up; 0: it does not */
};

enum vcpu_request {
	VCPU_REQUEST_STOP = 1u << 0,  /* leave: the partition stops */
	VCPU_REQUEST_WORK = 1u << 1,  /* its partition has work for its CPU: scrub, copy, report */
	VCPU_REQUEST_IRQ = 1u << 2,   /* interrupt state changed by another CPU */
	VCPU_REQUEST_OFF = 1u << 3,   /* from itself: turn off once its state is out of the machine */
};

/* A physical CPU. The architecture finds the one it runs on without memory shared with others. */
struct cpu {
	const struct plan_cpu *plan;  /* (boot) */
	uint32_t index;               /* (boot) in plan.cpus */
	struct vcpu *current;         /* (owner CPU) whose state is in the machine; null: none */
	uint32_t slot;                /* (owner CPU) index into plan->slots */
	uint64_t slot_end;            /* (owner CPU) counter value at which the slot ends */
	uint32_t needs_schedule;      /* (owner CPU) look at the vCPUs before entering a guest */
};

#endif
