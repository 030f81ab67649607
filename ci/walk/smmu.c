/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stream table of an SMMUv3, linear or in two levels, and what each of its entries lets a device reach, from the
 * architecture's description (ARM IHI 0070). It must not know what a mapping is for.
 */
#include <inttypes.h>

#include "walk.h"

#define ENTRY_BYTES	64u
#define ADDRESS		UINT64_C(0x000fffffffffffc0)
#define STREAM_BITS_MAX	16u

enum { CONFIG_ABORT = 0, CONFIG_STAGE2 = 6 };	/* 4: as if there were no SMMU; 5: stage 1; 7: both */

/* Of the words of an entry. */
#define STE_VALID	UINT64_C(1)
#define STE_CONFIG(w0)	((w0) >> 1 & 7)
#define STE_VMID(w2)	((w2) & 0xffff)
#define STE_FORMAT(w2)	((w2) >> 32 & 0x7ffff)	/* laid out as VTCR_EL2 */
#define STE_AARCH64	(UINT64_C(1) << 51)
#define STE_BIG_ENDIAN	(UINT64_C(1) << 52)
#define STE_STALL	(UINT64_C(1) << 57)
#define STE_RECORD	(UINT64_C(1) << 58)
#define STE_TABLE(w3)	((w3) & UINT64_C(0x000ffffffffffff0))

/* One look at all streams. `first`: of each partition, its first entry, which the others must be like. */
struct look {
	const struct expected *e;
	const struct memory *memory;
	struct registers first[16];
	bool has_first[16];
	size_t reaching;
};

static const struct stream *owner_of(const struct expected *e, uint32_t number)
{
	const struct stream *found = NULL;

	for (size_t i = 0; i < e->stream_count; i++)
		if (number - e->streams[i].first < e->streams[i].count && (!found || e->streams[i].count < found->count))
			found = &e->streams[i];
	return found;
}

/* Where the entry of a stream is; 0: nowhere, what it tries is refused. False: it cannot be told. */
static bool entry_find(const struct memory *memory, const struct smmu_registers *r, uint32_t number, uint64_t *at)
{
	unsigned split = (unsigned)(r->config >> 6 & 31), format = (unsigned)(r->config >> 16 & 3);
	uint64_t descriptor, span, index;

	if (format == 0) {
		*at = (r->base & ADDRESS) + (uint64_t)number * ENTRY_BYTES;
		return true;
	}
	if (format != 1 || !memory_word(memory, (r->base & ADDRESS) + 8 * (uint64_t)(number >> split), &descriptor))
		return false;
	span = descriptor & 31;
	index = number & ((1u << split) - 1);
	if (span > 11)
		return false;
	*at = span && index < UINT64_C(1) << (span - 1) ? (descriptor & ADDRESS) + index * ENTRY_BYTES : 0;
	return true;
}

static void judge_format(uint32_t number, const uint64_t w[4])
{
	if (STE_CONFIG(w[0]) != CONFIG_STAGE2)
		finding("stream 0x%x is configured as %u: not what it tries is translated by stage 2 alone", number, (unsigned)STE_CONFIG(w[0]));
	if (!(w[2] & STE_AARCH64) || w[2] & STE_BIG_ENDIAN)
		finding("stream 0x%x: its tables are read in another format", number);
	if (w[2] & STE_STALL || !(w[2] & STE_RECORD))
		finding("stream 0x%x: what is refused stalls, or is not told", number);
}

static bool has_own(const struct expected *e, uint32_t partition)
{
	for (size_t i = 0; i < e->dma_count; i++)
		if (e->dma[i].partition == partition)
			return true;
	return false;
}

/* What the plan calls RAM of a device is RAM that the partition's vCPUs have. */
static void judge_own_ram(const struct expected *e, const struct partition *p, const struct map *map)
{
	for (size_t i = 0; i < e->stage2_count; i++) {
		const struct map *own = &e->stage2[i];

		if (own->partition == p->id && own->kind == MAP_RAM && map->output >= own->output && map->size <= own->size &&
		    map->output - own->output <= own->size - map->size)
			return;
	}
	finding("DMA of %s: %s at 0x%" PRIx64 " is no RAM of its own", p->name, map->name, map->output);
}

/* Devices reach what the plan says of them, or, where it says nothing, what the vCPUs do. */
static void judge_dma(const struct expected *e, const struct partition *p, const struct leaves *leaves)
{
	bool is_own = has_own(e, p->id);

	judge_translation(e, p, "DMA", is_own ? e->dma : e->stage2, is_own ? e->dma_count : e->stage2_count, leaves);
	for (size_t i = 0; i < e->dma_count; i++)
		if (e->dma[i].partition == p->id && e->dma[i].kind == MAP_RAM)
			judge_own_ram(e, p, &e->dma[i]);
}

/* The devices of a partition are translated by the same tables, under its VMID: so it is judged once. */
static void judge_owned(struct look *look, uint32_t number, const struct stream *owner, const struct registers *r)
{
	const struct partition *p = &look->e->partitions[owner->partition];
	struct leaves leaves = { 0 };

	look->reaching++;
	if (r->vttbr >> 48 != p->vmid)
		finding("stream 0x%x of %s has VMID %u, not %u", number, p->name, (unsigned)(r->vttbr >> 48), p->vmid);
	if (look->has_first[p->id]) {
		if (look->first[p->id].vttbr != r->vttbr || look->first[p->id].vtcr != r->vtcr)
			finding("stream 0x%x of %s is translated by other tables than the first of them", number, p->name);
		return;
	}
	look->has_first[p->id] = true;
	look->first[p->id] = *r;
	if (walk_stage2(look->memory, r, &leaves))
		judge_dma(look->e, p, &leaves);
	leaves_free(&leaves);
}

static void judge_nobodys(const struct look *look, uint32_t number, const struct registers *r)
{
	struct leaves leaves = { 0 };

	if (walk_stage2(look->memory, r, &leaves) && leaves.count)
		finding("stream 0x%x is nobody's, and reaches 0x%" PRIx64 " and %zu more", number, leaves.items[0].output, leaves.count - 1);
	leaves_free(&leaves);
}

static void judge_entry(struct look *look, uint32_t number, uint64_t at)
{
	const struct stream *owner = owner_of(look->e, number);
	struct registers r = { 0 };
	uint64_t w[4] = { 0 };

	for (unsigned i = 0; at && i < 4; i++)
		if (!memory_word(look->memory, at + 8 * i, &w[i])) {
			finding("stream 0x%x: its entry at 0x%" PRIx64 " lies outside of the hypervisor's memory", number, at);
			return;
		}
	if (!(w[0] & STE_VALID) || STE_CONFIG(w[0]) == CONFIG_ABORT) {
		if (owner)
			finding("stream 0x%x of %s reaches nothing", number, owner->name);
		return;
	}
	judge_format(number, w);
	r.vttbr = STE_VMID(w[2]) << 48 | STE_TABLE(w[3]);
	r.vtcr = STE_FORMAT(w[2]);
	if (owner)
		judge_owned(look, number, owner, &r);
	else
		judge_nobodys(look, number, &r);
}

size_t judge_streams(const struct expected *e, const struct memory *memory, const struct smmu_registers *r)
{
	struct look look = { .e = e, .memory = memory };
	unsigned bits = (unsigned)(r->config & 63);

	if (!(r->cr0 & 1))
		finding("SMMU: it is off, SMMU_CR0 0x%" PRIx64, r->cr0);
	if (bits > STREAM_BITS_MAX) {
		finding("SMMU: %u bits of stream: SMMU_STRTAB_BASE_CFG 0x%" PRIx64, bits, r->config);
		return 0;
	}
	for (uint32_t number = 0; number < 1u << bits; number++) {
		uint64_t at;

		if (entry_find(memory, r, number, &at))
			judge_entry(&look, number, at);
		else
			finding("stream 0x%x: the table's first level leads nowhere", number);
	}
	for (size_t i = 0; i < e->stream_count; i++)
		if (e->streams[i].first + e->streams[i].count > 1u << bits)
			finding("streams of %s are not in the table", e->streams[i].name);
	return look.reaching;
}
