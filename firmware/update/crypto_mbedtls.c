/* SPDX-License-Identifier: Apache-2.0 */
/* The one file of this library that sees mbedtls. It must not know what is hashed or signed. */

#include "crypto.h"

#include <mbedtls/ecdsa.h>
#include <mbedtls/ecp.h>
#include <mbedtls/sha256.h>

_Static_assert(sizeof(mbedtls_sha256_context) <= sizeof(struct crypto_sha256), "the context fits");

static mbedtls_sha256_context *context_of(struct crypto_sha256 *hash)
{
	return (mbedtls_sha256_context *)(void *)hash->opaque;
}

/* mbedtls's software SHA-256 has no way to fail. */
void crypto_sha256_begin(struct crypto_sha256 *hash)
{
	mbedtls_sha256_init(context_of(hash));
	(void)mbedtls_sha256_starts(context_of(hash), 0);
}

void crypto_sha256_add(struct crypto_sha256 *hash, const void *data, size_t size)
{
	(void)mbedtls_sha256_update(context_of(hash), data, size);
}

void crypto_sha256_end(struct crypto_sha256 *hash, uint8_t out[CRYPTO_SHA256_BYTES])
{
	(void)mbedtls_sha256_finish(context_of(hash), out);
	mbedtls_sha256_free(context_of(hash));
}

void crypto_sha256(const void *data, size_t size, uint8_t out[CRYPTO_SHA256_BYTES])
{
	struct crypto_sha256 hash;

	crypto_sha256_begin(&hash);
	crypto_sha256_add(&hash, data, size);
	crypto_sha256_end(&hash, out);
}

static int verify(mbedtls_ecp_group *group, mbedtls_ecp_point *point, mbedtls_mpi *r, mbedtls_mpi *s, const uint8_t *key,
		  const uint8_t *hash, const uint8_t *signature)
{
	int failed = mbedtls_ecp_group_load(group, MBEDTLS_ECP_DP_SECP256R1);

	failed = failed ? failed : mbedtls_ecp_point_read_binary(group, point, key, 65);
	failed = failed ? failed : mbedtls_ecp_check_pubkey(group, point);
	failed = failed ? failed : mbedtls_mpi_read_binary(r, signature, 32);
	failed = failed ? failed : mbedtls_mpi_read_binary(s, signature + 32, 32);
	return failed ? failed : mbedtls_ecdsa_verify(group, hash, CRYPTO_SHA256_BYTES, point, r, s);
}

enum fw_err crypto_p256_verify(const uint8_t key[65], const uint8_t hash[CRYPTO_SHA256_BYTES], const uint8_t signature[64])
{
	mbedtls_ecp_group group;
	mbedtls_ecp_point point;
	mbedtls_mpi r, s;
	int failed;

	mbedtls_ecp_group_init(&group);
	mbedtls_ecp_point_init(&point);
	mbedtls_mpi_init(&r);
	mbedtls_mpi_init(&s);
	failed = verify(&group, &point, &r, &s, key, hash, signature);
	mbedtls_mpi_free(&s);
	mbedtls_mpi_free(&r);
	mbedtls_ecp_point_free(&point);
	mbedtls_ecp_group_free(&group);
	return failed == 0 ? FW_OK : FW_ERR_SIGNATURE;
}
