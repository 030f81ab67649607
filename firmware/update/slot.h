/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FW_SLOT_H
#define FW_SLOT_H

/* A slot on a disk: its manifest, verified before it is parsed, and its components, hashed as they are read. It must not know EFI. */

#include "blockdev.h"
#include "crypto.h"
#include "manifest.h"
#include "record.h"

/* A key that we accept. */
struct slot_key {
	uint8_t p256[KEY_P256_BYTES];
};

/* Reads the manifest into `buffer` (MANIFEST_BYTES_MAX bytes, block-aligned), verifies it with `key`, then parses it. */
FW_MUST_CHECK enum fw_err slot_read_manifest(const struct blockdev *dev, const struct extent *slot, const struct slot_key *key,
					     uint8_t *buffer, struct manifest *out);

/* Reads a component to `to`, which has room for its size, in pieces, and compares its hash. `progress` (or NULL) is called after each piece. */
FW_MUST_CHECK enum fw_err slot_read_component(const struct blockdev *dev, const struct extent *slot,
					      const struct manifest_component *component, uint8_t *to, void (*progress)(void));

/* Reads and judges both copies of the record; a missing partition is given as an extent of no bytes. */
void slot_read_record(const struct blockdev *dev, const struct extent copies[2], struct record_choice *out);

#endif
