/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: a frame of any content on a switch that uses all its rules. What must hold: nothing is read behind the bytes that were shown;
 * a frame goes only where matrix and VLAN let it; and whoever shows less of a frame never gets it further.
 */

#include <stdlib.h>
#include <string.h>

#include "../../pvdrivers/back/vswitch.h"
#include "../unit/back/frames.h"
#include "fuzz.h"

const char fuzz_name[] = "vswitch";

enum { CONTROL = 8, PORTS = 4 };	/* control bytes: port, bytes shown, flags */

static const struct vswitch_prefix own[] = { { 4, 24, { 10, 0, 0, 0 } }, { 6, 64, { 0xfd } } };
static const struct vswitch_vlan_range tagged[] = { { 10, 12 }, { 20, 20 } };

static const struct vswitch_rule rules[] = {
	{ .action = VSWITCH_DENY, .protocol = VSWITCH_TCP, .destination_ports = { 22, 22 } },
	{ .action = VSWITCH_ALLOW, .protocol = VSWITCH_TCP, .is_established = true },
	{ .action = VSWITCH_DENY, .protocol = VSWITCH_UDP, .source_ports = { 1, 1023 }, .source = { 4, 25, { 10 } } },
	{ .action = VSWITCH_DENY, .protocol = VSWITCH_IP_PROTOCOL, .number = 47, .family = 6 },
	{ .action = VSWITCH_ALLOW, .protocol = VSWITCH_ETHERTYPE, .number = 0x800 },
	{ .action = VSWITCH_ALLOW, .protocol = VSWITCH_ICMP },
	{ .action = VSWITCH_ALLOW, .destination = { 6, 128, { 0xfd, [15] = 2 } }, .destination_ports = { 1, 65535 } },
	{ .direction = VSWITCH_EGRESS, .action = VSWITCH_DENY, .protocol = VSWITCH_UDP, .destination_ports = { 67, 68 } },
	{ .direction = VSWITCH_EGRESS, .action = VSWITCH_ALLOW, .family = 4 },
	{ .direction = VSWITCH_EGRESS, .action = VSWITCH_ALLOW, .protocol = VSWITCH_UDP },
};

#define COMMON	.name = "p", .mtu = 1500, .rule_count = sizeof(rules) / sizeof(rules[0]), .mirror_ingress_to = VSWITCH_NO_PORT

static const struct vswitch_port_config ports[PORTS] = {
	{ COMMON, .mac = { 2, 0, 0, 0, 0, 1 }, .vlan = 10, .allow = 0xe, .is_mac_fixed = true, .is_arp_checked = true, .sources = own,
	  .source_count = 2, .mirror_egress_to = 3 },
	{ COMMON, .mac = { 2, 0, 0, 0, 0, 2 }, .vlan = 10, .allow = 0x9, .default_egress = VSWITCH_ALLOW, .mirror_egress_to = VSWITCH_NO_PORT },
	{ COMMON, .vlan = 20, .allow = 0x8, .learn_limit = 4, .default_ingress = VSWITCH_ALLOW, .mirror_egress_to = VSWITCH_NO_PORT },
	{ COMMON, .is_trunk = true, .vlan = 1, .vlan_ranges = tagged, .vlan_range_count = 2, .allow = 0x7, .learn_limit = 64,
	  .is_uplink = true, .mirror_egress_to = 2 },
};

static const struct vswitch_config config = { .port_count = PORTS, .ports = ports, .rule_count = sizeof(rules) / sizeof(rules[0]),
					      .rules = rules, .age_s = 60 };

static struct vswitch sw;

/* Bit n of `which` chooses a header. */
static void make_frame(struct frame *f, uint32_t which)
{
	uint8_t protocol = which & 64 ? 6 : 17;

	frame_start(f, which & 1 ? 0xff : (uint8_t)(1 + (which >> 1 & 3)), (uint8_t)(1 + (which >> 3 & 3)));
	if (which & 32)
		frame_tag(f, which & 128 ? 10 : 20);
	if ((which >> 8 & 7) == 0) {
		frame_arp(f, 1, 1, 2);
		return;
	}
	if (which >> 8 & 1) {
		frame_ipv4(f, protocol, 1, 2);
	} else {
		frame_ipv6(f, which & 2048 ? 60 : protocol, 1, 2);
		if (which & 2048)
			frame_extension(f, which & 4096 ? 44 : protocol, 1);
		if ((which & 6144) == 6144)
			frame_fragment6(f, protocol, which >> 13 & 1, true);
	}
	if (protocol == 6)
		frame_tcp(f, 80, which & 16384 ? 22 : 1000, 0x12);
	else
		frame_udp(f, 68, 67);
}

size_t fuzz_seed(uint32_t which, uint8_t bytes[FUZZ_BYTES_MAX])
{
	static struct frame f;

	memset(bytes, 0, CONTROL);
	bytes[0] = (uint8_t)(which >> 16);
	bytes[1] = (uint8_t)(which >> 18);
	make_frame(&f, which);
	memcpy(bytes + CONTROL, f.bytes, f.size);
	return CONTROL + f.size;
}

void fuzz_repair(uint8_t *bytes, size_t size)
{
	(void)bytes;
	(void)size;
}

/* One decision on a heap block of exactly what is shown. */
static void decide(const uint8_t *bytes, size_t size, uint32_t shown, struct vswitch_verdict *verdict)
{
	uint8_t *header = malloc(shown ? shown : 1);
	struct vswitch_frame frame = { .port = bytes[0] % PORTS, .header = header, .header_bytes = shown, .total_bytes = (uint32_t)size - CONTROL,
				       .wire_bytes = (uint32_t)size - CONTROL, .segment_count = 1, .has_tag_beside = bytes[2] & 1,
				       .tci_beside = bytes[3], .now_ns = 1 };

	fuzz_must(header != NULL);
	memcpy(header, bytes + CONTROL, shown);
	vswitch_forward(&sw, &frame, verdict);
	free(header);
}

static void check_verdict(const struct vswitch_verdict *v, uint32_t port)
{
	fuzz_must((v->egress & ~ports[port].allow) == 0 && (v->egress & v->mirror) == 0);
	fuzz_must((v->egress & ~sw.vlan_ports[v->vlan]) == 0 && (v->egress == 0 || sw.vlan_ports[v->vlan] >> port & 1));
	fuzz_must((v->egress != 0) == (v->drop == VSWITCH_FORWARDED) && v->drop < VSWITCH_DROP_NO_ROOM);
	fuzz_must((v->mirror & (1u << port)) == 0 && v->mirror < 1u << PORTS);
	for (uint32_t i = 0; i < PORTS; i++)
		fuzz_must(!((v->egress | v->mirror) >> i & 1) || v->edit[i] <= VSWITCH_EDIT_REPLACE);
	fuzz_must(v->egress == 0 || (v->tci & 0xfff) == v->vlan);
}

void fuzz_run(const uint8_t *bytes, size_t size)
{
	struct vswitch_verdict whole, part;
	uint32_t total, port;

	if (size < CONTROL)
		return;
	if (!sw.config)
		fuzz_must(vswitch_init(&sw, &config, 1, 0));
	total = (uint32_t)size - CONTROL;
	port = bytes[0] % PORTS;
	decide(bytes, size, total, &whole);
	decide(bytes, size, total, &whole);	/* once more: its source is known by now */
	check_verdict(&whole, port);
	decide(bytes, size, total ? bytes[1] % total : 0, &part);
	check_verdict(&part, port);
	/* Showing less hides contradictions from the switch too, but never gets a frame further otherwise. */
	fuzz_must((part.egress & ~whole.egress) == 0 || whole.drop == VSWITCH_DROP_MALFORMED);
}
