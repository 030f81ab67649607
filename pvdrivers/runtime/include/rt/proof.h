/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RT_PROOF_H
#define RT_PROOF_H

/*
 * How a test guest says that it is up, so that no echo and no fixed text can say it in its place: a hash over a number
 * from its command line and over what it sees of its machine. ci/guests/README.md has the exact form.
 */

#include <stddef.h>
#include <stdint.h>

/** SHA-256 (FIPS 180-4) of `size` bytes. */
void sha256(const void *bytes, size_t size, uint8_t digest[32]);

/** Prints `UP <hash>` for the program of this name and release, e.g. "hello 1.0"; nothing without `nonce=`. */
void proof_print(const char *name);

#endif
