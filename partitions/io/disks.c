/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual disks as the device tree describes them, and the physical disks below them. It must not know who uses a disk.
 */

#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#include <rt/dma.h>
#include <rt/tree.h>

#include <back/ramdisk.h>

#include "io.h"

#define SECTOR	BLK_SECTOR_BYTES

/* ---- what lies below ---- */

static void wake(void *arg)
{
	(void)arg;	/* that there is an interrupt is enough: the loop polls */
}

static void add_medium(int node, struct blk_device *device)
{
	for (uint32_t n = 0; n < io.medium_count; n++) {
		if (io.media[n] == device)
			return;
	}
	if (io.medium_count == IO_MEDIUM_MAX)
		read_fail(node, "more than %u disks below all others", IO_MEDIUM_MAX);
	io.media[io.medium_count++] = device;
	device->done = vblk_done;
	device->wake = wake;
	if (blk_reset(device) != BLK_OK)
		read_fail(node, "its controller does not come up");
}

/* ---- virtual disks ---- */

static void open_ram(int node, struct vblk_disk *disk)
{
	struct ramdisk *ram = calloc(1, sizeof(*ram));
	uint64_t memory[2];

	if (!ram || !read_u64s(node, "bulkhead,memory", memory, 2))
		read_fail(node, "bulkhead,memory is missing");
	ramdisk_init(ram, (void *)(uintptr_t)memory[0], memory[1]);
	add_medium(node, &ram->device);
	disk->device = &ram->device;
	disk->sector_count = memory[1] / SECTOR;
}

/* The range of a medium, cut to `bytes` if that is not 0. */
static void set_range(int node, struct vblk_disk *disk, uint64_t first, uint64_t count, uint64_t bytes)
{
	uint64_t total = disk->device->info.sector_count;

	if (first > total || count > total - first || bytes / SECTOR > count)
		read_fail(node, "it does not fit: the disk below has %llu sectors", (unsigned long long)total);
	disk->first_sector = first;
	disk->sector_count = bytes ? bytes / SECTOR : count;
}

static void open_physical(int node, struct vblk_disk *disk, bool is_gpt)
{
	uint64_t bytes = 0, first = 0, count;

	disk->device = hardware_disk(node, read_text(node, "bulkhead,medium"));
	add_medium(node, disk->device);
	read_u64s(node, "bulkhead,size", &bytes, 1);
	if (is_gpt) {
		if (!gpt_find(disk->device, read_text(node, "bulkhead,gpt-name"), &first, &count))
			read_fail(node, "its medium has no GPT partition \"%s\"", read_text(node, "bulkhead,gpt-name"));
	} else {
		if (!read_u64s(node, "bulkhead,offset", &first, 1))
			read_fail(node, "bulkhead,offset is missing");
		first /= SECTOR;
		count = disk->device->info.sector_count > first ? disk->device->info.sector_count - first : 0;
	}
	set_range(node, disk, first, count, bytes);
}

static void open_source(int node, struct vblk_disk *disk)
{
	const char *source = read_text(node, "bulkhead,source");

	if (!strcmp(source, "ram"))
		open_ram(node, disk);
	else if (!strcmp(source, "gpt") || !strcmp(source, "region"))
		open_physical(node, disk, !strcmp(source, "gpt"));
	else
		read_fail(node, "bulkhead,source is \"%s\", which is none of ram, gpt, region", source);
}

static struct limit read_limit(int node, const char *name)
{
	uint64_t pair[2] = { 0, 0 };

	read_u64s(node, name, pair, 2);
	return (struct limit){ .per_second = pair[0], .burst = pair[1] };
}

/* Memory for data that the disk cannot reach where it lies. */
static uint8_t *bounce(const struct blk_device *device)
{
	uint64_t bus;

	return device->info.driver && !strcmp(device->info.driver, "ram") ? NULL : dma_alloc(VBLK_BOUNCE_COUNT * VBLK_BOUNCE_BYTES, 4096, &bus);
}

static void read_disk(int node, struct io_disk *to)
{
	struct vblk_disk *disk = &to->disk;

	to->label = read_text(node, "label");
	to->phandle = read_u32(node, "phandle");
	open_source(node, disk);
	strncpy(disk->serial, read_text(node, "bulkhead,serial"), sizeof(disk->serial) - 1);
	disk->is_read_only = read_has(node, "read-only") || disk->device->info.can & BLK_IS_READ_ONLY;
	disk->block_bytes = read_u32(node, "bulkhead,block-size");
	disk->physical_bytes = read_u32(node, "bulkhead,physical-block-size");
	disk->optimal_bytes = read_u32(node, "bulkhead,optimal-io-size");
	disk->bytes = read_limit(node, "bulkhead,byte-limit");
	disk->requests = read_limit(node, "bulkhead,request-limit");
	disk->bounce = bounce(disk->device);
	if (!disk->block_bytes || disk->block_bytes % disk->device->info.block_bytes || disk->physical_bytes % disk->block_bytes)
		read_fail(node, "blocks of %u bytes, the disk below has blocks of %u", (unsigned)disk->block_bytes,
			  (unsigned)disk->device->info.block_bytes);
	disk->sector_count -= disk->sector_count % (disk->block_bytes / SECTOR);
}

struct io_disk *disk_by_phandle(uint32_t phandle)
{
	for (uint32_t n = 0; n < io.disk_count; n++) {
		if (io.disks[n].phandle == phandle)
			return &io.disks[n];
	}
	return NULL;
}

void disks_read(void)
{
	int root = tree_find("bulkhead,disks"), node;

	if (root < 0)
		return;
	fdt_for_each_subnode(node, tree_blob(), root) {
		if (io.disk_count == IO_DISK_MAX)
			read_fail(node, "more than %u disks", IO_DISK_MAX);
		read_disk(node, &io.disks[io.disk_count++]);
	}
}
