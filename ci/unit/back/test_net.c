/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-net around a switch: frames whole, cut, summed and tagged; slow, broken and lost neighbours; restarts at any step. */

#include <string.h>

#include "../tap.h"
#include "net.h"

static struct net_machine m;
static uint8_t frame[NET_FRAME_MAX];
static const struct virtio_net_hdr plain;

static struct virtio_net_hdr tcp_header(uint32_t segment)
{
	return (struct virtio_net_hdr){ .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .gso_type = segment ? VIRTIO_NET_HDR_GSO_TCPV4 : 0,
					.hdr_len = 54, .gso_size = (uint16_t)segment, .csum_start = 34, .csum_offset = 16 };
}

static void begin(uint64_t features0, uint64_t features1, uint64_t features2)
{
	net_open(&m);
	net_start(&m, 0, features0, 60);
	net_start(&m, 1, features1, 60);
	net_start(&m, 2, features2, 60);
	host_time_ns += 1000000;
}

static void run(unsigned rounds)
{
	for (unsigned n = 0; n < rounds; n++) {
		net_round(&m);
		net_collect(&m);
	}
}

static bool is_right_sum(const uint8_t *f, uint32_t bytes)
{
	struct checksum sum = { 0 };
	uint8_t pseudo[12];

	memcpy(pseudo, f + 26, 8);
	pseudo[8] = 0;
	pseudo[9] = f[23];
	pseudo[10] = (uint8_t)((bytes - 34) >> 8);
	pseudo[11] = (uint8_t)(bytes - 34);
	checksum_add(&sum, pseudo, 12);
	checksum_add(&sum, f + 34, bytes - 34);
	return checksum_field(&sum) == 0xffff || checksum_field(&sum) == 0;
}

static void a_frame_arrives_as_it_was(void)
{
	uint32_t bytes = net_make(frame, 0, 1, false, 1000, 3);

	begin(NET_ALL, NET_ALL, NET_ALL);
	CHECK(net_send(&m, 0, &plain, frame, bytes));
	run(2);
	CHECK(m.received[1] == 1 && m.received[2] == 0 && m.done[0] == 1 && !m.wrong);
	CHECK(m.bytes[1] == bytes && !memcmp(m.frame[1], frame, bytes) && m.header[1].num_buffers == 1 && m.header[1].flags == 0);
	CHECK(m.net.sw.port[1].counters.tx_frames == 1 && m.net.sw.port[0].counters.rx_bytes == bytes);
	net_close(&m);
}

static void a_broadcast_reaches_all_others(void)
{
	uint32_t bytes = net_make(frame, 2, NET_PORTS, false, 100, 3);

	begin(NET_ALL, NET_ALL, NET_PLAIN);
	CHECK(net_send(&m, 2, &plain, frame, bytes));
	run(2);
	CHECK(m.received[0] == 1 && m.received[1] == 1 && m.received[2] == 0 && !memcmp(m.frame[0], frame, bytes));
	net_close(&m);
}

static void many_frames_arrive_in_order(void)
{
	unsigned sent = 0;

	begin(NET_ALL, NET_ALL, NET_ALL);
	for (unsigned n = 0; n < 400; n++) {
		sent += net_send(&m, 0, &plain, frame, net_make(frame, 0, 1, false, 10 + n, (uint8_t)n));
		if (n % 12 == 11) {
			run(2);
			net_offer(&m, 1, 12);
		}
	}
	run(3);
	CHECK(sent == 400 && m.received[1] == 400 && m.done[0] == 400 && !m.wrong && m.front[0].interrupts < 100);
	CHECK(m.bytes[1] == 42 + 10 + 399 && !memcmp(m.frame[1], frame, m.bytes[1]));
	net_close(&m);
}

static void a_large_frame_passes_untouched(void)
{
	struct virtio_net_hdr header = tcp_header(1448);
	uint32_t bytes = net_make(frame, 0, 1, true, 60000, 9);

	begin(NET_ALL, NET_ALL, NET_ALL);
	CHECK(net_send(&m, 0, &header, frame, bytes));
	run(2);
	CHECK(m.received[1] == 1 && m.bytes[1] == bytes && !memcmp(m.frame[1], frame, bytes) && !m.wrong);
	CHECK(m.header[1].num_buffers == (bytes + 12 + NET_BUFFER - 1) / NET_BUFFER && m.header[1].gso_type == VIRTIO_NET_HDR_GSO_TCPV4);
	CHECK(m.header[1].gso_size == 1448 && m.header[1].csum_start == 34 && m.header[1].flags == VIRTIO_NET_HDR_F_NEEDS_CSUM);
	CHECK(m.vnet[1].counters.finished == 0);
	net_close(&m);
}

static void a_large_frame_is_cut_for_who_wants_that(void)
{
	struct virtio_net_hdr header = tcp_header(1000);
	uint32_t bytes = net_make(frame, 0, 1, true, 10500, 9), at = 54;

	begin(NET_ALL, NET_PLAIN, NET_ALL);
	CHECK(net_send(&m, 0, &header, frame, bytes));
	net_round(&m);
	net_round(&m);
	for (unsigned n = 1; n <= 11; n++) {
		uint8_t *got = m.frame[1];
		uint32_t written;
		void *cookie;

		CHECK(vqd_get(&m.front[1].queue[0], &cookie, &written) == VQ_OK);
		memcpy(got, (uint8_t *)cookie + 12, written - 12);
		CHECK(written == 12 + 54 + (n < 11 ? 1000u : 500u) && is_right_sum(got, written - 12) && !memcmp(got + 54, frame + at, written - 66));
		at += 1000;
	}
	CHECK(m.vnet[1].counters.finished == 1);
	net_close(&m);
}

static void a_checksum_is_made_for_who_wants_that(void)
{
	struct virtio_net_hdr header = tcp_header(0);
	uint32_t bytes = net_make(frame, 0, 1, true, 777, 1);

	begin(NET_ALL, NET_PLAIN, NET_ALL);
	CHECK(net_send(&m, 0, &header, frame, bytes));
	run(2);
	CHECK(m.received[1] == 1 && m.bytes[1] == bytes && is_right_sum(m.frame[1], bytes) && m.header[1].flags == 0);
	CHECK(!is_right_sum(frame, bytes));
	net_close(&m);
}

static void what_was_not_negotiated_is_dropped(void)
{
	struct virtio_net_hdr header = tcp_header(1448);
	uint32_t bytes = net_make(frame, 0, 1, true, 6000, 9);

	begin(NET_ALL & ~VIRTIO_NET_F_HOST_TSO4, NET_ALL, NET_ALL);
	CHECK(net_send(&m, 0, &header, frame, bytes));
	header.gso_type = VIRTIO_NET_HDR_GSO_UDP;
	CHECK(net_send(&m, 0, &header, frame, bytes));
	run(2);
	CHECK(m.received[1] == 0 && m.done[0] == 2 && net_drops(&m, 0, VSWITCH_DROP_DEVICE) == 2 && !m.front[0].needs_reset);
	net_close(&m);
}

static void lies_in_the_header_are_dropped(void)
{
	struct virtio_net_hdr header = tcp_header(1448);
	uint32_t bytes = net_make(frame, 0, 1, true, 6000, 9);

	begin(NET_ALL, NET_ALL, NET_ALL);
	header.csum_start = 65535;
	CHECK(net_send(&m, 0, &header, frame, bytes));
	header = tcp_header(0);
	CHECK(net_send(&m, 0, &header, frame, bytes));		/* larger than the MTU */
	header = tcp_header(1);
	CHECK(net_send(&m, 0, &header, frame, bytes));
	run(2);
	CHECK(m.received[1] == 0 && m.done[0] == 3);
	net_close(&m);
}

static void a_tag_is_put_in_and_all_moves(void)
{
	static const struct vswitch_vlan_range range = { 1, 1 };
	struct virtio_net_hdr header = tcp_header(1448);
	uint32_t bytes = net_make(frame, 0, 1, true, 9000, 9);

	net_open(&m);
	m.port[1].is_trunk = true;
	m.port[1].vlan = 0;
	m.port[1].vlan_range_count = 1;
	m.port[1].vlan_ranges = &range;
	net_die(&m);
	net_start(&m, 0, NET_ALL, 60);
	net_start(&m, 1, NET_ALL, 60);
	net_start(&m, 2, NET_ALL, 60);
	CHECK(net_send(&m, 0, &header, frame, bytes));
	run(2);
	CHECK(m.received[1] == 1 && m.bytes[1] == bytes + 4 && m.frame[1][12] == 0x81 && m.frame[1][15] == 1);
	CHECK(!memcmp(m.frame[1] + 16, frame + 12, bytes - 12) && m.header[1].csum_start == 38 && m.header[1].hdr_len == 58);
	net_close(&m);
}

static void a_slow_receiver_holds_nobody_up(void)
{
	uint64_t start;
	unsigned rounds = 0;

	net_open(&m);
	net_start(&m, 0, NET_ALL, 60);
	net_start(&m, 1, NET_ALL, 0);
	net_start(&m, 2, NET_ALL, 60);
	start = host_time_ns;
	CHECK(net_send(&m, 0, &plain, frame, net_make(frame, 0, 1, false, 100, 1)));
	CHECK(net_send(&m, 0, &plain, frame, net_make(frame, 0, 2, false, 100, 1)));
	for (; m.received[2] == 0 && rounds < 1000; rounds++)
		run(1);
	CHECK(host_time_ns - start <= VNET_GRACE_NS + 10 * VNET_RETRY_NS && net_drops(&m, 1, VSWITCH_DROP_NO_ROOM) == 1 && m.done[0] == 2);
	/* From now on it costs nobody a wait, until it takes a frame again. */
	for (int n = 0; n < 5; n++)
		CHECK(net_send(&m, 0, &plain, frame, net_make(frame, 0, 1, false, 100, 1)));
	start = host_time_ns;
	run(1);
	CHECK(m.done[0] == 7 && host_time_ns == start && net_drops(&m, 1, VSWITCH_DROP_NO_ROOM) == 6 && m.vnet[0].counters.parked == 1);
	net_offer(&m, 1, 10);
	CHECK(net_send(&m, 0, &plain, frame, net_make(frame, 0, 1, false, 100, 1)));
	run(2);
	CHECK(m.received[1] == 1 && !m.vnet[1].port.is_stuck);
	net_close(&m);
}

static void a_receiver_that_is_late_loses_nothing(void)
{
	net_open(&m);
	net_start(&m, 0, NET_ALL, 60);
	net_start(&m, 1, NET_ALL, 2);
	net_start(&m, 2, NET_ALL, 0);
	for (int n = 0; n < 5; n++)
		CHECK(net_send(&m, 0, &plain, frame, net_make(frame, 0, 1, false, 100, (uint8_t)n)));
	run(10);
	CHECK(m.received[1] == 2 && m.vnet[0].is_parked && m.done[0] == 2);
	net_offer(&m, 1, 10);
	run(10);
	CHECK(m.received[1] == 5 && m.done[0] == 5 && !net_drops(&m, 1, VSWITCH_DROP_NO_ROOM) && !m.wrong);
	net_close(&m);
}

static void a_buffer_too_small_takes_nothing(void)
{
	struct vqd_segment small = { FRONT_BASE + FRONT_DATA_AT, 200 };
	uint32_t bytes = net_make(frame, 0, 1, false, 1000, 1);

	net_open(&m);
	net_start(&m, 0, NET_ALL, 60);
	net_start(&m, 1, NET_PLAIN, 0);
	CHECK(vqd_add(&m.front[1].queue[0], &small, 0, 1, &m) == VQ_OK);
	front_kick(&m.front[1], 0);
	CHECK(net_send(&m, 0, &plain, frame, bytes));
	run(100);
	CHECK(m.done[0] == 1 && m.received[1] == 0 && net_drops(&m, 1, VSWITCH_DROP_NO_ROOM) == 1 && !m.wrong);
	CHECK(net_send(&m, 0, &plain, frame, net_make(frame, 0, 1, false, 50, 1)));
	net_round(&m);
	net_round(&m);
	CHECK(vqd_pending(&m.front[1].queue[0]));
	net_close(&m);
}

static void who_breaks_the_protocol_breaks_alone(void)
{
	struct vqd_segment readable = { FRONT_BASE + FRONT_DATA_AT, 64 };
	uint32_t bytes = net_make(frame, 0, 2, false, 100, 1);

	net_open(&m);
	net_start(&m, 0, NET_ALL, 10);
	net_start(&m, 1, NET_ALL, 0);
	net_start(&m, 2, NET_ALL, 10);
	CHECK(vqd_add(&m.front[1].queue[0], &readable, 1, 0, &m) == VQ_OK);	/* a buffer that cannot be written */
	front_kick(&m.front[1], 0);
	CHECK(net_send(&m, 0, &plain, frame, net_make(frame, 0, 1, false, 100, 1)));
	CHECK(vqd_add(&m.front[2].queue[1], &readable, 0, 1, &m) == VQ_OK);	/* a frame that can */
	front_kick(&m.front[2], 1);
	run(3);
	CHECK(m.front[1].needs_reset && m.front[2].needs_reset && !m.front[0].needs_reset && m.done[0] == 1);
	net_start(&m, 2, NET_ALL, 10);
	CHECK(net_send(&m, 0, &plain, frame, net_make(frame, 0, 2, false, 100, 1)));
	run(3);
	CHECK(m.received[2] == 1 && m.bytes[2] == bytes);
	net_close(&m);
}

static void who_is_gone_is_gone_alone(void)
{
	begin(NET_ALL, NET_ALL, NET_ALL);
	m.front[1].is_gone = true;
	CHECK(net_send(&m, 0, &plain, frame, net_make(frame, 0, 1, false, 1000, 1)));
	CHECK(net_send(&m, 0, &plain, frame, net_make(frame, 0, 2, false, 1000, 1)));
	run(3);
	CHECK(m.front[1].device.is_lost && !m.front[0].device.is_lost && m.done[0] == 2 && m.received[2] == 1);
	net_close(&m);
	/* The sender goes between its header and the rest. */
	begin(NET_ALL, NET_ALL, NET_ALL);
	CHECK(net_send(&m, 0, &plain, frame, net_make(frame, 0, NET_PORTS, false, 1000, 1)));
	front_round(&m.front[1]);
	net_round(&m);
	m.front[0].is_gone = true;
	m.vnet[0].frame.rest.left = 100;
	CHECK(!vnet_sender_answers(&m.vnet[0].frame) && m.front[0].device.is_lost);
	run(3);
	CHECK(!m.front[1].device.is_lost && !m.front[2].device.is_lost);
	CHECK(net_send(&m, 1, &plain, frame, net_make(frame, 1, 2, false, 100, 1)));
	run(3);
	CHECK(m.received[2] >= 1);
	net_close(&m);
}

static void bad_choices_of_features_are_refused(void)
{
	net_open(&m);
	CHECK(!front_negotiate(&m.front[0], NET_PLAIN | VIRTIO_NET_F_GUEST_TSO4) && !front_negotiate(&m.front[0], NET_PLAIN | VIRTIO_NET_F_HOST_TSO6));
	CHECK(!front_negotiate(&m.front[0], NET_PLAIN | VIRTIO_NET_F_HOST_ECN | VIRTIO_NET_F_CSUM) && front_negotiate(&m.front[0], NET_ALL));
	CHECK(!front_negotiate(&m.front[0], NET_PLAIN | VIRTIO_NET_F_GUEST_ECN) && front_negotiate(&m.front[0], NET_PLAIN));
	net_close(&m);
}

/* Killed before any step: no frame is invented, no buffer comes back twice, and both go on. */
static void killed_at_any_step_it_goes_on(void)
{
	static volatile unsigned long steps, received, deaths;

	for (steps = 1; steps < 300; steps++) {
		begin(NET_ALL, NET_ALL, NET_PLAIN);
		for (unsigned n = 0; n < 8; n++)
			net_send(&m, n % 3, &plain, frame, net_make(frame, n % 3, (n + 1) % 3, false, 100 + 1200 * (n & 1), (uint8_t)n));
		if (setjmp(host_death)) {
			deaths++;
			host_steps_left = 0;
			net_die(&m);
		} else {
			host_steps_left = steps;
		}
		run(6);
		host_steps_left = 0;
		CHECK(m.done[0] == 3 && m.done[1] == 3 && m.done[2] == 2 && !m.wrong);
		received = received + m.received[0] + m.received[1] + m.received[2];
		for (uint32_t n = 0; n < NET_PORTS; n++) {
			CHECK(!m.front[n].needs_reset);
			m.received[n] = 0;
			net_send(&m, n, &plain, frame, net_make(frame, n, (n + 1) % 3, false, 300, (uint8_t)n));
		}
		run(4);
		CHECK(m.received[0] == 1 && m.received[1] == 1 && m.received[2] == 1 && !m.wrong);
		net_close(&m);
	}
	printf("# %lu deaths, %lu frames\n", deaths, received);
	CHECK(deaths > 150 && received > 7 * 299);
}

int main(void)
{
	TEST(a_frame_arrives_as_it_was);
	TEST(a_broadcast_reaches_all_others);
	TEST(many_frames_arrive_in_order);
	TEST(a_large_frame_passes_untouched);
	TEST(a_large_frame_is_cut_for_who_wants_that);
	TEST(a_checksum_is_made_for_who_wants_that);
	TEST(what_was_not_negotiated_is_dropped);
	TEST(lies_in_the_header_are_dropped);
	TEST(a_tag_is_put_in_and_all_moves);
	TEST(a_slow_receiver_holds_nobody_up);
	TEST(a_receiver_that_is_late_loses_nothing);
	TEST(a_buffer_too_small_takes_nothing);
	TEST(who_breaks_the_protocol_breaks_alone);
	TEST(who_is_gone_is_gone_alone);
	TEST(bad_choices_of_features_are_refused);
	TEST(killed_at_any_step_it_goes_on);
	return tap_done();
}
