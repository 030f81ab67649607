/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames as buffers of a ring each way, with virtio-net's header before each frame in memory of the driver's own (virtio
 * 1.2, 5.1.6). It must not know registers.
 */

#include <string.h>

#include <rt/timer.h>

#include "virtio_net.h"

/* ---- buffers in ---- */

static struct vnet_slot *find_slot(struct vnet_ring *ring)
{
	for (unsigned i = 0; i < VNET_DEPTH && ring->under_way < VNET_DEPTH; i++) {
		struct vnet_slot *slot = &ring->slots[(ring->free + i) % VNET_DEPTH];

		if (slot->used)
			continue;
		ring->free = (ring->free + i + 1) % VNET_DEPTH;
		return slot;
	}
	return NULL;
}

static enum nic_status take_slot(struct vnet_ring *ring, struct vnet_slot *slot, enum vq_err error)
{
	if (error)
		return error == VQ_ERR_FULL ? NIC_ERR_BUSY : NIC_ERR_ARGUMENT;
	slot->used = true;
	ring->under_way++;
	return NIC_OK;
}

static void give_back(struct vnet_ring *ring, struct vnet_slot *slot)
{
	slot->used = false;
	ring->under_way--;
}

static struct virtio_net_hdr header_of(const struct nic_offload *offload)
{
	static const uint8_t kinds[] = { VIRTIO_NET_HDR_GSO_NONE, VIRTIO_NET_HDR_GSO_TCPV4, VIRTIO_NET_HDR_GSO_TCPV6 };
	struct virtio_net_hdr header = { 0 };

	if (!offload)
		return header;
	if (offload->needs_csum) {
		header.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		header.csum_start = offload->csum_start;
		header.csum_offset = offload->csum_offset;
	}
	header.gso_type = kinds[offload->gso];
	if (offload->gso) {
		header.hdr_len = offload->header_bytes;
		header.gso_size = offload->gso_bytes;
	}
	return header;
}

enum nic_status vnet_send(struct vnet *vnet, const struct dma_segment *segments, unsigned count,
			  const struct nic_offload *offload, uint64_t cookie)
{
	struct vqd_segment parts[NIC_SEGMENT_COUNT + 1];
	struct vnet_slot *slot = find_slot(&vnet->tx);
	uint32_t bytes;
	enum nic_status status = nic_check(&vnet->nic, segments, count, offload, &bytes);

	if (status || !slot)
		return status ? status : NIC_ERR_BUSY;
	parts[0] = (struct vqd_segment){ slot->header_bus, sizeof(*slot->header) };
	for (unsigned i = 0; i < count; i++) {
		parts[i + 1].size = segments[i].bytes;
		if (!dma_map((const void *)segments[i].at, segments[i].bytes, &parts[i + 1].address))
			return NIC_ERR_ARGUMENT;
	}
	*slot->header = header_of(offload);
	slot->cookie = cookie;
	slot->bytes = bytes;
	if (!vnet->tx.under_way)
		vnet->moved = time_ns();
	return take_slot(&vnet->tx, slot, vqd_add(vnet_tx(vnet), parts, count + 1, 0, slot));
}

enum nic_status vnet_post(struct vnet *vnet, struct dma_segment buffer, uint64_t cookie)
{
	struct vnet_slot *slot = find_slot(&vnet->rx);
	struct vqd_segment parts[2];

	if (!slot)
		return NIC_ERR_BUSY;
	if (buffer.bytes < vnet->nic.info.receive_bytes || !dma_map((const void *)buffer.at, buffer.bytes, &parts[1].address))
		return NIC_ERR_ARGUMENT;
	parts[0] = (struct vqd_segment){ slot->header_bus, sizeof(*slot->header) };
	parts[1].size = buffer.bytes;
	slot->cookie = cookie;
	slot->bytes = buffer.bytes;
	return take_slot(&vnet->rx, slot, vqd_add(vnet_rx(vnet), parts, 0, 2, slot));
}

/* ---- buffers out ---- */

/* The header is the device's word; it is read once, and what it says of the frame must lie within it. */
static struct nic_offload offload_of(struct vnet *vnet, const struct vnet_slot *slot, uint32_t bytes)
{
	struct virtio_net_hdr header;
	struct nic_offload offload = { 0 };

	memcpy(&header, slot->header, sizeof(header));
	offload.csum_good = header.flags & VIRTIO_NET_HDR_F_DATA_VALID;
	if (!(header.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return offload;
	if ((uint32_t)header.csum_start + header.csum_offset + 2 > bytes) {
		vnet->nic.stats.rx_errors++;
		return offload;
	}
	offload.needs_csum = true;
	offload.csum_start = header.csum_start;
	offload.csum_offset = header.csum_offset;
	return offload;
}

static void receive(struct vnet *vnet, struct vnet_slot *slot, uint32_t written)
{
	uint32_t bytes = written > sizeof(*slot->header) ? written - (uint32_t)sizeof(*slot->header) : 0;
	struct nic_offload offload = offload_of(vnet, slot, bytes);

	if (bytes < NIC_HEADER_BYTES) {
		bytes = 0;
		vnet->nic.stats.rx_errors++;
	} else {
		vnet->nic.stats.rx_frames++;
		vnet->nic.stats.rx_bytes += bytes;
	}
	give_back(&vnet->rx, slot);
	vnet->nic.received(vnet->nic.arg, slot->cookie, bytes, true, &offload);
}

static void finish_send(struct vnet *vnet, struct vnet_slot *slot)
{
	vnet->nic.stats.tx_frames++;
	vnet->nic.stats.tx_bytes += slot->bytes;
	vnet->moved = time_ns();
	give_back(&vnet->tx, slot);
	vnet->nic.sent(vnet->nic.arg, slot->cookie);
}

static enum vq_err drain(struct vnet *vnet, unsigned queue, unsigned budget, unsigned *done)
{
	enum vq_err error = VQ_OK;

	for (; *done < budget; ++*done) {
		uint32_t written;
		void *cookie;

		error = virtio_pci_get(&vnet->virtio, queue, &cookie, &written);
		if (error)
			break;
		if (queue == VIRTIO_NET_QUEUE_RECEIVE)
			receive(vnet, cookie, written);
		else
			finish_send(vnet, cookie);
		if (vnet->nic.dead)	/* by what was called */
			return VQ_ERR_EMPTY;
	}
	return error == VQ_ERR_EMPTY ? VQ_OK : error;
}

bool vnet_drain(struct vnet *vnet, unsigned budget, unsigned *done)
{
	enum vq_err error = drain(vnet, VIRTIO_NET_QUEUE_TRANSMIT, budget, done);

	if (!error)
		error = drain(vnet, VIRTIO_NET_QUEUE_RECEIVE, budget, done);
	return !error || error == VQ_ERR_EMPTY;
}
