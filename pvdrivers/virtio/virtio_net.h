/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIRTIO_NET_H
#define VIRTIO_NET_H

/*
 * The network device's layouts (virtio 1.2, 5.1). It must not know rings.
 */

#include <stddef.h>
#include <stdint.h>

#include "virtio.h"

/* Queues (5.1.2), without MQ. */
#define VIRTIO_NET_QUEUE_RECEIVE	0u
#define VIRTIO_NET_QUEUE_TRANSMIT	1u
#define VIRTIO_NET_QUEUE_CONTROL	2u	/* with CTRL_VQ */

/* Features (5.1.3): HOST_x, the device takes it from the driver; GUEST_x, the driver takes it from the device. */
#define VIRTIO_NET_F_CSUM		(1ull << 0)
#define VIRTIO_NET_F_GUEST_CSUM		(1ull << 1)
#define VIRTIO_NET_F_CTRL_GUEST_OFFLOADS (1ull << 2)
#define VIRTIO_NET_F_MTU		(1ull << 3)
#define VIRTIO_NET_F_MAC		(1ull << 5)
#define VIRTIO_NET_F_GUEST_TSO4		(1ull << 7)
#define VIRTIO_NET_F_GUEST_TSO6		(1ull << 8)
#define VIRTIO_NET_F_GUEST_ECN		(1ull << 9)
#define VIRTIO_NET_F_GUEST_UFO		(1ull << 10)
#define VIRTIO_NET_F_HOST_TSO4		(1ull << 11)
#define VIRTIO_NET_F_HOST_TSO6		(1ull << 12)
#define VIRTIO_NET_F_HOST_ECN		(1ull << 13)
#define VIRTIO_NET_F_HOST_UFO		(1ull << 14)
#define VIRTIO_NET_F_MRG_RXBUF		(1ull << 15)
#define VIRTIO_NET_F_STATUS		(1ull << 16)
#define VIRTIO_NET_F_CTRL_VQ		(1ull << 17)
#define VIRTIO_NET_F_CTRL_RX		(1ull << 18)
#define VIRTIO_NET_F_CTRL_VLAN		(1ull << 19)
#define VIRTIO_NET_F_GUEST_ANNOUNCE	(1ull << 21)
#define VIRTIO_NET_F_MQ			(1ull << 22)
#define VIRTIO_NET_F_CTRL_MAC_ADDR	(1ull << 23)
#define VIRTIO_NET_F_HOST_USO		(1ull << 56)
#define VIRTIO_NET_F_HASH_REPORT	(1ull << 57)
#define VIRTIO_NET_F_GUEST_HDRLEN	(1ull << 59)
#define VIRTIO_NET_F_RSS		(1ull << 60)
#define VIRTIO_NET_F_RSC_EXT		(1ull << 61)
#define VIRTIO_NET_F_STANDBY		(1ull << 62)
#define VIRTIO_NET_F_SPEED_DUPLEX	(1ull << 63)

/* Configuration (5.1.4). */
struct virtio_net_config {
	uint8_t mac[6];
	uint16_t status;
	uint16_t max_virtqueue_pairs;
	uint16_t mtu;
	uint32_t speed;		/* Mbit/s; all ones: unknown */
	uint8_t duplex;		/* 1: full; 0xff: unknown */
	uint8_t rss_max_key_size;
	uint16_t rss_max_indirection_table_length;
	uint32_t supported_hash_types;
};

_Static_assert(offsetof(struct virtio_net_config, mtu) == 10, "5.1.4");
_Static_assert(sizeof(struct virtio_net_config) == 24, "5.1.4");

/* config.status */
#define VIRTIO_NET_S_LINK_UP		1u
#define VIRTIO_NET_S_ANNOUNCE		2u

/* What stands before each frame (5.1.6); without HASH_REPORT it ends here, and with VERSION_1 num_buffers is always there. */
struct virtio_net_hdr {
	uint8_t flags;
	uint8_t gso_type;
	uint16_t hdr_len;	/* a hint only */
	uint16_t gso_size;	/* payload of each segment */
	uint16_t csum_start;	/* from the frame's first byte */
	uint16_t csum_offset;	/* from csum_start, where the checksum goes */
	uint16_t num_buffers;	/* received: buffers that the frame fills; sent: 0 */
};

_Static_assert(sizeof(struct virtio_net_hdr) == 12, "5.1.6");

#define VIRTIO_NET_HDR_F_NEEDS_CSUM	1u
#define VIRTIO_NET_HDR_F_DATA_VALID	2u
#define VIRTIO_NET_HDR_F_RSC_INFO	4u

#define VIRTIO_NET_HDR_GSO_NONE		0u
#define VIRTIO_NET_HDR_GSO_TCPV4	1u
#define VIRTIO_NET_HDR_GSO_UDP		3u
#define VIRTIO_NET_HDR_GSO_TCPV6	4u
#define VIRTIO_NET_HDR_GSO_UDP_L4	5u
#define VIRTIO_NET_HDR_GSO_ECN		0x80u	/* beside a TCP type */

/* Control queue (5.1.6.5): this, the command's data, then one byte of answer to be written. */
struct virtio_net_ctrl {
	uint8_t class;
	uint8_t command;
};

#define VIRTIO_NET_OK			0u
#define VIRTIO_NET_ERR			1u

#define VIRTIO_NET_CTRL_RX		0u	/* data: one byte, on or off */
#define VIRTIO_NET_CTRL_RX_PROMISC	0u
#define VIRTIO_NET_CTRL_RX_ALLMULTI	1u
#define VIRTIO_NET_CTRL_MAC		1u
#define VIRTIO_NET_CTRL_MAC_TABLE_SET	0u	/* two tables: 32-bit count, 6 bytes each */
#define VIRTIO_NET_CTRL_MAC_ADDR_SET	1u
#define VIRTIO_NET_CTRL_VLAN		2u	/* data: 16-bit identifier */
#define VIRTIO_NET_CTRL_VLAN_ADD	0u
#define VIRTIO_NET_CTRL_VLAN_DEL	1u
#define VIRTIO_NET_CTRL_ANNOUNCE	3u
#define VIRTIO_NET_CTRL_ANNOUNCE_ACK	0u
#define VIRTIO_NET_CTRL_GUEST_OFFLOADS	5u	/* data: 64 bits, of the GUEST_x features */
#define VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET 0u

#endif
