/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of devices between partitions: who serves whom, windows, interrupts, time. */
#include "check_list.h"

#include "function.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FOR_VDEVS(each, model) for (const struct vdev *each = (model)->vdevs; each < (model)->vdevs + (model)->vdev_count; each++)

bool part_has_pci(const struct part *part)
{
	for (uint32_t i = 0; i < part->device_count; i++)
		if (part->devices[i]->is_pci)
			return true;
	return false;
}

static const char *vdev_symbol(const struct vdev *v)
{
	if (v->cable)
		return mem_format("CONFIG_CABLE%u_%c_PART%u=y", v->cable->number, "AB"[v->end], v->front + 1);
	return v->port ? mem_format("CONFIG_NET%u_PART%u=y", v->port->number, v->front + 1) : mem_format("CONFIG_DISK%u_PART%u=y", v->disk->number, v->front + 1);
}

void check_io_self(const struct model *model, struct findings *f)
{
	FOR_VDEVS(v, model)
		if (v->front == v->back)
			find(f, "%s: \"%s\" would serve \"%s\" to itself; give it to another partition, or have another I/O partition serve it", vdev_symbol(v),
			     model->parts[v->back].name, vdev_label(v));
}

static bool serves(const struct model *model, uint32_t back, uint32_t front)
{
	FOR_VDEVS(v, model)
		if (v->back == back && v->front == front)
			return true;
	return false;
}

/* Whom a partition serves, whom they serve, and so on: a bit each. */
static uint32_t served_by(const struct model *model, uint32_t back)
{
	uint32_t reached = 0, before;

	for (uint32_t p = 0; p < model->part_count; p++)
		reached |= serves(model, back, p) ? 1u << p : 0;
	do {
		before = reached;
		for (uint32_t b = 0; b < model->part_count; b++)
			for (uint32_t p = 0; p < model->part_count && (reached >> b & 1); p++)
				reached |= serves(model, b, p) ? 1u << p : 0;
	} while (reached != before);
	return reached;
}

void check_io_cycle(const struct model *model, struct findings *f)
{
	for (uint32_t a = 0; a < model->part_count; a++)
		for (uint32_t b = a + 1; b < model->part_count; b++)
			if ((served_by(model, a) >> b & 1) && (served_by(model, b) >> a & 1))
				find(f, "CONFIG_NETn_IO and CONFIG_DISKn_IO: \"%s\" and \"%s\" serve each other, and so could wait for each other for ever; have one of them served by "
					"nobody, or by a third one", model->parts[a].name, model->parts[b].name);
}

void check_io_memory(const struct model *model, struct findings *f)
{
	for (const struct part *part = model->parts; part < model->parts + model->part_count; part++)
		if (back_count(model, part) && GUEST_RAM + part->memory > BACK_WINDOW)
			find(f, "CONFIG_PART%u_MEMORY_MIB=%" PRIu64 ": RAM of \"%s\" reaches 0x%lx, where an I/O partition has its windows; give it %lu at most", part->number,
			     part->memory / MIB, part->name, BACK_WINDOW, (BACK_WINDOW - GUEST_RAM) / MIB);
}

void check_window_room(const struct model *model, struct findings *f)
{
	for (const struct part *part = model->parts; part < model->parts + model->part_count; part++)
		if (part->windows_end > BACK_WINDOW_END)
			find(f, "CONFIG_PARTn_MEMORY_MIB: \"%s\" serves partitions and RAM disks with %" PRIu64 " GiB together, and %lu GiB of windows fit; give them less, or "
				"divide them among two I/O partitions", part->name, (part->windows_end - BACK_WINDOW) / GIB, (BACK_WINDOW_END - BACK_WINDOW) / GIB);
}

void check_io_irq(const struct model *model, struct findings *f)
{
	FOR_VDEVS(v, model)
		if (v->intid == 0)
			find(f, "%s: no interrupt from %d to %d is left in \"%s\" for \"%s\"; give it fewer devices", vdev_symbol(v), GUEST_VIRTIO_INTID, INTID_SPI_END - 1,
			     model->parts[v->front].name, v->name);
	for (const struct part *part = model->parts; part < model->parts + model->part_count; part++)
		if (back_count(model, part) && part->doorbell_intid == 0)
			find(f, "CONFIG_PART%u_IO=y: no interrupt from %d to %d is left in \"%s\" for its doorbells; give it fewer devices", part->number, GUEST_DOORBELL_INTID,
			     INTID_SPI_END - 1, part->name);
}

void check_io_limit(const struct model *model, struct findings *f)
{
	for (const struct part *part = model->parts; part < model->parts + model->part_count; part++) {
		uint64_t least = limit_least(model, part);

		if (model->limit_fixed_us && back_count(model, part) && model->limit_fixed_us < least)
			find(f, "CONFIG_DEVICE_LIMIT_MS=%" PRIu64 ": \"%s\" runs in time slots, and may need two frames, %" PRIu64 " us, to answer; set it to %" PRIu64
				" or more, or to 0 to let the planner choose", model->limit_fixed_us / 1000, part->name, least, (least + 999) / 1000);
	}
}

static bool forward_is_good(const char *word)
{
	unsigned host, a, b, c, d, port;
	int end = 0;

	return sscanf(word, "%u:%u.%u.%u.%u:%u%n", &host, &a, &b, &c, &d, &port, &end) == 6 && word[end] == 0 && host - 1 < 65535 && port - 1 < 65535 &&
	       a < 256 && b < 256 && c < 256 && d < 256;
}

void check_forward_bad(const struct model *model, struct findings *f)
{
	const char *at = config_get(model->config, "QEMU_FORWARDS"), *word;

	while ((word = word_next(&at)) != NULL)
		if (!forward_is_good(word))
			find(f, "CONFIG_QEMU_FORWARDS: \"%s\" is no forwarded port; write PORT:ADDRESS:PORT, as 8080:10.0.2.15:80", word);
}

/* The SMMU's table, as the hypervisor has it. */
enum { STREAM_COUNT = 256 };

static bool shares_stream(const struct board_device *a, const struct board_device *b)
{
	return a->stream < b->stream + b->stream_count && b->stream < a->stream + a->stream_count;
}

static void check_stream_of(const struct model *model, struct findings *f, const struct part *part, const struct board_device *d)
{
	if ((uint64_t)d->stream + d->stream_count > STREAM_COUNT)
		find(f, "CONFIG_DEV_%s_PART%u=y: \"%s\" has streams %u to %u of the IOMMU, and the hypervisor's table ends at %d; name fewer in board.dts", d->symbol,
		     part->number, d->label, d->stream, d->stream + d->stream_count - 1, STREAM_COUNT - 1);
	for (uint32_t i = 0; i < model->board->device_count; i++) {
		const struct board_device *e = &model->board->devices[i];
		const struct part *owner = device_owner(model, e);

		if (d < e && !are_bus_and_function(d, e) && owner && owner != part && device_is_confined(model, e) && shares_stream(d, e))
			find(f, "CONFIG_DEV_%s_PART%u=y and CONFIG_DEV_%s_PART%u=y: the IOMMU cannot tell \"%s\" of \"%s\" from \"%s\" of \"%s\", they share streams; give "
				"both to one partition", d->symbol, part->number, e->symbol, owner->number, d->label, part->name, e->label, owner->name);
	}
}

void check_device_stream(const struct model *model, struct findings *f)
{
	for (const struct part *part = model->parts; part < model->parts + model->part_count; part++)
		for (uint32_t i = 0; i < part->device_count; i++)
			if (device_is_confined(model, part->devices[i]))
				check_stream_of(model, f, part, part->devices[i]);
}
