/* SPDX-License-Identifier: Apache-2.0 */
/* Text output and line input through the firmware. It must not know what is said. */

#include "console.h"

#include <stdarg.h>

#include "efi.h"

static void put_char(char c)
{
	uint16_t text[3] = { (uint16_t)c, 0, 0 };

	if (c == '\n') {
		text[0] = '\r';
		text[1] = '\n';
	}
	efi_system->output->output_string(efi_system->output, text);
}

static void put_text(const char *text)
{
	while (*text)
		put_char(*text++);
}

static void put_number(uint64_t value, unsigned int base)
{
	char digits[21];
	unsigned int at = sizeof(digits);

	digits[--at] = 0;
	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	put_text(base == 16 ? "0x" : "");
	put_text(digits + at);
}

static void put_argument(char kind, va_list *args)
{
	switch (kind) {
	case 's':
		put_text(va_arg(*args, const char *));
		return;
	case 'x':
		put_number(va_arg(*args, uint64_t), 16);
		return;
	case 'u':
		put_number(va_arg(*args, uint64_t), 10);
		return;
	case 'c':
		put_char((char)va_arg(*args, int));
		return;
	default:
		put_char(kind);
	}
}

void console_print(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	for (; *format; format++) {
		if (*format == '%' && format[1])
			put_argument(*++format, &args);
		else
			put_char(*format);
	}
	va_end(args);
}

static char read_char(void)
{
	struct efi_key key;

	while (efi_system->input->read_key(efi_system->input, &key) != EFI_SUCCESS)
		efi_system->boot->stall(10000);
	return key.unicode < 0x7f ? (char)key.unicode : 0;
}

void console_read_line(char *to, size_t size)
{
	size_t used = 0;

	for (;;) {
		char c = read_char();

		if (c == '\r' || c == '\n')
			break;
		if ((c == '\b' || c == 0x7f) && used > 0) {
			used--;
			put_text("\b \b");
		} else if (c >= ' ' && used + 1 < size) {
			to[used++] = c;
			put_char(c);
		}
	}
	to[used] = 0;
	put_char('\n');
}
