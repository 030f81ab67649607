/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registers of virtio-mmio (Virtual I/O Device (VIRTIO) 1.2, 4.2), as hand-offs bring them: negotiation, queues, resets, lives. It must
 * not know what a device is for, nor chains.
 */

#include <string.h>

#include <virtio/virtio_mmio.h>

#include "device.h"
#include "host.h"

#define RING_FEATURES	(VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_VERSION_1 | VIRTIO_F_RING_RESET)

/* ---- the page ---- */

static void page_store(const struct device *d, uint32_t offset, uint32_t value)
{
	*(volatile uint32_t *)((volatile uint8_t *)d->setup.page + offset) = value;
}

static uint32_t page_load(const struct device *d, uint32_t offset)
{
	return *(volatile uint32_t *)((volatile uint8_t *)d->setup.page + offset);
}

static uint64_t offered(const struct device *d)
{
	return d->setup.features | d->setup.demanded | RING_FEATURES;
}

static uint64_t demanded(const struct device *d)
{
	return d->setup.demanded | VIRTIO_F_VERSION_1;
}

static struct state_queue *selected(const struct device *d)
{
	return d->queue_sel < d->setup.kind->queue_count ? &d->setup.state->queue[d->queue_sel] : NULL;
}

/* The words that depend on selectors. QueueReset reads 0 always: a reset of a queue is done when its write is. */
static void page_refresh(const struct device *d)
{
	const struct state_queue *queue = selected(d);
	uint32_t sel = d->device_features_sel;

	page_store(d, VIRTIO_MMIO_DEVICE_FEATURES, sel < 2 ? (uint32_t)(offered(d) >> 32 * sel) : 0);
	page_store(d, VIRTIO_MMIO_QUEUE_NUM_MAX, queue ? d->setup.kind->queue_size : 0);
	page_store(d, VIRTIO_MMIO_QUEUE_READY, queue ? queue->is_ready : 0);
	page_store(d, VIRTIO_MMIO_QUEUE_RESET, 0);
}

/* Everything else that is ours. Returns whether the configuration was another one. */
static bool page_init(const struct device *d)
{
	bool is_new = false;

	for (uint32_t at = VIRTIO_MMIO_SHM_LEN_LOW; at <= VIRTIO_MMIO_SHM_BASE_HIGH; at += 4)
		page_store(d, at, UINT32_MAX);
	for (uint32_t at = 0; at < d->setup.config_bytes; at += 4) {
		uint32_t word;

		memcpy(&word, d->config + at, 4);
		if (page_load(d, VIRTIO_MMIO_CONFIG + at) == word)
			continue;
		page_store(d, VIRTIO_MMIO_CONFIG + at, word);
		is_new = true;
	}
	page_refresh(d);
	return is_new;
}

static void config_changed(struct device *d)
{
	page_store(d, VIRTIO_MMIO_CONFIG_GENERATION, page_load(d, VIRTIO_MMIO_CONFIG_GENERATION) + 1);
	if (d->status & VIRTIO_STATUS_DRIVER_OK)
		d->interrupt |= DEVICE_INTERRUPT_CONFIG;
}

void device_set_config(struct device *d, uint32_t offset, const void *bytes, uint32_t size)
{
	volatile uint8_t *at = (volatile uint8_t *)d->setup.page + VIRTIO_MMIO_CONFIG + offset;

	if (size > d->setup.config_bytes || offset > d->setup.config_bytes - size || !memcmp(d->config + offset, bytes, size))
		return;
	memcpy(d->config + offset, bytes, size);
	if (size == 2)
		*(volatile uint16_t *)at = (uint16_t)(d->config[offset] | d->config[offset + 1] << 8);
	else if (size % 4)
		*at = d->config[offset];
	for (uint32_t n = 0; size % 4 == 0 && n < size; n += 4) {
		uint32_t word;

		memcpy(&word, d->config + offset + n, 4);
		page_store(d, VIRTIO_MMIO_CONFIG + offset + n, word);
	}
	config_changed(d);
}

/* ---- wrong, and gone ---- */

bool device_runs(const struct device *d)
{
	return d->status & VIRTIO_STATUS_DRIVER_OK && !(d->status & VIRTIO_STATUS_FAILED) && !d->is_broken && !d->is_lost &&
	       d->pending == DEVICE_PENDING_NONE && d->setup.shared->flags & DEVICE_LINE_WINDOW;
}

void device_break(struct device *d, const char *why)
{
	if (d->is_broken)
		return;
	d->is_broken = true;
	d->is_running = false;
	d->counters.breaks++;
	state_store32(&d->setup.state->is_broken, 1);
	host_device_interrupt(d->setup.line, DEVICE_INTERRUPT_CONFIG, DEVICE_STATUS_NEEDS_RESET);
	host_say("%s: broken by its driver: %s", d->setup.label, why);
}

bool device_check(struct device *d, enum vq_err err, const char *what)
{
	if (err == VQ_OK)
		return true;
	if (err != VQ_ERR_FAULT) {
		device_break(d, what);
	} else if (!d->is_lost) {
		d->is_lost = true;
		d->is_running = false;
		d->counters.losses++;
	}
	return false;
}

/* ---- stopping ---- */

static bool is_idle(const struct device *d, uint32_t queue)
{
	return d->setup.kind->is_idle(d->setup.self, queue);
}

static bool is_all_idle(const struct device *d)
{
	for (uint32_t n = 0; n < d->setup.kind->queue_count; n++) {
		if (!is_idle(d, n))
			return false;
	}
	return true;
}

static void stop_all(struct device *d)
{
	d->is_running = false;
	for (uint32_t n = 0; n < d->setup.kind->queue_count; n++)
		d->setup.kind->stop(d->setup.self, n);
}

/* As after a reset; the state page forgets first that the driver was ready, so that nothing is taken for alive. */
void device_forget(struct device *d)
{
	struct device_state *state = d->setup.state;

	state_store32(&state->status, 0);
	for (uint32_t n = 0; n < d->setup.kind->queue_count; n++)
		queue_end(&d->queue[n]);
	d->status = d->device_features_sel = d->driver_features_sel = d->queue_sel = 0;
	d->driver_features = 0;
	d->is_broken = d->is_lost = false;
	d->interrupt = 0;
	state->is_broken = state->device_features_sel = state->driver_features_sel = state->queue_sel = 0;
	state->driver_features = 0;
}

static void answer(struct device *d, uint32_t sequence)
{
	if (host_device_answer(d->setup.line, sequence, d->status))
		d->counters.late_answers++;
}

/* Goes on once nothing is under way any more. */
static void finish_pending(struct device *d)
{
	enum device_pending what = d->pending;

	if (what == DEVICE_PENDING_QUEUE ? !is_idle(d, d->pending_queue) : !is_all_idle(d))
		return;
	d->pending = DEVICE_PENDING_NONE;
	if (what == DEVICE_PENDING_QUEUE)
		queue_end(&d->queue[d->pending_queue]);
	else
		device_forget(d);
	if (what == DEVICE_PENDING_LIFE) {
		state_store32(&d->setup.state->life, d->life);
		page_init(d);
		host_device_quiet(d->setup.line, d->life);
		return;
	}
	page_refresh(d);
	d->is_running = device_runs(d);
	answer(d, d->pending_sequence);
}

static void begin_pending(struct device *d, enum device_pending what)
{
	d->pending = what;
	if (what == DEVICE_PENDING_QUEUE)
		d->setup.kind->stop(d->setup.self, d->pending_queue);
	else
		stop_all(d);
}

/* ---- registers ---- */

static void write_device_features_sel(struct device *d, uint32_t value)
{
	d->device_features_sel = d->setup.state->device_features_sel = value;
}

static void write_driver_features_sel(struct device *d, uint32_t value)
{
	d->driver_features_sel = d->setup.state->driver_features_sel = value;
}

/* Nothing changes any more once the choice was accepted (2.2.1). */
static void write_driver_features(struct device *d, uint32_t value)
{
	uint32_t shift = 32 * d->driver_features_sel;

	if (d->driver_features_sel > 1) {
		d->counters.ignored_writes++;
		return;
	}
	if (d->status & VIRTIO_STATUS_FEATURES_OK)
		return;
	d->driver_features &= ~((uint64_t)UINT32_MAX << shift);
	d->driver_features |= (uint64_t)value << shift;
	d->setup.state->driver_features = d->driver_features;
}

static void write_queue_sel(struct device *d, uint32_t value)
{
	d->queue_sel = d->setup.state->queue_sel = value;
}

/* A queue that is there and not in use: the only one whose fields may be written. */
static struct state_queue *idle_queue(struct device *d)
{
	struct state_queue *queue = selected(d);

	if (queue && !queue->is_ready)
		return queue;
	d->counters.ignored_writes++;
	return NULL;
}

static void write_queue_num(struct device *d, uint32_t value)
{
	struct state_queue *queue = idle_queue(d);

	if (queue)
		queue->size = value > d->setup.kind->queue_size ? 0 : (uint16_t)value;
}

static void write_address(struct device *d, uint32_t offset, uint32_t value)
{
	struct state_queue *queue = idle_queue(d);
	uint32_t shift = offset & 4 ? 32 : 0;
	uint64_t *field;

	if (!queue)
		return;
	switch (offset & ~4u) {
	case VIRTIO_MMIO_QUEUE_DESC_LOW:
		field = &queue->descriptors;
		break;
	case VIRTIO_MMIO_QUEUE_DRIVER_LOW:
		field = &queue->driver;
		break;
	default:
		field = &queue->device;
	}
	*field = (*field & ~((uint64_t)UINT32_MAX << shift)) | (uint64_t)value << shift;
}

static void write_queue_ready(struct device *d, uint32_t value)
{
	struct state_queue *queue = selected(d);

	if (!queue || value > 1 || value == queue->is_ready) {
		d->counters.ignored_writes++;
		return;
	}
	if (!value) {
		d->pending_queue = d->queue_sel;
		begin_pending(d, DEVICE_PENDING_QUEUE);
	} else if (!(d->status & VIRTIO_STATUS_FEATURES_OK)) {
		device_break(d, "a queue before the features");
	} else if (!queue_start(&d->queue[d->queue_sel])) {
		device_break(d, "a queue that cannot be");
	}
}

static void write_queue_reset(struct device *d, uint32_t value)
{
	if (value != 1 || !selected(d) || !(d->driver_features & VIRTIO_F_RING_RESET)) {
		d->counters.ignored_writes++;
		return;
	}
	d->pending_queue = d->queue_sel;
	begin_pending(d, DEVICE_PENDING_QUEUE);
}

static bool is_acceptable(const struct device *d)
{
	return !(d->driver_features & ~offered(d)) && !(demanded(d) & ~d->driver_features) &&
	       d->setup.kind->accepts(d->setup.self, d->driver_features);
}

/* From now on chains may be taken. What nobody waits for is not to be told of. */
void device_run(struct device *d)
{
	d->is_running = true;
	d->setup.kind->start(d->setup.self, d->driver_features);
	for (uint32_t n = 0; n < d->setup.kind->queue_count; n++) {
		struct device_queue *q = &d->queue[n];

		q->busy_ns = host_now_ns();
		q->poll_ns = d->setup.poll_ns;
		q->doorbell_seen = d->setup.shared->doorbell[n];
		if (q->is_ready && d->is_running)
			device_check(d, virtq_cancel_signal(&q->ring), "the doorbell wish");
	}
}

/* Bits come one by one and fall by a reset alone (2.1.1). */
static void write_status(struct device *d, uint32_t value)
{
	uint32_t old = d->status, new = old | (value & DEVICE_STATUS_MASK & ~VIRTIO_STATUS_NEEDS_RESET);

	if (!(value & DEVICE_STATUS_MASK)) {
		d->counters.resets++;
		begin_pending(d, DEVICE_PENDING_RESET);
		return;
	}
	if (new & ~old & VIRTIO_STATUS_FEATURES_OK && !is_acceptable(d))
		new &= ~VIRTIO_STATUS_FEATURES_OK;
	if (new & VIRTIO_STATUS_DRIVER_OK && !(new & VIRTIO_STATUS_FEATURES_OK)) {
		new &= ~VIRTIO_STATUS_DRIVER_OK;
		device_break(d, "DRIVER_OK before FEATURES_OK");
	}
	d->status = new;
	state_store32(&d->setup.state->status, new);
	if (!device_runs(d))
		d->is_running = false;
	else if (!d->is_running)
		device_run(d);
}

static void write_register(struct device *d, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
		write_device_features_sel(d, value);
		return;
	case VIRTIO_MMIO_DRIVER_FEATURES:
		write_driver_features(d, value);
		return;
	case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
		write_driver_features_sel(d, value);
		return;
	case VIRTIO_MMIO_QUEUE_SEL:
		write_queue_sel(d, value);
		return;
	case VIRTIO_MMIO_QUEUE_NUM:
		write_queue_num(d, value);
		return;
	case VIRTIO_MMIO_QUEUE_READY:
		write_queue_ready(d, value);
		return;
	case VIRTIO_MMIO_STATUS:
		write_status(d, value);
		return;
	case VIRTIO_MMIO_QUEUE_DESC_LOW:
	case VIRTIO_MMIO_QUEUE_DESC_HIGH:
	case VIRTIO_MMIO_QUEUE_DRIVER_LOW:
	case VIRTIO_MMIO_QUEUE_DRIVER_HIGH:
	case VIRTIO_MMIO_QUEUE_DEVICE_LOW:
	case VIRTIO_MMIO_QUEUE_DEVICE_HIGH:
		write_address(d, offset, value);
		return;
	case VIRTIO_MMIO_QUEUE_RESET:
		write_queue_reset(d, value);
		return;
	case VIRTIO_MMIO_SHM_SEL:	/* there is no such region, whichever is chosen */
		return;
	default:	/* read-only, unknown, or configuration, of which a driver for version 1 writes nothing (5.1.4, 5.2.4) */
		d->counters.ignored_writes++;
	}
}

/* ---- hand-offs ---- */

struct handoff {
	uint32_t sequence, offset, width;
	uint64_t value;
};

static uint32_t load_sequence(const struct device *d)
{
	return __atomic_load_n(&d->setup.shared->sequence, __ATOMIC_ACQUIRE);
}

/* Whether one waits, and which: the hypervisor may be writing the next one. */
static bool read_handoff(const struct device *d, struct handoff *h)
{
	const volatile struct device_line *line = d->setup.shared;

	h->sequence = load_sequence(d);
	if (h->sequence == line->answered)
		return false;
	h->offset = line->offset;
	h->width = line->width;
	h->value = line->value;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);	/* partner: the hypervisor's release of the sequence, after the fields */
	return load_sequence(d) == h->sequence;
}

static void take_handoff(struct device *d, const struct handoff *h)
{
	d->counters.handoffs++;
	if (h->width == 4 && h->offset % 4 == 0 && h->offset < VIRTIO_MMIO_CONFIG)
		write_register(d, h->offset, (uint32_t)h->value);
	else
		d->counters.ignored_writes++;
	if (d->pending != DEVICE_PENDING_NONE) {
		d->pending_sequence = h->sequence;
		finish_pending(d);
		return;
	}
	page_refresh(d);
	answer(d, h->sequence);
}

static void new_life(struct device *d, uint32_t life)
{
	d->counters.lives++;
	d->life = life;
	begin_pending(d, DEVICE_PENDING_LIFE);
}

bool device_poll(struct device *d)
{
	uint32_t life = d->setup.shared->life;
	struct handoff h;

	if (life != d->life)
		new_life(d, life);
	if (d->pending != DEVICE_PENDING_NONE) {
		finish_pending(d);
		return d->pending == DEVICE_PENDING_NONE;
	}
	if (d->setup.shared->flags & DEVICE_LINE_BROKEN && !d->is_broken) {
		d->is_broken = true;	/* by the hypervisor: an answer came too late */
		d->is_running = false;
	}
	if (!d->is_running && device_runs(d))
		device_run(d);	/* the window came after the driver: another device of its front-end was not through with an earlier life */
	if (!read_handoff(d, &h))
		return false;
	take_handoff(d, &h);
	return true;
}

/* ---- serving ---- */

/* A doorbell that comes soon is one that polling on would have spared, and both sides with it: the queue is polled for longer, as far as
 * it may. After a real pause it begins anew. */
static void adapt(struct device_queue *q, uint64_t now_ns)
{
	uint64_t least = q->device->setup.poll_ns, most = DEVICE_POLL_GROWTH * least;

	if (now_ns - q->asleep_ns >= most)
		q->poll_ns = least;
	else
		q->poll_ns = 2 * q->poll_ns < most ? 2 * q->poll_ns : most;
}

static void wake(struct device_queue *q, uint64_t now_ns)
{
	struct device *d = q->device;

	adapt(q, now_ns);
	d->counters.doorbells++;
	q->is_asleep = false;
	q->busy_ns = now_ns;
	device_check(d, virtq_cancel_signal(&q->ring), "the doorbell wish");
}

static void fall_asleep(struct device_queue *q, uint64_t now_ns)
{
	struct device *d = q->device;
	bool more = false;

	q->doorbell_seen = d->setup.shared->doorbell[q->index];
	if (!device_check(d, virtq_ask_signal(&q->ring, &more), "the doorbell wish") || more)
		return;
	q->is_asleep = true;
	q->asleep_ns = now_ns;
	d->counters.sleeps++;
}

static unsigned serve_queue(struct device_queue *q, uint64_t now_ns, unsigned budget)
{
	struct device *d = q->device;
	unsigned done;

	if (q->is_starved || now_ns < q->not_before_ns)
		return 0;
	q->not_before_ns = 0;
	if (q->is_asleep) {
		if (q->doorbell_seen == d->setup.shared->doorbell[q->index])
			return 0;
		wake(q, now_ns);
	}
	done = d->setup.kind->serve(d->setup.self, q->index, budget);
	if (done)
		q->busy_ns = now_ns;
	else if (!q->is_starved && now_ns >= q->not_before_ns && now_ns - q->busy_ns >= q->poll_ns && d->is_running)
		fall_asleep(q, now_ns);
	return done;
}

unsigned device_serve(struct device *d, uint64_t now_ns, unsigned budget)
{
	unsigned done = 0;

	for (uint32_t n = 0; n < d->setup.kind->queue_count && d->is_running; n++) {
		if (d->setup.kind->served & 1u << n && d->queue[n].is_ready)
			done += serve_queue(&d->queue[n], now_ns, budget);
	}
	return done;
}

/* What goes out anyway tells of all queues: they share the interrupt. */
static void ask_lazy(struct device *d)
{
	for (uint32_t n = 0; n < d->setup.kind->queue_count; n++) {
		struct device_queue *q = &d->queue[n];

		if (q->ask_at_ns && (d->interrupt || host_now_ns() >= q->ask_at_ns))
			queue_ask(q);
	}
}

void device_flush(struct device *d)
{
	uint32_t bits;

	for (uint32_t n = 0; n < d->setup.kind->queue_count; n++)
		queue_publish(&d->queue[n]);
	if (d->setup.kind->lazy)
		ask_lazy(d);
	bits = d->interrupt;
	d->interrupt = 0;
	if (!bits || !(d->status & VIRTIO_STATUS_DRIVER_OK))
		return;
	d->counters.interrupts++;
	host_device_interrupt(d->setup.line, bits, 0);
}

static bool is_queue_quiet(const struct device_queue *q, uint64_t now_ns)
{
	return !q->is_ready || q->is_asleep || q->is_starved || now_ns < q->not_before_ns;
}

bool device_is_quiet(const struct device *d)
{
	uint64_t now_ns = host_now_ns();

	for (uint32_t n = 0; n < d->setup.kind->queue_count && d->is_running; n++) {
		if (d->setup.kind->served & 1u << n && !is_queue_quiet(&d->queue[n], now_ns))
			return false;
	}
	return d->pending == DEVICE_PENDING_NONE || !is_all_idle(d);
}

bool device_has_news(const struct device *d)
{
	const volatile struct device_line *line = d->setup.shared;

	if (line->life != d->life || (!d->is_running && device_runs(d)) || (d->pending == DEVICE_PENDING_NONE && load_sequence(d) != line->answered))
		return true;
	for (uint32_t n = 0; n < d->setup.kind->queue_count && d->is_running; n++) {
		if (d->queue[n].is_asleep && d->queue[n].doorbell_seen != line->doorbell[n])
			return true;
	}
	return false;
}

uint64_t device_wake_ns(const struct device *d)
{
	uint64_t earliest = DEVICE_NEVER;

	for (uint32_t n = 0; n < d->setup.kind->queue_count && d->is_running; n++) {
		const struct device_queue *q = &d->queue[n];

		if (q->is_ready && q->not_before_ns && !q->is_asleep && q->not_before_ns < earliest)
			earliest = q->not_before_ns;
		if (q->ask_at_ns && q->ask_at_ns < earliest)
			earliest = q->ask_at_ns;
	}
	return earliest;
}

/* ---- the beginning ---- */

/* What the state page tells of the device itself; the queues are resume.c's. */
static bool restore(struct device *d)
{
	const struct device_state *state = d->setup.state;

	d->device_features_sel = state->device_features_sel;
	d->driver_features_sel = state->driver_features_sel;
	d->queue_sel = state->queue_sel;
	d->driver_features = state->driver_features;
	d->status = state->status & DEVICE_STATUS_MASK & ~VIRTIO_STATUS_NEEDS_RESET;
	d->is_broken = state->is_broken || d->setup.shared->flags & DEVICE_LINE_BROKEN;
	if (state->status != d->status || state->is_broken > 1)
		return false;
	if (d->status & VIRTIO_STATUS_DRIVER_OK && !(d->status & VIRTIO_STATUS_FEATURES_OK))
		return false;
	return !(d->status & VIRTIO_STATUS_FEATURES_OK) || is_acceptable(d);
}

static void go_on(struct device *d)
{
	bool good = restore(d);

	if (good && device_runs(d))
		device_run(d);
	if (good && !d->is_broken)
		good = device_resume(d);
	if (!good)
		device_break(d, "its state page tells what cannot be");
	if (!good || d->is_broken)
		log_init(d);
	if (page_init(d))
		config_changed(d);
}

static void begin(struct device *d)
{
	state_store32(&d->setup.state->magic, 0);
	memset(d->setup.state, 0, sizeof(*d->setup.state));
	device_forget(d);
	d->setup.state->life = d->life;
	state_store32(&d->setup.state->magic, STATE_MAGIC);
	page_init(d);
	host_device_quiet(d->setup.line, d->life);
}

void device_attach(struct device *d, const struct device_setup *setup, const void *config)
{
	memset(d, 0, sizeof(*d));
	d->setup = *setup;
	memcpy(d->config, config, setup->config_bytes);
	for (uint32_t n = 0; n < DEVICE_QUEUE_MAX; n++) {
		d->queue[n].device = d;
		d->queue[n].index = n;
	}
	d->life = setup->shared->life;
	if (setup->state->magic == STATE_MAGIC && setup->state->life == d->life)
		go_on(d);
	else
		begin(d);
}
