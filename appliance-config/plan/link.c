/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compares the linked hypervisor with its planned region. The region's last
 * page holds the handoff, so the image ends before it.
 */
#include "link.h"

#include "check.h"
#include "emit.h"

#include <elf.h>
#include <inttypes.h>
#include <string.h>

bool link_span(struct bytes elf, struct range *span)
{
	Elf64_Ehdr header;
	uint64_t end = 0;

	if (elf.size < sizeof(header) || memcmp(elf.at, ELFMAG, SELFMAG) != 0)
		return false;
	memcpy(&header, elf.at, sizeof(header));
	if (header.e_phoff > elf.size || header.e_phnum * sizeof(Elf64_Phdr) > elf.size - header.e_phoff)
		return false;
	span->base = UINT64_MAX;
	for (uint32_t i = 0; i < header.e_phnum; i++) {
		Elf64_Phdr p;

		memcpy(&p, elf.at + header.e_phoff + i * sizeof(p), sizeof(p));
		if (p.p_type != PT_LOAD || p.p_memsz == 0)
			continue;
		span->base = p.p_paddr < span->base ? p.p_paddr : span->base;
		end = p.p_paddr + p.p_memsz > end ? p.p_paddr + p.p_memsz : end;
	}
	span->size = end - span->base;
	return end > span->base;
}

static const char *check_grown(const struct model *model, struct range span)
{
	struct range room = { model->hypervisor.base, model->hypervisor.size - PAGE_BYTES };

	if (range_contains(room, span) && span.base == room.base)
		return NULL;
	return mem_format("CONFIG_HYPERVISOR_KIB: the linked hypervisor takes %s, its region \"hypervisor\" has room for %s: "
			  "it grew past its end by %" PRIu64 " bytes; set CONFIG_HYPERVISOR_KIB=%" PRIu64 " (with CONFIG_EXPERT=y)",
			  range_text(span), range_text(room), range_end(span) > range_end(room) ? range_end(span) - range_end(room) : 0,
			  align_up(span.size + PAGE_BYTES, BLOCK_BYTES) / KIB);
}

/* A page table was counted for each 2 MiB of the region, and the hypervisor takes exactly those that it counted. */
static const char *check_roomy(const struct model *model, struct range span)
{
	uint64_t used = align_up(range_end(span), BLOCK_BYTES), end = align_up(range_end(model->hypervisor), BLOCK_BYTES);

	if (used + BLOCK_BYTES >= end)
		return NULL;
	return mem_format("CONFIG_HYPERVISOR_KIB=%" PRIu64 ": the linked hypervisor takes %s, its region \"hypervisor\" is %s: 2 MiB of it would lie "
			  "empty; set CONFIG_HYPERVISOR_KIB=%" PRIu64 " or less, or 0 to let the planner choose",
			  model->hypervisor.size / KIB, range_text(span), range_text(model->hypervisor), (used + BLOCK_BYTES - model->hypervisor.base) / KIB);
}

const struct link_check link_checks[] = {
	{ "hypervisor-grown", check_grown },
	{ "hypervisor-roomy", check_roomy },
};
const size_t link_check_count = COUNT_OF(link_checks);
