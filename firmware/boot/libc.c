/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C library functions for the boot stage. The allocator serves mbedtls's big numbers, whose blocks are few, small and soon freed:
 * first fit in a fixed arena. It must not know who calls.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *memmove(void *to, const void *from, size_t size)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	if (t <= f) {
		for (size_t i = 0; i < size; i++)
			t[i] = f[i];
		return to;
	}
	while (size-- > 0)
		t[size] = f[size];
	return to;
}

void *memcpy(void *to, const void *from, size_t size)
{
	return memmove(to, from, size);
}

void *memset(void *to, int value, size_t size)
{
	uint8_t *t = to;

	for (size_t i = 0; i < size; i++)
		t[i] = (uint8_t)value;
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const uint8_t *x = a, *y = b;

	for (size_t i = 0; i < size; i++) {
		if (x[i] != y[i])
			return x[i] - y[i];
	}
	return 0;
}

void *memchr(const void *in, int value, size_t size)
{
	const uint8_t *bytes = in;

	for (size_t i = 0; i < size; i++) {
		if (bytes[i] == (uint8_t)value)
			return (void *)(uintptr_t)(bytes + i);
	}
	return NULL;
}

size_t strnlen(const char *s, size_t limit)
{
	size_t length = 0;

	while (length < limit && s[length])
		length++;
	return length;
}

size_t strlen(const char *s)
{
	return strnlen(s, SIZE_MAX);
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (unsigned char)*a - (unsigned char)*b;
}

char *strchr(const char *s, int c)
{
	return memchr(s, c, strlen(s) + 1);
}

char *strrchr(const char *s, int c)
{
	for (size_t i = strlen(s) + 1; i-- > 0;) {
		if (s[i] == (char)c)
			return (char *)(uintptr_t)(s + i);
	}
	return NULL;
}

/* An arena of blocks, each behind a header; a free block merges with its free successors when it is looked at. */
struct block {
	uint64_t size;	/* of the bytes behind the header, a multiple of 16 */
	uint64_t used;
};

enum { ARENA_BYTES = 65536 };
static _Alignas(16) uint8_t arena[ARENA_BYTES];
static bool arena_ready;

static struct block *block_at(size_t offset)
{
	return (struct block *)(void *)(arena + offset);
}

static void merge_free(size_t at)
{
	struct block *block = block_at(at);

	for (;;) {
		size_t next = at + sizeof(*block) + block->size;

		if (next >= ARENA_BYTES || block_at(next)->used)
			return;
		block->size += sizeof(*block) + block_at(next)->size;
	}
}

static void *take(size_t at, size_t size)
{
	struct block *block = block_at(at);

	if (block->size >= size + 2 * sizeof(*block)) {
		struct block *rest = block_at(at + sizeof(*block) + size);

		rest->size = block->size - size - sizeof(*block);
		rest->used = 0;
		block->size = size;
	}
	block->used = 1;
	return memset(block + 1, 0, size);
}

void *calloc(size_t count, size_t size)
{
	if (!arena_ready) {
		block_at(0)->size = ARENA_BYTES - sizeof(struct block);
		arena_ready = true;
	}
	if (size != 0 && count > ARENA_BYTES / size)
		return NULL;
	size = (count * size + 15) & ~(size_t)15;
	for (size_t at = 0; at < ARENA_BYTES; at += sizeof(struct block) + block_at(at)->size) {
		if (block_at(at)->used)
			continue;
		merge_free(at);
		if (block_at(at)->size >= size)
			return take(at, size);
	}
	return NULL;
}

void free(void *at)
{
	if (at)
		((struct block *)at - 1)->used = 0;
}
