/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared-memory channels in the model: two partitions, a region of memory that
 * each alone writes, an interrupt each way. It must not know how trees and
 * tables look, nor what stands in the memory.
 */
#ifndef PLAN_CHANNEL_H
#define PLAN_CHANNEL_H

#include "board.h"

enum channel_limit { CHANNEL_MAX = 16 };

struct channel_end {
	int32_t part;         /* -1: nobody */
	uint32_t place;       /* its number among the ends of its partition */
	uint32_t intid;       /* in its partition; 0: none is left */
	uint64_t ours, theirs;/* where its partition sees both regions */
};

struct channel {
	uint32_t index, number; /* from 0, from 1 */
	const char *name;
	uint64_t bytes;         /* of a region */
	struct channel_end end[2];
	struct range memory;    /* physical: the region that end 0 writes, then the one of end 1; size 0: not placed */
};

struct model;
struct part;
struct text;

/* Fills the channels, their interrupts and guest addresses. What cannot be is left for the checks. Behind io_read(). */
void channels_read(struct model *model);
/* The next channel of this partition at or behind *at, which moves on; NULL: no more. `which`: its end there. */
const struct channel *channel_next(const struct model *model, const struct part *part, uint32_t *at, uint32_t *which);
uint32_t channel_ends(const struct model *model, const struct part *part);

/* emit_channel.c: pieces of plan.c, map.txt and the report. */
void emit_channel_table(struct text *out, const struct model *model, const struct part *part);
void emit_channel_fields(struct text *out, const struct model *model, const struct part *part);
void emit_channel_map(const struct model *model, struct text *out);
void report_channels(const struct model *model, struct text *out);
void report_channel_trust(const struct model *model, struct text *out);

#endif
