/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver side of a virtqueue, whichever its ring: memory, buffers and their checks, and the way to split_driver.c or
 * packed_driver.c.
 */

#include "driver_private.h"

#include <string.h>

static uint64_t round_up(uint64_t bytes)
{
	return (bytes + 15) & ~15ull;
}

size_t vqd_ring_bytes(uint16_t size, uint64_t features)
{
	uint64_t descriptors = (uint64_t)RING_DESCRIPTOR_BYTES * size;

	if (features & VIRTIO_F_RING_PACKED)
		return (size_t)(descriptors + 16 + 16);
	return (size_t)(descriptors + round_up(avail_bytes(size)) + round_up(used_bytes(size)));
}

static bool is_possible(const struct vqd_memory *memory, uint16_t size, uint64_t features)
{
	if (size == 0 || size > VQ_SIZE_MAX || (!(features & VIRTIO_F_RING_PACKED) && size & (size - 1)))
		return false;
	if (memory->tables && (((uintptr_t)memory->tables | memory->tables_address) & 15 || memory->table_entries < 2))
		return false;
	return !(((uintptr_t)memory->ring | memory->ring_address) & 15);
}

enum vq_err vqd_init(struct virtq_driver *q, const struct vqd_memory *memory, uint16_t size, uint64_t features, struct vq_setup *setup)
{
	if (!is_possible(memory, size, features))
		return VQ_ERR_SETUP;
	memset(q, 0, sizeof(*q));
	memset(memory->ring, 0, vqd_ring_bytes(size, features));
	q->memory = *memory;
	q->size = q->free_count = size;
	q->is_packed = features & VIRTIO_F_RING_PACKED;
	q->has_event_index = features & VIRTIO_F_EVENT_IDX;
	q->has_indirect = features & VIRTIO_F_INDIRECT_DESC && memory->tables;
	for (uint16_t slot = size; slot-- > 0; )
		slot_give_back(q, slot);
	*setup = (struct vq_setup){ .descriptors = memory->ring_address, .features = features, .size = size };
	if (q->is_packed)
		packed_driver_attach(q, setup);
	else
		split_driver_attach(q, setup);
	return VQ_OK;
}

static bool is_indirect(const struct virtq_driver *q, unsigned count)
{
	return q->has_indirect && count > 1 && count <= q->memory.table_entries;
}

bool vqd_has_room(const struct virtq_driver *q, unsigned segments)
{
	return (is_indirect(q, segments) ? 1 : segments) <= q->free_count;
}

/* Bytes that the device may write. False: a segment without bytes, or too many of them. */
static bool measure(const struct vqd_segment *segments, unsigned readable, unsigned count, uint32_t *writable_size)
{
	uint32_t readable_size = 0;

	*writable_size = 0;
	for (unsigned n = 0; n < count; n++) {
		uint32_t *total = n < readable ? &readable_size : writable_size;

		if (segments[n].size == 0 || __builtin_add_overflow(*total, segments[n].size, total))
			return false;
	}
	return true;
}

enum vq_err vqd_add(struct virtq_driver *q, const struct vqd_segment *segments, unsigned readable, unsigned writable, void *cookie)
{
	unsigned count = readable + writable;
	struct vqd_buffer buffer = { segments, (uint16_t)readable, (uint16_t)count, 0, is_indirect(q, count), cookie };

	if (readable > q->size || writable > q->size || count == 0 || count > q->size || !cookie)
		return VQ_ERR_SETUP;
	if (!measure(segments, readable, count, &buffer.writable_size))
		return VQ_ERR_SETUP;
	if (!vqd_has_room(q, count))
		return VQ_ERR_FULL;
	if (q->is_packed)
		packed_driver_add(q, &buffer);
	else
		split_driver_add(q, &buffer);
	return VQ_OK;
}

void vqd_publish(struct virtq_driver *q)
{
	if (q->avail == q->published)
		return;
	if (q->is_packed)
		packed_driver_publish(q);
	else
		split_driver_publish(q);
}

bool vqd_kick_needed(struct virtq_driver *q)
{
	bool wanted;

	if (!q->unkicked)
		return false;
	/* StoreLoad: the available index, or flags, stored by vqd_publish() before the device's wish loaded below. Its partner is the
	 * fence of virtq_ask_signal() (or of any device), between the wish stored and the index loaded: at least one of the two sees
	 * the other's store, so a device that goes to sleep is woken. */
	ring_fence();
	wanted = q->is_packed ? packed_driver_wants_kick(q) : split_driver_wants_kick(q);
	q->unkicked = 0;
	return wanted;
}

enum vq_err vqd_get(struct virtq_driver *q, void **cookie, uint32_t *written)
{
	return q->is_packed ? packed_driver_get(q, cookie, written) : split_driver_get(q, cookie, written);
}

bool vqd_pending(const struct virtq_driver *q)
{
	return q->is_packed ? packed_driver_pending(q) : split_driver_pending(q);
}

static void set_signal(struct virtq_driver *q, bool wanted)
{
	if (q->is_packed)
		packed_driver_set_signal(q, wanted);
	else
		split_driver_set_signal(q, wanted);
}

bool vqd_ask_signal(struct virtq_driver *q)
{
	set_signal(q, true);
	/* StoreLoad: our wish stored above before the used index, or flags, loaded below. Its partner is the fence of
	 * virtq_should_notify() (or of any device), between the index stored and the wish loaded. */
	ring_fence();
	return vqd_pending(q);
}

void vqd_cancel_signal(struct virtq_driver *q)
{
	set_signal(q, false);
}

void *vqd_reclaim(struct virtq_driver *q)
{
	for (uint16_t slot = 0; slot < q->size; slot++) {
		void *cookie = q->memory.slots[slot].cookie;

		q->memory.slots[slot].cookie = NULL;
		if (cookie)
			return cookie;
	}
	return NULL;
}
