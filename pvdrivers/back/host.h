/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACK_HOST_H
#define BACK_HOST_H

/*
 * What back-ends ask of where they run, given at link: by partitions/io through hypercalls, and by host tests. It must not know rings.
 */

#include <stdint.h>

/** Answers hand-off `sequence` of the device at `line`; what was stored to its page before is seen by the front-end. Not 0: too late. */
int64_t host_device_answer(uint32_t line, uint32_t sequence, uint32_t status);

/** Sets bits of InterruptStatus, and marks the device broken if `status` is DEVICE_STATUS_NEEDS_RESET. */
void host_device_interrupt(uint32_t line, uint32_t bits, uint32_t status);

/** Nothing that was begun for the device at `line` in lives before `life` touches the front-end's memory any more. */
void host_device_quiet(uint32_t line, uint32_t life);

/** Monotonic time. */
uint64_t host_now_ns(void);

/** Says one line to people, at a limited rate if guests can cause it. */
__attribute__((format(printf, 1, 2))) void host_say(const char *format, ...);

#endif
