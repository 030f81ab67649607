/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RT_SYSREG_H
#define RT_SYSREG_H

/*
 * Stands in for the runtime's header of this name: of the CPU, drivers know how to wait politely,
 * and who does so has more time pass than who only looks at the clock.
 */

void fake_relax(void);

static inline void cpu_relax(void) { fake_relax(); }

#endif
