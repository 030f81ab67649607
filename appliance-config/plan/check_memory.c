/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of physical memory: sizes, fixed addresses, and every pair of regions. */
#include "check_list.h"

#include <inttypes.h>

#define FOR_PARTS(each, model) for (const struct part *each = (model)->parts; each < (model)->parts + (model)->part_count; each++)

static bool in_ram(const struct board *board, struct range range)
{
	for (uint32_t i = 0; i < board->ram_count; i++)
		if (range_contains(board->ram[i], range))
			return true;
	return false;
}

static const char *ram_text(const struct board *board)
{
	struct text out = { 0 };

	text_add(&out, "%s", "");
	for (uint32_t i = 0; i < board->ram_count; i++)
		text_add(&out, "%s%s", i ? ", " : "", range_text(board->ram[i]));
	return out.data;
}

void check_memory_size(const struct model *model, struct findings *f)
{
	FOR_PARTS(part, model)
		if (part->memory % BLOCK_BYTES)
			find(f, "CONFIG_PART%u_MEMORY_MIB=%" PRIu64 ": RAM of \"%s\" is not a multiple of 2 MiB; set it to %" PRIu64, part->number, part->memory / MIB,
			     part->name, align_up(part->memory, BLOCK_BYTES) / MIB);
}

static void check_align(struct findings *f, const char *symbol, uint64_t address, const char *owner, uint64_t to)
{
	if (address % to)
		find(f, "%s=0x%" PRIx64 ": %s must begin at a multiple of 0x%" PRIx64 "; take 0x%" PRIx64 ", or 0 to let the planner choose", symbol, address,
		     owner, to, align_up(address, to));
}

void check_memory_align(const struct model *model, struct findings *f)
{
	FOR_PARTS(part, model)
		check_align(f, mem_format("CONFIG_PART%u_ADDRESS", part->number), part->fixed, mem_format("RAM of \"%s\"", part->name), BLOCK_BYTES);
}

void check_hypervisor_align(const struct model *model, struct findings *f)
{
	check_align(f, "CONFIG_HYPERVISOR_ADDRESS", model->hypervisor_fixed, "the hypervisor", BLOCK_BYTES);
}

void check_store_align(const struct model *model, struct findings *f)
{
	check_align(f, "CONFIG_STORE_ADDRESS", model->store_fixed, "the image store", BLOCK_BYTES);
}

void check_memory_absent(const struct model *model, struct findings *f)
{
	FOR_PARTS(part, model)
		if (part->fixed && !in_ram(model->board, part->ram))
			find(f, "CONFIG_PART%u_ADDRESS=0x%" PRIx64 ": RAM of \"%s\", %s, is not in RAM of board \"%s\", %s; set it to 0 to let the planner choose",
			     part->number, part->fixed, part->name, range_text(part->ram), model->board->name, ram_text(model->board));
}

void check_hypervisor_absent(const struct model *model, struct findings *f)
{
	if (model->hypervisor_fixed && !in_ram(model->board, model->hypervisor))
		find(f, "CONFIG_HYPERVISOR_ADDRESS=0x%" PRIx64 ": the hypervisor, %s, is not in RAM of board \"%s\", %s; set it to 0 to let the planner choose",
		     model->hypervisor_fixed, range_text(model->hypervisor), model->board->name, ram_text(model->board));
}

void check_store_absent(const struct model *model, struct findings *f)
{
	if (model->store_fixed && model->store.size && !in_ram(model->board, model->store))
		find(f, "CONFIG_STORE_ADDRESS=0x%" PRIx64 ": the image store, %s, is not in RAM of board \"%s\", %s; set it to 0 to let the planner choose",
		     model->store_fixed, range_text(model->store), model->board->name, ram_text(model->board));
}

/* What is free is told as its largest piece: that is what a partition can still get. */
static uint64_t largest_free(const struct model *model)
{
	struct owned_range owned[OWNED_MAX];
	uint32_t count = owned_ranges(model, owned);
	uint64_t best = 0;

	for (uint32_t r = 0; r < model->board->ram_count; r++) {
		for (uint32_t i = 0; i <= count; i++) {
			uint64_t at = i == count ? model->board->ram[r].base : range_end(owned[i].range), end = range_end(model->board->ram[r]);

			if (at < model->board->ram[r].base || at >= end)
				continue;
			for (uint32_t k = 0; k < count; k++)
				if (range_end(owned[k].range) > at && owned[k].range.base < end)
					end = owned[k].range.base > at ? owned[k].range.base : at;
			best = end - at > best ? end - at : best;
		}
	}
	return best;
}

void check_memory_full(const struct model *model, struct findings *f)
{
	if (model->hypervisor.size == 0)
		find(f, "CONFIG_HYPERVISOR_KIB: no room for the hypervisor in RAM of board \"%s\", %s; move the partitions with fixed addresses", model->board->name,
		     ram_text(model->board));
	if (model->store_need && model->store.size == 0)
		find(f, "CONFIG_PARTn_STORE: no room for the image store of %" PRIu64 " MiB in RAM of board \"%s\", %s; set it to n for a partition that need not "
			"restart", align_up(model->store_need, MIB) / MIB, model->board->name, ram_text(model->board));
	FOR_PARTS(part, model)
		if (part->ram.size == 0)
			find(f, "CONFIG_PART%u_MEMORY_MIB=%" PRIu64 ": no room for RAM of \"%s\" on board \"%s\", %s: %" PRIu64 " MiB are still free in one piece; give this "
				"or another partition less", part->number, part->memory / MIB, part->name, model->board->name, ram_text(model->board),
			     largest_free(model) / MIB);
}

static void check_pair(struct findings *f, const char *symbol, const char *a, struct range ra, const char *b, struct range rb)
{
	if (ra.size && rb.size && range_overlaps(ra, rb))
		find(f, "%s: %s, %s, overlaps %s, %s; move it, or set it to 0 to let the planner choose", symbol, a, range_text(ra), b, range_text(rb));
}

static const char *address_symbol(const struct part *part)
{
	return mem_format("CONFIG_PART%u_ADDRESS=0x%" PRIx64, part->number, part->fixed);
}

static const char *ram_name(const struct part *part)
{
	return mem_format("RAM of \"%s\"", part->name);
}

void check_memory_overlap(const struct model *model, struct findings *f)
{
	FOR_PARTS(part, model)
		for (const struct part *other = part + 1; other < model->parts + model->part_count; other++)
			check_pair(f, mem_format("%s and %s", address_symbol(part), address_symbol(other)), ram_name(part), part->ram, ram_name(other),
				   other->ram);
}

/* Against every range that board.dts reserves. */
static void check_reserved(const struct model *model, struct findings *f, const char *symbol, const char *owner, struct range range)
{
	for (uint32_t i = 0; i < model->board->reserved_count; i++)
		check_pair(f, symbol, owner, range, mem_format("reserved memory \"%s\" of board.dts", model->board->reserved[i].name),
			   model->board->reserved[i].range);
}

void check_memory_firmware(const struct model *model, struct findings *f)
{
	FOR_PARTS(part, model)
		check_reserved(model, f, address_symbol(part), ram_name(part), part->ram);
}

void check_memory_hypervisor(const struct model *model, struct findings *f)
{
	FOR_PARTS(part, model)
		check_pair(f, mem_format("%s and CONFIG_HYPERVISOR_ADDRESS", address_symbol(part)), ram_name(part), part->ram, "the hypervisor", model->hypervisor);
}

void check_memory_store(const struct model *model, struct findings *f)
{
	FOR_PARTS(part, model)
		check_pair(f, mem_format("%s and CONFIG_STORE_ADDRESS", address_symbol(part)), ram_name(part), part->ram, "the image store", model->store);
}

void check_hypervisor_firmware(const struct model *model, struct findings *f)
{
	check_reserved(model, f, "CONFIG_HYPERVISOR_ADDRESS", "the hypervisor", model->hypervisor);
}

void check_store_firmware(const struct model *model, struct findings *f)
{
	check_reserved(model, f, "CONFIG_STORE_ADDRESS", "the image store", model->store);
}

void check_store_hypervisor(const struct model *model, struct findings *f)
{
	check_pair(f, "CONFIG_STORE_ADDRESS and CONFIG_HYPERVISOR_ADDRESS", "the image store", model->store, "the hypervisor", model->hypervisor);
}

void check_store_small(const struct model *model, struct findings *f)
{
	if (model->store_fixed_size && model->store_need > model->store_fixed_size)
		find(f, "CONFIG_STORE_MIB=%" PRIu64 ": the pristine images take %" PRIu64 " KiB; set it to %" PRIu64 " or more, or to 0 to let the planner choose",
		     model->store_fixed_size / MIB, model->store_need / KIB, align_up(model->store_need, MIB) / MIB);
}
