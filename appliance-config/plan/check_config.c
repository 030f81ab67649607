/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of what was typed: assignments that Kconfig would drop in silence,
 * names, the console, capabilities.
 */
#include "check_list.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

/* The next problem of this kind after *at, or NULL. */
static const struct config_problem *next_problem(const struct model *model, const char *kind, size_t *at)
{
	while (*at < model->config->problem_count) {
		const struct config_problem *p = &model->config->problems[(*at)++];

		if (strcmp(p->kind, kind) == 0)
			return p;
	}
	return NULL;
}

#define FOR_PROBLEMS(p, model, kind) \
	for (size_t at_ = 0, once_ = 1; once_; once_ = 0) \
		for (const struct config_problem *p; (p = next_problem(model, kind, &at_)) != NULL;)

/* "; dropped: CONFIG_X=1, ..." for all symbols that are not known. */
static const char *dropped_text(const struct model *model)
{
	struct text out = { 0 };

	text_add(&out, "%s", "");
	FOR_PROBLEMS(p, model, "unknown")
		text_add(&out, "%s CONFIG_%s=%s", out.length ? "," : "; it would drop", p->name, p->typed);
	return out.data;
}

static bool has_problem(const struct model *model, const char *kind)
{
	size_t at = 0;

	return next_problem(model, kind, &at) != NULL;
}

void check_config_board(const struct model *model, struct findings *f)
{
	FOR_PROBLEMS(p, model, "board")
		find(f, "CONFIG_BOARD=\"%s\": this .config was made for board \"%s\", but it would be read for board \"%s\"%s; choose the board again in "
			"make menuconfig, or give its directory with EXT=", p->typed, p->typed, p->detail, dropped_text(model));
}

void check_config_version(const struct model *model, struct findings *f)
{
	FOR_PROBLEMS(p, model, "version")
		find(f, "CONFIG_LAYOUT_VERSION=%s: this .config was made by another version of Bulkhead (this one is %s)%s; run make olddefconfig, "
			"which says what it drops", p->typed, p->detail, dropped_text(model));
}

/* A file of another board or version has told of its unknown symbols already. */
void check_kconfig_unknown(const struct model *model, struct findings *f)
{
	if (has_problem(model, "board") || has_problem(model, "version"))
		return;
	FOR_PROBLEMS(p, model, "unknown")
		find(f, "CONFIG_%s=%s: there is no such symbol on board \"%s\"%s; remove the line%s", p->name, p->typed, model->board->name,
		     *p->detail ? mem_format(": did you mean CONFIG_%s?", p->detail) : "", *p->detail ? " or correct it" : "");
}

void check_kconfig_line(const struct model *model, struct findings *f)
{
	FOR_PROBLEMS(p, model, "line")
		find(f, "line %s of .config, \"%s\", is no assignment; write CONFIG_NAME=value without blanks around the name, or begin it with #", p->name,
		     p->typed);
}

void check_kconfig_range(const struct model *model, struct findings *f)
{
	FOR_PROBLEMS(p, model, "range")
		find(f, "CONFIG_%s=%s: out of range; it must be in %s", p->name, p->typed, p->detail);
}

void check_kconfig_value(const struct model *model, struct findings *f)
{
	FOR_PROBLEMS(p, model, "value")
		find(f, "CONFIG_%s=%s: not a value of this symbol; write %s", p->name, p->typed, p->detail);
}

/* Without any partition all of their symbols are blocked: check_partition_none() says it once. */
void check_kconfig_blocked(const struct model *model, struct findings *f)
{
	if (model->part_count == 0)
		return;
	FOR_PROBLEMS(p, model, "blocked")
		find(f, "CONFIG_%s=%s: has no effect, because it needs %s; set that too, or remove the line", p->name, p->typed, p->detail);
}

void check_kconfig_again(const struct model *model, struct findings *f)
{
	FOR_PROBLEMS(p, model, "again")
		find(f, "CONFIG_%s is set twice, to %s and to %s; keep one line", p->name, p->typed, p->detail);
}

/* What a choice's symbol begins with: CPU0_, DEV_. Slots of shared CPUs are choices like others. */
static bool is_cpu_choice(const char *name)
{
	return strncmp(name, "CPU", 3) == 0 && !strstr(name, "_SLOT");
}

static bool is_device_choice(const char *name)
{
	return strncmp(name, "DEV_", 4) == 0;
}

/* Name of the partition that a choice's symbol stands for, or the symbol's own end. */
static const char *chosen_name(const struct model *model, const char *symbol)
{
	const char *at = strstr(symbol, "_PART");
	uint32_t n = 0;

	for (at = at ? at + 5 : ""; isdigit((unsigned char)*at); at++)
		n = n * 10 + (uint32_t)(*at - '0');
	return n >= 1 && n <= model->part_count ? model->parts[n - 1].name : symbol;
}

void check_choice_twice(const struct model *model, struct findings *f)
{
	FOR_PROBLEMS(p, model, "twice")
		if (!is_cpu_choice(p->name) && !is_device_choice(p->name))
			find(f, "CONFIG_%s and CONFIG_%s are both set, but they exclude each other; keep one", p->name, p->detail);
}

void check_cpu_twice(const struct model *model, struct findings *f)
{
	FOR_PROBLEMS(p, model, "twice")
		if (is_cpu_choice(p->name))
			find(f, "CONFIG_%s and CONFIG_%s: CPU %d is given to \"%s\" and to \"%s\"; keep one, or share it in time slots with CONFIG_CPU%d_SHARED=y",
			     p->name, p->detail, p->name[3] - '0', chosen_name(model, p->name), chosen_name(model, p->detail), p->name[3] - '0');
}

void check_device_twice(const struct model *model, struct findings *f)
{
	FOR_PROBLEMS(p, model, "twice")
		if (is_device_choice(p->name))
			find(f, "CONFIG_%s and CONFIG_%s: the device is given to \"%s\" and to \"%s\"; keep one", p->name, p->detail,
			     chosen_name(model, p->name), chosen_name(model, p->detail));
}

void check_partition_none(const struct model *model, struct findings *f)
{
	if (model->part_count == 0)
		find(f, "CONFIG_PARTITION_COUNT=0: an appliance without a partition does nothing; set it to 1 or more");
}

static bool is_name(const char *name)
{
	size_t length = strlen(name);

	return length >= 1 && length <= NAME_MAX_BYTES && islower((unsigned char)name[0]) &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

void check_name_bad(const struct model *model, struct findings *f)
{
	for (uint32_t i = 0; i < model->part_count; i++)
		if (!is_name(model->parts[i].name))
			find(f, "CONFIG_PART%u_NAME=\"%s\": a name begins with a small letter and has small letters, digits and '-', at most %d; change it", i + 1,
			     model->parts[i].name, NAME_MAX_BYTES);
}

void check_name_twice(const struct model *model, struct findings *f)
{
	for (uint32_t i = 0; i < model->part_count; i++)
		for (uint32_t k = i + 1; k < model->part_count; k++)
			if (strcmp(model->parts[i].name, model->parts[k].name) == 0)
				find(f, "CONFIG_PART%u_NAME and CONFIG_PART%u_NAME are both \"%s\"; give one of them another name", i + 1, k + 1,
				     model->parts[i].name);
}

void check_name_reserved(const struct model *model, struct findings *f)
{
	static const char *const reserved[] = { "hyp", "hypervisor", "store", "firmware", "uboot", "plan", "all", "self", "serial", "command" };

	for (uint32_t i = 0; i < model->part_count; i++)
		for (size_t k = 0; k < COUNT_OF(reserved); k++)
			if (strcmp(model->parts[i].name, reserved[k]) == 0)
				find(f, "CONFIG_PART%u_NAME=\"%s\": the image and the logs use this name for a part of Bulkhead itself; take another one", i + 1,
				     reserved[k]);
}

void check_appliance_name(const struct model *model, struct findings *f)
{
	if (!is_name(model->appliance))
		find(f, "CONFIG_APPLIANCE=\"%s\": a name begins with a small letter and has small letters, digits and '-', at most %d; change it",
		     model->appliance, NAME_MAX_BYTES);
}

void check_version_word(const struct model *model, struct findings *f)
{
	const char *v = model->version;
	size_t good = strspn(v, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+~_-");

	if (*v == 0 || v[good] != 0 || good > 31)
		find(f, "CONFIG_VERSION=\"%s\": the manifest takes one word of letters, digits and .+~_-, at most 31; change it", v);
}

void check_console_key(const struct model *model, struct findings *f)
{
	uint8_t key = model->prefix_key;

	if (key == 0 || key >= 0x1b)
		find(f, "CONFIG_CONSOLE_KEY=\"%s\": not a key; write ^ and a letter, as ^T", model->prefix_key_text);
	else if (key == 1 || key == 3 || key == '\b' || key == '\t' || key == '\n' || key == '\r')
		find(f, "CONFIG_CONSOLE_KEY=\"%s\": guests need this key themselves (^A, ^C, backspace, tab, return); take another one, as ^T",
		     model->prefix_key_text);
}

void check_console_size(const struct model *model, struct findings *f)
{
	for (uint32_t i = 0; i < model->part_count; i++) {
		uint32_t size = model->parts[i].console_bytes;

		if (model->parts[i].has_console && (size & (size - 1)) != 0)
			find(f, "CONFIG_PART%u_CONSOLE_KIB=%u: the console ring of \"%s\" is not a power of two; take 1, 2, 4, 8, 16 ... 1024", i + 1,
			     size / 1024, model->parts[i].name);
	}
}

void check_command_line_long(const struct model *model, struct findings *f)
{
	for (uint32_t i = 0; i < model->part_count; i++)
		if (strlen(model->parts[i].cmdline) > COMMAND_LINE_MAX)
			find(f, "CONFIG_PART%u_CMDLINE: the command line of \"%s\" has %zu bytes, and a kernel takes %d; shorten it by %zu", i + 1,
			     model->parts[i].name, strlen(model->parts[i].cmdline), COMMAND_LINE_MAX, strlen(model->parts[i].cmdline) - COMMAND_LINE_MAX);
}

#define FOR_CAPABILITIES(holder, each, model)                                                                        \
	for (const struct part *holder = (model)->parts; holder < (model)->parts + (model)->part_count; holder++) \
		for (const struct capability *each = holder->capabilities; each < holder->capabilities + holder->capability_count; each++)

static const char *all_names(const struct model *model)
{
	struct text out = { 0 };

	text_add(&out, "%s", "");
	for (uint32_t i = 0; i < model->part_count; i++)
		text_add(&out, "%s\"%s\"", i ? ", " : "", model->parts[i].name);
	return out.data;
}

void check_capability_partition(const struct model *model, struct findings *f)
{
	FOR_CAPABILITIES(part, c, model)
		if (c->unknown_partition)
			find(f, "CONFIG_PART%u_CAPABILITIES: \"%s\" of \"%s\" names no partition; there are %s", part->number, c->word, part->name,
			     all_names(model));
}

void check_capability_right(const struct model *model, struct findings *f)
{
	FOR_CAPABILITIES(part, c, model)
		if (c->unknown_right)
			find(f, "CONFIG_PART%u_CAPABILITIES: \"%s\" of \"%s\" has %s%s; write name:right+right with state, start, stop, restart", part->number,
			     c->word, part->name, *c->unknown_right ? "no right that is known: " : "no right", c->unknown_right);
}

void check_capability_self(const struct model *model, struct findings *f)
{
	FOR_CAPABILITIES(part, c, model)
		if (!c->unknown_partition && c->partition == part->index)
			find(f, "CONFIG_PART%u_CAPABILITIES: \"%s\" names \"%s\" itself, which may stop and restart itself anyway; remove it", part->number, c->word,
			     part->name);
}

void check_capability_twice(const struct model *model, struct findings *f)
{
	FOR_CAPABILITIES(part, c, model)
		for (const struct capability *d = part->capabilities; d < c; d++)
			if (!c->unknown_partition && !d->unknown_partition && c->partition == d->partition)
				find(f, "CONFIG_PART%u_CAPABILITIES: \"%s\" and \"%s\" of \"%s\" name the same partition; join them with +", part->number, d->word,
				     c->word, part->name);
}
