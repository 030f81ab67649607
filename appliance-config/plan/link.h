/* SPDX-License-Identifier: Apache-2.0 */
/* The check after link: does the hypervisor fit the region that was planned for it? */
#ifndef PLAN_LINK_H
#define PLAN_LINK_H

#include "model.h"

#define LINK_CHECK "hypervisor-grown"

/* Returns: NULL, or what is wrong. */
const char *link_problem(const struct model *model, struct bytes elf);

#endif
