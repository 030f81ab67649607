/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a CPU does next: requests from other CPUs, the fixed slots, bounded
 * work of the slot's partition, its vCPU, or nothing. One path for exclusive
 * and shared CPUs: exclusive is a list of one without slots. It must not know
 * how a vCPU's state is switched.
 */
#include "sched.h"

#include <hyp/arch.h>
#include <hyp/device.h>
#include <hyp/upcall.h>

uint64_t ticks_of_us(uint64_t us)
{
	return us * arch_counter_hz() / 1000000u;
}

/* The vCPU that the present slot belongs to; null on a CPU that the plan leaves unused. */
static struct vcpu *slot_vcpu(const struct cpu *cpu)
{
	if (cpu->plan->vcpu_count == 0)
		return NULL;
	if (cpu->plan->slot_count == 0)
		return cpu->plan->vcpus[0];
	return cpu->plan->vcpus[cpu->plan->slots[__atomic_load_n(&cpu->slot, __ATOMIC_RELAXED)].vcpu];
}

static uint64_t slot_ticks(const struct cpu *cpu)
{
	return ticks_of_us(cpu->plan->slots[cpu->slot].length_us);
}

/* Goes on to the slot that `now` lies in. Ends are added up, not measured, so that frames do not drift. */
static void slot_advance(struct cpu *cpu, uint64_t now)
{
	if (cpu->plan->slot_count == 0)
		return;
	for (uint32_t i = 0; now >= cpu->slot_end; i++) {
		__atomic_store_n(&cpu->slot, (cpu->slot + 1) % cpu->plan->slot_count, __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_SEQ_CST); /* pairs with cpu_timer_changed() */
		/* after a whole frame late (a debugger held the machine) the schedule begins anew from now */
		cpu->slot_end = (i > cpu->plan->slot_count ? now : cpu->slot_end) + slot_ticks(cpu);
	}
}

static void cpu_switch(struct cpu *cpu, struct vcpu *next)
{
	if (cpu->current == next)
		return;
	if (cpu->current)
		arch_vcpu_save(cpu->current);
	__atomic_store_n(&cpu->current, next, __ATOMIC_RELAXED); /* vcpu_wake() reads it */
	if (next)
		arch_vcpu_load(next);
}

static void vcpu_turn_off(struct cpu *cpu, struct vcpu *vcpu)
{
	struct partition *partition = vcpu->partition->state;

	if (cpu->current == vcpu)
		cpu_switch(cpu, NULL);
	lock_take(&partition->lock);
	if (vcpu->state == VCPU_READY)
		vcpu->state = VCPU_OFF;
	lock_drop(&partition->lock);
}

static void vcpu_serve(struct cpu *cpu, struct vcpu *vcpu)
{
	uint32_t requests;

	if (!__atomic_load_n(&vcpu->requests, __ATOMIC_RELAXED))
		return;
	/* acquire: pairs with the release in vcpu_request() */
	requests = __atomic_exchange_n(&vcpu->requests, 0, __ATOMIC_ACQUIRE);
	if (requests & VCPU_REQUEST_OFF)
		vcpu_turn_off(cpu, vcpu);
	if (requests & VCPU_REQUEST_STOP) {
		if (cpu->current == vcpu)
			cpu_switch(cpu, NULL);
		partition_vcpu_left(vcpu);
	}
	if (requests & VCPU_REQUEST_IRQ && cpu->current == vcpu)
		arch_vcpu_sync(vcpu);
}

static bool vcpu_can_run(struct vcpu *vcpu)
{
	if (__atomic_load_n(&vcpu->state, __ATOMIC_ACQUIRE) != VCPU_READY)
		return false;
	if (vcpu->is_idle && arch_vcpu_has_irq(vcpu))
		vcpu->is_idle = false;
	return !vcpu->is_idle;
}

/* Deadlines of the slot's partition, kept on the CPU of its vCPU 0. */
static uint64_t partition_deadline(struct vcpu *vcpu)
{
	const struct plan_partition *plan_p = vcpu->partition;
	uint64_t device = arch_devices_deadline(plan_p);
	uint64_t heartbeat = partition_heartbeat_deadline(plan_p->state);
	uint64_t work = partition_work_deadline(plan_p->state);
	uint64_t first = device < heartbeat ? device : heartbeat;

	return first < work ? first : work;
}

static bool is_keeper(const struct vcpu *vcpu)
{
	return vcpu && vcpu->index == 0;
}

/* Acts on deadlines that have passed. */
static void deadlines_serve(struct vcpu *vcpu, uint64_t now)
{
	const struct plan_partition *plan_p = vcpu->partition;

	if (now >= arch_devices_deadline(plan_p))
		arch_devices_tick(plan_p);
	if (now >= partition_heartbeat_deadline(plan_p->state)) {
		__atomic_store_n(&plan_p->state->heartbeat_at, now, __ATOMIC_RELAXED);
		(void)exit_guest_dead(vcpu, STOP_HEARTBEAT, "no heartbeat within its deadline");
	}
}

/* Counter value at which `vcpu` waits no longer for an answer. */
static uint64_t wait_deadline(const struct vcpu *vcpu)
{
	uint64_t until = __atomic_load_n(&vcpu->wait_until, __ATOMIC_RELAXED);

	return until ? until : UINT64_MAX;
}

static void timer_program(struct cpu *cpu)
{
	struct vcpu *vcpu = slot_vcpu(cpu);
	uint64_t when = cpu->plan->slot_count ? cpu->slot_end : UINT64_MAX;

	if (is_keeper(vcpu)) {
		uint64_t deadline = partition_deadline(vcpu);

		when = deadline < when ? deadline : when;
	}
	if (vcpu && wait_deadline(vcpu) < when)
		when = wait_deadline(vcpu);
	if (cpu->index == 0 && console_deadline() < when)
		when = console_deadline();
	arch_timer_set(when);
}

/* Waits for any interrupt and handles it. The slot's vCPU stays loaded, so that its own timer wakes it. */
static void cpu_rest(struct cpu *cpu)
{
	timer_program(cpu);
	arch_cpu_idle();
	arch_irq_handle();
}

/* One turn. Returns true if a vCPU is loaded and shall run. */
static bool cpu_turn(struct cpu *cpu)
{
	struct vcpu *vcpu;

	cpu->needs_schedule = 0;
	for (uint32_t i = 0; i < cpu->plan->vcpu_count; i++)
		vcpu_serve(cpu, cpu->plan->vcpus[i]);
	slot_advance(cpu, arch_counter());
	vcpu = slot_vcpu(cpu);
	if (vcpu && arch_counter() >= wait_deadline(vcpu))
		device_expire(vcpu);
	if (is_keeper(vcpu)) {
		deadlines_serve(vcpu, arch_counter());
		if (partition_has_work(vcpu->partition->state)) {
			timer_program(cpu);
			cpu_switch(cpu, NULL);
			partition_work(vcpu->partition->state);
			if (arch_irq_is_pending())
				arch_irq_handle();
			return false;
		}
	}
	if (vcpu && __atomic_load_n(&vcpu->state, __ATOMIC_ACQUIRE) == VCPU_READY)
		cpu_switch(cpu, vcpu);
	else
		cpu_switch(cpu, NULL);
	if (cpu->current && vcpu_can_run(vcpu)) {
		timer_program(cpu);
		return cpu->needs_schedule == 0;
	}
	if (cpu->needs_schedule == 0)
		cpu_rest(cpu);
	return false;
}

void cpu_schedule(struct cpu *cpu)
{
	while (!cpu_turn(cpu))
		;
}

/* Those partitions that the plan starts at boot, and whose vCPU 0 is ours. */
static void cpu_start_partitions(struct cpu *cpu)
{
	for (uint32_t i = 0; i < cpu->plan->vcpu_count; i++) {
		struct vcpu *vcpu = cpu->plan->vcpus[i];

		if (vcpu->index == 0 && vcpu->partition->is_auto)
			ASSERT(partition_start(vcpu->partition->state) == OK);
	}
}

void cpu_main(struct cpu *cpu)
{
	cpu->current = NULL;
	cpu->slot = 0;
	if (cpu->plan->slot_count)
		cpu->slot_end = arch_counter() + slot_ticks(cpu);
	cpu_start_partitions(cpu);
	cpu_schedule(cpu);
}

void cpu_timer_fired(struct cpu *cpu)
{
	if (cpu->index == 0 && arch_counter() >= console_deadline())
		console_release();
	arch_timer_set(UINT64_MAX); /* level: quiet until the next turn sets it */
	cpu->needs_schedule = 1;
}

/* Another one's slot is left alone: either the slot is seen here, or its start sees the deadline. */
void cpu_timer_changed(const struct plan_partition *partition)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* the deadline before the slot; pairs with slot_advance() */
	if (slot_vcpu(partition->vcpus[0]->cpu->state) == partition->vcpus[0])
		vcpu_request(partition->vcpus[0], VCPU_REQUEST_WORK);
}

/* Most kicks bring nothing but an interrupt to the vCPU that runs: no need to look at anything else. What is asked for behind this
 * look comes with a kick of its own. */
void cpu_kicked(struct cpu *cpu)
{
	struct vcpu *vcpu = cpu->current;

	if (!vcpu || cpu->plan->vcpu_count != 1 || __atomic_load_n(&vcpu->requests, __ATOMIC_RELAXED) != VCPU_REQUEST_IRQ) {
		cpu->needs_schedule = 1;
		return;
	}
	/* acquire: pairs with the release in vcpu_request() */
	__atomic_fetch_and(&vcpu->requests, ~(uint32_t)VCPU_REQUEST_IRQ, __ATOMIC_ACQUIRE);
	arch_vcpu_sync(vcpu);
}
