/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of shared-memory channels: names, ends, sizes, interrupts, memory. */
#include "check_list.h"
#include "check_names.h"

#include <inttypes.h>

#define FOR_CHANNELS(each, model) for (const struct channel *each = (model)->channels; each < (model)->channels + (model)->channel_count; each++)

void check_channel_name_bad(const struct model *model, struct findings *f)
{
	names_bad(NAMES_OF("CHANNEL", model->channels, model->channel_count, struct channel), f);
}

void check_channel_name_twice(const struct model *model, struct findings *f)
{
	names_twice(NAMES_OF("CHANNEL", model->channels, model->channel_count, struct channel), f);
}

void check_channel_nobody(const struct model *model, struct findings *f)
{
	FOR_CHANNELS(c, model)
		for (uint32_t e = 0; e < 2; e++)
			if (c->end[e].part < 0)
				find(f, "CONFIG_CHANNEL%u_%c_NONE=y: nobody is at one end of channel \"%s\"; set CONFIG_CHANNEL%u_%c_PARTn=y, or lower CONFIG_CHANNELS", c->number,
				     "AB"[e], c->name, c->number, "AB"[e]);
}

void check_channel_self(const struct model *model, struct findings *f)
{
	FOR_CHANNELS(c, model)
		if (c->end[0].part >= 0 && c->end[0].part == c->end[1].part)
			find(f, "CONFIG_CHANNEL%u_A_PART%d=y and CONFIG_CHANNEL%u_B_PART%d=y: both ends of channel \"%s\" are in \"%s\"; give one to another partition",
			     c->number, c->end[0].part + 1, c->number, c->end[1].part + 1, c->name, model->parts[c->end[0].part].name);
}

void check_channel_size(const struct model *model, struct findings *f)
{
	FOR_CHANNELS(c, model)
		if (c->bytes % PAGE_BYTES)
			find(f, "CONFIG_CHANNEL%u_KIB=%" PRIu64 ": memory of channel \"%s\" is shared in pages of 4 KiB; set it to a multiple of 4", c->number, c->bytes / KIB,
			     c->name);
}

void check_channel_memory(const struct model *model, struct findings *f)
{
	for (const struct part *part = model->parts; part < model->parts + model->part_count; part++)
		if (channel_ends(model, part) && GUEST_RAM + part->memory > BACK_SHARED)
			find(f, "CONFIG_PART%u_MEMORY_MIB=%" PRIu64 ": RAM of \"%s\" reaches 0x%lx, where its channels are; give it %lu at most", part->number,
			     part->memory / MIB, part->name, BACK_SHARED, (BACK_SHARED - GUEST_RAM) / MIB);
}

void check_channel_irq(const struct model *model, struct findings *f)
{
	FOR_CHANNELS(c, model)
		for (uint32_t e = 0; e < 2; e++)
			if (c->end[e].part >= 0 && c->end[0].part != c->end[1].part && c->end[!e].part >= 0 && c->end[e].intid == 0)
				find(f, "CONFIG_CHANNEL%u_%c_PART%d=y: no interrupt from %d to %d is left in \"%s\" for channel \"%s\"; give it fewer devices", c->number, "AB"[e],
				     c->end[e].part + 1, GUEST_CHANNEL_INTID, INTID_SPI_END - 1, model->parts[c->end[e].part].name, c->name);
}

void check_channel_room(const struct model *model, struct findings *f)
{
	if (model->channel_count && model->channel_memory.size == 0)
		find(f, "CONFIG_CHANNELn_KIB: no room for the memory of %u channels in RAM of board \"%s\"; make them or a partition smaller", model->channel_count,
		     model->board->name);
}
