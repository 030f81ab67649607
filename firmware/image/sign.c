/* SPDX-License-Identifier: Apache-2.0 */
/* Signing on the host, with mbedtls. It must not know manifests. */

#include "sign.h"

#include <mbedtls/ecdsa.h>
#include <mbedtls/pk.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

/* Blinds the arithmetic; the signature does not depend on it. */
static int blind(void *context, unsigned char *to, size_t size)
{
	(void)context;
	return getrandom(to, size, 0) == (ssize_t)size ? 0 : -1;
}

static _Noreturn void fail(const char *path, const char *what)
{
	fprintf(stderr, "%s: %s\n", path, what);
	exit(1);
}

static mbedtls_ecp_keypair *read_key(const char *path, mbedtls_pk_context *pk)
{
	mbedtls_pk_init(pk);
	if (mbedtls_pk_parse_keyfile(pk, path, NULL, blind, NULL) != 0 || !mbedtls_pk_can_do(pk, MBEDTLS_PK_ECKEY) ||
	    mbedtls_pk_get_bitlen(pk) != 256)
		fail(path, "no private P-256 key in PEM form");
	return mbedtls_pk_ec(*pk);
}

void sign_read_public(const char *key_path, struct slot_key *out)
{
	mbedtls_pk_context pk;
	mbedtls_ecp_keypair *key = read_key(key_path, &pk);
	size_t size;

	if (mbedtls_ecp_write_public_key(key, MBEDTLS_ECP_PF_UNCOMPRESSED, &size, out->p256, sizeof(out->p256)) != 0 ||
	    size != sizeof(out->p256))
		fail(key_path, "its public key cannot be written");
	mbedtls_pk_free(&pk);
}

void sign_p256(const char *key_path, const uint8_t hash[CRYPTO_SHA256_BYTES], uint8_t signature[SIGNATURE_P256_BYTES])
{
	mbedtls_pk_context pk;
	mbedtls_ecp_keypair *key = read_key(key_path, &pk);
	mbedtls_ecp_group group;
	mbedtls_mpi d, r, s;

	mbedtls_ecp_group_init(&group);
	mbedtls_mpi_init(&d);
	mbedtls_mpi_init(&r);
	mbedtls_mpi_init(&s);
	if (mbedtls_ecp_export(key, &group, &d, NULL) != 0 ||
	    mbedtls_ecdsa_sign_det_ext(&group, &r, &s, &d, hash, CRYPTO_SHA256_BYTES, MBEDTLS_MD_SHA256, blind, NULL) != 0 ||
	    mbedtls_mpi_write_binary(&r, signature, 32) != 0 || mbedtls_mpi_write_binary(&s, signature + 32, 32) != 0)
		fail(key_path, "signing failed");
	mbedtls_mpi_free(&s);
	mbedtls_mpi_free(&r);
	mbedtls_mpi_free(&d);
	mbedtls_ecp_group_free(&group);
	mbedtls_pk_free(&pk);
}
