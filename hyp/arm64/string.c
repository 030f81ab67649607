/* SPDX-License-Identifier: Apache-2.0 */
/* What a freestanding compiler may call for struct copies and initializers; nobody else should. */
#include <hyp/types.h>

void *memset(void *to, int byte, size_t size);
void *memcpy(void *restrict to, const void *restrict from, size_t size);

static bool is_aligned(uintptr_t a, uintptr_t b, size_t size)
{
	return ((a | b | size) & 7u) == 0;
}

void *memset(void *to, int byte, size_t size)
{
	if (is_aligned((uintptr_t)to, 0, size)) {
		for (size_t i = 0; i < size / 8u; i++)
			((uint64_t *)to)[i] = 0x0101010101010101ul * (uint8_t)byte;
		return to;
	}
	for (size_t i = 0; i < size; i++)
		((uint8_t *)to)[i] = (uint8_t)byte;
	return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	if (is_aligned((uintptr_t)to, (uintptr_t)from, size)) {
		for (size_t i = 0; i < size / 8u; i++)
			((uint64_t *)to)[i] = ((const uint64_t *)from)[i];
		return to;
	}
	for (size_t i = 0; i < size; i++)
		((uint8_t *)to)[i] = ((const uint8_t *)from)[i];
	return to;
}
