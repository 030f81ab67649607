/* SPDX-License-Identifier: Apache-2.0 */
/* The other end of the program's network cable, and the machine below it: time and a device tree with a seed. */

#include <string.h>

#include <libfdt.h>

#include <rt/cpu.h>
#include <rt/timer.h>
#include <rt/tree.h>

#include "wire.h"

static const uint8_t own_mac[6] = { 2, 0, 0, 0, 0, 1 }, program_mac[6] = { 2, 0, 0, 0, 0, 2 };
static const uint8_t own_ip[4] = { 10, 0, 0, 1 }, program_ip[4] = { 10, 0, 0, 2 };

struct wire wire;

static const uint8_t *waiting;
static uint32_t waiting_bytes;

/* ---- the machine ---- */

uint64_t time_ns(void) { return wire.now_ns; }
uint64_t time_ticks(void) { return wire.now_ns; }
unsigned cpu_count(void) { return 2; }
struct tree_range tree_ram(void) { return (struct tree_range){ 0x40000000, 16 << 20 }; }

const void *tree_blob(void)
{
	static uint8_t blob[512];
	static const uint8_t seed[32] = { 1, 2, 3 };

	if (blob[0] == 0 && (fdt_create(blob, sizeof(blob)) || fdt_finish_reservemap(blob) || fdt_begin_node(blob, "") ||
			     fdt_begin_node(blob, "chosen") || fdt_property(blob, "rng-seed", seed, sizeof(seed)) || fdt_end_node(blob) ||
			     fdt_end_node(blob) || fdt_finish(blob)))
		return NULL;
	return blob;
}

/* ---- the driver ---- */

static bool take_frame(void *device, const struct ip_piece *pieces, uint32_t count)
{
	uint32_t slot = wire.sent_count % 16;

	(void)device;
	wire.sent_bytes[slot] = 0;
	for (uint32_t i = 0; i < count; i++) {
		memcpy(wire.sent[slot] + wire.sent_bytes[slot], pieces[i].bytes, pieces[i].count);
		wire.sent_bytes[slot] += pieces[i].count;
	}
	wire.sent_count++;
	return true;
}

static bool give_frame(void *device, void (*received)(const void *frame, uint32_t bytes))
{
	(void)device;
	if (waiting)
		received(waiting, waiting_bytes);
	waiting = NULL;
	return false;
}

static bool arm(void *device)
{
	(void)device;
	return waiting != NULL;
}

const struct ip_link wire_link = { .mac = { 2, 0, 0, 0, 0, 2 }, .mtu = 1500, .send = take_frame, .poll = give_frame, .arm = arm };

void wire_clear(void)
{
	wire.sent_count = 0;
}

void wire_give(const void *frame, uint32_t bytes)
{
	waiting = frame;
	waiting_bytes = bytes;
	(void)ip_poll();
}

void wire_wait(uint32_t ms)
{
	for (uint32_t i = 0; i < ms; i += 50) {
		wire.now_ns += 50000000;
		(void)ip_poll();
	}
}

/* ---- frames ---- */

uint32_t be16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

uint32_t be32(const uint8_t *at)
{
	return be16(at) << 16 | be16(at + 2);
}

static void store16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void store32(uint8_t *at, uint32_t value)
{
	store16(at, value >> 16);
	store16(at + 2, value);
}

uint16_t wire_sum(uint32_t start, const uint8_t *bytes, uint32_t count)
{
	uint32_t sum = start;

	for (uint32_t i = 0; i < count; i++) {
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)sum;
}

void wire_ethernet(uint16_t type, const void *bytes, uint32_t count)
{
	static uint8_t frame[2048];

	memcpy(frame, program_mac, 6);
	memcpy(frame + 6, own_mac, 6);
	store16(frame + 12, type);
	memcpy(frame + 14, bytes, count);
	wire_give(frame, 14 + count);
}

static void give_ipv4(uint8_t protocol, const uint8_t to[4], const void *bytes, uint32_t count)
{
	static uint8_t packet[2048];
	uint8_t ip[20] = { 0x45, [8] = 64, [9] = protocol };

	store16(ip + 2, 20 + count);
	memcpy(ip + 12, own_ip, 4);
	memcpy(ip + 16, to, 4);
	store16(ip + 10, (uint16_t)~wire_sum(0, ip, 20));
	memcpy(packet, ip, 20);
	memcpy(packet + 20, bytes, count);
	wire_ethernet(0x0800, packet, 20 + count);
}

void wire_ipv4(uint8_t protocol, const void *bytes, uint32_t count)
{
	give_ipv4(protocol, program_ip, bytes, count);
}

void wire_udp(uint16_t from, uint16_t to, const void *bytes, uint32_t count)
{
	static const uint8_t everybody[4] = { 255, 255, 255, 255 };
	uint8_t udp[1400] = { 0 };

	store16(udp, from);
	store16(udp + 2, to);
	store16(udp + 4, 8 + count);
	memcpy(udp + 8, bytes, count);
	give_ipv4(17, everybody, udp, 8 + count);
}

/* ---- TCP ---- */

static void client_give(const struct client *c, uint8_t flags, const char *text)
{
	static uint8_t tcp[2048];
	uint32_t count = (uint32_t)strlen(text), sum;
	uint8_t rest[4] = { 0, 6 };

	memset(tcp, 0, 20);
	store16(tcp, c->port);
	store16(tcp + 2, 80);
	store32(tcp + 4, c->sequence);
	store32(tcp + 8, c->expected);
	tcp[12] = 0x50;
	tcp[13] = flags;
	store16(tcp + 14, 8000);
	memcpy(tcp + 20, text, count);
	store16(rest + 2, 20 + count);
	sum = wire_sum(wire_sum(wire_sum(0, own_ip, 4), program_ip, 4), rest, 4);
	store16(tcp + 16, (uint16_t)~wire_sum(sum, tcp, 20 + count));
	wire_clear();
	wire_ipv4(6, tcp, 20 + count);
}

static void client_take(struct client *c, const uint8_t *frame)
{
	const uint8_t *ip = frame + 14, *tcp = ip + 20;
	uint32_t header = 4u * (tcp[12] >> 4), count = be16(ip + 2) - 20 - header;

	if (be16(frame + 12) != 0x0800 || ip[9] != 6 || be16(tcp + 2) != c->port)
		return;
	c->is_reset |= (tcp[13] & RST) != 0;
	if (tcp[13] & SYN) {
		c->expected = be32(tcp + 4) + 1;
		c->is_open = true;
		return;
	}
	if (be32(tcp + 4) != c->expected || c->count + count >= sizeof(c->text))
		return;
	memcpy(c->text + c->count, tcp + header, count);
	c->count += count;
	c->is_closed |= (tcp[13] & FIN) != 0;
	c->expected += count + (tcp[13] & FIN ? 1 : 0);
}

static void client_take_all(struct client *c)
{
	for (uint32_t i = 0; i < wire.sent_count && i < 16; i++)
		client_take(c, wire.sent[i]);
}

void client_open(struct client *c, uint16_t port)
{
	memset(c, 0, sizeof(*c));
	c->port = port;
	c->sequence = 1000;
	client_give(c, SYN, "");
	client_take_all(c);
	c->sequence++;
	if (c->is_open)
		client_give(c, ACK, "");
	client_take_all(c);
}

void client_send(struct client *c, const char *text)
{
	client_give(c, ACK | PSH, text);
	c->sequence += (uint32_t)strlen(text);
	client_take_all(c);
	client_give(c, ACK, "");	/* what came is acknowledged, and more may come */
	client_take_all(c);
}

void client_close(struct client *c)
{
	client_give(c, ACK | FIN, "");
	c->sequence++;
	client_take_all(c);
	client_give(c, ACK, "");
}

void client_reset(struct client *c)
{
	client_give(c, RST, "");
}
