/* SPDX-License-Identifier: Apache-2.0 */
/* Frames for the tests of pvdrivers/back. It must not know the code under test. */

#include <string.h>

#include "frames.h"

void mac_make(uint8_t mac[6], uint8_t last)
{
	const uint8_t start[6] = { 2, 0, 0, 0, 0, last };

	memcpy(mac, start, 6);
	if (last == 0xff)
		memset(mac, 0xff, 6);
}

static void store16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void update_lengths(struct frame *f)
{
	if (f->length_at)
		store16(f->bytes + f->length_at, f->size - f->l3_at - (f->bytes[f->l3_at] >> 4 == 6 ? 40u : 0u));
}

void frame_bytes(struct frame *f, const void *bytes, uint32_t count)
{
	memcpy(f->bytes + f->size, bytes, count);
	f->size += count;
	update_lengths(f);
}

void frame_fill(struct frame *f, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		f->bytes[f->size++] = (uint8_t)random_below(256);
	update_lengths(f);
}

void frame_start(struct frame *f, uint8_t to, uint8_t from)
{
	memset(f, 0, sizeof(*f));
	mac_make(f->bytes, to);
	mac_make(f->bytes + 6, from);
	f->size = 12;
}

void frame_type(struct frame *f, uint16_t ethertype)
{
	uint8_t type[2];

	store16(type, ethertype);
	frame_bytes(f, type, 2);
}

void frame_tag(struct frame *f, uint16_t tci)
{
	frame_type(f, 0x8100);
	frame_type(f, tci);
}

void frame_arp(struct frame *f, uint8_t sender_mac, uint16_t sender, uint16_t target)
{
	uint8_t arp[28] = { 0, 1, 8, 0, 6, 4, 0, 1, [14] = 10, 0, [24] = 10, 0 };

	mac_make(arp + 8, sender_mac);
	store16(arp + 16, sender);
	store16(arp + 26, target);
	frame_type(f, 0x0806);
	frame_bytes(f, arp, sizeof(arp));
}

void frame_ipv4(struct frame *f, uint8_t protocol, uint16_t from, uint16_t to)
{
	uint8_t ip[20] = { 0x45, [4] = 0x12, 0x34, [8] = 64, [9] = protocol, [12] = 10, 0, [16] = 10, 0 };

	store16(ip + 14, from);
	store16(ip + 18, to);
	frame_type(f, 0x0800);
	f->l3_at = f->size;
	f->length_at = f->l3_at + 2;
	frame_bytes(f, ip, sizeof(ip));
}

void frame_fragment4(struct frame *f, uint32_t offset, bool more)
{
	store16(f->bytes + f->l3_at + 6, offset | (more ? 0x2000u : 0u));
}

void frame_ipv6(struct frame *f, uint8_t next, uint16_t from, uint16_t to)
{
	uint8_t ip[40] = { 0x60, [6] = next, [7] = 64, [8] = 0xfd, [24] = 0xfd };

	store16(ip + 22, from);
	store16(ip + 38, to);
	frame_type(f, 0x86dd);
	f->l3_at = f->size;
	f->length_at = f->l3_at + 4;
	frame_bytes(f, ip, sizeof(ip));
}

void frame_extension(struct frame *f, uint8_t next, uint8_t length)
{
	uint8_t bytes[2048] = { next, length };

	frame_bytes(f, bytes, 8u * (length + 1u));
}

void frame_fragment6(struct frame *f, uint8_t next, uint32_t offset, bool more)
{
	uint8_t bytes[8] = { next };

	store16(bytes + 2, offset << 3 | (more ? 1u : 0u));
	frame_bytes(f, bytes, 8);
}

void frame_tcp(struct frame *f, uint16_t from, uint16_t to, uint8_t flags)
{
	uint8_t tcp[20] = { [4] = 1, 2, 3, 4, [12] = 0x50, flags };

	store16(tcp, from);
	store16(tcp + 2, to);
	f->l4_at = f->size;
	frame_bytes(f, tcp, sizeof(tcp));
}

/* 100 bytes of payload: UDP has a length of its own. */
void frame_udp(struct frame *f, uint16_t from, uint16_t to)
{
	uint8_t udp[108] = { [4] = 0, 108 };

	store16(udp, from);
	store16(udp + 2, to);
	f->l4_at = f->size;
	frame_bytes(f, udp, sizeof(udp));
}

void frame_plain(struct frame *f, uint8_t to, uint8_t from)
{
	frame_start(f, to, from);
	frame_ipv4(f, 17, from, to);
	frame_udp(f, 1000, 2000);
}

uint16_t simple_sum(uint16_t start, const uint8_t *bytes, uint32_t count)
{
	uint32_t sum = start;

	for (uint32_t i = 0; i < count; i++) {
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
		if (sum > 0xffff)
			sum -= 0xffff;
	}
	return (uint16_t)sum;
}

uint32_t at16(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 8 | bytes[1];
}

uint32_t at32(const uint8_t *bytes)
{
	return at16(bytes) << 16 | at16(bytes + 2);
}

uint16_t transport_sum(const uint8_t *ip, const uint8_t *l4, uint32_t l4_bytes, uint8_t protocol)
{
	bool is_ipv6 = ip[0] >> 4 == 6;
	uint8_t rest[4] = { (uint8_t)(l4_bytes >> 8), (uint8_t)l4_bytes, 0, protocol };
	uint16_t sum = simple_sum(0, is_ipv6 ? ip + 8 : ip + 12, is_ipv6 ? 32 : 8);

	return simple_sum(simple_sum(sum, rest, 4), l4, l4_bytes);
}

void frame_unfinish(struct frame *f, uint8_t protocol, uint16_t offset)
{
	uint32_t l4_bytes = f->size - f->l4_at;
	uint8_t rest[4] = { (uint8_t)(l4_bytes >> 8), (uint8_t)l4_bytes, 0, protocol };

	store16(f->bytes + f->l4_at + offset, simple_sum(transport_sum(f->bytes + f->l3_at, rest, 0, 0), rest, 4));
}

uint32_t random_below(uint32_t limit)
{
	static uint64_t state = 0x9e3779b97f4a7c15ull;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 16) % limit;
}
