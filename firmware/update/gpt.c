/* SPDX-License-Identifier: Apache-2.0 */
/* GPT, as UEFI specification 2.x chapter 5 lays it out: header and entries checked by CRC. It must not know partitions' uses. */

#include "gpt.h"

#include <stdbool.h>
#include <string.h>

#include "bytes.h"
#include "crc32.h"

enum {
	ENTRY_BYTES = 128,
	ENTRY_COUNT_MAX = 128,
	ENTRY_AT_FIRST = 32,
	ENTRY_AT_LAST = 40,
	ENTRY_AT_NAME = 56,
	NAME_UNITS = 36,
	HEADER_BYTES = 92,
};

static _Alignas(BLOCKDEV_BLOCK_MAX) uint8_t entries[ENTRY_BYTES * ENTRY_COUNT_MAX];

static enum fw_err check_header(uint8_t *header, uint64_t lba)
{
	uint32_t crc = get_le32(header + 16);

	if (memcmp(header, "EFI PART", 8) != 0)
		return FW_ERR_MAGIC;
	if (get_le32(header + 12) != HEADER_BYTES)
		return FW_ERR_LENGTH;
	put_le32(header + 16, 0);
	if (crc32_of(header, HEADER_BYTES) != crc)
		return FW_ERR_CRC;
	if (get_le64(header + 24) != lba || get_le32(header + 84) != ENTRY_BYTES || get_le32(header + 80) > ENTRY_COUNT_MAX)
		return FW_ERR_VALUE;
	return FW_OK;
}

static enum fw_err read_table(const struct blockdev *dev, uint64_t lba, uint32_t *count)
{
	static _Alignas(BLOCKDEV_BLOCK_MAX) uint8_t header[BLOCKDEV_BLOCK_MAX];
	const struct extent all = { 0, dev->size_bytes };
	uint64_t entries_lba;

	FW_TRY(blockdev_read(dev, &all, lba * dev->block_bytes, header, dev->block_bytes));
	FW_TRY(check_header(header, lba));
	*count = get_le32(header + 80);
	entries_lba = get_le64(header + 72);
	if (entries_lba > dev->size_bytes / dev->block_bytes)
		return FW_ERR_RANGE;
	FW_TRY(blockdev_read(dev, &all, entries_lba * dev->block_bytes, entries, (size_t)*count * ENTRY_BYTES));
	return crc32_of(entries, (size_t)*count * ENTRY_BYTES) == get_le32(header + 88) ? FW_OK : FW_ERR_CRC;
}

static bool name_is(const uint8_t *entry, const char *name)
{
	const uint8_t *unit = entry + ENTRY_AT_NAME;

	for (size_t i = 0; i < NAME_UNITS; i++, unit += 2) {
		if (unit[1] != 0 || unit[0] != (uint8_t)name[i])
			return false;
		if (name[i] == 0)
			return true;
	}
	return false;
}

static enum fw_err entry_extent(const struct blockdev *dev, const uint8_t *entry, struct extent *out)
{
	uint64_t blocks = dev->size_bytes / dev->block_bytes;
	uint64_t first = get_le64(entry + ENTRY_AT_FIRST);
	uint64_t last = get_le64(entry + ENTRY_AT_LAST);

#ifndef FUZZ_PLANT_GPT	/* the fault that the fuzzer's smoke run must find */
	if (first > last || last >= blocks)
		return FW_ERR_RANGE;
#else
	(void)blocks;
#endif
	out->offset = first * dev->block_bytes;
	out->size = (last - first + 1) * dev->block_bytes;
	return FW_OK;
}

enum fw_err gpt_find(const struct blockdev *dev, const char *name, struct extent *out)
{
	const uint8_t *found = NULL;
	uint32_t count;
	enum fw_err err;

	if (dev->size_bytes / dev->block_bytes < 3)
		return FW_ERR_RANGE;
	err = read_table(dev, 1, &count);
	if (err != FW_OK && read_table(dev, dev->size_bytes / dev->block_bytes - 1, &count) != FW_OK)
		return err;
	for (uint32_t i = 0; i < count; i++) {
		if (!name_is(entries + i * ENTRY_BYTES, name))
			continue;
		if (found)
			return FW_ERR_COUNT;
		found = entries + i * ENTRY_BYTES;
	}
	return found ? entry_extent(dev, found, out) : FW_ERR_NOT_FOUND;
}
