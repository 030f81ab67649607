/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk through blk.h: patterns in requests of odd sizes and shapes, read back in other shapes; flush, discard and
 * zeroes; many requests at once; interrupts; a reset in the middle; and errors. It must not know which driver answers.
 *
 * `driver=`, `serial=` and `sectors=` are what it must say of itself, `bad=` a sector that the medium cannot read nor
 * write, `readonly=1` a disk that takes no writes.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rt/proof.h>
#include <rt/sysreg.h>
#include <rt/timer.h>
#include <rt/tree.h>

#include "phys.h"

#define REQUEST_COUNT	256u
#define BUFFER_BYTES	(2u << 20)
#define PENDING		((enum blk_status)1)
#define FIRST		64u	/* half of the sectors before it is written by the other side, half is for it to read */

static enum blk_status results[REQUEST_COUNT];
static unsigned completions[REQUEST_COUNT];
static volatile bool woken;
static uint8_t *out, *in;
static uint32_t seed = 1;

static uint32_t any(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static void done(void *arg, uint64_t cookie, enum blk_status status)
{
	(void)arg;
	if (cookie >= REQUEST_COUNT)
		return;
	results[cookie] = status;
	completions[cookie]++;
}

static void wake(void *arg)
{
	(void)arg;
	woken = true;
}

/* The content of a sector says which one it is, and in which round it was written. */
static void fill(uint8_t *at, uint64_t sector, uint64_t count, uint32_t round)
{
	for (uint64_t n = 0; n < count * (BLK_SECTOR_BYTES / 8); n++) {
		uint64_t value = (sector * (BLK_SECTOR_BYTES / 8) + n) * 0x9e3779b97f4a7c15ull + round;

		memcpy(at + 8 * n, &value, 8);
	}
}

static unsigned start(struct blk_device *disk, const struct blk_request *given)
{
	struct blk_request request = *given;
	enum blk_status status;

	for (request.cookie = 0; request.cookie < REQUEST_COUNT && results[request.cookie] == PENDING; )
		request.cookie++;
	completions[request.cookie] = 0;
	results[request.cookie] = PENDING;
	status = blk_submit(disk, &request);
	if (status)
		results[request.cookie] = status;
	return (unsigned)request.cookie;
}

static enum blk_status wait_for(struct blk_device *disk, unsigned cookie)
{
	uint64_t end = time_ns() + 20 * SECOND;

	blk_kick(disk);
	while (results[cookie] == PENDING && time_ns() < end) {
		blk_poll(disk, 16);
		cpu_relax();
	}
	return results[cookie];
}

static enum blk_status run(struct blk_device *disk, const struct blk_request *request)
{
	return wait_for(disk, start(disk, request));
}

/* `count` sectors at `sector`, of memory at `at`, in pieces of `piece` bytes that follow one another. */
static enum blk_status transfer(struct blk_device *disk, enum blk_op op, uint64_t sector, uint32_t count, uint8_t *at, uint32_t piece)
{
	struct dma_segment segments[BLK_SEGMENT_COUNT];
	const unsigned most = disk->info.segment_count_max ? disk->info.segment_count_max : 1;	/* 0 before the first reset */
	uint32_t left = count * BLK_SECTOR_BYTES;
	unsigned n = 0;

	for (; left && n < most; n++) {
		uint32_t bytes = left < piece || n + 1 == most ? left : piece;

		segments[n] = (struct dma_segment){ (uintptr_t)at, bytes };
		at += bytes;
		left -= bytes;
	}
	return run(disk, &(struct blk_request){ .op = op, .sector = sector, .sector_count = count, .segments = segments, .segment_count = n });
}

static bool same(const uint8_t *a, const uint8_t *b, uint32_t sectors)
{
	return !memcmp(a, b, sectors * BLK_SECTOR_BYTES);
}

/* What the other side wrote is told to it as a hash, and comes back inverted in the sectors behind. */
static void test_front(struct blk_device *disk)
{
	uint8_t digest[32];

	check(transfer(disk, BLK_READ, 0, FIRST / 2, in, 1u << 20) == BLK_OK, "the front is read");
	sha256(in, FIRST / 2 * BLK_SECTOR_BYTES, digest);
	printf("FRONT ");
	for (unsigned i = 0; i < sizeof(digest); i++)
		printf("%02x", digest[i]);
	printf("\n");
	for (uint32_t i = 0; i < FIRST / 2 * BLK_SECTOR_BYTES; i++)
		out[i] = (uint8_t)~in[i];
	check(transfer(disk, BLK_WRITE, FIRST / 2, FIRST / 2, out, 4096) == BLK_OK, "and answered");
}

/* ---- shapes ---- */

static void test_shapes(struct blk_device *disk)
{
	static const uint16_t counts[] = { 1, 2, 3, 7, 8, 9, 127, 255, 256, 1000, 2048 };
	static const uint32_t pieces[] = { 1u << 20, 4096, 512, 1536, 33 * 512 };
	const uint32_t unit = disk->info.block_bytes / BLK_SECTOR_BYTES;
	uint64_t sector = FIRST;

	for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		uint32_t count = counts[i] * unit * BLK_SECTOR_BYTES > disk->info.bytes_max ? disk->info.bytes_max / BLK_SECTOR_BYTES : counts[i] * unit;
		uint32_t piece = pieces[i % 5] * unit;
		uint32_t skew = disk->info.segment_align * (i % 3);	/* from a page's border */

		fill(out + skew, sector, count, i);
		check(transfer(disk, BLK_WRITE, sector, count, out + skew, piece) == BLK_OK, "%u sectors written in pieces of %u", count, piece);
		memset(in, 0xa5, count * BLK_SECTOR_BYTES + 8192);
		piece = pieces[(i + 2) % 5] * unit;
		check(transfer(disk, BLK_READ, sector, count, in + 4096 - skew, piece) == BLK_OK, "and read in pieces of %u", piece);
		check(same(in + 4096 - skew, out + skew, count), "and they are the same");
		check(in[4095 - skew] == 0xa5 && in[4096 - skew + count * BLK_SECTOR_BYTES] == 0xa5, "and nothing beside them was touched");
		sector += count;
	}
}

/* Pieces that lie anywhere: nothing follows anything. */
static void test_scatter(struct blk_device *disk)
{
	const uint32_t bytes = disk->info.block_bytes;
	const uint32_t unit = bytes / BLK_SECTOR_BYTES;
	struct dma_segment segments[16], back[16];
	struct blk_request request = { .op = BLK_WRITE, .sector = FIRST, .sector_count = 16 * unit, .segments = segments, .segment_count = 16 };
	bool good = true;

	for (unsigned i = 0; i < 16; i++) {
		fill(out + (15 - i) * 3 * bytes, FIRST + i * unit, unit, 77);
		segments[i] = (struct dma_segment){ (uintptr_t)out + (15 - i) * 3 * bytes, bytes };
		back[i] = (struct dma_segment){ (uintptr_t)in + (i * 5 % 16) * 5 * bytes + disk->info.segment_align, bytes };
	}
	check(run(disk, &request) == BLK_OK, "written from sixteen places");
	request.op = BLK_READ;
	request.segments = back;
	check(run(disk, &request) == BLK_OK, "read to sixteen others");
	for (unsigned i = 0; i < 16; i++)
		good = good && !memcmp((const void *)segments[i].at, (const void *)back[i].at, bytes);
	check(good, "and each place has its own");
}

/* ---- other operations ---- */

static bool all_zero(struct blk_device *disk, uint64_t sector, uint32_t count)
{
	memset(in, 0xff, count * BLK_SECTOR_BYTES);
	if (transfer(disk, BLK_READ, sector, count, in, 1u << 20))
		return false;
	for (uint32_t i = 0; i < count * BLK_SECTOR_BYTES; i++) {
		if (in[i])
			return false;
	}
	return true;
}

static void test_operations(struct blk_device *disk)
{
	uint32_t unit = disk->info.block_bytes / BLK_SECTOR_BYTES;
	struct blk_request request = { .op = BLK_FLUSH };
	struct dma_segment segment = { (uintptr_t)out, disk->info.block_bytes };

	check(run(disk, &request) == (disk->info.can & BLK_CAN_FLUSH ? BLK_OK : BLK_ERR_UNSUPPORTED), "flush");
	request = (struct blk_request){ .op = BLK_WRITE, .fua = true, .sector = FIRST, .sector_count = unit, .segments = &segment, .segment_count = 1 };
	check(run(disk, &request) == (disk->info.can & BLK_CAN_FUA ? BLK_OK : BLK_ERR_UNSUPPORTED), "a write through the cache");

	fill(out, FIRST, 64 * unit, 5);
	transfer(disk, BLK_WRITE, FIRST, 64 * unit, out, 1u << 20);
	request = (struct blk_request){ .op = BLK_WRITE_ZEROES, .sector = FIRST + 8 * unit, .sector_count = 16 * unit };
	if (disk->info.can & BLK_CAN_WRITE_ZEROES) {
		check(run(disk, &request) == BLK_OK && all_zero(disk, FIRST + 8 * unit, 16 * unit), "zeroes are written");
		transfer(disk, BLK_READ, FIRST + 24 * unit, 40 * unit, in, 1u << 20);
		check(same(in, out + 24 * disk->info.block_bytes, 40 * unit), "and nothing behind them");
	} else {
		check(run(disk, &request) == BLK_ERR_UNSUPPORTED, "zeroes are refused");
	}
	request.op = BLK_DISCARD;
	request.sector = FIRST + 32 * unit;
	check(run(disk, &request) == (disk->info.can & BLK_CAN_DISCARD ? BLK_OK : BLK_ERR_UNSUPPORTED), "discard");
	transfer(disk, BLK_READ, FIRST + 48 * unit, 16 * unit, in, 1u << 20);
	check(same(in, out + 48 * disk->info.block_bytes, 16 * unit), "and nothing behind what was discarded");
}

static void test_arguments(struct blk_device *disk)
{
	uint64_t end = disk->info.sector_count;
	uint32_t unit = disk->info.block_bytes / BLK_SECTOR_BYTES;
	struct dma_segment segment = { (uintptr_t)in, disk->info.block_bytes };
	struct blk_request request = { .op = BLK_READ, .sector = end - unit, .sector_count = unit, .segments = &segment, .segment_count = 1 };

	check(run(disk, &request) == BLK_OK, "the last block is there");
	request.sector = end;
	check(run(disk, &request) == BLK_ERR_ARGUMENT, "and none behind it");
	request.sector = UINT64_MAX - unit + 1;
	check(run(disk, &request) == BLK_ERR_ARGUMENT, "nor at the end of all numbers");
	request.sector = 0;
	request.sector_count = 2 * unit;
	check(run(disk, &request) == BLK_ERR_ARGUMENT, "less memory than sectors is refused");
	request.sector_count = 0;
	check(run(disk, &request) == BLK_ERR_ARGUMENT, "no sectors are refused");
	request.sector_count = unit;
	segment.at = UINTPTR_MAX & ~4095ull;
	segment.bytes = 8192;
	request.sector_count = 16;
	check(run(disk, &request) == BLK_ERR_ARGUMENT, "memory around the end of all addresses is refused");
	request = (struct blk_request){ .op = (enum blk_op)99, .sector_count = unit };
	check(run(disk, &request) == BLK_ERR_UNSUPPORTED, "an unknown operation is refused");
}

/* ---- many at once ---- */

static void finish_all(struct blk_device *disk)
{
	for (unsigned i = 0; i < REQUEST_COUNT; i++)
		wait_for(disk, i);
}

static bool each_once(void)
{
	for (unsigned i = 0; i < REQUEST_COUNT; i++) {
		if (completions[i] > 1 || results[i] == PENDING)
			return false;
	}
	return true;
}

static void forget(void)
{
	memset(completions, 0, sizeof(completions));
	memset(results, 0, sizeof(results));
}

/* Fills the disk's queue; returns how many it took. */
static unsigned fill_queue(struct blk_device *disk, enum blk_op op)
{
	uint32_t bytes = 2 * disk->info.block_bytes;
	unsigned taken = 0;

	forget();
	for (; taken < REQUEST_COUNT; taken++) {
		struct dma_segment segment = { (uintptr_t)(op == BLK_READ ? in : out) + taken * bytes, bytes };
		uint64_t sector = FIRST + taken * (bytes / BLK_SECTOR_BYTES);
		struct blk_request request = { .op = op, .sector = sector, .sector_count = bytes / BLK_SECTOR_BYTES, .segments = &segment, .segment_count = 1 };

		if (op == BLK_WRITE)
			fill(out + taken * bytes, sector, bytes / BLK_SECTOR_BYTES, 9);
		if (results[start(disk, &request)] == BLK_ERR_BUSY)
			break;
	}
	return taken;
}

static void test_queue(struct blk_device *disk)
{
	unsigned taken = fill_queue(disk, BLK_WRITE);
	uint32_t sectors = taken * 2 * disk->info.block_bytes / BLK_SECTOR_BYTES;

	check(taken >= disk->info.queue_depth || taken == REQUEST_COUNT, "%u requests at once", taken);
	finish_all(disk);
	check(each_once(), "each completes once");
	check(fill_queue(disk, BLK_READ) == taken, "as many reads");
	finish_all(disk);
	check(each_once() && same(in, out, sectors), "and each gets its own");
}

static void test_random(struct blk_device *disk)
{
	const uint32_t unit = disk->info.block_bytes / BLK_SECTOR_BYTES;
	const uint32_t area = 512;	/* blocks */
	bool good = true;

	for (unsigned round = 0; round < 100 && good; round++) {
		uint32_t at = any(area - 32), count = 1 + any(32);
		uint32_t piece = disk->info.block_bytes * (1 + any(5));

		fill(out + at * disk->info.block_bytes, FIRST + at * unit, count * unit, round);
		if (!round) {
			fill(out, FIRST, area * unit, 0);
			at = 0;
			count = disk->info.bytes_max / disk->info.block_bytes < area ? disk->info.bytes_max / disk->info.block_bytes : area;
			piece = 1u << 20;
			for (uint32_t done_blocks = 0; done_blocks < area; done_blocks += count)
				transfer(disk, BLK_WRITE, FIRST + done_blocks * unit, count * unit, out + done_blocks * disk->info.block_bytes, piece);
			continue;
		}
		good = transfer(disk, BLK_WRITE, FIRST + at * unit, count * unit, out + at * disk->info.block_bytes, piece) == BLK_OK;
		at = any(area - 32);
		count = 1 + any(32);
		good = good && transfer(disk, BLK_READ, FIRST + at * unit, count * unit, in, piece) == BLK_OK &&
		       same(in, out + at * disk->info.block_bytes, count * unit);
	}
	check(good, "a hundred writes anywhere, and what is read is what was written last");
}

/* ---- interrupts and resets ---- */

static void test_interrupts(struct blk_device *disk)
{
	struct dma_segment segment = { (uintptr_t)in, disk->info.block_bytes };
	struct blk_request request = { .op = BLK_READ, .sector = FIRST, .sector_count = disk->info.block_bytes / BLK_SECTOR_BYTES,
				       .segments = &segment, .segment_count = 1 };
	unsigned missed = 0;

	for (unsigned round = 0; round < 50; round++) {
		unsigned cookie;

		woken = false;
		cookie = start(disk, &request);
		blk_kick(disk);
		while (results[cookie] == PENDING && missed < 2) {
			if (!blk_arm(disk) && !sleep_for(&woken, 2 * SECOND))
				missed++;
			blk_poll(disk, 1);
		}
	}
	check(missed == 0, "fifty completions wake a sleeper");
	woken = false;
	check(!blk_arm(disk) && !sleep_for(&woken, SECOND / 50), "and nothing wakes it without cause");
}

static void test_reset(struct blk_device *disk)
{
	unsigned taken = fill_queue(disk, BLK_WRITE);
	bool good = true;

	blk_kick(disk);
	check(blk_reset(disk) == BLK_OK, "a reset in the middle of %u requests", taken);
	check(each_once(), "completes each of them");
	for (unsigned i = 0; i < taken; i++)
		good = good && (results[i] == BLK_OK || results[i] == BLK_ERR_RESET);
	check(good, "as done or as lost");
	check(transfer(disk, BLK_READ, FIRST, 8, in, 4096) == BLK_OK, "and it works again");

	taken = fill_queue(disk, BLK_READ);
	blk_kick(disk);
	blk_quiesce(disk);
	check(each_once(), "quiesced, nothing is left");
	memset(in, 0x5a, BUFFER_BYTES);
	check(transfer(disk, BLK_READ, FIRST, 8, in, 4096) == BLK_ERR_RESET, "and it takes no request");
	uint64_t end = time_ns() + SECOND / 20;
	while (time_ns() < end)
		cpu_relax();
	for (uint32_t i = 0; i < BUFFER_BYTES; i++)
		good = good && in[i] == 0x5a;
	check(good, "nor writes to memory");
	blk_quiesce(disk);
	check(blk_reset(disk) == BLK_OK && transfer(disk, BLK_READ, FIRST, 8, in, 4096) == BLK_OK, "until it is reset");
}

/* ---- disks with a fault ---- */

static void test_bad_sector(struct blk_device *disk, uint64_t bad)
{
	enum blk_status status;

	status = transfer(disk, BLK_READ, bad & ~7ull, 8, in, 4096);
	check(status == BLK_ERR_MEDIUM, "a bad sector is a medium error for a read: %s", blk_status_name(status));
	status = transfer(disk, BLK_WRITE, bad & ~7ull, 8, out, 4096);
	check(status == BLK_ERR_MEDIUM, "and for a write: %s", blk_status_name(status));
	check(transfer(disk, BLK_READ, (bad & ~7ull) + 8, 8, in, 4096) == BLK_OK, "its neighbours can be read");
	check(transfer(disk, BLK_READ, (bad & ~7ull) - 8, 24, in, 4096) == BLK_ERR_MEDIUM, "a larger request fails as a whole");
	check(transfer(disk, BLK_WRITE, (bad & ~7ull) + 8, 8, out, 4096) == BLK_OK, "and nothing needs a reset");
}

static void test_read_only(struct blk_device *disk)
{
	check(disk->info.can & BLK_IS_READ_ONLY, "it says that it is read-only");
	check(transfer(disk, BLK_READ, 0, 8, in, 4096) == BLK_OK, "it can be read");
	check(transfer(disk, BLK_WRITE, 0, 8, out, 4096) == BLK_ERR_READ_ONLY, "and not be written");
}

static bool test_start(struct blk_device *disk)
{
	char driver[16] = "", serial[24] = "";

	disk->done = done;
	disk->wake = wake;
	tree_option("driver", driver, sizeof(driver));
	tree_option("serial", serial, sizeof(serial));
	check(disk->dead && transfer(disk, BLK_READ, 0, 8, in, 4096) == BLK_ERR_RESET, "before its reset it takes nothing");
	if (!check(blk_reset(disk) == BLK_OK, "it comes up"))
		return false;
	printf("%s: serial '%s', %llu sectors, blocks of %u, can %#x, depth %u\n", disk->info.driver, disk->info.serial,
	       (unsigned long long)disk->info.sector_count, disk->info.block_bytes, disk->info.can, disk->info.queue_depth);
	check(!*driver || !strcmp(disk->info.driver, driver), "its driver is %s", disk->info.driver);
	check(!strcmp(disk->info.serial, serial), "it has its serial number");
	return check(disk->info.sector_count == tree_option_number("sectors", 0), "and its size");
}

void test_disk(struct blk_device *disk)
{
	uint64_t bad = tree_option_number("bad", 0);

	out = aligned_alloc(4096, BUFFER_BYTES + 8192);
	in = aligned_alloc(4096, BUFFER_BYTES + 8192);
	if (!check(out && in, "there is memory") || !test_start(disk))
		return;
	if (bad) {
		test_bad_sector(disk, bad);
	} else if (tree_option_number("readonly", 0)) {
		test_read_only(disk);
	} else {
		test_front(disk);
		test_shapes(disk);
		test_scatter(disk);
		test_operations(disk);
		test_arguments(disk);
		test_queue(disk);
		test_random(disk);
		test_interrupts(disk);
		test_reset(disk);
	}
}
