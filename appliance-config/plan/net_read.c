/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the ports of the virtual switch from the resolved configuration.
 * Nothing is refused here: words that mean nothing are kept for the checks.
 */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sha256.h"

/* The same over rebuilds: made of names alone. Bit 1 of the first byte says locally administered, bit 0 would be a group. */
static void derive_mac(const struct model *model, struct port *port)
{
	const char *words = mem_format("bulkhead port %s/%s", model->appliance, port->name);
	uint8_t hash[32];

	sha256(words, strlen(words), hash);
	memcpy(port->mac, hash, sizeof(port->mac));
	port->mac[0] = (uint8_t)((port->mac[0] & 0xfc) | 2);
	port->is_mac_good = true;
}

static void parse_mac(struct port *port)
{
	unsigned b[6];
	int end = 0;

	port->is_mac_good = sscanf(port->mac_text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5], &end) == 6 &&
			    port->mac_text[end] == 0 && end == 17;
	for (int i = 0; port->is_mac_good && i < 6; i++)
		port->mac[i] = (uint8_t)b[i];
}

static void read_mac(const struct model *model, struct port *port)
{
	port->is_mac_fixed = config_bool(model->config, "NET%u_MAC_FIXED", port->number);
	port->mac_text = config_get(model->config, "NET%u_MAC", port->number);
	if (port->is_uplink)
		port->is_mac_good = true;
	else if (port->is_mac_fixed)
		parse_mac(port);
	else
		derive_mac(model, port);
}

/* "10" or "20-29" */
static const char *parse_vlan_range(const char *word, struct vlan_range *out)
{
	char *end;

	out->first = out->last = (uint32_t)strtoul(word, &end, 10);
	if (end != word && *end == '-')
		out->last = (uint32_t)strtoul(end + 1, &end, 10);
	if (end == word || *end)
		return mem_format("\"%s\" is no VLAN and no range as 20-29", word);
	if (out->first < 1 || out->last > 4094 || out->last < out->first)
		return mem_format("\"%s\" is not within 1 to 4094, the lower one first", word);
	return NULL;
}

static void read_vlans(const struct model *model, struct port *port)
{
	const char *at;

	port->is_trunk = config_bool(model->config, "NET%u_TRUNK", port->number);
	port->vlan = (uint32_t)config_number(model->config, port->is_trunk ? "NET%u_NATIVE" : "NET%u_VLAN", port->number);
	at = port->vlans_text = config_get(model->config, "NET%u_VLANS", port->number);
	while (port->is_trunk && *at && !port->vlans_error) {
		size_t length = strcspn(at, ",");

		if (port->vlan_count == VLAN_RANGE_MAX)
			port->vlans_error = mem_format("there are more than %d", VLAN_RANGE_MAX);
		else
			port->vlans_error = parse_vlan_range(mem_format("%.*s", (int)length, at), &port->vlans[port->vlan_count++]);
		at += length + (at[length] == ',');
	}
}

static void read_sources(const struct model *model, struct port *port)
{
	const char *at = config_get(model->config, "NET%u_SOURCES", port->number), *word;

	while (!port->sources_error && (word = word_next(&at))) {
		if (port->source_count == SOURCE_MAX)
			port->sources_error = mem_format("there are more than %d", SOURCE_MAX);
		else
			port->sources_error = prefix_parse(&port->sources[port->source_count++], word);
	}
}

static void read_rules(const struct model *model, struct port *port)
{
	const struct config *c = model->config;
	bool is_auto = config_bool(c, "NET%u_DEFAULT_AUTO", port->number), is_allow = config_bool(c, "NET%u_DEFAULT_ALLOW", port->number);
	uint64_t count = config_number(c, "NET%u_RULES", port->number);

	port->rule_count = count > RULE_MAX ? RULE_MAX : (uint32_t)count;
	port->passes_in = port->passes_out = is_auto || is_allow;
	for (uint32_t i = 0; i < port->rule_count; i++) {
		rule_parse(&port->rules[i], config_get(c, "NET%u_RULE%u", port->number, i + 1));
		if (is_auto)
			*(port->rules[i].is_egress ? &port->passes_out : &port->passes_in) = false;
	}
}

static struct io_limit_pair read_limit(const struct model *model, uint32_t n, const char *rate, const char *burst, uint64_t rate_unit,
				       uint64_t burst_unit)
{
	struct io_limit_pair limit = { config_number(model->config, "NET%u_%s", n, rate) * rate_unit, 0 };

	if (limit.per_second)
		limit.burst = config_number(model->config, "NET%u_%s", n, burst) * burst_unit;
	return limit;
}

static void read_port(const struct model *model, struct port *port)
{
	const struct config *c = model->config;
	uint32_t n = port->number;

	port->name = config_get(c, "NET%u_NAME", n);
	port->part = chosen_part(model, mem_format("NET%u", n));
	port->is_uplink = config_bool(c, "NET%u_UPLINK", n);
	port->nic = config_get(c, "NET%u_NIC", n);
	port->back_chosen = chosen_part(model, mem_format("NET%u_IO", n));
	port->back = port->back_chosen >= 0 ? port->back_chosen : io_only(model);
	port->mtu = (uint32_t)config_number(c, "NET%u_MTU", n);
	port->has_spoof_mac = config_bool(c, "NET%u_SPOOF_MAC", n);
	port->has_spoof_arp = config_bool(c, "NET%u_SPOOF_ARP", n);
	port->learn = (uint32_t)config_number(c, "NET%u_LEARN", n);
	read_mac(model, port);
	read_vlans(model, port);
	read_sources(model, port);
	read_rules(model, port);
	port->bytes = read_limit(model, n, "RATE_KBIT", "BURST_KIB", 1000 / 8, KIB);
	port->frames = read_limit(model, n, "FRAMES", "FRAMES_BURST", 1, 1);
	port->storm = read_limit(model, n, "STORM", "STORM_BURST", 1, 1);
}

static int32_t find_port(const struct model *model, const char *name)
{
	for (uint32_t i = 0; i < model->port_count; i++)
		if (strcmp(model->ports[i].name, name) == 0)
			return (int32_t)i;
	return -1;
}

static struct talk read_talk(const struct model *model, const char *word)
{
	bool is_one_way = *word == '>';

	return (struct talk){ .word = word, .is_one_way = is_one_way, .port = find_port(model, word + is_one_way) };
}

static void read_talks(struct model *model, struct port *port)
{
	const char *at = config_get(model->config, "NET%u_TALKS_TO", port->number), *word;

	while (port->talk_count < PORT_MAX && (word = word_next(&at)))
		port->talks[port->talk_count++] = read_talk(model, word);
	port->mirror_in = read_talk(model, config_get(model->config, "NET%u_MIRROR_IN", port->number));
	port->mirror_out = read_talk(model, config_get(model->config, "NET%u_MIRROR_OUT", port->number));
}

/* Numbers in each switch, in the order of the configuration. */
static void number_places(struct model *model)
{
	uint32_t next[PART_MAX] = { 0 };

	for (uint32_t i = 0; i < model->port_count; i++)
		if (model->ports[i].back >= 0)
			model->ports[i].place = next[model->ports[i].back]++;
}

static void allow_talks(struct model *model)
{
	for (uint32_t i = 0; i < model->port_count; i++) {
		struct port *from = &model->ports[i];

		for (uint32_t k = 0; k < from->talk_count; k++) {
			struct port *to = from->talks[k].port < 0 ? from : &model->ports[from->talks[k].port];

			if (to == from || to->back != from->back)
				continue;
			from->allow |= 1u << to->place;
			if (!from->talks[k].is_one_way)
				to->allow |= 1u << from->place;
		}
	}
}

void ports_read(struct model *model)
{
	uint64_t count = config_number(model->config, "NET_PORTS");

	model->port_count = count > PORT_MAX ? PORT_MAX : (uint32_t)count;
	model->age_s = (uint32_t)config_number(model->config, "NET_AGE_S");
	for (uint32_t i = 0; i < model->port_count; i++) {
		model->ports[i].index = i;
		model->ports[i].number = i + 1;
		read_port(model, &model->ports[i]);
	}
	for (uint32_t i = 0; i < model->port_count; i++)
		read_talks(model, &model->ports[i]);
	number_places(model);
	allow_talks(model);
}
