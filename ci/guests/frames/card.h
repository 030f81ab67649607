/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FRAMES_CARD_H
#define FRAMES_CARD_H

/*
 * A virtio network card for tests: it sends any bytes below any virtio header, up to a frame that is still to be cut, and
 * shows what comes as it comes. It is polled. It must not know what is in a frame.
 */

#include <stdbool.h>
#include <stdint.h>

#include <front/device.h>
#include <virtio/virtio_net.h>

#define CARD_MAX		32u
#define CARD_ENTRIES		32u	/* frames under way, each direction */
#define CARD_RING_BYTES		1024u
#define CARD_FRAME_MAX		66000u

struct card_buffer {
	struct virtio_net_hdr header;
	uint8_t frame[CARD_FRAME_MAX];
	struct card_buffer *next;	/* that the device does not have */
};

struct card_queue {
	struct virtq_driver queue;
	struct vqd_slot slots[CARD_ENTRIES];
	uint8_t ring[CARD_RING_BYTES] __attribute__((aligned(16)));
};

struct card {
	struct front_device device;
	uint8_t mac[6];
	bool is_silent;			/* gives no buffers but those of card_offer() */
	struct card_queue receive, transmit;
	struct card_buffer *kept;
	struct card_buffer in[CARD_ENTRIES];
	struct card_buffer out;		/* all frames under way are this one */
};

typedef void (*card_received_t)(struct card *card, const struct card_buffer *buffer, uint32_t bytes);

/** Brings up the `n`-th card with these features of struct virtio_net_hdr's, if the device has them. False: there is none. */
bool card_open(struct card *card, unsigned n, uint64_t offloads);

/** Sends what stands in `out` `count` times, not more than CARD_ENTRIES: begins; then whether all are gone. */
void card_send(struct card *card, uint32_t bytes, unsigned count);
bool card_is_sent(struct card *card);

/** Calls `received` for each frame that came, and gives the buffer back, unless the card is silent. */
void card_poll(struct card *card, card_received_t received);

/** Gives the device buffers until it has `count`. */
void card_offer(struct card *card, unsigned count);

#endif
