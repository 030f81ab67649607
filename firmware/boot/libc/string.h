/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOOT_STRING_H
#define BOOT_STRING_H

/* The little of C's library that the boot stage, mbedtls and libfdt use; implemented in libc.c. */

#include <stddef.h>

void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);
void *memchr(const void *in, int value, size_t size);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t limit);
int strcmp(const char *a, const char *b);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);

#endif
