/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The drivers of network cards and consoles against the real back-ends, which reach nothing but a pool. What the drivers believe, and what
 * they show to the program, stands outside of it. Without a pool nothing is copied.
 */

#include <string.h>

#include <back/console.h>
#include <front/console.h>
#include <front/net.h>

#include "../back/net.h"
#include "../tap.h"
#include "machine.h"

#define KIB		1024u

static struct net_machine net;
static struct front_net card;
static struct front_console ends[2];
static uint8_t data[100 * KIB + 512], wanted[100 * KIB];

static unsigned frames;
static uint32_t last_bytes;
static uint8_t last[FRONT_NET_FRAME_MAX];
static bool was_stable;

static void net_rounds(void)
{
	net_round(&net);
}

/* What it looks at does not change, though the pool does. */
static void received(const void *frame, uint32_t bytes)
{
	frames++;
	last_bytes = bytes;
	memcpy(last, frame, bytes);
	if (card.device.share.at)
		memset(card.receive.shared->buffers, 0xff, sizeof(card.receive.shared->buffers));
	was_stable = !memcmp(last, frame, bytes);
}

static void net_begin(size_t pool_bytes)
{
	net_open(&net);
	machine_begin(pool_bytes);
	machine_add(&net.front[0], VIRTIO_ID_NET);
	machine_ready(net_rounds);
	net_start(&net, 1, NET_PLAIN, 60);
	CHECK(front_net_open(&card, 0));
	frames = 0;
}

static void frames_pass(void)
{
	static uint8_t frame[2000];
	static const struct virtio_net_hdr plain;

	for (unsigned n = 0; n < 3 * FRONT_NET_ENTRIES; n++) {
		uint32_t bytes = net_make(frame, 0, 1, false, 20 + n * 13, (uint8_t)n);
		uint8_t *room = front_net_reserve(&card);
		unsigned before = net.received[1];

		CHECK(room != NULL);
		if (!room)
			return;
		memcpy(room, frame, bytes);
		front_net_send(&card, bytes);
		for (int k = 0; k < 5; k++)
			net_rounds();
		net_collect(&net);
		net_offer(&net, 1, 1);
		CHECK(net.received[1] == before + 1 && net.bytes[1] == bytes && !memcmp(net.frame[1], frame, bytes));
		bytes = net_make(frame, 1, 0, false, 20 + n * 11, (uint8_t)n);
		before = frames;
		CHECK(net_send(&net, 1, &plain, frame, bytes));
		for (int k = 0; k < 5; k++)
			net_rounds();
		CHECK(!front_net_poll(&card, 8, received) && frames == before + 1 && last_bytes == bytes && !memcmp(last, frame, bytes) && was_stable);
	}
	CHECK(!card.is_lost && !net.front[0].needs_reset);
}

static void frames_pass_through_a_pool(void)
{
	net_begin(FRONT_POOL_NET_BYTES);
	CHECK((uint8_t *)card.receive.shared == machine_pool() && card.device.features & VIRTIO_F_ACCESS_PLATFORM);
	frames_pass();
	net_close(&net);
}

static void frames_pass_without_a_pool(void)
{
	net_begin(0);
	CHECK(card.receive.shared == &card.receive.own && !card.device.share.at);
	frames_pass();
	net_close(&net);
}

static void a_card_in_noise_stays_in_its_bounds(void)
{
	for (uint64_t seed = 1; seed <= 200; seed++) {
		net_begin(FRONT_POOL_NET_BYTES);
		machine_noise_state = seed;
		for (unsigned round = 0; round < 20; round++) {
			uint8_t *room = front_net_reserve(&card);

			for (unsigned n = 0; n < seed * 5; n++)
				machine_pool()[(unsigned)(machine_noise() << 16 | machine_noise() << 8 | machine_noise()) % FRONT_POOL_NET_BYTES] = machine_noise();
			if (room) {
				CHECK(room > machine_pool() && room + FRONT_NET_FRAME_MAX <= machine_pool() + FRONT_POOL_NET_BYTES);
				front_net_send(&card, 60);
			}
			net_rounds();
			(void)front_net_poll(&card, 8, received);
			(void)front_net_arm(&card);
		}
		CHECK(front_net_open(&card, 0));	/* a reset heals */
		net_close(&net);
	}
}

/* ---- consoles ---- */

static struct front console_fronts[2];
static struct vconsole consoles[2];

static void console_rounds(void)
{
	front_round(&console_fronts[0]);
	front_round(&console_fronts[1]);
	host_time_ns += 100000;	/* a lazy queue is told of its buffers late */
}

/* Both ends of a cable in one partition. */
static void console_begin(size_t pool_bytes)
{
	machine_begin(pool_bytes);
	for (unsigned n = 0; n < 2; n++) {
		struct virtio_console_config config;
		uint64_t features;

		vconsole_init(&consoles[n], &console_fronts[n].device, &consoles[1 - n], &features, &config);
		front_open(&console_fronts[n], n, &vconsole_kind, &consoles[n], features, &config, sizeof(config));
		machine_add(&console_fronts[n], VIRTIO_ID_CONSOLE);
	}
	machine_ready(console_rounds);
	CHECK(front_console_open(&ends[0], 0) && front_console_open(&ends[1], 1));
}

static void bytes_pass(void)
{
	uint32_t sent = 0, came = 0;

	machine_fill(wanted, 100 * KIB, 9);
	for (unsigned n = 0; n < 100000 && came < 100 * KIB; n++) {
		sent += front_console_write(&ends[0], wanted + sent, 100 * KIB - sent < 700 ? 100 * KIB - sent : 700);
		console_rounds();
		came += front_console_read(&ends[1], data + came, 333);
		(void)front_console_arm(&ends[1]);
		(void)front_console_arm_room(&ends[0]);
	}
	CHECK(came == 100 * KIB && !memcmp(data, wanted, came) && !ends[0].is_lost && !ends[1].is_lost);
	front_close(&console_fronts[0]);
	front_close(&console_fronts[1]);
}

static void a_cable_works_through_a_pool(void)
{
	console_begin(2 * FRONT_POOL_CONSOLE_BYTES);
	CHECK((uint8_t *)ends[0].receive.shared == machine_pool());
	bytes_pass();
}

static void a_cable_works_without_a_pool(void)
{
	console_begin(0);
	CHECK(ends[0].receive.shared == &ends[0].receive.own);
	bytes_pass();
}

int main(void)
{
	TEST(frames_pass_through_a_pool);
	TEST(frames_pass_without_a_pool);
	TEST(a_card_in_noise_stays_in_its_bounds);
	TEST(a_cable_works_through_a_pool);
	TEST(a_cable_works_without_a_pool);
	return tap_done();
}
