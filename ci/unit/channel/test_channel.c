/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program may rely on: messages come whole and in order, limits, meetings over restarts of either end, and signals that are sent
 * when they were asked for, and else not. One thread; the other tests of this folder have two, or none that is honest.
 */
#include "../tap.h"
#include "ends.h"

static struct ends world;

static void note(void *arg)
{
	((struct end *)arg)->is_signalled = true;
}

static void open_end(unsigned n)
{
	struct end *e = &world.end[n];

	*e = (struct end){ 0 };
	channel_start(&e->channel, (void *)world.memory[n], (const void *)world.memory[1 - n], REGION_BYTES, note, &world.end[1 - n]);
}

static bool take_signal(unsigned n)
{
	bool was = world.end[n].is_signalled;

	world.end[n].is_signalled = false;
	return was;
}

/* Both open, and know it. */
static void meet(void)
{
	memset(&world, 0, sizeof(world));
	open_end(0);
	open_end(1);
	CHECK(end_receive(&world.end[0]) == CHANNEL_ALONE && end_receive(&world.end[1]) == CHANNEL_MET && end_receive(&world.end[0]) == CHANNEL_MET);
	take_signal(0);
	take_signal(1);
}

static void alone_until_both_are_there(void)
{
	struct end *a = &world.end[0], *b = &world.end[1];

	memset(&world, 0, sizeof(world));
	open_end(0);
	CHECK(end_receive(a) == CHANNEL_ALONE && end_send(a) == CHANNEL_ALONE);
	CHECK(channel_ask_message(&a->channel) && channel_ask_room(&a->channel, 8));
	open_end(1);
	CHECK(take_signal(0));
	CHECK(!channel_ask_message(&a->channel) && !channel_ask_room(&a->channel, 8));
	CHECK(end_receive(a) == CHANNEL_ALONE && take_signal(1));
	CHECK(channel_ask_message(&a->channel));
	CHECK(end_send(b) == CHANNEL_MET && take_signal(0) && b->channel.meetings == 1);
	CHECK(!channel_ask_message(&a->channel));
	CHECK(end_send(a) == CHANNEL_MET && end_send(a) == CHANNEL_OK && end_receive(b) == CHANNEL_OK && !b->is_bad);
}

static void messages_in_order(void)
{
	struct end *a = &world.end[0], *b = &world.end[1];

	meet();
	for (unsigned n = 0; n < 500; n++) {
		while (end_send(a) == CHANNEL_OK)
			;
		CHECK(end_send(b) == CHANNEL_OK && end_receive(a) == CHANNEL_OK);
		while (end_receive(b) == CHANNEL_OK)
			;
	}
	CHECK(a->sent > 500 && b->received == a->sent && !b->is_bad && a->received == 500 && !a->is_bad);
	CHECK(end_receive(b) == CHANNEL_EMPTY);
}

static void lengths(void)
{
	uint8_t most[REGION_BYTES] = { 1 }, got[REGION_BYTES];
	struct channel *a, *b;
	uint32_t size;

	meet();
	a = &world.end[0].channel;
	b = &world.end[1].channel;
	CHECK(channel_longest(a) == 120);
	CHECK(channel_send(a, most, 121) == CHANNEL_TOO_LONG && channel_send(a, most, UINT32_MAX) == CHANNEL_TOO_LONG);
	for (uint32_t bytes = 0; bytes <= 120; bytes++) {
		memset(most, (int)bytes, sizeof(most));
		memset(got, 0xaa, sizeof(got));
		CHECK(channel_send(a, most, bytes) == CHANNEL_OK);
		CHECK(bytes == 0 || (channel_receive(b, got, bytes - 1, &size) == CHANNEL_TOO_LONG && size == bytes && got[0] == 0xaa &&
				     channel_send(a, most, bytes) == CHANNEL_OK));
		CHECK(channel_receive(b, got, bytes, &size) == CHANNEL_OK && size == bytes && !memcmp(got, most, bytes) && got[bytes] == 0xaa);
	}
	CHECK(channel_send(a, most, 120) == CHANNEL_OK && channel_send(a, most, 0) == CHANNEL_FULL);
}

static void signals_only_when_asked(void)
{
	struct end *a = &world.end[0], *b = &world.end[1];

	meet();
	CHECK(end_send(a) == CHANNEL_OK && !take_signal(1));
	CHECK(!channel_ask_message(&b->channel) && end_receive(b) == CHANNEL_OK && channel_ask_message(&b->channel));
	CHECK(end_send(a) == CHANNEL_OK && take_signal(1));
	CHECK(end_receive(b) == CHANNEL_OK && end_send(a) == CHANNEL_OK && !take_signal(1));
	CHECK(end_receive(b) == CHANNEL_OK);
	while (end_send(a) == CHANNEL_OK)
		;
	CHECK(channel_ask_room(&a->channel, MESSAGE_MAX) && !take_signal(0));
	while (end_receive(b) == CHANNEL_OK)
		;
	CHECK(take_signal(0) && !channel_ask_room(&a->channel, MESSAGE_MAX));
	CHECK(!channel_ask_room(&a->channel, 0));
}

/* Room is signalled when there is enough, not before. */
static void room_that_is_enough(void)
{
	const uint8_t bytes[120] = { 0 };
	struct channel *a, *b;
	uint8_t got[120];
	uint32_t size;

	meet();
	a = &world.end[0].channel;
	b = &world.end[1].channel;
	for (unsigned n = 0; n < 4; n++)
		CHECK(channel_send(a, bytes, 24) == CHANNEL_OK);
	CHECK(channel_send(a, bytes, 56) == CHANNEL_FULL && channel_ask_room(a, 56));
	CHECK(channel_receive(b, got, 24, &size) == CHANNEL_OK && !take_signal(0) && channel_ask_room(a, 56));
	CHECK(channel_receive(b, got, 24, &size) == CHANNEL_OK && take_signal(0));
	CHECK(channel_send(a, bytes, 56) == CHANNEL_OK);
}

static void either_end_starts_again(void)
{
	for (unsigned n = 0; n < 2; n++) {
		struct end *again = &world.end[n], *stays = &world.end[1 - n];
		uint64_t life;

		meet();
		CHECK(end_send(stays) == CHANNEL_OK && end_send(again) == CHANNEL_OK);
		life = again->channel.life;
		open_end(n);
		CHECK(again->channel.life == life + 1 && take_signal(1 - n));
		CHECK(end_receive(again) == CHANNEL_ALONE);		/* nothing of before */
		CHECK(end_receive(stays) == CHANNEL_MET && stays->channel.meetings == 2 && take_signal(n));
		CHECK(end_send(stays) == CHANNEL_OK);
		CHECK(end_receive(again) == CHANNEL_MET && end_receive(again) == CHANNEL_OK && end_receive(again) == CHANNEL_EMPTY);
		CHECK(end_send(again) == CHANNEL_OK && end_receive(stays) == CHANNEL_OK && !stays->is_bad && !again->is_bad);
	}
}

static void both_start_again(void)
{
	meet();
	CHECK(end_send(&world.end[0]) == CHANNEL_OK);
	open_end(0);
	open_end(1);
	CHECK(end_receive(&world.end[1]) == CHANNEL_ALONE || world.end[1].channel.meetings == 1);
	CHECK(end_receive(&world.end[0]) == CHANNEL_MET);
	CHECK(end_send(&world.end[0]) == CHANNEL_OK && end_receive(&world.end[1]) == CHANNEL_MET && end_receive(&world.end[1]) == CHANNEL_OK);
	CHECK(!world.end[1].is_bad);
}

/* An end broke the rules: nothing passes, nobody spins, and its next life is another one's. */
static void broken_until_it_starts_again(void)
{
	struct channel_region *bad = (void *)world.memory[1];
	struct end *a = &world.end[0];

	meet();
	bad->head = 8;
	bad->ring[0] = 1;
	CHECK(end_receive(a) == CHANNEL_BROKEN && end_receive(a) == CHANNEL_BROKEN && end_send(a) == CHANNEL_BROKEN);
	CHECK(channel_ask_message(&a->channel) && channel_ask_room(&a->channel, 8));
	CHECK(end_receive(&world.end[1]) == CHANNEL_ALONE && channel_ask_message(&world.end[1].channel));
	open_end(1);
	CHECK(!channel_ask_message(&a->channel) && end_receive(a) == CHANNEL_ALONE && end_receive(&world.end[1]) == CHANNEL_MET);
	CHECK(end_receive(a) == CHANNEL_MET && end_send(&world.end[1]) == CHANNEL_OK && end_receive(a) == CHANNEL_OK && !a->is_bad);
}

/* Positions that the other end cannot have, and records that reach beyond what it sent. */
static void what_cannot_be(void)
{
	static const uint64_t heads[] = { 136, 4, 1ull << 63, UINT64_MAX - 7 }, tails[] = { 8, 200, 1, 1ull << 63 };
	struct channel_region *bad = (void *)world.memory[1];
	uint8_t got[2 * REGION_BYTES];
	uint32_t size;

	for (unsigned n = 0; n < 4; n++) {
		meet();
		bad->head = heads[n];
		CHECK(channel_receive(&world.end[0].channel, got, sizeof(got), &size) == CHANNEL_BROKEN);
		meet();
		bad->tail = tails[n];
		CHECK(end_send(&world.end[0]) == CHANNEL_BROKEN);
	}
	for (uint32_t length = 121; length; length *= 2) {
		meet();
		bad->head = 128;
		memcpy(bad->ring, &length, sizeof(length));
		CHECK(channel_receive(&world.end[0].channel, got, sizeof(got), &size) == CHANNEL_BROKEN);
	}
}

int main(void)
{
	TEST(alone_until_both_are_there);
	TEST(messages_in_order);
	TEST(lengths);
	TEST(signals_only_when_asked);
	TEST(room_that_is_enough);
	TEST(either_end_starts_again);
	TEST(both_start_again);
	TEST(broken_until_it_starts_again);
	TEST(what_cannot_be);
	return tap_done();
}
