/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Power and waits of one vCPU. A vCPU changes its state under its partition's
 * lock; its own CPU acts on requests. It must not know PSCI.
 */
#include <hyp/arch.h>
#include <hyp/upcall.h>

#include "sched.h"

void vcpu_request(struct vcpu *vcpu, uint32_t request)
{
	/* release: what was written before is seen by the CPU that takes the request with acquire */
	__atomic_fetch_or(&vcpu->requests, request, __ATOMIC_RELEASE);
	arch_cpu_kick(vcpu->cpu->state);
}

enum err vcpu_power_on(struct vcpu *target, uint64_t entry, uint64_t argument)
{
	struct partition *partition = target->partition->state;
	enum err result = ERR_STATE;

	lock_take(&partition->lock);
	if (partition->state == PARTITION_RUNNING && target->state == VCPU_OFF) {
		arch_vcpu_set_entry(target, entry, argument);
		arch_vcpu_reset(target);
		target->is_idle = false;
		target->state = VCPU_READY;
		result = OK;
	}
	lock_drop(&partition->lock);
	if (result == OK)
		vcpu_request(target, VCPU_REQUEST_IRQ);
	return result;
}

/* It is off once its CPU has taken its state out of the machine: until then nobody may turn it on again. */
void vcpu_power_off(struct vcpu *vcpu)
{
	vcpu_request(vcpu, VCPU_REQUEST_OFF);
}

/* From one state to another, unless it is no longer in the first: its partition may have stopped. */
static bool vcpu_change(struct vcpu *vcpu, enum vcpu_state from, enum vcpu_state to)
{
	struct partition *partition = vcpu->partition->state;
	bool is_changed;

	lock_take(&partition->lock);
	is_changed = vcpu->state == from;
	if (is_changed)
		__atomic_store_n(&vcpu->state, to, __ATOMIC_RELEASE);
	lock_drop(&partition->lock);
	return is_changed;
}

void vcpu_wait(struct vcpu *vcpu)
{
	(void)vcpu_change(vcpu, VCPU_READY, VCPU_WAITING);
	arch_this_cpu()->needs_schedule = 1;
}

void vcpu_resume(struct vcpu *vcpu)
{
	if (vcpu_change(vcpu, VCPU_WAITING, VCPU_READY))
		vcpu_request(vcpu, VCPU_REQUEST_WORK);
}

enum verdict vcpu_wait_irq(struct vcpu *vcpu)
{
	if (!arch_vcpu_has_irq(vcpu)) {
		vcpu->is_idle = true;
		arch_this_cpu()->needs_schedule = 1;
	}
	return VERDICT_ADVANCE;
}

/* Who is not in the machine is not kicked, or his neighbour on that CPU would pay for it with time of his slot: the load looks at all
 * interrupts, under the lock under which this one became pending. So if it was not found there, `current` is seen here. */
void vcpu_wake(struct vcpu *vcpu)
{
	if (vcpu && __atomic_load_n(&vcpu->cpu->state->current, __ATOMIC_RELAXED) == vcpu)
		vcpu_request(vcpu, VCPU_REQUEST_IRQ);
}
