/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of the virtual switch's ports: names, addresses, VLANs, rules, limits. */
#include "check_list.h"
#include "check_names.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define FOR_PORTS(each, model) for (const struct port *each = (model)->ports; each < (model)->ports + (model)->port_count; each++)

/* The longest frame that a guest may hand over: 64 KiB to be segmented, with headers and a tag. */
#define FRAME_BYTES_MAX (66 * KIB)

bool io_name_is_good(const char *name)
{
	size_t length = strlen(name);

	return length >= 1 && length <= IO_NAME_MAX_BYTES && islower((unsigned char)name[0]) &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

static const char *port_names(const struct model *model)
{
	struct text out = { 0 };

	text_add(&out, "%s", "");
	FOR_PORTS(port, model)
		text_add(&out, "%s\"%s\"", port == model->ports ? "" : ", ", port->name);
	return out.data;
}

void check_port_name_bad(const struct model *model, struct findings *f)
{
	names_bad(NAMES_OF("NET", model->ports, model->port_count, struct port), f);
}

void check_port_name_twice(const struct model *model, struct findings *f)
{
	names_twice(NAMES_OF("NET", model->ports, model->port_count, struct port), f);
}

void check_port_nobody(const struct model *model, struct findings *f)
{
	FOR_PORTS(port, model)
		if (port->part < 0 && !port->is_uplink)
			find(f, "CONFIG_NET%u_NONE=y: nobody is plugged into port \"%s\"; set CONFIG_NET%u_PARTn=y for a partition, or CONFIG_NET%u_UPLINK=y for the "
				"wire, or lower CONFIG_NET_PORTS", port->number, port->name, port->number, port->number);
}

const char *io_partitions(const struct model *model)
{
	struct text out = { 0 };

	text_add(&out, "%s", "");
	for (uint32_t i = 0; i < model->part_count; i++)
		if (model->parts[i].is_io)
			text_add(&out, "%s\"%s\"", out.length ? ", " : "", model->parts[i].name);
	return out.data;
}

void check_port_io(const struct model *model, struct findings *f)
{
	const char *names = io_partitions(model);

	FOR_PORTS(port, model) {
		if (port->back >= 0)
			continue;
		if (*names)
			find(f, "CONFIG_NET%u_IO_AUTO=y: port \"%s\" may be served by %s; choose one with CONFIG_NET%u_IO_PARTn=y", port->number, port->name, names,
			     port->number);
		else
			find(f, "CONFIG_NET%u_IO_AUTO=y: no partition serves port \"%s\"; make one with CONFIG_PARTn_UNIKERNEL=y and CONFIG_PARTn_PROGRAM=\"io\"",
			     port->number, port->name);
	}
}

void check_uplink_device(const struct model *model, struct findings *f)
{
	FOR_PORTS(port, model)
		if (port->is_uplink && port->back >= 0 && !part_has_pci(&model->parts[port->back]))
			find(f, "CONFIG_NET%u_UPLINK=y: \"%s\", which serves port \"%s\", owns no PCI host bridge that %s could be behind; give it one with "
				"CONFIG_DEV_..._PART%d=y", port->number, model->parts[port->back].name, port->name, port->nic, port->back + 1);
}

/* "nic0", or "pci:00.03.0" */
bool hardware_name_is_good(const char *name, const char *kind)
{
	size_t length = strlen(kind);
	unsigned bus, device, function;
	int end = 0;

	if (strncmp(name, "pci:", 4) == 0)
		return sscanf(name, "pci:%2x.%2x.%1x%n", &bus, &device, &function, &end) == 3 && name[end] == 0 && device < 32 && function < 8;
	return strncmp(name, kind, length) == 0 && name[length] && strspn(name + length, "0123456789") == strlen(name + length) &&
	       strlen(name + length) <= 2;
}

void check_nic_name(const struct model *model, struct findings *f)
{
	FOR_PORTS(port, model)
		if (port->is_uplink && !hardware_name_is_good(port->nic, "nic"))
			find(f, "CONFIG_NET%u_NIC=\"%s\": no name of a network card; write nic0, nic1 ... or pci:BUS.DEVICE.FUNCTION, as pci:00.03.0", port->number,
			     port->nic);
}

void check_nic_twice(const struct model *model, struct findings *f)
{
	FOR_PORTS(port, model)
		FOR_PORTS(other, model)
			if (port < other && port->is_uplink && other->is_uplink && port->back == other->back && strcmp(port->nic, other->nic) == 0)
				find(f, "CONFIG_NET%u_NIC and CONFIG_NET%u_NIC: \"%s\" and \"%s\" are both the card \"%s\"; one card is one port: take another card, or "
					"one port that is a trunk", port->number, other->number, port->name, other->name, port->nic);
}

/* ---- MAC addresses ---- */

void check_mac_bad(const struct model *model, struct findings *f)
{
	FOR_PORTS(port, model)
		if (!port->is_mac_good)
			find(f, "CONFIG_NET%u_MAC=\"%s\": no MAC address; write six bytes, as 02:00:00:00:00:01, or set CONFIG_NET%u_MAC_AUTO=y", port->number,
			     port->mac_text, port->number);
}

void check_mac_multicast(const struct model *model, struct findings *f)
{
	static const uint8_t zero[6];

	FOR_PORTS(port, model)
		if (!port->is_uplink && port->is_mac_good && ((port->mac[0] & 1) || memcmp(port->mac, zero, 6) == 0))
			find(f, "CONFIG_NET%u_MAC=\"%s\": %s, which no card may have; make the first byte even, as 02:00:00:00:00:01", port->number, port->mac_text,
			     port->mac[0] & 1 ? "an address of a group (multicast)" : "the address of nobody");
}

/* Two automatic ones are the same only if the names are, which is another check's. */
static bool has_same_mac(const struct port *a, const struct port *b)
{
	return (a->is_mac_fixed || b->is_mac_fixed) && !a->is_uplink && !b->is_uplink && a->is_mac_good && memcmp(a->mac, b->mac, 6) == 0;
}

void check_mac_twice(const struct model *model, struct findings *f)
{
	FOR_PORTS(port, model)
		FOR_PORTS(other, model)
			if (port < other && has_same_mac(port, other))
				find(f, "CONFIG_NET%u_MAC and CONFIG_NET%u_MAC: ports \"%s\" and \"%s\" have the same MAC address %02x:%02x:%02x:%02x:%02x:%02x; change one",
				     port->number, other->number, port->name, other->name, port->mac[0], port->mac[1], port->mac[2], port->mac[3], port->mac[4],
				     port->mac[5]);
}

/* ---- who talks to whom ---- */

static void check_talk_known(const struct model *model, struct findings *f, const struct port *port, const struct talk *talk, const char *symbol)
{
	if (*talk->word && talk->port < 0)
		find(f, "CONFIG_NET%u_%s: \"%s\" of port \"%s\" is no port; there are %s", port->number, symbol, talk->word, port->name, port_names(model));
}

void check_port_unknown(const struct model *model, struct findings *f)
{
	FOR_PORTS(port, model) {
		for (uint32_t i = 0; i < port->talk_count; i++)
			check_talk_known(model, f, port, &port->talks[i], "TALKS_TO");
		check_talk_known(model, f, port, &port->mirror_in, "MIRROR_IN");
		check_talk_known(model, f, port, &port->mirror_out, "MIRROR_OUT");
	}
}

static void check_talk_switch(const struct model *model, struct findings *f, const struct port *port, const struct talk *talk, const char *symbol)
{
	const struct port *other = talk->port < 0 ? port : &model->ports[talk->port];

	if (other->back != port->back && other->back >= 0 && port->back >= 0)
		find(f, "CONFIG_NET%u_%s: \"%s\" is in the switch of \"%s\", and port \"%s\" in that of \"%s\": they never meet; have one I/O partition serve both",
		     port->number, symbol, other->name, model->parts[other->back].name, port->name, model->parts[port->back].name);
}

void check_port_switch(const struct model *model, struct findings *f)
{
	FOR_PORTS(port, model) {
		for (uint32_t i = 0; i < port->talk_count; i++)
			check_talk_switch(model, f, port, &port->talks[i], "TALKS_TO");
		check_talk_switch(model, f, port, &port->mirror_in, "MIRROR_IN");
		check_talk_switch(model, f, port, &port->mirror_out, "MIRROR_OUT");
	}
}

void check_port_self(const struct model *model, struct findings *f)
{
	FOR_PORTS(port, model)
		for (uint32_t i = 0; i < port->talk_count; i++)
			if (port->talks[i].port == (int32_t)port->index)
				find(f, "CONFIG_NET%u_TALKS_TO: \"%s\" names port \"%s\" itself, to which no frame of its own comes back; remove it", port->number,
				     port->talks[i].word, port->name);
}

static void check_mirror(struct findings *f, const struct port *port, const struct talk *mirror, const char *symbol)
{
	if (mirror->port == (int32_t)port->index)
		find(f, "CONFIG_NET%u_%s=\"%s\": port \"%s\" is to get a copy of its own frames; name another port", port->number, symbol, mirror->word, port->name);
}

void check_mirror_self(const struct model *model, struct findings *f)
{
	FOR_PORTS(port, model) {
		check_mirror(f, port, &port->mirror_in, "MIRROR_IN");
		check_mirror(f, port, &port->mirror_out, "MIRROR_OUT");
	}
}

/* ---- VLANs, addresses, rules, limits ---- */

void check_trunk_empty(const struct model *model, struct findings *f)
{
	FOR_PORTS(port, model)
		if (port->is_trunk && !*port->vlans_text)
			find(f, "CONFIG_NET%u_VLANS=\"\": trunk \"%s\" carries no VLAN with a tag; list some, as 10,20-29, or set CONFIG_NET%u_TRUNK=n", port->number,
			     port->name, port->number);
}

void check_vlan_bad(const struct model *model, struct findings *f)
{
	FOR_PORTS(port, model)
		if (port->vlans_error)
			find(f, "CONFIG_NET%u_VLANS=\"%s\": VLANs of trunk \"%s\": %s; list them as 10,20-29", port->number, port->vlans_text, port->name,
			     port->vlans_error);
}

void check_source_bad(const struct model *model, struct findings *f)
{
	FOR_PORTS(port, model)
		if (port->sources_error)
			find(f, "CONFIG_NET%u_SOURCES: source addresses of port \"%s\": %s; write addresses and prefixes, as 10.0.0.5 fd00::/64", port->number, port->name,
			     port->sources_error);
}

void check_rule_bad(const struct model *model, struct findings *f)
{
	FOR_PORTS(port, model)
		for (uint32_t i = 0; i < port->rule_count; i++)
			if (port->rules[i].error)
				find(f, "CONFIG_NET%u_RULE%u=\"%s\": rule of port \"%s\": %s; write: in|out allow|deny [what] [from ADDRESS] [sport P] [to ADDRESS] [dport P]",
				     port->number, i + 1, port->rules[i].text, port->name, port->rules[i].error);
}

void check_rate_burst(const struct model *model, struct findings *f)
{
	FOR_PORTS(port, model)
		if (port->bytes.per_second && port->bytes.burst < FRAME_BYTES_MAX)
			find(f, "CONFIG_NET%u_BURST_KIB=%llu: port \"%s\" sends frames of up to 64 KiB, to be segmented behind it, which would never pass; set it to %lu or "
				"more", port->number, (unsigned long long)port->bytes.burst / 1024, port->name, FRAME_BYTES_MAX / KIB);
}

void check_rate_slow(const struct model *model, struct findings *f)
{
	FOR_PORTS(port, model)
		if (port->bytes.per_second && port->bytes.per_second < port->mtu)
			find(f, "CONFIG_NET%u_RATE_KBIT=%llu: port \"%s\" could send less than one packet of %u bytes a second; set it to %u or more, or to 0 for no limit",
			     port->number, (unsigned long long)port->bytes.per_second * 8 / 1000, port->name, port->mtu, (port->mtu * 8 + 999) / 1000);
}

/* A frame to be segmented counts as its segments, and is taken whole or not at all. */
void check_frames_burst(const struct model *model, struct findings *f)
{
	FOR_PORTS(port, model) {
		uint32_t least = (uint32_t)(64 * KIB / (port->mtu - 40)) + 1;

		if (port->frames.per_second && port->frames.burst < least)
			find(f, "CONFIG_NET%u_FRAMES_BURST=%llu: port \"%s\" sends frames that are cut into up to %u, which would never pass; set it to %u or more",
			     port->number, (unsigned long long)port->frames.burst, port->name, least, least);
	}
}
