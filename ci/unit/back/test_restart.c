/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The back-end of a disk is killed before any step it makes (a store to its state page, an access to rings or data, a call), and a new one
 * goes on with the pages alone: every request completes once, without an error, and the disk holds what was promised. Then the state page
 * is damaged in any way: the device is marked broken at worst.
 */

#include <stdlib.h>
#include <string.h>

#include <virtio/virtio_blk.h>

#include "../tap.h"
#include "disk.h"

#define FEATURES	(VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC | VIRTIO_BLK_F_FLUSH)
#define SLOTS		12u		/* requests at once; each has sectors of its own */
#define SLOT_SECTORS	3u
#define SLOT_BYTES	(SLOT_SECTORS * 512u)

static struct disk_machine m;
static uint64_t seed;
static uint8_t content[SLOTS];		/* what the sectors of a slot hold */
static uint8_t wanted[SLOTS];
static uint32_t kind[SLOTS];
static unsigned completed, wrong;

static unsigned below(unsigned limit)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(seed >> 33) % limit;
}

static uint8_t *data_of(uint32_t slot)
{
	return m.front.memory + FRONT_DATA_AT + slot * SLOT_BYTES;
}

static bool is_filled(const uint8_t *at, uint8_t with)
{
	for (unsigned n = 0; n < SLOT_BYTES; n++) {
		if (at[n] != with)
			return false;
	}
	return true;
}

/* A read, a write or a flush in a slot that is free. */
static void add_one(uint32_t slot)
{
	static const uint32_t kinds[] = { VIRTIO_BLK_T_OUT, VIRTIO_BLK_T_OUT, VIRTIO_BLK_T_IN, VIRTIO_BLK_T_FLUSH };

	kind[slot] = kinds[below(4)];
	wanted[slot] = (uint8_t)below(256);
	memset(data_of(slot), kind[slot] == VIRTIO_BLK_T_OUT ? wanted[slot] : 0x77, SLOT_BYTES);
	if (!disk_add(&m, slot, kind[slot], slot * SLOT_SECTORS, slot * SLOT_BYTES, kind[slot] == VIRTIO_BLK_T_FLUSH ? 0 : SLOT_BYTES, 600))
		abort();
}

static void judge(uint32_t slot)
{
	completed++;
	wrong += m.status[slot] != VIRTIO_BLK_S_OK;
	if (kind[slot] == VIRTIO_BLK_T_OUT)
		content[slot] = wanted[slot];
	if (kind[slot] == VIRTIO_BLK_T_IN)
		wrong += !is_filled(data_of(slot), content[slot]);
	wrong += !is_filled(m.memory + slot * SLOT_BYTES, content[slot]);
}

static void collect(void)
{
	bool was_busy[SLOTS];

	memcpy(was_busy, m.busy, sizeof(was_busy));
	disk_collect(&m);
	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		if (was_busy[slot] && !m.busy[slot])
			judge(slot);
	}
}

static void offer(void)
{
	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		if (!m.busy[slot] && below(2))
			add_one(slot);
	}
	front_kick(&m.front, 0);
}

static bool is_done(void)
{
	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		if (m.busy[slot])
			return false;
	}
	return true;
}

/* Rounds of the back-end until it dies, or `rounds` are over; it dies again while it comes back. */
static void live(unsigned rounds, unsigned long steps)
{
	static volatile unsigned deaths;
	static volatile unsigned left;

	deaths = 0;
	left = rounds;
	if (setjmp(host_death)) {
		host_steps_left = deaths++ < 2 ? 1 + steps / (deaths + 1) : 0;
		disk_die(&m);
	} else {
		host_steps_left = steps;
	}
	while (left > 0) {
		left = left - 1;
		disk_round(&m);
	}
	host_steps_left = 0;
}

static void session(unsigned long steps)
{
	seed = steps * 7919 + 1;
	disk_open(&m, FEATURES);
	memset(content, 0, sizeof(content));
	for (unsigned turn = 0; turn < 4; turn++) {
		offer();
		live(3 + below(3), turn == 1 || turn == 3 ? steps : 0);
		collect();
	}
	for (unsigned n = 0; n < 100 && !is_done(); n++) {
		disk_round(&m);
		collect();
	}
	wrong += !is_done() || m.twice || m.front.needs_reset;
	disk_close(&m);
}

static void killed_at_any_step_it_goes_on(void)
{
	unsigned long resumed = 0, out_of_order = 0;

	completed = wrong = 0;
	for (unsigned long steps = 1; steps < 700; steps++) {
		session(steps);
		resumed += m.front.device.counters.resumed;
		out_of_order += m.front.device.counters.out_of_order;
		if (wrong) {
			printf("# step %lu: %u wrong, %u twice, broken %d\n", steps, wrong, m.twice, m.front.needs_reset);
			break;
		}
	}
	printf("# %u requests, %lu of them served again, %lu out of order in the last lives\n", completed, resumed, out_of_order);
	CHECK(!wrong && completed > 10000 && resumed > 200 && out_of_order > 1000 && out_of_order < completed);
}

/* ---- writes that overlap ---- */

#define OVERLAP_SECTORS	8u
#define WRITES_MAX	64u

static struct overlapping {
	unsigned first, count, begun, ended;	/* sectors; order of these events, 0: not ended */
	uint8_t value;
} writes[WRITES_MAX];
static unsigned write_count, event, write_of_slot[SLOTS];

static void add_overlapping(uint32_t slot)
{
	unsigned count = 1 + below(SLOT_SECTORS), first = below(OVERLAP_SECTORS - count + 1);
	unsigned n = write_count++;

	writes[n] = (struct overlapping){ first, count, ++event, 0, (uint8_t)(n + 1) };
	write_of_slot[slot] = n;
	memset(data_of(slot), writes[n].value, count * 512u);
	if (!disk_add(&m, slot, VIRTIO_BLK_T_OUT, first, slot * SLOT_BYTES, count * 512u, 600))
		abort();
}

static void collect_overlapping(void)
{
	bool was_busy[SLOTS];

	memcpy(was_busy, m.busy, sizeof(was_busy));
	disk_collect(&m);
	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		if (!was_busy[slot] || m.busy[slot])
			continue;
		writes[write_of_slot[slot]].ended = ++event;
		wrong += m.status[slot] != VIRTIO_BLK_S_OK;
		completed++;
	}
}

static bool covers(unsigned n, unsigned sector)
{
	return sector >= writes[n].first && sector < writes[n].first + writes[n].count;
}

/* Whether a sector may hold what write `n` wrote, once all have ended: no other one of it began later than this one ended. */
static bool may_be_last(unsigned n, unsigned sector)
{
	for (unsigned other = 0; other < write_count; other++) {
		if (covers(other, sector) && writes[other].begun > writes[n].ended)
			return false;
	}
	return covers(n, sector);
}

static bool is_sector_right(unsigned sector)
{
	const uint8_t *at = m.memory + sector * 512u;
	bool is_written = false;

	for (unsigned n = 0; n < 512; n++) {
		if (at[n] != at[0])
			return false;
	}
	for (unsigned n = 0; n < write_count; n++)
		is_written |= covers(n, sector);
	return is_written ? at[0] && may_be_last(at[0] - 1u, sector) : !at[0];
}

static void overlapping_session(unsigned long steps)
{
	seed = steps * 104729 + 1;
	write_count = event = 0;
	disk_open(&m, FEATURES);
	for (unsigned turn = 0; turn < 4; turn++) {
		for (uint32_t slot = 0; slot < SLOTS; slot++) {
			if (!m.busy[slot] && below(2))
				add_overlapping(slot);
		}
		front_kick(&m.front, 0);
		live(2 + below(4), turn == 1 || turn == 3 ? steps : 0);
		collect_overlapping();
	}
	for (unsigned n = 0; n < 100 && !is_done(); n++) {
		disk_round(&m);
		collect_overlapping();
	}
	for (unsigned sector = 0; sector < OVERLAP_SECTORS; sector++)
		wrong += !is_sector_right(sector);
	wrong += !is_done() || m.twice || m.front.needs_reset;
	disk_close(&m);
}

static void overlapping_writes_end_in_an_order_that_the_driver_may_see(void)
{
	completed = wrong = 0;
	for (unsigned long steps = 1; steps < 700 && !wrong; steps++)
		overlapping_session(steps);
	printf("# %u writes that overlap\n", completed);
	CHECK(!wrong && completed > 10000);
}

/* Negotiation, queues and ready, with a new back-end before each write and in the middle of it. */
static void killed_while_the_driver_starts(void)
{
	for (volatile unsigned long steps = 1; steps < 120; steps = steps + 1) {
		disk_open(&m, FEATURES);
		if (setjmp(host_death)) {
			disk_die(&m);
			for (int n = 0; n < 3; n++)
				device_poll(&m.front.device);
			/* The driver cannot tell; it starts over, as after its own restart, or has come through. */
			front_start(&m.front, FEATURES, 1);
		} else {
			host_steps_left = steps;
			front_start(&m.front, FEATURES, 1);
		}
		host_steps_left = 0;
		CHECK(disk_request(&m, VIRTIO_BLK_T_IN, 0, 0, 512) == VIRTIO_BLK_S_OK && !m.front.needs_reset);
		disk_close(&m);
	}
}

/* The hand-off that was not answered is dealt with by the next back-end, whatever it was. */
static void a_handoff_waits_for_the_next_backend(void)
{
	disk_open(&m, FEATURES);
	front_hand_off(&m.front, VIRTIO_MMIO_QUEUE_SEL, 4, 5);
	disk_die(&m);
	CHECK(m.front.line.answered != m.front.line.sequence);
	device_poll(&m.front.device);
	CHECK(m.front.line.answered == m.front.line.sequence && m.front.device.queue_sel == 5);
	disk_die(&m);
	CHECK(m.front.device.queue_sel == 5 && front_read(&m.front, VIRTIO_MMIO_QUEUE_NUM_MAX) == 0);
	CHECK(disk_request(&m, VIRTIO_BLK_T_IN, 0, 0, 512) == VIRTIO_BLK_S_OK);
	disk_close(&m);
}

static void a_state_page_of_another_life_is_not_used(void)
{
	disk_open(&m, FEATURES);
	CHECK(disk_request(&m, VIRTIO_BLK_T_IN, 0, 0, 512) == VIRTIO_BLK_S_OK);
	front_restart(&m.front);
	disk_die(&m);
	CHECK(m.front.state.life == 3 && !m.front.device.is_running && !m.front.state.queue[0].is_ready && m.front.state.driver_features == 0);
	front_start(&m.front, FEATURES, 1);
	CHECK(disk_request(&m, VIRTIO_BLK_T_IN, 0, 0, 512) == VIRTIO_BLK_S_OK);
	disk_close(&m);
}

static void what_was_broken_stays_broken(void)
{
	disk_open(&m, FEATURES);
	device_break(&m.front.device, "a test");
	disk_die(&m);
	CHECK(m.front.device.is_broken && !m.front.device.is_running);
	front_start(&m.front, FEATURES, 1);
	CHECK(disk_request(&m, VIRTIO_BLK_T_IN, 0, 0, 512) == VIRTIO_BLK_S_OK);
	disk_close(&m);
}

/* Damage: one field, or any bytes. Nothing is believed; the driver's reset heals. */
static void damage(unsigned n)
{
	uint8_t *bytes = (uint8_t *)&m.front.state;

	switch (n % 4) {
	case 0:
		bytes[below(512)] ^= (uint8_t)(1u << below(8));
		return;
	case 1:
		bytes[below(sizeof(m.front.state))] = (uint8_t)below(256);
		return;
	case 2:
		for (unsigned at = 64 + below(48); at < 512 + 24 * 20; at += 1 + below(40))
			bytes[at] = (uint8_t)below(256);
		return;
	default:
		memcpy(bytes + 512 + 24 * below(20), bytes + 512 + 24 * below(20), 24);
	}
}

/* A request that is in nobody's list would never complete. */
static void a_log_that_lacks_one_is_not_believed(void)
{
	disk_open(&m, FEATURES);
	m.slow.frozen = true;
	for (uint32_t slot = 0; slot < SLOTS; slot++)
		add_one(slot);
	front_kick(&m.front, 0);
	disk_round(&m);
	for (unsigned n = 0; n < STATE_LOG_MAX; n++) {
		if (STATE_TAKEN_COUNT(m.front.state.log[n].taken) == 5)
			m.front.state.log[n].taken = 0;
	}
	disk_die(&m);
	CHECK(m.front.needs_reset && m.front.device.is_broken);
	front_start(&m.front, FEATURES, 1);
	memset(m.busy, 0, sizeof(m.busy));
	m.slow.frozen = false;
	CHECK(disk_request(&m, VIRTIO_BLK_T_IN, 0, 0, 512) == VIRTIO_BLK_S_OK);
	disk_close(&m);
}

static void a_damaged_page_is_not_believed(void)
{
	unsigned broken = 0;

	for (unsigned n = 0; n < 2000; n++) {
		seed = n;
		disk_open(&m, FEATURES);
		m.slow.frozen = true;
		for (uint32_t slot = 0; slot < SLOTS; slot++)
			add_one(slot);
		front_kick(&m.front, 0);
		disk_round(&m);
		damage(n);
		m.slow.frozen = false;
		disk_die(&m);
		for (int round = 0; round < 20; round++)
			disk_round(&m);
		broken += m.front.needs_reset;
		disk_collect(&m);
		memset(m.busy, 0, sizeof(m.busy));
		front_start(&m.front, FEATURES, 1);
		CHECK(disk_request(&m, VIRTIO_BLK_T_IN, 0, 0, 512) == VIRTIO_BLK_S_OK);
		disk_close(&m);
	}
	printf("# marked broken: %u of 2000\n", broken);
	CHECK(broken > 500);
}

int main(void)
{
	TEST(killed_at_any_step_it_goes_on);
	TEST(overlapping_writes_end_in_an_order_that_the_driver_may_see);
	TEST(killed_while_the_driver_starts);
	TEST(a_handoff_waits_for_the_next_backend);
	TEST(a_state_page_of_another_life_is_not_used);
	TEST(what_was_broken_stays_broken);
	TEST(a_log_that_lacks_one_is_not_believed);
	TEST(a_damaged_page_is_not_believed);
	return tap_done();
}
