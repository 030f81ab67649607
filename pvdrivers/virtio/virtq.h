/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIRTIO_VIRTQ_H
#define VIRTIO_VIRTQ_H

/*
 * The device side of a virtqueue, split or packed (virtio 1.2, 2.7 and 2.8): for backends. The ring lies in a window, and its other
 * side is hostile: each word is read once, checked, and a lie is VQ_ERR_GUEST, after which the queue may only be set up anew.
 * It must not know what the buffers mean, nor how notifications travel.
 *
 * Context: one caller at a time a queue. Nothing here blocks.
 *
 * The loop of a backend, which loses no wake-up (the proof is ci/unit/virtio's model check of this code):
 *
 *	for (;;) {
 *		while (virtq_pop(q, &chain) == VQ_OK)			drain
 *			... work ..., virtq_push(q, chain.token, written);
 *		virtq_publish(q); virtq_should_notify(q, &notify);	one index, one interrupt a batch
 *		virtq_ask_signal(q, &more);				ask for a signal, and check again
 *		if (!more)
 *			wait for a doorbell;
 *		virtq_cancel_signal(q);					busy: no doorbells, please
 *	}
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vq_err.h"
#include "window.h"

#define VQ_SIZE_MAX	32768u	/* 2.7, 2.8 */
#define VQ_CHAIN_MAX	130u	/* segments of one chain: a block request of 128, its header and its status */
#define VQ_HELD_MAX	64u	/* split: pushed chains that one copy writes into the ring; more take more copies */

/* What the driver tells about a queue, by whatever transport. */
struct vq_setup {
	uint64_t descriptors;	/* descriptor area, guest addresses */
	uint64_t driver;	/* driver area: available ring or driver event suppression */
	uint64_t device;	/* device area: used ring or device event suppression */
	uint64_t features;	/* as negotiated: RING_PACKED, RING_EVENT_IDX, RING_INDIRECT_DESC matter here */
	uint16_t size;		/* entries */
};

/* Where a queue stands: all that a restarted backend needs beside the setup. Split: free-running indices. Packed: bits 0..14 the offset,
 * bit 15 the wrap counter. */
struct vq_position {
	uint16_t avail;		/* next to take */
	uint16_t used;		/* next to give back, as published */
};

/* Names a chain that was taken, until it is pushed. Eight bytes, for logs. */
struct vq_token {
	uint16_t id;		/* split: the head; packed: the buffer id */
	uint16_t slots;		/* ring entries that it takes: packed, its length; split, 1 */
	uint16_t taken_at;	/* the position that it was taken from, as in vq_position.avail */
	uint16_t reserved;
};

/* A piece of the peer's memory, checked; touch it by the accesses of window.h alone. */
struct vq_segment {
	uint8_t *at;
	uint32_t size;		/* never 0 */
};

/* A chain, copied out of the ring once. */
struct vq_chain {
	struct vq_token token;
	uint16_t readable_count;	/* segments that the device reads: segment[0 ..] */
	uint16_t writable_count;	/* segments that it writes: the rest */
	uint32_t readable_size;		/* bytes of each kind */
	uint32_t writable_size;
	struct vq_segment segment[VQ_CHAIN_MAX];
};

struct virtq {
	const struct window *window;
	union {
		struct vq_split_ring {
			const uint64_t *descriptors;	/* two words each */
			const uint16_t *avail;
			uint16_t *used;
		} split;
		struct vq_packed_ring {
			uint64_t *descriptors;		/* two words each */
			const uint32_t *driver_event;
			uint32_t *device_event;
		} packed;
	};
	bool is_packed;
	bool has_event_index;
	bool has_indirect;
	bool notify_anyway;	/* after a restore nobody knows what the driver was told */
	uint16_t size;
	uint16_t avail;		/* next to take */
	uint16_t avail_seen;	/* split: the driver's index when last read, already checked */
	uint16_t used;		/* next to give back, pushed */
	uint16_t published;	/* the same, as the driver sees it */
	uint16_t unnotified;	/* entries published since virtq_should_notify(); stays at 0xffff */
	uint16_t held_count;
	uint64_t held[VQ_HELD_MAX];	/* split: pushed, not yet in the ring; packed: [0], the first one pushed, not yet published */
};

/** Sets a queue up at its start. VQ_ERR_SETUP: a size or alignment that 2.7 or 2.8 forbids; VQ_ERR_GUEST: outside the window. */
MUST_CHECK enum vq_err virtq_init(struct virtq *q, const struct window *window, const struct vq_setup *setup);

/** The same at the position that virtq_position() gave; VQ_ERR_SETUP if no queue of this size can stand there. */
MUST_CHECK enum vq_err virtq_restore(struct virtq *q, const struct window *window, const struct vq_setup *setup, struct vq_position position);

/** Where the queue stands. What was pushed and not published counts as not given back. */
struct vq_position virtq_position(const struct virtq *q);

/** After virtq_restore() to a position that may be older than the ring: of the `count` tokens that were about to be pushed from that
 *  position on, in this order, the first `*published` were published before the crash. The queue goes on behind those, and what else the
 *  crash left in the ring is taken back. Call it before anything else, also with no token. */
MUST_CHECK enum vq_err virtq_restore_published(struct virtq *q, const struct vq_token *tokens, unsigned count, unsigned *published);

/** After a restart: takes again the chain of a token that was logged and not given back; the position stays. Its descriptors are read, and
 *  checked, anew. VQ_ERR_EMPTY: the ring no longer has it. A split ring always has it; a packed ring does until a used descriptor comes
 *  to lie there, so who must resubmit after a restart either gives back in order, or logs the segments, or does not offer RING_PACKED. */
MUST_CHECK enum vq_err virtq_retake(const struct virtq *q, struct vq_token token, struct vq_chain *chain);

/** Takes the next chain. VQ_ERR_EMPTY: none waits. */
MUST_CHECK enum vq_err virtq_pop(struct virtq *q, struct vq_chain *chain);

/** Puts the chain that was taken last back, as if it had not been: when there is no use for it yet. */
void virtq_unpop(struct virtq *q, const struct vq_chain *chain);

/** Whether virtq_pop() would find something. Costs one read. */
MUST_CHECK enum vq_err virtq_pending(struct virtq *q, bool *pending);

/** Gives a taken chain back with the number of bytes written to it, in any order; the driver sees it after virtq_publish(). */
MUST_CHECK enum vq_err virtq_push(struct virtq *q, struct vq_token token, uint32_t written);

/** Shows the driver all that was pushed, at once. */
MUST_CHECK enum vq_err virtq_publish(struct virtq *q);

/** Whether the driver wants to hear of what was published since the last call. */
MUST_CHECK enum vq_err virtq_should_notify(struct virtq *q, bool *notify);

/** Asks the driver for a notification of the next chain, then looks again: with `*more` there is one already, and no notification may
 *  come for it. */
MUST_CHECK enum vq_err virtq_ask_signal(struct virtq *q, bool *more);

/** Tells the driver that no notifications are needed; some may come all the same. A queue starts with them wanted. */
MUST_CHECK enum vq_err virtq_cancel_signal(struct virtq *q);

#endif
