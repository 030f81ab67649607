/* SPDX-License-Identifier: Apache-2.0 */
/* A virtio console from the driver's side. It must not know what is sent. */

#include <string.h>

#include <virtio/virtio.h>

#include "console.h"

#define WANTED	(VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | VIRTIO_F_RING_PACKED | VIRTIO_F_ACCESS_PLATFORM)

static bool open_queue(struct front_console *c, uint32_t index, struct front_console_queue *q)
{
	struct front_console_shared *pool = (struct front_console_shared *)(void *)c->device.share.at;
	struct vqd_memory memory = { .slots = q->slots };

	q->shared = pool ? &pool[index] : &q->own;
	memory.ring = q->shared->ring;
	memory.ring_address = (uintptr_t)q->shared->ring;
	return front_device_queue(&c->device, index, &q->queue, &memory, sizeof(q->shared->ring), FRONT_CONSOLE_ENTRIES);
}

static void add(struct front_console *c, struct front_console_queue *q, struct front_console_buffer *buffer, uint32_t bytes, bool is_sent)
{
	struct vqd_segment segment = { (uintptr_t)buffer->bytes, bytes };

	if (vqd_add(&q->queue, &segment, is_sent, !is_sent, buffer) != VQ_OK)
		c->is_lost = true;	/* there are as many entries as buffers */
}

bool front_console_open(struct front_console *c, unsigned n)
{
	memset(c, 0, sizeof(*c));
	if (!front_device_find(&c->device, VIRTIO_ID_CONSOLE, n) || !front_device_begin(&c->device, WANTED) ||
	    !open_queue(c, VIRTIO_CONSOLE_QUEUE_RECEIVE, &c->receive) || !open_queue(c, VIRTIO_CONSOLE_QUEUE_TRANSMIT, &c->transmit))
		return false;
	for (unsigned i = 0; i < FRONT_CONSOLE_ENTRIES; i++) {
		add(c, &c->receive, &c->receive.shared->buffers[i], FRONT_CONSOLE_BUFFER_BYTES, false);
		c->free[c->free_count++] = (uint8_t)i;
	}
	vqd_cancel_signal(&c->transmit.queue);
	front_device_run(&c->device);
	front_device_publish(&c->device, VIRTIO_CONSOLE_QUEUE_RECEIVE, &c->receive.queue);
	return !c->is_lost;
}

/* Buffers that were sent are free again. */
static void collect(struct front_console *c)
{
	enum vq_err err;
	uint32_t written;
	void *cookie;

	while ((err = vqd_get(&c->transmit.queue, &cookie, &written)) == VQ_OK) {
		const struct front_console_buffer *buffer = cookie;

		c->free[c->free_count++] = (uint8_t)(buffer - c->transmit.shared->buffers);
	}
	c->is_lost |= err != VQ_ERR_EMPTY;
}

uint32_t front_console_write(struct front_console *c, const void *bytes, uint32_t count)
{
	uint32_t done = 0;

	if (!c->is_lost)
		collect(c);
	while (done < count && c->free_count && !c->is_lost) {
		struct front_console_buffer *buffer = &c->transmit.shared->buffers[c->free[c->free_count - 1]];
		uint32_t piece = count - done < FRONT_CONSOLE_BUFFER_BYTES ? count - done : FRONT_CONSOLE_BUFFER_BYTES;

		c->free_count--;
		memcpy(buffer->bytes, (const uint8_t *)bytes + done, piece);
		add(c, &c->transmit, buffer, piece, true);
		done += piece;
	}
	if (done && !c->is_lost)
		front_device_publish(&c->device, VIRTIO_CONSOLE_QUEUE_TRANSMIT, &c->transmit.queue);
	return done;
}

/* The next buffer that came. */
static bool get(struct front_console *c)
{
	enum vq_err err;
	void *cookie;

	if (c->got || c->is_lost)
		return c->got != NULL;
	err = vqd_get(&c->receive.queue, &cookie, &c->got_bytes);
	c->is_lost |= err != VQ_OK && err != VQ_ERR_EMPTY;
	c->got = err == VQ_OK ? cookie : NULL;
	c->got_at = 0;
	return c->got != NULL;
}

uint32_t front_console_read(struct front_console *c, void *bytes, uint32_t room)
{
	uint32_t done = 0;

	while (done < room && get(c)) {
		uint32_t left = c->got_bytes - c->got_at, piece = left < room - done ? left : room - done;

		memcpy((uint8_t *)bytes + done, c->got->bytes + c->got_at, piece);
		done += piece;
		c->got_at += piece;
		if (c->got_at < c->got_bytes)
			break;
		add(c, &c->receive, c->got, FRONT_CONSOLE_BUFFER_BYTES, false);
		c->got = NULL;
		front_device_publish(&c->device, VIRTIO_CONSOLE_QUEUE_RECEIVE, &c->receive.queue);
	}
	return done;
}

static bool is_sound(struct front_console *c)
{
	if (!c->is_lost && !front_device_is_sound(&c->device))
		c->is_lost = true;
	return !c->is_lost;
}

bool front_console_arm(struct front_console *c)
{
	return c->got || (is_sound(c) && vqd_ask_signal(&c->receive.queue));
}

bool front_console_arm_room(struct front_console *c)
{
	return c->free_count || (is_sound(c) && vqd_ask_signal(&c->transmit.queue));
}
