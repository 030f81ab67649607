/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The RAM disk: a request is done when it is submitted, and told when it is polled for. The other side of a copy may be a window, so all
 * copies are those that survive an abort.
 */

#include <stddef.h>
#include <string.h>

#include <virtio/window.h>

#include "ramdisk.h"

#define PART_BYTES	(1u << 20)	/* of one request */
#define ROUND_BYTES	(2u << 20)	/* between two polls: what a network device may have, 32 frames of 64 KiB */

static struct ramdisk *ramdisk_of(struct blk_device *device)
{
	return (struct ramdisk *)(void *)((char *)device - offsetof(struct ramdisk, device));
}

static enum vq_err transfer(const struct ramdisk *disk, const struct blk_request *request)
{
	uint8_t *at = disk->memory + request->sector * BLK_SECTOR_BYTES;

	for (unsigned n = 0; n < request->segment_count; n++) {
		uint8_t *other = (uint8_t *)request->segments[n].at;
		uint32_t bytes = request->segments[n].bytes;

		VQ_TRY(request->op == BLK_READ ? window_copy(other, at, bytes) : window_copy(at, other, bytes));
		at += bytes;
	}
	return VQ_OK;
}

static enum vq_err carry_out(const struct ramdisk *disk, const struct blk_request *request)
{
	switch (request->op) {
	case BLK_READ:
	case BLK_WRITE:
		return transfer(disk, request);
	case BLK_DISCARD:
	case BLK_WRITE_ZEROES:
		return window_zero(disk->memory + request->sector * BLK_SECTOR_BYTES, request->sector_count * BLK_SECTOR_BYTES);
	default:
		return VQ_OK;
	}
}

/* Work is done here, on the CPU that serves all others: after ROUND_BYTES of it, the others have their turn first. */
static enum blk_status submit(struct blk_device *device, const struct blk_request *request)
{
	struct ramdisk *disk = ramdisk_of(device);
	uint32_t at = (disk->first + disk->count) % RAMDISK_DEPTH;

	if (disk->count == RAMDISK_DEPTH || disk->bytes >= ROUND_BYTES)
		return BLK_ERR_BUSY;
	disk->bytes += request->sector_count * BLK_SECTOR_BYTES;
	disk->done[at].cookie = request->cookie;
	disk->done[at].status = carry_out(disk, request) == VQ_OK ? BLK_OK : BLK_ERR_MEDIUM;
	disk->count++;
	return BLK_OK;
}

static void kick(struct blk_device *device)
{
	(void)device;
}

static unsigned poll(struct blk_device *device, unsigned budget)
{
	struct ramdisk *disk = ramdisk_of(device);
	unsigned done = 0;

	disk->bytes = 0;
	for (; disk->count && done < budget; done++) {
		uint32_t at = disk->first;

		disk->first = (at + 1) % RAMDISK_DEPTH;
		disk->count--;
		device->done(device->arg, disk->done[at].cookie, disk->done[at].status);
	}
	return done;
}

static bool arm(struct blk_device *device)
{
	return ramdisk_of(device)->count != 0;
}

static void quiesce(struct blk_device *device)
{
	struct ramdisk *disk = ramdisk_of(device);

	while (poll(device, disk->count ? disk->count : 1))
		;
}

static enum blk_status reset(struct blk_device *device)
{
	quiesce(device);
	return BLK_OK;
}

static const struct blk_ops ops = {
	.submit = submit,
	.kick = kick,
	.poll = poll,
	.arm = arm,
	.quiesce = quiesce,
	.reset = reset,
};

void ramdisk_init(struct ramdisk *disk, void *memory, uint64_t bytes)
{
	memset(disk, 0, sizeof(*disk));
	disk->memory = memory;
	disk->device.ops = &ops;
	disk->device.info = (struct blk_info){
		.driver = "ram",
		.sector_count = bytes / BLK_SECTOR_BYTES,
		.block_bytes = BLK_SECTOR_BYTES,
		.physical_bytes = 4096,
		.can = BLK_CAN_DISCARD | BLK_CAN_WRITE_ZEROES,
		.queue_depth = RAMDISK_DEPTH,
		.bytes_max = PART_BYTES,
		.segment_count_max = BLK_SEGMENT_COUNT,
		.segment_align = 1,
		.discard_sectors_max = PART_BYTES / BLK_SECTOR_BYTES,
		.zeroes_sectors_max = PART_BYTES / BLK_SECTOR_BYTES,
	};
}
