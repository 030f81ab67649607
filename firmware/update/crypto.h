/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FW_CRYPTO_H
#define FW_CRYPTO_H

/* The cryptography this library asks for, and no more. implemented in crypto_mbedtls.c alone, the one file that sees mbedtls. */

#include <stdbool.h>

#include "fw_err.h"

#define CRYPTO_SHA256_BYTES 32u

struct crypto_sha256 {
	_Alignas(8) uint8_t opaque[128];
};

void crypto_sha256_begin(struct crypto_sha256 *hash);
void crypto_sha256_add(struct crypto_sha256 *hash, const void *data, size_t size);
void crypto_sha256_end(struct crypto_sha256 *hash, uint8_t out[CRYPTO_SHA256_BYTES]);
void crypto_sha256(const void *data, size_t size, uint8_t out[CRYPTO_SHA256_BYTES]);

/* Key is 04 || x || y, signature r || s. */
FW_MUST_CHECK enum fw_err crypto_p256_verify(const uint8_t key[65], const uint8_t hash[CRYPTO_SHA256_BYTES],
					     const uint8_t signature[64]);

#endif
