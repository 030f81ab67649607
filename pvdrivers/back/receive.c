/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-net as a receiver: buffers are taken for a whole frame or not at all, and filled once. What the driver does not take unfinished is
 * finished first, in private memory. It must not know rings or registers, nor who sent a frame.
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
	v->is_stuck = false;
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

/* Bytes of private memory as a cursor. */
static struct vq_cursor private_cursor(struct vq_segment *segment, uint8_t *at, uint32_t bytes)
{
	*segment = (struct vq_segment){ at, bytes };
	return (struct vq_cursor){ segment, 0, bytes };
}

/* The whole frame's checksum is missing, and the driver does not take that. */
static enum vswitch_drop deliver_summed(struct vnet *v, const struct vnet_copy *copy, uint8_t *flat, uint32_t bytes)
{
	const struct gso_plan *plan = &copy->frame->plan;
	struct virtio_net_hdr header = { 0 };
	struct vq_segment segment;

	if (!checksum_complete(flat, bytes, (uint16_t)(plan->csum_start + copy->delta), plan->csum_offset))
		return VSWITCH_DROP_DEVICE;
	return deliver(v, &header, flat, 0, private_cursor(&segment, flat, bytes), copy->frame);
}

/* One segment of a frame; its headers are made from the frame's own, which stand at the start of `flat`. */
static enum vswitch_drop deliver_segment(struct vnet *v, const struct vnet_copy *copy, const struct gso_plan *plan, uint8_t *flat,
					 uint32_t index)
{
	static uint8_t frame[GSO_HEADER_MAX + 65536u];
	struct virtio_net_hdr header = { 0 };
	struct gso_segment made;
	struct vq_segment segment;
	uint32_t bytes;

	gso_segment_make(plan, flat, index, frame, &made);
	bytes = made.header_bytes + made.payload_bytes;
	memcpy(frame + made.header_bytes, flat + made.payload_at, made.payload_bytes);
	if (!checksum_complete(frame, bytes, plan->csum_start, plan->csum_offset))
		return VSWITCH_DROP_DEVICE;
	return deliver(v, &header, frame, 0, private_cursor(&segment, frame, bytes), copy->frame);
}

/* The plan as it is behind an edited tag. */
static bool plan_of_copy(const struct vnet_copy *copy, const uint8_t *flat, uint32_t bytes, struct gso_plan *plan)
{
	const struct gso_plan *old = &copy->frame->plan;
	struct gso_meta meta = {
		.flags = GSO_FLAG_NEEDS_CSUM,
		.type = old->type,
		.size = (uint16_t)old->segment_bytes,
		.csum_start = (uint16_t)(old->csum_start + copy->delta),
		.csum_offset = old->csum_offset,
	};

	return gso_plan_make(&meta, flat, lower(bytes, GSO_HEADER_MAX), bytes, plan) == GSO_OK;
}

static enum vswitch_drop deliver_segments(struct vnet *v, const struct vnet_copy *copy, uint8_t *flat, uint32_t bytes)
{
	struct gso_plan plan;

	if (!plan_of_copy(copy, flat, bytes, &plan))
		return VSWITCH_DROP_DEVICE;
	for (uint32_t n = 0; n < plan.segment_count; n++) {
		enum vswitch_drop result = deliver_segment(v, copy, &plan, flat, n);

		if (result != VSWITCH_FORWARDED)
			return n ? VSWITCH_FORWARDED : result;	/* the rest of it is lost, as frames are */
	}
	return VSWITCH_FORWARDED;
}

/* In software: slow, but only for drivers that chose it. */
static enum vswitch_drop deliver_finished(struct vnet *v, const struct vnet_copy *copy)
{
	uint8_t *flat = v->port.owner->scratch;
	uint32_t bytes = copy->header_bytes + copy->frame->rest.left;

	v->counters.finished++;
	if (!vnet_flatten(copy, flat))
		return VSWITCH_DROP_DEVICE;
	if (copy->frame->plan.segment_count > 1)
		return deliver_segments(v, copy, flat, bytes);
	return deliver_summed(v, copy, flat, bytes);
}

enum vswitch_drop vnet_receive(struct vnet_port *port, const struct vnet_copy *copy)
{
	struct vnet *v = port->self;
	uint64_t needs = feature_of(copy->frame);
	struct virtio_net_hdr header;

	if ((v->features & needs) != needs)
		return deliver_finished(v, copy);
	header = describe(v, copy);
	return deliver(v, &header, copy->header, copy->header_bytes, copy->frame->rest, copy->frame);
}
