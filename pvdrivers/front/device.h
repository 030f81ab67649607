/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_DEVICE_H
#define FRONT_DEVICE_H

/*
 * A virtio-mmio device as its driver sees it (virtio 1.2, 4.2): found in the device tree, brought up, its queues and its interrupt. The
 * device may be an emulator's or another partition's. It must not know what a device is for.
 */

#include <stdbool.h>
#include <stdint.h>

#include <virtio/virtq_driver.h>

#include "pool.h"

struct front_device {
	uintptr_t base;
	int irq;
	uint64_t features;	/* that both sides have */
	struct front_share share;	/* of a pool: all that it may be given the address of; none: any memory */
};

/** Finds the `n`-th device of a type (VIRTIO_ID_*), in the order of addresses. False: there are no more, or its pool is too small. */
bool front_device_find(struct front_device *device, uint32_t type, unsigned n);

/** Resets it, and agrees on features: those of `wanted` that it has. False: it refuses, or is no virtio 1 device. */
bool front_device_begin(struct front_device *device, uint64_t wanted);

/** Gives it an empty queue in `memory`, whose ring has `ring_bytes`. False: they are too few, or it does not have that queue, or not that size. */
bool front_device_queue(struct front_device *device, uint32_t index, struct virtq_driver *queue, const struct vqd_memory *memory,
			size_t ring_bytes, uint16_t size);

/** From here on it works. */
void front_device_run(struct front_device *device);

/** Shows it what was added to a queue, and tells it if it wants to know. */
void front_device_publish(const struct front_device *device, uint32_t index, struct virtq_driver *queue);

/** Tells it that a queue has something new. */
void front_device_notify(const struct front_device *device, uint32_t index);

/** False: it asks to be reset, and does nothing until then. */
bool front_device_is_sound(const struct front_device *device);

/** Stops it: it touches no memory of ours and does not interrupt. Its queues wait for front_device_begin(). */
void front_device_stop(struct front_device *device);

/** Fields of its configuration, in one piece each. */
uint8_t front_device_config8(const struct front_device *device, uint32_t offset);
uint16_t front_device_config16(const struct front_device *device, uint32_t offset);
uint32_t front_device_config32(const struct front_device *device, uint32_t offset);
uint64_t front_device_config64(const struct front_device *device, uint32_t offset);

#endif
