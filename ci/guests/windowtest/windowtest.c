/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judges the runtime's accesses to windows: they copy what they should, and end with an error where nothing answers, which on plain QEMU
 * is any place without memory. It prints TAP and powers off. It must not know who would be behind a window.
 */

#include <stdio.h>
#include <string.h>

#include <abi/device.h>

#include <rt/sysreg.h>

#include <virtio/window.h>

#include "../tap.h"

#define ROOM	320u

static uint8_t from[ROOM], to[ROOM];
static uint8_t *const nobody = (uint8_t *)(BACK_WINDOW_IPA + 0x1000);

static void fill(void)
{
	for (unsigned n = 0; n < ROOM; n++) {
		from[n] = (uint8_t)(n * 7 + 1);
		to[n] = 0xaa;
	}
}

static bool is_kept(const uint8_t *bytes, unsigned first, unsigned last)
{
	for (unsigned n = first; n < last; n++) {
		if (bytes[n] != 0xaa)
			return false;
	}
	return true;
}

static bool copies(unsigned source, unsigned target, unsigned size)
{
	fill();
	return window_copy(to + target, from + source, size) == VQ_OK && !memcmp(to + target, from + source, size) &&
	       is_kept(to, 0, target) && is_kept(to, target + size, ROOM);
}

static bool clears(unsigned target, unsigned size)
{
	static const uint8_t zero[ROOM];

	fill();
	return window_zero(to + target, size) == VQ_OK && !memcmp(to + target, zero, size) &&
	       is_kept(to, 0, target) && is_kept(to, target + size, ROOM);
}

/* The C library's; by pointers, so that the compiler does not put something else there. */
static void *(*const volatile library_copy)(void *to, const void *from, size_t size) = memcpy;
static void *(*const volatile library_set)(void *to, int byte, size_t size) = memset;

static bool library_copies(unsigned source, unsigned target, unsigned size)
{
	fill();
	return library_copy(to + target, from + source, size) == to + target && !memcmp(to + target, from + source, size) &&
	       is_kept(to, 0, target) && is_kept(to, target + size, ROOM);
}

static bool library_sets(unsigned target, unsigned size)
{
	bool good;

	fill();
	good = library_set(to + target, 0x155, size) == to + target && is_kept(to, 0, target) && is_kept(to, target + size, ROOM);
	for (unsigned n = target; n < target + size; n++)
		good = good && to[n] == 0x55;
	return good;
}

static void every_size(void)
{
	bool good = true, cleared = true, library = true;

	for (unsigned size = 0; size <= 200; size++) {
		for (unsigned shift = 0; shift < 17; shift++) {
			good = good && copies(shift, 16 - shift, size) && copies(0, shift, size);
			cleared = cleared && clears(shift, size);
			library = library && library_copies(shift, 16 - shift, size) && library_sets(shift, size);
		}
	}
	tap_check(good, "copies of every size and alignment");
	tap_check(cleared, "clears every size and alignment");
	tap_check(library, "memcpy and memset of every size and alignment");
}

static void words(void)
{
	static uint64_t cell = 0x1122334455667788ull;
	uint16_t half = 0;
	uint32_t word = 0;
	uint64_t both = 0;

	bool good = window_load16((uint16_t *)&cell, &half) == VQ_OK && half == 0x7788 &&
		    window_load32((uint32_t *)&cell, &word) == VQ_OK && word == 0x55667788 &&
		    window_load64(&cell, &both) == VQ_OK && both == 0x1122334455667788ull;

	tap_check(good, "loads of 16, 32 and 64 bits");
	good = window_store64(&cell, 1) == VQ_OK && cell == 1 &&
	       window_store32((uint32_t *)&cell, 0x80000000) == VQ_OK && cell == 0x80000000 &&
	       window_store16((uint16_t *)&cell, 0xffff) == VQ_OK && cell == 0x8000ffff;
	tap_check(good, "stores of 16, 32 and 64 bits, and no bit more");
}

static void faults(void)
{
	uint16_t half = 1;
	uint32_t word = 2;
	uint64_t both = 3;
	bool good = true;

	fill();
	for (unsigned size = 1; size <= 200; size++)
		good = good && window_copy(to, nobody, size) == VQ_ERR_FAULT && window_copy(nobody, from, size) == VQ_ERR_FAULT &&
		       window_zero(nobody, size) == VQ_ERR_FAULT;
	tap_check(good, "a copy from or to nobody is an error, of every size");
	good = window_load16((uint16_t *)(void *)nobody, &half) == VQ_ERR_FAULT &&
	       window_load32((uint32_t *)(void *)nobody, &word) == VQ_ERR_FAULT &&
	       window_load64((uint64_t *)(void *)nobody, &both) == VQ_ERR_FAULT && half == 1 && word == 2 && both == 3;
	tap_check(good, "a load from nobody is an error, and stores nothing");
	good = window_store16((uint16_t *)(void *)nobody, 1) == VQ_ERR_FAULT &&
	       window_store32((uint32_t *)(void *)nobody, 1) == VQ_ERR_FAULT &&
	       window_store64((uint64_t *)(void *)nobody, 1) == VQ_ERR_FAULT;
	tap_check(good, "a store to nobody is an error");
	tap_check(copies(3, 5, 199), "and copies work afterwards");
}

/* PAR_EL1 of an address: the attributes that the tables give it stand in its upper byte. */
static uint64_t attributes(uint64_t at)
{
	__asm__ volatile("at s1e1w, %0\n\tisb" : : "r"(at) : "memory");
	return sysreg_read(par_el1) >> 56;
}

static void memory_types(void)
{
	tap_check(attributes(BACK_DEVICE_IPA) == 0x44, "device pages are not cached");
	tap_check(attributes(BACK_SHARED_IPA) == 0xff && attributes(BACK_STATE_IPA) == 0xff && attributes(CHANNEL_IPA) == 0xff,
		  "doorbells, states and channels are cached");
	tap_check(attributes(BACK_WINDOW_IPA) == 0xff && attributes(BACK_WINDOW_END - 1) == 0xff, "windows are cached");
	tap_check(attributes(BACK_WINDOW_IPA - 1) == 0 && attributes(BACK_WINDOW_END) == 0, "what is around them is device memory");
}

int main(void)
{
	every_size();
	words();
	faults();
	memory_types();
	tap_end();
	return 0;
}
