/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACK_STATE_H
#define BACK_STATE_H

/*
 * The state page of a device: all that a restarted back-end must know to go on where its predecessor was stopped, between any two
 * stores. docs/device-page.md tells it bit by bit. It must not know what a chain is for.
 *
 * Goals
 *  - Every chain that was taken and not given back is in the log, and no other; whenever the back-end stops.
 *  - What is read back is checked like input from a guest: a page that cannot be is a device that must be reset.
 *
 * The back-end alone writes it, on one CPU, each field by one store. The order of the stores is what makes it whole:
 *   taken:  entry (its `taken` last), then the queue's `taken`, then the request is issued;
 *   given:  the entries' `given`, then the ring's used index, then the queue's `given`, then the entries are cleared.
 * So an entry above the queue's `taken` was never issued, one up to its `given` was given back, and of the others those with a `given`
 * may have been, which only the ring tells.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <abi/device.h>

#define STATE_MAGIC	0x31534b42u	/* "BKS1" */
#define STATE_LOG_MAX	320u		/* chains under way, of all queues of the device */

/* A count of chains and the ring position that belongs to it (struct vq_position), in one word so that one store changes both. */
#define STATE_MARK(count, position)	((uint64_t)(count) << 16 | (position))
#define STATE_MARK_COUNT(mark)		((mark) >> 16)
#define STATE_MARK_POSITION(mark)	((uint16_t)(mark))

struct state_queue {
	uint64_t taken;		/* a mark: chains taken since the queue became ready, and vq_position.avail */
	uint64_t given;		/* a mark: chains given back and published, and vq_position.used */
	uint64_t descriptors;	/* areas, addresses of the front-end */
	uint64_t driver;
	uint64_t device;
	uint16_t size;		/* entries */
	uint16_t is_ready;	/* 0 or 1, written last when it becomes ready, first when it ends */
	uint32_t reserved;
};

struct state_entry {
	uint64_t taken;		/* count of this chain in its queue, from 1, shifted left by 8, and the queue; 0: free */
	uint64_t given;		/* count of its giving back, from 1; 0: not yet */
	uint64_t token;		/* struct vq_token */
};

#define STATE_TAKEN(count, queue)	((uint64_t)(count) << 8 | (queue))
#define STATE_TAKEN_COUNT(taken)	((taken) >> 8)
#define STATE_TAKEN_QUEUE(taken)	((uint32_t)((taken) & 0xffu))

struct device_state {
	uint32_t magic;			/* STATE_MAGIC, or 0: never used */
	uint32_t life;			/* of the front-end: device_line.life */
	uint32_t status;		/* Status, without NEEDS_RESET */
	uint32_t is_broken;		/* marked broken by us, and not reset since */
	uint32_t device_features_sel;
	uint32_t driver_features_sel;
	uint32_t queue_sel;
	uint32_t reserved0;
	uint64_t driver_features;
	uint64_t reserved1[3];
	struct state_queue queue[DEVICE_QUEUE_MAX];
	uint64_t reserved2[8];
	struct state_entry log[STATE_LOG_MAX];
};

/** The one order that the page has: what was stored before is there before this. Given at link, so that a test can stop between any two. */
void state_store16(uint16_t *at, uint16_t value);
void state_store32(uint32_t *at, uint32_t value);
void state_store64(uint64_t *at, uint64_t value);

_Static_assert(sizeof(struct state_queue) == 48, "layout");
_Static_assert(sizeof(struct state_entry) == 24, "layout");
_Static_assert(offsetof(struct device_state, queue) == 64, "layout");
_Static_assert(offsetof(struct device_state, log) == 512, "layout");
_Static_assert(sizeof(struct device_state) == BACK_STATE_BYTES, "layout");

#endif
