/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: who is told when, by flags and by event index, in both directions, at every position of a ring. */

#include <string.h>

#include "../tap.h"
#include "pair.h"

#define SIZE 8u

static struct vq_chain chain;

/* The driver offers one buffer; returns whether it would kick. */
static bool offer(struct pair *p)
{
	CHECK(pair_add(p, DATA_AT, 1, 0, 16, p) == VQ_OK);
	vqd_publish(&p->driver);
	return vqd_kick_needed(&p->driver);
}

static void take_and_hold(struct pair *p)
{
	CHECK(virtq_pop(&p->device, &chain) == VQ_OK);
	CHECK(virtq_push(&p->device, chain.token, 0) == VQ_OK);
}

/* The device gives one back; returns whether it would interrupt. */
static bool answer(struct pair *p)
{
	bool notify = false;

	take_and_hold(p);
	CHECK(virtq_publish(&p->device) == VQ_OK && virtq_should_notify(&p->device, &notify) == VQ_OK);
	return notify;
}

static void get(struct pair *p)
{
	void *cookie;
	uint32_t written;

	CHECK(vqd_get(&p->driver, &cookie, &written) == VQ_OK);
}

/* Moves both sides on by `count` buffers without anybody being told. */
static void go_on(struct pair *p, unsigned count)
{
	for (; count; count--) {
		offer(p);
		answer(p);
		get(p);
	}
}

static void a_new_queue_wants_to_be_told(void)
{
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		struct pair p;

		pair_open(&p, SIZE, kind_features(kind));
		CHECK(!vqd_kick_needed(&p.driver));
		CHECK(offer(&p) && answer(&p));
	}
}

/* From each position: asked once, told once. */
static void the_device_is_told_once_when_it_asks(void)
{
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		for (unsigned start = 0; start < 2 * SIZE + 3; start++) {
			struct pair p;
			bool more = true;

			pair_open(&p, SIZE, kind_features(kind));
			go_on(&p, start);
			CHECK(virtq_ask_signal(&p.device, &more) == VQ_OK && !more);
			CHECK(offer(&p));
			if (kind & 2)
				CHECK(!offer(&p) && !offer(&p));
			CHECK(virtq_cancel_signal(&p.device) == VQ_OK && !offer(&p));
		}
	}
}

static void the_driver_is_told_once_when_it_asks(void)
{
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		for (unsigned start = 0; start < 2 * SIZE + 3; start++) {
			struct pair p;

			pair_open(&p, SIZE, kind_features(kind));
			go_on(&p, start);
			for (unsigned n = 0; n < 4; n++)
				offer(&p);
			CHECK(!vqd_ask_signal(&p.driver));
			CHECK(answer(&p));
			if (kind & 2)
				CHECK(!answer(&p) && !answer(&p));
			vqd_cancel_signal(&p.driver);
			CHECK(!answer(&p));
		}
	}
}

/* A batch that passes the event is told of, wherever in the batch the event is. */
static void a_batch_is_told_of_once(void)
{
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		for (unsigned start = 0; start < 2 * SIZE + 3; start++) {
			struct pair p;
			bool notify = false, more;

			pair_open(&p, SIZE, kind_features(kind));
			go_on(&p, start);
			CHECK(!vqd_ask_signal(&p.driver) && virtq_ask_signal(&p.device, &more) == VQ_OK && !more);
			for (unsigned n = 0; n < 5; n++)
				CHECK(pair_add(&p, DATA_AT, 1, 0, 16, &p) == VQ_OK);
			vqd_publish(&p.driver);
			CHECK(vqd_kick_needed(&p.driver) && !vqd_kick_needed(&p.driver));
			for (unsigned n = 0; n < 5; n++)
				take_and_hold(&p);
			CHECK(virtq_publish(&p.device) == VQ_OK && virtq_should_notify(&p.device, &notify) == VQ_OK && notify);
			CHECK(virtq_should_notify(&p.device, &notify) == VQ_OK && !notify);
		}
	}
}

static void who_asks_too_late_is_told_at_once(void)
{
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		struct pair p;
		bool more = false;

		pair_open(&p, SIZE, kind_features(kind));
		offer(&p);
		CHECK(virtq_ask_signal(&p.device, &more) == VQ_OK && more);
		answer(&p);
		CHECK(vqd_ask_signal(&p.driver));
	}
}

/* Event positions that no honest driver writes make noise, or none, and nothing else. */
static void wild_events_do_no_harm(void)
{
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		for (uint32_t wild = 0; wild < 0x40000; wild += 0x777) {
			struct pair p;

			pair_open(&p, SIZE, kind_features(kind));
			memcpy(p.driver.driver_area + (kind & 1 ? 0 : 2 + SIZE), &wild, kind & 1 ? 4 : 2);
			memcpy(p.driver.device_area + (kind & 1 ? 0 : 2 + 4 * SIZE), &wild, kind & 1 ? 4 : 2);
			offer(&p);
			answer(&p);
			get(&p);
		}
	}
}

int main(void)
{
	TEST(a_new_queue_wants_to_be_told);
	TEST(the_device_is_told_once_when_it_asks);
	TEST(the_driver_is_told_once_when_it_asks);
	TEST(a_batch_is_told_of_once);
	TEST(who_asks_too_late_is_told_at_once);
	TEST(wild_events_do_no_harm);
	return tap_done();
}
