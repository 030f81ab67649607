/* SPDX-License-Identifier: Apache-2.0 */
/* Formatting: what each conversion gives, and that no text outgrows its buffer. */
#include "../tap.h"

#include <hyp/print.h>

#include <string.h>

static char text[64];

#define GIVES(expected, ...) CHECK(text_format(text, sizeof(text), __VA_ARGS__) == strlen(expected) && !strcmp(text, expected))

static void strings_and_characters(void)
{
	GIVES("a-b%", "%s-%c%%", "a", 'b');
	GIVES("[   x][x   ]", "[%4s][%-4s]", "x", "x");
	GIVES("long word", "%2s", "long word");
}

static void numbers(void)
{
	GIVES("0 -1 7", "%d %d %u", 0, -1, 7u);
	GIVES("18446744073709551615", "%lu", UINT64_MAX);
	GIVES("-9223372036854775808", "%ld", INT64_MIN);
	GIVES("deadbeef 1f", "%lx %x", 0xdeadbeeful, 0x1fu);
	GIVES("4294967295", "%u", UINT32_MAX);
	GIVES("12", "%zu", (size_t)12);
}

static void widths(void)
{
	GIVES("0012|  12|12  |", "%04u|%4u|%-4u|", 12u, 12u, 12u);
	GIVES("-012|  -5|-5  |", "%04d|%4d|%-4d|", -12, -5, -5);
	GIVES("00000000000000ff", "%016lx", 0xfful);
	GIVES("123456", "%03u", 123456u);
}

/* The compiler's check of formats would refuse these, so they come through a pointer. */
static size_t odd(const char *format, ...)
{
	va_list args;
	size_t length;

	va_start(args, format);
	length = print_format(text, sizeof(text), format, args);
	va_end(args);
	text[length] = '\0';
	return length;
}

static void what_is_unknown_stands(void)
{
	const char *unknown = "%q!", *open = "x%", *string = "%s";

	CHECK(odd(unknown) == 2 && !strcmp(text, "q!"));
	CHECK(odd(open) == 1 && !strcmp(text, "x"));
	CHECK(odd(string, (const char *)NULL) == 6 && !strcmp(text, "(none)"));
}

static void buffers_hold(void)
{
	char small[4] = "...";

	CHECK(text_format(small, sizeof(small), "%s", "abcdef") == 3 && !strcmp(small, "abc"));
	CHECK(text_format(small, 1, "%u", 77u) == 0 && small[0] == '\0');
}

int main(void)
{
	TEST(strings_and_characters);
	TEST(numbers);
	TEST(widths);
	TEST(what_is_unknown_stands);
	TEST(buffers_hold);
	return tap_done();
}
