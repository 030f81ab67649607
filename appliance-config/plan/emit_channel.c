/* SPDX-License-Identifier: Apache-2.0 */
/* What the outputs say of channels: whom a signal goes to in plan.c, what two partitions share in map.txt, and the report. */
#include "channel.h"

#include <inttypes.h>

#include "emit.h"
#include "report.h"

#define X64 "0x%" PRIx64

void emit_channel_table(struct text *out, const struct model *model, const struct part *part)
{
	const struct channel *channel;
	uint32_t which;

	if (channel_ends(model, part) == 0)
		return;
	text_add(out, "static const struct plan_channel p%u_channels[] = {\n", part->index);
	for (uint32_t at = 0; (channel = channel_next(model, part, &at, &which)) != NULL;)
		text_add(out, "\t{ .peer = %d, .end = %u, .irq = %u }, /* %s */\n", channel->end[!which].part, channel->end[!which].place, channel->end[which].intid,
			 channel->name);
	text_add(out, "};\n");
}

void emit_channel_fields(struct text *out, const struct model *model, const struct part *part)
{
	if (channel_ends(model, part))
		text_add(out, "\t\t.channels = p%u_channels,\n\t\t.channel_count = %u,\n", part->index, channel_ends(model, part));
}

/* What two partitions may both reach: who writes it, who reads it. */
void emit_channel_map(const struct model *model, struct text *out)
{
	for (uint32_t i = 0; i < model->channel_count; i++)
		for (uint32_t e = 0; e < 2; e++) {
			const struct channel_end *writer = &model->channels[i].end[e], *reader = &model->channels[i].end[!e];

			text_add(out, "channel %d %d " X64 " " X64 " " X64 " %u %s\n", writer->part, reader->part, writer->ours, reader->theirs,
				 model->channels[i].bytes, reader->intid, model->channels[i].name);
		}
}

static const char *name_of(const struct model *model, const struct channel_end *end)
{
	return end->part < 0 ? "nobody" : model->parts[end->part].name;
}

void report_channels(const struct model *model, struct text *out)
{
	if (model->channel_count)
		text_add(out, "\nChannels\n");
	for (uint32_t i = 0; i < model->channel_count; i++) {
		const struct channel *c = &model->channels[i];

		text_add(out, "  %-15s \"%s\" (INTID %u) and \"%s\" (INTID %u), %s each way, memory at 0x%" PRIx64 "\n", c->name, name_of(model, &c->end[0]),
			 c->end[0].intid, name_of(model, &c->end[1]), c->end[1].intid, size_text(c->bytes), c->memory.base);
	}
}

void report_channel_trust(const struct model *model, struct text *out)
{
	for (uint32_t i = 0; i < model->channel_count; i++)
		text_add(out, "  \"%s\" and \"%s\" read what the other one writes into channel \"%s\"\n", name_of(model, &model->channels[i].end[0]),
			 name_of(model, &model->channels[i].end[1]), model->channels[i].name);
}
