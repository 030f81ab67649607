/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of board.dts itself: what a porter can get wrong. */
#include "check_list.h"

#include "function.h"

#include <inttypes.h>
#include <string.h>

/* Stage 1 and stage 2 have 39 bits. */
#define REACH (512 * GIB)

void check_board_cpu_twice(const struct model *model, struct findings *f)
{
	const struct board *board = model->board;

	for (uint32_t i = 0; i < board->cpu_count; i++)
		for (uint32_t k = i + 1; k < board->cpu_count; k++)
			if (board->cpus[i].mpidr == board->cpus[k].mpidr)
				find(f, "board.dts of \"%s\" (CONFIG_BOARD): CPUs %u and %u have the same reg 0x%" PRIx64 "; give each its own MPIDR", board->name, i, k,
				     board->cpus[i].mpidr);
}

void check_board_cpus(const struct model *model, struct findings *f)
{
	if (model->board->cpus_found == 0 || model->board->cpus_found > BOARD_CPU_MAX)
		find(f, "board.dts of \"%s\" (CONFIG_BOARD) has %u CPUs with device_type and reg; a plan takes 1 to %d: describe as many", model->board->name,
		     model->board->cpus_found, BOARD_CPU_MAX);
}

static bool in_ram(const struct board *board, struct range range)
{
	for (uint32_t i = 0; i < board->ram_count; i++)
		if (range_contains(board->ram[i], range))
			return true;
	return false;
}

void check_board_memory(const struct model *model, struct findings *f)
{
	const struct board *board = model->board;

	if (board->ram_count == 0)
		find(f, "board.dts of \"%s\" (CONFIG_BOARD) has no memory node (device_type = \"memory\"); add one", board->name);
	for (uint32_t i = 0; i < board->ram_count; i++)
		if (range_end(board->ram[i]) > REACH)
			find(f, "board.dts of \"%s\" (CONFIG_BOARD): memory %s ends above 512 GiB, which the hypervisor's tables do not reach; shorten its reg",
			     board->name, range_text(board->ram[i]));
	for (uint32_t i = 0; i < board->ram_count; i++)
		for (uint32_t k = i + 1; k < board->ram_count; k++)
			if (range_overlaps(board->ram[i], board->ram[k]))
				find(f, "board.dts of \"%s\" (CONFIG_BOARD): memory %s overlaps memory %s; correct their reg", board->name, range_text(board->ram[i]),
				     range_text(board->ram[k]));
}

void check_board_firmware(const struct model *model, struct findings *f)
{
	const struct board *board = model->board;
	bool found = false;

	for (uint32_t i = 0; i < board->reserved_count; i++) {
		bool is_firmware = strcmp(board->reserved[i].name, "firmware") == 0;

		found = found || is_firmware;
		if (is_firmware && !in_ram(board, board->reserved[i].range))
			find(f, "board.dts of \"%s\" (CONFIG_BOARD): reserved-memory \"firmware\" %s is not in RAM; the boot stage keeps components there", board->name,
			     range_text(board->reserved[i].range));
	}
	if (!found)
		find(f, "board.dts of \"%s\" (CONFIG_BOARD) reserves no memory named \"firmware\"; the boot stage keeps components there before it places them",
		     board->name);
}

/* One word that the manifest has room for: printable, and no comment. */
static bool is_manifest_word(const char *text, size_t room)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i++)
		if (text[i] <= ' ' || text[i] > '~' || text[i] == '#')
			return false;
	return length != 0 && length < room;
}

void check_board_compatible(const struct model *model, struct findings *f)
{
	if (!is_manifest_word(model->board->compatible, 64))
		find(f, "board.dts of \"%s\" (CONFIG_BOARD): the root node's first compatible string is \"%s\"; the boot stage compares the machine with it: "
			"give it one of 1 to 63 printable characters", model->board->name, model->board->compatible);
}

void check_board_uart(const struct model *model, struct findings *f)
{
	if (!model->board->has_uart)
		find(f, "board.dts of \"%s\" (CONFIG_BOARD): /chosen/stdout-path names no PL011 with reg and interrupts; the console needs one", model->board->name);
}

static void check_pair(const struct model *model, struct findings *f, const char *a, struct range ra, const char *b, struct range rb)
{
	if (ra.size && rb.size && range_overlaps(ra, rb))
		find(f, "board.dts of \"%s\" (CONFIG_BOARD): registers of \"%s\" %s overlap \"%s\" %s; correct their reg", model->board->name, a, range_text(ra), b,
		     range_text(rb));
}

static void check_against(const struct model *model, struct findings *f, const char *name, struct range reg)
{
	const struct board *board = model->board;

	for (uint32_t i = 0; i < board->ram_count; i++)
		check_pair(model, f, name, reg, "RAM", board->ram[i]);
	check_pair(model, f, name, reg, "GIC distributor", model->gic->gicd);
	check_pair(model, f, name, reg, model->gic_version == 2 ? "GIC CPU interface" : "GIC redistributors", model->gic->second);
	check_pair(model, f, name, reg, "GICH", model->gic->gich);
	check_pair(model, f, name, reg, "GICV", model->gic->gicv);
}

void check_board_overlap(const struct model *model, struct findings *f)
{
	const struct board *board = model->board;

	check_against(model, f, "console UART", board->uart);
	for (uint32_t i = 0; i < board->device_count; i++) {
		const struct board_device *d = &board->devices[i];

		for (uint32_t r = 0; r < d->reg_count; r++) {
			check_against(model, f, d->label, d->reg[r]);
			check_pair(model, f, d->label, d->reg[r], "console UART", board->uart);
			for (uint32_t k = i + 1; k < board->device_count; k++)
				for (uint32_t s = 0; s < board->devices[k].reg_count && !are_bus_and_function(d, &board->devices[k]); s++)
					check_pair(model, f, d->label, d->reg[r], board->devices[k].label, board->devices[k].reg[s]);
		}
	}
}
