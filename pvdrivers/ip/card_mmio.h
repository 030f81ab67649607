/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IP_CARD_MMIO_H
#define IP_CARD_MMIO_H

/*
 * A virtio-mmio device as its driver sees it (virtio 1.2, 4.2): found in the device tree, brought up, its queues and its interrupt. The
 * device may be an emulator's or another partition's. It must not know what a device is for.
 */

#include <stdbool.h>
#include <stdint.h>

#include <virtio/virtq_driver.h>

struct card_device {
	uintptr_t base;
	int irq;
	uint64_t features;	/* that both sides have */
};

/** Finds the `n`-th device of a type (VIRTIO_ID_*), in the order of addresses. False: there are no more. */
bool card_device_find(struct card_device *device, uint32_t type, unsigned n);

/** Resets it, and agrees on features: those of `wanted` that it has. False: it refuses, or is no virtio 1 device. */
bool card_device_begin(struct card_device *device, uint64_t wanted);

/** Gives it an empty queue in `memory`. False: it does not have that queue, or not that size. */
bool card_device_queue(struct card_device *device, uint32_t index, struct virtq_driver *queue, const struct vqd_memory *memory, uint16_t size);

/** From here on it works. */
void card_device_run(struct card_device *device);

/** Tells it that a queue has something new. */
void card_device_notify(const struct card_device *device, uint32_t index);

/** False: it asks to be reset, and does nothing until then. */
bool card_device_is_sound(const struct card_device *device);

/** A byte of its configuration. */
uint8_t card_device_config8(const struct card_device *device, uint32_t offset);
uint16_t card_device_config16(const struct card_device *device, uint32_t offset);

#endif
