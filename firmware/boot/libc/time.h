/* SPDX-License-Identifier: Apache-2.0 */
/* mbedtls includes it, and uses nothing of it here but the type. */
#ifndef BOOT_TIME_H
#define BOOT_TIME_H
#include <stdint.h>
typedef int64_t time_t;
#endif
