/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHYS_VIRTIO_NET_H
#define PHYS_VIRTIO_NET_H

/*
 * What the files of the virtio network driver tell one another.
 */

#include <virtio/virtio_net.h>

#include "nic.h"
#include "virtio_pci.h"

#define VNET_DEPTH	256u	/* buffers of each direction */

/* A buffer under way, in either direction. */
struct vnet_slot {
	bool used;
	uint64_t cookie;
	uint32_t bytes;
	struct virtio_net_hdr *header;
	uint64_t header_bus;
};

struct vnet_ring {
	struct vnet_slot slots[VNET_DEPTH];
	unsigned free;		/* where the search for a free slot begins */
	unsigned under_way;
};

/* What a control command is made of; the device reads and writes it. */
struct vnet_control {
	struct virtio_net_ctrl command;
	uint8_t data[4 + 4 + NIC_MULTICAST_COUNT * NIC_MAC_BYTES];
	uint8_t answer;
};

struct vnet {
	struct nic_device nic;	/* first: what consumers see */
	struct virtio_pci virtio;
	struct vnet_ring rx;
	struct vnet_ring tx;
	struct vnet_control *control;
	uint64_t control_bus;
	uint64_t next_check;
	uint64_t moved;		/* when the transmit ring last gave something back, or was empty */
	volatile bool armed;	/* (handler clears) */
	volatile bool changed;	/* (handler sets) the configuration */
};

static inline struct virtq_driver *vnet_rx(struct vnet *vnet)
{
	return &vnet->virtio.queue[VIRTIO_NET_QUEUE_RECEIVE].ring;
}

static inline struct virtq_driver *vnet_tx(struct vnet *vnet)
{
	return &vnet->virtio.queue[VIRTIO_NET_QUEUE_TRANSMIT].ring;
}

/* virtio_net_ring.c */
enum nic_status vnet_send(struct vnet *vnet, const struct dma_segment *segments, unsigned count,
			  const struct nic_offload *offload, uint64_t cookie);
enum nic_status vnet_post(struct vnet *vnet, struct dma_segment buffer, uint64_t cookie);
/** False: the device broke the protocol. */
bool vnet_drain(struct vnet *vnet, unsigned budget, unsigned *done);

/** Waits for the device's answer to each command, for a bounded time. */
enum nic_status vnet_set_filter(struct vnet *vnet, const struct nic_filter *filter);

#endif
