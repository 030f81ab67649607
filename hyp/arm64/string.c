/* SPDX-License-Identifier: Apache-2.0 */
/* What a freestanding compiler may call for struct copies and initializers; nobody else should. */
#include <hyp/types.h>

void *memset(void *to, int byte, size_t size);
void *memcpy(void *restrict to, const void *restrict from, size_t size);

static bool is_aligned(uintptr_t a, uintptr_t b)
{
	return ((a | b) & 7u) == 0;
}

void *memset(void *to, int byte, size_t size)
{
	uint64_t word = 0x0101010101010101ul * (uint8_t)byte;
	uint64_t *words = to;
	size_t done = 0;

	if (is_aligned((uintptr_t)to, 0))
		for (; done + 32u <= size; done += 32u, words += 4)
			words[0] = words[1] = words[2] = words[3] = word;
	for (; done < size; done++)
		((uint8_t *)to)[done] = (uint8_t)byte;
	return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	uint64_t *target = to;
	const uint64_t *source = from;
	size_t done = 0;

	if (is_aligned((uintptr_t)to, (uintptr_t)from))
		for (; done + 16u <= size; done += 16u, target += 2, source += 2) {
			target[0] = source[0];
			target[1] = source[1];
		}
	for (; done < size; done++)
		((uint8_t *)to)[done] = ((const uint8_t *)from)[done];
	return to;
}
