/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_IP_WIRE_H
#define UNIT_IP_WIRE_H

/*
 * The other end of the program's network cable, by hand: frames go in, the answer comes out, time is what the test says. 10.0.0.1 is the
 * test, 10.0.0.2 the program. It must not know lwIP.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../../pvdrivers/ip/ip.h"

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

struct wire {
	uint8_t sent[16][IP_FRAME_MAX];		/* by the program, since wire_clear() */
	uint32_t sent_bytes[16];
	uint32_t sent_count;
	uint64_t now_ns;
};

extern struct wire wire;
extern const struct ip_link wire_link;

/* Forgets what was sent. */
void wire_clear(void);
/* Gives the program a frame, and lets it answer. */
void wire_give(const void *frame, uint32_t bytes);
/* Lets time pass in steps of 50 ms, the program being called at each. */
void wire_wait(uint32_t ms);

/* An Ethernet frame to the program with `bytes` behind its header. */
void wire_ethernet(uint16_t type, const void *bytes, uint32_t count);
/* An IPv4 packet from the test. */
void wire_ipv4(uint8_t protocol, const void *bytes, uint32_t count);
/* UDP from 10.0.0.1 to everybody. */
void wire_udp(uint16_t from, uint16_t to, const void *bytes, uint32_t count);

/* One TCP connection from the test. */
struct client {
	uint16_t port;
	uint32_t sequence, expected;	/* ours, theirs */
	char text[4096];		/* what came */
	uint32_t count;
	bool is_open, is_closed, is_reset;
};

void client_open(struct client *c, uint16_t port);
void client_send(struct client *c, const char *text);
void client_close(struct client *c);
void client_reset(struct client *c);

uint32_t be16(const uint8_t *at);
uint32_t be32(const uint8_t *at);
uint16_t wire_sum(uint32_t start, const uint8_t *bytes, uint32_t count);

#endif
