/* SPDX-License-Identifier: Apache-2.0 */
/* A unikernel's IP as its neighbour on the cable sees it, with the web service of partitions/hello on top. */

#include <stdlib.h>
#include <string.h>

#include "../../../partitions/hello/web.h"
#include "../../../pvdrivers/ip/siphash.h"
#include "../tap.h"
#include "wire.h"

/* From the reference implementation's vectors: key 00 to 0f, input 00, 01, ... */
static void siphash_is_siphash(void)
{
	const struct siphash_key key = { 0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull };
	const uint64_t words[] = { 0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull };

	CHECK(siphash(&key, words, 0) == 0x726fdb47dd0e0e31ull);
	CHECK(siphash(&key, words, 1) == 0x93f5f5799a932462ull);
	CHECK(siphash(&key, words, 2) == 0x3f2acc7f57c29bdbull);
}

static void addresses_that_are_none_are_refused(void)
{
	static const char *const bad[] = { "", "dhcp ", "10.0.0.2", "10.0.0.2/", "10.0.0.2/0", "10.0.0.2/33", "10.0.0.2/24x", "10.0.0/24/3",
					   "10.0.0.256/24", "10.0.0.2/24,", "10.0.0.2/24,10.0.0.x", "255.255.255.2555/24", "/24" };

	for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK(!ip_start(&wire_link, bad[i]));
		if (tap_bad_)
			printf("# %s\n", bad[i]);
	}
}

/* 300 bytes from the server; the transaction is the one that the program asked with. */
static void dhcp_answer(uint8_t type)
{
	uint8_t m[300] = { 2, 1, 6 };
	const uint8_t options[] = { 0x63, 0x82, 0x53, 0x63, 53, 1, type, 54, 4, 10, 0, 0, 1, 51, 4, 0, 0, 14, 16, 1, 4, 255, 255, 255, 0,
				    3, 4, 10, 0, 0, 1, 255 };

	memcpy(m + 4, wire.sent[0] + 42 + 4, 4);
	memcpy(m + 16, (uint8_t[]){ 10, 0, 0, 2 }, 4);
	memcpy(m + 28, wire_link.mac, 6);
	memcpy(m + 236, options, sizeof(options));
	wire_clear();
	wire_udp(67, 68, m, sizeof(m));
}

static void dhcp_gives_an_address(void)
{
	char text[IP_TEXT_BYTES];

	wire_clear();
	CHECK(ip_start(&wire_link, "dhcp"));
	CHECK(!ip_address(text) && strcmp(text, "none") == 0);
	wire_wait(100);
	CHECK(wire.sent_count > 0 && wire.sent[0][42 + 242] == 1);	/* discover */
	dhcp_answer(2);
	CHECK(wire.sent_count == 1 && wire.sent[0][42 + 242] == 3);	/* request */
	dhcp_answer(5);
	CHECK(ip_address(text) && strcmp(text, "10.0.0.2") == 0);
	CHECK(strstr(ip_version(), "IP by lwIP 2.") == ip_version());
}

static void arp_is_answered(void)
{
	const uint8_t arp[28] = { 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2 };

	wire_clear();
	wire_ethernet(0x0806, arp, sizeof(arp));
	CHECK(wire.sent_count == 1 && be16(wire.sent[0] + 12) == 0x0806 && wire.sent[0][21] == 2);
	CHECK(memcmp(wire.sent[0] + 22, wire_link.mac, 6) == 0);
}

static void ping_is_answered(void)
{
	uint8_t ping[32] = { 8, 0, 0xf7, 0xff };

	wire_clear();
	wire_ipv4(1, ping, sizeof(ping));
	CHECK(wire.sent_count == 1 && wire.sent[0][34] == 0);
	CHECK(wire_sum(0, wire.sent[0] + 34, 32) == 0xffff);
	ping[2] = 0;	/* a wrong checksum */
	wire_clear();
	wire_ipv4(1, ping, sizeof(ping));
	CHECK(wire.sent_count == 0);
}

static void fragments_are_not_put_together(void)
{
	uint8_t packet[48] = { 0x45, 0, 0, 48, 0, 1, 0x20, 0, 64, 1, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 8, 0, 0xf7, 0xff };
	uint16_t sum = (uint16_t)~wire_sum(0, packet, 20);

	packet[10] = (uint8_t)(sum >> 8);
	packet[11] = (uint8_t)sum;
	wire_clear();
	wire_ethernet(0x0800, packet, sizeof(packet));
	CHECK(wire.sent_count == 0);
}

static void the_page_is_served(void)
{
	struct client c;

	CHECK(web_start("web"));
	client_open(&c, 2000);
	CHECK(c.is_open);
	client_send(&c, "GET / HTTP/1.1\r\nHost: x\r\n");
	CHECK(c.count == 0);
	client_send(&c, "\r\n");
	CHECK(strstr(c.text, "HTTP/1.1 200 OK\r\n") == c.text && strstr(c.text, "Hello from web"));
	CHECK(c.is_closed && !c.is_reset);
	client_close(&c);
	CHECK(web_request_count() == 1);
}

static void connections_begin_to_count_anywhere(void)
{
	struct client c[8];
	uint32_t differ = 0;

	for (uint16_t i = 0; i < 8; i++) {
		client_open(&c[i], (uint16_t)(3000 + i));
		CHECK(c[i].is_open);
		for (uint16_t j = 0; j < i; j++)
			differ += c[i].expected - c[j].expected > 1000000 && c[j].expected - c[i].expected > 1000000;
	}
	CHECK(differ >= 24);	/* of 28 pairs */
	for (uint16_t i = 0; i < 8; i++) {
		client_send(&c[i], "GET /status HTTP/1.0\r\n\r\n");
		CHECK(strstr(c[i].text, "memory_mib 16\n") && c[i].is_closed);
		client_close(&c[i]);
	}
}

static void nobody_holds_all_connections(void)
{
	struct client c[9];

	for (uint16_t i = 0; i < 8; i++) {
		client_open(&c[i], (uint16_t)(4000 + i));
		client_send(&c[i], "GET /");
		CHECK(c[i].is_open && !c[i].is_reset);
	}
	client_open(&c[8], 4008);
	CHECK(c[8].is_reset);
	wire_wait(11000);
	client_open(&c[8], 4009);
	CHECK(c[8].is_open && !c[8].is_reset);
	client_send(&c[8], "GET / HTTP/1.1\r\n\r\n");
	CHECK(strstr(c[8].text, "200 OK") && c[8].is_closed);
	client_close(&c[8]);
}

static void a_visitor_that_leaves_early_frees_its_place(void)
{
	struct client c;

	for (uint16_t i = 0; i < 20; i++) {
		client_open(&c, (uint16_t)(5000 + i));
		CHECK(c.is_open && !c.is_reset);
		if (i & 1)
			client_reset(&c);
		else
			client_close(&c);
	}
}

static uint64_t noise = 88172645463325252ull;

static void make_noise(uint8_t *to, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		noise ^= noise << 13;
		noise ^= noise >> 7;
		noise ^= noise << 17;
		to[i] = (uint8_t)(noise >> 32);
	}
}

static void store_sum(uint8_t *at, uint32_t sum)
{
	at[0] = (uint8_t)(~sum >> 8);
	at[1] = (uint8_t)~sum;
}

/* A packet that is let in: right lengths and sums, to us; TCP to the port that listens, UDP to the one of DHCP. */
static void make_plausible(uint8_t *frame, uint32_t size, bool is_tcp)
{
	uint8_t rest[4] = { 0, is_tcp ? 6 : 17, (uint8_t)((size - 34) >> 8), (uint8_t)(size - 34) };

	memcpy(frame + 16, (uint8_t[]){ (uint8_t)((size - 14) >> 8), (uint8_t)(size - 14) }, 2);
	memcpy(frame + 20, (uint8_t[]){ 0, 0, 64, rest[1], 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 31, frame[35] & 3, 0, is_tcp ? 80 : 68 }, 18);
	store_sum(frame + 24, wire_sum(0, frame + 14, 20));
	if (!is_tcp) {
		frame[34] = 0;	/* from a DHCP server */
		frame[35] = 67;
		memcpy(frame + 38, rest + 2, 2);
		memset(frame + 40, 0, 2);
		return;
	}
	frame[46] = frame[46] & 1 ? 0x50 : frame[46];
	memset(frame + 50, 0, 2);
	store_sum(frame + 50, wire_sum(wire_sum(wire_sum(0, frame + 26, 8), rest, 4), frame + 34, size - 34));
}

/* Takes up what the program last said in TCP, so that noise lands inside of connections too. */
static void follow(uint8_t *frame)
{
	const uint8_t *last = wire.sent[0];

	if (wire.sent_count == 0 || last[23] != 6)
		return;
	memcpy(frame + 34, last + 36, 2);
	memcpy(frame + 38, last + 42, 4);
	memcpy(frame + 42, last + 38, 4);
	frame[45]++;
}

/* Whatever comes, the program goes on to serve. */
static void noise_does_no_harm(void)
{
	static uint8_t frame[1600];
	struct client c;

	for (int round = 0; round < 100000; round++) {
		uint32_t size = (uint32_t)(noise >> 20) % 600 + 54;
		uint8_t *exact = malloc(size);

		if (!exact)
			abort();
		make_noise(frame, 80);
		memcpy(frame, wire_link.mac, 6);
		memcpy(frame + 12, noise & 0x10 ? "\x08\x00\x45\x00" : "\x08\x06\x00\x01", 4);
		if (noise & 0x20)
			follow(frame);
		if (noise & 0x30)
			make_plausible(frame, size, (noise & 0xc0) != 0);
		memcpy(exact, frame, size);
		wire_clear();
		wire_give(exact, size - (noise & 0xf00 ? 0 : (uint32_t)(noise >> 12) % size));
		free(exact);
		if (round % 1000 == 0)
			wire_wait(300);
	}
	wire_wait(130000);
	client_open(&c, 6000);
	client_send(&c, "GET / HTTP/1.1\r\n\r\n");
	CHECK(strstr(c.text, "200 OK"));
}

int main(void)
{
	wire.now_ns = 5000000000ull;
	TEST(siphash_is_siphash);
	TEST(addresses_that_are_none_are_refused);
	TEST(dhcp_gives_an_address);
	TEST(arp_is_answered);
	TEST(ping_is_answered);
	TEST(fragments_are_not_put_together);
	TEST(the_page_is_served);
	TEST(connections_begin_to_count_anywhere);
	TEST(nobody_holds_all_connections);
	TEST(a_visitor_that_leaves_early_frees_its_place);
	TEST(noise_does_no_harm);
	return tap_done();
}
