/* SPDX-License-Identifier: Apache-2.0 */
/* The two worked examples of docs/networking.md: each sentence there that a frame can show. */

#include <string.h>

#include "../tap.h"
#include "world.h"

enum { PLC, HMI, GATEWAY, LOGGER, CABLE };
enum { IT, OT, IDS };
enum { SYN = 2, ACK = 0x10 };

static struct frame f;

/* Two isolated VLANs. */
static struct world *vlans(void)
{
	static const struct vswitch_vlan_range tagged[] = { { 10, 10 }, { 20, 20 } };
	static const uint32_t allow[] = { 1u << HMI | 1u << CABLE, 1u << PLC | 1u << CABLE, 1u << LOGGER | 1u << CABLE, 1u << GATEWAY,
					  1u << PLC | 1u << HMI | 1u << GATEWAY };
	struct world *w = world_make();

	w->config.port_count = 5;
	for (uint32_t i = 0; i < 5; i++) {
		w->port[i] = w->port[0];
		w->port[i].vlan = i <= HMI ? 10 : 20;
		w->port[i].allow = allow[i];
		w->port[i].is_mac_fixed = i != CABLE;
		mac_make(w->port[i].mac, (uint8_t)(i + 1));
	}
	memset(w->port[CABLE].mac, 0, 6);
	w->port[CABLE].learn_limit = 64;
	w->port[CABLE].is_trunk = true;
	w->port[CABLE].vlan = 0;
	w->port[CABLE].vlan_ranges = tagged;
	w->port[CABLE].vlan_range_count = 2;
	w->port[CABLE].storm = (struct vswitch_limit){ 1000, 100 };
	world_start(w);
	return w;
}

static void from_cable(uint8_t to, uint16_t vlan)
{
	frame_start(&f, to, 0x77);
	if (vlan)
		frame_tag(&f, vlan);
	frame_ipv4(&f, 17, 9, 1);
	frame_udp(&f, 1, 2);
}

static void two_vlans_are_isolated(void)
{
	struct world *w = vlans();

	frame_plain(&f, HMI + 1, PLC + 1);
	CHECK(world_send(w, PLC, &f) == 1u << HMI);
	frame_plain(&f, 0xff, PLC + 1);
	CHECK(world_send(w, PLC, &f) == (1u << HMI | 1u << CABLE));
	CHECK(w->verdict.edit[CABLE] == VSWITCH_EDIT_INSERT && w->verdict.tci == 10 && w->verdict.edit[HMI] == VSWITCH_EDIT_KEEP);
	frame_plain(&f, GATEWAY + 1, PLC + 1);
	CHECK(world_send(w, PLC, &f) == 1u << CABLE && w->verdict.tci == 10);
	w->port[PLC].allow |= 1u << GATEWAY;
	CHECK(world_send(w, PLC, &f) == 1u << CABLE);
	frame_plain(&f, 0xff, LOGGER + 1);
	CHECK(world_send(w, LOGGER, &f) == 1u << GATEWAY);
}

static void the_cable_carries_two_vlans(void)
{
	struct world *w = vlans();

	from_cable(PLC + 1, 10);
	CHECK(world_send(w, CABLE, &f) == 1u << PLC && w->verdict.edit[PLC] == VSWITCH_EDIT_STRIP);
	from_cable(PLC + 1, 20);
	CHECK(world_send(w, CABLE, &f) == 0);
	from_cable(LOGGER + 1, 20);
	CHECK(world_send(w, CABLE, &f) == 0 && w->verdict.drop == VSWITCH_DROP_NOT_ALLOWED);
	from_cable(PLC + 1, 0);
	CHECK(world_send(w, CABLE, &f) == 0 && w->verdict.drop == VSWITCH_DROP_VLAN_TAG);
	from_cable(PLC + 1, 30);
	CHECK(world_send(w, CABLE, &f) == 0 && w->verdict.drop == VSWITCH_DROP_VLAN_FOREIGN);
	from_cable(0xff, 10);
	for (uint32_t i = 0; i < 100; i++)
		CHECK(world_send(w, CABLE, &f) == (1u << PLC | 1u << HMI));
	CHECK(world_send(w, CABLE, &f) == 0 && w->verdict.drop == VSWITCH_DROP_STORM);
}

#define SCADA	{ 4, 32, { 10, 0, 0, 1 } }
#define PLC_IP	{ 4, 32, { 10, 0, 0, 5 } }

/* A firewall between IT and OT. */
static struct world *firewall(void)
{
	static const struct vswitch_prefix scada[] = { SCADA }, plc[] = { PLC_IP };
	static const struct vswitch_rule rules[] = {
		{ .direction = VSWITCH_EGRESS, .action = VSWITCH_ALLOW, .protocol = VSWITCH_ARP, .source = SCADA, .destination = PLC_IP },
		{ .direction = VSWITCH_EGRESS, .action = VSWITCH_ALLOW, .protocol = VSWITCH_TCP, .source = SCADA, .destination = PLC_IP,
		  .destination_ports = { 502, 502 } },
		{ .direction = VSWITCH_INGRESS, .action = VSWITCH_ALLOW, .protocol = VSWITCH_ARP, .source = PLC_IP, .destination = SCADA },
		{ .direction = VSWITCH_INGRESS, .action = VSWITCH_ALLOW, .protocol = VSWITCH_TCP, .is_established = true, .source = PLC_IP,
		  .source_ports = { 502, 502 }, .destination = SCADA },
	};
	struct world *w = world_make();

	w->config.port_count = 3;
	memcpy(w->rule, rules, sizeof(rules));
	w->config.rule_count = 4;
	for (uint32_t i = 0; i < 3; i++) {
		w->port[i].allow = i == IT ? 1u << OT : i == OT ? 1u << IT : 0;
		w->port[i].is_mac_fixed = w->port[i].is_arp_checked = true;
	}
	w->port[IT].sources = scada;
	w->port[OT].sources = plc;
	w->port[IT].source_count = w->port[OT].source_count = 1;
	w->port[IT].bytes = (struct vswitch_limit){ 1250000, 131072 };
	w->port[IT].storm = (struct vswitch_limit){ 20, 20 };
	w->port[OT].rule_count = 4;
	w->port[OT].default_ingress = w->port[OT].default_egress = VSWITCH_DENY;
	w->port[OT].mirror_ingress_to = w->port[OT].mirror_egress_to = IDS;
	world_start(w);
	return w;
}

static void tcp(bool to_plc, uint16_t from_port, uint16_t to_port, uint8_t flags)
{
	frame_start(&f, to_plc ? OT + 1 : IT + 1, to_plc ? IT + 1 : OT + 1);
	frame_ipv4(&f, 6, to_plc ? 1 : 5, to_plc ? 5 : 1);
	frame_tcp(&f, from_port, to_port, flags);
}

static void the_controller_is_read_and_no_more(void)
{
	struct world *w = firewall();

	tcp(true, 4000, 502, SYN);
	CHECK(world_send(w, IT, &f) == 1u << OT && w->verdict.mirror == 1u << IDS && w->sw.rule_hits[1] == 1);
	tcp(true, 4000, 22, SYN);
	CHECK(world_send(w, IT, &f) == 0);
	CHECK(w->sw.port[OT].counters.drops[VSWITCH_DROP_FILTER] == 1);
	f.bytes[29] = 9;	/* under another address */
	CHECK(world_send(w, IT, &f) == 0 && w->verdict.drop == VSWITCH_DROP_SPOOF_IP);
	frame_start(&f, OT + 1, IT + 1);
	frame_arp(&f, IT + 1, 1, 5);
	CHECK(world_send(w, IT, &f) == 1u << OT);
	frame_start(&f, OT + 1, IT + 1);
	frame_ipv4(&f, 1, 1, 5);
	frame_fill(&f, 64);
	CHECK(world_send(w, IT, &f) == 0);
}

static void the_controller_answers_and_no_more(void)
{
	struct world *w = firewall();

	tcp(false, 502, 4000, SYN | ACK);
	CHECK(world_send(w, OT, &f) == 1u << IT && w->verdict.mirror == 1u << IDS && w->sw.rule_hits[3] == 1);
	tcp(false, 502, 4000, SYN);
	CHECK(world_send(w, OT, &f) == 0 && w->verdict.mirror == 1u << IDS && w->verdict.drop == VSWITCH_DROP_FILTER);
	tcp(false, 503, 4000, ACK);
	CHECK(world_send(w, OT, &f) == 0 && w->verdict.drop == VSWITCH_DROP_FILTER);
	frame_start(&f, IT + 1, OT + 1);
	frame_ipv6(&f, 58, 5, 1);
	frame_fill(&f, 64);
	CHECK(world_send(w, OT, &f) == 0);
	frame_plain(&f, 0xff, IDS + 1);
	CHECK(world_send(w, IDS, &f) == 0 && w->verdict.drop == VSWITCH_DROP_NOT_ALLOWED);
}

static void the_controller_is_not_flooded(void)
{
	struct world *w = firewall();
	uint64_t passed = 0;

	frame_start(&f, 0xff, IT + 1);
	frame_arp(&f, IT + 1, 1, 5);
	for (uint32_t i = 0; i < 20; i++)
		CHECK(world_send(w, IT, &f) == 1u << OT);
	CHECK(world_send(w, IT, &f) == 0 && w->verdict.drop == VSWITCH_DROP_STORM);
	tcp(true, 4000, 502, ACK);
	frame_fill(&f, 1000);
	for (uint32_t i = 0; i < 10000; i++) {
		w->now += SECOND / 10000;
		passed += world_send(w, IT, &f) ? f.size : 0;
	}
	CHECK(passed <= 131072 + 1250000 && passed > 1250000);
}

int main(void)
{
	TEST(two_vlans_are_isolated);
	TEST(the_cable_carries_two_vlans);
	TEST(the_controller_is_read_and_no_more);
	TEST(the_controller_answers_and_no_more);
	TEST(the_controller_is_not_flooded);
	return tap_done();
}
