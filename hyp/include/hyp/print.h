/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Formatting into a buffer. It must not know where text goes.
 */
#ifndef HYP_PRINT_H
#define HYP_PRINT_H

#include <stdarg.h>

#include <hyp/types.h>

/**
 * Format into `to`, at most `size` bytes, no terminating zero.
 *
 * Knows %s %c %d %u %x %% with l, ll, z, a width and '-' or '0'; hexadecimal
 * digits are lower case. What it does not know is copied as it stands.
 * Returns: how many bytes were written.
 */
size_t print_format(char *to, size_t size, const char *format, va_list args);

/** The same, with a terminating zero: at most `size` - 1 bytes before it. */
size_t text_format(char *to, size_t size, const char *format, ...) PRINTF(3, 4);

#endif
