/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smallest partition worth having: it says that it is up, tells the time once a second, echoes what is typed, and
 * gives a sign of life. With a network port it serves a web page as well (network.c). It runs under Bulkhead and on
 * plain QEMU `virt` alike.
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

#include "network.h"

#define SECOND 1000000000ull

static void ring(void *arg)
{
	(void)arg;
}

/* Sleeps until `ns`, a frame, or a key, which it returns: each is an interrupt, and one that comes between the look and the WFI ends that. */
static int wait_for_key(uint64_t ns)
{
	int c;

	timer_set(ns, ring, NULL);
	irq_mask();
	c = console_poll();
	if (c < 0 && time_ns() < ns && !network_arm())
		cpu_wfi();
	irq_unmask();
	return c;
}

int main(void)
{
	printf("hello: %u CPUs, %llu MiB, GICv%u, %s\n", cpu_count(), (unsigned long long)(tree_ram().size >> 20),
	       irq_gic()->version, bulkhead_present() ? "under Bulkhead" : "alone");
	proof_print("hello 1.0");
	bulkhead_heartbeat();
	network_start();
	for (uint64_t seconds = 0, start = time_ns();;) {
		uint64_t next = start + (seconds + 1) * SECOND, wanted = network_serve(), now = time_ns();
		int c = wait_for_key(wanted < SECOND && now + wanted < next ? now + wanted : next);

		if (c >= 0)
			printf("hello: you typed '%c'\n", c);
		if (time_ns() < next)
			continue;
		bulkhead_heartbeat(); /* a sign of life each second */
		printf("hello: %u s\n", (unsigned)++seconds);
	}
}
