/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device side of a split ring (virtio 1.2, 2.7). Indices run freely modulo 2^16; the ring is in the peer's memory.
 */

#include "virtq_private.h"

enum vq_err split_attach(struct virtq *q, const struct vq_setup *setup)
{
	uint8_t *at;

	if (q->size & (q->size - 1))
		return VQ_ERR_SETUP;
	VQ_TRY(area_resolve(q, setup->descriptors, (uint64_t)RING_DESCRIPTOR_BYTES * q->size, 16, &at));
	q->split.descriptors = (const uint64_t *)(void *)at;
	VQ_TRY(area_resolve(q, setup->driver, avail_bytes(q->size), 2, &at));
	q->split.avail = (const uint16_t *)(void *)at;
	VQ_TRY(area_resolve(q, setup->device, used_bytes(q->size), 4, &at));
	q->split.used = (uint16_t *)(void *)at;
	return VQ_OK;
}

/* Reads the driver's index. It goes forward, and never past what the ring holds beside the chains that were not given back.
 * The load is acquire: its partner is the driver's release, or barrier, before it stores the index (2.7.13.3), so the entries and
 * descriptors below it are complete. */
static enum vq_err read_index(struct virtq *q)
{
	uint16_t index, ahead;

	VQ_TRY(window_load16(&q->split.avail[AVAIL_INDEX], &index));
	ahead = (uint16_t)(index - q->published);
	if (ahead > q->size || ahead < (uint16_t)(q->avail_seen - q->published))
		return VQ_ERR_GUEST;
	q->avail_seen = index;
	return VQ_OK;
}

enum vq_err split_pending(struct virtq *q, bool *pending)
{
	if (q->avail_seen == q->avail)
		VQ_TRY(read_index(q));
	*pending = q->avail_seen != q->avail;
	return VQ_OK;
}

/* Takes what an indirect table lists. It was copied, so its links may be followed; there are at most `count` steps. */
static enum vq_err take_table(const struct virtq *q, uint64_t address, uint32_t size, struct vq_chain *chain)
{
	uint64_t table[VQ_CHAIN_MAX][2];
	uint16_t count, at = 0;

	VQ_TRY(table_read(q, address, size, table, &count));
	for (uint16_t step = 0; step < count && at < count; step++) {
		uint16_t flags = split_flags(table[at][1]);

		if (flags & RING_INDIRECT)
			return VQ_ERR_GUEST;
		VQ_TRY(chain_add(chain, q->window, table[at][0], (uint32_t)table[at][1], flags & RING_WRITE));
		if (!(flags & RING_NEXT))
			return VQ_OK;
		at = split_next(table[at][1]);
	}
	return VQ_ERR_GUEST;	/* a loop, or a link out of the table */
}

/* Takes the chain from descriptor `at` on. Each step adds a segment, and chain_add() bounds those: a loop ends. */
static enum vq_err take_chain(const struct virtq *q, uint16_t at, struct vq_chain *chain)
{
	while (at < q->size) {
		uint64_t address, word;

		VQ_TRY(window_load64(&q->split.descriptors[2 * at], &address));
		VQ_TRY(window_load64(&q->split.descriptors[2 * at + 1], &word));
		if (split_flags(word) & RING_INDIRECT) {
			if (split_flags(word) & RING_NEXT)
				return VQ_ERR_GUEST;
			return take_table(q, address, (uint32_t)word, chain);
		}
		VQ_TRY(chain_add(chain, q->window, address, (uint32_t)word, split_flags(word) & RING_WRITE));
#ifdef FUZZ_PLANT_VIRTQ_DEVICE	/* the fault that the fuzzer's smoke run must find: a length read again after it was checked */
		VQ_TRY(window_load64(&q->split.descriptors[2 * at + 1], &word));
		chain->segment[chain->readable_count + chain->writable_count - 1].size = (uint32_t)word;
#endif
		if (!(split_flags(word) & RING_NEXT))
			return VQ_OK;
		at = split_next(word);
	}
	return VQ_ERR_GUEST;	/* no such descriptor */
}

enum vq_err split_pop(struct virtq *q, struct vq_chain *chain)
{
	bool pending;
	uint16_t head;

	VQ_TRY(split_pending(q, &pending));
	if (!pending)
		return VQ_ERR_EMPTY;
	VQ_TRY(window_load16(&q->split.avail[AVAIL_ENTRY + (q->avail & (q->size - 1))], &head));
	chain_clear(chain, q->avail);
	chain->token.id = head;
	VQ_TRY(take_chain(q, head, chain));
	q->avail++;
	return VQ_OK;
}

enum vq_err split_retake(const struct virtq *q, struct vq_token token, struct vq_chain *chain)
{
	chain_clear(chain, token.taken_at);
	chain->token.id = token.id;
	return take_chain(q, token.id, chain);
}

/* Writes the entries that are held into the ring, where the driver does not look before the index passes them. */
static enum vq_err write_held(struct virtq *q)
{
	uint16_t first = (uint16_t)(q->used - q->held_count) & (q->size - 1);
	uint16_t straight = (uint16_t)(q->size - first) < q->held_count ? (uint16_t)(q->size - first) : q->held_count;
	uint16_t *entries = q->split.used + USED_ENTRY;

	VQ_TRY(window_copy(entries + USED_ENTRY_WORDS * first, q->held, straight * sizeof(q->held[0])));
	if (straight < q->held_count)
		VQ_TRY(window_copy(entries, &q->held[straight], (size_t)(q->held_count - straight) * sizeof(q->held[0])));
	q->held_count = 0;
	return VQ_OK;
}

enum vq_err split_push(struct virtq *q, struct vq_token token, uint32_t written)
{
	if (token.id >= q->size || q->used == q->avail)
		return VQ_ERR_SETUP;
	if (q->held_count == VQ_HELD_MAX)
		VQ_TRY(write_held(q));
	q->held[q->held_count++] = token.id | (uint64_t)written << 32;
	q->used++;
	return VQ_OK;
}

enum vq_err split_publish(struct virtq *q)
{
	VQ_TRY(write_held(q));
	/* Release: entries, and the data that the device wrote, before the index; its partner is the driver's acquire of the index
	 * (2.7.14). */
	VQ_TRY(window_store16(&q->split.used[USED_INDEX], q->used));
	q->unnotified = count_more(q->unnotified, (uint16_t)(q->used - q->published));
	q->published = q->used;
	return VQ_OK;
}

enum vq_err split_wants_notification(struct virtq *q, bool *notify)
{
	uint16_t word;

	if (q->has_event_index) {
		VQ_TRY(window_load16(&q->split.avail[AVAIL_ENTRY + q->size], &word));
		*notify = split_event_passed(word, q->published, q->unnotified);
	} else {
		VQ_TRY(window_load16(&q->split.avail[AVAIL_FLAGS], &word));
		*notify = !(word & AVAIL_NO_INTERRUPT);
	}
	return VQ_OK;
}

/* With event index, not to want is to say nothing: the index that was asked for stays behind (2.7.10). */
enum vq_err split_set_signal(struct virtq *q, bool wanted)
{
	uint16_t flags = wanted ? 0 : (uint16_t)USED_NO_NOTIFY;

	if (!q->has_event_index)
		return window_store16(&q->split.used[USED_FLAGS], flags);
	return wanted ? window_store16(&q->split.used[used_event_at(q->size)], q->avail) : VQ_OK;
}

enum vq_err split_restore_published(struct virtq *q, unsigned count, unsigned *published)
{
	uint16_t index;

	VQ_TRY(window_load16(&q->split.used[USED_INDEX], &index));
	*published = (uint16_t)(index - q->published);
	if (*published > count || *published > (uint16_t)(q->avail - q->published))
		return VQ_ERR_GUEST;
	q->used = q->published = index;
	return VQ_OK;
}
