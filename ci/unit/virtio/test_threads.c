/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both sides on two threads, under a thread sanitizer: the contents of buffers are plain memory, so a missing acquire or release is a
 * data race; a lost notification leaves somebody asleep, and that is a failure too.
 */

#include <pthread.h>
#include <string.h>

#include <virtio/chain.h>

#include "../bell.h"
#include "../tap.h"
#include "pair.h"

#define SIZE		32u
#define BUFFERS		20u
#define BUFFER_BYTES	64u
#define ROUNDS		60000u

struct shared {
	struct pair pair;
	sem_t doorbell;		/* to the device */
	sem_t interrupt;	/* to the driver */
	unsigned device_slept, driver_slept;
	bool device_bad, driver_bad, lost;
};

static void ring(sem_t *bell)
{
	sem_post(bell);
}

/* Serves one batch. Returns chains served; the last says stop by an empty tag. */
static unsigned serve(struct shared *s, bool *stop)
{
	static struct vq_chain chain;
	unsigned count = 0;
	bool notify;

	while (count < 7 && virtq_pop(&s->pair.device, &chain) == VQ_OK) {
		struct vq_cursor from = vq_readable(&chain), to = vq_writable(&chain);
		uint64_t words[BUFFER_BYTES / 8];

		s->device_bad |= vq_read(&from, words, sizeof(words)) != VQ_OK || words[0] != words[7];
		*stop |= words[0] == 0;
		for (unsigned n = 0; n < BUFFER_BYTES / 8; n++)
			words[n] = ~words[n];
		s->device_bad |= vq_write(&to, words, sizeof(words)) != VQ_OK;
		s->device_bad |= virtq_push(&s->pair.device, chain.token, sizeof(words)) != VQ_OK;
		count++;
	}
	s->device_bad |= virtq_publish(&s->pair.device) != VQ_OK || virtq_should_notify(&s->pair.device, &notify) != VQ_OK;
	if (notify)
		ring(&s->interrupt);
	return count;
}

static void *device_main(void *arg)
{
	struct shared *s = arg;
	bool stop = false, more;

	while (!stop && !s->device_bad) {
		while (serve(s, &stop))
			;
		if (stop)
			break;
		s->device_bad |= virtq_ask_signal(&s->pair.device, &more) != VQ_OK;
		if (!more) {
			s->device_slept++;
			if (!bell_wait(&s->doorbell)) {
				s->device_bad = s->lost = true;
				break;
			}
		}
		s->device_bad |= virtq_cancel_signal(&s->pair.device) != VQ_OK;
	}
	return NULL;
}

static uint64_t *buffer(struct shared *s, size_t n)
{
	return (uint64_t *)(void *)(s->pair.memory + DATA_AT + n * 2 * BUFFER_BYTES);
}

static void offer(struct shared *s, size_t n, uint64_t tag)
{
	for (unsigned i = 0; i < BUFFER_BYTES / 8; i++)
		buffer(s, n)[i] = tag;
	s->driver_bad |= pair_add(&s->pair, DATA_AT + (uint32_t)n * 2 * BUFFER_BYTES, 1, 1, BUFFER_BYTES, buffer(s, n)) != VQ_OK;
}

static void publish(struct shared *s)
{
	vqd_publish(&s->pair.driver);
	if (vqd_kick_needed(&s->pair.driver))
		ring(&s->doorbell);
}

/* Takes all that came back and offers it again, in the order that it came. Returns how many. */
static unsigned turn(struct shared *s, uint64_t *tag)
{
	unsigned count = 0;
	uint32_t written;
	void *cookie;

	while (!s->driver_bad && vqd_get(&s->pair.driver, &cookie, &written) == VQ_OK) {
		const uint64_t *words = cookie;
		size_t n = (size_t)((uint8_t *)cookie - s->pair.memory - DATA_AT) / (2 * BUFFER_BYTES);

		s->driver_bad |= written != BUFFER_BYTES || words[BUFFER_BYTES / 8] != ~words[0] || words[BUFFER_BYTES / 8 + 7] != ~words[0];
		offer(s, n, ++*tag);
		count++;
		if (*tag % 5 == 0)
			publish(s);
	}
	publish(s);
	return count;
}

static void driver_main(struct shared *s)
{
	uint64_t tag = 0;
	uint32_t written;
	void *cookie;

	for (size_t n = 0; n + 1 < BUFFERS - tag % 3; n++)
		offer(s, n, ++tag);
	publish(s);
	while (tag < ROUNDS && !s->driver_bad) {
		while (turn(s, &tag))
			;
		if (!vqd_ask_signal(&s->pair.driver)) {
			s->driver_slept++;
			if (!bell_wait(&s->interrupt))
				s->driver_bad = s->lost = true;
		}
		vqd_cancel_signal(&s->pair.driver);
	}
	while (vqd_get(&s->pair.driver, &cookie, &written) == VQ_OK)
		;
	offer(s, BUFFERS, 0);
	vqd_publish(&s->pair.driver);
	ring(&s->doorbell);
}

static void run(unsigned kind)
{
	static struct shared s;
	pthread_t device;

	memset(&s, 0, sizeof(s));
	pair_open(&s.pair, kind & 4 ? SIZE : 2 * SIZE, kind_features(kind));
	sem_init(&s.doorbell, 0, 0);
	sem_init(&s.interrupt, 0, 0);
	CHECK(!pthread_create(&device, NULL, device_main, &s));
	driver_main(&s);
	pthread_join(device, NULL);
	CHECK(!s.device_bad);
	CHECK(!s.driver_bad);
	CHECK(!s.lost);
	printf("# %s: %u buffers, device slept %u times, driver %u\n", kind_name(kind), ROUNDS, s.device_slept, s.driver_slept);
}

static void split(void) { run(0); }
static void packed(void) { run(1); }
static void split_event(void) { run(2); }
static void packed_event(void) { run(3); }
static void split_indirect(void) { run(4); }
static void packed_indirect(void) { run(5); }
static void split_event_indirect(void) { run(6); }
static void packed_event_indirect(void) { run(7); }

int main(void)
{
	TEST(split);
	TEST(packed);
	TEST(split_event);
	TEST(packed_event);
	TEST(split_indirect);
	TEST(packed_indirect);
	TEST(split_event_indirect);
	TEST(packed_event_indirect);
	return tap_done();
}
