/* SPDX-License-Identifier: Apache-2.0 */
/* The emulated PL011 and PL031: registers, the page that is read without an exit, lines, and the alarm. */
#include "../tap.h"
#include "output.h"

#include "../../../hyp/arm64/devices.h"
#include "../../../hyp/arm64/uart.h"

#include <hyp/arch.h>
#include <hyp/pagetable.h>
#include <hyp/upcall.h>

#define UART 0x9000000u
#define RTC 0x9010000u
#define UART_PAGE 0xf0000u

static struct arch_plan_partition arch;
_Static_assert(sizeof(struct arm64_partition) <= STATE_BYTES, "the appliance has room for it");
static struct plan_emul emuls[2];

uint32_t board_clock_s(uint32_t otherwise)
{
	(void)otherwise;
	return 1700000000;
}

static struct pt_page *pool(void)
{
	return (struct pt_page *)(void *)(fake.memory + 0xc0000);
}

static void begin(void)
{
	struct arm64_partition *state;

	arch = (struct arch_plan_partition){ 0 };
	test_arch = &arch;
	output_begin(CONSOLE_ALL, BETA);
	arch = (struct arch_plan_partition){
		.has_uart = true, .has_rtc = true, .uart_ipa = { UART }, .uart_irq = 33, .rtc_irq = 34,
		.uart_page = { (uint64_t)(uintptr_t)(fake.memory + UART_PAGE) },
	};
	state = arm64_partition(&test_partitions[ALPHA]);
	emuls[0] = (struct plan_emul){ { UART }, 0x1000, &pl011_block, &state->uart };
	emuls[1] = (struct plan_emul){ { RTC }, 0x1000, &pl031_block, &state->rtc };
	test_partitions[ALPHA].emuls = emuls;
	test_partitions[ALPHA].emul_count = 2;
	test_partitions[ALPHA].stage2_pool = pool();
	test_partitions[ALPHA].stage2_page_count = 5;
	stage2_build(&test_partitions[ALPHA]);
	arch_devices_reset(&test_partitions[ALPHA]);
	fake_trace_clear();
}

static uint64_t read_width(uint32_t ipa, uint8_t width)
{
	struct vm_exit exit = { .class = EXIT_MMIO, .ipa = { ipa }, .width = width };

	CHECK(exit_mmio(&test_vcpus[0], &exit) == VERDICT_ADVANCE);
	return exit.value;
}

static uint64_t read_reg(uint32_t ipa)
{
	return read_width(ipa, 4);
}

static void write_width(uint32_t ipa, uint8_t width, uint64_t value)
{
	struct vm_exit exit = { .class = EXIT_MMIO, .ipa = { ipa }, .width = width, .is_write = true, .value = value };

	CHECK(exit_mmio(&test_vcpus[0], &exit) == VERDICT_ADVANCE);
}

static void write_reg(uint32_t ipa, uint64_t value)
{
	write_width(ipa, 4, value);
}

/* What the guest reads without an exit. */
static uint32_t page(uint32_t offset)
{
	uint32_t value;

	memcpy(&value, fake.memory + UART_PAGE + offset, 4);
	return value;
}

static bool page_is_shown(void)
{
	return *pagetable_page(pool(), UART) != 0;
}

static void uart_starts_as_hardware_does(void)
{
	begin();
	CHECK(page(0x018) == 0x90 && page(0x030) == 0x300 && page(0x034) == 0x12 && page(0x03c) == 0);
	CHECK(page(0xfe0) == 0x11 && page(0xfe4) == 0x10 && page(0xfe8) == 0x14 && page(0xfec) == 0);
	CHECK(page(0xff0) == 0x0d && page(0xff4) == 0xf0 && page(0xff8) == 0x05 && page(0xffc) == 0xb1);
	CHECK(page_is_shown());
	for (uint32_t offset = 0x004; offset < 0x1000; offset += 4)
		CHECK(read_reg(UART + offset) == page(offset));
}

static void a_byte_costs_one_write(void)
{
	begin();
	write_width(UART, 1, 'h');
	CHECK(page(0x03c) == 0x20 && page(0x018) == 0x90);
	write_width(UART, 2, 'i');
	write_reg(UART, '\n');
	CHECK(is_shown("[alpha] hi\r\n"));
	CHECK(!fake_traced("irq level", NULL));
	CHECK(page_is_shown());
}

static void transmit_interrupt(void)
{
	begin();
	write_reg(UART + 0x038, 0x20);
	CHECK(!fake_traced("irq level", NULL));
	write_reg(UART, '\n');
	CHECK(fake_traced("irq level alpha 33 1", NULL) && page(0x040) == 0x20);
	write_reg(UART + 0x044, 0x20);
	CHECK(fake_traced("irq level alpha 33 0", "irq level alpha 33 1") && page(0x03c) == 0);
	write_reg(UART, '\n');
	write_reg(UART + 0x038, 0);
	CHECK(fake_count("irq level alpha 33 0") == 2);
}

static void input_hides_the_page(void)
{
	begin();
	write_reg(UART + 0x038, 0x50);
	console_input(ALPHA, 'x');
	console_input(ALPHA, 'y');
	CHECK(!page_is_shown() && fake_traced("irq level alpha 33 1", NULL));
	CHECK(read_reg(UART + 0x018) == 0x80 && read_reg(UART + 0x03c) == 0x50 && read_reg(UART + 0x040) == 0x50);
	write_reg(UART + 0x044, 0x7ff);
	CHECK(read_reg(UART + 0x03c) == 0x50); /* bytes still wait: the time-out comes again at once */
	CHECK(read_reg(UART) == 'x' && !page_is_shown());
	CHECK(read_width(UART, 1) == 'y' && page_is_shown());
	CHECK(fake_traced("irq level alpha 33 0", "irq level alpha 33 1"));
	CHECK(page(0x018) == 0x90 && page(0x03c) == 0 && page(0x040) == 0);
	CHECK(read_reg(UART) == 0);
}

static void kept_registers(void)
{
	static const struct { uint32_t offset, mask; } kept[] = {
		{ 0x020, 0xff }, { 0x024, 0xffff }, { 0x028, 0x3f }, { 0x02c, 0xff }, { 0x030, 0xff87 }, { 0x034, 0x3f },
		{ 0x038, 0x7ff }, { 0x048, 7 },
	};

	begin();
	for (size_t i = 0; i < ARRAY_COUNT(kept); i++) {
		write_reg(UART + kept[i].offset, UINT32_MAX);
		CHECK(read_reg(UART + kept[i].offset) == kept[i].mask && page(kept[i].offset) == kept[i].mask);
	}
	CHECK(read_width(UART + 0x024, 1) == 0xff && read_width(UART + 0x025, 1) == 0xff && read_width(UART + 0x026, 2) == 0);
	write_width(UART + 0x031, 1, 0);
	CHECK(read_reg(UART + 0x030) == 0xff87);
	write_width(UART + 0x045, 1, 0xff);
	write_width(UART + 0x001, 1, 'x');
	write_width(UART + 0x018, 4, 0);
	write_width(UART + 0xfe0, 4, 0);
	CHECK(page(0x018) == 0x90 && page(0xfe0) == 0x11 && is_shown(""));
	arch_devices_reset(&test_partitions[ALPHA]);
	CHECK(page(0x024) == 0 && page(0x038) == 0 && page(0x030) == 0x300);
}

static void reset_shows_the_page(void)
{
	begin();
	console_input(ALPHA, 'x');
	CHECK(!page_is_shown());
	console_input_clear(&test_partitions[ALPHA]);
	arch_devices_reset(&test_partitions[ALPHA]);
	CHECK(page_is_shown() && page(0x018) == 0x90);
}

static void without_devices(void)
{
	begin();
	arch.has_uart = arch.has_rtc = false;
	console_input(ALPHA, 'x');
	arch_devices_reset(&test_partitions[ALPHA]);
	CHECK(page_is_shown());
	CHECK(arch_devices_deadline(&test_partitions[ALPHA]) == UINT64_MAX);
}

static void clock_runs(void)
{
	begin();
	CHECK(read_reg(RTC) == 1700000000 && read_reg(RTC + 0x00c) == 1);
	fake.counter += 5 * FAKE_HZ;
	CHECK(read_reg(RTC) == 1700000005);
	write_reg(RTC + 0x008, 1000);
	CHECK(read_reg(RTC) == 1000 && read_reg(RTC + 0x008) == 1000);
	arch_devices_reset(&test_partitions[ALPHA]);
	CHECK(read_reg(RTC) == 1000);
	write_reg(RTC, 5);
	write_reg(RTC + 0x00c, 0);
	CHECK(read_reg(RTC) == 1000 && read_reg(RTC + 0x00c) == 1);
	CHECK(read_reg(RTC + 0xfe0) == 0x31 && read_reg(RTC + 0xfe8) == 0x04 && read_reg(RTC + 0xffc) == 0xb1);
}

static void alarm_comes_on_its_second(void)
{
	uint64_t deadline;

	begin();
	fake.counter = 7 * FAKE_HZ + 300;
	write_reg(RTC + 0x010, 1);
	write_reg(RTC + 0x004, (uint32_t)read_reg(RTC) + 2);
	deadline = arch_devices_deadline(&test_partitions[ALPHA]);
	CHECK(deadline == 9 * FAKE_HZ);
	fake.counter = deadline - 1;
	arch_devices_tick(&test_partitions[ALPHA]);
	CHECK(read_reg(RTC + 0x014) == 0);
	fake.counter = deadline;
	arch_devices_tick(&test_partitions[ALPHA]);
	CHECK(read_reg(RTC + 0x014) == 1 && read_reg(RTC + 0x018) == 1 && read_reg(RTC) == read_reg(RTC + 0x004));
	CHECK(fake_traced("irq level alpha 34 1", NULL));
	CHECK(arch_devices_deadline(&test_partitions[ALPHA]) == UINT64_MAX);
	write_reg(RTC + 0x010, 0);
	CHECK(read_reg(RTC + 0x018) == 0 && read_reg(RTC + 0x014) == 1);
	write_reg(RTC + 0x01c, 1);
	CHECK(read_reg(RTC + 0x014) == 0);
	CHECK(fake_traced("irq level alpha 34 0", "irq level alpha 34 1"));
}

static void setting_the_clock_moves_the_alarm(void)
{
	begin();
	write_reg(RTC + 0x008, 100);
	CHECK(arch_devices_deadline(&test_partitions[ALPHA]) == UINT64_MAX);
	write_reg(RTC + 0x004, 110);
	write_reg(RTC + 0x008, 109);
	CHECK(arch_devices_deadline(&test_partitions[ALPHA]) == (fake.counter / FAKE_HZ + 1) * FAKE_HZ);
	write_reg(RTC + 0x008, 110);
	CHECK(arch_devices_deadline(&test_partitions[ALPHA]) <= fake.counter);
}

/* The scheduler's part: the CPU's timer is set for the alarm, and the tick comes. */
static void the_scheduler_wakes_for_it(void)
{
	begin();
	write_reg(RTC + 0x010, 1);
	write_reg(RTC + 0x004, (uint32_t)read_reg(RTC) + 1);
	CHECK(test_cpus[0].needs_schedule);
	CHECK(appliance_schedule(0) == FAKE_RETURNED);
	CHECK(fake.timer[0] == arch_devices_deadline(&test_partitions[ALPHA]));
	fake.counter = fake.timer[0];
	arch_irq_handle();
	CHECK(appliance_schedule(0) == FAKE_RETURNED);
	CHECK(fake_traced("irq level alpha 34 1", NULL) && fake.timer[0] == UINT64_MAX);
}

int main(void)
{
	TEST(uart_starts_as_hardware_does);
	TEST(a_byte_costs_one_write);
	TEST(transmit_interrupt);
	TEST(input_hides_the_page);
	TEST(kept_registers);
	TEST(reset_shows_the_page);
	TEST(without_devices);
	TEST(clock_runs);
	TEST(alarm_comes_on_its_second);
	TEST(setting_the_clock_moves_the_alarm);
	TEST(the_scheduler_wakes_for_it);
	return tap_done();
}
