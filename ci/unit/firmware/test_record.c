/* SPDX-License-Identifier: Apache-2.0 */
/* The slot record: layout, damage, and which copy and slot are chosen. */

#include "../../../firmware/update/record.h"

#include <string.h>

#include "../../../firmware/update/bytes.h"
#include "../../../firmware/update/crc32.h"
#include "../tap.h"

static uint8_t copies[RECORD_COPY_COUNT][RECORD_BYTES];
static const enum fw_err read_well[RECORD_COPY_COUNT] = { FW_OK, FW_OK };
static struct record_choice choice;

static struct record sample(uint64_t sequence, uint32_t preferred, enum slot_state a, enum slot_state b)
{
	struct record r = { .sequence = sequence, .preferred = preferred };

	r.slot[0].state = a;
	r.slot[1].state = b;
	r.slot[0].tries = 3;
	r.slot[1].security_version = 0x1122334455667788;
	memset(r.slot[0].manifest_hash, 0x5a, 32);
	return r;
}

static void put(uint32_t copy, uint64_t sequence, uint32_t preferred, enum slot_state a, enum slot_state b)
{
	struct record r = sample(sequence, preferred, a, b);

	record_write(&r, copies[copy]);
}

static void reseal(uint8_t *bytes)
{
	put_le32(bytes + 508, crc32_of(bytes, 508));
}

static void crc_is_the_usual_one(void)
{
	CHECK(crc32_of("123456789", 9) == 0xcbf43926);
	CHECK(crc32_of("", 0) == 0);
}

static void record_comes_back(void)
{
	struct record in = sample(1ull << 40, 1, SLOT_TRIAL, SLOT_CONFIRMED), out;

	memset(&out, 0, sizeof(out));
	record_write(&in, copies[0]);
	CHECK(record_parse(copies[0], &out) == FW_OK);
	CHECK(memcmp(&in, &out, sizeof(in)) == 0);
}

/* The layout is on disks in the field: these bytes do not move. */
static void layout_is_fixed(void)
{
	put(0, 0x0102030405060708, 1, SLOT_TRIAL, SLOT_BAD);
	CHECK(memcmp(copies[0], "BLKHDREC\1\0\0\0\1\0\0\0\x08\7\6\5\4\3\2\1", 24) == 0);
	CHECK(get_le32(copies[0] + 24) == 3 && get_le32(copies[0] + 28) == 3 && copies[0][40] == 0x5a);
	CHECK(get_le32(copies[0] + 72) == 5 && get_le64(copies[0] + 80) == 0x1122334455667788);
	CHECK(get_le32(copies[0] + 508) == crc32_of(copies[0], 508));
}

static void every_bit_counts(void)
{
	struct record out;

	put(0, 1, 0, SLOT_CONFIRMED, SLOT_EMPTY);
	for (unsigned int bit = 0; bit < RECORD_BYTES * 8; bit++) {
		copies[0][bit / 8] ^= (uint8_t)(1 << bit % 8);
		CHECK(record_parse(copies[0], &out) != FW_OK);
		copies[0][bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static enum fw_err changed(size_t at, uint8_t value)
{
	struct record out;

	put(0, 1, 0, SLOT_CONFIRMED, SLOT_EMPTY);
	copies[0][at] = value;
	reseal(copies[0]);
	return record_parse(copies[0], &out);
}

static void values_are_judged(void)
{
	CHECK(changed(0, 'X') == FW_ERR_MAGIC);
	CHECK(changed(8, 2) == FW_ERR_VERSION);
	CHECK(changed(12, 2) == FW_ERR_VALUE);
	CHECK(changed(24, 6) == FW_ERR_VALUE);
	CHECK(changed(72, 0xff) == FW_ERR_VALUE);
	CHECK(changed(120, 1) == FW_ERR_VALUE);
	CHECK(changed(507, 1) == FW_ERR_VALUE);
	CHECK(changed(24, 5) == FW_OK);
}

static void higher_sequence_counts(void)
{
	put(0, 5, 0, SLOT_CONFIRMED, SLOT_CONFIRMED);
	put(1, 6, 1, SLOT_CONFIRMED, SLOT_CONFIRMED);
	record_choose(copies, read_well, &choice);
	CHECK(choice.copy == 1 && choice.record.sequence == 6);
	put(0, UINT64_MAX, 0, SLOT_CONFIRMED, SLOT_CONFIRMED);
	record_choose(copies, read_well, &choice);
	CHECK(choice.copy == 0);
	put(1, UINT64_MAX, 1, SLOT_CONFIRMED, SLOT_CONFIRMED);
	record_choose(copies, read_well, &choice);
	CHECK(choice.copy == 0);
}

static void damaged_copy_does_not_count(void)
{
	static const enum fw_err broken[RECORD_COPY_COUNT] = { FW_OK, FW_ERR_IO };

	put(0, 5, 0, SLOT_CONFIRMED, SLOT_CONFIRMED);
	put(1, 6, 1, SLOT_CONFIRMED, SLOT_CONFIRMED);
	record_choose(copies, broken, &choice);
	CHECK(choice.copy == 0 && choice.copy_err[1] == FW_ERR_IO);
	copies[0][100] ^= 1;
	record_choose(copies, read_well, &choice);
	CHECK(choice.copy == 1 && choice.copy_err[0] == FW_ERR_CRC);
	copies[1][100] ^= 1;
	record_choose(copies, read_well, &choice);
	CHECK(choice.copy == SLOT_NONE);
}

static void preferred_slot_comes_first(void)
{
	put(0, 5, 1, SLOT_CONFIRMED, SLOT_TRIAL);
	memset(copies[1], 0, RECORD_BYTES);
	record_choose(copies, read_well, &choice);
	CHECK(choice.copy_err[1] == FW_ERR_MAGIC);
	CHECK(record_slot_to_try(&choice, 0) == 1 && record_slot_to_try(&choice, 1) == 0);
	CHECK(record_slot_to_try(&choice, 2) == SLOT_NONE);
}

static void without_record_every_slot_may_start(void)
{
	memset(copies, 0xff, sizeof(copies));
	record_choose(copies, read_well, &choice);
	CHECK(record_slot_to_try(&choice, 0) == 0 && record_slot_to_try(&choice, 1) == 1);
	CHECK(record_slot_may_start(&choice, 0) && record_slot_may_start(&choice, 1));
}

static void states_decide_who_may_start(void)
{
	static const bool may[] = { false, false, true, true, true, false };

	for (unsigned int state = SLOT_EMPTY; state <= SLOT_BAD; state++) {
		put(0, 5, 0, (enum slot_state)state, SLOT_EMPTY);
		put(1, 4, 0, SLOT_EMPTY, SLOT_EMPTY);
		record_choose(copies, read_well, &choice);
		CHECK(record_slot_may_start(&choice, 0) == may[state]);
		CHECK(!record_slot_may_start(&choice, 1));
	}
}

static void states_have_words(void)
{
	CHECK(strcmp(slot_state_text(SLOT_CONFIRMED), "confirmed") == 0);
	CHECK(strcmp(slot_state_text(SLOT_BAD), "bad") == 0);
	CHECK(strcmp(slot_state_text((enum slot_state)6), "unknown") == 0);
}

int main(void)
{
	TEST(crc_is_the_usual_one);
	TEST(record_comes_back);
	TEST(layout_is_fixed);
	TEST(every_bit_counts);
	TEST(values_are_judged);
	TEST(higher_sequence_counts);
	TEST(damaged_copy_does_not_count);
	TEST(preferred_slot_comes_first);
	TEST(without_record_every_slot_may_start);
	TEST(states_decide_who_may_start);
	TEST(states_have_words);
	return tap_done();
}
