/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a frame to its receivers: the plan judges what the sender left unfinished, the switch who gets it, and each receiver gets a copy with
 * its own tag. It must not know where a frame lies, nor what a port is.
 */

#include <string.h>

#include <virtio/chain.h>

#include "host.h"
#include "net.h"

void vnet_port_init(struct vnet_port *port, struct vnet_switch *owner, uint32_t number, vnet_send_t send, void *self)
{
	*port = (struct vnet_port){ .owner = owner, .number = number, .grace_ns = VNET_GRACE_NS, .send = send, .self = self };
	owner->ports[number] = port;
	vswitch_port_set_up(&owner->sw, number, false);
}

void vnet_port_set_up(struct vnet_port *port, bool is_up)
{
	if (port->is_up == is_up)
		return;
	port->is_up = is_up;
	vswitch_port_set_up(&port->owner->sw, port->number, is_up);
}

bool vnet_judge(struct vnet_frame *frame, const struct gso_meta *meta, struct vswitch_verdict *verdict)
{
	struct vswitch *sw = &frame->from->owner->sw;
	uint32_t port = frame->from->number;
	struct packet packet;
	enum packet_shape shape;

	if (frame->total_bytes > GSO_TOTAL_MAX) {
		vswitch_count_drop(sw, port, VSWITCH_DROP_TOO_BIG);
		return false;
	}
	shape = packet_parse(&packet, frame->header, frame->header_bytes, frame->total_bytes);
	if (gso_plan_parsed(meta, shape == PACKET_OK ? &packet : NULL, frame->total_bytes, &frame->plan) != GSO_OK) {
		vswitch_count_drop(sw, port, VSWITCH_DROP_DEVICE);
		return false;
	}
	vswitch_forward_parsed(sw, &(struct vswitch_frame){
		.port = port,
		.header = frame->header,
		.header_bytes = frame->header_bytes,
		.total_bytes = frame->total_bytes,
		.wire_bytes = frame->plan.wire_bytes,
		.segment_count = frame->plan.segment_count,
		.now_ns = host_now_ns(),
	}, &packet, shape, verdict);
	return verdict->egress | verdict->mirror;
}

static void copy_prepare(struct vnet_copy *copy, const struct vnet_frame *frame, enum vswitch_edit edit, uint16_t tci)
{
	copy->frame = frame;
	memcpy(copy->header, frame->header, frame->header_bytes);
	copy->header_bytes = vswitch_edit_header(copy->header, frame->header_bytes, edit, tci);
	copy->delta = (int32_t)copy->header_bytes - (int32_t)frame->header_bytes;
}

static uint32_t bytes_of(const struct vnet_copy *copy)
{
	return copy->header_bytes + copy->frame->total_bytes - copy->frame->header_bytes;
}

static enum vswitch_drop send(struct vnet_port *port, const struct vnet_copy *copy)
{
	return port ? port->send(port, copy) : VSWITCH_DROP_PORT_DOWN;
}

struct vnet_port *vnet_only_receiver(const struct vnet_frame *frame, const struct vswitch_verdict *verdict)
{
	if (verdict->mirror || !verdict->egress || verdict->egress & (verdict->egress - 1))
		return NULL;
	return frame->from->owner->ports[__builtin_ctz(verdict->egress)];
}

static bool is_worth_waiting(const struct vnet_frame *frame, const struct vswitch_verdict *verdict)
{
	const struct vnet_port *receiver = vnet_only_receiver(frame, verdict);

	return receiver && !receiver->is_stuck && receiver->is_up;
}

static bool waits_before(const struct vnet *v, const struct vnet *than, const struct vnet_port *receiver)
{
	return v->is_parked && v->device->is_running && (!than->is_parked || v->parked_order < than->parked_order) &&
	       vnet_only_receiver(&v->frame, &v->parked_verdict) == receiver;
}

/* Another sender waits for the same receiver, and for longer: room is his. Without that, a sender with much to send, looked at first,
 * would take all of it. Who cannot wait takes what he finds. */
static bool is_behind(const struct vnet_frame *frame, const struct vswitch_verdict *verdict)
{
	const struct vnet_switch *owner = frame->from->owner;
	uint32_t others = owner->parked & ~(1u << frame->from->number);
	const struct vnet_port *receiver;

	if (!others || frame->from->send != vnet_receive || !(receiver = vnet_only_receiver(frame, verdict)))
		return false;
	for (; others; others &= others - 1) {
		if (waits_before(owner->ports[__builtin_ctz(others)]->self, frame->from->self, receiver))
			return true;
	}
	return false;
}

bool vnet_distribute(struct vnet_frame *frame, const struct vswitch_verdict *verdict)
{
	struct vnet_switch *owner = frame->from->owner;

	for (uint32_t left = verdict->egress | verdict->mirror; left; left &= left - 1) {
		uint32_t number = (uint32_t)__builtin_ctz(left);
		enum vswitch_drop result;
		struct vnet_copy copy;

		copy_prepare(&copy, frame, (enum vswitch_edit)verdict->edit[number], verdict->tci);
		result = is_behind(frame, verdict) ? VSWITCH_DROP_NO_ROOM : send(owner->ports[number], &copy);
		if (result == VSWITCH_DROP_NO_ROOM && is_worth_waiting(frame, verdict))
			return false;
		if (result == VSWITCH_FORWARDED)
			vswitch_count_tx(&owner->sw, number, bytes_of(&copy));
		else
			vswitch_count_drop(&owner->sw, number, result);
	}
	return true;
}

void vnet_forward(struct vnet_frame *frame, const struct gso_meta *meta)
{
	struct vswitch_verdict verdict;

	if (!vnet_judge(frame, meta, &verdict) || vnet_distribute(frame, &verdict))
		return;
	vswitch_count_drop(&frame->from->owner->sw, (uint32_t)__builtin_ctz(verdict.egress), VSWITCH_DROP_NO_ROOM);
}

bool vnet_flatten(const struct vnet_copy *copy, uint8_t *to)
{
	struct vq_cursor rest = copy->frame->rest;

	memcpy(to, copy->header, copy->header_bytes);
	if (vq_read(&rest, to + copy->header_bytes, rest.left) == VQ_OK)
		return true;
	vnet_sender_answers(copy->frame);
	return false;
}

bool vnet_sender_answers(const struct vnet_frame *frame)
{
	struct vq_cursor rest = frame->rest;
	struct vnet *sender;
	uint8_t byte;

	if (!frame->from || frame->from->send != vnet_receive || !rest.left || vq_read(&rest, &byte, 1) == VQ_OK)
		return true;
	sender = frame->from->self;
	device_check(sender->device, VQ_ERR_FAULT, "a frame");
	return false;
}
