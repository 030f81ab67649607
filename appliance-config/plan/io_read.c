/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual disks from the configuration, and what ports and disks lead to:
 * devices with their lines, pages and interrupts, and windows. Nothing is
 * refused here.
 */
#include "model.h"

#include <string.h>

/* A hand-off may take this long beside what the schedule takes, before its device is called broken. */
#define LIMIT_BASE_US 1000000ul

int32_t io_only(const struct model *model)
{
	int32_t found = -1;

	for (uint32_t i = 0; i < model->part_count; i++) {
		if (!model->parts[i].is_io)
			continue;
		if (found >= 0)
			return -1;
		found = (int32_t)i;
	}
	return found;
}

/* ---- disks ---- */

static void read_disk(const struct model *model, struct disk *disk)
{
	const struct config *c = model->config;
	uint32_t n = disk->number;

	disk->name = config_get(c, "DISK%u_NAME", n);
	disk->part = chosen_part(model, mem_format("DISK%u", n));
	disk->back_chosen = chosen_part(model, mem_format("DISK%u_IO", n));
	disk->back = disk->back_chosen >= 0 ? disk->back_chosen : io_only(model);
	disk->source = config_bool(c, "DISK%u_GPT", n) ? DISK_GPT : config_bool(c, "DISK%u_REGION", n) ? DISK_REGION : DISK_RAM;
	disk->medium = config_get(c, "DISK%u_MEDIUM", n);
	disk->gpt_name = config_get(c, "DISK%u_GPT_NAME", n);
	disk->offset = config_number(c, "DISK%u_OFFSET_MIB", n) * MIB;
	disk->size = config_number(c, "DISK%u_SIZE_MIB", n) * MIB;
	disk->is_read_only = config_bool(c, "DISK%u_READ_ONLY", n);
	disk->serial = config_get(c, "DISK%u_SERIAL", n);
	disk->serial = *disk->serial ? disk->serial : disk->name;
	disk->block = (uint32_t)config_number(c, "DISK%u_BLOCK", n);
	disk->physical_block = (uint32_t)config_number(c, "DISK%u_PHYSICAL_BLOCK", n);
	disk->optimal = (uint32_t)(config_number(c, "DISK%u_OPTIMAL_KIB", n) * KIB);
	disk->bytes.per_second = config_number(c, "DISK%u_RATE_KIB", n) * KIB;
	disk->bytes.burst = disk->bytes.per_second ? config_number(c, "DISK%u_BURST_KIB", n) * KIB : 0;
	disk->requests.per_second = config_number(c, "DISK%u_REQUESTS", n);
	disk->requests.burst = disk->requests.per_second ? config_number(c, "DISK%u_REQUESTS_BURST", n) : 0;
}

static void disks_read(struct model *model)
{
	uint64_t count = config_number(model->config, "DISKS");
	uint32_t next[PART_MAX] = { 0 };

	model->disk_count = count > DISK_MAX ? DISK_MAX : (uint32_t)count;
	for (uint32_t i = 0; i < model->disk_count; i++) {
		struct disk *disk = &model->disks[i];

		disk->index = i;
		disk->number = i + 1;
		read_disk(model, disk);
		disk->place = disk->back >= 0 ? next[disk->back]++ : 0;
	}
}

static void cables_read(struct model *model)
{
	uint64_t count = config_number(model->config, "CABLES");

	model->cable_count = count > CABLE_MAX ? CABLE_MAX : (uint32_t)count;
	for (uint32_t i = 0; i < model->cable_count; i++) {
		struct cable *cable = &model->cables[i];

		*cable = (struct cable){ .index = i, .number = i + 1, .name = config_get(model->config, "CABLE%u_NAME", i + 1) };
		cable->part[0] = chosen_part(model, mem_format("CABLE%u_A", i + 1));
		cable->part[1] = chosen_part(model, mem_format("CABLE%u_B", i + 1));
		cable->back = chosen_part(model, mem_format("CABLE%u_IO", i + 1));
		cable->back = cable->back >= 0 ? cable->back : io_only(model);
	}
}

/* ---- devices ---- */

const char *vdev_kind_name(const struct vdev *vdev)
{
	static const char *const names[] = { "net", "blk", "console" };

	return names[vdev->kind];
}

const char *vdev_label(const struct vdev *vdev)
{
	return vdev->port ? vdev->port->name : vdev->disk ? vdev->disk->name : vdev->cable->name;
}

const struct vdev *vdev_other(const struct model *model, const struct vdev *vdev)
{
	for (uint32_t i = 0; i < model->vdev_count; i++)
		if (model->vdevs[i].cable == vdev->cable && model->vdevs[i].end != vdev->end)
			return &model->vdevs[i];
	return vdev;
}

static bool part_has_intid(const struct part *part, uint32_t intid)
{
	if ((part->has_console && intid == GUEST_UART_INTID) || (part->has_rtc && intid == GUEST_RTC_INTID))
		return true;
	for (uint32_t i = 0; i < part->device_count; i++)
		for (uint32_t k = 0; k < part->devices[i]->irq_count; k++)
			if (part->devices[i]->irq[k].intid == intid)
				return true;
	for (uint32_t i = 0; i < part->message_irq_count; i++)
		if (part->messages[i].intid == intid)
			return true;
	return false;
}

static bool part_has_page(const struct part *part, uint64_t ipa)
{
	for (uint32_t i = 0; i < part->device_count; i++)
		for (uint32_t r = 0; r < part->devices[i]->reg_count; r++)
			if (range_overlaps(part->devices[i]->reg[r], (struct range){ ipa, PAGE_BYTES }))
				return true;
	return false;
}

/* The next place in a front-end whose page and interrupt no device that it owns has; INTIDs are QEMU's as far as they go. */
static void take_slot(const struct model *model, struct vdev *vdev)
{
	const struct part *part = &model->parts[vdev->front];
	uint32_t slot = 0;

	for (uint32_t i = 0; i < model->vdev_count; i++)
		if (model->vdevs[i].front == vdev->front)
			slot = model->vdevs[i].slot + 1;
	while (GUEST_VIRTIO_INTID + slot < INTID_SPI_END &&
	       (part_has_page(part, GUEST_VIRTIO + slot * PAGE_BYTES) || part_has_intid(part, GUEST_VIRTIO_INTID + slot)))
		slot++;
	vdev->slot = slot;
	vdev->intid = GUEST_VIRTIO_INTID + slot < INTID_SPI_END ? GUEST_VIRTIO_INTID + slot : 0;
}

uint64_t vdev_ipa(const struct vdev *vdev)
{
	return GUEST_VIRTIO + vdev->slot * PAGE_BYTES;
}

uint32_t front_count(const struct model *model, const struct part *part)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < model->vdev_count; i++)
		count += model->vdevs[i].front == part->index;
	return count;
}

uint32_t back_count(const struct model *model, const struct part *part)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < model->vdev_count; i++)
		count += model->vdevs[i].back == part->index;
	return count;
}

static uint64_t longest_frame(const struct model *model, const struct part *part)
{
	uint64_t longest = 0;

	for (uint32_t i = 0; i < part->cpu_count; i++) {
		const struct cpu *cpu = &model->cpus[part->cpus[i]];

		if (cpu->is_shared && cpu->frame_us > longest)
			longest = cpu->frame_us;
	}
	return longest;
}

uint64_t limit_least(const struct model *model, const struct part *back)
{
	return 2 * longest_frame(model, back);
}

/* `vdev` says what it is; the rest follows. */
static void add_vdev(struct model *model, int32_t front, int32_t back, struct vdev vdev)
{
	if (front < 0 || back < 0)
		return;
	vdev.front = (uint32_t)front;
	vdev.back = (uint32_t)back;
	vdev.name = mem_format("%s.%s", model->parts[front].name, vdev_label(&vdev));
	vdev.line = back_count(model, &model->parts[back]);
	vdev.limit_us = model->limit_fixed_us ? model->limit_fixed_us : LIMIT_BASE_US + limit_least(model, &model->parts[back]);
	take_slot(model, &vdev);
	model->vdevs[model->vdev_count++] = vdev;
}

/* Both ends, or none. */
static void add_cable(struct model *model, const struct cable *cable)
{
	for (uint32_t end = 0; end < 2 && cable->part[0] >= 0 && cable->part[1] >= 0; end++)
		add_vdev(model, cable->part[end], cable->back, (struct vdev){ .kind = VDEV_CONSOLE, .cable = cable, .end = end });
}

static void give_doorbells(struct model *model)
{
	for (uint32_t i = 0; i < model->part_count; i++) {
		struct part *part = &model->parts[i];
		uint32_t intid = GUEST_DOORBELL_INTID, fronts_end = GUEST_VIRTIO_INTID;

		for (uint32_t k = 0; k < model->vdev_count; k++)
			if (model->vdevs[k].front == i)
				fronts_end = model->vdevs[k].intid + 1;
		intid = fronts_end > intid ? fronts_end : intid;
		while (intid < INTID_SPI_END && part_has_intid(part, intid))
			intid++;
		if (back_count(model, part))
			part->doorbell_intid = intid < INTID_SPI_END ? intid : 0;
	}
}

/* ---- windows ---- */

const struct io_window *window_of(const struct model *model, uint32_t front, uint32_t back)
{
	for (uint32_t i = 0; i < model->window_count; i++)
		if (model->windows[i].front == front && model->windows[i].back == back)
			return &model->windows[i];
	return NULL;
}

/* Windows and RAM disks of a back-end follow each other, each in GiB of its own. */
static void place_windows(struct model *model, uint32_t back)
{
	uint64_t at = BACK_WINDOW;

	for (uint32_t i = 0; i < model->vdev_count; i++) {
		const struct vdev *v = &model->vdevs[i];

		if (v->back != back || window_of(model, v->front, back))
			continue;
		model->windows[model->window_count++] = (struct io_window){ v->front, back, at, part_shown(&model->parts[v->front]).size };
		at += align_up(part_shown(&model->parts[v->front]).size, GIB);
	}
	for (uint32_t i = 0; i < model->disk_count; i++) {
		struct disk *disk = &model->disks[i];

		if (disk->back != (int32_t)back || disk->source != DISK_RAM)
			continue;
		disk->ipa = at;
		at += align_up(disk->size, GIB);
	}
	model->parts[back].windows_end = at;
}

bool intid_is_taken(const struct model *model, const struct part *part, uint32_t intid)
{
	for (uint32_t i = 0; i < model->vdev_count; i++)
		if (model->vdevs[i].front == part->index && model->vdevs[i].intid == intid)
			return true;
	return part->doorbell_intid == intid || part_has_intid(part, intid);
}

void io_read(struct model *model)
{
	model->limit_fixed_us = config_number(model->config, "DEVICE_LIMIT_MS") * 1000;
	ports_read(model);
	disks_read(model);
	cables_read(model);
	for (uint32_t i = 0; i < model->port_count; i++)
		add_vdev(model, model->ports[i].part, model->ports[i].back, (struct vdev){ .kind = VDEV_NET, .port = &model->ports[i] });
	for (uint32_t i = 0; i < model->disk_count; i++)
		add_vdev(model, model->disks[i].part, model->disks[i].back, (struct vdev){ .kind = VDEV_BLK, .disk = &model->disks[i] });
	for (uint32_t i = 0; i < model->cable_count; i++)
		add_cable(model, &model->cables[i]);
	give_doorbells(model);
	for (uint32_t i = 0; i < model->part_count; i++)
		place_windows(model, i);
}

const struct port *port_at(const struct model *model, uint32_t back, uint32_t place)
{
	for (uint32_t i = 0; i < model->port_count; i++)
		if (model->ports[i].back == (int32_t)back && model->ports[i].place == place)
			return &model->ports[i];
	return NULL;
}

bool device_is_confined(const struct model *model, const struct board_device *device)
{
	return model->has_iommu && device->stream_count != 0;
}

bool part_has_dma(const struct model *model, const struct part *part)
{
	for (uint32_t i = 0; i < part->device_count; i++)
		if (part->devices[i]->is_bus_master && !device_is_confined(model, part->devices[i]))
			return true;
	return false;
}
