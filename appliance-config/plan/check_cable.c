/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of serial cables: names, ends, who carries the bytes; and of how many devices one partition serves. */
#include "check_list.h"
#include "check_names.h"

#define FOR_CABLES(each, model) for (const struct cable *each = (model)->cables; each < (model)->cables + (model)->cable_count; each++)

void check_cable_name_bad(const struct model *model, struct findings *f)
{
	names_bad(NAMES_OF("CABLE", model->cables, model->cable_count, struct cable), f);
}

void check_cable_name_twice(const struct model *model, struct findings *f)
{
	names_twice(NAMES_OF("CABLE", model->cables, model->cable_count, struct cable), f);
}

void check_cable_nobody(const struct model *model, struct findings *f)
{
	FOR_CABLES(c, model)
		for (uint32_t end = 0; end < 2; end++)
			if (c->part[end] < 0)
				find(f, "CONFIG_CABLE%u_%c_NONE=y: nobody is at one end of cable \"%s\"; set CONFIG_CABLE%u_%c_PARTn=y, or lower CONFIG_CABLES", c->number,
				     "AB"[end], c->name, c->number, "AB"[end]);
}

void check_cable_self(const struct model *model, struct findings *f)
{
	FOR_CABLES(c, model)
		if (c->part[0] >= 0 && c->part[0] == c->part[1])
			find(f, "CONFIG_CABLE%u_A_PART%d=y and CONFIG_CABLE%u_B_PART%d=y: both ends of cable \"%s\" are in \"%s\"; give one to another partition",
			     c->number, c->part[0] + 1, c->number, c->part[1] + 1, c->name, model->parts[c->part[0]].name);
}

void check_cable_io(const struct model *model, struct findings *f)
{
	const char *names = io_partitions(model);

	FOR_CABLES(c, model) {
		if (c->back >= 0)
			continue;
		if (*names)
			find(f, "CONFIG_CABLE%u_IO_AUTO=y: cable \"%s\" may be served by %s; choose one with CONFIG_CABLE%u_IO_PARTn=y", c->number, c->name, names, c->number);
		else
			find(f, "CONFIG_CABLE%u_IO_AUTO=y: no partition serves cable \"%s\"; make one with CONFIG_PARTn_UNIKERNEL=y and CONFIG_PARTn_PROGRAM=\"io\"", c->number,
			     c->name);
	}
}

void check_io_lines(const struct model *model, struct findings *f)
{
	for (const struct part *part = model->parts; part < model->parts + model->part_count; part++)
		if (back_count(model, part) > BACK_LINES_MAX)
			find(f, "CONFIG_PART%u_IO=y: \"%s\" serves %u devices, and %d is the most; lower CONFIG_NET_PORTS, CONFIG_DISKS or CONFIG_CABLES, or divide them among "
				"two I/O partitions", part->number, part->name, back_count(model, part), BACK_LINES_MAX);
}
