/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens when one of our own invariants does not hold: a report on the
 * UART, then the board starts anew. It must not rely on any state that could
 * be the reason: no locks, no rings.
 */
#include <hyp/arch.h>
#include <hyp/console.h>
#include <hyp/report.h>

static uint32_t panicked_cpu; /* (atomic) index + 1 of the CPU that reports; 0: none */

/* The first CPU reports; another one waits for the reset; the first again means that the report itself fails. */
static void claim_report(uint32_t cpu)
{
	uint32_t none = 0;

	if (__atomic_compare_exchange_n(&panicked_cpu, &none, cpu, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		return;
	if (none == cpu)
		arch_board_reset();
	for (;;)
		arch_relax();
}

NORETURN void panic_assert(const char *file, int line, const char *condition)
{
	struct cpu *cpu = arch_this_cpu();

	claim_report(cpu ? cpu->index + 1 : UINT32_MAX);
	console_panic();
	hyp_print("assertion failed: %s, %s line %d, cpu %u", condition, file, line, cpu ? cpu->index : 0);
	if (cpu && cpu->current)
		report_partition(cpu->current, "it was loaded when the hypervisor failed");
	hyp_print("the board is reset");
	arch_board_reset();
}
