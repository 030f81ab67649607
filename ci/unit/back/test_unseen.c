/* SPDX-License-Identifier: Apache-2.0 */
/* The vswitch: what a frame does not show, and what contradicts itself. */

#include "packets.h"

static void later_fragments_have_no_ports(void)
{
	const struct vswitch_rule deny_22[] = { { .protocol = VSWITCH_UDP, .destination_ports = { 22, 22 } }, { ALLOW } };
	struct world *w = with_rule((struct vswitch_rule){ .protocol = VSWITCH_UDP, .destination_ports = { 80, 80 } });

	udp4(1, 2, 3, 80);
	frame_fragment4(&f, 0, true);
	CHECK(passes(w));	/* the first one shows them */
	frame_fragment4(&f, 100, false);
	CHECK(is_denied(w));	/* whatever stands where ports would be */
	w = with_rule((struct vswitch_rule){ .protocol = VSWITCH_UDP });
	CHECK(passes(w));
	w = world_make();
	world_rules(w, 0, VSWITCH_INGRESS, deny_22, COUNT(deny_22));
	world_start(w);
	CHECK(world_send(w, 0, &f) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_FILTER_UNSEEN) && w->sw.rule_hits[0] == 1);
	frame_start(&f, 2, 1);
	frame_ipv4(&f, 1, 1, 2);	/* ICMP never has ports */
	frame_fragment4(&f, 100, false);
	frame_fill(&f, 100);
	CHECK(passes(w));
}

static void fragments_that_attack_are_dropped(void)
{
	struct world *w = world_make();

	world_start(w);
	tcp4(1, 2, SYN);
	frame_fragment4(&f, 1, false);
	CHECK(world_send(w, 0, &f) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_MALFORMED));
	frame_fragment4(&f, 2, false);
	CHECK(passes(w));
	frame_fragment4(&f, 0x1fff, false);	/* longer than a packet can be */
	CHECK(world_send(w, 0, &f) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_MALFORMED));
	frame_start(&f, 2, 1);
	frame_ipv4(&f, 6, 1, 2);
	frame_fragment4(&f, 0, true);
	frame_fill(&f, 8);			/* a first fragment that hides the flags */
	CHECK(world_send(w, 0, &f) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_MALFORMED));
}

static void later_fragments_of_ipv6_have_no_protocol(void)
{
	struct world *w = with_rule((struct vswitch_rule){ .protocol = VSWITCH_UDP });

	frame_start(&f, 2, 1);
	frame_ipv6(&f, 44, 1, 2);
	frame_fragment6(&f, 17, 0, true);
	frame_udp(&f, 1, 2);
	CHECK(passes(w));
	frame_start(&f, 2, 1);
	frame_ipv6(&f, 44, 1, 2);
	frame_fragment6(&f, 17, 10, false);
	frame_udp(&f, 1, 2);
	CHECK(is_denied(w));
	w = with_rule((struct vswitch_rule){ .family = 6 });
	CHECK(passes(w));
}

static void ipv6_headers_are_followed_so_far(void)
{
	static const uint8_t kinds[] = { 0, 60, 43, 60 };
	struct world *w = with_rule((struct vswitch_rule){ .protocol = VSWITCH_TCP, .destination_ports = { 80, 80 } });

	frame_start(&f, 2, 1);
	frame_ipv6(&f, kinds[0], 1, 2);
	for (uint32_t i = 1; i < sizeof(kinds); i++)
		frame_extension(&f, kinds[i], 0);
	frame_extension(&f, 51, 0);
	frame_extension(&f, 6, 0);	/* AH: (0 + 2) * 4 bytes */
	frame_tcp(&f, 1, 80, SYN);
	CHECK(passes(w));
	for (uint32_t count = 7; count <= 9; count++) {
		frame_start(&f, 2, 1);
		frame_ipv6(&f, 60, 1, 2);
		for (uint32_t i = 1; i < count; i++)
			frame_extension(&f, 60, 0);
		frame_extension(&f, 6, 0);
		frame_tcp(&f, 1, 80, SYN);
		CHECK(count <= 8 ? passes(w) : is_denied(w));
	}
	frame_start(&f, 2, 1);
	frame_ipv6(&f, 60, 1, 2);
	frame_extension(&f, 6, 30);	/* behind what is shown */
	frame_tcp(&f, 1, 80, SYN);
	CHECK(is_denied(w));
}

static void what_was_not_shown_is_unseen(void)
{
	const struct vswitch_rule rules[] = { { .protocol = VSWITCH_TCP, .source = PREFIX4(32, 0, 9), .destination_ports = { 22, 22 } },
					      { .protocol = VSWITCH_TCP, ALLOW, .is_established = true }, { ALLOW, .family = 4 } };
	struct world *w = world_make();

	world_rules(w, 0, VSWITCH_INGRESS, rules, COUNT(rules));
	world_start(w);
	tcp4(1, 23, SYN);
	CHECK(world_send_as(w, 0, &f, f.size, 1, f.size) == 2);
	CHECK(world_send_as(w, 0, &f, 14, 1, f.size) == 0);	/* nothing of IP */
	CHECK(dropped(w, 0, VSWITCH_DROP_FILTER_UNSEEN));
	CHECK(world_send_as(w, 0, &f, 34, 1, f.size) == 2);	/* the address is another */
	f.bytes[29] = 9;
	CHECK(world_send_as(w, 0, &f, 34, 1, f.size) == 0);	/* addresses, no ports */
	CHECK(dropped(w, 0, VSWITCH_DROP_FILTER_UNSEEN));
	CHECK(world_send_as(w, 0, &f, 38, 1, f.size) == 2);	/* ports, no flags */
	CHECK(w->sw.rule_hits[1] == 0 && w->sw.rule_hits[2] == 3);
	frame_start(&f, 2, 1);
	frame_arp(&f, 1, 9, 2);
	CHECK(world_send_as(w, 0, &f, 20, 1, f.size) == 2);	/* ARP is not TCP, even unseen */
	udp6(1, 2, 3);
	CHECK(world_send_as(w, 0, &f, 20, 1, f.size) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_FILTER));
	CHECK(world_send_as(w, 0, &f, 13, 1, f.size) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_RUNT));
}

/* Each change makes lengths contradict each other. */
static void contradictions_are_dropped(void)
{
	static const struct {
		uint8_t kind, at, value;
	} changes[] = {
		{ 4, 14, 0x55 }, { 4, 14, 0x44 }, { 4, 14, 0x4f }, { 4, 16, 0xff }, { 4, 17, 19 }, { 4, 17, 27 }, { 4, 38, 0xff },
		{ 4, 39, 7 }, { 6, 14, 0x40 }, { 6, 18, 0xff }, { 6, 19, 7 }, { 6, 59, 7 }, { 6, 58, 1 }, { 1, 14, 1 }, { 1, 16, 9 },
		{ 1, 18, 5 }, { 5, 46, 0x40 }, { 5, 46, 0xf0 }, { 6, 20, 0 }, { 6, 20, 43 },
	};
	struct world *w = world_make();

	world_start(w);
	for (uint32_t i = 0; i < COUNT(changes); i++) {
		udp4(1, 2, 3, 4);
		if (changes[i].kind == 6)
			udp6(1, 2, 3);
		if (changes[i].kind == 5)
			tcp4(1, 2, SYN);
		if (changes[i].kind == 1) {
			frame_start(&f, 2, 1);
			frame_arp(&f, 1, 1, 2);
		}
		CHECK(passes(w));
		f.bytes[changes[i].at] = changes[i].value;
		if (changes[i].at == 20)	/* extension headers: one that leaves the packet */
			f.bytes[55] = 0xff;
		CHECK(world_send(w, 0, &f) == 0);
		CHECK(dropped(w, 0, VSWITCH_DROP_MALFORMED));
		if (tap_bad_) {
			printf("# change %u\n", i);
			return;
		}
	}
}

static void cut_off_headers_are_dropped(void)
{
	struct world *w = world_make();

	world_start(w);
	for (uint32_t kind = 0; kind < 3; kind++)
		for (uint32_t size = 14; size < 42; size++) {
			frame_start(&f, 2, 1);
			frame_type(&f, (uint16_t[]){ 0x800, 0x86dd, 0x806 }[kind]);
			frame_fill(&f, 60);
			f.bytes[14] = kind == 0 ? 0x45 : 0x60;
			f.size = size < (uint32_t[]){ 34, 54, 42 }[kind] ? size : 14;
			CHECK(world_send(w, 0, &f) == 0);
			CHECK(dropped(w, 0, VSWITCH_DROP_MALFORMED));
		}
	frame_start(&f, 2, 1);
	frame_ipv4(&f, 17, 1, 2);
	frame_fill(&f, 7);
	CHECK(world_send(w, 0, &f) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_MALFORMED));
	frame_start(&f, 2, 1);
	frame_ipv6(&f, 60, 1, 2);
	frame_extension(&f, 0, 0);	/* hop-by-hop stands first or nowhere */
	frame_extension(&f, 59, 0);
	CHECK(world_send(w, 0, &f) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_MALFORMED));
}

static void options_move_the_ports(void)
{
	struct world *w = with_rule((struct vswitch_rule){ .protocol = VSWITCH_UDP, .destination_ports = { 80, 80 } });
	uint8_t options[40] = { 7, 39, 4 };

	frame_start(&f, 2, 1);
	frame_ipv4(&f, 17, 1, 2);
	frame_bytes(&f, options, sizeof(options));
	f.bytes[14] = 0x4f;
	frame_udp(&f, 1, 80);
	CHECK(passes(w));
	frame_start(&f, 2, 1);
	frame_ipv4(&f, 17, 1, 2);
	frame_bytes(&f, options, sizeof(options));
	f.bytes[14] = 0x4f;
	f.bytes[37] = 80;	/* where the port would be without options */
	frame_udp(&f, 1, 81);
	CHECK(is_denied(w));
}

/* IPv4 in a frame with a length, behind a SNAP header. */
static void snap4(uint16_t from, uint8_t vendor)
{
	const uint8_t snap[6] = { 0xaa, 0xaa, 3, 0, 0, vendor };

	frame_start(&f, 2, 1);
	frame_type(&f, 136);
	frame_bytes(&f, snap, sizeof(snap));
	frame_ipv4(&f, 17, from, 2);
	frame_udp(&f, 1, 80);
}

static void snap_is_looked_into(void)
{
	struct world *w = with_rule((struct vswitch_rule){ .protocol = VSWITCH_UDP, .source = PREFIX4(32, 0, 1) });

	snap4(1, 0);
	CHECK(passes(w));
	snap4(9, 0);
	CHECK(is_denied(w));
	snap4(9, 0xf8);
	CHECK(is_denied(w));
	CHECK(world_send_as(w, 0, &f, 20, 1, f.size) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_RUNT));
	f.bytes[20] = 0x81;	/* a tag behind it */
	f.bytes[21] = 0;
	CHECK(world_send(w, 0, &f) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_VLAN_NESTED));
	f.bytes[20] = 1;
	CHECK(world_send(w, 0, &f) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_MALFORMED));
	w = with_rule((struct vswitch_rule){ .protocol = VSWITCH_ETHERTYPE });
	snap4(1, 7);		/* another's numbers: no IP */
	CHECK(passes(w));
	f.size = 20;
	CHECK(passes(w));
	snap4(1, 0);
	CHECK(is_denied(w));
}

int main(void)
{
	TEST(later_fragments_have_no_ports);
	TEST(fragments_that_attack_are_dropped);
	TEST(later_fragments_of_ipv6_have_no_protocol);
	TEST(ipv6_headers_are_followed_so_far);
	TEST(what_was_not_shown_is_unseen);
	TEST(contradictions_are_dropped);
	TEST(cut_off_headers_are_dropped);
	TEST(options_move_the_ports);
	TEST(snap_is_looked_into);
	return tap_done();
}
