/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIRTIO_CONSOLE_H
#define VIRTIO_CONSOLE_H

/*
 * The console device's layouts (virtio 1.2, 5.3), for one port. It must not know rings.
 */

#include <stdint.h>

#include "virtio.h"

/* Queues (5.3.2) of port 0. */
#define VIRTIO_CONSOLE_QUEUE_RECEIVE	0u
#define VIRTIO_CONSOLE_QUEUE_TRANSMIT	1u

/* Features (5.3.3). */
#define VIRTIO_CONSOLE_F_SIZE		(1ull << 0)
#define VIRTIO_CONSOLE_F_MULTIPORT	(1ull << 1)
#define VIRTIO_CONSOLE_F_EMERG_WRITE	(1ull << 2)

/* Configuration (5.3.4). */
struct virtio_console_config {
	uint16_t cols;
	uint16_t rows;
	uint32_t max_nr_ports;
	uint32_t emerg_wr;
};

_Static_assert(sizeof(struct virtio_console_config) == 12, "5.3.4");

#endif
