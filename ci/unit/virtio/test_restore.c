/* SPDX-License-Identifier: Apache-2.0 */
/* A device side that dies and comes back: at every instant of a batch, nothing is lost and nothing is given back twice. */

#include <string.h>

#include "../tap.h"
#include "host_window.h"
#include "pair.h"

#define SIZE	8u
#define BATCH	3u

static struct vq_chain chain;

static void offer(struct pair *p, unsigned count)
{
	for (unsigned n = 0; n < count; n++)
		CHECK(pair_add(p, DATA_AT + 64 * n, 1, 1, 16, &p->slots[n]) == VQ_OK);
	vqd_publish(&p->driver);
}

static void go_around(struct pair *p, unsigned count)
{
	void *cookie;
	uint32_t written;

	for (; count; count--) {
		offer(p, 1);
		CHECK(virtq_pop(&p->device, &chain) == VQ_OK && virtq_push(&p->device, chain.token, 0) == VQ_OK);
		CHECK(virtq_publish(&p->device) == VQ_OK && vqd_get(&p->driver, &cookie, &written) == VQ_OK);
	}
}

/* Taken by one life, given back by the next. */
static void positions_are_enough(void)
{
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		for (unsigned start = 0; start < 2 * SIZE + 1; start++) {
			struct vq_token tokens[2];
			struct vq_position at;
			struct pair p;
			unsigned published = 99;
			void *cookie;
			uint32_t written;
			bool notify = false;

			pair_open(&p, SIZE, kind_features(kind));
			go_around(&p, start);
			offer(&p, 3);
			for (unsigned n = 0; n < 2; n++) {
				CHECK(virtq_pop(&p.device, &chain) == VQ_OK);
				tokens[n] = chain.token;
			}
			at = virtq_position(&p.device);
			memset(&p.device, 0xee, sizeof(p.device));
			CHECK(virtq_restore(&p.device, &p.window, &p.setup, at) == VQ_OK);
			CHECK(virtq_restore_published(&p.device, NULL, 0, &published) == VQ_OK && published == 0);
			CHECK(virtq_retake(&p.device, tokens[0], &chain) == VQ_OK && chain.segment[0].at == p.memory + DATA_AT);
			CHECK(virtq_push(&p.device, tokens[0], 1) == VQ_OK && virtq_push(&p.device, tokens[1], 2) == VQ_OK);
			CHECK(virtq_pop(&p.device, &chain) == VQ_OK && chain.segment[0].at == p.memory + DATA_AT + 128);
			CHECK(virtq_publish(&p.device) == VQ_OK && virtq_should_notify(&p.device, &notify) == VQ_OK && notify);
			CHECK(vqd_get(&p.driver, &cookie, &written) == VQ_OK && cookie == &p.slots[0] && written == 1);
			CHECK(vqd_get(&p.driver, &cookie, &written) == VQ_OK && cookie == &p.slots[1] && written == 2);
			CHECK(!vqd_pending(&p.driver));
		}
	}
}

/* The order in which the crashing life gives back. */
static const unsigned orders[][BATCH] = { { 0, 1, 2 }, { 2, 1, 0 }, { 1, 2, 0 } };

/* Gives three chains back, one publish after `split` of them and one at the end; the window vanishes at access `crash`. */
static void crash_in_batch(struct pair *p, const unsigned *order, unsigned split, size_t crash, struct vq_token *log, struct vq_position *at)
{
	struct vq_token taken[BATCH];

	for (unsigned n = 0; n < BATCH; n++) {
		CHECK(virtq_pop(&p->device, &chain) == VQ_OK);
		taken[n] = chain.token;
	}
	for (unsigned n = 0; n < BATCH; n++)
		log[n] = taken[order[n]];
	*at = virtq_position(&p->device);
	host_window_left = crash;
	for (unsigned n = 0; n < BATCH; n++) {
		if (virtq_push(&p->device, log[n], n) != VQ_OK)
			return;
		if (n + 1 == split && virtq_publish(&p->device) != VQ_OK)
			return;
	}
	(void)!virtq_publish(&p->device);
}

static void get_one(struct pair *p, unsigned which, uint32_t bytes)
{
	void *cookie = NULL;
	uint32_t written = 99;

	CHECK(vqd_get(&p->driver, &cookie, &written) == VQ_OK && cookie == &p->slots[which] && written == bytes);
}

/* The next life gives back what the last one did not, in another order and one by one; the driver must see each once, and none early. */
static void go_on_after_crash(struct pair *p, const unsigned *order, const struct vq_token *log, struct vq_position at)
{
	unsigned published = 99;

	CHECK(virtq_restore(&p->device, &p->window, &p->setup, at) == VQ_OK);
	CHECK(virtq_restore_published(&p->device, log, BATCH, &published) == VQ_OK && published <= BATCH);
	for (unsigned n = 0; n < published; n++)
		get_one(p, order[n], n);
	CHECK(!vqd_pending(&p->driver));
	for (unsigned n = BATCH; n-- > published; ) {
		CHECK(virtq_push(&p->device, log[n], 16 - n) == VQ_OK && virtq_publish(&p->device) == VQ_OK);
		get_one(p, order[n], 16 - n);
		CHECK(!vqd_pending(&p->driver));
	}
	CHECK(p->driver.free_count == SIZE);
	CHECK(virtq_pop(&p->device, &chain) == VQ_ERR_EMPTY);
}

static void a_crash_at_any_access_loses_nothing(void)
{
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		for (unsigned run = 0; run < 3 * BATCH * 8 * (SIZE + 1); run++) {
			const unsigned *order = orders[run % 3];
			unsigned split = run / 3 % BATCH, crash = run / 3 / BATCH % 8;
			struct vq_token log[BATCH];
			struct vq_position at;
			struct pair p;

			pair_open(&p, SIZE, kind_features(kind));
			go_around(&p, run / 3 / BATCH / 8);
			offer(&p, BATCH);
			crash_in_batch(&p, order, split, crash, log, &at);
			host_window_left = 0;
			host_window_gone = false;
			go_on_after_crash(&p, order, log, at);
		}
	}
}

static void impossible_positions_are_refused(void)
{
	struct pair p;

	pair_open(&p, SIZE, kind_features(0));
	CHECK(virtq_restore(&p.device, &p.window, &p.setup, (struct vq_position){ 8, 0 }) == VQ_OK);
	CHECK(virtq_restore(&p.device, &p.window, &p.setup, (struct vq_position){ 9, 0 }) == VQ_ERR_SETUP);
	CHECK(virtq_restore(&p.device, &p.window, &p.setup, (struct vq_position){ 0, 1 }) == VQ_ERR_SETUP);
	CHECK(virtq_restore(&p.device, &p.window, &p.setup, (struct vq_position){ 3, 0xfffb }) == VQ_OK);
	pair_open(&p, SIZE, kind_features(1));
	CHECK(virtq_restore(&p.device, &p.window, &p.setup, (struct vq_position){ 0x8000, 0 }) == VQ_OK);
	CHECK(virtq_restore(&p.device, &p.window, &p.setup, (struct vq_position){ 8, 0 }) == VQ_ERR_SETUP);
	CHECK(virtq_restore(&p.device, &p.window, &p.setup, (struct vq_position){ 0, 8 }) == VQ_ERR_SETUP);
	CHECK(virtq_restore(&p.device, &p.window, &p.setup, (struct vq_position){ 0x8001, 0 }) == VQ_ERR_SETUP);
	CHECK(virtq_restore(&p.device, &p.window, &p.setup, (struct vq_position){ 0, 1 }) == VQ_ERR_SETUP);
}

static void a_used_index_that_moved_is_a_lie(void)
{
	struct vq_token token = { 0, 1, 0, 0 };
	struct vq_position at;
	unsigned published;
	struct pair p;

	pair_open(&p, SIZE, kind_features(0));
	offer(&p, 2);
	CHECK(virtq_pop(&p.device, &chain) == VQ_OK);
	at = virtq_position(&p.device);
	p.driver.device_area[1] = 2;
	CHECK(virtq_restore(&p.device, &p.window, &p.setup, at) == VQ_OK);
	CHECK(virtq_restore_published(&p.device, &token, 1, &published) == VQ_ERR_GUEST);
	p.driver.device_area[1] = 0xffff;
	CHECK(virtq_restore_published(&p.device, &token, 1, &published) == VQ_ERR_GUEST);
}

static void a_used_descriptor_of_nobody_is_a_lie(void)
{
	struct vq_position at;
	unsigned published;
	struct pair p;

	pair_open(&p, SIZE, kind_features(1));
	offer(&p, 1);
	CHECK(virtq_pop(&p.device, &chain) == VQ_OK);
	at = virtq_position(&p.device);
	((uint16_t *)p.driver.memory.ring)[7] = 0x8080;
	CHECK(virtq_restore(&p.device, &p.window, &p.setup, at) == VQ_OK);
	CHECK(virtq_restore_published(&p.device, NULL, 0, &published) == VQ_ERR_GUEST);
}

static void a_chain_that_was_overwritten_is_not_taken_again(void)
{
	struct vq_token first, second;
	struct pair p;

	pair_open(&p, SIZE, kind_features(1));
	offer(&p, 2);
	CHECK(virtq_pop(&p.device, &chain) == VQ_OK);
	first = chain.token;
	CHECK(virtq_pop(&p.device, &chain) == VQ_OK);
	second = chain.token;
	CHECK(virtq_retake(&p.device, first, &chain) == VQ_OK && virtq_retake(&p.device, second, &chain) == VQ_OK);
	CHECK(virtq_push(&p.device, second, 0) == VQ_OK && virtq_publish(&p.device) == VQ_OK);
	CHECK(virtq_retake(&p.device, first, &chain) == VQ_ERR_EMPTY);
}

int main(void)
{
	TEST(positions_are_enough);
	TEST(a_crash_at_any_access_loses_nothing);
	TEST(impossible_positions_are_refused);
	TEST(a_used_index_that_moved_is_a_lie);
	TEST(a_used_descriptor_of_nobody_is_a_lie);
	TEST(a_chain_that_was_overwritten_is_not_taken_again);
	return tap_done();
}
