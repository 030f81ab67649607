/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A physical NIC as a port of the switch. It must not know any NIC, nor rings.
 */

#include <string.h>

#include <virtio/chain.h>

#include "host.h"
#include "uplink.h"

/* ---- frames that go out ---- */

static struct uplink_frame *frame_alloc(struct uplink *u, uint32_t pieces)
{
	struct uplink_frame *frame = NULL;

	for (uint32_t n = 0; n < UPLINK_FRAME_COUNT && !frame; n++) {
		if (!u->frames[n].count)
			frame = &u->frames[n];
	}
	if (!frame || pieces > u->free_count || pieces > UPLINK_FRAME_PIECES)
		return NULL;
	for (frame->count = 0; frame->count < pieces; frame->count++)
		frame->piece[frame->count] = u->free_pieces[--u->free_count];
	u->under_way++;
	return frame;
}

static void frame_free(struct uplink *u, struct uplink_frame *frame)
{
	u->under_way -= frame->count != 0;
	while (frame->count)
		u->free_pieces[u->free_count++] = frame->piece[--frame->count];
}

static uint8_t *piece_at(const struct uplink *u, uint16_t piece)
{
	return u->pieces + (size_t)piece * UPLINK_PIECE_BYTES;
}

static uint32_t lower(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Header, then the rest, into pieces; returns how many segments. 0: the sender is gone. */
static unsigned fill(const struct uplink *u, const struct uplink_frame *frame, const struct vnet_copy *copy, struct dma_segment *segments)
{
	struct vq_cursor rest = copy->frame->rest;
	uint32_t header = copy->header_bytes;

	for (uint16_t n = 0; n < frame->count; n++) {
		uint8_t *at = piece_at(u, frame->piece[n]);
		uint32_t bytes = lower(rest.left, UPLINK_PIECE_BYTES - header);

		memcpy(at, copy->header, header);
		if (vq_read(&rest, at + header, bytes)) {
			vnet_sender_answers(copy->frame);
			return 0;
		}
		segments[n] = (struct dma_segment){ (uintptr_t)at, header + bytes };
		header = 0;
	}
	return frame->count;
}

static enum vswitch_drop submit(struct uplink *u, struct uplink_frame *frame, const struct dma_segment *segments, unsigned count,
				const struct nic_offload *offload)
{
	enum nic_status status = nic_send(u->nic, segments, count, offload, (uint64_t)(frame - u->frames));

	if (status == NIC_OK) {
		u->counters.sent++;
		u->port.is_stuck = false;
		return VSWITCH_FORWARDED;
	}
	frame_free(u, frame);
	u->counters.busy += status == NIC_ERR_BUSY;
	return status == NIC_ERR_BUSY ? VSWITCH_DROP_NO_ROOM : VSWITCH_DROP_DEVICE;
}

static struct nic_offload offload_of(const struct vnet_copy *copy)
{
	const struct gso_plan *plan = &copy->frame->plan;
	struct nic_offload offload = {
		.needs_csum = plan->needs_csum,
		.csum_start = (uint16_t)(plan->csum_start + copy->delta),
		.csum_offset = plan->csum_offset,
	};

	if (plan->segment_count > 1) {
		offload.gso = plan->type == GSO_TYPE_TCPV4 ? NIC_GSO_TCP4 : NIC_GSO_TCP6;
		offload.header_bytes = (uint16_t)(plan->header_bytes + copy->delta);
		offload.gso_bytes = (uint16_t)plan->segment_bytes;
	}
	return offload;
}

static enum vswitch_drop send_as_it_is(struct uplink *u, const struct vnet_copy *copy)
{
	uint32_t bytes = copy->header_bytes + copy->frame->rest.left;
	struct uplink_frame *frame = frame_alloc(u, (bytes + UPLINK_PIECE_BYTES - 1) / UPLINK_PIECE_BYTES);
	struct dma_segment segments[UPLINK_FRAME_PIECES];
	struct nic_offload offload = offload_of(copy);
	unsigned count;

	if (!frame) {
		u->counters.busy++;
		return VSWITCH_DROP_NO_ROOM;
	}
	count = fill(u, frame, copy, segments);
	if (!count) {
		frame_free(u, frame);
		return VSWITCH_DROP_DEVICE;
	}
	return submit(u, frame, segments, count, &offload);
}

/* A finished frame in private memory. */
static enum vswitch_drop send_finished(void *self, uint8_t *bytes, uint32_t count)
{
	struct vnet_frame frame = { .total_bytes = count };
	struct vq_segment segment = { bytes, count };
	struct vnet_copy copy = { .frame = &frame };

	frame.rest = (struct vq_cursor){ &segment, 0, count };
	frame.plan.segment_count = 1;
	return send_as_it_is(self, &copy);
}

static uint32_t needed(const struct gso_plan *plan)
{
	uint32_t can = plan->needs_csum ? NIC_CAN_CSUM : 0;

	if (plan->segment_count > 1)
		can |= plan->type == GSO_TYPE_TCPV4 ? NIC_CAN_TSO4 : NIC_CAN_TSO6;
	return can;
}

/*
 * Whether all segments of a frame have room, so that none of it is lost; of more than half of what there is, whether that half has. The card
 * may need a descriptor for each piece.
 */
static bool has_room(const struct uplink *u, const struct gso_plan *plan)
{
	uint32_t depth = lower(u->nic->info.send_depth, UPLINK_PIECE_COUNT), used = UPLINK_PIECE_COUNT - u->free_count;
	uint32_t each = (plan->wire_bytes + UPLINK_PIECE_BYTES - 1) / UPLINK_PIECE_BYTES;

	return lower(plan->segment_count, UPLINK_FRAME_COUNT / 2) <= UPLINK_FRAME_COUNT - u->under_way &&
	       used <= depth && lower(plan->segment_count * each, depth / 2) <= depth - used;
}

static enum vswitch_drop send(struct vnet_port *port, const struct vnet_copy *copy)
{
	struct uplink *u = port->self;
	uint32_t can = needed(&copy->frame->plan);

	if ((u->nic->info.can & can) == can)
		return send_as_it_is(u, copy);
	if (!has_room(u, &copy->frame->plan)) {
		u->counters.busy++;
		return VSWITCH_DROP_NO_ROOM;
	}
	u->counters.finished++;
	return vnet_finish(copy, port->owner->scratch, send_finished, u);
}

static void sent(void *arg, uint64_t cookie)
{
	struct uplink *u = arg;

	if (cookie < UPLINK_FRAME_COUNT)
		frame_free(u, &u->frames[cookie]);
}

/* ---- frames that come in ---- */

static uint8_t *receive_at(const struct uplink *u, uint64_t number)
{
	return u->receive + number * u->receive_bytes;
}

static void post(struct uplink *u, uint64_t number)
{
	struct dma_segment buffer = { (uintptr_t)receive_at(u, number), u->receive_bytes };

	if (number < u->receive_count && nic_post(u->nic, buffer, number) == NIC_OK)
		return;
	u->counters.damaged++;	/* a buffer that the NIC does not take back: it is lost until the next reset */
}

static struct gso_meta meta_of(const struct nic_offload *offload)
{
	static const uint8_t types[] = { GSO_TYPE_NONE, GSO_TYPE_TCPV4, GSO_TYPE_TCPV6 };

	return (struct gso_meta){
		.flags = offload->needs_csum ? GSO_FLAG_NEEDS_CSUM : 0,
		.type = types[offload->gso],
		.size = offload->gso_bytes,
		.csum_start = offload->csum_start,
		.csum_offset = offload->csum_offset,
	};
}

static void forward(struct uplink *u, const struct nic_offload *offload)
{
	struct gso_meta meta = meta_of(offload);
	struct vnet_frame *frame = &u->frame;

	frame->from = &u->port;
	frame->rest = (struct vq_cursor){ u->gathered, 0, u->gathered_bytes };
	frame->total_bytes = u->gathered_bytes;
	frame->header_bytes = lower(frame->total_bytes, VSWITCH_HEADER_BYTES);
	frame->has_ecn = false;
	frame->is_csum_good = offload->csum_good;
	u->counters.received++;
	if (vq_read(&frame->rest, frame->header, frame->header_bytes) == VQ_OK)
		vnet_forward(frame, &meta);
}

static void gather(struct uplink *u, uint64_t cookie, uint32_t bytes)
{
	u->cookies[u->gathered_count] = cookie;
	if (bytes)
		u->gathered[u->gathered_count] = (struct vq_segment){ receive_at(u, cookie), bytes };
	u->gathered_count++;
	u->gathered_bytes += bytes;
}

static void received(void *arg, uint64_t cookie, uint32_t bytes, bool last, const struct nic_offload *offload)
{
	struct uplink *u = arg;

	if (cookie >= u->receive_count || bytes > u->receive_bytes)
		return;
	if (!bytes || u->is_oversize || u->gathered_count == UPLINK_RECEIVE_PIECES) {
		u->counters.damaged++;
		u->is_oversize = !last && bytes;
		post(u, cookie);
	} else {
		gather(u, cookie, bytes);
		if (!last)
			return;
		if (u->port.is_up)
			forward(u, offload);
	}
	while (u->gathered_count)
		post(u, u->cookies[--u->gathered_count]);
	u->gathered_bytes = 0;
}

/* ---- the NIC itself ---- */

static void link(void *arg, bool up)
{
	struct uplink *u = arg;

	vnet_port_set_up(&u->port, up);
}

static void wake(void *arg)
{
	(void)arg;	/* that there is an interrupt is enough: the loop polls */
}

static void forget_all(struct uplink *u)
{
	for (uint32_t n = 0; n < UPLINK_FRAME_COUNT; n++)
		frame_free(u, &u->frames[n]);
	u->gathered_count = u->gathered_bytes = 0;
	u->is_oversize = false;
}

static bool start(struct uplink *u)
{
	struct nic_filter all = { .promiscuous = true };	/* the switch decides who is meant */

	if (nic_reset(u->nic) != NIC_OK || nic_set_filter(u->nic, &all) != NIC_OK)
		return false;
	for (uint32_t n = 0; n < u->receive_count; n++)
		post(u, n);
	nic_kick(u->nic);
	u->port.is_stuck = false;
	vnet_port_set_up(&u->port, u->nic->link_up);
	return true;
}

static void revive(struct uplink *u)
{
	uint64_t began_ns = host_now_ns();
	bool is_up;

	if (!revive_is_due(&u->revive, began_ns))
		return;
	u->counters.resets++;
	forget_all(u);
	is_up = start(u);
	if (!is_up)
		vnet_port_set_up(&u->port, false);
	revive_ended(&u->revive, began_ns, host_now_ns(), is_up);
}

unsigned uplink_poll(struct uplink *u, unsigned budget)
{
	unsigned done = nic_poll(u->nic, budget);

	if (u->nic->dead)
		revive(u);
	else
		nic_kick(u->nic);
	return done;
}

static bool make_buffers(struct uplink *u)
{
	uint32_t depth = u->nic->info.receive_depth;
	uint64_t bus;

	u->receive_bytes = u->nic->info.receive_bytes;
	u->receive_count = lower(depth, UPLINK_RECEIVE_COUNT);
	u->pieces = dma_alloc((size_t)UPLINK_PIECE_COUNT * UPLINK_PIECE_BYTES, 4096, &bus);
	u->receive = dma_alloc((size_t)u->receive_count * u->receive_bytes, 4096, &bus);
	for (uint16_t n = 0; n < UPLINK_PIECE_COUNT; n++)
		u->free_pieces[u->free_count++] = n;
	return u->pieces && u->receive;
}

bool uplink_init(struct uplink *u, struct vnet_switch *owner, uint32_t number, struct nic_device *nic)
{
	memset(u, 0, sizeof(*u));
	u->nic = nic;
	vnet_port_init(&u->port, owner, number, send, u);
	u->port.grace_ns = UPLINK_GRACE_NS;
	nic->sent = sent;
	nic->received = received;
	nic->link = link;
	nic->arg = u;
	nic->wake = wake;
	nic->mtu = owner->sw.config->ports[number].mtu;
	if (nic_reset(nic) == NIC_OK && make_buffers(u) && start(u))	/* how large its buffers must be, it says once it works */
		return true;
	vnet_port_set_up(&u->port, false);	/* it may have said that its link is up, before it failed */
	return false;
}
