/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver side of a packed ring (virtio 1.2, 2.8). A buffer's slot is its id; where it stands in the ring is another number.
 */

#include "driver_private.h"

void packed_driver_attach(struct virtq_driver *q, struct vq_setup *setup)
{
	uint64_t driver_at = (uint64_t)RING_DESCRIPTOR_BYTES * q->size;

	q->driver_area = (uint16_t *)(void *)((uint8_t *)q->memory.ring + driver_at);
	q->device_area = (uint16_t *)(void *)((uint8_t *)q->memory.ring + driver_at + 16);
	setup->driver = q->memory.ring_address + driver_at;
	setup->device = setup->driver + 16;
	q->avail = q->published = q->used = POSITION_WRAP;	/* wrap counters start at 1 (2.8.1) */
}

static uint64_t *descriptor(const struct virtq_driver *q, uint16_t at)
{
	return (uint64_t *)q->memory.ring + 2 * (size_t)position_offset(at);
}

/* Writes a descriptor with the flags of its round. The first one that is not published keeps the flags of the round before: the device
 * looks there, and at no other of the batch. */
static void put_descriptor(struct virtq_driver *q, uint16_t at, const struct vqd_segment *segment, uint16_t id, uint16_t flags)
{
	uint16_t before = (uint16_t)(packed_used_flags(at) ^ (RING_AVAIL | RING_USED));
	uint64_t word = packed_word(segment->size, id, (uint16_t)(flags | packed_avail_flags(at)));

	if (at == q->published) {
		q->held = word;
		word = packed_word(segment->size, id, before);
	}
	ring_put64(descriptor(q, at), segment->address);
	ring_put64(descriptor(q, at) + 1, word);
}

static void put_indirect(struct virtq_driver *q, const struct vqd_buffer *buffer, uint16_t id)
{
	struct vqd_segment table = { slot_table_address(q, id), RING_DESCRIPTOR_BYTES * (uint32_t)buffer->count };

	for (uint16_t n = 0; n < buffer->count; n++) {
		uint64_t *entry = slot_table(q, id) + 2 * n;

		ring_put64(entry, buffer->segments[n].address);
		ring_put64(entry + 1, packed_word(buffer->segments[n].size, 0, segment_flags(buffer, n)));
	}
	put_descriptor(q, q->avail, &table, id, RING_INDIRECT);
}

static void put_direct(struct virtq_driver *q, const struct vqd_buffer *buffer, uint16_t id)
{
	for (uint16_t n = 0; n < buffer->count; n++) {
		uint16_t flags = (uint16_t)(segment_flags(buffer, n) | (n + 1 < buffer->count ? RING_NEXT : 0));

		put_descriptor(q, position_add(q->avail, n, q->size), &buffer->segments[n], id, flags);
	}
}

void packed_driver_add(struct virtq_driver *q, const struct vqd_buffer *buffer)
{
	uint16_t id = slot_take(q);
	struct vqd_slot *slot = &q->memory.slots[id];

	slot->cookie = buffer->cookie;
	slot->writable = buffer->writable_size;
	slot->count = buffer->is_indirect ? 1 : buffer->count;
	if (buffer->is_indirect)
		put_indirect(q, buffer, id);
	else
		put_direct(q, buffer, id);
	q->avail = position_add(q->avail, slot->count, q->size);
	q->free_count = (uint16_t)(q->free_count - slot->count);
}

void packed_driver_publish(struct virtq_driver *q)
{
	/* Release: all other descriptors and the buffers' contents before the first one's flags (2.8.21.1.1); its partner is the
	 * acquire of read_word() in packed.c. */
	ring_store64(descriptor(q, q->published) + 1, q->held);
	q->unkicked = count_more(q->unkicked, position_distance(q->published, q->avail, q->size));
	q->published = q->avail;
}

bool packed_driver_wants_kick(struct virtq_driver *q)
{
	uint32_t event = ring_load32((const uint32_t *)(const void *)q->device_area);

	if ((event & EVENT_FLAGS) == EVENT_DESCRIPTOR && q->has_event_index)
		return packed_event_passed((uint16_t)event, q->published, q->unkicked, q->size);
	return (event & EVENT_FLAGS) != EVENT_DISABLE;
}

/* Acquire: its partner is the release of packed_publish() in packed.c, so the rest of the batch, and the data, are there. */
static uint64_t used_word(const struct virtq_driver *q)
{
	return ring_load64(descriptor(q, q->used) + 1);
}

bool packed_driver_pending(const struct virtq_driver *q)
{
	return q->used != q->published && packed_is(packed_flags(used_word(q)), packed_used_flags(q->used));
}

enum vq_err packed_driver_get(struct virtq_driver *q, void **cookie, uint32_t *written)
{
	uint64_t word = used_word(q);
	uint16_t id = packed_id(word);
	struct vqd_slot *slot = &q->memory.slots[id < q->size ? id : 0];

	/* Behind what was published there is nothing to get, whatever the flags say. */
	if (q->used == q->published || !packed_is(packed_flags(word), packed_used_flags(q->used)))
		return VQ_ERR_EMPTY;
	*written = (uint32_t)word;
#ifndef FUZZ_PLANT_VIRTQ_DRIVER	/* the fault that the fuzzer's smoke run must find: a buffer that the device was not given */
	if (id >= q->size || !slot->cookie || *written > slot->writable)
		return VQ_ERR_GUEST;
#endif
	if (slot->count > position_distance(q->used, q->published, q->size))
		return VQ_ERR_GUEST;
	*cookie = slot->cookie;
	q->used = position_add(q->used, slot->count, q->size);
	q->free_count = (uint16_t)(q->free_count + slot->count);
	slot_give_back(q, id);
	return VQ_OK;
}

void packed_driver_set_signal(struct virtq_driver *q, bool wanted)
{
	uint32_t here = q->has_event_index ? EVENT_DESCRIPTOR | q->used : EVENT_ENABLE;

	ring_store32((uint32_t *)(void *)q->driver_area, wanted ? here : EVENT_DISABLE);
}
