/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RT_BULKHEAD_H
#define RT_BULKHEAD_H

/*
 * The hypervisor's calls (hyp/abi/hypercall.h) for a program that may also run without Bulkhead.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <abi/hypercall.h>

/** Whether Bulkhead runs below: asks for its UID, once. */
bool bulkhead_present(void);

/** Calls `function` with x1..x3; returns x0, and x1 in `*result` unless that is NULL. */
int64_t bulkhead_call(uint32_t function, uint64_t a, uint64_t b, uint64_t c, uint64_t *result);

/** Says "I live"; does nothing without Bulkhead. */
void bulkhead_heartbeat(void);

/** Writes to, or reads from, the console by calls. Returns the number of bytes done, or an enum hc_error. */
int64_t bulkhead_console_write(const char *bytes, size_t count);
int64_t bulkhead_console_read(char *bytes, size_t count);

#endif
