/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the user's choices from the resolved configuration. Nothing is
 * refused here: what cannot be is left in the model for the checks.
 */
#include "function.h"

#include <string.h>


static const struct { const char *word; uint32_t bit; } rights[] = {
	{ "state", 1 }, { "start", 2 }, { "stop", 4 }, { "restart", 8 },
};

static uint32_t right_bit(const char *word, size_t length)
{
	for (size_t i = 0; i < COUNT_OF(rights); i++)
		if (strlen(rights[i].word) == length && strncmp(rights[i].word, word, length) == 0)
			return rights[i].bit;
	return 0;
}

static void read_rights(struct capability *c, const char *at)
{
	while (*at) {
		size_t length = strcspn(at, "+");
		uint32_t bit = right_bit(at, length);

		if (!bit)
			c->unknown_right = mem_format("%.*s", (int)length, at);
		c->rights |= bit;
		at += length + (at[length] == '+');
	}
	if (!c->rights && !c->unknown_right)
		c->unknown_right = "";
}

static void read_capability(const struct model *model, struct part *part, const char *word)
{
	struct capability *c = &part->capabilities[part->capability_count++];
	size_t length = strcspn(word, ":");

	*c = (struct capability){ .word = word, .unknown_partition = mem_format("%.*s", (int)length, word) };
	for (uint32_t i = 0; i < model->part_count; i++) {
		if (strcmp(model->parts[i].name, c->unknown_partition) == 0) {
			c->partition = i;
			c->unknown_partition = NULL;
			break;
		}
	}
	read_rights(c, word[length] ? word + length + 1 : "");
}

static void read_capabilities(const struct model *model, struct part *part)
{
	const char *at = config_get(model->config, "PART%u_CAPABILITIES", part->number);

	for (at += strspn(at, " "); *at && part->capability_count < CAPABILITY_MAX; at += strspn(at, " ")) {
		size_t length = strcspn(at, " ");

		read_capability(model, part, mem_format("%.*s", (int)length, at));
		at += length;
	}
}

/* Replaces $(NAME) by its value, and makes a relative path start at EXT. */
static const char *expand_path(const struct model *model, const char *path)
{
	struct text out = { 0 };

	if (!*path)
		return "";
	if (*path != '/' && *path != '$' && *model->ext)
		text_add(&out, "%s/", model->ext);
	while (*path) {
		size_t plain = strcspn(path, "$"), length;
		bool known = false;

		text_add(&out, "%.*s", (int)plain, path);
		path += plain;
		length = strncmp(path, "$(", 2) == 0 ? strcspn(path, ")") : 0;
		for (size_t i = 0; length && model->variables[i] && !known; i++) {
			const char *value = strchr(model->variables[i], '=');

			known = value && (size_t)(value - model->variables[i]) == length - 2 &&
				strncmp(model->variables[i], path + 2, length - 2) == 0;
			if (known)
				text_add(&out, "%s", value + 1);
		}
		if (*path && !known)
			text_add(&out, "%c", *path);
		path += known ? length + (path[length] == ')') : *path != 0;
	}
	return out.data;
}

static void read_files(const struct model *model, struct part *part)
{
	const struct config *c = model->config;
	uint32_t n = part->number;

	part->program = part->kind == KIND_UNIKERNEL ? config_get(c, "PART%u_PROGRAM", n) : "";
	part->image_symbol = mem_format("CONFIG_PART%u_%s", n, part->kind == KIND_UNIKERNEL ? "PROGRAM" : "IMAGE");
	if (part->kind == KIND_UNIKERNEL)
		part->image_path = *part->program ? expand_path(model, mem_format("$(O)/partitions/%s.elf", part->program)) : "";
	else
		part->image_path = expand_path(model, config_get(c, "PART%u_IMAGE", n));
	part->initrd_path = expand_path(model, config_get(c, "PART%u_INITRD", n));
	part->overlay_path = expand_path(model, config_get(c, "PART%u_OVERLAY", n));
	part->cmdline = config_get(c, "PART%u_CMDLINE", n);
}

static void read_part(struct model *model, struct part *part)
{
	const struct config *c = model->config;
	uint32_t n = part->number;

	part->name = config_get(c, "PART%u_NAME", n);
	part->memory = config_number(c, "PART%u_MEMORY_MIB", n) * MIB;
	part->fixed = config_number(c, "PART%u_ADDRESS", n);
	part->kind = config_bool(c, "PART%u_UNIKERNEL", n) ? KIND_UNIKERNEL : config_bool(c, "PART%u_RAW", n) ? KIND_RAW : KIND_LINUX;
	part->has_console = config_bool(c, "PART%u_CONSOLE", n);
	part->console_bytes = (uint32_t)(config_number(c, "PART%u_CONSOLE_KIB", n) * KIB);
	part->has_rtc = config_bool(c, "PART%u_RTC", n);
	part->is_auto = config_bool(c, "PART%u_AUTO", n);
	part->has_store = config_bool(c, "PART%u_STORE", n);
	part->is_critical = config_bool(c, "PART%u_CRITICAL", n);
	part->is_io = config_bool(c, "PART%u_IO", n);
	part->is_trusted_dma = config_bool(c, "PART%u_TRUSTED_DMA", n);
	part->has_symbols = config_bool(c, "PART%u_SYMBOLS", n);
	part->policy = config_bool(c, "PART%u_ON_FAULT_RESTART", n) ? POLICY_RESTART :
		       config_bool(c, "PART%u_ON_FAULT_REPORT", n)  ? POLICY_REPORT :
								      POLICY_STOP;
	part->restart_limit = (uint32_t)config_number(c, "PART%u_RESTART_LIMIT", n);
	part->fault_limit = (uint32_t)config_number(c, "PART%u_FAULT_LIMIT", n);
	part->heartbeat_us = config_number(c, "PART%u_HEARTBEAT_MS", n) * 1000;
	part->has_pool = config_bool(c, "PART%u_IO_SEES_POOL", n);
	part->pool.size = part->has_pool ? config_number(c, "PART%u_POOL_KIB", n) * KIB : 0;
	read_files(model, part);
}

int32_t chosen_part(const struct model *model, const char *prefix)
{
	for (uint32_t i = 0; i < model->part_count; i++)
		if (config_bool(model->config, "%s_PART%u", prefix, i + 1))
			return (int32_t)i;
	return -1;
}

static void note_run(struct cpu *cpu, int32_t part)
{
	if (part >= 0 && !cpu_runs(cpu, (uint32_t)part))
		cpu->runs[cpu->runs_count++] = (uint32_t)part;
}

static void read_cpu(const struct model *model, struct cpu *cpu)
{
	uint32_t n = cpu->board;

	cpu->is_shared = config_bool(model->config, "CPU%u_SHARED", n);
	cpu->part = cpu->is_shared ? -1 : chosen_part(model, mem_format("CPU%u", n));
	note_run(cpu, cpu->part);
	if (!cpu->is_shared)
		return;
	cpu->frame_us = config_number(model->config, "CPU%u_FRAME_US", n);
	cpu->slot_count = (uint32_t)config_number(model->config, "CPU%u_SLOTS", n);
	cpu->slot_count = cpu->slot_count > SLOT_MAX ? SLOT_MAX : cpu->slot_count;
	for (uint32_t k = 0; k < cpu->slot_count; k++) {
		cpu->slots[k].part = chosen_part(model, mem_format("CPU%u_SLOT%u", n, k + 1));
		cpu->slots[k].us = config_number(model->config, "CPU%u_SLOT%u_US", n, k + 1);
		note_run(cpu, cpu->slots[k].part);
	}
}

static void give_cpus(struct model *model)
{
	for (uint32_t p = 0; p < model->part_count; p++) {
		struct part *part = &model->parts[p];

		part->is_exclusive = true;
		for (uint32_t i = 0; i < model->board->cpu_count; i++) {
			if (!cpu_runs(&model->cpus[i], p))
				continue;
			part->cpus[part->cpu_count++] = i;
			part->is_exclusive = part->is_exclusive && model->cpus[i].runs_count == 1;
		}
	}
	for (uint32_t i = 0; i < model->board->cpu_count; i++)
		if (i == 0 || model->cpus[i].runs_count != 0)
			model->plan_cpus[model->plan_cpu_count++] = i;
}

static void give_devices(struct model *model)
{
	for (uint32_t i = 0; i < model->board->device_count; i++) {
		const struct board_device *device = &model->board->devices[i];
		int32_t owner = chosen_part(model, mem_format("DEV_%s", device->symbol));

		/* A function that the bus's owner was given by name too stays on its bus. */
		if (owner >= 0 && !(device->bridge && device_is_part(&model->parts[owner], device->bridge)))
			model->parts[owner].devices[model->parts[owner].device_count++] = device;
	}
}

static void read_appliance(struct model *model)
{
	const struct config *c = model->config;

	model->appliance = config_get(c, "APPLIANCE");
	model->version = config_get(c, "VERSION");
	model->security_version = (uint32_t)config_number(c, "SECURITY_VERSION");
	model->slot_bytes = config_number(c, "SLOT_MIB") * MIB;
	model->gic_version = config_bool(c, "GIC_V2") ? 2 : 3;
	model->gic = model->gic_version == 2 ? &model->board->gic2 : &model->board->gic3;
	model->has_iommu = model->board->smmu.is_there && config_bool(c, "IOMMU");
	model->qemu_machine = model->has_iommu && *model->board->qemu_iommu ?
				      mem_format("%s,%s", model->board->qemu_machine, model->board->qemu_iommu) :
				      model->board->qemu_machine;
	model->hypervisor_fixed = config_number(c, "HYPERVISOR_ADDRESS");
	model->hypervisor_fixed_size = config_number(c, "HYPERVISOR_KIB") * KIB;
	model->store_fixed = config_number(c, "STORE_ADDRESS");
	model->store_fixed_size = config_number(c, "STORE_MIB") * MIB;
	model->prefix_key_text = config_get(c, "CONSOLE_KEY");
	if (model->prefix_key_text[0] == '^' && strlen(model->prefix_key_text) == 2)
		model->prefix_key = (uint8_t)(model->prefix_key_text[1] & 0x1f);
}

void model_read(struct model *model)
{
	uint64_t count = config_number(model->config, "PARTITION_COUNT");

	read_appliance(model);
	model->part_count = count > PART_MAX ? PART_MAX : (uint32_t)count;
	for (uint32_t i = 0; i < model->part_count; i++) {
		model->parts[i].index = i;
		model->parts[i].number = i + 1;
		read_part(model, &model->parts[i]);
	}
	for (uint32_t i = 0; i < model->part_count; i++)
		read_capabilities(model, &model->parts[i]);
	for (uint32_t i = 0; i < model->board->cpu_count; i++) {
		model->cpus[i].board = i;
		read_cpu(model, &model->cpus[i]);
	}
	give_cpus(model);
	give_devices(model);
	functions_read(model);
	io_read(model);
	channels_read(model);
}

bool path_is_plain(const char *path)
{
	return path[strcspn(path, " \t'\"$%#:;&|<>*?`~\\")] == 0;
}

bool program_is_known(const struct model *model, const struct part *part)
{
	size_t length = strlen(part->program);

	if (!model->programs || length == 0)
		return true;
	for (const char *at = model->programs; *at; at += strspn(at, " ")) {
		size_t word = strcspn(at, " ");

		if (word == length && strncmp(at, part->program, length) == 0)
			return true;
		at += word;
	}
	return false;
}

/* What make builds or fetches and is not there yet has no size; the report takes one that ours and Debian's do not reach. */
static void assume_image(struct image *image, uint64_t size, const char *found)
{
	image->kind = IMAGE_ARM64;
	image->found = found;
	image->is_assumed = true;
	image->footprint = size;
	image->bytes.size = size;
	image->segments[0] = (struct image_segment){ .size = size, .memory = size };
	image->segment_count = 1;
}

/* Does `path` lie in the directory of this variable, "NAME=directory"? */
static bool lies_below(const char *path, const char *variable)
{
	const char *directory = strchr(variable, '=') + 1;
	size_t length = strlen(directory);

	return strncmp(path, directory, length) == 0 && path[length] == '/';
}

/* variables[0] is O, where programs are built. EXT's files are the user's; all others are fetched. */
static void assume_absent(const struct model *model, struct part *part)
{
	if (lies_below(part->image_path, model->variables[0]))
		assume_image(&part->image, MIB, "not built yet: 1 MiB assumed");
	for (const char *const *v = model->variables + 1; *v; v++)
		if (strncmp(*v, "EXT=", 4) != 0 && lies_below(part->image_path, *v))
			assume_image(&part->image, 48 * MIB, "not fetched yet: 48 MiB assumed");
}

void model_open_images(struct model *model)
{
	for (uint32_t i = 0; i < model->part_count; i++) {
		struct part *part = &model->parts[i];

		image_open(&part->image, part->image_path, part->kind == KIND_LINUX);
		if (part->image.kind == IMAGE_ABSENT && model->is_report_only)
			assume_absent(model, part);
		if (*part->initrd_path)
			image_open(&part->initrd, part->initrd_path, false);
		if (*part->overlay_path)
			(void)file_read(part->overlay_path, &part->overlay);
	}
}

bool device_is_part(const struct part *part, const struct board_device *device)
{
	for (uint32_t i = 0; i < part->device_count; i++)
		if (part->devices[i] == device)
			return true;
	return false;
}

const struct part *device_owner(const struct model *model, const struct board_device *device)
{
	for (uint32_t i = 0; i < model->part_count; i++)
		if (device_is_part(&model->parts[i], device))
			return &model->parts[i];
	return NULL;
}

bool cpu_runs(const struct cpu *cpu, uint32_t part)
{
	for (uint32_t i = 0; i < cpu->runs_count; i++)
		if (cpu->runs[i] == part)
			return true;
	return false;
}

struct range part_shown(const struct part *part)
{
	return part->has_pool ? part->pool : (struct range){ GUEST_RAM, part->memory };
}

uint64_t part_shown_pa(const struct part *part)
{
	return part->ram.base + (part_shown(part).base - GUEST_RAM);
}

const char *component_name(enum component component)
{
	static const char *const names[] = { "dtb", "image", "initrd" };

	return names[component];
}

uint64_t component_size(const struct part *part, enum component component)
{
	return component == COMPONENT_DTB    ? part->dtb.size :
	       component == COMPONENT_INITRD ? part->initrd.bytes.size :
					       part->image.bytes.size;
}
