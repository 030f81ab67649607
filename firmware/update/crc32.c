/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32, a bit at a time: its inputs are a few kilobytes, and a table would be larger than them. */

#include "crc32.h"

uint32_t crc32_of(const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < size; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1u)));
	}
	return ~crc;
}
