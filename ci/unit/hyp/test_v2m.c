/* SPDX-License-Identifier: Apache-2.0 */
/* Messages on GICv2: what a partition sees of a frame, and what it can make its functions write. */
#include "../tap.h"
#include "appliance.h"

#include <hyp/upcall.h>

#include <string.h>

#include "../../../hyp/arm64/v2m.h"

#define FRAME 0x8020000ul
#define TABLE 0x10000000ul
#define DOORBELL 0x0000001208020040ul

static uint32_t pages[2048];
static const struct plan_v2m v2m = { .first = 90, .count = 6, .doorbell = DOORBELL };
static struct plan_msix msix = { .v2m = &v2m, .table = 0x800, .count = 4 };
static const struct plan_emul emuls[] = {
	{ .base = { FRAME }, .size = 0x1000, .block = &v2m_block, .state = (void *)(uintptr_t)&v2m },
	{ .base = { TABLE }, .size = sizeof(pages), .block = &msix_block, .state = &msix },
};

static uint64_t mmio(uint64_t ipa, uint8_t width, bool is_write, uint64_t value)
{
	struct vm_exit exit = { .class = EXIT_MMIO, .ipa = { ipa }, .width = width, .is_write = is_write, .value = value };

	CHECK(exit_mmio(&test_vcpus[0], &exit) == VERDICT_ADVANCE);
	return exit.value;
}

static void begin(void)
{
	appliance_begin();
	test_partitions[ALPHA].emuls = emuls;
	test_partitions[ALPHA].emul_count = 2;
	memset(pages, 0x55, sizeof(pages));
	msix.pa.v = (uint64_t)(uintptr_t)pages;
}

static uint32_t *entry(uint32_t index)
{
	return &pages[0x200 + 4 * index];
}

static void frame_tells_its_own(void)
{
	begin();
	CHECK(mmio(FRAME + 8, 4, false, 0) == (90u << 16 | 6u));
	(void)mmio(FRAME + 0x40, 4, true, 91);
	CHECK(mmio(FRAME + 0x40, 4, false, 0) == 0);
}

static void entries_are_written(void)
{
	begin();
	(void)mmio(TABLE + 0x810, 4, true, 0xdeadbeef);
	(void)mmio(TABLE + 0x814, 4, true, 0xdead);
	CHECK(entry(1)[0] == 0x55555555); /* not by what the guest says */
	(void)mmio(TABLE + 0x818, 4, true, 95);
	CHECK(entry(1)[0] == 0x08020040 && entry(1)[1] == 0x12 && entry(1)[2] == 95);
	(void)mmio(TABLE + 0x81c, 4, true, 0xfffffffe);
	CHECK(entry(1)[3] == 0);
	(void)mmio(TABLE + 0x828, 8, true, 1ull << 32 | 90);
	CHECK(entry(2)[2] == 90 && entry(2)[3] == 1 && mmio(TABLE + 0x828, 8, false, 0) == (1ull << 32 | 90));
}

static void others_are_out_of_reach(void)
{
	static const uint32_t foreign[] = { 0, 31, 89, 96, 1019, 0xffffffff, 0x10000 + 90 };
	uint32_t before[2048];

	begin();
	memcpy(before, pages, sizeof(pages));
	for (uint32_t n = 0; n < ARRAY_COUNT(foreign); n++)
		for (uint32_t e = 0; e < 4; e++)
			(void)mmio(TABLE + 0x808 + 16 * e, 4, true, foreign[n]);
	for (uint32_t offset = 0; offset < sizeof(pages); offset += 4)
		if (offset < 0x800 || offset >= 0x840)
			(void)mmio(TABLE + offset, 4, true, 91);
	CHECK(memcmp(before, pages, sizeof(pages)) == 0);
}

int main(void)
{
	TEST(frame_tells_its_own);
	TEST(entries_are_written);
	TEST(others_are_out_of_reach);
	return tap_done();
}
