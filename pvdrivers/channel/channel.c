/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One end of a channel. Each word of the shared memory has one writer: this end writes its own region and never reads it (but for the life
 * of its last opening), and reads the other one's.
 *
 * Which life of which end the positions are about stands in `life` and `peer`. An end that starts, or sees that the other one did, first
 * takes its `peer` away, then sets its positions to 0, then names the other end's life as its `peer`: all by release. A reader takes a
 * position first, then `peer`, then `life`, all by acquire, and believes the position if both are what they were: a position of another
 * meeting would have brought the changed `peer` or `life` with it.
 *
 * It must not know what a signal is, nor who waits for one.
 */
#include <string.h>

#include "channel.h"
#include "channel_words.h"

#define RECORD(bytes)	(CHANNEL_RECORD + (((uint64_t)(bytes) + CHANNEL_RECORD - 1) & ~(uint64_t)(CHANNEL_RECORD - 1)))

static void tell(struct channel *c)
{
	c->signals++;
	c->signal(c->arg);
}

/* ---- who is there ---- */

/* From here on the other end believes no position of ours until `peer` names its life again. */
static void forget(struct channel *c)
{
	struct channel_region *r = c->ours;

	c->peer = c->head = c->tail = 0;
	c->has_met = false;
	channel_store64(&r->peer, 0);
	channel_store64(&r->head, 0);
	channel_store64(&r->tail, 0);
	channel_store64(&r->room_wanted, CHANNEL_NEVER);
	channel_store64(&r->data_wanted, CHANNEL_NEVER);
}

void channel_start(struct channel *c, struct channel_region *ours, const struct channel_region *theirs, uint32_t bytes,
		   void (*signal)(void *arg), void *arg)
{
	uint64_t life = channel_load64(&ours->life) + 1;

	*c = (struct channel){ .ours = ours, .theirs = theirs, .ring_bytes = bytes - (uint32_t)offsetof(struct channel_region, ring), .signal = signal,
			       .arg = arg, .life = life ? life : 1 };
	forget(c);
	__atomic_store_n(&ours->magic, CHANNEL_MAGIC, __ATOMIC_RELAXED); /* seen by who sees the life */
	channel_store64(&ours->life, c->life);
	tell(c);
}

/* The other end broke the rules: it may begin a new life. */
static enum channel_err refuse(struct channel *c)
{
	c->refused = c->peer;
	forget(c);
	return CHANNEL_BROKEN;
}

static void accept(struct channel *c, uint64_t life)
{
	forget(c);
	c->refused = 0;
	c->peer = life;
	channel_store64(&c->ours->peer, life);
	tell(c);
}

/* Life of the other end; 0: it is not there, or writes something else. */
static uint64_t life_there(const struct channel *c)
{
	uint64_t life = channel_load64(&c->theirs->life);

	return life && channel_load32(&c->theirs->magic) == CHANNEL_MAGIC ? life : 0;
}

static bool is_refused(const struct channel *c, uint64_t life)
{
	return life && life == c->refused;
}

/* It names our life now. MET: it did not before. */
static enum channel_err meet_named(struct channel *c)
{
	if (c->has_met)
		return CHANNEL_OK;
	c->has_met = true;
	c->meetings++;
	return CHANNEL_MET;
}

/* Do both ends name each other's life? What was loaded before this is theirs then. */
static enum channel_err meet(struct channel *c)
{
	uint64_t peer = channel_load64(&c->theirs->peer), life = life_there(c);

	if (life != c->peer && !is_refused(c, life)) {
		accept(c, life);
		peer = channel_load64(&c->theirs->peer);
	}
	if (is_refused(c, life))
		return CHANNEL_BROKEN;
	if (life && peer == c->life)
		return meet_named(c);
	c->has_met = false;
	return CHANNEL_ALONE;
}

/* ---- rings: `at` is a position ---- */

static void ring_put(uint8_t *ring, uint32_t ring_bytes, uint64_t at, const void *from, uint32_t bytes)
{
	uint32_t offset = (uint32_t)(at % ring_bytes), first = bytes < ring_bytes - offset ? bytes : ring_bytes - offset;

	memcpy(ring + offset, from, first);
	memcpy(ring, (const uint8_t *)from + first, bytes - first);
}

static void ring_get(const uint8_t *ring, uint32_t ring_bytes, uint64_t at, void *to, uint32_t bytes)
{
	uint32_t offset = (uint32_t)(at % ring_bytes), first = bytes < ring_bytes - offset ? bytes : ring_bytes - offset;

	memcpy(to, ring + offset, first);
	memcpy((uint8_t *)to + first, ring, bytes - first);
}

/* Did a position that went on from `from` by `bytes` pass `wanted`? */
static bool passed(uint64_t from, uint64_t bytes, uint64_t wanted)
{
	return wanted - from < bytes;
}

uint32_t channel_longest(const struct channel *c)
{
	return c->ring_bytes - CHANNEL_RECORD;
}

/* ---- sending ---- */

/* Bytes that are free in our ring. Its partner is the other end's store of its tail, behind its copy out of the ring. */
static enum channel_err free_bytes(struct channel *c, uint64_t *bytes)
{
	uint64_t tail = channel_load64(&c->theirs->tail);
	enum channel_err err = meet(c);

	if (err != CHANNEL_OK)
		return err;
	if (c->head - tail > c->ring_bytes || tail % CHANNEL_RECORD)
		return refuse(c);
	*bytes = c->ring_bytes - (c->head - tail);
	return CHANNEL_OK;
}

enum channel_err channel_send(struct channel *c, const void *message, uint32_t bytes)
{
	const uint32_t header[2] = { bytes, 0 };
	uint64_t record = RECORD(bytes), room, from = c->head;
	enum channel_err err;

	if (record > c->ring_bytes)
		return CHANNEL_TOO_LONG;
	err = free_bytes(c, &room);
	if (err != CHANNEL_OK || room < record)
		return err != CHANNEL_OK ? err : CHANNEL_FULL;
	ring_put(c->ours->ring, c->ring_bytes, from, header, sizeof(header));
	ring_put(c->ours->ring, c->ring_bytes, from + CHANNEL_RECORD, message, bytes);
	c->head = from + record;
	/* Release: the record is there for who sees the head. And before the load below: its partner is channel_ask_message(). */
	channel_store64(&c->ours->head, c->head);
	if (passed(from, record, channel_load64(&c->theirs->data_wanted)))
		tell(c);
	return CHANNEL_OK;
}

/* ---- receiving ---- */

/* The record at our tail: its length, and whole, as far as the other end's head goes. */
static enum channel_err record_find(struct channel *c, uint32_t *bytes)
{
	uint64_t used = channel_load64(&c->theirs->head) - c->tail;
	enum channel_err err = meet(c);
	uint64_t tail = c->tail;

	if (err != CHANNEL_OK)
		return err;
	if (used > c->ring_bytes || used % CHANNEL_RECORD)
		return refuse(c);
	if (!used)
		return CHANNEL_EMPTY;
	*bytes = channel_load32((const uint32_t *)(const void *)(c->theirs->ring + tail % c->ring_bytes));
	return RECORD(*bytes) > used ? refuse(c) : CHANNEL_OK;
}

enum channel_err channel_receive(struct channel *c, void *message, uint32_t room, uint32_t *bytes)
{
	enum channel_err err;
	uint64_t from;

	*bytes = 0;
	err = record_find(c, bytes);
	if (err != CHANNEL_OK)
		return err;
	from = c->tail;
	if (*bytes <= room)
		ring_get(c->theirs->ring, c->ring_bytes, from + CHANNEL_RECORD, message, *bytes);
	c->tail = from + RECORD(*bytes);
	/* Release: the bytes are copied before they are free. And before the load below: its partner is channel_ask_room(). */
	channel_store64(&c->ours->tail, c->tail);
	if (passed(from, c->tail - from, channel_load64(&c->theirs->room_wanted)))
		tell(c);
	return *bytes <= room ? CHANNEL_OK : CHANNEL_TOO_LONG;
}

/* ---- sleeping ---- */

/* Nothing changed between the ends since the last call that looked. Who comes, or names us, signals without being asked. */
static bool is_quiet(const struct channel *c)
{
	uint64_t peer = channel_load64(&c->theirs->peer), life = life_there(c);

	return is_refused(c, life) || (life == c->peer && (!life || (peer == c->life) == c->has_met));
}

/* The store, then a look: the other end stores its head, then looks at what we want. One of the two sees the other. */
bool channel_ask_message(struct channel *c)
{
	channel_store64(&c->ours->data_wanted, c->tail);
	return channel_load64(&c->theirs->head) == c->tail ? is_quiet(c) : !c->has_met && is_quiet(c);
}

/* The same with its tail. What cannot be is no reason to sleep: the next call finds out. */
bool channel_ask_room(struct channel *c, uint32_t bytes)
{
	uint64_t least = c->head + RECORD(bytes) - c->ring_bytes, used;

	channel_store64(&c->ours->room_wanted, least - 1);
	used = c->head - channel_load64(&c->theirs->tail);
	return is_quiet(c) && (!c->has_met || (used <= c->ring_bytes && c->ring_bytes - used < RECORD(bytes)));
}
