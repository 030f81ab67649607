/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_BACK_PACKETS_H
#define UNIT_BACK_PACKETS_H

/* Packets from port 0 to port 1, and whether the switch lets them pass; for the tests of rules. */

#include "../tap.h"
#include "world.h"

static struct frame f;

#define PREFIX4(length, n, m)	{ 4, (length), { 10, 0, (n), (m) } }
#define PREFIX6(length, n)	{ 6, (length), { 0xfd, [15] = (n) } }
#define ALLOW			.action = VSWITCH_ALLOW
#define COUNT(a)		(uint32_t)(sizeof(a) / sizeof((a)[0]))

enum { SYN = 2, ACK = 0x10, RST = 4 };

/* A switch whose port 0 has one rule, alone, that allows. */
static inline struct world *with_rule(struct vswitch_rule rule)
{
	struct world *w = world_make();

	rule.action = VSWITCH_ALLOW;
	world_rules(w, 0, VSWITCH_INGRESS, &rule, 1);
	world_start(w);
	return w;
}

static inline bool passes(struct world *w)
{
	uint32_t egress = world_send(w, 0, &f);

	return egress == 2;
}

static inline bool is_denied(struct world *w)
{
	world_send(w, 0, &f);
	return dropped(w, 0, VSWITCH_DROP_FILTER);
}

static inline void udp4(uint16_t from, uint16_t to, uint16_t port_from, uint16_t port_to)
{
	frame_start(&f, 2, 1);
	frame_ipv4(&f, 17, from, to);
	frame_udp(&f, port_from, port_to);
}

static inline void tcp4(uint16_t port_from, uint16_t port_to, uint8_t flags)
{
	frame_start(&f, 2, 1);
	frame_ipv4(&f, 6, 1, 2);
	frame_tcp(&f, port_from, port_to, flags);
	frame_fill(&f, 30);
}

static inline void udp6(uint16_t from, uint16_t to, uint16_t port_to)
{
	frame_start(&f, 2, 1);
	frame_ipv6(&f, 17, from, to);
	frame_udp(&f, 1, port_to);
}

#endif
