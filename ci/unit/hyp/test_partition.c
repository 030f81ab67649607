/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a partition: the order of stop and start, call by call, and who may ask when. */
#include "../tap.h"
#include "appliance.h"

#include <hyp/upcall.h>

#include <string.h>

static struct partition *state_of(uint32_t partition)
{
	return test_partitions[partition].state;
}

/* All CPUs act until nothing is left to do. */
static void settle(void)
{
	for (int i = 0; i < 4; i++)
		for (uint32_t cpu = 0; cpu < 3; cpu++)
			(void)appliance_schedule(cpu);
}

static bool in_order(const char *const *texts, size_t count)
{
	const char *at = fake.trace;

	for (size_t i = 0; i < count; i++) {
		at = strstr(at, texts[i]);
		if (!at) {
			printf("# not in this place: %s\n", texts[i]);
			return false;
		}
	}
	return true;
}

static void first_start_trusts_the_boot_stage(void)
{
	appliance_begin();
	CHECK(appliance_boot(0) == FAKE_RETURNED);
	CHECK(test_cpus[0].current == &test_vcpus[0]);
	CHECK(state_of(ALPHA)->state == PARTITION_RUNNING);
	CHECK(!fake_traced("clear 0x", NULL));
	CHECK(!fake_traced("copy 0x", NULL));
	static const char *const order[] = { "seed 32", "clean 0x30004+0x2c", "flush alpha", "irq reset alpha",
					     "entry alpha.0 0x40200000 0x40000000", "reset alpha.0", "dma allow alpha",
					     "load alpha.0" };
	CHECK(in_order(order, ARRAY_COUNT(order)));
	CHECK(fake.memory[0x30010] != 0);
	CHECK(test_vcpus[1].state == VCPU_OFF);
}

static void restart_follows_the_order(void)
{
	appliance_up();
	memset(fake.memory + 0x10000, 0xaa, 0x28000);
	memset(fake.memory + 0x80000, 0x11, 0x11000);
	CHECK(partition_stop(state_of(ALPHA), STOP_OPERATOR, true) == OK);
	settle();
	CHECK(state_of(ALPHA)->state == PARTITION_RUNNING);
	CHECK(state_of(ALPHA)->start_count == 2);
	static const char *const order[] = {
		"save alpha.0", "dma block alpha", "irq clear alpha", "end line alpha", "clear 0x10000+0x10000",
		"clear 0x20000+0x10000", "clear 0x30000+0x8000",
		"copy 0x10000+0x10000", "copy 0x20000+0x1000", "copy 0x30000+0x100", "clean 0x10000+0x10000",
		"clean 0x30000+0x8000 code", "seed 32", "clean 0x30004+0x2c", "flush alpha", "input clear alpha",
		"irq reset alpha", "devices reset alpha", "reset alpha.0", "dma allow alpha", "load alpha.0",
	};
	CHECK(in_order(order, ARRAY_COUNT(order)));
	CHECK(fake.memory[0x10000] == 0x11 && fake.memory[0x20fff] == 0x11);
	CHECK(fake.memory[0x21000] == 0 && fake.memory[0x37fff] == 0);
	CHECK(!fake_traced("clear 0xf0000", NULL)); /* a device is no RAM */
}

static void neighbours_keep_their_memory(void)
{
	appliance_up();
	fake.memory[0xffff] = 0x5a;
	fake.memory[0x38000] = 0x5b;
	CHECK(partition_stop(state_of(ALPHA), STOP_GUEST_RESET, true) == OK);
	settle();
	CHECK(fake.memory[0xffff] == 0x5a && fake.memory[0x38000] == 0x5b);
}

static void stop_waits_for_every_vcpu(void)
{
	appliance_up();
	CHECK(vcpu_power_on(&test_vcpus[1], 0x40300000, 7) == OK);
	(void)appliance_schedule(1);
	CHECK(test_cpus[1].current == &test_vcpus[1]);
	fake_trace_clear();
	CHECK(partition_stop(state_of(ALPHA), STOP_GUEST_OFF, false) == OK);
	(void)appliance_schedule(0);
	CHECK(!fake_traced("irq clear alpha", NULL)); /* CPU 1 has not left */
	CHECK(state_of(ALPHA)->state == PARTITION_STOPPING);
	(void)appliance_schedule(1);
	CHECK(fake_traced("save alpha.1", NULL));
	(void)appliance_schedule(0);
	CHECK(fake_traced("irq clear alpha", "save alpha.1"));
	CHECK(state_of(ALPHA)->state == PARTITION_STOPPED);
}

static void stop_by_policy_is_failed(void)
{
	appliance_up();
	fake.cpu = 0;
	CHECK(exit_guest_dead(&test_vcpus[0], STOP_FAULT, "test") == VERDICT_STOP);
	settle();
	static const char *const order[] = { "save alpha.0", "irq clear alpha", "end line alpha", "report piece 0 of alpha.0: test",
					     "report piece 1 of", "report piece 3 of", "print alpha: stopped" };
	CHECK(in_order(order, ARRAY_COUNT(order)));
	CHECK(fake_count("report piece") == 4);
	CHECK(state_of(ALPHA)->state == PARTITION_FAILED);
	CHECK(partition_start(state_of(ALPHA)) == OK); /* the operator may start it again */
	settle();
	CHECK(state_of(ALPHA)->state == PARTITION_RUNNING);
}

/* One report, of the vCPU that was first. */
static void two_dying_vcpus_leave_one_report(void)
{
	appliance_up();
	fake.cpu = 1;
	CHECK(exit_guest_dead(&test_vcpus[1], STOP_FAULT, "first") == VERDICT_STOP);
	fake.cpu = 0;
	CHECK(exit_guest_dead(&test_vcpus[0], STOP_FAULT, "second") == VERDICT_WAIT);
	settle();
	CHECK(fake_traced("report piece 0 of alpha.1: first", NULL) && !fake_traced("second", NULL));
}

static void do_die(void *vcpu)
{
	(void)exit_guest_dead(vcpu, STOP_FAULT, "test");
}

static void a_restart_that_resets_the_board_reports_first(void)
{
	static const char *const order[] = { "report alpha.0: test", "console panic", "board reset" };

	appliance_up();
	test_partitions[ALPHA].policy = PLAN_POLICY_RESTART;
	test_partitions[ALPHA].has_restart = false;
	CHECK(fake_run(0, do_die, &test_vcpus[0]) == FAKE_BOARD_RESET);
	CHECK(in_order(order, 3));
}

static void restart_policy_has_a_limit(void)
{
	appliance_up();
	test_partitions[ALPHA].policy = PLAN_POLICY_RESTART;
	test_partitions[ALPHA].restart_limit = 2;
	for (uint32_t i = 0; i < 2; i++) {
		fake.cpu = 0;
		CHECK(exit_guest_dead(&test_vcpus[0], STOP_FAULT, "test") == VERDICT_STOP);
		settle();
		CHECK(state_of(ALPHA)->state == PARTITION_RUNNING);
	}
	fake.cpu = 0;
	CHECK(exit_guest_dead(&test_vcpus[0], STOP_FAULT, "test") == VERDICT_STOP);
	settle();
	CHECK(state_of(ALPHA)->state == PARTITION_FAILED);
	CHECK(state_of(ALPHA)->start_count == 3 && state_of(ALPHA)->policy_restarts == 2);
}

static void wrong_times_are_refused(void)
{
	appliance_up();
	CHECK(partition_start(state_of(ALPHA)) == ERR_STATE);
	CHECK(partition_stop(state_of(ALPHA), STOP_OPERATOR, false) == OK);
	CHECK(partition_stop(state_of(ALPHA), STOP_OPERATOR, false) == ERR_STATE);
	settle();
	CHECK(partition_stop(state_of(ALPHA), STOP_OPERATOR, false) == ERR_STATE);
	CHECK(partition_start(state_of(ALPHA)) == OK);
}

static void stop_during_start_enters_nothing(void)
{
	appliance_up();
	CHECK(partition_stop(state_of(ALPHA), STOP_OPERATOR, false) == OK);
	settle();
	CHECK(partition_start(state_of(ALPHA)) == OK);
	fake_trace_clear();
	CHECK(partition_stop(state_of(ALPHA), STOP_OPERATOR, false) == OK);
	settle();
	CHECK(state_of(ALPHA)->state == PARTITION_STOPPED);
	CHECK(!fake_traced("load alpha.0", NULL));
	CHECK(fake_traced("irq clear alpha", NULL));
}

static void do_restart_without_store(void *partition)
{
	CHECK(partition_stop(partition, STOP_GUEST_RESET, true) != OK);
}

static void no_pristine_image_resets_the_board(void)
{
	appliance_up();
	test_partitions[ALPHA].has_restart = false;
	CHECK(fake_run(0, do_restart_without_store, state_of(ALPHA)) == FAKE_BOARD_RESET);
	CHECK(partition_stop(state_of(ALPHA), STOP_OPERATOR, false) == OK);
	settle();
	CHECK(partition_start(state_of(ALPHA)) == ERR_DENIED);
}

/* A guest without seed finds none, rather than a known one. */
static void without_seed_the_guest_finds_none(void)
{
	uint32_t word;

	appliance_up();
	memset(fake.memory + 0x80000, 0x11, 0x11000);
	memset(fake.memory + 0xa0000, 0x22, 0x100);
	test_seed_is_dry = true;
	CHECK(partition_stop(state_of(ALPHA), STOP_OPERATOR, true) == OK);
	settle();
	test_seed_is_dry = false;
	for (uint32_t at = 0x30004; at < 0x30030; at += 4) {
		memcpy(&word, fake.memory + at, 4);
		CHECK(word == 0x04000000);
	}
	CHECK(fake.memory[0x30003] == 0x22 && fake.memory[0x30030] == 0x22);
	CHECK(state_of(ALPHA)->state == PARTITION_RUNNING);
}

static void seeds_are_fresh_at_each_start(void)
{
	uint8_t first;

	appliance_up();
	first = fake.memory[0x30010];
	CHECK(partition_stop(state_of(ALPHA), STOP_GUEST_RESET, true) == OK);
	settle();
	CHECK(first != 0 && fake.memory[0x30010] != 0 && fake.memory[0x30010] != first);
}

static void vcpu_off_is_off_once_it_is_out(void)
{
	appliance_up();
	CHECK(vcpu_power_on(&test_vcpus[1], 0x40300000, 7) == OK);
	(void)appliance_schedule(1);
	CHECK(vcpu_power_on(&test_vcpus[1], 0x40300000, 7) == ERR_STATE);
	fake.cpu = 1;
	vcpu_power_off(&test_vcpus[1]);
	CHECK(vcpu_power_on(&test_vcpus[1], 0, 0) == ERR_STATE); /* still in the machine */
	CHECK(appliance_schedule(1) == FAKE_IDLE_FOREVER);
	CHECK(fake_traced("save alpha.1", NULL) && test_cpus[1].current == NULL);
	CHECK(vcpu_power_on(&test_vcpus[1], 0x50000000, 9) == OK);
	CHECK(fake_traced("entry alpha.1 0x50000000 0x9", NULL));
	CHECK(appliance_schedule(1) == FAKE_RETURNED);
}

static void power_on_needs_a_running_partition(void)
{
	appliance_up();
	CHECK(partition_stop(state_of(ALPHA), STOP_OPERATOR, false) == OK);
	CHECK(vcpu_power_on(&test_vcpus[1], 0, 0) == ERR_STATE);
	settle();
	CHECK(vcpu_power_on(&test_vcpus[1], 0, 0) == ERR_STATE);
}

static void states_have_names(void)
{
	CHECK(!strcmp(partition_state_name(PARTITION_STOPPED), "stopped"));
	CHECK(!strcmp(partition_state_name(PARTITION_STARTING), "starting"));
	CHECK(!strcmp(partition_state_name(PARTITION_RUNNING), "running"));
	CHECK(!strcmp(partition_state_name(PARTITION_STOPPING), "stopping"));
	CHECK(!strcmp(partition_state_name(PARTITION_FAILED), "failed"));
}

int main(void)
{
	TEST(first_start_trusts_the_boot_stage);
	TEST(restart_follows_the_order);
	TEST(neighbours_keep_their_memory);
	TEST(stop_waits_for_every_vcpu);
	TEST(stop_by_policy_is_failed);
	TEST(two_dying_vcpus_leave_one_report);
	TEST(a_restart_that_resets_the_board_reports_first);
	TEST(restart_policy_has_a_limit);
	TEST(wrong_times_are_refused);
	TEST(stop_during_start_enters_nothing);
	TEST(no_pristine_image_resets_the_board);
	TEST(seeds_are_fresh_at_each_start);
	TEST(without_seed_the_guest_finds_none);
	TEST(vcpu_off_is_off_once_it_is_out);
	TEST(power_on_needs_a_running_partition);
	TEST(states_have_names);
	return tap_done();
}
