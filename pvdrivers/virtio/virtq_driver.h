/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIRTIO_VIRTQ_DRIVER_H
#define VIRTIO_VIRTQ_DRIVER_H

/*
 * The driver side of a virtqueue, split or packed (virtio 1.2, 2.7 and 2.8): for our front-ends and for drivers of virtio hardware. The
 * ring lies in memory of our own, but the device writes to it and may lie: that is VQ_ERR_GUEST, after which the device must be reset.
 * It must not know what the buffers mean, nor how notifications travel. The ring is coherent normal memory.
 *
 * Context: one caller at a time a queue. Nothing here blocks.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "virtq.h"

/* A buffer, or a part of one, by the address that the device counts with. */
struct vqd_segment {
	uint64_t address;
	uint32_t size;
};

/* What the queue remembers of an entry; private. */
struct vqd_slot {
	void *cookie;
	uint32_t writable;	/* bytes that the device may write */
	uint16_t count;		/* ring entries taken; 0: free */
	uint16_t next;		/* of the free list; split: of the chain */
};

/* The memory that a queue is made of; it stays the queue's. Only the ring and the tables are seen by the device. */
struct vqd_memory {
	void *ring;			/* vqd_ring_bytes() of zeroes, 16-aligned */
	uint64_t ring_address;		/* as the device counts */
	struct vqd_slot *slots;		/* one an entry */
	void *tables;			/* for indirect descriptors: 16 bytes x table_entries an entry, 16-aligned; NULL: none */
	uint64_t tables_address;
	uint16_t table_entries;		/* segments of a buffer that an indirect table may hold */
};

struct virtq_driver {
	struct vqd_memory memory;
	uint16_t *driver_area;		/* available ring, or driver event suppression */
	uint16_t *device_area;		/* used ring, or device event suppression */
	bool is_packed;
	bool has_event_index;
	bool has_indirect;
	uint16_t size;
	uint16_t free_count;		/* ring entries */
	uint16_t free_first;		/* of the list of free slots */
	uint16_t avail;			/* next to offer; packed: offset and, in bit 15, wrap counter */
	uint16_t published;		/* the same, as the device sees it */
	uint16_t used;			/* next to get back; packed: as above */
	uint16_t used_seen;		/* split: the device's index when last read, already checked */
	uint16_t unkicked;		/* entries published since vqd_kick_needed(); stays at 0xffff */
	uint64_t held;			/* packed: second word of the first descriptor that was added, not yet published */
};

/** Bytes of ring memory for a queue of `size` entries. */
size_t vqd_ring_bytes(uint16_t size, uint64_t features);

/** Makes an empty queue of the memory; `setup` receives what the device must be told. VQ_ERR_SETUP: size or alignment is not possible. */
MUST_CHECK enum vq_err vqd_init(struct virtq_driver *q, const struct vqd_memory *memory, uint16_t size, uint64_t features,
				struct vq_setup *setup);

/** Adds a buffer: first `readable` segments that the device reads, then `writable` ones. `cookie`, not NULL, comes back when it is used.
 *  The device sees it after vqd_publish(). VQ_ERR_FULL: no room now. VQ_ERR_SETUP: never any room, or no segment. */
MUST_CHECK enum vq_err vqd_add(struct virtq_driver *q, const struct vqd_segment *segments, unsigned readable, unsigned writable,
			       void *cookie);

/** Whether a buffer of so many segments has room now. */
bool vqd_has_room(const struct virtq_driver *q, unsigned segments);

/** Shows the device all that was added, at once. */
void vqd_publish(struct virtq_driver *q);

/** Whether the device wants to hear of what was published since the last call. */
bool vqd_kick_needed(struct virtq_driver *q);

/** Gets a used buffer back: its cookie, and how much the device says to have written, never more than the buffer holds.
 *  VQ_ERR_EMPTY: none. VQ_ERR_GUEST: the device gives back what it was not given. */
MUST_CHECK enum vq_err vqd_get(struct virtq_driver *q, void **cookie, uint32_t *written);

/** Whether vqd_get() would find something. */
bool vqd_pending(const struct virtq_driver *q);

/** Asks the device for an interrupt at the next used buffer, then looks again. True: there is one already, and no interrupt may come
 *  for it. */
MUST_CHECK bool vqd_ask_signal(struct virtq_driver *q);

/** Tells the device that no interrupts are needed; some may come all the same. A queue starts with them wanted. */
void vqd_cancel_signal(struct virtq_driver *q);

/** After the device was reset: the cookies of buffers that it never gave back, one a call; NULL: no more, and the queue waits for
 *  vqd_init(). */
void *vqd_reclaim(struct virtq_driver *q);

#endif
