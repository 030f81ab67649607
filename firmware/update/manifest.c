/* SPDX-License-Identifier: Apache-2.0 */
/* Parses manifests: items into arrays, with every length checked in 64 bits. It must not know disks, and trusts nothing it reads. */

#include "manifest.h"

#include <string.h>

#include "bytes.h"
#include "manifest_check.h"

static const uint8_t magic[8] = { 'B', 'L', 'K', 'H', 'D', 'M', 'F', '1' };

struct item {
	uint32_t tag;
	uint64_t size;
	const uint8_t *value;
};

/* Lengths of the values. */
enum {
	IDENTITY_BYTES = 4 * MANIFEST_TEXT_BYTES + 8 + MANIFEST_HASH_BYTES,
	COMPONENT_BYTES = MANIFEST_TEXT_BYTES + 8 + 16 + MANIFEST_HASH_BYTES,
	LOAD_BYTES = 40,
	AREA_BYTES = 16,
	RANGE_BYTES = MANIFEST_TEXT_BYTES + AREA_BYTES,
	CPU_BYTES = 8,
	GIC_BYTES = 24,
	ENTRY_BYTES = 16,
	IOMMU_BYTES = 16,
	SIGNATURE_HEADER_BYTES = 8 + MANIFEST_HASH_BYTES,
};

enum fw_err manifest_signed_bytes(const uint8_t *bytes, uint64_t size, uint64_t *out)
{
	if (size < MANIFEST_HEADER_BYTES)
		return FW_ERR_LENGTH;
	if (memcmp(bytes, magic, sizeof(magic)) != 0)
		return FW_ERR_MAGIC;
	*out = get_le64(bytes + 8);
	if (*out < MANIFEST_HEADER_BYTES || *out % 8 != 0 || *out > size || *out > MANIFEST_BYTES_MAX)
		return FW_ERR_LENGTH;
	return FW_OK;
}

/* Reads the item at `*at` inside of `end` bytes and moves past it. Both are multiples of 8. */
static enum fw_err next_item(const uint8_t *bytes, uint64_t end, uint64_t *at, struct item *out)
{
	uint64_t padded;

	if (!range_fits(*at, MANIFEST_ITEM_BYTES, end))
		return FW_ERR_LENGTH;
	out->tag = get_le32(bytes + *at);
	out->size = get_le64(bytes + *at + 8);
	out->value = bytes + *at + MANIFEST_ITEM_BYTES;
	if (get_le32(bytes + *at + 4) != 0)
		return FW_ERR_VALUE;
	*at += MANIFEST_ITEM_BYTES;
	if (!range_fits(*at, out->size, end))
		return FW_ERR_LENGTH;
	padded = (out->size + 7) & ~7ull;
	if (!range_fits(*at, padded, end))
		return FW_ERR_LENGTH;
	for (uint64_t i = out->size; i < padded; i++) {
		if (out->value[i] != 0)
			return FW_ERR_VALUE;
	}
	*at += padded;
	return FW_OK;
}

/* Text in `room` bytes: printable ASCII, then NULs only, at least one. */
static enum fw_err read_long_text(const uint8_t *from, char *to, size_t room)
{
	size_t length = 0;

	while (length < room && from[length] > ' ' && from[length] < 0x7f)
		length++;
	if (length == 0 || length == room)
		return FW_ERR_TEXT;
	for (size_t i = length; i < room; i++) {
		if (from[i] != 0)
			return FW_ERR_TEXT;
	}
	memcpy(to, from, room);
	return FW_OK;
}

static enum fw_err read_text(const uint8_t *from, char *to)
{
	return read_long_text(from, to, MANIFEST_TEXT_BYTES);
}

static enum fw_err parse_identity(const uint8_t *v, struct manifest *m)
{
	if (m->name[0] != 0)
		return FW_ERR_COUNT;
	FW_TRY(read_text(v, m->name));
	FW_TRY(read_text(v + 32, m->version));
	FW_TRY(read_text(v + 64, m->arch));
	FW_TRY(read_text(v + 96, m->board));
	m->security_version = get_le64(v + 128);
	memcpy(m->plan_id, v + 136, MANIFEST_HASH_BYTES);
	return FW_OK;
}

static enum fw_err parse_component(const uint8_t *v, struct manifest *m)
{
	struct manifest_component *c;

	if (m->component_count == MANIFEST_COMPONENT_COUNT)
		return FW_ERR_COUNT;
	c = &m->component[m->component_count++];
	FW_TRY(read_text(v, c->name));
	c->type = get_le32(v + 32);
	c->offset = get_le64(v + 40);
	c->size = get_le64(v + 48);
	memcpy(c->hash, v + 56, MANIFEST_HASH_BYTES);
	return get_le32(v + 36) == 0 ? FW_OK : FW_ERR_VALUE;
}

static enum fw_err parse_load(const uint8_t *v, struct manifest *m)
{
	struct manifest_load *load;

	if (m->load_count == MANIFEST_LOAD_COUNT)
		return FW_ERR_COUNT;
	load = &m->load[m->load_count++];
	load->component = get_le32(v);
	load->source = get_le64(v + 8);
	load->target = get_le64(v + 16);
	load->size = get_le64(v + 24);
	load->clear = get_le64(v + 32);
	return get_le32(v + 4) == 0 ? FW_OK : FW_ERR_VALUE;
}

static enum fw_err parse_area(const uint8_t *v, struct manifest_area *areas, uint32_t *count, uint32_t limit)
{
	if (*count == limit)
		return FW_ERR_COUNT;
	areas[*count].base = get_le64(v);
	areas[*count].size = get_le64(v + 8);
	++*count;
	return FW_OK;
}

static enum fw_err parse_clear(const uint8_t *v, struct manifest *m)
{
	return parse_area(v, m->clear, &m->clear_count, MANIFEST_CLEAR_COUNT);
}

static enum fw_err parse_ram(const uint8_t *v, struct manifest *m)
{
	return parse_area(v, m->ram, &m->ram_count, MANIFEST_RAM_COUNT);
}

static enum fw_err parse_range(const uint8_t *v, struct manifest *m)
{
	struct manifest_range *range;

	if (m->range_count == MANIFEST_RANGE_COUNT)
		return FW_ERR_COUNT;
	range = &m->range[m->range_count++];
	FW_TRY(read_text(v, range->name));
	range->base = get_le64(v + 32);
	range->size = get_le64(v + 40);
	return FW_OK;
}

static enum fw_err parse_cpu(const uint8_t *v, struct manifest *m)
{
	if (m->cpu_count == MANIFEST_CPU_COUNT)
		return FW_ERR_COUNT;
	m->cpu[m->cpu_count++] = get_le64(v);
	return FW_OK;
}

static enum fw_err parse_gic(const uint8_t *v, struct manifest *m)
{
	if (m->gic_version != 0)
		return FW_ERR_COUNT;
	m->gic_version = get_le32(v);
	m->gic_distributor = get_le64(v + 8);
	m->gic_second = get_le64(v + 16);
	if (get_le32(v + 4) != 0 || (m->gic_version != 2 && m->gic_version != 3))
		return FW_ERR_VALUE;
	return FW_OK;
}

static enum fw_err parse_entry(const uint8_t *v, struct manifest *m)
{
	if (m->entry != 0)
		return FW_ERR_COUNT;
	m->entry = get_le64(v);
	m->handoff = get_le64(v + 8);
	return m->entry != 0 ? FW_OK : FW_ERR_VALUE;
}

static enum fw_err parse_board(const uint8_t *v, struct manifest *m)
{
	return m->compatible[0] == 0 ? read_long_text(v, m->compatible, MANIFEST_BOARD_BYTES) : FW_ERR_COUNT;
}

static enum fw_err parse_iommu(const uint8_t *v, struct manifest *m)
{
	if (m->iommu_version != 0)
		return FW_ERR_COUNT;
	m->iommu_version = get_le32(v);
	m->iommu = get_le64(v + 8);
	return get_le32(v + 4) == 0 && m->iommu_version == 3 ? FW_OK : FW_ERR_VALUE;
}

static const struct {
	uint32_t tag;
	uint32_t size;
	enum fw_err (*parse)(const uint8_t *value, struct manifest *m);
} parsers[] = {
	{ TAG_IDENTITY, IDENTITY_BYTES, parse_identity },
	{ TAG_COMPONENT, COMPONENT_BYTES, parse_component },
	{ TAG_LOAD, LOAD_BYTES, parse_load },
	{ TAG_CLEAR, AREA_BYTES, parse_clear },
	{ TAG_RANGE, RANGE_BYTES, parse_range },
	{ TAG_RAM, AREA_BYTES, parse_ram },
	{ TAG_CPU, CPU_BYTES, parse_cpu },
	{ TAG_GIC, GIC_BYTES, parse_gic },
	{ TAG_ENTRY, ENTRY_BYTES, parse_entry },
	{ TAG_BOARD, MANIFEST_BOARD_BYTES, parse_board },
	{ TAG_IOMMU, IOMMU_BYTES, parse_iommu },
};

static enum fw_err parse_item(const struct item *item, struct manifest *m)
{
	for (size_t i = 0; i < sizeof(parsers) / sizeof(parsers[0]); i++) {
		if (item->tag != (parsers[i].tag | TAG_CRITICAL))
			continue;
		return item->size == parsers[i].size ? parsers[i].parse(item->value, m) : FW_ERR_LENGTH;
	}
	return item->tag & TAG_CRITICAL ? FW_ERR_TAG : FW_OK;
}

enum fw_err manifest_parse(const uint8_t *bytes, uint64_t signed_bytes, uint64_t slot_bytes, struct manifest *out)
{
	uint64_t end;
	struct item item;

	memset(out, 0, sizeof(*out));
	FW_TRY(manifest_signed_bytes(bytes, signed_bytes, &end));
	if (end != signed_bytes)
		return FW_ERR_LENGTH;
	for (uint64_t at = MANIFEST_HEADER_BYTES; at < end;) {
		FW_TRY(next_item(bytes, end, &at, &item));
		FW_TRY(parse_item(&item, out));
	}
	return manifest_check(out, slot_bytes);
}

enum fw_err manifest_next_signature(const uint8_t *bytes, uint64_t size, uint64_t *at, struct manifest_signature *out)
{
	struct item item;

	do {
		FW_TRY(next_item(bytes, size & ~7ull, at, &item));
		if (item.tag == TAG_END)
			return FW_ERR_NOT_FOUND;
	} while (item.tag != TAG_SIGNATURE || item.size < SIGNATURE_HEADER_BYTES);
	out->algorithm = get_le32(item.value);
	out->key_hash = item.value + 8;
	out->bytes = item.value + SIGNATURE_HEADER_BYTES;
	out->size = item.size - SIGNATURE_HEADER_BYTES;
	return FW_OK;
}
