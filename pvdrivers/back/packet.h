/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACK_PACKET_H
#define BACK_PACKET_H

/*
 * What the first bytes of a frame say: tag, protocol, addresses, ports. Three kinds of answer are kept apart: a field is known; it exists but
 * lies behind what was shown, or in another fragment (unseen); headers contradict each other or the frame (malformed). It must not know what
 * the answers are for.
 *
 * IPv6: PACKET_EXTENSION_MAX extension headers are followed; behind more of them, the protocol is unseen.
 */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "fields of the wire are swapped");

#define PACKET_EXTENSION_MAX	8

enum {
	ETHERNET_BYTES = 14,
	TAG_BYTES = 4,
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_ARP = 0x0806,
	ETHERTYPE_TAG = 0x8100,
	ETHERTYPE_IPV6 = 0x86dd,
	PROTOCOL_ICMP = 1,
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	PROTOCOL_ICMPV6 = 58,
	TCP_FIN = 0x01,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_CWR = 0x80,
};

enum packet_shape {
	PACKET_OK,
	PACKET_RUNT,		/* no whole Ethernet header, or a tag cut off */
	PACKET_NESTED,		/* a tag in a tag, or a kind of tag that is not 802.1Q */
	PACKET_MALFORMED,
};

struct packet {
	const uint8_t *header;
	uint32_t seen;			/* header bytes that may be read */
	uint32_t end;			/* of the frame; of the IP packet once that is known */
	bool is_tagged;
	uint16_t tci;
	uint16_t ethertype;		/* behind tag and SNAP header; 0 where there is only a length */
	uint8_t family;			/* 4 (IPv4 and ARP), 6 or 0 */
	bool is_arp;
	bool has_addresses;
	const uint8_t *source, *destination;	/* 4 or 16 bytes; ARP: sender and target */
	bool is_fragment;		/* one of several */
	bool has_protocol;
	uint8_t protocol;
	bool has_routing;		/* IPv6: the destination is not the last one */
	uint32_t l3_at;
	uint32_t l4_at;			/* 0 if it is not in this frame */
	bool has_ports;
	uint16_t source_port, destination_port;
	bool has_tcp_flags;
	uint8_t tcp_flags;
};

/* Reads at most `header_bytes` bytes of `header`. What it fills in is valid with PACKET_OK only; the pointers point into `header`. */
enum packet_shape packet_parse(struct packet *p, const uint8_t *header, uint32_t header_bytes, uint32_t total_bytes);

/* True if bytes `at` to `at + count` were shown. */
bool packet_shows(const struct packet *p, uint32_t at, uint32_t count);

static inline uint16_t get_be16(const uint8_t *bytes)
{
	uint16_t value;

	memcpy(&value, bytes, sizeof(value));
	return __builtin_bswap16(value);
}

static inline void put_be16(uint8_t *bytes, uint32_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

static inline uint32_t get_be32(const uint8_t *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return __builtin_bswap32(value);
}

static inline void put_be32(uint8_t *bytes, uint32_t value)
{
	put_be16(bytes, value >> 16);
	put_be16(bytes + 2, value);
}

#endif
