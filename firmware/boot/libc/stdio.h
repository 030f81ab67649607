/* SPDX-License-Identifier: Apache-2.0 */
/* mbedtls includes it, and uses nothing of it here. */
#include <stddef.h>
