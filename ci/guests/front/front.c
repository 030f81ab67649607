/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judges the disk driver of pvdrivers/front from inside, on a disk whose first bytes the test wrote: reads them, answers behind them, and
 * keeps many requests under way at once. Words of its command line: sectors=N and serial=S, what the disk should be; expect=none, ro or
 * broken=N, a sector that cannot be read. It prints TAP and powers off.
 */

#include <stdlib.h>
#include <string.h>

#include <front/blk.h>
#include <rt/proof.h>
#include <rt/tree.h>

#include "../tap.h"

#define SECTOR		512u
#define FRONT_SECTORS	32u
#define SCRATCH		256u		/* sectors behind this one are nobody's */
#define SPAN		8u		/* sectors of one request under way */
#define MANY		48u

static struct front_blk disk;
static uint8_t buffer[4u << 20] __attribute__((aligned(4096)));

static void judge(enum front_blk_status status, enum front_blk_status wanted, const char *name)
{
	tap_check(status == wanted, "%s: %s", name, front_blk_status_name(status));
}

static enum front_blk_status transfer(enum front_blk_op op, uint64_t sector, uint64_t count)
{
	return front_blk_do(&disk, op, sector, count, buffer);
}

/* What was in front comes again behind it, each byte turned. */
static void answer(void)
{
	judge(transfer(FRONT_BLK_READ, 0, FRONT_SECTORS), FRONT_BLK_OK, "reads what the test wrote");
	for (unsigned i = 0; i < FRONT_SECTORS * SECTOR; i++)
		buffer[i] = (uint8_t)~buffer[i];
	judge(transfer(FRONT_BLK_WRITE, FRONT_SECTORS, FRONT_SECTORS), FRONT_BLK_OK, "writes an answer");
	judge(front_blk_do(&disk, FRONT_BLK_FLUSH, 0, 0, NULL), FRONT_BLK_OK, "flushes");
}

static void identify(void)
{
	char serial[VIRTIO_BLK_ID_BYTES + 1] = { 0 }, wanted[VIRTIO_BLK_ID_BYTES + 1] = { 0 };

	tap_check(disk.sector_count == tree_option_number("sectors", 0), "has %llu sectors", (unsigned long long)disk.sector_count);
	(void)tree_option("serial", wanted, sizeof(wanted));
	judge(front_blk_do(&disk, FRONT_BLK_GET_ID, 0, 0, serial), FRONT_BLK_OK, "tells its serial number");
	tap_check(strcmp(serial, wanted) == 0, "it is %s", serial);
}

static void fill(uint8_t *at, uint64_t seed, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		at[i] = (uint8_t)(seed >> 56);
	}
}

/* Longer than any one request. */
static void long_ones(void)
{
	static uint8_t digest[2][32];
	const uint64_t count = sizeof(buffer) / SECTOR - 8;

	fill(buffer, 1, sizeof(buffer));
	sha256(buffer, count * SECTOR, digest[0]);
	judge(transfer(FRONT_BLK_WRITE, SCRATCH, count), FRONT_BLK_OK, "writes 4 MiB");
	memset(buffer, 0, sizeof(buffer));
	judge(transfer(FRONT_BLK_READ, SCRATCH, count), FRONT_BLK_OK, "reads 4 MiB");
	sha256(buffer, count * SECTOR, digest[1]);
	tap_check(memcmp(digest[0], digest[1], 32) == 0, "they are the same");
}

/* Starts one of the many; each has its own place in memory and on the disk. */
static bool start(struct front_blk_request *r, enum front_blk_op op, unsigned n)
{
	*r = (struct front_blk_request){ .op = op, .sector = SCRATCH + (uint64_t)n * SPAN, .sector_count = SPAN,
					 .data = buffer + (size_t)n * SPAN * SECTOR };
	return front_blk_submit(&disk, r) == FRONT_BLK_WAITS;
}

/* One that is done, if there is one. */
static unsigned finish(bool *good)
{
	const struct front_blk_request *r = front_blk_poll(&disk);

	if (r)
		*good &= r->status == FRONT_BLK_OK;
	return r != NULL;
}

/* As many under way as the ring takes: all of them, but for one without indirect descriptors. */
static bool do_many(enum front_blk_op op)
{
	static struct front_blk_request requests[MANY];
	unsigned done = 0;
	bool good = true;

	for (unsigned n = 0; n < MANY; n++) {
		while (!start(&requests[n], op, (n * 7) % MANY)) {
			front_blk_kick(&disk);
			done += finish(&good);
		}
	}
	front_blk_kick(&disk);
	while (done < MANY)
		done += finish(&good);
	return good && !front_blk_poll(&disk);
}

static void many_at_once(void)
{
	static uint8_t wanted[MANY * SPAN * SECTOR];
	bool good = true;

	for (uint64_t round = 0; round < 20 && good; round++) {
		fill(wanted, round, sizeof(wanted));
		memcpy(buffer, wanted, sizeof(wanted));
		good = do_many(FRONT_BLK_WRITE);
		memset(buffer, 0, sizeof(wanted));
		good = good && do_many(FRONT_BLK_READ) && memcmp(buffer, wanted, sizeof(wanted)) == 0;
	}
	tap_check(good, "%u requests at once, 40 times", MANY);
}

static void no_room(void)
{
	static struct front_blk_request requests[FRONT_BLK_ENTRIES + 1];
	enum front_blk_status last = FRONT_BLK_WAITS;
	unsigned taken = 0, done = 0;

	for (; taken <= FRONT_BLK_ENTRIES && last == FRONT_BLK_WAITS; taken += last == FRONT_BLK_WAITS) {
		requests[taken] = (struct front_blk_request){ .op = FRONT_BLK_READ, .sector_count = SPAN, .data = buffer };
		last = front_blk_submit(&disk, &requests[taken]);
	}
	judge(last, FRONT_BLK_ERR_BUSY, "one too many is told so");
	front_blk_kick(&disk);
	while (done < taken)
		done += front_blk_poll(&disk) != NULL;
	judge(transfer(FRONT_BLK_READ, 0, SPAN), FRONT_BLK_OK, "and there is room again");
}

static void zeroes(void)
{
	bool zero = true;

	judge(front_blk_do(&disk, FRONT_BLK_WRITE_ZEROES, SCRATCH, 64, NULL), FRONT_BLK_OK, "writes zeroes");
	judge(transfer(FRONT_BLK_READ, SCRATCH, 64), FRONT_BLK_OK, "reads them");
	for (unsigned i = 0; i < 64 * SECTOR; i++)
		zero &= buffer[i] == 0;
	tap_check(zero, "they are zeroes");
	judge(front_blk_do(&disk, FRONT_BLK_DISCARD, SCRATCH, 64, NULL), FRONT_BLK_OK, "discards");
}

static void limits(void)
{
	uint64_t end = disk.sector_count;

	judge(transfer(FRONT_BLK_READ, end - SPAN, SPAN), FRONT_BLK_OK, "reads the last sectors");
	judge(transfer(FRONT_BLK_READ, end, SPAN), FRONT_BLK_ERR_ARGUMENT, "not those behind them");
	judge(transfer(FRONT_BLK_READ, end - SPAN + disk.block_bytes / SECTOR, SPAN), FRONT_BLK_ERR_ARGUMENT, "nor over the end");
	judge(transfer(FRONT_BLK_READ, UINT64_MAX - 7, SPAN), FRONT_BLK_ERR_ARGUMENT, "nor over the end of numbers");
	judge(transfer(FRONT_BLK_READ, 0, 0), FRONT_BLK_ERR_ARGUMENT, "nothing is no request");
	if (disk.block_bytes > SECTOR)
		judge(transfer(FRONT_BLK_READ, 1, SPAN), FRONT_BLK_ERR_ARGUMENT, "blocks are whole");
}

static void whole_disk(void)
{
	identify();
	answer();
	limits();
	long_ones();
	many_at_once();
	no_room();
	zeroes();
	judge(front_blk_do(&disk, FRONT_BLK_FLUSH, 0, 0, NULL), FRONT_BLK_OK, "flushes at the end");
}

static void read_only(void)
{
	tap_check(disk.is_read_only, "is read-only");
	judge(transfer(FRONT_BLK_READ, 0, SPAN), FRONT_BLK_OK, "reads");
	judge(transfer(FRONT_BLK_WRITE, SCRATCH, SPAN), FRONT_BLK_ERR_UNSUPPORTED, "does not write");
}

static void broken(uint64_t sector)
{
	judge(transfer(FRONT_BLK_READ, sector, SPAN), FRONT_BLK_ERR_MEDIUM, "a sector that cannot be read");
	judge(transfer(FRONT_BLK_READ, sector + SPAN, SPAN), FRONT_BLK_OK, "its neighbours can");
	judge(transfer(FRONT_BLK_READ, 0, SPAN), FRONT_BLK_OK, "others as well");
}

int main(void)
{
	char expect[16] = "";
	bool found = front_blk_open(&disk, 0);

	(void)tree_option("expect", expect, sizeof(expect));
	if (strcmp(expect, "none") == 0) {
		tap_check(!found, "there is no disk");
		return tap_end();
	}
	if (!tap_check(found, "finds the disk"))
		return tap_end();
	tap_check(!front_blk_open(&disk, 1) && front_blk_open(&disk, 0), "and no other; it can be opened again");
	printf("front: packed=%d event=%d block=%lu most=%lu\n", disk.queue.is_packed, disk.queue.has_event_index,
	       (unsigned long)disk.block_bytes, (unsigned long)disk.bytes_max);
	if (strcmp(expect, "ro") == 0)
		read_only();
	else if (tree_option_number("broken", 0))
		broken(tree_option_number("broken", 0));
	else
		whole_disk();
	return tap_end();
}
