/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACK_GSO_H
#define BACK_GSO_H

/*
 * Frames that a sender left unfinished (checksum not complete, larger than a wire carries), finished in software on the way to a NIC that
 * cannot. Headers are made here, the payload is copied once, by the caller. It must not know rings, windows or devices.
 *
 * How it is used: gso_plan_make() judges the words of the virtio_net_hdr against the header bytes; from then on the plan alone is believed.
 * Then, for each segment: gso_segment_make() writes its headers, the caller copies the payload range behind them, and either leaves the
 * checksum to the NIC (the header holds the sum of the pseudo-header, as NEEDS_CSUM wants it) or calls checksum_complete().
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet.h"

#define GSO_HEADER_MAX		192u	/* Ethernet, tag, IP and TCP headers of one segment */
#define GSO_TCP_SIZE_MIN	48u	/* a smaller segment size only makes work */
#define GSO_UDP_SEGMENT_MAX	128u
#define GSO_TOTAL_MAX		(65535u + 18u)

/* Values of struct virtio_net_hdr (virtio 1.2, 5.1.6). */
enum {
	GSO_FLAG_NEEDS_CSUM = 1,
	GSO_FLAG_DATA_VALID = 2,
	GSO_TYPE_NONE = 0,
	GSO_TYPE_TCPV4 = 1,
	GSO_TYPE_UDP = 3,	/* fragmentation: not offered, refused */
	GSO_TYPE_TCPV6 = 4,
	GSO_TYPE_UDP_L4 = 5,
	GSO_TYPE_ECN = 0x80,
};

/* What the sender says, in host byte order. Nothing of it is believed; hdr_len is not even read. */
struct gso_meta {
	uint8_t flags;
	uint8_t type;
	uint16_t size;
	uint16_t csum_start;
	uint16_t csum_offset;
};

enum gso_err {
	GSO_OK = 0,
	GSO_ERR_TYPE = -1,	/* a type that is not offered */
	GSO_ERR_CSUM = -2,	/* the checksum is not inside of the frame, or not where the protocol has it */
	GSO_ERR_HEADER = -3,	/* the headers are not those of the type, or are longer than what was shown */
	GSO_ERR_SIZE = -4,	/* segment size 0, too small, or too many segments */
};

/* What is to be done; everything in it was checked. */
struct gso_plan {
	uint8_t type;			/* GSO_TYPE_*, without ECN */
	bool is_ipv6;
	bool needs_csum;		/* csum_start and csum_offset are valid */
	uint16_t l3_at;			/* of the IP header; 0 if there is nothing to segment */
	uint16_t l4_at;
	uint16_t header_bytes;		/* repeated in each segment; 0 if there is nothing to segment */
	uint16_t csum_start, csum_offset;
	uint32_t total_bytes;
	uint32_t segment_bytes;		/* payload of each segment but the last */
	uint32_t segment_count;		/* 1 if there is nothing to segment */
	uint32_t wire_bytes;		/* of the longest segment, headers included */
};

struct gso_segment {
	uint32_t header_bytes;		/* written */
	uint32_t payload_at;		/* offset in the frame */
	uint32_t payload_bytes;
};

/**
 * Judges a frame: `header` are its first `header_bytes` (all, or GSO_HEADER_MAX), `total_bytes` its length.
 *
 * Returns: GSO_OK, also for a frame with nothing to do; another value if it cannot be finished, and should not be forwarded.
 */
__attribute__((warn_unused_result)) enum gso_err gso_plan_make(const struct gso_meta *meta, const uint8_t *header, uint32_t header_bytes,
							       uint32_t total_bytes, struct gso_plan *plan);

/** The same for a frame that was parsed already; NULL: it is not PACKET_OK. */
__attribute__((warn_unused_result)) enum gso_err gso_plan_parsed(const struct gso_meta *meta, const struct packet *p, uint32_t total_bytes,
								 struct gso_plan *plan);

/**
 * Writes the headers of segment `index` (below segment_count) of a plan whose segment_count is above 1, from the frame's header bytes. The
 * checksum field holds the sum of the pseudo-header. `out` may not be `header`.
 */
void gso_segment_make(const struct gso_plan *plan, const uint8_t *header, uint32_t index, uint8_t out[GSO_HEADER_MAX],
		      struct gso_segment *segment);

/* ---- the Internet checksum (RFC 1071) ---- */

/* A sum over bytes that come in pieces, odd ones too. Starts as { 0 }. */
struct checksum {
	uint64_t sum;
	bool is_odd;
};

void checksum_add(struct checksum *c, const uint8_t *bytes, size_t count);

/* The sum itself, of 16 bits, as the field of an incomplete checksum has it. */
uint16_t checksum_fold(const struct checksum *c);

/* The field's value, host order; store it high byte first. 0xffff in the place of 0, which UDP reads as "none". */
uint16_t checksum_field(const struct checksum *c);

/* Completes a frame that lies whole in private memory. Returns false if the field or the start is outside of it. */
__attribute__((warn_unused_result)) bool checksum_complete(uint8_t *frame, uint32_t bytes, uint16_t csum_start, uint16_t csum_offset);

#endif
