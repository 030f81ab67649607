/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHANNEL_WORDS_H
#define CHANNEL_WORDS_H

/*
 * How channel.c touches words of both regions, each exactly once. Loads are acquire, stores are release, and both are sequentially
 * consistent among each other: of a store and the load behind it, as of the other end's, one sees the other. A test that is the other end
 * puts its own in the place. Private to this folder.
 */

#include <stdint.h>

#ifdef CHANNEL_TEST_WORDS
uint64_t channel_load64(const uint64_t *at);
uint32_t channel_load32(const uint32_t *at);
void channel_store64(uint64_t *at, uint64_t value);
#else
static inline uint64_t channel_load64(const uint64_t *at) { return __atomic_load_n(at, __ATOMIC_SEQ_CST); }
static inline uint32_t channel_load32(const uint32_t *at) { return __atomic_load_n(at, __ATOMIC_SEQ_CST); }
static inline void channel_store64(uint64_t *at, uint64_t value) { __atomic_store_n(at, value, __ATOMIC_SEQ_CST); }
#endif

#endif
