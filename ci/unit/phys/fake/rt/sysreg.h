/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RT_SYSREG_H
#define RT_SYSREG_H

/*
 * Stands in for the runtime's header of this name: of the CPU, drivers know how to wait politely.
 */

static inline void cpu_relax(void) { }

#endif
