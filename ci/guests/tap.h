/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GUESTS_TAP_H
#define GUESTS_TAP_H

/*
 * What a guest that judges itself prints: the Test Anything Protocol. It must not know what is tested.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static unsigned tap_count;
static unsigned tap_failures;

/** One line of result; the name is a format. Returns `good`. */
__attribute__((format(printf, 2, 3))) static inline bool tap_check(bool good, const char *name, ...)
{
	va_list args;

	va_start(args, name);
	printf("%s %u - ", good ? "ok" : "not ok", ++tap_count);
	vprintf(name, args);
	printf("\n");
	va_end(args);
	tap_failures += !good;
	return good;
}

/** The plan, last. Returns what main() returns. */
static inline int tap_end(void)
{
	printf("1..%u\n", tap_count);
	return tap_failures ? 1 : 0;
}

#endif
