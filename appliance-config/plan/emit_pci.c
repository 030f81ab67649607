/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes what plan.c holds of PCI functions that were given away by
 * themselves, of the streams of all devices behind the SMMU, and of the ITS.
 * Declared by hyp/plan.h, hyp/pci.h and hyp/arm64/{its,smmu}.h.
 */
#include "emit.h"

#include <inttypes.h>

#include "function.h"

#define X64 "0x%" PRIx64

static const char *function_bars(const struct function *f)
{
	struct text out = { 0 };

	for (uint32_t i = 0; i < f->device->bar_count; i++) {
		const struct board_bar *bar = &f->device->bars[i];

		text_add(&out, "\t\t\t[%u] = { .pa = { " X64 " }, .ipa = { " X64 " }, .size = " X64 " },\n", bar->index, bar->place.base, f->ipa[i], bar->size);
	}
	return out.data ? out.data : "";
}

static void emit_function(struct text *out, const struct part *part, uint32_t index)
{
	const struct function *f = &part->functions[index];

	text_add(out, "\t{\n\t\t.name = \"%s\",\n\t\t.state = &p%u_function_states[%u],\n", f->device->label, part->index, index);
	text_add(out, "\t\t.requester = 0x%x,\n\t\t.virtual_requester = 0x%x,\n\t\t.message_count = %u,\n", f->device->requester, f->virtual_requester,
		 f->message_count);
	text_add(out, "\t\t.bars = {\n%s\t\t},\n\t},\n", function_bars(f));
}

/* GICv2: the interrupts of the partition's messages, and the tables that name them. */
static void emit_frame(struct text *out, const struct part *part)
{
	uint32_t p = part->index;

	text_add(out, "static const struct plan_v2m p%u_v2m = { .first = %u, .count = %u, .doorbell = " X64 " };\n", p, part->functions[0].intid,
		 part->message_count, part->doorbell + FRAME_SETSPI);
	for (uint32_t i = 0; i < part->function_count; i++) {
		const struct function *f = &part->functions[i];

		if (f->table.size)
			text_add(out, "static const struct plan_msix p%u_f%u_msix = { .v2m = &p%u_v2m, .pa = { " X64 " }, .table = %u, .count = %u };\n", p, i, p,
				 f->table.base, f->device->table_offset % (uint32_t)PAGE_BYTES, f->message_count);
	}
}

void emit_functions(struct text *out, const struct part *part)
{
	uint32_t p = part->index;

	if (!part->function_count)
		return;
	text_add(out, "static struct pci_function p%u_function_states[%u];\n", p, part->function_count);
	text_add(out, "static const struct plan_pci_function p%u_functions[] = {\n", p);
	for (uint32_t i = 0; i < part->function_count; i++)
		emit_function(out, part, i);
	text_add(out, "};\n");
	if (part->frame)
		emit_frame(out, part);
	if (part->its)
		text_add(out, "static struct vits p%u_vits_state;\nstatic const struct plan_vits p%u_vits = {\n\t.base = { " X64 " },\n\t.lpi = %u,\n\t.lpi_count = %u,\n"
			 "\t.state = &p%u_vits_state,\n};\n", p, p, part->its, part->functions[0].intid, part->message_count, p);
	if (part->dma_map_count) {
		emit_maps(out, mem_format("p%u_dma_maps", p), part->dma_maps, part->dma_map_count);
		emit_storage(out, "struct pt_page", mem_format("p%u_dma", p), part->dma_pages, ".tables");
	}
}

void emit_functions_arch(struct text *out, const struct part *part)
{
	uint32_t p = part->index;

	if (part->its)
		text_add(out, "\t.vits = &p%u_vits,\n", p);
	if (part->dma_map_count)
		text_add(out, "\t.dma_maps = p%u_dma_maps,\n\t.dma_map_count = %u,\n\t.dma_pool = p%u_dma,\n\t.dma_page_count = %u,\n", p, part->dma_map_count, p,
			 part->dma_pages);
}

/* ---- the ITS */

static void emit_its_devices(struct text *out, const struct model *model)
{
	for (uint32_t i = 0; i < model->function_count; i++)
		if (model->functions[i].message_count)
			text_add(out, "static struct its_table its_table%u;\n", i);
	text_add(out, "static const struct plan_its_device its_devices[] = {\n");
	for (uint32_t i = 0; i < model->function_count; i++) {
		const struct function *f = &model->functions[i];

		if (f->message_count)
			text_add(out, "\t{ .device_id = 0x%x, .virtual_id = 0x%x, .partition = %u, .lpi = %u, .event_count = %u, .table = &its_table%u }, /* %s */\n",
				 f->device->message_id, f->virtual_requester, f->part, f->intid, f->message_count, i, f->device->label);
	}
	text_add(out, "};\n");
}

static bool takes_messages(const struct model *model, const struct cpu *cpu)
{
	for (uint32_t i = 0; i < cpu->runs_count; i++)
		if (model->parts[cpu->runs[i]].message_count)
			return true;
	return false;
}

static void emit_its_pending(struct text *out, const struct model *model)
{
	struct text list = { 0 };

	for (uint32_t i = 0; i < model->plan_cpu_count; i++) {
		bool takes = takes_messages(model, &model->cpus[model->plan_cpus[i]]);

		if (takes)
			text_add(out, "static struct its_pending its_pending%u;\n", i);
		text_add(&list, takes ? " &its_pending%u," : " 0,", i);
	}
	text_add(out, "static struct its_pending *const its_pending[] = {%s };\n", list.data);
}

static uint32_t its_device_count(const struct model *model)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < model->function_count; i++)
		count += model->functions[i].message_count != 0;
	return count;
}

bool emit_its(struct text *out, const struct model *model)
{
	if (!its_device_count(model) || model->gic_version != 3)
		return false;
	emit_its_devices(out, model);
	emit_its_pending(out, model);
	text_add(out, "static struct its_memory its_memory;\nstatic const struct plan_its its = {\n\t.base = { " X64 " },\n\t.driver = &its_driver,\n",
		 model->board->its.reg.base);
	text_add(out, "\t.memory = &its_memory,\n\t.pending = its_pending,\n\t.devices = its_devices,\n\t.device_count = %u,\n};\n", its_device_count(model));
	return true;
}

bool emit_pci(struct text *out, const struct model *model)
{
	if (!model->function_count)
		return false;
	text_add(out, "static const struct plan_pci pci = { .config = { " X64 " }, .bus_count = 1, .driver = &pci_driver };\n",
		 model->functions[0].device->bridge->reg[0].base);
	return true;
}

/* ---- the SMMU */

static void emit_stream(struct text *out, uint32_t *count, const struct board_device *d, uint32_t part, uint32_t first, uint32_t length)
{
	if ((*count)++ == 0)
		text_add(out, "static const struct plan_stream streams[] = {\n");
	text_add(out, "\t{ .first = %u, .count = %u, .partition = %u, .device = \"%s\" },\n", first, length, part, d->label);
}

/* Of a bus the streams of what is on it still. */
static void emit_streams_of(struct text *out, uint32_t *count, const struct model *model, const struct board_device *d, uint32_t part)
{
	uint32_t first = d->requester, length, end = d->requester + d->stream_count;

	if (!d->is_pci || !bridge_apart(model, d)) {
		emit_stream(out, count, d, part, d->stream, d->stream_count);
		return;
	}
	for (; first < end && bridge_run(model, d, &first, &length) && first < end; first += length)
		emit_stream(out, count, d, part, d->stream + first - d->requester, first + length < end ? length : end - first);
}

static uint32_t emit_streams(struct text *out, const struct model *model)
{
	uint32_t count = 0;

	for (uint32_t p = 0; p < model->part_count; p++)
		for (uint32_t i = 0; i < model->parts[p].device_count; i++)
			if (device_is_confined(model, model->parts[p].devices[i]))
				emit_streams_of(out, &count, model, model->parts[p].devices[i], p);
	if (count)
		text_add(out, "};\n");
	return count;
}

/* Who may master memory through the SMMU: streams that nobody owns reach nothing. */
void emit_smmu(struct text *out, const struct model *model)
{
	const struct board_smmu *smmu = &model->board->smmu;
	uint32_t count;

	if (!model->has_iommu)
		return;
	count = emit_streams(out, model);
	text_add(out, "static struct smmu_memory smmu_memory;\nstatic const struct plan_smmu smmu = {\n\t.base = { " X64 " },\n", smmu->reg.base);
	text_add(out, "\t.event_irq = %u,\n\t.error_irq = %u,\n\t.memory = &smmu_memory,\n", smmu->event_intid, smmu->error_intid);
	if (count)
		text_add(out, "\t.streams = streams,\n\t.stream_count = %u,\n", count);
	text_add(out, "};\n");
}
