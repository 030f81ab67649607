/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIRTIO_DRIVER_PRIVATE_H
#define VIRTIO_DRIVER_PRIVATE_H

/*
 * What the driver side's files share: the two kinds of ring behind virtq_driver.h, and the list of free slots.
 */

#include "ring.h"
#include "virtq_driver.h"

/* A buffer that was checked and has room. */
struct vqd_buffer {
	const struct vqd_segment *segments;
	uint16_t readable;
	uint16_t count;		/* segments, 1 at least */
	uint32_t writable_size;
	bool is_indirect;
	void *cookie;
};

void split_driver_attach(struct virtq_driver *q, struct vq_setup *setup);
void split_driver_add(struct virtq_driver *q, const struct vqd_buffer *buffer);
void split_driver_publish(struct virtq_driver *q);
bool split_driver_wants_kick(struct virtq_driver *q);
enum vq_err split_driver_get(struct virtq_driver *q, void **cookie, uint32_t *written);
bool split_driver_pending(const struct virtq_driver *q);
void split_driver_set_signal(struct virtq_driver *q, bool wanted);

void packed_driver_attach(struct virtq_driver *q, struct vq_setup *setup);
void packed_driver_add(struct virtq_driver *q, const struct vqd_buffer *buffer);
void packed_driver_publish(struct virtq_driver *q);
bool packed_driver_wants_kick(struct virtq_driver *q);
enum vq_err packed_driver_get(struct virtq_driver *q, void **cookie, uint32_t *written);
bool packed_driver_pending(const struct virtq_driver *q);
void packed_driver_set_signal(struct virtq_driver *q, bool wanted);

/** The first free slot, which is taken off the list. There is one. */
static inline uint16_t slot_take(struct virtq_driver *q)
{
	uint16_t slot = q->free_first;

	q->free_first = q->memory.slots[slot].next;
	return slot;
}

static inline void slot_give_back(struct virtq_driver *q, uint16_t slot)
{
	q->memory.slots[slot].cookie = NULL;
	q->memory.slots[slot].count = 0;
	q->memory.slots[slot].next = q->free_first;
	q->free_first = slot;
}

/** The indirect table of a slot, as we see it and as the device does. */
static inline uint64_t *slot_table(const struct virtq_driver *q, uint16_t slot)
{
	return (uint64_t *)q->memory.tables + 2 * (size_t)slot * q->memory.table_entries;
}

static inline uint64_t slot_table_address(const struct virtq_driver *q, uint16_t slot)
{
	return q->memory.tables_address + (uint64_t)RING_DESCRIPTOR_BYTES * slot * q->memory.table_entries;
}

static inline uint16_t segment_flags(const struct vqd_buffer *buffer, uint16_t n)
{
	return n < buffer->readable ? 0 : RING_WRITE;
}

#endif
