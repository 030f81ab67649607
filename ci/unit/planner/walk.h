/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hypervisor's own page-table walk, behind plain numbers: planner and
 * hypervisor have structs of the same names, so no file sees both.
 */
#ifndef CI_UNIT_PLANNER_WALK_H
#define CI_UNIT_PLANNER_WALK_H

#include <stdbool.h>
#include <stdint.h>

struct walk_map {
	uint64_t at, pa, size;
	bool is_paged;
};

/* Tables that hyp/core takes for these maps, the root counted. */
uint32_t walk_pages(const struct walk_map *maps, uint32_t count);

#endif
