/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a port may send under the addresses that a packet claims. What cannot be seen is not believed. It must not know where packets go.
 */

#include <string.h>

#include "vswitch_parts.h"

enum {
	ICMPV6_NEIGHBOUR_ADVERTISEMENT = 136,
	ADVERTISEMENT_BYTES = 24,
	OPTION_TARGET_LINK = 2,
	DHCP_CLIENT = 68,
	DHCP_SERVER = 67,
};

static const uint8_t zeroes[16];

static bool is_mac_own(const struct vswitch *sw, uint32_t port, uint16_t vlan, uint64_t mac)
{
	uint32_t owner;

	if (port_config(sw, port)->is_mac_fixed)
		return mac == sw->mac[port];
	owner = vswitch_find_fixed(sw, vlan, mac);
	return owner == port || owner == VSWITCH_NO_PORT;
}

static bool is_listed(const struct vswitch_port_config *config, uint8_t family, const uint8_t *address)
{
	for (uint32_t i = 0; i < config->source_count; i++)
		if (vswitch_prefix_holds(&config->sources[i], family, address))
			return true;
	return false;
}

static bool may_use_ipv6(const struct vswitch_port_config *config)
{
	for (uint32_t i = 0; i < config->source_count; i++)
		if (config->sources[i].family == 6)
			return true;
	return false;
}

/* fe80::/10, whose interface part a host makes up itself; for ports that may use IPv6 at all. */
static bool is_ipv6_own(const struct vswitch_port_config *config, const uint8_t *address)
{
	if (address[0] == 0xfe && (address[1] & 0xc0) == 0x80)
		return may_use_ipv6(config);
	return is_listed(config, 6, address);
}

/* A host that asks for its address: from 0.0.0.0 to everybody, as DHCP client. */
static bool is_dhcp_question(const struct packet *p)
{
	static const uint8_t everybody[4] = { 255, 255, 255, 255 };

	return memcmp(p->source, zeroes, 4) == 0 && memcmp(p->destination, everybody, 4) == 0 && p->has_protocol &&
	       p->protocol == PROTOCOL_UDP && p->has_ports && p->source_port == DHCP_CLIENT && p->destination_port == DHCP_SERVER;
}

/* A host that asks whether its address is free, or joins the groups for that: from ::, ICMPv6. */
static bool is_ipv6_beginning(const struct vswitch_port_config *config, const struct packet *p)
{
	return memcmp(p->source, zeroes, 16) == 0 && p->has_protocol && p->protocol == PROTOCOL_ICMPV6 && may_use_ipv6(config);
}

static bool is_source_own(const struct vswitch_port_config *config, const struct packet *p)
{
	if (config->source_count == 0 || p->family == 0 || p->is_arp)
		return true;
	if (!p->has_addresses)
		return false;
	if (p->family == 4)
		return is_listed(config, 4, p->source) || is_dhcp_question(p);
	return is_ipv6_own(config, p->source) || is_ipv6_beginning(config, p);
}

static bool is_arp_own(const struct vswitch_port_config *config, const struct packet *p)
{
	if (!p->has_addresses || memcmp(p->header + p->l3_at + 8, p->header + 6, 6) != 0)
		return false;
	return config->source_count == 0 || memcmp(p->source, zeroes, 4) == 0 || is_listed(config, 4, p->source);
}

/* The MAC addresses that an advertisement tells are its sender's (RFC 4861, 4.6.1). Options have at least 8 bytes. */
static bool are_links_own(const struct packet *p)
{
	for (uint32_t at = p->l4_at + ADVERTISEMENT_BYTES; at < p->end; at += 8u * p->header[at + 1]) {
		if (!packet_shows(p, at, 8) || p->header[at + 1] == 0)
			return false;
		if (p->header[at] == OPTION_TARGET_LINK && memcmp(p->header + at + 2, p->header + 6, 6) != 0)
			return false;
	}
	return true;
}

/* An advertisement says who has an address, as an answer of ARP does. In a fragment it is ignored by who gets it (RFC 6980). */
static bool is_advertisement_own(const struct vswitch_port_config *config, const struct packet *p)
{
	if (p->family != 6 || (p->is_fragment && p->l4_at == 0))
		return true;
	if (!p->has_protocol)
		return false;
	if (p->protocol != PROTOCOL_ICMPV6)
		return true;
	if (!packet_shows(p, p->l4_at, 1))
		return false;
	if (p->header[p->l4_at] != ICMPV6_NEIGHBOUR_ADVERTISEMENT)
		return true;
	if (!packet_shows(p, p->l4_at, ADVERTISEMENT_BYTES) || !are_links_own(p))
		return false;
	return config->source_count == 0 || is_ipv6_own(config, p->header + p->l4_at + 8);
}

enum vswitch_drop vswitch_check_sender(const struct vswitch *sw, uint32_t port, uint16_t vlan, const struct packet *p)
{
	const struct vswitch_port_config *config = port_config(sw, port);

	if (!is_mac_own(sw, port, vlan, mac_of(p->header + 6)))
		return VSWITCH_DROP_SPOOF_MAC;
	if (!is_source_own(config, p))
		return VSWITCH_DROP_SPOOF_IP;
	if (config->is_arp_checked && (p->is_arp ? !is_arp_own(config, p) : !is_advertisement_own(config, p)))
		return VSWITCH_DROP_SPOOF_ARP;
	return VSWITCH_FORWARDED;
}
