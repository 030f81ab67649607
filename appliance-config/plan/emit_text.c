/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes map.txt: the model for programs, one item a line. Tests compare the
 * running system with it, so it is made from the model and shares nothing
 * with the writer of plan.c.
 */
#include "emit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define X64 "0x%" PRIx64

static void emit_board(const struct model *model, struct text *out)
{
	const struct board *board = model->board;

	text_add(out, "format 1\nappliance %s\nboard %s\ngic %u\n", model->appliance, board->name, model->gic_version);
	if (*model->qemu_machine)
		text_add(out, "qemu-machine %s\nqemu-cpu %s\n", model->qemu_machine, board->qemu_cpu);
	if (*model->qemu_machine && model->has_iommu)
		text_add(out, "qemu-least 10\n"); /* before it, the emulated SMMU has no stage 2 */
	for (uint32_t i = 0; i < board->ram_count; i++)
		text_add(out, "ram " X64 " " X64 "\n", board->ram[i].base, board->ram[i].size);
	if (model->has_iommu)
		text_add(out, "smmu " X64 "\n", board->smmu.reg.base);
	text_add(out, "console-key %u\n", model->prefix_key);
	for (uint32_t i = 0; i < board->cpu_count; i++)
		text_add(out, "cpu %u " X64 "\n", i, board->cpus[i].mpidr);
}

static void emit_regions(const struct model *model, struct text *out)
{
	text_add(out, "region hypervisor " X64 " " X64 "\n", model->hypervisor.base, model->hypervisor.size);
	if (model->store.size)
		text_add(out, "region store " X64 " " X64 "\n", model->store.base, model->store.size);
	for (uint32_t i = 0; i < model->board->reserved_count; i++)
		text_add(out, "region %s " X64 " " X64 "\n", model->board->reserved[i].name, model->board->reserved[i].range.base,
			 model->board->reserved[i].range.size);
	text_add(out, "handoff " X64 "\n", handoff_page(model));
	if (model->gic_version == 2)
		text_add(out, "shared " X64 " " X64 " *\n", model->gic->gicv.base, model->gic->gicv.size);
}

static void emit_slots(const struct model *model, const struct part *part, uint32_t vcpu, struct text *out)
{
	const struct cpu *cpu = &model->cpus[part->cpus[vcpu]];

	text_add(out, "vcpu %u %u %u\n", part->index, vcpu, cpu->board);
	for (uint32_t k = 0; k < cpu->slot_count; k++)
		if (cpu->slots[k].part == (int32_t)part->index)
			text_add(out, "slot %u %u %u %" PRIu64 "\n", cpu->board, part->index, vcpu, cpu->slots[k].us);
}

/* How a guest sees it: "page" and "device-page" show registers; "window" is another partition's RAM, there while that one runs. */
static const char *map_kind(const struct map *m)
{
	if (m->page && m->flags & MAP_SHARED)
		return m->flags & MAP_READ_ONLY ? "page-read" : "page-write";
	if (m->page)
		return m->flags & MAP_UNCACHED ? "page-uncached" : "page";
	if (m->flags & MAP_SHARED)
		return strncmp(m->name, "window.", 7) == 0 ? "window" : m->flags & MAP_READ_ONLY ? "read-only" : "kept";
	return m->flags & MAP_DEVICE ? "device" : "ram";
}

static void emit_map_line(const struct part *part, const struct map *m, struct text *out)
{
	text_add(out, "map %u %s " X64 " %s " X64 " %s\n", part->index, m->name, m->ipa, m->page ? "hypervisor" : mem_format(X64, m->pa), m->size,
		 map_kind(m));
}

/* What two partitions may both reach: RAM that a window shows, and device pages, one by one. */
static void emit_sharing(const struct model *model, struct text *out)
{
	for (uint32_t i = 0; i < model->part_count; i++)
		if (model->parts[i].has_pool)
			text_add(out, "pool %u " X64 " " X64 "\n", i, model->parts[i].pool.base, model->parts[i].pool.size);
	for (uint32_t i = 0; i < model->window_count; i++) {
		const struct io_window *w = &model->windows[i];

		text_add(out, "window %u %u " X64 " " X64 " " X64 " " X64 "\n", w->front, w->back, part_shown_pa(&model->parts[w->front]), w->ipa, w->size,
			 part_shown(&model->parts[w->front]).base);
	}
	for (uint32_t i = 0; i < model->vdev_count; i++) {
		const struct vdev *v = &model->vdevs[i];

		text_add(out, "virtio %u %u %u " X64 " " X64 " %u %s %s\n", v->front, v->back, v->line, vdev_ipa(v), BACK_DEVICE + v->line * PAGE_BYTES, v->intid,
			 vdev_kind_name(v), v->name);
	}
	for (uint32_t i = 0; i < model->port_count; i++) {
		const struct port *p = &model->ports[i];

		text_add(out, "port %d %u %s %02x:%02x:%02x:%02x:%02x:%02x %s\n", p->back, p->place, p->name, p->mac[0], p->mac[1], p->mac[2], p->mac[3],
			 p->mac[4], p->mac[5], p->is_uplink ? p->nic : p->part < 0 ? "nobody" : model->parts[p->part].name);
	}
}

/* Behind the IOMMU: who masters memory by which streams, where a narrower line counts before a wider one; and what the devices of a
 * partition reach, if that is not what the partition itself does. */
static void emit_dma(const struct model *model, const struct part *part, struct text *out)
{
	for (uint32_t i = 0; i < part->device_count; i++)
		if (device_is_confined(model, part->devices[i]))
			text_add(out, "stream %u %u %u %s\n", part->index, part->devices[i]->stream, part->devices[i]->stream_count, part->devices[i]->label);
	for (uint32_t i = 0; i < part->dma_map_count; i++) {
		const struct map *m = &part->dma_maps[i];

		text_add(out, "dma %u %s " X64 " " X64 " " X64 " %s\n", part->index, m->name, m->ipa, m->pa, m->size, map_kind(m));
	}
}

static void emit_emuls(const struct part *part, struct text *out)
{
	for (uint32_t i = 0; i < part->emul_count; i++)
		text_add(out, "emul %u %s " X64 " " X64 "\n", part->index, part->emuls[i].name, part->emuls[i].ipa, part->emuls[i].size);
}

static void emit_part(const struct model *model, const struct part *part, struct text *out)
{
	static const char *const kinds[] = { "linux", "unikernel", "raw" };

	text_add(out, "partition %u %s %s %s %" PRIu64 "\n", part->index, part->name, kinds[part->kind], part->is_auto ? "auto" : "manual",
		 part->memory / MIB);
	text_add(out, "vmid %u %u\n", part->index, part->index + 1);
	for (uint32_t i = 0; i < part->cpu_count; i++)
		emit_slots(model, part, i, out);
	for (uint32_t i = 0; i < part->map_count; i++)
		emit_map_line(part, &part->maps[i], out);
	emit_emuls(part, out);
	emit_dma(model, part, out);
	for (uint32_t i = 0; i < part->device_count; i++)
		for (uint32_t k = 0; k < part->devices[i]->irq_count; k++)
			text_add(out, "irq %u %u %u %s %s\n", part->index, part->devices[i]->irq[k].intid, part->devices[i]->irq[k].intid,
				 part->devices[i]->irq[k].is_edge ? "edge" : "level", part->devices[i]->label);
	for (uint32_t i = 0; i < part->message_irq_count; i++)
		text_add(out, "irq %u %u %u edge message\n", part->index, part->messages[i].intid, part->messages[i].intid);
	if (part->image.kind == IMAGE_ELF)
		text_add(out, "symbols %u %s\n", part->index, part->image.path);
}

/* The number of "nic3" or "disk3"; -1: the name tells a place on the bus. */
static int32_t plugged_number(const char *name, const char *kind)
{
	size_t length = strlen(kind);

	if (strncmp(name, kind, length) != 0 || strspn(name + length, "0123456789") != strlen(name + length) || !name[length])
		return -1;
	return (int32_t)strtol(name + length, NULL, 10);
}

/* As many network cards and disks as are named; QEMU puts cards at device 1 and up, disks at device 16 and up. */
static void emit_plugged(const struct model *model, struct text *out)
{
	const struct config *c = model->config;
	int32_t nics = 0, disks = 0;

	for (uint32_t i = 0; i < model->port_count; i++)
		if (model->ports[i].is_uplink && plugged_number(model->ports[i].nic, "nic") >= nics)
			nics = plugged_number(model->ports[i].nic, "nic") + 1;
	for (uint32_t i = 0; i < model->disk_count; i++)
		if (model->disks[i].source != DISK_RAM && plugged_number(model->disks[i].medium, "disk") >= disks)
			disks = plugged_number(model->disks[i].medium, "disk") + 1;
	for (int32_t i = 0; i < nics; i++)
		text_add(out, "qemu-nic %d %d %s%s%s\n", i, 1 + i, config_bool(c, "QEMU_NIC_E1000E") ? "e1000e" : "virtio-net-pci",
			 i == 0 && *config_get(c, "QEMU_FORWARDS") ? " " : "", i == 0 ? config_get(c, "QEMU_FORWARDS") : "");
	for (int32_t i = 0; i < disks; i++)
		text_add(out, "qemu-disk %d %d %s %" PRIu64 "\n", i, 16 + i, config_bool(c, "QEMU_DISK_NVME") ? "nvme" : "virtio-blk-pci",
			 config_number(c, "QEMU_DISK_MIB"));
	for (uint32_t i = 0; i < model->function_count; i++)
		if (*model->functions[i].device->qemu_device)
			text_add(out, "qemu-function %s %u %s %" PRIu64 "\n", model->functions[i].device->label, model->functions[i].device->requester >> 3,
				 model->functions[i].device->qemu_device, config_number(c, "QEMU_DISK_MIB"));
	for (uint32_t i = 0; i < model->disk_count; i++)
		if (model->disks[i].source == DISK_GPT && plugged_number(model->disks[i].medium, "disk") >= 0)
			text_add(out, "qemu-gpt %d %" PRIu64 " %s\n", plugged_number(model->disks[i].medium, "disk"), model->disks[i].size / MIB,
				 model->disks[i].gpt_name);
}

static const char *stage1_name(const struct model *model, const struct map *m)
{
	for (uint32_t i = 0; i < model->part_count; i++)
		if (strcmp(model->parts[i].name, m->name) == 0)
			return mem_format("%s.ram", m->name);
	return strcmp(m->name, "image store") == 0 ? "store" : m->name;
}

void emit_map_text(const struct model *model, struct text *out)
{
	emit_board(model, out);
	emit_regions(model, out);
	for (uint32_t i = 0; i < model->part_count; i++)
		emit_part(model, &model->parts[i], out);
	emit_sharing(model, out);
	emit_channel_map(model, out);
	if (*model->qemu_machine)
		emit_plugged(model, out);
	for (uint32_t i = 0; i < model->stage1_count; i++) {
		const struct map *m = &model->stage1[i];

		text_add(out, "stage1 %s " X64 " " X64 " %s\n", stage1_name(model, m), m->pa, m->size,
			 m->flags & MAP_HYPERVISOR ? "hypervisor" : m->flags & MAP_DEVICE ? "device" : m->flags & MAP_READ_ONLY ? "read-only" : "ram");
	}
}
