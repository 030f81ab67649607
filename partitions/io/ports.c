/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The switch as the device tree describes it. It must not know what is plugged into its ports.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#include <rt/timer.h>
#include <rt/tree.h>

#include "io.h"

#define PREFIX_BYTES	18u

static struct vswitch_port_config ports[VSWITCH_PORT_MAX];
static uint32_t phandles[VSWITCH_PORT_MAX];
static struct vswitch_rule rules[VSWITCH_RULE_MAX];
static uint32_t rule_count;

/* Memory for what the tree lists; it is never given back. */
static void *get(int node, size_t count, size_t size)
{
	void *at = calloc(count ? count : 1, size);

	if (!at)
		read_fail(node, "no memory is left for it");
	return at;
}

static struct vswitch_prefix prefix_of(const uint8_t *bytes)
{
	struct vswitch_prefix prefix = { .family = bytes[0], .length = bytes[1] };

	memcpy(prefix.address, bytes + 2, sizeof(prefix.address));
	return prefix;
}

static struct vswitch_prefix read_prefix(int node, const char *name)
{
	const uint8_t *bytes;

	return read_bytes(node, name, PREFIX_BYTES, &bytes) ? prefix_of(bytes) : (struct vswitch_prefix){ 0 };
}

static struct vswitch_port_range read_ports(int node, const char *name)
{
	uint32_t cells[2] = { 0, 0 };

	read_cells(node, name, cells, 2);
	return (struct vswitch_port_range){ (uint16_t)cells[0], (uint16_t)cells[1] };
}

static void read_rule(int node, struct vswitch_rule *rule)
{
	uint32_t match[6];

	if (!read_cells(node, "bulkhead,match", match, 6))
		read_fail(node, "bulkhead,match is missing");
	*rule = (struct vswitch_rule){
		.direction = (enum vswitch_direction)match[0],
		.action = (enum vswitch_action)match[1],
		.protocol = (enum vswitch_protocol)match[2],
		.number = (uint16_t)match[3],
		.family = (uint8_t)match[4],
		.is_established = match[5],
		.source = read_prefix(node, "bulkhead,source"),
		.destination = read_prefix(node, "bulkhead,destination"),
		.source_ports = read_ports(node, "bulkhead,source-ports"),
		.destination_ports = read_ports(node, "bulkhead,destination-ports"),
	};
}

static void read_rules(int port_node, struct vswitch_port_config *port)
{
	int node;

	port->rule_first = rule_count;
	fdt_for_each_subnode(node, tree_blob(), port_node) {
		if (rule_count == VSWITCH_RULE_MAX)
			read_fail(node, "more than %u rules", VSWITCH_RULE_MAX);
		if (read_u32(node, "reg") != port->rule_count)
			read_fail(node, "rules are not in order");
		read_rule(node, &rules[rule_count++]);
		port->rule_count++;
	}
}

static void read_trunk(int node, struct vswitch_port_config *port)
{
	const uint8_t *bytes;
	uint32_t count = read_bytes(node, "bulkhead,trunk", 8, &bytes) / 8;
	struct vswitch_vlan_range *ranges = get(node, count, sizeof(*ranges));

	for (uint32_t n = 0; n < count; n++) {
		const fdt32_t *cells = (const fdt32_t *)(const void *)(bytes + 8 * n);

		ranges[n] = (struct vswitch_vlan_range){ (uint16_t)fdt32_ld(cells), (uint16_t)fdt32_ld(cells + 1) };
	}
	port->is_trunk = read_has(node, "bulkhead,trunk");
	port->vlan_range_count = count;
	port->vlan_ranges = ranges;
}

static struct vswitch_limit read_limit(int node, const char *name)
{
	uint64_t pair[2] = { 0, 0 };

	read_u64s(node, name, pair, 2);
	return (struct vswitch_limit){ pair[0], (uint32_t)(pair[1] < VSWITCH_BURST_MAX ? pair[1] : VSWITCH_BURST_MAX) };
}

static void read_protection(int node, struct vswitch_port_config *port)
{
	const uint8_t *bytes;
	uint32_t count = read_bytes(node, "bulkhead,sources", PREFIX_BYTES, &bytes) / PREFIX_BYTES;
	struct vswitch_prefix *sources = get(node, count, sizeof(*sources));
	uint32_t defaults[2];

	for (uint32_t n = 0; n < count; n++)
		sources[n] = prefix_of(bytes + n * PREFIX_BYTES);
	if (!read_cells(node, "bulkhead,default", defaults, 2))
		read_fail(node, "bulkhead,default is missing");
	port->is_mac_fixed = read_has(node, "bulkhead,mac-fixed");
	port->is_arp_checked = read_has(node, "bulkhead,arp-checked");
	port->source_count = count;
	port->sources = sources;
	port->default_ingress = (enum vswitch_action)defaults[0];
	port->default_egress = (enum vswitch_action)defaults[1];
	port->bytes = read_limit(node, "bulkhead,byte-limit");
	port->frames = read_limit(node, "bulkhead,frame-limit");
	port->storm = read_limit(node, "bulkhead,storm-limit");
}

static void read_port(int node, struct vswitch_port_config *port)
{
	const uint8_t *mac;

	port->name = read_text(node, "label");
	if (read_bytes(node, "local-mac-address", 6, &mac))
		memcpy(port->mac, mac, 6);
	port->is_uplink = read_has(node, "bulkhead,uplink");
	port->mtu = (uint16_t)read_u32(node, "bulkhead,mtu");
	port->vlan = (uint16_t)read_u32(node, "bulkhead,vlan");
	port->learn_limit = (uint8_t)read_u32(node, "bulkhead,learn");
	port->allow = read_u32(node, "bulkhead,allow");
	port->mirror_ingress_to = (uint8_t)read_u32_or(node, "bulkhead,mirror-ingress", VSWITCH_NO_PORT);
	port->mirror_egress_to = (uint8_t)read_u32_or(node, "bulkhead,mirror-egress", VSWITCH_NO_PORT);
	read_trunk(node, port);
	read_protection(node, port);
	read_rules(node, port);
}

/* Random, so that nobody can choose addresses that collide. */
static uint64_t seed(void)
{
	uint64_t value = time_ticks() * 0x9e3779b97f4a7c15ull;
	const uint8_t *bytes;
	int chosen = fdt_path_offset(tree_blob(), "/chosen");

	if (chosen >= 0 && read_bytes(chosen, "rng-seed", 1, &bytes) >= sizeof(value)) {
		uint64_t random;

		memcpy(&random, bytes, sizeof(random));
		value ^= random;
	}
	return value;
}

uint32_t port_number(uint32_t phandle)
{
	for (uint32_t n = 0; n < io.net_config.port_count; n++) {
		if (phandles[n] == phandle)
			return n;
	}
	return VSWITCH_NO_PORT;
}

/* A broken network card costs those who talk through it, and nobody else: it is told, and the port stays down. */
static void open_uplink(int node, uint32_t number)
{
	struct uplink *u = get(node, 1, sizeof(*u));
	const char *name = read_text(node, "bulkhead,uplink");
	struct nic_device *nic = hardware_nic(name);

	if (io.uplink_count == IO_UPLINK_MAX)
		read_fail(node, "more than %u uplinks", IO_UPLINK_MAX);
	if (nic && uplink_init(u, &io.net, number, nic))
		io.uplinks[io.uplink_count++] = u;
	else
		printf("io: port %s: %s %s: it is down\n", read_text(node, "label"),
		       nic ? "too little memory, or no life, for the network card" : "there is no network card", name);
}

static void open_uplinks(int root)
{
	uint32_t number = 0;
	int node;

	fdt_for_each_subnode(node, tree_blob(), root) {
		if (ports[number].is_uplink)
			open_uplink(node, number);
		number++;
	}
}

void ports_read(void)
{
	int root = tree_find("bulkhead,vswitch"), node;
	uint32_t count = 0;

	if (root < 0)
		return;
	fdt_for_each_subnode(node, tree_blob(), root) {
		if (count == VSWITCH_PORT_MAX)
			read_fail(node, "more than %u ports", VSWITCH_PORT_MAX);
		if (read_u32(node, "reg") != count)
			read_fail(node, "ports are not in order");
		phandles[count] = read_u32(node, "phandle");
		read_port(node, &ports[count++]);
	}
	io.net_config = (struct vswitch_config){
		.port_count = count, .ports = ports, .rule_count = rule_count, .rules = rules, .age_s = read_u32(root, "bulkhead,age-seconds"),
	};
	if (!vswitch_init(&io.net.sw, &io.net_config, seed(), time_ns()))
		read_fail(root, "the switch does not take this configuration");
	for (uint32_t n = 0; n < count; n++)
		vswitch_port_set_up(&io.net.sw, n, false);
	io.has_net = true;
	open_uplinks(root);
}
