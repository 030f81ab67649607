/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device side of a packed ring (virtio 1.2, 2.8). Positions carry the wrap counter in bit 15; the ring is in the peer's memory.
 */

#include "virtq_private.h"

enum vq_err packed_attach(struct virtq *q, const struct vq_setup *setup)
{
	uint8_t *at;

	VQ_TRY(area_resolve(q, setup->descriptors, (uint64_t)RING_DESCRIPTOR_BYTES * q->size, 16, &at));
	q->packed.descriptors = (uint64_t *)(void *)at;
	VQ_TRY(area_resolve(q, setup->driver, 4, 4, &at));
	q->packed.driver_event = (const uint32_t *)(void *)at;
	VQ_TRY(area_resolve(q, setup->device, 4, 4, &at));
	q->packed.device_event = (uint32_t *)(void *)at;
	q->avail = q->used = q->published = POSITION_WRAP;	/* wrap counters start at 1 (2.8.1) */
	return VQ_OK;
}

/* The second word of the descriptor at `at`. The load is acquire: its partner is the driver's barrier before it stores the flags of a
 * chain's first descriptor (2.8.21.1), so the rest is complete once those say available. */
static enum vq_err read_word(const struct virtq *q, uint16_t at, uint64_t *word)
{
	return window_load64(&q->packed.descriptors[2 * position_offset(at) + 1], word);
}

enum vq_err packed_pending(struct virtq *q, bool *pending)
{
	uint64_t word;

	VQ_TRY(read_word(q, q->avail, &word));
	*pending = packed_is(packed_flags(word), packed_avail_flags(q->avail));
	return VQ_OK;
}

/* Takes what an indirect table lists, in its order; no flag but "write" means anything in it (2.8.7). */
static enum vq_err take_table(const struct virtq *q, uint64_t address, uint32_t size, struct vq_chain *chain)
{
	uint64_t table[VQ_CHAIN_MAX][2];
	uint16_t count;

	VQ_TRY(table_read(q, address, size, table, &count));
	for (uint16_t at = 0; at < count; at++)
		VQ_TRY(chain_add(chain, q->window, table[at][0], (uint32_t)table[at][1], packed_flags(table[at][1]) & RING_WRITE));
	return VQ_OK;
}

/* Takes the chain that starts at the token's position, whose second word was read; it has `room` slots at most. */
static enum vq_err take_chain(const struct virtq *q, uint64_t word, uint16_t room, struct vq_chain *chain)
{
	for (uint16_t slots = 1, at = chain->token.taken_at; slots <= room; slots++) {
		uint64_t address;

		VQ_TRY(window_load64(&q->packed.descriptors[2 * position_offset(at)], &address));
		chain->token.id = packed_id(word);	/* the last one's counts (2.8.6) */
		chain->token.slots = slots;
		if (packed_flags(word) & RING_INDIRECT) {
			if (slots > 1 || packed_flags(word) & RING_NEXT)
				return VQ_ERR_GUEST;
			return take_table(q, address, (uint32_t)word, chain);
		}
		VQ_TRY(chain_add(chain, q->window, address, (uint32_t)word, packed_flags(word) & RING_WRITE));
		if (!(packed_flags(word) & RING_NEXT))
			return VQ_OK;
		at = position_add(at, 1, q->size);
		VQ_TRY(read_word(q, at, &word));
	}
	return VQ_ERR_GUEST;	/* longer than the ring, or offered while the device still had it */
}

enum vq_err packed_pop(struct virtq *q, struct vq_chain *chain)
{
	uint64_t word;

	VQ_TRY(read_word(q, q->avail, &word));
	if (!packed_is(packed_flags(word), packed_avail_flags(q->avail)))
		return VQ_ERR_EMPTY;
	chain_clear(chain, q->avail);
	/* It may fill the ring beside what was not given back. */
	VQ_TRY(take_chain(q, word, (uint16_t)(q->size - position_distance(q->published, q->avail, q->size)), chain));
	q->avail = position_add(q->avail, chain->token.slots, q->size);
	return VQ_OK;
}

/* What a used descriptor has overwritten is gone: chains that were taken before one that came back earlier. */
enum vq_err packed_retake(const struct virtq *q, struct vq_token token, struct vq_chain *chain)
{
	uint64_t word;

	if (position_offset(token.taken_at) >= q->size)
		return VQ_ERR_SETUP;
	VQ_TRY(read_word(q, token.taken_at, &word));
	if (!packed_is(packed_flags(word), packed_avail_flags(token.taken_at)))
		return VQ_ERR_EMPTY;
	chain_clear(chain, token.taken_at);
	VQ_TRY(take_chain(q, word, q->size, chain));
	return chain->token.id == token.id && chain->token.slots == token.slots ? VQ_OK : VQ_ERR_EMPTY;
}

/* The first of a batch is held back: the driver looks there, and sees none of the batch before virtq_publish(). */
enum vq_err packed_push(struct virtq *q, struct vq_token token, uint32_t written)
{
	uint16_t flags = (uint16_t)(packed_used_flags(q->used) | (written ? RING_WRITE : 0));
	uint64_t word = packed_word(written, token.id, flags);

	if (token.slots == 0 || token.slots > position_distance(q->used, q->avail, q->size))
		return VQ_ERR_SETUP;
	if (q->used == q->published)
		q->held[0] = word;
	else
		VQ_TRY(window_store64(&q->packed.descriptors[2 * position_offset(q->used) + 1], word));
	q->used = position_add(q->used, token.slots, q->size);
	return VQ_OK;
}

enum vq_err packed_publish(struct virtq *q)
{
	/* Release: the rest of the batch, and the data that the device wrote, before the first one's flags; its partner is the
	 * driver's acquire of those flags (2.8.22). */
	VQ_TRY(window_store64(&q->packed.descriptors[2 * position_offset(q->published) + 1], q->held[0]));
	q->unnotified = count_more(q->unnotified, position_distance(q->published, q->used, q->size));
	q->published = q->used;
	return VQ_OK;
}

enum vq_err packed_wants_notification(struct virtq *q, bool *notify)
{
	uint32_t event;

	VQ_TRY(window_load32(q->packed.driver_event, &event));
	if ((event & EVENT_FLAGS) == EVENT_DESCRIPTOR && q->has_event_index)
		*notify = packed_event_passed((uint16_t)event, q->published, q->unnotified, q->size);
	else
		*notify = (event & EVENT_FLAGS) != EVENT_DISABLE;
	return VQ_OK;
}

enum vq_err packed_set_signal(struct virtq *q, bool wanted)
{
	uint32_t here = q->has_event_index ? EVENT_DESCRIPTOR | q->avail : EVENT_ENABLE;

	return window_store32(q->packed.device_event, wanted ? here : EVENT_DISABLE);
}

/* Used descriptors behind one that is not used were written by a life that ended before it showed them. They must not be seen when
 * that one is: they become as used in the round before, which the driver does not take, nor does packed_retake(). */
static enum vq_err forget_unpublished(struct virtq *q)
{
	uint16_t count = position_distance(q->used, q->avail, q->size);

	for (uint16_t at = q->used; count > 0; count--, at = position_add(at, 1, q->size)) {
		uint64_t word;

		VQ_TRY(read_word(q, at, &word));
		if (packed_is(packed_flags(word), packed_used_flags(at))) {
			if (at == q->used)
				return VQ_ERR_GUEST;	/* shown, and nobody gave it back */
			word ^= (uint64_t)(RING_AVAIL | RING_USED) << 48;
			VQ_TRY(window_store64(&q->packed.descriptors[2 * position_offset(at) + 1], word));
		}
	}
	return VQ_OK;
}

/* A batch's first descriptor is written last, so those that look used behind one that does not were never shown. */
enum vq_err packed_restore_published(struct virtq *q, const struct vq_token *tokens, unsigned count, unsigned *published)
{
	for (*published = 0; *published < count; ++*published) {
		const struct vq_token *token = &tokens[*published];
		uint64_t word;

		if (token->slots == 0 || token->slots > position_distance(q->used, q->avail, q->size))
			return VQ_ERR_SETUP;
		VQ_TRY(read_word(q, q->used, &word));
		if (!packed_is(packed_flags(word), packed_used_flags(q->used)) || packed_id(word) != token->id)
			break;
		q->used = q->published = position_add(q->used, token->slots, q->size);
	}
	return forget_unpublished(q);
}
