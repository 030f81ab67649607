/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A queue of a device: its ring, and the log in the state page of what was taken from it. The order of the stores is that of state.h. It
 * must not know what a chain is for, nor registers.
 */

#include <string.h>

#include "device.h"
#include "host.h"

_Static_assert(sizeof(struct vq_token) == sizeof(uint64_t), "state_entry.token");

static struct state_entry *entry_of(const struct device_queue *q, ticket_t ticket)
{
	return &q->device->setup.state->log[ticket];
}

static struct state_queue *state_of(const struct device_queue *q)
{
	return &q->device->setup.state->queue[q->index];
}

/* ---- the log ---- */

void log_init(struct device *d)
{
	d->free_first = DEVICE_NONE;
	for (ticket_t n = STATE_LOG_MAX; n-- > 0; ) {
		if (d->setup.state->log[n].taken)
			continue;
		d->next[n] = d->free_first;
		d->free_first = n;
	}
}

void log_clear(struct device *d, ticket_t ticket)
{
	state_store64(&d->setup.state->log[ticket].taken, 0);
	d->next[ticket] = d->free_first;
	d->free_first = ticket;
}

static void log_take(struct device_queue *q, const struct vq_token *token, ticket_t *ticket)
{
	struct device *d = q->device;
	struct state_entry *entry;
	uint64_t word;

	*ticket = d->free_first;
	d->free_first = d->next[*ticket];
	entry = entry_of(q, *ticket);
	memcpy(&word, token, sizeof(word));
	entry->token = word;
	entry->given = 0;
	state_store64(&entry->taken, STATE_TAKEN(++q->taken, q->index));
	state_store64(&state_of(q)->taken, STATE_MARK(q->taken, virtq_position(&q->ring).avail));
}

/* ---- chains ---- */

bool queue_take(struct device_queue *q, struct vq_chain *chain, ticket_t *ticket)
{
	struct device *d = q->device;
	enum vq_err err;

	if (!d->is_running || !q->is_ready)
		return false;
	if (d->free_first == DEVICE_NONE) {
		queue_starve(q);
		return false;
	}
	err = virtq_pop(&q->ring, chain);
	if (err == VQ_ERR_EMPTY || !device_check(d, err, "a chain"))
		return false;
	log_take(q, &chain->token, ticket);
	return true;
}

void queue_untake(struct device_queue *q, const struct vq_chain *chain, ticket_t ticket)
{
	if (!q->device->is_running)
		return;
	virtq_unpop(&q->ring, chain);
	state_store64(&state_of(q)->taken, STATE_MARK(--q->taken, virtq_position(&q->ring).avail));
	log_clear(q->device, ticket);
}

static struct vq_token token_of(const struct device_queue *q, ticket_t ticket)
{
	struct vq_token token;

	memcpy(&token, &entry_of(q, ticket)->token, sizeof(token));
	return token;
}

void queue_give(struct device_queue *q, ticket_t ticket, uint32_t written)
{
	struct device *d = q->device;

	if (!d->is_running)
		return;
	state_store64(&entry_of(q, ticket)->given, ++q->given);
	d->counters.out_of_order += STATE_TAKEN_COUNT(entry_of(q, ticket)->taken) != q->given;
	d->next[ticket] = DEVICE_NONE;
	if (q->is_dirty)
		d->next[q->batch_last] = ticket;
	else
		q->batch_first = ticket;
	q->batch_last = ticket;
	q->is_dirty = true;
	for (uint32_t n = 0; n < d->setup.kind->queue_count; n++)
		d->queue[n].is_starved = false;
	device_check(d, virtq_push(&q->ring, token_of(q, ticket), written), "a used entry");
}

static void clear_batch(struct device_queue *q)
{
	for (ticket_t ticket = q->batch_first; ticket != DEVICE_NONE; ) {
		ticket_t next = q->device->next[ticket];

		log_clear(q->device, ticket);
		ticket = next;
	}
	q->is_dirty = false;
}

/* Does the driver want to hear of what was published? It may have been a while ago: the fence in there stands between the used index that we
 * stored and the wish that is read now, whenever that is. */
void queue_ask(struct device_queue *q)
{
	struct device *d = q->device;
	bool notify;

	q->ask_at_ns = 0;
	if (d->is_running && device_check(d, virtq_should_notify(&q->ring, &notify), "the interrupt wish") && notify)
		d->interrupt |= DEVICE_INTERRUPT_USED;
}

void queue_publish(struct device_queue *q)
{
	struct device *d = q->device;

	if (!q->is_dirty || !d->is_running)
		return;
	if (!device_check(d, virtq_publish(&q->ring), "the used index"))
		return;
	state_store64(&state_of(q)->given, STATE_MARK(q->given, virtq_position(&q->ring).used));
	clear_batch(q);
	if (!(d->setup.kind->lazy & 1u << q->index))
		queue_ask(q);
	else if (!q->ask_at_ns)
		q->ask_at_ns = host_now_ns() + DEVICE_LAZY_NS;
}

/* ---- begin and end ---- */

static struct vq_setup setup_of(const struct device_queue *q)
{
	const struct state_queue *state = state_of(q);

	return (struct vq_setup){ state->descriptors, state->driver, state->device, q->device->driver_features, state->size };
}

bool queue_start(struct device_queue *q)
{
	struct vq_setup setup = setup_of(q);
	struct state_queue *state = state_of(q);

	if (setup.size > q->device->setup.kind->queue_size || virtq_init(&q->ring, &q->device->setup.window, &setup))
		return false;
	q->taken = q->given = 0;
	q->is_dirty = q->is_asleep = q->is_starved = false;
	q->not_before_ns = q->ask_at_ns = 0;
	q->is_ready = true;
	state_store64(&state->taken, STATE_MARK(0, virtq_position(&q->ring).avail));
	state_store64(&state->given, STATE_MARK(0, virtq_position(&q->ring).used));
	state_store16(&state->is_ready, 1);
	return true;
}

void queue_end(struct device_queue *q)
{
	struct device *d = q->device;
	struct state_queue *state = state_of(q);

	q->is_ready = q->is_dirty = q->is_asleep = false;
	q->ask_at_ns = 0;
	state_store16(&state->is_ready, 0);
	for (ticket_t n = 0; n < STATE_LOG_MAX; n++) {
		if (d->setup.state->log[n].taken && STATE_TAKEN_QUEUE(d->setup.state->log[n].taken) == q->index)
			state_store64(&d->setup.state->log[n].taken, 0);
	}
	memset(state, 0, sizeof(*state));
	log_init(d);
}
