/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIRTIO_VIRTIO_H
#define VIRTIO_VIRTIO_H

/*
 * What all virtio devices share (virtio 1.2): device types, status bits, feature bits of the rings. Numbers only. All fields of all
 * layouts in this folder are little-endian, as are the CPUs that this is compiled for.
 */

#include <stdint.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "virtio is little-endian, and nothing here swaps");

/* Device types (5). */
#define VIRTIO_ID_NONE			0u	/* a place without a device */
#define VIRTIO_ID_NET			1u
#define VIRTIO_ID_BLK			2u
#define VIRTIO_ID_CONSOLE		3u

/* Device status (2.1). */
#define VIRTIO_STATUS_ACKNOWLEDGE	1u
#define VIRTIO_STATUS_DRIVER		2u
#define VIRTIO_STATUS_DRIVER_OK		4u
#define VIRTIO_STATUS_FEATURES_OK	8u
#define VIRTIO_STATUS_NEEDS_RESET	64u
#define VIRTIO_STATUS_FAILED		128u

/* Reserved feature bits (6). IN_ORDER stands here so that it can be refused by name. */
#define VIRTIO_F_INDIRECT_DESC		(1ull << 28)
#define VIRTIO_F_EVENT_IDX		(1ull << 29)
#define VIRTIO_F_VERSION_1		(1ull << 32)
#define VIRTIO_F_ACCESS_PLATFORM	(1ull << 33)
#define VIRTIO_F_RING_PACKED		(1ull << 34)
#define VIRTIO_F_IN_ORDER		(1ull << 35)
#define VIRTIO_F_ORDER_PLATFORM		(1ull << 36)
#define VIRTIO_F_SR_IOV			(1ull << 37)
#define VIRTIO_F_NOTIFICATION_DATA	(1ull << 38)
#define VIRTIO_F_RING_RESET		(1ull << 40)

/* Those that virtq.h and virtq_driver.h can do. */
#define VIRTIO_RING_FEATURES		(VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_RING_PACKED)

#endif
