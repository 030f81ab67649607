/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's keys: what goes to a guest, and what each command does. */
#include "../tap.h"
#include "output.h"

#include <hyp/upcall.h>

static struct partition *state_of(uint32_t partition)
{
	return test_partitions[partition].state;
}

/* Keys go to alpha, everything is shown. */
static void begin(void)
{
	output_begin(CONSOLE_ALL, ALPHA);
	type("\x14" "0");
	type("\x14" "a");
	forget();
}

static void the_first_line_names_the_keys(void)
{
	begin();
	console_boot();
	drain();
	CHECK(has_shown("[hyp] keys: ^T, then"));
	CHECK(has_shown("switch") && has_shown("state") && has_shown("restart") && has_shown("quit"));
	CHECK(fake_traced("uart route 0", NULL));
}

static void control_keys_reach_the_guest(void)
{
	begin();
	type("\x03\x01x");
	CHECK(console_read(&test_partitions[ALPHA]) == 3);
	CHECK(console_read(&test_partitions[ALPHA]) == 1);
	CHECK(console_read(&test_partitions[ALPHA]) == 'x');
	CHECK(console_read(&test_partitions[ALPHA]) == -1);
}

static void prefix_twice_is_sent(void)
{
	begin();
	type("\x14\x14");
	CHECK(console_read(&test_partitions[ALPHA]) == PREFIX);
	CHECK(console_read(&test_partitions[ALPHA]) == -1);
}

static void partitions_are_picked(void)
{
	begin();
	type("\x14" "1k");
	CHECK(console_read(&test_partitions[BETA]) == 'k');
	CHECK(has_shown("[hyp] console: one, keys go to 1 beta"));
	type("\x14nl");
	CHECK(console_read(&test_partitions[GAMMA]) == 'l');
	type("\x14nm");
	CHECK(console_read(&test_partitions[ALPHA]) == 'm');
	type("\x14" "9");
	CHECK(has_shown("there is no partition 9"));
	type("n");
	CHECK(console_read(&test_partitions[ALPHA]) == 'n');
}

static void modes_are_told(void)
{
	begin();
	type("\x14m");
	drain();
	CHECK(has_shown("console: tool, keys go to 0 alpha"));
	type("\x14" "a");
	drain();
	CHECK(has_shown("console: all, keys go to 0 alpha"));
}

static void stop_start_restart(void)
{
	begin();
	type("\x14x");
	CHECK(state_of(ALPHA)->state == PARTITION_STOPPING && state_of(ALPHA)->cause == STOP_OPERATOR);
	CHECK(has_shown("alpha: stop\r\n"));
	type("\x14r");
	CHECK(has_shown("alpha: cannot restart: stopping\r\n"));
	for (int i = 0; i < 4; i++)
		for (uint32_t cpu = 0; cpu < 3; cpu++)
			(void)appliance_schedule(cpu);
	CHECK(state_of(ALPHA)->state == PARTITION_STOPPED);
	type("\x14g");
	CHECK(state_of(ALPHA)->state == PARTITION_STARTING);
	for (int i = 0; i < 4; i++)
		(void)appliance_schedule(0);
	type("\x14r");
	CHECK(state_of(ALPHA)->state == PARTITION_STOPPING && state_of(ALPHA)->restart_wanted);
}

static void start_without_an_image_is_refused(void)
{
	begin();
	test_partitions[ALPHA].has_restart = false;
	state_of(ALPHA)->state = PARTITION_FAILED;
	type("\x14r");
	drain();
	CHECK(has_shown("cannot restart: the plan keeps no image to start from"));
}

static void state_comes_in_pieces(void)
{
	begin();
	fake.uart_room = 30;
	type("\x14s");
	CHECK(fake_traced("kick 1", NULL) && fake_traced("kick 2", NULL));
	CHECK(console_pump());
	CHECK(!has_shown("vcpu"));
	fake.uart_room = UINT32_MAX;
	drain();
	CHECK(has_shown("state of unit test on fake:"));
	CHECK(has_shown("0 alpha: running"));
	CHECK(has_shown("vcpu 0 on cpu 0: running, pending interrupts 0"));
	CHECK(has_shown("vcpu 1 on cpu 1: off"));
	CHECK(has_shown("2 gamma: starting"));
	CHECK(has_shown("no output yet"));
	CHECK(!console_pump());
}

/* Finds room as soon as a line is out, while the CPU that shows the state has not gone on. */
static void other_cpu_pumps(void)
{
	if (console_is_behind())
		fake.on_uart_put = other_cpu_pumps;
	else
		CHECK(keys_pump());
}

static void state_is_shown_by_one_cpu_at_a_time(void)
{
	const char *first, *second;

	begin();
	type("\x14s");
	fake.on_uart_put = other_cpu_pumps;
	drain();
	CHECK(!fake.on_uart_put);
	first = strstr(fake.uart_output, "vcpu 0 on cpu 0");
	second = strstr(fake.uart_output, "vcpu 1 on cpu 1");
	CHECK(first && second && first < second);
	CHECK(!console_pump());
}

static void a_list_that_is_shown_goes_on(void)
{
	begin();
	fake.uart_room = 30;
	type("\x14s");
	type("\x14s");
	fake.uart_room = UINT32_MAX;
	drain();
	CHECK(strstr(fake.uart_output, "state of unit test") == strstr(fake.uart_output, "state of"));
	CHECK(!strstr(strstr(fake.uart_output, "state of") + 1, "state of"));
}

static void quit_asks_first(void)
{
	begin();
	type("\x14qn");
	CHECK(has_shown("turn the board off?") && has_shown("going on"));
	type("\x14q\r");
	CHECK(!fake_traced("board off", NULL));
	CHECK(console_read(&test_partitions[ALPHA]) == -1);
}

static void unknown_keys_and_help(void)
{
	begin();
	type("\x14Z");
	CHECK(has_shown("no such key"));
	type("\x14h");
	drain();
	CHECK(has_shown("^T q  turn the board off") && has_shown("^T 2  gamma"));
}

static void do_quit(void *unused)
{
	(void)unused;
	type("\x14qy");
}

/* Must be the last test: the console does not come back. */
static void quit_turns_the_board_off(void)
{
	begin();
	fake.uart_room = 10;
	output_write(ALPHA, "x\n");
	fake.uart_room = 3;
	hyp_print("last words");
	fake.uart_room = UINT32_MAX;
	CHECK(fake_run(0, do_quit, NULL) == FAKE_BOARD_OFF);
	CHECK(has_shown("last words") && has_shown("turning the board off"));
}

int main(void)
{
	TEST(the_first_line_names_the_keys);
	TEST(control_keys_reach_the_guest);
	TEST(prefix_twice_is_sent);
	TEST(partitions_are_picked);
	TEST(modes_are_told);
	TEST(stop_start_restart);
	TEST(start_without_an_image_is_refused);
	TEST(state_comes_in_pieces);
	TEST(state_is_shown_by_one_cpu_at_a_time);
	TEST(a_list_that_is_shown_goes_on);
	TEST(quit_asks_first);
	TEST(unknown_keys_and_help);
	TEST(quit_turns_the_board_off);
	return tap_done();
}
