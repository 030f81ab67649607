/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TAP from C: CHECK() in a test function, TEST() in main. One header, used by
 * every host test. It must not know what is tested.
 */
#ifndef CI_UNIT_TAP_H
#define CI_UNIT_TAP_H

#include <stdbool.h>
#include <stdio.h>

static int tap_count_, tap_failed_, tap_bad_;

/* Notes a failure of the running test, and goes on. */
#define CHECK(condition)                                                                 \
	do {                                                                             \
		if (!(condition)) {                                                      \
			tap_bad_++;                                                      \
			printf("# %s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
		}                                                                        \
	} while (0)

/* Runs one test function and prints its line. */
#define TEST(function)                                                                   \
	do {                                                                             \
		tap_bad_ = 0;                                                            \
		function();                                                              \
		tap_failed_ += tap_bad_ != 0;                                            \
		printf("%sok %d - %s\n", tap_bad_ ? "not " : "", ++tap_count_, #function); \
		fflush(stdout);                                                          \
	} while (0)

/* Ends main. */
static inline int tap_done(void)
{
	printf("1..%d\n", tap_count_);
	return tap_failed_ != 0;
}

#endif
