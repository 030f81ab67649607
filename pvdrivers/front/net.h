/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_NET_H
#define FRONT_NET_H

/*
 * A virtio network card as a program of ours sees it: whole Ethernet frames, copied once each way, and once more on receipt from a pool;
 * checksums complete. Its interrupt does nothing but wake who sleeps: one caller, from the program's loop. It must not know protocols, nor
 * who is behind the device.
 */

#include <virtio/virtio_net.h>

#include "device.h"

#define FRONT_NET_FRAME_MAX	1518u
#define FRONT_NET_ENTRIES	32u	/* frames under way, each direction */
#define FRONT_NET_RING_BYTES	1024u

struct front_net_buffer {
	struct virtio_net_hdr header;
	uint8_t frame[FRONT_NET_FRAME_MAX];
} __attribute__((aligned(8)));

/* What the device sees of a queue. */
struct front_net_shared {
	uint8_t ring[FRONT_NET_RING_BYTES] __attribute__((aligned(16)));
	struct front_net_buffer buffers[FRONT_NET_ENTRIES];
};

_Static_assert(2 * sizeof(struct front_net_shared) <= FRONT_POOL_NET_BYTES, "a card's share of a pool holds both queues");

struct front_net_queue {
	struct virtq_driver queue;
	struct vqd_slot slots[FRONT_NET_ENTRIES];
	struct front_net_shared *shared;	/* in the pool, or `own` */
	struct front_net_shared own;
};

struct front_net {
	struct front_device device;
	uint8_t mac[6];
	uint16_t mtu;			/* 1500 if the device says nothing */
	bool is_lost;			/* the device broke the rules, or asks for a reset: nothing moves any more */
	uint64_t lost_frames;		/* without a byte */
	struct front_net_queue receive, transmit;
	uint8_t free[FRONT_NET_ENTRIES];	/* buffers to send with: their numbers */
	uint32_t free_count;
	uint8_t copy[FRONT_NET_FRAME_MAX];	/* of a frame in a pool, which may change while it is looked at */
};

/** Brings up the `n`-th network card. False: there is none, or it cannot be used. `net` is static memory, and stays. */
bool front_net_open(struct front_net *net, unsigned n);

/** Room for a frame of FRONT_NET_FRAME_MAX bytes; NULL: none now. */
uint8_t *front_net_reserve(struct front_net *net);

/** Sends the frame that was written to the room of the last front_net_reserve(). */
void front_net_send(struct front_net *net, uint32_t bytes);

/** Calls `received` for the frames that came, but not for more than `most`; the bytes are the card's again when it returns. True: more wait. */
bool front_net_poll(struct front_net *net, unsigned most, void (*received)(const void *frame, uint32_t bytes));

/** Asks for an interrupt at the next frame. True: one waits already. */
bool front_net_arm(struct front_net *net);

#endif
