/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: a small disk with a primary and a backup GPT, as the boot stage looks for partitions on it. The lowest bit
 * of the first byte chooses blocks of 512 or 4096 bytes. It must not know what the partitions are for.
 */

#include <stdlib.h>
#include <string.h>

#include "../../firmware/update/bytes.h"
#include "../../firmware/update/crc32.h"
#include "../../firmware/update/gpt.h"
#include "fuzz.h"

enum { ENTRY = 128, HEADER = 92, DISK_BLOCKS = 16 };

const char fuzz_name[] = "gpt";

static const char *const names[] = { "slot-a", "slot-b", "record-a", "firmware" };

static uint32_t block_of(const uint8_t *bytes)
{
	return bytes[0] & 1 ? 4096 : 512;
}

static void put_entry(uint8_t *entry, const char *name, uint64_t first, uint64_t last)
{
	memset(entry, 0xa5, 16);
	put_le64(entry + 32, first);
	put_le64(entry + 40, last);
	for (size_t i = 0; name[i]; i++)
		entry[56 + 2 * i] = (uint8_t)name[i];
}

static void put_header(uint8_t *disk, uint32_t block, uint64_t lba, uint64_t entries_lba, uint32_t count)
{
	uint8_t *header = disk + lba * block;

	memcpy(header, "EFI PART", 8);
	put_le32(header + 12, HEADER);
	put_le64(header + 24, lba);
	put_le64(header + 72, entries_lba);
	put_le32(header + 80, count);
	put_le32(header + 84, ENTRY);
}

size_t fuzz_seed(uint32_t which, uint8_t bytes[FUZZ_BYTES_MAX])
{
	uint32_t block = which & 1 ? 4096 : 512, count = which & 2 ? 4 : 8;
	size_t size = (size_t)DISK_BLOCKS * block;

	memset(bytes, 0, size);
	bytes[0] = which & 1;
	for (uint32_t i = 0; i < 4; i++) {
		put_entry(bytes + 2 * block + i * ENTRY, names[i], 5 + i, 5 + i + (which >> 2) % 3);
		put_entry(bytes + 12 * block + i * ENTRY, names[i], 5 + i, 5 + i);
	}
	put_header(bytes, block, 1, 2, count);
	put_header(bytes, block, DISK_BLOCKS - 1, 12, count);
	fuzz_repair(bytes, size);
	return size;
}

static void repair_header(uint8_t *bytes, size_t size, uint32_t block, uint64_t lba)
{
	uint8_t *header = bytes + lba * block;
	uint64_t at = get_le64(header + 72) * block;
	uint64_t length = (uint64_t)get_le32(header + 80) * ENTRY;

	if (get_le64(header + 72) < size / block && length <= size - at)
		put_le32(header + 88, crc32_of(bytes + at, (size_t)length));
	put_le32(header + 16, 0);
	put_le32(header + 16, crc32_of(header, HEADER));
}

void fuzz_repair(uint8_t *bytes, size_t size)
{
	uint32_t block = block_of(bytes);

	if (size < 3 * (size_t)block)
		return;
	repair_header(bytes, size, block, 1);
	repair_header(bytes, size, block, size / block - 1);
}

static enum fw_err read_disk(const struct blockdev *dev, uint64_t offset, void *to, size_t size)
{
	fuzz_must(offset % dev->block_bytes == 0 && size % dev->block_bytes == 0 && (uintptr_t)to % dev->block_bytes == 0);
	fuzz_must(offset <= dev->size_bytes && size <= dev->size_bytes - offset);
	memcpy(to, (const uint8_t *)dev->context + offset, size);
	return FW_OK;
}

void fuzz_run(const uint8_t *bytes, size_t size)
{
	struct blockdev dev = { .read = read_disk, .block_bytes = block_of(bytes), .context = (void *)(uintptr_t)bytes };
	struct extent found;

	dev.size_bytes = size - size % dev.block_bytes;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (gpt_find(&dev, names[i], &found) != FW_OK)
			continue;
		fuzz_must(found.size > 0 && found.offset % dev.block_bytes == 0 && found.size % dev.block_bytes == 0);
		fuzz_must(found.offset <= dev.size_bytes && found.size <= dev.size_bytes - found.offset);
	}
}
