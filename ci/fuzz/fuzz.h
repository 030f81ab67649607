/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CI_FUZZ_H
#define CI_FUZZ_H

/*
 * What a fuzz target gives, and the driver calls. A target starts from good inputs, repairs what random changes always break (checksums,
 * counts), and aborts when something that must hold does not; the sanitizers see the rest. It must not know the driver.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define FUZZ_BYTES_MAX 65536u

/* What must hold, whatever the input: the run ends here if it does not. */
static inline void fuzz_must(bool holds)
{
	if (!holds)
		abort();
}

/* The next number after `*state`, which is not 0: xorshift, the same everywhere. */
static inline uint64_t fuzz_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	return *state ^= *state << 17;
}

extern const char fuzz_name[];

/* Fills `bytes` with good input number `which`, any number; returns its size. */
size_t fuzz_seed(uint32_t which, uint8_t bytes[FUZZ_BYTES_MAX]);

/* Makes a changed input plausible again. */
void fuzz_repair(uint8_t *bytes, size_t size);

/* Runs the code under test on exactly these bytes. */
void fuzz_run(const uint8_t *bytes, size_t size);

#endif
