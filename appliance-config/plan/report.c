/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.txt. Every table answers one question: who owns this memory, this
 * CPU, this device, this interrupt; what starts where; who is trusted.
 */
#include "report.h"

#include "function.h"
#include "layout.h"

#include <stdlib.h>
#include <string.h>

const char *size_text(uint64_t bytes)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
	uint64_t tenths = bytes * 10;
	uint32_t unit = 0;

	for (; tenths >= 10240 && unit < COUNT_OF(units) - 1; unit++)
		tenths = (tenths + 512) / 1024;
	if (tenths % 10 == 0 || unit == 0)
		return mem_format("%llu %s", (unsigned long long)tenths / 10, units[unit]);
	return mem_format("%llu.%llu %s", (unsigned long long)tenths / 10, (unsigned long long)tenths % 10, units[unit]);
}

/* ---- memory ---- */

static int compare_stretches(const void *a, const void *b)
{
	const struct stretch *x = a, *y = b;

	return (x->range.base > y->range.base) - (x->range.base < y->range.base);
}

static int32_t part_of_range(const struct model *model, struct range range)
{
	for (uint32_t i = 0; i < model->part_count; i++)
		if (model->parts[i].ram.size && model->parts[i].ram.base == range.base)
			return (int32_t)i;
	return -1;
}

/* Puts what lies free in `ram` between the owned stretches behind them. */
static uint32_t add_free(struct range ram, struct stretch *out, uint32_t owned, uint32_t count)
{
	uint64_t at = ram.base;

	for (uint32_t i = 0; i <= owned; i++) {
		uint64_t end = i < owned ? out[i].range.base : range_end(ram);

		if (i < owned && !range_overlaps(ram, out[i].range))
			continue;
		if (end > at)
			out[count++] = (struct stretch){ { at, end - at }, "free", -1, true };
		if (i < owned && range_end(out[i].range) > at)
			at = range_end(out[i].range);
	}
	return count;
}

uint32_t memory_stretches(const struct model *model, struct stretch out[STRETCH_MAX])
{
	struct owned_range owned[OWNED_MAX];
	uint32_t count = owned_ranges(model, owned);
	uint32_t total = count;

	for (uint32_t i = 0; i < count; i++)
		out[i] = (struct stretch){ owned[i].range, owned[i].owner, part_of_range(model, owned[i].range), false };
	qsort(out, count, sizeof(out[0]), compare_stretches);
	for (uint32_t r = 0; r < model->board->ram_count; r++)
		total = add_free(model->board->ram[r], out, count, total);
	qsort(out, total, sizeof(out[0]), compare_stretches);
	return total;
}

static void report_memory(const struct model *model, struct text *out)
{
	struct stretch stretches[STRETCH_MAX];
	uint32_t count = memory_stretches(model, stretches);

	text_add(out, "\nPhysical memory\n");
	for (uint32_t i = 0; i < count; i++)
		text_add(out, "  0x%010llx - 0x%010llx  %10s  %s\n", (unsigned long long)stretches[i].range.base,
			 (unsigned long long)range_end(stretches[i].range) - 1, size_text(stretches[i].range.size), stretches[i].owner);
}

/* ---- CPUs ---- */

static void report_cpu(const struct model *model, const struct cpu *cpu, struct text *out)
{
	const struct board_cpu *board = &model->board->cpus[cpu->board];

	text_add(out, "  CPU %-2u MPIDR 0x%-6llx cluster %u  ", cpu->board, (unsigned long long)board->mpidr, board->cluster);
	if (cpu->is_shared) {
		text_add(out, "shared, frame of %llu us:", (unsigned long long)cpu->frame_us);
		for (uint32_t i = 0; i < cpu->slot_count; i++)
			text_add(out, " %s %llu us%s", cpu->slots[i].part < 0 ? "nobody" : model->parts[cpu->slots[i].part].name,
				 (unsigned long long)cpu->slots[i].us, i + 1 < cpu->slot_count ? "," : "");
		text_add(out, "\n");
	} else if (cpu->part < 0) {
		text_add(out, "%s\n", cpu->board == 0 ? "no partition: the hypervisor boots on it" : "unused: stays off");
	} else {
		text_add(out, "%s, exclusive\n", model->parts[cpu->part].name);
	}
}

static void report_cpus(const struct model *model, struct text *out)
{
	text_add(out, "\nCPUs (%s)\n", model->board->cpu_count ? model->board->cpus[0].model : "none");
	for (uint32_t i = 0; i < model->board->cpu_count; i++)
		report_cpu(model, &model->cpus[i], out);
}

/* ---- devices and interrupts ---- */

static void report_devices(const struct model *model, struct text *out)
{
	text_add(out, "\nDevices\n  %-10s 0x%010llx  %-40s  %s\n", "uart", (unsigned long long)model->board->uart.base, "serial line",
		 "the hypervisor (console of all partitions)");
	for (uint32_t i = 0; i < model->board->device_count; i++) {
		const struct board_device *device = &model->board->devices[i];
		const struct part *owner = device_owner(model, device->bridge && !function_is_apart(model, device) ? device->bridge : device);

		text_add(out, "  %-10s 0x%010llx  %-40s  %s%s\n", device->label,
			 (unsigned long long)(device->reg_count ? device->reg[0].base : 0), device->title, owner ? owner->name : "nobody",
			 device->is_bus_master ? " (masters memory)" : "");
	}
	text_add(out, "\nInterrupts\n  INTID %-4u %-10s the hypervisor\n", model->board->uart_intid, "uart");
	for (uint32_t i = 0; i < model->board->device_count; i++) {
		const struct board_device *device = &model->board->devices[i];
		const struct part *owner = device_owner(model, device);

		for (uint32_t k = 0; k < device->irq_count; k++)
			text_add(out, "  INTID %-4u %-10s %s, %s\n", device->irq[k].intid, device->label, owner ? owner->name : "nobody",
				 device->irq[k].is_edge ? "edge" : "level");
	}
}

/* ---- partitions ---- */

static const char *policy_text(const struct part *part)
{
	if (part->policy == POLICY_STOP)
		return "stop it";
	if (part->policy == POLICY_REPORT)
		return "report only";
	return part->restart_limit ? mem_format("restart it, at most %u times", part->restart_limit) : "restart it";
}

static void report_loads(const struct part *part, struct text *out)
{
	for (uint32_t i = 0; i < part->load_count; i++) {
		const struct load *load = &part->loads[i];

		text_add(out, "    %-12s at 0x%llx, %s%s\n", component_name(load->component), (unsigned long long)load->ipa,
			 size_text(load->size), part->image.is_assumed && load->component == COMPONENT_IMAGE ? " (assumed: not built yet)" : "");
	}
}

static void report_maps(const struct part *part, struct text *out)
{
	for (uint32_t i = 0; i < part->map_count; i++) {
		const struct map *map = &part->maps[i];

		text_add(out, "    %-14s 0x%010llx - 0x%010llx  %s%s%s\n", map->name, (unsigned long long)map->ipa,
			 (unsigned long long)(map->ipa + map->size - 1),
			 map->page ? "a page of the hypervisor" : mem_format("from 0x%llx", (unsigned long long)map->pa),
			 map->flags & MAP_DEVICE ? ", device" : map->flags & MAP_UNCACHED ? ", not cached" : ", memory", map->flags & MAP_READ_ONLY ? ", read only" : "");
	}
}

static void report_rights(const struct part *part, struct text *out)
{
	for (uint32_t i = 0; i < part->capability_count; i++)
		text_add(out, "%s%s", i ? ", " : "", part->capabilities[i].word);
	text_add(out, "%s\n", part->capability_count ? "" : "none");
}

static void report_functions(const struct part *part, struct text *out)
{
	for (uint32_t i = 0; i < part->function_count; i++) {
		const struct function *f = &part->functions[i];

		text_add(out, "    %-14s PCI function 00:%02x.0 (%s of %s), %s\n", f->device->label, f->virtual_requester >> 3, function_name(f->device),
			 f->device->bridge->label,
			 f->message_count ? mem_format("%u MSI-X vectors from %s %u on", f->message_count, part->frame ? "INTID" : "LPI", f->intid) : "no interrupt");
	}
}

static void report_part(const struct model *model, const struct part *part, struct text *out)
{
	text_add(out, "\nPartition %u \"%s\"\n", part->number, part->name);
	text_add(out, "  memory       %s, at 0x%llx\n", size_text(part->memory), (unsigned long long)part->ram.base);
	if (part->has_pool)
		text_add(out, "  pool         %s of it at 0x%llx, seen by those who serve it\n", size_text(part->pool.size), (unsigned long long)part->pool.base);
	text_add(out, "  vCPUs        %u, %s, on CPU", part->cpu_count, part->is_exclusive ? "exclusive" : "in time slots");
	for (uint32_t i = 0; i < part->cpu_count; i++)
		text_add(out, " %u", part->cpus[i]);
	text_add(out, "\n  image        %s (%s)\n", part->image_path, part->image.found);
	text_add(out, "  command line %s\n", *part->cmdline ? part->cmdline : "none");
	text_add(out, "  starts       %s%s\n", part->is_auto ? "with the board" : "when it is told to", part->is_critical ? ", critical" : "");
	text_add(out, "  when it fails %s%s\n", policy_text(part),
		 part->has_store ? "" : "; it keeps no pristine image, so its restart is a reset of the board");
	if (part->heartbeat_us)
		text_add(out, "  heartbeat    within %llu ms\n", (unsigned long long)part->heartbeat_us / 1000);
	text_add(out, "  may do       ");
	report_rights(part, out);
	text_add(out, "  entered at   0x%llx, its images:\n", (unsigned long long)part->entry);
	report_loads(part, out);
	text_add(out, "  sees (%u page-table pages)\n", part->stage2_pages);
	report_maps(part, out);
	report_functions(part, out);
	text_add(out, "    GIC version %u with %u shared interrupts, PSCI 1.1%s\n", model->gic_version, part->spi_count,
		 part->has_rtc ? ", PL031" : "");
}

static void report_build(const struct model *model, struct text *out)
{
	const struct cpu_flags *flags = board_cpu_flags(model->board);
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < model->part_count; i++)
		for (enum component c = 0; c < COMPONENT_COUNT; c++)
			bytes += component_size(&model->parts[i], c);
	text_add(out, "\nBuild\n  flash        two slots of %s; the guests' images take %s of one\n", size_text(model->slot_bytes), size_text(bytes));
	text_add(out, "  compiler     %s (for %s)\n", flags->compiler, flags->model);
	text_add(out, "  linker       %s\n", *flags->linker ? flags->linker : "nothing particular");
}

static bool has_master(const struct model *model)
{
	for (uint32_t i = 0; i < model->board->device_count; i++)
		if (model->board->devices[i].is_bus_master && device_owner(model, &model->board->devices[i]))
			return true;
	return false;
}

static void report_trust(const struct model *model, struct text *out)
{
	bool is_any = false;

	text_add(out, "\nTrust\n");
	for (uint32_t i = 0; i < model->part_count; i++)
		for (uint32_t c = 0; c < model->parts[i].capability_count; c++) {
			text_add(out, "  \"%s\" is trusted with %s\n", model->parts[i].name, model->parts[i].capabilities[c].word);
			is_any = true;
		}
	if (!is_any)
		text_add(out, "  no partition may act on another one%s\n", model->window_count ? "" : "; none can reach memory of another one or of the hypervisor");
	report_io_trust(model, out);
	if (model->window_count)
		text_add(out, "  no other memory of a partition, and none of the hypervisor, is within reach of another one\n");
	if (!has_master(model))
		text_add(out, "  no device that masters memory is given away\n");
}

void emit_report(const struct model *model, struct text *out)
{
	text_add(out, "Appliance \"%s\" %s for board %s (%s)\n", model->appliance, model->version, model->board->name, model->board->model);
	text_add(out, "Plan ");
	for (uint32_t i = 0; i < sizeof(model->id); i++)
		text_add(out, "%02x", model->id[i]);
	text_add(out, "\n%s", model->is_development ? "Signed with DEVELOPMENT keys: it protects nothing. KEYS=dir chooses yours.\n" : "");
	text_add(out, "Hypervisor: %s at 0x%llx, %u page-table pages; image store: %s of %s used\n", size_text(model->hypervisor.size),
		 (unsigned long long)model->hypervisor.base, model->stage1_pages, size_text(model->store_need), size_text(model->store.size));
	report_memory(model, out);
	report_cpus(model, out);
	report_devices(model, out);
	for (uint32_t i = 0; i < model->part_count; i++)
		report_part(model, &model->parts[i], out);
	report_io(model, out);
	report_build(model, out);
	report_trust(model, out);
}
