/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FW_BYTES_H
#define FW_BYTES_H

/* Little-endian fields in byte arrays, and range arithmetic that cannot wrap. It must not know any layout. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint32_t get_le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t get_le64(const uint8_t *p)
{
	return get_le32(p) | (uint64_t)get_le32(p + 4) << 32;
}

static inline void put_le32(uint8_t *p, uint32_t value)
{
	for (unsigned int i = 0; i < 4; i++)
		p[i] = (uint8_t)(value >> (8 * i));
}

static inline void put_le64(uint8_t *p, uint64_t value)
{
	put_le32(p, (uint32_t)value);
	put_le32(p + 4, (uint32_t)(value >> 32));
}

/* Whether [base, base + size) lies in [0, limit]. */
static inline bool range_fits(uint64_t base, uint64_t size, uint64_t limit)
{
	return base <= limit && size <= limit - base;
}

/* Whether `base + size` can be represented. */
static inline bool range_is_sane(uint64_t base, uint64_t size)
{
	return size <= UINT64_MAX - base;
}

/* Both ranges are sane. An empty range overlaps nothing. */
static inline bool range_overlaps(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a_size != 0 && b_size != 0 && a < b + b_size && b < a + a_size;
}

/* Both ranges are sane. */
static inline bool range_contains(uint64_t outer, uint64_t outer_size, uint64_t base, uint64_t size)
{
	return base >= outer && range_fits(base - outer, size, outer_size);
}

#endif
