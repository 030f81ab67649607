/* SPDX-License-Identifier: Apache-2.0 */
/* The checks after link: does the hypervisor fit the region that was planned for it? */
#ifndef PLAN_LINK_H
#define PLAN_LINK_H

#include "model.h"

/* A check after link. Returns: NULL, or what is wrong. `span`: what the linked file takes in memory. */
struct link_check {
	const char *id;
	const char *(*run)(const struct model *model, struct range span);
};

extern const struct link_check link_checks[];
extern const size_t link_check_count;

/* What a linked ELF file takes in memory; false if it is none. */
bool link_span(struct bytes elf, struct range *span);

#endif
