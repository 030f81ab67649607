/* SPDX-License-Identifier: Apache-2.0 */
/* The vswitch's filter: each kind of rule with a frame that passes and one that does not. */

#include <string.h>

#include "packets.h"

static void default_action(void)
{
	struct world *w = world_make();

	w->port[0].default_ingress = VSWITCH_DENY;
	world_start(w);
	udp4(1, 2, 3, 4);
	CHECK(is_denied(w));
	w->port[0].default_ingress = VSWITCH_ALLOW;
	CHECK(passes(w));
}

static void rule_arp(void)
{
	struct world *w = with_rule((struct vswitch_rule){ .protocol = VSWITCH_ARP });

	frame_start(&f, 2, 1);
	frame_arp(&f, 1, 1, 2);
	CHECK(passes(w) && w->sw.rule_hits[0] == 1);
	udp4(1, 2, 3, 4);
	CHECK(is_denied(w) && w->sw.rule_hits[0] == 1);
}

static void rule_icmp(void)
{
	struct world *w = with_rule((struct vswitch_rule){ .protocol = VSWITCH_ICMP });

	frame_start(&f, 2, 1);
	frame_ipv4(&f, 1, 1, 2);
	frame_fill(&f, 8);
	CHECK(passes(w));
	frame_start(&f, 2, 1);
	frame_ipv6(&f, 58, 1, 2);
	frame_fill(&f, 8);
	CHECK(passes(w));
	frame_start(&f, 2, 1);
	frame_ipv4(&f, 58, 1, 2);	/* ICMPv6's number in IPv4 is not ICMP */
	frame_fill(&f, 8);
	CHECK(is_denied(w));
	udp4(1, 2, 3, 4);
	CHECK(is_denied(w));
}

static void rule_tcp_port(void)
{
	struct world *w = with_rule((struct vswitch_rule){ .protocol = VSWITCH_TCP, .destination_ports = { 80, 90 } });

	tcp4(1000, 80, SYN);
	CHECK(passes(w));
	tcp4(1000, 90, SYN);
	CHECK(passes(w));
	tcp4(1000, 79, SYN);
	CHECK(is_denied(w));
	tcp4(1000, 91, SYN);
	CHECK(is_denied(w));
	udp4(1, 2, 1000, 80);
	CHECK(is_denied(w));
}

static void rule_udp_source_port(void)
{
	struct world *w = with_rule((struct vswitch_rule){ .protocol = VSWITCH_UDP, .source_ports = { 53, 53 } });

	udp4(1, 2, 53, 80);
	CHECK(passes(w));
	udp4(1, 2, 80, 53);
	CHECK(is_denied(w));
	tcp4(53, 80, SYN);
	CHECK(is_denied(w));
}

static void rule_ports_of_any_protocol(void)
{
	struct world *w = with_rule((struct vswitch_rule){ .destination_ports = { 53, 53 } });

	udp4(1, 2, 9, 53);
	CHECK(passes(w));
	tcp4(9, 53, SYN);
	CHECK(passes(w));
	frame_start(&f, 2, 1);
	frame_ipv4(&f, 1, 1, 2);	/* has no ports */
	frame_fill(&f, 8);
	CHECK(is_denied(w));
	frame_start(&f, 2, 1);
	frame_type(&f, 0x88b5);
	frame_fill(&f, 60);
	CHECK(is_denied(w));
}

static void rule_ip_protocol(void)
{
	struct world *w = with_rule((struct vswitch_rule){ .protocol = VSWITCH_IP_PROTOCOL, .number = 47 });

	frame_start(&f, 2, 1);
	frame_ipv4(&f, 47, 1, 2);
	CHECK(passes(w));
	frame_start(&f, 2, 1);
	frame_ipv6(&f, 47, 1, 2);
	CHECK(passes(w));
	frame_start(&f, 2, 1);
	frame_ipv4(&f, 50, 1, 2);
	CHECK(is_denied(w));
}

static void rule_ethertype(void)
{
	struct world *w = with_rule((struct vswitch_rule){ .protocol = VSWITCH_ETHERTYPE, .number = 0x88b5 });

	frame_start(&f, 2, 1);
	frame_type(&f, 0x88b5);
	CHECK(passes(w));
	frame_start(&f, 2, 1);
	frame_tag(&f, 0x2000);
	frame_type(&f, 0x88b5);
	CHECK(passes(w));
	frame_start(&f, 2, 1);
	frame_type(&f, 0x88b6);
	CHECK(is_denied(w));
	w = with_rule((struct vswitch_rule){ .protocol = VSWITCH_ETHERTYPE });	/* LLC */
	frame_start(&f, 2, 1);
	frame_type(&f, 100);
	frame_fill(&f, 100);
	CHECK(passes(w));
}

static void rule_source_prefix4(void)
{
	struct world *w = with_rule((struct vswitch_rule){ .source = PREFIX4(24, 7, 0) });

	udp4(0x7ff, 2, 3, 4);
	CHECK(passes(w));
	udp4(0x8ff, 2, 3, 4);
	CHECK(is_denied(w));
	frame_start(&f, 2, 1);
	frame_arp(&f, 1, 0x701, 2);
	CHECK(passes(w));
	frame_start(&f, 2, 1);
	frame_arp(&f, 1, 0x801, 2);
	CHECK(is_denied(w));
	udp6(0x700, 2, 4);
	CHECK(is_denied(w));
}

static void rule_destination_prefix4(void)
{
	struct world *w = with_rule((struct vswitch_rule){ .destination = PREFIX4(30, 0, 4) });

	udp4(1, 7, 3, 4);
	CHECK(passes(w));
	udp4(1, 8, 3, 4);
	CHECK(is_denied(w));
	w = with_rule((struct vswitch_rule){ .destination = PREFIX4(32, 0, 4) });
	udp4(1, 4, 3, 4);
	CHECK(passes(w));
	udp4(1, 5, 3, 4);
	CHECK(is_denied(w));
	w = with_rule((struct vswitch_rule){ .destination = PREFIX4(0, 0, 0) });
	CHECK(passes(w));
	udp6(1, 2, 3);
	CHECK(is_denied(w));
}

static void rule_prefix6(void)
{
	struct world *w = with_rule((struct vswitch_rule){ .source = PREFIX6(127, 2), .destination = PREFIX6(8, 0) });

	udp6(3, 9, 4);
	CHECK(passes(w));
	udp6(4, 9, 4);
	CHECK(is_denied(w));
	udp4(3, 9, 3, 4);
	CHECK(is_denied(w));
}

static void rule_family(void)
{
	struct world *w = with_rule((struct vswitch_rule){ .family = 6 });

	udp6(1, 2, 4);
	CHECK(passes(w));
	udp4(1, 2, 3, 4);
	CHECK(is_denied(w));
	w = with_rule((struct vswitch_rule){ .family = 4 });
	CHECK(passes(w));
	frame_start(&f, 2, 1);
	frame_arp(&f, 1, 1, 2);
	CHECK(passes(w));
	udp6(1, 2, 4);
	CHECK(is_denied(w));
}

static void rule_established(void)
{
	struct world *w = with_rule((struct vswitch_rule){ .protocol = VSWITCH_TCP, .is_established = true });

	tcp4(80, 1000, ACK);
	CHECK(passes(w));
	tcp4(80, 1000, SYN | ACK);
	CHECK(passes(w));
	tcp4(80, 1000, RST);
	CHECK(passes(w));
	tcp4(80, 1000, SYN);
	CHECK(is_denied(w));
	tcp4(80, 1000, 0);
	CHECK(is_denied(w));
	udp4(1, 2, 3, 4);
	CHECK(is_denied(w));
}

static void the_first_rule_that_matches_decides(void)
{
	const struct vswitch_rule rules[] = {
		{ .action = VSWITCH_DENY, .protocol = VSWITCH_TCP, .destination_ports = { 22, 22 } },
		{ .action = VSWITCH_ALLOW, .protocol = VSWITCH_TCP },
		{ .action = VSWITCH_DENY },
	};
	struct world *w = world_make();

	world_rules(w, 0, VSWITCH_INGRESS, rules, COUNT(rules));
	world_start(w);
	tcp4(1, 22, SYN);
	CHECK(is_denied(w));
	tcp4(1, 23, SYN);
	CHECK(passes(w));
	udp4(1, 2, 3, 4);
	CHECK(is_denied(w));
	CHECK(w->sw.rule_hits[0] == 1 && w->sw.rule_hits[1] == 1 && w->sw.rule_hits[2] == 1);
}

static void egress_is_judged_at_the_receiver(void)
{
	const struct vswitch_rule rule = { .action = VSWITCH_ALLOW, .protocol = VSWITCH_UDP };
	struct world *w = world_make();

	world_rules(w, 1, VSWITCH_EGRESS, &rule, 1);
	world_start(w);
	udp4(1, 2, 3, 4);
	CHECK(passes(w));
	tcp4(1, 2, SYN);
	CHECK(world_send(w, 0, &f) == 0);
	CHECK(dropped(w, 1, VSWITCH_DROP_FILTER));
	f.bytes[5] = 3;
	CHECK(world_send(w, 0, &f) == 1u << 2);	/* another port's egress */
	memset(f.bytes, 0xff, 6);
	CHECK(world_send(w, 0, &f) == (1u << 2 | 1u << UPLINK));
	tcp4(1, 2, SYN);
	memcpy(f.bytes + 6, w->port[1].mac, 6);
	f.bytes[5] = 1;
	CHECK(world_send(w, 1, &f) == 1);	/* its own ingress is free */
}

static void directions_are_kept_apart(void)
{
	const struct vswitch_rule rule = { .action = VSWITCH_ALLOW, .protocol = VSWITCH_UDP };
	struct world *w = world_make();

	world_rules(w, 0, VSWITCH_EGRESS, &rule, 1);
	w->port[0].default_ingress = VSWITCH_DENY;
	world_start(w);
	udp4(1, 2, 3, 4);
	CHECK(is_denied(w));
	CHECK(w->sw.rule_hits[0] == 0);
}

int main(void)
{
	TEST(default_action);
	TEST(rule_arp);
	TEST(rule_icmp);
	TEST(rule_tcp_port);
	TEST(rule_udp_source_port);
	TEST(rule_ports_of_any_protocol);
	TEST(rule_ip_protocol);
	TEST(rule_ethertype);
	TEST(rule_source_prefix4);
	TEST(rule_destination_prefix4);
	TEST(rule_prefix6);
	TEST(rule_family);
	TEST(rule_established);
	TEST(the_first_rule_that_matches_decides);
	TEST(egress_is_judged_at_the_receiver);
	TEST(directions_are_kept_apart);
	return tap_done();
}
