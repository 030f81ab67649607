/* SPDX-License-Identifier: Apache-2.0 */
/* Shared-memory channels from the configuration, and the interrupts and addresses of their ends. Nothing is refused here. */
#include "model.h"

static bool is_whole(const struct channel *channel)
{
	return channel->end[0].part >= 0 && channel->end[1].part >= 0 && channel->end[0].part != channel->end[1].part;
}

const struct channel *channel_next(const struct model *model, const struct part *part, uint32_t *at, uint32_t *which)
{
	while (*at < model->channel_count) {
		const struct channel *channel = &model->channels[(*at)++];

		*which = channel->end[1].part == (int32_t)part->index;
		if (is_whole(channel) && channel->end[*which].part == (int32_t)part->index)
			return channel;
	}
	return NULL;
}

uint32_t channel_ends(const struct model *model, const struct part *part)
{
	uint32_t count = 0, which;

	for (uint32_t at = 0; channel_next(model, part, &at, &which);)
		count++;
	return count;
}

/* The next place, address and interrupt of a partition's ends. */
static void place_ends(struct model *model, const struct part *part)
{
	uint32_t intid = GUEST_CHANNEL_INTID, place = 0, which;
	uint64_t ipa = CHANNEL_BASE;
	const struct channel *channel;

	for (uint32_t at = 0; (channel = channel_next(model, part, &at, &which)) != NULL;) {
		struct channel_end *end = &model->channels[channel->index].end[which];

		while (intid < INTID_SPI_END && intid_is_taken(model, part, intid))
			intid++;
		*end = (struct channel_end){ .part = end->part, .place = place, .intid = intid < INTID_SPI_END ? intid : 0, .ours = ipa, .theirs = ipa + channel->bytes };
		ipa += 2 * channel->bytes;
		intid++;
		place++;
	}
}

void channels_read(struct model *model)
{
	uint64_t count = config_number(model->config, "CHANNELS");

	model->channel_count = count > CHANNEL_MAX ? CHANNEL_MAX : (uint32_t)count;
	for (uint32_t i = 0; i < model->channel_count; i++) {
		struct channel *channel = &model->channels[i];

		channel->index = i;
		channel->number = i + 1;
		channel->name = config_get(model->config, "CHANNEL%u_NAME", i + 1);
		channel->bytes = config_number(model->config, "CHANNEL%u_KIB", i + 1) * KIB;
		for (uint32_t e = 0; e < 2; e++)
			channel->end[e].part = chosen_part(model, mem_format("CHANNEL%u_%c", i + 1, "AB"[e]));
	}
	for (uint32_t i = 0; i < model->part_count; i++)
		place_ends(model, &model->parts[i]);
}
