/* SPDX-License-Identifier: Apache-2.0 */
/* What the I/O partition has counted, for people: on demand only. */

#include <inttypes.h>
#include <stdio.h>

#include <rt/timer.h>

#include "io.h"

static void print_device(const struct io_device *d)
{
	const struct device_counters *c = &d->device.counters;
	const char *state = d->device.is_broken ? "broken" : d->device.is_lost ? "lost" : d->device.is_running ? "runs" : "no driver";

	printf("io: %s: %s, features %#" PRIx64 ", hand-offs %" PRIu64 ", interrupts %" PRIu64 ", doorbells %" PRIu64 ", sleeps %" PRIu64
	       ", resets %" PRIu64 ", lives %" PRIu64 ", broken %" PRIu64 ", lost %" PRIu64 ", served again %" PRIu64 ", out of order %" PRIu64 "\n",
	       d->label, state, d->device.driver_features, c->handoffs, c->interrupts, c->doorbells, c->sleeps, c->resets, c->lives, c->breaks,
	       c->losses, c->resumed, c->out_of_order);
}

static void print_blk(const struct io_device *d)
{
	const struct vblk_counters *c = &d->blk->counters;

	printf("io: %s: reads %" PRIu64 " (%" PRIu64 " bytes), writes %" PRIu64 " (%" PRIu64 " bytes), flushes %" PRIu64 ", discards %" PRIu64
	       ", others %" PRIu64 ", errors %" PRIu64 ", bounced %" PRIu64 "\n",
	       d->label, c->reads, c->read_bytes, c->writes, c->written_bytes, c->flushes, c->discards, c->others, c->errors, c->bounced);
}

static void print_console(const struct io_device *d)
{
	const struct vconsole_counters *c = &d->console.counters;

	printf("io: %s: sent %" PRIu64 " bytes, dropped %" PRIu64 ", waits %" PRIu64 "\n", d->label, c->sent_bytes, c->dropped_bytes, c->waits);
}

/* Frames that each rule of a port decided, in the order of the rules. */
static void print_rules(const struct vswitch_port_config *port)
{
	if (port->rule_count)
		printf(", rules");
	for (uint32_t n = 0; n < port->rule_count; n++)
		printf(" %" PRIu64, io.net.sw.rule_hits[port->rule_first + n]);
}

static void print_port(uint32_t number)
{
	const struct vswitch_counters *c = &io.net.sw.port[number].counters;

	printf("io: port %s: in %" PRIu64 " frames %" PRIu64 " bytes, out %" PRIu64 " frames %" PRIu64 " bytes", io.net_config.ports[number].name,
	       c->rx_frames, c->rx_bytes, c->tx_frames, c->tx_bytes);
	for (int why = VSWITCH_FORWARDED + 1; why < VSWITCH_DROP_COUNT; why++) {
		if (c->drops[why])
			printf(", %s %" PRIu64, vswitch_drop_name((enum vswitch_drop)why), c->drops[why]);
	}
	if (c->learn_refused)
		printf(", not-learned %" PRIu64, c->learn_refused);
	print_rules(&io.net_config.ports[number]);
	printf("\n");
}

static void print_uplink(const struct uplink *u)
{
	const struct nic_stats *s = &u->nic->stats;

	printf("io: port %s: %s, link %s, received %" PRIu64 " frames (dropped %" PRIu64 ", errors %" PRIu64 "), sent %" PRIu64 " (errors %" PRIu64
	       "), busy %" PRIu64 ", resets %" PRIu64 ", link changes %" PRIu64 "\n",
	       io.net_config.ports[u->port.number].name, u->nic->info.driver, u->nic->link_up ? "up" : "down", s->rx_frames, s->rx_dropped,
	       s->rx_errors, s->tx_frames, s->tx_errors, u->counters.busy, u->counters.resets, s->link_changes);
}

void report_print(void)
{
	printf("io: %" PRIu64 " ms up, %" PRIu64 " ms of them asleep, %" PRIu64 " ms polling for nothing\n", time_ns() / 1000000, io.slept_ns / 1000000,
	       io.polled_ns / 1000000);
	for (uint32_t n = 0; n < io.device_count; n++) {
		print_device(&io.devices[n]);
		if (io.devices[n].blk)
			print_blk(&io.devices[n]);
		if (io.devices[n].console.device)
			print_console(&io.devices[n]);
	}
	for (uint32_t n = 0; io.has_net && n < io.net_config.port_count; n++)
		print_port(n);
	for (uint32_t n = 0; n < io.uplink_count; n++)
		print_uplink(io.uplinks[n]);
}
