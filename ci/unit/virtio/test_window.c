/* SPDX-License-Identifier: Apache-2.0 */
/* Windows: what is inside, what is not, and what an access that fails leads to. */

#include <string.h>

#include <virtio/chain.h>
#include <virtio/window.h>

#include "../tap.h"
#include "host_window.h"

static uint8_t memory[64];
static const struct window window = { 0x1000, sizeof(memory), memory };

static enum vq_err resolve(uint64_t address, uint64_t size)
{
	uint8_t *at;

	return window_resolve(&window, address, size, &at);
}

static void the_whole_window_is_inside(void)
{
	uint8_t *at = NULL;

	CHECK(window_resolve(&window, 0x1000, 64, &at) == VQ_OK && at == memory);
	CHECK(window_resolve(&window, 0x103f, 1, &at) == VQ_OK && at == memory + 63);
	CHECK(window_resolve(&window, 0x1020, 32, &at) == VQ_OK && at == memory + 32);
}

static void what_is_outside_is_refused(void)
{
	CHECK(resolve(0x1000, 65) == VQ_ERR_GUEST);
	CHECK(resolve(0x1001, 64) == VQ_ERR_GUEST);
	CHECK(resolve(0x1040, 1) == VQ_ERR_GUEST);
	CHECK(resolve(0xfff, 1) == VQ_ERR_GUEST);
	CHECK(resolve(0xfff, 2) == VQ_ERR_GUEST);
	CHECK(resolve(0, 64) == VQ_ERR_GUEST);
	CHECK(resolve(0x1000, 0) == VQ_ERR_GUEST);
}

static void sums_that_overflow_are_refused(void)
{
	const struct window top = { UINT64_MAX - 63, 64, memory };
	uint8_t *at;

	CHECK(resolve(0x1010, UINT64_MAX) == VQ_ERR_GUEST);
	CHECK(resolve(0x1010, UINT64_MAX - 0xfff) == VQ_ERR_GUEST);
	CHECK(resolve(UINT64_MAX, 2) == VQ_ERR_GUEST);
	CHECK(window_resolve(&top, UINT64_MAX, 1, &at) == VQ_OK && at == memory + 63);
	CHECK(window_resolve(&top, UINT64_MAX, 2, &at) == VQ_ERR_GUEST);
	CHECK(window_resolve(&top, 0, 1, &at) == VQ_ERR_GUEST);
}

static void copies_go_where_they_should(void)
{
	uint8_t bytes[4] = { 1, 2, 3, 4 }, back[4] = { 0 };

	memset(memory, 0xff, sizeof(memory));
	CHECK(window_copy_out(&window, 0x103c, bytes, 4) == VQ_OK && memory[60] == 1 && memory[63] == 4 && memory[59] == 0xff);
	CHECK(window_copy_in(&window, back, 0x103c, 4) == VQ_OK && !memcmp(back, bytes, 4));
	CHECK(window_clear(&window, 0x103d, 2) == VQ_OK && memory[60] == 1 && !memory[61] && !memory[62] && memory[63] == 4);
	CHECK(window_copy_out(&window, 0x103d, bytes, 4) == VQ_ERR_GUEST && memory[63] == 4);
	CHECK(window_copy_in(&window, back, 0x103d, 4) == VQ_ERR_GUEST);
	CHECK(window_clear(&window, 0x103d, 4) == VQ_ERR_GUEST && memory[63] == 4);
}

static void a_window_that_is_gone_is_an_error(void)
{
	uint8_t bytes[4];

	host_window_gone = true;
	CHECK(window_copy_in(&window, bytes, 0x1000, 4) == VQ_ERR_FAULT);
	CHECK(window_copy_out(&window, 0x1000, bytes, 4) == VQ_ERR_FAULT);
	CHECK(window_clear(&window, 0x1000, 4) == VQ_ERR_FAULT);
	host_window_gone = false;
}

/* A chain of pieces: 3 + 5 + 8 bytes to read, 4 + 12 to write. */
static void make_chain(struct vq_chain *chain)
{
	memset(chain, 0, sizeof(*chain));
	for (uint8_t i = 0; i < sizeof(memory); i++)
		memory[i] = i;
	chain->segment[0] = (struct vq_segment){ memory + 1, 3 };
	chain->segment[1] = (struct vq_segment){ memory + 10, 5 };
	chain->segment[2] = (struct vq_segment){ memory + 20, 8 };
	chain->segment[3] = (struct vq_segment){ memory + 30, 4 };
	chain->segment[4] = (struct vq_segment){ memory + 40, 12 };
	chain->readable_count = 3;
	chain->writable_count = 2;
	chain->readable_size = chain->writable_size = 16;
}

static void cursors_cross_segments(void)
{
	static const uint8_t wanted[16] = { 1, 2, 3, 10, 11, 12, 13, 14, 20, 21, 22, 23, 24, 25, 26, 27 };
	struct vq_chain chain;
	struct vq_cursor at, to;
	uint8_t bytes[16];

	make_chain(&chain);
	at = vq_readable(&chain);
	CHECK(vq_read(&at, bytes, 2) == VQ_OK && vq_read(&at, bytes + 2, 14) == VQ_OK && !memcmp(bytes, wanted, 16) && at.left == 0);
	CHECK(vq_read(&at, bytes, 1) == VQ_ERR_GUEST && vq_read(&at, bytes, 0) == VQ_OK);
	at = vq_readable(&chain);
	to = vq_writable(&chain);
	CHECK(vq_skip(&at, 4) == VQ_OK && vq_write(&to, "ab", 2) == VQ_OK && vq_copy(&to, &at, 10) == VQ_OK);
	CHECK(memory[30] == 'a' && memory[31] == 'b' && memory[32] == 11 && memory[33] == 12 && memory[40] == 13 && memory[47] == 25);
	CHECK(memory[34] == 34 && memory[48] == 48 && to.left == 4 && at.left == 2);
	CHECK(vq_zero(&to, 4) == VQ_OK && memory[48] == 0 && memory[51] == 0 && memory[52] == 52 && to.left == 0);
}

static void too_much_is_refused_before_it_begins(void)
{
	struct vq_chain chain;
	struct vq_cursor at, to;
	uint8_t bytes[17] = { 0 };

	make_chain(&chain);
	at = vq_readable(&chain);
	to = vq_writable(&chain);
	CHECK(vq_read(&at, bytes, 17) == VQ_ERR_GUEST && bytes[0] == 0 && vq_skip(&at, 17) == VQ_ERR_GUEST);
	CHECK(vq_write(&to, bytes, 17) == VQ_ERR_GUEST && vq_zero(&to, 17) == VQ_ERR_GUEST && memory[30] == 30);
	CHECK(vq_skip(&at, 1) == VQ_OK && vq_copy(&to, &at, 16) == VQ_ERR_GUEST && memory[30] == 30 && to.left == 16);
}

static void pieces_are_the_segments(void)
{
	struct vq_chain chain;
	struct vq_cursor at;
	uint8_t *place;
	uint32_t size;

	make_chain(&chain);
	at = vq_readable(&chain);
	CHECK(vq_skip(&at, 1) == VQ_OK);
	CHECK(vq_next_piece(&at, &place, &size) == VQ_OK && place == memory + 2 && size == 2);
	CHECK(vq_next_piece(&at, &place, &size) == VQ_OK && place == memory + 10 && size == 5);
	CHECK(vq_next_piece(&at, &place, &size) == VQ_OK && place == memory + 20 && size == 8);
	CHECK(vq_next_piece(&at, &place, &size) == VQ_ERR_EMPTY);
}

int main(void)
{
	TEST(the_whole_window_is_inside);
	TEST(what_is_outside_is_refused);
	TEST(sums_that_overflow_are_refused);
	TEST(copies_go_where_they_should);
	TEST(a_window_that_is_gone_is_an_error);
	TEST(cursors_cross_segments);
	TEST(too_much_is_refused_before_it_begins);
	TEST(pieces_are_the_segments);
	return tap_done();
}
