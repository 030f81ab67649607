/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smallest partition worth having: it says that it is up, tells the time once a second, echoes what is typed, and
 * gives a sign of life. With a network port it serves a web page as well. It runs under Bulkhead and on plain QEMU
 * `virt` alike.
 *
 * Words of its command line: ip=dhcp (if nothing is said), ip=10.0.0.2/24, or ip=10.0.0.2/24,10.0.0.1 with a gateway.
 */

#include <stdio.h>
#include <string.h>

#include <ip/ip_card.h>
#include <rt/bulkhead.h>
#include <rt/console.h>
#include <rt/cpu.h>
#include <rt/irq.h>
#include <rt/proof.h>
#include <rt/sysreg.h>
#include <rt/timer.h>
#include <rt/tree.h>

#include "web.h"

#define SECOND		1000000000ull
#define SETTING_BYTES	48u

static uint64_t start;
static unsigned seconds;
static bool has_network;
static char address[IP_TEXT_BYTES] = "none";

/* Without a port it stays what it is. */
static bool start_network(void)
{
	const struct ip_link *link = ip_card_open();
	char setting[SETTING_BYTES] = "dhcp";

	if (!link)
		return false;
	(void)tree_option("ip", setting, sizeof(setting));
	printf("hello: %s, ip=%s\n", ip_version(), setting);
	if (ip_start(link, setting))
		return web_start("hello");
	printf("hello: that is no address: dhcp, 10.0.0.2/24, or 10.0.0.2/24,10.0.0.1 with a gateway\n");
	return false;
}

/* When it changes: DHCP gives it, and may take it away. */
static void tell_address(void)
{
	char now[IP_TEXT_BYTES];

	(void)ip_address(now);
	if (strcmp(now, address) == 0)
		return;
	strcpy(address, now);
	printf("hello: http://%s/\n", address);
}

static void ring(void *arg)
{
	(void)arg;
}

/* A sign of life each second. */
static void tell_time(void)
{
	if (time_ns() < start + (seconds + 1) * SECOND)
		return;
	bulkhead_heartbeat();
	printf("hello: %u s\n", ++seconds);
}

/* Sleeps until `next` or a frame, or a key, which it returns: each is an interrupt, and what comes between the look and the WFI wakes it. */
static int wait_for_key(uint64_t next)
{
	int c;

	timer_set(next, ring, NULL);
	irq_mask();
	c = console_poll();
	if (c < 0 && time_ns() < next && !(has_network && ip_arm()))
		cpu_wfi();
	irq_unmask();
	return c;
}

/* The next second, or what the network wants before. */
static uint64_t serve(void)
{
	uint64_t next = start + (seconds + 1) * SECOND, ns = has_network ? ip_poll() : SECOND;

	if (has_network)
		tell_address();
	return ns < SECOND && time_ns() + ns < next ? time_ns() + ns : next;
}

int main(void)
{
	printf("hello: %u CPUs, %llu MiB, GICv%u, %s\n", cpu_count(), (unsigned long long)(tree_ram().size >> 20),
	       irq_gic()->version, bulkhead_present() ? "under Bulkhead" : "alone");
	proof_print("hello 1.0");
	start = time_ns();
	bulkhead_heartbeat();
	has_network = start_network();
	for (;;) {
		int c = wait_for_key(serve());

		if (c >= 0)
			printf("hello: you typed '%c'\n", c);
		tell_time();
	}
}
