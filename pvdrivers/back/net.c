/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-net (Virtual I/O Device (VIRTIO) 1.2, 5.1) as a sender: from chains to frames; and what the device offers. It must not know rings or
 * registers, nor who gets a frame.
 */

#include <string.h>

#include <virtio/chain.h>
#include <virtio/virtio_net.h>

#include "host.h"
#include "net.h"

#define GUEST_TSO	(VIRTIO_NET_F_GUEST_TSO4 | VIRTIO_NET_F_GUEST_TSO6)
#define HOST_TSO	(VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_HOST_TSO6)
#define OFFERED		(VIRTIO_NET_F_CSUM | VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_MTU | VIRTIO_NET_F_MAC | GUEST_TSO | \
			 VIRTIO_NET_F_GUEST_ECN | HOST_TSO | VIRTIO_NET_F_HOST_ECN | VIRTIO_NET_F_MRG_RXBUF | VIRTIO_NET_F_STATUS)

static uint32_t lower(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* ---- frames ---- */

/* What the driver asks for must have been negotiated (5.1.6.2.2); the plan judges the rest. */
static bool is_negotiated(const struct vnet *v, const struct virtio_net_hdr *header)
{
	uint64_t needs = header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM ? VIRTIO_NET_F_CSUM : 0;

	switch (header->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_NONE:
		break;
	case VIRTIO_NET_HDR_GSO_TCPV4:
		needs |= VIRTIO_NET_F_HOST_TSO4;
		break;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		needs |= VIRTIO_NET_F_HOST_TSO6;
		break;
	default:
		return false;
	}
	if (header->gso_type & VIRTIO_NET_HDR_GSO_ECN)
		needs |= VIRTIO_NET_F_HOST_ECN;
	return (v->features & needs) == needs;
}

/* Copies what is judged out of the chain. False: the protocol is broken, or the sender is gone. */
static bool read_frame(struct vnet *v, struct virtio_net_hdr *header)
{
	struct vnet_frame *frame = &v->frame;

	frame->from = &v->port;
	frame->rest = vq_readable(&v->chain);
	frame->is_csum_good = false;
	if (v->chain.writable_count || frame->rest.left < sizeof(*header)) {
		device_break(v->device, "a frame that is none");
		return false;
	}
	if (!device_check(v->device, vq_read(&frame->rest, header, sizeof(*header)), "a frame's virtio header"))
		return false;
	frame->total_bytes = frame->rest.left;
	frame->header_bytes = lower(frame->total_bytes, VSWITCH_HEADER_BYTES);
	frame->has_ecn = header->gso_type & VIRTIO_NET_HDR_GSO_ECN;
	return device_check(v->device, vq_read(&frame->rest, frame->header, frame->header_bytes), "a frame's header");
}

static struct gso_meta meta_of(const struct virtio_net_hdr *header)
{
	return (struct gso_meta){
		.flags = header->flags,
		.type = header->gso_type,
		.size = header->gso_size,
		.csum_start = header->csum_start,
		.csum_offset = header->csum_offset,
	};
}

static void finish(struct vnet *v, ticket_t ticket)
{
	queue_give(device_queue(v->device, VIRTIO_NET_QUEUE_TRANSMIT), ticket, 0);
}

static void mark_parked(struct vnet *v, bool is_parked)
{
	struct vnet_switch *owner = v->port.owner;
	uint32_t bit = 1u << v->port.number;

	v->is_parked = is_parked;
	owner->parked = is_parked ? owner->parked | bit : owner->parked & ~bit;
}

/* Its receiver would get it at once if he had a buffer: the sender waits a little. */
static void park(struct vnet *v, const struct vswitch_verdict *verdict, ticket_t ticket)
{
	mark_parked(v, true);
	v->parked_order = ++v->port.owner->parked_count;
	v->parked_until_ns = host_now_ns() + vnet_only_receiver(&v->frame, verdict)->grace_ns;
	v->parked_verdict = *verdict;
	v->parked_ticket = ticket;
	v->counters.parked++;
	queue_wait_until(device_queue(v->device, VIRTIO_NET_QUEUE_TRANSMIT), host_now_ns() + VNET_RETRY_NS);
}

/* The frame that waits: sent, dropped, or false: it waits on. */
static bool serve_parked(struct vnet *v)
{
	struct vnet_port *receiver = vnet_only_receiver(&v->frame, &v->parked_verdict);
	uint64_t now_ns = host_now_ns();

	if (now_ns >= v->parked_until_ns && receiver) {
		receiver->is_stuck = true;	/* until it takes a frame */
		v->counters.expired++;
	}
	if (!vnet_distribute(&v->frame, &v->parked_verdict)) {
		queue_wait_until(device_queue(v->device, VIRTIO_NET_QUEUE_TRANSMIT), now_ns + VNET_RETRY_NS);
		return false;
	}
	mark_parked(v, false);
	finish(v, v->parked_ticket);
	return true;
}

static void drop(struct vnet *v)
{
	vswitch_count_drop(&v->port.owner->sw, v->port.number, VSWITCH_DROP_DEVICE);
}

/* One chain. False: no more for now. */
static bool serve_one(struct vnet *v, struct device_queue *q)
{
	struct virtio_net_hdr header;
	struct vswitch_verdict verdict;
	struct gso_meta meta;
	ticket_t ticket;

	if (!queue_take(q, &v->chain, &ticket) || !read_frame(v, &header))
		return false;
	meta = meta_of(&header);
	if (!is_negotiated(v, &header)) {
		drop(v);
	} else if (vnet_judge(&v->frame, &meta, &verdict) && !vnet_distribute(&v->frame, &verdict)) {
		park(v, &verdict, ticket);
		return false;
	}
	finish(v, ticket);
	return true;
}

static unsigned serve(void *self, uint32_t queue, unsigned budget)
{
	struct vnet *v = self;
	struct device_queue *q = device_queue(v->device, queue);
	unsigned done = 0;

	if (v->is_parked && !serve_parked(v))
		return 0;
	while (done < budget && serve_one(v, q))
		done++;
	return done;
}

/* ---- the kind ---- */

/* A driver that takes segments takes checksums too (5.1.3.1). */
static bool accepts(void *self, uint64_t features)
{
	(void)self;
	if (features & GUEST_TSO && !(features & VIRTIO_NET_F_GUEST_CSUM))
		return false;
	if (features & HOST_TSO && !(features & VIRTIO_NET_F_CSUM))
		return false;
	if (features & VIRTIO_NET_F_GUEST_ECN && !(features & GUEST_TSO))
		return false;
	return !(features & VIRTIO_NET_F_HOST_ECN) || features & HOST_TSO;
}

static void start(void *self, uint64_t features)
{
	struct vnet *v = self;

	v->features = features;
	v->port.is_stuck = false;
	mark_parked(v, false);
	vnet_port_set_up(&v->port, true);
}

static void stop(void *self, uint32_t queue)
{
	struct vnet *v = self;

	if (queue == VIRTIO_NET_QUEUE_TRANSMIT)
		mark_parked(v, false);
	vnet_port_set_up(&v->port, false);
}

static bool is_idle(void *self, uint32_t queue)
{
	(void)self;
	(void)queue;
	return true;
}

const struct device_kind vnet_kind = {
	.name = "virtio-net",
	.queue_count = 2,
	.queue_size = VNET_QUEUE_SIZE,
	.served = 1u << VIRTIO_NET_QUEUE_TRANSMIT,
	.lazy = 1u << VIRTIO_NET_QUEUE_TRANSMIT,	/* nothing of the driver's waits for it, but where its ring is full */
	.accepts = accepts,
	.start = start,
	.serve = serve,
	.stop = stop,
	.is_idle = is_idle,
};

void vnet_init(struct vnet *v, struct device *device, struct vnet_switch *owner, uint32_t number, uint64_t *features,
	       struct virtio_net_config *config)
{
	const struct vswitch_port_config *port = &owner->sw.config->ports[number];

	memset(v, 0, sizeof(*v));
	v->device = device;
	vnet_port_init(&v->port, owner, number, vnet_receive, v);
	mark_parked(v, false);
	*features = OFFERED;
	*config = (struct virtio_net_config){ .status = VIRTIO_NET_S_LINK_UP, .max_virtqueue_pairs = 1, .mtu = port->mtu };
	memcpy(config->mac, port->mac, sizeof(config->mac));
}
