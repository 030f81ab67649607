/* SPDX-License-Identifier: Apache-2.0 */
/* Emulated registers and guest mistakes: what each access is answered with, and when a policy acts. */
#include "../tap.h"
#include "appliance.h"

#include <hyp/upcall.h>

static uint64_t written, state_seen;

static void read_answer(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	(void)vcpu;
	access->value = reg->arg + access->offset - reg->offset;
	state_seen = *(uint64_t *)access->state;
}

static void write_note(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	(void)vcpu;
	(void)reg;
	written = access->value;
}

static const struct mmio_reg regs[] = {
	{ .offset = 0x00, .size = 4, .widths = MMIO_W32, .read = read_answer, .write = write_note, .arg = 0x100, .why = "A" },
	{ .offset = 0x08, .size = 4, .widths = MMIO_W32 | MMIO_W8, .read = read_answer, .arg = 0x200, .why = "B: read only" },
	{ .offset = 0x10, .size = 0x20, .widths = MMIO_W8 | MMIO_W16 | MMIO_W32 | MMIO_W64, .read = read_answer, .arg = 0x300, .why = "C: array" },
	{ .offset = 0x40, .size = 4, .widths = MMIO_W32, .write = write_note, .why = "D: write only, reads as zero" },
};
static const struct mmio_block strict = { .name = "strict", .regs = regs, .reg_count = 4, .rest_is_zero = false };
static const struct mmio_block lenient = { .name = "lenient", .regs = regs, .reg_count = 4, .rest_is_zero = true };
static uint64_t block_state = 77;
static const struct plan_emul emuls[] = {
	{ .base = { 0x8000000 }, .size = 0x1000, .block = &strict, .state = &block_state },
	{ .base = { 0x9000000 }, .size = 0x1000, .block = &lenient, .state = &block_state },
};

static struct vm_exit access_of(uint64_t ipa, uint8_t width, bool is_write, uint64_t value)
{
	return (struct vm_exit){ .class = EXIT_MMIO, .ipa = { ipa }, .width = width, .is_write = is_write, .value = value };
}

static void begin(void)
{
	appliance_up();
	test_partitions[ALPHA].emuls = emuls;
	test_partitions[ALPHA].emul_count = 2;
	written = state_seen = 0;
	fake.cpu = 0;
}

static enum verdict try_access(struct vm_exit *exit)
{
	return exit_mmio(&test_vcpus[0], exit);
}

static void registers_are_found(void)
{
	struct vm_exit a = access_of(0x8000000, 4, false, 0);
	struct vm_exit c = access_of(0x800002f, 1, false, 0);
	struct vm_exit w = access_of(0x8000040, 4, true, 0xabcd);
	struct vm_exit ro = access_of(0x8000008, 4, true, 1);

	begin();
	CHECK(try_access(&a) == VERDICT_ADVANCE && a.value == 0x100 && state_seen == 77);
	CHECK(try_access(&c) == VERDICT_ADVANCE && c.value == 0x31f);
	CHECK(try_access(&w) == VERDICT_ADVANCE && written == 0xabcd);
	CHECK(try_access(&ro) == VERDICT_ADVANCE);
	CHECK(test_partitions[ALPHA].state->fault_count == 0);
}

static void reads_without_a_function_are_zero(void)
{
	struct vm_exit r = access_of(0x8000040, 4, false, 0xffff);
	struct vm_exit rest = access_of(0x9000080, 4, false, 0xffff);

	begin();
	CHECK(try_access(&r) == VERDICT_ADVANCE && r.value == 0);
	CHECK(try_access(&rest) == VERDICT_ADVANCE && rest.value == 0);
}

static void wrong_accesses_fault(void)
{
	struct vm_exit bad[] = {
		access_of(0x8000002, 4, false, 0),          /* unaligned */
		access_of(0x8000000, 8, false, 0),          /* width */
		access_of(0x8000000, 1, true, 0),
		access_of(0x8000044, 4, false, 0),          /* between */
		access_of(0x8000ffc, 4, true, 0),
		access_of(0x8001000, 4, false, 0),          /* behind the block */
		access_of(0x9001000, 4, false, 0),          /* behind one whose rest is zero */
		access_of(0x7fffffc, 4, false, 0),          /* before it */
		access_of(0, 4, true, 0),
		access_of(UINT64_MAX & ~7ull, 8, true, 0),
		access_of(0x8000000, 0, false, 0),          /* not decoded */
	};

	begin();
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		CHECK(try_access(&bad[i]) == VERDICT_FAULT);
	CHECK(test_partitions[ALPHA].state->fault_count == ARRAY_COUNT(bad));
	CHECK(written == 0);
}

static void a_fetch_from_a_register_faults(void)
{
	struct vm_exit fetch = access_of(0x8000000, 4, false, 0);

	begin();
	fetch.is_fetch = true;
	CHECK(try_access(&fetch) == VERDICT_FAULT);
}

static void a_fault_storm_is_told_rarely(void)
{
	struct vm_exit bad = access_of(0, 4, true, 0);

	begin();
	for (int i = 0; i < 10000; i++)
		CHECK(try_access(&bad) == VERDICT_FAULT);
	CHECK(fake_count("print alpha vCPU 0") < 20);
	CHECK(test_partitions[ALPHA].state->fault_count == 10000);
}

static void the_fault_limit_acts_once_passed(void)
{
	struct vm_exit bad = access_of(0, 4, true, 0);

	begin();
	test_partitions[ALPHA].fault_limit = 3;
	for (int i = 0; i < 3; i++)
		CHECK(try_access(&bad) == VERDICT_FAULT);
	CHECK(try_access(&bad) == VERDICT_STOP);
	CHECK(test_partitions[ALPHA].state->state == PARTITION_STOPPING);
}

static void a_report_policy_never_stops_for_faults(void)
{
	struct vm_exit bad = access_of(0, 4, true, 0);

	begin();
	test_partitions[ALPHA].fault_limit = 3;
	test_partitions[ALPHA].policy = PLAN_POLICY_REPORT;
	for (int i = 0; i < 30; i++)
		CHECK(try_access(&bad) == VERDICT_FAULT);
}

static void the_second_dead_vcpu_waits(void)
{
	begin();
	CHECK(exit_guest_dead(&test_vcpus[0], STOP_FAULT, "first") == VERDICT_STOP);
	CHECK(exit_guest_dead(&test_vcpus[1], STOP_FAULT, "second") == VERDICT_WAIT);
}

static void exits_are_remembered(void)
{
	begin();
	for (uint64_t i = 0; i < EXIT_HISTORY + 3; i++)
		exit_record(&test_vcpus[0], EXIT_HYPERCALL, i, 0, 0);
	CHECK(test_vcpus[0].exits[EXIT_HYPERCALL] == EXIT_HISTORY + 3);
	CHECK(test_vcpus[0].history[(test_vcpus[0].history_next - 1) % EXIT_HISTORY].pc == EXIT_HISTORY + 2);
}

int main(void)
{
	TEST(registers_are_found);
	TEST(reads_without_a_function_are_zero);
	TEST(wrong_accesses_fault);
	TEST(a_fetch_from_a_register_faults);
	TEST(a_fault_storm_is_told_rarely);
	TEST(the_fault_limit_acts_once_passed);
	TEST(a_report_policy_never_stops_for_faults);
	TEST(the_second_dead_vcpu_waits);
	TEST(exits_are_remembered);
	return tap_done();
}
