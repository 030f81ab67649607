/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FIRMWARE_SAMPLE_H
#define FIRMWARE_SAMPLE_H

/* A disk in memory with a good image on it: what the tests of firmware/update damage. It must not know the code under test. */

#include "../../../firmware/image/manifest_write.h"
#include "../../../firmware/update/slot.h"

#define SAMPLE_SLOT_AT		0x10000u
#define SAMPLE_SLOT_BYTES	0x40000u
#define SAMPLE_DISK_BYTES	0x100000u

/* A small image for a board with 1 GiB: a hypervisor and a data file, with every kind of item. */
void sample_manifest(struct manifest *m);

/* Its bytes, unsigned. */
void sample_encode(const struct manifest *m, uint8_t bytes[MANIFEST_BYTES_MAX], uint64_t *signed_bytes);

/* Content of a component. */
uint8_t sample_byte(uint32_t component, uint64_t offset);

/* A memory disk. With `fail_at` below its size, a read that touches that offset fails. */
struct sample_disk {
	struct blockdev dev;
	uint8_t *bytes;
	uint64_t fail_at;
};

void sample_disk_init(struct sample_disk *disk, uint32_t block_bytes, uint64_t size);
void sample_disk_free(struct sample_disk *disk);

#endif
