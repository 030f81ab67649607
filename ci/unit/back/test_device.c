/* SPDX-License-Identifier: Apache-2.0 */
/* The registers of a device by hand-offs: what negotiation, queues, resets and lives do, and what a wrong driver gets. */

#include <string.h>

#include "../tap.h"
#include "front.h"

#define FEATURE		(1ull << 5)
#define UNWANTED	(1ull << 6)	/* offered, but the kind refuses it */
#define OK_FEATURES	(VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_RING_RESET | FEATURE)

/* A kind that gives each chain back at once, or keeps it. */
static struct echo {
	unsigned starts, stops, served;
	uint64_t features;
	bool is_busy, keeps;
	ticket_t kept[STATE_LOG_MAX];
	unsigned kept_count;
} echo;

static struct front front;

static bool accepts(void *self, uint64_t features)
{
	(void)self;
	return !(features & UNWANTED);
}

static void start(void *self, uint64_t features)
{
	(void)self;
	echo.starts++;
	echo.features = features;
}

static unsigned serve(void *self, uint32_t queue, unsigned budget)
{
	struct device_queue *q = device_queue(&front.device, queue);
	struct vq_chain chain;
	unsigned done = 0;
	ticket_t ticket;

	(void)self;
	for (; done < budget && queue_take(q, &chain, &ticket); done++) {
		if (echo.keeps)
			echo.kept[echo.kept_count++] = ticket;
		else
			queue_give(q, ticket, chain.writable_size);
	}
	echo.served += done;
	return done;
}

static void stop(void *self, uint32_t queue)
{
	(void)self;
	(void)queue;
	echo.stops++;
}

static bool is_idle(void *self, uint32_t queue)
{
	(void)self;
	(void)queue;
	return !echo.is_busy;
}

static const struct device_kind kind = {
	.name = "echo", .queue_count = 2, .queue_size = 128, .served = 2,
	.accepts = accepts, .start = start, .serve = serve, .stop = stop, .is_idle = is_idle,
};

/* The same, of whose queue 1 the driver is in no hurry to hear. */
static const struct device_kind lazy_kind = {
	.name = "echo", .queue_count = 2, .queue_size = 128, .served = 2, .lazy = 2,
	.accepts = accepts, .start = start, .serve = serve, .stop = stop, .is_idle = is_idle,
};

static const uint8_t config[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };

static void begin(void)
{
	memset(&echo, 0, sizeof(echo));
	front_open(&front, 0, &kind, &echo, FEATURE | UNWANTED, config, sizeof(config));
}

static void start_it(void)
{
	begin();
	front_start(&front, OK_FEATURES, 2);
}

/* One buffer through queue 1. True: it came back. */
static bool goes_through(void)
{
	struct vqd_segment segment = { FRONT_BASE + FRONT_DATA_AT, 64 };
	void *cookie = NULL;
	uint32_t written;

	if (vqd_add(&front.queue[1], &segment, 0, 1, &echo))
		return false;
	front_kick(&front, 1);
	front_round(&front);
	front_round(&front);
	return vqd_get(&front.queue[1], &cookie, &written) == VQ_OK && cookie == &echo && written == 64;
}

static uint32_t status(void)
{
	return front_read(&front, VIRTIO_MMIO_STATUS);
}

static void features_are_shown_by_selector(void)
{
	begin();
	CHECK(front_read(&front, VIRTIO_MMIO_DEVICE_FEATURES) == (uint32_t)(FEATURE | UNWANTED | VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC));
	front_write(&front, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 4, 1);
	CHECK(front_read(&front, VIRTIO_MMIO_DEVICE_FEATURES) == (VIRTIO_F_VERSION_1 | VIRTIO_F_RING_RESET) >> 32);
	front_write(&front, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 4, 2);
	CHECK(front_read(&front, VIRTIO_MMIO_DEVICE_FEATURES) == 0);
	front_write(&front, VIRTIO_MMIO_QUEUE_SEL, 4, 1);
	CHECK(front_read(&front, VIRTIO_MMIO_QUEUE_NUM_MAX) == 128);
	front_write(&front, VIRTIO_MMIO_QUEUE_SEL, 4, 2);
	CHECK(front_read(&front, VIRTIO_MMIO_QUEUE_NUM_MAX) == 0 && front_read(&front, VIRTIO_MMIO_SHM_LEN_LOW) == UINT32_MAX);
	front_close(&front);
}

static void features_are_negotiated(void)
{
	begin();
	CHECK(front_negotiate(&front, OK_FEATURES) && front.device.driver_features == OK_FEATURES);
	CHECK(!front_negotiate(&front, OK_FEATURES | UNWANTED) && !front_negotiate(&front, OK_FEATURES | 1ull << 50));
	CHECK(!front_negotiate(&front, OK_FEATURES & ~VIRTIO_F_VERSION_1) && !front.needs_reset);
	CHECK(front_negotiate(&front, VIRTIO_F_VERSION_1));
	front_write(&front, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 4, 0);
	front_write(&front, VIRTIO_MMIO_DRIVER_FEATURES, 4, FEATURE);
	CHECK(front.device.driver_features == VIRTIO_F_VERSION_1);	/* too late */
	front_close(&front);
}

/* A device whose front-end has a pool: a driver must say that it knows what a platform may ask of addresses. */
static void a_demanded_feature_is_demanded(void)
{
	begin();
	front.setup.demanded = VIRTIO_F_ACCESS_PLATFORM;
	front_attach(&front);
	front_write(&front, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 4, 1);
	CHECK(front_read(&front, VIRTIO_MMIO_DEVICE_FEATURES) == (VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM | VIRTIO_F_RING_RESET) >> 32);
	CHECK(!front_negotiate(&front, OK_FEATURES) && !(status() & VIRTIO_STATUS_FEATURES_OK) && !front.needs_reset);
	CHECK(!front_negotiate(&front, VIRTIO_F_ACCESS_PLATFORM) && echo.starts == 0);
	front_start(&front, OK_FEATURES | VIRTIO_F_ACCESS_PLATFORM, 2);
	CHECK(goes_through() && echo.features == (OK_FEATURES | VIRTIO_F_ACCESS_PLATFORM));
	front_attach(&front);		/* the back-end starts again, and the driver's choice stands */
	CHECK(front.device.is_running && goes_through());
	front_close(&front);
	begin();
	CHECK(!front_negotiate(&front, OK_FEATURES | VIRTIO_F_ACCESS_PLATFORM));	/* nobody demands or offers it */
	front_close(&front);
}

static void a_driver_starts_and_is_served(void)
{
	start_it();
	CHECK(status() == 15 && echo.starts == 1 && echo.features == OK_FEATURES && front_read(&front, VIRTIO_MMIO_QUEUE_READY) == 1);
	for (int n = 0; n < 300; n++)
		CHECK(goes_through());
	CHECK(echo.served == 300 && front.interrupts && front_read(&front, DEVICE_INTERRUPT_STATUS) == DEVICE_INTERRUPT_USED);
	front_close(&front);
}

static void an_idle_queue_sleeps_until_its_doorbell(void)
{
	start_it();
	front_round(&front);
	CHECK(front.device.queue[1].is_asleep && device_is_quiet(&front.device) && !device_has_news(&front.device));
	CHECK(goes_through() && front.line.doorbell[1] == 1);
	front.device.setup.poll_ns = 1000;
	host_time_ns += 10000;
	CHECK(goes_through() && !front.device.queue[1].is_asleep && !device_is_quiet(&front.device));
	host_time_ns += 999;
	front_round(&front);
	CHECK(!front.device.queue[1].is_asleep);
	host_time_ns++;
	front_round(&front);
	CHECK(front.device.queue[1].is_asleep);
	front.line.doorbell[1]++;
	CHECK(device_has_news(&front.device));
	front_close(&front);
}

/* How long it is polled after one more buffer. */
static uint64_t polled_ns(void)
{
	uint64_t ns = 0;

	CHECK(goes_through());
	for (; !front.device.queue[1].is_asleep && ns < 100000; ns += 500) {
		host_time_ns += 500;
		front_round(&front);
	}
	return ns;
}

static void a_queue_is_polled_for_longer_where_that_pays(void)
{
	static const uint64_t grows[] = { 2000, 4000, 8000, 10000, 10000 };

	start_it();
	front.device.queue[1].poll_ns = front.device.setup.poll_ns = 1000;
	host_time_ns += 1000000;
	CHECK(polled_ns() == 1000);
	for (unsigned n = 0; n < sizeof(grows) / sizeof(grows[0]); n++) {
		host_time_ns += 9000;
		CHECK(polled_ns() == grows[n]);
	}
	host_time_ns += 10000;
	CHECK(polled_ns() == 1000);
	front_close(&front);
}

static void a_lazy_queue_interrupts_late_or_with_something_else(void)
{
	unsigned before;

	memset(&echo, 0, sizeof(echo));
	front_open(&front, 0, &lazy_kind, &echo, FEATURE, config, sizeof(config));
	front_start(&front, VIRTIO_F_VERSION_1 | FEATURE, 2);
	before = front.interrupts;
	CHECK(goes_through() && front.interrupts == before && device_wake_ns(&front.device) == host_time_ns + DEVICE_LAZY_NS);
	host_time_ns += DEVICE_LAZY_NS - 1;
	CHECK(goes_through() && front.interrupts == before);
	host_time_ns++;
	front_round(&front);
	CHECK(front.interrupts == before + 1 && device_wake_ns(&front.device) == DEVICE_NEVER);
	CHECK(goes_through() && front.interrupts == before + 1);
	device_set_config(&front.device, 0, &(uint8_t){ 77 }, 1);
	front_round(&front);
	CHECK(front.interrupts == before + 2 && front_read(&front, DEVICE_INTERRUPT_STATUS) == DEVICE_INTERRUPT_MASK);
	CHECK(device_wake_ns(&front.device) == DEVICE_NEVER);
	front_close(&front);
}

static void a_reset_waits_for_what_is_under_way(void)
{
	start_it();
	echo.is_busy = true;
	front_hand_off(&front, VIRTIO_MMIO_STATUS, 4, 0);
	for (int n = 0; n < 3; n++) {
		device_poll(&front.device);
		CHECK(front.line.answered != front.line.sequence && echo.stops == 4 && !front.device.is_running);
	}
	CHECK(device_is_quiet(&front.device));
	echo.is_busy = false;
	CHECK(!device_is_quiet(&front.device) && device_poll(&front.device));
	CHECK(front.line.answered == front.line.sequence && status() == 0 && !front.state.queue[1].is_ready);
	front_start(&front, OK_FEATURES, 2);
	CHECK(goes_through());
	front_close(&front);
}

static void a_reset_that_was_given_up_is_not_answered(void)
{
	start_it();
	echo.is_busy = true;
	front_hand_off(&front, VIRTIO_MMIO_STATUS, 4, 0);
	device_poll(&front.device);
	front.line.answered = front.line.sequence;	/* the hypervisor lost its patience */
	front.line.flags |= DEVICE_LINE_BROKEN;
	echo.is_busy = false;
	device_poll(&front.device);
	CHECK(front.late == 1 && front.device.counters.late_answers == 1);
	device_poll(&front.device);
	CHECK(front.device.is_broken && !front.device.is_running);
	front.line.flags &= ~DEVICE_LINE_BROKEN;
	front_start(&front, OK_FEATURES, 2);
	CHECK(goes_through());
	front_close(&front);
}

static void one_queue_is_reset(void)
{
	start_it();
	front_write(&front, VIRTIO_MMIO_QUEUE_SEL, 4, 1);
	CHECK(front_write(&front, VIRTIO_MMIO_QUEUE_RESET, 4, 1));
	CHECK(!front_read(&front, VIRTIO_MMIO_QUEUE_RESET) && !front_read(&front, VIRTIO_MMIO_QUEUE_READY) && status() == 15);
	CHECK(front.device.queue[0].is_ready && !front.device.queue[1].is_ready && front.device.is_running);
	front_set_up_queue(&front, 1, 32);
	CHECK(goes_through());
	front_write(&front, VIRTIO_MMIO_QUEUE_READY, 4, 0);
	CHECK(!front_read(&front, VIRTIO_MMIO_QUEUE_READY) && !goes_through());
	front_close(&front);
}

static void a_new_life_is_as_after_a_reset(void)
{
	start_it();
	CHECK(goes_through());
	echo.is_busy = true;
	front_restart(&front);
	CHECK(device_has_news(&front.device));
	front_hand_off(&front, VIRTIO_MMIO_STATUS, 4, 0);
	device_poll(&front.device);
	CHECK(front.line.answered != front.line.sequence);	/* its predecessor's requests still touch its memory */
	echo.is_busy = false;
	device_poll(&front.device);
	CHECK(front.state.life == 3 && !front.device.is_running && front_read(&front, VIRTIO_MMIO_CONFIG) == 0x04030201);
	front_start(&front, OK_FEATURES, 2);
	CHECK(goes_through());
	front_close(&front);
}

static void a_life_is_over_when_nothing_of_it_is_under_way(void)
{
	start_it();
	CHECK(goes_through());
	echo.is_busy = true;
	front_stop(&front);
	for (int n = 0; n < 3; n++) {
		device_poll(&front.device);
		CHECK(front.has_past && !front.device.is_running);
	}
	echo.is_busy = false;
	device_poll(&front.device);
	CHECK(!front.has_past && front.is_gone && front.state.life == 2 && device_is_quiet(&front.device));
	front_begin(&front);
	CHECK(!front.is_gone && device_has_news(&front.device));
	front_start(&front, OK_FEATURES, 2);
	CHECK(goes_through() && front.state.life == 3);
	front_close(&front);
}

static void two_lives_that_end_at_once_are_told_of_as_one(void)
{
	unsigned before;

	start_it();
	echo.is_busy = true;
	front_stop(&front);
	device_poll(&front.device);
	front_begin(&front);
	front_stop(&front);
	before = front.quiets;
	device_poll(&front.device);
	CHECK(front.has_past && front.quiets == before);
	echo.is_busy = false;
	device_poll(&front.device);
	CHECK(!front.has_past && front.quiets == before + 1);
	front_close(&front);
}

/* Another device of that front-end is not through with an earlier life. */
static void a_driver_that_is_ready_before_its_window_is_served_then(void)
{
	start_it();
	front_stop(&front);
	device_poll(&front.device);
	front.has_past = true;
	front_begin(&front);
	front.is_open = false;	/* so the window stays away */
	front_start(&front, OK_FEATURES, 2);
	front.line.doorbell[1]++;
	front_round(&front);
	CHECK(front.is_gone && !front.device.is_running && !front.device.is_lost && status() == 15);
	front.is_gone = false;
	front.line.flags |= DEVICE_LINE_WINDOW;
	CHECK(device_has_news(&front.device) && goes_through());
	front_close(&front);
}

static void a_back_end_that_starts_is_through_with_other_lives(void)
{
	start_it();
	front_stop(&front);
	front_attach(&front);
	CHECK(!front.has_past && front.is_gone);
	front_begin(&front);
	front_start(&front, OK_FEATURES, 2);
	CHECK(goes_through());
	front_close(&front);
}

static void is_broken_by(uint32_t offset, uint64_t value)
{
	front_write(&front, offset, 4, value);
	CHECK(front.needs_reset && status() & VIRTIO_STATUS_NEEDS_RESET && front_read(&front, DEVICE_INTERRUPT_STATUS) & DEVICE_INTERRUPT_CONFIG);
	front_start(&front, OK_FEATURES, 2);
	CHECK(!front.needs_reset && goes_through());
	front_close(&front);
}

static void wrong_orders_break_it(void)
{
	begin();
	is_broken_by(VIRTIO_MMIO_STATUS, VIRTIO_STATUS_DRIVER_OK);
	begin();
	is_broken_by(VIRTIO_MMIO_QUEUE_READY, 1);
	begin();
	front_negotiate(&front, OK_FEATURES);
	is_broken_by(VIRTIO_MMIO_QUEUE_READY, 1);	/* size 0 */
}

static void queues_that_cannot_be_break_it(void)
{
	static const struct { uint32_t size; uint64_t descriptors, driver, device; } bad[] = {
		{ 48, FRONT_BASE, FRONT_BASE, FRONT_BASE }, { 256, FRONT_BASE, FRONT_BASE, FRONT_BASE },
		{ 65536 + 64, FRONT_BASE, FRONT_BASE, FRONT_BASE },
		{ 64, FRONT_BASE + 8, FRONT_BASE, FRONT_BASE }, { 64, FRONT_BASE, FRONT_BASE + 1, FRONT_BASE },
		{ 64, FRONT_BASE, FRONT_BASE, FRONT_BASE + 2 }, { 64, FRONT_BASE - 16, FRONT_BASE, FRONT_BASE },
		{ 64, FRONT_BASE, FRONT_BASE + FRONT_BYTES - 4, FRONT_BASE }, { 64, FRONT_BASE, FRONT_BASE, 0 - 16ull },
	};

	for (unsigned n = 0; n < sizeof(bad) / sizeof(bad[0]); n++) {
		begin();
		front_negotiate(&front, OK_FEATURES);
		front_write(&front, VIRTIO_MMIO_QUEUE_NUM, 4, bad[n].size);
		for (uint32_t half = 0; half < 2; half++) {
			front_write(&front, VIRTIO_MMIO_QUEUE_DESC_LOW + 4 * half, 4, (uint32_t)(bad[n].descriptors >> 32 * half));
			front_write(&front, VIRTIO_MMIO_QUEUE_DRIVER_LOW + 4 * half, 4, (uint32_t)(bad[n].driver >> 32 * half));
			front_write(&front, VIRTIO_MMIO_QUEUE_DEVICE_LOW + 4 * half, 4, (uint32_t)(bad[n].device >> 32 * half));
		}
		is_broken_by(VIRTIO_MMIO_QUEUE_READY, 1);
	}
}

static void strange_writes_are_ignored(void)
{
	static const uint32_t widths[] = { 1, 2, 8, 4 };

	start_it();
	for (uint32_t at = 0; at < 0x200; at++) {
		for (unsigned n = 0; n < 4; n++) {
			bool is_register = widths[n] == 4 && at % 4 == 0 && at < 0x100;

			if (!is_register)
				CHECK(front_write(&front, at, widths[n], UINT64_MAX));
		}
	}
	for (uint32_t at = 0; at < 0x14; at += 4)
		CHECK(front_write(&front, at, 4, UINT32_MAX));
	CHECK(!front.needs_reset && status() == 15 && goes_through() && front_read(&front, VIRTIO_MMIO_CONFIG) == 0x04030201);
	front_close(&front);
}

static void a_ready_queue_does_not_move(void)
{
	start_it();
	front_write(&front, VIRTIO_MMIO_QUEUE_SEL, 4, 1);
	front_write(&front, VIRTIO_MMIO_QUEUE_NUM, 4, 8);
	front_write(&front, VIRTIO_MMIO_QUEUE_DESC_LOW, 4, 0);
	front_write(&front, VIRTIO_MMIO_QUEUE_READY, 4, 1);
	CHECK(front.state.queue[1].size == FRONT_QUEUE_SIZE && front.state.queue[1].descriptors && goes_through());
	front_write(&front, VIRTIO_MMIO_QUEUE_SEL, 4, 0x10000);
	front_write(&front, VIRTIO_MMIO_QUEUE_READY, 4, 1);
	front_write(&front, VIRTIO_MMIO_QUEUE_NUM, 4, 8);
	CHECK(!front.needs_reset && goes_through());
	front_close(&front);
}

static void bits_of_status_do_not_fall(void)
{
	start_it();
	front_write(&front, VIRTIO_MMIO_STATUS, 4, VIRTIO_STATUS_ACKNOWLEDGE);
	CHECK(status() == 15 && goes_through() && echo.starts == 1);
	front_write(&front, VIRTIO_MMIO_STATUS, 4, VIRTIO_STATUS_FAILED);
	CHECK(status() == (15 | VIRTIO_STATUS_FAILED) && !front.device.is_running && !goes_through());
	front_close(&front);
}

static void a_broken_ring_breaks_its_device_alone(void)
{
	struct vqd_segment outside = { FRONT_BASE + FRONT_BYTES - 8, 64 };

	start_it();
	CHECK(vqd_add(&front.queue[1], &outside, 0, 1, &echo) == VQ_OK);
	front_kick(&front, 1);
	front_round(&front);
	front_round(&front);
	CHECK(front.needs_reset && front.device.counters.breaks == 1 && device_is_quiet(&front.device));
	front_start(&front, OK_FEATURES, 2);
	CHECK(goes_through());
	front_close(&front);
}

static void a_window_that_goes_makes_it_rest(void)
{
	start_it();
	CHECK(goes_through());
	front.is_gone = true;
	front.line.doorbell[1]++;
	front_round(&front);
	front_round(&front);
	CHECK(front.device.is_lost && !front.needs_reset && device_is_quiet(&front.device));
	front_restart(&front);
	front_start(&front, OK_FEATURES, 2);
	CHECK(goes_through());
	front_close(&front);
}

static void a_configuration_change_is_told(void)
{
	uint16_t value = 0x1234;
	uint64_t wide = 77;

	start_it();
	uint32_t generation = front_read(&front, VIRTIO_MMIO_CONFIG_GENERATION);

	device_set_config(&front.device, 2, &value, 2);
	device_set_config(&front.device, 8, &wide, 8);
	device_flush(&front.device);
	CHECK(front_read(&front, VIRTIO_MMIO_CONFIG) == 0x12340201 && front_read(&front, VIRTIO_MMIO_CONFIG + 8) == 77);
	CHECK(front_read(&front, VIRTIO_MMIO_CONFIG_GENERATION) == generation + 2);
	CHECK(front_read(&front, DEVICE_INTERRUPT_STATUS) & DEVICE_INTERRUPT_CONFIG);
	device_set_config(&front.device, 8, &wide, 8);
	device_set_config(&front.device, 9, &wide, 8);
	CHECK(front_read(&front, VIRTIO_MMIO_CONFIG_GENERATION) == generation + 2);
	front_close(&front);
}

/* More chains than the log holds wait, and none is lost. */
static void a_full_log_starves_the_queue(void)
{
	struct vqd_segment segment = { FRONT_BASE + FRONT_DATA_AT, 64 };

	start_it();
	echo.keeps = true;
	for (unsigned n = 0; n < STATE_LOG_MAX; n++)
		front.state.log[n].taken = n < STATE_LOG_MAX - 2 ? STATE_TAKEN(1, 0) : 0;
	log_init(&front.device);
	for (int n = 0; n < 5; n++)
		CHECK(vqd_add(&front.queue[1], &segment, 0, 1, &echo) == VQ_OK);
	front_kick(&front, 1);
	front_round(&front);
	CHECK(echo.served == 2 && front.device.queue[1].is_starved && device_is_quiet(&front.device));
	queue_give(&front.device.queue[1], echo.kept[0], 1);
	CHECK(!front.device.queue[1].is_starved);
	device_flush(&front.device);
	front_round(&front);
	CHECK(echo.served == 3);
	front_close(&front);
}

int main(void)
{
	TEST(features_are_shown_by_selector);
	TEST(features_are_negotiated);
	TEST(a_demanded_feature_is_demanded);
	TEST(a_driver_starts_and_is_served);
	TEST(an_idle_queue_sleeps_until_its_doorbell);
	TEST(a_queue_is_polled_for_longer_where_that_pays);
	TEST(a_lazy_queue_interrupts_late_or_with_something_else);
	TEST(a_reset_waits_for_what_is_under_way);
	TEST(a_reset_that_was_given_up_is_not_answered);
	TEST(one_queue_is_reset);
	TEST(a_new_life_is_as_after_a_reset);
	TEST(a_life_is_over_when_nothing_of_it_is_under_way);
	TEST(two_lives_that_end_at_once_are_told_of_as_one);
	TEST(a_driver_that_is_ready_before_its_window_is_served_then);
	TEST(a_back_end_that_starts_is_through_with_other_lives);
	TEST(wrong_orders_break_it);
	TEST(queues_that_cannot_be_break_it);
	TEST(strange_writes_are_ignored);
	TEST(a_ready_queue_does_not_move);
	TEST(bits_of_status_do_not_fall);
	TEST(a_broken_ring_breaks_its_device_alone);
	TEST(a_window_that_goes_makes_it_rest);
	TEST(a_configuration_change_is_told);
	TEST(a_full_log_starves_the_queue);
	return tap_done();
}
