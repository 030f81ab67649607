/* SPDX-License-Identifier: Apache-2.0 */
/*
 * printf for people who read a console, in few lines and with little stack.
 * It must not know where text goes.
 */
#include <hyp/print.h>

#define DIGITS_MAX 20u /* of a 64-bit number, decimal; zero padding goes no further */

struct out {
	char *to;
	size_t size;
	size_t length;
};

struct spec {
	size_t width;
	bool is_left;
	bool is_zero;
	bool is_long;
};

static void put(struct out *out, char c)
{
	if (out->length < out->size)
		out->to[out->length++] = c;
}

static void put_times(struct out *out, char c, size_t count)
{
	while (count--)
		put(out, c);
}

static void put_padded(struct out *out, const struct spec *spec, const char *text, size_t length)
{
	size_t pad = spec->width > length ? spec->width - length : 0;

	if (!spec->is_left)
		put_times(out, ' ', pad);
	for (size_t i = 0; i < length; i++)
		put(out, text[i]);
	if (spec->is_left)
		put_times(out, ' ', pad);
}

static void put_string(struct out *out, const struct spec *spec, const char *text)
{
	size_t length = 0;

	if (!text)
		text = "(none)";
	while (text[length])
		length++;
	put_padded(out, spec, text, length);
}

static void put_number(struct out *out, const struct spec *spec, uint64_t value, uint32_t base, bool is_negative)
{
	char digits[DIGITS_MAX + 1];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	while (spec->is_zero && at > (is_negative ? 1u : 0u) && sizeof(digits) - at + (is_negative ? 1u : 0u) < spec->width)
		digits[--at] = '0';
	if (is_negative)
		digits[--at] = '-';
	put_padded(out, spec, &digits[at], sizeof(digits) - at);
}

static const char *read_spec(const char *format, struct spec *spec)
{
	*spec = (struct spec){ 0 };
	for (; *format == '-' || *format == '0'; format++) {
		spec->is_left |= *format == '-';
		spec->is_zero |= *format == '0';
	}
	for (; *format >= '0' && *format <= '9'; format++)
		spec->width = spec->width * 10 + (size_t)(*format - '0');
	for (; *format == 'l' || *format == 'z'; format++)
		spec->is_long = true;
	return format;
}

static void put_signed(struct out *out, const struct spec *spec, int64_t value)
{
	uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	put_number(out, spec, size, 10, value < 0);
}

size_t print_format(char *to, size_t size, const char *format, va_list args)
{
	struct out out = { .to = to, .size = size };
	struct spec spec;

	for (; *format; format++) {
		if (*format != '%') {
			put(&out, *format);
			continue;
		}
		format = read_spec(format + 1, &spec);
		switch (*format) {
		case 's':
			put_string(&out, &spec, va_arg(args, const char *));
			break;
		case 'c':
			put(&out, (char)va_arg(args, int));
			break;
		case 'd':
			put_signed(&out, &spec, spec.is_long ? va_arg(args, long) : va_arg(args, int));
			break;
		case 'u':
		case 'x':
			put_number(&out, &spec, spec.is_long ? va_arg(args, unsigned long) : va_arg(args, unsigned int),
				   *format == 'x' ? 16 : 10, false);
			break;
		case '\0':
			return out.length;
		default:
			put(&out, *format);
		}
	}
	return out.length;
}

size_t text_format(char *to, size_t size, const char *format, ...)
{
	size_t length;
	va_list args;

	va_start(args, format);
	length = print_format(to, size - 1, format, args);
	va_end(args);
	to[length] = '\0';
	return length;
}
