/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: two copies of the slot record, as they stand on a disk. */

#include <stdlib.h>
#include <string.h>

#include "../../firmware/update/bytes.h"
#include "../../firmware/update/crc32.h"
#include "../../firmware/update/record.h"
#include "fuzz.h"

const char fuzz_name[] = "record";

size_t fuzz_seed(uint32_t which, uint8_t bytes[FUZZ_BYTES_MAX])
{
	struct record r = { .sequence = which, .preferred = which & 1 };

	r.slot[0].state = (enum slot_state)(which % 6);
	r.slot[1].state = (enum slot_state)(which / 6 % 6);
	record_write(&r, bytes);
	r.sequence = which >> 8;
	record_write(&r, bytes + RECORD_BYTES);
	return (size_t)RECORD_COPY_COUNT * RECORD_BYTES;
}

void fuzz_repair(uint8_t *bytes, size_t size)
{
	for (size_t at = 0; at + RECORD_BYTES <= size; at += RECORD_BYTES)
		put_le32(bytes + at + 508, crc32_of(bytes + at, 508));
}

static void check_choice(const struct record_choice *choice)
{
	static const enum fw_err fine[RECORD_COPY_COUNT] = { FW_OK, FW_OK };
	static struct record_choice again;
	uint8_t bytes[RECORD_COPY_COUNT][RECORD_BYTES];

	fuzz_must(record_slot_to_try(choice, 0) < SLOT_COUNT && record_slot_to_try(choice, 1) < SLOT_COUNT);
	fuzz_must(record_slot_to_try(choice, 0) != record_slot_to_try(choice, 1));
	if (choice->copy == SLOT_NONE)
		return;
	fuzz_must(choice->copy_err[choice->copy] == FW_OK);
	for (size_t slot = 0; slot < SLOT_COUNT; slot++)
		fuzz_must(strcmp(slot_state_text(choice->record.slot[slot].state), "unknown") != 0);
	/* What was read can be written, and is read the same. */
	record_write(&choice->record, bytes[0]);
	memset(bytes[1], 0, RECORD_BYTES);
	record_choose(bytes, fine, &again);
	fuzz_must(again.copy == 0);
	record_write(&again.record, bytes[1]);
	fuzz_must(memcmp(bytes[0], bytes[1], RECORD_BYTES) == 0);
}

void fuzz_run(const uint8_t *bytes, size_t size)
{
	static struct record_choice choice;
	uint8_t copies[RECORD_COPY_COUNT][RECORD_BYTES];
	enum fw_err err[RECORD_COPY_COUNT];

	memset(copies, 0, sizeof(copies));
	for (size_t copy = 0; copy < RECORD_COPY_COUNT; copy++) {
		err[copy] = (copy + 1) * RECORD_BYTES <= size ? FW_OK : FW_ERR_IO;
		if (err[copy] == FW_OK)
			memcpy(copies[copy], bytes + copy * RECORD_BYTES, RECORD_BYTES);
	}
	record_choose(copies, err, &choice);
	check_choice(&choice);
}
