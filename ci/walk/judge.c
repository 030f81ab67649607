/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compares every mapping and attribute with what it must be. It must not know how tables are laid out.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "walk.h"

#define LEAF_AF		(UINT64_C(1) << 10)

enum memory_type { TYPE_DEVICE, TYPE_UNCACHED, TYPE_CACHED, TYPE_OTHER };

static const char *const type_names[] = { "device", "non-cacheable", "write-back", "of no used type" };

static bool is_inside(uint64_t base, uint64_t size, uint64_t outer, uint64_t outer_size)
{
	return base >= outer && size <= outer_size && base - outer <= outer_size - size;
}

static bool overlaps(uint64_t base, uint64_t size, uint64_t other, uint64_t other_size)
{
	return base < other + other_size && other < base + size;
}

static const struct range *range_of(const struct range *ranges, size_t count, uint64_t base, uint64_t size)
{
	for (size_t i = 0; i < count; i++)
		if (is_inside(base, size, ranges[i].base, ranges[i].size))
			return &ranges[i];
	return NULL;
}

static const struct map *map_of(const struct map *maps, size_t count, uint32_t partition, uint64_t input)
{
	for (size_t i = 0; i < count; i++)
		if (maps[i].partition == partition && input >= maps[i].input && input - maps[i].input < maps[i].size)
			return &maps[i];
	return NULL;
}

/* How many bytes of [base, base+size) the leaves map, counted leaf by leaf. */
static uint64_t bytes_mapped(const struct leaves *leaves, uint64_t base, uint64_t size)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < leaves->count; i++) {
		const struct leaf *leaf = &leaves->items[i];
		uint64_t from = leaf->input > base ? leaf->input : base;
		uint64_t to = leaf->input + leaf->size < base + size ? leaf->input + leaf->size : base + size;

		sum += to > from ? to - from : 0;
	}
	return sum;
}

/* ---- stage 1 */

struct rights {
	bool is_writable, is_executable;
	enum memory_type type;
};

static enum memory_type mair_type(uint64_t mair, uint64_t entry)
{
	uint8_t attributes = (uint8_t)(mair >> 8 * (entry >> 2 & 7));

	if (!(attributes & 0xf0))
		return attributes & 3 ? TYPE_OTHER : TYPE_DEVICE;
	return attributes == 0xff ? TYPE_CACHED : attributes == 0x44 ? TYPE_UNCACHED : TYPE_OTHER;
}

static struct rights stage1_rights(const struct registers *r, const struct leaf *leaf)
{
	struct rights rights = { .is_writable = !(leaf->entry >> 7 & 1), .is_executable = !(leaf->entry >> 54 & 1) };

	rights.type = mair_type(r->mair, leaf->entry);
	return rights;
}

static void rights_compare(const char *what, const char *name, const struct leaf *leaf, struct rights got, struct rights wanted)
{
	if (got.is_writable == wanted.is_writable && got.is_executable == wanted.is_executable && got.type == wanted.type)
		return;
	finding("%s: %s at 0x%" PRIx64 " (entry 0x%" PRIx64 ") is %s%s%s, not %s%s%s", what, name, leaf->input, leaf->entry,
		got.is_writable ? "writable " : "", got.is_executable ? "executable " : "", type_names[got.type],
		wanted.is_writable ? "writable " : "", wanted.is_executable ? "executable " : "", type_names[wanted.type]);
}

/* A page of the hypervisor's own range: what its section says. */
static void judge_section(const struct expected *e, const struct leaf *leaf, struct rights got)
{
	const struct range *section = range_of(e->sections, e->section_count, leaf->input, leaf->size);
	struct rights wanted = { .type = TYPE_CACHED };

	if (!section) {
		/* Behind the last byte of a section, up to the page's end, is nobody else. */
		for (size_t i = 0; i < e->section_count && !section; i++)
			if (overlaps(leaf->input, leaf->size, e->sections[i].base, e->sections[i].size))
				section = &e->sections[i];
	}
	if (!section) {
		finding("stage 1: 0x%" PRIx64 " of the hypervisor is mapped, and no section lies there", leaf->input);
		return;
	}
	for (size_t i = 0; i < e->section_count; i++) {
		const struct range *other = &e->sections[i];

		if (overlaps(leaf->input, leaf->size, other->base, other->size) &&
		    (other->is_writable != section->is_writable || other->is_executable != section->is_executable))
			finding("stage 1: one mapping at 0x%" PRIx64 " spans sections %s and %s, which need other rights", leaf->input,
				section->name, other->name);
	}
	wanted.is_writable = section->is_writable;
	wanted.is_executable = section->is_executable;
	if (!strcmp(section->name, ".device_pages"))
		wanted.type = TYPE_UNCACHED;
	rights_compare("stage 1", section->name, leaf, got, wanted);
}

static void judge_stage1_leaf(const struct expected *e, const struct registers *r, const struct leaf *leaf)
{
	const struct map *map = map_of(e->stage1, e->stage1_count, 0, leaf->input);
	struct rights got = stage1_rights(r, leaf);

	if (leaf->input != leaf->output)
		finding("stage 1: 0x%" PRIx64 " is mapped to 0x%" PRIx64 ", not one to one", leaf->input, leaf->output);
	if (got.is_writable && got.is_executable)
		finding("stage 1: 0x%" PRIx64 " is writable and executable", leaf->input);
	if (!(leaf->entry & LEAF_AF))
		finding("stage 1: 0x%" PRIx64 " has no access flag", leaf->input);
	if (!map || !is_inside(leaf->input, leaf->size, map->input, map->size)) {
		finding("stage 1: 0x%" PRIx64 ", 0x%" PRIx64 " bytes: the plan has no such mapping", leaf->input, leaf->size);
		return;
	}
	if (map->kind == MAP_HYPERVISOR)
		judge_section(e, leaf, got);
	else
		rights_compare("stage 1", map->name, leaf, got,
			       (struct rights){ map->kind != MAP_READ_ONLY, false, map->kind == MAP_DEVICE ? TYPE_DEVICE : TYPE_CACHED });
}

/* In the stacks' section, unmapped pages stand before, between and behind runs of mapped ones: a run a CPU. */
static void judge_stacks(const struct expected *e, const struct leaves *leaves)
{
	const struct range *stacks = NULL;
	uint64_t runs = 0;
	bool was_mapped = true;	/* a first page that is mapped begins no run, and is found below */

	for (size_t i = 0; i < e->section_count; i++)
		if (!strcmp(e->sections[i].name, ".stacks"))
			stacks = &e->sections[i];
	if (!stacks) {
		finding("stage 1: the hypervisor's file has no section .stacks");
		return;
	}
	for (uint64_t at = stacks->base; at < stacks->base + stacks->size; at += WALK_PAGE) {
		bool is_mapped = bytes_mapped(leaves, at, WALK_PAGE) != 0;

		if (is_mapped && at == stacks->base)
			finding("stage 1: no guard page below the first stack at 0x%" PRIx64, at);
		runs += is_mapped && !was_mapped;
		was_mapped = is_mapped;
	}
	if (bytes_mapped(leaves, stacks->base + stacks->size, WALK_PAGE) && was_mapped)
		finding("stage 1: no guard page behind the last stack, 0x%" PRIx64, stacks->base + stacks->size);
	if (runs != e->cpu_count)
		finding("stage 1: %" PRIu64 " stacks between guard pages, for %zu CPUs", runs, e->cpu_count);
}

static void judge_sections_mapped(const struct expected *e, const struct leaves *leaves)
{
	for (size_t i = 0; i < e->section_count; i++) {
		const struct range *s = &e->sections[i];

		if (strcmp(s->name, ".stacks") && bytes_mapped(leaves, s->base, s->size) != s->size)
			finding("stage 1: of section %s (0x%" PRIx64 "), 0x%" PRIx64 " of 0x%" PRIx64 " bytes are mapped", s->name, s->base,
				bytes_mapped(leaves, s->base, s->size), s->size);
	}
}

void judge_stage1(const struct expected *e, const struct registers *r, const struct leaves *leaves)
{
	for (size_t i = 0; i < leaves->count; i++)
		judge_stage1_leaf(e, r, &leaves->items[i]);
	for (size_t i = 0; i < e->stage1_count; i++) {
		const struct map *map = &e->stage1[i];

		if (map->kind != MAP_HYPERVISOR && bytes_mapped(leaves, map->input, map->size) != map->size)
			finding("stage 1: of %s (0x%" PRIx64 "), not all of 0x%" PRIx64 " bytes are mapped", map->name, map->input, map->size);
	}
	judge_sections_mapped(e, leaves);
	judge_stacks(e, leaves);
}

/* ---- stage 2 */

static enum memory_type stage2_type(uint64_t entry)
{
	switch (entry >> 2 & 15) {
	case 0x0: case 0x1: case 0x2: case 0x3:
		return TYPE_DEVICE;
	case 0x5:
		return TYPE_UNCACHED;
	case 0xf:
		return TYPE_CACHED;
	default:
		return TYPE_OTHER;
	}
}

/* What a partition may do with a mapping of each kind, and its memory type. */
static struct rights stage2_wanted(enum map_kind kind)
{
	static const struct rights wanted[] = {
		[MAP_RAM] = { true, true, TYPE_CACHED },	   [MAP_READ_ONLY] = { false, false, TYPE_CACHED },
		[MAP_DEVICE] = { true, false, TYPE_DEVICE },	   [MAP_PAGE] = { false, false, TYPE_DEVICE },
		[MAP_HYPERVISOR] = { false, false, TYPE_OTHER },   [MAP_PAGE_UNCACHED] = { true, false, TYPE_UNCACHED },
		[MAP_PAGE_READ] = { false, false, TYPE_CACHED },   [MAP_PAGE_WRITE] = { true, false, TYPE_CACHED },
		[MAP_WINDOW] = { true, false, TYPE_CACHED },	   [MAP_KEPT] = { true, false, TYPE_CACHED },
	};

	return wanted[kind];
}

/* One translation of a partition: by its vCPUs, or by its devices. */
struct view {
	char what[96];
	const struct expected *e;
};

static void judge_stage2_rights(const struct view *v, const struct map *map, const struct leaf *leaf)
{
	bool is_readable = leaf->entry >> 6 & 1;
	struct rights got = { leaf->entry >> 7 & 1, !(leaf->entry >> 54 & 1), stage2_type(leaf->entry) };

	rights_compare(v->what, map->name, leaf, got, stage2_wanted(map->kind));
	if (!is_readable)
		finding("%s: %s at 0x%" PRIx64 " is not readable", v->what, map->name, leaf->input);
	if (!(leaf->entry & LEAF_AF))
		finding("%s: %s at 0x%" PRIx64 " has no access flag", v->what, map->name, leaf->input);
}

/* The hypervisor's pages that guests see stand in two sections, cacheable or not, and nothing else of it is ever shown. */
static void judge_stage2_output(const struct view *v, const struct map *map, const struct leaf *leaf)
{
	const struct range *section = range_of(v->e->sections, v->e->section_count, leaf->output, leaf->size);

	if (map->is_anywhere) {
		bool is_cached = map->kind == MAP_PAGE_READ || map->kind == MAP_PAGE_WRITE;

		if (!section || strcmp(section->name, is_cached ? ".shared_pages" : ".device_pages"))
			finding("%s: %s shows 0x%" PRIx64 ", which is no %s of the hypervisor", v->what, map->name, leaf->output,
				is_cached ? "shared page" : "device page");
		return;
	}
	if (leaf->output != map->output + (leaf->input - map->input))
		finding("%s: %s at 0x%" PRIx64 " is 0x%" PRIx64 ", not 0x%" PRIx64, v->what, map->name, leaf->input, leaf->output,
			map->output + (leaf->input - map->input));
	for (size_t i = 0; i < v->e->region_count; i++)
		if (overlaps(leaf->output, leaf->size, v->e->regions[i].base, v->e->regions[i].size))
			finding("%s: 0x%" PRIx64 " reaches 0x%" PRIx64 " of region %s", v->what, leaf->input, leaf->output, v->e->regions[i].name);
}

void judge_translation(const struct expected *e, const struct partition *p, const char *what, const struct map *maps, size_t count,
		       const struct leaves *leaves)
{
	struct view v = { .e = e };

	snprintf(v.what, sizeof(v.what), "%s of %s", what, p->name);
	for (size_t i = 0; i < leaves->count; i++) {
		const struct leaf *leaf = &leaves->items[i];
		const struct map *map = map_of(maps, count, p->id, leaf->input);

		if (!map || !is_inside(leaf->input, leaf->size, map->input, map->size)) {
			finding("%s: 0x%" PRIx64 " (to 0x%" PRIx64 ", 0x%" PRIx64 " bytes): the plan has no such mapping", v.what, leaf->input,
				leaf->output, leaf->size);
			continue;
		}
		judge_stage2_rights(&v, map, leaf);
		judge_stage2_output(&v, map, leaf);
	}
	for (size_t i = 0; i < count; i++) {
		const struct map *map = &maps[i];
		uint64_t mapped = bytes_mapped(leaves, map->input, map->size);

		/* A page of registers is out while reads of it must exit; a window while its front-end does not run. */
		if (map->partition == p->id && map->kind != MAP_PAGE && mapped != map->size && (map->kind != MAP_WINDOW || mapped))
			finding("%s: of %s (0x%" PRIx64 "), 0x%" PRIx64 " of 0x%" PRIx64 " bytes are mapped", v.what, map->name, map->input, mapped,
				map->size);
	}
}

void judge_stage2(const struct expected *e, const struct partition *p, const struct registers *r, const struct leaves *leaves)
{
	if ((r->vttbr >> 48) != p->vmid)
		finding("stage 2 of %s: VTTBR_EL2 has VMID %u, not %u", p->name, (unsigned)(r->vttbr >> 48), p->vmid);
	judge_translation(e, p, "stage 2", e->stage2, e->stage2_count, leaves);
}

/* ---- between partitions */

/* What both leaves show, which may be a piece of either, is declared for these two partitions at these addresses. */
static bool is_declared(const struct expected *e, size_t a, const struct leaf *x, size_t b, const struct leaf *y)
{
	uint64_t from = x->output > y->output ? x->output : y->output;
	uint64_t x_end = x->output + x->size, y_end = y->output + y->size;
	uint64_t size = (x_end < y_end ? x_end : y_end) - from;

	for (size_t i = 0; i < e->pair_count; i++) {
		const struct pair *pair = &e->pairs[i];
		const struct leaf *front = pair->front == a ? x : y, *back = pair->front == a ? y : x;
		uint64_t front_at = front->input + (from - front->output), back_at = back->input + (from - back->output);

		if (!(pair->front == a && pair->back == b) && !(pair->front == b && pair->back == a))
			continue;
		if (is_inside(front_at, size, pair->front_input, pair->size) && is_inside(back_at, size, pair->back_input, pair->size) &&
		    front_at - pair->front_input == back_at - pair->back_input)
			return true;
	}
	return false;
}

/* Both serve the same front-end: each leaf lies in a window of its own, and they show the same place of it. */
static bool is_declared_twice(const struct expected *e, size_t a, const struct leaf *x, size_t b, const struct leaf *y)
{
	for (size_t i = 0; i < e->pair_count; i++) {
		const struct pair *p = &e->pairs[i];

		if (p->back != a || !is_inside(x->input, x->size, p->back_input, p->size))
			continue;
		for (size_t j = 0; j < e->pair_count; j++) {
			const struct pair *q = &e->pairs[j];

			if (q->back == b && q->front == p->front && is_inside(y->input, y->size, q->back_input, q->size) &&
			    x->output - (x->input - p->back_input + p->front_input) == y->output - (y->input - q->back_input + q->front_input))
				return true;
		}
	}
	return false;
}

void judge_sharing(const struct expected *e, const struct leaves *tables)
{
	for (size_t a = 0; a < e->partition_count; a++)
		for (size_t b = 0; b < a; b++)
			for (size_t i = 0; i < tables[a].count; i++)
				for (size_t j = 0; j < tables[b].count; j++) {
					const struct leaf *x = &tables[a].items[i], *y = &tables[b].items[j];

					if (overlaps(x->output, x->size, y->output, y->size) &&
					    !range_of(e->shared, e->shared_count, x->output, x->size) && !is_declared(e, a, x, b, y) &&
					    !is_declared_twice(e, a, x, b, y))
						finding("0x%" PRIx64 " is reachable from %s at 0x%" PRIx64 " and from %s at 0x%" PRIx64, x->output,
							e->partitions[a].name, x->input, e->partitions[b].name, y->input);
				}
}

void judge_pools(const struct expected *e)
{
	for (size_t i = 0; i < e->pair_count; i++) {
		const struct pair *pair = &e->pairs[i];
		const struct partition *front = &e->partitions[pair->front];

		if (pair->is_window && front->pool_size && !is_inside(pair->front_input, pair->size, front->pool, front->pool_size))
			finding("the window onto %s shows 0x%" PRIx64 ", 0x%" PRIx64 " bytes: not its pool alone", front->name, pair->front_input, pair->size);
	}
}

void judge_registers(const struct registers *r)
{
	if ((r->sctlr & 0x1005) != 0x1005)
		finding("cpu %u: SCTLR_EL2 0x%" PRIx64 ": MMU or caches are off", r->cpu, r->sctlr);
	if (!(r->sctlr & (1u << 19)))
		finding("cpu %u: SCTLR_EL2 0x%" PRIx64 ": WXN is off", r->cpu, r->sctlr);
	if (!(r->pstate & 8) && !(r->hcr & 1))
		finding("cpu %u: HCR_EL2 0x%" PRIx64 ": a guest runs, and stage 2 is off", r->cpu, r->hcr);
}
