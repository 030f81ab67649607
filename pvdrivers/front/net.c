/* SPDX-License-Identifier: Apache-2.0 */
/* A virtio network card from the driver's side. It must not know protocols. */

#include <string.h>

#include <virtio/virtio.h>

#include "net.h"

#define WANTED	(VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | VIRTIO_F_RING_PACKED | VIRTIO_F_ACCESS_PLATFORM | VIRTIO_NET_F_MAC | VIRTIO_NET_F_MTU)
#define MTU_DEFAULT	1500u

static struct vqd_segment segment_of(const struct front_net_buffer *buffer, uint32_t frame_bytes)
{
	return (struct vqd_segment){ (uintptr_t)&buffer->header, (uint32_t)sizeof(buffer->header) + frame_bytes };
}

static bool open_queue(struct front_net *net, uint32_t index, struct front_net_queue *q)
{
	struct front_net_shared *pool = (struct front_net_shared *)(void *)net->device.share.at;
	struct vqd_memory memory = { .slots = q->slots };

	q->shared = pool ? &pool[index] : &q->own;
	memory.ring = q->shared->ring;
	memory.ring_address = (uintptr_t)q->shared->ring;
	return front_device_queue(&net->device, index, &q->queue, &memory, sizeof(q->shared->ring), FRONT_NET_ENTRIES);
}

static void offer_buffer(struct front_net *net, struct front_net_buffer *buffer)
{
	struct vqd_segment segment = segment_of(buffer, FRONT_NET_FRAME_MAX);

	if (vqd_add(&net->receive.queue, &segment, 0, 1, buffer) != VQ_OK)
		net->is_lost = true;	/* there are as many entries as buffers */
}

static void fill(struct front_net *net)
{
	for (unsigned i = 0; i < FRONT_NET_ENTRIES; i++) {
		offer_buffer(net, &net->receive.shared->buffers[i]);
		net->free[net->free_count++] = (uint8_t)i;
	}
}

static void read_config(struct front_net *net)
{
	bool has_mtu = (net->device.features & VIRTIO_NET_F_MTU) != 0;

	for (uint32_t i = 0; i < sizeof(net->mac); i++)
		net->mac[i] = front_device_config8(&net->device, offsetof(struct virtio_net_config, mac) + i);
	net->mtu = has_mtu ? front_device_config16(&net->device, offsetof(struct virtio_net_config, mtu)) : MTU_DEFAULT;
}

bool front_net_open(struct front_net *net, unsigned n)
{
	memset(net, 0, sizeof(*net));
	if (!front_device_find(&net->device, VIRTIO_ID_NET, n) || !front_device_begin(&net->device, WANTED) ||
	    !(net->device.features & VIRTIO_NET_F_MAC) || !open_queue(net, VIRTIO_NET_QUEUE_RECEIVE, &net->receive) ||
	    !open_queue(net, VIRTIO_NET_QUEUE_TRANSMIT, &net->transmit))
		return false;
	read_config(net);
	fill(net);
	vqd_cancel_signal(&net->transmit.queue);
	front_device_run(&net->device);
	front_device_publish(&net->device, VIRTIO_NET_QUEUE_RECEIVE, &net->receive.queue);
	return !net->is_lost;
}

/* Buffers that were sent are free again. */
static void collect(struct front_net *net)
{
	enum vq_err err;
	uint32_t written;
	void *cookie;

	while ((err = vqd_get(&net->transmit.queue, &cookie, &written)) == VQ_OK) {
		const struct front_net_buffer *buffer = cookie;

		net->free[net->free_count++] = (uint8_t)(buffer - net->transmit.shared->buffers);
	}
	net->is_lost |= err != VQ_ERR_EMPTY;
}

static struct front_net_buffer *next_free(const struct front_net *net)
{
	return &net->transmit.shared->buffers[net->free[net->free_count - 1]];
}

uint8_t *front_net_reserve(struct front_net *net)
{
	if (net->is_lost)
		return NULL;
	collect(net);
	return net->free_count && !net->is_lost ? next_free(net)->frame : NULL;
}

void front_net_send(struct front_net *net, uint32_t bytes)
{
	struct front_net_buffer *buffer = next_free(net);
	struct vqd_segment segment = segment_of(buffer, bytes);

	net->free_count--;
	buffer->header = (struct virtio_net_hdr){ .gso_type = VIRTIO_NET_HDR_GSO_NONE };
	if (vqd_add(&net->transmit.queue, &segment, 1, 0, buffer) != VQ_OK)
		net->is_lost = true;
	else
		front_device_publish(&net->device, VIRTIO_NET_QUEUE_TRANSMIT, &net->transmit.queue);
}

/* The device says how much it wrote; vqd_get() has it within the buffer. What stands in a pool is read once. */
static void deliver(struct front_net *net, const struct front_net_buffer *buffer, uint32_t written,
		    void (*received)(const void *frame, uint32_t bytes))
{
	const uint8_t *frame = buffer->frame;
	uint32_t bytes = written > sizeof(buffer->header) ? written - (uint32_t)sizeof(buffer->header) : 0;

	if (!bytes) {
		net->lost_frames++;
		return;
	}
	if (net->device.share.at)
		frame = memcpy(net->copy, frame, bytes);
	received(frame, bytes);
}

bool front_net_poll(struct front_net *net, unsigned most, void (*received)(const void *frame, uint32_t bytes))
{
	enum vq_err err = VQ_OK;
	unsigned count = 0;

	while (!net->is_lost && count < most) {
		uint32_t written;
		void *cookie;

		err = vqd_get(&net->receive.queue, &cookie, &written);
		if (err != VQ_OK)
			break;
		deliver(net, cookie, written, received);
		offer_buffer(net, cookie);
		count++;
	}
	net->is_lost |= err != VQ_OK && err != VQ_ERR_EMPTY;
	if (count > 0 && !net->is_lost)
		front_device_publish(&net->device, VIRTIO_NET_QUEUE_RECEIVE, &net->receive.queue);
	return count == most && !net->is_lost;
}

bool front_net_arm(struct front_net *net)
{
	if (!net->is_lost && !front_device_is_sound(&net->device))
		net->is_lost = true;
	return !net->is_lost && vqd_ask_signal(&net->receive.queue);
}
