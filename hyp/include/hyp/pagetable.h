/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Page tables of 4 KiB pages and 9 bits a level, as Arm, EPT and long mode
 * have them: a walk over a pool of exactly the pages that the plan counted.
 * It must not know the bits of an entry: the architecture gives them.
 */
#ifndef HYP_PAGETABLE_H
#define HYP_PAGETABLE_H

#include <hyp/plan.h>
#include <hyp/types.h>

/* Bits of a leaf at `level` (0 = 512 GiB .. 3 = 4 KiB) that maps `pa` with `flags`. */
typedef uint64_t pagetable_leaf_fn(pa_t pa, uint32_t flags, uint32_t level);

struct pagetable_format {
	pagetable_leaf_fn *leaf;
};

struct pagetable {
	struct pt_page *pool; /* [0] is the root; all zero at first */
	uint32_t page_count;
	uint32_t used;        /* pages taken from the pool: the root is one */
	const struct pagetable_format *format;
};

/** Bytes that one entry of `level` maps. */
static inline uint64_t pagetable_span(uint32_t level)
{
	return 1ul << (PAGE_SHIFT + 9u * (3u - level));
}

/** Map [at, at+size) to [pa, ...) with the largest blocks that alignment allows; all page aligned. Single pages only if `is_paged`. */
void pagetable_map(struct pagetable *table, uint64_t at, pa_t pa, uint64_t size, uint32_t flags, bool is_paged);

/** The level-3 entry of `at`. Returns: null if no level-3 table is there. */
uint64_t *pagetable_page(const struct pt_page *root, uint64_t at);

/** Build the stage-2 table of `partition` from its plan. Context: boot CPU or its own, before its first start. */
void stage2_build(const struct plan_partition *partition);

/**
 * Show or hide [ipa, ipa+size), whole entries of the root table and nothing
 * else in them, and forget the partition's cached translations: when it
 * returns, no CPU accesses what is hidden.
 *
 * Context: any CPU; the caller lets nobody else show or hide the same.
 */
void stage2_window_show(const struct plan_partition *partition, ipa_t ipa, uint64_t size, bool is_shown);

/**
 * Show or hide the page at `ipa`: a device page that sometimes must exit.
 * Forgets the partition's cached translations.
 *
 * Context: any CPU; the caller holds the lock of the page's device.
 */
void stage2_page_show(const struct plan_partition *partition, ipa_t ipa, bool is_shown);

#endif
