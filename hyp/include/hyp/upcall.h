/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every entry of the core that an architecture may call. An architecture
 * reaches the core through this file and the plain data structures beside it.
 */
#ifndef HYP_UPCALL_H
#define HYP_UPCALL_H

#include "../../abi/device.h"

#include <hyp/console.h>
#include <hyp/exit.h>
#include <hyp/partition.h>
#include <hyp/plan.h>
#include <hyp/vcpu.h>

struct handoff;

/**
 * First call on the boot CPU, once stage 1, UART and interrupt controller work: links the run-time state to the plan, checks
 * the handoff's plan id, takes its seed, prints the banner, builds every stage 2.
 */
void core_boot(const struct handoff *handoff);

/** Before anything else: run-time state of partitions, CPUs and vCPUs learns its place in the plan. Context: boot CPU. */
void core_link(void);

/**
 * A CPU is ready: build what it owns, start its partitions, choose a vCPU and
 * load it. Returns when a vCPU is loaded and the architecture shall enter it.
 */
void cpu_main(struct cpu *cpu);

/**
 * Called on the way back to the guest when cpu->needs_schedule is set:
 * requests, slots, waits, bounded work. Returns when a vCPU is loaded.
 */
void cpu_schedule(struct cpu *cpu);

/** The timer set by arch_timer_set() fired on this CPU. */
void cpu_timer_fired(struct cpu *cpu);

/** arch_devices_deadline() of `partition` changed: its vCPU 0's CPU sets its timer anew, in its slot. Context: any CPU. */
void cpu_timer_changed(const struct plan_partition *partition);

/** Another CPU kicked this one. */
void cpu_kicked(struct cpu *cpu);

/** Find what serves the decoded access `exit`. Returns: false if no register takes it. */
bool mmio_find(const struct vcpu *vcpu, const struct vm_exit *exit, struct mmio_target *target);

/** Do the access, its value in and out in target->access. Returns: false if the guest shall come back with it. */
static inline bool mmio_serve(struct vcpu *vcpu, struct mmio_target *target)
{
	target->access.is_retry = false;
	target->fn(vcpu, target->reg, &target->access);
	return !target->access.is_retry;
}

/** The device of `partition` in whose page `ipa` is, or null. */
const struct plan_device *device_find(const struct plan_partition *partition, ipa_t ipa);

/** 32-bit writes to a device's page that need no answer: `value` to DEVICE_QUEUE_NOTIFY, to DEVICE_INTERRUPT_ACK. */
void device_notify(const struct plan_device *device, uint64_t value);
void device_acknowledge(const struct plan_device *device, uint64_t value);

/** A data access that stage 2 refused. Finds the emulated register; a read's value is in exit->value with VERDICT_ADVANCE. */
enum verdict exit_mmio(struct vcpu *vcpu, struct vm_exit *exit);

/** The guest made a mistake that it can take as an exception: counts, reports at a limited rate, asks the policy. */
enum verdict exit_guest_fault(struct vcpu *vcpu, const struct vm_exit *exit, const char *what);

/** The guest cannot go on (an exception that it cannot take, SError), or not as it was: its policy acts. VERDICT_FAULT if that only
 * reports. */
enum verdict exit_guest_dead(struct vcpu *vcpu, enum stop_cause cause, const char *what);

/** Remember an exit: counter of its class, ring of the last ones. Context: the CPU of vcpu. */
static inline void exit_record(struct vcpu *vcpu, enum exit_class class, uint64_t pc, uint64_t syndrome, uint64_t address)
{
	struct exit_record *r = &vcpu->history[vcpu->history_next++ % EXIT_HISTORY];

	vcpu->exits[class]++;
	r->pc = pc;
	r->syndrome = syndrome;
	r->address = address;
}

/* ---- vCPU power, for PSCI ---- */

enum err vcpu_power_on(struct vcpu *target, uint64_t entry, uint64_t argument) MUST_CHECK;
/** Turn the calling vCPU off: VERDICT_WAIT follows. */
void vcpu_power_off(struct vcpu *vcpu);
/** The calling vCPU waits for an interrupt although it trapped. */
enum verdict vcpu_wait_irq(struct vcpu *vcpu);
/** A virtual interrupt for `vcpu` became pending, under a lock that arch_vcpu_load() takes to look: kick it if it is loaded. Null: nobody. */
void vcpu_wake(struct vcpu *vcpu);

/* ---- vendor hypervisor calls ---- */

/**
 * Serve the vendor call whose function is in regs[0]. `regs` are x0..x7 of
 * the trap frame: arguments in, results out, as hyp/abi/hypercall.h says.
 * Returns: VERDICT_RESUME, or VERDICT_WAIT if the caller asked for its own end.
 */
enum verdict hypercall(struct vcpu *vcpu, uint64_t regs[8]);

/* ---- random seed ---- */

/** Put `size` bytes of the handoff's seed into the pool; what it cannot hold is left. Context: boot CPU, once. */
void core_seed_add(const void *from, size_t size);

/** Takes up to `size` fresh bytes from the pool; a byte is given out once. Returns: how many. Context: any CPU. */
size_t core_seed_take(void *to, size_t size);

#endif
