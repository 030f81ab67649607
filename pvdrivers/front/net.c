/* SPDX-License-Identifier: Apache-2.0 */
/* A virtio network card from the driver's side. It must not know protocols. */

#include <string.h>

#include <virtio/virtio.h>

#include "net.h"

#define WANTED	(VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | VIRTIO_F_RING_PACKED | VIRTIO_F_ACCESS_PLATFORM | VIRTIO_NET_F_MAC | VIRTIO_NET_F_MTU)
#define MTU_DEFAULT	1500u

static struct vqd_memory memory_of(struct front_net_queue *q)
{
	memset(q->ring, 0, sizeof(q->ring));
	return (struct vqd_memory){ .ring = q->ring, .ring_address = (uintptr_t)q->ring, .slots = q->slots };
}

static struct vqd_segment segment_of(const struct front_net_buffer *buffer, uint32_t frame_bytes)
{
	return (struct vqd_segment){ (uintptr_t)&buffer->header, (uint32_t)sizeof(buffer->header) + frame_bytes };
}

static bool open_queue(struct front_net *net, uint32_t index, struct front_net_queue *q)
{
	struct vqd_memory memory = memory_of(q);

	return front_device_queue(&net->device, index, &q->queue, &memory, sizeof(q->ring), FRONT_NET_ENTRIES);
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
		offer_buffer(net, &net->receive.buffers[i]);
		net->transmit.buffers[i].next = net->free;
		net->free = &net->transmit.buffers[i];
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
		struct front_net_buffer *buffer = cookie;

		buffer->next = net->free;
		net->free = buffer;
	}
	net->is_lost |= err != VQ_ERR_EMPTY;
}

uint8_t *front_net_reserve(struct front_net *net)
{
	if (net->is_lost)
		return NULL;
	collect(net);
	return net->free && !net->is_lost ? net->free->frame : NULL;
}

void front_net_send(struct front_net *net, uint32_t bytes)
{
	struct front_net_buffer *buffer = net->free;
	struct vqd_segment segment = segment_of(buffer, bytes);

	net->free = buffer->next;
	buffer->header = (struct virtio_net_hdr){ .gso_type = VIRTIO_NET_HDR_GSO_NONE };
	if (vqd_add(&net->transmit.queue, &segment, 1, 0, buffer) != VQ_OK)
		net->is_lost = true;
	else
		front_device_publish(&net->device, VIRTIO_NET_QUEUE_TRANSMIT, &net->transmit.queue);
}

/* The device says how much it wrote; vqd_get() has it within the buffer. */
static void deliver(struct front_net *net, const struct front_net_buffer *buffer, uint32_t written,
		    void (*received)(const void *frame, uint32_t bytes))
{
	if (written > sizeof(buffer->header))
		received(buffer->frame, written - (uint32_t)sizeof(buffer->header));
	else
		net->lost_frames++;
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
