/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A serial cable between two front-ends: bytes come in order, whatever the buffers; who sends waits for who receives, and not for ever; a
 * back-end that dies before any step loses no buffer, and bytes come at worst twice; an end that is hostile harms itself alone.
 */
#include <stdlib.h>
#include <string.h>

#include <back/console.h>
#include <back/host.h>
#include <virtio/virtio_console.h>

#include "../tap.h"
#include "front.h"

#define RX		VIRTIO_CONSOLE_QUEUE_RECEIVE
#define TX		VIRTIO_CONSOLE_QUEUE_TRANSMIT
#define FEATURES	(VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC)
#define TX_AT		0x100000u

static struct front front[2];
static struct vconsole console[2];
static uint8_t got[2][1 << 20];
static uint32_t got_bytes[2];
static unsigned given[2][2], back[2][2];	/* buffers, by end and queue */

static void make(unsigned n, uint64_t *features, struct virtio_console_config *config)
{
	vconsole_init(&console[n], &front[n].device, &console[1 - n], features, config);
}

static void machine_open(void)
{
	struct virtio_console_config config;
	uint64_t features;

	memset(given, 0, sizeof(given));
	memset(back, 0, sizeof(back));
	memset(got_bytes, 0, sizeof(got_bytes));
	for (unsigned n = 0; n < 2; n++) {
		make(n, &features, &config);
		front_open(&front[n], n, &vconsole_kind, &console[n], features, &config, sizeof(config));
	}
}

static void machine_close(void)
{
	front_close(&front[0]);
	front_close(&front[1]);
}

static void die(void)
{
	struct virtio_console_config config;
	uint64_t features;

	for (unsigned n = 0; n < 2; n++)
		make(n, &features, &config);
	for (unsigned n = 0; n < 2; n++)
		front_attach(&front[n]);
}

static void offer(unsigned n, unsigned buffers, uint32_t bytes)
{
	for (unsigned k = 0; k < buffers; k++) {
		uint32_t at = FRONT_DATA_AT + given[n][RX] % FRONT_QUEUE_SIZE * 0x1000;
		struct vqd_segment segment = { FRONT_BASE + at, bytes };

		if (vqd_add(&front[n].queue[RX], &segment, 0, 1, front[n].memory + at))
			abort();
		given[n][RX]++;
	}
	front_kick(&front[n], RX);
}

/* Bytes that follow from their number. */
static bool send(unsigned n, uint32_t bytes, uint8_t first)
{
	uint32_t at = TX_AT + given[n][TX] % 32 * 0x4000;
	struct vqd_segment segment[2] = { { FRONT_BASE + at, bytes / 2 }, { FRONT_BASE + at + bytes / 2, bytes - bytes / 2 } };

	for (uint32_t i = 0; i < bytes; i++)
		front[n].memory[at + i] = (uint8_t)(first + i);
	if (vqd_add(&front[n].queue[TX], segment + (bytes < 2), bytes < 2 ? 1 : 2, 0, front[n].memory + at))
		return false;
	given[n][TX]++;
	front_kick(&front[n], TX);
	return true;
}

static void collect(unsigned n)
{
	uint32_t written;
	void *cookie;

	if (!front[n].device.is_running)
		return;
	while (vqd_get(&front[n].queue[TX], &cookie, &written) == VQ_OK)
		back[n][TX]++;
	while (vqd_get(&front[n].queue[RX], &cookie, &written) == VQ_OK) {
		memcpy(got[n] + got_bytes[n], cookie, written);
		got_bytes[n] += written;
		back[n][RX]++;
	}
}

static void go_round(void)
{
	for (unsigned n = 0; n < 2; n++)
		front_round(&front[n]);
	for (unsigned n = 0; n < 2; n++)
		collect(n);
}

static bool is_series(unsigned n, uint32_t bytes, uint8_t first)
{
	for (uint32_t i = 0; i < bytes; i++)
		if (got[n][i] != (uint8_t)(first + i))
			return false;
	return got_bytes[n] == bytes;
}

static void both_start(void)
{
	machine_open();
	front_start(&front[0], FEATURES, 2);
	front_start(&front[1], FEATURES, 2);
}

static void bytes_come_in_order(void)
{
	static const uint32_t room[] = { 1, 7, 64, 4096 };

	for (unsigned k = 0; k < 4; k++) {
		uint32_t sent = 0;

		both_start();
		for (uint32_t bytes = 1; bytes < 40; bytes++) {
			CHECK(send(0, bytes, (uint8_t)sent));
			sent += bytes;
			for (unsigned turn = 0; turn < 60 && got_bytes[1] < sent; turn++) {
				offer(1, 8 - (given[1][RX] - back[1][RX]), room[k]);
				host_time_ns += VCONSOLE_RETRY_NS;
				go_round();
			}
		}
		CHECK(is_series(1, sent, 0) && back[0][TX] == given[0][TX] && !console[0].counters.dropped_bytes && !got_bytes[0]);
		machine_close();
	}
}

static void both_ways_at_once(void)
{
	both_start();
	offer(0, 16, 512);
	offer(1, 16, 512);
	for (unsigned n = 0; n < 8; n++)
		CHECK(send(0, 300, (uint8_t)(n * 300)) && send(1, 200, (uint8_t)(n * 200)));
	for (unsigned n = 0; n < 40; n++)
		go_round();
	CHECK(is_series(1, 2400, 0) && is_series(0, 1600, 0));
	machine_close();
}

/* The sender's buffer is kept for the grace, and what is left of it when that is over is dropped; then nobody waits until there is room. */
static void who_does_not_read_holds_nobody_up(void)
{
	both_start();
	offer(1, 1, 100);
	CHECK(send(0, 300, 0));
	for (uint64_t ns = 0; ns < VCONSOLE_GRACE_NS - VCONSOLE_RETRY_NS; ns += VCONSOLE_RETRY_NS) {
		go_round();
		CHECK(back[0][TX] == 0);
		host_time_ns += VCONSOLE_RETRY_NS;
	}
	host_time_ns += 2 * VCONSOLE_RETRY_NS;
	go_round();
	CHECK(back[0][TX] == 1 && is_series(1, 100, 0) && console[0].counters.dropped_bytes == 200);
	CHECK(send(0, 50, 0));
	go_round();
	CHECK(back[0][TX] == 2 && console[0].counters.dropped_bytes == 250);
	offer(1, 2, 100);
	CHECK(send(0, 60, 100));
	go_round();
	CHECK(back[0][TX] == 3 && is_series(1, 160, 0));
	machine_close();
}

static void nobody_at_the_other_end(void)
{
	machine_open();
	front_start(&front[0], FEATURES, 2);
	CHECK(send(0, 300, 0));
	go_round();
	CHECK(back[0][TX] == 1 && console[0].counters.dropped_bytes == 300);
	front_start(&front[1], FEATURES, 2);
	offer(1, 4, 100);
	CHECK(send(0, 300, 0));
	for (unsigned n = 0; n < 4; n++)
		go_round();
	CHECK(is_series(1, 300, 0));
	front_restart(&front[1]);
	go_round();
	CHECK(send(0, 300, 0));
	go_round();
	CHECK(back[0][TX] == 3);
	machine_close();
}

/* A step costs the others one piece at most, whatever a driver offers at once. */
static void a_step_is_short(void)
{
	both_start();
	offer(1, 4, 0x4000);	/* they overlap, and are filled up to the next one only */
	CHECK(send(0, 0x4000, 0));
	CHECK(device_serve(&front[0].device, host_time_ns, 1) == 1 && console[0].counters.sent_bytes == 4096);
	for (unsigned n = 0; n < 8; n++)
		go_round();
	CHECK(is_series(1, 0x4000, 0));
	machine_close();
}

static void buffers_that_are_none(void)
{
	struct vqd_segment segment = { FRONT_BASE + FRONT_DATA_AT, 16 };

	both_start();
	CHECK(vqd_add(&front[1].queue[RX], &segment, 1, 0, &segment) == VQ_OK);
	front_kick(&front[1], RX);
	CHECK(send(0, 10, 0));
	go_round();
	CHECK(front[1].needs_reset && !front[0].needs_reset && back[0][TX] == 1);
	machine_close();
	both_start();
	CHECK(vqd_add(&front[0].queue[TX], &segment, 0, 1, &segment) == VQ_OK);
	front_kick(&front[0], TX);
	go_round();
	CHECK(front[0].needs_reset && !front[1].needs_reset);
	machine_close();
}

/* Steps until the back-end dies, for every step of this: three buffers sent into four. Then another one goes on. */
static bool one_death(unsigned long steps)
{
	static volatile bool is_over;
	static volatile unsigned left;

	both_start();
	offer(1, 8, 64);
	for (unsigned n = 0; n < 3; n++)
		if (!send(0, 64, (uint8_t)(64 * n)))
			abort();
	is_over = false;
	left = 4;
	if (setjmp(host_death)) {
		host_steps_left = 0;
		die();
	} else {
		host_steps_left = steps;
	}
	for (; left > 0; left = left - 1)
		go_round();
	is_over = host_steps_left != 0;
	host_steps_left = 0;
	for (unsigned n = 0; n < 6; n++)
		go_round();
	return is_over;
}

/* Each buffer of the sender came at least once, whole, and none before the one that precedes it. */
static bool is_whole(unsigned n)
{
	unsigned next = 0, last = 0;

	for (uint32_t at = 0; at + 64 <= got_bytes[n]; at += 64) {
		if (got[n][at] > next || got[n][at] % 64 || (got[n][at] && got[n][at] > last + 64))
			return false;
		last = got[n][at];
		next = last == next ? next + 64 : next;
	}
	return next == 192 && last == 128 && got_bytes[n] % 64 == 0;
}

static void no_buffer_is_lost_by_a_death(void)
{
	unsigned long steps = 1;

	for (bool is_over = false; !is_over && steps < 2000; steps++) {
		is_over = one_death(steps);
		CHECK(back[0][TX] == 3 && is_whole(1) && !front[0].needs_reset && !front[1].needs_reset);
		offer(1, 3, 64);
		got_bytes[1] = 0;
		CHECK(send(0, 64, 5));
		for (unsigned n = 0; n < 3; n++)
			go_round();
		CHECK(is_series(1, 64, 5));
		machine_close();
	}
	printf("# died before each of %lu steps\n", steps - 2);
	CHECK(steps > 50 && steps < 2000);
}

/* ---- an end that is hostile ---- */

static uint64_t seed;
static bool is_changing;

static uint32_t below(uint32_t limit)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(seed >> 33) % limit;
}

/* Its memory changes behind a read. */
static void change(void *at, size_t size)
{
	uint8_t *byte = at;

	if (is_changing && byte >= front[0].memory && byte < front[0].memory + FRONT_BYTES && below(4) == 0)
		byte[below((uint32_t)size)] = (uint8_t)below(256);
}

static void do_register(void)
{
	static const uint16_t offsets[] = { VIRTIO_MMIO_QUEUE_SEL, VIRTIO_MMIO_QUEUE_NUM, VIRTIO_MMIO_QUEUE_READY, VIRTIO_MMIO_STATUS,
					    VIRTIO_MMIO_QUEUE_DESC_LOW, VIRTIO_MMIO_QUEUE_DRIVER_LOW, VIRTIO_MMIO_QUEUE_RESET, VIRTIO_MMIO_CONFIG };
	static const uint32_t values[] = { 0, 1, 2, 15, 64, FRONT_BASE + FRONT_RINGS_AT, UINT32_MAX };

	front_write(&front[0], offsets[below(8)], below(8) ? 4 : 1u << below(4), values[below(7)]);
}

static void do_store(void)
{
	uint32_t at = FRONT_RINGS_AT + below(0x20000 - 8);
	uint64_t value = below(2) ? below(UINT32_MAX) : FRONT_BASE + below(FRONT_BYTES + 64);

	memcpy(front[0].memory + at, &value, 1u << below(4));
}

static void do_rounds(void)
{
	for (unsigned n = below(4); n; n--) {
		front_round(&front[0]);
		front_round(&front[1]);
		collect(1);
		host_time_ns += below(VCONSOLE_GRACE_NS);
	}
}

static void do_hostile(void)
{
	switch (below(8)) {
	case 0:
		do_register();
		return;
	case 1:
		do_store();
		return;
	case 2:
		front[0].line.doorbell[below(DEVICE_QUEUE_MAX)] += below(1000);
		return;
	case 3:
	case 4:
		if (front[0].queue[TX].size)
			(void)send(0, 1 + below(3000), 0);
		return;
	case 5:
		front[0].is_gone = below(2);
		return;
	case 6:
		if (below(4) == 0)
			front_restart(&front[0]);
		if (below(4) == 0)
			die();
		return;
	default:
		do_rounds();
	}
}

/* Whatever it does, the other end is sound, and both talk again once it behaves. */
static void a_hostile_end(void)
{
	unsigned broke = 0;

	host_after_read = change;
	for (unsigned run = 0; run < 4000; run++) {
		seed = run;
		both_start();
		offer(1, 8, 100);
		is_changing = run & 1;
		for (unsigned n = 0; n < 40; n++)
			do_hostile();
		is_changing = front[0].is_gone = false;
		broke += front[0].needs_reset;
		CHECK(!front[1].needs_reset && front[1].device.is_running && !front[1].device.is_lost);
		front_start(&front[0], FEATURES, 2);
		memset(given[0], 0, sizeof(given[0]));
		offer(0, 4, 100);
		CHECK(front[0].device.is_running && send(1, 50, 9));
		for (unsigned n = 0; n < 3; n++)
			go_round();
		CHECK(is_series(0, 50, 9));
		got_bytes[0] = 0;
		machine_close();
	}
	host_after_read = NULL;
	printf("# the hostile end's device broke in %u of 4000 runs\n", broke);
	CHECK(broke > 100);
}

int main(void)
{
	TEST(bytes_come_in_order);
	TEST(both_ways_at_once);
	TEST(who_does_not_read_holds_nobody_up);
	TEST(nobody_at_the_other_end);
	TEST(a_step_is_short);
	TEST(buffers_that_are_none);
	TEST(no_buffer_is_lost_by_a_death);
	TEST(a_hostile_end);
	return tap_done();
}
