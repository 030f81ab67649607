/* SPDX-License-Identifier: Apache-2.0 */
/* The vswitch: who gets a frame, by address, matrix, VLAN, MTU and mirror, and what is counted. */

#include <string.h>

#include "../tap.h"
#include "world.h"

static struct frame f;

static void a_known_address_gets_it_alone(void)
{
	struct world *w = world_make();

	world_start(w);
	frame_plain(&f, 2, 1);
	CHECK(world_send(w, 0, &f) == 1u << 1);
	CHECK(w->verdict.drop == VSWITCH_FORWARDED && w->verdict.mirror == 0);
	CHECK(w->verdict.vlan == 1 && w->verdict.edit[1] == VSWITCH_EDIT_KEEP);
}

static void broadcast_goes_to_all_others(void)
{
	struct world *w = world_make();

	world_start(w);
	frame_plain(&f, 0xff, 1);
	CHECK(world_send(w, 0, &f) == 0xe);
	f.bytes[0] = 0x33;	/* multicast */
	CHECK(world_send(w, 0, &f) == 0xe);
}

static void an_unknown_address_is_sought_where_addresses_are_learned(void)
{
	struct world *w = world_make();

	world_start(w);
	frame_plain(&f, 0x77, 1);
	CHECK(world_send(w, 0, &f) == 1u << UPLINK);
	CHECK(world_send(w, UPLINK, &f) == 0);	/* from there, nobody else can have it */
	w->port[UPLINK].learn_limit = 0;
	world_start(w);
	CHECK(world_send(w, 0, &f) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_NO_DESTINATION));
}

static void the_matrix_is_obeyed_each_way(void)
{
	struct world *w = world_make();

	w->port[0].allow = 1u << UPLINK;
	world_start(w);
	frame_plain(&f, 2, 1);
	CHECK(world_send(w, 0, &f) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_NOT_ALLOWED));
	frame_plain(&f, 1, 2);
	CHECK(world_send(w, 1, &f) == 1);	/* the other way it is allowed */
	frame_plain(&f, 0xff, 1);
	CHECK(world_send(w, 0, &f) == 1u << UPLINK);
	w->port[0].allow = 0;
	world_start(w);
	CHECK(world_send(w, 0, &f) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_NOT_ALLOWED));
	frame_plain(&f, 0x77, 1);
	CHECK(world_send(w, 0, &f) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_NOT_ALLOWED));
}

static void a_frame_to_its_own_port_goes_nowhere(void)
{
	struct world *w = world_make();

	world_start(w);
	frame_plain(&f, 1, 1);
	CHECK(world_send(w, 0, &f) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_NO_DESTINATION));
}

static void runts_and_bad_sources_are_dropped(void)
{
	struct world *w = world_make();

	world_start(w);
	frame_plain(&f, 2, 1);
	f.size = 13;
	CHECK(world_send(w, 0, &f) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_RUNT));
	f.size = 0;
	CHECK(world_send(w, 0, &f) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_RUNT));
	frame_start(&f, 2, 1);
	frame_tag(&f, 1);
	f.size = 17;
	CHECK(world_send(w, 0, &f) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_RUNT));
	frame_plain(&f, 2, 1);
	f.bytes[6] = 3;
	CHECK(world_send(w, 0, &f) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_BAD_SOURCE));
	memset(f.bytes + 6, 0, 6);
	CHECK(world_send(w, 0, &f) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_BAD_SOURCE));
}

static void reserved_groups_are_kept(void)
{
	struct world *w = world_make();

	world_start(w);
	frame_plain(&f, 0xff, 1);
	memcpy(f.bytes, "\x01\x80\xc2\x00\x00\x00", 6);
	for (uint8_t last = 0; last < 16; last++) {
		f.bytes[5] = last;
		CHECK(world_send(w, 0, &f) == 0);
		CHECK(dropped(w, 0, VSWITCH_DROP_RESERVED));
	}
	f.bytes[5] = 16;
	CHECK(world_send(w, 0, &f) == 0xe);
}

static void mtus_are_kept(void)
{
	struct world *w = world_make();

	w->port[0].mtu = 9000;
	w->port[1].mtu = 9000;
	w->port[UPLINK].mtu = 9000;
	world_start(w);
	frame_start(&f, 2, 1);
	frame_type(&f, 0x88b5);
	frame_fill(&f, 9000);
	CHECK(world_send(w, 0, &f) == 1u << 1);
	f.bytes[5] = 3;
	CHECK(world_send(w, 0, &f) == 0);
	CHECK(dropped(w, 2, VSWITCH_DROP_TOO_BIG));
	frame_fill(&f, 1);
	f.bytes[5] = 2;
	CHECK(world_send(w, 0, &f) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_TOO_BIG));
	frame_start(&f, 0xff, 1);
	frame_type(&f, 0x88b5);
	frame_fill(&f, 9000);
	CHECK(world_send(w, 0, &f) == (1u << 1 | 1u << UPLINK));	/* those that can */
	CHECK(w->sw.port[2].counters.drops[VSWITCH_DROP_TOO_BIG] == 1);
}

static void a_frame_to_be_cut_counts_by_its_pieces(void)
{
	struct world *w = world_make();

	world_start(w);
	frame_start(&f, 2, 1);
	frame_ipv4(&f, 6, 1, 2);
	frame_tcp(&f, 1, 2, 0x10);
	frame_fill(&f, 60000);
	CHECK(world_send_as(w, 0, &f, 192, 42, 1514) == 1u << 1);
	CHECK(world_send_as(w, 0, &f, 192, 42, 1515) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_TOO_BIG));
	CHECK(world_send_as(w, 0, &f, 192, 1, f.size) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_TOO_BIG));
}

static void mirrors_get_copies(void)
{
	struct world *w = world_make();

	w->port[0].mirror_ingress_to = 2;
	w->port[0].mirror_egress_to = 2;
	w->port[2].allow = 0;
	w->port[1].allow = 1;
	world_start(w);
	frame_plain(&f, 2, 1);
	CHECK(world_send(w, 0, &f) == 1u << 1 && w->verdict.mirror == 1u << 2);
	CHECK(w->verdict.edit[2] == VSWITCH_EDIT_KEEP);
	frame_plain(&f, 1, 2);
	CHECK(world_send(w, 1, &f) == 1 && w->verdict.mirror == 1u << 2);
	frame_plain(&f, 0x77, 2);
	CHECK(world_send(w, 1, &f) == 0 && w->verdict.mirror == 0);
	frame_plain(&f, 3, 1);	/* to the mirror's own address: once */
	CHECK(world_send(w, 0, &f) == 1u << 2 && w->verdict.mirror == 0);
}

static void a_mirror_sees_what_the_filter_denies(void)
{
	struct world *w = world_make();

	w->port[0].mirror_ingress_to = UPLINK;
	w->port[0].default_ingress = VSWITCH_DENY;
	world_start(w);
	frame_plain(&f, 2, 1);
	CHECK(world_send(w, 0, &f) == 0 && w->verdict.mirror == 1u << UPLINK);
	CHECK(dropped(w, 0, VSWITCH_DROP_FILTER));
}

static void a_mirror_that_cannot_take_it_is_left_out(void)
{
	struct world *w = world_make();

	w->port[0].mirror_ingress_to = 2;
	w->port[2].mtu = 100;
	world_start(w);
	frame_plain(&f, 2, 1);
	CHECK(world_send(w, 0, &f) == 1u << 1 && w->verdict.mirror == 0);
	CHECK(w->sw.port[2].counters.drops[VSWITCH_DROP_TOO_BIG] == 1);
	w->port[2].mtu = 1500;
	world_start(w);
	vswitch_port_set_up(&w->sw, 2, false);
	CHECK(world_send(w, 0, &f) == 1u << 1 && w->verdict.mirror == 0);
	w->port[0].mirror_ingress_to = 0;
	world_start(w);
	CHECK(world_send(w, 0, &f) == 1u << 1 && w->verdict.mirror == 0);
}

static void a_port_that_is_down_gets_and_sends_nothing(void)
{
	struct world *w = world_make();

	world_start(w);
	vswitch_port_set_up(&w->sw, 1, false);
	frame_plain(&f, 2, 1);
	CHECK(world_send(w, 0, &f) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_PORT_DOWN));
	frame_plain(&f, 0xff, 1);
	CHECK(world_send(w, 0, &f) == (1u << 2 | 1u << UPLINK));
	frame_plain(&f, 1, 2);
	CHECK(world_send(w, 1, &f) == 0);
	CHECK(dropped(w, 1, VSWITCH_DROP_PORT_DOWN));
	vswitch_port_set_up(&w->sw, 1, true);
	CHECK(world_send(w, 1, &f) == 1);
}

static void everything_is_counted(void)
{
	struct world *w = world_make();
	const struct vswitch_counters *c = &w->sw.port[0].counters;

	world_start(w);
	frame_plain(&f, 2, 1);
	CHECK(world_send(w, 0, &f) == 2);
	CHECK(c->rx_frames == 1 && c->rx_bytes == f.size && c->tx_frames == 0);
	vswitch_count_tx(&w->sw, 1, f.size);
	CHECK(w->sw.port[1].counters.tx_frames == 1 && w->sw.port[1].counters.tx_bytes == f.size);
	vswitch_count_drop(&w->sw, 1, VSWITCH_DROP_NO_ROOM);
	CHECK(w->sw.port[1].counters.drops[VSWITCH_DROP_NO_ROOM] == 1);
	f.size = 3;
	CHECK(world_send(w, 0, &f) == 0);
	CHECK(c->rx_frames == 2);
}

static void drops_have_names(void)
{
	for (uint32_t i = 0; i < VSWITCH_DROP_COUNT; i++) {
		CHECK(vswitch_drop_name((enum vswitch_drop)i) != NULL);
		for (uint32_t j = 0; j < i; j++)
			CHECK(strcmp(vswitch_drop_name((enum vswitch_drop)i), vswitch_drop_name((enum vswitch_drop)j)) != 0);
	}
	CHECK(strcmp(vswitch_drop_name((enum vswitch_drop)VSWITCH_DROP_COUNT), "unknown") == 0);
}

static void many_ports(void)
{
	struct world *w = world_make();

	w->config.port_count = VSWITCH_PORT_MAX;
	for (uint32_t i = 0; i < VSWITCH_PORT_MAX; i++) {
		w->port[i] = w->port[0];
		mac_make(w->port[i].mac, (uint8_t)(i + 1));
		w->port[i].allow = UINT32_MAX & ~(1u << i);
	}
	world_start(w);
	frame_plain(&f, 0xff, 32);
	CHECK(world_send(w, 31, &f) == 0x7fffffff);
	frame_plain(&f, 32, 1);
	CHECK(world_send(w, 0, &f) == 0x80000000);
}

int main(void)
{
	TEST(a_known_address_gets_it_alone);
	TEST(broadcast_goes_to_all_others);
	TEST(an_unknown_address_is_sought_where_addresses_are_learned);
	TEST(the_matrix_is_obeyed_each_way);
	TEST(a_frame_to_its_own_port_goes_nowhere);
	TEST(runts_and_bad_sources_are_dropped);
	TEST(reserved_groups_are_kept);
	TEST(mtus_are_kept);
	TEST(a_frame_to_be_cut_counts_by_its_pieces);
	TEST(mirrors_get_copies);
	TEST(a_mirror_sees_what_the_filter_denies);
	TEST(a_mirror_that_cannot_take_it_is_left_out);
	TEST(a_port_that_is_down_gets_and_sends_nothing);
	TEST(everything_is_counted);
	TEST(drops_have_names);
	TEST(many_ports);
	return tap_done();
}
