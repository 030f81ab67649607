/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the headers of a frame, each byte only after a look at what was shown. It must not know what the answers are for.
 *
 * `end` shrinks from the frame's length to the IP packet's: a header that leaves it is malformed; one that leaves only what was shown is
 * unseen.
 */

#include <string.h>

#include "packet.h"

enum {
	ETHERTYPE_LEAST = 0x600,	/* less is a length */
	SNAP_BYTES = 8,
	ARP_BYTES = 28,
	IPV4_BYTES = 20,
	IPV6_BYTES = 40,
	TCP_BYTES = 20,
	UDP_BYTES = 8,
	EXTENSION_BYTES = 8,		/* the smallest */
	NEXT_HOP_BY_HOP = 0,
	NEXT_ROUTING = 43,
	NEXT_FRAGMENT = 44,
	NEXT_AUTHENTICATION = 51,
	NEXT_DESTINATION = 60,
};

bool packet_shows(const struct packet *p, uint32_t at, uint32_t count)
{
	return at <= p->seen && count <= p->seen - at;
}

static bool holds(const struct packet *p, uint32_t at, uint32_t count)
{
	return at <= p->end && count <= p->end - at;
}

static enum packet_shape parse_tcp(struct packet *p)
{
	const uint8_t *tcp = p->header + p->l4_at;

	if (!holds(p, p->l4_at, TCP_BYTES))
		return PACKET_MALFORMED;
	if (packet_shows(p, p->l4_at, TCP_BYTES)) {
		if (tcp[12] >> 4 < 5 || !holds(p, p->l4_at, 4u * (tcp[12] >> 4)))
			return PACKET_MALFORMED;
		p->has_tcp_flags = true;
		p->tcp_flags = tcp[13];
	}
	return PACKET_OK;
}

static enum packet_shape parse_udp(struct packet *p)
{
	uint32_t length;

	if (!holds(p, p->l4_at, UDP_BYTES))
		return PACKET_MALFORMED;
#ifndef FUZZ_PLANT_VSWITCH	/* the fault that the fuzzer's smoke run must find */
	if (!packet_shows(p, p->l4_at, UDP_BYTES))
		return PACKET_OK;
#endif
	length = get_be16(p->header + p->l4_at + 4);
	if (length < UDP_BYTES || (!p->is_fragment && !holds(p, p->l4_at, length)))
		return PACKET_MALFORMED;
	return PACKET_OK;
}

static enum packet_shape parse_protocol(struct packet *p, uint8_t protocol, uint32_t at)
{
	enum packet_shape shape;

	p->has_protocol = true;
	p->protocol = protocol;
	p->l4_at = at;
	if (protocol != PROTOCOL_TCP && protocol != PROTOCOL_UDP)
		return PACKET_OK;
	shape = protocol == PROTOCOL_TCP ? parse_tcp(p) : parse_udp(p);
	if (shape == PACKET_OK && packet_shows(p, at, 4)) {
		p->has_ports = true;
		p->source_port = get_be16(p->header + at);
		p->destination_port = get_be16(p->header + at + 2);
	}
	return shape;
}

/* A later fragment: its protocol is known, all behind it is not. One that would overwrite a TCP header is an attack (RFC 3128). */
static enum packet_shape parse_later_fragment(struct packet *p, uint8_t protocol, uint32_t offset, uint32_t payload)
{
	p->has_protocol = true;
	p->protocol = protocol;
	if ((protocol == PROTOCOL_TCP && offset == 1) || offset * 8 + payload > 65535)
		return PACKET_MALFORMED;
	return PACKET_OK;
}

static enum packet_shape parse_ipv4(struct packet *p)
{
	const uint8_t *ip = p->header + p->l3_at;
	uint32_t header, total, fragment;

	p->family = 4;
	if (!holds(p, p->l3_at, IPV4_BYTES))
		return PACKET_MALFORMED;
	if (!packet_shows(p, p->l3_at, IPV4_BYTES))
		return PACKET_OK;
	header = 4u * (ip[0] & 15);
	total = get_be16(ip + 2);
	if (ip[0] >> 4 != 4 || header < IPV4_BYTES || header > total || !holds(p, p->l3_at, total))
		return PACKET_MALFORMED;
	p->end = p->l3_at + total;
	p->has_addresses = true;
	p->source = ip + 12;
	p->destination = ip + 16;
	fragment = get_be16(ip + 6);
	p->is_fragment = (fragment & 0x3fff) != 0;
	if (fragment & 0x1fff)
		return parse_later_fragment(p, ip[9], fragment & 0x1fff, total - header);
	return parse_protocol(p, ip[9], p->l3_at + header);
}

static bool is_extension(uint8_t next)
{
	return next == NEXT_HOP_BY_HOP || next == NEXT_ROUTING || next == NEXT_FRAGMENT || next == NEXT_AUTHENTICATION ||
	       next == NEXT_DESTINATION;
}

static uint32_t extension_bytes(uint8_t kind, const uint8_t *bytes)
{
	if (kind == NEXT_FRAGMENT)
		return EXTENSION_BYTES;
	return kind == NEXT_AUTHENTICATION ? (bytes[1] + 2u) * 4 : (bytes[1] + 1u) * 8;
}

/* Follows one extension header. Returns false if nothing behind it can be known. */
static bool step_extension(struct packet *p, uint8_t *next, uint32_t *at)
{
	const uint8_t *bytes = p->header + *at;
	uint8_t kind = *next;

	if (!packet_shows(p, *at, EXTENSION_BYTES))
		return false;
	p->has_routing |= kind == NEXT_ROUTING;
	if (kind == NEXT_FRAGMENT)
		p->is_fragment = (get_be16(bytes + 2) & 0xfff9) != 0;
	*next = bytes[0];
	*at += extension_bytes(kind, bytes);
	/* What a later fragment says of its protocol is not what the receiver goes by (RFC 8200, 4.5). */
	return kind != NEXT_FRAGMENT || get_be16(bytes + 2) >> 3 == 0;
}

static enum packet_shape parse_extensions(struct packet *p, uint8_t next, uint32_t at)
{
	for (int count = 0; is_extension(next); count++) {
		if (!holds(p, at, EXTENSION_BYTES) || (next == NEXT_HOP_BY_HOP && count > 0))
			return PACKET_MALFORMED;
		if (count == PACKET_EXTENSION_MAX || !step_extension(p, &next, &at))
			return PACKET_OK;
		if (at > p->end)
			return PACKET_MALFORMED;
	}
	return parse_protocol(p, next, at);
}

static enum packet_shape parse_ipv6(struct packet *p)
{
	const uint8_t *ip = p->header + p->l3_at;
	uint32_t payload;

	p->family = 6;
	if (!holds(p, p->l3_at, IPV6_BYTES))
		return PACKET_MALFORMED;
	if (!packet_shows(p, p->l3_at, IPV6_BYTES))
		return PACKET_OK;
	payload = get_be16(ip + 4);
	if (ip[0] >> 4 != 6 || !holds(p, p->l3_at + IPV6_BYTES, payload))
		return PACKET_MALFORMED;
	p->end = p->l3_at + IPV6_BYTES + payload;
	p->has_addresses = true;
	p->source = ip + 8;
	p->destination = ip + 24;
	return parse_extensions(p, ip[6], p->l3_at + IPV6_BYTES);
}

static enum packet_shape parse_arp(struct packet *p)
{
	static const uint8_t ethernet_ipv4[] = { 0, 1, 8, 0, 6, 4 };
	const uint8_t *arp = p->header + p->l3_at;

	p->family = 4;
	p->is_arp = true;
	if (!holds(p, p->l3_at, ARP_BYTES))
		return PACKET_MALFORMED;
	if (!packet_shows(p, p->l3_at, ARP_BYTES))
		return PACKET_OK;
	if (memcmp(arp, ethernet_ipv4, sizeof(ethernet_ipv4)) != 0)
		return PACKET_MALFORMED;
	p->has_addresses = true;
	p->source = arp + 14;
	p->destination = arp + 24;
	return PACKET_OK;
}

static bool is_tag(uint16_t ethertype)
{
	return ethertype == ETHERTYPE_TAG || ethertype == 0x88a8 || ethertype == 0x9100 || ethertype == 0x9200;
}

/* Where a length stands, an EtherType may follow behind a SNAP header (RFC 1042): some receivers take IP that way, so it is looked into. */
static enum packet_shape parse_snap(struct packet *p)
{
	static const uint8_t snap[] = { 0xaa, 0xaa, 3, 0, 0 };
	const uint8_t *llc = p->header + p->l3_at;

	p->ethertype = 0;
	if (!holds(p, p->l3_at, SNAP_BYTES))
		return PACKET_OK;
	if (!packet_shows(p, p->l3_at, SNAP_BYTES))
		return PACKET_RUNT;
	if (memcmp(llc, snap, sizeof(snap)) != 0 || (llc[5] != 0 && llc[5] != 0xf8))
		return PACKET_OK;
	p->ethertype = get_be16(llc + 6);
	p->l3_at += SNAP_BYTES;
	return p->ethertype < ETHERTYPE_LEAST ? PACKET_MALFORMED : PACKET_OK;
}

static enum packet_shape parse_ethernet(struct packet *p)
{
	enum packet_shape shape = PACKET_OK;

	if (!holds(p, 0, ETHERNET_BYTES) || !packet_shows(p, 0, ETHERNET_BYTES))
		return PACKET_RUNT;
	p->ethertype = get_be16(p->header + 12);
	p->l3_at = ETHERNET_BYTES;
	if (p->ethertype == ETHERTYPE_TAG) {
		if (!holds(p, 0, ETHERNET_BYTES + TAG_BYTES) || !packet_shows(p, 0, ETHERNET_BYTES + TAG_BYTES))
			return PACKET_RUNT;
		p->is_tagged = true;
		p->tci = get_be16(p->header + 14);
		p->ethertype = get_be16(p->header + 16);
		p->l3_at += TAG_BYTES;
	}
	if (p->ethertype < ETHERTYPE_LEAST)
		shape = parse_snap(p);
	return is_tag(p->ethertype) ? PACKET_NESTED : shape;
}

enum packet_shape packet_parse(struct packet *p, const uint8_t *header, uint32_t header_bytes, uint32_t total_bytes)
{
	enum packet_shape shape;

	*p = (struct packet){ .header = header, .seen = header_bytes < total_bytes ? header_bytes : total_bytes, .end = total_bytes };
	shape = parse_ethernet(p);
	if (shape != PACKET_OK)
		return shape;
	switch (p->ethertype) {
	case ETHERTYPE_IPV4:
		return parse_ipv4(p);
	case ETHERTYPE_IPV6:
		return parse_ipv6(p);
	case ETHERTYPE_ARP:
		return parse_arp(p);
	default:
		return PACKET_OK;
	}
}
