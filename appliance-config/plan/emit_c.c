/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes plan.c: one const object, and beside it the static storage that its
 * pointers name. Declared by hyp/plan.h and hyp/arm64/plan_arm64.h.
 */
#include "emit.h"

#include <inttypes.h>

#define X64 "0x%" PRIx64

static const char *quote(const char *text)
{
	struct text out = { 0 };

	text_add(&out, "\"");
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			text_add(&out, "\\");
		text_add(&out, "%c", *text);
	}
	text_add(&out, "\"");
	return out.data;
}

static const char *truth(bool value)
{
	return value ? "true" : "false";
}

static const char *map_flags_text(uint32_t flags)
{
	const char *kind = flags & MAP_DEVICE ? "PLAN_MAP_DEVICE" : flags & MAP_SHARED ? "PLAN_MAP_SHARED" : flags & MAP_UNCACHED ? "PLAN_MAP_UNCACHED" :
													    "PLAN_MAP_RAM";

	if (flags & MAP_HYPERVISOR)
		return "ARM64_MAP_HYPERVISOR";
	return flags & MAP_READ_ONLY ? mem_format("%s | PLAN_MAP_READ_ONLY", kind) : kind;
}

void emit_maps(struct text *out, const char *name, const struct map *maps, uint32_t count)
{
	text_add(out, "static const struct plan_map %s[] = {\n", name);
	for (uint32_t i = 0; i < count; i++) {
		const struct map *m = &maps[i];

		text_add(out, "\t{ .name = %s, .ipa = { " X64 " }, .pa = { ", quote(m->name), m->ipa);
		if (m->page)
			text_add(out, "(uint64_t)%s", m->page);
		else
			text_add(out, X64, m->pa);
		text_add(out, " }, .size = " X64 ", .flags = %s },\n", m->size, map_flags_text(m->flags));
	}
	text_add(out, "};\n");
}

void emit_storage(struct text *out, const char *type, const char *name, uint64_t count, const char *section)
{
	text_add(out, "static %s %s[%" PRIu64 "] __attribute__((section(\"%s\")));\n", type, name, count, section);
}

static uint32_t vcpu_index(const struct part *part, uint32_t board_cpu)
{
	for (uint32_t i = 0; i < part->cpu_count; i++)
		if (part->cpus[i] == board_cpu)
			return i;
	return 0;
}

static void emit_state(struct text *out, const struct part *part)
{
	uint32_t p = part->index;

	text_add(out, "\n/* ---- %s ---- */\n\n", part->name);
	text_add(out, "static struct arm64_partition p%u;\n", p);
	text_add(out, "static struct arm64_vcpu p%u_vcpu[%u];\n", p, part->cpu_count);
	text_add(out, "static struct vcpu *const p%u_vcpus[] = {", p);
	for (uint32_t i = 0; i < part->cpu_count; i++)
		text_add(out, "%s &p%u_vcpu[%u].core", i ? "," : "", p, i);
	text_add(out, " };\n");
	emit_storage(out, "struct pt_page", mem_format("p%u_stage2", p), part->stage2_pages, ".tables");
	if (!part->has_console)
		return;
	text_add(out, "static uint8_t p%u_uart_page[4096] __attribute__((aligned(4096), section(\".device_pages\")));\n", p);
	text_add(out, "static const struct plan_range p%u_device_pages[] = {\n", p);
	text_add(out, "\t{ .name = \"uart\", .base = { (uint64_t)p%u_uart_page }, .size = 4096 },\n};\n", p);
	text_add(out, "static char p%u_ring_output[%u];\n", p, part->console_bytes);
	text_add(out, "static struct console_ring p%u_ring = { .output = p%u_ring_output, .output_size = %u };\n", p, p, part->console_bytes);
}

static void emit_emul(struct text *out, const struct emul *emul)
{
	text_add(out, "\t{ .base = { " X64 " }, .size = " X64 ", .block = &%s, .state = %s },\n", emul->ipa, emul->size, emul->block, emul->state);
}

static void emit_emuls(struct text *out, const struct part *part)
{
	text_add(out, "static const struct plan_emul p%u_emuls[] = {\n", part->index);
	for (uint32_t i = 0; i < part->emul_count; i++)
		emit_emul(out, &part->emuls[i]);
	text_add(out, "};\n");
}

static void emit_irqs(struct text *out, const struct part *part)
{
	text_add(out, "static const struct plan_irq p%u_irqs[] = {\n", part->index);
	for (uint32_t i = 0; i < part->device_count; i++) {
		const struct board_device *d = part->devices[i];

		for (uint32_t k = 0; k < d->irq_count; k++)
			text_add(out, "\t{ .physical = %u, .virtual = %u, .is_edge = %s, .device = %s },\n", d->irq[k].intid, d->irq[k].intid,
				 truth(d->irq[k].is_edge), quote(d->label));
	}
	for (uint32_t i = 0; i < part->message_irq_count; i++)
		text_add(out, "\t{ .physical = %u, .virtual = %u, .is_edge = true, .device = \"message\" },\n", part->messages[i].intid, part->messages[i].intid);
	text_add(out, "};\n");
}

static uint32_t irq_count(const struct part *part)
{
	uint32_t count = part->message_irq_count;

	for (uint32_t i = 0; i < part->device_count; i++)
		count += part->devices[i]->irq_count;
	return count;
}

static void emit_loads(struct text *out, const struct part *part)
{
	uint64_t slide = part->ram.base - GUEST_RAM;

	text_add(out, "static const struct plan_load p%u_loads[] = {\n", part->index);
	for (uint32_t i = 0; i < part->load_count; i++) {
		const struct load *l = &part->loads[i];

		text_add(out, "\t{ .source = { " X64 " }, .target = { " X64 " }, .size = " X64 ", .clear = " X64 " }, /* %s */\n",
			 part->store[l->component].base + l->offset, l->ipa + slide, l->size, l->memory, component_name(l->component));
	}
	text_add(out, "};\nstatic const struct plan_seed p%u_seeds[] = {\n", part->index);
	for (uint32_t i = 0; i < part->seed_count; i++)
		text_add(out, "\t{ .target = { " X64 " }, .size = %u, .header = 12, .blank = 0x04000000 }, /* %s; FDT_NOP */\n", part->ram.base + part->seeds[i].offset, part->seeds[i].size,
			 part->seeds[i].property);
	text_add(out, "};\n");
}

static void emit_capabilities(struct text *out, const struct part *part)
{
	if (part->capability_count == 0)
		return;
	text_add(out, "static const struct plan_capability p%u_capabilities[] = {\n", part->index);
	for (uint32_t i = 0; i < part->capability_count; i++)
		text_add(out, "\t{ .partition = %u, .rights = 0x%x }, /* %s */\n", part->capabilities[i].partition, part->capabilities[i].rights,
			 part->capabilities[i].word);
	text_add(out, "};\n");
}

static void emit_symbols(struct text *out, const struct part *part)
{
	if (!part->has_symbols || part->image.symbol_count == 0)
		return;
	text_add(out, "static const struct plan_symbol p%u_symbols[] = {\n", part->index);
	for (uint32_t i = 0; i < part->image.symbol_count; i++)
		text_add(out, "\t{ " X64 ", %s },\n", part->image.symbols[i].address, quote(part->image.symbols[i].name));
	text_add(out, "};\n");
}

static void emit_arch_partition(struct text *out, const struct model *model, const struct part *part)
{
	text_add(out, "static const struct arch_plan_partition p%u_arch = {\n\t.vmid = %u,\n", part->index, part->index + 1);
	text_add(out, "\t.has_uart = %s,\n\t.has_rtc = %s,\n", truth(part->has_console), truth(part->has_rtc));
	if (part->has_console)
		text_add(out, "\t.uart_ipa = { " X64 " },\n\t.uart_irq = %d,\n\t.uart_page = { (uint64_t)p%u_uart_page },\n", GUEST_UART,
			 GUEST_UART_INTID, part->index);
	if (part->has_rtc)
		text_add(out, "\t.rtc_irq = %d,\n", GUEST_RTC_INTID);
	text_add(out, "\t.gicd = { " X64 " },\n", GUEST_GICD);
	text_add(out, model->gic_version == 2 ? "\t.gicc = { " X64 " },\n" : "\t.gicr = { " X64 " },\n",
		 model->gic_version == 2 ? GUEST_GICC : GUEST_GICR);
	for (uint32_t i = 0; i < part->device_count; i++)
		if (part->devices[i]->is_pci)
			text_add(out, "\t.pci_config = { " X64 " },\n", part->devices[i]->reg[0].base);
	emit_functions_arch(out, part);
	text_add(out, "\t.spi_count = %u,\n\t.is_exclusive = %s,\n};\n", part->spi_count, truth(part->is_exclusive));
}

/* A list that may be empty: null and 0 then, so that nothing reads past its end. */
static void emit_list(struct text *out, const struct part *part, const char *field, const char *name, const char *count, uint32_t n)
{
	if (n)
		text_add(out, "\t\t.%s = p%u_%s,\n\t\t.%s = %u,\n", field, part->index, name, count, n);
}

static void emit_policy(struct text *out, const struct part *part)
{
	static const char *const names[] = { "PLAN_POLICY_STOP", "PLAN_POLICY_RESTART", "PLAN_POLICY_REPORT" };

	text_add(out, "\t\t.policy = %s,\n\t\t.fault_limit = %u,\n", names[part->policy], part->fault_limit);
	text_add(out, "\t\t.heartbeat_us = %" PRIu64 ",\n\t\t.restart_limit = %u,\n", part->heartbeat_us, part->restart_limit);
	text_add(out, "\t\t.is_critical = %s,\n\t\t.is_auto = %s,\n\t\t.has_restart = %s,\n", truth(part->is_critical), truth(part->is_auto),
		 truth(part->has_store));
}

static void emit_partition(struct text *out, const struct model *model, const struct part *part)
{
	uint32_t p = part->index;

	text_add(out, "\t{\n\t\t.id = %u,\n\t\t.name = %s,\n\t\t.state = &p%u.core,\n", p, quote(part->name), p);
	emit_list(out, part, "vcpus", "vcpus", "vcpu_count", part->cpu_count);
	emit_list(out, part, "maps", "maps", "map_count", part->map_count);
	text_add(out, "\t\t.emuls = p%u_emuls,\n\t\t.emul_count = ARRAY_COUNT(p%u_emuls),\n", p, p);
	emit_list(out, part, "irqs", "irqs", "irq_count", irq_count(part));
	emit_list(out, part, "loads", "loads", "load_count", part->load_count);
	emit_list(out, part, "seeds", "seeds", "seed_count", part->seed_count);
	emit_list(out, part, "device_pages", "device_pages", "device_page_count", part->has_console);
	emit_list(out, part, "stage2_pool", "stage2", "stage2_page_count", part->stage2_pages);
	text_add(out, "\t\t.entry = " X64 ",\n\t\t.entry_arg = " X64 ",\n", part->entry, GUEST_RAM);
	emit_list(out, part, "capabilities", "capabilities", "capability_count", part->capability_count);
	emit_io_partition(out, model, part);
	emit_list(out, part, "functions", "functions", "function_count", part->function_count);
	emit_channel_fields(out, model, part);
	emit_policy(out, part);
	if (part->has_console)
		text_add(out, "\t\t.console = &p%u_ring,\n", p);
	emit_list(out, part, "symbols", "symbols", "symbol_count", part->has_symbols ? part->image.symbol_count : 0);
	text_add(out, "\t\t.arch = &p%u_arch,\n\t},\n", p);
}

static void emit_partition_tables(struct text *out, const struct model *model, const struct part *part)
{
	emit_state(out, part);
	emit_maps(out, mem_format("p%u_maps", part->index), part->maps, part->map_count);
	emit_functions(out, part);
	emit_emuls(out, part);
	if (irq_count(part))
		emit_irqs(out, part);
	emit_loads(out, part);
	emit_capabilities(out, part);
	emit_channel_table(out, model, part);
	emit_symbols(out, part);
	emit_arch_partition(out, model, part);
}

static void emit_cpu_lists(struct text *out, const struct model *model, uint32_t index, const struct cpu *cpu)
{
	if (cpu->runs_count == 0)
		return;
	text_add(out, "static struct vcpu *const c%u_vcpus[] = {", index);
	for (uint32_t i = 0; i < cpu->runs_count; i++)
		text_add(out, "%s &p%u_vcpu[%u].core", i ? "," : "", cpu->runs[i], vcpu_index(&model->parts[cpu->runs[i]], cpu->board));
	text_add(out, " };\n");
	if (cpu->runs_count < 2)
		return;
	text_add(out, "static const struct plan_slot c%u_slots[] = {\n", index);
	for (uint32_t k = 0; k < cpu->slot_count; k++)
		for (uint32_t i = 0; i < cpu->runs_count; i++)
			if ((int32_t)cpu->runs[i] == cpu->slots[k].part)
				text_add(out, "\t{ .vcpu = %u, .length_us = %" PRIu64 " },\n", i, cpu->slots[k].us);
	text_add(out, "};\n");
}

static void emit_cpus(struct text *out, const struct model *model)
{
	text_add(out, "\n/* ---- CPUs ---- */\n\n");
	text_add(out, "static struct arm64_cpu cpu_states[%u];\n", model->plan_cpu_count);
	emit_storage(out, "struct arm64_stack", "stacks", model->plan_cpu_count, ".stacks");
	for (uint32_t i = 0; i < model->plan_cpu_count; i++)
		emit_cpu_lists(out, model, i, &model->cpus[model->plan_cpus[i]]);
	text_add(out, "static const struct plan_cpu cpus[] = {\n");
	for (uint32_t i = 0; i < model->plan_cpu_count; i++) {
		const struct cpu *cpu = &model->cpus[model->plan_cpus[i]];

		text_add(out, "\t{ .hardware_id = " X64 ", .state = &cpu_states[%u].core", model->board->cpus[cpu->board].mpidr, i);
		if (cpu->runs_count)
			text_add(out, ", .vcpus = c%u_vcpus, .vcpu_count = %u", i, cpu->runs_count);
		if (cpu->runs_count > 1)
			text_add(out, ", .slots = c%u_slots, .slot_count = ARRAY_COUNT(c%u_slots)", i, i);
		text_add(out, " },\n");
	}
	text_add(out, "};\n");
}

struct owner {
	const struct board_irq *irq;
	uint32_t part;
};

static int owner_after(const struct owner *a, const struct owner *b)
{
	return a->irq->intid > b->irq->intid;
}

static void insert_owner(struct owner *owners, uint32_t count, struct owner owner)
{
	for (; count > 0 && owner_after(&owners[count - 1], &owner); count--)
		owners[count] = owners[count - 1];
	owners[count] = owner;
}

static uint32_t emit_owners(struct text *out, const struct model *model)
{
	struct owner *owners = mem_get((BOARD_DEVICE_MAX * BOARD_DEVICE_IRQ_MAX + PART_MAX * FRAME_MESSAGE_MAX) * sizeof(*owners));
	uint32_t count = 0;

	for (uint32_t p = 0; p < model->part_count; p++)
		for (uint32_t i = 0; i < model->parts[p].device_count; i++)
			for (uint32_t k = 0; k < model->parts[p].devices[i]->irq_count; k++)
				insert_owner(owners, count++, (struct owner){ &model->parts[p].devices[i]->irq[k], p });
	for (uint32_t p = 0; p < model->part_count; p++)
		for (uint32_t i = 0; i < model->parts[p].message_irq_count; i++)
			insert_owner(owners, count++, (struct owner){ &model->parts[p].messages[i], p });
	if (count == 0)
		return 0;
	text_add(out, "static const struct arm64_irq_owner irq_owners[] = {\n");
	for (uint32_t i = 0; i < count; i++)
		text_add(out, "\t{ .physical = %u, .virtual = %u, .partition = %u, .is_edge = %s },\n", owners[i].irq->intid, owners[i].irq->intid,
			 owners[i].part, truth(owners[i].irq->is_edge));
	text_add(out, "};\n");
	return count;
}

static void emit_arch(struct text *out, const struct model *model)
{
	const struct board_gic *gic = model->gic;
	uint32_t owners;
	bool has_its;

	text_add(out, "\n/* ---- board ---- */\n\n");
	emit_maps(out, "stage1", model->stage1, model->stage1_count);
	emit_storage(out, "struct pt_page", "stage1_pool", model->stage1_pages, ".tables");
	owners = emit_owners(out, model);
	emit_smmu(out, model);
	has_its = emit_its(out, model);
	text_add(out, "static const struct arch_plan arch = {\n\t.stage1 = stage1,\n\t.stage1_count = %u,\n", model->stage1_count);
	text_add(out, "\t.stage1_pool = stage1_pool,\n\t.stage1_page_count = %u,\n\t.stacks = stacks,\n", model->stage1_pages);
	text_add(out, "\t.gic_version = %u,\n\t.gicd = { " X64 " },\n", model->gic_version, gic->gicd.base);
	if (model->gic_version == 2)
		text_add(out, "\t.gicc = { " X64 " },\n\t.gich = { " X64 " },\n\t.gicv = { " X64 " },\n", gic->second.base, gic->gich.base,
			 gic->gicv.base);
	else
		text_add(out, "\t.gicr = { " X64 " },\n\t.gicr_size = " X64 ",\n", gic->second.base, gic->second.size);
	text_add(out, "\t.uart = { " X64 " },\n\t.uart_irq = %u,\n\t.uart_clock_hz = %u,\n", model->board->uart.base, model->board->uart_intid,
		 model->board->uart_clock_hz);
	text_add(out, "\t.rtc = { " X64 " },\n", model->board->rtc);
	if (owners)
		text_add(out, "\t.owners = irq_owners,\n\t.owner_count = %u,\n", owners);
	text_add(out, "%s%s};\n", model->has_iommu ? "\t.smmu = &smmu,\n" : "", has_its ? "\t.its = &its,\n" : "");
}

static void emit_ranges(struct text *out, const struct model *model)
{
	text_add(out, "static const struct plan_range memory[] = {\n");
	for (uint32_t i = 0; i < model->part_count; i++)
		text_add(out, "\t{ .name = %s, .base = { " X64 " }, .size = " X64 " },\n", quote(model->parts[i].name), model->parts[i].ram.base,
			 model->parts[i].ram.size);
	text_add(out, "};\n");
}

static void emit_plan(struct text *out, const struct model *model)
{
	bool has_pci = emit_pci(out, model);

	text_add(out, "const struct plan plan = {\n\t.id = {");
	for (size_t i = 0; i < sizeof(model->id); i++)
		text_add(out, "%s0x%02x,", i % 16 ? " " : "\n\t\t", model->id[i]);
	text_add(out, "\n\t},\n\t.appliance = %s,\n\t.board = %s,\n", quote(model->appliance), quote(model->board->name));
	text_add(out, "\t.hypervisor = { .name = \"hypervisor\", .base = { " X64 " }, .size = " X64 " },\n", model->hypervisor.base,
		 model->hypervisor.size);
	text_add(out, "\t.image_store = { .name = \"image store\", .base = { " X64 " }, .size = " X64 " },\n", model->store.base, model->store.size);
	text_add(out, "\t.memory = memory,\n\t.memory_count = ARRAY_COUNT(memory),\n\t.cpus = cpus,\n\t.cpu_count = ARRAY_COUNT(cpus),\n");
	text_add(out, "\t.partitions = partitions,\n\t.partition_count = ARRAY_COUNT(partitions),\n");
	text_add(out, "%s", has_pci ? "\t.pci = &pci,\n" : "");
	text_add(out, "\t.console_prefix_key = 0x%02x,\n\t.is_development = %s,\n\t.arch = &arch,\n};\n", model->prefix_key,
		 truth(model->is_development));
}

void emit_plan_c(const struct model *model, struct text *out)
{
	text_add(out, "/* SPDX-License-Identifier: Apache-2.0 */\n");
	text_add(out, "/* Generated by the planner for appliance %s on board %s. */\n", model->appliance, model->board->name);
	text_add(out, "#include <hyp/console.h>\n%s#include <hyp/partition.h>\n%s#include <hyp/plan.h>\n\n#include \"plan_arm64.h\"\n",
		 model->vdev_count ? "#include <hyp/device.h>\n" : "", model->function_count ? "#include <hyp/pci.h>\n" : "");
	emit_io_pages(out, model);
	for (uint32_t i = 0; i < model->part_count; i++)
		emit_partition_tables(out, model, &model->parts[i]);
	emit_io_tables(out, model);
	text_add(out, "\nstatic const struct plan_partition partitions[] = {\n");
	for (uint32_t i = 0; i < model->part_count; i++)
		emit_partition(out, model, &model->parts[i]);
	text_add(out, "};\n");
	emit_cpus(out, model);
	emit_ranges(out, model);
	emit_arch(out, model);
	emit_plan(out, model);
}
