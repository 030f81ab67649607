/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A serial cable's end. One buffer of each side is under way at a time, and it is given back before the next one is taken: so after a restart
 * of the back-end the rings still offer those that were under way, and they are taken again. Bytes may then come twice; none
 * is lost. It must not know rings or registers.
 */

#include <string.h>

#include <virtio/chain.h>
#include <virtio/virtio_console.h>

#include "console.h"
#include "host.h"

#define PIECE	4096u	/* bytes copied at a time: what one step may cost the others */

static uint32_t lower(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Fills one buffer of the receiver, or a piece of it, from what is left. Returns bytes; 0: one of both is broken or gone. */
static uint32_t fill(struct vconsole *v, const struct vq_chain *buffer)
{
	struct vq_cursor to = vq_writable(buffer);
	uint32_t bytes = lower(lower(v->rest.left, to.left), PIECE);
	static uint8_t piece[PIECE];

	if (!device_check(v->device, vq_read(&v->rest, piece, bytes), "bytes to send") ||
	    !device_check(v->other->device, vq_write(&to, piece, bytes), "a receive buffer"))
		return 0;
	return bytes;
}

/* Sends what one buffer of the receiver takes. False: it has none, or is not there, or somebody is broken. */
static bool send_some(struct vconsole *v)
{
	struct device_queue *q = device_queue(v->other->device, VIRTIO_CONSOLE_QUEUE_RECEIVE);
	static struct vq_chain buffer;
	ticket_t ticket;
	uint32_t bytes;

	if (!queue_take(q, &buffer, &ticket))
		return false;
	if (buffer.readable_count || !buffer.writable_size) {
		device_break(v->other->device, "a receive buffer that is none");
		return false;
	}
	bytes = fill(v, &buffer);
	queue_give(q, ticket, bytes);
	v->counters.sent_bytes += bytes;
	v->other->is_deaf = false;
	return bytes != 0;
}

/* What was sent is shown to the receiver first: were this to end in between, the sender's buffer would be sent again, not be lost. */
static void finish(struct vconsole *v)
{
	queue_publish(device_queue(v->other->device, VIRTIO_CONSOLE_QUEUE_RECEIVE));
	v->counters.dropped_bytes += v->rest.left;
	v->is_held = false;
	queue_give(device_queue(v->device, VIRTIO_CONSOLE_QUEUE_TRANSMIT), v->ticket, 0);
}

/* One step with the buffer that is held. False: it waits for room at the other end. */
static bool step(struct vconsole *v)
{
	uint64_t now_ns = host_now_ns();

	if (v->rest.left && send_some(v)) {
		v->until_ns = now_ns + VCONSOLE_GRACE_NS;
		return true;
	}
	if (v->rest.left && v->other->device->is_running && !v->other->is_deaf && now_ns < v->until_ns) {
		queue_wait_until(device_queue(v->device, VIRTIO_CONSOLE_QUEUE_TRANSMIT), now_ns + VCONSOLE_RETRY_NS);
		v->counters.waits++;
		return false;
	}
	v->other->is_deaf = v->other->is_deaf || v->rest.left != 0;
	finish(v);
	return true;
}

static bool take(struct vconsole *v)
{
	if (!queue_take(device_queue(v->device, VIRTIO_CONSOLE_QUEUE_TRANSMIT), &v->chain, &v->ticket))
		return false;
	if (v->chain.writable_count) {
		device_break(v->device, "bytes to send that are none");
		return false;
	}
	v->rest = vq_readable(&v->chain);
	v->until_ns = host_now_ns() + VCONSOLE_GRACE_NS;
	v->is_held = true;
	return true;
}

static unsigned serve(void *self, uint32_t queue, unsigned budget)
{
	struct vconsole *v = self;
	unsigned done = 0;

	(void)queue;
	while (done < budget && v->device->is_running && (v->is_held || take(v)) && step(v))
		done++;
	return done;
}

static bool accepts(void *self, uint64_t features)
{
	(void)self;
	(void)features;
	return true;
}

static void start(void *self, uint64_t features)
{
	struct vconsole *v = self;

	(void)features;
	v->is_held = v->is_deaf = false;
}

static void stop(void *self, uint32_t queue)
{
	struct vconsole *v = self;

	if (queue == VIRTIO_CONSOLE_QUEUE_TRANSMIT)
		v->is_held = false;
}

static bool is_idle(void *self, uint32_t queue)
{
	(void)self;
	(void)queue;
	return true;
}

const struct device_kind vconsole_kind = {
	.name = "virtio-console",
	.queue_count = 2,
	.queue_size = VCONSOLE_QUEUE_SIZE,
	.served = 1u << VIRTIO_CONSOLE_QUEUE_TRANSMIT,
	.accepts = accepts,
	.start = start,
	.serve = serve,
	.stop = stop,
	.is_idle = is_idle,
};

void vconsole_init(struct vconsole *v, struct device *device, struct vconsole *other, uint64_t *features, struct virtio_console_config *config)
{
	memset(v, 0, sizeof(*v));
	v->device = device;
	v->other = other;
	*features = 0;
	*config = (struct virtio_console_config){ .max_nr_ports = 1 };
}
