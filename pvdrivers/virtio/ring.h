/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIRTIO_RING_H
#define VIRTIO_RING_H

/*
 * Layouts of the rings (virtio 1.2, 2.7 and 2.8), and how the driver side touches its own. The device side touches a ring by window.h
 * alone. Private to this folder. It must not know which side includes it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "virtio.h"

/* A descriptor is two 64-bit words: the address, then length and three more fields, so that each field is read exactly once. */
#define RING_DESCRIPTOR_BYTES	16u

#define RING_NEXT		1u	/* flags of both kinds */
#define RING_WRITE		2u
#define RING_INDIRECT		4u
#define RING_AVAIL		0x80u	/* packed */
#define RING_USED		0x8000u	/* packed */

/* Split, second word: length, flags, next. */
static inline uint64_t split_word(uint32_t size, uint16_t flags, uint16_t next)
{
	return size | (uint64_t)flags << 32 | (uint64_t)next << 48;
}

static inline uint16_t split_flags(uint64_t word) { return (uint16_t)(word >> 32); }
static inline uint16_t split_next(uint64_t word) { return (uint16_t)(word >> 48); }

/* Packed, second word: length, buffer id, flags. */
static inline uint64_t packed_word(uint32_t size, uint16_t id, uint16_t flags)
{
	return size | (uint64_t)id << 32 | (uint64_t)flags << 48;
}

static inline uint16_t packed_id(uint64_t word) { return (uint16_t)(word >> 32); }
static inline uint16_t packed_flags(uint64_t word) { return (uint16_t)(word >> 48); }

/* Available ring (2.7.6), in 16-bit words: flags, index, entries, used_event. */
#define AVAIL_FLAGS		0u
#define AVAIL_INDEX		1u
#define AVAIL_ENTRY		2u
#define AVAIL_NO_INTERRUPT	1u
static inline uint64_t avail_bytes(uint16_t size) { return 6 + 2 * (uint64_t)size; }

/* Used ring (2.7.8), in 16-bit words: flags, index, entries of four words (id, length), avail_event. */
#define USED_FLAGS		0u
#define USED_INDEX		1u
#define USED_ENTRY		2u
#define USED_ENTRY_WORDS	4u
#define USED_NO_NOTIFY		1u
static inline uint64_t used_bytes(uint16_t size) { return 6 + 8 * (uint64_t)size; }
static inline uint32_t used_event_at(uint16_t size) { return USED_ENTRY + USED_ENTRY_WORDS * (uint32_t)size; }

/* Event suppression (2.8.14), one 32-bit word: position (offset, wrap counter in bit 15), then flags. */
#define EVENT_ENABLE		0u
#define EVENT_DISABLE		(1u << 16)
#define EVENT_DESCRIPTOR	(2u << 16)	/* with EVENT_IDX: at this position */
#define EVENT_FLAGS		(3u << 16)

/* A position in a packed ring: offset, and the wrap counter in bit 15. */
#define POSITION_WRAP		0x8000u

static inline uint16_t position_offset(uint16_t at) { return at & 0x7fff; }

static inline uint16_t position_add(uint16_t at, uint16_t slots, uint16_t size)
{
	uint32_t offset = (uint32_t)position_offset(at) + slots;

	if (offset >= size)
		return (uint16_t)((offset - size) | ((at & POSITION_WRAP) ^ POSITION_WRAP));
	return (uint16_t)(offset | (at & POSITION_WRAP));
}

/* Slots from one position on to another, which is at most one round ahead. */
static inline uint16_t position_distance(uint16_t from, uint16_t to, uint16_t size)
{
	uint16_t round = (from ^ to) & POSITION_WRAP ? size : 0;

	return (uint16_t)(position_offset(to) + round - position_offset(from));
}

/* Flags of a descriptor that the driver made available, or the device used, in the round of this position (2.8.1). */
static inline uint16_t packed_avail_flags(uint16_t at) { return at & POSITION_WRAP ? RING_AVAIL : RING_USED; }
static inline uint16_t packed_used_flags(uint16_t at) { return at & POSITION_WRAP ? RING_AVAIL | RING_USED : 0; }
static inline bool packed_is(uint16_t flags, uint16_t wanted) { return (flags & (RING_AVAIL | RING_USED)) == wanted; }

/* Whether the last `count` steps, which ended at index `now`, passed `event` (2.7.7, 2.7.10). */
static inline bool split_event_passed(uint16_t event, uint16_t now, uint16_t count)
{
	return count == UINT16_MAX || (uint16_t)(now - event - 1) < count;
}

/* The same with positions (2.8.10). A position outside of the ring is never passed. */
static inline bool packed_event_passed(uint16_t event, uint16_t now, uint16_t count, uint16_t size)
{
	int32_t back = position_offset(now) - position_offset(event) + ((event ^ now) & POSITION_WRAP ? size : 0);

	return count >= size || (back > 0 && back <= count);
}

/* Counts events since the last look; too many is all. */
static inline uint16_t count_more(uint16_t count, uint16_t more)
{
	return (uint32_t)count + more >= UINT16_MAX ? UINT16_MAX : (uint16_t)(count + more);
}

/*
 * The driver side's accesses. "load" is acquire, "store" is release, "put" has no order. ring_fence() orders what was stored before it
 * with what is loaded after it, which no acquire and no release does; both sides use it. The model check puts its own in the place.
 */
#ifdef RING_MODEL
uint16_t ring_load16(const uint16_t *at);
uint32_t ring_load32(const uint32_t *at);
uint64_t ring_load64(const uint64_t *at);
void ring_store16(uint16_t *at, uint16_t value);
void ring_store32(uint32_t *at, uint32_t value);
void ring_store64(uint64_t *at, uint64_t value);
void ring_put16(uint16_t *at, uint16_t value);
void ring_put64(uint64_t *at, uint64_t value);
void ring_fence(void);
#else
static inline uint16_t ring_load16(const uint16_t *at) { return __atomic_load_n(at, __ATOMIC_ACQUIRE); }
static inline uint32_t ring_load32(const uint32_t *at) { return __atomic_load_n(at, __ATOMIC_ACQUIRE); }
static inline uint64_t ring_load64(const uint64_t *at) { return __atomic_load_n(at, __ATOMIC_ACQUIRE); }
static inline void ring_store16(uint16_t *at, uint16_t value) { __atomic_store_n(at, value, __ATOMIC_RELEASE); }
static inline void ring_store32(uint32_t *at, uint32_t value) { __atomic_store_n(at, value, __ATOMIC_RELEASE); }
static inline void ring_store64(uint64_t *at, uint64_t value) { __atomic_store_n(at, value, __ATOMIC_RELEASE); }
static inline void ring_put16(uint16_t *at, uint16_t value) { __atomic_store_n(at, value, __ATOMIC_RELAXED); }
static inline void ring_put64(uint64_t *at, uint64_t value) { __atomic_store_n(at, value, __ATOMIC_RELAXED); }
static inline void ring_fence(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
#endif

#endif
