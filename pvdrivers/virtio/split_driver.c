/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver side of a split ring (virtio 1.2, 2.7). A buffer's slot is its head descriptor; how a chain goes on is remembered in the
 * slots, because the device could have written to the descriptors.
 */

#include "driver_private.h"

void split_driver_attach(struct virtq_driver *q, struct vq_setup *setup)
{
	uint64_t avail_at = (uint64_t)RING_DESCRIPTOR_BYTES * q->size;
	uint64_t used_at = avail_at + ((avail_bytes(q->size) + 15) & ~15ull);

	q->driver_area = (uint16_t *)(void *)((uint8_t *)q->memory.ring + avail_at);
	q->device_area = (uint16_t *)(void *)((uint8_t *)q->memory.ring + used_at);
	setup->driver = q->memory.ring_address + avail_at;
	setup->device = q->memory.ring_address + used_at;
}

static void put_descriptor(uint64_t *table, uint16_t at, const struct vqd_segment *segment, uint16_t flags, uint16_t next)
{
	ring_put64(&table[2 * at], segment->address);
	ring_put64(&table[2 * at + 1], split_word(segment->size, flags, next));
}

/* One descriptor in the ring, which leads to a table of them. */
static uint16_t put_indirect(struct virtq_driver *q, const struct vqd_buffer *buffer)
{
	uint16_t head = slot_take(q);
	struct vqd_segment table = { slot_table_address(q, head), RING_DESCRIPTOR_BYTES * (uint32_t)buffer->count };

	for (uint16_t n = 0; n < buffer->count; n++) {
		uint16_t flags = (uint16_t)(segment_flags(buffer, n) | (n + 1 < buffer->count ? RING_NEXT : 0));

		put_descriptor(slot_table(q, head), n, &buffer->segments[n], flags, (uint16_t)(n + 1));
	}
	put_descriptor(q->memory.ring, head, &table, RING_INDIRECT, 0);
	q->memory.slots[head].count = 1;
	return head;
}

/* A descriptor a segment, in the order of the free list: each slot's `next` already names the following one. */
static uint16_t put_direct(struct virtq_driver *q, const struct vqd_buffer *buffer)
{
	uint16_t head = q->free_first;

	for (uint16_t n = 0; n < buffer->count; n++) {
		uint16_t flags = (uint16_t)(segment_flags(buffer, n) | (n + 1 < buffer->count ? RING_NEXT : 0));
		uint16_t at = slot_take(q);

		put_descriptor(q->memory.ring, at, &buffer->segments[n], flags, flags & RING_NEXT ? q->free_first : 0);
	}
	q->memory.slots[head].count = buffer->count;
	return head;
}

void split_driver_add(struct virtq_driver *q, const struct vqd_buffer *buffer)
{
	uint16_t head = buffer->is_indirect ? put_indirect(q, buffer) : put_direct(q, buffer);
	struct vqd_slot *slot = &q->memory.slots[head];

	slot->cookie = buffer->cookie;
	slot->writable = buffer->writable_size;
	q->free_count = (uint16_t)(q->free_count - slot->count);
	ring_put16(&q->driver_area[AVAIL_ENTRY + (q->avail & (q->size - 1))], head);
	q->avail++;
}

void split_driver_publish(struct virtq_driver *q)
{
	/* Release: descriptors, entries and the buffers' contents before the index (2.7.13.3.1); its partner is the acquire of
	 * read_index() in split.c. */
	ring_store16(&q->driver_area[AVAIL_INDEX], q->avail);
	q->unkicked = count_more(q->unkicked, (uint16_t)(q->avail - q->published));
	q->published = q->avail;
}

bool split_driver_wants_kick(struct virtq_driver *q)
{
	if (q->has_event_index)
		return split_event_passed(ring_load16(&q->device_area[used_event_at(q->size)]), q->published, q->unkicked);
	return !(ring_load16(&q->device_area[USED_FLAGS]) & USED_NO_NOTIFY);
}

/* Acquire: its partner is the release of split_publish() in split.c, so the entries below the index, and the data, are there. */
static uint16_t used_index(const struct virtq_driver *q)
{
	return ring_load16(&q->device_area[USED_INDEX]);
}

bool split_driver_pending(const struct virtq_driver *q)
{
	return q->used_seen != q->used || used_index(q) != q->used;
}

/* The index goes forward, and never past what the device was given. */
static enum vq_err read_index(struct virtq_driver *q)
{
	uint16_t index = used_index(q);

	if ((uint16_t)(index - q->used) > (uint16_t)(q->published - q->used))
		return VQ_ERR_GUEST;
	q->used_seen = index;
	return index == q->used ? VQ_ERR_EMPTY : VQ_OK;
}

static void free_chain(struct virtq_driver *q, uint16_t head)
{
	uint16_t count = q->memory.slots[head].count;

	q->free_count = (uint16_t)(q->free_count + count);
	for (uint16_t at = head; count > 0; count--) {
		uint16_t next = q->memory.slots[at].next;

		slot_give_back(q, at);
		at = next;
	}
}

enum vq_err split_driver_get(struct virtq_driver *q, void **cookie, uint32_t *written)
{
	const uint16_t *entry = &q->device_area[USED_ENTRY + USED_ENTRY_WORDS * (q->used & (q->size - 1u))];
	uint32_t head;

	if (q->used_seen == q->used)
		VQ_TRY(read_index(q));
	head = ring_load32((const uint32_t *)(const void *)entry);
	*written = ring_load32((const uint32_t *)(const void *)(entry + 2));
	if (head >= q->size || !q->memory.slots[head].cookie || *written > q->memory.slots[head].writable)
		return VQ_ERR_GUEST;
	*cookie = q->memory.slots[head].cookie;
	free_chain(q, (uint16_t)head);
	q->used++;
	return VQ_OK;
}

/* With event index, not to want is to say nothing: the index that was asked for stays behind (2.7.7). */
void split_driver_set_signal(struct virtq_driver *q, bool wanted)
{
	uint16_t flags = wanted ? 0 : (uint16_t)AVAIL_NO_INTERRUPT;

	if (!q->has_event_index)
		ring_store16(&q->driver_area[AVAIL_FLAGS], flags);
	else if (wanted)
		ring_store16(&q->driver_area[AVAIL_ENTRY + q->size], q->used);
}
