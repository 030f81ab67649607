/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CARD_H
#define CARD_H

/*
 * A virtio network card as a program of ours sees it: whole Ethernet frames, copied once each way, checksums complete. Its interrupt does
 * nothing but wake who sleeps: one caller, from the program's loop. It must not know protocols, nor who is behind the device.
 */

#include <virtio/virtio_net.h>

#include "card_mmio.h"

#define CARD_FRAME_MAX	1518u
#define CARD_ENTRIES	32u	/* frames under way, each direction */
#define CARD_RING_BYTES	1024u

struct card_buffer {
	struct virtio_net_hdr header;
	uint8_t frame[CARD_FRAME_MAX];
	struct card_buffer *next;	/* free ones */
};

struct card_queue {
	struct virtq_driver queue;
	struct vqd_slot slots[CARD_ENTRIES];
	struct card_buffer buffers[CARD_ENTRIES];
	uint8_t ring[CARD_RING_BYTES] __attribute__((aligned(16)));
};

struct card {
	struct card_device device;
	uint8_t mac[6];
	uint16_t mtu;			/* 1500 if the device says nothing */
	bool is_lost;			/* the device broke the rules, or asks for a reset: nothing moves any more */
	uint64_t lost_frames;		/* without a byte */
	struct card_queue receive, transmit;
	struct card_buffer *free;	/* to send with */
};

/** Brings up the `n`-th network card. False: there is none, or it cannot be used. `net` is static memory, and stays. */
bool card_open(struct card *net, unsigned n);

/** Room for a frame of CARD_FRAME_MAX bytes; NULL: none now. */
uint8_t *card_reserve(struct card *net);

/** Sends the frame that was written to the room of the last card_reserve(). */
void card_send(struct card *net, uint32_t bytes);

/** Calls `received` for the frames that came, but not for more than `most`; the bytes are the card's again when it returns. True: more wait. */
bool card_poll(struct card *net, unsigned most, void (*received)(const void *frame, uint32_t bytes));

/** Asks for an interrupt at the next frame. True: one waits already. */
bool card_arm(struct card *net);

#endif
