/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACK_DEVICE_H
#define BACK_DEVICE_H

/*
 * The device side of a virtio-mmio device on a device page (hyp/abi/device.h): hand-offs, feature negotiation, queues with their log,
 * resets, and going on after a restart of the back-end. It must not know what a device is for: that is a `struct device_kind`.
 *
 * Context: one CPU, one caller. Nothing here blocks. The front-end is hostile: what breaks the protocol marks its device broken, and
 * nobody else notices. A window that was taken away makes the device *lost*: it rests until its next life or reset. What a life began is
 * ended or awaited before the hypervisor hears that the device is through with it; controllers are idle when a device is attached.
 *
 * The loop of a program with several devices:
 *
 *	for each device: device_poll(d); device_serve(d, now, budget);
 *	poll the hardware, whose completions end in queue_give();
 *	for each device: device_flush(d);
 *	if each device_is_quiet(d): sleep until an interrupt, or the earliest device_wake_ns()
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <abi/device.h>

#include <virtio/virtio.h>
#include <virtio/virtq.h>

#include "state.h"

#define DEVICE_CONFIG_MAX	128u	/* bytes of configuration space that a kind may have; a multiple of 4 */
#define DEVICE_NONE		UINT16_MAX
#define DEVICE_NEVER		UINT64_MAX
#define DEVICE_LAZY_NS		500000ull	/* a lazy queue is looked after, for a driver's wish to be interrupted, only with another one, or so late */
#define DEVICE_POLL_GROWTH	10u	/* how many times longer a queue is polled whose doorbells come again so soon that it would have paid */

struct device;

/* A chain that was taken: its entry in the device's log. */
typedef uint16_t ticket_t;

/** What a kind of device does; `self` is device.self. */
struct device_kind {
	const char *name;
	uint32_t queue_count;
	uint16_t queue_size;	/* largest, a power of two */
	uint32_t served;	/* bit n: the driver's chains in queue n are served when they come; of others no doorbell is wanted */
	uint32_t lazy;		/* bit n: a driver is in no hurry to hear of what is given back in queue n: see DEVICE_LAZY_NS */

	/** Whether the driver's choice, a subset of what was offered, can be served. */
	bool (*accepts)(void *self, uint64_t features);
	/** The driver is ready (or is again, after a restart): from now on chains may be taken. */
	void (*start)(void *self, uint64_t features);
	/** Takes and serves up to `budget` chains of a queue. Returns how many it took or gave. */
	unsigned (*serve)(void *self, uint32_t queue, unsigned budget);
	/** The queue ends: what is under way is forgotten, and its tickets are not given. */
	void (*stop)(void *self, uint32_t queue);
	/** Whether nothing of that queue touches the front-end's memory any more. */
	bool (*is_idle)(void *self, uint32_t queue);
	/** A chain that was under way before a restart, in the order in which they were taken; false: the front-end broke the protocol.
	 *  NULL: chains are given in order, so they are simply taken again. */
	bool (*resume)(void *self, uint32_t queue, ticket_t ticket, const struct vq_chain *chain);
};

/** What a device is made of; constant once it is attached. */
struct device_setup {
	const char *label;
	uint32_t line;
	volatile void *page;			/* the device page */
	const volatile struct device_line *shared;
	struct device_state *state;
	struct window window;
	const struct device_kind *kind;
	void *self;
	uint64_t features;			/* offered beside VERSION_1 and those of the rings */
	uint64_t demanded;			/* offered too, and a driver without them is refused (2.2.2) */
	uint32_t config_bytes;
	uint64_t poll_ns;			/* how long an idle queue is polled, at least, before a doorbell is asked for */
};

struct device_queue {
	struct virtq ring;
	struct device *device;
	uint32_t index;
	bool is_ready;
	bool is_asleep;		/* a doorbell was asked for */
	bool is_starved;	/* a chain could not be served for want of room; the next queue_give() of the device ends that */
	bool is_dirty;		/* given, not published */
	uint32_t doorbell_seen;
	uint64_t busy_ns;	/* when it last had work */
	uint64_t poll_ns;	/* polled so long while it has none */
	uint64_t asleep_ns;	/* since when it is */
	uint64_t ask_at_ns;	/* lazy: when the driver's wish is asked for, at the latest; 0: nothing was published since it was */
	uint64_t not_before_ns;	/* rate limit: not served before */
	uint64_t taken, given;	/* counts, as in the state page */
	ticket_t batch_first, batch_last;	/* given, not published */
};

struct device_counters {
	uint64_t handoffs, ignored_writes, late_answers, resets, lives, breaks, losses;
	uint64_t interrupts, doorbells, sleeps, resumed;
	uint64_t out_of_order;	/* chains given back in another order than that in which they were taken */
};

enum device_pending {
	DEVICE_PENDING_NONE,
	DEVICE_PENDING_RESET,	/* Status = 0: waits until nothing is under way, then is answered */
	DEVICE_PENDING_QUEUE,	/* one queue, the same */
	DEVICE_PENDING_LIFE,	/* its life ended, or the next one began; nobody waits for an answer */
};

struct device {
	struct device_setup setup;
	uint32_t life;
	uint32_t status;
	bool is_running;	/* DRIVER_OK, and nothing is wrong */
	bool is_broken;
	bool is_lost;
	enum device_pending pending;
	uint32_t pending_sequence, pending_queue;
	uint32_t device_features_sel, driver_features_sel, queue_sel;
	uint64_t driver_features;
	uint32_t interrupt;	/* bits to be set by device_flush() */
	struct device_queue queue[DEVICE_QUEUE_MAX];
	uint8_t config[DEVICE_CONFIG_MAX];
	ticket_t next[STATE_LOG_MAX];	/* of the free list, or of a batch */
	ticket_t free_first;
	struct device_counters counters;
};

/** Makes the device; where the state page says that the front-end knows it already, goes on from there. */
void device_attach(struct device *d, const struct device_setup *setup, const void *config);

/** Looks for a new life and for a hand-off, and deals with it. Returns whether there was one. */
bool device_poll(struct device *d);

/** Lets the kind serve the queues that may have work. Returns how much was done. */
unsigned device_serve(struct device *d, uint64_t now_ns, unsigned budget);

/** Publishes what was given, and interrupts the front-end if it wants that. */
void device_flush(struct device *d);

/** Whether only a doorbell, a hand-off, a completion or time can give it work. */
bool device_is_quiet(const struct device *d);

/** Whether a doorbell or a hand-off came that was not looked at. */
bool device_has_news(const struct device *d);

/** When it wants to be served though nothing happens; DEVICE_NEVER. */
uint64_t device_wake_ns(const struct device *d);

/** The front-end broke the protocol. */
void device_break(struct device *d, const char *why);

/** Deals with what an access to rings or chains answered; true: go on. */
bool device_check(struct device *d, enum vq_err err, const char *what);

/** Changes one aligned field of the configuration, then its generation, then interrupts. */
void device_set_config(struct device *d, uint32_t offset, const void *bytes, uint32_t size);

/* ---- for kinds ---- */

static inline struct device_queue *device_queue(struct device *d, uint32_t index)
{
	return &d->queue[index];
}

/** Takes the next chain, into the log. False: none, or no room in the log. */
bool queue_take(struct device_queue *q, struct vq_chain *chain, ticket_t *ticket);

/** Puts the chain that was taken last back; several of them last first. */
void queue_untake(struct device_queue *q, const struct vq_chain *chain, ticket_t ticket);

/** Gives a chain back; the front-end sees it after device_flush(), together with all others. */
void queue_give(struct device_queue *q, ticket_t ticket, uint32_t written);

/** Not before that time, or not before something was given back. */
static inline void queue_wait_until(struct device_queue *q, uint64_t ns) { q->not_before_ns = ns; }
static inline void queue_starve(struct device_queue *q) { q->is_starved = true; }

/* ---- between device.c, queue.c and resume.c ---- */

bool device_runs(const struct device *d);
void device_run(struct device *d);
void device_forget(struct device *d);
bool queue_start(struct device_queue *q);
void queue_end(struct device_queue *q);
void queue_publish(struct device_queue *q);
void queue_ask(struct device_queue *q);
void log_init(struct device *d);
void log_clear(struct device *d, ticket_t ticket);
bool device_resume(struct device *d);

#endif
