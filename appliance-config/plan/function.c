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
	f->lpi = before ? before->lpi + before->message_count : LPI_FIRST;
	model->function_count++;
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
	}
}

static void map_bars(struct part *part, const struct function *f)
{
	for (uint32_t b = 0; b < f->device->bar_count; b++)
		part->maps[part->map_count++] = (struct map){ .name = mem_format("%s.%u", f->device->label, f->device->bars[b].index), .ipa = f->ipa[b],
			.pa = f->device->bars[b].place.base, .size = f->device->bars[b].place.size, .flags = MAP_DEVICE };
}

void functions_map(const struct model *model, struct part *part)
{
	for (uint32_t i = 0; i < part->function_count; i++)
		map_bars(part, &part->functions[i]);
	if (!part->its || part_has_dma(model, part))
		return;
	part->dma_maps[part->dma_map_count++] = (struct map){ .name = "messages", .ipa = part->its + ITS_MESSAGES,
		.pa = model->board->its.reg.base + ITS_MESSAGES, .size = PAGE_BYTES, .flags = MAP_DEVICE };
	part->dma_maps[part->dma_map_count++] = (struct map){ .name = "ram", .ipa = GUEST_RAM, .pa = part->ram.base, .size = part->memory, .flags = MAP_RAM };
	part->dma_pages = table_pages(part->dma_maps, part->dma_map_count);
}
