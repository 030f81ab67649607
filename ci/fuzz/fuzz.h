/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CI_FUZZ_H
#define CI_FUZZ_H

/*
 * What a fuzz target gives, and the driver calls. A target starts from good inputs, repairs what random changes always break (checksums,
 * counts), and aborts when something that must hold does not; the sanitizers see the rest. It must not know the driver.
 */

#include <stddef.h>
#include <stdint.h>

#define FUZZ_BYTES_MAX 65536u

extern const char fuzz_name[];

/* Fills `bytes` with good input number `which`, any number; returns its size. */
size_t fuzz_seed(uint32_t which, uint8_t bytes[FUZZ_BYTES_MAX]);

/* Makes a changed input plausible again. */
void fuzz_repair(uint8_t *bytes, size_t size);

/* Runs the code under test on exactly these bytes. */
void fuzz_run(const uint8_t *bytes, size_t size);

#endif
