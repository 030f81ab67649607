/* SPDX-License-Identifier: Apache-2.0 */
/* The slot record: parsing, writing and choosing. It must not know what is in a slot. */

#include "record.h"

#include <string.h>

#include "bytes.h"
#include "crc32.h"

static const uint8_t magic[8] = { 'B', 'L', 'K', 'H', 'D', 'R', 'E', 'C' };

enum {
	AT_VERSION = 8,
	AT_PREFERRED = 12,
	AT_SEQUENCE = 16,
	AT_SLOTS = 24,
	SLOT_BYTES = 48,
	AT_ZERO = AT_SLOTS + SLOT_BYTES * SLOT_COUNT,
	AT_CRC = RECORD_BYTES - 4,
};

static const char *const state_texts[] = { "empty", "writing", "staged", "trial", "confirmed", "bad" };

const char *slot_state_text(enum slot_state state)
{
	return (unsigned int)state <= SLOT_BAD ? state_texts[state] : "unknown";
}

static enum fw_err parse_slot(const uint8_t *at, struct record_slot *out)
{
	uint32_t state = get_le32(at);

#ifndef FUZZ_PLANT_RECORD	/* the fault that the fuzzer's smoke run must find */
	if (state > SLOT_BAD)
		return FW_ERR_VALUE;
#endif
	out->state = (enum slot_state)state;
	out->tries = get_le32(at + 4);
	out->security_version = get_le64(at + 8);
	memcpy(out->manifest_hash, at + 16, sizeof(out->manifest_hash));
	return FW_OK;
}

static enum fw_err check_frame(const uint8_t *bytes)
{
	if (memcmp(bytes, magic, sizeof(magic)) != 0)
		return FW_ERR_MAGIC;
	if (get_le32(bytes + AT_CRC) != crc32_of(bytes, AT_CRC))
		return FW_ERR_CRC;
	if (get_le32(bytes + AT_VERSION) != RECORD_VERSION)
		return FW_ERR_VERSION;
	for (size_t at = AT_ZERO; at < AT_CRC; at++) {
		if (bytes[at] != 0)
			return FW_ERR_VALUE;
	}
	return FW_OK;
}

enum fw_err record_parse(const uint8_t bytes[RECORD_BYTES], struct record *out)
{
	FW_TRY(check_frame(bytes));
	out->preferred = get_le32(bytes + AT_PREFERRED);
	out->sequence = get_le64(bytes + AT_SEQUENCE);
	if (out->preferred >= SLOT_COUNT)
		return FW_ERR_VALUE;
	for (size_t slot = 0; slot < SLOT_COUNT; slot++)
		FW_TRY(parse_slot(bytes + AT_SLOTS + slot * SLOT_BYTES, &out->slot[slot]));
	return FW_OK;
}

void record_write(const struct record *record, uint8_t bytes[RECORD_BYTES])
{
	memset(bytes, 0, RECORD_BYTES);
	memcpy(bytes, magic, sizeof(magic));
	put_le32(bytes + AT_VERSION, RECORD_VERSION);
	put_le32(bytes + AT_PREFERRED, record->preferred);
	put_le64(bytes + AT_SEQUENCE, record->sequence);
	for (size_t slot = 0; slot < SLOT_COUNT; slot++) {
		uint8_t *at = bytes + AT_SLOTS + slot * SLOT_BYTES;

		put_le32(at, (uint32_t)record->slot[slot].state);
		put_le32(at + 4, record->slot[slot].tries);
		put_le64(at + 8, record->slot[slot].security_version);
		memcpy(at + 16, record->slot[slot].manifest_hash, 32);
	}
	put_le32(bytes + AT_CRC, crc32_of(bytes, AT_CRC));
}

void record_choose(const uint8_t copies[RECORD_COPY_COUNT][RECORD_BYTES], const enum fw_err err[RECORD_COPY_COUNT],
		   struct record_choice *out)
{
	struct record read;

	memset(out, 0, sizeof(*out));
	out->copy = SLOT_NONE;
	for (uint32_t copy = 0; copy < RECORD_COPY_COUNT; copy++) {
		out->copy_err[copy] = err[copy] == FW_OK ? record_parse(copies[copy], &read) : err[copy];
		if (out->copy_err[copy] != FW_OK)
			continue;
		if (out->copy == SLOT_NONE || read.sequence > out->record.sequence) {
			out->copy = copy;
			out->record = read;
		}
	}
}

uint32_t record_slot_to_try(const struct record_choice *choice, uint32_t nth)
{
	if (nth >= SLOT_COUNT)
		return SLOT_NONE;
	return choice->copy == SLOT_NONE ? nth : choice->record.preferred ^ nth;
}

bool record_slot_may_start(const struct record_choice *choice, uint32_t slot)
{
	enum slot_state state;

	if (choice->copy == SLOT_NONE)
		return true;
	state = choice->record.slot[slot].state;
	return state == SLOT_STAGED || state == SLOT_TRIAL || state == SLOT_CONFIRMED;
}
