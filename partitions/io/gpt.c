/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question to a GPT (UEFI specification, 5.3): where does the partition of this name lie? Everything read is checked before it counts; if
 * the first table is damaged, the second is asked. It must not know what a partition is for.
 */

#include <stddef.h>
#include <string.h>

#include <rt/dma.h>
#include <rt/timer.h>

#include "io.h"

#define SECTOR		BLK_SECTOR_BYTES
#define BUFFER_BYTES	65536u
#define TIMEOUT_NS	5000000000ull
#define ENTRY_BYTES	128u
#define NAME_CHARS	36u

/* UEFI specification, 5.3.2 */
struct gpt_header {
	uint8_t signature[8];
	uint32_t revision;
	uint32_t header_bytes;
	uint32_t header_crc;
	uint32_t reserved;
	uint64_t my_lba, alternate_lba;
	uint64_t first_usable_lba, last_usable_lba;
	uint8_t guid[16];
	uint64_t entries_lba;
	uint32_t entry_count, entry_bytes;
	uint32_t entries_crc;
};

_Static_assert(offsetof(struct gpt_header, entries_crc) == 88, "layout");

struct gpt_entry {
	uint8_t type[16];
	uint8_t guid[16];
	uint64_t first_lba, last_lba;
	uint64_t attributes;
	uint16_t name[NAME_CHARS];
};

_Static_assert(sizeof(struct gpt_entry) == ENTRY_BYTES, "layout");

static uint8_t *buffer;
static bool is_done;
static enum blk_status result;

/* Four bits at a time: `steps` holds what the polynomial 0xedb88320 makes of each value of them. */
static uint32_t crc32(const uint8_t *bytes, size_t count)
{
	static const uint32_t steps[16] = { 0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
					    0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c };
	uint32_t crc = UINT32_MAX;

	while (count--) {
		crc ^= *bytes++;
		crc = crc >> 4 ^ steps[crc & 15];
		crc = crc >> 4 ^ steps[crc & 15];
	}
	return ~crc;
}

static void done(void *arg, uint64_t cookie, enum blk_status status)
{
	(void)arg;
	(void)cookie;
	result = status;
	is_done = true;
}

/* Before any front-end is served, so the disk is ours alone, and waiting harms nobody. */
static bool read_sectors(struct blk_device *device, uint64_t sector, uint32_t bytes)
{
	struct dma_segment segment = { (uintptr_t)buffer, bytes };
	struct blk_request request = { .op = BLK_READ, .sector = sector, .sector_count = bytes / SECTOR, .segments = &segment, .segment_count = 1 };
	uint64_t end_ns = time_ns() + TIMEOUT_NS;
	void (*before)(void *, uint64_t, enum blk_status) = device->done;

	is_done = false;
	device->done = done;
	if (bytes > BUFFER_BYTES || blk_submit(device, &request) != BLK_OK) {
		device->done = before;
		return false;
	}
	blk_kick(device);
	while (!is_done && time_ns() < end_ns)
		blk_poll(device, 1);
	device->done = before;
	return is_done && result == BLK_OK;
}

static bool is_header(const struct gpt_header *header, uint64_t lba)
{
	struct gpt_header zeroed = *header;
	uint8_t bytes[92];

	zeroed.header_crc = 0;
	memcpy(bytes, &zeroed, sizeof(bytes));
	return !memcmp(header->signature, "EFI PART", 8) && header->header_bytes == sizeof(bytes) && header->my_lba == lba &&
	       crc32(bytes, sizeof(bytes)) == header->header_crc && header->entry_bytes == ENTRY_BYTES &&
	       header->entry_count <= BUFFER_BYTES / ENTRY_BYTES;
}

static bool is_name(const struct gpt_entry *entry, const char *name)
{
	size_t length = strlen(name);

	for (size_t n = 0; n < NAME_CHARS; n++) {
		uint16_t wanted = n < length ? (uint8_t)name[n] : 0;

		if (entry->name[n] != wanted)
			return false;
		if (!wanted)
			return true;
	}
	return length == NAME_CHARS;
}

static uint32_t round_up(uint32_t bytes, uint32_t block)
{
	return (bytes + block - 1) / block * block;
}

/* Asks the table whose header lies in this block. */
static bool ask(struct blk_device *device, uint64_t lba, const char *name, uint64_t *first, uint64_t *count)
{
	uint32_t block = device->info.block_bytes, per_block = block / SECTOR, bytes;
	struct gpt_header header;

	if (!read_sectors(device, lba * per_block, block))
		return false;
	memcpy(&header, buffer, sizeof(header));
	bytes = header.entry_count * ENTRY_BYTES;
	if (!is_header(&header, lba) || !read_sectors(device, header.entries_lba * per_block, round_up(bytes, block)) ||
	    crc32(buffer, bytes) != header.entries_crc)
		return false;
	for (uint32_t n = 0; n < header.entry_count; n++) {
		struct gpt_entry entry;

		memcpy(&entry, buffer + n * ENTRY_BYTES, sizeof(entry));
		if (!is_name(&entry, name) || entry.last_lba < entry.first_lba || entry.last_lba >= device->info.sector_count / per_block)
			continue;
		*first = entry.first_lba * per_block;
		*count = (entry.last_lba - entry.first_lba + 1) * per_block;
		return true;
	}
	return false;
}

bool gpt_find(struct blk_device *device, const char *name, uint64_t *first, uint64_t *count)
{
	uint32_t per_block = device->info.block_bytes / SECTOR;
	uint64_t bus;

	if (!buffer)
		buffer = dma_alloc(BUFFER_BYTES, 4096, &bus);
	if (!buffer || device->info.sector_count < 3 * per_block)
		return false;
	return ask(device, 1, name, first, count) || ask(device, device->info.sector_count / per_block - 1, name, first, count);
}
