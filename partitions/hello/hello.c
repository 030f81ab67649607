/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smallest partition worth having: it says that it is up, tells the time once a second, echoes what is typed, and
 * gives a sign of life. It runs under Bulkhead and on plain QEMU `virt` alike.
 */

#include <stdio.h>

#include <rt/bulkhead.h>
#include <rt/console.h>
#include <rt/cpu.h>
#include <rt/irq.h>
#include <rt/proof.h>
#include <rt/sysreg.h>
#include <rt/timer.h>
#include <rt/tree.h>

#define SECOND	1000000000ull

static volatile unsigned seconds;

static void tick(void *start)
{
	seconds++;
	bulkhead_heartbeat();
	timer_set(*(uint64_t *)start + (seconds + 1) * SECOND, tick, start);
}

int main(void)
{
	static uint64_t start;
	unsigned told = 0;

	printf("hello: %u CPUs, %llu MiB, GICv%u, %s\n", cpu_count(), (unsigned long long)(tree_ram().size >> 20),
	       irq_gic()->version, bulkhead_present() ? "under Bulkhead" : "alone");
	proof_print("hello 1.0");
	start = time_ns();
	bulkhead_heartbeat();
	timer_set(start + SECOND, tick, &start);
	for (;;) {
		irq_mask();	/* what comes between the look and the WFI still wakes it */
		int c = console_poll();

		if (c < 0 && told == seconds)
			cpu_wfi();
		irq_unmask();
		if (c >= 0)
			printf("hello: you typed '%c'\n", c);
		if (told != seconds)
			printf("hello: %u s\n", told = seconds);
	}
}
