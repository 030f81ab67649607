/* SPDX-License-Identifier: Apache-2.0 */
/* Encodes manifests as manifest.h lays them out. It must not know files or keys. */

#include "manifest_write.h"

#include <string.h>

#include "../update/bytes.h"

enum fw_err manifest_put_item(struct manifest_buffer *to, uint32_t tag, const void *value, uint64_t size)
{
	uint64_t padded = (size + 7) & ~7ull;

	if (size > MANIFEST_BYTES_MAX || to->used + MANIFEST_ITEM_BYTES + padded > MANIFEST_BYTES_MAX)
		return FW_ERR_LENGTH;
	memset(to->bytes + to->used, 0, MANIFEST_ITEM_BYTES + padded);
	put_le32(to->bytes + to->used, tag);
	put_le64(to->bytes + to->used + 8, size);
	if (size != 0)
		memcpy(to->bytes + to->used + MANIFEST_ITEM_BYTES, value, size);
	to->used += MANIFEST_ITEM_BYTES + padded;
	return FW_OK;
}

static enum fw_err put(struct manifest_buffer *to, uint32_t tag, const uint8_t *value, uint64_t size)
{
	return manifest_put_item(to, tag | TAG_CRITICAL, value, size);
}

static enum fw_err put_pair(struct manifest_buffer *to, uint32_t tag, uint64_t first, uint64_t second)
{
	uint8_t v[16];

	put_le64(v, first);
	put_le64(v + 8, second);
	return put(to, tag, v, sizeof(v));
}

static enum fw_err put_identity(const struct manifest *m, struct manifest_buffer *to)
{
	uint8_t v[4 * MANIFEST_TEXT_BYTES + 8 + MANIFEST_HASH_BYTES];

	memcpy(v, m->name, MANIFEST_TEXT_BYTES);
	memcpy(v + 32, m->version, MANIFEST_TEXT_BYTES);
	memcpy(v + 64, m->arch, MANIFEST_TEXT_BYTES);
	memcpy(v + 96, m->board, MANIFEST_TEXT_BYTES);
	put_le64(v + 128, m->security_version);
	memcpy(v + 136, m->plan_id, MANIFEST_HASH_BYTES);
	return put(to, TAG_IDENTITY, v, sizeof(v));
}

static enum fw_err put_component(const struct manifest_component *c, struct manifest_buffer *to)
{
	uint8_t v[MANIFEST_TEXT_BYTES + 24 + MANIFEST_HASH_BYTES] = { 0 };

	memcpy(v, c->name, MANIFEST_TEXT_BYTES);
	put_le32(v + 32, c->type);
	put_le64(v + 40, c->offset);
	put_le64(v + 48, c->size);
	memcpy(v + 56, c->hash, MANIFEST_HASH_BYTES);
	return put(to, TAG_COMPONENT, v, sizeof(v));
}

static enum fw_err put_load(const struct manifest_load *load, struct manifest_buffer *to)
{
	uint8_t v[40] = { 0 };

	put_le32(v, load->component);
	put_le64(v + 8, load->source);
	put_le64(v + 16, load->target);
	put_le64(v + 24, load->size);
	put_le64(v + 32, load->clear);
	return put(to, TAG_LOAD, v, sizeof(v));
}

static enum fw_err put_range(const struct manifest_range *range, struct manifest_buffer *to)
{
	uint8_t v[MANIFEST_TEXT_BYTES + 16];

	memcpy(v, range->name, MANIFEST_TEXT_BYTES);
	put_le64(v + 32, range->base);
	put_le64(v + 40, range->size);
	return put(to, TAG_RANGE, v, sizeof(v));
}

static enum fw_err put_hardware(const struct manifest *m, struct manifest_buffer *to)
{
	uint8_t gic[24] = { 0 };
	uint8_t cpu[8];

	put_le32(gic, m->gic_version);
	put_le64(gic + 8, m->gic_distributor);
	put_le64(gic + 16, m->gic_second);
	FW_TRY(put(to, TAG_GIC, gic, sizeof(gic)));
	FW_TRY(put(to, TAG_BOARD, (const uint8_t *)m->compatible, sizeof(m->compatible)));
	if (m->iommu_version != 0)
		FW_TRY(put_pair(to, TAG_IOMMU, m->iommu_version, m->iommu));
	for (uint32_t i = 0; i < m->ram_count; i++)
		FW_TRY(put_pair(to, TAG_RAM, m->ram[i].base, m->ram[i].size));
	for (uint32_t i = 0; i < m->cpu_count; i++) {
		put_le64(cpu, m->cpu[i]);
		FW_TRY(put(to, TAG_CPU, cpu, sizeof(cpu)));
	}
	return FW_OK;
}

static enum fw_err put_plan(const struct manifest *m, struct manifest_buffer *to)
{
	for (uint32_t i = 0; i < m->range_count; i++)
		FW_TRY(put_range(&m->range[i], to));
	for (uint32_t i = 0; i < m->component_count; i++)
		FW_TRY(put_component(&m->component[i], to));
	for (uint32_t i = 0; i < m->clear_count; i++)
		FW_TRY(put_pair(to, TAG_CLEAR, m->clear[i].base, m->clear[i].size));
	for (uint32_t i = 0; i < m->load_count; i++)
		FW_TRY(put_load(&m->load[i], to));
	return put_pair(to, TAG_ENTRY, m->entry, m->handoff);
}

void manifest_seal(struct manifest_buffer *to)
{
	put_le64(to->bytes + 8, to->used);
}

enum fw_err manifest_write(const struct manifest *m, struct manifest_buffer *to)
{
	memcpy(to->bytes, "BLKHDMF1", 8);
	to->used = MANIFEST_HEADER_BYTES;
	FW_TRY(put_identity(m, to));
	FW_TRY(put_hardware(m, to));
	FW_TRY(put_plan(m, to));
	manifest_seal(to);
	return FW_OK;
}

enum fw_err manifest_put_signature(struct manifest_buffer *to, uint32_t algorithm, const uint8_t key_hash[MANIFEST_HASH_BYTES],
				   const uint8_t *signature, uint64_t size)
{
	uint8_t v[8 + MANIFEST_HASH_BYTES + 4096] = { 0 };

	if (size > 4096)
		return FW_ERR_LENGTH;
	put_le32(v, algorithm);
	memcpy(v + 8, key_hash, MANIFEST_HASH_BYTES);
	memcpy(v + 8 + MANIFEST_HASH_BYTES, signature, size);
	return manifest_put_item(to, TAG_SIGNATURE, v, 8 + MANIFEST_HASH_BYTES + size);
}
