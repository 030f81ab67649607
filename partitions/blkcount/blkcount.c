/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smallest use of a disk: it counts its own starts there. Two copies of the count stand in two blocks of their own, and a start writes the
 * older one, so power may fail at any instant: the other one counts. It runs under Bulkhead and on plain QEMU `virt` alike.
 *
 * A disk that holds something else is left alone.
 */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <front/blk.h>
#include <rt/bulkhead.h>
#include <rt/proof.h>
#include <rt/timer.h>

#define COPIES		2u
#define BLOCK_MAX	4096u
#define MAGIC		0x746e756f636b6c62ull	/* "blkcount" */
#define SECOND		1000000000ull

struct record {
	uint64_t magic;
	uint64_t count;
	uint8_t digest[32];	/* of what stands before it */
};

enum found {
	FOUND_NOTHING,		/* zeroes */
	FOUND_RECORD,
	FOUND_DAMAGE,		/* ours, half written */
	FOUND_OTHER,
};

static struct front_blk disk;
static union {
	struct record record;
	uint8_t bytes[BLOCK_MAX];
} block __attribute__((aligned(4096)));

static enum front_blk_status transfer(enum front_blk_op op, unsigned copy)
{
	uint64_t sectors = disk.block_bytes / VIRTIO_BLK_SECTOR_BYTES;

	return front_blk_do(&disk, op, copy * sectors, sectors, block.bytes);
}

static void seal(const struct record *record, uint8_t digest[32])
{
	sha256(record, offsetof(struct record, digest), digest);
}

static enum found judge(void)
{
	uint8_t digest[32], any = 0;

	for (unsigned i = 0; i < disk.block_bytes; i++)
		any |= block.bytes[i];
	if (!any)
		return FOUND_NOTHING;
	if (block.record.magic != MAGIC)
		return FOUND_OTHER;
	seal(&block.record, digest);
	return memcmp(digest, block.record.digest, sizeof(digest)) == 0 ? FOUND_RECORD : FOUND_DAMAGE;
}

/* The larger count, and the copy that the next start writes. False: the disk cannot be read, or is not ours. */
static bool read_count(uint64_t *count, unsigned *next)
{
	*count = 0;
	*next = 0;
	for (unsigned copy = 0; copy < COPIES; copy++) {
		enum front_blk_status status = transfer(FRONT_BLK_READ, copy);
		enum found found = judge();

		if (status != FRONT_BLK_OK || found == FOUND_OTHER) {
			printf("blkcount: %s\n", status == FRONT_BLK_OK ? "this disk holds something else" : front_blk_status_name(status));
			return false;
		}
		if (found == FOUND_RECORD && block.record.count >= *count) {
			*count = block.record.count;
			*next = (copy + 1) % COPIES;
		}
	}
	return true;
}

/* Durable when it returns true. */
static bool write_count(uint64_t count, unsigned copy)
{
	enum front_blk_status status;

	memset(&block, 0, sizeof(block));
	block.record.magic = MAGIC;
	block.record.count = count;
	seal(&block.record, block.record.digest);
	status = transfer(FRONT_BLK_WRITE, copy);
	if (status == FRONT_BLK_OK && disk.can_flush)
		status = front_blk_do(&disk, FRONT_BLK_FLUSH, 0, 0, NULL);
	if (status != FRONT_BLK_OK)
		printf("blkcount: not written: %s\n", front_blk_status_name(status));
	return status == FRONT_BLK_OK;
}

static void count_start(void)
{
	uint64_t count;
	unsigned next;

	if (!front_blk_open(&disk, 0) || disk.block_bytes > BLOCK_MAX) {
		printf("blkcount: no disk\n");
		return;
	}
	if (read_count(&count, &next) && write_count(count + 1, next))
		printf("blkcount: start %llu\n", (unsigned long long)(count + 1));
}

int main(void)
{
	bulkhead_heartbeat();
	count_start();
	proof_print("blkcount 1.0");
	for (uint64_t next = time_ns(); ; next += SECOND) {
		bulkhead_heartbeat();
		time_sleep_until(next + SECOND);
	}
}
