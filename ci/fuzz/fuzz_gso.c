/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: a frame that is to be finished, and what its sender says of it. What must hold: nothing is read behind the bytes that were
 * shown, no header is longer than its room, and the payload ranges of all segments are the frame's, in order.
 */

#include <stdlib.h>
#include <string.h>

#include "../../pvdrivers/back/gso.h"
#include "../unit/back/frames.h"
#include "fuzz.h"

const char fuzz_name[] = "gso";

enum { CONTROL = 16 };	/* control bytes: flags, type, size, csum_start, csum_offset, bytes shown */

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

size_t fuzz_seed(uint32_t which, uint8_t bytes[FUZZ_BYTES_MAX])
{
	static struct frame f;
	uint8_t protocol = which & 1 ? 17 : 6;

	frame_start(&f, 2, 1);
	if (which & 2)
		frame_tag(&f, 10);
	if (which & 4)
		frame_ipv6(&f, protocol, 1, 2);
	else
		frame_ipv4(&f, protocol, 1, 2);
	if (protocol == 17)
		frame_udp(&f, 1, 2);
	else
		frame_tcp(&f, 1, 2, 0x18);
	if (protocol == 6)
		frame_fill(&f, 300);
	memset(bytes, 0, CONTROL);
	bytes[0] = GSO_FLAG_NEEDS_CSUM;
	bytes[1] = protocol == 17 ? GSO_TYPE_UDP_L4 : which & 4 ? GSO_TYPE_TCPV6 : GSO_TYPE_TCPV4;
	put16(bytes + 2, protocol == 17 ? 30 : 100);
	put16(bytes + 4, f.l4_at);
	put16(bytes + 6, protocol == 17 ? 6 : 16);
	bytes[8] = (uint8_t)(which & 8 ? which >> 8 : 192);
	memcpy(bytes + CONTROL, f.bytes, f.size);
	return CONTROL + f.size;
}

void fuzz_repair(uint8_t *bytes, size_t size)
{
	(void)bytes;
	(void)size;
}

static void check_segments(const struct gso_plan *plan, const uint8_t *header)
{
	uint32_t at = plan->header_bytes;

	fuzz_must(plan->header_bytes <= GSO_HEADER_MAX && plan->segment_count <= GSO_TOTAL_MAX / GSO_UDP_SEGMENT_MAX + 1500);
	for (uint32_t i = 0; i < plan->segment_count; i++) {
		uint8_t *out = malloc(GSO_HEADER_MAX);
		struct gso_segment segment;

		fuzz_must(out != NULL);
		gso_segment_make(plan, header, i, out, &segment);
		fuzz_must(segment.header_bytes == plan->header_bytes && segment.payload_at == at && segment.payload_bytes > 0);
		fuzz_must(segment.header_bytes + segment.payload_bytes <= plan->wire_bytes);
		at += segment.payload_bytes;
		free(out);
	}
	fuzz_must(at == plan->total_bytes);
}

void fuzz_run(const uint8_t *bytes, size_t size)
{
	struct gso_meta meta;
	struct gso_plan plan;
	uint32_t total, shown;
	uint8_t *header;

	if (size < CONTROL)
		return;
	meta = (struct gso_meta){ .flags = bytes[0], .type = bytes[1], .size = get16(bytes + 2), .csum_start = get16(bytes + 4),
				  .csum_offset = get16(bytes + 6) };
	total = (uint32_t)size - CONTROL;
	shown = bytes[8] < total ? bytes[8] : total;
	header = malloc(shown ? shown : 1);
	fuzz_must(header != NULL);
	memcpy(header, bytes + CONTROL, shown);
	if (gso_plan_make(&meta, header, shown, total, &plan) == GSO_OK) {
		fuzz_must(!plan.needs_csum || (uint32_t)plan.csum_start + plan.csum_offset + 2 <= total);
		fuzz_must(plan.segment_count >= 1 && plan.wire_bytes <= total);
		if (plan.segment_count > 1)
			check_segments(&plan, header);
	}
	free(header);
}
