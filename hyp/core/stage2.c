/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk over 4 KiB, 9-bit page tables, and the stage-2 tables built with
 * it. No allocator: a pool holds exactly what the plan's maps need. It must
 * not know what an entry's bits mean.
 */
#include <hyp/arch.h>
#include <hyp/pagetable.h>

#define ENTRY_COUNT (PAGE_SIZE / sizeof(uint64_t))

static uint32_t entry_index(uint64_t at, uint32_t level)
{
	return (uint32_t)(at / pagetable_span(level)) % ENTRY_COUNT;
}

static struct pt_page *table_take(struct pagetable *table)
{
	ASSERT(table->used < table->page_count);
	return &table->pool[table->used++];
}

/* The table of `level` that covers `at`; built as far as it is missing. */
static struct pt_page *table_at(struct pagetable *table, uint64_t at, uint32_t level)
{
	struct pt_page *page = &table->pool[0];

	for (uint32_t l = arch_stage2_root_level(); l < level; l++) {
		uint64_t *entry = &page->entry[entry_index(at, l)];

		if (*entry == 0)
			*entry = arch_stage2_table((pa_t){ (uint64_t)(uintptr_t)table_take(table) });
		ASSERT(arch_stage2_is_table(*entry, l));
		page = arch_memory(arch_stage2_next(*entry), PAGE_SIZE);
	}
	return page;
}

static uint32_t best_level(uint64_t at, uint64_t pa, uint64_t size, bool is_paged)
{
	uint32_t level = is_paged ? 3u : arch_stage2_root_level();

	while (level < 3u && (!arch_stage2_level_maps(level) || ((at | pa) & (pagetable_span(level) - 1u)) != 0 ||
			      size < pagetable_span(level)))
		level++;
	return level;
}

void pagetable_map(struct pagetable *table, uint64_t at, pa_t pa, uint64_t size, uint32_t flags, bool is_paged)
{
	if (table->used == 0)
		(void)table_take(table);
	ASSERT(((at | pa.v | size) & (PAGE_SIZE - 1u)) == 0);
	while (size != 0) {
		uint32_t level = best_level(at, pa.v, size, is_paged);
		uint64_t span = pagetable_span(level);
		struct pt_page *page = table_at(table, at, level);
		uint32_t index = entry_index(at, level);
		uint64_t leaf = table->format->leaf(pa, flags, level);

		/* A larger block can begin only where this table ends. */
		uint64_t count = size / span < ENTRY_COUNT - index ? size / span : ENTRY_COUNT - index;

		for (uint64_t *entry = &page->entry[index], *end = entry + count; entry < end; entry++, leaf += span) {
			ASSERT(*entry == 0);
			*entry = leaf;
		}
		at += count * span;
		pa.v += count * span;
		size -= count * span;
	}
}

uint64_t *pagetable_page(const struct pt_page *root, uint64_t at)
{
	const struct pt_page *page = root;

	for (uint32_t l = arch_stage2_root_level(); l < 3u; l++) {
		uint64_t entry = page->entry[entry_index(at, l)];

		if (!arch_stage2_is_table(entry, l))
			return NULL;
		page = arch_memory(arch_stage2_next(entry), PAGE_SIZE);
	}
	return (uint64_t *)(uintptr_t)&page->entry[entry_index(at, 3)];
}

static const struct pagetable_format stage2_format = { arch_stage2_leaf };

void stage2_build(const struct plan_partition *partition)
{
	struct pagetable table = {
		.pool = partition->stage2_pool,
		.page_count = partition->stage2_page_count,
		.format = &stage2_format,
	};

	for (uint32_t i = 0; i < partition->map_count; i++) {
		const struct plan_map *map = &partition->maps[i];

		pagetable_map(&table, map->ipa.v, map->pa, map->size, map->flags, false);
	}
	ASSERT(table.used == table.page_count);
	arch_stage2_flush(partition);
}

void stage2_window_show(const struct plan_partition *partition, ipa_t ipa, uint64_t size, bool is_shown)
{
	uint32_t level = arch_stage2_root_level();

	for (uint64_t at = ipa.v; at < ipa.v + size; at += pagetable_span(level)) {
		uint64_t *entry = &partition->stage2_pool->entry[entry_index(at, level)];

		ASSERT(*entry != 0);
		__atomic_store_n(entry, arch_stage2_show(*entry, is_shown), __ATOMIC_RELAXED);
	}
	arch_stage2_flush(partition);
}

static const struct plan_map *map_of(const struct plan_partition *partition, ipa_t ipa)
{
	for (uint32_t i = 0; i < partition->map_count; i++) {
		const struct plan_map *map = &partition->maps[i];

		if (ipa.v - map->ipa.v < map->size)
			return map;
	}
	return NULL;
}

void stage2_page_show(const struct plan_partition *partition, ipa_t ipa, bool is_shown)
{
	const struct plan_map *map = map_of(partition, ipa);
	uint64_t *entry = pagetable_page(partition->stage2_pool, ipa.v);

	ASSERT(map != NULL && entry != NULL);
	if ((*entry != 0) == is_shown)
		return;
	*entry = is_shown ? arch_stage2_leaf((pa_t){ map->pa.v + (ipa.v - map->ipa.v) }, map->flags, 3) : 0;
	arch_stage2_flush(partition);
}
