/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-net as a receiver: buffers are taken for a whole frame or not at all, and filled once. What the driver does not take unfinished is
 * finished first. It must not know rings or registers, nor who sent a frame.
 */

#include <string.h>

#include <virtio/chain.h>
#include <virtio/virtio_net.h>

#include "net.h"

/* Buffers for one frame, filled from the first on. One frame at a time is on its way. */
static struct gathered {
	struct vq_chain chain[VNET_BUFFER_MAX];
	ticket_t ticket[VNET_BUFFER_MAX];
	uint32_t written[VNET_BUFFER_MAX];
	uint32_t count, room;
	uint32_t at;			/* the buffer that is being filled */
	struct vq_cursor cursor;
} buffers;

static struct device_queue *receive_queue(const struct vnet *v)
{
	return device_queue(v->device, VIRTIO_NET_QUEUE_RECEIVE);
}

static void put_back(struct device_queue *q)
{
	while (buffers.count > 0) {
		buffers.count--;
		queue_untake(q, &buffers.chain[buffers.count], buffers.ticket[buffers.count]);
	}
}

/* The next buffer. Where the log is full, what was given before is shown to the driver, which makes room. */
static bool take(struct device_queue *q, uint32_t number)
{
	if (q->device->free_first == DEVICE_NONE)
		queue_publish(q);
	return queue_take(q, &buffers.chain[number], &buffers.ticket[number]);
}

/* Takes buffers for `total` bytes, the virtio header among them, or none. Without mergeable buffers, one must do. */
static bool gather(struct vnet *v, uint32_t total)
{
	struct device_queue *q = receive_queue(v);
	uint32_t count_max = v->features & VIRTIO_NET_F_MRG_RXBUF ? VNET_BUFFER_MAX : 1;

	buffers.count = buffers.room = 0;
	while (buffers.room < total) {
		struct vq_chain *chain = &buffers.chain[buffers.count];

		if (buffers.count == count_max || !take(q, buffers.count)) {
			put_back(q);
			return false;
		}
		buffers.count++;
		if (chain->readable_count || chain->writable_size < sizeof(struct virtio_net_hdr)) {
			device_break(v->device, "a receive buffer that is none");
			return false;
		}
		buffers.room += chain->writable_size;
	}
	buffers.at = 0;
	buffers.written[0] = 0;
	buffers.cursor = vq_writable(&buffers.chain[0]);
	return true;
}

static uint32_t lower(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* How much of `bytes` goes into the present buffer; the next one if it is full. */
static uint32_t next_room(uint32_t bytes)
{
	if (!buffers.cursor.left) {
		buffers.at++;
		buffers.written[buffers.at] = 0;
		buffers.cursor = vq_writable(&buffers.chain[buffers.at]);
	}
	return lower(bytes, buffers.cursor.left);
}

static enum vq_err fill(const void *from, uint32_t bytes)
{
	for (const uint8_t *next = from; bytes; ) {
		uint32_t count = next_room(bytes);

		VQ_TRY(vq_write(&buffers.cursor, next, count));
		buffers.written[buffers.at] += count;
		next += count;
		bytes -= count;
	}
	return VQ_OK;
}

static enum vq_err fill_from(struct vq_cursor from)
{
	while (from.left) {
		uint32_t count = next_room(from.left);

		VQ_TRY(vq_copy(&buffers.cursor, &from, count));
		buffers.written[buffers.at] += count;
	}
	return VQ_OK;
}

/* A frame that is as the driver wants it: `header`, then the rest. */
static enum vswitch_drop deliver(struct vnet *v, struct virtio_net_hdr *virtio, const uint8_t *header, uint32_t header_bytes,
				 struct vq_cursor rest, const struct vnet_frame *frame)
{
	struct device_queue *q = receive_queue(v);
	enum vq_err err;

	if (!v->device->is_running || !q->is_ready)
		return VSWITCH_DROP_PORT_DOWN;
	if (!gather(v, (uint32_t)sizeof(*virtio) + header_bytes + rest.left))
		return VSWITCH_DROP_NO_ROOM;
	v->port.is_stuck = false;
	virtio->num_buffers = (uint16_t)buffers.count;
	err = fill(virtio, sizeof(*virtio));
	if (err == VQ_OK)
		err = fill(header, header_bytes);
	if (err == VQ_OK)
		err = fill_from(rest);
	if (err != VQ_OK) {
		if (!vnet_sender_answers(frame))
			put_back(q);
		else
			device_check(v->device, err, "a receive buffer");
		return VSWITCH_DROP_DEVICE;
	}
	for (uint32_t n = 0; n < buffers.count; n++)
		queue_give(q, buffers.ticket[n], buffers.written[n]);
	return VSWITCH_FORWARDED;
}

static uint64_t feature_of(const struct vnet_frame *frame)
{
	uint64_t needs = frame->plan.needs_csum ? VIRTIO_NET_F_GUEST_CSUM : 0;

	if (frame->plan.segment_count > 1) {
		needs |= frame->plan.type == GSO_TYPE_TCPV4 ? VIRTIO_NET_F_GUEST_TSO4 : VIRTIO_NET_F_GUEST_TSO6;
		if (frame->has_ecn)
			needs |= VIRTIO_NET_F_GUEST_ECN;
	}
	return needs;
}

/* What the driver must know of a frame that it finishes itself; everything in it comes from the plan, which was checked. */
static struct virtio_net_hdr describe(const struct vnet *v, const struct vnet_copy *copy)
{
	const struct gso_plan *plan = &copy->frame->plan;
	struct virtio_net_hdr header = { 0 };

	if (plan->needs_csum) {
		header.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		header.csum_start = (uint16_t)(plan->csum_start + copy->delta);
		header.csum_offset = plan->csum_offset;
	} else if (copy->frame->is_csum_good && v->features & VIRTIO_NET_F_GUEST_CSUM) {
		header.flags = VIRTIO_NET_HDR_F_DATA_VALID;
	}
	if (plan->segment_count > 1) {
		header.gso_type = (uint8_t)(plan->type | (copy->frame->has_ecn ? VIRTIO_NET_HDR_GSO_ECN : 0));
		header.hdr_len = (uint16_t)(plan->header_bytes + copy->delta);
		header.gso_size = (uint16_t)plan->segment_bytes;
	}
	return header;
}

/* A finished frame in private memory. */
static enum vswitch_drop deliver_finished(void *self, uint8_t *bytes, uint32_t count)
{
	static const struct vnet_frame own;	/* its memory does not go away */
	struct virtio_net_hdr header = { 0 };
	struct vq_segment segment = { bytes, count };

	return deliver(self, &header, bytes, 0, (struct vq_cursor){ &segment, 0, count }, &own);
}

enum vswitch_drop vnet_receive(struct vnet_port *port, const struct vnet_copy *copy)
{
	struct vnet *v = port->self;
	uint64_t needs = feature_of(copy->frame);
	struct virtio_net_hdr header;

	if ((v->features & needs) != needs) {
		v->counters.finished++;
		return vnet_finish(copy, port->owner->scratch, deliver_finished, v);
	}
	header = describe(v, copy);
	return deliver(v, &header, copy->header, copy->header_bytes, copy->frame->rest, copy->frame);
}
