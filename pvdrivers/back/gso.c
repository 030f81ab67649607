/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segmentation in software. The plan is made from the frame's own headers; what the sender says beside them must agree, or the frame is
 * refused. It must not know rings, windows or devices.
 */

#include <string.h>

#include "gso.h"
#include "packet.h"

enum {
	TCP_CSUM_AT = 16,
	UDP_CSUM_AT = 6,
	IPV4_CSUM_AT = 10,
	IPV6_HEADER = 40,
	TCP_HEADER = 20,
	UDP_HEADER = 8,
};

/*
 * Whoever completes the checksum writes into the frame after it was judged. So the field is that of the packet's own TCP or UDP header, or
 * it lies behind all that is judged, as that of a packet in a tunnel does; never in an address or a port.
 */
static bool is_sum_field(const struct packet *p, const struct gso_meta *meta)
{
	bool is_tcp = p->protocol == PROTOCOL_TCP, is_udp = p->protocol == PROTOCOL_UDP;

	if (p->is_fragment || !p->has_protocol || !p->l4_at)
		return false;
	if (meta->csum_start == p->l4_at)
		return (is_tcp && meta->csum_offset == TCP_CSUM_AT) || (is_udp && meta->csum_offset == UDP_CSUM_AT);
	return meta->csum_start >= p->l4_at + (is_udp ? UDP_HEADER : TCP_HEADER);
}

static enum gso_err plan_checksum(struct gso_plan *plan, const struct gso_meta *meta, const struct packet *p)
{
	if (!(meta->flags & GSO_FLAG_NEEDS_CSUM))
		return GSO_OK;
	if ((uint32_t)meta->csum_start + meta->csum_offset + 2 > plan->total_bytes || !is_sum_field(p, meta))
		return GSO_ERR_CSUM;
	plan->needs_csum = true;
	plan->csum_start = meta->csum_start;
	plan->csum_offset = meta->csum_offset;
	return GSO_OK;
}

/* A whole packet of the type, nothing behind it, its headers shown. */
static bool is_of_type(const struct packet *p, uint8_t type, uint32_t total_bytes)
{
	if (p->is_fragment || p->has_routing || !p->has_protocol || p->end != total_bytes)
		return false;
	switch (type) {
	case GSO_TYPE_TCPV4:
		return p->family == 4 && p->protocol == PROTOCOL_TCP && p->has_tcp_flags;
	case GSO_TYPE_TCPV6:
		return p->family == 6 && p->protocol == PROTOCOL_TCP && p->has_tcp_flags;
	default:
		return p->protocol == PROTOCOL_UDP && packet_shows(p, p->l4_at, UDP_HEADER) &&
		       get_be16(p->header + p->l4_at + 4) == p->end - p->l4_at;
	}
}

static enum gso_err plan_headers(struct gso_plan *plan, const struct packet *p)
{
	bool is_udp = plan->type == GSO_TYPE_UDP_L4;
	uint32_t header = p->l4_at + (is_udp ? UDP_HEADER : 4u * (p->header[p->l4_at + 12] >> 4));

#ifndef FUZZ_PLANT_GSO	/* the fault that the fuzzer's smoke run must find */
	if (header > GSO_HEADER_MAX || !packet_shows(p, 0, header))
		return GSO_ERR_HEADER;
#endif
	if (!plan->needs_csum || plan->csum_start != p->l4_at || plan->csum_offset != (is_udp ? UDP_CSUM_AT : TCP_CSUM_AT))
		return GSO_ERR_CSUM;
	plan->is_ipv6 = p->family == 6;
	plan->l3_at = (uint16_t)p->l3_at;
	plan->l4_at = (uint16_t)p->l4_at;
	plan->header_bytes = (uint16_t)header;
	return GSO_OK;
}

static enum gso_err plan_sizes(struct gso_plan *plan, uint32_t size)
{
	uint32_t payload = plan->total_bytes - plan->header_bytes;
	bool is_udp = plan->type == GSO_TYPE_UDP_L4;

	if (size == 0 || (!is_udp && size < GSO_TCP_SIZE_MIN) || payload == 0)
		return GSO_ERR_SIZE;
	plan->segment_bytes = size;
	plan->segment_count = (payload + size - 1) / size;
	if (is_udp && plan->segment_count > GSO_UDP_SEGMENT_MAX)
		return GSO_ERR_SIZE;
	if (plan->segment_count > 1)
		plan->wire_bytes = plan->header_bytes + size;
	return GSO_OK;
}

/* What fits into one segment is a frame with an incomplete checksum, no more. */
static void plan_nothing(struct gso_plan *plan)
{
	plan->type = GSO_TYPE_NONE;
	plan->segment_count = 1;
	plan->segment_bytes = 0;
	plan->header_bytes = 0;
	plan->l3_at = 0;
	plan->l4_at = 0;
	plan->wire_bytes = plan->total_bytes;
}

static enum gso_err plan_segments(struct gso_plan *plan, const struct packet *p, uint32_t size)
{
	enum gso_err err;

	if (plan->total_bytes > GSO_TOTAL_MAX || !is_of_type(p, plan->type, plan->total_bytes))
		return GSO_ERR_HEADER;
	err = plan_headers(plan, p);
	if (err == GSO_OK)
		err = plan_sizes(plan, size);
	if (err == GSO_OK && plan->segment_count == 1)
		plan_nothing(plan);
	return err;
}

enum gso_err gso_plan_make(const struct gso_meta *meta, const uint8_t *header, uint32_t header_bytes, uint32_t total_bytes,
			   struct gso_plan *plan)
{
	struct packet p;
	bool is_whole = packet_parse(&p, header, header_bytes, total_bytes) == PACKET_OK;

	return gso_plan_parsed(meta, is_whole ? &p : NULL, total_bytes, plan);
}

enum gso_err gso_plan_parsed(const struct gso_meta *meta, const struct packet *p, uint32_t total_bytes, struct gso_plan *plan)
{
	enum gso_err err;

	*plan = (struct gso_plan){ .total_bytes = total_bytes };
	plan_nothing(plan);
	if (!meta->flags && meta->type == GSO_TYPE_NONE)
		return GSO_OK;
	if (!p)
		return GSO_ERR_HEADER;
	err = plan_checksum(plan, meta, p);
	if (err != GSO_OK || meta->type == GSO_TYPE_NONE)
		return err;
	plan->type = meta->type & (uint8_t)~GSO_TYPE_ECN;
	if (plan->type != GSO_TYPE_TCPV4 && plan->type != GSO_TYPE_TCPV6 && meta->type != GSO_TYPE_UDP_L4)
		return GSO_ERR_TYPE;
	return plan_segments(plan, p, meta->size);
}

static void write_ipv4(uint8_t *ip, uint32_t packet_bytes, uint32_t index)
{
	struct checksum c = { 0 };

	put_be16(ip + 2, packet_bytes);
	put_be16(ip + 4, get_be16(ip + 4) + index);
	put_be16(ip + IPV4_CSUM_AT, 0);
	checksum_add(&c, ip, 4u * (ip[0] & 15));
	put_be16(ip + IPV4_CSUM_AT, checksum_field(&c));
}

/* The first segment alone reports a reduced window, the last one alone ends or pushes. */
static void write_tcp(const struct gso_plan *plan, uint8_t *tcp, uint32_t index)
{
	put_be32(tcp + 4, get_be32(tcp + 4) + index * plan->segment_bytes);
	if (index > 0)
		tcp[13] &= (uint8_t)~TCP_CWR;
	if (index + 1 < plan->segment_count)
		tcp[13] &= (uint8_t)~(TCP_FIN | TCP_PSH);
}

/* The sum, not its complement: where NEEDS_CSUM expects it. */
static void write_pseudo_sum(const struct gso_plan *plan, uint8_t *out, uint32_t l4_bytes)
{
	const uint8_t *ip = out + plan->l3_at;
	struct checksum c = { .sum = l4_bytes + (plan->type == GSO_TYPE_UDP_L4 ? PROTOCOL_UDP : PROTOCOL_TCP) };

	if (plan->is_ipv6)
		checksum_add(&c, ip + 8, 32);
	else
		checksum_add(&c, ip + 12, 8);
	put_be16(out + plan->l4_at + plan->csum_offset, checksum_fold(&c));
}

void gso_segment_make(const struct gso_plan *plan, const uint8_t *header, uint32_t index, uint8_t out[GSO_HEADER_MAX],
		      struct gso_segment *segment)
{
	uint32_t payload = plan->total_bytes - plan->header_bytes, at = index * plan->segment_bytes;
	uint32_t bytes = payload - at < plan->segment_bytes ? payload - at : plan->segment_bytes;
	uint32_t l4_bytes = plan->header_bytes - plan->l4_at + bytes;

	memcpy(out, header, plan->header_bytes);
	if (plan->is_ipv6)
		put_be16(out + plan->l3_at + 4, plan->header_bytes + bytes - plan->l3_at - IPV6_HEADER);
	else
		write_ipv4(out + plan->l3_at, plan->header_bytes - plan->l3_at + bytes, index);
	if (plan->type == GSO_TYPE_UDP_L4)
		put_be16(out + plan->l4_at + 4, l4_bytes);
	else
		write_tcp(plan, out + plan->l4_at, index);
	write_pseudo_sum(plan, out, l4_bytes);
	*segment = (struct gso_segment){ .header_bytes = plan->header_bytes, .payload_at = plan->header_bytes + at, .payload_bytes = bytes };
}
