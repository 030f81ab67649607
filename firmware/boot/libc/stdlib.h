/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOOT_STDLIB_H
#define BOOT_STDLIB_H

/* See string.h. */

#include <stddef.h>

void *calloc(size_t count, size_t size);
void free(void *block);

#endif
