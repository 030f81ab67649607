/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 of one piece of memory, FIPS 180-4. */
#ifndef PLAN_SHA256_H
#define PLAN_SHA256_H

#include <stddef.h>
#include <stdint.h>

void sha256(const void *data, size_t size, uint8_t digest[32]);

#endif
