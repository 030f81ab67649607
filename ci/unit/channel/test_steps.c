/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both ends interleaved: at each access of one end to the shared memory the other one may do something whole, be it its own restart; and
 * an end may die at any access, and open the channel again. Afterwards everything that was sent in the last meeting has been received,
 * once and in order, and nobody sleeps who has something to do. Every run is one of many from random numbers.
 *
 * Then one end lies: each word that the other one reads is another one now and then. Nothing but errors may come of it, and nobody may be
 * kept busy by memory that does not change.
 */
#include <setjmp.h>

#include "../tap.h"
#include "ends.h"
#include <channel/channel_words.h>

#define RUNS	30000u
#define STEPS	400u

static struct ends world;
static bool sleeps[2];
static int outer = -1;		/* whose accesses are interrupted now; -1: nobody's */
static bool is_nested, can_die, lies;
static jmp_buf death;

/* splitmix64: the same runs each time */
static uint64_t seed;

static uint64_t random_below(uint64_t end)
{
	uint64_t z = (seed += 0x9e3779b97f4a7c15ull);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return (z ^ (z >> 31)) % end;
}

static void note(void *arg)
{
	((struct end *)arg)->is_signalled = true;
}

static void open_end(unsigned n)
{
	uint64_t received = world.end[n].received;
	bool is_bad = world.end[n].is_bad;

	world.end[n] = (struct end){ .received = received, .is_bad = is_bad, .is_signalled = world.end[n].is_signalled };
	sleeps[n] = false;
	channel_start(&world.end[n].channel, (void *)world.memory[n], (const void *)world.memory[1 - n], REGION_BYTES, note, &world.end[1 - n]);
}

/* What an end does between two sleeps: it drains, sends, asks, and sleeps if it may. */
static void turn(unsigned n)
{
	struct end *e = &world.end[n];
	enum channel_err err;

	if (sleeps[n] && !e->is_signalled)
		return;
	sleeps[n] = e->is_signalled = false;
	do
		err = end_receive(e);
	while (err == CHANNEL_OK || err == CHANNEL_MET || err == CHANNEL_TOO_LONG);
	for (uint64_t count = random_below(5); count && e->sent < 40; count--)
		if (end_send(e) != CHANNEL_OK)
			break;
	sleeps[n] = channel_ask_message(&e->channel) && (e->sent >= 40 || channel_ask_room(&e->channel, MESSAGE_MAX));
}

/* Between two accesses of one end. */
static void between(void)
{
	if (outer < 0 || is_nested)
		return;
	if (can_die && random_below(300) == 0)
		longjmp(death, 1);
	if (random_below(4))
		return;
	is_nested = true;
	if (can_die && random_below(100) == 0)
		open_end(1u - (unsigned)outer);
	turn(1u - (unsigned)outer);
	is_nested = false;
}

static bool is_of(unsigned n, const void *at)
{
	return (const uint8_t *)at >= world.memory[n] && (const uint8_t *)at < world.memory[n] + REGION_BYTES;
}

/* What a liar shows: near the truth, or far from it. */
static uint64_t lie(uint64_t truth)
{
	switch (random_below(5)) {
	case 0:
		return truth + random_below(64) - 32;
	case 1:
		return truth + 8 * random_below(200) - 800;
	case 2:
		return random_below(UINT64_MAX);
	case 3:
		return (uint64_t)1 << random_below(64);
	default:
		return 0;
	}
}

uint64_t channel_load64(const uint64_t *at)
{
	between();
	return lies && is_of(1, at) && random_below(12) == 0 ? lie(*at) : *at;
}

uint32_t channel_load32(const uint32_t *at)
{
	between();
	return lies && is_of(1, at) && random_below(12) == 0 ? (uint32_t)lie(*at) : *at;
}

void channel_store64(uint64_t *at, uint64_t value)
{
	between();
	*at = value;
}

static void steps(bool may_die)
{
	can_die = may_die;
	for (volatile unsigned step = 0; step < STEPS; step++) {
		outer = (int)random_below(2);
		if (setjmp(death)) {
			is_nested = false;
			can_die = false;
			open_end((unsigned)outer);
			can_die = may_die;
		} else {
			turn((unsigned)outer);
		}
	}
	can_die = false;
}

/* Each has sent 40 messages in this meeting, and the other one has them all. */
static bool is_done(unsigned n)
{
	const struct end *e = &world.end[n], *other = &world.end[1 - n];

	return sleeps[n] && !e->is_signalled && e->sent == 40 && other->expected == 40 && !e->is_bad;
}

static void one_run(bool may_die)
{
	memset(&world, 0, sizeof(world));
	outer = -1;
	open_end(0);
	open_end(1);
	steps(may_die);
	steps(false);
}

static void run_all(bool may_die)
{
	uint64_t meetings = 0, bad = 0;

	for (unsigned run = 0; run < RUNS / 10 && !bad; run++) {
		seed = run;
		one_run(may_die);
		meetings += world.end[0].channel.meetings + world.end[1].channel.life;
		bad += !is_done(0) || !is_done(1);
		if (bad)
			printf("# run %u: sent %llu %llu, received %llu %llu, sleeps %d %d\n", run, (unsigned long long)world.end[0].sent, (unsigned long long)world.end[1].sent,
			       (unsigned long long)world.end[0].expected, (unsigned long long)world.end[1].expected, sleeps[0], sleeps[1]);
	}
	CHECK(!bad);
	printf("# %u runs, %llu lives and meetings\n", RUNS / 10, (unsigned long long)meetings);
}

static void nothing_is_lost_and_nobody_oversleeps(void)
{
	run_all(false);
}

static void nor_when_ends_die_at_any_step(void)
{
	run_all(true);
}

/* The honest end of a pair: what it gets may be anything of a message's length, and its memory is its own. */
static void an_end_that_lies(void)
{
	uint64_t answers[9] = { 0 };

	lies = true;
	for (unsigned run = 0; run < RUNS; run++) {
		uint8_t bytes[MESSAGE_MAX];
		uint32_t size;

		seed = run;
		memset(&world, 0, sizeof(world));
		outer = -1;
		open_end(1);
		open_end(0);
		for (unsigned step = 0; step < 60; step++) {
			enum channel_err err = channel_receive(&world.end[0].channel, bytes, (uint32_t)random_below(MESSAGE_MAX + 1), &size);

			answers[-(int)err]++;
			CHECK(err != CHANNEL_OK || size <= MESSAGE_MAX);
			answers[-(int)channel_send(&world.end[0].channel, bytes, (uint32_t)random_below(MESSAGE_MAX + 1))]++;
			turn(1);
		}
	}
	lies = false;
	for (int err = CHANNEL_OK; err >= CHANNEL_BROKEN; err--)
		CHECK(answers[-err] > 0);
}

/* Whatever stands in its region, an end that is told nothing new comes to rest in a few calls. */
static void memory_that_does_not_change_keeps_nobody_busy(void)
{
	for (unsigned run = 0; run < RUNS; run++) {
		struct channel_region *bad = (void *)world.memory[1];
		uint64_t *words = (void *)bad;
		unsigned calls = 0;

		seed = run;
		memset(&world, 0, sizeof(world));
		open_end(1);
		open_end(0);
		turn(1);
		turn(0);
		for (unsigned n = (unsigned)random_below(4); n; n--) {
			uint64_t at = random_below(REGION_BYTES / 8);

			words[at] = lie(words[at]);
		}
		if (random_below(2))
			bad->peer = world.end[0].channel.life;
		do {
			world.end[0].is_signalled = true;
			turn(0);
		} while (!sleeps[0] && ++calls < 200);
		CHECK(calls < 200);
	}
}

int main(void)
{
	TEST(nothing_is_lost_and_nobody_oversleeps);
	TEST(nor_when_ends_die_at_any_step);
	TEST(an_end_that_lies);
	TEST(memory_that_does_not_change_keeps_nobody_busy);
	return tap_done();
}
