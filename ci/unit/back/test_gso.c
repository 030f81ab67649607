/* SPDX-License-Identifier: Apache-2.0 */
/* Checksums against a simple implementation; segments put together again are the frame; what a sender lies about is refused. */

#include <string.h>

#include "../../../pvdrivers/back/gso.h"
#include "../tap.h"
#include "frames.h"

enum { FIN = 1, PSH = 8, ACK = 16, CWR = 0x80 };

static struct frame f;
static struct gso_meta meta;
static struct gso_plan plan;

static void sums_agree(void)
{
	static uint8_t bytes[3000];

	for (int round = 0; round < 2000; round++) {
		uint32_t size = random_below(sizeof(bytes)), at = 0;
		struct checksum c = { 0 };

		for (uint32_t i = 0; i < size; i++)
			bytes[i] = (uint8_t)(random_below(4) ? random_below(256) : 0xff);
		while (at < size) {
			uint32_t piece = 1 + random_below(size - at);

			checksum_add(&c, bytes + at, piece);
			checksum_add(&c, bytes + at, 0);
			at += piece;
		}
		CHECK(checksum_fold(&c) % 0xffff == simple_sum(0, bytes, size) % 0xffff);
		CHECK((uint16_t)(checksum_field(&c) + simple_sum(0, bytes, size)) % 0xffff == 0);
		CHECK(checksum_field(&c) != 0);
	}
}

static void largest_sums_do_not_overflow(void)
{
	static uint8_t bytes[65536];
	struct checksum c = { 0 };

	memset(bytes, 0xff, sizeof(bytes));
	for (int i = 0; i < 100; i++)
		checksum_add(&c, bytes, sizeof(bytes));
	CHECK(checksum_fold(&c) == 0xffff);
}

/* What a stack leaves: the sum of the pseudo header in the field, and where that is. */
static void leave_unfinished(uint8_t protocol, uint16_t offset)
{
	frame_unfinish(&f, protocol, offset);
	meta = (struct gso_meta){ .flags = GSO_FLAG_NEEDS_CSUM, .csum_start = (uint16_t)f.l4_at, .csum_offset = offset };
}

static void make_udp(bool is_ipv6)
{
	frame_start(&f, 2, 1);
	if (is_ipv6)
		frame_ipv6(&f, 17, 1, 2);
	else
		frame_ipv4(&f, 17, 1, 2);
	frame_udp(&f, 7, 9);
	leave_unfinished(17, 6);
}

static void checksums_are_completed(void)
{
	for (int round = 0; round < 200; round++) {
		make_udp(round & 1);
		for (uint32_t i = f.l4_at + 8; i < f.size; i++)
			f.bytes[i] = (uint8_t)random_below(256);
		CHECK(gso_plan_make(&meta, f.bytes, f.size, f.size, &plan) == GSO_OK);
		CHECK(plan.needs_csum && plan.segment_count == 1 && plan.wire_bytes == f.size && plan.header_bytes == 0);
		CHECK(checksum_complete(f.bytes, f.size, plan.csum_start, plan.csum_offset));
		CHECK(transport_sum(f.bytes + f.l3_at, f.bytes + f.l4_at, f.size - f.l4_at, 17) == 0xffff);
	}
}

/* A sum that comes out as 0 is sent as all ones: 0 says that there is none. */
static void zero_is_never_sent(void)
{
	uint32_t sum;

	make_udp(false);
	sum = transport_sum(f.bytes + f.l3_at, f.bytes + f.l4_at, 0, 17);
	CHECK(checksum_complete(f.bytes, f.size, meta.csum_start, meta.csum_offset));
	sum = at16(f.bytes + f.l4_at + 6);
	leave_unfinished(17, 6);
	f.bytes[f.size - 2] = (uint8_t)(sum >> 8);	/* adds what is missing */
	f.bytes[f.size - 1] = (uint8_t)sum;
	CHECK(checksum_complete(f.bytes, f.size, meta.csum_start, meta.csum_offset));
	CHECK(at16(f.bytes + f.l4_at + 6) == 0xffff);
}

static void a_field_outside_is_refused(void)
{
	uint8_t bytes[64] = { 0 };

	CHECK(checksum_complete(bytes, 64, 40, 22));
	CHECK(!checksum_complete(bytes, 64, 40, 23));
	CHECK(!checksum_complete(bytes, 64, 64, 0));
	CHECK(!checksum_complete(bytes, 64, 65535, 65535));
	make_udp(false);
	meta.csum_start = (uint16_t)(f.size - 1);
	CHECK(gso_plan_make(&meta, f.bytes, f.size, f.size, &plan) == GSO_ERR_CSUM);
	meta.csum_start = 13;
	CHECK(gso_plan_make(&meta, f.bytes, f.size, f.size, &plan) == GSO_ERR_CSUM);
	meta.flags = 0;
	CHECK(gso_plan_make(&meta, f.bytes, f.size, f.size, &plan) == GSO_OK && !plan.needs_csum);
}

/* Completing the checksum writes into a frame that was judged already. */
static void only_a_sum_is_written(void)
{
	static const struct { int start, offset; enum gso_err err; } tries[] = {
		{ 0, 6, GSO_OK }, { 0, 0, GSO_ERR_CSUM }, { 0, 2, GSO_ERR_CSUM }, { 0, 16, GSO_ERR_CSUM },
		{ -20, 12, GSO_ERR_CSUM },	/* from the IP header on: its source address */
		{ -20, 26, GSO_ERR_CSUM }, { 4, 2, GSO_ERR_CSUM }, { 7, 0, GSO_ERR_CSUM },
		{ 8, 0, GSO_OK }, { 20, 6, GSO_OK },	/* in the payload: a tunnel's */
	};

	for (uint32_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		make_udp(false);
		for (uint32_t n = 0; n < 40; n++)
			f.bytes[f.size++] = 0;
		meta.csum_start = (uint16_t)((int)f.l4_at + tries[i].start);
		meta.csum_offset = (uint16_t)tries[i].offset;
		CHECK(gso_plan_make(&meta, f.bytes, f.size, f.size, &plan) == tries[i].err);
	}
	make_udp(false);
	f.bytes[f.l3_at + 6] = 0x20;	/* the first fragment of several */
	CHECK(gso_plan_make(&meta, f.bytes, f.size, f.size, &plan) == GSO_ERR_CSUM);
}

/* ---- segmentation ---- */

static void make_tcp(bool is_ipv6, bool is_tagged, uint32_t payload, uint16_t size, uint8_t flags)
{
	static const uint8_t options[12] = { 1, 1, 8, 10 };

	frame_start(&f, 2, 1);
	if (is_tagged)
		frame_tag(&f, 10);
	if (is_ipv6)
		frame_ipv6(&f, 6, 1, 2);
	else
		frame_ipv4(&f, 6, 1, 2);
	frame_tcp(&f, 80, 1000, flags);
	frame_bytes(&f, options, sizeof(options));
	f.bytes[f.l4_at + 12] = 0x80;
	frame_fill(&f, payload);
	leave_unfinished(6, 16);
	meta.type = is_ipv6 ? GSO_TYPE_TCPV6 : GSO_TYPE_TCPV4;
	meta.size = size;
}

static void make_uso(bool is_ipv6, uint32_t payload, uint16_t size)
{
	frame_start(&f, 2, 1);
	if (is_ipv6)
		frame_ipv6(&f, 17, 1, 2);
	else
		frame_ipv4(&f, 17, 1, 2);
	frame_udp(&f, 7, 9);
	frame_fill(&f, payload - 100);
	f.bytes[f.l4_at + 4] = (uint8_t)((payload + 8) >> 8);
	f.bytes[f.l4_at + 5] = (uint8_t)(payload + 8);
	leave_unfinished(17, 6);
	meta.type = GSO_TYPE_UDP_L4;
	meta.size = size;
}

static enum gso_err make_plan(void)
{
	return gso_plan_make(&meta, f.bytes, f.size < GSO_HEADER_MAX ? f.size : GSO_HEADER_MAX, f.size, &plan);
}

/* One segment, finished as the caller does it. Returns its size. */
static uint32_t make_segment(uint32_t index, uint8_t *out, struct gso_segment *segment)
{
	uint8_t header[GSO_HEADER_MAX];

	gso_segment_make(&plan, f.bytes, index, header, segment);
	memcpy(out, header, segment->header_bytes);
	memcpy(out + segment->header_bytes, f.bytes + segment->payload_at, segment->payload_bytes);
	CHECK(checksum_complete(out, segment->header_bytes + segment->payload_bytes, plan.csum_start, plan.csum_offset));
	return segment->header_bytes + segment->payload_bytes;
}

static void check_ip(const uint8_t *out, uint32_t size, uint32_t index)
{
	const uint8_t *ip = out + f.l3_at, *was = f.bytes + f.l3_at;

	if (ip[0] >> 4 == 6) {
		CHECK(at16(ip + 4) == size - f.l3_at - 40);
		return;
	}
	CHECK(at16(ip + 2) == size - f.l3_at);
	CHECK(at16(ip + 4) == ((at16(was + 4) + index) & 0xffff));
	CHECK(simple_sum(0, ip, 20) == 0xffff);
}

static void check_tcp(const uint8_t *tcp, const struct gso_segment *segment, uint32_t index)
{
	const uint8_t *was = f.bytes + f.l4_at;
	bool is_last = index + 1 == plan.segment_count;

	CHECK(at32(tcp + 4) == at32(was + 4) + segment->payload_at - plan.header_bytes);
	CHECK((tcp[13] & (FIN | PSH)) == (is_last ? was[13] & (FIN | PSH) : 0));
	CHECK((tcp[13] & CWR) == (index == 0 ? was[13] & CWR : 0));
	CHECK((tcp[13] & ACK) == (was[13] & ACK));
}

/* Every segment is a sound packet, none is too long, and their payloads are the frame's, in order. */
static void check_segments(uint8_t protocol)
{
	static uint8_t out[FRAME_MAX];
	struct gso_segment segment;
	uint32_t at = plan.header_bytes;

	for (uint32_t i = 0; i < plan.segment_count; i++) {
		uint32_t size = make_segment(i, out, &segment);

		CHECK(size <= plan.wire_bytes && segment.payload_bytes <= meta.size && segment.payload_bytes > 0);
		CHECK(segment.payload_at == at);
		at += segment.payload_bytes;
		check_ip(out, size, i);
		CHECK(transport_sum(out + f.l3_at, out + f.l4_at, size - f.l4_at, protocol) == 0xffff);
		CHECK(memcmp(out, f.bytes, f.l3_at) == 0);
		if (protocol == 6)
			check_tcp(out + f.l4_at, &segment, i);
		else
			CHECK(at16(out + f.l4_at + 4) == size - f.l4_at);
	}
	CHECK(at == f.size);
}

static void tcp_is_cut(void)
{
	for (int round = 0; round < 300; round++) {
		uint32_t size = 48 + random_below(1400), payload = 1 + random_below(random_below(8) ? 20000 : 65000);

		make_tcp(round & 1, round & 2, payload, (uint16_t)size, (uint8_t)(ACK | PSH | FIN | CWR));
		if (round & 4)
			meta.type |= GSO_TYPE_ECN;
		CHECK(make_plan() == GSO_OK);
		CHECK(plan.segment_count == (payload + size - 1) / size);
		if (plan.segment_count == 1)
			CHECK(plan.type == GSO_TYPE_NONE && plan.wire_bytes == f.size);
		else
			check_segments(6);
	}
}

static void udp_is_cut(void)
{
	for (int round = 0; round < 200; round++) {
		uint32_t payload = 200 + random_below(60000), size = payload / 128 + 1 + random_below(1400);

		make_uso(round & 1, payload, (uint16_t)size);
		CHECK(make_plan() == GSO_OK);
		if (plan.segment_count > 1)
			check_segments(17);
	}
}

static void sequence_numbers_wrap(void)
{
	make_tcp(false, false, 5000, 1000, ACK);
	memset(f.bytes + f.l4_at + 4, 0xff, 4);
	memset(f.bytes + f.l3_at + 4, 0xff, 2);
	CHECK(make_plan() == GSO_OK);
	check_segments(6);
}

static void refuses_type(uint8_t type)
{
	make_tcp(false, false, 5000, 1000, ACK);
	meta.type = type;
	CHECK(make_plan() == GSO_ERR_TYPE);
}

static void other_types_are_refused(void)
{
	refuses_type(GSO_TYPE_UDP);
	refuses_type(2);
	refuses_type(6);
	refuses_type(GSO_TYPE_ECN);
	refuses_type(GSO_TYPE_UDP_L4 | GSO_TYPE_ECN);
	refuses_type(0x7f);
}

static void sizes_that_lie_are_refused(void)
{
	make_tcp(false, false, 5000, 0, ACK);
	CHECK(make_plan() == GSO_ERR_SIZE);
	make_tcp(false, false, 5000, 47, ACK);
	CHECK(make_plan() == GSO_ERR_SIZE);
	make_tcp(false, false, 5000, 48, ACK);
	CHECK(make_plan() == GSO_OK);
	make_tcp(false, false, 0, 1000, ACK);
	CHECK(make_plan() == GSO_ERR_SIZE);
	make_tcp(false, false, 5000, 65535, ACK);
	CHECK(make_plan() == GSO_OK && plan.segment_count == 1 && plan.wire_bytes == f.size);
	make_uso(false, 12800, 100);
	CHECK(make_plan() == GSO_OK && plan.segment_count == 128);
	make_uso(false, 12801, 100);
	CHECK(make_plan() == GSO_ERR_SIZE);
}

static void checksums_that_lie_are_refused(void)
{
	make_tcp(false, false, 5000, 1000, ACK);
	meta.flags = 0;
	CHECK(make_plan() == GSO_ERR_CSUM);
	make_tcp(false, false, 5000, 1000, ACK);
	meta.csum_start++;
	CHECK(make_plan() == GSO_ERR_CSUM);
	make_tcp(false, false, 5000, 1000, ACK);
	meta.csum_offset = 6;
	CHECK(make_plan() == GSO_ERR_CSUM);
	make_uso(false, 5000, 1000);
	meta.csum_offset = 16;
	CHECK(make_plan() == GSO_ERR_CSUM);
}

static void headers_that_lie_are_refused(void)
{
	make_tcp(false, false, 5000, 1000, ACK);
	meta.type = GSO_TYPE_TCPV6;
	CHECK(make_plan() == GSO_ERR_HEADER);
	make_tcp(true, false, 5000, 1000, ACK);
	meta.type = GSO_TYPE_TCPV4;
	CHECK(make_plan() == GSO_ERR_HEADER);
	make_tcp(false, false, 5000, 1000, ACK);
	meta.type = GSO_TYPE_UDP_L4;
	CHECK(make_plan() == GSO_ERR_HEADER);
	make_uso(false, 5000, 1000);
	meta.type = GSO_TYPE_TCPV4;
	CHECK(make_plan() == GSO_ERR_HEADER);
	make_uso(false, 5000, 1000);
	f.bytes[f.l4_at + 5]--;
	CHECK(make_plan() == GSO_ERR_HEADER);
	make_tcp(false, false, 5000, 1000, ACK);
	meta.csum_start += 20;		/* in the payload, as a tunnel's is */
	CHECK(make_plan() == GSO_ERR_CSUM);
	make_tcp(false, false, 5000, 1000, ACK);
	f.bytes[f.l3_at + 6] = 0x20;	/* a fragment */
	CHECK(make_plan() == GSO_ERR_CSUM);
	make_tcp(false, false, 5000, 1000, ACK);
	f.size += 4;			/* bytes behind the packet */
	CHECK(make_plan() == GSO_ERR_HEADER);
	make_tcp(false, false, 5000, 1000, ACK);
	f.bytes[f.l4_at + 12] = 0x40;
	CHECK(make_plan() == GSO_ERR_HEADER);
	make_tcp(false, false, 5000, 1000, ACK);
	CHECK(gso_plan_make(&meta, f.bytes, f.l4_at + 20, f.size, &plan) == GSO_ERR_HEADER);	/* options not shown */
	frame_fill(&f, 66000 - f.size);
	CHECK(make_plan() == GSO_ERR_HEADER);
}

static void a_routed_ipv6_packet_is_refused(void)
{
	frame_start(&f, 2, 1);
	frame_ipv6(&f, 43, 1, 2);
	frame_extension(&f, 6, 0);
	frame_tcp(&f, 1, 2, ACK);
	frame_fill(&f, 5000);
	leave_unfinished(6, 16);
	meta.type = GSO_TYPE_TCPV6;
	meta.size = 1000;
	CHECK(make_plan() == GSO_ERR_HEADER);
	f.bytes[f.l3_at + 6] = 60;	/* other options are repeated in each segment */
	CHECK(make_plan() == GSO_OK);
	check_segments(6);
	CHECK(plan.header_bytes == f.l4_at + 20);
}

/* Headers longer than what a plan holds: 14 + 40 + 128 + 20 = 202. */
static void headers_have_a_bound(void)
{
	frame_start(&f, 2, 1);
	frame_ipv6(&f, 60, 1, 2);
	frame_extension(&f, 6, 15);
	frame_tcp(&f, 1, 2, ACK);
	frame_fill(&f, 5000);
	leave_unfinished(6, 16);
	meta.type = GSO_TYPE_TCPV6;
	meta.size = 1000;
	CHECK(gso_plan_make(&meta, f.bytes, f.size, f.size, &plan) == GSO_ERR_HEADER);
}

int main(void)
{
	TEST(sums_agree);
	TEST(largest_sums_do_not_overflow);
	TEST(checksums_are_completed);
	TEST(zero_is_never_sent);
	TEST(a_field_outside_is_refused);
	TEST(only_a_sum_is_written);
	TEST(tcp_is_cut);
	TEST(udp_is_cut);
	TEST(sequence_numbers_wrap);
	TEST(other_types_are_refused);
	TEST(sizes_that_lie_are_refused);
	TEST(checksums_that_lie_are_refused);
	TEST(headers_that_lie_are_refused);
	TEST(a_routed_ipv6_packet_is_refused);
	TEST(headers_have_a_bound);
	return tap_done();
}
