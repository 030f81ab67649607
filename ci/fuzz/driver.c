/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small deterministic fuzzer: the same seed and count try the same inputs, so a finding can be run again. It must not know the target.
 *
 *   fuzz_x COUNT [SEED]     tries COUNT inputs; ends by a signal or a sanitizer's report when one finds something
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static uint64_t random_state;
static uint8_t work[FUZZ_BYTES_MAX];
static size_t work_size;

static uint64_t below(uint64_t limit)
{
	return fuzz_random(&random_state) % limit;
}

/* Numbers that break arithmetic. */
static uint64_t interesting(void)
{
	static const uint64_t values[] = { 0, 1, 7, 8, 255, 4095, 4096, 65535, 0x7fffffff, 0x80000000, 0xffffffff, 1ull << 32,
					   1ull << 63, UINT64_MAX, UINT64_MAX - 7, UINT64_MAX - 4095 };

	return values[below(sizeof(values) / sizeof(values[0]))] + below(3) - 1;
}

static void put(size_t at, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes && at + i < work_size; i++)
		work[at + i] = (uint8_t)(value >> (8 * i));
}

static void copy_words(void)
{
	size_t from = below(work_size) & ~7ull, to = below(work_size) & ~7ull, size = 8 * (1 + below(8));

	if (from + size <= work_size && to + size <= work_size)
		memmove(work + to, work + from, size);
}

static void change_once(void)
{
	size_t at = below(work_size);

	switch (below(7)) {
	case 0:
		work[at] ^= (uint8_t)(1u << below(8));
		return;
	case 1:
		put(at & ~3ull, interesting(), 4);
		return;
	case 2:
		put(at & ~7ull, interesting(), 8);
		return;
	case 3:
		put(at & ~7ull, below(1ull << below(40)), 8);
		return;
	case 4:
		copy_words();
		return;
	case 5:
		work[at] = (uint8_t)fuzz_random(&random_state);
		return;
	default:
		if (below(20) == 0 && work_size > 64)
			work_size -= 8 * (1 + below(6));
	}
}

static void try_one(uint32_t which)
{
	uint8_t *exact;

	work_size = fuzz_seed(which, work);
	for (uint64_t changes = below(5); changes > 0; changes--)
		change_once();
	fuzz_repair(work, work_size);
	/* On the heap and of the exact size: a read beyond it is seen. */
	exact = malloc(work_size);
	if (!exact)
		abort();
	memcpy(exact, work, work_size);
	fuzz_run(exact, work_size);
	free(exact);
}

int main(int argc, char **argv)
{
	uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 0) : 1000;

	random_state = 0x9e3779b97f4a7c15ull ^ (argc > 2 ? strtoull(argv[2], NULL, 0) * 2654435761u : 0);
	for (uint64_t i = 0; i < count; i++)
		try_one((uint32_t)fuzz_random(&random_state));
	printf("%s: %llu inputs\n", fuzz_name, (unsigned long long)count);
	return 0;
}
