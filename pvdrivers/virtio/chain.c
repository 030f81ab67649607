/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cursors over the bytes of a chain. The segments were checked when the chain was taken, so only their number and sizes matter here.
 */

#include "chain.h"

struct vq_cursor vq_readable(const struct vq_chain *chain)
{
	return (struct vq_cursor){ chain->segment, 0, chain->readable_size };
}

struct vq_cursor vq_writable(const struct vq_chain *chain)
{
	return (struct vq_cursor){ chain->segment + chain->readable_count, 0, chain->writable_size };
}

/* How much of `size` lies in one piece. */
static uint32_t piece(const struct vq_cursor *at, uint32_t size)
{
	uint32_t here = at->segment->size - at->offset;

	return here < size ? here : size;
}

static uint8_t *place(const struct vq_cursor *at)
{
	return at->segment->at + at->offset;
}

/* Goes on by a part of the present segment. */
static void step(struct vq_cursor *at, uint32_t size)
{
	at->left -= size;
	at->offset += size;
	if (at->offset == at->segment->size) {
		at->segment++;
		at->offset = 0;
	}
}

enum vq_err vq_skip(struct vq_cursor *at, uint32_t size)
{
	if (size > at->left)
		return VQ_ERR_GUEST;
	while (size) {
		uint32_t count = piece(at, size);

		step(at, count);
		size -= count;
	}
	return VQ_OK;
}

enum vq_err vq_read(struct vq_cursor *at, void *to, uint32_t size)
{
	if (size > at->left)
		return VQ_ERR_GUEST;
	for (uint8_t *next = to; size; ) {
		uint32_t count = piece(at, size);

		VQ_TRY(window_copy(next, place(at), count));
		step(at, count);
		next += count;
		size -= count;
	}
	return VQ_OK;
}

enum vq_err vq_write(struct vq_cursor *at, const void *from, uint32_t size)
{
	if (size > at->left)
		return VQ_ERR_GUEST;
	for (const uint8_t *next = from; size; ) {
		uint32_t count = piece(at, size);

		VQ_TRY(window_copy(place(at), next, count));
		step(at, count);
		next += count;
		size -= count;
	}
	return VQ_OK;
}

enum vq_err vq_zero(struct vq_cursor *at, uint32_t size)
{
	if (size > at->left)
		return VQ_ERR_GUEST;
	while (size) {
		uint32_t count = piece(at, size);

		VQ_TRY(window_zero(place(at), count));
		step(at, count);
		size -= count;
	}
	return VQ_OK;
}

enum vq_err vq_copy(struct vq_cursor *to, struct vq_cursor *from, uint32_t size)
{
	if (size > to->left || size > from->left)
		return VQ_ERR_GUEST;
	while (size) {
		uint32_t count = piece(to, piece(from, size));

		VQ_TRY(window_copy(place(to), place(from), count));
		step(to, count);
		step(from, count);
		size -= count;
	}
	return VQ_OK;
}

enum vq_err vq_next_piece(struct vq_cursor *cursor, uint8_t **at, uint32_t *size)
{
	if (!cursor->left)
		return VQ_ERR_EMPTY;
	*at = place(cursor);
	*size = piece(cursor, cursor->left);
	step(cursor, *size);
	return VQ_OK;
}
