/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console driver of unikernels against a device that tells the truth, whose bytes come back in order and complete, and against devices that
 * lie in a part of what they say: nothing outside of a buffer is read or written, every call ends, the driver's own lists stay sound, and a
 * device that was found out moves nothing any more.
 */

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <front/console.h>
#include <virtio/virtio.h>

#include "../tap.h"
#include "liar.h"

#define RUN_COUNT	200u
#define RUN_SECONDS	10u
#define STEP_COUNT	400u
#define BYTES_MAX	1200u
#define GUARD		0xa5u

enum { GOOD = 0, NOT_OPEN = 10, TOO_MANY, OUT_OF_ORDER, LIST_BROKEN, GUARD_BROKEN, MOVES_ON, NOT_ENOUGH };

static struct front_console console;
static uint32_t written, got;

static uint8_t byte_at(uint32_t n)
{
	return (uint8_t)(n * 7 + n / 251);
}

/* Buffers to send with are known by their numbers, each once. */
static bool lists_are_sound(void)
{
	const struct front_console_buffer *buffers = console.receive.shared->buffers;
	uint32_t seen = 0;

	for (uint32_t n = 0; n < console.free_count; n++) {
		if (n == FRONT_CONSOLE_ENTRIES || console.free[n] >= FRONT_CONSOLE_ENTRIES || seen >> console.free[n] & 1)
			return false;
		seen |= 1u << console.free[n];
	}
	return !console.got || (console.got >= buffers && console.got < buffers + FRONT_CONSOLE_ENTRIES &&
				console.got_bytes <= FRONT_CONSOLE_BUFFER_BYTES && console.got_at <= console.got_bytes);
}

static int write_some(void)
{
	uint8_t bytes[BYTES_MAX];
	uint32_t count = liar_random(BYTES_MAX), done;
	bool was_lost = console.is_lost;

	for (uint32_t n = 0; n < count; n++)
		bytes[n] = byte_at(written + n);
	done = front_console_write(&console, bytes, count);
	written += done;
	return done > count ? TOO_MANY : done && was_lost ? MOVES_ON : GOOD;
}

static int read_some(bool is_liar)
{
	uint8_t bytes[BYTES_MAX + 1];
	uint32_t room = liar_random(BYTES_MAX), done;

	memset(bytes, GUARD, sizeof(bytes));
	done = front_console_read(&console, bytes, room);
	if (done > room)
		return TOO_MANY;
	if (bytes[room] != GUARD)
		return GUARD_BROKEN;
	for (uint32_t n = 0; n < done && !is_liar; n++) {
		if (bytes[n] != byte_at(got + n))
			return OUT_OF_ORDER;
	}
	got += done;
	return GOOD;
}

static int step(bool is_liar)
{
	switch (liar_random(6)) {
	case 0: return write_some();
	case 1: case 2: return read_some(is_liar);
	case 3: (void)front_console_arm(&console); return GOOD;
	case 4: (void)front_console_arm_room(&console); return GOOD;
	default: liar_round(); return GOOD;
	}
}

static int run(unsigned lies, uint64_t features, uint64_t seed)
{
	const struct liar liar = { VIRTIO_ID_CONSOLE, VIRTIO_F_VERSION_1 | features, lies, (uint8_t *)&console, sizeof(console) };
	int result = GOOD;

	liar_open(&liar, seed);
	if (!front_console_open(&console, 0))
		return lies ? GOOD : NOT_OPEN;
	for (unsigned n = 0; n < STEP_COUNT && !result; n++) {
		result = step(lies);
		if (!lists_are_sound())
			result = LIST_BROKEN;
	}
	return result || lies || (got > 20000 && !console.is_lost) ? result : NOT_ENOUGH;
}

/* Each run is a process of its own: one that waits without end is ended. */
static void run_all(unsigned lies)
{
	static const uint64_t features[] = { 0, VIRTIO_F_EVENT_IDX, VIRTIO_F_RING_PACKED, VIRTIO_F_RING_PACKED | VIRTIO_F_EVENT_IDX };

	for (uint64_t seed = 1; seed <= RUN_COUNT && !tap_bad_; seed++) {
		pid_t child = fork();
		int status = 0;

		if (child == 0) {
			alarm(RUN_SECONDS);
			_exit(run(lies, features[seed % 4], seed));
		}
		waitpid(child, &status, 0);
		if (status)
			printf("# lies %u, seed %u: status %#x\n", lies, (unsigned)seed, (unsigned)status);
		CHECK(status == 0);
	}
}

static void a_sound_device_gives_every_byte_back_in_order(void) { run_all(0); }
static void one_lie_in_a_hundred_is_survived(void) { run_all(10); }
static void one_lie_in_ten_is_survived(void) { run_all(100); }
static void every_other_word_a_lie_is_survived(void) { run_all(500); }

static void a_device_that_asks_for_a_reset_is_lost(void)
{
	const struct liar liar = { VIRTIO_ID_CONSOLE, VIRTIO_F_VERSION_1, 0, (uint8_t *)&console, sizeof(console) };
	uint8_t byte = 1;

	liar_open(&liar, 1);
	CHECK(front_console_open(&console, 0));
	CHECK(front_console_write(&console, &byte, 1) == 1);
	liar_break();
	CHECK(!front_console_arm(&console) && console.is_lost);
	CHECK(front_console_write(&console, &byte, 1) == 0 && front_console_read(&console, &byte, 1) == 0);
}

static void another_kind_of_device_is_not_taken(void)
{
	const struct liar liar = { VIRTIO_ID_NET, VIRTIO_F_VERSION_1, 0, (uint8_t *)&console, sizeof(console) };

	liar_open(&liar, 1);
	CHECK(!front_console_open(&console, 0));
}

int main(void)
{
	TEST(a_sound_device_gives_every_byte_back_in_order);
	TEST(one_lie_in_a_hundred_is_survived);
	TEST(one_lie_in_ten_is_survived);
	TEST(every_other_word_a_lie_is_survived);
	TEST(a_device_that_asks_for_a_reset_is_lost);
	TEST(another_kind_of_device_is_not_taken);
	return tap_done();
}
