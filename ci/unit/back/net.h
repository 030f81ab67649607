/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_BACK_NET_H
#define UNIT_BACK_NET_H

/*
 * Three front-ends with virtio-net devices around one switch that allows everything; what each of them sends and receives. It must not know
 * what is tested.
 */

#include <back/net.h>
#include <virtio/virtio_net.h>

#include "front.h"

#define NET_PORTS	3u
#define NET_ALL		(VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC | VIRTIO_NET_F_CSUM | VIRTIO_NET_F_GUEST_CSUM | \
			 VIRTIO_NET_F_MTU | VIRTIO_NET_F_MAC | VIRTIO_NET_F_GUEST_TSO4 | VIRTIO_NET_F_GUEST_TSO6 | \
			 VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_HOST_TSO6 | VIRTIO_NET_F_MRG_RXBUF | VIRTIO_NET_F_STATUS)
#define NET_PLAIN	(VIRTIO_F_VERSION_1 | VIRTIO_NET_F_MAC)
#define NET_BUFFER	2048u	/* bytes of a receive buffer */
#define NET_FRAME_MAX	66000u

struct net_machine {
	struct vnet_switch net;
	struct vswitch_config config;
	struct vswitch_port_config port[NET_PORTS];
	struct front front[NET_PORTS];
	struct vnet vnet[NET_PORTS];
	unsigned sent[NET_PORTS], done[NET_PORTS];	/* frames given to the device, and got back */
	unsigned received[NET_PORTS];
	unsigned wrong;					/* rings or lengths that cannot be */
	struct virtio_net_hdr header[NET_PORTS];	/* of the last frame received */
	uint8_t frame[NET_PORTS][NET_FRAME_MAX];
	uint32_t bytes[NET_PORTS];
};

/* Everything before the drivers; then a driver with these features and `buffers` receive buffers. */
void net_open(struct net_machine *m);
void net_start(struct net_machine *m, uint32_t n, uint64_t features, unsigned buffers);
void net_close(struct net_machine *m);

/* The back-end begins anew with the pages alone. */
void net_die(struct net_machine *m);

/* Gives the device more receive buffers. */
void net_offer(struct net_machine *m, uint32_t n, unsigned buffers);

/* A frame from port `from` to the address of port `to` (or everybody, for NET_PORTS): Ethernet, IPv4, UDP or TCP, payload by `seed`. */
uint32_t net_make(uint8_t *frame, uint32_t from, uint32_t to, bool is_tcp, uint32_t payload, uint8_t seed);

/* Sends bytes with a virtio header; false: no room in the ring. */
bool net_send(struct net_machine *m, uint32_t n, const struct virtio_net_hdr *header, const uint8_t *frame, uint32_t bytes);

/* One round of all devices; then the drivers take what came. */
void net_round(struct net_machine *m);
void net_collect(struct net_machine *m);

uint64_t net_drops(const struct net_machine *m, uint32_t port, enum vswitch_drop why);

#endif
