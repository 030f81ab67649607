/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Consistency of a parsed manifest: after this, the boot stage may follow it without a check of its own. It must not know
 * the encoding. The lists are short: comparing each with each is fine.
 */

#include "manifest_check.h"

#include <string.h>

#include "bytes.h"

static enum fw_err check_presence(const struct manifest *m)
{
	if (m->name[0] == 0 || m->compatible[0] == 0 || m->gic_version == 0 || m->entry == 0)
		return FW_ERR_COUNT;
	if (m->component_count == 0 || m->load_count == 0 || m->range_count == 0 || m->ram_count == 0 || m->cpu_count == 0)
		return FW_ERR_COUNT;
	return FW_OK;
}

static enum fw_err check_component(const struct manifest *m, uint32_t index, uint64_t slot_bytes)
{
	const struct manifest_component *c = &m->component[index];

	if (c->type < COMPONENT_HYPERVISOR || c->type > COMPONENT_DATA || c->size == 0)
		return FW_ERR_VALUE;
	/* Whole blocks of any device, behind the manifest. */
	if (c->offset % 4096 != 0 || c->offset < MANIFEST_BYTES_MAX)
		return FW_ERR_VALUE;
	if (!range_fits(c->offset, c->size, slot_bytes))
		return FW_ERR_LENGTH;
	for (uint32_t other = 0; other < index; other++) {
		if (strcmp(c->name, m->component[other].name) == 0)
			return FW_ERR_COUNT;
		if (range_overlaps(c->offset, c->size, m->component[other].offset, m->component[other].size))
			return FW_ERR_OVERLAP;
	}
	return FW_OK;
}

static enum fw_err check_range(const struct manifest *m, uint32_t index)
{
	const struct manifest_range *r = &m->range[index];

	if (r->size == 0 || !range_is_sane(r->base, r->size))
		return FW_ERR_LENGTH;
	for (uint32_t other = 0; other < index; other++) {
		if (range_overlaps(r->base, r->size, m->range[other].base, m->range[other].size))
			return FW_ERR_OVERLAP;
	}
	return FW_OK;
}

static enum fw_err check_load(const struct manifest *m, uint32_t index)
{
	const struct manifest_load *load = &m->load[index];
	uint64_t extent = manifest_load_extent(load);

#ifndef FUZZ_PLANT_MANIFEST	/* the fault that the fuzzer's smoke run must find */
	if (load->component >= m->component_count)
		return FW_ERR_VALUE;
#endif
	if (load->size == 0 || (load->clear != 0 && load->clear < load->size))
		return FW_ERR_VALUE;
	if (!range_fits(load->source, load->size, m->component[load->component].size))
		return FW_ERR_LENGTH;
	if (!manifest_find_range(m, load->target, extent))
		return FW_ERR_OUTSIDE;
	if (range_overlaps(load->target, extent, m->handoff, MANIFEST_HANDOFF_BYTES))
		return FW_ERR_OVERLAP;
	for (uint32_t other = 0; other < index; other++) {
		if (range_overlaps(load->target, extent, m->load[other].target, manifest_load_extent(&m->load[other])))
			return FW_ERR_OVERLAP;
	}
	return FW_OK;
}

static enum fw_err check_handoff(const struct manifest *m)
{
	if (m->handoff % 8 != 0)
		return FW_ERR_VALUE;
	if (!manifest_find_range(m, m->handoff, MANIFEST_HANDOFF_BYTES))
		return FW_ERR_OUTSIDE;
	return FW_OK;
}

/* The hypervisor's first byte is loaded to where it is entered. */
static enum fw_err check_hypervisor(const struct manifest *m)
{
	for (uint32_t i = 0; i < m->load_count; i++) {
		const struct manifest_load *load = &m->load[i];

		if (load->target == m->entry && load->source == 0 && m->component[load->component].type == COMPONENT_HYPERVISOR)
			return FW_OK;
	}
	return FW_ERR_OUTSIDE;
}

static enum fw_err check_areas(const struct manifest *m)
{
	for (uint32_t i = 0; i < m->clear_count; i++) {
		if (m->clear[i].size == 0 || !manifest_find_range(m, m->clear[i].base, m->clear[i].size))
			return FW_ERR_OUTSIDE;
	}
	for (uint32_t i = 0; i < m->ram_count; i++) {
		if (m->ram[i].size == 0 || !range_is_sane(m->ram[i].base, m->ram[i].size))
			return FW_ERR_LENGTH;
	}
	return FW_OK;
}

const struct manifest_range *manifest_find_range(const struct manifest *m, uint64_t base, uint64_t size)
{
	for (uint32_t i = 0; i < m->range_count; i++) {
		if (range_contains(m->range[i].base, m->range[i].size, base, size))
			return &m->range[i];
	}
	return NULL;
}

enum fw_err manifest_check(const struct manifest *m, uint64_t slot_bytes)
{
	FW_TRY(check_presence(m));
	for (uint32_t i = 0; i < m->component_count; i++)
		FW_TRY(check_component(m, i, slot_bytes));
	for (uint32_t i = 0; i < m->range_count; i++)
		FW_TRY(check_range(m, i));
	/* The handoff is known to be sane from here on: the loads are compared with it. */
	FW_TRY(check_handoff(m));
	for (uint32_t i = 0; i < m->load_count; i++)
		FW_TRY(check_load(m, i));
	FW_TRY(check_hypervisor(m));
	return check_areas(m);
}
