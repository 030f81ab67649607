/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The I/O partition: drivers of the hardware, back-ends of other partitions' virtio devices, and the switch between them, served in turn by
 * one loop with a bounded budget each. It polls while there is something to do and a little longer, then sleeps until a doorbell, a
 * device's interrupt or a time that somebody waits for. It must not know rings or registers.
 */

#include <stdarg.h>
#include <stdio.h>

#include <back/host.h>
#include <rt/bulkhead.h>
#include <rt/console.h>
#include <rt/cpu.h>
#include <rt/irq.h>
#include <rt/proof.h>
#include <rt/sysreg.h>
#include <rt/timer.h>
#include <rt/tree.h>

#include "io.h"

#define BUDGET		32u		/* chains of one device in a round */
#define DISK_BUDGET	64u		/* completions of one disk in a round */
#define NIC_BUDGET	64u		/* frames of one network card in a round */
#define HEARTBEAT_NS	100000000ull
#define POLL_US		50u		/* an idle queue is polled so long before it asks for a doorbell */
#define SAY_BURST	20u		/* lines that guests cause */
#define SAY_EVERY_NS	1000000000ull

struct io io;

static uint64_t heartbeat_due_ns;

/* ---- what the back-ends ask of their host ---- */

int64_t host_device_answer(uint32_t line, uint32_t sequence, uint32_t status)
{
	cpu_dsb();
	return bulkhead_call(HC_DEVICE_ANSWER, line, sequence, status, NULL);
}

void host_device_interrupt(uint32_t line, uint32_t bits, uint32_t status)
{
	cpu_dsb();
	bulkhead_call(HC_DEVICE_INTERRUPT, line, bits, status, NULL);
}

/* Too late for this life: the next one is seen, and told of, as this one was. */
void host_device_quiet(uint32_t line, uint32_t life)
{
	cpu_dsb();
	bulkhead_call(HC_DEVICE_QUIET, line, life, 0, NULL);
}

uint64_t host_now_ns(void)
{
	return time_ns();
}

void host_say(const char *format, ...)
{
	static uint64_t paid_ns;
	uint64_t now_ns = time_ns();
	va_list args;

	if (paid_ns > now_ns + SAY_BURST * SAY_EVERY_NS)
		return;
	paid_ns = (paid_ns > now_ns ? paid_ns : now_ns) + SAY_EVERY_NS;
	printf("io: ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

/* ---- one round ---- */

static unsigned serve_devices(uint64_t now_ns)
{
	unsigned done = 0;

	for (uint32_t n = 0; n < io.device_count; n++) {
		struct device *d = &io.devices[n].device;

		done += device_poll(d);
		done += device_serve(d, now_ns, BUDGET);
	}
	return done;
}

static void revive(uint32_t number)
{
	static struct revive rules[IO_MEDIUM_MAX];
	struct blk_device *medium = io.media[number];
	uint64_t began_ns;
	bool is_up;

	if (!medium->dead || !revive_is_due(&rules[number], began_ns = time_ns()))
		return;
	is_up = blk_reset(medium) == BLK_OK;
	if (is_up)
		host_say("a disk's controller was reset");
	revive_ended(&rules[number], began_ns, time_ns(), is_up);
}

static unsigned poll_media(void)
{
	unsigned done = 0;

	for (uint32_t n = 0; n < io.medium_count; n++) {
		done += blk_poll(io.media[n], DISK_BUDGET);
		revive(n);
	}
	return done;
}

static unsigned poll_uplinks(void)
{
	unsigned done = 0;

	for (uint32_t n = 0; n < io.uplink_count; n++)
		done += uplink_poll(io.uplinks[n], NIC_BUDGET);
	return done;
}

static void flush_devices(void)
{
	for (uint32_t n = 0; n < io.device_count; n++)
		device_flush(&io.devices[n].device);
}

static unsigned go_round(void)
{
	unsigned done = serve_devices(time_ns());

	done += poll_media();
	done += poll_uplinks();
	flush_devices();
	return done;
}

/* ---- sleep ---- */

static void wake(void *arg)
{
	(void)arg;
}

static void doorbell(unsigned irq, void *arg)
{
	(void)irq;
	(void)arg;	/* it has woken the CPU; the loop looks at all lines */
}

static bool is_quiet(void)
{
	for (uint32_t n = 0; n < io.device_count; n++) {
		if (!device_is_quiet(&io.devices[n].device))
			return false;
	}
	return true;
}

/* Whether something came since it was looked at; from now on the hardware interrupts. */
static bool has_news(void)
{
	for (uint32_t n = 0; n < io.medium_count; n++) {
		if (blk_arm(io.media[n]))
			return true;
	}
	for (uint32_t n = 0; n < io.uplink_count; n++) {
		if (nic_arm(io.uplinks[n]->nic))
			return true;
	}
	for (uint32_t n = 0; n < io.device_count; n++) {
		if (device_has_news(&io.devices[n].device))
			return true;
	}
	return false;
}

static uint64_t earliest_ns(void)
{
	uint64_t earliest = heartbeat_due_ns;

	for (uint32_t n = 0; n < io.device_count; n++) {
		uint64_t at = device_wake_ns(&io.devices[n].device);

		if (at < earliest)
			earliest = at;
	}
	return earliest;
}

/*
 * Interrupts are masked from the last look to the sleep: what comes in between is pending then, and ends it at once. The alarm may ring
 * before that, and does not ring twice: so the clock is looked at too.
 */
static void sleep_until_news(void)
{
	uint64_t until_ns = earliest_ns(), now_ns;

	timer_set(until_ns, wake, NULL);
	irq_mask();
	if (!has_news() && (now_ns = time_ns()) < until_ns) {
		cpu_wfi();
		io.slept_ns += time_ns() - now_ns;
	}
	irq_unmask();
}

/* ---- beside the work ---- */

static void beat(uint64_t now_ns)
{
	if (now_ns < heartbeat_due_ns)
		return;
	heartbeat_due_ns = now_ns + HEARTBEAT_NS;
	bulkhead_heartbeat();
}

static void listen(void)
{
	int c = console_poll();

	if (c == 's')
		report_print();
	else if (c >= ' ')
		printf("io: keys: s = statistics\n");
}

/* What a predecessor left under way is under way again. */
static void tell_resumed(void)
{
	uint64_t count = 0;

	for (uint32_t n = 0; n < io.device_count; n++)
		count += io.devices[n].device.counters.resumed;
	if (count)
		printf("io: resubmitted %llu requests that were under way\n", (unsigned long long)count);
}

static void begin(void)
{
	io.poll_ns = tree_option_number("poll_us", POLL_US) * 1000;
	hardware_scan();
	disks_read();
	ports_read();
	devices_read();
	if (io.device_count) {
		irq_set_handler(io.doorbell_irq, doorbell, NULL);
		irq_set_edge(io.doorbell_irq, true);
		irq_enable(io.doorbell_irq);
		bulkhead_call(HC_DEVICE_READY, 0, 0, 0, NULL);
	}
}

int main(void)
{
	printf("io: %llu MiB, %s\n", (unsigned long long)(tree_ram().size >> 20), bulkhead_present() ? "under Bulkhead" : "alone");
	begin();
	printf("io: serves %u devices, %u disks, %u ports\n", (unsigned)io.device_count, (unsigned)io.disk_count,
	       (unsigned)io.net_config.port_count);
	tell_resumed();
	proof_print("io 1.0");
	for (;;) {
		uint64_t began_ns = time_ns();
		unsigned done = go_round();

		beat(began_ns);
		listen();
		if (done)
			continue;
		io.polled_ns += time_ns() - began_ns;
		if (is_quiet())
			sleep_until_news();
	}
}
