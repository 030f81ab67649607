/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RT_SYSREG_H
#define RT_SYSREG_H

/*
 * Stands in for the runtime's header of this name: a CPU that sleeps lets the test's machine run.
 */

void fake_sleep(void);

static inline void cpu_wfi(void) { fake_sleep(); }
static inline void cpu_dsb_stores(void) { }

#endif
