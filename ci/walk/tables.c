/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two table walks of AArch64 with a 4 KiB granule, from the architecture's description of the entries (Arm ARM,
 * VMSAv8-64). It must not know what a mapping is for.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "walk.h"

#define ENTRY_VALID	UINT64_C(1)
#define ENTRY_TABLE	UINT64_C(2)		/* at level 3: page */
#define ENTRY_OUTPUT	UINT64_C(0x0000fffffffff000)
#define TABLE_XN	(UINT64_C(1) << 60)	/* XNTable of a single-EL regime */
#define TABLE_READ_ONLY	(UINT64_C(1) << 62)	/* APTable[1] */
#define LEAF_XN		(UINT64_C(1) << 54)
#define LEAF_READ_ONLY	(UINT64_C(1) << 7)	/* AP[2] */

size_t finding_count;
char finding_text[8192];

void finding(const char *format, ...)
{
	size_t at = finding_count ? strlen(finding_text) : 0;
	va_list args;

	va_start(args, format);
	vsnprintf(finding_text + at, sizeof(finding_text) - at, format, args);
	va_end(args);
	if (finding_count++ < 50)
		printf("finding: %s\n", finding_text + at);
}

void leaves_free(struct leaves *leaves)
{
	free(leaves->items);
	*leaves = (struct leaves){ 0 };
}

static void leaf_add(struct leaves *out, struct leaf leaf)
{
	if (out->count == out->capacity) {
		out->capacity = out->capacity ? 2 * out->capacity : 1024;
		out->items = realloc(out->items, out->capacity * sizeof(*out->items));
		if (!out->items)
			abort();
	}
	out->items[out->count++] = leaf;
}

struct walk {
	const struct memory *memory;
	const char *what;
	bool is_hierarchical;	/* stage 1: upper tables may forbid */
	struct leaves *out;
	size_t budget;		/* tables that may still be read: a loop ends */
};

bool memory_word(const struct memory *m, uint64_t pa, uint64_t *word)
{
	if (pa < m->base || pa - m->base > m->size - 8 || m->size < 8)
		return false;
	*word = 0;
	for (unsigned i = 0; i < 8; i++)
		*word |= (uint64_t)m->bytes[pa - m->base + i] << 8 * i;
	return true;
}

static uint64_t span_of(unsigned level)
{
	return UINT64_C(1) << (39 - 9 * level);
}

static bool walk_table(struct walk *w, uint64_t table, unsigned level, uint64_t input, uint64_t entries, uint64_t forbidden);

static bool walk_entry(struct walk *w, uint64_t entry, unsigned level, uint64_t input, uint64_t forbidden)
{
	uint64_t span = span_of(level);

	if (!(entry & ENTRY_VALID))
		return true;
	if (level < 3 && (entry & ENTRY_TABLE)) {
		uint64_t more = 0;

		if (w->is_hierarchical)
			more = (entry & TABLE_XN ? LEAF_XN : 0) | (entry & TABLE_READ_ONLY ? LEAF_READ_ONLY : 0);
		return walk_table(w, entry & ENTRY_OUTPUT, level + 1, input, 512, forbidden | more);
	}
	if (level == 0 || (level == 3 && !(entry & ENTRY_TABLE))) {
		finding("%s: reserved entry 0x%" PRIx64 " at level %u for 0x%" PRIx64, w->what, entry, level, input);
		return false;
	}
	if ((entry & ENTRY_OUTPUT) & (span - 1))
		finding("%s: block for 0x%" PRIx64 " has output bits 0x%" PRIx64 " below its size", w->what, input, entry & ENTRY_OUTPUT & (span - 1));
	leaf_add(w->out, (struct leaf){ input, entry & ENTRY_OUTPUT & ~(span - 1), span, entry | forbidden });
	return true;
}

static bool walk_table(struct walk *w, uint64_t table, unsigned level, uint64_t input, uint64_t entries, uint64_t forbidden)
{
	w->out->tables++;
	if (!w->budget--) {
		finding("%s: more tables than memory holds: they loop", w->what);
		return false;
	}
	for (uint64_t i = 0; i < entries; i++) {
		uint64_t entry;

		if (!memory_word(w->memory, table + 8 * i, &entry)) {
			finding("%s: table at 0x%" PRIx64 " for 0x%" PRIx64 " lies outside of the hypervisor's memory", w->what, table + 8 * i, input);
			return false;
		}
		if (!walk_entry(w, entry, level, input + i * span_of(level), forbidden))
			return false;
	}
	return true;
}

/* Entries of the first table: `bits` of input address from `level` on, concatenated tables included. */
static bool walk_root(struct walk *w, uint64_t root, unsigned bits, unsigned level)
{
	unsigned resolved = 39 - 9 * level;	/* bits that one entry of the level leaves */

	if (bits <= resolved || bits - resolved > 13) {
		finding("%s: %u bits of address do not start at level %u", w->what, bits, level);
		return false;
	}
	return walk_table(w, root, level, 0, UINT64_C(1) << (bits - resolved), 0);
}

bool walk_stage1(const struct memory *memory, const struct registers *r, struct leaves *out)
{
	struct walk w = { memory, "stage 1", !(r->tcr & (UINT64_C(1) << 24)), out, (size_t)(memory->size / WALK_PAGE) + 1 };
	unsigned bits = 64 - (unsigned)(r->tcr & 0x3f);

	if ((r->tcr >> 14 & 3) != 0) {
		finding("stage 1: TCR_EL2 0x%" PRIx64 " has another granule than 4 KiB", r->tcr);
		return false;
	}
	return walk_root(&w, r->ttbr0 & UINT64_C(0x0000fffffffffffe), bits, bits > 39 ? 0 : bits > 30 ? 1 : 2);
}

bool walk_stage2(const struct memory *memory, const struct registers *r, struct leaves *out)
{
	struct walk w = { memory, "stage 2", false, out, (size_t)(memory->size / WALK_PAGE) + 1 };
	unsigned bits = 64 - (unsigned)(r->vtcr & 0x3f), start = (unsigned)(r->vtcr >> 6 & 3);

	if ((r->vtcr >> 14 & 3) != 0 || start == 3) {
		finding("stage 2: VTCR_EL2 0x%" PRIx64 " has another granule than 4 KiB, or a reserved start", r->vtcr);
		return false;
	}
	return walk_root(&w, r->vttbr & UINT64_C(0x0000fffffffffffe), bits, 2 - start);
}
