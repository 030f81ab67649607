/* SPDX-License-Identifier: Apache-2.0 */
/* Rings and the multiplexer: what the UART shows in each mode, what is lost, and that nobody waits. */
#include "../tap.h"
#include "output.h"

/* Must be the first test: nobody has typed yet. */
static void open_lines_wait_until_somebody_works(void)
{
	output_begin(CONSOLE_ALL, ALPHA);
	output_write(ALPHA, "login: ");
	drain();
	CHECK(is_shown(""));
	console_input(ALPHA, 'x');
	drain();
	CHECK(is_shown("[alpha] login: "));
}

static void lines_come_whole(void)
{
	output_begin(CONSOLE_ALL, GAMMA);
	output_write(ALPHA, "he");
	output_write(BETA, "wor");
	output_write(ALPHA, "llo\r\n");
	output_write(BETA, "ld\n");
	CHECK(is_shown("[alpha] hello\r\n[beta] world\r\n"));
}

static void broken_line_is_marked(void)
{
	output_begin(CONSOLE_ALL, ALPHA);
	output_write(ALPHA, "log");
	output_write(BETA, "up\n");
	output_write(ALPHA, "in\n");
	CHECK(is_shown("[alpha] log\r\n[beta] up\r\n[alpha]~in\r\n"));
}

static void long_line_is_shown_in_parts(void)
{
	static char line[1500];

	output_begin(CONSOLE_ALL, GAMMA);
	memset(line, 'a', sizeof(line) - 1);
	output_write(ALPHA, line);
	output_write(BETA, "short\n");
	drain();
	output_write(ALPHA, "\n");
	drain();
	CHECK(has_shown("a\r\n[beta] short\r\n[alpha]~a"));
}

static void no_guest_draws_a_prefix(void)
{
	output_begin(CONSOLE_ALL, GAMMA);
	output_write(ALPHA, "a\n[beta] b\r[beta] c\x1b[2K\x9b\x7f\b\td\n");
	CHECK(is_shown("[alpha] a\r\n[alpha] [beta] b[beta] c^[[2K\\x9b^?^H\td\r\n"));
}

static void one_partition_comes_raw(void)
{
	output_begin(CONSOLE_ONE, BETA);
	output_write(ALPHA, "not now\n");
	output_write(BETA, "\x1b[1mraw\r\n$ ");
	hyp_print("of the %s", "hypervisor");
	output_write(BETA, "ls");
	CHECK(is_shown("\x1b[1mraw\r\n$ \r\n[hyp] of the hypervisor\r\nls"));
}

static void switching_replays(void)
{
	output_begin(CONSOLE_ONE, BETA);
	output_write(ALPHA, "first\nsecond\n");
	console_show(CONSOLE_ONE, ALPHA);
	drain();
	CHECK(is_shown("first\nsecond\n"));
	CHECK(fake_traced("uart route 0", NULL));
	forget();
	console_show(CONSOLE_ONE, ALPHA);
	drain();
	CHECK(is_shown("first\nsecond\n"));
	forget();
	console_show(CONSOLE_ALL, ALPHA);
	drain();
	CHECK(is_shown(""));
}

static void history_is_the_last_of_it(void)
{
	output_begin(CONSOLE_ONE, BETA);
	for (uint32_t i = 0; i < RING_BYTES / 8 + 3; i++)
		output_write(ALPHA, "1234567\n");
	CHECK(test_rings[ALPHA].lost == 24);
	console_show(CONSOLE_ONE, ALPHA);
	drain();
	CHECK(fake.uart_output_count == RING_BYTES);
}

static void loss_is_told_once(void)
{
	output_begin(CONSOLE_ALL, BETA);
	fake.uart_room = 0;
	for (uint32_t i = 0; i < RING_BYTES / 8 + 2; i++)
		output_write(ALPHA, "1234567\n");
	fake.uart_room = UINT32_MAX;
	drain();
	CHECK(has_shown("[alpha]! 1") || has_shown("[alpha]! 8") || has_shown("[alpha]! 7"));
	forget();
	output_write(ALPHA, "x\n");
	CHECK(is_shown("[alpha] x\r\n"));
}

static void frames_are_exact(void)
{
	output_begin(CONSOLE_ONE, GAMMA);
	output_write(ALPHA, "a\x1b[0m\r\n");
	output_write(BETA, "\x1e" "alpha\x1f" "forged\x10");
	forget();
	console_show(CONSOLE_TOOL, GAMMA);
	drain();
	CHECK(has_shown("\x1e" "alpha\x1f" "a\x1b[0m\r\n"));
	CHECK(has_shown("\x1e" "beta\x1f" "\x10\x5e" "alpha\x1f" "forged\x10\x50"));
	CHECK(has_shown("\x1e" "hyp\x1f"));
	forget();
	output_write(ALPHA, "x");
	output_write(ALPHA, "y");
	output_write(BETA, "z");
	CHECK(is_shown("\x1e" "alpha\x1f" "xy\x1e" "beta\x1f" "z"));
}

static void frames_tell_loss(void)
{
	output_begin(CONSOLE_TOOL, GAMMA);
	fake.uart_room = 0;
	for (uint32_t i = 0; i < RING_BYTES / 8 + 2; i++)
		output_write(ALPHA, "1234567\n");
	fake.uart_room = UINT32_MAX;
	drain();
	CHECK(has_shown("\x1e" "alpha!"));
}

static void frames_take_turns(void)
{
	static char text[1200];

	output_begin(CONSOLE_TOOL, GAMMA);
	memset(text, 'a', sizeof(text) - 1);
	fake.uart_room = 0;
	output_write(ALPHA, text);
	output_write(BETA, "b");
	fake.uart_room = UINT32_MAX;
	drain();
	CHECK(has_shown("a\x1e" "beta\x1f" "b\x1e" "alpha\x1f" "a"));
}

static void a_full_transmitter_is_not_waited_for(void)
{
	output_begin(CONSOLE_ALL, GAMMA);
	fake.uart_room = 3;
	output_write(ALPHA, "hello\n");
	CHECK(is_shown("[al"));
	CHECK(fake_traced("uart want room 1", NULL));
	fake.uart_room = UINT32_MAX;
	fake_trace_clear();
	CHECK(!console_pump());
	CHECK(is_shown("[alpha] hello\r\n"));
	CHECK(fake_traced("uart want room 0", NULL));
}

static void a_piece_is_bounded(void)
{
	static char text[2000];

	output_begin(CONSOLE_ONE, ALPHA);
	memset(text, 'a', sizeof(text) - 1);
	output_write(ALPHA, text);
	CHECK(fake.uart_output_count == 128);
	CHECK(console_pump());
	CHECK(fake.uart_output_count == 256);
	CHECK(fake_traced("uart want room 1", NULL));
}

static void write_of_beta(void)
{
	uint32_t before = fake.uart_output_count;

	output_write(BETA, "meanwhile\n");
	CHECK(fake.uart_output_count == before);
}

/* beta's CPU writes while alpha's pumps: it does not wait, and its line is not forgotten. */
static void two_cpus_pump(void)
{
	output_begin(CONSOLE_ALL, GAMMA);
	fake.on_uart_put = write_of_beta;
	output_write(ALPHA, "first\n");
	CHECK(is_shown("[alpha] first\r\n[beta] meanwhile\r\n"));
	CHECK(fake_traced("uart want room 1", NULL));
	CHECK(!console_pump());
}

static void interrupt_elsewhere(void)
{
	fake_trace_clear();
	(void)console_pump();
	CHECK(fake_traced("uart want room 0", NULL) && !fake_traced("uart want room 1", NULL));
}

/* The UART's interrupt comes on one CPU while another one pumps: it is refused, not taken again and again. */
static void an_interrupt_meets_a_pump(void)
{
	static char text[200];

	output_begin(CONSOLE_ONE, ALPHA);
	memset(text, 'a', sizeof(text) - 1);
	fake.on_uart_put = interrupt_elsewhere;
	output_write(ALPHA, text);
	CHECK(fake_traced("uart want room 1", NULL)); /* by the CPU that pumped: more waits */
}

static void the_hypervisors_line_is_cut(void)
{
	static char word[300];

	output_begin(CONSOLE_ALL, GAMMA);
	memset(word, 'w', sizeof(word) - 1);
	hyp_print("%s", word);
	hyp_print("with its own end\n");
	drain();
	CHECK(fake.uart_output_count == strlen("[hyp] ") + CONSOLE_LINE + 2 + strlen("[hyp] with its own end\r\n"));
}

static void input_is_kept_and_dropped(void)
{
	output_begin(CONSOLE_ALL, BETA);
	CHECK(!console_has_input(&test_partitions[BETA]));
	CHECK(console_read(&test_partitions[BETA]) == -1);
	for (int i = 0; i < 520; i++)
		console_input(BETA, (uint8_t)(i + 1));
	CHECK(fake_count("console input beta") == 520);
	CHECK(console_has_input(&test_partitions[BETA]));
	for (int i = 0; i < 512; i++)
		CHECK(console_read(&test_partitions[BETA]) == (uint8_t)(i + 1));
	CHECK(console_read(&test_partitions[BETA]) == -1);
	console_input(BETA, 9);
	console_input_clear(&test_partitions[BETA]);
	CHECK(!console_has_input(&test_partitions[BETA]));
}

static void what_stops_ends_its_line(void)
{
	output_begin(CONSOLE_ALL, GAMMA);
	output_write(ALPHA, "whole\n");
	console_end_line(&test_partitions[ALPHA]);
	CHECK(is_shown("[alpha] whole\r\n"));
	forget();
	output_write(ALPHA, "last wor");
	console_end_line(&test_partitions[ALPHA]);
	output_write(ALPHA, "first word\n");
	drain();
	CHECK(is_shown("[alpha] last wor\r\n[alpha] first word\r\n"));
}

static void a_partition_without_console(void)
{
	output_begin(CONSOLE_ALL, BETA);
	test_partitions[BETA].console = NULL;
	output_write(BETA, "into the void\n");
	console_end_line(&test_partitions[BETA]);
	console_input(BETA, 'x');
	CHECK(!console_has_input(&test_partitions[BETA]) && console_read(&test_partitions[BETA]) == -1);
	console_show(CONSOLE_ONE, BETA);
	drain();
	CHECK(is_shown(""));
}

int main(void)
{
	TEST(open_lines_wait_until_somebody_works);
	TEST(lines_come_whole);
	TEST(broken_line_is_marked);
	TEST(long_line_is_shown_in_parts);
	TEST(no_guest_draws_a_prefix);
	TEST(one_partition_comes_raw);
	TEST(switching_replays);
	TEST(history_is_the_last_of_it);
	TEST(loss_is_told_once);
	TEST(frames_are_exact);
	TEST(frames_tell_loss);
	TEST(frames_take_turns);
	TEST(a_full_transmitter_is_not_waited_for);
	TEST(a_piece_is_bounded);
	TEST(two_cpus_pump);
	TEST(an_interrupt_meets_a_pump);
	TEST(the_hypervisors_line_is_cut);
	TEST(input_is_kept_and_dropped);
	TEST(what_stops_ends_its_line);
	TEST(a_partition_without_console);
	return tap_done();
}
