/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network card through nic.h. On the wire is a peer that does what the first byte behind the header of a frame says:
 * send it back (E); send one to somebody else, one to a group, then it back (O); judge its UDP checksum (C). It must not
 * know which driver answers.
 *
 * `driver=`, `mac=` and `mtu=` are what the card must say of itself; `cable=1`: the other side pulls it when told.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rt/sysreg.h>
#include <rt/timer.h>
#include <rt/tree.h>

#include "phys.h"

#define BUFFER_COUNT	64u
#define BUFFER_BYTES	16384u
#define TYPE		0x88b5u		/* IEEE 802: for local experiments */

static uint8_t *buffers, *frame, *got;
static uint32_t buffer_bytes;
static volatile bool woken;
static unsigned queued_count, sent_count, received_count, link_count;
static bool order_good;
static uint32_t got_bytes;
static struct nic_offload got_offload;
static struct nic_device *card;
static uint32_t part_bytes;

static void post(uint64_t number)
{
	struct dma_segment buffer = { (uintptr_t)buffers + number * BUFFER_BYTES, buffer_bytes };

	if (nic_post(card, buffer, number))
		order_good = false;
}

/* Frames of ours are kept, the last one whole; the buffer goes back at once. */
static void received(void *arg, uint64_t cookie, uint32_t bytes, bool last, const struct nic_offload *offload)
{
	const uint8_t *at = buffers + cookie * BUFFER_BYTES;

	(void)arg;
	if (part_bytes + bytes <= BUFFER_BYTES)
		memcpy(got + part_bytes, at, bytes);
	part_bytes += bytes;
	if (last) {
		if (got[12] == TYPE >> 8 && got[13] == (TYPE & 0xff)) {
			got_bytes = part_bytes;
			got_offload = *offload;
			received_count++;
		}
		part_bytes = 0;
	}
	post(cookie);
}

static void sent(void *arg, uint64_t cookie)
{
	(void)arg;
	if (cookie != sent_count++)
		order_good = false;
}

static void link_changed(void *arg, bool up)
{
	(void)arg;
	(void)up;
	link_count++;
}

static void wake(void *arg)
{
	(void)arg;
	woken = true;
}

static bool bring_up(void)
{
	card->received = received;
	card->sent = sent;
	card->link = link_changed;
	card->wake = wake;
	card->mtu = (uint16_t)tree_option_number("mtu", 0);
	queued_count = sent_count = received_count = part_bytes = 0;
	order_good = true;
	if (nic_reset(card))
		return false;
	buffer_bytes = card->info.receive_bytes;
	for (uint64_t n = 0; n < BUFFER_COUNT && n < card->info.receive_depth; n++)
		post(n);
	nic_kick(card);
	return order_good && buffer_bytes <= BUFFER_BYTES;
}

static void make_frame(char what, uint32_t bytes, uint8_t salt)
{
	memset(frame, 0xff, 6);
	memcpy(frame + 6, card->info.mac, 6);
	frame[12] = TYPE >> 8;
	frame[13] = TYPE & 0xff;
	frame[14] = (uint8_t)what;
	for (uint32_t i = 15; i < bytes; i++)
		frame[i] = (uint8_t)(i * 7 + salt);
}

/* In pieces of `piece` bytes, as many as may be. */
static enum nic_status send_frame(uint32_t bytes, uint32_t piece, const struct nic_offload *offload)
{
	struct dma_segment segments[NIC_SEGMENT_COUNT];
	enum nic_status status;
	unsigned count = 0;

	for (uint32_t at = 0; at < bytes && count < NIC_SEGMENT_COUNT; count++) {
		uint32_t size = bytes - at < piece || count + 1 == NIC_SEGMENT_COUNT ? bytes - at : piece;

		segments[count] = (struct dma_segment){ (uintptr_t)frame + at, size };
		at += size;
	}
	status = nic_send(card, segments, count, offload, queued_count);
	queued_count += status == NIC_OK;
	return status;
}

static bool wait_received(unsigned count)
{
	uint64_t end = time_ns() + 5 * SECOND;

	while (received_count < count && time_ns() < end) {
		nic_poll(card, 16);
		nic_kick(card);
		cpu_relax();
	}
	return received_count >= count;
}

/* What was sent comes back, behind answers to `late` earlier frames at most. */
static bool echo_behind(unsigned late, uint32_t bytes, uint32_t piece)
{
	unsigned before = received_count;

	make_frame('E', bytes, (uint8_t)before);
	if (send_frame(bytes, piece, NULL))
		return false;
	nic_kick(card);
	for (unsigned n = 0; n <= late && wait_received(before + 1 + n); n++) {
		if (got_bytes == bytes && !memcmp(got, card->info.mac, 6) && !memcmp(got + 12, frame + 12, bytes - 12))
			return true;
	}
	return false;
}

static bool echo(uint32_t bytes, uint32_t piece)
{
	return echo_behind(0, bytes, piece);
}

static void test_sizes(void)
{
	const uint32_t most = card->info.mtu_max + NIC_HEADER_BYTES;
	const uint32_t sizes[] = { 60, 61, 64, 127, 500, 1023, 1499, 1514, most - 1, most };
	const uint32_t pieces[] = { 65536, 14, 1, 100, 333 };

	for (unsigned i = 0; i < 10; i++)
		check(echo(sizes[i], pieces[i % 5]), "%u bytes in pieces of %u go and come back", sizes[i], pieces[i % 5]);
	check(order_good, "buffers come back in order, and can be given again");
	check(card->stats.tx_frames == sent_count && card->stats.rx_frames >= received_count && card->stats.tx_bytes > 6000, "they are counted");
}

static void test_arguments(void)
{
	struct dma_segment far = { UINTPTR_MAX & ~4095ull, 60 };
	struct nic_offload cut = { .needs_csum = true, .gso = (enum nic_gso)9, .gso_bytes = 1000, .header_bytes = 54, .csum_start = 34 };

	check(send_frame(NIC_FRAME_BYTES(card->info.mtu_max) + 1, 65536, NULL) == NIC_ERR_ARGUMENT, "a frame that is too long is refused");
	check(send_frame(13, 65536, NULL) == NIC_ERR_ARGUMENT, "and one without a header");
	check(nic_send(card, &far, 0, NULL, 0) == NIC_ERR_ARGUMENT, "and one of nothing");
	far.bytes = 8192;
	check(nic_post(card, far, 0) == NIC_ERR_ARGUMENT, "and a buffer around the end of all addresses");
	far.at = (uintptr_t)buffers;
	far.bytes = buffer_bytes - 1;
	check(nic_post(card, far, 0) == NIC_ERR_ARGUMENT, "and one that is too small");
	check(send_frame(1000, 65536, &cut) == NIC_ERR_UNSUPPORTED, "and an unknown way to cut");
}

/* More than the card takes at once: what it refuses is sent again. */
static void test_burst(void)
{
	const unsigned count = 500;
	unsigned first = received_count, start = queued_count, busy = 0;
	uint64_t end = time_ns() + 10 * SECOND;

	make_frame('E', 1514, 1);
	while (queued_count - start < count && time_ns() < end) {
		if (send_frame(60 + (queued_count - start) * 2, 400, NULL) == NIC_OK)
			continue;
		busy++;
		nic_kick(card);
		nic_poll(card, 64);
	}
	nic_kick(card);
	check(wait_received(first + count), "%u frames come back (%u), %u times no room", count, received_count - first, busy);
	while (sent_count < queued_count && time_ns() < end)
		nic_poll(card, 64);
	check(sent_count == queued_count && order_good, "and all are told as sent, in order");
}

static unsigned others(void)
{
	unsigned before = received_count;

	make_frame('O', 100, 3);
	send_frame(100, 65536, NULL);
	nic_kick(card);
	wait_received(before + 1);
	for (uint64_t end = time_ns() + SECOND / 20; time_ns() < end; )
		nic_poll(card, 16);
	return received_count - before;
}

static void test_filter(void)
{
	static const uint8_t group[][NIC_MAC_BYTES] = { { 0x01, 0x00, 0x5e, 0x00, 0x00, 0x42 } };
	struct nic_filter filter = { 0 };

	check(others() == 1, "what is for others does not come");
	filter.multicast = group;
	filter.multicast_count = 1;
	check(nic_set_filter(card, &filter) == NIC_OK && others() == 2, "a group that it joined does");
	filter = (struct nic_filter){ .all_multicast = true };
	check(nic_set_filter(card, &filter) == NIC_OK && others() == 2, "and with all groups");
	filter = (struct nic_filter){ .promiscuous = true };
	check(nic_set_filter(card, &filter) == NIC_OK && others() == 3, "promiscuous, all of it");
	filter = (struct nic_filter){ 0 };
	check(nic_set_filter(card, &filter) == NIC_OK && others() == 1, "and again only its own");
}

/* ---- checksums ---- */

static uint32_t add_words(uint32_t sum, const uint8_t *at, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++)
		sum += i % 2 ? at[i] : (uint32_t)at[i] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* A UDP datagram whose checksum holds the pseudo header's sum only. */
static uint32_t make_udp(uint16_t payload)
{
	const uint16_t udp = (uint16_t)(8 + payload), ip = (uint16_t)(20 + udp);
	const uint8_t header[] = { 0x45, 0, (uint8_t)(ip >> 8), (uint8_t)ip, 0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2 };
	uint16_t sum;

	make_frame('C', 14 + 28u + payload, 9);
	frame[12] = 0x08;
	frame[13] = 0x00;
	memcpy(frame + 14, header, sizeof(header));
	sum = (uint16_t)~fold(add_words(0, header, sizeof(header)));
	frame[24] = (uint8_t)(sum >> 8);
	frame[25] = (uint8_t)sum;
	memcpy(frame + 34, (const uint8_t[]){ 0x12, 0x34, 0, 9, (uint8_t)(udp >> 8), (uint8_t)udp, 0, 0 }, 8);
	sum = fold(add_words(17u + udp, frame + 26, 8));
	frame[40] = (uint8_t)(sum >> 8);
	frame[41] = (uint8_t)sum;
	return 14 + 28u + payload;
}

static void test_checksums(void)
{
	struct nic_offload offload = { .needs_csum = true, .csum_start = 34, .csum_offset = 6 };
	unsigned good = 0;

	if (!(card->info.can & NIC_CAN_CSUM)) {
		check(send_frame(make_udp(100), 65536, &offload) == NIC_ERR_UNSUPPORTED, "checksums are not its business");
		return;
	}
	for (uint16_t payload = 18; payload < 1400; payload = (uint16_t)(payload + 173)) {
		unsigned before = received_count;
		uint32_t bytes = make_udp(payload);

		if (send_frame(bytes, 333, &offload))
			break;
		nic_kick(card);
		good += wait_received(before + 1) && got[14] == 'Y';
	}
	check(good == 8, "checksums that it fills in are right: %u of 8", good);
	offload.csum_start = 2000;
	check(send_frame(make_udp(100), 65536, &offload) == NIC_ERR_ARGUMENT, "and none outside the frame");
}

/* ---- interrupts, the cable, resets ---- */

static void test_interrupts(void)
{
	unsigned missed = 0;

	for (unsigned round = 0; round < 50 && missed < 2; round++) {
		unsigned before = received_count;

		woken = false;
		make_frame('E', 200, 5);
		send_frame(200, 65536, NULL);
		nic_kick(card);
		while (received_count == before && missed < 2) {
			if (!nic_arm(card) && !sleep_for(&woken, 2 * SECOND))
				missed++;
			woken = false;
			nic_poll(card, 16);
			nic_kick(card);
		}
	}
	check(missed == 0, "fifty answers wake a sleeper");
	while (nic_poll(card, 64))
		;
	woken = false;
	check(!nic_arm(card) && !sleep_for(&woken, SECOND / 50), "and nothing wakes it without cause");
}

static bool wait_link(bool up)
{
	uint64_t end = time_ns() + 10 * SECOND;

	while (card->link_up != up && time_ns() < end) {
		woken = false;
		if (!nic_arm(card))
			sleep_for(&woken, SECOND);
		nic_poll(card, 16);
	}
	return card->link_up == up;
}

static void test_cable(void)
{
	unsigned before = link_count;

	printf("CABLE out\n");
	check(wait_link(false) && link_count == before + 1, "the cable is pulled, and it says so");
	printf("CABLE in\n");
	check(wait_link(true) && link_count == before + 2, "and put back");
	check(echo(300, 65536), "and frames pass again");
}

static void test_reset(void)
{
	bool good = true;

	make_frame('E', 1000, 7);
	for (unsigned i = 0; i < 30; i++)
		send_frame(1000, 65536, NULL);
	nic_kick(card);
	nic_quiesce(card);
	memset(buffers, 0x5a, BUFFER_COUNT * BUFFER_BYTES);
	check(send_frame(1000, 65536, NULL) == NIC_ERR_RESET, "quiesced, it takes no frame");
	for (uint64_t end = time_ns() + SECOND / 20; time_ns() < end; )
		cpu_relax();
	for (uint32_t i = 0; i < BUFFER_COUNT * BUFFER_BYTES; i++)
		good = good && buffers[i] == 0x5a;
	check(good, "and writes nothing to memory");
	check(bring_up(), "it comes up again");
	check(wait_link(true) && echo_behind(30, 400, 65536), "and frames pass");	/* the peer may still answer those from before */
}

static bool test_start(void)
{
	char driver[16] = "", mac[20] = "", own[20];

	tree_option("driver", driver, sizeof(driver));
	tree_option("mac", mac, sizeof(mac));
	check(card->dead && send_frame(60, 60, NULL) == NIC_ERR_RESET, "before its reset it takes nothing");
	if (!check(bring_up(), "it comes up"))
		return false;
	snprintf(own, sizeof(own), "%02x:%02x:%02x:%02x:%02x:%02x", card->info.mac[0], card->info.mac[1], card->info.mac[2],
		 card->info.mac[3], card->info.mac[4], card->info.mac[5]);
	printf("%s: %s, mtu %u, can %#x, depths %u and %u, buffers of %u\n", card->info.driver, own, card->info.mtu_max, card->info.can,
	       card->info.send_depth, card->info.receive_depth, card->info.receive_bytes);
	check(!strcmp(card->info.driver, driver), "its driver is %s", driver);
	check(!strcmp(own, mac), "it has its address");
	check(card->info.mtu_max == tree_option_number("mtu", 1500), "and its MTU");
	return check(wait_link(true), "its link is up");
}

void test_nic(struct nic_device *nic)
{
	card = nic;
	buffers = aligned_alloc(4096, BUFFER_COUNT * BUFFER_BYTES);
	frame = aligned_alloc(4096, 4 * BUFFER_BYTES);
	got = aligned_alloc(4096, 2 * BUFFER_BYTES);
	if (!check(buffers && frame && got, "there is memory") || !test_start())
		return;
	test_sizes();
	test_arguments();
	test_burst();
	test_filter();
	test_checksums();
	test_interrupts();
	if (tree_option_number("cable", 0))
		test_cable();
	test_reset();
}
