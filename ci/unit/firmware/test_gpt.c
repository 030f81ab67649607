/* SPDX-License-Identifier: Apache-2.0 */
/* GPT and checked reads, on disks in memory with blocks of 512 and 4096 bytes. */

#include "../../../firmware/update/gpt.h"

#include <string.h>

#include "../../../firmware/update/bytes.h"
#include "../../../firmware/update/crc32.h"
#include "../tap.h"
#include "sample.h"

static struct sample_disk disk;
static struct extent found;

static void put_entry(uint8_t *entry, const char *name, uint64_t first, uint64_t last)
{
	put_le64(entry + 32, first);
	put_le64(entry + 40, last);
	for (size_t i = 0; name[i]; i++)
		entry[56 + 2 * i] = (uint8_t)name[i];
}

static void seal_table(uint64_t header_lba, uint64_t entries_lba)
{
	uint8_t *header = disk.bytes + header_lba * disk.dev.block_bytes;
	uint8_t *entries = disk.bytes + entries_lba * disk.dev.block_bytes;

	memcpy(header, "EFI PART", 8);
	put_le32(header + 12, 92);
	put_le64(header + 24, header_lba);
	put_le64(header + 72, entries_lba);
	put_le32(header + 80, 8);
	put_le32(header + 84, 128);
	put_le32(header + 88, crc32_of(entries, 8 * 128));
	put_le32(header + 16, 0);
	put_le32(header + 16, crc32_of(header, 92));
}

static uint64_t last_lba(void)
{
	return disk.dev.size_bytes / disk.dev.block_bytes - 1;
}

/* Two tables that name other places, so that a test sees which one was read. */
static void make_disk(uint32_t block_bytes)
{
	sample_disk_init(&disk, block_bytes, SAMPLE_DISK_BYTES);
	put_entry(disk.bytes + 2 * block_bytes, "slot-a", 20, 29);
	put_entry(disk.bytes + 2 * block_bytes + 128, "slot-b", 30, 39);
	put_entry(disk.bytes + (last_lba() - 4) * block_bytes, "slot-a", 50, 50);
	seal_table(1, 2);
	seal_table(last_lba(), last_lba() - 4);
}

static uint8_t *primary(void)
{
	return disk.bytes + disk.dev.block_bytes;
}

static void names_are_found(void)
{
	for (uint32_t block_bytes = 512; block_bytes <= 4096; block_bytes *= 8) {
		make_disk(block_bytes);
		CHECK(gpt_find(&disk.dev, "slot-a", &found) == FW_OK);
		CHECK(found.offset == 20 * block_bytes && found.size == 10 * block_bytes);
		CHECK(gpt_find(&disk.dev, "slot-b", &found) == FW_OK && found.offset == 30 * block_bytes);
		CHECK(gpt_find(&disk.dev, "slot", &found) == FW_ERR_NOT_FOUND);
		CHECK(gpt_find(&disk.dev, "slot-a2", &found) == FW_ERR_NOT_FOUND);
		sample_disk_free(&disk);
	}
}

static void backup_serves(void)
{
	make_disk(512);
	primary()[40] ^= 1;
	CHECK(gpt_find(&disk.dev, "slot-a", &found) == FW_OK && found.offset == 50 * 512);
	CHECK(gpt_find(&disk.dev, "slot-b", &found) == FW_ERR_NOT_FOUND);
	disk.bytes[last_lba() * 512] ^= 1;
	CHECK(gpt_find(&disk.dev, "slot-a", &found) == FW_ERR_CRC);
	sample_disk_free(&disk);
}

/* With both headers the same, a fault of the primary is what is told. */
static enum fw_err with_field(size_t at, uint32_t value)
{
	enum fw_err err;

	make_disk(512);
	memset(disk.bytes + last_lba() * 512, 0, 512);
	put_le32(primary() + at, value);
	put_le32(primary() + 16, 0);
	put_le32(primary() + 16, crc32_of(primary(), 92));
	err = gpt_find(&disk.dev, "slot-a", &found);
	sample_disk_free(&disk);
	return err;
}

static void headers_are_judged(void)
{
	CHECK(with_field(72, 2) == FW_OK);
	CHECK(with_field(0, 0) == FW_ERR_MAGIC);
	CHECK(with_field(12, 512) == FW_ERR_LENGTH);
	CHECK(with_field(24, 2) == FW_ERR_VALUE);
	CHECK(with_field(84, 256) == FW_ERR_VALUE);
	CHECK(with_field(80, 129) == FW_ERR_VALUE);
	CHECK(with_field(80, UINT32_MAX) == FW_ERR_VALUE);
	CHECK(with_field(88, 1) == FW_ERR_CRC);
	CHECK(with_field(72, 4000) == FW_ERR_RANGE);
	CHECK(with_field(76, UINT32_MAX) == FW_ERR_RANGE);
}

static enum fw_err with_entry(uint64_t first, uint64_t last, const char *other)
{
	enum fw_err err;

	make_disk(512);
	put_entry(disk.bytes + 1024, "slot-a", first, last);
	if (other)
		put_entry(disk.bytes + 1024 + 7 * 128, other, 60, 60);
	seal_table(1, 2);
	err = gpt_find(&disk.dev, "slot-a", &found);
	sample_disk_free(&disk);
	return err;
}

static void entries_are_judged(void)
{
	CHECK(with_entry(20, 20, NULL) == FW_OK && found.size == 512);
	CHECK(with_entry(21, 20, NULL) == FW_ERR_RANGE);
	CHECK(with_entry(20, SAMPLE_DISK_BYTES / 512, NULL) == FW_ERR_RANGE);
	CHECK(with_entry(20, UINT64_MAX, NULL) == FW_ERR_RANGE);
	CHECK(with_entry(20, 20, "slot-a") == FW_ERR_COUNT);
	CHECK(with_entry(20, 20, "exactly-thirty-six-characters-long--") == FW_OK);
}

static void failing_disks_are_told(void)
{
	make_disk(512);
	disk.fail_at = 512;
	CHECK(gpt_find(&disk.dev, "slot-a", &found) == FW_OK && found.offset == 50 * 512);
	disk.dev.size_bytes = 1024;
	CHECK(gpt_find(&disk.dev, "slot-a", &found) == FW_ERR_RANGE);
	sample_disk_free(&disk);
}

static void reads_are_checked(void)
{
	static _Alignas(4096) uint8_t to[8192];
	struct extent e = { 4096, 3000 };

	sample_disk_init(&disk, 512, SAMPLE_DISK_BYTES);
	for (size_t i = 0; i < SAMPLE_DISK_BYTES; i++)
		disk.bytes[i] = sample_byte(0, i);
	CHECK(blockdev_read(&disk.dev, &e, 512, to, 1000) == FW_OK && memcmp(to, disk.bytes + 4608, 1000) == 0 && to[1000] == 0);
	CHECK(blockdev_read(&disk.dev, &e, 0, to, 3000) == FW_OK && memcmp(to, disk.bytes + 4096, 3000) == 0);
	CHECK(blockdev_read(&disk.dev, &e, 0, to, 0) == FW_OK);
	CHECK(blockdev_read(&disk.dev, &e, 0, to, 3001) == FW_ERR_RANGE);
	CHECK(blockdev_read(&disk.dev, &e, UINT64_MAX - 511, to, 1024) == FW_ERR_RANGE);
	CHECK(blockdev_read(&disk.dev, &e, 1, to, 1) == FW_ERR_RANGE);
	e = (struct extent){ SAMPLE_DISK_BYTES - 512, 1024 };
	CHECK(blockdev_read(&disk.dev, &e, 0, to, 1) == FW_ERR_RANGE);
	disk.dev.size_bytes = SAMPLE_DISK_BYTES - 100;
	e = (struct extent){ SAMPLE_DISK_BYTES - 512, 412 };
	CHECK(blockdev_read(&disk.dev, &e, 0, to, 10) == FW_ERR_RANGE);
	disk.dev.size_bytes = SAMPLE_DISK_BYTES;
	e = (struct extent){ 4096, 3000 };
	disk.fail_at = 4096;
	CHECK(blockdev_read(&disk.dev, &e, 0, to, 1000) == FW_ERR_IO);
	disk.fail_at = 4096 + 600;
	CHECK(blockdev_read(&disk.dev, &e, 0, to, 600) == FW_ERR_IO);
	sample_disk_free(&disk);
}

int main(void)
{
	TEST(names_are_found);
	TEST(backup_serves);
	TEST(headers_are_judged);
	TEST(entries_are_judged);
	TEST(failing_disks_are_told);
	TEST(reads_are_checked);
	return tap_done();
}
