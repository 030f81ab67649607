/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-blk on a RAM disk and on a slow disk: every request and what is wrong with some, limits, bounce buffers, resets under way. */

#include <string.h>

#include <virtio/virtio_blk.h>

#include <back/ramdisk.h>

#include "../tap.h"
#include "disk.h"

#define FEATURES (VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC | VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_DISCARD | \
		  VIRTIO_BLK_F_WRITE_ZEROES)

static struct disk_machine m;

static void begin(void)
{
	disk_open(&m, FEATURES);
}

static void end(void)
{
	disk_close(&m);
}

static uint8_t *data(uint32_t offset)
{
	return m.front.memory + FRONT_DATA_AT + offset;
}

static uint8_t do_range(uint32_t type, uint64_t sector, uint32_t count, uint32_t flags)
{
	struct virtio_blk_range range = { sector, count, flags };

	memcpy(data(0), &range, sizeof(range));
	return disk_request(&m, type, 0, 0, sizeof(range));
}

static bool is_filled(const uint8_t *at, uint8_t with, size_t bytes)
{
	for (size_t n = 0; n < bytes; n++) {
		if (at[n] != with)
			return false;
	}
	return true;
}

static void what_is_written_is_read(void)
{
	begin();
	for (uint32_t n = 0; n < 8192; n++)
		*data(n) = (uint8_t)(n * 31);
	CHECK(disk_request(&m, VIRTIO_BLK_T_OUT, 5, 0, 8192) == VIRTIO_BLK_S_OK);
	CHECK(!memcmp(m.memory + 5 * 512, data(0), 8192));
	CHECK(disk_request(&m, VIRTIO_BLK_T_IN, 5, 16384, 8192) == VIRTIO_BLK_S_OK && m.written == 8193);
	CHECK(!memcmp(data(16384), data(0), 8192));
	CHECK(m.slow.unflushed == 1);
	CHECK(disk_request(&m, VIRTIO_BLK_T_FLUSH, 0, 0, 0) == VIRTIO_BLK_S_OK && m.slow.flushed == 1 && m.slow.unflushed == 0);
	end();
}

static void the_end_of_the_disk_is_an_error(void)
{
	begin();
	CHECK(disk_request(&m, VIRTIO_BLK_T_OUT, DISK_SECTORS - 1, 0, 512) == VIRTIO_BLK_S_OK);
	CHECK(disk_request(&m, VIRTIO_BLK_T_OUT, DISK_SECTORS - 1, 0, 1024) == VIRTIO_BLK_S_IOERR);
	CHECK(disk_request(&m, VIRTIO_BLK_T_IN, DISK_SECTORS, 0, 512) == VIRTIO_BLK_S_IOERR);
	CHECK(disk_request(&m, VIRTIO_BLK_T_IN, UINT64_MAX, 0, 512) == VIRTIO_BLK_S_IOERR);
	CHECK(disk_request(&m, VIRTIO_BLK_T_IN, 0, 0, 511) == VIRTIO_BLK_S_IOERR);
	CHECK(disk_request(&m, VIRTIO_BLK_T_IN, DISK_SECTORS, 0, 0) == VIRTIO_BLK_S_OK);
	CHECK(!m.front.needs_reset);
	end();
}

static void a_slice_stays_in_its_slice(void)
{
	begin();
	m.blk.disk.first_sector = 100;
	m.blk.disk.sector_count = 10;
	memset(data(0), 0x11, 512);
	CHECK(disk_request(&m, VIRTIO_BLK_T_OUT, 9, 0, 512) == VIRTIO_BLK_S_OK && m.memory[109 * 512] == 0x11);
	CHECK(disk_request(&m, VIRTIO_BLK_T_OUT, 10, 0, 512) == VIRTIO_BLK_S_IOERR && m.memory[110 * 512] != 0x11);
	CHECK(do_range(VIRTIO_BLK_T_WRITE_ZEROES, 9, 2, 0) == VIRTIO_BLK_S_IOERR);
	end();
}

static void ranges_are_cleared(void)
{
	begin();
	memset(m.memory, 0xee, DISK_BYTES);
	CHECK(do_range(VIRTIO_BLK_T_WRITE_ZEROES, 4, 8, 0) == VIRTIO_BLK_S_OK);
	CHECK(is_filled(m.memory + 4 * 512, 0, 8 * 512) && m.memory[3 * 512] == 0xee && m.memory[12 * 512] == 0xee);
	CHECK(do_range(VIRTIO_BLK_T_WRITE_ZEROES, 20, 8, 1) == VIRTIO_BLK_S_OK && do_range(VIRTIO_BLK_T_DISCARD, 40, 8, 0) == VIRTIO_BLK_S_OK);
	CHECK(do_range(VIRTIO_BLK_T_WRITE_ZEROES, 4, 8, 2) == VIRTIO_BLK_S_UNSUPP && do_range(VIRTIO_BLK_T_DISCARD, 4, 8, 1) == VIRTIO_BLK_S_UNSUPP);
	CHECK(do_range(VIRTIO_BLK_T_DISCARD, DISK_SECTORS - 1, 2, 0) == VIRTIO_BLK_S_IOERR);
	CHECK(do_range(VIRTIO_BLK_T_DISCARD, 0, 0, 0) == VIRTIO_BLK_S_IOERR && do_range(VIRTIO_BLK_T_DISCARD, 0, UINT32_MAX, 0) == VIRTIO_BLK_S_IOERR);
	CHECK(disk_request(&m, VIRTIO_BLK_T_DISCARD, 0, 0, 17) == VIRTIO_BLK_S_IOERR);
	CHECK(disk_request(&m, VIRTIO_BLK_T_DISCARD, 0, 0, 16 * (VBLK_RANGE_MAX + 1)) == VIRTIO_BLK_S_IOERR);
	end();
}

static void several_ranges_in_one_request(void)
{
	struct virtio_blk_range ranges[3] = { { 0, 2, 0 }, { 10, 1, 0 }, { 20, 3, 0 } };

	begin();
	memset(m.memory, 0xee, DISK_BYTES);
	memcpy(data(0), ranges, sizeof(ranges));
	CHECK(disk_request(&m, VIRTIO_BLK_T_WRITE_ZEROES, 0, 0, sizeof(ranges)) == VIRTIO_BLK_S_OK);
	CHECK(is_filled(m.memory, 0, 1024) && is_filled(m.memory + 10 * 512, 0, 512) && is_filled(m.memory + 20 * 512, 0, 3 * 512));
	CHECK(m.memory[2 * 512] == 0xee && m.memory[11 * 512] == 0xee && m.memory[23 * 512] == 0xee);
	end();
}

static void the_serial_number(void)
{
	begin();
	CHECK(disk_request(&m, VIRTIO_BLK_T_GET_ID, 0, 0, 20) == VIRTIO_BLK_S_OK && !memcmp(data(0), "serial-0123456789abc", 20) && m.written == 21);
	CHECK(disk_request(&m, VIRTIO_BLK_T_GET_ID, 0, 0, 19) == VIRTIO_BLK_S_IOERR);
	CHECK(disk_request(&m, 0x77, 0, 0, 512) == VIRTIO_BLK_S_UNSUPP);
	end();
}

static void a_read_only_disk(void)
{
	begin();
	m.blk.disk.is_read_only = true;
	CHECK(disk_request(&m, VIRTIO_BLK_T_OUT, 0, 0, 512) == VIRTIO_BLK_S_IOERR && do_range(VIRTIO_BLK_T_DISCARD, 0, 1, 0) == VIRTIO_BLK_S_IOERR);
	CHECK(disk_request(&m, VIRTIO_BLK_T_IN, 0, 0, 512) == VIRTIO_BLK_S_OK);
	end();
}

static void errors_of_the_medium_are_told(void)
{
	begin();
	m.slow.fail_sector = 7;
	CHECK(disk_request(&m, VIRTIO_BLK_T_IN, 6, 0, 512) == VIRTIO_BLK_S_OK);
	CHECK(disk_request(&m, VIRTIO_BLK_T_IN, 6, 0, 1024) == VIRTIO_BLK_S_IOERR && disk_request(&m, VIRTIO_BLK_T_OUT, 7, 0, 512) == VIRTIO_BLK_S_IOERR);
	CHECK(m.blk.counters.errors == 2 && !m.front.needs_reset);
	end();
}

static void a_disk_that_reaches_nothing_is_bounced(void)
{
	static uint8_t bounce[VBLK_BOUNCE_COUNT * VBLK_BOUNCE_BYTES];

	begin();
	m.slow.reach = bounce;
	m.slow.reach_bytes = sizeof(bounce);
	CHECK(disk_request(&m, VIRTIO_BLK_T_IN, 6, 0, 512) == VIRTIO_BLK_S_IOERR);
	m.blk.disk.bounce = bounce;
	for (uint32_t n = 0; n < 300 * 1024; n++)
		*data(n) = (uint8_t)(n * 7 >> 3);
	CHECK(disk_request(&m, VIRTIO_BLK_T_OUT, 3, 0, 300 * 1024) == VIRTIO_BLK_S_OK && !memcmp(m.memory + 3 * 512, data(0), 300 * 1024));
	CHECK(disk_request(&m, VIRTIO_BLK_T_IN, 3, 400 * 1024, 300 * 1024) == VIRTIO_BLK_S_OK && !memcmp(data(0), data(400 * 1024), 300 * 1024));
	CHECK(m.blk.counters.bounced >= 10 && m.blk.bounce_used == 0);
	end();
}

static void large_requests_are_cut(void)
{
	begin();
	m.slow.device.info.bytes_max = 4096 + 512;
	m.slow.device.info.segment_count_max = 2;
	for (uint32_t n = 0; n < 100 * 1024; n++)
		*data(n) = (uint8_t)(n * 13 >> 2);
	CHECK(disk_request_in(&m, VIRTIO_BLK_T_OUT, 1, 0, 100 * 1024, 2100) == VIRTIO_BLK_S_OK);
	CHECK(!memcmp(m.memory + 512, data(0), 100 * 1024));
	CHECK(m.slow.submitted > 20);
	end();
}

static void a_block_of_4096(void)
{
	begin();
	m.blk.disk.block_bytes = m.slow.device.info.block_bytes = 4096;
	CHECK(disk_request(&m, VIRTIO_BLK_T_OUT, 8, 0, 4096) == VIRTIO_BLK_S_OK);
	CHECK(disk_request(&m, VIRTIO_BLK_T_OUT, 9, 0, 4096) == VIRTIO_BLK_S_IOERR && disk_request(&m, VIRTIO_BLK_T_OUT, 8, 0, 512) == VIRTIO_BLK_S_IOERR);
	CHECK(disk_request_in(&m, VIRTIO_BLK_T_OUT, 8, 0, 16384, 4096 + 1024) == VIRTIO_BLK_S_OK);
	end();
}

static void without_flush_what_is_complete_is_durable(void)
{
	disk_open(&m, FEATURES & ~VIRTIO_BLK_F_FLUSH);
	CHECK(disk_request(&m, VIRTIO_BLK_T_OUT, 0, 0, 512) == VIRTIO_BLK_S_OK && m.slow.flushed == 1 && m.slow.unflushed == 0);
	CHECK(do_range(VIRTIO_BLK_T_WRITE_ZEROES, 0, 1, 0) == VIRTIO_BLK_S_OK && m.slow.flushed == 2);
	m.slow.device.info.can |= BLK_CAN_FUA;
	CHECK(disk_request(&m, VIRTIO_BLK_T_OUT, 0, 0, 512) == VIRTIO_BLK_S_OK && m.slow.flushed == 2 && m.slow.unflushed == 0);
	CHECK(disk_request(&m, VIRTIO_BLK_T_IN, 0, 0, 512) == VIRTIO_BLK_S_OK && m.slow.flushed == 2);
	end();
}

static void many_requests(unsigned depth)
{
	unsigned done = 0;

	begin();
	m.slow.depth = depth;
	for (uint32_t n = 0; n < 60; n++) {
		memset(data(n * 512), (int)n + 1, 512);
		CHECK(disk_add(&m, n, VIRTIO_BLK_T_OUT, n, n * 512, 512, 512));
	}
	front_kick(&m.front, 0);
	for (int round = 0; round < 200 && done < 60; round++) {
		disk_round(&m);
		done += disk_collect(&m);
	}
	CHECK(done == 60);
	for (uint32_t n = 0; n < 60; n++)
		CHECK(m.status[n] == VIRTIO_BLK_S_OK && is_filled(m.memory + n * 512, (uint8_t)(n + 1), 512));
	end();
}

static void many_requests_out_of_order(void)
{
	many_requests(128);
}

static void a_full_disk_is_asked_again(void)
{
	many_requests(1);
	begin();
	m.slow.depth = 3;
	m.slow.device.info.bytes_max = 512;
	CHECK(disk_request(&m, VIRTIO_BLK_T_OUT, 0, 0, 65536) == VIRTIO_BLK_S_OK && m.slow.submitted == 128);
	end();
}

/* A driver that did not choose FLUSH: the flush that ends a write does not push out a request that waits for room. */
static void who_waits_for_room_is_not_forgotten(void)
{
	unsigned collected = 0;

	disk_open(&m, FEATURES & ~VIRTIO_BLK_F_FLUSH);
	m.slow.depth = 1;
	for (uint32_t n = 0; n < 8; n++)
		CHECK(disk_add(&m, n, VIRTIO_BLK_T_OUT, n, n * 512, 512, 512));
	front_kick(&m.front, 0);
	for (int n = 0; n < 200; n++) {
		disk_round(&m);
		collected += disk_collect(&m);
	}
	CHECK(collected == 8 && m.blk.under_way == 0 && m.slow.flushed == 8);
	end();
}

/* The other one on the same disk below. */
static struct disk_machine neighbour;

static void neighbour_opens(void)
{
	struct vblk_disk disk = { .device = &m.slow.device, .sector_count = DISK_SECTORS, .block_bytes = 512, .physical_bytes = 4096 };
	struct virtio_blk_config config;
	uint64_t offered;

	memset(&neighbour, 0, sizeof(neighbour));
	vblk_init(&neighbour.blk, &neighbour.front.device, &disk, &offered, &config);
	front_open(&neighbour.front, 1, &vblk_kind, &neighbour.blk, offered, &config, sizeof(config));
	front_start(&neighbour.front, FEATURES, 1);
}

/* Gives a driver as many requests as it may have, again and again. Returns how many were done. */
static unsigned keep_busy(struct disk_machine *of, uint32_t bytes)
{
	unsigned done = disk_collect(of);

	for (uint32_t n = 0; n < 16; n++) {
		if (!of->busy[n])
			CHECK(disk_add(of, n, VIRTIO_BLK_T_IN, n * 8, n * 4096, bytes, bytes));
	}
	front_kick(&of->front, 0);
	return done;
}

/* One round as partitions/io makes it: `m` is always served first. */
static void round_of_both(void)
{
	device_serve(&m.front.device, host_time_ns, 32);
	device_serve(&neighbour.front.device, host_time_ns, 32);
	host_time_ns += 7000;
	blk_poll(&m.slow.device, 1);
	device_flush(&m.front.device);
	device_flush(&neighbour.front.device);
}

/* However much one has under way, and whoever is looked at first: places on a full disk go to each in turn. */
static void two_on_one_disk_take_turns(void)
{
	for (unsigned depth = 1; depth < 20; depth += 6) {
		unsigned mine = 0, theirs = 0;

		begin();
		neighbour_opens();
		m.slow.depth = depth;
		m.slow.device.info.bytes_max = 512;
		for (int n = 0; n < 3000; n++) {
			mine += keep_busy(&m, 4096); /* eight places a request */
			theirs += keep_busy(&neighbour, 512);
			round_of_both();
		}
		CHECK(mine > 100 && theirs > 1000);
		neighbour.front.device.is_running = false; /* who is broken or gone is not waited for */
		mine = 0;
		for (int n = 0; n < 1000; n++) {
			mine += keep_busy(&m, 512);
			round_of_both();
		}
		CHECK(mine > 800);
		front_close(&neighbour.front);
		end();
	}
}

/* ---- RAM disks ---- */

static unsigned told;

static void count_told(void *arg, uint64_t cookie, enum blk_status status)
{
	(void)arg;
	told += cookie == 7 && status == BLK_OK;
}

/* As much as it takes of requests as large as may be. Returns bytes. */
static uint64_t fill_up(struct blk_device *device, enum blk_op op, uint64_t sectors, uint8_t *at)
{
	struct dma_segment segment = { (uintptr_t)at, (uint32_t)(sectors * 512) };
	struct blk_request request = { .op = op, .sector_count = sectors, .cookie = 7 };
	uint64_t bytes = 0;

	if (op == BLK_READ)
		request.segments = &segment, request.segment_count = 1;
	while (blk_submit(device, &request) == BLK_OK)
		bytes += sectors * 512;
	return bytes;
}

/* It works when it is asked to, on the CPU that serves all others: so only so much before the others have their turn. */
static void a_ram_disk_keeps_nobody_waiting(void)
{
	static uint8_t memory[4u << 20], to[1u << 20];
	static struct ramdisk disk;
	struct blk_info *info = &disk.device.info;
	uint64_t zeroes;

	ramdisk_init(&disk, memory, sizeof(memory));
	disk.device.done = count_told;
	zeroes = info->zeroes_sectors_max < info->sector_count ? info->zeroes_sectors_max : info->sector_count;
	for (unsigned n = 0; n < 3; n++) {
		uint64_t read = fill_up(&disk.device, BLK_READ, sizeof(to) / 512, to);

		CHECK(read && read <= 4u << 20 && disk.device.ops->poll(&disk.device, 128));
		read = fill_up(&disk.device, BLK_WRITE_ZEROES, zeroes, to);
		CHECK(read && read <= 4u << 20 && disk.device.ops->poll(&disk.device, 128));
		CHECK(fill_up(&disk.device, BLK_READ, 8, to) == RAMDISK_DEPTH * 4096); /* small ones are bounded by their number alone */
		told = 0;
		CHECK(disk.device.ops->poll(&disk.device, 200) == RAMDISK_DEPTH && told == RAMDISK_DEPTH);
	}
}

static void a_limit_holds(void)
{
	uint64_t start;

	begin();
	m.blk.disk.requests = (struct limit){ .per_second = 1000, .burst = 10 };
	start = host_time_ns;
	for (int n = 0; n < 110; n++)
		CHECK(disk_request(&m, VIRTIO_BLK_T_IN, 0, 0, 512) == VIRTIO_BLK_S_OK);
	CHECK(host_time_ns - start >= 99000000 && host_time_ns - start < 110000000);
	m.blk.disk.requests.per_second = 0;
	m.blk.disk.bytes = (struct limit){ .per_second = 1 << 20, .burst = 4096 };
	start = host_time_ns;
	for (int n = 0; n < 64; n++)
		CHECK(disk_request(&m, VIRTIO_BLK_T_IN, 0, 0, 16384) == VIRTIO_BLK_S_OK);
	CHECK(host_time_ns - start >= 970000000 && host_time_ns - start < 1010000000);
	end();
}

static void a_reset_forgets_what_is_under_way(void)
{
	begin();
	m.slow.frozen = true;
	for (uint32_t n = 0; n < 20; n++)
		CHECK(disk_add(&m, n, VIRTIO_BLK_T_IN, n, n * 512, 512, 512));
	front_kick(&m.front, 0);
	disk_round(&m);
	disk_round(&m);
	CHECK(m.slow.pending == 20);
	front_hand_off(&m.front, VIRTIO_MMIO_STATUS, 4, 0);
	disk_round(&m);
	CHECK(m.front.line.answered != m.front.line.sequence);
	m.slow.frozen = false;
	for (int n = 0; n < 100; n++)
		disk_round(&m);
	CHECK(m.front.line.answered == m.front.line.sequence && m.blk.under_way == 0);
	front_start(&m.front, FEATURES, 1);
	CHECK(disk_collect(&m) == 0 && disk_request(&m, VIRTIO_BLK_T_IN, 0, 0, 512) == VIRTIO_BLK_S_OK);
	end();
}

static void requests_that_are_none_break_it(void)
{
	struct vqd_segment segments[2] = { { FRONT_BASE + FRONT_DATA_AT, 16 }, { FRONT_BASE + FRONT_DATA_AT + 64, 1 } };

	for (unsigned n = 0; n < 3; n++) {
		begin();
		segments[0].size = n == 1 ? 15 : 16;
		CHECK(vqd_add(&m.front.queue[0], segments, n != 2, n != 0, &m) == VQ_OK);
		front_kick(&m.front, 0);
		disk_round(&m);
		CHECK(m.front.needs_reset);
		front_start(&m.front, FEATURES, 1);
		CHECK(disk_request(&m, VIRTIO_BLK_T_IN, 0, 0, 512) == VIRTIO_BLK_S_OK);
		end();
	}
}

static void the_configuration_tells_the_disk(void)
{
	const struct virtio_blk_config *config = (const void *)(m.front.config);

	begin();
	CHECK(config->capacity == DISK_SECTORS && config->blk_size == 512 && config->physical_block_exp == 3 && config->seg_max == 128);
	CHECK(m.front.setup.features & VIRTIO_BLK_F_FLUSH && !(m.front.setup.features & VIRTIO_BLK_F_RO));
	end();
}

int main(void)
{
	TEST(what_is_written_is_read);
	TEST(the_end_of_the_disk_is_an_error);
	TEST(a_slice_stays_in_its_slice);
	TEST(ranges_are_cleared);
	TEST(several_ranges_in_one_request);
	TEST(the_serial_number);
	TEST(a_read_only_disk);
	TEST(errors_of_the_medium_are_told);
	TEST(a_disk_that_reaches_nothing_is_bounced);
	TEST(large_requests_are_cut);
	TEST(a_block_of_4096);
	TEST(without_flush_what_is_complete_is_durable);
	TEST(many_requests_out_of_order);
	TEST(a_full_disk_is_asked_again);
	TEST(who_waits_for_room_is_not_forgotten);
	TEST(two_on_one_disk_take_turns);
	TEST(a_ram_disk_keeps_nobody_waiting);
	TEST(a_limit_holds);
	TEST(a_reset_forgets_what_is_under_way);
	TEST(requests_that_are_none_break_it);
	TEST(the_configuration_tells_the_disk);
	return tap_done();
}
