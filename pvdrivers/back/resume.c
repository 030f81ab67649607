/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Going on after a restart: what the state page tells is checked like input from a guest, the rings say which chains were given back in the
 * last instant, and the others are served again in the order in which they were taken. It must not know registers.
 */

#include <string.h>

#include "device.h"
#include "host.h"

static struct state_entry *entry_at(const struct device *d, ticket_t ticket)
{
	return &d->setup.state->log[ticket];
}

static struct vq_token token_at(const struct device *d, ticket_t ticket)
{
	struct vq_token token;

	memcpy(&token, &entry_at(d, ticket)->token, sizeof(token));
	return token;
}

static uint64_t count_taken(const struct device *d, ticket_t ticket)
{
	return STATE_TAKEN_COUNT(entry_at(d, ticket)->taken);
}

static uint64_t count_given(const struct device *d, ticket_t ticket)
{
	return entry_at(d, ticket)->given;
}

/* Insertion by `key`: at most STATE_LOG_MAX tickets, once a restart. */
static void insert(const struct device *d, ticket_t *tickets, unsigned count, ticket_t ticket,
		   uint64_t (*key)(const struct device *, ticket_t))
{
	unsigned at = count;

	for (; at > 0 && key(d, tickets[at - 1]) > key(d, ticket); at--)
		tickets[at] = tickets[at - 1];
	tickets[at] = ticket;
}

/* Entries of a chain that was not issued, or was given back: the predecessor was stopped before it could clear them. */
static bool is_stale(const struct device_queue *q, const struct state_entry *entry)
{
	return STATE_TAKEN_COUNT(entry->taken) > q->taken || (entry->given && entry->given <= q->given);
}

/* Sorts the queue's entries: those that were about to be given, and those that were not. Returns whether they can be. */
static bool sort_log(struct device_queue *q, ticket_t *given, unsigned *given_count, ticket_t *under_way, unsigned *count)
{
	struct device *d = q->device;

	*given_count = *count = 0;
	for (ticket_t n = 0; n < STATE_LOG_MAX; n++) {
		struct state_entry *entry = entry_at(d, n);

		if (!entry->taken || STATE_TAKEN_QUEUE(entry->taken) != q->index)
			continue;
		if (is_stale(q, entry))
			state_store64(&entry->taken, 0);
		else if (entry->given)
			insert(d, given, (*given_count)++, n, count_given);
		else
			insert(d, under_way, (*count)++, n, count_taken);
	}
	for (unsigned n = 0; n < *given_count; n++) {
		if (count_given(d, given[n]) != q->given + 1 + n)
			return false;
	}
	return *given_count + *count == q->taken - q->given;
}

/* Learns from the ring how many of the last batch were published, and forgets those; the others count as under way. */
static bool settle(struct device_queue *q, ticket_t *given, unsigned given_count, ticket_t *under_way, unsigned *count)
{
	static struct vq_token tokens[STATE_LOG_MAX];
	struct device *d = q->device;
	unsigned published;

	for (unsigned n = 0; n < given_count; n++)
		tokens[n] = token_at(d, given[n]);
	if (virtq_restore_published(&q->ring, tokens, given_count, &published) || published > given_count)
		return false;
	q->given += published;
	state_store64(&d->setup.state->queue[q->index].given, STATE_MARK(q->given, virtq_position(&q->ring).used));
	for (unsigned n = 0; n < given_count; n++) {
		struct state_entry *entry = entry_at(d, given[n]);

		if (n < published)
			state_store64(&entry->taken, 0);
		else
			insert(d, under_way, (*count)++, given[n], count_taken);
		entry->given = 0;
	}
	return true;
}

/* In a queue whose chains are given in order, those under way are the last ones taken: the ring still offers them. */
static bool rewind_queue(struct device_queue *q, const ticket_t *under_way, unsigned count)
{
	struct device *d = q->device;
	struct state_queue *state = &d->setup.state->queue[q->index];
	struct vq_setup setup = { state->descriptors, state->driver, state->device, d->driver_features, state->size };
	uint16_t used = virtq_position(&q->ring).used;

	if (!count)
		return true;
	q->taken = q->given;
	state_store64(&state->taken, STATE_MARK(q->taken, used));
	for (unsigned n = 0; n < count; n++)
		state_store64(&entry_at(d, under_way[n])->taken, 0);
	return virtq_restore(&q->ring, &d->setup.window, &setup, (struct vq_position){ used, used }) == VQ_OK;
}

static bool serve_again(struct device_queue *q, const ticket_t *under_way, unsigned count)
{
	static struct vq_chain chain;
	struct device *d = q->device;

	for (unsigned n = 0; n < count && d->is_running; n++) {
		if (!device_check(d, virtq_retake(&q->ring, token_at(d, under_way[n]), &chain), "a chain that was under way"))
			return true;
		if (!d->setup.kind->resume(d->setup.self, q->index, under_way[n], &chain))
			return false;
		d->counters.resumed++;
	}
	return true;
}

static bool restore_ring(struct device_queue *q)
{
	struct device *d = q->device;
	const struct state_queue *state = &d->setup.state->queue[q->index];
	struct vq_setup setup = { state->descriptors, state->driver, state->device, d->driver_features, state->size };
	struct vq_position position = { STATE_MARK_POSITION(state->taken), STATE_MARK_POSITION(state->given) };

	q->taken = STATE_MARK_COUNT(state->taken);
	q->given = STATE_MARK_COUNT(state->given);
	if (state->size > d->setup.kind->queue_size || q->taken < q->given || q->taken - q->given > state->size)
		return false;
	q->is_ready = virtq_restore(&q->ring, &d->setup.window, &setup, position) == VQ_OK;
	return q->is_ready;
}

static bool resume_queue(struct device_queue *q)
{
	static ticket_t given[STATE_LOG_MAX], under_way[STATE_LOG_MAX];
	const struct device_kind *kind = q->device->setup.kind;
	unsigned given_count, count;

	if (!restore_ring(q) || !sort_log(q, given, &given_count, under_way, &count) ||
	    !settle(q, given, given_count, under_way, &count))
		return false;
	if (kind->resume)
		return serve_again(q, under_way, count);
	return rewind_queue(q, under_way, count);
}

/* Entries that name no queue, or one that is not ready, stand for nothing. */
static void drop_orphans(struct device *d)
{
	for (ticket_t n = 0; n < STATE_LOG_MAX; n++) {
		struct state_entry *entry = entry_at(d, n);
		uint32_t queue = STATE_TAKEN_QUEUE(entry->taken);

		if (entry->taken && (queue >= d->setup.kind->queue_count || !d->setup.state->queue[queue].is_ready))
			state_store64(&entry->taken, 0);
	}
}

bool device_resume(struct device *d)
{
	bool good = true;

	drop_orphans(d);
	for (uint32_t n = 0; n < d->setup.kind->queue_count && good; n++) {
		if (d->setup.state->queue[n].is_ready)
			good = resume_queue(&d->queue[n]);
	}
	log_init(d);
	d->interrupt |= DEVICE_INTERRUPT_USED;	/* the predecessor may have been stopped between the index and its interrupt */
	return good;
}
