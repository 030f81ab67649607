/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGE_SIGN_H
#define IMAGE_SIGN_H

/* Signing with a key in a PEM file. It must not know what is signed. */

#include "../update/slot.h"

/* Ends the program if the file holds no P-256 private key. */
void sign_read_public(const char *key_path, struct slot_key *out);

/* ECDSA with the nonce of RFC 6979: the same bytes and key give the same signature. */
void sign_p256(const char *key_path, const uint8_t hash[CRYPTO_SHA256_BYTES], uint8_t signature[SIGNATURE_P256_BYTES]);

#endif
