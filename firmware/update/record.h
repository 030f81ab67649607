/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FW_RECORD_H
#define FW_RECORD_H

/*
 * The slot record: which slot to start, and how sure of it we are. Two copies, each the first 512 bytes of a partition
 * of its own. It must not know manifests: a record chooses, it does not vouch.
 *
 * Layout, little endian, 512 bytes:
 *   0  magic "BLKHDREC"      8  u32 version (1)      12  u32 preferred slot (0 a, 1 b)
 *  16  u64 sequence
 *  24  slot a, 48 bytes      72  slot b, 48 bytes
 *      0 u32 state   4 u32 tries left   8 u64 security version   16 SHA-256 of the manifest's signed bytes
 * 120  zero                508  u32 CRC-32 of bytes 0..507
 */

#include <stdbool.h>

#include "fw_err.h"

#define RECORD_BYTES		512u
#define RECORD_VERSION		1u
#define RECORD_COPY_COUNT	2u
#define SLOT_COUNT		2u
#define SLOT_NONE		UINT32_MAX

/* The numbers are on disks in the field. */
enum slot_state {
	SLOT_EMPTY = 0,		/* nothing there */
	SLOT_WRITING = 1,	/* an update is being written: incomplete */
	SLOT_STAGED = 2,	/* complete, never started */
	SLOT_TRIAL = 3,		/* started, not confirmed yet */
	SLOT_CONFIRMED = 4,	/* its critical partitions were healthy */
	SLOT_BAD = 5,		/* refused until an operator says otherwise */
};

struct record_slot {
	enum slot_state state;
	uint32_t tries;
	uint64_t security_version;
	uint8_t manifest_hash[32];
};

struct record {
	uint64_t sequence;
	uint32_t preferred;
	struct record_slot slot[SLOT_COUNT];
};

/* What the two copies say together. */
struct record_choice {
	enum fw_err copy_err[RECORD_COPY_COUNT];
	uint32_t copy;		/* the copy that counts, or SLOT_NONE */
	struct record record;	/* of that copy; without one, nothing is known and every slot may be tried */
};

const char *slot_state_text(enum slot_state state);

FW_MUST_CHECK enum fw_err record_parse(const uint8_t bytes[RECORD_BYTES], struct record *out);
void record_write(const struct record *record, uint8_t bytes[RECORD_BYTES]);

/* Takes the copy with the higher sequence among those that are whole; `err` are errors of reading, FW_OK for a copy that was read. */
void record_choose(const uint8_t copies[RECORD_COPY_COUNT][RECORD_BYTES], const enum fw_err err[RECORD_COPY_COUNT],
		   struct record_choice *out);

/* The `nth` slot to try (0 or 1), or SLOT_NONE. */
uint32_t record_slot_to_try(const struct record_choice *choice, uint32_t nth);

/* Whether the record allows to start this slot at all. */
bool record_slot_may_start(const struct record_choice *choice, uint32_t slot);

#endif
