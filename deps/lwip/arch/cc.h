/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LWIP_ARCH_CC_H
#define LWIP_ARCH_CC_H

/* lwIP's view of compiler and C library. A broken invariant of lwIP ends the program, and with it the partition: its policy decides. */

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifndef SSIZE_MAX
#define SSIZE_MAX	LONG_MAX	/* or lwIP takes it that there is no ssize_t */
#endif

#define LWIP_PLATFORM_DIAG(x)	do { printf x; } while (0)
#define LWIP_PLATFORM_ASSERT(x)	do { puts("lwip: " x); abort(); } while (0)

#endif
