/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest parser: a good manifest comes back as written; each damage is refused for the right reason. */

#include "sample.h"

#include <stdlib.h>
#include <string.h>

#include "../../../firmware/update/bytes.h"
#include "../tap.h"

static uint8_t bytes[MANIFEST_BYTES_MAX];
static struct manifest in, out;

/* Parses from a copy of exactly the signed size, so that the sanitizer sees a read beyond it. */
static enum fw_err parse(uint64_t signed_bytes)
{
	uint8_t *copy = malloc(signed_bytes);
	enum fw_err err;

	memcpy(copy, bytes, signed_bytes);
	err = manifest_parse(copy, signed_bytes, SAMPLE_SLOT_BYTES, &out);
	free(copy);
	return err;
}

static enum fw_err parse_in(void)
{
	uint64_t size;

	sample_encode(&in, bytes, &size);
	return parse(size);
}

static void good_manifest_comes_back(void)
{
	sample_manifest(&in);
	CHECK(parse_in() == FW_OK);
	CHECK(memcmp(&in, &out, sizeof(in)) == 0);
}

static void find_range_wants_all_bytes(void)
{
	sample_manifest(&in);
	CHECK(manifest_find_range(&in, 0x50200000, 0x100000) == &in.range[1]);
	CHECK(manifest_find_range(&in, 0x50200000, 0x100001) == NULL);
	CHECK(manifest_find_range(&in, 0x501fffff, 2) == NULL);
	CHECK(manifest_find_range(&in, 0x50200000, UINT64_MAX) == NULL);
}

/* One field of the sample changed, and what is said to it. */
#define REFUSES(change, err)                         \
	do {                                         \
		sample_manifest(&in);                \
		change;                              \
		CHECK(parse_in() == (err));          \
	} while (0)

/* The sample without its item `tag`. */
static uint64_t without(uint32_t tag)
{
	uint64_t size, at = 16, length;

	sample_manifest(&in);
	sample_encode(&in, bytes, &size);
	while (at < size) {
		length = 16 + ((get_le64(bytes + at + 8) + 7) & ~7ull);
		if (get_le32(bytes + at) == (tag | TAG_CRITICAL)) {
			memmove(bytes + at, bytes + at + length, size - at - length);
			size -= length;
		} else {
			at += length;
		}
	}
	put_le64(bytes + 8, size);
	return size;
}

static void missing_parts_are_refused(void)
{
	REFUSES(in.component_count = 0, FW_ERR_COUNT);
	REFUSES(in.load_count = 0, FW_ERR_COUNT);
	REFUSES(in.range_count = 0, FW_ERR_COUNT);
	REFUSES(in.ram_count = 0, FW_ERR_COUNT);
	REFUSES(in.cpu_count = 0, FW_ERR_COUNT);
	CHECK(parse(without(TAG_BOARD)) == FW_ERR_COUNT);
	CHECK(parse(without(TAG_GIC)) == FW_ERR_COUNT);
	CHECK(parse(without(TAG_IOMMU)) == FW_OK && out.iommu_version == 0 && out.iommu == 0);
}

static void bad_text_is_refused(void)
{
	REFUSES(memset(in.name, 'a', sizeof(in.name)), FW_ERR_TEXT);
	REFUSES(in.name[0] = 0, FW_ERR_TEXT);
	REFUSES(in.version[20] = 'x', FW_ERR_TEXT);
	REFUSES(in.arch[1] = '\n', FW_ERR_TEXT);
	REFUSES(in.board[0] = (char)0x80, FW_ERR_TEXT);
	REFUSES(in.compatible[0] = 0, FW_ERR_TEXT);
	REFUSES(in.compatible[20] = 'x', FW_ERR_TEXT);
	REFUSES(memset(in.compatible, 'a', sizeof(in.compatible)), FW_ERR_TEXT);
	REFUSES(memset(in.compatible, 'a', sizeof(in.compatible) - 1), FW_OK);
	REFUSES(in.component[0].name[1] = ' ', FW_ERR_TEXT);
	REFUSES(in.range[0].name[0] = 0, FW_ERR_TEXT);
}

static void bad_components_are_refused(void)
{
	REFUSES(in.component[0].type = 0, FW_ERR_VALUE);
	REFUSES(in.component[0].type = COMPONENT_DATA + 1, FW_ERR_VALUE);
	REFUSES(in.component[0].size = 0, FW_ERR_VALUE);
	REFUSES(in.component[0].offset += 512, FW_ERR_VALUE);
	REFUSES(in.component[0].offset = 0, FW_ERR_VALUE);
	REFUSES(in.component[1].size = SAMPLE_SLOT_BYTES, FW_ERR_LENGTH);
	REFUSES(in.component[1].size = UINT64_MAX, FW_ERR_LENGTH);
	REFUSES(in.component[1].offset = UINT64_MAX - 4095, FW_ERR_LENGTH);
	REFUSES(in.component[1].offset = in.component[0].offset, FW_ERR_OVERLAP);
	REFUSES(memcpy(in.component[1].name, in.component[0].name, MANIFEST_TEXT_BYTES), FW_ERR_COUNT);
}

static void bad_ranges_are_refused(void)
{
	REFUSES(in.range[0].size = 0, FW_ERR_LENGTH);
	REFUSES(in.range[0].size = UINT64_MAX, FW_ERR_LENGTH);
	REFUSES(in.range[1].base -= 4096, FW_ERR_OVERLAP);
	REFUSES(in.ram[0].size = 0, FW_ERR_LENGTH);
	REFUSES(in.ram[0].size = UINT64_MAX, FW_ERR_LENGTH);
}

static void bad_loads_are_refused(void)
{
	REFUSES(in.load[1].component = 2, FW_ERR_VALUE);
	REFUSES(in.load[1].component = UINT32_MAX, FW_ERR_VALUE);
	REFUSES(in.load[1].size = 0, FW_ERR_VALUE);
	REFUSES(in.load[0].clear = 4999, FW_ERR_VALUE);
	REFUSES(in.load[1].size = 12289, FW_ERR_LENGTH);
	REFUSES(in.load[2].source = 4097, FW_ERR_LENGTH);
	REFUSES(in.load[2].source = UINT64_MAX, FW_ERR_LENGTH);
	REFUSES(in.load[1].target = 0x50300000, FW_ERR_OUTSIDE);
	REFUSES(in.load[1].target = 0x502ff000, FW_ERR_OUTSIDE);
	REFUSES(in.load[1].target = UINT64_MAX - 100, FW_ERR_OUTSIDE);
	REFUSES(in.load[0].clear = 0x200001, FW_ERR_OUTSIDE);
	REFUSES(in.load[1].target = 0x50000000, FW_ERR_OVERLAP);
	REFUSES(in.load[0].clear = 0x200000, FW_ERR_OVERLAP);
	REFUSES(in.clear[0].size = 0x10000001, FW_ERR_OUTSIDE);
	REFUSES(in.clear[0].size = 0, FW_ERR_OUTSIDE);
}

static void bad_entries_are_refused(void)
{
	REFUSES(in.entry = 0, FW_ERR_VALUE);
	REFUSES(in.entry = 0x50000004, FW_ERR_OUTSIDE);
	REFUSES(in.component[0].type = COMPONENT_DATA, FW_ERR_OUTSIDE);
	REFUSES(in.load[0].source = 4; in.load[0].size = 4996, FW_ERR_OUTSIDE);
	REFUSES(in.handoff += 4, FW_ERR_VALUE);
	REFUSES(in.handoff = 0x501fff00, FW_ERR_OUTSIDE);
	REFUSES(in.handoff = 0x70000000, FW_ERR_OUTSIDE);
	REFUSES(in.handoff = 0x50000100, FW_ERR_OVERLAP);
	REFUSES(in.gic_version = 4, FW_ERR_VALUE);
	REFUSES(in.iommu_version = 2, FW_ERR_VALUE);
}

static uint64_t put_again(uint32_t tag, uint64_t size, uint64_t times)
{
	static const uint8_t zeros[256] = { 0 };
	struct manifest_buffer buffer = { bytes, 0 };

	sample_manifest(&in);
	sample_encode(&in, bytes, &buffer.used);
	while (times-- > 0) {
		if (manifest_put_item(&buffer, tag, zeros, size) != FW_OK)
			abort();
	}
	manifest_seal(&buffer);
	return buffer.used;
}

static void tags_are_judged(void)
{
	CHECK(parse(put_again(77, 24, 1)) == FW_OK);
	CHECK(parse(put_again(77, 3, 1)) == FW_OK);
	CHECK(parse(put_again(77 | TAG_CRITICAL, 24, 1)) == FW_ERR_TAG);
	CHECK(parse(put_again(TAG_GIC | TAG_CRITICAL, 24, 1)) == FW_ERR_COUNT);
	CHECK(parse(put_again(TAG_BOARD | TAG_CRITICAL, 64, 1)) == FW_ERR_COUNT);
	CHECK(parse(put_again(TAG_IOMMU | TAG_CRITICAL, 16, 1)) == FW_ERR_COUNT);
	CHECK(parse(put_again(TAG_IDENTITY | TAG_CRITICAL, 168, 1)) == FW_ERR_COUNT);
	CHECK(parse(put_again(TAG_ENTRY | TAG_CRITICAL, 16, 1)) == FW_ERR_COUNT);
	CHECK(parse(put_again(TAG_CPU | TAG_CRITICAL, 16, 1)) == FW_ERR_LENGTH);
	CHECK(parse(put_again(TAG_CPU | TAG_CRITICAL, 4, 1)) == FW_ERR_LENGTH);
	CHECK(parse(put_again(TAG_CPU | TAG_CRITICAL, 8, MANIFEST_CPU_COUNT)) == FW_ERR_COUNT);
	CHECK(parse(put_again(TAG_RAM | TAG_CRITICAL, 16, MANIFEST_RAM_COUNT)) == FW_ERR_COUNT);
	CHECK(parse(put_again(TAG_CLEAR | TAG_CRITICAL, 16, MANIFEST_CLEAR_COUNT)) == FW_ERR_COUNT);
	CHECK(parse(put_again(TAG_LOAD | TAG_CRITICAL, 40, MANIFEST_LOAD_COUNT)) == FW_ERR_COUNT);
}

static void lists_are_bounded(void)
{
	uint64_t size;

	REFUSES(for (uint32_t i = 0; i < MANIFEST_COMPONENT_COUNT; i++) strncpy(in.component[i].name, "x", MANIFEST_TEXT_BYTES);
		in.component_count = MANIFEST_COMPONENT_COUNT, FW_ERR_COUNT);
	sample_encode(&in, bytes, &size);
	{
		struct manifest_buffer buffer = { bytes, size };
		uint8_t item[88] = { 'x' };

		CHECK(manifest_put_item(&buffer, TAG_COMPONENT | TAG_CRITICAL, item, sizeof(item)) == FW_OK);
		manifest_seal(&buffer);
		CHECK(parse(buffer.used) == FW_ERR_COUNT);
		CHECK(out.component_count == MANIFEST_COMPONENT_COUNT);
	}
	REFUSES(for (uint32_t i = 0; i < MANIFEST_RANGE_COUNT; i++) strncpy(in.range[i].name, "x", MANIFEST_TEXT_BYTES);
		in.range_count = MANIFEST_RANGE_COUNT, FW_ERR_LENGTH);
	sample_encode(&in, bytes, &size);
	{
		struct manifest_buffer buffer = { bytes, size };
		uint8_t item[48] = { 'x' };

		CHECK(manifest_put_item(&buffer, TAG_RANGE | TAG_CRITICAL, item, sizeof(item)) == FW_OK);
		manifest_seal(&buffer);
		CHECK(parse(buffer.used) == FW_ERR_COUNT);
	}
}

static void headers_are_judged(void)
{
	uint64_t size, found;

	sample_manifest(&in);
	sample_encode(&in, bytes, &size);
	CHECK(manifest_signed_bytes(bytes, MANIFEST_BYTES_MAX, &found) == FW_OK && found == size);
	CHECK(manifest_signed_bytes(bytes, 15, &found) == FW_ERR_LENGTH);
	CHECK(manifest_signed_bytes(bytes, size - 8, &found) == FW_ERR_LENGTH);
	CHECK(manifest_parse(bytes, MANIFEST_BYTES_MAX, SAMPLE_SLOT_BYTES, &out) == FW_ERR_LENGTH);
	put_le64(bytes + 8, size - 4);
	CHECK(manifest_signed_bytes(bytes, MANIFEST_BYTES_MAX, &found) == FW_ERR_LENGTH);
	put_le64(bytes + 8, 8);
	CHECK(manifest_signed_bytes(bytes, MANIFEST_BYTES_MAX, &found) == FW_ERR_LENGTH);
	put_le64(bytes + 8, UINT64_MAX - 7);
	CHECK(manifest_signed_bytes(bytes, MANIFEST_BYTES_MAX, &found) == FW_ERR_LENGTH);
	bytes[0] ^= 1;
	CHECK(manifest_signed_bytes(bytes, MANIFEST_BYTES_MAX, &found) == FW_ERR_MAGIC);
}

/* The first item is the identity: its length stands at byte 24. */
static void item_lengths_are_checked(void)
{
	static const uint64_t lengths[] = { 0, 167, 169, 1 << 20, UINT64_MAX, UINT64_MAX - 7, UINT64_MAX - 31, 1ull << 63 };
	uint64_t size;

	sample_manifest(&in);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		sample_encode(&in, bytes, &size);
		put_le64(bytes + 24, lengths[i]);
		CHECK(parse(size) != FW_OK);
	}
	sample_encode(&in, bytes, &size);
	put_le32(bytes + 20, 1);
	CHECK(parse(size) == FW_ERR_VALUE);
	/* A length whose padding wraps around, in an item that would be skipped. */
	size = put_again(77, 0, 1);
	put_le64(bytes + size - 8, UINT64_MAX);
	CHECK(parse(size) == FW_ERR_LENGTH);
	/* Padding that is not zero; an item header that is cut off; an item that is cut off in its padding. */
	size = put_again(77, 3, 1);
	bytes[size - 1] = 1;
	CHECK(parse(size) == FW_ERR_VALUE);
	size = put_again(77, 0, 1);
	put_le64(bytes + 8, size - 8);
	CHECK(parse(size - 8) == FW_ERR_LENGTH);
}

static void reserved_fields_are_zero(void)
{
	uint64_t size;

	/* The 32-bit zeros inside of GIC, IOMMU, COMPONENT and LOAD: found by their tags. */
	static const struct { uint32_t tag, at; } fields[] = { { TAG_GIC, 4 }, { TAG_IOMMU, 4 }, { TAG_COMPONENT, 36 }, { TAG_LOAD, 4 } };

	for (size_t f = 0; f < sizeof(fields) / sizeof(fields[0]); f++) {
		sample_manifest(&in);
		sample_encode(&in, bytes, &size);
		for (uint64_t at = 16; at < size; at += 16 + ((get_le64(bytes + at + 8) + 7) & ~7ull)) {
			if (get_le32(bytes + at) == (fields[f].tag | TAG_CRITICAL)) {
				bytes[at + 16 + fields[f].at] = 1;
				break;
			}
		}
		CHECK(parse(size) == FW_ERR_VALUE);
	}
}

static void every_cut_is_refused(void)
{
	uint64_t size;

	sample_manifest(&in);
	sample_encode(&in, bytes, &size);
	for (uint64_t cut = 16; cut < size; cut += 8) {
		put_le64(bytes + 8, cut);
		CHECK(parse(cut) != FW_OK);
	}
}

static void signatures_are_found_in_turn(void)
{
	static const uint8_t hash[32] = { 1 }, first[64] = { 2 }, second[100] = { 3 };
	struct manifest_buffer buffer = { bytes, 0 };
	struct manifest_signature s;
	uint64_t at;

	sample_manifest(&in);
	sample_encode(&in, bytes, &buffer.used);
	at = buffer.used;
	CHECK(manifest_put_signature(&buffer, 9, hash, second, sizeof(second)) == FW_OK);
	CHECK(manifest_put_item(&buffer, 55, hash, 5) == FW_OK);
	CHECK(manifest_put_item(&buffer, TAG_SIGNATURE, hash, 5) == FW_OK);
	CHECK(manifest_put_signature(&buffer, SIGNATURE_P256, hash, first, sizeof(first)) == FW_OK);
	CHECK(manifest_next_signature(bytes, MANIFEST_BYTES_MAX, &at, &s) == FW_OK && s.algorithm == 9 && s.size == 100);
	CHECK(manifest_next_signature(bytes, MANIFEST_BYTES_MAX, &at, &s) == FW_OK && s.algorithm == SIGNATURE_P256);
	CHECK(s.size == 64 && memcmp(s.key_hash, hash, 32) == 0 && memcmp(s.bytes, first, 64) == 0);
	CHECK(manifest_next_signature(bytes, MANIFEST_BYTES_MAX, &at, &s) == FW_ERR_NOT_FOUND);
	at = buffer.used;
	CHECK(manifest_next_signature(bytes, buffer.used, &at, &s) == FW_ERR_LENGTH);
}

static void writer_stops_at_the_end(void)
{
	static uint8_t large[5000];
	struct manifest_buffer buffer = { bytes, MANIFEST_BYTES_MAX - 24 };

	CHECK(manifest_put_item(&buffer, 1, large, 16) == FW_ERR_LENGTH);
	CHECK(manifest_put_item(&buffer, 1, large, UINT64_MAX) == FW_ERR_LENGTH);
	CHECK(manifest_put_signature(&buffer, 1, large, large, sizeof(large)) == FW_ERR_LENGTH);
	CHECK(manifest_put_item(&buffer, 1, large, 8) == FW_OK);
}

static void errors_have_words(void)
{
	for (int err = FW_OK; err >= FW_ERR_MEMORY; err--)
		CHECK(strcmp(fw_err_text((enum fw_err)err), "unknown error") != 0);
	CHECK(strcmp(fw_err_text((enum fw_err)-99), "unknown error") == 0);
	CHECK(strcmp(fw_err_text((enum fw_err)1), "unknown error") == 0);
}

int main(void)
{
	TEST(good_manifest_comes_back);
	TEST(find_range_wants_all_bytes);
	TEST(missing_parts_are_refused);
	TEST(bad_text_is_refused);
	TEST(bad_components_are_refused);
	TEST(bad_ranges_are_refused);
	TEST(bad_loads_are_refused);
	TEST(bad_entries_are_refused);
	TEST(tags_are_judged);
	TEST(lists_are_bounded);
	TEST(headers_are_judged);
	TEST(item_lengths_are_checked);
	TEST(reserved_fields_are_zero);
	TEST(every_cut_is_refused);
	TEST(signatures_are_found_in_turn);
	TEST(writer_stops_at_the_end);
	TEST(errors_have_words);
	return tap_done();
}
