/* SPDX-License-Identifier: Apache-2.0 */
/* What the boot CPU does once: the handoff is checked, run-time state linked, every stage 2 built from exactly its pool. */
#include "../tap.h"
#include "output.h"

#include "../../../hyp/abi/handoff.h"

#include <hyp/arch.h>
#include <hyp/pagetable.h>
#include <hyp/upcall.h>

static struct handoff handoff;

static struct pt_page *pool_of(uint32_t partition)
{
	return (struct pt_page *)(void *)(fake.memory + 0xc0000 + partition * 0x10000);
}

/* From the root, 39 bits: one table of level 2 for the devices, one for RAM, and level 3 below each. */
static void begin(void)
{
	appliance_begin();
	handoff = (struct handoff){ .magic = HANDOFF_MAGIC, .version = HANDOFF_VERSION, .size = sizeof(handoff) };
	for (uint32_t i = 0; i < PARTITIONS; i++) {
		test_partitions[i].stage2_pool = pool_of(i);
		test_partitions[i].stage2_page_count = i == ALPHA ? 5 : 3;
	}
	console_show(CONSOLE_ALL, ALPHA);
	drain();
	fake.uart_output_count = 0;
	fake_trace_clear();
}

static void do_boot(void *unused)
{
	(void)unused;
	core_link();
	core_boot(&handoff);
}

static enum fake_end boot(void)
{
	enum fake_end end = fake_run(0, do_boot, NULL);

	if (end == FAKE_RETURNED)
		CHECK(fake.uart_output_count == 0 && console_deadline() != UINT64_MAX); /* no start waits for the UART */
	console_release();
	CHECK(console_deadline() == UINT64_MAX);
	drain();
	return end;
}

static void boot_links_and_tells(void)
{
	begin();
	CHECK(boot() == FAKE_RETURNED);
	CHECK(has_shown("Bulkhead: unit test on fake, slot A, 3 partitions on 3 CPUs"));
	CHECK(has_shown("no source of random numbers"));
	CHECK(!has_shown("development keys"));
	CHECK(has_shown("keys: ^T"));
	CHECK(test_vcpus[1].partition == &test_partitions[ALPHA] && test_vcpus[1].index == 1);
	CHECK(test_vcpus[3].cpu->state == &test_cpus[2] && test_cpus[2].index == 2);
	CHECK(fake_traced("flush alpha", NULL) && fake_traced("flush gamma", NULL));
}

static void keys_and_seed_are_told(void)
{
	uint8_t taken[4];

	begin();
	handoff.flags = HANDOFF_DEVELOPMENT_KEYS | HANDOFF_SEED_VALID;
	handoff.slot = HANDOFF_SLOT_B;
	handoff.seed_bytes = 3;
	CHECK(boot() == FAKE_RETURNED);
	CHECK(has_shown("slot B") && has_shown("development keys: they protect nothing"));
	CHECK(!has_shown("no source of random numbers"));
	CHECK(core_seed_take(taken, 4) == 3);
}

static uint64_t leaf(pa_t pa, uint32_t flags)
{
	return pa.v | 1 | (uint64_t)flags << 7 | 3u << 4;
}

static void stage2_is_the_plans(void)
{
	struct pt_page *root = pool_of(ALPHA);
	uint64_t *page;

	begin();
	(void)boot();
	page = pagetable_page(root, 0x9000000);
	CHECK(page && *page == leaf((pa_t){ 0xf0000 }, PLAN_MAP_DEVICE));
	for (uint64_t at = 0; at < 0x28000; at += PAGE_SIZE) {
		page = pagetable_page(root, 0x40000000 + at);
		CHECK(page && *page == leaf((pa_t){ 0x10000 + at }, PLAN_MAP_RAM));
	}
	page = pagetable_page(root, 0x40028000);
	CHECK(page && *page == 0);
	CHECK(!pagetable_page(root, 0x80000000));
}

static const struct pagetable_format format = { arch_stage2_leaf };

static void blocks_are_as_large_as_they_may(void)
{
	static const uint64_t mib = 1u << 20;
	struct pagetable table = { .pool = pool_of(ALPHA), .page_count = 4, .format = &format };
	struct pt_page *level2;
	uint64_t *page;

	begin();
	/* 2 MiB at the end of one GiB, one whole GiB, 4 KiB behind it. */
	pagetable_map(&table, 1024 * mib - 2 * mib, (pa_t){ 1024 * mib - 2 * mib }, 1026 * mib + PAGE_SIZE, PLAN_MAP_RAM, false);
	CHECK(table.used == 4);
	level2 = (struct pt_page *)(void *)(uintptr_t)arch_stage2_next(table.pool[0].entry[0]).v;
	CHECK(level2->entry[511] == (arch_stage2_leaf((pa_t){ 1022 * mib }, PLAN_MAP_RAM, 2)));
	CHECK(table.pool[0].entry[1] == arch_stage2_leaf((pa_t){ 1024 * mib }, PLAN_MAP_RAM, 1));
	page = pagetable_page(table.pool, 2048 * mib);
	CHECK(page && page[0] == leaf((pa_t){ 2048 * mib }, PLAN_MAP_RAM) && page[1] == 0);
}

static void single_pages_on_demand(void)
{
	struct pagetable table = { .pool = pool_of(ALPHA), .page_count = 3, .format = &format };

	begin();
	pagetable_map(&table, 2u << 20, (pa_t){ 2u << 20 }, 2u << 20, PLAN_MAP_RAM, true);
	CHECK(table.used == 3);
	CHECK(*pagetable_page(table.pool, 2u << 20) == leaf((pa_t){ 2u << 20 }, PLAN_MAP_RAM));
}

static void blocks_need_both_addresses_aligned(void)
{
	struct pagetable table = { .pool = pool_of(ALPHA), .page_count = 3, .format = &format };
	uint64_t *page;

	begin();
	pagetable_map(&table, 2u << 20, (pa_t){ (4u << 20) + PAGE_SIZE }, 2u << 20, PLAN_MAP_RAM, false);
	page = pagetable_page(table.pool, (4u << 20) - PAGE_SIZE);
	CHECK(page && *page == leaf((pa_t){ 6u << 20 }, PLAN_MAP_RAM));
}

static void pages_hide_and_show(void)
{
	uint64_t before;
	uint64_t *page;

	begin();
	(void)boot();
	page = pagetable_page(pool_of(ALPHA), 0x9000000);
	before = *page;
	fake_trace_clear();
	stage2_page_show(&test_partitions[ALPHA], (ipa_t){ 0x9000000 }, true);
	CHECK(*page == before && !fake_traced("flush", NULL));
	stage2_page_show(&test_partitions[ALPHA], (ipa_t){ 0x9000000 }, false);
	CHECK(*page == 0 && fake_traced("flush alpha", NULL));
	stage2_page_show(&test_partitions[ALPHA], (ipa_t){ 0x9000000 }, true);
	CHECK(*page == before);
}

/* The rest, each in a process of its own would be cleaner; a panic shows once, the later ones only reset. */
static bool boot_fails(void)
{
	enum fake_end end = boot();

	return end == FAKE_BOARD_RESET;
}

static void a_pool_of_another_size_is_refused(void)
{
	begin();
	test_partitions[ALPHA].stage2_page_count = 4;
	CHECK(boot_fails());
	begin();
	test_partitions[ALPHA].stage2_page_count = 6;
	CHECK(boot_fails());
}

static void a_foreign_handoff_is_refused(void)
{
	begin();
	handoff.magic++;
	CHECK(boot_fails());
	begin();
	handoff.version++;
	CHECK(boot_fails());
	begin();
	handoff.size--;
	CHECK(boot_fails());
	begin();
	handoff.seed_bytes = HANDOFF_SEED_BYTES + 1;
	CHECK(boot_fails());
	begin();
	handoff.plan_id[31] = 1;
	CHECK(boot_fails());
}

/* Nobody runs yet, so nobody is seen. */
static void windows_are_hidden(void)
{
	static const struct plan_map maps[] = {
		{ .name = "ram", .ipa = { 0x40000000 }, .pa = { 0x50000 }, .size = 0x1000, .flags = PLAN_MAP_RAM },
		{ .name = "beta", .ipa = { 64ul << 30 }, .pa = { 0x40000 }, .size = 0x1000, .flags = PLAN_MAP_SHARED },
	};
	static const struct plan_window window = { .front = BETA, .back = GAMMA, .ipa = { 64ul << 30 }, .size = 0x1000 };
	static const struct plan_window *const windows[] = { &window };

	begin();
	test_partitions[GAMMA].maps = maps;
	test_partitions[GAMMA].map_count = 2;
	test_partitions[GAMMA].windows = windows;
	test_partitions[GAMMA].window_count = 1;
	test_partitions[GAMMA].stage2_page_count = 5;
	(void)boot();
	CHECK(pool_of(GAMMA)->entry[64] != 0 && !(pool_of(GAMMA)->entry[64] & 1) && pool_of(GAMMA)->entry[1] & 1);
}

int main(void)
{
	TEST(boot_links_and_tells);
	TEST(keys_and_seed_are_told);
	TEST(stage2_is_the_plans);
	TEST(blocks_are_as_large_as_they_may);
	TEST(single_pages_on_demand);
	TEST(blocks_need_both_addresses_aligned);
	TEST(pages_hide_and_show);
	TEST(windows_are_hidden);
	TEST(a_pool_of_another_size_is_refused);
	TEST(a_foreign_handoff_is_refused);
	return tap_done();
}
