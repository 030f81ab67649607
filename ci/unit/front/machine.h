/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_FRONT_MACHINE_H
#define UNIT_FRONT_MACHINE_H

/*
 * A partition for tests of front-end drivers: a device tree, registers that lead to real back-ends, and a pool, which is all that those
 * reach. It must not know drivers.
 */

#include "../back/front.h"

#define MACHINE_POOL_MAX	(1u << 20)

/* Begins a partition whose pool has so many bytes; 0: it has none, and back-ends reach all memory. */
void machine_begin(size_t pool_bytes);
uint8_t *machine_pool(void);

/* One more device, of a VIRTIO_ID_* type, at the next place. Its own driver of the tests is not used any more. */
void machine_add(struct front *f, uint32_t type);

/* After the last one: the tree stands. `round` runs the back-ends. */
void machine_ready(void (*round)(void));

/* Bytes that follow from the state; and many of them. */
extern uint64_t machine_noise_state;
uint8_t machine_noise(void);
void machine_fill(uint8_t *at, size_t bytes, uint64_t seed);

#endif
