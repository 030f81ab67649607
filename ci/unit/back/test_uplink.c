/* SPDX-License-Identifier: Apache-2.0 */
/* A NIC as a port of the switch: frames out and in, finished where it cannot, no buffer lost when it is busy, damaged or dies. */

#include <back/uplink.h>

#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "net.h"
#include "nic.h"

static struct net_machine m;
static struct test_nic nic;
static struct uplink uplink;
static uint8_t frame[NET_FRAME_MAX];
static const struct virtio_net_hdr plain;
static const struct nic_offload nothing;

/* Port 2 is the NIC; 0 and 1 are guests. */
static void begin(uint32_t can)
{
	net_open(&m);
	m.port[2].is_uplink = true;
	m.port[2].learn_limit = 8;
	memset(m.port[2].mac, 0, 6);
	net_die(&m);
	test_nic_init(&nic, can);
	CHECK(uplink_init(&uplink, &m.net, 2, &nic.device));
	net_start(&m, 0, NET_ALL, 40);
	net_start(&m, 1, NET_PLAIN, 40);
	host_time_ns += 1000000;
	/* It hears somebody, so that the switch knows where he is. */
	CHECK(test_nic_arrive(&nic, frame, net_make(frame, 2, 0, false, 50, 1), &nothing));
	net_round(&m);
	net_collect(&m);
	m.received[0] = 0;
}

static void end(void)
{
	CHECK(uplink.free_count + nic.under_way_count * 1u <= UPLINK_PIECE_COUNT && nic.posted_count <= 64);
	free(uplink.pieces);
	free(uplink.receive);
	net_close(&m);
}

static void run(unsigned rounds)
{
	while (rounds--) {
		net_round(&m);
		uplink_poll(&uplink, 64);
		net_collect(&m);
	}
}

static struct virtio_net_hdr tcp_header(uint32_t segment)
{
	return (struct virtio_net_hdr){ .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .gso_type = segment ? VIRTIO_NET_HDR_GSO_TCPV4 : 0,
					.gso_size = (uint16_t)segment, .csum_start = 34, .csum_offset = 16 };
}

static void a_frame_goes_out_as_it_is(void)
{
	uint32_t bytes;

	begin(0);
	bytes = net_make(frame, 0, 2, false, 1000, 3);
	CHECK(nic.is_promiscuous && net_send(&m, 0, &plain, frame, bytes));
	run(2);
	CHECK(nic.sent_count == 1 && nic.bytes == bytes && !memcmp(nic.frame, frame, bytes) && m.done[0] == 1);
	CHECK(uplink.free_count == UPLINK_PIECE_COUNT && !nic.offload.needs_csum);
	end();
}

static void what_the_card_can_is_left_to_it(void)
{
	struct virtio_net_hdr header = tcp_header(1400);
	uint32_t bytes;

	begin(NIC_CAN_CSUM | NIC_CAN_TSO4);
	bytes = net_make(frame, 0, 2, true, 30000, 3);
	CHECK(net_send(&m, 0, &header, frame, bytes));
	run(2);
	CHECK(nic.sent_count == 1 && nic.bytes == bytes && !memcmp(nic.frame, frame, bytes) && uplink.counters.finished == 0);
	CHECK(nic.offload.needs_csum && nic.offload.gso == NIC_GSO_TCP4 && nic.offload.gso_bytes == 1400 && nic.offload.header_bytes == 54);
	end();
}

static void what_it_cannot_is_done_for_it(void)
{
	struct virtio_net_hdr header = tcp_header(1400);

	begin(NIC_CAN_CSUM);
	CHECK(net_send(&m, 0, &header, frame, net_make(frame, 0, 2, true, 14000, 3)));
	run(2);
	CHECK(nic.sent_count == 10 && nic.bytes == 54 + 1400 && !nic.offload.needs_csum && nic.offload.gso == NIC_GSO_NONE);
	CHECK(!memcmp(nic.frame + 54, frame + 54 + 9 * 1400, 1400) && memcmp(nic.frame + 50, frame + 50, 2));
	end();
}

static void send_plain(unsigned count)
{
	for (; count; count--) {
		CHECK(net_send(&m, 0, &plain, frame, net_make(frame, 0, 2, false, 100, 3)));
		run(1);
	}
}

/* Rounds, some time apart. */
static void run_for(uint64_t ns)
{
	for (uint64_t end_ns = host_time_ns + ns; host_time_ns < end_ns; host_time_ns += VNET_RETRY_NS)
		run(1);
}

static void a_busy_card_is_waited_for(void)
{
	begin(0);
	nic.frozen = true;
	send_plain(TEST_NIC_DEPTH + 8);
	run_for(UPLINK_GRACE_NS / 2);
	CHECK(nic.sent_count == TEST_NIC_DEPTH && m.done[0] == TEST_NIC_DEPTH && m.vnet[0].is_parked);
	nic.frozen = false;
	run_for(5 * VNET_RETRY_NS);
	CHECK(nic.sent_count == TEST_NIC_DEPTH + 8 && m.done[0] == nic.sent_count && net_drops(&m, 2, VSWITCH_DROP_NO_ROOM) == 0);
	CHECK(uplink.free_count == UPLINK_PIECE_COUNT && uplink.under_way == 0);
	end();
}

static void a_card_that_stays_busy_costs_one_grace_and_no_buffer(void)
{
	uint64_t start_ns;

	begin(0);
	nic.frozen = true;
	send_plain(44);
	start_ns = host_time_ns;
	while (m.done[0] < 44 && host_time_ns < start_ns + 10 * UPLINK_GRACE_NS)
		run_for(VNET_RETRY_NS);
	CHECK(host_time_ns <= start_ns + UPLINK_GRACE_NS + 10 * VNET_RETRY_NS && uplink.port.is_stuck);
	CHECK(nic.sent_count == TEST_NIC_DEPTH && net_drops(&m, 2, VSWITCH_DROP_NO_ROOM) == 44 - TEST_NIC_DEPTH);
	nic.frozen = false;
	run(1);
	send_plain(1);
	run(3);
	CHECK(uplink.free_count == UPLINK_PIECE_COUNT && nic.sent_count == TEST_NIC_DEPTH + 1 && !uplink.port.is_stuck);
	end();
}

/* Both have as many frames as they can, again and again; the card takes one a round. Port 0 is always looked at first. */
static void two_who_send_more_than_it_takes_have_a_share_each(void)
{
	begin(0);
	for (unsigned n = 0; n < 4000; n++) {
		while (net_send(&m, 0, &plain, frame, net_make(frame, 0, 2, false, 100, 3)))
			;
		while (net_send(&m, 1, &plain, frame, net_make(frame, 1, 2, false, 100, 3)))
			;
		host_time_ns += 3000;
		net_round(&m);
		net_collect(&m);
		uplink_poll(&uplink, 1);
	}
	CHECK(m.done[0] > 1500 && m.done[1] > 1500 && nic.sent_count > 3000 && net_drops(&m, 2, VSWITCH_DROP_NO_ROOM) == 0);
	m.vnet[1].device->is_running = false; /* who is broken or gone is not waited for */
	for (unsigned n = 0; n < 1000; n++) {
		while (net_send(&m, 0, &plain, frame, net_make(frame, 0, 2, false, 100, 3)))
			;
		run(1);
	}
	CHECK(m.done[0] > 3000);
	end();
}

static void a_card_without_link_is_not_waited_for(void)
{
	begin(0);
	nic.frozen = true;
	send_plain(TEST_NIC_DEPTH + 8);
	run_for(VNET_RETRY_NS);
	CHECK(m.vnet[0].is_parked);
	nic.device.link(nic.device.arg, false);
	run_for(5 * VNET_RETRY_NS);
	CHECK(m.done[0] == TEST_NIC_DEPTH + 8 && !m.vnet[0].is_parked);
	end();
}

static void segments_go_together(void)
{
	struct virtio_net_hdr header = tcp_header(1400);

	begin(NIC_CAN_CSUM);
	nic.frozen = true;
	send_plain(TEST_NIC_DEPTH - 9);
	CHECK(net_send(&m, 0, &header, frame, net_make(frame, 0, 2, true, 14000, 3)));
	run_for(VNET_RETRY_NS);
	CHECK(nic.sent_count == TEST_NIC_DEPTH - 9 && m.vnet[0].is_parked);
	nic.frozen = false;
	run_for(5 * VNET_RETRY_NS);
	CHECK(nic.sent_count == TEST_NIC_DEPTH - 9 + 10 && net_drops(&m, 2, VSWITCH_DROP_NO_ROOM) == 0 && uplink.under_way == 0);
	/* More than there can be: it begins, and some of it is lost. */
	nic.sent_count = 0;
	CHECK(net_send(&m, 0, &header, frame, net_make(frame, 0, 2, true, 60000, 3)));
	run_for(5 * VNET_RETRY_NS);
	CHECK(nic.sent_count == TEST_NIC_DEPTH && uplink.free_count == UPLINK_PIECE_COUNT);
	end();
}

static void frames_come_in_whole_and_in_pieces(void)
{
	struct nic_offload good = { .csum_good = true }, large = { .needs_csum = true, .gso = NIC_GSO_TCP4, .gso_bytes = 1400, .csum_start = 34,
								   .csum_offset = 16 };
	uint32_t bytes;

	begin(0);
	bytes = net_make(frame, 2, 0, false, 1400, 3);
	CHECK(test_nic_arrive(&nic, frame, bytes, &good));
	run(2);
	CHECK(m.received[0] == 1 && m.bytes[0] == bytes && !memcmp(m.frame[0], frame, bytes) && m.header[0].flags == VIRTIO_NET_HDR_F_DATA_VALID);
	bytes = net_make(frame, 2, 0, true, 20000, 5);
	CHECK(test_nic_arrive(&nic, frame, bytes, &large));
	run(2);
	CHECK(m.received[0] == 2 && m.bytes[0] == bytes && !memcmp(m.frame[0], frame, bytes) && m.header[0].gso_type == VIRTIO_NET_HDR_GSO_TCPV4);
	CHECK(nic.posted_count == 64);
	end();
}

static void damaged_frames_cost_no_buffer(void)
{
	begin(0);
	for (int n = 0; n < 200; n++) {
		uint64_t cookie = nic.posted[--nic.posted_count].cookie;

		nic.device.received(nic.device.arg, cookie, 0, true, &nothing);
	}
	CHECK(nic.posted_count == 64 && m.received[0] == 0);
	/* One that has no end, and then one that has. */
	for (int n = 0; n < 100; n++) {
		uint64_t cookie = nic.posted[--nic.posted_count].cookie;

		nic.device.received(nic.device.arg, cookie, TEST_NIC_BYTES, n == 99, &nothing);
	}
	CHECK(nic.posted_count == 64);
	CHECK(test_nic_arrive(&nic, frame, net_make(frame, 2, 0, false, 100, 3), &nothing));
	run(2);
	CHECK(m.received[0] == 1);
	end();
}

static void a_card_that_dies_comes_back(void)
{
	begin(0);
	nic.frozen = true;
	for (int n = 0; n < 10; n++)
		CHECK(net_send(&m, 0, &plain, frame, net_make(frame, 0, 2, false, n & 1 ? 500 : 1400, 3)));
	run(1);
	nic.device.dead = true;
	CHECK(net_send(&m, 0, &plain, frame, net_make(frame, 0, 2, false, 100, 3)));
	run(2);
	nic.frozen = false;
	CHECK(nic.resets == 3 && uplink.free_count == UPLINK_PIECE_COUNT && nic.posted_count == 64);
	CHECK(test_nic_arrive(&nic, frame, net_make(frame, 2, 0, false, 100, 3), &nothing));
	run(2);
	CHECK(m.received[0] == 1);
	end();
}

static void a_card_that_does_not_come_up_leaves_its_port_down(void)
{
	begin(0);
	nic.broken = nic.device.dead = true;
	run(2);
	CHECK(!uplink.port.is_up);
	CHECK(net_send(&m, 0, &plain, frame, net_make(frame, 0, 2, false, 100, 3)));
	run(2);
	CHECK(nic.sent_count == 0 && m.done[0] == 1);
	nic.broken = false;
	host_time_ns += REVIVE_NS;
	run(2);
	CHECK(uplink.port.is_up);
	CHECK(test_nic_arrive(&nic, frame, net_make(frame, 2, 0, false, 100, 3), &nothing));
	run(2);
	CHECK(m.received[0] == 1);
	end();
}

/* Resets of 20 ms each in 20 s of rounds; what part of that they took, in percent. */
static unsigned percent_of_resets(bool comes_up)
{
	uint64_t began_ns = host_time_ns;
	unsigned before = nic.resets;

	nic.reset_ns = 20000000;
	nic.broken = !comes_up;
	while (host_time_ns < began_ns + 20000000000ull) {
		nic.device.dead = true;
		uplink_poll(&uplink, 64);
		host_time_ns += 1000000;
	}
	nic.reset_ns = 0;
	return (unsigned)((nic.resets - before) * 20000000ull * 100 / (host_time_ns - began_ns));
}

static void a_dead_card_takes_a_tenth_of_the_time(void)
{
	begin(0);
	CHECK(percent_of_resets(false) <= 10 && !uplink.port.is_up);
	end();
}

static void nor_does_one_that_dies_again_and_again(void)
{
	unsigned percent;

	begin(0);
	percent = percent_of_resets(true);
	CHECK(percent >= 5 && percent <= 10);
	end();
}

static void a_port_without_a_card_is_down(void)
{
	begin(0);
	free(uplink.pieces);
	free(uplink.receive);
	nic.broken = true;
	CHECK(!uplink_init(&uplink, &m.net, 2, &nic.device));
	CHECK(!uplink.port.is_up);
	end();
}

static void a_link_that_is_down_gets_nothing(void)
{
	begin(0);
	nic.device.link(nic.device.arg, false);
	CHECK(net_send(&m, 0, &plain, frame, net_make(frame, 0, 2, false, 100, 3)));
	CHECK(test_nic_arrive(&nic, frame, net_make(frame, 2, 0, false, 100, 3), &nothing));
	run(2);
	CHECK(nic.sent_count == 0 && m.received[0] == 0 && m.done[0] == 1 && nic.posted_count == 64);
	nic.device.link(nic.device.arg, true);
	CHECK(test_nic_arrive(&nic, frame, net_make(frame, 2, 0, false, 100, 3), &nothing));
	run(2);
	CHECK(m.received[0] == 1);
	end();
}

int main(void)
{
	TEST(a_frame_goes_out_as_it_is);
	TEST(what_the_card_can_is_left_to_it);
	TEST(what_it_cannot_is_done_for_it);
	TEST(a_busy_card_is_waited_for);
	TEST(a_card_that_stays_busy_costs_one_grace_and_no_buffer);
	TEST(two_who_send_more_than_it_takes_have_a_share_each);
	TEST(a_card_without_link_is_not_waited_for);
	TEST(segments_go_together);
	TEST(frames_come_in_whole_and_in_pieces);
	TEST(damaged_frames_cost_no_buffer);
	TEST(a_card_that_dies_comes_back);
	TEST(a_card_that_does_not_come_up_leaves_its_port_down);
	TEST(a_dead_card_takes_a_tenth_of_the_time);
	TEST(nor_does_one_that_dies_again_and_again);
	TEST(a_port_without_a_card_is_down);
	TEST(a_link_that_is_down_gets_nothing);
	return tap_done();
}
