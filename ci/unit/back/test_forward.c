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

static void vlans_do_not_see_each_other(void)
{
	struct world *w = world_make();

	w->port[1].vlan = 20;
	w->port[2].vlan = 20;
	world_start(w);
	frame_plain(&f, 2, 1);
	f.bytes[5] = 3;
	CHECK(world_send(w, 0, &f) == 1u << UPLINK);	/* unknown in VLAN 1 */
	frame_plain(&f, 0xff, 1);
	CHECK(world_send(w, 0, &f) == 1u << UPLINK);
	frame_plain(&f, 0xff, 2);
	CHECK(world_send(w, 1, &f) == 1u << 2);
	frame_plain(&f, 3, 2);
	CHECK(world_send(w, 1, &f) == 1u << 2);
	frame_plain(&f, 1, 2);
	CHECK(world_send(w, 1, &f) == 0);
	CHECK(dropped(w, 1, VSWITCH_DROP_NO_DESTINATION));
}

/* Port 0: access 10. Port 1: access 20. Uplink: trunk with native 1 and 10 to 12. */
static struct world *trunk_world(void)
{
	static const struct vswitch_vlan_range tagged[] = { { 10, 12 } };
	struct world *w = world_make();

	w->port[0].vlan = 10;
	w->port[1].vlan = 20;
	w->port[UPLINK].is_trunk = true;
	w->port[UPLINK].vlan_ranges = tagged;
	w->port[UPLINK].vlan_range_count = 1;
	return w;
}

static void tagged_frame(uint8_t to, uint8_t from, uint16_t tci)
{
	frame_start(&f, to, from);
	frame_tag(&f, tci);
	frame_ipv4(&f, 17, from, to);
	frame_udp(&f, 1, 2);
}

static void a_trunk_gets_tags(void)
{
	struct world *w = trunk_world();

	world_start(w);
	frame_plain(&f, 0x77, 1);
	CHECK(world_send(w, 0, &f) == 1u << UPLINK);
	CHECK(w->verdict.edit[UPLINK] == VSWITCH_EDIT_INSERT && w->verdict.tci == 10);
	frame_plain(&f, 0x77, 3);
	CHECK(world_send(w, 2, &f) == 1u << UPLINK);	/* the native VLAN goes without */
	CHECK(w->verdict.edit[UPLINK] == VSWITCH_EDIT_KEEP);
	frame_plain(&f, 0x77, 2);
	CHECK(world_send(w, 1, &f) == 0);		/* VLAN 20 is not on the trunk */
	CHECK(dropped(w, 1, VSWITCH_DROP_NO_DESTINATION));
}

static void a_trunk_sends_tags(void)
{
	struct world *w = trunk_world();

	world_start(w);
	tagged_frame(1, 0x77, 0xa000 | 10);
	CHECK(world_send(w, UPLINK, &f) == 1);
	CHECK(w->verdict.edit[0] == VSWITCH_EDIT_STRIP);
	tagged_frame(1, 0x77, 20);
	CHECK(world_send(w, UPLINK, &f) == 0);
	CHECK(dropped(w, UPLINK, VSWITCH_DROP_VLAN_FOREIGN));
	tagged_frame(1, 0x77, 4095);
	CHECK(world_send(w, UPLINK, &f) == 0);
	CHECK(dropped(w, UPLINK, VSWITCH_DROP_VLAN_FOREIGN));
	frame_plain(&f, 3, 0x77);
	CHECK(world_send(w, UPLINK, &f) == 1u << 2);	/* native */
	tagged_frame(3, 0x77, 1);
	CHECK(world_send(w, UPLINK, &f) == 1u << 2);	/* native, said explicitly */
	w->port[UPLINK].vlan = 0;
	world_start(w);
	frame_plain(&f, 3, 0x77);
	CHECK(world_send(w, UPLINK, &f) == 0);
	CHECK(dropped(w, UPLINK, VSWITCH_DROP_VLAN_TAG));
}

static void from_trunk_to_trunk(void)
{
	struct world *w = trunk_world();

	w->port[2].is_trunk = true;
	w->port[2].vlan = 12;
	w->port[2].vlan_ranges = w->port[UPLINK].vlan_ranges;
	w->port[2].vlan_range_count = 1;
	world_start(w);
	tagged_frame(3, 0x77, 0xe00b);
	CHECK(world_send(w, UPLINK, &f) == 1u << 2);
	CHECK(w->verdict.edit[2] == VSWITCH_EDIT_KEEP && w->verdict.tci == 0xe00b);
	tagged_frame(3, 0x77, 12);
	CHECK(world_send(w, UPLINK, &f) == 1u << 2);
	CHECK(w->verdict.edit[2] == VSWITCH_EDIT_STRIP);
	tagged_frame(0x77, 3, 0x6000);	/* a priority and no VLAN: native 12, and the uplink wants that tagged */
	CHECK(world_send(w, 2, &f) == 1u << UPLINK);
	CHECK(w->verdict.edit[UPLINK] == VSWITCH_EDIT_REPLACE && w->verdict.tci == (0x6000 | 12));
}

static void an_access_port_cannot_choose_its_vlan(void)
{
	struct world *w = trunk_world();

	world_start(w);
	tagged_frame(2, 1, 20);
	CHECK(world_send(w, 0, &f) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_VLAN_TAG));
	tagged_frame(2, 1, 10);
	CHECK(world_send(w, 0, &f) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_VLAN_TAG));
	tagged_frame(0x77, 1, 0x2000);	/* a priority alone is no VLAN */
	CHECK(world_send(w, 0, &f) == 1u << UPLINK);
	CHECK(w->verdict.edit[UPLINK] == VSWITCH_EDIT_REPLACE && w->verdict.tci == (0x2000 | 10));
}

static void nested_tags_are_dropped(void)
{
	static const uint16_t outer[] = { 0x8100, 0x88a8, 0x9100 };
	struct world *w = trunk_world();

	world_start(w);
	for (uint32_t i = 0; i < 3; i++) {
		frame_start(&f, 1, 0x77);
		frame_type(&f, outer[i]);
		frame_type(&f, 10);
		frame_tag(&f, 10);
		frame_type(&f, 0x0800);
		frame_fill(&f, 60);
		CHECK(world_send(w, UPLINK, &f) == 0);
		CHECK(dropped(w, UPLINK, VSWITCH_DROP_VLAN_NESTED));
	}
}

static void a_tag_that_the_nic_took_out(void)
{
	struct world *w = trunk_world();
	struct vswitch_frame frame = { .port = UPLINK, .header = f.bytes, .segment_count = 1, .has_tag_beside = true, .tci_beside = 0x600a };

	w->port[UPLINK].mirror_ingress_to = 2;
	world_start(w);
	frame_plain(&f, 1, 0x77);
	frame.total_bytes = frame.header_bytes = frame.wire_bytes = f.size;
	vswitch_forward(&w->sw, &frame, &w->verdict);
	CHECK(w->verdict.egress == 1 && w->verdict.edit[0] == VSWITCH_EDIT_KEEP && w->verdict.vlan == 10);
	CHECK(w->verdict.mirror == 1u << 2 && w->verdict.edit[2] == VSWITCH_EDIT_INSERT && w->verdict.tci == 0x600a);
	tagged_frame(1, 0x77, 10);
	frame.total_bytes = frame.header_bytes = frame.wire_bytes = f.size;
	vswitch_forward(&w->sw, &frame, &w->verdict);
	CHECK(dropped(w, UPLINK, VSWITCH_DROP_VLAN_NESTED));
}

static void edits_do_what_they_say(void)
{
	uint8_t bytes[32], want[32];

	for (uint8_t i = 0; i < 32; i++)
		bytes[i] = want[i] = i;
	CHECK(vswitch_edit_header(bytes, 28, VSWITCH_EDIT_KEEP, 5) == 28 && memcmp(bytes, want, 32) == 0);
	CHECK(vswitch_edit_header(bytes, 28, VSWITCH_EDIT_INSERT, 0x6005) == 32);
	CHECK(memcmp(bytes, want, 12) == 0 && memcmp(bytes + 12, "\x81\x00\x60\x05", 4) == 0 && memcmp(bytes + 16, want + 12, 16) == 0);
	CHECK(vswitch_edit_header(bytes, 32, VSWITCH_EDIT_REPLACE, 7) == 32 && memcmp(bytes + 12, "\x81\x00\x00\x07", 4) == 0);
	CHECK(vswitch_edit_header(bytes, 32, VSWITCH_EDIT_STRIP, 9) == 28 && memcmp(bytes, want, 28) == 0);
	CHECK(vswitch_edit_header(bytes, 15, VSWITCH_EDIT_STRIP, 9) == 15);
	CHECK(vswitch_edit_delta(VSWITCH_EDIT_INSERT) == 4 && vswitch_edit_delta(VSWITCH_EDIT_STRIP) == -4);
	CHECK(vswitch_edit_delta(VSWITCH_EDIT_KEEP) == 0 && vswitch_edit_delta(VSWITCH_EDIT_REPLACE) == 0);
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
	tagged_frame(2, 1, 1);
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

static void a_tag_does_not_count_against_the_mtu(void)
{
	struct world *w = trunk_world();

	world_start(w);
	frame_start(&f, 1, 0x77);
	frame_tag(&f, 10);
	frame_type(&f, 0x88b5);
	frame_fill(&f, 1500);
	CHECK(world_send(w, UPLINK, &f) == 1);
	frame_fill(&f, 1);
	CHECK(world_send(w, UPLINK, &f) == 0);
	CHECK(dropped(w, UPLINK, VSWITCH_DROP_TOO_BIG));
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

/* Each line breaks a sound configuration in one way. */
static bool refuses(void (*spoil)(struct world *w))
{
	struct world *w = world_make();

	world_start(w);
	spoil(w);
	return !vswitch_init(&w->sw, &w->config, 0, 0);
}

static void too_many_ports(struct world *w) { w->config.port_count = VSWITCH_PORT_MAX + 1; }
static void too_many_rules(struct world *w) { w->config.rule_count = VSWITCH_RULE_MAX + 1; }
static void no_ageing(struct world *w) { w->config.age_s = 0; }
static void no_name(struct world *w) { w->port[1].name = NULL; }
static void no_vlan(struct world *w) { w->port[1].vlan = 0; }
static void vlan_4095(struct world *w) { w->port[1].vlan = 4095; }
static void trunk_vlan_4095(struct world *w) { w->port[1].is_trunk = true; w->port[1].vlan = 4095; }
static void learns_too_much(struct world *w) { w->port[1].learn_limit = VSWITCH_LEARN_MAX + 1; }
static void mirror_nowhere(struct world *w) { w->port[1].mirror_egress_to = 4; }
static void mirror_in_nowhere(struct world *w) { w->port[1].mirror_ingress_to = 4; }
static void allows_nobody(struct world *w) { w->port[1].allow = 1u << 4; }
static void rules_outside(struct world *w) { w->port[1].rule_count = 1; }
static void rules_behind(struct world *w) { w->port[1].rule_first = 1; }
static void group_mac(struct world *w) { w->port[1].mac[0] = 1; }
static void fixed_to_nothing(struct world *w) { w->port[UPLINK].is_mac_fixed = true; }
static void no_burst(struct world *w) { w->port[1].bytes.per_second = 1; }
static void frames_large_burst(struct world *w) { w->port[1].frames = (struct vswitch_limit){ 1, VSWITCH_BURST_MAX + 1 }; }
static void storm_large_rate(struct world *w) { w->port[1].storm = (struct vswitch_limit){ VSWITCH_RATE_MAX + 1, 1 }; }

static void bad_trunk_range(struct world *w)
{
	static const struct vswitch_vlan_range range = { 10, 4095 };

	w->port[1].is_trunk = true;
	w->port[1].vlan_ranges = &range;
	w->port[1].vlan_range_count = 1;
}

static void bad_source(struct world *w)
{
	static const struct vswitch_prefix prefix = { 4, 33, { 0 } };

	w->port[1].sources = &prefix;
	w->port[1].source_count = 1;
}

static void bad_rule_prefix(struct world *w) { w->config.rule_count = 1; w->rule[0].source = (struct vswitch_prefix){ 6, 129, { 0 } }; }
static void bad_rule_family(struct world *w) { w->config.rule_count = 1; w->rule[0].destination.family = 5; }
static void bad_rule_ports(struct world *w) { w->config.rule_count = 1; w->rule[0].source_ports.first = 1; }
static void bad_rule_to_ports(struct world *w) { w->config.rule_count = 1; w->rule[0].destination_ports.first = 1; }
static void bad_rule_number(struct world *w) { w->config.rule_count = 1; w->rule[0].protocol = VSWITCH_IP_PROTOCOL; w->rule[0].number = 256; }

static void unsound_configurations_are_refused(void)
{
	static void (*const ways[])(struct world *) = {
		too_many_ports, too_many_rules, no_ageing, no_name, no_vlan, vlan_4095, trunk_vlan_4095, learns_too_much, mirror_nowhere,
		mirror_in_nowhere, allows_nobody, rules_outside, rules_behind, group_mac, fixed_to_nothing, no_burst, frames_large_burst,
		storm_large_rate, bad_trunk_range, bad_source, bad_rule_prefix, bad_rule_family, bad_rule_ports, bad_rule_to_ports,
		bad_rule_number,
	};

	for (uint32_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		CHECK(refuses(ways[i]));
		if (tap_bad_)
			printf("# way %u\n", i);
	}
}

int main(void)
{
	TEST(a_known_address_gets_it_alone);
	TEST(broadcast_goes_to_all_others);
	TEST(an_unknown_address_is_sought_where_addresses_are_learned);
	TEST(the_matrix_is_obeyed_each_way);
	TEST(a_frame_to_its_own_port_goes_nowhere);
	TEST(vlans_do_not_see_each_other);
	TEST(a_trunk_gets_tags);
	TEST(a_trunk_sends_tags);
	TEST(from_trunk_to_trunk);
	TEST(an_access_port_cannot_choose_its_vlan);
	TEST(nested_tags_are_dropped);
	TEST(a_tag_that_the_nic_took_out);
	TEST(edits_do_what_they_say);
	TEST(runts_and_bad_sources_are_dropped);
	TEST(reserved_groups_are_kept);
	TEST(mtus_are_kept);
	TEST(a_frame_to_be_cut_counts_by_its_pieces);
	TEST(a_tag_does_not_count_against_the_mtu);
	TEST(mirrors_get_copies);
	TEST(a_mirror_sees_what_the_filter_denies);
	TEST(a_mirror_that_cannot_take_it_is_left_out);
	TEST(a_port_that_is_down_gets_and_sends_nothing);
	TEST(everything_is_counted);
	TEST(drops_have_names);
	TEST(many_ports);
	TEST(unsound_configurations_are_refused);
	return tap_done();
}
