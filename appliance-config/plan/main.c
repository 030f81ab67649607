/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The planner: board and configuration in, tables and reports out. Every
 * output is made in memory and written when all checks have passed: after an
 * error nothing is written. It must not know how make calls it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "emit.h"
#include "guest_dt.h"
#include "link.h"
#include "picture.h"
#include "report.h"
#include "sha256.h"

enum { VARIABLE_MAX = 16 };

struct options {
	const char *command, *board, *board_dtb, *config, *out, *ext, *programs, *disabled, *elf;
	const char *variables[VARIABLE_MAX + 1];
	uint32_t variable_count;
	bool is_development;
};

static int usage(void)
{
	fputs("usage: planner COMMAND --board NAME=DTB [--config FILE] [--out DIR] [--ext DIR] [-DNAME=VALUE]...\n"
	      "  menu        write the board's Kconfig menus to DIR/NAME.cpus and DIR/NAME.devices\n"
	      "  images      write DIR/images.mk: the files that the plan needs\n"
	      "  report      write DIR/report.txt and DIR/map.svg; files of ours may be missing still\n"
	      "  plan        write everything; --development: signed with development keys\n"
	      "  check-link  compare --elf FILE with the hypervisor's region\n"
	      "  checks      list the identifiers of all checks\n"
	      "  --programs NAMES    those that make can build, separated by blanks\n"
	      "  --disable-check=ID  leave one out: for tests of the tests\n",
	      stderr);
	return 2;
}

static bool take_value(const char *argument, const char *name, char **argv, int *i, const char **out)
{
	size_t length = strlen(name);

	if (strncmp(argument, name, length) != 0)
		return false;
	if (argument[length] == '=')
		*out = argument + length + 1;
	else if (argument[length] == 0 && argv[*i + 1])
		*out = argv[++*i];
	else
		return false;
	return true;
}

static bool parse_options(struct options *o, char **argv)
{
	for (int i = 2; argv[i]; i++) {
		const char *a = argv[i];

		if (strncmp(a, "-D", 2) == 0 && o->variable_count < VARIABLE_MAX)
			o->variables[o->variable_count++] = a + 2;
		else if (strcmp(a, "--development") == 0)
			o->is_development = true;
		else if (!take_value(a, "--board", argv, &i, &o->board) && !take_value(a, "--config", argv, &i, &o->config) &&
			 !take_value(a, "--out", argv, &i, &o->out) && !take_value(a, "--ext", argv, &i, &o->ext) &&
			 !take_value(a, "--disable-check", argv, &i, &o->disabled) && !take_value(a, "--elf", argv, &i, &o->elf) &&
			 !take_value(a, "--programs", argv, &i, &o->programs))
			return false;
	}
	if (o->board && strchr(o->board, '=')) {
		o->board_dtb = strchr(o->board, '=') + 1;
		o->board = mem_format("%.*s", (int)(o->board_dtb - o->board - 1), o->board);
	}
	return o->board_dtb != NULL;
}

static bool complain(const char *path, const char *problem)
{
	fprintf(stderr, "planner: %s: %s\n", path, problem);
	return false;
}

static bool read_inputs(const struct options *o, struct board *board, struct config *config)
{
	struct bytes file;
	const char *problem;

	if (!file_read(o->board_dtb, &file))
		return complain(o->board_dtb, "cannot be read");
	problem = board_parse(board, o->board, file);
	if (problem)
		return complain(o->board_dtb, problem);
	if (!o->config)
		return true;
	if (!file_read(o->config, &file))
		return complain(o->config, "cannot be read");
	problem = config_parse(config, file);
	return problem ? complain(o->config, problem) : true;
}

static void write_text(const struct options *o, const char *name, const struct text *text)
{
	file_write(mem_format("%s/%s", o->out, name), text->data, text->length);
}

static void write_menu(const struct options *o, const struct board *board)
{
	struct text cpus = { 0 }, devices = { 0 };

	emit_menu_cpus(board, &cpus);
	emit_menu_devices(board, &devices);
	write_text(o, mem_format("%s.cpus", board->name), &cpus);
	write_text(o, mem_format("%s.devices", board->name), &devices);
}

/* Phase after phase; false once checks have found errors. */
static bool make_model(const struct options *o, struct model *model, struct findings *findings)
{
	model_read(model);
	if (!check_phase(model, PHASE_CONFIG, o->disabled, findings))
		return false;
	model_open_images(model);
	layout_guests(model);
	if (!check_phase(model, PHASE_IMAGES, o->disabled, findings))
		return false;
	for (uint32_t i = 0; i < model->part_count; i++)
		guest_dt_build(model, &model->parts[i]);
	layout_memory(model);
	for (uint32_t i = 0; i < model->part_count; i++) /* DMA without an IOMMU tells physical addresses, which are known now */
		if (part_has_dma(model, &model->parts[i]))
			guest_dt_build(model, &model->parts[i]);
	layout_tables(model);
	return check_phase(model, PHASE_LAYOUT, o->disabled, findings);
}

/*
 * The identifier covers the tables and the guests' device trees, with the identifier itself as zeros. Files' names are no
 * part of it, so that it is the same wherever the tree stands; their content is under the manifest's hashes.
 */
static void make_id(struct model *model)
{
	struct text all = { 0 };

	emit_plan_c(model, &all);
	for (uint32_t i = 0; i < model->part_count; i++)
		text_add_bytes(&all, model->parts[i].dtb.at, model->parts[i].dtb.size);
	sha256(all.data, all.length, model->id);
}

static void write_guests(const struct options *o, const struct model *model)
{
	for (uint32_t i = 0; i < model->part_count; i++) {
		const struct part *part = &model->parts[i];

		file_write(mem_format("%s/%s.dtb", o->out, part->name), part->dtb.at, part->dtb.size);
		if (part->image.is_unpacked)
			file_write(mem_format("%s/%s.Image", o->out, part->name), part->image.bytes.at, part->image.bytes.size);
	}
}

static void write_report(const struct options *o, const struct model *model)
{
	struct text report = { 0 }, map = { 0 };

	emit_report(model, &report);
	emit_map(model, &map);
	write_text(o, "report.txt", &report);
	write_text(o, "map.svg", &map);
	if (model->is_report_only)
		fputs(report.data, stdout);
}

static void write_plan(const struct options *o, struct model *model)
{
	struct text c = { 0 }, mk = { 0 }, manifest = { 0 }, qemu = { 0 }, map = { 0 };

	emit_plan_c(model, &c);
	emit_plan_mk(model, &mk);
	emit_manifest(model, &manifest, o->out);
	emit_qemu(model, &qemu);
	emit_map_text(model, &map);
	write_report(o, model);
	write_guests(o, model);
	write_text(o, "plan.c", &c);
	write_text(o, "plan.mk", &mk);
	write_text(o, "manifest.in", &manifest);
	write_text(o, "qemu.args", &qemu);
	write_text(o, "map.txt", &map);
}

static int write_images(const struct options *o, struct model *model)
{
	struct text images = { 0 };

	model_read(model);
	emit_images_mk(model, &images);
	write_text(o, "images.mk", &images);
	return 0;
}

static int check_link(const struct options *o, const struct model *model)
{
	struct bytes elf;
	struct range span;
	int status = 0;

	if (!o->elf || !file_read(o->elf, &elf))
		return complain(o->elf ? o->elf : "--elf", "cannot be read") + 2;
	if (!link_span(elf, &span))
		return complain(o->elf, "is no linked ELF file") + 2;
	for (size_t i = 0; i < link_check_count; i++) {
		bool is_left_out = o->disabled && strcmp(o->disabled, link_checks[i].id) == 0;
		const char *problem = is_left_out ? NULL : link_checks[i].run(model, span);

		if (problem)
			fprintf(stderr, "error[%s]: %s\n", link_checks[i].id, problem);
		status = problem ? 1 : status;
	}
	return status;
}

static int run_model(const struct options *o, struct model *model)
{
	struct findings findings = { 0 };

	if (strcmp(o->command, "images") == 0)
		return write_images(o, model);
	model->is_report_only = strcmp(o->command, "report") == 0;
	if (!make_model(o, model, &findings)) {
		fputs(findings.messages.data, stderr);
		fprintf(stderr, "%u error%s; nothing was written.\n", findings.error_count, findings.error_count == 1 ? "" : "s");
		return 1;
	}
	if (strcmp(o->command, "check-link") == 0)
		return check_link(o, model);
	make_id(model);
	if (model->is_report_only)
		write_report(o, model);
	else
		write_plan(o, model);
	return 0;
}

static int list_checks(void)
{
	for (size_t i = 0; i < check_count; i++)
		puts(checks[i].id);
	for (size_t i = 0; i < link_check_count; i++)
		puts(link_checks[i].id);
	return 0;
}

static int run(char **argv)
{
	static const char *const commands[] = { "menu", "images", "report", "plan", "check-link" };
	struct options o = { .command = argv[1], .out = ".", .ext = "" };
	struct board *board = mem_get(sizeof(*board));
	struct config config = { 0 };
	struct model *model = mem_get(sizeof(*model));
	bool known = false;

	if (o.command && strcmp(o.command, "checks") == 0)
		return list_checks();
	for (size_t i = 0; o.command && i < COUNT_OF(commands); i++)
		known = known || strcmp(commands[i], o.command) == 0;
	if (!known || !parse_options(&o, argv))
		return usage();
	if (!read_inputs(&o, board, &config))
		return 2;
	if (strcmp(o.command, "menu") == 0) {
		write_menu(&o, board);
		return 0;
	}
	if (!o.config)
		return usage();
	*model = (struct model){ .config = &config, .board = board, .variables = o.variables, .ext = o.ext, .programs = o.programs,
		.is_development = o.is_development };
	return run_model(&o, model);
}

int main(int argc, char **argv)
{
	int status = argc < 1 ? usage() : run(argv);

	mem_free_all();
	return status;
}
