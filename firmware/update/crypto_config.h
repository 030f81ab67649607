/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this library uses of mbedtls: SHA-256, and ECDSA on P-256, verification only. FW_MBEDTLS_SIGN adds what host tools need to
 * sign: deterministic nonces (RFC 6979) and reading PEM keys. FW_MBEDTLS_SHA256_OURS: the boot stage brings the block function.
 */
#define MBEDTLS_SHA256_C
#define MBEDTLS_BIGNUM_C
#define MBEDTLS_ECP_C
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
#define MBEDTLS_ECP_NIST_OPTIM
#define MBEDTLS_ECDSA_C
#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C
#define MBEDTLS_ECP_WINDOW_SIZE 2
#define MBEDTLS_ECP_FIXED_POINT_OPTIM 0

#ifdef FW_MBEDTLS_SIGN
#define MBEDTLS_MD_C
#define MBEDTLS_HMAC_DRBG_C
#define MBEDTLS_ECDSA_DETERMINISTIC
#define MBEDTLS_OID_C
#define MBEDTLS_PK_C
#define MBEDTLS_PK_PARSE_C
#define MBEDTLS_PEM_PARSE_C
#define MBEDTLS_BASE64_C
#define MBEDTLS_FS_IO
#endif

#ifdef FW_MBEDTLS_SHA256_OURS
#define MBEDTLS_SHA256_PROCESS_ALT	/* sha256_arm64.c */
#endif
