/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: the device side of a virtqueue on memory that a hostile driver owns, and changes between any two reads. What must hold:
 * every segment lies in the window, every access does, and the work for a chain is bounded whatever the ring says.
 */

#include <stdlib.h>
#include <string.h>

#include <virtio/chain.h>
#include <virtio/ring.h>
#include <virtio/virtq_driver.h>

#include "fuzz.h"

#define BASE		0x40000000ull
#define MEMORY_BYTES	8192u
#define RING_BYTES	2048u
#define TABLES_AT	2048u
#define TABLE_ENTRIES	6u
#define CHAINS_MAX	24u
#define ACCESSES_MAX	(4u * VQ_CHAIN_MAX + 64u)	/* of one call */

const char fuzz_name[] = "virtq_device";

/* What stands before the memory in an input. */
struct head {
	struct vq_setup setup;
	struct vq_position position;
	uint64_t random;	/* how the memory changes; even: not at all */
	uint64_t start;		/* 0: a new queue; else restored */
};

static uint8_t *memory;
static uint64_t random_state;
static bool is_steady;
static unsigned accesses;

/* The guest, on another CPU: it writes somewhere in its rings, or where the next read is. */
static void change_memory(uint64_t reading)
{
	static const uint16_t words[] = { 0, 1, 2, 3, 4, 5, 7, 8, 16, 0x80, 0x8000, 0x8080, 0x7fff, 0xffff, 0x4000, 0x1000 };
	uint64_t dice = fuzz_random(&random_state);
	uint64_t at = ((dice >> 4 & 1 ? reading + (dice >> 8) % 8 : (dice >> 8) % (RING_BYTES + 1024))) & ~1ull;

	if (!is_steady && dice % 4 == 0 && at < RING_BYTES + 1024)
		memcpy(memory + at, &words[dice >> 32 & 15], 2);
}

static void see(const void *at, size_t size)
{
	uint64_t offset = (uint64_t)((const uint8_t *)at - memory);

	fuzz_must(++accesses <= ACCESSES_MAX);
	fuzz_must(offset < MEMORY_BYTES && size <= MEMORY_BYTES - offset);
	change_memory(offset);
}

static bool is_guests(const void *at)
{
	return (const uint8_t *)at >= memory && (const uint8_t *)at < memory + MEMORY_BYTES;
}

enum vq_err window_copy(void *to, const void *from, size_t size)
{
	see(is_guests(to) ? to : from, size);
	memcpy(to, from, size);
	return VQ_OK;
}

enum vq_err window_zero(void *to, size_t size)
{
	see(to, size);
	memset(to, 0, size);
	return VQ_OK;
}

enum vq_err window_load16(const uint16_t *at, uint16_t *value) { see(at, 2); *value = *at; return VQ_OK; }
enum vq_err window_load32(const uint32_t *at, uint32_t *value) { see(at, 4); *value = *at; return VQ_OK; }
enum vq_err window_load64(const uint64_t *at, uint64_t *value) { see(at, 8); *value = *at; return VQ_OK; }
enum vq_err window_store16(uint16_t *at, uint16_t value) { see(at, 2); *at = value; return VQ_OK; }
enum vq_err window_store32(uint32_t *at, uint32_t value) { see(at, 4); *at = value; return VQ_OK; }
enum vq_err window_store64(uint64_t *at, uint64_t value) { see(at, 8); *at = value; return VQ_OK; }

/* A ring that an honest driver filled. */
size_t fuzz_seed(uint32_t which, uint8_t bytes[FUZZ_BYTES_MAX])
{
	static struct vqd_slot slots[64];
	static uint8_t guest[MEMORY_BYTES] __attribute__((aligned(4096)));
	const struct vqd_memory parts = { guest, BASE, slots, guest + TABLES_AT, BASE + TABLES_AT, TABLE_ENTRIES };
	uint64_t features = (which & 1 ? VIRTIO_F_RING_PACKED : 0) | (which & 2 ? VIRTIO_F_EVENT_IDX : 0) |
			    (which & 4 ? VIRTIO_F_INDIRECT_DESC : 0);
	struct head head = { .random = (which * 0x9e3779b97f4a7c15ull & ~1ull) | (which >> 6 & 1) };
	struct virtq_driver driver;

	memset(guest, 0, sizeof(guest));
	fuzz_must(vqd_init(&driver, &parts, (uint16_t)(4u << (which >> 3 & 3)), features, &head.setup) == VQ_OK);
	for (uint32_t n = which >> 8 & 7; n > 0; n--) {
		struct vqd_segment segments[4];

		for (unsigned i = 0; i < 4; i++)
			segments[i] = (struct vqd_segment){ BASE + 4096 + 512 * i, 512 };
		(void)!vqd_add(&driver, segments, n & 1 ? 2 : 0, 1 + (n >> 1 & 1), &slots[n]);
	}
	vqd_publish(&driver);
	memcpy(bytes, &head, sizeof(head));
	memcpy(bytes + sizeof(head), guest, sizeof(guest));
	return sizeof(head) + sizeof(guest);
}

void fuzz_repair(uint8_t *bytes, size_t size)
{
	(void)bytes;
	(void)size;
}

/* Reads and writes all of a chain. */
static void use(const struct vq_chain *chain)
{
	static uint8_t private[4096];
	struct vq_cursor from = vq_readable(chain), to = vq_writable(chain);
	uint64_t sum[2] = { 0, 0 };

	fuzz_must(chain->readable_count + chain->writable_count <= VQ_CHAIN_MAX);
	for (unsigned n = 0; n < chain->readable_count + chain->writable_count; n++) {
		const struct vq_segment *s = &chain->segment[n];

		fuzz_must(s->at >= memory && s->size > 0 && s->size <= MEMORY_BYTES - (size_t)(s->at - memory));
		sum[n >= chain->readable_count] += s->size;
	}
	fuzz_must(sum[0] == chain->readable_size && sum[1] == chain->writable_size);
	accesses = 0;
	fuzz_must(vq_read(&from, private, from.left < sizeof(private) ? from.left : (uint32_t)sizeof(private)) == VQ_OK);
	accesses = 0;
	fuzz_must(vq_write(&to, private, to.left < sizeof(private) ? to.left : (uint32_t)sizeof(private)) == VQ_OK);
	fuzz_must(vq_read(&from, private, from.left + 1) == VQ_ERR_GUEST && vq_zero(&to, to.left + 1) == VQ_ERR_GUEST);
	accesses = 0;
}

static bool is_fine(enum vq_err err)
{
	accesses = 0;
	fuzz_must(err == VQ_OK || err == VQ_ERR_EMPTY || err == VQ_ERR_GUEST);
	return err == VQ_OK;
}

/* Takes and gives back until the ring lies or is empty; gives some back late. */
static void serve(struct virtq *q)
{
	static struct vq_chain chain;
	struct vq_token held[4];
	unsigned held_count = 0;
	bool flag;

	for (unsigned n = 0; n < CHAINS_MAX && is_fine(virtq_pop(q, &chain)); n++) {
		use(&chain);
		held[held_count++] = chain.token;
		if (held_count == 4 || fuzz_random(&random_state) & 1) {
			unsigned which = (unsigned)(fuzz_random(&random_state) % held_count);

			fuzz_must(is_fine(virtq_push(q, held[which], (uint32_t)fuzz_random(&random_state))));
			held[which] = held[--held_count];
		}
		if (fuzz_random(&random_state) % 4 == 0)
			fuzz_must(is_fine(virtq_publish(q)) && is_fine(virtq_should_notify(q, &flag)));
		if (fuzz_random(&random_state) % 8 == 0 && !is_fine(virtq_ask_signal(q, &flag)))
			return;
		if (held_count && is_fine(virtq_retake(q, held[0], &chain)))
			use(&chain);
	}
	while (held_count)
		fuzz_must(is_fine(virtq_push(q, held[--held_count], 0)));
	fuzz_must(is_fine(virtq_publish(q)) && is_fine(virtq_cancel_signal(q)));
}

static void start(const struct head *head, const struct window *window)
{
	static struct virtq q;
	enum vq_err err = head->start ? virtq_restore(&q, window, &head->setup, head->position) : virtq_init(&q, window, &head->setup);
	unsigned published;

	fuzz_must(err == VQ_OK || err == VQ_ERR_GUEST || err == VQ_ERR_SETUP);
	if (err == VQ_OK && (!head->start || is_fine(virtq_restore_published(&q, NULL, 0, &published))))
		serve(&q);
}

void fuzz_run(const uint8_t *bytes, size_t size)
{
	struct window window = { BASE, MEMORY_BYTES, NULL };
	struct head head;

	if (size < sizeof(head))
		return;
	memcpy(&head, bytes, sizeof(head));
	memory = aligned_alloc(4096, MEMORY_BYTES);
	fuzz_must(memory);
	memset(memory, 0, MEMORY_BYTES);
	memcpy(memory, bytes + sizeof(head), size - sizeof(head));
	window.here = memory;
	random_state = head.random | 2;
	is_steady = !(head.random & 1);
	accesses = 0;
	start(&head, &window);
	free(memory);
}
