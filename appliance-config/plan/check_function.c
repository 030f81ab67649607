/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of PCI functions: what board.dts says of them, and to whom they are given. */
#include "check_list.h"

#include <inttypes.h>

#include "function.h"
#include "report.h"

#define FOR_FUNCTIONS(each, owner, model)                                                                                      \
	for (const struct function *each = (model)->functions; each < (model)->functions + (model)->function_count; each++) \
		for (const struct part *owner = &(model)->parts[each->part]; owner; owner = NULL)

static const char *symbol(const struct function *f, const struct part *part)
{
	return mem_format("CONFIG_DEV_%s_PART%u=y", f->device->symbol, part->number);
}

static const char *in_board(const struct model *model, const struct board_device *d)
{
	return mem_format("board.dts of \"%s\" (CONFIG_BOARD): PCI function \"%s\"", model->board->name, d->label);
}

void check_board_function(const struct model *model, struct findings *f)
{
	for (const struct board_device *d = model->board->devices; d < model->board->devices + model->board->device_count; d++) {
		if (d->is_odd)
			find(f, "%s needs compatible = \"pciVVVV,DDDD\", and reg with its place, then each of its memory regions with a size that is a power of two", in_board(model, d));
		if (d->bridge && d->requester > 0xff)
			find(f, "%s is on bus %u; only functions of bus 0 can be given away: remove it", in_board(model, d), d->requester >> 8);
		for (const struct board_device *e = d + 1; d->bridge && e < model->board->devices + model->board->device_count; e++)
			if (e->bridge == d->bridge && e->requester == d->requester)
				find(f, "%s is at %s, as \"%s\" is; correct their reg", in_board(model, d), function_name(d), e->label);
	}
}

void check_board_bar(const struct model *model, struct findings *f)
{
	for (const struct board_device *d = model->board->devices; d < model->board->devices + model->board->device_count; d++)
		for (uint32_t b = 0; b < d->bar_count; b++)
			if (!d->bars[b].place.size)
				find(f, "%s has %s of memory in region %u, and no window in ranges of \"%s\" has room for it; remove the function, or correct the sizes in reg",
				     in_board(model, d), size_text(d->bars[b].size), d->bars[b].index, d->bridge->label);
}

void check_function_page(const struct model *model, struct findings *f)
{
	FOR_FUNCTIONS(n, part, model)
		for (uint32_t b = 0; b < n->device->bar_count; b++)
			if (n->device->bars[b].size < PAGE_BYTES)
				find(f, "%s: \"%s\" has %s of memory in region %u, and less than a page (4 KiB) cannot be given away; set CONFIG_DEV_%s_NONE=y", symbol(n, part),
				     n->device->label, size_text(n->device->bars[b].size), n->device->bars[b].index, n->device->symbol);
}

void check_function_room(const struct model *model, struct findings *f)
{
	FOR_FUNCTIONS(n, part, model)
		for (uint32_t b = 0; b < n->device->bar_count; b++)
			if (!n->ipa[b] && n->device->bars[b].place.size)
				find(f, "%s: no room is left for %s of memory of \"%s\" among the functions of \"%s\", from 0x%lx to 0x%lx; set CONFIG_DEV_%s_NONE=y", symbol(n, part),
				     size_text(n->device->bars[b].size), n->device->label, part->name, GUEST_PCI, GUEST_PCI_END - 1, n->device->symbol);
}

void check_function_bridge(const struct model *model, struct findings *f)
{
	const struct function *first = model->functions;

	FOR_FUNCTIONS(n, part, model)
		if (n->device->bridge != first->device->bridge)
			find(f, "%s and %s: \"%s\" is on \"%s\" and \"%s\" on \"%s\"; functions of one bridge alone can be given away: set CONFIG_DEV_%s_NONE=y",
			     symbol(first, &model->parts[first->part]), symbol(n, part), first->device->label, first->device->bridge->label, n->device->label,
			     n->device->bridge->label, n->device->symbol);
}

void check_function_messages(const struct model *model, struct findings *f)
{
	FOR_FUNCTIONS(n, part, model)
		if (n->device->is_polled)
			continue;
		else if (model->gic_version == 3 && (!n->message_count || !n->device->has_messages || n->device->message_id >= DEVICE_ID_END))
			find(f, "%s: \"%s\" of \"%s\" could not interrupt: it must have MSI-X (bulkhead,msi-vectors), and its bridge an msi-map to the ITS of a GICv3 with "
				"DeviceIDs below %d; set CONFIG_DEV_%s_NONE=y", symbol(n, part), n->device->label, part->name, DEVICE_ID_END, n->device->symbol);
		else if (model->gic_version == 2 && (!n->message_count || !n->device->has_frame || !n->table.size))
			find(f, "%s: \"%s\" of \"%s\" could not interrupt on a GICv2: it must have MSI-X (bulkhead,msi-vectors) with its table inside of a region "
				"(bulkhead,msix-table), and its bridge a GICv2m frame as msi-parent; set CONFIG_DEV_%s_NONE=y", symbol(n, part), n->device->label,
			     part->name, n->device->symbol);
}

#define FOR_OWNERS(part, model)                                                                                    \
	for (const struct part *part = (model)->parts; part < (model)->parts + (model)->part_count; part++) \
		if (part->function_count)

void check_function_vectors(const struct model *model, struct findings *f)
{
	FOR_OWNERS(part, model)
		if (part->message_count > PART_MESSAGE_MAX)
			find(f, "%s: the %u functions of \"%s\" have %u interrupts by message together, and %d is the most; give it fewer functions",
			     symbol(part->functions, part), part->function_count, part->name, part->message_count, PART_MESSAGE_MAX);
}

void check_function_frame(const struct model *model, struct findings *f)
{
	const struct board_frame *frame = &model->board->frame;
	uint32_t end = frame->first + frame->count < INTID_SPI_END ? frame->first + frame->count : INTID_SPI_END;

	FOR_FUNCTIONS(n, part, model)
		if (part->frame && n->intid + n->message_count > end)
			find(f, "%s: no %u interrupts are left for messages of \"%s\" of \"%s\", the board's GICv2m frame has %u to %u; set CONFIG_DEV_%s_NONE=y",
			     symbol(n, part), n->message_count, n->device->label, part->name, frame->first, end - 1, n->device->symbol);
}

void check_function_slots(const struct model *model, struct findings *f)
{
	FOR_OWNERS(part, model)
		if (!part->is_exclusive && part->message_count && model->gic_version == 3)
			find(f, "%s: \"%s\" runs in time slots, and messages of \"%s\" could not be held back while others run; give it CPUs of its own",
			     symbol(part->functions, part), part->name, part->functions->device->label);
}

void check_function_program(const struct model *model, struct findings *f)
{
	FOR_OWNERS(part, model)
		if (part->kind == KIND_UNIKERNEL)
			find(f, "%s: programs of partitions/ take a whole bus, not \"%s\" by itself; set CONFIG_DEV_%s_PART%u=y, or have \"%s\" run Linux",
			     symbol(part->functions, part), part->functions->device->label, part->functions->device->bridge->symbol, part->number, part->name);
}

void check_function_serves(const struct model *model, struct findings *f)
{
	FOR_OWNERS(part, model)
		if (back_count(model, part) && !part_has_dma(model, part))
			find(f, "%s: functions of \"%s\" reach its own memory alone, and not that of partitions that it serves; give it the whole bus, CONFIG_DEV_%s_PART%u=y",
			     symbol(part->functions, part), part->name, part->functions->device->bridge->symbol, part->number);
}

static void check_own(struct findings *f, const struct part *part, const char *name, struct range own, const char *other, struct range taken, const char *fix)
{
	if (range_overlaps(own, taken))
		find(f, "%s: \"%s\" has %s at %s, where %s %s stands; %s", symbol(part->functions, part), part->name, name, range_text(own), other,
		     range_text(taken), fix);
}

/* Where its bus and its ITS are is fixed; the rest of its devices stand where the board has them. */
void check_function_address(const struct model *model, struct findings *f)
{
	const struct range bars = { GUEST_PCI, GUEST_PCI_END - GUEST_PCI }, config = { GUEST_ECAM, MIB };

	FOR_OWNERS(part, model) {
		const struct range its = { part->its, part->its ? ITS_BYTES : 0 }, ram = { GUEST_RAM, part->memory };

		check_own(f, part, "the board's ITS", its, "its RAM", ram, "set CONFIG_IOMMU=y");
		for (uint32_t i = 0; i < part->device_count; i++)
			for (uint32_t r = 0; r < part->devices[i]->reg_count && !part->devices[i]->bridge; r++) {
				const char *fix = mem_format("set CONFIG_DEV_%s_NONE=y", part->devices[i]->symbol);
				const char *other = mem_format("\"%s\"", part->devices[i]->label);

				check_own(f, part, "memory of its functions", bars, other, part->devices[i]->reg[r], fix);
				check_own(f, part, "configuration space", config, other, part->devices[i]->reg[r], fix);
				check_own(f, part, "an ITS", its, other, part->devices[i]->reg[r], fix);
			}
	}
}
