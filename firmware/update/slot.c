/* SPDX-License-Identifier: Apache-2.0 */
/* Reading slots and records from a disk. Nothing is parsed before its signature has verified. It must not know EFI. */

#include "slot.h"

#include <string.h>

#include "bytes.h"

enum { PIECE_BYTES = 1 << 20 };

static enum fw_err verify(const uint8_t *buffer, uint64_t size, uint64_t signed_bytes, const struct slot_key *key)
{
	uint8_t hash[CRYPTO_SHA256_BYTES], key_hash[CRYPTO_SHA256_BYTES];
	struct manifest_signature signature;
	uint64_t at = signed_bytes;

	crypto_sha256(buffer, (size_t)signed_bytes, hash);
	crypto_sha256(key->p256, sizeof(key->p256), key_hash);
	while (manifest_next_signature(buffer, size, &at, &signature) == FW_OK) {
		if (signature.algorithm != SIGNATURE_P256 || signature.size != SIGNATURE_P256_BYTES)
			continue;
		if (memcmp(signature.key_hash, key_hash, sizeof(key_hash)) == 0)
			return crypto_p256_verify(key->p256, hash, signature.bytes);
	}
	return FW_ERR_SIGNATURE;
}

enum fw_err slot_read_manifest(const struct blockdev *dev, const struct extent *slot, const struct slot_key *key,
			       uint8_t *buffer, struct manifest *out)
{
	uint64_t signed_bytes;

	FW_TRY(blockdev_read(dev, slot, 0, buffer, MANIFEST_BYTES_MAX));
	FW_TRY(manifest_signed_bytes(buffer, MANIFEST_BYTES_MAX, &signed_bytes));
	FW_TRY(verify(buffer, MANIFEST_BYTES_MAX, signed_bytes, key));
	return manifest_parse(buffer, signed_bytes, slot->size, out);
}

enum fw_err slot_read_component(const struct blockdev *dev, const struct extent *slot,
				const struct manifest_component *component, uint8_t *to, void (*progress)(void))
{
	uint8_t found[CRYPTO_SHA256_BYTES];
	struct crypto_sha256 hash;

	crypto_sha256_begin(&hash);
	for (uint64_t done = 0; done < component->size;) {
		uint64_t left = component->size - done;
		size_t piece = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;

		FW_TRY(blockdev_read(dev, slot, component->offset + done, to + done, piece));
		crypto_sha256_add(&hash, to + done, piece);
		done += piece;
		if (progress)
			progress();
	}
	crypto_sha256_end(&hash, found);
	return memcmp(found, component->hash, sizeof(found)) == 0 ? FW_OK : FW_ERR_HASH;
}

void slot_read_record(const struct blockdev *dev, const struct extent copies[2], struct record_choice *out)
{
	static _Alignas(BLOCKDEV_BLOCK_MAX) uint8_t block[RECORD_BYTES];
	uint8_t bytes[RECORD_COPY_COUNT][RECORD_BYTES];
	enum fw_err err[RECORD_COPY_COUNT];

	for (size_t copy = 0; copy < RECORD_COPY_COUNT; copy++) {
		err[copy] = blockdev_read(dev, &copies[copy], 0, block, RECORD_BYTES);
		memcpy(bytes[copy], block, RECORD_BYTES);
	}
	record_choose(bytes, err, out);
}
