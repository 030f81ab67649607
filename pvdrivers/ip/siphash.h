/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IP_SIPHASH_H
#define IP_SIPHASH_H

/* SipHash-2-4 of whole words: numbers that who does not know the key cannot guess. It must not know what they are for. */

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
	uint64_t k0, k1;
};

/* The same as over the 8 * `count` bytes, each word little-endian. */
uint64_t siphash(const struct siphash_key *key, const uint64_t *words, size_t count);

#endif
