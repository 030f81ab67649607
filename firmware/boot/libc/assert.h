/* SPDX-License-Identifier: Apache-2.0 */
/* mbedtls includes it for static_assert alone. */
#undef static_assert
#define static_assert _Static_assert
