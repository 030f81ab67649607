/* SPDX-License-Identifier: Apache-2.0 */
/* The vswitch's anti-spoofing: each check with a frame that passes and one that does not. */

#include <string.h>

#include "../tap.h"
#include "world.h"

static struct frame f;

static const struct vswitch_prefix own[] = { { 4, 32, { 10, 0, 0, 1 } }, { 6, 128, { 0xfd, [15] = 1 } } };

static struct world *spoof_world(uint32_t sources)
{
	struct world *w = world_make();

	w->port[0].is_mac_fixed = true;
	w->port[0].is_arp_checked = true;
	w->port[0].sources = own;
	w->port[0].source_count = sources;
	world_start(w);
	return w;
}

static bool passes(struct world *w)
{
	return world_send(w, 0, &f) != 0;
}

static bool fails(struct world *w, enum vswitch_drop reason)
{
	world_send(w, 0, &f);
	return dropped(w, 0, reason);
}

static void source_mac(void)
{
	struct world *w = spoof_world(0);

	frame_plain(&f, 2, 1);
	CHECK(passes(w));
	frame_plain(&f, 2, 9);
	CHECK(fails(w, VSWITCH_DROP_SPOOF_MAC));
	w->port[0].is_mac_fixed = false;
	CHECK(passes(w));
}

static void nobody_has_a_fixed_address_of_another(void)
{
	struct world *w = world_make();

	world_start(w);
	frame_plain(&f, 3, 2);
	CHECK(world_send(w, UPLINK, &f) == 0);
	CHECK(dropped(w, UPLINK, VSWITCH_DROP_SPOOF_MAC));
	frame_plain(&f, 3, 9);
	CHECK(world_send(w, UPLINK, &f) == 1u << 2);
	w->port[1].vlan = 7;	/* not in this VLAN: a router behind the uplink may show it here */
	world_start(w);
	frame_plain(&f, 3, 2);
	CHECK(world_send(w, UPLINK, &f) == 1u << 2);
}

static void source_ipv4(void)
{
	struct world *w = spoof_world(2);

	frame_plain(&f, 2, 1);
	CHECK(passes(w));
	f.bytes[29] = 9;
	CHECK(fails(w, VSWITCH_DROP_SPOOF_IP));
	frame_plain(&f, 2, 1);
	CHECK(world_send_as(w, 0, &f, 20, 1, f.size) == 0);	/* an address that is not seen is not believed */
	CHECK(dropped(w, 0, VSWITCH_DROP_SPOOF_IP));
	w = spoof_world(0);
	f.bytes[29] = 9;
	CHECK(passes(w));
}

static void dhcp_asks_from_nowhere(void)
{
	struct world *w = spoof_world(1);

	frame_start(&f, 0xff, 1);
	frame_ipv4(&f, 17, 0, 0);
	memset(f.bytes + 26, 0, 4);
	memset(f.bytes + 30, 0xff, 4);
	frame_udp(&f, 68, 67);
	CHECK(passes(w));
	f.bytes[33] = 1;
	CHECK(fails(w, VSWITCH_DROP_SPOOF_IP));
	f.bytes[33] = 0xff;
	f.bytes[37] = 66;
	CHECK(fails(w, VSWITCH_DROP_SPOOF_IP));
	f.bytes[37] = 67;
	f.bytes[23] = 6;
	f.bytes[46] = 0x50;
	CHECK(fails(w, VSWITCH_DROP_SPOOF_IP));
}

static void source_ipv6(void)
{
	struct world *w = spoof_world(2);

	frame_start(&f, 2, 1);
	frame_ipv6(&f, 17, 1, 2);
	frame_udp(&f, 1, 2);
	CHECK(passes(w));
	f.bytes[37] = 9;
	CHECK(fails(w, VSWITCH_DROP_SPOOF_IP));
	f.bytes[22] = 0xfe;	/* link-local */
	f.bytes[23] = 0x80;
	CHECK(passes(w));
	w = spoof_world(1);	/* IPv4 only */
	CHECK(fails(w, VSWITCH_DROP_SPOOF_IP));
}

static void ipv6_begins_from_nowhere(void)
{
	struct world *w = spoof_world(2);

	frame_start(&f, 0xff, 1);
	frame_ipv6(&f, 58, 0, 2);
	f.bytes[22] = 0;
	frame_bytes(&f, (uint8_t[24]){ 135 }, 24);
	CHECK(passes(w));
	f.bytes[20] = 17;
	f.bytes[59] = 24;
	CHECK(fails(w, VSWITCH_DROP_SPOOF_IP));
	f.bytes[20] = 58;
	w = spoof_world(1);
	CHECK(fails(w, VSWITCH_DROP_SPOOF_IP));
}

static void other_protocols_have_no_source(void)
{
	static const uint8_t snap[6] = { 0xaa, 0xaa, 3 };
	struct world *w = spoof_world(2);

	frame_start(&f, 2, 1);
	frame_type(&f, 0x88b5);
	CHECK(passes(w));
	frame_start(&f, 2, 1);
	frame_type(&f, 136);
	frame_bytes(&f, snap, sizeof(snap));
	frame_ipv4(&f, 17, 9, 2);	/* IP in another wrapping has one */
	frame_udp(&f, 1, 2);
	CHECK(fails(w, VSWITCH_DROP_SPOOF_IP));
}

static void arp_says_its_own(void)
{
	struct world *w = spoof_world(2);

	frame_start(&f, 0xff, 1);
	frame_arp(&f, 1, 1, 2);
	CHECK(passes(w));
	frame_start(&f, 0xff, 1);
	frame_arp(&f, 2, 1, 2);		/* another's MAC address inside */
	CHECK(fails(w, VSWITCH_DROP_SPOOF_ARP));
	frame_start(&f, 0xff, 1);
	frame_arp(&f, 1, 2, 2);		/* another's IP address */
	CHECK(fails(w, VSWITCH_DROP_SPOOF_ARP));
	memset(f.bytes + 28, 0, 4);	/* is this address free? */
	CHECK(passes(w));
	frame_start(&f, 0xff, 1);
	frame_arp(&f, 1, 1, 2);
	CHECK(world_send_as(w, 0, &f, 30, 1, f.size) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_SPOOF_ARP));
}

static void arp_without_a_list_or_a_check(void)
{
	struct world *w = spoof_world(0);

	frame_start(&f, 0xff, 1);
	frame_arp(&f, 1, 77, 2);
	CHECK(passes(w));
	frame_start(&f, 0xff, 1);
	frame_arp(&f, 2, 77, 2);
	CHECK(fails(w, VSWITCH_DROP_SPOOF_ARP));
	w->port[0].is_arp_checked = false;
	CHECK(passes(w));
}

static void advertisement(uint8_t type, uint8_t target)
{
	uint8_t icmp[24] = { type, [8] = 0xfd, [23] = target };

	frame_start(&f, 2, 1);
	frame_ipv6(&f, 58, 1, 2);
	frame_bytes(&f, icmp, sizeof(icmp));
}

static void advertisements_say_their_own(void)
{
	struct world *w = spoof_world(2);

	advertisement(136, 1);
	CHECK(passes(w));
	advertisement(136, 2);
	CHECK(fails(w, VSWITCH_DROP_SPOOF_ARP));
	advertisement(135, 2);		/* a question is none */
	CHECK(passes(w));
	advertisement(136, 1);
	CHECK(world_send_as(w, 0, &f, 60, 1, f.size) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_SPOOF_ARP));
	CHECK(world_send_as(w, 0, &f, 54, 1, f.size) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_SPOOF_ARP));
	w->port[0].is_arp_checked = false;
	advertisement(136, 2);
	CHECK(passes(w));
}

/* With two options: a nonce, which is nobody's address, and a MAC address. */
static void tell(uint8_t target, uint8_t mac, uint8_t length)
{
	uint8_t icmp[40] = { 136, [8] = 0xfd, [23] = target, [24] = 14, [25] = length, [32] = 2, [33] = 1, [34] = 2, [39] = mac };

	frame_start(&f, 2, 1);
	frame_ipv6(&f, 58, 1, 2);
	frame_bytes(&f, icmp, sizeof(icmp));
	memcpy(f.bytes + f.size - 6, f.bytes + 6, 6);
	f.bytes[f.size - 1] = mac;
}

static void advertisements_tell_their_own_link(void)
{
	struct world *w = spoof_world(2);

	tell(1, 1, 1);
	CHECK(passes(w));
	tell(1, 3, 1);
	CHECK(fails(w, VSWITCH_DROP_SPOOF_ARP));
	tell(1, 3, 0);			/* an option without length, which would hide the next one */
	CHECK(fails(w, VSWITCH_DROP_SPOOF_ARP));
	tell(1, 3, 2);			/* it is within the option before */
	CHECK(passes(w));
	tell(1, 1, 1);			/* what was not shown */
	CHECK(world_send_as(w, 0, &f, 90, 1, f.size) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_SPOOF_ARP));
	w->port[0].source_count = 0;
	tell(9, 1, 1);
	CHECK(passes(w));
	tell(9, 3, 1);
	CHECK(fails(w, VSWITCH_DROP_SPOOF_ARP));
}

static void advertisements_cannot_hide(void)
{
	struct world *w = spoof_world(2);

	frame_start(&f, 2, 1);
	frame_ipv6(&f, 60, 1, 2);
	frame_extension(&f, 58, 20);
	frame_bytes(&f, (uint8_t[24]){ 136 }, 24);
	CHECK(world_send_as(w, 0, &f, 192, 1, f.size) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_SPOOF_ARP));
	frame_start(&f, 2, 1);
	frame_ipv6(&f, 44, 1, 2);
	frame_fragment6(&f, 58, 4, false);	/* who gets it ignores it */
	frame_fill(&f, 60);
	CHECK(passes(w));
	frame_start(&f, 2, 1);
	frame_ipv6(&f, 17, 1, 2);
	frame_udp(&f, 1, 2);
	CHECK(passes(w));
}

int main(void)
{
	TEST(source_mac);
	TEST(nobody_has_a_fixed_address_of_another);
	TEST(source_ipv4);
	TEST(dhcp_asks_from_nowhere);
	TEST(source_ipv6);
	TEST(ipv6_begins_from_nowhere);
	TEST(other_protocols_have_no_source);
	TEST(arp_says_its_own);
	TEST(arp_without_a_list_or_a_check);
	TEST(advertisements_say_their_own);
	TEST(advertisements_tell_their_own_link);
	TEST(advertisements_cannot_hide);
	return tap_done();
}
