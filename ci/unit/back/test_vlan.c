/* SPDX-License-Identifier: Apache-2.0 */
/* The vswitch: VLANs, and tags on the way in and out. */

#include <string.h>

#include "../tap.h"
#include "world.h"

static struct frame f;

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

int main(void)
{
	TEST(vlans_do_not_see_each_other);
	TEST(a_trunk_gets_tags);
	TEST(a_trunk_sends_tags);
	TEST(from_trunk_to_trunk);
	TEST(an_access_port_cannot_choose_its_vlan);
	TEST(nested_tags_are_dropped);
	TEST(a_tag_that_the_nic_took_out);
	TEST(edits_do_what_they_say);
	TEST(a_tag_does_not_count_against_the_mtu);
	return tap_done();
}
