/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual disks as the device tree describes them, and the physical disks below them. It must not know who uses a disk.
 */

#include <stdarg.h>
#include <stdio.h>
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

/* False: it does not come up. */
static bool add_medium(int node, struct blk_device *device)
{
	for (uint32_t n = 0; n < io.medium_count; n++) {
		if (io.media[n] == device)
			return true;
	}
	if (io.medium_count == IO_MEDIUM_MAX)
		read_fail(node, "more than %u disks below all others", IO_MEDIUM_MAX);
	device->done = vblk_done;
	device->wake = wake;
	if (blk_reset(device) != BLK_OK)
		return false;
	io.media[io.medium_count++] = device;
	return true;
}

/* ---- in the place of a disk that is not there: it has no sectors, and so gets no request ---- */

static enum blk_status absent_submit(struct blk_device *device, const struct blk_request *request)
{
	(void)device;
	(void)request;
	return BLK_ERR_RESET;
}

static void absent_kick(struct blk_device *device)
{
	(void)device;
}

static const struct blk_ops absent_ops = { .submit = absent_submit, .kick = absent_kick };
static struct blk_device absent = { .ops = &absent_ops, .info = { .driver = "none", .block_bytes = SECTOR, .bytes_max = SECTOR } };

/* A broken medium costs those who have disks there, and nobody else: it is told, and the others are served. */
__attribute__((format(printf, 2, 3))) static void miss(struct io_disk *to, const char *format, ...)
{
	va_list args;

	printf("io: disk %s: ", to->label);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf(": it is empty\n");
	to->disk.device = &absent;
	to->disk.first_sector = to->disk.sector_count = 0;
}

/* ---- virtual disks ---- */

static void open_ram(int node, struct vblk_disk *disk)
{
	struct ramdisk *ram = calloc(1, sizeof(*ram));
	uint64_t memory[2];

	if (!ram || !read_u64s(node, "bulkhead,memory", memory, 2))
		read_fail(node, "bulkhead,memory is missing");
	ramdisk_init(ram, (void *)(uintptr_t)memory[0], memory[1]);
	(void)add_medium(node, &ram->device);	/* memory always comes up */
	disk->device = &ram->device;
	disk->sector_count = memory[1] / SECTOR;
}

/* The range of a medium, cut to `bytes` if that is not 0. */
static void set_range(struct io_disk *to, uint64_t first, uint64_t count, uint64_t bytes)
{
	uint64_t total = to->disk.device->info.sector_count;

	if (first > total || count > total - first || bytes / SECTOR > count) {
		miss(to, "%llu sectors from %llu on do not fit where the disk below has %llu", (unsigned long long)(bytes ? bytes / SECTOR : count),
		     (unsigned long long)first, (unsigned long long)total);
		return;
	}
	to->disk.first_sector = first;
	to->disk.sector_count = bytes ? bytes / SECTOR : count;
}

static void open_gpt(int node, struct io_disk *to, uint64_t bytes)
{
	const char *name = read_text(node, "bulkhead,gpt-name");
	uint64_t first, count;

	if (gpt_find(to->disk.device, name, &first, &count))
		set_range(to, first, count, bytes);
	else
		miss(to, "%s has no GPT partition \"%s\"", read_text(node, "bulkhead,medium"), name);
}

static void open_region(int node, struct io_disk *to, uint64_t bytes)
{
	uint64_t first, total = to->disk.device->info.sector_count;

	if (!read_u64s(node, "bulkhead,offset", &first, 1))
		read_fail(node, "bulkhead,offset is missing");
	first /= SECTOR;
	set_range(to, first, total > first ? total - first : 0, bytes);
}

static void open_physical(int node, struct io_disk *to, void (*open)(int node, struct io_disk *to, uint64_t bytes))
{
	const char *medium = read_text(node, "bulkhead,medium");
	uint64_t bytes = 0;

	read_u64s(node, "bulkhead,size", &bytes, 1);
	to->disk.device = hardware_disk(medium);
	if (!to->disk.device)
		miss(to, "there is no physical disk %s that a driver was found for", medium);
	else if (!add_medium(node, to->disk.device))
		miss(to, "the controller of %s does not come up", medium);
	else
		open(node, to, bytes);
}

static void open_source(int node, struct io_disk *to)
{
	const char *source = read_text(node, "bulkhead,source");

	if (!strcmp(source, "ram"))
		open_ram(node, &to->disk);
	else if (!strcmp(source, "gpt"))
		open_physical(node, to, open_gpt);
	else if (!strcmp(source, "region"))
		open_physical(node, to, open_region);
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

	return device == &absent || (device->info.driver && !strcmp(device->info.driver, "ram")) ? NULL : dma_alloc(VBLK_BOUNCE_COUNT * VBLK_BOUNCE_BYTES, 4096, &bus);
}

static void read_disk(int node, struct io_disk *to)
{
	struct vblk_disk *disk = &to->disk;

	to->label = read_text(node, "label");
	to->phandle = read_u32(node, "phandle");
	open_source(node, to);
	strncpy(disk->serial, read_text(node, "bulkhead,serial"), sizeof(disk->serial) - 1);
	disk->is_read_only = read_has(node, "read-only") || disk->device->info.can & BLK_IS_READ_ONLY;
	disk->block_bytes = read_u32(node, "bulkhead,block-size");
	disk->physical_bytes = read_u32(node, "bulkhead,physical-block-size");
	disk->optimal_bytes = read_u32(node, "bulkhead,optimal-io-size");
	disk->bytes = read_limit(node, "bulkhead,byte-limit");
	disk->requests = read_limit(node, "bulkhead,request-limit");
	disk->bounce = bounce(disk->device);
	if (!disk->block_bytes || disk->block_bytes % SECTOR || disk->physical_bytes % disk->block_bytes)
		read_fail(node, "blocks of %u bytes in blocks of %u", (unsigned)disk->block_bytes, (unsigned)disk->physical_bytes);
	if (disk->block_bytes % disk->device->info.block_bytes)
		miss(to, "it has blocks of %u bytes, the disk below has blocks of %u", (unsigned)disk->block_bytes,
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
