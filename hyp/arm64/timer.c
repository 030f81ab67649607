/* SPDX-License-Identifier: Apache-2.0 */
/* The generic timer: the counter, and EL2's own timer for slots and deadlines. Guests have the other two. */
#include "arm64.h"

uint64_t arch_counter(void)
{
	ISB(); /* not read before what came before it */
	return SYSREG_READ(cntpct_el0);
}

uint64_t arch_counter_hz(void)
{
	return SYSREG_READ(cntfrq_el0);
}

void arch_timer_set(uint64_t when)
{
	SYSREG_WRITE(cnthp_cval_el2, when);
	SYSREG_WRITE(cnthp_ctl_el2, when == UINT64_MAX ? 0 : TIMER_ENABLE);
	ISB();
}
