/* SPDX-License-Identifier: Apache-2.0 */
/* The Internet checksum (RFC 1071), in pieces. It must not know what is summed. */

#include "gso.h"
#include "packet.h"

/* Eight bytes at a time: 2^16 = 1 modulo 2^16 - 1, so words of 32 bits may be summed as they are. */
static uint64_t sum_even(uint64_t sum, const uint8_t *bytes, size_t count)
{
	for (; count >= 8; bytes += 8, count -= 8)
		sum += (uint64_t)get_be32(bytes) + get_be32(bytes + 4);
	for (; count >= 2; bytes += 2, count -= 2)
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
	uint64_t sum = (c->sum >> 32) + (c->sum & 0xffffffff);

	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)((sum >> 16) + (sum & 0xffff));
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
