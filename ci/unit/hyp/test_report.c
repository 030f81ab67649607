/* SPDX-License-Identifier: Apache-2.0 */
/* Reports: reason, owner of an address, function names, the last exits; then a panic, which resets the board. */
#include "../tap.h"
#include "output.h"

#include <hyp/report.h>
#include <hyp/upcall.h>

static const struct plan_symbol symbols[] = { { 0x1000, "start" }, { 0x1100, "main" }, { 0x2000, "idle" } };
static const struct mmio_block block = { .name = "PL011" };
static const struct plan_emul emuls[] = { { .base = { 0x9000000 }, .size = 0x1000, .block = &block } };

static void begin(void)
{
	output_begin(CONSOLE_ALL, BETA);
	test_partitions[ALPHA].symbols = symbols;
	test_partitions[ALPHA].symbol_count = 3;
	test_partitions[ALPHA].emuls = emuls;
	test_partitions[ALPHA].emul_count = 1;
}

static void symbols_are_found(void)
{
	uint64_t offset = 77;

	begin();
	CHECK(!symbol_find(&test_partitions[BETA], 0x1000, &offset));
	CHECK(!symbol_find(&test_partitions[ALPHA], 0xfff, &offset));
	CHECK(!strcmp(symbol_find(&test_partitions[ALPHA], 0x1000, &offset), "start") && offset == 0);
	CHECK(!strcmp(symbol_find(&test_partitions[ALPHA], 0x10ff, &offset), "start") && offset == 0xff);
	CHECK(!strcmp(symbol_find(&test_partitions[ALPHA], 0x1104, &offset), "main") && offset == 4);
	CHECK(!strcmp(symbol_find(&test_partitions[ALPHA], 0x9000, &offset), "idle") && offset == 0x7000);
}

static void owner_is_named(void)
{
	begin();
	report_owner(&test_partitions[ALPHA], (ipa_t){ 0x9000018 });
	drain();
	CHECK(has_shown("address 0x9000018 is in PL011 of alpha, 0x9000000 to 0x9000fff"));
	report_owner(&test_partitions[ALPHA], (ipa_t){ 0x40028000 });
	drain();
	CHECK(has_shown("address 0x40028000 is nobody's; nearest is ram of alpha, 0x40000000 to 0x40027fff"));
	report_owner(&test_partitions[ALPHA], (ipa_t){ 0x0 });
	drain();
	CHECK(has_shown("address 0x0 is nobody's; nearest is PL011"));
	forget();
	test_partitions[GAMMA].map_count = 0;
	report_owner(&test_partitions[GAMMA], (ipa_t){ 0x0 });
	CHECK(is_shown(""));
}

static void a_report_tells_all(void)
{
	begin();
	for (uint64_t i = 1; i <= 10; i++)
		exit_record(&test_vcpus[0], EXIT_MMIO, 0x4000 + i, i, i == 10 ? 0x50000000 : 0);
	report_partition(&test_vcpus[0], "it broke");
	drain();
	CHECK(has_shown("report: partition alpha: it broke"));
	CHECK(has_shown("vcpu 0 on cpu 0, start 1, faults 0"));
	CHECK(has_shown("pc 0x1000: start+0x0"));
	CHECK(has_shown("address 0x50000000 is nobody's"));
	CHECK(has_shown("registers of alpha.0"));
	CHECK(has_shown("exit at 0x400a syndrome 0xa\r\n[hyp] exit at 0x4009 syndrome 0x9"));
	CHECK(has_shown("exit at 0x4003") && !has_shown("exit at 0x4002"));
	CHECK(has_shown("end of report"));
}

static void show(struct vcpu *vcpu)
{
	forget();
	report_vcpu_state(vcpu);
	drain();
}

static void states_have_words(void)
{
	static const struct { uint32_t state; const char *word; } words[] = {
		{ VCPU_OFF, ": off," }, { VCPU_STOPPED, ": stopped," }, { VCPU_WAITING, ": waiting for its partition," },
		{ VCPU_READY, ": ready," },
	};

	begin();
	for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
		test_vcpus[1].state = words[i].state;
		show(&test_vcpus[1]);
		CHECK(has_shown(words[i].word));
	}
	test_vcpus[1].is_idle = true;
	show(&test_vcpus[1]);
	CHECK(has_shown(": waiting for an interrupt,"));
	show(&test_vcpus[0]);
	CHECK(has_shown(": running,"));
}

static void state_counts_exits(void)
{
	begin();
	exit_record(&test_vcpus[2], EXIT_HYPERCALL, 0x4000, 5, 0);
	exit_record(&test_vcpus[2], EXIT_WAIT, 0x5000, 6, 0);
	output_write(BETA, "hello\n");
	fake.irq_of = &test_vcpus[2];
	show(&test_vcpus[2]);
	CHECK(has_shown("1 beta: running, starts 1, faults 0, heartbeats 0\r\n[hyp]   printed 6 bytes, lost 0"));
	CHECK(!has_shown("no output yet"));
	CHECK(has_shown("pending interrupts 1"));
	CHECK(has_shown("exits: interrupt 0 call 1 mmio 0 register 0 wait 1 cache 0 fault 0 error 0"));
	CHECK(has_shown("exit at 0x5000"));
}

static void a_partition_without_console(void)
{
	begin();
	test_partitions[BETA].console = NULL;
	show(&test_vcpus[2]);
	CHECK(has_shown("no console") && !has_shown("no output yet"));
}

static void do_assert(void *unused)
{
	(void)unused;
	ASSERT(1 + 1 == 3);
}

/* The rest, in this order: the console does not come back from a panic. */
static void a_panic_reports_and_resets(void)
{
	begin();
	fake.uart_room = 5;
	hyp_print("unsaid");
	fake.uart_room = UINT32_MAX;
	CHECK(fake_run(0, do_assert, NULL) == FAKE_BOARD_RESET);
	CHECK(has_shown("unsaid"));
	CHECK(has_shown("[hyp] assertion failed: 1 + 1 == 3, test_report.c line"));
	CHECK(has_shown("report: partition alpha: it was loaded"));
	CHECK(has_shown("\r\n[hyp] end of report\r\n[hyp] the board is reset\r\n"));
}

static void a_panic_in_the_report_resets(void)
{
	fake.uart_output_count = 0;
	CHECK(fake_run(0, do_assert, NULL) == FAKE_BOARD_RESET);
	CHECK(fake.uart_output_count == 0);
}

static void another_cpu_waits_for_the_reset(void)
{
	CHECK(fake_run(1, do_assert, NULL) == FAKE_PANIC); /* the fake ends whoever spins */
	CHECK(fake.uart_output_count == 0);
}

static void the_uart_pumps_no_more(void)
{
	CHECK(console_pump());
	CHECK(fake.uart_output_count == 0);
}

int main(void)
{
	TEST(symbols_are_found);
	TEST(owner_is_named);
	TEST(a_report_tells_all);
	TEST(states_have_words);
	TEST(state_counts_exits);
	TEST(a_partition_without_console);
	TEST(a_panic_reports_and_resets);
	TEST(a_panic_in_the_report_resets);
	TEST(another_cpu_waits_for_the_reset);
	TEST(the_uart_pumps_no_more);
	return tap_done();
}
