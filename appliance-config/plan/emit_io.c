/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes what plan.c holds of hybrid I/O: pages, devices with what their
 * pages begin with, windows, and each partition's lists of them. The first
 * words of a device page are virtio-mmio's, version 2 (VIRTIO 1.2, sections
 * 4.2.2, 5.1.4 and 5.2.4); a console has nothing to tell (5.3.4).
 */
#include "emit.h"

#include <inttypes.h>
#include <string.h>

#define X64 "0x%" PRIx64

enum {
	IMAGE_WORDS = 0x140 / 4,
	IMAGE_MAGIC = 0x000 / 4,
	IMAGE_VERSION = 0x004 / 4,
	IMAGE_DEVICE = 0x008 / 4,
	IMAGE_VENDOR = 0x00c / 4,
	IMAGE_CONFIG = 0x100,
	DEVICE_NET = 1,
	DEVICE_BLK = 2,
	DEVICE_CONSOLE = 3,
	NET_LINK_UP = 1,
	BLK_SECTOR = 512,
};
#define MAGIC 0x74726976u  /* "virt" */
#define VENDOR 0x4b4c5542u /* "BULK" */

/* Pages of both sides: the front-ends' maps name them too, so they stand first. */
void emit_io_pages(struct text *out, const struct model *model)
{
	if (model->vdev_count)
		text_add(out, "\n/* ---- pages of devices between partitions ---- */\n\n");
	for (uint32_t p = 0; p < model->part_count; p++) {
		uint32_t count = back_count(model, &model->parts[p]);

		if (count == 0)
			continue;
		text_add(out, "static uint8_t p%u_devices[%u][4096] __attribute__((aligned(4096), section(\".device_pages\")));\n", p, count);
		text_add(out, "static uint8_t p%u_states[%u] __attribute__((aligned(4096), section(\".shared_pages\")));\n", p,
			 count * (uint32_t)BACK_STATE_BYTES);
		text_add(out, "static struct device_doorbells p%u_doorbells __attribute__((aligned(4096), section(\".shared_pages\")));\n", p);
	}
}

static void put_bytes(uint32_t *image, uint32_t at, uint64_t value, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++)
		image[(at + i) / 4] |= (uint32_t)(uint8_t)(value >> 8 * i) << 8 * ((at + i) % 4);
}

static void fill_net(uint32_t *image, const struct port *port)
{
	for (uint32_t i = 0; i < sizeof(port->mac); i++)
		put_bytes(image, IMAGE_CONFIG + i, port->mac[i], 1);
	put_bytes(image, IMAGE_CONFIG + 6, NET_LINK_UP, 2);
	put_bytes(image, IMAGE_CONFIG + 8, 1, 2); /* pairs of queues */
	put_bytes(image, IMAGE_CONFIG + 10, port->mtu, 2);
}

static uint32_t power_of_two(uint32_t value)
{
	uint32_t power = 0;

	while (value >> (power + 1))
		power++;
	return power;
}

/* What only the medium knows stays 0 until the back-end has seen it. */
static void fill_blk(uint32_t *image, const struct disk *disk)
{
	put_bytes(image, IMAGE_CONFIG, disk->size / BLK_SECTOR, 8);
	put_bytes(image, IMAGE_CONFIG + 20, disk->block, 4);
	put_bytes(image, IMAGE_CONFIG + 24, power_of_two(disk->physical_block / disk->block), 1);
	put_bytes(image, IMAGE_CONFIG + 26, disk->physical_block / disk->block, 2);
	put_bytes(image, IMAGE_CONFIG + 28, disk->optimal / disk->block, 4);
	put_bytes(image, IMAGE_CONFIG + 34, 1, 2); /* queues */
}

static uint32_t fill_image(const struct vdev *v, uint32_t image[IMAGE_WORDS])
{
	uint32_t count = IMAGE_WORDS;

	image[IMAGE_MAGIC] = MAGIC;
	image[IMAGE_VERSION] = 2;
	image[IMAGE_DEVICE] = v->port ? DEVICE_NET : v->disk ? DEVICE_BLK : DEVICE_CONSOLE;
	image[IMAGE_VENDOR] = VENDOR;
	if (v->port)
		fill_net(image, v->port);
	else if (v->disk)
		fill_blk(image, v->disk);
	while (image[count - 1] == 0)
		count--;
	return count;
}

static uint32_t emit_image(struct text *out, const struct vdev *v, uint32_t index)
{
	uint32_t image[IMAGE_WORDS] = { 0 }, count = fill_image(v, image);

	text_add(out, "static const uint32_t d%u_image[%u] = {\n\t", index, count);
	for (uint32_t i = 0; i < count; i++)
		if (image[i])
			text_add(out, "[%u] = 0x%08x,%s", i, image[i], i + 1 < count ? " " : "");
	text_add(out, "\n};\n");
	return count;
}

static void emit_device(struct text *out, const struct vdev *v, uint32_t index)
{
	uint32_t count = emit_image(out, v, index);

	text_add(out, "static struct device d%u_state;\nstatic const struct plan_device d%u = {\n", index, index);
	text_add(out, "\t.name = \"%s\",\n\t.state = &d%u_state,\n\t.front = %u,\n\t.back = %u,\n\t.line = %u,\n", v->name, index, v->front, v->back,
		 v->line);
	text_add(out, "\t.ipa = { " X64 " },\n\t.irq = %u,\n", vdev_ipa(v), v->intid);
	text_add(out, "\t.page = { (uint64_t)p%u_devices[%u] },\n\t.shared = &p%u_doorbells.line[%u],\n", v->back, v->line, v->back, v->line);
	text_add(out, "\t.image = d%u_image,\n\t.image_count = %u,\n\t.limit_us = %" PRIu64 ",\n};\n", index, count, v->limit_us);
}

static void emit_window(struct text *out, const struct io_window *w, uint32_t index)
{
	text_add(out, "static const struct plan_window w%u = { .front = %u, .back = %u, .ipa = { " X64 " }, .size = " X64 " };\n", index, w->front,
		 w->back, w->ipa, w->size);
}

/* Devices of a partition by one of their ends: slots and lines ascend in the order of the model. */
static void emit_devices_of(struct text *out, const struct model *model, const struct part *part, bool is_front)
{
	text_add(out, "static const struct plan_device *const p%u_%s[] = {", part->index, is_front ? "fronts" : "backs");
	for (uint32_t i = 0; i < model->vdev_count; i++)
		if ((is_front ? model->vdevs[i].front : model->vdevs[i].back) == part->index)
			text_add(out, " &d%u,", i);
	text_add(out, " };\n");
}

static bool has_window(const struct io_window *w, const struct part *part)
{
	return w->front == part->index || w->back == part->index;
}

static uint32_t window_count(const struct model *model, const struct part *part)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < model->window_count; i++)
		count += has_window(&model->windows[i], part);
	return count;
}

static void emit_lists(struct text *out, const struct model *model, const struct part *part)
{
	if (front_count(model, part))
		emit_devices_of(out, model, part, true);
	if (back_count(model, part))
		emit_devices_of(out, model, part, false);
	if (window_count(model, part) == 0)
		return;
	text_add(out, "static const struct plan_window *const p%u_windows[] = {", part->index);
	for (uint32_t i = 0; i < model->window_count; i++)
		if (has_window(&model->windows[i], part))
			text_add(out, " &w%u,", i);
	text_add(out, " };\n");
}

void emit_io_tables(struct text *out, const struct model *model)
{
	if (model->vdev_count == 0)
		return;
	text_add(out, "\n/* ---- devices between partitions ---- */\n\n");
	for (uint32_t i = 0; i < model->vdev_count; i++)
		emit_device(out, &model->vdevs[i], i);
	for (uint32_t i = 0; i < model->window_count; i++)
		emit_window(out, &model->windows[i], i);
	for (uint32_t i = 0; i < model->part_count; i++)
		emit_lists(out, model, &model->parts[i]);
}

static void emit_list(struct text *out, const struct part *part, const char *field, const char *count_field, uint32_t count)
{
	if (count)
		text_add(out, "\t\t.%s = p%u_%s,\n\t\t.%s = %u,\n", field, part->index, field, count_field, count);
}

void emit_io_partition(struct text *out, const struct model *model, const struct part *part)
{
	emit_list(out, part, "fronts", "front_count", front_count(model, part));
	emit_list(out, part, "backs", "back_count", back_count(model, part));
	emit_list(out, part, "windows", "window_count", window_count(model, part));
	if (part->doorbell_intid)
		text_add(out, "\t\t.doorbell_irq = %u,\n", part->doorbell_intid);
}
