/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHANNEL_LAYOUT_H
#define CHANNEL_LAYOUT_H

/*
 * The memory of a channel, which its two ends agree on: docs/channels.md tells the same with reasons. Each end has a region that it alone
 * writes and the other one reads; the hypervisor's tables see to that. It must not know how an end is programmed.
 *
 * All words are little-endian and aligned, and are stored at once. Positions count bytes since the two ends met, and never wrap.
 */

#include <stddef.h>
#include <stdint.h>

#define CHANNEL_MAGIC		0x3148434bu	/* "KCH1" */
#define CHANNEL_NEVER		UINT64_MAX	/* as a wanted position */
#define CHANNEL_RECORD		8u		/* records begin at multiples of it, and their headers take as much */

/* One end's region. Zero at power-on, kept when its end starts again. */
struct channel_region {
	uint32_t magic;
	uint32_t unused0;
	uint64_t life;		/* of this end: another number each time it opens the channel; 0: it never did */
	uint64_t peer;		/* life of the other end that all below is about; 0: none */
	uint64_t unused1[5];
	uint64_t head;		/* as a sender: records end here */
	uint64_t room_wanted;	/* signal me when your tail passes this */
	uint64_t unused2[6];
	uint64_t tail;		/* as a receiver: what stands before it in the other end's ring was taken */
	uint64_t data_wanted;	/* signal me when your head passes this */
	uint64_t unused3[6];
	uint8_t ring[];		/* up to the region's end: a record is its length (32 bits), 32 bits of 0, its bytes, then bytes up to a multiple of 8 */
};

_Static_assert(offsetof(struct channel_region, life) == 8, "layout");
_Static_assert(offsetof(struct channel_region, head) == 64, "layout");
_Static_assert(offsetof(struct channel_region, tail) == 128, "layout");
_Static_assert(offsetof(struct channel_region, ring) == 192, "layout");

#endif
