/* SPDX-License-Identifier: Apache-2.0 */
/* What the vswitch bounds: rates, bursts, storms, and the addresses that a port may teach it. */

#include <string.h>

#include "../tap.h"
#include "world.h"

static struct frame f;

/* A frame of exactly `size` bytes. */
static void sized(uint8_t to, uint8_t from, uint32_t size)
{
	frame_start(&f, to, from);
	frame_type(&f, 0x88b5);
	frame_fill(&f, size - 14);
}

static void a_burst_passes_and_no_more(void)
{
	struct world *w = world_make();

	w->port[0].bytes = (struct vswitch_limit){ 1000, 3000 };
	world_start(w);
	sized(2, 1, 1000);
	for (int i = 0; i < 3; i++)
		CHECK(world_send(w, 0, &f) == 2);
	CHECK(world_send(w, 0, &f) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_RATE));
	w->now += SECOND - 1;
	CHECK(world_send(w, 0, &f) == 0);	/* one nanosecond early */
	w->now += 1;
	CHECK(world_send(w, 0, &f) == 2);
	CHECK(world_send(w, 0, &f) == 0);
	w->now += 3600 * SECOND;		/* an idle hour is worth one burst */
	for (int i = 0; i < 3; i++)
		CHECK(world_send(w, 0, &f) == 2);
	CHECK(world_send(w, 0, &f) == 0);
}

static void frames_are_limited_by_number(void)
{
	struct world *w = world_make();

	w->port[0].frames = (struct vswitch_limit){ 10, 2 };
	world_start(w);
	sized(2, 1, 60);
	CHECK(world_send(w, 0, &f) == 2);
	CHECK(world_send(w, 0, &f) == 2);
	CHECK(world_send(w, 0, &f) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_FRAME_RATE));
	w->now += SECOND / 10;
	CHECK(world_send(w, 0, &f) == 2);
	w->now += 10 * SECOND;
	CHECK(world_send_as(w, 0, &f, f.size, 3, f.size) == 0);	/* three segments are three frames */
	CHECK(dropped(w, 0, VSWITCH_DROP_FRAME_RATE));
	CHECK(world_send_as(w, 0, &f, f.size, 2, f.size) == 2);
}

static void storms_are_limited_and_unicast_is_not(void)
{
	struct world *w = world_make();

	w->port[0].storm = (struct vswitch_limit){ 10, 5 };
	world_start(w);
	sized(0xff, 1, 60);
	for (int i = 0; i < 5; i++)
		CHECK(world_send(w, 0, &f) == 0xe);
	CHECK(world_send(w, 0, &f) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_STORM));
	f.bytes[0] = 0x33;
	CHECK(world_send(w, 0, &f) == 0);
	CHECK(dropped(w, 0, VSWITCH_DROP_STORM));
	sized(2, 1, 60);
	CHECK(world_send(w, 0, &f) == 2);
	sized(0xff, 2, 60);
	CHECK(world_send(w, 1, &f) == 0xd);	/* another port's storm is its own */
}

static void a_frame_that_does_not_pass_costs_nothing(void)
{
	struct world *w = world_make();

	w->port[0].bytes = (struct vswitch_limit){ 1000, 1000 };
	w->port[0].frames = (struct vswitch_limit){ 1, 1 };
	world_start(w);
	sized(2, 1, 1000);
	CHECK(world_send(w, 0, &f) == 2);
	w->now += SECOND / 2;
	CHECK(world_send(w, 0, &f) == 0);
	w->now += SECOND / 2;
	CHECK(world_send(w, 0, &f) == 2);
}

static void a_clock_that_stands_or_jumps_gives_nothing(void)
{
	struct world *w = world_make();

	w->port[0].bytes = (struct vswitch_limit){ VSWITCH_RATE_MAX, VSWITCH_BURST_MAX };
	w->port[0].mtu = UINT16_MAX;
	world_start(w);
	sized(2, 1, 1000);
	w->now -= 5 * SECOND;
	CHECK(world_send(w, 0, &f) == 2);
	w->now = UINT64_MAX;
	CHECK(world_send(w, 0, &f) == 2);
	CHECK(w->sw.port[0].bytes.credit <= VSWITCH_BURST_MAX * SECOND);
	w->port[0].bytes = (struct vswitch_limit){ 1000, 1000 };
	w->now = 1000 * SECOND;
	world_start(w);
	CHECK(world_send(w, 0, &f) == 2);
	w->now -= SECOND;
	CHECK(world_send(w, 0, &f) == 0);
	w->now += SECOND;
	CHECK(world_send(w, 0, &f) == 0);	/* no credit twice for the same second */
}

/* Two senders as fast as they can, one limited: in no window does it get more than burst + rate * time, and the other loses nothing. */
static void shares_are_exact(void)
{
	enum { STEPS = 20000, RATE = 1250000, BURST = 9000 };
	struct world *w = world_make();
	uint64_t limited = 0, free_frames = 0, start, most;

	w->port[0].bytes = (struct vswitch_limit){ RATE, BURST };
	world_start(w);
	start = w->now;
	for (uint32_t i = 0; i < STEPS; i++) {
		w->now += 1 + random_below(100000);
		sized(3, 1, 60 + random_below(1400));
		limited += world_send(w, 0, &f) ? f.size : 0;
		sized(3, 2, 1500);
		free_frames += world_send(w, 1, &f) == 1u << 2;
		/* compared in 1 / 10^9 of a byte: nothing is rounded away */
		CHECK(limited * SECOND <= BURST * SECOND + (w->now - start) * RATE);
	}
	most = BURST + (w->now - start) * RATE / SECOND;
	CHECK(free_frames == STEPS);
	CHECK(limited + 1514 >= most);	/* and not less than its share either */
	CHECK(w->sw.port[0].counters.drops[VSWITCH_DROP_RATE] > 0 && w->sw.port[1].counters.drops[VSWITCH_DROP_RATE] == 0);
}

static void no_window_holds_more_than_its_burst(void)
{
	enum { STEPS = 400, RATE = 1000000, BURST = 3000 };
	static uint64_t at[STEPS], bytes[STEPS];
	struct world *w = world_make();

	w->port[0].bytes = (struct vswitch_limit){ RATE, BURST };
	world_start(w);
	for (uint32_t i = 0; i < STEPS; i++) {
		w->now += random_below(10) ? random_below(300000) : random_below(20000000);
		sized(2, 1, 60 + random_below(1400));
		at[i] = w->now;
		bytes[i] = world_send(w, 0, &f) ? f.size : 0;
	}
	for (uint32_t first = 0; first < STEPS; first++)
		for (uint64_t last = first, sum = 0; last < STEPS; last++) {
			sum += bytes[last];
			CHECK(sum * SECOND <= BURST * SECOND + (at[last] - at[first]) * RATE);
		}
}

/* ---- learning ---- */

static void teach(struct world *w, uint32_t port, uint8_t fourth, uint8_t last)
{
	frame_plain(&f, 0xff, last);
	f.bytes[10] = fourth;
	world_send(w, port, &f);
}

static uint32_t ask(struct world *w, uint32_t port, uint8_t fourth, uint8_t last)
{
	frame_plain(&f, last, (uint8_t)(port + 1));
	f.bytes[4] = fourth;
	return world_send(w, port, &f);
}

/* Ports 2 and 3 learn; port 0 asks. */
static struct world *learning_world(void)
{
	struct world *w = world_make();

	memset(w->port[2].mac, 0, 6);
	w->port[2].learn_limit = 4;
	world_start(w);
	return w;
}

static void what_was_heard_is_known(void)
{
	struct world *w = learning_world();

	CHECK(ask(w, 0, 1, 50) == (1u << 2 | 1u << UPLINK));
	teach(w, UPLINK, 1, 50);
	CHECK(ask(w, 0, 1, 50) == 1u << UPLINK);
	w->now += 60 * SECOND;
	CHECK(ask(w, 0, 1, 50) == 1u << UPLINK);
	w->now += 1;
	CHECK(ask(w, 0, 1, 50) == (1u << 2 | 1u << UPLINK));	/* forgotten */
	teach(w, UPLINK, 1, 50);
	w->now += 50 * SECOND;
	teach(w, UPLINK, 1, 50);
	w->now += 50 * SECOND;
	CHECK(ask(w, 0, 1, 50) == 1u << UPLINK);		/* refreshed */
}

static void an_address_in_another_vlan_is_another(void)
{
	static const struct vswitch_vlan_range tagged[] = { { 5, 5 } };
	struct world *w = world_make();

	w->port[2].learn_limit = 4;
	w->port[UPLINK].is_trunk = true;
	w->port[UPLINK].vlan_ranges = tagged;
	w->port[UPLINK].vlan_range_count = 1;
	world_start(w);
	frame_start(&f, 0xff, 50);
	frame_tag(&f, 5);
	frame_type(&f, 0x88b5);
	world_send(w, UPLINK, &f);
	CHECK(ask(w, 0, 0, 50) == (1u << 2 | 1u << UPLINK));
}

static void a_flood_fills_its_own_row_only(void)
{
	struct world *w = learning_world();

	for (uint8_t i = 0; i < 8; i++)
		teach(w, UPLINK, 1, (uint8_t)(100 + i));
	for (uint32_t i = 0; i < 2000; i++)
		teach(w, 2, (uint8_t)(2 + i / 200), (uint8_t)(i % 200));
	for (uint8_t i = 0; i < 8; i++)
		CHECK(ask(w, 0, 1, (uint8_t)(100 + i)) == 1u << UPLINK);
	CHECK(w->sw.port[2].counters.learn_refused == 2000 - 4);
	for (uint8_t i = 0; i < 4; i++)
		CHECK(ask(w, 0, 2, i) == 1u << 2);
	CHECK(ask(w, 0, 2, 4) == (1u << 2 | 1u << UPLINK));
	teach(w, UPLINK, 9, 9);		/* its row is full as well */
	CHECK(w->sw.port[UPLINK].counters.learn_refused == 1);
}

static void an_address_is_not_taken_over(void)
{
	struct world *w = learning_world();

	teach(w, UPLINK, 1, 50);
	teach(w, 2, 1, 50);
	CHECK(ask(w, 0, 1, 50) == 1u << UPLINK);
	CHECK(w->sw.port[2].counters.learn_refused == 1);
	w->now += 61 * SECOND;		/* silent for too long: it may have moved */
	teach(w, 2, 1, 50);
	CHECK(ask(w, 0, 1, 50) == 1u << 2);
	w->now += 61 * SECOND;
	teach(w, UPLINK, 1, 50);
	CHECK(ask(w, 0, 1, 50) == 1u << UPLINK);
}

static void old_entries_make_room(void)
{
	struct world *w = learning_world();

	for (uint8_t i = 0; i < 4; i++)
		teach(w, 2, 1, i);
	w->now += 61 * SECOND;
	for (uint8_t i = 0; i < 4; i++)
		teach(w, 2, 2, i);
	for (uint8_t i = 0; i < 4; i++) {
		CHECK(ask(w, 0, 2, i) == 1u << 2);
		CHECK(ask(w, 0, 1, i) == (1u << 2 | 1u << UPLINK));
	}
	CHECK(w->sw.port[2].counters.learn_refused == 0);
}

static void a_port_that_goes_down_is_forgotten(void)
{
	struct world *w = learning_world();

	teach(w, UPLINK, 1, 50);
	teach(w, 2, 1, 51);
	vswitch_port_set_up(&w->sw, UPLINK, false);
	vswitch_port_set_up(&w->sw, UPLINK, true);
	CHECK(ask(w, 0, 1, 50) == (1u << 2 | 1u << UPLINK));
	CHECK(ask(w, 0, 1, 51) == 1u << 2);
}

static void what_is_denied_teaches_nothing(void)
{
	struct world *w = learning_world();

	w->port[UPLINK].default_ingress = VSWITCH_DENY;
	teach(w, UPLINK, 1, 50);
	w->port[UPLINK].default_ingress = VSWITCH_ALLOW;
	CHECK(ask(w, 0, 1, 50) == (1u << 2 | 1u << UPLINK));
}

/* Against a simple table with the same rules, over many random steps. */
static void the_table_agrees_with_a_simple_one(void)
{
	enum { NAMES = 40 };
	struct { uint32_t port; uint64_t heard; } simple[NAMES] = { { 0, 0 } };
	uint32_t used[WORLD_PORTS];
	struct world *w = learning_world();

	for (uint32_t step = 0; step < 20000; step++) {
		uint32_t name = random_below(NAMES), port = 2 + random_below(2), want;
		bool is_fresh;

		w->now += random_below(4) * SECOND;
		is_fresh = simple[name].port && w->now - simple[name].heard <= 60 * SECOND;
		memset(used, 0, sizeof(used));
		for (uint32_t i = 0; i < NAMES; i++)
			if (simple[i].port && w->now - simple[i].heard <= 60 * SECOND)
				used[simple[i].port]++;
		if (is_fresh ? simple[name].port == port : used[port] < w->port[port].learn_limit) {
			simple[name].port = port;
			simple[name].heard = w->now;
		}
		teach(w, port, 3, (uint8_t)name);
		name = random_below(NAMES);
		is_fresh = simple[name].port && w->now - simple[name].heard <= 60 * SECOND;
		want = is_fresh ? 1u << simple[name].port : 1u << 2 | 1u << UPLINK;
		CHECK(ask(w, 0, 3, (uint8_t)name) == want);
	}
}

int main(void)
{
	TEST(a_burst_passes_and_no_more);
	TEST(frames_are_limited_by_number);
	TEST(storms_are_limited_and_unicast_is_not);
	TEST(a_frame_that_does_not_pass_costs_nothing);
	TEST(a_clock_that_stands_or_jumps_gives_nothing);
	TEST(shares_are_exact);
	TEST(no_window_holds_more_than_its_burst);
	TEST(what_was_heard_is_known);
	TEST(an_address_in_another_vlan_is_another);
	TEST(a_flood_fills_its_own_row_only);
	TEST(an_address_is_not_taken_over);
	TEST(old_entries_make_room);
	TEST(a_port_that_goes_down_is_forgotten);
	TEST(what_is_denied_teaches_nothing);
	TEST(the_table_agrees_with_a_simple_one);
	return tap_done();
}
