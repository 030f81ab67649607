/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's CPUs, by the device tree and PSCI.
 */

#include <stddef.h>

#include <rt/cpu.h>
#include <rt/irq.h>
#include <rt/psci.h>
#include <rt/sysreg.h>
#include <rt/timer.h>
#include <rt/tree.h>

#define MPIDR_AFFINITY	0xff00ffffffull
#define STACK_BYTES	0x8000u

/* What start.S reads with the MMU off. */
struct cpu_start {
	void *stack_top;
	void (*function)(void *arg);
	void *arg;
};

static unsigned count;
static uint64_t mpidrs[CPU_COUNT_MAX];
static struct cpu_start starts[CPU_COUNT_MAX];
static char stacks[CPU_COUNT_MAX][STACK_BYTES] __attribute__((aligned(16)));

extern char cpu_entry[];
_Noreturn void rt_cpu_main(struct cpu_start *start);

void cpu_init(void)
{
	count = tree_cpu_count();
	if (count > CPU_COUNT_MAX)
		count = CPU_COUNT_MAX;
	for (unsigned n = 0; n < count; n++)
		mpidrs[n] = tree_cpu_mpidr(n);
}

unsigned cpu_count(void)
{
	return count;
}

uint64_t cpu_mpidr(unsigned cpu)
{
	return mpidrs[cpu];
}

unsigned cpu_index(void)
{
	uint64_t self = sysreg_read(mpidr_el1) & MPIDR_AFFINITY;

	for (unsigned n = 1; n < CPU_COUNT_MAX; n++) {
		if (mpidrs[n] == self && self)
			return n;
	}
	return 0;
}

int cpu_start(unsigned cpu, void (*function)(void *arg), void *arg)
{
	struct cpu_start *start = &starts[cpu];

	if (cpu >= count)
		return PSCI_INVALID_PARAMETERS;
	start->stack_top = stacks[cpu] + STACK_BYTES;
	start->function = function;
	start->arg = arg;
	cache_flush(start, sizeof(*start));
	return psci_call(PSCI_CPU_ON, mpidrs[cpu], (uintptr_t)cpu_entry, (uintptr_t)start);
}

void rt_cpu_main(struct cpu_start *start)
{
	irq_init_cpu();
	timer_init_cpu();
	irq_unmask();
	start->function(start->arg);
	cpu_off();
}

void cpu_off(void)
{
	irq_mask();
	psci_call(PSCI_CPU_OFF, 0, 0, 0);
	for (;;)
		cpu_wfi();
}
