/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device side of a virtqueue, whichever its ring: setting up, restoring, and the way to split.c or packed.c.
 */

#include "virtq_private.h"

#include <string.h>

enum vq_err area_resolve(const struct virtq *q, uint64_t address, uint64_t size, uint64_t alignment, uint8_t **at)
{
	VQ_TRY(window_resolve(q->window, address, size, at));
	return (uintptr_t)*at % alignment ? VQ_ERR_SETUP : VQ_OK;
}

enum vq_err table_read(const struct virtq *q, uint64_t address, uint32_t size, uint64_t (*table)[2], uint16_t *count)
{
	uint32_t entries = size / RING_DESCRIPTOR_BYTES;

	if (!q->has_indirect || size % RING_DESCRIPTOR_BYTES || entries == 0 || entries > VQ_CHAIN_MAX)
		return VQ_ERR_GUEST;
	*count = (uint16_t)entries;
	return window_copy_in(q->window, table, address, size);
}

enum vq_err virtq_init(struct virtq *q, const struct window *window, const struct vq_setup *setup)
{
	memset(q, 0, sizeof(*q));
	if (setup->size == 0 || setup->size > VQ_SIZE_MAX)
		return VQ_ERR_SETUP;
	q->window = window;
	q->size = setup->size;
	q->is_packed = setup->features & VIRTIO_F_RING_PACKED;
	q->has_event_index = setup->features & VIRTIO_F_EVENT_IDX;
	q->has_indirect = setup->features & VIRTIO_F_INDIRECT_DESC;
	return q->is_packed ? packed_attach(q, setup) : split_attach(q, setup);
}

/* Whether a ring can stand there: offsets inside of it, and no more taken than there is. */
static bool is_possible(const struct virtq *q, struct vq_position at)
{
	if (!q->is_packed)
		return (uint16_t)(at.avail - at.used) <= q->size;
	return position_offset(at.avail) < q->size && position_offset(at.used) < q->size &&
	       position_distance(at.used, at.avail, q->size) <= q->size;
}

enum vq_err virtq_restore(struct virtq *q, const struct window *window, const struct vq_setup *setup, struct vq_position position)
{
	VQ_TRY(virtq_init(q, window, setup));
	if (!is_possible(q, position))
		return VQ_ERR_SETUP;
	q->avail = q->avail_seen = position.avail;
	q->used = q->published = position.used;
	q->notify_anyway = true;
	return VQ_OK;
}

struct vq_position virtq_position(const struct virtq *q)
{
	return (struct vq_position){ q->avail, q->published };
}

enum vq_err virtq_restore_published(struct virtq *q, const struct vq_token *tokens, unsigned count, unsigned *published)
{
	return q->is_packed ? packed_restore_published(q, tokens, count, published) : split_restore_published(q, count, published);
}

enum vq_err virtq_retake(const struct virtq *q, struct vq_token token, struct vq_chain *chain)
{
	return q->is_packed ? packed_retake(q, token, chain) : split_retake(q, token, chain);
}

enum vq_err virtq_pop(struct virtq *q, struct vq_chain *chain)
{
	return q->is_packed ? packed_pop(q, chain) : split_pop(q, chain);
}

void virtq_unpop(struct virtq *q, const struct vq_chain *chain)
{
	q->avail = chain->token.taken_at;
}

enum vq_err virtq_pending(struct virtq *q, bool *pending)
{
	return q->is_packed ? packed_pending(q, pending) : split_pending(q, pending);
}

enum vq_err virtq_push(struct virtq *q, struct vq_token token, uint32_t written)
{
	return q->is_packed ? packed_push(q, token, written) : split_push(q, token, written);
}

enum vq_err virtq_publish(struct virtq *q)
{
	if (q->used == q->published)
		return VQ_OK;
	return q->is_packed ? packed_publish(q) : split_publish(q);
}

enum vq_err virtq_should_notify(struct virtq *q, bool *notify)
{
	*notify = q->notify_anyway;
	if (!q->unnotified && !*notify)
		return VQ_OK;
	/* StoreLoad: the used index, or used flags, stored by virtq_publish() before the driver's wish loaded below. Its partner is the
	 * fence of vqd_ask_signal() (or of any driver), between the wish stored and the used index loaded: at least one of the two
	 * sees the other's store, so a driver that goes to sleep is woken. */
	ring_fence();
	if (!*notify)
		VQ_TRY(q->is_packed ? packed_wants_notification(q, notify) : split_wants_notification(q, notify));
	q->unnotified = 0;
	q->notify_anyway = false;
	return VQ_OK;
}

enum vq_err virtq_ask_signal(struct virtq *q, bool *more)
{
	VQ_TRY(q->is_packed ? packed_set_signal(q, true) : split_set_signal(q, true));
	/* StoreLoad: our wish stored above before the available index, or flags, loaded below. Its partner is the fence of
	 * vqd_kick_needed() (or of any driver), between the index stored and the wish loaded. */
	ring_fence();
	return virtq_pending(q, more);
}

enum vq_err virtq_cancel_signal(struct virtq *q)
{
	return q->is_packed ? packed_set_signal(q, false) : split_set_signal(q, false);
}
