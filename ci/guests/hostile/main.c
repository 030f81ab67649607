/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hostile guest: everything that a program may try to reach what is not its own, on every CPU in turn, then the
 * storms on all CPUs at once. It judges nothing: it prints how many tries it made and how they ended, and the test
 * compares that with the plan. That it comes to its end, and that its neighbours live, is the point.
 */

#include <stdio.h>
#include <string.h>

#include <rt/bulkhead.h>
#include <rt/cpu.h>
#include <rt/irq.h>
#include <rt/proof.h>
#include <rt/sysreg.h>
#include <rt/tree.h>

#include "hostile.h"

static const struct {
	const char *name;
	void (*run)(void);
} attacks[] = {
	{ "space", attack_space },
	{ "regions", attack_regions },
	{ "registers", attack_registers },
	{ "calls", attack_calls },
	{ "sysregs", attack_sysregs },
	{ "storms", attack_storms },
};

static volatile unsigned turn;		/* (the CPU whose turn it is) */
static volatile bool all_at_once;	/* (CPU 0) */
static volatile unsigned finished;	/* CPUs that finished the last storm */
static struct spinlock lock;

/* `only=name` in the command line leaves out the others. */
static void attack_all(void)
{
	char only[16];
	bool has_only = tree_option("only", only, sizeof(only));

	for (unsigned i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		if (has_only && strcmp(only, attacks[i].name))
			continue;
		printf("HOSTILE cpu=%u begins %s\n", cpu_index(), attacks[i].name);
		attacks[i].run();
		bulkhead_heartbeat();
	}
}

static void run_cpu(void *arg)
{
	(void)arg;
	irq_mask();
	while (turn != cpu_index())
		cpu_relax();
	attack_all();
	turn++;
	while (!all_at_once)
		cpu_relax();
	attack_storms();
	spin_lock(&lock);
	finished++;
	spin_unlock(&lock);
	if (!cpu_index())
		return;
	for (;;)		/* on, so that no call of another CPU could start it */
		cpu_wfi();
}

int main(void)
{
	proof_print("hostile 1.0");
	try_init();
	for (unsigned cpu = 1; cpu < cpu_count(); cpu++)
		cpu_start(cpu, run_cpu, NULL);
	irq_mask();
	attack_all();
	turn++;
	while (turn < cpu_count())
		cpu_relax();
	all_at_once = true;
	attack_storms();
	while (finished + 1 < cpu_count())
		cpu_relax();
	printf("HOSTILE done cpus=%u\n", cpu_count());
	return 0;
}
