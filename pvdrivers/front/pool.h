/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_POOL_H
#define FRONT_POOL_H

/*
 * Pools: a piece of our RAM that is all those behind a device see of it, where the device tree says so ("restricted-dma-pool", Linux,
 * Documentation/devicetree/bindings/reserved-memory/shared-dma-pool.yaml). All devices of a pool have a share of it each: what their type
 * needs, and disks the rest in equal parts. Shares follow from the tree and the devices' types alone, so a device that is opened again has
 * the same one. Whoever sees the pool may change it at any time: nothing that a driver believes stands there. It must not know rings.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRONT_POOL_NET_BYTES		(100u << 10)	/* of a network card */
#define FRONT_POOL_BLK_BYTES		(92u << 10)	/* of a disk, at least */
#define FRONT_POOL_BLK_BYTES_MAX	(4124u << 10)	/* more is of no use to it */
#define FRONT_POOL_CONSOLE_BYTES	(12u << 10)

struct front_share {
	uint8_t *at;	/* whole pages; NULL: there is no pool, and the device reaches all memory */
	size_t bytes;
};

/** The share of the virtio-mmio device at `base`, of a VIRTIO_ID_* type. False: the pool is too small for its devices, which is said on
 *  the console, or the tree makes no sense. */
bool front_pool_share(uintptr_t base, uint32_t type, struct front_share *share);

#endif
