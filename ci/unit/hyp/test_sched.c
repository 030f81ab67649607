/* SPDX-License-Identifier: Apache-2.0 */
/* Slots, waits, requests, deadlines: what a CPU does next, judged on the fake machine's counter. */
#include "../tap.h"
#include "appliance.h"

#include <hyp/arch.h>
#include <hyp/upcall.h>

#include <string.h>

#define FRAME_US (BETA_SLOT_US + GAMMA_SLOT_US)

static struct vcpu *beta_vcpu(void)
{
	return &test_vcpus[2];
}

static struct vcpu *gamma_vcpu(void)
{
	return &test_vcpus[3];
}

/* The timer fires and CPU 2 schedules. */
static enum fake_end slot_ends(void)
{
	fake.counter = fake.timer[2];
	fake.cpu = 2;
	arch_irq_handle();
	return appliance_schedule(2);
}

static void slots_take_turns_to_the_tick(void)
{
	appliance_up();
	CHECK(test_cpus[2].current == beta_vcpu());
	CHECK(fake.timer[2] == BETA_SLOT_US);
	for (uint64_t frame = 1; frame < 100; frame++) {
		CHECK(slot_ends() == FAKE_RETURNED);
		CHECK(test_cpus[2].current == gamma_vcpu());
		CHECK(fake.timer[2] == frame * FRAME_US);
		CHECK(slot_ends() == FAKE_RETURNED);
		CHECK(test_cpus[2].current == beta_vcpu());
		CHECK(fake.timer[2] == frame * FRAME_US + BETA_SLOT_US);
	}
}

static void one_tick_early_is_still_the_slot(void)
{
	appliance_up();
	fake.counter = BETA_SLOT_US - 1;
	(void)appliance_schedule(2);
	CHECK(test_cpus[2].current == beta_vcpu());
	fake.counter = BETA_SLOT_US;
	(void)appliance_schedule(2);
	CHECK(test_cpus[2].current == gamma_vcpu());
}

static void late_interrupts_do_not_shift_the_schedule(void)
{
	appliance_up();
	fake.counter = BETA_SLOT_US + 300; /* somebody masked interrupts for 300 us */
	(void)appliance_schedule(2);
	CHECK(test_cpus[2].current == gamma_vcpu());
	CHECK(fake.timer[2] == FRAME_US);
}

static void a_held_machine_starts_a_new_frame(void)
{
	appliance_up();
	fake.counter = 1000 * FRAME_US + 17;
	(void)appliance_schedule(2);
	CHECK(fake.timer[2] > fake.counter && fake.timer[2] <= fake.counter + BETA_SLOT_US);
}

static void a_switch_saves_before_it_loads(void)
{
	appliance_up();
	(void)slot_ends();
	CHECK(fake_traced("load gamma.0", "save beta.0"));
	CHECK(fake_count("save beta.0") == 1);
}

static void an_idle_vcpu_keeps_its_slot_and_no_more(void)
{
	appliance_up();
	fake.cpu = 2;
	CHECK(vcpu_wait_irq(beta_vcpu()) == VERDICT_ADVANCE);
	CHECK(test_cpus[2].needs_schedule);
	CHECK(appliance_schedule(2) == FAKE_RETURNED); /* rests to the end of the slot, then gamma */
	CHECK(fake.counter == BETA_SLOT_US);
	CHECK(test_cpus[2].current == gamma_vcpu());
}

static void an_interrupt_ends_the_wait(void)
{
	appliance_up();
	fake.cpu = 2;
	CHECK(vcpu_wait_irq(beta_vcpu()) == VERDICT_ADVANCE);
	fake.irq_of = beta_vcpu();
	CHECK(appliance_schedule(2) == FAKE_RETURNED);
	CHECK(fake.counter == 0 && test_cpus[2].current == beta_vcpu() && !beta_vcpu()->is_idle);
}

static void a_pending_interrupt_means_no_wait(void)
{
	appliance_up();
	fake.cpu = 2;
	fake.irq_of = beta_vcpu();
	CHECK(vcpu_wait_irq(beta_vcpu()) == VERDICT_ADVANCE);
	CHECK(!beta_vcpu()->is_idle && !test_cpus[2].needs_schedule);
}

static void waking_another_cpu_kicks_it(void)
{
	appliance_up();
	fake.cpu = 0;
	vcpu_wake(beta_vcpu());
	CHECK(fake_traced("kick 2", NULL));
	vcpu_wake(&test_vcpus[0]);
	CHECK(!fake_traced("kick 0", NULL) && test_cpus[0].needs_schedule);
	(void)appliance_schedule(0);
	CHECK(fake_traced("sync alpha.0", NULL));
}

/* A partition that wakes a vCPU of its own from another CPU, again and again, takes nothing of the slot of who shares that CPU. */
static void nobody_is_kicked_in_anothers_slot(void)
{
	appliance_up();
	fake.cpu = 0;
	vcpu_wake(gamma_vcpu()); /* not loaded: its load does it */
	CHECK(!fake_traced("kick 2", NULL));
	cpu_timer_changed(&test_partitions[GAMMA]); /* the start of its slot looks at its deadlines */
	CHECK(!fake_traced("kick 2", NULL));
	CHECK(slot_ends() == FAKE_RETURNED && test_cpus[2].current == gamma_vcpu());
	fake.cpu = 0;
	test_cpus[2].current = NULL; /* it waits, but the slot is its own */
	cpu_timer_changed(&test_partitions[GAMMA]);
	CHECK(fake_traced("kick 2", NULL));
}

static void an_unused_cpu_rests(void)
{
	appliance_up();
	CHECK(appliance_schedule(1) == FAKE_IDLE_FOREVER); /* alpha.1 was never turned on */
	CHECK(test_cpus[1].current == NULL);
}

/* A whole frame, so that gamma has had its first start too; beta's slot begins. */
static void frame_up(void)
{
	appliance_up();
	(void)slot_ends();
	(void)slot_ends();
	fake_trace_clear();
}

static void work_runs_in_own_slots_only(void)
{
	frame_up();
	fake.work_ticks = 500;
	CHECK(partition_stop(test_partitions[GAMMA].state, STOP_OPERATOR, true) == OK);
	fake_trace_clear();
	(void)appliance_schedule(2);
	CHECK(test_cpus[2].current == beta_vcpu());
	CHECK(!fake_traced("clear", NULL));
	(void)slot_ends();
	CHECK(fake_traced("clear 0x50000", NULL));
	CHECK(test_partitions[GAMMA].state->state == PARTITION_RUNNING ||
	      test_partitions[GAMMA].state->state == PARTITION_STARTING);
	for (int i = 0; i < 8; i++)
		(void)slot_ends();
	CHECK(test_partitions[GAMMA].state->state == PARTITION_RUNNING);
}

static void long_work_gives_the_cpu_back_at_the_slots_end(void)
{
	frame_up();
	fake.work_ticks = GAMMA_SLOT_US; /* each piece takes a whole slot */
	CHECK(partition_stop(test_partitions[GAMMA].state, STOP_OPERATOR, true) == OK);
	(void)slot_ends();
	CHECK(test_cpus[2].current == beta_vcpu());
	CHECK(fake.counter <= 2 * FRAME_US);
}

static void a_missed_heartbeat_is_found_in_time(void)
{
	appliance_up();
	test_partitions[ALPHA].heartbeat_us = 5000;
	(void)appliance_schedule(0);
	CHECK(fake.timer[0] == 5000);
	fake.counter = 4000;
	partition_heartbeat(test_partitions[ALPHA].state);
	fake.counter = 5000;
	(void)appliance_schedule(0);
	CHECK(fake.timer[0] == 9000 && !fake_traced("report", NULL));
	fake.counter = 9000;
	(void)appliance_schedule(0);
	(void)appliance_schedule(1);
	(void)appliance_schedule(0);
	CHECK(fake_traced("report piece 0 of alpha.0: no heartbeat within its deadline", NULL));
}

static void a_report_policy_tells_each_missed_heartbeat(void)
{
	appliance_up();
	test_partitions[ALPHA].heartbeat_us = 5000;
	test_partitions[ALPHA].policy = PLAN_POLICY_REPORT;
	fake.counter = 5000;
	(void)appliance_schedule(0);
	CHECK(fake_count("report alpha.0: no heartbeat within its deadline") == 1 && fake.timer[0] == 10000);
	for (uint32_t i = 1; i < 64; i++) {
		fake.counter += 5000;
		(void)appliance_schedule(0);
	}
	CHECK(test_partitions[ALPHA].state->state == PARTITION_RUNNING);
	CHECK(fake_count("report alpha.0") == 8); /* 1, 2, 3, 4, 8, 16, 32, 64 */
}

static void a_device_alarm_uses_the_same_timer(void)
{
	appliance_up();
	fake.device_deadline = 700;
	cpu_timer_changed(&test_partitions[ALPHA]);
	(void)appliance_schedule(0);
	CHECK(fake.timer[0] == 700);
	fake.counter = 700;
	(void)appliance_schedule(0);
	CHECK(fake_traced("devices tick alpha", NULL));
}

int main(void)
{
	TEST(slots_take_turns_to_the_tick);
	TEST(one_tick_early_is_still_the_slot);
	TEST(late_interrupts_do_not_shift_the_schedule);
	TEST(a_held_machine_starts_a_new_frame);
	TEST(a_switch_saves_before_it_loads);
	TEST(an_idle_vcpu_keeps_its_slot_and_no_more);
	TEST(an_interrupt_ends_the_wait);
	TEST(a_pending_interrupt_means_no_wait);
	TEST(waking_another_cpu_kicks_it);
	TEST(nobody_is_kicked_in_anothers_slot);
	TEST(an_unused_cpu_rests);
	TEST(work_runs_in_own_slots_only);
	TEST(long_work_gives_the_cpu_back_at_the_slots_end);
	TEST(a_missed_heartbeat_is_found_in_time);
	TEST(a_report_policy_tells_each_missed_heartbeat);
	TEST(a_device_alarm_uses_the_same_timer);
	return tap_done();
}
