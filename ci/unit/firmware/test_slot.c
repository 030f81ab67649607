/* SPDX-License-Identifier: Apache-2.0 */
/* Slots as a whole: signed, written to a disk in memory, read back; each damage is refused. The key is that of RFC 6979, A.2.5. */

#include "../../../firmware/update/slot.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../../firmware/image/sign.h"
#include "../../../firmware/update/bytes.h"
#include "../tap.h"
#include "sample.h"

static const uint8_t key_der[] = {
	0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20, 0xc9, 0xaf, 0xa9, 0xd8, 0x45, 0xba, 0x75, 0x16, 0x6b, 0x5c,
	0x21, 0x57, 0x67, 0xb1, 0xd6, 0x93, 0x4e, 0x50, 0xc3, 0xdb, 0x36, 0xe8, 0x9b, 0x12, 0x7b, 0x8a, 0x62,
	0x2b, 0x12, 0x0f, 0x67, 0x21, 0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
};
static const uint8_t sample_signature[64] = {
	0xef, 0xd4, 0x8b, 0x2a, 0xac, 0xb6, 0xa8, 0xfd, 0x11, 0x40, 0xdd, 0x9c, 0xd4, 0x5e, 0x81, 0xd6,
	0x9d, 0x2c, 0x87, 0x7b, 0x56, 0xaa, 0xf9, 0x91, 0xc3, 0x4d, 0x0e, 0xa8, 0x4e, 0xaf, 0x37, 0x16,
	0xf7, 0xcb, 0x1c, 0x94, 0x2d, 0x65, 0x7c, 0x41, 0xd4, 0x36, 0xc7, 0xa1, 0xb6, 0xe2, 0x9f, 0x65,
	0xf3, 0xe9, 0x00, 0xdb, 0xb9, 0xaf, 0xf4, 0x06, 0x4d, 0xc4, 0xab, 0x2f, 0x84, 0x3a, 0xcd, 0xa8,
};

static char key_path[] = "/tmp/bulkhead-test-key-XXXXXX";
static struct slot_key key;
static struct sample_disk disk;
static const struct extent slot = { SAMPLE_SLOT_AT, SAMPLE_SLOT_BYTES };
static struct manifest in, out;
static _Alignas(4096) uint8_t buffer[MANIFEST_BYTES_MAX];
static _Alignas(4096) uint8_t content[16384];
static uint64_t signed_bytes;
static unsigned int progress_count;

static void sign_into(struct manifest_buffer *to)
{
	uint8_t hash[32], key_hash[32], signature[64];

	crypto_sha256(to->bytes, signed_bytes, hash);
	crypto_sha256(key.p256, sizeof(key.p256), key_hash);
	sign_p256(key_path, hash, signature);
	if (manifest_put_signature(to, SIGNATURE_P256, key_hash, signature, 64) != FW_OK)
		abort();
}

static void write_slot(void)
{
	uint8_t *at = disk.bytes + SAMPLE_SLOT_AT;
	struct manifest_buffer to = { at, 0 };

	sample_encode(&in, at, &signed_bytes);
	to.used = signed_bytes;
	sign_into(&to);
	for (uint32_t c = 0; c < in.component_count; c++) {
		for (uint64_t i = 0; i < in.component[c].size; i++)
			at[in.component[c].offset + i] = sample_byte(c, i);
	}
}

static void begin(void)
{
	sample_disk_init(&disk, 512, SAMPLE_DISK_BYTES);
	sample_manifest(&in);
	write_slot();
}

static enum fw_err read_manifest(void)
{
	return slot_read_manifest(&disk.dev, &slot, &key, buffer, &out);
}

static void count_progress(void)
{
	progress_count++;
}

static void signing_is_deterministic(void)
{
	uint8_t hash[32], signature[64];

	crypto_sha256("sample", 6, hash);
	sign_p256(key_path, hash, signature);
	CHECK(memcmp(signature, sample_signature, 64) == 0);
	CHECK(crypto_p256_verify(key.p256, hash, sample_signature) == FW_OK);
}

static void bad_signatures_are_refused(void)
{
	uint8_t hash[32], signature[64], bad_key[65];

	crypto_sha256("sample", 6, hash);
	for (size_t i = 0; i < 64; i++) {
		memcpy(signature, sample_signature, 64);
		signature[i] ^= 1;
		CHECK(crypto_p256_verify(key.p256, hash, signature) == FW_ERR_SIGNATURE);
	}
	memset(signature, 0, 64);
	CHECK(crypto_p256_verify(key.p256, hash, signature) == FW_ERR_SIGNATURE);
	hash[0] ^= 1;
	CHECK(crypto_p256_verify(key.p256, hash, sample_signature) == FW_ERR_SIGNATURE);
	memcpy(bad_key, key.p256, 65);
	bad_key[64] ^= 1;
	CHECK(crypto_p256_verify(bad_key, hash, sample_signature) == FW_ERR_SIGNATURE);
	bad_key[0] = 0;
	CHECK(crypto_p256_verify(bad_key, hash, sample_signature) == FW_ERR_SIGNATURE);
}

static void good_slot_is_read(void)
{
	begin();
	CHECK(read_manifest() == FW_OK);
	CHECK(memcmp(&in, &out, sizeof(in)) == 0);
	progress_count = 0;
	CHECK(slot_read_component(&disk.dev, &slot, &out.component[0], content, count_progress) == FW_OK);
	CHECK(progress_count == 1 && content[4999] == sample_byte(0, 4999));
	CHECK(slot_read_component(&disk.dev, &slot, &out.component[1], content, NULL) == FW_OK);
	sample_disk_free(&disk);
}

/* Every signed byte, the signature, the key's name: a change is never accepted. */
static void no_signed_byte_can_change(void)
{
	begin();
	for (uint64_t i = 0; i < signed_bytes + 16 + 40 + 64; i += i < signed_bytes ? 61 : 7) {
		disk.bytes[SAMPLE_SLOT_AT + i] ^= 0x10;
		CHECK(read_manifest() != FW_OK);
		disk.bytes[SAMPLE_SLOT_AT + i] ^= 0x10;
	}
	CHECK(read_manifest() == FW_OK);
	sample_disk_free(&disk);
}

static void unsigned_manifest_is_not_parsed(void)
{
	begin();
	memset(&out, 0x77, sizeof(out));
	disk.bytes[SAMPLE_SLOT_AT + 40] ^= 1;
	CHECK(read_manifest() == FW_ERR_SIGNATURE);
	CHECK(out.component_count == 0x77777777);
	memset(disk.bytes + SAMPLE_SLOT_AT + signed_bytes, 0, 256);
	CHECK(read_manifest() == FW_ERR_SIGNATURE);
	sample_disk_free(&disk);
}

static void other_keys_are_passed_over(void)
{
	struct manifest_buffer to;
	static const uint8_t other[32] = { 9 }, noise[64] = { 8 };

	begin();
	to = (struct manifest_buffer){ disk.bytes + SAMPLE_SLOT_AT, signed_bytes };
	CHECK(manifest_put_signature(&to, SIGNATURE_P256, other, noise, 64) == FW_OK);
	CHECK(manifest_put_signature(&to, 2, other, noise, 50) == FW_OK);
	CHECK(read_manifest() == FW_ERR_SIGNATURE);
	sign_into(&to);
	CHECK(read_manifest() == FW_OK);
	sample_disk_free(&disk);
}

static void signed_nonsense_is_refused(void)
{
	begin();
	in.load[1].target = 0;
	write_slot();
	CHECK(read_manifest() == FW_ERR_OUTSIDE);
	memset(disk.bytes, 0, SAMPLE_DISK_BYTES);
	CHECK(read_manifest() == FW_ERR_MAGIC);
	disk.fail_at = SAMPLE_SLOT_AT + 100;
	CHECK(read_manifest() == FW_ERR_IO);
	sample_disk_free(&disk);
}

static void changed_component_is_refused(void)
{
	begin();
	CHECK(read_manifest() == FW_OK);
	disk.bytes[SAMPLE_SLOT_AT + out.component[1].offset + 12287] ^= 1;
	CHECK(slot_read_component(&disk.dev, &slot, &out.component[1], content, NULL) == FW_ERR_HASH);
	CHECK(slot_read_component(&disk.dev, &slot, &out.component[0], content, NULL) == FW_OK);
	disk.fail_at = SAMPLE_SLOT_AT + out.component[0].offset + 4999;
	CHECK(slot_read_component(&disk.dev, &slot, &out.component[0], content, NULL) == FW_ERR_IO);
	sample_disk_free(&disk);
}

static void records_are_read(void)
{
	struct extent copies[2] = { { 0, 1024 }, { 4096, 1024 } };
	struct record_choice choice;
	struct record record = { .sequence = 3 };

	begin();
	record_write(&record, disk.bytes + 4096);
	slot_read_record(&disk.dev, copies, &choice);
	CHECK(choice.copy == 1 && choice.copy_err[0] == FW_ERR_MAGIC && choice.record.sequence == 3);
	copies[1].size = 0;
	slot_read_record(&disk.dev, copies, &choice);
	CHECK(choice.copy == SLOT_NONE && choice.copy_err[1] == FW_ERR_RANGE);
	sample_disk_free(&disk);
}

int main(void)
{
	int file = mkstemp(key_path);

	if (file < 0 || write(file, key_der, sizeof(key_der)) != (ssize_t)sizeof(key_der) || close(file) != 0)
		return 1;
	sign_read_public(key_path, &key);
	TEST(signing_is_deterministic);
	TEST(bad_signatures_are_refused);
	TEST(good_slot_is_read);
	TEST(no_signed_byte_can_change);
	TEST(unsigned_manifest_is_not_parsed);
	TEST(other_keys_are_passed_over);
	TEST(signed_nonsense_is_refused);
	TEST(changed_component_is_refused);
	TEST(records_are_read);
	unlink(key_path);
	return tap_done();
}
