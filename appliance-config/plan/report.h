/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.txt: the plan for people, who owns what, in text. It reads the
 * model and must not choose anything.
 */
#ifndef PLAN_REPORT_H
#define PLAN_REPORT_H

#include "model.h"

/* Appends the whole report of a laid-out model. */
void emit_report(const struct model *model, struct text *out);

/* report_io.c: network and disks, and who trusts whom because of them. */
void report_io(const struct model *model, struct text *out);
void report_io_trust(const struct model *model, struct text *out);
/* Is there a VLAN that both ports carry? */
bool vlans_meet(const struct port *a, const struct port *b);

/* A size as people say it: "512 MiB", "40 KiB", "1.5 GiB". The text lives as long as the program. */
const char *size_text(uint64_t bytes);

/* One stretch of physical memory with its owner; part: index of the partition, -1: none. */
struct stretch {
	struct range range;
	const char *owner;
	int32_t part;
	bool is_free;
};
enum { STRETCH_MAX = 2 * (3 + PART_MAX + BOARD_RESERVED_MAX + DISK_MAX) + BOARD_RAM_MAX };

/* All RAM of the board in order of address, what is free included. Returns how many. */
uint32_t memory_stretches(const struct model *model, struct stretch out[STRETCH_MAX]);

#endif
