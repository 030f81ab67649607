/* SPDX-License-Identifier: Apache-2.0 */
/* Rings that no honest driver or device writes: each lie is an error, by name, and each right border is none. */

#include <string.h>

#include "../tap.h"
#include "host_window.h"
#include "pair.h"

#define SIZE	16u
#define NEXT	1u
#define WRITE	2u
#define INDIRECT 4u
#define TABLE_AT (GUEST_BASE + TABLES_AT)

static struct pair p;
static struct vq_chain chain;

static void open_kind(unsigned kind)
{
	pair_open(&p, SIZE, kind_features(kind));
}

/* ---- split ---- */

static void put(void *table, unsigned at, uint64_t address, uint32_t size, uint32_t third)
{
	memcpy((uint8_t *)table + 16 * at, &address, 8);
	memcpy((uint8_t *)table + 16 * at + 8, &size, 4);
	memcpy((uint8_t *)table + 16 * at + 12, &third, 4);
}

/* Descriptor of a split ring or table. */
static void split_put(void *table, unsigned at, uint64_t address, uint32_t size, unsigned flags, unsigned next)
{
	put(table, at, address, size, flags | next << 16);
}

static void split_offer(uint16_t head)
{
	uint16_t *avail = p.driver.driver_area;

	avail[2 + avail[1] % SIZE] = head;
	avail[1]++;
}

static enum vq_err split_try(uint64_t address, uint32_t size, unsigned flags, unsigned next)
{
	enum vq_err err;

	open_kind(6);
	split_put(p.driver.memory.ring, 3, address, size, flags, next);
	split_offer(3);
	err = virtq_pop(&p.device, &chain);
	return err;
}

static void split_borders_of_one_descriptor(void)
{
	const uint64_t end = GUEST_BASE + GUEST_BYTES;

	CHECK(split_try(GUEST_BASE, 1, 0, 0) == VQ_OK && chain.readable_size == 1);
	CHECK(split_try(end - 1, 1, WRITE, 0xffff) == VQ_OK && chain.writable_size == 1);
	CHECK(split_try(GUEST_BASE, GUEST_BYTES, 0, 0) == VQ_OK);
	CHECK(split_try(end, 1, 0, 0) == VQ_ERR_GUEST);
	CHECK(split_try(end - 1, 2, 0, 0) == VQ_ERR_GUEST);
	CHECK(split_try(GUEST_BASE - 1, 2, 0, 0) == VQ_ERR_GUEST);
	CHECK(split_try(GUEST_BASE, GUEST_BYTES + 1, 0, 0) == VQ_ERR_GUEST);
	CHECK(split_try(UINT64_MAX, 1, 0, 0) == VQ_ERR_GUEST);
	CHECK(split_try(GUEST_BASE + 16, UINT32_MAX, 0, 0) == VQ_ERR_GUEST);
	CHECK(split_try(GUEST_BASE, 0, 0, 0) == VQ_ERR_GUEST);
	CHECK(split_try(GUEST_BASE, 16, NEXT, SIZE) == VQ_ERR_GUEST);
	CHECK(split_try(GUEST_BASE, 16, NEXT, 0xffff) == VQ_ERR_GUEST);
	CHECK(split_try(GUEST_BASE, 1, NEXT, 3) == VQ_ERR_GUEST);
	CHECK(split_try(GUEST_BASE, 1, NEXT | WRITE, 3) == VQ_ERR_GUEST);
}

static void split_tables_are_judged(void)
{
	CHECK(split_try(TABLE_AT, 0, INDIRECT, 0) == VQ_ERR_GUEST);
	CHECK(split_try(TABLE_AT, 15, INDIRECT, 0) == VQ_ERR_GUEST);
	CHECK(split_try(TABLE_AT, 17, INDIRECT, 0) == VQ_ERR_GUEST);
	CHECK(split_try(TABLE_AT, 16 * (VQ_CHAIN_MAX + 1), INDIRECT, 0) == VQ_ERR_GUEST);
	CHECK(split_try(TABLE_AT, 0xfffffff0, INDIRECT, 0) == VQ_ERR_GUEST);
	CHECK(split_try(GUEST_BASE + GUEST_BYTES - 16, 32, INDIRECT, 0) == VQ_ERR_GUEST);
	CHECK(split_try(TABLE_AT, 16, INDIRECT | NEXT, 0) == VQ_ERR_GUEST);
}

/* A table of `entries`, each a byte, linked one after the other but for the last, which has these flags and this link. */
static enum vq_err split_try_table(unsigned entries, unsigned flags, unsigned next, unsigned direct_before)
{
	enum vq_err err;

	open_kind(6);
	for (unsigned n = 0; n < entries; n++)
		split_put(p.driver.memory.tables, n, GUEST_BASE + n, 1, n + 1 < entries ? NEXT : flags, n + 1 < entries ? n + 1 : next);
	for (unsigned n = 0; n < direct_before; n++)
		split_put(p.driver.memory.ring, n, GUEST_BASE, 1, NEXT, n + 1);
	split_put(p.driver.memory.ring, direct_before, TABLE_AT, 16 * entries, INDIRECT | WRITE, 0);
	split_offer(0);
	err = virtq_pop(&p.device, &chain);
	return err;
}

static void split_chains_in_tables_are_judged(void)
{
	CHECK(split_try_table(1, 0, 0, 0) == VQ_OK && chain.readable_count == 1);
	CHECK(split_try_table(VQ_CHAIN_MAX, WRITE, 0, 0) == VQ_OK && chain.writable_count == 1);
	CHECK(split_try_table(VQ_CHAIN_MAX, 0, 0, 1) == VQ_ERR_GUEST);
	CHECK(split_try_table(VQ_CHAIN_MAX - 2, 0, 0, 2) == VQ_OK && chain.readable_count == VQ_CHAIN_MAX);
	CHECK(split_try_table(4, NEXT, 0, 0) == VQ_ERR_GUEST);
	CHECK(split_try_table(4, NEXT, 3, 0) == VQ_ERR_GUEST);
	CHECK(split_try_table(4, NEXT, 4, 0) == VQ_ERR_GUEST);
	CHECK(split_try_table(4, INDIRECT, 0, 0) == VQ_ERR_GUEST);
}

static void split_chains_are_readable_then_writable(void)
{
	open_kind(0);
	split_put(p.driver.memory.ring, 0, GUEST_BASE, 1, NEXT | WRITE, 1);
	split_put(p.driver.memory.ring, 1, GUEST_BASE, 1, 0, 0);
	split_offer(0);
	CHECK(virtq_pop(&p.device, &chain) == VQ_ERR_GUEST);
}

static void split_tables_must_be_negotiated(void)
{
	open_kind(0);
	split_put(p.driver.memory.tables, 0, GUEST_BASE, 1, 0, 0);
	split_put(p.driver.memory.ring, 0, TABLE_AT, 16, INDIRECT, 0);
	split_offer(0);
	CHECK(virtq_pop(&p.device, &chain) == VQ_ERR_GUEST);
}

static void split_loops_end(void)
{
	open_kind(0);
	for (unsigned n = 0; n < SIZE; n++)
		split_put(p.driver.memory.ring, n, GUEST_BASE, 1, NEXT, (n + 1) % SIZE);
	split_offer(0);
	CHECK(virtq_pop(&p.device, &chain) == VQ_ERR_GUEST);
}

static void split_heads_are_in_the_ring(void)
{
	open_kind(0);
	split_put(p.driver.memory.ring, SIZE - 1, GUEST_BASE, 1, 0, 0);
	split_offer(SIZE - 1);
	split_offer(SIZE);
	CHECK(virtq_pop(&p.device, &chain) == VQ_OK);
	CHECK(virtq_pop(&p.device, &chain) == VQ_ERR_GUEST);
}

static enum vq_err split_try_index(uint16_t taken, uint16_t given, uint16_t index)
{
	bool pending;
	enum vq_err err;

	open_kind(0);
	split_put(p.driver.memory.ring, 0, GUEST_BASE, 1, 0, 0);
	for (uint16_t n = 0; n < taken; n++) {
		split_offer(0);
		CHECK(virtq_pop(&p.device, &chain) == VQ_OK);
		if (n < given)
			CHECK(virtq_push(&p.device, chain.token, 0) == VQ_OK && virtq_publish(&p.device) == VQ_OK);
	}
	p.driver.driver_area[1] = index;
	err = virtq_pending(&p.device, &pending);
	return err;
}

static void split_indices_do_not_jump(void)
{
	CHECK(split_try_index(0, 0, SIZE) == VQ_OK);
	CHECK(split_try_index(0, 0, SIZE + 1) == VQ_ERR_GUEST);
	CHECK(split_try_index(0, 0, 0xffff) == VQ_ERR_GUEST);
	CHECK(split_try_index(5, 5, SIZE + 5) == VQ_OK);
	CHECK(split_try_index(5, 2, SIZE + 2) == VQ_OK);
	CHECK(split_try_index(5, 2, SIZE + 3) == VQ_ERR_GUEST);
	CHECK(split_try_index(5, 2, 4) == VQ_ERR_GUEST);
	CHECK(split_try_index(5, 5, 4) == VQ_ERR_GUEST);
}

/* ---- packed ---- */

/* Descriptor that is available in the first round. */
static void packed_put(unsigned at, uint64_t address, uint32_t size, unsigned flags, unsigned id)
{
	put(p.driver.memory.ring, at, address, size, id | (flags | 0x80) << 16);
}

static enum vq_err packed_try(uint64_t address, uint32_t size, unsigned flags)
{
	enum vq_err err;

	open_kind(7);
	packed_put(0, address, size, flags, 7);
	err = virtq_pop(&p.device, &chain);
	return err;
}

static void packed_borders_of_one_descriptor(void)
{
	const uint64_t end = GUEST_BASE + GUEST_BYTES;

	CHECK(packed_try(end - 1, 1, WRITE) == VQ_OK && chain.writable_size == 1 && chain.token.id == 7);
	CHECK(packed_try(end, 1, 0) == VQ_ERR_GUEST);
	CHECK(packed_try(end - 1, 2, 0) == VQ_ERR_GUEST);
	CHECK(packed_try(GUEST_BASE - 1, 1, 0) == VQ_ERR_GUEST);
	CHECK(packed_try(GUEST_BASE, 0, 0) == VQ_ERR_GUEST);
	CHECK(packed_try(TABLE_AT, 0, INDIRECT) == VQ_ERR_GUEST);
	CHECK(packed_try(TABLE_AT, 24, INDIRECT) == VQ_ERR_GUEST);
	CHECK(packed_try(TABLE_AT, 16 * (VQ_CHAIN_MAX + 1), INDIRECT) == VQ_ERR_GUEST);
	CHECK(packed_try(TABLE_AT, 16, INDIRECT | NEXT) == VQ_ERR_GUEST);
}

/* Only "write" means anything in a table. */
static void packed_tables_go_in_order(void)
{
	open_kind(7);
	put(p.driver.memory.tables, 0, GUEST_BASE, 1, (INDIRECT | NEXT) << 16 | 99);
	put(p.driver.memory.tables, 1, GUEST_BASE + 1, 2, (WRITE | NEXT) << 16 | 99);
	packed_put(0, TABLE_AT, 32, INDIRECT | WRITE, 3);
	CHECK(virtq_pop(&p.device, &chain) == VQ_OK && chain.readable_size == 1 && chain.writable_size == 2 && chain.token.id == 3);
}

static void packed_tables_are_not_linked(void)
{
	open_kind(7);
	packed_put(0, GUEST_BASE, 1, NEXT, 3);
	packed_put(1, TABLE_AT, 16, INDIRECT, 3);
	CHECK(virtq_pop(&p.device, &chain) == VQ_ERR_GUEST);
}

static void packed_tables_must_be_negotiated(void)
{
	open_kind(1);
	put(p.driver.memory.tables, 0, GUEST_BASE, 1, 0);
	packed_put(0, TABLE_AT, 16, INDIRECT, 3);
	CHECK(virtq_pop(&p.device, &chain) == VQ_ERR_GUEST);
}

static void packed_loops_end(void)
{
	open_kind(1);
	for (unsigned n = 0; n < SIZE; n++)
		packed_put(n, GUEST_BASE, 1, NEXT, 0);
	CHECK(virtq_pop(&p.device, &chain) == VQ_ERR_GUEST);
	open_kind(1);
	for (unsigned n = 0; n < SIZE; n++)
		packed_put(n, GUEST_BASE, 1, n + 1 < SIZE ? NEXT : 0, n);
	CHECK(virtq_pop(&p.device, &chain) == VQ_OK && chain.token.slots == SIZE && chain.token.id == SIZE - 1);
}

/* The driver offers again what the device still has. */
static void packed_rings_do_not_overtake(void)
{
	open_kind(1);
	for (unsigned n = 0; n < SIZE; n++)
		packed_put(n, GUEST_BASE, 1, 0, n);
	for (unsigned n = 0; n < SIZE; n++)
		CHECK(virtq_pop(&p.device, &chain) == VQ_OK);
	CHECK(virtq_pop(&p.device, &chain) == VQ_ERR_EMPTY);
	put(p.driver.memory.ring, 0, GUEST_BASE, 1, 0x8000u << 16);	/* available in the second round */
	CHECK(virtq_pop(&p.device, &chain) == VQ_ERR_GUEST);
}

/* ---- setting up ---- */

static enum vq_err try_setup(unsigned kind, uint16_t size, uint64_t descriptors, uint64_t driver, uint64_t device)
{
	struct vq_setup setup = { descriptors, driver, device, kind_features(kind), size };
	enum vq_err err;

	open_kind(kind);
	err = virtq_init(&p.device, &p.window, &setup);
	return err;
}

static void setups_are_judged(void)
{
	const uint64_t b = GUEST_BASE, end = GUEST_BASE + GUEST_BYTES;

	CHECK(try_setup(0, 16, b, b + 256, b + 512) == VQ_OK);
	CHECK(try_setup(0, 0, b, b + 256, b + 512) == VQ_ERR_SETUP);
	CHECK(try_setup(0, 12, b, b + 256, b + 512) == VQ_ERR_SETUP);
	CHECK(try_setup(0, 65535, b, b, b) == VQ_ERR_SETUP);
	CHECK(try_setup(0, 16, b + 8, b + 256, b + 512) == VQ_ERR_SETUP);
	CHECK(try_setup(0, 16, b, b + 257, b + 512) == VQ_ERR_SETUP);
	CHECK(try_setup(0, 16, b, b + 256, b + 514) == VQ_ERR_SETUP);
	CHECK(try_setup(0, 16, end - 256, end - 38, end - 136) == VQ_OK);
	CHECK(try_setup(0, 16, end - 240, b, b) == VQ_ERR_GUEST);
	CHECK(try_setup(0, 16, b, end - 36, b) == VQ_ERR_GUEST);
	CHECK(try_setup(0, 16, b, b, end - 132) == VQ_ERR_GUEST);
	CHECK(try_setup(0, 16, b - 16, b, b) == VQ_ERR_GUEST);
	CHECK(try_setup(0, 32768, b, b, b) == VQ_OK);
	CHECK(try_setup(0, 32768, b + 16, b, b) == VQ_ERR_GUEST);
	CHECK(try_setup(1, 13, b, b + 256, b + 512) == VQ_OK);
	CHECK(try_setup(1, 13, b, end - 4, end - 4) == VQ_OK);
	CHECK(try_setup(1, 13, b, end, b) == VQ_ERR_GUEST);
	CHECK(try_setup(1, 13, b, b, b + 2) == VQ_ERR_SETUP);
	CHECK(try_setup(1, 0, b, b, b) == VQ_ERR_SETUP);
}

/* ---- our own mistakes, and a window that vanishes ---- */

static void tokens_are_judged(void)
{
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		struct vq_token wild = { 0, SIZE, 0, 0 };

		open_kind(kind);
		CHECK(virtq_push(&p.device, wild, 0) == VQ_ERR_SETUP);
		CHECK(pair_add(&p, DATA_AT, 1, 0, 16, &p) == VQ_OK);
		vqd_publish(&p.driver);
		CHECK(virtq_pop(&p.device, &chain) == VQ_OK);
		wild.id = SIZE;
		CHECK(virtq_push(&p.device, wild, 0) == VQ_ERR_SETUP);
		wild = chain.token;
		if (kind & 1)
			wild.slots = 0;
		CHECK(virtq_push(&p.device, wild, 0) == (kind & 1 ? VQ_ERR_SETUP : VQ_OK));
	}
}

/* Whatever access meets a window that is gone, the call says so. */
static void a_window_that_vanishes_is_a_fault(void)
{
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		bool done = false;

		for (size_t left = 1; !done && left < 100; left++) {
			enum vq_err err;
			bool notify, more;

			open_kind(kind);
			CHECK(pair_add(&p, DATA_AT, 2, 1, 16, &p) == VQ_OK);
			vqd_publish(&p.driver);
			host_window_left = left;
			err = virtq_pop(&p.device, &chain);
			err = err ? err : virtq_push(&p.device, chain.token, 0);
			err = err ? err : virtq_publish(&p.device);
			err = err ? err : virtq_should_notify(&p.device, &notify);
			err = err ? err : virtq_ask_signal(&p.device, &more);
			done = err == VQ_OK && !host_window_gone;
			CHECK(done || err == VQ_ERR_FAULT || host_window_left == 0);
			CHECK(err == VQ_OK || err == VQ_ERR_FAULT);
			host_window_left = 0;
			host_window_gone = false;
		}
		CHECK(done);
	}
}

/* ---- a hostile device ---- */

static enum vq_err driver_get(void)
{
	void *cookie;
	uint32_t written;

	return vqd_get(&p.driver, &cookie, &written);
}

static enum vq_err split_try_used(uint16_t index, uint32_t id, uint32_t size)
{
	enum vq_err err;

	open_kind(0);
	CHECK(pair_add(&p, DATA_AT, 1, 2, 16, &p) == VQ_OK && pair_add(&p, DATA_AT, 1, 0, 16, &p) == VQ_OK);
	vqd_publish(&p.driver);
	memcpy(p.driver.device_area + 2, &id, 4);
	memcpy(p.driver.device_area + 4, &size, 4);
	p.driver.device_area[1] = index;
	err = driver_get();
	return err;
}

static void split_drivers_judge_what_comes_back(void)
{
	CHECK(split_try_used(1, 0, 32) == VQ_OK);
	CHECK(split_try_used(1, 0, 33) == VQ_ERR_GUEST);
	CHECK(split_try_used(1, 1, 0) == VQ_ERR_GUEST);	/* inside of a chain */
	CHECK(split_try_used(1, 3, 0) == VQ_OK);
	CHECK(split_try_used(1, 3, 1) == VQ_ERR_GUEST);
	CHECK(split_try_used(1, 4, 0) == VQ_ERR_GUEST);	/* free */
	CHECK(split_try_used(1, SIZE, 0) == VQ_ERR_GUEST);
	CHECK(split_try_used(1, 0x10000, 0) == VQ_ERR_GUEST);
	CHECK(split_try_used(3, 0, 0) == VQ_ERR_GUEST);
	CHECK(split_try_used(0xffff, 0, 0) == VQ_ERR_GUEST);
	CHECK(split_try_used(0, 0, 0) == VQ_ERR_EMPTY);
}

static void split_drivers_take_nothing_twice(void)
{
	const uint32_t zero[2] = { 0, 0 };

	open_kind(0);
	CHECK(pair_add(&p, DATA_AT, 1, 0, 16, &p) == VQ_OK && pair_add(&p, DATA_AT, 1, 0, 16, &p) == VQ_OK);
	vqd_publish(&p.driver);
	memcpy(p.driver.device_area + 2, zero, 8);
	memcpy(p.driver.device_area + 6, zero, 8);
	p.driver.device_area[1] = 2;
	CHECK(driver_get() == VQ_OK && driver_get() == VQ_ERR_GUEST);
}

/* The device writes over the descriptors: the driver's own notes count. */
static void split_drivers_do_not_follow_the_ring(void)
{
	for (unsigned round = 0; round < 3; round++) {
		struct vq_token token;

		open_kind(0);
		CHECK(pair_add(&p, DATA_AT, 2, 2, 16, &p) == VQ_OK);
		vqd_publish(&p.driver);
		CHECK(virtq_pop(&p.device, &chain) == VQ_OK);
		token = chain.token;
		memset(p.driver.memory.ring, round ? 0xff : 0, 16 * SIZE);
		CHECK(virtq_push(&p.device, token, 0) == VQ_OK && virtq_publish(&p.device) == VQ_OK);
		CHECK(driver_get() == VQ_OK && p.driver.free_count == SIZE);
		for (unsigned n = 0; n < SIZE; n++)
			CHECK(pair_add(&p, DATA_AT, 1, 0, 16, &p) == VQ_OK);
		CHECK(!vqd_has_room(&p.driver, 1));
	}
}

static enum vq_err packed_try_used(unsigned at, unsigned flags, unsigned id, uint32_t size)
{
	enum vq_err err;

	open_kind(1);
	CHECK(pair_add(&p, DATA_AT, 1, 2, 16, &p) == VQ_OK && pair_add(&p, DATA_AT, 1, 0, 16, &p) == VQ_OK);
	vqd_publish(&p.driver);
	put(p.driver.memory.ring, at, 0, size, id | flags << 16);
	err = driver_get();
	return err;
}

static void packed_drivers_judge_what_comes_back(void)
{
	CHECK(packed_try_used(0, 0x8080, 0, 32) == VQ_OK);
	CHECK(packed_try_used(0, 0x8080, 0, 33) == VQ_ERR_GUEST);
	CHECK(packed_try_used(0, 0x8080, 1, 0) == VQ_OK);
	CHECK(packed_try_used(0, 0x8080, 1, 1) == VQ_ERR_GUEST);
	CHECK(packed_try_used(0, 0x8080, 2, 0) == VQ_ERR_GUEST);
	CHECK(packed_try_used(0, 0x8080, SIZE, 0) == VQ_ERR_GUEST);
	CHECK(packed_try_used(0, 0x8080, 0xffff, 0) == VQ_ERR_GUEST);
	CHECK(packed_try_used(0, 0x0080, 0, 0) == VQ_ERR_EMPTY);
	CHECK(packed_try_used(0, 0x8000, 0, 0) == VQ_ERR_EMPTY);
	CHECK(packed_try_used(0, 0, 0, 0) == VQ_ERR_EMPTY);
	CHECK(packed_try_used(3, 0x8080, 0, 0) == VQ_ERR_EMPTY);
}

/* After a short buffer came back first, the long one's slots would reach behind what was offered. */
static void packed_drivers_stay_behind_what_they_offered(void)
{
	open_kind(1);
	CHECK(pair_add(&p, DATA_AT, 1, 2, 16, &p) == VQ_OK && pair_add(&p, DATA_AT, 1, 0, 16, &p) == VQ_OK);
	vqd_publish(&p.driver);
	for (unsigned n = 0; n < SIZE; n++)
		put(p.driver.memory.ring, n, 0, 0, (n ? 0 : 1) | 0x8080u << 16);
	CHECK(driver_get() == VQ_OK && driver_get() == VQ_OK && driver_get() == VQ_ERR_EMPTY && p.driver.free_count == SIZE);
}

int main(void)
{
	TEST(split_borders_of_one_descriptor);
	TEST(split_tables_are_judged);
	TEST(split_chains_in_tables_are_judged);
	TEST(split_chains_are_readable_then_writable);
	TEST(split_tables_must_be_negotiated);
	TEST(split_loops_end);
	TEST(split_heads_are_in_the_ring);
	TEST(split_indices_do_not_jump);
	TEST(packed_borders_of_one_descriptor);
	TEST(packed_tables_go_in_order);
	TEST(packed_tables_are_not_linked);
	TEST(packed_tables_must_be_negotiated);
	TEST(packed_loops_end);
	TEST(packed_rings_do_not_overtake);
	TEST(setups_are_judged);
	TEST(tokens_are_judged);
	TEST(a_window_that_vanishes_is_a_fault);
	TEST(split_drivers_judge_what_comes_back);
	TEST(split_drivers_take_nothing_twice);
	TEST(split_drivers_do_not_follow_the_ring);
	TEST(packed_drivers_judge_what_comes_back);
	TEST(packed_drivers_stay_behind_what_they_offered);
	return tap_done();
}
