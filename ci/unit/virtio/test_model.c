/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No wake-up is lost: the real code of both sides, in every interleaving that the model allows, drains, asks for a signal, looks again,
 * and sleeps. With a fence or a release left out on purpose, the same search finds the run that goes wrong.
 */

#include <string.h>

#include <virtio/virtio.h>
#include <virtio/virtq.h>
#include <virtio/virtq_driver.h>

#include "../tap.h"
#include "model.h"

#define BASE	0x40000000ull
#define SIZE	4u
#define COUNT	3u
#define RING_BYTES 256u

static uint8_t memory[4096] __attribute__((aligned(4096)));
static struct window window = { BASE, sizeof(memory), memory };
static struct vqd_slot slots[SIZE];
static struct virtq device;
static struct virtq_driver driver;
static struct vq_chain chain;
static uint64_t features;
static unsigned taken, got;
static bool bad;

static void open_queue(void)
{
	const struct vqd_memory parts = { memory, BASE, slots, NULL, 0, 0 };
	struct vq_setup setup;

	memset(memory, 0, sizeof(memory));
	bad = vqd_init(&driver, &parts, SIZE, features, &setup) != VQ_OK;
	bad |= virtq_init(&device, &window, &setup) != VQ_OK;
	taken = got = 0;
}

/* Indices, flags and events are watched; what goes by them is not: entries, addresses, and descriptors of a split ring. */
static bool is_watched(const void *at)
{
	const uint16_t *avail = driver.driver_area, *used = driver.device_area;

	if (driver.is_packed)
		return at == avail || at == used || ((const uint8_t *)at < (const uint8_t *)avail && (uintptr_t)at % 16 == 8);
	return at == avail || at == avail + 1 || at == avail + 2 + SIZE || at == used || at == used + 1 || at == used + 2 + 4 * SIZE;
}

static void offer(unsigned n)
{
	struct vqd_segment segment = { BASE + 2048 + 16 * n, 16 };

	bad |= vqd_add(&driver, &segment, 1, 0, &slots[n]) != VQ_OK;
	vqd_publish(&driver);
}

static bool take(void)
{
	enum vq_err err = virtq_pop(&device, &chain);

	if (err == VQ_ERR_EMPTY)
		return false;
	bad |= err != VQ_OK || chain.segment[0].at != memory + 2048 + 16 * (size_t)taken;
	taken++;
	return err == VQ_OK;
}

/* ---- the driver offers, the device sleeps when there is nothing ---- */

static void driver_offers(void)
{
	for (unsigned n = 0; n < COUNT; n++) {
		offer(n);
		if (vqd_kick_needed(&driver))
			model_ring();
	}
}

static void device_takes(void)
{
	bool more = false;

	while (!bad) {
		while (take())
			;
		if (taken == COUNT)
			return;
		bad |= virtq_ask_signal(&device, &more) != VQ_OK;
		if (!more)
			model_sleep();
		bad |= virtq_cancel_signal(&device) != VQ_OK;
	}
}

static bool all_taken(void)
{
	return !bad && taken == COUNT;
}

static const struct model_scenario available = { open_queue, { driver_offers, device_takes }, all_taken, is_watched, memory, RING_BYTES };

/* ---- the device gives back, the driver sleeps when there is nothing ---- */

static void open_offered(void)
{
	open_queue();
	for (unsigned n = 0; n < COUNT; n++)
		offer(n);
	for (unsigned n = 0; n < COUNT; n++)
		bad |= !take();
}

static void device_gives(void)
{
	for (uint16_t n = 0; n < COUNT; n++) {
		struct vq_token token = chain.token;
		bool notify = false;

		/* Both were taken; a token is a number and a length. */
		token.id = n;
		bad |= virtq_push(&device, token, 0) != VQ_OK || virtq_publish(&device) != VQ_OK;
		bad |= virtq_should_notify(&device, &notify) != VQ_OK;
		if (notify)
			model_ring();
	}
}

static void driver_gets(void)
{
	while (!bad) {
		enum vq_err err;
		uint32_t written;
		void *cookie;

		while ((err = vqd_get(&driver, &cookie, &written)) == VQ_OK)
			bad |= cookie != &slots[got++];
		bad |= err != VQ_ERR_EMPTY;
		if (got == COUNT)
			return;
		if (!vqd_ask_signal(&driver))
			model_sleep();
		vqd_cancel_signal(&driver);
	}
}

static bool all_got(void)
{
	return !bad && got == COUNT;
}

static const struct model_scenario used = { open_offered, { driver_gets, device_gives }, all_got, is_watched, memory, RING_BYTES };

/* ---- */

static const struct model_plant sound = { MODEL_NOBODY, MODEL_NOBODY };
static const char *const kinds[] = { "split", "packed", "split event", "packed event" };

static void set_kind(unsigned kind)
{
	features = VIRTIO_F_VERSION_1 | (kind & 1 ? VIRTIO_F_RING_PACKED : 0) | (kind & 2 ? VIRTIO_F_EVENT_IDX : 0);
}

static void explore(const char *what, const struct model_scenario *scenario)
{
	for (unsigned kind = 0; kind < 4; kind++) {
		struct model_result r;

		set_kind(kind);
		r = model_explore(scenario, sound);
		printf("# %s, %s: %lu runs, %lu states\n", what, kinds[kind], r.runs, r.states);
		CHECK(!r.lost);
		CHECK(!r.wrong);
		CHECK(!r.endless);
		CHECK(r.runs > 100);
	}
}

static void plant_everywhere(const char *what, struct model_plant plant, const struct model_scenario *scenario)
{
	for (unsigned kind = 0; kind < 4; kind++) {
		struct model_result r;

		set_kind(kind);
		r = model_explore(scenario, plant);
		printf("# %s, %s: %s after %lu runs\n", what, kinds[kind],
		       r.lost ? "a lost wake-up" : r.wrong ? "a wrong chain" : "nothing", r.runs);
		CHECK(r.lost || r.wrong);
	}
}

static void no_kick_is_lost(void) { explore("available", &available); }
static void no_interrupt_is_lost(void) { explore("used", &used); }

static void a_driver_without_fence_before_the_kick_is_found(void)
{
	plant_everywhere("available", (struct model_plant){ MODEL_DRIVER, MODEL_NOBODY }, &available);
}

static void a_device_without_fence_before_it_sleeps_is_found(void)
{
	plant_everywhere("available", (struct model_plant){ MODEL_DEVICE, MODEL_NOBODY }, &available);
}

static void a_device_without_fence_before_the_interrupt_is_found(void)
{
	plant_everywhere("used", (struct model_plant){ MODEL_DEVICE, MODEL_NOBODY }, &used);
}

static void a_driver_without_fence_before_it_sleeps_is_found(void)
{
	plant_everywhere("used", (struct model_plant){ MODEL_DRIVER, MODEL_NOBODY }, &used);
}

/* In a packed ring one word tells both, and there is nothing to get wrong with buffers of one segment. */
static void an_index_before_its_entries_is_found(void)
{
	const struct model_plant driver_plant = { MODEL_NOBODY, MODEL_DRIVER }, device_plant = { MODEL_NOBODY, MODEL_DEVICE };

	for (unsigned kind = 0; kind < 4; kind += 2) {
		set_kind(kind);
		CHECK(model_explore(&available, driver_plant).wrong);
		CHECK(model_explore(&used, device_plant).wrong);
	}
}

int main(void)
{
	TEST(no_kick_is_lost);
	TEST(no_interrupt_is_lost);
	TEST(a_driver_without_fence_before_the_kick_is_found);
	TEST(a_device_without_fence_before_it_sleeps_is_found);
	TEST(a_device_without_fence_before_the_interrupt_is_found);
	TEST(a_driver_without_fence_before_it_sleeps_is_found);
	TEST(an_index_before_its_entries_is_found);
	return tap_done();
}
