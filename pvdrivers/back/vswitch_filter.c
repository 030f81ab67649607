/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vswitch's filter: which rule of a port decides over a packet. Each comparison has three answers, and a rule's is the least of its
 * fields': no, unseen, yes. It must not know where packets go.
 */

#include <string.h>

#include "vswitch_parts.h"

enum match {
	MATCH_NO,
	MATCH_UNSEEN,
	MATCH_YES,
};

static enum match match_if(bool holds)
{
	return holds ? MATCH_YES : MATCH_NO;
}

static enum match least(enum match a, enum match b)
{
	return a < b ? a : b;
}

bool vswitch_prefix_holds(const struct vswitch_prefix *prefix, uint8_t family, const uint8_t *address)
{
	uint32_t whole = prefix->length / 8, rest = prefix->length % 8;

	if (prefix->family != family || memcmp(prefix->address, address, whole) != 0)
		return false;
	return rest == 0 || ((prefix->address[whole] ^ address[whole]) >> (8 - rest)) == 0;
}

static enum match match_prefix(const struct vswitch_prefix *prefix, const struct packet *p, const uint8_t *address)
{
	if (prefix->family == 0)
		return MATCH_YES;
	if (prefix->family != p->family)
		return MATCH_NO;
	return p->has_addresses ? match_if(vswitch_prefix_holds(prefix, p->family, address)) : MATCH_UNSEEN;
}

static enum match match_ip(const struct packet *p, uint8_t protocol)
{
	if (p->family == 0 || p->is_arp)
		return MATCH_NO;
	return p->has_protocol ? match_if(p->protocol == protocol) : MATCH_UNSEEN;
}

static enum match match_protocol(const struct vswitch_rule *rule, const struct packet *p)
{
	switch (rule->protocol) {
	case VSWITCH_ANY:
		return MATCH_YES;
	case VSWITCH_ARP:
		return match_if(p->is_arp);
	case VSWITCH_ICMP:
		return match_ip(p, p->family == 6 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP);
	case VSWITCH_TCP:
		return match_ip(p, PROTOCOL_TCP);
	case VSWITCH_UDP:
		return match_ip(p, PROTOCOL_UDP);
	case VSWITCH_IP_PROTOCOL:
		return match_ip(p, (uint8_t)rule->number);
	default:
		return match_if(p->ethertype == rule->number);
	}
}

/* Whether the packet has ports at all. */
static enum match match_has_ports(const struct packet *p)
{
	enum match tcp = match_ip(p, PROTOCOL_TCP), udp = match_ip(p, PROTOCOL_UDP);

	return tcp > udp ? tcp : udp;
}

static enum match match_range(const struct vswitch_port_range *range, const struct packet *p, uint16_t port)
{
	if (range->last == 0)
		return MATCH_YES;
	if (!p->has_ports)
		return least(match_has_ports(p), MATCH_UNSEEN);
	return match_if(port >= range->first && port <= range->last);
}

static enum match match_established(const struct vswitch_rule *rule, const struct packet *p)
{
	if (!rule->is_established)
		return MATCH_YES;
	if (!p->has_tcp_flags)
		return least(match_ip(p, PROTOCOL_TCP), MATCH_UNSEEN);
	return match_if((p->tcp_flags & (TCP_ACK | TCP_RST)) != 0);
}

static enum match match_rule(const struct vswitch_rule *rule, const struct packet *p)
{
	enum match match = match_if(rule->family == 0 || rule->family == p->family);

	match = least(match, match_protocol(rule, p));
	match = least(match, match_prefix(&rule->source, p, p->source));
	match = least(match, match_prefix(&rule->destination, p, p->destination));
	match = least(match, match_range(&rule->source_ports, p, p->source_port));
	match = least(match, match_range(&rule->destination_ports, p, p->destination_port));
	return least(match, match_established(rule, p));
}

/* Unseen is a match for a rule that denies, and none for one that allows: see struct vswitch_rule. */
static bool applies(const struct vswitch_rule *rule, enum match match)
{
	return match == MATCH_YES || (match == MATCH_UNSEEN && rule->action == VSWITCH_DENY);
}

enum vswitch_drop vswitch_filter(struct vswitch *sw, uint32_t port, enum vswitch_direction direction, const struct packet *p)
{
	const struct vswitch_port_config *config = port_config(sw, port);
	enum vswitch_action otherwise = direction == VSWITCH_INGRESS ? config->default_ingress : config->default_egress;

	for (uint32_t i = config->rule_first; i < config->rule_first + config->rule_count; i++) {
		const struct vswitch_rule *rule = &sw->config->rules[i];
		enum match match = rule->direction == direction ? match_rule(rule, p) : MATCH_NO;

		if (!applies(rule, match))
			continue;
		sw->rule_hits[i]++;
		if (rule->action == VSWITCH_ALLOW)
			return VSWITCH_FORWARDED;
		return match == MATCH_YES ? VSWITCH_DROP_FILTER : VSWITCH_DROP_FILTER_UNSEEN;
	}
	return otherwise == VSWITCH_ALLOW ? VSWITCH_FORWARDED : VSWITCH_DROP_FILTER;
}
