/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run-time state of a partition, and the one order in which partitions stop
 * and start. It must not know how a guest asks for it (PSCI, hypercall, key).
 */
#ifndef HYP_PARTITION_H
#define HYP_PARTITION_H

#include "../../abi/partition.h" /* enum partition_state: one set of numbers, for guests too */

#include <hyp/lock.h>
#include <hyp/plan.h>
#include <hyp/vcpu.h>

enum stop_cause {
	STOP_NONE = 0,
	STOP_GUEST_OFF,     /* PSCI SYSTEM_OFF */
	STOP_GUEST_RESET,   /* PSCI SYSTEM_RESET: starts again */
	STOP_OPERATOR,      /* console */
	STOP_CALL,          /* a hypercall of its own or of another partition */
	STOP_FAULT,         /* a fault that the guest cannot take, or too many */
	STOP_HEARTBEAT,     /* missed its deadline */
	STOP_ERROR,         /* SError charged to it */
};

/* Progress of bounded start work; (CPU of vCPU 0). */
struct partition_work {
	uint32_t step;      /* which of the ordered steps */
	uint32_t index;     /* map or load in this step */
	uint64_t offset;    /* bytes done in it */
	uint64_t until;     /* counter value before which there is nothing to do: a device is being reset, a back-end waited for; 0: there is */
};

struct partition {
	struct lock lock;
	const struct plan_partition *plan; /* (boot) */
	uint32_t state;              /* (lock) enum partition_state */
	uint32_t cause;              /* (lock) enum stop_cause of the last stop */
	bool restart_wanted;         /* (lock) start again once stopped */
	uint32_t vcpus_in;           /* (lock) vCPUs that have not left yet while stopping */
	uint32_t start_count;        /* (lock) starts since power-on */
	uint32_t policy_restarts;    /* (lock) */
	uint32_t report_count;       /* (atomic) failures that its policy only reports */
	uint32_t fault_count;        /* (atomic) guest faults since its start */
	uint64_t heartbeat_at;       /* (atomic) counter at the last heartbeat */
	uint64_t heartbeat_count;    /* (atomic) */
	bool is_open;                /* (window lock, device.c) windows onto its RAM may be shown */
	struct vcpu *report_of;      /* (its CPU, then the CPU of vCPU 0) whose report is due when all vCPUs are out; null: none */
	const char *report_what;     /* (as report_of) */
	struct partition_work work;
};

/**
 * Ask `partition` to stop for `cause`, and to start again if `restart`.
 * Returns at once: vCPUs leave at their next exit, and the partition's own
 * CPUs do the rest in their slots.
 *
 * Context: any CPU. Errors: ERR_STATE if it is neither running nor starting.
 */
MUST_CHECK enum err partition_stop(struct partition *partition, enum stop_cause cause, bool restart);

/**
 * Start a partition that is off. Scrubs its RAM, places its images, and
 * enters vCPU 0 on that vCPU's CPU.
 *
 * Context: any CPU. Errors: ERR_STATE if it is not off; ERR_DENIED if the
 * plan gives it no pristine image to start from again.
 */
MUST_CHECK enum err partition_start(struct partition *partition);

/** The name of `state` for people. */
const char *partition_state_name(enum partition_state state);

/** Note a heartbeat of `partition`, now. Context: one of its CPUs. */
void partition_heartbeat(struct partition *partition);

#endif
