/* SPDX-License-Identifier: Apache-2.0 */
/* Which functions leave their bus, and what of the bus stays with its owner. It must not know how tables and trees look. */
#include "function.h"

#include "layout.h"

enum { REQUESTER_COUNT = 256 }; /* of one bus */

bool function_is_apart(const struct model *model, const struct board_device *device)
{
	return device->bridge && device_owner(model, device);
}

uint32_t bridge_apart(const struct model *model, const struct board_device *bridge)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < model->board->device_count; i++)
		count += model->board->devices[i].bridge == bridge && function_is_apart(model, &model->board->devices[i]);
	return count;
}

struct range device_range(const struct model *model, const struct board_device *device, uint32_t index)
{
	struct range range = device->reg[index];

	if (device->is_pci && index && bridge_apart(model, device))
		range.size = device->window[index].end - range.base;
	return range;
}

struct range function_config(const struct board_device *function)
{
	return (struct range){ function->bridge->reg[0].base + function->requester * FUNCTION_BYTES, FUNCTION_BYTES };
}

static bool is_apart_at(const struct model *model, const struct board_device *bridge, uint32_t requester)
{
	for (uint32_t i = 0; i < model->board->device_count; i++) {
		const struct board_device *d = &model->board->devices[i];

		if (d->bridge == bridge && d->requester == requester && function_is_apart(model, d))
			return true;
	}
	return false;
}

bool bridge_run(const struct model *model, const struct board_device *bridge, uint32_t *first, uint32_t *count)
{
	while (*first < REQUESTER_COUNT && is_apart_at(model, bridge, *first))
		++*first;
	for (*count = 0; *first + *count < REQUESTER_COUNT && !is_apart_at(model, bridge, *first + *count);)
		++*count;
	return *count != 0;
}

const struct board_device *part_bridge(const struct part *part)
{
	for (uint32_t i = 0; i < part->device_count; i++)
		if (part->devices[i]->bridge)
			return part->devices[i]->bridge;
	return NULL;
}

const char *function_name(const struct board_device *function)
{
	uint32_t r = function->requester;

	return mem_format("%02x:%02x.%x", r >> 8, r >> 3 & 0x1f, r & 7);
}

bool are_bus_and_function(const struct board_device *a, const struct board_device *b)
{
	return a == b->bridge || b == a->bridge;
}

/* ---- what an owner sees */

/* Largest first from the window's beginning: so each is on a border of its own size. */
static void place_bars(struct function *functions, uint32_t count)
{
	uint64_t at = GUEST_PCI;

	for (uint64_t size = BAR_BYTES_MAX; size >= PAGE_BYTES; size /= 2)
		for (uint32_t i = 0; i < count; i++)
			for (uint32_t b = 0; b < functions[i].device->bar_count; b++)
				if (functions[i].device->bars[b].place.size == size && align_up(at, size) + size <= GUEST_PCI_END) {
					functions[i].ipa[b] = align_up(at, size);
					at = functions[i].ipa[b] + size;
				}
}

static void add_function(struct model *model, struct part *part, const struct board_device *device)
{
	struct function *f = &model->functions[model->function_count];
	const struct function *before = model->function_count ? f - 1 : NULL;

	*f = (struct function){ .device = device, .part = part->index, .virtual_requester = ++part->function_count << 3 };
	f->message_count = device->vector_count < MESSAGE_MAX ? device->vector_count : MESSAGE_MAX;
	part->message_count += f->message_count;
	f->intid = before ? before->intid + before->message_count : model->gic_version == 3 ? LPI_FIRST : model->board->frame.first;
	model->function_count++;
}

/* GICv2: the pages of a function's MSI-X table, inside of one of its BARs. */
static void place_table(struct function *f)
{
	const struct board_device *d = f->device;
	uint64_t from = d->table_offset / PAGE_BYTES * PAGE_BYTES, end = align_up(d->table_offset + d->vector_count * 16ull, PAGE_BYTES);

	for (uint32_t b = 0; b < d->bar_count; b++) {
		if (d->bars[b].index != d->table_bar || end > d->bars[b].place.size)
			continue;
		f->table = (struct range){ d->bars[b].place.base + from, end - from };
		f->table_ipa = f->ipa[b] + from;
	}
}

/* GICv2: each message is a shared interrupt. */
static void give_frame(struct model *model, struct part *part, struct function *functions)
{
	if (!part->message_count || !model->board->frame.is_there)
		return;
	part->frame = GUEST_FRAME;
	part->doorbell = part_has_dma(model, part) ? model->board->frame.reg.base : GUEST_FRAME;
	for (uint32_t i = 0; i < part->function_count; i++)
		place_table(&functions[i]);
	for (uint32_t i = 0; i < part->message_count && i < FRAME_MESSAGE_MAX; i++)
		part->messages[part->message_irq_count++] = (struct board_irq){ .intid = functions[0].intid + i, .is_edge = true, .is_shared = true };
}

/* Without an IOMMU a function writes its messages to the address that its driver knows: the physical one must be the same. */
static uint64_t its_of(const struct model *model, const struct part *part)
{
	if (!part->message_count || !model->board->its.is_there || model->gic_version != 3)
		return 0;
	return part_has_dma(model, part) ? model->board->its.reg.base : GUEST_ITS;
}

void functions_read(struct model *model)
{
	for (uint32_t p = 0; p < model->part_count; p++) {
		struct part *part = &model->parts[p];
		struct function *first = &model->functions[model->function_count];

		part->functions = first;
		for (uint32_t i = 0; i < part->device_count; i++)
			if (part->devices[i]->bridge)
				add_function(model, part, part->devices[i]);
		place_bars(first, part->function_count);
		part->its = its_of(model, part);
		part->doorbell = part->its + ITS_MESSAGES;
		if (model->gic_version == 2)
			give_frame(model, part, first);
	}
}

static void map_piece(struct part *part, const char *name, uint64_t ipa, uint64_t pa, uint64_t size)
{
	if (size)
		part->maps[part->map_count++] = (struct map){ .name = name, .ipa = ipa, .pa = pa, .size = size, .flags = MAP_DEVICE };
}

/* A BAR, without the pages of a table that is not its owner's to write. */
static void map_bar(struct part *part, const struct function *f, uint32_t b)
{
	const char *name = mem_format("%s.%u", f->device->label, f->device->bars[b].index);
	struct range place = f->device->bars[b].place;
	uint64_t before = place.size, behind = 0;

	if (f->table.size && range_contains(place, f->table)) {
		before = f->table.base - place.base;
		behind = range_end(place) - range_end(f->table);
	}
	map_piece(part, name, f->ipa[b], place.base, before);
	map_piece(part, name, f->ipa[b] + place.size - behind, range_end(place) - behind, behind);
}

void functions_map(const struct model *model, struct part *part)
{
	uint64_t messages = part->its ? model->board->its.reg.base + ITS_MESSAGES : model->board->frame.reg.base;

	for (uint32_t i = 0; i < part->function_count; i++)
		for (uint32_t b = 0; b < part->functions[i].device->bar_count; b++)
			map_bar(part, &part->functions[i], b);
	if (!part->function_count || part_has_dma(model, part))
		return;
	if (part->its || part->frame)
		part->dma_maps[part->dma_map_count++] = (struct map){ .name = "messages", .ipa = part->doorbell, .pa = messages, .size = PAGE_BYTES, .flags = MAP_DEVICE };
	part->dma_maps[part->dma_map_count++] = (struct map){ .name = "ram", .ipa = GUEST_RAM, .pa = part->ram.base, .size = part->memory, .flags = MAP_RAM };
	part->dma_pages = table_pages(part->dma_maps, part->dma_map_count);
}
