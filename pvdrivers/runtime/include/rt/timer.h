/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RT_TIMER_H
#define RT_TIMER_H

/*
 * Time, by the CPU's virtual generic timer: nanoseconds since the counter began, and one alarm a CPU.
 */

#include <stdint.h>

uint64_t time_ns(void);

/** The counter, and nanoseconds in its ticks. */
uint64_t time_ticks(void);
uint64_t time_ns_to_ticks(uint64_t ns);

/** Waits, asleep, until time_ns() reaches `deadline`, or for `ns` nanoseconds. Interrupts are served meanwhile. */
void time_sleep_until(uint64_t deadline);
void time_sleep(uint64_t ns);

/** Calls `alarm` on this CPU, as an interrupt handler, once time_ns() reaches `deadline`. One at a time a CPU. */
void timer_set(uint64_t deadline, void (*alarm)(void *arg), void *arg);

/** (runtime) Enables the timer's interrupt on this CPU. */
void timer_init_cpu(void);

#endif
