/* SPDX-License-Identifier: Apache-2.0 */
/* Both sides of one queue in one block of memory. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pair.h"

uint64_t kind_features(unsigned kind)
{
	return VIRTIO_F_VERSION_1 | (kind & 1 ? VIRTIO_F_RING_PACKED : 0) | (kind & 2 ? VIRTIO_F_EVENT_IDX : 0) |
	       (kind & 4 ? VIRTIO_F_INDIRECT_DESC : 0);
}

const char *kind_name(unsigned kind)
{
	static const char *const names[KIND_COUNT] = { "split", "packed", "split event", "packed event", "split indirect", "packed indirect",
						       "split event indirect", "packed event indirect" };

	return names[kind];
}

static void must(enum vq_err err, const char *what)
{
	if (err == VQ_OK)
		return;
	printf("# %s: %d\n", what, err);
	exit(2);
}

static uint8_t guest[GUEST_BYTES] __attribute__((aligned(4096)));

void pair_open(struct pair *pair, uint16_t size, uint64_t features)
{
	struct vqd_memory memory;

	memset(pair, 0, sizeof(*pair));
	pair->memory = guest;
	pair->window = (struct window){ GUEST_BASE, GUEST_BYTES, pair->memory };
	memory = (struct vqd_memory){ pair->memory + RING_AT, GUEST_BASE + RING_AT, pair->slots, pair->memory + TABLES_AT,
				      GUEST_BASE + TABLES_AT, TABLE_ENTRIES };
	must(vqd_init(&pair->driver, &memory, size, features, &pair->setup), "vqd_init");
	must(virtq_init(&pair->device, &pair->window, &pair->setup), "virtq_init");
}

enum vq_err pair_add(struct pair *pair, uint32_t at, unsigned readable, unsigned writable, uint32_t bytes, void *cookie)
{
	struct vqd_segment segments[PAIR_SIZE_MAX];

	for (unsigned n = 0; n < readable + writable; n++)
		segments[n] = (struct vqd_segment){ GUEST_BASE + at + n * bytes, bytes };
	return vqd_add(&pair->driver, segments, readable, writable, cookie);
}
