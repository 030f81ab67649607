/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both ends on two threads, under a thread sanitizer: the bytes of messages are plain memory, so a missing acquire or release is a data
 * race; a signal that is lost leaves somebody asleep, and that is a failure too. Now and then an end starts again.
 */
#include <pthread.h>

#include "../bell.h"
#include "../tap.h"
#include "ends.h"

#define MESSAGES	60000u	/* in the last meeting, each way */

static struct ends world;
static sem_t bell[2];
static unsigned lives[2];
static uint64_t sleeps[2];
static bool is_lost;

static void ring(void *arg)
{
	sem_post(arg);
}

static void open_end(unsigned n)
{
	struct end *e = &world.end[n];

	*e = (struct end){ .received = e->received, .is_bad = e->is_bad };
	channel_start(&e->channel, (void *)world.memory[n], (const void *)world.memory[1 - n], REGION_BYTES, ring, &bell[1 - n]);
}

/* Until it sent and got all messages of a meeting. */
static void *end_main(void *arg)
{
	unsigned n = *(unsigned *)arg;
	struct end *e = &world.end[n];

	open_end(n);
	while (!e->is_bad && (e->sent < MESSAGES || e->expected < MESSAGES)) {
		while (end_receive(e) >= CHANNEL_OK)
			;
		while (e->sent < MESSAGES && end_send(e) >= CHANNEL_OK)
			;
		if (lives[n] && e->received > 1000) {
			lives[n]--;
			e->received = 0;
			open_end(n);
		}
		if (!channel_ask_message(&e->channel) || (e->sent < MESSAGES && !channel_ask_room(&e->channel, MESSAGE_MAX)))
			continue;
		if (e->sent >= MESSAGES && e->expected >= MESSAGES)
			break;
		sleeps[n]++;
		if (!bell_wait(&bell[n])) {
			__atomic_store_n(&is_lost, true, __ATOMIC_RELAXED);
			break;
		}
	}
	return NULL;
}

static void run(unsigned lives0)
{
	pthread_t thread[2];
	unsigned number[2] = { 0, 1 };

	memset(&world, 0, sizeof(world));
	lives[0] = lives0;
	for (unsigned n = 0; n < 2; n++) {
		sem_init(&bell[n], 0, 0);
		CHECK(!pthread_create(&thread[n], NULL, end_main, &number[n]));
	}
	for (unsigned n = 0; n < 2; n++)
		pthread_join(thread[n], NULL);
	CHECK(!is_lost && !world.end[0].is_bad && !world.end[1].is_bad);
	CHECK(world.end[0].expected == MESSAGES && world.end[1].expected == MESSAGES);
	printf("# %u messages each way, slept %llu and %llu times, signalled %llu and %llu times, %llu meetings\n", MESSAGES, (unsigned long long)sleeps[0],
	       (unsigned long long)sleeps[1], (unsigned long long)world.end[0].channel.signals, (unsigned long long)world.end[1].channel.signals,
	       (unsigned long long)world.end[1].channel.meetings);
}

static void two_threads(void)
{
	run(0);
}

static void one_starts_again(void)
{
	run(20);
	CHECK(world.end[1].channel.meetings > 10);
}

int main(void)
{
	TEST(two_threads);
	TEST(one_starts_again);
	return tap_done();
}
