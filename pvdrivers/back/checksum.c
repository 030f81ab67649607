/* SPDX-License-Identifier: Apache-2.0 */
/* The Internet checksum (RFC 1071), in pieces. It must not know what is summed. */

#include <string.h>

#include "gso.h"
#include "packet.h"

/* A sum modulo 2^16 - 1 does not change by what order its parts are added in, nor by the width of the adder, as long as each carry comes
 * back in. Nor does it by the order of bytes, but that its own two are swapped (RFC 1071, 2). */
static uint64_t add(uint64_t sum, uint64_t word)
{
	sum += word;
	return sum + (sum < word);
}

static uint32_t fold(uint64_t sum)
{
	sum = (sum >> 32) + (sum & 0xffffffff);
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)((sum >> 16) + (sum & 0xffff));
}

static uint64_t word_at(const uint8_t *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

/* `count` is a multiple of 32. */
static uint32_t sum_words(const uint8_t *bytes, size_t count)
{
	uint64_t sum = 0;
	uint32_t folded;

	for (; count; bytes += 32, count -= 32)
		sum = add(add(add(add(sum, word_at(bytes)), word_at(bytes + 8)), word_at(bytes + 16)), word_at(bytes + 24));
	folded = fold(sum);
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? folded : (folded >> 8 | folded << 8) & 0xffff;
}

static uint64_t sum_even(uint64_t sum, const uint8_t *bytes, size_t count)
{
	size_t words = count & ~(size_t)31;

	sum += sum_words(bytes, words);
	bytes += words;
	for (count -= words; count >= 2; bytes += 2, count -= 2)
		sum += get_be16(bytes);
	return count ? sum + ((uint32_t)bytes[0] << 8) : sum;
}

void checksum_add(struct checksum *c, const uint8_t *bytes, size_t count)
{
	if (count == 0)
		return;
	if (c->is_odd) {
		c->sum += bytes[0];
		bytes++;
		count--;
	}
	c->sum = sum_even(c->sum, bytes, count);
	c->is_odd = count % 2 != 0;
}

uint16_t checksum_fold(const struct checksum *c)
{
	return (uint16_t)fold(c->sum);
}

uint16_t checksum_field(const struct checksum *c)
{
	uint16_t field = (uint16_t)~checksum_fold(c);

	return field ? field : 0xffff;
}

bool checksum_complete(uint8_t *frame, uint32_t bytes, uint16_t csum_start, uint16_t csum_offset)
{
	struct checksum c = { 0 };
	uint32_t field = (uint32_t)csum_start + csum_offset;

	if (field + 2 > bytes)
		return false;
	checksum_add(&c, frame + csum_start, bytes - csum_start);
	put_be16(frame + field, checksum_field(&c));
	return true;
}
