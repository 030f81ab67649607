/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGE_MANIFEST_WRITE_H
#define IMAGE_MANIFEST_WRITE_H

/* The encoder of manifests, for host tools and tests: firmware/update only reads. It must not know files or keys. */

#include "../update/manifest.h"

/* A buffer of MANIFEST_BYTES_MAX bytes that is filled from its start. */
struct manifest_buffer {
	uint8_t *bytes;
	uint64_t used;
};

/* Each returns FW_ERR_LENGTH when the buffer is full. */
FW_MUST_CHECK enum fw_err manifest_put_item(struct manifest_buffer *to, uint32_t tag, const void *value, uint64_t size);

/* Header and all items of `m`; the header's count of signed bytes is right afterwards. */
FW_MUST_CHECK enum fw_err manifest_write(const struct manifest *m, struct manifest_buffer *to);

/* To be called after more items were put, before anything is signed. */
void manifest_seal(struct manifest_buffer *to);

FW_MUST_CHECK enum fw_err manifest_put_signature(struct manifest_buffer *to, uint32_t algorithm,
						 const uint8_t key_hash[MANIFEST_HASH_BYTES], const uint8_t *signature, uint64_t size);

#endif
