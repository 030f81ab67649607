/* SPDX-License-Identifier: Apache-2.0 */
/* Both sides of a queue against each other: every kind of ring, around its end and around 2^16, in and out of order. */

#include <stdlib.h>
#include <string.h>

#include <virtio/chain.h>

#include "../tap.h"
#include "pair.h"

#define SEGMENT_BYTES	32u
#define SEGMENTS_MAX	8u
#define BUFFER_BYTES	(SEGMENT_BYTES * SEGMENTS_MAX)

static uint64_t random_state = 88172645463325252ull;

static unsigned below(unsigned limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state % limit);
}

/* A buffer on its way; its number in the array is its place in memory. */
struct buffer {
	bool is_out;		/* the device has it, or will */
	unsigned readable, writable;
	uint32_t tag;		/* what its readable bytes begin with */
	uint32_t answer;	/* what the device wrote, 0: nothing yet */
};

struct traffic {
	struct pair pair;
	struct buffer buffers[PAIR_SIZE_MAX];
	struct vq_chain *taken;		/* by the device, not given back */
	unsigned taken_count;
	uint64_t added, got;
	unsigned out_of_order;		/* chance, percent */
};

static void traffic_open(struct traffic *t, unsigned kind, uint16_t size)
{
	memset(t, 0, sizeof(*t));
	pair_open(&t->pair, size, kind_features(kind));
	t->taken = calloc(PAIR_SIZE_MAX, sizeof(*t->taken));
	if (!t->taken)
		abort();
}

static void traffic_close(struct traffic *t)
{
	free(t->taken);
}

/* The driver offers one buffer, if it has one and there is room. */
static void offer(struct traffic *t)
{
	unsigned n = below(t->pair.driver.size);
	struct buffer *b = &t->buffers[n];
	uint32_t at = DATA_AT + n * BUFFER_BYTES;
	bool room;

	if (b->is_out)
		return;
	b->readable = 1 + below(SEGMENTS_MAX / 2);
	b->writable = below(SEGMENTS_MAX / 2 + 1);
	b->tag = (uint32_t)random_state;
	b->answer = 0;
	memcpy(t->pair.memory + at, &b->tag, sizeof(b->tag));
	if (b->readable + b->writable > t->pair.driver.size)
		return;
	room = vqd_has_room(&t->pair.driver, b->readable + b->writable);
	if (pair_add(&t->pair, at, b->readable, b->writable, SEGMENT_BYTES, b) == VQ_OK) {
		CHECK(room);
		b->is_out = true;
		t->added++;
	} else {
		CHECK(!room);
	}
}

static void judge_chain(const struct traffic *t, const struct vq_chain *chain)
{
	size_t n = (size_t)(chain->segment[0].at - t->pair.memory - DATA_AT) / BUFFER_BYTES;
	const struct buffer *b = &t->buffers[n];
	struct vq_cursor at = vq_readable(chain);
	uint32_t tag = 0;

	CHECK(b->is_out && b->answer == 0);
	CHECK(chain->readable_count == b->readable && chain->writable_count == b->writable);
	CHECK(chain->readable_size == b->readable * SEGMENT_BYTES && chain->writable_size == b->writable * SEGMENT_BYTES);
	CHECK(vq_read(&at, &tag, sizeof(tag)) == VQ_OK && tag == b->tag);
}

static void take(struct traffic *t)
{
	struct vq_chain *chain = &t->taken[t->taken_count];
	enum vq_err err = virtq_pop(&t->pair.device, chain);

	CHECK(err == VQ_OK || err == VQ_ERR_EMPTY);
	if (err != VQ_OK)
		return;
	judge_chain(t, chain);
	t->taken_count++;
}

/* The device writes its answer and gives one chain back. */
static void give(struct traffic *t)
{
	unsigned which = below(100) < t->out_of_order ? below(t->taken_count) : 0;
	struct vq_chain *chain = &t->taken[which];
	size_t n = (size_t)(chain->segment[0].at - t->pair.memory - DATA_AT) / BUFFER_BYTES;
	struct vq_cursor at = vq_writable(chain);
	uint32_t answer = t->buffers[n].tag ^ 0xffffffffu;

	if (chain->writable_size)
		CHECK(vq_write(&at, &answer, sizeof(answer)) == VQ_OK);
	t->buffers[n].answer = 1;
	CHECK(virtq_push(&t->pair.device, chain->token, chain->writable_size ? sizeof(answer) : 0) == VQ_OK);
	memmove(chain, chain + 1, (t->taken_count - which - 1) * sizeof(*chain));
	t->taken_count--;
}

static void get(struct traffic *t)
{
	void *cookie = NULL;
	uint32_t written = 99, answer;
	bool pending = vqd_pending(&t->pair.driver);
	enum vq_err err = vqd_get(&t->pair.driver, &cookie, &written);
	struct buffer *b = cookie;

	CHECK(pending == (err == VQ_OK));
	CHECK(err == VQ_OK || err == VQ_ERR_EMPTY);
	if (err != VQ_OK)
		return;
	CHECK(b->is_out && b->answer == 1 && written == (b->writable ? 4 : 0));
	if (b->writable) {
		memcpy(&answer, t->pair.memory + DATA_AT + (size_t)(b - t->buffers) * BUFFER_BYTES + b->readable * SEGMENT_BYTES, 4);
		CHECK(answer == (b->tag ^ 0xffffffffu));
	}
	b->is_out = false;
	t->got++;
}

/* One round of both, in batches of random sizes. */
static void round_of_both(struct traffic *t)
{
	bool ignored;

	for (unsigned n = below(6); n > 0; n--)
		offer(t);
	vqd_publish(&t->pair.driver);
	(void)vqd_kick_needed(&t->pair.driver);
	for (unsigned n = below(6); n > 0; n--)
		take(t);
	for (unsigned n = below(6); n > 0 && t->taken_count; n--)
		give(t);
	if (below(4)) {
		CHECK(virtq_publish(&t->pair.device) == VQ_OK);
		CHECK(virtq_should_notify(&t->pair.device, &ignored) == VQ_OK);
	}
	for (unsigned n = below(6); n > 0; n--)
		get(t);
}

/* Everything comes home. */
static void drain(struct traffic *t)
{
	unsigned before;

	vqd_publish(&t->pair.driver);
	do {
		before = t->taken_count;
		take(t);
	} while (t->taken_count > before);
	while (t->taken_count)
		give(t);
	CHECK(virtq_publish(&t->pair.device) == VQ_OK);
	while (t->got < t->added && vqd_pending(&t->pair.driver))
		get(t);
	CHECK(t->got == t->added);
	CHECK(t->pair.driver.free_count == t->pair.driver.size);
}

static void run(unsigned kind, uint16_t size, uint64_t count, unsigned out_of_order)
{
	static struct traffic t;
	int bad = tap_bad_;

	traffic_open(&t, kind, size);
	t.out_of_order = out_of_order;
	for (uint64_t rounds = 0; t.added < count && tap_bad_ == bad; rounds++) {
		round_of_both(&t);
		CHECK(rounds < 100 * count);	/* else nothing moves any more */
	}
	if (tap_bad_ == bad)
		drain(&t);
	if (tap_bad_ != bad)
		printf("# %s, %u entries, after %llu buffers\n", kind_name(kind), size, (unsigned long long)t.added);
	traffic_close(&t);
}

static void every_kind_carries_every_buffer_in_order(void)
{
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		for (uint16_t size = 1; size <= PAIR_SIZE_MAX; size = (uint16_t)(size * 4))
			run(kind, size, 3000, 0);
	}
}

static void every_kind_carries_every_buffer_out_of_order(void)
{
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		run(kind, 8, 20000, 70);
		run(kind, PAIR_SIZE_MAX, 20000, 70);
	}
}

static void packed_rings_need_no_power_of_two(void)
{
	for (uint16_t size = 1; size < 20; size++) {
		run(1, size, 1000, 50);
		run(3, size, 1000, 50);
		run(7, size, 1000, 50);
	}
}

static void indices_go_around_2_16(void)
{
	for (unsigned kind = 0; kind < KIND_COUNT; kind++)
		run(kind, 16, 70000, 30);
}

/* More than VQ_HELD_MAX at once, and around the ring's end. */
static void large_batches_arrive_whole(void)
{
	static struct vq_chain chain;
	static struct pair p;
	void *cookie;
	uint32_t written;

	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		pair_open(&p, PAIR_SIZE_MAX, kind_features(kind));
		for (unsigned batch = 0; batch < 4; batch++) {
			for (unsigned n = 0; n < 200; n++)
				CHECK(pair_add(&p, DATA_AT + 64 * n, 0, 1, 64, &p.slots[n]) == VQ_OK);
			vqd_publish(&p.driver);
			for (unsigned n = 0; n < 200; n++)
				CHECK(virtq_pop(&p.device, &chain) == VQ_OK && virtq_push(&p.device, chain.token, n % 64) == VQ_OK);
			CHECK(!vqd_pending(&p.driver) && virtq_publish(&p.device) == VQ_OK);
			for (unsigned n = 0; n < 200; n++)
				CHECK(vqd_get(&p.driver, &cookie, &written) == VQ_OK && cookie == &p.slots[n] && written == n % 64);
		}
	}
}

static void nothing_is_seen_before_it_is_published(void)
{
	struct vq_chain chain;
	bool pending = true;

	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		struct pair p;

		pair_open(&p, 16, kind_features(kind));
		CHECK(pair_add(&p, DATA_AT, 1, 1, 16, &p) == VQ_OK && pair_add(&p, DATA_AT + 64, 2, 1, 16, &p) == VQ_OK);
		CHECK(virtq_pending(&p.device, &pending) == VQ_OK && !pending && virtq_pop(&p.device, &chain) == VQ_ERR_EMPTY);
		vqd_publish(&p.driver);
		CHECK(virtq_pending(&p.device, &pending) == VQ_OK && pending);
		CHECK(virtq_pop(&p.device, &chain) == VQ_OK && virtq_push(&p.device, chain.token, 1) == VQ_OK);
		CHECK(virtq_pop(&p.device, &chain) == VQ_OK && virtq_push(&p.device, chain.token, 2) == VQ_OK);
		CHECK(virtq_pop(&p.device, &chain) == VQ_ERR_EMPTY && !vqd_pending(&p.driver));
		CHECK(virtq_publish(&p.device) == VQ_OK && vqd_pending(&p.driver));
	}
}

static void a_chain_that_is_put_back_comes_again(void)
{
	struct vq_chain chain, again;

	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		struct pair p;

		pair_open(&p, 16, kind_features(kind));
		CHECK(pair_add(&p, DATA_AT, 1, 2, 16, &p) == VQ_OK);
		vqd_publish(&p.driver);
		CHECK(virtq_pop(&p.device, &chain) == VQ_OK);
		virtq_unpop(&p.device, &chain);
		CHECK(virtq_pop(&p.device, &again) == VQ_OK && again.token.id == chain.token.id && again.writable_count == 2);
		CHECK(again.segment[0].at == p.memory + DATA_AT && virtq_pop(&p.device, &chain) == VQ_ERR_EMPTY);
	}
}

static void a_full_ring_is_full_and_no_more(void)
{
	struct pair p;

	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		unsigned entries = kind & 4 ? 1 : 2;

		pair_open(&p, 16, kind_features(kind));
		for (unsigned n = 0; n < 16 / entries; n++)
			CHECK(pair_add(&p, DATA_AT + 64 * n, 1, 1, 16, &p) == VQ_OK);
		CHECK(!vqd_has_room(&p.driver, 1) && pair_add(&p, DATA_AT, 1, 0, 16, &p) == VQ_ERR_FULL);
		CHECK(pair_add(&p, DATA_AT, 17, 0, 16, &p) == VQ_ERR_SETUP && pair_add(&p, DATA_AT, 0, 0, 16, &p) == VQ_ERR_SETUP);
		CHECK(pair_add(&p, DATA_AT, 1, 0, 0, &p) == VQ_ERR_SETUP && pair_add(&p, DATA_AT, 1, 0, 16, NULL) == VQ_ERR_SETUP);
		CHECK(pair_add(&p, DATA_AT, 1, 1, UINT32_MAX, &p) == VQ_ERR_FULL);
		CHECK(pair_add(&p, DATA_AT, 2, 1, UINT32_MAX, &p) == VQ_ERR_SETUP);
	}
}

static void a_reset_gives_every_cookie_back(void)
{
	struct pair p;
	unsigned count = 0;

	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		pair_open(&p, 16, kind_features(kind));
		for (unsigned n = 0; n < 4; n++)
			CHECK(pair_add(&p, DATA_AT, 1, 1, 16, &p.slots[n]) == VQ_OK);
		vqd_publish(&p.driver);
		for (count = 0; vqd_reclaim(&p.driver); )
			count++;
		CHECK(count == 4);
	}
}

int main(void)
{
	TEST(every_kind_carries_every_buffer_in_order);
	TEST(every_kind_carries_every_buffer_out_of_order);
	TEST(packed_rings_need_no_power_of_two);
	TEST(indices_go_around_2_16);
	TEST(large_batches_arrive_whole);
	TEST(nothing_is_seen_before_it_is_published);
	TEST(a_chain_that_is_put_back_comes_again);
	TEST(a_full_ring_is_full_and_no_more);
	TEST(a_reset_gives_every_cookie_back);
	return tap_done();
}
