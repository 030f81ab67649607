/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks: a const table of identifier and function. A function tells
 * every violation that it finds, in the user's words, and changes nothing.
 * The phases are run in order; a phase with errors is the last one.
 */
#ifndef PLAN_CHECK_H
#define PLAN_CHECK_H

#include "layout.h"

enum check_phase {
	PHASE_CONFIG, /* the model as read */
	PHASE_IMAGES, /* image files are open, guests' address spaces laid out */
	PHASE_LAYOUT, /* device trees are made, physical memory is laid out */
	PHASE_COUNT,
};

struct findings {
	const char *id;        /* of the check that runs */
	struct text messages;  /* one line each */
	uint32_t error_count;
};

struct check {
	const char *id;
	enum check_phase phase;
	void (*run)(const struct model *model, struct findings *findings);
};

extern const struct check checks[];
extern const size_t check_count;

/* One violation: what is wrong, with symbols, owners and ranges, then the fix. */
void find(struct findings *findings, const char *format, ...) PRINTF_LIKE(2, 3);

/* Runs the checks of a phase, except the one named `disabled` (NULL: none). Returns true if nothing was found. */
bool check_phase(const struct model *model, enum check_phase phase, const char *disabled, struct findings *findings);

/* "0x40000000..0x5fffffff" */
const char *range_text(struct range range);

#endif
