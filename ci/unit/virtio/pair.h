/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_VIRTIO_PAIR_H
#define UNIT_VIRTIO_PAIR_H

/*
 * Both sides of one queue in one block of memory, the guest's. It must not know what is tested.
 */

#include <virtio/virtio.h>
#include <virtio/virtq.h>
#include <virtio/virtq_driver.h>

#define GUEST_BASE	0x40000000ull
#define GUEST_BYTES	0x80000u
#define PAIR_SIZE_MAX	256u
#define TABLE_ENTRIES	8u

/* Where things lie in the guest's memory. */
#define RING_AT		0x1000u
#define TABLES_AT	0x8000u
#define DATA_AT		0x20000u

#define KIND_COUNT	8u

struct pair {
	uint8_t *memory;
	struct window window;
	struct vq_setup setup;
	struct virtq device;
	struct virtq_driver driver;
	struct vqd_slot slots[PAIR_SIZE_MAX];
};

/* Features of kind 0..7: packed, event index, indirect. And its name. */
uint64_t kind_features(unsigned kind);
const char *kind_name(unsigned kind);

/* Sets both sides up. One pair at a time: all have the same memory. Ends the program if that fails. */
void pair_open(struct pair *pair, uint16_t size, uint64_t features);

/* Adds a buffer of `readable` and `writable` segments of `bytes` each, from offset `at` of the guest's memory on; does not publish. */
enum vq_err pair_add(struct pair *pair, uint32_t at, unsigned readable, unsigned writable, uint32_t bytes, void *cookie);

#endif
