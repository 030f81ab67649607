/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: the driver side of a virtqueue whose device is hostile, and writes to the ring between any two reads. What must hold: only
 * buffers that the device was given come back, each once, with no more bytes than they hold, and room is never invented.
 */

#include <stdlib.h>
#include <string.h>

#include <virtio/ring.h>
#include <virtio/virtq_driver.h>

#include "fuzz.h"

#define BASE		0x40000000ull
#define SIZE_MAX_	32u
#define TABLE_ENTRIES	4u
#define STEPS		40u

const char fuzz_name[] = "virtq_driver";

struct head {
	uint64_t random;
	uint32_t features;	/* bits 0..2 */
	uint32_t size;
	uint32_t changes;	/* one of so many accesses meets a change; 0: none */
	uint32_t honest;	/* how often of 8 the device answers as it should */
};

struct buffer {
	bool is_out;
	uint32_t writable;
};

static uint64_t random_state;
static uint32_t changes;
static uint8_t *ring_memory;
static size_t ring_bytes;
static const uint8_t *patterns;		/* what the device writes is taken from the input */
static size_t patterns_size;
static struct buffer buffers[SIZE_MAX_ + 1];

/* The device, at work: some bytes of the ring, from the input. */
static void change_ring(void)
{
	uint64_t dice = fuzz_random(&random_state);
	size_t at = (dice >> 8) % (ring_bytes / 2) * 2, from = patterns_size < 2 ? 0 : (dice >> 32) % (patterns_size / 2) * 2;

	if (changes && dice % changes == 0 && patterns_size >= 2)
		memcpy(ring_memory + at, patterns + from, 2);
}

uint16_t ring_load16(const uint16_t *at) { change_ring(); return *at; }
uint32_t ring_load32(const uint32_t *at) { change_ring(); return *at; }
uint64_t ring_load64(const uint64_t *at) { change_ring(); return *at; }
void ring_store16(uint16_t *at, uint16_t value) { *at = value; }
void ring_store32(uint32_t *at, uint32_t value) { *at = value; }
void ring_store64(uint64_t *at, uint64_t value) { *at = value; }
void ring_put16(uint16_t *at, uint16_t value) { *at = value; }
void ring_put64(uint64_t *at, uint64_t value) { *at = value; }
void ring_fence(void) { }

size_t fuzz_seed(uint32_t which, uint8_t bytes[FUZZ_BYTES_MAX])
{
	static const uint16_t words[] = { 0, 1, 2, 3, 4, 8, 0x8080, 0x80, 0x8000, 31, 32, 0xffff, 0x10, 0x20, 5, 0x82 };
	struct head head = { which * 0x9e3779b97f4a7c15ull | 1, which & 7, 1 + (which >> 3) % SIZE_MAX_, which >> 8 & 15, which >> 12 & 7 };

	if (!(head.features & 1))
		head.size = 1u << (which >> 3) % 6;
	memcpy(bytes, &head, sizeof(head));
	for (unsigned n = 0; n < 64; n++)
		memcpy(bytes + sizeof(head) + 2 * n, &words[(which >> n % 16 & 15) ^ (n & 15)], 2);
	return sizeof(head) + 128;
}

void fuzz_repair(uint8_t *bytes, size_t size)
{
	(void)bytes;
	(void)size;
}

static void add(struct virtq_driver *q)
{
	unsigned n = 1 + (unsigned)(fuzz_random(&random_state) % SIZE_MAX_), readable = (unsigned)(fuzz_random(&random_state) % 3), writable = (unsigned)(fuzz_random(&random_state) % 3);
	struct vqd_segment segments[4];
	bool room = vqd_has_room(q, readable + writable);
	enum vq_err err;

	if (buffers[n].is_out)
		return;
	for (unsigned i = 0; i < 4; i++)
		segments[i] = (struct vqd_segment){ BASE + 64 * i, 16 + i };
	err = vqd_add(q, segments, readable, writable, &buffers[n]);
	if (err == VQ_ERR_SETUP) {
		fuzz_must(readable + writable == 0 || readable + writable > q->size);
		return;
	}
	fuzz_must(room == (err == VQ_OK));
	if (!room)
		return;
	buffers[n] = (struct buffer){ true, 0 };
	for (unsigned i = readable; i < readable + writable; i++)
		buffers[n].writable += segments[i].size;
}

static unsigned out_count(void)
{
	unsigned count = 0;

	for (unsigned n = 0; n <= SIZE_MAX_; n++)
		count += buffers[n].is_out;
	return count;
}

/* One buffer comes back as it should, or the device lies, or nothing. */
static enum vq_err get(struct virtq_driver *q)
{
	uint32_t written = 0;
	void *cookie = NULL;
	enum vq_err err = vqd_get(q, &cookie, &written);
	struct buffer *b = cookie;

	fuzz_must(err == VQ_OK || err == VQ_ERR_EMPTY || err == VQ_ERR_GUEST);
	if (err != VQ_OK)
		return err;
	fuzz_must(b >= buffers && b <= buffers + SIZE_MAX_ && b->is_out && written <= b->writable);
	b->is_out = false;
	fuzz_must(q->free_count <= q->size && q->free_count + out_count() <= q->size + 0u);
	return VQ_OK;
}

/* The device gives back one of those that it has: the entry is right, the order is not. */
static void answer(struct virtq_driver *q)
{
	uint64_t word;
	uint16_t id = (uint16_t)(fuzz_random(&random_state) % q->size);

	for (unsigned n = 0; n < q->size && !q->memory.slots[id].cookie; n++)
		id = (uint16_t)((id + 1u) % q->size);
	if (q->is_packed) {
		word = packed_word(0, id, packed_used_flags(q->used));
		memcpy(ring_memory + 16 * (size_t)position_offset(q->used) + 8, &word, 8);
	} else {
		word = id;
		memcpy(&q->device_area[USED_ENTRY + USED_ENTRY_WORDS * (q->used & (q->size - 1u))], &word, 8);
		q->device_area[USED_INDEX] = (uint16_t)(q->used + 1);
	}
}

static void play(struct virtq_driver *q, uint32_t honest)
{
	enum vq_err err = VQ_OK;
	unsigned left = 0;

	for (unsigned step = 0; step < STEPS && err != VQ_ERR_GUEST; step++) {
		add(q);
		if (fuzz_random(&random_state) & 1)
			vqd_publish(q);
		(void)vqd_kick_needed(q);
		if (fuzz_random(&random_state) % 8 < honest && q->used != q->published)
			answer(q);
		if (vqd_ask_signal(q))
			vqd_cancel_signal(q);
		while ((err = get(q)) == VQ_OK)
			;
	}
	while (vqd_reclaim(q))
		left++;
	fuzz_must(left == out_count());
}

void fuzz_run(const uint8_t *bytes, size_t size)
{
	uint64_t features;
	struct vqd_memory parts = { .ring_address = BASE, .tables_address = BASE, .table_entries = TABLE_ENTRIES };
	struct virtq_driver q;
	struct vq_setup setup;
	struct head head;

	if (size < sizeof(head))
		return;
	memcpy(&head, bytes, sizeof(head));
	features = (head.features & 1 ? VIRTIO_F_RING_PACKED : 0) | (head.features & 2 ? VIRTIO_F_EVENT_IDX : 0) |
		   (head.features & 4 ? VIRTIO_F_INDIRECT_DESC : 0);
	head.size %= SIZE_MAX_ + 1;
	random_state = head.random | 1;
	patterns = bytes + sizeof(head);
	patterns_size = size - sizeof(head);
	ring_bytes = vqd_ring_bytes((uint16_t)head.size, features);
	parts.ring = ring_memory = aligned_alloc(16, (ring_bytes + 15) & ~(size_t)15);
	parts.slots = malloc(head.size * sizeof(struct vqd_slot) + !head.size);
	parts.tables = aligned_alloc(16, 16 * TABLE_ENTRIES * (head.size + 1));
	fuzz_must(parts.ring && parts.slots && parts.tables);
	memset(buffers, 0, sizeof(buffers));
	changes = 0;
	if (vqd_init(&q, &parts, (uint16_t)head.size, features, &setup) == VQ_OK) {
		changes = head.changes;
		play(&q, head.honest);
	}
	free(parts.ring);
	free(parts.slots);
	free(parts.tables);
}
