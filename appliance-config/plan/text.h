/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that lives as long as the program, growing texts, and files that
 * are read whole or written only when they change. It must not know what
 * the bytes mean.
 */
#ifndef PLAN_TEXT_H
#define PLAN_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PRINTF_LIKE(at, first) __attribute__((format(printf, at, first)))
#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

/* Zeroed memory; all of it is freed by mem_free_all(). Ends the program when there is none. */
void *mem_get(size_t size);
void mem_free_all(void);
char *mem_format(const char *format, ...) PRINTF_LIKE(1, 2);

struct text {
	char *data;    /* always ends with NUL */
	size_t length; /* bytes before the NUL */
	size_t room;
};

void text_add(struct text *text, const char *format, ...) PRINTF_LIKE(2, 3);
void text_add_bytes(struct text *text, const void *bytes, size_t size);

struct bytes {
	const uint8_t *at;
	size_t size;
};

/* The whole file, read only. Returns false and leaves errno if it cannot be read. */
bool file_read(const char *path, struct bytes *out);
/* Writes the file unless it has these bytes already; makes its directory. Ends the program with a message on failure. */
void file_write(const char *path, const void *data, size_t size);

#endif
