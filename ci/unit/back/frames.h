/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_BACK_FRAMES_H
#define UNIT_BACK_FRAMES_H

/* Frames for the tests of pvdrivers/back, built header by header. It must not know the code under test. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_MAX	70000u

struct frame {
	uint8_t bytes[FRAME_MAX];
	uint32_t size;
	uint32_t l3_at, l4_at;
	uint32_t length_at;	/* of IP's length field */
};

/* MAC address 02:00:00:00:00:`last`; 0xff: broadcast. */
void mac_make(uint8_t mac[6], uint8_t last);

/* Each starts or extends `f`; lengths in headers before are kept right. IPv4 addresses are 10.0.`n`.`m` given as n << 8 | m. */
void frame_start(struct frame *f, uint8_t to, uint8_t from);
void frame_tag(struct frame *f, uint16_t tci);
void frame_type(struct frame *f, uint16_t ethertype);
void frame_bytes(struct frame *f, const void *bytes, uint32_t count);
void frame_fill(struct frame *f, uint32_t count);
void frame_arp(struct frame *f, uint8_t sender_mac, uint16_t sender, uint16_t target);
void frame_ipv4(struct frame *f, uint8_t protocol, uint16_t from, uint16_t to);
/* Fragment offset in units of 8 bytes. */
void frame_fragment4(struct frame *f, uint32_t offset, bool more);
/* Addresses fd00::`n`. */
void frame_ipv6(struct frame *f, uint8_t next, uint16_t from, uint16_t to);
void frame_extension(struct frame *f, uint8_t next, uint8_t length);
void frame_fragment6(struct frame *f, uint8_t next, uint32_t offset, bool more);
void frame_tcp(struct frame *f, uint16_t from, uint16_t to, uint8_t flags);
void frame_udp(struct frame *f, uint16_t from, uint16_t to);

/* A whole UDP frame over IPv4 with 100 bytes. */
void frame_plain(struct frame *f, uint8_t to, uint8_t from);

/* Leaves the sum of the pseudo header in the checksum field at `offset` of the transport's header. */
void frame_unfinish(struct frame *f, uint8_t protocol, uint16_t offset);

/* A checksum as RFC 1071 tells it: one 16-bit word at a time, the carry added at once. */
uint16_t simple_sum(uint16_t start, const uint8_t *bytes, uint32_t count);

/* The sum over pseudo header and packet: 0xffff if the checksum in it is right. */
uint16_t transport_sum(const uint8_t *ip, const uint8_t *l4, uint32_t l4_bytes, uint8_t protocol);

uint32_t at16(const uint8_t *bytes);
uint32_t at32(const uint8_t *bytes);

uint32_t random_below(uint32_t limit);

#endif
