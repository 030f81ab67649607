/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chooses addresses. First fit from the lowest address, largest first, on
 * 1 GiB boundaries where a size reaches one and on 2 MiB boundaries else: so
 * that guest and physical addresses agree modulo 2 MiB and large blocks map
 * them.
 */
#include "layout.h"

#include "function.h"

#include <stdlib.h>
#include <string.h>

/* The hypervisor's own code, data and stacks besides what the plan's sizes say; checked after link. */
#define HYPERVISOR_FLOOR (384 * KIB)

static void layout_image(struct part *part)
{
	const struct image *image = &part->image;

	if (image->kind == IMAGE_ELF) {
		part->entry = image->entry;
		part->image_ipa = UINT64_MAX;
		for (uint32_t i = 0; i < image->segment_count; i++) {
			const struct image_segment *s = &image->segments[i];

			part->image_ipa = s->address < part->image_ipa ? s->address : part->image_ipa;
			part->image_end = s->address + s->memory > part->image_end ? s->address + s->memory : part->image_end;
		}
		return;
	}
	part->image_ipa = GUEST_IMAGE + image->text_offset;
	part->image_end = part->image_ipa + image->footprint;
	part->entry = part->image_ipa;
}

/* Whole pages; from 2 MiB on, on a border that large blocks can map. */
static uint64_t pool_below(uint64_t end, uint64_t size)
{
	uint64_t align = size >= BLOCK_BYTES ? BLOCK_BYTES : PAGE_BYTES;

	return end >= GUEST_RAM + BLOCK_BYTES + size ? (end - size) / align * align : 0;
}

/* Behind everything else, or else between image and initial RAM disk; base 0: there is no room. The device tree has the first 2 MiB. */
static void place_pool(struct part *part)
{
	uint64_t initrd = part->initrd_ipa ? part->initrd_ipa : GUEST_RAM + part->memory, used = part->initrd_ipa + part->initrd.bytes.size;

	used = used > part->image_end ? used : part->image_end;
	part->pool.base = pool_below(GUEST_RAM + part->memory, part->pool.size);
	if (part->pool.base < used)
		part->pool.base = pool_below(initrd, part->pool.size);
	if (part->pool.base < part->image_end)
		part->pool.base = pool_below(part->image_ipa, part->pool.size);
}

void layout_guests(struct model *model)
{
	for (uint32_t i = 0; i < model->part_count; i++) {
		struct part *part = &model->parts[i];

		layout_image(part);
		if (part->initrd.bytes.size)
			part->initrd_ipa = align_up(part->image_end, BLOCK_BYTES);
		if (part->has_pool)
			place_pool(part);
	}
}

uint64_t store_bytes(const struct part *part)
{
	uint64_t bytes = 0;

	for (enum component c = 0; part->has_store && c < COMPONENT_COUNT; c++)
		bytes += align_up(component_size(part, c), PAGE_BYTES);
	return bytes;
}

static void take(struct owned_range *out, uint32_t *count, const char *owner, struct range range)
{
	if (range.size != 0)
		out[(*count)++] = (struct owned_range){ owner, range };
}

uint32_t owned_ranges(const struct model *model, struct owned_range out[OWNED_MAX])
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < model->board->reserved_count; i++)
		take(out, &count, mem_format("%s (board.dts, reserved-memory)", model->board->reserved[i].name), model->board->reserved[i].range);
	take(out, &count, "the hypervisor", model->hypervisor);
	take(out, &count, "the image store", model->store);
	for (uint32_t i = 0; i < model->part_count; i++)
		take(out, &count, mem_format("RAM of \"%s\"", model->parts[i].name), model->parts[i].ram);
	for (uint32_t i = 0; i < model->disk_count; i++)
		take(out, &count, mem_format("RAM disk \"%s\"", model->disks[i].name), model->disks[i].memory);
	take(out, &count, "the channels", model->channel_memory);
	return count;
}

static bool is_free(const struct owned_range *owned, uint32_t count, struct range want)
{
	for (uint32_t i = 0; i < count; i++)
		if (range_overlaps(owned[i].range, want))
			return false;
	return true;
}

/* The lowest aligned free range in RAM, or one of size 0. */
static struct range find_room(const struct model *model, uint64_t size, uint64_t align)
{
	struct owned_range owned[OWNED_MAX];
	uint32_t count = owned_ranges(model, owned);
	struct range best = { UINT64_MAX, 0 };

	for (uint32_t r = 0; r < model->board->ram_count; r++) {
		for (uint32_t i = 0; i <= count; i++) {
			uint64_t from = i == count ? model->board->ram[r].base : range_end(owned[i].range);
			struct range want = { align_up(from, align), size };

			if (want.base < best.base && range_contains(model->board->ram[r], want) && is_free(owned, count, want))
				best = want;
		}
	}
	return best.size ? best : (struct range){ 0, 0 };
}

static uint64_t hypervisor_bytes(const struct model *model)
{
	uint64_t bytes = HYPERVISOR_FLOOR + model->plan_cpu_count * 16 * KIB;

	bytes += model->has_iommu ? 64 * KIB : 0;
	bytes += model->function_count && model->gic_version == 3 ? (model->plan_cpu_count + 2) * 64 * KIB : 0; /* pending tables of LPIs are large, and aligned */
	if (model->hypervisor_fixed_size)
		return align_up(model->hypervisor_fixed_size, PAGE_BYTES);
	for (uint32_t i = 0; i < model->part_count; i++) {
		const struct part *part = &model->parts[i];

		bytes += 32 * KIB + part->cpu_count * 8 * KIB + (part->has_console ? part->console_bytes : 0);
		bytes += back_count(model, part) ? PAGE_BYTES + back_count(model, part) * (PAGE_BYTES + BACK_STATE_BYTES + 2 * KIB) : 0;
		bytes += part->has_symbols ? part->image.symbol_count * 48 : 0;
	}
	return align_up(bytes, BLOCK_BYTES);
}

static void place_store(struct model *model)
{
	uint64_t at, size;

	for (uint32_t i = 0; i < model->part_count; i++)
		model->store_need += store_bytes(&model->parts[i]);
	size = model->store_fixed_size ? model->store_fixed_size : align_up(model->store_need, BLOCK_BYTES);
	if (model->store_need == 0)
		return;
	model->store = model->store_fixed ? (struct range){ model->store_fixed, size } : find_room(model, size, BLOCK_BYTES);
	at = model->store.base;
	for (uint32_t i = 0; i < model->part_count; i++) {
		struct part *part = &model->parts[i];

		for (enum component c = 0; part->has_store && c < COMPONENT_COUNT; c++) {
			part->store[c] = (struct range){ at, component_size(part, c) };
			at += align_up(component_size(part, c), PAGE_BYTES);
		}
	}
}

static int compare_sizes(const void *a, const void *b)
{
	const struct part *x = *(struct part *const *)a, *y = *(struct part *const *)b;

	return x->memory != y->memory ? (x->memory < y->memory) - (x->memory > y->memory) : (x->index > y->index) - (x->index < y->index);
}

static void place_part(const struct model *model, struct part *part)
{
	if (part->fixed)
		return;
	if (part->memory >= GIB)
		part->ram = find_room(model, part->memory, GIB);
	if (part->ram.size == 0)
		part->ram = find_room(model, part->memory, BLOCK_BYTES);
}

/* The channels follow each other. */
static void place_channels(struct model *model)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < model->channel_count; i++)
		bytes += 2 * model->channels[i].bytes;
	model->channel_memory = bytes ? find_room(model, align_up(bytes, BLOCK_BYTES), BLOCK_BYTES) : (struct range){ 0, 0 };
	for (uint32_t i = 0; i < model->channel_count && model->channel_memory.size; i++)
		model->channels[i].memory = (struct range){ i ? range_end(model->channels[i - 1].memory) : model->channel_memory.base, 2 * model->channels[i].bytes };
}

void layout_memory(struct model *model)
{
	struct part *order[PART_MAX];

	for (uint32_t i = 0; i < model->part_count; i++) {
		order[i] = &model->parts[i];
		if (order[i]->fixed)
			order[i]->ram = (struct range){ order[i]->fixed, order[i]->memory };
	}
	if (model->store_fixed)
		place_store(model);
	model->hypervisor = model->hypervisor_fixed ? (struct range){ model->hypervisor_fixed, hypervisor_bytes(model) } :
						      find_room(model, hypervisor_bytes(model), BLOCK_BYTES);
	if (!model->store_fixed)
		place_store(model);
	qsort(order, model->part_count, sizeof(order[0]), compare_sizes);
	for (uint32_t i = 0; i < model->part_count; i++)
		place_part(model, order[i]);
	for (uint32_t i = 0; i < model->disk_count; i++)
		if (model->disks[i].source == DISK_RAM && model->disks[i].back >= 0)
			model->disks[i].memory = find_room(model, align_up(model->disks[i].size, BLOCK_BYTES), BLOCK_BYTES);
	place_channels(model);
}

static struct map *add_map(struct map *maps, uint32_t *count, const char *name, uint64_t at, uint64_t pa, uint64_t size, uint32_t flags)
{
	struct map *map = &maps[(*count)++];

	*map = (struct map){ .name = name, .ipa = at, .pa = pa, .size = size, .flags = flags };
	return map;
}

static int compare_maps(const void *a, const void *b)
{
	const struct map *x = a, *y = b;

	return (x->ipa > y->ipa) - (x->ipa < y->ipa);
}

static struct map *add_page(struct part *part, const char *name, uint64_t ipa, const char *page, uint64_t size, uint32_t flags)
{
	struct map *map = add_map(part->maps, &part->map_count, name, ipa, 0, size, flags);

	map->page = page;
	return map;
}

static void map_fronts(const struct model *model, struct part *part)
{
	for (uint32_t i = 0; i < model->vdev_count; i++) {
		const struct vdev *v = &model->vdevs[i];

		if (v->front == part->index)
			add_page(part, mem_format("virtio%u", v->slot), vdev_ipa(v), mem_format("p%u_devices[%u]", v->back, v->line), PAGE_BYTES,
				 MAP_DEVICE | MAP_READ_ONLY);
	}
}

static void map_back(const struct model *model, struct part *part)
{
	uint32_t count = back_count(model, part), p = part->index;

	if (count) {
		add_page(part, "devices", BACK_DEVICE, mem_format("p%u_devices", p), count * PAGE_BYTES, MAP_UNCACHED);
		add_page(part, "doorbells", BACK_SHARED, mem_format("&p%u_doorbells", p), PAGE_BYTES, MAP_SHARED | MAP_READ_ONLY);
		add_page(part, "states", BACK_STATE, mem_format("p%u_states", p), count * BACK_STATE_BYTES, MAP_SHARED);
	}
	for (uint32_t i = 0; i < model->window_count; i++)
		if (model->windows[i].back == p)
			add_map(part->maps, &part->map_count, mem_format("window.%s", model->parts[model->windows[i].front].name), model->windows[i].ipa,
				part_shown_pa(&model->parts[model->windows[i].front]), model->windows[i].size, MAP_SHARED);
	for (uint32_t i = 0; i < model->disk_count; i++)
		if (model->disks[i].back == (int32_t)p && model->disks[i].source == DISK_RAM)
			add_map(part->maps, &part->map_count, mem_format("disk.%s", model->disks[i].name), model->disks[i].ipa, model->disks[i].memory.base,
				model->disks[i].size, MAP_SHARED);
}

static void map_range(struct part *part, const char *name, struct range range)
{
	uint64_t base = range.base / PAGE_BYTES * PAGE_BYTES;

	if (range.size)
		add_map(part->maps, &part->map_count, name, base, base, align_up(range_end(range), PAGE_BYTES) - base, MAP_DEVICE);
}

/* Configuration space of a bus, without the pages of functions that somebody else has. */
static void map_config(const struct model *model, struct part *part, const struct board_device *bridge)
{
	uint32_t first = 0, count;

	if (!bridge_apart(model, bridge))
		map_range(part, bridge->label, bridge->reg[0]);
	for (; bridge_apart(model, bridge) && bridge_run(model, bridge, &first, &count); first += count)
		map_range(part, bridge->label, (struct range){ bridge->reg[0].base + first * FUNCTION_BYTES, count * FUNCTION_BYTES });
}

static void map_device(const struct model *model, struct part *part, const struct board_device *device)
{
	if (device->is_pci)
		map_config(model, part, device);
	for (uint32_t r = device->is_pci; r < device->reg_count; r++)
		map_range(part, device->label, device_range(model, device, r));
}

static void map_channels(const struct model *model, struct part *part)
{
	const struct channel *c;
	uint32_t which;

	for (uint32_t at = 0; (c = channel_next(model, part, &at, &which)) != NULL;) {
		const uint64_t region[2] = { c->memory.base, c->memory.base + c->bytes };

		add_map(part->maps, &part->map_count, mem_format("channel.%s", c->name), c->end[which].ours, region[which], c->bytes, MAP_SHARED);
		add_map(part->maps, &part->map_count, mem_format("channel.%s.peer", c->name), c->end[which].theirs, region[!which], c->bytes,
			MAP_SHARED | MAP_READ_ONLY);
	}
}

static void map_part(const struct model *model, struct part *part)
{
	uint32_t *count = &part->map_count;

	if (model->gic_version == 2)
		add_map(part->maps, count, "gicc", GUEST_GICC, model->gic->gicv.base, 0x2000, MAP_DEVICE);
	if (part->has_console)
		add_map(part->maps, count, "uart", GUEST_UART, 0, PAGE_BYTES, MAP_DEVICE | MAP_READ_ONLY)->page =
			mem_format("p%u_uart_page", part->index);
	for (uint32_t i = 0; i < part->device_count; i++)
		if (!part->devices[i]->bridge)
			map_device(model, part, part->devices[i]);
	functions_map(model, part);
	add_map(part->maps, count, "ram", GUEST_RAM, part->ram.base, part->memory, MAP_RAM);
	map_fronts(model, part);
	map_back(model, part);
	map_channels(model, part);
	qsort(part->maps, *count, sizeof(part->maps[0]), compare_maps);
	part->stage2_pages = table_pages(part->maps, *count);
}

static void map_gic(struct model *model)
{
	const struct board_gic *gic = model->gic;
	uint32_t *count = &model->stage1_count;

	add_map(model->stage1, count, "gicd", gic->gicd.base, gic->gicd.base, gic->gicd.size, MAP_DEVICE);
	add_map(model->stage1, count, model->gic_version == 2 ? "gicc" : "gicr", gic->second.base, gic->second.base, gic->second.size,
		MAP_DEVICE);
	if (model->gic_version == 2)
		add_map(model->stage1, count, "gich", gic->gich.base, gic->gich.base, gic->gich.size, MAP_DEVICE);
}

/* Of each host bridge that is given away, or has functions that are, the configuration space of its first bus. */
static void map_pci(struct model *model)
{
	for (uint32_t i = 0; i < model->board->device_count; i++) {
		const struct board_device *d = &model->board->devices[i];

		if (d->is_pci && (device_owner(model, d) || bridge_apart(model, d)))
			add_map(model->stage1, &model->stage1_count, d->label, d->reg[0].base, d->reg[0].base, MIB, MAP_DEVICE);
	}
}

static void map_hypervisor(struct model *model)
{
	const struct board *board = model->board;
	uint32_t *count = &model->stage1_count;

	map_gic(model);
	add_map(model->stage1, count, "uart", board->uart.base, board->uart.base, align_up(board->uart.size, PAGE_BYTES), MAP_DEVICE);
	if (board->rtc)
		add_map(model->stage1, count, "rtc", board->rtc, board->rtc, PAGE_BYTES, MAP_DEVICE);
	for (uint32_t i = 0; i < model->function_count; i++)
		if (model->functions[i].table.size)
			add_map(model->stage1, count, mem_format("%s.msix", model->functions[i].device->label), model->functions[i].table.base,
				model->functions[i].table.base, model->functions[i].table.size, MAP_DEVICE);
	if (model->function_count && model->gic_version == 3 && model->board->its.is_there)
		add_map(model->stage1, count, "its", board->its.reg.base, board->its.reg.base, ITS_BYTES, MAP_DEVICE);
	if (model->has_iommu)
		add_map(model->stage1, count, "smmu", board->smmu.reg.base, board->smmu.reg.base, align_up(board->smmu.reg.size, PAGE_BYTES), MAP_DEVICE);
	add_map(model->stage1, count, "hypervisor", model->hypervisor.base, model->hypervisor.base, model->hypervisor.size, MAP_HYPERVISOR);
	if (model->store.size)
		add_map(model->stage1, count, "image store", model->store.base, model->store.base, model->store.size, MAP_RAM | MAP_READ_ONLY);
	for (uint32_t i = 0; i < model->part_count; i++) {
		struct range ram = model->parts[i].ram;

		add_map(model->stage1, count, model->parts[i].name, ram.base, ram.base, ram.size, MAP_RAM);
	}
	map_pci(model);
	qsort(model->stage1, *count, sizeof(model->stage1[0]), compare_maps);
	model->stage1_pages = table_pages(model->stage1, *count);
}

static void add_load(struct part *part, enum component c, uint64_t offset, uint64_t ipa, uint64_t size, uint64_t memory)
{
	if (memory != 0)
		part->loads[part->load_count++] = (struct load){ c, offset, ipa, size, memory };
}

static void list_loads(struct part *part)
{
	const struct image *image = &part->image;

	add_load(part, COMPONENT_DTB, 0, GUEST_RAM, part->dtb.size, part->dtb.size);
	for (uint32_t i = 0; i < image->segment_count; i++) {
		const struct image_segment *s = &image->segments[i];

		/* RAM is cleared before every start, so the rest of a segment's memory is zero already. */
		add_load(part, COMPONENT_IMAGE, s->offset, image->kind == IMAGE_ELF ? s->address : part->image_ipa, s->size, s->size);
	}
	if (part->initrd_ipa)
		add_load(part, COMPONENT_INITRD, 0, part->initrd_ipa, part->initrd.bytes.size, part->initrd.bytes.size);
}

static void count_spis(const struct model *model, struct part *part)
{
	uint32_t highest = GUEST_RTC_INTID;

	for (uint32_t i = 0; i < part->device_count; i++)
		for (uint32_t k = 0; k < part->devices[i]->irq_count; k++)
			highest = part->devices[i]->irq[k].intid > highest ? part->devices[i]->irq[k].intid : highest;
	for (uint32_t i = 0; i < part->message_irq_count; i++)
		highest = part->messages[i].intid > highest ? part->messages[i].intid : highest;
	for (uint32_t i = 0; i < model->vdev_count; i++)
		if (model->vdevs[i].front == part->index && model->vdevs[i].intid > highest)
			highest = model->vdevs[i].intid;
	for (uint32_t i = 0; i < 2 * model->channel_count; i++) {
		const struct channel_end *end = &model->channels[i / 2].end[i % 2];

		if (end->part == (int32_t)part->index && end->intid > highest)
			highest = end->intid;
	}
	highest = part->doorbell_intid > highest ? part->doorbell_intid : highest;
	part->spi_count = (uint32_t)align_up(highest + 1 - INTID_SPI, 32);
}

void layout_tables(struct model *model)
{
	for (uint32_t i = 0; i < model->part_count; i++) {
		map_part(model, &model->parts[i]);
		emuls_list(model, &model->parts[i]);
		list_loads(&model->parts[i]);
		count_spis(model, &model->parts[i]);
	}
	map_hypervisor(model);
}
