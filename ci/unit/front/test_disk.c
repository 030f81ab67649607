/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shares of a pool, and the disk driver against the real back-end, which reaches nothing but a pool: an address outside of it would break
 * the device. What the driver believes stands outside of it, so that whoever sees it may write there what he wants. Without a pool nothing
 * is copied.
 */

#include <string.h>

#include <back/console.h>
#include <front/blk.h>
#include <virtio/virtio_console.h>

#include "../back/disk.h"
#include "../tap.h"
#include "machine.h"

#define KIB		1024u
#define POOL		(192 * KIB)
#define SECTOR		512u
#define MANY		40u

static struct disk_machine world;
static struct front_blk disk;
static uint8_t data[1u << 20], wanted[1u << 20];

/* ---- shares ---- */

static struct front places[3];

static bool share_of(unsigned place, uint32_t type, struct front_share *share)
{
	return front_pool_share(0x0a000000 + 4096ul * place, type, share);
}

/* Pages that say what they are; nobody serves them. */
static void make_places(size_t pool_bytes, const uint32_t *types, unsigned count)
{
	machine_begin(pool_bytes);
	for (unsigned n = 0; n < count; n++) {
		struct virtio_console_config config = { 0 };
		uint64_t features;
		static struct vconsole consoles[3];

		vconsole_init(&consoles[n], &places[n].device, &consoles[n], &features, &config);
		front_open(&places[n], n, &vconsole_kind, &consoles[n], features, &config, sizeof(config));
		machine_add(&places[n], types[n]);
	}
	machine_ready(NULL);
}

static void end_places(unsigned count)
{
	for (unsigned n = 0; n < count; n++)
		front_close(&places[n]);
}

static bool is_apart(const struct front_share *a, const struct front_share *b)
{
	return a->at + a->bytes <= b->at || b->at + b->bytes <= a->at;
}

static void shares_do_not_overlap(void)
{
	static const uint32_t types[] = { VIRTIO_ID_BLK, VIRTIO_ID_NET, VIRTIO_ID_BLK };
	struct front_share share[3], again;

	make_places(MACHINE_POOL_MAX, types, 3);
	for (unsigned n = 0; n < 3; n++) {
		CHECK(share_of(n, types[n], &share[n]) && share[n].at && (uintptr_t)share[n].at % 4096 == 0);
		CHECK(share[n].at >= machine_pool() && share[n].at + share[n].bytes <= machine_pool() + MACHINE_POOL_MAX);
	}
	CHECK(is_apart(&share[0], &share[1]) && is_apart(&share[1], &share[2]) && is_apart(&share[0], &share[2]));
	CHECK(share[1].bytes == FRONT_POOL_NET_BYTES && share[0].bytes == share[2].bytes && share[0].bytes == 460 * KIB);
	CHECK(share_of(2, VIRTIO_ID_BLK, &again) && again.at == share[2].at);
	places[0].page[VIRTIO_MMIO_DEVICE_ID / 4] = VIRTIO_ID_CONSOLE;	/* the other side changes its mind */
	for (unsigned n = 0; n < 3; n++)
		CHECK(!share_of(n, types[n], &again) || again.at + again.bytes <= machine_pool() + MACHINE_POOL_MAX);
	end_places(3);
}

static void a_pool_that_is_too_small_is_refused(void)
{
	static const uint32_t types[] = { VIRTIO_ID_BLK, VIRTIO_ID_NET };
	struct front_share share;

	make_places(FRONT_POOL_NET_BYTES + FRONT_POOL_BLK_BYTES - 4096, types, 2);
	CHECK(!share_of(0, VIRTIO_ID_BLK, &share) && !share.at && !share_of(1, VIRTIO_ID_NET, &share));
	end_places(2);
	make_places(FRONT_POOL_NET_BYTES + FRONT_POOL_BLK_BYTES, types, 2);
	CHECK(share_of(0, VIRTIO_ID_BLK, &share) && share.bytes == FRONT_POOL_BLK_BYTES && share_of(1, VIRTIO_ID_NET, &share));
	end_places(2);
	make_places(0, types, 2);
	CHECK(share_of(0, VIRTIO_ID_BLK, &share) && !share.at);
	end_places(2);
}

/* ---- disks ---- */

static void disk_rounds(void)
{
	disk_round(&world);
}

static void disk_begin(size_t pool_bytes)
{
	disk_open(&world, VIRTIO_F_VERSION_1);
	machine_begin(pool_bytes);
	machine_add(&world.front, VIRTIO_ID_BLK);
	if (pool_bytes) {
		world.slow.reach = machine_pool();
		world.slow.reach_bytes = pool_bytes;
	}
	machine_ready(disk_rounds);
	CHECK(front_blk_open(&disk, 0));
}

static bool do_it(enum front_blk_op op, uint64_t sector, uint64_t count)
{
	return front_blk_do(&disk, op, sector, count, data) == FRONT_BLK_OK;
}

static void everything(void)
{
	char serial[VIRTIO_BLK_ID_BYTES];

	CHECK(front_blk_do(&disk, FRONT_BLK_GET_ID, 0, 0, serial) == FRONT_BLK_OK && !memcmp(serial, "serial-0123456789abc", sizeof(serial)));
	machine_fill(wanted, sizeof(wanted), 3);
	memcpy(data, wanted, sizeof(data));
	CHECK(do_it(FRONT_BLK_WRITE, 8, sizeof(data) / SECTOR - 8) && !memcmp(world.memory + 8 * SECTOR, wanted, sizeof(data) - 8 * SECTOR));
	memset(data, 0, sizeof(data));
	CHECK(do_it(FRONT_BLK_READ, 8, sizeof(data) / SECTOR - 8) && !memcmp(data, wanted, sizeof(data) - 8 * SECTOR));
	CHECK(do_it(FRONT_BLK_FLUSH, 0, 0) && world.slow.flushed > 0);
	CHECK(do_it(FRONT_BLK_DISCARD, 16, 4) && do_it(FRONT_BLK_WRITE_ZEROES, 24, 3) && !world.memory[24 * SECTOR] && !world.memory[27 * SECTOR - 1]);
	world.slow.fail_sector = 100;
	memset(data, 7, sizeof(data));
	CHECK(front_blk_do(&disk, FRONT_BLK_READ, 100, 1, data) == FRONT_BLK_ERR_MEDIUM && data[0] == 7);
	world.slow.fail_sector = UINT64_MAX;
	CHECK(!world.front.needs_reset && world.front.device.counters.breaks == 0);
}

static void a_disk_does_everything_through_a_pool(void)
{
	disk_begin(POOL);
	CHECK(disk.pool && disk.bytes_max == (POOL - 28 * KIB) / 4 && disk.device.features & VIRTIO_F_ACCESS_PLATFORM);
	everything();
	CHECK(!disk.cells_taken && !memchr(disk.pages_taken, 1, sizeof(disk.pages_taken)));
	disk_close(&world);
}

static void a_disk_without_a_pool_copies_nothing(void)
{
	static struct front_blk_request r = { .op = FRONT_BLK_READ, .sector_count = 8, .data = data };

	disk_begin(0);
	CHECK(!disk.pool && !(disk.device.features & VIRTIO_F_ACCESS_PLATFORM) && disk.bytes_max > 64 * KIB);
	CHECK(front_blk_submit(&disk, &r) == FRONT_BLK_WAITS && r.shown == data && r.cell == &r.own);
	front_blk_kick(&disk);
	while (!front_blk_poll(&disk))
		disk_rounds();
	CHECK(r.status == FRONT_BLK_OK);
	everything();
	disk_close(&world);
}

static struct front_blk_request many[MANY];

/* Takes one back. */
static unsigned finish(void)
{
	struct front_blk_request *r;

	front_blk_kick(&disk);
	disk_rounds();
	r = front_blk_poll(&disk);
	CHECK(!r || r->status == FRONT_BLK_OK);
	return r != NULL;
}

/* Of sizes from one sector to 24, at once, as far as there is room. */
static unsigned do_many(enum front_blk_op op)
{
	unsigned done = 0, busy = 0;

	for (unsigned n = 0; n < MANY; n++) {
		many[n] = (struct front_blk_request){ .op = op, .sector = n * 24, .sector_count = 1 + n * 7 % 24, .data = data + n * 24 * SECTOR };
		while (front_blk_submit(&disk, &many[n]) == FRONT_BLK_ERR_BUSY) {
			busy++;
			done += finish();
		}
	}
	while (done < MANY)
		done += finish();
	return busy;
}

static void requests_wait_for_room_in_the_pool(void)
{
	disk_begin(FRONT_POOL_BLK_BYTES);
	machine_fill(wanted, sizeof(wanted), 5);
	memcpy(data, wanted, sizeof(data));
	CHECK(do_many(FRONT_BLK_WRITE) > 0);
	for (unsigned n = 0; n < MANY; n++)
		CHECK(!memcmp(world.memory + n * 24 * SECTOR, wanted + n * 24 * SECTOR, (1 + n * 7 % 24) * SECTOR));
	memset(data, 0, sizeof(data));
	CHECK(do_many(FRONT_BLK_READ) > 0);
	for (unsigned n = 0; n < MANY; n++)
		CHECK(!memcmp(data + n * 24 * SECTOR, wanted + n * 24 * SECTOR, (1 + n * 7 % 24) * SECTOR));
	CHECK(!disk.cells_taken && !memchr(disk.pages_taken, 1, sizeof(disk.pages_taken)));
	disk_close(&world);
}

/* Whoever sees the pool writes there what he wants: a request may end badly, and nothing else is harmed. */
static void a_pool_full_of_noise_harms_its_requests_alone(void)
{
	for (uint64_t seed = 1; seed <= 300; seed++) {
		unsigned taken = 0, back = 0;

		disk_begin(FRONT_POOL_BLK_BYTES);
		for (unsigned n = 0; n < 8; n++) {
			many[n] = (struct front_blk_request){ .op = n & 1 ? FRONT_BLK_READ : FRONT_BLK_WRITE, .sector = n * 8, .sector_count = 8, .data = data };
			taken += front_blk_submit(&disk, &many[n]) == FRONT_BLK_WAITS;
		}
		front_blk_kick(&disk);
		disk_rounds();
		machine_noise_state = seed;
		for (unsigned n = 0; n < 1 + seed % 2000; n++)
			machine_pool()[(unsigned)(machine_noise() << 16 | machine_noise() << 8 | machine_noise()) % FRONT_POOL_BLK_BYTES] = machine_noise();
		for (unsigned n = 0; n < 100 && back < taken; n++) {
			disk_rounds();
			(void)front_blk_arm(&disk);
			for (const struct front_blk_request *r = front_blk_poll(&disk); r; r = front_blk_poll(&disk))
				back++;
		}
		CHECK(back <= taken && (back < taken || (!disk.cells_taken && !memchr(disk.pages_taken, 1, sizeof(disk.pages_taken)))));
		CHECK(front_blk_open(&disk, 0) && do_it(FRONT_BLK_READ, 0, 8));	/* a reset heals */
		disk_close(&world);
	}
}

int main(void)
{
	TEST(shares_do_not_overlap);
	TEST(a_pool_that_is_too_small_is_refused);
	TEST(a_disk_does_everything_through_a_pool);
	TEST(a_disk_without_a_pool_copies_nothing);
	TEST(requests_wait_for_room_in_the_pool);
	TEST(a_pool_full_of_noise_harms_its_requests_alone);
	return tap_done();
}
